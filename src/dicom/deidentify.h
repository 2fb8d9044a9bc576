/* SPDX-License-Identifier: BSD-2-Clause */

/* Between deidentify.c and its table. */

#ifndef PACS_DICOM_DEIDENTIFY_H
#define PACS_DICOM_DEIDENTIFY_H

#include "dicom/walk.h"

/* X away, Z empty, D a dummy value, U another UID in place of each; "X/Z" is
 * Z, what may be D is D, but sequences are X or Z, or U: their items count */
typedef struct {
    uint32_t  tag;
    char      action;
} pacs_confidential_t;

extern const pacs_confidential_t  pacs_confidential[];  /* ascending */
extern const unsigned             pacs_nconfidential;

#endif
