/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * All bulk data, or all pixel data, of a study, series or instance (PS3.18
 * 10.4.1.1.5 and 6): a part each of multipart/related, whose
 * Content-Location is its BulkDataURI in the metadata; of encapsulated pixel
 * data a part each frame.
 */

#include <inttypes.h>
#include <string.h>

#include "service/send.h"

enum { MAX_CHOICES = 16 };

/* the instance at hand, in an arena of its own */
typedef struct {
    pacs_arena_t    *arena;
    pacs_open_t      blob;
    pacs_source_t    file;
    pacs_dataset_t   ds;
    pacs_json_t      json;          /* where its BulkDataURIs are */
    unsigned         next;          /* of them */
    pacs_image_t    *image;         /* its frames are under way */
    uint32_t         frame;
    pacs_frames_give_t  give;
    pacs_parts_t     list;
} instance_t;

typedef struct {
    pacs_accept_t    choices[MAX_CHOICES];
    unsigned         nchoices;
    bool             pixels;        /* those only */
    pacs_record_t   *records;
    unsigned         n, room, at;
    instance_t       now;
    char             boundary[33];
    pacs_parts_t     list;
    const char      *type;          /* of the first part that is coded */
    unsigned         left_out, unread;
    pacs_err_t       why;               /* of the first that is unread */
    pacs_op_t       *op;
} state_t;


static void
close_instance(void *data)
{
    instance_t *i = data;

    pacs_buf_free(&i->json.text);
    if (i->arena != NULL) {
        pacs_arena_destroy(i->arena);
    }
    *i = (instance_t) { 0 };
}


static int
add_record(void *ctx, const pacs_record_t *r)
{
    state_t *s = ctx;

    if (s->n == s->room) {
        unsigned        room = s->room == 0 ? 16 : s->room * 2;
        pacs_record_t  *p = pacs_calloc(s->op->arena, room, sizeof(*p));

        if (p == NULL) {
            return PACS_E_NOMEM;
        }
        if (s->n != 0) {
            memcpy(p, s->records, s->n * sizeof(*p));
        }
        s->records = p;
        s->room = room;
    }

    s->records[s->n++] = *r;
    return PACS_OK;
}


static int
collect(pacs_op_t *op, const pacs_route_t *route, state_t *s,
    pacs_err_t *err)
{
    pacs_index_t  *ix = op->svc->index;
    pacs_record_t  r = { 0 };
    int64_t        revision;
    int            rc;

    if (route->instance.len != 0) {
        rc = pacs_op_record(op, route->study, route->series, route->instance,
                            &r, err);
        return rc == PACS_OK ? add_record(s, &r) : rc;
    }

    rc = ix->vt->revision(ix, route->study, route->series, pacs_null,
                          &revision, err);
    return rc != PACS_OK
           ? rc
           : ix->vt->each(ix, route->study, route->series, false, op->arena,
                          add_record, s, err);
}


static bool
unchanged(pacs_op_t *op, const state_t *s)
{
    pacs_buf_t  b = { 0 };

    for (unsigned i = 0; i < s->n; i++) {
        pacs_buf_printf(&b, "%.*s %.*s\n", pacs_fmt(s->records[i].instance),
                        pacs_fmt(s->records[i].key));
    }
    for (unsigned i = 0; i < s->nchoices; i++) {
        pacs_buf_printf(&b, "%.*s %.*s\n", pacs_fmt(s->choices[i].type),
                        pacs_fmt(s->choices[i].syntax));
    }
    pacs_buf_char(&b, '\0');
    op->reply.weak = true;

    bool  same = !b.failed
                 && pacs_reply_etag(op, "bulk 1", b.data,
                                    s->pixels ? "pixels" : "all", NULL);

    pacs_buf_free(&b);
    return same;
}


/* --- one instance --- */

