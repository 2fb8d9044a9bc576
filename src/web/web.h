/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * web: PS3.18 as text in and text out: resource paths, query parameters,
 * Accept negotiation, multipart bodies, assembled metadata.  No I/O, no
 * state; includes core and dicom only.  Any thread.
 */

#ifndef PACS_WEB_H
#define PACS_WEB_H

#include "core/core.h"
#include "dicom/dicom.h"

/* --- resource paths, PS3.18 10.1 --- */

typedef enum {
    PACS_R_NONE,
    PACS_R_PATIENTS,            /* ours: /patients: search */
    PACS_R_STUDIES,             /* /studies: search, store */
    PACS_R_SERIES,              /* /series, /studies/S/series: search */
    PACS_R_INSTANCES,           /* /instances, /studies/S/instances,
                                   /studies/S/series/X/instances: search */
    PACS_R_OBJECT,              /* /studies/S[/series/X[/instances/I]] */
    PACS_R_METADATA,            /* …/metadata */
    PACS_R_FRAMES,              /* …/instances/I/frames/1,2 */
    PACS_R_BULKDATA,            /* …/instances/I/bulkdata/<path> */
    PACS_R_BULK,                /* …/bulkdata: study, series, instance */
    PACS_R_PIXELDATA,           /* …/pixeldata, likewise */
    PACS_R_RENDERED,            /* …[/frames/N]/rendered, every level */
    PACS_R_THUMBNAIL,           /* …[/frames/N]/thumbnail, every level */
    PACS_R_VALUES,              /* …/instances/I/frames/N/values */
    PACS_R_PLANE,               /* …/renderedmpr/values, likewise */
    PACS_R_MPR,                 /* …/renderedmpr: study, series, instance */
    PACS_R_VOLUME,              /* …/rendered3d, likewise */
    PACS_R_SERVICE,             /* /: capabilities, PS3.18 8.9 */
    PACS_R_CONFORMANCE,         /* ours: /conformance: a page */
    PACS_R_SESSION,             /* ours: of a series, its rev */
    PACS_R_OPENING,             /* ours: …/session of a study */
    PACS_R_WADO,                /* /wado?requestType=WADO&…: chapter 9 */
    PACS_R_STORED,              /* no path: the answer to a store */
    PACS_R_UPLOADS,             /* /uploads: tus, creation */
    PACS_R_UPLOAD,              /* /uploads/U: tus */
    PACS_R_WORKITEMS,           /* /workitems: search, create */
    PACS_R_WORKITEM,            /* /workitems/I: retrieve, update */
    PACS_R_WORKITEM_STATE,      /* …/state */
    PACS_R_WORKITEM_CANCEL,     /* …/cancelrequest */
    PACS_R_SUBSCRIPTION,        /* …/subscribers/A */
    PACS_R_SUSPENSION,          /* …/subscribers/A/suspend */
    PACS_R_NOTIFICATIONS,       /* /subscribers/A: a WebSocket */
    PACS_R_COMMITMENT,          /* /commitment-requests/I */
    PACS_R_SCHEDULED,           /* /modality-scheduled-procedure-steps */
    PACS_R_NPIS,                /* /hanging-protocols …: search, store */
    PACS_R_NPI,                 /* … /I: retrieve, store */
    PACS_R_PERFORMED            /* /modality-performed-procedure-steps/I */
} pacs_resource_e;

/* bits: what a resource answers to */
enum { PACS_GET = 1, PACS_HEAD = 2, PACS_POST = 4, PACS_DELETE = 8,
       PACS_OPTIONS = 16, PACS_PUT = 32, PACS_PATCH = 64,
       PACS_OTHER_METHOD = 128 };

typedef struct {
    pacs_resource_e  resource;
    unsigned         methods;       /* that exist for it */
    unsigned         streamed;      /* … whose body comes in pieces */
    pacs_str_t       study, series, instance;   /* checked UIDs or null */
    uint32_t        *frames;        /* from 1, in the order asked */
    uint32_t         nframes;
    pacs_str_t       bulk;          /* path behind bulkdata/ */
    pacs_str_t       ae;            /* checked AE title */
    pacs_str_t       upload;        /* what stands behind uploads/ */
    pacs_str_t       npi;           /* "hanging-protocols" … or null */
    pacs_str_t       state_series, state;   /* of the URI service: a
                                       presentation state, or null */
    bool             one;           /* of several frames the first, in types
                                       that hold one only */
} pacs_route_t;

