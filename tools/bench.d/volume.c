/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * volume [THREADS]: ms for planes, slabs and pictures of a volume of 512 x
 * 512 x 300 voxels in memory, JPEG encoding included, the best of several.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "render/volume.h"

enum { SIDE = 512, SLICES = 300 };

static pacs_volume_t  v;
static unsigned       threads = 2;
static double         middle[3];


static double
ms(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}


static void
fail(int rc, const pacs_err_t *err)
{
    if (rc != PACS_OK) {
        fprintf(stderr, "%s\n", err->text);
        exit(1);
    }
}


/* a body: skin, fat, muscle, a spine of bone and ribs, lungs, and noise */
static int16_t
body(double x, double y, double z)
{
    double  wall = hypot(x / 0.85, y / 0.6);
    double  lung = hypot((fabs(x) - 0.38) / 0.28, y / 0.4);
    double  rib = fabs(wall - 0.9);

    if (wall > 1) {
        return -1000;
    }
    if (hypot(x, y - 0.4) < 0.1 || (rib < 0.03 && sin(z * 60 + 2 * y) > 0.6)) {
        return 700;
    }
    return hypot(lung, z) < 1 ? -830 : wall > 0.93 ? -90 : 50;
}


static void
phantom(void)
{
    size_t         n = (size_t) SIDE * SIDE * SLICES;
    int16_t       *voxels = malloc(n * sizeof(*voxels)), *p = voxels;
    pacs_brick_t  *bricks;
    uint32_t       noise = 1;

    v = (pacs_volume_t) {
        .n = { SIDE, SIDE, SLICES },
        .step = { { 0.7, 0, 0 }, { 0, 0.7, 0 }, { 0, 0, 1 } },
        .voxels = voxels, .slope = 1, .min = -1024, .max = 1500,
    };
    bricks = malloc(SLICES * pacs_brick_count(v.n) * sizeof(*bricks));
    v.bricks = bricks;
    for (int k = 0; k < SLICES; k++) {
        int16_t  *slice = p;

        for (int j = 0; j < SIDE; j++) {
            for (int i = 0; i < SIDE; i++) {
                noise = noise * 1664525 + 1013904223;
                *p++ = (int16_t) (body(i / 256.0 - 1, j / 256.0 - 1,
                                       k / 150.0 - 1) + (int) (noise >> 27)
                                  - 16);
            }
        }
        pacs_brick_slice(v.n, slice, bricks + (size_t) k
                                              * pacs_brick_count(v.n));
    }
}


static void
plane(const char *name, pacs_plane_t p, double slab)
{
    size_t          n = (size_t) p.width * p.height;
    float          *values = malloc(n * sizeof(*values));
    pacs_picture_t  want = { .has_window = 1, .center = 40, .width = 400 };
    pacs_err_t      err = { 0, "" };
    double          best = 1e9, encoded = 1e9;

    p.mode = PACS_SLAB_MAX;
    p.slab = slab;
    for (int i = 0; i < 7; i++) {
        pacs_buf_t  out = { .data = NULL };
        double      start = ms(), middle_ms;

        fail(pacs_volume_plane(&v, &p, &pacs_limits_default, values, &err),
             &err);
        middle_ms = ms();
        fail(pacs_render_values(values, p.width, p.height, &want, &out, &err),
             &err);
        best = fmin(best, middle_ms - start);
        encoded = fmin(encoded, ms() - start);
        pacs_buf_free(&out);
    }
    printf("%-10s %4u x %4u, slab %4.1f mm  %7.1f ms, with JPEG %7.1f ms\n",
           name, p.width, p.height, slab, best, encoded);
    free(values);
}


static void
volume(const char *name, const double view[3], const double up[3])
{
    size_t         n = (size_t) SIDE * SIDE;
    uint8_t       *rgb = malloc(3 * n);
    float         *values = malloc(n * sizeof(*values));
    pacs_err_t     err = { 0, "" };
    double         best = 1e9;
    pacs_camera_t  c = {
        .view = { view[0], view[1], view[2] }, .up = { up[0], up[1], up[2] },
        .centre = { middle[0], middle[1], middle[2] }, .pixel = 0.8,
        .width = SIDE, .height = SIDE, .shaded = true, .threads = threads,
        .slab = PACS_SLAB_MAX,
    };

    for (const pacs_preset_t *p = pacs_presets; p->name != NULL; p++) {
        c.preset = p;
        best = 1e9;
        for (int i = 0; i < 4; i++) {
            double  start = ms();

            fail(pacs_volume_render(&v, &c, &pacs_limits_default, rgb, &err),
                 &err);
            best = fmin(best, ms() - start);
        }
        printf("%-10s %-12s %u threads  %7.1f ms\n", name, p->name, threads,
               best);
    }

    c.preset = NULL;
    best = 1e9;
    for (int i = 0; i < 4; i++) {
        double  start = ms();

        fail(pacs_volume_project(&v, &c, &pacs_limits_default, values, &err),
             &err);
        best = fmin(best, ms() - start);
    }
    printf("%-10s %-12s %u threads  %7.1f ms\n", name, "mip", threads, best);
    free(rgb);
    free(values);
}


static void
bench(void)
{
    static const double  ahead[3] = { 0, 1, 0 }, up[3] = { 0, 0, 1 };
    static const double  askew[3] = { 0.5, 1, -0.3 };
    const double         half[2] = { middle[0], middle[2] };

    pacs_plane_t  axial = { .origin = { 0, 0, 150 }, .right = { 0.7, 0, 0 },
                            .down = { 0, 0.7, 0 }, .width = SIDE,
                            .height = SIDE };
    pacs_plane_t  coronal = { .origin = { 0, 179.3, 299 },
                              .right = { 0.7, 0, 0 }, .down = { 0, 0, -1 },
                              .width = SIDE, .height = SLICES };
    pacs_plane_t  square = { .origin = { 0, 179.3, 299 },
                             .right = { 0.7, 0, 0 }, .down = { 0, 0, -0.7 },
                             .width = SIDE, .height = 428 };
    pacs_plane_t  sagittal = { .origin = { 179.3, 0, 299 },
                               .right = { 0, 0.7, 0 }, .down = { 0, 0, -1 },
                               .width = SIDE, .height = SLICES };
    pacs_plane_t  oblique = { .origin = { half[0] - 150, 60, half[1] + 160 },
                              .right = { 0.6, 0.3, 0.1 },
                              .down = { 0.1, 0.2, -0.65 }, .width = SIDE,
                              .height = SIDE };

    for (double slab = 0; slab <= 20; slab += 20) {
        plane("axial", axial, slab);
        plane("coronal", coronal, slab);
        plane("square", square, slab);
        plane("sagittal", sagittal, slab);
        plane("oblique", oblique, slab);
    }
    volume("front", ahead, up);
    volume("oblique", askew, up);
}


int
main(int argc, char **argv)
{
    threads = argc > 1 ? (unsigned) atoi(argv[1]) : 2;
    phantom();
    for (int d = 0; d < 3; d++) {
        middle[d] = (v.n[d] - 1) * v.step[d][d] / 2;
    }
    bench();
    return 0;
}
