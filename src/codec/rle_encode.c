/* SPDX-License-Identifier: BSD-2-Clause */

/* RLE Lossless, PS3.5 Annex G: a PackBits segment a byte of the pixel, most
 * significant first, each row on its own */

#include <stdlib.h>
#include <string.h>

#include "codec/encoder.h"

enum { HEADER = 64, LONGEST = 128 };


static size_t
run_of(const uint8_t *p, size_t n)
{
    size_t  i = 1;

    n = n < LONGEST ? n : LONGEST;
    while (i < n && p[i] == p[0]) {
        i++;
    }
    return i;
}


/* bytes up to the next run of three */
static size_t
literal_of(const uint8_t *p, size_t n)
{
    size_t  i = 1;

    n = n < LONGEST ? n : LONGEST;
    while (i < n && !(i + 2 < n && p[i] == p[i + 1] && p[i] == p[i + 2])) {
        i++;
    }
    return i;
}


static int
pack_row(encode_job_t *job, const uint8_t *p, size_t n, pacs_err_t *err)
{
    int  rc = PACS_OK;

    while (rc == PACS_OK && n != 0) {
        size_t   run = run_of(p, n);
        bool     repeat = run >= 3 || (run == 2 && n == 2);
        size_t   len = repeat ? run : literal_of(p, n);
        uint8_t  head = (uint8_t) (repeat ? 257 - len : len - 1);

        rc = pacs_encode_put(job, &head, 1, err);
        if (rc == PACS_OK) {
            rc = pacs_encode_put(job, p, repeat ? 1 : len, err);
        }
        p += len;
        n -= len;
    }
    return rc;
}


/* segment i of those that a pixel has */
static int
pack_segment(encode_job_t *job, unsigned i, uint8_t *row, pacs_err_t *err)
{
    const pacs_pixels_t  *px = &job->px;
    size_t                pixel = (size_t) px->samples * job->cell;
    const uint8_t        *p = job->samples + i / job->cell * job->cell
                              + (job->cell - 1 - i % job->cell);
    int                   rc = PACS_OK;

    for (uint32_t y = 0; rc == PACS_OK && y < px->rows; y++) {
        for (uint32_t x = 0; x < px->columns; x++, p += pixel) {
            row[x] = *p;
        }
        rc = pack_row(job, row, px->columns, err);
    }

    return rc == PACS_OK && job->len % 2 != 0 ? pacs_encode_put(job, "", 1, err)
                                              : rc;
}


static void
put32(uint8_t *p, size_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t) (v >> 8 * i);
    }
}


int
pacs_encode_rle(encode_job_t *job, pacs_err_t *err)
{
    uint8_t   header[HEADER] = { 0 };
    unsigned  n = job->px.samples * job->cell;
    uint8_t  *row = malloc(job->px.columns);
    int       rc = row == NULL ? pacs_fail(err, PACS_E_CODEC, "out of memory "
                                           "for RLE")
                               : pacs_encode_put(job, header, HEADER, err);

    put32(header, n);

    for (unsigned i = 0; rc == PACS_OK && i < n; i++) {
        put32(header + 4 + 4 * i, job->len);
        rc = pack_segment(job, i, row, err);
    }

    if (rc == PACS_OK && job->len > UINT32_MAX) {
        rc = pacs_fail(err, PACS_E_LIMIT, "the frame exceeds 4 GiB");
    }
    if (rc == PACS_OK) {
        memcpy(job->out, header, HEADER);
    }
    free(row);
    return rc;
}
