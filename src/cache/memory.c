/* SPDX-License-Identifier: BSD-2-Clause */

/* Values held in memory: a hash table whose entries are also in a list, the
 * least recently used at its tail.  An entry lives until it is out of the
 * table and nobody's arena refers to it. */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cache/cache.h"

enum { BUCKETS = 1024, SHARE = 4 };

typedef struct entry_s  entry_t;

struct entry_s {
    entry_t         *next;              /* in its bucket */
    entry_t         *newer, *older;
    pacs_memory_t   *owner;
    unsigned         refs;              /* the table's and the arenas' */
    uint32_t         hash;
    pacs_str_t       name, value;
    char             bytes[];
};

struct pacs_memory_s {
    pthread_mutex_t  lock;
    size_t           max, used;         /* bytes */
    entry_t         *newest, *oldest;
    entry_t         *buckets[BUCKETS];
};


pacs_memory_t *
pacs_memory_create(size_t max)
{
    pacs_memory_t *m = calloc(1, sizeof(*m));

    if (m != NULL) {
        m->max = max;
        pthread_mutex_init(&m->lock, NULL);
    }
    return m;
}


static size_t
cost(const entry_t *e)
{
    return sizeof(*e) + e->name.len + e->value.len;
}


static uint32_t
hash(pacs_str_t s)
{
    uint32_t  h = 2166136261u;

    for (size_t i = 0; i < s.len; i++) {
        h = (h ^ (uint8_t) s.data[i]) * 16777619u;
    }
    return h;
}


static void
unref(entry_t *e)
{
    if (--e->refs == 0) {
        free(e);
    }
}


static void
list_add(pacs_memory_t *m, entry_t *e)
{
    e->newer = NULL;
    e->older = m->newest;
    *(m->newest != NULL ? &m->newest->newer : &m->oldest) = e;
    m->newest = e;
}


static void
list_remove(pacs_memory_t *m, entry_t *e)
{
    *(e->newer != NULL ? &e->newer->older : &m->newest) = e->older;
    *(e->older != NULL ? &e->older->newer : &m->oldest) = e->newer;
}


static entry_t **
find(pacs_memory_t *m, pacs_str_t name, uint32_t h)
{
    entry_t **p = &m->buckets[h % BUCKETS];

    while (*p != NULL && ((*p)->hash != h || !pacs_str_eq((*p)->name, name))) {
        p = &(*p)->next;
    }
    return p;
}


static void
drop(pacs_memory_t *m, entry_t *e)
{
    *find(m, e->name, e->hash) = e->next;
    list_remove(m, e);
    m->used -= cost(e);
    unref(e);
}


void
pacs_memory_destroy(pacs_memory_t *m)
{
    if (m == NULL) {
        return;
    }

    while (m->oldest != NULL) {
        drop(m, m->oldest);
    }
    pthread_mutex_destroy(&m->lock);
    free(m);
}


static void
release(void *data)
{
    entry_t        *e = data;
    pacs_memory_t  *m = e->owner;

    pthread_mutex_lock(&m->lock);
    unref(e);
    pthread_mutex_unlock(&m->lock);
}


bool
pacs_memory_get(pacs_memory_t *m, pacs_str_t name, pacs_arena_t *a,
    pacs_str_t *value)
{
    *value = pacs_null;

    pthread_mutex_lock(&m->lock);

    entry_t *e = *find(m, name, hash(name));

    if (e != NULL) {
        e->refs++;
        list_remove(m, e);
        list_add(m, e);
    }

    pthread_mutex_unlock(&m->lock);

    if (e == NULL || !pacs_arena_cleanup(a, release, e)) {
        return false;
    }

    *value = e->value;
    return true;
}


void
pacs_memory_put(pacs_memory_t *m, pacs_str_t name, pacs_str_t value)
{
    entry_t *e;

    if (value.len > m->max / SHARE || name.len > m->max / SHARE
        || (e = malloc(sizeof(*e) + name.len + value.len)) == NULL)
    {
        return;
    }

    *e = (entry_t) { .owner = m, .refs = 1, .hash = hash(name),
                     .name = { e->bytes, name.len },
                     .value = { e->bytes + name.len, value.len } };
    memcpy(e->bytes, name.data, name.len);
    memcpy(e->bytes + name.len, value.data, value.len);

    pthread_mutex_lock(&m->lock);

    entry_t *old = *find(m, name, e->hash);

    if (old != NULL) {
        drop(m, old);
    }
    while (m->oldest != NULL && m->used + cost(e) > m->max) {
        drop(m, m->oldest);
    }

    e->next = m->buckets[e->hash % BUCKETS];
    m->buckets[e->hash % BUCKETS] = e;
    list_add(m, e);
    m->used += cost(e);

    pthread_mutex_unlock(&m->lock);
}