static int
open_instance(pacs_op_t *op, state_t *s, pacs_err_t *err)
{
    const pacs_record_t *r = &s->records[s->at];
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    instance_t          *i = &s->now;
    pacs_source_t       *stream;
    int                  rc;

    if ((rc = pacs_op_blob(op, r->key, &i->blob, err)) != PACS_OK
        || (rc = pacs_source_fd(&i->file, i->blob.fd, err)) != PACS_OK
        || (rc = pacs_dicom_read(&i->file, limits, PACS_KEEP, op->arena,
                                 &i->ds, err)) != PACS_OK)
    {
        return rc;
    }

    if (s->pixels) {
        return PACS_OK;
    }

    stream = pacs_dicom_stream(&i->file, &i->ds, limits, op->arena, err);
    return stream == NULL
           ? PACS_E_NOMEM
           : pacs_json_write(stream, &i->ds, PACS_INLINE, op->arena,
                             &i->json, err);
}


static pacs_frames_give_t
choose(const state_t *s, const pacs_record_t *r)
{
    pacs_frames_give_t  give = { .how = PACS_FRAMES_NOT };

    for (unsigned i = 0; i < s->nchoices && give.how == PACS_FRAMES_NOT; i++)
    {
        give = pacs_frames_choose(&s->choices[i], r);
    }
    return give;
}


static bool
octets_ok(const state_t *s)
{
    for (unsigned i = 0; i < s->nchoices; i++) {
        if (pacs_octets_ok(&s->choices[i])
            && (s->choices[i].syntax.len == 0
                || pacs_str_is(s->choices[i].syntax, "*")
                || pacs_str_is(s->choices[i].syntax, PACS_EXPLICIT_LE)))
        {
            return true;
        }
    }
    return false;
}


/* the frames of encapsulated pixel data; where no picture can be made of it,
 * there are none to be told apart */
static int
begin_frames(pacs_op_t *op, state_t *s, pacs_err_t *err)
{
    const pacs_record_t *r = &s->records[s->at];
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_err_t           own = { 0 };

    s->now.give = choose(s, r);

    if (s->now.give.how == PACS_FRAMES_NOT || r->pixels.frames == 0
        || pacs_image_of(op, r, &s->now.image, &own) != PACS_OK)
    {
        s->now.image = NULL;
        s->left_out++;
        return PACS_OK;
    }

    s->now.frame = 0;
    s->type = pacs_frames_type(&s->now.give);

    return s->now.give.how != PACS_FRAMES_STORED
           && r->pixels.frames > limits->frame_list
           ? pacs_fail(err, PACS_E_LIMIT, "%u frames to be decoded: ask for "
                       "them by /frames (limit frame_list is %" PRId64 "), "
                       "or for transfer-syntax=*", r->pixels.frames,
                       limits->frame_list)
           : PACS_OK;
}


static int
add_value(pacs_op_t *op, state_t *s, const pacs_elem_t *e, pacs_str_t path,
    pacs_err_t *err)
{
    const pacs_record_t *r = &s->records[s->at];
    instance_t          *i = &s->now;
    pacs_str_t           url = pacs_op_url(op, true, r->study, r->series,
                                           r->instance);
    pacs_part_t          part;
    int                  rc;

    if (!octets_ok(s)) {
        s->left_out++;
        return PACS_OK;
    }

    rc = pacs_bulk_value(op, &i->file, &i->ds, e, i->blob.path, &part, err);
    if (rc != PACS_OK) {
        return rc;
    }

    rc = pacs_parts_text(op, &i->list, pacs_sprintf(op->arena,
             "\r\n--%s\r\nContent-Type: application/octet-stream; "
             "transfer-syntax=" PACS_EXPLICIT_LE "\r\n"
             "Content-Location: %.*s/bulkdata/%.*s\r\n\r\n", s->boundary,
             pacs_fmt(url), pacs_fmt(path)));
    return rc == PACS_OK ? pacs_parts_add(op, &i->list, part) : rc;
}


