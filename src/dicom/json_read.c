/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * DICOM JSON in, PS3.18 Annex F, RFC 8259.  No recursion: a level has an
 * open attribute, an open sequence of it, and an item of that one level up.
 * "vr" may stand behind "Value" (writers sort keys): items are known by
 * their look, other values are gone over twice.
 */

#include <inttypes.h>
#include <string.h>

#include "dicom/model.h"

enum { SKIP_DEPTH = 8 };

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
    const char    *start, *p, *end;
    attr_t        *attr;            /* by depth of the feed */
    where_e        where;
    bool           fresh;           /* behind a '{' or '[' */
    pacs_buf_t     string;          /* one with escapes, decoded */
    pacs_buf_t     name;
    pacs_err_t    *err;
} json_t;


/* --- text: tokens --- */

static int
malformed(json_t *j, const char *what)
{
    return pacs_fail(j->err, PACS_E_ARG, "JSON at byte %zu: %s",
                     (size_t) (j->p - j->start), what);
}


static char
peek(json_t *j)
{
    while (j->p < j->end && (*j->p == ' ' || *j->p == '\n' || *j->p == '\r'
                             || *j->p == '\t'))
    {
        j->p++;
    }
    return j->p < j->end ? *j->p : '\0';
}


static int
expect(json_t *j, char c)
{
    char  what[] = "'x' is missing";

    if (peek(j) != c) {
        what[1] = c;
        return malformed(j, what);
    }
    j->p++;
    return PACS_OK;
}


/* *more: another element of what `close` ends */
static int
more(json_t *j, char close, bool *more)
{
    char  c = peek(j);
    bool  fresh = j->fresh;

    j->fresh = false;
    *more = c != close;

    if (c == close) {
        j->p++;
        return PACS_OK;
    }
    return fresh ? PACS_OK : expect(j, ',');
}


static bool
hex4(json_t *j, uint32_t *v)
{
    uint32_t    bits;
    char        digits[8] = "0000";

    if (j->end - j->p < 4) {
        return false;
    }
    memcpy(digits + 4, j->p, 4);
    j->p += 4;

    if (!pacs_model_tag((pacs_str_t) { digits, 8 }, &bits)) {
        return false;
    }
    *v = bits;
    return true;
}


static void
put_utf8(pacs_buf_t *b, uint32_t c)
{
    if (c < 0x80) {
        pacs_buf_char(b, (char) c);
        return;
    }

    unsigned  n = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

    pacs_buf_char(b, (char) (0xff00 >> (n + 1) | c >> 6 * n));
    while (n-- != 0) {
        pacs_buf_char(b, (char) (0x80 | (c >> 6 * n & 0x3f)));
    }
}


/* behind "\u" */
static int
unicode(json_t *j)
{
    uint32_t  c, low;

    if (!hex4(j, &c)) {
        return malformed(j, "\\u without four hexadecimal digits");
    }

    if (c >= 0xd800 && c < 0xe000) {
        bool  pair = c < 0xdc00 && j->end - j->p >= 6 && j->p[0] == '\\'
                     && j->p[1] == 'u';

        j->p += pair ? 2 : 0;
        if (!pair || !hex4(j, &low) || low < 0xdc00 || low >= 0xe000) {
            return malformed(j, "half of a surrogate pair");
        }
        c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
    }

    put_utf8(&j->string, c);
    return PACS_OK;
}


/* at a backslash */
static int
escape(json_t *j)
{
    static const char  names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    char               c = j->end - j->p > 1 ? j->p[1] : '\0';
    const char        *name = c != '\0' ? strchr(names, c) : NULL;

    if (name == NULL && c != 'u') {
        return malformed(j, "an unknown escape");
    }

    j->p += 2;
    if (name == NULL) {
        return unicode(j);
    }
    pacs_buf_char(&j->string, bytes[name - names]);
    return PACS_OK;
}


