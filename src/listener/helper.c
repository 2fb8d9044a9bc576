/* SPDX-License-Identifier: BSD-2-Clause */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "listener/listener.h"

enum { BACKOFF_MIN_US = 100000, BACKOFF_MAX_US = 10000000 };

/* ran that long: what ended it is not at its start */
#define STEADY_US  INT64_C(30000000)


void
pacs_codec_run(const pacs_listener_t *l)
{
    const pacs_limits_t  *limits = &l->service.limits;
    char                  frame[24], memory[24], seconds[24];
    char                  cache[24], keep[24];
    const char *const     argv[] = {
        l->codec, "--home", l->service.home, "--die-with-parent",
        "--limit-frame", frame, "--limit-memory", memory,
        "--limit-seconds", seconds, "--limit-cache", cache,
        "--limit-free", keep, NULL
    };

    snprintf(frame, sizeof(frame), "%" PRId64, limits->frame);
    snprintf(memory, sizeof(memory), "%" PRId64, limits->decode_memory);
    snprintf(seconds, sizeof(seconds), "%" PRId64, limits->decode_seconds);
    snprintf(cache, sizeof(cache), "%" PRId64, limits->frame_cache);
    snprintf(keep, sizeof(keep), "%" PRId64, limits->free_percent);

    execv(l->codec, (char *const *) (uintptr_t) argv);

    pacs_log(&l->service.env, PACS_LOG_ERROR, "cannot start %s: %s", l->codec,
             strerror(errno));
    _exit(127);
}


static void
become_helper(const pacs_helper_t *h, const pacs_listener_t *l, pid_t parent)
{
    sigset_t  none;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) {
        _exit(1);
    }

    close_range(STDERR_FILENO + 1, ~0U, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);

    h->run(l);
}


static void
later(pacs_helper_t *h, int64_t now_us)
{
    h->due_us = now_us + h->backoff_us;
    h->backoff_us = h->backoff_us < BACKOFF_MAX_US / 2 ? h->backoff_us * 2
                                                       : BACKOFF_MAX_US;
}


void
pacs_helper_tend(pacs_helper_t *h, const pacs_listener_t *l, int64_t now_us,
    int64_t *wait_us)
{
    if (h->pid != 0) {
        return;
    }

    if (h->backoff_us == 0) {
        h->backoff_us = BACKOFF_MIN_US;
    }

    if (h->due_us > now_us) {
        if (h->due_us - now_us < *wait_us) {
            *wait_us = h->due_us - now_us;
        }
        return;
    }

    pid_t  parent = getpid();
    pid_t  pid = fork();

    if (pid == 0) {
        become_helper(h, l, parent);
    }

    if (pid < 0) {
        pacs_log(&l->service.env, PACS_LOG_ERROR, "fork: %s",
                 strerror(errno));
        later(h, now_us);
        return;
    }

    h->pid = pid;
    h->started_us = now_us;
    pacs_log(&l->service.env, PACS_LOG_INFO, "started %s, process %ld",
             h->name, (long) pid);
}


bool
pacs_helper_reaped(pacs_helper_t *h, const pacs_listener_t *l, pid_t pid,
    int status, int64_t now_us)
{
    if (h->pid == 0 || pid != h->pid) {
        return false;
    }

    h->pid = 0;

    if (now_us - h->started_us > STEADY_US) {
        h->backoff_us = BACKOFF_MIN_US;
    }
    later(h, now_us);

    pacs_log(&l->service.env, PACS_LOG_ERROR, "%s, process %ld, "
             "ended by %s %d; again in %d ms", h->name, (long) pid,
             WIFSIGNALED(status) ? "signal" : "exit code",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
             (int) ((h->due_us - now_us) / 1000));
    return true;
}
