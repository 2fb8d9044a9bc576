/* SPDX-License-Identifier: BSD-2-Clause */

/* pixel description, frame locator and its compact form */

#include <stdlib.h>

#include "dicom/dicom.h"
#include "tap.h"

#define EXPLICIT  "1.2.840.10008.1.2.1"
#define RLE       "1.2.840.10008.1.2.5"
#define JPEG      "1.2.840.10008.1.2.4.50"
#define J2K       "1.2.840.10008.1.2.4.90"
#define MPEG2     "1.2.840.10008.1.2.4.100"
#define ADD(b, s)  pacs_buf_add(b, s, sizeof(s) - 1)

#define JPEG_A    "\377\330\377\340aaaa"
#define JPEG_B    "\377\330\377\340bbbb"
#define MORE      "\1\2\3\4\5\6\7\10"
#define J2K_A     "\377\117\377\121aaaa"

typedef struct {
    const char  *syntax;
    int64_t      rows, columns, samples, allocated, stored, high_bit, frames;
    const char  *photometric;
    const char  *frames_text;       /* instead of frames */
} image_t;

static const image_t    grey = { EXPLICIT, 4, 4, 1, 8, 8, 7, 1, "MONOCHROME2",
                                 NULL };
static pacs_buf_t       file;
static pacs_source_t    source;
static pacs_arena_t    *arena;
static pacs_dataset_t   ds;
static pacs_pixels_t    px;
static pacs_frames_t    frames;
static pacs_err_t       err;


static void
put_us(uint32_t tag, int64_t value)
{
    if (value >= 0) {
        pacs_write_ints(&file, tag, PACS_US, &value, 1);
    }
}


/* the head of an image, up to Pixel Data; numbers < 0 are left out */
static void
begin(const image_t *im)
{
    char  text[32];

    pacs_buf_free(&file);
    pacs_write_meta(&file, pacs_lit("1.2"), pacs_lit("1.2.3"),
                    pacs_cstr(im->syntax), pacs_lit("TEST"));
    put_us(0x00280002, im->samples);
    if (im->photometric != NULL) {
        pacs_write_text(&file, 0x00280004, PACS_CS,
                        pacs_cstr(im->photometric));
    }
    snprintf(text, sizeof(text), "%d", (int) im->frames);
    pacs_write_text(&file, 0x00280008, PACS_IS,
                    pacs_cstr(im->frames_text != NULL ? im->frames_text
                                                      : text));
    put_us(0x00280010, im->rows);
    put_us(0x00280011, im->columns);
    put_us(0x00280100, im->allocated);
    put_us(0x00280101, im->stored);
    put_us(0x00280102, im->high_bit);
    put_us(0x00280103, 0);
}


static void
begin_native(const image_t *im, size_t len)
{
    char *zeros = calloc(1, len + 1);

    begin(im);
    pacs_write_bytes(&file, 0x7FE00010, PACS_OW, zeros, len);
    free(zeros);
}


/* opens Pixel Data with a basic offset table of n entries */
static void
begin_coded(const char *syntax, int n_frames, const uint32_t *table,
    uint32_t n)
{
    image_t   im = grey;
    uint32_t  len = n * 4;

    im.syntax = syntax;
    im.frames = n_frames;
    begin(&im);
    ADD(&file, "\340\177\20\0OB\0\0\377\377\377\377\376\377\0\340");
    pacs_buf_add(&file, &len, 4);
    pacs_buf_add(&file, table, len);
}


static void
fragment(const char *data, uint32_t len)
{
    ADD(&file, "\376\377\0\340");
    pacs_buf_add(&file, &len, 4);
    pacs_buf_add(&file, data, len);
}

#define FRAGMENT(s)  fragment(s, sizeof(s) - 1)


static int
locate(void)
{
    const pacs_limits_t  *limits = &pacs_limits_default;

    pacs_arena_destroy(arena);
    arena = pacs_arena_create(0);
    err = (pacs_err_t) { 0 };
    source = pacs_source_mem(file.data, file.len);

    int  rc = pacs_dicom_read(&source, limits, 4096, arena, &ds, &err);

    if (rc == PACS_OK) {
        rc = pacs_dicom_pixels(&ds, limits, &px, &err);
    }
    return rc != PACS_OK ? rc
           : pacs_frames_locate(&source, &ds, &px, limits, arena, &frames,
                                &err);
}


static int
locate_coded(void)
{
    ADD(&file, "\376\377\335\340\0\0\0\0");
    return locate();
}


