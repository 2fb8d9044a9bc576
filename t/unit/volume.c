/* SPDX-License-Identifier: BSD-2-Clause */

/* volumes against what geometry says of ramps, balls, rods and boxes */

#include <math.h>
#include <stdlib.h>

#include "tap.h"
#include "render/volume.h"

/* what a voxel holds: a function of its place in mm */
typedef double  (*field_t)(const double mm[3]);

static uint32_t  seed = 1;


static double
random01(void)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) / 16777216.0;
}


static void
place(const pacs_volume_t *v, const double index[3], double mm[3])
{
    for (int d = 0; d < 3; d++) {
        mm[d] = v->origin[d];
        for (int e = 0; e < 3; e++) {
            mm[d] += index[e] * v->step[e][d];
        }
    }
}


static double
det(const double a[3], const double b[3], const double c[3])
{
    return a[0] * (b[1] * c[2] - b[2] * c[1])
           - a[1] * (b[0] * c[2] - b[2] * c[0])
           + a[2] * (b[0] * c[1] - b[1] * c[0]);
}


/* by Cramer's rule */
static void
index_of(const pacs_volume_t *v, const double mm[3], double index[3])
{
    double  all = det(v->step[0], v->step[1], v->step[2]), from[3];

    for (int d = 0; d < 3; d++) {
        from[d] = mm[d] - v->origin[d];
    }
    for (int d = 0; d < 3; d++) {
        index[d] = det(d == 0 ? from : v->step[0], d == 1 ? from : v->step[1],
                       d == 2 ? from : v->step[2]) / all;
    }
}


static void
fill(pacs_volume_t *v, field_t field)
{
    int16_t  *voxels = malloc((size_t) v->n[0] * v->n[1] * v->n[2] * 2);
    int16_t  *p = voxels;

    for (uint32_t k = 0; k < v->n[2]; k++) {
        for (uint32_t j = 0; j < v->n[1]; j++) {
            for (uint32_t i = 0; i < v->n[0]; i++) {
                double  mm[3];

                place(v, (double[3]) { i, j, v->at ? (double) v->at[k] : k },
                      mm);
                *p++ = (int16_t) lrint(field(mm));
            }
        }
    }
    v->voxels = voxels;
}


static pacs_volume_t
straight(uint32_t n0, uint32_t n1, uint32_t n2, double s0, double s1,
    double s2)
{
    return (pacs_volume_t) {
        .n = { n0, n1, n2 },
        .step = { { s0, 0, 0 }, { 0, s1, 0 }, { 0, 0, s2 } },
        .slope = 1, .min = 0, .max = 1000,
    };
}


static int
plane(const pacs_volume_t *v, const pacs_plane_t *p, float *out)
{
    pacs_err_t  err = { 0, "" };
    int         rc = pacs_volume_plane(v, p, &pacs_limits_default, out, &err);

    return rc == PACS_OK || err.text[0] != '\0' ? rc : -1;
}


/* --- a linear ramp comes out of any plane as it is --- */

static const pacs_volume_t *ramp_of;

/* linear in the place, and whole numbers at all centres */
static double
ramp(const double mm[3])
{
    double  at[3];

    index_of(ramp_of, mm, at);
    return 7 * at[0] - 5 * at[1] + 12 * at[2] - 200;
}


static const float  uneven[20] = {
    0, 1, 1.5f, 3, 4, 5.25f, 6, 8, 9, 10, 10.5f, 11, 12, 14, 15, 16, 17, 18.5f,
    19, 20
};

static pacs_volume_t  grids[] = {
    { .n = { 31, 24, 20 }, .slope = 1,
      .step = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } } },
    { .n = { 31, 24, 20 }, .slope = 0.5, .intercept = -100,
      .origin = { -120, 33.3, 1700 },
      .step = { { 0.4, 0, 0 }, { 0, 0.7, 0 }, { 0, 0, 3 } } },
    { .n = { 31, 24, 20 }, .slope = 1, .origin = { 5, 6, 7 },     /* tilted */
      .step = { { 0.9, 0, 0 }, { 0, 0.8, 0.3 }, { 0, -0.5, 2 } } },
    { .n = { 31, 24, 20 }, .slope = -2, .origin = { 50, -6, -70 },
      .step = { { 0.3, 0.8, 0.1 }, { -0.7, 0.4, -0.2 }, { 0.4, 0.2, -1.9 } } },
    { .n = { 31, 24, 20 }, .slope = 1, .at = uneven,
      .step = { { 0.9, 0.1, 0 }, { 0, 0.8, 0.3 }, { 0, -0.5, 2 } } },
    { .n = { 31, 24, 1 }, .slope = 1,
      .step = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 5 } } },
    { .n = { 2, 2, 2 }, .slope = 1,
      .step = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 5 } } },
};


/* where a pixel is: 1 between the centres, 0 beyond the ends, -1 between */
static int
where(const pacs_volume_t *v, const double at[3])
{
    int  inside = 1;

    for (int d = 0; d < 3; d++) {
        const float  *z = d == 2 ? v->at : NULL;
        uint32_t      last = v->n[d] - 1;
        double        lo = z ? (double) z[0] : 0;
        double        hi = z ? (double) z[last] : last;
        double        below = z ? (double) (z[1] - z[0]) / 2 : 0.5;
        double        above = z ? (double) (z[last] - z[last - 1]) / 2 : 0.5;

        if (at[d] < lo - below - 1e-6 || at[d] > hi + above + 1e-6) {
            return 0;
        }
        if (at[d] < lo || at[d] > hi) {
            inside = -1;
        }
    }
    return inside;
}


