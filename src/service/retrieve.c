/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * WADO-RS of studies, series and instances (PS3.18 10.4.1.1.1): Part 10
 * files in the transfer syntax they came in, straight from the blobs; native
 * ones also as Explicit or Implicit VR LE when asked for by UID.  The
 * preamble goes out zeroed: it may be foreign, and nobody needs it.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service/internal.h"

#define EXPLICIT_LE  "1.2.840.10008.1.2.1"
#define IMPLICIT_LE  "1.2.840.10008.1.2"

enum { PREAMBLE = 128, MAX_CHOICES = 16 };

static const char  zeros[PREAMBLE];

typedef enum { GIVE_NOT, GIVE_STORED, GIVE_EXPLICIT, GIVE_IMPLICIT } give_e;

typedef struct {
    pacs_op_t       *op;
    pacs_err_t      *err;
    pacs_accept_t    choices[MAX_CHOICES];
    unsigned         nchoices;
    char             boundary[33];
    pacs_part_t     *parts;
    unsigned         nparts, room;
    unsigned         given, left_out;
    uint64_t         rewritten;     /* bytes in memory */
    bool             single;        /* application/dicom */
} send_t;


static give_e
choose(const send_t *s, pacs_str_t stored, bool *single)
{
    const pacs_syntax_t *syntax = pacs_syntax(stored);

    for (unsigned i = 0; i < s->nchoices; i++) {
        const pacs_accept_t *c = &s->choices[i];
        give_e               give = GIVE_NOT;

        if (c->syntax.len == 0 || pacs_str_is(c->syntax, "*")
            || pacs_str_eq(c->syntax, stored))
        {
            give = GIVE_STORED;
        } else if (syntax->encapsulated) {
            give = GIVE_NOT;
        } else if (pacs_str_is(c->syntax, EXPLICIT_LE)) {
            give = GIVE_EXPLICIT;
        } else if (pacs_str_is(c->syntax, IMPLICIT_LE)) {
            give = GIVE_IMPLICIT;
        }

        if (give != GIVE_NOT) {
            *single = c->media == PACS_MT_DICOM;
            return give;
        }
    }

    return GIVE_NOT;
}


static int
add_part(send_t *s, pacs_part_t part)
{
    if (s->nparts == s->room) {
        unsigned     room = s->room == 0 ? 64 : s->room * 2;
        pacs_part_t *p = pacs_calloc(s->op->arena, room, sizeof(*p));

        if (p == NULL) {
            return PACS_E_NOMEM;
        }
        if (s->nparts != 0) {
            memcpy(p, s->parts, s->nparts * sizeof(*p));
        }
        s->parts = p;
        s->room = room;
    }

    s->parts[s->nparts++] = part;
    return PACS_OK;
}


static int
add_text(send_t *s, pacs_str_t text)
{
    return text.data == NULL
           ? PACS_E_NOMEM
           : add_part(s, (pacs_part_t) { .data = text.data,
                                         .length = text.len });
}


static int
part_head(send_t *s, const pacs_record_t *r, pacs_str_t syntax)
{
    pacs_str_t  url = pacs_op_url(s->op, true, r->study, r->series,
                                  r->instance);

    return add_text(s, pacs_sprintf(s->op->arena,
        "%s--%s\r\nContent-Type: application/dicom; transfer-syntax=%.*s\r\n"
        "Content-Location: %.*s\r\n\r\n", s->nparts == 0 ? "" : "\r\n",
        s->boundary, pacs_fmt(syntax), pacs_fmt(url)));
}


static int
give_stored(send_t *s, const pacs_record_t *r)
{
    pacs_service_t *svc = s->op->svc;
    pacs_key_t      key;
    char            path[4096];
    int             rc;

    if (!pacs_key_parse(r->key, &key)
        || !svc->blobs->vt->path(svc->blobs, &key, path, sizeof(path)))
    {
        return pacs_fail(s->err, PACS_E_INTERNAL, "the blob is not local");
    }

    char *name = pacs_strdup(s->op->arena, pacs_cstr(path));

    if (name == NULL || r->size < PREAMBLE) {
        return PACS_E_NOMEM;
    }

    rc = add_part(s, (pacs_part_t) { .data = zeros, .length = PREAMBLE });

    return rc != PACS_OK
           ? rc
           : add_part(s, (pacs_part_t) { .path = name, .offset = PREAMBLE,
                                         .length = r->size - PREAMBLE });
}


static int
rewrite(send_t *s, const pacs_record_t *r, bool implicit, pacs_buf_t *out)
{
    pacs_service_t       *svc = s->op->svc;
    const pacs_limits_t  *limits = pacs_service_limits(svc);
    pacs_arena_t         *a = pacs_arena_create((size_t) limits->dataset);
    pacs_dataset_t        ds = { 0 };
    pacs_source_t         file;
    int                   fd, rc;

    if (a == NULL) {
        return PACS_E_NOMEM;
    }

    if ((rc = pacs_blob_of(svc, r->key, &fd, s->err)) != PACS_OK) {
        pacs_arena_destroy(a);
        return rc;
    }

    if ((rc = pacs_source_fd(&file, fd, s->err)) == PACS_OK
        && (rc = pacs_dicom_read(&file, limits, PACS_KEEP, a, &ds, s->err))
            == PACS_OK)
    {
        pacs_source_t *stream = pacs_dicom_stream(&file, &ds, limits, a,
                                                  s->err);

        pacs_write_meta(out, r->class_uid, r->instance,
                        implicit ? pacs_lit(IMPLICIT_LE)
                                 : pacs_lit(EXPLICIT_LE), pacs_null);
        rc = stream == NULL
             ? PACS_E_NOMEM
             : pacs_write_dataset(out, stream, &ds, implicit, s->err);
    }

    close(fd);
    pacs_arena_destroy(a);
    return rc;
}


