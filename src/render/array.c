/* SPDX-License-Identifier: BSD-2-Clause */

/* Pictures of what is computed: planes of values, arrays of RGB. */

#include <string.h>

#include "render/pipeline.h"


typedef struct {
    pacs_rows_t            rows;        /* first: what the encoder knows */
    const float           *values;      /* or */
    const uint8_t         *rgb;
    pacs_curve_t           curve;
} array_t;


static void
row_array(pacs_rows_t *rows, uint32_t y, uint8_t *out)
{
    const array_t  *j = (const array_t *) rows;
    size_t          at = (size_t) y * rows->width;

    if (j->rgb != NULL) {
        memcpy(out, j->rgb + at * 3, (size_t) rows->width * 3);
        return;
    }
    for (uint32_t x = 0; x < rows->width; x++) {
        pacs_rows_put(rows, out, x, pacs_curve_grey(&j->curve,
                                                    j->values[at + x]));
    }
}


static int
encode_array(array_t *j, uint32_t width, uint32_t height,
    const pacs_picture_t *want, pacs_buf_t *out, pacs_err_t *err)
{
    pacs_arena_t  *a = pacs_arena_create(0);
    int            rc;

    if (a == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "render");
    }

    j->rows = (pacs_rows_t) {
        .width = width, .height = height,
        .channels = j->rgb == NULL ? 1 : 3,
        .depth = want->bits == 16 ? 16 : 8,
        .curve = j->rgb == NULL ? &j->curve : NULL,
        .row = row_array
    };
    rc = pacs_encode(&j->rows, want, a, out, err);
    pacs_arena_destroy(a);
    return rc;
}


int
pacs_render_values(const float *values, uint32_t width, uint32_t height,
    const pacs_picture_t *want, pacs_buf_t *out, pacs_err_t *err)
{
    array_t  j = { .values = values,
                   .curve = { .slope = 1, .voi = want->voi,
                              .center = want->center,
                              .width = want->width } };

    return encode_array(&j, width, height, want, out, err);
}


int
pacs_render_rgb(const uint8_t *rgb, uint32_t width, uint32_t height,
    const pacs_picture_t *want, pacs_buf_t *out, pacs_err_t *err)
{
    array_t  j = { .rgb = rgb };

    return encode_array(&j, width, height, want, out, err);
}
