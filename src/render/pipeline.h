/* SPDX-License-Identifier: BSD-2-Clause */

/* render: what its files say to each other; not for other rooms. */

#ifndef PACS_RENDER_PIPELINE_H
#define PACS_RENDER_PIPELINE_H

#include "render/render.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "samples are read as little endian integers of the host");

typedef float  pacs_v4f_t __attribute__((vector_size(16)));


/* --- raster.c: a frame whose every sample may be read unchecked --- */

typedef struct {
    const uint8_t  *data;       /* little endian, bytes or wider */
    uint32_t        rows, columns;
    uint8_t         samples;    /* a pixel */
    uint8_t         size;       /* bytes a sample */
    uint8_t         photometric;
    uint8_t         planar;
    uint8_t         is_signed, is_float;
    uint8_t         stored;     /* bits */
    uint8_t         shift;      /* bits below the stored ones */
    uint8_t         narrow;     /* integers of up to 16 bits: has a table */
    uint8_t         half;       /* 4:2:2: Y Y Cb Cr, PS3.5 8.2.1 */
    uint64_t        mask;       /* of the stored bits, after the shift */
    uint64_t        sign;       /* the sign bit, 0: unsigned */
    const double   *range;      /* of the whole frame, where this is a part */
    bool           *asked;      /* set by who asks for the range; no data */
} pacs_raster_t;

/* checks s against its own length; layouts that are rare (packed bits, big
 * endian) are rewritten once into the arena */
int pacs_raster_open(const pacs_samples_t *s, pacs_arena_t *a,
    pacs_raster_t *r, pacs_err_t *err);
/* not of colour; a supplemental palette makes grey samples so */
bool pacs_raster_is_grey(const pacs_raster_t *r, const pacs_look_t *look);
/* sample `at` (in samples from the start of data) as a number */
double pacs_raster_value(const pacs_raster_t *r, size_t at);
/* of all samples but those in padding[0..1]; false: none is left */
bool pacs_raster_range(const pacs_raster_t *r, const double *padding,
    double *min, double *max);
/* n samples through the table (narrow only) */
void pacs_raster_map(const pacs_raster_t *r, const uint8_t *table, size_t at,
    size_t n, uint8_t *out);
/* acc[i] += weight * sample (narrow only) */
void pacs_raster_add(const pacs_raster_t *r, size_t at, size_t n,
    float weight, float *acc);
/* acc[i] = weights[0] * sample at[0] + i + weights[1] * sample at[1] + i */
void pacs_raster_sum(const pacs_raster_t *r, const size_t at[2], size_t n,
    const float weights[2], float *acc);
/* pacs_raster_add without those in padding[0..1] and what is no number;
 * share[i] += weight of the others */
void pacs_raster_add_valid(const pacs_raster_t *r, const double padding[2],
    size_t at, size_t n, float weight, float *acc, float *share);


/* --- lut.c: stored value -> grey 0..255 --- */

enum { PACS_VOI_TABLE = PACS_VOI_SIGMOID + 1 };

typedef struct {
    double             slope, intercept;
    const pacs_lut_t  *modality;        /* or NULL */
    uint8_t            voi;             /* pacs_voi_e or PACS_VOI_TABLE */
    double             center, width;
    const pacs_lut_t  *table;           /* PACS_VOI_TABLE */
    bool               inverse;
    const double      *padding;         /* two values, or NULL */
} pacs_curve_t;

/* how this frame is to be shown: the request, the data set, or its range */
int pacs_curve_choose(const pacs_raster_t *r, const pacs_look_t *look,
    uint32_t frame, const pacs_picture_t *want, pacs_curve_t *c,
    pacs_err_t *err);
/* 0..255, not rounded; NaN gives 0 */
double pacs_curve_grey(const pacs_curve_t *c, double stored);
/* grey = slope * (stored - middle) + 127.5, cut off at 0 and 255; false: it
 * is no such line */
bool pacs_curve_line(const pacs_curve_t *c, float *slope, float *middle);
/* table[raw & mask] for all stored values of r, a narrow raster */
void pacs_curve_table(const pacs_curve_t *c, const pacs_raster_t *r,
    uint8_t *table);
