/* SPDX-License-Identifier: BSD-2-Clause */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "index/migrations.h"
#include "index/netfs.h"
#include "index/sqlite.h"

const pacs_dialect_t  pacs_sqlite_dialect = {
    .indexed = " INDEXED BY ", .any = "pacs_any", .item = "pacs_item",
    .when = "pacs_when"
};


static int
get_int(pacs_conn_t *c, const char *sql, int64_t *value, pacs_err_t *err)
{
    sqlite3_stmt  *st = NULL;
    int            code = PACS_OK;

    if (sqlite3_prepare_v2(c->db, sql, -1, &st, NULL) != SQLITE_OK
        || sqlite3_step(st) != SQLITE_ROW)
    {
        code = pacs_sqlite_fail(c, err);
    } else {
        *value = sqlite3_column_int64(st, 0);
    }

    sqlite3_finalize(st);
    return code;
}


static int
migrate_to(pacs_sqlite_t *ix, unsigned n, pacs_err_t *err)
{
    char  version[64];
    int   code = pacs_sqlite_exec(&ix->writer, "BEGIN IMMEDIATE", err);

    if (code != PACS_OK) {
        return code;
    }

    snprintf(version, sizeof(version), "PRAGMA user_version = %u; COMMIT", n);
    code = pacs_sqlite_exec(&ix->writer, pacs_migrations[n - 1], err);
    if (code == PACS_OK) {
        code = pacs_sqlite_exec(&ix->writer, version, err);
    }
    if (code != PACS_OK) {
        sqlite3_exec(ix->writer.db, "ROLLBACK", NULL, NULL, NULL);
    }
    return code;
}


static int
migrate(pacs_sqlite_t *ix, pacs_err_t *err)
{
    int64_t  version = 0;
    int      code = get_int(&ix->writer, "PRAGMA user_version", &version, err);

    if (code == PACS_OK && version > (int64_t) pacs_nmigrations) {
        return pacs_fail(err, PACS_E_IO, "%s is of schema %lld, made by a"
                         " newer version; this one knows %u", ix->path,
                         (long long) version, pacs_nmigrations);
    }

    for (unsigned n = (unsigned) version + 1;
         code == PACS_OK && n <= pacs_nmigrations;
         n++)
    {
        code = migrate_to(ix, n, err);
    }
    return code;
}


static int
sync_folder(pacs_sqlite_t *ix, pacs_err_t *err)
{
    int  fd = open(ix->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int  rc = fd == -1 ? -1 : fsync(fd);
    int  code = rc == 0 ? PACS_OK
                        : pacs_fail_errno(err, errno, "%s", ix->folder);

    if (fd != -1) {
        close(fd);
    }
    return code;
}


static int
set_marker(pacs_sqlite_t *ix, pacs_err_t *err)
{
    int  fd = open(ix->marker, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd == -1) {
        return pacs_fail_errno(err, errno, "%s", ix->marker);
    }
    close(fd);
    return sync_folder(ix, err);
}


static int
open_and_migrate(pacs_sqlite_t *ix, pacs_err_t *err)
{
    int  code = pacs_conn_open(ix, &ix->writer, true, err);

    return code == PACS_OK ? migrate(ix, err) : code;
}


static void
remove_database(pacs_sqlite_t *ix)
{
    static const char *const  suffix[] = { "", "-wal", "-shm" };
    char                      path[4096];

    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s%s", ix->path, suffix[i]);
        unlink(path);
    }
}


static int
prepare_rebuild(pacs_sqlite_t *ix, pacs_err_t *err)
{
    return pacs_sqlite_exec(&ix->writer, "PRAGMA synchronous = OFF;"
                            "PRAGMA cache_size = -131072", err);
}


/* a broken file must not keep a rebuild from making a good one; others that
 * have it open notice, see pacs_conn_renew */
