/* SPDX-License-Identifier: BSD-2-Clause */

/* decoded values into the frame: depth, sign, place, colour */

#include "codec/decoder.h"


/*
 * Streams differ in what they carry: the bits stored only, or the whole
 * cell with the bits stored somewhere in it.  Where the stream is narrower
 * than Bits Stored says, its own top bit is the sign.
 */

#define PUT(name, in_t, out_t, wide_t, swide_t)                               \
PACS_VECTORIZE static void                                                    \
name(void *dst, size_t dst_step, const void *src, size_t src_step, size_t n,  \
    unsigned shift, unsigned bits, bool is_signed)                            \
{                                                                             \
    const in_t  *s = src;                                                     \
    out_t       *d = dst;                                                     \
    unsigned     up = sizeof(wide_t) * 8 - bits;                              \
                                                                              \
    if (is_signed) {                                                          \
        for (size_t i = 0; i < n; i++) {                                      \
            wide_t  v = (wide_t) s[i * src_step] >> shift << up;              \
            d[i * dst_step] = (out_t) ((swide_t) v >> up);                    \
        }                                                                     \
        return;                                                               \
    }                                                                         \
                                                                              \
    for (size_t i = 0; i < n; i++) {                                          \
        wide_t  v = (wide_t) s[i * src_step] >> shift << up;                  \
        d[i * dst_step] = (out_t) (v >> up);                                  \
    }                                                                         \
}

PUT(put_1_1, uint8_t, uint8_t, uint32_t, int32_t)
PUT(put_1_2, uint8_t, uint16_t, uint32_t, int32_t)
PUT(put_1_4, uint8_t, uint32_t, uint32_t, int32_t)
PUT(put_2_1, uint16_t, uint8_t, uint32_t, int32_t)
PUT(put_2_2, uint16_t, uint16_t, uint32_t, int32_t)
PUT(put_2_4, uint16_t, uint32_t, uint32_t, int32_t)
PUT(put_4_1, uint32_t, uint8_t, uint32_t, int32_t)
PUT(put_4_2, uint32_t, uint16_t, uint32_t, int32_t)
PUT(put_4_4, uint32_t, uint32_t, uint32_t, int32_t)

typedef void (*put_fn)(void *dst, size_t dst_step, const void *src,
    size_t src_step, size_t n, unsigned shift, unsigned bits, bool is_signed);

static const put_fn  put_table[5][5] = {
    [1] = { [1] = put_1_1, [2] = put_1_2, [4] = put_1_4 },
    [2] = { [1] = put_2_1, [2] = put_2_2, [4] = put_2_4 },
    [4] = { [1] = put_4_1, [2] = put_4_2, [4] = put_4_4 },
};


#define SATURATE(name, cell_t, scell_t)                                       \
static void                                                                   \
name(void *data, size_t step, size_t n, unsigned bits, bool is_signed)        \
{                                                                             \
    cell_t         *p = data;                                                 \
    const int64_t   min = is_signed ? -(INT64_C(1) << (bits - 1)) : 0;        \
    const int64_t   max = min + (INT64_C(1) << bits) - 1;                     \
                                                                              \
    for (size_t i = 0; i < n; i++, p += step) {                               \
        int64_t  v = is_signed ? (int64_t) (scell_t) *p : (int64_t) *p;       \
                                                                              \
        *p = (cell_t) (v < min ? min : v > max ? max : v);                    \
    }                                                                         \
}

SATURATE(saturate_1, uint8_t, int8_t)
SATURATE(saturate_2, uint16_t, int16_t)
SATURATE(saturate_4, uint32_t, int32_t)

static void (*const saturate_table[5])(void *data, size_t step, size_t n,
    unsigned bits, bool is_signed) =
{
    [1] = saturate_1, [2] = saturate_2, [4] = saturate_4
};


/*
 * Bits above the stored ones are an overlay's in a lossless stream; in a
 * lossy one they are values a little too large, which must not wrap.
 */
void
pacs_decode_put(decode_job_t *job, unsigned sample, size_t first, size_t n,
    const decode_run_t *run)
{
    const pacs_pixels_t  *px = &job->px;
    unsigned              shift = 0;
    size_t                at = (first * px->samples + sample) * job->cell;

    if (run->precision > px->high_bit) {
        shift = px->high_bit + 1 - px->stored;
    }

    unsigned  bits = run->precision - shift;
    bool      wide = bits > px->stored;

    if (wide && !job->lossy) {
        bits = px->stored;
    }

    put_table[run->cell][job->cell](job->out + at, px->samples, run->data,
                                    run->step, n, shift, bits, px->is_signed);

    if (wide && job->lossy) {
        saturate_table[job->cell](job->out + at, px->samples, n, px->stored,
                                  px->is_signed);
    }
}


static inline int
clamp(int v, int max)
{
    return v < 0 ? 0 : v > max ? max : v;
}


/* 16.16 fixed point, rounded as libjpeg does */

#define YBR(name, cell_t, wide_t)                                             \
static void                                                                   \
name(cell_t *p, size_t n, unsigned bits)                                      \
{                                                                             \
    const int  max = (int) ((1U << bits) - 1), mid = 1 << (bits - 1);         \
                                                                              \
    for (size_t i = 0; i < n; i++, p += 3) {                                  \
        int     y = p[0];                                                     \
        wide_t  cb = (wide_t) p[1] - mid, cr = (wide_t) p[2] - mid;           \
                                                                              \
        p[0] = clamp(y + (int) ((91881 * cr + 32768) >> 16), max);            \
        p[1] = clamp(y + (int) ((-22554 * cb - 46802 * cr + 32768) >> 16),    \
                     max);                                                    \
        p[2] = clamp(y + (int) ((116130 * cb + 32768) >> 16), max);           \
    }                                                                         \
}

YBR(ybr_8, uint8_t, int32_t)
YBR(ybr_16, uint16_t, int64_t)


void
pacs_decode_ybr(decode_job_t *job)
{
    size_t  n = (size_t) job->px.rows * job->px.columns;

    if (job->cell == 1) {
        ybr_8(job->out, n, job->px.stored);
    } else {
        ybr_16((uint16_t *) (void *) job->out, n, job->px.stored);
    }
}


int
pacs_decode_colour(decode_job_t *job, const char *what, pacs_err_t *err)
{
    switch (job->px.samples == 3 ? job->px.photometric : PACS_PI_RGB) {
    case PACS_PI_YBR_FULL:
    case PACS_PI_YBR_FULL_422:
        job->ybr = true;
        break;
    case PACS_PI_YBR_PARTIAL_420:
    case PACS_PI_YBR_PARTIAL_422:
    case PACS_PI_YBR_ICT:
    case PACS_PI_YBR_RCT:
        return pacs_fail(err, PACS_E_UNSHOWABLE, "%s cannot have this "
                         "Photometric Interpretation", what);
    }
    return PACS_OK;
}
