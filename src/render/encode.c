/* SPDX-License-Identifier: BSD-2-Clause */

/* Rows -> a file format: one encoder a file, behind one table. */

#include "render/pipeline.h"

static const struct {
    const char  *name;
    uint32_t     side;          /* pixels at most */
    bool         deep, icc;     /* holds 16 bits; a profile */
    int        (*encode)(pacs_rows_t *rows, const pacs_picture_t *want,
                         pacs_str_t icc, pacs_arena_t *a, pacs_buf_t *out,
                         pacs_err_t *err);
} encoders[PACS_PICTURES] = {
    [PACS_PICTURE_JPEG] = { "JPEG", 65500, false, true, pacs_encode_jpeg },
    [PACS_PICTURE_PNG]  = { "PNG", 1 << 30, true, true, pacs_encode_png },
    [PACS_PICTURE_WEBP] = { "WebP", 16383, false, true, pacs_encode_webp },
    [PACS_PICTURE_GIF]  = { "GIF", 65535, false, false, pacs_encode_gif }
};


static int
check(const pacs_picture_t *want, const pacs_rows_t *rows, pacs_err_t *err)
{
    if (want->format >= PACS_PICTURES) {
        return pacs_fail(err, PACS_E_ARG, "picture format %u", want->format);
    }

    const char  *name = encoders[want->format].name;

    if (want->bits == 16 && !encoders[want->format].deep) {
        return pacs_fail(err, PACS_E_ARG, "bits=16: %s has 8 bits, ask for "
                         "image/png", name);
    }
    if (want->bits == 16 && rows->channels != 1) {
        return pacs_fail(err, PACS_E_ARG, "bits=16: only of grey images");
    }
    if (want->icc != PACS_ICC_NO && rows->channels == 3
        && !encoders[want->format].icc)
    {
        return pacs_fail(err, PACS_E_ARG, "iccprofile: %s holds none", name);
    }

    uint32_t  longer = rows->width > rows->height ? rows->width : rows->height;
    uint32_t  side = encoders[want->format].side;

    return longer <= side
           ? PACS_OK
           : pacs_fail(err, PACS_E_ARG, "a side of %u pixels: %s has %u at "
                       "most", longer, name, side);
}


int
pacs_encode(pacs_rows_t *rows, const pacs_picture_t *want, pacs_arena_t *a,
    pacs_buf_t *out, pacs_err_t *err)
{
    pacs_str_t  icc = pacs_null;
    int         rc = check(want, rows, err);

    if (rc != PACS_OK) {
        return rc;
    }

    if (want->icc != PACS_ICC_NO && rows->channels == 3
        && (rc = pacs_icc_open(want, a, &rows, &icc, err)) != PACS_OK)
    {
        return rc;
    }

    if ((rc = pacs_ink(&rows, want, a, err)) != PACS_OK
        || (rc = pacs_overlay(&rows, want, a, err)) != PACS_OK)
    {
        return rc;
    }

    return encoders[want->format].encode(rows, want, icc, a, out, err);
}
