/* SPDX-License-Identifier: BSD-2-Clause */

/* A presentation state, and pictures of the images that it refers to as it
 * has them: PS3.18 8.3.5, 9.5.1.2.7. */

#include <string.h>

#include "service/presented.h"

struct pacs_presented_s {
    pacs_record_t         record;
    pacs_source_t         file;
    pacs_open_t           blob;
    pacs_dataset_t        ds;
    pacs_state_t          state;
    /* the picture that is being made, until it is: in op's arena */
    pacs_state_view_t    *view;
    float                *mask;
    uint32_t              added;    /* frames of the mask */
};


/* a state that is broken or too large is one that no picture is made of */
static int
unshowable(int rc, pacs_err_t *err)
{
    if (rc == PACS_E_LIMIT || rc == PACS_E_PARSE || rc == PACS_E_ARG) {
        err->code = PACS_E_UNSHOWABLE;
        return PACS_E_UNSHOWABLE;
    }
    return rc;
}


int
pacs_presented_of(pacs_op_t *op, const pacs_record_t *record,
    pacs_presented_t **presented, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_presented_t    *p = pacs_calloc(op->arena, 1, sizeof(*p));
    pacs_source_t       *stream;
    int                  rc;

    *presented = p;
    if (p == NULL) {
        return PACS_E_NOMEM;
    }
    p->record = *record;

    if ((rc = pacs_op_blob(op, record->key, &p->blob, err)) != PACS_OK
        || (rc = pacs_source_fd(&p->file, p->blob.fd, err)) != PACS_OK
        || (rc = pacs_dicom_read(&p->file, limits, (size_t) limits->value,
                                 op->arena, &p->ds, err)) != PACS_OK)
    {
        return unshowable(rc, err);
    }

    stream = pacs_dicom_stream(&p->file, &p->ds, limits, op->arena, err);
    return stream == NULL
           ? PACS_E_NOMEM
           : unshowable(pacs_state_read(stream, &p->ds, limits, op->arena,
                                        &p->state, err), err);
}


int
pacs_presented_open(pacs_op_t *op, pacs_str_t study, pacs_str_t series,
    pacs_str_t instance, pacs_presented_t **presented, pacs_err_t *err)
{
    pacs_record_t  record = { 0 };
    int            rc = pacs_op_record(op, study, series, instance, &record,
                                       err);

    return rc == PACS_OK ? pacs_presented_of(op, &record, presented, err)
                         : rc;
}


pacs_str_t
pacs_presented_key(const pacs_presented_t *p)
{
    return p->record.key;
}


const pacs_state_t *
pacs_presented_state(const pacs_presented_t *p)
{
    return &p->state;
}


const pacs_record_t *
pacs_presented_record(const pacs_presented_t *p)
{
    return &p->record;
}


int
pacs_presented_image(pacs_op_t *op, pacs_presented_t *p, pacs_str_t series,
    pacs_str_t instance, pacs_image_t **im, pacs_err_t *err)
{
    pacs_err_t  why = { 0 };
    int         rc = pacs_image_open(op, p->record.study, series, instance, im,
                                     &why);

    if (rc == PACS_E_NOT_FOUND || rc == PACS_E_GONE) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "the presentation state "
                         "refers to instance %.*s, which is not here, in its "
                         "study and series", pacs_fmt(instance));
    }
    if (rc != PACS_OK) {
        return pacs_fail(err, rc, "%s", why.text);
    }
    (*im)->presented = p;
    return PACS_OK;
}


/* --- one picture --- */

/* the overlays of the image itself are wanted: its data set, without pixels */
static int
read_image(pacs_op_t *op, const pacs_image_t *im, pacs_state_image_t *of,
    pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_dataset_t      *ds = pacs_calloc(op->arena, 1, sizeof(*ds));

    of->ds = ds;
    of->stream = im->stream;
    return ds == NULL
           ? PACS_E_NOMEM
           : pacs_dicom_read(im->file, limits, PACS_KEEP, op->arena, ds, err);
}


static int
open_view(pacs_op_t *op, pacs_presented_t *p, const pacs_image_t *im,
    uint32_t frame, pacs_err_t *err)
{
    const pacs_pixels_t *px = &im->record.pixels;
    pacs_state_image_t   of = { .instance = im->record.instance,
                                .frame = frame, .px = *px,
                                .look = &im->look };
    int                  rc = PACS_OK;

    if (!pacs_state_has(&p->state, of.instance, frame)) {
        return pacs_fail(err, PACS_E_ARG, "the presentation state does not "
                         "refer to frame %u of instance %.*s", frame + 1,
                         pacs_fmt(of.instance));
    }

    if (pacs_state_wants_image(&p->state)) {
        rc = read_image(op, im, &of, err);
    }
    if (rc == PACS_OK) {
        rc = unshowable(pacs_state_view(&p->state, &of, op->arena, &p->view,
                                        err), err);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    uint32_t  masks;

    (void) pacs_state_mask(p->view, &masks);
    p->added = 0;
    p->mask = masks == 0 ? NULL
              : pacs_calloc(op->arena, (size_t) px->rows * px->columns,
                            sizeof(*p->mask));
    return masks != 0 && p->mask == NULL ? PACS_E_NOMEM : PACS_OK;
}


static int
whole_frame(pacs_op_t *op, pacs_image_t *im, uint32_t frame, pacs_arena_t *a,
    pacs_samples_t *s, pacs_err_t *err)
{
    const pacs_pixels_t *px = &im->record.pixels;
    pacs_area_t          all = { .columns = px->columns, .rows = px->rows };

    return pacs_samples_read(op, im, frame, &all, a, s, err);
}


static int
add_mask(pacs_op_t *op, pacs_presented_t *p, pacs_image_t *im,
    pacs_err_t *err)
{
    uint32_t        n;
    const uint32_t *frames = pacs_state_mask(p->view, &n);
    int             rc = PACS_OK;

    while (rc == PACS_OK && p->added < n) {
        pacs_arena_t   *a = pacs_arena_create(0);
        pacs_samples_t  s;

        rc = a == NULL ? PACS_E_NOMEM
                       : whole_frame(op, im, frames[p->added], a, &s, err);
        if (rc == PACS_OK) {
            rc = pacs_state_mask_add(p->view, &s, p->mask, err);
            p->added += rc == PACS_OK;
        }
        pacs_arena_destroy(a);
    }
    return rc;
}


static int
draw(pacs_op_t *op, pacs_presented_t *p, pacs_image_t *im, uint32_t frame,
    const pacs_picture_t *want, pacs_drawn_t *drawn, pacs_buf_t *out,
    uint32_t *width, uint32_t *height, pacs_err_t *err)
{
    pacs_samples_t  s;
    int             rc = PACS_OK;

    if (p->view == NULL) {
        rc = open_view(op, p, im, frame, err);
    }
    if (rc != PACS_OK || (rc = add_mask(op, p, im, err)) != PACS_OK
        || (rc = whole_frame(op, im, frame, op->arena, &s, err)) != PACS_OK)
    {
        return rc;
    }
    return unshowable(pacs_state_render(p->view, &s, p->mask, want,
                                        pacs_service_limits(op->svc), drawn,
                                        out, width, height, err), err);
}


int
pacs_presented_draw(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    const pacs_picture_t *want, pacs_drawn_t *drawn, pacs_buf_t *out,
    uint32_t *width, uint32_t *height, pacs_err_t *err)
{
    pacs_presented_t *p = im->presented;
    int               rc = draw(op, p, im, frame, want, drawn, out, width,
                                height, err);

    if (rc != PACS_AGAIN) {
        p->view = NULL;
    }
    return rc;
}
