/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Native DICOM Model in, PS3.19 A.1, by expat: no DTD, so no entities but
 * the five of XML, and nothing is fetched.  (libxml2 as Debian builds it
 * brings ICU and with it C++ into nginx.)
 */

#include <string.h>

#include <expat.h>

#include "dicom/model.h"

enum { DEPTH = 256, GAP_MAX = 10000, CHUNK = 1 << 20 };

typedef enum {
    X_NONE, X_MODEL, X_ATTR, X_ITEM, X_VALUE, X_PERSON, X_GROUP, X_PART,
    X_BULK, X_INLINE
} kind_e;

static const struct {
    kind_e       parent;
    const char  *name;
    kind_e       kind;
    unsigned     index;
} table[] = {
    { X_NONE,   "NativeDicomModel", X_MODEL,  0 },
    { X_MODEL,  "DicomAttribute",   X_ATTR,   0 },
    { X_ITEM,   "DicomAttribute",   X_ATTR,   0 },
    { X_ATTR,   "Value",            X_VALUE,  0 },
    { X_ATTR,   "PersonName",       X_PERSON, 0 },
    { X_ATTR,   "Item",             X_ITEM,   0 },
    { X_ATTR,   "BulkData",         X_BULK,   0 },
    { X_ATTR,   "InlineBinary",     X_INLINE, 0 },
    { X_PERSON, "Alphabetic",       X_GROUP,  0 },
    { X_PERSON, "Ideographic",      X_GROUP,  1 },
    { X_PERSON, "Phonetic",         X_GROUP,  2 },
    { X_GROUP,  "FamilyName",       X_PART,   0 },
    { X_GROUP,  "GivenName",        X_PART,   1 },
    { X_GROUP,  "MiddleName",       X_PART,   2 },
    { X_GROUP,  "NamePrefix",       X_PART,   3 },
    { X_GROUP,  "NameSuffix",       X_PART,   4 }
};

typedef struct {
    int64_t   number;               /* values or items of it, until now */
    bool      whole;                /* BulkData or InlineBinary was there */
} attr_t;

typedef struct {
    pacs_feed_t        feed;
    XML_Parser         parser;
    const XML_Char   **atts;        /* of the element that begins */
    attr_t            *attr;        /* by depth of the feed */
    kind_e             open[DEPTH];
    unsigned           depth;
    unsigned           group, part; /* next ones of the open name */
    pacs_buf_t         text;        /* of the open element */
    pacs_buf_t         name;        /* the open PersonName */
    pacs_err_t        *err;
    int                rc;          /* of what ended it */
} xml_t;


static int
malformed(xml_t *x, const char *what, const char *name)
{
    return pacs_fail(x->err, PACS_E_ARG, "XML line %lu: %s%.80s",
                     (unsigned long) XML_GetCurrentLineNumber(x->parser),
                     what, name);
}


/* pacs_null: absent */
static pacs_str_t
attribute(xml_t *x, const char *name)
{
    const XML_Char **a = x->atts;

    while (a[0] != NULL && strcmp(a[0], name) != 0) {
        a += 2;
    }
    return pacs_cstr(a[0] == NULL ? NULL : a[1]);
}


static int
begin_attr(xml_t *x)
{
    pacs_str_t  tag = attribute(x, "tag"), vr = attribute(x, "vr");
    uint32_t    number;

    x->attr[x->feed.depth] = (attr_t) { 0 };

    if (!pacs_model_tag(tag, &number)) {
        return malformed(x, "tag is not of 8 hexadecimal digits", "");
    }
    if (vr.len != 2 && vr.data != NULL) {
        return malformed(x, "a vr that is no VR", "");
    }

    return pacs_feed_attr(&x->feed, number, vr.data == NULL ? 0
                          : PACS_VR((uint8_t) vr.data[0],
                                    (uint8_t) vr.data[1]),
                          attribute(x, "privateCreator"));
}


static int
empty_one(xml_t *x, kind_e kind)
{
    if (kind != X_ITEM) {
        return pacs_feed_value(&x->feed, PACS_V_EMPTY, pacs_null);
    }

    int  rc = pacs_feed_item(&x->feed);

    return rc != PACS_OK ? rc : pacs_feed_item_end(&x->feed);
}


