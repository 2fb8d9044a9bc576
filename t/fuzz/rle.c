/* link: src/codec/rle.c src/codec/store.c */
/* SPDX-License-Identifier: BSD-2-Clause */

/* libFuzzer: any bytes as the pixel description and an RLE frame; both the
 * coded and the decoded frame in memory of just their size */

#include <stdlib.h>
#include <string.h>

#include "codec/decoder.h"

enum { HEAD = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);


static pacs_pixels_t
describe(const uint8_t *p)
{
    static const uint16_t  bits[] = { 8, 16, 32, 64 };
    pacs_pixels_t          px = { .frames = 1 };

    px.rows = 1 + p[0] % 64;
    px.columns = 1 + p[1] % 64;
    px.samples = p[2] & 1 ? 3 : 1;
    px.allocated = bits[px.samples == 3 ? p[3] % 2 : p[3] % 4];
    px.stored = 1 + p[4] % px.allocated;
    px.high_bit = px.stored - 1 + p[5] % (px.allocated - px.stored + 1);
    px.is_signed = p[6] & 1;
    px.photometric = p[7] % PACS_PI_COUNT;
    return px;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < HEAD) {
        return 0;
    }

    pacs_err_t    err = { 0 };
    decode_job_t  job = { .px = describe(data), .len = len - HEAD };
    uint8_t      *copy = malloc(job.len);

    job.cell = job.px.allocated / 8;
    job.out_len = (size_t) job.px.rows * job.px.columns * job.px.samples
                  * job.cell;
    job.out = calloc(1, job.out_len);
    job.data = memcpy(copy, data + HEAD, job.len);

    int  rc = pacs_decode_rle(&job, &err);

    if (rc != err.code || (rc == PACS_OK) != (err.text[0] == '\0')) {
        abort();
    }
    if (rc == PACS_OK && job.ybr) {
        pacs_decode_ybr(&job);
    }

    free(copy);
    free(job.out);
    return 0;
}
