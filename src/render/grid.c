/* SPDX-License-Identifier: BSD-2-Clause */

/* volumes: from mm to voxels, and rows of values read there */

#include <math.h>

#include "render/voxel.h"

/* a place as 32.32 fixed point: adding steps is exact */
#define ONE  4294967296.0

/* fractions without their last bit, as numbers */
#define HALVES(v)                                                             \
    (__builtin_convertvector(v, pacs_v4f_t) * (float) (2 / ONE))


bool
pacs_vector_sane(const double a[3])
{
    return fabs(a[0]) <= 1e7 && fabs(a[1]) <= 1e7 && fabs(a[2]) <= 1e7;
}


bool
pacs_vector_unit(const double a[3], double out[3])
{
    double  length = sqrt(pacs_dot(a, a));

    if (!pacs_vector_sane(a) || length < 1e-9) {
        return false;
    }

    for (int d = 0; d < 3; d++) {
        out[d] = a[d] / length;
    }
    return true;
}


int
pacs_size_check(uint32_t width, uint32_t height, double depth,
    const pacs_limits_t *limits, pacs_err_t *err)
{
    double  area = (double) width * height;

    if (width == 0 || height == 0) {
        return pacs_fail(err, PACS_E_ARG, "a picture of no pixels");
    }
    if (width > limits->render_side || height > limits->render_side
        || area > (double) limits->render_area)
    {
        return pacs_fail(err, PACS_E_LIMIT, "a picture of %u x %u pixels is "
                         "over the limit render_side or render_area", width,
                         height);
    }
    if (area * depth > 64.0 * (double) limits->render_area) {
        return pacs_fail(err, PACS_E_LIMIT, "%u x %u x %.0f samples "
                         "are over 64 times the limit render_area", width,
                         height, depth);
    }
    return PACS_OK;
}


static bool
rising(const float *at, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++) {
        if (!(fabsf(at[k]) <= 1e6f) || (k > 0 && !(at[k] > at[k - 1]))) {
            return false;
        }
    }
    return true;
}


static bool
all_ready(const pacs_volume_t *v)
{
    for (uint32_t k = 0; v->ready != NULL && k < v->n[2]; k++) {
        if (!pacs_slice_ready(v, k)) {
            return false;
        }
    }
    return true;
}


/* the ends along k, in steps: half a gap beyond the outermost slices */
static void
ends(pacs_grid_t *g)
{
    const float  *at = g->v->at;
    uint32_t      last = g->v->n[2] - 1;

    for (int d = 0; d < 3; d++) {
        g->lo[d] = -0.5;
        g->hi[d] = g->v->n[d] - 0.5;
    }
    if (at != NULL) {
        g->lo[2] = at[0] - (last == 0 ? 0.5 : ((double) at[1] - at[0]) / 2);
        g->hi[2] = at[last] + (last == 0 ? 0.5
                               : ((double) at[last] - at[last - 1]) / 2);
    }
}


int
pacs_grid_open(const pacs_volume_t *v, pacs_grid_t *g, pacs_err_t *err)
{
    double  cross[3], volume, length[3];

    for (int d = 0; d < 3; d++) {
        length[d] = sqrt(pacs_dot(v->step[d], v->step[d]));
        if (v->n[d] < (d == 2 ? 1 : 2) || v->n[d] > 65536
            || !(length[d] >= 1e-6 && length[d] <= 1e6))
        {
            return pacs_fail(err, PACS_E_ARG, "a volume of %u x %u x %u "
                             "voxels with such steps cannot be looked at",
                             v->n[0], v->n[1], v->n[2]);
        }
    }

    pacs_cross(v->step[0], v->step[1], cross);
    volume = pacs_dot(cross, v->step[2]);
    if (!(fabs(volume) > 1e-6 * length[0] * length[1] * length[2])
        || !pacs_vector_sane(v->origin))
    {
        return pacs_fail(err, PACS_E_ARG, "the volume's slices lie in a plane");
    }
    if (v->at != NULL && !rising(v->at, v->n[2])) {
        return pacs_fail(err, PACS_E_ARG, "the volume's slices do not rise");
    }

    for (int d = 0; d < 3; d++) {
        pacs_cross(v->step[(d + 1) % 3], v->step[(d + 2) % 3], cross);
        pacs_along((double[3]) { 0 }, 1 / volume, cross, g->inverse[d]);
    }
    g->v = v;
    g->shortest = fmin(length[0], fmin(length[1], length[2]));
    g->row = v->n[0];
    g->slice = v->n[2] > 1 ? (size_t) v->n[0] * v->n[1] : 0;
    g->even = v->at == NULL && all_ready(v);
    ends(g);
    return PACS_OK;
}