/* numbers that are left out are empty values */
static int
begin_numbered(xml_t *x, kind_e kind)
{
    attr_t      *at = &x->attr[x->feed.depth];
    pacs_str_t   text = attribute(x, "number");
    int64_t      n = at->number + 1;
    bool         good = text.data == NULL
                        || pacs_str_int(text, n, n + GAP_MAX, &n);
    int          rc = PACS_OK;

    if (!good) {
        return malformed(x, "a number that is none, or not the next", "");
    }

    while (rc == PACS_OK && ++at->number < n) {
        rc = empty_one(x, kind);
    }

    x->name.len = 0;
    x->group = x->part = 0;
    return rc != PACS_OK || kind != X_ITEM ? rc : pacs_feed_item(&x->feed);
}


/* component groups and components of a name come in their order */
static int
begin_ordered(xml_t *x, unsigned *next, unsigned index, char separator)
{
    if (index < *next) {
        return malformed(x, "a part of a name is out of order", "");
    }

    for (unsigned i = *next == 0 ? 0 : *next - 1; i < index; i++) {
        pacs_buf_char(&x->name, separator);
    }
    *next = index + 1;
    return PACS_OK;
}


static int
begin_bulk(xml_t *x)
{
    pacs_str_t  uri = attribute(x, "uri");

    return uri.data == NULL ? malformed(x, "BulkData without uri", "")
           : pacs_feed_bulk(&x->feed, uri);
}


/* what stands beside BulkData or InlineBinary, or is a second one */
static int
check_alone(xml_t *x, kind_e kind)
{
    attr_t  *at = &x->attr[x->feed.depth];
    bool     whole = kind == X_BULK || kind == X_INLINE;

    if (at->whole || (whole && at->number != 0)) {
        return malformed(x, "an attribute with two kinds of value", "");
    }
    at->whole = whole;
    return PACS_OK;
}


static int
begin(xml_t *x, kind_e kind, unsigned index)
{
    kind_e  parent = x->depth != 0 ? x->open[x->depth - 1] : X_NONE;

    x->text.len = 0;

    if (parent == X_ATTR) {
        int  rc = check_alone(x, kind);

        if (rc != PACS_OK) {
            return rc;
        }
    }

    switch (kind) {
    case X_MODEL:
        return pacs_feed_set(&x->feed);
    case X_ATTR:
        return begin_attr(x);
    case X_VALUE: case X_PERSON: case X_ITEM:
        return begin_numbered(x, kind);
    case X_GROUP:
        x->part = 0;
        return begin_ordered(x, &x->group, index, '=');
    case X_PART:
        return begin_ordered(x, &x->part, index, '^');
    case X_BULK:
        return begin_bulk(x);
    default:
        return PACS_OK;
    }
}


static int
end_value(xml_t *x, const pacs_buf_t *b)
{
    return pacs_feed_value(&x->feed, b->len != 0 ? PACS_V_TEXT : PACS_V_EMPTY,
                           (pacs_str_t) { b->data, b->len });
}


static int
end(xml_t *x, kind_e kind)
{
    if (x->text.failed || x->name.failed) {
        return pacs_fail(x->err, PACS_E_NOMEM, "no memory for XML");
    }

    switch (kind) {
    case X_MODEL:
        return pacs_feed_set_end(&x->feed);
    case X_ATTR:
        return pacs_feed_attr_end(&x->feed);
    case X_ITEM:
        return pacs_feed_item_end(&x->feed);
    case X_VALUE:
        return end_value(x, &x->text);
    case X_PERSON:
        return end_value(x, &x->name);
    case X_INLINE:
        return pacs_feed_binary(&x->feed, (pacs_str_t) { x->text.data,
                                                         x->text.len });
    case X_PART:
        if (x->text.len != 0 && memchr(x->text.data, '=', x->text.len)) {
            return malformed(x, "a '=' inside of a name", "");
        }
        pacs_buf_add(&x->name, x->text.data, x->text.len);
        return PACS_OK;
    default:
        return PACS_OK;
    }
}


