/* SPDX-License-Identifier: BSD-2-Clause */

/* QIDO-RS, PS3.18 10.6: parameters -> predicates -> rows -> DICOM JSON. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/internal.h"

typedef struct {
    pacs_op_t           *op;
    const pacs_route_t  *route;
    pacs_level_e         level;
    const unsigned      *order;     /* attributes answered, by tag */
    unsigned             norder;
    pacs_buf_t           out;
    unsigned             rows;
    char                 ignored[256];  /* keys, " 00091010 …" */
} answer_t;

enum { RETRIEVE_URL = 0x00081190, AVAILABILITY = 0x00080056 };


static pacs_level_e
level_of(pacs_resource_e r)
{
    return r == PACS_R_STUDIES ? PACS_LEVEL_STUDY
           : r == PACS_R_SERIES ? PACS_LEVEL_SERIES : PACS_LEVEL_INSTANCE;
}


static int
by_tag(const void *a, const void *b)
{
    const pacs_attr_t *x = &pacs_attrs[*(const unsigned *) a];
    const pacs_attr_t *y = &pacs_attrs[*(const unsigned *) b];

    if (x->path[0] != y->path[0]) {
        return x->path[0] < y->path[0] ? -1 : 1;
    }
    return x->path[1] < y->path[1] ? -1 : x->path[1] > y->path[1];
}


static bool
asked_for(const pacs_search_t *s, const pacs_attr_t *at)
{
    for (unsigned i = 0; i < s->nkeys; i++) {
        if (s->keys[i].tag == at->path[0]) {
            return true;
        }
    }

    for (unsigned i = 0; i < s->ninclude; i++) {
        if (s->include[i] == at->path[0]) {
            return true;
        }
    }

    return s->include_all;
}


/* tables 10.6.3-3, -4, -5: the level's own; of the levels above what the
 * path does not already say */
static bool
answered(const answer_t *w, const pacs_search_t *s, const pacs_attr_t *at)
{
    pacs_level_e  own = at->level == PACS_LEVEL_PATIENT ? PACS_LEVEL_STUDY
                                                        : at->level;

    if (own > w->level) {
        return false;
    }

    if (asked_for(s, at)) {
        return true;
    }

    if (own == PACS_LEVEL_STUDY && w->level != own && w->route->study.len
        && at->path[0] != 0x0020000D)
    {
        return false;
    }

    if (own == PACS_LEVEL_SERIES && w->level != own && w->route->series.len
        && at->path[0] != 0x0020000E)
    {
        return false;
    }

    return at->required;
}


static int
choose(answer_t *w, const pacs_search_t *s)
{
    unsigned *order = pacs_calloc(w->op->arena, pacs_nattrs, sizeof(*order));

    if (order == NULL) {
        return PACS_E_NOMEM;
    }

    for (unsigned i = 0; i < pacs_nattrs; i++) {
        if (answered(w, s, &pacs_attrs[i])) {
            order[w->norder++] = i;
        }
    }

    qsort(order, w->norder, sizeof(*order), by_tag);
    w->order = order;
    return PACS_OK;
}


static pacs_str_t
value_of(answer_t *w, const pacs_row_t *row, unsigned i)
{
    switch (pacs_attrs[i].path[0]) {
    case RETRIEVE_URL:
        return pacs_op_url(w->op, true, row->study, row->series,
                           row->instance);
    case AVAILABILITY:
        return pacs_lit("ONLINE");
    default:
        return row->values[i];
    }
}


/* attributes of one sequence lie side by side in the order: one item */
static void
write_sequence(answer_t *w, const pacs_row_t *row, unsigned *i)
{
    uint32_t  sq = pacs_attrs[w->order[*i]].path[0];
    bool      any = false;

    pacs_buf_printf(&w->out, "\"%08X\":{\"vr\":\"SQ\"", sq);

    for (; *i < w->norder && pacs_attrs[w->order[*i]].path[0] == sq; (*i)++) {
        const pacs_attr_t *at = &pacs_attrs[w->order[*i]];
        pacs_str_t         v = row->values[w->order[*i]];

        if (v.len != 0) {
            pacs_buf_text(&w->out, any ? "," : ",\"Value\":[{");
            pacs_json_attr(&w->out, at->path[1], at->vr, v);
            any = true;
        }
    }

    pacs_buf_text(&w->out, any ? "}]}" : "}");
    (*i)--;
}


