/* SPDX-License-Identifier: BSD-2-Clause */

/* Rendered MPR and 3D volumes, PS3.18 8.3.5.3, 10.4.1.1.7-8. */

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service/figures.h"
#include "service/volume.h"

enum {
    PICTURES = 1000,            /* of one animation, at most */
    ATTEMPTS = 4,
    PATIENCE_MS = 120000,
    POLL_MS = 5, POLL_MAX_MS = 100
};

#define STEP_DEGREES  10
#define STEP_MM       5

typedef struct {
    pacs_web_volume_t     want;
    bool                  solid;
    const pacs_preset_t  *preset;
    pacs_picture_t        picture;
    bool                  multipart;
    bool                  numbers;          /* of a plane, not its picture */
    pacs_figures_t        figures;
    char                  id[PACS_FRAME_KEY + 1];
    pacs_service_t       *svc;
    pacs_voxels_t        *voxels;
    unsigned              attempts, waited_ms;
    pacs_view_t           view;
    /* an animation */
    uint32_t              pictures, done;
    double              (*at)[3], (*along)[3];
    pacs_part_t          *parts;
    char                  boundary[33];
} state_t;


/* --- which instances --- */

typedef struct {
    const pacs_web_volume_t  *want;
    pacs_str_t                instance;
    pacs_arena_t             *a;
    pacs_record_t            *records;
    unsigned                  n, room;
} list_t;


static int
add_record(void *ctx, const pacs_record_t *r)
{
    list_t *l = ctx;

    if (r->pixels.frames == 0
        || (l->instance.len != 0 && !pacs_str_eq(l->instance, r->instance)))
    {
        return PACS_OK;
    }

    if (l->n == l->room) {
        unsigned        room = l->room == 0 ? 64 : 2 * l->room;
        pacs_record_t  *p = pacs_calloc(l->a, room, sizeof(*p));

        if (p == NULL) {
            return PACS_E_NOMEM;
        }
        if (l->n != 0) {
            memcpy(p, l->records, l->n * sizeof(*p));
        }
        l->records = p;
        l->room = room;
    }

    l->records[l->n++] = *r;
    return PACS_OK;
}


static bool
names_series(const pacs_web_volume_t *want)
{
    for (unsigned i = 0; i < want->nmatches; i++) {
        if (want->matches[i].tag == 0x0020000E) {
            return true;
        }
    }
    return false;
}


/* of a study: the series that the request names by itself or by one of its
 * instances, else the one with most frames */
static pacs_str_t
choose_series(const list_t *l)
{
    pacs_str_t  best = pacs_null;
    uint64_t    most = 0, frames = 0;

    for (unsigned i = 0; i < l->n; i++) {
        const pacs_record_t *r = &l->records[i];

        if (l->want->reference.len != 0
            && (pacs_str_eq(r->instance, l->want->reference)
                || pacs_str_eq(r->series, l->want->reference)))
        {
            return r->series;
        }

        /* records come series by series */
        frames = i > 0 && pacs_str_eq(r->series, l->records[i - 1].series)
                 ? frames + r->pixels.frames : r->pixels.frames;

        if (frames > most) {
            most = frames;
            best = r->series;
        }
    }

    return best;
}


static void
keep_series(list_t *l, pacs_str_t series)
{
    unsigned  kept = 0;

    for (unsigned i = 0; i < l->n; i++) {
        if (pacs_str_eq(l->records[i].series, series)) {
            l->records[kept++] = l->records[i];
        }
    }
    l->n = kept;
}


static int
check_reference(const list_t *l, pacs_err_t *err)
{
    pacs_str_t  uid = l->want->reference;

    for (unsigned i = 0; i < l->n && uid.len != 0; i++) {
        if (pacs_str_eq(l->records[i].instance, uid)
            || pacs_str_eq(l->records[i].series, uid))
        {
            return PACS_OK;
        }
    }

    return uid.len == 0
           ? PACS_OK
           : pacs_fail(err, PACS_E_NOT_FOUND, "volumeinputreference %.*s is "
                       "no image here", pacs_fmt(uid));
}


