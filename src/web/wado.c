/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The URI service, PS3.18 chapter 9: a query string that names an instance
 * and says what is wanted of it, put as the request for a resource of
 * chapter 10 that means the same.
 */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "web/media.h"
#include "web/web.h"

enum { MOST = 6 };              /* parameters that come of it */

/* in the order of names[] */
enum {
    TYPE, STUDY, SERIES, OBJECT, CONTENT, CHARSET, ANONYMIZE, SYNTAX, FRAME,
    NOTE, IMAGE_NOTE, QUALITY, ROWS, COLUMNS, REGION, CENTER, WIDTH,
    PRESENTATION, PRESENTATION_SERIES, NAMES
};

static const char *const  names[NAMES] = {
    "requestType", "studyUID", "seriesUID", "objectUID", "contentType",
    "charset", "anonymize", "transferSyntax", "frameNumber", "annotation",
    "imageAnnotation", "imageQuality", "rows", "columns", "region",
    "windowCenter", "windowWidth", "presentationUID", "presentationSeriesUID"
};

typedef struct {
    const pacs_param_t   *given[NAMES];
    const pacs_limits_t  *limits;
    pacs_arena_t         *a;
    pacs_err_t           *err;
    pacs_wado_t          *out;
    bool                  dicom;    /* not rendered */
    double                rows, columns;
} wado_t;


static bool
has(const wado_t *w, unsigned what)
{
    return w->given[what] != NULL;
}


static int
sort_out(wado_t *w, const pacs_param_t *params, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = 0; k < NAMES; k++) {
            if (!pacs_str_is(params[i].name, names[k])) {
                continue;
            }
            if (has(w, k)) {
                return pacs_web_bad(w->err, &params[i], "is given twice");
            }
            w->given[k] = &params[i];
        }
    }

    for (unsigned k = TYPE; k <= OBJECT; k++) {
        if (!has(w, k)) {
            return pacs_fail(w->err, PACS_E_ARG, "parameter %s is missing",
                             names[k]);
        }
        if (k != TYPE && !pacs_uid_ok(w->given[k]->value)) {
            return pacs_web_bad(w->err, w->given[k], "is not a UID");
        }
    }

    return pacs_str_is(w->given[TYPE]->value, "WADO")
           ? PACS_OK : pacs_web_bad(w->err, w->given[TYPE], "must be WADO");
}


static int
add(wado_t *w, const char *name, pacs_str_t value)
{
    w->out->params[w->out->nparams++] = (pacs_param_t) { pacs_cstr(name),
                                                         value };
    return value.data == NULL ? PACS_E_NOMEM : PACS_OK;
}


/* 9.1.2.2.1; 8.7.3.5.2: transfer-syntax has a parameter of its own here */
static int
read_types(wado_t *w, pacs_str_t header)
{
    pacs_str_t    list = has(w, CONTENT) ? w->given[CONTENT]->value : header;
    pacs_str_t    rest = list, value;
    pacs_media_t  m;
    bool          first = true;

    if (pacs_str_trim(list).len == 0) {
        return has(w, CONTENT)
               ? pacs_web_bad(w->err, w->given[CONTENT], "names no type")
               : PACS_OK;
    }

    for (; pacs_media_next(&rest, w->a, &m); first = false) {
        bool  dicom = pacs_str_is(m.type, "application/dicom");

        if (has(w, CONTENT) && m.type.len == 0) {
            return pacs_web_bad(w->err, w->given[CONTENT],
                                "is not a list of media types");
        }
        if (pacs_media_param(&m, "transfer-syntax", w->a, &value)) {
            return pacs_fail(w->err, PACS_E_ARG, "transfer-syntax is no "
                             "parameter of a type here: transferSyntax is");
        }
        if (!first && has(w, CONTENT) && dicom != w->dicom) {
            return pacs_fail(w->err, PACS_E_ARG, "DICOM and rendered media "
                             "types must not be asked for together");
        }
        w->dicom = w->dicom || dicom;
    }
    return PACS_OK;
}


