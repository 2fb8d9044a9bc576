/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * DICOM JSON in, PS3.18 Annex F, RFC 8259.  No recursion: a level has an
 * open attribute, an open sequence of it, and an item of that one level up.
 * "vr" may stand behind "Value" (writers sort keys): items are known by
 * their look, other values are gone over twice.
 */

#include <inttypes.h>
#include <string.h>

#include "dicom/json_text.h"
#include "dicom/model.h"

/* an open attribute: what its members said until now */
typedef struct {
    uint32_t      tag;
    uint16_t      vr;               /* 0: not said */
    bool          begun;            /* the feed has it */
    char          what;             /* 'V'alue, 'I'nline, 'B'ulk; 0: none */
    const char   *later;            /* where what stands, to be read */
} attr_t;

typedef enum { IN_ITEM, IN_ATTR, IN_SEQUENCE } where_e;

typedef struct {
    pacs_feed_t    feed;
    pacs_jtext_t   text;
    attr_t        *attr;            /* by depth of the feed */
    where_e        where;
    pacs_buf_t     name;
} json_t;


/* --- values --- */

/* {"Alphabetic":…} in any order, as "A=I=P" */
static int
person_name(json_t *j)
{
    static const char *const  names[] = {
        "Alphabetic", "Ideographic", "Phonetic"
    };
    pacs_buf_t  groups[3] = { { 0 } };
    pacs_str_t  name, value;
    bool        another;
    int         rc;

    j->text.p++;
    j->text.fresh = true;
    j->name.len = 0;

    while ((rc = pacs_jtext_more(&j->text, '}', &another)) == PACS_OK && another
           && (rc = pacs_jtext_string(&j->text, &name)) == PACS_OK)
    {
        unsigned  i = 0;

        while (i < 3 && !pacs_str_is(name, names[i])) {
            i++;
        }
        if (i == 3 || groups[i].len != 0) {
            rc = pacs_jtext_malformed(&j->text, "a component group of no or "
                                      "the same name");
            break;
        }
        if ((rc = pacs_jtext_expect(&j->text, ':')) != PACS_OK) {
            break;
        }
        if (pacs_jtext_null(&j->text)) {
            continue;
        }
        if ((rc = pacs_jtext_string(&j->text, &value)) != PACS_OK) {
            break;
        }
        if (value.len != 0 && memchr(value.data, '=', value.len) != NULL) {
            rc = pacs_jtext_malformed(&j->text, "a '=' inside of a component "
                                      "group");
            break;
        }
        pacs_buf_str(&groups[i], value);
    }

    bool  failed = false;

    for (unsigned i = 0, pending = 0; i < 3; i++) {
        for (; groups[i].len != 0 && pending != 0; pending--) {
            pacs_buf_char(&j->name, '=');
        }
        pacs_buf_add(&j->name, groups[i].data, groups[i].len);
        pending++;
        failed |= groups[i].failed;
        pacs_buf_free(&groups[i]);
    }

    if (rc == PACS_OK && (failed || j->name.failed)) {
        rc = pacs_fail(j->text.err, PACS_E_NOMEM, "no memory for a name");
    }
    return rc != PACS_OK ? rc
           : pacs_feed_value(&j->feed, j->name.len != 0 ? PACS_V_TEXT
                             : PACS_V_EMPTY,
                             (pacs_str_t) { j->name.data, j->name.len });
}


static int
value(json_t *j, uint16_t vr)
{
    pacs_str_t  s;
    char        c = pacs_jtext_peek(&j->text);
    int         rc;

    if (c == '"') {
        rc = pacs_jtext_string(&j->text, &s);
        return rc != PACS_OK ? rc
               : pacs_feed_value(&j->feed, s.len != 0 ? PACS_V_TEXT
                                 : PACS_V_EMPTY, s);
    }
    if (c == '{' && vr == PACS_PN) {
        return person_name(j);
    }
    if (pacs_jtext_null(&j->text)) {
        return pacs_feed_value(&j->feed, PACS_V_EMPTY, pacs_null);
    }

    rc = pacs_jtext_number(&j->text, &s);
    return rc != PACS_OK ? rc : pacs_feed_value(&j->feed, PACS_V_NUMBER, s);
}


static int
values(json_t *j, uint16_t vr)
{
    bool  another;
    int   rc = pacs_jtext_expect(&j->text, '[');

    j->text.fresh = true;

    while (rc == PACS_OK
           && (rc = pacs_jtext_more(&j->text, ']', &another)) == PACS_OK
           && another)
    {
        rc = value(j, vr);
    }
    return rc;
}


/* --- attributes --- */

static int
begin(json_t *j, attr_t *at, uint16_t vr)
{
    if (at->begun) {
        return PACS_OK;
    }
    at->begun = true;
    return pacs_feed_attr(&j->feed, at->tag, vr, pacs_null);
}


