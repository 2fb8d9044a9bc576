/* SPDX-License-Identifier: BSD-2-Clause */


#include "ngx_http_pacs.h"


/*
 * One connection to pacs-codec a worker.  Jobs are sent in order, with their
 * descriptors, and answered in any; those of a request that has ended are
 * forgotten.
 */

struct ngx_http_pacs_codec_s {
    ngx_http_pacs_main_conf_t   *pmcf;
    ngx_connection_t            *connection;
    ngx_queue_t                  sent;          /* of ngx_http_pacs_job_t */
    ngx_queue_t                  unsent;
    ngx_uint_t                   jobs;          /* in both */
    uint64_t                     last_id;
    unsigned                     absent:1;      /* was said in the log */
};


struct ngx_http_pacs_job_s {
    ngx_queue_t                  queue;
    ngx_http_pacs_codec_t       *codec;
    ngx_http_pacs_ctx_t         *ctx;
    uint64_t                     id;
    ngx_event_t                  timer;
};


static ngx_int_t ngx_http_pacs_codec_connect(ngx_http_pacs_codec_t *codec);
static void ngx_http_pacs_codec_close(ngx_http_pacs_codec_t *codec);
static void ngx_http_pacs_codec_lost(ngx_http_pacs_codec_t *codec,
    const char *why);
static ngx_int_t ngx_http_pacs_codec_send(ngx_http_pacs_codec_t *codec);
static void ngx_http_pacs_codec_write_handler(ngx_event_t *wev);
static void ngx_http_pacs_codec_read_handler(ngx_event_t *rev);
static void ngx_http_pacs_codec_answer(ngx_http_pacs_codec_t *codec,
    pacs_codec_reply_t *reply);
static void ngx_http_pacs_codec_timeout(ngx_event_t *ev);
static ngx_http_pacs_ctx_t *ngx_http_pacs_codec_end(ngx_http_pacs_job_t *job);
static void ngx_http_pacs_codec_refuse(ngx_http_pacs_ctx_t *ctx,
    const char *why);


ngx_int_t
ngx_http_pacs_codec_init(ngx_http_pacs_main_conf_t *pmcf, ngx_cycle_t *cycle)
{
    ngx_http_pacs_codec_t  *codec;

    codec = ngx_pcalloc(cycle->pool, sizeof(ngx_http_pacs_codec_t));
    if (codec == NULL) {
        return NGX_ERROR;
    }

    codec->pmcf = pmcf;
    ngx_queue_init(&codec->sent);
    ngx_queue_init(&codec->unsent);

    pmcf->codec = codec;

    return NGX_OK;
}


void
ngx_http_pacs_codec_exit(ngx_http_pacs_main_conf_t *pmcf)
{
    ngx_http_pacs_codec_close(pmcf->codec);
}


ngx_int_t
ngx_http_pacs_codec_call(ngx_http_pacs_ctx_t *ctx)
{
    ngx_http_pacs_job_t    *job;
    ngx_http_pacs_codec_t  *codec;

    codec = ctx->pmcf->codec;

    if (ngx_http_pacs_codec_connect(codec) != NGX_OK) {
        ngx_http_pacs_codec_refuse(ctx, "pacs-codec does not run");
        return NGX_DECLINED;
    }

    job = ngx_calloc(sizeof(ngx_http_pacs_job_t), ngx_cycle->log);
    if (job == NULL) {
        ngx_http_pacs_codec_refuse(ctx, "no memory");
        return NGX_DECLINED;
    }

    job->codec = codec;
    job->ctx = ctx;
    job->id = ++codec->last_id;
    job->timer.handler = ngx_http_pacs_codec_timeout;
    job->timer.data = job;
    job->timer.log = ngx_cycle->log;

    ctx->job = job;
    ctx->op.codec->id = job->id;

    ngx_queue_insert_tail(&codec->unsent, &job->queue);
    codec->jobs++;

    ngx_add_timer(&job->timer, ctx->pmcf->codec_timeout);

    if (ngx_http_pacs_codec_send(codec) == NGX_ERROR) {
        ngx_http_pacs_codec_lost(codec, "pacs-codec does not listen");
    }

    return NGX_AGAIN;
}


void
ngx_http_pacs_codec_cancel(ngx_http_pacs_ctx_t *ctx)
{
    if (ctx->job) {
        (void) ngx_http_pacs_codec_end(ctx->job);
    }
}


