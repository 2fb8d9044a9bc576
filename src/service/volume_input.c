/* SPDX-License-Identifier: BSD-2-Clause */

/* From the heads of instances to slices: PS3.3 C.7.6.2, C.7.6.16.2 (plane
 * position, orientation, pixel measures), C.8.8.3.2 (grid frame offsets). */

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service/volume.h"

enum {
    IMAGE_TYPE = 0x00080008, MODALITY = 0x00080060,
    TRIGGER_TIME = 0x00181060, ECHO_NUMBER = 0x00180086,
    ACQUISITION_NUMBER = 0x00200012, INSTANCE_NUMBER = 0x00200013,
    POSITION = 0x00200032, ORIENTATION = 0x00200037,
    FRAME_OF_REFERENCE = 0x00200052, TEMPORAL_POSITION = 0x00200100,
    CONTENT_SEQ = 0x00209111, POSITION_SEQ = 0x00209113,
    ORIENTATION_SEQ = 0x00209116, TEMPORAL_INDEX = 0x00209128,
    ACQUISITION_INDEX = 0x00209156,
    SPACING = 0x00280030, INTERCEPT = 0x00281052, SLOPE = 0x00281053,
    MODALITY_LUT = 0x00283000,
    MEASURES_SEQ = 0x00289110, TRANSFORM_SEQ = 0x00289145,
    GRID_OFFSETS = 0x3004000C,
    SHARED = 0x52009229, PER_FRAME = 0x52009230
};

enum { HELD = 16384 };              /* bytes of a value */

typedef struct {
    pacs_service_t           *svc;
    const pacs_web_volume_t  *want;
    pacs_arena_t             *a;
    pacs_input_t             *in;
    uint32_t                  room;         /* in->slices */
    bool                      matched;      /* one of them did */
} ctx_t;


static bool
numbers(const pacs_item_t *item, uint32_t tag, unsigned n, double *v)
{
    for (unsigned i = 0; i < n; i++) {
        if (item == NULL || !pacs_elem_double(item, tag, i, &v[i])
            || fabs(v[i]) > 1e6)
        {
            return false;
        }
    }
    return true;
}


/* PS3.18 8.3.4.1: one of the attribute's values is one of those asked for;
 * numbers as numbers */
static bool
has_value(pacs_str_t values, pacs_str_t wanted)
{
    pacs_str_t  have, want, list;
    double      x, y;

    while (pacs_str_split(&values, '\\', &have)) {
        list = wanted;

        while (pacs_str_split(&list, ',', &want)) {
            if (pacs_str_eq(have, want)
                || (pacs_str_double(have, &x) && pacs_str_double(want, &y)
                    && x == y))
            {
                return true;
            }
        }
    }
    return false;
}


static bool
matches(const ctx_t *c, const pacs_item_t *root, pacs_arena_t *a)
{
    for (unsigned i = 0; i < c->want->nmatches; i++) {
        const pacs_match_t *m = &c->want->matches[i];
        const pacs_elem_t  *e = pacs_elem(root, m->tag);

        if (e == NULL || !has_value(pacs_elem_text(root, e, a), m->value)) {
            return false;
        }
    }
    return true;
}


static bool
unit_vector(double v[3])
{
    double  length = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);

    for (int i = 0; i < 3; i++) {
        v[i] /= length;
    }
    return length > 0.9 && length < 1.1;
}


static bool
set_plane(const pacs_item_t *position, const pacs_item_t *orientation,
    const pacs_item_t *measures, pacs_slice_t *s)
{
    double  o[6], spacing[2];

    if (!numbers(position, POSITION, 3, s->position)
        || !numbers(orientation, ORIENTATION, 6, o)
        || !numbers(measures, SPACING, 2, spacing)
        || spacing[0] < 1e-4 || spacing[1] < 1e-4)
    {
        return false;
    }

    memcpy(s->row, o, sizeof(s->row));
    memcpy(s->column, o + 3, sizeof(s->column));

    /* Pixel Spacing: between rows, then between columns */
    s->spacing[0] = spacing[1];
    s->spacing[1] = spacing[0];

    return unit_vector(s->row) && unit_vector(s->column)
           && fabs(s->row[0] * s->column[0] + s->row[1] * s->column[1]
                   + s->row[2] * s->column[2]) < 0.01;
}


