/* SPDX-License-Identifier: BSD-2-Clause */

/* Samples as numbers: PS3.5 8.1.1, PS3.3 C.7.6.3.1. */

#include <math.h>
#include <string.h>

#include "render/pipeline.h"


static uint16_t
load16(const uint8_t *p)
{
    uint16_t  v;

    memcpy(&v, p, sizeof(v));
    return v;
}


static uint64_t
load(const pacs_raster_t *r, size_t at)
{
    uint64_t  v = 0;

    memcpy(&v, r->data + at * r->size, r->size);
    return v;
}


/* packed bits, the first pixel in the least significant one, PS3.5 8.2 */
static const uint8_t *
unpack_bits(const pacs_samples_t *s, size_t n, pacs_arena_t *a)
{
    const uint8_t  *in = s->data;
    uint8_t        *out = pacs_alloc(a, n);
    unsigned        swap = s->big_endian ? 1 : 0;

    for (size_t i = 0; out != NULL && i < n; i++) {
        uint64_t  bit = s->bit_offset + i;
        uint64_t  byte = (bit >> 3) ^ swap;

        out[i] = byte < s->len ? in[byte] >> (bit & 7) & 1 : 0;
    }
    return out;
}


/* bytes of 16-bit words (OW of 8-bit samples), or of wider samples */
static const uint8_t *
swap_bytes(const pacs_samples_t *s, size_t n, unsigned size, pacs_arena_t *a)
{
    const uint8_t  *in = s->data;
    uint8_t        *out = pacs_alloc(a, n);
    unsigned        last = (size == 1 ? 2 : size) - 1;

    for (size_t i = 0; out != NULL && i < n; i++) {
        size_t  from = i ^ last;

        out[i] = in[from < s->len ? from : i];
    }
    return out;
}


static int
check_bits(const pacs_pixels_t *px, pacs_raster_t *r, pacs_err_t *err)
{
    unsigned  bits = px->allocated;

    if (bits != 1 && bits != 8 && bits != 16 && bits != 32 && bits != 64) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "Bits Allocated %u", bits);
    }

    r->size = bits < 8 ? 1 : bits / 8;
    r->is_float = px->is_float != 0;
    if (r->is_float) {
        if (bits < 32) {
            return pacs_fail(err, PACS_E_UNSHOWABLE, "float of %u bits",
                             bits);
        }
        r->stored = bits;
        r->mask = UINT64_MAX;
        return PACS_OK;
    }

    if (px->stored == 0 || px->stored > bits) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "Bits Stored %u of %u allocated", px->stored, bits);
    }

    r->stored = px->stored;
    /* an impossible High Bit is taken for the usual one */
    r->shift = px->high_bit < bits && px->high_bit + 1 >= px->stored
               ? px->high_bit + 1 - px->stored : 0;
    r->mask = px->stored == 64 ? UINT64_MAX
                               : (UINT64_C(1) << px->stored) - 1;
    /* one signed bit has no positive value */
    r->is_signed = px->is_signed != 0 && px->stored > 1;
    r->sign = r->is_signed ? UINT64_C(1) << (px->stored - 1) : 0;
    r->narrow = px->stored <= 16;
    return PACS_OK;
}


static int
check_colour(const pacs_pixels_t *px, const pacs_samples_t *s,
    pacs_raster_t *r, pacs_err_t *err)
{
    unsigned  pi = px->photometric;

    if (pi == PACS_PI_UNKNOWN || pi >= PACS_PI_COUNT) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "unknown Photometric Interpretation");
    }

    unsigned  want = pi == PACS_PI_MONO1 || pi == PACS_PI_MONO2
                     || pi == PACS_PI_PALETTE ? 1 : 3;

    if (px->samples != want) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "Samples per Pixel %u, the "
                         "Photometric Interpretation has %u", px->samples,
                         want);
    }
    if ((want == 3 || pi == PACS_PI_PALETTE)
        && (r->is_float || px->allocated == 1))
    {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "colour of these samples");
    }
    if (pi == PACS_PI_PALETTE && !r->narrow) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "palette index of %u bits",
                         px->stored);
    }

    r->photometric = pi;
    r->samples = want;
    r->planar = want == 3 && px->planar == 1;
    /* files that say 4:2:2 and hold 4:4:4 tell by their length */
    r->half = (pi == PACS_PI_YBR_FULL_422 || pi == PACS_PI_YBR_PARTIAL_422)
              && px->allocated == 8 && !r->planar
              && s->len < (uint64_t) px->rows * px->columns * 3;
    return PACS_OK;
}


