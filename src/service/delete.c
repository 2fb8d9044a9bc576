/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Delete: journal entries first, then rows, then bytes, unless they are kept
 * for a purge: a cut in between leaves something that is deleted, never a
 * row without its file.  Nobody stores between look-up and rows, so that
 * what comes in meanwhile is deleted with its own journal entry, or not at
 * all: a deletion that was cut there is ended before (names.c).
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
write_entries(pacs_service_t *svc, const pacs_subject_t *subject, list_t *l,
    int lock, pacs_err_t *err)
{
    int64_t  now = svc->options.env.now_us(svc->options.env.ctx);
    int      rc = pacs_names_deleting(svc, lock, err);

    if (rc != PACS_OK) {
        return rc;
    }

    for (size_t i = 0; i < l->n; i++) {
        l->entries[i].time_us = now;
        l->entries[i].door = subject->door;
        l->entries[i].source = subject->address;
        l->entries[i].subject = subject->user;
    }
    return pacs_journal_append(svc->journal, l->entries, (unsigned) l->n,
                               err);
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
    if (rc == PACS_OK && l->n != 0
        && (rc = write_entries(svc, subject, l, lock, err)) == PACS_OK
        && (rc = svc->index->vt->remove(svc->index, study, series, instance,
                                        removed, err)) == PACS_OK)
    {
        rc = pacs_names_deleted(svc, lock, err);
    }

    pacs_names_unlock(lock);
    return rc;
}


static void
forget(pacs_service_t *svc, pacs_str_t study, const list_t *l)
{
    if (l->n != 0) {
        pacs_cache_forget(svc, study, l->entries, l->n);
        if (svc->hints != NULL) {
            pacs_cache_publish(svc->hints, study);
        }
    }
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
    if (rc == PACS_OK) {
        if (now) {
            pacs_names_drop(svc, l.entries, l.n);
        }
        forget(svc, study, &l);
    }

    pacs_audit_event(svc->audit, PACS_AUDIT_DELETE, 'D', rc == PACS_OK,
                     subject, study, instance.len ? instance : series);
    free(l.entries);
    pacs_arena_destroy(l.arena);
    return rc;
}


/* PACS_E_NOT_FOUND, _GONE: there is nothing to do */
static int
if_there(int code, pacs_err_t *why, pacs_err_t *err)
{
    return code == PACS_OK || code == PACS_E_NOT_FOUND || code == PACS_E_GONE
           ? PACS_OK : pacs_fail(err, code, "%s", why->text);
}


static int
count(void *ctx, const pacs_record_t *r)
{
    ++*(size_t *) ctx;
    return PACS_OK;
}


/* a whole study is one transaction */
static int
remove_rows(pacs_service_t *svc, pacs_str_t study, const list_t *l,
    pacs_err_t *err)
{
    pacs_index_t *ix = svc->index;
    pacs_err_t    why = { 0 };
    uint64_t      removed;
    size_t        n = 0;
    int           rc = ix->vt->each(ix, study, pacs_null, false, l->arena,
                                    count, &n, &why);

    if (rc == PACS_OK && n == l->n) {
        return ix->vt->remove(ix, study, pacs_null, pacs_null, &removed, err);
    }

    for (size_t i = 0; rc == PACS_OK && i < l->n; i++) {
        const pacs_entry_t *e = &l->entries[i];

        why = (pacs_err_t) { 0 };
        rc = if_there(ix->vt->remove(ix, study, e->series, e->instance,
                                     &removed, &why), &why, err);
    }
    return if_there(rc, &why, err);
}


static int
by_key(const void *a, const void *b)
{
    return strcmp(((const pacs_entry_t *) a)->key.digest,
                  ((const pacs_entry_t *) b)->key.digest);
}


/* what is named twice counts once */
static void
unite(list_t *l)
{
    size_t  n = 0;

    if (l->n != 0) {
        qsort(l->entries, l->n, sizeof(*l->entries), by_key);
    }
    for (size_t i = 0; i < l->n; i++) {
        if (n == 0 || by_key(&l->entries[n - 1], &l->entries[i]) != 0) {
            l->entries[n++] = l->entries[i];
        }
    }
    l->n = n;
}


static int
find_named(pacs_service_t *svc, pacs_str_t study, const pacs_named_t *names,
    size_t n, list_t *l, pacs_err_t *err)
{
    int  rc = PACS_OK;

    for (size_t i = 0; rc == PACS_OK && i < n; i++) {
        pacs_err_t  why = { 0 };

        rc = if_there(find(svc, study, names[i].series, names[i].instance, l,
                           &why), &why, err);
    }
    unite(l);
    return rc;
}


int
pacs_delete_named(pacs_service_t *svc, const pacs_subject_t *subject,
    pacs_str_t study, const pacs_named_t *names, size_t n, pacs_str_t why,
    pacs_err_t *err)
{
    list_t  l = { .arena = pacs_arena_create(0),
                  .state = pacs_lit(PACS_DELETED_KEPT) };
    int     lock = -1;
    int     rc = l.arena == NULL
                 ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                 : pacs_auth_check(subject, PACS_MAY_DELETE, study, err);

    if (rc == PACS_OK
        && (rc = pacs_names_lock(svc, true, &lock, err)) == PACS_OK
        && (rc = find_named(svc, study, names, n, &l, err)) == PACS_OK
        && l.n != 0
        && (rc = write_entries(svc, subject, &l, lock, err)) == PACS_OK
        && (rc = remove_rows(svc, study, &l, err)) == PACS_OK)
    {
        rc = pacs_names_deleted(svc, lock, err);
    }
    pacs_names_unlock(lock);

    if (rc == PACS_OK) {
        forget(svc, study, &l);
    }
    pacs_audit_event(svc->audit, PACS_AUDIT_DELETE, 'D', rc == PACS_OK,
                     subject, study, why);
    free(l.entries);
    pacs_arena_destroy(l.arena);
    return rc;
}


typedef struct {
    pacs_service_t  *svc;
    pacs_arena_t    *arena;
    pacs_err_t      *err;
} ending_t;


static int
end_one(void *ctx, const pacs_entry_t *e)
{
    ending_t *d = ctx;
    list_t    one = { .entries = (pacs_entry_t *) e, .n = 1 };
    bool      used = false;
    int       rc = e->op != PACS_J_DELETE ? PACS_OK
                   : pacs_names_used(d->svc, &e->key, e->instance, d->arena,
                                     &used, d->err);

    if (rc == PACS_OK && used
        && (rc = d->svc->index->vt->remove(d->svc->index, e->study, e->series,
                                           e->instance, NULL, d->err))
            == PACS_OK)
    {
        forget(d->svc, e->study, &one);
    }
    return rc;
}


int
pacs_delete_end(pacs_service_t *svc, const pacs_journal_at_t *at,
    pacs_err_t *err)
{
    ending_t  d = { svc, pacs_arena_create(0), err };
    int       rc = d.arena == NULL
                   ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                   : pacs_journal_since(svc->journal, at, end_one, NULL, &d,
                                        err);

    pacs_arena_destroy(d.arena);
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
