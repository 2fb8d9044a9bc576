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
    int64_t     rank;       /* if not 0: instead of the number */
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
 * A term of the top-level AND that an index finds rows for.  Three plans: a
 * term finds few rows: they are read and sorted; or studies come ranked by a
 * name or modality until the page is full; or all are walked by date.
 */
typedef struct {
    const pacs_pred_t  *term;
    bool                unique;     /* UIDs: few for certain */
} pacs_driver_t;

enum { PACS_DRIVERS = 16, PACS_DRIVER_FEW = 10000 };

/* what finds studies newest first, see rank.h */
typedef struct {
    enum {
        PACS_RANKED_NOT, PACS_RANKED_MODALITY, PACS_RANKED_NAME,
        PACS_RANKED_WORD
    } kind;
    const pacs_pred_t  *term;
    pacs_str_t          wanted;     /* an FTS5 expression, a modality */
    int64_t             low, high;  /* that StudyDate leaves, inclusive */
    pacs_str_t          ids;        /* of the studies of a page, as JSON */
} pacs_ranked_t;

/* false: no key can be ranked by */
bool pacs_sql_ranked(const pacs_query_t *q, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_ranked_t *r);
/* the rank of each row, newest first */
int pacs_sql_ranks(pacs_sql_t *sql, const pacs_query_t *q,
    const pacs_ranked_t *r);

/* the candidates among q's keys */
unsigned pacs_sql_drivers(const pacs_query_t *q, pacs_driver_t *drivers,
    const pacs_limits_t *limits, pacs_arena_t *a);
/* one number: rows that a driver finds, at most PACS_DRIVER_FEW + 1 */
int pacs_sql_probe(pacs_sql_t *sql, const pacs_driver_t *driver);
/* columns: study revision, then each attribute that is read for q->level, in
 * the order of pacs_attrs.  driver NULL: ranked, or, if that is NULL, walked */
int pacs_sql_query(pacs_sql_t *sql, const pacs_query_t *q,
    const pacs_driver_t *driver, const pacs_ranked_t *ranked, uint32_t limit);

#endif
