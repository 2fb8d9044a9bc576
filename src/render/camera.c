/* SPDX-License-Identifier: BSD-2-Clause */

/* parallel rays through a volume, shared out among threads */

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "render/voxel.h"

enum { SIDE = PACS_BRICK_SIDE, SAMPLES = 8192, THREADS = 64 };

typedef struct {
    const pacs_cast_t  *cast;
    uint32_t            first, every;       /* rows */
    pthread_t           thread;
} share_t;


static int
axes(pacs_cast_t *cast, pacs_err_t *err)
{
    const pacs_camera_t  *c = cast->c;
    double                up[3];

    if (!pacs_vector_sane(c->centre) || !pacs_vector_unit(c->view, cast->view)
        || !pacs_vector_unit(c->up, up) || !(c->pixel >= 1e-6
        && c->pixel <= 1e6))
    {
        return pacs_fail(err, PACS_E_ARG, "no camera: its centre, view, up or "
                         "pixel of %g mm is none", c->pixel);
    }

    pacs_cross(cast->view, up, cast->right);
    if (pacs_dot(cast->right, cast->right) < 1e-12) {
        return pacs_fail(err, PACS_E_ARG, "no camera: up is where it looks");
    }
    pacs_vector_unit(cast->right, cast->right);
    pacs_cross(cast->view, cast->right, cast->down);
    for (int d = 0; c->mirrored && d < 3; d++) {
        cast->right[d] = -cast->right[d];
    }

    if (c->has_cut && !(pacs_vector_sane(c->cut[0])
                        && pacs_vector_sane(c->cut[1])))
    {
        return pacs_fail(err, PACS_E_ARG, "no box to cut");
    }
    return PACS_OK;
}


/* no coarser than a voxel, and not endless in odd volumes; *depth: samples of
 * a long way through */
static double
sampling(const pacs_grid_t *g, double *depth)
{
    double  length = 0, step;

    for (int d = 0; d < 3; d++) {
        const double  *way = g->v->step[d];

        length += (g->hi[d] - g->lo[d]) * sqrt(pacs_dot(way, way));
    }
    step = fmax(g->shortest, length / SAMPLES);
    *depth = length / 2 / step;
    return step;
}


static void
to_voxels(pacs_cast_t *cast)
{
    const pacs_camera_t  *c = cast->c;
    double                scaled[3];
    static const double   zero[3];

    pacs_along(c->centre, -(c->width - 1.0) / 2 * c->pixel, cast->right,
               cast->first);
    pacs_along(cast->first, -(c->height - 1.0) / 2 * c->pixel, cast->down,
               cast->first);
    pacs_grid_place(&cast->g, cast->first, cast->at);

    pacs_along(zero, c->pixel, cast->right, scaled);
    pacs_grid_direction(&cast->g, scaled, cast->i_right);
    pacs_along(zero, c->pixel, cast->down, scaled);
    pacs_grid_direction(&cast->g, scaled, cast->i_down);
    pacs_along(zero, cast->step, cast->view, scaled);
    pacs_grid_direction(&cast->g, scaled, cast->i_view);
    for (int d = 0; d < 3; d++) {
        cast->max[d] = nextafterf((float) cast->g.v->n[d] - 1, 0);
    }
}


static int
edges(pacs_cast_t *cast, pacs_err_t *err)
{
    const float  *at = cast->g.v->at;
    uint32_t      n = cast->bricks.n[2];

    cast->edges = malloc((n + 1) * sizeof(float));
    if (cast->edges == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for rays");
    }
    for (uint32_t k = 0; k < n; k++) {
        cast->edges[k] = at != NULL ? at[k * SIDE] : (float) (k * SIDE);
    }
    cast->edges[0] = (float) cast->g.lo[2];
    cast->edges[n] = (float) cast->g.hi[2];
    return PACS_OK;
}


int
pacs_cast_open(const pacs_volume_t *v, const pacs_camera_t *c,
    const pacs_limits_t *limits, pacs_cast_t *cast, pacs_err_t *err)
{
    double  depth;
    int     rc;

    memset(cast, 0, sizeof(*cast));
    cast->c = c;
    rc = axes(cast, err);
    if (rc == PACS_OK) {
        rc = pacs_size_check(c->width, c->height, 1, limits, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_grid_open(v, &cast->g, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    cast->step = sampling(&cast->g, &depth);
    to_voxels(cast);
    rc = pacs_size_check(c->width, c->height, depth, limits, err);
    if (rc == PACS_OK) {
        rc = pacs_bricks_open(v, &cast->bricks, err);
    }
    return rc == PACS_OK ? edges(cast, err) : rc;
}


void
pacs_cast_close(pacs_cast_t *cast)
{
    free(cast->edges);
    pacs_bricks_close(&cast->bricks);
}


static bool
ray_open(const pacs_cast_t *cast, uint32_t x, uint32_t y, pacs_ray_t *r)
{
    const pacs_camera_t  *c = cast->c;
    double                at[3], t0 = -1e12, t1 = 1e12, n;

    pacs_along(cast->at, x, cast->i_right, at);
    pacs_along(at, y, cast->i_down, at);
    if (!pacs_clip(cast->g.lo, cast->g.hi, at, cast->i_view, &t0, &t1)) {
        return false;
    }
    if (c->has_cut) {
        double  mm[3], view[3] = { 0 };

        pacs_along(cast->first, x * c->pixel, cast->right, mm);
        pacs_along(mm, y * c->pixel, cast->down, mm);
        pacs_along(view, cast->step, cast->view, view);
        if (!pacs_clip(c->cut[0], c->cut[1], mm, view, &t0, &t1)) {
            return false;
        }
    }

    n = ceil(t1 - t0 - 1e-6);
    if (n < 1) {
        return false;
    }
    r->n = (uint32_t) n;
    r->length = (float) (t1 - t0);
    r->hint = 0;
    for (int d = 0; d < 3; d++) {
        r->at[d] = (float) (at[d] + t0 * cast->i_view[d]);
        r->by[d] = (float) cast->i_view[d];
        r->inverse[d] = fabsf(r->by[d]) < 1e-6f ? 1e30f : 1 / r->by[d];
    }
    return true;
}


static void *
rows(void *data)
{
    const share_t        *s = data;
    const pacs_camera_t  *c = s->cast->c;

    for (uint32_t y = s->first; y < c->height; y += s->every) {
        for (uint32_t x = 0; x < c->width; x++) {
            pacs_ray_t  r;

            if (!ray_open(s->cast, x, y, &r)) {
                r.n = 0;
            }
            s->cast->pixel(s->cast, &r, (size_t) y * c->width + x);
        }
    }
    return NULL;
}


void
pacs_cast_run(pacs_cast_t *cast)
{
    share_t   shares[THREADS];
    unsigned  n = cast->c->threads, started = 1;

    n = n < 1 ? 1 : n > THREADS ? THREADS : n;
    for (unsigned i = 0; i < n; i++) {
        shares[i] = (share_t) { .cast = cast, .first = i, .every = n };
    }
    while (started < n && pthread_create(&shares[started].thread, NULL, rows,
                                         &shares[started]) == 0)
    {
        started++;
    }

    rows(&shares[0]);
    for (unsigned i = 1; i < n; i++) {
        if (i < started) {
            pthread_join(shares[i].thread, NULL);
        } else {
            rows(&shares[i]);
        }
    }
}
