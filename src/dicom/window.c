/* SPDX-License-Identifier: BSD-2-Clause */

/* bounded buffered input and element headers */

#include <inttypes.h>
#include <string.h>

#include "dicom/reader.h"

enum { JUMP = 4096 };   /* bytes to read behind a value that was skipped */


void
pacs_window_init(pacs_window_t *w, pacs_source_t *src, uint8_t *buf)
{
    *w = (pacs_window_t) { .src = src, .data = buf, .buf = buf };

    if (src->mem != NULL) {
        w->data = src->mem;
        w->len = (size_t) src->size;
    }
}


static size_t
window_has(const pacs_window_t *w, uint64_t off)
{
    return off >= w->base && off - w->base < w->len
           ? w->len - (size_t) (off - w->base) : 0;
}


static int
window_fill(pacs_window_t *w, uint64_t off, pacs_err_t *err)
{
    size_t  have = window_has(w, off), got;
    size_t  want = off > w->base + w->len ? JUMP : PACS_WINDOW;

    if (have != 0) {
        memmove(w->buf, w->data + (off - w->base), have);
    }

    w->base = off;
    w->len = have;

    int  rc = w->src->read(w->src, off + have, w->buf + have, want - have,
                           &got, err);

    if (rc == PACS_OK) {
        w->len += got;
    }
    return rc;
}


const uint8_t *
pacs_window_at(pacs_window_t *w, uint64_t off, size_t n, size_t *got,
    pacs_err_t *err)
{
    size_t  have = window_has(w, off);

    if (have < n && w->data == w->buf) {
        if (window_fill(w, off, err) != PACS_OK) {
            return NULL;
        }
        have = window_has(w, off);
    }

    *got = have < n ? have : n;
    return have == 0 ? w->buf : w->data + (off - w->base);
}


int
pacs_window_copy(pacs_window_t *w, uint64_t off, void *to, size_t n,
    pacs_err_t *err)
{
    size_t  have = window_has(w, off);

    if (have > n) {
        have = n;
    }
    if (have != 0) {
        memcpy(to, w->data + (off - w->base), have);
    }

    return have == n ? PACS_OK
           : pacs_source_exact(w->src, off + have, (uint8_t *) to + have,
                               n - have, err);
}


int
pacs_header_read(pacs_window_t *w, uint64_t off, bool explicit_vr,
    bool big_endian, pacs_header_t *h, pacs_err_t *err)
{
    size_t          got;
    const uint8_t  *p = pacs_window_at(w, off, 12, &got, err);

    if (p == NULL) {
        return err == NULL ? PACS_E_IO : err->code;
    }
    if (got < 8) {
        return PACS_AGAIN;
    }

    *h = (pacs_header_t) {
        .tag = (uint32_t) pacs_get16(p, big_endian) << 16
               | pacs_get16(p + 2, big_endian),
        .length = pacs_get32(p + 4, big_endian),
        .size = 8
    };

    /* items, delimiters and zero padding have no VR */
    if (!explicit_vr || h->tag >> 16 == 0xFFFE
        || (h->tag | h->length) == 0)
    {
        return PACS_OK;
    }

    h->vr = PACS_VR(p[4], p[5]);
    const pacs_vr_t *vr = pacs_vr(h->vr);

    if (vr == NULL) {
        return pacs_fail(err, PACS_E_PARSE, PACS_TAG_FMT " at offset %" PRIu64
                         ": bytes %02X %02X are not a value representation",
                         pacs_tag_args(h->tag), off, p[4], p[5]);
    }
    if (!vr->long_length) {
        h->length = pacs_get16(p + 6, big_endian);
        return PACS_OK;
    }
    if (got < 12) {
        return pacs_fail(err, PACS_E_PARSE, PACS_TAG_FMT " at offset %" PRIu64
                         ": the data set ends inside the element's header",
                         pacs_tag_args(h->tag), off);
    }

    h->length = pacs_get32(p + 8, big_endian);
    h->size = 12;
    return PACS_OK;
}
