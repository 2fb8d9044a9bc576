/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The parent: accepts, forks, reaps.  One thread, one poll; signals come as
 * reads from a descriptor, so that there is no handler to race with.
 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "listener/listener.h"

enum {
    DRAIN_US = 30000000, HELPER_US = 5000000, PAUSE_US = 100000,
    AGAIN_US = 1000000,         /* signals closer together are one */
    ACCEPT_MAX = 64             /* connections a round */
};

#define FOREVER_US  INT64_C(3600000000)

const int  pacs_stop_signals[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, 0 };

typedef struct {
    pid_t  pid;
    char   address[64];
} child_t;

typedef struct {
    const pacs_listener_t  *l;
    const pacs_env_t       *env;
    int                     listen_fd;  /* -1: stopped */
    int                     signal_fd;
    child_t                *children;
    size_t                  nchildren;
    int64_t                 paused_us;  /* no accept before that */
    int64_t                 stopped_us;
    int64_t                 over_us;    /* drain: children end by then */
    bool                    killed;
    pacs_helper_t           codec, warm;
    pacs_refuse_t           refuse;
} parent_t;


/* steps of the wall clock must not end or keep anything */
static int64_t
clock_us(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


static size_t
count_peer(const parent_t *p, const char *address)
{
    size_t  n = 0;

    for (size_t i = 0; i < p->nchildren; i++) {
        n += strcmp(p->children[i].address, address) == 0;
    }

    return n;
}


static void
become_child(parent_t *p, int fd, const char *address, pid_t parent)
{
    close(p->listen_fd);
    close(p->signal_fd);
    pacs_refuse_close(&p->refuse);

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) {
        _exit(1);
    }

    /* signals stay blocked: network.cc lets them in while it waits */
    pacs_serve(p->l, fd, address);
    pacs_child_end(0);
}


static void
associate(parent_t *p, int fd, const char *address, int64_t now)
{
    const pacs_limits_t *limits = &p->l->service.limits;
    const char          *which = NULL;

    if (p->nchildren >= (size_t) limits->associations) {
        which = "associations";
    } else if (count_peer(p, address) >= (size_t) limits->peer_associations) {
        which = "peer_associations";
    }

    if (which != NULL) {
        pacs_log(p->env, PACS_LOG_WARN, "association refused: limit %s, "
                 "client: %s", which, address);
        pacs_refuse_add(&p->refuse, fd, now);
        return;
    }

    pid_t  parent = getpid();
    pid_t  pid = fork();

    if (pid == 0) {
        become_child(p, fd, address, parent);
    }

    if (pid < 0) {
        pacs_log(p->env, PACS_LOG_ERROR, "association refused: fork: %s, "
                 "client: %s", strerror(errno), address);
        pacs_refuse_add(&p->refuse, fd, now);
        return;
    }

    close(fd);

    child_t *c = &p->children[p->nchildren++];

    c->pid = pid;
    strcpy(c->address, address);
}


static void
accept_all(parent_t *p, int64_t now)
{
    /* a flood must not keep the parent from reaping */
    for (int i = 0; i < ACCEPT_MAX; i++) {
        struct sockaddr_storage  from;
        socklen_t                len = sizeof(from);
        char                     address[64];
        int                      fd;

        fd = accept4(p->listen_fd, (struct sockaddr *) &from, &len,
                     SOCK_CLOEXEC);

        if (fd >= 0) {
            pacs_address_text(&from, address);
            associate(p, fd, address, now);
            continue;
        }

        if (errno == EINTR || errno == ECONNABORTED) {
            continue;
        }

        if (errno != EAGAIN) {
            pacs_log(p->env, PACS_LOG_ERROR, "accept: %s", strerror(errno));
            p->paused_us = now + PAUSE_US;
        }

        return;
    }
}


static void
child_ended(parent_t *p, pid_t pid, int status)
{
    for (size_t i = 0; i < p->nchildren; i++) {
        child_t *c = &p->children[i];

        if (c->pid != pid) {
            continue;
        }

        if (WIFSIGNALED(status)) {
            pacs_log(p->env, PACS_LOG_ERROR, "association process %ld ended "
                     "by signal %d, client: %s", (long) pid, WTERMSIG(status),
                     c->address);
        } else if (WEXITSTATUS(status) != 0) {
            pacs_log(p->env, PACS_LOG_ERROR, "association process %ld ended "
                     "with code %d, client: %s", (long) pid,
                     WEXITSTATUS(status), c->address);
        }

        *c = p->children[--p->nchildren];
        return;
    }
}


static void
reap(parent_t *p, int64_t now)
{
    pid_t  pid;
    int    status;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (!pacs_helper_reaped(&p->codec, p->l, pid, status, now)
            && !pacs_helper_reaped(&p->warm, p->l, pid, status, now))
        {
            child_ended(p, pid, status);
        }
    }
}


static void
signal_children(parent_t *p, int signo)
{
    for (size_t i = 0; i < p->nchildren; i++) {
        kill(p->children[i].pid, signo);
    }
}


