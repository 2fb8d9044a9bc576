/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Group commit between processes, one step at a time: several shares of one
 * home stand for processes (flock and OFD locks are of the open file), and a
 * real one dies while it leads.
 */

#include "service/share.c"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "tap.h"

static char  home[] = "/tmp/pacs-share-XXXXXX";

typedef struct {
    pacs_share_t   *share;
    pacs_arena_t   *arena;
    pacs_commit_t   job;
    pacs_commit_t  *jobs[64];
    unsigned        n;
    bool            leads;
    pthread_t       thread;
} process_t;


static pacs_str_t
text(pacs_arena_t *a, const char *what, int number)
{
    return pacs_sprintf(a, "%s of %d", what, number);
}


/* every text differs from every other */
static void
make_job(process_t *p, int number)
{
    pacs_str_t *values = pacs_calloc(p->arena, pacs_nattrs, sizeof(*values));

    p->job = (pacs_commit_t) { .record = { .size = (uint64_t) number,
                                           .values = values } };
    snprintf(p->job.key.digest, sizeof(p->job.key.digest), "key %d", number);

    for (unsigned i = 0; i < COUNT(record_texts); i++) {
        *(pacs_str_t *) (void *) ((char *) &p->job.record + record_texts[i]) =
            text(p->arena, "record", number * 100 + (int) i);
    }
    for (unsigned i = 0; i < COUNT(entry_texts); i++) {
        *(pacs_str_t *) (void *) ((char *) &p->job.entry + entry_texts[i]) =
            text(p->arena, "entry", number * 100 + (int) i);
    }
    for (unsigned i = 0; i < pacs_nattrs; i += 2) {
        values[i] = text(p->arena, "value", number * 100 + (int) i);
    }
}


static bool
same_texts(const void *a, const void *b, const size_t *offsets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!pacs_str_eq(*(const pacs_str_t *)
                             (const void *) ((const char *) a + offsets[i]),
                         *(const pacs_str_t *)
                             (const void *) ((const char *) b + offsets[i])))
        {
            return false;
        }
    }
    return true;
}


static bool
same_job(const pacs_commit_t *a, const pacs_commit_t *b)
{
    bool  same = strcmp(a->key.digest, b->key.digest) == 0
                 && a->record.size == b->record.size
                 && same_texts(&a->record, &b->record, record_texts,
                               COUNT(record_texts))
                 && same_texts(&a->entry, &b->entry, entry_texts,
                               COUNT(entry_texts));

    for (unsigned i = 0; same && i < pacs_nattrs; i++) {
        same = pacs_str_eq(a->record.values[i], b->record.values[i]);
    }
    return same;
}


static void
enter(process_t *p)
{
    p->jobs[0] = &p->job;
    p->n = 1;
    p->leads = pacs_share_enter(p->share, p->jobs, &p->n, 64, p->arena);
}


static void *
enter_thread(void *data)
{
    enter(data);
    return NULL;
}


static void
start_process(process_t *p, int number)
{
    pacs_err_t  err = { 0 };

    p->arena = pacs_arena_create(0);
    if (pacs_share_open(home, &p->share, &err) != PACS_OK) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    make_job(p, number);

    /* the first time it gets its slot */
    enter(p);
    pacs_share_leave(p->share);
}


/* enters while another leads: until it has posted */
static void
enter_behind(process_t *p)
{
    pthread_create(&p->thread, NULL, enter_thread, p);
    while (atomic_load(&p->share->slots[p->share->own].state) != POSTED) {
        sched_yield();
    }
}


static void
end_process(process_t *p)
{
    pacs_share_close(p->share);
    pacs_arena_destroy(p->arena);
}


static void
one_for_all(void)
{
    process_t  p[3] = { { 0 } };

    for (int i = 0; i < 3; i++) {
        start_process(&p[i], i + 1);
    }
    ok(p[0].leads && p[0].n == 1, "alone, one leads with its own");

    enter(&p[0]);
    enter_behind(&p[1]);
    enter_behind(&p[2]);
    ok(p[0].leads && p[0].n == 1, "the first leads and does not wait");
    pacs_share_leave(p[0].share);

    /* who of the two came first leads both */
    process_t *next = NULL;

    while (next == NULL) {
        for (int i = 1; i < 3; i++) {
            if (atomic_load(&p[i].share->slots[p[i].share->own].state)
                == FREE)
            {
                next = &p[i];
            }
        }
    }

    process_t *last = next == &p[1] ? &p[2] : &p[1];

    pthread_join(next->thread, NULL);
    ok(next->leads && next->n == 2, "of those that waited one leads both");
    ok(same_job(next->jobs[1], &last->job), "every text of the other's is "
       "there");

    next->jobs[1]->put = PACS_PUT_KNOWN;
    next->jobs[1]->record.revision = 77;
    pacs_fail(&next->jobs[1]->err, PACS_E_IO, "said by the leader");
    next->jobs[1]->code = PACS_E_IO;
    pacs_share_leave(next->share);
    pthread_join(last->thread, NULL);

    ok(!last->leads, "the other is told");
    ok(last->job.put == PACS_PUT_KNOWN && last->job.record.revision == 77
       && last->job.code == PACS_E_IO
       && strcmp(last->job.err.text, "said by the leader") == 0,
       "all that the leader found out");

    for (int i = 0; i < 3; i++) {
        end_process(&p[i]);
    }
}


