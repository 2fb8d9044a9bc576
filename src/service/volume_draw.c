/* SPDX-License-Identifier: BSD-2-Clause */

/* Pictures and values of planes, slabs, curved planes and projections. */

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "service/volume_op.h"

const char *const  pacs_volume_methods[] = {
    [PACS_METHOD_VOLUME] = "VOLUME_RENDERED",
    [PACS_METHOD_MAX] = "MAXIMUM_IP", [PACS_METHOD_MIN] = "MINIMUM_IP",
    [PACS_METHOD_MEAN] = "AVERAGE_IP"
};

static const pacs_slab_e  slabs[] = {
    [PACS_METHOD_MAX] = PACS_SLAB_MAX, [PACS_METHOD_MIN] = PACS_SLAB_MIN,
    [PACS_METHOD_MEAN] = PACS_SLAB_MEAN
};


/* that of the request, of the instance, or all values (of PET, which are
 * uptake, from 0) */
bool
pacs_volume_window(pacs_volume_op_t *s, bool whole)
{
    const pacs_volume_head_t *h = s->voxels->head;
    const pacs_rendered_t    *r = &s->want.rendered;
    pacs_picture_t           *p = &s->picture;
    double                    min, max;

    if (p->has_window) {
        return true;
    }

    if (r->has_window || h->width > 0) {
        p->voi = (uint8_t) (r->has_window ? (uint32_t) r->function : h->voi);
        p->center = (r->has_window ? r->center : h->center)
                    * h->window_slope + h->window_intercept;
        p->width = (r->has_window ? r->width : h->width)
                   * fabs(h->window_slope);

    } else if (whole) {
        pacs_voxels_range(s->voxels, &min, &max);
        if (strcmp(h->modality, "PT") == 0 && max > 0) {
            min = fmax(min, 0);
        }
        p->voi = PACS_VOI_LINEAR_EXACT;
        p->center = (min + max) / 2;
        p->width = fmax(max - min, 1e-6);

    } else {
        return false;
    }

    p->has_window = true;
    return true;
}


/* the i-th of an animation; C.11.29.1: the first view is the middle one */
static pacs_view_t
view_of(const pacs_volume_op_t *s, uint32_t i)
{
    pacs_view_t  view = s->view;

    if (s->along != NULL) {
        pacs_view_move(&view, s->at[i], s->along[i]);

    } else if (s->animated) {
        pacs_view_turn(&view, i * s->want.step - s->want.swivel / 2);
    }
    return view;
}


static unsigned
cores(void)
{
    long  n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > 8 ? 8 : (unsigned) n;
}


static int
mpr_values(pacs_op_t *op, pacs_volume_op_t *s, const pacs_plane_t *plane,
    float **values, pacs_err_t *err)
{
    size_t  n = (size_t) plane->width * plane->height;

    *values = pacs_calloc(op->arena, n, sizeof(float));
    return *values == NULL
           ? PACS_E_NOMEM
           : pacs_volume_bands(&s->voxels->volume, plane, cores(),
                               pacs_service_limits(op->svc), *values, err);
}


static int
curved_values(pacs_op_t *op, pacs_volume_op_t *s, float **values,
    uint32_t *width, uint32_t *height, pacs_err_t *err)
{
    const pacs_view_t *w = &s->view;
    pacs_curved_t      c = {
        .points = (const double (*)[3]) s->want.line, .n = s->want.nline,
        .down = { w->down[0], w->down[1], w->down[2] },
        .pixel = w->pixel * w->h / w->rows, .height = w->rows,
        .mode = slabs[s->want.method], .slab = s->want.slab
    };

    return pacs_volume_curved(&s->voxels->volume, &c,
                              pacs_service_limits(op->svc), op->arena,
                              values, width, height, err);
}


pacs_view_t
pacs_volume_shown(const pacs_volume_op_t *s, const pacs_view_t *view)
{
    const pacs_rendered_t *r = &s->want.rendered;
    pacs_view_t            w = *view;

    pacs_view_orient(&w, r->flip_x, r->flip_y, r->rotate);
    return w;
}


static pacs_camera_t
camera_of(const pacs_volume_op_t *s, const pacs_view_t *w)
{
    double         scale = w->w / w->columns;
    double         x = w->x + w->w / 2 - w->width / 2;
    double         y = w->y + w->h / 2 - w->height / 2;
    pacs_camera_t  c = {
        .pixel = w->pixel * scale, .width = w->columns, .height = w->rows,
        .preset = s->preset, .slab = slabs[s->want.method],
        .shaded = !s->want.unshaded, .has_cut = s->want.has_cut,
        .mirrored = s->want.rendered.flip_x != s->want.rendered.flip_y,
        .threads = cores()
    };

    for (int i = 0; i < 3; i++) {
        c.centre[i] = w->center[i] + (w->right[i] * x + w->down[i] * y)
                                     * w->pixel;
        c.view[i] = w->view[i];
        c.up[i] = -w->down[i];
    }
    memcpy(c.cut, s->want.cut, sizeof(c.cut));
    return c;
}


