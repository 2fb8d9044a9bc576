/* SPDX-License-Identifier: BSD-2-Clause */

/* rows of patient, study, series and instance as columns and values */

#ifndef PACS_INDEX_ROW_H
#define PACS_INDEX_ROW_H

#include "index/attrs.h"
#include "index/sqlite.h"

/* index into pacs_attrs */
enum {
#define X(keyword, ...)  PACS_A_##keyword,
    PACS_ATTRS(X)
#undef X
    PACS_A_COUNT
};

/* a row as it was before: id, whom it belongs to, its values */
typedef struct {
    int64_t     id, patient;
    bool        corrected;
    bool        empty[PACS_A_COUNT];    /* the column is '' */
} pacs_parent_t;

/* long values are cut between characters; no NUL gets in */
pacs_str_t pacs_row_clamp(pacs_str_t s);
pacs_str_t pacs_row_value(const pacs_str_t *values, int attr);
/* a row found by a select of statements.c; PACS_E_NOT_FOUND */
int pacs_row_read(pacs_sqlite_t *ix, sqlite3_stmt *st,
    const pacs_columns_t *cs, pacs_parent_t *p, pacs_err_t *err);
/* runs an insert whose parameters from `at` on are a level's columns */
int pacs_row_insert(pacs_sqlite_t *ix, sqlite3_stmt *st, int at,
    pacs_level_e level, const pacs_str_t *values, pacs_err_t *err);
int64_t pacs_row_id(pacs_sqlite_t *ix);     /* of the last insert */
/* which columns of a row that was there are to be filled in */
bool pacs_row_to_fill(const pacs_columns_t *cs, const pacs_parent_t *p,
    const pacs_str_t *values, bool *set);
/* fills them in, but for what was corrected to be empty */
int pacs_row_fill_in(pacs_sqlite_t *ix, const char *table,
    const pacs_columns_t *cs, const pacs_parent_t *p, const pacs_record_t *r,
    bool is_series, bool *set, pacs_err_t *err);
/* the patient of these values, made if need be */
int pacs_sqlite_patient(pacs_sqlite_t *ix, pacs_str_t uid,
    const pacs_str_t *values, int64_t *id, pacs_err_t *err);

#endif
