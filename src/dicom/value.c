/* SPDX-License-Identifier: BSD-2-Clause */

/* an element's VR and value: held, bulk or encapsulated */

#include <inttypes.h>

#include "dicom/level.h"


static bool
is_item(const uint8_t *p, size_t len)
{
    return p != NULL && len >= 8 && pacs_get32(p, 0) == 0xE000FFFE;
}


/* the content of UN is implicit VR, PS3.5 6.2.2; some writers leave it
 * explicit: the first element behind the first item tag tells */
bool
pacs_un_is_explicit(pacs_reader_t *r, const pacs_elem_t *e)
{
    size_t          got;
    const uint8_t  *p = pacs_window_at(r->w, e->offset, 16, &got, r->err);

    if (!is_item(p, got) || got < 16) {
        return false;
    }

    const pacs_vr_t   *vr = pacs_vr(PACS_VR(p[12], p[13]));
    const pacs_tag_t  *t = pacs_tag((uint32_t) pacs_get16(p + 8, 0) << 16
                                    | pacs_get16(p + 10, 0));

    return vr != NULL && (t == NULL || t->vr == vr->vr || t->vr_alt == vr->vr)
           && (!vr->long_length || pacs_get16(p + 14, 0) == 0);
}


static uint16_t
dictionary_vr(uint32_t tag)
{
    const pacs_tag_t *t = pacs_tag(tag);

    if (t != NULL) {
        return t->vr;
    }
    /* private creators, PS3.5 7.8.1 */
    return (tag & 0x10000) && (tag & 0xffff) >= 0x10 && (tag & 0xffff) <= 0xff
           ? PACS_LO : PACS_UN;
}


bool
pacs_is_pixels(uint32_t tag)
{
    return tag == PACS_TAG_PIXELS || tag == 0x7FE00008 || tag == 0x7FE00009;
}


int
pacs_resolve_vr(pacs_reader_t *r, const pacs_header_t *h, uint16_t *vr)
{
    bool  known = h->vr != 0 && h->vr != PACS_UN;
    bool  undefined = h->length == PACS_UNDEFINED;

    *vr = known ? h->vr : dictionary_vr(h->tag);

    if (!undefined) {
        if (h->vr == PACS_UN && *vr == PACS_SQ && h->length != 0) {
            size_t          got;
            const uint8_t  *p = pacs_window_at(r->w, r->pos + h->size, 8,
                                               &got, r->err);

            *vr = is_item(p, got) ? PACS_SQ : PACS_UN;
        }
        return r->err->code;
    }

    if (known && h->vr != PACS_SQ && (*vr & 0xff00) != PACS_VR('O', 0)) {
        return pacs_fail_at(r, h->tag, "undefined length with VR %c%c",
                            *vr >> 8, *vr & 0xff);
    }
    if (!known) {
        *vr = pacs_is_pixels(h->tag) ? PACS_OB : PACS_SQ;
    }
    return PACS_OK;
}


static int
fragment_add(pacs_reader_t *r, const pacs_elem_t *e, int64_t n, uint64_t off,
    uint32_t len)
{
    pacs_range_t  range = { off, len };

    if (n > r->limits->fragments) {
        return pacs_reader_fail(r, PACS_E_LIMIT, e->tag, off, "more fragments "
                                "than limit fragments (%" PRId64 ")",
                                r->limits->fragments);
    }
    if (e != r->ds->pixels) {
        return PACS_OK;
    }
    if (n == 0) {
        r->ds->offset_table = range;
        return PACS_OK;
    }

    pacs_buf_add(&r->fragments, &range, sizeof(range));
    r->ds->nfragments++;

    return r->fragments.failed
           ? pacs_fail(r->err, PACS_E_NOMEM, "out of memory") : PACS_OK;
}


