/* SPDX-License-Identifier: BSD-2-Clause */

/* From a request to its operation: route, method, parameters, dispatch. */

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "service/internal.h"

enum { READ = PACS_GET | PACS_HEAD, FORM = READ | PACS_POST };

/* what is streamed (STOW) has no row: see pacs_stow_begin */
typedef struct {
    pacs_resource_e  resource;
    unsigned         methods;
    pacs_op_pt       run;
    pacs_action_e    action;
} row_t;

static const row_t  rows[] = {
    { PACS_R_SERVICE,    PACS_OPTIONS, pacs_op_capabilities, PACS_MAY_QUERY },
    { PACS_R_CONFORMANCE, READ, pacs_op_conformance, PACS_MAY_QUERY },
    { PACS_R_SESSION,    READ, pacs_op_session,  PACS_MAY_RETRIEVE },
    { PACS_R_OPENING,    READ, pacs_op_opening,  PACS_MAY_RETRIEVE },
    { PACS_R_PATIENTS,   READ, pacs_op_search,   PACS_MAY_QUERY },
    { PACS_R_STUDIES,    READ, pacs_op_search,   PACS_MAY_QUERY },
    { PACS_R_SERIES,     READ, pacs_op_search,   PACS_MAY_QUERY },
    { PACS_R_INSTANCES,  READ, pacs_op_search,   PACS_MAY_QUERY },
    { PACS_R_OBJECT,     READ, pacs_op_object,   PACS_MAY_RETRIEVE },
    { PACS_R_OBJECT,     PACS_DELETE, pacs_op_delete, PACS_MAY_DELETE },
    { PACS_R_METADATA,   READ, pacs_op_metadata, PACS_MAY_RETRIEVE },
    { PACS_R_FRAMES,     READ, pacs_op_frames,   PACS_MAY_RETRIEVE },
    { PACS_R_BULKDATA,   READ, pacs_op_bulkdata, PACS_MAY_RETRIEVE },
    { PACS_R_BULK,       READ, pacs_op_bulk,     PACS_MAY_RETRIEVE },
    { PACS_R_PIXELDATA,  READ, pacs_op_bulk,     PACS_MAY_RETRIEVE },
    { PACS_R_WADO,       READ, pacs_op_picture,  PACS_MAY_RETRIEVE },
    { PACS_R_RENDERED,   READ, pacs_op_picture,  PACS_MAY_RETRIEVE },
    { PACS_R_THUMBNAIL,  READ, pacs_op_picture,  PACS_MAY_RETRIEVE },
    { PACS_R_VALUES,     FORM, pacs_op_values,   PACS_MAY_RETRIEVE },
    { PACS_R_PLANE,      FORM, pacs_op_volume,   PACS_MAY_RETRIEVE },
    { PACS_R_MPR,        FORM, pacs_op_volume,   PACS_MAY_RETRIEVE },
    { PACS_R_VOLUME,     FORM, pacs_op_volume,   PACS_MAY_RETRIEVE },
    { PACS_R_WORKITEMS,  READ, pacs_op_documents, PACS_MAY_QUERY },
    { PACS_R_WORKITEMS,  PACS_POST, pacs_op_ups_create, PACS_MAY_STORE },
    { PACS_R_WORKITEM,   READ, pacs_op_ups_get,  PACS_MAY_RETRIEVE },
    { PACS_R_WORKITEM,   PACS_POST, pacs_op_ups_update, PACS_MAY_STORE },
    { PACS_R_WORKITEM_STATE, PACS_PUT, pacs_op_ups_state, PACS_MAY_STORE },
    { PACS_R_WORKITEM_CANCEL, PACS_POST, pacs_op_ups_cancel, PACS_MAY_STORE },
    { PACS_R_SUBSCRIPTION, PACS_POST, pacs_op_subscribe, PACS_MAY_QUERY },
    { PACS_R_SUBSCRIPTION, PACS_DELETE, pacs_op_unsubscribe, PACS_MAY_QUERY },
    { PACS_R_SUSPENSION, PACS_POST, pacs_op_suspend, PACS_MAY_QUERY },
    { PACS_R_NOTIFICATIONS, READ, pacs_op_notifications, PACS_MAY_QUERY },
    { PACS_R_COMMITMENT, READ, pacs_op_commit_result, PACS_MAY_QUERY },
    { PACS_R_COMMITMENT, PACS_POST, pacs_op_commit_request, PACS_MAY_QUERY },
    { PACS_R_SCHEDULED,  READ, pacs_op_documents, PACS_MAY_QUERY },
    { PACS_R_PERFORMED,  READ, pacs_op_mpps_get, PACS_MAY_RETRIEVE },
    { PACS_R_PERFORMED,  PACS_POST, pacs_op_mpps_post, PACS_MAY_STORE },
    { PACS_R_NPIS,       READ, pacs_op_documents, PACS_MAY_QUERY },
    { PACS_R_NPI,        READ, pacs_op_npi,      PACS_MAY_RETRIEVE },
    { PACS_R_UPLOADS,    PACS_POST, pacs_op_upload_new, PACS_MAY_STORE },
    { PACS_R_UPLOAD,     PACS_HEAD | PACS_DELETE, pacs_op_upload,
                                                 PACS_MAY_STORE }
};


