/* SPDX-License-Identifier: BSD-2-Clause */

/* A set of blob keys: 16 bytes of each digest, open addressing. */

#ifndef PACS_SERVICE_KEYSET_H
#define PACS_SERVICE_KEYSET_H

#include "blob/blob.h"

typedef struct pacs_keyset_s  pacs_keyset_t;

pacs_keyset_t *pacs_keyset_create(void);
void pacs_keyset_destroy(pacs_keyset_t *s);
bool pacs_keyset_add(pacs_keyset_t *s, const pacs_key_t *key);  /* false: OOM */
bool pacs_keyset_has(const pacs_keyset_t *s, const pacs_key_t *key);
/* each key may have a mark; it is added if need be, false: OOM */
bool pacs_keyset_mark(pacs_keyset_t *s, const pacs_key_t *key, bool on);
bool pacs_keyset_marked(const pacs_keyset_t *s, const pacs_key_t *key);

#endif
