/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Numbers: the value at a point and statistics of a region, in the unit that
 * the attributes give (PS3.3 C.11.1, C.7.6.16.2.11, C.8.9.1.1.3, C.8.8.3.2).
 * Pure and re-entrant, like the rest of render.
 *
 * Coordinates are pixels of the stored frame; (0, 0) is the top left corner
 * of the top left pixel, so its centre is (0.5, 0.5).  A pixel belongs to a
 * region when its centre lies in it.
 */

#ifndef PACS_RENDER_MEASURE_H
#define PACS_RENDER_MEASURE_H

#include "render/render.h"

/* --- what a stored value stands for, and how large a pixel is --- */

typedef struct {
    const pacs_look_t  *look;       /* values are its own, times `factor`; */
    uint32_t            frame;
    double              factor;
    /* NULL: or those of a Real World Value Mapping */
    double              slope, intercept;
    double              first, last;    /* stored values that are mapped */
    const double       *table;          /* of first … last, or NULL */
    double              suv;        /* of what was stored; 0: not SUV */
    char                unit[65];   /* UTF-8, "": not known */
} pacs_scale_t;

typedef struct {
    double       row, column;           /* mm a pixel down and across; 0: not
                                           known */
    const char  *source;                /* attribute, or "none" */
    char         calibration[17];       /* Pixel Spacing Calibration Type */
} pacs_spacing_t;

/* PS3.3 C.8.5.5: corners in pixels, the last one included */
typedef struct {
    double  left, top, right, bottom;
    double  row, column;                /* mm, 0: no lengths in it */
} pacs_us_region_t;

typedef struct {
    pacs_scale_t       scale;
    pacs_spacing_t     spacing;
    pacs_us_region_t  *regions;
    unsigned           nregions;
} pacs_gauge_t;

/* of one frame, from 0; ds has values of up to 512 kB in memory */
int pacs_gauge_read(const pacs_dataset_t *ds, const pacs_look_t *look,
    uint32_t frame, pacs_arena_t *a, pacs_gauge_t *g, pacs_err_t *err);
/* NaN: the value has no meaning */
double pacs_scale_value(const pacs_scale_t *s, double stored);


/* --- regions --- */

typedef enum {
    PACS_ROI_POINT,         /* x, y */
    PACS_ROI_RECTANGLE,     /* x, y, width, height */
    PACS_ROI_ELLIPSE,       /* centre x, y, radii, degrees from x to y */
    PACS_ROI_POLYGON        /* x, y of each vertex; even-odd */
} pacs_roi_e;

typedef struct {
    pacs_roi_e     shape;
    const double  *v;
    unsigned       n;       /* numbers in v */
} pacs_roi_t;

/* pixels: left, top, right, bottom; the last two are not in it */
typedef struct { uint32_t  x0, y0, x1, y1; }  pacs_box_t;

/* the pixels that a region can have of width x height */
pacs_box_t pacs_roi_box(const pacs_roi_t *roi, uint32_t width,
    uint32_t height);
/* in[i] = 1 where pixel (x + i, y) belongs to the region; n pixels */
void pacs_roi_row(const pacs_roi_t *roi, uint32_t y, uint32_t x, uint32_t n,
    uint8_t *in);
/* mm a pixel within box: of the smallest ultrasound region that holds all of
 * it, or of the whole picture */
pacs_spacing_t pacs_gauge_spacing(const pacs_gauge_t *g,
    const pacs_box_t *box);


/* --- what is measured: rows of values, NaN where there is none --- */

typedef struct pacs_field_s  pacs_field_t;

struct pacs_field_s {
    uint32_t   width, height;
    unsigned   channels;            /* 1, or 3: red, green, blue */
    /* channels * n values of row y, from x on */
    void     (*row)(const pacs_field_t *f, uint32_t y, uint32_t x, uint32_t n,
                    double *out);
};

/* samples hold the rows from `top` on of a frame of `height` rows; RGB as
 * stored, other colour as 8-bit RGB.  Lives in the arena */
int pacs_field_frame(const pacs_samples_t *s, uint32_t top, uint32_t height,
    const pacs_look_t *look, const pacs_scale_t *scale, pacs_arena_t *a,
    pacs_field_t **f, pacs_err_t *err);
/* values[height * width], as pacs_volume_plane() makes them */
int pacs_field_plane(const float *values, uint32_t width, uint32_t height,
    pacs_arena_t *a, pacs_field_t **f, pacs_err_t *err);

typedef struct {
    uint32_t  bins;                 /* 0: none is wanted */
    bool      has_range;            /* else the values' own */
    double    min, max;
} pacs_histogram_t;

typedef struct {
    uint64_t   count;               /* pixels with a value */
    uint64_t   without;             /* and without: padding, NaN */
    double     mean, min, max;      /* NaN: count is 0 */
    double     sd;                  /* of these pixels: divided by count */
    double     low, high;           /* of the histogram */
    uint64_t  *bins;                /* equally wide; the last has `high` too */
    uint64_t   below, above;        /* outside of it */
} pacs_stats_t;

/* out[f->channels] */
int pacs_measure(const pacs_field_t *f, const pacs_roi_t *roi,
    const pacs_histogram_t *h, pacs_arena_t *a, pacs_stats_t *out,
    pacs_err_t *err);

#endif
