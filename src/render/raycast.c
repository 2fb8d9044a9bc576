/* SPDX-License-Identifier: BSD-2-Clause */

/* what a ray sees: projections, and volume rendering front to back */

#include <math.h>
#include <stdlib.h>

#include "render/voxel.h"

enum { SIDE = PACS_BRICK_SIDE };


static inline pacs_v4f_t
least(pacs_v4f_t a, pacs_v4f_t b)
{
    pacs_v4i_t  less = a < b;

    return (pacs_v4f_t) ((less & (pacs_v4i_t) a) | (~less & (pacs_v4i_t) b));
}


/* *place with slices along k; false: a slice is not ready */
static inline bool
settle(const pacs_cast_t *cast, pacs_ray_t *r, pacs_v4f_t *place)
{
    if (!cast->g.even) {
        double  slice = pacs_grid_slice(&cast->g, (double) (*place)[2],
                                        &r->hint);

        if (!pacs_grid_ready(&cast->g, &slice)) {
            return false;
        }
        (*place)[2] = (float) slice;
    }
    return true;
}


/* the voxels around a place that settle() has seen */
static inline float
sample(const pacs_cast_t *cast, pacs_v4f_t place)
{
    const pacs_grid_t  *g = &cast->g;

    place = least(place, cast->max);
    place = -least(-place, (pacs_v4f_t) { 0 });

    pacs_v4i_t      i = __builtin_convertvector(place, pacs_v4i_t);
    pacs_v4f_t      f = place - __builtin_convertvector(i, pacs_v4f_t);
    const int16_t  *p = g->v->voxels + (size_t) i[2] * g->slice
                        + (size_t) i[1] * g->row + i[0];

    return pacs_trilinear(p, g->row, g->slice, f[0], f[1], f[2]);
}


/* the brick of sample m, and *end: the first sample behind it */
static inline size_t
brick(const pacs_cast_t *cast, pacs_ray_t *r, uint32_t m, uint32_t *end)
{
    const pacs_bricks_t  *b = &cast->bricks;
    pacs_v4f_t            at = r->from + (float) m * r->by;
    float                 slice = cast->g.v->at == NULL ? at[2]
                                  : (float) pacs_grid_slice(&cast->g,
                                                            (double) at[2],
                                                            &r->hint);
    float                 place[3] = { at[0], at[1], slice };
    float                 t = (float) (r->n - m);
    size_t                index = 0;

    for (int d = 2; d >= 0; d--) {
        int    i = place[d] > 0 ? (int) place[d] / SIDE : 0;
        float  lo, hi;

        i = i < (int) b->n[d] ? i : (int) b->n[d] - 1;
        index = index * b->n[d] + (size_t) i;
        lo = d == 2 ? cast->edges[i] : (float) (i * SIDE);
        hi = d == 2 ? cast->edges[i + 1] : (float) ((i + 1) * SIDE);
        if (fabsf(r->by[d]) > 1e-6f) {
            t = fminf(t, ((r->by[d] > 0 ? hi : lo) - at[d]) / r->by[d]);
        }
    }

    *end = m + (t > 1 ? (uint32_t) ceilf(t) : 1);
    return index;
}


/* --- projections --- */

static void
project(const pacs_cast_t *cast, pacs_ray_t *r, size_t pixel)
{
    float         *out = (float *) cast->out + pixel;
    bool           least_wanted = cast->least, any = false;
    float          best = 0, sum = 0, weights = 0;

    for (uint32_t m = 0, end; m < r->n; m = end) {
        pacs_brick_t  range = cast->bricks.of[brick(cast, r, m, &end)];

        if (range.min > range.max
            || (any && !cast->mean && (least_wanted ? range.min >= best
                                                    : range.max <= best)))
        {
            continue;
        }
        for ( ; m < end; m++) {
            pacs_v4f_t  place = r->from + (float) m * r->by;

            if (!settle(cast, r, &place)) {
                continue;
            }
            float  v = sample(cast, place);
            float  w = m + 1 < r->n ? 1 : r->last;

            sum += w * v;
            weights += w;
            if (!any || (least_wanted ? v < best : v > best)) {
                best = v;
            }
            any = true;
        }
    }

    *out = !any ? NAN : (float) cast->g.v->slope
                        * (cast->mean ? sum / weights : best)
                        + (float) cast->g.v->intercept;
}


