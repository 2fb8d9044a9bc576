/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * render: samples -> picture: modality LUT, VOI, presentation, colour,
 * geometry, encode (PS3.4 N.2, PS3.3 C.11, PS3.18 8.3.5).  Pure: no files
 * but fonts, no clock.  Any thread; in nginx the pool pacs_render.
 */

#ifndef PACS_RENDER_H
#define PACS_RENDER_H

#include "core/core.h"
#include "core/codec.h"
#include "dicom/dicom.h"

typedef enum { PACS_VOI_LINEAR, PACS_VOI_LINEAR_EXACT, PACS_VOI_SIGMOID }
    pacs_voi_e;

/* a lookup table, PS3.3 C.11.1.1 / C.7.6.3.1.5; entries 0: absent */
typedef struct {
    uint32_t         entries;
    int32_t          first;     /* stored value that maps to data[0] */
    uint16_t         bits;      /* of an entry */
    const uint16_t  *data;      /* in the arena */
} pacs_lut_t;

typedef struct {
    double  center, width;
    char    explanation[64];    /* UTF-8 */
} pacs_window_t;

/* what an image's attributes say of how it is to be looked at; made at
 * ingest, packed into the record */
typedef struct {
    double          slope, intercept;       /* of frame 0, or shared */
    pacs_lut_t      modality;               /* Modality LUT Sequence */
    uint8_t         voi;                    /* pacs_voi_e */
    uint8_t         inverse;                /* Presentation LUT INVERSE */
    uint8_t         has_padding;
    double          padding[2];             /* least, greatest */
    uint16_t        nwindows;               /* of frame 0, or shared */
    pacs_window_t  *windows;
    pacs_lut_t      voi_lut;                /* VOI LUT Sequence, item 1 */
    pacs_lut_t      palette[3];             /* red, green, blue */
    double          aspect;                 /* pixel height / width */
    uint8_t         stored_voi;     /* windows are of stored values, not of
                                       values after slope or modality LUT:
                                       see lut.c */
    uint8_t         one_scale;      /* PET: of a whole series */
    uint8_t         has_range;
    double          range[2];       /* least, greatest of what windows are of
                                       in all frames, padding left out */
    char            unit[17];       /* of pacs_look_value: "HU", "BQML", "GY",
                                       as the data set says it, or "" */
    double          suv;            /* SUVbw = value * suv; 0: not known */
    /* per-frame functional groups: NULL, or one row a frame */
    uint32_t        nframes;
    struct pacs_frame_look_s {
        double   slope, intercept, center, width;   /* width 0: none */
        uint8_t  voi;                               /* pacs_voi_e */
    }              *frames;
    /* of the series, not packed: what is shown where no window is asked for
     * nor stored, in values of pacs_look_value; equal: none */
    double          scale[2];
} pacs_look_t;

/* the real value of a stored one (frame from 0), in look->unit: slope and
 * intercept, or the modality LUT (PS3.3 C.11.1) */
double pacs_look_value(const pacs_look_t *look, uint32_t frame,
    double stored);

/* wrong or short tables are left out, never an error but for memory */
int pacs_look_read(pacs_source_t *stream, const pacs_dataset_t *ds,
    const pacs_pixels_t *px, pacs_arena_t *a, pacs_look_t *look,
    pacs_err_t *err);
pacs_str_t pacs_look_pack(const pacs_look_t *look, pacs_arena_t *a);
int pacs_look_unpack(pacs_str_t packed, pacs_arena_t *a, pacs_look_t *look,
    pacs_err_t *err);

/* a part of a frame at a level of its pyramid (below); 0: the frame itself */
typedef struct {
    uint32_t  x, y, columns, rows;      /* in pixels of the level */
    unsigned  level;
} pacs_area_t;

/* sets look->range where it may be needed for a picture and the pixels are
 * native and not too many; reads the frames */
int pacs_look_measure(pacs_source_t *stream, const pacs_frames_t *frames,
    const pacs_dataset_t *ds, const pacs_pixels_t *px, pacs_look_t *look,
    pacs_err_t *err);