/* path: below the prefix, percent-decoded, beginning with '/'.
 * PACS_E_NOT_FOUND: names nothing; PACS_E_ARG: malformed UID or frame list;
 * PACS_E_LIMIT: list too long */
int pacs_web_route(pacs_str_t path, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_route_t *route, pacs_err_t *err);

/* the i-th path there is, as PS3.18 writes it ("studies/{study}"); false:
 * there are no more */
bool pacs_web_path(unsigned i, pacs_buf_t *path, pacs_resource_e *resource,
    unsigned *methods);
/* the i-th name of a method: NULL, or "GET" and its bit */
const char *pacs_web_method(unsigned i, unsigned *bit);


/* --- query parameters --- */

typedef struct { pacs_str_t name, value; } pacs_param_t;

/* splits and percent-decodes ('+' stays '+'); PACS_E_ARG: bad escape, NUL
 * or not UTF-8 */
int pacs_web_params(pacs_str_t args, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_param_t **params, unsigned *n, pacs_err_t *err);
/* PACS_E_ARG: "parameter name=value: why" */
int pacs_web_bad(pacs_err_t *err, const pacs_param_t *p, const char *why);
/* how many decimals stand between the commas; -1: not all are, or > max */
int pacs_web_decimals(pacs_str_t text, double *v, int max);

/* search, PS3.18 8.3.4 */
enum { PACS_KEY_PATH = 8 };

typedef struct {
    uint32_t    tag, second;        /* second: of a sequence path, or 0 */
    uint32_t    path[PACS_KEY_PATH];
    unsigned    depth;              /* tags in path, from 1 */
    pacs_str_t  name, value;        /* as they were given */
} pacs_key_param_t;

typedef struct {
    pacs_key_param_t   key;         /* without a value */
    bool               down;
} pacs_order_param_t;

typedef struct {
    pacs_key_param_t    *keys;
    unsigned             nkeys;
    uint32_t            *include;   /* tags */
    unsigned             ninclude;
    pacs_order_param_t  *order;     /* ours: orderby */
    unsigned             norder;
    bool                 include_all;
    bool                 fuzzy;
    bool                 empty;     /* emptyvaluematching */
    bool                 every;     /* multiplevaluematching */
    uint32_t             limit;     /* 0: not given */
    uint32_t             offset;
} pacs_search_t;

/* unknown keyword, repeated key, negative or zero limit …: PACS_E_ARG.  What
 * tags there are to search for is not asked here */
int pacs_web_search(const pacs_param_t *params, unsigned n,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_search_t *s,
    pacs_err_t *err);

/* what a picture is annotated with, PS3.18 8.3.5.1.1: bits */
enum { PACS_NOTE_PATIENT = 1, PACS_NOTE_TECHNIQUE = 2 };

/* rendered, PS3.18 8.3.5.1: numbers as they came, checked */
typedef struct {
    bool      has_viewport, has_region, has_window, has_share;
    double    viewport[6];          /* vw, vh, sx, sy, sw, sh */
    double    share[4];             /* ours: region=x0,y0,x1,y1 of 0..1 */
    double    center, width;
    int       function;             /* 0 LINEAR, 1 LINEAR_EXACT, 2 SIGMOID */
    unsigned  quality;              /* 0: not given */
    unsigned  bits;                 /* 16, of a grey PNG; 0: 8 */
    unsigned  icc;                  /* no, yes, srgb, adobergb, rommrgb */
    bool      flip_x, flip_y;       /* ours: flip=horizontal, vertical */
    unsigned  rotate;               /* ours: quarter turns, clockwise */
    unsigned  annotation;           /* PACS_NOTE_… */
    char      unsupported[128];     /* keywords of annotation, joined by "," */
} pacs_rendered_t;

/* the URI service, PS3.18 9: what is asked for, as a resource of chapter 10 */
typedef struct {
    pacs_route_t   route;
    pacs_param_t  *params;
    unsigned       nparams;
    pacs_str_t     accept;          /* as if it were the header */
    uint32_t       frame;
    bool           anonymize;
} pacs_wado_t;

/* accept: the header.  PACS_E_ARG, PACS_E_ACCEPT: not supported */
int pacs_web_wado(const pacs_param_t *params, unsigned n, pacs_str_t accept,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_wado_t *out,
    pacs_err_t *err);

/* the i-th parameter that the resource has, but for accept and charset; NULL:
 * there are no more */
