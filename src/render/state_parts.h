/* SPDX-License-Identifier: BSD-2-Clause */

/* What the files of presentation states say to each other; private to
 * render. */

#ifndef PACS_RENDER_STATE_PARTS_H
#define PACS_RENDER_STATE_PARTS_H

#include "render/pipeline.h"
#include "render/state.h"

typedef struct { double x, y; }  pacs_place_t;

/* where a graphic's numbers are */
enum { PACS_AT_PIXEL, PACS_AT_DISPLAY };

/* 0..65535; rgb: sRGB */
typedef struct {
    uint16_t  grey;
    uint8_t   rgb[3];
} pacs_tint_t;

/* one bit a pixel of the image */
typedef struct {
    const uint8_t  *bits;           /* bit 0 of byte 0 is the first */
    uint32_t        rows, columns;
    int32_t         x, y;           /* of its first pixel in the image */
    uint64_t        first;          /* bit of the frame */
} pacs_plane_bits_t;

bool pacs_plane_bit(const pacs_plane_bits_t *p, int64_t x, int64_t y);

typedef enum { PACS_MARK_LINE, PACS_MARK_POINT, PACS_MARK_TEXT,
               PACS_MARK_BITS } pacs_mark_e;

typedef struct pacs_mark_s  pacs_mark_t;

struct pacs_mark_s {
    pacs_mark_t       *next;
    uint8_t            kind;        /* pacs_mark_e */
    uint8_t            units;
    pacs_tint_t        tint;
    uint8_t            opacity;     /* 255: all of it */
    pacs_place_t      *points;      /* LINE: through them; POINT: one */
    uint32_t           npoints;
    bool               filled;      /* LINE: within, even-odd */
    pacs_tint_t        fill;
    uint8_t            fill_opacity;
    double             thickness;   /* in units of PIXEL; 0: as usual */
    /* TEXT */
    pacs_str_t         text;        /* UTF-8, lines divided by '\n' */
    bool               has_box, has_anchor, shows_anchor;
    bool               plain;       /* no edge that sets it off: Shadow Style
                                       says so */
    uint8_t            anchor_units;
    pacs_place_t       box[2], anchor;
    uint8_t            align, valign;       /* 0, 1, 2: left, centre, right */
    pacs_plane_bits_t  bits;
};

typedef struct {
    pacs_str_t    name;
    int64_t       order;
    pacs_tint_t   tint;
    pacs_mark_t  *marks, **last;
} pacs_layer_t;

typedef struct pacs_ink_s {
    pacs_layer_t  *layers;          /* the lowest first */
    unsigned       n;
    int64_t        work;            /* pixels that may be touched */
    pacs_drawn_t  *drawn;
} pacs_ink_t;

enum { PACS_SHUT_RECTANGLE = 1, PACS_SHUT_CIRCLE = 2, PACS_SHUT_POLYGON = 4,
       PACS_SHUT_BITMAP = 8 };

typedef struct {
    unsigned           shapes;
    double             left, right, top, bottom;    /* from 1, visible */
    double             cx, cy, radius;
    pacs_place_t      *corners;                     /* from 1 */
    uint32_t           ncorners;
    pacs_plane_bits_t  bits;
    pacs_tint_t        tint;
} pacs_shutter_t;

enum { PACS_VOI_WHOLE = PACS_VOI_TABLE + 1 };

struct pacs_state_view_s {
    const pacs_state_t  *state;
    pacs_pixels_t        px;
    const pacs_look_t   *look;
    /* grey */
    double               slope, intercept;
    pacs_lut_t           modality;
    uint8_t              voi;       /* pacs_voi_e, PACS_VOI_TABLE or WHOLE */
    double               center, width;
    pacs_lut_t           voi_lut, presentation, palette[3];
    bool                 inverse;
    uint32_t            *mask, nmask;
    pacs_shutter_t       shutter;
    /* geometry */
    bool                 flip;
    uint8_t              rotate;    /* quarter turns clockwise, then flip */
    double               sx, sy, sw, sh, aspect, magnify;
    pacs_ink_t           ink;
    uint64_t             points;    /* of all annotations, characters too */
};

/* a value, wherever it lies; NULL: absent, too long, unreadable */
const uint8_t *pacs_state_value(const pacs_state_t *s, const pacs_elem_t *e,
    pacs_arena_t *a);
/* n FL of an element; false: not so many, or not finite */
bool pacs_state_floats(const pacs_state_t *s, const pacs_item_t *item,
    uint32_t tag, size_t n, double *values, pacs_arena_t *a);
/* item's Referenced Image Sequence names the frame, or there is none */
bool pacs_state_applies(const pacs_item_t *item,
    const pacs_state_image_t *image);
pacs_tint_t pacs_tint_lab(const pacs_item_t *item, uint32_t tag, bool *given);
pacs_tint_t pacs_tint_grey(int64_t p_value);

/* state_look.c, state_area.c, state_shutter.c, state_marks.c: each fills its
 * part of the view */
typedef int (*pacs_state_part_pt)(const pacs_state_image_t *image,
    pacs_arena_t *a, pacs_state_view_t *v, pacs_err_t *err);

int pacs_state_look(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err);
int pacs_state_area(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err);
int pacs_state_shutter(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err);
int pacs_state_layers(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err);
int pacs_state_marks(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err);
int pacs_state_overlays(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err);
pacs_layer_t *pacs_state_layer(pacs_state_view_t *v, pacs_str_t name);
void pacs_state_mark(pacs_layer_t *layer, pacs_mark_t *mark);
/* overlay `group` (0x6000 ...), of the state or else the image */
int pacs_state_bits(const pacs_state_image_t *image, pacs_arena_t *a,
    const pacs_state_t *s, uint32_t group, pacs_plane_bits_t *bits,
    pacs_err_t *err);
/* covered[x]: pixel x of row y, from 0, is; crossings: ncorners of them */
void pacs_shutter_row(const pacs_shutter_t *s, uint32_t y, uint32_t columns,
    double *crossings, uint8_t *covered);
/* ascending x where the closed polygon meets the line at y; how many */
size_t pacs_polygon_crossings(const pacs_place_t *p, size_t n, double y,
    double *x);
/* n more points or characters of the limit state_points */
int pacs_state_count(pacs_state_view_t *v, uint64_t n, pacs_err_t *err);

#endif
