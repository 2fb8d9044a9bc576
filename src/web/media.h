/* SPDX-License-Identifier: BSD-2-Clause */

/* Media types and their parameters, RFC 9110 8.3.1; private to web. */

#ifndef PACS_WEB_MEDIA_H
#define PACS_WEB_MEDIA_H

#include "core/core.h"

typedef struct {
    pacs_str_t  type;           /* "multipart/related", lower case */
    pacs_str_t  params;         /* behind the type, raw */
} pacs_media_t;

/* takes one element off a list by ','; false: none is left.  What is not a
 * media type at all comes with an empty type */
bool pacs_media_next(pacs_str_t *list, pacs_arena_t *a, pacs_media_t *m);
/* unquoted; name in lower case, compared without case; false: absent */
bool pacs_media_param(const pacs_media_t *m, const char *name,
    pacs_arena_t *a, pacs_str_t *value);
/* pacs_null: no memory */
pacs_str_t pacs_media_lower(pacs_str_t s, pacs_arena_t *a);

#endif
