/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Frames that are encapsulated and not compressed (PS3.5 A.4.11), or only
 * deflated (A.4.13), each frame on its own; 1-bit frames begin at a byte.
 */

#include <stdlib.h>
#include <zlib.h>

#include "codec/decoder.h"


/* 8.1.1: the first pixel is the least significant bit */
static void
put_bits(decode_job_t *job, const uint8_t *data)
{
    size_t  n = (size_t) job->px.rows * job->px.columns;

    for (size_t i = 0; i < n; i++) {
        job->out[i] = data[i / 8] >> (i % 8) & 1;
    }
}


static void
put_cells(decode_job_t *job, const uint8_t *data)
{
    const pacs_pixels_t  *px = &job->px;
    size_t                n = (size_t) px->rows * px->columns;
    bool                  planes = px->samples > 1 && px->planar;
    decode_run_t          run = { NULL, job->cell, planes ? 1 : px->samples,
                                  job->cell * 8 };

    for (unsigned s = 0; s < px->samples; s++) {
        run.data = data + (planes ? s * n : s) * job->cell;
        pacs_decode_put(job, s, 0, n, &run);
    }
}


static int
frame_size(const decode_job_t *job, size_t *size, pacs_err_t *err)
{
    if (job->cell > 4
        || (job->px.samples == 3
            && job->px.photometric == PACS_PI_YBR_FULL_422)
        || (job->px.samples == 3 && job->px.allocated == 1))
    {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "uncompressed frames with "
                         "subsampled colour or of %u bits are not supported",
                         job->px.allocated);
    }

    *size = job->px.allocated == 1 ? (job->out_len + 7) / 8 : job->out_len;
    return PACS_OK;
}


static int
put(decode_job_t *job, const uint8_t *data, size_t len, size_t size,
    pacs_err_t *err)
{
    if (len < size) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "the frame has %zu of %zu "
                         "bytes", len, size);
    }

    if (job->px.allocated == 1) {
        put_bits(job, data);
    } else {
        put_cells(job, data);
    }

    return pacs_decode_colour(job, "an uncompressed frame", err);
}


int
pacs_decode_raw(decode_job_t *job, pacs_err_t *err)
{
    size_t  size = 0;
    int     rc = frame_size(job, &size, err);

    return rc == PACS_OK ? put(job, job->data, job->len, size, err) : rc;
}


/* no more than the frame's bytes come out */
static int
inflate_frame(const decode_job_t *job, uint8_t *to, size_t size, size_t *got,
    pacs_err_t *err)
{
    z_stream  z = { .next_in = (Bytef *) job->data,
                    .avail_in = (uInt) job->len,
                    .next_out = to, .avail_out = (uInt) size };

    if (job->len > UINT32_MAX || size > UINT32_MAX) {
        return pacs_fail(err, PACS_E_LIMIT, "the frame exceeds 4 GiB");
    }
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK) {
        return pacs_fail(err, PACS_E_CODEC, "out of memory for inflate");
    }

    int  rc = inflate(&z, Z_FINISH);

    *got = size - z.avail_out;
    inflateEnd(&z);

    return rc == Z_STREAM_END || rc == Z_BUF_ERROR || rc == Z_OK
           ? PACS_OK
           : pacs_fail(err, PACS_E_UNSHOWABLE, "the deflated frame is wrong "
                       "after %zu bytes", *got);
}


int
pacs_decode_deflated(decode_job_t *job, pacs_err_t *err)
{
    size_t  size = 0, got = 0;
    int     rc = frame_size(job, &size, err);

    if (rc != PACS_OK) {
        return rc;
    }

    uint8_t  *data = malloc(size);
    if (data == NULL) {
        return pacs_fail(err, PACS_E_CODEC, "out of memory for inflate");
    }

    rc = inflate_frame(job, data, size, &got, err);
    if (rc == PACS_OK) {
        rc = put(job, data, got, size, err);
    }

    free(data);
    return rc;
}
