/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Subscriptions, PS3.18 11.10 to 11.12 and PS3.4 CC.2.3: a document for
 * each AE title and workitem, of state LOCK, OPEN or NONE (not this one,
 * though all), and for each global one, of state LOCK, OPEN or SUSPENDED.
 * A global one holds for all workitems by itself; a filtered one gets a
 * subscription of its own for each that matches when either is made.
 */

#include <string.h>

#include "service/ups.h"

enum { RECEIVER = 0x00741234, LOCK = 0x00741230, INSTANCE = 0x00080018,
       FILTER = 0x0040A160 };

typedef struct {
    pacs_op_t        *op;
    pacs_str_t        ae;
    pacs_str_t        filter;       /* keys, a line each: "name=value" */
    bool              lock;         /* Deletion Lock */
    pacs_document_t  *docs;
    unsigned          n, room;
    pacs_ups_said_t   said;
    pacs_err_t       *err;
} work_t;


static pacs_str_t
name_of(work_t *w, pacs_str_t target)
{
    return pacs_sprintf(w->op->arena, "%.*s\\%.*s", pacs_fmt(w->ae),
                        pacs_fmt(target));
}


static int
no_memory(work_t *w)
{
    return pacs_fail(w->err, PACS_E_NOMEM, "out of memory");
}


static pacs_document_t *
next_doc(work_t *w)
{
    if (w->n == w->room) {
        unsigned          room = w->room == 0 ? 8 : w->room * 2;
        pacs_document_t  *more = pacs_calloc(w->op->arena, room,
                                             sizeof(*more));

        if (more == NULL) {
            return NULL;
        }
        if (w->n != 0) {
            memcpy(more, w->docs, w->n * sizeof(*more));
        }
        w->docs = more;
        w->room = room;
    }
    return &w->docs[w->n++];
}


/* the subscription to target; PACS_E_NOT_FOUND */
static int
find(work_t *w, pacs_str_t target, pacs_document_t *d)
{
    pacs_index_t  *ix = w->op->svc->index;
    pacs_err_t     err = { 0 };
    int            rc = ix->vt->document_get(ix, PACS_DOC_SUBSCRIPTION,
                                             name_of(w, target),
                                             w->op->arena, d, &err);

    return rc == PACS_OK || rc == PACS_E_NOT_FOUND
           ? rc : pacs_fail(w->err, rc, "%s", err.text);
}


/* it is to be so */
static int
set(work_t *w, pacs_str_t target, const char *state)
{
    pacs_arena_t     *a = w->op->arena;
    pacs_document_t  *d = next_doc(w), old;
    pacs_item_t      *root = pacs_calloc(a, 1, sizeof(*root));
    int               rc = find(w, target, &old);

    if (d == NULL || root == NULL) {
        return no_memory(w);
    }
    if (rc != PACS_OK && rc != PACS_E_NOT_FOUND) {
        return rc;
    }

    root->charset = pacs_lit(PACS_UTF8);
    *d = (pacs_document_t) {
        .kind = pacs_lit(PACS_DOC_SUBSCRIPTION), .uid = name_of(w, target),
        .state = pacs_cstr(state), .root = root,
        .revision = rc == PACS_OK ? old.revision : 0
    };

    return pacs_item_text(root, INSTANCE, target, a)
           && pacs_item_text(root, RECEIVER, w->ae, a)
           && pacs_item_text(root, LOCK, strcmp(state, "LOCK") == 0
                             ? pacs_lit("TRUE") : pacs_lit("FALSE"), a)
           && (w->filter.len == 0
               || pacs_item_text(root, FILTER, w->filter, a))
           ? PACS_OK : no_memory(w);
}


static int
take_away(work_t *w, const pacs_document_t *old)
{
    pacs_document_t *d = next_doc(w);

    if (d == NULL) {
        return no_memory(w);
    }
    *d = *old;
    d->kind = pacs_lit(PACS_DOC_SUBSCRIPTION);
    d->uid = pacs_str_copy(w->op->arena, old->uid);
    d->state = pacs_lit("GONE");
    d->root = NULL;
    return PACS_OK;
}


