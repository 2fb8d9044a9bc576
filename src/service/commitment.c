/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Storage commitment, PS3.18 chapter 13: of each instance its row, and its
 * file with size and digest.  Bytes are read again, so a request of many is
 * not done at once: it is kept with what is known so far, in each item as
 * Failure Reason (0: committed), and every look at the result goes on.
 */

#include "service/document.h"

enum {
    REFERENCED = 0x00081199, FAILED = 0x00081198, FAILED_STUDIES = 0x0008119B,
    CLASS = 0x00081150, INSTANCE = 0x00081155, REASON = 0x00081197,
    TURN_US = 5000000
};

/* PS3.3 C.14.1.1 */
enum { NO_INSTANCE = 0x0112, WRONG_CLASS = 0x0119, PROCESSING = 0x0110 };

/* studies, series, classes, instances: the sequence and the UID in it */
static const struct { uint32_t sequence, uid; } levels[] = {
    { 0x00081110, 0x0020000D }, { 0x00081115, 0x0020000E },
    { 0x00081112, CLASS }, { 0x0008114A, INSTANCE }
};

enum { STUDY, SERIES, CLASSES, INSTANCES, LEVELS };

typedef struct {
    pacs_op_t    *op;
    int64_t       until_us;
    pacs_str_t    uids[LEVELS];     /* of the item and those above */
    uint64_t      items;
    bool          fresh;            /* from the client: nothing is known */
    bool          pending;
    pacs_err_t   *err;
} work_t;


/* --- one instance --- */

static uint16_t
reason_of(work_t *w)
{
    pacs_service_t *svc = w->op->svc;
    pacs_record_t   r = { 0 };
    pacs_err_t      err = { 0 };
    pacs_key_t      key;
    uint64_t        read;

    if (svc->index->vt->get(svc->index, w->uids[STUDY], w->uids[SERIES],
                            w->uids[INSTANCES], false, w->op->arena, &r,
                            &err) != PACS_OK)
    {
        return err.code == PACS_E_NOT_FOUND || err.code == PACS_E_GONE
               ? NO_INSTANCE : PROCESSING;
    }
    if (!pacs_str_eq(r.class_uid, w->uids[CLASSES])) {
        return WRONG_CLASS;
    }

    return pacs_key_parse(r.key, &key)
           && pacs_blob_check(svc, &key, r.size, &read, &err) == PACS_OK
           ? 0 : PROCESSING;
}


static int
check_uid(work_t *w, pacs_str_t uid, uint32_t tag)
{
    return pacs_uid_ok(uid) ? PACS_OK
           : pacs_fail(w->err, PACS_E_ARG, "%s (%04X,%04X) is missing or not "
                       "a UID", pacs_tag(tag)->keyword,
                       (unsigned) (tag >> 16), (unsigned) (tag & 0xffff));
}


