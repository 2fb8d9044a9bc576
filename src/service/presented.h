/* SPDX-License-Identifier: BSD-2-Clause */

/* presentation.c: a presentation state, and pictures as it has them; for the
 * files of service that make pictures. */

#ifndef PACS_SERVICE_PRESENTED_H
#define PACS_SERVICE_PRESENTED_H

#include "service/internal.h"
#include "render/state.h"

/* PACS_E_UNSHOWABLE: it is none, or not one that is applied */
int pacs_presented_open(pacs_op_t *op, pacs_str_t study, pacs_str_t series,
    pacs_str_t instance, pacs_presented_t **presented, pacs_err_t *err);
/* of a record that is at hand */
int pacs_presented_of(pacs_op_t *op, const pacs_record_t *record,
    pacs_presented_t **presented, pacs_err_t *err);
pacs_str_t pacs_presented_key(const pacs_presented_t *p);
const pacs_record_t *pacs_presented_record(const pacs_presented_t *p);
const pacs_state_t *pacs_presented_state(const pacs_presented_t *p);
/* an image that it refers to: pacs_draw makes pictures as the state has them.
 * PACS_E_UNSHOWABLE: it is not here */
int pacs_presented_image(pacs_op_t *op, pacs_presented_t *p,
    pacs_str_t series, pacs_str_t instance, pacs_image_t **im,
    pacs_err_t *err);
/* pacs_draw of an image with im->presented */
int pacs_presented_draw(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    const pacs_picture_t *want, pacs_drawn_t *drawn, pacs_buf_t *out,
    uint32_t *width, uint32_t *height, pacs_err_t *err);

#endif
