/* SPDX-License-Identifier: BSD-2-Clause */

/* Events of workitems, PS3.4 CC.2.4, and who hears of them.  They are put
 * with the change that they tell of; who listens then is told. */

#include <stdatomic.h>
#include <string.h>

#include "service/ups.h"

enum { INSTANCE = 0x00080018 };


/* --- receivers --- */

typedef struct {
    pacs_ups_said_t  *said;
    pacs_str_t       *refused;      /* unsubscribed from this workitem */
    unsigned          nrefused;
    unsigned          room;
    pacs_str_t        uid;
    int64_t           created_us;
    pacs_err_t       *err;
} hearers_t;


static bool
is_among(const pacs_str_t *list, unsigned n, pacs_str_t ae)
{
    for (unsigned i = 0; i < n; i++) {
        if (pacs_str_eq(list[i], ae)) {
            return true;
        }
    }
    return false;
}


static int
add(hearers_t *h, pacs_str_t **list, unsigned *n, pacs_str_t ae)
{
    pacs_arena_t *a = h->said->op->arena;

    if (is_among(*list, *n, ae)) {
        return PACS_OK;
    }

    /* powers of two have their room used up */
    if ((*n & (*n - 1)) == 0) {
        pacs_str_t *more = pacs_calloc(a, *n == 0 ? 1 : *n * 2,
                                       sizeof(*more));

        if (more == NULL) {
            return pacs_fail(h->err, PACS_E_NOMEM, "out of memory");
        }
        if (*n != 0) {
            memcpy(more, *list, *n * sizeof(*more));
        }
        *list = more;
    }

    (*list)[(*n)++] = pacs_str_copy(a, ae);
    return PACS_OK;
}


/* "AE\UID" */
static int
hear(void *ctx, const pacs_document_t *d)
{
    hearers_t  *h = ctx;
    pacs_str_t  uid = d->uid, ae;

    pacs_str_split(&uid, '\\', &ae);

    if (pacs_str_is(d->state, "NONE")) {
        return add(h, &h->refused, &h->nrefused, ae);
    }

    /* a suspended one holds for what was there when it was suspended */
    if (pacs_str_eq(uid, h->uid)
        || (pacs_str_is(uid, PACS_UPS_GLOBAL)
            && (!pacs_str_is(d->state, "SUSPENDED")
                || h->created_us < d->time_us)))
    {
        return add(h, &h->said->receivers, &h->said->n, ae);
    }
    return PACS_OK;
}


int
pacs_ups_receivers(pacs_ups_said_t *s, pacs_str_t uid, int64_t created_us,
    pacs_err_t *err)
{
    pacs_op_t              *op = s->op;
    pacs_index_t           *ix = op->svc->index;
    hearers_t               h = { .said = s, .uid = uid,
                                  .created_us = created_us, .err = err };
    pacs_document_key_t     key = { .path = { INSTANCE }, .depth = 1,
        .value = pacs_sprintf(op->arena, "%.*s\\%s", pacs_fmt(uid),
                              PACS_UPS_GLOBAL) };
    pacs_document_query_t   q = { .kind = PACS_DOC_SUBSCRIPTION,
                                  .keys = &key, .nkeys = 1 };
    bool                    more;
    int                     rc = ix->vt->documents_find(ix, &q,
                                     pacs_service_limits(op->svc), op->arena,
                                     hear, &h, &more, err);
    unsigned                n = 0;

    for (unsigned i = 0; i < s->n; i++) {
        if (!is_among(h.refused, h.nrefused, s->receivers[i])) {
            s->receivers[n++] = s->receivers[i];
        }
    }
    s->n = n;
    return rc;
}


/* --- events --- */

/* table CC.2.4-1: what an event tells of a workitem, or of a request */
static const struct { uint8_t event; uint32_t tag; } told[] = {
    { PACS_UPS_EVENT_STATE,    PACS_UPS_READINESS },
    { PACS_UPS_EVENT_STATE,    PACS_UPS_STATE },
    { PACS_UPS_EVENT_CANCEL,   PACS_UPS_CONTACT },
    { PACS_UPS_EVENT_CANCEL,   PACS_UPS_CONTACT_NAME },
    { PACS_UPS_EVENT_CANCEL,   PACS_UPS_REASON_CODE },
    { PACS_UPS_EVENT_CANCEL,   PACS_UPS_REQUESTER },
    { PACS_UPS_EVENT_CANCEL,   PACS_UPS_REASON },
    { PACS_UPS_EVENT_PROGRESS, PACS_UPS_PROGRESS },
    { PACS_UPS_EVENT_ASSIGNED, PACS_UPS_STATIONS },
    { PACS_UPS_EVENT_ASSIGNED, 0x00404009 },    /* Human Performer Code */
    { PACS_UPS_EVENT_ASSIGNED, 0x00404036 }     /* … Organization */
};


