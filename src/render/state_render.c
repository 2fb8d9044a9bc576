/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Stored values of a whole frame -> P-Values or RGB by the state's tables,
 * with its shutter; these, as if they were an image, are turned, cropped,
 * scaled and encoded as all pictures are (render.c), and bear the graphics.
 * Where the interpolation stands among the steps is free (PS3.4 N.2).
 */

#include <math.h>
#include <string.h>

#include "render/state_parts.h"

enum { P_MAX = 65535 };

typedef struct {
    const pacs_state_view_t  *v;
    pacs_raster_t             r;
    double                    low, high;    /* VOI is the whole of these */
    const float              *mask;
    uint16_t                 *table;        /* of stored values, or NULL */
    uint8_t                 (*palette)[3];  /* of P-Values, or NULL */
    uint16_t                 *grey;         /* out: one of the two */
    uint8_t                  *rgb;
} job_t;


static double
modality(const pacs_state_view_t *v, double stored)
{
    return v->modality.entries != 0
           ? pacs_lut_at(&v->modality, stored)
           : stored * v->slope + v->intercept;
}


/* what can come out of the modality LUT, and of the subtraction */
static void
whole_range(job_t *j)
{
    const pacs_state_view_t  *v = j->v;
    double                    min = -(double) j->r.sign;
    double                    one = modality(v, min);
    double                    two = modality(v, min + (double) j->r.mask);

    if (v->modality.entries != 0) {
        one = 0;
        two = (double) ((UINT32_C(1) << v->modality.bits) - 1);
    }
    j->low = fmin(one, two);
    j->high = fmax(one, two);
    if (v->nmask != 0) {
        double  range = j->high - j->low;

        j->low = -range;
        j->high = range;
    }
}


/* 0..1 of a window or table, by the functions that all pictures use */
static double
voi(const job_t *j, double x)
{
    const pacs_state_view_t  *v = j->v;
    pacs_curve_t              c = {
        .slope = 1, .voi = v->voi, .center = v->center, .width = v->width,
        .table = &v->voi_lut
    };

    return v->voi == PACS_VOI_WHOLE
           ? fmin(fmax((x - j->low) / (j->high - j->low), 0), 1)
           : pacs_curve_grey(&c, x) / 255;
}


/* 0..1 -> P-Value */
static uint16_t
presentation(const pacs_state_view_t *v, double y)
{
    const pacs_lut_t  *lut = &v->presentation;

    if (lut->entries != 0) {
        double  most = (double) ((UINT32_C(1) << lut->bits) - 1);
        size_t  at = (size_t) (y * (lut->entries - 1) + 0.5);

        y = fmin(lut->data[at] / most, 1);
    }
    return (uint16_t) ((v->inverse ? 1 - y : y) * P_MAX + 0.5);
}


static bool
is_padding(const pacs_state_view_t *v, double stored)
{
    const pacs_look_t  *look = v->look;

    return isnan(stored) || (look->has_padding && stored >= look->padding[0]
                             && stored <= look->padding[1]);
}


static uint16_t
p_value(const job_t *j, double stored, double mask)
{
    return is_padding(j->v, stored)
           ? 0
           : presentation(j->v, voi(j, modality(j->v, stored) - mask));
}


static int
open_table(job_t *j, pacs_arena_t *a)
{
    double  min = -(double) j->r.sign;

    if (!j->r.narrow || j->mask != NULL) {
        return PACS_OK;
    }
    j->table = pacs_calloc(a, (size_t) j->r.mask + 1, sizeof(*j->table));
    for (size_t i = 0; j->table != NULL && i <= j->r.mask; i++) {
        j->table[i] = p_value(j, min + (double) i, 0);
    }
    return j->table == NULL ? PACS_E_NOMEM : PACS_OK;
}


static uint8_t
palette_byte(const pacs_lut_t *lut, double y)
{
    double  most = (double) ((UINT32_C(1) << lut->bits) - 1);
    size_t  at = (size_t) (y * (lut->entries - 1) + 0.5);

    return (uint8_t) (fmin(lut->data[at] / most, 1) * 255 + 0.5);
}


