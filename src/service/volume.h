/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Volumes of stored instances, PS3.18 10.4.1.1.7-8:
 *
 *   volume_input.c     headers of instances -> slices
 *   volume_shape.c     slices -> which make a volume, and its geometry
 *   volume_file.c      the voxels: a file in the frame cache, mapped
 *   volume_check.c     that they are what was written, at each use
 *   volume_build.c     threads that fill it
 *   volume_view.c      parameters -> planes and cameras
 *   volume_bands.c     slabs by several threads
 *   volume.c           the operation
 */

#ifndef PACS_SERVICE_VOLUME_H
#define PACS_SERVICE_VOLUME_H

#include "render/volume.h"
#include "service/internal.h"

/* --- which slices, and where they lie --- */

enum { PACS_PHASES = 4 };

/* one frame of one instance, as its attributes say */
typedef struct {
    const pacs_record_t  *record;
    uint32_t              frame;            /* from 0 */
    double                position[3];      /* mm: first pixel's centre */
    double                row[3], column[3];    /* unit vectors */
    double                spacing[2];       /* mm: between columns, rows */
    double                slope, intercept;
    char                  reference[65];    /* frame of reference */
    bool                  alone;            /* no other one of its series has
                                               that */
    /* Temporal Position, Acquisition Number, Echo Number, Trigger Time:
     * what tells slices of one place apart */
    double                phase[PACS_PHASES];
    int64_t               number;           /* Instance Number, or frame */
    double                place;            /* mm along the normal */
    bool                  out;              /* not of the volume */
} pacs_slice_t;

/* what a series, several, or an instance give */
typedef struct {
    pacs_slice_t  *slices;                  /* all that could be one */
    uint32_t       n;
    uint32_t       unplaced;                /* frames without geometry */
    int64_t        wanted;                  /* index the request names, -1 */
    char           modality[17];
    char           unit[17];
    double         center, width;           /* window; width 0: none */
    bool           inverse;                 /* the least value is white */
    uint8_t        voi;                     /* pacs_voi_e */
    /* value = what windows are of * slope + intercept */
    double         window_slope, window_intercept;
} pacs_input_t;

typedef struct {
    pacs_slice_t **slices;                  /* in order, shape.n[2] */
    pacs_volume_t  shape;                   /* but voxels, ready, min, max */
    bool           exact;                   /* voxel = stored - zero */
    int32_t        zero;
    char           warning[400];            /* "" or what was left out */
} pacs_plan_t;

/*
 * The rules (README says them too).  One volume is made of parallel frames of
 * one frame of reference, size, spacing and sample format.  Where there are
 * several such groups the largest is taken, or the one of the slice that is
 * named; the rest is left out with a warning.  Slices are sorted by their
 * place along the normal.  Of several in one place the first by phase is
 * taken, or the phase of the slice that is named: a warning.  Where each slice
 * of a series has a frame of reference of its own (anonymizers do that) they
 * are taken as of one, with a warning, unless two lie in one place.  A gap of
 * more than 1.5 times the median distance: a warning.  PACS_E_UNSHOWABLE:
 * fewer than two places, slices whose first pixels are not on a line (half a
 * pixel is tolerated), or which are no grey images of up to 16 bits.
 */
int pacs_volume_shape(pacs_input_t *in, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_plan_t *plan, pacs_err_t *err);

/* reads the heads of n records' files; those that do not match are skipped */
int pacs_volume_input(pacs_service_t *svc, const pacs_record_t *records,
    unsigned n, const pacs_web_volume_t *want, pacs_arena_t *a,
    pacs_input_t *in, pacs_err_t *err);


/* --- the voxels --- */

enum { PACS_VOLUME_NAME = PACS_FRAME_KEY };     /* PACS_VOLUME_PREFIX,
                                                   hex */

/* voxels of a slice that have a checksum together, in rows and columns: a
 * plane across all slices meets few of them */
enum { PACS_TILE_SIDE = 32 };

/* one slice in the file */
typedef struct {
    atomic_uint  ready;
    uint32_t     sum;                   /* pacs_voxels_slot */
    int16_t      min, max;
} pacs_slot_t;

/* the file begins with this; then float at[], pacs_slot_t slots[],
 * pacs_brick_t bricks[], uint32_t sums[] of tiles, and from the next page on
 * the voxels */
typedef struct {
    uint32_t     magic, version;
    uint64_t     bytes;                 /* of the file */
    char         name[PACS_VOLUME_NAME + 1];
    uint32_t     n[3];
    uint32_t     regular, inverse;
    double       origin[3], step[3][3], slope, intercept;
    double       center, width, window_slope, window_intercept;
    uint32_t     voi;
    char         unit[17], modality[17], reference[65], warning[400];
    char         series[65], instance[65];  /* of a slice in the middle */
    uint32_t     sum;                   /* of all above, and of at[] */
} pacs_volume_head_t;

/* of the builder that gave up, behind the head; the file is unlinked then */
typedef struct {
    atomic_int   code;                  /* pacs_code_e */
    char         why[256];
} pacs_given_up_t;

typedef struct pacs_voxels_s  pacs_voxels_t;

struct pacs_voxels_s {
    pacs_voxels_t             *next;
    char                       id[65];  /* of what was asked for */
    int                        fd;
    uint64_t                   bytes;   /* of the file, when it was mapped */
    unsigned                   refs;    /* under the lock of pacs_volumes_t */
    uint64_t                   used;    /* a count that rises */
    const char                *map;
    const pacs_volume_head_t  *head;    /* a copy, with at[] behind it */
    const pacs_given_up_t     *given_up;
    const pacs_slot_t         *slots;
    const uint32_t            *sums;
    atomic_uchar              *there;   /* n[2]: slots that were ready */
    pacs_volume_t              volume;
};

