/* SPDX-License-Identifier: BSD-2-Clause */

/* texts in pictures: what may be in them, that all scripts have glyphs, that
 * nothing but the text's own place changes */

#include <pthread.h>
#include <stdlib.h>
#include <png.h>

#include "tap.h"
#include "render/text.h"

static pacs_arena_t  *a;


static void
clean_one(const char *in, const char *want)
{
    pacs_buf_t  b = { 0 };

    pacs_annotation_add(&b, pacs_cstr(in));
    is_str((pacs_str_t) { b.data, b.len }, want, want);
    pacs_buf_free(&b);
}


static void
clean(void)
{
    clean_one("Müller", "Müller");
    clean_one("  a \t\n\x1f  b ", "a b");
    clean_one("a\xe2\x80\xa8" "b", "a b");                   /* U+2028 */
    clean_one("a\xe2\x80\xae" "b\xe2\x80\xac" "c", "abc");   /* RLO, PDF */
    clean_one("a\xe2\x81\xa6" "b\xe2\x81\xa9" "c", "abc");   /* LRI, PDI */
    clean_one("a\xe2\x80\x8f" "b\xd8\x9c", "ab");            /* RLM, ALM */
    clean_one("a\xc2\xad" "b\xe2\x80\x8b" "c", "abc");
    clean_one("\xe0\xb8\xaa\xe2\x80\x8d", "\xe0\xb8\xaa\xe2\x80\x8d");
    clean_one("x\xff\xc3", "x\xef\xbf\xbd\xef\xbf\xbd");
    clean_one("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    clean_one("", "");

    pacs_buf_t  b = { 0 };
    char       *much = malloc(100000);

    memset(much, 'x', 100000);
    pacs_annotation_add(&b, (pacs_str_t) { much, 100000 });
    ok(b.len == 163, "100000 characters are cut");
    free(much);
    pacs_buf_free(&b);
}


static void
scripts(void)
{
    static const char *const  texts[] = {
        "Äneas Buc^Jérôme Żółć Çağlar Õ", "Παπαδόπουλος Γιώργος",
        "Люксембург", "قباني لنزار محمد", "כהן דוד", "สมชาย ใจดี นามสกุล",
        "山田 太郎 やまだ たろう ヤマダ タロウ ﾔﾏﾀﾞ ﾀﾛｳ", "洪 吉洞 홍 길동",
        "王 小东 王 小東 张 伟", "½ « 12° 😀"
    };
    pacs_fonts_t  *f = pacs_fonts_take(24);
    pacs_line_t    line, narrow;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        pacs_str_t  t = pacs_cstr(texts[i]), u = t;

        ok(pacs_text_line(f, &t, NULL, 24, 5000, a, &line, NULL) == PACS_OK
           && line.n != 0 && line.missing == 0 && !line.cut,
           "all have glyphs: %s", texts[i]);
        ok(pacs_text_line(f, &u, NULL, 24, line.width - 1, a, &narrow, NULL)
           == PACS_OK && narrow.cut && narrow.width < line.width
           && narrow.width + 80 > line.width, "cut to fit");
    }

    pacs_str_t  t = pacs_lit("a\xf3\xb0\x80\x80" "b");

    ok(pacs_text_line(f, &t, "ja", 24, 5000, a, &line, NULL) == PACS_OK
       && line.missing == 1 && t.len == 0, "a private character has none");
    t = pacs_lit("abc");
    ok(pacs_text_line(f, &t, NULL, 24, 3, a, &line, NULL) == PACS_OK
       && line.n == 0 && line.cut && t.len == 0, "no room for an ellipsis");
    t = pacs_lit("abcdef\x1f" "ghi\x1f  \x1fjklm\x1f  \x1fx");
    ok(pacs_text_line(f, &t, NULL, 24, 160, a, &line, NULL) == PACS_OK
       && line.n == 9 && !line.cut && pacs_str_is(t, "jklm\x1f  \x1fx"),
       "goes on in the next line");
    ok(pacs_text_line(f, &t, NULL, 24, 160, a, &line, NULL) == PACS_OK
       && line.n == 7 && t.len == 0, "and ends there");
    t = pacs_lit("abcdefghijklmnop\x1fx\x1f  \x1fy");
    ok(pacs_text_line(f, &t, NULL, 24, 160, a, &line, NULL) == PACS_OK
       && line.cut && pacs_str_is(t, "y"), "what follows a cut field too");
    pacs_fonts_give(f);
}