/* how many pixels of the plane are wrong; *seen: how many were inside */
static int
wrong(const pacs_volume_t *v, const pacs_plane_t *p, int *seen)
{
    float  *out = malloc(sizeof(float) * p->width * p->height);
    int     bad = plane(v, p, out) != PACS_OK;

    for (uint32_t i = 0; i < p->width * p->height; i++) {
        double  mm[3], at[3], want;

        for (int d = 0; d < 3; d++) {
            mm[d] = p->origin[d] + i % p->width * p->right[d]
                    + i / p->width * p->down[d];
        }
        index_of(v, mm, at);
        want = v->slope * ramp(mm) + v->intercept;

        switch (where(v, at)) {

        case 1:
            (*seen)++;
            bad += !(fabs((double) out[i] - want) <= 1e-3);
            break;

        case 0:
            bad += !isnan(out[i]);
            break;

        default:
            bad += isnan(out[i]);
        }
    }
    free(out);
    return bad;
}


static void
axis_planes(pacs_volume_t *v, int *bad, int *seen)
{
    for (int d = 0; d < 3; d++) {
        for (int from = 0; from < 3; from++) {
            double        at[3] = { 0, 0, 0 };
            pacs_plane_t  p = { .width = 64, .height = 50 };

            at[d] = from * (v->n[d] - 1) / 2.0;
            place(v, at, p.origin);
            for (int e = 0; e < 3; e++) {
                p.right[e] = v->step[(d + 1) % 3][e];
                p.down[e] = v->step[(d + 2) % 3][e] * (from == 1 ? 0.37 : 1);
            }
            *bad += wrong(v, &p, seen);
        }
    }
}


static void
oblique_planes(pacs_volume_t *v, int *bad, int *seen)
{
    for (int i = 0; i < 40; i++) {
        pacs_plane_t  p = { .width = 45, .height = 33 };
        double        at[3];

        for (int d = 0; d < 3; d++) {
            at[d] = random01() * (v->n[d] - 1);
            p.right[d] = random01() - 0.5;
            p.down[d] = random01() - 0.5;
        }
        place(v, at, p.origin);
        for (int d = 0; d < 3; d++) {
            p.origin[d] -= 20 * p.right[d] + 15 * p.down[d];
        }
        *bad += wrong(v, &p, seen);
    }
}


static void
ramps(void)
{
    for (unsigned i = 0; i < sizeof(grids) / sizeof(*grids); i++) {
        pacs_volume_t  *v = &grids[i];
        int             bad = 0, seen = 0;

        ramp_of = v;
        fill(v, ramp);
        axis_planes(v, &bad, &seen);
        oblique_planes(v, &bad, &seen);
        ok(bad == 0 && seen > (v->n[2] == 20 ? 9000 : 10),
           "grid %u: a ramp in every plane (%d pixels, %d wrong)", i, seen,
           bad);
    }
}


/* --- shapes --- */

static double
distance(const double a[3], const double b[3])
{
    return sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1])
                + (a[2] - b[2]) * (a[2] - b[2]));
}


static const double  middle[3] = { 31, 30, 32.25 };

/* of 20 mm radius; its edge is as wide as a voxel */
static double
ball(const double mm[3])
{
    double  depth = 20 - distance(mm, middle);

    return 1000 * fmin(fmax(0.5 + depth / 0.7, 0), 1);
}


static void
diameters(void)
{
    static const double  ways[][2][3] = {
        { { 1, 0, 0 }, { 0, 1, 0 } }, { { 1, 0, 0 }, { 0, 0, 1 } },
        { { 0, 1, 0 }, { 0, 0, 1 } }, { { 0.6, 0.8, 0 }, { 0, 0, 1 } },
        { { 0.8, 0, -0.6 }, { 0.36, 0.8, 0.48 } },
    };
    enum { SIDE = 240 };
    const double   pixel = 0.25;
    float         *out = malloc(sizeof(float) * SIDE * SIDE);
    pacs_volume_t  v = straight(90, 90, 45, 0.7, 0.7, 1.5);

    fill(&v, ball);
    for (unsigned w = 0; w < 5; w++) {
        pacs_plane_t  p = { .width = SIDE, .height = SIDE };
        int           inside = 0, across = 0;

        for (int d = 0; d < 3; d++) {
            p.right[d] = ways[w][0][d] * pixel;
            p.down[d] = ways[w][1][d] * pixel;
            p.origin[d] = middle[d] - (SIDE - 1) / 2.0 * (p.right[d]
                                                          + p.down[d]);
        }
        is_int(plane(&v, &p, out), PACS_OK, "a ball is cut");
        for (int i = 0; i < SIDE * SIDE; i++) {
            inside += out[i] > 500;
            across += i / SIDE == SIDE / 2 && out[i] > 500;
        }

        double  area = 2 * sqrt(inside * pixel * pixel / M_PI);

        ok(fabs(area - 40) < 0.35 && fabs(across * pixel - 40) <= 0.5,
           "way %u: its diameter is %.2f mm by area, %.2f mm across", w,
           area, across * pixel);
    }
    free(out);
    free((void *) v.voxels);
}


/* rods along x, 4 mm behind y = 20, 3 mm wide: one bright, one dark */
static double
rods(const double mm[3])
{
    bool  deep = fabs(mm[1] - 24) < 1.51;

    return deep && fabs(mm[2] - 10) < 1.51 ? 900
           : deep && fabs(mm[2] - 20) < 1.51 ? -700 : 100;
}


