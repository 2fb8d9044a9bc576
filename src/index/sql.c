/* SPDX-License-Identifier: BSD-2-Clause */

#include <stdio.h>
#include <string.h>

#include "index/sql.h"

/* main alias and the one inside EXISTS, by level */
static const char *const  alias[] = { "p", "s", "e", "i" };
static const char *const  inner[] = { "p2", "s2", "e2", "i2" };

/* FROM of an EXISTS: rows of a lower level that lie in a row of a higher */
static const char *const  below[4][4] = {
    [PACS_LEVEL_PATIENT] = {
        [PACS_LEVEL_STUDY] = "study s2 WHERE s2.patient = p.id",
        [PACS_LEVEL_SERIES] = "study s2 JOIN series e2 ON e2.study = s2.id"
                              " WHERE s2.patient = p.id",
        [PACS_LEVEL_INSTANCE] = "study s2 JOIN series e2 ON e2.study = s2.id"
                                " JOIN instance i2 ON i2.series = e2.id"
                                " WHERE s2.patient = p.id" },
    [PACS_LEVEL_STUDY] = {
        [PACS_LEVEL_SERIES] = "series e2 WHERE e2.study = s.id",
        [PACS_LEVEL_INSTANCE] = "series e2 JOIN instance i2"
                                " ON i2.series = e2.id"
                                " WHERE e2.study = s.id" },
    [PACS_LEVEL_SERIES] = {
        [PACS_LEVEL_INSTANCE] = "instance i2 WHERE i2.series = e.id" }
};

/* attributes with an index, and whether their values are unique */
static const struct { uint32_t tag; bool unique; } indexed[] = {
    { 0x0020000d, true },  { 0x0020000e, true },  { 0x00080018, true },
    { 0x00100020, false }, { 0x00100010, false }, { 0x00080050, false },
    { 0x00100030, false }, { 0x00080090, false }, { 0x00080060, false },
    { 0x00080061, false }
};

enum { TAG_MODALITY = 0x00080060 };


void
pacs_sql_init(pacs_sql_t *sql, const pacs_dialect_t *dialect,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_err_t *err)
{
    *sql = (pacs_sql_t) { .dialect = dialect, .limits = limits, .arena = a,
                          .err = err };
}


void
pacs_sql_free(pacs_sql_t *sql)
{
    pacs_buf_free(&sql->text);
}


static void
put(pacs_sql_t *sql, const char *text)
{
    pacs_buf_text(&sql->text, text);
}


static void
put_param(pacs_sql_t *sql, pacs_param_value_t value)
{
    if (sql->n == sql->cap) {
        unsigned             cap = sql->cap == 0 ? 16 : sql->cap * 2;
        pacs_param_value_t  *more = pacs_calloc(sql->arena, cap,
                                                sizeof(*more));

        if (more == NULL) {
            sql->text.failed = true;
            return;
        }
        if (sql->n != 0) {
            memcpy(more, sql->params, sql->n * sizeof(*more));
        }
        sql->params = more;
        sql->cap = cap;
    }

    sql->params[sql->n++] = value;
    put(sql, "?");
}


static void
put_text(pacs_sql_t *sql, pacs_str_t s)
{
    put_param(sql, (pacs_param_value_t) {
                  .text = s.data != NULL ? s : pacs_lit("") });
}


static void
put_number(pacs_sql_t *sql, double number)
{
    put_param(sql, (pacs_param_value_t) { .number = number });
}


/* "a.column" */
static void
put_column(pacs_sql_t *sql, const char *a, const char *column,
    const char *suffix)
{
    pacs_buf_printf(&sql->text, "%s.%s%s", a, column, suffix);
}


/* '*' and '?' to '%' and '_'; '!' escapes */
static pacs_str_t
like_pattern(pacs_sql_t *sql, pacs_str_t s, const char *before,
    const char *after)
{
    size_t   size = s.len * 2 + strlen(before) + strlen(after) + 1;
    char    *out = pacs_alloc(sql->arena, size);
    size_t   n = 0;

    if (out == NULL) {
        sql->text.failed = true;
        return pacs_null;
    }

    n += (size_t) snprintf(out, size, "%s", before);
    for (size_t i = 0; i < s.len; i++) {
        char  c = s.data[i];

        if (c == '%' || c == '_' || c == '!') {
            out[n++] = '!';
        }
        out[n++] = c == '*' ? '%' : c == '?' ? '_' : c;
    }
    n += (size_t) snprintf(out + n, size - n, "%s", after);
    return (pacs_str_t) { out, n };
}


