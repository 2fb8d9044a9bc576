/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Group commit.  The first thread that comes leads: it takes the oldest of
 * what waits, and makes it durable with one fsync a folder, one of the
 * journal and one index transaction; those that come meanwhile wait and one
 * of them leads next.  Leaders of several processes lead each other the same
 * way, see share.c.  Order: final names, journal, index, answer: what the
 * index knows is always there.
 */

#include <stdlib.h>
#include <string.h>

#include "service/internal.h"

enum { BATCH = 64 };


void
pacs_degrade(pacs_service_t *svc, const pacs_err_t *err)
{
    if (err->code == PACS_E_IO && !atomic_exchange(&svc->degraded, true)) {
        pacs_log(&svc->options.env, PACS_LOG_ERROR, "no more is stored until "
                 "a restart: %s", err->text);
    }
}


static void
fail_all(pacs_commit_t **jobs, unsigned n, const pacs_err_t *err)
{
    for (unsigned i = 0; i < n; i++) {
        jobs[i]->code = err->code;
        jobs[i]->err = *err;
    }
}


/* leaves out what failed, and names that are there: those need a look at
 * the rows, alone; the number that is left */
static unsigned
link_all(pacs_service_t *svc, pacs_commit_t **jobs, unsigned n)
{
    unsigned  kept = 0;

    for (unsigned i = 0; i < n; i++) {
        pacs_commit_t *c = jobs[i];

        c->code = svc->blobs->vt->link(svc->blobs, &c->tmp, &c->key,
                                       &c->existed, &c->err);
        if (c->code == PACS_OK && !c->existed) {
            jobs[kept++] = c;
        }
    }

    return kept;
}


static int
write_batch(pacs_service_t *svc, pacs_commit_t **jobs, unsigned n,
    pacs_err_t *err)
{
    pacs_key_t     keys[BATCH];
    pacs_entry_t   entries[BATCH];
    pacs_record_t  records[BATCH];
    pacs_put_e     put[BATCH];
    int            rc;

    for (unsigned i = 0; i < n; i++) {
        keys[i] = jobs[i]->key;
        entries[i] = jobs[i]->entry;
        records[i] = jobs[i]->record;
    }

    if ((rc = svc->blobs->vt->sync_names(svc->blobs, keys, n, err))
            != PACS_OK
        || (rc = pacs_journal_append(svc->journal, entries, n, err))
            != PACS_OK
        || (rc = svc->index->vt->put(svc->index, records, put, n, err))
            != PACS_OK)
    {
        /* after a failed fsync nobody knows what is on the disk */
        pacs_degrade(svc, err);
        return rc;
    }

    for (unsigned i = 0; i < n; i++) {
        jobs[i]->put = put[i];
        jobs[i]->record.revision = records[i].revision;
    }

    return PACS_OK;
}


/* what one of them is to blame for must not cost the others */
static void
write_jobs(pacs_service_t *svc, pacs_commit_t **jobs, unsigned n)
{
    pacs_err_t  err = { 0 };
    int         rc = n == 0 ? PACS_OK : write_batch(svc, jobs, n, &err);

    if (rc == PACS_OK) {
        return;
    }

    if (n == 1 || (rc != PACS_E_LIMIT && rc != PACS_E_INTERNAL)) {
        fail_all(jobs, n, &err);
        return;
    }

    for (unsigned i = 0; i < n; i++) {
        jobs[i]->code = write_batch(svc, &jobs[i], 1, &jobs[i]->err);
    }
}


static void
write_shared(pacs_service_t *svc, pacs_commit_t **own, unsigned nown)
{
    pacs_commit_t  *jobs[BATCH];
    pacs_arena_t   *a = pacs_arena_create(0);
    unsigned        n = nown;

    if (nown == 0 || a == NULL) {
        pacs_arena_destroy(a);
        write_jobs(svc, own, nown);
        return;
    }

    memcpy(jobs, own, nown * sizeof(*own));

    if (pacs_share_enter(svc->share, jobs, &n, BATCH, a)) {
        write_jobs(svc, jobs, n);
        pacs_share_leave(svc->share);

    } else {
        for (unsigned i = 0; i < nown; i++) {
            pacs_degrade(svc, &own[i]->err);
        }
    }

    pacs_arena_destroy(a);
}


static void
lead(pacs_service_t *svc)
{
    pacs_commit_t  *jobs[BATCH], *all[BATCH];
    pacs_err_t      err = { 0 };
    unsigned        n = 0;
    int             lock;

    while (svc->queue != NULL && n < BATCH) {
        jobs[n] = all[n] = svc->queue;
        svc->queue = svc->queue->next;
        n++;
    }
    if (svc->queue == NULL) {
        svc->last = NULL;
    }

    svc->leading = true;
    pthread_mutex_unlock(&svc->lock);

    if (pacs_names_lock(svc, false, &lock, &err) == PACS_OK) {
        write_shared(svc, jobs, link_all(svc, jobs, n));
        pacs_names_unlock(lock);
    } else {
        fail_all(all, n, &err);
    }

    pthread_mutex_lock(&svc->lock);
    svc->leading = false;

    for (unsigned i = 0; i < n; i++) {
        all[i]->finished = true;
        pthread_cond_signal(&all[i]->turn);
    }
    if (svc->queue != NULL) {
        pthread_cond_signal(&svc->queue->turn);     /* to lead */
    }
}


static int
result(pacs_service_t *svc, const pacs_commit_t *c, pacs_err_t *err)
{
    if (c->code != PACS_OK) {
        return pacs_fail(err, c->code, "%s", c->err.text);
    }

    if (svc->hints != NULL && !c->existed && c->put == PACS_PUT_NEW) {
        pacs_cache_publish(svc->hints, c->record.study);
    }

    return PACS_OK;
}


int
pacs_commit(pacs_service_t *svc, pacs_commit_t *c, pacs_err_t *err)
{
    pthread_cond_init(&c->turn, NULL);
    pthread_mutex_lock(&svc->lock);

    c->next = NULL;
    if (svc->last != NULL) {
        svc->last->next = c;
    } else {
        svc->queue = c;
    }
    svc->last = c;

    while (!c->finished) {
        if (svc->leading) {
            pthread_cond_wait(&c->turn, &svc->lock);
        } else {
            lead(svc);
        }
    }

    pthread_mutex_unlock(&svc->lock);
    pthread_cond_destroy(&c->turn);

    /* nothing was written: what is left would only take room */
    if (c->code == PACS_E_FULL && !c->existed) {
        pacs_names_drop(svc, &c->entry, 1);
    }

    return result(svc, c, err);
}


int
pacs_commit_over(pacs_service_t *svc, pacs_commit_t *c, pacs_err_t *err)
{
    pacs_err_t  left = { 0 };

    svc->blobs->vt->remove(svc->blobs, &c->key, &left);

    if (link_all(svc, &c, 1) == 1) {
        write_jobs(svc, &c, 1);
    } else if (c->code == PACS_OK) {
        return pacs_fail(err, PACS_E_IO, "%s", left.text);
    }

    return result(svc, c, err);
}
