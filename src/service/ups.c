/* SPDX-License-Identifier: BSD-2-Clause */

/* UPS-RS, PS3.18 11.4 to 11.8: workitems, and what becomes of them. */

#include <string.h>

#include "service/ups.h"

/* a workitem under the lock, and what is to be said of its change */
typedef struct {
    pacs_op_t        *op;
    pacs_document_t   d;
    pacs_item_t      *root;
    pacs_item_t      *body;
    pacs_str_t        transaction;  /* the one given, or null */
    pacs_ups_said_t   said;
    const char       *warning;      /* of a refusal, or of a success */
} change_t;

typedef int (*change_pt)(change_t *c, pacs_err_t *err);

enum { SCHEDULED, IN_PROGRESS, COMPLETED, CANCELED, STATES };

static const char *const  states[STATES] = {
    "SCHEDULED", "IN PROGRESS", "COMPLETED", "CANCELED"
};


static int
state_of(pacs_str_t text)
{
    int  s = 0;

    while (s < STATES && !pacs_str_is(text, states[s])) {
        s++;
    }
    return s;
}


static pacs_str_t
workitem_url(pacs_op_t *op, pacs_str_t uid)
{
    const pacs_str_t  parts[] = { op->request.origin, op->request.prefix,
                                  pacs_lit("/workitems/"), uid };

    return pacs_str_join(op->arena, parts, 4);
}


/* a refusal whose Warning the standard words */
static int
refuse(pacs_op_t *op, const pacs_err_t *err, const char *warning)
{
    pacs_op_fail(op, err);
    return pacs_reply_warning(op, "%s", warning);
}


/* the UID in the query: by one of the names, or alone as in {?transaction} */
static int
uid_param(const pacs_param_t *params, unsigned n, const char *const *names,
    pacs_str_t *uid, pacs_err_t *err)
{
    *uid = pacs_null;

    for (unsigned i = 0; i < n; i++) {
        pacs_str_t  value = params[i].value;
        bool        named = false;

        for (unsigned k = 0; names[k] != NULL; k++) {
            named = named || pacs_str_is(params[i].name, names[k]);
        }
        if (!named && value.len == 0 && pacs_uid_ok(params[i].name)) {
            value = params[i].name;
            named = true;
        }
        if (!named) {
            continue;
        }
        if (!pacs_uid_ok(value)) {
            return pacs_web_bad(err, &params[i], "is not a UID");
        }
        if (uid->len != 0) {
            return pacs_web_bad(err, &params[i], "is given twice");
        }
        *uid = value;
    }
    return PACS_OK;
}


static bool
set_text(change_t *c, uint32_t tag, pacs_str_t text)
{
    return pacs_item_text(c->root, tag, text, c->op->arena);
}


/* what the server says of every change: its time, and the state */
static int
stamp(change_t *c, int state, pacs_err_t *err)
{
    c->d.state = pacs_cstr(states[state]);
    c->d.root = c->root;

    return set_text(c, 0x00404010, pacs_document_now(c->op->svc,
                                                     c->op->arena))
           && set_text(c, PACS_UPS_STATE, c->d.state)
           ? PACS_OK : pacs_fail(err, PACS_E_NOMEM, "out of memory");
}


static int
commit(change_t *c, pacs_err_t *err)
{
    return pacs_documents_commit(c->op->svc, &c->op->request.subject, &c->d,
                                 1, c->said.events, c->said.nevents,
                                 c->op->arena, err);
}


static int
say(change_t *c, pacs_ups_event_e type, const pacs_item_t *of,
    pacs_err_t *err)
{
    return pacs_ups_say(&c->said, type, c->d.uid, of, err);
}


static void
audit(pacs_op_t *op, pacs_audit_e event, char action, bool ok, pacs_str_t uid)
{
    pacs_audit_event(op->svc->audit, event, action, ok, &op->request.subject,
                     pacs_lit(""), uid);
}


/* --- create, 11.4 --- */

