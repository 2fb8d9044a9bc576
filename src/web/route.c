/* SPDX-License-Identifier: BSD-2-Clause */

/* Resource paths: PS3.18 tables 10.3-1, 10.4.1-1, 10.5-1, 10.6.1-1 and
 * 12.1.1-1, chapter 9.  rendered3D: so in PS3.18 B.35. */

#include <inttypes.h>

#include "web/web.h"

enum {
    READ = PACS_GET | PACS_HEAD, FORM = READ | PACS_POST,
    OBJECT = READ | PACS_DELETE
};

/* one capital stands for: Study, series (X), Instance or what else has a UID,
 * Frames, AE title, Bulk (rest), Upload */
static const struct {
    const char       *path;
    pacs_resource_e   resource;
    unsigned          methods;      /* OPTIONS is everywhere */
    unsigned          streamed;
} table[] = {
    { "",                           PACS_R_SERVICE,   0, 0 },
    { "conformance",                PACS_R_CONFORMANCE, READ, 0 },
    { "patients",                   PACS_R_PATIENTS,  READ, 0 },
    { "studies",                    PACS_R_STUDIES,   READ | PACS_POST,
                                                      PACS_POST },
    { "series",                     PACS_R_SERIES,    READ, 0 },
    { "instances",                  PACS_R_INSTANCES, READ, 0 },
    { "studies/S",                  PACS_R_OBJECT,    OBJECT | PACS_POST,
                                                      PACS_POST },
    { "studies/S/metadata",         PACS_R_METADATA,  READ, 0 },
    { "studies/S/session",          PACS_R_OPENING,   READ, 0 },
    { "studies/S/bulkdata",         PACS_R_BULK,      READ, 0 },
    { "studies/S/pixeldata",        PACS_R_PIXELDATA, READ, 0 },
    { "studies/S/rendered",         PACS_R_RENDERED,  READ, 0 },
    { "studies/S/thumbnail",        PACS_R_THUMBNAIL, READ, 0 },
    { "studies/S/renderedmpr",      PACS_R_MPR,       FORM, 0 },
    { "studies/S/renderedmpr/values",
                                    PACS_R_PLANE,     FORM, 0 },
    { "studies/S/rendered3d",       PACS_R_VOLUME,    FORM, 0 },
    { "studies/S/rendered3D",       PACS_R_VOLUME,    FORM, 0 },
    { "studies/S/series",           PACS_R_SERIES,    READ, 0 },
    { "studies/S/instances",        PACS_R_INSTANCES, READ, 0 },
    { "studies/S/series/X",         PACS_R_OBJECT,    OBJECT, 0 },
    { "studies/S/series/X/metadata",
                                    PACS_R_METADATA,  READ, 0 },
    { "studies/S/series/X/session",
                                    PACS_R_SESSION,   READ, 0 },
    { "studies/S/series/X/bulkdata",
                                    PACS_R_BULK,      READ, 0 },
    { "studies/S/series/X/pixeldata",
                                    PACS_R_PIXELDATA, READ, 0 },
    { "studies/S/series/X/rendered",
                                    PACS_R_RENDERED,  READ, 0 },
    { "studies/S/series/X/thumbnail",
                                    PACS_R_THUMBNAIL, READ, 0 },
    { "studies/S/series/X/renderedmpr",
                                    PACS_R_MPR,       FORM, 0 },
    { "studies/S/series/X/renderedmpr/values",
                                    PACS_R_PLANE,     FORM, 0 },
    { "studies/S/series/X/rendered3d",
                                    PACS_R_VOLUME,    FORM, 0 },
    { "studies/S/series/X/rendered3D",
                                    PACS_R_VOLUME,    FORM, 0 },
    { "studies/S/series/X/instances",
                                    PACS_R_INSTANCES, READ, 0 },
    { "studies/S/series/X/instances/I",
                                    PACS_R_OBJECT,    OBJECT, 0 },
    { "studies/S/series/X/instances/I/metadata",
                                    PACS_R_METADATA,  READ, 0 },
    { "studies/S/series/X/instances/I/bulkdata",
                                    PACS_R_BULK,      READ, 0 },
    { "studies/S/series/X/instances/I/pixeldata",
                                    PACS_R_PIXELDATA, READ, 0 },
    { "studies/S/series/X/instances/I/rendered",
                                    PACS_R_RENDERED,  READ, 0 },
    { "studies/S/series/X/instances/I/thumbnail",
                                    PACS_R_THUMBNAIL, READ, 0 },
    { "studies/S/series/X/instances/I/renderedmpr",
                                    PACS_R_MPR,       FORM, 0 },
    { "studies/S/series/X/instances/I/renderedmpr/values",
                                    PACS_R_PLANE,     FORM, 0 },
    { "studies/S/series/X/instances/I/rendered3d",
                                    PACS_R_VOLUME,    FORM, 0 },
    { "studies/S/series/X/instances/I/rendered3D",
                                    PACS_R_VOLUME,    FORM, 0 },
    { "studies/S/series/X/instances/I/frames/F",
                                    PACS_R_FRAMES,    READ, 0 },
    { "studies/S/series/X/instances/I/frames/F/rendered",
                                    PACS_R_RENDERED,  READ, 0 },
    { "studies/S/series/X/instances/I/frames/F/thumbnail",
                                    PACS_R_THUMBNAIL, READ, 0 },
    { "studies/S/series/X/instances/I/frames/F/values",
                                    PACS_R_VALUES,    FORM, 0 },
    { "workitems",                  PACS_R_WORKITEMS, READ | PACS_POST, 0 },
    { "workitems/I",                PACS_R_WORKITEM,  READ | PACS_POST, 0 },
    { "workitems/I/state",          PACS_R_WORKITEM_STATE, PACS_PUT, 0 },
    { "workitems/I/cancelrequest",  PACS_R_WORKITEM_CANCEL, PACS_POST, 0 },
    { "workitems/I/subscribers/A",  PACS_R_SUBSCRIPTION,
                                    PACS_POST | PACS_DELETE, 0 },
    { "workitems/I/subscribers/A/suspend",
                                    PACS_R_SUSPENSION, PACS_POST, 0 },
    { "subscribers/A",              PACS_R_NOTIFICATIONS, READ, 0 },
    { "commitment-requests/I",      PACS_R_COMMITMENT, READ | PACS_POST, 0 },
    { "modality-scheduled-procedure-steps",
                                    PACS_R_SCHEDULED, READ, 0 },
    { "modality-performed-procedure-steps/I",
                                    PACS_R_PERFORMED, READ | PACS_POST, 0 },
    { "color-palettes", PACS_R_NPIS, READ | PACS_POST, PACS_POST },
    { "color-palettes/I", PACS_R_NPI, READ | PACS_POST, PACS_POST },
    { "defined-procedure-protocols",
      PACS_R_NPIS, READ | PACS_POST, PACS_POST },
    { "defined-procedure-protocols/I",
      PACS_R_NPI, READ | PACS_POST, PACS_POST },
    { "hanging-protocols", PACS_R_NPIS, READ | PACS_POST, PACS_POST },
    { "hanging-protocols/I", PACS_R_NPI, READ | PACS_POST, PACS_POST },
    { "implant-templates", PACS_R_NPIS, READ | PACS_POST, PACS_POST },
    { "implant-templates/I", PACS_R_NPI, READ | PACS_POST, PACS_POST },
    { "inventories", PACS_R_NPIS, READ | PACS_POST, PACS_POST },
    { "inventories/I", PACS_R_NPI, READ | PACS_POST, PACS_POST },
    { "protocol-approvals", PACS_R_NPIS, READ | PACS_POST, PACS_POST },
    { "protocol-approvals/I", PACS_R_NPI, READ | PACS_POST, PACS_POST },
    { "studies/S/series/X/instances/I/bulkdata/B",
                                    PACS_R_BULKDATA,  READ, 0 },
    { "wado",                       PACS_R_WADO,      READ, 0 },
    { "uploads",                    PACS_R_UPLOADS,   PACS_POST, 0 },
    { "uploads/U",                  PACS_R_UPLOAD,    PACS_HEAD | PACS_PATCH
                                                      | PACS_DELETE,
                                                      PACS_PATCH }
};


