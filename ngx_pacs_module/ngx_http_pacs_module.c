/* SPDX-License-Identifier: BSD-2-Clause */


#include "ngx_http_pacs.h"


static ngx_int_t ngx_http_pacs_add_variables(ngx_conf_t *cf);
static ngx_int_t ngx_http_pacs_init_process(ngx_cycle_t *cycle);
static void ngx_http_pacs_exit_process(ngx_cycle_t *cycle);

static ngx_int_t ngx_http_pacs_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_pacs_decoded_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

static void *ngx_http_pacs_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_pacs_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_pacs_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_pacs_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_pacs(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_pacs_answer(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_pacs_home(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_pacs_redis(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_pacs_limit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_pacs_use(ngx_conf_t *cf);


static ngx_conf_enum_t  ngx_http_pacs_duplicates[] = {
    { ngx_string("reject"), PACS_DUPLICATES_REJECT },
    { ngx_string("quarantine"), PACS_DUPLICATES_QUARANTINE },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_pacs_accept[] = {
    { ngx_string("optional"), 0 },
    { ngx_string("required"), 1 },
    { ngx_null_string, 0 }
};


static ngx_str_t  ngx_http_pacs_pool_names[] = {
    ngx_string("pacs_read"),
    ngx_string("pacs_render"),
    ngx_string("pacs_store")
};


static ngx_http_handler_pt  ngx_http_pacs_on_health =
    ngx_http_pacs_health_handler;
static ngx_http_handler_pt  ngx_http_pacs_on_status =
    ngx_http_pacs_status_handler;
static ngx_http_handler_pt  ngx_http_pacs_on_events =
    ngx_http_pacs_events_handler;


static ngx_command_t  ngx_http_pacs_commands[] = {

    { ngx_string("pacs"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_pacs,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pacs_accept"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pacs_loc_conf_t, accept),
      &ngx_http_pacs_accept },

    { ngx_string("pacs_public_url"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_pacs_public_url,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pacs_forwarded"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_pacs_forwarded,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pacs_cors_origin"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_pacs_cors_origin,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pacs_health"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_pacs_answer,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_pacs_on_health },

    { ngx_string("pacs_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_pacs_answer,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_pacs_on_status },

    { ngx_string("pacs_events"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_pacs_answer,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_pacs_on_events },

    { ngx_string("pacs_home"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_pacs_home,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pacs_duplicates"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_pacs_main_conf_t, duplicates),
      &ngx_http_pacs_duplicates },

    { ngx_string("pacs_delete"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_pacs_main_conf_t, deletes),
      NULL },

    { ngx_string("pacs_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_pacs_redis,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pacs_redis_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_pacs_main_conf_t, redis_timeout),
      NULL },

    { ngx_string("pacs_redis_expire"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_pacs_main_conf_t, redis_expire),
      NULL },

    { ngx_string("pacs_cache_memory"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_pacs_main_conf_t, memory),
      NULL },

    { ngx_string("pacs_frame_cache"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_off_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_pacs_main_conf_t, frame_cache),
      NULL },

    { ngx_string("pacs_codec_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_pacs_main_conf_t, codec_timeout),
      NULL },

#define X(name, value, doc)                                                   \
    { ngx_string("pacs_limit_" #name),                                        \
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,                                      \
      ngx_http_pacs_limit,                                                    \
      NGX_HTTP_MAIN_CONF_OFFSET,                                              \
      offsetof(ngx_http_pacs_main_conf_t, limits.name),                       \
      NULL },

    PACS_LIMITS_DATA(X)
    PACS_LIMITS_WEB(X)
#undef X

      ngx_null_command
};


static ngx_http_module_t  ngx_http_pacs_module_ctx = {
    ngx_http_pacs_add_variables,           /* preconfiguration */
    NULL,                                  /* postconfiguration */

    ngx_http_pacs_create_main_conf,        /* create main configuration */
    ngx_http_pacs_init_main_conf,          /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_pacs_create_loc_conf,         /* create location configuration */
    ngx_http_pacs_merge_loc_conf           /* merge location configuration */
};


ngx_module_t  ngx_http_pacs_module = {
    NGX_MODULE_V1,
    &ngx_http_pacs_module_ctx,             /* module context */
    ngx_http_pacs_commands,                /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_pacs_init_process,            /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_pacs_exit_process,            /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_variable_t  ngx_http_pacs_vars[] = {

    { ngx_string("pacs_error"), NULL, ngx_http_pacs_error_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("pacs_decoded"), NULL, ngx_http_pacs_decoded_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static ngx_int_t
ngx_http_pacs_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_pacs_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pacs_init_process(ngx_cycle_t *cycle)
{
    ngx_http_pacs_main_conf_t  *pmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_pacs_module);

    if (pmcf == NULL || !pmcf->used) {
        return NGX_OK;
    }

    if (ngx_http_pacs_redis_init(pmcf, cycle) != NGX_OK
        || ngx_http_pacs_codec_init(pmcf, cycle) != NGX_OK
        || ngx_http_pacs_websocket_init(pmcf, cycle) != NGX_OK
        || ngx_http_pacs_events_init(pmcf, cycle) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_pacs_service_init(pmcf, cycle);
}


static void
ngx_http_pacs_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_pacs_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_pacs_module);

    if (pmcf == NULL || pmcf->codec == NULL) {
        return;
    }

    ngx_http_pacs_redis_exit(pmcf);
    ngx_http_pacs_codec_exit(pmcf);
    ngx_http_pacs_websocket_exit(pmcf);
    ngx_http_pacs_events_exit(pmcf);
    ngx_http_pacs_service_exit(pmcf);
}


static ngx_int_t
ngx_http_pacs_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    const char           *name;
    ngx_http_pacs_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pacs_module);

    if (ctx == NULL || ctx->op.code == PACS_OK) {
        v->not_found = 1;
        return NGX_OK;
    }

    name = pacs_codes[ctx->op.code].name;

    v->data = (u_char *) name;
    v->len = ngx_strlen(name);
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pacs_decoded_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_pacs_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pacs_module);

    if (ctx == NULL || !ctx->op.codec_reply.decoded) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->data = (u_char *) "1";
    v->len = 1;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static void *
ngx_http_pacs_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_pacs_main_conf_t  *pmcf;

    pmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_pacs_main_conf_t));
    if (pmcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     pmcf->home = { 0, NULL };
     *     pmcf->redis_url = { 0, NULL };
     *     pmcf->redis_addr = NULL;
     *     pmcf->used = 0;
     *     pmcf->pools, pmcf->service, pmcf->redis, pmcf->codec
     */

    pmcf->redis_timeout = NGX_CONF_UNSET_MSEC;
    pmcf->redis_expire = NGX_CONF_UNSET;
    pmcf->memory = NGX_CONF_UNSET_SIZE;
    pmcf->frame_cache = NGX_CONF_UNSET;
    pmcf->codec_timeout = NGX_CONF_UNSET_MSEC;
    pmcf->duplicates = NGX_CONF_UNSET_UINT;
    pmcf->deletes = NGX_CONF_UNSET;

#define X(name, value, doc)  pmcf->limits.name = NGX_CONF_UNSET;
    PACS_LIMITS(X)
#undef X

    return pmcf;
}


static char *
ngx_http_pacs_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_pacs_main_conf_t *pmcf = conf;

    ngx_conf_init_msec_value(pmcf->redis_timeout, 50);
    ngx_conf_init_value(pmcf->redis_expire, 24 * 60 * 60);
    ngx_conf_init_size_value(pmcf->memory, 32 * 1024 * 1024);
    ngx_conf_init_msec_value(pmcf->codec_timeout, 30000);
    ngx_conf_init_uint_value(pmcf->duplicates, PACS_DUPLICATES_REJECT);
    ngx_conf_init_value(pmcf->deletes, 0);

#define X(name, value, doc)                                                   \
    ngx_conf_init_value(pmcf->limits.name, pacs_limits_default.name);
    PACS_LIMITS(X)
#undef X

    if (pmcf->used && pmcf->home.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"pacs_home\" is not set, \"pacs\" needs it");
        return NGX_CONF_ERROR;
    }

    if (pmcf->frame_cache == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"pacs_frame_cache\" must be above 0");
        return NGX_CONF_ERROR;
    }

    ngx_conf_init_value(pmcf->frame_cache, 0);

    if (pmcf->redis_timeout == 0 || pmcf->redis_timeout > 1000) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"pacs_redis_timeout\" must be from 1ms to 1s");
        return NGX_CONF_ERROR;
    }

    if (pmcf->redis_expire == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"pacs_redis_expire\" must be at least 1s");
        return NGX_CONF_ERROR;
    }

    if (pmcf->codec_timeout == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"pacs_codec_timeout\" must be at least 1ms");
        return NGX_CONF_ERROR;
    }

    if (pmcf->limits.free_percent > 99) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"pacs_limit_free_percent\" must be below 100");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static void *
ngx_http_pacs_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_pacs_loc_conf_t  *plcf;

    plcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_pacs_loc_conf_t));
    if (plcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     plcf->prefix = { 0, NULL };
     *     plcf->public_url = { 0, NULL };
     */

    plcf->enable = NGX_CONF_UNSET;
    plcf->accept = NGX_CONF_UNSET_UINT;
    plcf->forwarded = NGX_CONF_UNSET_PTR;
    plcf->cors = NGX_CONF_UNSET_PTR;

    return plcf;
}


static char *
ngx_http_pacs_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_pacs_loc_conf_t *prev = parent;
    ngx_http_pacs_loc_conf_t *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    ngx_conf_merge_uint_value(conf->accept, prev->accept, 0);
    ngx_conf_merge_str_value(conf->public_url, prev->public_url, "");
    ngx_conf_merge_ptr_value(conf->forwarded, prev->forwarded, NULL);
    ngx_conf_merge_ptr_value(conf->cors, prev->cors, NULL);

    /* "if" and "limit_except" blocks inside the location */

    if (conf->enable == NGX_CONF_UNSET && prev->enable == 1 && clcf->noname
        && clcf->handler == NULL)
    {
        conf->enable = 1;
        conf->prefix = prev->prefix;
        clcf->handler = ngx_http_pacs_handler;
    }

    if (conf->enable != 1) {
        conf->enable = 0;
        return NGX_CONF_OK;
    }

    /* files are never read on the event loop */

    if (clcf->aio != NGX_HTTP_AIO_THREADS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"aio threads\" is needed in location \"%V\", "
                           "which has \"pacs\"%s", &clcf->name,
                           clcf->sendfile ? " and \"sendfile on\"" : "");
        return NGX_CONF_ERROR;
    }

    /* nginx's own defaults are for forms, not for instances */

    if (clcf->client_max_body_size == 1 * 1024 * 1024) {
        clcf->client_max_body_size = 0;
    }

    if (clcf->client_body_buffer_size == (size_t) 2 * ngx_pagesize) {
        clcf->client_body_buffer_size = 256 * 1024;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_pacs(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pacs_loc_conf_t *plcf = conf;

    ngx_http_core_loc_conf_t  *clcf;

    if (plcf->enable != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

#if (NGX_PCRE)
    if (clcf->regex) {
        return "cannot be used in a location given by regular expression";
    }
#endif

    if (clcf->named) {
        return "cannot be used in a named location";
    }

    plcf->enable = 1;
    plcf->prefix = clcf->name;

    if (plcf->prefix.len && plcf->prefix.data[plcf->prefix.len - 1] == '/') {
        plcf->prefix.len--;
    }

    clcf->handler = ngx_http_pacs_handler;

    return ngx_http_pacs_use(cf);
}


/* cmd->post: what answers here */

static char *
ngx_http_pacs_answer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_handler_pt       *handler = cmd->post;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = *handler;

    return ngx_http_pacs_use(cf);
}


/* thread pools that "thread_pool" does not declare fail by name in nginx -t */

static char *
ngx_http_pacs_use(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_http_pacs_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pacs_module);
    pmcf->used = 1;

    for (i = 0; i < NGX_HTTP_PACS_POOLS; i++) {
        pmcf->pools[i].name = ngx_http_pacs_pool_names[i];
        pmcf->pools[i].pool = ngx_thread_pool_add(cf, &pmcf->pools[i].name);

        if (pmcf->pools[i].pool == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_pacs_home(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pacs_main_conf_t *pmcf = conf;

    ngx_str_t        *value;
    ngx_file_info_t   fi;

    if (pmcf->home.len) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].data[0] != '/') {
        return "must be an absolute path";
    }

    while (value[1].len > 1 && value[1].data[value[1].len - 1] == '/') {
        value[1].data[--value[1].len] = '\0';
    }

    if (value[1].len + sizeof("/" PACS_CODEC_SOCKET)
        > sizeof(((struct sockaddr_un *) 0)->sun_path))
    {
        return "is too long for the sockets below it";
    }

    if (ngx_file_info(value[1].data, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "\"pacs_home\" \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (!ngx_is_dir(&fi)) {
        return "must be a directory";
    }

    pmcf->home = value[1];

    return NGX_CONF_OK;
}


static char *
ngx_http_pacs_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pacs_main_conf_t *pmcf = conf;

    ngx_url_t   u;
    ngx_str_t  *value;

    if (pmcf->redis_url.len) {
        return "is duplicate";
    }

    value = cf->args->elts;
    pmcf->redis_url = value[1];

    if (ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = value[1];
    u.default_port = 6379;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"pacs_redis\" \"%V\": %s", &u.url,
                           u.err ? u.err : "not an address");
        return NGX_CONF_ERROR;
    }

    pmcf->redis_addr = &u.addrs[0];

    return NGX_CONF_OK;
}


static char *
ngx_http_pacs_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    off_t       v;
    int64_t    *limit;
    ngx_str_t  *value;

    limit = (int64_t *) (p + cmd->offset);

    if (*limit != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    v = ngx_parse_offset(&value[1]);
    if (v == NGX_ERROR || v == 0) {
        return "must be a number above 0, with or without k, m or g behind it";
    }

    *limit = v;

    return NGX_CONF_OK;
}