static bool
populated(const pacs_item_t *item, uint32_t tag)
{
    const pacs_elem_t *e = pacs_elem(item, tag);

    return e != NULL && e->items != NULL;
}


static int
say_new(change_t *c, pacs_err_t *err)
{
    int  rc = pacs_ups_receivers(&c->said, c->d.uid, INT64_MAX, err);

    if (rc == PACS_OK) {
        rc = say(c, PACS_UPS_EVENT_STATE, c->root, err);
    }
    if (rc == PACS_OK && (populated(c->root, PACS_UPS_STATIONS)
                          || populated(c->root, PACS_UPS_PERFORMERS)))
    {
        rc = say(c, PACS_UPS_EVENT_ASSIGNED, c->root, err);
    }
    return rc;
}


static int
create_locked(change_t *c, pacs_err_t *err)
{
    pacs_service_t   *svc = c->op->svc;
    pacs_document_t   there;
    pacs_err_t        none = { 0 };
    int               rc = svc->index->vt->document_get(svc->index,
                               PACS_DOC_UPS, c->d.uid, c->op->arena, &there,
                               &none);

    if (rc == PACS_OK) {
        c->warning = "The workitem UID is already in use.";
        return pacs_fail(err, PACS_E_CONFLICT, "workitem %.*s exists already",
                         pacs_fmt(c->d.uid));
    }
    if (rc != PACS_E_NOT_FOUND) {
        return pacs_fail(err, rc, "%s", none.text);
    }

    if ((rc = stamp(c, SCHEDULED, err)) != PACS_OK
        || (rc = say_new(c, err)) != PACS_OK
        || (rc = commit(c, err)) != PACS_OK)
    {
        return rc;
    }
    return pacs_ups_subscribe_new(c->op, &c->d, err);
}


/* the UID of the query and the one in the data set, which may be either */
static int
name_new(change_t *c, pacs_str_t uid, pacs_err_t *err)
{
    pacs_str_t  own = pacs_elem_raw(c->root, 0x00080018);

    if (uid.len == 0) {
        uid = own;
    }
    if (uid.len == 0) {
        return pacs_fail(err, PACS_E_ARG, "the UID of the workitem is "
                         "missing: POST /workitems?{UID}, or SOPInstanceUID "
                         "in the data set");
    }
    if (!pacs_uid_ok(uid) || (own.len != 0 && !pacs_str_eq(own, uid))) {
        return pacs_fail(err, PACS_E_ARG, "SOPInstanceUID (0008,0018) is not "
                         "a UID, or not the one of the request");
    }

    c->d = (pacs_document_t) { .kind = pacs_lit(PACS_DOC_UPS), .uid = uid };
    return set_text(c, 0x00080016, pacs_lit(PACS_UPS_CLASS))
           && set_text(c, 0x00080018, uid)
           ? PACS_OK : pacs_fail(err, PACS_E_NOMEM, "out of memory");
}


int
pacs_op_ups_create(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    static const char *const  names[] = { "workitem", "AffectedSOPInstanceUID",
                                          "00001000", NULL };
    change_t    c = { .op = op, .said.op = op };
    pacs_str_t  uid;
    bool        modified;
    int         lock, rc;

    if ((rc = uid_param(params, nparams, names, &uid, err)) != PACS_OK
        || (rc = pacs_op_body(op, false, &c.root, err)) != PACS_OK
        || (rc = pacs_rules_create(&pacs_ups_rules, c.root, op->arena,
                                   &modified, err)) != PACS_OK)
    {
        return rc;
    }
    if (!pacs_str_is(pacs_elem_raw(c.root, PACS_UPS_STATE), "SCHEDULED")) {
        return pacs_fail(err, PACS_E_ARG, "ProcedureStepState (0074,1000) of "
                         "a new workitem must be SCHEDULED");
    }

    /* "the SCP shall fill in" */
    if (pacs_elem_raw(c.root, PACS_UPS_WORKLIST).len == 0) {
        modified = true;
        if (!set_text(&c, PACS_UPS_WORKLIST, pacs_lit("GENERAL"))) {
            return pacs_fail(err, PACS_E_NOMEM, "out of memory");
        }
    }

    if ((rc = name_new(&c, uid, err)) != PACS_OK
        || (rc = pacs_documents_lock(op->svc, &lock, err)) != PACS_OK)
    {
        return rc;
    }

    rc = create_locked(&c, err);
    pacs_documents_unlock(lock);
    audit(op, PACS_AUDIT_STORE, 'C', rc == PACS_OK, c.d.uid);

    if (rc != PACS_OK) {
        return c.warning != NULL ? refuse(op, err, c.warning) : rc;
    }

    op->reply.status = 201;
    rc = pacs_reply_header(op, "Location", workitem_url(op, c.d.uid));
    return rc == PACS_OK && modified
           ? pacs_reply_warning(op, "The UPS was created with modifications.")
           : rc;
}


