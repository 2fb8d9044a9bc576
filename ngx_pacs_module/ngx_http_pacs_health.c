/* SPDX-License-Identifier: BSD-2-Clause */


#include "ngx_http_pacs.h"


static ngx_int_t ngx_http_pacs_health_start(ngx_http_request_t *r,
    ngx_uint_t html);
static void ngx_http_pacs_health_work(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_health_worked(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_health_done(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_health_write(ngx_http_pacs_ctx_t *ctx,
    pacs_buf_t *b);
static void ngx_http_pacs_status_write(pacs_buf_t *b, pacs_str_t json,
    ngx_uint_t ok);
static void ngx_http_pacs_status_rows(pacs_buf_t *b, pacs_str_t json);
static size_t ngx_http_pacs_status_token(pacs_str_t json, size_t i);


static const char  ngx_http_pacs_status_head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\">"
    "<meta http-equiv=\"refresh\" content=\"5\">"
    "<title>ngx_pacs status</title><style>"
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:46rem;"
    "padding:0 1rem;color:#1b2733;background:#f6f8fa}"
    "h1{font-size:1.4rem}h1 span{border-radius:1rem;padding:.1rem .8rem;"
    "margin-left:.6rem;font-size:1rem;color:#fff;background:#b54708}"
    "h1 span.ok{background:#197741}"
    "table{border-collapse:collapse;width:100%;background:#fff;"
    "border:1px solid #d5dde5}"
    "th,td{text-align:left;padding:.35rem .8rem;border-top:1px solid #e4eaf0;"
    "overflow-wrap:anywhere}"
    "th{font-weight:500;color:#516274;width:45%}"
    "@media(prefers-color-scheme:dark){body{color:#dde5ec;background:#10161c}"
    "table{background:#182129;border-color:#2b3945}"
    "th,td{border-color:#2b3945}th{color:#9db0c1}}"
    "</style></head><body><h1>ngx_pacs";


ngx_int_t
ngx_http_pacs_health_handler(ngx_http_request_t *r)
{
    return ngx_http_pacs_health_start(r, 0);
}


ngx_int_t
ngx_http_pacs_status_handler(ngx_http_request_t *r)
{
    return ngx_http_pacs_health_start(r, 1);
}


static ngx_int_t
ngx_http_pacs_health_start(ngx_http_request_t *r, ngx_uint_t html)
{
    ngx_int_t             rc;
    ngx_http_pacs_ctx_t  *ctx;

    rc = ngx_http_pacs_begin(r, &ctx);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx->html = html;

    r->main->count++;

    if (ngx_http_pacs_post(ctx, NGX_HTTP_PACS_READ, ngx_http_pacs_health_work,
                           ngx_http_pacs_health_worked)
        != NGX_OK)
    {
        ngx_http_pacs_fail(ctx, PACS_E_BUSY, "too many requests wait already");
    }

    return NGX_DONE;
}


static void
ngx_http_pacs_health_work(ngx_http_pacs_ctx_t *ctx)
{
    bool        ok;
    pacs_err_t  err;

    ngx_memzero(&err, sizeof(pacs_err_t));

    ok = false;

    if (ngx_http_pacs_service_get(ctx) != NGX_OK) {
        pacs_buf_text(&ctx->facts, "\"archive\":");
        pacs_buf_json(&ctx->facts, pacs_lit("cannot be opened, see the log"));
        return;
    }

    if (pacs_health(ctx->op.svc, &ctx->facts, &ok, &err) != PACS_OK) {
        ctx->facts.len = 0;
        pacs_buf_text(&ctx->facts, "\"archive\":");
        pacs_buf_json(&ctx->facts, pacs_cstr(err.text));
        return;
    }

    ctx->healthy = ok;
}


static void
ngx_http_pacs_health_worked(ngx_http_pacs_ctx_t *ctx)
{
    if (ctx->pmcf->redis_addr) {
        ngx_http_pacs_wait(ctx, ngx_http_pacs_health_done);

        if (ngx_http_pacs_redis_ping(ctx) == NGX_AGAIN) {
            return;
        }
    }

    ngx_http_pacs_health_done(ctx);
}


static void
ngx_http_pacs_health_done(ngx_http_pacs_ctx_t *ctx)
{
    pacs_op_t   *op;
    pacs_buf_t   b, page;
    pacs_str_t   body;
    ngx_uint_t   usable;

    op = &ctx->op;
    usable = (op->svc != NULL);

    ngx_memzero(&b, sizeof(pacs_buf_t));
    ngx_memzero(&page, sizeof(pacs_buf_t));

    ngx_http_pacs_health_write(ctx, &b);
    body = pacs_buf_take(&b, op->arena);

    if (ctx->html && body.data) {
        ngx_http_pacs_status_write(&page, body, ctx->healthy);
        body = pacs_buf_take(&page, op->arena);
    }

    ngx_memzero(&op->reply, sizeof(pacs_reply_t));

    op->reply.status = usable ? NGX_HTTP_OK : NGX_HTTP_SERVICE_UNAVAILABLE;
    op->reply.content_type = ctx->html ? pacs_lit("text/html; charset=utf-8")
                                       : pacs_lit("application/json");
    op->reply.headers[0].name = pacs_lit("Cache-Control");
    op->reply.headers[0].value = pacs_lit("no-store");
    op->reply.nheaders = 1;
    op->reply.parts = pacs_calloc(op->arena, 1, sizeof(pacs_part_t));

    if (op->reply.parts == NULL || body.data == NULL) {
        ngx_http_finalize_request(ctx->request,
                                  NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    op->reply.parts[0].data = body.data;
    op->reply.parts[0].length = body.len;
    op->reply.nparts = 1;
    op->reply.length = body.len;

    ctx->rc = PACS_OK;
    ctx->opened = 1;

    ngx_http_pacs_reply(ctx);
}


static void
ngx_http_pacs_health_write(ngx_http_pacs_ctx_t *ctx, pacs_buf_t *b)
{
    ngx_int_t              codec;
    ngx_uint_t             i, jobs;
    ngx_http_pacs_pool_t  *pool;

    codec = ngx_http_pacs_codec_up(ctx->pmcf, &jobs);

    if (codec != NGX_OK || (ctx->pmcf->redis_addr && !ctx->redis_up)) {
        ctx->healthy = 0;
    }

    pacs_buf_printf(b, "{\"status\":\"%s\",\"version\":\"%s\","
                    "\"nginx\":\"%s\",\"worker\":%d,",
                    ctx->healthy ? "ok" : "degraded", PACS_VERSION,
                    NGINX_VERSION, (int) ngx_pid);

    if (ctx->facts.len) {
        pacs_buf_add(b, ctx->facts.data, ctx->facts.len);
        pacs_buf_char(b, ',');
    }

    pacs_buf_printf(b, "\"redis\":{\"ok\":%s,\"state\":\"%s\"},"
                    "\"codec\":{\"ok\":%s,\"state\":\"%s\",\"jobs\":%u},",
                    ctx->pmcf->redis_addr && !ctx->redis_up ? "false" : "true",
                    ctx->pmcf->redis_addr == NULL ? "off"
                    : ctx->redis_up ? "up" : "unreachable",
                    codec == NGX_OK ? "true" : "false",
                    codec == NGX_OK ? "up" : "absent", (unsigned) jobs);

    ngx_http_pacs_events_state(ctx->pmcf, b);
    pacs_buf_text(b, ",\"queues\":{");

    for (i = 0; i < NGX_HTTP_PACS_POOLS; i++) {
        pool = &ctx->pmcf->pools[i];

        pacs_buf_printf(b, "%s\"%.*s\":{\"active\":%u,\"done\":%u,"
                        "\"refused\":%u}", i ? "," : "",
                        (int) pool->name.len, (char *) pool->name.data,
                        (unsigned) pool->active, (unsigned) pool->done,
                        (unsigned) pool->refused);
    }

    pacs_buf_text(b, "}}\n");
}


static void
ngx_http_pacs_status_write(pacs_buf_t *b, pacs_str_t json, ngx_uint_t ok)
{
    pacs_buf_text(b, ngx_http_pacs_status_head);
    pacs_buf_text(b, ok ? "<span class=\"ok\">ok</span>"
                        : "<span>degraded</span>");
    pacs_buf_text(b, "</h1><table>");
    ngx_http_pacs_status_rows(b, json);
    pacs_buf_text(b, "</table></body></html>\n");
}


/* a row a value of our own JSON, named by its path of two levels at most */

static void
ngx_http_pacs_status_rows(pacs_buf_t *b, pacs_str_t json)
{
    size_t       i, n;
    ngx_uint_t   depth, named;
    pacs_str_t   token, path[4];

    depth = 0;
    named = 0;
    ngx_memzero(path, sizeof(path));

    for (i = 0; i < json.len; i += n) {

        n = ngx_http_pacs_status_token(json, i);

        token.data = json.data + i;
        token.len = n;

        switch (json.data[i]) {

        case '{':
            depth++;
            named = 0;
            break;

        case '}':
            depth--;
            /* fall through */

        case ',':
            named = 0;
            break;

        case ':':
            named = 1;
            break;

        case '\n':
        case ' ':
            break;

        default:

            if (token.data[0] == '"') {
                token.data++;
                token.len -= 2;
            }

            if (depth == 0 || depth > 3) {
                break;
            }

            if (!named) {
                path[depth] = token;
                break;
            }

            pacs_buf_text(b, "<tr><th>");

            for (named = 1; named <= depth; named++) {
                pacs_buf_text(b, named > 1 ? " " : "");
                pacs_buf_html(b, path[named]);
            }

            pacs_buf_text(b, "</th><td>");
            pacs_buf_html(b, token);
            pacs_buf_text(b, "</td></tr>");
        }
    }
}


/* bytes of the token at i, at least one */

static size_t
ngx_http_pacs_status_token(pacs_str_t json, size_t i)
{
    size_t  n;

    if (ngx_strchr("{},: \n", json.data[i])) {
        return 1;
    }

    n = 1;

    if (json.data[i] == '"') {
        while (i + n < json.len && json.data[i + n] != '"') {
            n += (json.data[i + n] == '\\') ? 2 : 1;
        }

        return i + n < json.len ? n + 1 : json.len - i;
    }

    while (i + n < json.len && !ngx_strchr("{},: \n", json.data[i + n])) {
        n++;
    }

    return n;
}
