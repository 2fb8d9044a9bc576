/* SPDX-License-Identifier: BSD-2-Clause */

/* What STOW-RS answers: status, PS3.18 table 10.5.3-1, and the Store
 * Instances Response Module, annex I, as JSON or XML. */

#include <string.h>

#include "service/npi.h"
#include "service/stow.h"

/* private creator and elements for the reason in words: PS3.18 has only a
 * number for it */
#define CREATOR  "ngx_pacs"


int
pacs_results_init(pacs_results_t *r, pacs_op_t *op,
    const pacs_route_t *route, pacs_err_t *err)
{
    pacs_accept_t  best;
    unsigned       n;
    int            rc;

    *r = (pacs_results_t) {
        .op = op, .study = route->study, .npi = route->npi,
        .npi_uid = route->instance
    };
    r->tail = &r->first;

    rc = pacs_web_accept(PACS_R_STORED, op->request.accept, pacs_null,
                         op->arena, &best, 1, &n, err);
    r->xml = rc == PACS_OK && best.media == PACS_MT_XML;
    return rc;
}


int
pacs_results_add(pacs_results_t *r, pacs_store_t *store,
    const pacs_stored_t *who, const pacs_err_t *result, pacs_err_t *err)
{
    pacs_result_t  *one = pacs_calloc(r->op->arena, 1, sizeof(*one));
    pacs_late_t    *late = NULL;
    pacs_err_t      own = *result;

    if (store != NULL) {
        late = pacs_beside_add(r->op->svc, &r->beside, store);
        if (late == NULL) {
            pacs_fail(&own, PACS_E_NOMEM, "no memory for an instance");
        }
    }
    if (one == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a result");
    }

    one->late = late;
    one->err = own;
    if (who != NULL) {
        one->stored = *who;
    }
    *r->tail = one;
    r->tail = &one->next;
    return PACS_OK;
}


void
pacs_results_settle(pacs_results_t *s)
{
    pacs_beside_wait(s->beside);

    for (pacs_result_t *r = s->first; r != NULL; r = r->next) {
        if (r->late != NULL) {
            r->stored = r->late->stored;
            r->err = r->err.code != PACS_OK ? r->err : r->late->err;
            r->late = NULL;
        }
        s->good += r->err.code == PACS_OK;
        s->bad += r->err.code != PACS_OK;
    }

    pacs_results_leave(s);
}


void
pacs_results_leave(pacs_results_t *r)
{
    pacs_beside_leave(r->beside);
    r->beside = NULL;
}


/* --- PS3.18 tables I.2-1 to I.2-3 --- */

static void
write_good(pacs_op_t *op, pacs_buf_t *b, const pacs_stored_t *r)
{
    const pacs_npi_t  *npi = pacs_npi_of_class(pacs_cstr(r->class_uid));
    pacs_str_t         url = npi != NULL
        ? pacs_sprintf(op->arena, "%.*s%.*s/%s/%s",
                       pacs_fmt(op->request.origin),
                       pacs_fmt(op->request.prefix), npi->name, r->instance)
        : pacs_op_url(op, true, pacs_cstr(r->study), pacs_cstr(r->series),
                      pacs_cstr(r->instance));

    pacs_json_attr(b, 0x00081150, PACS_UI, pacs_cstr(r->class_uid));
    pacs_buf_char(b, ',');
    pacs_json_attr(b, 0x00081155, PACS_UI, pacs_cstr(r->instance));
    pacs_buf_char(b, ',');
    pacs_json_attr(b, 0x00081190, PACS_UR, url);
}


/* Failure Reason; A901 for a study that is not the one of the path */
static unsigned
failure_of(const pacs_results_t *s, const pacs_result_t *r)
{
    return r->err.code == PACS_E_IDENT && s->study.len != 0
           && r->stored.study[0] != '\0'
           && !pacs_str_is(s->study, r->stored.study)
           ? 0xA901 : pacs_codes[r->err.code].failure;
}


static void
write_bad(const pacs_results_t *s, pacs_buf_t *b, const pacs_result_t *r)
{
    if (r->stored.instance[0] != '\0') {
        pacs_json_attr(b, 0x00081150, PACS_UI, pacs_cstr(r->stored.class_uid));
        pacs_buf_char(b, ',');
        pacs_json_attr(b, 0x00081155, PACS_UI, pacs_cstr(r->stored.instance));
        pacs_buf_char(b, ',');
    }

    pacs_buf_printf(b, "\"00081197\":{\"vr\":\"US\",\"Value\":[%u]},",
                    failure_of(s, r));
    pacs_json_attr(b, 0x00090010, PACS_LO, pacs_lit(CREATOR));
    pacs_buf_text(b, ",\"00091001\":{\"vr\":\"LT\",\"Value\":[");
    pacs_buf_json(b, pacs_cstr(r->err.text));
    pacs_buf_text(b, "]}");
}


typedef enum { STORED, FAILED, OTHER } list_e;