/* RFC 9110 15.5.16: 415 also for a coding that is not undone here */
int
pacs_op_coding(pacs_str_t coding, pacs_err_t *err)
{
    return coding.len == 0
           || (coding.len == 8 && strncasecmp(coding.data, "identity", 8) == 0)
           ? PACS_OK
           : pacs_fail(err, PACS_E_MEDIA, "Content-Encoding %.*s: bodies are "
                       "taken as they are only",
                       coding.len > 80 ? 80 : (int) coding.len, coding.data);
}


unsigned
pacs_op_methods(const pacs_op_t *op, pacs_resource_e resource,
    unsigned methods)
{
    return resource == PACS_R_OBJECT && !op->svc->options.deletes
           ? methods & ~(unsigned) PACS_DELETE : methods;
}


/* PACS_E_METHOD: the reply stands: a 405, or what OPTIONS asks */
static int
check_method(pacs_op_t *op, const pacs_route_t *route, pacs_err_t *err)
{
    const char *name;
    unsigned    bit, methods = pacs_op_methods(op, route->resource,
                                               route->methods);
    pacs_buf_t  b = { 0 };

    if ((op->request.method & methods)
        && (op->request.method != PACS_OPTIONS
            || route->resource == PACS_R_SERVICE))
    {
        return PACS_OK;
    }

    for (unsigned i = 0; (name = pacs_web_method(i, &bit)) != NULL; i++) {
        if (methods & bit) {
            pacs_buf_printf(&b, "%s%s", b.len ? ", " : "", name);
        }
    }

    pacs_str_t  allow = pacs_buf_take(&b, op->arena);

    if (op->request.method == PACS_OPTIONS) {
        op->reply = (pacs_reply_t) { .status = 204 };
        if (route->resource == PACS_R_UPLOADS
            || route->resource == PACS_R_UPLOAD)
        {
            pacs_reply_header(op, "Tus-Resumable", pacs_lit("1.0.0"));
            pacs_reply_header(op, "Tus-Version", pacs_lit("1.0.0"));
            pacs_reply_header(op, "Tus-Extension",
                              pacs_lit("creation,expiration,termination"));
            pacs_reply_header(op, "Tus-Max-Size", pacs_sprintf(op->arena,
                "%lld", (long long) op->svc->options.limits.instance));
        }
        return pacs_reply_header(op, "Allow", allow) == PACS_OK
               ? PACS_E_METHOD : PACS_E_NOMEM;
    }

    pacs_fail(err, PACS_E_METHOD, "this resource answers to %.*s",
              pacs_fmt(allow));
    pacs_op_fail(op, err);
    return pacs_reply_header(op, "Allow", allow) == PACS_OK
           ? PACS_E_METHOD : PACS_E_NOMEM;
}


/* what was parsed: later runs of a waiting operation find it here */
typedef struct {
    const row_t   *row;
    pacs_route_t   route;
    pacs_param_t  *params;
    unsigned       nparams;
} parsed_t;


/* for what is too long for a URL: the form's fields join its parameters.  In
 * a form a blank is a '+' */