/* what a DICOM instance has no use for, and what a picture has none for */
static int
check_kind(wado_t *w)
{
    for (unsigned k = FRAME; w->dicom && k < NAMES; k++) {
        if (has(w, k)) {
            return pacs_web_bad(w->err, w->given[k],
                                "is not for application/dicom");
        }
    }
    return !w->dicom && has(w, SYNTAX)
           ? pacs_web_bad(w->err, w->given[SYNTAX],
                          "is for contentType=application/dicom only")
           : PACS_OK;
}


/* 9.1.2.2.2: texts are in UTF-8 */
static int
check_charset(wado_t *w)
{
    pacs_str_t  rest = has(w, CHARSET) ? w->given[CHARSET]->value : pacs_null;
    pacs_str_t  one, name;

    while (pacs_str_split(&rest, ',', &one)) {
        pacs_str_split(&one, ';', &name);
        name = pacs_str_trim(name);
        if (name.len > 2 && name.data[0] == '"') {
            name = (pacs_str_t) { name.data + 1, name.len - 2 };
        }
        if (pacs_str_is(name, "*")
            || (name.len == 5 && strncasecmp(name.data, "utf-8", 5) == 0))
        {
            return PACS_OK;
        }
    }

    return has(w, CHARSET)
           ? pacs_fail(w->err, PACS_E_ACCEPT, "texts are in UTF-8 only")
           : PACS_OK;
}


static int
check_anonymous(wado_t *w)
{
    if (has(w, ANONYMIZE)
        && !pacs_str_is(w->given[ANONYMIZE]->value, "yes"))
    {
        return pacs_web_bad(w->err, w->given[ANONYMIZE], "must be yes");
    }
    if (has(w, ANONYMIZE) && !w->dicom) {
        return pacs_fail(w->err, PACS_E_ACCEPT, "only instances are made "
                         "anonymous, as application/dicom");
    }
    return PACS_OK;
}


/* 9.5.1.2.7; what a state leaves no room for, the picture's maker knows */
static int
read_presentation(wado_t *w)
{
    if (has(w, PRESENTATION) != has(w, PRESENTATION_SERIES)) {
        return pacs_fail(w->err, PACS_E_ARG, "presentationUID and "
                         "presentationSeriesUID go together");
    }

    for (unsigned k = PRESENTATION; k <= PRESENTATION_SERIES; k++) {
        if (has(w, k) && !pacs_uid_ok(w->given[k]->value)) {
            return pacs_web_bad(w->err, w->given[k], "is not a UID");
        }
    }
    if (has(w, PRESENTATION)) {
        w->out->route.state = w->given[PRESENTATION]->value;
        w->out->route.state_series = w->given[PRESENTATION_SERIES]->value;
    }
    return PACS_OK;
}


/* 9.4.1: Implicit VR and big endian are not for web services, 8.7.3 */
static int
as_instance(wado_t *w)
{
    pacs_str_t  syntax = has(w, SYNTAX) ? w->given[SYNTAX]->value
                                        : pacs_lit("1.2.840.10008.1.2.1");

    if (!pacs_uid_ok(syntax) || pacs_str_is(syntax, "1.2.840.10008.1.2")
        || pacs_str_is(syntax, "1.2.840.10008.1.2.2"))
    {
        return pacs_web_bad(w->err, w->given[SYNTAX],
                            "is no transfer syntax of web services");
    }

    w->out->route.resource = PACS_R_OBJECT;
    w->out->accept = has(w, SYNTAX)
        ? pacs_sprintf(w->a, "application/dicom; transfer-syntax=%.*s",
                       pacs_fmt(syntax))
        : pacs_lit("application/dicom");
    return w->out->accept.data == NULL ? PACS_E_NOMEM : PACS_OK;
}


/* a side, or 0 */
static int
read_side(wado_t *w, unsigned what, double *side)
{
    int64_t  v;

    if (!has(w, what)) {
        return PACS_OK;
    }
    if (!pacs_str_int(w->given[what]->value, 1, w->limits->render_side, &v)) {
        return pacs_fail(w->err, PACS_E_ARG, "parameter %s: must be a number "
                         "from 1 to render_side %" PRId64, names[what],
                         w->limits->render_side);
    }
    *side = (double) v;
    return PACS_OK;
}


