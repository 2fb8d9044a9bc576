/* SPDX-License-Identifier: BSD-2-Clause */


/*
 * Server-sent events of what changes in the archive, see conf/events.md.
 * The index is asked, once a worker for all of its streams: every now and
 * then, and as soon as Redis hints at something.  Without a stream there is no
 * timer, no question and no connection.
 */


#include "ngx_http_pacs_events.h"


#define NGX_HTTP_PACS_TICK          400             /* msec */
#define NGX_HTTP_PACS_HINTED_TICK   5000            /* msec between polls */
#define NGX_HTTP_PACS_SOON          100             /* msec from hint to poll */
#define NGX_HTTP_PACS_HEARTBEAT     15000           /* msec */


static void ngx_http_pacs_events_open(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_events_opened(ngx_http_pacs_ctx_t *ctx);
static ngx_int_t ngx_http_pacs_events_header(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_events_tick(ngx_event_t *ev);
static void ngx_http_pacs_events_each(ngx_http_pacs_events_t *events,
    const char *data, size_t len, ngx_msec_t quiet);
static void ngx_http_pacs_events_poll(ngx_http_pacs_events_t *events);
static void ngx_http_pacs_events_thread(void *data, ngx_log_t *log);
static void ngx_http_pacs_events_done(ngx_event_t *ev);
static void ngx_http_pacs_events_heard(ngx_http_pacs_events_t *events);


ngx_int_t
ngx_http_pacs_events_init(ngx_http_pacs_main_conf_t *pmcf, ngx_cycle_t *cycle)
{
    ngx_http_pacs_events_t  *events, **p;

    events = ngx_pcalloc(cycle->pool, sizeof(ngx_http_pacs_events_t));
    if (events == NULL) {
        return NGX_ERROR;
    }

    events->task = ngx_thread_task_alloc(cycle->pool,
                                         sizeof(ngx_http_pacs_events_t *));
    if (events->task == NULL) {
        return NGX_ERROR;
    }

    p = events->task->ctx;
    *p = events;

    events->task->handler = ngx_http_pacs_events_thread;
    events->task->event.handler = ngx_http_pacs_events_done;
    events->task->event.data = events;
    events->task->event.log = cycle->log;

    events->pmcf = pmcf;
    ngx_queue_init(&events->streams);

    events->timer.handler = ngx_http_pacs_events_tick;
    events->timer.data = events;
    events->timer.log = cycle->log;

    /* that Redis does not answer others say */

    events->hint.log = *cycle->log;
    events->hint.log.log_level = NGX_LOG_ALERT;
    events->hint.heard = ngx_http_pacs_events_heard;

    pmcf->events = events;

    return NGX_OK;
}


void
ngx_http_pacs_events_exit(ngx_http_pacs_main_conf_t *pmcf)
{
    ngx_http_pacs_events_t  *events;

    events = pmcf->events;

    if (events->timer.timer_set) {
        ngx_del_timer(&events->timer);
    }

    ngx_http_pacs_hint_close(events);
    pacs_buf_free(&events->news);
}


void
ngx_http_pacs_events_state(ngx_http_pacs_main_conf_t *pmcf, pacs_buf_t *b)
{
    ngx_http_pacs_events_t  *events;

    events = pmcf->events;

    pacs_buf_printf(b, "\"events\":{\"streams\":%u,\"polls\":%u,"
                    "\"hints\":%s}", (unsigned) events->nstreams,
                    (unsigned) events->npolls,
                    events->hint.up ? "true" : "false");
}


ngx_int_t
ngx_http_pacs_events_handler(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_str_t                value;
    ngx_http_pacs_ctx_t     *ctx;
    ngx_http_pacs_events_t  *events;
    ngx_http_pacs_stream_t  *s;

    rc = ngx_http_pacs_begin(r, &ctx);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_pacs_fill_request(r, ctx);

    s = ngx_http_pacs_stream_create(ctx);
    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_pacs_header(r, "last-event-id", &value) != NGX_OK
        || !pacs_str_int(ngx_http_pacs_slice(&value), 0, INT64_MAX,
                         &s->since))
    {
        s->since = -1;
    }

    ctx->stream = s;
    events = ctx->pmcf->events;

    r->main->count++;

    if (ngx_http_pacs_other_site(ctx)) {
        ngx_http_pacs_fail(ctx, PACS_E_FORBIDDEN, "a page of another origin "
                           "asks: see pacs_cors_origin");

    } else if (events->nstreams
               >= (ngx_uint_t) ctx->pmcf->limits.event_streams)
    {
        ngx_http_pacs_fail(ctx, PACS_E_BUSY, "there are too many event "
                           "streams already (limit event_streams)");

    } else {
        events->nstreams++;
        s->counted = 1;

        if (ngx_http_pacs_post(ctx, NGX_HTTP_PACS_READ,
                               ngx_http_pacs_events_open,
                               ngx_http_pacs_events_opened)
            != NGX_OK)
        {
            ngx_http_pacs_fail(ctx, PACS_E_BUSY,
                               "too many requests wait already");
        }
    }

    return NGX_DONE;
}


static void
ngx_http_pacs_events_open(ngx_http_pacs_ctx_t *ctx)
{
    ngx_http_pacs_stream_t  *s;

    s = ctx->stream;
    ctx->rc = PACS_E_BUSY;

    if (ngx_http_pacs_service_get(ctx) == NGX_OK) {
        ctx->rc = pacs_changes_open(&ctx->op, s->since, &s->next, &s->since);
    }

    ctx->opened = ctx->op.reply.nparts;
}


static void
ngx_http_pacs_events_opened(ngx_http_pacs_ctx_t *ctx)
{
    ngx_http_request_t      *r;
    ngx_http_pacs_events_t  *events;
    ngx_http_pacs_stream_t  *s;

    r = ctx->request;
    s = ctx->stream;
    events = ctx->pmcf->events;

    if (ctx->rc != PACS_OK) {
        ctx->rc = PACS_OK;
        ngx_http_pacs_reply(ctx);
        return;
    }

    if (ngx_http_pacs_events_header(ctx) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    if (r->header_only || ngx_exiting) {
        ngx_http_finalize_request(r, ngx_http_send_special(r, NGX_HTTP_LAST));
        return;
    }

    (void) ngx_tcp_nodelay(r->connection);

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_pacs_stream_write;

    /* said again to others, if the poll was ahead of what was said here */

    if (ngx_queue_empty(&events->streams) || events->last > s->since) {
        events->last = s->since;
    }

    ngx_queue_insert_tail(&events->streams, &s->queue);

    if (!events->timer.timer_set) {
        ngx_add_timer(&events->timer, NGX_HTTP_PACS_TICK);
    }

    ngx_http_pacs_hint_connect(events);

    s->sent = ngx_current_msec;

    ngx_http_pacs_stream_write(r);
}


static ngx_int_t
ngx_http_pacs_events_header(ngx_http_pacs_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_table_elt_t     *h;
    ngx_http_request_t  *r;

    r = ctx->request;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = -1;
    ngx_str_set(&r->headers_out.content_type, "text/event-stream");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    if (ngx_http_pacs_add_header(r, "Cache-Control", pacs_lit("no-store"), &h)
        != NGX_OK
        || ngx_http_pacs_add_header(r, "X-Accel-Buffering", pacs_lit("no"), &h)
           != NGX_OK
        || ngx_http_pacs_add_header(r, "X-Content-Type-Options",
                                    pacs_lit("nosniff"), &h)
           != NGX_OK
        || ngx_http_pacs_cors(ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_http_send_header(r);

    return rc == NGX_ERROR || rc > NGX_OK ? NGX_ERROR : NGX_OK;
}


/* the one timer */

static void
ngx_http_pacs_events_tick(ngx_event_t *ev)
{
    ngx_queue_t             *q;
    ngx_msec_t               every;
    ngx_http_pacs_events_t  *events;

    events = ev->data;

    while (ngx_exiting && !ngx_queue_empty(&events->streams)) {
        q = ngx_queue_head(&events->streams);
        ngx_http_pacs_stream_end(ngx_queue_data(q, ngx_http_pacs_stream_t,
                                                queue));
    }

    ngx_http_pacs_events_each(events, ":\n\n", 3, NGX_HTTP_PACS_HEARTBEAT);

    if (ngx_queue_empty(&events->streams)) {
        ngx_http_pacs_hint_close(events);
        events->hint.tried = 0;
        return;
    }

    ngx_http_pacs_hint_connect(events);

    every = events->hint.up ? NGX_HTTP_PACS_HINTED_TICK : NGX_HTTP_PACS_TICK;

    if (events->due || ngx_current_msec - events->polled >= every) {
        ngx_http_pacs_events_poll(events);
    }

    ngx_add_timer(ev, NGX_HTTP_PACS_TICK);
}


/* says it to all to whom nothing was said for so long */

static void
ngx_http_pacs_events_each(ngx_http_pacs_events_t *events, const char *data,
    size_t len, ngx_msec_t quiet)
{
    ngx_queue_t             *q, *next;
    ngx_http_pacs_stream_t  *s;

    for (q = ngx_queue_head(&events->streams);
         q != ngx_queue_sentinel(&events->streams);
         q = next)
    {
        next = ngx_queue_next(q);
        s = ngx_queue_data(q, ngx_http_pacs_stream_t, queue);

        if (ngx_current_msec - s->sent >= quiet) {
            ngx_http_pacs_stream_say(s, data, len);
        }
    }
}


static void
ngx_http_pacs_events_poll(ngx_http_pacs_events_t *events)
{
    if (events->posted || events->pmcf->service.svc == NULL) {
        return;
    }

    events->began = events->last;
    events->after = events->last;

    if (ngx_thread_task_post(events->pmcf->pools[NGX_HTTP_PACS_READ].pool,
                             events->task)
        != NGX_OK)
    {
        return;
    }

    events->polled = ngx_current_msec;
    events->npolls++;
    events->posted = 1;
    events->due = 0;
}


static void
ngx_http_pacs_events_thread(void *data, ngx_log_t *log)
{
    ngx_http_pacs_events_t  *events;

    events = *(ngx_http_pacs_events_t **) data;

    ngx_memzero(&events->err, sizeof(pacs_err_t));
    events->news.len = 0;
    events->news.failed = false;

    events->rc = pacs_changes_read(events->pmcf->service.svc, events->after,
                                   &events->news, &events->after,
                                   &events->err);
}


static void
ngx_http_pacs_events_done(ngx_event_t *ev)
{
    ngx_http_pacs_events_t  *events;

    events = ev->data;
    events->posted = 0;

    if (events->rc != PACS_OK) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "pacs: changes cannot be read: %s", events->err.text);
        return;
    }

    /* unless a stream that came meanwhile begins elsewhere */

    if (events->last == events->began) {
        events->last = events->after;
    }

    if (events->news.len) {
        ngx_http_pacs_events_each(events, events->news.data, events->news.len,
                                  0);
    }
}


static void
ngx_http_pacs_events_heard(ngx_http_pacs_events_t *events)
{
    if (events->due || ngx_queue_empty(&events->streams)) {
        return;
    }

    events->due = 1;

    if (events->timer.timer_set) {
        ngx_del_timer(&events->timer);
    }

    ngx_add_timer(&events->timer, NGX_HTTP_PACS_SOON);
}