static void
is_refused(int rc, const char *text, const char *name)
{
    if (!ok(rc == PACS_E_UNSHOWABLE && strstr(err.text, text) != NULL, "%s",
            name))
    {
        printf("# got %d '%s'\n", rc, err.text);
    }
}


/* the frames' fragments as "1+2+1" */
static void
is_split(int rc, const char *want, const char *name)
{
    pacs_buf_t  b = { 0 };

    for (uint32_t i = 0; rc == PACS_OK && i < frames.count; i++) {
        pacs_buf_printf(&b, "%s%u", i == 0 ? "" : "+",
                        frames.first[i + 1] - frames.first[i]);
    }
    if (rc != PACS_OK) {
        pacs_buf_text(&b, err.text);
    }
    is_str((pacs_str_t) { b.data, b.len }, want, name);
    pacs_buf_free(&b);
}


/* --- native --- */

static void
test_native(void)
{
    image_t  im = grey;

    begin_native(&im, 16);
    ok(locate() == PACS_OK && frames.native && frames.count == 1
       && frames.stride_bits == 128 && frames.offset == ds.pixels->offset,
       "one native frame");

    im.frames = 3;
    im.allocated = im.stored = 16;
    im.high_bit = 15;
    begin_native(&im, 96);
    ok(locate() == PACS_OK && frames.count == 3 && frames.stride_bits == 256,
       "three of 16 bits");
    begin_native(&im, 94);
    is_refused(locate(), "too short", "one pixel is missing");

    im = grey;
    im.allocated = im.stored = 1;
    im.high_bit = 0;
    im.rows = 3;
    im.columns = 3;
    im.frames = 5;
    begin_native(&im, 6);
    ok(locate() == PACS_OK && frames.stride_bits == 9,
       "1-bit frames are not padded to bytes");
    begin_native(&im, 4);
    is_refused(locate(), "too short", "45 bits do not fit 4 bytes");

    im = grey;
    im.samples = 3;
    im.photometric = "YBR_FULL_422";
    begin_native(&im, 32);
    ok(locate() == PACS_OK && frames.stride_bits == 256,
       "YBR_FULL_422 has two samples a pixel");

    im = grey;
    im.syntax = JPEG;
    begin_native(&im, 16);
    is_refused(locate(), "native", "native pixel data, JPEG declared");
    begin_coded(EXPLICIT, 1, NULL, 0);
    FRAGMENT(JPEG_A);
    is_refused(locate_coded(), "encapsulated", "and the other way round");

    begin(&grey);
    is_refused(locate(), "no Pixel Data", "no pixel data");
}


/* --- encapsulated --- */

static void
test_tables(void)
{
    begin_coded(JPEG, 2, (uint32_t []) { 0, 32 }, 2);
    FRAGMENT(JPEG_A);
    FRAGMENT(MORE);
    FRAGMENT(JPEG_B);
    is_split(locate_coded(), "2+1", "a true basic offset table");
    ok(frames.ranges[2].length == 8
       && memcmp(file.data + frames.ranges[2].offset, JPEG_B, 8) == 0,
       "and the bytes of its last frame");

    /* no picture starts to fall back to */
    begin_coded(RLE, 2, (uint32_t []) { 0, 16 }, 2);
    FRAGMENT(MORE);
    FRAGMENT(MORE);
    FRAGMENT(MORE);
    is_split(locate_coded(), "1+2", "a true one, RLE");

    static const uint32_t  wrong[][2] = {
        { 0, 17 }, { 0, 0 }, { 16, 32 }, { 32, 16 }, { 0, 4000 },
        { 0, 0xffffffff }
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        begin_coded(RLE, 2, wrong[i], 2);
        FRAGMENT(MORE);
        FRAGMENT(MORE);
        FRAGMENT(MORE);
        is_refused(locate_coded(), "no way to tell", "a wrong table");

        begin_coded(JPEG, 2, wrong[i], 2);
        FRAGMENT(JPEG_A);
        FRAGMENT(MORE);
        FRAGMENT(JPEG_B);
        is_split(locate_coded(), "2+1", "a wrong table is not used");
    }

    begin_coded(JPEG, 2, (uint32_t []) { 0, 16, 32 }, 3);
    FRAGMENT(JPEG_A);
    FRAGMENT(MORE);
    FRAGMENT(JPEG_B);
    is_split(locate_coded(), "2+1", "a table of another number of frames");
}


