/* SPDX-License-Identifier: BSD-2-Clause */

/* what a key asks for as an SQL condition on its column */

#ifndef PACS_INDEX_COND_H
#define PACS_INDEX_COND_H

#include "index/sql.h"

void pacs_sql_put(pacs_sql_t *sql, const char *text);
void pacs_sql_number(pacs_sql_t *sql, double number);   /* a parameter */
void pacs_sql_rank(pacs_sql_t *sql, int64_t rank);      /* the same */
/* "a.column" */
void pacs_sql_column(pacs_sql_t *sql, const char *a, const char *column,
    const char *suffix);
/* bytes of a pattern before its first wildcard */
size_t pacs_sql_literal(pacs_str_t s);

void pacs_sql_value(pacs_sql_t *sql, pacs_str_t s);     /* a parameter */

/* by pacs_match_e; a: alias of the table */
typedef void (*pacs_sql_cond_pt)(pacs_sql_t *sql, const char *a,
    const pacs_attr_t *attr, const pacs_matching_t *m, bool fuzzy);

extern const pacs_sql_cond_pt  pacs_sql_conds[];

/* a date's range from its first to its last time */
void pacs_sql_moment(pacs_sql_t *sql, const char *a, const char *date,
    const pacs_wanted_t *d, const char *time, const pacs_wanted_t *t);

#endif
