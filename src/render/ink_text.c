/* SPDX-License-Identifier: BSD-2-Clause */

/* Text objects (PS3.3 C.10.5): upright, as large as their box lets them be,
 * and moved into the picture where a part of the box is outside. */

#include <math.h>
#include <string.h>

#include "render/ink.h"
#include "render/text.h"

enum { SMALLEST = 9, LARGEST = 96, PER_PICTURE = 42, WIDEST = 1 << 20 };

typedef struct { double left, top, right, bottom; }  rect_t;

typedef struct {
    pacs_line_t  *lines;
    unsigned      n, size, width, height;
    unsigned      missing;
} block_t;


static unsigned
clamp(double size)
{
    return size < SMALLEST ? SMALLEST
           : size > LARGEST ? LARGEST : (unsigned) size;
}


static unsigned
line_height(unsigned size)
{
    return size * 7 / 5;
}


/* FreeType's objects go with the fonts: they are given back when all is
 * drawn */
static int
shape(const pacs_sheet_t *s, pacs_str_t text, pacs_fonts_t *fonts,
    unsigned size, block_t *b, pacs_err_t *err)
{
    pacs_str_t  rest = text, line;
    int         rc = PACS_OK;

    *b = (block_t) { .n = 1, .size = size };
    for (size_t i = 0; i < text.len; i++) {
        b->n += text.data[i] == '\n';
    }
    b->lines = pacs_calloc(s->arena, b->n, sizeof(*b->lines));
    if (b->lines == NULL) {
        return PACS_E_NOMEM;
    }

    for (unsigned i = 0; rc == PACS_OK && i < b->n
                         && pacs_str_split(&rest, '\n', &line); i++)
    {
        rc = pacs_text_line(fonts, &line, NULL, size, WIDEST, s->arena,
                            &b->lines[i], err);
        b->missing += b->lines[i].missing;
        b->width = b->lines[i].width > b->width ? b->lines[i].width
                                                : b->width;
    }
    b->height = b->n * line_height(size);
    return rc;
}


/* one line's glyphs into cover, what is outside left out */
static bool
draw_line(pacs_sheet_t *s, const pacs_line_t *line, unsigned size, double x,
    double y)
{
    unsigned      height = line_height(size);
    uint8_t      *data = pacs_calloc(s->arena, height, line->width + 1);
    pacs_cover_t  strip = { .data = data, .pitch = line->width + 1,
                            .width = line->width + 1, .height = height };

    if (data == NULL) {
        return false;
    }
    pacs_text_draw(line, size, (int) (size * 21 / 20), &strip);

    for (unsigned v = 0; v < height; v++) {
        for (unsigned u = 0; u < strip.width; u++) {
            double  px = x + u, py = y + v;

            if (px >= s->left && px < s->right && py >= s->top
                && py < s->bottom)
            {
                uint8_t  *c = &s->cover[(size_t) py * s->width
                                        + (size_t) px];
                uint8_t   more = data[v * strip.pitch + u];

                *c = more > *c ? more : *c;
            }
        }
    }
    return true;
}


static rect_t
box_of(const pacs_sheet_t *s, const pacs_mark_t *m)
{
    if (!m->has_box) {
        pacs_place_t  p = pacs_sheet_place(s, m->anchor_units, m->anchor);

        return (rect_t) { p.x, p.y, p.x, p.y };
    }

    pacs_place_t  one = pacs_sheet_place(s, m->units, m->box[0]);
    pacs_place_t  two = pacs_sheet_place(s, m->units, m->box[1]);

    return (rect_t) { fmin(one.x, two.x), fmin(one.y, two.y),
                      fmax(one.x, two.x), fmax(one.y, two.y) };
}


/* into 0..room, if it fits */
static double
within(double at, double size, double room)
{
    return floor(fmax(fmin(at, room - size), 0));
}


static rect_t
place_of(const pacs_sheet_t *s, const pacs_mark_t *m, const rect_t *box,
    const block_t *b)
{
    double  free_x = box->right - box->left - b->width;
    double  free_y = box->bottom - box->top - b->height;
    double  x = box->left + (free_x > 0 ? free_x * m->align / 2 : 0);
    double  y = box->top + (free_y > 0 ? free_y * m->valign / 2 : 0);

    if (!m->has_box) {
        x = box->left + b->size / 2.0;
        y = box->top - b->height / 2.0;
    }
    x = within(x, b->width, s->width);
    y = within(y, b->height, s->height);
    return (rect_t) { x, y, x + b->width, y + b->height };
}


