/* SPDX-License-Identifier: BSD-2-Clause */


#ifndef _NGX_HTTP_PACS_H_INCLUDED_
#define _NGX_HTTP_PACS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "cache/cache.h"
#include "service/service.h"


#define NGX_HTTP_PACS_AHEAD        16       /* open files of an answer */
#define NGX_HTTP_PACS_TASK_WARN    60000    /* msec */
#define NGX_HTTP_PACS_CACHE_MAX    (32 * 1024 * 1024)
#define NGX_HTTP_PACS_FAULT_MAX    400      /* bytes of a reason in the log */


typedef struct ngx_http_pacs_ctx_s        ngx_http_pacs_ctx_t;
typedef struct ngx_http_pacs_main_conf_s  ngx_http_pacs_main_conf_t;

typedef struct ngx_http_pacs_redis_s      ngx_http_pacs_redis_t;
typedef struct ngx_http_pacs_redis_op_s   ngx_http_pacs_redis_op_t;
typedef struct ngx_http_pacs_codec_s      ngx_http_pacs_codec_t;
typedef struct ngx_http_pacs_job_s        ngx_http_pacs_job_t;
typedef struct ngx_http_pacs_socket_s     ngx_http_pacs_socket_t;
typedef struct ngx_http_pacs_poll_s       ngx_http_pacs_poll_t;
typedef struct ngx_http_pacs_stream_s     ngx_http_pacs_stream_t;
typedef struct ngx_http_pacs_events_s     ngx_http_pacs_events_t;


typedef enum {
    NGX_HTTP_PACS_READ = 0,
    NGX_HTTP_PACS_RENDER,
    NGX_HTTP_PACS_STORE,
    NGX_HTTP_PACS_POOLS
} ngx_http_pacs_pool_e;


typedef struct {
    ngx_str_t                    name;
    ngx_thread_pool_t           *pool;
    ngx_uint_t                   active;    /* waiting or running */
    ngx_uint_t                   done;
    ngx_uint_t                   refused;
} ngx_http_pacs_pool_t;


/* what threads share: under the mutex */

typedef struct {
    ngx_thread_mutex_t           mutex;
    pacs_service_t              *svc;
    uint8_t                      secret[32];
    pacs_err_t                   err;       /* of the last try to open */
    int64_t                      next;      /* try, microseconds */
} ngx_http_pacs_service_t;


struct ngx_http_pacs_main_conf_s {
    ngx_str_t                    home;
    ngx_str_t                    redis_url;
    ngx_addr_t                  *redis_addr;    /* NULL: off */
    ngx_msec_t                   redis_timeout;
    time_t                       redis_expire;
    size_t                       memory;
    off_t                        frame_cache;   /* 0: not said */
    ngx_msec_t                   codec_timeout;
    ngx_uint_t                   duplicates;
    ngx_flag_t                   deletes;
    pacs_limits_t                limits;
    ngx_uint_t                   used;

    ngx_http_pacs_pool_t         pools[NGX_HTTP_PACS_POOLS];

    ngx_http_pacs_service_t      service;
    pacs_memory_t               *near;          /* before Redis; or NULL */
    ngx_http_pacs_redis_t       *redis;
    ngx_http_pacs_codec_t       *codec;
    ngx_http_pacs_poll_t        *poll;          /* of events, for sockets */
    ngx_http_pacs_events_t      *events;        /* of changes, for streams */
};


typedef struct {
    ngx_flag_t                   enable;
    ngx_str_t                    prefix;
    ngx_uint_t                   accept;        /* 1: required */
    ngx_str_t                    public_url;
    ngx_array_t                 *forwarded;     /* ngx_cidr_t; empty: all */
    ngx_array_t                 *cors;          /* origins; NULL: none */
} ngx_http_pacs_loc_conf_t;


typedef struct {
    ngx_file_t                   file;
    const char                  *path;
} ngx_http_pacs_file_t;


typedef void (*ngx_http_pacs_work_pt)(ngx_http_pacs_ctx_t *ctx);


