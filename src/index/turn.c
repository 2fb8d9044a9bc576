/* SPDX-License-Identifier: BSD-2-Clause */

/* Who writes when: turns between threads and processes, transactions */

#include <errno.h>
#include <sys/file.h>
#include <unistd.h>

#include "index/sqlite.h"

enum { FLUSH_EVERY = 20000 };   /* changes of a rebuild */


static int
lock(int fd, int how)
{
    int  rc;

    do {
        rc = flock(fd, how);
    } while (rc != 0 && errno == EINTR);
    return rc;
}


void
pacs_sqlite_leave_gate(pacs_sqlite_t *ix)
{
    lock(ix->gate, LOCK_UN);
}


/*
 * Who waits for the gate holds the turn: whoever has just left the gate
 * cannot take it again before.  A rebuild keeps the gate for as long as it
 * takes, and is not waited for; it marks itself while it holds the turn.
 */
int
pacs_sqlite_take_gate(pacs_sqlite_t *ix,
    int (*mark)(pacs_sqlite_t *ix, pacs_err_t *err), pacs_err_t *err)
{
    if (lock(ix->turn, LOCK_EX) != 0) {
        return pacs_fail_errno(err, errno, "flock of %s/turn", ix->folder);
    }

    bool  taken = lock(ix->gate, LOCK_EX | LOCK_NB) == 0;
    int   code = !taken && access(ix->marker, F_OK) == 0
                 ? pacs_sqlite_rebuilding(ix, err) : mark(ix, err);

    if (code == PACS_OK && !taken && lock(ix->gate, LOCK_EX) != 0) {
        code = pacs_fail_errno(err, errno, "flock of %s/gate", ix->folder);
    }
    if (code != PACS_OK && taken) {
        pacs_sqlite_leave_gate(ix);
    }

    lock(ix->turn, LOCK_UN);
    return code;
}


/* the marker without a process that holds the gate: a rebuild was cut */
int
pacs_sqlite_not_cut(pacs_sqlite_t *ix, pacs_err_t *err)
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
                : pacs_sqlite_take_gate(ix, pacs_sqlite_not_cut, err);

    if (code == PACS_OK) {
        code = pacs_conn_renew(ix, &ix->writer, true, err);
        if (code == PACS_OK) {
            code = pacs_sqlite_run_fixed(ix, PACS_Q_BEGIN, err);
        }
        if (code != PACS_OK && !ix->rebuild) {
            pacs_sqlite_leave_gate(ix);
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
    int  code = pacs_sqlite_run_fixed(ix, PACS_Q_COMMIT, err);

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
    ix->pending += 1 + (ix->tx.instances > 0 ? (uint64_t) ix->tx.instances
                                             : 0);
    if (code == PACS_OK && ix->pending >= FLUSH_EVERY) {
        code = pacs_sqlite_flush(ix, err);
    }
    ix->failed = ix->failed || (code != PACS_OK && code != PACS_E_NOT_FOUND);
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
            pacs_sqlite_run_fixed(ix, PACS_Q_ROLLBACK, NULL);
        }
        pacs_sqlite_leave_gate(ix);
    }

    pthread_mutex_unlock(&ix->writing);
    return code;
}
