/* SPDX-License-Identifier: BSD-2-Clause */

/* Grey values and colours of a state: Modality LUT, Mask, Softcopy VOI LUT,
 * Softcopy Presentation LUT, palette (PS3.3 C.11.1, C.11.13, C.11.8, C.11.6,
 * C.7.9).  What is absent is an identity (PS3.4 N.2), whatever the image
 * says. */

#include <math.h>

#include "render/state_parts.h"

enum {
    VIEWING_MODE = 0x00281090, CENTER = 0x00281050, WIDTH = 0x00281051,
    INTERCEPT = 0x00281052, SLOPE = 0x00281053, MODALITY_SEQ = 0x00283000,
    VOI_SEQ = 0x00283010, SOFTCOPY_VOI_SEQ = 0x00283110,
    MASK_SEQ = 0x00286100, MASK_OPERATION = 0x00286101,
    MASK_RANGE = 0x00286102, MASK_FRAMES = 0x00286110,
    CONTRAST_AVERAGING = 0x00286112, MASK_SHIFT = 0x00286114,
    LUT_SEQ = 0x20500010, LUT_SHAPE = 0x20500020
};


static int
broken(pacs_err_t *err, const char *what)
{
    return pacs_fail(err, PACS_E_UNSHOWABLE, "the %s of the presentation "
                     "state is absent, damaged or impossible", what);
}


/* a sequence of one table; false: there is none */
static int
read_table(const pacs_state_view_t *v, const pacs_item_t *item,
    bool is_signed, const char *what, pacs_arena_t *a, pacs_lut_t *lut,
    pacs_err_t *err)
{
    return item == NULL
           || pacs_lut_read(v->state->stream, item, is_signed, a, lut)
           ? PACS_OK : broken(err, what);
}


static int
read_modality(pacs_arena_t *a, pacs_state_view_t *v, pacs_err_t *err)
{
    const pacs_item_t  *root = v->state->ds->root;
    bool                slope, intercept;

    v->slope = 1;
    slope = pacs_elem_double(root, SLOPE, 0, &v->slope);
    intercept = pacs_elem_double(root, INTERCEPT, 0, &v->intercept);

    if (slope != intercept || v->slope == 0 || !isfinite(v->slope)
        || !isfinite(v->intercept))
    {
        return broken(err, "Rescale Slope or Intercept");
    }
    return read_table(v, pacs_elem_item(root, MODALITY_SEQ), v->px.is_signed,
                      "Modality LUT", a, &v->modality, err);
}


static int
read_window(const pacs_item_t *item, pacs_state_view_t *v, pacs_err_t *err)
{
    if (!pacs_elem_double(item, CENTER, 0, &v->center)
        || !pacs_elem_double(item, WIDTH, 0, &v->width)
        || !isfinite(v->center) || !isfinite(v->width) || v->width <= 0)
    {
        return broken(err, "window");
    }
    if (!pacs_voi_function(item, &v->voi)
        || (v->voi == PACS_VOI_LINEAR && v->width < 1))
    {
        return broken(err, "VOI LUT Function, or the width of its window,");
    }
    return PACS_OK;
}


static int
read_voi(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err)
{
    const pacs_item_t  *i = pacs_elem_item(v->state->ds->root,
                                           SOFTCOPY_VOI_SEQ);

    while (i != NULL && !pacs_state_applies(i, image)) {
        i = i->next;
    }

    v->voi = PACS_VOI_WHOLE;
    if (i == NULL) {
        return PACS_OK;
    }
    if (pacs_elem_item(i, VOI_SEQ) == NULL) {
        return read_window(i, v, err);
    }

    v->voi = PACS_VOI_TABLE;
    return read_table(v, pacs_elem_item(i, VOI_SEQ),
                      v->px.is_signed || v->intercept < 0, "VOI LUT", a,
                      &v->voi_lut, err);
}


static int
read_presentation(pacs_arena_t *a, pacs_state_view_t *v, pacs_err_t *err)
{
    const pacs_item_t  *root = v->state->ds->root;
    const pacs_item_t  *lut = pacs_elem_item(root, LUT_SEQ);
    pacs_str_t          shape = pacs_elem_raw(root, LUT_SHAPE);

    v->inverse = lut == NULL && pacs_str_is(shape, "INVERSE");
    if (lut == NULL && shape.len != 0 && !v->inverse
        && !pacs_str_is(shape, "IDENTITY"))
    {
        return broken(err, "Presentation LUT Shape");
    }
    return read_table(v, lut, false, "Presentation LUT", a, &v->presentation,
                      err);
}


