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
 * grid of 2^-10 pixels, so that they do not depend on where a tile begins nor
 * on the last digits of what a client writes; both filters look beyond the
 * region; the level depends on the scale only.
 */

#include <math.h>

#include "render/pipeline.h"

/* viewers round tiles at the edge up: a scale just below 4 is one of 4 */
#define LEVEL_SLACK  1.02


static double
least(double a, double b)
{
    return a < b ? a : b;
}


static double
most(double a, double b)
{
    return a > b ? a : b;
}


/* false: nothing of the region lies within the frame */
static bool
clip(pacs_side_t *l, double start, double size, bool padded)
{
    double  from = most(start, 0);
    double  to = least(start + fabs(size), l->size);

    if (!isfinite(start) || !isfinite(size) || !(to - from > 1e-6)) {
        return false;
    }
    l->flip = size < 0;
    l->start = padded ? start : from;
    l->length = padded ? fabs(size) : to - from;
    return true;
}


static uint32_t
pixels(const pacs_side_t *l)
{
    double  n = floor(l->length / l->scale + 0.5);

    return n < 1 ? 1 : n > UINT32_MAX ? UINT32_MAX : (uint32_t) n;
}


/* 0.6 and not 0.5: halves and the like are what scales are made of, and must
 * not be where one digit decides */
static double
snap(double place)
{
    return floor(place * 1024 + 0.6013) / 1024;
}


/* the source pixels [lo, hi), of the level, for one output pixel */
typedef struct {
    int64_t  lo, hi;
    double   from, to;          /* area: the interval; bilinear: from */
} span_t;


static span_t
span(const pacs_side_t *l, uint32_t i)
{
    double   cell = (double) (1u << l->level);
    int64_t  n = (int64_t) ceil(l->size / cell);
    span_t   s = { 0 };

    if (l->scale > 1) {
        s.from = snap(least(l->start + i * l->scale, l->size));
        s.to = snap(least(l->start + (i + 1.0) * l->scale, l->size));
        s.lo = (int64_t) floor(s.from / cell);
        s.hi = (int64_t) ceil(s.to / cell);
    } else {
        s.from = snap(l->start + (i + 0.5) * l->scale - 0.5);
        s.lo = (int64_t) floor(s.from);
        s.hi = s.lo + (s.from > (double) s.lo ? 2 : 1);
    }

    s.lo = s.lo < 0 ? 0 : s.lo >= n ? n - 1 : s.lo;
    s.hi = s.hi > n ? n : s.hi <= s.lo ? s.lo + 1 : s.hi;
    return s;
}


static double
weight(const pacs_side_t *l, const span_t *s, int64_t at)
{
    if (l->scale > 1) {
        double  cell = (double) (1u << l->level);
        double  from = (double) at * cell;
        double  to = least(from + cell, l->size);

        return most(least(s->to, to) - most(s->from, from), 0);
    }
    return most(1 - fabs((double) at - s->from), 0);
}


/* one pixel of the level each, with nothing to be weighed */
static bool
is_plain(const pacs_side_t *l, uint32_t n, uint32_t *lo)
{
    double  cell = (double) (1u << l->level);
    double  at = snap(l->start) / cell;

    *lo = (uint32_t) at;
    return fabs(l->scale / cell - 1) * n < 1e-4 && at == floor(at)
           && at + n <= ceil(l->size / cell);
}


/* crops to `view` output pixels (0: all), and finds those of them whose
 * middle lies within the frame; false: none */
static bool
place(pacs_axis_t *ax, const pacs_side_t *l, const pacs_picture_t *want,
    uint32_t view)
{
    uint32_t  all = pixels(l);
    uint32_t  n = want->magnify > 0 && view != 0 && view < all ? view : all;
    uint32_t  cut = (all - n) / 2;
    double    from = cut, to = cut + n - 1.0;

    *ax = (pacs_axis_t) { .whole = *l, .line = *l, .all = all, .canvas = n,
                          .cut = l->flip ? all - n - cut : cut };
    if (want->padded) {
        from = most(from, ceil(-l->start / l->scale - 0.5 - 1e-9));
        to = least(to, floor((l->size - l->start) / l->scale - 0.5 + 1e-9));
    }
    if (!(from <= to)) {
        return false;
    }

    ax->n = (uint32_t) (to - from) + 1;
    ax->before = (uint32_t) (l->flip ? cut + n - 1.0 - to : from - cut);
    ax->line.start += from * l->scale;
    return true;
}


static void
plan(pacs_axis_t *ax)
{
    const pacs_side_t  *l = &ax->line;
    uint32_t            n = ax->n;

    ax->plain = is_plain(l, n, &ax->lo);

    if (ax->plain) {
        ax->hi = ax->lo + n;
        ax->line.scale = (double) (1u << l->level);
        ax->line.start = ax->lo * ax->line.scale;
    } else {
        ax->lo = (uint32_t) span(l, 0).lo;
        ax->hi = (uint32_t) span(l, n - 1).hi;
    }
}


static void
put_weights(const pacs_axis_t *ax, uint32_t i)
{
    const pacs_side_t *l = &ax->line;
    float             *w = ax->weights + (size_t) i * ax->taps;
    span_t             s = span(l, l->flip ? ax->n - 1 - i : i);
    uint32_t           lo = (uint32_t) s.lo;
    double             sum = 0;

    /* all have as many taps, those too many weigh nothing */
    lo = lo < ax->hi - ax->taps ? lo : ax->hi - ax->taps;
    ax->first[i] = lo - ax->lo;
    w += s.lo - lo;

    for (int64_t p = s.lo; p < s.hi; p++) {
        sum += weight(l, &s, p);
    }
    for (int64_t p = s.lo; p < s.hi; p++) {
        *w++ = sum > 0 ? (float) (weight(l, &s, p) / sum) : p == s.lo;
    }
}


