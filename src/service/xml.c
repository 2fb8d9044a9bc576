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
        rc = pacs_reply_text(op, &x.out, Z_BEST_SPEED);
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
