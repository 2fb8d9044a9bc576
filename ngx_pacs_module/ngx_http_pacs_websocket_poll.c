/* SPDX-License-Identifier: BSD-2-Clause */


/*
 * Events are rows of the index, whoever put them: each worker that has
 * sockets asks for new ones every NGX_HTTP_PACS_POLL.
 */


#include "ngx_http_pacs_websocket.h"


#define NGX_HTTP_PACS_POLL          250             /* msec */
#define NGX_HTTP_PACS_TOLD_MAX      (64 * 1024)     /* bytes of AE titles */
#define NGX_HTTP_PACS_EVENTS_MAX    (64 * 1024 * 1024)  /* bytes of a poll */


typedef struct {
    int64_t                      id;
    size_t                       receiver;  /* bytes in text, then json's */
    size_t                       json;
} ngx_http_pacs_news_t;


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


ngx_uint_t
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


void
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
