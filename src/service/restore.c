/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Deleted instances whose bytes are still there come into the index again:
 * a journal entry as of a store, then the row.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "service/deleted.h"

typedef struct {
    pacs_service_t        *svc;
    const pacs_subject_t  *subject;
    pacs_arena_t          *arena;       /* of one instance */
    pacs_err_t            *err;
} restore_t;


static int
scan(const restore_t *r, const pacs_entry_t *e, pacs_record_t *record)
{
    pacs_service_t *svc = r->svc;
    pacs_key_t      key = e->key;
    pacs_source_t   file;
    int             fd;
    int             rc = svc->blobs->vt->open(svc->blobs, &key, &fd, r->err);

    if (rc != PACS_OK) {
        return rc;
    }
    if ((rc = pacs_source_fd(&file, fd, r->err)) == PACS_OK) {
        rc = pacs_scan(svc, &file, r->arena, record, &key, NULL, r->err);
    }
    close(fd);
    record->received_us = e->time_us;
    record->source = e->source;
    return rc;
}


/* names are held alone.  A row that is there: a deletion was cut before it
 * went, or another content came meanwhile */
static int
restore_one(const restore_t *r, const pacs_entry_t *deleted)
{
    pacs_index_t   *ix = r->svc->index;
    pacs_record_t   record = { 0 };
    pacs_put_e      put = PACS_PUT_SAME;
    pacs_entry_t    e = {
        .op = PACS_J_STORE, .key = deleted->key, .study = deleted->study,
        .series = deleted->series, .instance = deleted->instance,
        .time_us = r->svc->options.env.now_us(r->svc->options.env.ctx),
        .source = r->subject->address, .door = r->subject->door,
        .subject = r->subject->user
    };
    bool            used;
    int             rc = scan(r, &e, &record);

    if (rc != PACS_OK
        || (rc = pacs_names_used(r->svc, &e.key, e.instance, r->arena, &used,
                                 r->err)) != PACS_OK)
    {
        return rc;
    }
    if (!used
        && ix->vt->get(ix, pacs_null, pacs_null, e.instance, false, r->arena,
                       &(pacs_record_t) { 0 }, NULL) == PACS_OK)
    {
        return pacs_fail(r->err, PACS_E_CONFLICT, "another content of it is "
                         "stored");
    }

    if ((rc = pacs_journal_append(r->svc->journal, &e, 1, r->err)) != PACS_OK)
    {
        return rc;
    }
    return used ? PACS_OK : ix->vt->put(ix, &record, &put, 1, r->err);
}


static int
restore_locked(pacs_service_t *svc, const pacs_subject_t *subject,
    const pacs_entry_t *e, pacs_err_t *err)
{
    restore_t  r = {
        svc, subject,
        pacs_arena_create((size_t) svc->options.limits.dataset), err
    };
    int        lock = -1;
    int        rc = r.arena == NULL
                    ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                    : pacs_names_lock(svc, true, &lock, err);

    if (rc == PACS_OK) {
        rc = restore_one(&r, e);
    }
    pacs_names_unlock(lock);
    pacs_arena_destroy(r.arena);
    return rc;
}


static void
restore_all(pacs_service_t *svc, const pacs_subject_t *subject,
    const pacs_entry_t *list, size_t n,
    void (*say)(void *ctx, const char *line), void *ctx,
    pacs_progress_t *total)
{
    for (size_t i = 0; i < n; i++) {
        const pacs_entry_t *e = &list[i];
        pacs_err_t          err = { 0 };
        char                line[1024];

        if (restore_locked(svc, subject, e, &err) == PACS_OK) {
            total->done++;
        } else {
            total->refused++;
            snprintf(line, sizeof(line), "not restored: %.*s: %s",
                     pacs_fmt(e->instance), err.text);
            say(ctx, line);
        }
        pacs_audit_event(svc->audit, PACS_AUDIT_STORE, 'C',
                         err.code == PACS_OK, subject, e->study, e->instance);
    }
}


int
pacs_restore(pacs_service_t *svc, const pacs_subject_t *subject,
    pacs_str_t study, pacs_str_t series, pacs_str_t instance,
    void (*say)(void *ctx, const char *line), void *ctx,
    pacs_progress_t *total, pacs_err_t *err)
{
    pacs_arena_t *a = pacs_arena_create(0);
    pacs_entry_t *list = NULL;
    size_t        n = 0;
    int           rc = a == NULL
                       ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                       : pacs_auth_check(subject, PACS_MAY_ADMIN, study, err);

    *total = (pacs_progress_t) { 0 };
    if (rc == PACS_OK) {
        rc = pacs_deleted_list(svc, study, series, instance, a, &list, &n,
                               err);
    }
    if (rc == PACS_OK && n == 0) {
        rc = pacs_fail(err, PACS_E_NOT_FOUND, "nothing of study %.*s that was"
                       " deleted is kept", pacs_fmt(study));
    }
    if (rc == PACS_OK) {
        restore_all(svc, subject, list, n, say, ctx, total);
    }
    if (total->done != 0 && svc->hints != NULL) {
        pacs_cache_publish(svc->hints, study);
    }

    free(list);
    pacs_arena_destroy(a);
    return rc;
}
