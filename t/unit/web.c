/* SPDX-License-Identifier: BSD-2-Clause */

/* paths, parameters, Accept */

#include "tap.h"
#include "web/web.h"

#define S  "/studies/1.2"
#define X  S "/series/1.3"
#define I  X "/instances/1.4"

static pacs_arena_t  *a;
static pacs_limits_t  limits;


static void
route_one(const char *path, int code, int resource, unsigned methods,
    const char *uids, uint32_t nframes)
{
    pacs_err_t    err = { 0 };
    pacs_route_t  r;
    char          got[256];
    int           rc = pacs_web_route(pacs_cstr(path), &limits, a, &r, &err);

    if (!ok(rc == code, "route %s: %s", path, pacs_codes[code].name)
        || rc != PACS_OK)
    {
        return;
    }

    snprintf(got, sizeof(got), "%.*s %.*s %.*s %.*s", pacs_fmt(r.study),
             pacs_fmt(r.series), pacs_fmt(r.instance), pacs_fmt(r.bulk));
    ok((int) r.resource == resource && r.nframes == nframes
       && r.methods == (methods | PACS_GET | PACS_HEAD | PACS_OPTIONS)
       && strcmp(got, uids) == 0, "  resource %d, '%s'", resource, uids);
}


static void
routes(void)
{
    route_one("/studies", PACS_OK, PACS_R_STUDIES, PACS_POST, "   ", 0);
    route_one("/series", PACS_OK, PACS_R_SERIES, 0, "   ", 0);
    route_one("/instances", PACS_OK, PACS_R_INSTANCES, 0, "   ", 0);
    route_one(S, PACS_OK, PACS_R_OBJECT, PACS_POST | PACS_DELETE, "1.2   ",
              0);
    route_one(S "/series", PACS_OK, PACS_R_SERIES, 0, "1.2   ", 0);
    route_one(S "/instances", PACS_OK, PACS_R_INSTANCES, 0, "1.2   ", 0);
    route_one(S "/metadata", PACS_OK, PACS_R_METADATA, 0, "1.2   ", 0);
    route_one(X, PACS_OK, PACS_R_OBJECT, PACS_DELETE, "1.2 1.3  ", 0);
    route_one(X "/instances", PACS_OK, PACS_R_INSTANCES, 0, "1.2 1.3  ", 0);
    route_one(X "/metadata", PACS_OK, PACS_R_METADATA, 0, "1.2 1.3  ", 0);
    route_one(X "/rendered", PACS_OK, PACS_R_RENDERED, 0, "1.2 1.3  ", 0);
    route_one(X "/thumbnail", PACS_OK, PACS_R_THUMBNAIL, 0, "1.2 1.3  ", 0);
    route_one(I, PACS_OK, PACS_R_OBJECT, PACS_DELETE, "1.2 1.3 1.4 ", 0);
    route_one(I "/metadata", PACS_OK, PACS_R_METADATA, 0, "1.2 1.3 1.4 ", 0);
    route_one(I "/frames/3,1,2", PACS_OK, PACS_R_FRAMES, 0, "1.2 1.3 1.4 ",
              3);
    route_one(I "/frames/7/rendered", PACS_OK, PACS_R_RENDERED, 0,
              "1.2 1.3 1.4 ", 1);
    route_one(I "/frames/7/thumbnail", PACS_OK, PACS_R_THUMBNAIL, 0,
              "1.2 1.3 1.4 ", 1);
    route_one(I "/bulkdata/00081140/1/7FE00010", PACS_OK, PACS_R_BULKDATA, 0,
              "1.2 1.3 1.4 00081140/1/7FE00010", 0);

    static const char *const  unknown[] = {
        "//", "studies", "/studie", "/studies/1.2/", "/studies/1.2/frames",
        "/Studies", I "/frames",
        I "/bulkdata/", I "/frames/1/x", X "/instances/1.4/rendered/x",
        "/../studies"
    };

    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        route_one(unknown[i], PACS_E_NOT_FOUND, 0, 0, "", 0);
    }

    static const char *const  wrong[] = {
        "/studies/../../x", "/studies/1.2x", "/studies/1..2", "/studies/.1",
        "/studies/", "/studies//series/1", "/studies/1.2/series/",
        I "/frames/", I "/frames/0",
        I "/frames/1,,2", I "/frames/-1", I "/frames/1,", I "/frames/a",
        I "/frames/99999999999999999999",
        ("/studies/1.2222222222222222222222222222222222222222222222222222222"
         "22222222")
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        int  code = i == 0 ? PACS_E_NOT_FOUND : PACS_E_ARG;

        route_one(wrong[i], code, 0, 0, "", 0);
    }

    pacs_limits_t  l = limits;

    limits.frame_list = 2;
    route_one(I "/frames/1,2", PACS_OK, PACS_R_FRAMES, 0, "1.2 1.3 1.4 ", 2);
    route_one(I "/frames/1,2,3", PACS_E_LIMIT, 0, 0, "", 0);
    limits = l;
}