static int
join_form(pacs_op_t *op, pacs_err_t *err)
{
    static const char  form[] = "application/x-www-form-urlencoded";
    pacs_request_t    *q = &op->request;
    pacs_str_t         rest = q->content_type, type = pacs_null;

    (void) pacs_str_split(&rest, ';', &type);
    type = pacs_str_trim(type);
    if (type.len != sizeof(form) - 1
        || strncasecmp(type.data, form, type.len) != 0)
    {
        return pacs_fail(err, PACS_E_MEDIA, "parameters in a body are %s",
                         form);
    }

    size_t  n = q->args.len;
    char   *p = pacs_alloc(op->arena, n + 1 + q->body.len);

    if (p == NULL) {
        return PACS_E_NOMEM;
    }
    if (n != 0) {
        memcpy(p, q->args.data, n);
    }
    p[n++] = '&';
    for (size_t i = 0; i < q->body.len; i++) {
        p[n++] = q->body.data[i] == '+' ? ' ' : q->body.data[i];
    }

    q->args = (pacs_str_t) { p, n };
    q->if_none_match = pacs_null;
    return PACS_OK;
}


static const row_t *
find_row(pacs_resource_e resource, unsigned method)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].resource == resource && (rows[i].methods & method)) {
            return &rows[i];
        }
    }

    return NULL;
}


/* the URI service means a resource of the other one */
static int
as_resource(pacs_op_t *op, parsed_t *p, pacs_err_t *err)
{
    pacs_wado_t *w = pacs_calloc(op->arena, 1, sizeof(*w));
    int          rc;

    if (w == NULL) {
        return PACS_E_NOMEM;
    }

    rc = pacs_web_wado(p->params, p->nparams, op->request.accept,
                       pacs_service_limits(op->svc), op->arena, w, err);
    p->route = w->route;
    p->row = rc == PACS_OK ? find_row(w->route.resource, PACS_GET) : p->row;
    p->params = w->params;
    p->nparams = w->nparams;
    op->request.accept = w->accept;
    op->anonymize = w->anonymize;
    return rc;
}


