/* SPDX-License-Identifier: BSD-2-Clause */

/* slabs: rows of values along a normal, become one row: mean, MIP, MinIP */

#include <math.h>
#include <stdlib.h>

#include "render/voxel.h"

enum { PLACES = 4096 };


int
pacs_slab_open(const pacs_grid_t *g, pacs_slab_e mode, double mm, uint32_t n,
    pacs_slab_t *s, pacs_err_t *err)
{
    if (!(mm >= 0 && mm <= 1e7) || mode < PACS_SLAB_MEAN
        || mode > PACS_SLAB_MIN)
    {
        return pacs_fail(err, PACS_E_ARG, "no slab: mode %d, %g mm", mode, mm);
    }

    s->mode = mode;
    s->n = (unsigned) fmin(fmax(ceil(mm / g->shortest), 1), PLACES);
    s->step = mm / s->n;
    s->first = (s->step - mm) / 2;
    s->sum = malloc(3 * sizeof(float) * n);
    if (s->sum == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a row of a slab");
    }
    s->count = s->sum + n;
    s->row = s->count + n;
    return PACS_OK;
}


void
pacs_slab_close(pacs_slab_t *s)
{
    free(s->sum);
}


PACS_VECTORIZE
static void
add(pacs_slab_e mode, const float *restrict row, uint32_t n,
    float *restrict sum, float *restrict count)
{
    switch (mode) {

    case PACS_SLAB_MAX:
        for (uint32_t x = 0; x < n; x++) {
            sum[x] = row[x] > sum[x] ? row[x] : sum[x];
        }
        return;

    case PACS_SLAB_MIN:
        for (uint32_t x = 0; x < n; x++) {
            sum[x] = row[x] < sum[x] ? row[x] : sum[x];
        }
        return;

    default:
        for (uint32_t x = 0; x < n; x++) {
            bool  there = row[x] == row[x];

            sum[x] += there ? row[x] : 0;
            count[x] += there ? 1 : 0;
        }
    }
}


void
pacs_slab_row(const pacs_grid_t *g, pacs_slab_t *s, const double at[3],
    const double step[3], const double normal[3], uint32_t n, float *out)
{
    static const float  start[] = {
        [PACS_SLAB_MEAN] = 0, [PACS_SLAB_MAX] = -INFINITY,
        [PACS_SLAB_MIN] = INFINITY,
    };

    for (uint32_t x = 0; x < n; x++) {
        s->sum[x] = start[s->mode];
        s->count[x] = 0;
    }

    for (unsigned i = 0; i < s->n; i++) {
        uint32_t  first, end;
        double    from[3];

        pacs_along(at, s->first + i * s->step, normal, from);
        pacs_grid_row(g, from, step, n, &first, &end, s->row);
        add(s->mode, s->row + first, end - first, s->sum + first,
            s->count + first);
    }

    for (uint32_t x = 0; x < n; x++) {
        out[x] = s->mode == PACS_SLAB_MEAN ? s->sum[x] / s->count[x]
                 : s->sum[x] == start[s->mode] ? NAN : s->sum[x];
    }
}
