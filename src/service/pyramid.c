/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Pyramids of large frames, in <home>/cache/pyramids: built by who needs
 * one first, while others of the node wait.  A file is a head like that of
 * a decoded frame, the range of the frame's stored values, and the levels.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "service/internal.h"

enum {
    MAGIC = 0x59434150, VERSION = 2,
    CHUNK = 4 << 20,            /* bytes of the frame read at once */
    PATIENCE_MS = 3000, NAP_MS = 3
};

_Static_assert(sizeof(pacs_frame_head_t) <= PACS_FRAME_HEAD, "frame head");

typedef struct {
    pacs_op_t             *op;
    pacs_image_t          *im;
    uint32_t               frame;
    const pacs_pyramid_t  *shape;
    char                   path[4096];
    uint64_t               bytes;       /* after the head */
} site_t;


static bool
name(site_t *s)
{
    const pacs_look_t *look = &s->im->look;
    char               text[320], key[2 * PACS_SHA256_LEN + 1];
    uint8_t            digest[PACS_SHA256_LEN];
    int                n;

    n = snprintf(text, sizeof(text), "%.*s %u %d %.17g %.17g " PACS_PIPELINE,
                 pacs_fmt(s->im->record.key), s->frame, look->has_padding,
                 (double) look->padding[0], (double) look->padding[1]);
    pacs_sha256(text, (size_t) n, digest);
    pacs_hex(digest, sizeof(digest), key);

    return snprintf(s->path, sizeof(s->path), "%s/cache/pyramids/%s",
                    s->op->svc->home, key) < (int) sizeof(s->path);
}


/* fd of a whole, sound file, or -1 */
static int
open_built(const site_t *s, double range[2])
{
    pacs_frame_head_t  head;
    struct stat        st;
    int                fd = open(s->path, O_RDONLY | O_CLOEXEC);

    if (fd == -1) {
        return -1;
    }

    if (fstat(fd, &st) == 0
        && (uint64_t) st.st_size == PACS_FRAME_HEAD + s->bytes
        && pread(fd, &head, sizeof(head), 0) == (ssize_t) sizeof(head)
        && head.magic == MAGIC && head.version == VERSION
        && head.bytes == s->bytes
        && pacs_cached_verified(s->op->svc, fd, s->bytes, head.crc)
        && pread(fd, range, 2 * sizeof(*range), PACS_FRAME_HEAD)
           == (ssize_t) (2 * sizeof(*range)))
    {
        pacs_cached_touch(fd, &st);
        return fd;
    }

    close(fd);
    unlink(s->path);
    return -1;
}


/* rows of the frame, some megabytes at once, through the mason */
static int
build(const site_t *s, uint8_t *out, double range[2], pacs_arena_t *a,
    pacs_err_t *err)
{
    const pacs_pixels_t *px = &s->im->record.pixels;
    uint64_t             line = (uint64_t) px->columns * px->samples
                                * (px->allocated / 8u);
    uint32_t             some = (uint32_t) (CHUNK / line) + 1;
    pacs_mason_t        *m;
    int                  rc = pacs_mason_begin(s->shape, &s->im->look, out, a,
                                               &m, err);

    for (uint32_t y = 0; rc == PACS_OK && y < px->rows; y += some) {
        pacs_area_t     area = { .y = y, .columns = px->columns,
                                 .rows = px->rows - y < some ? px->rows - y
                                                             : some };
        pacs_samples_t  rows;
        pacs_arena_t   *chunk = pacs_arena_create(0);

        rc = chunk == NULL
             ? pacs_fail(err, PACS_E_NOMEM, "no memory for a frame")
             : pacs_samples_read(s->op, s->im, s->frame, &area, chunk, &rows,
                                 err);
        if (rc == PACS_OK) {
            rc = pacs_mason_add(m, &rows, err);
            some = rows.area.columns == 0 ? px->rows : some;
        }
        pacs_arena_destroy(chunk);
    }

    return rc == PACS_OK ? pacs_mason_finish(m, range, err) : rc;
}


