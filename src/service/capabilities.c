/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What this server does, from the tables by which it does it: a WADL
 * document (PS3.18 8.9, G and H), and a conformance statement as a page.
 */

#include <inttypes.h>
#include <string.h>

#include "service/internal.h"
#include "render/state.h"

static void
media_type(pacs_buf_t *b, const char *type, const char *part)
{
    pacs_buf_text(b, type);
    if (part != NULL && *part != '\0') {
        pacs_buf_text(b, "; type=");
        pacs_buf_html(b, pacs_lit("\""));
        pacs_buf_text(b, part);
        pacs_buf_html(b, pacs_lit("\""));
    }
}


/* --- WADL --- */

/* {study}/… of a path */
static void
wadl_places(pacs_buf_t *b, pacs_str_t path)
{
    pacs_str_t  part;

    while (pacs_str_split(&path, '/', &part)) {
        if (part.len > 2 && part.data[0] == '{') {
            pacs_buf_printf(b, "<param name=\"%.*s\" style=\"template\""
                            " required=\"true\"/>\n", (int) part.len - 2,
                            part.data + 1);
        }
    }
}


static void
wadl_method(pacs_buf_t *b, pacs_resource_e resource, const char *method,
    bool reads)
{
    const char  *name, *part;

    pacs_buf_printf(b, "<method name=\"%s\">\n<request>", method);
    for (unsigned i = 0; (name = pacs_web_parameter(resource, i)) != NULL;
         i++)
    {
        pacs_buf_printf(b, "<param name=\"%s\" style=\"query\"/>", name);
    }
    pacs_buf_text(b, "</request>\n<response>");

    for (unsigned i = 0;
         reads && (name = pacs_web_offer(resource, i, &part)) != NULL; i++)
    {
        pacs_buf_text(b, "<representation mediaType=\"");
        media_type(b, name, part);
        pacs_buf_text(b, "\"/>");
    }
    pacs_buf_text(b, "</response>\n</method>\n");
}


static void
wadl(const pacs_op_t *op, pacs_buf_t *b)
{
    pacs_buf_t       path = { .max = 256 };
    pacs_resource_e  resource;
    unsigned         methods, bit;
    const char      *method;

    pacs_buf_text(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<application xmlns=\"http://wadl.dev.java.net/2009/02\">\n"
                  "<resources base=\"");
    pacs_buf_html(b, op->request.origin);
    pacs_buf_html(b, op->request.prefix);
    pacs_buf_text(b, "/\">\n");

    for (unsigned i = 0; pacs_web_path(i, &path, &resource, &methods); i++) {
        pacs_str_t  text = { path.data, path.len };

        methods = pacs_op_methods(op, resource, methods);
        pacs_buf_printf(b, "<resource path=\"%.*s\">\n", pacs_fmt(text));
        wadl_places(b, text);
        for (unsigned m = 0; (method = pacs_web_method(m, &bit)) != NULL; m++) {
            if (methods & bit) {
                wadl_method(b, resource, method,
                            bit & (PACS_GET | PACS_HEAD));
            }
        }
        pacs_buf_text(b, "</resource>\n");
        path.len = 0;
    }
    pacs_buf_free(&path);
    pacs_buf_text(b, "</resources>\n</application>\n");
}


/* --- the same in JSON, PS3.18 G --- */

static void
json_places(pacs_buf_t *b, pacs_str_t path)
{
    const char *comma = "";
    pacs_str_t  part;

    while (pacs_str_split(&path, '/', &part)) {
        if (part.len > 2 && part.data[0] == '{') {
            pacs_buf_printf(b, "%s{\"@name\":\"%.*s\",\"@style\":"
                            "\"template\",\"@required\":\"true\"}", comma,
                            (int) part.len - 2, part.data + 1);
            comma = ",";
        }
    }
}


static void
json_method(pacs_buf_t *b, pacs_resource_e resource, const char *method,
    bool reads)
{
    const char  *name, *part;

    pacs_buf_printf(b, "{\"@name\":\"%s\",\"request\":{\"param\":[", method);
    for (unsigned i = 0; (name = pacs_web_parameter(resource, i)) != NULL;
         i++)
    {
        pacs_buf_printf(b, "%s{\"@name\":\"%s\",\"@style\":\"query\"}",
                        i != 0 ? "," : "", name);
    }
    pacs_buf_text(b, "]},\"response\":[{\"representation\":[");

    for (unsigned i = 0;
         reads && (name = pacs_web_offer(resource, i, &part)) != NULL; i++)
    {
        bool  parts = part != NULL && *part != '\0';

        pacs_buf_printf(b, "%s{\"@mediaType\":\"%s%s%s%s\"}",
                        i != 0 ? "," : "", name,
                        parts ? "; type=\\\"" : "", parts ? part : "",
                        parts ? "\\\"" : "");
    }
    pacs_buf_text(b, "]}]}");
}


