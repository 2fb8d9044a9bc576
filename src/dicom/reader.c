/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The data set reader, PS3.5 7: one loop and a list of open sequences, no
 * recursion.  A level is a sequence with its open item; level 0 is the data
 * set itself.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dicom/reader.h"

enum { KEEP_MIN = 256, PADDING_MAX = 1 << 20 };

typedef struct level_s  level_t;

struct level_s {
    level_t       *outer, *inner;   /* inner: memory to use again */
    pacs_elem_t   *seq;             /* NULL: level 0 */
    pacs_item_t   *item;            /* NULL: between two items */
    pacs_item_t  **item_tail;
    pacs_elem_t  **elem_tail;
    uint64_t       seq_end;         /* PACS_NO_END: a delimiter ends it */
    uint64_t       item_end;
    uint64_t       bound;           /* end of the nearest known length */
    uint32_t       last_tag;
    bool           unsorted;
    bool           explicit_vr;
    bool           big_endian;
};

/* an item with what decides on the VR of "US or SS" and LUT Data in it */
typedef struct {
    pacs_item_t  item;      /* first: what callers see */
    int8_t       is_signed; /* Pixel Representation, -1: absent */
    bool         one_entry; /* LUT Descriptor */
} node_t;

/* a VR that is known only when the data set is read */
typedef struct ambiguous_s  ambiguous_t;

struct ambiguous_s {
    ambiguous_t  *next;
    pacs_elem_t  *elem;
    node_t       *node;
    uint16_t      alt;
};

typedef struct {
    pacs_window_t        *w;
    const pacs_limits_t  *limits;
    pacs_arena_t         *a;
    pacs_dataset_t       *ds;
    pacs_err_t           *err;
    level_t              *level;
    ambiguous_t          *ambiguous;
    pacs_buf_t            fragments;
    uint64_t              pos;
    uint64_t              keep;
    int64_t               depth;
    int64_t               nelems;
    uint64_t              memory;
    bool                  done;
} reader_t;


#define fail_at(r, tag, ...)                                                  \
    fail_tag(r, PACS_E_PARSE, tag, (r)->pos, __VA_ARGS__)


PACS_PRINTF(5, 6)
static int
fail_tag(reader_t *r, int code, uint32_t tag, uint64_t off, const char *fmt,
    ...)
{
    char     what[256];
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);

    return pacs_fail(r->err, code, PACS_TAG_FMT " at offset %" PRIu64 ": %s",
                     pacs_tag_args(tag), off, what);
}


/* memory from the arena, within limit dataset */
static void *
take(reader_t *r, size_t size)
{
    void *p = NULL;

    r->memory += size;

    if (r->memory > (uint64_t) r->limits->dataset) {
        pacs_fail(r->err, PACS_E_LIMIT, "data set at offset %" PRIu64
                  ": more memory than limit dataset (%" PRId64 " bytes)",
                  r->pos, r->limits->dataset);
        return NULL;
    }

    p = pacs_alloc(r->a, size);
    if (p == NULL) {
        pacs_fail(r->err, PACS_E_NOMEM, "out of memory");
    }
    return p;
}


static int
level_push(reader_t *r, pacs_elem_t *seq, bool explicit_vr, bool big_endian)
{
    level_t  *outer = r->level, *lv = outer == NULL ? NULL : outer->inner;

    if (outer != NULL && ++r->depth > r->limits->nesting) {
        return fail_tag(r, PACS_E_LIMIT, seq->tag, seq->offset, "sequences "
                        "nested deeper than limit nesting (%" PRId64 ")",
                        r->limits->nesting);
    }

    if (lv == NULL) {
        lv = take(r, sizeof(*lv));
        if (lv == NULL) {
            return r->err->code;
        }
        lv->inner = NULL;
        if (outer != NULL) {
            outer->inner = lv;
        }
    }

    level_t *inner = lv->inner;

    *lv = (level_t) { .outer = outer, .inner = inner, .seq = seq,
                      .explicit_vr = explicit_vr, .big_endian = big_endian };
    r->level = lv;
    return PACS_OK;
}


static int
item_open(reader_t *r, uint64_t end)
{
    level_t  *lv = r->level;
    node_t   *node = take(r, sizeof(*node));

    if (node == NULL) {
        return r->err->code;
    }

    pacs_item_t *item = &node->item;

    *node = (node_t) { .is_signed = -1 };
    item->big_endian = lv->big_endian;
    item->implicit = !lv->explicit_vr;

    if (lv->outer != NULL) {
        item->parent = lv->outer->item;
        item->charset = item->parent->charset;
        *lv->item_tail = item;
        lv->item_tail = &item->next;
    }

    lv->item = item;
    lv->item_end = end;
    lv->elem_tail = &item->elems;
    lv->last_tag = 0;
    lv->unsorted = false;
    return PACS_OK;
}


