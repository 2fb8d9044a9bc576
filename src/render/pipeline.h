/* SPDX-License-Identifier: BSD-2-Clause */

/* render: what its files say to each other; not for other rooms. */

#ifndef PACS_RENDER_PIPELINE_H
#define PACS_RENDER_PIPELINE_H

#include "render/render.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "samples are read as little endian integers of the host");

#if defined(__GNUC__) && !defined(__clang__)
#define PACS_VECTORIZE  __attribute__((optimize("O3")))
#else
#define PACS_VECTORIZE
#endif

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
/* table[raw & mask] for all stored values of r, a narrow raster */
void pacs_curve_table(const pacs_curve_t *c, const pacs_raster_t *r,
    uint8_t *table);
/* widens look->range by the values of a frame; false: there is none */
bool pacs_look_range(const pacs_raster_t *r, pacs_look_t *look,
    uint32_t frame);
double pacs_lut_at(const pacs_lut_t *lut, double value);


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

typedef struct {
    uint32_t   n;               /* output pixels */
    uint32_t   lo, hi;          /* source pixels used: lo .. hi - 1 */
    bool       plain;           /* output i is source lo + i, or hi - 1 - i */
    bool       flip;
    uint32_t  *first;           /* source pixel of the first weight */
    uint32_t  *start;           /* n + 1 indices into weights */
    float     *weights;
} pacs_axis_t;

int pacs_geometry(uint32_t columns, uint32_t rows, double aspect,
    const pacs_picture_t *want, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_axis_t *x, pacs_axis_t *y, pacs_err_t *err);


/* --- encode.c, and an encoder a file --- */

typedef struct pacs_rows_s  pacs_rows_t;

struct pacs_rows_s {
    uint32_t   width, height;
    uint32_t   channels;        /* 1: grey, 3: RGB */
    uint32_t   depth;           /* bits a channel: 8; grey also 16: uint16_t
                                   of the host */
    const pacs_curve_t  *curve; /* grey: how, or NULL */
    /* asked for ascending y, each once */
    void     (*row)(pacs_rows_t *rows, uint32_t y, uint8_t *out);
};

/* overlay.c: *rows with want's annotation upon them, or as they were */
int pacs_overlay(pacs_rows_t **rows, const pacs_picture_t *want,
    pacs_arena_t *a, pacs_err_t *err);

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
