/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Group commit.  The first thread that comes leads: it takes everything
 * that waits, and makes it durable with one fsync a folder, one of the
 * journal and one index transaction; those that come meanwhile wait and one
 * of them leads next.  Order: final names, journal, index, answer: what the
 * index knows is always there.
 */

#include <stdlib.h>

#include "service/internal.h"

enum { BATCH = 64 };


static void
fail_all(pacs_commit_t **jobs, unsigned n, const pacs_err_t *err)
{
    for (unsigned i = 0; i < n; i++) {
        if (jobs[i]->code == PACS_OK) {
            jobs[i]->code = err->code;
            jobs[i]->err = *err;
        }
    }
}


/* leaves out what failed; the number that is left */
static unsigned
link_all(pacs_service_t *svc, pacs_commit_t **jobs, unsigned n)
{
    unsigned  kept = 0;

    for (unsigned i = 0; i < n; i++) {
        pacs_commit_t *c = jobs[i];

        c->code = svc->blobs->vt->link(svc->blobs, &c->tmp, &c->key,
                                       &c->existed, &c->err);
        if (c->code == PACS_OK) {
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
            != PACS_OK)
    {
        /* after a failed fsync nobody knows what is on the disk */
        svc->degraded = rc == PACS_E_IO;
        return rc;
    }

    rc = svc->index->vt->put(svc->index, records, put, n, err);

    for (unsigned i = 0; rc == PACS_OK && i < n; i++) {
        jobs[i]->put = put[i];
        jobs[i]->record.revision = records[i].revision;
    }

    return rc;
}


static void
lead(pacs_service_t *svc)
{
    pacs_commit_t  *jobs[BATCH], *all[BATCH];
    unsigned        n = 0;

    while (svc->queue != NULL && n < BATCH) {
        all[n++] = svc->queue;
        svc->queue = svc->queue->next;
    }

    svc->leading = true;
    pthread_mutex_unlock(&svc->lock);

    for (unsigned i = 0; i < n; i++) {
        jobs[i] = all[i];
    }

    unsigned    kept = link_all(svc, jobs, n);
    pacs_err_t  err = { 0 };

    if (kept != 0 && write_batch(svc, jobs, kept, &err) != PACS_OK) {
        fail_all(jobs, kept, &err);
    }

    pthread_mutex_lock(&svc->lock);
    svc->leading = false;

    for (unsigned i = 0; i < n; i++) {
        all[i]->finished = true;
    }

    pthread_cond_broadcast(&svc->done);
}


int
pacs_commit(pacs_service_t *svc, pacs_commit_t *c, pacs_err_t *err)
{
    pthread_mutex_lock(&svc->lock);

    c->next = svc->queue;
    svc->queue = c;

    while (!c->finished) {
        if (svc->leading) {
            pthread_cond_wait(&svc->done, &svc->lock);
        } else {
            lead(svc);
        }
    }

    pthread_mutex_unlock(&svc->lock);

    if (c->code != PACS_OK) {
        return pacs_fail(err, c->code, "%s", c->err.text);
    }

    if (svc->hints != NULL && c->put == PACS_PUT_NEW) {
        pacs_cache_publish(svc->hints, c->record.study);
    }

    return PACS_OK;
}
