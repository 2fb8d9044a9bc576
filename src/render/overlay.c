/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * An annotation upon the rows of a picture: the lines of each corner are
 * drawn once into a block of coverage, which is blended row by row on the
 * way to the encoder.  Blocks of two corners never meet: where both have
 * text, each has half of the picture.
 */

#include <string.h>

#include "render/pipeline.h"
#include "render/text.h"

enum { SMALLEST = 9, LARGEST = 96, PER_PICTURE = 42 };

typedef struct {
    uint32_t   x, y, width, height;     /* in the picture */
    uint8_t   *text, *edge;             /* coverage */
} block_t;

typedef struct {
    pacs_rows_t   rows;                 /* first: what the encoder knows */
    pacs_rows_t  *under;
    block_t       blocks[PACS_CORNERS];
    unsigned      n;
} overlay_t;

/* what is measured in pixels of this picture */
typedef struct {
    unsigned  size, line, margin, edge;
} metric_t;


static metric_t
measure(const pacs_rows_t *rows)
{
    uint32_t  side = rows->width < rows->height ? rows->width : rows->height;
    unsigned  size = side / PER_PICTURE;

    size = size < SMALLEST ? SMALLEST : size > LARGEST ? LARGEST : size;
    return (metric_t) { .size = size, .line = size * 7 / 5,
                        .margin = size / 3, .edge = (size + 9) / 10 };
}


/* edge and text 0..255, under 0..white */
static unsigned
mix(unsigned under, unsigned edge, unsigned text, unsigned white)
{
    unsigned  dark = under * (255 - edge);

    return (dark * (255 - text) / 255 + text * white + 127) / 255;
}


static void
blend(uint8_t *out, const block_t *b, size_t at, uint32_t channels,
    uint32_t depth)
{
    uint16_t  *deep = (uint16_t *) (void *) out;

    for (uint32_t x = 0; x < b->width; x++) {
        unsigned  edge = b->edge[at + x], text = b->text[at + x];

        if (edge == 0) {
            continue;
        }
        if (depth == 16) {
            deep[x] = (uint16_t) mix(deep[x], edge, text, 65535);
            continue;
        }
        for (uint32_t k = 0; k < channels; k++) {
            uint8_t  *p = out + (size_t) x * channels + k;

            *p = (uint8_t) mix(*p, edge, text, 255);
        }
    }
}


static void
overlay_row(pacs_rows_t *rows, uint32_t y, uint8_t *out)
{
    const overlay_t  *o = (const overlay_t *) rows;

    o->under->row(o->under, y, out);

    for (unsigned i = 0; i < o->n; i++) {
        const block_t  *b = &o->blocks[i];

        if (y >= b->y && y - b->y < b->height) {
            blend(out + (size_t) b->x * rows->channels * (rows->depth / 8), b,
                  (size_t) (y - b->y) * b->width, rows->channels,
                  rows->depth);
        }
    }
}


/* out[i] = the greatest of in[i - r .. i + r], n values `step` apart */
static void
spread(const uint8_t *in, uint8_t *out, size_t n, size_t step, unsigned r)
{
    for (size_t i = 0; i < n; i++) {
        size_t   from = i < r ? 0 : i - r, to = i + r < n ? i + r : n - 1;
        uint8_t  v = 0;

        for (size_t k = from; k <= to; k++) {
            v = in[k * step] > v ? in[k * step] : v;
        }
        out[i * step] = v;
    }
}


/* thin strokes cover no pixel whole: half covered counts as three quarters */
static void
strengthen(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t) (p[i] + p[i] * (255 - p[i]) / 255);
    }
}


/* the dark edge: the text, r pixels wider on all sides */
static bool
draw_edge(block_t *b, unsigned r, pacs_arena_t *a)
{
    size_t    size = (size_t) b->width * b->height;
    uint8_t  *across = pacs_alloc(a, size);

    b->edge = pacs_alloc(a, size);
    if (b->edge == NULL || across == NULL) {
        return false;
    }
    for (uint32_t y = 0; y < b->height; y++) {
        spread(b->text + (size_t) y * b->width,
               across + (size_t) y * b->width, b->width, 1, r);
    }
    for (uint32_t x = 0; x < b->width; x++) {
        spread(across + x, b->edge + x, b->height, b->width, r);
    }
    strengthen(b->edge, size);
    return true;
}


/* the block's place, and the lines in it; each line has its own strip, so
 * that no pile of marks reaches into its neighbours */
static bool
draw_block(block_t *b, const pacs_line_t *lines, unsigned n,
    const metric_t *m, bool right, pacs_arena_t *a)
{
    b->text = pacs_calloc(a, b->height, b->width);
    if (b->text == NULL) {
        return false;
    }

    for (unsigned i = 0; i < n; i++) {
        unsigned      x = right ? b->width - m->edge - lines[i].width
                                : m->edge;
        pacs_cover_t  strip = {
            .data = b->text + (size_t) (m->edge + i * m->line) * b->width + x,
            .pitch = b->width, .width = lines[i].width, .height = m->line
        };

        pacs_text_draw(&lines[i], m->size, (int) (m->size * 21 / 20),
                       &strip);
    }
    strengthen(b->text, (size_t) b->width * b->height);
    return draw_edge(b, m->edge, a);
}


