/* SPDX-License-Identifier: BSD-2-Clause */

/* Stored MPEG-2, MPEG-4 and HEVC (PS3.5 8.2.7 ff.), as they are: the bytes of
 * the fragments one after the other, any range of them. */

#include <string.h>

#include "service/internal.h"


/* HEVC is given as MP4 too, to who asks for that alone */
static bool
acceptable(const pacs_accept_t *c, const char *stored)
{
    return c->media == PACS_MT_VIDEO
           && (pacs_str_is(c->is, stored)
               || (strcmp(stored, "video/h265") == 0
                   && pacs_str_is(c->is, "video/mp4")));
}


int
pacs_video(pacs_op_t *op, const pacs_image_t *im, const pacs_accept_t *choices,
    unsigned n, pacs_err_t *err)
{
    const char     *type = im->syntax->media_type;
    pacs_dataset_t *ds = pacs_calloc(op->arena, 1, sizeof(*ds));
    unsigned        i = 0;

    while (i < n && !acceptable(&choices[i], type)) {
        i++;
    }
    if (i == n) {
        return pacs_fail(err, PACS_E_ACCEPT, "a stored video: it is there as "
                         "%s", type);
    }

    int  rc = ds == NULL
              ? PACS_E_NOMEM
              : pacs_dicom_read(im->file, pacs_service_limits(op->svc),
                                PACS_INLINE, op->arena, ds, err);

    if (rc != PACS_OK) {
        return rc;
    }
    if (ds->nfragments == 0) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "a video without a stream");
    }

    pacs_part_t *parts = pacs_reply_parts(op, ds->nfragments);

    for (uint32_t k = 0; parts != NULL && k < ds->nfragments; k++) {
        parts[k] = (pacs_part_t) { .path = im->blob.path,
                                   .offset = ds->fragments[k].offset,
                                   .length = ds->fragments[k].length };
    }

    op->reply.content_type = choices[i].is;
    op->reply.ranges = true;
    pacs_reply_length(op);
    return parts == NULL ? PACS_E_NOMEM : PACS_OK;
}
