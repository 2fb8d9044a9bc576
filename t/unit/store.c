/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Many threads of two services over one home store the same, conflicting
 * and different instances, and delete them.  Two services take the same
 * locks as two processes do, and here the sanitizers see both.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "service/internal.h"
#include "tap.h"

enum { THREADS = 8, UIDS = 16, ROUNDS = 3 };

/* contents of one SOP instance; a file meta is not content */
typedef enum { FIRST, FIRST_OTHER_META, SECOND, CONTENTS } content_e;

typedef enum { NEW, SAME, CONFLICT, GONE, FAILED, RESULTS } result_e;

typedef struct {
    unsigned         number;
    unsigned         seed;
    pacs_service_t  *svc;
    unsigned         contents;      /* of content_e, from the first */
    bool             deletes;
    uint8_t          got[UIDS][CONTENTS][RESULTS];
    uint64_t         deleted;
    char             error[512];
} worker_t;

static char                home[] = "/tmp/pacs-store-XXXXXX";
static pacs_service_t     *svc[2];
static pthread_barrier_t   start;
static atomic_int          findings;

static const pacs_subject_t  who = {
    .address = { "local", 5 }, .door = { "unit", 4 }
};


static void
make_uid(unsigned i, char uid[32])
{
    snprintf(uid, 32, "1.2.3.%u.%u", i % 4, i);
}


/* a study of 4 series */
static void
make_instance(pacs_buf_t *b, unsigned i, content_e content)
{
    char  uid[32], series[32];

    make_uid(i, uid);
    snprintf(series, sizeof(series), "1.2.3.%u", i % 4);

    pacs_write_meta(b, pacs_lit("1.2.840.10008.5.1.4.1.1.7"), pacs_cstr(uid),
                    pacs_lit("1.2.840.10008.1.2.1"),
                    content == FIRST_OTHER_META ? pacs_lit("ANOTHER LONGER AE")
                                                : pacs_lit("UNIT"));
    pacs_write_text(b, 0x00080016, PACS_UI,
                    pacs_lit("1.2.840.10008.5.1.4.1.1.7"));
    pacs_write_text(b, 0x00080018, PACS_UI, pacs_cstr(uid));
    pacs_write_text(b, 0x00080060, PACS_CS, pacs_lit("OT"));
    pacs_write_text(b, 0x00100010, PACS_PN,
                    content == SECOND ? pacs_lit("Second^Content")
                                      : pacs_lit("First"));
    pacs_write_text(b, 0x00100020, PACS_LO, pacs_lit("UNIT-1"));
    pacs_write_text(b, 0x0020000D, PACS_UI, pacs_lit("1.2.3"));
    pacs_write_text(b, 0x0020000E, PACS_UI, pacs_cstr(series));
}


static result_e
result_of(int rc, const pacs_stored_t *out)
{
    return rc == PACS_OK ? (out->how == PACS_STORED_NEW ? NEW : SAME)
           : rc == PACS_E_CONFLICT ? CONFLICT
           : rc == PACS_E_BUSY ? GONE
           : FAILED;
}


static void
store(worker_t *w, unsigned i, content_e content)
{
    pacs_buf_t      b = { 0 };
    pacs_err_t      err = { 0 };
    pacs_stored_t   out;
    pacs_store_t   *st;

    make_instance(&b, i, content);

    int  rc = pacs_store_begin(w->svc, &who, pacs_null, &st, &err);

    if (rc == PACS_OK) {
        pacs_store_write(st, b.data, b.len, &err);
        rc = pacs_store_finish(st, &out, &err);
    }

    result_e  r = result_of(rc, &out);

    w->got[i][content][r]++;
    if (r == FAILED) {
        snprintf(w->error, sizeof(w->error), "%s", err.text);
    }
    pacs_buf_free(&b);
}


static void
delete(worker_t *w, unsigned i)
{
    char        uid[32], series[32];
    uint64_t    n = 0;
    pacs_err_t  err = { 0 };

    make_uid(i, uid);
    snprintf(series, sizeof(series), "1.2.3.%u", i % 4);

    /* an instance, a series, the study */
    unsigned  level = rand_r(&w->seed) % 3;
    int       rc = pacs_delete(w->svc, &who, pacs_lit("1.2.3"),
                               level > 1 ? pacs_null : pacs_cstr(series),
                               level > 0 ? pacs_null : pacs_cstr(uid),
                               true, &n,
                               &err);

    w->deleted += n;
    if (rc != PACS_OK && rc != PACS_E_NOT_FOUND && rc != PACS_E_GONE) {
        snprintf(w->error, sizeof(w->error), "%s", err.text);
    }
}


