/* SPDX-License-Identifier: BSD-2-Clause */

/* SQLite's connections: statements kept prepared, a pool for readers */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "index/rank.h"

enum { BUSY_MS = 10000 };


/* what is not here is the disk's fault */
static const struct { int sqlite, code; const char *more; } codes[] = {
    { SQLITE_FULL,       PACS_E_FULL,     "" },
    { SQLITE_NOMEM,      PACS_E_NOMEM,    "" },
    { SQLITE_BUSY,       PACS_E_BUSY,     "" },
    { SQLITE_TOOBIG,     PACS_E_LIMIT,    "" },
    { SQLITE_INTERRUPT,  PACS_E_LIMIT,    "" },
    { SQLITE_CONSTRAINT, PACS_E_INTERNAL, "" },
    { SQLITE_MISMATCH,   PACS_E_INTERNAL, "" },
    { SQLITE_MISUSE,     PACS_E_INTERNAL, "" },
    { SQLITE_RANGE,      PACS_E_INTERNAL, "" },
    { SQLITE_CORRUPT,    PACS_E_IO,       ": run pacs reindex" },
    { SQLITE_NOTADB,     PACS_E_IO,       ": run pacs reindex" }
};


int
pacs_sqlite_fail(pacs_conn_t *c, pacs_err_t *err)
{
    if (c->db == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "index: out of memory");
    }

    int          why = sqlite3_errcode(c->db), system;
    int          code = PACS_E_IO;
    const char  *more = "";

    for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i].sqlite == why) {
            code = codes[i].code;
            more = codes[i].more;
        }
    }

    system = sqlite3_system_errno(c->db);
    if (why == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT)) {
        code = PACS_E_FULL;
    }
    return pacs_fail(err, code, "index: %s%s", sqlite3_errmsg(c->db), more);
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


int
pacs_sqlite_run_fixed(pacs_sqlite_t *ix, pacs_fixed_e q, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, &ix->writer, q, err);

    return st != NULL ? pacs_sqlite_run(&ix->writer, st, err) : PACS_E_IO;
}


static int
is_over(void *data)
{
    const pacs_deadline_t  *d = data;

    return d->env->now_us(d->env->ctx) > d->end_us;
}


void
pacs_sqlite_bound(pacs_sqlite_t *ix, pacs_conn_t *c,
    const pacs_limits_t *limits, pacs_deadline_t *d)
{
    enum { STEPS = 5000 };          /* between two looks at the clock */

    *d = (pacs_deadline_t) {
        &ix->env, ix->env.now_us(ix->env.ctx) + limits->query_ms * 1000
    };
    sqlite3_progress_handler(c->db, STEPS, is_over, d);
}


int
pacs_sqlite_unbound(pacs_conn_t *c, const pacs_limits_t *limits,
    pacs_deadline_t *d, int code, pacs_err_t *err)
{
    sqlite3_progress_handler(c->db, 0, NULL, NULL);

    if (code == PACS_E_LIMIT && is_over(d)) {
        *err = (pacs_err_t) { 0 };
        pacs_fail(err, code, "the search is too broad: it took more than"
                  " %lld ms (query_ms)", (long long) limits->query_ms);
    }
    return code;
}


/* --- connections --- */


static pacs_str_t
text_of(sqlite3_value *v)
{
    const char  *text = (const char *) sqlite3_value_text(v);

    return (pacs_str_t) { text, (size_t) sqlite3_value_bytes(v) };
}


static void
sql_any(sqlite3_context *ctx, int n, sqlite3_value **v)
{
    sqlite3_result_int(ctx, pacs_any_match(text_of(v[0]), text_of(v[1])));
}


static void
sql_item(sqlite3_context *ctx, int n, sqlite3_value **v)
{
    const pacs_str_t  patterns[] = { text_of(v[0]), text_of(v[2]) };
    const pacs_str_t  values[] = { text_of(v[1]), text_of(v[3]) };

    sqlite3_result_int(ctx, pacs_item_match(patterns, values));
}