/* from the anchor to the nearest point of the text */
static void
draw_anchor(pacs_sheet_t *s, const pacs_mark_t *m, const rect_t *at)
{
    pacs_place_t  p = pacs_sheet_place(s, m->anchor_units, m->anchor);
    pacs_place_t  q = { fmin(fmax(p.x, at->left), at->right),
                        fmin(fmax(p.y, at->top), at->bottom) };
    double        half = s->stroke / 2, reach = half + 1;

    if (pacs_sheet_begin(s, fmin(p.x, q.x) - reach, fmin(p.y, q.y) - reach,
                         fmax(p.x, q.x) + reach, fmax(p.y, q.y) + reach))
    {
        pacs_sheet_line(s, p, q, half);
        pacs_sheet_end(s, &m->tint, m->opacity);
    }
}


static bool
draw_lines(pacs_sheet_t *s, const pacs_mark_t *m, const block_t *b, double x,
    double y)
{
    for (unsigned i = 0; i < b->n; i++) {
        double  room = (b->width - b->lines[i].width) * m->align / 2.0;

        if (!draw_line(s, &b->lines[i], b->size, x + floor(room),
                       y + i * line_height(b->size)))
        {
            return false;
        }
    }
    return true;
}


/* around it in black, or white around what is dark, as all texts in pictures
 * are */
static bool
draw_edge(pacs_sheet_t *s, const pacs_mark_t *m, const block_t *b,
    const rect_t *at)
{
    int          e = (int) (b->size + 9) / 10;
    pacs_tint_t  tint = pacs_tint_grey(m->tint.grey < 0x6000 ? UINT16_MAX : 0);
    bool         ok = true;

    if (m->plain || !pacs_sheet_begin(s, at->left - e, at->top - e,
                                      at->right + e + 1, at->bottom + e))
    {
        return true;
    }
    for (int i = 0; ok && i < 9; i++) {
        ok = draw_lines(s, m, b, at->left + (i % 3 - 1) * e,
                        at->top + (i / 3 - 1) * e);
    }
    pacs_sheet_end(s, &tint, m->opacity);
    return ok;
}


static int
shape_to_fit(const pacs_sheet_t *s, const pacs_mark_t *m, const rect_t *box,
    pacs_fonts_t **fonts, block_t *b, pacs_err_t *err)
{
    double    wide = box->right - box->left, high = box->bottom - box->top;
    unsigned  lines = 1;

    for (size_t i = 0; i < m->text.len; i++) {
        lines += m->text.data[i] == '\n';
    }

    unsigned  size = clamp(m->has_box ? high / lines * 5 / 7
                           : fmin(s->width, s->height) / PER_PICTURE);
    int       rc;

    *fonts = pacs_fonts_take(size);
    rc = *fonts == NULL ? PACS_E_NOMEM
                        : shape(s, m->text, *fonts, size, b, err);

    if (rc == PACS_OK && m->has_box && b->width > wide && size > SMALLEST) {
        pacs_fonts_give(*fonts);
        size = clamp(size * wide / b->width);
        *fonts = pacs_fonts_take(size);
        rc = *fonts == NULL ? PACS_E_NOMEM
                            : shape(s, m->text, *fonts, size, b, err);
    }
    return rc;
}


int
pacs_sheet_text(pacs_sheet_t *s, const pacs_mark_t *m, pacs_err_t *err)
{
    rect_t         box = box_of(s, m), at;
    pacs_fonts_t  *fonts = NULL;
    block_t        b = { 0 };
    bool           ok = true;

    if (box.right < 0 || box.bottom < 0 || box.left > s->width
        || box.top > s->height)
    {
        return PACS_OK;
    }

    int  rc = shape_to_fit(s, m, &box, &fonts, &b, err);

    at = place_of(s, m, &box, &b);
    ok = rc != PACS_OK || draw_edge(s, m, &b, &at);
    if (rc == PACS_OK && ok
        && pacs_sheet_begin(s, at.left, at.top, at.right + 1, at.bottom))
    {
        ok = draw_lines(s, m, &b, at.left, at.top);
        pacs_sheet_end(s, &m->tint, m->opacity);
    }
    if (fonts != NULL) {
        pacs_fonts_give(fonts);
    }
    if (rc == PACS_OK && m->shows_anchor && m->has_anchor) {
        draw_anchor(s, m, &at);
    }

    s->drawn->missing += b.missing;
    s->drawn->hidden += b.width > s->width || b.height > s->height ? b.n : 0;
    return ok ? rc : PACS_E_NOMEM;
}
