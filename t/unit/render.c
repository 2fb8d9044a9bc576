/* SPDX-License-Identifier: BSD-2-Clause */

/* pacs_render on analytic pictures, against the standard's formulas */

#include <math.h>
#include <stdlib.h>
#include <png.h>
#include <jpeglib.h>

#include "tap.h"
#include "render/render.h"

typedef struct {
    uint32_t   width, height, channels;
    uint8_t   *p;
} image_t;

static const pacs_look_t     plain = { .slope = 1, .aspect = 1 };
static const pacs_picture_t  png = { .format = PACS_PICTURE_PNG };


/* one byte (grey) or three a pixel; free(p) */
static image_t
picture(const pacs_samples_t *s, const pacs_look_t *look,
    const pacs_picture_t *want, int *code)
{
    image_t     im = { 0, 0, 0, NULL };
    pacs_buf_t  out = { .data = NULL };
    png_image   in = { .version = PNG_IMAGE_VERSION };
    pacs_err_t  err = { 0, "" };

    *code = pacs_render(s, look, want, &pacs_limits_default, &out, &im.width,
                        &im.height, &err);
    if (*code == PACS_OK
        && png_image_begin_read_from_memory(&in, out.data, out.len))
    {
        im.channels = in.format & PNG_FORMAT_FLAG_COLOR ? 3 : 1;
        in.format = im.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
        im.p = malloc(PNG_IMAGE_SIZE(in));
        png_image_finish_read(&in, NULL, im.p, 0, NULL);
        if (in.width != im.width || in.height != im.height) {
            im.width = 0;
        }
    }
    if (*code != PACS_OK && (out.len != 0 || err.text[0] == '\0')) {
        *code = -1;
    }
    pacs_buf_free(&out);
    return im;
}


static pacs_samples_t
grey16(const void *data, uint32_t columns, uint32_t rows, unsigned stored,
    bool is_signed)
{
    return (pacs_samples_t) {
        .px = { .rows = rows, .columns = columns, .frames = 1, .samples = 1,
                .allocated = 16, .stored = stored, .high_bit = stored - 1,
                .is_signed = is_signed, .photometric = PACS_PI_MONO2 },
        .data = data, .len = (uint64_t) rows * columns * 2,
    };
}


static pacs_samples_t
rgb8(const void *data, uint32_t columns, uint32_t rows)
{
    return (pacs_samples_t) {
        .px = { .rows = rows, .columns = columns, .frames = 1, .samples = 3,
                .allocated = 8, .stored = 8, .high_bit = 7,
                .photometric = PACS_PI_RGB },
        .data = data, .len = (uint64_t) rows * columns * 3,
    };
}


/* written from PS3.3 C.11.2.1.2.1, C.11.2.1.3.1 and .2 as they stand there */
static double
standard(int voi, double x, double c, double w)
{
    double  ymin = 0, ymax = 255;

    if (voi == PACS_VOI_SIGMOID) {
        return (ymax - ymin) / (1 + exp(-4 * (x - c) / w)) + ymin;
    }
    if (voi == PACS_VOI_LINEAR_EXACT) {
        return x <= c - w / 2 ? ymin : x > c + w / 2 ? ymax
               : ((x - c) / w + 0.5) * (ymax - ymin) + ymin;
    }
    return x <= c - 0.5 - (w - 1) / 2 ? ymin
           : x > c - 0.5 + (w - 1) / 2 ? ymax
           : ((x - (c - 0.5)) / (w - 1) + 0.5) * (ymax - ymin) + ymin;
}


static int
wrong_values(unsigned stored, bool is_signed, const pacs_look_t *look,
    const pacs_picture_t *want, bool mono1)
{
    uint32_t   n = UINT32_C(1) << stored;
    uint16_t  *v = malloc(n * 2);
    int        code, wrong = 0;

    /* the bits above the stored ones are not to be looked at */
    for (uint32_t i = 0; i < n; i++) {
        v[i] = (uint16_t) (i | (i & 1 ? ~(n - 1) : 0));
    }

    pacs_samples_t  s = grey16(v, n / 16, 16, stored, is_signed);
    if (mono1) {
        s.px.photometric = PACS_PI_MONO1;
    }
    image_t  im = picture(&s, look, want, &code);

    for (uint32_t i = 0; im.p != NULL && i < n; i++) {
        double  x = is_signed && i >= n / 2 ? (double) i - n : i;
        double  y = standard(want->voi, x * look->slope + look->intercept,
                             want->center, want->width);
        int     grey = (int) floor((mono1 ? 255 - y : y) + 0.5);

        /* exactly between two greys: either */
        wrong += im.p[i] != grey && fabs(im.p[i] - (mono1 ? 255 - y : y))
                                    > 0.5 + 1e-6;
    }
    wrong += im.p == NULL;
    free(im.p);
    free(v);
    return wrong;
}


