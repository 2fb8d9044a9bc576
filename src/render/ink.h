/* SPDX-License-Identifier: BSD-2-Clause */

/* A sheet as large as a picture, on which graphics of a presentation state
 * are drawn one over the other before it is laid upon the rows; private to
 * render. */

#ifndef PACS_RENDER_INK_H
#define PACS_RENDER_INK_H

#include "render/state_parts.h"

typedef struct {
    pacs_rows_t             rows;       /* first: what the encoder knows */
    pacs_rows_t            *under;
    const pacs_geometry_t  *g;
    uint32_t                width, height;
    uint8_t                *opacity;    /* a pixel */
    uint8_t                *colour;     /* channels a pixel */
    uint8_t                *cover;      /* of the mark that is drawn, within */
    uint32_t                left, top, right, bottom;   /* this; right and
                                           bottom are the first ones beyond */
    double                  stroke;     /* pixels a line is wide */
    int64_t                 work;       /* pixels that may yet be touched */
    pacs_drawn_t           *drawn;
    pacs_arena_t           *arena;
} pacs_sheet_t;

/* ink.c: the rectangle of the next mark, cut at the edges and cleared; false:
 * nothing of it is on the sheet, or (work < 0) too much was drawn */
bool pacs_sheet_begin(pacs_sheet_t *s, double left, double top, double right,
    double bottom);
/* what is in cover, in this colour */
void pacs_sheet_end(pacs_sheet_t *s, const pacs_tint_t *tint,
    uint8_t opacity);
pacs_place_t pacs_sheet_place(const pacs_sheet_t *s, unsigned units,
    pacs_place_t p);

/* ink_line.c: between pacs_sheet_begin and _end; places are the picture's */
void pacs_sheet_line(pacs_sheet_t *s, pacs_place_t p, pacs_place_t q,
    double half);
void pacs_sheet_fill(pacs_sheet_t *s, const pacs_place_t *p, size_t n,
    double *crossings);
void pacs_sheet_bits(pacs_sheet_t *s, const pacs_plane_bits_t *bits);

/* ink_text.c */
int pacs_sheet_text(pacs_sheet_t *s, const pacs_mark_t *m, pacs_err_t *err);

#endif
