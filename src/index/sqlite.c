/* SPDX-License-Identifier: BSD-2-Clause */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "index/migrations.h"
#include "index/netfs.h"
#include "index/sqlite.h"

enum { BUSY_MS = 10000, FLUSH_EVERY = 20000 };

const pacs_dialect_t  pacs_sqlite_dialect = {
    .indexed = " INDEXED BY ", .any = "pacs_any"
};


/* --- statements --- */


static int
code_of(sqlite3 *db)
{
    switch (sqlite3_errcode(db)) {
    case SQLITE_FULL:
        return PACS_E_FULL;
    case SQLITE_NOMEM:
        return PACS_E_NOMEM;
    case SQLITE_BUSY:
        return PACS_E_BUSY;
    case SQLITE_IOERR:
        return sqlite3_system_errno(db) == ENOSPC
               || sqlite3_system_errno(db) == EDQUOT ? PACS_E_FULL : PACS_E_IO;
    default:
        return PACS_E_IO;
    }
}


int
pacs_sqlite_fail(pacs_conn_t *c, pacs_err_t *err)
{
    return c->db == NULL
           ? pacs_fail(err, PACS_E_NOMEM, "index: out of memory")
           : pacs_fail(err, code_of(c->db), "index: %s",
                       sqlite3_errmsg(c->db));
}


int
pacs_sqlite_exec(pacs_conn_t *c, const char *sql, pacs_err_t *err)
{
    return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK
           ? PACS_OK : pacs_sqlite_fail(c, err);
}


sqlite3_stmt *
pacs_sqlite_fixed(pacs_sqlite_t *ix, pacs_conn_t *c, pacs_fixed_e q,
    pacs_err_t *err)
{
    if (c->fixed[q] == NULL
        && sqlite3_prepare_v3(c->db, ix->fixed[q], -1,
                              SQLITE_PREPARE_PERSISTENT, &c->fixed[q], NULL)
           != SQLITE_OK)
    {
        pacs_sqlite_fail(c, err);
        return NULL;
    }

    sqlite3_reset(c->fixed[q]);
    return c->fixed[q];
}


/* the one with this text, or the one used longest ago */
static pacs_cached_t *
cached_slot(pacs_conn_t *c, pacs_str_t text)
{
    pacs_cached_t  *old = &c->cached[0];

    for (unsigned i = 0; i < PACS_CACHED; i++) {
        pacs_cached_t  *slot = &c->cached[i];

        if (slot->st != NULL && pacs_str_eq(text, slot->text)) {
            return slot;
        }
        if (slot->used < old->used) {
            old = slot;
        }
    }

    sqlite3_finalize(old->st);
    free((void *) old->text.data);
    *old = (pacs_cached_t) { 0 };
    return old;
}


sqlite3_stmt *
pacs_sqlite_text(pacs_conn_t *c, pacs_str_t text, pacs_err_t *err)
{
    pacs_cached_t  *slot = cached_slot(c, text);

    slot->used = ++c->uses;
    if (slot->st == NULL) {
        slot->text = (pacs_str_t) { strndup(text.data, text.len), text.len };
        if (slot->text.data == NULL
            || sqlite3_prepare_v3(c->db, slot->text.data, -1,
                                  SQLITE_PREPARE_PERSISTENT, &slot->st, NULL)
               != SQLITE_OK)
        {
            pacs_sqlite_fail(c, err);
            return NULL;
        }
    }

    sqlite3_reset(slot->st);
    return slot->st;
}


void
pacs_sqlite_bind(sqlite3_stmt *st, int at, pacs_str_t s)
{
    sqlite3_bind_text64(st, at, s.data != NULL ? s.data : "", s.len,
                        SQLITE_STATIC, SQLITE_UTF8);
}


pacs_str_t
pacs_sqlite_column(sqlite3_stmt *st, int at)
{
    const void  *data = sqlite3_column_blob(st, at);

    return (pacs_str_t) { data, (size_t) sqlite3_column_bytes(st, at) };
}