static void
test_formulas(void)
{
    static const struct { double c, w; }  windows[] = {
        { 40, 400 }, { -600, 1500 }, { 2048, 4096 }, { 0, 100 }, { 127.5, 255 },
        { 10, 1 }, { 0.5, 2 }, { -1e6, 5 }, { 1e6, 5 }, { 0, 1e7 },
        { 32768, 65536 },
    };
    static const struct { double slope, intercept; }  rescales[] = {
        { 1, 0 }, { 1, -1024 }, { 0.37, -12.5 }, { -2, 100 }, { 1e-3, 0 },
    };
    static const char *const  names[] = { "LINEAR", "LINEAR_EXACT",
                                          "SIGMOID" };

    for (int voi = PACS_VOI_LINEAR; voi <= PACS_VOI_SIGMOID; voi++) {
        int  wrong = 0;

        for (size_t k = 0; k < 11 * 5 * 4; k++) {
            pacs_look_t     look = plain;
            pacs_picture_t  want = png;
            unsigned        stored = k & 1 ? 12 : 16;

            look.slope = rescales[k / 4 % 5].slope;
            look.intercept = rescales[k / 4 % 5].intercept;
            want.has_window = 1;
            want.voi = (uint8_t) voi;
            want.center = windows[k / 20].c;
            want.width = windows[k / 20].w;
            wrong += wrong_values(stored, k & 2, &look, &want, k % 3 == 0);
        }
        is_int(wrong, 0, names[voi]);
    }

    pacs_picture_t  want = png;
    int             code;
    uint16_t        v[2] = { 9, 10 };
    pacs_samples_t  s = grey16(v, 2, 1, 16, false);

    want.has_window = 1;
    want.center = 10;
    want.width = 0.25;
    image_t  im = picture(&s, &plain, &want, &code);
    ok(im.p != NULL && im.p[0] == 0 && im.p[1] == 255,
       "a width below 1 is 1: a threshold");
    free(im.p);

    want.width = 0;
    im = picture(&s, &plain, &want, &code);
    is_int(code, PACS_E_ARG, "a width of 0 is refused");
    want.width = NAN;
    im = picture(&s, &plain, &want, &code);
    is_int(code, PACS_E_ARG, "so is NaN");
}


static void
test_choice(void)
{
    uint16_t        v[4] = { 100, 200, 300, 5000 };
    pacs_samples_t  s = grey16(v, 4, 1, 16, false);
    pacs_look_t     look = plain;
    int             code;

    look.has_padding = 1;
    look.padding[0] = look.padding[1] = 5000;
    image_t  im = picture(&s, &look, &png, &code);
    ok(im.p && im.p[0] == 0 && im.p[1] == 128 && im.p[2] == 255
       && im.p[3] == 0, "no window: least to greatest, padding black");
    free(im.p);

    look.inverse = 1;
    im = picture(&s, &look, &png, &code);
    ok(im.p && im.p[0] == 255 && im.p[2] == 0 && im.p[3] == 0,
       "INVERSE turns it round, padding stays black");
    free(im.p);

    s.px.photometric = PACS_PI_MONO1;
    im = picture(&s, &look, &png, &code);
    ok(im.p && im.p[0] == 255 && im.p[2] == 0,
       "MONOCHROME1 with INVERSE is inverted once");
    free(im.p);

    s.px.photometric = PACS_PI_MONO2;
    look.inverse = 0;
    look.padding[0] = 150;
    im = picture(&s, &look, &png, &code);
    ok(im.p && im.p[0] == 0 && im.p[1] == 0 && im.p[2] == 0 && im.p[3] == 0,
       "a padding range; one value left is flat");
    free(im.p);

    struct pacs_frame_look_s  frames[2] = { { 1, 0, 0, 0, 0 },
                                            { 2, 0, 400.5, 401, 0 } };
    look = plain;
    look.frames = frames;
    look.nframes = 2;
    s.index = 1;
    im = picture(&s, &look, &png, &code);
    ok(im.p && im.p[0] == 0 && im.p[1] == 128 && im.p[2] == 255,
       "slope and window of the frame");
    free(im.p);

    uint8_t         eight[3] = { 0, 7, 200 };
    pacs_samples_t  b = { .px = s.px, .data = eight, .len = 3 };
    b.px.allocated = b.px.stored = 8;
    b.px.high_bit = 7;
    b.px.columns = 3;
    im = picture(&b, &plain, &png, &code);
    ok(im.p && !memcmp(im.p, eight, 3), "8 bits without window: as they are");
    free(im.p);
}


