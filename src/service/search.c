/* SPDX-License-Identifier: BSD-2-Clause */

/* QIDO-RS, PS3.18 10.6: parameters -> predicates -> rows -> DICOM JSON or
 * XML. */

#include <inttypes.h>
#include <stdio.h>

#include "service/search.h"

/* what the client is told beside the rows, " 00091010 …" each */
typedef struct {
    pacs_buf_t  unknown;        /* keys that are not matched */
    pacs_buf_t  below;          /* … as they are of a level below */
    pacs_buf_t  left_out;       /* fields that are not answered */
} told_t;


static pacs_level_e
level_of(pacs_resource_e r)
{
    return r == PACS_R_PATIENTS ? PACS_LEVEL_PATIENT
           : r == PACS_R_STUDIES ? PACS_LEVEL_STUDY
           : r == PACS_R_SERIES ? PACS_LEVEL_SERIES : PACS_LEVEL_INSTANCE;
}


static unsigned
how_of(const pacs_search_t *s)
{
    return PACS_HOW_MOMENT | (s->fuzzy ? PACS_HOW_FUZZY : 0)
           | (s->empty ? PACS_HOW_EMPTY : 0)
           | (s->every ? PACS_HOW_EVERY : 0);
}


/* --- keys --- */


/* what a study's series or instances say is no key of a study: PS3.18
 * 8.3.4.1 has it left aside, and said */
static int
add_key(const pacs_found_t *f, pacs_query_t *q, const pacs_key_param_t *key,
    told_t *told, pacs_err_t *err)
{
    int  attr = key->depth > 2 ? -1 : pacs_attr_find(key->tag, key->second);

    if (attr >= 0 && pacs_attrs[attr].match != PACS_MATCH_NONE
        && pacs_attrs[attr].level > f->level)
    {
        pacs_buf_printf(&told->below, " %.*s", pacs_fmt(key->name));
        return PACS_OK;
    }

    pacs_err_t  why = { 0 };
    int         rc = attr < 0 ? PACS_E_NOT_FOUND
        : pacs_query_key(q, key->tag, key->second, key->value,
                         how_of(f->asked), pacs_service_limits(f->op->svc),
                         f->op->arena, &why);

    if (rc == PACS_E_NOT_FOUND) {
        pacs_buf_printf(&told->unknown, " %.*s", pacs_fmt(key->name));
        return PACS_OK;
    }
    return rc == PACS_OK ? rc : pacs_fail(err, rc, "%s", why.text);
}


static int
add_keys(const pacs_found_t *f, pacs_query_t *q, told_t *told,
    pacs_err_t *err)
{
    const pacs_key_param_t  path[] = {
        { .tag = 0x0020000D, .depth = 1, .value = f->route->study },
        { .tag = 0x0020000E, .depth = 1, .value = f->route->series }
    };
    int                     rc = PACS_OK;

    for (unsigned i = 0; i < 2 && rc == PACS_OK; i++) {
        if (path[i].value.len != 0) {
            rc = add_key(f, q, &path[i], told, err);
        }
    }
    for (unsigned i = 0; i < f->asked->nkeys && rc == PACS_OK; i++) {
        rc = add_key(f, q, &f->asked->keys[i], told, err);
    }
    return rc;
}


/* --- order --- */


/* a whole archive is only sorted by what an index is in order of */
static bool
can_sort(const pacs_found_t *f, const pacs_attr_t *at)
{
    static const uint32_t  sorted[] = {
        0x00080020, 0x00080030, 0x00080050, 0x00080090, 0x00100010,
        0x00100020, 0x00100030, 0x0020000D
    };

    if (at->level > f->level || at->path[1] != 0
        || at->computed > PACS_COMPUTED_SQL)
    {
        return false;
    }
    for (unsigned i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i++) {
        if (sorted[i] == at->path[0]) {
            return at->level == PACS_LEVEL_PATIENT
                   || f->level != PACS_LEVEL_PATIENT;
        }
    }
    return f->route->study.len != 0;
}


static int
add_order(const pacs_found_t *f, pacs_query_t *q, pacs_err_t *err)
{
    const pacs_search_t *s = f->asked;

    for (unsigned i = 0; i < s->norder; i++) {
        const pacs_key_param_t *key = &s->order[i].key;
        int                     attr = key->depth > 2 ? -1
                                       : pacs_attr_find(key->tag,
                                                        key->second);

        if (attr < 0 || !can_sort(f, &pacs_attrs[attr])) {
            return pacs_fail(err, PACS_E_ARG, "orderby=%.*s: there is no "
                             "order by that attribute here",
                             key->name.len > 80 ? 80 : (int) key->name.len,
                             key->name.data);
        }
        q->order[q->norder++] = (pacs_order_t) { attr, s->order[i].down };
    }
    return PACS_OK;
}