static size_t
literal_len(pacs_str_t s)
{
    size_t  n = 0;

    while (n < s.len && s.data[n] != '*' && s.data[n] != '?') {
        n++;
    }
    return n;
}


/* a range over the literal beginning lets an index help */
static void
put_wild(pacs_sql_t *sql, const char *a, const char *column,
    const char *suffix, pacs_str_t text)
{
    pacs_str_t  prefix = { text.data, literal_len(text) };

    put(sql, "(");
    if (prefix.len != 0) {
        put_column(sql, a, column, suffix);
        put(sql, " >= ");
        put_text(sql, prefix);
        put(sql, " AND ");
        put_column(sql, a, column, suffix);
        put(sql, " < ");
        /* the last code point: above all that begins with the prefix */
        put_text(sql, pacs_sprintf(sql->arena, "%.*s\xf4\x8f\xbf\xbf",
                                   pacs_fmt(prefix)));
        put(sql, " AND ");
    }
    put_column(sql, a, column, suffix);
    put(sql, " LIKE ");
    put_text(sql, like_pattern(sql, text, "", ""));
    put(sql, " ESCAPE '!')");
}


/* column IN (all exact values); false: there is none */
static bool
put_exact(pacs_sql_t *sql, const char *a, const char *column,
    const pacs_matching_t *m)
{
    bool  any = false;

    for (unsigned k = 0; k < m->n; k++) {
        if (m->wanted[k].wild) {
            continue;
        }
        if (!any) {
            put_column(sql, a, column, "");
            put(sql, " IN (");
        } else {
            put(sql, ", ");
        }
        any = true;
        put_text(sql, m->wanted[k].text);
    }

    put(sql, any ? ")" : "");
    return any;
}


static void
cond_text(pacs_sql_t *sql, const char *a, const pacs_attr_t *attr,
    const pacs_matching_t *m, bool fuzzy)
{
    bool  any = put_exact(sql, a, attr->column, m);

    for (unsigned k = 0; k < m->n; k++) {
        if (m->wanted[k].wild) {
            put(sql, any ? " OR " : "");
            put_wild(sql, a, attr->column, "", m->wanted[k].text);
            any = true;
        }
    }
}


static void
put_or(pacs_sql_t *sql, unsigned k)
{
    put(sql, k != 0 ? " OR " : "");
}


static void
cond_multi(pacs_sql_t *sql, const char *a, const pacs_attr_t *attr,
    const pacs_matching_t *m, bool fuzzy)
{
    for (unsigned k = 0; k < m->n; k++) {
        put_or(sql, k);
        put(sql, sql->dialect->any);
        put(sql, "(");
        put_text(sql, m->wanted[k].text);
        put(sql, ", ");
        put_column(sql, a, attr->column, "");
        put(sql, ")");
    }
}


/* a key without '=': any component group may match */
static void
name_any_group(pacs_sql_t *sql, const char *a, const char *column,
    const pacs_wanted_t *w)
{
    if (w->wild) {
        put_wild(sql, a, column, "_n", w->text);
    } else {
        put_column(sql, a, column, "_n");
        put(sql, " = ");
        put_text(sql, w->text);
    }

    put(sql, " OR (");
    put_column(sql, a, column, "_m");
    put(sql, " > '' AND '=' || ");
    put_column(sql, a, column, "_m");
    put(sql, " || '=' LIKE ");
    put_text(sql, like_pattern(sql, w->text, "%=", "=%"));
    put(sql, " ESCAPE '!')");
}


/* a key with '=': each group that the key gives must match */
static void
name_by_group(pacs_sql_t *sql, const char *a, const char *column,
    const pacs_wanted_t *w)
{
    pacs_str_t  first, rest;

    pacs_name_groups(w->text, &first, &rest);
    put(sql, "(1 = 1");

    if (first.len != 0) {
        put(sql, " AND ");
        put_wild(sql, a, column, "_n", first);
    }
    if (rest.len != 0) {
        pacs_str_t  second;

        pacs_str_split(&rest, '=', &second);
        put(sql, " AND ");
        put_column(sql, a, column, "_m");
        put(sql, " || '=' LIKE ");
        put_text(sql, like_pattern(sql, second.len != 0 ? second
                                   : pacs_lit("*"), "", "=%"));
        put(sql, " ESCAPE '!'");
        if (rest.len != 0) {
            put(sql, " AND ");
            put_column(sql, a, column, "_m");
            put(sql, " LIKE ");
            put_text(sql, like_pattern(sql, rest, "%=", ""));
            put(sql, " ESCAPE '!'");
        }
    }
    put(sql, ")");
}


