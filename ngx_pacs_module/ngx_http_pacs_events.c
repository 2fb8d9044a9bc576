/* SPDX-License-Identifier: BSD-2-Clause */


/*
 * Server-sent events of what changes in the archive, see conf/events.md.
 * The index is asked, once a worker for all of its streams: every now and
 * then, and as soon as Redis hints at something.  A hint is any byte from the
 * subscribed connection, so that nothing of it needs to be understood.  Without
 * a stream there is no timer, no question and no connection.
 */


#include "ngx_http_pacs.h"


#define NGX_HTTP_PACS_TICK          400             /* msec */
#define NGX_HTTP_PACS_HINTED_TICK   5000            /* msec between polls */
#define NGX_HTTP_PACS_SOON          100             /* msec from hint to poll */
#define NGX_HTTP_PACS_HINT_RETRY    5000            /* msec */
#define NGX_HTTP_PACS_HEARTBEAT     15000           /* msec */
#define NGX_HTTP_PACS_STREAM_MAX    (64 * 1024)     /* bytes for a client */


struct ngx_http_pacs_stream_s {
    ngx_queue_t                  queue;
    ngx_http_pacs_ctx_t         *ctx;
    int64_t                      since;     /* of Last-Event-ID, or -1 */
    ngx_msec_t                   sent;

    pacs_buf_t                   next;      /* not with nginx yet */
    pacs_buf_t                   busy;      /* in buf */
    ngx_buf_t                    buf;
    ngx_chain_t                  chain;

    unsigned                     open:1;    /* in the queue */
};


/* one a worker; the thread has the last part while posted */

struct ngx_http_pacs_events_s {
    ngx_http_pacs_main_conf_t   *pmcf;
    ngx_queue_t                  streams;
    ngx_uint_t                   nstreams;
    ngx_uint_t                   npolls;

    ngx_event_t                  timer;
    ngx_msec_t                   polled;
    ngx_thread_task_t           *task;

    ngx_peer_connection_t        peer;      /* Redis; connection: or NULL */
    ngx_log_t                    log;
    ngx_msec_t                   tried;

    unsigned                     posted:1;
    unsigned                     due:1;
    unsigned                     hinted:1;  /* Redis has answered */

    int64_t                      last;
    int64_t                      began;
    int64_t                      after;
    int                          rc;
    pacs_err_t                   err;
    pacs_buf_t                   news;
};


static void ngx_http_pacs_events_open(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_events_opened(ngx_http_pacs_ctx_t *ctx);
static ngx_int_t ngx_http_pacs_events_header(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_stream_leave(ngx_http_pacs_stream_t *s);
static void ngx_http_pacs_stream_say(ngx_http_pacs_stream_t *s,
    const char *data, size_t len);
static void ngx_http_pacs_stream_write(ngx_http_request_t *r);
static ngx_int_t ngx_http_pacs_stream_send(ngx_http_pacs_stream_t *s);
static void ngx_http_pacs_stream_end(ngx_http_pacs_stream_t *s);
static void ngx_http_pacs_events_tick(ngx_event_t *ev);
static void ngx_http_pacs_events_each(ngx_http_pacs_events_t *events,
    const char *data, size_t len, ngx_msec_t quiet);
static void ngx_http_pacs_events_poll(ngx_http_pacs_events_t *events);
static void ngx_http_pacs_events_thread(void *data, ngx_log_t *log);
static void ngx_http_pacs_events_done(ngx_event_t *ev);
static void ngx_http_pacs_hint_connect(ngx_http_pacs_events_t *events);
static void ngx_http_pacs_hint_close(ngx_http_pacs_events_t *events);
static void ngx_http_pacs_hint_write(ngx_event_t *wev);
static void ngx_http_pacs_hint_read(ngx_event_t *rev);


static const char  ngx_http_pacs_subscribe[] =
    "SUBSCRIBE " PACS_CACHE_CHANNEL "\r\n";


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

    events->log = *cycle->log;
    events->log.log_level = NGX_LOG_ALERT;

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
                    events->hinted ? "true" : "false");
}


