/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The SQLite index, shared by its files: connections (conn.c), turns and
 * transactions (turn.c), opening (sqlite.c), statements.c, writing (row.c,
 * patient.c, write.c), taking away and correcting (remove.c), read.c.
 *
 * One connection writes.  Writers of a process take turns on a mutex, those
 * of several processes on a flock of <home>/index/gate, in the order that
 * <home>/index/turn gives.  Readers come from a pool.  While
 * <home>/index/rebuilding exists only a rebuild may use the database; a
 * rebuild uses the writing connection for everything.
 */

#ifndef PACS_INDEX_SQLITE_H
#define PACS_INDEX_SQLITE_H

#include <pthread.h>
#include <sqlite3.h>

#include "index/sql.h"

enum { PACS_READERS = 64, PACS_CACHED = 32, PACS_COLUMNS = 48 };

/* statements that never change; some texts are made of pacs_attrs */
typedef enum {
    PACS_Q_BEGIN, PACS_Q_COMMIT, PACS_Q_ROLLBACK, PACS_Q_REVISION_NEXT,
    PACS_Q_TOTALS, PACS_Q_INSTANCE_KNOWN, PACS_Q_STUDY, PACS_Q_SERIES,
    PACS_Q_PATIENT, PACS_Q_STUDY_INSERT, PACS_Q_SERIES_INSERT,
    PACS_Q_PATIENT_INSERT, PACS_Q_INSTANCE_INSERT, PACS_Q_DATA_INSERT,
    PACS_Q_STUDY_COUNT, PACS_Q_SERIES_COUNT, PACS_Q_STUDY_MODALITIES,
    PACS_Q_UNDELETE, PACS_Q_CORRECTED, PACS_Q_GET, PACS_Q_GET_METADATA,
    PACS_Q_REVISION_STUDY, PACS_Q_REVISION_SERIES, PACS_Q_REVISION_INSTANCE,
    PACS_Q_REVISION_ALL, PACS_Q_LATEST, PACS_Q_SPEAKER, PACS_Q_IS_DELETED,
    PACS_Q_FIXED
} pacs_fixed_e;

/* a column that is filled from values: as it is, or a folded name's groups,
 * or its words */
typedef struct {
    int          attr;
    enum { PACS_C_VALUE, PACS_C_FIRST, PACS_C_REST, PACS_C_WORDS } part;
    char         name[40];
} pacs_column_t;

typedef struct {
    pacs_column_t  c[PACS_COLUMNS];
    unsigned       n;
} pacs_columns_t;

typedef struct {
    pacs_str_t     text;        /* malloc'ed */
    sqlite3_stmt  *st;
    uint64_t       used;
} pacs_cached_t;

typedef struct {
    sqlite3        *db;
    sqlite3_stmt   *fixed[PACS_Q_FIXED];
    pacs_cached_t   cached[PACS_CACHED];
    uint64_t        uses;
} pacs_conn_t;

/* what a transaction adds to the totals */
typedef struct {
    int64_t  patients, studies, series, instances, bytes;
    int64_t  revision;      /* taken by this transaction, or 0 */
} pacs_tx_t;

typedef struct {
    pacs_index_t      base;
    pacs_env_t        env;
    char             *path, *marker, *folder;
    int               gate, turn;
    bool              rebuild;
    bool              opened;           /* no database is made any more */
    char             *fixed[PACS_Q_FIXED];
    pacs_columns_t    columns[4];       /* by level; study: patient's too */

    pthread_mutex_t   writing;          /* recursive */
    pacs_conn_t       writer;
    pacs_tx_t         tx;
    uint64_t          pending;          /* rebuild: changes not committed */
    bool              open_tx;          /* rebuild */
    bool              failed;           /* rebuild: a change was not made */
    bool              broken;           /* an fsync failed: no more writes */

    pthread_mutex_t   pool;
    pthread_cond_t    freed;
    pacs_conn_t      *idle[PACS_READERS];
    unsigned          nidle, nopen;
} pacs_sqlite_t;

extern const pacs_dialect_t  pacs_sqlite_dialect;

/* --- conn.c --- */

int pacs_conn_open(pacs_sqlite_t *ix, pacs_conn_t *c, bool writer,
    pacs_err_t *err);
/* opens c if it is not, and again if a rebuild made the file anew */
int pacs_conn_renew(pacs_sqlite_t *ix, pacs_conn_t *c, bool writer,
    pacs_err_t *err);