/* the first time: what runs may finish; the second time: at once */
static void
stop(parent_t *p, int64_t now)
{
    if (p->listen_fd < 0) {
        if (now - p->stopped_us > AGAIN_US) {
            p->over_us = now;
        }
        return;
    }

    pacs_log(p->env, PACS_LOG_INFO, "stopping, %zu association%s running",
             p->nchildren, p->nchildren == 1 ? "" : "s");

    close(p->listen_fd);
    p->listen_fd = -1;
    p->stopped_us = now;
    p->over_us = now + DRAIN_US;
    signal_children(p, SIGTERM);
}


static void
read_signals(parent_t *p, int64_t now)
{
    struct signalfd_siginfo  info;

    while (read(p->signal_fd, &info, sizeof(info)) == sizeof(info)) {
        switch (info.ssi_signo) {

        case SIGCHLD:
            reap(p, now);
            break;

        default:
            stop(p, now);
        }
    }
}


static void
wait_for_events(parent_t *p, int64_t now, int64_t wait_us)
{
    struct pollfd  fds[2 + PACS_REFUSE_MAX];
    nfds_t         n = 2;

    if (p->paused_us > now && p->paused_us - now < wait_us) {
        wait_us = p->paused_us - now;
    }

    fds[0].fd = p->signal_fd;
    fds[1].fd = p->paused_us > now ? -1 : p->listen_fd;

    for (unsigned i = 0; i < p->refuse.n; i++) {
        fds[n++].fd = p->refuse.peers[i].fd;
    }

    for (nfds_t i = 0; i < n; i++) {
        fds[i].events = POLLIN;
        fds[i].revents = 0;
    }

    poll(fds, n, (int) (wait_us / 1000) + 1);
}


static bool
drained(parent_t *p, int64_t now, int64_t *wait_us)
{
    if (p->listen_fd >= 0) {
        return false;
    }

    if (p->nchildren == 0) {
        return true;
    }

    if (now < p->over_us) {
        if (p->over_us - now < *wait_us) {
            *wait_us = p->over_us - now;
        }
        return false;
    }

    if (!p->killed) {
        pacs_log(p->env, PACS_LOG_WARN, "%zu association%s cut off",
                 p->nchildren, p->nchildren == 1 ? "" : "s");
        signal_children(p, SIGKILL);
        p->killed = true;
    }

    return false;
}


static void
loop(parent_t *p)
{
    for ( ;; ) {
        int64_t  now = clock_us();
        int64_t  wait_us = FOREVER_US;

        read_signals(p, now);
        pacs_refuse_tend(&p->refuse, now, &wait_us);

        if (p->listen_fd >= 0) {
            pacs_helper_tend(&p->codec, p->l, now, &wait_us);
            if (!p->l->no_warm) {
                pacs_helper_tend(&p->warm, p->l, now, &wait_us);
            }
            if (p->paused_us <= now) {
                accept_all(p, now);
            }
        }

        if (drained(p, now, &wait_us)) {
            return;
        }

        wait_for_events(p, now, wait_us);
    }
}


static void
end_helper(parent_t *p, const pacs_helper_t *h)
{
    pid_t    pid = h->pid;
    int64_t  until = clock_us() + HELPER_US;

    if (pid == 0) {
        return;
    }

    kill(pid, SIGTERM);

    while (waitpid(pid, NULL, WNOHANG) == 0) {
        struct pollfd  fd = { p->signal_fd, POLLIN, 0 };
        int64_t        left = until - clock_us();

        if (left <= 0) {
            pacs_log(p->env, PACS_LOG_WARN, "%s does not end: killed",
                     h->name);
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            return;
        }

        struct signalfd_siginfo  info;

        poll(&fd, 1, (int) (left / 1000) + 1);
        while (read(p->signal_fd, &info, sizeof(info)) > 0) { /* empty it */ }
    }
}


int
pacs_supervise(const pacs_listener_t *l, int fd)
{
    parent_t  p = { .l = l, .env = &l->service.env, .listen_fd = fd,
                  .codec = { .name = "pacs-codec", .run = pacs_codec_run },
                  .warm = { .name = "pacs-warm", .run = pacs_warm_run } };
    sigset_t  mask;

    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    for (const int *stop = pacs_stop_signals; *stop != 0; stop++) {
        sigaddset(&mask, *stop);
    }
    sigprocmask(SIG_BLOCK, &mask, NULL);

    p.children = calloc((size_t) l->service.limits.associations,
                        sizeof(*p.children));
    p.signal_fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);

    if (p.children == NULL || p.signal_fd < 0) {
        pacs_log(p.env, PACS_LOG_ERROR, "cannot start: %s", strerror(errno));
        free(p.children);
        return 1;
    }

    pacs_log(p.env, PACS_LOG_INFO, "listening on %s as %s", l->listen,
             l->aetitle);

    loop(&p);
    /* nobody may wait for pictures any more: pacs-codec ends last */
    end_helper(&p, &p.warm);
    end_helper(&p, &p.codec);
    pacs_refuse_close(&p.refuse);
    close(p.signal_fd);
    free(p.children);

    pacs_log(p.env, PACS_LOG_INFO, "stopped");
    return 0;
}