static int
list_records(pacs_op_t *op, const pacs_route_t *route, const state_t *s,
    list_t *l, pacs_err_t *err)
{
    pacs_index_t *ix = op->svc->index;

    l->want = &s->want;
    l->instance = route->instance;

    int  rc = ix->vt->each(ix, route->study, route->series, false, l->a,
                           add_record, l, err);

    if (rc == PACS_OK) {
        rc = check_reference(l, err);
    }
    if (rc == PACS_OK && route->series.len == 0 && !names_series(&s->want)) {
        keep_series(l, choose_series(l));
    }
    return rc;
}


/* what the voxels depend on: the instances' contents and the choice among
 * them */
static int
name_of(const list_t *l, char name[PACS_VOLUME_NAME + 1], pacs_err_t *err)
{
    const pacs_web_volume_t *w = l->want;
    pacs_sha256_t            h;
    uint8_t                  digest[PACS_SHA256_LEN];
    char                     hex[2 * PACS_SHA256_LEN + 1];
    int                      rc = pacs_sha256_init(&h, err);

    if (rc != PACS_OK) {
        return rc;
    }

    pacs_sha256_update(&h, PACS_PIPELINE, sizeof(PACS_PIPELINE));
    pacs_sha256_update(&h, &w->frame, sizeof(w->frame));
    pacs_sha256_update(&h, w->reference.data, w->reference.len);

    for (unsigned i = 0; i < w->nmatches; i++) {
        pacs_sha256_update(&h, "", 1);
        pacs_sha256_update(&h, &w->matches[i].tag, sizeof(uint32_t));
        pacs_sha256_update(&h, w->matches[i].value.data,
                           w->matches[i].value.len);
    }
    for (unsigned i = 0; i < l->n; i++) {
        pacs_sha256_update(&h, "\n", 1);
        pacs_sha256_update(&h, l->records[i].key.data, l->records[i].key.len);
    }

    pacs_sha256_final(&h, digest);
    pacs_hex(digest, sizeof(digest), hex);
    snprintf(name, PACS_VOLUME_NAME + 1, "volume-%.57s", hex);
    return PACS_OK;
}


/* --- the voxels: found, or being built --- */

static int
plan_it(pacs_op_t *op, const list_t *l, pacs_input_t *in,
    pacs_plan_t **plan, pacs_err_t *err)
{
    *plan = pacs_calloc(l->a, 1, sizeof(**plan));
    if (*plan == NULL) {
        return PACS_E_NOMEM;
    }

    int  rc = pacs_volume_input(op->svc, l->records, l->n, l->want, l->a, in,
                                err);

    return rc != PACS_OK
           ? rc : pacs_volume_shape(in, pacs_service_limits(op->svc), l->a,
                                    *plan, err);
}


/* the slice in the middle of what the first picture needs */
static uint32_t
focus_of(const state_t *s, const pacs_volume_t *v,
    const pacs_limits_t *limits)
{
    pacs_view_t   view;
    pacs_plane_t  plane;
    uint32_t      first = 0, last = v->n[2] - 1;

    if (!s->solid
        && pacs_volume_view(v, &s->want, limits, &view, NULL) == PACS_OK)
    {
        pacs_view_plane(&view, &plane);
        (void) pacs_volume_met(v, &plane, &first, &last);
    }
    return first + (last - first) / 2;
}