static void
test_tables(void)
{
    uint16_t        modality[4] = { 1000, 10, 20, 30 };
    uint16_t        voi[3] = { 0, 1023, 512 };
    int16_t         v[6] = { -3, -2, -1, 0, 1, 9 };
    pacs_samples_t  s = grey16(v, 6, 1, 12, true);
    pacs_look_t     look = plain;
    pacs_picture_t  want = png;
    int             code;

    look.modality = (pacs_lut_t) { 4, -2, 16, modality };
    want.has_window = 1;
    want.center = 20.5;
    want.width = 21;
    image_t  im = picture(&s, &look, &want, &code);
    ok(im.p && im.p[0] == 255 && im.p[1] == 255 && im.p[2] == 0
       && im.p[3] == 128 && im.p[4] == 255 && im.p[5] == 255,
       "modality LUT, clamped at both ends, before the window");
    free(im.p);

    look.voi_lut = (pacs_lut_t) { 3, 20, 10, voi };
    im = picture(&s, &look, &png, &code);
    ok(im.p && im.p[2] == 0 && im.p[3] == 0 && im.p[4] == 128
       && im.p[0] == 128, "VOI LUT after the modality LUT");
    free(im.p);

    want.center = 20.5;
    im = picture(&s, &look, &want, &code);
    ok(im.p && im.p[3] == 128, "a window that is asked for comes first");
    free(im.p);
}


static void
test_layouts(void)
{
    pacs_picture_t  want = png;
    int             code;
    image_t         im;

    want.has_window = 1;
    want.voi = PACS_VOI_LINEAR_EXACT;
    want.center = 127.5;
    want.width = 255;

    uint16_t        shifted[3] = { 0xf, 0x7f0, 0xff5 };
    pacs_samples_t  s = grey16(shifted, 3, 1, 8, false);
    s.px.high_bit = 11;
    im = picture(&s, &plain, &want, &code);
    ok(im.p && im.p[0] == 0 && im.p[1] == 127 && im.p[2] == 255,
       "high bit 11 of 8 stored");
    free(im.p);

    uint8_t  big[6] = { 0, 1, 0, 128, 0, 254 };
    s = grey16(big, 3, 1, 16, false);
    s.big_endian = 1;
    im = picture(&s, &plain, &want, &code);
    ok(im.p && im.p[0] == 1 && im.p[1] == 128 && im.p[2] == 254,
       "16 bits big endian");
    free(im.p);

    uint8_t         words[4] = { 20, 10, 40, 30 };
    pacs_samples_t  b = { .px = s.px, .data = words, .len = 4 };
    b.px.columns = 3;
    b.px.allocated = b.px.stored = 8;
    b.px.high_bit = 7;
    b.big_endian = 1;
    im = picture(&b, &plain, &want, &code);
    ok(im.p && im.p[0] == 10 && im.p[1] == 20 && im.p[2] == 30,
       "8 bits in big endian words");
    free(im.p);

    uint8_t         bits[2] = { 0xb0, 0x02 };
    pacs_samples_t  one = { .px = s.px, .data = bits, .len = 2,
                            .bit_offset = 4 };
    one.px.columns = 6;
    one.px.allocated = one.px.stored = 1;
    one.px.high_bit = 0;
    im = picture(&one, &plain, &png, &code);
    ok(im.p && !memcmp(im.p, "\xff\xff\0\xff\0\xff", 6),
       "1 bit, starting within a byte");
    free(im.p);
    one.bit_offset = 11;
    im = picture(&one, &plain, &png, &code);
    is_int(code, PACS_E_UNSHOWABLE, "1 bit, one pixel short");

    float           f[5] = { -1, 0, 1, NAN, INFINITY };
    pacs_samples_t  fl = { .px = s.px, .data = f, .len = sizeof(f) };
    fl.px.columns = 5;
    fl.px.allocated = 32;
    fl.px.stored = 0;
    fl.px.is_float = 1;
    im = picture(&fl, &plain, &png, &code);
    ok(im.p && im.p[0] == 0 && im.p[1] == 128 && im.p[2] == 255
       && im.p[3] == 0 && im.p[4] == 255, "float, its range, NaN black");
    free(im.p);

    double  d[3] = { 1e9, 1e9 + 1, 1e9 + 2 };
    fl.data = d;
    fl.len = sizeof(d);
    fl.px.columns = 3;
    fl.px.allocated = 64;
    im = picture(&fl, &plain, &png, &code);
    ok(im.p && im.p[0] == 0 && im.p[1] == 128 && im.p[2] == 255, "double");
    free(im.p);

    int32_t         i32[3] = { -100000, 0, 100000 };
    pacs_samples_t  in = { .px = s.px, .data = i32, .len = sizeof(i32) };
    in.px.allocated = in.px.stored = 32;
    in.px.high_bit = 31;
    in.px.is_signed = 1;
    im = picture(&in, &plain, &png, &code);
    ok(im.p && im.p[0] == 0 && im.p[1] == 128 && im.p[2] == 255,
       "32 bits signed");
    free(im.p);
}


