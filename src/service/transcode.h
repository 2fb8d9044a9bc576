/* SPDX-License-Identifier: BSD-2-Clause */

/* transcode.c and attributes.c */

#ifndef PACS_SERVICE_TRANSCODE_H
#define PACS_SERVICE_TRANSCODE_H

#include "service/internal.h"

enum { PACS_TAG_RATIO = 0x00282112 };

/* puts right in the root what pixels as px, in syntax `target`, make other
 * than it was: PS3.3 C.7.6.1.1.5, C.7.6.3, PS3.5 8.2.  *ratios: values of
 * PACS_TAG_RATIO, which is taken out, where a further one is due; else
 * pacs_null.  PACS_E_UNSHOWABLE: something would be lost */
int pacs_transcode_attributes(pacs_dataset_t *ds, const pacs_pixels_t *px,
    pacs_str_t target, pacs_arena_t *a, pacs_str_t *ratios, pacs_err_t *err);

#endif
