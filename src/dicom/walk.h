/* SPDX-License-Identifier: BSD-2-Clause */

/* a data set's tree in the order of a file, without recursion; group
 * lengths and trailing padding are left out */

#ifndef PACS_DICOM_WALK_H
#define PACS_DICOM_WALK_H

#include "dicom/reader.h"

typedef enum {
    PACS_WALK_ELEM, PACS_WALK_SQ, PACS_WALK_ITEM, PACS_WALK_ITEM_END,
    PACS_WALK_SQ_END
} pacs_walk_e;

typedef struct {
    pacs_walk_e          event;
    const pacs_elem_t   *elem;      /* ELEM and SQ */
    const pacs_item_t   *item;      /* that elem lies in */
    pacs_buf_t           stack;
} pacs_walk_t;

void pacs_walk_init(pacs_walk_t *w, const pacs_item_t *root);
/* false: the end, or out of memory (stack.failed) */
bool pacs_walk_next(pacs_walk_t *w);
/* goes into elem, just given as ELEM, as the sequence that it turned to */
void pacs_walk_into(pacs_walk_t *w);
void pacs_walk_end(pacs_walk_t *w);

/* values of a binary VR between big and little endian, in place */
void pacs_swap(uint16_t vr, uint8_t *p, size_t len);

#endif