void pacs_conn_close(pacs_conn_t *c);
int pacs_sqlite_rebuilding(pacs_sqlite_t *ix, pacs_err_t *err);
int pacs_sqlite_fail(pacs_conn_t *c, pacs_err_t *err);
/* a connection to read with; leave gives it back */
int pacs_sqlite_enter(pacs_sqlite_t *ix, pacs_conn_t **c, pacs_err_t *err);
void pacs_sqlite_leave(pacs_sqlite_t *ix, pacs_conn_t *c);
/* prepared, reset, without bindings; NULL: failed */
sqlite3_stmt *pacs_sqlite_fixed(pacs_sqlite_t *ix, pacs_conn_t *c,
    pacs_fixed_e q, pacs_err_t *err);
sqlite3_stmt *pacs_sqlite_text(pacs_conn_t *c, pacs_str_t text,
    pacs_err_t *err);
void pacs_sqlite_bind(sqlite3_stmt *st, int at, pacs_str_t s);
pacs_str_t pacs_sqlite_column(sqlite3_stmt *st, int at);
/* null for what is empty */
pacs_str_t pacs_sqlite_copy(sqlite3_stmt *st, int at, pacs_arena_t *a);
/* the attributes of a level and above, from column `at` on; arena NULL: they
 * live until the next step */
void pacs_sqlite_values(sqlite3_stmt *st, int at, unsigned level,
    pacs_arena_t *a, pacs_str_t *values);
/* steps to the end of a statement that gives no row of interest; resets */
int pacs_sqlite_run(pacs_conn_t *c, sqlite3_stmt *st, pacs_err_t *err);
int pacs_sqlite_exec(pacs_conn_t *c, const char *sql, pacs_err_t *err);

int pacs_sqlite_run_fixed(pacs_sqlite_t *ix, pacs_fixed_e q,
    pacs_err_t *err);

/* limits->query_ms for what is run in between; *err says so if it was over */
typedef struct {
    const pacs_env_t  *env;
    int64_t            end_us;
} pacs_deadline_t;

void pacs_sqlite_bound(pacs_sqlite_t *ix, pacs_conn_t *c,
    const pacs_limits_t *limits, pacs_deadline_t *d);
int pacs_sqlite_unbound(pacs_conn_t *c, const pacs_limits_t *limits,
    pacs_deadline_t *d, int code, pacs_err_t *err);

/* --- turn.c --- */

/* mark: said or checked while no other process can take the gate */
int pacs_sqlite_take_gate(pacs_sqlite_t *ix,
    int (*mark)(pacs_sqlite_t *ix, pacs_err_t *err), pacs_err_t *err);
void pacs_sqlite_leave_gate(pacs_sqlite_t *ix);
/* a mark: the marker of a rebuild without its process */
int pacs_sqlite_not_cut(pacs_sqlite_t *ix, pacs_err_t *err);
/* a transaction on ix->writer; end commits if code is PACS_OK */
int pacs_sqlite_begin(pacs_sqlite_t *ix, pacs_err_t *err);
int pacs_sqlite_end(pacs_sqlite_t *ix, int code, pacs_err_t *err);
int pacs_sqlite_flush(pacs_sqlite_t *ix, pacs_err_t *err);

/* a rebuild: closes, removes and makes the database; why is logged */
int pacs_sqlite_remake(pacs_sqlite_t *ix, const char *why, pacs_err_t *err);

/* --- statements.c --- */

/* columns of s, e, i, d that make a record: metadata is to follow */
extern const char  pacs_sqlite_record[];

int pacs_sqlite_statements(pacs_sqlite_t *ix, pacs_err_t *err);

/* --- row.c, patient.c, write.c --- */

int pacs_sqlite_put(pacs_index_t *base, pacs_record_t *records,
    pacs_put_e *known, unsigned n, pacs_err_t *err);
/* a new instance's row and its data */
int pacs_sqlite_put_instance(pacs_sqlite_t *ix, const pacs_record_t *r,
    int64_t series, pacs_err_t *err);
/* the next revision, one for all of a transaction */
int pacs_sqlite_revise(pacs_sqlite_t *ix, int64_t *revision, pacs_err_t *err);
/* ties a study to the patient that its columns name */
int pacs_sqlite_relink(pacs_sqlite_t *ix, pacs_str_t uid, int64_t study,
    int64_t *patient, pacs_err_t *err);
int pacs_sqlite_drop_patient(pacs_sqlite_t *ix, int64_t patient,
    pacs_err_t *err);
/* sets the columns of attributes that set[] names; values clamped */
int pacs_sqlite_update(pacs_sqlite_t *ix, const char *table,
    const pacs_columns_t *columns, const bool *set, const pacs_str_t *values,
    int64_t id, pacs_err_t *err);