static int
content(pacs_op_t *op, pacs_ups_event_e type, const pacs_item_t *of,
    pacs_str_t *json, pacs_err_t *err)
{
    pacs_item_t         item = { .charset = pacs_lit(PACS_UTF8) };
    const pacs_item_t  *performer = pacs_elem_item(of, PACS_UPS_PERFORMERS);

    for (size_t i = 0; of != NULL && i < sizeof(told) / sizeof(told[0]); i++)
    {
        const pacs_elem_t *e = pacs_elem(of, told[i].tag);

        if (e == NULL) {
            e = pacs_elem(performer, told[i].tag);
        }

        if (told[i].event == type && e != NULL
            && !pacs_item_put(&item, e, op->arena))
        {
            return pacs_fail(err, PACS_E_NOMEM, "out of memory");
        }
    }

    if (type == PACS_UPS_EVENT_CANCEL
        && pacs_elem(&item, PACS_UPS_REQUESTER) == NULL
        && !pacs_item_text(&item, PACS_UPS_REQUESTER, pacs_lit("ANONYMOUS"),
                           op->arena))
    {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }
    return pacs_document_json(&item, op->arena, json, err);
}


static pacs_event_t *
next_event(pacs_ups_said_t *s)
{
    if (s->nevents == s->room) {
        unsigned       room = s->room == 0 ? 8 : s->room * 2;
        pacs_event_t  *more = pacs_calloc(s->op->arena, room, sizeof(*more));

        if (more == NULL) {
            return NULL;
        }
        if (s->nevents != 0) {
            memcpy(more, s->events, s->nevents * sizeof(*more));
        }
        s->events = more;
        s->room = room;
    }
    return &s->events[s->nevents++];
}


int
pacs_ups_say(pacs_ups_said_t *s, pacs_ups_event_e type, pacs_str_t uid,
    const pacs_item_t *of, pacs_err_t *err)
{
    static _Atomic uint16_t  message;
    pacs_str_t               body;
    int                      rc = s->n == 0 ? PACS_OK
                                  : content(s->op, type, of, &body, err);

    for (unsigned i = 0; rc == PACS_OK && i < s->n; i++) {
        pacs_event_t *e = next_event(s);

        if (e == NULL) {
            return pacs_fail(err, PACS_E_NOMEM, "out of memory");
        }

        /* group 0 is no data set's: it is written here */
        e->receiver = s->receivers[i];
        e->json = pacs_sprintf(s->op->arena,
            "{\"00000002\":{\"vr\":\"UI\",\"Value\":[\"%s\"]},"
            "\"00000110\":{\"vr\":\"US\",\"Value\":[%u]},"
            "\"00001000\":{\"vr\":\"UI\",\"Value\":[\"%.*s\"]},"
            "\"00001002\":{\"vr\":\"US\",\"Value\":[%d]}%s%.*s",
            PACS_UPS_CLASS, (unsigned) ++message, pacs_fmt(uid), (int) type,
            body.len > 2 ? "," : "", (int) body.len - 1, body.data + 1);
        if (e->json.data == NULL) {
            return pacs_fail(err, PACS_E_NOMEM, "out of memory");
        }
    }
    return rc;
}


/* --- whoever listens --- */

typedef struct {
    int   (*fn)(void *ctx, int64_t id, pacs_str_t receiver, pacs_str_t json);
    void   *ctx;
} listener_t;


static int
pass_on(void *ctx, const pacs_event_t *e)
{
    const listener_t *l = ctx;

    return l->fn(l->ctx, e->id, e->receiver, e->json);
}


pacs_str_t
pacs_events_status(bool restarted, pacs_arena_t *a)
{
    return pacs_sprintf(a,
        "{\"00000002\":{\"vr\":\"UI\",\"Value\":[\"%s\"]},"
        "\"00000110\":{\"vr\":\"US\",\"Value\":[1]},"
        "\"00001000\":{\"vr\":\"UI\",\"Value\":[\"%s\"]},"
        "\"00001002\":{\"vr\":\"US\",\"Value\":[4]},"
        "\"00741242\":{\"vr\":\"CS\",\"Value\":[\"%s\"]},"
        "\"00741244\":{\"vr\":\"CS\",\"Value\":[\"WARM START\"]},"
        "\"00741246\":{\"vr\":\"CS\",\"Value\":[\"WARM START\"]}}",
        PACS_UPS_CLASS, PACS_UPS_GLOBAL,
        restarted ? "RESTARTED" : "GOING DOWN");
}


int
pacs_events_read(pacs_service_t *svc, int64_t after,
    int (*fn)(void *ctx, int64_t id, pacs_str_t receiver, pacs_str_t json),
    void *ctx, int64_t *last, pacs_err_t *err)
{
    listener_t  l = { fn, ctx };

    return svc->index->vt->events(svc->index, after, pass_on, &l, last, err);
}


int
pacs_events_open(pacs_op_t *op, pacs_str_t *ae, int64_t *last)
{
    pacs_err_t    err = { 0 };
    pacs_route_t  route;
    int           rc = pacs_web_route(op->request.path,
                                      pacs_service_limits(op->svc),
                                      op->arena, &route, &err);

    if (rc == PACS_OK) {
        rc = pacs_auth_check(&op->request.subject, PACS_MAY_QUERY, pacs_null,
                             &err);
    }
    if (rc == PACS_OK) {
        rc = pacs_events_read(op->svc, INT64_MAX, NULL, NULL, last, &err);
    }
    if (rc != PACS_OK) {
        pacs_op_fail(op, &err);
        return rc;
    }

    *ae = pacs_str_trim(route.ae);
    return PACS_OK;
}
