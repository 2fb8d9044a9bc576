/* SPDX-License-Identifier: BSD-2-Clause */

#include "bulk.h"
#include "index/rank.h"
#include "index/row.h"

#define LATER                                                                 \
    " FROM sqlite_master WHERE type IN ('index', 'trigger')"                  \
    " AND sql IS NOT NULL AND tbl_name IN"                                    \
    " ('patient', 'study', 'series', 'instance')"


/* runs what a query says, joined */
static int
run_each(pacs_conn_t *c, const char *query, pacs_err_t *err)
{
    sqlite3_stmt  *st;
    pacs_buf_t     sql = { 0 };
    int            code = PACS_OK;

    if (sqlite3_prepare_v2(c->db, query, -1, &st, NULL) != SQLITE_OK) {
        return pacs_sqlite_fail(c, err);
    }

    while (sqlite3_step(st) == SQLITE_ROW) {
        pacs_buf_str(&sql, pacs_sqlite_column(st, 0));
        pacs_buf_text(&sql, ";");
    }
    sqlite3_finalize(st);
    pacs_buf_add(&sql, "", 1);

    code = sql.failed ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                      : pacs_sqlite_exec(c, sql.data, err);
    pacs_buf_free(&sql);
    return code;
}


int
pacs_bulk_begin(pacs_index_t *base, pacs_err_t *err)
{
    pacs_conn_t  *c = &((pacs_sqlite_t *) base)->writer;
    int           code = pacs_sqlite_exec(c,
        "CREATE TABLE later AS SELECT sql" LATER, err);

    return code != PACS_OK ? code
           : run_each(c, "SELECT 'DROP ' || type || ' ' || name" LATER, err);
}


int
pacs_bulk_end(pacs_index_t *base, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    pacs_conn_t    *c = &ix->writer;
    int             code = pacs_sqlite_flush(ix, err);

    if (code == PACS_OK) {
        code = pacs_sqlite_exec(c, "PRAGMA cache_size = -1000000", err);
    }
    if (code == PACS_OK) {
        code = run_each(c, "SELECT sql FROM later", err);
    }
    return code != PACS_OK ? code
           : pacs_sqlite_exec(c, "DROP TABLE later;" PACS_RANK_FILL, err);
}


static unsigned
count_series(const pacs_record_t *records, unsigned n)
{
    unsigned  series = 0;

    for (unsigned i = 0; i < n; i++) {
        series += i == 0 || !pacs_str_eq(records[i].series,
                                         records[i - 1].series);
    }
    return series;
}


static int
put_study(pacs_sqlite_t *ix, const pacs_record_t *r, unsigned n,
    unsigned series, pacs_str_t modalities, pacs_err_t *err)
{
    int64_t        patient = 0, revision;
    int            code = pacs_sqlite_revise(ix, &revision, err);
    sqlite3_stmt  *st;

    if (code == PACS_OK) {
        code = pacs_sqlite_patient(ix, r->study, r->values, &patient, err);
    }
    if (code != PACS_OK
        || (st = pacs_sqlite_fixed(ix, &ix->writer, PACS_Q_STUDY_INSERT, err))
           == NULL)
    {
        return code != PACS_OK ? code : PACS_E_IO;
    }

    pacs_sqlite_bind(st, 1, r->study);
    sqlite3_bind_int64(st, 2, patient);
    sqlite3_bind_int64(st, 3, revision);
    sqlite3_bind_int64(st, 4, r->received_us);
    sqlite3_bind_int(st, 5, 0);
    sqlite3_bind_int64(st, 6, series);
    sqlite3_bind_int64(st, 7, n);
    pacs_sqlite_bind(st, 8, modalities);
    ix->tx.studies++;
    return pacs_row_insert(ix, st, 9, PACS_LEVEL_STUDY, r->values, err);
}


/* the first n records are of one series */
static int
put_series(pacs_sqlite_t *ix, const pacs_record_t *r, unsigned n,
    int64_t study, pacs_err_t *err)
{
    int      code = pacs_sqlite_insert_series(ix, r, study, n, err);
    int64_t  series = pacs_row_id(ix);

    for (unsigned i = 0; code == PACS_OK && i < n; i++) {
        code = pacs_sqlite_put_instance(ix, &r[i], series, err);
    }
    return code;
}


static int
put(pacs_sqlite_t *ix, const pacs_record_t *records, unsigned n,
    pacs_str_t modalities, pacs_err_t *err)
{
    int      code = put_study(ix, records, n, count_series(records, n),
                              modalities, err);
    int64_t  study = pacs_row_id(ix);

    for (unsigned i = 0, end; code == PACS_OK && i < n; i = end) {
        end = i + 1;
        while (end < n && pacs_str_eq(records[end].series,
                                      records[i].series))
        {
            end++;
        }
        code = put_series(ix, records + i, end - i, study, err);
    }
    return code;
}


int
pacs_bulk_study(pacs_index_t *base, pacs_record_t *records, unsigned n,
    pacs_str_t modalities, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    int             code = pacs_sqlite_begin(ix, err);

    return code != PACS_OK ? code
           : pacs_sqlite_end(ix, put(ix, records, n, modalities, err), err);
}
