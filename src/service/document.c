/* SPDX-License-Identifier: BSD-2-Clause */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "service/document.h"


int
pacs_documents_lock(pacs_service_t *svc, int *lock, pacs_err_t *err)
{
    struct flock  l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    char         *path = NULL;
    int           rc;

    *lock = -1;

    if (asprintf(&path, "%s/index/documents", svc->home) < 0) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    int  fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    do {
        rc = fd == -1 ? -1 : fcntl(fd, F_OFD_SETLKW, &l);
    } while (rc != 0 && fd != -1 && errno == EINTR);

    if (rc != 0) {
        rc = pacs_fail_errno(err, errno, "lock of %s", path);
        pacs_documents_unlock(fd);
        fd = -1;
    }

    free(path);
    *lock = fd;
    return rc;
}


void
pacs_documents_unlock(int lock)
{
    if (lock != -1) {
        close(lock);
    }
}


/* --- trees and their text --- */

int
pacs_document_tree(pacs_service_t *svc, pacs_str_t json, pacs_arena_t *a,
    pacs_item_t **root, pacs_err_t *err)
{
    pacs_dataset_t *sets;
    unsigned        n;
    int             rc = pacs_json_read(json, NULL, &svc->options.limits, a,
                                        &sets, &n, err);

    if (rc == PACS_OK && n != 1) {
        rc = pacs_fail(err, PACS_E_INTERNAL, "a document of %u data sets", n);
    }
    if (rc == PACS_OK) {
        *root = sets[0].root;
        (*root)->charset = pacs_lit(PACS_UTF8);
    }
    return rc;
}


int
pacs_document_json(const pacs_item_t *root, pacs_arena_t *a,
    pacs_str_t *json, pacs_err_t *err)
{
    pacs_dataset_t  ds = { .root = (pacs_item_t *) root };
    pacs_json_t     out;
    int             rc = pacs_json_write(NULL, &ds, SIZE_MAX, a, &out, err);

    if (rc != PACS_OK) {
        return rc;
    }
    if (out.nsplice != 0) {
        pacs_buf_free(&out.text);
        return pacs_fail(err, PACS_E_LIMIT, "a text of more than a megabyte");
    }

    *json = pacs_buf_take(&out.text, a);
    return json->data != NULL ? PACS_OK
           : pacs_fail(err, PACS_E_NOMEM, "no memory for a document");
}


pacs_str_t
pacs_item_value(const pacs_item_t *item, uint32_t tag, pacs_arena_t *a)
{
    const pacs_elem_t *e = pacs_elem(item, tag);

    return e == NULL ? pacs_null : pacs_elem_text(item, e, a);
}


pacs_str_t
pacs_document_now(pacs_service_t *svc, pacs_arena_t *a)
{
    int64_t    us = svc->options.env.now_us(svc->options.env.ctx);
    time_t     s = (time_t) (us / 1000000);
    struct tm  tm;

    gmtime_r(&s, &tm);
    return pacs_sprintf(a, "%04d%02d%02d%02d%02d%02d.%06d+0000",
                        tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                        tm.tm_hour, tm.tm_min, tm.tm_sec,
                        (int) (us % 1000000));
}


/* --- one, and a change of several --- */

int
pacs_document_load(pacs_service_t *svc, const char *kind, pacs_str_t uid,
    pacs_arena_t *a, pacs_document_t *d, pacs_err_t *err)
{
    pacs_item_t *root = NULL;
    int          rc = svc->index->vt->document_get(svc->index, kind, uid, a,
                                                   d, err);

    if (rc == PACS_OK) {
        rc = pacs_document_tree(svc, d->json, a, &root, err);
        d->root = root;
    }
    return rc;
}


static int
fill_entry(pacs_service_t *svc, const pacs_subject_t *subject,
    pacs_document_t *d, pacs_arena_t *a, pacs_entry_t *e, pacs_err_t *err)
{
    d->json = pacs_null;
    d->revision++;
    d->time_us = svc->options.env.now_us(svc->options.env.ctx);

    int  rc = d->root == NULL ? PACS_OK
              : pacs_document_json(d->root, a, &d->json, err);

    *e = (pacs_entry_t) {
        .op = PACS_J_DOCUMENT, .time_us = d->time_us, .instance = d->uid,
        .kind = d->kind, .state = d->state, .revision = d->revision,
        .value = d->json, .source = subject->address, .door = subject->door,
        .subject = subject->user
    };
    return rc;
}


int
pacs_documents_commit(pacs_service_t *svc, const pacs_subject_t *subject,
    pacs_document_t *docs, unsigned n, const pacs_event_t *events,
    unsigned nevents, pacs_arena_t *a, pacs_err_t *err)
{
    pacs_entry_t *entries = pacs_calloc(a, n + 1, sizeof(*entries));
    int           rc = entries != NULL ? PACS_OK
                       : pacs_fail(err, PACS_E_NOMEM, "out of memory");

    if (rc == PACS_OK && svc->degraded) {
        rc = pacs_fail(err, PACS_E_IO, "an earlier write to the disk failed: "
                       "nothing is stored any more");
    }
    for (unsigned i = 0; rc == PACS_OK && i < n; i++) {
        rc = fill_entry(svc, subject, &docs[i], a, &entries[i], err);
    }

    if (rc == PACS_OK) {
        rc = pacs_journal_append(svc->journal, entries, n, err);
        if (rc == PACS_OK) {
            rc = svc->index->vt->documents_put(svc->index, docs, n, events,
                                               nevents, err);
        }
        if (rc == PACS_E_IO) {
            pacs_degrade(svc, err);
        }
    }
    return rc;
}


/* --- the journal again --- */

int
pacs_document_replay(pacs_service_t *svc, const pacs_entry_t *e,
    pacs_err_t *err)
{
    pacs_arena_t    *a = pacs_arena_create(0);
    pacs_item_t     *root = NULL;
    pacs_document_t  d = {
        .kind = e->kind, .uid = e->instance, .state = e->state,
        .revision = e->revision, .time_us = e->time_us, .json = e->value
    };
    int              rc = a != NULL ? PACS_OK
                          : pacs_fail(err, PACS_E_NOMEM, "out of memory");

    if (rc == PACS_OK && e->value.data != NULL) {
        rc = pacs_document_tree(svc, e->value, a, &root, err);
        d.root = root;
    }
    if (rc == PACS_OK) {
        rc = svc->index->vt->documents_put(svc->index, &d, 1, NULL, 0, err);
    }

    pacs_arena_destroy(a);
    return rc;
}
