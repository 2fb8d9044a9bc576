/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One table of encoders by transfer syntax, as decoder.h has of decoders.
 * They run in the same sandboxed children, on samples as a decoder leaves
 * them: by pixel, shifted down to bit 0, sign-extended; what they take says
 * pacs_target_takes().
 */

#ifndef PACS_CODEC_ENCODER_H
#define PACS_CODEC_ENCODER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "core/codec.h"

typedef struct {
    pacs_pixels_t   px;         /* of the samples; 3: RGB or YBR_FULL */
    const uint8_t  *samples;
    unsigned        cell;       /* bytes of a sample: 1, 2 or 4 */
    uint8_t        *out;
    size_t          room;       /* bytes of out */
    size_t          len;        /* of the coded frame */
    uint8_t         photometric;    /* of it */
} encode_job_t;

/* PACS_OK, PACS_E_UNSHOWABLE, PACS_E_LIMIT (no room), PACS_E_CODEC (memory) */
typedef int (*encode_fn)(encode_job_t *job, pacs_err_t *err);

typedef struct {
    const char  *syntax;        /* UID */
    encode_fn    encode;
} encoder_t;

extern const encoder_t  pacs_encoders[];            /* ends with NULL */

const encoder_t *pacs_encoder(const char *syntax);  /* NULL: there is none */
int pacs_encode_run(const encoder_t *e, encode_job_t *job, pacs_err_t *err);

/* more of the coded frame */
int pacs_encode_put(encode_job_t *job, const void *data, size_t len,
    pacs_err_t *err);
/* the samples from number `first` on, each step-th, as integers */
void pacs_encode_get(const encode_job_t *job, size_t first, size_t n,
    size_t step, int32_t *to);
/* all samples, the bits stored only: as 8 bits up to that, else as 16.  To
 * be freed; NULL: out of memory */
void *pacs_encode_bits(const encode_job_t *job);

int pacs_encode_native(encode_job_t *job, pacs_err_t *err);
int pacs_encode_rle(encode_job_t *job, pacs_err_t *err);
int pacs_encode_turbo(encode_job_t *job, pacs_err_t *err);
int pacs_encode_jpeg12(encode_job_t *job, pacs_err_t *err);
int pacs_encode_jpeg_lossless(encode_job_t *job, pacs_err_t *err);
int pacs_encode_jpegls(encode_job_t *job, pacs_err_t *err);
int pacs_encode_jpegls_near(encode_job_t *job, pacs_err_t *err);
int pacs_encode_j2k(encode_job_t *job, pacs_err_t *err);
int pacs_encode_j2k_lossy(encode_job_t *job, pacs_err_t *err);
int pacs_encode_htj2k(encode_job_t *job, pacs_err_t *err);
int pacs_encode_htj2k_lossy(encode_job_t *job, pacs_err_t *err);

#ifdef __cplusplus
}
#endif

#endif
