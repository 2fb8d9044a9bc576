/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Volumes: planes, slabs, curved planes and volume rendering of samples that
 * lie on a grid in space (PS3.18 8.3.5.3, 10.4 renderedmpr and rendered3d;
 * PS3.4 volumetric presentation states).  Pure and re-entrant, like the rest
 * of render: any number of threads may look at one volume.
 *
 * Space is the patient's (PS3.3 C.7.6.2.1.1): x to the left, y to the back,
 * z to the head, in mm.
 */

#ifndef PACS_RENDER_VOLUME_H
#define PACS_RENDER_VOLUME_H

#include <stdatomic.h>

#include "render/render.h"

/* the least and the greatest of a block of voxels of one slice */
typedef struct { int16_t min, max; } pacs_brick_t;

/* voxel (i, j, k) is voxels[(k * n[1] + j) * n[0] + i]; its centre lies at
 * origin + i * step[0] + j * step[1] + k * step[2]: a parallelepiped, so a
 * tilted gantry is no special case.  Irregular slices: `at`.
 * value = slope * voxel + intercept, in `unit` (HU, SUVbw, …).
 * The volume ends half a step beyond the outermost centres. */
typedef struct {
    uint32_t               n[3];        /* columns, rows (2 .. 65536 each),
                                           slices (1 .. 65536) */
    double                 origin[3];   /* mm */
    double                 step[3][3];  /* mm a voxel along i, j, k */
    const float           *at;          /* NULL, or of each slice its place
                                           along step[2], in steps, rising */
    const int16_t         *voxels;
    double                 slope, intercept;
    double                 min, max;    /* values */
    const atomic_uchar    *ready;       /* NULL, or n[2]: 0: not there yet,
                                           and read as `outside` */
    const pacs_brick_t    *bricks;      /* NULL: each call of render and
                                           project makes its own, or n[2] *
                                           pacs_brick_count(n), slice by slice:
                                           lets rays pass what is empty */
    char                   unit[17];    /* UCUM or "" */
} pacs_volume_t;

/* of one slice */
size_t pacs_brick_count(const uint32_t n[3]);
/* before the slice is `ready`; slices may be done in any order and thread */
void pacs_brick_slice(const uint32_t n[3], const int16_t *slice,
    pacs_brick_t *out);

typedef enum { PACS_SLAB_MEAN, PACS_SLAB_MAX, PACS_SLAB_MIN } pacs_slab_e;

/* a picture plane: the centre of pixel (0, 0) and the steps in mm from one
 * pixel to the next; slab: thickness in mm along the normal, half to each
 * side, 0: none.  A slab is sampled at distances no greater than the shortest
 * step of the volume, but at no more than 4096 places. */
typedef struct {
    double       origin[3], right[3], down[3];
    uint32_t     width, height;
    pacs_slab_e  mode;
    double       slab;
} pacs_plane_t;

/* values, trilinear, NaN outside: out[height * width].
 * PACS_E_ARG: no plane, no volume; PACS_E_LIMIT: limits->render_side and
 * render_area, or more than 64 * render_area samples in a slab */
int pacs_volume_plane(const pacs_volume_t *v, const pacs_plane_t *p,
    const pacs_limits_t *limits, float *out, pacs_err_t *err);

/* a curved plane: columns follow the line's n points (mm) at equal distances
 * of `pixel` mm, rows follow `down` (a direction), the line being the middle
 * row, (height - 1) / 2; columns beyond the line's end are NaN */
typedef struct {
    const double  (*points)[3];
    uint32_t        n;
    double          down[3];
    double          pixel;      /* mm, both ways */
    uint32_t        width, height;      /* width 0: the whole line */
    pacs_slab_e     mode;
    double          slab;
} pacs_curved_t;

int pacs_volume_curved(const pacs_volume_t *v, const pacs_curved_t *c,
    const pacs_limits_t *limits, pacs_arena_t *a, float **out,
    uint32_t *width, uint32_t *height, pacs_err_t *err);

/* --- volume rendering --- */

typedef struct {
    double   value;             /* of the volume's unit */
    uint8_t  rgb[3];
    double   opacity;           /* 0..1 a mm */
} pacs_stop_t;                  /* linear between, constant beyond */

typedef struct {
    const char         *name;   /* "ct-bone" */
    const char         *label;  /* "CT: bone" */
    const char         *modality;
    const pacs_stop_t  *stops;
    unsigned            nstops;
    bool                relative;   /* values 0..1 of the volume's range */
} pacs_preset_t;

extern const pacs_preset_t  pacs_presets[];         /* ends with name NULL */
const pacs_preset_t *pacs_preset(pacs_str_t name);  /* NULL: there is none */

/* parallel projection: the picture's centre is `centre`, view goes from the
 * eye into the picture, up upwards */
typedef struct {
    double                centre[3], view[3], up[3];
    double                pixel;            /* mm */
    uint32_t              width, height;
    const pacs_preset_t  *preset;           /* NULL: slab, of all along a ray */
    pacs_slab_e           slab;
    bool                  shaded;
    bool                  mirrored;         /* right is left */
    double                cut[2][3];        /* only inside this box, mm */
    bool                  has_cut;
    unsigned              threads;          /* 0: 1 */
} pacs_camera_t;

/* RGB, width * height * 3; black where there is nothing.  Samples lie a
 * shortest step of the volume apart, two or four where there is little to be
 * seen.
 * PACS_E_ARG, PACS_E_LIMIT: as pacs_volume_plane */
int pacs_volume_render(const pacs_volume_t *v, const pacs_camera_t *c,
    const pacs_limits_t *limits, uint8_t *out, pacs_err_t *err);
/* projection (preset NULL): values, NaN where the ray meets nothing */
int pacs_volume_project(const pacs_volume_t *v, const pacs_camera_t *c,
    const pacs_limits_t *limits, float *out, pacs_err_t *err);

#endif
