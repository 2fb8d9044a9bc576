/* SPDX-License-Identifier: BSD-2-Clause */

/* Rendered MPR and 3D volumes, PS3.18 8.3.5.3, 10.4.1.1.7-8. */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "service/volume_op.h"

enum {
    PICTURES = 1000,            /* of one animation, at most */
    ATTEMPTS = 4
};

#define STEP_DEGREES  10
#define STEP_MM       5


static int
choose_format(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, pacs_volume_op_t *s,
    pacs_err_t *err)
{
    pacs_accept_t  choices[32];
    unsigned       nchoices;
    int            rc = pacs_op_accept(op, route, params, n, choices, 32,
                                       &nchoices, err);

    if (s->numbers) {
        return rc;
    }

    for (unsigned i = 0; rc == PACS_OK && i < nchoices; i++) {
        if (s->want.metadata) {
            if (choices[i].media == PACS_MT_DICOM_JSON) {
                return PACS_OK;
            }
            continue;
        }
        if (choices[i].media == PACS_MT_PICTURES
            || (choices[i].media == PACS_MT_PICTURE && !s->animated))
        {
            s->picture.format = pacs_picture_format(choices[i].is);
            s->multipart = choices[i].media == PACS_MT_PICTURES;
            return PACS_OK;
        }
    }

    return rc != PACS_OK
           ? rc
           : pacs_fail(err, PACS_E_ACCEPT, s->want.metadata
                       ? "renderedvolumetricmetadata is application/dicom+json"
                       : s->animated
                       ? "an animation is multipart/related of image/jpeg, "
                         "gif, png or webp"
                       : "one picture is image/jpeg, gif, png or webp");
}


static int
choose_preset(pacs_volume_op_t *s, const char *modality, pacs_err_t *err)
{
    if (!s->solid || s->want.method != PACS_METHOD_VOLUME) {
        return PACS_OK;
    }

    if (s->want.preset.len != 0) {
        s->preset = pacs_preset(s->want.preset);
    }

    for (const pacs_preset_t *p = pacs_presets;
         s->want.preset.len == 0 && p->name != NULL; p++)
    {
        bool  fits = strcmp(p->modality, modality) == 0;

        if (fits || (s->preset == NULL && p->relative)) {
            s->preset = p;
        }
        if (fits) {
            break;
        }
    }

    if (s->preset != NULL) {
        return PACS_OK;
    }

    char  names[256] = "";

    for (const pacs_preset_t *p = pacs_presets; p->name != NULL; p++) {
        size_t  used = strlen(names);

        snprintf(names + used, sizeof(names) - used, "%s%s",
                 used ? ", " : "", p->name);
    }
    return pacs_fail(err, PACS_E_ARG, "parameter preset=%.*s: there is %s",
                     s->want.preset.len > 80 ? 80 : (int) s->want.preset.len,
                     s->want.preset.data, names);
}


/* the request's own choice of instances, and the study's revision */
static void
identify(pacs_op_t *op, const pacs_route_t *route, int64_t revision,
    pacs_volume_op_t *s)
{
    const pacs_web_volume_t *w = &s->want;
    pacs_buf_t               b = { 0 };
    uint8_t                  digest[PACS_SHA256_LEN];

    pacs_buf_printf(&b, PACS_PIPELINE " %" PRId64 " %.*s %.*s %.*s %u %.*s",
                    revision, pacs_fmt(route->study),
                    pacs_fmt(route->series), pacs_fmt(route->instance),
                    w->frame, pacs_fmt(w->reference));
    for (unsigned i = 0; i < w->nmatches; i++) {
        pacs_buf_printf(&b, "\n%08x ", w->matches[i].tag);
        pacs_buf_str(&b, w->matches[i].value);
    }

    pacs_sha256(b.data, b.len, digest);
    pacs_hex(digest, sizeof(digest), s->id);
    pacs_buf_free(&b);
}


