/* SPDX-License-Identifier: BSD-2-Clause */

/* What is covered: Display Shutter and Bitmap Display Shutter (PS3.3 C.7.6.11,
 * C.7.6.15).  Of several shapes the part within all of them is visible. */

#include <stdlib.h>

#include "render/state_parts.h"

enum {
    SHAPE = 0x00181600, LEFT = 0x00181602, RIGHT = 0x00181604,
    UPPER = 0x00181606, LOWER = 0x00181608, CENTRE = 0x00181610,
    RADIUS = 0x00181612, VERTICES = 0x00181620, VALUE = 0x00181622,
    GROUP = 0x00181623, LAB = 0x00181624
};


static int
broken(pacs_err_t *err, const char *what)
{
    return pacs_fail(err, PACS_E_UNSHOWABLE, "the %s of the presentation "
                     "state is absent or impossible", what);
}


static int
read_rectangle(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err)
{
    const pacs_item_t  *root = v->state->ds->root;
    pacs_shutter_t     *s = &v->shutter;

    return pacs_elem_double(root, LEFT, 0, &s->left)
           && pacs_elem_double(root, RIGHT, 0, &s->right)
           && pacs_elem_double(root, UPPER, 0, &s->top)
           && pacs_elem_double(root, LOWER, 0, &s->bottom)
           ? PACS_OK : broken(err, "rectangular shutter");
}


static int
read_circle(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err)
{
    const pacs_item_t  *root = v->state->ds->root;
    pacs_shutter_t     *s = &v->shutter;

    return pacs_elem_double(root, CENTRE, 0, &s->cy)
           && pacs_elem_double(root, CENTRE, 1, &s->cx)
           && pacs_elem_double(root, RADIUS, 0, &s->radius) && s->radius >= 0
           ? PACS_OK : broken(err, "circular shutter");
}


static int
read_polygon(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err)
{
    pacs_str_t       rest = pacs_elem_raw(v->state->ds->root, VERTICES), one;
    pacs_shutter_t  *s = &v->shutter;
    uint32_t         n = 1;

    for (size_t i = 0; i < rest.len; i++) {
        n += rest.data[i] == '\\';
    }
    if (n < 6 || n % 2 != 0) {
        return broken(err, "polygonal shutter");
    }

    int  rc = pacs_state_count(v, n / 2, err);

    s->corners = pacs_calloc(a, n / 2, sizeof(*s->corners));
    for (uint32_t i = 0; rc == PACS_OK && s->corners != NULL
                         && pacs_str_split(&rest, '\\', &one); i++)
    {
        pacs_place_t  *p = &s->corners[i / 2];

        if (!pacs_str_double(pacs_str_trim(one), i % 2 == 0 ? &p->y : &p->x)) {
            return broken(err, "polygonal shutter");
        }
    }
    s->ncorners = n / 2;
    return rc == PACS_OK && s->corners == NULL ? PACS_E_NOMEM : rc;
}


static int
read_bitmap(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err)
{
    int64_t  group;

    if (!pacs_elem_int(v->state->ds->root, GROUP, 0, &group) || group % 2 != 0
        || group < 0x6000 || group > 0x601e)
    {
        return broken(err, "bitmap of the shutter");
    }
    return pacs_state_bits(image, a, v->state, (uint32_t) group,
                           &v->shutter.bits, err);
}


static const struct {
    const char          *name;
    unsigned             bit;
    pacs_state_part_pt   read;
} shapes[] = {
    { "RECTANGULAR", PACS_SHUT_RECTANGLE, read_rectangle },
    { "CIRCULAR",    PACS_SHUT_CIRCLE,    read_circle },
    { "POLYGONAL",   PACS_SHUT_POLYGON,   read_polygon },
    { "BITMAP",      PACS_SHUT_BITMAP,    read_bitmap }
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };


int
pacs_state_shutter(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err)
{
    const pacs_item_t  *root = v->state->ds->root;
    pacs_str_t          rest = pacs_elem_raw(root, SHAPE), one;
    int64_t             value = 0;
    bool                colour = false;

    while (rest.len != 0 && pacs_str_split(&rest, '\\', &one)) {
        unsigned  i = 0;

        while (i < SHAPES && !pacs_str_is(pacs_str_trim(one), shapes[i].name))
        {
            i++;
        }

        int  rc = i == SHAPES ? broken(err, "shape of the shutter")
                  : shapes[i].read(image, a, v, err);

        if (rc != PACS_OK) {
            return rc;
        }
        v->shutter.shapes |= shapes[i].bit;
    }

    (void) pacs_elem_int(root, VALUE, 0, &value);
    v->shutter.tint = pacs_tint_grey(value);
    if (v->state->kind != PACS_STATE_GREY) {
        pacs_tint_t  tint = pacs_tint_lab(root, LAB, &colour);

        v->shutter.tint = colour ? tint : v->shutter.tint;
    }
    return PACS_OK;
}


static int
ascending(const void *a, const void *b)
{
    double  x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}


size_t
pacs_polygon_crossings(const pacs_place_t *p, size_t n, double y, double *x)
{
    size_t  found = 0;

    for (size_t i = 0, j = n - 1; i < n; j = i++) {
        if ((p[i].y > y) != (p[j].y > y)) {
            x[found++] = p[i].x + (y - p[i].y) * (p[j].x - p[i].x)
                                  / (p[j].y - p[i].y);
        }
    }
    qsort(x, found, sizeof(*x), ascending);
    return found;
}


/* within the polygon, its edge included: places are pixels from 1 */
static void
cover_polygon(const pacs_shutter_t *s, uint32_t y, uint32_t columns,
    double *crossings, uint8_t *covered)
{
    size_t  n = pacs_polygon_crossings(s->corners, s->ncorners, y + 1.0,
                                       crossings);
    size_t  k = 0;

    for (uint32_t x = 0; x < columns; x++) {
        while (k + 1 < n && crossings[k + 1] < x + 1.0) {
            k += 2;
        }
        covered[x] |= k + 1 >= n || x + 1.0 < crossings[k];
    }
}


static bool
cover_one(const pacs_shutter_t *s, double x, double y)
{
    double  dx = x - s->cx, dy = y - s->cy;

    return ((s->shapes & PACS_SHUT_RECTANGLE)
            && (x < s->left || x > s->right || y < s->top || y > s->bottom))
           || ((s->shapes & PACS_SHUT_CIRCLE)
               && dx * dx + dy * dy > s->radius * s->radius)
           || ((s->shapes & PACS_SHUT_BITMAP) && s->bits.bits != NULL
               && pacs_plane_bit(&s->bits, (int64_t) x - 1, (int64_t) y - 1));
}


void
pacs_shutter_row(const pacs_shutter_t *s, uint32_t y, uint32_t columns,
    double *crossings, uint8_t *covered)
{
    for (uint32_t x = 0; x < columns; x++) {
        covered[x] = cover_one(s, x + 1.0, y + 1.0);
    }
    if (s->shapes & PACS_SHUT_POLYGON) {
        cover_polygon(s, y, columns, crossings, covered);
    }
}
