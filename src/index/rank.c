/* SPDX-License-Identifier: BSD-2-Clause */

#include "index/rank.h"

enum { DATE_DIGITS = 8 };


/* what is no date keeps its place in the order of texts: the digits before
 * it, then all zeros or all nines */
int64_t
pacs_rank(pacs_str_t date)
{
    int64_t  day = 0;
    char     pad = '0';
    size_t   i = 0;

    for (; i < DATE_DIGITS; i++) {
        char  c = i < date.len ? date.data[i] : '0';

        if ((unsigned char) c > '9') {
            pad = '9';
            break;
        }
        if (c < '0') {
            break;
        }
        day = day * 10 + c - '0';
    }
    for (; i < DATE_DIGITS; i++) {
        day = day * 10 + pad - '0';
    }
    return (99999999 - day) * (PACS_RANK_IDS + 1);
}


void
pacs_rank_sql(sqlite3_context *ctx, int n, sqlite3_value **v)
{
    pacs_str_t  date = { (const char *) sqlite3_value_text(v[0]),
                         (size_t) sqlite3_value_bytes(v[0]) };

    sqlite3_result_int64(ctx, pacs_rank(date) + sqlite3_value_int64(v[1]));
}


/* row by row, the triggers would take as long as the filling did */
int
pacs_rank_clear(pacs_conn_t *c, pacs_err_t *err)
{
    return pacs_sqlite_exec(c,
        PACS_RANK_DROP
        "DELETE FROM series; DELETE FROM study; DELETE FROM study_modality;"
        "INSERT INTO study_name (study_name) VALUES ('delete-all');"
        "INSERT INTO study_word (study_word) VALUES ('delete-all');"
        PACS_RANK_TRIGGERS, err);
}
