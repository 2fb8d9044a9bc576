/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The session of a study: in one answer what a viewer begins with.  Each part
 * is what the resource of its own answers to the same subject: the study's
 * record, its series, and of the series that is opened first its session and
 * its metadata, of which what all instances say is told once.
 */

#include <stdio.h>
#include <zlib.h>

#include "service/internal.h"

enum { FIRST, WAITING };

/* the parts, as html/js/viewer/series.js asks for them alone */
static const char  of_study[] = "includefield=StudyDescription,"
    "IssuerOfPatientID,PatientBirthDate,PatientSex&StudyInstanceUID=";
static const char  of_series[] = "includefield=SeriesDescription,SeriesDate,"
    "SeriesNumber,NumberOfSeriesRelatedInstances,BodyPartExamined,Laterality";

typedef struct {
    pacs_op_t   metadata;       /* that waits for the cache */
    pacs_str_t  text;           /* the answer but for that */
} opening_t;

/* the series that is opened first, as far as the index tells */
typedef struct {
    pacs_arena_t  *arena;
    int            modality, number;    /* attributes */
    pacs_str_t     series;
    int64_t        least;
    int            rc;
} first_t;


/* as html/js/viewer/series.js has them */
static bool
has_pictures(pacs_str_t modality)
{
    static const char *const  none[] = {
        "SR", "PR", "KO", "DOC", "RTSTRUCT", "RTPLAN", "RTRECORD", "REG",
        "FID", "ECG", "HD", "PLAN", "ANN", "AU"
    };

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        if (pacs_str_is(modality, none[i])) {
            return false;
        }
    }
    return true;
}


static int
see(void *ctx, const pacs_row_t *row)
{
    first_t  *f = ctx;
    int64_t   number = 0;

    (void) pacs_str_int(row->values[f->number], INT32_MIN, INT32_MAX,
                        &number);

    if (has_pictures(row->values[f->modality])
        && (f->series.len == 0 || number < f->least))
    {
        f->least = number;
        f->series = pacs_str_copy(f->arena, row->series);
        return f->series.data == NULL ? PACS_E_NOMEM : PACS_OK;
    }
    return PACS_OK;
}


/* *series stays empty where no series has pictures */
static int
find_first(pacs_op_t *op, pacs_str_t study, pacs_str_t *series,
    pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    pacs_index_t        *ix = op->svc->index;
    pacs_query_t         q = { .level = PACS_LEVEL_SERIES,
                               .limit = (uint32_t) limits->query_rows };
    first_t              f = { .arena = op->arena,
                               .modality = pacs_attr_find(0x00080060, 0),
                               .number = pacs_attr_find(0x00200011, 0) };
    bool                 more;
    int                  rc = pacs_query_key(&q, 0x0020000D, 0, study, 0,
                                             limits, op->arena, err);

    if (rc == PACS_OK) {
        rc = ix->vt->query(ix, &q, limits, op->arena, see, &f, &more, err);
    }
    *series = f.series;
    return rc;
}


/* what the same subject is answered there; PACS_AGAIN */
static int
ask(const pacs_op_t *op, pacs_op_t *part, pacs_str_t path, pacs_str_t args)
{
    *part = (pacs_op_t) { .svc = op->svc, .arena = op->arena,
                          .request = op->request };
    part->request.method = PACS_GET;
    part->request.path = path;
    part->request.args = args;
    part->request.accept = pacs_lit("application/dicom+json");
    part->request.if_none_match = pacs_null;
    part->request.gzip = false;

    return path.data == NULL || args.data == NULL ? PACS_E_NOMEM
                                                  : pacs_op_run(part);
}


/* the part's body, or its error */
static int
body_of(const pacs_op_t *part, int rc, pacs_str_t *body, pacs_err_t *err)
{
    if (rc != PACS_OK) {
        return rc;
    }
    if (part->reply.status != 200 || part->reply.nparts != 1
        || part->reply.parts[0].data == NULL)
    {
        return pacs_fail(err, part->code != PACS_OK ? part->code
                         : PACS_E_INTERNAL, "%.*s cannot be had",
                         pacs_fmt(part->request.path));
    }

    *body = (pacs_str_t) { part->reply.parts[0].data,
                           part->reply.parts[0].length };
    return PACS_OK;
}


static int
search(pacs_op_t *op, pacs_str_t study, pacs_buf_t *text, pacs_err_t *err)
{
    pacs_op_t   part;
    pacs_str_t  body = pacs_null;
    int         rc = ask(op, &part, pacs_lit("/studies"),
                         pacs_sprintf(op->arena, "%s%.*s", of_study,
                                      pacs_fmt(study)));

    if ((rc = body_of(&part, rc, &body, err)) != PACS_OK) {
        return rc;
    }
    pacs_buf_printf(text, "{\"study\":%.*s", pacs_fmt(body));

    rc = ask(op, &part, pacs_sprintf(op->arena, "/studies/%.*s/series",
                                     pacs_fmt(study)), pacs_lit(of_series));
    if ((rc = body_of(&part, rc, &body, err)) == PACS_OK) {
        pacs_buf_printf(text, ",\"series\":%.*s", pacs_fmt(body));
    }
    return rc;
}