int
pacs_volume_project(const pacs_volume_t *v, const pacs_camera_t *c,
    const pacs_limits_t *limits, float *out, pacs_err_t *err)
{
    pacs_cast_t  cast;
    int          rc;

    if (c->preset != NULL || c->slab < PACS_SLAB_MEAN
        || c->slab > PACS_SLAB_MIN)
    {
        return pacs_fail(err, PACS_E_ARG, "no projection: mode %d", c->slab);
    }

    rc = pacs_cast_open(v, c, limits, &cast, err);
    if (rc == PACS_OK) {
        cast.mean = c->slab == PACS_SLAB_MEAN;
        cast.least = (c->slab == PACS_SLAB_MIN) != (v->slope < 0);
        cast.pixel = project;
        cast.out = out;
        pacs_cast_run(&cast);
    }
    pacs_cast_close(&cast);
    return rc;
}


/* --- volume rendering --- */

/* place, or where its slices are not ready, another */
static inline pacs_v4f_t
there(const pacs_cast_t *cast, pacs_v4f_t place, pacs_v4f_t other)
{
    double  slice = (double) place[2];

    return cast->g.even || pacs_grid_ready(&cast->g, &slice) ? place : other;
}


/* the light a surface throws back to the eye, and *shine, of the light's own
 * colour (Blinn and Phong); where there is hardly a surface, an even one */
static float
shade(const pacs_cast_t *cast, pacs_v4f_t place, float *shine)
{
    float  g[3] = { 0, 0, 0 }, length, facing, lit, half, surface;

    for (int d = 0; d < 3; d++) {
        pacs_v4f_t  a = place, b = place;

        a[d] += 1;
        b[d] -= 1;
        float  change = sample(cast, d == 2 ? there(cast, a, place) : a)
                        - sample(cast, d == 2 ? there(cast, b, place) : b);

        for (int e = 0; e < 3; e++) {
            g[e] += cast->gradient[d][e] * change;
        }
    }

    /* lit sides are those that look at the eye, whatever is inside */
    length = sqrtf(g[0] * g[0] + g[1] * g[1] + g[2] * g[2]);
    surface = length / (length + cast->faint);
    facing = g[2] > 0 ? -1 / (length + 1e-20f) : 1 / (length + 1e-20f);
    lit = facing * (g[0] * cast->light[0] + g[1] * cast->light[1]
                    + g[2] * cast->light[2]);
    half = facing * (g[0] * cast->half[0] + g[1] * cast->half[1]
                     + g[2] * cast->half[2]);
    lit = lit > 0 ? lit : 0;
    half = half > 0 ? half * half : 0;
    half *= half;
    half *= half;
    half *= half;
    *shine = 255 * 0.25f * surface * half * half;
    return surface * (0.2f + 0.8f * lit) + (1 - surface) * 0.7f;
}


/* entry: colour and opacity of a step, of which there is a share */
static inline void
blend(const pacs_cast_t *cast, const float entry[4], float share,
    pacs_v4f_t place, pacs_v4f_t *sum)
{
    float       opacity = share == 1 ? entry[3]
                          : 1 - powf(1 - entry[3], share);
    float       weight = (1 - (*sum)[3]) * opacity, lit = 1, shine = 0;

    if (cast->c->shaded && weight > 1.0f / 512) {
        lit = shade(cast, place, &shine);
    }
    *sum += weight * (pacs_v4f_t) { entry[0] * lit + shine,
                                    entry[1] * lit + shine,
                                    entry[2] * lit + shine, 1 };
}


