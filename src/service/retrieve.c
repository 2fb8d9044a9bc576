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
    int              why;           /* the last of these is */
    char             boundary[33];
    pacs_maker_t     maker;
    unsigned         next;          /* of given, to be made */
    pacs_parts_t     list;
} send_t;


void
pacs_boundary(char boundary[33])
{
    uint8_t  random[16];

    pacs_random(random, sizeof(random));
    pacs_hex(random, sizeof(random), boundary);
}


/* --- in which transfer syntax --- */

void
pacs_given_as(pacs_given_t *g, pacs_str_t asked)
{
    const pacs_record_t *r = &g->record;
    bool                 coded = pacs_syntax(r->syntax_uid)->encapsulated;

    g->by_name = asked.len != 0;
    g->syntax = asked.len == 0 ? pacs_lit(PACS_EXPLICIT_LE) : asked;
    g->give = PACS_GIVE_NOT;

    if (pacs_str_is(asked, "*") || pacs_str_eq(g->syntax, r->syntax_uid)) {
        g->give = PACS_GIVE_STORED;
        g->syntax = r->syntax_uid;
    } else if (!coded && pacs_str_is(g->syntax, PACS_EXPLICIT_LE)) {
        g->give = PACS_GIVE_EXPLICIT;
    } else if (!coded && pacs_str_is(g->syntax, PACS_IMPLICIT_LE)) {
        g->give = PACS_GIVE_IMPLICIT;
    } else if (pacs_transcode_can(r, g->syntax)) {
        g->give = PACS_GIVE_CODED;
    } else if (asked.len == 0) {
        g->give = PACS_GIVE_STORED;
        g->syntax = r->syntax_uid;
    }
}


/* the first choice of the answer's media type that can be given */
static void
choose(const send_t *s, pacs_given_t *g)
{
    for (unsigned i = 0; i < s->nchoices && g->give == PACS_GIVE_NOT; i++) {
        if (s->choices[i].media == s->media) {
            pacs_given_as(g, s->choices[i].syntax);
        }
    }
}


static int
add_given(void *ctx, const pacs_record_t *r)
{
    send_t        *s = ctx;
    pacs_given_t   g = { .record = *r };

    choose(s, &g);
    if (g.give == PACS_GIVE_NOT) {
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

    s->given[s->ngiven++] = g;
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

        const pacs_str_t    texts[] = { g->record.instance, g->record.key,
                                        g->syntax };

        for (unsigned k = 0; k < 3; k++) {
            pacs_sha256_update(&h, texts[k].data, texts[k].len);
            pacs_sha256_update(&h, "\n", 1);
        }
        pacs_sha256_update(&h, &g->give, sizeof(g->give));
        pacs_sha256_update(&h, &g->record.received_us,
                           sizeof(g->record.received_us));
    }
    pacs_sha256_final(&h, digest);
    pacs_hex(digest, sizeof(digest), hex);
    snprintf(how, sizeof(how), "%d %d %u %d", s->media, s->dir, s->left_out,
             s->op->anonymize);

    s->op->reply.weak = s->media == PACS_MT_MULTIPART_DICOM;
    return pacs_reply_etag(s->op, "object " PACS_PIPELINE, hex, how, NULL);
}


/* --- the answer --- */

static pacs_str_t
part_head(send_t *s, const pacs_given_t *g)
{
    const pacs_record_t *r = &g->record;
    pacs_str_t           url = pacs_op_url(s->op, true, r->study, r->series,
                                           r->instance);

    return pacs_sprintf(s->op->arena,
        "\r\n--%s\r\nContent-Type: application/dicom; transfer-syntax=%.*s"
        "\r\nContent-Location: %.*s\r\n\r\n", s->boundary,
        pacs_fmt(g->syntax), pacs_fmt(url));
}


/* what cannot be read or decoded does not spoil the others */
static bool
is_of_one(int rc)
{
    return rc == PACS_E_IO || rc == PACS_E_PARSE || rc == PACS_E_NOT_FOUND
           || rc == PACS_E_UNSHOWABLE;
}


/* PACS_AGAIN */
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
        rc = pacs_instance_parts(s->op, &s->maker, g, list, &own);
    }

    if (rc == PACS_AGAIN) {
        list->n = begin;
        return rc;
    }
    if (is_of_one(rc)) {
        list->n = begin;
        g->n = 0;
        s->unread++;
        s->why = rc;
        pacs_log(&s->op->svc->options.env, PACS_LOG_ERROR, "retrieve: %s",
                 own.text);
        return PACS_OK;
    }
    if (rc != PACS_OK) {
        return pacs_fail(s->err, rc, "%s", own.text);
    }

    if (multipart) {
        pacs_str_t  head = part_head(s, g);

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
        /* the next time they may be there */
        s->op->reply.etag = pacs_null;
        rc = pacs_reply_warning(s->op, "%u instances are left out: they "
                                "cannot be read, or not decoded", s->unread);
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
        return pacs_parts_multipart(op, list, "application/dicom",
                                    s->boundary);
    }

    pacs_parts_reply(op, list);
    return rc;
}


static int
make(send_t *s, const pacs_route_t *route)
{
    for (; s->next < s->ngiven; s->next++) {
        int  rc = add_instance(s, &s->given[s->next], &s->list);

        if (rc != PACS_OK) {
            return rc;
        }
    }

    drop_unread(s);
    return s->ngiven != 0
           ? finish(s, route, &s->list)
           : pacs_fail(s->err, s->why, "what is stored cannot be %s",
                       s->why == PACS_E_UNSHOWABLE ? "decoded" : "read");
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


/* *answered: 304 */
static int
begin(send_t *s, const pacs_route_t *route, bool *answered)
{
    int  rc = collect(s, route);

    if (rc != PACS_OK) {
        return rc;
    }

    if (s->ngiven == 0) {
        return pacs_fail(s->err, PACS_E_ACCEPT, "stored in a transfer syntax "
                         "that was not asked for, and not converted to one "
                         "that was; transfer-syntax=* takes it as it is");
    }

    *answered = unchanged(s);
    if (!*answered) {
        pacs_audit_event(s->op->svc->audit, PACS_AUDIT_ACCESS, 'R', true,
                         &s->op->request.subject, route->study,
                         route->instance);
    }
    return PACS_OK;
}


int
pacs_op_object(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned n, pacs_err_t *err)
{
    pacs_route_t   bulk = *route;
    send_t        *s = op->state;
    bool           answered = false;
    int            rc = PACS_OK;

    bulk.resource = PACS_R_BULK;
    if (op->stage == BULK) {
        return pacs_op_bulk(op, &bulk, params, n, err);
    }

    if (s == NULL) {
        s = pacs_calloc(op->arena, 1, sizeof(*s));
        if (s == NULL
            || !pacs_arena_cleanup(op->arena, pacs_maker_close, &s->maker))
        {
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

        op->state = s;
        rc = begin(s, route, &answered);
    }

    s->err = err;
    return rc != PACS_OK || answered ? rc : make(s, route);
}