static bool
placeholder(pacs_str_t s)
{
    return s.len == 1 && s.data[0] >= 'A' && s.data[0] <= 'Z';
}


/* slot['S' - 'A'] … take what stands in the placeholders' places */
static bool
match(const char *pattern, pacs_str_t path, pacs_str_t *slot)
{
    pacs_str_t  rest = pacs_cstr(pattern), want, got;

    while (pacs_str_split(&rest, '/', &want)) {
        if (pacs_str_is(want, "B")) {
            slot['B' - 'A'] = path;
            return path.len != 0;
        }

        if (!pacs_str_split(&path, '/', &got)) {
            return false;
        }

        if (placeholder(want)) {
            slot[want.data[0] - 'A'] = got;

        } else if (!pacs_str_eq(want, got)) {
            return false;
        }
    }

    return path.data == NULL;
}


static int
check_uid(pacs_str_t uid, const char *what, pacs_err_t *err)
{
    if (uid.data == NULL || pacs_uid_ok(uid)) {
        return PACS_OK;
    }

    return pacs_fail(err, PACS_E_ARG, "%s in the path is not a UID: %.*s",
                     what, uid.len > 80 ? 80 : (int) uid.len, uid.data);
}


/* PS3.5 6.2, AE */
static int
check_ae(pacs_str_t ae, pacs_err_t *err)
{
    bool  good = ae.data == NULL
                 || (ae.len <= 16 && pacs_str_trim(ae).len != 0);

    for (size_t i = 0; i < ae.len; i++) {
        good = good && ae.data[i] >= 0x20 && ae.data[i] < 0x7f
               && ae.data[i] != '\\';
    }

    return good ? PACS_OK
           : ae.len == 0
           ? pacs_fail(err, PACS_E_ARG, "the path ends where an AE title is "
                       "expected")
           : pacs_fail(err, PACS_E_ARG, "not an AE title: \"%.*s\"",
                       ae.len > 80 ? 80 : (int) ae.len, ae.data);
}