int
pacs_sqlite_remake(pacs_sqlite_t *ix, const char *why, pacs_err_t *err)
{
    pacs_log(&ix->env, PACS_LOG_WARN, "%s is made anew: %s", ix->path, why);

    pacs_conn_close(&ix->writer);
    remove_database(ix);
    ix->open_tx = ix->failed = false;
    ix->pending = 0;

    int  code = open_and_migrate(ix, err);

    return code == PACS_OK ? prepare_rebuild(ix, err) : code;
}


static int
open_for_rebuild(pacs_sqlite_t *ix, pacs_err_t *err)
{
    pacs_err_t  first = { 0 };
    int         code = open_and_migrate(ix, &first);

    if (code == PACS_E_BUSY) {
        return pacs_fail(err, code, "%s", first.text);
    }

    return code == PACS_OK ? prepare_rebuild(ix, err)
                           : pacs_sqlite_remake(ix, first.text, err);
}


/* the gate is kept until a rebuild's end */
static int
open_database(pacs_sqlite_t *ix, pacs_err_t *err)
{
    int  code = pacs_sqlite_take_gate(ix, ix->rebuild ? set_marker
                                                      : pacs_sqlite_not_cut,
                                      err);

    if (code != PACS_OK) {
        return code;
    }
    if (ix->rebuild) {
        return open_for_rebuild(ix, err);
    }

    code = open_and_migrate(ix, err);
    ix->opened = code == PACS_OK;
    pacs_sqlite_leave_gate(ix);
    return code;
}


/* by SQLite's own descriptor: closing another one would drop its locks */
static int
sync_database(pacs_sqlite_t *ix, pacs_err_t *err)
{
    sqlite3_file  *file = NULL;

    return sqlite3_file_control(ix->writer.db, "main",
                                SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK
           && file->pMethods->xSync(file, SQLITE_SYNC_FULL) == SQLITE_OK
           ? PACS_OK
           : pacs_fail_errno(err, errno, "fsync of %s", ix->path);
}


static int
rebuilt(pacs_index_t *base, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;

    if (!ix->rebuild) {
        return PACS_OK;
    }
    if (ix->failed) {
        return pacs_fail(err, PACS_E_IO, "a change of the rebuild failed");
    }

    pthread_mutex_lock(&ix->writing);

    int  code = pacs_sqlite_flush(ix, err);

    if (code == PACS_OK) {
        code = pacs_sqlite_exec(&ix->writer, "PRAGMA synchronous = FULL;"
                                "PRAGMA wal_checkpoint(TRUNCATE)", err);
    }

    /* earlier checkpoints wrote without any fsync */
    if (code == PACS_OK) {
        code = sync_database(ix, err);
    }
    if (code == PACS_OK && unlink(ix->marker) != 0) {
        code = pacs_fail_errno(err, errno, "end of the rebuild of %s",
                               ix->path);
    }
    if (code == PACS_OK) {
        code = sync_folder(ix, err);
    }
    if (code == PACS_OK) {
        ix->rebuild = false;
        ix->opened = true;
        pacs_sqlite_leave_gate(ix);
    }

    pthread_mutex_unlock(&ix->writing);
    return code;
}


static void
sqlite_close(pacs_index_t *base)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;

    if (ix == NULL) {
        return;
    }

    if (ix->open_tx) {
        pacs_sqlite_flush(ix, NULL);
    }
    for (unsigned i = 0; i < ix->nidle; i++) {
        pacs_conn_close(ix->idle[i]);
        free(ix->idle[i]);
    }
    pacs_conn_close(&ix->writer);
    for (unsigned i = 0; i < PACS_Q_FIXED; i++) {
        free(ix->fixed[i]);
    }
    if (ix->gate != -1) {
        close(ix->gate);
    }
    if (ix->turn != -1) {
        close(ix->turn);
    }
    pthread_mutex_destroy(&ix->writing);
    pthread_mutex_destroy(&ix->pool);
    pthread_cond_destroy(&ix->freed);
    free(ix->path);
    free(ix->marker);
    free(ix->folder);
    free(ix);
}


