/* SPDX-License-Identifier: BSD-2-Clause */

/* Which states there are, what they refer to (PS3.3 C.11.11), and what their
 * parts say, put together for one frame. */

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "render/state_parts.h"

#define STATE  "1.2.840.10008.5.1.4.1.1.11."

enum {
    CLASS = 0x00080016, SERIES_SEQ = 0x00081115, IMAGE_SEQ = 0x00081140,
    INSTANCE = 0x00081155, FRAME_NUMBER = 0x00081160, SERIES = 0x0020000e,
    ICC_PROFILE = 0x00282000, CURVE = 0x50001001, ACTIVATION = 0x60001001,
    OVERLAY_DATA = 0x60003000
};

static const struct {
    const char  *uid;
    int          kind;          /* -1: not applied */
    const char  *name;
} classes[] = {
    { STATE "1", PACS_STATE_GREY, "grayscale" },
    { STATE "2", PACS_STATE_COLOUR, "color" },
    { STATE "3", PACS_STATE_PSEUDO, "pseudo-color" },
    { STATE "4", -1, "blending" },
    { STATE "5", -1, "XA/XRF grayscale" },
    { STATE "8", -1, "advanced blending" },
    { STATE "12", -1, "variable modality LUT" }
};

enum { CLASSES = sizeof(classes) / sizeof(classes[0]) };


static unsigned
find(pacs_str_t class_uid)
{
    unsigned  i = 0;

    while (i < CLASSES && !pacs_str_is(class_uid, classes[i].uid)) {
        i++;
    }
    return i;
}


bool
pacs_state_is(pacs_str_t class_uid)
{
    return find(class_uid) < CLASSES;
}


const char *
pacs_state_class(unsigned i, const char **name, bool *applied)
{
    if (i >= CLASSES) {
        return NULL;
    }
    *name = classes[i].name;
    *applied = classes[i].kind >= 0;
    return classes[i].uid;
}


const uint8_t *
pacs_state_value(const pacs_state_t *s, const pacs_elem_t *e,
    pacs_arena_t *a)
{
    if (e == NULL || e->length == 0 || e->vr == PACS_SQ || e->undefined
        || e->length > (uint64_t) s->limits->value)
    {
        return NULL;
    }
    if (e->value != NULL) {
        return e->value;
    }

    uint8_t  *p = pacs_alloc(a, (size_t) e->length);

    return p != NULL && pacs_source_exact(s->stream, e->offset, p,
                                          (size_t) e->length, NULL)
                        == PACS_OK ? p : NULL;
}


