/* SPDX-License-Identifier: BSD-2-Clause */


#include "ngx_http_pacs.h"


static void ngx_http_pacs_log_fault(ngx_http_pacs_ctx_t *ctx);
static ngx_int_t ngx_http_pacs_set_headers(ngx_http_pacs_ctx_t *ctx);
static ngx_int_t ngx_http_pacs_send_parts(ngx_http_pacs_ctx_t *ctx);
static ngx_int_t ngx_http_pacs_fill_buf(ngx_http_pacs_ctx_t *ctx, ngx_buf_t *b,
    pacs_part_t *part, ngx_uint_t *file);
static void ngx_http_pacs_send_more(ngx_http_pacs_ctx_t *ctx);
static void ngx_http_pacs_flush(ngx_http_request_t *r);
static ngx_int_t ngx_http_pacs_open_file(ngx_http_pacs_ctx_t *ctx,
    pacs_part_t *part);


void
ngx_http_pacs_fail(ngx_http_pacs_ctx_t *ctx, int code, const char *text)
{
    pacs_err_t  err;

    ngx_memzero(&err, sizeof(pacs_err_t));

    pacs_fail(&err, code, "%s", text);
    pacs_op_fail(&ctx->op, &err);

    ctx->sent = 0;
    ngx_http_pacs_close_files(ctx);
    ctx->opened = ctx->op.reply.nparts;

    ngx_http_pacs_reply(ctx);
}


