/* SPDX-License-Identifier: BSD-2-Clause */

/* Rows of a search as DICOM JSON, PS3.18 tables 10.6.3-3, -4 and -5: columns
 * of the index, and, where they are asked for, attributes out of the metadata
 * that is stored with an instance. */

#include <stdlib.h>
#include <string.h>

#include "service/search.h"

enum { RETRIEVE_URL = 0x00081190, AVAILABILITY = 0x00080056,
       STUDY_UID = 0x0020000D, SERIES_UID = 0x0020000E };


/* --- which attributes --- */


static int
by_tag(const void *a, const void *b)
{
    const pacs_field_t  *x = a, *y = b;

    if (x->tag != y->tag) {
        return x->tag < y->tag ? -1 : 1;
    }
    return x->second < y->second ? -1 : x->second > y->second;
}


static bool
included(const pacs_search_t *s, uint32_t tag)
{
    for (unsigned i = 0; i < s->ninclude; i++) {
        if (s->include[i] == tag) {
            return true;
        }
    }
    return false;
}


static bool
asked_for(const pacs_search_t *s, const pacs_attr_t *at)
{
    for (unsigned i = 0; i < s->nkeys; i++) {
        if (s->keys[i].tag == at->path[0]) {
            return true;
        }
    }
    return s->include_all || included(s, at->path[0]);
}


/* a patient's attributes stand with the study */
static pacs_level_e
level_of(const pacs_attr_t *at, pacs_level_e rows)
{
    return at->level == PACS_LEVEL_PATIENT && rows != PACS_LEVEL_PATIENT
           ? PACS_LEVEL_STUDY : at->level;
}


/* the level's own; of the levels above what the path does not already say */
static bool
answered(const pacs_found_t *f, const pacs_attr_t *at)
{
    const pacs_route_t  *r = f->route;
    pacs_level_e         own = level_of(at, f->level);

    if (own > f->level
        || (at->computed == PACS_COMPUTED_COUNT && at->level != f->level))
    {
        return false;
    }

    /* a sequence that is asked for comes whole */
    if (at->path[1] != 0 && included(f->asked, at->path[0])) {
        return false;
    }

    if (asked_for(f->asked, at)) {
        return true;
    }
    if (own != f->level
        && ((own == PACS_LEVEL_STUDY && r->study.len != 0
             && at->path[0] != STUDY_UID)
            || (own == PACS_LEVEL_SERIES && r->series.len != 0
                && at->path[0] != SERIES_UID)))
    {
        return false;
    }
    return at->required;
}


static bool
add_field(pacs_found_t *f, uint32_t tag, uint32_t second, int attr)
{
    for (unsigned i = 0; i < f->nfields; i++) {
        if (f->fields[i].tag == tag && f->fields[i].second == second) {
            return false;
        }
    }
    f->fields[f->nfields++] = (pacs_field_t) { tag, second, attr };
    return true;
}


/* is it the index's, at any level */
static bool
indexed(uint32_t tag)
{
    for (unsigned i = 0; i < pacs_nattrs; i++) {
        if (pacs_attrs[i].path[0] == tag && pacs_attrs[i].path[1] == 0) {
            return true;
        }
    }
    return false;
}


static bool
answerable(const pacs_found_t *f, uint32_t tag)
{
    for (unsigned i = 0; i < f->nfields; i++) {
        if (f->fields[i].tag == tag) {
            return true;
        }
    }
    return !indexed(tag) && pacs_search_level(tag, f->level);
}


int
pacs_search_fields(pacs_found_t *f, pacs_buf_t *not)
{
    const pacs_search_t  *s = f->asked;

    /* a private attribute brings its creator */
    f->fields = pacs_calloc(f->op->arena, pacs_nattrs + 2u * s->ninclude,
                            sizeof(*f->fields));
    if (f->fields == NULL) {
        return PACS_E_NOMEM;
    }

    for (unsigned i = 0; i < pacs_nattrs; i++) {
        const pacs_attr_t  *at = &pacs_attrs[i];

        if (answered(f, at)) {
            add_field(f, at->path[0], at->path[1], (int) i);
        }
    }

    for (unsigned i = 0; i < s->ninclude; i++) {
        uint32_t  tag = s->include[i];

        if (!answerable(f, tag)) {
            pacs_buf_printf(not, " %08X", tag);

        } else if (!indexed(tag) && add_field(f, tag, 0, -1)) {
            f->stored = true;
            if ((tag & 0x00010000) && (tag & 0xff00) != 0) {
                add_field(f, (tag & 0xffff0000) | (tag >> 8 & 0xff), 0, -1);
            }
        }
    }

    qsort(f->fields, f->nfields, sizeof(*f->fields), by_tag);
    return PACS_OK;
}


