/* SPDX-License-Identifier: BSD-2-Clause */

#include <string.h>

#include "index/row.h"

enum { VALUE_MAX = 4096 };      /* bytes of a column */


pacs_str_t
pacs_row_clamp(pacs_str_t s)
{
    const char  *nul = s.len != 0 ? memchr(s.data, '\0', s.len) : NULL;

    if (nul != NULL) {
        s.len = (size_t) (nul - s.data);
    }
    if (s.len > VALUE_MAX) {
        s.len = VALUE_MAX;
        while (s.len != 0 && ((unsigned char) s.data[s.len] & 0xc0) == 0x80) {
            s.len--;
        }
    }
    return s;
}


pacs_str_t
pacs_row_value(const pacs_str_t *values, int attr)
{
    return values != NULL ? pacs_row_clamp(values[attr]) : pacs_null;
}


/* SQLite takes a copy: the folded text is short-lived */
static int
bind_column(sqlite3_stmt *st, int at, const pacs_column_t *c,
    const pacs_str_t *values, pacs_arena_t *a)
{
    pacs_str_t  value = pacs_row_value(values, c->attr), first, rest;

    if (c->part == PACS_C_VALUE || value.len == 0) {
        pacs_sqlite_bind(st, at, value);
        return PACS_OK;
    }

    value = pacs_name_fold(value, a);
    if (value.data == NULL) {
        return PACS_E_NOMEM;
    }

    pacs_name_groups(value, &first, &rest);
    if (c->part == PACS_C_REST) {
        first = rest;
    } else if (c->part == PACS_C_WORDS) {
        first = pacs_name_words(value, a);
    }
    sqlite3_bind_text64(st, at, first.data, first.len, SQLITE_TRANSIENT,
                        SQLITE_UTF8);
    return PACS_OK;
}


static int
bind_columns(sqlite3_stmt *st, int at, const pacs_columns_t *cs,
    const bool *set, const pacs_str_t *values, int *next, pacs_err_t *err)
{
    pacs_arena_t  *a = pacs_arena_create(0);
    int            code = a == NULL ? PACS_E_NOMEM : PACS_OK;

    for (unsigned i = 0; code == PACS_OK && i < cs->n; i++) {
        if (set == NULL || set[cs->c[i].attr]) {
            code = bind_column(st, at++, &cs->c[i], values, a);
        }
    }

    pacs_arena_destroy(a);
    *next = at;
    return code == PACS_OK ? PACS_OK : pacs_fail(err, code, "out of memory");
}


int
pacs_sqlite_update(pacs_sqlite_t *ix, const char *table,
    const pacs_columns_t *cs, const bool *set, const pacs_str_t *values,
    int64_t id, pacs_err_t *err)
{
    pacs_buf_t  sql = { 0 };
    bool        any = false;
    int         at;

    pacs_buf_printf(&sql, "UPDATE %s SET ", table);
    for (unsigned i = 0; i < cs->n; i++) {
        if (set[cs->c[i].attr]) {
            pacs_buf_printf(&sql, "%s%s = ?", any ? ", " : "", cs->c[i].name);
            any = true;
        }
    }
    pacs_buf_text(&sql, " WHERE id = ?");

    sqlite3_stmt  *st = !any || sql.failed ? NULL
        : pacs_sqlite_text(&ix->writer, (pacs_str_t) { sql.data, sql.len },
                           err);
    int            code = !any ? PACS_OK : st == NULL
        ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
        : bind_columns(st, 1, cs, set, values, &at, err);

    if (any && code == PACS_OK) {
        sqlite3_bind_int64(st, at, id);
        code = pacs_sqlite_run(&ix->writer, st, err);
    }

    pacs_buf_free(&sql);
    return code;
}


int
pacs_row_read(pacs_sqlite_t *ix, sqlite3_stmt *st, const pacs_columns_t *cs,
    pacs_parent_t *p, pacs_err_t *err)
{
    int  rc = sqlite3_step(st);

    if (rc == SQLITE_ROW) {
        *p = (pacs_parent_t) { .id = sqlite3_column_int64(st, 0),
                          .patient = sqlite3_column_int64(st, 1),
                          .corrected = sqlite3_column_int(st, 2) != 0 };
        for (unsigned i = 0; i < cs->n; i++) {
            if (cs->c[i].part == PACS_C_VALUE) {
                p->empty[cs->c[i].attr] =
                    sqlite3_column_bytes(st, 3 + (int) i) == 0;
            }
        }
    }

    int  code = rc == SQLITE_ROW ? PACS_OK : rc == SQLITE_DONE
                ? PACS_E_NOT_FOUND : pacs_sqlite_fail(&ix->writer, err);

    sqlite3_reset(st);
    return code;
}


bool
pacs_row_to_fill(const pacs_columns_t *cs, const pacs_parent_t *p,
    const pacs_str_t *values, bool *set)
{
    bool  any = false;

    memset(set, 0, sizeof(p->empty));
    for (unsigned i = 0; i < cs->n; i++) {
        int  attr = cs->c[i].attr;

        if (p->empty[attr] && pacs_row_value(values, attr).len != 0) {
            set[attr] = any = true;
        }
    }
    return any;
}


/* what was corrected to be empty stays so */
static int
keep_corrected(pacs_sqlite_t *ix, const pacs_columns_t *cs, bool *set,
    pacs_str_t study, pacs_str_t series, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, &ix->writer, PACS_Q_CORRECTED,
                                          err);

    if (st == NULL) {
        return PACS_E_IO;
    }

    for (unsigned i = 0; i < cs->n; i++) {
        int  attr = cs->c[i].attr;

        if (!set[attr]) {
            continue;
        }
        pacs_sqlite_bind(st, 1, study);
        pacs_sqlite_bind(st, 2, series);
        pacs_sqlite_bind(st, 3, pacs_cstr(pacs_attrs[attr].keyword));

        int  rc = sqlite3_step(st);

        sqlite3_reset(st);
        if (rc == SQLITE_ROW) {
            set[attr] = false;
        } else if (rc != SQLITE_DONE) {
            return pacs_sqlite_fail(&ix->writer, err);
        }
    }
    return PACS_OK;
}


int
pacs_row_fill_in(pacs_sqlite_t *ix, const char *table, const pacs_columns_t *cs,
    const pacs_parent_t *p, const pacs_record_t *r, bool is_series, bool *set,
    pacs_err_t *err)
{
    if (!pacs_row_to_fill(cs, p, r->values, set)) {
        return PACS_OK;
    }

    int  code = !p->corrected ? PACS_OK
                : keep_corrected(ix, cs, set, r->study,
                                 is_series ? r->series : pacs_null, err);

    return code != PACS_OK ? code
           : pacs_sqlite_update(ix, table, cs, set, r->values, p->id, err);
}


int64_t
pacs_row_id(pacs_sqlite_t *ix)
{
    return sqlite3_last_insert_rowid(ix->writer.db);
}


int
pacs_row_insert(pacs_sqlite_t *ix, sqlite3_stmt *st, int at,
    pacs_level_e level, const pacs_str_t *values, pacs_err_t *err)
{
    int  code = bind_columns(st, at, &ix->columns[level], NULL, values, &at,
                             err);

    if (code == PACS_OK) {
        code = pacs_sqlite_run(&ix->writer, st, err);
    }
    sqlite3_clear_bindings(st);
    return code;
}