static int
read_wishes(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, pacs_volume_op_t *s,
    pacs_err_t *err)
{
    pacs_web_volume_t *w = &s->want;
    int                rc;

    s->svc = op->svc;
    s->solid = route->resource == PACS_R_VOLUME;

    rc = pacs_web_volume(params, n, s->solid, pacs_service_limits(op->svc),
                         op->arena, w, err);
    if (rc != PACS_OK) {
        return rc;
    }

    s->animated = w->swivel > 0 || w->ntrack != 0;
    s->numbers = route->resource == PACS_R_PLANE;

    if (s->numbers && s->animated) {
        return pacs_fail(err, PACS_E_ARG, "values are those of one plane");
    }
    if (s->numbers
        && (rc = pacs_web_values(params, n, pacs_service_limits(op->svc),
                                 op->arena, &s->figures.values, err))
            != PACS_OK)
    {
        return rc;
    }

    if (w->method == PACS_METHOD_NONE) {
        w->method = s->solid ? PACS_METHOD_VOLUME : PACS_METHOD_MEAN;
    }
    if (w->step == 0) {
        w->step = w->swivel > 0 ? STEP_DEGREES : STEP_MM;
    }
    if (w->rate == 0) {
        w->rate = 10;
    }

    rc = choose_preset(s, "", err);
    s->preset = NULL;

    s->picture = (pacs_picture_t) {
        .quality = (uint8_t) w->rendered.quality,
        .bits = (uint8_t) w->rendered.bits,
        .icc = (uint8_t) w->rendered.icc
    };
    return rc != PACS_OK ? rc : choose_format(op, route, params, n, s, err);
}


static void
release(void *data)
{
    pacs_volume_op_t *s = data;

    if (s->voxels != NULL) {
        pacs_voxels_release(s->svc, s->voxels);
    }
}


