/* SPDX-License-Identifier: BSD-2-Clause */

/* What the files of STOW share. */

#ifndef PACS_SERVICE_STOW_H
#define PACS_SERVICE_STOW_H

#include "service/internal.h"

/* --- stow_reply.c: results, PS3.18 10.5.3 and I --- */

typedef struct pacs_result_s  pacs_result_t;

struct pacs_result_s {
    pacs_result_t  *next;
    pacs_late_t    *late;           /* NULL: nothing of it is stored */
    pacs_stored_t   stored;
    pacs_err_t      err;
};

typedef struct {
    pacs_op_t       *op;
    pacs_str_t       study;         /* of the path, or null */
    pacs_str_t       npi, npi_uid;  /* likewise */
    bool             xml;           /* as the client takes it */
    pacs_beside_t   *beside;
    pacs_result_t   *first, **tail;
    unsigned         good, bad;     /* when all are settled */
    unsigned         unused;        /* parts that nothing refers to */
} pacs_results_t;

/* what Accept says of the answer; PACS_E_ACCEPT */
int pacs_results_init(pacs_results_t *r, pacs_op_t *op,
    const pacs_route_t *route, pacs_err_t *err);
/* store: taken over and finished beside, or NULL; who: what is known of the
 * instance then, or NULL; result: of what was done until now */
int pacs_results_add(pacs_results_t *r, pacs_store_t *store,
    const pacs_stored_t *who, const pacs_err_t *result, pacs_err_t *err);
/* waits for all of them */
void pacs_results_settle(pacs_results_t *r);
/* nobody waits for the answer any more */
void pacs_results_leave(pacs_results_t *r);
/* fills op->reply; body: what is wrong with the request, or code PACS_OK */
void pacs_results_reply(pacs_results_t *r, const pacs_err_t *body);


/* --- stow_model.c: instances as metadata and bulk data parts --- */

typedef struct pacs_models_s  pacs_models_t;

bool pacs_models_takes(pacs_str_t type);
int pacs_models_create(pacs_results_t *results, pacs_models_t **m,
    pacs_err_t *err);
/* a part: metadata by its type, else bulk data, whose errors are those of
 * the instances that refer to it */
int pacs_models_begin(pacs_models_t *m, const pacs_part_head_t *head,
    pacs_err_t *err);
int pacs_models_data(pacs_models_t *m, const char *data, size_t len,
    pacs_err_t *err);
/* the whole request is there: a result for each data set */
int pacs_models_store(pacs_models_t *m, pacs_err_t *err);
void pacs_models_close(pacs_models_t *m);


/* --- upload.c: a PATCH --- */

typedef struct pacs_upload_s  pacs_upload_t;

int pacs_upload_begin(pacs_op_t *op, pacs_str_t id, pacs_upload_t **u,
    pacs_err_t *err);
int pacs_upload_write(pacs_upload_t *u, const char *data, size_t len,
    pacs_err_t *err);
int pacs_upload_finish(pacs_upload_t *u, pacs_err_t *err);
/* what came stays */
void pacs_upload_close(pacs_upload_t *u);


/* a part that a data set refers to */
typedef struct {
    pacs_str_t    type;
    pacs_str_t    syntax;           /* as the client says it, or null */
    pacs_range_t *ranges;           /* of the spool: one a part */
    uint32_t      nranges;
    pacs_coded_t  native;           /* what they were decoded to; frames 0: they
                                       were not */
} pacs_medium_t;

/* --- stow_pictures.c --- */

/* a type that is stored decoded */
bool pacs_picture_foreign(pacs_str_t type);
/* all of medium's pictures, decoded, behind what the spool has, as its one
 * range; source is the spool's again.  PACS_E_CODEC: pacs-codec is absent */
int pacs_picture_native(pacs_service_t *svc, int spool, uint64_t *size,
    pacs_source_t *source, pacs_medium_t *medium, pacs_err_t *err);


/* --- stow_media.c --- */

/* a type whose parts are fragments of encapsulated Pixel Data */
bool pacs_media_coded(pacs_str_t type);
/* one that can be stored */
bool pacs_media_known(pacs_str_t type);
/* the syntax of ds and what the standard wants of its attributes that the
 * media tell: pixels and document may be NULL.  PACS_E_PARSE: they say
 * otherwise */
int pacs_media_complete(pacs_dataset_t *ds, pacs_source_t *spool,
    pacs_medium_t *pixels, const pacs_medium_t *document, pacs_arena_t *a,
    pacs_err_t *err);

#endif
