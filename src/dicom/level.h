/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The state of the data set reader, for its own files only: a list of open
 * sequences instead of recursion.  A level is a sequence with its open item;
 * level 0 is the data set itself.
 */

#ifndef PACS_DICOM_LEVEL_H
#define PACS_DICOM_LEVEL_H

#include "dicom/reader.h"

typedef struct pacs_level_s  pacs_level_t;

struct pacs_level_s {
    pacs_level_t  *outer, *inner;   /* inner: memory to use again */
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
} pacs_node_t;

/* a VR that is known only when the data set is read */
typedef struct pacs_ambiguous_s  pacs_ambiguous_t;

struct pacs_ambiguous_s {
    pacs_ambiguous_t  *next;
    pacs_elem_t       *elem;
    pacs_node_t       *node;
    uint16_t           alt;
};

typedef struct {
    pacs_window_t        *w;
    const pacs_limits_t  *limits;
    pacs_arena_t         *a;
    pacs_dataset_t       *ds;
    pacs_err_t           *err;
    pacs_level_t         *level;
    pacs_ambiguous_t     *ambiguous;
    pacs_buf_t            fragments;
    uint64_t              pos;
    uint64_t              keep;
    int64_t               depth;
    int64_t               nelems;
    uint64_t              memory;
    bool                  done;
} pacs_reader_t;

#define pacs_fail_at(r, tag, ...)                                             \
    pacs_reader_fail(r, PACS_E_PARSE, tag, (r)->pos, __VA_ARGS__)

/* "(gggg,eeee) at offset N: …" into r->err; returns code */
int pacs_reader_fail(pacs_reader_t *r, int code, uint32_t tag, uint64_t off,
    const char *fmt, ...) PACS_PRINTF(5, 6);
/* memory from the arena, within limit dataset; NULL: r->err is set */
void *pacs_reader_take(pacs_reader_t *r, size_t size);

int pacs_level_push(pacs_reader_t *r, pacs_elem_t *seq, bool explicit_vr,
    bool big_endian);
/* end: PACS_NO_END where a delimiter ends it */
int pacs_item_open(pacs_reader_t *r, uint64_t end);
void pacs_item_close(pacs_reader_t *r);
void pacs_sequence_close(pacs_reader_t *r);
/* a new element at the end of the open item; NULL: r->err is set */
pacs_elem_t *pacs_elem_add(pacs_reader_t *r, const pacs_header_t *h,
    uint16_t vr);

bool pacs_is_pixels(uint32_t tag);
/* PACS_SQ: items follow.  Undefined lengths are for SQ and encapsulated
 * values only */
int pacs_resolve_vr(pacs_reader_t *r, const pacs_header_t *h, uint16_t *vr);
bool pacs_un_is_explicit(pacs_reader_t *r, const pacs_elem_t *e);
/* these leave r->pos behind the value */
int pacs_value_read(pacs_reader_t *r, const pacs_header_t *h,
    pacs_elem_t *e);
int pacs_fragments_read(pacs_reader_t *r, pacs_elem_t *e);
/* at the end: the VRs that other elements decide on */
void pacs_ambiguous_resolve(pacs_reader_t *r);

#endif
