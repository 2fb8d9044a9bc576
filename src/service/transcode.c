/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * An instance as a Part 10 file in another transfer syntax: the data set
 * with what pixels in the new syntax make other than it was, then the pixel
 * data frame by frame (PS3.5 8.2, A.4), into a file of the home's tmp/.
 *
 * The SOP Instance UID stays, also where the result is lossy: it is another
 * representation of the resource that was asked for (PS3.18 8.7.3.5), and is
 * not stored; Lossy Image Compression says what happened to it.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/send.h"
#include "service/transcode.h"

enum { PIECE = 1 << 18, RATIO_LEN = 16 };

#define ITEM      0xfffee000
#define SEQ_END   0xfffee0dd

struct pacs_transcode_s {
    const pacs_record_t  *record;
    pacs_str_t            target;
    pacs_image_t         *image;
    pacs_arena_t         *arena;        /* of the data set */
    pacs_source_t        *stream;
    pacs_dataset_t        ds;
    pacs_spool_t          spool;
    pacs_pixels_t         px;           /* of the first frame, as it is now */
    uint32_t              next;         /* frame to do */
    uint64_t             *offsets;      /* of frames, from `first` on */
    uint64_t             *lengths;
    uint64_t              first;        /* where offsets begin, in the spool */
    uint64_t              table, sizes; /* where their values are */
    uint64_t              ratio;        /* … and the ratio's; 0: none */
    bool                  wide;         /* Extended Offset Table */
};


static void
drop(void *data)
{
    pacs_transcode_t *t = data;

    if (t->arena != NULL) {
        pacs_arena_destroy(t->arena);
        t->arena = NULL;
    }
}


static int
open_dataset(pacs_op_t *op, pacs_transcode_t *t, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_source_t       *file = t->image->file;
    uint32_t             n = t->record->pixels.frames;
    int                  rc;

    t->arena = pacs_arena_create((size_t) limits->dataset);
    if (t->arena == NULL || !pacs_arena_cleanup(op->arena, drop, t)) {
        return PACS_E_NOMEM;
    }

    rc = pacs_dicom_read(file, limits, PACS_KEEP, t->arena, &t->ds, err);
    if (rc != PACS_OK) {
        return rc;
    }

    rc = pacs_anonymize(op, &t->ds, t->arena, err);
    if (rc != PACS_OK) {
        return rc;
    }

    t->stream = pacs_dicom_stream(file, &t->ds, limits, t->arena, err);
    t->offsets = pacs_calloc(t->arena, n, sizeof(uint64_t));
    t->lengths = pacs_calloc(t->arena, n, sizeof(uint64_t));

    return t->stream == NULL || t->offsets == NULL || t->lengths == NULL
           ? PACS_E_NOMEM : PACS_OK;
}


int
pacs_transcode_open(pacs_op_t *op, const pacs_record_t *record,
    pacs_str_t target, pacs_transcode_t **out, pacs_err_t *err)
{
    pacs_transcode_t *t = pacs_calloc(op->arena, 1, sizeof(*t));
    int               rc;

    *out = t;
    if (t == NULL) {
        return PACS_E_NOMEM;
    }

    t->record = record;
    t->target = pacs_str_copy(op->arena, target);

    if ((rc = pacs_image_of(op, record, &t->image, err)) != PACS_OK
        || (rc = open_dataset(op, t, err)) != PACS_OK)
    {
        return rc;
    }
    return pacs_spool_open(op, &t->spool, err);
}


/* --- into the file --- */

static int
put(pacs_op_t *op, pacs_transcode_t *t, const void *data, uint64_t len,
    pacs_err_t *err)
{
    int  rc = pacs_cache_room(t->spool.fd, len, pacs_service_limits(op->svc),
                              err);

    if (rc == PACS_OK) {
        rc = pacs_write_all(t->spool.fd, data, (size_t) len, err);
    }
    t->spool.len += len;
    return rc;
}