static int
add_elem(pacs_op_t *op, state_t *s, const pacs_elem_t *e, pacs_str_t path,
    pacs_err_t *err)
{
    if (e == NULL || e->vr == PACS_SQ) {
        return PACS_OK;
    }
    return e == s->now.ds.pixels && s->now.ds.fragments != NULL
           ? begin_frames(op, s, err) : add_value(op, s, e, path, err);
}


/* the path that stands at a splice of the metadata */
static pacs_str_t
path_at(const pacs_json_t *json, unsigned splice)
{
    static const char  before[] = "/bulkdata/";
    const char        *p = json->text.data + json->splice[splice]
                           + sizeof(before) - 1;
    const char        *end = json->text.data + json->text.len;
    const char        *quote = p < end ? memchr(p, '"', (size_t) (end - p))
                                       : NULL;

    return quote == NULL ? pacs_null
                         : (pacs_str_t) { p, (size_t) (quote - p) };
}


/* *more false: there is none left */
static const pacs_elem_t *
next_elem(pacs_op_t *op, state_t *s, pacs_str_t *path, bool *more)
{
    instance_t  *i = &s->now;
    unsigned     n = i->next++;

    *more = n < (s->pixels ? 1 : i->json.nsplice);
    if (!*more) {
        return NULL;
    }

    if (s->pixels) {
        *path = i->ds.pixels == NULL
                ? pacs_null
                : pacs_sprintf(op->arena, "%08X", i->ds.pixels->tag);
        return i->ds.pixels;
    }

    *path = path_at(&i->json, n);
    return pacs_bulk_find(&i->ds, *path);
}


/* PACS_AGAIN: goes on where it was */
static int
run_frames(pacs_op_t *op, instance_t *i, const char *boundary,
    pacs_err_t *err)
{
    for (; i->frame < i->image->record.pixels.frames; i->frame++) {
        int  rc = pacs_frames_add(op, i->image, &i->give, i->frame,
                                  boundary, &i->list, err);

        if (rc != PACS_OK) {
            return rc;
        }
    }

    i->image = NULL;
    return PACS_OK;
}


static int
run_instance(pacs_op_t *op, state_t *s, pacs_err_t *err)
{
    instance_t *i = &s->now;
    bool        more = true;
    int         rc = PACS_OK;

    while (rc == PACS_OK && more) {
        pacs_str_t  path;

        if (i->image != NULL) {
            rc = run_frames(op, i, s->boundary, err);
        } else {
            rc = add_elem(op, s, next_elem(op, s, &path, &more), path, err);
        }
    }
    return rc;
}


/* its parts live as long as the answer, and nothing else of it */
static int
keep_parts(pacs_op_t *op, state_t *s)
{
    const char *path = NULL, *kept = NULL;
    int         rc = PACS_OK;

    for (unsigned k = 0; rc == PACS_OK && k < s->now.list.n; k++) {
        pacs_part_t  part = s->now.list.parts[k];

        if (part.path != NULL && part.path != path) {
            path = part.path;
            kept = pacs_strdup(op->arena, pacs_cstr(path));
        }
        if (part.path != NULL) {
            part.path = kept;
        } else {
            part.data = pacs_str_copy(op->arena, (pacs_str_t) {
                                          part.data, part.length }).data;
        }
        rc = part.data == NULL && part.path == NULL
             ? PACS_E_NOMEM : pacs_parts_add(op, &s->list, part);
    }
    return rc;
}