static void
item_close(reader_t *r)
{
    level_t *lv = r->level;

    if (lv->unsorted) {
        lv->item->elems = pacs_elems_sort(lv->item->elems);
    }

    if (lv->outer == NULL) {
        r->done = true;
        return;
    }

    lv->item = NULL;
    lv->bound = lv->seq_end == PACS_NO_END ? lv->outer->bound : lv->seq_end;
}


static void
sequence_close(reader_t *r)
{
    level_t *lv = r->level;

    lv->seq->length = r->pos - lv->seq->offset;
    r->level = lv->outer;
    r->depth--;
}


static pacs_elem_t *
elem_add(reader_t *r, const pacs_header_t *h, uint16_t vr)
{
    level_t      *lv = r->level;
    pacs_elem_t  *e = take(r, sizeof(*e));

    if (e == NULL) {
        return NULL;
    }
    if (++r->nelems > r->limits->elements) {
        fail_tag(r, PACS_E_LIMIT, h->tag, r->pos, "more elements than limit "
                 "elements (%" PRId64 ")", r->limits->elements);
        return NULL;
    }

    *e = (pacs_elem_t) { .tag = h->tag, .vr = vr,
                         .undefined = h->length == PACS_UNDEFINED,
                         .length = h->length, .offset = r->pos + h->size };
    *lv->elem_tail = e;
    lv->elem_tail = &e->next;
    lv->unsorted |= h->tag < lv->last_tag;
    lv->last_tag = h->tag;
    return e;
}


/* the rest of a data set of known length is zero: tolerated padding */
static int
check_padding(reader_t *r)
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
    item_close(r);
    return PACS_OK;
}