void
pacs_grid_direction(const pacs_grid_t *g, const double mm[3], double at[3])
{
    for (int d = 0; d < 3; d++) {
        at[d] = pacs_dot(g->inverse[d], mm);
    }
}


void
pacs_grid_place(const pacs_grid_t *g, const double mm[3], double at[3])
{
    double  from[3];

    pacs_along(mm, -1, g->v->origin, from);
    pacs_grid_direction(g, from, at);
}


double
pacs_grid_slice(const pacs_grid_t *g, double steps, uint32_t *hint)
{
    const float  *at = g->v->at;
    uint32_t      last = g->v->n[2] - 1, k = *hint;

    if (at == NULL || last == 0) {
        return at == NULL ? steps : 0;
    }
    while (k + 1 < last && steps >= at[k + 1]) {
        k++;
    }
    while (k > 0 && steps < at[k]) {
        k--;
    }
    *hint = k;
    return k + (steps - at[k]) / ((double) at[k + 1] - at[k]);
}


bool
pacs_clip(const double lo[3], const double hi[3], const double at[3],
    const double step[3], double *t0, double *t1)
{
    for (int d = 0; d < 3; d++) {
        if (fabs(step[d]) < 1e-12) {
            if (!(at[d] >= lo[d] && at[d] <= hi[d])) {
                return false;
            }
            continue;
        }

        double  a = (lo[d] - at[d]) / step[d];
        double  b = (hi[d] - at[d]) / step[d];

        *t0 = fmax(*t0, fmin(a, b));
        *t1 = fmin(*t1, fmax(a, b));
    }
    return *t0 <= *t1;
}


static inline float
sample(const pacs_grid_t *g, const int64_t at[3])
{
    const int16_t  *v = g->v->voxels + (size_t) (at[2] >> 32) * g->slice
                        + (size_t) (at[1] >> 32) * g->row + (at[0] >> 32);

    return pacs_trilinear(v, g->row, g->slice,
                          (float) (uint32_t) at[0] * (float) (1 / ONE),
                          (float) (uint32_t) at[1] * (float) (1 / ONE),
                          (float) (uint32_t) at[2] * (float) (1 / ONE));
}


/* out = slope * sample + intercept, n times, by steps that end in the volume's
 * outer half voxels */
static void
edge(const pacs_grid_t *g, const int64_t from[3], const int64_t step[3],
    const int64_t max[3], uint32_t n, float *out)
{
    for (uint32_t x = 0; x < n; x++) {
        int64_t  at[3];

        for (int d = 0; d < 3; d++) {
            at[d] = from[d] + x * step[d];
            at[d] = at[d] < 0 ? 0 : at[d] > max[d] ? max[d] : at[d];
        }
        out[x] = (float) g->v->slope * sample(g, at)
                 + (float) g->v->intercept;
    }
}


/* the same between the outermost centres, four at a time */
static void
core(const pacs_grid_t *g, const int64_t from[3], const int64_t step[3],
    uint32_t n, float *out)
{
    int64_t  x = from[0], y = from[1], z = from[2];
    float    slope = (float) g->v->slope;
    float    intercept = (float) g->v->intercept;

    for (uint32_t i = 0; i + 4 <= n; i += 4) {
        const int16_t  *p[4];
        pacs_v4i_t      part[3];

        for (int k = 0; k < 4; k++) {
            p[k] = g->v->voxels + (x >> 32) + (y >> 32) * (int64_t) g->row
                   + (z >> 32) * (int64_t) g->slice;
            part[0][k] = (int32_t) ((uint32_t) x >> 1);
            part[1][k] = (int32_t) ((uint32_t) y >> 1);
            part[2][k] = (int32_t) ((uint32_t) z >> 1);
            x += step[0];
            y += step[1];
            z += step[2];
        }

        pacs_v4f_t  v = pacs_trilinear4(p, g->row, g->slice, HALVES(part[0]),
                                        HALVES(part[1]), HALVES(part[2]));

        v = slope * v + intercept;
        memcpy(out + i, &v, sizeof(v));
    }

    for (uint32_t i = n & ~3u; i < n; i++) {
        out[i] = slope * sample(g, (int64_t[3]) { x, y, z }) + intercept;
        x += step[0];
        y += step[1];
        z += step[2];
    }
}