/* widens look->range by the values of a frame; false: there is none */
bool pacs_look_range(const pacs_raster_t *r, pacs_look_t *look,
    uint32_t frame);
double pacs_lut_at(const pacs_lut_t *lut, double value);


/* --- look.c, also for what a presentation state says --- */

/* LUT Descriptor and LUT Data of an item; false: absent, short, impossible.
 * is_signed: what windows are of, where an implicit VR does not say it */
bool pacs_lut_read(pacs_source_t *stream, const pacs_item_t *item,
    bool is_signed, pacs_arena_t *a, pacs_lut_t *lut);
bool pacs_palette_read(pacs_source_t *stream, const pacs_item_t *item,
    pacs_arena_t *a, pacs_lut_t palette[3]);
/* VOI LUT Function, LINEAR where there is none; false: an unknown one */
bool pacs_voi_function(const pacs_item_t *item, uint8_t *voi);


/* --- unit.c: real values of PET, RT Dose, maps; look's slope and kind are
 * known --- */

void pacs_look_read_unit(const pacs_item_t *root, pacs_look_t *look);


/* --- colour.c: rows of any colour raster as 8-bit RGB --- */

typedef struct {
    const pacs_raster_t  *r;
    uint8_t              *table;        /* narrow: sample -> 8 bits */
    bool                  plain;        /* table changes nothing */
    uint8_t             (*palette)[3];  /* by index, or NULL */
    pacs_curve_t          curve;        /* what the table holds */
    uint8_t              *planes;       /* three rows of columns samples */
    uint8_t              *window;       /* 8 bits -> 8 bits, or NULL */
} pacs_colour_t;

int pacs_colour_open(const pacs_raster_t *r, const pacs_look_t *look,
    uint32_t frame, const pacs_picture_t *want, pacs_arena_t *a,
    pacs_colour_t *c, pacs_err_t *err);
void pacs_colour_row(const pacs_colour_t *c, uint32_t y, uint32_t x,
    uint32_t n, uint8_t *rgb);


/* --- geometry.c: which source pixels make an output pixel --- */

/* one axis, in pixels of the frame */
typedef struct {
    uint32_t  size;
    double    start, length;    /* of the region within the frame */
    double    scale;            /* source pixels an output pixel */
    unsigned  level;
    bool      flip;
} pacs_side_t;

typedef struct {
    pacs_side_t   line;
    pacs_side_t   whole;        /* as it was asked for, also outside */
    uint32_t      all;          /* output pixels of it */
    uint32_t      cut, canvas;  /* those left out before the first one that
                                   is shown; how many are */
    uint32_t      before;       /* black ones, before those of the image */
    uint32_t      n;            /* output pixels of the image */
    uint32_t      lo, hi;       /* pixels of the level used: lo .. hi - 1 */
    bool          plain;        /* output i is lo + i, or hi - 1 - i */
    uint32_t      taps;         /* weights an output pixel */
    uint32_t     *first;        /* pixel of the first weight, from lo */
    float        *weights;      /* n * taps */
} pacs_axis_t;

typedef struct {
    pacs_axis_t  x, y;
    unsigned     level;
    bool         turned;        /* x runs down and y across, at last */
} pacs_geometry_t;

/* all but the weights; levels: of the frame's pyramid that may be used */
int pacs_geometry(uint32_t columns, uint32_t rows, double aspect,
    const pacs_picture_t *want, const pacs_limits_t *limits, unsigned levels,
    pacs_geometry_t *g, pacs_err_t *err);
/* where a point of the frame (0, 0 is the top left corner of its first pixel)
 * or, fraction, of the region (0..1 as it is shown) lies in the picture */
void pacs_geometry_place(const pacs_geometry_t *g, bool fraction, double x,
    double y, double place[2]);
/* the point of the frame that is at a place of the picture */
void pacs_geometry_source(const pacs_geometry_t *g, double px, double py,
    double at[2]);
int pacs_axis_weights(pacs_axis_t *ax, pacs_arena_t *a, pacs_err_t *err);


/* --- scale.c: weighted means of source pixels --- */