static int
params_of(const char *args, pacs_param_t **p, unsigned *n, pacs_err_t *err)
{
    *err = (pacs_err_t) { 0 };
    return pacs_web_params(pacs_cstr(args), &limits, a, p, n, err);
}


static void
params(void)
{
    pacs_err_t     err;
    pacs_param_t  *p;
    unsigned       n;

    is_int(params_of("", &p, &n, &err), PACS_OK, "no parameters");
    is_int(n, 0, "none");
    params_of("a=1&&b&c=%41%c3%9c+x=y&", &p, &n, &err);
    is_int(n, 3, "three parameters");
    is_str(p[0].value, "1", "a value");
    is_str(p[1].name, "b", "a name alone");
    is_str(p[1].value, "", "has an empty value");
    is_str(p[2].value, "A\xc3\x9c+x=y", "decoded, plus stays, = stays");

    static const char *const  wrong[] = {
        "a=%", "a=%4", "a=%zz", "a=%00", "a=%ff", "a=%c0%80", "a=%ed%a0%80",
        "a=%f4%90%80%80", "%ff=1", "a=%e2%82"
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        int  rc = params_of(wrong[i], &p, &n, &err);

        ok(rc == PACS_E_ARG && err.text[0], "%s: %s", wrong[i], err.text);
    }
}


static int
search_of(const char *args, pacs_search_t *s)
{
    pacs_err_t     err = { 0 };
    pacs_param_t  *p;
    unsigned       n;
    int            rc = params_of(args, &p, &n, &err);

    return rc != PACS_OK ? rc : pacs_web_search(p, n, &limits, a, s, &err);
}


static void
search(void)
{
    pacs_search_t  s;

    is_int(search_of("PatientName=M%c3%bcller*&0020000D=1.2,1.3&"
                     "RequestAttributesSequence.00400009=7&limit=5&offset=10&"
                     "fuzzymatching=true&includefield=PatientAge,00081030&"
                     "includefield=00104000&accept=application/json", &s),
           PACS_OK, "search");
    is_int(s.nkeys, 3, "three keys");
    is_int(s.keys[0].tag, 0x00100010, "a keyword");
    is_str(s.keys[0].value, "M\xc3\xbcller*", "its value");
    is_int(s.keys[1].tag, 0x0020000D, "a tag");
    is_int(s.keys[2].tag, 0x00400275, "a sequence");
    is_int(s.keys[2].second, 0x00400009, "and what is in it");
    ok(s.limit == 5 && s.offset == 10 && s.fuzzy && !s.include_all, "paging");
    is_int(s.ninclude, 3, "three fields");
    is_int(s.include[2], 0x00104000, "the third");
    ok(search_of("includefield=all", &s) == PACS_OK && s.include_all, "all");

    static const char *const  wrong[] = {
        "Nonsense=1", "limit=0", "limit=-1", "limit=x", "limit=1&limit=2",
        "limit=99999999999", "offset=-1", "fuzzymatching=1",
        "includefield=Nonsense", "PatientID=1&00100020=2", "PatientID.x=1",
        "includefield="
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ok(search_of(wrong[i], &s) == PACS_E_ARG, "refused: %s", wrong[i]);
    }

    pacs_limits_t  l = limits;

    limits.query_keys = 2;
    is_int(search_of("PatientID=1&PatientName=2&limit=3&offset=4", &s),
           PACS_OK, "two keys");
    is_int(search_of("PatientID=1&PatientName=2&StudyDate=3", &s),
           PACS_E_LIMIT, "three keys");
    limits.query_uids = 2;
    is_int(search_of("StudyInstanceUID=1,2", &s), PACS_OK, "two UIDs");
    is_int(search_of("StudyInstanceUID=1,2,3", &s), PACS_E_LIMIT, "three");
    is_int(search_of("PatientName=1,2,3", &s), PACS_OK, "a name is no list");
    limits = l;
}


static int
rendered_of(const char *args, pacs_rendered_t *r)
{
    pacs_err_t     err = { 0 };
    pacs_param_t  *p;
    unsigned       n;

    params_of(args, &p, &n, &err);
    return pacs_web_rendered(p, n, &limits, r, &err);
}


