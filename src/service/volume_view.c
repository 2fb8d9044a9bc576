/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * From parameters to planes and cameras, PS3.18 8.3.5.3.4-11.  A picture
 * shows the whole volume: its box as it is seen from the camera, as many
 * pixels as the frames have in that length, or what grid says.  viewport
 * makes it smaller or larger, or cuts a region out, as in other rendered
 * resources.
 */

#include <math.h>
#include <string.h>

#include "service/volume.h"


static double
dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}


static void
cross(const double a[3], const double b[3], double out[3])
{
    for (int i = 0; i < 3; i++) {
        int  j = (i + 1) % 3, k = (i + 2) % 3;

        out[i] = a[j] * b[k] - a[k] * b[j];
    }
}


static bool
unit(double v[3])
{
    double  length = sqrt(dot(v, v));

    for (int i = 0; i < 3; i++) {
        v[i] /= length;
    }
    return length > 1e-6;
}


/* right and down from view and a vector that is about up */
static bool
stand(pacs_view_t *w, const double up[3])
{
    cross(w->view, up, w->right);
    if (!unit(w->view) || !unit(w->right)) {
        return false;
    }
    cross(w->view, w->right, w->down);
    return unit(w->down);
}


static double
place(const pacs_volume_t *v, double k)
{
    uint32_t  last = v->n[2] - 1;

    if (v->at == NULL) {
        return k;
    }
    return k <= 0 ? (double) v->at[0] + k
                  : (double) v->at[last] + k - last;
}


/* the box of the voxels: their outer faces */
static void
corner(const pacs_volume_t *v, unsigned c, double out[3])
{
    double  i = c & 1 ? v->n[0] - 0.5 : -0.5;
    double  j = c & 2 ? v->n[1] - 0.5 : -0.5;
    double  k = place(v, c & 4 ? v->n[2] - 0.5 : -0.5);

    for (int x = 0; x < 3; x++) {
        out[x] = v->origin[x] + i * v->step[0][x] + j * v->step[1][x]
                 + k * v->step[2][x];
    }
}


static double
extent(const pacs_volume_t *v, const double along[3])
{
    double  least = INFINITY, most = -INFINITY, p[3];

    for (unsigned c = 0; c < 8; c++) {
        corner(v, c, p);
        least = fmin(least, dot(p, along));
        most = fmax(most, dot(p, along));
    }
    return most - least;
}


/* 8.3.5.3.4, 8.3.5.3.5-7 */
static int
look(const pacs_volume_t *v, const pacs_web_volume_t *want, pacs_view_t *w,
    pacs_err_t *err)
{
    static const struct { char letter; double view[3], up[3]; } from[] = {
        { 'a', {  0,  1,  0 }, { 0,  0, 1 } },
        { 'p', {  0, -1,  0 }, { 0,  0, 1 } },
        { 'r', {  1,  0,  0 }, { 0,  0, 1 } },
        { 'l', { -1,  0,  0 }, { 0,  0, 1 } },
        { 'h', {  0,  0, -1 }, { 0, -1, 0 } },
        { 'f', {  0,  0,  1 }, { 0, -1, 0 } }
    };
    double    a[3], b[3], up[3] = { 0, 0, 1 };
    unsigned  i = 0;

    corner(v, 0, a);
    corner(v, 7, b);

    for (int x = 0; x < 3; x++) {
        w->center[x] = (a[x] + b[x]) / 2;
    }

    if (want->has_position) {
        for (int x = 0; x < 3; x++) {
            w->center[x] = want->lookat[x];
            w->view[x] = want->lookat[x] - want->position[x];
        }
        if (want->has_up) {
            memcpy(up, want->up, sizeof(up));

        } else if (fabs(w->view[2]) > 0.9 * sqrt(dot(w->view, w->view))) {
            memcpy(up, from[5].up, sizeof(up));
        }

        return stand(w, up)
               ? PACS_OK
               : pacs_fail(err, PACS_E_ARG, "viewpointposition, "
                           "viewpointlookat and viewpointup give no "
                           "direction");
    }

    while (want->orientation != 0 && from[i].letter != want->orientation) {
        i++;
    }
    memcpy(w->view, from[i].view, sizeof(w->view));
    (void) stand(w, from[i].up);
    return PACS_OK;
}


