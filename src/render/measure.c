/* SPDX-License-Identifier: BSD-2-Clause */

/* Statistics of a region in two passes: sums, then what needs the mean. */

#include <math.h>
#include <string.h>

#include "render/measure.h"
#include "render/pipeline.h"


/* --- rows of values --- */

typedef struct {
    pacs_field_t         field;     /* first: what the caller knows */
    pacs_raster_t        raster;
    uint32_t             top;
    const double        *padding;
    const pacs_scale_t  *scale;
    pacs_colour_t        colour;
    uint8_t             *rgb;       /* one row, or NULL: samples as stored */
} frame_t;

typedef struct {
    pacs_field_t   field;
    const float   *values;
} plane_t;


static void
row_grey(const pacs_field_t *field, uint32_t y, uint32_t x, uint32_t n,
    double *out)
{
    const frame_t *f = (const frame_t *) field;
    const double  *pad = f->padding;
    size_t         at = (size_t) (y - f->top) * f->raster.columns + x;

    for (uint32_t i = 0; i < n; i++) {
        double  v = pacs_raster_value(&f->raster, at + i);

        out[i] = pad != NULL && v >= pad[0] && v <= pad[1]
                 ? NAN : pacs_scale_value(f->scale, v);
    }
}


static void
row_stored(const pacs_field_t *field, uint32_t y, uint32_t x, uint32_t n,
    double *out)
{
    const frame_t        *f = (const frame_t *) field;
    const pacs_raster_t  *r = &f->raster;
    size_t                at = (size_t) (y - f->top) * r->columns + x;
    size_t                plane = (size_t) r->rows * r->columns;

    for (uint32_t i = 0; i < n; i++, at++) {
        for (unsigned k = 0; k < 3; k++) {
            out[3 * i + k] = pacs_raster_value(r, r->planar ? k * plane + at
                                                            : 3 * at + k);
        }
    }
}


static void
row_rgb(const pacs_field_t *field, uint32_t y, uint32_t x, uint32_t n,
    double *out)
{
    const frame_t *f = (const frame_t *) field;

    pacs_colour_row(&f->colour, y - f->top, x, n, f->rgb);
    for (size_t i = 0; i < (size_t) n * 3; i++) {
        out[i] = f->rgb[i];
    }
}


static void
row_plane(const pacs_field_t *field, uint32_t y, uint32_t x, uint32_t n,
    double *out)
{
    const plane_t *p = (const plane_t *) field;
    const float   *from = p->values + (size_t) y * field->width + x;

    for (uint32_t i = 0; i < n; i++) {
        out[i] = from[i];
    }
}


static int
open_colour(frame_t *f, const pacs_samples_t *s, const pacs_look_t *look,
    pacs_arena_t *a, pacs_err_t *err)
{
    static const pacs_picture_t  as_it_is = { .format = 0 };

    f->field.channels = 3;

    if (f->raster.photometric == PACS_PI_RGB) {
        f->field.row = row_stored;
        return PACS_OK;
    }

    f->field.row = row_rgb;
    f->rgb = pacs_calloc(a, f->raster.columns, 3);

    return f->rgb == NULL
           ? pacs_fail(err, PACS_E_NOMEM, "a row of colour")
           : pacs_colour_open(&f->raster, look, s->index, &as_it_is, a,
                              &f->colour, err);
}


int
pacs_field_frame(const pacs_samples_t *s, uint32_t top, uint32_t height,
    const pacs_look_t *look, const pacs_scale_t *scale, pacs_arena_t *a,
    pacs_field_t **field, pacs_err_t *err)
{
    frame_t *f = pacs_calloc(a, 1, sizeof(*f));

    if (f == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "a frame to measure");
    }

    int  rc = pacs_raster_open(s, a, &f->raster, err);

    if (rc != PACS_OK) {
        return rc;
    }

    *field = &f->field;
    f->field = (pacs_field_t) { f->raster.columns, height, 1, row_grey };
    f->top = top;
    f->scale = scale;
    f->padding = look->has_padding ? look->padding : NULL;

    return f->raster.photometric == PACS_PI_MONO1
           || f->raster.photometric == PACS_PI_MONO2
           ? PACS_OK : open_colour(f, s, look, a, err);
}


int
pacs_field_plane(const float *values, uint32_t width, uint32_t height,
    pacs_arena_t *a, pacs_field_t **field, pacs_err_t *err)
{
    plane_t *p = pacs_calloc(a, 1, sizeof(*p));

    if (p == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "a plane to measure");
    }

    p->field = (pacs_field_t) { width, height, 1, row_plane };
    p->values = values;
    *field = &p->field;
    return PACS_OK;
}


/* --- two passes --- */

