/* SPDX-License-Identifier: BSD-2-Clause */

/* the JPEG family: which of the libraries, from the stream's own header */

#ifndef PACS_CODEC_JPEG_H
#define PACS_CODEC_JPEG_H

#include "codec/decoder.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ITU-T T.81 B.2.2 */
typedef struct {
    uint8_t   sof;              /* 0 baseline, 1 extended, 3 lossless, ... */
    uint8_t   precision;
    uint16_t  rows, columns;
    uint8_t   samples;
    uint8_t   ids[4];
    uint8_t   subsampled;       /* some component has fewer samples */
    uint8_t   marked;           /* JFIF, Adobe or ids say the colour space */
    uint8_t   odd_scan;         /* not Ss 0, Se 63, Ah 0, Al 0 */
} jpeg_frame_t;

int pacs_jpeg_scan(const uint8_t *data, size_t len, jpeg_frame_t *frame,
    pacs_err_t *err);

/* 8 bits: libjpeg-turbo */
int pacs_decode_turbo(decode_job_t *job, const jpeg_frame_t *frame,
    pacs_err_t *err);
/* lossless, and lossy of 12 bits: DCMTK's libijg8, 12 and 16 */
int pacs_decode_ijg(decode_job_t *job, const jpeg_frame_t *frame,
    pacs_err_t *err);

#ifdef __cplusplus
}
#endif

#endif