int
pacs_sqlite_run(pacs_conn_t *c, sqlite3_stmt *st, pacs_err_t *err)
{
    int  rc;

    do {
        rc = sqlite3_step(st);
    } while (rc == SQLITE_ROW);

    int  code = rc == SQLITE_DONE ? PACS_OK : pacs_sqlite_fail(c, err);

    sqlite3_reset(st);
    return code;
}


static int
run_fixed(pacs_sqlite_t *ix, pacs_fixed_e q, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, &ix->writer, q, err);

    return st != NULL ? pacs_sqlite_run(&ix->writer, st, err) : PACS_E_IO;
}


/* --- connections --- */


static void
sql_any(sqlite3_context *ctx, int n, sqlite3_value **v)
{
    pacs_str_t  pattern = { (const char *) sqlite3_value_text(v[0]),
                            (size_t) sqlite3_value_bytes(v[0]) };
    pacs_str_t  values = { (const char *) sqlite3_value_text(v[1]),
                           (size_t) sqlite3_value_bytes(v[1]) };

    sqlite3_result_int(ctx, pacs_any_match(pattern, values));
}


static void
conn_close(pacs_conn_t *c)
{
    for (unsigned i = 0; i < PACS_Q_FIXED; i++) {
        sqlite3_finalize(c->fixed[i]);
    }
    for (unsigned i = 0; i < PACS_CACHED; i++) {
        sqlite3_finalize(c->cached[i].st);
        free((void *) c->cached[i].text.data);
    }
    sqlite3_close(c->db);
    *c = (pacs_conn_t) { 0 };
}


static int
conn_open(pacs_sqlite_t *ix, pacs_conn_t *c, bool writer, pacs_err_t *err)
{
    int  flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
                 | (writer ? SQLITE_OPEN_CREATE : 0);

    if (sqlite3_open_v2(ix->path, &c->db, flags, NULL) != SQLITE_OK) {
        int  code = pacs_sqlite_fail(c, err);

        conn_close(c);
        return code;
    }

    sqlite3_busy_timeout(c->db, BUSY_MS);
    sqlite3_create_function(c->db, "pacs_any", 2,
                            SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, sql_any,
                            NULL, NULL);

    int  code = pacs_sqlite_exec(c, writer
        ? "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
          "PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864;"
          "PRAGMA wal_autocheckpoint = 4000;"
          "PRAGMA case_sensitive_like = ON"
        : "PRAGMA query_only = ON; PRAGMA case_sensitive_like = ON;"
          "PRAGMA cache_size = -8192", err);

    if (code != PACS_OK) {
        conn_close(c);
    }
    return code;
}


/* somebody rebuilds, or a rebuild was cut */
static bool
is_rebuilding(pacs_sqlite_t *ix)
{
    return !ix->rebuild && access(ix->marker, F_OK) == 0;
}


static int
rebuilding(pacs_sqlite_t *ix, pacs_err_t *err)
{
    return pacs_fail(err, PACS_E_BUSY, "the index is being rebuilt");
}


/* an idle connection or room for a new one: *c is NULL then */
static void
pool_take(pacs_sqlite_t *ix, pacs_conn_t **c)
{
    pthread_mutex_lock(&ix->pool);
    while (ix->nidle == 0 && ix->nopen == PACS_READERS) {
        pthread_cond_wait(&ix->freed, &ix->pool);
    }

    *c = ix->nidle != 0 ? ix->idle[--ix->nidle] : NULL;
    ix->nopen += *c == NULL;
    pthread_mutex_unlock(&ix->pool);
}


static void
pool_forget(pacs_sqlite_t *ix)
{
    pthread_mutex_lock(&ix->pool);
    ix->nopen--;
    pthread_cond_signal(&ix->freed);
    pthread_mutex_unlock(&ix->pool);
}


int
pacs_sqlite_enter(pacs_sqlite_t *ix, pacs_conn_t **c, pacs_err_t *err)
{
    if (ix->rebuild) {
        pthread_mutex_lock(&ix->writing);
        *c = &ix->writer;
        return PACS_OK;
    }
    if (is_rebuilding(ix)) {
        return rebuilding(ix, err);
    }

    pool_take(ix, c);
    if (*c != NULL) {
        return PACS_OK;
    }

    *c = calloc(1, sizeof(**c));

    int  code = *c == NULL ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                           : conn_open(ix, *c, false, err);

    if (code != PACS_OK) {
        free(*c);
        pool_forget(ix);
    }
    return code;
}


