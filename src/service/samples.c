/* SPDX-License-Identifier: BSD-2-Clause */

/* The samples that a picture is made of: no more pixels than it shows, of
 * the frame itself (native, or decoded in the node's cache) or of a level of
 * its pyramid. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "service/internal.h"

/* the cache's file: no error to tell, for it is made again */
enum { DAMAGED = PACS_E_COUNT };

enum { PIXEL_MAX = 3 };          /* bytes, of a pyramid's level */

/* pixels in a file, row by row */
typedef struct {
    int       fd;
    const pacs_checked_t *cached;   /* NULL: a blob's, by fd */
    uint64_t  offset;           /* bytes, of the first pixel */
    uint32_t  columns, rows;
    unsigned  bytes;            /* of a cell: a pixel, or two of 4:2:2 */
    unsigned  pair;             /* pixels of a cell */
    unsigned  planes;
} plane_t;


static int
read_at(const plane_t *f, uint8_t *p, size_t len, uint64_t offset,
    pacs_err_t *err)
{
    if (f->cached != NULL) {
        return pacs_checked_read(f->cached, p, len, offset)
               ? PACS_OK : DAMAGED;
    }

    while (len != 0) {
        ssize_t  n = pread(f->fd, p, len, (off_t) offset);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return pacs_fail_errno(err, errno, "read pixels");
        }
        if (n == 0) {
            return pacs_fail(err, PACS_E_PARSE, "the file ends within a "
                             "frame, at byte %" PRIu64, offset);
        }
        p += n;
        len -= (size_t) n;
        offset += (uint64_t) n;
    }
    return PACS_OK;
}


/* one plane's part; parts nearly as wide as the frame are read at once, and
 * *area is widened to that by the caller */
static int
read_rows(const plane_t *f, unsigned plane, const pacs_area_t *area,
    uint8_t *out, pacs_err_t *err)
{
    uint64_t  line = (uint64_t) ((f->columns + f->pair - 1) / f->pair)
                     * f->bytes;
    uint64_t  len = (uint64_t) ((area->columns + f->pair - 1) / f->pair)
                    * f->bytes;
    uint64_t  at = f->offset + (plane * (uint64_t) f->rows + area->y) * line
                   + area->x / f->pair * f->bytes;
    int       rc = PACS_OK;

    if (len == line) {
        return read_at(f, out, len * area->rows, at, err);
    }
    for (uint32_t y = 0; rc == PACS_OK && y < area->rows; y++) {
        rc = read_at(f, out + y * len, len, at + y * line, err);
    }
    return rc;
}


static int
read_plane(const plane_t *f, const pacs_area_t *want, pacs_arena_t *a,
    pacs_samples_t *s, pacs_err_t *err)
{
    pacs_area_t  area = *want;

    area.columns += area.x % f->pair;
    area.x -= area.x % f->pair;
    if (area.columns % f->pair != 0 && area.x + area.columns < f->columns) {
        area.columns++;
    }
    if (area.columns > f->columns / 4 * 3) {
        area.x = 0;
        area.columns = f->columns;
    }

    uint64_t  each = (uint64_t) ((area.columns + f->pair - 1) / f->pair)
                     * f->bytes * area.rows;
    uint8_t  *p = pacs_alloc(a, each * f->planes);
    int       rc = p != NULL ? PACS_OK
                             : pacs_fail(err, PACS_E_NOMEM, "no memory for a "
                                         "frame");

    for (unsigned i = 0; rc == PACS_OK && i < f->planes; i++) {
        rc = read_rows(f, i, &area, p + i * each, err);
    }

    s->data = p;
    s->len = each * f->planes;
    s->area = area;
    return rc;
}


/* by its length, as raster.c tells 4:2:2 that is none */
static bool
is_half(const pacs_pixels_t *px, uint64_t bytes)
{
    return px->allocated == 8 && px->planar == 0
           && (px->photometric == PACS_PI_YBR_FULL_422
               || px->photometric == PACS_PI_YBR_PARTIAL_422)
           && bytes < (uint64_t) px->rows * px->columns * 3;
}


