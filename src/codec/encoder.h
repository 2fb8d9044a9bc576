/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One table of encoders by transfer syntax, as decoder.h has of decoders.
 * They run in the same sandboxed children, on samples as a decoder leaves
 * them: by pixel, shifted down to bit 0, sign-extended.
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
    pacs_pixels_t   px;         /* of the samples; planar 0, not 4:2:2 */
    const uint8_t  *samples;
    unsigned        cell;       /* bytes of a sample: 1, 2 or 4 */
    const char     *syntax;     /* that is made */
    uint8_t        *out;
    size_t          room;       /* bytes of out */
    size_t          len;        /* of the coded frame */
} encode_job_t;

/* PACS_OK, PACS_E_UNSHOWABLE (these samples cannot be coded so),
 * PACS_E_LIMIT (no room), PACS_E_CODEC (memory) */
typedef int (*encode_fn)(encode_job_t *job, pacs_err_t *err);

/* more of the coded frame */
int pacs_encode_put(encode_job_t *job, const void *data, size_t len,
    pacs_err_t *err);
/* the n samples from `first` on as integers */
void pacs_encode_get(const encode_job_t *job, size_t first, size_t n,
    size_t step, int32_t *to);

int pacs_encode_htj2k(encode_job_t *job, pacs_err_t *err);

#ifdef __cplusplus
}
#endif

#endif