/* one frame's samples as they lie in a file or the frame cache */
typedef struct {
    pacs_pixels_t  px;
    const void    *data;
    uint64_t       len;         /* bytes */
    uint8_t        big_endian;  /* up to 8 bits: of OW, whose 16-bit words
                                   are swapped; of OB: 0 */
    uint32_t       bit_offset;  /* 1-bit images: of the first pixel */
    uint32_t       index;       /* of the frame, from 0: for look.frames */
    pacs_area_t    area;        /* what data holds; columns 0: all of px */
    const double  *range;       /* NULL, or least and greatest stored value
                                   of the frame, padding left aside */
} pacs_samples_t;

typedef enum {
    PACS_PICTURE_JPEG, PACS_PICTURE_PNG, PACS_PICTURE_WEBP, PACS_PICTURE_GIF,
    PACS_PICTURES
} pacs_picture_e;

/* PS3.18 8.3.5.1.5: the data set's own profile, or one of ours */
typedef enum {
    PACS_ICC_NO, PACS_ICC_YES, PACS_ICC_SRGB, PACS_ICC_ADOBE_RGB,
    PACS_ICC_ROMM_RGB
} pacs_icc_e;

/* texts burnt into a picture's corners when all else is done, PS3.18
 * 8.3.5.1.1: white with a dark edge, as sharp as the picture's own pixels */
typedef enum {
    PACS_TOP_LEFT, PACS_TOP_RIGHT, PACS_BOTTOM_LEFT, PACS_BOTTOM_RIGHT,
    PACS_CORNERS
} pacs_corner_e;

typedef struct {
    unsigned  missing;      /* characters drawn as boxes: no font has them */
    unsigned  hidden;       /* lines for which there was no room */
} pacs_drawn_t;

/* UTF-8; '\n' ends a line, 0x1f a field of a line: each field has its own
 * direction.  Values come in by pacs_annotation_add only */
typedef struct {
    pacs_str_t     lines[PACS_CORNERS];
    const char    *language;    /* BCP 47: which regional form of ideographs;
                                   NULL: any */
    bool           window;      /* bottom left: the window in use, too */
    pacs_drawn_t  *drawn;       /* out */
} pacs_annotation_t;

/* a value as it may stand in a field: no control characters, nothing that
 * changes directions unseen, at most 160 characters, then an ellipsis */
void pacs_annotation_add(pacs_buf_t *b, pacs_str_t value);
/* the fonts are kept for the next picture; closes them */
void pacs_annotation_end(void);

/* what is asked for; all zero: the whole frame 1:1, JPEG, quality default */
typedef struct {
    uint8_t         format;         /* pacs_picture_e */
    uint8_t         quality;        /* 1..100; 0: JPEG 90, WebP 100, which is
                                       lossless */
    uint8_t         bits;           /* 16: of grey, in a PNG; 0: 8 */
    uint8_t         icc;            /* pacs_icc_e; grey ones have none */
    pacs_str_t      profile;        /* the data set's own, with icc; or null:
                                       taken for sRGB */
    uint8_t         has_window;
    uint8_t         voi;            /* with has_window */
    double          center, width;
    uint32_t        view_width, view_height;    /* viewport; 0: none */
    uint8_t         has_region;
    /* source region in pixels of the stored frame; negative width or
     * height: flipped, PS3.18 8.3.5.1.3 */
    double          sx, sy, sw, sh;
    /* then mirrored, then turned: the viewport is of what comes out */
    uint8_t         flip_x, flip_y;
    uint8_t         rotate;         /* quarter turns, clockwise */
    uint8_t         padded;         /* what of the region lies outside of the
                                       image is black, not left out */
    double          magnify;        /* 0, or output pixels a pixel: what is
                                       larger than the viewport is cropped
                                       around its middle */
    const pacs_annotation_t  *annotation;       /* or NULL */
    const struct pacs_ink_s  *ink;  /* graphics of a presentation state, drawn
                                       before the annotation; or NULL */
} pacs_picture_t;

/* a plane of values (NaN: black), as a grey picture; want's window is used,
 * its viewport and region are not */
int pacs_render_values(const float *values, uint32_t width, uint32_t height,
    const pacs_picture_t *want, pacs_buf_t *out, pacs_err_t *err);
/* width * height * 3 bytes, as a colour picture */
int pacs_render_rgb(const uint8_t *rgb, uint32_t width, uint32_t height,
    const pacs_picture_t *want, pacs_buf_t *out, pacs_err_t *err);