static int
parse_frames(pacs_str_t list, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_route_t *route, pacs_err_t *err)
{
    pacs_str_t  rest = list, part;
    size_t      n = 1;

    for (size_t i = 0; i < list.len; i++) {
        n += list.data[i] == ',';
    }
    if (n > (size_t) limits->frame_list) {
        return pacs_fail(err, PACS_E_LIMIT, "%zu frames in one request, the "
                         "limit frame_list is %" PRId64, n,
                         limits->frame_list);
    }

    route->frames = pacs_calloc(a, n, sizeof(uint32_t));
    if (route->frames == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a frame list");
    }

    while (pacs_str_split(&rest, ',', &part)) {
        int64_t  v;

        if (!pacs_str_int(part, 1, UINT32_MAX, &v)) {
            return pacs_fail(err, PACS_E_ARG, "not a frame number: %.*s",
                             part.len > 80 ? 80 : (int) part.len, part.data);
        }
        route->frames[route->nframes++] = (uint32_t) v;
    }

    return PACS_OK;
}


int
pacs_web_route(pacs_str_t path, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_route_t *route, pacs_err_t *err)
{
    *route = (pacs_route_t) { .resource = PACS_R_NONE };

    if (path.len != 0 && path.data[0] != '/') {
        return pacs_fail(err, PACS_E_NOT_FOUND, "no such resource");
    }
    path.data += path.len != 0;
    path.len -= path.len != 0;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        pacs_str_t  slot['X' - 'A' + 1] = { pacs_null };

        if (!match(table[i].path, path, slot)) {
            continue;
        }

        route->resource = table[i].resource;
        route->methods = table[i].methods | PACS_OPTIONS;
        route->streamed = table[i].streamed;
        route->study = slot['S' - 'A'];
        route->series = slot['X' - 'A'];
        route->instance = slot['I' - 'A'];
        route->bulk = slot['B' - 'A'];
        route->ae = slot['A' - 'A'];
        route->upload = slot['U' - 'A'];
        if (route->resource == PACS_R_NPIS || route->resource == PACS_R_NPI) {
            (void) pacs_str_split(&path, '/', &route->npi);
        }

        int  rc = check_uid(route->study, "study", err);

        if (rc == PACS_OK) {
            rc = check_uid(route->series, "series", err);
        }
        if (rc == PACS_OK) {
            rc = check_uid(route->instance, "instance", err);
        }
        if (rc == PACS_OK) {
            rc = check_ae(route->ae, err);
        }
        if (rc == PACS_OK && slot['F' - 'A'].data != NULL) {
            rc = parse_frames(slot['F' - 'A'], limits, a, route, err);
        }
        return rc;
    }

    return pacs_fail(err, PACS_E_NOT_FOUND, "no such resource");
}


bool
pacs_web_path(unsigned i, pacs_buf_t *path, pacs_resource_e *resource,
    unsigned *methods)
{
    static const char *const  names['X' - 'A' + 1] = {
        ['S' - 'A'] = "{study}", ['X' - 'A'] = "{series}",
        ['I' - 'A'] = "{instance}", ['F' - 'A'] = "{frames}",
        ['A' - 'A'] = "{aetitle}", ['B' - 'A'] = "{path}",
        ['U' - 'A'] = "{upload}"
    };

    if (i >= sizeof(table) / sizeof(table[0])) {
        return false;
    }

    *resource = table[i].resource;
    *methods = table[i].methods | PACS_OPTIONS;

    pacs_str_t  rest = pacs_cstr(table[i].path), part;

    for (const char *slash = ""; pacs_str_split(&rest, '/', &part);
         slash = "/")
    {
        const char *name = placeholder(part) ? names[part.data[0] - 'A']
                                             : NULL;

        pacs_buf_text(path, slash);
        if (name != NULL) {
            pacs_buf_text(path, name);
        } else {
            pacs_buf_add(path, part.data, part.len);
        }
    }
    return true;
}


const char *
pacs_web_method(unsigned i, unsigned *bit)
{
    static const struct { unsigned bit; const char *name; } names[] = {
        { PACS_GET, "GET" }, { PACS_HEAD, "HEAD" }, { PACS_POST, "POST" },
        { PACS_PUT, "PUT" }, { PACS_PATCH, "PATCH" },
        { PACS_DELETE, "DELETE" }, { PACS_OPTIONS, "OPTIONS" }
    };

    if (i >= sizeof(names) / sizeof(names[0])) {
        return NULL;
    }
    *bit = names[i].bit;
    return names[i].name;
}
