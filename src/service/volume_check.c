/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A picture shows voxels that were written by a builder, and by nobody else
 * since: each use looks at the checksums of the tiles that it reads.  All of
 * a volume of 150 MB takes some 20 ms, what a plane meets a millisecond.
 */

#include <math.h>

#include "service/volume.h"

enum { SIDE = PACS_TILE_SIDE, THREADS = 8, SLICES = 16 };

#define NEAR  1e-3          /* mm */


static uint32_t
tiles_along(uint32_t voxels)
{
    return (voxels + SIDE - 1) / SIDE;
}


size_t
pacs_voxels_tiles(const uint32_t n[3])
{
    return (size_t) tiles_along(n[0]) * tiles_along(n[1]);
}


static uint32_t
least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}


static uint32_t
tile_sum(const uint32_t n[3], uint32_t k, const int16_t *slice, uint32_t tx,
    uint32_t ty)
{
    uint32_t  x = tx * SIDE, y = ty * SIDE;
    size_t    row = n[0] * sizeof(*slice);

    return pacs_sum_rows((k << 16) + (ty << 8) + tx,
                         slice + (size_t) y * n[0] + x,
                         least(SIDE, n[0] - x) * sizeof(*slice), row,
                         least(SIDE, n[1] - y));
}


void
pacs_voxels_sums(const uint32_t n[3], uint32_t k, const int16_t *slice,
    uint32_t *sums)
{
    for (uint32_t ty = 0; ty < tiles_along(n[1]); ty++) {
        for (uint32_t tx = 0; tx < tiles_along(n[0]); tx++) {
            *sums++ = tile_sum(n, k, slice, tx, ty);
        }
    }
}


uint32_t
pacs_voxels_slot(const uint32_t n[3], uint32_t k, const pacs_slot_t *slot,
    const pacs_brick_t *bricks, const uint32_t *sums)
{
    const int16_t  range[2] = { slot->min, slot->max };
    uint32_t       sum = pacs_sum(k, range, sizeof(range));

    sum = pacs_sum(sum, bricks, pacs_brick_count(n) * sizeof(*bricks));
    return pacs_sum(sum, sums, pacs_voxels_tiles(n) * sizeof(*sums));
}


/* --- which tiles --- */

/* points between two parallel planes: lo <= axis * p <= hi */
typedef struct { double axis[3], lo, hi; } layer_t;

typedef struct {
    const pacs_voxels_t  *v;
    layer_t               layers[3];
    unsigned              nlayers;      /* 0: all */
} reach_t;


static double
dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}


static void
add_layer(reach_t *r, const double axis[3], const double from[3],
    double before, double behind)
{
    layer_t *l = &r->layers[r->nlayers++];
    double   length = sqrt(dot(axis, axis));

    for (int d = 0; d < 3; d++) {
        l->axis[d] = axis[d] / length;
    }
    l->lo = dot(l->axis, from) - before - NEAR;
    l->hi = dot(l->axis, from) + behind + NEAR;
}


/* the box that the picture's pixels and their slab fill; what is not at
 * right angles is wider */
static reach_t
reach_of(const pacs_voxels_t *v, const pacs_plane_t *p)
{
    reach_t  r = { .v = v };

    if (p == NULL) {
        return r;
    }

    double  width = sqrt(dot(p->right, p->right)) * p->width;
    double  height = sqrt(dot(p->down, p->down)) * p->height;
    double  skew = fabs(dot(p->right, p->down)) * p->width * p->height;
    double  normal[3] = {
        p->right[1] * p->down[2] - p->right[2] * p->down[1],
        p->right[2] * p->down[0] - p->right[0] * p->down[2],
        p->right[0] * p->down[1] - p->right[1] * p->down[0]
    };

    if (!(width > 0) || !(height > 0) || !(dot(normal, normal) > 0)) {
        return r;
    }

    add_layer(&r, normal, p->origin, p->slab / 2, p->slab / 2);
    add_layer(&r, p->right, p->origin, skew / width, width + skew / width);
    add_layer(&r, p->down, p->origin, skew / height, height + skew / height);
    return r;
}


