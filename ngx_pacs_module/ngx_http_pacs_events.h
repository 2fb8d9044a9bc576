/* SPDX-License-Identifier: BSD-2-Clause */

/* What the files of server-sent events share: events.c has the requests and
 * the poll, _stream.c what goes to one client, _hint.c the subscription. */

#ifndef _NGX_HTTP_PACS_EVENTS_H_INCLUDED_
#define _NGX_HTTP_PACS_EVENTS_H_INCLUDED_


#include "ngx_http_pacs.h"


struct ngx_http_pacs_stream_s {
    ngx_queue_t                  queue;     /* of the streams that are open */
    ngx_http_pacs_ctx_t         *ctx;
    int64_t                      since;     /* of Last-Event-ID, or -1 */
    ngx_msec_t                   sent;

    pacs_buf_t                   next;      /* not with nginx yet */
    pacs_buf_t                   busy;      /* in buf */
    ngx_buf_t                    buf;
    ngx_chain_t                  chain;

    unsigned                     counted:1; /* in nstreams */
};


typedef struct {
    ngx_peer_connection_t        peer;      /* connection: or NULL */
    ngx_log_t                    log;
    ngx_msec_t                   tried;
    void                       (*heard)(ngx_http_pacs_events_t *events);
    unsigned                     up:1;      /* Redis has answered */
} ngx_http_pacs_hint_t;


/* one a worker; the thread has the last part while posted */

struct ngx_http_pacs_events_s {
    ngx_http_pacs_main_conf_t   *pmcf;
    ngx_queue_t                  streams;
    ngx_uint_t                   nstreams;  /* with those that are opening */
    ngx_uint_t                   npolls;

    ngx_event_t                  timer;
    ngx_msec_t                   polled;
    ngx_thread_task_t           *task;
    ngx_http_pacs_hint_t         hint;

    unsigned                     posted:1;
    unsigned                     due:1;

    int64_t                      last;
    int64_t                      began;
    int64_t                      after;
    int                          rc;
    pacs_err_t                   err;
    pacs_buf_t                   news;
};


/* stream: say() and end() may finalize the request */

ngx_http_pacs_stream_t *ngx_http_pacs_stream_create(ngx_http_pacs_ctx_t *ctx);
void ngx_http_pacs_stream_say(ngx_http_pacs_stream_t *s, const char *data,
    size_t len);
void ngx_http_pacs_stream_write(ngx_http_request_t *r);
void ngx_http_pacs_stream_end(ngx_http_pacs_stream_t *s);

/* hint: connect() is called as often as one likes: it waits between tries,
 * unless tried is 0 */

void ngx_http_pacs_hint_connect(ngx_http_pacs_events_t *events);
void ngx_http_pacs_hint_close(ngx_http_pacs_events_t *events);


#endif /* _NGX_HTTP_PACS_EVENTS_H_INCLUDED_ */
