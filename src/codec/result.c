/* SPDX-License-Identifier: BSD-2-Clause */

/* from the child's sealed memory to a frame in the cache */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "codec/server.h"

enum { PIECE = 1 << 20 };       /* bytes copied between two looks at events */

_Static_assert(PIECE % PACS_FRAME_BLOCK == 0, "whole blocks");


void
pacs_job_decoded(server_t *s, job_t *j)
{
    s->nrunning--;
    s->ncopying++;
    j->state = JOB_COPYING;
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


/* decoders have no copy of it: each fork would cost its pages again */
static char *
piece_buffer(void)
{
    static char  *buf;

    if (buf == NULL) {
        buf = mmap(NULL, PIECE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (buf == MAP_FAILED) {
            buf = NULL;
        } else {
            (void) madvise(buf, PIECE, MADV_DONTFORK);
        }
    }
    return buf;
}


static int
copy_piece(job_t *j, pacs_err_t *err)
{
    char        *buf = piece_buffer();
    uint64_t     left = j->bytes - j->copied;
    uint64_t     first = j->copied / PACS_FRAME_BLOCK;

    if (j->sums == NULL) {
        j->sums = calloc(pacs_frame_blocks(j->bytes), sizeof(*j->sums));
    }
    if (buf == NULL || j->sums == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    size_t   piece = left < PIECE ? (size_t) left : PIECE;
    ssize_t  n = pread(j->mem, buf, piece, (off_t) j->copied);

    if (n != (ssize_t) piece) {
        return pacs_fail(err, PACS_E_CODEC, "the decoded frame is gone");
    }

    pacs_frame_sums(buf, piece, first, j->sums + first);
    j->copied += piece;
    return write_at(j->out, buf, piece, PACS_FRAME_HEAD + j->copied - piece,
                    err);
}


static int
finish(server_t *s, job_t *j, pacs_err_t *err)
{
    char               path[64];
    pacs_frame_head_t  head = { .magic = PACS_FRAME_MAGIC,
                                .version = PACS_CODEC_VERSION,
                                .bytes = j->bytes,
                                .pixels = pacs_pixels_decoded(
                                              &j->req->pixels) };

    if (j->target != NULL) {
        head.magic = PACS_CODED_MAGIC;
    }
    head.pixels.photometric = j->photometric;
    pacs_frame_seal(&head, j->sums);

    int  rc = write_at(j->out, &head, sizeof(head), 0, err);

    if (rc == PACS_OK) {
        rc = write_at(j->out, j->sums,
                      pacs_frame_blocks(j->bytes) * sizeof(*j->sums),
                      PACS_FRAME_HEAD + j->bytes, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    if (j->bytes < j->room
        && ftruncate(j->out, (off_t) pacs_frame_file(j->bytes)) != 0)
    {
        return pacs_fail_errno(err, errno, "cannot cut the frame");
    }

    snprintf(path, sizeof(path), "/proc/self/fd/%d", j->out);

    if (linkat(AT_FDCWD, path, j->target == NULL ? s->frames : s->coded,
               j->req->key, AT_SYMLINK_FOLLOW) != 0
        && errno != EEXIST)
    {
        return pacs_fail_errno(err, errno, "cannot link the frame");
    }

    s->added += pacs_frame_file(j->bytes);
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
