/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * DICOM JSON, PS3.18 Annex F.  What the standard leaves open:
 * an IS or DS that is no decimal number is a String (F.2.3 allows that), as
 * is an SV or UV beyond 2^53; NaN and infinities of FL and FD are null, for
 * Number has none; text and numbers of more than TEXT_MAX bytes are bulk.
 */

#include <string.h>

#include "dicom/charset.h"
#include "dicom/json.h"
#include "dicom/text.h"

enum { TEXT_MAX = 1 << 20 };

#define CHARSET_TAG   0x00080005u
#define PADDING_TAG   0xfffcfffcu


/* one open data set: the root, or an item of `sq` */
typedef struct level_s  level_t;

struct level_s {
    level_t            *up, *down;  /* down: kept for the next item */
    const pacs_elem_t  *sq;         /* NULL: the root */
    const pacs_item_t  *item;
    const pacs_elem_t  *next;       /* element to write */
    uint32_t            number;     /* of the item, from 1 */
    int64_t             last;       /* tag written last; -1: none */
    pacs_charset_t      cs;
};

typedef struct {
    pacs_source_t  *stream;
    pacs_arena_t   *arena;
    pacs_json_t    *json;
    pacs_buf_t      raw;            /* a bulk value read from the stream */
    pacs_buf_t      utf8;
    level_t        *root, *level;
    size_t          inline_max;
    uint32_t        splice_room;
    pacs_err_t     *err;
} writer_t;


/* --- elements --- */

/* little endian, whatever the stream is; the value was read for this only
 * or is copied */
static void
swap_words(uint8_t *p, size_t len, unsigned size)
{
    for (size_t i = 0; size > 1 && i + size <= len; i += size) {
        for (unsigned k = 0; k < size / 2; k++) {
            uint8_t  byte = p[i + k];

            p[i + k] = p[i + size - 1 - k];
            p[i + size - 1 - k] = byte;
        }
    }
}


/* where the instance's URL goes */
static int
splice(writer_t *w)
{
    pacs_json_t *json = w->json;

    if (json->nsplice == w->splice_room) {
        uint32_t   room = w->splice_room == 0 ? 16 : w->splice_room * 2;
        uint32_t  *p = pacs_calloc(w->arena, room, sizeof(*p));

        if (p == NULL) {
            return pacs_fail(w->err, PACS_E_NOMEM, "JSON: out of memory");
        }
        if (json->nsplice != 0) {
            memcpy(p, json->splice, json->nsplice * sizeof(*p));
        }
        json->splice = p;
        w->splice_room = room;
    }

    json->splice[json->nsplice++] = (uint32_t) json->text.len;
    return PACS_OK;
}


static int
bulk_uri(writer_t *w, const pacs_elem_t *elem)
{
    pacs_buf_t  *b = &w->json->text;
    char         tag[10] = "/";

    pacs_buf_text(b, ",\"BulkDataURI\":\"");

    int rc = splice(w);

    if (rc != PACS_OK) {
        return rc;
    }

    pacs_buf_text(b, "/bulkdata");

    for (level_t *l = w->root; l != w->level; l = l->down) {
        pacs_json_tag(tag + 1, l->down->sq->tag);
        pacs_buf_add(b, tag, 9);
        pacs_buf_printf(b, "/%u", (unsigned) l->down->number);
    }

    pacs_json_tag(tag + 1, elem->tag);
    pacs_buf_add(b, tag, 9);
    pacs_buf_char(b, '"');
    return PACS_OK;
}


/* the value's bytes; `own`: in w->raw, to be changed */
static int
fetch(writer_t *w, const pacs_elem_t *elem, bool own, pacs_str_t *raw)
{
    size_t  len = (size_t) elem->length;

    *raw = (pacs_str_t) { (const char *) elem->value, len };

    if (elem->value != NULL && !own) {
        return PACS_OK;
    }

    w->raw.len = 0;

    char *p = pacs_buf_reserve(&w->raw, len);

    if (p == NULL) {
        return pacs_fail(w->err, PACS_E_NOMEM, "JSON: out of memory");
    }

    raw->data = p;

    if (elem->value != NULL) {
        memcpy(p, elem->value, len);
        return PACS_OK;
    }
    return pacs_source_exact(w->stream, elem->offset, p, len, w->err);
}


static int
inline_binary(writer_t *w, const pacs_elem_t *elem, unsigned size)
{
    bool        swap = w->level->item->big_endian && size > 1;
    pacs_str_t  raw;
    int         rc = fetch(w, elem, swap, &raw);

    if (rc != PACS_OK) {
        return rc;
    }

    if (swap) {
        swap_words((uint8_t *) w->raw.data, raw.len, size);
    }

    pacs_buf_text(&w->json->text, ",\"InlineBinary\":\"");
    pacs_json_base64(&w->json->text, (const uint8_t *) raw.data, raw.len);
    pacs_buf_char(&w->json->text, '"');
    return PACS_OK;
}


static int
element_text(writer_t *w, const pacs_elem_t *elem, const pacs_vr_t *vr)
{
    static const pacs_str_t  none = pacs_null;
    pacs_buf_t              *b = &w->json->text;
    pacs_charset_t           ascii, *cs = &w->level->cs;
    pacs_str_t               raw;
    int                      rc;

    rc = fetch(w, elem, false, &raw);
    if (rc != PACS_OK) {
        return rc;
    }

    if (!vr->charset) {
        pacs_charset_parse(none, &ascii);
        cs = &ascii;
    }

    if (pacs_charset_plain(cs, raw)) {
        pacs_json_texts(b, vr, raw);
        return PACS_OK;
    }

    w->utf8.len = 0;

    char *out = pacs_buf_reserve(&w->utf8, raw.len * PACS_CHARSET_GROW);

    if (out == NULL) {
        return pacs_fail(w->err, PACS_E_NOMEM, "JSON: out of memory");
    }

    size_t  n = pacs_charset_decode(cs, raw, vr->multi, vr->vr == PACS_PN,
                                    out);

    pacs_json_texts(b, vr, (pacs_str_t) { out, n });
    return PACS_OK;
}