static void
test_colour(void)
{
    uint8_t         rgb[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 250, 251, 252 };
    uint8_t         planes[12] = { 1, 4, 7, 250, 2, 5, 8, 251, 3, 6, 9, 252 };
    pacs_samples_t  s = rgb8(rgb, 2, 2);
    int             code;

    image_t  im = picture(&s, &plain, &png, &code);
    ok(im.p && im.channels == 3 && !memcmp(im.p, rgb, 12), "RGB by pixel");
    free(im.p);

    s.data = planes;
    s.px.planar = 1;
    im = picture(&s, &plain, &png, &code);
    ok(im.p && !memcmp(im.p, rgb, 12), "RGB by plane");
    free(im.p);

    uint8_t  ybr[12] = { 76, 85, 255, 150, 44, 21, 29, 255, 107, 128, 128,
                         128 };
    s = rgb8(ybr, 2, 2);
    s.px.photometric = PACS_PI_YBR_FULL;
    im = picture(&s, &plain, &png, &code);
    static const uint8_t  pure[12] = { 254, 0, 0, 0, 255, 1, 0, 0, 254, 128,
                                       128, 128 };
    ok(im.p && !memcmp(im.p, pure, 12), "YBR_FULL: red, green, blue, grey");
    free(im.p);

    uint8_t  half[8] = { 10, 20, 128, 128, 76, 76, 85, 255 };
    s = rgb8(half, 2, 2);
    s.len = 8;
    s.px.photometric = PACS_PI_YBR_FULL_422;
    im = picture(&s, &plain, &png, &code);
    ok(im.p && im.p[0] == 10 && im.p[3] == 20 && im.p[6] == 254
       && im.p[9] == 254 && im.p[10] == 0, "YBR_FULL_422 as it lies");
    free(im.p);

    uint16_t  wide[6] = { 0, 0x8080, 0xffff, 257, 514, 771 };
    s = rgb8(wide, 2, 1);
    s.px.allocated = s.px.stored = 16;
    s.px.high_bit = 15;
    s.len = 12;
    im = picture(&s, &plain, &png, &code);
    ok(im.p && !memcmp(im.p, "\0\x80\xff\1\2\3", 6), "RGB of 16 bits");
    free(im.p);

    uint16_t        red[3] = { 0xff00, 0x8000, 0x1200 };
    uint8_t         index[5] = { 0, 10, 11, 12, 255 };
    pacs_look_t     look = plain;
    pacs_samples_t  p = rgb8(index, 5, 1);

    p.px.samples = 1;
    p.px.photometric = PACS_PI_PALETTE;
    p.len = 5;
    im = picture(&p, &plain, &png, &code);
    is_int(code, PACS_E_UNSHOWABLE, "a palette image without tables");

    for (int k = 0; k < 3; k++) {
        look.palette[k] = (pacs_lut_t) { 3, 10, 16, red };
    }
    im = picture(&p, &look, &png, &code);
    ok(im.p && im.p[0] == 255 && im.p[3] == 255 && im.p[6] == 128
       && im.p[9] == 0x12 && im.p[12] == 0x12,
       "16-bit palette, index clamped at both ends");
    free(im.p);
}


