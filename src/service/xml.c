/* SPDX-License-Identifier: BSD-2-Clause */

/* Answers in XML (PS3.19 A.1, PS3.18 8.6.1.2), made of those in JSON. */

#include <string.h>
#include <zlib.h>

#include "service/internal.h"

typedef struct {
    pacs_buf_t  out;
    char        boundary[33];
    bool        single;
} xml_t;


static int
add(void *ctx, pacs_str_t xml, pacs_err_t *err)
{
    xml_t *x = ctx;

    if (!x->single) {
        pacs_buf_printf(&x->out, "%s--%s\r\nContent-Type: application/"
                        "dicom+xml\r\n\r\n", x->out.len ? "\r\n" : "",
                        x->boundary);
    }
    pacs_buf_str(&x->out, xml);

    return x->out.failed
           ? pacs_fail(err, PACS_E_LIMIT, "the answer in XML is longer than "
                       "the limit metadata")
           : PACS_OK;
}


/* a gzip member, RFC 1952 */
static bool
pack(pacs_str_t text, pacs_buf_t *out)
{
    enum { GZIP = 16 + 15, MEMORY = 8 };
    z_stream  z = { 0 };

    if (text.len > UINT32_MAX
        || deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, GZIP, MEMORY,
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


static int
reply(pacs_op_t *op, pacs_buf_t *text)
{
    pacs_buf_t  packed = { 0 };

    if (op->request.gzip
        && pack((pacs_str_t) { text->data, text->len }, &packed))
    {
        op->reply.gzipped = true;
        return pacs_reply_memory(op, pacs_buf_take(&packed, op->arena));
    }

    pacs_buf_free(&packed);
    return pacs_reply_memory(op, pacs_buf_take(text, op->arena));
}


int
pacs_reply_xml(pacs_op_t *op, pacs_str_t json, bool single, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    xml_t                x = { .out = { .max = (size_t) limits->metadata },
                               .single = single };

    pacs_boundary(x.boundary);

    int  rc = pacs_xml_from_json(json, limits, add, &x, err);

    if (rc == PACS_OK && !single) {
        pacs_buf_printf(&x.out, "\r\n--%s--\r\n", x.boundary);
    }
    if (rc == PACS_OK) {
        rc = reply(op, &x.out);
    }
    pacs_buf_free(&x.out);
    if (rc != PACS_OK) {
        return rc;
    }

    op->reply.content_type = single
        ? pacs_lit("application/dicom+xml")
        : pacs_sprintf(op->arena, "multipart/related; type=\"application/"
                       "dicom+xml\"; boundary=%s", x.boundary);
    return PACS_OK;
}
