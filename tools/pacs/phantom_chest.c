/* SPDX-License-Identifier: BSD-2-Clause */

/* A chest with contrast in its vessels, a nodule in the right upper lobe;
 * and its radiograph as line integrals through the same shapes. */

#include <math.h>
#include <stdlib.h>

#include "phantom.h"

enum {
    AIR, SKIN, FAT, MUSCLE, LUNG, AIRWAY, WALL, VESSEL, BLOOD, HEART, BONE,
    MARROW, CARTILAGE, LIVER, SPLEEN, STOMACH, GAS, NODULE, DISC, TABLE,
    MATERIALS
};

/* ribs 1..12: half width, half depth, drop to the front, last angle */
static const struct { float a, b, drop, end; }  ribs[12] = {
    {  58, 46, 30, 150 }, {  86, 60, 45, 155 }, { 104, 70, 55, 158 },
    { 117, 77, 62, 158 }, { 126, 82, 68, 156 }, { 132, 85, 72, 152 },
    { 136, 87, 75, 147 }, { 138, 88, 76, 140 }, { 138, 88, 74, 132 },
    { 134, 87, 70, 122 }, { 124, 85, 52, 100 }, { 110, 82, 34,  70 },
};


static void
wall(scene_t *s, bool standing)
{
    for (int layer = 0; layer < 3; layer++) {
        float  t = layer == 0 ? 0 : layer == 1 ? 2.2f : 14;
        int    m = layer == 0 ? SKIN : layer == 1 ? FAT : MUSCLE;

            add_block(s, m, 0, 8, -300, 168 - t, 120 - t, 560 - t, 2.8f);
        if (standing) {
            add_balls(s, m, 112, 22, 152, 74 - t, 56 - t, 42 - t);
            add_ball(s, m, 0, 22, 250, 60 - t, 58 - t, 120 - t);
            RODS(s, m, 162, 22, 128, 215, 22, -60, 44 - t);
        } else {
            add_balls(s, m, 100, 20, 184, 70 - t, 60 - t, 60 - t);
        }
    }
    s->over = ONLY(FAT) | ONLY(MUSCLE);
    add_balls(s, MUSCLE, 66, -82, 70, 62, 20, 66);
    add_balls(s, MUSCLE, 30, 108, 0, 26, 15, 400);
    s->over = ANYTHING;
    /* within the ribs: fat until organs fill it */
    add_block(s, FAT, 0, 8, -66, 131, 84, 236, 2.2f);
}


/* a point of rib i at an angle from the back, on one side */
static void
rib_point(int i, float degrees, int side, float p[3])
{
    float  a = degrees * (float) M_PI / 180;

    p[0] = side * ribs[i].a * sinf(a);
    p[1] = 8 + ribs[i].b * cosf(a);
    p[2] = 152 - i * 23.5f - ribs[i].drop * (1 - cosf(a)) / 2
           + 12 * sinf(a);
}


static void
rib_cage(scene_t *s, bool standing)
{
    enum { STEPS = 20 };

    for (int i = 0; i < 12; i++) {
        for (int side = -1; side <= 1; side += 2) {
            float  from[3], to[3];

            rib_point(i, 16, side, from);
            for (int k = 1; k <= STEPS; k++) {
                rib_point(i, 16 + (ribs[i].end - 16) * k / STEPS, side, to);
                add_rod(s, BONE, from, to, 4.7f);
                            add_rod(s, MARROW, from, to, 3);
                            for (int c = 0; c < 3; c++) {
                    from[c] = to[c];
                }
            }
            if (i < 10) {
                const float  sternum[3] = { side * 14, -84,
                                            i < 6 ? 112 - i * 22.f : -8 };
                add_rod(s, CARTILAGE, to, sternum, 4.5f);
            }
        }
    }

    add_block(s, BONE, 0, -87, 52, 17, 6.5f, 76, 3);
    add_block(s, MARROW, 0, -87, 52, 14.5f, 4.5f, 73, 3);

    RODS(s, BONE, 14, -72, 134, 62, -62, 142, 6);
    RODS(s, BONE, 62, -62, 142, 128, -14, 158, 6);
    for (int side = -1; side <= 1; side += 2) {
        s->over = ONLY(FAT) | ONLY(MUSCLE);
        turn_z(add_ball(s, BONE, side * 96, 82, 74, 42, 3.8f, 66),
               side * -34);
        ROD(s, BONE, side * 66, 94, 122, side * 132, 44, 148, 5.5f);
        s->over = ANYTHING;
        if (standing) {
            add_ball(s, BONE, side * 146, 28, 146, 17, 17, 18);
            ROD(s, BONE, side * 152, 26, 140, side * 205, 22, -60, 10.5f);
            ROD(s, MARROW, side * 146, 28, 146, side * 146, 28, 148, 13);
            ROD(s, MARROW, side * 152, 26, 140, side * 205, 22, -60, 6.5f);
        }
    }
}


