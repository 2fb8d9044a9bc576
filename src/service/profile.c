/* SPDX-License-Identifier: BSD-2-Clause */

/* An instance's own ICC profile, PS3.3 C.11.15: in the image itself, or in
 * that of its first optical path. */

#include <inttypes.h>

#include "service/internal.h"

#define ICC_PROFILE    0x00282000
#define OPTICAL_PATHS  0x00480105


static int
read_value(pacs_source_t *stream, const pacs_elem_t *e,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_str_t *value,
    pacs_err_t *err)
{
    if (e->length > (uint64_t) limits->value) {
        return pacs_fail(err, PACS_E_LIMIT, "an ICC profile of %" PRIu64
                         " bytes is over the limit of %" PRId64 " (value)",
                         e->length, limits->value);
    }

    char *p = pacs_calloc(a, (size_t) e->length, 1);

    *value = (pacs_str_t) { p, (size_t) e->length };
    return p == NULL
           ? PACS_E_NOMEM
           : pacs_source_exact(stream, e->offset, p, (size_t) e->length, err);
}


static bool
grey(unsigned photometric)
{
    return photometric == PACS_PI_MONO1 || photometric == PACS_PI_MONO2;
}


int
pacs_image_profile(pacs_op_t *op, pacs_image_t *im, pacs_picture_t *want,
    pacs_err_t *err)
{
    want->profile = pacs_null;

    if (want->icc == PACS_ICC_NO || grey(im->record.pixels.photometric)) {
        return PACS_OK;
    }

    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_arena_t        *a = pacs_arena_create((size_t) limits->dataset);
    pacs_dataset_t       ds = { 0 };
    int                  rc;

    if (a == NULL) {
        return PACS_E_NOMEM;
    }

    rc = pacs_dicom_read(im->file, limits, PACS_INLINE, a, &ds, err);

    if (rc == PACS_OK) {
        const pacs_item_t *path = pacs_elem_item(ds.root, OPTICAL_PATHS);
        const pacs_elem_t *e = pacs_elem(ds.root, ICC_PROFILE);

        e = e == NULL && path != NULL ? pacs_elem(path, ICC_PROFILE) : e;
        rc = e != NULL && e->length != 0
             ? read_value(im->stream, e, limits, op->arena, &want->profile, err)
             : PACS_OK;
    }

    pacs_arena_destroy(a);
    return rc;
}
