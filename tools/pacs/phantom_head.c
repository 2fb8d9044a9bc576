/* SPDX-License-Identifier: BSD-2-Clause */

/* A head: skull, brain with its ventricles, eyes, face, neck; a lesion in
 * the left parietal lobe. */

#include <math.h>

#include "phantom.h"

enum {
    AIR, SKIN, FAT, MUSCLE, BONE, DIPLOE, CSF, BRAIN, GREY, WHITE, CEREBELLUM,
    STEM, EYE, LENS, SINUS, CELLS, FALX, LESION, EDEMA, CALC, TOOTH, DISC,
    MARROW, MATERIALS
};

/* what lies within the skull */
#define INSIDE  (ONLY(CSF) | ONLY(BRAIN) | ONLY(GREY) | ONLY(WHITE)           \
                 | ONLY(CEREBELLUM) | ONLY(STEM) | ONLY(FALX))

/* the cerebrum's ellipsoid */
static const float  brain_c[3] = { 0, 0, 20 }, brain_r[3] = { 65, 83, 67 };


static void
outside(scene_t *s)
{
    /* neck, face, head: skin, then fat, then muscle */
    for (int layer = 0; layer < 3; layer++) {
        float  t = layer == 0 ? 0 : layer == 1 ? 2.2f : 5.5f;
        int    m = layer == 0 ? SKIN : layer == 1 ? FAT : MUSCLE;

        add_block(s, m, 0, 14, -150, 56 - t, 60 - t, 140 - t, 3);
        add_block(s, m, 0, -44, -46, 62 - t, 54 - t, 66 - t, 2.3f);
        add_ball(s, m, 0, -78, -94, 30 - t, 26 - t, 22 - t);
        add_ball(s, m, 0, 0, 20, 80 - t, 99 - t, 82 - t);
        add_ball(s, m, 0, 4, -42, 73 - t, 88 - t, 46 - t);
        if (layer < 2) {
            ROD(s, m, 0, -90, -12, 0, -104, -40, 10 - t);
            add_ball(s, m, 0, -98, -44, 15 - t, 17 - t, 10 - t);
            add_ball(s, m, 0, -97, -70, 24 - t, 12 - t, 7 - t);
            add_ball(s, m, 0, -95, -80, 21 - t, 12 - t, 7 - t);
        }
    }

    for (int side = -1; side <= 1; side += 2) {
        shape_t  *ear = add_ball(s, SKIN, side * 76, 12, -26, 4, 17, 31);
        turn_z(ear, side * -25);
    }
}


static void
skull(scene_t *s)
{
    add_ball(s, BONE, 0, 0, 20, 74, 92, 76);
    add_ball(s, DIPLOE, 0, 0, 20, 72, 90, 74);
    add_ball(s, BONE, 0, 0, 20, 69.5f, 87.5f, 71.5f);
    add_ball(s, BONE, 0, 38, -26, 59, 46, 36);
    add_ball(s, CSF, 0, 0, 20, 67.5f, 85.5f, 69.5f);
    add_ball(s, CSF, 0, 38, -26, 54, 41, 31);
    add_ball(s, BRAIN, brain_c[0], brain_c[1], brain_c[2], brain_r[0],
             brain_r[1], brain_r[2]);

    s->over = ONLY(BRAIN) | ONLY(CSF);
    add_ball(s, CSF, 0, 0, 66, 2.4f, 86, 30);
    add_ball(s, CSF, 0, -66, 22, 2.2f, 24, 52);
    add_ball(s, CSF, 0, 68, 26, 2, 20, 44);
    add_ball(s, FALX, 0, 0, 68, 0.9f, 88, 26);
    add_ball(s, FALX, 0, -70, 26, 0.9f, 20, 44);
    add_ball(s, FALX, 0, 72, 30, 1, 18, 44);
    /* superior sagittal sinus */
    ROD(s, FALX, 0, 60, 66, 0, 83, 30, 3.4f);
    s->over = ANYTHING;
}


static void
ventricles(scene_t *s)
{
    for (int side = -1; side <= 1; side += 2) {
        float  k = side;

        ROD(s, CSF, 8 * k, -32, 22, 9 * k, -10, 30, 5.2f);
        ROD(s, CSF, 9 * k, -10, 30, 13 * k, 22, 32, 5);
        ROD(s, CSF, 13 * k, 22, 32, 24 * k, 38, 21, 6.5f);
        ROD(s, CSF, 24 * k, 38, 21, 20 * k, 60, 16, 4);
        ROD(s, CSF, 26 * k, 36, 16, 34 * k, 2, -8, 2.6f);
        add_ball(s, CALC, 21 * k, 34, 24, 1.8f, 3.2f, 2.6f);
    }
    add_ball(s, CSF, 0, 2, 14, 2.4f, 13, 9);
}


