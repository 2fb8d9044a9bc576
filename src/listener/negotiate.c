/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What is accepted of the presentation contexts that a peer proposes,
 * PS3.8 7.1.1.13.  A class that no table knows is taken for a storage class
 * unless its UID lies outside the storage branch of the DICOM root: the
 * store decides by what comes.
 */

#include <string.h>

#include "listener/listener.h"

#define VERIFICATION   "1.2.840.10008.1.1"
#define IMPLICIT_LE    "1.2.840.10008.1.2"
#define DICOM_ROOT     "1.2.840.10008."
#define STORAGE_ROOT   "1.2.840.10008.5.1.4.1.1."


/* named Storage, yet not sent by C-STORE */
static const char *const  no_storage[] = {
    "1.2.840.10008.1.20.1",         /* Storage Commitment Push Model */
    "1.2.840.10008.1.20.2",         /* Storage Commitment Pull Model */
    "1.2.840.10008.1.3.10",         /* Media Storage Directory */
    NULL
};


bool
pacs_class_is_storage(pacs_str_t uid)
{
    const pacs_uid_t *known = pacs_uid(uid);

    if (!pacs_uid_ok(uid)) {
        return false;
    }

    for (const char *const *no = no_storage; *no != NULL; no++) {
        if (pacs_str_is(uid, *no)) {
            return false;
        }
    }

    if (known != NULL) {
        return known->kind == 'S' && strstr(known->name, "Storage") != NULL;
    }

    return pacs_str_starts(uid, STORAGE_ROOT)
           || !pacs_str_starts(uid, DICOM_ROOT);
}


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
