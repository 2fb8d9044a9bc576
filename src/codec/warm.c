/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * HTJ2K decoders decode once, and would do it cold: a fresh process faults
 * in each page of code, tables and heap.  So one that has no job yet decodes
 * a picture of our own first.
 */

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "codec/child.h"
#include "codec/decoder.h"
#include "codec/encoder.h"

enum { SIDE = 512, MMAP_FROM = 32 << 20, TRIM_FROM = 64 << 20 };

#define HTJ2K  "1.2.840.10008.1.2.4.201"

static uint8_t  *coded;
static size_t    coded_len;

static const pacs_pixels_t  picture = {
    .rows = SIDE, .columns = SIDE, .frames = 1, .samples = 1,
    .allocated = 16, .stored = 12, .high_bit = 11,
    .photometric = PACS_PI_MONO2
};


/* in the parent, once: a slope with noise, which codes as a CT does */
int
pacs_warm_prepare(pacs_err_t *err)
{
    size_t         n = (size_t) SIDE * SIDE;
    uint16_t      *samples = malloc(n * 2);
    uint32_t       noise = 1;
    encode_job_t   job = { .px = picture, .samples = (uint8_t *) samples,
                           .room = 4 * n };

    job.out = calloc(1, job.room + DECODE_SLACK);

    if (samples == NULL || job.out == NULL) {
        free(samples);
        free(job.out);
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    for (size_t i = 0; i < n; i++) {
        noise = noise * 1664525 + 1013904223;
        samples[i] = (uint16_t) (i % SIDE * 3 + i / SIDE * 2 + (noise >> 27));
    }

    int  rc = pacs_encode_run(pacs_encoder(HTJ2K), &job, err);

    free(samples);
    coded = job.out;
    coded_len = job.len;
    return rc;
}


static bool
has_job(int fd)
{
    char           byte;
    struct iovec   iov = { &byte, 1 };
    struct msghdr  msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    return recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT) > 0;
}


void
pacs_warm_decoder(int fd)
{
    size_t        len = (size_t) SIDE * SIDE * 2;
    decode_job_t  job = { .px = picture, .out_len = len };

    /* what is freed stays, and is not given back page by page */
    mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
    mallopt(M_TRIM_THRESHOLD, TRIM_FROM);

    if (has_job(fd)) {
        return;
    }

    uint8_t  *data = malloc(coded_len + DECODE_SLACK);

    job.out = malloc(len);

    if (data != NULL && job.out != NULL) {
        memcpy(data, coded, coded_len + DECODE_SLACK);
        job.data = data;
        job.len = coded_len;
        (void) pacs_decode(pacs_decoder(HTJ2K), &job, NULL);
    }

    free(data);
    free(job.out);
}