static int
write_row(void *ctx, const pacs_row_t *row)
{
    answer_t *w = ctx;

    pacs_buf_text(&w->out, w->rows++ ? ",\n{" : "{");

    for (unsigned i = 0; i < w->norder; i++) {
        const pacs_attr_t *at = &pacs_attrs[w->order[i]];

        if (i != 0) {
            pacs_buf_char(&w->out, ',');
        }

        if (at->path[1] != 0) {
            write_sequence(w, row, &i);
        } else {
            pacs_json_attr(&w->out, at->path[0], at->vr,
                           value_of(w, row, w->order[i]));
        }
    }

    pacs_buf_char(&w->out, '}');
    return w->out.failed ? PACS_E_NOMEM : PACS_OK;
}


static int
add_key(answer_t *w, pacs_query_t *q, uint32_t tag, uint32_t second,
    pacs_str_t value, bool fuzzy, pacs_err_t *err)
{
    pacs_err_t  e = { 0 };
    int         rc = pacs_query_key(q, tag, second, value, fuzzy,
                                    pacs_service_limits(w->op->svc),
                                    w->op->arena, &e);

    if (rc == PACS_E_NOT_FOUND) {
        size_t  n = strlen(w->ignored);

        snprintf(w->ignored + n, sizeof(w->ignored) - n, " %08X", tag);
        return PACS_OK;
    }

    return rc == PACS_OK ? rc : pacs_fail(err, rc, "%s", e.text);
}


static int
build(answer_t *w, const pacs_search_t *s, pacs_query_t *q, pacs_err_t *err)
{
    int  rc;

    if (w->route->study.len != 0
        && (rc = add_key(w, q, 0x0020000D, 0, w->route->study, false, err))
            != PACS_OK)
    {
        return rc;
    }

    if (w->route->series.len != 0
        && (rc = add_key(w, q, 0x0020000E, 0, w->route->series, false, err))
            != PACS_OK)
    {
        return rc;
    }

    for (unsigned i = 0; i < s->nkeys; i++) {
        rc = add_key(w, q, s->keys[i].tag, s->keys[i].second,
                     s->keys[i].value, s->fuzzy, err);
        if (rc != PACS_OK) {
            return rc;
        }
    }

    return w->ignored[0] == '\0'
           ? PACS_OK
           : pacs_reply_warning(w->op, "These keys are not supported and "
                                "were ignored:%s", w->ignored);
}


static int
run_query(answer_t *w, const pacs_search_t *s, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(w->op->svc);
    pacs_index_t        *ix = w->op->svc->index;
    pacs_query_t         q = { .level = w->level, .limit = s->limit,
                               .offset = s->offset };
    bool                 more;
    int                  rc;

    if ((rc = choose(w, s)) != PACS_OK || (rc = build(w, s, &q, err))) {
        return rc;
    }

    pacs_buf_char(&w->out, '[');

    rc = ix->vt->query(ix, &q, limits, w->op->arena, write_row, w, &more, err);

    pacs_buf_text(&w->out, "]\n");

    if (rc == PACS_OK && more
        && (s->limit == 0 || s->limit > (uint64_t) limits->query_rows))
    {
        rc = pacs_reply_warning(w->op, "There are additional results that "
                                "can be requested: %u rows are shown, ask "
                                "with offset.", w->rows);
    }

    return rc;
}


int
pacs_op_search(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    answer_t             w = { .op = op, .route = route,
                               .level = level_of(route->resource) };
    pacs_accept_t        accept;
    pacs_search_t        s = { 0 };
    unsigned             naccept;
    int                  rc;

    w.out.max = (size_t) limits->metadata;

    if ((rc = pacs_web_search(params, n, limits, op->arena, &s, err))
            != PACS_OK
        || (rc = pacs_op_accept(op, route, params, n, &accept, 1, &naccept,
                                err)) != PACS_OK)
    {
        return rc;
    }

    if ((rc = run_query(&w, &s, err)) != PACS_OK) {
        pacs_buf_free(&w.out);
        return rc;
    }

    op->reply.content_type = accept.media == PACS_MT_JSON
                             ? pacs_lit("application/json")
                             : pacs_lit("application/dicom+json");
    pacs_audit_event(op->svc->audit, PACS_AUDIT_QUERY, 'E', true,
                     &op->request.subject, route->study, op->request.args);

    return pacs_reply_memory(op, pacs_buf_take(&w.out, op->arena));
}