/* front to back; what is all but hidden is not looked at */
static void
render(const pacs_cast_t *cast, pacs_ray_t *r, size_t pixel)
{
    const pacs_transfer_t  *t = &cast->transfer;
    uint8_t                *out = (uint8_t *) cast->out + 3 * pixel;
    pacs_v4f_t              sum = { 0 };        /* red, green, blue, opacity */

    for (uint32_t m = 0, end; m < r->n && sum[3] < 0.995f; m = end) {
        if (!cast->shows[brick(cast, r, m, &end)]) {
            continue;
        }
        for ( ; m < end && sum[3] < 0.995f; m++) {
            pacs_v4f_t  place = r->from + (float) m * r->by;

            if (settle(cast, r, &place)) {
                float  v = sample(cast, place) * t->scale + t->offset;
                int    i = v > 0 ? v < PACS_TRANSFER_SIZE - 1 ? (int) v
                           : PACS_TRANSFER_SIZE - 1 : 0;

                if (t->entry[i][3] > 0) {
                    blend(cast, t->entry[i], m + 1 < r->n ? 1 : r->last, place,
                          &sum);
                }
            }
        }
    }

    for (int c = 0; c < 3; c++) {
        float  shown = sum[3] >= 0.995f ? sum[c] / sum[3] : sum[c];

        out[c] = (uint8_t) (shown < 255 ? shown + 0.5f : 255);
    }
}


static void
light(pacs_cast_t *cast)
{
    static const double  to_light[3] = { -0.3, -0.4, -1 };
    const double        *axis[3] = { cast->right, cast->down, cast->view };
    double               light[3], half[3];

    pacs_vector_unit(to_light, light);
    pacs_along(light, -1, (double[3]) { 0, 0, 1 }, half);
    pacs_vector_unit(half, half);
    for (int d = 0; d < 3; d++) {
        cast->light[d] = (float) light[d];
        cast->half[d] = (float) half[d];
        for (int e = 0; e < 3; e++) {
            cast->gradient[d][e] = (float) (0.5 * pacs_dot(cast->g.inverse[d],
                                                           axis[e]));
        }
    }
    cast->faint = 0.01f * PACS_TRANSFER_SIZE / fabsf(cast->transfer.scale);
}


/* of each brick: is there anything to be seen */
static uint8_t *
showing(const pacs_cast_t *cast, pacs_err_t *err)
{
    const pacs_bricks_t  *b = &cast->bricks;
    size_t                n = (size_t) b->n[0] * b->n[1] * b->n[2];
    uint8_t              *shows = malloc(n);

    if (shows == NULL) {
        pacs_fail(err, PACS_E_NOMEM, "no memory for bricks");
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        shows[i] = pacs_transfer_shows(&cast->transfer, b->of[i]);
    }
    return shows;
}


int
pacs_volume_render(const pacs_volume_t *v, const pacs_camera_t *c,
    const pacs_limits_t *limits, uint8_t *out, pacs_err_t *err)
{
    pacs_cast_t  cast;
    uint8_t     *shows = NULL;
    int          rc;

    if (c->preset == NULL) {
        return pacs_fail(err, PACS_E_ARG, "volume rendering needs a preset");
    }

    rc = pacs_cast_open(v, c, limits, &cast, err);
    if (rc == PACS_OK) {
        rc = pacs_transfer_open(v, c->preset, cast.step, &cast.transfer, err);
    }
    if (rc == PACS_OK) {
        shows = showing(&cast, err);
        rc = shows == NULL ? PACS_E_NOMEM : PACS_OK;
    }
    if (rc == PACS_OK) {
        light(&cast);
        cast.shows = shows;
        cast.pixel = render;
        cast.out = out;
        pacs_cast_run(&cast);
    }

    free(shows);
    pacs_transfer_close(&cast.transfer);
    pacs_cast_close(&cast);
    return rc;
}