static void
test_geometry(void)
{
    enum { W = 40, H = 30 };
    uint16_t        v[W * H];
    pacs_samples_t  s = grey16(v, W, H, 8, false);
    pacs_picture_t  want = png;
    int             code;

    for (int i = 0; i < W * H; i++) {
        v[i] = (uint16_t) ((i % W) * 3 + (i / W) * 4);
    }

    want.has_region = 1;
    want.sx = 5;
    want.sy = 7;
    want.sw = -20;
    want.sh = 10;
    image_t  im = picture(&s, &plain, &want, &code);
    int      wrong = im.p == NULL || im.width != 20 || im.height != 10;
    for (int i = 0; !wrong && i < 200; i++) {
        wrong += im.p[i] != v[(7 + i / 20) * W + 5 + 19 - i % 20];
    }
    is_int(wrong, 0, "crop, flipped left to right");
    free(im.p);

    want.sw = 20;
    want.sh = -10;
    im = picture(&s, &plain, &want, &code);
    wrong = im.p == NULL;
    for (int i = 0; !wrong && i < 200; i++) {
        wrong += im.p[i] != v[(7 + 9 - i / 20) * W + 5 + i % 20];
    }
    is_int(wrong, 0, "crop, flipped upside down");
    free(im.p);

    want.sx = 35;
    want.sw = 20;
    want.sh = 10;
    im = picture(&s, &plain, &want, &code);
    ok(im.p && im.width == 5 && im.height == 10, "a region is clipped");
    free(im.p);
    want.sx = 40;
    im = picture(&s, &plain, &want, &code);
    is_int(code, PACS_E_ARG, "an empty one is refused");

    want = png;
    want.view_width = 20;
    want.view_height = 100;
    im = picture(&s, &plain, &want, &code);
    wrong = im.p == NULL || im.width != 20 || im.height != 15;
    for (int i = 0; !wrong && i < 20 * 15; i++) {
        double  mean = (i % 20 * 2 + 0.5) * 3 + (i / 20 * 2 + 0.5) * 4;
        wrong += fabs(im.p[i] - mean) > 0.51;
    }
    is_int(wrong, 0, "half the size: the mean of four");
    free(im.p);

    want.view_width = 16;
    im = picture(&s, &plain, &want, &code);
    wrong = im.p == NULL || im.width != 16 || im.height != 12;
    for (int i = 0; !wrong && i < 16 * 12; i++) {
        double  mean = (i % 16 * 2.5 + 0.75) * 3 + (i / 16 * 2.5 + 0.75) * 4;
        wrong += fabs(im.p[i] - mean) > 2;
    }
    is_int(wrong, 0, "2 / 5 of the size: by area");
    free(im.p);

    want.view_width = 120;
    want.view_height = 90;
    im = picture(&s, &plain, &want, &code);
    wrong = im.p == NULL || im.width != 120 || im.height != 90;
    for (int y = 2; !wrong && y < 88; y++) {
        for (int x = 2; x < 118; x++) {
            double  lin = ((x + 0.5) / 3 - 0.5) * 3 + ((y + 0.5) / 3 - 0.5) * 4;
            wrong += fabs(im.p[y * 120 + x] - lin) > 0.51;
        }
    }
    is_int(wrong, 0, "three times the size: bilinear");

    want.has_region = 1;
    want.sw = want.sh = 10;
    want.view_width = want.view_height = 30;
    int  seams = 0;
    for (int t = 0; t < 12; t++) {
        want.sx = t % 4 * 10;
        want.sy = t / 4 * 10;
        image_t  tile = picture(&s, &plain, &want, &code);
        for (int i = 0; i < 900; i++) {
            int  y = t / 4 * 30 + i / 30, x = t % 4 * 30 + i % 30;
            seams += tile.p == NULL || tile.p[i] != im.p[y * 120 + x];
        }
        free(tile.p);
    }
    is_int(seams, 0, "tiles stitched are the whole, enlarged");
    free(im.p);

    want = png;
    im = picture(&s, &plain, &want, &code);
    want.has_region = 1;
    want.sw = want.sh = 16;
    seams = 0;
    for (int t = 0; t < 6; t++) {
        want.sx = t % 3 * 16;
        want.sy = t / 3 * 16;
        image_t  tile = picture(&s, &plain, &want, &code);
        for (uint32_t i = 0; i < tile.width * tile.height; i++) {
            uint32_t  y = (uint32_t) want.sy + i / tile.width;
            uint32_t  x = (uint32_t) want.sx + i % tile.width;
            seams += tile.p == NULL || tile.p[i] != im.p[y * W + x];
        }
        free(tile.p);
    }
    is_int(seams, 0, "tiles stitched are the whole, 1:1");
    free(im.p);

    pacs_look_t  look = plain;
    look.aspect = 2;
    im = picture(&s, &look, &png, &code);
    ok(im.p && im.width == W && im.height == 2 * H, "tall pixels");
    free(im.p);
    look.aspect = 0.5;
    want = png;
    want.view_width = want.view_height = 80;
    im = picture(&s, &look, &want, &code);
    ok(im.p && im.width == 80 && im.height == H, "wide pixels in a viewport");
    free(im.p);

    want = png;
    want.view_width = 100000;
    im = picture(&s, &plain, &want, &code);
    is_int(code, PACS_E_ARG, "a picture that is too large");

    want = png;
    want.has_region = 1;
    want.sx = NAN;
    want.sw = want.sh = 5;
    im = picture(&s, &plain, &want, &code);
    is_int(code, PACS_E_ARG, "NaN as a region");
}


static void
test_scaled_kinds(void)
{
    enum { W = 8, H = 8 };
    pacs_picture_t  want = png;
    int             code;

    want.view_width = want.view_height = 4;

    int16_t  neg[W * H];
    for (int i = 0; i < W * H; i++) {
        neg[i] = (int16_t) ((i % 2 ? -300 : -100) & 0x0fff);
    }
    pacs_samples_t  s = grey16(neg, W, H, 12, true);
    want.has_window = 1;
    want.voi = PACS_VOI_LINEAR_EXACT;
    want.center = -200;
    want.width = 255;
    image_t  im = picture(&s, &plain, &want, &code);
    ok(im.p && im.p[0] == 128 && im.p[15] == 128,
       "signed 12 in 16 are averaged as signed");
    free(im.p);

    uint8_t  rgb[W * H * 3];
    for (int i = 0; i < W * H * 3; i++) {
        rgb[i] = (uint8_t) (i % 3 == 0 ? 200 : i / 3 % 2 ? 10 : 20);
    }
    want.has_window = 0;
    s = rgb8(rgb, W, H);
    im = picture(&s, &plain, &want, &code);
    ok(im.p && im.channels == 3 && im.p[0] == 200 && im.p[1] == 15
       && im.p[47] == 15, "RGB");
    free(im.p);

    float  f[W * H];
    for (int i = 0; i < W * H; i++) {
        f[i] = i % 2 ? 1 : 0;
    }
    s.data = f;
    s.len = sizeof(f);
    s.px.samples = 1;
    s.px.photometric = PACS_PI_MONO2;
    s.px.allocated = 32;
    s.px.is_float = 1;
    im = picture(&s, &plain, &want, &code);
    ok(im.p && im.p[0] == 128 && im.p[15] == 128, "float");
    free(im.p);

    /* white stays white: a sum that rounds up must not wrap to black */
    enum { N = 60001 };
    uint16_t  *big = malloc(N * 33 * 2);
    memset(big, 0xff, N * 33 * 2);
    s = grey16(big, N, 33, 16, false);
    want.has_window = 1;
    want.center = 32768;
    want.width = 65536;

    int  black = 0;
    for (want.view_width = 1; want.view_width < 60; want.view_width++) {
        want.view_height = want.view_width;
        im = picture(&s, &plain, &want, &code);
        black += im.p == NULL;
        for (uint32_t i = 0; i < im.width * im.height; i++) {
            black += im.p[i] != 255;
        }
        free(im.p);
    }
    is_int(black, 0, "white stays white");
    free(big);
}


