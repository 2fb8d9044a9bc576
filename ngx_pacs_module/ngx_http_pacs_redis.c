/* SPDX-License-Identifier: BSD-2-Clause */


#include "ngx_http_pacs.h"

#include <hiredis/async.h>


#define NGX_HTTP_PACS_REDIS_FAILURES  3
#define NGX_HTTP_PACS_REDIS_PAUSE     1000      /* msec */

#if (HIREDIS_MAJOR >= 1)
typedef size_t  ngx_http_pacs_redis_count_t;
#else
typedef int  ngx_http_pacs_redis_count_t;
#endif


/*
 * hiredis on nginx's events.  Level-triggered: hiredis reads 16k at a time
 * and may leave data unread.  An operation that is not answered in time
 * counts as a failure and ends the connection, and with it all others that
 * wait: for them it is as if nothing was cached.
 */

struct ngx_http_pacs_redis_s {
    ngx_http_pacs_main_conf_t   *pmcf;
    redisAsyncContext           *ac;
    redisReplyObjectFunctions    fn;            /* of hiredis */
    redisReplyObjectFunctions    checked;       /* ours, around them */
    ngx_connection_t            *connection;
    ngx_uint_t                   pending;       /* answers to come */
    ngx_uint_t                   failures;      /* in a row */
    ngx_msec_t                   retry;
    unsigned                     paused:1;
};


struct ngx_http_pacs_redis_op_s {
    ngx_http_pacs_redis_t       *redis;
    ngx_http_pacs_ctx_t         *ctx;           /* NULL: nobody waits */
    ngx_event_t                  timer;
};


static ngx_int_t ngx_http_pacs_redis_connect(ngx_http_pacs_redis_t *redis);
static ngx_int_t ngx_http_pacs_redis_attach(ngx_http_pacs_redis_t *redis,
    redisAsyncContext *ac);
static ngx_int_t ngx_http_pacs_redis_send(ngx_http_pacs_ctx_t *ctx,
    ngx_uint_t wait, int argc, const char **argv, const size_t *len);
