/* SPDX-License-Identifier: BSD-2-Clause */

/* Rendered resources and thumbnails, PS3.18 8.3.5 and 10.4.1.1.3-5. */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "service/internal.h"

enum { THUMBNAIL = 256 };

typedef struct {
    pacs_image_t    *image;
    uint32_t         frame;         /* from 0 */
    pacs_picture_t   want;
    unsigned         notes;         /* PACS_NOTE_… */
    bool             thumbnail;
    bool             keep;          /* the picture, when it is made */
} state_t;

/* --- which instance stands for a study or a series --- */

typedef struct {
    pacs_arena_t  *a;
    pacs_str_t     pick;
    uint32_t       count, middle;   /* count 0: the first pass */
    uint32_t       seen;
} pick_t;


static int
count_pictures(void *ctx, const pacs_record_t *r)
{
    pick_t *p = ctx;

    p->count += r->pixels.frames != 0;
    return PACS_OK;
}


static int
pick_middle(void *ctx, const pacs_record_t *r)
{
    pick_t *p = ctx;

    if (r->pixels.frames != 0 && p->seen++ == p->middle) {
        p->pick = pacs_str_copy(p->a, r->instance);
    }
    return PACS_OK;
}


static int
representative(pacs_op_t *op, const pacs_route_t *route, pacs_str_t *uid,
    pacs_err_t *err)
{
    pacs_index_t *ix = op->svc->index;
    pick_t        p = { .a = op->arena };
    int64_t       revision;
    int           rc;

    rc = ix->vt->revision(ix, route->study, route->series, pacs_null,
                          &revision, err);
    if (rc == PACS_OK) {
        rc = ix->vt->each(ix, route->study, route->series, false, op->arena,
                          count_pictures, &p, err);
    }
    if (rc == PACS_OK) {
        p.middle = p.count / 2;
        rc = ix->vt->each(ix, route->study, route->series, false, op->arena,
                          pick_middle, &p, err);
    }
    if (rc == PACS_OK && p.pick.len == 0) {
        rc = pacs_fail(err, PACS_E_UNSHOWABLE, "nothing in it can be shown "
                       "as a picture");
    }

    *uid = p.pick;
    return rc;
}


/* --- what is asked for --- */

static int
choose_frame(const pacs_route_t *route, state_t *s, pacs_err_t *err)
{
    uint32_t  frames = s->image->record.pixels.frames;

    if (route->nframes > 1) {
        return pacs_fail(err, PACS_E_ACCEPT, "one picture an answer: ask for "
                         "one frame");
    }

    if (route->nframes == 1) {
        if (route->frames[0] > frames) {
            return pacs_fail(err, PACS_E_NOT_FOUND, "frame %u of %u",
                             route->frames[0], frames);
        }
        s->frame = route->frames[0] - 1;
        return PACS_OK;
    }

    if (route->resource == PACS_R_THUMBNAIL) {
        s->frame = frames / 2;
        return PACS_OK;
    }

    if (frames > 1) {
        return pacs_fail(err, PACS_E_ACCEPT, "%u frames do not fit into one "
                         "picture: ask for /frames/1/rendered", frames);
    }

    return PACS_OK;
}


static int
read_wishes(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, state_t *s, pacs_err_t *err)
{
    pacs_rendered_t  r = { 0 };
    pacs_accept_t    accept;
    unsigned         naccept;
    int              rc;

    if ((rc = pacs_web_rendered(params, n, pacs_service_limits(op->svc), &r,
                                err)) != PACS_OK
        || (rc = pacs_op_accept(op, route, params, n, &accept, 1, &naccept,
                                err)) != PACS_OK)
    {
        return rc;
    }

    if (route->resource == PACS_R_THUMBNAIL) {
        for (int i = 0; i < 2; i++) {
            r.viewport[i] = r.has_viewport ? fmin(r.viewport[i], THUMBNAIL)
                                           : THUMBNAIL;
        }
        r.has_viewport = true;
    }

    s->want = (pacs_picture_t) {
        .format = accept.media == PACS_MT_PNG ? PACS_PICTURE_PNG
                                              : PACS_PICTURE_JPEG,
        .quality = (uint8_t) r.quality,
        .has_window = r.has_window, .voi = (uint8_t) r.function,
        .center = r.center, .width = r.width,
        .view_width = r.has_viewport ? (uint32_t) r.viewport[0] : 0,
        .view_height = r.has_viewport ? (uint32_t) r.viewport[1] : 0,
        .has_region = r.has_region,
        .sx = r.viewport[2], .sy = r.viewport[3],
        .sw = r.viewport[4], .sh = r.viewport[5],
        .flip_x = r.flip_x, .flip_y = r.flip_y, .rotate = (uint8_t) r.rotate
    };

    /* no parameter of thumbnails, 8.3.5.2 */
    s->notes = route->resource == PACS_R_THUMBNAIL ? 0 : r.annotation;

    return r.unsupported[0] == '\0' || route->resource == PACS_R_THUMBNAIL
           ? PACS_OK
           : pacs_reply_warning(op, "The following annotation values are not "
                                "supported: %s", r.unsupported);
}


/* the texts that are burnt in, which corrections change */
static void
digest_notes(const pacs_annotation_t *n, char hex[2 * PACS_SHA256_LEN + 1])
{
    uint8_t  digest[PACS_CORNERS][PACS_SHA256_LEN];

    hex[0] = '\0';
    if (n == NULL) {
        return;
    }
    for (unsigned i = 0; i < PACS_CORNERS; i++) {
        pacs_sha256(n->lines[i].data, n->lines[i].len, digest[i]);
    }
    pacs_sha256(digest, sizeof(digest), digest[0]);
    pacs_hex(digest[0], PACS_SHA256_LEN, hex);
}