/* the rows that are needed, through what makes them little endian */
static int
reordered(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    const pacs_area_t *area, pacs_arena_t *a, pacs_samples_t *s,
    pacs_err_t *err)
{
    const pacs_pixels_t *px = &im->record.pixels;
    bool                 all = px->samples != 1 || px->allocated % 8 != 0;
    pacs_str_t           bytes = pacs_null;
    int                  rc = pacs_image_native(im, frame,
                                                all ? 0 : area->y,
                                                all ? 0 : area->rows,
                                                pacs_service_limits(op->svc),
                                                a, &bytes, err);

    s->data = bytes.data;
    s->len = bytes.len;
    if (!all) {
        s->area = (pacs_area_t) { .y = area->y, .rows = area->rows,
                                  .columns = px->columns };
    }
    return rc;
}


static int
native(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    const pacs_area_t *area, pacs_arena_t *a, pacs_samples_t *s,
    pacs_err_t *err)
{
    const pacs_pixels_t *px = &im->record.pixels;
    pacs_range_t         range;
    uint64_t             bytes;
    int                  rc = pacs_frame_bytes(px,
                                               pacs_service_limits(op->svc),
                                               &bytes, err);

    if (rc != PACS_OK) {
        return rc;
    }

    s->px = *px;
    if (px->allocated % 8 != 0 || !pacs_image_range(im, frame, &range)) {
        return reordered(op, im, frame, area, a, s, err);
    }

    bool     half = is_half(px, range.length);
    bool     planar = px->planar == 1 && px->samples > 1;
    plane_t  f = {
        .fd = im->blob.fd, .offset = range.offset, .columns = px->columns,
        .rows = px->rows, .planes = planar ? px->samples : 1,
        .pair = half ? 2 : 1,
        .bytes = half ? 4 : px->allocated / 8u * (planar ? 1u : px->samples)
    };

    return read_plane(&f, area, a, s, err);
}


static int
decoded(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    const pacs_area_t *area, pacs_arena_t *a, pacs_samples_t *s,
    pacs_err_t *err)
{
    const pacs_pixels_t *px = &im->record.pixels;
    pacs_frame_head_t    head;
    pacs_checked_t       file;

    for (unsigned tries = 0; tries < PACS_DAMAGED_MAX; tries++) {
        int  rc = pacs_image_decoded(op, im, frame, a, &file, &head, err);

        if (rc != PACS_OK) {
            return rc;
        }

        plane_t  f = { .cached = &file, .columns = px->columns,
                       .rows = px->rows, .planes = 1,
                       .bytes = head.pixels.samples
                                * (head.pixels.allocated / 8u),
                       .pair = 1 };

        s->px = head.pixels;
        rc = read_plane(&f, area, a, s, err);

        if (rc != DAMAGED) {
            pacs_checked_close(&file);
            return rc;
        }
        pacs_checked_damaged(&file);
    }

    return pacs_fail(err, PACS_E_IO, "frame %u is damaged in the cache, again "
                     "and again", frame + 1);
}


int
pacs_samples_read(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    const pacs_area_t *area, pacs_arena_t *a, pacs_samples_t *s,
    pacs_err_t *err)
{
    *s = (pacs_samples_t) { .index = frame };

    return im->frames.native ? native(op, im, frame, area, a, s, err)
                             : decoded(op, im, frame, area, a, s, err);
}


/* what the area has of strip i: its rows lie together in the file */
static int
read_strip(const pacs_checked_t *file, const pacs_pyramid_t *shape,
    const pacs_area_t *area, uint32_t i, uint8_t *out)
{
    enum { ROWS = 64 };         /* at once: they stay in the CPU's cache */
    uint8_t   some[ROWS * PACS_PYRAMID_STRIP * PIXEL_MAX
                   + 2 * PACS_FRAME_BLOCK];
    uint32_t  pixel = pacs_pyramid_pixel(shape), columns;
    uint64_t  at = pacs_pyramid_strip(shape, area->level, i, &columns);
    uint32_t  x = i * PACS_PYRAMID_STRIP;
    uint32_t  right = area->x + area->columns - x;
    size_t    skip = area->x > x ? (area->x - x) * (size_t) pixel : 0;
    size_t    end = (right < columns ? right : columns) * (size_t) pixel;
    size_t    line = (size_t) columns * pixel;
    size_t    pitch = (size_t) area->columns * pixel;

    out += area->x > x ? 0 : (x - area->x) * (size_t) pixel;

    for (uint32_t y = 0; y < area->rows; y += ROWS) {
        uint32_t  n = area->rows - y < ROWS ? area->rows - y : ROWS;

        /* whole blocks, which need not be copied to be checked */
        uint64_t  top = at + line * (area->y + (uint64_t) y);
        uint64_t  from = top - top % PACS_FRAME_BLOCK;
        uint64_t  to = pacs_frame_blocks(top + line * n) * PACS_FRAME_BLOCK;

        to = to < file->bytes ? to : file->bytes;
        if (!pacs_checked_read(file, some, (size_t) (to - from), from)) {
            return DAMAGED;
        }
        for (uint32_t k = 0; k < n; k++) {
            memcpy(out + (y + k) * pitch, some + (top - from) + k * line + skip,
                   end - skip);
        }
    }
    return PACS_OK;
}


