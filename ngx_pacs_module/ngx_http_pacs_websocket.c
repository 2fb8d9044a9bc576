/* SPDX-License-Identifier: BSD-2-Clause */


/*
 * RFC 6455, server side, for PS3.18 8.10: a client listens to the events of
 * an AE title.  Here: the handshake and the life of the connection.
 */


#include "ngx_http_pacs_websocket.h"

#include <ngx_sha1.h>


#define NGX_HTTP_PACS_PING          30000           /* msec */
#define NGX_HTTP_PACS_UNSENT_MAX    (1024 * 1024)   /* bytes for a client */
#define NGX_HTTP_PACS_WS_GUID       "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


static ngx_int_t ngx_http_pacs_websocket_asked(ngx_http_request_t *r,
    ngx_str_t *key);
static ngx_uint_t ngx_http_pacs_websocket_token(ngx_str_t *value,
    const char *token);
static ngx_int_t ngx_http_pacs_websocket_accept(ngx_http_request_t *r,
    ngx_str_t *key, ngx_str_t *accept);
static void ngx_http_pacs_websocket_prepare(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_websocket_prepared(ngx_http_pacs_ctx_t *ctx);
static ngx_int_t ngx_http_pacs_websocket_switch(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_websocket_read(ngx_http_request_t *r);
static void ngx_http_pacs_websocket_write(ngx_http_request_t *r);
static void ngx_http_pacs_websocket_ping(ngx_event_t *ev);


/* the handshake, RFC 6455 4.2 */

ngx_int_t
ngx_http_pacs_websocket(ngx_http_pacs_ctx_t *ctx)
{
    ngx_str_t                key;
    pacs_route_t             route;
    ngx_http_request_t      *r;
    ngx_http_pacs_socket_t  *s;

    r = ctx->request;

    if (r->method != NGX_HTTP_GET || r != r->main
        || r->http_version != NGX_HTTP_VERSION_11
        || ngx_http_pacs_websocket_asked(r, &key) != NGX_OK
        || pacs_web_route(ctx->op.request.path, &ctx->pmcf->limits,
                          ctx->op.arena, &route, NULL)
           != PACS_OK
        || route.resource != PACS_R_NOTIFICATIONS)
    {
        return NGX_DECLINED;
    }

    s = ngx_pcalloc(r->pool, sizeof(ngx_http_pacs_socket_t));
    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     s->since = 0;
     *     all of the frame, of out and the flags
     */

    if (ngx_http_pacs_websocket_accept(r, &key, &s->accept) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    s->ctx = ctx;
    s->out.max = NGX_HTTP_PACS_UNSENT_MAX;

    ctx->socket = s;

    r->main->count++;

    if (ngx_http_pacs_post(ctx, NGX_HTTP_PACS_READ,
                           ngx_http_pacs_websocket_prepare,
                           ngx_http_pacs_websocket_prepared)
        != NGX_OK)
    {
        ngx_http_pacs_fail(ctx, PACS_E_BUSY, "too many requests wait already");
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_http_pacs_websocket_asked(ngx_http_request_t *r, ngx_str_t *key)
{
    ngx_uint_t        i, found;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    found = 0;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == sizeof("upgrade") - 1
            && ngx_strncmp(h[i].lowcase_key, "upgrade", h[i].key.len) == 0)
        {
            found |= ngx_http_pacs_websocket_token(&h[i].value, "websocket");

        } else if (h[i].key.len == sizeof("connection") - 1
                   && ngx_strncmp(h[i].lowcase_key, "connection",
                                  h[i].key.len)
                      == 0)
        {
            found |= ngx_http_pacs_websocket_token(&h[i].value, "upgrade")
                     << 1;

        } else if (h[i].key.len == sizeof("sec-websocket-version") - 1
                   && ngx_strncmp(h[i].lowcase_key, "sec-websocket-version",
                                  h[i].key.len)
                      == 0)
        {
            found |= ngx_http_pacs_websocket_token(&h[i].value, "13") << 2;

        } else if (h[i].key.len == sizeof("sec-websocket-key") - 1
                   && ngx_strncmp(h[i].lowcase_key, "sec-websocket-key",
                                  h[i].key.len)
                      == 0
                   && h[i].value.len == ngx_base64_encoded_length(16))
        {
            *key = h[i].value;
            found |= 8;
        }
    }

    return found == 15 ? NGX_OK : NGX_DECLINED;
}


/* whether a list by commas has it, in whatever case */

static ngx_uint_t
ngx_http_pacs_websocket_token(ngx_str_t *value, const char *token)
{
    size_t   len;
    u_char  *p, *last, *end;

    len = ngx_strlen(token);
    last = value->data + value->len;

    for (p = value->data; p < last; p = end + 1) {

        while (p < last && (*p == ' ' || *p == '\t')) {
            p++;
        }

        end = ngx_strlchr(p, last, ',');
        if (end == NULL) {
            end = last;
        }

        if ((size_t) (end - p) >= len
            && ngx_strncasecmp(p, (u_char *) token, len) == 0
            && (p + len == end || p[len] == ' '))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_pacs_websocket_accept(ngx_http_request_t *r, ngx_str_t *key,
    ngx_str_t *accept)
{
    ngx_str_t   hash;
    ngx_sha1_t  sha1;
    u_char      digest[20];

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, key->data, key->len);
    ngx_sha1_update(&sha1, NGX_HTTP_PACS_WS_GUID,
                    sizeof(NGX_HTTP_PACS_WS_GUID) - 1);
    ngx_sha1_final(digest, &sha1);

    hash.data = digest;
    hash.len = sizeof(digest);

    accept->data = ngx_pnalloc(r->pool, ngx_base64_encoded_length(hash.len));
    if (accept->data == NULL) {
        return NGX_ERROR;
    }

    ngx_encode_base64(accept, &hash);

    return NGX_OK;
}


static void
ngx_http_pacs_websocket_prepare(ngx_http_pacs_ctx_t *ctx)
{
    ctx->rc = PACS_E_BUSY;

    if (ngx_http_pacs_service_get(ctx) == NGX_OK) {
        ctx->rc = pacs_events_open(&ctx->op, &ctx->socket->ae,
                                   &ctx->socket->since);
    }

    ctx->opened = ctx->op.reply.nparts;
}


static void
ngx_http_pacs_websocket_prepared(ngx_http_pacs_ctx_t *ctx)
{
    ngx_http_request_t    *r;
    ngx_http_pacs_poll_t  *poll;

    r = ctx->request;
    poll = ctx->pmcf->poll;

    if (ctx->rc != PACS_OK) {
        ctx->rc = PACS_OK;
        ngx_http_pacs_reply(ctx);
        return;
    }

    if (ngx_http_pacs_websocket_switch(ctx) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    /* a poll that is under way has a beginning of its own */

    if (ngx_queue_empty(&poll->sockets) && !poll->posted) {
        poll->last = ctx->socket->since;
        ngx_http_pacs_poll_start(poll);
    }

    ngx_queue_insert_tail(&poll->sockets, &ctx->socket->queue);
    ctx->socket->open = 1;

    if (ngx_http_pacs_websocket_first(ctx->socket)) {
        ngx_http_pacs_websocket_status(ctx->socket, true);
    }

    ngx_http_pacs_websocket_read(r);
}


static ngx_int_t
ngx_http_pacs_websocket_switch(ngx_http_pacs_ctx_t *ctx)
{
    ngx_int_t                rc;
    ngx_table_elt_t         *h;
    ngx_http_request_t      *r;
    ngx_http_pacs_socket_t  *s;

    r = ctx->request;
    s = ctx->socket;

    r->keepalive = 0;
    r->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    r->headers_out.content_length_n = -1;

    if (ngx_http_pacs_add_header(r, "Upgrade", pacs_lit("websocket"), &h)
        != NGX_OK
        || ngx_http_pacs_add_header(r, "Sec-WebSocket-Accept",
                                    ngx_http_pacs_slice(&s->accept), &h)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK
        || ngx_http_send_special(r, NGX_HTTP_FLUSH) == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    r->read_event_handler = ngx_http_pacs_websocket_read;
    r->write_event_handler = ngx_http_pacs_websocket_write;

    s->heard = 1;

    s->ping.handler = ngx_http_pacs_websocket_ping;
    s->ping.data = s;
    s->ping.log = r->connection->log;

    ngx_add_timer(&s->ping, NGX_HTTP_PACS_PING);

    return NGX_OK;
}


void
ngx_http_pacs_websocket_cancel(ngx_http_pacs_ctx_t *ctx)
{
    ngx_http_pacs_socket_t  *s;

    s = ctx->socket;

    if (s == NULL) {
        return;
    }

    if (s->open) {
        ngx_queue_remove(&s->queue);
        s->open = 0;
    }

    if (s->ping.timer_set) {
        ngx_del_timer(&s->ping);
    }

    pacs_buf_free(&s->out);
    ctx->socket = NULL;
}


static void
ngx_http_pacs_websocket_read(ngx_http_request_t *r)
{
    u_char                   buf[4096];
    ssize_t                  n;
    ngx_buf_t               *b;
    ngx_int_t                rc;
    ngx_connection_t        *c;
    ngx_http_pacs_ctx_t     *ctx;
    ngx_http_pacs_socket_t  *s;

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_pacs_module);
    s = ctx->socket;

    if (c->close) {
        if (!s->closing) {
            ngx_http_pacs_websocket_status(s, false);
        }

        ngx_http_pacs_websocket_close(s, NGX_HTTP_PACS_WS_AWAY);
        ngx_http_pacs_websocket_settle(s);
        return;
    }

    b = r->header_in;
    rc = ngx_http_pacs_websocket_input(s, b->pos, b->last);
    b->pos = b->last;

    while (rc == NGX_OK && !s->closing) {
        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_http_finalize_request(r, NGX_ERROR);
            return;
        }

        s->heard = 1;
        rc = ngx_http_pacs_websocket_input(s, buf, buf + n);
    }

    if (!s->closing
        && ngx_handle_read_event(c->read, 0) != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    ngx_http_pacs_websocket_settle(s);
}


static void
ngx_http_pacs_websocket_write(ngx_http_request_t *r)
{
    ngx_http_pacs_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pacs_module);

    ngx_http_pacs_websocket_settle(ctx->socket);
}


/* silence for two pings is an end */

static void
ngx_http_pacs_websocket_ping(ngx_event_t *ev)
{
    ngx_connection_t        *c;
    ngx_http_pacs_socket_t  *s;

    s = ev->data;
    c = s->ctx->request->connection;

    if (!s->heard) {
        ngx_http_finalize_request(s->ctx->request, NGX_ERROR);
        ngx_http_run_posted_requests(c);
        return;
    }

    s->heard = 0;

    ngx_add_timer(ev, NGX_HTTP_PACS_PING);

    ngx_http_pacs_websocket_send(s, NGX_HTTP_PACS_WS_PING, "", 0);
    ngx_http_pacs_websocket_settle(s);

    ngx_http_run_posted_requests(c);
}