/* *l's arena is the builder's afterwards, or gone */
static int
build(pacs_op_t *op, state_t *s, list_t *l, const char *name,
    pacs_err_t *err)
{
    pacs_input_t  in;
    pacs_plan_t  *plan;
    int           fd = -1;
    int           rc = plan_it(op, l, &in, &plan, err);

    if (rc == PACS_OK) {
        rc = pacs_voxels_create(op->svc, name, &in, plan, &fd, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_voxels_open(op->svc, name, s->id, &s->voxels, err);
    }

    if (rc == PACS_OK && fd != -1) {
        uint32_t  focus = focus_of(s, &plan->shape,
                                   pacs_service_limits(op->svc));

        return pacs_volume_build(op->svc, plan, focus, l->a, fd, err);
    }

    if (fd != -1) {
        close(fd);
    }
    pacs_arena_destroy(l->a);

    /* another one's, that it has just given up */
    return rc == PACS_E_NOT_FOUND ? PACS_AGAIN : rc;
}


static int
get_voxels(pacs_op_t *op, const pacs_route_t *route, state_t *s,
    pacs_err_t *err)
{
    char    name[PACS_VOLUME_NAME + 1];
    list_t  l = { .a = NULL };
    int     rc;

    s->voxels = pacs_voxels_find(op->svc, s->id);
    if (s->voxels != NULL) {
        return PACS_OK;
    }

    l.a = pacs_arena_create(0);
    if (l.a == NULL) {
        return PACS_E_NOMEM;
    }

    rc = list_records(op, route, s, &l, err);
    if (rc == PACS_OK) {
        rc = name_of(&l, name, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_voxels_open(op->svc, name, s->id, &s->voxels, err);

        if (rc == PACS_E_NOT_FOUND && err->code == PACS_OK) {
            rc = build(op, s, &l, name, err);
            l.a = NULL;
        }
    }

    pacs_arena_destroy(l.a);

    if (rc == PACS_OK) {
        pacs_audit_event(op->svc->audit, PACS_AUDIT_ACCESS, 'R', true,
                         &op->request.subject, route->study, route->series);
    }
    return rc;
}


/* its builder is dead: this process goes on, if no other one does */
static int
adopt(pacs_op_t *op, const pacs_route_t *route, state_t *s, pacs_err_t *err)
{
    char          name[PACS_VOLUME_NAME + 1], path[4096];
    list_t        l = { .a = pacs_arena_create(0) };
    pacs_input_t  in;
    pacs_plan_t  *plan;
    int           fd = -1;
    int           rc = l.a == NULL ? PACS_E_NOMEM
                                   : list_records(op, route, s, &l, err);

    if (rc == PACS_OK) {
        rc = name_of(&l, name, err);
    }
    if (rc == PACS_OK && strcmp(name, s->voxels->head->name) != 0) {
        rc = pacs_fail(err, PACS_E_BUSY, "the series has changed: ask again");
    }
    if (rc == PACS_OK) {
        rc = plan_it(op, &l, &in, &plan, err);
    }

    if (rc == PACS_OK) {
        pacs_voxels_path(op->svc, name, path);
        fd = open(path, O_RDWR | O_CLOEXEC);

        if (fd != -1 && pacs_voxels_lock(fd)) {
            return pacs_volume_build(op->svc, plan,
                                     focus_of(s, &plan->shape,
                                              pacs_service_limits(op->svc)),
                                     l.a, fd, err);
        }
    }

    if (fd != -1) {
        close(fd);
    }
    pacs_arena_destroy(l.a);
    return rc;
}


static int
wait_for(pacs_op_t *op, state_t *s, unsigned ms, pacs_err_t *err)
{
    if (s->waited_ms > PATIENCE_MS) {
        return pacs_fail(err, PACS_E_BUSY, "the volume is not built in time: "
                         "ask again");
    }

    s->waited_ms += ms;
    op->want = PACS_WANT_TIME;
    op->wait_ms = ms;
    return PACS_AGAIN;
}


/* slices first … last; PACS_AGAIN: wait */
static int
need(pacs_op_t *op, const pacs_route_t *route, state_t *s, uint32_t first,
    uint32_t last, pacs_err_t *err)
{
    bool  orphan;
    int   rc = pacs_voxels_need(op->svc, s->voxels, first, last, &orphan,
                                err);

    if (rc == PACS_E_NOT_FOUND && err->code == PACS_OK) {
        /* was corrupt */
        pacs_voxels_release(op->svc, s->voxels);
        s->voxels = NULL;
        return wait_for(op, s, POLL_MS, err);
    }
    if (rc != PACS_AGAIN) {
        return rc;
    }

    if (orphan && (rc = adopt(op, route, s, err)) != PACS_OK) {
        return rc;
    }

    return wait_for(op, s, (unsigned) fmin(POLL_MS + s->waited_ms / 8,
                                           POLL_MAX_MS), err);
}


/* --- a picture --- */

static const char *const  methods[] = {
    [PACS_METHOD_VOLUME] = "VOLUME_RENDERED",
    [PACS_METHOD_MAX] = "MAXIMUM_IP", [PACS_METHOD_MIN] = "MINIMUM_IP",
    [PACS_METHOD_MEAN] = "AVERAGE_IP"
};

static const pacs_slab_e  slabs[] = {
    [PACS_METHOD_MAX] = PACS_SLAB_MAX, [PACS_METHOD_MIN] = PACS_SLAB_MIN,
    [PACS_METHOD_MEAN] = PACS_SLAB_MEAN
};


/* that of the request, of the instance, or all values (of PET, which are
 * uptake, from 0) */
static bool
set_window(state_t *s, bool whole)
{
    const pacs_volume_head_t *h = s->voxels->head;
    const pacs_rendered_t    *r = &s->want.rendered;
    pacs_picture_t           *p = &s->picture;
    double                    min, max;

    if (p->has_window) {
        return true;
    }

    if (r->has_window || h->width > 0) {
        p->voi = (uint8_t) (r->has_window ? (uint32_t) r->function : h->voi);
        p->center = (r->has_window ? r->center : h->center)
                    * h->window_slope + h->window_intercept;
        p->width = (r->has_window ? r->width : h->width)
                   * fabs(h->window_slope);

    } else if (whole) {
        pacs_voxels_range(s->voxels, &min, &max);
        if (strcmp(h->modality, "PT") == 0 && max > 0) {
            min = fmax(min, 0);
        }
        p->voi = PACS_VOI_LINEAR_EXACT;
        p->center = (min + max) / 2;
        p->width = fmax(max - min, 1e-6);

    } else {
        return false;
    }

    p->has_window = true;
    return true;
}


/* the i-th of an animation; C.11.29.1: the first view is the middle one */
static pacs_view_t
view_of(const state_t *s, uint32_t i)
{
    pacs_view_t  view = s->view;

    if (s->along != NULL) {
        pacs_view_move(&view, s->at[i], s->along[i]);

    } else if (s->multipart) {
        pacs_view_turn(&view, i * s->want.step - s->want.swivel / 2);
    }
    return view;
}


static unsigned
cores(void)
{
    long  n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > 8 ? 8 : (unsigned) n;
}


static int
mpr_values(pacs_op_t *op, state_t *s, const pacs_plane_t *plane,
    float **values, pacs_err_t *err)
{
    size_t  n = (size_t) plane->width * plane->height;

    *values = pacs_calloc(op->arena, n, sizeof(float));
    return *values == NULL
           ? PACS_E_NOMEM
           : pacs_volume_bands(&s->voxels->volume, plane, cores(),
                               pacs_service_limits(op->svc), *values, err);
}


static int
curved_values(pacs_op_t *op, state_t *s, float **values, uint32_t *width,
    uint32_t *height, pacs_err_t *err)
{
    const pacs_view_t *w = &s->view;
    pacs_curved_t      c = {
        .points = (const double (*)[3]) s->want.line, .n = s->want.nline,
        .down = { w->down[0], w->down[1], w->down[2] },
        .pixel = w->pixel * w->h / w->rows, .height = w->rows,
        .mode = slabs[s->want.method], .slab = s->want.slab
    };

    return pacs_volume_curved(&s->voxels->volume, &c,
                              pacs_service_limits(op->svc), op->arena,
                              values, width, height, err);
}


static pacs_camera_t
camera_of(const state_t *s, const pacs_view_t *w)
{
    double         scale = w->w / w->columns;
    double         x = w->x + w->w / 2 - w->width / 2;
    double         y = w->y + w->h / 2 - w->height / 2;
    pacs_camera_t  c = {
        .pixel = w->pixel * scale, .width = w->columns, .height = w->rows,
        .preset = s->preset, .slab = slabs[s->want.method],
        .shaded = !s->want.unshaded, .has_cut = s->want.has_cut,
        .threads = cores()
    };

    for (int i = 0; i < 3; i++) {
        c.centre[i] = w->center[i] + (w->right[i] * x + w->down[i] * y)
                                     * w->pixel;
        c.view[i] = w->view[i];
        c.up[i] = -w->down[i];
    }
    memcpy(c.cut, s->want.cut, sizeof(c.cut));
    return c;
}


static int
draw_solid(pacs_op_t *op, state_t *s, const pacs_view_t *view,
    pacs_buf_t *out, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_camera_t        c = camera_of(s, view);
    pacs_volume_t        v = s->voxels->volume;
    size_t               n = (size_t) c.width * c.height;
    int                  rc;

    pacs_voxels_range(s->voxels, &v.min, &v.max);

    if (c.preset != NULL) {
        uint8_t *rgb = pacs_calloc(op->arena, n, 3);

        rc = rgb == NULL ? PACS_E_NOMEM
                         : pacs_volume_render(&v, &c, limits, rgb, err);
        return rc != PACS_OK ? rc : pacs_render_rgb(rgb, c.width, c.height,
                                                    &s->picture, out, err);
    }

    float *values = pacs_calloc(op->arena, n, sizeof(float));

    rc = values == NULL ? PACS_E_NOMEM
                        : pacs_volume_project(&v, &c, limits, values, err);
    return rc != PACS_OK ? rc : pacs_render_values(values, c.width, c.height,
                                                   &s->picture, out, err);
}


static int
plane_values(pacs_op_t *op, state_t *s, const pacs_plane_t *plane,
    float **values, uint32_t *width, uint32_t *height, pacs_err_t *err)
{
    *width = plane->width;
    *height = plane->height;

    return s->want.nline != 0
           ? curved_values(op, s, values, width, height, err)
           : mpr_values(op, s, plane, values, err);
}


static int
draw_mpr(pacs_op_t *op, state_t *s, const pacs_plane_t *plane,
    pacs_buf_t *out, pacs_err_t *err)
{
    uint32_t  width, height;
    float    *values = NULL;
    int       rc = plane_values(op, s, plane, &values, &width, &height, err);

    return rc != PACS_OK ? rc : pacs_render_values(values, width, height,
                                                   &s->picture, out, err);
}


/* the slices that a plane meets, or all; PACS_AGAIN: wait */
static int
need_plane(pacs_op_t *op, const pacs_route_t *route, state_t *s,
    const pacs_plane_t *plane, bool whole, pacs_err_t *err)
{
    const pacs_volume_t *v = &s->voxels->volume;
    uint32_t             first = 0, last = v->n[2] - 1;

    return whole || pacs_volume_met(v, plane, &first, &last)
           ? need(op, route, s, first, last, err) : PACS_OK;
}


static pacs_plane_t
plane_of(const state_t *s, const pacs_view_t *view)
{
    pacs_plane_t  plane;

    pacs_view_plane(view, &plane);
    plane.mode = slabs[s->want.method];
    plane.slab = s->want.slab;
    return plane;
}


/* the next picture; PACS_AGAIN: not all it needs is there */
static int
draw(pacs_op_t *op, const pacs_route_t *route, state_t *s, pacs_str_t *bytes,
    pacs_err_t *err)
{
    pacs_view_t   view = view_of(s, s->done);
    pacs_plane_t  plane = plane_of(s, &view);
    pacs_buf_t    out = { 0 };
    bool          whole = s->solid || s->want.nline != 0
                          || !set_window(s, false);
    int           rc = need_plane(op, route, s, &plane, whole, err);

    if (rc != PACS_OK) {
        return rc;
    }

    (void) set_window(s, whole);

    rc = s->solid ? draw_solid(op, s, &view, &out, err)
                  : draw_mpr(op, s, &plane, &out, err);

    *bytes = pacs_buf_take(&out, op->arena);
    return rc != PACS_OK ? rc : bytes->data == NULL ? PACS_E_NOMEM : PACS_OK;
}


/* --- answers --- */

static const char *
type_of(const state_t *s)
{
    return pacs_picture_type(s->picture.format);
}


static int
add_part(pacs_op_t *op, state_t *s, pacs_str_t bytes)
{
    pacs_part_t *p = &s->parts[2 * s->done];
    pacs_str_t   head = pacs_sprintf(op->arena,
        "%s--%s\r\nContent-Type: %s\r\n\r\n", s->done == 0 ? "" : "\r\n",
        s->boundary, type_of(s));

    p[0] = (pacs_part_t) { .data = head.data, .length = head.len };
    p[1] = (pacs_part_t) { .data = bytes.data, .length = bytes.len };
    s->done++;
    return head.data == NULL ? PACS_E_NOMEM : PACS_OK;
}


static int
finish_parts(pacs_op_t *op, state_t *s)
{
    pacs_str_t  end = pacs_sprintf(op->arena, "\r\n--%s--\r\n", s->boundary);

    s->parts[2 * s->done] = (pacs_part_t) { .data = end.data,
                                            .length = end.len };
    op->reply.content_type = pacs_sprintf(op->arena, "multipart/related; "
        "type=\"%s\"; boundary=%s", type_of(s), s->boundary);
    op->reply.parts = s->parts;
    op->reply.nparts = 2 * s->done + 1;
    pacs_reply_length(op);
    return end.data == NULL ? PACS_E_NOMEM : PACS_OK;
}


static int
answer_pictures(pacs_op_t *op, const pacs_route_t *route, state_t *s,
    pacs_err_t *err)
{
    pacs_str_t  bytes;
    int         rc = draw(op, route, s, &bytes, err);

    if (rc != PACS_OK) {
        return rc;
    }

    if (!s->multipart) {
        op->reply.content_type = pacs_cstr(type_of(s));
        return pacs_reply_memory(op, bytes);
    }

    if ((rc = add_part(op, s, bytes)) != PACS_OK) {
        return rc;
    }

    /* between two pictures others have their turn */
    return s->done == s->pictures ? finish_parts(op, s)
                                  : wait_for(op, s, 0, err);
}


static void
triple(pacs_buf_t *b, uint32_t tag, uint16_t vr, const double v[3])
{
    char  text[128];

    snprintf(text, sizeof(text), "%.9g\\%.9g\\%.9g", v[0], v[1], v[2]);
    pacs_json_attr(b, tag, vr, pacs_cstr(text));
    pacs_buf_char(b, ',');
}


static void
number(pacs_buf_t *b, uint32_t tag, uint16_t vr, double v)
{
    char  text[64];

    snprintf(text, sizeof(text), "%.9g", v);
    pacs_json_attr(b, tag, vr, pacs_cstr(text));
    pacs_buf_char(b, ',');
}


/* where the picture lies: not of Annex K, but needed to point into it */
static void
write_plane(pacs_buf_t *b, const state_t *s)
{
    const pacs_view_t *w = &s->view;
    pacs_plane_t       p;
    char               text[256];

    pacs_view_plane(w, &p);
    number(b, 0x00180088, PACS_DS, w->distance);
    triple(b, 0x00200032, PACS_DS, p.origin);
    snprintf(text, sizeof(text), "%.9g\\%.9g\\%.9g\\%.9g\\%.9g\\%.9g",
             w->right[0], w->right[1], w->right[2], w->down[0], w->down[1],
             w->down[2]);
    pacs_json_attr(b, 0x00200037, PACS_DS, pacs_cstr(text));
    pacs_buf_char(b, ',');
    pacs_json_attr(b, 0x00200052, PACS_UI,
                   pacs_cstr(s->voxels->head->reference));
    pacs_buf_char(b, ',');
    number(b, 0x00280008, PACS_IS, s->multipart ? s->pictures : w->planes);
    number(b, 0x00280010, PACS_US, w->rows);
    number(b, 0x00280011, PACS_US, w->columns);
    snprintf(text, sizeof(text), "%.9g\\%.9g", w->pixel * w->h / w->rows,
             w->pixel * w->w / w->columns);
    pacs_json_attr(b, 0x00280030, PACS_DS, pacs_cstr(text));
    pacs_buf_char(b, ',');
}


/* PS3.18 Annex K */
static int
answer_metadata(pacs_op_t *op, const pacs_route_t *route, state_t *s,
    pacs_err_t *err)
{
    static const char *const  functions[] = { "LINEAR", "LINEAR_EXACT",
                                              "SIGMOID" };
    const pacs_volume_head_t *h = s->voxels->head;
    const pacs_view_t        *w = &s->view;
    pacs_buf_t                b = { 0 };
    double                    eye[3], up[3];
    int                       rc = PACS_OK;

    if (s->preset == NULL && !set_window(s, false)) {
        rc = need(op, route, s, 0, h->n[2] - 1, err);
        if (rc != PACS_OK) {
            return rc;
        }
        (void) set_window(s, true);
    }

    for (int i = 0; i < 3; i++) {
        eye[i] = w->center[i] - 1000 * w->view[i];
        up[i] = -w->down[i];
    }

    pacs_buf_text(&b, "[{");
    write_plane(&b, s);
    if (s->preset == NULL) {
        number(&b, 0x00281050, PACS_DS,
               (s->picture.center - h->window_intercept) / h->window_slope);
        number(&b, 0x00281051, PACS_DS,
               s->picture.width / fabs(h->window_slope));
        pacs_json_attr(&b, 0x00281056, PACS_CS,
                       pacs_cstr(functions[s->picture.voi]));
        pacs_buf_char(&b, ',');
    }
    pacs_json_attr(&b, 0x0070120D, PACS_CS,
                   pacs_cstr(methods[s->want.method]));
    pacs_buf_char(&b, ',');
    if (s->want.slab > 0) {
        number(&b, 0x00701503, PACS_FD, s->want.slab);
    }
    triple(&b, 0x00701603, PACS_FD, eye);
    triple(&b, 0x00701604, PACS_FD, w->center);
    triple(&b, 0x00701605, PACS_FD, up);
    if (s->multipart) {
        number(&b, 0x00701A03, PACS_FD, s->want.rate);
        number(&b, 0x00701A05, PACS_FD, s->want.step);
        if (s->want.swivel > 0) {
            number(&b, 0x00701A06, PACS_FD, s->want.swivel);
        }
    }
    pacs_json_attr(&b, 0x00720510, PACS_CS,
                   s->solid ? pacs_lit("3D_RENDERING") : pacs_lit("MPR"));
    pacs_buf_text(&b, "}]\n");

    op->reply.content_type = pacs_lit("application/dicom+json");
    return pacs_reply_memory(op, pacs_buf_take(&b, op->arena));
}


/* numbers of the picture that renderedmpr would be */
static int
answer_numbers(pacs_op_t *op, const pacs_route_t *route, state_t *s,
    pacs_err_t *err)
{
    pacs_plane_t   plane = plane_of(s, &s->view);
    pacs_gauge_t   gauge = { .spacing.source = "plane" };
    pacs_field_t  *field;
    pacs_area_t    rows;
    pacs_buf_t     b = { 0 };
    float         *values = NULL;
    uint32_t       width, height;
    int            rc;

    if ((rc = need_plane(op, route, s, &plane, s->want.nline != 0, err))
            != PACS_OK
        || (rc = plane_values(op, s, &plane, &values, &width, &height, err))
            != PACS_OK
        || (rc = pacs_figures_begin(op, &s->figures, width, height, &rows,
                                    err)) != PACS_OK
        || (rc = pacs_field_plane(values, width, height, op->arena, &field,
                                  err)) != PACS_OK)
    {
        return rc;
    }

    snprintf(gauge.scale.unit, sizeof(gauge.scale.unit), "%s",
             s->voxels->volume.unit);
    gauge.spacing.row = hypot(hypot(plane.down[0], plane.down[1]),
                              plane.down[2]);
    gauge.spacing.column = s->want.nline != 0
                           ? gauge.spacing.row
                           : hypot(hypot(plane.right[0], plane.right[1]),
                                   plane.right[2]);

    pacs_buf_printf(&b, "{\"columns\":%u,\"rows\":%u,", width, height);
    rc = pacs_figures_write(op, &s->figures, &gauge, field, &b, err);
    if (rc != PACS_OK) {
        pacs_buf_free(&b);
        return rc;
    }

    op->reply.content_type = pacs_lit("application/json");
    return pacs_reply_memory(op, pacs_buf_take(&b, op->arena));
}


/* --- what is asked for --- */

static int
choose_format(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, state_t *s, pacs_err_t *err)
{
    pacs_accept_t  choices[32];
    unsigned       nchoices;
    int            rc = pacs_op_accept(op, route, params, n, choices, 32,
                                       &nchoices, err);
    pacs_media_e   media = s->multipart ? PACS_MT_PICTURES : PACS_MT_PICTURE;

    if (s->numbers) {
        return rc;
    }

    for (unsigned i = 0; rc == PACS_OK && i < nchoices; i++) {
        if (choices[i].media == media) {
            s->picture.format = pacs_picture_format(choices[i].is);
            return PACS_OK;
        }
        if (s->want.metadata && choices[i].media == PACS_MT_DICOM_JSON) {
            return PACS_OK;
        }
    }

    return rc != PACS_OK
           ? rc
           : pacs_fail(err, PACS_E_ACCEPT, s->multipart
                       ? "an animation is multipart/related of image/jpeg, "
                         "gif, png or webp"
                       : "one picture is image/jpeg, gif, png or webp");
}


static int
choose_preset(state_t *s, const char *modality, pacs_err_t *err)
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
    state_t *s)
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
    const pacs_param_t *params, unsigned n, state_t *s, pacs_err_t *err)
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

    s->multipart = w->swivel > 0 || w->ntrack != 0;
    s->numbers = route->resource == PACS_R_PLANE;

    if (s->numbers && s->multipart) {
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
    state_t *s = data;

    if (s->voxels != NULL) {
        pacs_voxels_release(s->svc, s->voxels);
    }
}


