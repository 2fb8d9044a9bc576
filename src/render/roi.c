/* SPDX-License-Identifier: BSD-2-Clause */

/* Which pixels belong to a region: those whose centre lies in it. */

#include <math.h>
#include <string.h>

#include "render/measure.h"

typedef struct { double  left, top, right, bottom; }  bounds_t;


static bounds_t
polygon_bounds(const pacs_roi_t *roi)
{
    bounds_t  b = { roi->v[0], roi->v[1], roi->v[0], roi->v[1] };

    for (unsigned i = 2; i + 1 < roi->n; i += 2) {
        b.left = fmin(b.left, roi->v[i]);
        b.right = fmax(b.right, roi->v[i]);
        b.top = fmin(b.top, roi->v[i + 1]);
        b.bottom = fmax(b.bottom, roi->v[i + 1]);
    }
    return b;
}


/* around whatever its angle is */
static bounds_t
ellipse_bounds(const double *v)
{
    double  c = cos(v[4] * M_PI / 180), s = sin(v[4] * M_PI / 180);
    double  x = hypot(v[2] * c, v[3] * s), y = hypot(v[2] * s, v[3] * c);

    return (bounds_t) { v[0] - x, v[1] - y, v[0] + x, v[1] + y };
}


static bounds_t
bounds(const pacs_roi_t *roi)
{
    const double *v = roi->v;

    switch (roi->shape) {
    case PACS_ROI_POINT:
        return (bounds_t) { floor(v[0]), floor(v[1]), floor(v[0]) + 1,
                            floor(v[1]) + 1 };
    case PACS_ROI_RECTANGLE:
        return (bounds_t) { v[0], v[1], v[0] + v[2], v[1] + v[3] };
    case PACS_ROI_ELLIPSE:
        return ellipse_bounds(v);
    default:
        return polygon_bounds(roi);
    }
}


/* a pixel's edge, within the picture */
static uint32_t
clip(double edge, uint32_t most)
{
    return edge > 0 ? edge < most ? (uint32_t) edge : most : 0;
}


pacs_box_t
pacs_roi_box(const pacs_roi_t *roi, uint32_t width, uint32_t height)
{
    bounds_t    b = bounds(roi);
    pacs_box_t  box = {
        clip(floor(b.left), width), clip(floor(b.top), height),
        clip(ceil(b.right), width), clip(ceil(b.bottom), height)
    };

    if (box.x0 >= box.x1 || box.y0 >= box.y1) {
        box = (pacs_box_t) { 0, 0, 0, 0 };
    }
    return box;
}


static void
rectangle_row(const double *v, double y, uint32_t x, uint32_t n, uint8_t *in)
{
    bool  row = y >= v[1] && y < v[1] + v[3];

    for (uint32_t i = 0; i < n; i++) {
        double  c = (double) x + i + 0.5;

        in[i] = row && c >= v[0] && c < v[0] + v[2];
    }
}


static void
ellipse_row(const double *v, double y, uint32_t x, uint32_t n, uint8_t *in)
{
    double  c = cos(v[4] * M_PI / 180), s = sin(v[4] * M_PI / 180);
    double  dy = y - v[1];

    for (uint32_t i = 0; i < n; i++) {
        double  dx = (double) x + i + 0.5 - v[0];
        double  a = (dx * c + dy * s) / v[2], b = (dy * c - dx * s) / v[3];

        in[i] = a * a + b * b <= 1;
    }
}


/* every edge that crosses the row turns all pixels to its right over */
static void
polygon_row(const pacs_roi_t *roi, double y, uint32_t x, uint32_t n,
    uint8_t *in)
{
    const double *v = roi->v;

    memset(in, 0, n);

    for (unsigned i = 0, j = roi->n - 2; i < roi->n; j = i, i += 2) {
        if ((v[i + 1] > y) == (v[j + 1] > y)) {
            continue;
        }

        double  at = (v[j] - v[i]) * (y - v[i + 1]) / (v[j + 1] - v[i + 1])
                     + v[i];
        double  first = ceil(at - 0.5) - x;

        if (first < n) {
            in[first > 0 ? (uint32_t) first : 0] ^= 1;
        }
    }

    for (uint32_t i = 1; i < n; i++) {
        in[i] ^= in[i - 1];
    }
}


void
pacs_roi_row(const pacs_roi_t *roi, uint32_t y, uint32_t x, uint32_t n,
    uint8_t *in)
{
    switch (roi->shape) {
    case PACS_ROI_POINT:
        memset(in, 1, n);
        return;
    case PACS_ROI_RECTANGLE:
        rectangle_row(roi->v, y + 0.5, x, n, in);
        return;
    case PACS_ROI_ELLIPSE:
        ellipse_row(roi->v, y + 0.5, x, n, in);
        return;
    default:
        polygon_row(roi, y + 0.5, x, n, in);
    }
}