static float
slab_at(const pacs_volume_t *v, pacs_slab_e mode, double mm, double z)
{
    pacs_plane_t  p = { .origin = { 15, 20, z }, .right = { 1, 0, 0 },
                        .down = { 0, 0, 1 }, .width = 1, .height = 1,
                        .mode = mode, .slab = mm };
    float         out;

    return plane(v, &p, &out) == PACS_OK ? out : NAN;
}


static void
slabs(void)
{
    pacs_volume_t  v = straight(30, 80, 60, 1, 0.5, 0.5);

    fill(&v, rods);
    ok(slab_at(&v, PACS_SLAB_MAX, 10, 10) == 900, "MIP meets a bright rod");
    ok(slab_at(&v, PACS_SLAB_MAX, 4, 10) == 100, "a thin one does not");
    ok(slab_at(&v, PACS_SLAB_MAX, 10, 20) == 100, "nor does it see a dark one");
    ok(slab_at(&v, PACS_SLAB_MIN, 10, 20) == -700, "MinIP meets a dark rod");
    ok(slab_at(&v, PACS_SLAB_MIN, 10, 10) == 100, "and not the bright one");

    double  mean = (double) slab_at(&v, PACS_SLAB_MEAN, 20, 10);

    /* half of the rod's edge voxels is the rod's: 3.5 mm */
    ok(fabs(mean - (100 + 800 * 3.5 / 20)) < 5, "mean: %.1f", mean);
    ok(fabs((double) slab_at(&v, PACS_SLAB_MEAN, 1000, 10)
            - (100 + 800 * 3.5 / 40)) < 5, "mean of what is in the volume");
    ok(isnan(slab_at(&v, PACS_SLAB_MEAN, 5, 100))
       && isnan(slab_at(&v, PACS_SLAB_MAX, 5, 100))
       && isnan(slab_at(&v, PACS_SLAB_MIN, 5, 100)), "nothing: NaN");

    v.slope = -1;
    v.intercept = 10;
    ok(slab_at(&v, PACS_SLAB_MAX, 10, 20) == 710, "the greatest value, not "
       "the greatest voxel");
    free((void *) v.voxels);

    ramp_of = &grids[3];
    for (int mode = 0; mode < 3; mode++) {
        /* normal to the slices, whose distance is not that of the steps */
        double        at[3] = { 15, 12, 10 }, want;
        pacs_plane_t  p = { .width = 1, .height = 1, .mode = mode, .slab = 6,
                            .right = { 0.3, 0.8, 0.1 },
                            .down = { -0.7, 0.4, -0.2 } };
        float         out = 0, mid = 0;

        place(&grids[3], at, p.origin);
        plane(&grids[3], &p, &out);
        p.slab = 0;
        plane(&grids[3], &p, &mid);
        want = (double) mid;
        ok(mode == PACS_SLAB_MEAN ? fabs((double) out - want) < 1e-3
           : mode == PACS_SLAB_MAX ? (double) out > want + 10
           : (double) out < want - 10, "mode %d of a sheared ramp", mode);
    }
}


/* --- curved planes --- */

enum { HELIX = 400 };

static double  helix[HELIX][3];

static double
tube(const double mm[3])
{
    double  nearest = 1e9;

    for (int i = 0; i < HELIX; i++) {
        nearest = fmin(nearest, distance(mm, helix[i]));
    }
    return 1000 * exp(-nearest * nearest / 18);
}


static int
curved(const pacs_volume_t *v, const pacs_curved_t *c, pacs_arena_t *a,
    float **out, uint32_t *width)
{
    uint32_t    height;
    pacs_err_t  err = { 0, "" };
    int         rc = pacs_volume_curved(v, c, &pacs_limits_default, a, out,
                                        width, &height, &err);

    return rc != PACS_OK ? err.text[0] != '\0' ? rc : -1
           : height == c->height ? PACS_OK : -1;
}


static void
along_a_helix(pacs_arena_t *a)
{
    pacs_volume_t  v = straight(50, 50, 40, 1, 1, 1);
    pacs_curved_t  c = { .points = (const double (*)[3]) helix, .n = HELIX,
                         .down = { 0, 0, 2 }, .pixel = 0.5, .height = 21 };
    float         *out;
    uint32_t       width;
    double         length = 0;
    int            bad = 0, skew = 0;

    for (int i = 0; i < HELIX; i++) {
        double  turn = 2 * M_PI * i / (HELIX - 1) * 1.5;

        helix[i][0] = 25 + 15 * cos(turn);
        helix[i][1] = 25 + 15 * sin(turn);
        helix[i][2] = 12 + 2 * turn;
        length += i > 0 ? distance(helix[i], helix[i - 1]) : 0;
    }
    fill(&v, tube);
    is_int(curved(&v, &c, a, &out, &width), PACS_OK, "a curved plane");
    is_int(width, (int64_t) (length / 0.5) + 1, "as wide as the line");
    for (uint32_t x = 0; x < width; x++) {
        double  up = (double) out[5 * width + x];
        double  down = (double) out[15 * width + x];

        bad += !(out[10 * width + x] > 950);
        skew += x > 20 && x < width - 20 && !(fabs(up - down) < 60);
    }
    ok(bad == 0 && skew == 0, "the tube's centre is the middle row (%d, %d)",
       bad, skew);

    c.width = width + 7;
    is_int(curved(&v, &c, a, &out, &width), PACS_OK, "a wider one");
    ok(!isnan(out[10 * width + width - 8]) && isnan(out[10 * width + width - 7])
       && isnan(out[10 * width + width - 1]), "NaN beyond the end");
    free((void *) v.voxels);
}


