/* SPDX-License-Identifier: BSD-2-Clause */


/*
 * RFC 6455, server side, for PS3.18 8.10: a client listens to the events of
 * an AE title.  Events are rows of the index, whoever put them: each worker
 * that has sockets asks for new ones every NGX_HTTP_PACS_POLL.  What a client
 * sends is read and, but for control frames, left aside.
 */


#include "ngx_http_pacs.h"

#include <ngx_sha1.h>


#define NGX_HTTP_PACS_POLL          250             /* msec */
#define NGX_HTTP_PACS_PING          30000           /* msec */
#define NGX_HTTP_PACS_FRAME_MAX     65536           /* bytes of a client's */
#define NGX_HTTP_PACS_UNSENT_MAX    (1024 * 1024)   /* bytes for a client */
#define NGX_HTTP_PACS_TOLD_MAX      (64 * 1024)     /* bytes of AE titles */
#define NGX_HTTP_PACS_EVENTS_MAX    (64 * 1024 * 1024)  /* bytes of a poll */

#define NGX_HTTP_PACS_WS_GUID       "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

#define NGX_HTTP_PACS_WS_TEXT       1
#define NGX_HTTP_PACS_WS_CLOSE      8
#define NGX_HTTP_PACS_WS_PING       9
#define NGX_HTTP_PACS_WS_PONG       10

#define NGX_HTTP_PACS_WS_AWAY       1001            /* why it is closed */
#define NGX_HTTP_PACS_WS_PROTOCOL   1002
#define NGX_HTTP_PACS_WS_TOO_BIG    1009


struct ngx_http_pacs_socket_s {
    ngx_queue_t                  queue;
    ngx_http_pacs_ctx_t         *ctx;

    pacs_str_t                   ae;
    int64_t                      since;     /* events up to it are past */
    ngx_str_t                    accept;    /* Sec-WebSocket-Accept */

    ngx_event_t                  ping;

    /* a frame's head as far as it is there, then what is left of it */
    u_char                       head[14];
    size_t                       nhead;
    uint64_t                     left;
    u_char                       control[125];
    size_t                       ncontrol;

    pacs_buf_t                   out;
    size_t                       sent;

    unsigned                     open:1;    /* in the queue of the poll */
    unsigned                     heard:1;   /* since the last ping */
    unsigned                     closing:1; /* when all is sent */
    unsigned                     parted:1;  /* a message is not whole yet */
};


typedef struct {
    int64_t                      id;
    size_t                       receiver;  /* bytes in text, then json's */
    size_t                       json;
} ngx_http_pacs_news_t;


/* one a worker; the thread has the second half while posted */

struct ngx_http_pacs_poll_s {
    ngx_http_pacs_main_conf_t   *pmcf;
    ngx_queue_t                  sockets;
    ngx_event_t                  timer;
    ngx_thread_task_t           *task;
    ngx_uint_t                   posted;

    int64_t                      after;
    int64_t                      last;
    int                          rc;
    pacs_err_t                   err;
    pacs_buf_t                   news;      /* ngx_http_pacs_news_t, text … */
    pacs_buf_t                   told;      /* "AE\\AE\\" that it started */
};


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
static ngx_int_t ngx_http_pacs_websocket_input(ngx_http_pacs_socket_t *s,
    u_char *p, u_char *last);
static ngx_int_t ngx_http_pacs_websocket_head(ngx_http_pacs_socket_t *s);
static ngx_uint_t ngx_http_pacs_websocket_code_ok(ngx_http_pacs_socket_t *s);
static ngx_int_t ngx_http_pacs_websocket_frame(ngx_http_pacs_socket_t *s);
static void ngx_http_pacs_websocket_send(ngx_http_pacs_socket_t *s,
    ngx_uint_t opcode, const void *data, size_t len);
static void ngx_http_pacs_websocket_status(ngx_http_pacs_socket_t *s,
    bool restarted);
static ngx_uint_t ngx_http_pacs_websocket_first(ngx_http_pacs_socket_t *s);
static void ngx_http_pacs_websocket_close(ngx_http_pacs_socket_t *s,
    ngx_uint_t code);
