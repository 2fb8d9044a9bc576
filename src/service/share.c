/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Group commit between processes: <home>/run/commits holds a slot for each
 * that stores.  Who gets the gate (flock) leads: it makes its own instances
 * and those that wait in slots durable at once.  Who finds the gate taken
 * puts its instances into its slot, and waits for the gate; then either they
 * are done, or it leads.
 *
 * A slot belongs to a process by an OFD lock of its byte.  Only its owner
 * posts; all else happens with the gate held.  A leader that dies leaves
 * what it took posted: the owner does it again, and finds its row, or not.
 * What a dead owner posted has its name, and is as good as any other.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/internal.h"

enum { SLOTS = 64, JOBS = 8, ROOM = 128 * 1024, NONE = -1 };

enum { FREE, POSTED, DONE };

typedef struct {
    int          code;
    pacs_put_e   put;
    int64_t      revision;
    pacs_err_t   err;
} result_t;

typedef struct {
    atomic_uint  state;
    uint32_t     njobs;
    uint64_t     stamp;             /* of the program that posted */
    uint32_t     len;
    result_t     results[JOBS];
    char         data[ROOM];
} slot_t;

struct pacs_share_s {
    int             fd;
    int             own;            /* slot, or NONE */
    slot_t         *slots;
    /* of a leader: its own, then those of slots */
    pacs_commit_t **jobs;
    unsigned        nown;
    unsigned        ntaken;
    struct {
        int       slot;
        unsigned  njobs;
    }               taken[SLOTS];
};

/* one that another version wrote is not read */
#define STAMP  ((uint64_t) sizeof(slot_t) << 40 ^ (uint64_t) pacs_nattrs << 32 \
                ^ sizeof(pacs_record_t) << 16 ^ sizeof(pacs_entry_t))

/* the texts of a record and its entry */
static const size_t  record_texts[] = {
    offsetof(pacs_record_t, study), offsetof(pacs_record_t, series),
    offsetof(pacs_record_t, instance), offsetof(pacs_record_t, class_uid),
    offsetof(pacs_record_t, syntax_uid), offsetof(pacs_record_t, key),
    offsetof(pacs_record_t, source), offsetof(pacs_record_t, frames),
    offsetof(pacs_record_t, look), offsetof(pacs_record_t, metadata)
};

static const size_t  entry_texts[] = {
    offsetof(pacs_entry_t, study), offsetof(pacs_entry_t, series),
    offsetof(pacs_entry_t, instance), offsetof(pacs_entry_t, source),
    offsetof(pacs_entry_t, door), offsetof(pacs_entry_t, subject),
    offsetof(pacs_entry_t, tag), offsetof(pacs_entry_t, value)
};

#define COUNT(t)  (sizeof(t) / sizeof((t)[0]))

typedef struct {
    char  *p;
    char  *end;
    bool   bad;
} cursor_t;


static char *
step(cursor_t *c, size_t len)
{
    char *p = c->p;

    if (c->bad || len > (size_t) (c->end - c->p)) {
        c->bad = true;
        return NULL;
    }
    c->p += len;
    return p;
}


static void
write_bytes(cursor_t *c, const void *data, size_t len)
{
    char *p = step(c, len);

    if (p != NULL && len != 0) {
        memcpy(p, data, len);
    }
}


static void
read_bytes(cursor_t *c, void *data, size_t len)
{
    const char *p = step(c, len);

    if (p != NULL) {
        memcpy(data, p, len);
    }
}


static void
write_texts(cursor_t *c, const void *of, const size_t *offsets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const pacs_str_t *s = (const void *) ((const char *) of + offsets[i]);
        uint32_t          len = s->len <= ROOM ? (uint32_t) s->len : ROOM + 1;

        write_bytes(c, &len, sizeof(len));
        if (len != 0) {
            write_bytes(c, s->data, len <= ROOM ? len : SIZE_MAX);
        }
    }
}


static void
read_texts(cursor_t *c, void *of, const size_t *offsets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        pacs_str_t *s = (void *) ((char *) of + offsets[i]);
        uint32_t    len = 0;

        read_bytes(c, &len, sizeof(len));
        *s = len == 0 ? pacs_null : (pacs_str_t) { step(c, len), len };
    }
}


static void
write_job(cursor_t *c, const pacs_commit_t *job)
{
    const pacs_record_t *r = &job->record;

    write_bytes(c, &job->key, sizeof(job->key));
    write_bytes(c, r, sizeof(*r));
    write_bytes(c, &job->entry, sizeof(job->entry));
    write_texts(c, r, record_texts, COUNT(record_texts));
    write_texts(c, &job->entry, entry_texts, COUNT(entry_texts));

    for (unsigned i = 0; i < pacs_nattrs; i++) {
        const size_t  at = 0;

        write_texts(c, &r->values[i], &at, 1);
    }
}


/* the texts stay where they are: in a copy of the slot */
static pacs_commit_t *
read_job(cursor_t *c, pacs_arena_t *a)
{
    pacs_commit_t *job = pacs_calloc(a, 1, sizeof(*job));
    pacs_str_t    *values = pacs_calloc(a, pacs_nattrs, sizeof(*values));

    if (job == NULL || values == NULL) {
        return NULL;
    }

    read_bytes(c, &job->key, sizeof(job->key));
    read_bytes(c, &job->record, sizeof(job->record));
    read_bytes(c, &job->entry, sizeof(job->entry));
    read_texts(c, &job->record, record_texts, COUNT(record_texts));
    read_texts(c, &job->entry, entry_texts, COUNT(entry_texts));

    for (unsigned i = 0; i < pacs_nattrs; i++) {
        const size_t  at = 0;

        read_texts(c, &values[i], &at, 1);
    }

    job->record.values = values;
    return c->bad ? NULL : job;
}


