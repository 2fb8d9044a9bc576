/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One line of text: characters -> fonts -> glyphs -> coverage.  Direction,
 * script runs and shaping are libraqm's (FriBidi, HarfBuzz), outlines are
 * FreeType's.
 */

#include <string.h>
#include <fribidi.h>
#include <raqm.h>

#include "render/text.h"

enum {
    MOST = 160,                     /* characters of a value */
    FIELD = 0x1f,                   /* between fields, in pacs_annotation_t */
    ELLIPSIS = 0x2026,
    LOAD = FT_LOAD_TARGET_LIGHT | FT_LOAD_NO_BITMAP
};

typedef struct { uint32_t first, last; }  range_t;

/* one blank for any number of them: control characters and wide spaces too,
 * so that a value makes no line or field of its own */
static const range_t  blanks[] = {
    { 0, 0x20 }, { 0x7f, 0xa0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200a },
    { 0x2028, 0x2029 }, { 0x202f, 0x202f }, { 0x205f, 0x205f },
    { 0x3000, 0x3000 }
};

/* not seen, but able to change what is seen: bidirectional marks, embeddings,
 * overrides and isolates, invisible operators, tags.  The joiners U+200C and
 * U+200D stay: scripts need them */
static const range_t  dropped[] = {
    { 0xad, 0xad }, { 0x61c, 0x61c }, { 0x180e, 0x180e }, { 0x200b, 0x200b },
    { 0x200e, 0x200f }, { 0x202a, 0x202e }, { 0x2060, 0x206f },
    { 0xfeff, 0xfeff }, { 0xfff0, 0xfffb }, { 0xe0000, 0xe0fff }
};


static bool
within(uint32_t c, const range_t *r, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (c >= r[i].first && c <= r[i].last) {
            return true;
        }
    }
    return false;
}


/* the next character of what should be UTF-8; U+FFFD for a byte that is not */
static uint32_t
next_char(pacs_str_t *s)
{
    const uint8_t  *p = (const uint8_t *) s->data;
    size_t          n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2
                        : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    uint32_t        c = n < 2 ? p[0] : p[0] & (0x7fu >> n);

    for (size_t i = 1; i < n && n <= s->len; i++) {
        if (p[i] >> 6 != 2) {
            n = 0;
        }
        c = c << 6 | (p[i] & 0x3f);
    }

    if (n == 0 || n > s->len || (c >= 0xd800 && c < 0xe000)
        || c > 0x10ffff)
    {
        n = 1;
        c = 0xfffd;
    }
    s->data += n;
    s->len -= n;
    return c;
}


void
pacs_annotation_add(pacs_buf_t *b, pacs_str_t value)
{
    unsigned  count = 0;
    bool      blank = false;

    while (value.len != 0) {
        const char  *at = value.data;
        uint32_t     c = next_char(&value);

        if (within(c, dropped, sizeof(dropped) / sizeof(dropped[0]))) {
            continue;
        }
        if (within(c, blanks, sizeof(blanks) / sizeof(blanks[0]))) {
            blank = count != 0;
            continue;
        }
        if (count + 1 + blank > MOST) {
            pacs_buf_text(b, "…");
            return;
        }
        if (blank) {
            pacs_buf_char(b, ' ');
        }
        if (c == 0xfffd) {
            pacs_buf_text(b, "\xef\xbf\xbd");
        } else {
            pacs_buf_add(b, at, (size_t) (value.data - at));
        }
        count += 1 + blank;
        blank = false;
    }
}


/* a mark belongs to the font of what it stands on */
static FT_Face
face_for(pacs_fonts_t *f, uint32_t c, FT_Face before)
{
    FriBidiCharType  type = fribidi_get_bidi_type(c);

    return before != NULL
           && (type == FRIBIDI_TYPE_BN
               || (type == FRIBIDI_TYPE_NSM
                   && FT_Get_Char_Index(before, c) != 0))
           ? before : pacs_fonts_find(f, c);
}


