/* SPDX-License-Identifier: BSD-2-Clause */

/* Retrieve of a non-patient instance, PS3.18 12.4. */

#include <string.h>

#include "service/npi.h"
#include "service/send.h"

enum { MAX_CHOICES = 16 };

typedef struct {
    pacs_op_t       *op;
    pacs_open_t     *blob;          /* in op's arena, which closes it */
    pacs_source_t    file;
    pacs_given_t     given;
    pacs_maker_t     maker;
    pacs_err_t      *err;
} get_t;


static int
find(get_t *g, const pacs_route_t *route)
{
    pacs_op_t        *op = g->op;
    pacs_record_t    *r = &g->given.record;
    pacs_document_t   d;
    int               rc = op->svc->index->vt->document_get(op->svc->index,
                              pacs_npi_named(route->npi)->name,
                              route->instance, op->arena, &d, g->err);

    g->blob = pacs_calloc(op->arena, 1, sizeof(*g->blob));
    if (g->blob == NULL) {
        return PACS_E_NOMEM;
    }

    if (rc == PACS_OK
        && (rc = pacs_op_blob(op, d.state, g->blob, g->err)) == PACS_OK
        && (rc = pacs_source_fd(&g->file, g->blob->fd, g->err)) == PACS_OK)
    {
        rc = pacs_npi_scan(op->svc, &g->file, op->arena, r, NULL, g->err);
    }
    r->key = d.state;
    return rc;
}


/* the first that there is; NULL: none */
static const pacs_accept_t *
choose(get_t *g, const pacs_accept_t *choices, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const pacs_accept_t *c = &choices[i];

        if (c->media != PACS_MT_DICOM && c->media != PACS_MT_MULTIPART_DICOM)
        {
            return c;
        }
        pacs_given_as(&g->given, c->syntax);
        if (g->given.give != PACS_GIVE_NOT
            && g->given.give != PACS_GIVE_CODED)
        {
            return c;
        }
    }
    return NULL;
}


static int
as_model(get_t *g, const pacs_accept_t *accept)
{
    pacs_op_t            *op = g->op;
    const pacs_limits_t  *limits = pacs_service_limits(op->svc);
    pacs_dataset_t        ds = { 0 };
    pacs_json_t           json;
    pacs_str_t            text;
    pacs_source_t        *stream;
    int                   rc = pacs_dicom_read(&g->file, limits, PACS_KEEP,
                                               op->arena, &ds, g->err);

    if (rc != PACS_OK) {
        return rc;
    }

    stream = pacs_dicom_stream(&g->file, &ds, limits, op->arena, g->err);
    rc = stream == NULL ? PACS_E_NOMEM
         : pacs_json_write(stream, &ds, SIZE_MAX, op->arena, &json, g->err);
    if (rc != PACS_OK) {
        return rc;
    }
    if (json.nsplice != 0) {
        pacs_buf_free(&json.text);
        return pacs_fail(g->err, PACS_E_ACCEPT, "a text of more than a "
                         "megabyte: it is to be had as application/dicom");
    }

    text = pacs_buf_take(&json.text, op->arena);
    return text.data == NULL ? PACS_E_NOMEM
           : pacs_op_models(op, accept, &text, 1, g->err);
}


static int
as_file(get_t *g, const pacs_route_t *route, const pacs_accept_t *accept)
{
    pacs_op_t     *op = g->op;
    pacs_parts_t   list = { 0 };
    char           boundary[33];
    bool           multipart = accept->media == PACS_MT_MULTIPART_DICOM;
    int            rc = PACS_OK;

    pacs_boundary(boundary);
    if (multipart) {
        rc = pacs_parts_text(op, &list, pacs_sprintf(op->arena,
            "\r\n--%s\r\nContent-Type: application/dicom; transfer-syntax="
            "%.*s\r\nContent-Location: %.*s%.*s/%.*s/%.*s\r\n\r\n", boundary,
            pacs_fmt(g->given.syntax), pacs_fmt(op->request.origin),
            pacs_fmt(op->request.prefix), pacs_fmt(route->npi),
            pacs_fmt(route->instance)));
    }
    if (rc == PACS_OK) {
        rc = pacs_instance_parts(op, &g->maker, &g->given, &list, g->err);
    }
    if (rc != PACS_OK) {
        return rc;
    }
    if (multipart) {
        return pacs_parts_multipart(op, &list, "application/dicom", boundary);
    }

    op->reply.content_type = pacs_sprintf(op->arena, "application/dicom; "
        "transfer-syntax=%.*s", pacs_fmt(g->given.syntax));
    op->reply.ranges = true;
    pacs_parts_reply(op, &list);
    return PACS_OK;
}


int
pacs_op_npi(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    get_t           g = { .op = op, .err = err };
    pacs_accept_t   choices[MAX_CHOICES];
    unsigned        n;
    int             rc;

    if ((rc = pacs_op_accept(op, route, params, nparams, choices, MAX_CHOICES,
                             &n, err)) != PACS_OK
        || (rc = find(&g, route)) != PACS_OK)
    {
        return rc;
    }

    const pacs_accept_t *accept = choose(&g, choices, n);

    if (accept == NULL) {
        return pacs_fail(err, PACS_E_ACCEPT, "it is not available in the "
                         "transfer syntax asked for");
    }
    pacs_audit_event(op->svc->audit, PACS_AUDIT_ACCESS, 'R', true,
                     &op->request.subject, pacs_lit(""), route->instance);

    if (pacs_reply_etag(op, "npi",
                        pacs_sprintf(op->arena, "%.*s %d %.*s",
                                     pacs_fmt(g.given.record.key),
                                     (int) accept->media,
                                     pacs_fmt(g.given.syntax)).data, NULL))
    {
        return PACS_OK;
    }
    /* each answer has its own boundary */
    if (accept->media == PACS_MT_MULTIPART_DICOM
        || accept->media == PACS_MT_MULTIPART_XML)
    {
        op->reply.etag = pacs_null;
    }
    return accept->media == PACS_MT_DICOM
           || accept->media == PACS_MT_MULTIPART_DICOM
           ? as_file(&g, route, accept) : as_model(&g, accept);
}