int
pacs_axis_weights(pacs_axis_t *ax, pacs_arena_t *a, pacs_err_t *err)
{
    ax->taps = 1;
    for (uint32_t i = 0; i < ax->n; i++) {
        span_t  s = span(&ax->line, i);

        if (s.hi - s.lo > ax->taps) {
            ax->taps = (uint32_t) (s.hi - s.lo);
        }
    }

    ax->first = pacs_calloc(a, ax->n, sizeof(*ax->first));
    ax->weights = pacs_calloc(a, (size_t) ax->n * ax->taps,
                              sizeof(*ax->weights));
    if (ax->first == NULL || ax->weights == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "geometry");
    }

    for (uint32_t i = 0; i < ax->n; i++) {
        put_weights(ax, i);
    }
    return PACS_OK;
}


/* source pixels an output pixel, each way */
static void
fit(const pacs_picture_t *want, double aspect, double width, double height,
    pacs_side_t *x, pacs_side_t *y)
{
    uint32_t  view[2] = { want->view_width, want->view_height };
    bool      turned = want->rotate & 1;
    double    factor = INFINITY;

    /* nothing real is longer than this; else taken for a typing error */
    if (!(aspect >= 0.02 && aspect <= 50) || fabs(aspect - 1) < 1e-3) {
        aspect = 1;
    }
    double  wide = most(1, 1 / aspect), high = most(1, aspect);

    if (view[turned] != 0) {
        factor = view[turned] / (width * wide);
    }
    if (view[!turned] != 0) {
        factor = least(factor, view[!turned] / (height * high));
    }
    if (!isfinite(factor)) {
        factor = 1;
    }
    if (want->magnify > 0) {
        factor = want->magnify;
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
orient(const pacs_picture_t *want, pacs_side_t *x, pacs_side_t *y)
{
    unsigned  turns = want->rotate & 3;

    x->flip ^= want->flip_x ^ (turns == 2 || turns == 3);
    y->flip ^= want->flip_y ^ (turns == 1 || turns == 2);
}


int
pacs_geometry(uint32_t columns, uint32_t rows, double aspect,
    const pacs_picture_t *want, const pacs_limits_t *limits, unsigned levels,
    pacs_geometry_t *g, pacs_err_t *err)
{
    pacs_side_t  x = { .size = columns }, y = { .size = rows };
    bool    part = want->has_region;
    double  sw = part ? want->sw : columns, sh = part ? want->sh : rows;

    if (columns == 0 || rows == 0) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "image of %u x %u pixels",
                         columns, rows);
    }
    if (!clip(&x, part ? want->sx : 0, sw, want->padded)
        || !clip(&y, part ? want->sy : 0, sh, want->padded))
    {
        return pacs_fail(err, PACS_E_ARG, "region %g,%g,%g,%g of an image of "
                         "%u x %u pixels is empty", want->sx, want->sy,
                         want->sw, want->sh, columns, rows);
    }

    fit(want, aspect, fabs(sw), fabs(sh), &x, &y);
    orient(want, &x, &y);
    g->turned = want->rotate & 1;
    x.level = y.level = g->level = level_of(least(x.scale, y.scale), levels);

    uint32_t  view[2] = { want->view_width, want->view_height };

    if (!place(&g->x, &x, want, view[g->turned])
        || !place(&g->y, &y, want, view[!g->turned]))
    {
        return pacs_fail(err, PACS_E_ARG, "nothing of the image lies within "
                         "the viewport");
    }

    uint32_t  w = g->x.canvas, h = g->y.canvas;

    if (w > limits->render_side || h > limits->render_side
        || (int64_t) w * h > limits->render_area)
    {
        return pacs_fail(err, PACS_E_ARG, "picture of %u x %u pixels: "
                         "limits render_side %lld, render_area %lld", w, h,
                         (long long) limits->render_side,
                         (long long) limits->render_area);
    }

    plan(&g->x);
    plan(&g->y);
    return PACS_OK;
}


/* along an axis: fraction of the region as it is shown, or pixels */
static double
along(const pacs_axis_t *ax, bool fraction, double v)
{
    double  at = fraction ? v * ax->all
                          : (v - ax->whole.start) / ax->whole.scale;

    return (fraction || !ax->whole.flip ? at : ax->all - at) - ax->cut;
}


void
pacs_geometry_place(const pacs_geometry_t *g, bool fraction, double x,
    double y, double place[2])
{
    const pacs_axis_t  *across = fraction && g->turned ? &g->y : &g->x;
    const pacs_axis_t  *down = fraction && g->turned ? &g->x : &g->y;
    bool                swap = g->turned && !fraction;

    place[swap] = along(across, fraction, x);
    place[!swap] = along(down, fraction, y);
}


static double
back(const pacs_axis_t *ax, double at)
{
    at += ax->cut;
    return ax->whole.start
           + (ax->whole.flip ? ax->all - at : at) * ax->whole.scale;
}


void
pacs_geometry_source(const pacs_geometry_t *g, double px, double py,
    double at[2])
{
    at[0] = back(&g->x, g->turned ? py : px);
    at[1] = back(&g->y, g->turned ? px : py);
}