void
ngx_http_pacs_reply(ngx_http_pacs_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ctx->op.reply.status >= NGX_HTTP_INTERNAL_SERVER_ERROR) {
        ngx_http_pacs_log_fault(ctx);
    }

    if (ngx_http_pacs_set_headers(ctx) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (ctx->op.reply.length == 0) {
        r->header_only = 1;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    ngx_http_pacs_send_more(ctx);
}


/* what the client is told, without the line's end */

static void
ngx_http_pacs_log_fault(ngx_http_pacs_ctx_t *ctx)
{
    size_t         len;
    ngx_uint_t     level;
    pacs_reply_t  *reply;

    reply = &ctx->op.reply;

    if (reply->nparts == 0 || reply->parts[0].data == NULL) {
        return;
    }

    len = ngx_min(reply->parts[0].length, NGX_HTTP_PACS_FAULT_MAX);

    while (len && reply->parts[0].data[len - 1] == '\n') {
        len--;
    }

    level = reply->status == NGX_HTTP_SERVICE_UNAVAILABLE ? NGX_LOG_WARN
                                                          : NGX_LOG_ERR;

    ngx_log_error(level, ctx->request->connection->log, 0, "pacs: %*s", len,
                  reply->parts[0].data);
}


static ngx_int_t
ngx_http_pacs_set_headers(ngx_http_pacs_ctx_t *ctx)
{
    ngx_uint_t           i;
    pacs_reply_t        *reply;
    ngx_table_elt_t     *h;
    ngx_http_request_t  *r;

    r = ctx->request;
    reply = &ctx->op.reply;

    r->headers_out.status = reply->status;
    r->headers_out.content_length_n = reply->length;
    r->headers_out.last_modified_time = -1;

    /* the service compares validators itself */
    r->disable_not_modified = 1;

    /* nginx cuts several ranges out of one buffer only */
    r->allow_ranges = reply->ranges;
    r->single_range = (reply->nparts > 1);

    if (reply->status == NGX_HTTP_NOT_MODIFIED
        || reply->status == NGX_HTTP_NO_CONTENT)
    {
        r->headers_out.content_length_n = -1;
    }

    if (reply->content_type.len) {
        r->headers_out.content_type = ngx_http_pacs_str(reply->content_type);
        r->headers_out.content_type_len = reply->content_type.len;
        r->headers_out.content_type_lowcase = NULL;
    }

    for (i = 0; i < reply->nheaders; i++) {
        if (ngx_http_pacs_add_header(r, reply->headers[i].name.data,
                                     reply->headers[i].value, &h)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_http_pacs_add_header(r, "X-Content-Type-Options",
                                 pacs_lit("nosniff"), &h)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (reply->gzipped && reply->length) {
        if (ngx_http_pacs_add_header(r, "Content-Encoding", pacs_lit("gzip"),
                                     &h)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        r->headers_out.content_encoding = h;
    }

    if (reply->etag.len) {
        if (ngx_http_pacs_add_header(r, "ETag", reply->etag, &h) != NGX_OK) {
            return NGX_ERROR;
        }

        r->headers_out.etag = h;
    }

    return ngx_http_pacs_cors(ctx);
}


ngx_int_t
ngx_http_pacs_add_header(ngx_http_request_t *r, const char *name,
    pacs_str_t value, ngx_table_elt_t **out)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = ngx_http_pacs_str(value);

    *out = h;

    return NGX_OK;
}


/* as many parts as files are open for; then, when these are sent, others */

static void
ngx_http_pacs_send_more(ngx_http_pacs_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ctx->rc != PACS_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    rc = ngx_http_pacs_send_parts(ctx);

    if (rc == NGX_ERROR || ctx->sent == ctx->op.reply.nparts) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    r->write_event_handler = ngx_http_pacs_flush;
    ngx_http_pacs_flush(r);
}


static ngx_int_t
ngx_http_pacs_send_parts(ngx_http_pacs_ctx_t *ctx)
{
    ngx_uint_t            file;
    ngx_buf_t            *b;
    pacs_part_t          *part;
    ngx_chain_t          *cl, *out, **ll;
    ngx_http_request_t   *r;

    r = ctx->request;
    b = NULL;
    file = 0;
    out = NULL;
    ll = &out;

    for ( /* void */ ; ctx->sent < ctx->opened; ctx->sent++) {

        part = &ctx->op.reply.parts[ctx->sent];

        if (part->length == 0) {
            continue;
        }

        b = ngx_calloc_buf(r->pool);
        cl = ngx_alloc_chain_link(r->pool);

        if (b == NULL || cl == NULL
            || ngx_http_pacs_fill_buf(ctx, b, part, &file) != NGX_OK)
        {
            return NGX_ERROR;
        }

        cl->buf = b;
        cl->next = NULL;
        *ll = cl;
        ll = &cl->next;
    }

    if (b == NULL) {
        b = ngx_calloc_buf(r->pool);
        cl = ngx_alloc_chain_link(r->pool);

        if (b == NULL || cl == NULL) {
            return NGX_ERROR;
        }

        b->sync = 1;
        cl->buf = b;
        cl->next = NULL;
        out = cl;
    }

    if (ctx->sent == ctx->op.reply.nparts) {
        b->last_buf = (r == r->main) ? 1 : 0;
        b->last_in_chain = 1;

    } else {
        b->flush = 1;
    }

    return ngx_http_output_filter(r, out);
}


static ngx_int_t
ngx_http_pacs_fill_buf(ngx_http_pacs_ctx_t *ctx, ngx_buf_t *b,
    pacs_part_t *part, ngx_uint_t *file)
{
    if (part->data) {
        b->memory = 1;
        b->pos = (u_char *) part->data;
        b->last = b->pos + part->length;
        return NGX_OK;
    }

    /* files stand in the order of the parts, see ngx_http_pacs_open_file() */

    while (*file < ctx->nfiles
           && ngx_strcmp(ctx->files[*file].path, part->path) != 0)
    {
        (*file)++;
    }

    if (*file == ctx->nfiles) {
        return NGX_ERROR;
    }

    b->in_file = 1;
    b->file = &ctx->files[*file].file;
    b->file_pos = part->offset;
    b->file_last = part->offset + part->length;

    b->file->log = ctx->request->connection->log;

    return NGX_OK;
}


static void
ngx_http_pacs_flush(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_event_t               *wev;
    ngx_connection_t          *c;
    ngx_http_pacs_ctx_t       *ctx;
    ngx_http_core_loc_conf_t  *clcf;

    c = r->connection;
    wev = c->write;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pacs_module);
    clcf = ngx_http_get_module_loc_conf(r->main, ngx_http_core_module);

    if (wev->timedout) {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT,
                      "client timed out");
        c->timedout = 1;

        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (!wev->delayed && !r->aio) {

        rc = ngx_http_output_filter(r, NULL);

        if (rc == NGX_ERROR) {
            ngx_http_finalize_request(r, rc);
            return;
        }

        if (!r->buffered && !r->postponed && !c->buffered && !r->aio) {

            if (wev->timer_set) {
                ngx_del_timer(wev);
            }

            ngx_http_pacs_close_files(ctx);

            if (ngx_http_pacs_post(ctx, NGX_HTTP_PACS_READ,
                                   ngx_http_pacs_open_files,
                                   ngx_http_pacs_send_more)
                != NGX_OK)
            {
                ngx_http_finalize_request(r, NGX_ERROR);
            }

            return;
        }
    }

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}


void
ngx_http_pacs_open_files(ngx_http_pacs_ctx_t *ctx)
{
    ngx_int_t      rc;
    pacs_err_t     err;
    pacs_reply_t  *reply;

    reply = &ctx->op.reply;
    ctx->rc = PACS_OK;

    for ( /* void */ ; ctx->opened < reply->nparts; ctx->opened++) {

        rc = ngx_http_pacs_open_file(ctx, &reply->parts[ctx->opened]);

        if (rc == NGX_AGAIN) {
            return;
        }

        if (rc == NGX_OK) {
            continue;
        }

        if (ctx->sent) {
            ctx->rc = PACS_E_IO;
            return;
        }

        /* nothing was said yet */

        ngx_memzero(&err, sizeof(pacs_err_t));
        pacs_fail(&err, PACS_E_IO, "a stored file cannot be read");
        pacs_op_fail(&ctx->op, &err);

        ctx->opened = reply->nparts;
        return;
    }
}


/* NGX_AGAIN: as many are open as may be */

static ngx_int_t
ngx_http_pacs_open_file(ngx_http_pacs_ctx_t *ctx, pacs_part_t *part)
{
    pacs_err_t             err;
    ngx_file_info_t        fi;
    ngx_http_pacs_file_t  *f;

    if (part->fill) {

        if (ctx->op.request.method == PACS_HEAD) {
            return NGX_OK;
        }

        ngx_memzero(&err, sizeof(pacs_err_t));

        if (part->fill(part->ctx, (char *) part->data, &err) != PACS_OK) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "pacs: %s",
                          err.text);
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    if (part->data || part->length == 0) {
        return NGX_OK;
    }

    f = ctx->nfiles ? &ctx->files[ctx->nfiles - 1] : NULL;

    if (f == NULL || ngx_strcmp(f->path, part->path) != 0) {

        if (ctx->nfiles == NGX_HTTP_PACS_AHEAD) {
            return NGX_AGAIN;
        }

        f = &ctx->files[ctx->nfiles];

        ngx_memzero(f, sizeof(ngx_http_pacs_file_t));

        f->path = part->path;
        f->file.name.data = (u_char *) part->path;
        f->file.name.len = ngx_strlen(part->path);
        f->file.fd = open(part->path, O_RDONLY|O_CLOEXEC|O_NOFOLLOW);

        if (f->file.fd == NGX_INVALID_FILE) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, ngx_errno,
                          "pacs: open() \"%s\" failed", part->path);
            return NGX_ERROR;
        }

        ctx->nfiles++;
    }

    /* a shorter file would stall sendfile() */

    if (ngx_fd_info(f->file.fd, &fi) == NGX_FILE_ERROR
        || part->offset > (uint64_t) ngx_file_size(&fi)
        || part->length > (uint64_t) ngx_file_size(&fi) - part->offset)
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "pacs: \"%s\" is shorter than its record says",
                      part->path);
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_pacs_close_files(ngx_http_pacs_ctx_t *ctx)
{
    while (ctx->nfiles) {
        ctx->nfiles--;
        (void) ngx_close_file(ctx->files[ctx->nfiles].file.fd);
    }
}
