/* SPDX-License-Identifier: BSD-2-Clause */

/* Black around the rows of an image, where what is shown reaches beyond it. */

#include <string.h>

#include "render/pipeline.h"

typedef struct {
    pacs_rows_t   rows;         /* first: what the encoder knows */
    pacs_rows_t  *within;
    uint32_t      left, top;
    uint8_t      *line;         /* one row of the image */
} canvas_t;


static void
canvas_row(pacs_rows_t *rows, uint32_t y, uint8_t *out)
{
    const canvas_t  *c = (const canvas_t *) rows;
    size_t           pixel = rows->channels * (rows->depth / 8);

    memset(out, 0, rows->width * pixel);
    if (y >= c->top && y - c->top < c->within->height) {
        c->within->row(c->within, y - c->top, c->line);
        memcpy(out + c->left * pixel, c->line, c->within->width * pixel);
    }
}


int
pacs_canvas(pacs_rows_t **rows, pacs_arena_t *a, pacs_err_t *err)
{
    pacs_rows_t            *within = *rows;
    const pacs_geometry_t  *g = within->g;
    const pacs_axis_t      *x = g->turned ? &g->y : &g->x;
    const pacs_axis_t      *y = g->turned ? &g->x : &g->y;

    if (x->canvas == x->n && y->canvas == y->n) {
        return PACS_OK;
    }

    canvas_t  *c = pacs_calloc(a, 1, sizeof(*c));

    if (c == NULL
        || (c->line = pacs_calloc(a, within->width, within->channels
                                                    * (within->depth / 8)))
           == NULL)
    {
        return pacs_fail(err, PACS_E_NOMEM, "canvas");
    }

    c->rows = *within;
    c->rows.width = x->canvas;
    c->rows.height = y->canvas;
    c->rows.row = canvas_row;
    c->within = within;
    c->left = x->before;
    c->top = y->before;
    *rows = &c->rows;
    return PACS_OK;
}