/* for health: whether it listens, and how many of our jobs wait there */

ngx_int_t
ngx_http_pacs_codec_up(ngx_http_pacs_main_conf_t *pmcf, ngx_uint_t *jobs)
{
    *jobs = pmcf->codec->jobs;

    return ngx_http_pacs_codec_connect(pmcf->codec);
}


static ngx_int_t
ngx_http_pacs_codec_connect(ngx_http_pacs_codec_t *codec)
{
    ngx_socket_t         s;
    ngx_connection_t    *c;
    struct sockaddr_un   un;

    if (codec->connection) {
        return NGX_OK;
    }

    ngx_memzero(&un, sizeof(struct sockaddr_un));

    un.sun_family = AF_UNIX;
    (void) ngx_snprintf((u_char *) un.sun_path, sizeof(un.sun_path) - 1,
                        "%V/%s", &codec->pmcf->home, PACS_CODEC_SOCKET);

    s = socket(AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (s == (ngx_socket_t) -1) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, ngx_socket_errno,
                      ngx_socket_n " failed");
        return NGX_ERROR;
    }

    if (connect(s, (struct sockaddr *) &un, sizeof(struct sockaddr_un)) == -1)
    {
        if (!codec->absent) {
            codec->absent = 1;

            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, ngx_socket_errno,
                          "pacs: connect() to pacs-codec at \"%s\" failed",
                          un.sun_path);
        }

        goto failed;
    }

    c = ngx_get_connection(s, ngx_cycle->log);

    if (c == NULL) {
        goto failed;
    }

    c->data = codec;
    c->read->handler = ngx_http_pacs_codec_read_handler;
    c->write->handler = ngx_http_pacs_codec_write_handler;
    c->read->log = c->log;
    c->write->log = c->log;

    codec->connection = c;
    codec->absent = 0;

    if (ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT) != NGX_OK) {
        ngx_http_pacs_codec_close(codec);
        return NGX_ERROR;
    }

    return NGX_OK;

failed:

    if (ngx_close_socket(s) == -1) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, ngx_socket_errno,
                      ngx_close_socket_n " failed");
    }

    return NGX_ERROR;
}


static void
ngx_http_pacs_codec_close(ngx_http_pacs_codec_t *codec)
{
    ngx_connection_t  *c;

    c = codec->connection;

    if (c) {
        codec->connection = NULL;
        ngx_close_connection(c);
    }
}


/* all who wait get an answer; they may ask for another job at once */

static void
ngx_http_pacs_codec_lost(ngx_http_pacs_codec_t *codec, const char *why)
{
    ngx_queue_t           lost, *q;
    ngx_http_pacs_ctx_t  *ctx;

    ngx_http_pacs_codec_close(codec);

    ngx_queue_init(&lost);

    while (!ngx_queue_empty(&codec->sent)) {
        q = ngx_queue_head(&codec->sent);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&lost, q);
    }

    while (!ngx_queue_empty(&codec->unsent)) {
        q = ngx_queue_head(&codec->unsent);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&lost, q);
    }

    while (!ngx_queue_empty(&lost)) {
        q = ngx_queue_head(&lost);

        ctx = ngx_http_pacs_codec_end(ngx_queue_data(q, ngx_http_pacs_job_t,
                                                     queue));
        ngx_http_pacs_codec_refuse(ctx, why);
        ngx_http_pacs_wake(ctx);
    }
}


static ngx_int_t
ngx_http_pacs_codec_send(ngx_http_pacs_codec_t *codec)
{
    int                   rc;
    pacs_op_t            *op;
    pacs_err_t            err;
    ngx_queue_t          *q;
    ngx_connection_t     *c;
    ngx_http_pacs_job_t  *job;

    c = codec->connection;

    while (!ngx_queue_empty(&codec->unsent)) {

        q = ngx_queue_head(&codec->unsent);
        job = ngx_queue_data(q, ngx_http_pacs_job_t, queue);
        op = &job->ctx->op;

        ngx_memzero(&err, sizeof(pacs_err_t));

        rc = pacs_codec_send(c->fd, op->codec, op->codec_in, op->codec_out,
                             &err);

        if (rc == PACS_AGAIN) {
            if (!c->write->active
                && ngx_add_event(c->write, NGX_WRITE_EVENT, NGX_LEVEL_EVENT)
                   != NGX_OK)
            {
                return NGX_ERROR;
            }

            return NGX_AGAIN;
        }

        if (rc != PACS_OK) {
            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0, "pacs: %s",
                          err.text);
            return NGX_ERROR;
        }

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&codec->sent, q);
    }

    if (c->write->active) {
        (void) ngx_del_event(c->write, NGX_WRITE_EVENT, 0);
    }

    return NGX_OK;
}