static void
test_extended(void)
{
    static const uint64_t  offsets[2] = { 0, 32 }, lengths[2] = { 16, 7 };
    static const uint64_t  lies[2] = { 0, UINT64_MAX };

    for (int i = 0; i < 2; i++) {
        begin_coded(RLE, 2, NULL, 0);

        /* moved before Pixel Data */
        size_t  at = file.len - 12 - 8;

        file.len = at;
        pacs_write_bytes(&file, 0x7FE00001, PACS_OV, i ? lies : offsets, 16);
        pacs_write_bytes(&file, 0x7FE00002, PACS_OV, lengths, 16);
        ADD(&file, "\340\177\20\0OB\0\0\377\377\377\377"
                   "\376\377\0\340\0\0\0\0");
        FRAGMENT(MORE);
        FRAGMENT(MORE);
        FRAGMENT(MORE);

        if (i == 0) {
            is_split(locate_coded(), "2+1", "extended offset table");
            ok(frames.ranges[1].length == sizeof(MORE) - 1
               && frames.ranges[2].length == sizeof(MORE) - 2,
               "and its lengths: a frame without the padding byte");
        } else {
            is_refused(locate_coded(), "no way to tell", "a wrong one");
        }
    }
}


static void
test_no_table(void)
{
    begin_coded(RLE, 3, NULL, 0);
    FRAGMENT(MORE);
    FRAGMENT(MORE);
    FRAGMENT(MORE);
    is_split(locate_coded(), "1+1+1", "a fragment a frame");

    begin_coded(RLE, 1, NULL, 0);
    FRAGMENT(MORE);
    FRAGMENT(MORE);
    is_split(locate_coded(), "2", "one frame of two fragments");

    begin_coded(J2K, 2, NULL, 0);
    FRAGMENT(J2K_A);
    FRAGMENT(MORE);
    FRAGMENT(MORE);
    FRAGMENT(J2K_A);
    FRAGMENT("");
    is_split(locate_coded(), "3+2", "J2K codestreams");

    begin_coded(JPEG, 2, NULL, 0);
    FRAGMENT(MORE);
    FRAGMENT(JPEG_A);
    FRAGMENT(JPEG_B);
    is_refused(locate_coded(), "no way to tell", "begins with no picture");

    begin_coded(JPEG, 2, NULL, 0);
    FRAGMENT(JPEG_A);
    FRAGMENT(JPEG_A);
    FRAGMENT(JPEG_B);
    is_refused(locate_coded(), "3 starts", "more pictures than frames");

    begin_coded(JPEG, 3, NULL, 0);
    FRAGMENT(JPEG_A);
    FRAGMENT(JPEG_B);
    is_refused(locate_coded(), "cannot hold 3", "fewer fragments than frames");

    begin_coded(JPEG, 1, NULL, 0);
    is_refused(locate_coded(), "0 fragments", "no fragment");

    begin_coded(MPEG2, 30, NULL, 0);
    FRAGMENT(MORE);
    is_refused(locate_coded(), "video", "a video");
}


/* --- compact form --- */

static void
same_frames(const char *name)
{
    pacs_frames_t  g;
    pacs_str_t     s = pacs_frames_pack(&frames, arena);
    bool           good = pacs_frames_unpack(s, arena, &g, &err) == PACS_OK
                          && g.count == frames.count
                          && g.native == frames.native;
    int            wrong = 0;

    if (good && g.native) {
        good = g.offset == frames.offset
               && g.stride_bits == frames.stride_bits;
    } else if (good) {
        good = memcmp(g.first, frames.first, (g.count + 1) * 4) == 0
               && memcmp(g.ranges, frames.ranges,
                         g.first[g.count] * sizeof(pacs_range_t)) == 0;
    }
    ok(good, "%s, packed and back (%zu bytes)", name, s.len);

    for (size_t n = 0; n < s.len; n++) {
        wrong += pacs_frames_unpack((pacs_str_t) { s.data, n }, arena, &g,
                                    NULL) == PACS_OK;
    }
    is_int(wrong, 0, "no part of it is taken for whole");

    char *longer = pacs_strdup(arena, s);
    ok(pacs_frames_unpack((pacs_str_t) { longer, s.len + 1 }, arena, &g, NULL)
       != PACS_OK, "nor more than it");
}