static void
test_hostile(void)
{
    uint8_t         data[64] = { 0 };
    pacs_samples_t  good = grey16(data, 4, 4, 12, false);
    int             code;
    static const struct { size_t at; uint32_t v; const char *name; }  bad[] = {
        { offsetof(pacs_pixels_t, rows), 0, "no rows" },
        { offsetof(pacs_pixels_t, rows), UINT32_MAX, "rows beyond the data" },
        { offsetof(pacs_pixels_t, columns), 65535, "columns beyond it" },
    };

    for (size_t i = 0; i < 3; i++) {
        pacs_samples_t  s = good;
        memcpy((char *) &s.px + bad[i].at, &bad[i].v, 4);
        picture(&s, &plain, &png, &code);
        is_int(code, PACS_E_UNSHOWABLE, bad[i].name);
    }

    static const pacs_pixels_t  odd[] = {
        { 4, 4, 1, 1, 7, 7, 6, 0, 0, 0, PACS_PI_MONO2 },
        { 4, 4, 1, 1, 8, 16, 15, 0, 0, 0, PACS_PI_MONO2 },
        { 4, 4, 1, 1, 16, 0, 0, 0, 0, 0, PACS_PI_MONO2 },
        { 4, 4, 1, 3, 8, 8, 7, 0, 0, 0, PACS_PI_MONO2 },
        { 4, 4, 1, 1, 8, 8, 7, 0, 0, 0, PACS_PI_RGB },
        { 4, 4, 1, 1, 8, 8, 7, 0, 0, 0, PACS_PI_UNKNOWN },
        { 4, 4, 1, 1, 8, 8, 7, 0, 0, 0, 200 },
        { 4, 4, 1, 1, 32, 32, 31, 0, 0, 0, PACS_PI_PALETTE },
        { 4, 4, 1, 1, 16, 16, 15, 0, 0, 1, PACS_PI_MONO2 },
        { 4, 4, 1, 65535, 8, 8, 7, 0, 0, 0, PACS_PI_RGB },
    };
    int  wrong = 0;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        pacs_samples_t  s = good;
        s.px = odd[i];
        s.len = sizeof(data);
        picture(&s, &plain, &png, &code);
        wrong += code != PACS_E_UNSHOWABLE;
    }
    is_int(wrong, 0, "impossible pixel descriptions");

    pacs_samples_t  s = good;
    s.len--;
    picture(&s, &plain, &png, &code);
    is_int(code, PACS_E_UNSHOWABLE, "one byte short");

    pacs_look_t  look = { .slope = NAN, .intercept = INFINITY,
                          .aspect = NAN };
    image_t  im = picture(&good, &look, &png, &code);
    ok(im.p != NULL, "a look of nonsense still shows");
    free(im.p);
}


/* as records before version 2 have it: padding in integers, frames in floats,
 * and nothing behind them */
static void
test_unpack_first(void)
{
    pacs_arena_t   *a = pacs_arena_create(0);
    const double    numbers[3] = { 2.5, -1024, 1.25 };
    const uint8_t   kind[3] = { PACS_VOI_SIGMOID, 1, 1 };
    const int32_t   padding[2] = { -2000, -1 };
    const uint8_t   none[2 + 5 * 4] = { 0 };
    const uint32_t  nframes = 1;
    const float     frame[4] = { 0.5f, 7, 40, 400 };
    pacs_buf_t      b = { 0 };
    pacs_look_t     out;

    pacs_buf_add(&b, "\1", 1);
    pacs_buf_add(&b, numbers, sizeof(numbers));
    pacs_buf_add(&b, kind, sizeof(kind));
    pacs_buf_add(&b, padding, sizeof(padding));
    pacs_buf_add(&b, none, sizeof(none));
    pacs_buf_add(&b, &nframes, sizeof(nframes));
    pacs_buf_add(&b, frame, sizeof(frame));

    pacs_str_t  s = { b.data, b.len };
    is_int(pacs_look_unpack(s, a, &out, NULL), PACS_OK, "a look of version 1");
    ok(out.slope == 2.5 && out.intercept == -1024 && out.aspect == 1.25
       && out.voi == PACS_VOI_SIGMOID && out.inverse
       && out.padding[0] == -2000 && out.padding[1] == -1
       && out.nframes == 1 && out.frames[0].slope == 0.5
       && out.frames[0].width == 400
       && out.frames[0].voi == PACS_VOI_SIGMOID && !out.has_range,
       "and what is in it");
    ok(pacs_look_value(&out, 0, 10) == 12
       && pacs_look_value(&out, 1, 10) == -999, "real values of its frames");

    pacs_buf_free(&b);
    pacs_arena_destroy(a);
}