/* 9.5.1.2.4: the other side follows from the picture's */
static int
add_viewport(wado_t *w)
{
    double  most = (double) w->limits->render_side;
    double  area = (double) w->limits->render_area;
    int     rc = read_side(w, ROWS, &w->rows);

    if (rc == PACS_OK) {
        rc = read_side(w, COLUMNS, &w->columns);
    }
    if (rc != PACS_OK || (w->rows == 0 && w->columns == 0)) {
        return rc;
    }

    if (w->rows == 0) {
        w->rows = fmin(most, floor(area / w->columns));
    } else if (w->columns == 0) {
        w->columns = fmin(most, floor(area / w->rows));
    }
    return add(w, "viewport", pacs_sprintf(w->a, "%.0f,%.0f", w->columns,
                                           w->rows));
}


static int
add_window(wado_t *w)
{
    double  v;

    if (has(w, CENTER) != has(w, WIDTH)) {
        return pacs_fail(w->err, PACS_E_ARG,
                         "windowCenter and windowWidth go together");
    }
    if (!has(w, CENTER)) {
        return PACS_OK;
    }
    if (!pacs_str_double(w->given[CENTER]->value, &v)) {
        return pacs_web_bad(w->err, w->given[CENTER], "must be a number");
    }
    if (!pacs_str_double(w->given[WIDTH]->value, &v) || v < 1) {
        return pacs_web_bad(w->err, w->given[WIDTH],
                            "must be a number from 1");
    }
    return add(w, "window", pacs_sprintf(w->a, "%.*s,%.*s,linear",
                                         pacs_fmt(w->given[CENTER]->value),
                                         pacs_fmt(w->given[WIDTH]->value)));
}


static int
read_frame(wado_t *w)
{
    int64_t  v;

    if (!has(w, FRAME)) {
        return PACS_OK;
    }
    if (!pacs_str_int(w->given[FRAME]->value, 1, UINT32_MAX, &v)) {
        return pacs_web_bad(w->err, w->given[FRAME],
                            "must be a number from 1");
    }

    w->out->frame = (uint32_t) v;
    w->out->route.frames = &w->out->frame;
    w->out->route.nframes = 1;
    return PACS_OK;
}


static int
as_picture(wado_t *w, pacs_str_t header)
{
    unsigned  notes = has(w, IMAGE_NOTE) ? IMAGE_NOTE : NOTE;
    int       rc;

    w->out->route.resource = PACS_R_RENDERED;
    w->out->route.one = true;
    w->out->accept = has(w, CONTENT) ? w->given[CONTENT]->value : header;

    if ((rc = read_frame(w)) != PACS_OK || (rc = add_viewport(w)) != PACS_OK
        || (rc = add_window(w)) != PACS_OK)
    {
        return rc;
    }

    if (has(w, QUALITY)) {
        rc = add(w, "quality", w->given[QUALITY]->value);
    }
    if (rc == PACS_OK && has(w, REGION)) {
        rc = add(w, "region", w->given[REGION]->value);
    }
    if (rc == PACS_OK && has(w, notes)) {
        rc = add(w, "annotation", w->given[notes]->value);
    }
    return rc;
}


int
pacs_web_wado(const pacs_param_t *params, unsigned n, pacs_str_t accept,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_wado_t *out,
    pacs_err_t *err)
{
    wado_t  w = { .limits = limits, .a = a, .err = err, .out = out };
    int     rc;

    *out = (pacs_wado_t) { .nparams = 0 };
    out->params = pacs_calloc(a, MOST, sizeof(*out->params));
    if (out->params == NULL) {
        return PACS_E_NOMEM;
    }

    if ((rc = sort_out(&w, params, n)) != PACS_OK
        || (rc = read_types(&w, accept)) != PACS_OK
        || (rc = check_kind(&w)) != PACS_OK
        || (rc = check_charset(&w)) != PACS_OK
        || (rc = check_anonymous(&w)) != PACS_OK
        || (rc = read_presentation(&w)) != PACS_OK)
    {
        return rc;
    }

    out->route.methods = PACS_GET | PACS_HEAD | PACS_OPTIONS;
    out->route.study = w.given[STUDY]->value;
    out->route.series = w.given[SERIES]->value;
    out->route.instance = w.given[OBJECT]->value;
    out->anonymize = has(&w, ANONYMIZE);

    return w.dicom ? as_instance(&w) : as_picture(&w, accept);
}
