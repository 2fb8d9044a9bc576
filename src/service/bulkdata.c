/* SPDX-License-Identifier: BSD-2-Clause */

/* What a BulkDataURI leads to, PS3.18 10.4.1.1.5.  Encapsulated Pixel Data
 * is answered as its frames. */

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "service/send.h"

enum { PIXEL_DATA = 0x7FE00010 };

typedef struct {
    pacs_open_t     blob;
    pacs_source_t   file;
    pacs_dataset_t  ds;
} open_t;


static int
open_blob(pacs_op_t *op, const pacs_route_t *route, open_t *o,
    pacs_err_t *err)
{
    pacs_service_t  *svc = op->svc;
    pacs_record_t    r = { 0 };
    int              rc;

    if ((rc = pacs_op_record(op, route->study, route->series, route->instance,
                             &r, err)) != PACS_OK
        || (rc = pacs_op_blob(op, r.key, &o->blob, err)) != PACS_OK
        || (rc = pacs_source_fd(&o->file, o->blob.fd, err)) != PACS_OK)
    {
        return rc;
    }

    return pacs_dicom_read(&o->file, pacs_service_limits(svc), PACS_KEEP,
                           op->arena, &o->ds, err);
}


static unsigned
word_size(const pacs_elem_t *e)
{
    const pacs_vr_t *vr = pacs_vr(e->vr);

    return vr == NULL || vr->size == 0 ? (e->vr == PACS_OW ? 2 : 1)
                                       : vr->size;
}


/* inflated, or turned into little endian */
static int
value_in_memory(pacs_op_t *op, pacs_source_t *file, const pacs_dataset_t *ds,
    const pacs_elem_t *e, pacs_part_t *part, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_source_t       *stream = pacs_dicom_stream(file, ds, limits,
                                                    op->arena, err);
    unsigned             size = word_size(e);

    if (stream == NULL) {
        return PACS_E_NOMEM;
    }

    if (e->length > (uint64_t) limits->frame) {
        return pacs_fail(err, PACS_E_LIMIT, "a value of %" PRIu64 " bytes is "
                         "over the limit of %" PRId64 " (frame)", e->length,
                         limits->frame);
    }

    uint8_t *p = pacs_alloc(op->arena, (size_t) e->length + 1);

    if (p == NULL) {
        return PACS_E_NOMEM;
    }

    int rc = pacs_source_exact(stream, e->offset, p, (size_t) e->length, err);

    for (uint64_t i = 0; ds->syntax->big_endian && i + size <= e->length;
         i += size)
    {
        for (unsigned k = 0; k < size / 2; k++) {
            uint8_t  t = p[i + k];

            p[i + k] = p[i + size - 1 - k];
            p[i + size - 1 - k] = t;
        }
    }

    *part = (pacs_part_t) { .data = (char *) p, .length = e->length };
    return rc;
}


int
pacs_bulk_value(pacs_op_t *op, pacs_source_t *file, const pacs_dataset_t *ds,
    const pacs_elem_t *e, const char *path, pacs_part_t *part,
    pacs_err_t *err)
{
    if (ds->syntax->deflated || ds->syntax->big_endian) {
        return value_in_memory(op, file, ds, e, part, err);
    }

    *part = (pacs_part_t) { .path = path, .offset = e->offset,
                            .length = e->length };
    return PACS_OK;
}


static int
answer(pacs_op_t *op, open_t *o, const pacs_elem_t *e, bool single,
    pacs_err_t *err)
{
    pacs_parts_t  list = { 0 };
    pacs_part_t   part;
    char          boundary[33];
    int           rc = pacs_bulk_value(op, &o->file, &o->ds, e, o->blob.path,
                                       &part, err);

    if (rc != PACS_OK) {
        return rc;
    }

    op->reply.content_type = pacs_lit("application/octet-stream");
    op->reply.ranges = single;

    if (single) {
        rc = pacs_parts_add(op, &list, part);

    } else {
        pacs_boundary(boundary);
        if ((rc = pacs_parts_text(op, &list, pacs_sprintf(op->arena,
                "\r\n--%s\r\nContent-Type: application/octet-stream\r\n"
                "Content-Location: %.*s%.*s%.*s\r\n\r\n", boundary,
                pacs_fmt(op->request.origin), pacs_fmt(op->request.prefix),
                pacs_fmt(op->request.path)))) == PACS_OK
            && (rc = pacs_parts_add(op, &list, part)) == PACS_OK)
        {
            return pacs_parts_multipart(op, &list, "application/octet-stream",
                                        boundary);
        }
    }

    pacs_parts_reply(op, &list);
    return rc;
}


/* encapsulated: all frames, as if asked for by number */
static int
all_frames(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_route_t         frames = *route;
    pacs_record_t        r = { 0 };
    int                  rc = pacs_op_record(op, route->study, route->series,
                                             route->instance, &r, err);

    if (rc != PACS_OK) {
        return rc;
    }

    if (r.pixels.frames > limits->frame_list) {
        return pacs_fail(err, PACS_E_LIMIT, "%u frames: ask for them by "
                         "/frames (limit frame_list is %" PRId64 ")",
                         r.pixels.frames, limits->frame_list);
    }

    frames.resource = PACS_R_FRAMES;
    frames.nframes = r.pixels.frames;
    frames.frames = pacs_calloc(op->arena, frames.nframes + 1u,
                                sizeof(uint32_t));
    if (frames.frames == NULL) {
        return PACS_E_NOMEM;
    }

    for (uint32_t i = 0; i < frames.nframes; i++) {
        frames.frames[i] = i + 1;
    }

    return pacs_op_frames(op, &frames, params, n, err);
}


int
pacs_op_bulkdata(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, pacs_err_t *err)
{
    pacs_accept_t  accept;
    unsigned       naccept;
    open_t        *o;
    int            rc;

    if (op->state != NULL) {            /* frames that wait for the codec */
        return all_frames(op, route, params, n, err);
    }

    o = pacs_calloc(op->arena, 1, sizeof(*o));
    if (o == NULL) {
        return PACS_E_NOMEM;
    }

    if ((rc = open_blob(op, route, o, err)) != PACS_OK) {
        return rc;
    }

    const pacs_elem_t *e = pacs_bulk_find(&o->ds, route->bulk);

    if (e == NULL || e->vr == PACS_SQ) {
        return pacs_fail(err, PACS_E_NOT_FOUND, "no bulk data at %.*s",
                         pacs_fmt(route->bulk));
    }

    if (e->tag == PIXEL_DATA && e == o->ds.pixels
        && o->ds.syntax->encapsulated && o->ds.fragments != NULL)
    {
        return all_frames(op, route, params, n, err);
    }

    if ((rc = pacs_op_accept(op, route, params, n, &accept, 1, &naccept, err))
        != PACS_OK)
    {
        return rc;
    }

    char *path = pacs_strdup(op->arena, op->request.path);

    if (path == NULL) {
        return PACS_E_NOMEM;
    }

    op->reply.weak = accept.media != PACS_MT_OCTETS;
    if (pacs_reply_etag(op, path, o->blob.key.digest,
                        accept.media == PACS_MT_OCTETS ? "1" : "n", NULL))
    {
        return PACS_OK;
    }

    return answer(op, o, e, accept.media == PACS_MT_OCTETS, err);
}