int
pacs_raster_open(const pacs_samples_t *s, pacs_arena_t *a, pacs_raster_t *r,
    pacs_err_t *err)
{
    const pacs_pixels_t  *px = &s->px;
    uint64_t              pixels, bytes, need;

    *r = (pacs_raster_t) { .rows = px->rows, .columns = px->columns };

    if (px->rows == 0 || px->columns == 0) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "image of %u x %u pixels",
                         px->columns, px->rows);
    }

    int  rc = check_bits(px, r, err);
    if (rc != PACS_OK) {
        return rc;
    }

    if (__builtin_mul_overflow((uint64_t) px->rows, px->columns, &pixels)
        || pixels > UINT64_MAX / 64 / 8)
    {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "image of %u x %u pixels",
                         px->columns, px->rows);
    }

    rc = check_colour(px, s, r, err);
    if (rc != PACS_OK) {
        return rc;
    }

    bytes = pixels * r->samples * r->size;
    if (r->half) {
        bytes = (uint64_t) (px->columns / 2 + px->columns % 2) * 4 * px->rows;
    }
    need = px->allocated == 1 ? (s->bit_offset + pixels + 7) / 8 : bytes;

    if (s->data == NULL || s->len < need) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "frame of %llu bytes, its "
                         "attributes ask for %llu",
                         (unsigned long long) s->len,
                         (unsigned long long) need);
    }

    r->data = px->allocated == 1 ? unpack_bits(s, pixels, a)
              : s->big_endian ? swap_bytes(s, bytes, r->size, a) : s->data;

    return r->data != NULL ? PACS_OK
           : pacs_fail(err, PACS_E_NOMEM, "rewriting a frame");
}


bool
pacs_raster_is_grey(const pacs_raster_t *r, const pacs_look_t *look)
{
    return (r->photometric == PACS_PI_MONO1
            || r->photometric == PACS_PI_MONO2)
           && !(r->narrow && look->palette[0].entries > 0
                && look->palette[1].entries > 0
                && look->palette[2].entries > 0);
}


double
pacs_raster_value(const pacs_raster_t *r, size_t at)
{
    const uint8_t  *p = r->data + at * r->size;

    if (r->is_float && r->size == 4) {
        float  f;
        memcpy(&f, p, sizeof(f));
        return f;
    }
    if (r->is_float) {
        double  d;
        memcpy(&d, p, sizeof(d));
        return d;
    }

    uint64_t  v = load(r, at) >> r->shift & r->mask;

    return r->is_signed ? (double) (int64_t) ((v ^ r->sign) - r->sign)
                        : (double) v;
}


/* smallest and largest of n values that are not in [lo, hi], as raw stored
 * values with the sign bit toggled, so that unsigned order is their order */
PACS_VECTORIZE
static bool
range16(const pacs_raster_t *r, size_t n, uint32_t lo, uint32_t hi,
    uint32_t *min, uint32_t *max)
{
    const uint8_t  *p = r->data;
    unsigned        shift = r->shift;
    uint16_t        mask = r->mask, sign = r->sign;
    uint16_t        least = 0xffff, most = 0;

    if (lo > hi) {
        for (size_t i = 0; i < n; i++) {
            uint16_t  v = ((uint16_t) (load16(p + 2 * i) >> shift) & mask)
                          ^ sign;
            least = v < least ? v : least;
            most = v > most ? v : most;
        }
        *min = least;
        *max = most;
        return n > 0;
    }

    bool  any = false;
    for (size_t i = 0; i < n; i++) {
        uint16_t  v = ((uint16_t) (load16(p + 2 * i) >> shift) & mask) ^ sign;

        if (v < lo || v > hi) {
            least = v < least ? v : least;
            most = v > most ? v : most;
            any = true;
        }
    }
    *min = least;
    *max = most;
    return any;
}


static bool
range_any(const pacs_raster_t *r, size_t n, const double *padding,
    double *min, double *max)
{
    double  least = INFINITY, most = -INFINITY;

    for (size_t i = 0; i < n; i++) {
        double  v = pacs_raster_value(r, i);

        if (!isfinite(v)
            || (padding != NULL && v >= padding[0] && v <= padding[1]))
        {
            continue;
        }
        least = v < least ? v : least;
        most = v > most ? v : most;
    }
    *min = least;
    *max = most;
    return least <= most;
}


bool
pacs_raster_range(const pacs_raster_t *r, const double *padding,
    double *min, double *max)
{
    size_t    n = (size_t) r->rows * r->columns * r->samples;
    uint32_t  low, high;

    if (r->asked != NULL) {
        *r->asked = true;
        return false;
    }
    if (r->range != NULL) {
        *min = r->range[0];
        *max = r->range[1];
        return *min <= *max;
    }
    if (!r->narrow || r->size != 2) {
        return range_any(r, n, padding, min, max);
    }

    /* padding clipped to what can be stored; 1..0 is none */
    int32_t  bias = (int32_t) r->sign;
    int64_t  lo = 1, hi = 0;
    if (padding != NULL) {
        lo = (int64_t) fmin(fmax(ceil(padding[0]) + bias, 0), 0x10000);
        hi = (int64_t) fmax(fmin(floor(padding[1]) + bias, 0xffff), -1);
        if (lo > hi) {
            lo = 1;
            hi = 0;
        }
    }

    if (!range16(r, n, (uint32_t) lo, (uint32_t) hi, &low, &high)) {
        return false;
    }
    *min = (double) low - bias;
    *max = (double) high - bias;
    return true;
}


