/* SPDX-License-Identifier: BSD-2-Clause */

/* what a ray sees: projections, and volume rendering front to back */

#include <math.h>
#include <stdlib.h>

#include "render/voxel.h"

enum { SIDE = PACS_BRICK_SIDE };

/* of a brick: empty, and how many bricks there are, itself and around it
 * among them, that are so as well; or what it shows */
enum { REACH = 6, FAINT = 253, THIN = 254, DENSE = 255 };

/* samples of bricks alike that are looked at in one go, and a few more */
enum { RUN = 48 };

/* opacity at which nothing more is looked at; how much of a pixel's colour is
 * worth a look at the surface; the light where there is no surface */
#define HIDDEN   0.99f
#define SHADED   (1.0f / 64)
#define AMBIENT  0.7f


/* --- along a ray --- */

static inline pacs_v4f_t
clamped(pacs_v4f_t v, float max)
{
    pacs_v4i_t  over = v > max;
    pacs_v4f_t  most = { max, max, max, max };

    v = (pacs_v4f_t) ((over & (pacs_v4i_t) most) | (~over & (pacs_v4i_t) v));
    return (pacs_v4f_t) ((v > 0) & (pacs_v4i_t) v);
}


/* the voxels around four places, along k: in slices */
static inline pacs_v4f_t
sample(const pacs_cast_t *cast, pacs_v4f_t x, pacs_v4f_t y, pacs_v4f_t z)
{
    const pacs_grid_t  *g = &cast->g;
    const int16_t      *p[4];
    pacs_v4i_t          i, j, k;

    x = clamped(x, cast->max[0]);
    y = clamped(y, cast->max[1]);
    z = clamped(z, cast->max[2]);
    i = __builtin_convertvector(x, pacs_v4i_t);
    j = __builtin_convertvector(y, pacs_v4i_t);
    k = __builtin_convertvector(z, pacs_v4i_t);
    for (int n = 0; n < 4; n++) {
        p[n] = g->v->voxels + (size_t) k[n] * g->slice
               + (size_t) j[n] * g->row + i[n];
    }
    return pacs_trilinear4(p, g->row, g->slice,
                           x - __builtin_convertvector(i, pacs_v4f_t),
                           y - __builtin_convertvector(j, pacs_v4f_t),
                           z - __builtin_convertvector(k, pacs_v4f_t));
}


/* slices along k for steps; NaN: they are not ready */
static inline pacs_v4f_t
settle(const pacs_cast_t *cast, pacs_ray_t *r, pacs_v4f_t z)
{
    for (int n = 0; n < 4; n++) {
        double  slice = pacs_grid_slice(&cast->g, (double) z[n], &r->hint);

        z[n] = pacs_grid_ready(&cast->g, &slice) ? (float) slice : NAN;
    }
    return z;
}


/* four samples from m on, each `stride` steps from the next and in the middle
 * of them; NaN: not ready.  place: where, along k in steps */
static inline pacs_v4f_t
look(const pacs_cast_t *cast, pacs_ray_t *r, uint32_t m, uint32_t stride,
    pacs_v4f_t place[3])
{
    static const pacs_v4f_t  next = { 0, 1, 2, 3 };
    float                    n = (float) stride;
    pacs_v4f_t               t = (float) m + 0.5f * n + n * next, z;

    for (int d = 0; d < 3; d++) {
        place[d] = r->at[d] + t * r->by[d];
    }
    if (cast->g.even) {
        return sample(cast, place[0], place[1], place[2]);
    }
    z = settle(cast, r, place[2]);
    return sample(cast, place[0], place[1], z) + 0 * z;
}


/* the brick that sample m lies in */
static inline size_t
brick(const pacs_cast_t *cast, pacs_ray_t *r, uint32_t m, int b[3])
{
    const uint32_t  *n = cast->bricks.n;
    float            t = (float) m + 0.5f;

    for (int d = 0; d < 3; d++) {
        float  at = r->at[d] + t * r->by[d];

        if (d == 2 && cast->g.v->at != NULL) {
            at = (float) pacs_grid_slice(&cast->g, (double) at, &r->hint);
        }
        b[d] = at > 0 ? (int) at / SIDE : 0;
        b[d] = b[d] < (int) n[d] ? b[d] : (int) n[d] - 1;
    }
    return ((size_t) b[2] * n[1] + (size_t) b[1]) * n[0] + (size_t) b[0];
}


/* the first sample behind brick b and those up to `more` around it */
static inline uint32_t
leave(const pacs_cast_t *cast, const pacs_ray_t *r, uint32_t m,
    const int b[3], int more)
{
    float  t = r->length;

    for (int d = 0; d < 3; d++) {
        bool   up = r->by[d] >= 0;
        int    i = up ? b[d] + 1 + more : b[d] - more;
        int    last = (int) cast->bricks.n[2];
        float  wall = d < 2 ? (float) (i * SIDE)
                      : cast->edges[i < 0 ? 0 : i > last ? last : i];
        float  at = (wall - r->at[d]) * r->inverse[d];

        t = at < t ? at : t;
    }

    /* t >= m + 0.5, but for rounding */
    uint32_t  end = t > 0 ? (uint32_t) (t + 0.5f) : 0;

    end = end < r->n ? end : r->n;
    return end > m ? end : m + 1;
}