static void
spine(scene_t *s)
{
    for (int i = 0; i < 20; i++) {
        float  z = 236 - i * 24;

        add_block(s, BONE, 0, 64, z, 17.5f, 15, 10.6f, 3.5f);
            add_block(s, MARROW, 0, 64, z, 15.5f, 13, 9, 3.5f);
            add_block(s, DISC, 0, 64, z - 12, 16.5f, 14, 1.8f, 3.5f);
        RODS(s, BONE, 10, 74, z + 2, 13, 92, z, 4.5f);
        RODS(s, BONE, 13, 90, z, 36, 98, z + 3, 4.5f);
        RODS(s, BONE, 12, 92, z, 0, 99, z - 4, 3.6f);
        ROD(s, BONE, 0, 99, z - 4, 0, 114, z - 24, 3.2f);
    }
    ROD(s, DISC, 0, 86, 260, 0, 86, -260, 7.5f);
}


static void
lungs(scene_t *s)
{
    s->over = ONLY(FAT);
    cut_below(add_block(s, LUNG, -74, 8, -66, 62, 82, 226, 2.6f), -140);
    cut_below(add_block(s, LUNG, 74, 8, -66, 62, 82, 226, 2.6f), -146);
    s->over = ANYTHING;

    /* the domes of the diaphragm and what lies below */
    s->over = ~(ONLY(BONE) | ONLY(MARROW) | ONLY(SKIN) | ONLY(AIR)
                | ONLY(CARTILAGE));
    add_block(s, LIVER, -66, 4, -166, 68, 84, 108, 2.3f);
    add_block(s, FAT, 66, 4, -172, 68, 83, 104, 2.3f);
    add_ball(s, LIVER, 0, -34, -132, 88, 46, 44);
    add_ball(s, LIVER, -60, -8, -190, 74, 74, 60);
    add_ball(s, SPLEEN, 92, 40, -124, 32, 34, 50);
    add_ball(s, STOMACH, 50, -18, -126, 42, 44, 44);
    add_ball(s, GAS, 50, -40, -112, 29, 17, 26);
    s->over = ANYTHING;
}