/* rc: how b was filled */
static int
put_buf(pacs_op_t *op, pacs_transcode_t *t, pacs_buf_t *b, int rc,
    pacs_err_t *err)
{
    if (rc == PACS_OK) {
        rc = b->failed ? PACS_E_NOMEM : put(op, t, b->data, b->len, err);
    }
    pacs_buf_free(b);
    return rc;
}


static void
le32(pacs_buf_t *b, uint64_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        pacs_buf_char(b, (char) (v >> 8 * i));
    }
}


static void
put_tag(pacs_buf_t *b, uint32_t tag, uint64_t length)
{
    le32(b, tag >> 16 | tag << 16);
    le32(b, length);
}


/* the header of Pixel Data, or one of its kind */
static void
put_head(pacs_transcode_t *t, pacs_buf_t *b, uint32_t tag, uint16_t vr,
    uint64_t length)
{
    if (!pacs_syntax(t->target)->explicit_vr) {
        put_tag(b, tag, length);
        return;
    }

    le32(b, tag >> 16 | tag << 16);
    pacs_buf_char(b, (char) (vr >> 8));
    pacs_buf_char(b, (char) vr);
    pacs_buf_add(b, "\0", 2);
    le32(b, length);
}


/* elements of the root from tag `begin` on up to before `end` */
static int
put_elements(pacs_op_t *op, pacs_transcode_t *t, uint32_t begin,
    uint32_t end, pacs_buf_t *b, pacs_err_t *err)
{
    pacs_item_t      root = *t->ds.root;
    pacs_dataset_t   part = t->ds;
    pacs_elem_t    **p;
    int              rc;

    while (root.elems != NULL && root.elems->tag < begin) {
        root.elems = root.elems->next;
    }
    for (p = &root.elems; *p != NULL && (*p)->tag < end; p = &(*p)->next) { }

    pacs_elem_t     *rest = *p;

    *p = NULL;
    part.root = &root;
    b->max = (size_t) pacs_service_limits(op->svc)->dataset;
    rc = pacs_write_dataset(b, t->stream, &part,
                            !pacs_syntax(t->target)->explicit_vr, err);
    *p = rest;
    return rc;
}


/* what is before the pixel data; the ratio is known at the end */
static int
put_begin(pacs_op_t *op, pacs_transcode_t *t, pacs_err_t *err)
{
    static const char  blanks[] = "                ";
    pacs_buf_t         b = { 0 };
    pacs_str_t         ratios = pacs_null;
    uint32_t           end = t->ds.pixels->tag;
    int                rc;

    pacs_write_meta(&b, t->record->class_uid,
                    pacs_elem_raw(t->ds.root, 0x00080018), t->target,
                    pacs_null);

    rc = pacs_transcode_attributes(&t->ds, &t->px, t->target, t->arena,
                                   &ratios, err);

    if (rc == PACS_OK && ratios.data != NULL) {
        pacs_str_t  value = pacs_sprintf(t->arena, "%.*s%s%s",
                                         pacs_fmt(ratios),
                                         ratios.len == 0 ? "" : "\\", blanks);

        rc = put_elements(op, t, 0, PACS_TAG_RATIO, &b, err);
        t->ratio = t->spool.len + b.len + 8 + value.len - RATIO_LEN;
        pacs_write_text(&b, PACS_TAG_RATIO, PACS_DS, value);
        if (rc == PACS_OK) {
            rc = put_elements(op, t, PACS_TAG_RATIO, end, &b, err);
        }

    } else if (rc == PACS_OK) {
        rc = put_elements(op, t, 0, end, &b, err);
    }

    return put_buf(op, t, &b, rc, err);
}


static int
put_end(pacs_op_t *op, pacs_transcode_t *t, pacs_err_t *err)
{
    pacs_buf_t  b = { 0 };

    return put_buf(op, t, &b, put_elements(op, t, t->ds.pixels->tag + 1,
                                           UINT32_MAX, &b, err), err);
}


/* --- frames --- */

static void
put_zeros(pacs_buf_t *b, uint64_t n)
{
    for (uint64_t i = 0; i < n && !b->failed; i++) {
        pacs_buf_char(b, 0);
    }
}


/* PS3.5 A.4: offsets in the first item, or before, in elements of 64 bits;
 * their values are not known yet */
