/* SPDX-License-Identifier: BSD-2-Clause */

/* Parameters of …/frames/N/values, which no standard has. */

#include <inttypes.h>

#include "web/known.h"

enum { MAX_BINS = 4096 };

/* pixels from the frame's corner: products of two stay exact enough */
static const double  farthest = 1e6;

static const struct {
    const char    *name;
    pacs_shape_e   shape;
    unsigned       least, most;         /* numbers; most 0: the limit */
    const char    *form;
} shapes[] = {
    { "point",     PACS_SHAPE_POINT,     2, 2, "x,y" },
    { "rectangle", PACS_SHAPE_RECTANGLE, 4, 4, "x,y,width,height" },
    { "ellipse",   PACS_SHAPE_ELLIPSE,   4, 5, "cx,cy,rx,ry[,degrees]" },
    { "polygon",   PACS_SHAPE_POLYGON,   6, 0, "x1,y1,x2,y2,x3,y3,…" }
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };


const char *
pacs_web_values_name(unsigned i)
{
    return i < SHAPES ? shapes[i].name : i == SHAPES ? "histogram" : NULL;
}


static int
numbers(const pacs_param_t *p, pacs_arena_t *a, double **v, unsigned *n,
    pacs_err_t *err)
{
    pacs_str_t  rest = p->value, part;
    size_t      room = 1;

    for (size_t i = 0; i < p->value.len; i++) {
        room += p->value.data[i] == ',';
    }

    /* one more for an angle that is not given */
    *n = 0;
    *v = pacs_calloc(a, room + 1, sizeof(**v));
    if (*v == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a parameter");
    }

    while (pacs_str_split(&rest, ',', &part)) {
        if (!pacs_str_double(part, &(*v)[*n])) {
            return pacs_web_bad(err, p,
                                "must be finite numbers between commas");
        }
        (*n)++;
    }
    return PACS_OK;
}


static int
check_shape(const pacs_param_t *p, const pacs_shape_t *s, pacs_err_t *err)
{
    for (unsigned i = 0; i < s->n; i++) {
        if (s->v[i] < -farthest || s->v[i] > farthest) {
            return pacs_web_bad(err, p, "a number is beyond 1000000");
        }
    }

    if ((s->shape == PACS_SHAPE_RECTANGLE || s->shape == PACS_SHAPE_ELLIPSE)
        && (s->v[2] <= 0 || s->v[3] <= 0))
    {
        return pacs_web_bad(err, p, s->shape == PACS_SHAPE_ELLIPSE
                           ? "radii must be above 0"
                           : "width and height must be above 0");
    }
    return PACS_OK;
}


static int
add_shape(const pacs_param_t *p, unsigned kind, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_values_t *values, pacs_err_t *err)
{
    pacs_shape_t *s = &values->shapes[values->nshapes];
    double       *v;
    int           rc = numbers(p, a, &v, &s->n, err);
    bool          polygon = shapes[kind].shape == PACS_SHAPE_POLYGON;

    if (rc != PACS_OK) {
        return rc;
    }
    if (values->nshapes == limits->query_keys) {
        return pacs_fail(err, PACS_E_LIMIT, "more points and regions than "
                         "query_keys %" PRId64, limits->query_keys);
    }
    s->v = v;
    s->shape = shapes[kind].shape;
    s->name = shapes[kind].name;

    if (polygon && s->n / 2 > (uint64_t) limits->roi_points) {
        return pacs_fail(err, PACS_E_LIMIT, "a polygon of %u points, the limit "
                         "roi_points is %" PRId64, s->n / 2,
                         limits->roi_points);
    }
    if (s->n < shapes[kind].least || (polygon && s->n % 2 != 0)
        || (!polygon && s->n > shapes[kind].most))
    {
        return pacs_fail(err, PACS_E_ARG, "parameter %s: must be %s",
                         s->name, shapes[kind].form);
    }

    if (s->shape == PACS_SHAPE_ELLIPSE) {
        s->n = 5;
    }
    values->nshapes++;
    return check_shape(p, s, err);
}


static int
set_histogram(const pacs_param_t *p, pacs_arena_t *a, pacs_values_t *values,
    pacs_err_t *err)
{
    double   *v;
    unsigned  n;

    if (values->bins != 0) {
        return pacs_web_bad(err, p, "is given twice");
    }

    int  rc = numbers(p, a, &v, &n, err);

    if (rc != PACS_OK) {
        return rc;
    }
    if ((n != 1 && n != 3) || !(v[0] >= 1 && v[0] <= MAX_BINS)
        || v[0] != (unsigned) v[0])
    {
        return pacs_web_bad(err, p,
                            "must be bins[,min,max] with 1 to 4096 bins");
    }

    values->bins = (unsigned) v[0];
    values->has_range = n == 3;
    if (n == 3) {
        values->min = v[1];
        values->max = v[2];
        if (!(v[1] < v[2] && v[2] - v[1] < 1e300)) {
            return pacs_web_bad(err, p, "min must be below max");
        }
    }
    return PACS_OK;
}


int
pacs_web_values(const pacs_param_t *params, unsigned n,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_values_t *values,
    pacs_err_t *err)
{
    *values = (pacs_values_t) { .nshapes = 0 };

    values->shapes = pacs_calloc(a, n + 1, sizeof(*values->shapes));
    if (values->shapes == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for regions");
    }

    for (unsigned i = 0; i < n; i++) {
        unsigned  k = 0;
        int       rc = PACS_OK;

        while (k < SHAPES && !pacs_str_is(params[i].name, shapes[k].name)) {
            k++;
        }

        if (k < SHAPES) {
            rc = add_shape(&params[i], k, limits, a, values, err);
        } else if (pacs_str_is(params[i].name, "histogram")) {
            rc = set_histogram(&params[i], a, values, err);
        }
        if (rc != PACS_OK) {
            return rc;
        }
    }

    return values->nshapes > 0
           ? PACS_OK
           : pacs_fail(err, PACS_E_ARG, "nothing to measure: give point, "
                       "rectangle, ellipse or polygon");
}
