/* SPDX-License-Identifier: BSD-2-Clause */

/* STOW-RS, PS3.18 10.5: each part goes down the one ingest path; what
 * fails costs that part only. */

#include <string.h>

#include "service/internal.h"

/* private creator and elements for the reason in words: PS3.18 has only a
 * number for it */
#define CREATOR  "ngx_pacs"

typedef struct result_s  result_t;

struct result_s {
    result_t      *next;
    pacs_late_t   *late;            /* NULL: nothing of it is stored */
    pacs_stored_t  stored;
    pacs_err_t     err;
};

struct pacs_stow_s {
    pacs_op_t         *op;
    pacs_route_t       route;
    pacs_multipart_t  *multipart;       /* NULL: one application/dicom body */
    pacs_store_t      *store;           /* the part that is coming in */
    pacs_err_t         part;            /* what is wrong with it */
    pacs_err_t         body;            /* what is wrong with the body */
    pacs_beside_t     *beside;
    result_t          *results, **tail;
    unsigned           good, bad;       /* when all are done */
};


static int
begin_part(void *ctx, pacs_str_t type, pacs_str_t location, pacs_err_t *err)
{
    pacs_stow_t *s = ctx;

    s->part = (pacs_err_t) { 0 };

    if (!pacs_str_is(type, "application/dicom")) {
        pacs_fail(&s->part, PACS_E_MEDIA, "a part %s%.*s: only "
                  "application/dicom is stored",
                  type.len != 0 ? "of type " : "without Content-Type",
                  pacs_fmt(type));
        return PACS_OK;
    }

    pacs_store_begin(s->op->svc, &s->op->request.subject, s->route.study,
                     &s->store, &s->part);
    return PACS_OK;
}


static int
part_data(void *ctx, const char *data, size_t len, pacs_err_t *err)
{
    pacs_stow_t *s = ctx;

    if (s->store != NULL && s->part.code == PACS_OK) {
        pacs_store_write(s->store, data, len, &s->part);
    }
    return PACS_OK;
}


static int
end_part(void *ctx, pacs_err_t *err)
{
    pacs_stow_t  *s = ctx;
    result_t     *r = pacs_calloc(s->op->arena, 1, sizeof(*r));
    pacs_late_t  *late = NULL;

    /* also after a failed write: it says who the instance is */
    if (s->store != NULL) {
        late = pacs_beside_add(s->op->svc, &s->beside, s->store);
        s->store = NULL;
        if (late == NULL) {
            pacs_fail(&s->part, PACS_E_NOMEM, "no memory for an instance");
        }
    }

    if (r == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a result");
    }

    r->late = late;
    r->err = s->part;
    *s->tail = r;
    s->tail = &r->next;
    return PACS_OK;
}


/* what became of all parts */
static void
settle(pacs_stow_t *s)
{
    pacs_beside_wait(s->beside);

    for (result_t *r = s->results; r != NULL; r = r->next) {
        if (r->late != NULL) {
            r->stored = r->late->stored;
            r->err = r->err.code != PACS_OK ? r->err : r->late->err;
        }
        s->good += r->err.code == PACS_OK;
        s->bad += r->err.code != PACS_OK;
    }

    pacs_beside_leave(s->beside);
    s->beside = NULL;
}


static const pacs_multipart_cb_t  callbacks = {
    begin_part, part_data, end_part
};


static int
open_body(pacs_stow_t *s, pacs_err_t *err)
{
    pacs_op_t   *op = s->op;
    pacs_str_t   rest = op->request.content_type, type;

    if (pacs_str_split(&rest, ';', &type)
        && pacs_str_is(pacs_str_trim(type), "application/dicom"))
    {
        return begin_part(s, pacs_lit("application/dicom"), pacs_null, err);
    }

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

    if (!(s->route.methods & PACS_POST)) {
        return pacs_fail(err, PACS_E_METHOD, "nothing is stored here: POST "
                         "to /studies or /studies/{study}");
    }

    rc = pacs_auth_check(&op->request.subject, PACS_MAY_STORE,
                         s->route.study, err);
    if (rc == PACS_OK) {
        rc = pacs_op_coding(op->request.content_encoding, err);
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
        s->tail = &s->results;
        rc = check_request(s, &err);
    }

    if (rc != PACS_OK) {
        pacs_op_fail(op, &err);
    }
    return rc;
}


/* a body that breaks off or is malformed: what came before it stays */
static int
broken(pacs_stow_t *s)
{
    if (s->store != NULL) {
        pacs_store_abort(s->store);
        s->store = NULL;
    }

    if (s->results == NULL) {
        pacs_op_fail(s->op, &s->body);
    } else {
        pacs_stow_finish(s);
    }
    return s->body.code;
}


int
pacs_stow_feed(pacs_stow_t *s, const char *data, size_t len)
{
    if (s->multipart == NULL) {
        return part_data(s, data, len, &s->body);
    }

    return pacs_multipart_feed(s->multipart, data, len, &s->body) == PACS_OK
           ? PACS_OK : broken(s);
}


