/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Frames and bulk data, PS3.18 10.4.1.1.6-7.  Native little endian frames
 * and coded ones as they are stored go out of the blob by sendfile; coded
 * ones asked for as octets are decoded into the node's frame cache, and go
 * out of there.
 */

#include <unistd.h>

#include "service/send.h"

enum { MAX_CHOICES = 16 };

typedef struct {
    pacs_image_t   *image;
    pacs_frames_give_t  give;
    bool            single;
    char            boundary[33];
    uint32_t        next;           /* frame of the list to do */
    pacs_parts_t    list;
} state_t;


bool
pacs_octets_ok(const pacs_accept_t *c)
{
    return c->type.len == 0 || pacs_str_is(c->type, "*/*")
           || pacs_str_is(c->type, "application/octet-stream");
}


/* octet-stream is Explicit VR LE unless another syntax is named (table
 * 8.7.3-4); the stored media type is the stored syntax.  What cannot be
 * decoded goes to who asks for nothing special as it is stored, 8.7.3.3 */
static pacs_frames_e
how(const pacs_accept_t *c, const pacs_syntax_t *syntax, pacs_str_t stored)
{
    bool  none = c->syntax.len == 0;
    bool  any = none || pacs_str_is(c->syntax, "*");
    bool  octets = pacs_octets_ok(c);

    if (!syntax->encapsulated) {
        return octets && (any || pacs_str_is(c->syntax, PACS_EXPLICIT_LE)
                          || pacs_str_eq(c->syntax, stored))
               ? PACS_FRAMES_NATIVE : PACS_FRAMES_NOT;
    }

    if (pacs_str_eq(c->syntax, stored)
        || (any && pacs_str_is(c->type, syntax->media_type))
        || (octets && pacs_str_is(c->syntax, "*")))
    {
        return PACS_FRAMES_STORED;
    }

    if (!octets || !(none || pacs_str_is(c->syntax, PACS_EXPLICIT_LE))) {
        return PACS_FRAMES_NOT;
    }
    return syntax->coding < PACS_CODING_VIDEO ? PACS_FRAMES_DECODED
           : none && !pacs_str_is(c->type, "application/octet-stream")
           ? PACS_FRAMES_STORED : PACS_FRAMES_NOT;
}


/* the syntax that is asked for by name, or as the default of a media type:
 * table 8.7.3-5 */
static pacs_str_t
target_of(const pacs_accept_t *c)
{
    static const struct { const char *type, *syntax; } defaults[] = {
        { "image/jpeg",      "1.2.840.10008.1.2.4.70" },
        { "image/dicom-rle", "1.2.840.10008.1.2.5" },
        { "image/jls",       "1.2.840.10008.1.2.4.80" },
        { "image/jp2",       "1.2.840.10008.1.2.4.90" },
        { "image/jphc",      "1.2.840.10008.1.2.4.201" }
    };
    bool  none = c->syntax.len == 0 || pacs_str_is(c->syntax, "*");

    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        if (pacs_str_is(c->type, defaults[i].type)) {
            return none ? pacs_cstr(defaults[i].syntax)
                   : pacs_str_is(c->type, pacs_syntax(c->syntax)->media_type)
                   ? c->syntax : pacs_null;
        }
    }
    return pacs_null;
}


pacs_frames_give_t
pacs_frames_choose(const pacs_accept_t *c, const pacs_record_t *record)
{
    pacs_frames_give_t  give = {
        how(c, pacs_syntax(record->syntax_uid), record->syntax_uid),
        pacs_lit(PACS_EXPLICIT_LE)
    };
    pacs_str_t          target = target_of(c);

    if (give.how == PACS_FRAMES_STORED) {
        give.syntax = record->syntax_uid;
    } else if (give.how == PACS_FRAMES_NOT && target.len != 0
               && pacs_transcode_can(record, target))
    {
        give = (pacs_frames_give_t) { PACS_FRAMES_CODED, target };
    }
    return give;
}


