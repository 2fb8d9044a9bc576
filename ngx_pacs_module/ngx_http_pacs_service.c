/* SPDX-License-Identifier: BSD-2-Clause */


#include "ngx_http_pacs.h"

#ifdef PACS_ASAN
#include <sanitizer/lsan_interface.h>
#endif


#define NGX_HTTP_PACS_RETRY  1000000    /* microseconds */


static ngx_int_t ngx_http_pacs_service_open(ngx_http_pacs_main_conf_t *pmcf);
static void ngx_http_pacs_log(void *ctx, pacs_log_e level, const char *text);


/* a worker that cannot open the archive says so in its answers, and tries
 * again */

ngx_int_t
ngx_http_pacs_service_init(ngx_http_pacs_main_conf_t *pmcf, ngx_cycle_t *cycle)
{
    if (ngx_thread_mutex_create(&pmcf->service.mutex, cycle->log) != NGX_OK) {
        return NGX_ERROR;
    }

    if (pmcf->memory) {
        pmcf->near = pacs_memory_create(pmcf->memory);
        if (pmcf->near == NULL) {
            return NGX_ERROR;
        }
    }

    (void) ngx_http_pacs_service_open(pmcf);

    return NGX_OK;
}


void
ngx_http_pacs_service_exit(ngx_http_pacs_main_conf_t *pmcf)
{
    if (pmcf->service.svc) {
        pacs_service_close(pmcf->service.svc);
        pmcf->service.svc = NULL;
    }

    /* pmcf->near stays: requests that were cut off may hold values of it */

#ifdef PACS_ASAN
    __lsan_ignore_object(pmcf->near);
#endif

    (void) ngx_thread_mutex_destroy(&pmcf->service.mutex, ngx_cycle->log);
}


ngx_int_t
ngx_http_pacs_service_get(ngx_http_pacs_ctx_t *ctx)
{
    ngx_int_t                 rc;
    pacs_err_t                err;
    ngx_http_pacs_service_t  *s;

    if (ctx->op.svc) {
        return NGX_OK;
    }

    s = &ctx->pmcf->service;

    ngx_memzero(&err, sizeof(pacs_err_t));

    if (ngx_thread_mutex_lock(&s->mutex, ngx_cycle->log) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = s->svc ? NGX_OK : ngx_http_pacs_service_open(ctx->pmcf);

    ctx->op.svc = s->svc;

    if (rc != NGX_OK) {
        pacs_fail(&err, PACS_E_BUSY, "the archive cannot be opened: %s",
                  s->err.text);
    }

    (void) ngx_thread_mutex_unlock(&s->mutex, ngx_cycle->log);

    if (rc != NGX_OK) {
        pacs_op_fail(&ctx->op, &err);
    }

    return rc;
}


static ngx_int_t
ngx_http_pacs_service_open(ngx_http_pacs_main_conf_t *pmcf)
{
    int64_t                   now;
    pacs_options_t            options;
    ngx_http_pacs_service_t  *s;

    s = &pmcf->service;

    pacs_options_default(&options);

    options.home = (const char *) pmcf->home.data;
    options.duplicates = pmcf->duplicates;
    options.deletes = pmcf->deletes;
    options.limits = pmcf->limits;
    options.env.log = ngx_http_pacs_log;

    if (pmcf->redis_addr) {
        options.redis = (const char *) pmcf->redis_url.data;
    }

    now = options.env.now_us(options.env.ctx);

    if (now < s->next && now > s->next - NGX_HTTP_PACS_RETRY) {
        return NGX_DECLINED;
    }

    s->next = now + NGX_HTTP_PACS_RETRY;

    ngx_memzero(&s->err, sizeof(pacs_err_t));

    if (pacs_cache_secret(options.home, s->secret, &s->err) == PACS_OK
        && pacs_service_open(&options, &s->svc, &s->err) == PACS_OK)
    {
        if (pacs_cache_bound(options.home, pmcf->frame_cache, &s->err)
            != PACS_OK)
        {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "pacs: \"pacs_frame_cache\" is not in force: %s",
                          s->err.text);
        }

        return NGX_OK;
    }

    s->svc = NULL;

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "pacs: the archive in \"%V\" cannot be opened: %s",
                  &pmcf->home, s->err.text);

    return NGX_DECLINED;
}


/* called in threads: the cycle's log writes a line at once */

static void
ngx_http_pacs_log(void *ctx, pacs_log_e level, const char *text)
{
    static const ngx_uint_t  levels[] = {
        [PACS_LOG_ERROR] = NGX_LOG_ERR,
        [PACS_LOG_WARN] = NGX_LOG_WARN,
        [PACS_LOG_INFO] = NGX_LOG_INFO
    };

    ngx_log_error(levels[level], ngx_cycle->log, 0, "pacs: %s", text);
}
