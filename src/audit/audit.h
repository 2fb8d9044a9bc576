/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * audit: who did what, one JSON line an event in <home>/log/audit.log
 * (O_APPEND; names of PS3.15 A.5.3).  Any thread.
 */

#ifndef PACS_AUDIT_H
#define PACS_AUDIT_H

#include "core/core.h"
#include "auth/auth.h"

typedef struct pacs_audit_s  pacs_audit_t;

typedef enum {
    PACS_AUDIT_QUERY,           /* 110112 */
    PACS_AUDIT_ACCESS,          /* 110103 Instances Accessed */
    PACS_AUDIT_STORE,           /* 110104 Instances Transferred, C/R/U */
    PACS_AUDIT_DELETE           /* 110105 Study Deleted */
} pacs_audit_e;

int pacs_audit_open(const char *home, const pacs_env_t *env,
    pacs_audit_t **au, pacs_err_t *err);
void pacs_audit_close(pacs_audit_t *au);
/* action: PS3.15 Event Action Code 'C','R','U','D','E'; ok false: refused */
void pacs_audit_event(pacs_audit_t *au, pacs_audit_e event, char action,
    bool ok, const pacs_subject_t *s, pacs_str_t study, pacs_str_t object);

#endif