/* content, the frame and the wishes as they were written */
static bool
unchanged(pacs_op_t *op, const state_t *s)
{
    char        notes[2 * PACS_SHA256_LEN + 1];
    char        frame[32];
    char       *key = pacs_strdup(op->arena, s->image->record.key);
    char       *args = pacs_strdup(op->arena, op->request.args);
    pacs_str_t  look = s->image->record.look;
    uint8_t     digest[PACS_SHA256_LEN];
    char        hex[2 * PACS_SHA256_LEN + 1];
    char        scale[80];

    snprintf(frame, sizeof(frame), "%u %d", s->frame, s->want.format);
    /* of the series, so not of the record alone */
    snprintf(scale, sizeof(scale), "%.17g %.17g %.17g",
             s->image->look.range[0], s->image->look.range[1],
             s->image->look.scale[1]);
    pacs_sha256(look.data, look.len, digest);
    pacs_hex(digest, sizeof(digest), hex);
    digest_notes(s->want.annotation, notes);

    return pacs_reply_etag(op, PACS_PIPELINE, frame, key ? key : "", hex,
                           scale, args ? args : "", notes, NULL);
}


static int
begin(pacs_op_t *op, const pacs_route_t *route, const pacs_param_t *params,
    unsigned n, state_t *s, pacs_err_t *err)
{
    pacs_str_t  instance = route->instance;
    int         rc;

    if (instance.len == 0 && route->resource == PACS_R_RENDERED) {
        return pacs_fail(err, PACS_E_ACCEPT, "a study or series is not one "
                         "picture: ask for an instance or a frame");
    }

    if ((rc = read_wishes(op, route, params, n, s, err)) != PACS_OK) {
        return rc;
    }

    if (instance.len == 0
        && (rc = representative(op, route, &instance, err)) != PACS_OK)
    {
        return rc;
    }

    if ((rc = pacs_image_open(op, route->study, route->series, instance,
                              &s->image, err)) != PACS_OK)
    {
        return rc;
    }

    if ((rc = choose_frame(route, s, err)) != PACS_OK) {
        return rc;
    }

    return pacs_annotate(op, s->image, s->notes, s->frame,
                         &s->want.annotation, err);
}


/* --- pictures that are kept --- */

/* in the look that it has by itself, and as a whole */
static bool
is_plain(const state_t *s, const pacs_param_t *params, unsigned n)
{
    static const char *const  plain[] = { "accept", "quality", "viewport" };

    for (unsigned i = 0; i < n; i++) {
        if (!pacs_str_is(params[i].name, plain[0])
            && !pacs_str_is(params[i].name, plain[1])
            && !pacs_str_is(params[i].name, plain[2]))
        {
            return false;
        }
    }
    return !s->want.has_region;
}


/* those of a user are not: nobody may ask for them again, but thumbnails */
static int
get_kept(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, state_t *s)
{
    s->thumbnail = route->resource == PACS_R_THUMBNAIL;

    if (!is_plain(s, params, n)) {
        return PACS_E_NOT_FOUND;
    }

    int  rc = pacs_kept_get(op, s->thumbnail);

    s->keep = s->thumbnail || op->background || rc == PACS_E_PARSE;
    return rc;
}


/* --- the picture --- */

/* what of the annotation is not as it should be */
static int
tell_drawn(pacs_op_t *op, const pacs_annotation_t *n)
{
    static atomic_bool  told;

    if (n == NULL) {
        return PACS_OK;
    }

    if (n->drawn->missing != 0) {
        /* with another font it is another picture */
        op->reply.etag = pacs_null;
        if (!atomic_exchange(&told, true)) {
            pacs_log(&op->svc->options.env, PACS_LOG_WARN, "annotation: %u "
                     "characters have no font and are boxes: see README, "
                     "Fonts", n->drawn->missing);
        }
    }

    return n->drawn->hidden == 0
           ? PACS_OK
           : pacs_reply_warning(op, "%u lines of the annotation have no room "
                                "in a picture of this size",
                                n->drawn->hidden);
}


int
pacs_op_picture(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, pacs_err_t *err)
{
    state_t        *s = op->state;
    pacs_samples_t  samples;
    pacs_buf_t      out = { 0 };
    uint32_t        width, height;
    int             rc;

    if (s == NULL) {
        s = op->state = pacs_calloc(op->arena, 1, sizeof(*s));

        if (s == NULL) {
            return PACS_E_NOMEM;
        }
        if ((rc = begin(op, route, params, n, s, err)) != PACS_OK) {
            return rc;
        }
        if (unchanged(op, s)
            || get_kept(op, route, params, n, s) == PACS_OK)
        {
            return PACS_OK;
        }
    }

    rc = pacs_samples_get(op, s->image, s->frame, &s->want, &samples, err);
    if (rc != PACS_OK) {
        return rc;
    }

    rc = pacs_render(&samples, &s->image->look, &s->want,
                     pacs_service_limits(op->svc), &out, &width, &height,
                     err);
    if (rc != PACS_OK) {
        pacs_buf_free(&out);
        return rc;
    }

    op->reply.content_type = s->want.format == PACS_PICTURE_PNG
                             ? pacs_lit("image/png") : pacs_lit("image/jpeg");
    if ((rc = tell_drawn(op, s->want.annotation)) != PACS_OK) {
        pacs_buf_free(&out);
        return rc;
    }

    rc = pacs_reply_memory(op, pacs_buf_take(&out, op->arena));

    if (rc == PACS_OK && s->keep) {
        pacs_kept_put(op, s->thumbnail);
    }
    return rc;
}
