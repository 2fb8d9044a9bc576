/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Where each output pixel comes from: crop, mirror, turn and fit into a
 * viewport, PS3.18 8.3.5.1.3.  Of a region that sticks out of the image the
 * part outside is left out, the scale stays.  The picture has the shape of
 * the region in the patient: with pixels that are not square the axis with
 * the larger ones is stretched.  Downwards each source pixel counts by the
 * area it covers, upwards the picture is bilinear.
 *
 * Tiles must meet without a seam: places are those in the whole frame, on a
 * grid of 2^-16 pixels, so that they do not depend on where a tile begins;
 * both filters look beyond the region; the level depends on the scale only.
 */

#include <math.h>

#include "render/pipeline.h"

/* viewers round tiles at the edge up: a scale just below 4 is one of 4 */
#define LEVEL_SLACK  1.02


/* of one axis, in pixels of the frame */
typedef struct {
    uint32_t  size;
    double    start, length;    /* of the region within the frame */
    double    scale;            /* source pixels an output pixel */
    unsigned  level;
    bool      flip;
} line_t;


/* false: nothing of the region lies within the frame */
static bool
clip(line_t *l, double start, double size)
{
    double  from = fmax(start, 0);
    double  to = fmin(start + fabs(size), l->size);

    if (!isfinite(start) || !isfinite(size) || !(to - from > 1e-6)) {
        return false;
    }
    l->flip = size < 0;
    l->start = from;
    l->length = to - from;
    return true;
}


static uint32_t
pixels(const line_t *l)
{
    double  n = floor(l->length / l->scale + 0.5);

    return n < 1 ? 1 : n > UINT32_MAX ? UINT32_MAX : (uint32_t) n;
}


static double
snap(double place)
{
    return nearbyint(place * 65536) / 65536;
}


/* the source pixels [lo, hi), of the level, for one output pixel */
typedef struct {
    int64_t  lo, hi;
    double   from, to;          /* area: the interval; bilinear: from */
} span_t;


static span_t
span(const line_t *l, uint32_t i)
{
    double   cell = (double) (1u << l->level);
    int64_t  n = (int64_t) ceil(l->size / cell);
    span_t   s = { 0 };

    if (l->scale > 1) {
        s.from = snap(fmin(l->start + i * l->scale, l->size));
        s.to = snap(fmin(l->start + (i + 1.0) * l->scale, l->size));
        s.lo = (int64_t) floor(s.from / cell);
        s.hi = (int64_t) ceil(s.to / cell);
    } else {
        s.from = snap(l->start + (i + 0.5) * l->scale - 0.5);
        s.lo = (int64_t) floor(s.from);
        s.hi = s.lo + 2;
    }

    s.lo = s.lo < 0 ? 0 : s.lo >= n ? n - 1 : s.lo;
    s.hi = s.hi > n ? n : s.hi <= s.lo ? s.lo + 1 : s.hi;
    return s;
}


static double
weight(const line_t *l, const span_t *s, int64_t at)
{
    if (l->scale > 1) {
        double  cell = (double) (1u << l->level);
        double  from = (double) at * cell;
        double  to = fmin(from + cell, l->size);

        return fmax(fmin(s->to, to) - fmax(s->from, from), 0);
    }
    return fmax(1 - fabs((double) at - s->from), 0);
}


static void
put_weights(pacs_axis_t *ax, const line_t *l, const span_t *s, uint32_t at)
{
    double  sum = 0;

    for (int64_t p = s->lo; p < s->hi; p++) {
        sum += weight(l, s, p);
    }
    for (int64_t p = s->lo; p < s->hi; p++) {
        ax->weights[at++] = sum > 0 ? (float) (weight(l, s, p) / sum)
                                    : p == s->lo;
    }
}


/* one pixel of the level each, with nothing to be weighed */
static bool
plain(const line_t *l, pacs_axis_t *ax)
{
    double  cell = (double) (1u << l->level);
    double  at = snap(l->start) / cell;

    if (fabs(l->scale / cell - 1) * ax->n > 1e-4 || at != floor(at)) {
        return false;
    }
    ax->lo = (uint32_t) at;
    ax->hi = ax->lo + ax->n;
    return ax->hi <= ceil(l->size / cell);
}


