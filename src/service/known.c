/* SPDX-License-Identifier: BSD-2-Clause */

/* A SOP Instance UID that the index knows: the same again, or a conflict. */

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/internal.h"


int
pacs_known_find(pacs_service_t *svc, const pacs_commit_t *c, pacs_arena_t *a,
    pacs_record_t *known, pacs_err_t *err)
{
    pacs_err_t  absent = { 0 };
    int         rc = svc->index->vt->get(svc->index, pacs_null, pacs_null,
                                         c->record.instance, false, a, known,
                                         &absent);

    return rc == PACS_OK || rc == PACS_E_NOT_FOUND
           ? rc
           : pacs_fail(err, rc, "%s", absent.text);
}


int
pacs_known_gone(const pacs_commit_t *c, pacs_err_t *err)
{
    return pacs_fail(err, PACS_E_BUSY, "SOP Instance %.*s was deleted while "
                     "it was stored; send it again",
                     pacs_fmt(c->record.instance));
}


/* PACS_E_NOT_FOUND: no blob, or one of another length */
static int
look_at_blob(pacs_service_t *svc, const pacs_record_t *known, pacs_err_t *err)
{
    pacs_err_t   missing = { 0 };
    struct stat  st;
    int          fd;
    int          rc = pacs_blob_of(svc, known->key, &fd, &missing);

    if (rc != PACS_OK) {
        return rc == PACS_E_NOT_FOUND
               ? rc : pacs_fail(err, rc, "%s", missing.text);
    }

    rc = fstat(fd, &st) == 0 && (uint64_t) st.st_size == known->size
         ? PACS_OK : PACS_E_NOT_FOUND;
    close(fd);
    return rc;
}


static int
lost(const pacs_record_t *known, pacs_err_t *err)
{
    return pacs_fail(err, PACS_E_IO, "the blob %.*s of SOP Instance %.*s is "
                     "missing or cut: run pacs reindex, then send it again",
                     pacs_fmt(known->key), pacs_fmt(known->instance));
}


/* the row is there and the blob is not: these are its bytes again.  A blob
 * of another length has another file meta, where the row's offsets are
 * wrong */
static int
restore(pacs_service_t *svc, pacs_commit_t *c, const pacs_record_t *known,
    pacs_err_t *err)
{
    pacs_blobs_t  *b = svc->blobs;
    int            rc;

    if (c->record.size != known->size || c->record.start != known->start) {
        return lost(known, err);
    }

    b->vt->remove(b, &c->key, NULL);

    if ((rc = b->vt->sync(b, &c->tmp, err)) != PACS_OK
        || (rc = b->vt->link(b, &c->tmp, &c->key, &c->existed, err))
            != PACS_OK
        || (rc = b->vt->sync_names(b, &c->key, 1, err)) != PACS_OK)
    {
        pacs_degrade(svc, err);
    }
    return rc;
}


/* a blob was not there.  Now that names and rows stand still: is it lost, or
 * was it only deleted, perhaps brought again, since its row was read? */
static int
look_again(pacs_service_t *svc, pacs_commit_t *c, pacs_str_t key,
    bool may_restore, pacs_err_t *err)
{
    pacs_arena_t   *a = pacs_arena_create(0);
    pacs_record_t   now = { 0 };
    int             lock = -1;
    int             rc = a == NULL
                         ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                         : pacs_names_lock(svc, true, &lock, err);

    if (rc == PACS_OK) {
        rc = pacs_known_find(svc, c, a, &now, err);

        if (rc == PACS_E_NOT_FOUND
            || (rc == PACS_OK && !pacs_str_eq(now.key, key)))
        {
            rc = pacs_known_gone(c, err);

        } else if (rc == PACS_OK
                   && (rc = look_at_blob(svc, &now, err))
                      == PACS_E_NOT_FOUND)
        {
            rc = may_restore ? restore(svc, c, &now, err) : lost(&now, err);
        }
    }

    pacs_names_unlock(lock);
    pacs_arena_destroy(a);
    return rc;
}