/* --- pictures --- */

enum { LEVEL = 100 };

typedef struct { uint32_t width, height; uint8_t *rgb; }  shot_t;

/* of LEVEL everywhere, but where the text is */
static shot_t
shoot(uint32_t width, uint32_t height, bool colour,
    const pacs_annotation_t *note)
{
    size_t          n = (size_t) width * height;
    float          *values = malloc(n * sizeof(*values));
    uint8_t        *rgb = malloc(n * 3);
    pacs_picture_t  want = { .format = PACS_PICTURE_PNG, .annotation = note,
                             .voi = PACS_VOI_LINEAR_EXACT, .center = 127.5,
                             .width = 255 };
    pacs_buf_t      out = { 0 };
    png_image       png = { .version = PNG_IMAGE_VERSION };
    shot_t          shot = { width, height, malloc(n * 3) };

    memset(rgb, LEVEL, n * 3);
    for (size_t i = 0; i < n; i++) {
        values[i] = LEVEL;
    }

    int  rc = colour
              ? pacs_render_rgb(rgb, width, height, &want, &out, NULL)
              : pacs_render_values(values, width, height, &want, &out, NULL);

    if (rc != PACS_OK
        || !png_image_begin_read_from_memory(&png, out.data, out.len)
        || png.format != (colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY))
    {
        ok(false, "a picture");
        exit(1);
    }
    png.format = PNG_FORMAT_RGB;
    png_image_finish_read(&png, NULL, shot.rgb, 0, NULL);
    free(values);
    free(rgb);
    pacs_buf_free(&out);
    return shot;
}


/* the rectangle of all pixels that are not LEVEL; n: how many */
static unsigned
box(const shot_t *s, unsigned b[4])
{
    unsigned  n = 0;

    b[0] = b[1] = UINT32_MAX;
    b[2] = b[3] = 0;
    for (unsigned y = 0; y < s->height; y++) {
        for (unsigned x = 0; x < s->width; x++) {
            const uint8_t  *p = s->rgb + ((size_t) y * s->width + x) * 3;

            if (p[0] == LEVEL && p[1] == LEVEL && p[2] == LEVEL) {
                continue;
            }
            n++;
            b[0] = x < b[0] ? x : b[0];
            b[1] = y < b[1] ? y : b[1];
            b[2] = x > b[2] ? x : b[2];
            b[3] = y > b[3] ? y : b[3];
        }
    }
    return n;
}


static void
corners(bool colour)
{
    for (unsigned c = 0; c < PACS_CORNERS; c++) {
        pacs_drawn_t       drawn = { 0 };
        pacs_annotation_t  note = { .drawn = &drawn };
        unsigned           b[4], grey = 0, bright = 0, dark = 0;

        note.lines[c] = pacs_lit("Ab\nID\x1f 1");
        shot_t    s = shoot(420, 300, colour, &note);
        unsigned  n = box(&s, b);

        ok(n > 50 && (c & 1 ? b[0] > 210 : b[2] < 210)
           && (c & 2 ? b[1] > 150 : b[3] < 150), "corner %u: %u..%u %u..%u",
           c, b[0], b[2], b[1], b[3]);

        for (size_t i = 0; i < (size_t) s.width * s.height * 3; i += 3) {
            grey += s.rgb[i] == s.rgb[i + 1] && s.rgb[i] == s.rgb[i + 2];
            bright += s.rgb[i] > 220;
            dark += s.rgb[i] < 10;
        }
        ok(grey == s.width * s.height && bright > 10 && dark > 20,
           "white with a dark edge: %u, %u", bright, dark);
        ok(drawn.hidden == 0 && drawn.missing == 0, "all of it");
        free(s.rgb);
    }
}


