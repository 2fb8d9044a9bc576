/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One picture: raster -> geometry -> rows -> encoder.  At 1:1 samples go
 * through the table straight into the encoder's scan lines.  When scaled,
 * means of stored values do, and colour is averaged as RGB.
 */

#include <math.h>
#include <string.h>

#include "render/pipeline.h"

enum { BAND = 32 };             /* rows of a turned picture made at once */

typedef struct {
    pacs_rows_t       rows;     /* first: what the encoder knows */
    pacs_raster_t     raster;
    pacs_geometry_t   g;
    bool              scaled;
    pacs_scaler_t     scaler;
    int32_t          *stored;   /* one row of means */
    pacs_curve_t      curve;    /* grey */
    uint8_t          *table;    /* grey and narrow */
    bool              line;     /* and what it holds is this one */
    float             slope, middle;
    pacs_colour_t     colour;
    uint8_t          *upright;  /* the whole picture, before it is turned */
    uint8_t          *band;     /* BAND rows of it, turned */
    pacs_rows_t      *picture;  /* rows, with what is around them */
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


/* bytes a pixel */
static size_t
pixel(const job_t *j)
{
    return j->rows.channels * (j->rows.depth / 8);
}


/* grey pixels of source row y, as they are */
static void
grey_direct(const job_t *j, uint32_t y, uint8_t *out)
{
    const pacs_raster_t  *r = &j->raster;
    const pacs_axis_t    *x = &j->g.x;
    size_t                at = (size_t) y * r->columns + x->lo;

    if (j->table != NULL) {
        pacs_raster_map(r, j->table, at, x->n, out);
        return;
    }
    for (uint32_t i = 0; i < x->n; i++) {
        double  v = pacs_raster_value(r, at + i);
        pacs_rows_put(&j->rows, out, i, pacs_curve_grey(&j->curve, v));
    }
}


static void
row_direct(job_t *j, uint32_t y, uint8_t *out)
{
    const pacs_axis_t  *ax = &j->g.y;

    y = ax->line.flip ? ax->hi - 1 - y : ax->lo + y;

    if (j->rows.channels == 3) {
        pacs_colour_row(&j->colour, y, j->g.x.lo, j->g.x.n, out);
    } else {
        grey_direct(j, y, out);
    }
    if (j->g.x.line.flip) {
        mirror(out, j->g.x.n, (uint32_t) pixel(j));
    }
}


/* what sums to just beyond what can be stored is put back */
PACS_VECTORIZE
static void
round_means(const float *values, size_t n, int32_t least, int32_t mask,
    int32_t *stored)
{
    float  min = (float) least, max = (float) (least + mask);

    for (size_t i = 0; i < n; i++) {
        float  v = values[i] > min ? values[i] : min;

        v = v < max ? v : max;
        /* towards 0 is down: v - min is not negative */
        stored[i] = ((int32_t) (v - min + 0.5f) + least) & mask;
    }
}


/* pacs_curve_line; NaN is black */
PACS_VECTORIZE
static void
line_means(const float *restrict values, size_t n, float slope, float middle,
    uint8_t *restrict out)
{
    for (size_t i = 0; i < n; i++) {
        float  v = (values[i] - middle) * slope + 128;

        v = v > 0 ? v : 0;
        v = v < 255 ? v : 255;
        out[i] = (uint8_t) (int32_t) v;
    }
}


/* means -> grey; NaN, padding, is black */
static void
grey_means(const job_t *j, const float *values, uint8_t *out)
{
    uint32_t  n = j->g.x.n;

    if (j->table == NULL) {
        for (uint32_t i = 0; i < n; i++) {
            pacs_rows_put(&j->rows, out, i,
                          pacs_curve_grey(&j->curve, values[i]));
        }
        return;
    }
    if (j->line) {
        line_means(values, n, j->slope, j->middle, out);
        return;
    }

    round_means(values, n, -(int32_t) j->raster.sign, (int32_t) j->raster.mask,
                j->stored);
    for (uint32_t i = 0; i < n; i++) {
        out[i] = j->table[j->stored[i]];
    }
    for (uint32_t i = 0; j->curve.padding != NULL && i < n; i++) {
        out[i] = isnan(values[i]) ? 0 : out[i];
    }
}


/* row y of the picture before it is turned */
static void
row_upright(job_t *j, uint32_t y, uint8_t *out)
{
    if (!j->scaled) {
        row_direct(j, y, out);
    } else if (j->rows.channels == 3) {
        pacs_scaler_rgb(&j->scaler, y, out);
    } else {
        grey_means(j, pacs_scaler_grey(&j->scaler, y), out);
    }
}


static void
row_plain(pacs_rows_t *rows, uint32_t y, uint8_t *out)
{
    row_upright((job_t *) rows, y, out);
}


/* columns y .. y + BAND - 1 of the upright picture as rows; column by column
 * each pixel would be a cache miss */
static void
turn_band(job_t *j, uint32_t y)
{
    size_t    bytes = pixel(j), pitch = bytes * j->rows.width;
    uint32_t  n = j->rows.height - y < BAND ? j->rows.height - y : BAND;

    for (uint32_t x = 0; x < j->rows.width; x++) {
        const uint8_t  *from = j->upright
                               + ((size_t) x * j->rows.height + y) * bytes;

        for (uint32_t i = 0; i < n; i++) {
            memcpy(j->band + i * pitch + x * bytes, from + i * bytes, bytes);
        }
    }
}


static void
row_turned(pacs_rows_t *rows, uint32_t y, uint8_t *out)
{
    job_t   *j = (job_t *) rows;
    size_t   bytes = pixel(j);

    if (y == 0) {
        for (uint32_t i = 0; i < rows->width; i++) {
            row_upright(j, i, j->upright + (size_t) i * rows->height * bytes);
        }
    }
    if (y % BAND == 0) {
        turn_band(j, y);
    }
    memcpy(out, j->band + y % BAND * rows->width * bytes,
           rows->width * bytes);
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
    j->line = pacs_curve_line(&j->curve, &j->slope, &j->middle);
    return PACS_OK;
}


static int
open_rows(job_t *j, pacs_arena_t *a, pacs_err_t *err)
{
    const pacs_geometry_t  *g = &j->g;

    j->rows.width = g->turned ? g->y.n : g->x.n;
    j->rows.height = g->turned ? g->x.n : g->y.n;
    j->rows.row = row_plain;

    if (g->turned) {
        size_t  pitch = j->rows.width * pixel(j);

        j->rows.row = row_turned;
        j->upright = pacs_alloc(a, pitch * j->rows.height);
        j->band = pacs_alloc(a, pitch * BAND);
        if (j->upright == NULL || j->band == NULL) {
            return pacs_fail(err, PACS_E_NOMEM, "turning");
        }
    }

    if (!j->scaled) {
        return PACS_OK;
    }

    j->stored = pacs_alloc(a, g->x.n * sizeof(*j->stored));
    return j->stored == NULL
           ? pacs_fail(err, PACS_E_NOMEM, "scaling")
           : pacs_scaler_open(&j->raster, g, &j->curve,
                              j->rows.channels == 3 ? &j->colour : NULL, a,
                              &j->scaler, err);
}


static bool
move(pacs_axis_t *ax, uint32_t from, uint32_t size)
{
    if (ax->lo < from || ax->hi - from > size) {
        return false;
    }
    ax->lo -= from;
    ax->hi -= from;
    return true;
}


/* the raster is what s holds of the frame: places are moved into it */
static int
open_raster(job_t *j, const pacs_samples_t *s, pacs_arena_t *a,
    pacs_err_t *err)
{
    pacs_samples_t  held = *s;

    if (s->area.columns != 0) {
        held.px.columns = s->area.columns;
        held.px.rows = s->area.rows;
    }

    int  rc = pacs_raster_open(&held, a, &j->raster, err);

    j->raster.range = s->range;
    return rc;
}


static int
run(job_t *j, const pacs_samples_t *s, const pacs_look_t *look,
    const pacs_picture_t *want, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_buf_t *out, pacs_err_t *err)
{
    pacs_raster_t  *r = &j->raster;
    int             rc;

    if ((rc = open_raster(j, s, a, err)) != PACS_OK
        || (rc = pacs_geometry(s->px.columns, s->px.rows, look->aspect, want,
                               limits, s->area.level, &j->g, err))
            != PACS_OK)
    {
        return rc;
    }

    j->scaled = !j->g.x.plain || !j->g.y.plain;
    if (j->scaled
        && ((rc = pacs_axis_weights(&j->g.x, a, err)) != PACS_OK
            || (rc = pacs_axis_weights(&j->g.y, a, err)) != PACS_OK))
    {
        return rc;
    }

    if (!move(&j->g.x, s->area.x, r->columns)
        || !move(&j->g.y, s->area.y, r->rows))
    {
        return pacs_fail(err, PACS_E_INTERNAL, "a part of a frame does not "
                         "hold what is shown of it");
    }

    j->rows.g = &j->g;
    j->picture = &j->rows;
    if ((rc = open_pixels(j, s, look, want, a, err)) != PACS_OK
        || (rc = open_rows(j, a, err)) != PACS_OK
        || (rc = pacs_canvas(&j->picture, a, err)) != PACS_OK)
    {
        return rc;
    }

    return pacs_encode(j->picture, want, a, out, err);
}


/* true: how a part of the frame looks, the whole frame decides */
static bool
asks_range(const pacs_pixels_t *px, const pacs_look_t *look, uint32_t frame,
    const pacs_picture_t *want, pacs_arena_t *a)
{
    /* no sample is looked at */
    pacs_samples_t  s = { .px = *px, .data = "", .len = UINT64_MAX };
    pacs_raster_t   r;
    pacs_curve_t    curve;
    bool            asked = false;

    if (px->allocated > 8 && pacs_raster_open(&s, a, &r, NULL) == PACS_OK
        && (r.photometric == PACS_PI_MONO1 || r.photometric == PACS_PI_MONO2))
    {
        r.asked = &asked;
        (void) pacs_curve_choose(&r, look, frame, want, &curve, NULL);
    }
    return asked;
}


int
pacs_render_area(const pacs_pixels_t *px, const pacs_look_t *look,
    uint32_t frame, const pacs_picture_t *want, const pacs_limits_t *limits,
    unsigned levels, pacs_area_t *area, bool *range, pacs_err_t *err)
{
    pacs_arena_t     *a = pacs_arena_create(0);
    pacs_geometry_t   g;

    if (a == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "render");
    }

    int  rc = pacs_geometry(px->columns, px->rows, look->aspect, want, limits,
                            levels, &g, err);

    if (rc == PACS_OK) {
        *area = (pacs_area_t) { g.x.lo, g.y.lo, g.x.hi - g.x.lo,
                                g.y.hi - g.y.lo, g.level };
        *range = asks_range(px, look, frame, want, a);
    }
    pacs_arena_destroy(a);
    return rc;
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
        *width = j.picture->width;
        *height = j.picture->height;
    } else {
        out->len = before;
    }
    pacs_arena_destroy(a);
    return rc;
}
