/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Where each output pixel comes from: crop, flip and fit into a viewport,
 * PS3.18 8.3.5.1.3.  A region that sticks out of the image is clipped to
 * it.  The picture has the shape of the region in the patient: with pixels
 * that are not square the axis with the larger ones is stretched.  Downwards
 * each source pixel counts by the area it covers, upwards the picture is
 * bilinear and looks beyond the edges of the region, so that tiles fit.
 */

#include <math.h>

#include "render/pipeline.h"


/* [start, start + size) within [0, limit), flipped where size is negative;
 * false: empty */
static bool
clip(double *start, double *size, double limit, bool *flip)
{
    *flip = *size < 0;

    double  from = fmax(*start, 0);
    double  to = fmin(*start + fabs(*size), limit);

    if (!isfinite(*start) || !isfinite(*size) || !(to - from > 1e-6)) {
        return false;
    }
    *start = from;
    *size = to - from;
    return true;
}


static uint32_t
pixels(double size)
{
    double  n = floor(size + 0.5);

    return n < 1 ? 1 : n > UINT32_MAX ? UINT32_MAX : (uint32_t) n;
}


static double
at_least(double v, double least)
{
    return v < least ? least : v;
}


/* the source pixels [lo, hi) and their weights for one output pixel */
typedef struct {
    int64_t  lo, hi;
    double   from, to;          /* area: the interval; bilinear: from */
    bool     area;
} span_t;


static span_t
span(uint32_t size, double start, double scale, uint32_t i)
{
    span_t  s = { .area = scale > 1 };

    if (s.area) {
        s.from = start + i * scale;
        s.to = s.from + scale;
        s.lo = (int64_t) floor(s.from + 1e-9);
        s.hi = (int64_t) ceil(s.to - 1e-9);
    } else {
        s.from = start + (i + 0.5) * scale - 0.5;
        s.lo = (int64_t) floor(s.from);
        s.hi = s.lo + 2;
    }

    s.lo = s.lo < 0 ? 0 : s.lo >= size ? size - 1 : s.lo;
    s.hi = s.hi > size ? size : s.hi <= s.lo ? s.lo + 1 : s.hi;
    return s;
}


static double
weight(const span_t *s, int64_t at)
{
    if (s->area) {
        return at_least(fmin(s->to, (double) at + 1)
                        - fmax(s->from, (double) at), 0);
    }
    return at_least(1 - fabs((double) at - s->from), 0);
}


static void
put_weights(pacs_axis_t *ax, const span_t *s, uint32_t at)
{
    double  sum = 0;

    for (int64_t p = s->lo; p < s->hi; p++) {
        sum += weight(s, p);
    }
    for (int64_t p = s->lo; p < s->hi; p++) {
        ax->weights[at++] = sum > 0 ? (float) (weight(s, p) / sum)
                                    : p == s->lo;
    }
}


static int
build(pacs_axis_t *ax, uint32_t size, double start, double length, uint32_t n,
    bool flip, pacs_arena_t *a, pacs_err_t *err)
{
    double  scale = length / n;

    *ax = (pacs_axis_t) { .n = n, .flip = flip };

    if (scale == 1 && start == floor(start)) {
        ax->plain = true;
        ax->lo = (uint32_t) start;
        ax->hi = ax->lo + n;
    }

    ax->first = pacs_calloc(a, n, sizeof(*ax->first));
    ax->start = pacs_calloc(a, (size_t) n + 1, sizeof(*ax->start));
    if (ax->first == NULL || ax->start == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "geometry");
    }

    for (uint32_t i = 0; i < n; i++) {
        span_t  s = span(size, start, scale, flip ? n - 1 - i : i);

        ax->first[i] = (uint32_t) s.lo;
        ax->start[i + 1] = ax->start[i] + (uint32_t) (s.hi - s.lo);
    }

    ax->weights = pacs_calloc(a, ax->start[n], sizeof(*ax->weights));
    if (ax->weights == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "geometry");
    }

    uint32_t  lo = UINT32_MAX, hi = 0;
    for (uint32_t i = 0; i < n; i++) {
        span_t  s = span(size, start, scale, flip ? n - 1 - i : i);

        put_weights(ax, &s, ax->start[i]);
        lo = s.lo < lo ? (uint32_t) s.lo : lo;
        hi = s.hi > hi ? (uint32_t) s.hi : hi;
    }
    if (!ax->plain) {
        ax->lo = lo;
        ax->hi = hi;
    }
    return PACS_OK;
}


int
pacs_geometry(uint32_t columns, uint32_t rows, double aspect,
    const pacs_picture_t *want, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_axis_t *x, pacs_axis_t *y, pacs_err_t *err)
{
    double  sx = 0, sy = 0, sw = columns, sh = rows;
    bool    flip_x, flip_y;

    if (want->has_region) {
        sx = want->sx;
        sy = want->sy;
        sw = want->sw;
        sh = want->sh;
    }
    if (!clip(&sx, &sw, columns, &flip_x) || !clip(&sy, &sh, rows, &flip_y)) {
        return pacs_fail(err, PACS_E_ARG, "region %g,%g,%g,%g of an image of "
                         "%u x %u pixels is empty", want->sx, want->sy,
                         want->sw, want->sh, columns, rows);
    }

    /* nothing real is longer than this; else taken for a typing error */
    if (!(aspect >= 0.02 && aspect <= 50) || fabs(aspect - 1) < 1e-3) {
        aspect = 1;
    }
    double  width = sw * fmax(1, 1 / aspect), height = sh * fmax(1, aspect);
    double  fit = INFINITY;

    if (want->view_width != 0) {
        fit = want->view_width / width;
    }
    if (want->view_height != 0) {
        fit = fmin(fit, want->view_height / height);
    }
    if (isfinite(fit)) {
        width *= fit;
        height *= fit;
    }

    uint32_t  w = pixels(width), h = pixels(height);

    if (w > limits->render_side || h > limits->render_side
        || (int64_t) w * h > limits->render_area)
    {
        return pacs_fail(err, PACS_E_LIMIT, "picture of %u x %u pixels: "
                         "limits render_side %lld, render_area %lld", w, h,
                         (long long) limits->render_side,
                         (long long) limits->render_area);
    }

    int  rc = build(x, columns, sx, sw, w, flip_x, a, err);

    return rc == PACS_OK ? build(y, rows, sy, sh, h, flip_y, a, err) : rc;
}
