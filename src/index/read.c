/* SPDX-License-Identifier: BSD-2-Clause */

/* Records as they were put, and what is known of them. */

#include "index/sqlite.h"

enum { RECORD_METADATA = 24, RECORD_VALUES };   /* columns, see statements.c */


pacs_str_t
pacs_sqlite_copy(sqlite3_stmt *st, int at, pacs_arena_t *a)
{
    pacs_str_t  s = pacs_sqlite_column(st, at);

    return s.len == 0 ? pacs_null : pacs_str_copy(a, s);
}


static void
read_pixels(sqlite3_stmt *st, int at, pacs_pixels_t *px)
{
    int64_t  v[11];

    for (int i = 0; i < 11; i++) {
        v[i] = sqlite3_column_int64(st, at + i);
    }

    *px = (pacs_pixels_t) {
        .rows = (uint32_t) v[0], .columns = (uint32_t) v[1],
        .frames = (uint32_t) v[2], .samples = (uint16_t) v[3],
        .allocated = (uint16_t) v[4], .stored = (uint16_t) v[5],
        .high_bit = (uint16_t) v[6], .is_signed = (uint8_t) v[7],
        .planar = (uint8_t) v[8], .is_float = (uint8_t) v[9],
        .photometric = (uint8_t) v[10]
    };
}


static void
read_record(sqlite3_stmt *st, pacs_arena_t *a, pacs_record_t *r)
{
    *r = (pacs_record_t) {
        .study = pacs_sqlite_copy(st, 0, a),
        .series = pacs_sqlite_copy(st, 1, a),
        .instance = pacs_sqlite_copy(st, 2, a),
        .class_uid = pacs_sqlite_copy(st, 3, a),
        .syntax_uid = pacs_sqlite_copy(st, 4, a),
        .key = pacs_sqlite_copy(st, 5, a),
        .size = (uint64_t) sqlite3_column_int64(st, 6),
        .start = (uint64_t) sqlite3_column_int64(st, 7),
        .received_us = sqlite3_column_int64(st, 8),
        .source = pacs_sqlite_copy(st, 9, a),
        .revision = sqlite3_column_int64(st, 21),
        .frames = pacs_sqlite_copy(st, 22, a),
        .look = pacs_sqlite_copy(st, 23, a),
        .metadata = pacs_sqlite_copy(st, RECORD_METADATA, a)
    };
    read_pixels(st, 10, &r->pixels);
}


void
pacs_sqlite_values(sqlite3_stmt *st, int at, unsigned level, pacs_arena_t *a,
    pacs_str_t *values)
{
    for (unsigned i = 0; i < pacs_nattrs; i++) {
        if (pacs_attr_read(&pacs_attrs[i], level)) {
            values[i] = a != NULL ? pacs_sqlite_copy(st, at, a)
                                  : pacs_sqlite_column(st, at);
            at++;
        }
    }
}


int
pacs_sqlite_get(pacs_index_t *base, pacs_str_t study, pacs_str_t series,
    pacs_str_t instance, bool want_metadata, pacs_arena_t *a,
    pacs_record_t *record, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    pacs_conn_t    *c;
    int             code = pacs_sqlite_enter(ix, &c, err);

    if (code != PACS_OK) {
        return code;
    }

    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, c, want_metadata
                            ? PACS_Q_GET_METADATA : PACS_Q_GET, err);
    int            rc = SQLITE_ERROR;

    if (st != NULL) {
        pacs_sqlite_bind(st, 1, instance);
        rc = sqlite3_step(st);
    }

    if (rc == SQLITE_ROW
        && (study.len == 0
            || pacs_str_eq(pacs_sqlite_column(st, 0), study))
        && (series.len == 0
            || pacs_str_eq(pacs_sqlite_column(st, 1), series)))
    {
        pacs_str_t  *values = pacs_calloc(a, pacs_nattrs, sizeof(*values));

        read_record(st, a, record);
        record->values = values;
        if (values != NULL) {
            pacs_sqlite_values(st, RECORD_VALUES, PACS_LEVEL_INSTANCE, a,
                               values);
        } else {
            code = pacs_fail(err, PACS_E_NOMEM, "out of memory");
        }

    } else if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
        code = pacs_fail(err, PACS_E_NOT_FOUND, "no instance %.*s",
                         pacs_fmt(instance));
    } else {
        code = pacs_sqlite_fail(c, err);
    }

    sqlite3_reset(st);
    pacs_sqlite_leave(ix, c);
    return code;
}


/* of a study or series in its order; of all in that of the indexes */
static sqlite3_stmt *
each_statement(pacs_conn_t *c, pacs_str_t study, pacs_str_t series,
    bool metadata, pacs_arena_t *a, pacs_err_t *err)
{
    pacs_str_t  text = pacs_sprintf(a, "SELECT %s%s FROM study s"
        " CROSS JOIN series e ON e.study = s.id"
        " CROSS JOIN instance i ON i.series = e.id"
        " CROSS JOIN instance_data d ON d.id = i.id%s%s%s",
        pacs_sqlite_record, metadata ? "d.metadata" : "''",
        study.len != 0 ? " WHERE s.uid = ?1" : "",
        series.len != 0 ? " AND e.uid = ?2" : "",
        study.len != 0 ? " ORDER BY e.uid,"
            " CAST(i.instance_number AS INTEGER), i.uid" : "");

    if (text.data == NULL) {
        pacs_fail(err, PACS_E_NOMEM, "out of memory");
        return NULL;
    }

    sqlite3_stmt  *st = pacs_sqlite_text(c, text, err);

    if (st != NULL && study.len != 0) {
        pacs_sqlite_bind(st, 1, study);
        if (series.len != 0) {
            pacs_sqlite_bind(st, 2, series);
        }
    }
    return st;
}


