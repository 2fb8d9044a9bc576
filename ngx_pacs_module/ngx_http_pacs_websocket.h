/* SPDX-License-Identifier: BSD-2-Clause */

/* What the files of WebSockets share: websocket.c has the handshake and the
 * connection, _frame.c the protocol, _poll.c the events. */

#ifndef _NGX_HTTP_PACS_WEBSOCKET_H_INCLUDED_
#define _NGX_HTTP_PACS_WEBSOCKET_H_INCLUDED_


#include "ngx_http_pacs.h"


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


/* frame: what came, in any split; NGX_DONE: it ends */

ngx_int_t ngx_http_pacs_websocket_input(ngx_http_pacs_socket_t *s, u_char *p,
    u_char *last);
void ngx_http_pacs_websocket_send(ngx_http_pacs_socket_t *s, ngx_uint_t opcode,
    const void *data, size_t len);
void ngx_http_pacs_websocket_status(ngx_http_pacs_socket_t *s, bool restarted);
void ngx_http_pacs_websocket_close(ngx_http_pacs_socket_t *s, ngx_uint_t code);
void ngx_http_pacs_websocket_settle(ngx_http_pacs_socket_t *s);

/* poll: first: whether s is the first of its AE title since this worker
 * started; where they are too many, each is */

void ngx_http_pacs_poll_start(ngx_http_pacs_poll_t *poll);
ngx_uint_t ngx_http_pacs_websocket_first(ngx_http_pacs_socket_t *s);


#endif /* _NGX_HTTP_PACS_WEBSOCKET_H_INCLUDED_ */