static int
put(const site_t *s, const uint8_t *body, int *fd, pacs_err_t *err)
{
    _Alignas(pacs_frame_head_t) char  block[PACS_FRAME_HEAD] = { 0 };
    char               from[64], dir[4096];
    pacs_frame_head_t *head = (pacs_frame_head_t *) (void *) block;
    int                rc;

    head->magic = MAGIC;
    head->version = VERSION;
    head->bytes = s->bytes;
    head->pixels = s->shape->px;
    head->crc = (uint32_t) crc32_z(0, body, s->bytes);
    snprintf(dir, sizeof(dir), "%s/cache/pyramids", s->op->svc->home);

    *fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd == -1) {
        return pacs_fail_errno(err, errno, "%s", dir);
    }

    rc = pacs_cache_room(*fd, s->bytes, pacs_service_limits(s->op->svc), err);

    if (rc == PACS_OK
        && (rc = pacs_write_all(*fd, block, sizeof(block), err)) == PACS_OK
        && (rc = pacs_write_all(*fd, body, s->bytes, err)) == PACS_OK)
    {
        snprintf(from, sizeof(from), "/proc/self/fd/%d", *fd);
        if (linkat(AT_FDCWD, from, AT_FDCWD, s->path, AT_SYMLINK_FOLLOW) != 0)
        {
            rc = pacs_fail_errno(err, errno, "%s", s->path);
        }
    }

    if (rc != PACS_OK) {
        close(*fd);
    }
    return rc;
}


static int
make(const site_t *s, int *fd, double range[2], pacs_err_t *err)
{
    pacs_arena_t *a = pacs_arena_create(0);
    uint8_t      *body = a == NULL ? NULL : pacs_alloc(a, s->bytes);
    int           rc;

    if (body == NULL) {
        pacs_arena_destroy(a);
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a pyramid");
    }

    memset(body, 0, PACS_PYRAMID_INFO);
    rc = build(s, body + PACS_PYRAMID_INFO, range, a, err);
    if (rc == PACS_OK) {
        memcpy(body, range, 2 * sizeof(*range));
        rc = put(s, body, fd, err);
    }

    pacs_arena_destroy(a);
    return rc;
}


/* a byte of one file, chosen by the name, for all processes and threads;
 * free again when its holder closes it or dies.  -1: cannot be had in time,
 * and there is the frame itself to look at */
static int
lock(const site_t *s)
{
    char             path[4096];
    struct timespec  nap = { .tv_nsec = NAP_MS * 1000000 };
    struct flock     at = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
                            .l_len = 1 };
    char             digits[8] = { 0 };

    memcpy(digits, strrchr(s->path, '/') + 1, 7);
    at.l_start = (off_t) strtoul(digits, NULL, 16);
    snprintf(path, sizeof(path), "%s/run/pyramids.lock", s->op->svc->home);

    int  fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    for (int ms = 0; fd != -1; ms += NAP_MS) {
        if (fcntl(fd, F_OFD_SETLK, &at) == 0) {
            return fd;
        }
        if ((errno != EAGAIN && errno != EACCES) || ms >= PATIENCE_MS) {
            close(fd);
            return -1;
        }
        nanosleep(&nap, NULL);
    }
    return fd;
}


int
pacs_pyramid_open(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    const pacs_pyramid_t *shape, int *fd, double range[2], pacs_err_t *err)
{
    site_t       s = { op, im, frame, shape, "", PACS_PYRAMID_INFO
                       + shape->offset[shape->levels + 1] };
    pacs_area_t  first = { .columns = im->record.pixels.columns, .rows = 1 };
    pacs_samples_t  row;
    int             held, rc;

    if (!name(&s)) {
        return pacs_fail(err, PACS_E_ARG, "the home's path is too long");
    }
    if ((*fd = open_built(&s, range)) != -1) {
        return PACS_OK;
    }

    /* decoded before anyone waits for the lock */
    if (!im->frames.native
        && (rc = pacs_samples_read(op, im, frame, &first, op->arena, &row,
                                   err)) != PACS_OK)
    {
        return rc;
    }

    if ((held = lock(&s)) == -1) {
        return pacs_fail(err, PACS_E_BUSY, "another builds this pyramid");
    }

    *fd = open_built(&s, range);
    rc = *fd != -1 ? PACS_OK : make(&s, fd, range, err);

    close(held);
    return rc;
}
