/* SPDX-License-Identifier: BSD-2-Clause */

/* the generated tables behind pacs_tag() and pacs_uid(), for this room only */

#ifndef PACS_DICOM_DICT_H
#define PACS_DICOM_DICT_H

#include "dicom/dicom.h"

typedef struct {
    uint32_t    mask;
    pacs_tag_t  tag;
} pacs_tag_repeat_t;

extern const pacs_tag_t         pacs_tag_table[];   /* ascending by tag */
extern const unsigned           pacs_ntags;
extern const pacs_tag_repeat_t  pacs_tag_repeats[];
extern const unsigned           pacs_ntag_repeats;
extern const uint16_t           pacs_tag_keywords[];
extern const unsigned           pacs_ntag_keywords;
extern const unsigned           pacs_nuids;

#endif
