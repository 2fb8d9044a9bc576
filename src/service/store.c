/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The one ingest path (DESIGN 4, Store): bytes into a temporary file and a
 * running digest, one scan, what is known already, commit.
 *
 * A crash between final name and row leaves a blob, perhaps its journal
 * line too, and no row.  Nobody was told that it is stored, so nothing puts
 * it right at start: sending it again replaces the blob and makes the row
 * (commit_alone), `pacs verify` names it, `pacs reindex` takes it in.
 */

#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "service/npi.h"

/* the file meta must lie within the first HEAD bytes of a file; one of no
 * more than SMALL is not written before it is scanned, WHOLE such at once */
enum { HEAD = 65536, SMALL = 1 << 20, WHOLE = 32 };

struct pacs_store_s {
    pacs_service_t   *svc;
    pacs_subject_t    subject;      /* strings in the arena */
    pacs_str_t        want_study;
    pacs_arena_t     *arena;
    pacs_blob_tmp_t   tmp;
    pacs_sha256_t     digest;
    bool              headed;       /* head was used: the file is begun */
    bool              counted;      /* head may have SMALL bytes */
    bool              commanded;
    uint64_t          size;
    pacs_buf_t        head;
    pacs_str_t        npi, npi_uid; /* only such a one is taken, or null */
    pacs_commit_t    *commit;       /* when it is scanned */
    const pacs_item_t *searched;    /* of a non-patient instance */
    pacs_err_t        err;          /* the first that went wrong */
};


static void
count(pacs_store_t *st)
{
    st->counted = atomic_fetch_add(&st->svc->whole, 1) < WHOLE;
    if (!st->counted) {
        atomic_fetch_sub(&st->svc->whole, 1);
    }
}


static void
head_free(pacs_store_t *st)
{
    pacs_buf_free(&st->head);
    if (st->counted) {
        st->counted = false;
        atomic_fetch_sub(&st->svc->whole, 1);
    }
}


static void
store_free(pacs_store_t *st)
{
    if (st->tmp.fd >= 0) {
        st->svc->blobs->vt->discard(st->svc->blobs, &st->tmp);
    }
    pacs_sha256_final(&st->digest, NULL);
    head_free(st);
    pacs_arena_destroy(st->arena);
}


int
pacs_store_room(pacs_service_t *svc, pacs_err_t *err)
{
    uint64_t  free, total;
    int       rc = svc->blobs->vt->space(svc->blobs, &free, &total, err);

    if (rc != PACS_OK) {
        return rc;
    }

    if (atomic_load(&svc->degraded)) {
        return pacs_fail(err, PACS_E_IO, "the store is degraded: a sync to "
                         "disk failed; see the log, then restart");
    }

    int64_t  percent = svc->options.limits.free_percent;

    if ((double) free < (double) total * (double) percent / 100.0) {
        return pacs_fail(err, PACS_E_FULL, "the disk is nearly full: less "
                         "than %" PRId64 " %% is free (free_percent)",
                         percent);
    }

    return PACS_OK;
}


int
pacs_store_begin(pacs_service_t *svc, const pacs_subject_t *subject,
    pacs_str_t want_study, pacs_store_t **out, pacs_err_t *err)
{
    pacs_arena_t *a = pacs_arena_create((size_t) svc->options.limits.dataset);
    pacs_store_t *st = a == NULL ? NULL : pacs_calloc(a, 1, sizeof(*st));
    int           rc;

    *out = NULL;

    if (st == NULL) {
        pacs_arena_destroy(a);
        return pacs_fail(err, PACS_E_NOMEM, "no memory for an instance");
    }

    st->svc = svc;
    st->arena = a;
    st->tmp.fd = -1;
    count(st);
    st->head.max = st->counted ? SMALL : HEAD;
    pacs_buf_reserve(&st->head, st->head.max);
    st->want_study = pacs_str_copy(a, want_study);
    st->subject = (pacs_subject_t) {
        pacs_str_copy(a, subject->user), pacs_str_copy(a, subject->address),
        pacs_str_copy(a, subject->door), pacs_str_copy(a, subject->ae)
    };

    if ((rc = pacs_auth_check(subject, PACS_MAY_STORE, want_study, err))
            != PACS_OK
        || (rc = pacs_store_room(svc, err)) != PACS_OK
        || (rc = pacs_sha256_init(&st->digest, err)) != PACS_OK)
    {
        store_free(st);
        return rc;
    }

    *out = st;
    return PACS_OK;
}


