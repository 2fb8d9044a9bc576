/* SPDX-License-Identifier: BSD-2-Clause */

/* The range of an instance's values, from its native frames. */

#include <math.h>

#include "render/pipeline.h"

enum {
    LARGEST = 0x00280107,
    MOST_BYTES = 64 * 1024 * 1024       /* what ingest may read again */
};


/* PET that is coded: from 0 to what the data set says is its largest value,
 * else to all that can be stored */
static void
guess(const pacs_dataset_t *ds, const pacs_pixels_t *px, pacs_look_t *look)
{
    double   most = exp2(px->stored - (px->is_signed ? 1 : 0)) - 1;
    int64_t  largest;

    if (pacs_elem_int(ds->root, LARGEST, 0, &largest) && largest > 0
        && (double) largest < most)
    {
        most = (double) largest;
    }

    look->has_range = 1;
    look->range[0] = fmin(0, pacs_look_value(look, 0, most));
    look->range[1] = fmax(0, pacs_look_value(look, 0, most));
}


/* images that say how they are to be shown need none, but PET, whose series
 * is to have one scale */
static bool
is_needed(const pacs_look_t *look, const pacs_frames_t *frames,
    const pacs_pixels_t *px)
{
    bool  known = look->voi_lut.entries > 0 || look->nwindows > 0;

    for (uint32_t i = 0; i < look->nframes; i++) {
        known = known || look->frames[i].width > 0;
    }

    return frames->native && px->samples == 1 && px->allocated % 8 == 0
           && px->stored > 8 && (look->one_scale || !known)
           && frames->stride_bits / 8 <= MOST_BYTES / px->frames;
}


static int
measure_frame(pacs_source_t *stream, uint64_t offset, pacs_samples_t *s,
    pacs_look_t *look, pacs_arena_t *a, pacs_err_t *err)
{
    uint8_t        *data = pacs_alloc(a, s->len);
    pacs_raster_t   r;

    if (data == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "range of a frame");
    }

    int  rc = pacs_source_exact(stream, offset, data, s->len, err);
    if (rc != PACS_OK) {
        return rc;
    }

    s->data = data;
    rc = pacs_raster_open(s, a, &r, err);
    if (rc == PACS_OK) {
        (void) pacs_look_range(&r, look, s->index);
    }
    return rc;
}


int
pacs_look_measure(pacs_source_t *stream, const pacs_frames_t *frames,
    const pacs_dataset_t *ds, const pacs_pixels_t *px,
    pacs_look_t *look, pacs_err_t *err)
{
    uint64_t        bytes = frames->stride_bits / 8;
    pacs_samples_t  s = { .px = *px, .len = bytes,
                          .big_endian = ds->syntax->big_endian };
    int             rc = PACS_OK;

    if (!is_needed(look, frames, px)) {
        if (look->one_scale && px->samples == 1 && !px->is_float) {
            guess(ds, px, look);
        }
        return PACS_OK;
    }

    pacs_look_t  wide = *look;

    for (s.index = 0; rc == PACS_OK && s.index < px->frames; s.index++) {
        pacs_arena_t  *a = pacs_arena_create(0);

        if (a == NULL) {
            return pacs_fail(err, PACS_E_NOMEM, "range of a frame");
        }
        rc = measure_frame(stream, frames->offset + s.index * bytes, &s,
                           &wide, a, err);
        pacs_arena_destroy(a);
    }

    if (rc == PACS_OK) {
        *look = wide;
    }
    /* what is wrong with the pixels is said to who asks for a picture */
    return rc == PACS_E_NOMEM || rc == PACS_E_IO ? rc : PACS_OK;
}