static void
heart(scene_t *s)
{
    s->over = ~(ONLY(BONE) | ONLY(MARROW) | ONLY(SKIN) | ONLY(AIR)
                | ONLY(CARTILAGE) | ONLY(LIVER) | ONLY(STOMACH));
    add_block(s, FAT, 0, 0, 40, 30, 66, 140, 2.2f);
    turn_z(add_ball(s, FAT, 26, -28, -38, 66, 50, 50), -24);
    turn_z(add_ball(s, HEART, 26, -28, -37, 62, 45, 47), -24);
    turn_z(add_ball(s, BLOOD, 46, -22, -42, 30, 17, 24), -30);
    turn_z(add_ball(s, BLOOD, 12, -52, -44, 30, 13, 28), 8);
    add_ball(s, BLOOD, 10, 10, -12, 27, 16, 18);
    add_ball(s, BLOOD, -26, -24, -26, 19, 22, 30);

    ROD(s, BLOOD, 6, -22, -8, -12, -28, 50, 16);
    ROD(s, BLOOD, -12, -28, 50, 2, -6, 70, 14);
    ROD(s, BLOOD, 2, -6, 70, 24, 34, 52, 13);
    ROD(s, BLOOD, 24, 34, 52, 20, 42, -230, 12);
    ROD(s, BLOOD, -28, -18, 0, -30, -22, 92, 9.5f);
    ROD(s, BLOOD, -30, -22, 92, 6, -34, 108, 6);
    ROD(s, BLOOD, 18, -38, -4, 24, -14, 36, 14);
    ROD(s, BLOOD, 24, -14, 36, 50, 10, 32, 10);
    ROD(s, BLOOD, 20, -12, 30, -46, 2, 22, 10);
    RODS(s, BLOOD, 28, 12, -10, 50, 16, -18, 7);
    ROD(s, BLOOD, -14, -12, 74, -30, -6, 150, 5.5f);
    ROD(s, BLOOD, 4, -2, 76, 15, 0, 150, 4);
    ROD(s, BLOOD, 16, 12, 72, 34, 16, 150, 5);
    ROD(s, BLOOD, -24, 4, -60, -24, 8, -230, 11);
    ROD(s, MUSCLE, 5, 26, 200, 14, 30, -130, 6.5f);
    ROD(s, GAS, 5, 25, 90, 7, 26, 40, 2);
}


static void
airways(scene_t *s)
{
    ROD(s, WALL, 0, 6, 260, 0, 10, 48, 10.6f);
    ROD(s, WALL, 0, 10, 48, -40, 14, 20, 8.4f);
    ROD(s, WALL, 0, 10, 48, 44, 18, 18, 7.8f);
    ROD(s, AIRWAY, 0, 6, 260, 0, 10, 48, 9);
    ROD(s, AIRWAY, 0, 10, 48, -40, 14, 20, 6.8f);
    ROD(s, AIRWAY, 0, 10, 48, 44, 18, 18, 6.2f);
    s->over = ANYTHING;
}


typedef struct { float p[3], d[3], length, r; int depth; }  twig_t;


static void
unit(float d[3])
{
    float  n = sqrtf(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) + 1e-6f;

    for (int k = 0; k < 3; k++) {
        d[k] /= n;
    }
}


/* a tree of vessels from one branch, an explicit stack */
static void
grow(scene_t *s, int m, twig_t first, uint32_t seed)
{
    twig_t  stack[32] = { first };
    int     n = 1;

    while (n > 0) {
        twig_t  t = stack[--n];
        float   end[3];

        for (int k = 0; k < 3; k++) {
            end[k] = t.p[k] + t.d[k] * t.length;
        }
        add_rod(s, m, t.p, end, t.r);

        for (int i = 0; t.depth > 0 && i < 2 && n < 31; i++) {
            twig_t  next = { .depth = t.depth - 1,
                             .length = t.length * (0.7f + 0.2f
                                                   * chance(&seed)),
                             .r = t.r * (i == 0 ? 0.8f : 0.66f) };
            for (int k = 0; k < 3; k++) {
                next.p[k] = end[k];
                next.d[k] = t.d[k] + (chance(&seed) - 0.5f)
                                     * (i == 0 ? 0.8f : 1.7f);
            }
            unit(next.d);
            stack[n++] = next;
        }
    }
}