void
pacs_sqlite_leave(pacs_sqlite_t *ix, pacs_conn_t *c)
{
    if (ix->rebuild) {
        pthread_mutex_unlock(&ix->writing);
        return;
    }

    pthread_mutex_lock(&ix->pool);
    ix->idle[ix->nidle++] = c;
    pthread_cond_signal(&ix->freed);
    pthread_mutex_unlock(&ix->pool);
}


/* --- turns and transactions --- */


static int
lock(int fd, int how)
{
    int  rc;

    do {
        rc = flock(fd, how);
    } while (rc != 0 && errno == EINTR);
    return rc;
}


static void
leave_gate(pacs_sqlite_t *ix)
{
    lock(ix->gate, LOCK_UN);
}


/*
 * Who waits for the gate holds the turn: whoever has just left the gate
 * cannot take it again before.  A rebuild keeps the gate for as long as it
 * takes, and is not waited for; it marks itself while it holds the turn.
 */
static int
take_gate(pacs_sqlite_t *ix, int (*mark)(pacs_sqlite_t *ix, pacs_err_t *err),
    pacs_err_t *err)
{
    if (lock(ix->turn, LOCK_EX) != 0) {
        return pacs_fail_errno(err, errno, "flock of %s/turn", ix->folder);
    }

    bool  taken = lock(ix->gate, LOCK_EX | LOCK_NB) == 0;
    int   code = !taken && access(ix->marker, F_OK) == 0
                 ? rebuilding(ix, err) : mark(ix, err);

    if (code == PACS_OK && !taken && lock(ix->gate, LOCK_EX) != 0) {
        code = pacs_fail_errno(err, errno, "flock of %s/gate", ix->folder);
    }
    if (code != PACS_OK && taken) {
        leave_gate(ix);
    }

    lock(ix->turn, LOCK_UN);
    return code;
}


/* the marker without a process that holds the gate: a rebuild was cut */
static int
not_cut(pacs_sqlite_t *ix, pacs_err_t *err)
{
    return access(ix->marker, F_OK) != 0 ? PACS_OK
           : pacs_fail(err, PACS_E_IO, "a rebuild of %s was cut: run pacs"
                       " reindex", ix->path);
}


int
pacs_sqlite_begin(pacs_sqlite_t *ix, pacs_err_t *err)
{
    pthread_mutex_lock(&ix->writing);
    ix->tx = (pacs_tx_t) { 0 };

    if (ix->rebuild && ix->open_tx) {
        return PACS_OK;
    }

    int  code = ix->broken ? pacs_fail(err, PACS_E_IO, "index: an earlier"
                                       " fsync failed")
                : ix->rebuild ? PACS_OK
                : take_gate(ix, not_cut, err);

    if (code == PACS_OK) {
        code = run_fixed(ix, PACS_Q_BEGIN, err);
        if (code != PACS_OK && !ix->rebuild) {
            leave_gate(ix);
        }
    }
    if (code != PACS_OK) {
        pthread_mutex_unlock(&ix->writing);
        return code;
    }

    ix->open_tx = ix->rebuild;
    return PACS_OK;
}


static int
add_totals(pacs_sqlite_t *ix, pacs_err_t *err)
{
    const int64_t   add[] = { ix->tx.patients, ix->tx.studies, ix->tx.series,
                              ix->tx.instances, ix->tx.bytes };
    sqlite3_stmt   *st = pacs_sqlite_fixed(ix, &ix->writer, PACS_Q_TOTALS,
                                           err);

    if (st == NULL) {
        return PACS_E_IO;
    }
    for (int i = 0; i < 5; i++) {
        sqlite3_bind_int64(st, i + 1, add[i]);
    }
    return pacs_sqlite_run(&ix->writer, st, err);
}


