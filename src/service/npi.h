/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Non-patient instances, PS3.18 chapter 12 and PS3.4 GG: files like all
 * others, of no study.  What can be searched of one is a document, whose
 * state is the key of its file; so the journal has both.
 */

#ifndef PACS_SERVICE_NPI_H
#define PACS_SERVICE_NPI_H

#include "service/document.h"

/* a category; its documents are of the kind `name` */
typedef struct {
    const char  *name;          /* of the path */
    const char  *classes[4];
} pacs_npi_t;

extern const pacs_npi_t  pacs_npi_table[];      /* ends with name NULL */

/* NULL: there is none */
const pacs_npi_t *pacs_npi_named(pacs_str_t name);
const pacs_npi_t *pacs_npi_of_class(pacs_str_t class_uid);

/* of an open file: identifiers, syntax, size, and *root: what is searched,
 * which is all but bulk data.  PACS_E_IDENT, PACS_E_LIMIT … */
int pacs_npi_scan(pacs_service_t *svc, pacs_source_t *file, pacs_arena_t *a,
    pacs_record_t *r, const pacs_item_t **root, pacs_err_t *err);
/* the scanned file in c->tmp; *how: what was done.  PACS_E_CONFLICT: its UID
 * has another content, which stays */
int pacs_npi_commit(pacs_service_t *svc, const pacs_subject_t *subject,
    pacs_commit_t *c, const pacs_item_t *root, pacs_arena_t *a,
    pacs_stored_e *how, pacs_err_t *err);
/* a file that the journal does not know */
int pacs_npi_adopt(pacs_service_t *svc, const pacs_key_t *key,
    pacs_err_t *err);
/* the documents of all categories; key: of the file, or NULL where the
 * document names none */
int pacs_npi_each(pacs_service_t *svc, int (*fn)(void *ctx,
    const pacs_document_t *d, const pacs_key_t *key), void *ctx,
    pacs_err_t *err);

#endif