/* --- warnings --- */


static int
tell(pacs_found_t *f, pacs_buf_t *names, const char *what)
{
    int  rc = names->failed ? PACS_E_NOMEM : names->len == 0 ? PACS_OK
              : pacs_reply_warning(f->op, "%s:%.*s", what,
                                   names->len > 250 ? 250 : (int) names->len,
                                   names->data);

    pacs_buf_free(names);
    return rc;
}


typedef struct { int attr; int64_t n; } counter_t;


static int
read_counter(void *ctx, const pacs_row_t *row)
{
    counter_t *c = ctx;

    return pacs_str_int(row->values[c->attr], 0, INT64_MAX, &c->n)
           ? PACS_OK : PACS_E_INTERNAL;
}


/* how many rows there are in all, where a counter says it; -1: nobody knows */
static int64_t
count_all(const pacs_found_t *f)
{
    pacs_index_t        *ix = f->op->svc->index;
    const pacs_limits_t *limits = pacs_service_limits(f->op->svc);
    const pacs_route_t  *r = f->route;
    pacs_query_t         q = { .level = r->series.len != 0
                                        ? PACS_LEVEL_SERIES
                                        : PACS_LEVEL_STUDY, .limit = 1 };
    pacs_index_stats_t   stats;
    counter_t            c = { .n = -1, .attr = pacs_attr_find(
                                   r->series.len != 0 ? 0x00201209
                                   : f->level == PACS_LEVEL_SERIES
                                   ? 0x00201206 : 0x00201208, 0) };

    if (f->asked->nkeys != 0) {
        return -1;
    }
    if (r->study.len == 0) {
        return ix->vt->stats(ix, &stats, NULL) != PACS_OK ? -1
               : f->level == PACS_LEVEL_PATIENT ? (int64_t) stats.patients
               : f->level == PACS_LEVEL_STUDY ? (int64_t) stats.studies
               : f->level == PACS_LEVEL_SERIES ? (int64_t) stats.series
                                               : (int64_t) stats.instances;
    }

    if (pacs_query_key(&q, 0x0020000D, 0, r->study, 0, limits, f->op->arena,
                       NULL) != PACS_OK
        || (r->series.len != 0
            && pacs_query_key(&q, 0x0020000E, 0, r->series, 0, limits,
                              f->op->arena, NULL) != PACS_OK)
        || ix->vt->query(ix, &q, limits, f->op->arena, read_counter, &c,
                         NULL, NULL) != PACS_OK)
    {
        return -1;
    }
    return c.n;
}


/* PS3.18 8.3.4.4.1, with a number where it costs nothing; now: what is there
 * now is what counts */
static int
tell_more(pacs_found_t *f, bool now)
{
    int64_t  left = now ? count_all(f) - f->asked->offset - f->rows : -1;

    return left > 0
           ? pacs_reply_warning(f->op, "There are %" PRId64 " additional "
                                "results that can be requested", left)
           : pacs_reply_warning(f->op, "There are additional results that "
                                "can be requested");
}


/* --- the search --- */


