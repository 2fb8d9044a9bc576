/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One picture: raster -> geometry -> rows -> encoder.  At 1:1 samples go
 * through the table straight into the encoder's scan lines.  When scaled,
 * integers of up to 16 bits are averaged before the table; wider integers
 * and floats are averaged as grey, colour as RGB.
 */

#include <string.h>

#include "render/pipeline.h"

typedef struct {
    pacs_rows_t     rows;       /* first: what the encoder knows */
    pacs_raster_t   raster;
    pacs_axis_t     x, y;
    pacs_curve_t    curve;      /* grey */
    uint8_t        *table;      /* grey and narrow */
    pacs_colour_t   colour;
    float          *sum;        /* one row of weighted source pixels */
    uint8_t        *rgb;        /* two source rows, by the parity of y */
    uint32_t        held[2];    /* y + 1 of the rows in rgb; 0: none */
} job_t;


static void
mirror(uint8_t *row, uint32_t n, uint32_t bytes)
{
    for (uint32_t i = 0, j = n - 1; i < j; i++, j--) {
        for (uint32_t k = 0; k < bytes; k++) {
            uint8_t  t = row[i * bytes + k];

            row[i * bytes + k] = row[j * bytes + k];
            row[j * bytes + k] = t;
        }
    }
}


/* grey: 0..255; 16 bits keep what lies between */
static void
put_grey(const pacs_rows_t *rows, uint8_t *out, uint32_t i, double grey)
{
    if (rows->depth == 16) {
        ((uint16_t *) (void *) out)[i] = (uint16_t) (grey * 257 + 0.5);
        return;
    }
    out[i] = (uint8_t) (grey + 0.5);
}


/* n grey pixels of source row y, as they are */
static void
grey_direct(const job_t *j, uint32_t y, uint8_t *out)
{
    const pacs_raster_t  *r = &j->raster;
    size_t                at = (size_t) y * r->columns + j->x.lo;

    if (j->table != NULL) {
        pacs_raster_map(r, j->table, at, j->x.n, out);
        return;
    }
    for (uint32_t i = 0; i < j->x.n; i++) {
        double  v = pacs_raster_value(r, at + i);
        put_grey(&j->rows, out, i, pacs_curve_grey(&j->curve, v));
    }
}


static void
row_direct(pacs_rows_t *rows, uint32_t y, uint8_t *out)
{
    job_t  *j = (job_t *) rows;

    y = j->y.flip ? j->y.hi - 1 - y : j->y.lo + y;

    if (rows->channels == 3) {
        pacs_colour_row(&j->colour, y, j->x.lo, j->x.n, out);
    } else {
        grey_direct(j, y, out);
    }
    if (j->x.flip) {
        mirror(out, j->x.n, rows->channels * (rows->depth / 8));
    }
}


PACS_VECTORIZE
static void
add_bytes(const uint8_t *p, size_t n, float weight, float *acc)
{
    for (size_t i = 0; i < n; i++) {
        acc[i] += weight * (float) p[i];
    }
}


static const uint8_t *
rgb_row(job_t *j, uint32_t y)
{
    uint32_t  n = j->x.hi - j->x.lo;
    uint8_t  *row = j->rgb + (size_t) (y & 1) * n * 3;

    if (j->held[y & 1] != y + 1) {
        pacs_colour_row(&j->colour, y, j->x.lo, n, row);
        j->held[y & 1] = y + 1;
    }
    return row;
}


static void
add_row(job_t *j, uint32_t y, float weight)
{
    uint32_t              n = j->x.hi - j->x.lo;
    const pacs_raster_t  *r = &j->raster;
    size_t                at = (size_t) y * r->columns + j->x.lo;

    if (j->rows.channels == 3) {
        add_bytes(rgb_row(j, y), (size_t) n * 3, weight, j->sum);
        return;
    }
    if (r->narrow) {
        pacs_raster_add(r, at, n, weight, j->sum);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        double  v = pacs_raster_value(r, at + i);
        j->sum[i] += weight * (float) pacs_curve_grey(&j->curve, v);
    }
}


static void
across_grey(const job_t *j, uint8_t *out)
{
    const pacs_axis_t  *x = &j->x;
    uint32_t            mask = (uint32_t) j->raster.mask;
    float               min = -(float) j->raster.sign;
    float               max = min + (float) mask;

    for (uint32_t i = 0; i < x->n; i++) {
        const float  *w = x->weights + x->start[i];
        const float  *s = j->sum + (x->first[i] - x->lo);
        uint32_t      n = x->start[i + 1] - x->start[i];
        float         v = 0;

        for (uint32_t k = 0; k < n; k++) {
            v += w[k] * s[k];
        }
        if (!j->raster.narrow) {
            put_grey(&j->rows, out, i, v);
            continue;
        }

        /* sums may round to just beyond what can be stored */
        v = v < min ? min : v > max ? max : v;
        if (j->table == NULL) {
            put_grey(&j->rows, out, i, pacs_curve_grey(&j->curve, v));
            continue;
        }
        /* towards 0 is down: v - min is not negative */
        int32_t  stored = (int32_t) (v - min + 0.5f) + (int32_t) min;

        out[i] = j->table[(uint32_t) stored & mask];
    }
}


