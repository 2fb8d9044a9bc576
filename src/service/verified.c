/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Files of the cache are checked against their checksum once a process, not
 * each time a few rows of one are read.  Who was looked at is known by what
 * a stat() says: whoever writes into a file changes its mtime; "used now"
 * (pacs_cached_touch) is its atime.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "service/internal.h"

enum { FRESH_S = 2, PIECE = 256 * 1024 };


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


static uint64_t
mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}


static uint64_t
identity(const struct stat *st, uint32_t crc)
{
    uint64_t  h = mix(0, (uint64_t) st->st_dev);

    h = mix(h, (uint64_t) st->st_ino);
    h = mix(h, (uint64_t) st->st_size);
    h = mix(h, (uint64_t) st->st_mtim.tv_sec);
    h = mix(h, (uint64_t) st->st_mtim.tv_nsec);
    return mix(h, crc) | 1;             /* 0 is none */
}


static bool
check(int fd, uint64_t bytes, uint32_t crc)
{
    uint8_t  *buf = malloc(PIECE);
    uLong     sum = crc32_z(0, NULL, 0);
    uint64_t  done = 0;

    while (buf != NULL && done < bytes) {
        size_t   want = bytes - done < PIECE ? (size_t) (bytes - done) : PIECE;
        ssize_t  n = pread(fd, buf, want, (off_t) (PACS_FRAME_HEAD + done));

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        sum = crc32_z(sum, buf, (size_t) n);
        done += (uint64_t) n;
    }

    free(buf);
    return done == bytes && sum == crc;
}


bool
pacs_cached_verified(pacs_service_t *svc, int fd, uint64_t bytes,
    uint32_t crc)
{
    struct stat  st;

    if (fstat(fd, &st) != 0) {
        return false;
    }

    uint64_t          id = identity(&st, crc);
    _Atomic uint64_t *slot = &svc->verified[id / 2 % PACS_VERIFIED];

    if (atomic_load_explicit(slot, memory_order_relaxed) == id) {
        return true;
    }
    if (!check(fd, bytes, crc)) {
        return false;
    }
    atomic_store_explicit(slot, id, memory_order_relaxed);
    return true;
}