static void *
work(void *data)
{
    worker_t *w = data;

    pthread_barrier_wait(&start);

    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < UIDS; i++) {
            /* all at the same instance, each with its own content */
            if (w->deletes && rand_r(&w->seed) % 4 == 0) {
                delete(w, i);
            } else {
                store(w, i, rand_r(&w->seed) % w->contents);
            }
        }
    }
    return NULL;
}


static void
open_both(bool rebuild, pacs_duplicates_e duplicates)
{
    pacs_options_t  o;

    pacs_options_default(&o);
    o.home = home;
    o.duplicates = duplicates;
    o.rebuild = rebuild;

    for (int i = 0; i < (rebuild ? 1 : 2); i++) {
        pacs_err_t  err = { 0 };

        if (pacs_service_open(&o, &svc[i], &err) != PACS_OK) {
            printf("Bail out! %s\n", err.text);
            exit(1);
        }
    }
}


static void
close_both(void)
{
    for (int i = 0; i < 2; i++) {
        pacs_service_close(svc[i]);
        svc[i] = NULL;
    }
}


static void
run(worker_t *w, unsigned contents, bool deletes)
{
    pthread_t  threads[THREADS];

    pthread_barrier_init(&start, NULL, THREADS);

    for (unsigned i = 0; i < THREADS; i++) {
        w[i] = (worker_t) {
            .number = i, .seed = i + 1, .svc = svc[i % 2],
            .contents = contents, .deletes = deletes
        };
        pthread_create(&threads[i], NULL, work, &w[i]);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&start);

    for (unsigned i = 0; i < THREADS; i++) {
        if (w[i].error[0] != '\0') {
            printf("# thread %u: %s\n", i, w[i].error);
        }
    }
}


static unsigned
sum(const worker_t *w, unsigned i, content_e content, result_e r)
{
    unsigned  n = 0;

    for (unsigned t = 0; t < THREADS; t++) {
        n += w[t].got[i][content][r];
    }
    return n;
}


static unsigned
sum_all(const worker_t *w, result_e r)
{
    unsigned  n = 0;

    for (unsigned i = 0; i < UIDS; i++) {
        for (content_e c = 0; c < CONTENTS; c++) {
            n += sum(w, i, c, r);
        }
    }
    return n;
}


/* the rows: "uid key size\n" of each, sorted */
static int
add_row(void *ctx, const pacs_record_t *r)
{
    pacs_buf_printf(ctx, "%.*s %.*s %llu\n", pacs_fmt(r->instance),
                    pacs_fmt(r->key), (unsigned long long) r->size);
    return PACS_OK;
}


static int
by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}


static void
rows(pacs_buf_t *out)
{
    pacs_arena_t  *a = pacs_arena_create(0);
    pacs_index_t  *ix = svc[0]->index;
    pacs_buf_t     text = { 0 };
    char          *lines[UIDS * 2];
    unsigned       n = 0;

    ix->vt->each(ix, pacs_null, pacs_null, false, a, add_row, &text, NULL);
    pacs_buf_char(&text, '\0');

    for (char *p = strtok((char *) text.data, "\n"); p != NULL && n < UIDS * 2;
         p = strtok(NULL, "\n"))
    {
        lines[n++] = p;
    }
    qsort(lines, n, sizeof(lines[0]), by_text);

    for (unsigned i = 0; i < n; i++) {
        pacs_buf_printf(out, "%s\n", lines[i]);
    }
    pacs_buf_free(&text);
    pacs_arena_destroy(a);
}


static void
say(void *ctx, const char *line)
{
    findings++;
    printf("# %s\n", line);
}


static int
count_blob(void *ctx, const pacs_key_t *key, const char *path)
{
    ++*(unsigned *) ctx;
    return PACS_OK;
}


static unsigned
blobs(void)
{
    unsigned  n = 0;

    svc[0]->blobs->vt->each(svc[0]->blobs, count_blob, &n, NULL);
    return n;
}


static void
verify(const char *when)
{
    pacs_progress_t  total;
    pacs_err_t       err = { 0 };

    findings = 0;
    pacs_verify(svc[0], NULL, NULL, say, &total, &err);
    ok(findings == 0 && (err.code == PACS_OK), "%s: verify finds nothing %s",
       when, err.text);
}


