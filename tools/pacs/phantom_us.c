/* SPDX-License-Identifier: BSD-2-Clause */

/* A beating heart seen by ultrasound from its apex: four chambers, valves,
 * a box of colour Doppler, an ECG below. */

#include <math.h>
#include <string.h>

#include "phantom.h"

typedef struct {
    float  beat;                /* 0..1, from the R wave on */
    float  squeeze;             /* 0: filled, 1: contracted */
    float  open;                /* 0..1: mitral and tricuspid valves */
} phase_t;


static phase_t
phase_at(uint32_t i, uint32_t n)
{
    phase_t  p = { .beat = (float) i / (float) n };

    p.squeeze = p.beat < 0.38f ? sinf(p.beat / 0.38f * (float) M_PI / 2)
                : p.beat < 0.62f
                  ? cosf((p.beat - 0.38f) / 0.24f * (float) M_PI / 2) : 0;
    p.open = p.beat > 0.42f && p.beat < 0.97f
             ? 0.55f + 0.45f * cosf((p.beat - 0.48f) * 21) : 0;
    p.open = p.open < 0 ? 0 : p.open;
    return p;
}


/* < 1 inside an ellipse */
static float
oval(float x, float y, float cx, float cy, float rx, float ry)
{
    return hypotf((x - cx) / rx, (y - cy) / ry);
}


typedef struct {
    float  echo;
    bool   blood, left;
} tissue_t;


/* a leaflet: a line from its root that swings by the valve's opening */
static float
leaflet(float x, float y, float root_x, float root_y, float closed,
    float opened, float open, float length)
{
    float  a = closed + (opened - closed) * open;
    float  dx = x - root_x, dy = y - root_y;
    float  along = dx * cosf(a) + dy * sinf(a);
    float  off = fabsf(dy * cosf(a) - dx * sinf(a) + along * along * 0.006f);

    return along > 0 && along < length ? blend(1, 0, off / 1.4f) : 0;
}


/* x to the right of the picture (the patient's left), y mm from the probe */
static tissue_t
tissue_at(float x, float y, const phase_t *p)
{
    float     s = p->squeeze, low = 90 - 7 * s;
    tissue_t  t = { .echo = 0.30f };
    float     lv = oval(x, y, 14, low - 27 + 3 * s, 18 * (1 - 0.3f * s),
                        38 * (1 - 0.12f * s));
    float     rv = oval(x, y, -20, low - 21 + 2 * s, 13 * (1 - 0.28f * s),
                        32 * (1 - 0.12f * s));
    float     la = oval(x, y, 18, low + 25, 19 + 2 * s, 22 + 3 * s);
    float     ra = oval(x, y, -20, low + 24, 19 + 2 * s, 20 + 3 * s);
    float     heart = oval(x, y, 0, 82, 52, 68);

    if (heart < 1) {
        t.echo = 0.52f + 0.1f * noise3(x / 6, y / 6, 0, 81);
    }
    if (fabsf(heart - 1.03f) < 0.035f) {
        t.echo = 1.05f;
    }
    if (fminf(fminf(lv, rv), fminf(la, ra)) < 1 && heart < 0.98f) {
        t.blood = true;
        t.left = x > 0;
        t.echo = 0.045f;
        /* the atria's side of the annulus */
        if (fabsf(y - low) < 2 && (lv > 0.9f) == (la > 0.9f)
            && fabsf(x - (x > 0 ? 17 : -19)) > 13)
        {
            t.echo = 0.8f;
        }
    }
    /* the lining shines where the beam meets it squarely */
    if (!t.blood && heart < 1) {
        float  near = fminf(fminf(lv, rv), fminf(la, ra)) - 1;
        t.echo += 0.35f * blend(1, 0, near / 0.07f);
    }

    float  valve = leaflet(x, y, 1.5f, low, 0.25f, -1.2f, p->open, 17);
    valve = fmaxf(valve, leaflet(x, y, 32, low, 2.9f, 4.3f, p->open, 16));
    valve = fmaxf(valve, leaflet(x, y, -34, low, 0.25f, -1.2f, p->open, 15));
    valve = fmaxf(valve, leaflet(x, y, -4, low, 2.9f, 4.3f, p->open, 15));
    if (valve > 0.1f) {
        t.echo = fmaxf(t.echo, 0.95f * valve);
        t.blood = false;
    }
    return t;
}


/* -1..1 towards the probe; 0: none to be seen */
static float
flow(float x, float y, const phase_t *p, const tissue_t *t)
{
    float  jet = expf(-powf((x - 15) / 8, 2));
    float  along = blend(1, 0.25f, fabsf(y - 72) / 55);
    float  n = 0.3f * noise3(x / 4, y / 6 + p->beat * 20, p->beat * 9, 85);

    if (!t->blood || !t->left || x < -2 || x > 38 || y < 42 || y > 116) {
        return 0;
    }

    float  v = p->open > 0.05f ? p->open * jet * along
               : p->beat < 0.36f ? -0.8f * p->squeeze
                                   * expf(-powf((x - 8) / 7, 2)) * along : 0;

    return fabsf(v) < 0.12f ? 0 : v * (0.85f + n);
}


