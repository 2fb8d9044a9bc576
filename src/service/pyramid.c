/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Pyramids of large frames, in <home>/cache/pyramids: built by who needs
 * one first, while others of the node wait.  A file is like one of a decoded
 * frame (core/codec.h), with the levels in it.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "service/internal.h"

enum {
    MAGIC = 0x59434150,
    CHUNK = 4 << 20,            /* bytes of the frame read at once */
    PATIENCE_MS = 3000, NAP_MS = 3
};

typedef struct {
    pacs_op_t             *op;
    pacs_image_t          *im;
    uint32_t               frame;
    const pacs_pyramid_t  *shape;
    const char            *path;        /* in the arena of op */
    uint64_t               bytes;       /* of the levels */
} site_t;


static bool
name(site_t *s)
{
    const pacs_look_t *look = &s->im->look;
    char               text[320], key[2 * PACS_SHA256_LEN + 1];
    char               owner[PACS_CACHE_OWNER + 1];
    uint8_t            digest[PACS_SHA256_LEN];
    int                n;

    n = snprintf(text, sizeof(text), "%.*s %u %d %.17g %.17g " PACS_PIPELINE,
                 pacs_fmt(s->im->record.key), s->frame, look->has_padding,
                 (double) look->padding[0], (double) look->padding[1]);
    pacs_sha256(text, (size_t) n, digest);
    pacs_hex(digest, sizeof(digest), key);
    pacs_cache_owner(s->im->record.key, owner);

    s->path = pacs_sprintf(s->op->arena, "%s/cache/pyramids/%s%s",
                           s->op->svc->home, owner, key).data;
    return s->path != NULL;
}


static int
open_built(const site_t *s, pacs_checked_t *file, double range[2])
{
    pacs_frame_head_t  head;
    int                rc = pacs_checked_open(s->path, MAGIC, s->op->arena,
                                              file, &head);

    if (rc == PACS_OK && head.bytes != s->bytes) {
        pacs_checked_damaged(file);
        return PACS_E_NOT_FOUND;
    }

    if (rc == PACS_OK) {
        memcpy(range, head.range, sizeof(head.range));
    }
    return rc;
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
write_file(const site_t *s, int fd, const uint8_t *body,
    const double range[2], pacs_arena_t *a, pacs_err_t *err)
{
    size_t             blocks = pacs_frame_blocks(s->bytes);
    uint32_t          *sums = pacs_alloc(a, blocks * sizeof(*sums));
    pacs_frame_head_t  head = { .magic = MAGIC,
                                .version = PACS_CODEC_VERSION,
                                .bytes = s->bytes, .pixels = s->shape->px,
                                .range = { range[0], range[1] } };

    if (sums == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a pyramid");
    }

    pacs_frame_sums(body, s->bytes, 0, sums);
    pacs_frame_seal(&head, sums);

    int  rc = pacs_write_all(fd, &head, sizeof(head), err);

    if (rc == PACS_OK) {
        rc = pacs_write_all(fd, body, s->bytes, err);
    }
    return rc != PACS_OK
           ? rc : pacs_write_all(fd, sums, blocks * sizeof(*sums), err);
}


static int
put(const site_t *s, const uint8_t *body, const double range[2],
    pacs_arena_t *a, pacs_err_t *err)
{
    char  from[64], dir[4096];
    int   fd, rc;

    snprintf(dir, sizeof(dir), "%s/cache/pyramids", s->op->svc->home);

    fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd == -1) {
        return pacs_fail_errno(err, errno, "%s", dir);
    }

    rc = pacs_cache_room(fd, pacs_frame_file(s->bytes),
                         pacs_service_limits(s->op->svc), err);
    if (rc == PACS_OK) {
        rc = write_file(s, fd, body, range, a, err);
    }

    snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);

    if (rc == PACS_OK
        && linkat(AT_FDCWD, from, AT_FDCWD, s->path, AT_SYMLINK_FOLLOW) != 0)
    {
        rc = pacs_fail_errno(err, errno, "%s", s->path);
    }

    close(fd);
    return rc;
}


static int
make(const site_t *s, pacs_err_t *err)
{
    pacs_arena_t *a = pacs_arena_create(0);
    uint8_t      *body = a == NULL ? NULL : pacs_alloc(a, s->bytes);
    double        range[2];
    int           rc;

    if (body == NULL) {
        pacs_arena_destroy(a);
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a pyramid");
    }

    rc = build(s, body, range, a, err);
    if (rc == PACS_OK) {
        rc = put(s, body, range, a, err);
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

    memcpy(digits, strrchr(s->path, '/') + 1 + PACS_CACHE_OWNER, 7);
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
    const pacs_pyramid_t *shape, pacs_checked_t *file, double range[2],
    pacs_err_t *err)
{
    site_t          s = { op, im, frame, shape, NULL,
                          shape->offset[shape->levels + 1] };
    pacs_area_t     first = { .columns = im->record.pixels.columns,
                              .rows = 1 };
    pacs_samples_t  row;
    int             held, rc;

    if (!name(&s)) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a name");
    }
    if ((rc = open_built(&s, file, range)) != PACS_E_NOT_FOUND) {
        return rc;
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

    rc = open_built(&s, file, range);
    if (rc == PACS_E_NOT_FOUND && (rc = make(&s, err)) == PACS_OK) {
        rc = open_built(&s, file, range);
    }

    close(held);
    return rc != PACS_E_NOT_FOUND
           ? rc : pacs_fail(err, PACS_E_BUSY, "the cache does not keep a "
                            "pyramid");
}