/* --- retrieve, 11.5 --- */

int
pacs_op_ups_get(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    pacs_accept_t    accept;
    pacs_document_t  d;
    pacs_str_t       json;
    unsigned         n;
    int              rc;

    if ((rc = pacs_op_accept(op, route, params, nparams, &accept, 1, &n, err))
            != PACS_OK
        || (rc = pacs_document_load(op->svc, PACS_DOC_UPS, route->instance,
                                    op->arena, &d, err)) != PACS_OK)
    {
        return rc;
    }

    /* a lock whose key is public is none */
    pacs_item_drop((pacs_item_t *) d.root, PACS_UPS_TRANSACTION);
    audit(op, PACS_AUDIT_ACCESS, 'R', true, d.uid);

    op->reply.weak = accept.media == PACS_MT_MULTIPART_XML
                     || accept.media == PACS_MT_MULTIPART_JSON;
    if (pacs_reply_etag(op, "workitem", pacs_strdup(op->arena, d.uid),
                        pacs_sprintf(op->arena, "%lld %d",
                                     (long long) d.revision,
                                     (int) accept.media).data, NULL))
    {
        return PACS_OK;
    }

    rc = pacs_document_json(d.root, op->arena, &json, err);
    return rc == PACS_OK ? pacs_op_models(op, &accept, &json, 1, err) : rc;
}


/* --- a change of one that is there --- */

static int
change_locked(change_t *c, pacs_str_t uid, change_pt change, pacs_err_t *err)
{
    int  rc = pacs_document_load(c->op->svc, PACS_DOC_UPS, uid, c->op->arena,
                                 &c->d, err);

    if (rc != PACS_OK) {
        return rc;
    }

    c->root = (pacs_item_t *) c->d.root;
    rc = pacs_ups_receivers(&c->said, c->d.uid, c->d.created_us, err);
    return rc == PACS_OK ? change(c, err) : rc;
}


static int
change(change_t *c, pacs_str_t uid, change_pt how, pacs_err_t *err)
{
    int  lock, rc = pacs_documents_lock(c->op->svc, &lock, err);

    if (rc != PACS_OK) {
        return rc;
    }

    rc = change_locked(c, uid, how, err);
    pacs_documents_unlock(lock);
    audit(c->op, PACS_AUDIT_STORE, 'U', rc == PACS_OK, uid);

    if (rc == PACS_OK) {
        rc = pacs_reply_header(c->op, "Content-Location",
                               workitem_url(c->op, uid));
        return rc == PACS_OK && c->warning != NULL
               ? pacs_reply_warning(c->op, "%s", c->warning) : rc;
    }
    return c->warning != NULL ? refuse(c->op, err, c->warning) : rc;
}