/* bytes that stand for themselves */
static int
plain_run(json_t *j, const char **run)
{
    *run = j->p;

    while (j->p < j->end && *j->p != '"' && *j->p != '\\') {
        const unsigned char *p = (const unsigned char *) j->p;

        if (*p < 0x20) {
            return malformed(j, "a control character in a string");
        }

        size_t  n = *p < 0x80 ? 1
                    : pacs_utf8_len(p, (size_t) (j->end - j->p));

        if (n == 0) {
            return malformed(j, "no UTF-8");
        }
        j->p += n;
    }

    return j->p < j->end ? PACS_OK : malformed(j, "a string is cut short");
}


/* valid until the next one */
static int
string(json_t *j, pacs_str_t *s)
{
    const char  *run;
    bool         copied = false;
    int          rc;

    if ((rc = expect(j, '"')) != PACS_OK) {
        return rc;
    }
    j->string.len = 0;

    for ( ;; ) {
        if ((rc = plain_run(j, &run)) != PACS_OK) {
            return rc;
        }

        if (*j->p == '"' && !copied) {
            *s = (pacs_str_t) { run, (size_t) (j->p++ - run) };
            return PACS_OK;
        }

        pacs_buf_add(&j->string, run, (size_t) (j->p - run));
        copied = true;

        if (*j->p == '"') {
            j->p++;
            break;
        }
        if ((rc = escape(j)) != PACS_OK) {
            return rc;
        }
    }

    *s = (pacs_str_t) { j->string.data, j->string.len };
    return j->string.failed
           ? pacs_fail(j->err, PACS_E_NOMEM, "no memory for a string")
           : PACS_OK;
}


static size_t
digits(json_t *j)
{
    const char *from = j->p;

    while (j->p < j->end && *j->p >= '0' && *j->p <= '9') {
        j->p++;
    }
    return (size_t) (j->p - from);
}


static bool
take(json_t *j, const char *any)
{
    if (j->p == j->end || *j->p == '\0' || strchr(any, *j->p) == NULL) {
        return false;
    }
    j->p++;
    return true;
}


/* the digits as they are written */
static int
number(json_t *j, pacs_str_t *s)
{
    const char *from = j->p;

    take(j, "-");

    bool  zero = j->p < j->end && *j->p == '0';
    bool  good = zero ? take(j, "0") : digits(j) != 0;

    if (good && take(j, ".")) {
        good = digits(j) != 0;
    }
    if (good && take(j, "eE")) {
        take(j, "+-");
        good = digits(j) != 0;
    }

    *s = (pacs_str_t) { from, (size_t) (j->p - from) };
    return good ? PACS_OK : malformed(j, "no value of JSON");
}


static bool
literal(json_t *j, const char *word)
{
    size_t  n = strlen(word);

    if ((size_t) (j->end - j->p) < n || memcmp(j->p, word, n) != 0) {
        return false;
    }
    j->p += n;
    return true;
}


static int
scalar(json_t *j)
{
    pacs_str_t  s;

    if (peek(j) == '"') {
        return string(j, &s);
    }
    return literal(j, "null") || literal(j, "true") || literal(j, "false")
           ? PACS_OK : number(j, &s);
}