static void ngx_http_pacs_redis_reply(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_http_pacs_redis_take(ngx_http_pacs_ctx_t *ctx,
    redisReply *reply);
static void ngx_http_pacs_redis_timeout(ngx_event_t *ev);
static void ngx_http_pacs_redis_failed(ngx_http_pacs_redis_t *redis,
    const char *why);
static void ngx_http_pacs_redis_close(ngx_http_pacs_redis_t *redis);
static void ngx_http_pacs_redis_connected(const redisAsyncContext *ac,
    int status);
static void ngx_http_pacs_redis_disconnected(const redisAsyncContext *ac,
    int status);
static void *ngx_http_pacs_redis_string(const redisReadTask *task, char *str,
    size_t len);
static void *ngx_http_pacs_redis_array(const redisReadTask *task,
    ngx_http_pacs_redis_count_t elements);
static void *ngx_http_pacs_redis_integer(const redisReadTask *task,
    long long value);
static void *ngx_http_pacs_redis_nil(const redisReadTask *task);
#if (HIREDIS_MAJOR >= 1)
static void *ngx_http_pacs_redis_double(const redisReadTask *task,
    double value, char *str, size_t len);
static void *ngx_http_pacs_redis_bool(const redisReadTask *task, int value);
#endif
static void ngx_http_pacs_redis_event_handler(ngx_event_t *ev);
static void ngx_http_pacs_redis_add_read(void *data);
static void ngx_http_pacs_redis_del_read(void *data);
static void ngx_http_pacs_redis_add_write(void *data);
static void ngx_http_pacs_redis_del_write(void *data);
static void ngx_http_pacs_redis_detach(void *data);


ngx_int_t
ngx_http_pacs_redis_init(ngx_http_pacs_main_conf_t *pmcf, ngx_cycle_t *cycle)
{
    pmcf->redis = ngx_pcalloc(cycle->pool, sizeof(ngx_http_pacs_redis_t));
    if (pmcf->redis == NULL) {
        return NGX_ERROR;
    }

    pmcf->redis->pmcf = pmcf;

    return NGX_OK;
}


void
ngx_http_pacs_redis_exit(ngx_http_pacs_main_conf_t *pmcf)
{
    ngx_http_pacs_redis_close(pmcf->redis);
}


ngx_int_t
ngx_http_pacs_redis_get(ngx_http_pacs_ctx_t *ctx)
{
    size_t       len[2];
    const char  *argv[2];

    argv[0] = "GET";
    len[0] = 3;
    argv[1] = ctx->cache_key.data;
    len[1] = ctx->cache_key.len;

    if (ctx->cache_key.len == 0) {
        return NGX_DECLINED;
    }

    return ngx_http_pacs_redis_send(ctx, 1, 2, argv, len);
}


ngx_int_t
ngx_http_pacs_redis_ping(ngx_http_pacs_ctx_t *ctx)
{
    size_t       len[1];
    const char  *argv[1];

    argv[0] = "PING";
    len[0] = 4;

    return ngx_http_pacs_redis_send(ctx, 1, 1, argv, len);
}


void
ngx_http_pacs_redis_put(ngx_http_pacs_ctx_t *ctx)
{
    u_char      *p, seconds[NGX_TIME_T_LEN];
    size_t       len[5];
    const char  *argv[5];

    p = ngx_sprintf(seconds, "%T", ctx->pmcf->redis_expire);

    argv[0] = "SET";
    len[0] = 3;
    argv[1] = ctx->put_key.data;
    len[1] = ctx->put_key.len;
    argv[2] = ctx->put_value.data;
    len[2] = ctx->put_value.len;
    argv[3] = "EX";
    len[3] = 2;
    argv[4] = (const char *) seconds;
    len[4] = p - seconds;

    (void) ngx_http_pacs_redis_send(ctx, 0, 5, argv, len);
}


void
ngx_http_pacs_redis_cancel(ngx_http_pacs_ctx_t *ctx)
{
    if (ctx->redis_op) {
        ctx->redis_op->ctx = NULL;
        ctx->redis_op = NULL;
    }
}


static ngx_int_t
ngx_http_pacs_redis_send(ngx_http_pacs_ctx_t *ctx, ngx_uint_t wait, int argc,
    const char **argv, const size_t *len)
{
    ngx_http_pacs_redis_t     *redis;
    ngx_http_pacs_redis_op_t  *op;

    redis = ctx->pmcf->redis;

    if (ngx_http_pacs_redis_connect(redis) != NGX_OK) {
        return NGX_DECLINED;
    }

    op = ngx_calloc(sizeof(ngx_http_pacs_redis_op_t), ngx_cycle->log);
    if (op == NULL) {
        return NGX_DECLINED;
    }

    op->redis = redis;
    op->timer.handler = ngx_http_pacs_redis_timeout;
    op->timer.data = op;
    op->timer.log = ngx_cycle->log;

    if (redisAsyncCommandArgv(redis->ac, ngx_http_pacs_redis_reply, op, argc,
                              argv, len)
        != REDIS_OK)
    {
        ngx_free(op);
        return NGX_DECLINED;
    }

    redis->pending++;

    ngx_add_timer(&op->timer, ctx->pmcf->redis_timeout);

    if (wait) {
        op->ctx = ctx;
        ctx->redis_op = op;
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_pacs_redis_connect(ngx_http_pacs_redis_t *redis)
{
    u_char                text[NGX_SOCKADDR_STRLEN + 1];
    size_t                len;
    ngx_addr_t           *addr;
    struct sockaddr_un   *un;
    redisAsyncContext    *ac;

    if (redis->ac) {
        return NGX_OK;
    }

    addr = redis->pmcf->redis_addr;

    if (addr == NULL) {
        return NGX_DECLINED;
    }

    if (redis->paused) {
        if ((ngx_msec_int_t) (ngx_current_msec - redis->retry) < 0) {
            return NGX_DECLINED;
        }

        redis->paused = 0;
    }

    if (addr->sockaddr->sa_family == AF_UNIX) {
        un = (struct sockaddr_un *) addr->sockaddr;
        ac = redisAsyncConnectUnix(un->sun_path);

    } else {
        len = ngx_sock_ntop(addr->sockaddr, addr->socklen, text,
                            NGX_SOCKADDR_STRLEN, 0);
        text[len] = '\0';
        ac = redisAsyncConnect((const char *) text,
                               ngx_inet_get_port(addr->sockaddr));
    }

    if (ac == NULL) {
        return NGX_DECLINED;
    }

    if (ac->err) {
        ngx_http_pacs_redis_failed(redis, ac->errstr);
        redisAsyncFree(ac);
        return NGX_DECLINED;
    }

    if (ngx_http_pacs_redis_attach(redis, ac) != NGX_OK) {
        redisAsyncFree(ac);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pacs_redis_attach(ngx_http_pacs_redis_t *redis, redisAsyncContext *ac)
{
    ngx_connection_t  *c;

    c = ngx_get_connection(ac->c.fd, ngx_cycle->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->data = redis;
    c->read->handler = ngx_http_pacs_redis_event_handler;
    c->write->handler = ngx_http_pacs_redis_event_handler;
    c->read->log = c->log;
    c->write->log = c->log;

    ac->data = redis;
    ac->ev.data = redis;
    ac->ev.addRead = ngx_http_pacs_redis_add_read;
    ac->ev.delRead = ngx_http_pacs_redis_del_read;
    ac->ev.addWrite = ngx_http_pacs_redis_add_write;
    ac->ev.delWrite = ngx_http_pacs_redis_del_write;
    ac->ev.cleanup = ngx_http_pacs_redis_detach;

    redis->fn = *ac->c.reader->fn;
    redis->checked = redis->fn;
    redis->checked.createString = ngx_http_pacs_redis_string;
    redis->checked.createArray = ngx_http_pacs_redis_array;
    redis->checked.createInteger = ngx_http_pacs_redis_integer;
    redis->checked.createNil = ngx_http_pacs_redis_nil;
#if (HIREDIS_MAJOR >= 1)
    redis->checked.createDouble = ngx_http_pacs_redis_double;
    redis->checked.createBool = ngx_http_pacs_redis_bool;
#endif

    ac->c.reader->fn = &redis->checked;
    ac->c.reader->privdata = redis;

    redis->pending = 0;

    redis->ac = ac;
    redis->connection = c;

    redisAsyncSetConnectCallback(ac, ngx_http_pacs_redis_connected);
    redisAsyncSetDisconnectCallback(ac, ngx_http_pacs_redis_disconnected);

    return NGX_OK;
}


static void
ngx_http_pacs_redis_reply(redisAsyncContext *ac, void *reply, void *data)
{
    ngx_http_pacs_redis_op_t *op = data;

    ngx_http_pacs_ctx_t    *ctx;
    ngx_http_pacs_redis_t  *redis;

    redis = op->redis;

    if (op->timer.timer_set) {
        ngx_del_timer(&op->timer);
    }

    if (reply) {
        redis->failures = 0;
        redis->pending--;

    } else if (redis->ac == ac) {

        /* hiredis is closing it: a new request needs a new one */

        redis->ac = NULL;
    }

    ctx = op->ctx;
    ngx_free(op);

    if (ctx) {
        ctx->redis_op = NULL;
        ngx_http_pacs_redis_take(ctx, reply);
        ngx_http_pacs_wake(ctx);
    }
}


/* the string changes its owner, so that it need not be copied */

static void
ngx_http_pacs_redis_take(ngx_http_pacs_ctx_t *ctx, redisReply *reply)
{
    ctx->redis_up = 0;

    if (reply == NULL) {
        return;
    }

    if (reply->type == REDIS_REPLY_STATUS) {
        ctx->redis_up = 1;
        return;
    }

    if (reply->type == REDIS_REPLY_STRING && reply->len
        && pacs_arena_cleanup(ctx->op.arena, free, reply->str))
    {
        ctx->cache_value.data = reply->str;
        ctx->cache_value.len = reply->len;
    }

    if (reply->type == REDIS_REPLY_STRING && reply->len) {
        reply->str = NULL;
        reply->len = 0;
    }
}


static void
ngx_http_pacs_redis_timeout(ngx_event_t *ev)
{
    ngx_http_pacs_redis_op_t *op = ev->data;

    ngx_http_pacs_redis_t  *redis;

    redis = op->redis;

    ngx_http_pacs_redis_failed(redis, "no answer in time");

    /* answers all that wait, op as well */

    ngx_http_pacs_redis_close(redis);
}


static void
ngx_http_pacs_redis_failed(ngx_http_pacs_redis_t *redis, const char *why)
{
    if (++redis->failures < NGX_HTTP_PACS_REDIS_FAILURES) {
        return;
    }

    if (redis->failures == NGX_HTTP_PACS_REDIS_FAILURES) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "pacs: redis \"%V\" is not used for a while: %s",
                      &redis->pmcf->redis_url, why);
    }

    redis->paused = 1;
    redis->retry = ngx_current_msec + NGX_HTTP_PACS_REDIS_PAUSE;
}


static void
ngx_http_pacs_redis_close(ngx_http_pacs_redis_t *redis)
{
    redisAsyncContext  *ac;

    ac = redis->ac;

    if (ac) {
        redis->ac = NULL;
        redisAsyncFree(ac);
    }
}


static void
ngx_http_pacs_redis_connected(const redisAsyncContext *ac, int status)
{
    ngx_http_pacs_redis_t *redis = ac->data;

    if (status != REDIS_OK) {
        ngx_http_pacs_redis_failed(redis, ac->errstr);

        if (redis->ac == ac) {
            redis->ac = NULL;
        }
    }
}


static void
ngx_http_pacs_redis_disconnected(const redisAsyncContext *ac, int status)
{
    ngx_http_pacs_redis_t *redis = ac->data;

    if (status != REDIS_OK) {
        ngx_http_pacs_redis_failed(redis, ac->errstr);
    }

    if (redis->ac == ac) {
        redis->ac = NULL;
    }
}


/*
 * a peer that is no Redis must not abort us: hiredis asserts that answers
 * were asked for, and allocates arrays of any length; no array is asked for
 */

static void *
ngx_http_pacs_redis_string(const redisReadTask *task, char *str, size_t len)
{
    ngx_http_pacs_redis_t *redis = task->privdata;

    return redis->pending ? redis->fn.createString(task, str, len) : NULL;
}


static void *
ngx_http_pacs_redis_array(const redisReadTask *task,
    ngx_http_pacs_redis_count_t elements)
{
    return NULL;
}


static void *
ngx_http_pacs_redis_integer(const redisReadTask *task, long long value)
{
    ngx_http_pacs_redis_t *redis = task->privdata;

    return redis->pending ? redis->fn.createInteger(task, value) : NULL;
}


static void *
ngx_http_pacs_redis_nil(const redisReadTask *task)
{
    ngx_http_pacs_redis_t *redis = task->privdata;

    return redis->pending ? redis->fn.createNil(task) : NULL;
}


#if (HIREDIS_MAJOR >= 1)

static void *
ngx_http_pacs_redis_double(const redisReadTask *task, double value, char *str,
    size_t len)
{
    return NULL;
}


static void *
ngx_http_pacs_redis_bool(const redisReadTask *task, int value)
{
    return NULL;
}

#endif


/* one connection, one context: both are in c->data and ac->ev.data */

static void
ngx_http_pacs_redis_event_handler(ngx_event_t *ev)
{
    ngx_connection_t *c = ev->data;

    ngx_http_pacs_redis_t  *redis;

    redis = c->data;

    if (redis->ac == NULL || redis->connection != c) {
        return;
    }

    if (c->close) {
        ngx_http_pacs_redis_close(redis);
        return;
    }

    if (ev->write) {
        redisAsyncHandleWrite(redis->ac);

    } else {
        redisAsyncHandleRead(redis->ac);
    }
}


static void
ngx_http_pacs_redis_add_read(void *data)
{
    ngx_http_pacs_redis_t *redis = data;

    if (!redis->connection->read->active) {
        (void) ngx_add_event(redis->connection->read, NGX_READ_EVENT,
                             NGX_LEVEL_EVENT);
    }
}


static void
ngx_http_pacs_redis_del_read(void *data)
{
    ngx_http_pacs_redis_t *redis = data;

    if (redis->connection->read->active) {
        (void) ngx_del_event(redis->connection->read, NGX_READ_EVENT, 0);
    }
}


static void
ngx_http_pacs_redis_add_write(void *data)
{
    ngx_http_pacs_redis_t *redis = data;

    if (!redis->connection->write->active) {
        (void) ngx_add_event(redis->connection->write, NGX_WRITE_EVENT,
                             NGX_LEVEL_EVENT);
    }
}


static void
ngx_http_pacs_redis_del_write(void *data)
{
    ngx_http_pacs_redis_t *redis = data;

    if (redis->connection->write->active) {
        (void) ngx_del_event(redis->connection->write, NGX_WRITE_EVENT, 0);
    }
}


/* hiredis closes the descriptor right after this */

static void
ngx_http_pacs_redis_detach(void *data)
{
    ngx_http_pacs_redis_t *redis = data;

    ngx_connection_t  *c;

    c = redis->connection;
    redis->connection = NULL;

    if (c->read->active) {
        (void) ngx_del_event(c->read, NGX_READ_EVENT, 0);
    }

    if (c->write->active) {
        (void) ngx_del_event(c->write, NGX_WRITE_EVENT, 0);
    }

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    c->read->closed = 1;
    c->write->closed = 1;

    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;
}
