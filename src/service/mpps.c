/* SPDX-License-Identifier: BSD-2-Clause */

/* Modality Performed Procedure Steps, PS3.18 chapter 15, by the rules of
 * PS3.4 table F.7.2-1; what the modality worklist says of them. */

#include "service/document.h"

enum {
    STATUS = 0x00400252, SCHEDULED_STEPS = 0x00400270, STUDY = 0x0020000D,
    STEP_ID = 0x00400009, WORKLIST_STEPS = 0x00400100,
    WORKLIST_STATUS = 0x00400020, SERIES = 0x00400340
};

#define MPPS_CLASS  "1.2.840.10008.3.1.2.3.3"

static const pacs_rule_t  rules[] = {
    { 0, 0, 0x00001000, 'X', 'X', '-', NULL },
    { 0, 0, 0x00080016, '3', 'X', '-', MPPS_CLASS },
    { 0, 0, 0x00080018, '3', 'X', '-', NULL },

    /* relationship */
    { 0, 0, SCHEDULED_STEPS, '1', 'X', '-', NULL },
    { 0, SCHEDULED_STEPS, STUDY, '1', '3', '-', NULL },
    { 0, SCHEDULED_STEPS, 0x00081110, '2', '3', '-', NULL },
    { 0, SCHEDULED_STEPS, 0x00080050, '2', '3', '-', NULL },
    { 0, SCHEDULED_STEPS, 0x00401001, '2', '3', '-', NULL },
    { 0, SCHEDULED_STEPS, 0x00321060, '2', '3', '-', NULL },
    { 0, SCHEDULED_STEPS, 0x00400009, '2', '3', '-', NULL },
    { 0, SCHEDULED_STEPS, 0x00400007, '2', '3', '-', NULL },
    { 0, SCHEDULED_STEPS, 0x00400008, '2', '3', '-', NULL },
    { SCHEDULED_STEPS, 0x00081110, 0x00081150, '1', '3', '-', NULL },
    { SCHEDULED_STEPS, 0x00081110, 0x00081155, '1', '3', '-', NULL },
    { 0, 0, 0x00100010, '2', 'X', '-', NULL },
    { 0, 0, 0x00100020, '2', 'X', '-', NULL },
    { 0, 0, 0x00100030, '2', 'X', '-', NULL },
    { 0, 0, 0x00100040, '2', 'X', '-', NULL },
    { 0, 0, 0x00081120, '2', 'X', '-', NULL },  /* Referenced Patient */
    { 0, 0x00081120, 0x00081150, '1', '3', '-', NULL },
    { 0, 0x00081120, 0x00081155, '1', '3', '-', NULL },
    { 0, 0, 0x00100021, '3', 'X', '-', NULL },
    { 0, 0, 0x00100024, '3', 'X', '-', NULL },
    { 0, 0, 0x00101002, '3', 'X', '-', NULL },
    { 0, 0, 0x00380010, '3', 'X', '-', NULL },
    { 0, 0, 0x00380014, '3', 'X', '-', NULL },
    { 0, 0, 0x00380060, '3', 'X', '-', NULL },
    { 0, 0, 0x00380064, '3', 'X', '-', NULL },
    { 0, 0, 0x00380062, '3', 'X', '-', NULL },

    /* information */
    { 0, 0, 0x00400253, '1', 'X', '-', NULL },  /* its ID */
    { 0, 0, 0x00400241, '1', 'X', '-', NULL },  /* Station AE Title */
    { 0, 0, 0x00400242, '2', 'X', '-', NULL },
    { 0, 0, 0x00400243, '2', 'X', '-', NULL },
    { 0, 0, 0x00400244, '1', 'X', '-', NULL },  /* Start Date, Time */
    { 0, 0, 0x00400245, '1', 'X', '-', NULL },
    { 0, 0, STATUS, '1', 'V', '-',
      "IN PROGRESS\\DISCONTINUED\\COMPLETED" },
    { 0, 0, 0x00400254, '2', '3', '-', NULL },
    { 0, 0, 0x00400255, '2', '3', '-', NULL },
    { 0, 0, 0x00081032, '2', '3', '-', NULL },  /* Procedure Code */
    { 0, 0x00081032, 0x00080104, '1', '1', '-', NULL },
    { 0, 0, 0x00400250, '2', 'V', 'R', NULL },  /* End Date, Time */
    { 0, 0, 0x00400251, '2', 'V', 'R', NULL },

    /* results */
    { 0, 0, 0x00080060, '1', 'X', '-', NULL },
    { 0, 0, 0x00200010, '2', 'X', '-', NULL },
    { 0, 0, 0x00400260, '2', '3', '-', NULL },  /* Protocol Code */
    { 0, 0x00400260, 0x00080104, '1', '1', '-', NULL },
    { 0, 0, SERIES, '2', 'V', 'R', NULL },
    { 0, SERIES, 0x0020000E, '1', '1', 'R', NULL },
    { 0, SERIES, 0x00181030, '1', '1', 'R', NULL },
    { 0, SERIES, 0x00081050, '2', '2', '-', NULL },
    { 0, SERIES, 0x00081070, '2', '2', '-', NULL },
    { 0, SERIES, 0x0008103E, '2', '2', '-', NULL },
    { 0, SERIES, 0x00080054, '2', '2', '-', NULL },
    { 0, SERIES, 0x00081140, '2', '2', '-', NULL },
    { 0, SERIES, 0x00400220, '2', '2', '-', NULL },
    { SERIES, 0x00081140, 0x00081150, '1', '1', '-', NULL },
    { SERIES, 0x00081140, 0x00081155, '1', '1', '-', NULL },
    { SERIES, 0x00400220, 0x00081150, '1', '1', '-', NULL },
    { SERIES, 0x00400220, 0x00081155, '1', '1', '-', NULL }
};