/* any value: one that is not for us, or whose VR comes later */
static int
skip(json_t *j)
{
    char      close[SKIP_DEPTH];
    unsigned  depth = 0;
    bool      fresh = false;

    do {
        char  c = peek(j);

        if (depth != 0 && c == close[depth - 1]) {
            j->p++;
            depth--;
            fresh = false;
            continue;
        }
        if (depth != 0 && !fresh) {
            int  rc = expect(j, ',');

            if (rc != PACS_OK) {
                return rc;
            }
            c = peek(j);
        }

        fresh = false;

        if (depth != 0 && close[depth - 1] == '}') {
            pacs_str_t  name;
            int         rc = string(j, &name);

            if (rc == PACS_OK) {
                rc = expect(j, ':');
            }
            if (rc != PACS_OK) {
                return rc;
            }
            c = peek(j);
        }

        if (c == '{' || c == '[') {
            if (depth == SKIP_DEPTH) {
                return malformed(j, "nested where no items are");
            }
            close[depth++] = c == '{' ? '}' : ']';
            fresh = true;
            j->p++;
            continue;
        }

        int  rc = scalar(j);

        if (rc != PACS_OK) {
            return rc;
        }
    } while (depth != 0);

    return PACS_OK;
}


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

    j->p++;
    j->fresh = true;
    j->name.len = 0;

    while ((rc = more(j, '}', &another)) == PACS_OK && another
           && (rc = string(j, &name)) == PACS_OK)
    {
        unsigned  i = 0;

        while (i < 3 && !pacs_str_is(name, names[i])) {
            i++;
        }
        if (i == 3 || groups[i].len != 0) {
            rc = malformed(j, "a component group of no or the same name");
            break;
        }
        if ((rc = expect(j, ':')) != PACS_OK) {
            break;
        }
        if (peek(j) == 'n' && literal(j, "null")) {
            continue;
        }
        if ((rc = string(j, &value)) != PACS_OK) {
            break;
        }
        if (value.len != 0 && memchr(value.data, '=', value.len) != NULL) {
            rc = malformed(j, "a '=' inside of a component group");
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
        rc = pacs_fail(j->err, PACS_E_NOMEM, "no memory for a name");
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
    char        c = peek(j);
    int         rc;

    if (c == '"') {
        rc = string(j, &s);
        return rc != PACS_OK ? rc
               : pacs_feed_value(&j->feed, s.len != 0 ? PACS_V_TEXT
                                 : PACS_V_EMPTY, s);
    }
    if (c == '{' && vr == PACS_PN) {
        return person_name(j);
    }
    if (c == 'n' && literal(j, "null")) {
        return pacs_feed_value(&j->feed, PACS_V_EMPTY, pacs_null);
    }

    rc = number(j, &s);
    return rc != PACS_OK ? rc : pacs_feed_value(&j->feed, PACS_V_NUMBER, s);
}


static int
values(json_t *j, uint16_t vr)
{
    bool  another;
    int   rc = expect(j, '[');

    j->fresh = true;

    while (rc == PACS_OK && (rc = more(j, ']', &another)) == PACS_OK
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
    int   rc = expect(j, '[');

    j->fresh = true;

    while (rc == PACS_OK && (rc = more(j, ']', &another)) == PACS_OK
           && another)
    {
        if (peek(j) != 'n' || !literal(j, "null")) {
            return malformed(j, "no item");
        }
        rc = pacs_feed_item(&j->feed);
        if (rc == PACS_OK) {
            rc = pacs_feed_item_end(&j->feed);
        }
    }
    return rc;
}


/* what the attribute has, at j->p, now that its VR is known */
static int
content(json_t *j, attr_t *at)
{
    pacs_str_t  s;
    int         rc = begin(j, at, at->vr);

    if (rc != PACS_OK) {
        return rc;
    }

    if (at->what != 'V') {
        rc = string(j, &s);
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

    rc = expect(j, '[');
    j->where = IN_SEQUENCE;
    j->fresh = true;
    return rc;
}


/* an array of objects of which the first that is not null is empty or has
 * tags for names */
static bool
looks_like_items(json_t *j)
{
    const char  *from = j->p;
    uint32_t     tag;
    bool         items = false;

    if (take(j, "[")) {
        while (peek(j) == 'n' && literal(j, "null") && peek(j) == ',') {
            j->p++;
        }
        if (take(j, "{")) {
            items = peek(j) == '}'
                    || (j->end - j->p > 9 && *j->p == '"' && j->p[9] == '"'
                        && pacs_model_tag((pacs_str_t) { j->p + 1, 8 },
                                          &tag));
        }
    }

    j->p = from;
    return items;
}


static int
vr_member(json_t *j, attr_t *at)
{
    pacs_str_t  s;
    int         rc = string(j, &s);

    if (rc != PACS_OK) {
        return rc;
    }
    if (at->vr != 0 || s.len != 2) {
        return malformed(j, "a vr that is no VR, or a second one");
    }

    at->vr = PACS_VR((uint8_t) s.data[0], (uint8_t) s.data[1]);

    return !at->begun || at->vr == PACS_SQ ? PACS_OK
           : malformed(j, "items, and a vr that is not SQ");
}


static int
content_member(json_t *j, attr_t *at, char what)
{
    if (at->what != 0) {
        return malformed(j, "a second Value, InlineBinary or BulkDataURI");
    }
    at->what = what;

    /* an attribute without value in other writers */
    if (peek(j) == 'n' && literal(j, "null")) {
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

    at->later = j->p;
    return skip(j);
}


static int
attr_finish(json_t *j, attr_t *at)
{
    const char  *end = j->p;
    int          rc = begin(j, at, at->vr);

    if (rc == PACS_OK && at->later != NULL) {
        j->p = at->later;
        rc = content(j, at);
        j->p = end;
    }

    j->where = IN_ITEM;
    j->fresh = false;
    return rc != PACS_OK ? rc : pacs_feed_attr_end(&j->feed);
}


static int
in_attr(json_t *j)
{
    attr_t      *at = &j->attr[j->feed.depth];
    pacs_str_t   name;
    bool         another;
    int          rc = more(j, '}', &another);

    if (rc != PACS_OK) {
        return rc;
    }
    if (!another) {
        return attr_finish(j, at);
    }

    if ((rc = string(j, &name)) != PACS_OK) {
        return rc;
    }

    bool  vr = pacs_str_is(name, "vr");
    char  what = pacs_str_is(name, "Value") ? 'V'
                 : pacs_str_is(name, "InlineBinary") ? 'I'
                 : pacs_str_is(name, "BulkDataURI") ? 'B' : 0;

    if ((rc = expect(j, ':')) != PACS_OK) {
        return rc;
    }

    return vr ? vr_member(j, at)
           : what != 0 ? content_member(j, at, what) : skip(j);
}


/* at an item's '{' */
static int
in_item(json_t *j, bool *done)
{
    pacs_str_t  name;
    bool        another;
    int         rc = more(j, '}', &another);

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

    if ((rc = string(j, &name)) != PACS_OK) {
        return rc;
    }
    if (!pacs_model_tag(name, &at->tag)) {
        return malformed(j, "a name that is not of 8 hexadecimal digits");
    }
    if ((rc = expect(j, ':')) == PACS_OK) {
        rc = expect(j, '{');
    }

    j->where = IN_ATTR;
    j->fresh = true;
    return rc;
}


static int
in_sequence(json_t *j)
{
    bool  another;
    int   rc = more(j, ']', &another);

    if (rc != PACS_OK) {
        return rc;
    }

    if (!another) {
        j->where = IN_ATTR;
        return PACS_OK;
    }

    bool  null = peek(j) == 'n' && literal(j, "null");

    if ((!null && (rc = expect(j, '{')) != PACS_OK)
        || (rc = pacs_feed_item(&j->feed)) != PACS_OK)
    {
        return rc;
    }
    if (null) {
        return pacs_feed_item_end(&j->feed);
    }

    j->where = IN_ITEM;
    j->fresh = true;
    return PACS_OK;
}


static int
data_set(json_t *j)
{
    bool  done = false;
    int   rc = expect(j, '{');

    if (rc == PACS_OK) {
        rc = pacs_feed_set(&j->feed);
    }

    j->where = IN_ITEM;
    j->fresh = true;

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

    if (peek(j) != '[') {
        rc = data_set(j);

    } else {
        j->p++;
        for (bool fresh = true; ; fresh = false) {
            j->fresh = fresh;
            rc = more(j, ']', &another);
            if (rc != PACS_OK || !another) {
                break;
            }
            if ((rc = data_set(j)) != PACS_OK) {
                break;
            }
        }
    }

    return rc != PACS_OK || (peek(j) == '\0' && j->p == j->end) ? rc
           : malformed(j, "text behind the end");
}


int
pacs_json_feed(pacs_str_t text, const pacs_model_t *to, void *ctx,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_err_t *err)
{
    pacs_err_t  own = { 0 };
    json_t      j = { .start = text.data, .p = text.data,
                      .end = text.data + text.len, .err = &own };
    int         rc = pacs_feed_init(&j.feed, to, ctx, limits, a, &own);

    j.attr = pacs_calloc(a, (size_t) limits->nesting + 1, sizeof(*j.attr));
    if (j.attr == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for JSON");
    }

    if (rc == PACS_OK) {
        rc = document(&j);
    }

    pacs_buf_free(&j.string);
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
