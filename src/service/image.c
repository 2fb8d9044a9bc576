/* SPDX-License-Identifier: BSD-2-Clause */

/* An instance's frames: native ones from the blob, coded ones through
 * pacs-codec and the node's frame cache. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "service/internal.h"


enum { ASK_MAX = 4 };           /* for a frame that was there, and is not */


/* why there is no picture: scans again, since only few ask */
static int
explain(pacs_op_t *op, pacs_image_t *im, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_dataset_t       ds = { 0 };
    pacs_pixels_t        px;
    pacs_frames_t        frames;
    int                  rc;

    rc = pacs_dicom_read(im->file, limits, PACS_KEEP, op->arena, &ds, err);
    if (rc != PACS_OK) {
        return rc;
    }

    pacs_source_t *stream = pacs_dicom_stream(im->file, &ds, limits,
                                              op->arena, err);

    if (stream != NULL
        && pacs_dicom_pixels(&ds, limits, &px, err) == PACS_OK)
    {
        pacs_frames_locate(stream, &ds, &px, limits, op->arena, &frames, err);
    }

    if (err->code == PACS_E_LIMIT) {
        err->code = PACS_E_UNSHOWABLE;
    }
    return pacs_fail(err, PACS_E_UNSHOWABLE, "no picture can be made of this "
                     "instance");
}


/* the stream of a deflated data set needs its start and size */
static int
open_stream(pacs_op_t *op, pacs_image_t *im, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_dataset_t      *ds = pacs_calloc(op->arena, 1, sizeof(*ds));

    im->stream = im->file;

    if (!im->syntax->deflated) {
        return PACS_OK;
    }

    if (ds == NULL) {
        return PACS_E_NOMEM;
    }

    int rc = pacs_dicom_read(im->file, limits, PACS_KEEP, op->arena, ds, err);

    if (rc == PACS_OK) {
        im->stream = pacs_dicom_stream(im->file, ds, limits, op->arena, err);
        rc = im->stream == NULL ? PACS_E_NOMEM : PACS_OK;
    }
    return rc;
}


int
pacs_image_of(pacs_op_t *op, const pacs_record_t *record,
    pacs_image_t **image, pacs_err_t *err)
{
    pacs_image_t *im = pacs_calloc(op->arena, 1, sizeof(*im));
    int           rc;

    *image = im;

    if (im == NULL || (im->file = pacs_calloc(op->arena, 1,
                                              sizeof(*im->file))) == NULL)
    {
        return PACS_E_NOMEM;
    }

    im->record = *record;

    rc = pacs_op_blob(op, im->record.key, &im->blob, err);
    if (rc != PACS_OK) {
        return rc;
    }

    im->syntax = pacs_syntax(im->record.syntax_uid);

    if ((rc = pacs_source_fd(im->file, im->blob.fd, err)) != PACS_OK) {
        return rc;
    }

    if (im->record.pixels.frames == 0) {
        return explain(op, im, err);
    }

    if ((rc = pacs_frames_unpack(im->record.frames, op->arena, &im->frames,
                                 err)) != PACS_OK
        || (rc = pacs_look_unpack(im->record.look, op->arena, &im->look, err))
            != PACS_OK
        || (rc = pacs_scale_set(op, im, err)) != PACS_OK)
    {
        return rc;
    }

    return open_stream(op, im, err);
}


int
pacs_image_open(pacs_op_t *op, pacs_str_t study, pacs_str_t series,
    pacs_str_t instance, pacs_image_t **image, pacs_err_t *err)
{
    pacs_record_t  record = { 0 };
    int            rc = pacs_op_record(op, study, series, instance, &record,
                                       err);

    return rc == PACS_OK ? pacs_image_of(op, &record, image, err) : rc;
}


void
pacs_image_close(pacs_image_t *im)
{
    close(im->blob.fd);
    im->blob.fd = -1;
}