static int
prepare(pacs_found_t *f, pacs_query_t *q, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(f->op->svc);
    told_t               told = { 0 };
    int                  rc = add_keys(f, q, &told, err);

    if (rc == PACS_OK) {
        rc = add_order(f, q, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_search_fields(f, &told.left_out);
    }

    if (rc != PACS_OK) {
        pacs_buf_free(&told.unknown);
        pacs_buf_free(&told.below);
        pacs_buf_free(&told.left_out);
        return rc;
    }

    int  rcs[] = {
        tell(f, &told.unknown, "These keys are not supported and were "
             "ignored"),
        tell(f, &told.below, "These keys are of a level below and were "
             "ignored"),
        tell(f, &told.left_out, "These attributes are not returned at this "
             "level")
    };

    uint32_t  most = (uint32_t) limits->query_rows;

    q->limit = f->asked->limit == 0 || f->asked->limit > most
               ? most : f->asked->limit;
    f->kept = f->stored ? pacs_calloc(f->op->arena, q->limit,
                                      sizeof(*f->kept)) : NULL;

    return (f->stored && f->kept == NULL) || rcs[0] || rcs[1] || rcs[2]
           ? PACS_E_NOMEM : PACS_OK;
}


static int
run_query(pacs_found_t *f, pacs_query_t *q, bool *more, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(f->op->svc);
    const pacs_env_t    *env = &f->op->svc->options.env;
    pacs_index_t        *ix = f->op->svc->index;
    bool                 cut = false;

    f->end_us = env->now_us(env->ctx) + limits->query_ms * 1000;
    pacs_buf_char(&f->out, '[');

    int  rc = ix->vt->query(ix, q, limits, f->op->arena, pacs_search_row, f,
                            more, err);

    if (rc == PACS_OK) {
        rc = pacs_search_kept(f, &cut, err);
    }
    *more |= cut;

    pacs_buf_text(&f->out, "]\n");
    return rc;
}


/* --- answers --- */

static int
reply(pacs_found_t *f, pacs_media_e media, pacs_err_t *err)
{
    /* a part a row: without rows there is none to send */
    if (media == PACS_MT_MULTIPART_XML && f->rows == 0) {
        f->op->reply.status = 204;
        return PACS_OK;
    }
    if (media == PACS_MT_MULTIPART_XML) {
        return pacs_reply_xml(f->op, (pacs_str_t) { f->out.data, f->out.len },
                              false, err);
    }

    f->op->reply.content_type = media == PACS_MT_JSON
                                ? pacs_lit("application/json")
                                : pacs_lit("application/dicom+json");
    return pacs_reply_memory(f->op, pacs_buf_take(&f->out, f->op->arena));
}


/* true: the client has this very answer */
static bool
unchanged(pacs_op_t *op, int64_t revision, const int64_t upto[4],
    pacs_media_e media)
{
    const pacs_request_t *r = &op->request;
    char                  state[128];

    snprintf(state, sizeof(state), "%" PRId64 " %d %" PRId64 " %" PRId64 " %"
             PRId64 " %" PRId64, revision, media, upto[0], upto[1], upto[2],
             upto[3]);

    op->reply.weak = media == PACS_MT_MULTIPART_XML;

    const char *parts[] = {
        pacs_strdup(op->arena, r->path), pacs_strdup(op->arena, r->args),
        pacs_strdup(op->arena, r->origin), pacs_strdup(op->arena, r->prefix)
    };

    return parts[0] != NULL && parts[1] != NULL && parts[2] != NULL
           && parts[3] != NULL
           && pacs_reply_etag(op, state, parts[0], parts[1], parts[2],
                              parts[3], NULL);
}


static int
search(pacs_found_t *f, const pacs_param_t *params, unsigned n,
    pacs_media_e media, pacs_err_t *err)
{
    pacs_op_t    *op = f->op;
    pacs_index_t *ix = op->svc->index;
    int64_t       revision, upto[4] = { -1 };
    pacs_query_t  q = { .level = f->level, .offset = f->asked->offset,
                        .upto = upto };
    bool          more = false, now = true;
    int           rc = ix->vt->revision(ix, pacs_null, pacs_null, pacs_null,
                                        &revision, err);

    if (rc != PACS_OK || (rc = prepare(f, &q, err)) != PACS_OK) {
        return rc;
    }

    if (q.offset != 0 && pacs_paging_get(op, params, n, upto)) {
        now = false;
    }
    if (unchanged(op, revision, upto, media)) {
        return PACS_OK;
    }

    if ((rc = run_query(f, &q, &more, err)) != PACS_OK) {
        return rc;
    }
    if (more) {
        pacs_paging_put(op, params, n, upto);
        rc = tell_more(f, now);
    }
    return rc == PACS_OK ? reply(f, media, err) : rc;
}


int
pacs_op_search(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_search_t        s = { 0 };
    pacs_found_t         f = { .op = op, .route = route, .asked = &s,
                               .level = level_of(route->resource),
                               .out = { .max = (size_t) limits->metadata } };
    pacs_accept_t        accept;
    unsigned             naccept;
    int                  rc = pacs_web_search(params, n, limits, op->arena,
                                              &s, err);

    if (rc != PACS_OK
        || (rc = pacs_op_accept(op, route, params, n, &accept, 1, &naccept,
                                err)) != PACS_OK)
    {
        return rc;
    }

    rc = search(&f, params, n, accept.media, err);
    pacs_buf_free(&f.out);

    if (rc == PACS_OK) {
        pacs_audit_event(op->svc->audit, PACS_AUDIT_QUERY, 'E', true,
                         &op->request.subject, route->study,
                         op->request.args);
    }
    return rc;
}
