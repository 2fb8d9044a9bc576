/* SPDX-License-Identifier: BSD-2-Clause */

/* Data sets as the bodies of requests and of replies, PS3.18 8.7.3.2. */

#include "service/document.h"


/* --- in --- */

typedef int (*read_pt)(pacs_str_t text, const pacs_bulk_find_t *find,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_dataset_t **sets,
    unsigned *n, pacs_err_t *err);

static const struct { const char *type; read_pt read; } readers[] = {
    { "application/dicom+json", pacs_json_read },
    { "application/json",       pacs_json_read },
    { "application/dicom+xml",  pacs_xml_read },
    { "application/xml",        pacs_xml_read },
    { "text/xml",               pacs_xml_read }
};


static int
find_reader(pacs_str_t type, read_pt *read, pacs_err_t *err)
{
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        size_t  k = 0;

        while (k < type.len && readers[i].type[k] != '\0'
               && (type.data[k] | 0x20) == (readers[i].type[k] | 0x20))
        {
            k++;
        }
        if (k == type.len && readers[i].type[k] == '\0') {
            *read = readers[i].read;
            return PACS_OK;
        }
    }

    return pacs_fail(err, PACS_E_MEDIA, "a body of type %.*s: this is one of "
                     "application/dicom+json and application/dicom+xml",
                     type.len > 80 ? 80 : (int) type.len, type.data);
}


/* the one part of a multipart body */
typedef struct {
    read_pt     read;
    pacs_buf_t  text;
    unsigned    n;
} part_t;


static int
begin_part(void *ctx, const pacs_part_head_t *head, pacs_err_t *err)
{
    part_t *p = ctx;

    return p->n++ == 0 ? find_reader(head->type, &p->read, err)
           : pacs_fail(err, PACS_E_ARG, "more than one part");
}


static int
part_data(void *ctx, const char *data, size_t len, pacs_err_t *err)
{
    part_t *p = ctx;

    pacs_buf_add(&p->text, data, len);
    return PACS_OK;
}


static int
end_part(void *ctx, pacs_err_t *err)
{
    return PACS_OK;
}


static int
read_part(pacs_op_t *op, part_t *p, pacs_err_t *err)
{
    static const pacs_multipart_cb_t  callbacks = {
        begin_part, part_data, end_part
    };
    pacs_multipart_t  *mp;
    int                rc = pacs_multipart_create(
                                op->request.content_type, &callbacks, p,
                                pacs_service_limits(op->svc), op->arena, &mp,
                                err);

    if (rc == PACS_OK) {
        rc = pacs_multipart_feed(mp, op->request.body.data,
                                 op->request.body.len, err);
    }
    return rc == PACS_OK ? pacs_multipart_finish(mp, err) : rc;
}