static uint16_t
vr_of(json_t *j)
{
    return j->feed.path[j->feed.depth].vr->vr;
}


/* an array that looked like no items: empty ones at most */
static int
null_items(json_t *j)
{
    bool  another;
    int   rc = pacs_jtext_expect(&j->text, '[');

    j->text.fresh = true;

    while (rc == PACS_OK
           && (rc = pacs_jtext_more(&j->text, ']', &another)) == PACS_OK
           && another)
    {
        if (!pacs_jtext_null(&j->text)) {
            return pacs_jtext_malformed(&j->text, "no item");
        }
        rc = pacs_feed_item(&j->feed);
        if (rc == PACS_OK) {
            rc = pacs_feed_item_end(&j->feed);
        }
    }
    return rc;
}


/* what the attribute has, at j->text.p, now that its VR is known */
static int
content(json_t *j, attr_t *at)
{
    pacs_str_t  s;
    int         rc = begin(j, at, at->vr);

    if (rc != PACS_OK) {
        return rc;
    }

    if (at->what != 'V') {
        rc = pacs_jtext_string(&j->text, &s);
        return rc != PACS_OK ? rc
               : at->what == 'I' ? pacs_feed_binary(&j->feed, s)
               : pacs_feed_bulk(&j->feed, s);
    }

    if (vr_of(j) != PACS_SQ) {
        return values(j, vr_of(j));
    }

    if (at->later != NULL) {
        return null_items(j);
    }

    rc = pacs_jtext_expect(&j->text, '[');
    j->where = IN_SEQUENCE;
    j->text.fresh = true;
    return rc;
}


/* an array of objects of which the first that is not null is empty or has
 * tags for names */
static bool
looks_like_items(json_t *j)
{
    const char  *from = j->text.p;
    uint32_t     tag;
    bool         items = false;

    if (pacs_jtext_take(&j->text, "[")) {
        while (pacs_jtext_null(&j->text) && pacs_jtext_peek(&j->text) == ',')
        {
            j->text.p++;
        }
        if (pacs_jtext_take(&j->text, "{")) {
            items = pacs_jtext_peek(&j->text) == '}'
                    || (j->text.end - j->text.p > 9 && *j->text.p == '"'
                        && j->text.p[9] == '"'
                        && pacs_model_tag((pacs_str_t) { j->text.p + 1, 8 },
                                          &tag));
        }
    }

    j->text.p = from;
    return items;
}


static int
vr_member(json_t *j, attr_t *at)
{
    pacs_str_t  s;
    int         rc = pacs_jtext_string(&j->text, &s);

    if (rc != PACS_OK) {
        return rc;
    }
    if (at->vr != 0 || s.len != 2) {
        return pacs_jtext_malformed(&j->text, "a vr that is no VR, or a "
                                    "second one");
    }

    at->vr = PACS_VR((uint8_t) s.data[0], (uint8_t) s.data[1]);

    return !at->begun || at->vr == PACS_SQ ? PACS_OK
           : pacs_jtext_malformed(&j->text, "items, and a vr that is not SQ");
}


static int
content_member(json_t *j, attr_t *at, char what)
{
    if (at->what != 0) {
        return pacs_jtext_malformed(&j->text, "a second Value, InlineBinary "
                                    "or BulkDataURI");
    }
    at->what = what;

    /* an attribute without value in other writers */
    if (pacs_jtext_null(&j->text)) {
        at->what = 0;
        return PACS_OK;
    }

    if (at->vr != 0) {
        return content(j, at);
    }
    if (what == 'V' && looks_like_items(j)) {
        int  rc = begin(j, at, PACS_SQ);

        return rc != PACS_OK ? rc : content(j, at);
    }

    at->later = j->text.p;
    return pacs_jtext_skip(&j->text);
}


static int
attr_finish(json_t *j, attr_t *at)
{
    const char  *end = j->text.p;
    int          rc = begin(j, at, at->vr);

    if (rc == PACS_OK && at->later != NULL) {
        j->text.p = at->later;
        rc = content(j, at);
        j->text.p = end;
    }

    j->where = IN_ITEM;
    j->text.fresh = false;
    return rc != PACS_OK ? rc : pacs_feed_attr_end(&j->feed);
}


static int
in_attr(json_t *j)
{
    attr_t      *at = &j->attr[j->feed.depth];
    pacs_str_t   name;
    bool         another;
    int          rc = pacs_jtext_more(&j->text, '}', &another);

    if (rc != PACS_OK) {
        return rc;
    }
    if (!another) {
        return attr_finish(j, at);
    }

    if ((rc = pacs_jtext_string(&j->text, &name)) != PACS_OK) {
        return rc;
    }

    bool  vr = pacs_str_is(name, "vr");
    char  what = pacs_str_is(name, "Value") ? 'V'
                 : pacs_str_is(name, "InlineBinary") ? 'I'
                 : pacs_str_is(name, "BulkDataURI") ? 'B' : 0;

    if ((rc = pacs_jtext_expect(&j->text, ':')) != PACS_OK) {
        return rc;
    }

    return vr ? vr_member(j, at)
           : what != 0 ? content_member(j, at, what)
           : pacs_jtext_skip(&j->text);
}