int
pacs_share_open(const char *home, pacs_share_t **out, pacs_err_t *err)
{
    const size_t   size = SLOTS * sizeof(slot_t);
    pacs_share_t  *s = calloc(1, sizeof(*s));
    char          *path = NULL;
    struct stat    st;

    *out = NULL;

    if (s == NULL || asprintf(&path, "%s/run/commits", home) < 0) {
        free(s);
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    s->own = NONE;
    s->slots = MAP_FAILED;
    s->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    /* never smaller than another process has mapped it */
    if (s->fd != -1 && fstat(s->fd, &st) == 0
        && ((size_t) st.st_size >= size
            || ftruncate(s->fd, (off_t) size) == 0))
    {
        s->slots = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd,
                        0);
    }

    if (s->slots == MAP_FAILED) {
        int  rc = pacs_fail_errno(err, errno, "%s", path);

        free(path);
        s->slots = NULL;
        pacs_share_close(s);
        return rc;
    }

    free(path);
    *out = s;
    return PACS_OK;
}


void
pacs_share_close(pacs_share_t *s)
{
    if (s->slots != NULL) {
        munmap(s->slots, SLOTS * sizeof(slot_t));
    }
    if (s->fd != -1) {
        close(s->fd);
    }
    free(s);
}


static int
gate(pacs_share_t *s, int how)
{
    int  rc;

    do {
        rc = flock(s->fd, how);
    } while (rc != 0 && errno == EINTR);

    return rc;
}


/* with the gate held: nobody reads a slot */
static void
claim_slot(pacs_share_t *s)
{
    for (int i = 0; s->own == NONE && i < SLOTS; i++) {
        struct flock  l = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
                            .l_start = i, .l_len = 1 };

        if (fcntl(s->fd, F_OFD_SETLK, &l) == 0) {
            s->own = i;
            atomic_store(&s->slots[i].state, FREE);
        }
    }
}


static bool
post(pacs_share_t *s, pacs_commit_t **jobs, unsigned n)
{
    if (s->own == NONE || n > JOBS) {
        return false;
    }

    slot_t    *slot = &s->slots[s->own];
    cursor_t   c = { slot->data, slot->data + ROOM, false };

    for (unsigned i = 0; i < n; i++) {
        write_job(&c, jobs[i]);
    }
    if (c.bad) {
        return false;
    }

    slot->njobs = n;
    slot->stamp = STAMP;
    slot->len = (uint32_t) (c.p - slot->data);
    atomic_store(&slot->state, POSTED);
    return true;
}


static bool
was_done(pacs_share_t *s, pacs_commit_t **jobs, unsigned n)
{
    slot_t *slot = &s->slots[s->own];
    bool    done = atomic_load(&slot->state) == DONE;

    for (unsigned i = 0; done && i < n; i++) {
        const result_t *r = &slot->results[i];

        jobs[i]->code = r->code;
        jobs[i]->put = r->put;
        jobs[i]->err = r->err;
        jobs[i]->record.revision = r->revision;
    }

    atomic_store(&slot->state, FREE);
    return done;
}


/* adds the jobs of one slot, all or none */
static void
take(pacs_share_t *s, int i, unsigned *n, unsigned max, pacs_arena_t *a)
{
    slot_t    *slot = &s->slots[i];
    unsigned   njobs = slot->njobs;

    if (atomic_load(&slot->state) != POSTED || slot->stamp != STAMP
        || slot->len > ROOM || njobs > JOBS || *n + njobs > max)
    {
        return;
    }

    pacs_str_t  copy = pacs_str_copy(a, (pacs_str_t) { slot->data,
                                                       slot->len });
    cursor_t    c = { (char *) copy.data, (char *) copy.data + copy.len,
                      copy.data == NULL };

    for (unsigned k = 0; k < njobs; k++) {
        if ((s->jobs[*n + k] = read_job(&c, a)) == NULL) {
            return;
        }
    }

    *n += njobs;
    s->taken[s->ntaken].slot = i;
    s->taken[s->ntaken++].njobs = njobs;
}


bool
pacs_share_enter(pacs_share_t *s, pacs_commit_t **jobs, unsigned *n,
    unsigned max, pacs_arena_t *a)
{
    bool  posted = false;

    s->jobs = jobs;
    s->nown = *n;
    s->ntaken = 0;

    if (gate(s, LOCK_EX | LOCK_NB) != 0) {
        posted = post(s, jobs, *n);
        gate(s, LOCK_EX);
    }

    if (posted && was_done(s, jobs, *n)) {
        gate(s, LOCK_UN);
        return false;
    }

    claim_slot(s);
    for (int i = 0; i < SLOTS; i++) {
        take(s, i, n, max, a);
    }
    return true;
}


void
pacs_share_leave(pacs_share_t *s)
{
    unsigned  at = s->nown;

    for (unsigned i = 0; i < s->ntaken; i++) {
        slot_t *slot = &s->slots[s->taken[i].slot];

        for (unsigned k = 0; k < s->taken[i].njobs; k++) {
            const pacs_commit_t *job = s->jobs[at++];

            slot->results[k] = (result_t) { job->code, job->put,
                                            job->record.revision, job->err };
        }
        atomic_store(&slot->state, DONE);
    }

    gate(s, LOCK_UN);
}
