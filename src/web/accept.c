/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Accept, PS3.18 8.7.4: every range the client names is held against what
 * the resource has; the pairs that fit are sorted by quality, then by how
 * exactly the client asked, then by the client's order, then by ours.
 */

#include <stdio.h>
#include <string.h>

#include "web/media.h"
#include "web/web.h"

enum { RANGES = 64, PAIRS = 128 };

/* what there is, the default first */
typedef struct {
    uint64_t       resources;       /* 1 << pacs_resource_e … */
    pacs_media_e   media;
    const char    *type;
    const char    *part;            /* of a multipart: its type; "" : any */
} offer_t;

#define ON(r)   (UINT64_C(1) << PACS_R_ ## r)
#define SEARCH  (ON(PATIENTS) | ON(STUDIES) | ON(SERIES) | ON(INSTANCES))
#define PIXELS  (ON(FRAMES) | ON(BULKDATA) | ON(BULK) | ON(PIXELDATA))
#define VOLUME  (ON(MPR) | ON(VOLUME))
#define PICTURES (ON(RENDERED) | VOLUME)
#define PICTURE (PICTURES | ON(THUMBNAIL))
#define MODELS  (ON(WORKITEMS) | ON(SCHEDULED) | ON(NPIS))
#define MODEL   (ON(WORKITEM) | ON(COMMITMENT) | ON(PERFORMED) | ON(NPI))
#define FILES   (ON(OBJECT) | ON(NPI))

static const offer_t  offers[] = {
    { SEARCH | ON(METADATA) | MODELS | MODEL,
                  PACS_MT_DICOM_JSON,       "application/dicom+json",   NULL },
    { SEARCH | ON(METADATA) | MODELS | MODEL | ON(VALUES) | ON(PLANE),
                  PACS_MT_JSON,             "application/json",         NULL },
    { SEARCH | ON(METADATA) | MODELS | MODEL,
                  PACS_MT_MULTIPART_XML,    "multipart/related",
                                            "application/dicom+xml" },
    { ON(STORED), PACS_MT_DICOM_JSON,       "application/dicom+json",   NULL },
    { ON(METADATA) | ON(STORED) | MODEL,
                  PACS_MT_XML,              "application/dicom+xml",    NULL },
    { FILES,      PACS_MT_MULTIPART_DICOM,  "multipart/related",
                                            "application/dicom" },
    { FILES,      PACS_MT_DICOM,            "application/dicom",        NULL },
    { ON(OBJECT), PACS_MT_ZIP,              "application/zip",          NULL },
    { ON(OBJECT), PACS_MT_MULTIPART_FRAMES, "multipart/related",
                                            "application/octet-stream" },
    { PIXELS,     PACS_MT_MULTIPART_FRAMES, "multipart/related",        "" },
    { PIXELS,     PACS_MT_OCTETS,           "application/octet-stream", NULL },
    { PICTURE,    PACS_MT_PICTURE,          "image/jpeg",               NULL },
    { PICTURE,    PACS_MT_PICTURE,          "image/gif",                NULL },
    { PICTURE,    PACS_MT_PICTURE,          "image/png",                NULL },
    { PICTURE,    PACS_MT_PICTURE,          "image/webp",               NULL },
    { PICTURES,   PACS_MT_PICTURES,         "multipart/related",
                                            "image/jpeg" },
    { PICTURES,   PACS_MT_PICTURES,         "multipart/related",
                                            "image/png" },
    { PICTURES,   PACS_MT_PICTURES,         "multipart/related",
                                            "image/webp" },
    { PICTURES,   PACS_MT_PICTURES,         "multipart/related",
                                            "image/gif" },
    { ON(RENDERED), PACS_MT_VIDEO,           "video/mpeg",               NULL },
    { ON(RENDERED), PACS_MT_VIDEO,           "video/h265",               NULL },
    { ON(RENDERED), PACS_MT_VIDEO,           "video/mp4",                NULL },
    { ON(RENDERED), PACS_MT_DOCUMENT,        "text/html",                NULL },
    { ON(RENDERED), PACS_MT_DOCUMENT,        "application/pdf",          NULL },
    { ON(RENDERED), PACS_MT_DOCUMENT,        "text/xml",                 NULL },
    { ON(RENDERED), PACS_MT_DOCUMENT,        "model/stl",                NULL },
    { ON(RENDERED), PACS_MT_DOCUMENT,        "model/obj",                NULL },
    { ON(RENDERED), PACS_MT_DOCUMENT,        "model/mtl",                NULL },
    { VOLUME,     PACS_MT_DICOM_JSON,       "application/dicom+json",   NULL },
    { ON(SERVICE), PACS_MT_DOCUMENT,
                                            "application/vnd.sun.wadl+xml",
                                                                      NULL },
    { ON(SERVICE), PACS_MT_JSON,            "application/json",       NULL },
    { MODELS | MODEL, PACS_MT_MULTIPART_JSON, "multipart/related",
                                            "application/dicom+json" }
};