/* a line with corners that are none, and points that are doubled */
static void
along_a_straight_line(pacs_arena_t *a)
{
    static const double  line[][3] = {
        { 3, 4, 5 }, { 3, 4, 5 }, { 4.2, 5.6, 5 }, { 9, 12, 5 }, { 9, 12, 5 },
        { 12, 16, 5 }
    };
    pacs_curved_t  c = { .points = line, .n = 6, .down = { 0, 0, 1 },
                         .pixel = 0.5, .height = 5, .slab = 4,
                         .mode = PACS_SLAB_MAX };
    pacs_plane_t   p = { .origin = { 3, 4, 4 }, .right = { 0.3, 0.4, 0 },
                         .down = { 0, 0, 0.5 }, .width = 31, .height = 5,
                         .slab = 4, .mode = PACS_SLAB_MAX };
    float         *out, flat[31 * 5];
    uint32_t       width;
    int            bad = 0;

    is_int(curved(&grids[0], &c, a, &out, &width), PACS_OK, "a straight one");
    is_int(width, 31, "15 mm by 0.5 mm");
    plane(&grids[0], &p, flat);
    for (int i = 0; i < 31 * 5; i++) {
        bad += !(fabsf(out[i] - flat[i]) < 1e-3f);
    }
    is_int(bad, 0, "is a plane");
}


static void
no_curves(pacs_arena_t *a)
{
    static const double  spot[][3] = { { 3, 4, 5 }, { 3, 4, 5 } };
    static const double  nowhere[][3] = { { 3, 4, 5 }, { 3, NAN, 5 } };
    static const double  far[][3] = { { 0, 0, 0 }, { 1e6, 0, 0 } };
    pacs_curved_t        c = { .points = spot, .n = 2, .down = { 0, 0, 1 },
                               .pixel = 0.5, .height = 5 };
    float               *out;
    uint32_t             width;

    is_int(curved(&grids[0], &c, a, &out, &width), PACS_E_ARG, "no length");
    c.points = nowhere;
    is_int(curved(&grids[0], &c, a, &out, &width), PACS_E_ARG, "no place");
    c.points = far;
    c.n = 1;
    is_int(curved(&grids[0], &c, a, &out, &width), PACS_E_ARG, "one point");
    c.n = 0;
    is_int(curved(&grids[0], &c, a, &out, &width), PACS_E_ARG, "no point");
    c.n = 2;
    is_int(curved(&grids[0], &c, a, &out, &width), PACS_E_LIMIT, "2 million "
           "columns");
    c.pixel = 100;
    c.height = 0;
    is_int(curved(&grids[0], &c, a, &out, &width), PACS_E_ARG, "no rows");
    c.height = 5;
    c.down[2] = INFINITY;
    is_int(curved(&grids[0], &c, a, &out, &width), PACS_E_ARG, "no way down");
    c.down[2] = 1;
    c.pixel = 0;
    is_int(curved(&grids[0], &c, a, &out, &width), PACS_E_ARG, "no pixel");
}


/* --- volume rendering --- */

enum { VIEW = 80 };

static pacs_stop_t    even[] = { { 50, { 255, 128, 0 }, 0 },
                                 { 150, { 255, 128, 0 }, 0 } };
static pacs_preset_t  glass = { .name = "glass", .stops = even, .nstops = 2 };


static pacs_camera_t
camera(const pacs_volume_t *v, const pacs_preset_t *preset)
{
    pacs_camera_t  c = { .view = { 0, 0, 1 }, .up = { 0, -1, 0 }, .pixel = 0.5,
                         .width = VIEW, .height = VIEW, .preset = preset };

    place(v, (double[3]) { (v->n[0] - 1) / 2.0, (v->n[1] - 1) / 2.0,
                           (v->n[2] - 1) / 2.0 }, c.centre);
    return c;
}


static int
render(const pacs_volume_t *v, const pacs_camera_t *c, uint8_t *out)
{
    pacs_err_t  err = { 0, "" };
    int         rc = pacs_volume_render(v, c, &pacs_limits_default, out, &err);

    return rc == PACS_OK || err.text[0] != '\0' ? rc : -1;
}


static int
project(const pacs_volume_t *v, const pacs_camera_t *c, float *out)
{
    pacs_err_t  err = { 0, "" };
    int         rc = pacs_volume_project(v, c, &pacs_limits_default, out,
                                         &err);

    return rc == PACS_OK || err.text[0] != '\0' ? rc : -1;
}


static double
hundred(const double mm[3])
{
    return 100;
}


/* 12 mm of the same opacity, in voxels of any size, seen from any side */
static void
opacities(void)
{
    static const double  sizes[] = { 0.3, 0.5, 0.75, 1, 1.5, 3, 6, 12 };
    static const double  opacity[] = { 0.005, 0.03, 0.1, 0.4 };
    uint8_t              rgb[VIEW * VIEW * 3];
    double               worst = 0, askew = 0;

    for (unsigned s = 0; s < 8; s++) {
        pacs_volume_t  v = straight(40, 40, (uint32_t) lrint(12 / sizes[s]),
                                    1, 1, sizes[s]);

        fill(&v, hundred);
        for (unsigned o = 0; o < 4; o++) {
            pacs_camera_t  c = camera(&v, &glass);
            const uint8_t *mid = rgb + (VIEW / 2 * VIEW + VIEW / 2) * 3;

            even[0].opacity = even[1].opacity = opacity[o];
            render(&v, &c, rgb);
            worst = fmax(worst, fabs(mid[0] / 255.0
                                     - (1 - pow(1 - opacity[o], 12))));

            /* the way through is longer by 1 / cos */
            c.view[0] = 0.75;
            render(&v, &c, rgb);
            askew = fmax(askew, fabs(mid[0] / 255.0
                                     - (1 - pow(1 - opacity[o], 15))));
        }
        free((void *) v.voxels);
    }
    ok(worst < 0.01, "12 mm of an opacity, voxels of 0.3 to 12 mm: %.4f off",
       worst);
    ok(askew < 0.01, "15 mm askew: %.4f off", askew);
}


