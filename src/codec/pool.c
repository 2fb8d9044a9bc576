/* SPDX-License-Identifier: BSD-2-Clause */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "codec/child.h"
#include "codec/decoder.h"
#include "codec/server.h"

/* background decoders have what is left of the processors */
enum { TICK_MS = 50, WALL_FACTOR = 5, WALL_FACTOR_IDLE = 100,
       SPARE_MAX = 8 << 20 };


/* CPU time of another process */
static int64_t
cpu_ms(pid_t pid)
{
    clockid_t        clock;
    struct timespec  t;

    if (clock_getcpuclockid(pid, &clock) != 0
        || clock_gettime(clock, &t) != 0)
    {
        return 0;
    }
    return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}


static int64_t
resident_bytes(pid_t pid)
{
    char       path[64];
    long long  pages = 0;

    snprintf(path, sizeof(path), "/proc/%d/statm", (int) pid);

    FILE *f = fopen(path, "re");
    if (f == NULL) {
        return 0;
    }
    if (fscanf(f, "%*d %lld", &pages) != 1) {
        pages = 0;
    }
    fclose(f);
    return pages * sysconf(_SC_PAGESIZE);
}


/* kills what still runs, reaps it, says how it ended */
static void
reap(server_t *s, worker_t *w, char *why, size_t size)
{
    int  status = 0;

    pacs_server_close(s, w->fd);
    kill(w->pid, SIGKILL);
    while (waitpid(w->pid, &status, 0) == -1 && errno == EINTR) { }
    w->pid = 0;
    w->fd = -1;
    s->nspent -= w->spent;
    w->spent = false;

    if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_NO_SANDBOX) {
        snprintf(why, size, "a decoder could not set up its sandbox");
    } else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
        snprintf(why, size, "the decoder made a forbidden system call");
    } else if (WIFSIGNALED(status)) {
        snprintf(why, size, "the decoder was ended by signal %d (%s)",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        snprintf(why, size, "the decoder ended with code %d",
                 WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    }
}


/* text NULL: as it ended by itself */
static void
end_worker(server_t *s, worker_t *w, int code, const char *text)
{
    char    why[200];
    job_t  *j = w->job;

    reap(s, w, why, sizeof(why));
    w->job = NULL;

    if (text == NULL || code == PACS_E_CODEC) {
        pacs_log(&pacs_env_default, PACS_LOG_WARN, "pacs-codec: %s",
                 text == NULL ? why : text);
    }
    if (j != NULL) {
        pacs_job_done(s, j, code, text == NULL ? why : text);
    }
}


/* the codes that a decoder may give; what it says is not trusted */
static int
own_code(int code)
{
    switch (code) {
    case PACS_OK:
    case PACS_E_UNSHOWABLE:
    case PACS_E_LIMIT:
    case PACS_E_IO:
        return code;
    }
    return PACS_E_CODEC;
}


static void
take_reply(server_t *s, worker_t *w, child_reply_t *reply)
{
    job_t       *j = w->job;
    int          code = own_code(reply->code);
    pacs_err_t   err = { 0 };

    reply->text[sizeof(reply->text) - 1] = '\0';

    if (code != PACS_OK) {
        /* one that has met a bad stream does not touch the next image */
        pacs_fail(&err, code, "%s", reply->text);
        end_worker(s, w, code, err.text);
        return;
    }

    if (reply->bytes == 0 || reply->bytes > j->room
        || reply->photometric >= PACS_PI_COUNT)
    {
        end_worker(s, w, PACS_E_CODEC, "a decoder answered nonsense");
        return;
    }

    if (fcntl(j->mem, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
        end_worker(s, w, PACS_E_CODEC,
                   "the decoder did not let go of the frame");
        return;
    }

    j->bytes = reply->bytes;
    j->photometric = reply->photometric;
    w->spent = pacs_decoder(j->req->syntax)->once;
    s->nspent += w->spent;
    w->job = NULL;
    pacs_job_decoded(s, j);
}


static void
worker_ready(server_t *s, void *self, uint32_t events)
{
    worker_t       *w = self;
    child_reply_t   reply;

    ssize_t  n = recv(w->fd, &reply, sizeof(reply), MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }

    if (n == 0 || n < 0) {
        end_worker(s, w, PACS_E_CODEC, NULL);
        return;
    }

    if (n != (ssize_t) sizeof(reply) || reply.magic != PACS_CODEC_MAGIC
        || w->job == NULL)
    {
        end_worker(s, w, PACS_E_CODEC, "a decoder answered nonsense");
        return;
    }

    take_reply(s, w, &reply);
}


/* the last worker decodes what no user waits for, and gives way to all */
static bool
is_background(const server_t *s, const worker_t *w)
{
    return w == &s->workers[s->nworkers];
}


static int
start_worker(server_t *s, worker_t *w)
{
    int  pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return -1;
    }

    pid_t  pid = fork();

    if (pid == 0) {
        pacs_child_main(pair[1], &s->limits);
    }

    close(pair[1]);

    if (pid == -1) {
        close(pair[0]);
        return -1;
    }

    if (is_background(s, w)) {
        struct sched_param  none = { 0 };

        (void) sched_setscheduler(pid, SCHED_IDLE, &none);
        (void) setpriority(PRIO_PROCESS, (id_t) pid, 19);
    }

    w->handler.ready = worker_ready;
    w->pid = pid;
    w->fd = pair[0];
    w->job = NULL;

    if (pacs_server_watch(s, EPOLL_CTL_ADD, w->fd, EPOLLIN, w) != 0) {
        end_worker(s, w, PACS_E_CODEC, "epoll");
        return -1;
    }
    return 0;
}


int
pacs_pool_start(server_t *s, pacs_err_t *err)
{
    s->workers = calloc(s->nworkers + 1, sizeof(worker_t));
    if (s->workers == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    for (unsigned i = 0; i < s->nworkers; i++) {
        if (start_worker(s, &s->workers[i]) != 0) {
            return pacs_fail_errno(err, errno, "cannot start a decoder");
        }
    }
    return PACS_OK;
}


/* the output: its size is fixed before the decoder sees it */
static int
make_memory(uint64_t bytes)
{
    int  fd = memfd_create("frame", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd != -1
        && (ftruncate(fd, (off_t) bytes) != 0
            || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0))
    {
        close(fd);
        fd = -1;
    }
    return fd;
}


/* the next frame is likely to be as large as this one: its pages are made
 * while nobody waits */
static bool
lacks_memory(const server_t *s)
{
    return s->spare == -1 && s->spare_bytes != 0
           && s->spare_bytes <= SPARE_MAX;
}


static void
spare_memory(server_t *s)
{
    s->spare = make_memory(s->spare_bytes);
    if (s->spare != -1) {
        (void) fallocate(s->spare, 0, 0, (off_t) s->spare_bytes);
    }
}


static int
take_memory(server_t *s, uint64_t bytes)
{
    int  fd = s->spare;

    if (fd != -1 && s->spare_bytes == bytes) {
        s->spare = -1;
        return fd;
    }

    if (fd != -1) {
        close(fd);
        s->spare = -1;
    }
    s->spare_bytes = bytes;
    return make_memory(bytes);
}


static void
hand_out(server_t *s, worker_t *w, job_t *j)
{
    pacs_err_t  err = { 0 };

    s->nqueued--;
    s->nrunning++;
    j->state = JOB_RUNNING;

    j->mem = take_memory(s, j->room);
    if (j->mem == -1) {
        int  rc = pacs_fail_errno(&err, errno, "no memory for the frame");
        pacs_job_done(s, j, rc, err.text);
        return;
    }

    w->job = j;
    w->started_ms = pacs_server_ms();
    w->cpu_ms = cpu_ms(w->pid);

    if (pacs_codec_send(w->fd, j->req, j->in, j->mem, &err) != PACS_OK) {
        end_worker(s, w, PACS_E_CODEC, "a decoder does not listen");
    }
}


static int
replace_worker(server_t *s, worker_t *w)
{
    char  why[200];

    if (w->pid != 0) {
        reap(s, w, why, sizeof(why));
    }
    return start_worker(s, w);
}


static worker_t *
idle_worker(server_t *s, bool background)
{
    worker_t  *free_slot = NULL;
    unsigned   first = background ? s->nworkers : 0;

    for (unsigned i = first; i < s->nworkers + background; i++) {
        worker_t  *w = &s->workers[i];

        if (w->pid != 0 && w->job == NULL && !w->spent) {
            return w;
        }
        if (w->pid == 0 || w->spent) {
            free_slot = w;
        }
    }

    return free_slot != NULL && replace_worker(s, free_slot) == 0
           ? free_slot : NULL;
}


bool
pacs_pool_worn(const server_t *s)
{
    return s->nspent != 0 || lacks_memory(s);
}


/* never between an answer and the picture that is drawn of it */
void
pacs_pool_renew(server_t *s, bool quiet)
{
    if (s->ncopying != 0 || (s->nrunning == 0 && !quiet)) {
        return;
    }

    if (lacks_memory(s)) {
        spare_memory(s);
    }

    for (unsigned i = 0; i <= s->nworkers && s->nspent != 0; i++) {
        if (s->workers[i].spent) {
            (void) replace_worker(s, &s->workers[i]);
        }
    }
}


void
pacs_pool_pump(server_t *s)
{
    job_t  *j;

    while ((j = pacs_job_next(s)) != NULL) {
        worker_t  *w = idle_worker(s, j->req->background);

        if (w != NULL) {
            hand_out(s, w, j);

        } else if (s->nrunning == 0) {
            /* cannot even fork one: nothing would ever wake this job */
            pacs_job_done(s, j, PACS_E_CODEC, "cannot start a decoder");

        } else {
            return;
        }
    }
}


void
pacs_pool_promote(server_t *s, job_t *j)
{
    char       why[200];
    worker_t  *w = &s->workers[s->nworkers];

    j->req->background = 0;

    if (j->state != JOB_RUNNING) {
        return;
    }

    /* it may get next to no processor, and cannot be given more */
    reap(s, w, why, sizeof(why));
    w->job = NULL;

    close(j->mem);
    j->mem = -1;
    j->state = JOB_QUEUED;
    s->nrunning--;
    s->nqueued++;
}


static void
check_limits(server_t *s, worker_t *w, int64_t now)
{
    int64_t     limit_ms = s->limits.decode_seconds * 1000;
    int64_t     wall_ms = limit_ms * (is_background(s, w) ? WALL_FACTOR_IDLE
                                                          : WALL_FACTOR);
    pacs_err_t  err = { 0 };

    if (cpu_ms(w->pid) - w->cpu_ms > limit_ms) {
        pacs_fail(&err, PACS_E_CODEC, "the decoder was ended after %lld s of "
                  "CPU time (decode_seconds)",
                  (long long) s->limits.decode_seconds);

    } else if (now - w->started_ms > wall_ms) {
        pacs_fail(&err, PACS_E_CODEC, "the decoder was ended after %lld s",
                  (long long) wall_ms / 1000);

    } else if (resident_bytes(w->pid) > s->limits.decode_memory) {
        pacs_fail(&err, PACS_E_CODEC, "the decoder used more than %lld bytes "
                  "of memory (decode_memory)",
                  (long long) s->limits.decode_memory);
    }

    if (err.code != PACS_OK) {
        end_worker(s, w, PACS_E_CODEC, err.text);
    }
}


void
pacs_pool_tick(server_t *s)
{
    int64_t  now = pacs_server_ms();

    if (now - s->ticked_ms < TICK_MS) {
        return;
    }
    s->ticked_ms = now;

    for (unsigned i = 0; i <= s->nworkers; i++) {
        if (s->workers[i].job != NULL) {
            check_limits(s, &s->workers[i], now);
        }
    }
}


void
pacs_pool_stop(server_t *s)
{
    char  why[200];

    for (unsigned i = 0; s->workers != NULL && i <= s->nworkers; i++) {
        if (s->workers[i].pid != 0) {
            reap(s, &s->workers[i], why, sizeof(why));
        }
    }
    free(s->workers);
}