ngx_int_t
ngx_http_pacs_events_handler(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_str_t                value;
    ngx_http_pacs_ctx_t     *ctx;
    ngx_http_pacs_stream_t  *s;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx = ngx_http_pacs_create_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_pacs_fill_request(r, ctx);

    s = ngx_pcalloc(r->pool, sizeof(ngx_http_pacs_stream_t));
    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     s->next, s->busy, s->buf, s->chain
     *     s->open = 0;
     */

    s->ctx = ctx;
    s->next.max = NGX_HTTP_PACS_STREAM_MAX;
    s->busy.max = NGX_HTTP_PACS_STREAM_MAX;

    if (ngx_http_pacs_header(r, "last-event-id", &value) != NGX_OK
        || !pacs_str_int(ngx_http_pacs_slice(&value), 0, INT64_MAX,
                         &s->since))
    {
        s->since = -1;
    }

    ctx->stream = s;

    r->main->count++;

    if (ngx_http_pacs_other_site(ctx)) {
        ngx_http_pacs_fail(ctx, PACS_E_FORBIDDEN, "a page of another origin "
                           "asks: see pacs_cors_origin");

    } else if (ctx->pmcf->events->nstreams
               >= (ngx_uint_t) ctx->pmcf->limits.event_streams)
    {
        ngx_http_pacs_fail(ctx, PACS_E_BUSY, "there are too many event "
                           "streams already (limit event_streams)");

    } else if (ngx_http_pacs_post(ctx, NGX_HTTP_PACS_READ,
                                  ngx_http_pacs_events_open,
                                  ngx_http_pacs_events_opened)
               != NGX_OK)
    {
        ngx_http_pacs_fail(ctx, PACS_E_BUSY, "too many requests wait already");
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

    if (events->nstreams == 0 || events->last > s->since) {
        events->last = s->since;
    }

    ngx_queue_insert_tail(&events->streams, &s->queue);
    events->nstreams++;
    s->open = 1;

    if (!events->timer.timer_set) {
        ngx_add_timer(&events->timer, NGX_HTTP_PACS_TICK);
    }

    if (events->peer.connection == NULL) {
        ngx_http_pacs_hint_connect(events);
    }

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


void
ngx_http_pacs_events_cancel(ngx_http_pacs_ctx_t *ctx)
{
    ngx_http_pacs_stream_t  *s;

    s = ctx->stream;

    if (s == NULL) {
        return;
    }

    ngx_http_pacs_stream_leave(s);

    pacs_buf_free(&s->next);
    pacs_buf_free(&s->busy);
    ctx->stream = NULL;
}


static void
ngx_http_pacs_stream_leave(ngx_http_pacs_stream_t *s)
{
    if (s->open) {
        ngx_queue_remove(&s->queue);
        s->ctx->pmcf->events->nstreams--;
        s->open = 0;
    }
}


static void
ngx_http_pacs_stream_say(ngx_http_pacs_stream_t *s, const char *data,
    size_t len)
{
    ngx_connection_t  *c;

    c = s->ctx->request->connection;

    pacs_buf_add(&s->next, data, len);
    s->sent = ngx_current_msec;

    ngx_http_pacs_stream_write(s->ctx->request);
    ngx_http_run_posted_requests(c);
}


/* who reads too slowly has more unsent than there may be; he comes again and
 * says up to where he has heard all */

static void
ngx_http_pacs_stream_write(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_connection_t          *c;
    ngx_http_pacs_ctx_t       *ctx;
    ngx_http_pacs_stream_t    *s;
    ngx_http_core_loc_conf_t  *clcf;

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_pacs_module);
    s = ctx->stream;

    rc = c->write->timedout || s->next.failed ? NGX_ERROR
                                              : ngx_http_pacs_stream_send(s);

    if (rc == NGX_AGAIN) {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        if (!c->write->timer_set) {
            ngx_add_timer(c->write, clcf->send_timeout);
        }

        if (ngx_handle_write_event(c->write, 0) == NGX_OK) {
            return;
        }

        rc = NGX_ERROR;
    }

    if (rc == NGX_ERROR) {
        ngx_http_pacs_stream_leave(s);
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }
}


static ngx_int_t
ngx_http_pacs_stream_send(ngx_http_pacs_stream_t *s)
{
    ngx_int_t            rc;
    pacs_buf_t           empty;
    ngx_chain_t         *in;
    ngx_http_request_t  *r;

    r = s->ctx->request;

    for ( ;; ) {
        in = NULL;

        if (s->buf.pos == s->buf.last) {

            if (s->next.len == 0) {
                return NGX_OK;
            }

            empty = s->busy;
            empty.len = 0;
            s->busy = s->next;
            s->next = empty;

            s->buf.pos = (u_char *) s->busy.data;
            s->buf.last = s->buf.pos + s->busy.len;
            s->buf.start = s->buf.pos;
            s->buf.end = s->buf.last;
            s->buf.memory = 1;
            s->buf.flush = 1;

            s->chain.buf = &s->buf;
            s->chain.next = NULL;
            in = &s->chain;
        }

        rc = ngx_http_output_filter(r, in);

        if (rc == NGX_ERROR || rc > NGX_OK) {
            return NGX_ERROR;
        }

        if (s->buf.pos != s->buf.last) {
            return NGX_AGAIN;
        }
    }
}


static void
ngx_http_pacs_stream_end(ngx_http_pacs_stream_t *s)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = s->ctx->request;
    c = r->connection;

    ngx_http_pacs_stream_leave(s);
    r->keepalive = 0;

    ngx_http_finalize_request(r, ngx_http_send_special(r, NGX_HTTP_LAST));
    ngx_http_run_posted_requests(c);
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
        return;
    }

    if (events->peer.connection == NULL
        && ngx_current_msec - events->tried >= NGX_HTTP_PACS_HINT_RETRY)
    {
        ngx_http_pacs_hint_connect(events);
    }

    every = events->hinted ? NGX_HTTP_PACS_HINTED_TICK : NGX_HTTP_PACS_TICK;

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