/* planes as far apart as the voxels in that direction */
static void
stack(const pacs_volume_t *v, pacs_view_t *w)
{
    double  most = 0;

    w->distance = w->pixel;

    for (int i = 0; i < 3; i++) {
        double  length = sqrt(dot(v->step[i], v->step[i]));
        double  d = fabs(dot(v->step[i], w->view));

        if (d / length > most) {
            most = d / length;
            w->distance = d;
        }
    }

    w->planes = (uint32_t) fmin(fmax(1, floor(extent(v, w->view)
                                              / w->distance + 0.001)), 1e6);
}


/* viewport, PS3.18 8.3.5.1.3: the picture fits into it */
static int
frame(const pacs_web_volume_t *want, const pacs_limits_t *limits,
    pacs_view_t *w, pacs_err_t *err)
{
    const pacs_rendered_t *r = &want->rendered;
    double                 scale = 1;

    w->w = w->width;
    w->h = w->height;

    if (r->has_region) {
        w->x = r->viewport[2];
        w->y = r->viewport[3];
        w->w = r->viewport[4];
        w->h = r->viewport[5];

        if (w->x >= w->width || w->y >= w->height || w->w > 1e6
            || w->h > 1e6)
        {
            return pacs_fail(err, PACS_E_ARG, "parameter viewport: the region "
                             "lies outside the picture of %.0f x %.0f",
                             w->width, w->height);
        }
    }
    if (r->has_viewport) {
        bool  turned = r->rotate & 1;

        scale = fmin(r->viewport[turned] / w->w, r->viewport[!turned] / w->h);
    }

    double  columns = fmax(1, rint(w->w * scale));
    double  rows = fmax(1, rint(w->h * scale));

    if (columns > (double) limits->render_side
        || rows > (double) limits->render_side
        || columns * rows > (double) limits->render_area)
    {
        return pacs_fail(err, PACS_E_LIMIT, "a picture of %.0f x %.0f is over "
                         "the limits render_side, render_area", columns,
                         rows);
    }

    w->columns = (uint32_t) columns;
    w->rows = (uint32_t) rows;
    return PACS_OK;
}


int
pacs_volume_view(const pacs_volume_t *v, const pacs_web_volume_t *want,
    const pacs_limits_t *limits, pacs_view_t *w, pacs_err_t *err)
{
    *w = (pacs_view_t) { .x = 0 };

    int  rc = look(v, want, w, err);

    if (rc != PACS_OK) {
        return rc;
    }

    w->pixel = fmin(sqrt(dot(v->step[0], v->step[0])),
                    sqrt(dot(v->step[1], v->step[1])));
    stack(v, w);

    if (want->has_grid) {
        w->width = want->grid[0];
        w->height = want->grid[1];
        w->pixel = want->grid[2];
    } else {
        w->width = fmax(1, rint(extent(v, w->right) / w->pixel));
        w->height = fmax(1, rint(extent(v, w->down) / w->pixel));
    }

    if (want->plane > w->planes) {
        return pacs_fail(err, PACS_E_ARG, "parameter mprplane=%u: there are "
                         "%u", want->plane, w->planes);
    }

    double  off = want->plane == 0
                  ? want->offset
                  : (want->plane - 1 - (w->planes - 1) / 2.0) * w->distance;

    for (int i = 0; i < 3; i++) {
        w->center[i] += off * w->view[i];
    }

    return frame(want, limits, w, err);
}


void
pacs_view_turn(pacs_view_t *w, double degrees)
{
    double  c = cos(degrees * M_PI / 180), s = sin(degrees * M_PI / 180);

    for (int i = 0; i < 3; i++) {
        double  view = w->view[i], right = w->right[i];

        w->view[i] = c * view - s * right;
        w->right[i] = c * right + s * view;
    }
}


static void
swap(double *a, double *b)
{
    double  t = *a;

    *a = *b;
    *b = t;
}


/* what was the left side is the top */
static void
quarter(pacs_view_t *w)
{
    uint32_t  columns = w->columns;
    double    x = w->x;

    for (int i = 0; i < 3; i++) {
        double  right = w->right[i];

        w->right[i] = -w->down[i];
        w->down[i] = right;
    }
    w->x = w->height - w->y - w->h;
    w->y = x;
    swap(&w->width, &w->height);
    swap(&w->w, &w->h);
    w->columns = w->rows;
    w->rows = columns;
}


