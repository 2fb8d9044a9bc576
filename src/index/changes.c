/* SPDX-License-Identifier: BSD-2-Clause */

/* What happened, row by row: changes of studies by their revisions, series
 * that arrived, conflicts. */

#include <stdio.h>

#include "index/sqlite.h"


static int
each_row(pacs_index_t *base, const char *sql, const int64_t *params, int n,
    int (*row)(sqlite3_stmt *st, void *ctx), void *ctx, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    pacs_conn_t    *c;
    int             rc = SQLITE_ERROR, code = pacs_sqlite_enter(ix, &c, err);

    if (code != PACS_OK) {
        return code;
    }

    sqlite3_stmt  *st = pacs_sqlite_text(c, pacs_cstr(sql), err);

    for (int i = 0; st != NULL && i < n; i++) {
        sqlite3_bind_int64(st, i + 1, params[i]);
    }

    while (code == PACS_OK && st != NULL
           && (rc = sqlite3_step(st)) == SQLITE_ROW)
    {
        code = row(st, ctx);
    }
    if (code == PACS_OK && rc != SQLITE_DONE) {
        code = pacs_sqlite_fail(c, err);
    }

    sqlite3_reset(st);
    pacs_sqlite_leave(ix, c);
    return code;
}


typedef struct {
    int  (*fn)(void *ctx, const pacs_change_t *c);
    void  *ctx;
} changes_t;


static int
change(sqlite3_stmt *st, void *ctx)
{
    const changes_t *to = ctx;
    pacs_change_t    c = {
        pacs_sqlite_column(st, 0), sqlite3_column_int64(st, 1),
        sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 3),
        sqlite3_column_int64(st, 4)
    };

    return to->fn(to->ctx, &c);
}


int
pacs_sqlite_changes(pacs_index_t *base, int64_t since, unsigned n,
    int (*fn)(void *ctx, const pacs_change_t *c), void *ctx, pacs_err_t *err)
{
    changes_t      to = { fn, ctx };
    const int64_t  params[] = { since, n };
    char           sql[256];

    snprintf(sql, sizeof(sql), "SELECT uid, revision, received_us, nseries,"
             " ninstances FROM study WHERE revision > ? ORDER BY revision%s"
             " LIMIT ?", since < 0 ? " DESC" : "");

    return each_row(base, sql, params, 2, change, &to, err);
}


typedef struct {
    int  (*fn)(void *ctx, const pacs_arrival_t *a);
    void  *ctx;
} arrivals_t;


static int
arrival(sqlite3_stmt *st, void *ctx)
{
    const arrivals_t *to = ctx;
    pacs_arrival_t    a = {
        pacs_sqlite_column(st, 0), pacs_sqlite_column(st, 1),
        pacs_sqlite_column(st, 2), sqlite3_column_int64(st, 3),
        sqlite3_column_int64(st, 4), sqlite3_column_int64(st, 5),
        sqlite3_column_int64(st, 6)
    };

    return to->fn(to->ctx, &a);
}


int
pacs_sqlite_arrivals(pacs_index_t *base, int64_t since, int64_t received_us,
    unsigned studies, int (*fn)(void *ctx, const pacs_arrival_t *a),
    void *ctx, pacs_err_t *err)
{
    arrivals_t     to = { fn, ctx };
    const int64_t  params[] = { since, received_us, studies };

    return each_row(base,
        "SELECT s.uid, e.uid, e.modality, s.revision, min(i.received_us),"
        " max(i.received_us), count(*) FROM (SELECT id, uid, revision"
        " FROM study WHERE revision > ?1 AND received_us > ?2"
        " ORDER BY revision LIMIT ?3) s"
        " CROSS JOIN series e ON e.study = s.id"
        " CROSS JOIN instance i ON i.series = e.id"
        " GROUP BY e.id ORDER BY 5, e.id", params, 3, arrival, &to, err);
}


typedef struct {
    int           (*fn)(void *ctx, const pacs_conflict_t *c);
    void           *ctx;
    pacs_arena_t   *arena;
} conflicts_t;


static int
conflict(sqlite3_stmt *st, void *ctx)
{
    const conflicts_t *to = ctx;
    pacs_arena_t      *a = to->arena;
    pacs_conflict_t    c = {
        pacs_sqlite_copy(st, 0, a), pacs_sqlite_copy(st, 1, a),
        pacs_sqlite_copy(st, 2, a), pacs_sqlite_copy(st, 3, a),
        pacs_sqlite_copy(st, 4, a), sqlite3_column_int64(st, 5),
        pacs_sqlite_copy(st, 6, a)
    };

    return to->fn(to->ctx, &c);
}


int
pacs_sqlite_conflicts(pacs_index_t *base, pacs_arena_t *a,
    int (*fn)(void *ctx, const pacs_conflict_t *c), void *ctx,
    pacs_err_t *err)
{
    conflicts_t  to = { fn, ctx, a };

    return each_row(base,
        "SELECT study, series, instance, kept, other, time_us, source"
        " FROM conflict ORDER BY id", NULL, 0, conflict, &to, err);
}