/* encapsulated values, PS3.5 A.4 */
int
pacs_fragments_read(pacs_reader_t *r, pacs_elem_t *e)
{
    pacs_level_t  *lv = r->level;
    pacs_header_t  h;

    r->pos = e->offset;

    for (int64_t n = 0; ; n++) {
        int  rc = pacs_header_read(r->w, r->pos, false, lv->big_endian, &h,
                                   r->err);

        if (rc == PACS_AGAIN || (rc == PACS_OK && lv->bound - r->pos < 8)) {
            return pacs_fail_at(r, e->tag, "ends without a sequence delimiter");
        }
        if (rc != PACS_OK) {
            return rc;
        }

        if (h.tag == PACS_TAG_SEQ_END && h.length == 0) {
            r->pos += 8;
            e->length = r->pos - e->offset;
            return PACS_OK;
        }
        if (h.tag != PACS_TAG_ITEM) {
            return pacs_fail_at(r, h.tag, "where a fragment of " PACS_TAG_FMT
                                " should be", pacs_tag_args(e->tag));
        }
        if (h.length == PACS_UNDEFINED
            || h.length > lv->bound - r->pos - 8)
        {
            return pacs_fail_at(r, e->tag, "fragment of length %" PRIu32
                                " goes past the end at %" PRIu64, h.length,
                                lv->bound);
        }

        rc = fragment_add(r, e, n, r->pos + 8, h.length);
        if (rc != PACS_OK) {
            return rc;
        }
        r->pos += 8 + (uint64_t) h.length;
    }
}


static int
ambiguous_add(pacs_reader_t *r, const pacs_header_t *h, pacs_elem_t *e)
{
    const pacs_tag_t *t = h->vr == 0 || h->vr == PACS_UN ? pacs_tag(h->tag)
                                                         : NULL;

    if (t == NULL || t->vr_alt == 0) {
        return PACS_OK;
    }

    pacs_ambiguous_t *x = pacs_reader_take(r, sizeof(*x));

    if (x == NULL) {
        return r->err->code;
    }

    *x = (pacs_ambiguous_t) { r->ambiguous, e,
                              (pacs_node_t *) r->level->item, t->vr_alt };
    r->ambiguous = x;
    return PACS_OK;
}


static int
value_keep(pacs_reader_t *r, pacs_elem_t *e)
{
    size_t    n = (size_t) e->length;
    uint8_t  *p = pacs_reader_take(r, n + 1);

    if (p == NULL) {
        return r->err->code;
    }

    int  rc = pacs_window_copy(r->w, e->offset, p, n, r->err);

    if (rc != PACS_OK) {
        return rc;
    }

    p[n] = 0;
    e->value = p;
    return PACS_OK;
}


/* values that other elements are read by */
static void
item_note(pacs_item_t *item, const pacs_elem_t *e)
{
    pacs_node_t *node = (pacs_node_t *) item;

    if (e->tag == 0x00080005) {
        item->charset = (pacs_str_t) { (const char *) e->value,
                                       (size_t) e->length };
    } else if (e->tag == 0x00280103 && e->length >= 2) {
        node->is_signed = pacs_get16(e->value, item->big_endian) != 0;

    } else if (e->tag == 0x00283002 && e->length >= 2) {
        node->one_entry = pacs_get16(e->value, item->big_endian) == 1;
    }
}


/* a bulk value of a source of unknown size is there if its last byte is */
static int
value_skip(pacs_reader_t *r, const pacs_elem_t *e)
{
    uint8_t  last;

    return r->w->src->size != PACS_NO_END || e->length == 0 ? PACS_OK
           : pacs_source_exact(r->w->src, e->offset + e->length - 1, &last, 1,
                               r->err);
}


int
pacs_value_read(pacs_reader_t *r, const pacs_header_t *h, pacs_elem_t *e)
{
    pacs_level_t  *lv = r->level;
    bool           bulk = e->length > r->keep
                          || (pacs_is_pixels(e->tag) && lv->outer == NULL);
    int            rc = bulk ? value_skip(r, e) : value_keep(r, e);

    if (rc == PACS_OK) {
        rc = ambiguous_add(r, h, e);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    if (e->value != NULL) {
        item_note(lv->item, e);
    }

    r->pos = e->offset + e->length;
    return PACS_OK;
}


/* Pixel Representation of this item or the nearest one around it */
static bool
pixels_signed(const pacs_node_t *node)
{
    while (node != NULL && node->is_signed < 0) {
        node = (const pacs_node_t *) node->item.parent;
    }
    return node != NULL && node->is_signed;
}


/* PS3.5 A.1 and PS3.3: US or SS by Pixel Representation; OB or OW is OW in
 * implicit VR; LUT Data of more than one entry is OW */
void
pacs_ambiguous_resolve(pacs_reader_t *r)
{
    for (pacs_ambiguous_t *x = r->ambiguous; x != NULL; x = x->next) {
        x->elem->vr = x->elem->tag == 0x00283006
                      ? (x->node->one_entry ? PACS_US : PACS_OW)
                      : x->alt != PACS_SS ? x->alt
                      : pixels_signed(x->node) ? PACS_SS : PACS_US;
    }
}