static int
read_level(pacs_op_t *op, const pacs_checked_t *file, uint32_t frame,
    const pacs_pyramid_t *shape, const pacs_area_t *area, pacs_samples_t *s,
    pacs_err_t *err)
{
    size_t    pitch = (size_t) area->columns * pacs_pyramid_pixel(shape);
    uint32_t  last = (area->x + area->columns - 1) / PACS_PYRAMID_STRIP;
    uint8_t  *out = pacs_alloc(op->arena, pitch * area->rows);
    int       rc = PACS_OK;

    if (out == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a frame");
    }

    for (uint32_t i = area->x / PACS_PYRAMID_STRIP;
         rc == PACS_OK && i <= last; i++)
    {
        rc = read_strip(file, shape, area, i, out);
    }

    *s = (pacs_samples_t) { .px = shape->px, .index = frame, .data = out,
                            .len = pitch * area->rows, .area = *area };
    return rc;
}


static int
from_pyramid(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    const pacs_pyramid_t *shape, const pacs_area_t *area, bool range,
    pacs_samples_t *s, pacs_err_t *err)
{
    double         *ends = pacs_alloc(op->arena, 2 * sizeof(*ends));
    pacs_checked_t  file;

    if (ends == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a frame");
    }

    for (unsigned tries = 0; tries < PACS_DAMAGED_MAX; tries++) {
        int  rc = pacs_pyramid_open(op, im, frame, shape, &file, ends, err);

        if (rc != PACS_OK) {
            return rc;
        }

        rc = area->level == 0
             ? pacs_samples_read(op, im, frame, area, op->arena, s, err)
             : read_level(op, &file, frame, shape, area, s, err);

        if (rc != DAMAGED) {
            s->range = range ? ends : NULL;
            pacs_checked_close(&file);
            return rc;
        }
        pacs_checked_damaged(&file);
    }

    return pacs_fail(err, PACS_E_IO, "a pyramid is damaged in the cache, "
                     "again and again");
}


int
pacs_samples_get(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    const pacs_picture_t *want, pacs_samples_t *samples, pacs_err_t *err)
{
    const pacs_pixels_t *px = &im->record.pixels;
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_area_t          area;
    pacs_pyramid_t       shape;
    bool                 range;
    int                  rc;

    pacs_pyramid_shape(px, &im->look, &shape);
    rc = pacs_render_area(px, &im->look, frame, want, limits, shape.levels,
                          &area, &range, err);
    if (rc != PACS_OK) {
        return rc;
    }

    if (area.level != 0 || (range && shape.levels != 0)) {
        pacs_err_t  why = { 0 };

        rc = from_pyramid(op, im, frame, &shape, &area, range, samples, &why);
        if (rc != PACS_E_FULL && rc != PACS_E_IO && rc != PACS_E_NOMEM
            && rc != PACS_E_BUSY)
        {
            return rc == PACS_OK || rc == PACS_AGAIN
                   ? rc : pacs_fail(err, rc, "%s", why.text);
        }

        /* no room, or no patience, must not take the pictures away */
        rc = pacs_render_area(px, &im->look, frame, want, limits, 0, &area,
                              &range, err);
    }

    if (range) {
        area = (pacs_area_t) { .columns = px->columns, .rows = px->rows };
    }
    return rc == PACS_OK ? pacs_samples_read(op, im, frame, &area, op->arena,
                                             samples, err)
                         : rc;
}
