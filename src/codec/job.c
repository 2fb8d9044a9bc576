/* SPDX-License-Identifier: BSD-2-Clause */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/decoder.h"
#include "codec/server.h"


static void
close_fd(int *fd)
{
    if (*fd != -1) {
        close(*fd);
        *fd = -1;
    }
}


static void
job_free(job_t *j)
{
    waiter_t  *w;

    while ((w = TAILQ_FIRST(&j->waiters)) != NULL) {
        TAILQ_REMOVE(&j->waiters, w, link);
        free(w);
    }

    close_fd(&j->in);
    close_fd(&j->out);
    close_fd(&j->mem);
    free(j->sums);
    free(j->req);
    free(j);
}


static void
job_remove(server_t *s, job_t *j)
{
    switch (j->state) {
    case JOB_QUEUED:
        s->nqueued--;
        break;
    case JOB_RUNNING:
        s->nrunning--;
        break;
    case JOB_COPYING:
        s->ncopying--;
    }

    TAILQ_REMOVE(&s->jobs, j, link);
}


void
pacs_job_done(server_t *s, job_t *j, int code, const char *text)
{
    waiter_t  *w;
    bool       decoded = !j->first_gone;

    job_remove(s, j);

    TAILQ_FOREACH(w, &j->waiters, link) {
        pacs_client_answer(s, w->client, w->id, code, decoded, text);
        decoded = false;
    }

    job_free(j);
}


static int
check_key(const char *key)
{
    return strspn(key, "0123456789abcdef") == PACS_FRAME_KEY
           && key[PACS_FRAME_KEY] == '\0' ? 0 : -1;
}


static int
check_message(const pacs_codec_request_t *req, size_t len, pacs_err_t *err)
{
    if (len < pacs_codec_request_len(1) || req->magic != PACS_CODEC_MAGIC
        || req->version != PACS_CODEC_VERSION || req->nranges == 0
        || req->nranges > PACS_CODEC_RANGES
        || len != pacs_codec_request_len(req->nranges)
        || memchr(req->key, '\0', sizeof(req->key)) == NULL
        || memchr(req->syntax, '\0', sizeof(req->syntax)) == NULL
        || memchr(req->target, '\0', sizeof(req->target)) == NULL
        || check_key(req->key) != 0
        || (req->target[0] != '\0'
            && pacs_target(pacs_cstr(req->target)) == NULL))
    {
        return pacs_fail(err, PACS_E_ARG, "malformed request");
    }

#ifndef PACS_CODEC_FAULTS
    if (req->faults != 0) {
        return pacs_fail(err, PACS_E_ARG, "this build makes no faults");
    }
#endif

    return PACS_OK;
}


/* the file is read only, and holds the ranges */
static int
check_input(const pacs_codec_request_t *req, int fd, pacs_err_t *err)
{
    struct stat  st;
    uint64_t     total = 0;

    if (fd == -1 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)
        || (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
    {
        return pacs_fail(err, PACS_E_ARG,
                         "the input is not a file open for reading only");
    }

    for (uint32_t i = 0; i < req->nranges; i++) {
        uint64_t  end;

        if (__builtin_add_overflow(req->ranges[i].offset,
                                   req->ranges[i].length, &end)
            || end > (uint64_t) st.st_size)
        {
            return pacs_fail(err, PACS_E_ARG, "range %u of the frame lies "
                             "outside the file of %lld bytes", i,
                             (long long) st.st_size);
        }
        total += req->ranges[i].length;
        if (total > (uint64_t) st.st_size) {
            return pacs_fail(err, PACS_E_ARG, "the frame's ranges overlap");
        }
    }

    return PACS_OK;
}


/* a file without a name, so that nobody changes it by another one */
static int
check_output(int fd, uint64_t bytes, pacs_err_t *err)
{
    struct stat  st;

    if (fd == -1 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)
        || (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY
        || st.st_nlink != 0)
    {
        return pacs_fail(err, PACS_E_ARG,
                         "the output is not a writable unnamed file");
    }

    if ((uint64_t) st.st_size != pacs_frame_file(bytes)) {
        return pacs_fail(err, PACS_E_ARG, "the output has %lld bytes, not "
                         "%llu", (long long) st.st_size,
                         (unsigned long long) pacs_frame_file(bytes));
    }

    return PACS_OK;
}


/* *room: bytes of a frame, at most */
static int
check_request(server_t *s, const pacs_codec_request_t *req, const int fds[2],
    uint64_t *room, pacs_err_t *err)
{
    const pacs_target_t  *t = pacs_target(pacs_cstr(req->target));

    if (pacs_decoder(req->syntax) == NULL) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "there is no decoder for transfer syntax %s",
                         req->syntax);
    }

    if (t != NULL && !pacs_target_takes(t, &req->pixels)) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "these frames cannot be put "
                         "into transfer syntax %s", req->target);
    }

    int  rc = pacs_frame_bytes(&req->pixels, &s->limits, room, err);

    if (rc == PACS_OK && t != NULL) {
        *room = pacs_target_room(t, *room);
    }
    if (rc == PACS_OK) {
        rc = check_input(req, fds[0], err);
    }
    if (rc == PACS_OK) {
        rc = check_output(fds[1], *room, err);
    }
    return rc;
}


