/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Stored value -> grey in one step: modality LUT (PS3.3 C.11.1), VOI LUT or
 * window (C.11.2), presentation LUT shape and MONOCHROME1 (C.11.6,
 * C.7.6.3.1.2).  Pixel padding is black whatever the rest says.
 *
 * Windows are of what comes out of the modality LUT, or slope and intercept.
 * But those of MR, XA, XRF and RT Dose are of stored values: their IODs have
 * no modality LUT, and what is found there is for measuring (IHE BIR).  The
 * same holds for a window that the request names.  PET: one in the data set
 * is of stored values too, one in the request of real ones (Bq/ml, …), so
 * that it means the same in each slice, whose slopes differ.
 *
 * What is shown when the request names no window, in this order: the scale
 * of the series (PET whose slopes or windows differ, or without windows); the
 * VOI LUT Sequence; the frame's own window; the first window of the data set;
 * else, for up to 8 bits, all that can be stored (so that a cine does not
 * flicker), and above that the least to the greatest value of all frames, or,
 * where they are coded, of this frame, padding left aside.
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


static void
real_values(const pacs_look_t *look, uint32_t frame, pacs_curve_t *c)
{
    *c = (pacs_curve_t) { .slope = look->slope,
                          .intercept = look->intercept };

    if (look->frames != NULL && frame < look->nframes) {
        c->slope = look->frames[frame].slope;
        c->intercept = look->frames[frame].intercept;

    } else if (look->modality.entries > 0) {
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


static double
modality(const pacs_curve_t *c, double stored)
{
    return c->modality != NULL ? pacs_lut_at(c->modality, stored)
                               : stored * c->slope + c->intercept;
}


double
pacs_look_value(const pacs_look_t *look, uint32_t frame, double stored)
{
    pacs_curve_t  c;

    real_values(look, frame, &c);
    return modality(&c, stored);
}


/* stored value -> what windows are of */
static void
window_values(const pacs_look_t *look, uint32_t frame, pacs_curve_t *c)
{
    if (look->stored_voi) {
        *c = (pacs_curve_t) { .slope = 1 };
    } else {
        real_values(look, frame, c);
    }
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


bool
pacs_curve_line(const pacs_curve_t *c, float *slope, float *middle)
{
    bool    exact = c->voi == PACS_VOI_LINEAR_EXACT;
    double  width = exact ? c->width : c->width - 1;
    double  center = exact ? c->center : c->center - 0.5;

    if (c->modality != NULL || (!exact && c->voi != PACS_VOI_LINEAR)) {
        return false;
    }

    *slope = (float) ((c->inverse ? -255 : 255) / width * c->slope);
    *middle = (float) ((center - c->intercept) / c->slope);
    return fabsf(*slope) < 1e6f && fabsf(*middle) < 1e6f;
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
        int32_t  lo = (int32_t) fmin(fmax(ceil(c->padding[0]), min), max + 1.);
        int32_t  hi = (int32_t) fmax(fmin(floor(c->padding[1]), max), min - 1.);

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


static void
set_scale(pacs_curve_t *c, double one, double two)
{
    double  width = fabs(two - one);
    double  center = one / 2 + two / 2;

    if (!usable(center, width)) {
        /* a flat picture is black, an inverted one white */
        center = isfinite(center) ? center + 0.5 : 0;
        width = 1;
    }
    set_window(c, PACS_VOI_LINEAR_EXACT, center, width);
}


/* the least and greatest value that comes out of the modality LUT for stored
 * ones from min to max */
static void
map_range(const pacs_curve_t *c, double min, double max, double *one,
    double *two)
{
    *one = modality(c, min);
    *two = modality(c, max);
    if (c->modality == NULL) {
        return;
    }

    /* beyond the table there is nothing new */
    double  first = fmax(min, c->modality->first);
    double  last = fmin(max, (double) c->modality->first
                             + c->modality->entries - 1);

    for (double v = first; v <= last; v++) {
        double  y = modality(c, v);

        *one = fmin(*one, y);
        *two = fmax(*two, y);
    }
}


/* LINEAR_EXACT from the least to the greatest value */
static void
stretch(const pacs_raster_t *r, const pacs_look_t *look, pacs_curve_t *c)
{
    double  min, max;

    if (r->narrow && r->stored <= 8) {
        min = -(double) r->sign;
        max = min + (double) r->mask;

    } else if (look->has_range) {
        set_scale(c, look->range[0], look->range[1]);
        return;

    } else if (!pacs_raster_range(r, c->padding, &min, &max)) {
        min = 0;
        max = 1;
    }

    map_range(c, min, max, &min, &max);
    set_scale(c, min, max);
}


bool
pacs_look_range(const pacs_raster_t *r, pacs_look_t *look, uint32_t frame)
{
    const double  *padding = look->has_padding ? look->padding : NULL;
    pacs_curve_t   c;
    double         min, max;

    if (!pacs_raster_range(r, padding, &min, &max)) {
        return false;
    }

    window_values(look, frame, &c);
    map_range(&c, min, max, &min, &max);
    if (min > max) {
        double  t = min;

        min = max;
        max = t;
    }

    look->range[0] = look->has_range ? fmin(look->range[0], min) : min;
    look->range[1] = look->has_range ? fmax(look->range[1], max) : max;
    look->has_range = 1;
    return true;
}


/* the window of the data set for this frame; false: there is none */
static bool
stored_window(const pacs_look_t *look, uint32_t frame, pacs_curve_t *c)
{
    const struct pacs_frame_look_s  *f = look->frames;

    if (f != NULL && frame < look->nframes
        && usable(f[frame].center, f[frame].width))
    {
        set_window(c, f[frame].voi, f[frame].center, f[frame].width);
        return true;
    }

    if (look->nwindows > 0
        && usable(look->windows[0].center, look->windows[0].width))
    {
        set_window(c, look->voi, look->windows[0].center,
                   look->windows[0].width);
        return true;
    }
    return false;
}


/* the window of a PET image reads stored values, but where these would all
 * come out black or white */
static void
choose_pet(const pacs_look_t *look, pacs_curve_t *c)
{
    double  one = (look->range[0] - c->intercept) / c->slope;
    double  two = (look->range[1] - c->intercept) / c->slope;
    double  low = c->center - c->width / 2, high = c->center + c->width / 2;

    if (look->has_range && (fmax(one, two) <= low || fmin(one, two) >= high)) {
        return;
    }

    c->slope = 1;
    c->intercept = 0;
    c->modality = NULL;
}


static void
choose_voi(const pacs_raster_t *r, const pacs_look_t *look, uint32_t frame,
    pacs_curve_t *c)
{
    if (look->scale[0] < look->scale[1]) {
        set_scale(c, look->scale[0], look->scale[1]);
        return;
    }

    if (look->voi_lut.entries > 0 && look->voi_lut.bits >= 1
        && look->voi_lut.bits <= 16)
    {
        c->voi = PACS_VOI_TABLE;
        c->table = &look->voi_lut;
        return;
    }

    if (!stored_window(look, frame, c)) {
        stretch(r, look, c);
        return;
    }

    if (look->one_scale) {
        choose_pet(look, c);
    }
}


int
pacs_curve_choose(const pacs_raster_t *r, const pacs_look_t *look,
    uint32_t frame, const pacs_picture_t *want, pacs_curve_t *c,
    pacs_err_t *err)
{
    window_values(look, frame, c);
    c->inverse = look->inverse || r->photometric == PACS_PI_MONO1;
    c->padding = look->has_padding ? look->padding : NULL;

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