static void
deep_brain(scene_t *s)
{
    static const float  arc[6][3] = {
        { 0, -36, 16 }, { 0, -41, 26 }, { 0, -30, 37 }, { 0, 0, 43 },
        { 0, 28, 38 }, { 0, 37, 27 },
    };

    add_balls(s, WHITE, 22, -2, 20, 20, 34, 20);
    add_balls(s, GREY, 12, 8, 14, 8.5f, 14, 9.5f);
    add_balls(s, GREY, 13, -19, 21, 5, 10, 9);
    add_balls(s, GREY, 26, -4, 13, 7, 17, 10);
    add_balls(s, GREY, 43, -8, 13, 4.5f, 25, 16);
    add_balls(s, CSF, 45, -8, 13, 2.2f, 22, 13);
    s->over = INSIDE;
    RODS(s, GREY, 45, -16, 8, 66, -24, 4, 5);
    RODS(s, CSF, 45, -16, 8, 68, -24, 4, 2);
    s->over = ANYTHING;

    for (int k = 0; k < 5; k++) {
        for (int x = -8; x <= 8; x += 4) {
            ROD(s, WHITE, x, arc[k][1], arc[k][2], x, arc[k + 1][1],
                arc[k + 1][2], 4.2f);
        }
    }

    /* the lesion and the white matter that swells around it */
    s->over = ONLY(BRAIN) | ONLY(WHITE);
    add_ball(s, EDEMA, 36, 30, 48, 22, 25, 20);
    s->over = ANYTHING;
    add_ball(s, LESION, 36, 30, 48, 10, 12, 10);
    add_ball(s, LESION, 42, 22, 44, 7, 7, 8);

    ventricles(s);
}


static void
hind_brain(scene_t *s)
{
    s->over = INSIDE;
    add_balls(s, CSF, 20, 42, -27, 34, 35, 27);
    add_ball(s, CSF, 0, 6, -16, 24, 22, 24);
    add_balls(s, CEREBELLUM, 20, 42, -29, 31, 33, 25);
    add_ball(s, CEREBELLUM, 0, 42, -27, 12, 26, 20);
    add_ball(s, CSF, 0, 72, -30, 1.5f, 16, 20);
    s->over = ANYTHING;
    ROD(s, STEM, 0, 14, 2, 0, 16, -36, 9);
    add_balls(s, STEM, 7, 10, 2, 10, 10, 9);
    add_ball(s, STEM, 0, 8, -20, 15, 12, 13);
    ROD(s, CSF, 0, 24, -46, 0, 30, -300, 10);
    ROD(s, STEM, 0, 18, -36, 0, 24, -58, 7.5f);
    ROD(s, STEM, 0, 25, -58, 0, 30, -300, 5.5f);
    add_ball(s, CSF, 0, 27, -24, 6, 5, 9);
    add_ball(s, CSF, 0, 27, 3, 11, 4, 6);
    add_ball(s, CSF, 0, -9, -9, 13, 9, 5);
    add_ball(s, CALC, 0, 25, 11, 2, 2.4f, 2);
}


static void
skull_base(scene_t *s)
{
    add_balls(s, BONE, 38, -24, -46, 27, 30, 16);
    add_balls(s, MUSCLE, 38, -24, -50, 26, 29, 17);
    add_ball(s, BONE, 0, -20, -36, 21, 18, 17);
    RODS(s, BONE, 14, -4, -36, 58, 14, -34, 9);
    add_balls(s, BONE, 60, 20, -42, 13, 17, 21);
    add_balls(s, CELLS, 60, 20, -42, 10.5f, 14, 18);
    RODS(s, SINUS, 46, 9, -34, 78, 9, -32, 3.2f);
    RODS(s, CELLS, 34, 4, -33, 42, 8, -33, 3.5f);
    add_ball(s, SINUS, 0, -27, -29, 12, 9, 8);
    add_ball(s, BONE, 0, -27, -29, 0.8f, 9, 8);
    ROD(s, BONE, 0, -6, -16, 0, 2, -48, 4.5f);
    add_ball(s, GREY, 0, -11, -17, 5, 4.5f, 4);
}


static void
eyes(scene_t *s)
{
    for (int side = -1; side <= 1; side += 2) {
        float  k = side;

        add_ball(s, BONE, 31 * k, -60, -22, 21, 32, 20);
        add_ball(s, FAT, 31 * k, -63, -22, 18.5f, 32, 17.5f);
        ROD(s, MUSCLE, 43 * k, -70, -22, 20 * k, -38, -23, 2.4f);
        ROD(s, MUSCLE, 20 * k, -72, -22, 16 * k, -38, -23, 2.4f);
        ROD(s, MUSCLE, 31 * k, -70, -10, 20 * k, -38, -20, 2.2f);
        ROD(s, MUSCLE, 31 * k, -70, -34, 20 * k, -38, -25, 2.2f);
        ROD(s, WHITE, 31 * k, -64, -22, 12 * k, -32, -19, 2.2f);
        add_ball(s, SKIN, 32 * k, -76, -22, 13, 13, 13);
        add_ball(s, EYE, 32 * k, -76, -22, 11.8f, 11.8f, 11.8f);
        add_ball(s, LENS, 32 * k, -84, -22, 5, 2.4f, 5);
    }
}


