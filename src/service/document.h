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

#define PACS_UTF8  "ISO_IR 192"

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

/* what differs between journal and index */
int pacs_documents_verify(pacs_service_t *svc,
    void (*finding)(void *ctx, const char *name, const char *what), void *ctx,
    pacs_err_t *err);

/* the one data set of the request's body, by its Content-Type; *root NULL:
 * there is no body, and that is allowed */
int pacs_op_body(pacs_op_t *op, bool optional, pacs_item_t **root,
    pacs_err_t *err);
/* JSON objects as the reply, in the form that the client accepts */
int pacs_op_models(pacs_op_t *op, const pacs_accept_t *accept,
    const pacs_str_t *objects, unsigned n, pacs_err_t *err);
/* what a search asks of documents; in op's arena */
int pacs_document_keys(pacs_op_t *op, const pacs_search_t *s,
    pacs_document_key_t **keys, unsigned *n, pacs_err_t *err);
/* DT of the clock, UTC: "20261122004500.000000+0000" */
pacs_str_t pacs_document_now(pacs_service_t *svc, pacs_arena_t *a);
/* a data set's text, or null */
pacs_str_t pacs_item_value(const pacs_item_t *item, uint32_t tag,
    pacs_arena_t *a);


/* --- rules.c: what a data set must, may and must not have --- */

/*
 * create  1 a value, 2 is added empty, 3 optional, E empty if there, X none
 * set     3 optional, V a value if there, X not to be changed; in items, which
 *         are replaced whole: 1 a value, 2 is added empty
 * final   R a value, P a value to be COMPLETED, C a value to be CANCELED,
 *         Q must be there to be COMPLETED, - nothing
 */
typedef struct {
    uint32_t     within;        /* whose items have the sequence, or 0 */
    uint32_t     sequence;      /* whose items have it; 0: the data set */
    uint32_t     tag;
    char         create, set, final;
    const char  *values;        /* one of these, delimited by '\\' */
} pacs_rule_t;

typedef struct {
    const pacs_rule_t  *rules;
    unsigned            n;
} pacs_rules_t;

/* what is absent and may be empty is added, and *modified says so;
 * PACS_E_ARG */
int pacs_rules_create(const pacs_rules_t *r, pacs_item_t *root,
    pacs_arena_t *a, bool *modified, pacs_err_t *err);
int pacs_rules_set(const pacs_rules_t *r, pacs_item_t *changes,
    pacs_arena_t *a, pacs_err_t *err);
/* PACS_E_CONFLICT: what the final state needs is not there */
int pacs_rules_final(const pacs_rules_t *r, const pacs_item_t *root,
    bool completed, pacs_err_t *err);

#endif