/* the current state of a workitem, said to the new subscriber */
static int
say_state(work_t *w, const pacs_document_t *d)
{
    pacs_item_t *root;
    int          rc = pacs_document_tree(w->op->svc, d->json, w->op->arena,
                                         &root, w->err);

    w->said.op = w->op;
    w->said.receivers = &w->ae;
    w->said.n = 1;

    return rc == PACS_OK
           ? pacs_ups_say(&w->said, PACS_UPS_EVENT_STATE,
                          pacs_str_copy(w->op->arena, d->uid), root, w->err)
           : rc;
}


/* --- filters --- */

/* lines to keys */
static int
filter_keys(pacs_op_t *op, pacs_str_t filter, pacs_document_key_t **keys,
    unsigned *n, pacs_err_t *err)
{
    const pacs_limits_t  *limits = pacs_service_limits(op->svc);
    pacs_str_t            rest = filter, line;
    pacs_param_t         *params;
    pacs_search_t         s;
    unsigned              count = 0;

    while (pacs_str_split(&rest, '\n', &line)) {
        count++;
    }
    params = pacs_calloc(op->arena, count + 1, sizeof(*params));
    if (params == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    count = 0;
    rest = filter;
    while (pacs_str_split(&rest, '\n', &line)) {
        pacs_str_split(&line, '=', &params[count].name);
        params[count++].value = line.data != NULL ? line : pacs_lit("");
    }

    int  rc = pacs_web_search(params, count, limits, op->arena, &s, err);

    return rc == PACS_OK ? pacs_document_keys(op, &s, keys, n, err) : rc;
}


/* `filter=a=1,b=2` of the newest edition, or keys as in a search.  A piece
 * that is a UID goes on with the value before it: it was a list */
static int
read_filter(work_t *w, const pacs_param_t *params, unsigned n)
{
    static const char *const  others[] = { "deletionlock", "accept",
                                           "charset" };
    pacs_buf_t                b = { 0 };

    for (unsigned i = 0; i < n; i++) {
        pacs_str_t  rest = params[i].value, piece;
        bool        key = true;

        for (unsigned k = 0; k < 3; k++) {
            key = key && !pacs_str_is(params[i].name, others[k]);
        }
        if (key && !pacs_str_is(params[i].name, "filter")) {
            pacs_buf_printf(&b, "%s%.*s=%.*s", b.len != 0 ? "\n" : "",
                            pacs_fmt(params[i].name),
                            pacs_fmt(params[i].value));
            continue;
        }
        while (key && pacs_str_split(&rest, ',', &piece)) {
            bool  is_new = memchr(piece.data, '=', piece.len) != NULL;

            if (!is_new && (b.len == 0 || !pacs_uid_ok(piece))) {
                pacs_buf_free(&b);
                return pacs_web_bad(w->err, &params[i],
                                    "must be attribute=value,…");
            }
            pacs_buf_printf(&b, "%s%.*s", b.len == 0 ? ""
                            : is_new ? "\n" : ",", pacs_fmt(piece));
        }
    }

    w->filter = pacs_buf_take(&b, w->op->arena);
    if (w->filter.data == NULL) {
        return no_memory(w);
    }
    return w->filter.len != 0 ? PACS_OK
           : pacs_fail(w->err, PACS_E_ARG, "a filtered subscription needs "
                       "filter=attribute=value,…");
}


/* --- subscribe, 11.10 --- */

static int
read_lock(work_t *w, const pacs_param_t *params, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (!pacs_str_is(params[i].name, "deletionlock")) {
            continue;
        }
        w->lock = pacs_str_is(params[i].value, "true");
        if (!w->lock && !pacs_str_is(params[i].value, "false")) {
            return pacs_web_bad(w->err, &params[i], "must be true or false");
        }
    }
    return PACS_OK;
}


