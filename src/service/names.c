/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Between its final name and its row, a blob looks like one that a crash
 * left behind.  Who gives names and then writes rows holds <home>/blobs/lock
 * shared meanwhile; who takes a name away holds it alone, looks at the rows
 * first, and so never takes what was acknowledged.  The lock's first byte
 * is the door to its second: without it, those who share would never let
 * in one who wants to be alone.
 *
 * While the journal has a deletion that the rows have not, the file says
 * where the journal ended before.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/internal.h"

enum { DOOR, ROOM };


static int
set_lock(int fd, int byte, short type)
{
    struct flock  l = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
    };
    int           rc;

    do {
        rc = fcntl(fd, F_OFD_SETLKW, &l);
    } while (rc != 0 && errno == EINTR);

    return rc;
}


static int
take(pacs_service_t *svc, bool alone, int *lock, pacs_err_t *err)
{
    short  type = alone ? F_WRLCK : F_RDLCK;
    char  *path = NULL;

    *lock = -1;

    if (asprintf(&path, "%s/blobs/lock", svc->home) < 0) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    int  fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd == -1 || set_lock(fd, DOOR, type) != 0
        || set_lock(fd, ROOM, type) != 0)
    {
        int  rc = pacs_fail_errno(err, errno, "lock of %s", path);

        free(path);
        pacs_names_unlock(fd);
        return rc;
    }

    if (!alone) {
        set_lock(fd, DOOR, F_UNLCK);
    }

    free(path);
    *lock = fd;
    return PACS_OK;
}


void
pacs_names_unlock(int lock)
{
    if (lock != -1) {
        close(lock);
    }
}


static bool
is_cut(int lock)
{
    struct stat  st;

    return fstat(lock, &st) != 0 || st.st_size != 0;
}


/* held alone; one that is not whole was cut before its entries */
static int
end_cut(pacs_service_t *svc, int lock, pacs_err_t *err)
{
    pacs_journal_at_t  at;
    int                rc = PACS_OK;

    if (pread(lock, &at, sizeof(at), 0) == (ssize_t) sizeof(at)) {
        pacs_log(&svc->options.env, PACS_LOG_WARN,
                 "a deletion was cut: it is ended");
        rc = pacs_delete_end(svc, &at, err);
    }
    return rc == PACS_OK ? pacs_names_deleted(svc, lock, err) : rc;
}


static int
lock_alone(pacs_service_t *svc, int *lock, pacs_err_t *err)
{
    int  rc = take(svc, true, lock, err);

    if (rc == PACS_OK && is_cut(*lock)
        && (rc = end_cut(svc, *lock, err)) != PACS_OK)
    {
        pacs_names_unlock(*lock);
        *lock = -1;
    }
    return rc;
}


int
pacs_names_lock(pacs_service_t *svc, bool alone, int *lock, pacs_err_t *err)
{
    int  rc;

    if (alone) {
        return lock_alone(svc, lock, err);
    }

    while ((rc = take(svc, false, lock, err)) == PACS_OK && is_cut(*lock)) {
        pacs_names_unlock(*lock);
        if ((rc = lock_alone(svc, lock, err)) != PACS_OK) {
            return rc;
        }
        pacs_names_unlock(*lock);
    }
    return rc;
}


int
pacs_names_settle(pacs_service_t *svc, pacs_err_t *err)
{
    char         path[4096];
    struct stat  st;
    int          lock = -1;

    snprintf(path, sizeof(path), "%s/blobs/lock", svc->home);

    int  rc = stat(path, &st) == 0 && st.st_size != 0
              ? pacs_names_lock(svc, true, &lock, err) : PACS_OK;

    pacs_names_unlock(lock);
    return rc;
}


int
pacs_names_deleting(pacs_service_t *svc, int lock, pacs_err_t *err)
{
    pacs_journal_at_t  at = { 0 };
    int                rc = pacs_journal_end(svc->journal, &at, err);

    if (rc != PACS_OK) {
        return rc;
    }
    return pwrite(lock, &at, sizeof(at), 0) == (ssize_t) sizeof(at)
           && fdatasync(lock) == 0
           ? PACS_OK
           : pacs_fail_errno(err, errno, "%s/blobs/lock", svc->home);
}


/* durable: what is stored from now on must not be taken for deleted */
int
pacs_names_deleted(pacs_service_t *svc, int lock, pacs_err_t *err)
{
    if (ftruncate(lock, 0) == 0 && fdatasync(lock) == 0) {
        return PACS_OK;
    }

    int  rc = pacs_fail_errno(err, errno, "%s/blobs/lock", svc->home);

    pacs_degrade(svc, err);
    return rc;
}


/* of one instance only one row is there */
int
pacs_names_used(pacs_service_t *svc, const pacs_key_t *key,
    pacs_str_t instance, pacs_arena_t *a, bool *used, pacs_err_t *err)
{
    pacs_record_t  r = { 0 };
    pacs_err_t     absent = { 0 };
    pacs_key_t     there;
    int            rc = svc->index->vt->get(svc->index, pacs_null, pacs_null,
                                            instance, false, a, &r, &absent);

    *used = rc == PACS_OK && pacs_key_parse(r.key, &there)
            && strcmp(there.digest, key->digest) == 0;
    return rc == PACS_OK || rc == PACS_E_NOT_FOUND || rc == PACS_E_GONE
           ? PACS_OK : pacs_fail(err, rc, "%s", absent.text);
}


void
pacs_names_remove(pacs_service_t *svc, const pacs_key_t *key)
{
    pacs_err_t  err = { 0 };
    int         rc = svc->blobs->vt->remove(svc->blobs, key, &err);

    if (rc != PACS_OK && rc != PACS_E_NOT_FOUND) {
        pacs_log(&svc->options.env, PACS_LOG_ERROR, "%s/%s stays behind: %s",
                 key->series, key->digest, err.text);
    }
}


/* held alone */
static void
drop(pacs_service_t *svc, const pacs_key_t *key, pacs_str_t instance,
    pacs_arena_t *a)
{
    pacs_err_t  err = { 0 };
    bool        used;

    if (pacs_names_used(svc, key, instance, a, &used, &err) != PACS_OK) {
        pacs_log(&svc->options.env, PACS_LOG_ERROR, "%s/%s stays behind: %s",
                 key->series, key->digest, err.text);
    } else if (!used) {
        pacs_names_remove(svc, key);
    }
}


void
pacs_names_drop(pacs_service_t *svc, const pacs_entry_t *entries, size_t n)
{
    enum { TURN = 64 };     /* names a turn: stores wait meanwhile */

    pacs_err_t  err = { 0 };
    int         lock;

    for (size_t i = 0; i < n; ) {
        pacs_arena_t *a = pacs_arena_create(0);

        if (a == NULL
            || pacs_names_lock(svc, true, &lock, &err) != PACS_OK)
        {
            pacs_log(&svc->options.env, PACS_LOG_ERROR, "%zu blobs stay "
                     "behind: %s", n - i, a == NULL ? "no memory" : err.text);
            pacs_arena_destroy(a);
            return;
        }

        do {
            drop(svc, &entries[i].key, entries[i].instance, a);
        } while (++i < n && i % TURN != 0);

        pacs_names_unlock(lock);
        pacs_arena_destroy(a);
    }
}