static int
begin(pacs_op_t *op, const pacs_route_t *route, const pacs_param_t *params,
    unsigned n, state_t *s, pacs_err_t *err)
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
    (void) pacs_reply_etag(op, s->id, s->solid ? "3d" : "mpr",
                           s->numbers ? "values"
                           : s->want.metadata ? "json" : type_of(s), args,
                           NULL);
    return PACS_OK;
}


/* pictures of a swivel or along a track */
static int
animate(pacs_op_t *op, state_t *s, pacs_err_t *err)
{
    const pacs_web_volume_t *w = &s->want;

    if (w->swivel > 0) {
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
annotate(pacs_op_t *op, const pacs_route_t *route, state_t *s,
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
settle(pacs_op_t *op, const pacs_route_t *route, state_t *s, pacs_err_t *err)
{
    int  rc = choose_preset(s, s->voxels->head->modality, err);

    if (rc == PACS_OK) {
        rc = annotate(op, route, s, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_volume_view(&s->voxels->volume, &s->want,
                              pacs_service_limits(op->svc), &s->view, err);
    }
    if (rc == PACS_OK && s->multipart && s->parts == NULL) {
        rc = animate(op, s, err);
    }
    return rc;
}


static int
warn(pacs_op_t *op, const state_t *s)
{
    const char *text = s->voxels->head->warning;
    int         rc = PACS_OK;

    if (text[0] != '\0') {
        rc = pacs_reply_warning(op, "%.350s", text);
    }
    if (rc == PACS_OK && s->want.unknown.len != 0 && !s->numbers) {
        rc = pacs_reply_warning(op, "parameter %.*s is not known and was "
                                "left aside", s->want.unknown.len > 80
                                ? 80 : (int) s->want.unknown.len,
                                s->want.unknown.data);
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

    if (s->voxels == NULL) {
        if (++s->attempts > ATTEMPTS) {
            return pacs_fail(err, PACS_E_BUSY, "the volume changes all the "
                             "time: ask again");
        }

        rc = get_voxels(op, route, s, err);
        if (rc == PACS_AGAIN) {
            return wait_for(op, s, POLL_MS, err);
        }
        if (rc != PACS_OK || (rc = settle(op, route, s, err)) != PACS_OK) {
            return rc;
        }
    }

    rc = s->numbers ? answer_numbers(op, route, s, err)
         : s->want.metadata ? answer_metadata(op, route, s, err)
         : answer_pictures(op, route, s, err);

    return rc == PACS_OK ? warn(op, s) : rc;
}
