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
    size_t  channels = c != NULL ? 3 : 1, n = (g->x.hi - g->x.lo) * channels;
    bool    shared = c == NULL && (curve->padding != NULL || !r->narrow);

    *s = (pacs_scaler_t) {
        .r = r, .x = &g->x, .y = &g->y, .colour = c,
        .padding = { INFINITY, -INFINITY },
        .sum = pacs_calloc(a, n, sizeof(*s->sum)),
        .values = pacs_calloc(a, g->x.n * channels, sizeof(*s->values)),
        .rgb = c != NULL ? pacs_calloc(a, n, 2) : NULL,
        .share = shared ? pacs_calloc(a, n, sizeof(*s->share)) : NULL,
        .shares = shared ? pacs_calloc(a, g->x.n, sizeof(*s->shares)) : NULL
    };
    if (s->sum == NULL || s->values == NULL || (c != NULL && s->rgb == NULL)
        || (shared && (s->share == NULL || s->shares == NULL)))
    {
        return pacs_fail(err, PACS_E_NOMEM, "scaling");
    }

    if (shared && curve->padding != NULL) {
        s->padding[0] = curve->padding[0];
        s->padding[1] = curve->padding[1];
    }
    return PACS_OK;
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

    for (uint32_t k = 0; k < ax->taps; k++) {
        float  weight = ax->weights[(size_t) y * ax->taps + k];

        if (weight > 0) {
            add_row(s, ax->lo + ax->first[y] + k, weight);
        }
    }
}


static inline __attribute__((always_inline)) void
across_taps(const pacs_axis_t *x, const float *row, uint32_t taps,
    unsigned channels, float *out)
{
    const float  *w = x->weights;

    for (uint32_t i = 0; i < x->n; i++, w += taps, out += channels) {
        const float  *p = row + (size_t) x->first[i] * channels;

        for (unsigned c = 0; c < channels; c++) {
            float  v = w[0] * p[c];

            for (uint32_t k = 1; k < taps; k++) {
                v += w[k] * p[k * channels + c];
            }
            out[c] = v;
        }
    }
}


/* loops of a known length cost a third */
static void
across(const pacs_axis_t *x, const float *row, bool colour, float *out)
{
    switch (colour ? 0 : x->taps) {
    case 1:
        across_taps(x, row, 1, 1, out);
        break;
    case 2:
        across_taps(x, row, 2, 1, out);
        break;
    case 3:
        across_taps(x, row, 3, 1, out);
        break;
    case 4:
        across_taps(x, row, 4, 1, out);
        break;
    default:
        across_taps(x, row, x->taps, colour ? 3 : 1, out);
    }
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
    float               least = x->line.scale < 1 || s->y->line.scale < 1
                                ? 0.5f : 1e-6f;

    down(s, y);
    across(x, s->sum, false, s->values);

    if (s->share == NULL) {
        return s->values;
    }

    across(x, s->share, false, s->shares);
    for (uint32_t i = 0; i < x->n; i++) {
        s->values[i] = s->shares[i] < least
                       ? NAN : beside(s, s->values[i] / s->shares[i]);
    }
    return s->values;
}


void
pacs_scaler_rgb(pacs_scaler_t *s, uint32_t y, uint8_t *out)
{
    down(s, y);
    across(s->x, s->sum, true, s->values);

    for (size_t i = 0; i < (size_t) s->x->n * 3; i++) {
        out[i] = (uint8_t) (s->values[i] + 0.5f);
    }
}
