/* SPDX-License-Identifier: BSD-2-Clause */

/* Rendered resources and thumbnails, PS3.18 8.3.5 and 10.4.1.1.3-5. */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "service/presented.h"

enum { THUMBNAIL = 256, QUALITY = 90, MAX_CHOICES = 64 };

/* one picture, several frames of an instance, all of a study or series, or a
 * stored video: each has its media types, PS3.18 table 8.7.4-1 */
typedef enum {
    SHOW_ONE, SHOW_FRAMES, SHOW_ALL, SHOW_VIDEO, SHOW_DOCUMENT
} shown_e;

typedef struct {
    shown_e           shown;
    pacs_image_t     *image;
    uint32_t          frame;        /* from 0 */
    pacs_picture_t    want;
    unsigned          notes;        /* PACS_NOTE_… */
    pacs_accept_t     choices[MAX_CHOICES];
    unsigned          nchoices;
    pacs_str_t        type;         /* of a picture */
    bool              multipart;
    bool              thumbnail;
    bool              has_share;
    double            share[4];     /* of the sides that are to be seen */
    bool              keep;         /* the picture, when it is made */
    pacs_presented_t *presented;    /* the state of all of them, or NULL */
    const char       *unfit;        /* a parameter that no state goes with */
    pacs_route_t      route;        /* with the frames that are to be seen */
    pacs_pictures_t  *pictures;     /* of several */
} state_t;


/* --- what is asked for --- */

/* GIF and WebP hold several */
static bool
suits(const pacs_accept_t *c, shown_e shown)
{
    pacs_picture_e  format = pacs_picture_format(c->is);

    return c->media == PACS_MT_PICTURES
           || (c->media == PACS_MT_PICTURE
               && (shown == SHOW_ONE
                   || (shown == SHOW_FRAMES
                       && (format == PACS_PICTURE_GIF
                           || format == PACS_PICTURE_WEBP))));
}


static int
choose_type(const pacs_route_t *route, state_t *s, pacs_err_t *err)
{
    static const char *const  instead[] = {
        [SHOW_ONE] = "one picture is image/jpeg, gif, png or webp",
        [SHOW_FRAMES] = "several frames are not one picture: there are "
            "image/gif, image/webp, and multipart/related with "
            "type=\"image/jpeg\", png, webp or gif; one is at /frames/1/"
            "rendered",
        [SHOW_ALL] = ("a study or series is not one picture: there is "
                      "multipart/related with type=\"image/jpeg\", png, webp "
                      "or gif")
    };

    for (unsigned i = 0; i < s->nchoices; i++) {
        if (route->one && s->shown == SHOW_FRAMES
            && suits(&s->choices[i], SHOW_ONE))
        {
            s->shown = suits(&s->choices[i], SHOW_FRAMES) ? SHOW_FRAMES
                                                          : SHOW_ONE;
        }
        if (suits(&s->choices[i], s->shown)) {
            s->type = s->choices[i].is;
            s->multipart = s->choices[i].media == PACS_MT_PICTURES;
            s->want.format = (uint8_t) pacs_picture_format(s->type);
            return PACS_OK;
        }
    }
    return pacs_fail(err, PACS_E_ACCEPT, "%s", instead[s->shown]);
}


static int
choose_frame(const pacs_route_t *route, state_t *s, pacs_err_t *err)
{
    uint32_t  frames = s->image->record.pixels.frames;

    s->frame = route->nframes != 0 ? route->frames[0] - 1
               : route->resource == PACS_R_THUMBNAIL ? frames / 2 : 0;

    return s->frame < frames
           ? PACS_OK
           : pacs_fail(err, PACS_E_NOT_FOUND, "frame %u of %u", s->frame + 1,
                       frames);
}


/* of a thumbnail no format needs to be lossless */
static void
small(pacs_rendered_t *r)
{
    r->quality = r->quality == 0 ? QUALITY : r->quality;
    for (int i = 0; i < 2; i++) {
        r->viewport[i] = r->has_viewport ? fmin(r->viewport[i], THUMBNAIL)
                                         : THUMBNAIL;
    }
    r->has_viewport = true;
}


