/* SPDX-License-Identifier: BSD-2-Clause */

/* Numbers of regions as JSON: of a frame, or of a plane of a volume. */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "service/figures.h"

static const pacs_roi_e  shapes[] = {
    [PACS_SHAPE_POINT] = PACS_ROI_POINT,
    [PACS_SHAPE_RECTANGLE] = PACS_ROI_RECTANGLE,
    [PACS_SHAPE_ELLIPSE] = PACS_ROI_ELLIPSE,
    [PACS_SHAPE_POLYGON] = PACS_ROI_POLYGON
};


static int
check_box(const pacs_shape_t *s, const pacs_box_t *box,
    const pacs_limits_t *limits, uint64_t *area, pacs_err_t *err)
{
    if (s->shape == PACS_SHAPE_POINT && box->x0 == box->x1) {
        return pacs_fail(err, PACS_E_ARG, "point %g,%g is outside of the "
                         "picture", s->v[0], s->v[1]);
    }

    *area += (uint64_t) (box->x1 - box->x0) * (box->y1 - box->y0);

    return *area <= (uint64_t) limits->render_area
           ? PACS_OK
           : pacs_fail(err, PACS_E_LIMIT, "regions of more pixels than limit "
                       "render_area %" PRId64, limits->render_area);
}


int
pacs_figures_begin(pacs_op_t *op, pacs_figures_t *f, uint32_t width,
    uint32_t height, pacs_area_t *rows, pacs_err_t *err)
{
    uint32_t  top = height, bottom = 0;
    uint64_t  area = 0;

    f->rois = pacs_calloc(op->arena, f->values.nshapes, sizeof(*f->rois));
    if (f->rois == NULL) {
        return PACS_E_NOMEM;
    }

    for (unsigned i = 0; i < f->values.nshapes; i++) {
        const pacs_shape_t *shape = &f->values.shapes[i];
        pacs_roi_t         *roi = &f->rois[i];

        *roi = (pacs_roi_t) { shapes[shape->shape], shape->v, shape->n };

        pacs_box_t  box = pacs_roi_box(roi, width, height);
        int         rc = check_box(shape, &box, pacs_service_limits(op->svc),
                                   &area, err);

        if (rc != PACS_OK) {
            return rc;
        }
        if (box.x0 < box.x1) {
            top = box.y0 < top ? box.y0 : top;
            bottom = box.y1 > bottom ? box.y1 : bottom;
        }
    }

    if (top >= bottom) {
        top = 0;
        bottom = 1;
    }

    *rows = (pacs_area_t) { .y = top, .columns = width,
                            .rows = bottom - top };
    return PACS_OK;
}


/* the shortest text that is this number again */
static void
add_number(pacs_buf_t *b, double v)
{
    char  text[32];

    if (!isfinite(v)) {
        pacs_buf_text(b, "null");
        return;
    }

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, v);
        if (strtod(text, NULL) == v) {
            break;
        }
    }
    pacs_buf_text(b, text);
}


static void
add_numbers(pacs_buf_t *b, const double *v, unsigned n)
{
    pacs_buf_char(b, '[');
    for (unsigned i = 0; i < n; i++) {
        pacs_buf_text(b, i > 0 ? "," : "");
        add_number(b, v[i]);
    }
    pacs_buf_char(b, ']');
}


typedef double (*figure_pt)(const pacs_stats_t *s);

static double mean(const pacs_stats_t *s) { return s->mean; }
static double sd(const pacs_stats_t *s) { return s->sd; }
static double least(const pacs_stats_t *s) { return s->min; }
static double most(const pacs_stats_t *s) { return s->max; }


/* one number, or [red, green, blue] */
static void
add_figure(pacs_buf_t *b, const char *name, figure_pt figure,
    const pacs_stats_t *stats, unsigned channels)
{
    double  v[3];

    for (unsigned k = 0; k < channels; k++) {
        v[k] = figure(&stats[k]);
    }

    pacs_buf_printf(b, ",\"%s\":", name);
    if (channels == 1) {
        add_number(b, v[0]);
    } else {
        add_numbers(b, v, channels);
    }
}


static void
add_histogram(pacs_buf_t *b, const pacs_stats_t *s, unsigned bins)
{
    pacs_buf_text(b, "{\"min\":");
    add_number(b, s->low);
    pacs_buf_text(b, ",\"max\":");
    add_number(b, s->high);
    pacs_buf_printf(b, ",\"below\":%" PRIu64 ",\"above\":%" PRIu64
                    ",\"counts\":[", s->below, s->above);

    for (unsigned i = 0; i < bins; i++) {
        pacs_buf_printf(b, "%s%" PRIu64, i > 0 ? "," : "", s->bins[i]);
    }
    pacs_buf_text(b, "]}");
}