/* a row of r's series, with n instances; its id: pacs_row_id */
int pacs_sqlite_insert_series(pacs_sqlite_t *ix, const pacs_record_t *r,
    int64_t study, unsigned n, pacs_err_t *err);
int pacs_sqlite_modalities(pacs_sqlite_t *ix, int64_t study, pacs_err_t *err);

/* --- remove.c --- */

int pacs_sqlite_remove(pacs_index_t *base, pacs_str_t study,
    pacs_str_t series, pacs_str_t instance, uint64_t *removed,
    pacs_err_t *err);
int pacs_sqlite_correct(pacs_index_t *base, pacs_str_t study,
    pacs_str_t series, pacs_str_t instance, int attr, pacs_str_t value,
    pacs_err_t *err);
int pacs_sqlite_corrected(pacs_index_t *base, pacs_str_t study,
    pacs_str_t series, pacs_str_t instance, pacs_arena_t *a,
    pacs_str_t *values, pacs_err_t *err);
int pacs_sqlite_add_conflict(pacs_index_t *base, const pacs_conflict_t *c,
    pacs_err_t *err);
/* for a rebuild: without what is wrong with the file, too */
int pacs_sqlite_clear(pacs_index_t *base, pacs_err_t *err);

/* --- document.c, document_read.c --- */

/* "00404025.00080100" */
void pacs_document_path(char text[PACS_KEY_DEPTH * 9], const uint32_t *path,
    unsigned depth);
int pacs_sqlite_documents_put(pacs_index_t *base, const pacs_document_t *docs,
    unsigned n, const pacs_event_t *events, unsigned nevents,
    pacs_err_t *err);
int pacs_sqlite_document_get(pacs_index_t *base, const char *kind,
    pacs_str_t uid, pacs_arena_t *a, pacs_document_t *d, pacs_err_t *err);
int pacs_sqlite_documents_find(pacs_index_t *base,
    const pacs_document_query_t *q, const pacs_limits_t *limits,
    pacs_arena_t *a, int (*fn)(void *ctx, const pacs_document_t *d),
    void *ctx, bool *more, pacs_err_t *err);
int pacs_sqlite_events(pacs_index_t *base, int64_t after,
    int (*fn)(void *ctx, const pacs_event_t *e), void *ctx, int64_t *last,
    pacs_err_t *err);

/* --- read.c --- */

int pacs_sqlite_get(pacs_index_t *base, pacs_str_t study, pacs_str_t series,
    pacs_str_t instance, bool want_metadata, pacs_arena_t *a,
    pacs_record_t *record, pacs_err_t *err);
int pacs_sqlite_each(pacs_index_t *base, pacs_str_t study, pacs_str_t series,
    bool want_metadata, pacs_arena_t *a,
    int (*fn)(void *ctx, const pacs_record_t *r), void *ctx, pacs_err_t *err);
int pacs_sqlite_query(pacs_index_t *base, const pacs_query_t *q,
    const pacs_limits_t *limits, pacs_arena_t *a,
    int (*fn)(void *ctx, const pacs_row_t *row), void *ctx, bool *more,
    pacs_err_t *err);
int pacs_sqlite_speaker(pacs_index_t *base, pacs_str_t study,
    pacs_str_t series, pacs_arena_t *a, pacs_str_t *metadata,
    pacs_err_t *err);
int pacs_sqlite_revision(pacs_index_t *base, pacs_str_t study,
    pacs_str_t series, pacs_str_t instance, int64_t *revision,
    pacs_err_t *err);
int pacs_sqlite_conflicts(pacs_index_t *base, pacs_arena_t *a,
    int (*fn)(void *ctx, const pacs_conflict_t *c), void *ctx,
    pacs_err_t *err);
int pacs_sqlite_arrivals(pacs_index_t *base, int64_t since,
    int64_t received_us, unsigned studies,
    int (*fn)(void *ctx, const pacs_arrival_t *a), void *ctx,
    pacs_err_t *err);
int pacs_sqlite_changes(pacs_index_t *base, int64_t since, unsigned n,
    int (*fn)(void *ctx, const pacs_change_t *c), void *ctx,
    pacs_err_t *err);
int pacs_sqlite_stats(pacs_index_t *base, pacs_index_stats_t *stats,
    pacs_err_t *err);
int pacs_sqlite_check(pacs_index_t *base, pacs_arena_t *a, pacs_str_t *result,
    pacs_err_t *err);

#endif
