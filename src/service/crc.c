/* SPDX-License-Identifier: BSD-2-Clause */

/* CRC-32 of instances that went into ZIP archives, so that whoever asks for
 * the rest of one does not have it all read again. */

#include <pthread.h>
#include <stdlib.h>

#include "service/internal.h"

enum { SLOTS = 65536 };

struct pacs_crcs_s {
    pthread_mutex_t  lock;
    struct {
        uint64_t     name;          /* 0: free */
        uint32_t     crc;
    } slots[SLOTS];
};


pacs_crcs_t *
pacs_crcs_create(void)
{
    pacs_crcs_t *c = calloc(1, sizeof(*c));

    if (c != NULL && pthread_mutex_init(&c->lock, NULL) != 0) {
        free(c);
        return NULL;
    }
    return c;
}


void
pacs_crcs_destroy(pacs_crcs_t *c)
{
    if (c != NULL) {
        pthread_mutex_destroy(&c->lock);
        free(c);
    }
}


bool
pacs_crcs_get(pacs_crcs_t *c, uint64_t name, uint32_t *crc)
{
    pthread_mutex_lock(&c->lock);

    bool  found = name != 0 && c->slots[name % SLOTS].name == name;

    *crc = c->slots[name % SLOTS].crc;
    pthread_mutex_unlock(&c->lock);
    return found;
}


void
pacs_crcs_put(pacs_crcs_t *c, uint64_t name, uint32_t crc)
{
    pthread_mutex_lock(&c->lock);
    c->slots[name % SLOTS].name = name;
    c->slots[name % SLOTS].crc = crc;
    pthread_mutex_unlock(&c->lock);
}