static void
add_spacing(pacs_buf_t *b, const pacs_spacing_t *s)
{
    pacs_buf_printf(b, ",\"spacing\":{\"source\":\"%s\"", s->source);

    if (s->row > 0) {
        pacs_buf_text(b, ",\"row\":");
        add_number(b, s->row);
        pacs_buf_text(b, ",\"column\":");
        add_number(b, s->column);
    }
    if (s->calibration[0] != '\0') {
        pacs_buf_text(b, ",\"calibration\":");
        pacs_buf_json(b, pacs_cstr(s->calibration));
    }
    pacs_buf_char(b, '}');
}


static void
add_region(pacs_buf_t *b, const pacs_field_t *f, const pacs_stats_t *stats,
    const pacs_spacing_t *spacing, unsigned bins)
{
    pacs_buf_printf(b, ",\"count\":%" PRIu64 ",\"padding\":%" PRIu64
                    ",\"area\":", stats->count, stats->without);
    add_number(b, spacing->row > 0
                  ? (double) stats->count * spacing->row * spacing->column
                  : NAN);
    add_spacing(b, spacing);

    add_figure(b, "mean", mean, stats, f->channels);
    add_figure(b, "sd", sd, stats, f->channels);
    add_figure(b, "min", least, stats, f->channels);
    add_figure(b, "max", most, stats, f->channels);

    if (bins == 0) {
        return;
    }

    pacs_buf_text(b, ",\"histogram\":");
    pacs_buf_text(b, f->channels > 1 ? "[" : "");
    for (unsigned k = 0; k < f->channels; k++) {
        pacs_buf_text(b, k > 0 ? "," : "");
        add_histogram(b, &stats[k], bins);
    }
    pacs_buf_text(b, f->channels > 1 ? "]" : "");
}


/* a member of "results" begins with what was asked */
static int
add_result(pacs_op_t *op, const pacs_figures_t *s, unsigned i,
    const pacs_gauge_t *gauge, const pacs_field_t *f, pacs_buf_t *b,
    pacs_err_t *err)
{
    const pacs_shape_t    *shape = &s->values.shapes[i];
    bool                   point = shape->shape == PACS_SHAPE_POINT;
    pacs_stats_t           stats[3];
    pacs_histogram_t       h = { point ? 0 : s->values.bins,
                                 s->values.has_range, s->values.min,
                                 s->values.max };
    int                    rc = pacs_measure(f, &s->rois[i], &h, op->arena,
                                             stats, err);

    if (rc != PACS_OK) {
        return rc;
    }

    pacs_buf_printf(b, "%s\n{\"%s\":", i > 0 ? "," : "", shape->name);
    add_numbers(b, shape->v, shape->n);

    if (point) {
        add_figure(b, "value", mean, stats, f->channels);
    } else {
        pacs_box_t      box = pacs_roi_box(&s->rois[i], f->width, f->height);
        pacs_spacing_t  spacing = pacs_gauge_spacing(gauge, &box);

        add_region(b, f, stats, &spacing, h.bins);
    }
    pacs_buf_char(b, '}');
    return PACS_OK;
}


int
pacs_figures_write(pacs_op_t *op, const pacs_figures_t *s,
    const pacs_gauge_t *gauge, const pacs_field_t *f, pacs_buf_t *b,
    pacs_err_t *err)
{
    pacs_buf_printf(b, "\"channels\":%s,\"unit\":", f->channels == 1
                    ? "[\"value\"]" : "[\"red\",\"green\",\"blue\"]");
    pacs_buf_json(b, pacs_cstr(f->channels == 1 ? gauge->scale.unit : ""));
    if (gauge->scale.suv > 0) {
        pacs_buf_text(b, ",\"suvFactor\":");
        add_number(b, gauge->scale.suv);
    }
    pacs_buf_text(b, ",\"results\":[");

    for (unsigned i = 0; i < s->values.nshapes; i++) {
        int  rc = add_result(op, s, i, gauge, f, b, err);

        if (rc != PACS_OK) {
            return rc;
        }
    }

    pacs_buf_text(b, "\n]}\n");
    return PACS_OK;
}