/* who can say what is on the disk after a failed fsync? */
static int
commit(pacs_sqlite_t *ix, pacs_err_t *err)
{
    int  code = run_fixed(ix, PACS_Q_COMMIT, err);

    if (code != PACS_OK) {
        int  why = sqlite3_extended_errcode(ix->writer.db);

        ix->broken = why == SQLITE_IOERR_FSYNC
                     || why == SQLITE_IOERR_DIR_FSYNC;
    }
    return code;
}


/* rebuild: what was written since the last flush */
int
pacs_sqlite_flush(pacs_sqlite_t *ix, pacs_err_t *err)
{
    if (!ix->open_tx) {
        return PACS_OK;
    }
    ix->open_tx = false;
    ix->pending = 0;
    return commit(ix, err);
}


/* a failed rebuild stays marked, so its transaction need not be undone */
static int
end_rebuild(pacs_sqlite_t *ix, int code, pacs_err_t *err)
{
    ix->failed = ix->failed || (code != PACS_OK && code != PACS_E_NOT_FOUND);
    if (code == PACS_OK && ++ix->pending >= FLUSH_EVERY) {
        code = pacs_sqlite_flush(ix, err);
    }
    return code;
}


int
pacs_sqlite_end(pacs_sqlite_t *ix, int code, pacs_err_t *err)
{
    pacs_tx_t  *tx = &ix->tx;

    if (code == PACS_OK
        && (tx->patients | tx->studies | tx->series | tx->instances
            | tx->bytes) != 0)
    {
        code = add_totals(ix, err);
    }

    if (ix->rebuild) {
        code = end_rebuild(ix, code, err);

    } else {
        if (code == PACS_OK) {
            code = commit(ix, err);
        }
        if (code != PACS_OK && !sqlite3_get_autocommit(ix->writer.db)) {
            run_fixed(ix, PACS_Q_ROLLBACK, NULL);
        }
        leave_gate(ix);
    }

    pthread_mutex_unlock(&ix->writing);
    return code;
}


/* --- opening --- */


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
    int  code = conn_open(ix, &ix->writer, true, err);

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


/* a broken file must not keep a rebuild from making a good one */
static int
open_for_rebuild(pacs_sqlite_t *ix, pacs_err_t *err)
{
    pacs_err_t  first = { 0 };
    int         code = open_and_migrate(ix, &first);

    if (code == PACS_E_BUSY) {
        return pacs_fail(err, code, "%s", first.text);
    }
    if (code != PACS_OK) {
        pacs_log(&ix->env, PACS_LOG_WARN, "%s is made anew (%s): restart"
                 " what had it open", ix->path, first.text);
        conn_close(&ix->writer);
        remove_database(ix);
        code = open_and_migrate(ix, err);
    }
    return code != PACS_OK ? code
           : pacs_sqlite_exec(&ix->writer, "PRAGMA synchronous = OFF;"
                              "PRAGMA cache_size = -131072", err);
}


/* the gate is kept until a rebuild's end */
static int
open_database(pacs_sqlite_t *ix, pacs_err_t *err)
{
    int  code = take_gate(ix, ix->rebuild ? set_marker : not_cut, err);

    if (code != PACS_OK) {
        return code;
    }
    if (ix->rebuild) {
        return open_for_rebuild(ix, err);
    }

    code = open_and_migrate(ix, err);
    leave_gate(ix);
    return code;
}


static int
rebuilt(pacs_index_t *base, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    int             fd = -1;

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
        fd = open(ix->path, O_RDWR | O_CLOEXEC);
        if (fd == -1 || fsync(fd) != 0 || unlink(ix->marker) != 0) {
            code = pacs_fail_errno(err, errno, "end of the rebuild of %s",
                                   ix->path);
        }
    }
    if (code == PACS_OK) {
        code = sync_folder(ix, err);
    }
    if (code == PACS_OK) {
        ix->rebuild = false;
        leave_gate(ix);
    }
    if (fd != -1) {
        close(fd);
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
        conn_close(ix->idle[i]);
        free(ix->idle[i]);
    }
    conn_close(&ix->writer);
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
    .remove = pacs_sqlite_remove, .correct = pacs_sqlite_correct,
    .add_conflict = pacs_sqlite_add_conflict,
    .conflicts = pacs_sqlite_conflicts, .stats = pacs_sqlite_stats,
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