/* slices reach to their neighbours, and rows and columns of voxels too */
static double
depth_of(const pacs_volume_t *v, uint32_t k)
{
    double  before = 1, behind = 1;

    if (v->at != NULL && v->n[2] > 1) {
        before = k > 0 ? (double) v->at[k] - v->at[k - 1] : 1;
        behind = k + 1 < v->n[2] ? (double) v->at[k + 1] - v->at[k] : before;
        before = k > 0 ? before : behind;
    }
    return fmax(before, behind);
}


/* how far the box around a tile of slice k reaches along each layer's axis,
 * and where its first voxel lies */
typedef struct { double start, along[2], radius; } span_t;

static void
spans_of(const reach_t *r, uint32_t k, span_t spans[3])
{
    const pacs_volume_t *v = &r->v->volume;
    double               place = v->at != NULL ? (double) v->at[k] : k;
    double               half = (SIDE - 1) / 2.0;

    for (unsigned i = 0; i < r->nlayers; i++) {
        const double *axis = r->layers[i].axis;
        double        x = dot(axis, v->step[0]), y = dot(axis, v->step[1]);
        double        z = dot(axis, v->step[2]);

        spans[i] = (span_t) {
            .start = dot(axis, v->origin) + z * place + (x + y) * half,
            .along = { x * SIDE, y * SIDE },
            .radius = (fabs(x) + fabs(y)) * (half + 1)
                      + fabs(z) * depth_of(v, k)
        };
    }
}


static inline bool
meets(const reach_t *r, const span_t spans[3], uint32_t tx, uint32_t ty)
{
    for (unsigned i = 0; i < r->nlayers; i++) {
        double  at = spans[i].start + spans[i].along[0] * tx
                     + spans[i].along[1] * ty;

        if (at + spans[i].radius < r->layers[i].lo
            || at - spans[i].radius > r->layers[i].hi)
        {
            return false;
        }
    }
    return true;
}


static bool
slice_is_right(const reach_t *r, uint32_t k)
{
    const pacs_voxels_t *v = r->v;
    const uint32_t      *n = v->volume.n;
    const uint32_t      *sums = v->sums + k * pacs_voxels_tiles(n);
    const int16_t       *slice = v->volume.voxels + (size_t) k * n[0] * n[1];
    span_t               spans[3];

    if (pacs_voxels_slot(n, k, &v->slots[k],
                         v->volume.bricks + k * pacs_brick_count(n), sums)
        != v->slots[k].sum)
    {
        return false;
    }

    spans_of(r, k, spans);

    for (uint32_t ty = 0; ty < tiles_along(n[1]); ty++) {
        for (uint32_t tx = 0; tx < tiles_along(n[0]); tx++, sums++) {
            if (meets(r, spans, tx, ty)
                && tile_sum(n, k, slice, tx, ty) != *sums)
            {
                return false;
            }
        }
    }
    return true;
}


/* --- by several threads --- */

typedef struct {
    const reach_t  *reach;
    uint32_t        first, end;
    bool            right;
    pthread_t       thread;
} share_t;


static void *
run(void *data)
{
    share_t *s = data;

    s->right = true;
    for (uint32_t k = s->first; s->right && k < s->end; k++) {
        s->right = slice_is_right(s->reach, k);
    }
    return NULL;
}


bool
pacs_voxels_right(const pacs_voxels_t *v, uint32_t first, uint32_t last,
    const pacs_plane_t *plane, unsigned threads)
{
    reach_t   reach = reach_of(v, plane);
    share_t   shares[THREADS];
    bool      apart[THREADS] = { false }, right = true;
    uint32_t  all = last - first + 1, n = all / SLICES;

    n = reach.nlayers != 0 || n < 1 ? 1 : least(least(n, threads), THREADS);

    for (uint32_t i = 0; i < n; i++) {
        share_t *s = &shares[i];

        *s = (share_t) { .reach = &reach, .first = first + all / n * i,
                         .end = i + 1 < n ? first + all / n * (i + 1)
                                          : last + 1 };

        /* the last one, and those that get no thread, are done here */
        apart[i] = i + 1 < n
                   && pthread_create(&s->thread, NULL, run, s) == 0;
        if (!apart[i]) {
            run(s);
        }
    }

    for (uint32_t i = 0; i < n; i++) {
        if (apart[i]) {
            pthread_join(shares[i].thread, NULL);
        }
        right = right && shares[i].right;
    }
    return right;
}
