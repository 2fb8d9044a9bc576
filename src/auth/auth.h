/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * auth: who may do what.  Every function of service takes a subject and
 * asks here.  Until logins exist all is allowed, and the front doors keep to
 * loopback addresses.  Any thread.
 */

#ifndef PACS_AUTH_H
#define PACS_AUTH_H

#include "core/core.h"

typedef enum {
    PACS_MAY_QUERY, PACS_MAY_RETRIEVE, PACS_MAY_STORE, PACS_MAY_DELETE,
    PACS_MAY_ADMIN
} pacs_action_e;

typedef struct {
    pacs_str_t  user;       /* "" : nobody logged in */
    pacs_str_t  address;    /* of the peer; "local" for the CLI */
    pacs_str_t  door;       /* "web", "dimse", "import", "cli" */
    pacs_str_t  ae;         /* calling AE title, DIMSE only */
} pacs_subject_t;

/* PACS_OK or PACS_E_FORBIDDEN; study may be pacs_null: any */
int pacs_auth_check(const pacs_subject_t *s, pacs_action_e action,
    pacs_str_t study, pacs_err_t *err);

#endif
