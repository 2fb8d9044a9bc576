/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Colour rasters as rows of 8-bit RGB: PS3.3 C.7.6.3.1.2 (photometric
 * interpretations), C.7.6.3.1.5 (palettes).  A window that is asked for is
 * applied to each of the three channels.  YBR_ICT and YBR_RCT name
 * what a JPEG 2000 stream holds; samples out of a decoder are RGB.
 */

#include <math.h>
#include <string.h>

#include "render/pipeline.h"


/* 0..255 from all that can be stored: the identity for 8 bits */
static pacs_curve_t
whole_range(const pacs_raster_t *r)
{
    return (pacs_curve_t) {
        .slope = 1,
        .voi = PACS_VOI_LINEAR_EXACT,
        .center = (double) r->mask / 2 - (double) r->sign,
        .width = (double) r->mask,
    };
}


static int
open_palette(const pacs_look_t *look, pacs_arena_t *a, pacs_colour_t *c,
    pacs_err_t *err)
{
    const pacs_raster_t  *r = c->r;
    uint32_t              mask = (uint32_t) r->mask;
    int32_t               min = -(int32_t) r->sign;

    for (unsigned k = 0; k < 3; k++) {
        if (look->palette[k].entries == 0) {
            return pacs_fail(err, PACS_E_UNSHOWABLE,
                             "PALETTE COLOR without usable tables");
        }
    }

    c->palette = pacs_calloc(a, (size_t) mask + 1, sizeof(*c->palette));
    if (c->palette == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "palette");
    }

    for (unsigned k = 0; k < 3; k++) {
        const pacs_lut_t  *lut = &look->palette[k];
        unsigned           shift = lut->bits > 8 ? lut->bits - 8 : 0;

        for (uint32_t i = 0; i <= mask; i++) {
            int32_t   v = min + (int32_t) i;
            uint32_t  y = (uint32_t) pacs_lut_at(lut, v) >> shift;

            c->palette[(uint32_t) v & mask][k] = y > 255 ? 255 : (uint8_t) y;
        }
    }
    return PACS_OK;
}


/* grey for the stored values that lie before the palette */
static int
open_supplement(const pacs_look_t *look, uint32_t frame,
    const pacs_picture_t *want, pacs_arena_t *a, pacs_colour_t *c,
    pacs_err_t *err)
{
    const pacs_raster_t  *r = c->r;
    uint32_t              mask = (uint32_t) r->mask;
    int32_t               min = -(int32_t) r->sign;
    uint8_t              *grey = pacs_alloc(a, (size_t) mask + 1);
    int                   rc;

    if (grey == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "palette");
    }

    rc = open_palette(look, a, c, err);
    if (rc == PACS_OK) {
        rc = pacs_curve_choose(r, look, frame, want, &c->curve, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    pacs_curve_table(&c->curve, r, grey);
    for (int32_t v = min; v < look->palette[0].first
                          && v - min <= (int32_t) mask; v++)
    {
        memset(c->palette[(uint32_t) v & mask], grey[(uint32_t) v & mask], 3);
    }
    return PACS_OK;
}


/* the window that was asked for, in 8 bits */
static int
open_window(const pacs_look_t *look, const pacs_picture_t *want,
    pacs_arena_t *a, pacs_colour_t *c, pacs_err_t *err)
{
    pacs_raster_t  eight = { .mask = 255, .narrow = 1 };
    pacs_look_t    plain = { .slope = 1 };
    pacs_curve_t   curve;

    int  rc = pacs_curve_choose(&eight, &plain, 0, want, &curve, err);
    if (rc != PACS_OK) {
        return rc;
    }

    double  scale = c->palette != NULL ? 1 : 255 / (double) c->r->mask;
    curve.center *= scale;
    curve.width *= scale;
    if (curve.voi == PACS_VOI_LINEAR && curve.width < 1) {
        curve.width = 1;
    }

    c->window = pacs_alloc(a, 256);
    if (c->window == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "window");
    }
    pacs_curve_table(&curve, &eight, c->window);
    return PACS_OK;
}


int
pacs_colour_open(const pacs_raster_t *r, const pacs_look_t *look,
    uint32_t frame, const pacs_picture_t *want, pacs_arena_t *a,
    pacs_colour_t *c, pacs_err_t *err)
{
    *c = (pacs_colour_t) { .r = r, .curve = whole_range(r) };

    if (r->samples == 1 && r->photometric != PACS_PI_PALETTE) {
        return open_supplement(look, frame, want, a, c, err);
    }

    if (r->photometric == PACS_PI_PALETTE) {
        int  rc = open_palette(look, a, c, err);
        if (rc != PACS_OK) {
            return rc;
        }

    } else if (r->narrow) {
        c->plain = r->size == 1 && r->stored == 8 && !r->is_signed;
        c->table = pacs_alloc(a, (size_t) r->mask + 1);
        if (c->table == NULL) {
            return pacs_fail(err, PACS_E_NOMEM, "colour table");
        }
        pacs_curve_table(&c->curve, r, c->table);
    }

    if (r->planar) {
        c->planes = pacs_calloc(a, r->columns, 3);
        if (c->planes == NULL) {
            return pacs_fail(err, PACS_E_NOMEM, "colour planes");
        }
    }

    return want->has_window ? open_window(look, want, a, c, err) : PACS_OK;
}