/* 16 x 12 x 10 mm around the middle of 40 x 40 x 40 */
static double
box(const double mm[3])
{
    return fabs(mm[0] - 20) < 8 && fabs(mm[1] - 20) < 6
           && fabs(mm[2] - 20) < 5 ? 1000 : 0;
}


/* the rows and columns of what is not black, half as bright as can be */
static void
silhouette(const uint8_t *rgb, int edge[4])
{
    edge[0] = edge[2] = VIEW;
    edge[1] = edge[3] = -1;
    for (int i = 0; i < VIEW * VIEW; i++) {
        if (rgb[3 * i] > 127) {
            edge[0] = i % VIEW < edge[0] ? i % VIEW : edge[0];
            edge[1] = i % VIEW > edge[1] ? i % VIEW : edge[1];
            edge[2] = i / VIEW < edge[2] ? i / VIEW : edge[2];
            edge[3] = i / VIEW > edge[3] ? i / VIEW : edge[3];
        }
    }
}


static void
is_seen(const pacs_volume_t *v, const pacs_camera_t *c, double x0, double x1,
    double y0, double y1, const char *name)
{
    uint8_t       rgb[VIEW * VIEW * 3];
    int           edge[4] = { 0 };
    const double  want[4] = { x0, x1, y0, y1 };
    bool          good = render(v, c, rgb) == PACS_OK;

    silhouette(rgb, edge);
    for (int i = 0; i < 4; i++) {
        /* a pixel from the outermost centre, mm from the middle */
        good = good && fabs((edge[i] - (VIEW - 1) / 2.0) * c->pixel - want[i])
                       <= 0.5;
    }
    if (!ok(good, "%s", name)) {
        printf("# columns %d .. %d, rows %d .. %d\n", edge[0], edge[1],
               edge[2], edge[3]);
    }
}


static void
boxes(void)
{
    static const pacs_stop_t    stops[] = { { 499, { 255, 255, 255 }, 0 },
                                            { 501, { 255, 255, 255 }, 1 } };
    static const pacs_preset_t  solid = { .name = "solid", .stops = stops,
                                          .nstops = 2 };
    pacs_volume_t  v = straight(81, 81, 81, 0.5, 0.5, 0.5);
    pacs_camera_t  c = camera(&v, &solid);
    uint8_t        rgb[VIEW * VIEW * 3];
    int            edge[4];

    fill(&v, box);
    is_seen(&v, &c, -8, 8, -6, 6, "a box from below");
    memcpy(c.view, (double[3]) { 0, 1, 0 }, sizeof(c.view));
    memcpy(c.up, (double[3]) { 0, 0.3, 1 }, sizeof(c.up));
    is_seen(&v, &c, -8, 8, -5, 5, "from the front");
    c.up[1] = 0;
    memcpy(c.view, (double[3]) { -1, 0, 0 }, sizeof(c.view));
    is_seen(&v, &c, -6, 6, -5, 5, "from the left");
    memcpy(c.view, (double[3]) { -1, -1, 0 }, sizeof(c.view));
    /* where a ray meets less than a voxel of it, it is not solid */
    is_seen(&v, &c, -13.5 * M_SQRT1_2, 13.5 * M_SQRT1_2, -5, 5,
            "from a corner");

    memcpy(c.view, (double[3]) { 0, 1, 0 }, sizeof(c.view));
    c.has_cut = true;
    memcpy(c.cut, (double[2][3]) { { 15, 0, 22 }, { 40, 40, 40 } },
           sizeof(c.cut));
    is_seen(&v, &c, -5, 8, -5, -2, "what a box has left of it");
    memcpy(c.cut, (double[2][3]) { { 0, 0, 0 }, { 25, 40, 18 } },
           sizeof(c.cut));
    is_seen(&v, &c, -8, 5, 2, 5, "what another has");
    c.cut[0][1] = 30;
    render(&v, &c, rgb);
    silhouette(rgb, edge);
    is_int(edge[1], -1, "and nothing of it");
    free((void *) v.voxels);
}


static void
lit(void)
{
    uint8_t        rgb[VIEW * VIEW * 3];
    pacs_volume_t  v = straight(90, 90, 45, 0.7, 0.7, 1.5);
    pacs_camera_t  c = camera(&v, pacs_preset(pacs_lit("ct-bone")));
    int            mid = VIEW / 2, off = 24;

    fill(&v, ball);
    c.shaded = true;
    memcpy(c.centre, middle, sizeof(middle));
    is_int(render(&v, &c, rgb), PACS_OK, "a shaded ball");
    ok(rgb[3 * ((mid - off) * VIEW + mid - off)]
       > 1.5 * rgb[3 * ((mid + off) * VIEW + mid + off)],
       "is bright where the light is, up to the left (%d, %d)",
       rgb[3 * ((mid - off) * VIEW + mid - off)],
       rgb[3 * ((mid + off) * VIEW + mid + off)]);
    free((void *) v.voxels);
}


/* --- projections --- */

