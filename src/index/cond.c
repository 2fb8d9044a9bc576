/* SPDX-License-Identifier: BSD-2-Clause */

#include <stdio.h>
#include <string.h>

#include "index/cond.h"


void
pacs_sql_put(pacs_sql_t *sql, const char *text)
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
    pacs_sql_put(sql, "?");
}


void
pacs_sql_value(pacs_sql_t *sql, pacs_str_t s)
{
    put_param(sql, (pacs_param_value_t) {
                  .text = s.data != NULL ? s : pacs_lit("") });
}


void
pacs_sql_number(pacs_sql_t *sql, double number)
{
    put_param(sql, (pacs_param_value_t) { .number = number });
}


void
pacs_sql_rank(pacs_sql_t *sql, int64_t rank)
{
    put_param(sql, (pacs_param_value_t) { .rank = rank });
}


void
pacs_sql_column(pacs_sql_t *sql, const char *a, const char *column,
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


size_t
pacs_sql_literal(pacs_str_t s)
{
    size_t  n = 0;

    while (n < s.len && s.data[n] != '*' && s.data[n] != '?') {
        n++;
    }
    return n;
}


/* "a.column >= prefix AND a.column < all that begins so": an index helps */
static void
prefix_range(pacs_sql_t *sql, const char *a, const char *column,
    const char *suffix, pacs_str_t prefix)
{
    pacs_sql_column(sql, a, column, suffix);
    pacs_sql_put(sql, " >= ");
    pacs_sql_value(sql, prefix);
    pacs_sql_put(sql, " AND ");
    pacs_sql_column(sql, a, column, suffix);
    pacs_sql_put(sql, " < ");
    /* the last code point: above all that begins with the prefix */
    pacs_sql_value(sql, pacs_sprintf(sql->arena, "%.*s\xf4\x8f\xbf\xbf",
                                     pacs_fmt(prefix)));
}


static void
put_wild(pacs_sql_t *sql, const char *a, const char *column,
    const char *suffix, pacs_str_t text)
{
    pacs_str_t  prefix = { text.data, pacs_sql_literal(text) };

    pacs_sql_put(sql, "(");
    if (prefix.len != 0) {
        prefix_range(sql, a, column, suffix, prefix);
        pacs_sql_put(sql, " AND ");
    }
    pacs_sql_column(sql, a, column, suffix);
    pacs_sql_put(sql, " LIKE ");
    pacs_sql_value(sql, like_pattern(sql, text, "", ""));
    pacs_sql_put(sql, " ESCAPE '!')");
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
            pacs_sql_column(sql, a, column, "");
            pacs_sql_put(sql, " IN (");
        } else {
            pacs_sql_put(sql, ", ");
        }
        any = true;
        pacs_sql_value(sql, m->wanted[k].text);
    }

    pacs_sql_put(sql, any ? ")" : "");
    return any;
}


static void
cond_text(pacs_sql_t *sql, const char *a, const pacs_attr_t *attr,
    const pacs_matching_t *m, bool fuzzy)
{
    bool  any = put_exact(sql, a, attr->column, m);

    for (unsigned k = 0; k < m->n; k++) {
        if (m->wanted[k].wild) {
            pacs_sql_put(sql, any ? " OR " : "");
            put_wild(sql, a, attr->column, "", m->wanted[k].text);
            any = true;
        }
    }
}


static void
put_or(pacs_sql_t *sql, unsigned k)
{
    pacs_sql_put(sql, k != 0 ? " OR " : "");
}


static void
cond_multi(pacs_sql_t *sql, const char *a, const pacs_attr_t *attr,
    const pacs_matching_t *m, bool fuzzy)
{
    for (unsigned k = 0; k < m->n; k++) {
        put_or(sql, k);
        pacs_sql_put(sql, sql->dialect->any);
        pacs_sql_put(sql, "(");
        pacs_sql_value(sql, m->wanted[k].text);
        pacs_sql_put(sql, ", ");
        pacs_sql_column(sql, a, attr->column, "");
        pacs_sql_put(sql, ")");
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
        pacs_sql_column(sql, a, column, "_n");
        pacs_sql_put(sql, " = ");
        pacs_sql_value(sql, w->text);
    }

    pacs_sql_put(sql, " OR (");
    pacs_sql_column(sql, a, column, "_m");
    pacs_sql_put(sql, " > '' AND '=' || ");
    pacs_sql_column(sql, a, column, "_m");
    pacs_sql_put(sql, " || '=' LIKE ");
    pacs_sql_value(sql, like_pattern(sql, w->text, "%=", "=%"));
    pacs_sql_put(sql, " ESCAPE '!')");
}


/* a key with '=': each group that the key gives must match */
static void
name_by_group(pacs_sql_t *sql, const char *a, const char *column,
    const pacs_wanted_t *w)
{
    pacs_str_t  first, rest;

    pacs_name_groups(w->text, &first, &rest);
    pacs_sql_put(sql, "(1 = 1");

    if (first.len != 0) {
        pacs_sql_put(sql, " AND ");
        put_wild(sql, a, column, "_n", first);
    }
    if (rest.len != 0) {
        pacs_str_t  second;

        pacs_str_split(&rest, '=', &second);
        pacs_sql_put(sql, " AND ");
        pacs_sql_column(sql, a, column, "_m");
        pacs_sql_put(sql, " || '=' LIKE ");
        pacs_sql_value(sql, like_pattern(sql, second.len != 0 ? second
                                   : pacs_lit("*"), "", "=%"));
        pacs_sql_put(sql, " ESCAPE '!'");
        if (rest.len != 0) {
            pacs_sql_put(sql, " AND ");
            pacs_sql_column(sql, a, column, "_m");
            pacs_sql_put(sql, " LIKE ");
            pacs_sql_value(sql, like_pattern(sql, rest, "%=", ""));
            pacs_sql_put(sql, " ESCAPE '!'");
        }
    }
    pacs_sql_put(sql, ")");
}


