/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The end of what was deleted: journal entries first, then bytes, while
 * nobody stores, so that what came again is left.  What a cut leaves is
 * found by verify and removed by reindex.
 */

#include <stdlib.h>

#include "service/deleted.h"

enum { TURN = 64 };         /* names a turn: stores wait meanwhile */


/* the entries of what no row has */
static int
choose(pacs_service_t *svc, const pacs_entry_t *from, size_t n,
    pacs_arena_t *a, pacs_entry_t *to, unsigned *chosen, pacs_err_t *err)
{
    bool  used;

    *chosen = 0;
    for (size_t i = 0; i < n; i++) {
        int  rc = pacs_names_used(svc, &from[i].key, from[i].instance, a,
                                  &used, err);

        if (rc != PACS_OK) {
            return rc;
        }
        if (!used) {
            to[(*chosen)++] = from[i];
        }
    }
    return PACS_OK;
}


/* held alone */
static int
purge_some(pacs_service_t *svc, const pacs_subject_t *subject,
    const pacs_entry_t *list, size_t n, pacs_arena_t *a, uint64_t *purged,
    pacs_err_t *err)
{
    pacs_entry_t  entries[TURN];
    unsigned      chosen;
    int64_t       now = svc->options.env.now_us(svc->options.env.ctx);
    int           rc = choose(svc, list, n, a, entries, &chosen, err);

    for (unsigned i = 0; i < chosen; i++) {
        entries[i].time_us = now;
        entries[i].state = pacs_lit(PACS_DELETED_PURGED);
        entries[i].door = subject->door;
        entries[i].source = subject->address;
        entries[i].subject = subject->user;
    }

    if (rc != PACS_OK
        || (rc = pacs_journal_append(svc->journal, entries, chosen, err))
            != PACS_OK)
    {
        return rc;
    }

    for (unsigned i = 0; i < chosen; i++) {
        pacs_names_remove(svc, &entries[i].key);
    }
    *purged += chosen;
    return PACS_OK;
}


static int
purge_all(pacs_service_t *svc, const pacs_subject_t *subject,
    const pacs_entry_t *list, size_t n, uint64_t *purged, pacs_err_t *err)
{
    int  rc = PACS_OK;

    for (size_t i = 0; rc == PACS_OK && i < n; i += TURN) {
        pacs_arena_t *a = pacs_arena_create(0);
        int           lock = -1;

        rc = a == NULL ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                       : pacs_names_lock(svc, true, &lock, err);
        if (rc == PACS_OK) {
            rc = purge_some(svc, subject, list + i,
                            n - i < TURN ? n - i : TURN, a, purged, err);
        }
        pacs_names_unlock(lock);
        pacs_arena_destroy(a);
    }
    return rc;
}


int
pacs_purge(pacs_service_t *svc, const pacs_subject_t *subject,
    int64_t before_us, uint64_t *purged, pacs_err_t *err)
{
    pacs_arena_t *a = pacs_arena_create(0);
    pacs_entry_t *list = NULL;
    size_t        n = 0, young = 0;
    int           rc = a == NULL
                       ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                       : pacs_auth_check(subject, PACS_MAY_ADMIN, pacs_null,
                                         err);

    *purged = 0;
    if (rc == PACS_OK) {
        rc = pacs_deleted_list(svc, pacs_null, pacs_null, pacs_null, a, &list,
                               &n, err);
    }

    while (rc == PACS_OK && young < n && list[young].time_us >= before_us) {
        young++;
    }
    if (rc == PACS_OK) {
        rc = purge_all(svc, subject, list + young, n - young, purged, err);
    }

    pacs_audit_event(svc->audit, PACS_AUDIT_DELETE, 'D', rc == PACS_OK,
                     subject, pacs_null, pacs_lit("purge"));
    free(list);
    pacs_arena_destroy(a);
    return rc;
}
