/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Delete: journal entries first, then rows, then bytes, if they are not kept
 * for a time: a cut in between leaves something that is deleted, never a row
 * without its file.  Nobody
 * stores between look-up and rows, so that what comes in meanwhile is
 * deleted with its own journal entry, or not at all.
 */

#include <stdlib.h>
#include <string.h>

#include "service/deleted.h"

typedef struct {
    pacs_entry_t  *entries;
    size_t         n, room;
    pacs_arena_t  *arena;
    pacs_str_t     state;
} list_t;


static int
collect(void *ctx, const pacs_record_t *r)
{
    list_t *l = ctx;

    if (l->n == l->room) {
        size_t         room = l->room == 0 ? 256 : l->room * 2;
        pacs_entry_t  *p = realloc(l->entries, room * sizeof(*p));

        if (p == NULL) {
            return PACS_E_NOMEM;
        }
        l->entries = p;
        l->room = room;
    }

    pacs_entry_t *e = &l->entries[l->n];

    *e = (pacs_entry_t) {
        .op = PACS_J_DELETE,
        .study = pacs_str_copy(l->arena, r->study),
        .series = pacs_str_copy(l->arena, r->series),
        .instance = pacs_str_copy(l->arena, r->instance),
        .state = l->state
    };

    if (!pacs_key_parse(r->key, &e->key)) {
        return PACS_E_INTERNAL;
    }

    l->n++;
    return PACS_OK;
}


static int
find(pacs_service_t *svc, pacs_str_t study, pacs_str_t series,
    pacs_str_t instance, list_t *l, pacs_err_t *err)
{
    pacs_index_t   *ix = svc->index;
    pacs_record_t   r = { 0 };
    int64_t         revision;
    int             rc = ix->vt->revision(ix, study, series, instance,
                                          &revision, err);

    if (rc != PACS_OK) {
        return rc;
    }

    if (instance.len == 0) {
        return ix->vt->each(ix, study, series, false, l->arena, collect, l,
                            err);
    }

    rc = ix->vt->get(ix, study, series, instance, false, l->arena, &r, err);
    return rc == PACS_OK ? collect(l, &r) : rc;
}


static int
remove_all(pacs_service_t *svc, const pacs_subject_t *subject, list_t *l,
    pacs_str_t study, pacs_str_t series, pacs_str_t instance,
    uint64_t *removed, pacs_err_t *err)
{
    int64_t  now = svc->options.env.now_us(svc->options.env.ctx);
    int      rc;

    for (size_t i = 0; i < l->n; i++) {
        l->entries[i].time_us = now;
        l->entries[i].door = subject->door;
        l->entries[i].source = subject->address;
        l->entries[i].subject = subject->user;
    }

    if ((rc = pacs_journal_append(svc->journal, l->entries, (unsigned) l->n,
                                  err)) != PACS_OK
        || (rc = svc->index->vt->remove(svc->index, study, series, instance,
                                        removed, err)) != PACS_OK)
    {
        return rc;
    }

    return PACS_OK;
}


static int
find_and_remove(pacs_service_t *svc, const pacs_subject_t *subject,
    list_t *l, pacs_str_t study, pacs_str_t series, pacs_str_t instance,
    uint64_t *removed, pacs_err_t *err)
{
    int  lock;
    int  rc = pacs_names_lock(svc, true, &lock, err);

    if (rc != PACS_OK) {
        return rc;
    }

    rc = find(svc, study, series, instance, l, err);
    if (rc == PACS_OK && l->n != 0) {
        rc = remove_all(svc, subject, l, study, series, instance, removed,
                        err);
    }

    pacs_names_unlock(lock);
    return rc;
}


int
pacs_delete(pacs_service_t *svc, const pacs_subject_t *subject,
    pacs_str_t study, pacs_str_t series, pacs_str_t instance, bool now,
    uint64_t *removed, pacs_err_t *err)
{
    list_t  l = { .arena = pacs_arena_create(0),
                  .state = now ? pacs_null : pacs_lit(PACS_DELETED_KEPT) };
    int     rc = l.arena == NULL
                 ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                 : pacs_auth_check(subject, PACS_MAY_DELETE, study, err);

    *removed = 0;

    if (rc == PACS_OK) {
        rc = find_and_remove(svc, subject, &l, study, series, instance,
                             removed, err);
    }
    if (rc == PACS_OK && l.n != 0) {
        if (now) {
            pacs_names_drop(svc, l.entries, l.n);
        }
        pacs_cache_forget(svc, l.entries[0].study, l.entries, l.n);
        if (svc->hints != NULL) {
            pacs_cache_publish(svc->hints, study);
        }
    }

    pacs_audit_event(svc->audit, PACS_AUDIT_DELETE, 'D', rc == PACS_OK,
                     subject, study, instance.len ? instance : series);
    free(l.entries);
    pacs_arena_destroy(l.arena);
    return rc;
}


int
pacs_op_delete(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    uint64_t  removed;

    op->reply.status = 204;
    return pacs_delete(op->svc, &op->request.subject, route->study,
                       route->series, route->instance, false, &removed, err);
}