static void
projections(void)
{
    float          out[VIEW * VIEW];
    pacs_volume_t  v = straight(30, 80, 60, 1, 0.5, 0.5);
    pacs_camera_t  c = camera(&v, NULL);
    int            z10 = VIEW / 2 + 9, z20 = VIEW / 2 - 11;  /* rows, mm/2 */
    double         want = 100 + 800 * 3.5 / 40;

    /* to the back, head up: rows at z = 14.75 + 0.25 mm + .. */
    fill(&v, rods);
    memcpy(c.view, (double[3]) { 0, 1, 0 }, sizeof(c.view));
    memcpy(c.up, (double[3]) { 0, 0, 1 }, sizeof(c.up));

    c.slab = PACS_SLAB_MAX;
    is_int(project(&v, &c, out), PACS_OK, "a projection");
    ok(out[z10 * VIEW + VIEW / 2] == 900 && out[z20 * VIEW + VIEW / 2] == 100,
       "MIP: bright rod, no dark one");
    ok(isnan(out[VIEW / 2]) && isnan(out[VIEW / 2 * VIEW]), "NaN around it");

    c.slab = PACS_SLAB_MIN;
    project(&v, &c, out);
    ok(out[z10 * VIEW + VIEW / 2] == 100 && out[z20 * VIEW + VIEW / 2] == -700,
       "MinIP: the other one");

    c.slab = PACS_SLAB_MEAN;
    project(&v, &c, out);
    ok(fabs((double) out[z10 * VIEW + VIEW / 2] - want) < 5, "mean: %.1f",
       (double) out[z10 * VIEW + VIEW / 2]);

    c.slab = PACS_SLAB_MAX;
    v.slope = -1;
    project(&v, &c, out);
    ok(out[z20 * VIEW + VIEW / 2] == 700, "the greatest value of a falling "
       "slope");
    free((void *) v.voxels);
}


/* --- slices that are not there yet, bricks, threads --- */

static double
noise(const double mm[3])
{
    return random01() < 0.02 ? random01() * 1000 : random01() * 100;
}


static void
not_ready(void)
{
    static atomic_uchar   ready[20];
    pacs_volume_t         v = straight(24, 24, 20, 1, 1, 1);
    pacs_plane_t          p = { .origin = { 12, 12, 0 }, .right = { 0, 0, 0.5 },
                                .down = { 1, 0, 0 }, .width = 39,
                                .height = 1 };
    pacs_camera_t         c = camera(&v, NULL);
    float                 out[VIEW * VIEW];
    uint8_t               rgb[VIEW * VIEW * 3];
    int                   bad = 0, edge[4];

    fill(&v, hundred);
    for (int k = 0; k < 20; k++) {
        ready[k] = k < 5 || k == 9 || k > 14;
    }
    v.ready = ready;
    is_int(plane(&v, &p, out), PACS_OK, "slices are missing");
    for (int x = 0; x < 39; x++) {
        bool  there = ready[x / 2] && ready[(x + 1) / 2];

        bad += there ? out[x] != 100 : !isnan(out[x]);
    }
    is_int(bad, 0, "a place next to one is NaN, all others are right");

    c.slab = PACS_SLAB_MIN;
    memset((void *) (v.voxels + 24 * 24 * 6), 0xff, 24 * 24 * 2);
    project(&v, &c, out);
    ok(out[VIEW / 2 * VIEW + VIEW / 2] == 100, "a ray passes them");

    even[0].opacity = even[1].opacity = 1;
    memcpy(c.view, (double[3]) { 0, 1, 0 }, sizeof(c.view));
    memcpy(c.up, (double[3]) { 0, 0, 1 }, sizeof(c.up));
    c.preset = &glass;
    c.shaded = true;
    render(&v, &c, rgb);
    silhouette(rgb, edge);
    ok(edge[3] - edge[2] + 1 == 40 && rgb[3 * (VIEW / 2 * VIEW + VIEW / 2)]
       == 0 && rgb[3 * ((VIEW / 2 - 15) * VIEW + VIEW / 2)] > 100,
       "nor are they seen (rows %d .. %d)", edge[2], edge[3]);
    for (int k = 0; k < 20; k++) {
        ready[k] = 0;
    }
    plane(&v, &p, out);
    ok(isnan(out[0]) && isnan(out[38]), "of no slice at all: NaN");
    free((void *) v.voxels);
}


static void
same(pacs_volume_t *v, pacs_camera_t *c, const char *name)
{
    uint8_t        rgb[2][VIEW * VIEW * 3];
    float          values[2][VIEW * VIEW];
    pacs_camera_t  plain = *c;

    plain.preset = NULL;
    plain.slab = PACS_SLAB_MAX;
    for (int i = 0; i < 2; i++) {
        size_t         n = pacs_brick_count(v->n);
        pacs_brick_t  *bricks = malloc(v->n[2] * n * sizeof(*bricks));

        /* the last one first */
        for (uint32_t k = v->n[2]; k-- > 0; ) {
            pacs_brick_slice(v->n, v->voxels + (size_t) k * v->n[0] * v->n[1],
                             bricks + k * n);
        }
        v->bricks = i == 0 ? NULL : bricks;
        c->threads = plain.threads = i == 0 ? 0 : 3;
        render(v, c, rgb[i]);
        project(v, &plain, values[i]);
        v->bricks = NULL;
        free(bricks);
    }
    ok(memcmp(rgb[0], rgb[1], sizeof(*rgb)) == 0
       && memcmp(values[0], values[1], sizeof(*values)) == 0,
       "%s: the same with bricks and threads", name);
}


