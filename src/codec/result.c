/* SPDX-License-Identifier: BSD-2-Clause */

/* from the child's sealed memory to a frame in the cache */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "codec/server.h"

enum { PIECE = 1 << 20 };       /* bytes copied between two looks at events */

_Static_assert(sizeof(pacs_frame_head_t) <= PACS_FRAME_HEAD, "frame head");


int
pacs_server_folder(const server_t *s, const pacs_target_t *target)
{
    return target == NULL ? s->frames : s->coded;
}


void
pacs_job_decoded(server_t *s, job_t *j)
{
    s->nrunning--;
    s->ncopying++;
    j->state = JOB_COPYING;
    j->crc = (uint32_t) crc32(0, NULL, 0);
}


static int
write_at(int fd, const void *data, size_t len, uint64_t off, pacs_err_t *err)
{
    for (size_t done = 0; done < len; ) {
        ssize_t  n = pwrite(fd, (const char *) data + done, len - done,
                            (off_t) (off + done));

        if (n < 0 && errno != EINTR) {
            return pacs_fail_errno(err, errno, "cannot write the frame");
        }
        done += n < 0 ? 0 : (size_t) n;
    }
    return PACS_OK;
}


static int
copy_piece(job_t *j, pacs_err_t *err)
{
    static char  buf[PIECE];
    uint64_t     left = j->bytes - j->copied;
    ssize_t      n = pread(j->mem, buf, left < PIECE ? left : PIECE,
                           (off_t) j->copied);

    if (n <= 0) {
        return pacs_fail(err, PACS_E_CODEC, "the decoded frame is gone");
    }

    int  rc = write_at(j->out, buf, (size_t) n, PACS_FRAME_HEAD + j->copied,
                       err);

    j->crc = (uint32_t) crc32(j->crc, (const Bytef *) buf, (uInt) n);
    j->copied += (uint64_t) n;
    return rc;
}


static int
finish(server_t *s, job_t *j, pacs_err_t *err)
{
    char               block[PACS_FRAME_HEAD] = { 0 }, path[64];
    pacs_frame_head_t  head = { .magic = PACS_FRAME_MAGIC,
                                .version = PACS_CODEC_VERSION,
                                .bytes = j->bytes, .crc = j->crc,
                                .pixels = pacs_pixels_decoded(
                                              &j->req->pixels) };

    head.pixels.photometric = j->photometric;
    head.sum = pacs_frame_sum(&head);
    memcpy(block, &head, sizeof(head));

    int  rc = write_at(j->out, block, sizeof(block), 0, err);
    if (rc != PACS_OK) {
        return rc;
    }

    if (j->bytes < j->room
        && ftruncate(j->out, (off_t) (PACS_FRAME_HEAD + j->bytes)) != 0)
    {
        return pacs_fail_errno(err, errno, "cannot cut the frame");
    }

    snprintf(path, sizeof(path), "/proc/self/fd/%d", j->out);

    if (linkat(AT_FDCWD, path, pacs_server_folder(s, j->target), j->req->key,
               AT_SYMLINK_FOLLOW) != 0
        && errno != EEXIST)
    {
        return pacs_fail_errno(err, errno, "cannot link the frame");
    }

    s->added += PACS_FRAME_HEAD + j->bytes;
    return PACS_OK;
}


void
pacs_job_copy(server_t *s)
{
    job_t       *j;
    pacs_err_t   err = { 0 };

    TAILQ_FOREACH(j, &s->jobs, link) {
        if (j->state == JOB_COPYING) {
            break;
        }
    }
    if (j == NULL) {
        return;
    }

    int  rc = copy_piece(j, &err);

    if (rc == PACS_OK && j->copied < j->bytes) {
        return;
    }
    if (rc == PACS_OK) {
        rc = finish(s, j, &err);
    }

    pacs_job_done(s, j, rc, err.text);
    pacs_evict(s);
}
