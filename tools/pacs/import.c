/* SPDX-License-Identifier: BSD-2-Clause */

/* import: files and folders down the one ingest path, a few at a time so
 * that their syncs share a commit. */

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

enum { THREADS = 8, CHUNK = 256 * 1024 };

typedef struct {
    pacs_service_t    *svc;
    const pacs_cli_t  *cli;
    FTS               *tree;
    pthread_mutex_t    lock;
    pacs_progress_t    total;
    uint64_t           same;
    bool               stopped;     /* the store itself is the reason */
} import_t;


static void
refuse(import_t *im, const char *path, const char *why)
{
    im->total.refused++;
    pacs_cli_progress_end();
    printf("refused %s: %s\n", path, why);
}


/* the next file, its path copied; false: no more.  Links are followed only
 * where they were named on the command line */
static bool
next_file(import_t *im, char *path, size_t size, int *flags)
{
    FTSENT *e;
    bool    found = false;

    pthread_mutex_lock(&im->lock);

    while (!im->stopped && !found && (e = fts_read(im->tree)) != NULL) {
        switch (e->fts_info) {
        case FTS_F:
            found = (size_t) snprintf(path, size, "%s", e->fts_path) < size;
            *flags = e->fts_level > 0 ? O_NOFOLLOW : 0;
            if (!found) {
                refuse(im, e->fts_path, "the path is too long");
            }
            break;
        case FTS_SL:
        case FTS_SLNONE:
            refuse(im, e->fts_path, "a symbolic link is not followed");
            break;
        case FTS_DEFAULT:
            refuse(im, e->fts_path, "neither file nor folder");
            break;
        case FTS_DNR:
        case FTS_ERR:
        case FTS_NS:
            refuse(im, e->fts_path, strerror(e->fts_errno));
        }
    }

    pthread_mutex_unlock(&im->lock);
    return found;
}


static int
store_file(import_t *im, const char *path, int flags, char *chunk,
    pacs_stored_t *out, uint64_t *bytes, pacs_err_t *err)
{
    pacs_subject_t  who = pacs_cli_subject;
    pacs_store_t   *st;
    ssize_t         n;
    int             rc;
    int             fd = open(path, O_RDONLY | O_CLOEXEC | flags);

    who.door = pacs_lit("import");

    if (fd < 0) {
        return pacs_fail_errno(err, errno, "open");
    }

    rc = pacs_store_begin(im->svc, &who, pacs_null, &st, err);
    if (rc != PACS_OK) {
        close(fd);
        return rc;
    }

    while (rc == PACS_OK && (n = read(fd, chunk, CHUNK)) != 0) {
        if (n < 0) {
            rc = pacs_fail_errno(err, errno, "read");
        } else {
            *bytes += (uint64_t) n;
            rc = pacs_store_write(st, chunk, (size_t) n, err);
        }
    }

    close(fd);

    if (rc != PACS_OK) {
        pacs_store_abort(st);
        return rc;
    }
    return pacs_store_finish(st, out, err);
}


static void
note(import_t *im, const char *path, int rc, const pacs_stored_t *out,
    uint64_t bytes, const pacs_err_t *err)
{
    pthread_mutex_lock(&im->lock);

    if (rc == PACS_OK) {
        im->total.done++;
        im->total.bytes += bytes;
        im->same += out->how == PACS_STORED_SAME;

    } else {
        im->stopped = im->stopped || rc == PACS_E_FULL;
        refuse(im, path, err->text);
    }

    pacs_cli_progress((void *) im->cli, &im->total);
    pthread_mutex_unlock(&im->lock);
}


static void *
work(void *data)
{
    import_t *im = data;
    char      path[4096];
    char     *chunk = malloc(CHUNK);
    int       flags;

    while (chunk != NULL && next_file(im, path, sizeof(path), &flags)) {
        pacs_stored_t  out;
        pacs_err_t     err = { 0 };
        uint64_t       bytes = 0;
        int            rc = store_file(im, path, flags, chunk, &out,
                                         &bytes, &err);

        note(im, path, rc, &out, bytes, &err);
    }

    free(chunk);
    return NULL;
}


static void
run_threads(import_t *im)
{
    pthread_t  threads[THREADS];
    int        n = 0;

    while (n < THREADS
           && pthread_create(&threads[n], NULL, work, im) == 0)
    {
        n++;
    }

    if (n == 0) {
        work(im);
    }

    while (n > 0) {
        pthread_join(threads[--n], NULL);
    }
}


static FTS *
open_tree(char **paths)
{
    return fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
}


/* a walk beforehand, for a person who watches */
static void
count_files(const pacs_cli_t *cli, char **paths)
{
    FTS      *tree = !cli->quiet && isatty(2) ? open_tree(paths) : NULL;
    FTSENT   *e;
    uint64_t  n = 0;

    while (tree != NULL && (e = fts_read(tree)) != NULL) {
        n += e->fts_info == FTS_F;
    }

    if (tree != NULL) {
        fts_close(tree);
    }
    pacs_cli_expect(n);
}


int
pacs_cmd_import(const pacs_cli_t *cli, int argc, char **argv)
{
    import_t  im = { .cli = cli };
    uid_t     caller = geteuid();

    if (argc < 2) {
        fprintf(stderr, "Usage: pacs import PATH...\n");
        return 2;
    }

    im.tree = open_tree(argv + 1);
    if (im.tree == NULL) {
        perror("pacs import");
        return 1;
    }

    im.svc = pacs_cli_open(cli, true, false);
    if (im.svc == NULL) {
        fts_close(im.tree);
        return 1;
    }

    count_files(cli, argv + 1);
    pthread_mutex_init(&im.lock, NULL);
    run_threads(&im);
    pthread_mutex_destroy(&im.lock);
    fts_close(im.tree);
    pacs_service_close(im.svc);

    pacs_cli_progress_end();
    printf("%" PRIu64 " instances stored (%" PRIu64 " of them were there "
           "before), %" PRIu64 " files refused%s\n", im.total.done, im.same,
           im.total.refused, im.stopped ? "; stopped: the disk is full" : "");
    if (im.total.refused != 0 && geteuid() != caller) {
        fprintf(stderr, "pacs: files were read as user %u, who owns %s\n",
                (unsigned) geteuid(), cli->home);
    }

    return im.total.refused != 0;
}