/* the digest covers the transfer syntax and what follows group 2 */
static int
use_head(pacs_store_t *st)
{
    pacs_blobs_t   *blobs = st->svc->blobs;
    pacs_source_t   mem = pacs_source_mem(st->head.data,
                                          st->head.len < HEAD ? st->head.len
                                                              : HEAD);
    pacs_dataset_t  ds = { 0 };
    int             rc;

    st->headed = true;

    rc = pacs_dicom_read_meta(&mem, &st->svc->options.limits, st->arena, &ds,
                              &st->err);
    if (rc == PACS_OK) {
        rc = blobs->vt->create(blobs, &st->tmp, &st->err);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    pacs_sha256_update(&st->digest, ds.syntax_uid, strlen(ds.syntax_uid));
    pacs_sha256_update(&st->digest, st->head.data + ds.start,
                       st->head.len - ds.start);

    return pacs_write_all(st->tmp.fd, st->head.data, st->head.len, &st->err);
}


void
pacs_store_commanded(pacs_store_t *st)
{
    st->commanded = true;
}


void
pacs_store_npi(pacs_store_t *st, pacs_str_t category, pacs_str_t instance)
{
    st->npi = pacs_str_copy(st->arena, category);
    st->npi_uid = pacs_str_copy(st->arena, instance);
}


int
pacs_store_write(pacs_store_t *st, const void *data, size_t len,
    pacs_err_t *err)
{
    const char *p = data;

    if (st->err.code != PACS_OK) {
        return pacs_fail(err, st->err.code, "%s", st->err.text);
    }

    st->size += len;

    if (st->size > (uint64_t) st->svc->options.limits.instance) {
        pacs_fail(&st->err, PACS_E_LIMIT, "instance of more than %" PRId64
                  " bytes (limit instance)", st->svc->options.limits.instance);
    }

    if (!st->headed && st->err.code == PACS_OK) {
        size_t  room = st->head.max - st->head.len;
        size_t  n = room < len ? room : len;

        pacs_buf_add(&st->head, p, n);
        p += n;
        len -= n;

        if (st->head.failed) {
            pacs_fail(&st->err, PACS_E_NOMEM, "no memory for an instance");
        } else if (st->head.len == st->head.max) {
            use_head(st);
            head_free(st);
        }
    }

    if (len != 0 && st->err.code == PACS_OK) {
        pacs_sha256_update(&st->digest, p, len);
        pacs_write_all(st->tmp.fd, p, len, &st->err);
    }

    if (st->err.code != PACS_OK) {
        return pacs_fail(err, st->err.code, "%s", st->err.text);
    }

    return PACS_OK;
}


void
pacs_store_abort(pacs_store_t *st)
{
    store_free(st);
}


static void
say_who(pacs_stored_t *out, const pacs_record_t *r)
{
    const struct { char *to; pacs_str_t from; } ids[] = {
        { out->study, r->study }, { out->series, r->series },
        { out->instance, r->instance }, { out->class_uid, r->class_uid }
    };

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        if (ids[i].from.len < 65 && ids[i].from.len != 0) {
            memcpy(ids[i].to, ids[i].from.data, ids[i].from.len);
            ids[i].to[ids[i].from.len] = '\0';
        }
    }
}


int
pacs_blob_of(pacs_service_t *svc, pacs_str_t text, int *fd, pacs_err_t *err)
{
    pacs_key_t  key;

    if (!pacs_key_parse(text, &key)) {
        return pacs_fail(err, PACS_E_INTERNAL, "malformed key in the index");
    }

    return svc->blobs->vt->open(svc->blobs, &key, fd, err);
}


/* the name is there: another store is about to have its row or has it, or
 * a crash left it */