static void
begin_coded(pacs_transcode_t *t, pacs_buf_t *b)
{
    uint64_t  n = t->record->pixels.frames, here = t->spool.len;

    if (t->wide) {
        put_head(t, b, 0x7fe00001, PACS_OV, 8 * n);
        t->table = here + b->len;
        put_zeros(b, 8 * n);
        put_head(t, b, 0x7fe00002, PACS_OV, 8 * n);
        t->sizes = here + b->len;
        put_zeros(b, 8 * n);
    }

    put_head(t, b, t->ds.pixels->tag, PACS_OB, PACS_UNDEFINED);
    put_tag(b, ITEM, t->wide ? 0 : 4 * n);

    if (!t->wide) {
        t->table = here + b->len;
        put_zeros(b, 4 * n);
    }
    t->first = here + b->len;
}


static int
begin_native(pacs_transcode_t *t, uint64_t frame, pacs_buf_t *b,
    pacs_err_t *err)
{
    uint64_t  length = frame * t->record->pixels.frames;

    if (length > PACS_UNDEFINED - 2) {
        return pacs_fail(err, PACS_E_LIMIT, "%" PRIu64 " bytes of pixels are "
                         "too many for a native transfer syntax", length);
    }

    put_head(t, b, t->ds.pixels->tag, t->px.allocated > 8 ? PACS_OW : PACS_OB,
             length + length % 2);
    return PACS_OK;
}


static int
begin(pacs_op_t *op, pacs_transcode_t *t, uint64_t frame, pacs_err_t *err)
{
    const pacs_target_t *to = pacs_target(t->target);
    uint64_t             bytes, n = t->record->pixels.frames;
    pacs_buf_t           b = { 0 };
    int                  rc = put_begin(op, t, err);

    if (rc == PACS_OK && to != NULL && !to->native) {
        rc = pacs_frame_bytes(&t->record->pixels,
                              pacs_service_limits(op->svc), &bytes, err);
        t->wide = rc == PACS_OK
                  && (pacs_target_room(to, bytes) + 8) * n > UINT32_MAX;
        begin_coded(t, &b);

    } else if (rc == PACS_OK) {
        rc = begin_native(t, frame, &b, err);
    }
    return put_buf(op, t, &b, rc, err);
}


static int
copy_file(pacs_op_t *op, pacs_transcode_t *t, const pacs_part_t *part,
    pacs_err_t *err)
{
    pacs_source_t   file;
    int             fd = open(part->path, O_RDONLY | O_CLOEXEC);
    uint8_t        *p = malloc(PIECE);
    int             rc = fd < 0 ? pacs_fail_errno(err, errno, "%s",
                                                  part->path)
                         : p == NULL ? PACS_E_NOMEM
                         : pacs_source_fd(&file, fd, err);

    for (uint64_t done = 0; rc == PACS_OK && done < part->length; ) {
        uint64_t  left = part->length - done;
        size_t    n = left < PIECE ? (size_t) left : PIECE;

        rc = pacs_source_exact(&file, part->offset + done, p, n, err);
        if (rc == PACS_OK) {
            rc = put(op, t, p, n, err);
        }
        done += n;
    }

    free(p);
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}


static int
put_frame(pacs_op_t *op, pacs_transcode_t *t, const pacs_part_t *part,
    pacs_err_t *err)
{
    bool        coded = pacs_syntax(t->target)->encapsulated;
    uint64_t    odd = part->length % 2;
    pacs_buf_t  b = { 0 };
    int         rc = PACS_OK;

    t->offsets[t->next] = t->spool.len - t->first;
    t->lengths[t->next] = part->length;

    if (coded) {
        put_tag(&b, ITEM, part->length + odd);
        rc = put_buf(op, t, &b, PACS_OK, err);
    }
    if (rc == PACS_OK) {
        rc = copy_file(op, t, part, err);
    }
    return rc == PACS_OK && coded && odd ? put(op, t, "", 1, err) : rc;
}


