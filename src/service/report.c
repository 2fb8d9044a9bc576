/* SPDX-License-Identifier: BSD-2-Clause */

/* What is rendered and no picture, PS3.18 8.7.4: a structured report as a
 * page, and an encapsulated document (PS3.3 A.45) as it is. */

#include <string.h>

#include "service/send.h"

#define REPORTS    "1.2.840.10008.5.1.4.1.1.88."
#define DOCUMENTS  "1.2.840.10008.5.1.4.1.1.104."

enum { TEXT_MAX = 1 << 20 };    /* bytes of one text of a report */


bool
pacs_report_is(pacs_str_t class_uid)
{
    return pacs_str_starts(class_uid, REPORTS)
           || pacs_str_starts(class_uid, DOCUMENTS);
}


static int
choose(const pacs_accept_t *choices, unsigned n, pacs_str_t type,
    pacs_err_t *err)
{
    for (unsigned i = 0; i < n; i++) {
        if (choices[i].media == PACS_MT_DOCUMENT
            && pacs_str_eq(choices[i].is, type))
        {
            return PACS_OK;
        }
    }
    return pacs_fail(err, PACS_E_ACCEPT, "no picture: it is there as %.*s",
                     type.len > 80 ? 80 : (int) type.len, type.data);
}


/* nothing that came from outside may run in the archive's name */
static int
lock(pacs_op_t *op, const char *policy)
{
    return pacs_reply_header(op, "Content-Security-Policy",
                             pacs_cstr(policy));
}


static int
report(pacs_op_t *op, const pacs_dataset_t *ds, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_buf_t           b = { .max = (size_t) limits->metadata };
    int                  rc = pacs_web_report(ds, limits, op->arena, &b, err);

    if (rc != PACS_OK) {
        pacs_buf_free(&b);
        return rc;
    }

    op->reply.content_type = pacs_lit("text/html; charset=utf-8");
    rc = lock(op, "default-src 'none'; style-src '" PACS_WEB_REPORT_STYLE
                  "'; sandbox");
    return rc == PACS_OK
           ? pacs_reply_memory(op, pacs_buf_take(&b, op->arena)) : rc;
}


/* MIME Type of Encapsulated Document (0042,0012), "text/XML" too */
static pacs_str_t
type_of(pacs_op_t *op, const pacs_dataset_t *ds)
{
    pacs_str_t  raw = pacs_elem_raw(ds->root, 0x00420012);
    char       *s = pacs_strdup(op->arena, raw);

    for (char *p = s; p != NULL && *p != '\0'; p++) {
        *p = *p >= 'A' && *p <= 'Z' ? (char) (*p | 0x20) : *p;
    }
    return s == NULL ? pacs_null : (pacs_str_t) { s, raw.len };
}


static int
document(pacs_op_t *op, const pacs_image_t *im, const pacs_dataset_t *ds,
    pacs_str_t type, pacs_err_t *err)
{
    const pacs_elem_t *e = pacs_elem(ds->root, 0x00420011);
    pacs_part_t       *part = pacs_reply_parts(op, 1);
    int64_t            length;
    int                rc;

    if (part == NULL) {
        return PACS_E_NOMEM;
    }
    if (e == NULL || e->length == 0 || e->vr == PACS_SQ) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "an encapsulated document without a document");
    }

    rc = pacs_bulk_value(op, im->file, ds, e, im->blob.path, part, err);
    if (rc != PACS_OK) {
        return rc;
    }

    /* without the byte that made it even: Encapsulated Document Length */
    if (pacs_elem_int(ds->root, 0x00420015, 0, &length)
        && length == (int64_t) e->length - 1)
    {
        part->length--;
    }

    op->reply.content_type = type;
    op->reply.ranges = true;
    pacs_reply_length(op);

    return pacs_str_is(type, "application/pdf")
           ? PACS_OK : lock(op, "default-src 'none'; sandbox");
}


int
pacs_report(pacs_op_t *op, const pacs_image_t *im,
    const pacs_accept_t *choices, unsigned n, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_dataset_t      *ds = pacs_calloc(op->arena, 1, sizeof(*ds));
    bool                 is_report = pacs_str_starts(im->record.class_uid,
                                                     REPORTS);
    pacs_str_t           type;
    int                  rc;

    if (ds == NULL) {
        return PACS_E_NOMEM;
    }

    rc = pacs_dicom_read(im->file, limits, is_report ? TEXT_MAX : PACS_KEEP,
                         op->arena, ds, err);
    if (rc != PACS_OK) {
        return rc;
    }

    type = is_report ? pacs_lit("text/html") : type_of(op, ds);
    rc = choose(choices, n, type, err);

    return rc != PACS_OK ? rc
           : is_report ? report(op, ds, err)
           : document(op, im, ds, type, err);
}
