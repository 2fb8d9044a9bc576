/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * WADO-RS of studies, series and instances (PS3.18 10.4.1.1.1): Part 10
 * files in multipart/related, alone, or in a ZIP archive.  Explicit VR LE
 * unless another transfer syntax is asked for (8.7.3.5.2), where "*" is: as
 * they came, straight from the blobs.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "service/send.h"

enum { MAX_CHOICES = 32 };
enum { OBJECT, BULK };          /* op->stage */

typedef struct {
    pacs_op_t       *op;
    pacs_err_t      *err;
    pacs_accept_t    choices[MAX_CHOICES];
    unsigned         nchoices;
    pacs_media_e     media;         /* of the answer */
    bool             dir;           /* with a DICOMDIR */
    pacs_given_t    *given;
    unsigned         ngiven, room;
    unsigned         left_out;      /* no acceptable transfer syntax */
    unsigned         unread;
    char             boundary[33];
    uint64_t         memory;
} send_t;


void
pacs_boundary(char boundary[33])
{
    uint8_t  random[16];

    pacs_random(random, sizeof(random));
    pacs_hex(random, sizeof(random), boundary);
}


/* --- in which transfer syntax --- */

static pacs_give_e
give_as(const pacs_record_t *r, pacs_str_t asked)
{
    const pacs_syntax_t *stored = pacs_syntax(r->syntax_uid);

    if (pacs_str_is(asked, "*") || pacs_str_eq(asked, r->syntax_uid)) {
        return PACS_GIVE_STORED;
    }
    if (stored->encapsulated) {
        return asked.len == 0 ? PACS_GIVE_STORED : PACS_GIVE_NOT;
    }
    if (asked.len == 0 || pacs_str_is(asked, PACS_EXPLICIT_LE)) {
        return pacs_str_is(r->syntax_uid, PACS_EXPLICIT_LE)
               ? PACS_GIVE_STORED : PACS_GIVE_EXPLICIT;
    }
    return pacs_str_is(asked, PACS_IMPLICIT_LE) ? PACS_GIVE_IMPLICIT
                                                : PACS_GIVE_NOT;
}


/* the first choice of the answer's media type that can be given */
static pacs_give_e
choose(const send_t *s, const pacs_record_t *r)
{
    for (unsigned i = 0; i < s->nchoices; i++) {
        pacs_give_e  give = s->choices[i].media == s->media
                            ? give_as(r, s->choices[i].syntax)
                            : PACS_GIVE_NOT;

        if (give != PACS_GIVE_NOT) {
            return give;
        }
    }
    return PACS_GIVE_NOT;
}


static int
add_given(void *ctx, const pacs_record_t *r)
{
    send_t       *s = ctx;
    pacs_give_e   give = choose(s, r);

    if (give == PACS_GIVE_NOT) {
        s->left_out++;
        return PACS_OK;
    }

    if (s->ngiven == s->room) {
        unsigned       room = s->room == 0 ? 16 : s->room * 2;
        pacs_given_t  *p = pacs_calloc(s->op->arena, room, sizeof(*p));

        if (p == NULL) {
            return PACS_E_NOMEM;
        }
        if (s->ngiven != 0) {
            memcpy(p, s->given, s->ngiven * sizeof(*p));
        }
        s->given = p;
        s->room = room;
    }

    s->given[s->ngiven++] = (pacs_given_t) {
        .record = *r, .give = give,
        .syntax = give == PACS_GIVE_EXPLICIT ? pacs_lit(PACS_EXPLICIT_LE)
                  : give == PACS_GIVE_IMPLICIT ? pacs_lit(PACS_IMPLICIT_LE)
                  : r->syntax_uid
    };
    return PACS_OK;
}


/* --- what goes into it --- */

/* the one instance in the best media type that it can be given in */
static int
collect_one(send_t *s, const pacs_route_t *route)
{
    pacs_record_t  r = { 0 };
    int            rc = pacs_op_record(s->op, route->study, route->series,
                                       route->instance, &r, s->err);

    for (unsigned i = 0; rc == PACS_OK && i < s->nchoices && s->ngiven == 0;
         i++)
    {
        s->media = s->choices[i].media;
        rc = s->media != PACS_MT_MULTIPART_FRAMES ? add_given(s, &r)
                                                  : PACS_OK;
    }
    return rc;
}


static int
collect(send_t *s, const pacs_route_t *route)
{
    pacs_index_t *ix = s->op->svc->index;
    int64_t       revision;
    int           rc;

    if (route->instance.len != 0) {
        return collect_one(s, route);
    }

    /* deleted ones are 410 */
    rc = ix->vt->revision(ix, route->study, route->series, pacs_null,
                          &revision, s->err);
    return rc != PACS_OK
           ? rc
           : ix->vt->each(ix, route->study, route->series, false,
                          s->op->arena, add_given, s, s->err);
}


