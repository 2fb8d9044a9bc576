/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Several pictures in one answer (PS3.18 10.4.1.1.3): the frames of an
 * instance as an animation or as multipart/related, all that a study or
 * series has as multipart/related.  They are made one after the other into a
 * spool, and others take their turn between two of them, so memory holds one
 * picture whatever there is.  What cannot be shown is left out, and said: 206
 * and a Warning.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "service/presented.h"

/* frames from 1, or (none) all */
typedef struct {
    pacs_str_t       series, instance;
    const uint32_t  *frames;
    uint32_t         nframes;
} name_t;

struct pacs_pictures_s {
    pacs_picture_t    want;
    pacs_presented_t *presented;    /* all of them are drawn with it */
    unsigned          notes;
    pacs_drawn_t      drawn;
    pacs_str_t        type;         /* "image/jpeg", of a picture */
    pacs_str_t        study;
    char              boundary[33];
    bool              animated;
    pacs_animation_t  animation;
    uint32_t         *delays_ms;    /* by position in frames */
    /* an instance's frames (from 0), or all of these */
    uint32_t         *frames, nframes;
    name_t           *names;
    unsigned          nnames;
    unsigned          room;
    unsigned          other;        /* instances that are no pictures */
    /* where it is */
    unsigned          name;
    uint32_t          frame;
    pacs_image_t     *image;
    bool              opened;
    pacs_arena_t     *of_image, *of_frame;
    pacs_spool_t      spool;
    unsigned          given, left_out;
    pacs_err_t        first;        /* why one was left out */
};


static void
drop(void *data)
{
    pacs_pictures_t *p = data;

    pacs_arena_destroy(p->of_frame);
    pacs_arena_destroy(p->of_image);
}


/* --- what there is to show --- */

typedef struct {
    pacs_pictures_t  *p;
    pacs_op_t        *op;
    pacs_err_t       *err;
    uint64_t          pictures;
} list_t;


static int
check_count(const pacs_op_t *op, uint64_t pictures, pacs_err_t *err)
{
    int64_t  most = pacs_service_limits(op->svc)->render_pictures;

    return pictures <= (uint64_t) most
           ? PACS_OK
           : pacs_fail(err, PACS_E_LIMIT, "%" PRIu64 " pictures in one "
                       "answer, the limit render_pictures is %" PRId64,
                       pictures, most);
}


static int
list_one(void *ctx, const pacs_record_t *r)
{
    list_t          *l = ctx;
    pacs_pictures_t *p = l->p;

    if (r->pixels.frames == 0) {
        p->other++;
        return PACS_OK;
    }

    if (p->nnames == p->room) {
        unsigned  room = p->room == 0 ? 64 : p->room * 2;
        name_t   *names = pacs_calloc(l->op->arena, room, sizeof(*names));

        if (names == NULL) {
            return PACS_E_NOMEM;
        }
        if (p->nnames != 0) {
            memcpy(names, p->names, p->nnames * sizeof(*names));
        }
        p->names = names;
        p->room = room;
    }

    p->names[p->nnames++] = (name_t) {
        .series = pacs_str_copy(l->op->arena, r->series),
        .instance = pacs_str_copy(l->op->arena, r->instance)
    };
    l->pictures += r->pixels.frames;
    return check_count(l->op, l->pictures, l->err);
}


static int
list(pacs_op_t *op, const pacs_route_t *route, pacs_pictures_t *p,
    pacs_err_t *err)
{
    pacs_index_t *ix = op->svc->index;
    pacs_arena_t *a = pacs_arena_create(0);
    list_t        l = { .p = p, .op = op, .err = err };
    int           rc = a == NULL
                       ? PACS_E_NOMEM
                       : ix->vt->each(ix, route->study, route->series, false,
                                      a, list_one, &l, err);

    pacs_arena_destroy(a);
    return rc == PACS_OK && p->nnames == 0
           ? pacs_fail(err, PACS_E_UNSHOWABLE, "nothing in it can be shown "
                       "as a picture")
           : rc;
}


static int
list_state(pacs_op_t *op, pacs_pictures_t *p)
{
    const pacs_state_t *state = pacs_presented_state(p->presented);

    p->names = pacs_calloc(op->arena, state->nrefs, sizeof(*p->names));
    if (p->names == NULL) {
        return PACS_E_NOMEM;
    }
    for (uint32_t i = 0; i < state->nrefs; i++) {
        const pacs_state_ref_t *ref = &state->refs[i];

        p->names[p->nnames++] = (name_t) { ref->series, ref->instance,
                                           ref->frames, ref->nframes };
    }
    return PACS_OK;
}


