/* SPDX-License-Identifier: BSD-2-Clause */

/* How fast a multi-frame image plays, PS3.3 C.7.6.5: the rate recommended
 * for display, else that of the cine, else that of the acquisition. */

#include <math.h>

#include "service/internal.h"

#define RECOMMENDED_RATE   0x00082144       /* frames/s */
#define CINE_RATE          0x00180040
#define FRAME_TIME         0x00181063       /* ms */
#define FRAME_TIME_VECTOR  0x00181065       /* ms since the frame before */

enum { DEFAULT_MS = 100 };


static double
frame_ms(const pacs_item_t *root, uint32_t frame)
{
    double  v;

    if ((pacs_elem_double(root, RECOMMENDED_RATE, 0, &v) && v > 0)
        || (pacs_elem_double(root, CINE_RATE, 0, &v) && v > 0))
    {
        return 1000 / v;
    }
    if (pacs_elem_double(root, FRAME_TIME, 0, &v) && v > 0) {
        return v;
    }
    /* the last one stays as long as it took to come */
    if ((pacs_elem_double(root, FRAME_TIME_VECTOR, frame + 1, &v)
         || pacs_elem_double(root, FRAME_TIME_VECTOR, frame, &v)) && v > 0)
    {
        return v;
    }
    return DEFAULT_MS;
}


int
pacs_cine_delays(pacs_op_t *op, pacs_image_t *im, const uint32_t *frames,
    uint32_t n, uint32_t *delays_ms, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_arena_t        *a = pacs_arena_create((size_t) limits->dataset);
    pacs_dataset_t       ds = { 0 };
    int                  rc;

    if (a == NULL) {
        return PACS_E_NOMEM;
    }

    /* a vector of all frames is text, 16 bytes each at most */
    rc = pacs_dicom_read(im->file, limits,
                         16 * (size_t) im->record.pixels.frames, a, &ds, err);

    for (uint32_t i = 0; rc == PACS_OK && i < n; i++) {
        delays_ms[i] = (uint32_t) fmin(frame_ms(ds.root, frames[i]) + 0.5,
                                       UINT16_MAX);
    }

    pacs_arena_destroy(a);
    return rc;
}
