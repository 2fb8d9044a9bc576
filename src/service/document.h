/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Documents: data sets that are no stored instances.  The journal is the
 * truth, the index has them to be found.  What reads, decides and writes
 * holds the lock all the while, in all processes of a home.
 */

#ifndef PACS_SERVICE_DOCUMENT_H
#define PACS_SERVICE_DOCUMENT_H

#include "service/internal.h"

#define PACS_DOC_UPS           "workitem"
#define PACS_DOC_SUBSCRIPTION  "subscription"
#define PACS_DOC_COMMITMENT    "commitment"
#define PACS_DOC_MWL           "scheduled"
#define PACS_DOC_MPPS          "performed"

int pacs_documents_lock(pacs_service_t *svc, int *lock, pacs_err_t *err);
void pacs_documents_unlock(int lock);

/* with its tree in d->root; PACS_E_NOT_FOUND */
int pacs_document_load(pacs_service_t *svc, const char *kind, pacs_str_t uid,
    pacs_arena_t *a, pacs_document_t *d, pacs_err_t *err);
/* the tree of a document's JSON */
int pacs_document_tree(pacs_service_t *svc, pacs_str_t json, pacs_arena_t *a,
    pacs_item_t **root, pacs_err_t *err);
int pacs_document_json(const pacs_item_t *root, pacs_arena_t *a,
    pacs_str_t *json, pacs_err_t *err);
/* revision, time and JSON are set here; root NULL takes it away.  Durable
 * on PACS_OK.  The lock is held */
int pacs_documents_commit(pacs_service_t *svc, const pacs_subject_t *subject,
    pacs_document_t *docs, unsigned n, const pacs_event_t *events,
    unsigned nevents, pacs_arena_t *a, pacs_err_t *err);
/* a journal's entry into the index */
int pacs_document_replay(pacs_service_t *svc, const pacs_entry_t *e,
    pacs_err_t *err);

/* the one data set of the request's body, by its Content-Type; *root NULL:
 * there is no body, and that is allowed */
int pacs_op_body(pacs_op_t *op, bool optional, pacs_item_t **root,
    pacs_err_t *err);
/* JSON objects as the reply, in the form that the client accepts */
int pacs_op_models(pacs_op_t *op, const pacs_accept_t *accept,
    const pacs_str_t *objects, unsigned n, pacs_err_t *err);
/* DT of the clock, UTC: "20261122004500.000000+0000" */
pacs_str_t pacs_document_now(pacs_service_t *svc, pacs_arena_t *a);
/* a data set's text, or null */
pacs_str_t pacs_item_value(const pacs_item_t *item, uint32_t tag,
    pacs_arena_t *a);

#endif