static int
negotiate(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, state_t *s, pacs_err_t *err)
{
    pacs_accept_t  choices[MAX_CHOICES];
    unsigned       nchoices;
    int            rc = pacs_op_accept(op, route, params, n, choices,
                                       MAX_CHOICES, &nchoices, err);

    for (unsigned i = 0; rc == PACS_OK && i < nchoices; i++) {
        s->single = choices[i].media == PACS_MT_OCTETS;
        if (s->single && route->nframes > 1) {
            continue;
        }

        s->give = pacs_frames_choose(&choices[i], &s->image->record);
        if (s->give.how != PACS_FRAMES_NOT) {
            return PACS_OK;
        }
    }

    return rc != PACS_OK
           ? rc
           : pacs_fail(err, PACS_E_ACCEPT, "frames are there as %s in "
                       "transfer syntax %.*s, and as application/octet-"
                       "stream%s", s->image->syntax->media_type,
                       pacs_fmt(s->image->record.syntax_uid),
                       route->nframes > 1 ? " in multipart/related" : "");
}


static int
begin(pacs_op_t *op, const pacs_route_t *route, const pacs_param_t *params,
    unsigned n, state_t *s, pacs_err_t *err)
{
    int  rc = pacs_image_open(op, route->study, route->series,
                              route->instance, &s->image, err);

    if (rc != PACS_OK || (rc = negotiate(op, route, params, n, s, err))) {
        return rc;
    }

    for (uint32_t i = 0; i < route->nframes; i++) {
        if (route->frames[i] > s->image->record.pixels.frames) {
            return pacs_fail(err, PACS_E_NOT_FOUND, "frame %u of %u",
                             route->frames[i],
                             s->image->record.pixels.frames);
        }
    }

    char *path = pacs_strdup(op->arena, op->request.path);
    char *key = pacs_strdup(op->arena, s->image->record.key);
    char *syntax = pacs_strdup(op->arena, s->give.syntax);

    if (path == NULL || key == NULL || syntax == NULL) {
        return PACS_E_NOMEM;
    }

    pacs_boundary(s->boundary);
    op->reply.ranges = s->single;
    op->reply.weak = !s->single;
    pacs_reply_etag(op, path, key, s->single ? "1" : "n", syntax,
                    PACS_PIPELINE, NULL);
    return PACS_OK;
}


/* --- one frame --- */

const char *
pacs_frames_type(const pacs_frames_give_t *give)
{
    return give->how == PACS_FRAMES_STORED || give->how == PACS_FRAMES_CODED
           ? pacs_syntax(give->syntax)->media_type
           : "application/octet-stream";
}


static int
frame_head(pacs_op_t *op, const pacs_image_t *im,
    const pacs_frames_give_t *give, const char *boundary, uint32_t number,
    pacs_parts_t *list)
{
    const pacs_record_t *r = &im->record;
    pacs_str_t           url = pacs_op_url(op, true, r->study, r->series,
                                           r->instance);

    return pacs_parts_text(op, list, pacs_sprintf(op->arena,
        "\r\n--%s\r\nContent-Type: %s; transfer-syntax=%.*s\r\n"
        "Content-Location: %.*s/frames/%u\r\n\r\n", boundary,
        pacs_frames_type(give), pacs_fmt(give->syntax), pacs_fmt(url),
        number));
}


static int
native_part(pacs_op_t *op, pacs_image_t *im, uint32_t i, pacs_part_t *part,
    pacs_err_t *err)
{
    pacs_range_t  range;
    pacs_str_t    bytes;

    if (pacs_image_range(im, i, &range)) {
        *part = (pacs_part_t) { .path = im->blob.path,
                                .offset = range.offset,
                                .length = range.length };
        return PACS_OK;
    }

    int rc = pacs_image_native(im, i, 0, 0, pacs_service_limits(op->svc),
                               op->arena, &bytes, err);

    *part = (pacs_part_t) { .data = bytes.data, .length = bytes.len };
    return rc;
}


