/* SPDX-License-Identifier: BSD-2-Clause */

/* the data set reader, PS3.5 7: one loop over items and sequences */

#include <inttypes.h>

#include "dicom/level.h"

enum { KEEP_MIN = 256, PADDING_MAX = 1 << 20 };


/* the rest of a data set of known length is zero: tolerated padding */
static int
check_padding(pacs_reader_t *r)
{
    uint64_t  start = r->pos;
    size_t    got;

    do {
        const uint8_t *p = pacs_window_at(r->w, r->pos, 4096, &got, r->err);

        if (p == NULL) {
            return r->err->code;
        }
        for (size_t i = 0; i < got; i++) {
            if (p[i] != 0) {
                return pacs_fail(r->err, PACS_E_PARSE, "garbage or a cut "
                                 "element at offset %" PRIu64, start);
            }
        }
        r->pos += got;
    } while (got != 0 && r->pos - start < PADDING_MAX);

    if (got != 0) {
        return pacs_fail(r->err, PACS_E_PARSE, "more than %d bytes of zeros "
                         "behind the data set at offset %" PRIu64,
                         PADDING_MAX, start);
    }

    r->ds->size = r->pos;
    pacs_item_close(r);
    return PACS_OK;
}


/* what shows that the declared transfer syntax is not the real one */
static int
check_syntax(pacs_reader_t *r, const pacs_header_t *h)
{
    const pacs_level_t  *lv = r->level;
    uint8_t              low = (uint8_t) h->length;
    uint8_t              high = (uint8_t) (h->length >> 8);

    if (lv->outer == NULL && lv->last_tag == 0 && h->tag >> 16 == 0x0800) {
        return pacs_fail_at(r, h->tag, "byte order is not the one of transfer "
                            "syntax %s", r->ds->syntax_uid);
    }

    if (lv->explicit_vr || low < 'A' || h->length == PACS_UNDEFINED) {
        return PACS_OK;
    }

    /* the letters of its VR where the length should be; as a length they
     * are impossible: odd, or far too much for one value */
    const pacs_tag_t  *t = pacs_tag(h->tag);
    uint16_t           vr = PACS_VR(low, high);

    if (t == NULL || t->vr != vr || vr == PACS_LT
        || ((low & 1) == 0 && t->vm_max != 1))
    {
        return PACS_OK;
    }

    return pacs_fail_at(r, h->tag, "explicit VR %c%c where transfer syntax %s "
                        "has implicit VR", low, high, r->ds->syntax_uid);
}


static int
check_tag(pacs_reader_t *r, const pacs_header_t *h)
{
    uint32_t  group = h->tag >> 16;

    if (group == 0xFFFE) {
        return pacs_fail_at(r, h->tag, "item or delimiter where an element "
                            "should be");
    }
    if (group == 0 || group == 2) {
        return pacs_fail_at(r, h->tag, "element of group %04X inside the data "
                            "set", group);
    }
    return check_syntax(r, h);
}


static int
sequence_open(pacs_reader_t *r, pacs_elem_t *e, bool un)
{
    pacs_level_t  *outer = r->level;
    bool           explicit_vr = un ? pacs_un_is_explicit(r, e)
                                 : outer->explicit_vr;
    bool           big_endian = un ? false : outer->big_endian;
    int            rc = pacs_level_push(r, e, explicit_vr, big_endian);

    if (rc != PACS_OK) {
        return rc;
    }

    pacs_level_t *lv = r->level;

    lv->item_tail = &e->items;
    lv->seq_end = e->undefined ? PACS_NO_END : e->offset + e->length;
    lv->bound = e->undefined ? outer->bound : lv->seq_end;
    r->pos = e->offset;
    return PACS_OK;
}


