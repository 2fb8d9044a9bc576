/* SPDX-License-Identifier: BSD-2-Clause */

/* Which SOP classes are stored, PS3.4 B.5. */

#include <string.h>

#include "dicom/dicom.h"

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