/* the subscription */

static void
ngx_http_pacs_hint_connect(ngx_http_pacs_events_t *events)
{
    ngx_int_t               rc;
    ngx_addr_t             *addr;
    ngx_connection_t       *c;
    ngx_peer_connection_t  *peer;

    addr = events->pmcf->redis_addr;

    if (addr == NULL) {
        return;
    }

    peer = &events->peer;
    ngx_memzero(peer, sizeof(ngx_peer_connection_t));

    peer->sockaddr = addr->sockaddr;
    peer->socklen = addr->socklen;
    peer->name = &events->pmcf->redis_url;
    peer->get = ngx_event_get_peer;
    peer->log = &events->log;
    peer->log_error = NGX_ERROR_ERR;

    events->tried = ngx_current_msec;

    rc = ngx_event_connect_peer(peer);
    c = peer->connection;

    if (c == NULL) {
        return;
    }

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        ngx_http_pacs_hint_close(events);
        return;
    }

    c->data = events;
    c->read->handler = ngx_http_pacs_hint_read;
    c->write->handler = ngx_http_pacs_hint_write;

    if (rc == NGX_OK) {
        ngx_http_pacs_hint_write(c->write);
    }
}


static void
ngx_http_pacs_hint_close(ngx_http_pacs_events_t *events)
{
    if (events->peer.connection) {
        ngx_close_connection(events->peer.connection);
        events->peer.connection = NULL;
    }

    events->hinted = 0;
}


static void
ngx_http_pacs_hint_write(ngx_event_t *wev)
{
    ssize_t                  n;
    ngx_connection_t        *c;
    ngx_http_pacs_events_t  *events;

    c = wev->data;
    events = c->data;

    if (c->sent) {
        return;
    }

    n = c->send(c, (u_char *) ngx_http_pacs_subscribe,
                sizeof(ngx_http_pacs_subscribe) - 1);

    /* so few bytes go at once, or something is wrong */

    if (n != (ssize_t) sizeof(ngx_http_pacs_subscribe) - 1
        || ngx_handle_read_event(c->read, 0) != NGX_OK)
    {
        ngx_http_pacs_hint_close(events);
    }
}


static void
ngx_http_pacs_hint_read(ngx_event_t *rev)
{
    u_char                   buf[4096];
    ssize_t                  n;
    ngx_connection_t        *c;
    ngx_http_pacs_events_t  *events;

    c = rev->data;
    events = c->data;

    /* other connections come between, whatever it floods us with */

    n = c->recv(c, buf, sizeof(buf));

    if (n == NGX_AGAIN) {
        if (ngx_handle_read_event(rev, 0) != NGX_OK) {
            ngx_http_pacs_hint_close(events);
        }

        return;
    }

    if (n == NGX_ERROR || n == 0) {
        ngx_http_pacs_hint_close(events);
        return;
    }

    events->hinted = 1;

    if (rev->ready) {
        ngx_post_event(rev, &ngx_posted_next_events);
    }

    if (events->due || ngx_queue_empty(&events->streams)) {
        return;
    }

    events->due = 1;

    if (events->timer.timer_set) {
        ngx_del_timer(&events->timer);
    }

    ngx_add_timer(&events->timer, NGX_HTTP_PACS_SOON);
}