static int
open_palette(job_t *j, pacs_arena_t *a)
{
    const pacs_state_view_t  *v = j->v;

    if (v->state->kind != PACS_STATE_PSEUDO) {
        return PACS_OK;
    }
    j->palette = pacs_alloc(a, (P_MAX + 1) * sizeof(*j->palette));
    for (unsigned i = 0; j->palette != NULL && i <= P_MAX; i++) {
        for (unsigned k = 0; k < 3; k++) {
            j->palette[i][k] = palette_byte(&v->palette[k],
                                            (double) i / P_MAX);
        }
    }
    return j->palette == NULL ? PACS_E_NOMEM : PACS_OK;
}


static void
grey_row(job_t *j, uint32_t y)
{
    uint32_t  n = j->r.columns;
    size_t    at = (size_t) y * n;
    double    min = -(double) j->r.sign;

    for (uint32_t x = 0; x < n; x++) {
        double    stored = pacs_raster_value(&j->r, at + x);
        uint16_t  p = j->table != NULL ? j->table[(size_t) (stored - min)]
                      : p_value(j, stored, j->mask == NULL ? 0
                                : j->mask[at + x] / j->v->nmask);

        if (j->palette != NULL) {
            memcpy(j->rgb + 3 * (at + x), j->palette[p], 3);
        } else {
            j->grey[at + x] = p;
        }
    }
}


static void
shut_row(job_t *j, uint32_t y, const uint8_t *covered)
{
    const pacs_tint_t  *tint = &j->v->shutter.tint;

    for (uint32_t x = 0; x < j->r.columns; x++) {
        size_t  at = (size_t) y * j->r.columns + x;

        if (covered[x] && j->rgb != NULL) {
            memcpy(j->rgb + 3 * at, tint->rgb, 3);
        } else if (covered[x]) {
            j->grey[at] = tint->grey;
        }
    }
}


static int
shut(job_t *j, pacs_arena_t *a)
{
    const pacs_shutter_t  *s = &j->v->shutter;
    uint8_t               *covered = pacs_alloc(a, j->r.columns);
    double                *crossings = pacs_calloc(a, s->ncorners + 1,
                                                   sizeof(*crossings));

    if (covered == NULL || crossings == NULL) {
        return PACS_E_NOMEM;
    }
    for (uint32_t y = 0; s->shapes != 0 && y < j->r.rows; y++) {
        pacs_shutter_row(s, y, j->r.columns, crossings, covered);
        shut_row(j, y, covered);
    }
    return PACS_OK;
}


static int
make_rgb(job_t *j, const pacs_picture_t *want, pacs_arena_t *a,
    pacs_err_t *err)
{
    pacs_colour_t  c;
    int            rc = pacs_colour_open(&j->r, j->v->look, 0, want, a, &c,
                                         err);

    for (uint32_t y = 0; rc == PACS_OK && y < j->r.rows; y++) {
        pacs_colour_row(&c, y, 0, j->r.columns,
                        j->rgb + (size_t) 3 * j->r.columns * y);
    }
    return rc;
}


static int
make_pixels(job_t *j, const pacs_samples_t *s, pacs_arena_t *a,
    pacs_err_t *err)
{
    pacs_picture_t  plain = { .format = PACS_PICTURE_PNG };
    int             rc = pacs_raster_open(s, a, &j->r, err);

    if (rc != PACS_OK) {
        return rc;
    }

    size_t  n = (size_t) j->r.rows * j->r.columns;

    if (j->v->state->kind == PACS_STATE_GREY) {
        j->grey = pacs_calloc(a, n, sizeof(*j->grey));
    } else {
        j->rgb = pacs_calloc(a, n, 3);
    }
    if (j->grey == NULL && j->rgb == NULL) {
        return PACS_E_NOMEM;
    }
    if (j->v->state->kind == PACS_STATE_COLOUR) {
        return make_rgb(j, &plain, a, err);
    }

    whole_range(j);
    if (j->r.is_float && j->v->voi == PACS_VOI_WHOLE) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "a presentation state without "
                         "a VOI LUT is not for pixels of floating point");
    }
    if ((rc = open_table(j, a)) != PACS_OK
        || (rc = open_palette(j, a)) != PACS_OK)
    {
        return rc;
    }
    for (uint32_t y = 0; y < j->r.rows; y++) {
        grey_row(j, y);
    }
    return PACS_OK;
}