static int
say_one(void *ctx, const pacs_document_t *d)
{
    return say_state(ctx, d);
}


static int
subscribe_one(void *ctx, const pacs_document_t *d)
{
    work_t *w = ctx;
    int     rc = set(w, pacs_str_copy(w->op->arena, d->uid),
                     w->lock ? "LOCK" : "OPEN");

    return rc == PACS_OK && w->lock ? say_state(w, d) : rc;
}


static int
each_workitem(work_t *w, int (*fn)(void *ctx, const pacs_document_t *d))
{
    pacs_index_t            *ix = w->op->svc->index;
    pacs_document_query_t    q = { .kind = PACS_DOC_UPS };
    pacs_document_key_t     *keys = NULL;
    bool                     more;
    int                      rc = w->filter.len == 0 ? PACS_OK
                                  : filter_keys(w->op, w->filter, &keys,
                                                &q.nkeys, w->err);

    q.keys = keys;
    return rc == PACS_OK
           ? ix->vt->documents_find(ix, &q, pacs_service_limits(w->op->svc),
                                    w->op->arena, fn, w, &more, w->err)
           : rc;
}


/* CC.2.4.3: of all workitems a global subscriber hears at once only if it
 * locks them */
static int
subscribe(work_t *w, pacs_str_t target)
{
    pacs_document_t  d;
    int              rc;

    if (pacs_str_is(target, PACS_UPS_GLOBAL)) {
        rc = set(w, target, w->lock ? "LOCK" : "OPEN");
        return rc == PACS_OK && w->lock ? each_workitem(w, say_one) : rc;
    }
    if (pacs_str_is(target, PACS_UPS_FILTERED)) {
        rc = set(w, target, w->lock ? "LOCK" : "OPEN");
        return rc == PACS_OK ? each_workitem(w, subscribe_one) : rc;
    }

    rc = pacs_document_load(w->op->svc, PACS_DOC_UPS, target, w->op->arena,
                            &d, w->err);
    if (rc == PACS_OK) {
        rc = set(w, target, w->lock ? "LOCK" : "OPEN");
    }
    return rc == PACS_OK ? say_state(w, &d) : rc;
}


/* --- unsubscribe, 11.11 --- */

static int
none_found(work_t *w)
{
    return pacs_fail(w->err, PACS_E_NOT_FOUND, "%.*s has no such "
                     "subscription", pacs_fmt(w->ae));
}


static int
unsubscribe_workitem(work_t *w, pacs_str_t target)
{
    pacs_document_t  own, all;
    int              rc = find(w, target, &own);
    int              global = find(w, pacs_lit(PACS_UPS_GLOBAL), &all);
    bool             hears = rc == PACS_OK
                             ? !pacs_str_is(own.state, "NONE")
                             : global == PACS_OK;

    if ((rc != PACS_OK && rc != PACS_E_NOT_FOUND)
        || (global != PACS_OK && global != PACS_E_NOT_FOUND))
    {
        return w->err->code;
    }
    if (!hears) {
        return none_found(w);
    }
    return global == PACS_OK ? set(w, target, "NONE") : take_away(w, &own);
}


static int
take_one(void *ctx, const pacs_document_t *d)
{
    return take_away(ctx, d);
}


/* CC.2.3: no subscription is left, of single workitems neither */
static int
unsubscribe_all(work_t *w, pacs_str_t target)
{
    pacs_index_t           *ix = w->op->svc->index;
    pacs_document_key_t     key = { .path = { RECEIVER }, .depth = 1,
                                    .value = w->ae };
    pacs_document_query_t   q = { .kind = PACS_DOC_SUBSCRIPTION,
                                  .keys = &key, .nkeys = 1 };
    pacs_document_t         d;
    bool                    more;
    int                     rc = find(w, target, &d);

    if (rc != PACS_OK) {
        return rc == PACS_E_NOT_FOUND ? none_found(w) : rc;
    }
    return ix->vt->documents_find(ix, &q, pacs_service_limits(w->op->svc),
                                  w->op->arena, take_one, w, &more, w->err);
}