/* bytes of the words to be turned into little endian; 1: none */
static unsigned
swap_unit(const pacs_image_t *im)
{
    unsigned  allocated = im->record.pixels.allocated;

    return im->frames.native == 2 ? 2
           : im->syntax->big_endian && allocated > 8 ? allocated / 8 : 1;
}


bool
pacs_image_range(const pacs_image_t *im, uint32_t i, pacs_range_t *range)
{
    uint64_t  bits = im->frames.stride_bits;

    if (im->stream != im->file || bits % 8 != 0 || swap_unit(im) > 1)
    {
        return false;
    }

    range->offset = im->frames.offset + i * (bits / 8);
    range->length = bits / 8;
    return true;
}


static void
swap_bytes(uint8_t *p, size_t len, unsigned size)
{
    for (; len >= size; p += size, len -= size) {
        for (unsigned i = 0; i < size / 2; i++) {
            uint8_t  t = p[i];

            p[i] = p[size - 1 - i];
            p[size - 1 - i] = t;
        }
    }
}


/* PS3.5 8.1.1: bit 0 of byte 0 is the first pixel; frames are not aligned */
static void
shift_bits(uint8_t *p, size_t len, unsigned shift)
{
    for (size_t i = 0; i < len; i++) {
        unsigned  next = i + 1 < len ? p[i + 1] : 0;

        p[i] = (uint8_t) (p[i] >> shift | next << (8 - shift));
    }
}


int
pacs_image_native(pacs_image_t *im, uint32_t i, uint32_t row, uint32_t rows,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_str_t *bytes,
    pacs_err_t *err)
{
    uint64_t  line = im->frames.stride_bits / im->record.pixels.rows;
    uint64_t  bits = rows == 0 ? im->frames.stride_bits : line * rows;
    uint64_t  first = i * im->frames.stride_bits + line * row;
    unsigned  unit = swap_unit(im);
    /* whole words, and whole bytes, around the bits that are meant */
    uint64_t  start = first / 8 / unit * unit;
    size_t    skip = (size_t) (first - start * 8);
    size_t    len = (size_t) ((skip + bits + 7) / 8);

    if (len > (uint64_t) limits->frame) {
        return pacs_fail(err, PACS_E_LIMIT, "a frame of %zu bytes is over the "
                         "limit of %" PRId64 " (frame)", len, limits->frame);
    }

    uint8_t *p = pacs_calloc(a, 1, len + unit);

    if (p == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a frame");
    }

    size_t  got;
    int     rc = im->stream->read(im->stream, im->frames.offset + start, p,
                                  len + unit - 1, &got, err);

    if (rc == PACS_OK && got < len) {
        rc = pacs_fail(err, PACS_E_PARSE, "the file ends within frame %u",
                       i + 1);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    if (unit > 1) {
        swap_bytes(p, got, unit);
    }

    if (skip % 8 != 0) {
        shift_bits(p, len, (unsigned) skip);
        len = (size_t) ((bits + 7) / 8);
        skip = 0;
    }

    *bytes = (pacs_str_t) { (char *) p + skip / 8, (size_t) ((bits + 7) / 8) };
    return PACS_OK;
}


static void
frame_key(const pacs_image_t *im, uint32_t i, char key[PACS_FRAME_KEY + 1])
{
    char     text[256];
    uint8_t  digest[PACS_SHA256_LEN];
    int      n = snprintf(text, sizeof(text), "%.*s %u " PACS_PIPELINE,
                          pacs_fmt(im->record.key), i);

    pacs_sha256(text, (size_t) n, digest);
    pacs_cache_owner(im->record.key, key);
    pacs_hex(digest, sizeof(digest) - PACS_CACHE_OWNER / 2,
             key + PACS_CACHE_OWNER);
}


/* the frame that its record speaks of; what is another one is removed */
static int
open_cached(pacs_op_t *op, const pacs_image_t *im, const char *path,
    pacs_arena_t *a, pacs_checked_t *file, pacs_frame_head_t *head)
{
    uint64_t  bytes;
    int       rc = pacs_checked_open(path, PACS_FRAME_MAGIC, a, file, head);

    if (rc != PACS_OK
        || (pacs_frame_bytes(&head->pixels, pacs_service_limits(op->svc),
                             &bytes, NULL) == PACS_OK
            && bytes == head->bytes
            && head->pixels.rows == im->record.pixels.rows
            && head->pixels.columns == im->record.pixels.columns))
    {
        return rc;
    }

    pacs_checked_damaged(file);
    return PACS_E_NOT_FOUND;
}


/* pictures that wait take room too: half of what ingest keeps free (2 % by
 * default) is theirs, not all of it */
int
pacs_cache_room(int fd, uint64_t bytes, const pacs_limits_t *limits,
    pacs_err_t *err)
{
    struct statvfs  st;

    if (limits->free_percent < 2 || fstatvfs(fd, &st) != 0) {
        return PACS_OK;
    }

    uint64_t  free = (uint64_t) st.f_bavail * st.f_frsize;
    uint64_t  keep = (uint64_t) st.f_blocks * st.f_frsize / 100;

    return free > keep && free - keep > bytes
           ? PACS_OK
           : pacs_fail(err, PACS_E_BUSY, "the disk has no room for %" PRIu64
                       " bytes in the cache", bytes);
}


int
pacs_codec_output(pacs_service_t *svc, uint64_t bytes, int *fd,
    pacs_err_t *err)
{
    char  dir[4096];
    int   rc;

    snprintf(dir, sizeof(dir), "%s/cache/frames", svc->home);

    *fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd < 0) {
        return pacs_fail_errno(err, errno, "frame cache %s", dir);
    }

    rc = pacs_cache_room(*fd, bytes, pacs_service_limits(svc), err);
    if (rc != PACS_OK) {
        close(*fd);
        return rc;
    }

    rc = posix_fallocate(*fd, 0, (off_t) pacs_frame_file(bytes));
    if (rc != 0) {
        close(*fd);
        return pacs_fail_errno(err, rc, "frame cache %s", dir);
    }
    return PACS_OK;
}


