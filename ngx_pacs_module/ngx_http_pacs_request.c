/* SPDX-License-Identifier: BSD-2-Clause */


#include "ngx_http_pacs.h"


#define NGX_HTTP_PACS_BODY  (PACS_POST|PACS_PUT|PACS_PATCH)


static void ngx_http_pacs_headers(ngx_http_request_t *r,
    ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_override(pacs_request_t *req);
static ngx_uint_t ngx_http_pacs_choose_pool(pacs_request_t *req);
static void ngx_http_pacs_run(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_run_thread(ngx_http_pacs_ctx_t *ctx);
static ngx_uint_t ngx_http_pacs_near(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_prepare_put(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_run_done(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_pause(ngx_http_pacs_ctx_t *ctx);
static ngx_http_pacs_ctx_t *ngx_http_pacs_create_ctx(ngx_http_request_t *r);
static void ngx_http_pacs_pause_handler(ngx_event_t *ev);
static void ngx_http_pacs_thread(void *data, ngx_log_t *log);
static void ngx_http_pacs_thread_event_handler(ngx_event_t *ev);
static void ngx_http_pacs_resume(ngx_http_request_t *r);
static void ngx_http_pacs_cleanup(void *data);


static struct {
    ngx_uint_t  method;
    unsigned    bit;
} ngx_http_pacs_methods[] = {
    { NGX_HTTP_GET, PACS_GET },
    { NGX_HTTP_HEAD, PACS_HEAD },
    { NGX_HTTP_POST, PACS_POST },
    { NGX_HTTP_PUT, PACS_PUT },
    { NGX_HTTP_PATCH, PACS_PATCH },
    { NGX_HTTP_DELETE, PACS_DELETE },
    { NGX_HTTP_OPTIONS, PACS_OPTIONS }
};


static struct {
    ngx_str_t   name;
    size_t      offset;
} ngx_http_pacs_wanted[] = {
    { ngx_string("accept"), offsetof(pacs_request_t, accept) },
    { ngx_string("content-encoding"),
      offsetof(pacs_request_t, content_encoding) },
    { ngx_string("tus-resumable"), offsetof(pacs_request_t, tus_resumable) },
    { ngx_string("upload-length"), offsetof(pacs_request_t, upload_length) },
    { ngx_string("upload-offset"), offsetof(pacs_request_t, upload_offset) },
    { ngx_string("upload-metadata"),
      offsetof(pacs_request_t, upload_metadata) },
    { ngx_string("x-http-method-override"),
      offsetof(pacs_request_t, method_override) }
};


ngx_int_t
ngx_http_pacs_handler(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    pacs_route_t          route;
    pacs_request_t       *req;
    ngx_http_pacs_ctx_t  *ctx;

    ctx = ngx_http_pacs_create_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_pacs_fill_request(r, ctx);

    req = &ctx->op.request;

    ctx->pool = ngx_http_pacs_choose_pool(req);

    if (ngx_http_pacs_foreign(ctx)) {
        rc = ngx_http_discard_request_body(r);

        if (rc != NGX_OK) {
            return rc;
        }

        r->main->count++;

        ngx_http_pacs_fail(ctx, PACS_E_FORBIDDEN, "a page of another origin "
                           "asks: see pacs_cors_origin");
        return NGX_DONE;
    }

    if (req->method & NGX_HTTP_PACS_BODY) {

        /* what is wrong with the path the operation says, without a body */

        if (pacs_web_route(req->path, &ctx->pmcf->limits, ctx->op.arena,
                           &route, NULL)
            != PACS_OK)
        {
            route.methods = 0;
        }

        if (req->method & route.methods & route.streamed) {
            return ngx_http_pacs_store(ctx);
        }

        if (req->method & route.methods) {
            return ngx_http_pacs_read_body(ctx, ngx_http_pacs_run);
        }
    }

    rc = ngx_http_pacs_websocket(ctx);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    r->main->count++;

    ngx_http_pacs_run(ctx);

    return NGX_DONE;
}


/* of the handlers that take GET and HEAD only: any body is thrown away */

ngx_int_t
ngx_http_pacs_begin(ngx_http_request_t *r, ngx_http_pacs_ctx_t **ctx)
{
    ngx_int_t  rc;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    *ctx = ngx_http_pacs_create_ctx(r);

    return *ctx ? NGX_OK : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_http_pacs_ctx_t *
ngx_http_pacs_create_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t   *cln;
    ngx_http_pacs_ctx_t  *ctx, **p;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_pacs_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     all but these
     */

    ctx->request = r;
    ctx->pmcf = ngx_http_get_module_main_conf(r, ngx_http_pacs_module);

    ctx->op.arena = pacs_arena_create(0);
    if (ctx->op.arena == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_pacs_cleanup;
    cln->data = ctx;

    ctx->task = ngx_thread_task_alloc(r->pool, sizeof(ngx_http_pacs_ctx_t *));
    if (ctx->task == NULL) {
        return NULL;
    }

    p = ctx->task->ctx;
    *p = ctx;

    ctx->task->handler = ngx_http_pacs_thread;
    ctx->task->event.handler = ngx_http_pacs_thread_event_handler;
    ctx->task->event.data = ctx;
    ctx->task->event.log = ngx_cycle->log;

    ngx_http_set_ctx(r, ctx, ngx_http_pacs_module);

    return ctx;
}


/* slices of the request: it outlives the operation, see r->main->blocked */

void
ngx_http_pacs_fill_request(ngx_http_request_t *r, ngx_http_pacs_ctx_t *ctx)
{
    ngx_uint_t                 i;
    pacs_request_t            *req;
    ngx_http_pacs_loc_conf_t  *plcf;

    req = &ctx->op.request;
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pacs_module);

    req->method = PACS_OTHER_METHOD;

    for (i = 0;
         i < sizeof(ngx_http_pacs_methods) / sizeof(ngx_http_pacs_methods[0]);
         i++)
    {
        if (r->method == ngx_http_pacs_methods[i].method) {
            req->method = ngx_http_pacs_methods[i].bit;
        }
    }

    req->prefix = ngx_http_pacs_slice(&plcf->prefix);
    req->path = ngx_http_pacs_slice(&r->uri);

    if (req->path.len >= req->prefix.len) {
        req->path.data += req->prefix.len;
        req->path.len -= req->prefix.len;
    }

    req->args = ngx_http_pacs_slice(&r->args);
    req->must_accept = plcf->accept;

    ngx_http_pacs_origin(r, ctx);

    ngx_http_pacs_headers(r, ctx);
    ngx_http_pacs_override(req);

    if (r->headers_in.content_type) {
        req->content_type =
                       ngx_http_pacs_slice(&r->headers_in.content_type->value);
    }

    if (r->headers_in.if_none_match) {
        req->if_none_match =
                      ngx_http_pacs_slice(&r->headers_in.if_none_match->value);
    }

#if (NGX_HTTP_GZIP)
    req->gzip = (ngx_http_gzip_ok(r) == NGX_OK);
#endif

    req->subject.user = pacs_lit("");
    req->subject.address = ngx_http_pacs_slice(&r->connection->addr_text);
    req->subject.door = pacs_lit("web");
    req->subject.ae = pacs_lit("");
}


/* tus: who cannot send PATCH and DELETE says so in a POST */

static void
ngx_http_pacs_override(pacs_request_t *req)
{
    unsigned     i, bit;
    const char  *name;

    if (req->method_override.len == 0
        || !pacs_str_starts(req->path, "/uploads"))
    {
        return;
    }

    req->method = PACS_OTHER_METHOD;

    for (i = 0; (name = pacs_web_method(i, &bit)) != NULL; i++) {

        if (pacs_str_is(req->method_override, name)) {
            req->method = bit;
        }
    }
}


/* all lines of a name, joined by commas */

static void
ngx_http_pacs_headers(ngx_http_request_t *r, ngx_http_pacs_ctx_t *ctx)
{
    ngx_uint_t        i, n;
    pacs_str_t       *joined, value;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    part = &r->headers_in.headers.part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        joined = NULL;

        for (n = 0;
             n < sizeof(ngx_http_pacs_wanted) / sizeof(ngx_http_pacs_wanted[0]);
             n++)
        {
            if (header[i].key.len == ngx_http_pacs_wanted[n].name.len
                && ngx_strncmp(header[i].lowcase_key,
                               ngx_http_pacs_wanted[n].name.data,
                               header[i].key.len)
                   == 0)
            {
                joined = (pacs_str_t *) ((u_char *) &ctx->op.request
                                         + ngx_http_pacs_wanted[n].offset);
            }
        }

        if (joined == NULL) {
            continue;
        }

        value = ngx_http_pacs_slice(&header[i].value);

        *joined = joined->len == 0
                  ? value
                  : pacs_sprintf(ctx->op.arena, "%.*s,%.*s",
                                 pacs_fmt(*joined), pacs_fmt(value));
    }
}


static ngx_uint_t
ngx_http_pacs_choose_pool(pacs_request_t *req)
{
    size_t       i, len;
    pacs_str_t   path;
    const char  *end;

    static const char *const  names[] = {
        "/rendered", "/thumbnail", "/renderedmpr", "/rendered3d", "/rendered3D",
        "/values", "/wado"
    };

    path = req->path;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        len = ngx_strlen(names[i]);
        end = path.data + path.len;

        if (path.len >= len && ngx_strncmp(end - len, names[i], len) == 0) {
            return NGX_HTTP_PACS_RENDER;
        }
    }

    return req->method & (NGX_HTTP_PACS_BODY|PACS_DELETE)
           ? NGX_HTTP_PACS_STORE : NGX_HTTP_PACS_READ;
}


static void
ngx_http_pacs_run(ngx_http_pacs_ctx_t *ctx)
{
    if (ngx_http_pacs_post(ctx, ctx->pool, ngx_http_pacs_run_thread,
                           ngx_http_pacs_run_done)
        != NGX_OK)
    {
        ngx_http_pacs_fail(ctx, PACS_E_BUSY, "too many requests wait already");
    }
}


static void
ngx_http_pacs_run_thread(ngx_http_pacs_ctx_t *ctx)
{
    pacs_op_t   *op;
    pacs_str_t   secret;

    op = &ctx->op;
    ctx->rc = PACS_OK;

    if (ngx_http_pacs_service_get(ctx) != NGX_OK) {
        ngx_http_pacs_open_files(ctx);
        return;
    }

    secret.data = (const char *) ctx->pmcf->service.secret;
    secret.len = sizeof(ctx->pmcf->service.secret);

    if (ctx->cache_value.len) {
        if (!pacs_cache_open(secret, op->cache_name, ctx->cache_value,
                             &op->cache_value))
        {
            op->cache_value = pacs_null;

        } else if (ctx->pmcf->near) {
            pacs_memory_put(ctx->pmcf->near, op->cache_name, op->cache_value);
        }

        ctx->cache_value = pacs_null;
    }

    do {
        ctx->rc = pacs_op_run(op);
    } while (ctx->rc == PACS_AGAIN && op->want == PACS_WANT_CACHE
             && ngx_http_pacs_near(ctx));

    if (ctx->rc == PACS_AGAIN) {
        if (op->want == PACS_WANT_CACHE) {
            ctx->cache_key = pacs_cache_key(secret, op->cache_name, op->arena);
        }

        return;
    }

    ngx_http_pacs_prepare_put(ctx);
    ngx_http_pacs_open_files(ctx);
}


/* whether there is no need to ask Redis */

static ngx_uint_t
ngx_http_pacs_near(ngx_http_pacs_ctx_t *ctx)
{
    pacs_op_t  *op;

    op = &ctx->op;
    op->cache_value = pacs_null;

    if (ctx->pmcf->near
        && pacs_memory_get(ctx->pmcf->near, op->cache_name, op->arena,
                           &op->cache_value))
    {
        return 1;
    }

    return ctx->pmcf->redis_addr == NULL;
}


static void
ngx_http_pacs_prepare_put(ngx_http_pacs_ctx_t *ctx)
{
    pacs_op_t   *op;
    pacs_str_t   secret;

    op = &ctx->op;

    if (ctx->pmcf->near && op->cache_put.len) {
        pacs_memory_put(ctx->pmcf->near, op->cache_put_name, op->cache_put);
    }

    if (ctx->pmcf->redis_addr == NULL || op->cache_put.len == 0
        || op->cache_put.len > NGX_HTTP_PACS_CACHE_MAX)
    {
        return;
    }

    secret.data = (const char *) ctx->pmcf->service.secret;
    secret.len = sizeof(ctx->pmcf->service.secret);

    ctx->put_key = pacs_cache_key(secret, op->cache_put_name, op->arena);
    ctx->put_value = pacs_cache_seal(secret, op->cache_put_name, op->cache_put,
                                     op->arena);
}


static void
ngx_http_pacs_run_done(ngx_http_pacs_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (ctx->rc != PACS_AGAIN) {

        if (ctx->put_key.len && ctx->put_value.len) {
            ngx_http_pacs_redis_put(ctx);
        }

        ngx_http_pacs_reply(ctx);
        return;
    }

    /* the answer may come before the call returns */

    ngx_http_pacs_wait(ctx, ngx_http_pacs_run);

    if (ctx->op.want == PACS_WANT_TIME) {
        ngx_http_pacs_pause(ctx);
        return;
    }

    rc = ctx->op.want == PACS_WANT_CODEC ? ngx_http_pacs_codec_call(ctx)
                                         : ngx_http_pacs_redis_get(ctx);

    if (rc == NGX_DECLINED) {
        ctx->ready = 0;
        ngx_http_pacs_run(ctx);
    }
}


/* others build what is needed, or have their turn */

static void
ngx_http_pacs_pause(ngx_http_pacs_ctx_t *ctx)
{
    ctx->pause.handler = ngx_http_pacs_pause_handler;
    ctx->pause.data = ctx;
    ctx->pause.log = ngx_cycle->log;

    ngx_add_timer(&ctx->pause, ctx->op.wait_ms);
}


static void
ngx_http_pacs_pause_handler(ngx_event_t *ev)
{
    ngx_http_pacs_wake(ev->data);
}


ngx_int_t
ngx_http_pacs_post(ngx_http_pacs_ctx_t *ctx, ngx_uint_t pool,
    ngx_http_pacs_work_pt work, ngx_http_pacs_work_pt next)
{
    ngx_http_request_t    *r;
    ngx_http_pacs_pool_t  *p;

    r = ctx->request;
    p = &ctx->pmcf->pools[pool];

    ngx_http_pacs_wait(ctx, next);

    ctx->work = work;

    if (ngx_thread_task_post(p->pool, ctx->task) != NGX_OK) {
        p->refused++;
        return NGX_ERROR;
    }

    /* the timer keeps a worker that is exiting until the task is done */

    ngx_add_timer(&ctx->task->event, NGX_HTTP_PACS_TASK_WARN);

    ctx->posted = p;
    p->active++;

    r->main->blocked++;
    r->aio = 1;

    return NGX_OK;
}


static void
ngx_http_pacs_thread(void *data, ngx_log_t *log)
{
    ngx_http_pacs_ctx_t **ctx = data;

    (*ctx)->work(*ctx);
}


static void
ngx_http_pacs_thread_event_handler(ngx_event_t *ev)
{
    ngx_connection_t     *c;
    ngx_http_request_t   *r;
    ngx_http_pacs_ctx_t  *ctx;

    ctx = ev->data;
    r = ctx->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    if (ev->timedout) {
        ev->timedout = 0;

        ngx_log_error(NGX_LOG_WARN, c->log, 0,
                      "a task in thread pool \"%V\" takes more than %M ms",
                      &ctx->posted->name,
                      (ngx_msec_t) NGX_HTTP_PACS_TASK_WARN);

        ngx_add_timer(ev, NGX_HTTP_PACS_TASK_WARN);
        return;
    }

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    ctx->posted->active--;
    ctx->posted->done++;
    ctx->posted = NULL;

    r->main->blocked--;
    r->aio = 0;

    ngx_http_pacs_wake(ctx);
}


/* what comes next is called by the write event handler: after an abort of
 * the client that is nginx's own, which ends the request */

void
ngx_http_pacs_wait(ngx_http_pacs_ctx_t *ctx, ngx_http_pacs_work_pt next)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    ctx->next = next;
    ctx->ready = 0;

    r->write_event_handler = ngx_http_pacs_resume;

    if (!r->discard_body && !r->reading_body) {
        r->read_event_handler = ngx_http_test_reading;
    }
}


void
ngx_http_pacs_wake(ngx_http_pacs_ctx_t *ctx)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ctx->request;
    c = r->connection;

    ctx->ready = 1;

    r->write_event_handler(r);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_pacs_resume(ngx_http_request_t *r)
{
    ngx_http_pacs_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pacs_module);

    if (!ctx->ready) {
        return;
    }

    ctx->ready = 0;
    ctx->next(ctx);
}


static void
ngx_http_pacs_cleanup(void *data)
{
    ngx_http_pacs_ctx_t *ctx = data;

    ngx_http_pacs_redis_cancel(ctx);
    ngx_http_pacs_codec_cancel(ctx);
    ngx_http_pacs_websocket_cancel(ctx);
    ngx_http_pacs_events_cancel(ctx);
    ngx_http_pacs_close_files(ctx);

    if (ctx->pause.timer_set) {
        ngx_del_timer(&ctx->pause);
    }

    if (ctx->stow) {
        pacs_stow_abort(ctx->stow);
    }

    pacs_buf_free(&ctx->facts);
    pacs_buf_free(&ctx->body);
    pacs_op_close(&ctx->op);
    pacs_arena_destroy(ctx->op.arena);
}