/* bricks that may hold anything are never passed: what comes out of them is
 * what comes out of bricks that say what they hold */
static void
nothing_passed(pacs_volume_t *v, const pacs_camera_t *camera, const char *name)
{
    static const pacs_stop_t    stops[] = { { 299, { 255, 255, 255 }, 0 },
                                            { 299.1, { 255, 9, 9 }, 0.2 },
                                            { 999, { 9, 255, 9 }, 0.9 } };
    static const pacs_preset_t  spots = { .name = "spots", .stops = stops,
                                          .nstops = 3 };
    static uint8_t              rgb[2][VIEW * VIEW * 3];
    static float                max[2][VIEW * VIEW], min[2][VIEW * VIEW];
    size_t                      n = v->n[2] * pacs_brick_count(v->n);
    pacs_brick_t               *any = malloc(n * sizeof(*any));
    pacs_camera_t               c = *camera;

    for (size_t i = 0; i < n; i++) {
        any[i] = (pacs_brick_t) { INT16_MIN, INT16_MAX };
    }
    for (int i = 0; i < 2; i++) {
        v->bricks = i == 0 ? NULL : any;
        c.preset = &spots;
        render(v, &c, rgb[i]);
        c.preset = NULL;
        c.slab = PACS_SLAB_MAX;
        project(v, &c, max[i]);
        c.slab = PACS_SLAB_MIN;
        project(v, &c, min[i]);
    }
    v->bricks = NULL;
    free(any);
    ok(memcmp(rgb[0], rgb[1], sizeof(*rgb)) == 0, "%s: no spot is passed",
       name);
    ok(memcmp(max[0], max[1], sizeof(*max)) == 0
       && memcmp(min[0], min[1], sizeof(*min)) == 0, "%s: no MIP is", name);
}


/* few voxels that are bright, few that are dark */
static double
specks(const double mm[3])
{
    double  r = random01();

    return r < 0.002 ? 1000 : r > 0.999 ? -1000 : 0;
}


static void
sparse(void)
{
    static const float  at[29] = {
        0, 1, 2, 4, 5, 6, 7, 8, 9.5f, 10, 11, 12, 13, 14, 15, 16.5f, 17, 18, 19,
        20, 21, 22, 23, 25, 26, 27, 28, 29, 30
    };
    pacs_volume_t       v = straight(57, 49, 29, 0.8, 0.9, 1.2);
    pacs_camera_t       c = camera(&v, NULL);

    fill(&v, specks);
    c.shaded = true;
    nothing_passed(&v, &c, "straight on");
    memcpy(c.view, (double[3]) { 1, 0, 0 }, sizeof(c.view));
    nothing_passed(&v, &c, "from the right");
    memcpy(c.view, (double[3]) { -0.3, 0.4, -0.8 }, sizeof(c.view));
    nothing_passed(&v, &c, "askew");
    v.at = at;
    nothing_passed(&v, &c, "irregular");
    free((void *) v.voxels);
}


static void
alike(void)
{
    pacs_volume_t  v = straight(41, 37, 29, 0.8, 0.9, 1.2);
    pacs_camera_t  c = camera(&v, pacs_preset(pacs_lit("ct-angio")));

    fill(&v, noise);
    c.shaded = true;
    same(&v, &c, "straight on");
    memcpy(c.view, (double[3]) { 0.3, -0.4, 0.8 }, sizeof(c.view));
    same(&v, &c, "askew");
    free((void *) v.voxels);
    c.centre[0] = 14;
    same(&grids[4], &c, "irregular slices");
}


/* --- what is refused --- */

static void
no_planes(void)
{
    const pacs_plane_t  good = { .right = { 1, 0, 0 }, .down = { 0, 1, 0 },
                                 .width = 4, .height = 4 };
    float               out[16];
    pacs_plane_t        p = good;

    is_int(plane(&grids[0], &p, out), PACS_OK, "a plane");
    p.right[0] = 0;
    is_int(plane(&grids[0], &p, out), PACS_E_ARG, "a vector of no length");
    p.right[1] = 3;
    is_int(plane(&grids[0], &p, out), PACS_E_ARG, "two that run one way");
    p = good;
    p.origin[1] = NAN;
    is_int(plane(&grids[0], &p, out), PACS_E_ARG, "an origin of NaN");
    p.origin[1] = -INFINITY;
    is_int(plane(&grids[0], &p, out), PACS_E_ARG, "an infinite one");
    p = good;
    p.slab = NAN;
    is_int(plane(&grids[0], &p, out), PACS_E_ARG, "a slab of NaN mm");
    p.slab = -1;
    is_int(plane(&grids[0], &p, out), PACS_E_ARG, "of -1 mm");
    p.slab = 0;
    p.mode = 3;
    is_int(plane(&grids[0], &p, out), PACS_E_ARG, "of no mode");
    p = good;
    p.width = 0;
    is_int(plane(&grids[0], &p, out), PACS_E_ARG, "no columns");
    p.width = 16385;
    is_int(plane(&grids[0], &p, out), PACS_E_LIMIT, "too many");
    p.width = p.height = 16000;
    is_int(plane(&grids[0], &p, out), PACS_E_LIMIT, "too large an area");
    p.width = p.height = 4000;
    p.slab = 1e6;
    is_int(plane(&grids[0], &p, out), PACS_E_LIMIT, "too many samples");

    p = good;
    p.origin[2] = 4000;
    plane(&grids[0], &p, out);
    ok(isnan(out[0]) && isnan(out[15]), "far outside: NaN");
    p = good;
    p.origin[0] = -1e7;
    p.right[0] = 1e7;
    plane(&grids[0], &p, out);
    ok(isnan(out[0]) && !isnan(out[1]) && isnan(out[2]), "steps of 10 km");
}


