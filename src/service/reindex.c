/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The index again, from files and journal.  The journal is replayed in its
 * order, in batches: instances of a batch are scanned by one thread a core
 * and put in one transaction; a deletion or correction ends a batch.  Files
 * that no entry names come last (an archive whose journal was lost).
 */

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/internal.h"
#include "service/keyset.h"

enum { BATCH = 256, MAX_THREADS = 16 };

typedef struct {
    pacs_arena_t  *arena;
    pacs_entry_t   entry;           /* strings in the arena */
    pacs_record_t  record;
    pacs_err_t     err;
    int            code;
} job_t;

typedef struct {
    pacs_service_t    *svc;
    job_t              jobs[BATCH];
    unsigned           n;
    unsigned           next;        /* taken by the scanners */
    unsigned           threads;
    pacs_keyset_t     *seen;
    pacs_progress_t    total;
    pacs_progress_pt   progress;
    void             (*say)(void *ctx, const char *line);
    void              *ctx;
    pacs_err_t        *err;
} rebuild_t;


static void
say(rebuild_t *b, const char *what, const pacs_key_t *key, const char *why)
{
    char  line[1024];

    snprintf(line, sizeof(line), "%s %s/%s: %s", what, key->series,
             key->digest, why);
    b->say(b->ctx, line);
}


static void
scan_one(rebuild_t *b, job_t *j)
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
                            &j->entry.key, &j->err);
    }

    j->record.received_us = j->entry.time_us;
    j->record.source = j->entry.source;
    close(fd);
}


static void *
scanner(void *data)
{
    rebuild_t *b = data;

    for ( ;; ) {
        unsigned  i = __atomic_fetch_add(&b->next, 1, __ATOMIC_RELAXED);

        if (i >= b->n) {
            return NULL;
        }
        scan_one(b, &b->jobs[i]);
    }
}


static void
scan_all(rebuild_t *b)
{
    pthread_t  threads[MAX_THREADS];
    unsigned   started = 0;

    b->next = 0;

    while (started + 1 < b->threads
           && pthread_create(&threads[started], NULL, scanner, b) == 0)
    {
        started++;
    }

    scanner(b);

    while (started > 0) {
        pthread_join(threads[--started], NULL);
    }
}


static int
put_all(rebuild_t *b)
{
    pacs_record_t  records[BATCH];
    pacs_put_e     put[BATCH];
    unsigned       n = 0;

    for (unsigned i = 0; i < b->n; i++) {
        job_t *j = &b->jobs[i];

        if (j->code == PACS_OK) {
            b->total.bytes += j->record.size;
            records[n++] = j->record;

        } else if (j->code != PACS_E_NOT_FOUND) {
            b->total.refused++;
            say(b, "left out", &j->entry.key, j->err.text);
        }
    }

    b->total.done += n;

    return n == 0 ? PACS_OK
                  : b->svc->index->vt->put(b->svc->index, records, put, n,
                                           b->err);
}


static int
flush(rebuild_t *b)
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


static int
add_job(rebuild_t *b, const pacs_entry_t *e)
{
    pacs_arena_t *a = pacs_arena_create((size_t) b->svc->options.limits
                                                     .dataset);

    if (a == NULL) {
        return pacs_fail(b->err, PACS_E_NOMEM, "out of memory");
    }

    job_t *j = &b->jobs[b->n++];

    *j = (job_t) { .arena = a };
    j->entry = (pacs_entry_t) {
        .key = e->key, .time_us = e->time_us,
        .source = pacs_str_copy(a, e->source)
    };

    return b->n == BATCH ? flush(b) : PACS_OK;
}


static int
replay_delete(rebuild_t *b, const pacs_entry_t *e)
{
    uint64_t    removed;
    pacs_err_t  err = { 0 };
    int         rc = b->svc->index->vt->remove(b->svc->index, e->study,
                                               e->series, e->instance,
                                               &removed, &err);

    if (rc != PACS_OK && rc != PACS_E_NOT_FOUND && rc != PACS_E_GONE) {
        return pacs_fail(b->err, rc, "%s", err.text);
    }

    /* bytes that a cut left behind; another entry may bring them again */
    return PACS_OK;
}


