/* SPDX-License-Identifier: BSD-2-Clause */

/* Which part of the image is shown, which way up and how large: Spatial
 * Transformation and Displayed Area (PS3.3 C.10.6, C.10.4). */

#include <math.h>
#include <stdlib.h>

#include "render/state_parts.h"

enum {
    FLIP = 0x00700041, ROTATION = 0x00700042, TOP_LEFT = 0x00700052,
    BOTTOM_RIGHT = 0x00700053, AREA_SEQ = 0x0070005a, SIZE_MODE = 0x00700100,
    PIXEL_SPACING = 0x00700101, PIXEL_ASPECT = 0x00700102,
    MAGNIFICATION = 0x00700103, ORIGIN = 0x00480301
};


static int
impossible(pacs_err_t *err, const char *what)
{
    return pacs_fail(err, PACS_E_UNSHOWABLE, "the %s of the presentation "
                     "state is absent or impossible", what);
}


static int
read_transformation(const pacs_item_t *root, pacs_state_view_t *v,
    pacs_err_t *err)
{
    int64_t  degrees = 0;

    (void) pacs_elem_int(root, ROTATION, 0, &degrees);
    if (degrees < 0 || degrees > 270 || degrees % 90 != 0) {
        return impossible(err, "Image Rotation");
    }

    v->rotate = (uint8_t) (degrees / 90);
    v->flip = pacs_str_is(pacs_elem_raw(root, FLIP), "Y");
    return PACS_OK;
}


/* corners are pixels from 1, both within; the first is at the top left when
 * the image is turned */
static int
read_corners(const pacs_item_t *item, pacs_state_view_t *v, pacs_err_t *err)
{
    int64_t  at[2][2];

    for (unsigned i = 0; i < 2; i++) {
        if (!pacs_elem_int(item, TOP_LEFT, i, &at[0][i])
            || !pacs_elem_int(item, BOTTOM_RIGHT, i, &at[1][i])
            || llabs(at[0][i]) > INT32_MAX || llabs(at[1][i]) > INT32_MAX)
        {
            return impossible(err, "Displayed Area");
        }
    }

    v->sx = (double) (at[0][0] < at[1][0] ? at[0][0] : at[1][0]) - 1;
    v->sy = (double) (at[0][1] < at[1][1] ? at[0][1] : at[1][1]) - 1;
    v->sw = (double) llabs(at[0][0] - at[1][0]) + 1;
    v->sh = (double) llabs(at[0][1] - at[1][1]) + 1;

    return v->sx < v->px.columns && v->sy < v->px.rows && v->sx + v->sw > 0
           && v->sy + v->sh > 0
           ? PACS_OK
           : pacs_fail(err, PACS_E_UNSHOWABLE, "the Displayed Area of the "
                       "presentation state lies outside of the image");
}


static int
read_size(const pacs_item_t *item, pacs_state_view_t *v, pacs_err_t *err)
{
    pacs_str_t  mode = pacs_elem_raw(item, SIZE_MODE);
    double      down, across;

    if (pacs_str_is(mode, "MAGNIFY")) {
        double  m;

        if (!pacs_elem_double(item, MAGNIFICATION, 0, &m) || !isfinite(m)
            || m <= 0)
        {
            return impossible(err, "magnification");
        }
        v->magnify = m;

    } else if (!pacs_str_is(mode, "SCALE TO FIT")
               && !pacs_str_is(mode, "TRUE SIZE"))
    {
        return impossible(err, "Presentation Size Mode");
    }

    v->aspect = 1;
    for (uint32_t tag = PIXEL_SPACING; tag <= PIXEL_ASPECT; tag++) {
        if (!pacs_elem_double(item, tag, 0, &down)
            || !pacs_elem_double(item, tag, 1, &across))
        {
            continue;
        }
        v->aspect = down / across;
        return down > 0 && across > 0 && isfinite(v->aspect)
               ? PACS_OK : impossible(err, "shape of a pixel");
    }
    return impossible(err, "shape of a pixel");
}


int
pacs_state_area(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err)
{
    const pacs_item_t  *root = v->state->ds->root;
    const pacs_item_t  *i = pacs_elem_item(root, AREA_SEQ);
    int                 rc;

    while (i != NULL && !pacs_state_applies(i, image)) {
        i = i->next;
    }
    if (i == NULL) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "the presentation state has "
                         "no Displayed Area for this image");
    }
    if (pacs_str_is(pacs_elem_raw(i, ORIGIN), "VOLUME")) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "the Displayed Area is of "
                         "the total pixel matrix, which is not done");
    }

    if ((rc = read_transformation(root, v, err)) != PACS_OK
        || (rc = read_corners(i, v, err)) != PACS_OK)
    {
        return rc;
    }
    return read_size(i, v, err);
}
