/* SPDX-License-Identifier: BSD-2-Clause */

/* The graphics of a presentation state upon the rows of a picture, layer by
 * layer. */

#include <math.h>
#include <string.h>

#include "render/ink.h"

/* a line is as wide as this part of the shorter side, or 1.5 pixels */
enum { LINES_PER_SIDE = 400, POINT_LINES = 3 };


static void
ink_row(pacs_rows_t *rows, uint32_t y, uint8_t *out)
{
    const pacs_sheet_t  *s = (const pacs_sheet_t *) rows;
    size_t               at = (size_t) y * s->width;
    uint32_t             n = rows->channels;

    s->under->row(s->under, y, out);
    for (uint32_t x = 0; x < s->width; x++) {
        unsigned  a = s->opacity[at + x];

        for (uint32_t k = 0; a != 0 && k < n; k++) {
            uint8_t  *p = out + (size_t) x * n + k;

            *p = (uint8_t) ((*p * (255 - a) + s->colour[(at + x) * n + k] * a
                             + 127) / 255);
        }
    }
}


static uint32_t
edge(double v, uint32_t size)
{
    return !(v > 0) ? 0 : v >= size ? size : (uint32_t) v;
}


bool
pacs_sheet_begin(pacs_sheet_t *s, double left, double top, double right,
    double bottom)
{
    s->left = edge(floor(left), s->width);
    s->top = edge(floor(top), s->height);
    s->right = edge(ceil(right), s->width);
    s->bottom = edge(ceil(bottom), s->height);
    if (s->left >= s->right || s->top >= s->bottom) {
        return false;
    }

    s->work -= (int64_t) (s->right - s->left) * (s->bottom - s->top);
    if (s->work < 0) {
        return false;
    }
    for (uint32_t y = s->top; y < s->bottom; y++) {
        memset(s->cover + (size_t) y * s->width + s->left, 0,
               s->right - s->left);
    }
    return true;
}


/* c over what is there */
static void
lay(pacs_sheet_t *s, size_t at, const uint8_t *tint, unsigned c)
{
    uint32_t  n = s->rows.channels;
    unsigned  old = s->opacity[at] * (255 - c) / 255, sum = c + old;

    for (uint32_t k = 0; k < n; k++) {
        uint8_t  *p = &s->colour[at * n + k];

        *p = (uint8_t) ((tint[k] * c + *p * old + sum / 2) / sum);
    }
    s->opacity[at] = (uint8_t) sum;
}


void
pacs_sheet_end(pacs_sheet_t *s, const pacs_tint_t *tint, uint8_t opacity)
{
    uint8_t         grey = (uint8_t) ((tint->grey + 128) / 257);
    const uint8_t  *colour = s->rows.channels == 1 ? &grey : tint->rgb;

    for (uint32_t y = s->top; y < s->bottom; y++) {
        for (uint32_t x = s->left; x < s->right; x++) {
            size_t    at = (size_t) y * s->width + x;
            unsigned  c = s->cover[at] * opacity / 255;

            if (c != 0) {
                lay(s, at, colour, c);
            }
        }
    }
}


pacs_place_t
pacs_sheet_place(const pacs_sheet_t *s, unsigned units, pacs_place_t p)
{
    double  place[2];

    pacs_geometry_place(s->g, units == PACS_AT_DISPLAY, p.x, p.y, place);
    /* beyond this nothing is seen, and below it numbers stay exact */
    return (pacs_place_t) { fmin(fmax(place[0], -1e9), 1e9),
                            fmin(fmax(place[1], -1e9), 1e9) };
}


static double
half_of(const pacs_sheet_t *s, const pacs_mark_t *m)
{
    double  stroke = m->thickness > 0
                     ? fmin(m->thickness / s->g->x.whole.scale, 1e4)
                     : s->stroke;

    return (m->kind == PACS_MARK_POINT ? stroke * POINT_LINES : stroke) / 2;
}


static void
draw_lines(pacs_sheet_t *s, const pacs_mark_t *m, const pacs_place_t *p,
    double half)
{
    if (m->npoints == 1) {
        pacs_sheet_line(s, p[0], p[0], half);
    }
    for (uint32_t i = 1; i < m->npoints && s->work >= 0; i++) {
        pacs_sheet_line(s, p[i - 1], p[i], half);
    }
}