static void
sizes(void)
{
    pacs_drawn_t       drawn = { 0 };
    pacs_annotation_t  note = { .drawn = &drawn, .window = true };
    static const struct { uint32_t w, h; } small[] = {
        { 1, 1 }, { 7, 3 }, { 16, 16 }, { 33, 200 }, { 200, 33 }, { 64, 64 }
    };

    for (unsigned c = 0; c < PACS_CORNERS; c++) {
        note.lines[c] = pacs_lit("a long line that has no room\nsecond\n"
                                 "third\nfourth");
    }
    for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
        shot_t  s = shoot(small[i].w, small[i].h, false, &note);

        ok(drawn.hidden != 0, "%ux%u: %u lines have no room", s.width,
           s.height, drawn.hidden);
        drawn.hidden = 0;
        free(s.rgb);
    }

    /* the edge and the strip of a line's own are all that is drawn on */
    unsigned  one[4], two[4];
    shot_t    s;

    note = (pacs_annotation_t) { .drawn = &drawn };
    note.lines[0] = pacs_lit("Ag");
    s = shoot(1000, 1000, false, &note);
    ok(box(&s, one) != 0, "one line");
    free(s.rgb);

    char  pile[3 + 400];

    memcpy(pile, "Ag", 2);
    for (unsigned i = 0; i < 200; i++) {
        memcpy(pile + 2 + 2 * i, i & 1 ? "\xcc\xa3" : "\xcc\x81", 2);
    }
    note.lines[0] = (pacs_str_t) { pile, 402 };
    s = shoot(1000, 1000, false, &note);
    unsigned  drew = box(&s, two);
    ok(drew != 0 && two[1] >= 1000 / 42 / 3 && two[3] < one[3] + 24,
       "a pile of marks stays in its line: %u..%u", two[1], two[3]);
    free(s.rgb);
}


static void
hostile(void)
{
    pacs_drawn_t       drawn = { 0 };
    pacs_annotation_t  note = { .drawn = &drawn };
    size_t             n = 100000;
    char              *text = malloc(n);
    unsigned           seed = 7;

    for (size_t i = 0; i < n; i++) {
        text[i] = "ab\n\x1f\xd7\x90\xe2\x80\xae\xff 1"[rand_r(&seed) % 12];
    }
    note.lines[0] = note.lines[3] = (pacs_str_t) { text, n };
    shot_t  s = shoot(512, 512, false, &note);
    ok(drawn.hidden > 100, "100000 bytes of anything");
    free(s.rgb);

    memset(text, 'x', n);
    drawn.hidden = 0;
    s = shoot(512, 512, true, &note);
    ok(drawn.hidden == 0, "one line of 100000");
    free(s.rgb);
    free(text);
}


static void *
draw(void *out)
{
    static const pacs_str_t  text = { "محمد\n山田\nสมชาย\nx",
                                      sizeof("محمد\n山田\nสมชาย\nx") - 1 };

    for (unsigned i = 0; i < 20; i++) {
        pacs_drawn_t       drawn = { 0 };
        pacs_annotation_t  note = { .drawn = &drawn, .lines = { text } };
        shot_t             s = shoot(200 + i, 200, false, &note);

        pacs_sha256(s.rgb, (size_t) s.width * s.height * 3,
                    (uint8_t *) out + i * PACS_SHA256_LEN);
        free(s.rgb);
    }
    return NULL;
}


static void
threads(void)
{
    static uint8_t  got[4][20 * PACS_SHA256_LEN];
    pthread_t       t[4];
    bool            same = true;

    for (unsigned i = 0; i < 4; i++) {
        pthread_create(&t[i], NULL, draw, got[i]);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        same = same && memcmp(got[i], got[0], sizeof(got[0])) == 0;
    }
    ok(same, "four threads draw the same");
}


int
main(void)
{
    a = pacs_arena_create(0);
    clean();
    scripts();
    corners(false);
    corners(true);
    sizes();
    hostile();
    threads();
    pacs_annotation_end();
    pacs_arena_destroy(a);
    return done();
}