/* values as a picture.  Where the least is to be white they change signs, and
 * the window with them: C.11.2.1.2 has its centre half a step aside */
static int
draw_values(pacs_volume_op_t *s, float *values, uint32_t width,
    uint32_t height, pacs_buf_t *out, pacs_err_t *err)
{
    pacs_picture_t  want = s->picture;

    if (s->voxels->head->inverse) {
        want.center = (want.voi == PACS_VOI_LINEAR ? 1 : 0) - want.center;
        for (size_t i = 0; i < (size_t) width * height; i++) {
            values[i] = -values[i];
        }
    }
    return pacs_render_values(values, width, height, &want, out, err);
}


static int
draw_solid(pacs_op_t *op, pacs_volume_op_t *s, const pacs_view_t *view,
    pacs_buf_t *out, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_camera_t        c = camera_of(s, view);
    pacs_volume_t        v = s->voxels->volume;
    size_t               n = (size_t) c.width * c.height;
    int                  rc;

    pacs_voxels_range(s->voxels, &v.min, &v.max);

    if (c.preset != NULL) {
        uint8_t *rgb = pacs_calloc(op->arena, n, 3);

        rc = rgb == NULL ? PACS_E_NOMEM
                         : pacs_volume_render(&v, &c, limits, rgb, err);
        return rc != PACS_OK ? rc : pacs_render_rgb(rgb, c.width, c.height,
                                                    &s->picture, out, err);
    }

    float *values = pacs_calloc(op->arena, n, sizeof(float));

    rc = values == NULL ? PACS_E_NOMEM
                        : pacs_volume_project(&v, &c, limits, values, err);
    return rc != PACS_OK ? rc : draw_values(s, values, c.width, c.height, out,
                                            err);
}


int
pacs_volume_values(pacs_op_t *op, pacs_volume_op_t *s,
    const pacs_plane_t *plane, float **values, uint32_t *width,
    uint32_t *height, pacs_err_t *err)
{
    *width = plane->width;
    *height = plane->height;

    return s->want.nline != 0
           ? curved_values(op, s, values, width, height, err)
           : mpr_values(op, s, plane, values, err);
}


static int
draw_mpr(pacs_op_t *op, pacs_volume_op_t *s, const pacs_plane_t *plane,
    pacs_buf_t *out, pacs_err_t *err)
{
    uint32_t  width, height;
    float    *values = NULL;
    int       rc = pacs_volume_values(op, s, plane, &values, &width, &height,
                                      err);

    return rc != PACS_OK ? rc : draw_values(s, values, width, height, out,
                                            err);
}


/* the slices that a plane meets, or all; PACS_AGAIN: wait */
int
pacs_volume_need_plane(pacs_op_t *op, const pacs_route_t *route,
    pacs_volume_op_t *s, const pacs_plane_t *plane, bool whole,
    pacs_err_t *err)
{
    const pacs_volume_t *v = &s->voxels->volume;
    uint32_t             first = 0, last = v->n[2] - 1;

    return whole || pacs_volume_met(v, plane, &first, &last)
           ? pacs_volume_need(op, route, s, first, last, whole ? NULL : plane,
                              err)
           : PACS_OK;
}


pacs_plane_t
pacs_volume_plane_of(const pacs_volume_op_t *s, const pacs_view_t *view)
{
    pacs_plane_t  plane;

    pacs_view_plane(view, &plane);
    plane.mode = slabs[s->want.method];
    plane.slab = s->want.slab;
    return plane;
}


/* the next picture; PACS_AGAIN: not all it needs is there */
int
pacs_volume_draw(pacs_op_t *op, const pacs_route_t *route, pacs_volume_op_t *s,
    pacs_str_t *bytes, pacs_err_t *err)
{
    pacs_view_t   looked = view_of(s, s->done);
    pacs_view_t   view = pacs_volume_shown(s, &looked);
    pacs_plane_t  plane = pacs_volume_plane_of(s, &view);
    pacs_buf_t    out = { 0 };
    bool          whole = s->solid || s->want.nline != 0
                          || !pacs_volume_window(s, false);
    int           rc = pacs_volume_need_plane(op, route, s, &plane, whole, err);

    if (rc != PACS_OK) {
        return rc;
    }

    (void) pacs_volume_window(s, whole);

    rc = s->solid ? draw_solid(op, s, &view, &out, err)
                  : draw_mpr(op, s, &plane, &out, err);

    *bytes = pacs_buf_take(&out, op->arena);
    return rc != PACS_OK ? rc : bytes->data == NULL ? PACS_E_NOMEM : PACS_OK;
}
