/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * pacs-codec: decodes frames for nginx workers, the listener and the command
 * line, see core/codec.h.  Started by pacs-listener, one for a home.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "codec/server.h"

enum { QUEUE = 1024, FDS_A_JOB = 3, FDS_OTHER = 1024, TICK_MS = 50,
       IDLE_MS = 2000, QUIET_MS = 5 };

static const char  usage[] =
"usage: pacs-codec --home DIR [options]\n"
"\n"
"Decodes compressed frames in sandboxed processes, for the programs of\n"
"ngx_pacs that work on the same home; listens on DIR/run/codec.sock.\n"
"\n"
"  --home DIR          the home of the archive\n"
"  --workers N         decoders at once (number of processors)\n"
"  --queue N           frames that may wait (1024), more are refused: busy\n"
"  --limit-frame B     bytes of one decoded frame (536870912)\n"
"  --limit-memory B    bytes of memory of a decoder (1073741824)\n"
"  --limit-seconds N   CPU seconds for one frame (10)\n"
"  --limit-cache B     bytes of the cache on disk, where nginx's\n"
"                      configuration does not say (4294967296)\n"
"  --limit-free P      per cent of the disk that ingest keeps free (2)\n"
"  --die-with-parent   end when the program that has started this one ends\n"
"  --help              this text\n";


int64_t
pacs_server_ms(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}


int
pacs_server_watch(server_t *s, int op, int fd, uint32_t events, void *handler)
{
    struct epoll_event  e = { .events = events, .data.ptr = handler };

    return epoll_ctl(s->epoll, op, fd, &e);
}


void
pacs_server_close(server_t *s, int fd)
{
    (void) epoll_ctl(s->epoll, EPOLL_CTL_DEL, fd, NULL);
    close(fd);
}


/* --- options --- */

static int64_t
number(const char *name, const char *text, int64_t min, int64_t max)
{
    int64_t  value;

    if (!pacs_str_int(pacs_cstr(text), min, max, &value)) {
        fprintf(stderr, "pacs-codec: --%s takes a number from %lld to %lld\n",
                name, (long long) min, (long long) max);
        exit(2);
    }
    return value;
}


static void
options(server_t *s, int argc, char **argv)
{
    enum { HOME, WORKERS, MAX_QUEUE, FRAME, MEMORY, SECONDS, CACHE,
           FREE, DIE, HELP };
    static const struct option  known[] = {
        { "home", required_argument, NULL, HOME },
        { "workers", required_argument, NULL, WORKERS },
        { "queue", required_argument, NULL, MAX_QUEUE },
        { "limit-frame", required_argument, NULL, FRAME },
        { "limit-memory", required_argument, NULL, MEMORY },
        { "limit-seconds", required_argument, NULL, SECONDS },
        { "limit-cache", required_argument, NULL, CACHE },
        { "limit-free", required_argument, NULL, FREE },
        { "die-with-parent", no_argument, NULL, DIE },
        { "help", no_argument, NULL, HELP },
        { NULL, 0, NULL, 0 }
    };
    pid_t  parent = getppid();
    int    c, which;

    while ((c = getopt_long(argc, argv, "", known, &which)) != -1) {
        switch (c) {
        case HOME:
            s->home = optarg;
            break;
        case WORKERS:
            s->nworkers = (unsigned) number("workers", optarg, 1, 256);
            break;
        case MAX_QUEUE:
            s->queue_max = (unsigned) number("queue", optarg, 1, 100000);
            break;
        case FRAME:
            s->limits.frame = number("limit-frame", optarg, 1,
                                     INT64_C(1) << 40);
            break;
        case MEMORY:
            s->limits.decode_memory = number("limit-memory", optarg,
                                             INT64_C(128) << 20,
                                             INT64_C(1) << 40);
            break;
        case SECONDS:
            s->limits.decode_seconds = number("limit-seconds", optarg, 1,
                                              3600);
            break;
        case CACHE:
            s->limits.frame_cache = number("limit-cache", optarg, 1,
                                           INT64_C(1) << 60);
            break;
        case FREE:
            s->limits.free_percent = number("limit-free", optarg, 0, 99);
            break;
        case DIE:
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            if (getppid() != parent) {
                exit(0);                /* it has ended meanwhile */
            }
            break;
        case HELP:
            fputs(usage, stdout);
            exit(0);
        default:
            fputs(usage, stderr);
            exit(2);
        }
    }

    if (s->home == NULL || optind != argc) {
        fputs(usage, stderr);
        exit(2);
    }
}


/* --- start --- */

static int
make_folder(int home, const char *name, pacs_err_t *err)
{
    if (mkdirat(home, name, 0700) != 0 && errno != EEXIST) {
        return pacs_fail_errno(err, errno, "%s", name);
    }
    return PACS_OK;
}