static const pacs_rules_t  mpps_rules = { rules,
                                          sizeof(rules) / sizeof(rules[0]) };

typedef struct {
    pacs_op_t        *op;
    pacs_str_t        uid;
    pacs_item_t      *body;
    pacs_document_t   docs[64];     /* the step, then worklist items */
    unsigned          n;
    pacs_err_t       *err;
} step_t;


static int
no_memory(step_t *s)
{
    return pacs_fail(s->err, PACS_E_NOMEM, "out of memory");
}


/* a scheduled step that this one is of: started, or at its end */
static int
tell_worklist(step_t *s, const pacs_item_t *scheduled, pacs_str_t status)
{
    pacs_arena_t     *a = s->op->arena;
    pacs_document_t   d;
    pacs_err_t        none = { 0 };
    pacs_str_t        uid = pacs_sprintf(a, "%.*s\\%.*s",
                                pacs_fmt(pacs_elem_raw(scheduled, STUDY)),
                                pacs_fmt(pacs_elem_raw(scheduled, STEP_ID)));
    int               rc = pacs_document_load(s->op->svc, PACS_DOC_MWL, uid,
                                              a, &d, &none);
    pacs_item_t      *step;

    if (rc == PACS_E_NOT_FOUND || s->n == 64) {
        return PACS_OK;
    }
    if (rc != PACS_OK) {
        return pacs_fail(s->err, rc, "%s", none.text);
    }

    step = (pacs_item_t *) pacs_elem_item(d.root, WORKLIST_STEPS);
    if (step != NULL && !pacs_item_text(step, WORKLIST_STATUS, status, a)) {
        return no_memory(s);
    }
    d.state = status;
    s->docs[s->n++] = d;
    return PACS_OK;
}


static int
commit(step_t *s, pacs_item_t *root)
{
    pacs_str_t  status = pacs_elem_raw(root, STATUS);
    pacs_str_t  shown = pacs_str_is(status, "IN PROGRESS")
                        ? pacs_lit("STARTED") : status;
    int         rc = PACS_OK;

    s->docs[0].state = status;
    s->docs[0].root = root;
    s->n = 1;

    for (const pacs_item_t *i = pacs_elem_item(root, SCHEDULED_STEPS);
         rc == PACS_OK && i != NULL;
         i = i->next)
    {
        rc = tell_worklist(s, i, shown);
    }

    return rc == PACS_OK
           ? pacs_documents_commit(s->op->svc, &s->op->request.subject,
                                   s->docs, s->n, NULL, 0, s->op->arena,
                                   s->err)
           : rc;
}


/* --- create, 15.4 --- */

static int
create(step_t *s)
{
    pacs_document_t  there;
    pacs_err_t       none = { 0 };
    pacs_index_t    *ix = s->op->svc->index;
    int              rc = ix->vt->document_get(ix, PACS_DOC_MPPS, s->uid,
                                               s->op->arena, &there, &none);

    if (rc == PACS_OK) {
        return pacs_fail(s->err, PACS_E_CONFLICT, "performed procedure step "
                         "%.*s exists already", pacs_fmt(s->uid));
    }
    if (rc != PACS_E_NOT_FOUND) {
        return pacs_fail(s->err, rc, "%s", none.text);
    }

    s->docs[0] = (pacs_document_t) { .kind = pacs_lit(PACS_DOC_MPPS),
                                     .uid = s->uid };
    return commit(s, s->body);
}