static int
build(pacs_axis_t *ax, const line_t *l, pacs_arena_t *a, pacs_err_t *err)
{
    uint32_t  n = pixels(l), lo = UINT32_MAX, hi = 0;

    *ax = (pacs_axis_t) { .n = n, .flip = l->flip,
                          .enlarged = l->scale < 1 };
    ax->first = pacs_calloc(a, n, sizeof(*ax->first));
    ax->start = pacs_calloc(a, (size_t) n + 1, sizeof(*ax->start));
    if (ax->first == NULL || ax->start == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "geometry");
    }

    for (uint32_t i = 0; i < n; i++) {
        span_t  s = span(l, l->flip ? n - 1 - i : i);

        ax->first[i] = (uint32_t) s.lo;
        ax->start[i + 1] = ax->start[i] + (uint32_t) (s.hi - s.lo);
        lo = s.lo < lo ? (uint32_t) s.lo : lo;
        hi = s.hi > hi ? (uint32_t) s.hi : hi;
    }

    ax->weights = pacs_calloc(a, ax->start[n], sizeof(*ax->weights));
    if (ax->weights == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "geometry");
    }
    for (uint32_t i = 0; i < n; i++) {
        span_t  s = span(l, l->flip ? n - 1 - i : i);

        put_weights(ax, l, &s, ax->start[i]);
    }

    ax->plain = plain(l, ax);
    if (!ax->plain) {
        ax->lo = lo;
        ax->hi = hi;
    }
    return PACS_OK;
}


/* source pixels an output pixel, each way */
static void
fit(const pacs_picture_t *want, double aspect, double width, double height,
    line_t *x, line_t *y)
{
    uint32_t  view[2] = { want->view_width, want->view_height };
    bool      turned = want->rotate & 1;
    double    factor = INFINITY;

    /* nothing real is longer than this; else taken for a typing error */
    if (!(aspect >= 0.02 && aspect <= 50) || fabs(aspect - 1) < 1e-3) {
        aspect = 1;
    }
    double  wide = fmax(1, 1 / aspect), high = fmax(1, aspect);

    if (view[turned] != 0) {
        factor = view[turned] / (width * wide);
    }
    if (view[!turned] != 0) {
        factor = fmin(factor, view[!turned] / (height * high));
    }
    if (!isfinite(factor)) {
        factor = 1;
    }

    x->scale = 1 / (factor * wide);
    y->scale = 1 / (factor * high);
}


static unsigned
level_of(double scale, unsigned levels)
{
    unsigned  level = 0;

    while (level < levels && scale * LEVEL_SLACK >= (double) (2u << level)) {
        level++;
    }
    return level;
}


/* the order is: crop (which may mirror), mirror, turn clockwise */
static void
orient(const pacs_picture_t *want, line_t *x, line_t *y)
{
    unsigned  turns = want->rotate & 3;

    x->flip ^= want->flip_x ^ (turns == 2 || turns == 3);
    y->flip ^= want->flip_y ^ (turns == 1 || turns == 2);
}


int
pacs_geometry(uint32_t columns, uint32_t rows, double aspect,
    const pacs_picture_t *want, const pacs_limits_t *limits, unsigned levels,
    pacs_arena_t *a, pacs_geometry_t *g, pacs_err_t *err)
{
    line_t  x = { .size = columns }, y = { .size = rows };
    bool    part = want->has_region;
    double  sw = part ? want->sw : columns, sh = part ? want->sh : rows;

    if (columns == 0 || rows == 0) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "image of %u x %u pixels",
                         columns, rows);
    }
    if (!clip(&x, part ? want->sx : 0, sw)
        || !clip(&y, part ? want->sy : 0, sh))
    {
        return pacs_fail(err, PACS_E_ARG, "region %g,%g,%g,%g of an image of "
                         "%u x %u pixels is empty", want->sx, want->sy,
                         want->sw, want->sh, columns, rows);
    }

    fit(want, aspect, fabs(sw), fabs(sh), &x, &y);
    orient(want, &x, &y);
    g->turned = want->rotate & 1;
    x.level = y.level = g->level = level_of(fmin(x.scale, y.scale), levels);

    uint32_t  w = pixels(&x), h = pixels(&y);

    if (w > limits->render_side || h > limits->render_side
        || (int64_t) w * h > limits->render_area)
    {
        return pacs_fail(err, PACS_E_ARG, "picture of %u x %u pixels: "
                         "limits render_side %lld, render_area %lld", w, h,
                         (long long) limits->render_side,
                         (long long) limits->render_area);
    }

    int  rc = build(&g->x, &x, a, err);

    return rc == PACS_OK ? build(&g->y, &y, a, err) : rc;
}
