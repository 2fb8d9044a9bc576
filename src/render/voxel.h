/* SPDX-License-Identifier: BSD-2-Clause */

/* volumes: what the files of volume.h say to each other; not for other
 * rooms.  Places are in voxels ("index"): (0, 0, 0) is the first centre. */

#ifndef PACS_RENDER_VOXEL_H
#define PACS_RENDER_VOXEL_H

#include <string.h>

#include "render/pipeline.h"
#include "render/volume.h"

typedef int32_t   pacs_v4i_t __attribute__((vector_size(16)));
typedef uint32_t  pacs_v4u_t __attribute__((vector_size(16)));


/* --- grid.c: a volume whose geometry has been checked --- */

typedef struct {
    const pacs_volume_t  *v;
    double                inverse[3][3];    /* row d: mm -> index along d */
    double                shortest;         /* mm: of the three steps */
    double                lo[3], hi[3];     /* where the volume ends; along k
                                               in steps, see v->at */
    size_t                row, slice;       /* voxels to the next one; 0:
                                               there is only one */
    bool                  even;             /* no `at`, and all is ready */
} pacs_grid_t;

int pacs_grid_open(const pacs_volume_t *v, pacs_grid_t *g, pacs_err_t *err);
/* mm -> index; a direction: no origin */
void pacs_grid_place(const pacs_grid_t *g, const double mm[3], double at[3]);
void pacs_grid_direction(const pacs_grid_t *g, const double mm[3],
    double at[3]);
/* steps along k -> slices; hint: from 0, kept from call to call */
double pacs_grid_slice(const pacs_grid_t *g, double steps, uint32_t *hint);
/* cuts *t0 .. *t1 to where at + t * step lies in lo .. hi; false: nowhere */
bool pacs_clip(const double lo[3], const double hi[3], const double at[3],
    const double step[3], double *t0, double *t1);
/* whether the slices around are there; a place all but on a slice is moved
 * onto it, and needs no other */
bool pacs_grid_ready(const pacs_grid_t *g, double *slice);

static inline bool
pacs_slice_ready(const pacs_volume_t *v, uint32_t k)
{
    return v->ready == NULL
           || atomic_load_explicit(&v->ready[k], memory_order_acquire);
}

/* out[x], x = *first .. *end - 1, at index at + x * step; other x are left as
 * they are; NaN: not ready */
void pacs_grid_row(const pacs_grid_t *g, const double at[3],
    const double step[3], uint32_t n, uint32_t *first, uint32_t *end,
    float *out);


/* --- slab.c: values along a normal, become one --- */

typedef struct {
    pacs_slab_e  mode;
    unsigned     n;             /* samples */
    double       first, step;   /* mm from the plane */
    float       *sum;           /* of a row: so far */
    float       *count;         /* mean: of what */
    float       *row;           /* work space */
} pacs_slab_t;

/* allocates for rows of n pixels */
int pacs_slab_open(const pacs_grid_t *g, pacs_slab_e mode, double mm,
    uint32_t n, pacs_slab_t *s, pacs_err_t *err);
void pacs_slab_close(pacs_slab_t *s);
/* one row of n pixels, normal of length 1 mm, both as index; NaN outside */
void pacs_slab_row(const pacs_grid_t *g, pacs_slab_t *s, const double at[3],
    const double step[3], const double normal[3], uint32_t n, float *out);


/* --- bricks.c: cubes of SIDE voxels, for rays to pass --- */

enum { PACS_BRICK_SIDE = 8 };

typedef struct {
    uint32_t       n[3];
    pacs_brick_t  *of;          /* of what lies between the centres of a
                                   brick's first and the next one's first
                                   voxels; min > max: no slice is ready */
} pacs_bricks_t;

int pacs_bricks_open(const pacs_volume_t *v, pacs_bricks_t *b,
    pacs_err_t *err);
void pacs_bricks_close(pacs_bricks_t *b);


/* --- transfer.c: from a voxel to what a ray sees of it --- */

enum { PACS_TRANSFER_SIZE = 4096 };

typedef struct {
    float     scale, offset;    /* voxel * scale + offset: entry */
    float   (*entry)[4];        /* red, green, blue: 0..255; opacity of one
                                   step of the ray */
    /* SIZE + 1: how many entries before this one are not transparent, and
     * how many of them are more than thin, or than faint */
    uint16_t *seen, *dense, *thick;
} pacs_transfer_t;

int pacs_transfer_open(const pacs_volume_t *v, const pacs_preset_t *preset,
    double step_mm, pacs_transfer_t *t, pacs_err_t *err);
void pacs_transfer_close(pacs_transfer_t *t);
/* what voxels of min .. max can be at most */
typedef enum { PACS_CLEAR, PACS_FAINT, PACS_THIN, PACS_DENSE } pacs_sight_e;
pacs_sight_e pacs_transfer_sight(const pacs_transfer_t *t,
    pacs_brick_t range);


/* --- camera.c: rays through a volume, many threads --- */

