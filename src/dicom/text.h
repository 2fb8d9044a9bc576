/* SPDX-License-Identifier: BSD-2-Clause */

/* text: values of text VRs; for this room only */

#ifndef PACS_DICOM_TEXT_H
#define PACS_DICOM_TEXT_H

#include "dicom/dicom.h"

/* PS3.5 6.2: without the padding that is not part of the value */
pacs_str_t pacs_text_trim(const pacs_vr_t *vr, pacs_str_t value);

/* numbers of a fixed size: not text, not opaque, no sequence */
static inline bool
pacs_vr_number(const pacs_vr_t *vr)
{
    return vr->size != 0 && vr->vr >> 8 != 'O';
}

#endif