static void ngx_http_pacs_websocket_write(ngx_http_request_t *r);
static ngx_int_t ngx_http_pacs_websocket_flush(ngx_http_pacs_socket_t *s);
static void ngx_http_pacs_websocket_settle(ngx_http_pacs_socket_t *s);
static void ngx_http_pacs_websocket_ping(ngx_event_t *ev);
static void ngx_http_pacs_poll_start(ngx_http_pacs_poll_t *poll);
static void ngx_http_pacs_poll_handler(ngx_event_t *ev);
static void ngx_http_pacs_poll_thread(void *data, ngx_log_t *log);
static int ngx_http_pacs_poll_add(void *data, int64_t id, pacs_str_t receiver,
    pacs_str_t json);
static void ngx_http_pacs_poll_done(ngx_event_t *ev);
static void ngx_http_pacs_poll_tell(ngx_http_pacs_poll_t *poll, int64_t id,
    pacs_str_t receiver, pacs_str_t json);


ngx_int_t
ngx_http_pacs_websocket_init(ngx_http_pacs_main_conf_t *pmcf,
    ngx_cycle_t *cycle)
{
    ngx_http_pacs_poll_t   *poll, **p;

    poll = ngx_pcalloc(cycle->pool, sizeof(ngx_http_pacs_poll_t));
    if (poll == NULL) {
        return NGX_ERROR;
    }

    poll->task = ngx_thread_task_alloc(cycle->pool,
                                       sizeof(ngx_http_pacs_poll_t *));
    if (poll->task == NULL) {
        return NGX_ERROR;
    }

    p = poll->task->ctx;
    *p = poll;

    poll->task->handler = ngx_http_pacs_poll_thread;
    poll->task->event.handler = ngx_http_pacs_poll_done;
    poll->task->event.data = poll;
    poll->task->event.log = cycle->log;

    poll->pmcf = pmcf;
    poll->news.max = NGX_HTTP_PACS_EVENTS_MAX;
    poll->told.max = NGX_HTTP_PACS_TOLD_MAX;
    ngx_queue_init(&poll->sockets);

    poll->timer.handler = ngx_http_pacs_poll_handler;
    poll->timer.data = poll;
    poll->timer.log = cycle->log;

    pmcf->poll = poll;

    return NGX_OK;
}


void
ngx_http_pacs_websocket_exit(ngx_http_pacs_main_conf_t *pmcf)
{
    if (pmcf->poll->timer.timer_set) {
        ngx_del_timer(&pmcf->poll->timer);
    }

    pacs_buf_free(&pmcf->poll->news);
    pacs_buf_free(&pmcf->poll->told);
}


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


/* any split: RFC 6455 5.2 */

