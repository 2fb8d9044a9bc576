/* link: src/codec/jpegscan.c src/codec/tileparts.c */
/* SPDX-License-Identifier: BSD-2-Clause */

/* what is read of JPEG and JPEG 2000 streams before a library sees them */

#include <stdlib.h>

#include "tap.h"
#include "codec/jpeg.h"

#define SOI   "\xff\xd8"
#define JFIF  "\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0"
#define ADOBE "\xff\xee\x00\x0e" "Adobe\0\x64\0\0\0\0\0"
#define SOF1  "\xff\xc1\x00\x0b\x0c\x00\x10\x00\x20\x01\x01\x11\x00"
#define SOF0  "\xff\xc0\x00\x11\x08\x00\x10\x00\x20\x03" \
              "\x01\x21\x00\x02\x11\x01\x03\x11\x01"
#define RGB   "\xff\xc0\x00\x11\x08\x00\x10\x00\x20\x03" \
              "R\x11\x00G\x11\x01" "B\x11\x01"
#define SOS   "\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
#define ODD   "\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00"


/* a copy of just its size, for ASan */
static int
scan(const char *data, size_t len, jpeg_frame_t *f)
{
    uint8_t     *copy = malloc(len + !len);
    pacs_err_t   err = { 0 };

    memcpy(copy, data, len);

    int  rc = pacs_jpeg_scan(copy, len, f, &err);

    free(copy);
    return rc;
}

#define SCAN(s, f)  scan(s, sizeof(s) - 1, f)


static void
test_jpeg(void)
{
    jpeg_frame_t  f;

    is_int(SCAN(SOI SOF1 SOS, &f), PACS_OK, "12 bits, grey");
    ok(f.sof == 1 && f.precision == 12 && f.rows == 16 && f.columns == 32
       && f.samples == 1 && !f.marked && !f.odd_scan, "as it says");

    is_int(SCAN(SOI "\xff\xff" "\xff" SOF1 ODD, &f), PACS_OK, "fill bytes");
    ok(f.odd_scan, "scan parameters of another process");

    is_int(SCAN(SOI SOF0 SOS, &f), PACS_OK, "colour");
    ok(f.samples == 3 && f.subsampled && !f.marked, "subsampled, no marker");

    is_int(SCAN(SOI RGB SOS, &f), PACS_OK, "ids R, G, B");
    ok(!f.subsampled && f.marked, "say the colour");

    is_int(SCAN(SOI JFIF SOF0 SOS, &f), PACS_OK, "JFIF");
    ok(f.marked, "says the colour");
    is_int(SCAN(SOI ADOBE SOF0 SOS, &f), PACS_OK, "Adobe");
    ok(f.marked, "says the colour");
}


static void
test_jpeg_wrong(void)
{
    static const char  whole[] = SOI JFIF SOF0 SOS;
    jpeg_frame_t       f;
    int                refused = 0;

    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        refused += scan(whole, n, &f) == PACS_E_UNSHOWABLE;
    }
    is_int(refused, sizeof(whole) - 1, "cut anywhere: refused");

    is_int(SCAN(SOI SOS, &f), PACS_E_UNSHOWABLE, "a scan without a frame");
    is_int(SCAN(SOI "\xff\xd9", &f), PACS_E_UNSHOWABLE, "nothing");
    is_int(SCAN(SOI "\xff\xc1\x00\x0b\x0c\x00\x10\x00\x20\x02\x01\x11\x00"
                SOS, &f), PACS_E_UNSHOWABLE, "components that are missing");
    is_int(SCAN(SOI "\xff\xe0\x00\x01" SOF1 SOS, &f), PACS_E_UNSHOWABLE,
           "a segment of one byte");
}


static int64_t
lacks(const void *data, size_t len)
{
    uint8_t  *copy = malloc(len + !len);

    memcpy(copy, data, len);

    int64_t  n = pacs_j2k_lacks(copy, len);

    free(copy);
    return n;
}


static void
test_tileparts(void)
{
    static const char  siz[] = "\xff\x4f\xff\x51\x00\x06\0\0\0\0";
    static const char  sot[] = "\xff\x90\x00\x0a\0\0\0\0\0\x14\0\1"
                               "\xff\x93" "abcdef" "\xff\xd9";
    char               all[sizeof(siz) + sizeof(sot) - 2];

    memcpy(all, siz, sizeof(siz) - 1);
    memcpy(all + sizeof(siz) - 1, sot, sizeof(sot) - 1);

    is_int(lacks(all, sizeof(all)), 0, "whole");
    is_int(lacks(all, sizeof(all) - 2), 0, "no end of codestream");
    is_int(lacks(all, sizeof(all) - 5), 3, "three bytes lack");

    all[19] = 13;
    is_int(lacks(all, sizeof(all)), -1, "an impossible length");
    all[19] = 0;
    is_int(lacks(all, sizeof(all)), 0, "a length that is open");
    all[4] = 1;
    ok(lacks(all, sizeof(all)) != 0, "a segment that leads nowhere");

    for (size_t n = 0; n < sizeof(all); n++) {
        lacks(all, n);
    }
    ok(true, "cut anywhere: no read outside");
}


int
main(void)
{
    test_jpeg();
    test_jpeg_wrong();
    test_tileparts();
    return done();
}