/* room for a corner's text in pixels: half of the picture, if the other
 * corner has text too */
static unsigned
room(uint32_t side, bool shared, const metric_t *m)
{
    unsigned  lost = 2 * (m->margin + m->edge);

    side = shared ? side / 2 : side;
    return side > lost ? side - lost : 0;
}


/* at most: a line may go on in another behind each of its fields */
static unsigned
count_lines(pacs_str_t text)
{
    unsigned  n = 1;

    for (size_t i = 0; i < text.len; i++) {
        n += text.data[i] == '\n' || text.data[i] == '\x1f';
    }
    return n;
}


/* shapes the lines that have room, the first ones first */
static int
shape_lines(const pacs_annotation_t *want, pacs_str_t text, unsigned width,
    unsigned most, const metric_t *m, pacs_fonts_t *fonts, pacs_arena_t *a,
    pacs_line_t *lines, unsigned *n, pacs_err_t *err)
{
    pacs_str_t  line;

    *n = 0;
    while (pacs_str_split(&text, '\n', &line)) {
        while (line.len != 0 && *n < most) {
            int  rc = pacs_text_line(fonts, &line, want->language, m->size,
                                     width, a, &lines[*n], err);

            if (rc != PACS_OK) {
                return rc;
            }
            want->drawn->missing += lines[*n].missing;
            want->drawn->hidden += lines[*n].n == 0 && lines[*n].cut;
            *n += lines[*n].n != 0;
        }
        want->drawn->hidden += line.len != 0;
    }
    return PACS_OK;
}


static int
add_corner(overlay_t *o, const pacs_annotation_t *want,
    const pacs_str_t *texts, unsigned corner, const metric_t *m,
    pacs_fonts_t *fonts, pacs_arena_t *a, pacs_err_t *err)
{
    unsigned      width = room(o->rows.width, texts[corner ^ 1].len != 0, m);
    unsigned      height = room(o->rows.height, texts[corner ^ 2].len != 0,
                                m);
    unsigned      n, most = height / m->line, all = count_lines(texts[corner]);
    pacs_line_t  *lines = pacs_calloc(a, all, sizeof(*lines));

    if (lines == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "text");
    }

    int  rc = shape_lines(want, texts[corner], width, most < all ? most : all,
                          m, fonts, a, lines, &n, err);
    if (rc != PACS_OK || n == 0) {
        return rc;
    }

    block_t  *b = &o->blocks[o->n++];

    for (unsigned i = 0; i < n; i++) {
        b->width = lines[i].width > b->width ? lines[i].width : b->width;
    }
    b->width += 2 * m->edge;
    b->height = n * m->line + 2 * m->edge;
    b->x = corner & 1 ? o->rows.width - m->margin - b->width : m->margin;
    b->y = corner & 2 ? o->rows.height - m->margin - b->height : m->margin;

    return draw_block(b, lines, n, m, corner & 1, a)
           ? PACS_OK : pacs_fail(err, PACS_E_NOMEM, "text");
}


/* the corners' texts, with the window that the rows are seen through */
static bool
collect(const pacs_annotation_t *want, const pacs_curve_t *c, pacs_str_t *to,
    pacs_arena_t *a)
{
    pacs_str_t  *low = &to[PACS_BOTTOM_LEFT];

    memcpy(to, want->lines, sizeof(want->lines));

    if (!want->window || c == NULL || c->voi == PACS_VOI_TABLE) {
        return true;
    }
    *low = pacs_sprintf(a, "%.*s\nC %.6g\x1f  \x1fW %.6g%s", pacs_fmt(*low),
                        c->center, c->width,
                        c->voi == PACS_VOI_SIGMOID ? " sigmoid" : "");
    return low->data != NULL;
}


int
pacs_overlay(pacs_rows_t **rows, const pacs_picture_t *want, pacs_arena_t *a,
    pacs_err_t *err)
{
    const pacs_annotation_t  *note = want->annotation;
    pacs_str_t                texts[PACS_CORNERS];

    if (note == NULL) {
        return PACS_OK;
    }

    metric_t       m = measure(*rows);
    overlay_t     *o = pacs_calloc(a, 1, sizeof(*o));
    pacs_fonts_t  *fonts = o != NULL && collect(note, (*rows)->curve, texts, a)
                           ? pacs_fonts_take(m.size) : NULL;
    int            rc = PACS_OK;

    if (fonts == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "text");
    }

    o->rows = **rows;
    o->rows.row = overlay_row;
    o->under = *rows;

    for (unsigned i = 0; rc == PACS_OK && i < PACS_CORNERS; i++) {
        rc = add_corner(o, note, texts, i, &m, fonts, a, err);
    }

    pacs_fonts_give(fonts);
    *rows = &o->rows;
    return rc;
}