static int
decoded_part(pacs_op_t *op, pacs_image_t *im, uint32_t i, pacs_part_t *part,
    pacs_err_t *err)
{
    pacs_frame_head_t  head;
    pacs_checked_t     file;

    for (unsigned tries = 0; tries < PACS_DAMAGED_MAX; tries++) {
        int  rc = pacs_image_decoded(op, im, i, op->arena, &file, &head, err);

        if (rc != PACS_OK) {
            return rc;
        }
        if (pacs_checked_whole(&file)) {
            pacs_checked_close(&file);
            *part = (pacs_part_t) { .path = file.path,
                                    .offset = PACS_FRAME_HEAD,
                                    .length = head.bytes };
            return PACS_OK;
        }
        pacs_checked_damaged(&file);
    }

    return pacs_fail(err, PACS_E_IO, "frame %u is damaged in the cache, again "
                     "and again", i + 1);
}


/* all but what is stored */
static int
make_part(pacs_op_t *op, pacs_image_t *im, const pacs_frames_give_t *give,
    uint32_t i, pacs_part_t *part, pacs_err_t *err)
{
    pacs_pixels_t  px;

    switch (give->how) {
    case PACS_FRAMES_DECODED:
        return decoded_part(op, im, i, part, err);
    case PACS_FRAMES_NATIVE:
        return native_part(op, im, i, part, err);
    case PACS_FRAMES_CODED:
        return pacs_transcode_frame(op, im, i, give->syntax, part, &px, err);
    default:
        return PACS_OK;
    }
}


int
pacs_frames_add(pacs_op_t *op, pacs_image_t *im,
    const pacs_frames_give_t *give, uint32_t i, const char *boundary,
    pacs_parts_t *list, pacs_err_t *err)
{
    const pacs_frames_t *f = &im->frames;
    pacs_part_t          part = { 0 };
    int                  rc = make_part(op, im, give, i, &part, err);

    if (rc == PACS_OK && boundary != NULL) {
        rc = frame_head(op, im, give, boundary, i + 1, list);
    }
    if (rc != PACS_OK || give->how != PACS_FRAMES_STORED) {
        return rc != PACS_OK ? rc : pacs_parts_add(op, list, part);
    }

    for (uint32_t k = f->first[i]; rc == PACS_OK && k < f->first[i + 1]; k++)
    {
        rc = pacs_parts_add(op, list, (pacs_part_t) {
                                .path = im->blob.path,
                                .offset = f->ranges[k].offset,
                                .length = f->ranges[k].length });
    }
    return rc;
}


int
pacs_parts_multipart(pacs_op_t *op, pacs_parts_t *list, const char *type,
    const char *boundary)
{
    int  rc = pacs_parts_text(op, list, pacs_sprintf(op->arena,
                                  "\r\n--%s--\r\n", boundary));

    /* that of the first part's head ends no part before */
    list->parts[0].data += 2;
    list->parts[0].length -= 2;

    op->reply.content_type = pacs_sprintf(op->arena, "multipart/related; "
        "type=\"%s\"; boundary=%s", type, boundary);
    pacs_parts_reply(op, list);
    return rc;
}


static int
finish(pacs_op_t *op, state_t *s)
{
    const char *type = pacs_frames_type(&s->give);

    if (!s->single) {
        return pacs_parts_multipart(op, &s->list, type, s->boundary);
    }

    op->reply.content_type = pacs_sprintf(op->arena, "%s; transfer-syntax="
                                          "%.*s", type,
                                          pacs_fmt(s->give.syntax));
    pacs_parts_reply(op, &s->list);
    return PACS_OK;
}


int
pacs_op_frames(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, pacs_err_t *err)
{
    state_t *s = op->state;
    int      rc;

    if (s == NULL) {
        s = op->state = pacs_calloc(op->arena, 1, sizeof(*s));

        if (s == NULL) {
            return PACS_E_NOMEM;
        }
        rc = begin(op, route, params, n, s, err);
        if (rc != PACS_OK || op->reply.status == 304) {
            return rc;
        }
    }

    for (; s->next < route->nframes; s->next++) {
        rc = pacs_frames_add(op, s->image, &s->give,
                             route->frames[s->next] - 1,
                             s->single ? NULL : s->boundary, &s->list, err);
        if (rc != PACS_OK) {
            return rc;
        }
    }

    return finish(op, s);
}