static list_e
list_of(const pacs_result_t *r)
{
    return r->err.code == PACS_OK ? STORED
           : r->stored.instance[0] != '\0' ? FAILED : OTHER;
}


static void
write_list(pacs_results_t *s, pacs_buf_t *b, list_e which, bool *first)
{
    static const char *const  tags[] = { "00081199", "00081198", "0008119A" };
    unsigned                  n = 0;

    for (const pacs_result_t *r = s->first; r != NULL; r = r->next) {
        if (list_of(r) != which) {
            continue;
        }

        if (n++ == 0) {
            pacs_buf_printf(b, "%s\"%s\":{\"vr\":\"SQ\",\"Value\":[",
                            *first ? "" : ",", tags[which]);
            *first = false;
        } else {
            pacs_buf_char(b, ',');
        }

        pacs_buf_char(b, '{');
        if (which == STORED) {
            write_good(s->op, b, &r->stored);
        } else {
            write_bad(s, b, r);
        }
        pacs_buf_char(b, '}');
    }

    if (n != 0) {
        pacs_buf_text(b, "]}");
    }
}


/* over a limit of data sets: that is no Content Too Large */
static unsigned
http_of(const pacs_result_t *r)
{
    return r->err.code == PACS_E_LIMIT ? 409 : pacs_codes[r->err.code].http;
}


/* nothing stored: what all failed of, or 409 for a mixture of reasons.  Two
 * reasons that are the server's are one */
static unsigned
status_of(const pacs_results_t *s)
{
    if (s->bad == 0 && s->unused == 0) {
        return 200;
    }
    if (s->good != 0) {
        return 202;
    }

    unsigned  first = http_of(s->first);

    for (const pacs_result_t *r = s->first; r != NULL; r = r->next) {
        unsigned  http = http_of(r);

        if (http != first && (http < 500 || first < 500)) {
            return 409;
        }
    }
    return first;
}


static pacs_str_t
study_url(pacs_results_t *s)
{
    const char *study = NULL;

    for (const pacs_result_t *r = s->first; r != NULL; r = r->next) {
        if (r->err.code != PACS_OK || r->stored.study[0] == '\0') {
            continue;
        }
        if (study != NULL && strcmp(study, r->stored.study) != 0) {
            return pacs_null;
        }
        study = r->stored.study;
    }

    return study == NULL
           ? pacs_null
           : pacs_op_url(s->op, true, pacs_cstr(study), pacs_null, pacs_null);
}


static int
keep_xml(void *ctx, pacs_str_t xml, pacs_err_t *err)
{
    pacs_buf_str(ctx, xml);
    return PACS_OK;
}


static int
write_module(pacs_results_t *s, pacs_str_t *out, pacs_err_t *err)
{
    pacs_op_t   *op = s->op;
    pacs_buf_t   b = { 0 }, xml = { 0 };
    pacs_str_t   url = study_url(s);
    bool         first = true;

    pacs_buf_char(&b, '{');
    write_list(s, &b, FAILED, &first);
    if (url.len != 0) {
        pacs_buf_text(&b, first ? "" : ",");
        pacs_json_attr(&b, 0x00081190, PACS_UR, url);
        first = false;
    }
    write_list(s, &b, STORED, &first);
    write_list(s, &b, OTHER, &first);
    pacs_buf_text(&b, "}\n");

    *out = pacs_buf_take(&b, op->arena);

    if (s->xml && out->data != NULL) {
        int  rc = pacs_xml_from_json(*out, pacs_service_limits(op->svc),
                                     keep_xml, &xml, err);

        *out = pacs_buf_take(&xml, op->arena);
        return rc;
    }
    return out->data != NULL ? PACS_OK
           : pacs_fail(err, PACS_E_NOMEM, "out of memory");
}


void
pacs_results_reply(pacs_results_t *s, const pacs_err_t *body)
{
    pacs_op_t   *op = s->op;
    pacs_err_t   err = { 0 };
    pacs_str_t   text;

    if (body->code != PACS_OK) {
        s->bad++;           /* never a plain success */
    }

    op->reply = (pacs_reply_t) {
        .status = status_of(s),
        .content_type = s->xml ? pacs_lit("application/dicom+xml")
                               : pacs_lit("application/dicom+json")
    };

    if (write_module(s, &text, &err) != PACS_OK
        || pacs_reply_memory(op, text) != PACS_OK)
    {
        pacs_fail(&err, PACS_E_NOMEM, "out of memory");
        pacs_op_fail(op, &err);
    }

    if (op->reply.status == 503) {
        pacs_reply_header(op, "Retry-After", pacs_lit("1"));
    }
    if (s->unused != 0) {
        pacs_reply_warning(op, "%u parts of bulk data, to whose Content-"
                           "Location no BulkDataURI leads, were not stored",
                           s->unused);
    }
    if (body->code != PACS_OK) {
        pacs_reply_warning(op, "The body was not read to its end: %s",
                           body->text);
    }
}
