/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Pictures that DICOM has no transfer syntax for, PS3.18 table 10.5.2-1:
 * pacs-codec decodes them, and what is stored are native frames.  The thread
 * of the store waits for it, as it does for the disk.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service/stow.h"

enum { CHUNK = 65536 };

typedef struct {
    pacs_service_t  *svc;
    int              spool;
    uint64_t        *size;          /* of the spool */
    pacs_err_t      *err;
} native_t;


bool
pacs_picture_foreign(pacs_str_t type)
{
    return pacs_str_is(type, "image/png") || pacs_str_is(type, "image/gif");
}


/* behind all that is there */
static int
append(native_t *n, int from, uint64_t bytes)
{
    char  chunk[CHUNK];

    if (lseek(n->spool, 0, SEEK_END) < 0) {
        return pacs_fail_errno(n->err, errno, "spool");
    }

    for (uint64_t at = 0; at < bytes; ) {
        size_t  want = bytes - at < CHUNK ? (size_t) (bytes - at) : CHUNK;

        if (!pacs_cached_read(from, chunk, want, PACS_FRAME_HEAD + at)) {
            return pacs_fail_errno(n->err, errno, "a decoded picture");
        }

        int  rc = pacs_write_all(n->spool, chunk, want, n->err);

        if (rc != PACS_OK) {
            return rc;
        }
        at += want;
    }

    *n->size += bytes;
    return PACS_OK;
}


static int
ask(native_t *n, const pacs_codec_request_t *req, uint64_t bytes)
{
    const pacs_limits_t *limits = pacs_service_limits(n->svc);
    pacs_codec_reply_t   reply;
    pacs_frame_head_t    head;
    char                 path[4096], made[4096];
    int                  in, out, rc;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", n->spool);
    in = open(path, O_RDONLY | O_CLOEXEC);
    if (in < 0) {
        return pacs_fail_errno(n->err, errno, "spool");
    }

    rc = pacs_codec_output(n->svc, bytes, &out, n->err);
    if (rc != PACS_OK) {
        close(in);
        return rc;
    }

    /* others may be before it */
    snprintf(path, sizeof(path), "%s/" PACS_CODEC_SOCKET, n->svc->home);
    rc = pacs_codec_call(path, req, in, out,
                         (int) limits->decode_seconds * 3000, &reply, n->err);

    snprintf(made, sizeof(made), "%s/cache/frames/%s", n->svc->home,
             req->key);
    unlink(made);

    if (rc == PACS_OK
        && (!pacs_cached_read(out, &head, sizeof(head), 0)
            || !pacs_frame_good(&head, PACS_FRAME_MAGIC,
                                (int64_t) pacs_frame_file(bytes))))
    {
        rc = pacs_fail(n->err, PACS_E_CODEC, "pacs-codec left no frame");
    }
    if (rc == PACS_OK) {
        rc = append(n, out, bytes);
    }

    close(in);
    close(out);
    return rc;
}


/* all frames of an animation in one, one below the other */
static int
decode(native_t *n, pacs_str_t type, pacs_range_t range,
    const pacs_coded_t *c)
{
    const pacs_limits_t   *limits = pacs_service_limits(n->svc);
    uint8_t                random[PACS_FRAME_KEY / 2];
    uint64_t               bytes;
    pacs_codec_request_t   req = {
        .magic = PACS_CODEC_MAGIC, .version = PACS_CODEC_VERSION,
        .nranges = 1, .ranges = { range },
        .pixels = {
            .rows = (uint32_t) c->rows * c->frames, .columns = c->columns,
            .frames = 1, .samples = c->samples, .allocated = c->bits,
            .stored = c->bits, .high_bit = (uint16_t) (c->bits - 1),
            .photometric = c->samples == 1 ? PACS_PI_MONO2 : PACS_PI_RGB
        }
    };
    int                    rc = pacs_frame_bytes(&req.pixels, limits, &bytes,
                                                 n->err);

    if (rc == PACS_OK && *n->size + bytes > (uint64_t) limits->instance) {
        rc = pacs_fail(n->err, PACS_E_LIMIT, "decoded bulk data of more than "
                       "%lld bytes (limit instance)",
                       (long long) limits->instance);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    snprintf(req.syntax, sizeof(req.syntax), "%.*s", pacs_fmt(type));
    pacs_random(random, sizeof(random));
    pacs_hex(random, sizeof(random), req.key);
    return ask(n, &req, bytes);
}


int
pacs_picture_native(pacs_service_t *svc, int spool, uint64_t *size,
    pacs_source_t *source, pacs_medium_t *medium, pacs_err_t *err)
{
    native_t      n = { svc, spool, size, err };
    pacs_range_t  all = { .offset = *size };
    uint32_t      frames = 0;
    int           rc = PACS_OK;

    for (uint32_t i = 0; rc == PACS_OK && i < medium->nranges; i++) {
        pacs_coded_t  c;

        rc = pacs_coded_read(source, medium->ranges[i], &c, err);
        if (rc == PACS_OK && !pacs_str_is(medium->type, c.syntax)) {
            rc = pacs_fail(err, PACS_E_PARSE, "%s as %.*s", c.name,
                           pacs_fmt(medium->type));
        }
        if (rc == PACS_OK && i != 0
            && (c.rows != medium->native.rows
                || c.columns != medium->native.columns
                || c.samples != medium->native.samples
                || c.bits != medium->native.bits))
        {
            rc = pacs_fail(err, PACS_E_PARSE, "picture %u is not of the first "
                           "one's kind", i + 1);
        }
        if (rc == PACS_OK) {
            medium->native = c;
            frames += c.frames;
            rc = decode(&n, medium->type, medium->ranges[i], &c);
        }
    }

    medium->native.frames = frames;
    all.length = *size - all.offset;
    medium->ranges[0] = all;
    medium->nranges = 1;
    return rc == PACS_OK ? pacs_source_fd(source, spool, err) : rc;
}
