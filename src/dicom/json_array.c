/* SPDX-License-Identifier: BSD-2-Clause */

/* The text of an array of data sets, cut but not read: one after the other,
 * and what all of them say told once. */

#include <string.h>

#include "dicom/dicom.h"

/* of `"00080020":` */
enum { NAME = 11 };

/* an attribute of the first data set */
typedef struct {
    pacs_str_t  text;               /* with its name */
    size_t      count;              /* data sets that say so */
} member_t;

typedef struct {
    const char  *p, *end;
    member_t    *member;
    size_t       n;
    size_t       at;                /* what the data set says next, mostly */
    size_t       sets;
} share_t;


/* the end of the object at p; NULL: none */
static const char *
object_end(const char *p, const char *end)
{
    size_t  depth = 0;
    bool    quoted = false;

    for (; p < end; p++) {
        if (quoted) {
            quoted = *p != '"';
            p += *p == '\\';
        } else if (*p == '"') {
            quoted = true;
        } else if (*p == '{') {
            depth++;
        } else if (*p == '}' && --depth == 0) {
            return p + 1;
        }
    }
    return NULL;
}


int
pacs_json_next(pacs_str_t *rest, pacs_str_t *one, pacs_err_t *err)
{
    const char  *p = rest->data, *end = p + rest->len;
    char         before = '\0';

    *one = pacs_null;

    for (; p < end && strchr(" \t\r\n[],", *p) != NULL && *p != '\0'; p++) {
        before = strchr("[],", *p) != NULL ? *p : before;
    }

    *rest = (pacs_str_t) { p, (size_t) (end - p) };
    if (p == end && before != ',' && before != '[') {
        return PACS_OK;
    }

    const char *to = p < end && *p == '{' && before != ']'
                     ? object_end(p, end) : NULL;

    if (to == NULL) {
        return pacs_fail(err, PACS_E_ARG, "JSON: neither an object nor an "
                         "array of objects, or cut short");
    }

    *one = (pacs_str_t) { p, (size_t) (to - p) };
    *rest = (pacs_str_t) { to, (size_t) (end - to) };
    return PACS_OK;
}


static bool
take(share_t *s, char c)
{
    bool  is = s->p < s->end && *s->p == c;

    s->p += is;
    return is;
}


/* what the first data set says of that attribute; NULL: something else */
static member_t *
alike(share_t *s, pacs_str_t text)
{
    while (s->at < s->n
           && memcmp(s->member[s->at].text.data, text.data, NAME) < 0)
    {
        s->at++;
    }
    if (s->at == s->n
        || memcmp(s->member[s->at].text.data, text.data, NAME) != 0)
    {
        return NULL;
    }

    member_t  *m = &s->member[s->at++];

    return pacs_str_eq(m->text, text) ? m : NULL;
}


/* the next attribute of a data set; false: it ends here, or is none of ours */
static bool
next(share_t *s, pacs_str_t *text, member_t **same)
{
    member_t    *m = s->at < s->n ? &s->member[s->at] : NULL;
    size_t       left;
    const char  *to;

    take(s, ',');
    left = (size_t) (s->end - s->p);

    if (m != NULL && left > m->text.len
        && memcmp(s->p, m->text.data, m->text.len) == 0)
    {
        *same = m;
        *text = m->text;
        s->at++;
        s->p += text->len;
        return true;
    }

    if (left <= NAME || *s->p != '"' || s->p[NAME - 1] != ':'
        || s->p[NAME] != '{' || (to = object_end(s->p + NAME, s->end)) == NULL)
    {
        return false;
    }

    *text = (pacs_str_t) { s->p, (size_t) (to - s->p) };
    *same = alike(s, *text);
    s->p = to;
    return true;
}


static bool
is_link(pacs_str_t text)
{
    static const char  key[] = "\"BulkDataURI\"";
    enum { AT = NAME + 11 };        /* behind `{"vr":"OW",` */

    return text.len > AT + sizeof(key)
           && memcmp(text.data + AT, key, sizeof(key) - 1) == 0;
}


/* behind the '{' of a data set: counts what it says as the first one does, or
 * writes what it alone says */
static bool
data_set(share_t *s, pacs_buf_t *out)
{
    pacs_str_t   text;
    member_t    *same;
    const char  *comma = "{";

    s->at = 0;
    while (next(s, &text, &same)) {
        if (out == NULL && same != NULL) {
            same->count++;
        }
        if (out != NULL && (same == NULL || same->count != s->sets)
            && !is_link(text))
        {
            pacs_buf_text(out, comma);
            pacs_buf_str(out, text);
            comma = ",";
        }
    }
    if (out != NULL) {
        pacs_buf_text(out, *comma == '{' ? "{}" : "}");
    }
    return take(s, '}');
}


static bool
data_sets(share_t *s, pacs_str_t array, pacs_buf_t *out)
{
    s->p = array.data;
    if (!take(s, '[')) {
        return false;
    }

    for (bool more = s->p < s->end && *s->p != ']'; more; more = take(s, ',')) {
        if (out == NULL) {
            s->sets++;
        } else {
            pacs_buf_char(out, s->p[-1]);
        }
        if (!take(s, '{') || !data_set(s, out)) {
            return false;
        }
    }
    return take(s, ']') && s->p == s->end;
}


/* how many attributes the first data set has; they are put to `to` */
static size_t
first_set(share_t *s, pacs_str_t array, member_t *to)
{
    pacs_str_t   text;
    member_t    *same;
    size_t       n = 0;

    s->p = array.data;
    for (take(s, '['), take(s, '{'); next(s, &text, &same); n++) {
        if (to != NULL) {
            to[n].text = text;
        }
    }
    return n;
}


int
pacs_json_share(pacs_str_t array, pacs_arena_t *a, pacs_buf_t *out,
    pacs_err_t *err)
{
    share_t  s = { .end = array.data + array.len };
    size_t   n = first_set(&s, array, NULL);

    s.member = pacs_calloc(a, n + 1, sizeof(*s.member));
    if (s.member == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for %zu attributes", n);
    }
    s.n = first_set(&s, array, s.member);

    bool  good = data_sets(&s, array, NULL);

    pacs_buf_text(out, "{\"shared\":{");
    for (size_t i = 0, shared = 0; i < n; i++) {
        if (s.member[i].count == s.sets && !is_link(s.member[i].text)) {
            pacs_buf_text(out, shared++ == 0 ? "" : ",");
            pacs_buf_str(out, s.member[i].text);
        }
    }
    pacs_buf_text(out, "},\"instances\":");

    if (!good || !data_sets(&s, array, out)) {
        return pacs_fail(err, PACS_E_ARG, "JSON at byte %zu: no data set",
                         (size_t) (s.p - array.data));
    }
    pacs_buf_text(out, s.sets == 0 ? "[]}" : "]}");
    return out->failed ? pacs_fail(err, PACS_E_NOMEM, "no memory for JSON")
                       : PACS_OK;
}