const char *pacs_web_parameter(pacs_resource_e resource, unsigned i);
/* the names that mean nothing to the resource (of pictures or values), joined
 * by ", ": they are left aside, and the client is told */
pacs_str_t pacs_web_unknown(pacs_resource_e resource,
    const pacs_param_t *params, unsigned n, pacs_arena_t *a);

/* unknown parameters are ignored, bad values are PACS_E_ARG */
int pacs_web_rendered(const pacs_param_t *params, unsigned n,
    const pacs_limits_t *limits, pacs_rendered_t *r, pacs_err_t *err);

/* a volume, PS3.18 8.3.5.3; places and lengths in mm, of the patient */
typedef enum {
    PACS_METHOD_NONE, PACS_METHOD_VOLUME, PACS_METHOD_MAX, PACS_METHOD_MIN,
    PACS_METHOD_MEAN
} pacs_method_e;

typedef struct { uint32_t tag; pacs_str_t value; } pacs_match_t;

typedef struct {
    pacs_rendered_t  rendered;
    pacs_str_t       reference;     /* volumeinputreference: a UID, or null */
    uint32_t         frame;         /* … or a frame, from 1; 0: none */
    pacs_match_t    *matches;
    unsigned         nmatches;
    uint8_t          method;        /* pacs_method_e */
    char             orientation;   /* one of "aprlhf"; 0: not given */
    bool             has_position, has_lookat, has_up, has_cut;
    double           position[3], lookat[3], up[3];
    double           slab;          /* 0: none */
    double           swivel;        /* degrees; 0: none */
    double           step;          /* animationstepsize; 0: not given */
    unsigned         rate;          /* animationrate, a second; 0: not given */
    double         (*track)[3];     /* volumetriccurvepoint */
    unsigned         ntrack;
    bool             metadata;      /* renderedvolumetricmetadata */
    /* ours */
    double         (*line)[3];      /* mprcurve */
    unsigned         nline;
    double           offset;        /* mproffset */
    uint32_t         plane;         /* mprplane, from 1; 0: not given */
    bool             has_grid;
    double           grid[3];       /* columns, rows, mm a pixel */
    pacs_str_t       preset;
    bool             unshaded;
    double           cut[2][3];     /* least and greatest corner */
} pacs_web_volume_t;

/* of renderedmpr, or (solid) of rendered3d; PACS_E_ARG names what is wrong;
 * names that are no parameter and no attribute are left aside */
int pacs_web_volume(const pacs_param_t *params, unsigned n, bool solid,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_web_volume_t *v,
    pacs_err_t *err);


/* --- values: an extension, see README --- */

typedef enum {
    PACS_SHAPE_POINT,           /* x, y */
    PACS_SHAPE_RECTANGLE,       /* x, y, width, height */
    PACS_SHAPE_ELLIPSE,         /* centre x, y, radii, degrees */
    PACS_SHAPE_POLYGON          /* x, y of three or more vertices */
} pacs_shape_e;

typedef struct {
    pacs_shape_e   shape;
    const char    *name;        /* of its parameter */
    const double  *v;           /* pixels */
    unsigned       n;           /* numbers in v */
} pacs_shape_t;

typedef struct {
    pacs_shape_t  *shapes;      /* as they were asked for, one at least */
    unsigned       nshapes;
    unsigned       bins;        /* of a histogram; 0: none */
    bool           has_range;
    double         min, max;
} pacs_values_t;

/* unknown parameters are ignored, bad values are PACS_E_ARG */
int pacs_web_values(const pacs_param_t *params, unsigned n,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_values_t *values,
    pacs_err_t *err);


/* --- Accept, PS3.18 8.7 --- */

typedef enum {
    PACS_MT_DICOM_JSON, PACS_MT_JSON, PACS_MT_MULTIPART_DICOM,
    PACS_MT_DICOM, PACS_MT_MULTIPART_FRAMES, /* octet-stream or the syntax's */
    PACS_MT_OCTETS,
    PACS_MT_PICTURE, PACS_MT_PICTURES, PACS_MT_VIDEO, /* see is */
    PACS_MT_DOCUMENT,           /* likewise */
    PACS_MT_ZIP,
    PACS_MT_MULTIPART_XML,      /* a part a row, or an instance */
    PACS_MT_XML, PACS_MT_MULTIPART_JSON,
    PACS_MT_NONE
} pacs_media_e;

