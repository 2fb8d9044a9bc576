/* SPDX-License-Identifier: BSD-2-Clause */

/* pyramids against plain sums; tiles' weights against those of the whole */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "render/pipeline.h"

enum { W = 1501, H = 1203 };

static uint32_t  seed = 7;


static uint32_t
dice(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}


static pacs_samples_t
image(const void *data, unsigned samples, unsigned allocated, unsigned stored,
    bool is_signed)
{
    return (pacs_samples_t) {
        .px = { .rows = H, .columns = W, .frames = 1, .samples = samples,
                .allocated = allocated, .stored = stored,
                .high_bit = stored - 1, .is_signed = is_signed,
                .photometric = samples == 3 ? PACS_PI_RGB : PACS_PI_MONO2 },
        .data = data, .len = (uint64_t) H * W * samples * (allocated / 8),
    };
}


/* rows in pieces of any height */
static uint8_t *
build(const pacs_samples_t *s, const pacs_look_t *look, pacs_pyramid_t *p,
    double range[2])
{
    pacs_arena_t *a = pacs_arena_create(0);
    pacs_mason_t *m;
    pacs_err_t    err = { 0 };

    pacs_pyramid_shape(&s->px, look, p);

    uint8_t *out = malloc(p->offset[p->levels + 1] + 1);
    int      rc = pacs_mason_begin(p, look, out, a, &m, &err);
    size_t   line = (size_t) W * s->px.samples * (s->px.allocated / 8);

    for (uint32_t y = 0; rc == PACS_OK && y < H; ) {
        uint32_t        n = 1 + dice(90);
        pacs_samples_t  part = *s;

        n = n > H - y ? H - y : n;
        part.data = (const uint8_t *) s->data + y * line;
        part.len = n * line;
        part.area = (pacs_area_t) { .y = y, .columns = W, .rows = n };
        rc = pacs_mason_add(m, &part, &err);
        y += n;
    }
    if (rc == PACS_OK) {
        rc = pacs_mason_finish(m, range, &err);
    }
    is_int(rc, PACS_OK, "built");
    pacs_arena_destroy(a);
    return out;
}


/* pixel x, y, channel c of a level must be this; padding: none is left */
static double
expected(const int32_t *v, unsigned channels, unsigned level, uint32_t x,
    uint32_t y, unsigned c, const int32_t *padding)
{
    double    sum = 0;
    unsigned  n = 0;

    for (uint32_t j = y << level; j < (y + 1) << level && j < H; j++) {
        for (uint32_t i = x << level; i < (x + 1) << level && i < W; i++) {
            int32_t  s = v[((size_t) j * W + i) * channels + c];

            if (s < padding[0] || s > padding[1]) {
                sum += s;
                n++;
            }
        }
    }
    return n == 0 ? NAN : sum / n;
}


static unsigned
wrong(const uint8_t *out, const pacs_pyramid_t *p, const int32_t *v,
    const int32_t *padding)
{
    unsigned  bad = 0, channels = p->px.samples;

    for (unsigned l = 1; l <= p->levels; l++) {
        uint32_t  w = pacs_pyramid_side(W, l), h = pacs_pyramid_side(H, l);

        for (size_t i = 0; i < (size_t) w * h * channels; i++) {
            uint32_t       x = (uint32_t) (i / channels % w), columns;
            uint32_t       y = (uint32_t) (i / channels / w);
            const uint8_t *at = out
                + pacs_pyramid_strip(p, l, x / PACS_PYRAMID_STRIP, &columns);
            size_t         n = ((size_t) y * columns + x % PACS_PYRAMID_STRIP)
                               * channels + i % channels;
            int16_t        wide;
            double         e = expected(v, channels, l, x, y,
                                        (unsigned) (i % channels), padding);

            memcpy(&wide, at + 2 * n * (p->px.allocated == 16),
                   sizeof(wide));

            double  got = p->px.allocated == 8 ? at[n]
                          : p->px.is_signed ? wide : (uint16_t) wide;

            if (isnan(e)) {
                bad += got < padding[0] || got > padding[1];
            } else {
                /* never a value of padding: the next one beside it */
                bad += fabs(got - e) > 0.51
                       && !(e > padding[0] - 0.51 && e < padding[1] + 0.51
                            && (got == padding[0] - 1
                                || got == padding[1] + 1));
                bad += got >= padding[0] && got <= padding[1];
            }
        }
    }
    return bad;
}