bool
pacs_state_floats(const pacs_state_t *s, const pacs_item_t *item,
    uint32_t tag, size_t n, double *values, pacs_arena_t *a)
{
    const pacs_elem_t  *e = pacs_elem(item, tag);
    const uint8_t      *p = pacs_state_value(s, e, a);

    if (p == NULL || e->length != n * 4 || e->vr != PACS_FL) {
        return false;
    }

    for (size_t i = 0; i < n; i++, p += 4) {
        uint32_t  u = item->big_endian
            ? (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | p[2] << 8 | p[3]
            : (uint32_t) p[3] << 24 | (uint32_t) p[2] << 16 | p[1] << 8 | p[0];
        float     v;

        memcpy(&v, &u, sizeof(v));
        values[i] = v;
        if (!isfinite(v)) {
            return false;
        }
    }
    return true;
}


/* --- references --- */

static int
read_frames(pacs_state_t *s, const pacs_item_t *item, pacs_arena_t *a,
    pacs_state_ref_t *ref, pacs_err_t *err)
{
    pacs_str_t  rest = pacs_elem_raw(item, FRAME_NUMBER), one;
    uint32_t    n = rest.len != 0;

    for (size_t i = 0; i < rest.len; i++) {
        n += rest.data[i] == '\\';
    }
    if (n > s->limits->render_pictures) {
        return pacs_fail(err, PACS_E_LIMIT, "the presentation state refers to "
                         "%u frames of an image, the limit render_pictures is "
                         "%" PRId64, n, s->limits->render_pictures);
    }

    ref->frames = pacs_calloc(a, n + 1, sizeof(*ref->frames));
    if (ref->frames == NULL) {
        return PACS_E_NOMEM;
    }
    while (pacs_str_split(&rest, '\\', &one)) {
        int64_t  v;

        if (!pacs_str_int(pacs_str_trim(one), 1, UINT32_MAX, &v)) {
            return pacs_fail(err, PACS_E_UNSHOWABLE, "the presentation state "
                             "refers to a frame that is no number from 1");
        }
        ref->frames[ref->nframes++] = (uint32_t) v;
    }
    return PACS_OK;
}


static int
read_refs(pacs_state_t *s, pacs_arena_t *a, pacs_err_t *err)
{
    const pacs_elem_t  *list = pacs_elem(s->ds->root, SERIES_SEQ);
    uint32_t            n = 0;
    int                 rc = PACS_OK;

    for (const pacs_item_t *i = list != NULL ? list->items : NULL; i != NULL;
         i = i->next)
    {
        const pacs_elem_t  *e = pacs_elem(i, IMAGE_SEQ);

        for (const pacs_item_t *k = e != NULL ? e->items : NULL; k != NULL;
             k = k->next)
        {
            n++;
        }
    }
    if (n == 0) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "the presentation state "
                         "refers to no image");
    }
    if (n > s->limits->render_pictures) {
        return pacs_fail(err, PACS_E_LIMIT, "the presentation state refers to "
                         "%u images, the limit render_pictures is %" PRId64, n,
                         s->limits->render_pictures);
    }

    s->refs = pacs_calloc(a, n, sizeof(*s->refs));
    if (s->refs == NULL) {
        return PACS_E_NOMEM;
    }

    for (const pacs_item_t *i = list->items; i != NULL; i = i->next) {
        const pacs_elem_t  *e = pacs_elem(i, IMAGE_SEQ);

        for (const pacs_item_t *k = e != NULL ? e->items : NULL;
             rc == PACS_OK && k != NULL; k = k->next)
        {
            pacs_state_ref_t  *ref = &s->refs[s->nrefs++];

            ref->series = pacs_elem_raw(i, SERIES);
            ref->instance = pacs_elem_raw(k, INSTANCE);
            rc = !pacs_uid_ok(ref->series) || !pacs_uid_ok(ref->instance)
                 ? pacs_fail(err, PACS_E_UNSHOWABLE, "the presentation state "
                             "refers to an image without a UID")
                 : read_frames(s, k, a, ref, err);
        }
    }
    return rc;
}


static bool
names_frame(const pacs_item_t *item, uint32_t frame)
{
    pacs_str_t  rest = pacs_elem_raw(item, FRAME_NUMBER), one;
    int64_t     v;

    if (rest.len == 0) {
        return true;
    }
    while (pacs_str_split(&rest, '\\', &one)) {
        if (pacs_str_int(pacs_str_trim(one), 1, UINT32_MAX, &v)
            && (uint64_t) v == (uint64_t) frame + 1)
        {
            return true;
        }
    }
    return false;
}


bool
pacs_state_applies(const pacs_item_t *item, const pacs_state_image_t *image)
{
    const pacs_item_t  *i = pacs_elem_item(item, IMAGE_SEQ);

    if (i == NULL) {
        return true;
    }
    for (; i != NULL; i = i->next) {
        if (pacs_str_eq(pacs_elem_raw(i, INSTANCE), image->instance)
            && names_frame(i, image->frame))
        {
            return true;
        }
    }
    return false;
}


bool
pacs_state_has(const pacs_state_t *state, pacs_str_t instance, uint32_t frame)
{
    for (uint32_t i = 0; i < state->nrefs; i++) {
        const pacs_state_ref_t  *ref = &state->refs[i];

        if (!pacs_str_eq(ref->instance, instance)) {
            continue;
        }
        for (uint32_t k = 0; k < ref->nframes; k++) {
            if (ref->frames[k] == frame + 1) {
                return true;
            }
        }
        if (ref->nframes == 0) {
            return true;
        }
    }
    return false;
}