void
pacs_stow_abort(pacs_stow_t *s)
{
    if (s == NULL) {
        return;
    }
    if (s->store != NULL) {
        pacs_store_abort(s->store);
        s->store = NULL;
    }
    pacs_beside_leave(s->beside);
    s->beside = NULL;
}


/* --- the answer, PS3.18 tables 10.5.3-1 to -3 --- */

static void
write_good(pacs_op_t *op, pacs_buf_t *b, const pacs_stored_t *r)
{
    pacs_str_t  url = pacs_op_url(op, true, pacs_cstr(r->study),
                                  pacs_cstr(r->series),
                                  pacs_cstr(r->instance));

    pacs_json_attr(b, 0x00081150, PACS_UI, pacs_cstr(r->class_uid));
    pacs_buf_char(b, ',');
    pacs_json_attr(b, 0x00081155, PACS_UI, pacs_cstr(r->instance));
    pacs_buf_char(b, ',');
    pacs_json_attr(b, 0x00081190, PACS_UR, url);
}


static void
write_bad(pacs_buf_t *b, const result_t *r)
{
    if (r->stored.instance[0] != '\0') {
        pacs_json_attr(b, 0x00081150, PACS_UI, pacs_cstr(r->stored.class_uid));
        pacs_buf_char(b, ',');
        pacs_json_attr(b, 0x00081155, PACS_UI, pacs_cstr(r->stored.instance));
        pacs_buf_char(b, ',');
    }

    pacs_buf_printf(b, "\"00081197\":{\"vr\":\"US\",\"Value\":[%u]},",
                    pacs_codes[r->err.code].failure);
    pacs_json_attr(b, 0x00090010, PACS_LO, pacs_lit(CREATOR));
    pacs_buf_text(b, ",\"00091001\":{\"vr\":\"LT\",\"Value\":[");
    pacs_buf_json(b, pacs_cstr(r->err.text));
    pacs_buf_text(b, "]}");
}


typedef enum { STORED, FAILED, OTHER } list_e;


static list_e
list_of(const result_t *r)
{
    return r->err.code == PACS_OK ? STORED
           : r->stored.instance[0] != '\0' ? FAILED : OTHER;
}


static void
write_list(pacs_stow_t *s, pacs_buf_t *b, list_e which, bool *first)
{
    static const char *const  tags[] = { "00081199", "00081198", "0008119A" };
    unsigned                  n = 0;

    for (const result_t *r = s->results; r != NULL; r = r->next) {
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
            write_bad(b, r);
        }
        pacs_buf_char(b, '}');
    }

    if (n != 0) {
        pacs_buf_text(b, "]}");
    }
}


/* nothing stored: 409, unless the store itself is the reason */
static unsigned
status_of(const pacs_stow_t *s)
{
    if (s->bad == 0) {
        return 200;
    }
    if (s->good != 0) {
        return 202;
    }

    for (const result_t *r = s->results; r != NULL; r = r->next) {
        unsigned  http = pacs_codes[r->err.code].http;

        if (http < 500 && http != 403 && http != 415) {
            return 409;
        }
    }

    return pacs_codes[s->results->err.code].http;
}


static pacs_str_t
study_url(pacs_stow_t *s)
{
    const char *study = NULL;

    for (const result_t *r = s->results; r != NULL; r = r->next) {
        if (r->err.code != PACS_OK) {
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


static void
write_reply(pacs_stow_t *s)
{
    pacs_op_t  *op = s->op;
    pacs_buf_t  b = { 0 };
    pacs_str_t  url = study_url(s);
    bool        first = true;

    op->reply = (pacs_reply_t) {
        .status = status_of(s),
        .content_type = pacs_lit("application/dicom+json")
    };

    pacs_buf_char(&b, '{');

    for (list_e k = FAILED; ; k = k == FAILED ? STORED : OTHER) {
        write_list(s, &b, k, &first);

        if (k == FAILED && url.len != 0) {
            pacs_buf_text(&b, first ? "" : ",");
            pacs_json_attr(&b, 0x00081190, PACS_UR, url);
            first = false;
        }
        if (k == OTHER) {
            break;
        }
    }

    pacs_buf_text(&b, "}\n");

    if (pacs_reply_memory(op, pacs_buf_take(&b, op->arena)) != PACS_OK) {
        pacs_op_fail(op, &(pacs_err_t) { PACS_E_NOMEM, "out of memory" });
    }

    if (op->reply.status == 503) {
        pacs_reply_header(op, "Retry-After", pacs_lit("1"));
    }

    if (s->body.code != PACS_OK) {
        pacs_reply_warning(op, "The body was not read to its end: %s",
                           s->body.text);
    }
}


void
pacs_stow_finish(pacs_stow_t *s)
{
    if (s->body.code == PACS_OK) {
        if (s->multipart == NULL) {
            end_part(s, &s->body);

        } else if (pacs_multipart_finish(s->multipart, &s->body) != PACS_OK) {
            broken(s);
            return;
        }
    }

    settle(s);
    if (s->body.code != PACS_OK) {
        s->bad++;           /* never a plain success */
    }

    if (s->results == NULL) {
        pacs_op_fail(s->op, &s->body);
    } else {
        write_reply(s);
    }
}
