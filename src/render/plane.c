/* SPDX-License-Identifier: BSD-2-Clause */

/* planes through a volume: axial, coronal, sagittal, oblique */

#include "render/voxel.h"


static int
check(const pacs_plane_t *p, double normal[3], pacs_err_t *err)
{
    double  right[3], down[3];

    if (!pacs_vector_sane(p->origin) || !pacs_vector_unit(p->right, right)
        || !pacs_vector_unit(p->down, down))
    {
        return pacs_fail(err, PACS_E_ARG, "no plane: its vectors are not "
                         "finite, or have no length");
    }

    pacs_cross(right, down, normal);
    if (pacs_dot(normal, normal) < 1e-12) {
        return pacs_fail(err, PACS_E_ARG, "no plane: its rows and columns run "
                         "the same way");
    }
    pacs_vector_unit(normal, normal);
    return PACS_OK;
}


int
pacs_volume_plane(const pacs_volume_t *v, const pacs_plane_t *p,
    const pacs_limits_t *limits, float *out, pacs_err_t *err)
{
    pacs_grid_t  g;
    pacs_slab_t  s;
    double       normal[3], at[3], step[3], down[3], across[3], from[3];
    int          rc;

    rc = check(p, normal, err);
    if (rc == PACS_OK) {
        rc = pacs_size_check(p->width, p->height, 1, limits, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_grid_open(v, &g, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_slab_open(&g, p->mode, p->slab, p->width, &s, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    rc = pacs_size_check(p->width, p->height, s.n, limits, err);
    pacs_grid_place(&g, p->origin, at);
    pacs_grid_direction(&g, p->right, step);
    pacs_grid_direction(&g, p->down, down);
    pacs_grid_direction(&g, normal, across);
    for (uint32_t y = 0; rc == PACS_OK && y < p->height; y++) {
        pacs_along(at, y, down, from);
        pacs_slab_row(&g, &s, from, step, across, p->width,
                      out + (size_t) y * p->width);
    }

    pacs_slab_close(&s);
    return rc;
}
