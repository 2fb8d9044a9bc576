/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A query as SQL text and parameters: values never become text.  What
 * differs between databases is in pacs_dialect_t.
 */

#ifndef PACS_INDEX_SQL_H
#define PACS_INDEX_SQL_H

#include "index/match.h"

typedef struct {
    const char  *indexed;   /* hint to use an index, its name follows; NULL */
    const char  *any;       /* function: one of several values matches */
    const char  *item;      /* function: one item matches two patterns */
    const char  *when;      /* function: pacs_when of a DT, the first moment */
} pacs_dialect_t;

typedef struct {
    pacs_str_t  text;       /* data NULL: number */
    double      number;
} pacs_param_value_t;

typedef struct {
    const pacs_dialect_t  *dialect;
    const pacs_limits_t   *limits;
    pacs_arena_t          *arena;
    pacs_buf_t             text;        /* freed by pacs_sql_free */
    pacs_param_value_t    *params;
    unsigned               n, cap;
    int                    code;        /* first failure */
    pacs_err_t            *err;
} pacs_sql_t;

void pacs_sql_init(pacs_sql_t *sql, const pacs_dialect_t *dialect,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_err_t *err);
void pacs_sql_free(pacs_sql_t *sql);

/*
 * A term of the top-level AND that an index finds rows for.  Three plans:
 * few rows: they are read and sorted; some: all studies are walked by date,
 * but only those in the set of the rows found are read; many: studies are
 * walked by date and read until the page is full.
 */
typedef struct {
    const pacs_pred_t  *term;
    pacs_str_t          word, sound;    /* fuzzy: one word of its value */
    bool                unique;     /* UIDs: few for certain */
    bool                few;        /* set by who probed */
} pacs_driver_t;

enum { PACS_DRIVERS = 16, PACS_DRIVER_FEW = 1000, PACS_DRIVER_SOME = 20000 };

/* the candidates among q's keys */
unsigned pacs_sql_drivers(const pacs_query_t *q, pacs_driver_t *drivers,
    const pacs_limits_t *limits, pacs_arena_t *a);
/* one number: rows that a driver finds, at most PACS_DRIVER_SOME + 1 */
int pacs_sql_probe(pacs_sql_t *sql, const pacs_driver_t *driver);
/* columns: study revision, then each attribute that is read for q->level, in
 * the order of pacs_attrs.  driver NULL: many */
int pacs_sql_query(pacs_sql_t *sql, const pacs_query_t *q,
    const pacs_driver_t *driver, uint32_t limit);

#endif