static void
face(scene_t *s)
{
    add_ball(s, BONE, 0, -64, -44, 30, 24, 26);
    add_ball(s, BONE, 0, -81, 4, 22, 9.5f, 14);
    add_balls(s, SINUS, 9, -82, 6, 8, 4.5f, 10);
    add_ball(s, CELLS, 0, -58, -22, 11, 26, 16);
    add_balls(s, BONE, 29, -58, -54, 18, 20, 18);
    add_balls(s, SINUS, 29, -58, -54, 15.5f, 17.5f, 15.5f);
    add_ball(s, MUSCLE, 0, -66, -52, 13, 32, 19);
    add_balls(s, SINUS, 5.2f, -68, -52, 3.2f, 32, 17);
    add_balls(s, MUSCLE, 8.5f, -62, -56, 2.6f, 18, 4.5f);
    add_balls(s, MUSCLE, 8, -60, -46, 2.4f, 15, 3.5f);
    add_balls(s, SINUS, 6, -104, -48, 2.6f, 6, 4);
    RODS(s, BONE, 38, -72, -40, 66, -28, -36, 4.5f);

    /* nose to throat to wind pipe */
    add_ball(s, SINUS, 0, -20, -60, 11, 8, 18);
    ROD(s, SINUS, 0, -16, -60, 0, -14, -112, 6);
    ROD(s, SINUS, 0, -18, -112, 0, -26, -300, 8);

    /* jaws, teeth, tongue */
    add_ball(s, MUSCLE, 0, -56, -88, 24, 34, 17);
    add_ball(s, SINUS, 0, -58, -71, 18, 26, 2);
    RODS(s, BONE, 52, -16, -44, 47, -24, -86, 5);
    RODS(s, BONE, 47, -24, -86, 32, -66, -98, 6);
    RODS(s, BONE, 32, -66, -98, 0, -88, -102, 6.5f);
    RODS(s, BONE, 30, -50, -72, 20, -78, -72, 5);
    RODS(s, BONE, 20, -78, -72, 0, -87, -72, 5);
    for (int i = 0; i < 7; i++) {
        float  a = (0.13f + i * 0.19f), x = 27 * sinf(a);
        float  y = -52 - 36 * cosf(a);

        RODS(s, TOOTH, x, y, -72, x, y + 1, -81, 2.9f);
        RODS(s, TOOTH, x * 0.95f, y + 1, -84, x, y + 2, -94, 2.6f);
    }
}


static void
neck(scene_t *s)
{
    RODS(s, MUSCLE, 40, 20, -70, 30, -10, -220, 9);
    RODS(s, FAT, 33, 0, -90, 30, 2, -220, 7);
    RODS(s, FALX, 27, -4, -80, 26, -4, -220, 4);
    ROD(s, FAT, 0, 62, -70, 0, 66, -220, 8);

    for (int i = 0; i < 8; i++) {
        float  z = -68 - i * 18.5f, y = 8 + i * 0.8f;

        add_block(s, BONE, 0, y, z, 12.5f, 9.5f, 7.6f, 4);
        add_block(s, MARROW, 0, y, z, 11, 8, 6.2f, 4);
        add_block(s, DISC, 0, y, z - 9.2f, 11.5f, 9, 1.9f, 4);
        RODS(s, BONE, 9, y + 8, z, 13, y + 22, z - 3, 3.4f);
        RODS(s, BONE, 12, y + 22, z - 3, 0, y + 32, z - 5, 3);
        ROD(s, BONE, 0, y + 32, z - 5, 0, y + 46, z - 12, 3);
        RODS(s, BONE, 12, y + 2, z, 24, y + 4, z - 2, 3.5f);
    }
    RODS(s, BONE, 10, 16, -54, 22, 12, -60, 6);
}


bool
head_scene(scene_t *s)
{
    *s = (scene_t) { .over = ANYTHING };

    outside(s);
    neck(s);
    skull(s);
    deep_brain(s);
    skull_base(s);
    eyes(s);
    face(s);
    hind_brain(s);
    return !s->failed;
}


