/* SPDX-License-Identifier: BSD-2-Clause */

/* the headers of a JPEG stream up to its first scan, ITU-T T.81 Annex B */

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


static void
scan_header(const uint8_t *p, size_t len, jpeg_frame_t *f)
{
    size_t  at = 1 + 2 * (size_t) p[0];

    f->odd_scan = at + 3 <= len && memcmp(p + at, "\x00\x3f\x00", 3) != 0;
}


/* one marker segment; p: behind its length */
static int
segment(unsigned marker, const uint8_t *p, size_t len, jpeg_frame_t *f,
    pacs_err_t *err)
{
    if (is_frame(marker) && f->samples == 0) {
        f->sof = marker - M_SOF0;
        return frame_header(p, len, f, err);
    }

    if (marker == M_SOS && len > 0) {
        scan_header(p, len, f);
    }

    f->marked |= marker == M_APP0 && len >= 5 && memcmp(p, "JFIF", 5) == 0;
    f->marked |= marker == M_APP14 && len >= 12 && memcmp(p, "Adobe", 5) == 0;
    return PACS_OK;
}


/* up to the first scan's header */
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
        if (marker == M_EOI || marker < M_SOF0) {
            break;
        }

        size_t  n = get16(data + at + 2);

        if (n < 2 || n > len - at - 2) {
            break;
        }

        int  rc = segment(marker, data + at + 4, n - 2, f, err);

        if (rc != PACS_OK || marker == M_SOS) {
            return rc != PACS_OK || f->samples != 0
                   ? rc
                   : pacs_fail(err, PACS_E_UNSHOWABLE,
                               "the JPEG stream has no frame header");
        }
        at += 2 + n;
    }

    return pacs_fail(err, PACS_E_UNSHOWABLE,
                     "the JPEG stream has no frame or scan header");
}
