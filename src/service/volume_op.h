/* SPDX-License-Identifier: BSD-2-Clause */

/* One request for a plane or a volume: what its files say to each other. */

#ifndef PACS_SERVICE_VOLUME_OP_H
#define PACS_SERVICE_VOLUME_OP_H

#include "service/figures.h"
#include "service/volume.h"

enum { PACS_VOLUME_POLL_MS = 5 };

typedef struct {
    pacs_web_volume_t     want;
    bool                  solid;
    const pacs_preset_t  *preset;
    pacs_picture_t        picture;
    bool                  animated;
    bool                  multipart;        /* animated, or asked for */
    bool                  numbers;          /* of a plane, not its picture */
    pacs_figures_t        figures;
    char                  id[PACS_FRAME_KEY + 1];
    pacs_service_t       *svc;
    pacs_voxels_t        *voxels;
    unsigned              attempts, waited_ms;
    pacs_view_t           view;
    /* an animation */
    uint32_t              pictures, done;
    double              (*at)[3], (*along)[3];
    pacs_part_t          *parts;
    char                  boundary[33];
} pacs_volume_op_t;


/* --- volume_get.c --- */

/* s->voxels; PACS_AGAIN: another is about to build them */
int pacs_volume_get(pacs_op_t *op, const pacs_route_t *route,
    pacs_volume_op_t *s, pacs_err_t *err);
/* PACS_AGAIN with op->want, until patience ends */
int pacs_volume_wait(pacs_op_t *op, pacs_volume_op_t *s, unsigned ms,
    pacs_err_t *err);
/* slices first … last, as far as plane (NULL: anything) reads of them;
 * PACS_AGAIN: wait */
int pacs_volume_need(pacs_op_t *op, const pacs_route_t *route,
    pacs_volume_op_t *s, uint32_t first, uint32_t last,
    const pacs_plane_t *plane, pacs_err_t *err);


/* --- volume_draw.c --- */

extern const char *const  pacs_volume_methods[];    /* by pacs_method_e */

/* s->picture's window; false: it needs all voxels, and whole is false */
bool pacs_volume_window(pacs_volume_op_t *s, bool whole);
pacs_plane_t pacs_volume_plane_of(const pacs_volume_op_t *s,
    const pacs_view_t *view);
/* as it is shown: flipped and turned */
pacs_view_t pacs_volume_shown(const pacs_volume_op_t *s,
    const pacs_view_t *view);
/* the slices that a plane meets, or all; PACS_AGAIN: wait */
int pacs_volume_need_plane(pacs_op_t *op, const pacs_route_t *route,
    pacs_volume_op_t *s, const pacs_plane_t *plane, bool whole,
    pacs_err_t *err);
/* of the plane, or of the curved one that is asked for */
int pacs_volume_values(pacs_op_t *op, pacs_volume_op_t *s,
    const pacs_plane_t *plane, float **values, uint32_t *width,
    uint32_t *height, pacs_err_t *err);
/* the next picture; PACS_AGAIN: not all it needs is there */
int pacs_volume_draw(pacs_op_t *op, const pacs_route_t *route,
    pacs_volume_op_t *s, pacs_str_t *bytes, pacs_err_t *err);


/* --- volume_answer.c: they fill the reply, or PACS_AGAIN --- */

const char *pacs_volume_type(const pacs_volume_op_t *s);
int pacs_volume_pictures(pacs_op_t *op, const pacs_route_t *route,
    pacs_volume_op_t *s, pacs_err_t *err);
int pacs_volume_metadata(pacs_op_t *op, const pacs_route_t *route,
    pacs_volume_op_t *s, pacs_err_t *err);
int pacs_volume_numbers(pacs_op_t *op, const pacs_route_t *route,
    pacs_volume_op_t *s, pacs_err_t *err);

#endif
