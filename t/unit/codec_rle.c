/* link: src/codec/rle.c src/codec/store.c */
/* SPDX-License-Identifier: BSD-2-Clause */

/* RLE segments byte by byte, and how samples are stored from streams of
 * other depths */

#include <stdlib.h>

#include "tap.h"
#include "codec/decoder.h"

enum { GUARD = 16 };

typedef struct {
    uint8_t   data[256];
    size_t    len;
    unsigned  segments;
} coded_t;


static void
put32(uint8_t *p, size_t v)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t) (v >> 8 * i);
    }
}


static coded_t
coded(unsigned segments)
{
    coded_t  c = { .len = 64 };

    put32(c.data, segments);
    return c;
}


static void
segment(coded_t *c, const void *data, size_t len)
{
    put32(c->data + 4 + 4 * c->segments++, c->len);
    memcpy(c->data + c->len, data, len);
    c->len += len;
}


/* decodes into out; the bytes behind the data and the output are watched by
 * exact allocations (ASan) and a guard */
static int
decode(const coded_t *c, pacs_pixels_t px, uint8_t *out, size_t out_len,
    pacs_err_t *err)
{
    uint8_t       *data = malloc(c->len), *to = calloc(1, out_len + GUARD);
    bool           intact = true;
    decode_job_t   job = { .px = px, .data = data, .len = c->len, .out = to,
                           .out_len = out_len, .cell = px.allocated / 8 };

    memcpy(data, c->data, c->len);
    memset(to + out_len, 0xa5, GUARD);
    *err = (pacs_err_t) { 0 };

    int  rc = pacs_decode_rle(&job, err);

    for (int i = 0; i < GUARD; i++) {
        intact &= to[out_len + i] == 0xa5;
    }
    ok(intact, "nothing is written behind the frame");

    memcpy(out, to, out_len);
    free(data);
    free(to);
    return rc;
}


static const pacs_pixels_t  grey8 = {
    .rows = 2, .columns = 4, .frames = 1, .samples = 1, .allocated = 8,
    .stored = 8, .high_bit = 7, .photometric = PACS_PI_MONO2
};


static void
test_runs(void)
{
    uint8_t     out[8];
    pacs_err_t  err;
    coded_t     c = coded(1);

    segment(&c, "\xfd\x07\x02\x01\x02\x03\x80\x00\x09", 9);
    is_int(decode(&c, grey8, out, 8, &err), PACS_OK, "runs and literals");
    ok(memcmp(out, "\7\7\7\7\1\2\3\x09", 8) == 0, "give these bytes");

    c = coded(1);
    segment(&c, "\xf9\x05\x00", 3);
    is_int(decode(&c, grey8, out, 8, &err), PACS_OK,
           "a padding byte behind is nothing");
}


static void
test_wrong(void)
{
    static const struct {
        const char  *data;
        size_t       len;
        const char  *what, *text;
    } cases[] = {
        { "\xf9", 1, "a run without its byte", "reaches past its end" },
        { "\x07\1\2\3", 4, "literals that are missing",
          "reaches past its end" },
        { "\xf8\x05", 2, "a run longer than the frame", "is longer" },
        { "\x08\1\2\3\4\5\6\7\x08\x09", 10, "literals longer than it",
          "is longer" },
        { "\xfa\x05", 2, "an end too early", "ends after 7 of 8 bytes" },
        { "\x80\x80\x80", 3, "no-operations only", "ends after 0" },
        { "", 0, "an empty segment", "ends after 0" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint8_t     out[8];
        pacs_err_t  err;
        coded_t     c = coded(1);

        segment(&c, cases[i].data, cases[i].len);
        is_int(decode(&c, grey8, out, 8, &err), PACS_E_UNSHOWABLE,
               cases[i].what);
        ok(strstr(err.text, cases[i].text) != NULL, "says: %s", err.text);
    }
}


static void
test_header(void)
{
    uint8_t     out[8];
    pacs_err_t  err;
    coded_t     c = coded(2);

    segment(&c, "\xf9\x05", 2);
    is_int(decode(&c, grey8, out, 8, &err), PACS_E_UNSHOWABLE,
           "a segment too many");

    c = coded(1);
    segment(&c, "\xf9\x05", 2);
    c.len = 63;
    is_int(decode(&c, grey8, out, 8, &err), PACS_E_UNSHOWABLE,
           "half a header");

    static const uint32_t  offsets[] = { 0, 63, 67, 0x7fffffff, 0xffffffff };

    for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
        c = coded(1);
        segment(&c, "\xf9\x05", 2);
        put32(c.data + 4, offsets[i]);
        is_int(decode(&c, grey8, out, 8, &err), PACS_E_UNSHOWABLE,
               "an offset outside");
    }
}