typedef struct {
    pacs_media_e  media;
    pacs_str_t    syntax;       /* transfer-syntax asked for; "*"; or null */
    pacs_str_t    type;         /* of multipart's parts, as asked, or null */
    pacs_str_t    is;           /* the type of the answer, or of its parts */
} pacs_accept_t;

/* what is acceptable and there, the best first: header joins all Accept lines
 * by ","; those of the `accept` parameter come before the header's; neither:
 * the default.  PACS_E_ACCEPT says what there is, PACS_E_ARG: DICOM's and
 * rendered types are mixed */
int pacs_web_accept(pacs_resource_e resource, pacs_str_t header,
    pacs_str_t parameter, pacs_arena_t *a, pacs_accept_t *choices,
    unsigned max, unsigned *n, pacs_err_t *err);


/* the hash of the style sheet of a report's page, for policies */
#define PACS_WEB_REPORT_STYLE  \
    "sha256-7iPN8isI0pdKuNjHrG+t8dq/Jv7i14VOM9toLSKme2E="

/* a structured report, PS3.3 C.17.3, as a page of HTML in UTF-8 */
int pacs_web_report(const pacs_dataset_t *ds, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_buf_t *out, pacs_err_t *err);


/* the i-th media type that the resource has, the default first; part: of a
 * multipart: its type ("": any), else NULL.  NULL: there are no more */
const char *pacs_web_offer(pacs_resource_e resource, unsigned i,
    const char **part);


/* --- multipart in (RFC 2046, RFC 2387): incremental, any split --- */

typedef struct pacs_multipart_s  pacs_multipart_t;

/* of a part: its media type without parameters, lower case ("x/y in base64"
 * if it is coded: nothing is decoded here), and what else tells of it */
typedef struct {
    pacs_str_t  type;
    pacs_str_t  location;           /* Content-Location, or null */
    pacs_str_t  syntax;             /* parameter transfer-syntax, or null */
} pacs_part_head_t;

typedef struct {
    /* each non-zero answer of these stops the parse */
    int  (*begin)(void *ctx, const pacs_part_head_t *head, pacs_err_t *err);
    int  (*data)(void *ctx, const char *data, size_t len, pacs_err_t *err);
    int  (*end)(void *ctx, pacs_err_t *err);
} pacs_multipart_cb_t;

/* the media type of a Content-Type and its parameter "type", both in lower
 * case, or null */
void pacs_web_content_type(pacs_str_t header, pacs_arena_t *a,
    pacs_str_t *type, pacs_str_t *part);
/* content_type is the header of the request: multipart/related with
 * boundary and type, one of DICOM's; PACS_E_MEDIA, PACS_E_ARG */
int pacs_multipart_create(pacs_str_t content_type,
    const pacs_multipart_cb_t *cb, void *ctx, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_multipart_t **mp, pacs_err_t *err);
int pacs_multipart_feed(pacs_multipart_t *mp, const char *data, size_t len,
    pacs_err_t *err);
/* PACS_E_ARG without a final boundary, or without any part */
int pacs_multipart_finish(pacs_multipart_t *mp, pacs_err_t *err);


/* --- metadata, ready to be joined ---
 * A packed piece is one instance's JSON, cut at its splices and raw-deflated
 * piece by piece (each closed by a full flush), so that a series' gzip
 * answer is put together from stored bytes without compressing again. */

pacs_str_t pacs_metadata_pack(const pacs_json_t *json, pacs_arena_t *a);

typedef struct pacs_joiner_s  pacs_joiner_t;

/* gzip: a gzip member, else plain JSON; the array is written to out */
int pacs_joiner_create(bool gzip, pacs_buf_t *out, pacs_arena_t *a,
    pacs_joiner_t **j, pacs_err_t *err);
/* base: URL of the instance, put in at each splice */
int pacs_joiner_add(pacs_joiner_t *j, pacs_str_t packed, pacs_str_t base,
    pacs_err_t *err);
int pacs_joiner_finish(pacs_joiner_t *j, pacs_err_t *err);
/* a gzip member of any origin, inflated into out; PACS_E_LIMIT by max */
int pacs_gunzip(pacs_str_t gz, size_t max, pacs_buf_t *out, pacs_err_t *err);
/* the same text, of which what is alike in the pieces is told once: of 1,000
 * slices some thirtieth of the bytes */
int pacs_regzip(pacs_str_t gz, pacs_buf_t *out, pacs_err_t *err);

#endif
