/* SPDX-License-Identifier: BSD-2-Clause */

/* A home, opened: all rooms below it, for all threads of one process. */

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/volume.h"


void
pacs_options_default(pacs_options_t *o)
{
    *o = (pacs_options_t) {
        .duplicates = PACS_DUPLICATES_REJECT,
        .limits = pacs_limits_default,
        .env = pacs_env_default
    };
}


static int
make_folder(const char *home, const char *name, pacs_err_t *err)
{
    char  path[4096];

    if ((size_t) snprintf(path, sizeof(path), "%s/%s", home, name)
        >= sizeof(path))
    {
        return pacs_fail(err, PACS_E_ARG, "the home's path is too long");
    }

    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return pacs_fail_errno(err, errno, "make folder %s", path);
    }

    return PACS_OK;
}


/* an empty index over a full archive must not pass for an empty archive */
static int
find_index(const pacs_service_t *svc, pacs_err_t *err)
{
    static const char *const  names[] = {
        "index/pacs.db", "index/rebuilding", "journal/00000001.log"
    };
    bool                      some[3];

    for (int i = 0; i < 3; i++) {
        char         path[4096];
        struct stat  st;

        snprintf(path, sizeof(path), "%s/%s", svc->home, names[i]);
        some[i] = stat(path, &st) == 0 && (i == 1 || st.st_size != 0);

        if (!some[i] && access(path, F_OK) != 0 && errno != ENOENT) {
            return pacs_fail_errno(err, errno, "%s", path);
        }
    }

    return svc->options.rebuild || some[0] || some[1] || !some[2]
           ? PACS_OK
           : pacs_fail(err, PACS_E_IO, "%s/%s is missing or empty, and the "
                       "archive is not: run pacs reindex", svc->home,
                       names[0]);
}


static int
open_rooms(pacs_service_t *svc, pacs_err_t *err)
{
    static const char *const  folders[] = {
        "run", "log", "cache", "cache/frames", "cache/pictures",
        "cache/pyramids", "index",
        "journal", "uploads"
    };
    const pacs_options_t  *o = &svc->options;
    int                    rc;

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if ((rc = make_folder(svc->home, folders[i], err)) != PACS_OK) {
            return rc;
        }
    }

    if ((rc = pacs_blobs_open_fs(svc->home, &o->env, &svc->blobs, err))
            != PACS_OK
        || (rc = pacs_journal_open(svc->home, &svc->journal, err)) != PACS_OK
        || (rc = find_index(svc, err)) != PACS_OK
        || (rc = pacs_index_open_sqlite(svc->home, &o->env, o->rebuild,
                                        &svc->index, err)) != PACS_OK
        || (rc = pacs_audit_open(svc->home, &o->env, &svc->audit, err))
            != PACS_OK
        || (rc = pacs_share_open(svc->home, &svc->share, err)) != PACS_OK
        || (rc = pacs_volumes_open(&svc->volumes, err)) != PACS_OK)
    {
        return rc;
    }

    return o->redis == NULL
           ? PACS_OK
           : pacs_cache_create(o->redis, 50, &svc->hints, err);
}


int
pacs_service_open(const pacs_options_t *o, pacs_service_t **out,
    pacs_err_t *err)
{
    pacs_service_t *svc = calloc(1, sizeof(*svc));
    struct stat     st;

    *out = NULL;

    if (svc == NULL || (svc->home = strdup(o->home)) == NULL
        || (svc->memos = pacs_memos_create()) == NULL
        || (svc->crcs = pacs_crcs_create()) == NULL
        || (svc->crew = pacs_crew_create()) == NULL)
    {
        if (svc != NULL) {
            pacs_crcs_destroy(svc->crcs);
            pacs_memos_destroy(svc->memos);
            free(svc->home);
        }
        free(svc);
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a service");
    }

    /* what one request frees the next one takes: the kernel need not clear
     * it again */
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
    mallopt(M_MMAP_THRESHOLD, 4 << 20);

    svc->options = *o;
    svc->options.home = svc->home;
    pthread_mutex_init(&svc->lock, NULL);

    int rc = stat(svc->home, &st) != 0
             ? pacs_fail_errno(err, errno, "the home %s", svc->home)
             : open_rooms(svc, err);

    if (rc != PACS_OK) {
        pacs_service_close(svc);
        return rc;
    }

    *out = svc;
    return PACS_OK;
}


void
pacs_service_close(pacs_service_t *svc)
{
    if (svc == NULL) {
        return;
    }

    pacs_crew_destroy(svc->crew);

    /* at the end of a process: its threads still use all of this */
    if (!pacs_volumes_close(svc->volumes)) {
        return;
    }

    if (svc->index != NULL) {
        svc->index->vt->close(svc->index);
    }
    if (svc->blobs != NULL) {
        svc->blobs->vt->close(svc->blobs);
    }
    if (svc->journal != NULL) {
        pacs_journal_close(svc->journal);
    }
    if (svc->audit != NULL) {
        pacs_audit_close(svc->audit);
    }
    if (svc->hints != NULL) {
        pacs_cache_destroy(svc->hints);
    }
    if (svc->share != NULL) {
        pacs_share_close(svc->share);
    }

    pacs_memos_destroy(svc->memos);
    pacs_crcs_destroy(svc->crcs);
    pacs_annotation_end();
    pthread_mutex_destroy(&svc->lock);
    free(svc->home);
    free(svc);
}


const pacs_limits_t *
pacs_service_limits(const pacs_service_t *svc)
{
    return &svc->options.limits;
}