const uint32_t *
pacs_state_mask(const pacs_state_view_t *view, uint32_t *n)
{
    *n = view->nmask;
    return view->mask;
}


int
pacs_state_mask_add(const pacs_state_view_t *view, const pacs_samples_t *mask,
    float *sum, pacs_err_t *err)
{
    pacs_arena_t   *a = pacs_arena_create(0);
    pacs_raster_t   r;
    int             rc = a == NULL ? PACS_E_NOMEM
                         : pacs_raster_open(mask, a, &r, err);
    size_t          n = rc == PACS_OK ? (size_t) r.rows * r.columns : 0;

    for (size_t i = 0; i < n; i++) {
        sum[i] += (float) modality(view, pacs_raster_value(&r, i));
    }
    pacs_arena_destroy(a);
    return rc;
}


/* want's viewport and format with the state's geometry */
static pacs_picture_t
picture_of(const pacs_state_view_t *v, const pacs_picture_t *want,
    const pacs_ink_t *ink)
{
    pacs_picture_t  p = {
        .format = want->format, .quality = want->quality,
        .view_width = want->view_width, .view_height = want->view_height,
        .has_region = 1, .padded = 1, .sx = v->sx, .sy = v->sy, .sw = v->sw,
        .sh = v->sh, .magnify = v->magnify,
        /* turned, then mirrored: mirrored, then turned the other way */
        .flip_x = v->flip,
        .rotate = v->flip ? (4 - v->rotate) & 3 : v->rotate,
        .ink = ink
    };

    if (v->state->kind == PACS_STATE_GREY) {
        p.has_window = 1;
        p.voi = PACS_VOI_LINEAR_EXACT;
        p.center = P_MAX / 2.0;
        p.width = P_MAX;

    } else if (v->state->profile.len != 0) {
        p.icc = PACS_ICC_SRGB;
        p.profile = v->state->profile;
    }
    return p;
}


static int
run(job_t *j, const pacs_samples_t *s, const pacs_picture_t *want,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_drawn_t *drawn,
    pacs_buf_t *out, uint32_t *width, uint32_t *height, pacs_err_t *err)
{
    const pacs_state_view_t  *v = j->v;
    bool                      grey = v->state->kind == PACS_STATE_GREY;
    uint8_t                   bits = grey ? 16 : 8;
    pacs_ink_t                ink = v->ink;
    pacs_look_t               look = { .slope = 1, .aspect = v->aspect };
    int                       rc = make_pixels(j, s, a, err);

    if (rc == PACS_OK) {
        rc = shut(j, a);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    pacs_samples_t  made = {
        .px = {
            .rows = j->r.rows, .columns = j->r.columns, .frames = 1,
            .samples = grey ? 1 : 3, .allocated = bits, .stored = bits,
            .high_bit = (uint16_t) (bits - 1),
            .photometric = grey ? PACS_PI_MONO2 : PACS_PI_RGB
        },
        .data = grey ? (const void *) j->grey : j->rgb,
        .len = (uint64_t) j->r.rows * j->r.columns * (grey ? 2 : 3)
    };

    ink.work = 4 * limits->render_area;
    ink.drawn = drawn;

    pacs_picture_t  picture = picture_of(v, want, &ink);

    return pacs_render(&made, &look, &picture, limits, out, width, height,
                       err);
}


int
pacs_state_render(const pacs_state_view_t *view, const pacs_samples_t *s,
    const float *mask, const pacs_picture_t *want,
    const pacs_limits_t *limits, pacs_drawn_t *drawn, pacs_buf_t *out,
    uint32_t *width, uint32_t *height, pacs_err_t *err)
{
    pacs_arena_t  *a = pacs_arena_create(0);
    job_t          j = { .v = view, .mask = mask };
    int            rc = a == NULL ? PACS_E_NOMEM
                        : run(&j, s, want, limits, a, drawn, out, width,
                              height, err);

    pacs_arena_destroy(a);
    return rc == PACS_E_NOMEM ? pacs_fail(err, rc, "presentation state") : rc;
}
