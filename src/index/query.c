/* SPDX-License-Identifier: BSD-2-Clause */

/* A search: its driver is chosen, its ranks are read, its rows follow. */

#include <string.h>

#include "index/rank.h"


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

        pacs_sqlite_values(st, 1, level, NULL, values);

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
