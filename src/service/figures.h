/* SPDX-License-Identifier: BSD-2-Clause */

/* Numbers of regions as JSON, see conf/values.md. */

#ifndef PACS_SERVICE_FIGURES_H
#define PACS_SERVICE_FIGURES_H

#include "render/measure.h"
#include "service/internal.h"

typedef struct {
    pacs_values_t   values;         /* what is asked for */
    pacs_roi_t     *rois;           /* the same as regions */
} pacs_figures_t;

/* makes f->rois of f->values, in a picture of width x height; *rows: from
 * the first to the last row that they have */
int pacs_figures_begin(pacs_op_t *op, pacs_figures_t *f, uint32_t width,
    uint32_t height, pacs_area_t *rows, pacs_err_t *err);
/* the members from "channels" to the end of the object */
int pacs_figures_write(pacs_op_t *op, const pacs_figures_t *f,
    const pacs_gauge_t *gauge, const pacs_field_t *field, pacs_buf_t *b,
    pacs_err_t *err);

#endif
