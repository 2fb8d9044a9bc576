/* SPDX-License-Identifier: BSD-2-Clause */

#include <stdlib.h>
#include <string.h>

#include "codec/encoder.h"

#define UID(rest)  "1.2.840.10008.1.2" rest

const encoder_t  pacs_encoders[] = {
    { UID(".1"),     pacs_encode_native },
    { UID(".5"),     pacs_encode_rle },
    { UID(".4.50"),  pacs_encode_turbo },
    { UID(".4.51"),  pacs_encode_jpeg12 },
    { UID(".4.57"),  pacs_encode_jpeg_lossless },
    { UID(".4.70"),  pacs_encode_jpeg_lossless },
    { UID(".4.80"),  pacs_encode_jpegls },
    { UID(".4.81"),  pacs_encode_jpegls_near },
    { UID(".4.90"),  pacs_encode_j2k },
    { UID(".4.91"),  pacs_encode_j2k_lossy },
    { UID(".4.201"), pacs_encode_htj2k },
    { UID(".4.202"), pacs_encode_htj2k },
    { UID(".4.203"), pacs_encode_htj2k_lossy },
    { NULL, NULL }
};


const encoder_t *
pacs_encoder(const char *syntax)
{
    for (const encoder_t *e = pacs_encoders; e->syntax != NULL; e++) {
        if (strcmp(e->syntax, syntax) == 0) {
            return e;
        }
    }
    return NULL;
}


int
pacs_encode_run(const encoder_t *e, encode_job_t *job, pacs_err_t *err)
{
    job->cell = job->px.allocated / 8u;
    job->photometric = job->px.photometric;
    job->len = 0;

    return e->encode(job, err);
}


int
pacs_encode_put(encode_job_t *job, const void *data, size_t len,
    pacs_err_t *err)
{
    if (len > job->room - job->len) {
        return pacs_fail(err, PACS_E_LIMIT, "the coded frame would be longer "
                         "than %zu bytes", job->room);
    }

    memcpy(job->out + job->len, data, len);
    job->len += len;
    return PACS_OK;
}


void
pacs_encode_get(const encode_job_t *job, size_t first, size_t n, size_t step,
    int32_t *to)
{
    const uint8_t  *p = job->samples + first * job->cell;
    bool            is_signed = job->px.is_signed;

    step *= job->cell;

    if (job->cell == 1) {
        for (size_t i = 0; i < n; i++, p += step) {
            to[i] = is_signed ? (int8_t) *p : *p;
        }
        return;
    }

    for (size_t i = 0; i < n; i++, p += step) {
        uint16_t  v;

        memcpy(&v, p, sizeof(v));
        to[i] = is_signed ? (int16_t) v : v;
    }
}


void *
pacs_encode_bits(const encode_job_t *job)
{
    const pacs_pixels_t  *px = &job->px;
    size_t                n = (size_t) px->rows * px->columns * px->samples;
    uint32_t              mask = (UINT32_C(1) << px->stored) - 1;
    bool                  narrow = px->stored <= 8;
    void                 *to = malloc(n << !narrow);
    uint8_t              *to8 = to;
    uint16_t             *to16 = to;

    for (size_t i = 0; to != NULL && i < n; i++) {
        uint32_t  v = job->cell == 1
                      ? job->samples[i]
                      : ((const uint16_t *) (const void *) job->samples)[i];

        if (narrow) {
            to8[i] = (uint8_t) (v & mask);
        } else {
            to16[i] = (uint16_t) (v & mask);
        }
    }
    return to;
}


/* planar 0, and the bits stored at the bottom, are what native means here */
int
pacs_encode_native(encode_job_t *job, pacs_err_t *err)
{
    return pacs_encode_put(job, job->samples, (size_t) job->px.rows
                           * job->px.columns * job->px.samples * job->cell,
                           err);
}