/* what want shows of a frame, where `levels` of its pyramid may be used;
 * *range: and how it looks depends on the range of the whole frame.
 * PACS_E_ARG: nothing, or too much */
int pacs_render_area(const pacs_pixels_t *px, const pacs_look_t *look,
    uint32_t frame, const pacs_picture_t *want, const pacs_limits_t *limits,
    unsigned levels, pacs_area_t *area, bool *range, pacs_err_t *err);

/* the encoded picture is added to out.  It fits into the viewport, aspect
 * (also of non-square pixels) kept; width and height say what came out.
 * PACS_E_UNSHOWABLE, PACS_E_LIMIT, PACS_E_ARG */
int pacs_render(const pacs_samples_t *s, const pacs_look_t *look,
    const pacs_picture_t *want, const pacs_limits_t *limits, pacs_buf_t *out,
    uint32_t *width, uint32_t *height, pacs_err_t *err);


/* --- animation.c: pictures of pacs_render, one after the other --- */

/* all zero but format (GIF or WebP), width and height: an empty one */
typedef struct {
    uint8_t   format;
    uint32_t  width, height;
    uint32_t  pictures;
    uint8_t   colours[768];     /* GIF: the table of the first picture */
} pacs_animation_t;

/* adds a picture of the same format and size to out, before the first one
 * the file's head; it plays again and again */
int pacs_animation_add(pacs_animation_t *an, pacs_str_t picture,
    uint32_t delay_ms, pacs_buf_t *out, pacs_err_t *err);
void pacs_animation_end(const pacs_animation_t *an, pacs_buf_t *out);
enum { PACS_ANIMATION_HEAD = 8 };

/* the first bytes of the whole file of len bytes, to be put over what was
 * said before that was known; PACS_E_LIMIT: no such large files */
int pacs_animation_head(const pacs_animation_t *an, uint64_t len,
    char head[PACS_ANIMATION_HEAD], pacs_err_t *err);


/* --- pyramids: a large frame's samples in halves, quarters, … ---
 * A pixel of level n is the mean of the 2^n x 2^n pixels that it covers,
 * fewer at the right and lower edges, without padding; padding where there
 * is nothing else.  Grey stays stored values, colour is RGB of 8 bits. */

enum { PACS_PYRAMID_LEVELS = 7 };

typedef struct {
    pacs_pixels_t  px;          /* of the samples above level 0 */
    unsigned       levels;      /* above level 0; 0: none is made */
    uint64_t       offset[PACS_PYRAMID_LEVELS + 2];     /* of a level; [0] is
                                   not used, [levels + 1] is the end */
} pacs_pyramid_t;

/* of images that are small, of single bits, floats, above 16 bits or with a
 * supplemental palette none is made */
void pacs_pyramid_shape(const pacs_pixels_t *px, const pacs_look_t *look,
    pacs_pyramid_t *p);
uint32_t pacs_pyramid_side(uint32_t side, unsigned level);
unsigned pacs_pyramid_pixel(const pacs_pyramid_t *p);       /* bytes */

/* A level lies in strips as high as itself, row by row, so that a tile is a
 * few long stretches of it.  Strip i begins with column i *
 * PACS_PYRAMID_STRIP; *columns: how many it has; its first byte, as
 * offset[] */
enum { PACS_PYRAMID_STRIP = 256 };

uint64_t pacs_pyramid_strip(const pacs_pyramid_t *p, unsigned level,
    uint32_t i, uint32_t *columns);

typedef struct pacs_mason_s  pacs_mason_t;

/* who builds one; out: offset[levels + 1] bytes, written as rows come */
int pacs_mason_begin(const pacs_pyramid_t *p, const pacs_look_t *look,
    uint8_t *out, pacs_arena_t *a, pacs_mason_t **m, pacs_err_t *err);
/* rows of level 0 from the top, whole ones; those that came before are
 * skipped */
int pacs_mason_add(pacs_mason_t *m, const pacs_samples_t *rows,
    pacs_err_t *err);
/* all rows came; range[0] > range[1]: there is but padding */
int pacs_mason_finish(pacs_mason_t *m, double range[2], pacs_err_t *err);

#endif