/* numbers of `size` bytes over what was reserved for them */
static int
write_numbers(pacs_transcode_t *t, const uint64_t *from, unsigned size,
    uint64_t at, pacs_err_t *err)
{
    uint32_t    n = t->record->pixels.frames;
    pacs_buf_t  b = { 0 };
    int         rc = PACS_OK;

    for (uint32_t i = 0; i < n; i++) {
        le32(&b, from[i]);
        if (size == 8) {
            le32(&b, from[i] >> 32);
        }
    }

    if (b.failed) {
        rc = PACS_E_NOMEM;
    } else if (pwrite(t->spool.fd, b.data, b.len, (off_t) at)
               != (ssize_t) b.len)
    {
        rc = pacs_fail_errno(err, errno, "%s", t->spool.path);
    }
    pacs_buf_free(&b);
    return rc;
}


/* PS3.3 C.7.6.1.1.5.2: of all frames */
static int
write_ratio(pacs_op_t *op, pacs_transcode_t *t, pacs_err_t *err)
{
    char      text[RATIO_LEN + 1];
    uint64_t  frame = 0, coded = 0;
    uint32_t  n = t->record->pixels.frames;

    if (t->ratio == 0) {
        return PACS_OK;
    }

    pacs_frame_bytes(&t->record->pixels, pacs_service_limits(op->svc), &frame,
                     NULL);
    for (uint32_t i = 0; i < n; i++) {
        coded += t->lengths[i];
    }

    snprintf(text, sizeof(text), "%-16.4f",
             (double) frame * n / (coded == 0 ? 1 : (double) coded));
    return pwrite(t->spool.fd, text, RATIO_LEN, (off_t) t->ratio) == RATIO_LEN
           ? PACS_OK : pacs_fail_errno(err, errno, "%s", t->spool.path);
}


static int
end_frames(pacs_op_t *op, pacs_transcode_t *t, pacs_err_t *err)
{
    pacs_buf_t  b = { 0 };
    int         rc = PACS_OK;

    if (!pacs_syntax(t->target)->encapsulated) {
        return t->spool.len % 2 != 0 ? put(op, t, "", 1, err) : PACS_OK;
    }

    put_tag(&b, SEQ_END, 0);
    rc = put_buf(op, t, &b, PACS_OK, err);

    if (rc == PACS_OK) {
        rc = write_numbers(t, t->offsets, t->wide ? 8 : 4, t->table, err);
    }
    if (rc == PACS_OK && t->wide) {
        rc = write_numbers(t, t->lengths, 8, t->sizes, err);
    }
    return rc == PACS_OK ? write_ratio(op, t, err) : rc;
}


static int
same_attributes(const pacs_transcode_t *t, const pacs_pixels_t *px,
    pacs_err_t *err)
{
    return px->photometric == t->px.photometric
           ? PACS_OK
           : pacs_fail(err, PACS_E_UNSHOWABLE, "frame %u has another colour "
                       "space than the first one", t->next + 1);
}


int
pacs_transcode_run(pacs_op_t *op, pacs_transcode_t *t, pacs_part_t *part,
    pacs_err_t *err)
{
    pacs_part_t    frame;
    pacs_pixels_t  px;
    int            rc;

    for (; t->next < t->record->pixels.frames; t->next++) {
        rc = pacs_transcode_frame(op, t->image, t->next, t->target, &frame,
                                  &px, err);
        if (rc == PACS_OK && t->next == 0) {
            t->px = px;
            rc = begin(op, t, frame.length, err);
        }
        if (rc == PACS_OK
            && (rc = same_attributes(t, &px, err)) == PACS_OK)
        {
            rc = put_frame(op, t, &frame, err);
        }
        if (rc != PACS_OK) {
            return rc;
        }
    }

    if ((rc = end_frames(op, t, err)) != PACS_OK
        || (rc = put_end(op, t, err)) != PACS_OK)
    {
        return rc;
    }

    *part = (pacs_part_t) { .path = t->spool.path, .length = t->spool.len };

    /* an answer may have thousands of these */
    pacs_spool_close(&t->spool);
    pacs_image_close(t->image);
    drop(t);
    return PACS_OK;
}
