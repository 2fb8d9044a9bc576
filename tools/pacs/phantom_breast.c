/* SPDX-License-Identifier: BSD-2-Clause */

/* Mammograms as they hang: the chest wall is at the right edge of a right
 * breast's picture and at the left edge of a left one's.  The left breast
 * has a mass with spicules and a cluster of calcifications, outside above. */

#include <math.h>
#include <stdlib.h>

#include "phantom.h"

typedef struct {
    bool      left, oblique;
    uint32_t  seed;             /* a breast's own */
    float     nipple_v;
    float     mass_u, mass_v;
} breast_t;


/* < 0 outside, else about the mm to the skin; u from the chest wall, v down */
static float
depth(const breast_t *b, float u, float v)
{
    float  ru = b->oblique ? 104 : 108, rv = b->oblique ? 98 : 88;
    float  cv = b->nipple_v;
    float  droop = b->oblique ? 0.16f * u * (1 - u / 220) : 0;
    float  du = u / ru, dv = (v - cv + droop - (b->oblique ? 8 : 0)) / rv;
    float  rho = powf(powf(fabsf(du), 2.3f) + powf(fabsf(dv), 2.1f), 0.46f);
    float  d = (1 - rho) * 92;

    /* the fold of the arm, in the oblique view */
    if (b->oblique && v < cv) {
        float  fold = 46 + (v - cv + 95) * 0.34f - u;
        float  soft = 14;
        float  h = fmaxf(soft - fabsf(fold - d), 0) / soft;

        d = fmaxf(fold, d) + h * h * soft / 4;
    }

    float  n = hypotf(u - ru, (v - cv) * 0.8f);

    return fmaxf(d, 6.5f - n);
}


static float
ridge(float x, float y, float z, uint32_t seed)
{
    float  n = 1 - fabsf(noise3(x, y, z, seed)) * 3.2f;

    return n < 0 ? 0 : n * n;
}


/* 0 fat .. 1 gland */
static float
gland(const breast_t *b, float u, float v)
{
    float  x = u - 108, y = v - b->nipple_v;
    float  r = hypotf(x, y), a = atan2f(y, -x);
    float  streaks = lumps(a * 7, r / 26, 0, b->seed, 4);
    float  clouds = lumps(u / 17, v / 17, 3, b->seed + 9, 5);
    float  place = expf(-(powf((u - 66) / 40, 2) + powf(y / 44, 2)));
    float  g = place * 1.15f + 0.75f * clouds + 0.5f * streaks * place - 0.42f;

    return blend(0, 1, g * 1.7f);
}


/* ligaments, trabeculae and vessels, thin and bright */
static float
strands(const breast_t *b, float u, float v)
{
    float  wu = u + 5 * noise3(u / 15, v / 15, 1, b->seed + 20);
    float  wv = v + 5 * noise3(u / 15, v / 15, 2, b->seed + 21);
    float  s = 0.7f * ridge(wu / 15, wv / 11, 0, b->seed + 30)
               + 0.45f * ridge(wu / 7, wv / 6, 5, b->seed + 31);
    float  vein = b->nipple_v - 46 + 11 * sinf(u / 19) + 0.16f * u;

    s += 1.1f * fmaxf(0, 1 - fabsf(v - vein) / 0.9f);
    return s;
}


static float
pectoral(const breast_t *b, float u, float v)
{
    float  edge = 62 - (v + 113) * 0.44f
                  + 3 * noise3(v / 24, 0, 0, b->seed + 40);

    return b->oblique ? blend(0, 1, (edge - u) / 3) : 0;
}


static float
mass(const breast_t *b, float u, float v)
{
    float  du = u - b->mass_u, dv = v - b->mass_v;
    float  r = hypotf(du, dv), a = atan2f(dv, du);

    if (!b->left || r > 30) {
        return 0;
    }

    float  edge = 7.5f + 1.3f * noise3(cosf(a) * 3, sinf(a) * 3, 0, 50);
    float  thorn = ridge(cosf(a) * 6, sinf(a) * 6, 1, 51);
    float  core = blend(0, 1, (edge - r) / 2.2f);

    return fmaxf(core, 0.75f * thorn * blend(1, 0, (r - 5) / 18));
}


static float
lime(const breast_t *b, float u, float v)
{
    uint32_t  state = 4711;
    float     sum = 0;

    if (!b->left || hypotf(u - b->mass_u - 10, v - b->mass_v + 9) > 12) {
        return 0;
    }
    for (int i = 0; i < 17; i++) {
        float  cu = b->mass_u + 10 + 11 * (chance(&state) - 0.5f);
        float  cv = b->mass_v - 9 + 9 * (chance(&state) - 0.5f);
        float  r = 0.14f + 0.22f * chance(&state);

        sum = fmaxf(sum, blend(0, 1, (r - hypotf(u - cu, v - cv)) / 0.09f
                                     + 1));
    }
    return sum;
}


/* 12 bits without grain */
static float
tissue(const breast_t *b, float u, float v)
{
    float  d = depth(b, u, v);

    if (d < 0) {
        return 0;
    }

    /* thinner towards the skin line, mostly evened out by the processing */
    float  t = d > 30 ? 1 : sqrtf(fmaxf(0, 1 - powf(1 - d / 30, 2)));
    float  value = 820 + 420 * t;
    float  p = pectoral(b, u, v);
    float  inner = blend(0, 1, (d - 3) / 14);

    value += inner * (1 - 0.75f * p)
             * (1180 * gland(b, u, v) + 260 * strands(b, u, v));
    value += p * (1000 + 180 * noise3(u / 3 + v / 9, v / 30, 0, b->seed + 60));
    value += 900 * mass(b, u, v) * (1 - value / 4600);
    /* skin and nipple */
    value += 520 * blend(1, 0, d / 1.7f);
    value += 700 * blend(0, 1, (5.5f - hypotf(u - (b->oblique ? 104 : 108),
                                              v - b->nipple_v)) / 3);
    return value;
}


bool
breast_xray(uint32_t columns, uint32_t rows, float step_mm, bool left,
    bool oblique, uint16_t *out)
{
    breast_t  b = { .left = left, .oblique = oblique,
                    .seed = left ? 300 : 700, .nipple_v = oblique ? 22 : 4,
                    .mass_u = oblique ? 66 : 62, .mass_v = oblique ? -20 : -30,
                  };
    uint32_t  w = columns / 2, h = rows / 2, seed = 5 + left * 2 + oblique;
    float    *im = calloc((size_t) w * h, sizeof(*im));

    if (im == NULL) {
        return false;
    }

    for (uint32_t j = 0; j < h; j++) {
        float  v = ((j * 2 + 1) - rows / 2.f) * step_mm;

        for (uint32_t i = 0; i < w; i++) {
            im[(size_t) j * w + i] = tissue(&b, (i * 2 + 1) * step_mm, v);
        }
    }

    for (uint32_t j = 0; j < rows; j++) {
        float  v = (j + 0.5f - rows / 2.f) * step_mm;

        for (uint32_t i = 0; i < columns; i++) {
            uint32_t  at = left ? i : columns - 1 - i;
            float     y = sample(im, w, h, i / 2.f - 0.25f, j / 2.f - 0.25f);

            if (y > 400) {
                y += 1300 * lime(&b, (i + 0.5f) * step_mm, v)
                     + (22 + y / 90) * grain(&seed);
            } else {
                y += 3 * grain(&seed);
            }
            out[(size_t) j * columns + at] = y < 0 ? 0 : y > 4095 ? 4095
                                             : (uint16_t) y;
        }
    }
    free(im);
    return true;
}
