/* SPDX-License-Identifier: BSD-2-Clause */

/* transfer syntaxes, PS3.5 10 and A; media types of PS3.18 table 8.7.3-5 */

#include "dicom/dicom.h"

#define UID(rest)  "1.2.840.10008.1.2" rest
#define OCTETS     "application/octet-stream"
#define CODED(rest, coding, lossy, media)                                   \
    { UID(rest), 1, 0, 0, 1, PACS_CODING_##coding, lossy, media }

const pacs_syntax_t  pacs_syntax_table[] = {
    { UID(""),      0, 0, 0, 0, PACS_CODING_NATIVE, 0, OCTETS },
    { UID(".1"),    1, 0, 0, 0, PACS_CODING_NATIVE, 0, OCTETS },
    { UID(".1.99"), 1, 0, 1, 0, PACS_CODING_NATIVE, 0, OCTETS },
    { UID(".2"),    1, 1, 0, 0, PACS_CODING_NATIVE, 0, OCTETS },
    CODED(".1.98",  NATIVE, 0, OCTETS),
    CODED(".4.50",  JPEG,   1, "image/jpeg"),
    CODED(".4.51",  JPEG,   1, "image/jpeg"),
    CODED(".4.52",  JPEG,   1, "image/jpeg"),
    CODED(".4.53",  JPEG,   1, "image/jpeg"),
    CODED(".4.54",  JPEG,   1, "image/jpeg"),
    CODED(".4.55",  JPEG,   1, "image/jpeg"),
    CODED(".4.56",  JPEG,   1, "image/jpeg"),
    CODED(".4.57",  JPEG,   0, "image/jpeg"),
    CODED(".4.58",  JPEG,   0, "image/jpeg"),
    CODED(".4.59",  JPEG,   1, "image/jpeg"),
    CODED(".4.60",  JPEG,   1, "image/jpeg"),
    CODED(".4.61",  JPEG,   1, "image/jpeg"),
    CODED(".4.62",  JPEG,   1, "image/jpeg"),
    CODED(".4.63",  JPEG,   1, "image/jpeg"),
    CODED(".4.64",  JPEG,   1, "image/jpeg"),
    CODED(".4.65",  JPEG,   0, "image/jpeg"),
    CODED(".4.66",  JPEG,   0, "image/jpeg"),
    CODED(".4.70",  JPEG,   0, "image/jpeg"),
    CODED(".4.80",  JPEGLS, 0, "image/jls"),
    CODED(".4.81",  JPEGLS, 1, "image/jls"),
    CODED(".4.90",  J2K,    0, "image/jp2"),
    CODED(".4.91",  J2K,    1, "image/jp2"),
    CODED(".4.92",  J2K,    0, "image/jpx"),
    CODED(".4.93",  J2K,    1, "image/jpx"),
    CODED(".4.100", VIDEO,  1, "video/mpeg"),
    CODED(".4.101", VIDEO,  1, "video/mpeg"),
    CODED(".4.102", VIDEO,  1, "video/mp4"),
    CODED(".4.103", VIDEO,  1, "video/mp4"),
    CODED(".4.104", VIDEO,  1, "video/mp4"),
    CODED(".4.105", VIDEO,  1, "video/mp4"),
    CODED(".4.106", VIDEO,  1, "video/mp4"),
    CODED(".4.107", VIDEO,  1, "video/h265"),
    CODED(".4.108", VIDEO,  1, "video/h265"),
    CODED(".4.110", OTHER,  0, "image/jxl"),
    CODED(".4.111", OTHER,  1, "image/jxl"),
    CODED(".4.112", OTHER,  1, "image/jxl"),
    CODED(".4.201", HTJ2K,  0, "image/jphc"),
    CODED(".4.202", HTJ2K,  0, "image/jphc"),
    CODED(".4.203", HTJ2K,  1, "image/jphc"),
    CODED(".5",     RLE,    0, "image/dicom-rle"),
    CODED(".8.1",   OTHER,  0, OCTETS),
    { NULL, 1, 0, 0, 1, PACS_CODING_OTHER, 0, OCTETS }
};


const pacs_syntax_t *
pacs_syntax(pacs_str_t uid)
{
    const pacs_syntax_t *s = pacs_syntax_table;

    while (s->uid != NULL && !pacs_str_is(uid, s->uid)) {
        s++;
    }
    return s;
}
