/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * An invented archive, to measure with: rows go in as they are, nothing is
 * looked up, and the indexes that no row needs are made at the end.
 */

#ifndef PACS_BENCH_BULK_H
#define PACS_BENCH_BULK_H

#include "index/index.h"

/* of an empty index that was opened to be rebuilt */
int pacs_bulk_begin(pacs_index_t *ix, pacs_err_t *err);
/* all records of a new study, those of a series side by side; modalities:
 * those of its series, sorted */
int pacs_bulk_study(pacs_index_t *ix, pacs_record_t *records, unsigned n,
    pacs_str_t modalities, pacs_err_t *err);
/* before rebuilt() */
int pacs_bulk_end(pacs_index_t *ix, pacs_err_t *err);

#endif