/* native bytes that are not so in the blob, as a file that can only be read */
static int
make_input(pacs_op_t *op, pacs_image_t *im, uint32_t i, uint64_t *len,
    int *fd, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_arena_t        *a = pacs_arena_create(0);
    char                 path[4096];
    pacs_str_t           bytes = pacs_null;
    int                  tmp, rc;

    if (a == NULL) {
        return PACS_E_NOMEM;
    }

    snprintf(path, sizeof(path), "%s/tmp", op->svc->home);
    tmp = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    rc = tmp < 0 ? pacs_fail_errno(err, errno, "%s", path)
                 : pacs_image_native(im, i, 0, 0, limits, a, &bytes, err);
    if (rc == PACS_OK) {
        rc = pacs_write_all(tmp, bytes.data, bytes.len, err);
    }
    pacs_arena_destroy(a);

    if (rc == PACS_OK) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", tmp);
        *len = bytes.len;
        *fd = open(path, O_RDONLY | O_CLOEXEC);
        rc = *fd < 0 ? pacs_fail_errno(err, errno, "%s", path) : PACS_OK;
    }
    if (tmp >= 0) {
        close(tmp);
    }
    return rc;
}


/* where frame i lies: its ranges, and a descriptor of the file */
static int
locate(pacs_op_t *op, pacs_image_t *im, uint32_t i,
    pacs_codec_request_t *req, int *fd, pacs_err_t *err)
{
    const pacs_frames_t *f = &im->frames;

    if (f->native) {
        snprintf(req->syntax, sizeof(req->syntax), PACS_ENCAPSULATED_LE);
        if (!pacs_image_range(im, i, &req->ranges[0])) {
            req->ranges[0].offset = 0;
            return make_input(op, im, i, &req->ranges[0].length, fd, err);
        }

    } else {
        snprintf(req->syntax, sizeof(req->syntax), "%.*s",
                 pacs_fmt(im->record.syntax_uid));
        memcpy(req->ranges, f->ranges + f->first[i],
               req->nranges * sizeof(pacs_range_t));
    }

    *fd = fcntl(im->blob.fd, F_DUPFD_CLOEXEC, 0);
    return *fd < 0 ? pacs_fail_errno(err, errno, "duplicate a descriptor")
                   : PACS_OK;
}