static void
paint_flow(float v, float grey, uint8_t *rgb)
{
    float  a = fabsf(v) > 1 ? 1 : fabsf(v);

    rgb[0] = (uint8_t) (v > 0 ? 130 + 125 * a : 10 + 20 * a);
    rgb[1] = (uint8_t) (v > 0 ? 210 * a * a : 40 + 190 * a * a);
    rgb[2] = (uint8_t) (v > 0 ? 20 * grey : 130 + 125 * a);
}


static void
put(uint8_t *out, uint32_t columns, uint32_t rows, int x, int y, int r,
    int g, int b)
{
    if (x >= 0 && y >= 0 && x < (int) columns && y < (int) rows) {
        uint8_t  *p = out + ((size_t) y * columns + (size_t) x) * 3;

        p[0] = (uint8_t) r;
        p[1] = (uint8_t) g;
        p[2] = (uint8_t) b;
    }
}


static float
ecg(float beat)
{
    float  p = 0.16f * expf(-powf((beat - 0.84f) / 0.028f, 2));
    float  q = -0.14f * expf(-powf((beat - 0.975f) / 0.009f, 2));
    float  r = expf(-powf((beat - 0.998f) / 0.010f, 2))
               + expf(-powf((beat + 0.002f) / 0.010f, 2));
    float  s = -0.24f * expf(-powf((beat - 0.026f) / 0.010f, 2));
    float  t = 0.28f * expf(-powf((beat - 0.33f) / 0.05f, 2));

    return p + q + (r > 1 ? 1 : r) + s + t;
}


static void
draw_ecg(uint8_t *out, uint32_t columns, uint32_t rows, float beat)
{
    float  scale = columns / 640.f;
    int    before = -1;

    for (int x = (int) (20 * scale); x < (int) (620 * scale); x++) {
        float  t = (x / scale - 20) / 300;
        int    y = (int) (rows - (14 + 34 * ecg(t - floorf(t))) * scale);

        for (int k = before < 0 ? y : before; k != y; k += k < y ? 1 : -1) {
            put(out, columns, rows, x, k, 40, 190, 90);
        }
        put(out, columns, rows, x, y, 70, 230, 120);
        before = y;
    }
    for (int k = 0; k < (int) (46 * scale); k++) {
        put(out, columns, rows, (int) ((20 + beat * 300) * scale),
            (int) rows - 8 - k, 230, 200, 60);
    }
}


static void
draw_scales(uint8_t *out, uint32_t columns, uint32_t rows, float top,
    float px_mm)
{
    float  scale = columns / 640.f;

    for (int cm = 0; cm <= 15; cm++) {
        int  y = (int) (top + cm * 10 * px_mm);

        for (int k = 0; k < (int) ((cm % 5 ? 5 : 10) * scale); k++) {
            put(out, columns, rows, (int) (columns - 16 * scale) - k, y, 150,
                150, 150);
        }
    }
    for (int y = 0; y < (int) (110 * scale); y++) {
        float    v = 1 - y / (55 * scale);
        uint8_t  rgb[3] = { 0, 0, 0 };

        paint_flow(v, 0.1f, rgb);
        for (int x = 0; x < (int) (11 * scale); x++) {
            put(out, columns, rows, (int) (16 * scale) + x,
                (int) (26 * scale) + y, rgb[0], rgb[1], rgb[2]);
        }
    }
}


/* one pixel of the sector at x, y mm from the probe's centre */
static void
echo(float x, float y, const phase_t *p, uint8_t *rgb)
{
    float     r = hypotf(x, y), a = atan2f(x, y);
    float     pull = p->squeeze * 3.5f;
    tissue_t  t = tissue_at(x, y, p);
    /* speckle is narrow along the beam and widens with depth */
    float     n = noise3((r + pull) / 1.0f, a * 64, p->beat * 1.6f, 90);
    float     m = noise3((r + pull) / 0.6f, a * 110, p->beat * 2.2f, 91);
    float     speckle = 0.25f + 1.25f * fabsf(n) + 0.9f * fabsf(m);
    float     gain = (0.75f + 0.5f * expf(-powf((r - 70) / 60, 2)))
                     * (r < 8 ? 1.3f : 1);
    float     v = powf(t.echo * speckle * gain, 0.72f) * 190;
    float     f = flow(x, y, p, &t);

    v = v > 255 ? 255 : v;
    rgb[0] = (uint8_t) (v * 0.97f);
    rgb[1] = (uint8_t) (v * 0.98f);
    rgb[2] = (uint8_t) v;
    if (f != 0) {
        paint_flow(f, v / 255, rgb);
    }
}


bool
heart_ultrasound(uint32_t columns, uint32_t rows, uint32_t i, uint32_t n,
    uint8_t *out)
{
    phase_t  p = phase_at(i, n);
    float    scale = columns / 640.f, px_mm = 2.62f * scale;
    float    middle = columns / 2.f, top = 18 * scale;

    memset(out, 0, (size_t) columns * rows * 3);
    for (uint32_t j = 0; j < rows; j++) {
        for (uint32_t k = 0; k < columns; k++) {
            float  x = (k + 0.5f - middle) / px_mm;
            float  y = (j + 0.5f - top) / px_mm;

            if (y > 0 && hypotf(x, y) < 152 && hypotf(x, y) > 3
                && fabsf(x) < y * 0.78f)
            {
                echo(x, y, &p, out + ((size_t) j * columns + k) * 3);
            }
        }
    }
    draw_scales(out, columns, rows, top, px_mm);
    draw_ecg(out, columns, rows, p.beat);
    return true;
}