static bool
is_global(pacs_str_t target)
{
    return pacs_str_is(target, PACS_UPS_GLOBAL)
           || pacs_str_is(target, PACS_UPS_FILTERED);
}


static int
unsubscribe(work_t *w, pacs_str_t target)
{
    return is_global(target) ? unsubscribe_all(w, target)
                             : unsubscribe_workitem(w, target);
}


/* --- suspend, 11.12 --- */

static int
suspend(work_t *w, pacs_str_t target)
{
    pacs_document_t  d;
    int              rc;

    if (!is_global(target)) {
        return pacs_fail(w->err, PACS_E_ARG, "only a global subscription is "
                         "suspended: %s or %s", PACS_UPS_GLOBAL,
                         PACS_UPS_FILTERED);
    }
    if ((rc = find(w, target, &d)) != PACS_OK) {
        return rc == PACS_E_NOT_FOUND ? none_found(w) : rc;
    }
    return pacs_str_is(d.state, "SUSPENDED") ? PACS_OK
           : set(w, target, "SUSPENDED");
}


/* --- all of them --- */

static int
run(work_t *w, pacs_str_t target, int (*work)(work_t *w, pacs_str_t target))
{
    pacs_op_t *op = w->op;
    int        lock, rc = pacs_documents_lock(op->svc, &lock, w->err);

    if (rc != PACS_OK) {
        return rc;
    }

    rc = work(w, target);
    if (rc == PACS_OK && w->n != 0) {
        rc = pacs_documents_commit(op->svc, &op->request.subject, w->docs,
                                   w->n, w->said.events, w->said.nevents,
                                   op->arena, w->err);
    }

    pacs_documents_unlock(lock);
    return rc;
}