static void
leader_dies(void)
{
    process_t  a = { 0 }, b = { 0 };
    int        go[2], took[2];
    char       c;

    if (pipe(go) != 0 || pipe(took) != 0) {
        exit(1);
    }

    pid_t  pid = fork();

    if (pid == 0) {
        process_t  dying = { 0 };

        start_process(&dying, 9);
        enter(&dying);                      /* holds the gate */
        c = 'h';
        if (write(took[1], &c, 1) != 1 || read(go[0], &c, 1) != 1) {
            _exit(1);
        }
        /* what was posted meanwhile, as a leader takes it */
        for (int i = 0; i < SLOTS; i++) {
            take(dying.share, i, &dying.n, 64, dying.arena);
        }
        _exit(dying.n == 2 ? 7 : 8);
    }

    start_process(&a, 1);
    if (read(took[0], &c, 1) != 1) {
        exit(1);
    }
    enter_behind(&a);
    c = 'g';
    if (write(go[1], &c, 1) != 1) {
        exit(1);
    }

    int  status;

    waitpid(pid, &status, 0);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 7, "a leader takes what "
       "another posted and dies");
    pthread_join(a.thread, NULL);
    ok(a.leads && a.n == 1 && a.jobs[0] == &a.job, "then the owner leads "
       "with its own");
    pacs_share_leave(a.share);

    start_process(&b, 2);
    ok(b.share->own != NONE && b.share->own != a.share->own,
       "the slot of the dead is free again");
    end_process(&a);
    end_process(&b);
    for (int i = 0; i < 2; i++) {
        close(go[i]);
        close(took[i]);
    }
}


static void
too_large(void)
{
    process_t  a = { 0 }, b = { 0 };

    start_process(&a, 1);
    start_process(&b, 2);
    b.job.record.metadata = pacs_sprintf(b.arena, "%*d", 2 * ROOM, 1);

    enter(&a);
    ok(!post(b.share, (pacs_commit_t *[]) { &b.job }, 1), "what has no room "
       "in a slot is not posted");
    pthread_create(&b.thread, NULL, enter_thread, &b);
    pacs_share_leave(a.share);
    pthread_join(b.thread, NULL);
    ok(b.leads && b.n == 1, "it waits, and its process leads");
    pacs_share_leave(b.share);

    end_process(&a);
    end_process(&b);
}


/* a slot is written by our own programs; still no byte of it is believed */
static void
garbage(void)
{
    process_t  a = { 0 }, b = { 0 };
    unsigned   seed = 1, taken = 0;

    start_process(&a, 1);
    start_process(&b, 2);
    slot_t *slot = &b.share->slots[b.share->own];

    for (int i = 0; i < 2000; i++) {
        pacs_commit_t *jobs[] = { &b.job };

        if (!post(b.share, jobs, 1)) {
            break;
        }
        if (i % 4 == 1) {
            slot->len = (uint32_t) rand_r(&seed);
        } else if (i % 4 == 2) {
            slot->njobs = (uint32_t) rand_r(&seed) % 20;
        } else if (i % 4 == 3) {
            slot->stamp ^= 1;
        }
        for (int k = 0; i % 4 != 0 && k < 8; k++) {
            slot->data[(uint32_t) rand_r(&seed) % 2000] =
                (char) rand_r(&seed);
        }
        enter(&a);
        taken += a.n > 1;
        pacs_share_leave(a.share);
        atomic_store(&slot->state, FREE);
        pacs_arena_destroy(a.arena);
        a.arena = pacs_arena_create(0);
        make_job(&a, 1);
    }

    ok(taken >= 500 && taken < 2000, "garbage in a slot does no harm, what "
       "is whole is taken");
    end_process(&a);
    end_process(&b);
}


int
main(void)
{
    char  run[64];

    if (mkdtemp(home) == NULL) {
        return 1;
    }
    snprintf(run, sizeof(run), "%s/run", home);
    mkdir(run, 0700);

    one_for_all();
    leader_dies();
    too_large();
    garbage();

    snprintf(run, sizeof(run), "rm -rf %s", home);
    return system(run) != 0 || done();
}