/* PACS_AGAIN; else it is done with, and one that cannot be read is left out */
static int
do_instance(pacs_op_t *op, state_t *s, pacs_err_t *err)
{
    pacs_arena_t *of_op = op->arena;
    pacs_err_t    own = { 0 };
    int           rc = PACS_OK;

    if (s->now.arena == NULL) {
        s->now.arena = op->arena = pacs_arena_create(0);
        rc = op->arena == NULL ? PACS_E_NOMEM : open_instance(op, s, &own);
    }

    op->arena = s->now.arena;
    if (rc == PACS_OK) {
        rc = run_instance(op, s, &own);
    }
    op->arena = of_op;

    if (rc == PACS_AGAIN) {
        return rc;
    }

    if (rc == PACS_OK) {
        rc = keep_parts(op, s);
    } else if (rc == PACS_E_IO || rc == PACS_E_PARSE || rc == PACS_E_NOT_FOUND
               || rc == PACS_E_UNSHOWABLE)
    {
        if (rc != PACS_E_UNSHOWABLE) {
            pacs_log(&op->svc->options.env, PACS_LOG_ERROR, "bulk data: %s",
                     own.text);
        }
        s->why = s->unread++ == 0 ? own : s->why;
        rc = PACS_OK;
    }

    close_instance(&s->now);
    s->at++;
    return rc == PACS_OK ? rc : pacs_fail(err, rc, "%s", own.text);
}


/* --- the answer --- */

static int
finish(pacs_op_t *op, state_t *s, pacs_err_t *err)
{
    int  rc = PACS_OK;

    if (s->list.n == 0) {
        return s->unread != 0
               ? pacs_fail(err, s->why.code, "%s", s->why.text)
               : s->left_out != 0
               ? pacs_fail(err, PACS_E_ACCEPT, "the bulk data is not there "
                           "in a type that was asked for; multipart/related; "
                           "type=\"application/octet-stream\"; "
                           "transfer-syntax=* takes it as it is stored")
               : pacs_fail(err, PACS_E_NOT_FOUND, "it has no %s data",
                           s->pixels ? "pixel" : "bulk");
    }

    if (s->left_out != 0 || s->unread != 0) {
        op->reply.status = 206;
        op->reply.etag = s->unread != 0 ? pacs_null : op->reply.etag;
        rc = pacs_reply_warning(op, "%u values are left out: not available "
                                "in the type asked for; and %u instances: "
                                "they cannot be read or decoded", s->left_out,
                                s->unread);
    }

    return rc == PACS_OK
           ? pacs_parts_multipart(op, &s->list, s->type, s->boundary) : rc;
}


static int
begin(pacs_op_t *op, const pacs_route_t *route, const pacs_param_t *params,
    unsigned n, state_t *s, pacs_err_t *err)
{
    unsigned  k = 0;
    int       rc;

    s->op = op;
    s->pixels = route->resource == PACS_R_PIXELDATA;
    s->type = "application/octet-stream";
    pacs_boundary(s->boundary);

    rc = pacs_op_accept(op, route, params, n, s->choices, MAX_CHOICES,
                        &s->nchoices, err);

    for (unsigned i = 0; i < s->nchoices; i++) {
        if (s->choices[i].media == PACS_MT_MULTIPART_FRAMES) {
            s->choices[k++] = s->choices[i];
        }
    }
    s->nchoices = k;

    if (rc == PACS_OK && k == 0) {
        rc = pacs_fail(err, PACS_E_ACCEPT, "several values go as multipart/"
                       "related; type=\"application/octet-stream\"");
    }
    return rc == PACS_OK ? collect(op, route, s, err) : rc;
}


int
pacs_op_bulk(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, pacs_err_t *err)
{
    state_t *s = op->state;
    int      rc;

    if (s == NULL) {
        s = op->state = pacs_calloc(op->arena, 1, sizeof(*s));

        if (s == NULL || !pacs_arena_cleanup(op->arena, close_instance,
                                             &s->now))
        {
            return PACS_E_NOMEM;
        }
        rc = begin(op, route, params, n, s, err);
        if (rc != PACS_OK || unchanged(op, s)) {
            return rc;
        }
    }

    while (s->at < s->n) {
        rc = do_instance(op, s, err);
        if (rc != PACS_OK) {
            return rc;
        }
    }
    return finish(op, s, err);
}
