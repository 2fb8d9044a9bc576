/* SPDX-License-Identifier: BSD-2-Clause */

#include <string.h>

#include "index/rank.h"

enum { RECORD_METADATA = 24, RECORD_VALUES };   /* columns, see statements.c */


static pacs_str_t
copy(sqlite3_stmt *st, int at, pacs_arena_t *a)
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
        .study = copy(st, 0, a), .series = copy(st, 1, a),
        .instance = copy(st, 2, a), .class_uid = copy(st, 3, a),
        .syntax_uid = copy(st, 4, a), .key = copy(st, 5, a),
        .size = (uint64_t) sqlite3_column_int64(st, 6),
        .start = (uint64_t) sqlite3_column_int64(st, 7),
        .received_us = sqlite3_column_int64(st, 8),
        .source = copy(st, 9, a),
        .revision = sqlite3_column_int64(st, 21),
        .frames = copy(st, 22, a), .look = copy(st, 23, a),
        .metadata = copy(st, RECORD_METADATA, a)
    };
    read_pixels(st, 10, &r->pixels);
}


/* the attributes of a level and above, from column `at` on; arena NULL: they
 * live until the next step */
static void
read_values(sqlite3_stmt *st, int at, unsigned level, pacs_arena_t *a,
    pacs_str_t *values)
{
    for (unsigned i = 0; i < pacs_nattrs; i++) {
        if (pacs_attr_read(&pacs_attrs[i], level)) {
            values[i] = a != NULL ? copy(st, at, a)
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
            read_values(st, RECORD_VALUES, PACS_LEVEL_INSTANCE, a, values);
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


/* --- queries --- */


static void
bind_params(sqlite3_stmt *st, const pacs_sql_t *sql)
{
    for (unsigned i = 0; i < sql->n; i++) {
        const pacs_param_value_t  *p = &sql->params[i];

        if (p->text.data != NULL) {
            pacs_sqlite_bind(st, (int) i + 1, p->text);
        } else if (p->rank != 0) {
            sqlite3_bind_int64(st, (int) i + 1, p->rank);
        } else if (p->number == (double) (int64_t) p->number) {
            sqlite3_bind_int64(st, (int) i + 1, (int64_t) p->number);
        } else {
            sqlite3_bind_double(st, (int) i + 1, p->number);
        }
    }
}


static sqlite3_stmt *
prepare(pacs_conn_t *c, const pacs_sql_t *sql, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_text(c, (pacs_str_t) { sql->text.data,
                                         sql->text.len }, err);

    if (st != NULL) {
        bind_params(st, sql);
    }
    return st;
}


/* the number that a statement says; without a row it stays as it is */
static int
one_number(pacs_conn_t *c, pacs_sql_t *sql, int64_t *number, pacs_err_t *err)
{
    sqlite3_stmt  *st = prepare(c, sql, err);
    int            rc = st != NULL ? sqlite3_step(st) : SQLITE_ERROR;
    int            code = rc == SQLITE_ROW || rc == SQLITE_DONE
                          ? PACS_OK : pacs_sqlite_fail(c, err);

    if (rc == SQLITE_ROW) {
        *number = sqlite3_column_int64(st, 0);
    }
    sqlite3_reset(st);
    return code;
}


static int
probe(pacs_conn_t *c, const pacs_driver_t *driver,
    const pacs_limits_t *limits, pacs_arena_t *a, int64_t *rows,
    pacs_err_t *err)
{
    pacs_sql_t  sql;

    *rows = 0;
    if (driver->unique) {
        return PACS_OK;
    }

    pacs_sql_init(&sql, &pacs_sqlite_dialect, limits, a, err);

    int  code = pacs_sql_probe(&sql, driver);

    if (code == PACS_OK) {
        code = one_number(c, &sql, rows, err);
    }
    pacs_sql_free(&sql);
    return code;
}


/* the key that finds the fewest rows, but for what is ranked by; *best NULL:
 * each finds too many */
static int
choose_driver(pacs_conn_t *c, const pacs_query_t *q,
    const pacs_ranked_t *ranked, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_driver_t *drivers, const pacs_driver_t **best,
    pacs_err_t *err)
{
    unsigned  n = pacs_sql_drivers(q, drivers, limits, a);
    int64_t   fewest = PACS_DRIVER_FEW + 1, rows;

    *best = NULL;
    for (unsigned i = 0; i < n && fewest > 0; i++) {
        if (ranked != NULL && drivers[i].term == ranked->term) {
            continue;
        }

        int  code = probe(c, &drivers[i], limits, a, &rows, err);

        if (code != PACS_OK) {
            return code;
        }
        if (rows < fewest) {
            fewest = rows;
            *best = &drivers[i];
        }
    }
    return PACS_OK;
}


/* the studies of the page's rows and those before, to the end of the page's
 * last day */
static int
collect(sqlite3_stmt *st, uint64_t rows, pacs_buf_t *ids)
{
    int64_t  rank, last = -1, end = 0;
    int      rc;

    pacs_buf_char(ids, '[');
    for (uint64_t n = 1; (rc = sqlite3_step(st)) == SQLITE_ROW; n++) {
        rank = sqlite3_column_int64(st, 0);
        if (n > rows && rank > end) {
            return SQLITE_DONE;
        }
        if (n == rows) {
            end = rank | PACS_RANK_IDS;
        }
        if (rank != last) {
            pacs_buf_printf(ids, "%s%lld", last != -1 ? "," : "",
                            (long long) (rank & PACS_RANK_IDS));
        }
        last = rank;
    }
    return rc;
}


static int
read_ranks(pacs_conn_t *c, const pacs_query_t *q,
    const pacs_limits_t *limits, pacs_arena_t *a, uint32_t limit,
    pacs_ranked_t *r, pacs_err_t *err)
{
    pacs_buf_t  ids = { 0 };
    pacs_sql_t  sql;

    pacs_sql_init(&sql, &pacs_sqlite_dialect, limits, a, err);

    int            code = pacs_sql_ranks(&sql, q, r);
    sqlite3_stmt  *st = code == PACS_OK ? prepare(c, &sql, err) : NULL;

    if (code == PACS_OK
        && (st == NULL || collect(st, (uint64_t) q->offset + limit + 1, &ids)
                          != SQLITE_DONE))
    {
        code = pacs_sqlite_fail(c, err);
    }
    sqlite3_reset(st);
    pacs_sql_free(&sql);

    pacs_buf_char(&ids, ']');
    r->ids = pacs_buf_take(&ids, a);
    return code != PACS_OK || r->ids.data != NULL
           ? code : pacs_fail(err, PACS_E_NOMEM, "out of memory");
}


/* driver or ranked is NULL, or both are: all studies are walked */
static int
plan(pacs_conn_t *c, const pacs_query_t *q, const pacs_limits_t *limits,
    pacs_arena_t *a, uint32_t limit, pacs_driver_t *drivers,
    const pacs_driver_t **driver, pacs_ranked_t *r,
    const pacs_ranked_t **ranked, pacs_err_t *err)
{
    *ranked = pacs_sql_ranked(q, limits, a, r) ? r : NULL;

    int  code = choose_driver(c, q, *ranked, limits, a, drivers, driver, err);

    if (*driver != NULL) {
        *ranked = NULL;
    }
    return code == PACS_OK && *ranked != NULL
           ? read_ranks(c, q, limits, a, limit, r, err) : code;
}


static int
read_rows(sqlite3_stmt *st, pacs_level_e level, uint32_t limit,
    pacs_arena_t *a, int (*fn)(void *ctx, const pacs_row_t *row), void *ctx,
    bool *more, int *rc, pacs_err_t *err)
{
    int  study = pacs_attr_find(0x0020000d, 0);
    int  series = pacs_attr_find(0x0020000e, 0);
    int  instance = pacs_attr_find(0x00080018, 0);
    int  code = PACS_OK;

    pacs_str_t  *values = pacs_calloc(a, pacs_nattrs, sizeof(*values));

    if (values == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    for (uint32_t n = 0; (*rc = sqlite3_step(st)) == SQLITE_ROW; n++) {
        if (n == limit) {
            *more = true;
            *rc = SQLITE_DONE;
            break;
        }

        read_values(st, 1, level, NULL, values);

        pacs_row_t   row = { values[study], values[series], values[instance],
                             values, sqlite3_column_int64(st, 0) };

        code = fn(ctx, &row);
        if (code != PACS_OK) {
            break;
        }
    }
    return code;
}


static int
latest(pacs_sqlite_t *ix, pacs_conn_t *c, int64_t *upto, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, c, PACS_Q_LATEST, err);
    int            rc = st == NULL ? SQLITE_ERROR : sqlite3_step(st);

    for (int i = 0; rc == SQLITE_ROW && i <= PACS_LEVEL_INSTANCE; i++) {
        upto[i] = sqlite3_column_int64(st, i);
    }
    sqlite3_reset(st);
    return rc == SQLITE_ROW ? PACS_OK : pacs_sqlite_fail(c, err);
}


static int
query(pacs_conn_t *c, const pacs_query_t *q, const pacs_limits_t *limits,
    pacs_arena_t *a, int (*fn)(void *ctx, const pacs_row_t *row), void *ctx,
    bool *more, pacs_err_t *err)
{
    uint32_t              most = (uint32_t) limits->query_rows;
    uint32_t              limit = q->limit == 0 || q->limit > most ? most
                                                                   : q->limit;
    pacs_driver_t         drivers[PACS_DRIVERS];
    const pacs_driver_t  *driver;
    pacs_ranked_t         r;
    const pacs_ranked_t  *ranked;
    pacs_sql_t            sql;
    int                   rc = SQLITE_DONE;
    int                   code = plan(c, q, limits, a, limit, drivers,
                                      &driver, &r, &ranked, err);

    if (code != PACS_OK) {
        return code;
    }

    pacs_sql_init(&sql, &pacs_sqlite_dialect, limits, a, err);
    code = pacs_sql_query(&sql, q, driver, ranked, limit + 1);

    sqlite3_stmt  *st = code == PACS_OK ? prepare(c, &sql, err) : NULL;

    if (st != NULL) {
        code = read_rows(st, q->level, limit, a, fn, ctx, more, &rc, err);
    }
    if (code == PACS_OK && (st == NULL || rc != SQLITE_DONE)) {
        code = pacs_sqlite_fail(c, err);
    }

    sqlite3_reset(st);
    pacs_sql_free(&sql);
    return code;
}


int
pacs_sqlite_query(pacs_index_t *base, const pacs_query_t *q,
    const pacs_limits_t *limits, pacs_arena_t *a,
    int (*fn)(void *ctx, const pacs_row_t *row), void *ctx, bool *more,
    pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    pacs_conn_t    *c;
    bool            unused;
    pacs_err_t      first = { 0 };
    pacs_deadline_t deadline;
    int             code = pacs_sqlite_enter(ix, &c, err);

    if (code != PACS_OK) {
        return code;
    }

    more = more != NULL ? more : &unused;
    *more = false;

    pacs_sqlite_bound(ix, c, limits, &deadline);
    if (q->upto != NULL && q->upto[0] == -1) {
        code = latest(ix, c, q->upto, &first);
    }
    if (code == PACS_OK) {
        code = query(c, q, limits, a, fn, ctx, more, &first);
    }
    code = pacs_sqlite_unbound(c, limits, &deadline, code, &first);
    pacs_sqlite_leave(ix, c);
    return first.code == PACS_OK ? code
                                 : pacs_fail(err, code, "%s", first.text);
}


/* --- the rest --- */


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
        *metadata = copy(st, 0, a);
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


int
pacs_sqlite_conflicts(pacs_index_t *base, pacs_arena_t *a,
    int (*fn)(void *ctx, const pacs_conflict_t *c), void *ctx,
    pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    pacs_conn_t    *c;
    int             rc = SQLITE_ERROR, code = pacs_sqlite_enter(ix, &c, err);

    if (code != PACS_OK) {
        return code;
    }

    sqlite3_stmt  *st = pacs_sqlite_text(c, pacs_lit(
        "SELECT study, series, instance, kept, other, time_us, source"
        " FROM conflict ORDER BY id"), err);

    while (code == PACS_OK && st != NULL
           && (rc = sqlite3_step(st)) == SQLITE_ROW)
    {
        pacs_conflict_t  found = {
            copy(st, 0, a), copy(st, 1, a), copy(st, 2, a), copy(st, 3, a),
            copy(st, 4, a), sqlite3_column_int64(st, 5), copy(st, 6, a)
        };

        code = fn(ctx, &found);
    }
    if (code == PACS_OK && rc != SQLITE_DONE) {
        code = pacs_sqlite_fail(c, err);
    }

    sqlite3_reset(st);
    pacs_sqlite_leave(ix, c);
    return code;
}


int
pacs_sqlite_arrivals(pacs_index_t *base, int64_t since, int64_t received_us,
    unsigned studies, int (*fn)(void *ctx, const pacs_arrival_t *a),
    void *ctx, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    pacs_conn_t    *c;
    int             rc = SQLITE_ERROR, code = pacs_sqlite_enter(ix, &c, err);

    if (code != PACS_OK) {
        return code;
    }

    sqlite3_stmt  *st = pacs_sqlite_text(c, pacs_lit(
        "SELECT s.uid, e.uid, e.modality, s.revision, min(i.received_us),"
        " max(i.received_us), count(*) FROM (SELECT id, uid, revision"
        " FROM study WHERE revision > ?1 AND received_us > ?2"
        " ORDER BY revision LIMIT ?3) s"
        " CROSS JOIN series e ON e.study = s.id"
        " CROSS JOIN instance i ON i.series = e.id"
        " GROUP BY e.id ORDER BY 5, e.id"), err);

    if (st != NULL) {
        sqlite3_bind_int64(st, 1, since);
        sqlite3_bind_int64(st, 2, received_us);
        sqlite3_bind_int64(st, 3, studies);
    }

    while (code == PACS_OK && st != NULL
           && (rc = sqlite3_step(st)) == SQLITE_ROW)
    {
        pacs_arrival_t  a = {
            pacs_sqlite_column(st, 0), pacs_sqlite_column(st, 1),
            pacs_sqlite_column(st, 2), sqlite3_column_int64(st, 3),
            sqlite3_column_int64(st, 4), sqlite3_column_int64(st, 5),
            sqlite3_column_int64(st, 6)
        };

        code = fn(ctx, &a);
    }
    if (code == PACS_OK && rc != SQLITE_DONE) {
        code = pacs_sqlite_fail(c, err);
    }

    sqlite3_reset(st);
    pacs_sqlite_leave(ix, c);
    return code;
}


int
pacs_sqlite_stats(pacs_index_t *base, pacs_index_stats_t *stats,
    pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    pacs_conn_t    *c;
    int             code = pacs_sqlite_enter(ix, &c, err);

    if (code != PACS_OK) {
        return code;
    }

    sqlite3_stmt  *st = pacs_sqlite_text(c, pacs_lit(
        "SELECT patients, studies, series, instances, bytes,"
        " (SELECT count(*) FROM conflict), user_version"
        " FROM totals, pragma_user_version"), err);

    if (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
        uint64_t  v[6];

        for (int i = 0; i < 6; i++) {
            v[i] = (uint64_t) sqlite3_column_int64(st, i);
        }
        *stats = (pacs_index_stats_t) { v[0], v[1], v[2], v[3], v[4], v[5],
                                        sqlite3_column_int64(st, 6) };
    } else {
        code = pacs_sqlite_fail(c, err);
    }

    sqlite3_reset(st);
    pacs_sqlite_leave(ix, c);
    return code;
}


/* SQLite's own check, then ours: counters against rows */
static const char *const  checks[] = {
    "PRAGMA integrity_check(20)",
    "SELECT 'the totals are wrong' FROM totals WHERE"
    " studies <> (SELECT count(*) FROM study)"
    " OR series <> (SELECT count(*) FROM series)"
    " OR patients <> (SELECT count(*) FROM patient)"
    " OR instances <> (SELECT count(*) FROM instance)"
    " OR bytes <> (SELECT coalesce(sum(size), 0) FROM instance)",
    "SELECT 'study ' || uid || ': wrong counts' FROM study s WHERE"
    " nseries <> (SELECT count(*) FROM series WHERE study = s.id)"
    " OR ninstances <> (SELECT coalesce(sum(ninstances), 0) FROM series"
    " WHERE study = s.id) LIMIT 20",
    "SELECT 'series ' || uid || ': wrong count' FROM series e WHERE"
    " ninstances <> (SELECT count(*) FROM instance WHERE series = e.id)"
    " LIMIT 20",
    "SELECT 'instance ' || uid || ': without its data' FROM instance i"
    " WHERE NOT EXISTS (SELECT 1 FROM instance_data WHERE id = i.id)"
    " LIMIT 20",
    "SELECT 'the modalities of studies are wrong' WHERE EXISTS ("
    PACS_RANK_MODALITIES " EXCEPT SELECT modality, rank FROM study_modality)"
    " OR EXISTS (SELECT modality, rank FROM study_modality EXCEPT "
    PACS_RANK_MODALITIES ")"
};


static int
run_check(pacs_conn_t *c, const char *sql, pacs_buf_t *out, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_text(c, pacs_cstr(sql), err);
    int            rc = SQLITE_ERROR;

    while (st != NULL && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        pacs_str_t  line = pacs_sqlite_column(st, 0);

        if (!pacs_str_is(line, "ok")) {
            pacs_buf_text(out, out->len != 0 ? "; " : "");
            pacs_buf_str(out, line);
        }
    }

    sqlite3_reset(st);
    return rc == SQLITE_DONE ? PACS_OK : pacs_sqlite_fail(c, err);
}


int
pacs_sqlite_check(pacs_index_t *base, pacs_arena_t *a, pacs_str_t *result,
    pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    pacs_conn_t    *c;
    pacs_buf_t      out = { .max = 65536 };
    int             code = pacs_sqlite_enter(ix, &c, err);

    if (code != PACS_OK) {
        return code;
    }

    for (unsigned i = 0;
         code == PACS_OK && i < sizeof(checks) / sizeof(checks[0]);
         i++)
    {
        code = run_check(c, checks[i], &out, err);
    }
    pacs_sqlite_leave(ix, c);

    if (out.len == 0) {
        pacs_buf_text(&out, "ok");
    }
    *result = pacs_buf_take(&out, a);
    return code;
}