static int
replay_correct(rebuild_t *b, const pacs_entry_t *e)
{
    const pacs_tag_t *tag = pacs_tag_keyword(e->tag);
    int               attr = tag == NULL ? -1 : pacs_attr_find(tag->tag, 0);

    if (attr < 0) {
        say(b, "ignored correction of", &e->key, "unknown attribute");
        return PACS_OK;
    }

    pacs_err_t  err = { 0 };
    int         rc = b->svc->index->vt->correct(b->svc->index, e->study,
                                                e->series, e->instance, attr,
                                                e->value, &err);

    /* what it corrected may have lost its file, or was deleted since */
    if (rc == PACS_E_NOT_FOUND) {
        say(b, "ignored correction of", &e->key, err.text);
        return PACS_OK;
    }
    return rc == PACS_OK ? PACS_OK : pacs_fail(b->err, rc, "%s", err.text);
}


static int
replay_conflict(rebuild_t *b, const pacs_entry_t *e)
{
    pacs_record_t    known = { 0 };
    pacs_arena_t    *a = pacs_arena_create(0);
    pacs_err_t       err = { 0 };
    int              rc;

    if (a == NULL) {
        return pacs_fail(b->err, PACS_E_NOMEM, "out of memory");
    }

    b->svc->index->vt->get(b->svc->index, pacs_null, pacs_null, e->instance,
                           false, a, &known, &err);

    pacs_conflict_t  c = {
        e->study, e->series, e->instance, known.key,
        pacs_sprintf(a, "%s/%s", e->key.series, e->key.digest), e->time_us,
        e->source
    };

    rc = b->svc->index->vt->add_conflict(b->svc->index, &c, b->err);
    pacs_arena_destroy(a);
    return rc;
}


static int
replay(void *ctx, const pacs_entry_t *e)
{
    static int (*const  others[])(rebuild_t *, const pacs_entry_t *) = {
        [PACS_J_QUARANTINE] = replay_conflict,
        [PACS_J_DELETE]     = replay_delete,
        [PACS_J_CORRECT]    = replay_correct
    };
    rebuild_t *b = ctx;

    if (e->op != PACS_J_CORRECT && !pacs_keyset_add(b->seen, &e->key)) {
        return pacs_fail(b->err, PACS_E_NOMEM, "out of memory");
    }

    if (e->op == PACS_J_STORE) {
        return add_job(b, e);
    }

    int rc = flush(b);

    return rc == PACS_OK ? others[e->op](b, e) : rc;
}


static void
bad_line(void *ctx, const char *file, unsigned line)
{
    rebuild_t *b = ctx;
    char       text[512];

    snprintf(text, sizeof(text), "journal %s, line %u is damaged and skipped",
             file, line);
    b->total.refused++;
    b->say(b->ctx, text);
}


/* files without any entry */
static int
adopt(void *ctx, const pacs_key_t *key, const char *path)
{
    rebuild_t *b = ctx;

    if (pacs_keyset_has(b->seen, key)) {
        return PACS_OK;
    }

    return add_job(b, &(pacs_entry_t) {
        .key = *key, .source = pacs_lit("found"),
        .time_us = b->svc->options.env.now_us(b->svc->options.env.ctx)
    });
}


int
pacs_reindex(pacs_service_t *svc, pacs_progress_pt progress, void *ctx,
    void (*say_line)(void *ctx, const char *line), pacs_progress_t *total,
    pacs_err_t *err)
{
    rebuild_t *b = calloc(1, sizeof(*b));
    long       cores = sysconf(_SC_NPROCESSORS_ONLN);
    int        rc;

    if (b == NULL || (b->seen = pacs_keyset_create()) == NULL) {
        free(b);
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    b->svc = svc;
    b->progress = progress;
    b->say = say_line;
    b->ctx = ctx;
    b->err = err;
    b->threads = cores < 1 ? 1 : cores > MAX_THREADS ? MAX_THREADS
                                                     : (unsigned) cores;

    if ((rc = svc->index->vt->clear(svc->index, err)) == PACS_OK
        && (rc = pacs_journal_each(svc->journal, replay, bad_line, b, err))
            == PACS_OK
        && (rc = flush(b)) == PACS_OK
        && (rc = svc->blobs->vt->each(svc->blobs, adopt, b, err)) == PACS_OK)
    {
        rc = flush(b);
    }

    /* what was cut or failed stays marked, and refuses to open */
    if (rc == PACS_OK) {
        rc = svc->index->vt->rebuilt(svc->index, err);
    }

    for (unsigned i = 0; i < b->n; i++) {
        pacs_arena_destroy(b->jobs[i].arena);
    }

    *total = b->total;
    pacs_keyset_destroy(b->seen);
    free(b);
    return rc;
}
