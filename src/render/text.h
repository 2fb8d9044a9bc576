/* SPDX-License-Identifier: BSD-2-Clause */

/* Lines of text as coverage, for what is burnt into pictures; private to
 * render.  Only text.c, fonts.c and overlay.c know of fonts. */

#ifndef PACS_RENDER_TEXT_H
#define PACS_RENDER_TEXT_H

#include <ft2build.h>
#include FT_FREETYPE_H

#include "render/render.h"

/* --- fonts.c: FreeType's objects belong to one thread at a time, so a set
 * is taken, used and given back; files are mapped, not copied --- */

typedef struct pacs_fonts_s  pacs_fonts_t;

/* scaled to `size` pixels; NULL: no memory */
pacs_fonts_t *pacs_fonts_take(unsigned size);
void pacs_fonts_give(pacs_fonts_t *f);
/* the first font that has the character, or NULL */
FT_Face pacs_fonts_find(pacs_fonts_t *f, uint32_t character);
/* any font, for what none has; NULL: there is none */
FT_Face pacs_fonts_any(pacs_fonts_t *f);


/* --- text.c --- */

typedef struct {
    FT_Face   face;         /* NULL: a box */
    unsigned  index;        /* 0: a box */
    int       x, y;         /* of the origin, pixels from the line's; y up */
    int       advance;      /* pixels */
} pacs_glyph_t;

typedef struct {
    pacs_glyph_t  *glyphs;  /* from left to right */
    size_t         n;
    unsigned       width;   /* pixels */
    unsigned       missing; /* characters that no font has */
    bool           cut;     /* did not fit */
} pacs_line_t;

/* the fields of one line, each a paragraph of its own direction, side by
 * side, at most `width` pixels wide.  What is too wide goes on in the next
 * line, behind a field of blanks: *text is what is left; or it is cut, and
 * ends in an ellipsis.  language: see pacs_annotation_t.  PACS_E_NOMEM */
int pacs_text_line(pacs_fonts_t *f, pacs_str_t *text, const char *language,
    unsigned size, unsigned width, pacs_arena_t *a, pacs_line_t *line,
    pacs_err_t *err);

/* 8-bit coverage, a rectangle of a larger one */
typedef struct {
    uint8_t  *data;
    size_t    pitch;
    unsigned  width, height;
} pacs_cover_t;

/* the line's glyphs with the origin at (0, baseline), cut at the edges */
void pacs_text_draw(const pacs_line_t *line, unsigned size, int baseline,
    const pacs_cover_t *to);

#endif
