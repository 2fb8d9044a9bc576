/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The transfer syntax says JPEG; which process, the stream's frame header
 * says, and it is believed: files with the wrong one of the four exist.
 */

#include <string.h>

#include "codec/jpeg.h"

enum { M_SOF0 = 0xc0, M_DHT = 0xc4, M_JPG = 0xc8, M_DAC = 0xcc, M_SOF15 = 0xcf,
       M_SOI = 0xd8, M_EOI = 0xd9, M_SOS = 0xda, M_APP0 = 0xe0,
       M_APP14 = 0xee };


static unsigned
get16(const uint8_t *p)
{
    return (unsigned) p[0] << 8 | p[1];
}


static int
frame_header(const uint8_t *p, size_t len, jpeg_frame_t *f, pacs_err_t *err)
{
    if (len < 6 || p[5] == 0 || p[5] > 4 || len < 6 + 3 * (size_t) p[5]) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "the JPEG frame header is wrong");
    }

    f->precision = p[0];
    f->rows = get16(p + 1);
    f->columns = get16(p + 3);
    f->samples = p[5];

    for (unsigned i = 0; i < f->samples; i++) {
        f->ids[i] = p[6 + 3 * i];
        f->subsampled |= p[7 + 3 * i] != p[7];
    }

    f->marked |= f->samples == 3 && memcmp(f->ids, "RGB", 3) == 0;
    return PACS_OK;
}


static bool
is_frame(unsigned marker)
{
    return marker >= M_SOF0 && marker <= M_SOF15 && marker != M_DHT
           && marker != M_JPG && marker != M_DAC;
}


int
pacs_jpeg_scan(const uint8_t *data, size_t len, jpeg_frame_t *f,
    pacs_err_t *err)
{
    size_t  at = 2;

    memset(f, 0, sizeof(*f));

    if (len < 4 || data[0] != 0xff || data[1] != M_SOI) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "the frame is no JPEG stream");
    }

    while (at + 4 <= len && data[at] == 0xff) {
        unsigned  marker = data[at + 1];

        if (marker == 0xff) {
            at++;
            continue;
        }
        if (marker == M_SOS || marker == M_EOI || marker < M_SOF0) {
            break;
        }

        size_t          n = get16(data + at + 2);
        const uint8_t  *p = data + at + 4;

        if (n < 2 || n > len - at - 2) {
            break;
        }

        if (is_frame(marker)) {
            f->sof = marker - M_SOF0;
            return frame_header(p, n - 2, f, err);
        }

        f->marked |= marker == M_APP0 && n >= 7 && memcmp(p, "JFIF", 5) == 0;
        f->marked |= marker == M_APP14 && n >= 14
                     && memcmp(p, "Adobe", 5) == 0;
        at += 2 + n;
    }

    return pacs_fail(err, PACS_E_UNSHOWABLE,
                     "the JPEG stream has no frame header");
}


int
pacs_decode_jpeg(decode_job_t *job, pacs_err_t *err)
{
    jpeg_frame_t  frame;

    int  rc = pacs_jpeg_scan(job->data, job->len, &frame, err);

    if (rc == PACS_OK) {
        rc = pacs_decode_check(job, "JPEG", frame.columns, frame.rows,
                               frame.samples, frame.precision, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    if (frame.sof <= 2 && frame.precision == 8) {
        return pacs_decode_turbo(job, &frame, err);
    }
    if (frame.sof == 3 || (frame.sof <= 2 && frame.precision == 12)) {
        return pacs_decode_ijg(job, &frame, err);
    }

    return pacs_fail(err, PACS_E_UNSHOWABLE, "JPEG process SOF%u of %u bits is "
                     "not supported", frame.sof, frame.precision);
}
