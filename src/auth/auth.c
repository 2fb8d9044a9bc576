/* SPDX-License-Identifier: BSD-2-Clause */

#include "auth/auth.h"


/* until logins exist whoever reaches a front door may do everything */
int
pacs_auth_check(const pacs_subject_t *s, pacs_action_e action,
    pacs_str_t study, pacs_err_t *err)
{
    if (s == NULL || action > PACS_MAY_ADMIN) {
        return pacs_fail(err, PACS_E_FORBIDDEN, "nobody asks for nothing");
    }
    return PACS_OK;
}