static void
set_rescale(const pacs_item_t *item, pacs_slice_t *s)
{
    s->slope = 1;

    if (item != NULL) {
        (void) pacs_elem_double(item, INTERCEPT, 0, &s->intercept);

        if (!pacs_elem_double(item, SLOPE, 0, &s->slope) || s->slope == 0) {
            s->slope = 1;
        }
    }
}


static bool
is_localizer(const pacs_item_t *root)
{
    pacs_str_t  type = pacs_elem_raw(root, IMAGE_TYPE), value;

    while (pacs_str_split(&type, '\\', &value)) {
        if (pacs_str_is(pacs_str_trim(value), "LOCALIZER")) {
            return true;
        }
    }
    return false;
}


/* attributes of the instance that hold for each of its frames */
static pacs_slice_t
common(const pacs_record_t *r, const pacs_item_t *root)
{
    static const uint32_t  phases[PACS_PHASES] = {
        TEMPORAL_POSITION, ACQUISITION_NUMBER, ECHO_NUMBER, TRIGGER_TIME
    };
    pacs_slice_t  s = { .record = r };
    pacs_str_t    reference = pacs_elem_raw(root, FRAME_OF_REFERENCE);

    snprintf(s.reference, sizeof(s.reference), "%.*s", pacs_fmt(reference));
    (void) pacs_elem_int(root, INSTANCE_NUMBER, 0, &s.number);

    for (int i = 0; i < PACS_PHASES; i++) {
        (void) pacs_elem_double(root, phases[i], 0, &s.phase[i]);
    }
    return s;
}


static void
add_slice(ctx_t *c, const pacs_slice_t *s, bool placed)
{
    if (!placed || c->in->n == c->room) {
        c->in->unplaced++;
        return;
    }

    const pacs_web_volume_t *w = c->want;

    if (w->frame == s->frame + 1
        || (w->reference.len != 0
            && pacs_str_eq(w->reference, s->record->instance)))
    {
        if (c->in->wanted < 0) {
            c->in->wanted = c->in->n;
        }
    }

    c->in->slices[c->in->n++] = *s;
}


/* --- an enhanced instance: functional groups --- */

static const pacs_item_t *
group_of(const pacs_item_t *frame, const pacs_item_t *shared, uint32_t tag)
{
    const pacs_item_t *item = frame == NULL ? NULL : pacs_elem_item(frame,
                                                                    tag);

    return item != NULL || shared == NULL ? item
                                          : pacs_elem_item(shared, tag);
}


static void
add_enhanced(ctx_t *c, const pacs_record_t *r, const pacs_item_t *root,
    const pacs_elem_t *per_frame)
{
    const pacs_item_t *shared = pacs_elem_item(root, SHARED);
    const pacs_item_t *frame = per_frame->items;

    for (uint32_t i = 0; i < r->pixels.frames; i++) {
        const pacs_item_t *content = group_of(frame, shared, CONTENT_SEQ);
        pacs_slice_t       s = common(r, root);
        bool               placed;

        s.frame = i;
        s.number = i;
        placed = set_plane(group_of(frame, shared, POSITION_SEQ),
                           group_of(frame, shared, ORIENTATION_SEQ),
                           group_of(frame, shared, MEASURES_SEQ), &s);
        set_rescale(group_of(frame, shared, TRANSFORM_SEQ), &s);

        if (content != NULL) {
            (void) pacs_elem_double(content, TEMPORAL_INDEX, 0, &s.phase[0]);
            (void) pacs_elem_double(content, ACQUISITION_INDEX, 0,
                                    &s.phase[1]);
        }

        add_slice(c, &s, placed && frame != NULL);
        frame = frame == NULL ? NULL : frame->next;
    }
}


/* --- one image, or several by their offsets along the normal --- */

static void
add_plain(ctx_t *c, const pacs_record_t *r, const pacs_item_t *root)
{
    pacs_slice_t  first = common(r, root);
    bool          placed = set_plane(root, root, root, &first);
    double        base = 0, at = 0;
    bool          grid = r->pixels.frames > 1
                         && pacs_elem_double(root, GRID_OFFSETS, 0, &base);

    set_rescale(root, &first);

    for (uint32_t i = 0; i < r->pixels.frames; i++) {
        pacs_slice_t  s = first;

        s.frame = i;

        if (i > 0 && !(grid && pacs_elem_double(root, GRID_OFFSETS, i, &at)
                       && fabs(at) < 1e6))
        {
            placed = false;
        }

        /* C.8.8.3.2: from the first, or (then the first is its own place)
         * absolute */
        for (int k = 0; i > 0 && k < 3; k++) {
            int  l = (k + 1) % 3, m = (k + 2) % 3;

            s.position[k] += (at - base) * (s.row[l] * s.column[m]
                                            - s.row[m] * s.column[l]);
        }
        add_slice(c, &s, placed);
    }
}


