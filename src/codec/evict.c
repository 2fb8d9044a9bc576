/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The cache of frames has an end: what nobody looked at for longest leaves
 * it, and all the more where the disk is nearly full, since the archive
 * needs the room.  Files are unlinked, never cut: who reads one reads on.
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "codec/server.h"

enum {
    GRACE_S = 60,               /* who asked for it may not have opened it */
    LEAVE_PERCENT = 80,         /* of what is allowed, after a sweep */
    MARGIN_PERCENT = 1          /* above what ingest keeps free */
};

typedef struct {
    char      name[PACS_FRAME_KEY + 1];
    time_t    used;
    uint64_t  bytes;
} entry_t;

typedef struct {
    entry_t  *entries;
    size_t    n, room;
    uint64_t  total;
} list_t;


static bool
add(list_t *l, const char *name, const struct stat *st)
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

    entry_t  *e = &l->entries[l->n++];

    memcpy(e->name, name, strlen(name) + 1);
    e->used = st->st_mtime;
    e->bytes = (uint64_t) st->st_blocks * 512;
    l->total += e->bytes;
    return true;
}


static void
read_folder(int frames, list_t *l)
{
    struct dirent  *d;
    struct stat     st;
    int             fd = openat(frames, ".", O_RDONLY | O_DIRECTORY
                                             | O_CLOEXEC);
    DIR            *dir = fd == -1 ? NULL : fdopendir(fd);

    if (dir == NULL) {
        if (fd != -1) {
            close(fd);
        }
        return;
    }

    while ((d = readdir(dir)) != NULL) {
        if (strlen(d->d_name) <= PACS_FRAME_KEY
            && fstatat(frames, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0
            && S_ISREG(st.st_mode) && !add(l, d->d_name, &st))
        {
            break;
        }
    }

    closedir(dir);
}


static int
by_use(const void *a, const void *b)
{
    time_t  x = ((const entry_t *) a)->used, y = ((const entry_t *) b)->used;

    return (x > y) - (x < y);
}


/* bytes the cache may have, given that it has some */
static uint64_t
allowed(const server_t *s)
{
    uint64_t        limit = (uint64_t) s->limits.frame_cache, keep, room;
    struct statvfs  st;

    if (fstatvfs(s->frames, &st) != 0) {
        return limit;
    }

    keep = (uint64_t) st.f_blocks * st.f_frsize / 100
           * (uint64_t) (s->limits.free_percent + MARGIN_PERCENT);
    room = (uint64_t) st.f_bavail * st.f_frsize + s->cached;
    room = room > keep ? room - keep : 0;

    return room < limit ? room : limit;
}


static void
sweep(server_t *s, uint64_t target)
{
    list_t  l = { 0 };
    time_t  young = time(NULL) - GRACE_S;

    read_folder(s->frames, &l);
    if (l.n != 0) {
        qsort(l.entries, l.n, sizeof(*l.entries), by_use);
    }

    for (size_t i = 0; i < l.n && l.total > target; i++) {
        const entry_t  *e = &l.entries[i];

        if (e->used < young && unlinkat(s->frames, e->name, 0) == 0) {
            l.total -= e->bytes;
        }
    }

    s->cached = l.total;
    free(l.entries);
}


void
pacs_evict_start(server_t *s)
{
    sweep(s, UINT64_MAX);
    pacs_evict(s);
}


/* again and again while all are young would cost more than it brings */
void
pacs_evict(server_t *s)
{
    uint64_t  most = allowed(s);
    int64_t   now = pacs_server_ms();

    if (s->cached > most && now >= s->swept_ms) {
        s->swept_ms = now + 1000;
        sweep(s, most / 100 * LEAVE_PERCENT);
    }
}