static int
elem_read(pacs_reader_t *r, const pacs_header_t *h)
{
    pacs_level_t  *lv = r->level;
    uint64_t       room = lv->bound - r->pos;
    uint16_t       vr;
    int            rc = pacs_resolve_vr(r, h, &vr);

    if (rc != PACS_OK) {
        return rc;
    }

    if (room < h->size
        || (h->length != PACS_UNDEFINED && h->length > room - h->size))
    {
        return pacs_fail_at(r, h->tag, "length %" PRIu32 " goes past the end "
                            "at %" PRIu64, h->length, lv->bound);
    }

    pacs_elem_t *e = pacs_elem_add(r, h, vr);

    if (e == NULL) {
        return r->err->code;
    }
    if (lv->outer == NULL && pacs_is_pixels(e->tag) && r->ds->pixels == NULL) {
        r->ds->pixels = e;
    }
    if (vr == PACS_SQ) {
        return sequence_open(r, e, h->vr == PACS_UN);
    }
    return e->undefined ? pacs_fragments_read(r, e) : pacs_value_read(r, h, e);
}


/* fewer than 8 bytes are left of the item, sequence or data set */
static int
end_read(pacs_reader_t *r)
{
    pacs_level_t *lv = r->level;

    if (lv->outer != NULL) {
        return pacs_reader_fail(r, PACS_E_PARSE, lv->seq->tag, lv->seq->offset,
                                "sequence ends at %" PRIu64 " inside an "
                                "element", r->pos);
    }
    return check_padding(r);
}


static int
item_step(pacs_reader_t *r)
{
    pacs_level_t  *lv = r->level;
    pacs_header_t  h;

    if (r->pos == lv->item_end) {
        pacs_item_close(r);
        return PACS_OK;
    }

    int  rc = pacs_header_read(r->w, r->pos, lv->explicit_vr, lv->big_endian,
                               &h, r->err);

    if (rc != PACS_OK && rc != PACS_AGAIN) {
        return rc;
    }
    if (rc == PACS_AGAIN || lv->bound - r->pos < 8) {
        return end_read(r);
    }

    if (lv->outer == NULL && h.tag == 0 && h.length == 0) {
        return check_padding(r);
    }

    if (h.tag == PACS_TAG_ITEM_END && lv->outer != NULL
        && lv->item_end == PACS_NO_END && h.length == 0)
    {
        r->pos += 8;
        pacs_item_close(r);
        return PACS_OK;
    }

    rc = check_tag(r, &h);

    return rc == PACS_OK ? elem_read(r, &h) : rc;
}


static int
sequence_step(pacs_reader_t *r)
{
    pacs_level_t  *lv = r->level;
    pacs_header_t  h;

    if (r->pos == lv->seq_end) {
        pacs_sequence_close(r);
        return PACS_OK;
    }

    int  rc = pacs_header_read(r->w, r->pos, false, lv->big_endian, &h,
                               r->err);

    if (rc != PACS_OK && rc != PACS_AGAIN) {
        return rc;
    }
    if (rc == PACS_AGAIN || lv->bound - r->pos < 8) {
        return end_read(r);
    }

    if (h.tag == PACS_TAG_SEQ_END && lv->seq_end == PACS_NO_END
        && h.length == 0)
    {
        r->pos += 8;
        pacs_sequence_close(r);
        return PACS_OK;
    }
    if (h.tag != PACS_TAG_ITEM) {
        return pacs_fail_at(r, h.tag, "where an item of sequence " PACS_TAG_FMT
                            " should be", pacs_tag_args(lv->seq->tag));
    }

    bool  undefined = h.length == PACS_UNDEFINED;

    if (!undefined && h.length > lv->bound - r->pos - 8) {
        return pacs_fail_at(r, h.tag, "item of length %" PRIu32 " goes past "
                            "the end at %" PRIu64, h.length, lv->bound);
    }

    r->pos += 8;
    if (!undefined) {
        lv->bound = r->pos + h.length;
    }
    return pacs_item_open(r, undefined ? PACS_NO_END : lv->bound);
}