/* --- the state --- */

static int
read_profile(pacs_state_t *s, pacs_arena_t *a, pacs_err_t *err)
{
    const pacs_elem_t  *e = pacs_elem(s->ds->root, ICC_PROFILE);

    if (s->kind == PACS_STATE_GREY || e == NULL || e->length == 0) {
        return PACS_OK;
    }

    const uint8_t  *p = pacs_state_value(s, e, a);

    s->profile = (pacs_str_t) { (const char *) p, (size_t) e->length };
    return p != NULL ? PACS_OK
                     : pacs_fail(err, PACS_E_UNSHOWABLE, "the ICC profile of "
                                 "the presentation state cannot be read");
}


int
pacs_state_read(pacs_source_t *stream, const pacs_dataset_t *ds,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_state_t *state,
    pacs_err_t *err)
{
    pacs_str_t  uid = pacs_elem_raw(ds->root, CLASS);
    unsigned    i = find(uid);

    if (i == CLASSES) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "the instance is no "
                         "presentation state, its class is %.*s",
                         uid.len > 64 ? 64 : (int) uid.len, uid.data);
    }
    if (classes[i].kind < 0) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "%s presentation states are "
                         "not applied", classes[i].name);
    }

    *state = (pacs_state_t) { .kind = (uint8_t) classes[i].kind, .ds = ds,
                              .stream = stream, .limits = limits };

    int  rc = read_refs(state, a, err);

    return rc == PACS_OK ? read_profile(state, a, err) : rc;
}


/* overlays are groups of even numbers from 6000 to 601E, PS3.5 7.6 */
bool
pacs_state_wants_image(const pacs_state_t *state)
{
    for (uint32_t g = 0; g < 0x20; g += 2) {
        const pacs_item_t  *root = state->ds->root;

        if (pacs_elem_raw(root, ACTIVATION + (g << 16)).len != 0
            && pacs_elem(root, OVERLAY_DATA + (g << 16)) == NULL)
        {
            return true;
        }
    }
    return false;
}


static int
check_kind(const pacs_state_t *s, const pacs_pixels_t *px, pacs_err_t *err)
{
    bool  grey = px->photometric == PACS_PI_MONO1
                 || px->photometric == PACS_PI_MONO2;

    if (grey != (s->kind != PACS_STATE_COLOUR)) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, grey
                         ? "a color presentation state is not for images of "
                         "grey values"
                         : "a presentation state of grey values is not for "
                         "color images");
    }

    for (uint32_t g = 0; g < 0x20; g += 2) {
        if (pacs_elem_raw(s->ds->root, CURVE + (g << 16)).len != 0) {
            return pacs_fail(err, PACS_E_UNSHOWABLE, "the presentation state "
                             "shows a curve (50%02X,1001), which are not "
                             "drawn", g);
        }
    }
    return PACS_OK;
}


int
pacs_state_view(const pacs_state_t *state, const pacs_state_image_t *image,
    pacs_arena_t *a, pacs_state_view_t **view, pacs_err_t *err)
{
    static const pacs_state_part_pt  parts[] = {
        pacs_state_look, pacs_state_area, pacs_state_shutter,
        pacs_state_layers, pacs_state_overlays, pacs_state_marks
    };
    pacs_state_view_t  *v = pacs_calloc(a, 1, sizeof(*v));
    int                 rc;

    if (v == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "presentation state");
    }

    *view = v;
    v->state = state;
    v->px = image->px;
    v->look = image->look;

    rc = check_kind(state, &image->px, err);
    for (size_t i = 0; rc == PACS_OK && i < sizeof(parts) / sizeof(parts[0]);
         i++)
    {
        rc = parts[i](image, a, v, err);
    }
    return rc == PACS_E_NOMEM ? pacs_fail(err, rc, "presentation state") : rc;
}