struct ngx_http_pacs_ctx_s {
    ngx_http_request_t          *request;
    ngx_http_pacs_main_conf_t   *pmcf;

    pacs_op_t                    op;
    int                          rc;
    ngx_uint_t                   pool;      /* for op */

    ngx_thread_task_t           *task;
    ngx_http_pacs_pool_t        *posted;    /* where the task is, or NULL */
    ngx_http_pacs_work_pt        work;      /* in a thread */
    ngx_http_pacs_work_pt        next;      /* then, on the event loop */

    /* what is waited for */
    ngx_http_pacs_redis_op_t    *redis_op;
    ngx_http_pacs_job_t         *job;
    ngx_event_t                  pause;

    pacs_str_t                   cache_key;
    pacs_str_t                   cache_value;   /* sealed, as it came */
    pacs_str_t                   put_key;
    pacs_str_t                   put_value;     /* sealed */

    pacs_buf_t                   body;
    ngx_http_pacs_socket_t      *socket;
    ngx_http_pacs_stream_t      *stream;
    pacs_stow_t                 *stow;
    ngx_chain_t                 *in;        /* the task reads it */

    /* parts of the reply: sent <= opened <= nparts */
    ngx_uint_t                   sent;
    ngx_uint_t                   opened;
    ngx_uint_t                   nfiles;
    ngx_http_pacs_file_t         files[NGX_HTTP_PACS_AHEAD];

    /* health */
    pacs_buf_t                   facts;
    ngx_msec_t                   asked;

    unsigned                     ready:1;   /* next is due */
    unsigned                     begun:1;
    unsigned                     healthy:1;
    unsigned                     redis_up:1;
    unsigned                     html:1;
};


/* request */

ngx_int_t ngx_http_pacs_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_pacs_begin(ngx_http_request_t *r, ngx_http_pacs_ctx_t **ctx);
void ngx_http_pacs_fill_request(ngx_http_request_t *r,
    ngx_http_pacs_ctx_t *ctx);
ngx_int_t ngx_http_pacs_post(ngx_http_pacs_ctx_t *ctx, ngx_uint_t pool,
    ngx_http_pacs_work_pt work, ngx_http_pacs_work_pt next);
void ngx_http_pacs_wait(ngx_http_pacs_ctx_t *ctx, ngx_http_pacs_work_pt next);
void ngx_http_pacs_wake(ngx_http_pacs_ctx_t *ctx);

/* origin: of the service, as its clients know it */

void ngx_http_pacs_origin(ngx_http_request_t *r, ngx_http_pacs_ctx_t *ctx);
ngx_int_t ngx_http_pacs_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value);
/* all of the first line of that name */
ngx_int_t ngx_http_pacs_header_line(ngx_http_request_t *r, const char *name,
    ngx_str_t *value);
