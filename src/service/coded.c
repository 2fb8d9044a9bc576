/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Frames in another transfer syntax than they are stored in, through
 * pacs-codec and <home>/cache/coded, under a key of content, frame, target
 * and PACS_PIPELINE.
 */

#include <stdio.h>

#include "service/internal.h"

#define IMPLICIT_LE     "1.2.840.10008.1.2"
#define DEFLATED_FRAME  "1.2.840.10008.1.2.8.1"


/* frames are the same in implicit VR */
static const pacs_target_t *
target_of(pacs_str_t target)
{
    return pacs_target(pacs_str_is(target, IMPLICIT_LE)
                       ? pacs_lit(PACS_EXPLICIT_LE) : target);
}


bool
pacs_transcode_makes(pacs_str_t target)
{
    return target_of(target) != NULL;
}


static bool
is_half(const pacs_pixels_t *px)
{
    return px->photometric == PACS_PI_YBR_FULL_422
           || px->photometric == PACS_PI_YBR_PARTIAL_422
           || px->photometric == PACS_PI_YBR_PARTIAL_420;
}


bool
pacs_transcode_can(const pacs_record_t *record, pacs_str_t target)
{
    const pacs_syntax_t *from = pacs_syntax(record->syntax_uid);
    const pacs_target_t *to = target_of(target);

    return to != NULL && !pacs_str_eq(record->syntax_uid, target)
           && (from->encapsulated || !to->native)
           && record->pixels.frames != 0
           && pacs_target_takes(to, &record->pixels)
           && (from->encapsulated
               ? from->coding < PACS_CODING_VIDEO
                 || pacs_str_is(record->syntax_uid, DEFLATED_FRAME)
               : !is_half(&record->pixels));
}


static void
coded_key(const pacs_image_t *im, uint32_t i, const pacs_target_t *t,
    char key[PACS_FRAME_KEY + 1])
{
    char     text[512];
    uint8_t  digest[PACS_SHA256_LEN];
    int      n = snprintf(text, sizeof(text), "%.*s %u %s " PACS_PIPELINE,
                          pacs_fmt(im->record.key), i, t->syntax);

    pacs_sha256(text, (size_t) n, digest);
    pacs_hex(digest, sizeof(digest), key);
}


/* true: a whole coded frame of this image; what is not one is removed */
static bool
open_coded(pacs_op_t *op, const pacs_image_t *im, const char *path,
    pacs_frame_head_t *head)
{
    pacs_checked_t   file;
    pacs_arena_t    *a = pacs_arena_create(0);      /* for the sums */
    bool             good = false;

    if (a != NULL
        && pacs_checked_open(path, PACS_CODED_MAGIC, a, &file, head)
           == PACS_OK)
    {
        good = head->pixels.rows == im->record.pixels.rows
               && head->pixels.columns == im->record.pixels.columns
               && pacs_checked_whole(&file);
        if (good) {
            pacs_checked_close(&file);
        } else {
            pacs_checked_damaged(&file);
        }
    }

    if (a != NULL) {
        pacs_arena_destroy(a);
    }
    return good;
}


static int
through_codec(pacs_op_t *op, pacs_image_t *im, uint32_t i,
    const pacs_target_t *t, pacs_part_t *part, pacs_pixels_t *px,
    pacs_err_t *err)
{
    char               key[PACS_FRAME_KEY + 1];
    pacs_frame_head_t  head;
    pacs_str_t         path;
    int                rc = pacs_image_answer(op, err);

    if (rc != PACS_OK) {
        return rc;
    }

    coded_key(im, i, t, key);
    path = pacs_sprintf(op->arena, "%s/cache/coded/%s", op->svc->home, key);
    if (path.data == NULL) {
        return PACS_E_NOMEM;
    }

    if (!open_coded(op, im, path.data, &head)) {
        return pacs_image_ask(op, im, i, key, t, err);
    }

    *px = head.pixels;
    *part = (pacs_part_t) { .path = path.data, .offset = PACS_FRAME_HEAD,
                            .length = head.bytes };
    return PACS_OK;
}


int
pacs_transcode_frame(pacs_op_t *op, pacs_image_t *im, uint32_t i,
    pacs_str_t target, pacs_part_t *part, pacs_pixels_t *px,
    pacs_err_t *err)
{
    const pacs_target_t *t = target_of(target);

    return t == NULL
           ? pacs_fail(err, PACS_E_ACCEPT, "frames cannot be put into "
                       "transfer syntax %.*s", pacs_fmt(target))
           : through_codec(op, im, i, t, part, px, err);
}