static void
no_volumes(void)
{
    const pacs_plane_t  p = { .right = { 1, 0, 0 }, .down = { 0, 1, 0 },
                              .width = 4, .height = 4 };
    const float         falling[20] = { 0, 1, 2, 2, 3 };
    float               out[16];
    pacs_volume_t       v = grids[0];

    v.step[2][2] = 0;
    is_int(plane(&v, &p, out), PACS_E_ARG, "a step of no length");
    memcpy(v.step[2], (double[3]) { 1, 1, 0 }, sizeof(v.step[2]));
    is_int(plane(&v, &p, out), PACS_E_ARG, "steps in one plane");
    v.step[2][2] = NAN;
    is_int(plane(&v, &p, out), PACS_E_ARG, "NaN");
    v = grids[0];
    v.origin[0] = INFINITY;
    is_int(plane(&v, &p, out), PACS_E_ARG, "nowhere");
    v = grids[0];
    v.n[2] = 0;
    is_int(plane(&v, &p, out), PACS_E_ARG, "no slices");
    v.n[2] = 20;
    v.n[0] = 1;
    is_int(plane(&v, &p, out), PACS_E_ARG, "one column");
    v.n[0] = 1u << 31;
    is_int(plane(&v, &p, out), PACS_E_ARG, "far too many");
    v = grids[0];
    v.at = falling;
    is_int(plane(&v, &p, out), PACS_E_ARG, "slices that do not rise");
}


static void
no_cameras(void)
{
    static const pacs_stop_t    flat[] = { { 1, { 0 }, 0 }, { 1, { 0 }, 1 } };
    static const pacs_preset_t  none = { .name = "none", .stops = flat,
                                         .nstops = 2 };
    static uint8_t              rgb[VIEW * VIEW * 3];
    static float                out[VIEW * VIEW];
    const pacs_camera_t         good = camera(&grids[0], &glass);
    pacs_camera_t               c = good;
    pacs_volume_t               v = grids[0];

    is_int(project(&v, &c, out), PACS_E_ARG, "a preset for a projection");
    c.preset = NULL;
    is_int(render(&v, &c, rgb), PACS_E_ARG, "none for volume rendering");
    c.preset = &none;
    is_int(render(&v, &c, rgb), PACS_E_ARG, "one of no range");
    c = good;
    c.view[2] = 0;
    is_int(render(&v, &c, rgb), PACS_E_ARG, "no view");
    c.view[1] = 2;
    is_int(render(&v, &c, rgb), PACS_E_ARG, "up is where it looks");
    c = good;
    c.up[0] = NAN;
    is_int(render(&v, &c, rgb), PACS_E_ARG, "up is NaN");
    c = good;
    c.centre[0] = INFINITY;
    is_int(render(&v, &c, rgb), PACS_E_ARG, "an infinite centre");
    c = good;
    c.pixel = 0;
    is_int(render(&v, &c, rgb), PACS_E_ARG, "pixels of 0 mm");
    c.pixel = NAN;
    is_int(render(&v, &c, rgb), PACS_E_ARG, "of NaN mm");
    c = good;
    c.width = 16385;
    is_int(render(&v, &c, rgb), PACS_E_LIMIT, "too wide");
    v = straight(512, 512, 512, 1, 1, 1);
    c.width = c.height = 8000;
    is_int(render(&v, &c, rgb), PACS_E_LIMIT, "too much to look at");
    v = grids[0];
    c = good;
    c.has_cut = true;
    c.cut[1][1] = NAN;
    is_int(render(&v, &c, rgb), PACS_E_ARG, "a cut of NaN");
    c = good;
    c.centre[1] = 5000;
    memset(rgb, 1, sizeof(rgb));
    is_int(render(&v, &c, rgb), PACS_OK, "looking past it");
    ok(rgb[0] == 0 && memcmp(rgb, rgb + 1, sizeof(rgb) - 1) == 0, "black");
    v.max = v.min;
    c.preset = pacs_preset(pacs_lit("mr-angio"));
    is_int(render(&v, &c, rgb), PACS_E_ARG, "relative to nothing");
}


static void
presets(void)
{
    int  bad = 0;

    for (const pacs_preset_t *p = pacs_presets; p->name != NULL; p++) {
        bad += pacs_preset(pacs_cstr(p->name)) != p || p->nstops < 2;
        for (unsigned i = 0; i < p->nstops; i++) {
            bad += p->stops[i].opacity < 0 || p->stops[i].opacity > 1
                   || (i > 0 && p->stops[i].value <= p->stops[i - 1].value);
        }
    }
    is_int(bad, 0, "presets rise and have names of their own");
    ok(pacs_preset(pacs_lit("ct")) == NULL && pacs_preset(pacs_null) == NULL,
       "others are not there");
}


int
main(void)
{
    pacs_arena_t  *a = pacs_arena_create(64 << 20);

    ramps();
    diameters();
    slabs();
    along_a_helix(a);
    along_a_straight_line(a);
    no_curves(a);
    opacities();
    boxes();
    lit();
    projections();
    not_ready();
    alike();
    sparse();
    no_planes();
    no_volumes();
    no_cameras();
    presets();
    for (unsigned i = 0; i < sizeof(grids) / sizeof(*grids); i++) {
        free((void *) grids[i].voxels);
    }
    pacs_arena_destroy(a);
    return done();
}