/* fuzzy: each word of the key begins a word of the name, in any order */
static void
name_fuzzy(pacs_sql_t *sql, const char *a, const char *column,
    const pacs_wanted_t *w)
{
    char  *text = pacs_strdup(sql->arena, w->text), *save = NULL;

    put(sql, "(1 = 1");
    for (char *word = text == NULL ? NULL : strtok_r(text, " ^=,*?", &save);
         word != NULL;
         word = strtok_r(NULL, " ^=,*?", &save))
    {
        put(sql, " AND '^' || replace(");
        put_column(sql, a, column, "_n");
        put(sql, ", ' ', '^') || '^' || replace(");
        put_column(sql, a, column, "_m");
        put(sql, ", '=', '^') LIKE ");
        put_text(sql, like_pattern(sql, pacs_cstr(word), "%^", "%"));
        put(sql, " ESCAPE '!'");
    }
    put(sql, ")");
}


static void
cond_name(pacs_sql_t *sql, const char *a, const pacs_attr_t *attr,
    const pacs_matching_t *m, bool fuzzy)
{
    for (unsigned k = 0; k < m->n; k++) {
        put_or(sql, k);
        if (fuzzy) {
            name_fuzzy(sql, a, attr->column, &m->wanted[k]);
        } else if (m->grouped) {
            name_by_group(sql, a, attr->column, &m->wanted[k]);
        } else {
            name_any_group(sql, a, attr->column, &m->wanted[k]);
        }
    }
}


static void
cond_date(pacs_sql_t *sql, const char *a, const pacs_attr_t *attr,
    const pacs_matching_t *m, bool fuzzy)
{
    for (unsigned k = 0; k < m->n; k++) {
        const pacs_wanted_t  *w = &m->wanted[k];

        put_or(sql, k);
        put(sql, "(");
        put_column(sql, a, attr->column, "");
        if (w->low.len != 0) {
            put(sql, " >= ");
            put_text(sql, w->low);
        } else {
            put(sql, " > ''");
        }
        if (w->high.len != 0) {
            put(sql, " AND ");
            put_column(sql, a, attr->column, "");
            put(sql, " <= ");
            put_text(sql, w->high);
        }
        put(sql, ")");
    }
}


/* the column's value to all 13 characters, as those of the key are */
static void
put_time(pacs_sql_t *sql, const char *a, const char *column)
{
    pacs_buf_printf(&sql->text, "%s.%s || substr('000000.000000',"
                    " length(%s.%s) + 1)", a, column, a, column);
}


static void
cond_time(pacs_sql_t *sql, const char *a, const pacs_attr_t *attr,
    const pacs_matching_t *m, bool fuzzy)
{
    for (unsigned k = 0; k < m->n; k++) {
        const pacs_wanted_t  *w = &m->wanted[k];

        put_or(sql, k);
        put(sql, "(");
        put_column(sql, a, attr->column, " > ''");
        if (w->low.len != 0) {
            put(sql, " AND ");
            put_time(sql, a, attr->column);
            put(sql, " >= ");
            put_text(sql, w->low);
        }
        if (w->high.len != 0) {
            put(sql, " AND ");
            put_time(sql, a, attr->column);
            put(sql, " <= ");
            put_text(sql, w->high);
        }
        put(sql, ")");
    }
}


static void
cond_number(pacs_sql_t *sql, const char *a, const pacs_attr_t *attr,
    const pacs_matching_t *m, bool fuzzy)
{
    for (unsigned k = 0; k < m->n; k++) {
        put_or(sql, k);
        put(sql, "(");
        put_column(sql, a, attr->column, " > '' AND CAST(");
        put_column(sql, a, attr->column, " AS REAL) = ");
        put_number(sql, m->wanted[k].number);
        put(sql, ")");
    }
}


static void (*const  conds[])(pacs_sql_t *sql, const char *a,
    const pacs_attr_t *attr, const pacs_matching_t *m, bool fuzzy) = {
    [PACS_MATCH_TEXT] = cond_text, [PACS_MATCH_NAME] = cond_name,
    [PACS_MATCH_UID] = cond_text, [PACS_MATCH_DATE] = cond_date,
    [PACS_MATCH_TIME] = cond_time, [PACS_MATCH_NUMBER] = cond_number,
    [PACS_MATCH_LIST] = cond_text, [PACS_MATCH_MULTI] = cond_multi
};