/* table CC.1.1-2: of an IN PROGRESS workitem, and of what it became */
static int
check_transaction(change_t *c, pacs_err_t *err)
{
    pacs_str_t  own = pacs_elem_raw(c->root, PACS_UPS_TRANSACTION);

    if (c->transaction.len == 0) {
        c->warning = "The Transaction UID is missing.";
        return pacs_fail(err, PACS_E_ARG, "the Transaction UID of the "
                         "workitem is missing");
    }
    if (!pacs_str_eq(own, c->transaction)) {
        c->warning = "The Transaction UID is incorrect.";
        return pacs_fail(err, PACS_E_ARG, "the Transaction UID is not the "
                         "one of the workitem");
    }
    return PACS_OK;
}


/* --- update, 11.6 --- */

static int
check_update(change_t *c, int state, pacs_err_t *err)
{
    if (state == IN_PROGRESS) {
        return check_transaction(c, err);
    }
    if (state != SCHEDULED) {
        c->warning = "The submitted request is inconsistent with the current "
                     "state of the Workitem.";
        return pacs_fail(err, PACS_E_ARG, "the workitem is %.*s: it is not "
                         "changed any more", pacs_fmt(c->d.state));
    }
    if (c->transaction.len != 0) {
        c->warning = "The target URI did not reference a claimed Workitem.";
        return pacs_fail(err, PACS_E_ARG, "the workitem is SCHEDULED: it has "
                         "no Transaction UID");
    }
    return PACS_OK;
}


static int
apply(change_t *c, pacs_err_t *err)
{
    for (const pacs_elem_t *e = c->body->elems; e != NULL; e = e->next) {
        if (e->tag != PACS_UPS_TRANSACTION && e->tag != 0x00080005
            && !pacs_item_put(c->root, e, c->op->arena))
        {
            return pacs_fail(err, PACS_E_NOMEM, "out of memory");
        }
    }
    return PACS_OK;
}


static int
say_update(change_t *c, pacs_str_t readiness, pacs_err_t *err)
{
    int  rc = PACS_OK;

    if (!pacs_str_eq(readiness, pacs_elem_raw(c->root, PACS_UPS_READINESS))) {
        rc = say(c, PACS_UPS_EVENT_STATE, c->root, err);
    }
    if (rc == PACS_OK && pacs_elem(c->body, PACS_UPS_PROGRESS) != NULL) {
        rc = say(c, PACS_UPS_EVENT_PROGRESS, c->root, err);
    }
    if (rc == PACS_OK && (pacs_elem(c->body, PACS_UPS_STATIONS) != NULL
                          || pacs_elem(c->body, PACS_UPS_PERFORMERS) != NULL))
    {
        rc = say(c, PACS_UPS_EVENT_ASSIGNED, c->root, err);
    }
    return rc;
}


static int
update(change_t *c, pacs_err_t *err)
{
    int         state = state_of(c->d.state);
    int         rc = check_update(c, state, err);
    pacs_str_t  readiness = pacs_elem_raw(c->root, PACS_UPS_READINESS);

    if (rc != PACS_OK || (rc = apply(c, err)) != PACS_OK
        || (rc = say_update(c, readiness, err)) != PACS_OK
        || (rc = stamp(c, state, err)) != PACS_OK)
    {
        return rc;
    }
    return commit(c, err);
}


int
pacs_op_ups_update(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    static const char *const  names[] = {
        "transaction-uid", "transactionuid", "TransactionUID", "transaction",
        "00081195", NULL
    };
    change_t    c = { .op = op, .said.op = op };
    pacs_str_t  inside;
    int         rc;

    if ((rc = uid_param(params, nparams, names, &c.transaction, err))
            != PACS_OK
        || (rc = pacs_op_body(op, false, &c.body, err)) != PACS_OK
        || (rc = pacs_rules_set(&pacs_ups_rules, c.body, op->arena,
                                err)) != PACS_OK)
    {
        return rc;
    }

    inside = pacs_elem_raw(c.body, PACS_UPS_TRANSACTION);
    if (c.transaction.len == 0) {
        c.transaction = inside;
    } else if (inside.len != 0 && !pacs_str_eq(inside, c.transaction)) {
        return pacs_fail(err, PACS_E_ARG, "the Transaction UID of the data "
                         "set is not the one of the query");
    }

    return change(&c, route->instance, update, err);
}