static int
list_frames(pacs_op_t *op, const pacs_route_t *route, pacs_pictures_t *p,
    pacs_err_t *err)
{
    uint32_t  all = p->image->record.pixels.frames;

    p->nframes = route->nframes != 0 ? route->nframes : all;

    int  rc = check_count(op, p->nframes, err);

    if (rc != PACS_OK) {
        return rc;
    }

    p->frames = pacs_calloc(op->arena, p->nframes, sizeof(*p->frames));
    p->delays_ms = pacs_calloc(op->arena, p->nframes, sizeof(uint32_t));
    if (p->frames == NULL || p->delays_ms == NULL) {
        return PACS_E_NOMEM;
    }

    for (uint32_t i = 0; i < p->nframes; i++) {
        p->frames[i] = route->nframes != 0 ? route->frames[i] - 1 : i;
        if (p->frames[i] >= all) {
            return pacs_fail(err, PACS_E_NOT_FOUND, "frame %u of %u",
                             p->frames[i] + 1, all);
        }
    }

    return p->animated
           ? pacs_cine_delays(op, p->image, p->frames, p->nframes,
                              p->delays_ms, err)
           : PACS_OK;
}


int
pacs_pictures_open(pacs_op_t *op, const pacs_route_t *route,
    pacs_image_t *image, pacs_presented_t *presented,
    const pacs_picture_t *want, unsigned notes, pacs_str_t type,
    bool animated, pacs_pictures_t **pictures, pacs_err_t *err)
{
    pacs_pictures_t *p = pacs_calloc(op->arena, 1, sizeof(*p));
    int              rc;

    *pictures = p;

    if (p == NULL || !pacs_arena_cleanup(op->arena, drop, p)) {
        return PACS_E_NOMEM;
    }

    p->image = image;
    p->presented = presented;
    p->want = *want;
    p->notes = notes;
    p->type = type;
    p->study = route->study;
    p->animated = animated;
    p->animation.format = want->format;
    pacs_boundary(p->boundary);

    rc = image != NULL ? list_frames(op, route, p, err)
         : presented != NULL ? list_state(op, p)
         : list(op, route, p, err);

    return rc == PACS_OK ? pacs_spool_open(op, &p->spool, err) : rc;
}


/* --- one picture --- */

/* PS3.18 9.5: an image as a state has it */
static pacs_str_t
presented_url(pacs_op_t *op, const pacs_pictures_t *p, uint32_t frame)
{
    const pacs_record_t *r = &p->image->record;
    const pacs_record_t *state = pacs_presented_record(p->presented);

    return pacs_sprintf(op->arena, "%.*s%.*s/wado?requestType=WADO&studyUID="
        "%.*s&seriesUID=%.*s&objectUID=%.*s&frameNumber=%u"
        "&presentationSeriesUID=%.*s&presentationUID=%.*s",
        pacs_fmt(op->request.origin), pacs_fmt(op->request.prefix),
        pacs_fmt(r->study), pacs_fmt(r->series), pacs_fmt(r->instance),
        frame + 1, pacs_fmt(state->series), pacs_fmt(state->instance));
}


static pacs_str_t
picture_url(pacs_op_t *op, const pacs_pictures_t *p, uint32_t frame)
{
    const pacs_record_t *r = &p->image->record;
    pacs_str_t           url = pacs_op_url(op, true, r->study, r->series,
                                           r->instance);
    pacs_str_t           args = op->request.args;
    char                 one[32] = "";

    if (r->pixels.frames > 1) {
        snprintf(one, sizeof(one), "/frames/%u", frame + 1);
    }
    return pacs_sprintf(op->arena, "%.*s%s/rendered%s%.*s", pacs_fmt(url),
                        one, args.len != 0 ? "?" : "", pacs_fmt(args));
}


