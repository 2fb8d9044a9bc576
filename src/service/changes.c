/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Changes of the archive as server-sent events (HTML, 9.2).  No event holds
 * what a person could be known by: who listens asks for the studies it may
 * see.  The id of an event is a revision: said again it does no harm.
 */

#include <inttypes.h>

#include "service/internal.h"

/* more than these are not told one by one */
enum { MOST = 100 };

typedef struct {
    pacs_buf_t  *out;
    int64_t      now_us;
    int64_t      since_us;      /* what arrived before is not said */
    int64_t      last;
    unsigned     n;
} telling_t;


static int
tell(void *ctx, const pacs_change_t *c)
{
    telling_t  *t = ctx;
    int64_t     age_us = t->now_us - c->received_us;

    t->n++;
    if (c->revision > t->last) {
        t->last = c->revision;
    }
    if (t->n > MOST || c->received_us < t->since_us) {
        return PACS_OK;
    }

    pacs_buf_printf(t->out, "event: study\nid: %" PRId64 "\ndata: {\"study\":"
                    "\"%.*s\",\"revision\":%" PRId64 ",\"series\":%" PRId64
                    ",\"instances\":%" PRId64 ",\"age_ms\":%" PRId64 "}\n\n",
                    c->revision, pacs_fmt(c->uid), c->revision, c->series,
                    c->instances, age_us < 0 ? 0 : age_us / 1000);
    return PACS_OK;
}


static void
tell_archive(telling_t *t, int64_t revision)
{
    pacs_buf_printf(t->out, "event: archive\nid: %" PRId64 "\ndata: "
                    "{\"revision\":%" PRId64 "}\n\n", revision, revision);
    t->last = revision;
}


static int64_t
now_us(const pacs_service_t *svc)
{
    return svc->options.env.now_us(svc->options.env.ctx);
}


int
pacs_changes_read(pacs_service_t *svc, int64_t after, pacs_buf_t *out,
    int64_t *last, pacs_err_t *err)
{
    const pacs_index_vt_t  *vt = svc->index->vt;
    telling_t               t = { .out = out, .now_us = now_us(svc),
                                  .since_us = INT64_MIN };
    int64_t                 revision = 0;
    size_t                  start = out->len;
    int                     rc = vt->revision(svc->index, pacs_null,
                                              pacs_null, pacs_null,
                                              &revision, err);

    if (rc == PACS_OK && revision > after) {
        rc = vt->changes(svc->index, after, MOST + 1, tell, &t, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    /* too many, a study that is no more, or an index that counts anew */
    if (t.n > MOST || (revision != after && revision > t.last)
        || revision < after)
    {
        out->len = t.n > MOST ? start : out->len;
        tell_archive(&t, revision);
    }

    *last = t.last != 0 ? t.last : revision;
    return out->failed ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                       : PACS_OK;
}


/* what arrives just now */
static int
tell_arriving(pacs_service_t *svc, pacs_buf_t *out, int64_t *last,
    pacs_err_t *err)
{
    const pacs_index_vt_t  *vt = svc->index->vt;
    telling_t               t = { .out = out, .now_us = now_us(svc) };
    int                     rc = vt->revision(svc->index, pacs_null,
                                              pacs_null, pacs_null, last,
                                              err);

    t.since_us = t.now_us - svc->options.limits.arriving_ms * 1000;

    return rc != PACS_OK ? rc
           : vt->changes(svc->index, -1, MOST, tell, &t, err);
}


int
pacs_changes_open(pacs_op_t *op, int64_t since, pacs_buf_t *out,
    int64_t *last)
{
    pacs_service_t  *svc = op->svc;
    pacs_err_t       err = { 0 };
    int              rc = pacs_auth_check(&op->request.subject,
                                          PACS_MAY_QUERY, pacs_null, &err);

    if (rc == PACS_OK) {
        pacs_buf_printf(out, "retry: 1000\nevent: hello\ndata: "
                        "{\"arriving_ms\":%" PRId64 "}\n\n",
                        svc->options.limits.arriving_ms);
        rc = tell_arriving(svc, out, last, &err);
    }
    if (rc == PACS_OK && since >= 0) {
        rc = pacs_changes_read(svc, since, out, last, &err);
    }
    if (rc == PACS_OK) {
        /* where to go on from, whatever was said */
        pacs_buf_printf(out, "id: %" PRId64 "\n\n", *last);
        rc = out->failed ? pacs_fail(&err, PACS_E_NOMEM, "out of memory")
                         : PACS_OK;
    }

    if (rc != PACS_OK) {
        pacs_op_fail(op, &err);
    }
    return rc;
}