/* true: a whole frame lies in the cache; what is not one is removed */
static bool
is_cached(server_t *s, const pacs_codec_request_t *req)
{
    pacs_frame_head_t  head;
    struct stat        st;
    bool               coded = req->target[0] != '\0';
    int                folder = coded ? s->coded : s->frames;
    int                fd = openat(folder, req->key,
                                   O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd == -1) {
        return false;
    }

    bool  good = pread(fd, &head, sizeof(head), 0) == sizeof(head)
                 && fstat(fd, &st) == 0
                 && pacs_frame_good(&head, coded ? PACS_CODED_MAGIC
                                                 : PACS_FRAME_MAGIC,
                                    st.st_size);

    close(fd);

    if (!good) {
        unlinkat(folder, req->key, 0);
    }
    return good;
}


static job_t *
find_job(server_t *s, const char *key)
{
    job_t  *j;

    TAILQ_FOREACH(j, &s->jobs, link) {
        if (strcmp(j->req->key, key) == 0) {
            return j;
        }
    }
    return NULL;
}


static int
add_waiter(job_t *j, client_t *c, uint64_t id, pacs_err_t *err)
{
    waiter_t  *w = calloc(1, sizeof(*w));

    if (w == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    w->client = c;
    w->id = id;
    TAILQ_INSERT_TAIL(&j->waiters, w, link);
    return PACS_OK;
}


static int
add_job(server_t *s, client_t *c, const pacs_codec_request_t *req,
    size_t len, uint64_t room, int fds[2], pacs_err_t *err)
{
    if (s->nqueued >= s->queue_max) {
        return pacs_fail(err, PACS_E_BUSY, "%u frames wait to be decoded",
                         s->nqueued);
    }

    job_t  *j = calloc(1, sizeof(*j));

    if (j == NULL || (j->req = malloc(len)) == NULL) {
        free(j);
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    TAILQ_INIT(&j->waiters);
    memcpy(j->req, req, len);
    j->in = j->out = j->mem = -1;
    j->target = pacs_target(pacs_cstr(req->target));
    j->room = room;

    if (add_waiter(j, c, req->id, err) != PACS_OK) {
        job_free(j);
        return PACS_E_NOMEM;
    }

    j->in = fds[0];
    j->out = fds[1];
    fds[0] = fds[1] = -1;
    TAILQ_INSERT_TAIL(&s->jobs, j, link);
    s->nqueued++;
    return PACS_OK;
}


static int
take_request(server_t *s, client_t *c, const pacs_codec_request_t *req,
    size_t len, int fds[2], pacs_err_t *err)
{
    uint64_t  room;

    int  rc = check_message(req, len, err);
    if (rc != PACS_OK) {
        return rc;
    }

    job_t  *j = find_job(s, req->key);

    if (j != NULL) {
        if (j->req->background && !req->background) {
            pacs_pool_promote(s, j);
        }
        return add_waiter(j, c, req->id, err);
    }

    if (is_cached(s, req)) {
        pacs_client_answer(s, c, req->id, PACS_OK, false, "");
        return PACS_OK;
    }

    rc = check_request(s, req, fds, &room, err);

    return rc == PACS_OK ? add_job(s, c, req, len, room, fds, err) : rc;
}


void
pacs_job_request(server_t *s, client_t *c, const pacs_codec_request_t *req,
    size_t len, int fds[2])
{
    pacs_err_t  err = { 0 };

    int  rc = take_request(s, c, req, len, fds, &err);

    close_fd(&fds[0]);
    close_fd(&fds[1]);

    if (rc != PACS_OK) {
        uint64_t  id = len >= offsetof(pacs_codec_request_t, key)
                       ? req->id : 0;

        pacs_client_answer(s, c, id, rc, false, err.text);
    }
}


void
pacs_job_abandon(server_t *s, client_t *c)
{
    for (job_t *j = TAILQ_FIRST(&s->jobs), *next; j != NULL; j = next) {
        next = TAILQ_NEXT(j, link);

        for (waiter_t *w = TAILQ_FIRST(&j->waiters), *n; w != NULL; w = n) {
            n = TAILQ_NEXT(w, link);

            if (w->client == c) {
                /* a queued job is the next waiter's; a running one nobody's */
                j->first_gone |= j->state != JOB_QUEUED
                                 && w == TAILQ_FIRST(&j->waiters);
                TAILQ_REMOVE(&j->waiters, w, link);
                free(w);
            }
        }

        if (TAILQ_EMPTY(&j->waiters) && j->state == JOB_QUEUED) {
            job_remove(s, j);
            job_free(j);
        }
    }
}


/* the oldest that a user waits for; none of the others while one does, be
 * it running already */
job_t *
pacs_job_next(server_t *s)
{
    job_t  *j, *first = NULL;
    bool    users = false;

    if (s->nqueued == 0) {
        return NULL;
    }

    TAILQ_FOREACH(j, &s->jobs, link) {
        if (!j->req->background) {
            if (j->state == JOB_QUEUED) {
                return j;
            }
            users = true;

        } else if (j->state == JOB_QUEUED && first == NULL) {
            first = j;
        }
    }
    return users ? NULL : first;
}
