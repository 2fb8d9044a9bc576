/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Rows of weighted means.  Grey is averaged as stored values, before any
 * table, and without padding: what padding covers of an output pixel does
 * not count, and only where it covers all (enlarged: half) of it, that is
 * padding too.  Colour is averaged as RGB.
 */

#include <math.h>
#include <string.h>

#include "render/pipeline.h"


int
pacs_scaler_open(const pacs_raster_t *r, const pacs_geometry_t *g,
    const pacs_curve_t *curve, const pacs_colour_t *c, pacs_arena_t *a,
    pacs_scaler_t *s, pacs_err_t *err)
{
    size_t  n = g->x.hi - g->x.lo;

    *s = (pacs_scaler_t) { .r = r, .x = &g->x, .y = &g->y, .colour = c,
                           .padding = { INFINITY, -INFINITY } };

    if (c != NULL) {
        s->sum = pacs_calloc(a, n * 3, sizeof(*s->sum));
        s->rgb = pacs_calloc(a, n * 3, 2);
        return s->sum != NULL && s->rgb != NULL ? PACS_OK
               : pacs_fail(err, PACS_E_NOMEM, "scaling");
    }

    s->sum = pacs_calloc(a, n, sizeof(*s->sum));
    s->values = pacs_calloc(a, g->x.n, sizeof(*s->values));

    if (curve->padding != NULL || !r->narrow) {
        s->share = pacs_calloc(a, n, sizeof(*s->share));
        if (s->share == NULL) {
            return pacs_fail(err, PACS_E_NOMEM, "scaling");
        }
    }
    if (curve->padding != NULL) {
        s->padding[0] = curve->padding[0];
        s->padding[1] = curve->padding[1];
    }
    return s->sum != NULL && s->values != NULL ? PACS_OK
           : pacs_fail(err, PACS_E_NOMEM, "scaling");
}


PACS_VECTORIZE
static void
add_bytes(const uint8_t *p, size_t n, float weight, float *acc)
{
    for (size_t i = 0; i < n; i++) {
        acc[i] += weight * (float) p[i];
    }
}


static const uint8_t *
rgb_row(pacs_scaler_t *s, uint32_t y)
{
    uint32_t  n = s->x->hi - s->x->lo;
    uint8_t  *row = s->rgb + (size_t) (y & 1) * n * 3;

    if (s->held[y & 1] != y + 1) {
        pacs_colour_row(s->colour, y, s->x->lo, n, row);
        s->held[y & 1] = y + 1;
    }
    return row;
}


static void
add_row(pacs_scaler_t *s, uint32_t y, float weight)
{
    uint32_t  n = s->x->hi - s->x->lo;
    size_t    at = (size_t) y * s->r->columns + s->x->lo;

    if (s->colour != NULL) {
        add_bytes(rgb_row(s, y), (size_t) n * 3, weight, s->sum);

    } else if (s->share != NULL) {
        pacs_raster_add_valid(s->r, s->padding, at, n, weight, s->sum,
                              s->share);
    } else {
        pacs_raster_add(s->r, at, n, weight, s->sum);
    }
}


/* the source rows of row y into sum */
static void
down(pacs_scaler_t *s, uint32_t y)
{
    const pacs_axis_t  *ax = s->y;
    size_t              n = s->x->hi - s->x->lo;

    memset(s->sum, 0, n * (s->colour != NULL ? 3 : 1) * sizeof(*s->sum));
    if (s->share != NULL) {
        memset(s->share, 0, n * sizeof(*s->share));
    }

    for (uint32_t k = ax->start[y]; k < ax->start[y + 1]; k++) {
        if (ax->weights[k] > 0) {
            add_row(s, ax->first[y] + (k - ax->start[y]), ax->weights[k]);
        }
    }
}


static float
across(const pacs_axis_t *x, uint32_t i, const float *row)
{
    const float  *w = x->weights + x->start[i];
    const float  *p = row + (x->first[i] - x->lo);
    uint32_t      n = x->start[i + 1] - x->start[i];
    float         v = 0;

    for (uint32_t k = 0; k < n; k++) {
        v += w[k] * p[k];
    }
    return v;
}


/* a mean must not pass for padding; see pyramid.c */
static float
beside(const pacs_scaler_t *s, float v)
{
    double  lo = s->padding[0], hi = s->padding[1];

    return !s->r->narrow || v < lo - 0.5 || v >= hi + 0.5 ? v
           : (float) (v - lo > hi - v ? hi + 1 : lo - 1);
}


const float *
pacs_scaler_grey(pacs_scaler_t *s, uint32_t y)
{
    const pacs_axis_t  *x = s->x;
    float               least = x->enlarged || s->y->enlarged ? 0.5f : 1e-6f;

    down(s, y);

    if (s->share == NULL) {
        for (uint32_t i = 0; i < x->n; i++) {
            s->values[i] = across(x, i, s->sum);
        }
        return s->values;
    }

    for (uint32_t i = 0; i < x->n; i++) {
        float  share = across(x, i, s->share);

        s->values[i] = share < least
                       ? NAN : beside(s, across(x, i, s->sum) / share);
    }
    return s->values;
}


void
pacs_scaler_rgb(pacs_scaler_t *s, uint32_t y, uint8_t *out)
{
    const pacs_axis_t  *x = s->x;

    down(s, y);

    for (uint32_t i = 0; i < x->n; i++) {
        const float  *w = x->weights + x->start[i];
        const float  *p = s->sum + (size_t) (x->first[i] - x->lo) * 3;
        uint32_t      n = x->start[i + 1] - x->start[i];
        float         v[3] = { 0.5f, 0.5f, 0.5f };

        for (uint32_t k = 0; k < n; k++, p += 3) {
            v[0] += w[k] * p[0];
            v[1] += w[k] * p[1];
            v[2] += w[k] * p[2];
        }
        for (unsigned k = 0; k < 3; k++) {
            out[3 * i + k] = (uint8_t) v[k];
        }
    }
}
