/* SPDX-License-Identifier: BSD-2-Clause */

/* STOW-RS, PS3.18 10.5: each part goes down the one ingest path; what
 * fails costs that part only.  Metadata and bulk data (stow_model.c) become
 * instances when all parts are there. */

#include "service/stow.h"

struct pacs_stow_s {
    pacs_op_t         *op;
    pacs_route_t       route;
    pacs_multipart_t  *multipart;       /* NULL: one part without */
    pacs_store_t      *store;           /* the part that is coming in */
    pacs_models_t     *models;          /* NULL: no metadata, no bulk data */
    bool               of_model;        /* the part is */
    bool               bulk;            /* such parts may be bulk data */
    pacs_err_t         part;            /* what is wrong with it */
    pacs_err_t         body;            /* what is wrong with the body */
    pacs_results_t     results;
    pacs_upload_t     *upload;          /* PATCH of one, and nothing else */
};


static int
begin_model(pacs_stow_t *s, const pacs_part_head_t *head)
{
    int  rc = s->models != NULL ? PACS_OK
              : pacs_models_create(&s->results, &s->models, &s->part);

    s->of_model = rc == PACS_OK;
    return rc == PACS_OK ? pacs_models_begin(s->models, head, &s->part) : rc;
}


static int
begin_part(void *ctx, const pacs_part_head_t *head, pacs_err_t *err)
{
    pacs_stow_t *s = ctx;

    s->part = (pacs_err_t) { 0 };
    s->of_model = false;

    if (pacs_str_is(head->type, "application/dicom")) {
        pacs_store_begin(s->op->svc, &s->op->request.subject, s->route.study,
                         &s->store, &s->part);
        if (s->store != NULL && s->route.npi.len != 0) {
            pacs_store_npi(s->store, s->route.npi, s->route.instance);
        }

    } else if (s->bulk || pacs_models_takes(head->type)) {
        begin_model(s, head);

    } else {
        pacs_fail(&s->part, PACS_E_MEDIA, "a part %s%.*s: only "
                  "application/dicom, or metadata and bulk data of a request "
                  "of that type are stored",
                  head->type.len != 0 ? "of type " : "without Content-Type",
                  pacs_fmt(head->type));
    }
    return PACS_OK;
}


static int
part_data(void *ctx, const char *data, size_t len, pacs_err_t *err)
{
    pacs_stow_t *s = ctx;

    if (s->part.code != PACS_OK) {
        return PACS_OK;
    }
    if (s->of_model) {
        pacs_models_data(s->models, data, len, &s->part);
    } else if (s->store != NULL) {
        pacs_store_write(s->store, data, len, &s->part);
    }
    return PACS_OK;
}


static int
end_part(void *ctx, pacs_err_t *err)
{
    pacs_stow_t   *s = ctx;
    pacs_store_t  *store = s->store;

    if (s->of_model && s->part.code == PACS_OK) {
        return PACS_OK;                 /* has its result at the end */
    }

    /* also after a failed write: it says who the instance is */
    s->store = NULL;
    return pacs_results_add(&s->results, store, NULL, &s->part, err);
}


static const pacs_multipart_cb_t  callbacks = {
    begin_part, part_data, end_part
};


static int
open_body(pacs_stow_t *s, pacs_err_t *err)
{
    pacs_op_t         *op = s->op;
    pacs_str_t         part;
    pacs_part_head_t   head = { 0 };

    pacs_web_content_type(op->request.content_type, op->arena, &head.type,
                          &part);

    if (pacs_str_is(head.type, "application/dicom")
        || pacs_models_takes(head.type))
    {
        return begin_part(s, &head, err);
    }

    s->bulk = pacs_models_takes(part);

    return pacs_multipart_create(op->request.content_type, &callbacks, s,
                                 pacs_service_limits(op->svc), op->arena,
                                 &s->multipart, err);
}


static int
check_request(pacs_stow_t *s, pacs_err_t *err)
{
    pacs_op_t *op = s->op;
    int        rc = pacs_web_route(op->request.path,
                                   pacs_service_limits(op->svc), op->arena,
                                   &s->route, err);

    if (rc != PACS_OK) {
        return rc;
    }

    if (s->route.resource == PACS_R_UPLOAD) {
        return pacs_upload_begin(op, s->route.upload, &s->upload, err);
    }

    if (!(s->route.methods & PACS_POST)) {
        return pacs_fail(err, PACS_E_METHOD, "nothing is stored here: POST "
                         "to /studies or /studies/{study}");
    }

    rc = pacs_auth_check(&op->request.subject, PACS_MAY_STORE,
                         s->route.study, err);
    if (rc == PACS_OK) {
        rc = pacs_op_coding(op->request.content_encoding, err);
    }

    if (rc == PACS_OK) {
        rc = pacs_results_init(&s->results, op, &s->route, err);
    }

    return rc == PACS_OK ? open_body(s, err) : rc;
}


int
pacs_stow_begin(pacs_op_t *op, pacs_stow_t **stow)
{
    pacs_err_t   err = { 0 };
    pacs_stow_t *s = pacs_calloc(op->arena, 1, sizeof(*s));
    int          rc;

    *stow = s;

    if (s == NULL) {
        rc = pacs_fail(&err, PACS_E_NOMEM, "no memory for a request");

    } else {
        s->op = op;
        rc = check_request(s, &err);
    }

    if (err.code != PACS_OK) {
        pacs_op_fail(op, &err);
    }
    return rc;
}


static void
drop(pacs_stow_t *s)
{
    if (s->store != NULL) {
        pacs_store_abort(s->store);
        s->store = NULL;
    }
    if (s->models != NULL) {
        pacs_models_close(s->models);
        s->models = NULL;
    }
}


/* a body that breaks off or is malformed: what came before it stays */
static int
broken(pacs_stow_t *s)
{
    drop(s);

    if (s->results.first == NULL) {
        pacs_op_fail(s->op, &s->body);
    } else {
        pacs_stow_finish(s);
    }
    return s->body.code;
}


int
pacs_stow_feed(pacs_stow_t *s, const char *data, size_t len)
{
    if (s->upload != NULL) {
        if (pacs_upload_write(s->upload, data, len, &s->body) != PACS_OK) {
            pacs_op_fail(s->op, &s->body);
        }
        return s->body.code;
    }

    if (s->multipart == NULL) {
        return part_data(s, data, len, &s->body);
    }

    return pacs_multipart_feed(s->multipart, data, len, &s->body) == PACS_OK
           ? PACS_OK : broken(s);
}


void
pacs_stow_abort(pacs_stow_t *s)
{
    if (s != NULL) {
        pacs_upload_close(s->upload);
        drop(s);
        pacs_results_leave(&s->results);
    }
}


void
pacs_stow_finish(pacs_stow_t *s)
{
    if (s->upload != NULL) {
        if (pacs_upload_finish(s->upload, &s->body) != PACS_OK) {
            pacs_op_fail(s->op, &s->body);
        }
        return;
    }

    if (s->body.code == PACS_OK) {
        if (s->multipart == NULL) {
            end_part(s, &s->body);

        } else if (pacs_multipart_finish(s->multipart, &s->body) != PACS_OK) {
            broken(s);
            return;
        }
    }

    if (s->body.code == PACS_OK && s->models != NULL) {
        pacs_models_store(s->models, &s->body);
    }
    drop(s);
    pacs_results_settle(&s->results);

    if (s->results.first == NULL) {
        pacs_op_fail(s->op, &s->body);
    } else {
        pacs_results_reply(&s->results, &s->body);
    }
}