int
pacs_op_subscribe(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    work_t      w = { .op = op, .ae = pacs_str_trim(route->ae), .err = err };
    pacs_str_t  scheme = op->request.origin, host;
    int         rc = read_lock(&w, params, nparams);

    if (rc == PACS_OK && pacs_str_is(route->instance, PACS_UPS_FILTERED)) {
        rc = read_filter(&w, params, nparams);
    }
    if (rc == PACS_OK) {
        rc = run(&w, route->instance, subscribe);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    /* http to ws, https to wss */
    pacs_str_split(&scheme, ':', &host);
    op->reply.status = 201;
    return pacs_reply_header(op, "Content-Location",
        pacs_sprintf(op->arena, "ws%s:%.*s%.*s/subscribers/%.*s",
                     pacs_str_is(host, "https") ? "s" : "",
                     pacs_fmt(scheme), pacs_fmt(op->request.prefix),
                     pacs_fmt(w.ae)));
}


int
pacs_op_unsubscribe(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    work_t  w = { .op = op, .ae = pacs_str_trim(route->ae), .err = err };

    return run(&w, route->instance, unsubscribe);
}


int
pacs_op_suspend(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    work_t  w = { .op = op, .ae = pacs_str_trim(route->ae), .err = err };

    return run(&w, route->instance, suspend);
}


int
pacs_op_notifications(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    return pacs_fail(err, PACS_E_ARG, "events come over a WebSocket: send "
                     "Upgrade: websocket (RFC 6455)");
}


/* --- a new workitem and the filtered subscriptions --- */

typedef struct {
    pacs_op_t              *op;
    const pacs_document_t  *d;
    work_t                 *all;
    unsigned                n;
    pacs_err_t             *err;
} fresh_t;


static int
found(void *ctx, const pacs_document_t *d)
{
    *(bool *) ctx = true;
    return PACS_OK;
}


static int
matches(pacs_op_t *op, pacs_str_t filter, pacs_str_t uid, bool *yes,
    pacs_err_t *err)
{
    pacs_index_t           *ix = op->svc->index;
    pacs_document_key_t    *keys, *more_keys;
    pacs_document_query_t   q = { .kind = PACS_DOC_UPS, .limit = 1 };
    bool                    more;
    int                     rc = filter_keys(op, filter, &keys, &q.nkeys,
                                             err);

    *yes = false;
    if (rc != PACS_OK) {
        return rc;
    }

    more_keys = pacs_calloc(op->arena, q.nkeys + 1, sizeof(*keys));
    if (more_keys == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }
    memcpy(more_keys, keys, q.nkeys * sizeof(*keys));
    more_keys[q.nkeys++] = (pacs_document_key_t) {
        .path = { INSTANCE }, .depth = 1, .value = uid
    };
    q.keys = more_keys;
    return ix->vt->documents_find(ix, &q, pacs_service_limits(op->svc),
                                  op->arena, found, yes, &more, err);
}


/* one filtered subscription, copied out of the query */
static int
collect(void *ctx, const pacs_document_t *d)
{
    fresh_t          *f = ctx;
    pacs_document_t  *copy = next_doc(f->all);

    if (copy == NULL) {
        return pacs_fail(f->err, PACS_E_NOMEM, "out of memory");
    }
    copy->uid = pacs_str_copy(f->op->arena, d->uid);
    copy->state = pacs_str_copy(f->op->arena, d->state);
    copy->json = pacs_str_copy(f->op->arena, d->json);
    return copy->json.data != NULL ? PACS_OK
           : pacs_fail(f->err, PACS_E_NOMEM, "out of memory");
}


static int
subscribe_fresh(fresh_t *f, const pacs_document_t *filtered)
{
    work_t        w = { .op = f->op, .err = f->err };
    pacs_item_t  *root;
    bool          yes;
    pacs_str_t    rest = filtered->uid;
    int           rc = pacs_document_tree(f->op->svc, filtered->json,
                                          f->op->arena, &root, f->err);

    pacs_str_split(&rest, '\\', &w.ae);
    if (rc != PACS_OK
        || (rc = matches(f->op, pacs_item_value(root, FILTER, f->op->arena),
                         f->d->uid, &yes, f->err)) != PACS_OK
        || !yes)
    {
        return rc;
    }

    w.lock = pacs_str_is(filtered->state, "LOCK");
    rc = set(&w, f->d->uid, w.lock ? "LOCK" : "OPEN");
    if (rc == PACS_OK) {
        rc = say_state(&w, f->d);
    }
    return rc == PACS_OK
           ? pacs_documents_commit(f->op->svc, &f->op->request.subject,
                                   w.docs, w.n, w.said.events,
                                   w.said.nevents, f->op->arena, f->err)
           : rc;
}


int
pacs_ups_subscribe_new(pacs_op_t *op, const pacs_document_t *d,
    pacs_err_t *err)
{
    pacs_index_t           *ix = op->svc->index;
    work_t                  all = { .op = op, .err = err };
    fresh_t                 f = { .op = op, .d = d, .all = &all,
                                  .err = err };
    pacs_document_key_t     key = { .path = { INSTANCE }, .depth = 1,
                                    .value = pacs_lit(PACS_UPS_FILTERED) };
    pacs_document_query_t   q = { .kind = PACS_DOC_SUBSCRIPTION,
                                  .keys = &key, .nkeys = 1 };
    bool                    more;
    int                     rc = ix->vt->documents_find(ix, &q,
                                     pacs_service_limits(op->svc), op->arena,
                                     collect, &f, &more, err);

    for (unsigned i = 0; rc == PACS_OK && i < all.n; i++) {
        if (!pacs_str_is(all.docs[i].state, "SUSPENDED")) {
            rc = subscribe_fresh(&f, &all.docs[i]);
        }
    }
    return rc;
}