/* the last centre but a 2^-32, so that there is a next voxel */
static void
greatest(const pacs_grid_t *g, int64_t max[3])
{
    for (int d = 0; d < 3; d++) {
        max[d] = (((int64_t) g->v->n[d] - 1) << 32) - (g->v->n[d] > 1);
    }
}


static bool
inside(const int64_t from[3], const int64_t step[3], uint32_t x,
    const int64_t max[3])
{
    for (int d = 0; d < 3; d++) {
        int64_t  p = from[d] + x * step[d];

        if (p < 0 || p > max[d]) {
            return false;
        }
    }
    return true;
}


/* the outer half voxels need clamping, what lies between does not */
static void
even_row(const pacs_grid_t *g, const double at[3], const double step[3],
    uint32_t first, uint32_t n, float *out)
{
    int64_t   from[3], by[3], max[3], mid[3], last[3];
    uint32_t  a = 0, b = n;

    greatest(g, max);
    for (int d = 0; d < 3; d++) {
        from[d] = llrint((at[d] + first * step[d]) * ONE);
        by[d] = n > 1 ? llrint(step[d] * ONE) : 0;
    }
    while (a < n && !inside(from, by, a, max)) {
        a++;
    }
    while (b > a && !inside(from, by, b - 1, max)) {
        b--;
    }
    for (int d = 0; d < 3; d++) {
        mid[d] = from[d] + a * by[d];
        last[d] = from[d] + b * by[d];
    }

    edge(g, from, by, max, a, out);
    core(g, mid, by, b - a, out + a);
    edge(g, last, by, max, n - b, out + b);
}


bool
pacs_grid_ready(const pacs_grid_t *g, double *slice)
{
    double  last = g->v->n[2] - 1;
    double  z = *slice < 0 ? 0 : *slice > last ? last : *slice;
    double  nearest = rint(z);

    if (fabs(z - nearest) < 1e-6) {
        *slice = nearest;
        return pacs_slice_ready(g->v, (uint32_t) nearest);
    }
    return pacs_slice_ready(g->v, (uint32_t) z)
           && pacs_slice_ready(g->v, (uint32_t) z + 1);
}


static void
uneven_row(const pacs_grid_t *g, const double at[3], const double step[3],
    uint32_t first, uint32_t n, float *out)
{
    static const int64_t  still[3];
    int64_t               p[3], max[3];
    uint32_t              hint = 0;

    greatest(g, max);
    for (uint32_t x = 0; x < n; x++) {
        double  place[3];

        pacs_along(at, first + x, step, place);
        place[2] = pacs_grid_slice(g, place[2], &hint);
        if (!pacs_grid_ready(g, &place[2])) {
            out[x] = NAN;
            continue;
        }

        for (int d = 0; d < 3; d++) {
            p[d] = llrint(place[d] * ONE);
        }
        edge(g, p, still, max, 1, &out[x]);
    }
}


void
pacs_grid_row(const pacs_grid_t *g, const double at[3], const double step[3],
    uint32_t n, uint32_t *first, uint32_t *end, float *out)
{
    double  t0 = 0, t1 = n - 1.0;

    *first = *end = 0;
    if (!pacs_clip(g->lo, g->hi, at, step, &t0, &t1)) {
        return;
    }
    t0 = ceil(t0 - 1e-9);
    t1 = floor(t1 + 1e-9);
    if (t0 > t1) {
        return;
    }

    *first = (uint32_t) t0;
    *end = (uint32_t) t1 + 1;
    if (g->even) {
        even_row(g, at, step, *first, *end - *first, out + *first);
    } else {
        uneven_row(g, at, step, *first, *end - *first, out + *first);
    }
}
