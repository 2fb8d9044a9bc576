/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Native DICOM Model, PS3.19 A.1, from DICOM JSON: what is stored and what
 * answers are made of.  Private attributes carry their creator instead of a
 * block number (A.1.5); as DCMTK does, creators are attributes besides.
 */

#include <string.h>

#include "dicom/json.h"
#include "dicom/model.h"

#define NAMESPACE  "http://dicom.nema.org/PS3.19/models/NativeDICOM"

enum { CREATORS_MAX = 1000 };


typedef struct creator_s  creator_t;

struct creator_s {
    creator_t   *next;
    uint32_t     tag;               /* gggg00bb */
    pacs_str_t   name;
};

typedef struct {
    creator_t   *creators;
    unsigned     ncreators;
    unsigned     items;             /* of the open attribute */
} level_t;

typedef struct {
    pacs_buf_t        b;
    int             (*fn)(void *ctx, pacs_str_t xml, pacs_err_t *err);
    void             *ctx;
    pacs_arena_t     *a;
    level_t          *level;        /* [0, limits->nesting] */
    int64_t           depth;
    uint32_t          tag;          /* of the open attribute */
    uint16_t          vr;
    bool              creator;      /* it is a private creator */
    unsigned          number;       /* values of it */
} xml_t;


/* XML 1.0 2.2: what is no Char becomes U+FFFD; CR would become LF */
static void
put_text(pacs_buf_t *b, pacs_str_t s)
{
    static const char *const  named[128] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;",
        ['\r'] = "&#13;"
    };
    const unsigned char  *p = (const unsigned char *) s.data;
    size_t                from = 0;

    for (size_t i = 0; i < s.len; i++) {
        bool         bad = p[i] < 0x20 && p[i] != '\t' && p[i] != '\n';
        bool         end = s.len - i > 2 && p[i] == 0xef && p[i + 1] == 0xbf
                           && p[i + 2] >= 0xbe;
        const char  *name = p[i] < 128 ? named[p[i]] : NULL;

        if (name == NULL && !bad && !end) {
            continue;
        }

        pacs_buf_add(b, p + from, i - from);
        pacs_buf_text(b, name != NULL ? name : "\xef\xbf\xbd");
        i += end ? 2 : 0;
        from = i + 1;
    }

    pacs_buf_add(b, p + from, s.len - from);
}


static void
put_attribute(pacs_buf_t *b, const char *name, pacs_str_t value)
{
    pacs_buf_char(b, ' ');
    pacs_buf_text(b, name);
    pacs_buf_text(b, "=\"");
    put_text(b, value);
    pacs_buf_char(b, '"');
}


static int
xml_set(void *ctx, pacs_err_t *err)
{
    xml_t *x = ctx;

    x->b.len = 0;
    x->depth = 0;
    x->level[0] = (level_t) { 0 };

    pacs_buf_text(&x->b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<NativeDicomModel xmlns=\"" NAMESPACE "\" "
                  "xml:space=\"preserve\">\n");
    return PACS_OK;
}


static int
xml_set_end(void *ctx, pacs_err_t *err)
{
    xml_t *x = ctx;

    pacs_buf_text(&x->b, "</NativeDicomModel>\n");

    return x->b.failed
           ? pacs_fail(err, x->b.max != 0 ? PACS_E_LIMIT : PACS_E_NOMEM,
                       "XML: out of memory, or more than %zu bytes (limit "
                       "metadata)", x->b.max)
           : x->fn(x->ctx, (pacs_str_t) { x->b.data, x->b.len }, err);
}


static bool
is_creator(uint32_t tag, uint16_t vr)
{
    return vr == PACS_LO && (tag >> 16 & 1) != 0 && (tag & 0xffff) >= 0x10
           && (tag & 0xff00) == 0;
}


static const creator_t *
creator_of(const level_t *l, uint32_t tag)
{
    const creator_t *c = l->creators;

    if ((tag >> 16 & 1) == 0 || (tag & 0xff00) < 0x1000) {
        return NULL;
    }

    tag = (tag & 0xffff0000) | (tag >> 8 & 0xff);
    while (c != NULL && c->tag != tag) {
        c = c->next;
    }
    return c;
}


static int
xml_attr(void *ctx, uint32_t tag, const pacs_vr_t *vr, pacs_str_t unused,
    pacs_err_t *err)
{
    xml_t             *x = ctx;
    level_t           *l = &x->level[x->depth];
    const creator_t   *c = creator_of(l, tag);
    const pacs_tag_t  *known = pacs_tag(tag);
    char               text[8], code[2] = { (char) (vr->vr >> 8),
                                            (char) vr->vr };

    x->tag = tag;
    x->vr = vr->vr;
    x->number = 0;
    l->items = 0;
    x->creator = is_creator(tag, vr->vr) && l->ncreators < CREATORS_MAX;

    pacs_json_tag(text, c == NULL ? tag : tag & 0xffff00ff);
    pacs_buf_text(&x->b, "<DicomAttribute");
    put_attribute(&x->b, "tag", (pacs_str_t) { text, 8 });
    put_attribute(&x->b, "vr", (pacs_str_t) { code, 2 });

    if (known != NULL) {
        put_attribute(&x->b, "keyword", pacs_cstr(known->keyword));
    }
    if (c != NULL) {
        put_attribute(&x->b, "privateCreator", c->name);
    }

    pacs_buf_text(&x->b, ">\n");
    return PACS_OK;
}


