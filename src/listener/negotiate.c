/* SPDX-License-Identifier: BSD-2-Clause */

/* What is accepted of the presentation contexts that a peer proposes,
 * PS3.8 7.1.1.13. */

#include <string.h>

#include "listener/listener.h"

#define VERIFICATION   "1.2.840.10008.1.1"
#define IMPLICIT_LE    "1.2.840.10008.1.2"


bool
pacs_class_is_served(pacs_str_t uid)
{
    return pacs_str_is(uid, VERIFICATION) || pacs_class_is_storage(uid);
}


int
pacs_syntax_rank(pacs_str_t uid)
{
    if (!pacs_uid_ok(uid)) {
        return -1;
    }

    if (pacs_str_is(uid, IMPLICIT_LE)) {
        return 1;
    }

    for (const pacs_syntax_t *s = pacs_syntax_table; s->uid != NULL; s++) {
        if (pacs_str_is(uid, s->uid)) {
            return 2;
        }
    }

    return 0;
}