typedef struct pacs_cast_s  pacs_cast_t;

/* from where it enters: at + t * by, in voxels (along k: steps), t = 0 ..
 * length; samples lie at t = m + 0.5, m = 0 .. n - 1 */
typedef struct {
    float       at[3], by[3], inverse[3];       /* 1 / by */
    float       length;
    uint32_t    n;
    uint32_t    hint;           /* for pacs_grid_slice */
} pacs_ray_t;

struct pacs_cast_s {
    pacs_grid_t           g;
    pacs_bricks_t         bricks;
    float                *edges;        /* of the bricks along k, in steps */
    const pacs_camera_t  *c;
    double                right[3], down[3], view[3], first[3]; /* mm */
    double                step;         /* mm from sample to sample */
    /* the same, in voxels a pixel and a sample */
    double                at[3], i_right[3], i_down[3], i_view[3];
    void                (*pixel)(const pacs_cast_t *cast, pacs_ray_t *r,
                                 size_t pixel);
    void                 *out;
    float                 max[3];       /* just below the last centres */
    bool                  mean, least;  /* of a projection; or: greatest */
    pacs_transfer_t       transfer;
    uint8_t              *shows;        /* of each brick, see showing() */
    /* of voxels a step along i, j, k -> a mm right, down and into the
     * picture, where the lights are as well */
    float                 gradient[3][3], light[3], half[3];
    float                 faint;        /* a gradient that is hardly one */
};

int pacs_cast_open(const pacs_volume_t *v, const pacs_camera_t *c,
    const pacs_limits_t *limits, pacs_cast_t *cast, pacs_err_t *err);
void pacs_cast_close(pacs_cast_t *cast);
/* calls `pixel` for each, in c->threads threads; n is 0 where the ray meets
 * nothing */
void pacs_cast_run(pacs_cast_t *cast);


/* --- vectors, mm --- */

static inline double
pacs_dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}


static inline void
pacs_cross(const double a[3], const double b[3], double out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}


/* a + t * b */
static inline void
pacs_along(const double a[3], double t, const double b[3], double out[3])
{
    for (int d = 0; d < 3; d++) {
        out[d] = a[d] + t * b[d];
    }
}


/* finite and no longer than 10 km: what may be multiplied without care */
bool pacs_vector_sane(const double a[3]);
/* to length 1; false: it has none */
bool pacs_vector_unit(const double a[3], double out[3]);
/* of a picture, by limits->render_*, with `depth` samples a pixel */
int pacs_size_check(uint32_t width, uint32_t height, double depth,
    const pacs_limits_t *limits, pacs_err_t *err);


/* --- sampling --- */

/* voxels p[0] and p[1] */
static inline uint32_t
pacs_pair(const int16_t *p)
{
    uint32_t  pair;

    memcpy(&pair, p, sizeof(pair));
    return pair;
}


/* voxels as numbers: the left ones of four pairs, and the right ones */
#define pacs_left(pairs)                                                      \
    __builtin_convertvector((pacs_v4i_t) ((pairs) << 16) >> 16, pacs_v4f_t)
#define pacs_right(pairs)                                                     \
    __builtin_convertvector((pacs_v4i_t) (pairs) >> 16, pacs_v4f_t)


/* the voxel at p and its seven next neighbours, weighed */
static inline float
pacs_trilinear(const int16_t *p, size_t row, size_t slice, float x, float y,
    float z)
{
    pacs_v4u_t  pairs = { pacs_pair(p), pacs_pair(p + row),
                          pacs_pair(p + slice), pacs_pair(p + slice + row) };
    pacs_v4f_t  left = pacs_left(pairs);
    pacs_v4f_t  mid = left + x * (pacs_right(pairs) - left);
    float       a = mid[0] + y * (mid[1] - mid[0]);
    float       b = mid[2] + y * (mid[3] - mid[2]);

    return a + z * (b - a);
}


/* of four places the pairs at p[i] + skip, weighed */
static inline pacs_v4f_t
pacs_linear4(const int16_t *const p[4], size_t skip, pacs_v4f_t x)
{
    pacs_v4u_t  pairs = { pacs_pair(p[0] + skip), pacs_pair(p[1] + skip),
                          pacs_pair(p[2] + skip), pacs_pair(p[3] + skip) };
    pacs_v4f_t  left = pacs_left(pairs);

    return left + x * (pacs_right(pairs) - left);
}


/* pacs_trilinear at four places: half the work for each */
static inline pacs_v4f_t
pacs_trilinear4(const int16_t *const p[4], size_t row, size_t slice,
    pacs_v4f_t x, pacs_v4f_t y, pacs_v4f_t z)
{
    pacs_v4f_t  a = pacs_linear4(p, 0, x);
    pacs_v4f_t  b = pacs_linear4(p, slice, x);

    a += y * (pacs_linear4(p, row, x) - a);
    b += y * (pacs_linear4(p, slice + row, x) - b);
    return a + z * (b - a);
}

#endif