static void
rendered(void)
{
    pacs_rendered_t  r;

    is_int(rendered_of("viewport=512,256&x=y", &r), PACS_OK, "two numbers");
    ok(r.has_viewport && !r.has_region && r.viewport[1] == 256
       && !r.has_window && r.quality == 0, "nothing else");
    is_int(rendered_of("viewport=512,256,0,10.5,-100,20&quality=80&"
                       "window=-40,1.5,SIGMOID", &r), PACS_OK, "all");
    ok(r.has_region && r.viewport[3] == 10.5 && r.viewport[4] == -100,
       "region");
    ok(r.has_window && r.center == -40 && r.width == 1.5 && r.function == 2
       && r.quality == 80, "window and quality");
    ok(rendered_of("window=1,2,linear", &r) == PACS_OK && r.function == 0,
       "linear");
    ok(rendered_of("annotation=technique, patient", &r) == PACS_OK
       && r.annotation == (PACS_NOTE_PATIENT | PACS_NOTE_TECHNIQUE)
       && r.unsupported[0] == '\0', "both annotations");
    ok(rendered_of("annotation=Patient,technique,scale-bar", &r) == PACS_OK
       && r.annotation == PACS_NOTE_TECHNIQUE
       && strcmp(r.unsupported, "Patient,scale-bar") == 0,
       "unsupported ones are named");

    static const char *const  wrong[] = {
        "viewport=10.5,10", "viewport=10,1e-3",
        "viewport=", "viewport=1", "viewport=1,2,3", "viewport=1,2,3,4,5",
        "viewport=1,2,3,4,5,6,7", "viewport=0,1", "viewport=1,-1",
        "viewport=nan,1", "viewport=1e99,1", "viewport=1,2,3,4,0,1",
        "viewport=1,2,-3,4,1,1", "viewport=16384,16384", "viewport=a,b",
        "viewport=1,1&viewport=1,1", "window=1", "window=1,2",
        "window=1,0.5,linear", "window=1,0,sigmoid", "window=1,2,cubic",
        "window=1,2,linear,", "window=x,2", "quality=0", "quality=101",
        "quality=high", "region=0,0,1", "region=0,0,1,1.1", "region=1,0,1,1",
        "region=-0.1,0,1,1", "viewport=9,9,0,0,5,5&region=0,0,1,1",
        "annotation=", "annotation=,", "annotation=patient,",
        "annotation=a b", "annotation=patient&annotation=technique"
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ok(rendered_of(wrong[i], &r) == PACS_E_ARG, "refused: %s", wrong[i]);
    }
}


static void
unknown(void)
{
    static const struct {
        pacs_resource_e  resource;
        const char      *args, *want;
    } cases[] = {
        { PACS_R_RENDERED, "viewport=1,1&flip=x&accept=a/b&annotation=", "" },
        { PACS_R_RENDERED, "rotation=90&quality=3&Flip=", "rotation, Flip" },
        { PACS_R_RENDERED, "PatientName=A&point=1,1", "PatientName, point" },
        { PACS_R_THUMBNAIL, "viewport=1,1&annotation=patient", "annotation" },
        { PACS_R_VALUES, "point=1,1&histogram=2&window=1,2,linear",
          "window" },
        { PACS_R_PLANE, "point=1,1&window=1,2,linear&mprslab=1&PatientID=7",
          "" },
        { PACS_R_MPR, "mprslab=1&rotate=0&PatientNam=x&point=1,1",
          "PatientNam, point" },
        { PACS_R_VOLUME, "preset=x&shade=no", "shade" }
    };
    pacs_err_t     err;
    pacs_param_t  *p;
    unsigned       n;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        params_of(cases[i].args, &p, &n, &err);
        ok(pacs_str_is(pacs_web_unknown(cases[i].resource, p, n, a),
                       cases[i].want),
           "unknown of %s: '%s'", cases[i].args, cases[i].want);
    }
}


