/* SPDX-License-Identifier: BSD-2-Clause */

/* A structured report as a page: its head, and its tree of content items
 * (PS3.3 C.17.3) as nested lists, without recursion. */

#include <string.h>

#include "web/web.h"

enum { SHOWN = 1000,            /* bytes of a list of coordinates */
       TITLE_MAX = 200 };

typedef struct {
    pacs_buf_t          *b;
    pacs_arena_t        *a;
} page_t;

/* what stands in front of the tree: patient, study, document */
static const struct {
    uint32_t     tag;
    const char  *label;
} facts[] = {
    { 0x00100010, "Patient" }, { 0x00100020, "Patient ID" },
    { 0x00100030, "Born" }, { 0x00100040, "Sex" },
    { 0x00080020, "Study date" }, { 0x00081030, "Study" },
    { 0x00080050, "Accession number" }, { 0x00080090, "Referring physician" },
    { 0x00080080, "Institution" }, { 0x00080023, "Content date" },
    { 0x00080033, "Content time" }, { 0x0040A491, "Completion" },
    { 0x0040A493, "Verification" }
};


/* --- values --- */

static pacs_str_t
text_of(const page_t *p, const pacs_item_t *item, uint32_t tag)
{
    const pacs_elem_t *e = item == NULL ? NULL : pacs_elem(item, tag);

    return e == NULL ? pacs_null : pacs_elem_text(item, e, p->a);
}


static void
put_text(page_t *p, const pacs_item_t *item, uint32_t tag)
{
    pacs_buf_html(p->b, text_of(p, item, tag));
}


/* components by blanks, groups by " / ", PS3.5 6.2.1 */
static void
put_name(page_t *p, pacs_str_t name)
{
    pacs_str_t  group, part;
    bool        first = true, said = false;

    while (pacs_str_split(&name, '=', &group)) {
        if (group.len != 0 && !first) {
            pacs_buf_text(p->b, " / ");
        }
        for (said = false; pacs_str_split(&group, '^', &part); ) {
            if (part.len != 0) {
                pacs_buf_text(p->b, said ? " " : "");
                pacs_buf_html(p->b, part);
                said = true;
            }
        }
        first = first && !said;
    }
}


/* the meaning; on a pointer the code itself */
static void
put_code(page_t *p, const pacs_item_t *item, uint32_t sequence)
{
    static const uint32_t  values[] = { 0x00080100, 0x00080119, 0x00080120 };
    const pacs_item_t     *code = pacs_elem_item(item, sequence);

    if (code == NULL) {
        return;
    }

    pacs_buf_text(p->b, "<span title=\"");
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        put_text(p, code, values[i]);
    }
    pacs_buf_text(p->b, " ");
    put_text(p, code, 0x00080102);
    pacs_buf_text(p->b, "\">");
    put_text(p, code, 0x00080104);
    pacs_buf_text(p->b, "</span>");
}


static void
put_free_text(page_t *p, const pacs_item_t *item)
{
    pacs_buf_text(p->b, "<span class=\"text\">");
    put_text(p, item, 0x0040A160);
    pacs_buf_text(p->b, "</span>");
}


static void
put_concept(page_t *p, const pacs_item_t *item)
{
    put_code(p, item, 0x0040A168);
}


static void
put_number(page_t *p, const pacs_item_t *item)
{
    const pacs_item_t *value = pacs_elem_item(item, 0x0040A300);

    if (value == NULL) {
        put_code(p, item, 0x0040A301);
        return;
    }

    put_text(p, value, 0x0040A30A);
    pacs_buf_text(p->b, " ");
    put_code(p, value, 0x004008EA);
}


static void
put_person(page_t *p, const pacs_item_t *item)
{
    put_name(p, text_of(p, item, 0x0040A123));
}


static void
put_date_time(page_t *p, const pacs_item_t *item)
{
    static const uint32_t  tags[] = { 0x0040A120, 0x0040A121, 0x0040A122 };

    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        put_text(p, item, tags[i]);
    }
}


static void
put_uid(page_t *p, const pacs_item_t *item)
{
    put_text(p, item, 0x0040A124);
}


static void
put_instance(page_t *p, const pacs_item_t *item)
{
    const pacs_item_t *ref = pacs_elem_item(item, 0x00081199);
    pacs_str_t         class_uid = text_of(p, ref, 0x00081150);
    const pacs_uid_t  *known = pacs_uid(class_uid);
    pacs_str_t         frames = text_of(p, ref, 0x00081160);

    pacs_buf_html(p->b, known != NULL ? pacs_cstr(known->name) : class_uid);
    pacs_buf_text(p->b, " <code>");
    put_text(p, ref, 0x00081155);
    pacs_buf_text(p->b, "</code>");

    if (frames.len != 0) {
        pacs_buf_text(p->b, ", frames ");
        pacs_buf_html(p->b, frames);
    }
}


static void
put_coordinates(page_t *p, const pacs_item_t *item)
{
    static const uint32_t  tags[] = { 0x00700023, 0x0040A130, 0x00700022,
                                      0x0040A132, 0x0040A138, 0x0040A13A };

    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        pacs_str_t  s = text_of(p, item, tags[i]);

        if (s.len == 0) {
            continue;
        }
        pacs_buf_html(p->b, (pacs_str_t) { s.data,
                                           s.len < SHOWN ? s.len : SHOWN });
        pacs_buf_text(p->b, s.len > SHOWN ? "… " : " ");
    }
}


