/* SPDX-License-Identifier: BSD-2-Clause */

/* Lines, areas and bits as coverage. */

#include <math.h>
#include <string.h>

#include "render/ink.h"

enum { SUBROWS = 4, MOST_SAMPLES = 16 };


/* the part t0..t1 of p + t * d that is within low..high; false: none */
static bool
clip(double p, double d, double low, double high, double *t0, double *t1)
{
    if (d == 0) {
        return p >= low && p <= high;
    }

    double  one = (low - p) / d, two = (high - p) / d;

    *t0 = fmax(*t0, fmin(one, two));
    *t1 = fmin(*t1, fmax(one, two));
    return *t0 <= *t1;
}


static double
distance(double x, double y, pacs_place_t p, double dx, double dy,
    double square)
{
    double  t = square > 0 ? ((x - p.x) * dx + (y - p.y) * dy) / square : 0;

    t = fmin(fmax(t, 0), 1);
    return hypot(x - p.x - t * dx, y - p.y - t * dy);
}


/* where pixels of row y may be touched */
static void
reach_of(const pacs_sheet_t *s, pacs_place_t p, pacs_place_t q, double y,
    double reach, uint32_t *from, uint32_t *to)
{
    double  dx = q.x - p.x, dy = q.y - p.y;
    double  low = fmin(p.x, q.x) - reach, high = fmax(p.x, q.x) + reach;

    if (fabs(dy) > 1e-9) {
        double  at = p.x + (y - p.y) * dx / dy;
        double  wide = reach * hypot(dx, dy) / fabs(dy);

        low = fmax(low, at - wide);
        high = fmin(high, at + wide);
    }
    *from = !(low > s->left) ? s->left
            : low < s->right ? (uint32_t) low : s->right;
    *to = !(high > s->left) ? s->left
          : high + 1 < s->right ? (uint32_t) high + 1 : s->right;
}


void
pacs_sheet_line(pacs_sheet_t *s, pacs_place_t p, pacs_place_t q, double half)
{
    double  dx = q.x - p.x, dy = q.y - p.y, t0 = 0, t1 = 1;
    double  reach = half + 1;

    if (!clip(p.x, dx, s->left - reach, s->right + reach, &t0, &t1)
        || !clip(p.y, dy, s->top - reach, s->bottom + reach, &t0, &t1))
    {
        return;
    }
    q = (pacs_place_t) { p.x + t1 * dx, p.y + t1 * dy };
    p = (pacs_place_t) { p.x + t0 * dx, p.y + t0 * dy };
    dx = q.x - p.x;
    dy = q.y - p.y;

    double    square = dx * dx + dy * dy;
    double    low = fmax(floor(fmin(p.y, q.y) - reach), s->top);
    double    high = fmin(ceil(fmax(p.y, q.y) + reach), s->bottom);

    for (double y = low; y < high; y++) {
        uint32_t  from, to;

        reach_of(s, p, q, y + 0.5, reach, &from, &to);
        s->work -= to > from ? to - from : 0;
        for (uint32_t x = from; x < to; x++) {
            uint8_t  *c = &s->cover[(size_t) y * s->width + x];
            double    d = distance(x + 0.5, y + 0.5, p, dx, dy, square);
            double    v = fmin(fmax(half + 0.5 - d, 0), 1) * 255;

            *c = v > *c ? (uint8_t) v : *c;
        }
    }
}


/* a quarter of a row, from one place to another */
static void
add_span(const pacs_sheet_t *s, double from, double to, uint8_t *row)
{
    from = fmax(from, s->left);
    to = fmin(to, s->right);
    for (double x = floor(from); x < to; x++) {
        double    part = fmin(x + 1, to) - fmax(x, from);
        uint8_t  *c = &row[(uint32_t) x];
        unsigned  v = *c + (unsigned) (part * 255 / SUBROWS + 0.5);

        *c = (uint8_t) (v > 255 ? 255 : v);
    }
}


void
pacs_sheet_fill(pacs_sheet_t *s, const pacs_place_t *p, size_t n,
    double *crossings)
{
    for (uint32_t y = s->top; y < s->bottom && s->work >= 0; y++) {
        for (unsigned k = 0; k < SUBROWS; k++) {
            size_t  found = pacs_polygon_crossings(p, n, y + (k + 0.5)
                                                         / SUBROWS, crossings);

            s->work -= (int64_t) n;
            for (size_t i = 0; i + 1 < found; i += 2) {
                add_span(s, crossings[i], crossings[i + 1],
                         s->cover + (size_t) y * s->width);
            }
        }
    }
}


/* of a picture that is smaller than the image the part of a pixel that bits
 * cover */
void
pacs_sheet_bits(pacs_sheet_t *s, const pacs_plane_bits_t *bits)
{
    double    scale = fmax(s->g->x.whole.scale, s->g->y.whole.scale);
    unsigned  k = scale <= 1 ? 1 : scale >= MOST_SAMPLES
                  ? MOST_SAMPLES : (unsigned) ceil(scale);

    s->work -= (int64_t) (s->right - s->left) * (s->bottom - s->top) * k * k;
    for (uint32_t y = s->top; y < s->bottom && s->work >= 0; y++) {
        for (uint32_t x = s->left; x < s->right; x++) {
            unsigned  set = 0;

            for (unsigned i = 0; i < k * k; i++) {
                double  at[2];

                pacs_geometry_source(s->g, x + (i % k + 0.5) / k,
                                     y + (i / k + 0.5) / k, at);
                set += pacs_plane_bit(bits, (int64_t) floor(at[0]),
                                      (int64_t) floor(at[1]));
            }
            s->cover[(size_t) y * s->width + x] = (uint8_t)
                                                  (set * 255 / (k * k));
        }
    }
}