static void
map_any(const pacs_raster_t *r, const uint8_t *table, size_t at, size_t n,
    uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = table[load(r, at + i) >> r->shift & r->mask];
    }
}


void
pacs_raster_map(const pacs_raster_t *r, const uint8_t *table, size_t at,
    size_t n, uint8_t *out)
{
    const uint8_t  *p = r->data + at * r->size;
    size_t          mask = r->mask;

    if (r->shift != 0 || r->size > 2) {
        map_any(r, table, at, n, out);
        return;
    }

    if (r->size == 1) {
        for (size_t i = 0; i < n; i++) {
            out[i] = table[p[i] & mask];
        }
        return;
    }

    /* four at once: a fifth faster */
    uint64_t  masks = mask * UINT64_C(0x0001000100010001);
    size_t    i = 0;

    for (; i + 4 <= n; i += 4) {
        uint64_t  v;

        memcpy(&v, p + 2 * i, sizeof(v));
        v &= masks;
        out[i] = table[v & 0xffff];
        out[i + 1] = table[v >> 16 & 0xffff];
        out[i + 2] = table[v >> 32 & 0xffff];
        out[i + 3] = table[v >> 48];
    }
    for (; i < n; i++) {
        out[i] = table[load16(p + 2 * i) & mask];
    }
}


PACS_VECTORIZE
static void
add8(const pacs_raster_t *r, const uint8_t *p, size_t n, float weight,
    float *acc)
{
    int32_t  mask = (int32_t) r->mask, sign = (int32_t) r->sign;
    int      shift = r->shift;

    for (size_t i = 0; i < n; i++) {
        int32_t  v = ((p[i] >> shift & mask) ^ sign) - sign;
        acc[i] += weight * (float) v;
    }
}


PACS_VECTORIZE
static void
add16(const pacs_raster_t *r, const uint8_t *p, size_t n, float weight,
    float *acc)
{
    int32_t  mask = (int32_t) r->mask, sign = (int32_t) r->sign;
    int      shift = r->shift;

    for (size_t i = 0; i < n; i++) {
        int32_t  v = ((load16(p + 2 * i) >> shift & mask) ^ sign) - sign;
        acc[i] += weight * (float) v;
    }
}


PACS_VECTORIZE
static void
sum16(const pacs_raster_t *r, const uint8_t *restrict p,
    const uint8_t *restrict q, size_t n, float one, float two,
    float *restrict acc)
{
    int32_t  mask = (int32_t) r->mask, sign = (int32_t) r->sign;
    int      shift = r->shift;

    for (size_t i = 0; i < n; i++) {
        int32_t  v = ((load16(p + 2 * i) >> shift & mask) ^ sign) - sign;
        int32_t  w = ((load16(q + 2 * i) >> shift & mask) ^ sign) - sign;
        acc[i] = one * (float) v + two * (float) w;
    }
}


void
pacs_raster_sum(const pacs_raster_t *r, const size_t at[2], size_t n,
    const float weights[2], float *acc)
{
    if (r->size == 2) {
        sum16(r, r->data + at[0] * 2, r->data + at[1] * 2, n, weights[0],
              weights[1], acc);
        return;
    }

    memset(acc, 0, n * sizeof(*acc));
    pacs_raster_add(r, at[0], n, weights[0], acc);
    pacs_raster_add(r, at[1], n, weights[1], acc);
}


void
pacs_raster_add(const pacs_raster_t *r, size_t at, size_t n, float weight,
    float *acc)
{
    const uint8_t  *p = r->data + at * r->size;

    if (r->size == 1) {
        add8(r, p, n, weight, acc);
        return;
    }
    if (r->size == 2) {
        add16(r, p, n, weight, acc);
        return;
    }

    for (size_t i = 0; i < n; i++) {
        acc[i] += weight * (float) pacs_raster_value(r, at + i);
    }
}


PACS_VECTORIZE
static void
valid16(const pacs_raster_t *r, const double padding[2], const uint8_t *p,
    size_t n, float weight, float *acc, float *share)
{
    int32_t  mask = (int32_t) r->mask, sign = (int32_t) r->sign;
    float    lo = (float) padding[0], hi = (float) padding[1];
    int      shift = r->shift;

    for (size_t i = 0; i < n; i++) {
        int32_t  raw = ((load16(p + 2 * i) >> shift & mask) ^ sign) - sign;
        float    v = (float) raw;
        float    w = ((v < lo) | (v > hi)) ? weight : 0;

        acc[i] += w * v;
        share[i] += w;
    }
}


void
pacs_raster_add_valid(const pacs_raster_t *r, const double padding[2],
    size_t at, size_t n, float weight, float *acc, float *share)
{
    if (r->narrow && r->size == 2) {
        valid16(r, padding, r->data + at * 2, n, weight, acc, share);
        return;
    }

    for (size_t i = 0; i < n; i++) {
        double  v = pacs_raster_value(r, at + i);

        if (isfinite((float) v) && (v < padding[0] || v > padding[1])) {
            acc[i] += weight * (float) v;
            share[i] += weight;
        }
    }
}
