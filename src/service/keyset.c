/* SPDX-License-Identifier: BSD-2-Clause */

#include <stdlib.h>
#include <string.h>

#include "service/keyset.h"

/* of lo's last bits, one says that the slot is in use, one is the mark */
enum { USED = 1, MARK = 2 };

typedef struct { uint64_t hi, lo; } slot_t;

struct pacs_keyset_s {
    slot_t  *slots;
    size_t   size, used;        /* size is a power of two */
};


static slot_t
slot_of(const pacs_key_t *key)
{
    char    half[17] = { 0 };
    slot_t  s;

    memcpy(half, key->digest, 16);
    s.hi = strtoull(half, NULL, 16);
    memcpy(half, key->digest + 16, 16);
    s.lo = (strtoull(half, NULL, 16) & ~(uint64_t) MARK) | USED;
    return s;
}


static slot_t *
find(slot_t *slots, size_t size, slot_t k)
{
    size_t  i = k.hi & (size - 1);

    while (slots[i].lo != 0
           && (slots[i].hi != k.hi
               || (slots[i].lo | MARK) != (k.lo | MARK)))
    {
        i = (i + 1) & (size - 1);
    }
    return &slots[i];
}


pacs_keyset_t *
pacs_keyset_create(void)
{
    pacs_keyset_t *s = calloc(1, sizeof(*s));

    if (s != NULL) {
        s->size = 4096;
        s->slots = calloc(s->size, sizeof(slot_t));
        if (s->slots == NULL) {
            free(s);
            s = NULL;
        }
    }
    return s;
}


void
pacs_keyset_destroy(pacs_keyset_t *s)
{
    if (s != NULL) {
        free(s->slots);
        free(s);
    }
}


static bool
grow(pacs_keyset_t *s)
{
    size_t  size = s->size * 2;
    slot_t *slots = calloc(size, sizeof(slot_t));

    if (slots == NULL) {
        return false;
    }

    for (size_t i = 0; i < s->size; i++) {
        if (s->slots[i].lo != 0) {
            *find(slots, size, s->slots[i]) = s->slots[i];
        }
    }

    free(s->slots);
    s->slots = slots;
    s->size = size;
    return true;
}


bool
pacs_keyset_add(pacs_keyset_t *s, const pacs_key_t *key)
{
    slot_t   k = slot_of(key);
    slot_t  *slot = find(s->slots, s->size, k);

    if (slot->lo != 0) {
        return true;
    }

    *slot = k;
    s->used++;
    return s->used * 2 < s->size || grow(s);
}


bool
pacs_keyset_has(const pacs_keyset_t *s, const pacs_key_t *key)
{
    return find(s->slots, s->size, slot_of(key))->lo != 0;
}


bool
pacs_keyset_mark(pacs_keyset_t *s, const pacs_key_t *key, bool on)
{
    if (!pacs_keyset_add(s, key)) {
        return false;
    }

    slot_t  *slot = find(s->slots, s->size, slot_of(key));

    slot->lo = on ? slot->lo | MARK : slot->lo & ~(uint64_t) MARK;
    return true;
}


bool
pacs_keyset_marked(const pacs_keyset_t *s, const pacs_key_t *key)
{
    return (find(s->slots, s->size, slot_of(key))->lo & MARK) != 0;
}
