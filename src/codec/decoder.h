/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One table of decoders by transfer syntax.  They run in a sandboxed child:
 * no files, no network, no threads; memory and time are limited from
 * outside.  A decoder checks the sizes that the stream states against the
 * attributes before it decodes, and never writes but by pacs_decode_put().
 */

#ifndef PACS_CODEC_DECODER_H
#define PACS_CODEC_DECODER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "core/codec.h"

/* bytes that follow the coded frame: JPEG's end of image, which real files
 * lack, then zeros */
enum { DECODE_SLACK = 64, DECODE_EOI = 2 };

typedef struct {
    pacs_pixels_t   px;         /* what the attributes say */
    const uint8_t  *data;       /* one coded frame */
    size_t          len;
    uint8_t        *out;        /* zeroed; of pacs_frame_bytes() */
    size_t          out_len;
    unsigned        cell;       /* bytes of a sample in out: 1, 2, 4 or 8 */
    bool            lossy;      /* values may overshoot the bits stored */
    bool            ybr;        /* the decoder left YCbCr samples in out */
    bool            keep_ybr;   /* and there they stay */
} decode_job_t;

/* PACS_OK, PACS_E_UNSHOWABLE (the stream is wrong), PACS_E_CODEC (memory) */
typedef int (*decode_fn)(decode_job_t *job, pacs_err_t *err);

typedef struct {
    const char  *syntax;        /* UID, or a media type */
    decode_fn    decode;
    bool         lossy;
    bool         once;          /* its process decodes no second frame */
} decoder_t;

extern const decoder_t  pacs_decoders[];            /* ends with NULL */

const decoder_t *pacs_decoder(const char *syntax);  /* NULL: there is none */
/* job->cell is set, out is filled: samples by pixel, colour as RGB */
int pacs_decode(const decoder_t *d, decode_job_t *job, pacs_err_t *err);

/* sizes that a stream states; PACS_E_UNSHOWABLE unless the attributes agree.
 * `what` names the stream: "JPEG" */
int pacs_decode_check(const decode_job_t *job, const char *what,
    uint64_t columns, uint64_t rows, unsigned samples, unsigned precision,
    pacs_err_t *err);

/* ISO 15444-1 A.4.2: the bytes that the last tile-part of a codestream lacks;
 * 0: it is whole, -1: it is not made of tile-parts */
int64_t pacs_j2k_lacks(const uint8_t *data, size_t len);

/* for streams that leave the colour to the attribute: sets job->ybr;
 * PACS_E_UNSHOWABLE for what such a stream cannot be */
int pacs_decode_colour(decode_job_t *job, const char *what,
    pacs_err_t *err);

/* n decoded values, host integers */
typedef struct {
    const void  *data;
    unsigned     cell;          /* bytes of a value: 1, 2, 4 */
    size_t       step;          /* values from one to the next */
    unsigned     precision;     /* bits of the stream, above them is no use */
} decode_run_t;

/* into the n pixels from `first` on of sample `sample`: shifted by the high
 * bit, sign-extended or zeroed above the bits stored; lossy ones clamped */
void pacs_decode_put(decode_job_t *job, unsigned sample, size_t first,
    size_t n, const decode_run_t *run);
/* YBR_FULL to RGB in out, PS3.3 C.7.6.3.1.2 */
void pacs_decode_ybr(decode_job_t *job);

int pacs_decode_raw(decode_job_t *job, pacs_err_t *err);
int pacs_decode_deflated(decode_job_t *job, pacs_err_t *err);
int pacs_decode_rle(decode_job_t *job, pacs_err_t *err);
int pacs_decode_jpeg(decode_job_t *job, pacs_err_t *err);
int pacs_decode_jpegls(decode_job_t *job, pacs_err_t *err);
int pacs_decode_jpeg2000(decode_job_t *job, pacs_err_t *err);
int pacs_decode_htj2k(decode_job_t *job, pacs_err_t *err);
int pacs_decode_png(decode_job_t *job, pacs_err_t *err);
int pacs_decode_gif(decode_job_t *job, pacs_err_t *err);

#ifdef __cplusplus
}
#endif

#endif
