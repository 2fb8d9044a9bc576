/* SPDX-License-Identifier: BSD-2-Clause */

#include <string.h>

#include "codec/decoder.h"

/* OpenJPH writes past its memory where some streams are broken, and may get
 * away with it: what it left behind must not decode another one's image */
const decoder_t  pacs_decoders[] = {
    { "1.2.840.10008.1.2.1.98",   pacs_decode_raw, false, false },
    { "1.2.840.10008.1.2.8.1",    pacs_decode_deflated, false, false },
    { "1.2.840.10008.1.2.5",      pacs_decode_rle, false, false },
    { "1.2.840.10008.1.2.4.50",   pacs_decode_jpeg, true, false },
    { "1.2.840.10008.1.2.4.51",   pacs_decode_jpeg, true, false },
    { "1.2.840.10008.1.2.4.57",   pacs_decode_jpeg, false, false },
    { "1.2.840.10008.1.2.4.70",   pacs_decode_jpeg, false, false },
    { "1.2.840.10008.1.2.4.80",   pacs_decode_jpegls, false, false },
    { "1.2.840.10008.1.2.4.81",   pacs_decode_jpegls, true, false },
    { "1.2.840.10008.1.2.4.90",   pacs_decode_jpeg2000, false, false },
    { "1.2.840.10008.1.2.4.91",   pacs_decode_jpeg2000, true, false },
    { "1.2.840.10008.1.2.4.201",  pacs_decode_htj2k, false, true },
    { "1.2.840.10008.1.2.4.202",  pacs_decode_htj2k, false, true },
    { "1.2.840.10008.1.2.4.203",  pacs_decode_htj2k, true, true },
    /* by media type: they are stored decoded */
    { "image/png",                pacs_decode_png, false, false },
    { "image/gif",                pacs_decode_gif, false, false },
    { NULL, NULL, false, false }
};


const decoder_t *
pacs_decoder(const char *syntax)
{
    for (const decoder_t *d = pacs_decoders; d->syntax != NULL; d++) {
        if (strcmp(d->syntax, syntax) == 0) {
            return d;
        }
    }
    return NULL;
}


int
pacs_decode_check(const decode_job_t *job, const char *what,
    uint64_t columns, uint64_t rows, unsigned samples, unsigned precision,
    pacs_err_t *err)
{
    const pacs_pixels_t  *px = &job->px;

    if (columns != px->columns || rows != px->rows) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "the %s stream has %llu "
                         "columns and %llu rows, the attributes say %u and "
                         "%u", what, (unsigned long long) columns,
                         (unsigned long long) rows, px->columns, px->rows);
    }

    if (samples != px->samples) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "the %s stream has %u "
                         "components, Samples per Pixel is %u", what, samples,
                         px->samples);
    }

    if (px->is_float || job->cell > 4) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "%s does not code pixels of "
                         "%u bits or floating point", what, px->allocated);
    }

    if (precision == 0 || precision > job->cell * 8) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "the %s stream has %u bits "
                         "a sample, Bits Allocated is %u", what, precision,
                         px->allocated);
    }

    return PACS_OK;
}


static int
check_attributes(const decode_job_t *job, pacs_err_t *err)
{
    const pacs_pixels_t  *px = &job->px;

    if (px->samples != 1 && px->samples != 3) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "%u samples a pixel are not supported", px->samples);
    }

    if (px->stored == 0 || px->stored > job->cell * 8
        || px->high_bit + 1 < px->stored || px->high_bit >= job->cell * 8)
    {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "Bits Stored %u and High Bit "
                         "%u do not fit Bits Allocated %u", px->stored,
                         px->high_bit, px->allocated);
    }

    if (px->samples == 3 && job->cell > 2) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "colour of %u bits a sample is not supported",
                         px->allocated);
    }

    return PACS_OK;
}


int
pacs_decode(const decoder_t *d, decode_job_t *job, pacs_err_t *err)
{
    job->cell = job->px.allocated == 1 ? 1 : job->px.allocated / 8;
    job->lossy = d->lossy;
    job->ybr = false;

    int  rc = check_attributes(job, err);

    if (rc == PACS_OK) {
        rc = d->decode(job, err);
    }

    if (rc == PACS_OK && job->ybr && job->px.samples == 3 && !job->keep_ybr) {
        pacs_decode_ybr(job);
    }

    return rc;
}