/* Modalities in Study is matched where it comes from */
static const pacs_attr_t *
matched_attr(int attr)
{
    if (pacs_attrs[attr].match == PACS_MATCH_LIST) {
        attr = pacs_attr_find(TAG_MODALITY, 0);
    }
    return &pacs_attrs[attr];
}


static void
put_term(pacs_sql_t *sql, const pacs_pred_t *p, pacs_level_e level)
{
    const pacs_attr_t  *said = &pacs_attrs[p->attr];
    const pacs_attr_t  *attr = matched_attr(p->attr);
    pacs_matching_t     m;
    int                 code = pacs_matching_parse(said, p->value, sql->limits,
                                                   sql->arena, &m, sql->err);

    if (code != PACS_OK) {
        sql->code = code;
        return;
    }
    if (m.universal) {
        put(sql, "1 = 1");
        return;
    }

    /* a row's own attributes; a study has a copy of its patient's */
    pacs_level_e  own = level < said->level ? level : said->level;

    if (own == PACS_LEVEL_PATIENT && level != PACS_LEVEL_PATIENT) {
        own = PACS_LEVEL_STUDY;
    }

    bool  down = own < attr->level;

    put(sql, "(");
    if (down) {
        put(sql, "EXISTS (SELECT 1 FROM ");
        put(sql, below[own][attr->level]);
        put(sql, " AND (");
    }
    conds[attr->match](sql, down ? inner[attr->level] : alias[own], attr, &m,
                       p->fuzzy);
    put(sql, down ? ")))" : ")");
}


/* a tree without recursion would need a stack of its own; the tree is made
 * by our code from a flat list of keys, and its depth is bounded here */
static void
put_pred(pacs_sql_t *sql, const pacs_pred_t *p, pacs_level_e level,
    unsigned depth)
{
    if (p->kind == PACS_P_TERM) {
        put_term(sql, p, level);
        return;
    }
    if (depth > 16) {
        sql->code = pacs_fail(sql->err, PACS_E_LIMIT, "query nested too deep");
        return;
    }

    put(sql, p->kind == PACS_P_NOT ? "NOT (" : "(");
    put(sql, p->kind == PACS_P_OR ? "1 = 0" : "1 = 1");
    for (const pacs_pred_t *c = p->child; c != NULL; c = c->next) {
        put(sql, p->kind == PACS_P_OR ? " OR " : " AND ");
        put_pred(sql, c, level, depth + 1);
    }
    put(sql, ")");
}


/* --- drivers --- */


static bool
has_prefixes(const pacs_matching_t *m)
{
    for (unsigned k = 0; k < m->n; k++) {
        const pacs_wanted_t  *w = &m->wanted[k];

        if (w->wild && literal_len(w->text) == 0) {
            return false;
        }
    }
    return true;
}


static bool
can_drive(const pacs_pred_t *p, const pacs_limits_t *limits, pacs_arena_t *a,
    bool *unique)
{
    const pacs_attr_t  *attr = &pacs_attrs[p->attr];
    pacs_matching_t     m;

    if (p->kind != PACS_P_TERM || p->fuzzy || attr->path[1] != 0
        || pacs_matching_parse(attr, p->value, limits, a, &m, NULL) != PACS_OK
        || m.universal || m.grouped || !has_prefixes(&m))
    {
        return false;
    }

    for (unsigned i = 0; i < sizeof(indexed) / sizeof(indexed[0]); i++) {
        if (indexed[i].tag == attr->path[0]) {
            *unique = indexed[i].unique;
            return true;
        }
    }
    return false;
}


unsigned
pacs_sql_drivers(const pacs_query_t *q, pacs_driver_t *drivers,
    const pacs_limits_t *limits, pacs_arena_t *a)
{
    unsigned  n = 0;

    if (q->level == PACS_LEVEL_PATIENT || q->where == NULL
        || q->where->kind != PACS_P_AND)
    {
        return 0;
    }

    for (const pacs_pred_t *p = q->where->child;
         p != NULL && n < PACS_DRIVERS;
         p = p->next)
    {
        if (can_drive(p, limits, a, &drivers[n].unique)) {
            drivers[n++].term = p;
        }
    }
    return n;
}


