/* SPDX-License-Identifier: BSD-2-Clause */

/* Metadata of a study, series or instance: from Redis, else put together
 * from the packed pieces of the records (PS3.18 10.4.1.1.2, Annex F). */

#include <inttypes.h>
#include <stdio.h>

#include "service/internal.h"

typedef struct {
    pacs_op_t      *op;
    pacs_joiner_t  *joiner;
    pacs_err_t     *err;
    unsigned        count;
} join_t;

/* op->stage, from CACHED on: in which form */
enum { FIRST, CACHED, PARTS, ALONE };
enum { MAX_CHOICES = 16 };


static int
join(void *ctx, const pacs_record_t *r)
{
    join_t     *j = ctx;
    pacs_str_t  base = pacs_op_url(j->op, false, r->study, r->series,
                                   r->instance);

    j->count++;
    return base.data == NULL
           ? PACS_E_NOMEM
           : pacs_joiner_add(j->joiner, r->metadata, base, j->err);
}


static int
join_all(pacs_op_t *op, const pacs_route_t *route, join_t *j,
    pacs_err_t *err)
{
    pacs_index_t *ix = op->svc->index;

    if (route->instance.len == 0) {
        return ix->vt->each(ix, route->study, route->series, true, op->arena,
                            join, j, err);
    }

    pacs_record_t  r = { 0 };
    int            rc = ix->vt->get(ix, route->study, route->series,
                                    route->instance, true, op->arena, &r,
                                    err);

    return rc == PACS_OK ? join(j, &r) : rc;
}