static bool
set_faces(pacs_fonts_t *f, raqm_t *rq, const uint32_t *text, size_t n)
{
    FT_Face  face = NULL;
    size_t   start = 0;

    for (size_t i = 0; i <= n; i++) {
        FT_Face  next = i == n ? NULL : face_for(f, text[i], face);

        if (i < n && next == NULL) {
            next = pacs_fonts_any(f);
        }
        if (next == face) {
            continue;
        }
        if (i > start
            && !raqm_set_freetype_face_range(rq, face, start, i - start))
        {
            return false;
        }
        face = next;
        start = i;
    }
    return true;
}


/* adds the glyphs behind those of the line; *pen is in 1/64 pixels */
static bool
add_glyphs(pacs_line_t *line, const raqm_glyph_t *g, size_t n, int *pen,
    pacs_arena_t *a)
{
    pacs_glyph_t  *all = pacs_calloc(a, line->n + n, sizeof(*all));

    if (all == NULL) {
        return false;
    }
    if (line->n != 0) {
        memcpy(all, line->glyphs, line->n * sizeof(*all));
    }

    for (size_t i = 0; i < n; i++, g++) {
        all[line->n + i] = (pacs_glyph_t) {
            .face = g->ftface, .index = g->index,
            .x = (*pen + g->x_offset + 32) >> 6,
            .y = (g->y_offset + 32) >> 6,
            .advance = g->x_advance >> 6
        };
        line->missing += g->index == 0;
        *pen += g->x_advance;
    }

    line->glyphs = all;
    line->n += n;
    line->width = (unsigned) (*pen + 63) >> 6;
    return true;
}


/* no font at all: a box a character */
static bool
add_boxes(pacs_line_t *line, size_t n, unsigned size, int *pen,
    pacs_arena_t *a)
{
    raqm_glyph_t  *boxes = pacs_calloc(a, n, sizeof(*boxes));

    for (size_t i = 0; boxes != NULL && i < n; i++) {
        boxes[i].x_advance = (int) size * 40;
    }
    return boxes != NULL && add_glyphs(line, boxes, n, pen, a);
}


static bool
shape(pacs_fonts_t *f, const uint32_t *text, size_t n, const char *language,
    unsigned size, pacs_arena_t *a, pacs_line_t *line, int *pen)
{
    if (pacs_fonts_any(f) == NULL) {
        return add_boxes(line, n, size, pen, a);
    }

    raqm_t  *rq = raqm_create();
    size_t   count = 0;
    bool     ok = rq != NULL && raqm_set_text(rq, text, n)
                  && raqm_set_par_direction(rq, RAQM_DIRECTION_DEFAULT)
                  && (language == NULL
                      || raqm_set_language(rq, language, 0, n))
                  && set_faces(f, rq, text, n)
                  && raqm_set_freetype_load_flags(rq, LOAD)
                  && raqm_layout(rq);

    if (ok) {
        raqm_glyph_t  *g = raqm_get_glyphs(rq, &count);

        ok = add_glyphs(line, g, count, pen, a);
    }
    raqm_destroy(rq);
    return ok;
}


/* shapes text[0..n), or (line->cut) as much of it as fits behind *pen, and an
 * ellipsis */
static bool
fit(pacs_fonts_t *f, uint32_t *text, size_t n, const char *language,
    unsigned size, unsigned width, pacs_arena_t *a, pacs_line_t *line,
    int *pen)
{
    pacs_line_t  before = *line, whole = before;
    int          start = *pen;
    size_t       least = 0, most = n;      /* n never fits */

    if (!shape(f, text, n, language, size, a, &whole, pen)) {
        return false;
    }
    if (whole.width <= width) {
        *line = whole;
        return true;
    }
    line->cut = before.cut = true;

    while (least < most) {
        pacs_line_t  try = before;
        size_t       k = (least + most) / 2;
        uint32_t     kept = text[k];
        int          end = start;

        text[k] = ELLIPSIS;
        bool  ok = shape(f, text, k + 1, language, size, a, &try, &end);
        text[k] = kept;

        if (!ok) {
            return false;
        }
        if (try.width > width) {
            most = k;
        } else {
            least = k + 1;
            *line = try;
            *pen = end;
        }
    }
    return true;
}