static int
add_part(pacs_op_t *op, pacs_pictures_t *p, uint32_t frame,
    const pacs_buf_t *picture, pacs_err_t *err)
{
    pacs_str_t  url = p->presented != NULL ? presented_url(op, p, frame)
                                           : picture_url(op, p, frame);
    pacs_str_t  head = pacs_sprintf(op->arena,
        "%s--%s\r\nContent-Type: %.*s\r\nContent-Location: %.*s\r\n\r\n",
        p->given == 0 ? "" : "\r\n", p->boundary, pacs_fmt(p->type),
        pacs_fmt(url));
    int         rc = head.data == NULL
                     ? PACS_E_NOMEM : pacs_spool_add(op, &p->spool, head, err);

    return rc != PACS_OK
           ? rc
           : pacs_spool_add(op, &p->spool, (pacs_str_t) { picture->data,
                                                          picture->len }, err);
}


static int
add_step(pacs_op_t *op, pacs_pictures_t *p, const pacs_buf_t *picture,
    pacs_err_t *err)
{
    pacs_buf_t  out = { 0 };
    int         rc = pacs_animation_add(&p->animation,
                         (pacs_str_t) { picture->data, picture->len },
                         p->delays_ms[p->frame], &out, err);

    if (rc == PACS_OK && out.failed) {
        rc = PACS_E_NOMEM;
    }
    if (rc == PACS_OK) {
        rc = pacs_spool_add(op, &p->spool, (pacs_str_t) { out.data, out.len },
                            err);
    }
    pacs_buf_free(&out);
    return rc;
}


static int
make(pacs_op_t *op, pacs_pictures_t *p, uint32_t frame, pacs_err_t *err)
{
    pacs_buf_t  out = { 0 };
    uint32_t    width, height;
    int         rc = pacs_annotate(op, p->image, p->notes, frame,
                                   &p->want.annotation, err);

    if (rc == PACS_OK) {
        rc = pacs_draw(op, p->image, frame, &p->want, &p->drawn, &out, &width,
                       &height, err);
    }
    if (rc == PACS_OK) {
        p->animation.width = width;
        p->animation.height = height;
        rc = p->animated ? add_step(op, p, &out, err)
                         : add_part(op, p, frame, &out, err);
    }
    pacs_buf_free(&out);
    return rc;
}


static int
open_image(pacs_op_t *op, pacs_pictures_t *p, pacs_err_t *err)
{
    int  rc = PACS_OK;

    if (p->frames == NULL) {
        const name_t  *n = &p->names[p->name];

        rc = p->presented != NULL
             ? pacs_presented_image(op, p->presented, n->series, n->instance,
                                    &p->image, err)
             : pacs_image_open(op, p->study, n->series, n->instance,
                               &p->image, err);
    }

    if (rc == PACS_OK) {
        rc = pacs_image_profile(op, p->image, &p->want, err);
    }
    p->opened = rc == PACS_OK;
    return rc;
}


/* how many of the image that is open */
static uint32_t
count_frames(const pacs_pictures_t *p)
{
    if (p->frames != NULL) {
        return p->nframes;
    }
    if (!p->opened) {
        return 0;
    }
    return p->names[p->name].nframes != 0 ? p->names[p->name].nframes
                                          : p->image->record.pixels.frames;
}


/* from 0 */
static int
this_frame(const pacs_pictures_t *p, uint32_t *frame, pacs_err_t *err)
{
    const name_t *n = p->frames == NULL ? &p->names[p->name] : NULL;

    *frame = n == NULL ? p->frames[p->frame]
             : n->nframes != 0 ? n->frames[p->frame] - 1 : p->frame;

    return *frame < p->image->record.pixels.frames
           ? PACS_OK
           : pacs_fail(err, PACS_E_UNSHOWABLE, "the presentation state refers "
                       "to frame %u, there are %u", *frame + 1,
                       p->image->record.pixels.frames);
}


/* in arenas of their own: what an instance and a frame need goes with them */
static int
next(pacs_op_t *op, pacs_pictures_t *p, pacs_err_t *err)
{
    pacs_arena_t *of_op = op->arena;
    uint32_t      frame = 0;
    int           rc = PACS_OK;

    if (!p->opened) {
        p->of_image = pacs_arena_create(0);
        op->arena = p->of_image;
        rc = p->of_image == NULL ? PACS_E_NOMEM : open_image(op, p, err);
    }
    if (rc == PACS_OK) {
        rc = this_frame(p, &frame, err);
    }

    if (rc == PACS_OK) {
        if (p->of_frame == NULL) {
            p->of_frame = pacs_arena_create(0);
        }
        op->arena = p->of_frame;
        rc = p->of_frame == NULL ? PACS_E_NOMEM : make(op, p, frame, err);
    }

    op->arena = of_op;

    if (rc != PACS_AGAIN) {
        pacs_arena_destroy(p->of_frame);
        p->of_frame = NULL;
    }
    return rc;
}


