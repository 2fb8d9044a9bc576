/* SPDX-License-Identifier: BSD-2-Clause */

/* Which instances a volume is of, and its voxels: found, or being built. */

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service/volume_op.h"

enum { PATIENCE_MS = 120000, POLL_MAX_MS = 100 };


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
list_records(pacs_op_t *op, const pacs_route_t *route,
    const pacs_volume_op_t *s, list_t *l, pacs_err_t *err)
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
    char                     study[PACS_CACHE_OWNER + 1];
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
    pacs_cache_study(l->n != 0 ? l->records[0].study : pacs_null, study);
    snprintf(name, PACS_VOLUME_NAME + 1, PACS_VOLUME_PREFIX "%s%.41s", study,
             hex);
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

    if (rc == PACS_OK && l->want->frame != 0 && in->wanted < 0) {
        return pacs_fail(err, PACS_E_NOT_FOUND, "volumeinputreference: there "
                         "is no frame %u with a position", l->want->frame);
    }
    return rc != PACS_OK
           ? rc : pacs_volume_shape(in, pacs_service_limits(op->svc), l->a,
                                    *plan, err);
}


/* the slice in the middle of what the first picture needs */
static uint32_t
focus_of(const pacs_volume_op_t *s, const pacs_volume_t *v,
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
build(pacs_op_t *op, pacs_volume_op_t *s, list_t *l, const char *name,
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

        return pacs_volume_build(op->svc, name, plan, focus, l->a, fd, err);
    }

    if (fd != -1) {
        close(fd);
    }
    pacs_arena_destroy(l->a);

    /* another one's, that it has just given up */
    return rc == PACS_E_NOT_FOUND && err->code == PACS_OK ? PACS_AGAIN : rc;
}


int
pacs_volume_get(pacs_op_t *op, const pacs_route_t *route, pacs_volume_op_t *s,
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
adopt(pacs_op_t *op, const pacs_route_t *route, pacs_volume_op_t *s,
    pacs_err_t *err)
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
            return pacs_volume_build(op->svc, name, plan,
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


int
pacs_volume_wait(pacs_op_t *op, pacs_volume_op_t *s, unsigned ms,
    pacs_err_t *err)
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


int
pacs_volume_need(pacs_op_t *op, const pacs_route_t *route, pacs_volume_op_t *s,
    uint32_t first, uint32_t last, const pacs_plane_t *plane, pacs_err_t *err)
{
    bool  orphan;
    int   rc = pacs_voxels_need(op->svc, s->voxels, first, last, plane,
                                &orphan, err);

    if (rc == PACS_E_NOT_FOUND && err->code == PACS_OK) {
        /* was damaged, and so may be all that was taken from it */
        pacs_voxels_release(op->svc, s->voxels);
        s->voxels = NULL;
        s->picture.has_window = false;
        return pacs_volume_wait(op, s, PACS_VOLUME_POLL_MS, err);
    }
    if (rc != PACS_AGAIN) {
        return rc;
    }

    if (orphan && (rc = adopt(op, route, s, err)) != PACS_OK) {
        return rc;
    }

    double  ms = fmin(PACS_VOLUME_POLL_MS + s->waited_ms / 8, POLL_MAX_MS);

    return pacs_volume_wait(op, s, (unsigned) ms, err);
}
