/* SPDX-License-Identifier: BSD-2-Clause */

/* What reindex.c (the journal's replay) and rebuild.c (batches of instances
 * into the index) share. */

#ifndef PACS_SERVICE_REBUILD_H
#define PACS_SERVICE_REBUILD_H

#include "service/internal.h"
#include "service/keyset.h"

enum { PACS_REBUILD_BATCH = 256 };

typedef struct {
    pacs_arena_t  *arena;
    pacs_entry_t   entry;           /* strings in the arena */
    pacs_record_t  record;
    bool           found;           /* no entry names it */
    pacs_err_t     err;
    int            code;
} pacs_job_t;

typedef struct pacs_rival_s  pacs_rival_t;

/* lost its SOP instance to another content, so far */
struct pacs_rival_s {
    pacs_rival_t  *next;            /* the last one first */
    pacs_entry_t   entry;           /* strings in pacs_rebuild_t's arena */
};

typedef struct {
    pacs_service_t    *svc;
    pacs_job_t         jobs[PACS_REBUILD_BATCH];
    unsigned           n;
    unsigned           next;        /* taken by the scanners */
    pacs_keyset_t     *seen;        /* marked: deleted at last */
    pacs_keyset_t     *kept;        /* marked: ... and not purged */
    pacs_arena_t      *arena;
    pacs_rival_t      *rivals;
    bool               damaged;     /* the journal is */
    pacs_progress_t    total;
    pacs_progress_pt   progress;
    void             (*say)(void *ctx, const char *line);
    void              *ctx;
    pacs_err_t        *err;
} pacs_rebuild_t;

void pacs_rebuild_say(pacs_rebuild_t *b, const char *what,
    const pacs_key_t *key, const char *why);
/* the row of a SOP instance; PACS_E_NOT_FOUND, PACS_E_GONE */
int pacs_rebuild_row(pacs_rebuild_t *b, pacs_str_t instance, pacs_arena_t *a,
    pacs_record_t *known);
/* one instance more; found: no entry names it */
int pacs_rebuild_add(pacs_rebuild_t *b, const pacs_entry_t *e, bool found);
/* all that were added are in the index */
int pacs_rebuild_flush(pacs_rebuild_t *b);

#endif