static const struct {
    pacs_resource_e  resource;
    const char      *header, *parameter;
    const char      *want;      /* media/syntax/type …; of pictures what it
                                   is, + in a multipart */
} accepts[] = {
    { PACS_R_STUDIES, "", "", "0// 1// application/dicom+xml" },
    { PACS_R_STUDIES, "*/*", "", "0// 1// application/dicom+xml" },
    { PACS_R_STUDIES, "application/json", "", "1//" },
    { PACS_R_STUDIES, "Application/DICOM+json;q=0.5, application/json", "",
      "1// 0//" },
    { PACS_R_STUDIES, "application/*;q=0.1, application/json;q=0.2", "",
      "1// 0// 1//" },
    { PACS_R_STUDIES, "*/*, application/dicom+json;q=0", "",
      "1// application/dicom+xml" },
    { PACS_R_STUDIES, "text/html", "", "" },
    { PACS_R_STUDIES, "text/html, */*;q=0.1", "",
      "0// 1// application/dicom+xml" },
    { PACS_R_STUDIES, "multipart/related; type=\"application/dicom+xml\"", "",
      "application/dicom+xml" },
    { PACS_R_STUDIES, "text/html", "application/json", "1//" },
    { PACS_R_STUDIES, "application/json;q=2", "", "" },
    { PACS_R_STUDIES, ",;/,garbage,application/json", "", "1//" },
    { PACS_R_METADATA, "application/dicom+xml", "",
      "application/dicom+xml" },
    { PACS_R_OBJECT, "", "", "2// 3// application/zip 4//" },
    { PACS_R_OBJECT, "application/zip;transfer-syntax=*", "",
      "application/zip" },
    { PACS_R_OBJECT, "multipart/related; type=\"application/dicom\"", "",
      "2//application/dicom" },
    { PACS_R_OBJECT, "multipart/related;type=application/dicom;"
      "transfer-syntax=1.2.840.10008.1.2.1", "",
      "2/1.2.840.10008.1.2.1/application/dicom" },
    { PACS_R_OBJECT, "multipart/related; type=\"application/dicom\"; "
      "transfer-syntax=*", "", "2/*/application/dicom" },
    { PACS_R_OBJECT, "multipart/related; type=\"application/dicom\"; "
      "transfer-syntax=x", "", "" },
    { PACS_R_OBJECT, "application/dicom; transfer-syntax=\"*\"", "",
      "3/*/" },
    { PACS_R_OBJECT, "multipart/related; type=\"image/jpeg\"", "", "" },
    { PACS_R_FRAMES, "*/*", "", "4// 5//" },
    { PACS_R_FRAMES, "multipart/related; type=\"image/jp2\";q=0.9, "
      "multipart/related; type=\"application/octet-stream\"", "",
      "4//application/octet-stream 4//image/jp2" },
    { PACS_R_FRAMES, "application/octet-stream", "", "5//" },
    { PACS_R_FRAMES, "multipart/related", "", "4//" },
    { PACS_R_FRAMES, "multipart/related; type=\"*/*\"", "", "4//*/*" },
    { PACS_R_FRAMES, "multipart/related; type=\"text/plain\"", "", "" },
    { PACS_R_BULKDATA, "", "", "4// 5//" },
    { PACS_R_RENDERED, "image/*", "",
      "image/jpeg image/gif image/png image/webp" },
    { PACS_R_RENDERED, "image/png", "", "image/png" },
    { PACS_R_RENDERED, "image/avif,image/webp,image/apng,image/svg+xml,"
      "image/*,text/plain;q=0.8", "",
      "image/webp image/jpeg image/gif image/png image/webp" },
    { PACS_R_RENDERED, "image/jpeg;q=0.2,image/png;q=0.4", "",
      "image/png image/jpeg" },
    { PACS_R_RENDERED, "multipart/related", "",
      "+image/jpeg +image/png +image/webp +image/gif" },
    { PACS_R_RENDERED, "multipart/related; type=\"image/webp\"", "",
      "+image/webp" },
    { PACS_R_RENDERED, "video/*", "", "video/mpeg video/h265 video/mp4" },
    { PACS_R_RENDERED, "image/jp2", "", "" },
    { PACS_R_THUMBNAIL, "*/*", "",
      "image/jpeg image/gif image/png image/webp" },
    { PACS_R_THUMBNAIL, "multipart/related", "", "" }
};


