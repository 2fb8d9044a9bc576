/* SPDX-License-Identifier: BSD-2-Clause */

/* curved planes: a line's surroundings, laid flat at equal lengths of arc */

#include <math.h>

#include "render/voxel.h"

/* where a walk along the line has come to */
typedef struct {
    const double  (*points)[3];
    uint32_t        n;
    uint32_t        at;         /* the segment points[at] .. points[at + 1] */
    double          before;     /* mm of line before it */
} walk_t;


static double
segment(const double (*points)[3], uint32_t i, double along[3])
{
    pacs_along(points[i + 1], -1, points[i], along);
    return sqrt(pacs_dot(along, along));
}


/* the place `mm` along the line, and the way it runs there; mm rises from
 * call to call.  false: beyond the end */
static bool
advance(walk_t *w, double mm, double place[3], double along[3])
{
    for ( ; w->at + 1 < w->n; w->at++) {
        double  length = segment(w->points, w->at, along);

        if (mm <= w->before + length && length > 0) {
            pacs_along(w->points[w->at], (mm - w->before) / length, along,
                       place);
            return true;
        }
        w->before += length;
    }
    return false;
}


static int
length_of(const pacs_curved_t *c, double *length, pacs_err_t *err)
{
    double  along[3];

    *length = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        if (!pacs_vector_sane(c->points[i])) {
            return pacs_fail(err, PACS_E_ARG, "point %u of the line is not a "
                             "place", i + 1);
        }
        *length += i > 0 ? segment(c->points, i - 1, along) : 0;
    }
    if (!(*length > 1e-6)) {
        return pacs_fail(err, PACS_E_ARG, "a line of %u points has no length",
                         c->n);
    }
    return PACS_OK;
}


static int
check(const pacs_curved_t *c, double down[3], uint32_t *width,
    const pacs_limits_t *limits, pacs_err_t *err)
{
    double  length;
    int     rc = length_of(c, &length, err);

    if (rc != PACS_OK) {
        return rc;
    }
    if (!pacs_vector_unit(c->down, down)
        || !(c->pixel >= 1e-6 && c->pixel <= 1e6))
    {
        return pacs_fail(err, PACS_E_ARG, "no curved plane: its way down or "
                         "its pixel of %g mm is none", c->pixel);
    }

    *width = c->width;
    if (*width == 0) {
        *width = (uint32_t) fmin(length / c->pixel + 1e-6, 4e9) + 1;
    }
    return pacs_size_check(*width, c->height, 1, limits, err);
}


/* one column at a time: a straight line, as a row of a plane is */
static void
columns(const pacs_grid_t *g, pacs_slab_t *s, const pacs_curved_t *c,
    const double down[3], uint32_t width, float *column, float *out)
{
    walk_t  w = { .points = c->points, .n = c->n };
    double  place[3], along[3], normal[3] = { 0 };
    double  at[3], step[3], across[3];
    bool    there = true;

    pacs_grid_direction(g, down, step);
    pacs_along((double[3]) { 0 }, c->pixel, step, step);

    for (uint32_t x = 0; x < width; x++) {
        there = there && advance(&w, x * c->pixel - 1e-9, place, along);
        if (there) {
            /* where the line runs straight down, the last normal holds */
            pacs_cross(along, down, across);
            pacs_vector_unit(across, normal);
            pacs_along(place, -(c->height - 1.0) / 2 * c->pixel, down, place);
            pacs_grid_place(g, place, at);
            pacs_grid_direction(g, normal, across);
            pacs_slab_row(g, s, at, step, across, c->height, column);
        }
        for (uint32_t y = 0; y < c->height; y++) {
            out[(size_t) y * width + x] = there ? column[y] : NAN;
        }
    }
}


int
pacs_volume_curved(const pacs_volume_t *v, const pacs_curved_t *c,
    const pacs_limits_t *limits, pacs_arena_t *a, float **out,
    uint32_t *width, uint32_t *height, pacs_err_t *err)
{
    pacs_grid_t  g;
    pacs_slab_t  s;
    double       down[3];
    float       *column;
    int          rc;

    rc = check(c, down, width, limits, err);
    if (rc == PACS_OK) {
        rc = pacs_grid_open(v, &g, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_slab_open(&g, c->mode, c->slab, c->height, &s, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    *height = c->height;
    *out = pacs_calloc(a, (size_t) *width * *height, sizeof(float));
    column = pacs_calloc(a, c->height, sizeof(float));
    if (*out == NULL || column == NULL) {
        rc = pacs_fail(err, PACS_E_NOMEM, "no memory for a curved plane");
    } else {
        rc = pacs_size_check(*width, *height, s.n, limits, err);
    }
    if (rc == PACS_OK) {
        columns(&g, &s, c, down, *width, column, *out);
    }

    pacs_slab_close(&s);
    return rc;
}
