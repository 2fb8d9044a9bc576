/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * volume [THREADS]: ms for planes, slabs and pictures of a volume of 512 x
 * 512 x 300 voxels in memory, JPEG encoding included, the best of several.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "render/volume.h"

enum { SIDE = 512, SLICES = 300 };

static pacs_volume_t  v;
static unsigned       threads = 2;
static double         middle[3];


/* of the wall's clock, or of all processors */
static double
ms(clockid_t clock)
{
    struct timespec  t;

    clock_gettime(clock, &t);
    return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}


typedef struct { double  wall, cpu; } times_t;

static void
least(times_t *best, const times_t *start)
{
    best->wall = fmin(best->wall, ms(CLOCK_MONOTONIC) - start->wall);
    best->cpu = fmin(best->cpu, ms(CLOCK_PROCESS_CPUTIME_ID) - start->cpu);
}


static times_t
now(void)
{
    return (times_t) { ms(CLOCK_MONOTONIC), ms(CLOCK_PROCESS_CPUTIME_ID) };
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
    times_t         best = { 1e9, 1e9 }, encoded = { 1e9, 1e9 };

    p.mode = PACS_SLAB_MAX;
    p.slab = slab;
    for (int i = 0; i < 7; i++) {
        pacs_buf_t  out = { .data = NULL };
        times_t     start = now();

        fail(pacs_volume_plane(&v, &p, &pacs_limits_default, values, &err),
             &err);
        least(&best, &start);
        fail(pacs_render_values(values, p.width, p.height, &want, &out, &err),
             &err);
        least(&encoded, &start);
        pacs_buf_free(&out);
    }
    printf("plane %-8s %4u x %4u, slab %2.0f mm  %7.1f ms (CPU %7.1f), with "
           "JPEG %7.1f ms (CPU %7.1f)\n", name, p.width, p.height, slab,
           best.wall, best.cpu, encoded.wall, encoded.cpu);
    free(values);
}


static void
render(const char *name, const pacs_camera_t *c, void *out)
{
    pacs_err_t  err = { 0, "" };
    times_t     best = { 1e9, 1e9 };

    for (int i = 0; i < 5; i++) {
        times_t  start = now();

        fail(c->preset == NULL
             ? pacs_volume_project(&v, c, &pacs_limits_default, out, &err)
             : pacs_volume_render(&v, c, &pacs_limits_default, out, &err),
             &err);
        least(&best, &start);
    }
    printf("volume %-8s %-10s %4u x %4u, %u threads  %7.1f ms (CPU %7.1f)\n",
           name, c->preset == NULL ? "mip" : c->preset->name, c->width,
           c->height, threads, best.wall, best.cpu);
}


static void
volume(const char *name, const double view[3])
{
    float         *out = malloc(sizeof(float) * SIDE * SIDE);
    pacs_camera_t  c = {
        .view = { view[0], view[1], view[2] }, .up = { 0, 0, 1 },
        .centre = { middle[0], middle[1], middle[2] }, .pixel = 0.8,
        .width = SIDE, .height = SIDE, .shaded = true, .threads = threads,
        .slab = PACS_SLAB_MAX,
    };

    for (const pacs_preset_t *p = pacs_presets; p->name != NULL; p++) {
        if (strcmp(p->modality, "CT") == 0) {
            c.preset = p;
            render(name, &c, out);
        }
    }
    c.preset = NULL;
    render(name, &c, out);
    free(out);
}


static void
bench(void)
{
    static const double  ahead[3] = { 0, 1, 0 };
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
    volume("front", ahead);
    volume("oblique", askew);
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
