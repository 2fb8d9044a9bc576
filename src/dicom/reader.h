/* SPDX-License-Identifier: BSD-2-Clause */

/* the parts of the Part 10 reader, for this room only */

#ifndef PACS_DICOM_READER_H
#define PACS_DICOM_READER_H

#include "dicom/dicom.h"

#define PACS_NO_END        UINT64_MAX
#define PACS_WINDOW        65536
#define PACS_TAG_ITEM      0xFFFEE000u
#define PACS_TAG_ITEM_END  0xFFFEE00Du
#define PACS_TAG_SEQ_END   0xFFFEE0DDu
#define PACS_TAG_PIXELS    0x7FE00010u

/* "(0010,0020)": pacs_tag_args() for PACS_TAG_FMT */
#define PACS_TAG_FMT        "(%04X,%04X)"
#define pacs_tag_args(tag)  (unsigned) (tag) >> 16, (unsigned) (tag) & 0xffff


/* a sliding view of a source that only ever moves forward in it, so that
 * an inflating source never starts again */
typedef struct {
    pacs_source_t  *src;
    uint64_t        base;       /* offset of data[0] */
    size_t          len;
    const uint8_t  *data;       /* buf, or the memory of src */
    uint8_t        *buf;        /* PACS_WINDOW bytes */
} pacs_window_t;

void pacs_window_init(pacs_window_t *w, pacs_source_t *src, uint8_t *buf);
/* up to n (<= 4096) bytes at off; *got < n only at the end; NULL: error */
const uint8_t *pacs_window_at(pacs_window_t *w, uint64_t off, size_t n,
    size_t *got, pacs_err_t *err);
/* copies n bytes at off; PACS_E_PARSE where the source ends before */
int pacs_window_copy(pacs_window_t *w, uint64_t off, void *to, size_t n,
    pacs_err_t *err);

/* element header, PS3.5 7.1 */
typedef struct {
    uint32_t  tag;
    uint32_t  length;
    uint16_t  vr;           /* 0: implicit, or an item tag */
    uint8_t   size;         /* bytes of the header */
} pacs_header_t;

/* PACS_OK, PACS_AGAIN: fewer than 8 bytes are left, PACS_E_* */
int pacs_header_read(pacs_window_t *w, uint64_t off, bool explicit_vr,
    bool big_endian, pacs_header_t *h, pacs_err_t *err);

/* group 2 at offset 132 into ds->meta; sets ds->start */
int pacs_reader_meta(pacs_window_t *w, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_dataset_t *ds, pacs_err_t *err);
/* the data set at off into ds->root; ds->syntax is set.  w may be of
 * unknown size (PACS_NO_END): ds->size is set */
int pacs_reader_dataset(pacs_window_t *w, uint64_t off,
    const pacs_limits_t *limits, size_t keep, pacs_arena_t *a,
    pacs_dataset_t *ds, pacs_err_t *err);

/* the held or bulk value of an UN element as the sequence it may be: sets
 * e->vr and e->items, or leaves them and returns PACS_E_PARSE */
int pacs_reader_items(pacs_window_t *w, const pacs_limits_t *limits,
    size_t keep, pacs_arena_t *a, pacs_dataset_t *ds, pacs_item_t *item,
    pacs_elem_t *e, pacs_err_t *err);

static inline uint16_t
pacs_get16(const uint8_t *p, bool big)
{
    return big ? (uint16_t) (p[0] << 8 | p[1]) : (uint16_t) (p[1] << 8 | p[0]);
}

static inline uint32_t
pacs_get32(const uint8_t *p, bool big)
{
    return big ? (uint32_t) pacs_get16(p, 1) << 16 | pacs_get16(p + 2, 1)
           : (uint32_t) pacs_get16(p + 2, 0) << 16 | pacs_get16(p, 0);
}

static inline uint64_t
pacs_get64(const uint8_t *p, bool big)
{
    return big ? (uint64_t) pacs_get32(p, 1) << 32 | pacs_get32(p + 4, 1)
           : (uint64_t) pacs_get32(p + 4, 0) << 32 | pacs_get32(p, 0);
}

#endif
