/* SPDX-License-Identifier: BSD-2-Clause */

/* QIDO-RS: what search.c, search_row.c, search_level.c and paging.c share. */

#ifndef PACS_SERVICE_SEARCH_H
#define PACS_SERVICE_SEARCH_H

#include "service/internal.h"

/* an attribute of the answer */
typedef struct {
    uint32_t  tag, second;
    int       attr;             /* of pacs_attrs; -1: of stored metadata */
} pacs_field_t;

typedef struct {
    pacs_op_t           *op;
    const pacs_route_t  *route;
    const pacs_search_t *asked;
    pacs_level_e         level;
    pacs_field_t        *fields;        /* by tag */
    unsigned             nfields;
    bool                 stored;        /* some are of stored metadata */
    pacs_row_t          *kept;          /* stored: rows, to be written later */
    unsigned             nkept;
    pacs_buf_t           out;
    unsigned             rows;
    int64_t              end_us;        /* of reading stored metadata */
} pacs_found_t;

/* search_level.c: may that attribute be answered for rows of this level from
 * the metadata of one instance of it */
bool pacs_search_level(uint32_t tag, pacs_level_e level);

/* search_row.c: which attributes are answered; those asked for that cannot
 * be are added to `not`, " 00091010 …" */
int pacs_search_fields(pacs_found_t *f, pacs_buf_t *not);
/* for pacs_index_vt_t.query; ctx: pacs_found_t */
int pacs_search_row(void *ctx, const pacs_row_t *row);
/* the rows kept; *cut: the time for that was up */
int pacs_search_kept(pacs_found_t *f, bool *cut, pacs_err_t *err);

/* paging.c: what the first page of this search took for the latest: upto
 * for pacs_query_t */
bool pacs_paging_get(pacs_op_t *op, const pacs_param_t *params, unsigned n,
    int64_t upto[4]);
void pacs_paging_put(pacs_op_t *op, const pacs_param_t *params, unsigned n,
    const int64_t upto[4]);

#endif
