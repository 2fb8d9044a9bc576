/* SPDX-License-Identifier: BSD-2-Clause */

/* Part 10 writer, PS3.10 7.1 and PS3.5 7: little endian, sequences of
 * undefined length */

#include <inttypes.h>
#include <string.h>

#include "dicom/walk.h"

#define IMPLEMENTATION_UID                                                    \
    "2.25.288377941871668617580342371570563500729"
#define IMPLEMENTATION_NAME  "NGX_PACS_" PACS_VERSION

enum { CHUNK = 65536 };


static void
put16(pacs_buf_t *b, uint32_t v)
{
    uint8_t  p[2] = { (uint8_t) v, (uint8_t) (v >> 8) };

    pacs_buf_add(b, p, 2);
}


static void
put32(pacs_buf_t *b, uint32_t v)
{
    put16(b, v & 0xffff);
    put16(b, v >> 16);
}


static void
put_tag(pacs_buf_t *b, uint32_t tag)
{
    put16(b, tag >> 16);
    put16(b, tag & 0xffff);
}


/* a value too long for a 16-bit length goes as UN, PS3.5 6.2.2 */
static void
put_header(pacs_buf_t *b, uint32_t tag, uint16_t vr, uint64_t len,
    bool implicit)
{
    const pacs_vr_t *row = pacs_vr(vr);

    if (len > PACS_UNDEFINED || row == NULL) {
        b->failed = true;
        return;
    }

    put_tag(b, tag);

    if (implicit) {
        put32(b, (uint32_t) len);
        return;
    }

    if (!row->long_length && len > 65535) {
        row = pacs_vr(PACS_UN);
    }

    pacs_buf_char(b, (char) (row->vr >> 8));
    pacs_buf_char(b, (char) (row->vr & 0xff));

    if (row->long_length) {
        put16(b, 0);
        put32(b, (uint32_t) len);
    } else {
        put16(b, (uint32_t) len);
    }
}


static void
put_value(pacs_buf_t *b, uint32_t tag, uint16_t vr, const void *value,
    size_t len, bool implicit)
{
    const pacs_vr_t *row = pacs_vr(vr);

    put_header(b, tag, vr, (uint64_t) len + (len & 1), implicit);
    pacs_buf_add(b, value, len);

    if (len & 1) {
        pacs_buf_char(b, row != NULL ? (char) row->pad : 0);
    }
}


void
pacs_write_bytes(pacs_buf_t *b, uint32_t tag, uint16_t vr, const void *value,
    size_t len)
{
    put_value(b, tag, vr, value, len, false);
}


void
pacs_write_text(pacs_buf_t *b, uint32_t tag, uint16_t vr, pacs_str_t value)
{
    put_value(b, tag, vr, value.data, value.len, false);
}


void
pacs_write_ints(pacs_buf_t *b, uint32_t tag, uint16_t vr,
    const int64_t *values, unsigned n)
{
    const pacs_vr_t *row = pacs_vr(vr);

    if (row == NULL || row->size == 0) {
        b->failed = true;
        return;
    }

    put_header(b, tag, vr, (uint64_t) row->size * n, false);

    for (unsigned i = 0; i < n; i++) {
        uint64_t  v = (uint64_t) values[i];

        if (vr == PACS_AT) {
            v = (v & 0xffff) << 16 | (v >> 16 & 0xffff);
        }
        for (unsigned k = 0; k < row->size; k++) {
            pacs_buf_char(b, (char) (v >> 8 * k));
        }
    }
}


void
pacs_write_sq(pacs_buf_t *b, uint32_t tag)
{
    put_header(b, tag, PACS_SQ, PACS_UNDEFINED, false);
}


static void
put_delimiter(pacs_buf_t *b, uint32_t tag, uint32_t len)
{
    put_tag(b, tag);
    put32(b, len);
}


void
pacs_write_item(pacs_buf_t *b)
{
    put_delimiter(b, PACS_TAG_ITEM, PACS_UNDEFINED);
}