/* scheme://host[:port], and, for a URL, a path behind it */
ngx_int_t ngx_http_pacs_url_ok(ngx_str_t *url, ngx_uint_t path);
char *ngx_http_pacs_public_url(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_pacs_forwarded(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

#define ngx_http_pacs_same(s, text)                                           \
    ((s)->len == sizeof(text) - 1                                             \
     && ngx_strncasecmp((s)->data, (u_char *) text, sizeof(text) - 1) == 0)

/* cors: pages of other origins */

ngx_int_t ngx_http_pacs_cors(ngx_http_pacs_ctx_t *ctx);
ngx_int_t ngx_http_pacs_foreign(ngx_http_pacs_ctx_t *ctx);
ngx_int_t ngx_http_pacs_other_site(ngx_http_pacs_ctx_t *ctx);
char *ngx_http_pacs_cors_origin(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* service: open once a worker; in a thread, but for init and exit */

ngx_int_t ngx_http_pacs_service_get(ngx_http_pacs_ctx_t *ctx);
ngx_int_t ngx_http_pacs_service_init(ngx_http_pacs_main_conf_t *pmcf,
    ngx_cycle_t *cycle);
void ngx_http_pacs_service_exit(ngx_http_pacs_main_conf_t *pmcf);

/* body: streamed into the store, or whole and then next() */

ngx_int_t ngx_http_pacs_store(ngx_http_pacs_ctx_t *ctx);
ngx_int_t ngx_http_pacs_read_body(ngx_http_pacs_ctx_t *ctx,
    ngx_http_pacs_work_pt next);

/* websocket: NGX_DECLINED: the request asks for none */

ngx_int_t ngx_http_pacs_websocket_init(ngx_http_pacs_main_conf_t *pmcf,
    ngx_cycle_t *cycle);
void ngx_http_pacs_websocket_exit(ngx_http_pacs_main_conf_t *pmcf);
ngx_int_t ngx_http_pacs_websocket(ngx_http_pacs_ctx_t *ctx);
void ngx_http_pacs_websocket_cancel(ngx_http_pacs_ctx_t *ctx);

/* events: streams of what changes */

ngx_int_t ngx_http_pacs_events_init(ngx_http_pacs_main_conf_t *pmcf,
    ngx_cycle_t *cycle);
void ngx_http_pacs_events_exit(ngx_http_pacs_main_conf_t *pmcf);
ngx_int_t ngx_http_pacs_events_handler(ngx_http_request_t *r);
void ngx_http_pacs_events_state(ngx_http_pacs_main_conf_t *pmcf,
    pacs_buf_t *b);
void ngx_http_pacs_events_cancel(ngx_http_pacs_ctx_t *ctx);

/* reply: each ends by finalizing the request */

void ngx_http_pacs_reply(ngx_http_pacs_ctx_t *ctx);
void ngx_http_pacs_fail(ngx_http_pacs_ctx_t *ctx, int code, const char *text);
ngx_int_t ngx_http_pacs_add_header(ngx_http_request_t *r, const char *name,
    pacs_str_t value, ngx_table_elt_t **out);
void ngx_http_pacs_open_files(ngx_http_pacs_ctx_t *ctx);    /* in a thread */
void ngx_http_pacs_close_files(ngx_http_pacs_ctx_t *ctx);

/* redis and codec: NGX_AGAIN: ctx will be woken; NGX_DECLINED: at once, as
 * if it were absent */

ngx_int_t ngx_http_pacs_redis_init(ngx_http_pacs_main_conf_t *pmcf,
    ngx_cycle_t *cycle);
void ngx_http_pacs_redis_exit(ngx_http_pacs_main_conf_t *pmcf);
ngx_int_t ngx_http_pacs_redis_get(ngx_http_pacs_ctx_t *ctx);
ngx_int_t ngx_http_pacs_redis_ping(ngx_http_pacs_ctx_t *ctx);
void ngx_http_pacs_redis_put(ngx_http_pacs_ctx_t *ctx);
void ngx_http_pacs_redis_cancel(ngx_http_pacs_ctx_t *ctx);

ngx_int_t ngx_http_pacs_codec_init(ngx_http_pacs_main_conf_t *pmcf,
    ngx_cycle_t *cycle);
void ngx_http_pacs_codec_exit(ngx_http_pacs_main_conf_t *pmcf);
ngx_int_t ngx_http_pacs_codec_call(ngx_http_pacs_ctx_t *ctx);
void ngx_http_pacs_codec_cancel(ngx_http_pacs_ctx_t *ctx);
ngx_int_t ngx_http_pacs_codec_up(ngx_http_pacs_main_conf_t *pmcf,
    ngx_uint_t *jobs);

/* health */

ngx_int_t ngx_http_pacs_health_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_pacs_status_handler(ngx_http_request_t *r);


static ngx_inline ngx_str_t
ngx_http_pacs_str(pacs_str_t s)
{
    ngx_str_t  str;

    str.len = s.len;
    str.data = (u_char *) s.data;

    return str;
}


static ngx_inline pacs_str_t
ngx_http_pacs_slice(ngx_str_t *s)
{
    pacs_str_t  str;

    str.data = (const char *) s->data;
    str.len = s->len;

    return str;
}


extern ngx_module_t  ngx_http_pacs_module;


#endif /* _NGX_HTTP_PACS_H_INCLUDED_ */
