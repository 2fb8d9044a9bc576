/* SPDX-License-Identifier: BSD-2-Clause */

/* Search among documents, PS3.18 11.9, 12.6 and 14.4: the rules of QIDO-RS at any
 * attribute; each is answered whole. */

#include <string.h>

#include "service/npi.h"

enum { TRANSACTION_UID = 0x00081195 };

typedef struct {
    pacs_op_t   *op;
    pacs_str_t  *objects;
    unsigned     n, room;
    pacs_err_t  *err;
} found_t;


int
pacs_document_keys(pacs_op_t *op, const pacs_search_t *s,
    pacs_document_key_t **keys, unsigned *n, pacs_err_t *err)
{
    *n = 0;
    *keys = pacs_calloc(op->arena, s->nkeys + 1, sizeof(**keys));

    if (*keys == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for keys");
    }

    for (unsigned i = 0; i < s->nkeys; i++) {
        const pacs_key_param_t  *p = &s->keys[i];
        const pacs_tag_t        *t = pacs_tag(p->path[p->depth - 1]);

        /* whoever could match it could guess it */
        if (p->tag == TRANSACTION_UID) {
            return pacs_fail(err, PACS_E_ARG, "TransactionUID (0008,1195) "
                             "cannot be a key");
        }
        if (t != NULL && t->vr == PACS_SQ && p->value.len != 0) {
            return pacs_fail(err, PACS_E_ARG, "%s is a sequence: name an "
                             "attribute in it, as in %s.CodeValue",
                             t->keyword, t->keyword);
        }

        pacs_document_key_t  *k = &(*keys)[(*n)++];

        _Static_assert(sizeof(k->path) == sizeof(p->path), "one depth");
        memcpy(k->path, p->path, sizeof(k->path));
        k->depth = p->depth;
        k->value = p->value;
    }
    return PACS_OK;
}


/* as it is shown: without what nobody is to see */
static int
add_found(void *ctx, const pacs_document_t *d)
{
    found_t      *f = ctx;
    pacs_arena_t *a = f->op->arena;
    pacs_item_t  *root;
    int           rc = pacs_document_tree(f->op->svc, d->json, a, &root,
                                          f->err);

    if (rc != PACS_OK) {
        return rc;
    }
    if (f->n == f->room) {
        unsigned     room = f->room == 0 ? 64 : f->room * 2;
        pacs_str_t  *more = pacs_calloc(a, room, sizeof(*more));

        if (more == NULL) {
            return pacs_fail(f->err, PACS_E_NOMEM, "out of memory");
        }
        if (f->n != 0) {
            memcpy(more, f->objects, f->n * sizeof(*more));
        }
        f->objects = more;
        f->room = room;
    }

    pacs_item_drop(root, TRANSACTION_UID);
    return pacs_document_json(root, a, &f->objects[f->n++], f->err);
}


static const char *
kind_of(const pacs_route_t *route)
{
    return route->resource == PACS_R_SCHEDULED ? PACS_DOC_MWL
           : route->resource == PACS_R_NPIS ? pacs_npi_named(route->npi)->name
           : PACS_DOC_UPS;
}


static int
find(pacs_op_t *op, const pacs_route_t *route, const pacs_search_t *s,
    found_t *f, pacs_err_t *err)
{
    const pacs_limits_t    *limits = pacs_service_limits(op->svc);
    pacs_index_t           *ix = op->svc->index;
    pacs_document_query_t   q = {
        .kind = kind_of(route),
        .how = (s->fuzzy ? PACS_HOW_FUZZY : 0)
               | (s->empty ? PACS_HOW_EMPTY : 0)
               | (s->every ? PACS_HOW_EVERY : 0),
        .offset = s->offset,
        .limit = s->limit != 0 && s->limit < limits->query_rows
                 ? s->limit : (uint32_t) limits->query_rows
    };
    pacs_document_key_t    *keys;
    bool                    more;
    int                     rc = pacs_document_keys(op, s, &keys, &q.nkeys,
                                                    err);

    if (rc != PACS_OK) {
        return rc;
    }

    if (s->norder != 0) {
        rc = pacs_reply_warning(op, "orderby is not supported here: they come"
                                " in the order in which they were made.");
    }
    if (rc != PACS_OK) {
        return rc;
    }

    q.keys = keys;
    rc = ix->vt->documents_find(ix, &q, limits, op->arena, add_found, f,
                                &more, err);

    return rc == PACS_OK && more && q.limit != s->limit
           ? pacs_reply_warning(op, "There are additional results that can "
                                "be requested: %u rows are shown, ask with "
                                "offset.", f->n)
           : rc;
}


int
pacs_op_documents(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    pacs_accept_t  accept;
    pacs_search_t  s;
    found_t        f = { .op = op, .err = err };
    unsigned       n;
    int            rc;

    if ((rc = pacs_web_search(params, nparams, pacs_service_limits(op->svc),
                              op->arena, &s, err)) != PACS_OK
        || (rc = pacs_op_accept(op, route, params, nparams, &accept, 1, &n,
                                err)) != PACS_OK
        || (rc = find(op, route, &s, &f, err)) != PACS_OK
        || (rc = pacs_op_models(op, &accept, f.objects, f.n, err))
            != PACS_OK)
    {
        return rc;
    }

    pacs_audit_event(op->svc->audit, PACS_AUDIT_QUERY, 'E', true,
                     &op->request.subject, pacs_lit(""), op->request.args);

    /* parts have a boundary that is never the same */
    if (op->reply.nparts == 1 && accept.media != PACS_MT_MULTIPART_XML
        && accept.media != PACS_MT_MULTIPART_JSON)
    {
        pacs_reply_etag(op, "documents",
                        pacs_strdup(op->arena, (pacs_str_t) {
                            op->reply.parts[0].data,
                            (size_t) op->reply.parts[0].length }), NULL);
    }
    return PACS_OK;
}