static int
begin(pacs_op_t *op, const pacs_route_t *route, const pacs_param_t *params,
    unsigned n, pacs_volume_op_t *s, pacs_err_t *err)
{
    pacs_index_t *ix = op->svc->index;
    int64_t       revision;
    char         *args = pacs_strdup(op->arena, op->request.args);
    int           rc = read_wishes(op, route, params, n, s, err);

    if (rc == PACS_OK) {
        rc = ix->vt->revision(ix, route->study, route->series,
                              route->instance, &revision, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }
    if (args == NULL || !pacs_arena_cleanup(op->arena, release, s)) {
        return PACS_E_NOMEM;
    }

    identify(op, route, revision, s);
    op->reply.weak = s->multipart;
    (void) pacs_reply_etag(op, s->id, s->solid ? "3d" : "mpr",
                           s->numbers ? "values"
                           : s->want.metadata ? "json" : pacs_volume_type(s),
                           s->multipart ? "parts" : "", args, NULL);
    return PACS_OK;
}


/* one picture, or those of a swivel or along a track */
static int
plan_parts(pacs_op_t *op, pacs_volume_op_t *s, pacs_err_t *err)
{
    const pacs_web_volume_t *w = &s->want;

    if (!s->animated) {
        s->pictures = 1;

    } else if (w->swivel > 0) {
        s->pictures = (uint32_t) fmax(1, floor(w->swivel / w->step + 1e-9));

    } else {
        s->at = pacs_calloc(op->arena, PICTURES + 1, sizeof(*s->at));
        s->along = pacs_calloc(op->arena, PICTURES + 1, sizeof(*s->along));
        if (s->at == NULL || s->along == NULL) {
            return PACS_E_NOMEM;
        }
        s->pictures = pacs_volume_track((const double (*)[3]) w->track,
                                        w->ntrack, w->step, PICTURES + 1,
                                        s->at, s->along);
    }

    if (s->pictures == 0 || s->pictures > PICTURES) {
        return pacs_fail(err, PACS_E_ARG, "an animation has from 1 to %d "
                         "pictures: see animationstepsize", PICTURES);
    }

    pacs_boundary(s->boundary);
    s->parts = pacs_calloc(op->arena, 2 * (size_t) s->pictures + 1,
                           sizeof(*s->parts));
    return s->parts == NULL ? PACS_E_NOMEM : PACS_OK;
}


/* 8.3.5.1.1: what a slice says of all, and how they are looked at */
static int
annotate(pacs_op_t *op, const pacs_route_t *route, pacs_volume_op_t *s,
    pacs_err_t *err)
{
    static const char *const  names[] = {
        [PACS_METHOD_VOLUME] = "", [PACS_METHOD_MAX] = " maximum",
        [PACS_METHOD_MIN] = " minimum", [PACS_METHOD_MEAN] = " mean"
    };
    const pacs_volume_head_t *h = s->voxels->head;
    pacs_image_t             *im;
    pacs_str_t                what;
    int                       rc;

    if (s->want.rendered.annotation == 0) {
        return PACS_OK;
    }

    what = s->solid
           ? pacs_sprintf(op->arena, "3D%s", names[s->want.method])
           : s->want.slab > 0
           ? pacs_sprintf(op->arena, "MPR%s %.5g mm", names[s->want.method],
                          s->want.slab)
           : pacs_lit("MPR");

    rc = pacs_image_open(op, route->study, pacs_cstr(h->series),
                         pacs_cstr(h->instance), &im, err);

    return rc != PACS_OK
           ? rc : pacs_annotate_volume(op, im, s->want.rendered.annotation,
                                       what, &s->picture.annotation, err);
}


/* what follows from the volume */
static int
settle(pacs_op_t *op, const pacs_route_t *route, pacs_volume_op_t *s,
    pacs_err_t *err)
{
    int  rc = choose_preset(s, s->voxels->head->modality, err);

    if (rc == PACS_OK) {
        rc = annotate(op, route, s, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_volume_view(&s->voxels->volume, &s->want,
                              pacs_service_limits(op->svc), &s->view, err);
    }
    if (rc == PACS_OK && (s->animated || s->multipart) && s->parts == NULL) {
        rc = plan_parts(op, s, err);
    }
    return rc;
}


/* whose picture it is, and what is to be known of it */
static int
tell(pacs_op_t *op, const pacs_route_t *route, const pacs_volume_op_t *s)
{
    const pacs_volume_head_t *h = s->voxels->head;
    const char               *text = h->warning;
    int rc = pacs_reply_header(op, "Pacs-Instance",
                               pacs_sprintf(op->arena, "%.*s/%s/%s",
                                            pacs_fmt(route->study), h->series,
                                            h->instance));

    if (rc == PACS_OK && text[0] != '\0') {
        rc = pacs_reply_warning(op, "%.350s", text);
    }
    if (rc == PACS_OK && s->want.rendered.unsupported[0] != '\0') {
        rc = pacs_reply_warning(op, "The following annotation values are not "
                                "supported: %s", s->want.rendered.unsupported);
    }
    if (rc == PACS_OK && s->picture.annotation != NULL) {
        rc = pacs_draw_tell(op, s->picture.annotation->drawn);
    }
    return rc;
}


int
pacs_op_volume(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, pacs_err_t *err)
{
    pacs_volume_op_t *s = op->state;
    int               rc;

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

    if (s->voxels == NULL) {
        if (++s->attempts > ATTEMPTS) {
            return pacs_fail(err, PACS_E_BUSY, "the volume changes all the "
                             "time: ask again");
        }

        rc = pacs_volume_get(op, route, s, err);
        if (rc == PACS_AGAIN) {
            return pacs_volume_wait(op, s, PACS_VOLUME_POLL_MS, err);
        }
        if (rc != PACS_OK || (rc = settle(op, route, s, err)) != PACS_OK) {
            return rc;
        }
    }

    rc = s->numbers ? pacs_volume_numbers(op, route, s, err)
         : s->want.metadata ? pacs_volume_metadata(op, route, s, err)
         : pacs_volume_pictures(op, route, s, err);

    return rc == PACS_OK ? tell(op, route, s) : rc;
}