int
pacs_op_body(pacs_op_t *op, bool optional, pacs_item_t **root,
    pacs_err_t *err)
{
    pacs_str_t       rest = op->request.content_type, type = pacs_null;
    pacs_str_t       text = op->request.body;
    part_t           part = { 0 };
    pacs_dataset_t  *sets;
    unsigned         n;
    int              rc;

    *root = NULL;

    if (text.len == 0) {
        return optional ? PACS_OK
               : pacs_fail(err, PACS_E_ARG, "a data set is missing: the body "
                           "is empty");
    }

    pacs_str_split(&rest, ';', &type);
    type = pacs_str_trim(type);

    if (pacs_str_starts(type, "multipart/")) {
        rc = read_part(op, &part, err);
        text = pacs_buf_take(&part.text, op->arena);
        if (rc == PACS_OK && text.data == NULL) {
            rc = pacs_fail(err, PACS_E_NOMEM, "no memory for a part");
        }
    } else {
        rc = find_reader(type, &part.read, err);
    }

    if (rc == PACS_OK) {
        rc = part.read(text, NULL, pacs_service_limits(op->svc), op->arena,
                       &sets, &n, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }
    if (n != 1) {
        return pacs_fail(err, PACS_E_ARG, "%u data sets in the body: there "
                         "must be one", n);
    }

    *root = sets[0].root;
    (*root)->charset = pacs_lit(PACS_UTF8);
    return PACS_OK;
}


/* --- out --- */

static int
add_xml(void *ctx, pacs_str_t xml, pacs_err_t *err)
{
    pacs_buf_str(ctx, xml);
    return PACS_OK;
}


static int
write_model(pacs_op_t *op, const pacs_accept_t *accept, pacs_str_t object,
    pacs_buf_t *out, pacs_err_t *err)
{
    if (accept->media == PACS_MT_XML
        || accept->media == PACS_MT_MULTIPART_XML)
    {
        return pacs_xml_from_json(object, pacs_service_limits(op->svc),
                                  add_xml, out, err);
    }

    pacs_buf_str(out, object);
    return PACS_OK;
}


static int
write_parts(pacs_op_t *op, const pacs_accept_t *accept,
    const pacs_str_t *objects, unsigned n, pacs_buf_t *out, pacs_err_t *err)
{
    const char *type = accept->media == PACS_MT_MULTIPART_XML
                       ? "application/dicom+xml" : "application/dicom+json";
    char        boundary[33];
    int         rc = PACS_OK;

    pacs_boundary(boundary);
    op->reply.content_type = pacs_sprintf(op->arena, "multipart/related; "
        "type=\"%s\"; boundary=%s", type, boundary);

    for (unsigned i = 0; rc == PACS_OK && i < n; i++) {
        pacs_buf_printf(out, "%s--%s\r\nContent-Type: %s\r\n\r\n",
                        i != 0 ? "\r\n" : "", boundary, type);
        rc = write_model(op, accept, objects[i], out, err);
    }
    pacs_buf_printf(out, "\r\n--%s--\r\n", boundary);
    return rc;
}


static int
write_list(pacs_op_t *op, const pacs_accept_t *accept,
    const pacs_str_t *objects, unsigned n, pacs_buf_t *out, pacs_err_t *err)
{
    bool  xml = accept->media == PACS_MT_XML;
    int   rc = PACS_OK;

    op->reply.content_type = xml ? pacs_lit("application/dicom+xml")
                             : accept->media == PACS_MT_JSON
                             ? pacs_lit("application/json")
                             : pacs_lit("application/dicom+json");

    pacs_buf_text(out, xml ? "" : "[");
    for (unsigned i = 0; rc == PACS_OK && i < n; i++) {
        pacs_buf_text(out, i != 0 ? ",\n" : "");
        rc = write_model(op, accept, objects[i], out, err);
    }
    pacs_buf_text(out, xml ? "" : "]\n");
    return rc;
}


int
pacs_op_models(pacs_op_t *op, const pacs_accept_t *accept,
    const pacs_str_t *objects, unsigned n, pacs_err_t *err)
{
    bool        parts = accept->media == PACS_MT_MULTIPART_XML
                        || accept->media == PACS_MT_MULTIPART_JSON;
    pacs_buf_t  out = {
        .max = (size_t) pacs_service_limits(op->svc)->metadata
    };
    int         rc;

    /* RFC 2046 5.1.1 has no multipart without a part */
    if (parts && n == 0) {
        op->reply.status = 204;
        return PACS_OK;
    }

    rc = parts ? write_parts(op, accept, objects, n, &out, err)
               : write_list(op, accept, objects, n, &out, err);

    if (rc == PACS_OK && out.failed) {
        rc = pacs_fail(err, PACS_E_LIMIT, "an answer of more than %lld bytes "
                       "(limit metadata)", (long long) out.max);
    }
    if (rc != PACS_OK) {
        pacs_buf_free(&out);
        return rc;
    }
    return pacs_reply_memory(op, pacs_buf_take(&out, op->arena));
}