static ngx_int_t
ngx_http_pacs_websocket_input(ngx_http_pacs_socket_t *s, u_char *p,
    u_char *last)
{
    size_t     n;
    ngx_int_t  rc;

    while (p < last && !s->closing) {

        if (s->left == 0) {
            s->head[s->nhead++] = *p++;
            rc = ngx_http_pacs_websocket_head(s);

        } else {
            n = ngx_min((uint64_t) (last - p), s->left);

            if (s->head[0] & 0x08) {
                ngx_memcpy(s->control + s->ncontrol, p, n);
                s->ncontrol += n;
            }

            p += n;
            s->left -= n;
            rc = s->left ? NGX_OK : ngx_http_pacs_websocket_frame(s);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* one more byte of the head; when it is whole: the length, checked */

static ngx_int_t
ngx_http_pacs_websocket_head(ngx_http_pacs_socket_t *s)
{
    size_t     i, more;
    uint64_t   len;
    ngx_int_t  opcode;

    if (s->nhead < 2) {
        return NGX_OK;
    }

    opcode = s->head[0] & 0x0f;
    len = s->head[1] & 0x7f;
    more = len == 127 ? 8 : len == 126 ? 2 : 0;

    /* no extensions, always masked; control frames are short and whole */

    if ((s->head[0] & 0x70) || !(s->head[1] & 0x80)
        || (opcode > 2 && opcode < 8) || opcode > NGX_HTTP_PACS_WS_PONG
        || (opcode >= 8 && (!(s->head[0] & 0x80) || len > 125))
        || (opcode < 8 && (opcode == 0) != s->parted))
    {
        ngx_http_pacs_websocket_close(s, NGX_HTTP_PACS_WS_PROTOCOL);
        return NGX_DONE;
    }

    if (s->nhead < 2 + more + 4) {
        return NGX_OK;
    }

    for (len = more ? 0 : len, i = 0; i < more; i++) {
        len = len << 8 | s->head[2 + i];
    }

    if (more && len < (more == 2 ? 126 : 65536)) {
        ngx_http_pacs_websocket_close(s, NGX_HTTP_PACS_WS_PROTOCOL);
        return NGX_DONE;
    }

    if (len > NGX_HTTP_PACS_FRAME_MAX) {
        ngx_http_pacs_websocket_close(s, NGX_HTTP_PACS_WS_TOO_BIG);
        return NGX_DONE;
    }

    if (opcode < 8) {
        s->parted = !(s->head[0] & 0x80);
    }

    s->left = len;
    s->ncontrol = 0;

    return len ? NGX_OK : ngx_http_pacs_websocket_frame(s);
}


/* RFC 6455 7.4: none, or one that may be sent */

static ngx_uint_t
ngx_http_pacs_websocket_code_ok(ngx_http_pacs_socket_t *s)
{
    ngx_uint_t  code;

    if (s->ncontrol < 2) {
        return s->ncontrol == 0;
    }

    code = s->control[0] << 8 | s->control[1];

    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014)
           || (code >= 3000 && code <= 4999);
}


/* a frame is whole */

static ngx_int_t
ngx_http_pacs_websocket_frame(ngx_http_pacs_socket_t *s)
{
    size_t   i;
    u_char  *mask;

    mask = s->head + s->nhead - 4;
    s->nhead = 0;

    for (i = 0; i < s->ncontrol; i++) {
        s->control[i] ^= mask[i % 4];
    }

    switch (s->head[0] & 0x0f) {

    case NGX_HTTP_PACS_WS_PING:
        ngx_http_pacs_websocket_send(s, NGX_HTTP_PACS_WS_PONG, s->control,
                                     s->ncontrol);
        break;

    case NGX_HTTP_PACS_WS_CLOSE:
        if (!ngx_http_pacs_websocket_code_ok(s)) {
            ngx_http_pacs_websocket_close(s, NGX_HTTP_PACS_WS_PROTOCOL);
            return NGX_DONE;
        }

        ngx_http_pacs_websocket_send(s, NGX_HTTP_PACS_WS_CLOSE, s->control,
                                     ngx_min(s->ncontrol, 2));
        s->closing = 1;
        return NGX_DONE;

    default:
        break;
    }

    return NGX_OK;
}


static void
ngx_http_pacs_websocket_send(ngx_http_pacs_socket_t *s, ngx_uint_t opcode,
    const void *data, size_t len)
{
    u_char  head[10];
    size_t  i, n;

    head[0] = 0x80 | opcode;

    if (len < 126) {
        head[1] = len;
        n = 2;

    } else if (len < 65536) {
        head[1] = 126;
        n = 4;

    } else {
        head[1] = 127;
        n = 10;
    }

    for (i = 2; i < n; i++) {
        head[i] = (uint64_t) len >> 8 * (n - 1 - i);
    }

    pacs_buf_add(&s->out, head, n);
    pacs_buf_add(&s->out, data, len);
}


static void
ngx_http_pacs_websocket_status(ngx_http_pacs_socket_t *s, bool restarted)
{
    pacs_str_t  event;

    event = pacs_events_status(restarted, s->ctx->op.arena);

    if (event.data != NULL) {
        ngx_http_pacs_websocket_send(s, NGX_HTTP_PACS_WS_TEXT, event.data,
                                     event.len);
    }
}


/* whether it is the first of its AE title since this worker started; where
 * they are too many, each is */

static ngx_uint_t
ngx_http_pacs_websocket_first(ngx_http_pacs_socket_t *s)
{
    pacs_buf_t  *told;
    pacs_str_t   rest, ae;

    told = &s->ctx->pmcf->poll->told;

    rest.data = told->data;
    rest.len = told->len;

    while (pacs_str_split(&rest, '\\', &ae)) {
        if (pacs_str_eq(ae, s->ae)) {
            return 0;
        }
    }

    pacs_buf_str(told, s->ae);
    pacs_buf_char(told, '\\');

    return 1;
}


static void
ngx_http_pacs_websocket_close(ngx_http_pacs_socket_t *s, ngx_uint_t code)
{
    u_char  why[2];

    if (s->closing) {
        return;
    }

    why[0] = code >> 8;
    why[1] = code;

    ngx_http_pacs_websocket_send(s, NGX_HTTP_PACS_WS_CLOSE, why, 2);

    s->closing = 1;
}


static void
ngx_http_pacs_websocket_write(ngx_http_request_t *r)
{
    ngx_http_pacs_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pacs_module);

    ngx_http_pacs_websocket_settle(ctx->socket);
}


static ngx_int_t
ngx_http_pacs_websocket_flush(ngx_http_pacs_socket_t *s)
{
    ssize_t              n;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = s->ctx->request;
    c = r->connection;

    /* the answer of the handshake goes first */

    if (c->buffered || r->buffered) {
        if (ngx_http_output_filter(r, NULL) == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (c->buffered || r->buffered) {
            return NGX_AGAIN;
        }
    }

    while (s->sent < s->out.len) {
        n = c->send(c, (u_char *) s->out.data + s->sent,
                    s->out.len - s->sent);

        if (n == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        s->sent += n;
    }

    s->out.len = 0;
    s->sent = 0;

    return NGX_OK;
}


/* sends what can be sent; the end, if it is due.  A client that reads too
 * slowly has more unsent than there may be */

static void
ngx_http_pacs_websocket_settle(ngx_http_pacs_socket_t *s)
{
    ngx_int_t                  rc;
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = s->ctx->request;
    c = r->connection;

    rc = c->write->timedout || s->out.failed
         ? NGX_ERROR : ngx_http_pacs_websocket_flush(s);

    if (rc == NGX_ERROR || (rc == NGX_OK && s->closing)) {
        ngx_http_finalize_request(r, rc == NGX_OK ? NGX_OK : NGX_ERROR);
        return;
    }

    if (rc == NGX_AGAIN) {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        if (!c->write->timer_set) {
            ngx_add_timer(c->write, clcf->send_timeout);
        }

    } else if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
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


/* the poll */

static void
ngx_http_pacs_poll_start(ngx_http_pacs_poll_t *poll)
{
    if (!poll->timer.timer_set && !poll->posted) {
        ngx_add_timer(&poll->timer, NGX_HTTP_PACS_POLL);
    }
}


static void
ngx_http_pacs_poll_handler(ngx_event_t *ev)
{
    ngx_queue_t             *q, *next;
    ngx_connection_t        *c;
    ngx_http_pacs_poll_t    *poll;
    ngx_http_pacs_socket_t  *s;

    poll = ev->data;

    if (ngx_exiting || ngx_terminate) {

        for (q = ngx_queue_head(&poll->sockets);
             q != ngx_queue_sentinel(&poll->sockets);
             q = next)
        {
            next = ngx_queue_next(q);
            s = ngx_queue_data(q, ngx_http_pacs_socket_t, queue);
            c = s->ctx->request->connection;

            if (!s->closing) {
                ngx_http_pacs_websocket_status(s, false);
            }

            ngx_http_pacs_websocket_close(s, NGX_HTTP_PACS_WS_AWAY);
            ngx_http_pacs_websocket_settle(s);
            ngx_http_run_posted_requests(c);
        }
    }

    if (ngx_queue_empty(&poll->sockets)) {
        return;
    }

    poll->after = poll->last;

    if (poll->pmcf->service.svc == NULL
        || ngx_thread_task_post(poll->pmcf->pools[NGX_HTTP_PACS_READ].pool,
                                poll->task)
           != NGX_OK)
    {
        ngx_http_pacs_poll_start(poll);
        return;
    }

    poll->posted = 1;
}


static void
ngx_http_pacs_poll_thread(void *data, ngx_log_t *log)
{
    ngx_http_pacs_poll_t  *poll;

    poll = *(ngx_http_pacs_poll_t **) data;

    ngx_memzero(&poll->err, sizeof(pacs_err_t));
    poll->news.len = 0;
    poll->news.failed = false;

    poll->rc = pacs_events_read(poll->pmcf->service.svc, poll->after,
                                ngx_http_pacs_poll_add, poll, &poll->last,
                                &poll->err);
}


static int
ngx_http_pacs_poll_add(void *data, int64_t id, pacs_str_t receiver,
    pacs_str_t json)
{
    ngx_http_pacs_news_t   news;
    ngx_http_pacs_poll_t  *poll;

    poll = data;

    news.id = id;
    news.receiver = receiver.len;
    news.json = json.len;

    pacs_buf_add(&poll->news, &news, sizeof(ngx_http_pacs_news_t));
    pacs_buf_str(&poll->news, receiver);
    pacs_buf_str(&poll->news, json);

    return poll->news.failed ? PACS_E_LIMIT : PACS_OK;
}


static void
ngx_http_pacs_poll_done(ngx_event_t *ev)
{
    char                    *p, *last;
    pacs_str_t               receiver, json;
    ngx_queue_t             *q;
    ngx_http_pacs_news_t     news;
    ngx_http_pacs_poll_t    *poll;
    ngx_http_pacs_socket_t  *s;

    poll = ev->data;
    poll->posted = 0;

    if (poll->rc == PACS_E_LIMIT) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "pacs: too many events at once, some are not sent");

    } else if (poll->rc != PACS_OK) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "pacs: events cannot be read: %s", poll->err.text);
        poll->last = poll->after;
    }

    /* an index that was made anew counts from the beginning */

    for (q = ngx_queue_head(&poll->sockets);
         poll->last < poll->after && q != ngx_queue_sentinel(&poll->sockets);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_http_pacs_socket_t, queue);
        s->since = ngx_min(s->since, poll->last);
    }

    p = poll->news.data;
    last = p + poll->news.len;

    while (!poll->news.failed && p < last) {
        ngx_memcpy(&news, p, sizeof(ngx_http_pacs_news_t));
        p += sizeof(ngx_http_pacs_news_t);

        receiver.data = p;
        receiver.len = news.receiver;
        json.data = p + news.receiver;
        json.len = news.json;
        p += news.receiver + news.json;

        ngx_http_pacs_poll_tell(poll, news.id, receiver, json);
    }

    if (!ngx_queue_empty(&poll->sockets)) {
        ngx_http_pacs_poll_start(poll);
    }
}


static void
ngx_http_pacs_poll_tell(ngx_http_pacs_poll_t *poll, int64_t id,
    pacs_str_t receiver, pacs_str_t json)
{
    ngx_queue_t             *q, *next;
    ngx_connection_t        *c;
    ngx_http_pacs_socket_t  *s;

    for (q = ngx_queue_head(&poll->sockets);
         q != ngx_queue_sentinel(&poll->sockets);
         q = next)
    {
        next = ngx_queue_next(q);
        s = ngx_queue_data(q, ngx_http_pacs_socket_t, queue);

        if (s->closing || id <= s->since || !pacs_str_eq(receiver, s->ae)) {
            continue;
        }

        c = s->ctx->request->connection;

        ngx_http_pacs_websocket_send(s, NGX_HTTP_PACS_WS_TEXT, json.data,
                                     json.len);
        ngx_http_pacs_websocket_settle(s);
        ngx_http_run_posted_requests(c);
    }
}