enum { OFFERS = sizeof(offers) / sizeof(offers[0]) };

/* one element of the header */
typedef struct {
    pacs_str_t  type;
    pacs_str_t  part;               /* the parameter type, lower case */
    pacs_str_t  syntax;
    double      q;
} range_t;

/* a range that fits an offer */
typedef struct {
    const range_t  *range;
    const offer_t  *offer;
    int             exact;          /* 0 of the rest, 1 image, 2 type, 3 part */
} pair_t;


/* 0: does not fit; else 1 + how exactly */
static int
fits_type(pacs_str_t range, const char *type)
{
    if (pacs_str_is(range, type)) {
        return 3;
    }
    if (pacs_str_is(range, "*/*") || pacs_str_is(range, "*")) {
        return 1;
    }
    return range.len > 2 && memcmp(range.data + range.len - 2, "/*", 2) == 0
           && strncmp(type, range.data, range.len - 1) == 0 ? 2 : 0;
}


/* parts that frames and bulk data can have at all */
static bool
pixel_part(pacs_str_t type)
{
    return pacs_str_is(type, "application/octet-stream")
           || pacs_str_starts(type, "image/")
           || pacs_str_starts(type, "video/");
}


static int
fits(const range_t *r, const offer_t *o)
{
    int  exact = fits_type(r->type, o->type);

    if (exact != 3 || o->part == NULL || r->part.data == NULL) {
        return exact;
    }

    if (o->part[0] == '\0' ? pixel_part(r->part)
                           : fits_type(r->part, o->part) != 0)
    {
        return 4;
    }
    return pacs_str_is(r->part, "*/*") ? 3 : 0;
}


static bool
read_range(const pacs_media_t *m, pacs_arena_t *a, range_t *r)
{
    pacs_str_t  value;

    *r = (range_t) { .type = m->type, .q = 1 };

    if (m->type.len == 0) {
        return false;
    }

    if (pacs_media_param(m, "q", a, &value)
        && (!pacs_str_double(value, &r->q) || r->q < 0 || r->q > 1))
    {
        return false;
    }

    if (pacs_media_param(m, "type", a, &value)) {
        r->part = pacs_media_lower(value, a);
    }

    if (pacs_media_param(m, "transfer-syntax", a, &value)) {
        r->syntax = value;
        return pacs_uid_ok(value) || pacs_str_is(value, "*");
    }

    return true;
}


/* what cannot be read or comes behind RANGES is left aside */
static unsigned
read_ranges(pacs_str_t list, pacs_arena_t *a, range_t *r)
{
    pacs_media_t  m;
    unsigned      n = 0;

    while (n < RANGES && pacs_media_next(&list, a, &m)) {
        n += read_range(&m, a, &r[n]);
    }

    return n;
}


/* RFC 9110 12.5.1: a more exact range with q=0 takes the offer away */
static bool
refused(const range_t *r, unsigned n, const offer_t *o, int exact)
{
    for (unsigned i = 0; i < n; i++) {
        if (r[i].q == 0 && fits(&r[i], o) > exact) {
            return true;
        }
    }
    return false;
}


static bool
before(const pair_t *a, const pair_t *b)
{
    return a->range->q != b->range->q ? a->range->q > b->range->q
                                      : a->exact > b->exact;
}


/* behind those that are there, which come first */
static unsigned
collect(pacs_resource_e resource, const range_t *r, unsigned n, pair_t *pairs,
    unsigned there)
{
    unsigned  found = there;

    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = 0; k < OFFERS && found < PAIRS; k++) {
            pair_t    p = { &r[i], &offers[k], fits(&r[i], &offers[k]) };
            unsigned  at = found;

            if (!(offers[k].resources & UINT64_C(1) << resource) || p.exact == 0
                || r[i].q == 0 || refused(r, n, p.offer, p.exact))
            {
                continue;
            }

            for (found++; at > there && before(&p, &pairs[at - 1]); at--) {
                pairs[at] = pairs[at - 1];
            }
            pairs[at] = p;
        }
    }

    return found;
}


