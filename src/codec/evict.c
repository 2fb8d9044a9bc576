/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The cache has an end: what nobody looked at for longest leaves it, and all
 * the more where the disk is nearly full, since the archive needs the room.
 * Files are unlinked, never cut: who reads one reads on.  A process of its
 * own walks over them, so that frames need not wait meanwhile.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "codec/server.h"

enum {
    LOOK_MS = 200,              /* not more often: is there too much? */
    SETTLE_MS = 2000,           /* nor walked: others have added something */
    SHARE = 10,                 /* of the time, at most, walks go on */
    GRACE_S = 60,               /* used lately: goes only if it must */
    OPEN_S = 2,                 /* who asked for it may be opening it */
    LEAVE_PERCENT = 80,         /* of what is allowed, after a walk */
    MARGIN_PERCENT = 1          /* above what ingest keeps free */
};

#define SECOND  INT64_C(1000000000)

typedef struct {
    char     *path;
    int64_t   used_ns;
    uint64_t  bytes;
} entry_t;

typedef struct {
    entry_t  *entries;
    size_t    n, room;
    uint64_t  total;
} list_t;


static int64_t
nanoseconds(struct timespec t)
{
    return t.tv_sec * SECOND + t.tv_nsec;
}


/* --- the process that walks --- */

static bool
add(list_t *l, const char *path, const struct stat *st)
{
    if (l->n == l->room) {
        size_t    room = l->room == 0 ? 256 : l->room * 2;
        entry_t  *p = realloc(l->entries, room * sizeof(*p));

        if (p == NULL) {
            return false;
        }
        l->entries = p;
        l->room = room;
    }

    entry_t  *e = &l->entries[l->n];

    e->path = strdup(path);
    e->used_ns = nanoseconds(st->st_mtim) > nanoseconds(st->st_atim)
                 ? nanoseconds(st->st_mtim) : nanoseconds(st->st_atim);
    e->bytes = (uint64_t) st->st_blocks * 512;
    l->total += e->bytes;
    l->n += e->path != NULL;
    return e->path != NULL;
}


static bool
read_folders(const char *home, list_t *l)
{
    char    path[4096];
    char   *roots[] = { path, NULL };
    FTSENT *e;

    snprintf(path, sizeof(path), "%s/cache", home);

    FTS    *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
    bool    ok = fts != NULL;

    while (ok && (e = fts_read(fts)) != NULL) {
        /* what lies in cache itself is not of the cache, but about it */
        if (e->fts_info == FTS_F && e->fts_level >= 2) {
            ok = add(l, e->fts_path, e->fts_statp);
        }
    }

    if (fts != NULL) {
        fts_close(fts);
    }
    return ok;
}


static int
by_use(const void *a, const void *b)
{
    int64_t  x = ((const entry_t *) a)->used_ns;
    int64_t  y = ((const entry_t *) b)->used_ns;

    return (x > y) - (x < y);
}


/* bytes that are left */
static uint64_t
sweep(const char *home, uint64_t most)
{
    list_t           l = { 0 };
    uint64_t         leave = most / 100 * LEAVE_PERCENT, found;
    struct timespec  now;

    read_folders(home, &l);
    found = l.total;

    if (l.n != 0) {
        qsort(l.entries, l.n, sizeof(*l.entries), by_use);
    }

    clock_gettime(CLOCK_REALTIME, &now);

    for (size_t i = 0; i < l.n && found > most; i++) {
        const entry_t  *e = &l.entries[i];
        int64_t         age = nanoseconds(now) - e->used_ns;

        if (l.total > (age > GRACE_S * SECOND ? leave : most)
            && age > OPEN_S * SECOND && unlink(e->path) == 0)
        {
            l.total -= e->bytes;
        }
    }

    return l.total;             /* entries go with the process */
}


static void
become_sweeper(const char *home, uint64_t most, int fd)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(fd, STDIN_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, 0);

    uint64_t  left = sweep(home, most);

    _exit(write(STDIN_FILENO, &left, sizeof(left)) == sizeof(left)
          ? 0 : 1);
}


/* --- the parent --- */