void
pacs_view_orient(pacs_view_t *w, bool flip_x, bool flip_y, unsigned quarters)
{
    for (int i = 0; i < 3; i++) {
        w->right[i] *= flip_x ? -1 : 1;
        w->down[i] *= flip_y ? -1 : 1;
    }
    if (flip_x) {
        w->x = w->width - w->x - w->w;
    }
    if (flip_y) {
        w->y = w->height - w->y - w->h;
    }
    for (unsigned i = 0; i < quarters % 4; i++) {
        quarter(w);
    }
}


void
pacs_view_move(pacs_view_t *w, const double at[3], const double along[3])
{
    pacs_view_t  turned = *w;
    double       up[3] = { -w->down[0], -w->down[1], -w->down[2] };

    memcpy(turned.view, along, sizeof(turned.view));

    /* straight up or down there is no telling: the old right stays right */
    if (!stand(&turned, up)) {
        turned = *w;
        memcpy(turned.view, along, sizeof(turned.view));
        cross(turned.view, turned.right, turned.down);
    }

    *w = turned;
    memcpy(w->center, at, sizeof(w->center));
}


void
pacs_view_plane(const pacs_view_t *w, pacs_plane_t *p)
{
    double  sx = w->w / w->columns, sy = w->h / w->rows;
    double  x = w->x + sx / 2 - w->width / 2;
    double  y = w->y + sy / 2 - w->height / 2;

    *p = (pacs_plane_t) { .width = w->columns, .height = w->rows };

    for (int i = 0; i < 3; i++) {
        p->origin[i] = w->center[i] + (w->right[i] * x + w->down[i] * y)
                                      * w->pixel;
        p->right[i] = w->right[i] * sx * w->pixel;
        p->down[i] = w->down[i] * sy * w->pixel;
    }
}


/* along k, in steps: rises with the place by `v->step[2]` */
static double
depth(const pacs_volume_t *v, const double p[3])
{
    double  normal[3], d[3];

    cross(v->step[0], v->step[1], normal);

    for (int i = 0; i < 3; i++) {
        d[i] = p[i] - v->origin[i];
    }
    return dot(d, normal) / dot(v->step[2], normal);
}


bool
pacs_volume_met(const pacs_volume_t *v, const pacs_plane_t *p,
    uint32_t *first, uint32_t *last)
{
    double  least = INFINITY, most = -INFINITY, normal[3];

    cross(p->right, p->down, normal);
    (void) unit(normal);

    for (unsigned c = 0; c < 8; c++) {
        double  at[3];

        for (int i = 0; i < 3; i++) {
            at[i] = p->origin[i] + (c & 1 ? p->right[i] * p->width : 0)
                    + (c & 2 ? p->down[i] * p->height : 0)
                    + normal[i] * p->slab * (c & 4 ? 0.5 : -0.5);
        }
        least = fmin(least, depth(v, at));
        most = fmax(most, depth(v, at));
    }

    *first = 0;
    *last = v->n[2] - 1;

    while (*first < *last && place(v, 0) <= least
           && (v->at != NULL ? (double) v->at[*first + 1]
                             : *first + 1.0) <= least)
    {
        ++*first;
    }
    while (*last > *first
           && (v->at != NULL ? (double) v->at[*last - 1]
                             : *last - 1.0) >= most)
    {
        --*last;
    }

    return most >= place(v, -0.5) && least <= place(v, v->n[2] - 0.5);
}


uint32_t
pacs_volume_track(const double (*track)[3], unsigned n, double step,
    uint32_t max, double (*at)[3], double (*along)[3])
{
    double    left = 0;             /* to the next point, from this one */
    uint32_t  found = 0;

    for (unsigned i = 0; i + 1 < n; i++) {
        double  d[3], length;

        for (int x = 0; x < 3; x++) {
            d[x] = track[i + 1][x] - track[i][x];
        }
        length = sqrt(dot(d, d));
        if (!unit(d)) {
            continue;
        }

        for (; left <= length + 1e-9 && found < max; left += step) {
            for (int x = 0; x < 3; x++) {
                at[found][x] = track[i][x] + d[x] * left;
            }
            memcpy(along[found++], d, sizeof(d));
        }
        left -= length;
    }

    return found;
}
