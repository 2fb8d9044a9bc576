/* SPDX-License-Identifier: BSD-2-Clause */

/* bricks: the least and the greatest voxel of cubes, for rays to pass those
 * that show nothing.  Kept slice by slice, so that slices may come in any
 * order; joined to cubes for each call, which reads a 32nd of the bytes that
 * the voxels have. */

#include <stdlib.h>

#include "render/voxel.h"

enum { SIDE = PACS_BRICK_SIDE };


static uint32_t
bricks_along(uint32_t voxels)
{
    return (voxels + SIDE - 1) / SIDE;
}


size_t
pacs_brick_count(const uint32_t n[3])
{
    return (size_t) bricks_along(n[0]) * bricks_along(n[1]);
}


static inline void
join(pacs_brick_t *to, int16_t min, int16_t max)
{
    to->min = min < to->min ? min : to->min;
    to->max = max > to->max ? max : to->max;
}


/* the range of each of n columns of `rows` rows */
PACS_VECTORIZE
static void
columns(const int16_t *restrict p, size_t row, uint32_t n, uint32_t rows,
    int16_t *restrict min, int16_t *restrict max)
{
    memcpy(min, p, n * sizeof(*min));
    memcpy(max, p, n * sizeof(*max));
    for (uint32_t y = 1; y < rows; y++) {
        p += row;
        for (uint32_t x = 0; x < n; x++) {
            min[x] = p[x] < min[x] ? p[x] : min[x];
            max[x] = p[x] > max[x] ? p[x] : max[x];
        }
    }
}


static uint32_t
least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}


void
pacs_brick_slice(const uint32_t n[3], const int16_t *slice, pacs_brick_t *out)
{
    /* a stretch of a row at a time, whole bricks and one voxel more */
    enum { STRETCH = 64 * SIDE };
    int16_t  min[STRETCH + 1], max[STRETCH + 1];

    for (uint32_t y = 0; y < n[1]; y += SIDE) {
        uint32_t  rows = least(SIDE + 1, n[1] - y);

        for (uint32_t x = 0; x < n[0]; x += STRETCH) {
            uint32_t  wide = least(STRETCH + 1, n[0] - x);

            columns(slice + (size_t) y * n[0] + x, n[0], wide, rows, min, max);
            for (uint32_t i = 0; i < least(STRETCH, n[0] - x); i += SIDE) {
                pacs_brick_t  b = { min[i], max[i] };

                for (uint32_t k = i; k < least(i + SIDE + 1, wide); k++) {
                    join(&b, min[k], max[k]);
                }
                *out++ = b;
            }
        }
    }
}


/* the ranges of slice k become part of those of a layer of bricks */
static void
add_slice(const pacs_volume_t *v, uint32_t k, size_t count,
    pacs_brick_t *room, pacs_brick_t *layer)
{
    const pacs_brick_t  *of = room;

    if (!pacs_slice_ready(v, k)) {
        return;
    }
    if (v->bricks != NULL) {
        of = v->bricks + k * count;
    } else {
        pacs_brick_slice(v->n, v->voxels + (size_t) v->n[0] * v->n[1] * k,
                         room);
    }
    for (size_t i = 0; i < count; i++) {
        join(&layer[i], of[i].min, of[i].max);
    }
}


int
pacs_bricks_open(const pacs_volume_t *v, pacs_bricks_t *b, pacs_err_t *err)
{
    size_t         count = pacs_brick_count(v->n), all;
    pacs_brick_t  *room;

    for (int d = 0; d < 3; d++) {
        b->n[d] = bricks_along(v->n[d]);
    }
    all = count * b->n[2];
    b->of = malloc((all + count) * sizeof(*b->of));
    if (b->of == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for bricks");
    }

    room = b->of + all;
    for (size_t i = 0; i < all; i++) {
        b->of[i] = (pacs_brick_t) { INT16_MAX, INT16_MIN };
    }
    for (uint32_t k = 0; k < v->n[2]; k++) {
        pacs_brick_t  *layer = b->of + k / SIDE * count;

        add_slice(v, k, count, room, layer);
        if (k % SIDE == 0 && k > 0) {
            add_slice(v, k, count, room, layer - count);
        }
    }
    return PACS_OK;
}


void
pacs_bricks_close(pacs_bricks_t *b)
{
    free(b->of);
}