/* --- change of state, 11.7 --- */

/* by the state that is and the one asked for, from IN PROGRESS on */
static const enum { WRONG, CLAIM, FINISH, ALREADY } steps[STATES][3] = {
    [SCHEDULED]   = { CLAIM, WRONG,   WRONG },
    [IN_PROGRESS] = { WRONG, FINISH,  FINISH },
    [COMPLETED]   = { WRONG, ALREADY, WRONG },
    [CANCELED]    = { WRONG, WRONG,   ALREADY }
};


static int
finish(change_t *c, int want, pacs_err_t *err)
{
    int  rc = pacs_rules_final(&pacs_ups_rules, c->root, want == COMPLETED,
                               err);

    if (rc != PACS_OK) {
        c->warning = "The submitted request is inconsistent with the state of"
                     " the UPS Instance.";
    }
    return rc;
}


static int
change_state(change_t *c, pacs_err_t *err)
{
    int  state = state_of(c->d.state);
    int  want = state_of(pacs_elem_raw(c->body, PACS_UPS_STATE));
    int  step = steps[state][want - IN_PROGRESS];
    int  rc = PACS_OK;

    if (step == WRONG) {
        c->warning = "The submitted request is inconsistent with the state of"
                     " the UPS Instance.";
        return pacs_fail(err, PACS_E_CONFLICT, "the workitem is %.*s: it does"
                         " not become %s", pacs_fmt(c->d.state),
                         states[want]);
    }
    if (step != CLAIM && (rc = check_transaction(c, err)) != PACS_OK) {
        return rc;
    }
    if (step == ALREADY) {
        c->warning = want == COMPLETED
            ? "The UPS is already in the requested state of COMPLETED."
            : "The UPS is already in the requested state of CANCELED.";
        return PACS_OK;
    }

    if (step == FINISH) {
        rc = finish(c, want, err);
    } else if (!set_text(c, PACS_UPS_TRANSACTION, c->transaction)) {
        rc = pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    if (rc != PACS_OK || (rc = stamp(c, want, err)) != PACS_OK
        || (rc = say(c, PACS_UPS_EVENT_STATE, c->root, err)) != PACS_OK)
    {
        return rc;
    }
    return commit(c, err);
}


/* table CC.2.1-1: two attributes, and no others */
static int
check_action(const pacs_item_t *body, pacs_err_t *err)
{
    pacs_str_t  uid = pacs_elem_raw(body, PACS_UPS_TRANSACTION);
    int         want = state_of(pacs_elem_raw(body, PACS_UPS_STATE));

    for (const pacs_elem_t *e = body->elems; e != NULL; e = e->next) {
        if (e->tag != PACS_UPS_TRANSACTION && e->tag != PACS_UPS_STATE
            && e->tag != 0x00080005)
        {
            return pacs_fail(err, PACS_E_ARG, "(%04X,%04X) is not allowed "
                             "here: only ProcedureStepState and "
                             "TransactionUID are",
                             (unsigned) (e->tag >> 16),
                             (unsigned) (e->tag & 0xffff));
        }
    }

    if (want < IN_PROGRESS || want == STATES) {
        return pacs_fail(err, PACS_E_ARG, "ProcedureStepState (0074,1000) "
                         "must be IN PROGRESS, COMPLETED or CANCELED");
    }
    return uid.len == 0 || pacs_uid_ok(uid) ? PACS_OK
           : pacs_fail(err, PACS_E_ARG, "TransactionUID (0008,1195) is not a "
                       "UID");
}


int
pacs_op_ups_state(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    change_t  c = { .op = op, .said.op = op };
    int       rc;

    if ((rc = pacs_op_body(op, false, &c.body, err)) != PACS_OK
        || (rc = check_action(c.body, err)) != PACS_OK)
    {
        return rc;
    }

    c.transaction = pacs_elem_raw(c.body, PACS_UPS_TRANSACTION);
    if (c.transaction.len == 0) {
        pacs_fail(err, PACS_E_ARG, "TransactionUID (0008,1195) is missing");
        return refuse(op, err, "The Transaction UID is missing.");
    }
    return change(&c, route->instance, change_state, err);
}


/* --- request to cancel, 11.8 --- */

/* nobody works on it: the server does what CC.2.2.3 says */
static int
cancel_scheduled(change_t *c, pacs_err_t *err)
{
    pacs_arena_t       *a = c->op->arena;
    const pacs_elem_t  *code = c->body == NULL ? NULL
                               : pacs_elem(c->body, PACS_UPS_REASON_CODE);
    const pacs_elem_t  *why = c->body == NULL ? NULL
                              : pacs_elem(c->body, PACS_UPS_REASON);
    pacs_item_t        *progress, *item;
    int                 rc = stamp(c, IN_PROGRESS, err);

    if (rc == PACS_OK) {
        rc = say(c, PACS_UPS_EVENT_STATE, c->root, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    progress = pacs_item_sequence(c->root, PACS_UPS_PROGRESS, false, a);
    if (progress == NULL
        || !pacs_item_text(progress, PACS_UPS_CANCELED,
                           pacs_document_now(c->op->svc, a), a)
        || (why != NULL && !pacs_item_put(progress, why, a))
        || (code != NULL && !pacs_item_put(progress, code, a)))
    {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }
    if (code == NULL || code->items == NULL) {
        item = pacs_item_sequence(progress, PACS_UPS_REASON_CODE, false, a);
        if (item == NULL
            || !pacs_item_text(item, 0x00080100, pacs_lit("110513"), a)
            || !pacs_item_text(item, 0x00080102, pacs_lit("DCM"), a)
            || !pacs_item_text(item, 0x00080104, pacs_lit("Discontinued for "
                               "unspecified reason"), a))
        {
            return pacs_fail(err, PACS_E_NOMEM, "out of memory");
        }
    }

    rc = pacs_rules_final(&pacs_ups_rules, c->root, false, err);
    if (rc != PACS_OK || (rc = stamp(c, CANCELED, err)) != PACS_OK
        || (rc = say(c, PACS_UPS_EVENT_STATE, c->root, err)) != PACS_OK)
    {
        return rc;
    }
    return commit(c, err);
}


/* who works on it hears of it if it listens; it may go on */
static int
ask_performer(change_t *c, pacs_err_t *err)
{
    pacs_service_t *svc = c->op->svc;
    int             rc;

    if (c->said.n == 0) {
        c->warning = "The performer cannot be contacted.";
        return pacs_fail(err, PACS_E_CONFLICT, "nobody has subscribed to the "
                         "workitem: its performer cannot be told");
    }

    rc = say(c, PACS_UPS_EVENT_CANCEL, c->body, err);
    return rc == PACS_OK
           ? svc->index->vt->documents_put(svc->index, NULL, 0,
                                           c->said.events, c->said.nevents,
                                           err)
           : rc;
}


static int
cancel(change_t *c, pacs_err_t *err)
{
    switch (state_of(c->d.state)) {
    case SCHEDULED:
        return cancel_scheduled(c, err);
    case IN_PROGRESS:
        return ask_performer(c, err);
    case CANCELED:
        c->warning = "The UPS is already in the requested state of CANCELED.";
        return PACS_OK;
    default:
        c->warning = "The UPS is already COMPLETED.";
        return pacs_fail(err, PACS_E_CONFLICT, "the workitem is COMPLETED");
    }
}


int
pacs_op_ups_cancel(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    change_t  c = { .op = op, .said.op = op };
    int       rc = pacs_op_body(op, true, &c.body, err);

    if (rc == PACS_OK) {
        rc = change(&c, route->instance, cancel, err);
    }
    if (rc == PACS_OK && op->reply.status == 200) {
        op->reply.status = 202;
    }
    return rc;
}
