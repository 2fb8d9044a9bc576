/* SPDX-License-Identifier: BSD-2-Clause */

/* Building replies: headers, parts, validators, warnings, errors. */

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "service/internal.h"


int
pacs_reply_header(pacs_op_t *op, const char *name, pacs_str_t value)
{
    pacs_reply_t *r = &op->reply;

    if (r->nheaders == sizeof(r->headers) / sizeof(r->headers[0])
        || value.data == NULL)
    {
        return PACS_E_NOMEM;
    }

    r->headers[r->nheaders++] = (pacs_header_t) { pacs_cstr(name), value };
    return PACS_OK;
}


pacs_part_t *
pacs_reply_parts(pacs_op_t *op, unsigned n)
{
    op->reply.parts = pacs_calloc(op->arena, n, sizeof(pacs_part_t));
    op->reply.nparts = op->reply.parts == NULL ? 0 : n;

    return op->reply.parts;
}


void
pacs_reply_length(pacs_op_t *op)
{
    op->reply.length = 0;

    for (unsigned i = 0; i < op->reply.nparts; i++) {
        op->reply.length += op->reply.parts[i].length;
    }
}


int
pacs_parts_add(pacs_op_t *op, pacs_parts_t *list, pacs_part_t part)
{
    if (list->n == list->room) {
        unsigned      room = list->room == 0 ? 64 : list->room * 2;
        pacs_part_t  *p = pacs_calloc(op->arena, room, sizeof(*p));

        if (p == NULL) {
            return PACS_E_NOMEM;
        }
        if (list->n != 0) {
            memcpy(p, list->parts, list->n * sizeof(*p));
        }
        list->parts = p;
        list->room = room;
    }

    list->parts[list->n++] = part;
    return PACS_OK;
}


int
pacs_parts_text(pacs_op_t *op, pacs_parts_t *list, pacs_str_t text)
{
    return text.data == NULL
           ? PACS_E_NOMEM
           : pacs_parts_add(op, list, (pacs_part_t) { .data = text.data,
                                                      .length = text.len });
}


void
pacs_parts_reply(pacs_op_t *op, const pacs_parts_t *list)
{
    op->reply.parts = list->parts;
    op->reply.nparts = list->n;
    pacs_reply_length(op);
}


int
pacs_reply_memory(pacs_op_t *op, pacs_str_t body)
{
    pacs_part_t *part = body.data == NULL ? NULL : pacs_reply_parts(op, 1);

    if (part == NULL) {
        return PACS_E_NOMEM;
    }

    part->data = body.data;
    part->length = op->reply.length = body.len;
    return PACS_OK;
}


/* a gzip member, RFC 1952 */
static bool
pack(pacs_str_t text, int level, pacs_buf_t *out)
{
    enum { GZIP = 16 + 15, MEMORY = 8 };
    z_stream  z = { 0 };

    if (text.len > UINT32_MAX
        || deflateInit2(&z, level, Z_DEFLATED, GZIP, MEMORY,
                        Z_DEFAULT_STRATEGY) != Z_OK)
    {
        return false;
    }

    size_t  room = deflateBound(&z, text.len);

    z.next_in = (Bytef *) text.data;
    z.avail_in = (uInt) text.len;
    z.next_out = (Bytef *) pacs_buf_reserve(out, room);
    z.avail_out = (uInt) room;

    bool  good = z.next_out != NULL && deflate(&z, Z_FINISH) == Z_STREAM_END;

    out->len += good ? z.total_out : 0;
    deflateEnd(&z);
    return good;
}


int
pacs_reply_text(pacs_op_t *op, pacs_buf_t *text, int level)
{
    pacs_buf_t  packed = { 0 };

    if (op->request.gzip
        && pack((pacs_str_t) { text->data, text->len }, level, &packed))
    {
        op->reply.gzipped = true;
        return pacs_reply_memory(op, pacs_buf_take(&packed, op->arena));
    }

    pacs_buf_free(&packed);
    return pacs_reply_memory(op, pacs_buf_take(text, op->arena));
}