static void
ngx_http_pacs_codec_write_handler(ngx_event_t *wev)
{
    ngx_connection_t *c = wev->data;

    if (ngx_http_pacs_codec_send(c->data) == NGX_ERROR) {
        ngx_http_pacs_codec_lost(c->data, "pacs-codec does not listen");
    }
}


static void
ngx_http_pacs_codec_read_handler(ngx_event_t *rev)
{
    ssize_t                 n;
    ngx_connection_t       *c;
    pacs_codec_reply_t      reply;
    ngx_http_pacs_codec_t  *codec;

    c = rev->data;
    codec = c->data;

    if (c->close) {
        ngx_http_pacs_codec_lost(codec, "the worker is exiting");
        return;
    }

    /* an answer may end the connection */

    while (codec->connection == c) {

        n = recv(c->fd, &reply, sizeof(pacs_codec_reply_t), MSG_DONTWAIT);

        if (n == -1 && (ngx_socket_errno == NGX_EAGAIN
                        || ngx_socket_errno == NGX_EINTR))
        {
            return;
        }

        if (n != sizeof(pacs_codec_reply_t)
            || reply.magic != PACS_CODEC_MAGIC)
        {
            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log,
                          n == -1 ? ngx_socket_errno : 0,
                          n > 0 ? "pacs: pacs-codec sent what is no answer"
                                : "pacs: pacs-codec closed the connection");

            ngx_http_pacs_codec_lost(codec, "pacs-codec went away");
            return;
        }

        reply.text[sizeof(reply.text) - 1] = '\0';

        if (reply.code < 0 || reply.code >= PACS_E_COUNT
            || reply.code == PACS_AGAIN)
        {
            reply.code = PACS_E_CODEC;
        }

        ngx_http_pacs_codec_answer(codec, &reply);
    }
}


static void
ngx_http_pacs_codec_answer(ngx_http_pacs_codec_t *codec,
    pacs_codec_reply_t *reply)
{
    ngx_queue_t          *q;
    ngx_http_pacs_ctx_t  *ctx;
    ngx_http_pacs_job_t  *job;

    for (q = ngx_queue_head(&codec->sent);
         q != ngx_queue_sentinel(&codec->sent);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_http_pacs_job_t, queue);

        if (job->id == reply->id) {
            ctx = ngx_http_pacs_codec_end(job);
            ctx->op.codec_reply = *reply;
            ngx_http_pacs_wake(ctx);
            return;
        }
    }
}


static void
ngx_http_pacs_codec_timeout(ngx_event_t *ev)
{
    ngx_http_pacs_ctx_t  *ctx;

    ctx = ngx_http_pacs_codec_end(ev->data);

    ngx_http_pacs_codec_refuse(ctx, "no answer from pacs-codec in time");
    ngx_http_pacs_wake(ctx);
}


static ngx_http_pacs_ctx_t *
ngx_http_pacs_codec_end(ngx_http_pacs_job_t *job)
{
    ngx_http_pacs_ctx_t  *ctx;

    ctx = job->ctx;
    ctx->job = NULL;

    if (job->timer.timer_set) {
        ngx_del_timer(&job->timer);
    }

    ngx_queue_remove(&job->queue);
    job->codec->jobs--;
    ngx_free(job);

    return ctx;
}


static void
ngx_http_pacs_codec_refuse(ngx_http_pacs_ctx_t *ctx, const char *why)
{
    pacs_codec_reply_t  *reply;

    reply = &ctx->op.codec_reply;

    ngx_memzero(reply, sizeof(pacs_codec_reply_t));

    reply->magic = PACS_CODEC_MAGIC;
    reply->code = PACS_E_CODEC;
    reply->id = ctx->op.codec->id;

    ngx_cpystrn((u_char *) reply->text, (u_char *) why, sizeof(reply->text));
}