typedef struct {
    const pacs_raster_t  *r;
    const pacs_axis_t    *x, *y;
    const pacs_colour_t  *colour;       /* NULL: grey */
    double                padding[2];   /* of grey; least > greatest: none */
    float                *sum, *share;  /* one row of weighted pixels, and a
                                           few zeros */
    /* of grey, where four weights an output pixel are enough: 4 * x->n, and
     * the pixel of the first one that counts */
    float                *fours;
    uint32_t             *from;
    float                *values, *shares;      /* one row, at last */
    uint8_t              *rgb;          /* two source rows, by parity of y */
    uint32_t              held[2];      /* y + 1 of these; 0: none */
} pacs_scaler_t;

/* c is the colour, or with curve the grey; g has its weights */
int pacs_scaler_open(const pacs_raster_t *r, const pacs_geometry_t *g,
    const pacs_curve_t *curve, const pacs_colour_t *c, pacs_arena_t *a,
    pacs_scaler_t *s, pacs_err_t *err);
/* row y as stored values, NaN where there is but padding */
const float *pacs_scaler_grey(pacs_scaler_t *s, uint32_t y);
void pacs_scaler_rgb(pacs_scaler_t *s, uint32_t y, uint8_t *out);


/* --- encode.c, and an encoder a file --- */

typedef struct pacs_rows_s  pacs_rows_t;

struct pacs_rows_s {
    uint32_t   width, height;
    uint32_t   channels;        /* 1: grey, 3: RGB */
    uint32_t   depth;           /* bits a channel: 8; grey also 16: uint16_t
                                   of the host */
    const pacs_curve_t  *curve; /* grey: how, or NULL */
    const pacs_geometry_t  *g;  /* of a frame, or NULL */
    /* asked for ascending y, each once */
    void     (*row)(pacs_rows_t *rows, uint32_t y, uint8_t *out);
};

/* grey: 0..255; 16 bits keep what lies between */
static inline void
pacs_rows_put(const pacs_rows_t *rows, uint8_t *out, uint32_t i, double grey)
{
    if (rows->depth == 16) {
        ((uint16_t *) (void *) out)[i] = (uint16_t) (grey * 257 + 0.5);
        return;
    }
    out[i] = (uint8_t) (grey + 0.5);
}


/* overlay.c: *rows with want's annotation upon them, or as they were */
int pacs_overlay(pacs_rows_t **rows, const pacs_picture_t *want,
    pacs_arena_t *a, pacs_err_t *err);

/* canvas.c: *rows with what is black around them, or as they were */
int pacs_canvas(pacs_rows_t **rows, pacs_arena_t *a, pacs_err_t *err);

/* ink.c: *rows with want's ink upon them, or as they were */
int pacs_ink(pacs_rows_t **rows, const pacs_picture_t *want, pacs_arena_t *a,
    pacs_err_t *err);

/* PACS_E_ARG: the format cannot hold what is wanted */
int pacs_encode(pacs_rows_t *rows, const pacs_picture_t *want, pacs_arena_t *a,
    pacs_buf_t *out, pacs_err_t *err);

/* icc: profile to embed, or null */
int pacs_encode_jpeg(pacs_rows_t *rows, const pacs_picture_t *want,
    pacs_str_t icc, pacs_arena_t *a, pacs_buf_t *out, pacs_err_t *err);
int pacs_encode_png(pacs_rows_t *rows, const pacs_picture_t *want,
    pacs_str_t icc, pacs_arena_t *a, pacs_buf_t *out, pacs_err_t *err);
int pacs_encode_webp(pacs_rows_t *rows, const pacs_picture_t *want,
    pacs_str_t icc, pacs_arena_t *a, pacs_buf_t *out, pacs_err_t *err);
int pacs_encode_gif(pacs_rows_t *rows, const pacs_picture_t *want,
    pacs_str_t icc, pacs_arena_t *a, pacs_buf_t *out, pacs_err_t *err);


/* --- icc.c: colours in the space that was asked for --- */

/* *rows: replaced where pixels are converted; *icc: what is to be embedded;
 * both live in the arena */
int pacs_icc_open(const pacs_picture_t *want, pacs_arena_t *a,
    pacs_rows_t **rows, pacs_str_t *icc, pacs_err_t *err);

#endif
