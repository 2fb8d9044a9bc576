/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Stored value -> grey in one step: modality LUT (PS3.3 C.11.1), VOI LUT or
 * window (C.11.2), presentation LUT shape and MONOCHROME1 (C.11.6,
 * C.7.6.3.1.2).  Pixel padding is black whatever the rest says.
 *
 * What is shown when the request names no window, in this order: the VOI
 * LUT Sequence, the frame's own window, the first window of the data set;
 * else, for up to 8 bits, all that can be stored (so that a cine does not
 * flicker), and above that the least to the greatest stored value of this
 * frame, padding left aside.
 */

#include <math.h>
#include <string.h>

#include "render/pipeline.h"


double
pacs_lut_at(const pacs_lut_t *lut, double value)
{
    double  at = floor(value + 0.5) - lut->first;

    if (!(at > 0)) {
        return lut->data[0];
    }
    if (at >= lut->entries) {
        return lut->data[lut->entries - 1];
    }
    return lut->data[(uint32_t) at];
}


static double
modality(const pacs_curve_t *c, double stored)
{
    return c->modality != NULL ? pacs_lut_at(c->modality, stored)
                               : stored * c->slope + c->intercept;
}


/* PS3.3 C.11.2.1.2.1, ymin 0, ymax 255 */
static double
linear(double x, double c, double w)
{
    c -= 0.5;
    w -= 1;
    if (x <= c - w / 2) {
        return 0;
    }
    if (x > c + w / 2) {
        return 255;
    }
    return ((x - c) / w + 0.5) * 255;
}


/* C.11.2.1.3.2 */
static double
linear_exact(double x, double c, double w)
{
    if (x <= c - w / 2) {
        return 0;
    }
    if (x > c + w / 2) {
        return 255;
    }
    return ((x - c) / w + 0.5) * 255;
}


/* C.11.2.1.3.1 */
static double
sigmoid(double x, double c, double w)
{
    return 255 / (1 + exp(-4 * (x - c) / w));
}


static double
voi_table(const pacs_lut_t *lut, double x)
{
    double  most = (double) ((UINT32_C(1) << lut->bits) - 1);
    double  y = pacs_lut_at(lut, x);

    return (y < most ? y : most) * 255 / most;
}


static double
voi(const pacs_curve_t *c, double x)
{
    switch (c->voi) {
    case PACS_VOI_LINEAR:
        return linear(x, c->center, c->width);
    case PACS_VOI_LINEAR_EXACT:
        return linear_exact(x, c->center, c->width);
    case PACS_VOI_SIGMOID:
        return sigmoid(x, c->center, c->width);
    default:
        return voi_table(c->table, x);
    }
}


double
pacs_curve_grey(const pacs_curve_t *c, double stored)
{
    if (isnan(stored)
        || (c->padding != NULL && stored >= c->padding[0]
            && stored <= c->padding[1]))
    {
        return 0;
    }

    double  y = voi(c, modality(c, stored));

    return c->inverse ? 255 - y : y;
}


/* the stored values outside of which a window gives black or white */
static void
active_range(const pacs_curve_t *c, int32_t min, int32_t max, int32_t *from,
    int32_t *to)
{
    *from = min;
    *to = max;
    if (c->modality != NULL || c->voi == PACS_VOI_TABLE) {
        return;
    }

    /* 255 / (1 + exp(7)) rounds to 0 */
    double  reach = c->voi == PACS_VOI_SIGMOID ? c->width * 7 / 4 : c->width;
    double  one = (c->center - reach - 1 - c->intercept) / c->slope;
    double  two = (c->center + reach + 1 - c->intercept) / c->slope;
    double  low = floor(fmin(one, two)) - 1;
    double  high = ceil(fmax(one, two)) + 1;

    *from = low <= min ? min : low >= max ? max : (int32_t) low;
    *to = high >= max ? max : high <= min ? min : (int32_t) high;
}


static uint8_t
round_grey(double y)
{
    return (uint8_t) (y + 0.5);
}


/* table[(uint) value & mask] = grey for value in [from, to], both in the
 * table's range, which may wrap where the sign changes */
static void
fill(uint8_t *table, uint32_t mask, int32_t from, int32_t to, uint8_t grey)
{
    if (from < 0 && to >= 0) {
        memset(table, grey, (size_t) to + 1);
        to = -1;
    }
    if (from <= to) {
        memset(table + ((uint32_t) from & mask), grey,
               (size_t) (to - from) + 1);
    }
}