/* if there is time, and it was not looked at before */
static int
look_at(work_t *w, pacs_item_t *item)
{
    int64_t  known;
    int      rc = check_uid(w, w->uids[INSTANCES], INSTANCE);

    if (rc == PACS_OK) {
        rc = check_uid(w, w->uids[CLASSES], CLASS);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    w->items++;
    if (w->fresh) {
        pacs_item_drop(item, REASON);
    }
    if (pacs_elem_int(item, REASON, 0, &known)) {
        return PACS_OK;
    }
    if (w->op->svc->options.env.now_us(w->op->svc->options.env.ctx)
        >= w->until_us)
    {
        w->pending = true;
        return PACS_OK;
    }

    return pacs_item_us(item, REASON, reason_of(w), w->op->arena)
           ? PACS_OK : pacs_fail(w->err, PACS_E_NOMEM, "out of memory");
}


/* --- all of them --- */

static int
look_at_listed(work_t *w, pacs_item_t *root)
{
    int  rc = PACS_OK;

    w->uids[STUDY] = w->uids[SERIES] = pacs_null;

    for (pacs_item_t *i = (pacs_item_t *) pacs_elem_item(root, REFERENCED);
         rc == PACS_OK && i != NULL;
         i = i->next)
    {
        w->uids[CLASSES] = pacs_elem_raw(i, CLASS);
        w->uids[INSTANCES] = pacs_elem_raw(i, INSTANCE);
        rc = look_at(w, i);
    }
    return rc;
}


/* four levels, however deep the request is */
static int
look_at_level(work_t *w, pacs_item_t *parent, unsigned level)
{
    int  rc = PACS_OK;

    for (pacs_item_t *i = (pacs_item_t *) pacs_elem_item(parent,
                                                   levels[level].sequence);
         rc == PACS_OK && i != NULL;
         i = i->next)
    {
        w->uids[level] = pacs_elem_raw(i, levels[level].uid);
        rc = check_uid(w, w->uids[level], levels[level].uid);
        if (rc == PACS_OK) {
            rc = level == INSTANCES ? look_at(w, i)
                                    : look_at_level(w, i, level + 1);
        }
    }
    return rc;
}


static int
look_at_all(work_t *w, pacs_item_t *root, int64_t turn_us)
{
    w->until_us = w->op->svc->options.env.now_us(w->op->svc->options.env.ctx)
                  + turn_us;
    w->items = 0;
    w->pending = false;

    int  rc = look_at_listed(w, root);

    return rc == PACS_OK ? look_at_level(w, root, STUDY) : rc;
}


/* --- the response module, table J.2-1 --- */

static bool
is_failed(const pacs_item_t *item)
{
    int64_t  reason;

    return pacs_elem_int(item, REASON, 0, &reason) && reason != 0;
}


/* an item of some of src's attributes, behind *tail */
static pacs_item_t *
append(work_t *w, const pacs_item_t *src, const uint32_t *tags,
    pacs_item_t ***tail)
{
    pacs_item_t *item = pacs_calloc(w->op->arena, 1, sizeof(*item));

    for (; item != NULL && *tags != 0; tags++) {
        const pacs_elem_t *e = pacs_elem(src, *tags);

        if (e != NULL && !pacs_item_put(item, e, w->op->arena)) {
            return NULL;
        }
    }

    if (item != NULL) {
        **tail = item;
        *tail = &item->next;
    }
    return item;
}


static bool
put_items(work_t *w, pacs_item_t *root, uint32_t tag, pacs_item_t *first)
{
    pacs_elem_t  e = { .tag = tag, .vr = PACS_SQ, .items = first };

    return first == NULL || pacs_item_put(root, &e, w->op->arena);
}


static bool
answer_listed(work_t *w, const pacs_item_t *root, pacs_item_t *answer,
    bool failed)
{
    const uint32_t  tags[] = { CLASS, INSTANCE, failed ? REASON : 0, 0 };
    pacs_item_t    *first = NULL, **tail = &first;

    for (const pacs_item_t *i = pacs_elem_item(root, REFERENCED); i != NULL;
         i = i->next)
    {
        if (is_failed(i) == failed && append(w, i, tags, &tail) == NULL) {
            return false;
        }
    }
    return put_items(w, answer, failed ? FAILED : REFERENCED, first);
}


/* the levels that have such an instance below them */
static bool
answer_level(work_t *w, const pacs_item_t *parent, pacs_item_t *answer,
    bool failed, unsigned level)
{
    const uint32_t  tags[] = { levels[level].uid,
                               failed && level == INSTANCES ? REASON : 0, 0 };
    pacs_item_t    *first = NULL, **tail = &first;

    for (const pacs_item_t *i = pacs_elem_item(parent,
                                               levels[level].sequence);
         i != NULL;
         i = i->next)
    {
        pacs_item_t **before = tail, *item;

        if (level == INSTANCES && is_failed(i) != failed) {
            continue;
        }

        item = append(w, i, tags, &tail);
        if (item == NULL
            || (level != INSTANCES
                && !answer_level(w, i, item, failed, level + 1)))
        {
            return false;
        }
        if (level != INSTANCES
            && pacs_elem(item, levels[level + 1].sequence) == NULL)
        {
            *before = NULL;
            tail = before;
        }
    }

    return put_items(w, answer, level == STUDY && failed
                     ? FAILED_STUDIES : levels[level].sequence, first);
}


static int
answer(work_t *w, const pacs_route_t *route, const pacs_param_t *params,
    unsigned nparams, const pacs_item_t *root)
{
    pacs_op_t     *op = w->op;
    pacs_item_t    out = { 0 };
    pacs_accept_t  accept;
    pacs_str_t     json;
    unsigned       n;
    int            rc = pacs_op_accept(op, route, params, nparams, &accept, 1,
                                       &n, w->err);

    if (rc != PACS_OK) {
        return rc;
    }
    if (w->pending) {
        op->reply.status = 202;
        return pacs_reply_header(op, "Retry-After", pacs_lit("1"));
    }

    if (!answer_listed(w, root, &out, false)
        || !answer_listed(w, root, &out, true)
        || !answer_level(w, root, &out, false, STUDY)
        || !answer_level(w, root, &out, true, STUDY))
    {
        return pacs_fail(w->err, PACS_E_NOMEM, "out of memory");
    }

    rc = pacs_document_json(&out, op->arena, &json, w->err);
    return rc == PACS_OK ? pacs_op_models(op, &accept, &json, 1, w->err) : rc;
}


/* --- request and result, 13.4 and 13.5 --- */

static int
keep(work_t *w, pacs_document_t *d, const pacs_item_t *root)
{
    int  lock, rc = pacs_documents_lock(w->op->svc, &lock, w->err);

    if (rc != PACS_OK) {
        return rc;
    }

    /* who asked first under this UID */
    pacs_document_t  there;
    pacs_err_t       none = { 0 };

    rc = w->op->svc->index->vt->document_get(w->op->svc->index,
             PACS_DOC_COMMITMENT, d->uid, w->op->arena, &there, &none);

    if (rc == PACS_OK && there.revision != d->revision) {
        rc = pacs_fail(w->err, PACS_E_CONFLICT, "Transaction UID %.*s is in "
                       "use", pacs_fmt(d->uid));

    } else if (rc == PACS_OK || rc == PACS_E_NOT_FOUND) {
        d->state = w->pending ? pacs_lit("PENDING") : pacs_lit("DONE");
        d->root = root;
        rc = pacs_documents_commit(w->op->svc, &w->op->request.subject, d, 1,
                                   NULL, 0, w->op->arena, w->err);
    } else {
        pacs_fail(w->err, rc, "%s", none.text);
    }

    pacs_documents_unlock(lock);
    return rc;
}


int
pacs_op_commit_request(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    work_t           w = { .op = op, .fresh = true, .err = err };
    pacs_document_t  d = { .kind = pacs_lit(PACS_DOC_COMMITMENT),
                           .uid = route->instance };
    pacs_item_t     *root;
    int              rc;

    if ((rc = pacs_op_body(op, false, &root, err)) != PACS_OK
        || (rc = look_at_all(&w, root, 0)) != PACS_OK)
    {
        return rc;
    }
    if (w.items == 0) {
        return pacs_fail(err, PACS_E_ARG, "no instance is named: neither "
                         "ReferencedSOPSequence (0008,1199) nor "
                         "ReferencedStudySequence (0008,1110)");
    }

    w.fresh = false;
    if ((rc = keep(&w, &d, root)) != PACS_OK
        || (rc = look_at_all(&w, root, TURN_US)) != PACS_OK
        || (rc = keep(&w, &d, root)) != PACS_OK)
    {
        return rc;
    }
    return answer(&w, route, params, nparams, root);
}


int
pacs_op_commit_result(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    work_t           w = { .op = op, .err = err };
    pacs_document_t  d;
    int              rc = pacs_document_load(op->svc, PACS_DOC_COMMITMENT,
                                             route->instance, op->arena, &d,
                                             err);

    if (rc == PACS_OK && pacs_str_is(d.state, "PENDING")) {
        pacs_item_t *root = (pacs_item_t *) d.root;

        rc = look_at_all(&w, root, TURN_US);
        if (rc == PACS_OK) {
            rc = keep(&w, &d, root);
        }

        /* somebody else went on meanwhile: ask again */
        if (rc == PACS_E_CONFLICT) {
            *err = (pacs_err_t) { 0 };
            w.pending = true;
            rc = PACS_OK;
        }
    }
    return rc == PACS_OK ? answer(&w, route, params, nparams, d.root) : rc;
}