static void
across_rgb(const job_t *j, uint8_t *out)
{
    const pacs_axis_t  *x = &j->x;

    for (uint32_t i = 0; i < x->n; i++) {
        const float  *w = x->weights + x->start[i];
        const float  *s = j->sum + (size_t) (x->first[i] - x->lo) * 3;
        uint32_t      n = x->start[i + 1] - x->start[i];
        float         v[3] = { 0.5f, 0.5f, 0.5f };

        for (uint32_t k = 0; k < n; k++, s += 3) {
            v[0] += w[k] * s[0];
            v[1] += w[k] * s[1];
            v[2] += w[k] * s[2];
        }
        for (unsigned k = 0; k < 3; k++) {
            out[3 * i + k] = (uint8_t) v[k];
        }
    }
}


static void
row_scaled(pacs_rows_t *rows, uint32_t y, uint8_t *out)
{
    job_t              *j = (job_t *) rows;
    const pacs_axis_t  *ax = &j->y;

    memset(j->sum, 0, (size_t) (j->x.hi - j->x.lo) * rows->channels
                      * sizeof(*j->sum));

    for (uint32_t k = ax->start[y]; k < ax->start[y + 1]; k++) {
        if (ax->weights[k] > 0) {
            add_row(j, ax->first[y] + (k - ax->start[y]), ax->weights[k]);
        }
    }

    if (rows->channels == 3) {
        across_rgb(j, out);
    } else {
        across_grey(j, out);
    }
}


static int
open_scaled(job_t *j, pacs_arena_t *a, pacs_err_t *err)
{
    size_t  n = (size_t) (j->x.hi - j->x.lo) * j->rows.channels;

    j->sum = pacs_calloc(a, n, sizeof(*j->sum));
    j->rgb = j->rows.channels == 3 ? pacs_calloc(a, n, 2) : NULL;

    return j->sum == NULL || (j->rows.channels == 3 && j->rgb == NULL)
           ? pacs_fail(err, PACS_E_NOMEM, "scaling") : PACS_OK;
}


static int
open_pixels(job_t *j, const pacs_samples_t *s, const pacs_look_t *look,
    const pacs_picture_t *want, pacs_arena_t *a, pacs_err_t *err)
{
    const pacs_raster_t  *r = &j->raster;

    j->rows.channels = pacs_raster_is_grey(r, look) ? 1 : 3;
    j->rows.depth = want->bits == 16 ? 16 : 8;

    if (j->rows.channels == 3) {
        return pacs_colour_open(r, look, s->index, want, a, &j->colour, err);
    }

    int  rc = pacs_curve_choose(r, look, s->index, want, &j->curve, err);

    j->rows.curve = &j->curve;
    if (rc != PACS_OK || !r->narrow || j->rows.depth == 16) {
        return rc;
    }

    j->table = pacs_alloc(a, (size_t) r->mask + 1);
    if (j->table == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "grey table");
    }
    pacs_curve_table(&j->curve, r, j->table);
    return PACS_OK;
}


static int
run(job_t *j, const pacs_samples_t *s, const pacs_look_t *look,
    const pacs_picture_t *want, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_buf_t *out, pacs_err_t *err)
{
    int  rc = pacs_raster_open(s, a, &j->raster, err);
    if (rc != PACS_OK) {
        return rc;
    }

    rc = pacs_geometry(j->raster.columns, j->raster.rows, look->aspect, want,
                       limits, a, &j->x, &j->y, err);
    if (rc != PACS_OK) {
        return rc;
    }

    rc = open_pixels(j, s, look, want, a, err);
    if (rc != PACS_OK) {
        return rc;
    }

    j->rows.width = j->x.n;
    j->rows.height = j->y.n;
    j->rows.row = row_direct;

    if (!j->x.plain || !j->y.plain) {
        j->rows.row = row_scaled;
        rc = open_scaled(j, a, err);
        if (rc != PACS_OK) {
            return rc;
        }
    }

    return pacs_encode(&j->rows, want, a, out, err);
}


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
        put_grey(rows, out, x, pacs_curve_grey(&j->curve,
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


int
pacs_render(const pacs_samples_t *s, const pacs_look_t *look,
    const pacs_picture_t *want, const pacs_limits_t *limits, pacs_buf_t *out,
    uint32_t *width, uint32_t *height, pacs_err_t *err)
{
    pacs_arena_t  *a = pacs_arena_create(0);
    if (a == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "render");
    }

    job_t   j = { .raster.size = 0 };
    size_t  before = out->len;
    int     rc = run(&j, s, look, want, limits, a, out, err);

    if (rc == PACS_OK) {
        *width = j.rows.width;
        *height = j.rows.height;
    } else {
        out->len = before;
    }
    pacs_arena_destroy(a);
    return rc;
}