typedef struct pacs_volumes_s  pacs_volumes_t;

struct pacs_volumes_s {
    pthread_mutex_t   lock;
    pthread_cond_t    idle;
    pacs_voxels_t    *open;
    uint64_t          count;
    unsigned          builders;         /* threads that run */
    atomic_bool       stop;
};

int pacs_volumes_open(pacs_volumes_t **vs, pacs_err_t *err);
/* after the last request: the builders stop soon.  false: one does not (it
 * waits for pacs-codec), and the service must stay as it is */
bool pacs_volumes_close(pacs_volumes_t *vs);

/* one that this process has open; NULL: none.  To be released */
pacs_voxels_t *pacs_voxels_find(pacs_service_t *svc, const char *id);
/* <home>/cache/frames/<name>, checked and mapped; PACS_E_NOT_FOUND: there is
 * none that is right */
int pacs_voxels_open(pacs_service_t *svc, const char *name, const char *id,
    pacs_voxels_t **v, pacs_err_t *err);
void pacs_voxels_release(pacs_service_t *svc, pacs_voxels_t *v);
/* makes the file for a plan and links it, unless there is one.  *fd: it is
 * this call's, with the builder's lock; or -1 */
int pacs_voxels_create(pacs_service_t *svc, const char *name,
    const pacs_input_t *in, const pacs_plan_t *plan, int *fd,
    pacs_err_t *err);
/* PACS_OK: slices first … last are there, and what plane (NULL: all) shows of
 * them is what was written.  PACS_AGAIN: not yet; *orphan: and nobody builds.
 * PACS_E_NOT_FOUND: it is damaged, the file is removed.  Else: why the
 * builder gave up */
int pacs_voxels_need(pacs_service_t *svc, pacs_voxels_t *v, uint32_t first,
    uint32_t last, const pacs_plane_t *plane, bool *orphan, pacs_err_t *err);
/* how many slices are there by now */
uint32_t pacs_voxels_ready(const pacs_voxels_t *v);
/* values of all slices, which are there */
void pacs_voxels_range(const pacs_voxels_t *v, double *min, double *max);

int pacs_voxels_write(int fd, const void *data, size_t len, uint64_t at,
    pacs_err_t *err);
/* the builder's lock of the whole file, without waiting */
bool pacs_voxels_lock(int fd);
void pacs_voxels_path(const pacs_service_t *svc, const char *name,
    char path[4096]);
/* where things lie in the file of so many voxels; false: over the limit */
typedef struct {
    uint64_t  at, given_up, slots, bricks, sums, voxels, bytes;
} pacs_layout_t;

bool pacs_voxels_layout(const uint32_t n[3], const pacs_limits_t *limits,
    pacs_layout_t *layout);


/* --- volume_check.c --- */

/* of one slice */
size_t pacs_voxels_tiles(const uint32_t n[3]);
void pacs_voxels_sums(const uint32_t n[3], uint32_t k, const int16_t *slice,
    uint32_t *sums);
/* what the slot's sum is: of its range, and of the slice's bricks and sums */
uint32_t pacs_voxels_slot(const uint32_t n[3], uint32_t k,
    const pacs_slot_t *slot, const pacs_brick_t *bricks,
    const uint32_t *sums);
/* slices that are there: all that plane (NULL: anything) reads of them */
bool pacs_voxels_right(const pacs_voxels_t *v, uint32_t first, uint32_t last,
    const pacs_plane_t *plane, unsigned threads);

/* threads fill the slices that are not ready, those near `focus` first; fd
 * (locked) and a (with plan in it) are theirs, also after an error */
int pacs_volume_build(pacs_service_t *svc, const char *name,
    const pacs_plan_t *plan, uint32_t focus, pacs_arena_t *a, int fd,
    pacs_err_t *err);


/* --- what is looked at --- */

typedef struct {
    double    center[3];                    /* of the picture, mm */
    double    right[3], down[3], view[3];   /* unit vectors */
    double    pixel;                        /* mm; of the whole picture */
    double    width, height;                /* pixels of the whole picture */
    /* the part of it that is asked for, and its size in the answer */
    double    x, y, w, h;
    uint32_t  columns, rows;
    double    distance;                     /* mm between two planes */
    uint32_t  planes;                       /* across the volume */
} pacs_view_t;

/* not flipped and turned yet; PACS_E_ARG: no plane */
int pacs_volume_view(const pacs_volume_t *v, const pacs_web_volume_t *want,
    const pacs_limits_t *limits, pacs_view_t *view, pacs_err_t *err);
/* turned about its down axis, degrees: seen from further right */
void pacs_view_turn(pacs_view_t *view, double degrees);
/* mirrored, then turned clockwise by quarters, in the plane of the picture */
void pacs_view_orient(pacs_view_t *view, bool flip_x, bool flip_y,
    unsigned quarters);
/* at `at`, looking along `along`, up as it was */
void pacs_view_move(pacs_view_t *view, const double at[3],
    const double along[3]);
void pacs_view_plane(const pacs_view_t *view, pacs_plane_t *plane);
/* slices that a plane of this thickness meets: false: none */
bool pacs_volume_met(const pacs_volume_t *v, const pacs_plane_t *plane,
    uint32_t *first, uint32_t *last);
/* pacs_volume_plane, by several threads where there is a slab */
int pacs_volume_bands(const pacs_volume_t *v, const pacs_plane_t *plane,
    unsigned threads, const pacs_limits_t *limits, float *out,
    pacs_err_t *err);
/* points at equal distances along the track, at most max of them; how many */
uint32_t pacs_volume_track(const double (*track)[3], unsigned n, double step,
    uint32_t max, double (*at)[3], double (*along)[3]);

#endif