/* at an item's '{' */
static int
in_item(json_t *j, bool *done)
{
    pacs_str_t  name;
    bool        another;
    int         rc = pacs_jtext_more(&j->text, '}', &another);

    if (rc != PACS_OK) {
        return rc;
    }

    if (!another) {
        *done = j->feed.depth == 0;
        j->where = IN_SEQUENCE;
        return *done ? pacs_feed_set_end(&j->feed)
                     : pacs_feed_item_end(&j->feed);
    }

    attr_t *at = &j->attr[j->feed.depth];

    *at = (attr_t) { 0 };

    if ((rc = pacs_jtext_string(&j->text, &name)) != PACS_OK) {
        return rc;
    }
    if (!pacs_model_tag(name, &at->tag)) {
        return pacs_jtext_malformed(&j->text, "a name that is not of 8 "
                                    "hexadecimal digits");
    }
    if ((rc = pacs_jtext_expect(&j->text, ':')) == PACS_OK) {
        rc = pacs_jtext_expect(&j->text, '{');
    }

    j->where = IN_ATTR;
    j->text.fresh = true;
    return rc;
}


static int
in_sequence(json_t *j)
{
    bool  another;
    int   rc = pacs_jtext_more(&j->text, ']', &another);

    if (rc != PACS_OK) {
        return rc;
    }

    if (!another) {
        j->where = IN_ATTR;
        return PACS_OK;
    }

    bool  null = pacs_jtext_null(&j->text);

    if ((!null && (rc = pacs_jtext_expect(&j->text, '{')) != PACS_OK)
        || (rc = pacs_feed_item(&j->feed)) != PACS_OK)
    {
        return rc;
    }
    if (null) {
        return pacs_feed_item_end(&j->feed);
    }

    j->where = IN_ITEM;
    j->text.fresh = true;
    return PACS_OK;
}


static int
data_set(json_t *j)
{
    bool  done = false;
    int   rc = pacs_jtext_expect(&j->text, '{');

    if (rc == PACS_OK) {
        rc = pacs_feed_set(&j->feed);
    }

    j->where = IN_ITEM;
    j->text.fresh = true;

    while (rc == PACS_OK && !done) {
        rc = j->where == IN_ITEM ? in_item(j, &done)
             : j->where == IN_ATTR ? in_attr(j) : in_sequence(j);
    }
    return rc;
}


static int
document(json_t *j)
{
    bool  another;
    int   rc;

    if (pacs_jtext_peek(&j->text) != '[') {
        rc = data_set(j);

    } else {
        j->text.p++;
        for (bool fresh = true; ; fresh = false) {
            j->text.fresh = fresh;
            rc = pacs_jtext_more(&j->text, ']', &another);
            if (rc != PACS_OK || !another) {
                break;
            }
            if ((rc = data_set(j)) != PACS_OK) {
                break;
            }
        }
    }

    return rc != PACS_OK || (pacs_jtext_peek(&j->text) == '\0'
                             && j->text.p == j->text.end) ? rc
           : pacs_jtext_malformed(&j->text, "text behind the end");
}


int
pacs_json_feed(pacs_str_t text, const pacs_model_t *to, void *ctx,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_err_t *err)
{
    pacs_err_t  own = { 0 };
    json_t      j = { .text = { .start = text.data, .p = text.data,
                                .end = text.data + text.len, .err = &own } };
    int         rc = pacs_feed_init(&j.feed, to, ctx, limits, a, &own);

    j.attr = pacs_calloc(a, (size_t) limits->nesting + 1, sizeof(*j.attr));
    if (j.attr == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for JSON");
    }

    if (rc == PACS_OK) {
        rc = document(&j);
    }

    pacs_buf_free(&j.text.string);
    pacs_buf_free(&j.name);
    return rc == PACS_OK ? rc : pacs_feed_failed(&j.feed, err);
}


int
pacs_json_read(pacs_str_t text, const pacs_bulk_find_t *find,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_dataset_t **sets,
    unsigned *n, pacs_err_t *err)
{
    pacs_tree_t *t = pacs_tree_create(find, limits, a);

    if (t == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a data set");
    }

    int  rc = pacs_json_feed(text, &pacs_tree_model, t, limits, a, err);

    pacs_tree_sets(t, sets, n);
    pacs_tree_free(t);
    return rc;
}