static int
ask_codec(pacs_op_t *op, pacs_image_t *im, uint32_t i, const char *key,
    const pacs_target_t *target, pacs_err_t *err)
{
    const pacs_frames_t   *f = &im->frames;
    uint32_t               n = f->native ? 1 : f->first[i + 1] - f->first[i];
    pacs_codec_request_t  *req;
    uint64_t               bytes;
    int                    rc;

    if (n > PACS_CODEC_RANGES) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "a frame of %u fragments, "
                         "at most %d can be decoded", n, PACS_CODEC_RANGES);
    }

    req = pacs_calloc(op->arena, 1, pacs_codec_request_len(n));
    if (req == NULL) {
        return PACS_E_NOMEM;
    }

    rc = pacs_frame_bytes(&im->record.pixels, pacs_service_limits(op->svc),
                          &bytes, err);
    if (rc != PACS_OK) {
        return rc;
    }

    req->magic = PACS_CODEC_MAGIC;
    req->version = PACS_CODEC_VERSION;
    req->background = op->background;
    req->nranges = n;
    req->pixels = im->record.pixels;
    memcpy(req->key, key, PACS_FRAME_KEY);

    if (target != NULL) {
        snprintf(req->target, sizeof(req->target), "%s", target->syntax);
        bytes = pacs_target_room(target, bytes);
    }

    rc = pacs_codec_output(op->svc, bytes, &op->codec_out, err);
    if (rc != PACS_OK) {
        return rc;
    }

    rc = locate(op, im, i, req, &op->codec_in, err);
    if (rc != PACS_OK) {
        close(op->codec_out);
        return rc;
    }

    op->codec = req;
    op->want = PACS_WANT_CODEC;
    return PACS_AGAIN;
}


int
pacs_image_answer(pacs_op_t *op, pacs_err_t *err)
{
    bool  answered = op->codec != NULL;

    pacs_op_close(op);

    return answered && op->codec_reply.code != PACS_OK
           ? pacs_fail(err, op->codec_reply.code, "%.*s",
                       (int) sizeof(op->codec_reply.text),
                       op->codec_reply.text)
           : PACS_OK;
}


int
pacs_image_ask(pacs_op_t *op, pacs_image_t *im, uint32_t i, const char *key,
    const pacs_target_t *target, pacs_err_t *err)
{
    /* made, and evicted or found corrupt before it was used */
    im->asked = im->asked_for == i ? im->asked + 1 : 1;
    im->asked_for = i;

    return im->asked > ASK_MAX
           ? pacs_fail(err, PACS_E_BUSY, "the frame cache does not keep frame "
                       "%u: too small, or its disk is bad", i + 1)
           : ask_codec(op, im, i, key, target, err);
}


int
pacs_image_decoded(pacs_op_t *op, pacs_image_t *im, uint32_t i,
    pacs_arena_t *a, pacs_checked_t *file, pacs_frame_head_t *head,
    pacs_err_t *err)
{
    char        key[PACS_FRAME_KEY + 1];
    pacs_str_t  path;
    int         rc = pacs_image_answer(op, err);

    if (rc != PACS_OK) {
        return rc;
    }

    frame_key(im, i, key);
    path = pacs_sprintf(op->arena, "%s/cache/frames/%s", op->svc->home, key);
    if (path.data == NULL) {
        return PACS_E_NOMEM;
    }

    rc = open_cached(op, im, path.data, a, file, head);
    if (rc != PACS_E_NOT_FOUND) {
        return rc;
    }

    return pacs_image_ask(op, im, i, key, NULL, err);
}
