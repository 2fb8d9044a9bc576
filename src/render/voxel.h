/* SPDX-License-Identifier: BSD-2-Clause */

/* volumes: what the files of volume.h say to each other; not for other
 * rooms.  Places are in voxels ("index"): (0, 0, 0) is the first centre. */

#ifndef PACS_RENDER_VOXEL_H
#define PACS_RENDER_VOXEL_H

#include <string.h>

#include "render/pipeline.h"
#include "render/volume.h"

typedef float     pacs_v4f_t __attribute__((vector_size(16)));
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
    uint16_t *seen;             /* how many entries before this one are not
                                   transparent; SIZE + 1 */
} pacs_transfer_t;

int pacs_transfer_open(const pacs_volume_t *v, const pacs_preset_t *preset,
    double step_mm, pacs_transfer_t *t, pacs_err_t *err);
void pacs_transfer_close(pacs_transfer_t *t);
/* false: every voxel of min .. max is transparent */
bool pacs_transfer_shows(const pacs_transfer_t *t, pacs_brick_t range);


/* --- camera.c: rays through a volume, many threads --- */

typedef struct pacs_cast_s  pacs_cast_t;

/* samples m = 0 .. n - 1 lie at from + m * by, in voxels (along k: steps) */
typedef struct {
    pacs_v4f_t  from, by;
    uint32_t    n;
    float       last;           /* the share of a step that the last one has */
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
    pacs_v4f_t            max;          /* just below the last centres */
    bool                  mean, least;  /* of a projection; or: greatest */
    pacs_transfer_t       transfer;
    const uint8_t        *shows;        /* of each brick: not transparent */
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


/* the voxel at p and its seven next neighbours, weighed */
static inline float
pacs_trilinear(const int16_t *p, size_t row, size_t slice, float x, float y,
    float z)
{
    pacs_v4u_t  pairs = { pacs_pair(p), pacs_pair(p + row),
                          pacs_pair(p + slice), pacs_pair(p + slice + row) };
    pacs_v4f_t  left = __builtin_convertvector(
                           (pacs_v4i_t) (pairs << 16) >> 16, pacs_v4f_t);
    pacs_v4f_t  right = __builtin_convertvector((pacs_v4i_t) pairs >> 16,
                                                pacs_v4f_t);
    pacs_v4f_t  mid = left + x * (right - left);
    float       a = mid[0] + y * (mid[1] - mid[0]);
    float       b = mid[2] + y * (mid[3] - mid[2]);

    return a + z * (b - a);
}

#endif