/* rows of the driver's own table, as x; `what` of them */
static void
put_driver(pacs_sql_t *sql, const pacs_driver_t *driver, bool count)
{
    static const struct { const char *id, *from; } at[] = {
        [PACS_LEVEL_STUDY] = { "x.id", "study x" },
        [PACS_LEVEL_SERIES] = { "x.study", "series x" },
        [PACS_LEVEL_INSTANCE] = { "y.study", "instance x JOIN series y"
                                  " ON y.id = x.series" }
    };
    const pacs_attr_t  *attr = matched_attr(driver->term->attr);
    unsigned            level = attr->level == PACS_LEVEL_PATIENT
                                ? PACS_LEVEL_STUDY : attr->level;
    pacs_matching_t     m;
    int                 code = pacs_matching_parse(
                                   &pacs_attrs[driver->term->attr],
                                   driver->term->value, sql->limits,
                                   sql->arena, &m, sql->err);

    if (code != PACS_OK) {
        sql->code = code;
        return;
    }

    pacs_buf_printf(&sql->text, "SELECT %s AS id FROM %s WHERE ",
                    count ? "1" : at[level].id, at[level].from);
    conds[attr->match](sql, "x", attr, &m, false);
}


static int
finish(pacs_sql_t *sql)
{
    if (sql->code == PACS_OK && sql->text.failed) {
        sql->code = pacs_fail(sql->err, PACS_E_NOMEM, "out of memory");
    }
    return sql->code;
}


int
pacs_sql_probe(pacs_sql_t *sql, const pacs_driver_t *driver)
{
    put(sql, "SELECT count(*) FROM (");
    put_driver(sql, driver, true);
    pacs_buf_printf(&sql->text, " LIMIT %d)", PACS_DRIVER_SOME + 1);
    return finish(sql);
}


static void
put_columns(pacs_sql_t *sql, pacs_level_e level)
{
    put(sql, level == PACS_LEVEL_PATIENT ? "SELECT 0" : "SELECT s.revision");

    for (unsigned i = 0; i < pacs_nattrs; i++) {
        const pacs_attr_t  *attr = &pacs_attrs[i];

        if (attr->level > level || attr->computed == PACS_COMPUTED_SERVICE) {
            continue;
        }

        unsigned  own = attr->level == PACS_LEVEL_PATIENT
                        && level != PACS_LEVEL_PATIENT ? PACS_LEVEL_STUDY
                                                       : attr->level;

        put(sql, ", ");
        put_column(sql, alias[own], attr->column, "");
    }
}


static void
put_from(pacs_sql_t *sql, pacs_level_e level, const pacs_driver_t *driver)
{
    if (level == PACS_LEVEL_PATIENT) {
        put(sql, " FROM patient p");
        return;
    }

    if (driver != NULL && driver->few) {
        put(sql, " FROM (SELECT DISTINCT id FROM (");
        put_driver(sql, driver, false);
        put(sql, ")) d CROSS JOIN study s ON s.id = d.id");

    } else {
        put(sql, " FROM study s");
        if (sql->dialect->indexed != NULL) {
            put(sql, sql->dialect->indexed);
            put(sql, level == PACS_LEVEL_STUDY ? "study_walk"
                                               : "study_order");
        }
    }

    put(sql, level >= PACS_LEVEL_SERIES
             ? " CROSS JOIN series e ON e.study = s.id" : "");
    put(sql, level >= PACS_LEVEL_INSTANCE
             ? " CROSS JOIN instance i ON i.series = e.id" : "");
}


int
pacs_sql_query(pacs_sql_t *sql, const pacs_query_t *q,
    const pacs_driver_t *driver, uint32_t limit)
{
    static const char *const  order[] = {
        [PACS_LEVEL_PATIENT] = "p.patient_name_n, p.id",
        [PACS_LEVEL_STUDY] = "s.study_date DESC, s.uid",
        [PACS_LEVEL_SERIES] = "s.study_date DESC, s.uid, e.uid",
        [PACS_LEVEL_INSTANCE] = "s.study_date DESC, s.uid, e.uid, i.uid"
    };

    put_columns(sql, q->level);
    put_from(sql, q->level, driver);
    if (q->where != NULL) {
        put(sql, " WHERE ");
        put_pred(sql, q->where, q->level, 0);
    }
    if (driver != NULL && !driver->few) {
        put(sql, " AND s.id IN (");
        put_driver(sql, driver, false);
        put(sql, ")");
    }
    pacs_buf_printf(&sql->text, " ORDER BY %s LIMIT ", order[q->level]);
    put_number(sql, limit);
    put(sql, " OFFSET ");
    put_number(sql, q->offset);
    return finish(sql);
}