/* --- projections --- */

typedef struct {
    float  best, sum, weights;
    bool   any;
} found_t;


/* samples m .. end - 1 */
static inline void
gather(const pacs_cast_t *cast, pacs_ray_t *r, uint32_t m, uint32_t end,
    found_t *f)
{
    for ( ; m < end; m += 4) {
        pacs_v4f_t  place[3], v = look(cast, r, m, 1, place);

        for (uint32_t i = 0; i < 4 && m + i < end; i++) {
            float  w = r->length - (float) (m + i);

            if (v[i] == v[i]) {
                w = w < 1 ? w : 1;
                f->sum += w * v[i];
                f->weights += w;
                f->best = !f->any || (cast->least ? v[i] < f->best
                                                  : v[i] > f->best)
                          ? v[i] : f->best;
                f->any = true;
            }
        }
    }
}


/* whether a brick may hold a sample that counts */
static inline bool
counts(const pacs_cast_t *cast, pacs_brick_t range, const found_t *f)
{
    return range.min <= range.max
           && (!f->any || cast->mean || (cast->least ? range.min < f->best
                                                     : range.max > f->best));
}


static void
project(const pacs_cast_t *cast, pacs_ray_t *r, size_t pixel)
{
    float    *out = (float *) cast->out + pixel;
    found_t   f = { 0 };

    for (uint32_t m = 0, end; m < r->n; m = end) {
        int           b[3];
        pacs_brick_t  range = cast->bricks.of[brick(cast, r, m, b)];

        end = leave(cast, r, m, b, 0);
        if (counts(cast, range, &f)) {
            gather(cast, r, m, end, &f);
        }
    }

    *out = !f.any ? NAN : (float) cast->g.v->slope
                          * (cast->mean ? f.sum / f.weights : f.best)
                          + (float) cast->g.v->intercept;
}