static void
lung_vessels(scene_t *s)
{
    static const float  ways[7][3] = {
        { 0.35f, 0.1f, 1 }, { 0.8f, -0.5f, 0.6f }, { 0.8f, 0.6f, 0.5f },
        { 1, -0.4f, -0.3f }, { 0.6f, 0.9f, -0.3f }, { 0.7f, -0.3f, -1 },
        { 0.4f, 0.7f, -1 },
    };

    s->over = ONLY(LUNG);
    for (int side = -1; side <= 1; side += 2) {
        for (int tree = 0; tree < 2; tree++) {
            for (int i = 0; i < 7; i++) {
                twig_t  t = {
                    .p = { side * 44.f, tree ? 14 : 4, tree ? -4 : 26 },
                    .d = { side * ways[i][0] + 0.1f * tree,
                           ways[i][1] + 0.35f * tree,
                           ways[i][2] - 0.2f * tree },
                    .length = 25, .r = tree ? 3.5f : 4.2f,
                    .depth = tree ? 5 : 6,
                };

                unit(t.d);
                grow(s, VESSEL, t, (uint32_t) (i * 31 + tree * 977
                                               + (side + 2) * 131));
            }
        }
    }
}


static void
nodule(scene_t *s, float mm)
{
    float  r = mm / 2;

    s->over = ONLY(LUNG) | ONLY(VESSEL);
    add_ball(s, NODULE, -64, -12, 74, r, r * 0.9f, r);
    add_ball(s, NODULE, -64 + r * 0.5f, -12 + r * 0.4f, 74 + r * 0.3f,
             r * 0.7f, r * 0.7f, r * 0.7f);
    for (int i = 0; i < 9; i++) {
        float  a = i * 0.7f, b = i * 1.9f;

        ROD(s, NODULE, -64, -12, 74, -64 + 1.6f * r * cosf(a),
            -12 + 1.6f * r * sinf(a) * cosf(b),
            74 + 1.6f * r * sinf(a) * sinf(b), 0.6f);
    }
    s->over = ANYTHING;
}


static void
couch(scene_t *s)
{
    s->over = ONLY(AIR);
    add_block(s, TABLE, 0, 52, 0, 210, 84, 5000, 2.6f);
    s->over = ONLY(TABLE);
    add_block(s, AIR, 0, 52, 0, 207, 80, 5000, 2.6f);
    s->over = ANYTHING;
}


bool
chest_scene(scene_t *s, float nodule_mm, bool standing)
{
    *s = (scene_t) { .over = ANYTHING };

    wall(s, standing);
    spine(s);
    rib_cage(s, standing);
    lungs(s);
    heart(s);
    airways(s);
    lung_vessels(s);
    nodule(s, nodule_mm);
    if (!standing) {
        couch(s);
    }
    return !s->failed;
}


float
chest_ct(int material, const float p[3])
{
    static const float  hu[MATERIALS] = {
        [AIR] = -1000, [SKIN] = 30, [FAT] = -102, [MUSCLE] = 58,
        [LUNG] = -868, [AIRWAY] = -985, [WALL] = 20, [VESSEL] = 150,
        [BLOOD] = 235, [HEART] = 105, [BONE] = 620, [MARROW] = 210,
        [CARTILAGE] = 110, [LIVER] = 96, [SPLEEN] = 112, [STOMACH] = 22,
        [GAS] = -960, [NODULE] = 46, [DISC] = 85, [TABLE] = -420,
    };
    float  v = hu[material];

    switch (material) {
    case LUNG:
        return v + 45 * p[1] / 80
               + 40 * noise3(p[0] / 5, p[1] / 5, p[2] / 5, 41)
               + 30 * noise3(p[0] / 2, p[1] / 2, p[2] / 2, 42);
    case LIVER:
        return v + (noise3(p[0] / 9, p[1] / 9, p[2] / 9, 43) > 0.72f ? 45
                    : 5 * noise3(p[0] / 5, p[1] / 5, p[2] / 5, 44));
    case SPLEEN:
        return v + 14 * noise3(p[0] / 6, p[1] / 6, p[2] / 6, 45);
    case MARROW:
        return v + 90 * noise3(p[0] / 1.6f, p[1] / 1.6f, p[2] / 1.6f, 46);
    case MUSCLE:
        /* fat between the bundles */
        return noise3(p[0] / 9, p[1] / 5, p[2] / 18, 47) > 0.62f ? -60 : v;
    default:
        return v;
    }
}


