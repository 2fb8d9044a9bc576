/* SPDX-License-Identifier: BSD-2-Clause */

/* What changed: studies by their revisions. */

#include <stdio.h>

#include "index/sqlite.h"


static const char  columns[] =
    "SELECT uid, revision, received_us, nseries, ninstances FROM study";


int
pacs_sqlite_changes(pacs_index_t *base, int64_t since, unsigned n,
    int (*fn)(void *ctx, const pacs_change_t *c), void *ctx, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    pacs_conn_t    *c;
    char            sql[256];
    int             rc = SQLITE_ERROR, code = pacs_sqlite_enter(ix, &c, err);

    if (code != PACS_OK) {
        return code;
    }

    snprintf(sql, sizeof(sql), "%s%s", columns,
             since < 0 ? " WHERE revision > ? ORDER BY revision DESC LIMIT ?"
                       : " WHERE revision > ? ORDER BY revision LIMIT ?");

    sqlite3_stmt  *st = pacs_sqlite_text(c, pacs_cstr(sql), err);

    if (st != NULL) {
        sqlite3_bind_int64(st, 1, since);
        sqlite3_bind_int64(st, 2, n);
    }

    while (code == PACS_OK && st != NULL
           && (rc = sqlite3_step(st)) == SQLITE_ROW)
    {
        pacs_change_t  change = {
            pacs_sqlite_column(st, 0), sqlite3_column_int64(st, 1),
            sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 3),
            sqlite3_column_int64(st, 4)
        };

        code = fn(ctx, &change);
    }
    if (code == PACS_OK && rc != SQLITE_DONE) {
        code = pacs_sqlite_fail(c, err);
    }

    sqlite3_reset(st);
    pacs_sqlite_leave(ix, c);
    return code;
}