static void
test_pack(void)
{
    pacs_frames_t  g;
    uint8_t        noise[64];
    int            wrong = 0;

    begin_native(&grey, 16);
    locate();
    same_frames("native");

    begin_coded(JPEG, 2, (uint32_t []) { 0, 32 }, 2);
    FRAGMENT(JPEG_A);
    FRAGMENT(MORE);
    FRAGMENT(JPEG_B);
    locate_coded();
    same_frames("coded");

    ok(pacs_frames_unpack(pacs_lit("C\377\377\377\377\17\0"), arena, &g, NULL)
       != PACS_OK, "4 thousand million frames in no bytes");
    ok(pacs_frames_unpack(pacs_lit("N\0\377\377\377\377\377\377\377\377\377\1"
                                   "\2"), arena, &g, NULL) != PACS_OK,
       "a stride that overflows");

    srand(1);
    for (int i = 0; i < 20000; i++) {
        for (size_t k = 0; k < sizeof(noise); k++) {
            noise[k] = (uint8_t) (rand() >> 8) & (k & 1 ? 0x83 : 0x07);
        }
        noise[0] = i & 1 ? 'C' : 'N';
        pacs_str_t  s = { (char *) noise, (size_t) rand() % 65 };

        if (pacs_frames_unpack(s, arena, &g, NULL) == PACS_OK && !g.native) {
            for (uint32_t k = 0; k < g.count; k++) {
                wrong += g.first[k] > g.first[k + 1];
            }
        }
    }
    is_int(wrong, 0, "noise gives no table that goes backwards");
}


/* --- pixel description --- */

static void
is_impossible(image_t im, const char *text)
{
    begin_native(&im, 4096);
    is_refused(locate(), text, text);
}


static void
test_pixels(void)
{
    image_t   im = grey;
    uint64_t  bytes = 0;

    begin_native(&im, 16);
    ok(locate() == PACS_OK && px.rows == 4 && px.columns == 4
       && px.samples == 1 && px.allocated == 8 && px.stored == 8
       && px.high_bit == 7 && px.frames == 1
       && px.photometric == PACS_PI_MONO2, "pixel description");
    im.stored = im.high_bit = -1;
    begin_native(&im, 16);
    ok(locate() == PACS_OK && px.stored == 8 && px.high_bit == 7,
       "without Bits Stored and High Bit");

#define IMPOSSIBLE(field, value, text)                                        \
    im = grey; im.field = value; is_impossible(im, text)

    IMPOSSIBLE(rows, -1, "Rows (0028,0010) is missing");
    IMPOSSIBLE(rows, 0, "Rows (0028,0010) is 0");
    IMPOSSIBLE(columns, -1, "Columns (0028,0011) is missing");
    IMPOSSIBLE(columns, 65535, "too short");
    IMPOSSIBLE(samples, -1, "Samples per Pixel (0028,0002) is missing");
    IMPOSSIBLE(samples, 3, "Samples per Pixel (0028,0002) is 3 for MONO");
    IMPOSSIBLE(allocated, -1, "Bits Allocated (0028,0100) is missing");
    IMPOSSIBLE(allocated, 7, "Bits Stored (0028,0101) is 8");
    IMPOSSIBLE(allocated, 12, "12 bits allocated");
    IMPOSSIBLE(stored, 9, "Bits Stored (0028,0101) is 9");
    IMPOSSIBLE(high_bit, 31, "High Bit (0028,0102) is 31");
    IMPOSSIBLE(high_bit, 3, "High Bit (0028,0102) is 3");
    IMPOSSIBLE(photometric, NULL, "Interpretation (0028,0004) is missing");
    IMPOSSIBLE(photometric, "BOGUS", "Interpretation (0028,0004) is 'BOGUS'");
    IMPOSSIBLE(frames, -1, "Number of Frames (0028,0008) is -1");
    IMPOSSIBLE(frames, 0, "Number of Frames (0028,0008) is 0");
    IMPOSSIBLE(frames, 2147483647, "more than limit frames (1000000)");
    IMPOSSIBLE(frames_text, "99999999999", "99999999999");
    IMPOSSIBLE(frames_text, "1A", "'1A'");

    im = grey;
    im.rows = im.columns = 65535;
    im.allocated = im.stored = 16;
    im.high_bit = 15;
    is_impossible(im, "limit frame (536870912");

    px = (pacs_pixels_t) { .rows = UINT32_MAX, .columns = UINT32_MAX,
                           .samples = 4, .allocated = 64, .stored = 64 };
    ok(pacs_frame_bytes(&px, &pacs_limits_default, &bytes, NULL)
       == PACS_E_LIMIT, "no overflow in the size of a frame");
    px = (pacs_pixels_t) { .rows = 3, .columns = 5, .samples = 1,
                           .allocated = 1, .stored = 1 };
    ok(pacs_frame_bytes(&px, &pacs_limits_default, &bytes, NULL) == PACS_OK
       && bytes == 15, "1-bit pixels are decoded to bytes");
}


int
main(void)
{
    test_native();
    test_tables();
    test_extended();
    test_no_table();
    test_pack();
    test_pixels();

    pacs_arena_destroy(arena);
    pacs_buf_free(&file);
    return done();
}