void
pacs_write_item_end(pacs_buf_t *b)
{
    put_delimiter(b, PACS_TAG_ITEM_END, 0);
}


void
pacs_write_sq_end(pacs_buf_t *b)
{
    put_delimiter(b, PACS_TAG_SEQ_END, 0);
}


void
pacs_write_meta(pacs_buf_t *b, pacs_str_t class_uid, pacs_str_t instance_uid,
    pacs_str_t syntax_uid, pacs_str_t source_ae)
{
    static const char  preamble[128];
    int64_t            length = 0;

    pacs_buf_add(b, preamble, sizeof(preamble));
    pacs_buf_text(b, "DICM");
    pacs_write_ints(b, 0x00020000, PACS_UL, &length, 1);

    size_t  start = b->len;

    pacs_write_bytes(b, 0x00020001, PACS_OB, "\0\1", 2);
    pacs_write_text(b, 0x00020002, PACS_UI, class_uid);
    pacs_write_text(b, 0x00020003, PACS_UI, instance_uid);
    pacs_write_text(b, 0x00020010, PACS_UI, syntax_uid);
    pacs_write_text(b, 0x00020012, PACS_UI, pacs_lit(IMPLEMENTATION_UID));
    pacs_write_text(b, 0x00020013, PACS_SH, pacs_lit(IMPLEMENTATION_NAME));

    if (source_ae.len != 0) {
        pacs_write_text(b, 0x00020016, PACS_AE, source_ae);
    }
    if (b->failed) {
        return;
    }

    size_t  n = b->len - start;

    for (unsigned i = 0; i < 4; i++) {
        b->data[start - 4 + i] = (char) (n >> 8 * i);
    }
}


typedef struct {
    pacs_buf_t            *b;
    pacs_source_t         *stream;
    const pacs_dataset_t  *ds;
    bool                   implicit;
    pacs_sink_pt           sink;        /* NULL: all stays in b */
    void                  *ctx;
    const pacs_elem_t     *left_out;    /* its value belongs at *cut */
    size_t                *cut;
    pacs_err_t            *err;
} writer_t;


static int
flush(writer_t *w, size_t least)
{
    pacs_buf_t  *b = w->b;
    size_t       n = b->len;

    if (w->sink == NULL || b->failed || n < least) {
        return PACS_OK;
    }
    b->len = 0;
    return w->sink(w->ctx, b->data, n, w->err);
}


/* a multiple of 8 bytes at a time: words are whole */
static int
put_range(writer_t *w, uint64_t offset, uint64_t length, uint16_t swap)
{
    pacs_buf_t *b = w->b;

    for (uint64_t done = 0; done < length && !b->failed; ) {
        uint64_t   left = length - done;
        size_t     n = left < CHUNK ? (size_t) left : CHUNK;
        char      *p = pacs_buf_reserve(b, n);
        int        rc;

        if (p == NULL) {
            break;
        }

        rc = pacs_source_exact(w->stream, offset + done, p, n, w->err);
        if (rc != PACS_OK) {
            return rc;
        }

        pacs_swap(swap, (uint8_t *) p, n);
        b->len += n;
        done += n;

        if ((rc = flush(w, CHUNK)) != PACS_OK) {
            return rc;
        }
    }

    return PACS_OK;
}


/* PS3.5 A.4, with the Basic Offset Table that there was */
static int
put_fragments(writer_t *w)
{
    const pacs_dataset_t *ds = w->ds;
    int                   rc;

    put_delimiter(w->b, PACS_TAG_ITEM, (uint32_t) ds->offset_table.length);
    rc = put_range(w, ds->offset_table.offset, ds->offset_table.length, 0);

    for (uint32_t i = 0; rc == PACS_OK && i < ds->nfragments; i++) {
        uint64_t  n = ds->fragments[i].length;

        if (n > PACS_UNDEFINED - 2) {
            return pacs_fail(w->err, PACS_E_LIMIT, "a fragment of 4 GB");
        }

        put_delimiter(w->b, PACS_TAG_ITEM, (uint32_t) (n + (n & 1)));
        rc = put_range(w, ds->fragments[i].offset, n, 0);
        if (n & 1) {
            pacs_buf_char(w->b, 0);
        }
    }

    pacs_write_sq_end(w->b);
    return rc;
}


