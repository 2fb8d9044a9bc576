/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Frames and bulk data, PS3.18 10.4.1.1.6-7.  Native little endian frames
 * and coded ones as they are stored go out of the blob by sendfile; coded
 * ones asked for as octets are decoded into the node's frame cache, and go
 * out of there.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service/internal.h"

#define EXPLICIT_LE  "1.2.840.10008.1.2.1"

enum { MAX_CHOICES = 16 };

typedef enum { GIVE_NOT, GIVE_NATIVE, GIVE_STORED, GIVE_DECODED } give_e;

typedef struct {
    pacs_image_t   *image;
    give_e          give;
    bool            single;
    char            boundary[33];
    uint32_t        next;           /* frame of the list to do */
    pacs_part_t    *parts;
    unsigned        nparts;
} state_t;


/* octet-stream is Explicit VR LE unless another syntax is named (table
 * 8.7.3-5); the stored media type is the stored syntax */
static give_e
choose(const pacs_accept_t *c, const pacs_syntax_t *syntax, pacs_str_t stored)
{
    bool  any = c->syntax.len == 0 || pacs_str_is(c->syntax, "*");
    bool  octets = c->type.len == 0 || pacs_str_is(c->type, "*/*")
                   || pacs_str_is(c->type, "application/octet-stream");

    if (!syntax->encapsulated) {
        return octets && (any || pacs_str_is(c->syntax, EXPLICIT_LE)
                          || pacs_str_eq(c->syntax, stored))
               ? GIVE_NATIVE : GIVE_NOT;
    }

    if (pacs_str_eq(c->syntax, stored)
        || (any && pacs_str_is(c->type, syntax->media_type))
        || (octets && pacs_str_is(c->syntax, "*")))
    {
        return GIVE_STORED;
    }

    return octets && (any || pacs_str_is(c->syntax, EXPLICIT_LE))
           && syntax->coding < PACS_CODING_VIDEO
           ? (c->type.len == 0 && any ? GIVE_STORED : GIVE_DECODED)
           : GIVE_NOT;
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

        s->give = choose(&choices[i], s->image->syntax,
                         s->image->record.syntax_uid);
        if (s->give != GIVE_NOT) {
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

    if (path == NULL || key == NULL) {
        return PACS_E_NOMEM;
    }

    if (pacs_reply_etag(op, path, key, s->single ? "1" : "n",
                        s->give == GIVE_DECODED ? "d" : "s", NULL))
    {
        return PACS_OK;
    }

    pacs_boundary(s->boundary);

    /* a head and its fragments a frame, and the closing boundary */
    size_t  room = 1;

    for (uint32_t i = 0; i < route->nframes; i++) {
        const pacs_frames_t *f = &s->image->frames;
        uint32_t             k = route->frames[i] - 1;

        room += 2 + (s->give == GIVE_STORED ? f->first[k + 1] - f->first[k]
                                            : 0);
    }

    s->parts = pacs_calloc(op->arena, room, sizeof(pacs_part_t));
    return s->parts == NULL ? PACS_E_NOMEM : PACS_OK;
}


static const char *
media_of(const state_t *s)
{
    return s->give == GIVE_STORED ? s->image->syntax->media_type
                                  : "application/octet-stream";
}


static int
frame_head(pacs_op_t *op, state_t *s, uint32_t number)
{
    const pacs_record_t *r = &s->image->record;
    pacs_str_t           url = pacs_op_url(op, true, r->study, r->series,
                                           r->instance);
    pacs_str_t           syntax = s->give == GIVE_STORED
                                  ? r->syntax_uid : pacs_lit(EXPLICIT_LE);
    pacs_str_t           head = pacs_sprintf(op->arena,
        "%s--%s\r\nContent-Type: %s; transfer-syntax=%.*s\r\n"
        "Content-Location: %.*s/frames/%u\r\n\r\n",
        s->nparts == 0 ? "" : "\r\n", s->boundary, media_of(s),
        pacs_fmt(syntax), pacs_fmt(url), number);

    s->parts[s->nparts++] = (pacs_part_t) { .data = head.data,
                                            .length = head.len };
    return head.data == NULL ? PACS_E_NOMEM : PACS_OK;
}


static int
native_part(pacs_op_t *op, state_t *s, uint32_t i, pacs_part_t *part,
    pacs_err_t *err)
{
    pacs_range_t  range;
    pacs_str_t    bytes;

    if (pacs_image_range(s->image, i, &range)) {
        *part = (pacs_part_t) { .path = s->image->blob.path,
                                .offset = range.offset,
                                .length = range.length };
        return PACS_OK;
    }

    int rc = pacs_image_native(s->image, i, 0, 0,
                               pacs_service_limits(op->svc), op->arena,
                               &bytes, err);

    *part = (pacs_part_t) { .data = bytes.data, .length = bytes.len };
    return rc;
}


static int
decoded_part(pacs_op_t *op, state_t *s, uint32_t i, pacs_part_t *part,
    pacs_err_t *err)
{
    pacs_frame_head_t  head;
    pacs_checked_t     file;

    for (unsigned tries = 0; tries < PACS_DAMAGED_MAX; tries++) {
        int  rc = pacs_image_decoded(op, s->image, i, op->arena, &file, &head,
                                     err);

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


static int
add_frame(pacs_op_t *op, state_t *s, uint32_t i, pacs_err_t *err)
{
    const pacs_frames_t *f = &s->image->frames;
    pacs_part_t          part = { 0 };
    int                  rc = PACS_OK;

    if (s->give == GIVE_DECODED) {
        rc = decoded_part(op, s, i, &part, err);
    } else if (s->give == GIVE_NATIVE) {
        rc = native_part(op, s, i, &part, err);
    }

    if (rc != PACS_OK) {
        return rc;
    }

    if (!s->single && (rc = frame_head(op, s, i + 1)) != PACS_OK) {
        return rc;
    }

    if (s->give != GIVE_STORED) {
        s->parts[s->nparts++] = part;
        return PACS_OK;
    }

    for (uint32_t k = f->first[i]; k < f->first[i + 1]; k++) {
        s->parts[s->nparts++] = (pacs_part_t) {
            .path = s->image->blob.path, .offset = f->ranges[k].offset,
            .length = f->ranges[k].length
        };
    }
    return PACS_OK;
}


static int
finish(pacs_op_t *op, state_t *s)
{
    if (s->single) {
        op->reply.content_type = pacs_cstr(media_of(s));

    } else {
        pacs_str_t  end = pacs_sprintf(op->arena, "\r\n--%s--\r\n",
                                       s->boundary);

        op->reply.content_type = pacs_sprintf(op->arena, "multipart/related; "
            "type=\"%s\"; boundary=%s", media_of(s), s->boundary);
        s->parts[s->nparts++] = (pacs_part_t) { .data = end.data,
                                                .length = end.len };
        if (end.data == NULL) {
            return PACS_E_NOMEM;
        }
    }

    op->reply.parts = s->parts;
    op->reply.nparts = s->nparts;
    pacs_reply_length(op);
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
        rc = add_frame(op, s, route->frames[s->next] - 1, err);
        if (rc != PACS_OK) {
            return rc;
        }
    }

    return finish(op, s);
}