/* the journal says what the index says */
static void
rebuild(const char *when, pacs_duplicates_e duplicates)
{
    pacs_buf_t       before = { 0 }, after = { 0 };
    pacs_progress_t  total;
    pacs_err_t       err = { 0 };

    rows(&before);
    close_both();
    open_both(true, duplicates);
    ok(pacs_reindex(svc[0], NULL, NULL, say, &total, &err) == PACS_OK,
       "%s: reindex %s", when, err.text);
    close_both();
    open_both(false, duplicates);
    rows(&after);

    if (!ok(before.len == after.len
            && (before.len == 0
                || memcmp(before.data, after.data, before.len) == 0),
            "%s: reindex makes the same rows", when))
    {
        printf("# before:\n%.*s# after:\n%.*s", (int) before.len,
               (char *) before.data, (int) after.len, (char *) after.data);
    }
    pacs_buf_free(&before);
    pacs_buf_free(&after);
    verify(when);
}


static void
empty(void)
{
    uint64_t    n;
    pacs_err_t  err = { 0 };

    pacs_delete(svc[0], &who, pacs_lit("1.2.3"), pacs_null, pacs_null, true,
                &n, &err);
}


/* one content was first, and everybody was told the same about it */
static bool
agreed(const worker_t *w, unsigned i)
{
    unsigned  first = sum(w, i, FIRST, NEW)
                      + sum(w, i, FIRST_OTHER_META, NEW);
    unsigned  second = sum(w, i, SECOND, NEW);

    return first + second == 1
           && (first == 1
               ? sum(w, i, SECOND, SAME) == 0
               : sum(w, i, FIRST, SAME) + sum(w, i, FIRST_OTHER_META, SAME)
                 == 0)
           && (first == 1
               ? sum(w, i, FIRST, CONFLICT)
                 + sum(w, i, FIRST_OTHER_META, CONFLICT) == 0
               : sum(w, i, SECOND, CONFLICT) == 0);
}


static void
conflicting(pacs_duplicates_e duplicates, const char *name)
{
    static worker_t  w[THREADS];
    unsigned         good = 0, aside = 0;

    open_both(false, duplicates);
    run(w, CONTENTS, false);

    for (unsigned i = 0; i < UIDS; i++) {
        good += agreed(w, i);
        aside += sum(w, i, FIRST, CONFLICT)
                 + sum(w, i, FIRST_OTHER_META, CONFLICT)
                 + sum(w, i, SECOND, CONFLICT) != 0;
    }

    ok(good == UIDS, "%s: one content of each was first", name);
    is_int(sum_all(w, FAILED) + sum_all(w, GONE), 0, "nothing failed");
    is_int(sum_all(w, NEW), UIDS, "each is new once");
    ok(aside > 0, "%u of them in conflict", aside);
    is_int(blobs(), UIDS + (duplicates == PACS_DUPLICATES_REJECT ? 0 : aside),
           "no file too many");
    verify(name);
    rebuild(name, duplicates);
    empty();
    is_int(blobs(), duplicates == PACS_DUPLICATES_REJECT ? 0 : aside,
           "deleted: no file is left that is not in quarantine");
    close_both();
}


static void
deleting(void)
{
    static worker_t  w[THREADS];

    open_both(false, PACS_DUPLICATES_REJECT);

    unsigned  before = blobs();

    run(w, CONTENTS - 1, true);

    uint64_t  deleted = 0;

    for (unsigned i = 0; i < THREADS; i++) {
        deleted += w[i].deleted;
    }

    pacs_buf_t  left = { 0 };
    unsigned    n = 0;

    rows(&left);
    for (size_t i = 0; i < left.len; i++) {
        n += ((char *) left.data)[i] == '\n';
    }
    pacs_buf_free(&left);

    is_int(sum_all(w, FAILED) + sum_all(w, CONFLICT), 0,
           "stored while deleted: nothing failed");
    is_int(sum_all(w, NEW), deleted + n, "each that was new is there or was "
           "deleted");
    is_int(blobs(), before + n, "a file of each row, and no other");
    verify("stored while deleted");
    rebuild("stored while deleted", PACS_DUPLICATES_REJECT);
    empty();
    close_both();
}


int
main(void)
{
    char  command[64];

    if (mkdtemp(home) == NULL) {
        return 1;
    }

    conflicting(PACS_DUPLICATES_REJECT, "reject");
    deleting();
    conflicting(PACS_DUPLICATES_QUARANTINE, "quarantine");

    if (getenv("PACS_LEAVE") != NULL) {
        return done();
    }
    snprintf(command, sizeof(command), "rm -rf %s", home);
    return system(command) != 0 || done();
}