static void
test_pack(void)
{
    pacs_arena_t   *a = pacs_arena_create(0);
    uint16_t        data[3] = { 1, 2, 65535 };
    pacs_window_t   w[2] = { { 40, 400, "Weichteile" }, { -600, 1500, "" } };
    struct pacs_frame_look_s  f[2] = { { 1, 2, 3, 4, 0 },
                                       { 5, 6, 7, 8, 2 } };
    pacs_look_t     in = {
        .slope = 0.1, .intercept = -1024, .voi = PACS_VOI_SIGMOID,
        .inverse = 1, .has_padding = 1, .padding = { -2000, -1 },
        .nwindows = 2, .windows = w, .aspect = 1.25, .nframes = 2,
        .frames = f, .palette[1] = { 3, -5, 16, data },
        .stored_voi = 1, .one_scale = 1, .has_range = 1,
        .range = { -3.5, 1e6 }, .unit = "BQML", .suv = 1e-4,
    };
    pacs_look_t     out;
    pacs_str_t      s = pacs_look_pack(&in, a);

    is_int(pacs_look_unpack(s, a, &out, NULL), PACS_OK, "pack and unpack");
    ok(out.slope == 0.1 && out.intercept == -1024 && out.aspect == 1.25
       && out.voi == in.voi && out.inverse && out.padding[0] == -2000
       && out.padding[1] == -1, "numbers come back");
    ok(out.nwindows == 2 && !strcmp(out.windows[0].explanation, "Weichteile")
       && out.windows[1].width == 1500, "windows come back");
    ok(out.palette[1].entries == 3 && out.palette[1].data[2] == 65535
       && out.palette[1].first == -5 && out.palette[0].entries == 0,
       "tables come back");
    ok(out.nframes == 2 && out.frames[1].width == 8
       && out.frames[1].voi == PACS_VOI_SIGMOID, "frames come back");
    ok(out.stored_voi && out.one_scale && out.has_range
       && out.range[0] == -3.5 && out.range[1] == 1e6 && out.suv == 1e-4
       && !strcmp(out.unit, "BQML"), "range and unit come back");
    pacs_str_t  again = pacs_look_pack(&out, a);
    ok(pacs_str_eq(again, s), "and pack to the same bytes");

    int  wrong = 0;
    for (size_t n = 0; n < s.len; n++) {
        char  *cut = malloc(n + 1);
        memcpy(cut, s.data, n);
        pacs_str_t  part = { cut, n };
        wrong += pacs_look_unpack(part, a, &out, NULL) != PACS_E_PARSE;
        free(cut);
    }
    is_int(wrong, 0, "every shortened one is refused");

    for (size_t i = 0; i < s.len; i++) {
        char  *c = malloc(s.len);
        memcpy(c, s.data, s.len);
        c[i] = (char) 0xff;
        pacs_look_unpack((pacs_str_t) { c, s.len }, a, &out, NULL);
        free(c);
    }
    ok(true, "damaged ones end");
    pacs_arena_destroy(a);
}


static void
test_jpeg(void)
{
    enum { W = 64, H = 48 };
    uint16_t    v[W * H];
    pacs_buf_t  out = { .data = NULL };
    uint32_t    w, h;

    for (int i = 0; i < W * H; i++) {
        v[i] = (uint16_t) (i % W * 4);
    }

    pacs_samples_t  s = grey16(v, W, H, 8, false);
    pacs_picture_t  want = { .quality = 0 };

    pacs_buf_text(&out, "before");
    int  code = pacs_render(&s, &plain, &want, &pacs_limits_default, &out, &w,
                            &h, NULL);
    ok(code == PACS_OK && w == W && h == H && !memcmp(out.data, "before\xff",
                                                      7), "JPEG is added");

    struct jpeg_decompress_struct  d;
    struct jpeg_error_mgr          e;
    d.err = jpeg_std_error(&e);
    jpeg_create_decompress(&d);
    jpeg_mem_src(&d, (uint8_t *) out.data + 6, out.len - 6);
    jpeg_read_header(&d, TRUE);
    jpeg_start_decompress(&d);
    ok(d.num_components == 1 && d.output_width == W, "one component");

    int  far = 0;
    while (d.output_scanline < H) {
        uint8_t   line[W];
        JSAMPROW  row = line;

        jpeg_read_scanlines(&d, &row, 1);
        for (int x = 0; x < W; x++) {
            far = abs(line[x] - x * 4) > far ? abs(line[x] - x * 4) : far;
        }
    }
    jpeg_destroy_decompress(&d);
    ok(far <= 4, "near the ramp it was made of (%d)", far);
    pacs_buf_free(&out);

    pacs_buf_t  tight = { .max = 100 };
    code = pacs_render(&s, &plain, &want, &pacs_limits_default, &tight, &w,
                       &h, NULL);
    is_int(code, PACS_E_NOMEM, "no room: an error, no crash");
    pacs_buf_free(&tight);
    tight = (pacs_buf_t) { .max = 100 };
    code = pacs_render(&s, &plain, &png, &pacs_limits_default, &tight, &w,
                       &h, NULL);
    is_int(code, PACS_E_NOMEM, "PNG too");
    pacs_buf_free(&tight);
}