static int
commit_alone(pacs_store_t *st, pacs_commit_t *c, pacs_record_t *known,
    pacs_err_t *err)
{
    int  lock;
    int  rc = pacs_names_lock(st->svc, true, &lock, err);

    if (rc != PACS_OK) {
        return rc;
    }

    rc = pacs_known_find(st->svc, c, st->arena, known, err);

    if (rc == PACS_OK) {
        c->put = PACS_PUT_KNOWN;
    } else if (rc == PACS_E_NOT_FOUND) {
        rc = pacs_commit_over(st->svc, c, err);
    }

    pacs_names_unlock(lock);
    return rc;
}


/* another came first between the look-up and the commit */
static int
came_second(pacs_store_t *st, pacs_commit_t *c, pacs_err_t *err)
{
    pacs_record_t  known = { 0 };
    int            rc = pacs_known_find(st->svc, c, st->arena, &known, err);

    if (rc == PACS_OK) {
        rc = pacs_known_settle(st->svc, c, &known, !c->existed, err);
    } else if (rc == PACS_E_NOT_FOUND) {
        rc = pacs_known_gone(c, err);
    }

    if (!c->existed && !c->kept) {
        pacs_names_drop(st->svc, &c->entry, 1);
    }
    return rc;
}


static int
commit(pacs_store_t *st, pacs_commit_t *c, pacs_stored_t *out,
    pacs_err_t *err)
{
    pacs_service_t  *svc = st->svc;
    pacs_record_t    known = { 0 };
    int              rc;

    c->tmp = st->tmp;
    out->how = PACS_STORED_SAME;

    if ((rc = pacs_names_settle(svc, err)) != PACS_OK) {
        return rc;
    }

    rc = pacs_known_find(svc, c, st->arena, &known, err);

    if (rc == PACS_OK) {
        return pacs_known_settle(svc, c, &known, false, err);
    }
    if (rc != PACS_E_NOT_FOUND) {
        return rc;
    }

    if ((rc = svc->blobs->vt->sync(svc->blobs, &st->tmp, err)) != PACS_OK) {
        pacs_degrade(svc, err);
        return rc;
    }

    rc = pacs_commit(svc, c, err);

    if (rc == PACS_OK && c->existed) {
        rc = commit_alone(st, c, &known, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    if (c->put == PACS_PUT_KNOWN) {
        return came_second(st, c, err);
    }

    out->how = c->put == PACS_PUT_NEW ? PACS_STORED_NEW : PACS_STORED_SAME;
    return PACS_OK;
}


static int
commit_npi(pacs_store_t *st, pacs_stored_t *out, pacs_err_t *err)
{
    st->commit->tmp = st->tmp;
    return pacs_npi_commit(st->svc, &st->subject, st->commit, st->searched,
                           st->arena, &out->how, err);
}


static pacs_str_t
source_of(const pacs_subject_t *s, pacs_arena_t *a)
{
    return s->ae.len != 0
           ? pacs_sprintf(a, "%.*s@%.*s", pacs_fmt(s->ae),
                          pacs_fmt(s->address))
           : s->address;
}


/* what is of no patient is so by its class, at any door but a study's */
static int
scan_npi(pacs_store_t *st, const pacs_npi_t *npi, pacs_commit_t *c,
    pacs_source_t *file, pacs_err_t *err)
{
    pacs_str_t  want = st->npi.len != 0 ? st->npi : st->want_study;

    if (npi == NULL || (want.len != 0 && !pacs_str_is(want, npi->name))) {
        return pacs_fail(err, PACS_E_IDENT, "an instance of SOP Class %.*s "
                         "is no part of %.*s", pacs_fmt(c->record.class_uid),
                         pacs_fmt(want));
    }
    if (st->npi_uid.len != 0 && !pacs_str_eq(st->npi_uid, c->record.instance))
    {
        return pacs_fail(err, PACS_E_IDENT, "the instance is %.*s",
                         pacs_fmt(c->record.instance));
    }
    return pacs_npi_scan(st->svc, file, st->arena, &c->record, &st->searched,
                         err);
}


static int
scan(pacs_store_t *st, pacs_stored_t *out, pacs_err_t *err)
{
    pacs_service_t *svc = st->svc;
    pacs_commit_t  *c = pacs_calloc(st->arena, 1, sizeof(*c));
    pacs_source_t   file = pacs_source_mem(st->head.data, st->head.len);
    pacs_err_t      foreign = { 0 }, own = { 0 };
    uint8_t         digest[PACS_SHA256_LEN];
    int             rc;

    if (c == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for an instance");
    }

    pacs_sha256_final(&st->digest, digest);
    pacs_hex(digest, sizeof(digest), c->key.digest);

    if (st->head.len == 0
        && (rc = pacs_source_fd(&file, st->tmp.fd, err)) != PACS_OK)
    {
        return rc;
    }

    /* the disk begins while the data set is scanned: the sync finds less */
    (void) sync_file_range(st->tmp.fd, 0, 0, SYNC_FILE_RANGE_WRITE);

    rc = pacs_scan(svc, &file, st->arena, &c->record, &c->key, &foreign,
                   &own);
    say_who(out, &c->record);

    const pacs_npi_t *npi = pacs_npi_of_class(c->record.class_uid);

    if ((rc == PACS_OK || rc == PACS_E_IDENT)
        && (npi != NULL || st->npi.len != 0))
    {
        out->study[0] = out->series[0] = '\0';
        st->commit = c;
        return scan_npi(st, npi, c, &file, err);
    }
    if (rc != PACS_OK) {
        return pacs_fail(err, rc, "%s", own.text);
    }

    if (foreign.code != PACS_OK) {
        if (st->commanded) {
            return pacs_fail(err, foreign.code, "%s", foreign.text);
        }
        pacs_log(&svc->options.env, PACS_LOG_WARN, "%s; stored as that, from "
                 "%.*s", foreign.text, pacs_fmt(st->subject.address));
    }

    if (st->want_study.len != 0
        && !pacs_str_eq(st->want_study, c->record.study))
    {
        return pacs_fail(err, PACS_E_IDENT, "the instance is of study %.*s",
                         pacs_fmt(c->record.study));
    }

    c->record.received_us = svc->options.env.now_us(svc->options.env.ctx);
    c->record.source = source_of(&st->subject, st->arena);
    c->entry = (pacs_entry_t) {
        .op = PACS_J_STORE, .time_us = c->record.received_us, .key = c->key,
        .study = c->record.study, .series = c->record.series,
        .instance = c->record.instance, .source = c->record.source,
        .door = st->subject.door, .subject = st->subject.user
    };

    st->commit = c;
    return PACS_OK;
}


void
pacs_store_scan(pacs_store_t *st, pacs_stored_t *out)
{
    memset(out, 0, sizeof(*out));

    if (!st->headed && st->err.code == PACS_OK) {
        use_head(st);
    }
    if (st->err.code == PACS_OK) {
        scan(st, out, &st->err);
    }
    head_free(st);
}


bool
pacs_store_whole(const pacs_store_t *st)
{
    return !st->headed;
}


size_t
pacs_store_memory(const pacs_store_t *st)
{
    return pacs_arena_size(st->arena);
}


int
pacs_store_commit(pacs_store_t *st, pacs_stored_t *out, pacs_err_t *err)
{
    int rc = st->err.code != PACS_OK
             ? pacs_fail(err, st->err.code, "%s", st->err.text)
             : st->searched != NULL ? commit_npi(st, out, err)
             : commit(st, st->commit, out, err);

    if (rc == PACS_OK && st->searched == NULL) {
        rc = pacs_reject(st->svc, &st->subject, st->tmp.fd,
                         &st->commit->record, err);
    }

    pacs_audit_event(st->svc->audit, PACS_AUDIT_STORE,
                     rc == PACS_OK && out->how == PACS_STORED_NEW ? 'C'
                     : rc == PACS_E_CONFLICT ? 'U' : 'R',
                     rc == PACS_OK, &st->subject, pacs_cstr(out->study),
                     pacs_cstr(out->instance));
    store_free(st);

    return rc;
}


int
pacs_store_finish(pacs_store_t *st, pacs_stored_t *out, pacs_err_t *err)
{
    pacs_store_scan(st, out);
    return pacs_store_commit(st, out, err);
}