static void
test_levels(void)
{
    static uint16_t  v16[W * H];
    static uint8_t   v8[W * H * 3];
    static int32_t   v[W * H * 3];
    const int32_t    none[2] = { 1, 0 }, pad[2] = { -7, 3 };
    pacs_look_t      look = { .slope = 1, .aspect = 1 };
    pacs_pyramid_t   p;
    double           range[2];

    for (int i = 0; i < W * H; i++) {
        v16[i] = (uint16_t) dice(65536);
        v[i] = v16[i];
    }
    v16[5] = v[5] = 0;
    v16[W * H - 1] = v[W * H - 1] = 65535;

    pacs_samples_t  s = image(v16, 1, 16, 16, false);
    uint8_t        *out = build(&s, &look, &p, range);

    is_int(p.levels, 2, "down to 512 pixels");
    is_int((long) p.offset[3], (751 * 602 + 376 * 301) * 2, "and their bytes");
    is_int(wrong(out, &p, v, none), 0, "16 bits: means of all pixels");
    ok(range[0] == 0 && range[1] == 65535, "... and their range");
    free(out);

    /* a third of it, in patches and alone; bits above are not looked at */
    for (int i = 0; i < W * H; i++) {
        int32_t  x = (int32_t) dice(4096) - 2048;

        if (dice(3) == 0 || (i % W > 700 && i / W < 500)) {
            x = (int32_t) dice(11) - 7;
        }
        v[i] = x;
        v16[i] = (uint16_t) ((x & 0xfff) | (dice(16) << 12));
    }
    s = image(v16, 1, 16, 12, true);
    look.has_padding = 1;
    look.padding[0] = -7;
    look.padding[1] = 3;
    out = build(&s, &look, &p, range);
    is_int(wrong(out, &p, v, pad), 0, "signed 12 bits: padding plays no part");
    ok(range[0] == -2048 && range[1] == 2047, "... nor in their range");
    free(out);

    look.has_padding = 0;
    for (int i = 0; i < W * H * 3; i++) {
        v[i] = v8[i] = (uint8_t) dice(256);
    }
    s = image(v8, 3, 8, 8, false);
    out = build(&s, &look, &p, range);
    is_int(wrong(out, &p, v, none), 0, "RGB");
    free(out);

    s = image(v8, 1, 8, 8, false);
    out = build(&s, &look, &p, range);
    is_int(wrong(out, &p, v, none), 0, "8 bits");
    free(out);
}


static void
test_shapes(void)
{
    pacs_look_t     look = { .slope = 1 };
    pacs_pixels_t   px = image(NULL, 1, 16, 12, false).px;
    pacs_pyramid_t  p;

    px.rows = 512;
    pacs_pyramid_shape(&px, &look, &p);
    is_int(p.levels, 0, "none of a small image");
    px.rows = UINT32_MAX;
    px.columns = UINT32_MAX;
    pacs_pyramid_shape(&px, &look, &p);
    is_int(p.levels, PACS_PYRAMID_LEVELS, "no more levels than sums can hold");
    px.rows = px.columns = 4000;
    px.allocated = px.stored = 32;
    px.is_float = 1;
    pacs_pyramid_shape(&px, &look, &p);
    is_int(p.levels, 0, "none of floats");
    px.allocated = px.stored = 1;
    px.is_float = 0;
    pacs_pyramid_shape(&px, &look, &p);
    is_int(p.levels, 0, "none of bits");
}


/* weights of output i as of the frame's pixels */
static double
weight_of(const pacs_axis_t *ax, uint32_t i, uint32_t at)
{
    if (ax->plain) {
        return at == (ax->line.flip ? ax->hi - 1 - i : ax->lo + i);
    }

    uint32_t  first = ax->lo + ax->first[i];

    return at < first || at >= first + ax->taps
           ? 0 : ax->weights[(size_t) i * ax->taps + (at - first)];
}


static bool
same(const pacs_axis_t *whole, uint32_t from, const pacs_axis_t *tile)
{
    for (uint32_t i = 0; i < tile->n; i++) {
        for (uint32_t at = tile->lo; at < tile->hi; at++) {
            if (weight_of(tile, i, at) != weight_of(whole, from + i, at)) {
                return false;
            }
        }
    }
    return from + tile->n <= whole->n;
}


/* as a client writes it */
static double
written(double v)
{
    char  text[40];

    snprintf(text, sizeof(text), "%.15g", v);
    return atof(text);
}


static void
test_seams(void)
{
    pacs_arena_t *a = pacs_arena_create(0);
    unsigned      seams = 0, refused = 0, levels = 0;

    for (int round = 0; round < 1000; round++) {
        uint32_t         size = 3000 + dice(3000), n = dice(5) == 0 ? 256u << dice(5)
                                                  : 200 + dice(7900);
        pacs_picture_t   want = { .view_width = n };
        pacs_geometry_t  g, t;
        pacs_err_t       err = { 0 };

        refused += pacs_geometry(size, size, 1, &want, &pacs_limits_default,
                                 7, &g, &err) != PACS_OK;
        if (!g.x.plain) {
            pacs_axis_weights(&g.x, a, &err);
        }

        double    scale = (double) size / n;
        uint32_t  at = dice(n - 100);
        want = (pacs_picture_t) {
            .view_width = 100, .view_height = 100, .has_region = 1,
            .sx = written(at * scale), .sy = written(at * scale),
            .sw = written(100 * scale), .sh = written(100 * scale)
        };
        refused += pacs_geometry(size, size, 1, &want, &pacs_limits_default,
                                 7, &t, &err) != PACS_OK;
        if (!t.x.plain) {
            pacs_axis_weights(&t.x, a, &err);
        }
        levels += t.level != g.level;
        seams += t.x.n != 100 || t.level != g.level || !same(&g.x, at, &t.x);
    }
    is_int(refused, 0, "1000 scales");
    is_int(levels, 0, "a tile has the level of the whole");
    is_int(seams, 0, "a tile has the weights of the whole");

    /* beyond the edge the scale stays */
    pacs_picture_t   want = { .view_width = 256, .view_height = 256,
                              .has_region = 1, .sx = 3072, .sy = 4096,
                              .sw = 1024, .sh = 1024 };
    pacs_geometry_t  g;

    is_int(pacs_geometry(4001, 5003, 1, &want, &pacs_limits_default, 7, &g,
                         NULL), PACS_OK, "a tile that sticks out");
    ok(g.level == 2 && g.x.n == 232 && g.y.n == 227 && g.x.plain && g.y.plain,
       "... is cut, not enlarged");
    pacs_arena_destroy(a);
}


int
main(void)
{
    test_levels();
    test_shapes();
    test_seams();
    return done();
}
