/* SPDX-License-Identifier: BSD-2-Clause */

/* What the index says of itself: its counts, and whether they are true. */

#include "index/rank.h"


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