static int
draw_graphic(pacs_sheet_t *s, const pacs_mark_t *m, pacs_err_t *err)
{
    pacs_place_t  *p = pacs_calloc(s->arena, m->npoints, sizeof(*p));
    double        *crossings = pacs_calloc(s->arena, m->npoints,
                                           sizeof(*crossings));
    double         half = half_of(s, m), reach = half + 1;
    pacs_place_t   low = { 1e9, 1e9 }, high = { -1e9, -1e9 };

    if (p == NULL || crossings == NULL) {
        return PACS_E_NOMEM;
    }
    for (uint32_t i = 0; i < m->npoints; i++) {
        p[i] = pacs_sheet_place(s, m->units, m->points[i]);
        low.x = fmin(low.x, p[i].x - reach);
        low.y = fmin(low.y, p[i].y - reach);
        high.x = fmax(high.x, p[i].x + reach);
        high.y = fmax(high.y, p[i].y + reach);
    }

    if (m->filled && pacs_sheet_begin(s, low.x, low.y, high.x, high.y)) {
        pacs_sheet_fill(s, p, m->npoints, crossings);
        pacs_sheet_end(s, &m->fill, m->fill_opacity);
    }
    if (pacs_sheet_begin(s, low.x, low.y, high.x, high.y)) {
        draw_lines(s, m, p, half);
        pacs_sheet_end(s, &m->tint, m->opacity);
    }
    return PACS_OK;
}


static int
draw_bits(pacs_sheet_t *s, const pacs_mark_t *m, pacs_err_t *err)
{
    pacs_place_t  one = pacs_sheet_place(s, PACS_AT_PIXEL,
                            (pacs_place_t) { m->bits.x, m->bits.y });
    pacs_place_t  two = pacs_sheet_place(s, PACS_AT_PIXEL,
                            (pacs_place_t) { m->bits.x
                                             + (double) m->bits.columns,
                                             m->bits.y
                                             + (double) m->bits.rows });

    if (pacs_sheet_begin(s, fmin(one.x, two.x), fmin(one.y, two.y),
                         fmax(one.x, two.x), fmax(one.y, two.y)))
    {
        pacs_sheet_bits(s, &m->bits);
        pacs_sheet_end(s, &m->tint, m->opacity);
    }
    return PACS_OK;
}


static int (*const  draw[])(pacs_sheet_t *s, const pacs_mark_t *m,
    pacs_err_t *err) =
{
    [PACS_MARK_LINE] = draw_graphic, [PACS_MARK_POINT] = draw_graphic,
    [PACS_MARK_TEXT] = pacs_sheet_text, [PACS_MARK_BITS] = draw_bits
};


/* each mark in an arena of its own: there may be very many */
static int
draw_one(pacs_sheet_t *s, const pacs_mark_t *m, pacs_err_t *err)
{
    s->arena = pacs_arena_create(0);

    int  rc = s->arena == NULL ? PACS_E_NOMEM : draw[m->kind](s, m, err);

    pacs_arena_destroy(s->arena);
    if (rc == PACS_E_NOMEM) {
        return pacs_fail(err, rc, "graphics");
    }
    return rc == PACS_OK && s->work < 0
           ? pacs_fail(err, PACS_E_LIMIT, "the graphics of the presentation "
                       "state touch more pixels than four times the limit "
                       "render_area")
           : rc;
}


static bool
has_marks(const pacs_ink_t *ink)
{
    for (unsigned i = 0; ink != NULL && i < ink->n; i++) {
        if (ink->layers[i].marks != NULL) {
            return true;
        }
    }
    return false;
}


int
pacs_ink(pacs_rows_t **rows, const pacs_picture_t *want, pacs_arena_t *a,
    pacs_err_t *err)
{
    const pacs_ink_t  *ink = want->ink;
    pacs_rows_t       *under = *rows;
    size_t             n = (size_t) under->width * under->height;
    pacs_sheet_t      *s;
    int                rc = PACS_OK;

    if (!has_marks(ink)) {
        return PACS_OK;
    }
    if (under->depth != 8) {
        return pacs_fail(err, PACS_E_ARG, "graphics are drawn with 8 bits");
    }

    s = pacs_calloc(a, 1, sizeof(*s));
    if (s == NULL || (s->cover = pacs_alloc(a, n)) == NULL
        || (s->opacity = pacs_calloc(a, n, 1)) == NULL
        || (s->colour = pacs_calloc(a, n, under->channels)) == NULL)
    {
        return pacs_fail(err, PACS_E_NOMEM, "graphics");
    }

    s->rows = *under;
    s->rows.row = ink_row;
    s->under = under;
    s->g = under->g;
    s->width = under->width;
    s->height = under->height;
    s->stroke = fmax(1.5, fmin(s->width, s->height) / LINES_PER_SIDE);
    s->work = ink->work;
    s->drawn = ink->drawn;

    for (unsigned i = 0; i < ink->n; i++) {
        for (const pacs_mark_t *m = ink->layers[i].marks;
             rc == PACS_OK && m != NULL; m = m->next)
        {
            rc = draw_one(s, m, err);
        }
    }
    *rows = &s->rows;
    return rc;
}