/* --- the radiograph --- */

/* per mm, about that of 70 keV */
static const float  dense[MATERIALS] = {
    [SKIN] = 0.019f, [FAT] = 0.0175f, [MUSCLE] = 0.02f, [LUNG] = 0.0052f,
    [AIRWAY] = 0.0002f, [WALL] = 0.02f, [VESSEL] = 0.0225f, [BLOOD] = 0.021f,
    [HEART] = 0.021f, [BONE] = 0.043f, [MARROW] = 0.026f,
    [CARTILAGE] = 0.0215f, [LIVER] = 0.0212f, [SPLEEN] = 0.021f,
    [STOMACH] = 0.02f, [GAS] = 0.001f, [NODULE] = 0.03f, [DISC] = 0.0202f,
};


/* a letter of lead: strokes of an L on a grid of 3 x 5 */
static bool
marker(float x, float z)
{
    float  u = (x - 148) / 4, v = (186 - z) / 4;

    return (u >= 0 && u <= 1 && v >= 0 && v <= 5)
           || (u >= 0 && u <= 3 && v >= 4 && v <= 5);
}


/* P-values: a curve of film, bright where much was absorbed */
static float
film(float mu)
{
    return 60000 / (1 + expf(-0.95f * (mu - 3.1f))) + 800;
}


/* attenuation along y for one height z */
static void
project(const scene_t *s, plane_t *p, uint32_t *seed, uint8_t *cut,
    float *mu)
{
    /* rays in random steps from row to row: no rings */
    p->origin[1] = -140 - chance(seed) * p->step[0];
    paint(s, p, cut);

    for (uint32_t i = 0; i < p->rows; i++, cut += p->columns) {
        float  sum = 0;

        for (uint32_t k = 0; k < p->columns; k++) {
            sum += dense[cut[k]];
        }
        mu[i] = sum * p->step[0];
    }
}


static void
expose(const float *mu, uint32_t w, uint32_t h, uint32_t columns,
    uint32_t rows, float step_mm, float left, float top, uint16_t *out)
{
    uint32_t  seed = 77;

    for (uint32_t j = 0; j < rows; j++) {
        for (uint32_t i = 0; i < columns; i++) {
            float  m = sample(mu, w, h, i / 2.f - 0.25f, j / 2.f - 0.25f);
            bool   lead = marker(left + i * step_mm, top - j * step_mm);
            float  v = lead ? 64500 : film(m);

            v += (110 + v / 200) * grain(&seed);
            *out++ = v < 0 ? 0 : v > 65535 ? 65535 : (uint16_t) v;
        }
    }
}


bool
chest_xray(const scene_t *s, uint32_t columns, uint32_t rows, float step_mm,
    uint16_t *out)
{
    uint32_t  w = columns / 2, h = rows / 2, deep = 200;
    float    *mu = calloc((size_t) w * h, sizeof(*mu));
    float    *line = calloc(w, sizeof(*line));
    uint8_t  *cut = calloc((size_t) w * deep, 1);
    float     left = -(float) columns * step_mm / 2;
    float     top = (float) rows * step_mm / 2 + 6;
    uint32_t  seed = 78;
    bool      good = mu != NULL && line != NULL && cut != NULL;

    for (uint32_t j = 0; good && j < h; j++) {
        plane_t  p = { .origin = { left, 0, top - j * 2 * step_mm },
                       .step = { 1.4f, 2 * step_mm }, .across = 1,
                       .down = 0, .sign = 1, .columns = deep, .rows = w };

        project(s, &p, &seed, cut, mu + (size_t) j * w);
    }
    if (good) {
        soften(mu, w, h, line);
        expose(mu, w, h, columns, rows, step_mm, left, top, out);
    }
    free(mu);
    free(line);
    free(cut);
    return good;
}