static int
element_value(writer_t *w, const pacs_elem_t *elem, const pacs_vr_t *vr)
{
    bool        opaque = !vr->text && !pacs_vr_number(vr);
    size_t      most = opaque ? w->inline_max : TEXT_MAX;
    pacs_str_t  raw;
    int         rc;

    /* of the text here, also where it was empty in the file */
    if (elem->tag == CHARSET_TAG && vr->vr == PACS_CS) {
        pacs_json_texts(&w->json->text, vr, pacs_lit("ISO_IR 192"));
        return PACS_OK;
    }

    if (elem->length == 0 && !elem->undefined) {
        return PACS_OK;
    }

    if (elem->undefined || elem->length > most) {
        return bulk_uri(w, elem);
    }

    if (opaque) {
        return inline_binary(w, elem, vr->size);
    }

    if (vr->text) {
        return element_text(w, elem, vr);
    }

    rc = fetch(w, elem, false, &raw);
    if (rc == PACS_OK) {
        pacs_json_numbers(&w->json->text, vr, raw, w->level->item->big_endian);
    }
    return rc;
}


/* --- the tree, without recursion --- */

static void
level_enter(level_t *l, const pacs_item_t *item, uint32_t number)
{
    const level_t *up = l->up;

    l->item = item;
    l->next = item->elems;
    l->number = number;
    l->last = -1;

    if (up != NULL && up->item->charset.data == item->charset.data
        && up->item->charset.len == item->charset.len)
    {
        l->cs = up->cs;
    } else {
        pacs_charset_parse(item->charset, &l->cs);
    }
}


static int
level_push(writer_t *w, const pacs_elem_t *sq)
{
    level_t *l = w->level->down;

    if (l == NULL) {
        l = pacs_calloc(w->arena, 1, sizeof(*l));
        if (l == NULL) {
            return pacs_fail(w->err, PACS_E_NOMEM, "JSON: out of memory");
        }
        l->up = w->level;
        w->level->down = l;
    }

    l->sq = sq;
    level_enter(l, sq->items, 1);
    w->level = l;

    pacs_buf_text(&w->json->text, ",\"Value\":[{");
    return PACS_OK;
}


/* the end of an item: the next one, or back to where its sequence lies */
static void
level_leave(writer_t *w)
{
    level_t *l = w->level;

    if (l->item->next != NULL && l->sq != NULL) {
        pacs_buf_text(&w->json->text, "},{");
        level_enter(l, l->item->next, l->number + 1);
        return;
    }

    pacs_buf_text(&w->json->text, l->sq == NULL ? "}" : "}]}");
    w->level = l->up;
}


/* also the second of two elements of one tag: pacs_elem() finds the first */
static bool
left_out(const level_t *l, uint32_t tag)
{
    return (tag & 0xffff) == 0 || tag >> 16 <= 2 || tag == PADDING_TAG
           || (int64_t) tag <= l->last;
}


static int
element(writer_t *w, const pacs_elem_t *elem)
{
    const pacs_vr_t  *vr = pacs_vr(elem->vr);
    level_t          *l = w->level;
    pacs_buf_t       *b = &w->json->text;

    if (left_out(l, elem->tag)) {
        return PACS_OK;
    }

    if (vr == NULL) {
        vr = pacs_vr(PACS_UN);
    }

    if (l->last != -1) {
        pacs_buf_char(b, ',');
    }
    l->last = elem->tag;

    pacs_json_open(b, elem->tag, vr->vr);

    if (vr->vr == PACS_SQ && elem->items != NULL) {
        return level_push(w, elem);
    }

    int rc = vr->vr == PACS_SQ ? PACS_OK : element_value(w, elem, vr);

    pacs_buf_char(b, '}');
    return rc;
}


static int
write_tree(writer_t *w)
{
    int rc = PACS_OK;

    while (w->level != NULL && rc == PACS_OK) {
        const pacs_elem_t *elem = w->level->next;

        if (elem == NULL) {
            level_leave(w);

        } else {
            w->level->next = elem->next;
            rc = element(w, elem);
        }

        if (w->json->text.failed) {
            rc = pacs_fail(w->err, PACS_E_LIMIT, "JSON: out of memory, or "
                           "more than %lld bytes (limit metadata)",
                           (long long) w->json->text.max);
        }
    }

    return rc;
}


int
pacs_json_write(pacs_source_t *stream, const pacs_dataset_t *ds,
    size_t inline_max, pacs_arena_t *a, pacs_json_t *json, pacs_err_t *err)
{
    level_t   root = { 0 };
    writer_t  w = { .stream = stream, .arena = a, .json = json,
                    .root = &root, .level = &root, .inline_max = inline_max,
                    .err = err };

    *json = (pacs_json_t) {
        .text.max = (size_t) pacs_limits_default.metadata
    };

    level_enter(&root, ds->root, 1);
    pacs_buf_char(&json->text, '{');

    int rc = write_tree(&w);

    pacs_buf_free(&w.raw);
    pacs_buf_free(&w.utf8);

    if (rc != PACS_OK) {
        pacs_buf_free(&json->text);
    }
    return rc;
}