/* success is said only of what can be read again */
static int
same_key(pacs_service_t *svc, pacs_commit_t *c, const pacs_record_t *known,
    bool linked, pacs_err_t *err)
{
    int  rc = look_at_blob(svc, known, err);

    return rc == PACS_E_NOT_FOUND
           ? look_again(svc, c, known->key, !linked, err) : rc;
}


/* the same element by element as the one that is there? */
static int
same_content(pacs_service_t *svc, pacs_commit_t *c,
    const pacs_record_t *known, bool *same, pacs_err_t *err)
{
    pacs_err_t     missing = { 0 };
    pacs_source_t  mine, other;
    int            fd;
    int            rc = pacs_blob_of(svc, known->key, &fd, &missing);

    if (rc == PACS_E_NOT_FOUND) {
        rc = look_again(svc, c, known->key, false, err);
        return rc == PACS_OK ? pacs_known_gone(c, err) : rc;
    }
    if (rc != PACS_OK) {
        return pacs_fail(err, rc, "%s", missing.text);
    }

    if ((rc = pacs_source_fd(&mine, c->tmp.fd, err)) == PACS_OK
        && (rc = pacs_source_fd(&other, fd, err)) == PACS_OK)
    {
        rc = pacs_dicom_equal(&mine, &other, &svc->options.limits, same, err);
    }

    close(fd);
    return rc;
}


/* a copy that is there under this name already does as well */
static int
keep_copy(pacs_service_t *svc, pacs_commit_t *c, pacs_err_t *err)
{
    pacs_blobs_t  *b = svc->blobs;
    int            rc = b->vt->sync(b, &c->tmp, err);

    if (rc != PACS_OK) {
        pacs_degrade(svc, err);
        return rc;
    }

    if ((rc = b->vt->link(b, &c->tmp, &c->key, &c->existed, err)) == PACS_OK
        && (rc = b->vt->sync_names(b, &c->key, 1, err)) != PACS_OK)
    {
        pacs_degrade(svc, err);
    }
    return rc;
}


/* journal and list it; with pacs_duplicates quarantine the copy is kept under
 * its own name, for a person to decide */
static int
note_conflict(pacs_service_t *svc, pacs_commit_t *c,
    const pacs_record_t *known, bool keep, bool linked, pacs_err_t *err)
{
    pacs_entry_t     e = c->entry;
    pacs_conflict_t  conflict = {
        c->record.study, c->record.series, c->record.instance, known->key,
        c->record.key, e.time_us, e.source
    };
    int              rc;

    e.op = PACS_J_QUARANTINE;

    if (keep && !linked && (rc = keep_copy(svc, c, err)) != PACS_OK) {
        return rc;
    }

    if ((rc = pacs_journal_append(svc->journal, &e, 1, err)) != PACS_OK) {
        pacs_degrade(svc, err);
        return rc;
    }

    c->kept = keep;
    return svc->index->vt->add_conflict(svc->index, &conflict, err);
}


int
pacs_known_settle(pacs_service_t *svc, pacs_commit_t *c,
    const pacs_record_t *known, bool linked, pacs_err_t *err)
{
    bool  keep = svc->options.duplicates == PACS_DUPLICATES_QUARANTINE;
    bool  same = false;
    int   rc = PACS_OK;

    if (pacs_str_eq(known->key, c->record.key)) {
        return same_key(svc, c, known, linked, err);
    }

    if (pacs_str_eq(known->study, c->record.study)
        && pacs_str_eq(known->series, c->record.series))
    {
        rc = same_content(svc, c, known, &same, err);
    }

    if (rc != PACS_OK || same) {
        return rc;
    }

    if ((rc = note_conflict(svc, c, known, keep, linked, err)) != PACS_OK) {
        return rc;
    }

    return pacs_fail(err, PACS_E_CONFLICT, "SOP Instance %.*s is known with "
                     "other content; the first stays%s",
                     pacs_fmt(c->record.instance),
                     keep ? ", this one is in quarantine" : "");
}
