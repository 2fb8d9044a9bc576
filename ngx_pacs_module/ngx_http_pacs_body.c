/* SPDX-License-Identifier: BSD-2-Clause */


#include "ngx_http_pacs.h"


static void ngx_http_pacs_body_handler(ngx_http_request_t *r);
static void ngx_http_pacs_body_next(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_body_read(ngx_http_request_t *r);
static void ngx_http_pacs_body_task(ngx_http_pacs_ctx_t *ctx,
    ngx_http_pacs_work_pt work, ngx_http_pacs_work_pt next);
static void ngx_http_pacs_body_feed(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_body_fed(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_body_finish(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_body_abort(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_body_aborted(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_whole_handler(ngx_http_request_t *r);
static void ngx_http_pacs_whole_read(ngx_http_request_t *r);
static ngx_int_t ngx_http_pacs_whole_keep(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_whole_refuse(ngx_http_pacs_ctx_t *ctx);


ngx_int_t
ngx_http_pacs_store(ngx_http_pacs_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ctx->request;

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_pacs_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_pacs_body_handler(ngx_http_request_t *r)
{
    ngx_http_pacs_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pacs_module);

    r->read_event_handler = ngx_http_pacs_body_read;

    /* the first task opens the store, whether anything was read or not */

    ngx_http_pacs_body_next(ctx);
}


/* one task is in flight at most; while it is, nothing is read */

static void
ngx_http_pacs_body_next(ngx_http_pacs_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ctx->begun && r->request_body->bufs == NULL && r->reading_body) {

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE || rc == NGX_ERROR) {
            ctx->rc = rc;
            ngx_http_pacs_body_task(ctx, ngx_http_pacs_body_abort,
                                    ngx_http_pacs_body_aborted);
            return;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return;
        }
    }

    if (!ctx->begun || r->request_body->bufs) {
        ctx->begun = 1;
        ctx->in = r->request_body->bufs;
        r->request_body->bufs = NULL;

        ngx_http_pacs_body_task(ctx, ngx_http_pacs_body_feed,
                                ngx_http_pacs_body_fed);
        return;
    }

    ngx_http_pacs_body_task(ctx, ngx_http_pacs_body_finish,
                            ngx_http_pacs_reply);
}


static void
ngx_http_pacs_body_read(ngx_http_request_t *r)
{
    ngx_http_pacs_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pacs_module);

    if (ctx->posted == NULL) {
        ngx_http_pacs_body_next(ctx);
    }
}


static void
ngx_http_pacs_body_task(ngx_http_pacs_ctx_t *ctx, ngx_http_pacs_work_pt work,
    ngx_http_pacs_work_pt next)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    /* a slow disk is not the client's fault */

    if (r->connection->read->timer_set) {
        ngx_del_timer(r->connection->read);
    }

    if (ngx_http_pacs_post(ctx, NGX_HTTP_PACS_STORE, work, next) != NGX_OK) {
        r->read_event_handler = ngx_http_block_reading;

        ngx_http_pacs_fail(ctx, PACS_E_BUSY, "too many stores wait already");
    }
}


static void
ngx_http_pacs_body_feed(ngx_http_pacs_ctx_t *ctx)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    ctx->rc = PACS_OK;

    if (ngx_http_pacs_service_get(ctx) != NGX_OK) {
        ctx->rc = PACS_E_BUSY;

    } else if (ctx->stow == NULL) {
        ctx->rc = pacs_stow_begin(&ctx->op, &ctx->stow);

        if (ctx->rc != PACS_OK) {
            ctx->stow = NULL;
        }
    }

    for (cl = ctx->in; cl && ctx->rc == PACS_OK; cl = cl->next) {
        b = cl->buf;

        ctx->rc = pacs_stow_feed(ctx->stow, (const char *) b->pos,
                                 b->last - b->pos);
    }

    if (ctx->rc != PACS_OK && ctx->stow) {
        pacs_stow_abort(ctx->stow);
        ctx->stow = NULL;
    }

    ctx->opened = ctx->op.reply.nparts;
}


static void
ngx_http_pacs_body_fed(ngx_http_pacs_ctx_t *ctx)
{
    ngx_chain_t         *cl;
    ngx_http_request_t  *r;

    r = ctx->request;

    for (cl = ctx->in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
    }

    ctx->in = NULL;

    if (ctx->rc == PACS_OK) {
        ngx_http_pacs_body_next(ctx);
        return;
    }

    /* refused: the rest is not read, and the connection not kept */

    r->read_event_handler = ngx_http_block_reading;

    ctx->rc = PACS_OK;
    ngx_http_pacs_reply(ctx);
}


static void
ngx_http_pacs_body_finish(ngx_http_pacs_ctx_t *ctx)
{
    pacs_stow_finish(ctx->stow);

    ctx->stow = NULL;
    ctx->rc = PACS_OK;
    ctx->opened = ctx->op.reply.nparts;
}


static void
ngx_http_pacs_body_abort(ngx_http_pacs_ctx_t *ctx)
{
    if (ctx->stow) {
        pacs_stow_abort(ctx->stow);
        ctx->stow = NULL;
    }
}


static void
ngx_http_pacs_body_aborted(ngx_http_pacs_ctx_t *ctx)
{
    ngx_http_finalize_request(ctx->request, ctx->rc);
}


/* unbuffered here too: what is over the limit is never written to a file */

ngx_int_t
ngx_http_pacs_read_body(ngx_http_pacs_ctx_t *ctx, ngx_http_pacs_work_pt next)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ctx->request;

    ctx->body.max = ctx->pmcf->limits.request_body;
    ctx->next = next;

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_pacs_whole_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_pacs_whole_handler(ngx_http_request_t *r)
{
    ngx_http_pacs_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pacs_module);

    if (r->headers_in.content_length_n > ctx->pmcf->limits.request_body) {
        ngx_http_pacs_whole_refuse(ctx);
        return;
    }

    r->read_event_handler = ngx_http_pacs_whole_read;

    ngx_http_pacs_whole_read(r);
}


static void
ngx_http_pacs_whole_read(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_http_pacs_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pacs_module);

    for ( ;; ) {
        if (ngx_http_pacs_whole_keep(ctx) != NGX_OK) {
            ngx_http_pacs_whole_refuse(ctx);
            return;
        }

        if (!r->reading_body) {
            break;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE || rc == NGX_ERROR) {
            ngx_http_finalize_request(r, rc);
            return;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return;
        }
    }

    if (r->connection->read->timer_set) {
        ngx_del_timer(r->connection->read);
    }

    ctx->op.request.body.data = ctx->body.data;
    ctx->op.request.body.len = ctx->body.len;

    ctx->next(ctx);
}


static ngx_int_t
ngx_http_pacs_whole_keep(ngx_http_pacs_ctx_t *ctx)
{
    ngx_buf_t           *b;
    ngx_chain_t         *cl;
    ngx_http_request_t  *r;

    r = ctx->request;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;

        pacs_buf_add(&ctx->body, b->pos, b->last - b->pos);
        b->pos = b->last;
    }

    r->request_body->bufs = NULL;

    return ctx->body.failed ? NGX_ERROR : NGX_OK;
}


/* the rest is not read, and the connection not kept */

static void
ngx_http_pacs_whole_refuse(ngx_http_pacs_ctx_t *ctx)
{
    char                 text[80];
    ngx_http_request_t  *r;

    r = ctx->request;

    r->read_event_handler = ngx_http_block_reading;

    (void) ngx_snprintf((u_char *) text, sizeof(text),
                        "a body of more than %O bytes, the limit "
                        "request_body%Z",
                        (off_t) ctx->pmcf->limits.request_body);

    ngx_http_pacs_fail(ctx, PACS_E_LIMIT, text);
}