/* n samples from `at` scaled to 8 bits */
static void
scaled(const pacs_colour_t *c, size_t at, size_t n, uint8_t *out)
{
    if (c->plain) {
        memcpy(out, c->r->data + at, n);
        return;
    }
    if (c->r->narrow) {
        pacs_raster_map(c->r, c->table, at, n, out);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double  v = pacs_raster_value(c->r, at + i);
        out[i] = (uint8_t) (pacs_curve_grey(&c->curve, v) + 0.5);
    }
}


static void
row_planar(const pacs_colour_t *c, size_t at, uint32_t n, uint8_t *rgb)
{
    size_t  plane = (size_t) c->r->rows * c->r->columns;

    for (unsigned k = 0; k < 3; k++) {
        uint8_t  *row = c->planes + (size_t) k * c->r->columns;

        scaled(c, k * plane + at, n, row);
        for (uint32_t i = 0; i < n; i++) {
            rgb[3 * i + k] = row[i];
        }
    }
}


/* Y Y Cb Cr for two pixels; of an odd last column the second Y is unused */
static void
row_half(const pacs_colour_t *c, uint32_t y, uint32_t x, uint32_t n,
    uint8_t *ybr)
{
    size_t          pitch = (size_t) (c->r->columns / 2 + c->r->columns % 2);
    const uint8_t  *row = c->r->data + y * pitch * 4;

    for (uint32_t i = 0; i < n; i++) {
        const uint8_t  *p = row + (size_t) ((x + i) / 2) * 4;

        ybr[3 * i] = p[(x + i) & 1];
        ybr[3 * i + 1] = p[2];
        ybr[3 * i + 2] = p[3];
    }
}


static void
row_palette(const pacs_colour_t *c, size_t at, uint32_t n, uint8_t *rgb)
{
    const pacs_raster_t  *r = c->r;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t  raw = 0;

        memcpy(&raw, r->data + (at + i) * r->size, r->size);
        memcpy(rgb + 3 * i, c->palette[raw >> r->shift & r->mask], 3);
    }
}


/* 16.16 fixed point; ITU-R BT.601, full range or video levels */
typedef struct { int32_t  y0, y, rv, gu, gv, bu; }  matrix_t;

static const matrix_t  full =    {  0, 65536,  91881, 22554, 46802, 116130 };
static const matrix_t  partial = { 16, 76309, 104597, 25675, 53279, 132201 };


static uint8_t
clamp(int32_t v)
{
    v = (v + 32768) >> 16;
    return v < 0 ? 0 : v > 255 ? 255 : (uint8_t) v;
}


static void
ybr_to_rgb(const matrix_t *m, uint32_t n, uint8_t *p)
{
    for (uint8_t *end = p + (size_t) n * 3; p < end; p += 3) {
        int32_t  y = (p[0] - m->y0) * m->y;
        int32_t  u = p[1] - 128, v = p[2] - 128;

        p[0] = clamp(y + m->rv * v);
        p[1] = clamp(y - m->gu * u - m->gv * v);
        p[2] = clamp(y + m->bu * u);
    }
}


static const matrix_t  *const matrices[PACS_PI_COUNT] = {
    [PACS_PI_YBR_FULL] = &full,
    [PACS_PI_YBR_FULL_422] = &full,
    [PACS_PI_YBR_PARTIAL_420] = &partial,
    [PACS_PI_YBR_PARTIAL_422] = &partial,
};


void
pacs_colour_row(const pacs_colour_t *c, uint32_t y, uint32_t x, uint32_t n,
    uint8_t *rgb)
{
    const pacs_raster_t  *r = c->r;
    size_t                at = (size_t) y * r->columns + x;

    if (c->palette != NULL) {
        row_palette(c, at, n, rgb);
    } else if (r->half) {
        row_half(c, y, x, n, rgb);
    } else if (r->planar) {
        row_planar(c, at, n, rgb);
    } else {
        scaled(c, at * 3, (size_t) n * 3, rgb);
    }

    if (matrices[r->photometric] != NULL) {
        ybr_to_rgb(matrices[r->photometric], n, rgb);
    }

    for (size_t i = 0; c->window != NULL && i < (size_t) n * 3; i++) {
        rgb[i] = c->window[rgb[i]];
    }
}
