/* SPDX-License-Identifier: BSD-2-Clause */

/* the pixel description of a data set, PS3.3 C.7.6.3 */

#include <inttypes.h>
#include <string.h>

#include "dicom/reader.h"

static const struct {
    const char  *name;
    uint8_t      samples;
} photometric[PACS_PI_COUNT] = {
    [PACS_PI_MONO1]           = { "MONOCHROME1", 1 },
    [PACS_PI_MONO2]           = { "MONOCHROME2", 1 },
    [PACS_PI_PALETTE]         = { "PALETTE COLOR", 1 },
    [PACS_PI_RGB]             = { "RGB", 3 },
    [PACS_PI_YBR_FULL]        = { "YBR_FULL", 3 },
    [PACS_PI_YBR_FULL_422]    = { "YBR_FULL_422", 3 },
    [PACS_PI_YBR_PARTIAL_420] = { "YBR_PARTIAL_420", 3 },
    [PACS_PI_YBR_PARTIAL_422] = { "YBR_PARTIAL_422", 3 },
    [PACS_PI_YBR_ICT]         = { "YBR_ICT", 3 },
    [PACS_PI_YBR_RCT]         = { "YBR_RCT", 3 }
};

enum { REQUIRED = 1, IMAGE_ONLY = 2 };      /* IMAGE_ONLY: not of floats */

typedef struct {
    uint32_t     tag;
    const char  *name;
    uint8_t      flags;
    uint16_t     min;
    size_t       offset;
    uint8_t      size;
} field_t;

#define FIELD(tag, name, flags, min, member)                                  \
    { tag, name, flags, min, offsetof(pacs_pixels_t, member),                 \
      sizeof(((pacs_pixels_t *) NULL)->member) }

static const field_t  fields[] = {
    FIELD(0x00280010, "Rows", REQUIRED, 1, rows),
    FIELD(0x00280011, "Columns", REQUIRED, 1, columns),
    FIELD(0x00280002, "Samples per Pixel", REQUIRED, 1, samples),
    FIELD(0x00280100, "Bits Allocated", REQUIRED, 1, allocated),
    FIELD(0x00280101, "Bits Stored", IMAGE_ONLY, 1, stored),
    FIELD(0x00280102, "High Bit", IMAGE_ONLY, 0, high_bit),
    FIELD(0x00280103, "Pixel Representation", IMAGE_ONLY, 0, is_signed),
    FIELD(0x00280006, "Planar Configuration", IMAGE_ONLY, 0, planar)
};


static void
field_set(const field_t *f, pacs_pixels_t *px, int64_t value)
{
    void      *to = (char *) px + f->offset;
    uint8_t    v8 = (uint8_t) value;
    uint16_t   v16 = (uint16_t) value;
    uint32_t   v32 = (uint32_t) value;

    memcpy(to, f->size == 1 ? (void *) &v8 : f->size == 2 ? (void *) &v16
               : (void *) &v32, f->size);
}


static int
field_read(const field_t *f, const pacs_item_t *item, pacs_pixels_t *px,
    pacs_err_t *err)
{
    int64_t  v, max = f->size == 1 ? 1 : 65535;

    if (px->is_float && (f->flags & IMAGE_ONLY)) {
        return PACS_OK;
    }

    if (!pacs_elem_int(item, f->tag, 0, &v)) {
        return (f->flags & REQUIRED) == 0 ? PACS_OK
               : pacs_fail(err, PACS_E_UNSHOWABLE, "%s " PACS_TAG_FMT
                           " is missing", f->name, pacs_tag_args(f->tag));
    }

    if (v < f->min || v > max) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "%s " PACS_TAG_FMT " is %"
                         PRId64, f->name, pacs_tag_args(f->tag), v);
    }

    field_set(f, px, v);
    return PACS_OK;
}