static int
give_rewritten(send_t *s, const pacs_record_t *r, bool implicit)
{
    int64_t     budget = pacs_service_limits(s->op->svc)->metadata;
    pacs_buf_t  out = { .max = (size_t) budget };
    int         rc;

    if (s->rewritten + r->size > (uint64_t) budget) {
        return pacs_fail(s->err, PACS_E_LIMIT, "more than %" PRId64 " bytes "
                         "to rewrite in one answer (limit metadata): ask "
                         "with transfer-syntax=*, or instance by instance",
                         budget);
    }

    if ((rc = rewrite(s, r, implicit, &out)) != PACS_OK) {
        pacs_buf_free(&out);
        return rc;
    }

    s->rewritten += out.len;
    return add_text(s, pacs_buf_take(&out, s->op->arena));
}


static int
add_instance(void *ctx, const pacs_record_t *r)
{
    send_t     *s = ctx;
    bool        single = false;
    give_e      give = choose(s, r->syntax_uid, &single);
    pacs_str_t  syntax = give == GIVE_EXPLICIT ? pacs_lit(EXPLICIT_LE)
                         : give == GIVE_IMPLICIT ? pacs_lit(IMPLICIT_LE)
                         : r->syntax_uid;
    int         rc = PACS_OK;

    if (give == GIVE_NOT) {
        s->left_out++;
        return PACS_OK;
    }

    s->given++;

    if (single) {
        s->single = true;
        s->op->reply.content_type = pacs_sprintf(s->op->arena,
            "application/dicom; transfer-syntax=%.*s", pacs_fmt(syntax));
    } else {
        rc = part_head(s, r, syntax);
    }

    if (rc != PACS_OK) {
        return rc;
    }

    return give == GIVE_STORED
           ? give_stored(s, r)
           : give_rewritten(s, r, give == GIVE_IMPLICIT);
}


static void
only_multipart(send_t *s)
{
    unsigned  n = 0;

    for (unsigned i = 0; i < s->nchoices; i++) {
        if (s->choices[i].media == PACS_MT_MULTIPART_DICOM) {
            s->choices[n++] = s->choices[i];
        }
    }

    s->nchoices = n;
}


static int
finish(send_t *s)
{
    pacs_op_t *op = s->op;
    int        rc = PACS_OK;

    if (s->given == 0) {
        return pacs_fail(s->err, PACS_E_ACCEPT, "stored in a transfer syntax "
                         "that was not asked for, and not converted here; "
                         "transfer-syntax=* takes it as it is");
    }

    if (s->left_out != 0) {
        op->reply.status = 206;
        rc = pacs_reply_warning(op, "%u instances are left out: not "
                                "available in the transfer syntax asked for",
                                s->left_out);
    }

    if (rc == PACS_OK && !s->single) {
        op->reply.content_type = pacs_sprintf(op->arena, "multipart/related; "
            "type=\"application/dicom\"; boundary=%s", s->boundary);
        rc = add_text(s, pacs_sprintf(op->arena, "\r\n--%s--\r\n",
                                      s->boundary));
    }

    op->reply.parts = s->parts;
    op->reply.nparts = s->nparts;
    pacs_reply_length(op);
    return rc;
}


void
pacs_boundary(char boundary[33])
{
    uint8_t  random[16];

    pacs_random(random, sizeof(random));
    pacs_hex(random, sizeof(random), boundary);
}


static int
collect(pacs_op_t *op, const pacs_route_t *route, send_t *s, pacs_err_t *err)
{
    pacs_index_t *ix = op->svc->index;

    if (route->instance.len == 0) {
        only_multipart(s);

        if (s->nchoices == 0) {
            return pacs_fail(err, PACS_E_ACCEPT, "several instances go as "
                             "multipart/related; type=\"application/dicom\"");
        }
        return ix->vt->each(ix, route->study, route->series, false, op->arena,
                            add_instance, s, err);
    }

    pacs_record_t  r = { 0 };
    int            rc = pacs_op_record(op, route->study, route->series,
                                       route->instance, &r, err);

    return rc == PACS_OK ? add_instance(s, &r) : rc;
}


int
pacs_op_object(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, pacs_err_t *err)
{
    send_t        s = { .op = op, .err = err };
    pacs_index_t *ix = op->svc->index;
    char          revision[32];
    int64_t       rev;
    int           rc;

    pacs_boundary(s.boundary);

    if ((rc = pacs_op_accept(op, route, params, n, s.choices, MAX_CHOICES,
                             &s.nchoices, err)) != PACS_OK
        || (rc = ix->vt->revision(ix, route->study, route->series,
                                  route->instance, &rev, err)) != PACS_OK)
    {
        return rc;
    }

    char *path = pacs_strdup(op->arena, op->request.path);
    char *accept = pacs_strdup(op->arena, op->request.accept);

    snprintf(revision, sizeof(revision), "%" PRId64, rev);

    if (path == NULL || accept == NULL) {
        return PACS_E_NOMEM;
    }

    if (pacs_reply_etag(op, path, accept, revision, NULL)) {
        return PACS_OK;
    }

    pacs_audit_event(op->svc->audit, PACS_AUDIT_ACCESS, 'R', true,
                     &op->request.subject, route->study, route->instance);

    rc = collect(op, route, &s, err);
    return rc == PACS_OK ? finish(&s) : rc;
}
