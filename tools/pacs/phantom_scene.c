/* SPDX-License-Identifier: BSD-2-Clause */

/* Shapes, how a plane cuts them, and noise. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phantom.h"


void
scene_free(scene_t *s)
{
    free(s->shapes);
    *s = (scene_t) { .shapes = NULL };
}


/* never NULL: when memory is short all go to one place */
static shape_t *
add(scene_t *s, int m, float x, float y, float z)
{
    static shape_t  nowhere;

    if (s->n == s->cap) {
        size_t    cap = s->cap ? s->cap * 2 : 256;
        shape_t  *p = realloc(s->shapes, cap * sizeof(*p));

        if (p == NULL) {
            s->failed = true;
            return &nowhere;
        }
        s->shapes = p;
        s->cap = cap;
    }

    shape_t  *sh = &s->shapes[s->n++];

    *sh = (shape_t) { .c = { x, y, z }, .material = (uint8_t) m,
                      .over = s->over };
    return sh;
}


static void
box(shape_t *sh, float rx, float ry, float rz)
{
    const float  r[3] = { rx, ry, rz };

    for (int k = 0; k < 3; k++) {
        sh->lo[k] = sh->c[k] - r[k];
        sh->hi[k] = sh->c[k] + r[k];
    }
}


shape_t *
add_ball(scene_t *s, int m, float x, float y, float z, float rx, float ry,
    float rz)
{
    shape_t  *sh = add(s, m, x, y, z);

    sh->q[0][0] = 1 / (rx * rx);
    sh->q[1][1] = 1 / (ry * ry);
    sh->q[2][2] = 1 / (rz * rz);
    box(sh, rx, ry, rz);
    return sh;
}


void
add_balls(scene_t *s, int m, float x, float y, float z, float rx, float ry,
    float rz)
{
    add_ball(s, m, x, y, z, rx, ry, rz);
    add_ball(s, m, -x, y, z, rx, ry, rz);
}


shape_t *
add_block(scene_t *s, int m, float x, float y, float z, float rx, float ry,
    float rz, float power)
{
    shape_t  *sh = add(s, m, x, y, z);

    sh->r[0] = rx;
    sh->r[1] = ry;
    sh->r[2] = rz;
    sh->power = power;
    box(sh, rx, ry, rz);
    return sh;
}


void
turn_z(shape_t *sh, float degrees)
{
    float  a = degrees * (float) M_PI / 180;
    float  c = cosf(a), s = sinf(a);
    float  xx = sh->q[0][0], yy = sh->q[1][1];
    float  far = fmaxf(sh->hi[0] - sh->c[0], sh->hi[1] - sh->c[1]);

    sh->q[0][0] = xx * c * c + yy * s * s;
    sh->q[1][1] = xx * s * s + yy * c * c;
    sh->q[0][1] = sh->q[1][0] = (xx - yy) * s * c;
    box(sh, far, far, sh->hi[2] - sh->c[2]);
}


void
add_rod(scene_t *s, int m, const float a[3], const float b[3], float r)
{
    shape_t  *sh = add(s, m, a[0], a[1], a[2]);
    float     d[3], length = 0;

    for (int k = 0; k < 3; k++) {
        d[k] = b[k] - a[k];
        length += d[k] * d[k];
        sh->lo[k] = fminf(a[k], b[k]) - r;
        sh->hi[k] = fmaxf(a[k], b[k]) + r;
    }
    length = sqrtf(length) + 1e-6f;

    /* an endless cylinder between two planes, and a ball at either end */
    for (int i = 0; i < 3; i++) {
        sh->n[i] = d[i] / length;
        for (int j = 0; j < 3; j++) {
            sh->q[i][j] = ((i == j) - d[i] * d[j] / (length * length))
                          / (r * r);
        }
    }
    sh->from = 0;
    sh->to = length;

    add_ball(s, m, b[0], b[1], b[2], r, r, r);
}


void
cut_below(shape_t *sh, float bottom)
{
    sh->n[2] = 1;
    sh->from = bottom - sh->c[2];
    sh->to = sh->hi[2] - sh->c[2];
    sh->lo[2] = bottom;
}


