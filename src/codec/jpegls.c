/* SPDX-License-Identifier: BSD-2-Clause */

/* JPEG-LS (PS3.5 A.4.3) by CharLS 2; never together with DCMTK's copy */

#include <stdlib.h>

#include <charls/charls.h>

#include "codec/decoder.h"

typedef struct {
    charls_jpegls_decoder   *decoder;
    charls_frame_info        info;
    charls_interleave_mode   mode;
    void                    *samples;
    size_t                   bytes;
} jls_t;


static int
failed(charls_jpegls_errc e, const char *what, pacs_err_t *err)
{
    int  code = e == CHARLS_JPEGLS_ERRC_NOT_ENOUGH_MEMORY
                ? PACS_E_CODEC : PACS_E_UNSHOWABLE;

    return pacs_fail(err, code, "the JPEG-LS %s is wrong: %s", what,
                     charls_get_error_message(e));
}


static int
read_header(jls_t *j, decode_job_t *job, pacs_err_t *err)
{
    charls_jpegls_errc  e;

    if ((e = charls_jpegls_decoder_set_source_buffer(j->decoder, job->data,
                                              job->len + DECODE_EOI)) != 0
        || (e = charls_jpegls_decoder_read_header(j->decoder)) != 0
        || (e = charls_jpegls_decoder_get_frame_info(j->decoder, &j->info))
           != 0
        || (e = charls_jpegls_decoder_get_interleave_mode(j->decoder,
                                                          &j->mode)) != 0)
    {
        return failed(e, "header", err);
    }

    int  rc = pacs_decode_check(job, "JPEG-LS", j->info.width, j->info.height,
                                (unsigned) j->info.component_count,
                                (unsigned) j->info.bits_per_sample, err);
    if (rc != PACS_OK) {
        return rc;
    }

    e = charls_jpegls_decoder_get_destination_size(j->decoder, 0, &j->bytes);

    return e == 0 ? PACS_OK : failed(e, "size", err);
}


static void
put(const jls_t *j, decode_job_t *job)
{
    size_t        n = (size_t) job->px.rows * job->px.columns;
    unsigned      cell = j->info.bits_per_sample > 8 ? 2 : 1;
    bool          planes = j->mode == CHARLS_INTERLEAVE_MODE_NONE;
    decode_run_t  run = { NULL, cell, planes ? 1 : job->px.samples,
                          (unsigned) j->info.bits_per_sample };

    for (unsigned s = 0; s < job->px.samples; s++) {
        run.data = (char *) j->samples + (planes ? s * n : s) * cell;
        pacs_decode_put(job, s, 0, n, &run);
    }
}


static int
decode(jls_t *j, decode_job_t *job, pacs_err_t *err)
{
    int  rc = read_header(j, job, err);
    if (rc != PACS_OK) {
        return rc;
    }

    j->samples = malloc(j->bytes);
    if (j->samples == NULL) {
        return pacs_fail(err, PACS_E_CODEC, "out of memory for JPEG-LS");
    }

    charls_jpegls_errc  e = charls_jpegls_decoder_decode_to_buffer(j->decoder,
                                                   j->samples, j->bytes, 0);
    if (e != 0) {
        return failed(e, "stream", err);
    }

    put(j, job);
    return pacs_decode_colour(job, "JPEG-LS", err);
}


int
pacs_decode_jpegls(decode_job_t *job, pacs_err_t *err)
{
    jls_t  j = { .decoder = charls_jpegls_decoder_create() };

    int  rc = j.decoder == NULL
              ? pacs_fail(err, PACS_E_CODEC, "out of memory for JPEG-LS")
              : decode(&j, job, err);

    free(j.samples);
    charls_jpegls_decoder_destroy(j.decoder);
    return rc;
}
