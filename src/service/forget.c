/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What is deleted leaves the cache too: names there begin with what tells
 * whose they are, so that one look at each folder finds them.
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/internal.h"

enum { OWNER = PACS_CACHE_OWNER };

static const char  volume[] = PACS_VOLUME_PREFIX;

typedef struct {
    char    study[OWNER + 1];
    char  (*owners)[OWNER + 1];         /* sorted */
    size_t  n;
} gone_t;


void
pacs_cache_owner(pacs_str_t key, char owner[OWNER + 1])
{
    pacs_key_t  k = { .digest = "" };

    /* of its content: enough to tell from all others */
    (void) pacs_key_parse(key, &k);
    snprintf(owner, OWNER + 1, "%.*s", OWNER, k.digest);
}


void
pacs_cache_study(pacs_str_t study, char owner[OWNER + 1])
{
    uint8_t  digest[PACS_SHA256_LEN];

    pacs_sha256(study.data, study.len, digest);
    pacs_hex(digest, OWNER / 2, owner);
}


static int
compare(const void *a, const void *b)
{
    return memcmp(a, b, OWNER);
}


static bool
is_gone(const gone_t *g, const char *name)
{
    if (strncmp(name, volume, sizeof(volume) - 1) == 0) {
        return strncmp(name + sizeof(volume) - 1, g->study, OWNER) == 0;
    }
    return strlen(name) > OWNER
           && bsearch(name, g->owners, g->n, sizeof(*g->owners), compare)
              != NULL;
}


static void
look_through(const char *home, const char *folder, const gone_t *g)
{
    char           path[4096];
    struct dirent *e;
    DIR           *dir;

    snprintf(path, sizeof(path), "%s/cache/%s", home, folder);

    dir = opendir(path);
    if (dir == NULL) {
        return;
    }
    while ((e = readdir(dir)) != NULL) {
        if (is_gone(g, e->d_name)) {
            (void) unlinkat(dirfd(dir), e->d_name, 0);
        }
    }
    closedir(dir);
}


void
pacs_cache_forget(pacs_service_t *svc, pacs_str_t study,
    const pacs_entry_t *entries, size_t n)
{
    gone_t  g = { .owners = malloc(n * sizeof(*g.owners)), .n = n };

    if (g.owners == NULL) {
        pacs_log(&svc->options.env, PACS_LOG_WARN, "no memory to empty the "
                 "cache of what was deleted");
        return;
    }

    pacs_cache_study(study, g.study);
    for (size_t i = 0; i < n; i++) {
        snprintf(g.owners[i], sizeof(g.owners[i]), "%.*s", OWNER,
                 entries[i].key.digest);
    }
    qsort(g.owners, n, sizeof(*g.owners), compare);

    look_through(svc->home, "frames", &g);
    look_through(svc->home, "pyramids", &g);
    look_through(svc->home, "pictures", &g);
    free(g.owners);
}
