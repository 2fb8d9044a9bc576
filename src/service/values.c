/* SPDX-License-Identifier: BSD-2-Clause */

/* …/frames/N/values: numbers of points and regions, from stored samples. */

#include <stdio.h>

#include "service/figures.h"

/* tables of real world values are held */
enum { KEEP = 1 << 19 };

typedef struct {
    pacs_image_t    *image;
    uint32_t         frame;         /* from 0 */
    pacs_figures_t   figures;
    pacs_area_t      rows;          /* those that the regions have */
} state_t;

/* --- what is asked for --- */

static int
begin(pacs_op_t *op, const pacs_route_t *route, const pacs_param_t *params,
    unsigned n, state_t *s, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_accept_t        accept;
    unsigned             naccept;
    int                  rc;

    if (route->nframes != 1) {
        return pacs_fail(err, PACS_E_ARG, "values are those of one frame");
    }

    if ((rc = pacs_web_values(params, n, limits, op->arena,
                              &s->figures.values, err)) != PACS_OK
        || (rc = pacs_op_accept(op, route, params, n, &accept, 1, &naccept,
                                err)) != PACS_OK
        || (rc = pacs_image_open(op, route->study, route->series,
                                 route->instance, &s->image, err)) != PACS_OK)
    {
        return rc;
    }

    s->frame = route->frames[0] - 1;
    if (s->frame >= s->image->record.pixels.frames) {
        return pacs_fail(err, PACS_E_NOT_FOUND, "frame %u of %u",
                         route->frames[0], s->image->record.pixels.frames);
    }

    return pacs_figures_begin(op, &s->figures,
                              s->image->record.pixels.columns,
                              s->image->record.pixels.rows, &s->rows, err);
}


static bool
unchanged(pacs_op_t *op, const state_t *s)
{
    char   frame[16];
    char  *key = pacs_strdup(op->arena, s->image->record.key);
    char  *args = pacs_strdup(op->arena, op->request.args);

    snprintf(frame, sizeof(frame), "%u", s->frame);

    return pacs_reply_etag(op, PACS_PIPELINE, "values", frame,
                           key ? key : "", args ? args : "", NULL);
}


/* --- the answer --- */

static int
measure(pacs_op_t *op, const state_t *s, const pacs_samples_t *samples,
    uint32_t top, pacs_buf_t *b, pacs_err_t *err)
{
    pacs_dataset_t  ds = { 0 };
    pacs_gauge_t    gauge;
    pacs_field_t   *f;
    int             rc;

    if ((rc = pacs_dicom_read(s->image->file, pacs_service_limits(op->svc),
                              KEEP, op->arena, &ds, err)) != PACS_OK
        || (rc = pacs_gauge_read(&ds, &s->image->look, s->frame, op->arena,
                                 &gauge, err)) != PACS_OK
        || (rc = pacs_field_frame(samples, top, top + samples->px.rows,
                                  &s->image->look, &gauge.scale, op->arena,
                                  &f, err)) != PACS_OK)
    {
        return rc;
    }

    pacs_buf_printf(b, "{\"frame\":%u,", s->frame + 1);
    return pacs_figures_write(op, &s->figures, &gauge, f, b, err);
}


int
pacs_op_values(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, pacs_err_t *err)
{
    state_t         *s = op->state;
    pacs_samples_t   samples;
    pacs_buf_t       out = { 0 };
    int              rc;

    if (s == NULL) {
        s = op->state = pacs_calloc(op->arena, 1, sizeof(*s));

        if (s == NULL) {
            return PACS_E_NOMEM;
        }
        if ((rc = begin(op, route, params, n, s, err)) != PACS_OK) {
            return rc;
        }
        if (unchanged(op, s)) {
            return PACS_OK;
        }
    }

    rc = pacs_samples_read(op, s->image, s->frame, &s->rows, op->arena,
                           &samples, err);
    if (rc != PACS_OK) {
        return rc;
    }

    if (samples.area.columns != 0) {
        samples.px.rows = samples.area.rows;
    }
    rc = measure(op, s, &samples, samples.area.y, &out, err);
    if (rc != PACS_OK) {
        pacs_buf_free(&out);
        return rc;
    }

    op->reply.content_type = pacs_lit("application/json");
    return pacs_reply_memory(op, pacs_buf_take(&out, op->arena));
}