int
pacs_volume_project(const pacs_volume_t *v, const pacs_camera_t *c,
    const pacs_limits_t *limits, float *out, pacs_err_t *err)
{
    pacs_cast_t  cast;
    int          rc;

    if (c->preset != NULL || (unsigned) c->slab > PACS_SLAB_MIN) {
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

/* central differences, in the picture's own directions */
static inline void
gradient(const pacs_cast_t *cast, pacs_ray_t *r, const float place[3],
    float out[3])
{
    static const pacs_v4f_t  x = { 1, -1, 0, 0 }, y = { 0, 0, 1, -1 };
    static const pacs_v4f_t  zero;
    pacs_v4f_t               z = place[2] + x, flat, deep;

    if (!cast->g.even) {
        z = settle(cast, r, z);
        z[0] = z[0] == z[0] ? z[0] : z[2];
        z[1] = z[1] == z[1] ? z[1] : z[2];
    }
    flat = sample(cast, place[0] + x, place[1] + y, zero + z[2]);
    deep = sample(cast, place[0] + zero, place[1] + zero, z);

    for (int e = 0; e < 3; e++) {
        out[e] = cast->gradient[0][e] * (flat[0] - flat[1])
                 + cast->gradient[1][e] * (flat[2] - flat[3])
                 + cast->gradient[2][e] * (deep[0] - deep[1]);
    }
}


/* the light a surface throws back to the eye, and *shine, of the light's own
 * colour (Blinn and Phong); where there is hardly a surface, an even one */
static inline float
shade(const pacs_cast_t *cast, pacs_ray_t *r, const float place[3],
    float *shine)
{
    float  g[3], length, facing, lit, half, surface;

    gradient(cast, r, place, g);
    length = sqrtf(g[0] * g[0] + g[1] * g[1] + g[2] * g[2]);
    surface = length / (length + cast->faint);

    /* surfaces look at the eye, whichever side is the denser one */
    facing = (g[2] > 0 ? -1 : 1) / (length + 1e-20f);
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
    return surface * (0.2f + 0.8f * lit) + (1 - surface) * AMBIENT;
}


/* entry: colour and opacity of a step, of which there is a share */
static inline void
blend(const pacs_cast_t *cast, pacs_ray_t *r, const float entry[4],
    float share, const float place[3], pacs_v4f_t *sum)
{
    bool   shaded = cast->c->shaded;
    float  clear = 1 - entry[3], weight, lit = shaded ? AMBIENT : 1, shine = 0;

    if (share == 2 || share == 4) {
        clear *= clear;
    }
    clear = share == 1 || share == 2 ? clear
            : share == 4 ? clear * clear : powf(clear, share);
    weight = (1 - (*sum)[3]) * (1 - clear);
    if (shaded && weight > SHADED) {
        lit = shade(cast, r, place, &shine);
    }
    *sum += weight * (pacs_v4f_t) { entry[0] * lit + shine,
                                    entry[1] * lit + shine,
                                    entry[2] * lit + shine, 1 };
}


/* samples m .. end - 1, front to back; returns where it stopped */
static inline uint32_t
compose(const pacs_cast_t *cast, pacs_ray_t *r, uint32_t m, uint32_t end,
    uint32_t stride, pacs_v4f_t *sum)
{
    const pacs_transfer_t  *t = &cast->transfer;

    while (m < end && (*sum)[3] < HIDDEN) {
        pacs_v4f_t  place[3], v = look(cast, r, m, stride, place);

        v = v * t->scale + t->offset;
        for (int i = 0; i < 4 && m < end && (*sum)[3] < HIDDEN; i++) {
            int    entry = v[i] > 0 ? v[i] < PACS_TRANSFER_SIZE - 1 ? (int) v[i]
                           : PACS_TRANSFER_SIZE - 1 : 0;
            float  share = r->length - (float) m;
            float  most = (float) (end - m < stride ? end - m : stride);

            if (v[i] == v[i] && t->entry[entry][3] > 0) {
                blend(cast, r, t->entry[entry], share < most ? share : most,
                      (float[3]) { place[0][i], place[1][i], place[2][i] },
                      sum);
            }
            m += stride;
        }
    }
    return m < end ? m : end;
}


/* what is all but hidden is not looked at */
static void
render(const pacs_cast_t *cast, pacs_ray_t *r, size_t pixel)
{
    static const uint8_t  strides[] = { 1, 2, 4 };
    uint8_t     *out = (uint8_t *) cast->out + 3 * pixel;
    pacs_v4f_t   sum = { 0 };        /* red, green, blue, opacity */

    for (uint32_t m = 0; m < r->n && sum[3] < HIDDEN; ) {
        int       b[3];
        uint8_t   shows = cast->shows[brick(cast, r, m, b)];
        uint32_t  end = leave(cast, r, m, b, shows <= REACH ? shows - 1 : 0);

        if (shows <= REACH) {
            m = end;
            continue;
        }
        while (end < r->n && end - m < RUN
               && cast->shows[brick(cast, r, end, b)] == shows)
        {
            end = leave(cast, r, end, b, 0);
        }
        m = compose(cast, r, m, end, strides[DENSE - shows], &sum);
    }

    for (int c = 0; c < 3; c++) {
        float  shown = sum[3] >= HIDDEN ? sum[c] / sum[3] : sum[c];

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


/* to[i] = whether from[] is set at i or `step` before or behind it */
PACS_VECTORIZE
static void
spread(const uint8_t *restrict from, size_t n, size_t step,
    uint8_t *restrict to)
{
    memcpy(to, from, n);
    for (size_t i = step; i < n; i++) {
        to[i] |= from[i - step];
    }
    for (size_t i = 0; i + step < n; i++) {
        to[i] |= from[i + step];
    }
}


/* how far it is from each empty brick to one that is not.  What spreads goes
 * on beyond the end of a row of bricks, into the next: that is near, never
 * far, and so no picture's loss */
static void
distances(const pacs_bricks_t *b, size_t n, uint8_t *shows, uint8_t *full,
    uint8_t *room)
{
    for (size_t i = 0; i < n; i++) {
        full[i] = shows[i] > REACH;
    }
    for (int far = 1; far < REACH; far++) {
        spread(full, n, 1, room);
        spread(room, n, b->n[0], full);
        spread(full, n, (size_t) b->n[0] * b->n[1], room);
        memcpy(full, room, n);
        for (size_t i = 0; i < n; i++) {
            shows[i] += !full[i];
        }
    }
}


static int
showing(pacs_cast_t *cast, pacs_err_t *err)
{
    static const uint8_t  sights[] = {
        [PACS_CLEAR] = 1, [PACS_FAINT] = FAINT, [PACS_THIN] = THIN,
        [PACS_DENSE] = DENSE
    };
    const pacs_bricks_t  *b = &cast->bricks;
    size_t                n = (size_t) b->n[0] * b->n[1] * b->n[2];

    cast->shows = malloc(3 * n);
    if (cast->shows == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for bricks");
    }
    for (size_t i = 0; i < n; i++) {
        cast->shows[i] = sights[pacs_transfer_sight(&cast->transfer,
                                                    b->of[i])];
    }
    distances(b, n, cast->shows, cast->shows + n, cast->shows + 2 * n);
    return PACS_OK;
}


int
pacs_volume_render(const pacs_volume_t *v, const pacs_camera_t *c,
    const pacs_limits_t *limits, uint8_t *out, pacs_err_t *err)
{
    pacs_cast_t  cast;
    int          rc;

    if (c->preset == NULL) {
        return pacs_fail(err, PACS_E_ARG, "volume rendering needs a preset");
    }

    rc = pacs_cast_open(v, c, limits, &cast, err);
    if (rc == PACS_OK) {
        rc = pacs_transfer_open(v, c->preset, cast.step, &cast.transfer, err);
    }
    if (rc == PACS_OK) {
        rc = showing(&cast, err);
    }
    if (rc == PACS_OK) {
        light(&cast);
        cast.pixel = render;
        cast.out = out;
        pacs_cast_run(&cast);
    }

    free(cast.shows);
    pacs_transfer_close(&cast.transfer);
    pacs_cast_close(&cast);
    return rc;
}
