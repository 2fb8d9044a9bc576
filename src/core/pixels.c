/* SPDX-License-Identifier: BSD-2-Clause */

/* a decoded frame, PS3.3 C.7.6.3 */

#include <inttypes.h>

#include "core/codec.h"


static bool
depth_ok(const pacs_pixels_t *px)
{
    switch (px->allocated) {
    case 1:
    case 8:
    case 16:
    case 32:
    case 64:
        return px->stored >= 1 && px->stored <= px->allocated;
    default:
        return false;
    }
}


int
pacs_frame_bytes(const pacs_pixels_t *px, const pacs_limits_t *limits,
    uint64_t *bytes, pacs_err_t *err)
{
    uint64_t  n = px->allocated == 1 ? 1 : px->allocated / 8;

    if (px->rows == 0 || px->columns == 0
        || (px->samples != 1 && px->samples != 3 && px->samples != 4)
        || !depth_ok(px))
    {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "impossible image: %" PRIu32
                         " rows, %" PRIu32 " columns, %u samples, %u bits "
                         "allocated, %u stored", px->rows, px->columns,
                         px->samples, px->allocated, px->stored);
    }

    if (__builtin_mul_overflow(n, (uint64_t) px->rows, &n)
        || __builtin_mul_overflow(n, (uint64_t) px->columns, &n)
        || __builtin_mul_overflow(n, (uint64_t) px->samples, &n)
        || n > (uint64_t) limits->frame)
    {
        return pacs_fail(err, PACS_E_LIMIT, "a frame of %" PRIu32 " x %" PRIu32
                         " x %u samples of %u bits is more than limit frame (%"
                         PRId64 " bytes)", px->rows, px->columns, px->samples,
                         px->allocated, limits->frame);
    }

    *bytes = n;
    return PACS_OK;
}


pacs_pixels_t
pacs_pixels_decoded(const pacs_pixels_t *px)
{
    pacs_pixels_t  out = *px;

    out.planar = 0;
    out.high_bit = px->stored - 1;
    if (px->allocated == 1) {
        out.allocated = 8;
    }
    if (px->samples == 3) {
        out.photometric = PACS_PI_RGB;
    }
    return out;
}