/* what shows that the declared transfer syntax is not the real one */
static int
check_syntax(reader_t *r, const pacs_header_t *h)
{
    const level_t  *lv = r->level;
    uint8_t         low = (uint8_t) h->length;
    uint8_t         high = (uint8_t) (h->length >> 8);

    if (lv->outer == NULL && lv->last_tag == 0 && h->tag >> 16 == 0x0800) {
        return fail_at(r, h->tag, "byte order is not the one of transfer "
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

    return fail_at(r, h->tag, "explicit VR %c%c where transfer syntax %s has "
                   "implicit VR", low, high, r->ds->syntax_uid);
}


static int
check_tag(reader_t *r, const pacs_header_t *h)
{
    uint32_t  group = h->tag >> 16;

    if (group == 0xFFFE) {
        return fail_at(r, h->tag, "item or delimiter where an element should "
                       "be");
    }
    if (group == 0 || group == 2) {
        return fail_at(r, h->tag, "element of group %04X inside the data set",
                       group);
    }
    return check_syntax(r, h);
}


static bool
is_item(const uint8_t *p, size_t len)
{
    return p != NULL && len >= 8 && pacs_get32(p, 0) == 0xE000FFFE;
}


/* the content of UN is implicit VR, PS3.5 6.2.2; some writers leave it
 * explicit: the first element behind the first item tag tells */
static bool
un_is_explicit(reader_t *r, const pacs_elem_t *e)
{
    size_t          got;
    const uint8_t  *p = pacs_window_at(r->w, e->offset, 16, &got, r->err);

    if (!is_item(p, got) || got < 16) {
        return false;
    }

    const pacs_vr_t *vr = pacs_vr(PACS_VR(p[12], p[13]));

    const pacs_tag_t *t = pacs_tag((uint32_t) pacs_get16(p + 8, 0) << 16
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


static bool
is_pixels(uint32_t tag)
{
    return tag == PACS_TAG_PIXELS || tag == 0x7FE00008 || tag == 0x7FE00009;
}


/* PACS_SQ: items follow; *undefined only with SQ and encapsulated values */
static int
resolve_vr(reader_t *r, const pacs_header_t *h, uint16_t *vr)
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
        return fail_at(r, h->tag, "undefined length with VR %c%c", *vr >> 8,
                       *vr & 0xff);
    }
    if (!known) {
        *vr = is_pixels(h->tag) ? PACS_OB : PACS_SQ;
    }
    return PACS_OK;
}


static int
sequence_open(reader_t *r, pacs_elem_t *e, bool un)
{
    level_t   *outer = r->level;
    bool       explicit_vr = un ? un_is_explicit(r, e) : outer->explicit_vr;
    bool       big_endian = un ? false : outer->big_endian;
    int        rc = level_push(r, e, explicit_vr, big_endian);

    if (rc != PACS_OK) {
        return rc;
    }

    level_t *lv = r->level;

    lv->item_tail = &e->items;
    lv->seq_end = e->undefined ? PACS_NO_END : e->offset + e->length;
    lv->bound = e->undefined ? outer->bound : lv->seq_end;
    r->pos = e->offset;
    return PACS_OK;
}


static int
fragment_add(reader_t *r, const pacs_elem_t *e, int64_t n, uint64_t off,
    uint32_t len)
{
    pacs_range_t  range = { off, len };

    if (n > r->limits->fragments) {
        return fail_tag(r, PACS_E_LIMIT, e->tag, off, "more fragments than "
                        "limit fragments (%" PRId64 ")", r->limits->fragments);
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
static int
fragments_read(reader_t *r, pacs_elem_t *e)
{
    level_t        *lv = r->level;
    pacs_header_t   h;

    r->pos = e->offset;

    for (int64_t n = 0; ; n++) {
        int  rc = pacs_header_read(r->w, r->pos, false, lv->big_endian, &h,
                                   r->err);

        if (rc == PACS_AGAIN || (rc == PACS_OK && lv->bound - r->pos < 8)) {
            return fail_at(r, e->tag, "ends without a sequence delimiter");
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
            return fail_at(r, h.tag, "where a fragment of " PACS_TAG_FMT
                           " should be", pacs_tag_args(e->tag));
        }
        if (h.length == PACS_UNDEFINED
            || h.length > lv->bound - r->pos - 8)
        {
            return fail_at(r, e->tag, "fragment of length %" PRIu32
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
ambiguous_add(reader_t *r, const pacs_header_t *h, pacs_elem_t *e)
{
    const pacs_tag_t *t = h->vr == 0 || h->vr == PACS_UN ? pacs_tag(h->tag)
                                                         : NULL;

    if (t == NULL || t->vr_alt == 0) {
        return PACS_OK;
    }

    ambiguous_t *x = take(r, sizeof(*x));

    if (x == NULL) {
        return r->err->code;
    }

    *x = (ambiguous_t) { r->ambiguous, e, (node_t *) r->level->item,
                         t->vr_alt };
    r->ambiguous = x;
    return PACS_OK;
}


static int
value_keep(reader_t *r, pacs_elem_t *e)
{
    size_t    n = (size_t) e->length;
    uint8_t  *p = take(r, n + 1);

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
    node_t *node = (node_t *) item;

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
value_skip(reader_t *r, const pacs_elem_t *e)
{
    uint8_t  last;

    return r->w->src->size != PACS_NO_END || e->length == 0 ? PACS_OK
           : pacs_source_exact(r->w->src, e->offset + e->length - 1, &last, 1,
                               r->err);
}


static int
value_read(reader_t *r, const pacs_header_t *h, pacs_elem_t *e)
{
    level_t  *lv = r->level;
    bool      bulk = e->length > r->keep
                     || (is_pixels(e->tag) && lv->outer == NULL);
    int       rc = bulk ? value_skip(r, e) : value_keep(r, e);

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


static int
elem_read(reader_t *r, const pacs_header_t *h)
{
    level_t   *lv = r->level;
    uint64_t   room = lv->bound - r->pos;
    uint16_t   vr;
    int        rc = resolve_vr(r, h, &vr);

    if (rc != PACS_OK) {
        return rc;
    }

    if (room < h->size
        || (h->length != PACS_UNDEFINED && h->length > room - h->size))
    {
        return fail_at(r, h->tag, "length %" PRIu32 " goes past the end at %"
                       PRIu64, h->length, lv->bound);
    }

    pacs_elem_t *e = elem_add(r, h, vr);

    if (e == NULL) {
        return r->err->code;
    }
    if (lv->outer == NULL && is_pixels(e->tag) && r->ds->pixels == NULL) {
        r->ds->pixels = e;
    }
    if (vr == PACS_SQ) {
        return sequence_open(r, e, h->vr == PACS_UN);
    }
    return e->undefined ? fragments_read(r, e) : value_read(r, h, e);
}


/* fewer than 8 bytes are left of the item, sequence or data set */
static int
end_read(reader_t *r)
{
    level_t *lv = r->level;

    if (lv->outer != NULL) {
        return fail_tag(r, PACS_E_PARSE, lv->seq->tag, lv->seq->offset,
                        "sequence ends at %" PRIu64 " inside an element",
                        r->pos);
    }
    return check_padding(r);
}


static int
item_step(reader_t *r)
{
    level_t        *lv = r->level;
    pacs_header_t   h;

    if (r->pos == lv->item_end) {
        item_close(r);
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
        item_close(r);
        return PACS_OK;
    }

    rc = check_tag(r, &h);

    return rc == PACS_OK ? elem_read(r, &h) : rc;
}


static int
sequence_step(reader_t *r)
{
    level_t        *lv = r->level;
    pacs_header_t   h;

    if (r->pos == lv->seq_end) {
        sequence_close(r);
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
        sequence_close(r);
        return PACS_OK;
    }
    if (h.tag != PACS_TAG_ITEM) {
        return fail_at(r, h.tag, "where an item of sequence " PACS_TAG_FMT
                       " should be", pacs_tag_args(lv->seq->tag));
    }

    bool  undefined = h.length == PACS_UNDEFINED;

    if (!undefined && h.length > lv->bound - r->pos - 8) {
        return fail_at(r, h.tag, "item of length %" PRIu32
                       " goes past the end at %" PRIu64, h.length, lv->bound);
    }

    r->pos += 8;
    if (!undefined) {
        lv->bound = r->pos + h.length;
    }
    return item_open(r, undefined ? PACS_NO_END : lv->bound);
}


/* Pixel Representation of this item or the nearest one around it */
static bool
pixels_signed(const node_t *node)
{
    while (node != NULL && node->is_signed < 0) {
        node = (const node_t *) node->item.parent;
    }
    return node != NULL && node->is_signed;
}


/* PS3.5 A.1 and PS3.3: US or SS by Pixel Representation; OB or OW is OW in
 * implicit VR; LUT Data of more than one entry is OW */
static void
ambiguous_resolve(ambiguous_t *x)
{
    x->elem->vr = x->elem->tag == 0x00283006
                  ? (x->node->one_entry ? PACS_US : PACS_OW)
                  : x->alt != PACS_SS ? x->alt
                  : pixels_signed(x->node) ? PACS_SS : PACS_US;
}


static int
run(reader_t *r)
{
    int  rc = PACS_OK;

    while (rc == PACS_OK && !r->done) {
        rc = r->level->item != NULL ? item_step(r) : sequence_step(r);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    for (ambiguous_t *x = r->ambiguous; x != NULL; x = x->next) {
        ambiguous_resolve(x);
    }

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
    reader_t  r = { .w = w, .limits = limits, .a = a, .ds = ds, .err = err,
                    .pos = off, .keep = keep < KEEP_MIN ? KEEP_MIN : keep };

    if (r.keep > (uint64_t) limits->value) {
        r.keep = (uint64_t) limits->value;
    }

    int  rc = level_push(&r, NULL, ds->syntax->explicit_vr,
                         ds->syntax->big_endian);

    if (rc == PACS_OK) {
        r.level->bound = w->src->size;
        rc = item_open(&r, w->src->size);
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
    reader_t      r = { .w = w, .limits = limits, .a = a, .ds = ds,
                        .err = err, .keep = keep };
    pacs_elem_t   seq = *e;
    int           rc = level_push(&r, NULL, false, false);

    if (rc != PACS_OK) {
        return rc;
    }

    level_t *root = r.level;

    root->item = item;
    root->item_end = root->bound = e->offset + e->length;
    rc = sequence_open(&r, &seq, true);

    while (rc == PACS_OK && r.level != root) {
        rc = r.level->item != NULL ? item_step(&r) : sequence_step(&r);
    }

    if (rc == PACS_OK) {
        for (ambiguous_t *x = r.ambiguous; x != NULL; x = x->next) {
            ambiguous_resolve(x);
        }
        e->vr = PACS_SQ;
        e->items = seq.items;
    }
    return rc;
}


static int
meta_elem(reader_t *r, const pacs_header_t *h)
{
    uint64_t  room = r->level->bound - r->pos;

    if (room < h->size || h->length > room - h->size) {
        return fail_at(r, h->tag, "length %" PRIu32 " goes past the end at %"
                       PRIu64, h->length, r->level->bound);
    }

    pacs_elem_t *e = elem_add(r, h, h->vr);

    return e == NULL ? r->err->code : value_read(r, h, e);
}


int
pacs_reader_meta(pacs_window_t *w, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_dataset_t *ds, pacs_err_t *err)
{
    reader_t       r = { .w = w, .limits = limits, .a = a, .ds = ds,
                         .err = err, .pos = 132, .keep = 1024 };
    pacs_header_t  h = { 0 };
    int            rc = level_push(&r, NULL, true, false);

    if (rc == PACS_OK) {
        r.level->bound = w->src->size;
        rc = item_open(&r, PACS_NO_END);
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
    item_close(&r);
    return PACS_OK;
}