static int
say_what_there_is(pacs_resource_e resource, pacs_err_t *err)
{
    char  text[480] = "";

    for (unsigned k = 0; k < OFFERS; k++) {
        if (offers[k].resources & UINT64_C(1) << resource) {
            size_t  used = strlen(text);

            snprintf(text + used, sizeof(text) - used, "%s%s%s%s",
                     used != 0 ? ", " : "", offers[k].type,
                     offers[k].part != NULL && offers[k].part[0] ? "; type="
                                                                 : "",
                     offers[k].part != NULL ? offers[k].part : "");
        }
    }

    return pacs_fail(err, PACS_E_ACCEPT,
                     "no acceptable media type; there is: %s", text);
}


/* 8.7.5: what is asked for is either DICOM's own or rendered.  Frames and
 * bulk data are left aside: there image/jpeg is coded pixel data */
static bool
is_mixed(pacs_resource_e resource, const range_t *r, unsigned n)
{
    static const char *const  texts[] = { "text/html", "text/plain",
                                          "text/rtf", "application/pdf" };
    const uint64_t  both = ON(OBJECT) | ON(METADATA) | ON(RENDERED)
                           | ON(THUMBNAIL);
    bool            dicom = false, rendered = false;

    for (unsigned i = 0; i < n && (both & UINT64_C(1) << resource); i++) {
        pacs_str_t  type = r[i].part.data != NULL ? r[i].part : r[i].type;

        if (r[i].q == 0) {
            continue;
        }
        for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
            rendered = rendered || pacs_str_is(type, texts[k]);
        }
        dicom = dicom || pacs_str_starts(type, "application/dicom");
        rendered = rendered
                   || (r[i].syntax.len == 0
                       && (r[i].part.data == NULL || resource != PACS_R_OBJECT)
                       && (pacs_str_starts(type, "image/")
                           || pacs_str_starts(type, "video/")));
    }
    return dicom && rendered;
}


int
pacs_web_accept(pacs_resource_e resource, pacs_str_t header,
    pacs_str_t parameter, pacs_arena_t *a, pacs_accept_t *choices,
    unsigned max, unsigned *n, pacs_err_t *err)
{
    range_t    *ranges = pacs_calloc(a, 2 * RANGES, sizeof(*ranges));
    pair_t     *pairs = pacs_calloc(a, PAIRS, sizeof(*pairs));

    *n = 0;

    if (ranges == NULL || pairs == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for Accept");
    }

    if (pacs_str_trim(header).len == 0 && pacs_str_trim(parameter).len == 0) {
        header = pacs_lit("*/*");
    }

    unsigned  first = read_ranges(parameter, a, ranges);
    unsigned  rest = read_ranges(header, a, ranges + first);

    if (is_mixed(resource, ranges, first + rest)) {
        return pacs_fail(err, PACS_E_ARG, "DICOM and rendered media types "
                         "must not be asked for together");
    }

    /* 8.7.8.1: the parameter's, and where none of them is there, the
     * header's */
    unsigned  found = collect(resource, ranges, first, pairs, 0);

    found = collect(resource, ranges + first, rest, pairs, found);

    for (unsigned i = 0; i < found && i < max; i++) {
        choices[(*n)++] = (pacs_accept_t) {
            .media = pairs[i].offer->media,
            .syntax = pairs[i].range->syntax,
            .type = pairs[i].offer->part != NULL ? pairs[i].range->part
                                                 : pacs_null,
            .is = pacs_cstr(pairs[i].offer->part != NULL
                            ? pairs[i].offer->part : pairs[i].offer->type)
        };
    }

    return found != 0 ? PACS_OK : say_what_there_is(resource, err);
}


const char *
pacs_web_offer(pacs_resource_e resource, unsigned i, const char **part)
{
    for (unsigned k = 0; k < OFFERS; k++) {
        if ((offers[k].resources & UINT64_C(1) << resource) && i-- == 0) {
            *part = offers[k].part;
            return offers[k].type;
        }
    }
    return NULL;
}
