/* SPDX-License-Identifier: BSD-2-Clause */

/* The samples that a picture is made of: of native frames no more rows than
 * it shows, of coded ones the decoded frame of the node's cache. */

#include <math.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "service/internal.h"


static int
cached(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    pacs_samples_t *samples, pacs_err_t *err)
{
    const pacs_limits_t  *limits = pacs_service_limits(op->svc);
    pacs_frame_head_t     head;
    pacs_str_t            path;
    pacs_source_t         file;
    int                   fd;
    int                   rc = pacs_image_decoded(op, im, frame, &path, &fd,
                                                  &head, err);

    if (rc != PACS_OK) {
        return rc;
    }

    void *p = head.bytes > (uint64_t) limits->frame
              ? NULL : pacs_alloc(op->arena, head.bytes);

    if (p == NULL) {
        rc = pacs_fail(err, PACS_E_NOMEM, "no memory for a frame");

    } else if ((rc = pacs_source_fd(&file, fd, err)) == PACS_OK) {
        rc = pacs_source_exact(&file, PACS_FRAME_HEAD, p, head.bytes, err);
    }

    close(fd);

    if (rc == PACS_OK && crc32_z(0, p, head.bytes) != head.crc) {
        unlink(path.data);
        return pacs_fail(err, PACS_E_BUSY, "a cached frame was corrupt and "
                         "is removed: ask again");
    }

    *samples = (pacs_samples_t) { .px = head.pixels, .data = p,
                                  .len = head.bytes, .index = frame };
    return rc;
}


/* a tile needs only its rows, unless the whole frame decides how it looks:
 * the first row, and how many; 0 is all */
static uint32_t
rows_needed(const pacs_image_t *im, uint32_t frame,
    const pacs_picture_t *want, uint32_t *first)
{
    const pacs_pixels_t *px = &im->record.pixels;
    const pacs_look_t   *look = &im->look;
    double               height = want->sh < 0 ? -want->sh : want->sh;
    bool                 known = want->has_window || look->nwindows != 0
                                 || look->has_range
                                 || look->voi_lut.entries != 0
                                 || (frame < look->nframes
                                     && look->frames[frame].width > 0);

    *first = 0;

    if (!want->has_region || !known || px->samples != 1
        || px->allocated % 8 != 0 || want->sy >= px->rows)
    {
        return 0;
    }

    /* and those beyond its edges that interpolation looks at */
    double  last = fmin(ceil(want->sy + height) + 2, px->rows);

    *first = (uint32_t) fmax(want->sy - 2, 0);
    return (uint32_t) last - *first;
}


static int
native(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    pacs_picture_t *want, pacs_samples_t *samples, pacs_err_t *err)
{
    pacs_str_t  bytes = pacs_null;
    uint32_t    first;
    uint32_t    rows = rows_needed(im, frame, want, &first);
    int         rc = pacs_image_native(im, frame, first, rows,
                                       pacs_service_limits(op->svc),
                                       op->arena, &bytes, err);

    *samples = (pacs_samples_t) { .px = im->record.pixels,
                                  .data = bytes.data, .len = bytes.len,
                                  .index = frame };
    if (rows != 0) {
        samples->px.rows = rows;
        want->sy -= first;
    }
    return rc;
}


int
pacs_samples_get(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    pacs_picture_t *want, pacs_samples_t *samples, pacs_err_t *err)
{
    return im->frames.native ? native(op, im, frame, want, samples, err)
                             : cached(op, im, frame, samples, err);
}