static int
read_photometric(const pacs_item_t *item, pacs_pixels_t *px, pacs_err_t *err)
{
    pacs_str_t  s = pacs_elem_raw(item, 0x00280004);
    uint8_t     i = PACS_PI_UNKNOWN + 1;

    while (i < PACS_PI_COUNT && !pacs_str_is(s, photometric[i].name)) {
        i++;
    }

    if (i == PACS_PI_COUNT) {
        return s.len == 0
               ? pacs_fail(err, PACS_E_UNSHOWABLE, "Photometric "
                           "Interpretation (0028,0004) is missing")
               : pacs_fail(err, PACS_E_UNSHOWABLE, "Photometric "
                           "Interpretation (0028,0004) is '%.*s'",
                           (int) (s.len < 64 ? s.len : 64), s.data);
    }
    if (photometric[i].samples != px->samples) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "Samples per Pixel "
                         "(0028,0002) is %u for %s", px->samples,
                         photometric[i].name);
    }

    px->photometric = i;
    return PACS_OK;
}


static int
read_frames(const pacs_item_t *item, const pacs_limits_t *limits,
    pacs_pixels_t *px, pacs_err_t *err)
{
    pacs_str_t  s = pacs_elem_raw(item, 0x00280008);
    int64_t     n = 1;

    if (s.len != 0 && !pacs_elem_int(item, 0x00280008, 0, &n)) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "Number of Frames "
                         "(0028,0008) is '%.*s'",
                         (int) (s.len < 64 ? s.len : 64), s.data);
    }
    if (n < 1) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "Number of Frames "
                         "(0028,0008) is %" PRId64, n);
    }
    if (n > limits->frames || n > UINT32_MAX) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "Number of Frames "
                         "(0028,0008) is %" PRId64 ", more than limit frames (%"
                         PRId64 ")", n, limits->frames);
    }

    px->frames = (uint32_t) n;
    return PACS_OK;
}


/* what may be left out, and what must fit together */
static int
check_bits(pacs_pixels_t *px, pacs_err_t *err)
{
    uint32_t  float_bits = px->allocated;

    if (px->stored == 0) {
        px->stored = px->allocated;
    }
    if (px->high_bit == UINT16_MAX) {
        px->high_bit = (uint16_t) (px->stored - 1);
    }

    if (px->is_float && float_bits != 32 && float_bits != 64) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "Bits Allocated (0028,0100) "
                         "is %u for floating point pixels", px->allocated);
    }
    if (px->stored > px->allocated) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "Bits Stored (0028,0101) is "
                         "%u, Bits Allocated (0028,0100) %u", px->stored,
                         px->allocated);
    }
    if (px->high_bit + 1u < px->stored || px->high_bit >= px->allocated) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "High Bit (0028,0102) is %u, "
                         "Bits Stored (0028,0101) %u, Bits Allocated "
                         "(0028,0100) %u", px->high_bit, px->stored,
                         px->allocated);
    }
    return PACS_OK;
}


int
pacs_dicom_pixels(const pacs_dataset_t *ds, const pacs_limits_t *limits,
    pacs_pixels_t *px, pacs_err_t *err)
{
    uint64_t    bytes;
    pacs_err_t  own = { 0 };
    int         rc = PACS_OK;

    *px = (pacs_pixels_t) { .high_bit = UINT16_MAX };

    if (ds->pixels == NULL) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "no Pixel Data (7FE0,0010)");
    }

    px->is_float = ds->pixels->tag != PACS_TAG_PIXELS;

    for (size_t i = 0;
         rc == PACS_OK && i < sizeof(fields) / sizeof(fields[0]); i++)
    {
        rc = field_read(&fields[i], ds->root, px, err);
    }
    if (rc == PACS_OK) {
        rc = read_photometric(ds->root, px, err);
    }
    if (rc == PACS_OK) {
        rc = read_frames(ds->root, limits, px, err);
    }
    if (rc == PACS_OK) {
        rc = check_bits(px, err);
    }
    if (rc == PACS_OK && pacs_frame_bytes(px, limits, &bytes, &own)) {
        rc = pacs_fail(err, PACS_E_UNSHOWABLE, "%s", own.text);
    }
    return rc;
}