void
pacs_curve_table(const pacs_curve_t *c, const pacs_raster_t *r,
    uint8_t *table)
{
    uint32_t  mask = (uint32_t) r->mask;
    int32_t   min = -(int32_t) r->sign;
    int32_t   max = min + (int32_t) mask;
    int32_t   from, to;

    active_range(c, min, max, &from, &to);

    pacs_curve_t  bare = *c;
    bare.padding = NULL;

    fill(table, mask, min, from, round_grey(pacs_curve_grey(&bare, min)));
    fill(table, mask, to, max, round_grey(pacs_curve_grey(&bare, max)));
    for (int32_t v = from; v <= to; v++) {
        table[(uint32_t) v & mask] = round_grey(pacs_curve_grey(&bare, v));
    }

    if (c->padding != NULL) {
        int32_t  lo = c->padding[0] < min ? min : c->padding[0];
        int32_t  hi = c->padding[1] > max ? max : c->padding[1];

        fill(table, mask, lo, hi, 0);
    }
}


static bool
usable(double center, double width)
{
    return isfinite(center) && isfinite(width) && width > 0;
}


static void
set_window(pacs_curve_t *c, unsigned voi, double center, double width)
{
    c->voi = voi <= PACS_VOI_SIGMOID ? voi : PACS_VOI_LINEAR;
    c->center = center;
    c->width = c->voi == PACS_VOI_LINEAR && width < 1 ? 1 : width;
}


/* LINEAR_EXACT from the least to the greatest value after the modality LUT */
static void
stretch(const pacs_raster_t *r, pacs_curve_t *c)
{
    double  min, max;

    if (r->narrow && r->stored <= 8) {
        min = -(double) r->sign;
        max = min + (double) r->mask;

    } else if (!pacs_raster_range(r, c->padding, &min, &max)) {
        min = 0;
        max = 1;
    }

    double  one = modality(c, min), two = modality(c, max);
    if (c->modality != NULL) {
        one = INFINITY;
        two = -INFINITY;
        for (double v = min; v <= max && max - min < 65536; v++) {
            double  y = modality(c, v);
            one = fmin(one, y);
            two = fmax(two, y);
        }
    }

    double  width = fabs(two - one);
    double  center = one / 2 + two / 2;

    if (!usable(center, width)) {
        /* a flat picture is black, an inverted one white */
        center = isfinite(center) ? center + 0.5 : 0;
        width = 1;
    }
    set_window(c, PACS_VOI_LINEAR_EXACT, center, width);
}


static void
choose_modality(const pacs_raster_t *r, const pacs_look_t *look,
    uint32_t frame, pacs_curve_t *c)
{
    c->slope = look->slope;
    c->intercept = look->intercept;

    if (look->frames != NULL && frame < look->nframes) {
        c->slope = look->frames[frame].slope;
        c->intercept = look->frames[frame].intercept;

    } else if (look->modality.entries > 0 && r->narrow) {
        c->modality = &look->modality;
    }

    /* a slope of 0 would make every picture flat: taken as not given */
    if (!isfinite(c->slope) || c->slope == 0) {
        c->slope = 1;
    }
    if (!isfinite(c->intercept)) {
        c->intercept = 0;
    }
}


static void
choose_voi(const pacs_raster_t *r, const pacs_look_t *look, uint32_t frame,
    pacs_curve_t *c)
{
    if (look->voi_lut.entries > 0 && look->voi_lut.bits >= 1
        && look->voi_lut.bits <= 16)
    {
        c->voi = PACS_VOI_TABLE;
        c->table = &look->voi_lut;
        return;
    }

    if (look->frames != NULL && frame < look->nframes
        && usable(look->frames[frame].center, look->frames[frame].width))
    {
        set_window(c, look->voi, look->frames[frame].center,
                   look->frames[frame].width);
        return;
    }

    if (look->nwindows > 0
        && usable(look->windows[0].center, look->windows[0].width))
    {
        set_window(c, look->voi, look->windows[0].center,
                   look->windows[0].width);
        return;
    }

    stretch(r, c);
}


int
pacs_curve_choose(const pacs_raster_t *r, const pacs_look_t *look,
    uint32_t frame, const pacs_picture_t *want, pacs_curve_t *c,
    pacs_err_t *err)
{
    *c = (pacs_curve_t) {
        .inverse = look->inverse || r->photometric == PACS_PI_MONO1,
        .padding = look->has_padding && !r->is_float ? look->padding : NULL,
    };

    choose_modality(r, look, frame, c);

    if (!want->has_window) {
        choose_voi(r, look, frame, c);
        return PACS_OK;
    }

    if (!usable(want->center, want->width)
        || want->voi > PACS_VOI_SIGMOID)
    {
        return pacs_fail(err, PACS_E_ARG, "window %g, %g", want->center,
                         want->width);
    }
    set_window(c, want->voi, want->center, want->width);
    return PACS_OK;
}