/* the folders, and the lock that makes this the only one at this home */
static int
open_home(server_t *s, pacs_err_t *err)
{
    int  home = open(s->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (home == -1) {
        return pacs_fail_errno(err, errno, "%s", s->home);
    }

    int  rc = make_folder(home, "run", err);

    if (rc == PACS_OK) {
        rc = make_folder(home, "cache", err);
    }
    if (rc == PACS_OK) {
        rc = make_folder(home, "cache/frames", err);
    }
    if (rc == PACS_OK) {
        rc = make_folder(home, "cache/coded", err);
    }

    if (rc == PACS_OK) {
        s->frames = openat(home, "cache/frames",
                           O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        s->coded = openat(home, "cache/coded",
                          O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        s->cache = openat(home, "cache", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        s->run = openat(home, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        s->lock = openat(home, "run/codec.lock", O_RDWR | O_CREAT | O_CLOEXEC,
                         0600);
        if (s->frames == -1 || s->coded == -1 || s->cache == -1
            || s->run == -1 || s->lock == -1)
        {
            rc = pacs_fail_errno(err, errno, "%s/run", s->home);
        }
    }

    close(home);

    if (rc == PACS_OK && flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        rc = pacs_fail(err, PACS_E_BUSY, "another pacs-codec serves %s",
                       s->home);
    }
    return rc;
}


/* who holds the lock may replace a socket that was left behind */
static int
open_socket(server_t *s, pacs_err_t *err)
{
    struct sockaddr_un  sun = { .sun_family = AF_UNIX };

    /* the home's path may be longer than sun_path */
    snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d/codec.sock",
             s->run);

    if (unlinkat(s->run, "codec.sock", 0) != 0 && errno != ENOENT) {
        return pacs_fail_errno(err, errno, "codec.sock");
    }

    mode_t  mask = umask(0177);

    s->listen = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
                       0);

    int  rc = s->listen == -1
              || bind(s->listen, (struct sockaddr *) &sun, sizeof(sun)) != 0
              || listen(s->listen, 256) != 0
              ? pacs_fail_errno(err, errno, "%s/%s", s->home,
                                PACS_CODEC_SOCKET) : PACS_OK;

    umask(mask);
    return rc;
}


static void
on_signal(server_t *s, void *self, uint32_t events)
{
    s->stop = true;
}


static int
open_events(server_t *s, pacs_err_t *err)
{
    sigset_t  set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);

    int  fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->accept.ready = pacs_client_accept;
    s->signal.ready = on_signal;

    if (fd == -1 || s->epoll == -1
        || pacs_server_watch(s, EPOLL_CTL_ADD, fd, EPOLLIN, &s->signal) != 0
        || pacs_server_watch(s, EPOLL_CTL_ADD, s->listen, EPOLLIN, &s->accept)
           != 0)
    {
        return pacs_fail_errno(err, errno, "epoll");
    }
    return PACS_OK;
}


/* a waiting job holds descriptors: the queue is no longer than they allow */
static void
fit_queue(server_t *s)
{
    struct rlimit  r;

    if (getrlimit(RLIMIT_NOFILE, &r) != 0) {
        return;
    }

    rlim_t  want = (rlim_t) s->queue_max * FDS_A_JOB + FDS_OTHER;

    if (r.rlim_cur < want) {
        r.rlim_cur = want < r.rlim_max ? want : r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }

    if (r.rlim_cur < want) {
        s->queue_max = r.rlim_cur > FDS_OTHER + FDS_A_JOB
                       ? (unsigned) (r.rlim_cur - FDS_OTHER) / FDS_A_JOB
                       : (unsigned) r.rlim_cur / (4 * FDS_A_JOB) + 1;
    }
}


static int
start(server_t *s, pacs_err_t *err)
{
    fit_queue(s);

    int  rc = open_home(s, err);

    if (rc == PACS_OK) {
        rc = open_socket(s, err);
    }
    if (rc == PACS_OK) {
        rc = open_events(s, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_pool_start(s, err);
    }
    if (rc == PACS_OK) {
        pacs_evict(s);
    }
    return rc;
}


static int
patience_ms(const server_t *s)
{
    return s->ncopying != 0 ? 0 : s->nrunning != 0 ? TICK_MS
           : pacs_pool_worn(s) ? QUIET_MS : IDLE_MS;
}


/* one event a turn: what a handler frees is in no list of events here */
static void
loop(server_t *s)
{
    while (!s->stop) {
        struct epoll_event  e;
        int                 n = epoll_wait(s->epoll, &e, 1, patience_ms(s));

        if (n == 1) {
            handler_t  *h = e.data.ptr;

            h->ready(s, h, e.events);
        }

        pacs_job_copy(s);
        pacs_pool_tick(s);
        pacs_pool_pump(s);
        pacs_pool_renew(s, n == 0);

        if (s->nrunning + s->ncopying == 0) {
            pacs_evict(s);
        }
    }
}


static void
stop(server_t *s)
{
    client_t  *c;

    pacs_pool_stop(s);
    pacs_evict_stop(s);

    while ((c = TAILQ_FIRST(&s->clients)) != NULL) {
        pacs_client_close(s, c);
    }
}


int
main(int argc, char **argv)
{
    server_t    s = { .limits = pacs_limits_default, .queue_max = QUEUE,
                    .spare = -1 };
    pacs_err_t  err = { 0 };
    long        cores = sysconf(_SC_NPROCESSORS_ONLN);

    s.nworkers = cores < 1 ? 1 : (unsigned) cores;
    TAILQ_INIT(&s.clients);
    TAILQ_INIT(&s.jobs);
    options(&s, argc, argv);

    if (start(&s, &err) != PACS_OK) {
        fprintf(stderr, "pacs-codec: %s\n", err.text);
        return 1;
    }

    loop(&s);
    stop(&s);
    return 0;
}