static int
element(xml_t *x, const char *name)
{
    const char  *colon = strchr(name, ':');
    kind_e       parent = x->depth != 0 ? x->open[x->depth - 1] : X_NONE;
    size_t       i = 0, n = sizeof(table) / sizeof(table[0]);

    name = colon != NULL ? colon + 1 : name;

    while (i < n && (table[i].parent != parent
                     || strcmp(table[i].name, name) != 0))
    {
        i++;
    }
    if (i == n) {
        return malformed(x, "unexpected element ", name);
    }
    if (x->depth == DEPTH) {
        return malformed(x, "elements nested too deep", "");
    }

    int  rc = begin(x, table[i].kind, table[i].index);

    x->open[x->depth++] = table[i].kind;
    return rc;
}


static int
characters(xml_t *x, pacs_str_t s)
{
    kind_e  open = x->depth != 0 ? x->open[x->depth - 1] : X_NONE;

    if (open == X_VALUE || open == X_PART || open == X_INLINE) {
        pacs_buf_str(&x->text, s);
        return PACS_OK;
    }

    for (size_t i = 0; i < s.len; i++) {
        if (strchr(" \t\r\n", s.data[i]) == NULL) {
            return malformed(x, "text where none is expected", "");
        }
    }
    return PACS_OK;
}


/* --- what expat calls --- */

/* more may come, of what was read already */
static void
proceed(xml_t *x, int rc)
{
    x->rc = rc;
    if (rc != PACS_OK) {
        XML_StopParser(x->parser, XML_FALSE);
    }
}


static void
on_start(void *data, const XML_Char *name, const XML_Char **atts)
{
    xml_t *x = data;

    if (x->rc == PACS_OK) {
        x->atts = atts;
        proceed(x, element(x, name));
    }
}


static void
on_end(void *data, const XML_Char *name)
{
    xml_t *x = data;

    if (x->rc == PACS_OK) {
        proceed(x, end(x, x->open[--x->depth]));
    }
}


static void
on_text(void *data, const XML_Char *s, int len)
{
    xml_t *x = data;

    if (x->rc == PACS_OK) {
        proceed(x, characters(x, (pacs_str_t) { s, (size_t) len }));
    }
}


static void
on_doctype(void *data, const XML_Char *name, const XML_Char *system,
    const XML_Char *public, int internal)
{
    xml_t *x = data;

    proceed(x, malformed(x, "a document type (DOCTYPE) is not taken", ""));
}


static int
document(xml_t *x, pacs_str_t text)
{
    bool  last = false;

    while (x->rc == PACS_OK && !last) {
        size_t  n = text.len < CHUNK ? text.len : CHUNK;

        last = n == text.len;

        if (XML_Parse(x->parser, text.data, (int) n, last) != XML_STATUS_OK
            && x->rc == PACS_OK)
        {
            return malformed(x, "",
                             XML_ErrorString(XML_GetErrorCode(x->parser)));
        }
        text.data += n;
        text.len -= n;
    }
    return x->rc;
}


static int
read_text(xml_t *x, pacs_str_t text)
{
    x->parser = XML_ParserCreate("UTF-8");

    if (x->parser == NULL) {
        return pacs_fail(x->err, PACS_E_NOMEM, "no memory for XML");
    }

    XML_SetUserData(x->parser, x);
    XML_SetElementHandler(x->parser, on_start, on_end);
    XML_SetCharacterDataHandler(x->parser, on_text);
    XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);

    int  rc = document(x, text);

    XML_ParserFree(x->parser);
    return rc;
}


int
pacs_xml_read(pacs_str_t text, const pacs_bulk_find_t *find,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_dataset_t **sets,
    unsigned *n, pacs_err_t *err)
{
    pacs_err_t    own = { 0 };
    pacs_tree_t  *t = pacs_tree_create(find, limits, a);
    xml_t        *x = pacs_calloc(a, 1, sizeof(*x));

    if (t == NULL || x == NULL
        || (x->attr = pacs_calloc(a, (size_t) limits->nesting + 1,
                                  sizeof(*x->attr))) == NULL)
    {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a data set");
    }

    x->err = &own;

    int  rc = pacs_feed_init(&x->feed, &pacs_tree_model, t, limits, a, &own);

    if (rc == PACS_OK) {
        rc = read_text(x, text);
    }

    pacs_buf_free(&x->text);
    pacs_buf_free(&x->name);
    pacs_tree_sets(t, sets, n);
    pacs_tree_free(t);
    return rc == PACS_OK ? rc : pacs_feed_failed(&x->feed, err);
}