static void
wadl_json(const pacs_op_t *op, pacs_buf_t *b, pacs_arena_t *a)
{
    pacs_buf_t       path = { .max = 256 };
    pacs_resource_e  resource;
    unsigned         methods, bit;
    const char      *method, *comma;

    pacs_buf_text(b, "{\"application\":{\"resources\":[{\"@base\":");
    pacs_buf_json(b, pacs_sprintf(a, "%.*s%.*s/",
                                  pacs_fmt(op->request.origin),
                                  pacs_fmt(op->request.prefix)));
    pacs_buf_text(b, ",\"resource\":[");

    for (unsigned i = 0; pacs_web_path(i, &path, &resource, &methods); i++) {
        pacs_str_t  text = { path.data, path.len };

        methods = pacs_op_methods(op, resource, methods);
        pacs_buf_printf(b, "%s{\"@path\":\"%.*s\",\"param\":[",
                        i != 0 ? ",\n" : "", pacs_fmt(text));
        json_places(b, text);
        pacs_buf_text(b, "],\"method\":[");
        comma = "";
        for (unsigned m = 0; (method = pacs_web_method(m, &bit)) != NULL; m++) {
            if (methods & bit) {
                pacs_buf_text(b, comma);
                json_method(b, resource, method,
                            bit & (PACS_GET | PACS_HEAD));
                comma = ",";
            }
        }
        pacs_buf_text(b, "]}");
        path.len = 0;
    }
    pacs_buf_free(&path);
    pacs_buf_text(b, "]}]}}\n");
}


int
pacs_op_capabilities(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    pacs_buf_t     b = { .max = 1 << 20 };
    pacs_accept_t  accept;
    pacs_err_t     none = { 0 };
    unsigned       n;

    /* whoever can read neither is shown what there is, too */
    if (pacs_op_accept(op, route, params, nparams, &accept, 1, &n, &none)
            == PACS_OK
        && accept.media == PACS_MT_JSON)
    {
        wadl_json(op, &b, op->arena);
        op->reply.content_type = pacs_lit("application/json");
    } else {
        wadl(op, &b);
        op->reply.content_type = pacs_lit("application/vnd.sun.wadl+xml");
    }
    return pacs_reply_memory(op, pacs_buf_take(&b, op->arena));
}


/* --- the conformance statement --- */

static const char  head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\">"
    "<title>ngx_pacs: DICOM conformance statement</title><style>"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;"
    "padding:0 1rem;color:#1d2430;background:#fff}"
    "table{border-collapse:collapse;width:100%;display:block;overflow-x:auto}"
    "th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;"
    "border-bottom:1px solid #d5dae2}code{font-size:.9em}"
    "@media(prefers-color-scheme:dark){body{color:#dde3ec;background:#12161c}"
    "th,td{border-color:#2c3440}}</style></head><body>\n"
    "<h1>DICOM conformance statement</h1>\n"
    "<p>Made by this server from the tables that it works by.</p>\n";


static void
section(pacs_buf_t *b, const char *title, const char *columns)
{
    pacs_str_t  rest = pacs_cstr(columns), name;

    pacs_buf_printf(b, "<h2>%s</h2>\n<table><thead><tr>", title);
    while (pacs_str_split(&rest, '|', &name)) {
        pacs_buf_printf(b, "<th>%.*s</th>", pacs_fmt(name));
    }
    pacs_buf_text(b, "</tr></thead><tbody>\n");
}


static void
section_end(pacs_buf_t *b)
{
    pacs_buf_text(b, "</tbody></table>\n");
}


static void
services(const pacs_op_t *op, pacs_buf_t *b)
{
    pacs_resource_e  resource;
    unsigned         methods, bit;
    const char      *name, *part;

    section(b, "DICOMweb (PS3.18)", "Resource|Methods|Media types|Parameters");
    for (unsigned i = 0; pacs_buf_text(b, "<tr><td><code>/"),
         pacs_web_path(i, b, &resource, &methods); i++)
    {
        methods = pacs_op_methods(op, resource, methods);
        pacs_buf_text(b, "</code></td><td>");
        for (unsigned m = 0; (name = pacs_web_method(m, &bit)) != NULL; m++) {
            if (methods & bit) {
                pacs_buf_printf(b, "%s ", name);
            }
        }
        pacs_buf_text(b, "</td><td>");
        for (unsigned m = 0;
             (name = pacs_web_offer(resource, m, &part)) != NULL; m++)
        {
            pacs_buf_text(b, m != 0 ? ",<br>" : "");
            media_type(b, name, part);
        }
        pacs_buf_text(b, "</td><td>");
        for (unsigned m = 0;
             (name = pacs_web_parameter(resource, m)) != NULL; m++)
        {
            pacs_buf_printf(b, "%s%s", m != 0 ? ", " : "", name);
        }
        pacs_buf_text(b, "</td></tr>\n");
    }
    b->len -= strlen("<tr><td><code>/");
    section_end(b);
}