static void
test_planes(void)
{
    pacs_pixels_t  px = { .rows = 1, .columns = 2, .frames = 1, .samples = 3,
                          .allocated = 16, .stored = 16, .high_bit = 15,
                          .photometric = PACS_PI_RGB };
    uint8_t        out[12];
    pacs_err_t     err;
    coded_t        c = coded(6);

    for (unsigned i = 0; i < 6; i++) {
        uint8_t  run[] = { 1, (uint8_t) (0x10 * i), (uint8_t) (0x10 * i + 1) };

        segment(&c, run, 3);
    }

    is_int(decode(&c, px, out, 12, &err), PACS_OK, "RGB of 16 bits");
    ok(memcmp(out, "\x10\x00\x30\x20\x50\x40\x11\x01\x31\x21\x51\x41", 12)
       == 0, "by pixel, little endian");
}


static void
test_sign(void)
{
    pacs_pixels_t  px = { .rows = 1, .columns = 2, .frames = 1, .samples = 1,
                          .allocated = 16, .stored = 12, .high_bit = 11,
                          .is_signed = 1, .photometric = PACS_PI_MONO2 };
    uint8_t        out[4];
    pacs_err_t     err;
    coded_t        c = coded(2);

    segment(&c, "\x01\x08\xf7", 3);         /* 0x0801, 0xf702 */
    segment(&c, "\x01\x01\x02", 3);
    is_int(decode(&c, px, out, 4, &err), PACS_OK, "signed, 12 of 16 bits");
    ok(memcmp(out, "\x01\xf8\x02\x07", 4) == 0, "sign-extended, overlay off");

    px.is_signed = 0;
    is_int(decode(&c, px, out, 4, &err), PACS_OK, "unsigned");
    ok(memcmp(out, "\x01\x08\x02\x07", 4) == 0, "overlay off");

    px.high_bit = 15;
    is_int(decode(&c, px, out, 4, &err), PACS_OK, "high bit 15");
    ok(memcmp(out, "\x80\x00\x70\x0f", 4) == 0, "shifted down");
}


static int32_t
stored(int32_t value, unsigned precision, unsigned bits, bool is_signed,
    bool lossy)
{
    int16_t       out = 0;
    decode_job_t  job = { .px = { .samples = 1, .allocated = 16,
                                  .stored = (uint16_t) bits,
                                  .high_bit = (uint16_t) (bits - 1),
                                  .is_signed = is_signed },
                          .out = (uint8_t *) &out, .cell = 2,
                          .lossy = lossy };
    decode_run_t  run = { &value, 4, 1, precision };

    pacs_decode_put(&job, 0, 0, 1, &run);
    return is_signed ? out : (uint16_t) out;
}


static void
test_put(void)
{
    is_int(stored(4095, 12, 12, false, false), 4095, "as it is");
    is_int(stored(4095, 12, 12, true, false), -1,
           "an unsigned stream of signed values");
    is_int(stored(-5, 16, 16, true, false), -5, "negative");
    is_int(stored(0x1fff, 13, 16, true, false), -1,
           "narrower than stored: the stream's top bit is the sign");
    is_int(stored(4100, 16, 12, false, false), 4,
           "lossless and wider than stored: overlay bits");
    is_int(stored(4100, 16, 12, false, true), 4095,
           "lossy and wider than stored: clamped");
    is_int(stored(-3000, 16, 12, true, true), -2048, "clamped below");
    is_int(stored(2050, 16, 12, true, true), 2047, "clamped above");
}


static void
test_ybr(void)
{
    uint8_t       px[] = { 128, 128, 128, 76, 85, 255, 255, 0, 255 };
    decode_job_t  job = { .px = { .rows = 1, .columns = 3, .samples = 3,
                                  .allocated = 8, .stored = 8 },
                          .out = px, .out_len = sizeof(px), .cell = 1 };

    pacs_decode_ybr(&job);
    ok(memcmp(px, "\x80\x80\x80", 3) == 0, "grey stays grey");
    ok(px[3] >= 253 && px[4] <= 1 && px[5] <= 1, "red");
    ok(px[6] == 255 && px[8] < 30, "out of range is clamped");
}


int
main(void)
{
    test_runs();
    test_wrong();
    test_header();
    test_planes();
    test_sign();
    test_put();
    test_ybr();
    return done();
}