/* host and port of the service, RFC 7234 5.5 */
static pacs_str_t
warn_agent(const pacs_op_t *op)
{
    pacs_str_t  agent = op->request.origin, part;

    for (int i = 0; i < 3; i++) {
        if (!pacs_str_split(&agent, '/', &part)) {
            return pacs_lit("-");
        }
    }
    return part.len != 0 ? part : pacs_lit("-");
}


int
pacs_reply_warning(pacs_op_t *op, const char *fmt, ...)
{
    char     text[400];
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);

    for (char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\' || *p < 0x20 || *p > 0x7e) {
            *p = '?';
        }
    }

    return pacs_reply_header(op, "Warning",
                             pacs_sprintf(op->arena, "299 %.*s \"%s\"",
                                          pacs_fmt(warn_agent(op)), text));
}


/* RFC 9110 13.1.2, weak comparison */
static bool
none_match(pacs_str_t header, pacs_str_t etag)
{
    pacs_str_t  part;

    while (pacs_str_split(&header, ',', &part)) {
        part = pacs_str_trim(part);

        if (pacs_str_starts(part, "W/")) {
            part.data += 2;
            part.len -= 2;
        }
        if (pacs_str_is(part, "*") || pacs_str_eq(part, etag)) {
            return true;
        }
    }

    return false;
}


bool
pacs_reply_etag(pacs_op_t *op, ...)
{
    pacs_buf_t  b = { 0 };
    uint8_t     digest[PACS_SHA256_LEN];
    char        hex[2 * PACS_SHA256_LEN + 1];
    va_list     ap;

    va_start(ap, op);
    for (const char *s; (s = va_arg(ap, const char *)) != NULL; ) {
        pacs_buf_text(&b, s);
        pacs_buf_char(&b, '\n');
    }
    va_end(ap);

    if (b.failed) {
        pacs_buf_free(&b);
        return false;
    }

    pacs_sha256(b.data, b.len, digest);
    pacs_hex(digest, 16, hex);
    pacs_buf_free(&b);

    pacs_str_t  etag = pacs_sprintf(op->arena, "W/\"%s\"", hex);

    if (etag.data == NULL) {
        return false;
    }

    pacs_str_t  opaque = { etag.data + 2, etag.len - 2 };

    op->reply.etag = op->reply.weak ? etag : opaque;

    if (op->request.if_none_match.len == 0
        || !none_match(op->request.if_none_match, opaque))
    {
        return false;
    }

    op->reply.status = 304;
    op->reply.nparts = 0;
    op->reply.length = 0;
    return true;
}


pacs_str_t
pacs_op_url(pacs_op_t *op, bool absolute, pacs_str_t study, pacs_str_t series,
    pacs_str_t instance)
{
    const pacs_str_t  parts[] = {
        absolute ? op->request.origin : pacs_null, op->request.prefix,
        pacs_lit("/studies/"), study,
        series.len ? pacs_lit("/series/") : pacs_null, series,
        instance.len ? pacs_lit("/instances/") : pacs_null, instance
    };

    return pacs_str_join(op->arena, parts, sizeof(parts) / sizeof(parts[0]));
}


void
pacs_op_fail(pacs_op_t *op, const pacs_err_t *err)
{
    static const pacs_err_t  unknown = { PACS_E_INTERNAL, "internal error" };
    const pacs_err_t        *e = err->code == PACS_OK ? &unknown : err;
    const pacs_code_t       *code = &pacs_codes[e->code];
    pacs_buf_t               b = { 0 };

    op->code = e->code;
    op->reply = (pacs_reply_t) {
        .status = code->http, .content_type = pacs_lit("application/json")
    };

    pacs_buf_printf(&b, "{\"status\":%u,\"error\":\"%s\",\"reason\":",
                    code->http, code->name);
    pacs_buf_json(&b, pacs_cstr(e->text));
    pacs_buf_text(&b, "}\n");
    pacs_reply_memory(op, pacs_buf_take(&b, op->arena));

    if (code->http == 503) {
        pacs_reply_header(op, "Retry-After", pacs_lit("1"));
    }
    if (op->request.tus_resumable.len != 0 || e->code == PACS_E_VERSION) {
        pacs_reply_header(op, "Tus-Resumable", pacs_lit("1.0.0"));
    }
    if (e->code == PACS_E_VERSION) {
        pacs_reply_header(op, "Tus-Version", pacs_lit("1.0.0"));
    }
}
