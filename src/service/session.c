/* SPDX-License-Identifier: BSD-2-Clause */

/* The session API: the rev of a series, by which a browser may keep its
 * pictures without asking again (DESIGN 4, browser cache). */

#include <stdio.h>

#include "service/internal.h"

typedef struct { char rev[33]; } rev_t;

_Static_assert(sizeof(rev_t) <= PACS_MEMO, "a rev is no memo");


/* what pictures are made of: file and look of each instance */
static int
add(void *ctx, const pacs_record_t *r)
{
    const pacs_str_t  parts[] = { r->instance, r->key, r->look };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        uint64_t  len = parts[i].len;

        pacs_sha256_update(ctx, &len, sizeof(len));
        pacs_sha256_update(ctx, parts[i].data, parts[i].len);
    }
    return PACS_OK;
}


static int
rev_of(pacs_op_t *op, const pacs_route_t *route, rev_t *rev, pacs_err_t *err)
{
    pacs_index_t  *ix = op->svc->index;
    pacs_sha256_t  h;
    uint8_t        digest[PACS_SHA256_LEN];
    int64_t        revision;
    int            rc = ix->vt->revision(ix, route->study, route->series,
                                         pacs_null, &revision, err);

    if (rc != PACS_OK
        || pacs_memo_get(op->svc->memos, "rev", route->series, revision, rev,
                         sizeof(*rev)))
    {
        return rc;
    }

    if ((rc = pacs_sha256_init(&h, err)) != PACS_OK) {
        return rc;
    }
    pacs_sha256_update(&h, PACS_PIPELINE, sizeof(PACS_PIPELINE));

    pacs_arena_t  *a = pacs_arena_create(0);

    if (a == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "rev of a series");
    }

    rc = ix->vt->each(ix, route->study, route->series, false, a, add, &h,
                      err);
    pacs_arena_destroy(a);
    if (rc == PACS_OK) {
        pacs_sha256_final(&h, digest);
        pacs_hex(digest, 16, rev->rev);
        pacs_memo_put(op->svc->memos, "rev", route->series, revision, rev,
                      sizeof(*rev));
    }
    return rc;
}


int
pacs_op_session(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    pacs_buf_t  b = { 0 };
    rev_t       rev;
    int         rc = rev_of(op, route, &rev, err);

    if (rc != PACS_OK) {
        return rc;
    }

    pacs_buf_printf(&b, "{\"study\":\"%.*s\",\"series\":\"%.*s\","
                    "\"rev\":\"%s\"}\n", pacs_fmt(route->study),
                    pacs_fmt(route->series), rev.rev);
    op->reply.content_type = pacs_lit("application/json");
    return pacs_reply_memory(op, pacs_buf_take(&b, op->arena));
}


pacs_str_t
pacs_session_without_rev(pacs_op_t *op, pacs_str_t args)
{
    pacs_buf_t  b = { 0 };
    pacs_str_t  rest = args, part;

    while (pacs_str_split(&rest, '&', &part)) {
        if (!pacs_str_starts(part, "rev=")) {
            pacs_buf_printf(&b, "%s%.*s", b.len != 0 ? "&" : "",
                            pacs_fmt(part));
        }
    }
    return pacs_buf_take(&b, op->arena);
}


/* asked after the picture was made: one of a later state is never kept under
 * the name of an earlier one.  Burnt-in texts, and other series, are no part
 * of rev */
bool
pacs_session_is_current(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams)
{
    pacs_str_t  asked = pacs_null;
    pacs_err_t  err = { 0 };
    rev_t       rev;

    if (route->resource < PACS_R_RENDERED || route->resource > PACS_R_VOLUME
        || route->series.len == 0 || op->presented
        || op->request.method == PACS_POST
        || op->reply.etag.len == 0
        || (op->reply.status != 200 && op->reply.status != 304))
    {
        return false;
    }

    for (unsigned i = 0; i < nparams; i++) {
        if (pacs_str_is(params[i].name, "annotation")
            || pacs_str_is(params[i].name, "volumeinputreference"))
        {
            return false;
        }
        if (pacs_str_is(params[i].name, "rev")) {
            asked = params[i].value;
        }
    }

    return asked.len != 0 && rev_of(op, route, &rev, &err) == PACS_OK
           && pacs_str_is(asked, rev.rev);
}
