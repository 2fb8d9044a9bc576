/* SPDX-License-Identifier: BSD-2-Clause */


/*
 * One client of the server-sent events.  What nginx has not taken yet waits
 * in next; who reads so slowly that it outgrows its bound is cut off: he comes
 * again and says up to where he has heard all.
 */


#include "ngx_http_pacs_events.h"


#define NGX_HTTP_PACS_STREAM_MAX    (64 * 1024)     /* bytes for a client */


static ngx_int_t ngx_http_pacs_stream_send(ngx_http_pacs_stream_t *s);
static void ngx_http_pacs_stream_leave(ngx_http_pacs_stream_t *s);


ngx_http_pacs_stream_t *
ngx_http_pacs_stream_create(ngx_http_pacs_ctx_t *ctx)
{
    ngx_http_pacs_stream_t  *s;

    s = ngx_pcalloc(ctx->request->pool, sizeof(ngx_http_pacs_stream_t));
    if (s == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     s->next, s->busy, s->buf, s->chain
     *     s->counted = 0;
     */

    ngx_queue_init(&s->queue);

    s->ctx = ctx;
    s->next.max = NGX_HTTP_PACS_STREAM_MAX;
    s->busy.max = NGX_HTTP_PACS_STREAM_MAX;

    return s;
}


void
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


void
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


void
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


static void
ngx_http_pacs_stream_leave(ngx_http_pacs_stream_t *s)
{
    ngx_queue_remove(&s->queue);
    ngx_queue_init(&s->queue);

    if (s->counted) {
        s->ctx->pmcf->events->nstreams--;
        s->counted = 0;
    }
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