/* slices point into what is read here only while it is read */
static int
read_one(ctx_t *c, const pacs_record_t *r, pacs_arena_t *a, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(c->svc);
    pacs_dataset_t       ds = { 0 };
    pacs_source_t        file;
    int                  fd;
    int                  rc = pacs_blob_of(c->svc, r->key, &fd, err);

    if (rc != PACS_OK) {
        return rc;
    }

    rc = pacs_source_fd(&file, fd, err);
    if (rc == PACS_OK) {
        rc = pacs_dicom_read(&file, limits, HELD, a, &ds, err);
    }
    close(fd);

    if (rc != PACS_OK || !matches(c, ds.root, a)) {
        return rc;
    }
    c->matched = true;

    const pacs_elem_t *per_frame = pacs_elem(ds.root, PER_FRAME);

    snprintf(c->in->modality, sizeof(c->in->modality), "%.*s",
             pacs_fmt(pacs_elem_raw(ds.root, MODALITY)));

    if (is_localizer(ds.root) || pacs_elem_item(ds.root, MODALITY_LUT)) {
        c->in->unplaced += r->pixels.frames;

    } else if (per_frame != NULL && per_frame->items != NULL) {
        add_enhanced(c, r, ds.root, per_frame);

    } else {
        add_plain(c, r, ds.root);
    }
    return PACS_OK;
}


/* of the slice named, or the middle one; render/lut.c says what they are of.
 * The slices of PET have one each: none is of the volume */
static int
set_window(ctx_t *c, pacs_err_t *err)
{
    pacs_input_t *in = c->in;
    pacs_look_t   look;

    if (in->n == 0) {
        return PACS_OK;
    }

    const pacs_slice_t *s = &in->slices[in->wanted >= 0 ? in->wanted
                                                        : in->n / 2];
    int  rc = pacs_look_unpack(s->record->look, c->a, &look, err);

    if (rc != PACS_OK) {
        return rc;
    }

    in->voi = look.voi;
    in->inverse = look.inverse
                  || s->record->pixels.photometric == PACS_PI_MONO1;
    in->window_slope = look.stored_voi ? s->slope : 1;
    in->window_intercept = look.stored_voi ? s->intercept : 0;
    memcpy(in->unit, look.unit, sizeof(in->unit));

    if (look.one_scale) {
        return PACS_OK;
    }

    if (look.nwindows != 0) {
        in->center = look.windows[0].center;
        in->width = look.windows[0].width;
    }
    if (s->frame < look.nframes && look.frames[s->frame].width > 0) {
        in->center = look.frames[s->frame].center;
        in->width = look.frames[s->frame].width;
        in->voi = look.frames[s->frame].voi;
    }
    return PACS_OK;
}


int
pacs_volume_input(pacs_service_t *svc, const pacs_record_t *records,
    unsigned n, const pacs_web_volume_t *want, pacs_arena_t *a,
    pacs_input_t *in, pacs_err_t *err)
{
    ctx_t     c = { .svc = svc, .want = want, .a = a, .in = in };
    uint64_t  room = 0;

    for (unsigned i = 0; i < n; i++) {
        room += records[i].pixels.frames;
    }
    c.room = (uint32_t) (room < UINT16_MAX ? room : UINT16_MAX);

    *in = (pacs_input_t) { .wanted = -1 };
    in->slices = pacs_calloc(a, c.room + 1, sizeof(*in->slices));
    if (in->slices == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for slices");
    }

    for (unsigned i = 0; i < n; i++) {
        pacs_arena_t *one = pacs_arena_create(0);

        if (one == NULL) {
            return pacs_fail(err, PACS_E_NOMEM, "no memory for slices");
        }

        int  rc = read_one(&c, &records[i], one, err);

        pacs_arena_destroy(one);
        if (rc != PACS_OK) {
            return rc;
        }
    }

    return c.matched || want->nmatches == 0
           ? set_window(&c, err)
           : pacs_fail(err, PACS_E_UNSHOWABLE, "no volume: none of %u images "
                       "has the values that the parameters ask for", n);
}
