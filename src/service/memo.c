/* SPDX-License-Identifier: BSD-2-Clause */

/* What was reckoned of the latest series, by revision of their study. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/internal.h"

enum { KEPT = 128 };

typedef struct {
    char      name[80];
    int64_t   revision;
    uint64_t  value[PACS_MEMO / sizeof(uint64_t)];
} memo_t;

struct pacs_memos_s {
    pthread_mutex_t  lock;
    unsigned         next;
    memo_t           kept[KEPT];
};


pacs_memos_t *
pacs_memos_create(void)
{
    pacs_memos_t  *m = calloc(1, sizeof(*m));

    if (m != NULL) {
        pthread_mutex_init(&m->lock, NULL);
    }
    return m;
}


void
pacs_memos_destroy(pacs_memos_t *m)
{
    if (m != NULL) {
        pthread_mutex_destroy(&m->lock);
        free(m);
    }
}


static void
name_of(memo_t *memo, const char *what, pacs_str_t series, int64_t revision)
{
    memo->revision = revision;
    snprintf(memo->name, sizeof(memo->name), "%s %.*s", what,
             pacs_fmt(series));
}


bool
pacs_memo_get(pacs_memos_t *m, const char *what, pacs_str_t series,
    int64_t revision, void *value, size_t size)
{
    memo_t  wanted;
    bool    found = false;

    name_of(&wanted, what, series, revision);

    pthread_mutex_lock(&m->lock);
    for (unsigned i = 0; !found && i < KEPT; i++) {
        if (m->kept[i].revision == revision
            && strcmp(m->kept[i].name, wanted.name) == 0)
        {
            memcpy(value, m->kept[i].value, size);
            found = true;
        }
    }
    pthread_mutex_unlock(&m->lock);
    return found;
}


void
pacs_memo_put(pacs_memos_t *m, const char *what, pacs_str_t series,
    int64_t revision, const void *value, size_t size)
{
    pthread_mutex_lock(&m->lock);
    memo_t  *memo = &m->kept[m->next++ % KEPT];

    name_of(memo, what, series, revision);
    memcpy(memo->value, value, size);
    pthread_mutex_unlock(&m->lock);
}