/* fuzzy: each word of the key begins a word of the name, or sounds like one,
 * in any order and group */
static void
name_fuzzy(pacs_sql_t *sql, const char *a, const char *column,
    const pacs_wanted_t *w)
{
    pacs_str_t  words = pacs_name_words(w->text, sql->arena), word, sound;

    pacs_sql_put(sql, "(1 = 1");
    while (pacs_name_word(&words, &word, &sound)) {
        pacs_sql_put(sql, " AND (' ' || ");
        pacs_sql_column(sql, a, column, "_w LIKE ");
        pacs_sql_value(sql, like_pattern(sql, word, "% ", "%"));
        if (sound.len != 0) {
            pacs_sql_put(sql, " OR ' ' || ");
            pacs_sql_column(sql, a, column, "_w || ' ' LIKE ");
            pacs_sql_value(sql, like_pattern(sql, sound, "% ", " %"));
        }
        pacs_sql_put(sql, ")");
    }
    pacs_sql_put(sql, ")");
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
        pacs_sql_put(sql, "(");
        pacs_sql_column(sql, a, attr->column, "");
        if (w->low.len != 0) {
            pacs_sql_put(sql, " >= ");
            pacs_sql_value(sql, w->low);
        } else {
            pacs_sql_put(sql, " > ''");
        }
        if (w->high.len != 0) {
            pacs_sql_put(sql, " AND ");
            pacs_sql_column(sql, a, attr->column, "");
            pacs_sql_put(sql, " <= ");
            pacs_sql_value(sql, w->high);
        }
        pacs_sql_put(sql, ")");
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
        pacs_sql_put(sql, "(");
        pacs_sql_column(sql, a, attr->column, " > ''");
        if (w->low.len != 0) {
            pacs_sql_put(sql, " AND ");
            put_time(sql, a, attr->column);
            pacs_sql_put(sql, " >= ");
            pacs_sql_value(sql, w->low);
        }
        if (w->high.len != 0) {
            pacs_sql_put(sql, " AND ");
            put_time(sql, a, attr->column);
            pacs_sql_put(sql, " <= ");
            pacs_sql_value(sql, w->high);
        }
        pacs_sql_put(sql, ")");
    }
}


/* a time that nobody knows may be any of its day */
static void
put_end(pacs_sql_t *sql, const char *a, const char *date, pacs_str_t day,
    const char *time, pacs_str_t at, const char *beyond)
{
    pacs_buf_printf(&sql->text, " AND %s.%s %s= ", a, date, beyond);
    pacs_sql_value(sql, day);
    pacs_buf_printf(&sql->text, " AND (%s.%s %s ", a, date, beyond);
    pacs_sql_value(sql, day);
    pacs_buf_printf(&sql->text, " OR %s.%s = '' OR ", a, time);
    put_time(sql, a, time);
    pacs_buf_printf(&sql->text, " %s= ", beyond);
    pacs_sql_value(sql, at);
    pacs_sql_put(sql, ")");
}


void
pacs_sql_moment(pacs_sql_t *sql, const char *a, const char *date,
    const pacs_wanted_t *d, const char *time, const pacs_wanted_t *t)
{
    pacs_sql_column(sql, a, date, " > ''");
    if (d->low.len != 0) {
        put_end(sql, a, date, d->low, time, t->low, ">");
    }
    if (d->high.len != 0) {
        put_end(sql, a, date, d->high, time, t->high, "<");
    }
}


static void
cond_when(pacs_sql_t *sql, const char *a, const pacs_attr_t *attr,
    const pacs_matching_t *m, bool fuzzy)
{
    for (unsigned k = 0; k < m->n; k++) {
        const pacs_wanted_t  *w = &m->wanted[k];
        const pacs_str_t      ends[] = { w->low, w->high };

        put_or(sql, k);
        pacs_sql_put(sql, "(");
        pacs_sql_column(sql, a, attr->column, " > ''");
        for (int i = 0; i < 2; i++) {
            if (ends[i].len != 0) {
                pacs_buf_printf(&sql->text, " AND %s(%s.%s) %s ",
                                sql->dialect->when, a, attr->column,
                                i == 0 ? ">=" : "<=");
                pacs_sql_value(sql, ends[i]);
            }
        }
        pacs_sql_put(sql, ")");
    }
}


static void
cond_number(pacs_sql_t *sql, const char *a, const pacs_attr_t *attr,
    const pacs_matching_t *m, bool fuzzy)
{
    for (unsigned k = 0; k < m->n; k++) {
        put_or(sql, k);
        pacs_sql_put(sql, "(");
        pacs_sql_column(sql, a, attr->column, " > '' AND CAST(");
        pacs_sql_column(sql, a, attr->column, " AS REAL) = ");
        pacs_sql_number(sql, m->wanted[k].number);
        pacs_sql_put(sql, ")");
    }
}


const pacs_sql_cond_pt  pacs_sql_conds[] = {
    [PACS_MATCH_TEXT] = cond_text, [PACS_MATCH_NAME] = cond_name,
    [PACS_MATCH_UID] = cond_text, [PACS_MATCH_DATE] = cond_date,
    [PACS_MATCH_TIME] = cond_time, [PACS_MATCH_NUMBER] = cond_number,
    [PACS_MATCH_LIST] = cond_text, [PACS_MATCH_MULTI] = cond_multi,
    [PACS_MATCH_WHEN] = cond_when
};