/* what concerns this picture only: the others can still be had, but of a state
 * all or nothing is shown */
static bool
can_be_left_out(const pacs_pictures_t *p, int rc)
{
    static const bool  codes[PACS_E_COUNT] = {
        [PACS_E_PARSE] = true, [PACS_E_NOT_FOUND] = true,
        [PACS_E_GONE] = true, [PACS_E_UNSHOWABLE] = true,
        [PACS_E_CODEC] = true
    };

    return !p->animated && p->presented == NULL && codes[rc];
}


/* false: that was the last one */
static bool
advance(pacs_pictures_t *p)
{
    if (++p->frame < count_frames(p)) {
        return true;
    }

    p->frame = 0;
    p->opened = false;
    pacs_arena_destroy(p->of_image);
    p->of_image = NULL;
    return p->frames == NULL && ++p->name < p->nnames;
}


/* --- the answer --- */

static int
finish_animation(pacs_op_t *op, pacs_pictures_t *p, pacs_err_t *err)
{
    pacs_buf_t  end = { 0 };
    char        head[PACS_ANIMATION_HEAD];
    int         rc;

    pacs_animation_end(&p->animation, &end);
    rc = pacs_spool_add(op, &p->spool, (pacs_str_t) { end.data, end.len },
                        err);
    pacs_buf_free(&end);

    if (rc == PACS_OK) {
        rc = pacs_animation_head(&p->animation, p->spool.len, head, err);
    }

    op->reply.content_type = p->type;
    return rc == PACS_OK ? pacs_spool_begin(&p->spool, head, sizeof(head),
                                            err)
                         : rc;
}


static int
finish_multipart(pacs_op_t *op, pacs_pictures_t *p, pacs_err_t *err)
{
    pacs_str_t  end = pacs_sprintf(op->arena, "\r\n--%s--\r\n", p->boundary);
    int         rc = PACS_OK;

    /* it may be there the next time */
    if (p->left_out != 0) {
        op->reply.etag = pacs_null;
    }
    if (p->left_out + p->other != 0) {
        op->reply.status = 206;
        rc = p->left_out == 0
             ? pacs_reply_warning(op, "%u instances are left out: they are no "
                                  "pictures", p->other)
             : pacs_reply_warning(op, "%u pictures and %u instances that are "
                                  "none are left out: %s", p->left_out,
                                  p->other, p->first.text);
    }
    if (rc != PACS_OK || end.data == NULL) {
        return PACS_E_NOMEM;
    }

    op->reply.content_type = pacs_sprintf(op->arena, "multipart/related; "
        "type=\"%.*s\"; boundary=%s", pacs_fmt(p->type), p->boundary);
    return pacs_spool_add(op, &p->spool, end, err);
}


static int
finish(pacs_op_t *op, pacs_pictures_t *p, pacs_err_t *err)
{
    if (p->given == 0) {
        *err = p->first;
        return err->code;
    }

    int  rc = p->animated ? finish_animation(op, p, err)
                          : finish_multipart(op, p, err);

    if (rc == PACS_OK) {
        rc = pacs_draw_tell(op, &p->drawn);
    }
    return rc == PACS_OK ? pacs_spool_reply(op, &p->spool) : rc;
}


int
pacs_pictures_run(pacs_op_t *op, pacs_pictures_t *p, pacs_err_t *err)
{
    pacs_err_t  why = { 0 };
    int         rc = next(op, p, &why);

    if (rc == PACS_AGAIN) {
        return rc;
    }

    if (rc != PACS_OK && !can_be_left_out(p, rc)) {
        *err = why;
        return rc;
    }

    if (rc == PACS_OK) {
        p->given++;
    } else {
        p->left_out++;
        pacs_fail(&p->first, rc, "%s", why.text);
    }

    if (advance(p)) {
        op->want = PACS_WANT_TIME;
        op->wait_ms = 0;
        return PACS_AGAIN;
    }

    return finish(op, p, err);
}