/* PACS_OK: go on; *answered: the reply stands already */
static int
first_run(pacs_op_t *op, bool *answered, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    parsed_t            *p = pacs_calloc(op->arena, 1, sizeof(*p));
    int                  rc;

    *answered = false;

    if (p == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a request");
    }

    if ((rc = pacs_web_route(op->request.path, limits, op->arena, &p->route,
                             err)) != PACS_OK)
    {
        return rc;
    }

    if ((rc = check_method(op, &p->route, err)) == PACS_E_METHOD) {
        *answered = true;
        return PACS_OK;
    }

    p->row = find_row(p->route.resource, op->request.method);
    op->parsed = p;
    op->reply.status = 200;

    if (rc == PACS_OK && p->row == NULL) {
        return pacs_fail(err, PACS_E_INTERNAL, "this is a streamed request");
    }
    if (rc == PACS_OK && op->request.body.len != 0) {
        rc = pacs_op_coding(op->request.content_encoding, err);
    }
    if (rc == PACS_OK && op->request.method == PACS_POST
        && p->row->methods == FORM)
    {
        rc = join_form(op, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_web_params(op->request.args, limits, op->arena, &p->params,
                             &p->nparams, err);
    }
    if (rc == PACS_OK && p->route.resource == PACS_R_WADO) {
        rc = as_resource(op, p, err);
    }

    return rc != PACS_OK
           ? rc
           : pacs_auth_check(&op->request.subject, p->row->action,
                             p->route.study, err);
}


/* of pictures and numbers; the other resources refuse what they do not know,
 * or have no parameters of their own */
static int
warn_of_unknown(pacs_op_t *op, const parsed_t *p)
{
    if (p->route.resource < PACS_R_RENDERED
        || p->route.resource > PACS_R_VOLUME || op->reply.status >= 300)
    {
        return PACS_OK;
    }

    pacs_str_t  names = pacs_web_unknown(p->route.resource, p->params,
                                         p->nparams, op->arena);

    return names.data == NULL ? PACS_E_NOMEM
           : names.len == 0 ? PACS_OK
           : pacs_reply_warning(op, "parameters that are not known here were "
                                "left aside: %.*s", pacs_fmt(names));
}


/* DESIGN 4, browser cache: always asked again, by ETag, but for rev= */
static pacs_str_t
cache_control(pacs_op_t *op)
{
    parsed_t  *p = op->parsed;

    if (op->request.tus_resumable.len != 0) {
        return pacs_lit("no-store");
    }

    return p != NULL && pacs_session_is_current(op, &p->route, p->params,
                                                p->nparams)
           ? pacs_lit("private, max-age=31536000, immutable")
           : pacs_lit("private, no-cache");
}


int
pacs_op_run(pacs_op_t *op)
{
    pacs_err_t  err = { 0 };
    bool        answered = false;
    int         rc = PACS_OK;

    op->want = PACS_WANT_NONE;

    if (op->parsed == NULL) {
        rc = first_run(op, &answered, &err);
    }

    if (rc == PACS_OK && !answered) {
        parsed_t *p = op->parsed;

        rc = p->row->run(op, &p->route, p->params, p->nparams, &err);
        if (rc == PACS_OK) {
            rc = warn_of_unknown(op, p);
        }
    }

    if (rc == PACS_AGAIN) {
        return PACS_AGAIN;
    }

    if (rc != PACS_OK) {
        pacs_fail(&err, rc, "out of memory");
        pacs_op_fail(op, &err);
    }

    pacs_reply_header(op, "Cache-Control", cache_control(op));
    pacs_reply_header(op, "Vary", pacs_lit("Accept, Accept-Encoding"));

    return PACS_OK;
}


int
pacs_op_accept(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_accept_t *choices,
    unsigned max, unsigned *n, pacs_err_t *err)
{
    pacs_str_t  parameter = pacs_null;

    for (unsigned i = 0; i < nparams; i++) {
        if (pacs_str_is(params[i].name, "accept")) {
            parameter = parameter.len == 0
                        ? params[i].value
                        : pacs_sprintf(op->arena, "%.*s,%.*s",
                                       pacs_fmt(parameter),
                                       pacs_fmt(params[i].value));
        }
    }

    if (op->request.must_accept && op->request.accept.len == 0
        && parameter.len == 0)
    {
        return pacs_fail(err, PACS_E_ACCEPT, "no Accept header: it has to say "
                         "what is wanted here (pacs_accept required)");
    }

    return pacs_web_accept(route->resource, op->request.accept, parameter,
                           op->arena, choices, max, n, err);
}


void
pacs_op_close(pacs_op_t *op)
{
    if (op->codec != NULL) {
        close(op->codec_in);
        close(op->codec_out);
        op->codec = NULL;
    }
}


int
pacs_op_record(pacs_op_t *op, pacs_str_t study, pacs_str_t series,
    pacs_str_t instance, pacs_record_t *record, pacs_err_t *err)
{
    pacs_index_t *ix = op->svc->index;
    int64_t       revision;
    int           rc = ix->vt->get(ix, study, series, instance, false,
                                   op->arena, record, err);

    if (rc != PACS_E_NOT_FOUND) {
        return rc;
    }

    /* deleted ones are 410 */
    pacs_err_t  gone = { 0 };

    if (ix->vt->revision(ix, study, series, instance, &revision, &gone)
        == PACS_E_GONE)
    {
        *err = gone;
        return PACS_E_GONE;
    }

    return rc;
}


static void
close_fd(void *data)
{
    int  fd = *(int *) data;

    if (fd >= 0) {
        close(fd);
    }
}


int
pacs_op_blob(pacs_op_t *op, pacs_str_t key, pacs_open_t *blob,
    pacs_err_t *err)
{
    pacs_blobs_t *blobs = op->svc->blobs;
    int           rc = pacs_blob_of(op->svc, key, &blob->fd, err);

    if (rc != PACS_OK) {
        return rc;
    }

    if (!pacs_arena_cleanup(op->arena, close_fd, &blob->fd)) {
        return PACS_E_NOMEM;
    }

    return pacs_key_parse(key, &blob->key)
           && blobs->vt->path(blobs, &blob->key, blob->path,
                              sizeof(blob->path))
           ? PACS_OK
           : pacs_fail(err, PACS_E_INTERNAL, "the blob is not local");
}