/* exactly what is given: it changes when that does */
static bool
unchanged(send_t *s)
{
    pacs_sha256_t  h;
    uint8_t        digest[PACS_SHA256_LEN];
    char           hex[2 * PACS_SHA256_LEN + 1], how[32];

    if (pacs_sha256_init(&h, NULL) != PACS_OK) {
        return false;
    }

    for (unsigned i = 0; i < s->ngiven; i++) {
        const pacs_given_t *g = &s->given[i];

        pacs_sha256_update(&h, g->record.instance.data,
                           g->record.instance.len + 1);
        pacs_sha256_update(&h, g->record.key.data, g->record.key.len + 1);
        pacs_sha256_update(&h, &g->give, sizeof(g->give));
        pacs_sha256_update(&h, &g->record.received_us,
                           sizeof(g->record.received_us));
    }
    pacs_sha256_final(&h, digest);
    pacs_hex(digest, sizeof(digest), hex);
    snprintf(how, sizeof(how), "%d %d %u", s->media, s->dir, s->left_out);

    if (pacs_reply_etag(s->op, "object 1", hex, how, NULL)) {
        return true;
    }

    /* each answer has its own boundary */
    if (s->media == PACS_MT_MULTIPART_DICOM) {
        s->op->reply.etag = pacs_sprintf(s->op->arena, "W/%.*s",
                                         pacs_fmt(s->op->reply.etag));
    }
    return false;
}


/* --- the answer --- */

static pacs_str_t
part_head(send_t *s, const pacs_given_t *g, bool first)
{
    const pacs_record_t *r = &g->record;
    pacs_str_t           url = pacs_op_url(s->op, true, r->study, r->series,
                                           r->instance);

    return pacs_sprintf(s->op->arena,
        "%s--%s\r\nContent-Type: application/dicom; transfer-syntax=%.*s\r\n"
        "Content-Location: %.*s\r\n\r\n", first ? "" : "\r\n", s->boundary,
        pacs_fmt(g->syntax), pacs_fmt(url));
}


/* PACS_E_IO of one instance does not spoil the others */
static int
add_instance(send_t *s, pacs_given_t *g, pacs_parts_t *list)
{
    pacs_err_t  own = { 0 };
    unsigned    begin = list->n;
    bool        multipart = s->media == PACS_MT_MULTIPART_DICOM;
    int         rc = multipart ? pacs_parts_add(s->op, list,
                                                (pacs_part_t) { 0 })
                               : PACS_OK;

    if (rc == PACS_OK) {
        rc = pacs_instance_parts(s->op, g, list, &s->memory, &own);
    }

    if (rc == PACS_E_IO || rc == PACS_E_PARSE || rc == PACS_E_NOT_FOUND) {
        list->n = begin;
        g->n = 0;
        s->unread++;
        pacs_log(&s->op->svc->options.env, PACS_LOG_ERROR, "retrieve: %s",
                 own.text);
        return PACS_OK;
    }
    if (rc != PACS_OK) {
        return pacs_fail(s->err, rc, "%s", own.text);
    }

    if (multipart) {
        pacs_str_t  head = part_head(s, g, begin == 0);

        list->parts[begin].data = head.data;
        list->parts[begin].length = head.len;
        return head.data == NULL ? PACS_E_NOMEM : PACS_OK;
    }
    return PACS_OK;
}


static void
drop_unread(send_t *s)
{
    unsigned  n = 0;

    for (unsigned i = 0; i < s->ngiven; i++) {
        if (s->given[i].n != 0) {
            s->given[n++] = s->given[i];
        }
    }
    s->ngiven = n;
}


/* 8.5: 206, where it is known before the body */
static int
warn(send_t *s)
{
    int  rc = PACS_OK;

    if (s->left_out != 0 || s->unread != 0) {
        s->op->reply.status = 206;
    }
    if (s->left_out != 0) {
        rc = pacs_reply_warning(s->op, "%u instances are left out: not "
                                "available in the transfer syntax asked for",
                                s->left_out);
    }
    if (rc == PACS_OK && s->unread != 0) {
        rc = pacs_reply_warning(s->op, "%u instances are left out: they "
                                "cannot be read", s->unread);
    }
    return rc;
}


static int
send_zip(send_t *s, const pacs_route_t *route, const pacs_parts_t *from,
    pacs_parts_t *list)
{
    pacs_op_t  *op = s->op;
    pacs_str_t  name = route->instance.len != 0 ? route->instance
                       : route->series.len != 0 ? route->series
                       : route->study;
    int         rc = pacs_zip_parts(op, s->given, s->ngiven, from, s->dir,
                                    list, s->err);

    op->reply.content_type = pacs_lit("application/zip");
    op->reply.ranges = s->left_out == 0 && s->unread == 0;

    return rc != PACS_OK
           ? rc
           : pacs_reply_header(op, "Content-Disposition",
                               pacs_sprintf(op->arena, "attachment; "
                                            "filename=\"%.*s.zip\"",
                                            pacs_fmt(name)));
}


