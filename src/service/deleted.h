/* SPDX-License-Identifier: BSD-2-Clause */

/* What was deleted and is still there, until it is purged: the journal says
 * so, and nothing else. */

#ifndef PACS_SERVICE_DELETED_H
#define PACS_SERVICE_DELETED_H

#include "service/internal.h"
#include "service/keyset.h"

/* state of a DELETE entry */
#define PACS_DELETED_KEPT    "kept"
#define PACS_DELETED_PURGED  "purged"

/* entries in their order: marked is what is kept after them.  false: OOM */
bool pacs_deleted_note(pacs_keyset_t *kept, const pacs_entry_t *e);
/* of the whole journal; a damaged line counts for nothing */
int pacs_deleted_keys(pacs_service_t *svc, pacs_keyset_t *kept,
    pacs_err_t *err);
/* the last deletion of all that is kept, each key once, newest first;
 * study, series, instance may be null.  Strings in the arena, *entries to be
 * freed, also after an error.  PACS_E_IO: the journal is damaged */
int pacs_deleted_list(pacs_service_t *svc, pacs_str_t study,
    pacs_str_t series, pacs_str_t instance, pacs_arena_t *a,
    pacs_entry_t **entries, size_t *n, pacs_err_t *err);

#endif