/* one record; own: its strings live no longer than this */
static int
each_record(sqlite3_stmt *st, pacs_arena_t *a, bool own,
    int (*fn)(void *ctx, const pacs_record_t *r), void *ctx, pacs_err_t *err)
{
    pacs_arena_t   *mine = own ? pacs_arena_create(0) : a;
    pacs_record_t   record = { 0 };

    if (mine != NULL) {
        read_record(st, mine, &record);
    }

    int  code = record.instance.data == NULL
                ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                : fn(ctx, &record);

    if (own) {
        pacs_arena_destroy(mine);
    }
    return code;
}


int
pacs_sqlite_each(pacs_index_t *base, pacs_str_t study, pacs_str_t series,
    bool want_metadata, pacs_arena_t *a,
    int (*fn)(void *ctx, const pacs_record_t *r), void *ctx, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    pacs_conn_t    *c;
    bool            all = study.len == 0, any = all;
    int             rc = SQLITE_ERROR, code = pacs_sqlite_enter(ix, &c, err);

    if (code != PACS_OK) {
        return code;
    }

    sqlite3_stmt  *st = each_statement(c, study, all ? pacs_null : series,
                                       want_metadata, a, err);

    while (st != NULL && code == PACS_OK
           && (rc = sqlite3_step(st)) == SQLITE_ROW)
    {
        any = true;
        code = each_record(st, a, all, fn, ctx, err);
    }

    if (code == PACS_OK) {
        code = rc != SQLITE_DONE ? pacs_sqlite_fail(c, err) : any ? PACS_OK
               : pacs_fail(err, PACS_E_NOT_FOUND, "no study or series");
    }

    sqlite3_reset(st);
    pacs_sqlite_leave(ix, c);
    return code;
}


static int
is_deleted(pacs_sqlite_t *ix, pacs_conn_t *c, const pacs_str_t uids[3],
    pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, c, PACS_Q_IS_DELETED, err);

    if (st == NULL) {
        return PACS_E_IO;
    }

    for (int i = 0; i < 3; i++) {
        pacs_sqlite_bind(st, i + 1, uids[i]);
    }

    int  rc = sqlite3_step(st);

    sqlite3_reset(st);
    return rc == SQLITE_ROW
           ? pacs_fail(err, PACS_E_GONE, "study %.*s: what was asked for was"
                       " deleted", pacs_fmt(uids[0]))
           : rc == SQLITE_DONE
           ? pacs_fail(err, PACS_E_NOT_FOUND, "study %.*s: no such study,"
                       " series or instance", pacs_fmt(uids[0]))
           : pacs_sqlite_fail(c, err);
}


int
pacs_sqlite_speaker(pacs_index_t *base, pacs_str_t study, pacs_str_t series,
    pacs_arena_t *a, pacs_str_t *metadata, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    pacs_conn_t    *c;
    int             rc = SQLITE_ERROR, code = pacs_sqlite_enter(ix, &c, err);

    if (code != PACS_OK) {
        return code;
    }

    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, c, PACS_Q_SPEAKER, err);

    if (st != NULL) {
        pacs_sqlite_bind(st, 1, study);
        pacs_sqlite_bind(st, 2, series);
        rc = sqlite3_step(st);
    }
    if (rc == SQLITE_ROW) {
        *metadata = pacs_sqlite_copy(st, 0, a);
    }

    code = rc == SQLITE_ROW ? PACS_OK : rc == SQLITE_DONE
           ? pacs_fail(err, PACS_E_NOT_FOUND, "no such study or series")
           : pacs_sqlite_fail(c, err);
    sqlite3_reset(st);
    pacs_sqlite_leave(ix, c);
    return code;
}


int
pacs_sqlite_revision(pacs_index_t *base, pacs_str_t study, pacs_str_t series,
    pacs_str_t instance, int64_t *revision, pacs_err_t *err)
{
    pacs_sqlite_t    *ix = (pacs_sqlite_t *) base;
    const pacs_str_t  uids[3] = { study, series, instance };
    pacs_fixed_e      q = instance.len != 0 ? PACS_Q_REVISION_INSTANCE
                          : series.len != 0 ? PACS_Q_REVISION_SERIES
                          : study.len != 0 ? PACS_Q_REVISION_STUDY
                                           : PACS_Q_REVISION_ALL;
    pacs_conn_t      *c;
    int               rc, code = pacs_sqlite_enter(ix, &c, err);

    if (code != PACS_OK) {
        return code;
    }

    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, c, q, err);

    for (int i = 0; st != NULL && i < sqlite3_bind_parameter_count(st); i++) {
        pacs_sqlite_bind(st, i + 1, uids[i]);
    }

    rc = st == NULL ? SQLITE_ERROR : sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        *revision = sqlite3_column_int64(st, 0);
    }
    sqlite3_reset(st);

    code = rc == SQLITE_ROW ? PACS_OK
           : rc == SQLITE_DONE ? is_deleted(ix, c, uids, err)
           : pacs_sqlite_fail(c, err);
    pacs_sqlite_leave(ix, c);
    return code;
}