/* a state says itself what is to be seen, but for size and quality: PS3.18
 * 8.3.5, 9.5.1.2 */
static const char *
unfit(const pacs_rendered_t *r)
{
    const struct { const char *name; bool given; } named[] = {
        { "annotation", r->annotation != 0 || r->unsupported[0] != '\0' },
        { "window", r->has_window },
        { "region", r->has_region || r->has_share },
        { "flip", r->flip_x || r->flip_y },
        { "rotate", r->rotate != 0 },
        { "bits", r->bits != 0 },
        { "iccprofile", r->icc != PACS_ICC_NO && r->icc != PACS_ICC_SRGB }
    };

    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (named[i].given) {
            return named[i].name;
        }
    }
    return NULL;
}


static int
read_wishes(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, state_t *s, pacs_err_t *err)
{
    pacs_rendered_t  r = { 0 };
    int              rc;

    if ((rc = pacs_web_rendered(params, n, pacs_service_limits(op->svc), &r,
                                err)) != PACS_OK
        || (rc = pacs_op_accept(op, route, params, n, s->choices, MAX_CHOICES,
                                &s->nchoices, err)) != PACS_OK)
    {
        return rc;
    }

    s->thumbnail = route->resource == PACS_R_THUMBNAIL;
    if (s->thumbnail) {
        small(&r);
    }

    s->want = (pacs_picture_t) {
        .quality = (uint8_t) r.quality,
        .bits = (uint8_t) r.bits, .icc = (uint8_t) r.icc,
        .has_window = r.has_window, .voi = (uint8_t) r.function,
        .center = r.center, .width = r.width,
        .view_width = r.has_viewport ? (uint32_t) r.viewport[0] : 0,
        .view_height = r.has_viewport ? (uint32_t) r.viewport[1] : 0,
        .has_region = r.has_region,
        .sx = r.viewport[2], .sy = r.viewport[3],
        .sw = r.viewport[4], .sh = r.viewport[5],
        .flip_x = r.flip_x, .flip_y = r.flip_y, .rotate = (uint8_t) r.rotate
    };
    s->unfit = s->thumbnail ? NULL : unfit(&r);
    s->has_share = r.has_share;
    memcpy(s->share, r.share, sizeof(s->share));

    /* no parameter of thumbnails, 8.3.5.2 */
    s->notes = s->thumbnail ? 0 : r.annotation;

    return r.unsupported[0] == '\0' || s->thumbnail
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


/* what is shown, and the wishes as they were written */
static int
unchanged(pacs_op_t *op, const pacs_route_t *route, const state_t *s,
    bool *same, pacs_err_t *err)
{
    pacs_index_t *ix = op->svc->index;
    pacs_str_t    key = pacs_null, look = pacs_null;
    int64_t       revision = 0;
    char          what[64], scale[80] = "";
    char          notes[2 * PACS_SHA256_LEN + 1];
    uint8_t       digest[PACS_SHA256_LEN];
    char          hex[2 * PACS_SHA256_LEN + 1];
    int           rc = PACS_OK;

    if (s->image != NULL) {
        key = s->image->record.key;
        look = s->image->record.look;
    } else {
        /* images of a state are of several series */
        rc = ix->vt->revision(ix, route->study,
                              s->presented == NULL ? route->series : pacs_null,
                              pacs_null, &revision, err);
    }

    snprintf(what, sizeof(what), "%u %d %d %" PRId64, s->frame,
             s->want.format, s->multipart, revision);
    /* of the series, so not of the record alone */
    if (s->image != NULL) {
        snprintf(scale, sizeof(scale), "%.17g %.17g %.17g",
                 s->image->look.range[0], s->image->look.range[1],
                 s->image->look.scale[1]);
    }
    pacs_sha256(look.data, look.len, digest);
    pacs_hex(digest, sizeof(digest), hex);
    digest_notes(s->want.annotation, notes);

    /* one picture is the same wherever it is asked for */
    char *path = pacs_strdup(op->arena, s->shown == SHOW_ONE && !s->multipart
                                        ? pacs_lit("") : op->request.path);
    char *args = pacs_strdup(op->arena,
                             pacs_session_without_rev(op, op->request.args));
    char *blob = pacs_strdup(op->arena, key);
    char *state = pacs_strdup(op->arena, s->presented == NULL ? pacs_null
                              : pacs_presented_key(s->presented));

    if (path == NULL || args == NULL || blob == NULL || state == NULL) {
        return PACS_E_NOMEM;
    }

    op->reply.weak = s->multipart;
    *same = rc == PACS_OK && pacs_reply_etag(op, PACS_PIPELINE, path, what,
                                             blob, hex, scale, args,
                                             notes, state, NULL);
    return rc;
}


/* the frames of an image that a state refers to: those that are asked for, or
 * all of these */
static void
show_ref(state_t *s, const pacs_state_ref_t *ref)
{
    uint32_t  all = s->image->record.pixels.frames;

    if (s->route.nframes == 0 && ref->nframes != 0) {
        s->route.frames = ref->frames;
        s->route.nframes = ref->nframes;
    }
    s->shown = (s->route.nframes != 0 ? s->route.nframes : all) > 1
               ? SHOW_FRAMES : SHOW_ONE;
}


/* 8.3.5, a state as the target: the images that it refers to.  Its thumbnail
 * is one of them */
static int
open_state(pacs_op_t *op, state_t *s, pacs_err_t *err)
{
    int  rc = pacs_presented_of(op, &s->image->record, &s->presented, err);

    op->presented = true;
    s->image = NULL;
    if (rc == PACS_OK && s->route.nframes != 0) {
        rc = pacs_fail(err, PACS_E_NOT_FOUND, "a presentation state has no "
                       "frames");
    }
    if (rc != PACS_OK) {
        return rc;
    }

    const pacs_state_t *state = pacs_presented_state(s->presented);

    if (state->nrefs > 1 && !s->thumbnail) {
        s->shown = SHOW_ALL;
        return PACS_OK;
    }

    const pacs_state_ref_t *ref = &state->refs[state->nrefs / 2];

    rc = pacs_presented_image(op, s->presented, ref->series, ref->instance,
                              &s->image, err);
    if (rc == PACS_OK) {
        show_ref(s, ref);
        s->shown = s->thumbnail ? SHOW_ONE : s->shown;
    }
    return rc;
}


/* of the URI service: an image, and a state that refers to it */
static int
open_presented(pacs_op_t *op, state_t *s, pacs_err_t *err)
{
    int  rc = pacs_presented_open(op, s->route.study, s->route.state_series,
                                  s->route.state, &s->presented, err);

    if (rc != PACS_OK) {
        return rc;
    }

    const pacs_state_t *state = pacs_presented_state(s->presented);

    for (uint32_t i = 0; i < state->nrefs; i++) {
        if (pacs_str_eq(state->refs[i].instance, s->route.instance)
            && pacs_str_eq(state->refs[i].series, s->route.series))
        {
            s->image->presented = s->presented;
            show_ref(s, &state->refs[i]);
            return PACS_OK;
        }
    }
    return pacs_fail(err, PACS_E_ARG, "the presentation state does not refer "
                     "to this instance of this series");
}


static int
open_shown(pacs_op_t *op, const pacs_route_t *route, state_t *s,
    pacs_err_t *err)
{
    pacs_str_t  instance = route->instance;
    int         rc = PACS_OK;

    s->shown = SHOW_ONE;

    if (instance.len == 0 && route->resource == PACS_R_RENDERED) {
        s->shown = SHOW_ALL;
        return PACS_OK;
    }

    if (instance.len == 0) {
        rc = pacs_representative(op, route, &instance, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_image_open(op, route->study, route->series, instance,
                             &s->image, err);
    }

    if (s->image != NULL && pacs_state_is(s->image->record.class_uid)) {
        *err = (pacs_err_t) { 0 };
        return route->state.len == 0
               ? open_state(op, s, err)
               : pacs_fail(err, PACS_E_ARG, "presentationUID: objectUID is a "
                           "presentation state itself");
    }

    if (s->image != NULL && route->resource == PACS_R_RENDERED
        && route->nframes == 0 && route->state.len == 0
        && pacs_report_is(s->image->record.class_uid))
    {
        *err = (pacs_err_t) { 0 };
        s->shown = SHOW_DOCUMENT;
        return PACS_OK;
    }

    if (s->image != NULL && s->image->syntax != NULL
        && s->image->syntax->coding == PACS_CODING_VIDEO
        && (rc == PACS_OK || rc == PACS_E_UNSHOWABLE))
    {
        *err = (pacs_err_t) { 0 };
        s->shown = SHOW_VIDEO;
        if (route->state.len != 0) {
            return pacs_fail(err, PACS_E_UNSHOWABLE, "presentation states are "
                             "not applied to stored videos");
        }
        return route->resource == PACS_R_RENDERED && route->nframes == 0
               ? PACS_OK
               : pacs_fail(err, PACS_E_UNSHOWABLE, "the frames of a video are "
                           "not decoded; it is there as a whole, at the "
                           "instance's /rendered");
    }

    if (rc == PACS_OK && route->resource == PACS_R_RENDERED
        && (route->nframes > 1
            || (route->nframes == 0 && s->image->record.pixels.frames > 1)))
    {
        s->shown = SHOW_FRAMES;
    }
    return rc == PACS_OK && route->state.len != 0
           ? open_presented(op, s, err) : rc;
}


/* region, now that the sides are known; of all pictures of an instance */
static int
set_region(state_t *s, pacs_err_t *err)
{
    const pacs_pixels_t *px;

    if (!s->has_share || s->shown >= SHOW_VIDEO) {
        return PACS_OK;
    }
    if (s->image == NULL) {
        return pacs_fail(err, PACS_E_ARG, "region is of one instance");
    }

    px = &s->image->record.pixels;
    s->want.has_region = true;
    s->want.sx = s->share[0] * px->columns;
    s->want.sy = s->share[1] * px->rows;
    s->want.sw = (s->share[2] - s->share[0]) * px->columns;
    s->want.sh = (s->share[3] - s->share[1]) * px->rows;
    return PACS_OK;
}


/* whose picture it is: the viewer compares it with what it asked for */
static int
tell_instance(pacs_op_t *op, const state_t *s)
{
    const pacs_record_t *r = s->presented != NULL && s->route.state.len == 0
                             ? pacs_presented_record(s->presented)
                             : &s->image->record;

    return pacs_reply_header(op, "Pacs-Instance",
                             pacs_sprintf(op->arena, "%.*s/%.*s/%.*s",
                                          pacs_fmt(r->study),
                                          pacs_fmt(r->series),
                                          pacs_fmt(r->instance)));
}


static int
check_fit(const state_t *s, pacs_err_t *err)
{
    return s->presented == NULL || s->unfit == NULL
           ? PACS_OK
           : pacs_fail(err, PACS_E_ARG, "%s does not go with a presentation "
                       "state, which says itself what is to be seen",
                       s->unfit);
}


/* *same: 304 */
static int
begin(pacs_op_t *op, const pacs_route_t *route, const pacs_param_t *params,
    unsigned n, state_t *s, bool *same, pacs_err_t *err)
{
    int  rc;

    s->route = *route;
    op->presented = route->state.len != 0;
    if ((rc = read_wishes(op, route, params, n, s, err)) != PACS_OK
        || (rc = open_shown(op, route, s, err)) != PACS_OK
        || (rc = check_fit(s, err)) != PACS_OK
        || (s->shown < SHOW_VIDEO
            && (rc = choose_type(route, s, err)) != PACS_OK)
        || (s->shown == SHOW_ONE
            && (rc = choose_frame(&s->route, s, err)) != PACS_OK)
        || (rc = set_region(s, err)) != PACS_OK
        || ((s->image != NULL || s->presented != NULL)
            && (rc = tell_instance(op, s)) != PACS_OK)
        || (s->image != NULL && s->shown < SHOW_VIDEO
            && (rc = pacs_annotate(op, s->image, s->notes, s->frame,
                                   &s->want.annotation, err)) != PACS_OK))
    {
        return rc;
    }
    return unchanged(op, route, s, same, err);
}


/* --- pictures that are kept --- */

/* in the look that it has by itself, and as a whole */
static bool
is_plain(const state_t *s, const pacs_param_t *params, unsigned n)
{
    static const char *const  plain[] = { "accept", "quality", "viewport",
                                          "rev" };
    enum { PLAIN = sizeof(plain) / sizeof(plain[0]) };

    for (unsigned i = 0; i < n; i++) {
        unsigned  k = 0;

        while (k < PLAIN && !pacs_str_is(params[i].name, plain[k])) {
            k++;
        }
        if (k == PLAIN) {
            return false;
        }
    }
    return !s->want.has_region && s->presented == NULL;
}


/* those of a user are not: nobody may ask for them again, but thumbnails */
static int
get_kept(pacs_op_t *op, const pacs_param_t *params, unsigned n, state_t *s)
{
    if (s->shown != SHOW_ONE || s->multipart || !is_plain(s, params, n)) {
        return PACS_E_NOT_FOUND;
    }

    int  rc = pacs_kept_get(op, s->image->record.key, s->thumbnail);

    s->keep = s->thumbnail || op->background || rc == PACS_E_PARSE;
    return rc;
}


/* PACS_OK: there is something to do; *answered: no, the reply stands */
static int
start(pacs_op_t *op, const pacs_route_t *route, const pacs_param_t *params,
    unsigned n, state_t *s, bool *answered, pacs_err_t *err)
{
    int  rc = begin(op, route, params, n, s, answered, err);

    if (rc != PACS_OK || *answered) {
        return rc;
    }

    *answered = s->shown >= SHOW_VIDEO
                || get_kept(op, params, n, s) == PACS_OK;
    if (s->shown == SHOW_VIDEO) {
        return pacs_video(op, s->image, s->choices, s->nchoices, err);
    }
    if (s->shown == SHOW_DOCUMENT) {
        return pacs_report(op, s->image, s->choices, s->nchoices, err);
    }
    if (*answered) {
        return PACS_OK;
    }
    return s->shown == SHOW_ONE && !s->multipart
           ? pacs_image_profile(op, s->image, &s->want, err)
           : pacs_pictures_open(op, &s->route, s->image, s->presented,
                                &s->want, s->notes, s->type, !s->multipart,
                                &s->pictures, err);
}


/* --- the picture --- */

static int
make(pacs_op_t *op, state_t *s, pacs_err_t *err)
{
    pacs_buf_t    out = { 0 };
    pacs_drawn_t  drawn = { 0 };
    uint32_t      width, height;
    int           rc = pacs_draw(op, s->image, s->frame, &s->want, &drawn,
                                 &out, &width, &height, err);

    if (rc == PACS_OK) {
        rc = pacs_draw_tell(op, &drawn);
    }
    if (rc != PACS_OK) {
        pacs_buf_free(&out);
        return rc;
    }

    op->reply.content_type = s->type;
    rc = pacs_reply_memory(op, pacs_buf_take(&out, op->arena));

    if (rc == PACS_OK && s->keep) {
        pacs_kept_put(op, s->image->record.key, s->thumbnail);
    }
    return rc;
}


int
pacs_op_picture(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, pacs_err_t *err)
{
    state_t *s = op->state;
    bool     answered = false;

    if (s == NULL) {
        s = op->state = pacs_calloc(op->arena, 1, sizeof(*s));

        int  rc = s == NULL ? PACS_E_NOMEM
                            : start(op, route, params, n, s, &answered, err);

        if (rc != PACS_OK || answered) {
            return rc;
        }
    }

    return s->pictures != NULL ? pacs_pictures_run(op, s->pictures, err)
                               : make(op, s, err);
}
