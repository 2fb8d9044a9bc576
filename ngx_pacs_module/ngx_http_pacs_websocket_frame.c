/* SPDX-License-Identifier: BSD-2-Clause */


/*
 * Frames, RFC 6455 5.  What a client sends is read and, but for control
 * frames, left aside.
 */


#include "ngx_http_pacs_websocket.h"


#define NGX_HTTP_PACS_FRAME_MAX     65536           /* bytes of a client's */


static ngx_int_t ngx_http_pacs_websocket_head(ngx_http_pacs_socket_t *s);
static ngx_uint_t ngx_http_pacs_websocket_code_ok(ngx_http_pacs_socket_t *s);
static ngx_int_t ngx_http_pacs_websocket_frame(ngx_http_pacs_socket_t *s);
static ngx_int_t ngx_http_pacs_websocket_flush(ngx_http_pacs_socket_t *s);


/* any split: RFC 6455 5.2 */

ngx_int_t
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


void
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


void
ngx_http_pacs_websocket_status(ngx_http_pacs_socket_t *s, bool restarted)
{
    pacs_str_t  event;

    event = pacs_events_status(restarted, s->ctx->op.arena);

    if (event.data != NULL) {
        ngx_http_pacs_websocket_send(s, NGX_HTTP_PACS_WS_TEXT, event.data,
                                     event.len);
    }
}


void
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

void
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
