/* SPDX-License-Identifier: BSD-2-Clause */

/* Files against rows and rows against files, each file re-hashed. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service/deleted.h"
#include "service/document.h"
#include "service/keyset.h"
#include "service/npi.h"

typedef struct {
    pacs_service_t    *svc;
    pacs_keyset_t     *rows, *aside;    /* in the index; in quarantine */
    pacs_keyset_t     *kept;            /* marked: deleted, not purged */
    pacs_progress_t    total;
    pacs_progress_pt   progress;
    void             (*say)(void *ctx, const char *line);
    void              *ctx;
    pacs_err_t        *err;
} verify_t;


static void
finding(void *ctx, const char *key, const char *what)
{
    verify_t  *v = ctx;
    char       line[1024];

    snprintf(line, sizeof(line), "%s: %s", key, what);
    v->total.refused++;
    v->say(v->ctx, line);
}


/* the digest of the file as pacs_store_t makes it */
static int
digest_of(pacs_service_t *svc, int fd, char hex[65], uint64_t *size,
    pacs_err_t *err)
{
    uint8_t         chunk[65536], digest[PACS_SHA256_LEN];
    pacs_arena_t   *a = pacs_arena_create(0);
    pacs_dataset_t  ds = { 0 };
    pacs_sha256_t   h;
    pacs_source_t   file;
    int             rc;

    if (a == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    if ((rc = pacs_source_fd(&file, fd, err)) == PACS_OK
        && (rc = pacs_dicom_read_meta(&file, &svc->options.limits, a, &ds,
                                      err)) == PACS_OK
        && (rc = pacs_sha256_init(&h, err)) == PACS_OK)
    {
        *size = file.size;
        pacs_sha256_update(&h, ds.syntax_uid, strlen(ds.syntax_uid));

        for (uint64_t off = ds.start; rc == PACS_OK && off < file.size; ) {
            size_t  got;

            rc = file.read(&file, off, chunk, sizeof(chunk), &got, err);
            if (got == 0) {
                break;
            }
            pacs_sha256_update(&h, chunk, got);
            off += got;
        }
        pacs_sha256_final(&h, digest);
        pacs_hex(digest, sizeof(digest), hex);
    }

    pacs_arena_destroy(a);
    return rc;
}


int
pacs_blob_check(pacs_service_t *svc, const pacs_key_t *key, uint64_t size,
    uint64_t *read, pacs_err_t *err)
{
    pacs_err_t  why = { 0 };
    char        hex[65];
    int         fd, rc;

    *read = 0;

    if (svc->blobs->vt->open(svc->blobs, key, &fd, &why) != PACS_OK) {
        return pacs_fail(err, PACS_E_NOT_FOUND, "in the index, but the file "
                         "is missing");
    }

    rc = digest_of(svc, fd, hex, read, err);
    close(fd);

    if (rc == PACS_OK && strcmp(hex, key->digest) != 0) {
        return pacs_fail(err, PACS_E_PARSE, "damaged: the bytes do not have "
                         "this digest");
    }
    return rc != PACS_OK || *read == size || size == UINT64_MAX ? rc
           : pacs_fail(err, PACS_E_PARSE, "its size differs from the index");
}


static int
check_row(void *ctx, const pacs_record_t *r)
{
    verify_t    *v = ctx;
    pacs_err_t   err = { 0 };
    pacs_key_t   key;
    char         name[128];
    uint64_t     size;

    snprintf(name, sizeof(name), "%.*s", pacs_fmt(r->key));

    if (!pacs_key_parse(r->key, &key)) {
        finding(v, name, "malformed key in the index");
        return PACS_OK;
    }

    if (!pacs_keyset_add(v->rows, &key)) {
        return pacs_fail(v->err, PACS_E_NOMEM, "out of memory");
    }

    v->total.done++;

    if (pacs_blob_check(v->svc, &key, r->size, &size, &err) != PACS_OK) {
        finding(v, name, err.text);
    }
    v->total.bytes += size;

    if (v->progress != NULL && v->total.done % 64 == 0
        && !v->progress(v->ctx, &v->total))
    {
        return pacs_fail(v->err, PACS_E_BUSY, "stopped");
    }
    return PACS_OK;
}


static int
check_npi(void *ctx, const pacs_document_t *d, const pacs_key_t *key)
{
    verify_t    *v = ctx;
    pacs_err_t   err = { 0 };
    uint64_t     size = 0;
    char         name[128];

    snprintf(name, sizeof(name), "%.*s %.*s", pacs_fmt(d->kind),
             pacs_fmt(d->uid));
    if (key == NULL) {
        finding(v, name, "malformed key in the index");
        return PACS_OK;
    }
    if (!pacs_keyset_add(v->rows, key)) {
        return pacs_fail(v->err, PACS_E_NOMEM, "out of memory");
    }

    v->total.done++;
    if (pacs_blob_check(v->svc, key, UINT64_MAX, &size, &err) != PACS_OK) {
        finding(v, name, err.text);
    }
    v->total.bytes += size;
    return PACS_OK;
}


static int
note_conflict(void *ctx, const pacs_conflict_t *c)
{
    verify_t   *v = ctx;
    pacs_key_t  key;

    return pacs_key_parse(c->other, &key) && !pacs_keyset_add(v->aside, &key)
           ? PACS_E_NOMEM : PACS_OK;
}


static int
check_file(void *ctx, const pacs_key_t *key, const char *path)
{
    verify_t *v = ctx;

    if (!pacs_keyset_has(v->rows, key) && !pacs_keyset_has(v->aside, key)
        && !pacs_keyset_marked(v->kept, key))
    {
        finding(v, path, "a file that the index does not know: "
                "run pacs reindex");
    }
    return PACS_OK;
}


int
pacs_verify(pacs_service_t *svc, pacs_progress_pt progress, void *ctx,
    void (*say)(void *ctx, const char *line), pacs_progress_t *total,
    pacs_err_t *err)
{
    verify_t       v = { .svc = svc, .progress = progress, .say = say,
                         .ctx = ctx, .err = err };
    pacs_index_t  *ix = svc->index;
    pacs_arena_t  *a = pacs_arena_create(0);
    pacs_str_t     result;
    int            rc = PACS_OK;

    v.rows = pacs_keyset_create();
    v.aside = pacs_keyset_create();
    v.kept = pacs_keyset_create();

    if (a == NULL || v.rows == NULL || v.aside == NULL || v.kept == NULL) {
        rc = pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    if (rc == PACS_OK
        && (rc = ix->vt->check(ix, a, &result, err)) == PACS_OK
        && !pacs_str_is(result, "ok"))
    {
        finding(&v, "index", pacs_strdup(a, result));
    }

    if (rc == PACS_OK
        && (rc = ix->vt->each(ix, pacs_null, pacs_null, false, a, check_row,
                              &v, err)) == PACS_OK
        && (rc = pacs_npi_each(svc, check_npi, &v, err)) == PACS_OK
        && (rc = ix->vt->conflicts(ix, a, note_conflict, &v, err)) == PACS_OK
        && (rc = pacs_deleted_keys(svc, v.kept, err)) == PACS_OK)
    {
        rc = svc->blobs->vt->each(svc->blobs, check_file, &v, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_documents_verify(svc, finding, &v, err);
    }

    *total = v.total;
    pacs_keyset_destroy(v.rows);
    pacs_keyset_destroy(v.aside);
    pacs_keyset_destroy(v.kept);
    pacs_arena_destroy(a);

    return rc == PACS_OK && v.total.refused != 0
           ? pacs_fail(err, PACS_E_IO, "%" PRIu64 " findings",
                       v.total.refused)
           : rc;
}
