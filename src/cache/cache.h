/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * cache: format of keys and values in Redis, and the blocking client that
 * CLI, listener and tests use (nginx has the event-driven one).  A cache is
 * never truth: every value carries what it is for and is HMAC'd; whatever
 * does not check is as good as absent.  Any threads at once.
 */

#ifndef PACS_CACHE_H
#define PACS_CACHE_H

#include "core/core.h"

/* key "pacs:1:<hex of HMAC(secret, name)>", so no PHI in keys; name is e.g.
 * "metadata/<study>/<series>/<revision>" */
pacs_str_t pacs_cache_key(pacs_str_t secret, pacs_str_t name,
    pacs_arena_t *a);
/* value: magic, version, length, HMAC(secret, name, payload), payload */
pacs_str_t pacs_cache_seal(pacs_str_t secret, pacs_str_t name,
    pacs_str_t payload, pacs_arena_t *a);
/* false: not ours, for another name, cut or altered; *payload in value */
bool pacs_cache_open(pacs_str_t secret, pacs_str_t name, pacs_str_t value,
    pacs_str_t *payload);
/* <home>/run/secret, 32 random bytes, made 0600 by the first who asks */
int pacs_cache_secret(const char *home, uint8_t secret[32], pacs_err_t *err);

/* channel of hints "study X changed": the payload is the Study UID */
#define PACS_CACHE_CHANNEL  "pacs:changed"

/* values held in this process, before Redis is asked; least recently used
 * ones go when they are more than max bytes.  Names carry the revision as
 * in Redis, so nothing here is ever stale.  Any threads at once */
typedef struct pacs_memory_s  pacs_memory_t;

pacs_memory_t *pacs_memory_create(size_t max);
/* when no arena refers to it any more */
void pacs_memory_destroy(pacs_memory_t *m);
/* false: not there; *value lives as long as the arena */
bool pacs_memory_get(pacs_memory_t *m, pacs_str_t name, pacs_arena_t *a,
    pacs_str_t *value);
/* copies; what is more than a quarter of max is left out */
void pacs_memory_put(pacs_memory_t *m, pacs_str_t name, pacs_str_t value);

typedef struct pacs_cache_s  pacs_cache_t;

/* "unix:/path" or "host:port"; connects lazily, every call at most
 * timeout_ms, and after 3 failures not again for 1 s */
int pacs_cache_create(const char *url, int timeout_ms, pacs_cache_t **c,
    pacs_err_t *err);
void pacs_cache_destroy(pacs_cache_t *c);
/* failures are silent: a hint only */
void pacs_cache_publish(pacs_cache_t *c, pacs_str_t study_uid);
bool pacs_cache_ping(pacs_cache_t *c);

#endif