/* of a series: its session, and its metadata as far as it goes at once */
static int
begin_series(pacs_op_t *op, pacs_str_t study, pacs_str_t series,
    opening_t *o, pacs_buf_t *text, pacs_err_t *err)
{
    pacs_op_t   part;
    pacs_str_t  body = pacs_null;
    pacs_str_t  base = pacs_sprintf(op->arena, "/studies/%.*s/series/%.*s",
                                    pacs_fmt(study), pacs_fmt(series));
    int         rc = ask(op, &part, pacs_sprintf(op->arena, "%.*s/session",
                                                 pacs_fmt(base)), pacs_lit(""));

    if ((rc = body_of(&part, rc, &body, err)) != PACS_OK) {
        return rc;
    }
    pacs_buf_printf(text, ",\"session\":%.*s", pacs_fmt(body));

    return ask(op, &o->metadata, pacs_sprintf(op->arena, "%.*s/metadata",
                                              pacs_fmt(base)), pacs_lit(""));
}


/* PACS_AGAIN: for the metadata */
static int
begin(pacs_op_t *op, pacs_str_t study, opening_t *o, pacs_err_t *err)
{
    pacs_index_t *ix = op->svc->index;
    pacs_buf_t    text = { .max = (size_t) pacs_service_limits(op->svc)
                                              ->metadata };
    pacs_str_t    series = pacs_null;
    int64_t       revision;
    int           rc = ix->vt->revision(ix, study, pacs_null, pacs_null,
                                        &revision, err);

    if (rc == PACS_OK) {
        rc = search(op, study, &text, err);
    }
    if (rc == PACS_OK) {
        rc = find_first(op, study, &series, err);
    }
    if (rc == PACS_OK && series.len != 0) {
        rc = begin_series(op, study, series, o, &text, err);
    }

    pacs_buf_char(&text, '\0');
    o->text = pacs_buf_take(&text, op->arena);

    return rc == PACS_OK && o->text.data == NULL ? PACS_E_NOMEM : rc;
}


/* metadata that cannot be had, or is long, is left for who asks for it */
static int
answer(pacs_op_t *op, const opening_t *o, pacs_err_t *err)
{
    const pacs_reply_t  *r = &o->metadata.reply;
    pacs_buf_t           out = { 0 };
    pacs_str_t           body;
    pacs_err_t           why = { 0 };

    op->reply.content_type = pacs_lit("application/json");
    op->cache_put = o->metadata.cache_put;
    op->cache_put_name = o->metadata.cache_put_name;

    pacs_buf_text(&out, o->text.data);
    if (r->length <= (uint64_t) pacs_service_limits(op->svc)->opening
        && body_of(&o->metadata, PACS_OK, &body, &why) == PACS_OK)
    {
        size_t  len = out.len;

        pacs_buf_text(&out, ",\"metadata\":");
        if (pacs_json_share(body, op->arena, &out, &why) != PACS_OK) {
            out.len = len;
        }
    }
    pacs_buf_text(&out, "}\n");

    int  rc = out.failed ? PACS_E_NOMEM
              : pacs_reply_text(op, &out, Z_DEFAULT_COMPRESSION);

    pacs_buf_free(&out);
    return rc;
}


int
pacs_op_opening(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    opening_t  *o = op->stage == FIRST
                    ? pacs_calloc(op->arena, 1, sizeof(*o)) : op->state;
    int         rc;

    if (o == NULL) {
        return PACS_E_NOMEM;
    }

    if (op->stage == FIRST) {
        rc = begin(op, route->study, o, err);

        if ((rc == PACS_OK || rc == PACS_AGAIN)
            && pacs_reply_etag(op, o->text.data,
                               pacs_strdup(op->arena, o->metadata.reply.etag),
                               "shared", op->request.gzip ? "gzip" : "plain",
                               NULL))
        {
            return PACS_OK;
        }
    } else {
        o->metadata.cache_value = op->cache_value;
        rc = pacs_op_run(&o->metadata);
    }

    if (rc == PACS_AGAIN) {
        op->stage = WAITING;
        op->state = o;
        op->want = o->metadata.want;
        op->cache_name = o->metadata.cache_name;
        return PACS_AGAIN;
    }
    return rc == PACS_OK ? answer(op, o, err) : rc;
}