/* --- stored metadata --- */


/* one instance's JSON object, or pacs_null if there is none any more */
static int
read_metadata(pacs_found_t *f, const pacs_row_t *row, pacs_arena_t *a,
    pacs_str_t *object, pacs_err_t *err)
{
    pacs_index_t   *ix = f->op->svc->index;
    pacs_record_t   record = { 0 };
    pacs_joiner_t  *joiner;
    pacs_err_t      gone = { 0 };
    pacs_buf_t      text = { .max = f->out.max };
    int             rc = f->level == PACS_LEVEL_INSTANCE
        ? ix->vt->get(ix, row->study, row->series, row->instance, true, a,
                      &record, &gone)
        : ix->vt->speaker(ix, row->study, f->level == PACS_LEVEL_SERIES
                          ? row->series : pacs_null, a, &record.metadata,
                          &gone);

    if (rc != PACS_OK) {
        return rc == PACS_E_NOT_FOUND ? PACS_OK
                                      : pacs_fail(err, rc, "%s", gone.text);
    }

    if ((rc = pacs_joiner_create(false, &text, a, &joiner, err)) == PACS_OK
        && (rc = pacs_joiner_add(joiner, record.metadata,
                                 pacs_op_url(f->op, true, row->study,
                                             row->series, row->instance),
                                 err)) == PACS_OK)
    {
        rc = pacs_joiner_finish(joiner, err);
    }

    *object = pacs_buf_take(&text, a);
    return rc;
}


/* behind the value that begins at i: a string, or an object */
static size_t
value_end(pacs_str_t s, size_t i)
{
    unsigned  depth = 0;
    bool      quoted = false;

    for (; i < s.len; i++) {
        char  c = s.data[i];

        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            depth++;
            continue;
        } else if (c == '}' || c == ']') {
            depth--;
        }

        if (!quoted && depth == 0) {
            return i + 1 < s.len ? i + 1 : s.len;
        }
    }
    return s.len;
}


/* takes "GGGGEEEE":{…} off an array of one object as pacs_json_write makes
 * it; false: no more */
static bool
next_member(pacs_str_t *rest, uint32_t *tag, pacs_str_t *member)
{
    const char  *quote = rest->len == 0 ? NULL
                         : memchr(rest->data, '"', rest->len);
    size_t       from = quote == NULL ? 0 : (size_t) (quote - rest->data);

    if (quote == NULL || rest->len - from < sizeof("\"00080005\":{}") - 1
        || !pacs_tag_parse((pacs_str_t) { quote + 1, 8 }, tag))
    {
        return false;
    }

    size_t  value = from + sizeof("\"00080005\":") - 1;
    size_t  end = value_end(*rest, value);

    *member = (pacs_str_t) { quote, end - from };
    *rest = (pacs_str_t) { rest->data + end, rest->len - end };
    return true;
}


/* the members that fields want, by field; bulk data belongs to an instance */
static void
pick(const pacs_found_t *f, pacs_str_t object, pacs_str_t *members)
{
    static const char  uri[] = "\"BulkDataURI\"";
    pacs_str_t         member;
    uint32_t           tag;
    unsigned           i = 0;

    while (next_member(&object, &tag, &member)) {
        while (i < f->nfields && f->fields[i].tag < tag) {
            i++;
        }
        if (i < f->nfields && f->fields[i].tag == tag
            && (f->level == PACS_LEVEL_INSTANCE
                || memmem(member.data, member.len, uri, sizeof(uri) - 1)
                   == NULL))
        {
            members[i] = member;
        }
    }
}


/* --- rows --- */


static pacs_str_t
value_of(pacs_found_t *f, const pacs_row_t *row, int attr)
{
    switch (pacs_attrs[attr].path[0]) {
    case RETRIEVE_URL:
        return pacs_op_url(f->op, true, row->study, row->series,
                           row->instance);
    case AVAILABILITY:
        return pacs_lit("ONLINE");
    default:
        return row->values[attr];
    }
}


/* the k-th of the values that '\' divides */
static pacs_str_t
value_at(pacs_str_t values, unsigned k)
{
    pacs_str_t  value = pacs_null;

    do {
        if (!pacs_str_split(&values, '\\', &value)) {
            return pacs_null;
        }
    } while (k-- > 0);

    return value;
}


static unsigned
count_values(pacs_str_t values)
{
    pacs_str_t  value;
    unsigned    n = 0;

    while (values.len != 0 && pacs_str_split(&values, '\\', &value)) {
        n++;
    }
    return n;
}


