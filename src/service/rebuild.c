/* SPDX-License-Identifier: BSD-2-Clause */

/* Batches of instances into the index: scanned by all cores, put at once. */

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "service/npi.h"
#include "service/rebuild.h"

enum { MAX_THREADS = 16, BATCH = PACS_REBUILD_BATCH };


void
pacs_rebuild_say(pacs_rebuild_t *b, const char *what, const pacs_key_t *key,
    const char *why)
{
    char  line[1024];

    snprintf(line, sizeof(line), "%s %s/%s: %s", what, key->series,
             key->digest, why);
    b->say(b->ctx, line);
}


static void
scan_one(pacs_rebuild_t *b, pacs_job_t *j)
{
    pacs_source_t  file;
    int            fd;

    j->code = b->svc->blobs->vt->open(b->svc->blobs, &j->entry.key, &fd,
                                      &j->err);
    if (j->code != PACS_OK) {
        return;
    }

    if ((j->code = pacs_source_fd(&file, fd, &j->err)) == PACS_OK) {
        j->code = pacs_scan(b->svc, &file, j->arena, &j->record,
                            &j->entry.key, NULL, &j->err);
    }

    j->record.received_us = j->entry.time_us;
    j->record.source = j->entry.source;
    close(fd);
}


static void *
scanner(void *data)
{
    pacs_rebuild_t *b = data;

    for ( ;; ) {
        unsigned  i = __atomic_fetch_add(&b->next, 1, __ATOMIC_RELAXED);

        if (i >= b->n) {
            return NULL;
        }
        scan_one(b, &b->jobs[i]);
    }
}


static void
scan_all(pacs_rebuild_t *b)
{
    pthread_t  threads[MAX_THREADS];
    long       cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned   started = 0;

    b->next = 0;

    while (started < MAX_THREADS && started + 1 < cores
           && pthread_create(&threads[started], NULL, scanner, b) == 0)
    {
        started++;
    }

    scanner(b);

    while (started > 0) {
        pthread_join(threads[--started], NULL);
    }
}


int
pacs_rebuild_row(pacs_rebuild_t *b, pacs_str_t instance, pacs_arena_t *a,
    pacs_record_t *known)
{
    pacs_err_t  err = { 0 };
    int         rc = b->svc->index->vt->get(b->svc->index, pacs_null,
                                            pacs_null, instance, false, a,
                                            known, &err);

    return rc == PACS_OK || rc == PACS_E_NOT_FOUND || rc == PACS_E_GONE
           ? rc
           : pacs_fail(b->err, rc, "%s", err.text);
}


static int
add_rival(pacs_rebuild_t *b, const pacs_record_t *r, const pacs_key_t *key,
    int64_t time_us, pacs_str_t source)
{
    pacs_arena_t *a = b->arena;
    pacs_rival_t      *rival = pacs_calloc(a, 1, sizeof(*rival));

    if (rival == NULL) {
        return pacs_fail(b->err, PACS_E_NOMEM, "out of memory");
    }

    rival->entry = (pacs_entry_t) {
        .key = *key, .time_us = time_us, .source = pacs_str_copy(a, source),
        .study = pacs_str_copy(a, r->study),
        .series = pacs_str_copy(a, r->series),
        .instance = pacs_str_copy(a, r->instance)
    };
    rival->next = b->rivals;
    b->rivals = rival;
    return PACS_OK;
}


/* its SOP instance has a row with another content */
static int
put_second(pacs_rebuild_t *b, pacs_job_t *j)
{
    pacs_index_t   *ix = b->svc->index;
    pacs_record_t  *r = &j->record, known = { 0 };
    pacs_key_t      key;
    pacs_put_e      put;
    uint64_t        removed;
    int             rc;

    if (j->found) {
        return add_rival(b, r, &j->entry.key, r->received_us, r->source);
    }

    if ((rc = pacs_rebuild_row(b, r->instance, j->arena, &known)) != PACS_OK) {
        return rc;
    }

    if (!pacs_key_parse(known.key, &key)) {
        return pacs_fail(b->err, PACS_E_INTERNAL, "malformed key");
    }

    if ((rc = add_rival(b, &known, &key, known.received_us, known.source))
            != PACS_OK
        || (rc = ix->vt->remove(ix, known.study, known.series,
                                known.instance, &removed, b->err)) != PACS_OK)
    {
        return rc;
    }

    return ix->vt->put(ix, r, &put, 1, b->err);
}


/* has no study; err says why not, if it turns out to be none */
static bool
is_npi(pacs_job_t *j)
{
    if (!j->found || pacs_npi_of_class(j->record.class_uid) == NULL) {
        return false;
    }
    j->err = (pacs_err_t) { 0 };
    return true;
}


static int
put_all(pacs_rebuild_t *b)
{
    pacs_index_t   *ix = b->svc->index;
    pacs_record_t   records[BATCH];
    pacs_put_e      put[BATCH];
    pacs_job_t          *jobs[BATCH];
    unsigned        n = 0;

    for (unsigned i = 0; i < b->n; i++) {
        pacs_job_t *j = &b->jobs[i];

        if (j->code == PACS_OK) {
            b->total.bytes += j->record.size;
            jobs[n] = j;
            records[n++] = j->record;

        } else if (is_npi(j) && pacs_npi_adopt(b->svc, &j->entry.key, &j->err)
                                == PACS_OK)
        {
            b->total.done++;

        } else if (j->code != PACS_E_NOT_FOUND) {
            b->total.refused++;
            pacs_rebuild_say(b, "left out", &j->entry.key, j->err.text);
        }
    }

    int  rc = n == 0 ? PACS_OK : ix->vt->put(ix, records, put, n, b->err);

    for (unsigned i = 0; rc == PACS_OK && i < n; i++) {
        b->total.done += put[i] == PACS_PUT_NEW;

        if (put[i] == PACS_PUT_KNOWN) {
            rc = put_second(b, jobs[i]);
        }
    }
    return rc;
}


int
pacs_rebuild_flush(pacs_rebuild_t *b)
{
    if (b->n == 0) {
        return PACS_OK;
    }

    scan_all(b);

    int rc = put_all(b);

    for (unsigned i = 0; i < b->n; i++) {
        pacs_arena_destroy(b->jobs[i].arena);
    }
    b->n = 0;

    if (rc == PACS_OK && b->progress != NULL
        && !b->progress(b->ctx, &b->total))
    {
        rc = pacs_fail(b->err, PACS_E_BUSY, "stopped; the index is not "
                       "complete: run reindex again");
    }
    return rc;
}


int
pacs_rebuild_add(pacs_rebuild_t *b, const pacs_entry_t *e, bool found)
{
    pacs_arena_t *a = pacs_arena_create((size_t) b->svc->options.limits
                                                     .dataset);

    if (a == NULL) {
        return pacs_fail(b->err, PACS_E_NOMEM, "out of memory");
    }

    pacs_job_t *j = &b->jobs[b->n++];

    *j = (pacs_job_t) { .arena = a, .found = found };
    j->entry = (pacs_entry_t) {
        .key = e->key, .time_us = e->time_us,
        .source = pacs_str_copy(a, e->source)
    };

    return b->n == BATCH ? pacs_rebuild_flush(b) : PACS_OK;
}
