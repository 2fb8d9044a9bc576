/* SPDX-License-Identifier: BSD-2-Clause */

/* JPEG-LS (PS3.5 A.4.3) by CharLS 2 */

#include <stdlib.h>

#include <charls/charls.h>

#include "codec/encoder.h"

enum { NEAR = 2 };                  /* values that near-lossless may be off */


static charls_jpegls_errc
run(charls_jpegls_encoder *e, encode_job_t *job, const void *bits, int near,
    size_t *len)
{
    const pacs_pixels_t  *px = &job->px;
    size_t                n = (size_t) px->rows * px->columns * px->samples;
    charls_frame_info     info = { px->columns, px->rows, px->stored,
                                   px->samples };
    charls_jpegls_errc    rc;

    if ((rc = charls_jpegls_encoder_set_frame_info(e, &info)) != 0
        || (rc = charls_jpegls_encoder_set_near_lossless(e, near)) != 0
        || (rc = charls_jpegls_encoder_set_interleave_mode(e,
                     px->samples == 1 ? CHARLS_INTERLEAVE_MODE_NONE
                                      : CHARLS_INTERLEAVE_MODE_SAMPLE)) != 0
        || (rc = charls_jpegls_encoder_set_destination_buffer(e, job->out,
                                                        job->room)) != 0
        || (rc = charls_jpegls_encoder_encode_from_buffer(e, bits,
                     px->stored > 8 ? n * 2 : n, 0)) != 0)
    {
        return rc;
    }
    return charls_jpegls_encoder_get_bytes_written(e, len);
}


static int
encode(encode_job_t *job, int near, pacs_err_t *err)
{
    void                   *bits = pacs_encode_bits(job);
    charls_jpegls_encoder  *e = charls_jpegls_encoder_create();
    charls_jpegls_errc      rc = CHARLS_JPEGLS_ERRC_NOT_ENOUGH_MEMORY;

    if (bits != NULL && e != NULL) {
        rc = run(e, job, bits, near, &job->len);
    }

    charls_jpegls_encoder_destroy(e);
    free(bits);
    return rc == 0 ? PACS_OK : pacs_fail(err, PACS_E_CODEC, "JPEG-LS: %s",
                                         charls_get_error_message(rc));
}


int
pacs_encode_jpegls(encode_job_t *job, pacs_err_t *err)
{
    return encode(job, 0, err);
}


int
pacs_encode_jpegls_near(encode_job_t *job, pacs_err_t *err)
{
    return encode(job, NEAR, err);
}