/* the next field into chars (room for all of text); how many */
static size_t
next_field(pacs_str_t *text, uint32_t *chars, bool *blank)
{
    size_t  n = 0;

    *blank = true;
    while (text->len != 0 && (chars[n] = next_char(text)) != FIELD) {
        *blank = *blank && chars[n] == ' ';
        n++;
    }
    *blank = *blank && n != 0;
    return n;
}


int
pacs_text_line(pacs_fonts_t *f, pacs_str_t *text, const char *language,
    unsigned size, unsigned width, pacs_arena_t *a, pacs_line_t *line,
    pacs_err_t *err)
{
    uint32_t     *chars = pacs_calloc(a, text->len + 1, sizeof(*chars));
    pacs_line_t   until = { .n = 0 };       /* the last field of blanks */
    pacs_str_t    behind = pacs_null;
    int           pen = 0;
    bool          ok = chars != NULL, blank;

    *line = (pacs_line_t) { .n = 0 };

    while (ok && !line->cut && text->len != 0) {
        size_t  n = next_field(text, chars, &blank);

        if (blank) {
            until = *line;
            behind = *text;
        }
        ok = n == 0 || fit(f, chars, n, language, size, width, a, line, &pen);
    }

    if (line->cut && until.n != 0) {
        *line = until;
        *text = behind;
    }
    for (blank = false; line->cut && !blank && text->len != 0; ) {
        next_field(text, chars, &blank);
    }
    return ok ? PACS_OK : pacs_fail(err, PACS_E_NOMEM, "text");
}


/* a rectangle's edge */
static void
draw_box(int x, int y, int width, int height, int edge,
    const pacs_cover_t *to)
{
    for (int v = 0; v < height; v++) {
        for (int u = 0; u < width; u++) {
            int  px = x + u, py = y + v;

            if ((u < edge || v < edge || u >= width - edge
                 || v >= height - edge)
                && px >= 0 && px < (int) to->width
                && py >= 0 && py < (int) to->height)
            {
                to->data[(size_t) py * to->pitch + (size_t) px] = 255;
            }
        }
    }
}


static void
draw_bitmap(const FT_Bitmap *b, int x, int y, const pacs_cover_t *to)
{
    if (b->pixel_mode != FT_PIXEL_MODE_GRAY || b->pitch < 0) {
        return;
    }

    for (int v = 0; v < (int) b->rows; v++) {
        if (y + v < 0 || y + v >= (int) to->height) {
            continue;
        }

        const uint8_t  *from = b->buffer + (size_t) v * (size_t) b->pitch;
        uint8_t        *row = to->data + (size_t) (y + v) * to->pitch;

        for (int u = 0; u < (int) b->width; u++) {
            if (x + u >= 0 && x + u < (int) to->width
                && row[x + u] < from[u])
            {
                row[x + u] = from[u];
            }
        }
    }
}


void
pacs_text_draw(const pacs_line_t *line, unsigned size, int baseline,
    const pacs_cover_t *to)
{
    int  edge = (int) (size + 13) / 14, height = (int) size * 3 / 4;

    for (size_t i = 0; i < line->n; i++) {
        const pacs_glyph_t  *g = &line->glyphs[i];
        int                  x = g->x, y = baseline - g->y;

        if (g->face == NULL || g->index == 0) {
            draw_box(x, y - height, g->advance - edge, height, edge, to);

        } else if (FT_Load_Glyph(g->face, g->index, LOAD | FT_LOAD_RENDER)
                   == 0)
        {
            const FT_GlyphSlot  slot = g->face->glyph;

            draw_bitmap(&slot->bitmap, x + slot->bitmap_left,
                        y - slot->bitmap_top, to);
        }
    }
}