static const struct {
    const char  *args, *accept;
    int          want;
    const char  *said;      /* route and parameters */
} wados[] = {
#define WADO  "requestType=WADO&studyUID=1.2&seriesUID=1.3&objectUID=1.4"
    { WADO, "", PACS_OK, "rendered 1.2/1.3/1.4 []" },
    { WADO, "image/png", PACS_OK, "rendered 1.2/1.3/1.4 [image/png]" },
    { WADO "&contentType=application%2Fdicom", "image/png", PACS_OK,
      "object 1.2/1.3/1.4 [application/dicom]" },
    { WADO, "application/dicom", PACS_OK,
      "object 1.2/1.3/1.4 [application/dicom]" },
    { WADO "&contentType=application/dicom&transferSyntax=1.2.9", "", PACS_OK,
      "object 1.2/1.3/1.4 [application/dicom; transfer-syntax=1.2.9]" },
    { WADO "&rows=10&columns=20&windowCenter=1&windowWidth=2.5"
      "&imageQuality=9&region=0,0,1,1&annotation=patient", "", PACS_OK,
      "rendered 1.2/1.3/1.4 [] viewport=20,10 window=1,2.5,linear quality=9 "
      "region=0,0,1,1 annotation=patient" },
    { WADO "&rows=16384", "", PACS_OK,
      "rendered 1.2/1.3/1.4 [] viewport=4096,16384" },
    { WADO "&frameNumber=7", "", PACS_OK, "rendered 1.2/1.3/1.4 [] frame 7" },
    { WADO "&other=1", "", PACS_OK, "rendered 1.2/1.3/1.4 []" },
    { "requestType=WADO", "", PACS_E_ARG, "" },
    { "requestType=WADO&studyUID=1.2&seriesUID=1.3&objectUID=1.x", "",
      PACS_E_ARG, "" },
    { WADO "&studyUID=1.2", "", PACS_E_ARG, "" },
    { WADO "&anonymize=yes", "", PACS_E_ACCEPT, "" },
    { WADO "&windowWidth=1", "", PACS_E_ARG, "" },
    { WADO "&rows=0", "", PACS_E_ARG, "" },
    { WADO "&transferSyntax=1.2.9", "", PACS_E_ARG, "" }
};


static void
wado_all(void)
{
    for (size_t i = 0; i < sizeof(wados) / sizeof(wados[0]); i++) {
        pacs_err_t     err = { 0 };
        pacs_param_t  *params;
        unsigned       n;
        pacs_wado_t    w;
        pacs_buf_t     b = { 0 };
        int            rc = pacs_web_params(pacs_cstr(wados[i].args), &limits,
                                            a, &params, &n, &err);

        if (rc == PACS_OK) {
            rc = pacs_web_wado(params, n, pacs_cstr(wados[i].accept), &limits,
                               a, &w, &err);
        }
        if (rc == PACS_OK) {
            pacs_buf_printf(&b, "%s %.*s/%.*s/%.*s [%.*s]",
                            w.route.resource == PACS_R_OBJECT ? "object"
                                                              : "rendered",
                            pacs_fmt(w.route.study), pacs_fmt(w.route.series),
                            pacs_fmt(w.route.instance), pacs_fmt(w.accept));
            for (unsigned k = 0; k < w.nparams; k++) {
                pacs_buf_printf(&b, " %.*s=%.*s",
                                pacs_fmt(w.params[k].name),
                                pacs_fmt(w.params[k].value));
            }
            if (w.route.nframes != 0) {
                pacs_buf_printf(&b, " frame %u", w.route.frames[0]);
            }
        }
        pacs_buf_char(&b, '\0');
        ok(rc == wados[i].want && strcmp(b.data, wados[i].said) == 0,
           "wado %s: '%s'%s", wados[i].args, b.data, err.text);
        pacs_buf_free(&b);
    }
}


static void
accept_all(void)
{
    for (size_t i = 0; i < sizeof(accepts) / sizeof(accepts[0]); i++) {
        pacs_err_t     err = { 0 };
        pacs_accept_t  c[8];
        unsigned       n;
        pacs_buf_t     b = { 0 };
        int            rc = pacs_web_accept(accepts[i].resource,
                                pacs_cstr(accepts[i].header),
                                pacs_cstr(accepts[i].parameter), a, c, 8, &n,
                                &err);

        for (unsigned k = 0; k < n; k++) {
            pacs_buf_text(&b, k ? " " : "");
            if (c[k].media >= PACS_MT_PICTURE) {
                pacs_buf_printf(&b, "%s%.*s",
                                c[k].media == PACS_MT_PICTURES ? "+" : "",
                                pacs_fmt(c[k].is));
            } else {
                pacs_buf_printf(&b, "%d/%.*s/%.*s", c[k].media,
                                pacs_fmt(c[k].syntax), pacs_fmt(c[k].type));
            }
        }
        pacs_buf_char(&b, '\0');
        ok(rc == (accepts[i].want[0] ? PACS_OK : PACS_E_ACCEPT)
           && strcmp(b.data, accepts[i].want) == 0,
           "accept %d '%s': '%s'%s", accepts[i].resource, accepts[i].header,
           b.data, err.text);
        pacs_buf_free(&b);
    }
}


int
main(void)
{
    a = pacs_arena_create(0);
    limits = pacs_limits_default;

    routes();
    params();
    search();
    rendered();
    unknown();
    accept_all();
    wado_all();

    pacs_arena_destroy(a);
    return done();
}