static int
put_elem(writer_t *w, const pacs_item_t *item, const pacs_elem_t *e)
{
    pacs_buf_t  *b = w->b;
    uint16_t     swap = item->big_endian ? e->vr : 0;
    uint64_t     odd = e->undefined ? 0 : e->length & 1;
    int          rc = PACS_OK;

    if (e->undefined && (w->implicit || item->big_endian)) {
        return pacs_fail(w->err, PACS_E_ARG, PACS_TAG_FMT ": encapsulated "
                         "pixel data has Explicit VR Little Endian only",
                         pacs_tag_args(e->tag));
    }

    put_header(b, e->tag, e->vr,
               e->undefined ? PACS_UNDEFINED : e->length + odd, w->implicit);

    if (e->undefined && e == w->ds->pixels && w->ds->fragments != NULL) {
        return put_fragments(w);
    }

    if (e == w->left_out) {
        *w->cut = b->len;

    } else if (e->value == NULL) {
        rc = put_range(w, e->offset, e->length, swap);

    } else {
        size_t  start = b->len;

        pacs_buf_add(b, e->value, (size_t) e->length);
        pacs_swap(swap, (uint8_t *) b->data + start, b->len - start);
    }

    if (odd && rc == PACS_OK) {
        pacs_buf_char(b, (char) pacs_vr(e->vr)->pad);
    }
    return rc != PACS_OK ? rc : flush(w, CHUNK);
}


static int
put_dataset(writer_t *out)
{
    pacs_buf_t  *b = out->b;
    pacs_walk_t  w;
    int          rc = PACS_OK;

    pacs_walk_init(&w, out->ds->root);

    while (rc == PACS_OK && !b->failed && pacs_walk_next(&w)) {
        switch (w.event) {
        case PACS_WALK_ELEM:
            rc = put_elem(out, w.item, w.elem);
            break;
        case PACS_WALK_SQ:
            put_header(b, w.elem->tag, PACS_SQ, PACS_UNDEFINED,
                       out->implicit);
            break;
        case PACS_WALK_ITEM:
            pacs_write_item(b);
            break;
        case PACS_WALK_ITEM_END:
            pacs_write_item_end(b);
            break;
        case PACS_WALK_SQ_END:
            pacs_write_sq_end(b);
            break;
        }
    }

    if (rc == PACS_OK && (b->failed || w.stack.failed)) {
        rc = pacs_fail(out->err, PACS_E_NOMEM, "data set to write: out of "
                       "memory or larger than %zu bytes", b->max);
    }
    pacs_walk_end(&w);
    return rc != PACS_OK ? rc : flush(out, 0);
}


int
pacs_write_through(pacs_buf_t *b, pacs_source_t *stream,
    const pacs_dataset_t *ds, bool implicit, pacs_sink_pt sink, void *ctx,
    pacs_err_t *err)
{
    writer_t  w = { b, stream, ds, implicit, sink, ctx, NULL, NULL, err };

    return put_dataset(&w);
}


int
pacs_write_dataset_cut(pacs_buf_t *b, pacs_source_t *stream,
    const pacs_dataset_t *ds, bool implicit, size_t *cut, pacs_err_t *err)
{
    bool      as_it_is = ds->pixels != NULL && !ds->pixels->undefined
                         && ds->pixels->value == NULL
                         && !ds->syntax->big_endian && !ds->syntax->deflated;
    writer_t  w = { b, stream, ds, implicit, NULL, NULL,
                    as_it_is ? ds->pixels : NULL, cut, err };

    *cut = SIZE_MAX;
    return put_dataset(&w);
}


int
pacs_write_dataset(pacs_buf_t *b, pacs_source_t *stream,
    const pacs_dataset_t *ds, bool implicit, pacs_err_t *err)
{
    return pacs_write_through(b, stream, ds, implicit, NULL, NULL, err);
}