/* a name's function of a name */
static void
sql_name(sqlite3_context *ctx, sqlite3_value **v,
    pacs_str_t (*fn)(pacs_str_t name, pacs_arena_t *a))
{
    pacs_arena_t *a = pacs_arena_create(0);
    pacs_str_t    out = a != NULL ? fn(text_of(v[0]), a) : pacs_null;

    if (out.data != NULL) {
        sqlite3_result_text64(ctx, out.data, out.len, SQLITE_TRANSIENT,
                              SQLITE_UTF8);
    } else {
        sqlite3_result_error_nomem(ctx);
    }
    pacs_arena_destroy(a);
}


static void
sql_fold(sqlite3_context *ctx, int n, sqlite3_value **v)
{
    sql_name(ctx, v, pacs_name_fold);
}


static void
sql_words(sqlite3_context *ctx, int n, sqlite3_value **v)
{
    sql_name(ctx, v, pacs_name_words);
}


static void
sql_when(sqlite3_context *ctx, int n, sqlite3_value **v)
{
    char  when[PACS_WHEN];

    if (pacs_when(text_of(v[0]), false, when)) {
        sqlite3_result_text(ctx, when, -1, SQLITE_TRANSIENT);
    }
}


static const struct {
    const char  *name;
    int          n;
    void       (*run)(sqlite3_context *ctx, int n, sqlite3_value **v);
} functions[] = {
    { "pacs_any",   2, sql_any },
    { "pacs_item",  4, sql_item },
    { "pacs_fold",  1, sql_fold },
    { "pacs_words", 1, sql_words },
    { "pacs_when",  1, sql_when },
    { "pacs_rank",  2, pacs_rank_sql }
};


void
pacs_conn_close(pacs_conn_t *c)
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


int
pacs_conn_open(pacs_sqlite_t *ix, pacs_conn_t *c, bool writer, pacs_err_t *err)
{
    int  flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
                 | (writer && !ix->opened ? SQLITE_OPEN_CREATE : 0);

    if (sqlite3_open_v2(ix->path, &c->db, flags, NULL) != SQLITE_OK) {
        int  code = pacs_sqlite_fail(c, err);

        pacs_conn_close(c);
        return code;
    }

    sqlite3_busy_timeout(c->db, BUSY_MS);
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        sqlite3_create_function(c->db, functions[i].name, functions[i].n,
                                SQLITE_UTF8 | SQLITE_DETERMINISTIC
                                | SQLITE_INNOCUOUS, NULL,
                                functions[i].run, NULL, NULL);
    }

    int  code = pacs_sqlite_exec(c, writer
        ? "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
          "PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864;"
          "PRAGMA wal_autocheckpoint = 4000;"
          "PRAGMA case_sensitive_like = ON"
        : "PRAGMA query_only = ON; PRAGMA case_sensitive_like = ON;"
          "PRAGMA cache_size = -4096", err);

    if (code != PACS_OK) {
        pacs_conn_close(c);
    }
    return code;
}


int
pacs_conn_renew(pacs_sqlite_t *ix, pacs_conn_t *c, bool writer,
    pacs_err_t *err)
{
    int  moved = 0;

    if (ix->rebuild
        || (c->db != NULL
            && (sqlite3_file_control(c->db, "main", SQLITE_FCNTL_HAS_MOVED,
                                     &moved) != SQLITE_OK || !moved)))
    {
        return PACS_OK;
    }

    pacs_conn_close(c);
    return pacs_conn_open(ix, c, writer, err);
}


/* somebody rebuilds, or a rebuild was cut */
static bool
is_rebuilding(pacs_sqlite_t *ix)
{
    return !ix->rebuild && access(ix->marker, F_OK) == 0;
}


int
pacs_sqlite_rebuilding(pacs_sqlite_t *ix, pacs_err_t *err)
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
        return pacs_sqlite_rebuilding(ix, err);
    }

    pool_take(ix, c);
    if (*c == NULL) {
        *c = calloc(1, sizeof(**c));
    }

    int  code = *c == NULL ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                           : pacs_conn_renew(ix, *c, false, err);

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