static uint32_t  seed = 1;


static uint32_t
dice(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}


static double
odd_number(void)
{
    static const double  odd[] = { 0, -1, 1, 0.5, 7, -40, 255, 1e9, -1e300,
                                   1e-300, NAN, INFINITY, -INFINITY, 65536 };

    return dice(3) ? (double) dice(64) - 16 : odd[dice(14)];
}


/* whatever is said of few bytes: an answer, and no byte read beyond them */
static void
test_random(void)
{
    static const uint16_t  bits[] = { 1, 8, 16, 32, 64, 8, 16, 12 };
    int                    shown = 0, wrong = 0;

    for (int i = 0; i < 20000; i++) {
        size_t          len = dice(700);
        uint8_t        *data = malloc(len + 1);
        uint16_t        table[16] = { 5, 0, 65535, 300 };
        pacs_lut_t      lut = { 1 + dice(16), (int32_t) dice(80) - 40,
                                (uint16_t) (1 + dice(16)), table };
        uint16_t        size = bits[dice(8)];
        uint32_t        colour = dice(PACS_PI_COUNT + 1);
        pacs_samples_t  s = {
            .px = { .rows = dice(20), .columns = dice(20), .frames = 1,
                    .samples = colour < PACS_PI_RGB ? 1 : 3,
                    .allocated = size,
                    .stored = (uint16_t) (1 + dice(dice(5) ? size : 20u)),
                    .high_bit = (uint16_t) dice(size + 1u),
                    .is_signed = dice(2),
                    .planar = dice(2), .is_float = dice(5) == 0,
                    .photometric = (uint8_t) colour },
            .data = data, .len = len, .big_endian = dice(3) == 0,
            .bit_offset = dice(9), .index = dice(3),
        };
        pacs_window_t   w = { odd_number(), odd_number(), "" };
        struct pacs_frame_look_s  f[2] = {
            { odd_number(), odd_number(), 1, 2, (uint8_t) dice(4) },
            { 1, 0, 0, 0, 0 } };
        pacs_look_t     look = {
            .slope = odd_number(), .intercept = odd_number(),
            .voi = (uint8_t) dice(4), .inverse = dice(2),
            .has_padding = dice(2),
            .padding = { dice(400) - 200., odd_number() },
            .stored_voi = dice(2), .one_scale = dice(2),
            .has_range = dice(2), .range = { odd_number(), odd_number() },
            .scale = { odd_number(), odd_number() },
            .nwindows = dice(2), .windows = &w, .aspect = odd_number(),
            .nframes = 2, .frames = dice(4) ? NULL : f,
        };
        pacs_picture_t  want = {
            .format = dice(2), .quality = (uint8_t) dice(130),
            .has_window = dice(2), .voi = (uint8_t) dice(4),
            .center = odd_number(), .width = odd_number(),
            .view_width = dice(3) ? 0 : dice(50),
            .view_height = dice(3) ? 0 : dice(50), .has_region = dice(3) == 0,
            .sx = odd_number(), .sy = odd_number(), .sw = odd_number(),
            .sh = odd_number(),
        };
        pacs_buf_t      out = { .data = NULL };
        uint32_t        width = 0, height = 0;

        for (size_t k = 0; k < len; k++) {
            data[k] = (uint8_t) dice(256);
        }
        if (dice(3) == 0) {
            look.modality = look.voi_lut = lut;
        }
        look.palette[0] = look.palette[1] = look.palette[2] = lut;

        int  rc = pacs_render(&s, &look, &want, &pacs_limits_default, &out,
                              &width, &height, NULL);

        shown += rc == PACS_OK;
        wrong += rc == PACS_OK ? out.len == 0 || width == 0 || height == 0
                 : rc != PACS_E_UNSHOWABLE && rc != PACS_E_ARG
                   && rc != PACS_E_LIMIT;
        pacs_buf_free(&out);
        free(data);
    }
    is_int(wrong, 0, "random descriptions of few bytes");
    ok(shown > 2000, "many of them show (%d)", shown);
}


int
main(void)
{
    test_formulas();
    test_choice();
    test_tables();
    test_layouts();
    test_colour();
    test_geometry();
    test_scaled_kinds();
    test_hostile();
    test_unpack_first();
    test_pack();
    test_jpeg();
    test_random();
    return done();
}