static int
finish(send_t *s, const pacs_route_t *route, pacs_parts_t *list)
{
    pacs_op_t    *op = s->op;
    pacs_parts_t  archive = { 0 };
    int           rc = warn(s);

    if (rc == PACS_OK && s->media == PACS_MT_ZIP) {
        rc = send_zip(s, route, list, &archive);
        list = &archive;

    } else if (rc == PACS_OK && s->media == PACS_MT_DICOM) {
        op->reply.content_type = pacs_sprintf(op->arena,
            "application/dicom; transfer-syntax=%.*s",
            pacs_fmt(s->given[0].syntax));
        op->reply.ranges = true;

    } else if (rc == PACS_OK) {
        op->reply.content_type = pacs_sprintf(op->arena, "multipart/related; "
            "type=\"application/dicom\"; boundary=%s", s->boundary);
        rc = pacs_parts_text(op, list, pacs_sprintf(op->arena,
                                                    "\r\n--%s--\r\n",
                                                    s->boundary));
    }

    pacs_parts_reply(op, list);
    return rc;
}


static int
make(send_t *s, const pacs_route_t *route)
{
    pacs_parts_t  list = { 0 };
    int           rc = PACS_OK;

    for (unsigned i = 0; rc == PACS_OK && i < s->ngiven; i++) {
        rc = add_instance(s, &s->given[i], &list);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    drop_unread(s);
    return s->ngiven != 0
           ? finish(s, route, &list)
           : pacs_fail(s->err, PACS_E_IO, "what is stored cannot be read");
}


/* --- what was asked for --- */

static int
read_wishes(send_t *s, const pacs_route_t *route, const pacs_param_t *params,
    unsigned n)
{
    int  rc = pacs_op_accept(s->op, route, params, n, s->choices, MAX_CHOICES,
                             &s->nchoices, s->err);

    s->media = PACS_MT_DICOM;
    for (unsigned i = 0; rc == PACS_OK && i < s->nchoices
                         && s->media == PACS_MT_DICOM; i++)
    {
        s->media = s->choices[i].media;
        if (route->instance.len != 0) {
            break;
        }
    }

    if (rc == PACS_OK && s->media == PACS_MT_DICOM
        && route->instance.len == 0)
    {
        rc = pacs_fail(s->err, PACS_E_ACCEPT, "several instances go as "
                       "multipart/related; type=\"application/dicom\", or "
                       "as application/zip");
    }

    for (unsigned i = 0; rc == PACS_OK && i < n; i++) {
        if (!pacs_str_is(params[i].name, "dicomdir")) {
            continue;
        }
        s->dir = pacs_str_is(params[i].value, "true");
        if (!s->dir && !pacs_str_is(params[i].value, "false")) {
            rc = pacs_web_bad(s->err, &params[i], "must be true or false");
        } else if (s->dir && s->media != PACS_MT_ZIP) {
            rc = pacs_web_bad(s->err, &params[i],
                              "only in application/zip");
        }
    }
    return rc;
}


int
pacs_op_object(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, pacs_err_t *err)
{
    pacs_route_t   bulk = *route;
    send_t        *s;
    int            rc;

    bulk.resource = PACS_R_BULK;
    if (op->stage == BULK) {
        return pacs_op_bulk(op, &bulk, params, n, err);
    }

    s = pacs_calloc(op->arena, 1, sizeof(*s));
    if (s == NULL) {
        return PACS_E_NOMEM;
    }

    s->op = op;
    s->err = err;
    pacs_boundary(s->boundary);

    if ((rc = read_wishes(s, route, params, n)) != PACS_OK) {
        return rc;
    }

    /* 10.4.4: means the bulk data */
    if (s->media == PACS_MT_MULTIPART_FRAMES) {
        op->stage = BULK;
        return pacs_op_bulk(op, &bulk, params, n, err);
    }

    if ((rc = collect(s, route)) != PACS_OK) {
        return rc;
    }

    if (s->ngiven == 0) {
        return pacs_fail(err, PACS_E_ACCEPT, "stored in a transfer syntax "
                         "that was not asked for, and not converted here; "
                         "transfer-syntax=* takes it as it is");
    }

    if (unchanged(s)) {
        return PACS_OK;
    }

    pacs_audit_event(op->svc->audit, PACS_AUDIT_ACCESS, 'R', true,
                     &op->request.subject, route->study, route->instance);

    return make(s, route);
}
