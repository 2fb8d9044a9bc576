/* SPDX-License-Identifier: BSD-2-Clause */

/* open sequences and items, and the tree that grows from them */

#include <inttypes.h>
#include <stdio.h>

#include "dicom/level.h"


int
pacs_reader_fail(pacs_reader_t *r, int code, uint32_t tag, uint64_t off,
    const char *fmt, ...)
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
void *
pacs_reader_take(pacs_reader_t *r, size_t size)
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


/* elements and items, which cost about the same */
static int
count_node(pacs_reader_t *r, uint32_t tag)
{
    return ++r->nelems <= r->limits->elements ? PACS_OK
           : pacs_reader_fail(r, PACS_E_LIMIT, tag, r->pos, "more elements "
                              "than limit elements (%" PRId64 ")",
                              r->limits->elements);
}


int
pacs_level_push(pacs_reader_t *r, pacs_elem_t *seq, bool explicit_vr,
    bool big_endian)
{
    pacs_level_t  *outer = r->level;
    pacs_level_t  *lv = outer == NULL ? NULL : outer->inner;

    if (outer != NULL && ++r->depth > r->limits->nesting) {
        return pacs_reader_fail(r, PACS_E_LIMIT, seq->tag, seq->offset,
                                "sequences nested deeper than limit nesting (%"
                                PRId64 ")", r->limits->nesting);
    }

    if (lv == NULL) {
        lv = pacs_reader_take(r, sizeof(*lv));
        if (lv == NULL) {
            return r->err->code;
        }
        lv->inner = NULL;
        if (outer != NULL) {
            outer->inner = lv;
        }
    }

    pacs_level_t *inner = lv->inner;

    *lv = (pacs_level_t) { .outer = outer, .inner = inner, .seq = seq,
                           .explicit_vr = explicit_vr,
                           .big_endian = big_endian };
    r->level = lv;
    return PACS_OK;
}


int
pacs_item_open(pacs_reader_t *r, uint64_t end)
{
    pacs_level_t  *lv = r->level;
    pacs_node_t   *node = pacs_reader_take(r, sizeof(*node));

    if (node == NULL || count_node(r, PACS_TAG_ITEM) != PACS_OK) {
        return r->err->code;
    }

    pacs_item_t *item = &node->item;

    *node = (pacs_node_t) { .is_signed = -1 };
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


/* stable by tag: bottom-up merge, runs of 1, 2, 4, … */
static pacs_elem_t *
elems_sort(pacs_elem_t *list)
{
    size_t  merges = 2;

    for (size_t run = 1; merges > 1; run *= 2) {
        pacs_elem_t  *p = list, **tail = &list;

        for (merges = 0; p != NULL; merges++) {
            pacs_elem_t  *q = p;
            size_t        np = 0, nq = run;

            while (np < run && q != NULL) {
                np++;
                q = q->next;
            }

            while (np != 0 || (nq != 0 && q != NULL)) {
                bool  left = np != 0 && (nq == 0 || q == NULL
                                         || p->tag <= q->tag);

                if (left) {
                    *tail = p;
                    p = p->next;
                    np--;
                } else {
                    *tail = q;
                    q = q->next;
                    nq--;
                }
                tail = &(*tail)->next;
            }
            p = q;
        }
        *tail = NULL;
    }

    return list;
}


void
pacs_item_close(pacs_reader_t *r)
{
    pacs_level_t *lv = r->level;

    if (lv->unsorted) {
        lv->item->elems = elems_sort(lv->item->elems);
    }

    if (lv->outer == NULL) {
        r->done = true;
        return;
    }

    lv->item = NULL;
    lv->bound = lv->seq_end == PACS_NO_END ? lv->outer->bound : lv->seq_end;
}


void
pacs_sequence_close(pacs_reader_t *r)
{
    pacs_level_t *lv = r->level;

    lv->seq->length = r->pos - lv->seq->offset;
    r->level = lv->outer;
    r->depth--;
}


pacs_elem_t *
pacs_elem_add(pacs_reader_t *r, const pacs_header_t *h, uint16_t vr)
{
    pacs_level_t  *lv = r->level;
    pacs_elem_t   *e = pacs_reader_take(r, sizeof(*e));

    if (e == NULL || count_node(r, h->tag) != PACS_OK) {
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