/* the gzip'd array, or the plain one */
static int
assemble(pacs_op_t *op, const pacs_route_t *route, bool gzip,
    pacs_str_t *body, pacs_err_t *err)
{
    pacs_buf_t  out = { .max = (size_t) pacs_service_limits(op->svc)
                                            ->metadata };
    join_t      j = { .op = op, .err = err };
    int         rc = pacs_joiner_create(gzip, &out, op->arena, &j.joiner,
                                        err);

    if (rc == PACS_OK) {
        rc = join_all(op, route, &j, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_joiner_finish(j.joiner, err);
    }
    if (rc == PACS_OK && j.count == 0) {
        rc = pacs_fail(err, PACS_E_NOT_FOUND, "no such series");
    }

    if (rc == PACS_OK) {
        *body = pacs_buf_take(&out, op->arena);
        rc = body->data == NULL ? PACS_E_NOMEM : PACS_OK;
    } else {
        pacs_buf_free(&out);
    }
    return rc;
}


static int
inflate_body(pacs_op_t *op, pacs_str_t gz, pacs_str_t *body, pacs_err_t *err)
{
    pacs_buf_t  out = { 0 };
    int         rc = pacs_gunzip(gz, (size_t) pacs_service_limits(op->svc)
                                                  ->metadata, &out, err);

    *body = pacs_buf_take(&out, op->arena);
    return rc != PACS_OK ? rc : body->data == NULL ? PACS_E_NOMEM : PACS_OK;
}


/* the revision is asked of the index each time: truth comes from there */
static int
begin(pacs_op_t *op, const pacs_route_t *route, pacs_accept_t *accept,
    pacs_err_t *err)
{
    pacs_index_t *ix = op->svc->index;
    int64_t       revision;
    int           rc = ix->vt->revision(ix, route->study, route->series,
                                        route->instance, &revision, err);

    if (rc != PACS_OK) {
        return rc;
    }

    op->cache_name = pacs_sprintf(op->arena,
                                  "metadata/2/%.*s/%.*s/%.*s/%.*s/%" PRId64,
                                  pacs_fmt(op->request.prefix),
                                  pacs_fmt(route->study),
                                  pacs_fmt(route->series),
                                  pacs_fmt(route->instance), revision);
    if (op->cache_name.data == NULL) {
        return PACS_E_NOMEM;
    }

    op->reply.content_type = accept->media == PACS_MT_JSON
                             ? pacs_lit("application/json")
                             : accept->media == PACS_MT_MULTIPART_XML
                             ? pacs_lit("multipart/related")
                             : accept->media == PACS_MT_XML
                             ? pacs_lit("application/dicom+xml")
                             : pacs_lit("application/dicom+json");

    op->reply.weak = accept->media == PACS_MT_MULTIPART_XML;
    if (pacs_reply_etag(op, op->cache_name.data,
                        op->reply.content_type.data,
                        op->request.gzip ? "gzip" : "plain", NULL))
    {
        return PACS_OK;
    }

    op->stage = accept->media == PACS_MT_MULTIPART_XML ? PARTS
                : accept->media == PACS_MT_XML ? ALONE : CACHED;

    if (route->instance.len == 0) {
        op->want = PACS_WANT_CACHE;
        return PACS_AGAIN;
    }
    return PACS_OK;
}


/* of a series or study: small enough for a slow net */
static int
squeeze(pacs_op_t *op, pacs_str_t *body, pacs_err_t *err)
{
    pacs_buf_t  out = { 0 };
    int         rc = pacs_regzip(*body, &out, err);

    if (rc != PACS_OK) {
        pacs_buf_free(&out);
        return rc;
    }
    *body = pacs_buf_take(&out, op->arena);
    return body->data == NULL ? PACS_E_NOMEM : PACS_OK;
}


/* plain, or (gzip) as it is sent and kept */
static int
get_body(pacs_op_t *op, const pacs_route_t *route, bool gzip,
    pacs_str_t *body, pacs_err_t *err)
{
    bool  one = route->instance.len != 0;
    int   rc = PACS_OK;

    *body = op->cache_value;

    if (body->len == 0) {
        rc = assemble(op, route, gzip || !one, body, err);
        if (rc != PACS_OK || one
            || (rc = squeeze(op, body, err)) != PACS_OK)
        {
            return rc;
        }
        op->cache_put = *body;
        op->cache_put_name = op->cache_name;
    }

    return gzip ? rc : inflate_body(op, *body, body, err);
}


static int
answer(pacs_op_t *op, const pacs_route_t *route, pacs_err_t *err)
{
    bool        xml = op->stage != CACHED;
    pacs_str_t  body;
    int         rc = get_body(op, route, op->request.gzip && !xml, &body,
                              err);

    if (rc != PACS_OK) {
        return rc;
    }
    if (xml) {
        return pacs_reply_xml(op, body, op->stage == ALONE, err);
    }

    op->reply.gzipped = op->request.gzip;
    return pacs_reply_memory(op, body);
}


/* one document is of one instance */
static int
choose(pacs_op_t *op, const pacs_route_t *route, const pacs_param_t *params,
    unsigned n, pacs_accept_t *accept, pacs_err_t *err)
{
    pacs_accept_t  choices[MAX_CHOICES];
    unsigned       nchoices, i = 0;
    int            rc = pacs_op_accept(op, route, params, n, choices,
                                       MAX_CHOICES, &nchoices, err);

    if (rc != PACS_OK) {
        return rc;
    }

    while (i < nchoices && choices[i].media == PACS_MT_XML
           && route->instance.len == 0)
    {
        i++;
    }
    if (i == nchoices) {
        return pacs_fail(err, PACS_E_ACCEPT, "several instances go as "
                         "multipart/related; type=\"application/dicom+xml\"");
    }

    *accept = choices[i];
    return PACS_OK;
}


int
pacs_op_metadata(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, pacs_err_t *err)
{
    pacs_accept_t  accept;
    int            rc;

    if (op->stage == FIRST) {
        rc = choose(op, route, params, n, &accept, err);

        if (rc == PACS_OK) {
            rc = begin(op, route, &accept, err);
        }
        if (rc != PACS_OK || op->reply.status == 304) {
            return rc;
        }
    }

    return answer(op, route, err);
}