/* [*t0, *t1] of p + t e[axis] within the block */
static bool
block_interval(const shape_t *sh, const float d[3], int axis, float *t0,
    float *t1)
{
    float  rest = 1;

    for (int k = 0; k < 3; k++) {
        if (k != axis) {
            rest -= powf(fabsf(d[k]) / sh->r[k], sh->power);
        }
    }
    if (rest <= 0) {
        return false;
    }

    float  half = sh->r[axis] * powf(rest, 1 / sh->power);

    *t0 = -d[axis] - half;
    *t1 = -d[axis] + half;
    return true;
}


static bool
quadric_interval(const shape_t *sh, const float d[3], int axis, float *t0,
    float *t1)
{
    float  a = sh->q[axis][axis], b = 0, c = -1;

    for (int i = 0; i < 3; i++) {
        b += sh->q[axis][i] * d[i];
        for (int j = 0; j < 3; j++) {
            c += d[i] * sh->q[i][j] * d[j];
        }
    }

    if (a < 1e-7f) {
        *t0 = -1e4f;
        *t1 = 1e4f;
        return c <= 0;
    }

    float  disc = b * b - a * c;
    if (disc <= 0) {
        return false;
    }

    float  root = sqrtf(disc);

    *t0 = (-b - root) / a;
    *t1 = (-b + root) / a;
    return true;
}


/* where the line from p along axis is in the shape */
static bool
interval(const shape_t *sh, const float p[3], int axis, float *t0, float *t1)
{
    float  d[3] = { p[0] - sh->c[0], p[1] - sh->c[1], p[2] - sh->c[2] };

    if (!(sh->power > 0 ? block_interval : quadric_interval)(sh, d, axis, t0,
                                                             t1))
    {
        return false;
    }
    if (sh->to == sh->from) {
        return true;
    }

    float  at = sh->n[0] * d[0] + sh->n[1] * d[1] + sh->n[2] * d[2];
    float  rise = sh->n[axis];

    if (fabsf(rise) < 1e-5f) {
        return at >= sh->from && at <= sh->to;
    }

    float  one = (sh->from - at) / rise, two = (sh->to - at) / rise;

    *t0 = fmaxf(*t0, fminf(one, two));
    *t1 = fminf(*t1, fmaxf(one, two));
    return *t0 < *t1;
}


static int
clip(float v, int last)
{
    return v < 0 ? 0 : v > last ? last : (int) v;
}


static void
paint_shape(const shape_t *sh, const plane_t *p, uint8_t *out)
{
    float  top = (sh->lo[p->down] - p->origin[p->down]) * p->sign / p->step[1];
    float  end = (sh->hi[p->down] - p->origin[p->down]) * p->sign / p->step[1];
    int    normal = 3 - p->across - p->down;
    float  depth = p->origin[normal];
    float  t0, t1;

    if (depth < sh->lo[normal] || depth > sh->hi[normal]
        || fmaxf(top, end) < 0 || fminf(top, end) > p->rows)
    {
        return;
    }

    int  last = clip(ceilf(fmaxf(top, end)), (int) p->rows - 1);

    for (int j = clip(floorf(fminf(top, end)), last); j <= last; j++) {
        float  at[3] = { p->origin[0], p->origin[1], p->origin[2] };

        at[p->down] += j * p->step[1] * p->sign;
        if (!interval(sh, at, p->across, &t0, &t1)) {
            continue;
        }

        uint8_t  *row = out + (size_t) j * p->columns;
        float     from = ceilf(t0 / p->step[0]);
        float     to = floorf(t1 / p->step[0]);

        if (to < 0 || from > p->columns - 1) {
            continue;
        }
        int  i = clip(from, (int) p->columns - 1);
        int  e = clip(to, (int) p->columns - 1);

        if (sh->over == ANYTHING) {
            memset(row + i, sh->material, (size_t) (e - i + 1));
            continue;
        }
        for (; i <= e; i++) {
            if (sh->over >> row[i] & 1) {
                row[i] = sh->material;
            }
        }
    }
}