/* which of CSF, grey and white matter the folded cortex is at p */
static int
cortex(const float p[3])
{
    float  d[3], rho = 0;

    for (int k = 0; k < 3; k++) {
        d[k] = (p[k] - brain_c[k]) / brain_r[k];
        rho += d[k] * d[k];
    }
    rho = sqrtf(rho) + 1e-4f;

    /* folds go inwards: nearly the same at all depths along a radius */
    float  depth = (1 - rho) * 70;
    float  fx = d[0] / rho * 68 / 11, fy = d[1] / rho * 82 / 11;
    float  fz = d[2] / rho * 68 / 11;
    float  bend = noise3(p[0] / 9, p[1] / 9, p[2] / 9, 5) * 0.45f;
    float  fold = fabsf(noise3(fx + bend, fy - bend, fz + rho * 1.2f, 11));
    float  reach = 22 + 12 * noise3(p[0] / 20, p[1] / 20, p[2] / 20, 3);

    if (depth < reach) {
        float  fade = 1 - depth / reach;

        if (fold < 0.085f * (0.35f + fade)) {
            return CSF;
        }
        if (fold < 0.10f + 0.26f * (0.5f + fade / 2)) {
            return GREY;
        }
    }
    return depth < 3.2f || (fabsf(p[0]) < 4.5f && rho > 0.6f) ? GREY : WHITE;
}


/* what is at p, finer than the shapes say */
static int
tissue(int m, const float p[3])
{
    int  t;

    switch (m) {
    case BRAIN:
        return cortex(p);
    case EDEMA:
        t = cortex(p);
        return t == WHITE ? EDEMA : t;
    case CEREBELLUM: {
        float  fold = sinf(p[2] * 1.1f + p[1] * 0.55f
                           + 2.4f * noise3(p[0] / 14, p[1] / 14, p[2] / 14,
                                           7));
        float  r = hypotf((fabsf(p[0]) - 18) / 24, (p[1] - 42) / 24);
        r = hypotf(r, (p[2] + 29) / 17);
        return r < 0.5f ? WHITE : fold > 0.93f ? CSF : fold < -0.6f ? WHITE
               : GREY;
    }
    case CELLS:
        return noise3(p[0] / 3.2f, p[1] / 3.2f, p[2] / 3.2f, 21) > 0.12f
               ? BONE : SINUS;
    case DIPLOE:
        return noise3(p[0] / 2, p[1] / 2, p[2] / 2, 22) > 0.3f ? BONE
               : DIPLOE;
    default:
        return m;
    }
}


float
head_ct(int material, const float p[3])
{
    static const float  hu[MATERIALS] = {
        [AIR] = -1000, [SKIN] = 40, [FAT] = -95, [MUSCLE] = 55,
        [BONE] = 1150, [DIPLOE] = 520, [CSF] = 7, [GREY] = 39, [WHITE] = 29,
        [STEM] = 33, [EYE] = 9, [LENS] = 75, [SINUS] = -990, [FALX] = 58,
        [LESION] = 68, [EDEMA] = 20, [CALC] = 190, [TOOTH] = 1900,
        [DISC] = 85, [MARROW] = 320,
    };
    int    t = tissue(material, p);
    float  v = hu[t];

    if (t == LESION) {
        v += 9 * noise3(p[0] / 4, p[1] / 4, p[2] / 4, 31);
    } else if (t == BONE) {
        v += 150 * noise3(p[0] / 12, p[1] / 12, p[2] / 12, 33);
    }
    return v;
}


float
head_mr(int material, const float p[3], char weighting)
{
    static const float  signal[MATERIALS][3] = {
        /* T1, T2, FLAIR */
        [AIR] = { 4, 4, 4 },          [SKIN] = { 420, 300, 300 },
        [FAT] = { 900, 620, 560 },    [MUSCLE] = { 310, 170, 200 },
        [BONE] = { 35, 30, 30 },      [DIPLOE] = { 420, 260, 240 },
        [CSF] = { 110, 950, 60 },     [GREY] = { 350, 420, 430 },
        [WHITE] = { 520, 280, 320 },  [STEM] = { 460, 310, 350 },
        [EYE] = { 120, 980, 90 },     [LENS] = { 300, 120, 150 },
        [SINUS] = { 6, 6, 6 },        [FALX] = { 240, 90, 120 },
        [LESION] = { 470, 700, 800 }, [EDEMA] = { 330, 690, 740 },
        [CALC] = { 160, 90, 100 },    [TOOTH] = { 25, 20, 20 },
        [DISC] = { 240, 210, 200 },   [MARROW] = { 560, 330, 300 },
    };
    int    column = weighting == '1' ? 0 : weighting == '2' ? 1 : 2;
    int    t = tissue(material, p);
    float  v = signal[t][column];

    if (t == LESION) {
        v *= 1 + 0.25f * noise3(p[0] / 5, p[1] / 5, p[2] / 5, 31);
    }
    /* the coil sees its own side better */
    return v * (1 + 0.12f * p[1] / 100 - 0.1f * (p[2] - 20) / 100);
}