/* what a mask asks for and is not done */
static const struct { uint32_t tag; double least, most; const char *name; }
    mask_limits[] = {
    { CONTRAST_AVERAGING, 0, 1, "Contrast Frame Averaging" },
    { MASK_SHIFT, 0, 0, "Mask Sub-pixel Shift" },
};


static int
check_mask(const pacs_item_t *item, pacs_err_t *err)
{
    double  value;

    for (size_t i = 0; i < sizeof(mask_limits) / sizeof(mask_limits[0]); i++) {
        for (unsigned k = 0; pacs_elem_double(item, mask_limits[i].tag, k,
                                              &value) && k < 2; k++)
        {
            if (!(value >= mask_limits[i].least
                  && value <= mask_limits[i].most))
            {
                return pacs_fail(err, PACS_E_UNSHOWABLE, "%s %g of the "
                                 "presentation state's mask is not done",
                                 mask_limits[i].name, value);
            }
        }
    }
    return pacs_elem(item, MASK_RANGE) != NULL || item->next != NULL
           ? pacs_fail(err, PACS_E_UNSHOWABLE, "a mask of some frames only is "
                       "not done: a presentation state has none")
           : PACS_OK;
}


static int
read_mask(pacs_arena_t *a, pacs_state_view_t *v, pacs_err_t *err)
{
    const pacs_item_t    *root = v->state->ds->root;
    const pacs_item_t    *item = pacs_elem_item(root, MASK_SEQ);
    pacs_str_t            operation = pacs_elem_raw(item, MASK_OPERATION);
    const pacs_elem_t    *e = pacs_elem(item, MASK_FRAMES);
    const pacs_limits_t  *limits = v->state->limits;

    if (item == NULL || pacs_str_is(operation, "NONE")
        || pacs_str_is(pacs_elem_raw(root, VIEWING_MODE), "NAT"))
    {
        return PACS_OK;
    }
    if (!pacs_str_is(operation, "AVG_SUB")) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "Mask Operation %.*s of the "
                         "presentation state is not done",
                         operation.len > 16 ? 16 : (int) operation.len,
                         operation.len == 0 ? "" : operation.data);
    }

    int  rc = check_mask(item, err);

    if (rc != PACS_OK) {
        return rc;
    }

    uint64_t  n = e != NULL ? e->length / 2 : 0;

    if (n == 0 || n > (uint64_t) limits->render_pictures) {
        return pacs_fail(err, n == 0 ? PACS_E_UNSHOWABLE : PACS_E_LIMIT,
                         "the mask of the presentation state has %llu frames, "
                         "the limit render_pictures is %lld",
                         (unsigned long long) n,
                         (long long) limits->render_pictures);
    }

    v->mask = pacs_calloc(a, n, sizeof(*v->mask));
    if (v->mask == NULL) {
        return PACS_E_NOMEM;
    }
    for (unsigned i = 0; i < n; i++) {
        int64_t  frame;

        if (!pacs_elem_int(item, MASK_FRAMES, i, &frame) || frame < 1
            || frame > v->px.frames)
        {
            return broken(err, "mask's list of frames");
        }
        v->mask[v->nmask++] = (uint32_t) frame - 1;
    }
    return PACS_OK;
}


int
pacs_state_look(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err)
{
    const pacs_state_t  *s = v->state;
    int                  rc;

    if (s->kind == PACS_STATE_COLOUR) {
        return PACS_OK;
    }

    if ((rc = read_modality(a, v, err)) != PACS_OK
        || (rc = read_mask(a, v, err)) != PACS_OK
        || (rc = read_voi(image, a, v, err)) != PACS_OK
        || (rc = read_presentation(a, v, err)) != PACS_OK)
    {
        return rc;
    }
    return s->kind != PACS_STATE_PSEUDO
           || pacs_palette_read(s->stream, s->ds->root, a, v->palette)
           ? PACS_OK : broken(err, "palette");
}