typedef struct {
    const pacs_field_t  *field;
    const pacs_roi_t    *roi;
    pacs_box_t           box;
    uint8_t             *in;
    double              *values;    /* of one row */
    uint32_t             bins;
    pacs_stats_t        *stats;
} job_t;


static void
first_pass(pacs_stats_t *s, double v)
{
    if (!isfinite(v)) {
        s->without++;
        return;
    }
    s->count++;
    s->mean += v;
    s->min = fmin(s->min, v);
    s->max = fmax(s->max, v);
}


static double
edge(const pacs_stats_t *s, uint32_t bins, uint32_t i)
{
    return s->low + (s->high - s->low) / bins * i;
}


static void
count_bin(pacs_stats_t *s, uint32_t bins, double v)
{
    if (v < s->low) {
        s->below++;
        return;
    }
    if (v > s->high) {
        s->above++;
        return;
    }

    double    at = (v - s->low) / (s->high - s->low) * bins;
    uint32_t  i = at < bins ? (uint32_t) at : bins - 1;

    /* the quotient may round over an edge */
    if (i > 0 && v < edge(s, bins, i)) {
        i--;
    } else if (i + 1 < bins && v >= edge(s, bins, i + 1)) {
        i++;
    }
    s->bins[i]++;
}


/* sd gathers squares until the end */
static void
second_pass(pacs_stats_t *s, uint32_t bins, double v)
{
    if (!isfinite(v)) {
        return;
    }
    s->sd += (v - s->mean) * (v - s->mean);
    if (bins > 0) {
        count_bin(s, bins, v);
    }
}


static void
pass(const job_t *j, bool second)
{
    const pacs_box_t *b = &j->box;
    unsigned          channels = j->field->channels;
    uint32_t          n = b->x1 - b->x0;

    for (uint32_t y = b->y0; y < b->y1; y++) {
        pacs_roi_row(j->roi, y, b->x0, n, j->in);
        j->field->row(j->field, y, b->x0, n, j->values);

        for (uint32_t i = 0; i < n; i++) {
            for (unsigned k = 0; j->in[i] && k < channels; k++) {
                double  v = j->values[i * channels + k];

                if (second) {
                    second_pass(&j->stats[k], j->bins, v);
                } else {
                    first_pass(&j->stats[k], v);
                }
            }
        }
    }
}


/* between the passes */
static int
open_histogram(pacs_stats_t *s, const pacs_histogram_t *h, pacs_arena_t *a,
    pacs_err_t *err)
{
    s->low = h->has_range ? h->min : s->min;
    s->high = h->has_range ? h->max : s->max;

    if (!(s->low < s->high)) {      /* all alike, or none */
        s->low = s->count > 0 ? s->low - 0.5 : 0;
        s->high = s->low + 1;
    }

    s->bins = pacs_calloc(a, h->bins, sizeof(*s->bins));
    return s->bins == NULL ? pacs_fail(err, PACS_E_NOMEM, "a histogram")
                           : PACS_OK;
}


static int
between(job_t *j, const pacs_histogram_t *h, pacs_arena_t *a,
    pacs_err_t *err)
{
    for (unsigned k = 0; k < j->field->channels; k++) {
        pacs_stats_t *s = &j->stats[k];

        s->mean = s->count > 0 ? s->mean / (double) s->count : NAN;
        if (s->count == 0) {
            s->min = s->max = NAN;
        }

        if (h->bins > 0) {
            int  rc = open_histogram(s, h, a, err);

            if (rc != PACS_OK) {
                return rc;
            }
        }
    }
    return PACS_OK;
}


int
pacs_measure(const pacs_field_t *f, const pacs_roi_t *roi,
    const pacs_histogram_t *h, pacs_arena_t *a, pacs_stats_t *out,
    pacs_err_t *err)
{
    job_t  j = { .field = f, .roi = roi, .bins = h->bins, .stats = out,
                 .box = pacs_roi_box(roi, f->width, f->height) };
    size_t n = j.box.x1 - j.box.x0;

    j.in = pacs_alloc(a, n + 1);
    j.values = pacs_calloc(a, n + 1, f->channels * sizeof(double));
    if (j.in == NULL || j.values == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "a row to measure");
    }

    for (unsigned k = 0; k < f->channels; k++) {
        out[k] = (pacs_stats_t) { .min = INFINITY, .max = -INFINITY };
    }

    pass(&j, false);

    int  rc = between(&j, h, a, err);

    if (rc != PACS_OK) {
        return rc;
    }

    pass(&j, true);

    for (unsigned k = 0; k < f->channels; k++) {
        out[k].sd = out[k].count > 0
                    ? sqrt(out[k].sd / (double) out[k].count) : NAN;
    }
    return PACS_OK;
}