static int
xml_attr_end(void *ctx, pacs_err_t *err)
{
    xml_t *x = ctx;

    pacs_buf_text(&x->b, "</DicomAttribute>\n");
    return PACS_OK;
}


static int
creator_value(xml_t *x, pacs_str_t name, pacs_err_t *err)
{
    level_t    *l = &x->level[x->depth];
    creator_t  *c = pacs_calloc(x->a, 1, sizeof(*c));

    name = pacs_str_copy(x->a, name);
    if (c == NULL || name.data == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for XML");
    }

    *c = (creator_t) { .next = l->creators, .tag = x->tag, .name = name };
    l->creators = c;
    l->ncreators++;
    return PACS_OK;
}


/* PS3.5 6.2.1.1: the last component takes what is too much */
static void
put_group(pacs_buf_t *b, const char *name, pacs_str_t group)
{
    static const char *const  names[] = {
        "FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"
    };
    pacs_str_t  part;

    pacs_buf_printf(b, "<%s>", name);

    for (unsigned i = 0; i < 5 && group.data != NULL; i++) {
        if (i == 4) {
            part = group;
        } else {
            pacs_str_split(&group, '^', &part);
        }
        if (part.len != 0) {
            pacs_buf_printf(b, "<%s>", names[i]);
            put_text(b, part);
            pacs_buf_printf(b, "</%s>", names[i]);
        }
    }

    pacs_buf_printf(b, "</%s>", name);
}


static void
put_name(xml_t *x, pacs_str_t name)
{
    static const char *const  groups[] = {
        "Alphabetic", "Ideographic", "Phonetic"
    };
    pacs_str_t  group;

    pacs_buf_printf(&x->b, "<PersonName number=\"%u\">", x->number);

    for (unsigned i = 0; i < 3 && pacs_str_split(&name, '=', &group); i++) {
        if (group.len != 0) {
            put_group(&x->b, groups[i], group);
        }
    }
    pacs_buf_text(&x->b, "</PersonName>\n");
}


static bool
only_delimiters(pacs_str_t name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] != '^' && name.data[i] != '=') {
            return false;
        }
    }
    return true;
}


/* an empty value is told by the number that is missing */
static int
xml_value(void *ctx, pacs_value_e kind, pacs_str_t text, pacs_err_t *err)
{
    xml_t  *x = ctx;
    int     rc = x->creator && x->number == 0
                 ? creator_value(x, text, err) : PACS_OK;

    if (rc != PACS_OK) {
        return rc;
    }

    x->number++;

    if (kind == PACS_V_EMPTY) {
        return PACS_OK;
    }
    if (x->vr == PACS_PN) {
        if (!only_delimiters(text)) {
            put_name(x, text);
        }
        return PACS_OK;
    }

    pacs_buf_printf(&x->b, "<Value number=\"%u\">", x->number);
    put_text(&x->b, text);
    pacs_buf_text(&x->b, "</Value>\n");
    return PACS_OK;
}


static int
xml_binary(void *ctx, pacs_str_t base64, pacs_err_t *err)
{
    xml_t *x = ctx;

    pacs_buf_text(&x->b, "<InlineBinary>");
    put_text(&x->b, base64);
    pacs_buf_text(&x->b, "</InlineBinary>\n");
    return PACS_OK;
}


static int
xml_bulk(void *ctx, pacs_str_t uri, pacs_err_t *err)
{
    xml_t *x = ctx;

    pacs_buf_text(&x->b, "<BulkData");
    put_attribute(&x->b, "uri", uri);
    pacs_buf_text(&x->b, "/>\n");
    return PACS_OK;
}


static int
xml_item(void *ctx, pacs_err_t *err)
{
    xml_t *x = ctx;

    pacs_buf_printf(&x->b, "<Item number=\"%u\">\n",
                    ++x->level[x->depth].items);
    x->level[++x->depth] = (level_t) { 0 };
    return PACS_OK;
}


static int
xml_item_end(void *ctx, pacs_err_t *err)
{
    xml_t *x = ctx;

    x->depth--;
    pacs_buf_text(&x->b, "</Item>\n");
    return PACS_OK;
}


static const pacs_model_t  xml_model = {
    xml_set, xml_set_end, xml_attr, xml_value, xml_binary, xml_bulk,
    xml_item, xml_item_end, xml_attr_end
};


int
pacs_xml_from_json(pacs_str_t json, const pacs_limits_t *limits,
    int (*fn)(void *ctx, pacs_str_t xml, pacs_err_t *err), void *ctx,
    pacs_err_t *err)
{
    pacs_arena_t  *a = pacs_arena_create((size_t) limits->dataset);
    xml_t          x = { .fn = fn, .ctx = ctx, .a = a,
                         .b.max = (size_t) limits->metadata };

    if (a != NULL) {
        x.level = pacs_calloc(a, (size_t) limits->nesting + 1,
                              sizeof(*x.level));
    }

    int  rc = x.level == NULL
              ? pacs_fail(err, PACS_E_NOMEM, "no memory for XML")
              : pacs_json_feed(json, &xml_model, &x, limits, a, err);

    pacs_buf_free(&x.b);
    pacs_arena_destroy(a);
    return rc;
}
