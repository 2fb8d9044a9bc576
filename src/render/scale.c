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

enum { FOUR = 4 };


/* put_weights: those of an axis in fours, from the first that counts on, so
 * that they add up alike wherever a tile ends */
static int
open_fours(pacs_scaler_t *s, pacs_arena_t *a, pacs_err_t *err)
{
    const pacs_axis_t  *x = s->x;

    if (x->taps > FOUR) {
        return PACS_OK;
    }

    s->fours = pacs_calloc(a, (size_t) x->n * FOUR, sizeof(*s->fours));
    s->from = pacs_calloc(a, x->n, sizeof(*s->from));
    if (s->fours == NULL || s->from == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "scaling");
    }

    for (uint32_t i = 0; i < x->n; i++) {
        const float  *w = x->weights + (size_t) i * x->taps;
        uint32_t      none = 0;

        while (none + 1 < x->taps && w[none] == 0) {
            none++;
        }
        memcpy(s->fours + (size_t) i * FOUR, w + none,
               (x->taps - none) * sizeof(*w));
        s->from[i] = x->first[i] + none;
    }
    return PACS_OK;
}


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
        .sum = pacs_calloc(a, n + FOUR, sizeof(*s->sum)),
        .values = pacs_calloc(a, g->x.n * channels, sizeof(*s->values)),
        .rgb = c != NULL ? pacs_calloc(a, n, 2) : NULL,
        .share = shared ? pacs_calloc(a, n + FOUR, sizeof(*s->share)) : NULL,
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
    return c == NULL && r->narrow ? open_fours(s, a, err) : PACS_OK;
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


/* two source rows at once, the first ones that count */
static uint32_t
begin_rows(pacs_scaler_t *s, uint32_t y, size_t n)
{
    const pacs_axis_t  *ax = s->y;
    const float        *w = ax->weights + (size_t) y * ax->taps;
    size_t              at[2];
    float               two[2] = { 0 };
    uint32_t            k = 0;

    while (k + 1 < ax->taps && w[k] == 0) {
        k++;
    }
    at[0] = at[1] = (size_t) (ax->lo + ax->first[y] + k) * s->r->columns
                    + s->x->lo;
    two[0] = w[k++];
    if (k < ax->taps && w[k] > 0) {
        two[1] = w[k++];
        at[1] += s->r->columns;
    }
    pacs_raster_sum(s->r, at, n, two, s->sum);
    return k;
}


/* the source rows of row y into sum */
static void
down(pacs_scaler_t *s, uint32_t y)
{
    const pacs_axis_t  *ax = s->y;
    size_t              n = s->x->hi - s->x->lo;
    uint32_t            k = 0;

    if (s->colour == NULL && s->share == NULL) {
        k = begin_rows(s, y, n);
    } else {
        memset(s->sum, 0, n * (s->colour != NULL ? 3 : 1) * sizeof(*s->sum));
    }
    if (s->share != NULL) {
        memset(s->share, 0, n * sizeof(*s->share));
    }

    for ( ; k < ax->taps; k++) {
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


static inline pacs_v4f_t
four_products(const pacs_scaler_t *s, const float *row, uint32_t i)
{
    pacs_v4f_t  v, w;

    memcpy(&v, row + s->from[i], sizeof(v));
    memcpy(&w, s->fours + (size_t) i * FOUR, sizeof(w));
    return v * w;
}


/* four output pixels at once: the products are turned and added */
static void
across_fours(const pacs_scaler_t *s, const float *row, float *out)
{
    uint32_t  n = s->x->n, i = 0;

    for ( ; i + FOUR <= n; i += FOUR) {
        pacs_v4f_t  a = four_products(s, row, i);
        pacs_v4f_t  b = four_products(s, row, i + 1);
        pacs_v4f_t  c = four_products(s, row, i + 2);
        pacs_v4f_t  d = four_products(s, row, i + 3);
        pacs_v4f_t  ab = __builtin_shufflevector(a, b, 0, 4, 1, 5)
                         + __builtin_shufflevector(a, b, 2, 6, 3, 7);
        pacs_v4f_t  cd = __builtin_shufflevector(c, d, 0, 4, 1, 5)
                         + __builtin_shufflevector(c, d, 2, 6, 3, 7);
        pacs_v4f_t  sum = __builtin_shufflevector(ab, cd, 0, 1, 4, 5)
                          + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);

        memcpy(out + i, &sum, sizeof(sum));
    }
    for ( ; i < n; i++) {
        pacs_v4f_t  v = four_products(s, row, i);

        out[i] = (v[0] + v[2]) + (v[1] + v[3]);
    }
}


static void
across(const pacs_scaler_t *s, const float *row, bool colour, float *out)
{
    if (s->fours != NULL) {
        across_fours(s, row, out);
    } else {
        across_taps(s->x, row, s->x->taps, colour ? 3 : 1, out);
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
    across(s, s->sum, false, s->values);

    if (s->share == NULL) {
        return s->values;
    }

    across(s, s->share, false, s->shares);
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
    across(s, s->sum, true, s->values);

    for (size_t i = 0; i < (size_t) s->x->n * 3; i++) {
        out[i] = (uint8_t) (s->values[i] + 0.5f);
    }
}