/* attributes of one sequence lie side by side: the k-th value of each makes
 * its k-th item; returns how many fields these are */
static unsigned
write_sequence(pacs_found_t *f, const pacs_row_t *row, unsigned first)
{
    pacs_buf_t          *b = &f->out;
    const pacs_field_t  *field = &f->fields[first];
    unsigned             n = 0, items = 0;

    for (; first + n < f->nfields && field[n].tag == field->tag; n++) {
        unsigned  values = count_values(row->values[field[n].attr]);

        items = values > items ? values : items;
    }

    pacs_buf_printf(b, "\"%08X\":{\"vr\":\"SQ\"%s", field->tag,
                    items != 0 ? ",\"Value\":[" : "");

    for (unsigned k = 0; k < items; k++) {
        bool  any = false;

        pacs_buf_text(b, k != 0 ? ",{" : "{");
        for (unsigned i = 0; i < n; i++) {
            pacs_str_t  v = value_at(row->values[field[i].attr], k);

            if (v.len != 0) {
                pacs_buf_text(b, any ? "," : "");
                pacs_json_attr(b, field[i].second,
                               pacs_attrs[field[i].attr].vr, v);
                any = true;
            }
        }
        pacs_buf_char(b, '}');
    }

    pacs_buf_text(b, items != 0 ? "]}" : "}");
    return n;
}


/* members: of stored metadata, by field, or NULL */
static int
write_row(pacs_found_t *f, const pacs_row_t *row, const pacs_str_t *members)
{
    pacs_buf_t  *b = &f->out;
    bool         any = false;

    pacs_buf_text(b, f->rows != 0 ? ",\n" : "");
    pacs_buf_char(b, '{');
    f->rows++;

    for (unsigned i = 0, n; i < f->nfields; i += n) {
        const pacs_field_t  *field = &f->fields[i];

        n = 1;
        if (field->attr < 0 && members[i].len == 0) {
            continue;
        }
        pacs_buf_text(b, any ? "," : "");
        any = true;

        if (field->attr < 0) {
            pacs_buf_str(b, members[i]);
        } else if (field->second != 0) {
            n = write_sequence(f, row, i);
        } else {
            pacs_json_attr(b, field->tag, pacs_attrs[field->attr].vr,
                           value_of(f, row, field->attr));
        }
    }

    pacs_buf_char(b, '}');
    return b->failed ? PACS_E_NOMEM : PACS_OK;
}


/* the index's strings live no longer than the call */
static int
keep_row(pacs_found_t *f, const pacs_row_t *row)
{
    pacs_arena_t  *a = f->op->arena;
    pacs_str_t    *values = pacs_calloc(a, pacs_nattrs, sizeof(*values));

    if (values == NULL) {
        return PACS_E_NOMEM;
    }

    for (unsigned i = 0; i < pacs_nattrs; i++) {
        if (row->values[i].len != 0) {
            values[i] = pacs_str_copy(a, row->values[i]);
            if (values[i].data == NULL) {
                return PACS_E_NOMEM;
            }
        }
    }

    f->kept[f->nkept++] = (pacs_row_t) {
        pacs_str_copy(a, row->study), pacs_str_copy(a, row->series),
        pacs_str_copy(a, row->instance), values, row->revision
    };
    return PACS_OK;
}


int
pacs_search_row(void *ctx, const pacs_row_t *row)
{
    pacs_found_t  *f = ctx;

    return f->stored ? keep_row(f, row) : write_row(f, row, NULL);
}


static int
write_kept(pacs_found_t *f, const pacs_row_t *row, pacs_err_t *err)
{
    pacs_arena_t  *a = pacs_arena_create(0);
    pacs_str_t    *members = a == NULL ? NULL
                             : pacs_calloc(a, f->nfields, sizeof(*members));
    pacs_str_t     object = pacs_null;
    int            rc = members == NULL
                        ? PACS_E_NOMEM
                        : read_metadata(f, row, a, &object, err);

    if (rc == PACS_OK) {
        pick(f, object, members);
        rc = write_row(f, row, members);
    }

    pacs_arena_destroy(a);
    return rc;
}


int
pacs_search_kept(pacs_found_t *f, bool *cut, pacs_err_t *err)
{
    const pacs_env_t  *env = &f->op->svc->options.env;
    int                rc = PACS_OK;

    *cut = false;

    for (unsigned i = 0; i < f->nkept && rc == PACS_OK && !*cut; i++) {
        rc = write_kept(f, &f->kept[i], err);
        *cut = i + 1 < f->nkept && env->now_us(env->ctx) > f->end_us;
    }
    return rc;
}