static int
check_new(step_t *s, bool *modified)
{
    pacs_arena_t *a = s->op->arena;
    pacs_str_t    own = pacs_elem_raw(s->body, 0x00080018);
    int           rc = pacs_rules_create(&mpps_rules, s->body, a, modified,
                                         s->err);

    if (rc != PACS_OK) {
        return rc;
    }
    if (!pacs_str_is(pacs_elem_raw(s->body, STATUS), "IN PROGRESS")) {
        return pacs_fail(s->err, PACS_E_ARG, "PerformedProcedureStepStatus "
                         "(0040,0252) of a new step must be IN PROGRESS");
    }
    if (own.len != 0 && !pacs_str_eq(own, s->uid)) {
        return pacs_fail(s->err, PACS_E_ARG, "SOPInstanceUID (0008,0018) is "
                         "not the one of the request");
    }
    return pacs_item_text(s->body, 0x00080016, pacs_lit(MPPS_CLASS), a)
           && pacs_item_text(s->body, 0x00080018, s->uid, a)
           ? PACS_OK : no_memory(s);
}


/* --- update, 15.5 --- */

static int
update(step_t *s)
{
    pacs_item_t *root;
    int          rc = pacs_document_load(s->op->svc, PACS_DOC_MPPS, s->uid,
                                         s->op->arena, &s->docs[0], s->err);

    if (rc != PACS_OK) {
        return rc;
    }
    if (!pacs_str_is(s->docs[0].state, "IN PROGRESS")) {
        return pacs_fail(s->err, PACS_E_CONFLICT, "the step is %.*s: it is "
                         "not changed any more",
                         pacs_fmt(s->docs[0].state));
    }

    root = (pacs_item_t *) s->docs[0].root;
    for (const pacs_elem_t *e = s->body->elems; e != NULL; e = e->next) {
        if (!pacs_item_put(root, e, s->op->arena)) {
            return no_memory(s);
        }
    }

    if (!pacs_str_is(pacs_elem_raw(root, STATUS), "IN PROGRESS")) {
        rc = pacs_rules_final(&mpps_rules, root, true, s->err);
    }
    return rc == PACS_OK ? commit(s, root) : rc;
}


int
pacs_op_mpps_post(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    step_t  s = { .op = op, .uid = route->instance, .err = err };
    bool    is_update = false, modified = false;
    int     lock, rc = pacs_op_body(op, false, &s.body, err);

    for (unsigned i = 0; i < nparams; i++) {
        is_update = is_update || pacs_str_is(params[i].name, "update");
    }
    if (rc == PACS_OK) {
        rc = is_update ? pacs_rules_set(&mpps_rules, s.body, op->arena, err)
                       : check_new(&s, &modified);
    }
    if (rc != PACS_OK
        || (rc = pacs_documents_lock(op->svc, &lock, err)) != PACS_OK)
    {
        return rc;
    }

    rc = is_update ? update(&s) : create(&s);
    pacs_documents_unlock(lock);
    pacs_audit_event(op->svc->audit, PACS_AUDIT_STORE, is_update ? 'U' : 'C',
                     rc == PACS_OK, &op->request.subject, pacs_lit(""),
                     s.uid);

    if (rc != PACS_OK || is_update) {
        return rc;
    }
    op->reply.status = 201;
    rc = pacs_reply_header(op, "Location", pacs_sprintf(op->arena,
             "%.*s%.*s/modality-performed-procedure-steps/%.*s",
             pacs_fmt(op->request.origin), pacs_fmt(op->request.prefix),
             pacs_fmt(s.uid)));
    return rc == PACS_OK && modified
           ? pacs_reply_warning(op, "The step was created with "
                                "modifications.") : rc;
}


/* --- retrieve, 15.6 --- */

int
pacs_op_mpps_get(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    pacs_accept_t    accept;
    pacs_document_t  d;
    unsigned         n;
    int              rc;

    if ((rc = pacs_op_accept(op, route, params, nparams, &accept, 1, &n, err))
            != PACS_OK
        || (rc = op->svc->index->vt->document_get(op->svc->index,
                     PACS_DOC_MPPS, route->instance, op->arena, &d, err))
            != PACS_OK)
    {
        return rc;
    }

    pacs_audit_event(op->svc->audit, PACS_AUDIT_ACCESS, 'R', true,
                     &op->request.subject, pacs_lit(""), d.uid);

    op->reply.weak = accept.media == PACS_MT_MULTIPART_XML
                     || accept.media == PACS_MT_MULTIPART_JSON;
    return pacs_reply_etag(op, "performed", pacs_strdup(op->arena, d.uid),
                           pacs_sprintf(op->arena, "%lld %d",
                                        (long long) d.revision,
                                        (int) accept.media).data, NULL)
           ? PACS_OK : pacs_op_models(op, &accept, &d.json, 1, err);
}