/* changes when files come and go in a folder of the cache */
static uint64_t
folders_state(const server_t *s)
{
    struct dirent  *d;
    struct stat     st;
    uint64_t        state = 0;
    int             fd = openat(s->cache, ".", O_RDONLY | O_DIRECTORY
                                               | O_CLOEXEC);
    DIR            *dir = fd == -1 ? NULL : fdopendir(fd);

    if (dir == NULL) {
        if (fd != -1) {
            close(fd);
        }
        return 0;
    }

    while ((d = readdir(dir)) != NULL) {
        if (d->d_name[0] != '.'
            && fstatat(s->cache, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0
            && S_ISDIR(st.st_mode))
        {
            state += ((uint64_t) nanoseconds(st.st_mtim) ^ st.st_ino)
                     * UINT64_C(0x9e3779b97f4a7c15);
        }
    }

    closedir(dir);
    return state;
}


/* what nginx's configuration says, else what we were started with */
static uint64_t
bound(const server_t *s)
{
    char     text[32];
    int64_t  bytes;
    int      fd = openat(s->run, strrchr(PACS_CACHE_BOUND, '/') + 1,
                         O_RDONLY | O_CLOEXEC);
    ssize_t  n = fd == -1 ? 0 : read(fd, text, sizeof(text));

    if (fd != -1) {
        close(fd);
    }

    return n > 1 && pacs_str_int((pacs_str_t) { text, (size_t) n - 1 }, 1,
                                 INT64_MAX, &bytes)
           ? (uint64_t) bytes : (uint64_t) s->limits.frame_cache;
}


/* bytes the cache may have, given that it has some */
static uint64_t
allowed(const server_t *s)
{
    uint64_t        limit = bound(s), keep, room;
    struct statvfs  st;

    if (fstatvfs(s->frames, &st) != 0) {
        return limit;
    }

    keep = (uint64_t) st.f_blocks * st.f_frsize / 100
           * (uint64_t) (s->limits.free_percent + MARGIN_PERCENT);
    room = (uint64_t) st.f_bavail * st.f_frsize + s->cached + s->added;
    room = room > keep ? room - keep : 0;

    return room < limit ? room : limit;
}


static void
swept(server_t *s, void *self, uint32_t events)
{
    sweeper_t  *w = self;
    uint64_t    left;
    int         status;

    if (read(w->fd, &left, sizeof(left)) == sizeof(left)) {
        s->cached = left;
        w->folders = folders_state(s);
    }

    pacs_server_close(s, w->fd);
    while (waitpid(w->pid, &status, 0) == -1 && errno == EINTR) { }
    w->pid = 0;
    w->ended_ms = pacs_server_ms();
}


static void
start_sweeper(server_t *s, uint64_t most, int64_t now)
{
    sweeper_t  *w = &s->sweeper;
    int         pair[2];

    if (pipe2(pair, O_CLOEXEC) != 0) {
        return;
    }

    w->pid = fork();

    if (w->pid == 0) {
        become_sweeper(s->home, most, pair[1]);
    }

    close(pair[1]);
    w->started_ms = w->ended_ms = now;
    w->handler.ready = swept;
    w->fd = pair[0];

    if (w->pid == -1
        || pacs_server_watch(s, EPOLL_CTL_ADD, w->fd, EPOLLIN, w) != 0)
    {
        pacs_evict_stop(s);
        return;
    }

    s->cached += s->added;
    s->added = 0;
}


void
pacs_evict(server_t *s)
{
    sweeper_t  *w = &s->sweeper;
    int64_t     now = pacs_server_ms();
    int64_t     pause = (w->ended_ms - w->started_ms) * SHARE;

    if (w->pid != 0 || now < w->looked_ms + LOOK_MS
        || (w->ended_ms != 0 && now < w->ended_ms + pause))
    {
        return;
    }

    w->looked_ms = now;

    uint64_t  most = allowed(s);

    if (w->ended_ms == 0 || s->cached + s->added > most
        || (now >= w->ended_ms + SETTLE_MS && folders_state(s) != w->folders))
    {
        start_sweeper(s, most, now);
    }
}


void
pacs_evict_stop(server_t *s)
{
    sweeper_t  *w = &s->sweeper;

    if (w->pid > 0) {
        kill(w->pid, SIGKILL);
        while (waitpid(w->pid, NULL, 0) == -1 && errno == EINTR) { }
    }
    if (w->pid != 0) {
        pacs_server_close(s, w->fd);
    }
    w->pid = 0;
}