static void
uids(pacs_buf_t *b)
{
    section(b, "Storage SOP classes", "Name|UID");
    for (const pacs_uid_t *u = pacs_uid_table; u->uid != NULL; u++) {
        if (pacs_class_is_storage(pacs_cstr(u->uid))) {
            pacs_buf_printf(b, "<tr><td>%s</td><td><code>%s</code></td></tr>"
                            "\n", u->name, u->uid);
        }
    }
    section_end(b);
    pacs_buf_text(b, "<p>By C-STORE and STOW-RS. Private storage classes are "
                  "taken as well. Each in any transfer syntax.</p>\n");
}


static void
syntaxes(pacs_buf_t *b)
{
    section(b, "Transfer syntaxes", "Name|UID|Made on request");
    for (const pacs_syntax_t *s = pacs_syntax_table; s->uid != NULL; s++) {
        const pacs_uid_t *u = pacs_uid(pacs_cstr(s->uid));

        pacs_buf_printf(b, "<tr><td>%s</td><td><code>%s</code></td><td>%s"
                        "</td></tr>\n", u != NULL ? u->name : "", s->uid,
                        pacs_transcode_makes(pacs_cstr(s->uid)) ? "yes" : "");
    }
    section_end(b);
}


static void
states(pacs_buf_t *b)
{
    const char *uid, *name;
    bool        applied;

    section(b, "Presentation states in pictures", "Class|UID|Applied");
    for (unsigned i = 0; (uid = pacs_state_class(i, &name, &applied)) != NULL;
         i++)
    {
        pacs_buf_printf(b, "<tr><td>%s</td><td><code>%s</code></td><td>%s"
                        "</td></tr>\n", name, uid,
                        applied ? "yes" : "no: 406");
    }
    section_end(b);
}


static void
keys(pacs_buf_t *b)
{
    static const char *const  levels[] = {
        [PACS_LEVEL_PATIENT] = "patient", [PACS_LEVEL_STUDY] = "study",
        [PACS_LEVEL_SERIES] = "series", [PACS_LEVEL_INSTANCE] = "instance"
    };
    static const char *const  matching[] = {
        [PACS_MATCH_TEXT] = "single value, wildcard",
        [PACS_MATCH_NAME] = "single value, wildcard, fuzzy; not by case",
        [PACS_MATCH_UID] = "list of UIDs", [PACS_MATCH_DATE] = "range",
        [PACS_MATCH_TIME] = "range", [PACS_MATCH_NUMBER] = "single value",
        [PACS_MATCH_LIST] = "any of several values",
        [PACS_MATCH_NONE] = "returned only",
        [PACS_MATCH_MULTI] = "one of its values, wildcard",
        [PACS_MATCH_WHEN] = "range"
    };

    section(b, "Search attributes", "Attribute|Tag|Level|Matching");
    for (unsigned i = 0; i < pacs_nattrs; i++) {
        const pacs_attr_t *t = &pacs_attrs[i];

        pacs_buf_printf(b, "<tr><td>%s</td><td><code>%08" PRIX32, t->keyword,
                        t->path[0]);
        if (t->path[1] != 0) {
            pacs_buf_printf(b, ".%08" PRIX32, t->path[1]);
        }
        pacs_buf_printf(b, "</code></td><td>%s</td><td>%s</td></tr>\n",
                        levels[t->level], matching[t->match]);
    }
    section_end(b);
}


static void
limits_of(pacs_buf_t *b, const pacs_limits_t *limits)
{
    section(b, "Limits", "Limit|Value|What it bounds");
#define ROW(name, value, text)                                                \
    pacs_buf_printf(b, "<tr><td><code>" #name "</code></td><td>%" PRId64      \
                    "</td><td>" text "</td></tr>\n", limits->name);
    PACS_LIMITS(ROW)
#undef ROW
    section_end(b);
}


int
pacs_op_conformance(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    pacs_buf_t  b = { .max = 1 << 20 };

    pacs_buf_text(&b, head);
    services(op, &b);
    uids(&b);
    syntaxes(&b);
    states(&b);
    keys(&b);
    limits_of(&b, pacs_service_limits(op->svc));
    pacs_buf_text(&b, "</body></html>\n");

    op->reply.content_type = pacs_lit("text/html; charset=utf-8");
    return pacs_reply_memory(op, pacs_buf_take(&b, op->arena));
}
