/* SPDX-License-Identifier: BSD-2-Clause */


/*
 * Pages of other origins: which of them may read the answers, said by
 * "pacs_cors_origin", and what none of them may do.
 */


#include "ngx_http_pacs.h"


static ngx_str_t *ngx_http_pacs_cors_match(ngx_http_request_t *r);
static ngx_int_t ngx_http_pacs_other_origin(ngx_http_pacs_ctx_t *ctx);
static ngx_int_t ngx_http_pacs_token_list(ngx_str_t *value);


static ngx_str_t *
ngx_http_pacs_cors_match(ngx_http_request_t *r)
{
    ngx_str_t                  value, *allowed;
    ngx_uint_t                 i;
    ngx_http_pacs_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pacs_module);

    if (plcf->cors == NULL
        || ngx_http_pacs_header(r, "origin", &value) != NGX_OK)
    {
        return NULL;
    }

    allowed = plcf->cors->elts;

    for (i = 0; i < plcf->cors->nelts; i++) {

        if (allowed[i].len == value.len
            && ngx_strncasecmp(allowed[i].data, value.data, value.len) == 0)
        {
            return &allowed[i];
        }
    }

    return NULL;
}


/* a page of another site must not change anything, nor listen to events: a
 * browser asks nobody before it sends a plain POST or a handshake */

ngx_int_t
ngx_http_pacs_foreign(ngx_http_pacs_ctx_t *ctx)
{
    ngx_str_t  upgrade;

    if ((ctx->op.request.method & (PACS_GET|PACS_HEAD|PACS_OPTIONS))
        && ngx_http_pacs_header(ctx->request, "upgrade", &upgrade) != NGX_OK)
    {
        return 0;
    }

    return ngx_http_pacs_other_origin(ctx);
}


/* nor hold an answer that does not end, which it could not read: as a picture
 * it is asked for without Origin */

ngx_int_t
ngx_http_pacs_other_site(ngx_http_pacs_ctx_t *ctx)
{
    ngx_str_t            site;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ngx_http_pacs_header(r, "sec-fetch-site", &site) == NGX_OK
        && (ngx_http_pacs_same(&site, "cross-site")
            || ngx_http_pacs_same(&site, "same-site"))
        && !ngx_http_pacs_cors_match(r))
    {
        return 1;
    }

    return ngx_http_pacs_other_origin(ctx);
}


static ngx_int_t
ngx_http_pacs_other_origin(ngx_http_pacs_ctx_t *ctx)
{
    ngx_str_t            origin, own;
    ngx_uint_t           i;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ngx_http_pacs_header(r, "origin", &origin) != NGX_OK
        || ngx_http_pacs_cors_match(r))
    {
        return 0;
    }

    own = ngx_http_pacs_str(ctx->op.request.origin);

    if (origin.len == own.len
        && ngx_strncasecmp(origin.data, own.data, own.len) == 0)
    {
        return 0;
    }

    /* a proxy in front may have ended TLS */

    if (r->headers_in.host == NULL) {
        return 1;
    }

    own = r->headers_in.host->value;

    for (i = 0; i + 3 <= origin.len; i++) {

        if (ngx_strncmp(&origin.data[i], "://", 3) == 0) {
            return origin.len - i - 3 != own.len
                   || ngx_strncasecmp(&origin.data[i + 3], own.data, own.len)
                      != 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_http_pacs_token_list(ngx_str_t *value)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < value->len; i++) {
        ch = value->data[i];

        if (!((ch >= '0' && ch <= '9')
              || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z')
              || ch == '-' || ch == '_' || ch == ',' || ch == ' '))
        {
            return 0;
        }
    }

    return value->len != 0;
}


ngx_int_t
ngx_http_pacs_cors(ngx_http_pacs_ctx_t *ctx)
{
    ngx_str_t                 *origin, wanted;
    pacs_str_t                 allow;
    ngx_uint_t                 i;
    pacs_reply_t              *reply;
    ngx_table_elt_t           *h;
    ngx_http_request_t        *r;
    ngx_http_pacs_loc_conf_t  *plcf;

    r = ctx->request;
    reply = &ctx->op.reply;
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pacs_module);

    if (plcf->cors == NULL) {
        return NGX_OK;
    }

    if (ngx_http_pacs_add_header(r, "Vary", pacs_lit("Origin"), &h)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    origin = ngx_http_pacs_cors_match(r);

    if (origin == NULL) {
        return NGX_OK;
    }

    if (ngx_http_pacs_add_header(r, "Access-Control-Allow-Origin",
                                 ngx_http_pacs_slice(origin), &h)
        != NGX_OK
        || ngx_http_pacs_add_header(r, "Access-Control-Expose-Headers",
                                    pacs_lit("ETag, Warning, Content-Location,"
                                    " Location, Retry-After, Content-Range,"
                                    " Link, Allow, Tus-Resumable,"
                                    " Tus-Version, Tus-Extension,"
                                    " Tus-Max-Size, Upload-Offset,"
                                    " Upload-Length, Upload-Expires"), &h)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (r->method != NGX_HTTP_OPTIONS
        || ngx_http_pacs_header(r, "access-control-request-method", &wanted)
           != NGX_OK)
    {
        return NGX_OK;
    }

    /* a preflight, Fetch Standard 4.8 */

    allow = pacs_lit("GET, HEAD, OPTIONS");

    for (i = 0; i < reply->nheaders; i++) {
        if (pacs_str_is(reply->headers[i].name, "Allow")) {
            allow = reply->headers[i].value;
        }
    }

    if (ngx_http_pacs_add_header(r, "Access-Control-Allow-Methods", allow, &h)
        != NGX_OK
        || ngx_http_pacs_add_header(r, "Access-Control-Max-Age",
                                    pacs_lit("600"), &h)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_pacs_header_line(r, "access-control-request-headers", &wanted)
        != NGX_OK
        || !ngx_http_pacs_token_list(&wanted))
    {
        return NGX_OK;
    }

    return ngx_http_pacs_add_header(r, "Access-Control-Allow-Headers",
                                    ngx_http_pacs_slice(&wanted), &h);
}


char *
ngx_http_pacs_cors_origin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pacs_loc_conf_t *plcf = conf;

    ngx_str_t   *value, *origin;
    ngx_uint_t   i;

    if (plcf->cors != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        plcf->cors = NULL;
        return NGX_CONF_OK;
    }

    plcf->cors = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
    if (plcf->cors == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (!ngx_http_pacs_url_ok(&value[i], 0)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"pacs_cors_origin\" takes origins like "
                               "https://viewer.example:8443, not \"%V\"",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        origin = ngx_array_push(plcf->cors);
        if (origin == NULL) {
            return NGX_CONF_ERROR;
        }

        *origin = value[i];
    }

    return NGX_CONF_OK;
}