static int
run(pacs_reader_t *r)
{
    int  rc = PACS_OK;

    while (rc == PACS_OK && !r->done) {
        rc = r->level->item != NULL ? item_step(r) : sequence_step(r);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    pacs_ambiguous_resolve(r);

    pacs_str_t  ranges = pacs_buf_take(&r->fragments, r->a);

    if (ranges.data == NULL) {
        return pacs_fail(r->err, PACS_E_NOMEM, "out of memory");
    }
    r->ds->fragments = r->ds->nfragments == 0
                       ? NULL : (pacs_range_t *) (void *) ranges.data;
    return PACS_OK;
}


int
pacs_reader_dataset(pacs_window_t *w, uint64_t off,
    const pacs_limits_t *limits, size_t keep, pacs_arena_t *a,
    pacs_dataset_t *ds, pacs_err_t *err)
{
    pacs_reader_t  r = { .w = w, .limits = limits, .a = a, .ds = ds, .err = err,
                    .pos = off, .keep = keep < KEEP_MIN ? KEEP_MIN : keep };

    if (r.keep > (uint64_t) limits->value) {
        r.keep = (uint64_t) limits->value;
    }

    int  rc = pacs_level_push(&r, NULL, ds->syntax->explicit_vr,
                         ds->syntax->big_endian);

    if (rc == PACS_OK) {
        r.level->bound = w->src->size;
        rc = pacs_item_open(&r, w->src->size);
    }
    if (rc == PACS_OK) {
        ds->root = r.level->item;
        ds->size = w->src->size;
        rc = run(&r);
    }

    pacs_buf_free(&r.fragments);
    return rc;
}


int
pacs_reader_items(pacs_window_t *w, const pacs_limits_t *limits,
    size_t keep, pacs_arena_t *a, pacs_dataset_t *ds, pacs_item_t *item,
    pacs_elem_t *e, pacs_err_t *err)
{
    pacs_reader_t      r = { .w = w, .limits = limits, .a = a, .ds = ds,
                        .err = err, .keep = keep };
    pacs_elem_t  seq = *e;
    int          rc = pacs_level_push(&r, NULL, false, false);

    if (rc != PACS_OK) {
        return rc;
    }

    pacs_level_t *root = r.level;

    root->item = item;
    root->item_end = root->bound = e->offset + e->length;
    rc = sequence_open(&r, &seq, true);

    while (rc == PACS_OK && r.level != root) {
        rc = r.level->item != NULL ? item_step(&r) : sequence_step(&r);
    }

    if (rc == PACS_OK) {
        pacs_ambiguous_resolve(&r);
        e->vr = PACS_SQ;
        e->items = seq.items;
    }
    return rc;
}


static int
meta_elem(pacs_reader_t *r, const pacs_header_t *h)
{
    uint64_t  room = r->level->bound - r->pos;

    if (room < h->size || h->length > room - h->size) {
        return pacs_fail_at(r, h->tag, "length %" PRIu32 " goes past the end "
                            "at %" PRIu64, h->length, r->level->bound);
    }

    pacs_elem_t *e = pacs_elem_add(r, h, h->vr);

    return e == NULL ? r->err->code : pacs_value_read(r, h, e);
}


int
pacs_reader_meta(pacs_window_t *w, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_dataset_t *ds, pacs_err_t *err)
{
    pacs_reader_t       r = { .w = w, .limits = limits, .a = a, .ds = ds,
                         .err = err, .pos = 132, .keep = 1024 };
    pacs_header_t  h = { 0 };
    int            rc = pacs_level_push(&r, NULL, true, false);

    if (rc == PACS_OK) {
        r.level->bound = w->src->size;
        rc = pacs_item_open(&r, PACS_NO_END);
    }

    /* the group length may lie: group 2 ends where another one begins */
    while (rc == PACS_OK) {
        size_t          got;
        const uint8_t  *p = pacs_window_at(w, r.pos, 2, &got, err);

        if (p == NULL) {
            return err->code;
        }
        if (got < 2 || pacs_get16(p, false) != 2) {
            break;
        }

        rc = pacs_header_read(w, r.pos, true, false, &h, err);
        rc = rc == PACS_AGAIN
             ? pacs_fail(err, PACS_E_PARSE, "file meta information is cut off "
                         "at offset %" PRIu64, r.pos)
             : rc == PACS_OK ? meta_elem(&r, &h) : rc;
    }
    if (rc != PACS_OK) {
        return rc;
    }

    ds->meta = r.level->item;
    ds->start = r.pos;
    pacs_item_close(&r);
    return PACS_OK;
}