static const pacs_index_vt_t  sqlite_vt = {
    .name = "sqlite", .close = sqlite_close, .put = pacs_sqlite_put,
    .get = pacs_sqlite_get, .each = pacs_sqlite_each,
    .query = pacs_sqlite_query, .revision = pacs_sqlite_revision,
    .speaker = pacs_sqlite_speaker,
    .remove = pacs_sqlite_remove, .correct = pacs_sqlite_correct,
    .corrected = pacs_sqlite_corrected,
    .add_conflict = pacs_sqlite_add_conflict,
    .conflicts = pacs_sqlite_conflicts, .arrivals = pacs_sqlite_arrivals,
    .changes = pacs_sqlite_changes,
    .documents_put = pacs_sqlite_documents_put,
    .document_get = pacs_sqlite_document_get,
    .documents_find = pacs_sqlite_documents_find,
    .events = pacs_sqlite_events, .stats = pacs_sqlite_stats,
    .clear = pacs_sqlite_clear, .rebuilt = rebuilt,
    .check = pacs_sqlite_check
};


static char *
join(const char *a, const char *b)
{
    char  *s = NULL;

    return asprintf(&s, "%s%s", a, b) < 0 ? NULL : s;
}


static int
open_lock(pacs_sqlite_t *ix, const char *name)
{
    char  *path = join(ix->folder, name);
    int    fd = path == NULL ? -1
                : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    free(path);
    return fd;
}


static int
open_files(const char *home, pacs_sqlite_t *ix, pacs_err_t *err)
{
    char         name[64];
    const char  *net = pacs_netfs_name(home, name);

    if (net == NULL && mkdir(ix->folder, 0700) != 0 && errno != EEXIST) {
        return pacs_fail_errno(err, errno, "%s", ix->folder);
    }
    if (net == NULL) {
        net = pacs_netfs_name(ix->folder, name);
    }
    if (net != NULL) {
        return pacs_fail(err, PACS_E_IO, "%s is on a network file system"
                         " (%s): the index must be on a local disk",
                         ix->folder, net);
    }

    ix->gate = open_lock(ix, "/gate");
    ix->turn = open_lock(ix, "/turn");
    return ix->gate != -1 && ix->turn != -1 ? PACS_OK
           : pacs_fail_errno(err, errno, "%s/gate", ix->folder);
}


static void
init(pacs_sqlite_t *ix, const char *home, const pacs_env_t *env, bool rebuild)
{
    pthread_mutexattr_t  attr;

    ix->base.vt = &sqlite_vt;
    ix->env = *env;
    ix->gate = ix->turn = -1;
    ix->rebuild = rebuild;
    ix->folder = join(home, "/index");
    ix->path = join(home, "/index/pacs.db");
    ix->marker = join(home, "/index/rebuilding");

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&ix->writing, &attr);
    pthread_mutexattr_destroy(&attr);
    pthread_mutex_init(&ix->pool, NULL);
    pthread_cond_init(&ix->freed, NULL);
}


int
pacs_index_open_sqlite(const char *home, const pacs_env_t *env, bool rebuild,
    pacs_index_t **out, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = calloc(1, sizeof(*ix));

    *out = NULL;
    if (ix == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    init(ix, home, env, rebuild);

    int  code = ix->folder != NULL && ix->path != NULL && ix->marker != NULL
                ? pacs_sqlite_statements(ix, err)
                : pacs_fail(err, PACS_E_NOMEM, "out of memory");

    if (code == PACS_OK) {
        code = open_files(home, ix, err);
    }
    if (code == PACS_OK) {
        code = open_database(ix, err);
    }
    if (code != PACS_OK) {
        sqlite_close(&ix->base);
        return code;
    }

    *out = &ix->base;
    return PACS_OK;
}
