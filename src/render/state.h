/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * render: softcopy presentation states (PS3.3 A.33.1 to A.33.3), applied to
 * the images that they refer to by the pipeline of PS3.4 N.2.  What a state
 * asks for and is not done is PACS_E_UNSHOWABLE with its name: a part of a
 * state would be a picture that its author never made.
 */

#ifndef PACS_RENDER_STATE_H
#define PACS_RENDER_STATE_H

#include "render/render.h"

typedef enum { PACS_STATE_GREY, PACS_STATE_COLOUR, PACS_STATE_PSEUDO }
    pacs_state_e;

/* an image that the state refers to */
typedef struct {
    pacs_str_t   series, instance;
    uint32_t    *frames;            /* from 1; nframes 0: all */
    uint32_t     nframes;
} pacs_state_ref_t;

/* the data set that it is in lives as long */
typedef struct {
    uint8_t                 kind;   /* pacs_state_e */
    const pacs_dataset_t   *ds;
    pacs_source_t          *stream;
    const pacs_limits_t    *limits;
    pacs_state_ref_t       *refs;
    uint32_t                nrefs;
    pacs_str_t              profile;        /* ICC, or null */
} pacs_state_t;

/* also one that is not applied: blending and others */
bool pacs_state_is(pacs_str_t class_uid);
/* the i-th class there is; NULL: there are no more */
const char *pacs_state_class(unsigned i, const char **name, bool *applied);

int pacs_state_read(pacs_source_t *stream, const pacs_dataset_t *ds,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_state_t *state,
    pacs_err_t *err);
/* frame (from 0) of an instance is one that the state refers to */
bool pacs_state_has(const pacs_state_t *state, pacs_str_t instance,
    uint32_t frame);


/* what it is to be applied to */
typedef struct {
    pacs_str_t             instance;
    uint32_t               frame;           /* from 0 */
    pacs_pixels_t          px;
    /* the image's own data set, for overlays that lie in it; NULL: not read,
     * see pacs_state_wants_image */
    const pacs_dataset_t  *ds;
    pacs_source_t         *stream;
    const pacs_look_t     *look;            /* padding and palettes of it */
} pacs_state_image_t;

/* overlays of the image itself are made visible */
bool pacs_state_wants_image(const pacs_state_t *state);

typedef struct pacs_state_view_s  pacs_state_view_t;

/* what the state says of this frame; all that can be refused is refused here,
 * before there are pixels */
int pacs_state_view(const pacs_state_t *state,
    const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t **view, pacs_err_t *err);

/* frames (from 0) whose mean is subtracted; *n 0: none */
const uint32_t *pacs_state_mask(const pacs_state_view_t *view, uint32_t *n);
/* sum[i] += value of pixel i after the modality LUT; rows * columns of them */
int pacs_state_mask_add(const pacs_state_view_t *view,
    const pacs_samples_t *mask, float *sum, pacs_err_t *err);

/* the whole frame s as the state has it, in want's viewport, format and
 * quality; of want nothing else counts.  mask: the sum of all mask frames, or
 * NULL.  *drawn: of the texts */
int pacs_state_render(const pacs_state_view_t *view, const pacs_samples_t *s,
    const float *mask, const pacs_picture_t *want,
    const pacs_limits_t *limits, pacs_drawn_t *drawn, pacs_buf_t *out,
    uint32_t *width, uint32_t *height, pacs_err_t *err);

#endif