void
paint(const scene_t *s, const plane_t *p, uint8_t *out)
{
    memset(out, 0, (size_t) p->columns * p->rows);
    for (size_t i = 0; i < s->n; i++) {
        paint_shape(&s->shapes[i], p, out);
    }
}


static uint32_t
mix(uint32_t h)
{
    h ^= h >> 15;
    h *= 0x2c1b3c6du;
    h ^= h >> 12;
    h *= 0x297a2d39u;
    return h ^ h >> 15;
}


static float
corner(int x, int y, int z, uint32_t seed)
{
    uint32_t  h = mix((uint32_t) x * 0x8da6b343u + (uint32_t) y * 0xd8163841u
                      + (uint32_t) z * 0xcb1ab31fu + seed * 0x9e3779b9u);

    return (float) (h >> 8) / 8388608 - 1;
}


static float
ease(float t)
{
    return t * t * (3 - 2 * t);
}


float
noise3(float x, float y, float z, uint32_t seed)
{
    float  fx = floorf(x), fy = floorf(y), fz = floorf(z);
    int    ix = (int) fx, iy = (int) fy, iz = (int) fz;
    float  u = ease(x - fx), v = ease(y - fy), w = ease(z - fz);
    float  side[2];

    for (int k = 0; k < 2; k++) {
        float  a = corner(ix, iy, iz + k, seed);
        float  b = corner(ix + 1, iy, iz + k, seed);
        float  c = corner(ix, iy + 1, iz + k, seed);
        float  d = corner(ix + 1, iy + 1, iz + k, seed);

        side[k] = (a + (b - a) * u) * (1 - v) + (c + (d - c) * u) * v;
    }
    return side[0] + (side[1] - side[0]) * w;
}


float
lumps(float x, float y, float z, uint32_t seed, int octaves)
{
    float  sum = 0, part = 0.5f;

    for (int i = 0; i < octaves; i++) {
        sum += part * noise3(x, y, z, seed + (uint32_t) i);
        x *= 2.03f;
        y *= 2.03f;
        z *= 2.03f;
        part /= 2;
    }
    return sum;
}


float
chance(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float) (mix(*state) >> 8) / 16777216;
}


float
grain(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;

    uint32_t  h = mix(*state);

    /* four bytes of equal chances: mean 510, deviation 147.8 */
    return ((float) ((h & 255) + (h >> 8 & 255) + (h >> 16 & 255) + (h >> 24))
            - 510) / 147.8f;
}


float
blend(float a, float b, float at)
{
    at = at < 0 ? 0 : at > 1 ? 1 : at;
    return a + (b - a) * at;
}


void
soften(float *image, uint32_t columns, uint32_t rows, float *line)
{
    for (uint32_t j = 0; j < rows; j++) {
        float  *p = image + (size_t) j * columns, before = p[0];

        for (uint32_t i = 0; i + 1 < columns; i++) {
            float  here = p[i];

            p[i] = (before + 2 * here + p[i + 1]) / 4;
            before = here;
        }
    }

    memcpy(line, image, columns * sizeof(*line));
    for (uint32_t j = 0; j + 1 < rows; j++) {
        float  *p = image + (size_t) j * columns;

        for (uint32_t i = 0; i < columns; i++) {
            float  here = p[i];

            p[i] = (line[i] + 2 * here + p[i + columns]) / 4;
            line[i] = here;
        }
    }
}


float
sample(const float *im, uint32_t columns, uint32_t rows, float x, float y)
{
    float     fx = floorf(x), fy = floorf(y);
    uint32_t  i = x < 0 ? 0 : (uint32_t) fx, j = y < 0 ? 0 : (uint32_t) fy;
    uint32_t  i2 = i + 1 < columns ? i + 1 : i, j2 = j + 1 < rows ? j + 1 : j;
    float     u = x < 0 ? 0 : x - fx, v = y < 0 ? 0 : y - fy;
    float     a = im[(size_t) j * columns + i];
    float     b = im[(size_t) j * columns + i2];
    float     c = im[(size_t) j2 * columns + i];
    float     d = im[(size_t) j2 * columns + i2];

    return (a + (b - a) * u) * (1 - v) + (c + (d - c) * u) * v;
}
