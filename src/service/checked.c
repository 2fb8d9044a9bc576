/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Files of the cache are read through their checksums: what comes out is
 * what was once written, whoever changed the file since, and however often
 * it was read before.  Damaged ones are removed, and made again by who needs
 * them.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "service/internal.h"

enum { FRESH_S = 2, PIECE = 32 * PACS_FRAME_BLOCK };


void
pacs_cached_touch(int fd, const struct stat *st)
{
    time_t           now = time(NULL);
    struct timespec  t[2] = { { .tv_nsec = UTIME_NOW },
                              { .tv_nsec = UTIME_OMIT } };

    /* pacs-codec evicts what was used longest ago */
    if (now - st->st_atime > FRESH_S && now - st->st_mtime > FRESH_S) {
        (void) futimens(fd, t);
    }
}


void
pacs_cached_remove(const char *path, int fd)
{
    struct stat  own, there;

    /* another process may have made it again */
    if (fstat(fd, &own) == 0 && stat(path, &there) == 0
        && own.st_ino == there.st_ino && own.st_dev == there.st_dev)
    {
        unlink(path);
    }
}


bool
pacs_cached_read(int fd, void *out, size_t len, uint64_t offset)
{
    char *p = out;

    while (len != 0) {
        ssize_t  n = pread(fd, p, len, (off_t) offset);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        p += n;
        len -= (size_t) n;
        offset += (uint64_t) n;
    }
    return true;
}


/* head and sums, into c; false: not as they were written */
static bool
read_sums(pacs_checked_t *c, uint32_t magic, int64_t size, pacs_arena_t *a,
    pacs_frame_head_t *head)
{
    if (!pacs_cached_read(c->fd, head, sizeof(*head), 0)
        || !pacs_frame_good(head, magic, size))
    {
        return false;
    }

    size_t     len = pacs_frame_blocks(head->bytes) * sizeof(uint32_t);
    uint32_t  *sums = pacs_alloc(a, len);

    c->sums = sums;
    c->bytes = head->bytes;

    return sums == NULL
           || (pacs_cached_read(c->fd, sums, len,
                                PACS_FRAME_HEAD + head->bytes)
               && pacs_sum(0, sums, len) == head->sums);
}


int
pacs_checked_open(const char *path, uint32_t magic, pacs_arena_t *a,
    pacs_checked_t *c, pacs_frame_head_t *head)
{
    struct stat  st;

    *c = (pacs_checked_t) { .path = path,
                            .fd = open(path, O_RDONLY | O_CLOEXEC) };
    if (c->fd == -1) {
        return PACS_E_NOT_FOUND;
    }

    if (fstat(c->fd, &st) != 0 || !read_sums(c, magic, st.st_size, a, head)) {
        pacs_checked_damaged(c);
        return PACS_E_NOT_FOUND;
    }

    if (c->sums == NULL) {
        pacs_checked_close(c);
        return PACS_E_NOMEM;
    }

    pacs_cached_touch(c->fd, &st);
    return PACS_OK;
}


void
pacs_checked_close(pacs_checked_t *c)
{
    if (c->fd != -1) {
        close(c->fd);
    }
    c->fd = -1;
}


void
pacs_checked_damaged(pacs_checked_t *c)
{
    pacs_cached_remove(c->path, c->fd);
    pacs_checked_close(c);
}


static bool
are_right(const pacs_checked_t *c, const uint8_t *p, size_t len,
    uint64_t first)
{
    uint32_t  sums[PIECE / PACS_FRAME_BLOCK];

    pacs_frame_sums(p, len, first, sums);
    return memcmp(sums, c->sums + first,
                  pacs_frame_blocks(len) * sizeof(*sums)) == 0;
}


bool
pacs_checked_read(const pacs_checked_t *c, void *out, size_t len,
    uint64_t offset)
{
    uint8_t   piece[PIECE];
    uint8_t  *p = out;

    if (offset > c->bytes || len > c->bytes - offset) {
        return false;
    }

    while (len != 0) {
        /* whole blocks around what is wanted, and then that of them */
        uint64_t  first = offset / PACS_FRAME_BLOCK;
        uint64_t  from = first * PACS_FRAME_BLOCK;
        size_t    skip = (size_t) (offset - from);
        size_t    want = len < PIECE - skip ? len : PIECE - skip;
        uint64_t  end = pacs_frame_blocks(offset + want) * PACS_FRAME_BLOCK;
        size_t    got = (size_t) ((end < c->bytes ? end : c->bytes) - from);

        uint8_t  *to = got == want ? p : piece;

        if (!pacs_cached_read(c->fd, to, got, PACS_FRAME_HEAD + from)
            || !are_right(c, to, got, first))
        {
            return false;
        }

        if (to == piece) {
            memcpy(p, piece + skip, want);
        }
        p += want;
        len -= want;
        offset += want;
    }
    return true;
}


bool
pacs_checked_whole(const pacs_checked_t *c)
{
    uint8_t  piece[PIECE];

    for (uint64_t at = 0; at < c->bytes; at += PIECE) {
        size_t  len = c->bytes - at < PIECE ? (size_t) (c->bytes - at)
                                            : PIECE;

        if (!pacs_cached_read(c->fd, piece, len, PACS_FRAME_HEAD + at)
            || !are_right(c, piece, len, at / PACS_FRAME_BLOCK))
        {
            return false;
        }
    }
    return true;
}