static const struct {
    const char  *type;          /* Value Type (0040,A040) */
    void       (*put)(page_t *p, const pacs_item_t *item);
} kinds[] = {
    { "TEXT", put_free_text }, { "CODE", put_concept }, { "NUM", put_number },
    { "PNAME", put_person }, { "DATE", put_date_time },
    { "TIME", put_date_time }, { "DATETIME", put_date_time },
    { "UIDREF", put_uid }, { "IMAGE", put_instance },
    { "COMPOSITE", put_instance }, { "WAVEFORM", put_instance },
    { "SCOORD", put_coordinates }, { "SCOORD3D", put_coordinates },
    { "TCOORD", put_coordinates }
};


/* --- the tree --- */

static void
put_item(page_t *p, const pacs_item_t *item)
{
    pacs_str_t  type = pacs_elem_raw(item, 0x0040A040);
    pacs_str_t  relation = text_of(p, item, 0x0040A010);
    pacs_str_t  other = text_of(p, item, 0x0040DB73);

    if (relation.len != 0 && !pacs_str_is(relation, "CONTAINS")) {
        pacs_buf_text(p->b, "<small>");
        pacs_buf_html(p->b, relation);
        pacs_buf_text(p->b, "</small> ");
    }

    pacs_buf_text(p->b, "<b>");
    put_code(p, item, 0x0040A043);
    pacs_buf_text(p->b, "</b> ");

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (pacs_str_is(type, kinds[i].type)) {
            kinds[i].put(p, item);
        }
    }

    if (other.len != 0) {
        pacs_buf_text(p->b, "see item ");
        pacs_buf_html(p->b, other);
    }
}


static int
put_tree(page_t *p, const pacs_item_t *root, const pacs_limits_t *limits,
    pacs_err_t *err)
{
    const pacs_item_t **open = pacs_calloc(p->a, (size_t) limits->nesting + 1,
                                           sizeof(*open));
    int64_t             depth = 0;

    if (open == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a report");
    }

    /* open[0..depth): items whose list of children is open; `next` is to be
     * shown in the innermost */
    const pacs_item_t *next = pacs_elem_item(root, 0x0040A730);

    pacs_buf_text(p->b, "<ul>\n");

    while (!p->b->failed) {
        if (next == NULL) {
            pacs_buf_text(p->b, "</ul>\n");
            if (depth == 0) {
                break;
            }
            pacs_buf_text(p->b, "</li>\n");
            next = open[--depth]->next;
            continue;
        }

        const pacs_item_t *below = depth < limits->nesting
                                   ? pacs_elem_item(next, 0x0040A730) : NULL;

        pacs_buf_text(p->b, "<li>");
        put_item(p, next);

        if (below != NULL) {
            pacs_buf_text(p->b, "<ul>\n");
            open[depth++] = next;
            next = below;
        } else {
            pacs_buf_text(p->b, "</li>\n");
            next = next->next;
        }
    }
    return PACS_OK;
}


/* --- the page --- */

static void
put_facts(page_t *p, const pacs_item_t *root)
{
    pacs_buf_text(p->b, "<table>\n");

    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        pacs_str_t         s = text_of(p, root, facts[i].tag);
        const pacs_tag_t  *tag = pacs_tag(facts[i].tag);

        if (s.len == 0) {
            continue;
        }
        pacs_buf_printf(p->b, "<tr><th>%s</th><td>", facts[i].label);
        if (tag != NULL && tag->vr == PACS_PN) {
            put_name(p, s);
        } else {
            pacs_buf_html(p->b, s);
        }
        pacs_buf_text(p->b, "</td></tr>\n");
    }

    for (const pacs_item_t *v = pacs_elem_item(root, 0x0040A073); v != NULL;
         v = v->next)
    {
        pacs_buf_text(p->b, "<tr><th>Verified by</th><td>");
        put_name(p, text_of(p, v, 0x0040A075));
        pacs_buf_text(p->b, " ");
        put_text(p, v, 0x0040A027);
        pacs_buf_text(p->b, " ");
        put_text(p, v, 0x0040A030);
        pacs_buf_text(p->b, "</td></tr>\n");
    }

    pacs_buf_text(p->b, "</table>\n");
}


/* named by its hash, PACS_WEB_REPORT_STYLE, in policies: conf/nginx.conf */
static const char  style[] =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;"
    "margin:1em auto;padding:0 1em;color:#1d2430;background:#fff}"
    "h1{font-size:1.4em}table{border-collapse:collapse}"
    "th,td{text-align:left;vertical-align:top;"
    "padding:.1em 1.2em .1em 0}th{font-weight:500;color:#556}"
    "li{margin:.2em 0}.text{white-space:pre-wrap}small{color:#667}";


int
pacs_web_report(const pacs_dataset_t *ds, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_buf_t *out, pacs_err_t *err)
{
    page_t      p = { out, a };
    pacs_str_t  title = text_of(&p, pacs_elem_item(ds->root, 0x0040A043),
                                0x00080104);
    int         rc;

    title.len = title.len < TITLE_MAX ? title.len : TITLE_MAX;
    if (title.len == 0) {
        title = pacs_lit("Structured report");
    }

    pacs_buf_text(out, "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">"
        "<title>");
    pacs_buf_html(out, title);
    pacs_buf_text(out, "</title>\n<style>");
    pacs_buf_text(out, style);
    pacs_buf_text(out, "</style></head>\n<body>\n<h1>");
    pacs_buf_html(out, title);
    pacs_buf_text(out, "</h1>\n");
    put_facts(&p, ds->root);

    rc = put_tree(&p, ds->root, limits, err);
    pacs_buf_text(out, "</body></html>\n");

    return rc == PACS_OK && out->failed
           ? pacs_fail(err, PACS_E_LIMIT, "a report of more than %zu bytes",
                       out->max)
           : rc;
}
