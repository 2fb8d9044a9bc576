/* SPDX-License-Identifier: BSD-2-Clause */

#include <string.h>
#include <unistd.h>

#include "service/npi.h"

enum {
    CLASS = 0x00080016, INSTANCE = 0x00080018,
    INVENTORIED_STUDIES = 0x00080423    /* the archive, as it were */
};

#define CLASS_UID(rest)  "1.2.840.10008.5.1.4." rest

/* PS3.18 table 12.1.1-1, PS3.4 table GG.3-1 */
const pacs_npi_t  pacs_npi_table[] = {
    { "color-palettes",              { CLASS_UID("39.1") } },
    { "defined-procedure-protocols", { CLASS_UID("1.1.200.1"),
                                       CLASS_UID("1.1.200.7") } },
    { "hanging-protocols",           { CLASS_UID("38.1") } },
    { "implant-templates",           { CLASS_UID("43.1"), CLASS_UID("44.1"),
                                       CLASS_UID("45.1") } },
    { "inventories",                 { CLASS_UID("1.1.201.1") } },
    { "protocol-approvals",          { CLASS_UID("1.1.200.3") } },
    { NULL, { NULL } }
};


const pacs_npi_t *
pacs_npi_named(pacs_str_t name)
{
    for (const pacs_npi_t *n = pacs_npi_table; n->name != NULL; n++) {
        if (pacs_str_is(name, n->name)) {
            return n;
        }
    }
    return NULL;
}


const pacs_npi_t *
pacs_npi_of_class(pacs_str_t uid)
{
    for (const pacs_npi_t *n = pacs_npi_table; n->name != NULL; n++) {
        for (unsigned i = 0; i < 4 && n->classes[i] != NULL; i++) {
            if (pacs_str_is(uid, n->classes[i])) {
                return n;
            }
        }
    }
    return NULL;
}


/* --- what is searched --- */

static bool
is_searched(void *ctx, const pacs_elem_t *e)
{
    static const uint16_t  bulk[] = { PACS_OB, PACS_OD, PACS_OF, PACS_OL,
                                      PACS_OV, PACS_OW, PACS_UN };

    for (size_t i = 0; i < sizeof(bulk) / sizeof(bulk[0]); i++) {
        if (e->vr == bulk[i]) {
            return false;
        }
    }
    return e->tag != INVENTORIED_STUDIES
           && (e->vr == PACS_SQ || e->length == 0 || e->value != NULL);
}


static int
searched(pacs_service_t *svc, pacs_source_t *file, pacs_dataset_t *ds,
    pacs_arena_t *a, const pacs_item_t **root, pacs_err_t *err)
{
    const pacs_limits_t  *limits = &svc->options.limits;
    pacs_source_t        *stream = pacs_dicom_stream(file, ds, limits, a,
                                                     err);
    pacs_json_t           json;
    pacs_item_t          *tree = NULL;
    int                   rc = stream != NULL
                               && pacs_item_sift(ds->root, is_searched, NULL)
                               ? PACS_OK
                               : pacs_fail(err, PACS_E_NOMEM, "no memory");

    if (rc != PACS_OK
        || (rc = pacs_json_write(stream, ds, SIZE_MAX, a, &json, err))
            != PACS_OK)
    {
        return rc;
    }

    if (json.nsplice != 0 || json.text.len > (size_t) limits->request_body) {
        pacs_buf_free(&json.text);
        return pacs_fail(err, PACS_E_LIMIT, "more than %lld bytes to be "
                         "searched, bulk data left aside (limit "
                         "request_body)", (long long) limits->request_body);
    }

    pacs_str_t  text = pacs_buf_take(&json.text, a);

    rc = text.data == NULL ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
         : pacs_document_tree(svc, text, a, &tree, err);
    *root = tree;
    return rc;
}


int
pacs_npi_scan(pacs_service_t *svc, pacs_source_t *file, pacs_arena_t *a,
    pacs_record_t *r, const pacs_item_t **root, pacs_err_t *err)
{
    const pacs_limits_t  *limits = &svc->options.limits;
    pacs_dataset_t       *ds = pacs_calloc(a, 1, sizeof(*ds));
    int                   rc = ds == NULL
                               ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                               : pacs_dicom_read(file, limits,
                                     (size_t) limits->request_body, a, ds,
                                     err);

    if (rc != PACS_OK) {
        return rc;
    }

    r->class_uid = pacs_elem_raw(ds->root, CLASS);
    r->instance = pacs_elem_raw(ds->root, INSTANCE);
    if (pacs_npi_of_class(r->class_uid) == NULL || !pacs_uid_ok(r->instance)) {
        return pacs_fail(err, PACS_E_IDENT, "no non-patient instance: %s",
                         pacs_uid_ok(r->instance) ? "its SOP Class is none"
                         : "SOP Instance UID (0008,0018) is missing or none");
    }

    r->syntax_uid = pacs_str_copy(a, pacs_cstr(ds->syntax_uid));
    r->size = file->size;
    r->start = ds->start;
    return root == NULL ? PACS_OK : searched(svc, file, ds, a, root, err);
}


/* --- into the archive --- */

/* the bytes are there under their name, durable and whole */
static int
place(pacs_service_t *svc, pacs_commit_t *c, pacs_err_t *err)
{
    pacs_blobs_t  *b = svc->blobs;
    pacs_err_t     left = { 0 };
    uint64_t       read;
    int            rc;

    if ((rc = b->vt->sync(b, &c->tmp, err)) == PACS_OK
        && (rc = b->vt->link(b, &c->tmp, &c->key, &c->existed, err))
            == PACS_OK
        && c->existed
        && pacs_blob_check(svc, &c->key, UINT64_MAX, &read, &left)
            != PACS_OK)
    {
        b->vt->remove(b, &c->key, NULL);
        rc = b->vt->link(b, &c->tmp, &c->key, &c->existed, err);
    }
    if (rc == PACS_OK) {
        rc = b->vt->sync_names(b, &c->key, 1, err);
    }
    if (rc == PACS_E_IO) {
        pacs_degrade(svc, err);
    }
    return rc;
}


static int
same_content(pacs_service_t *svc, const pacs_commit_t *c, pacs_str_t key,
    bool *same, pacs_err_t *err)
{
    pacs_source_t  mine, there;
    int            fd, rc = pacs_blob_of(svc, key, &fd, err);

    if (rc != PACS_OK) {
        return rc;
    }
    if ((rc = pacs_source_fd(&mine, c->tmp.fd, err)) == PACS_OK
        && (rc = pacs_source_fd(&there, fd, err)) == PACS_OK)
    {
        rc = pacs_dicom_equal(&mine, &there, &svc->options.limits, same, err);
    }
    close(fd);
    return rc;
}


/* the lock is held */
static int
settle(pacs_service_t *svc, const pacs_subject_t *subject, pacs_commit_t *c,
    pacs_document_t *d, pacs_arena_t *a, pacs_stored_e *how, pacs_err_t *err)
{
    pacs_document_t  there;
    pacs_err_t       none = { 0 };
    bool             same;
    int              rc = svc->index->vt->document_get(svc->index,
                                pacs_npi_of_class(c->record.class_uid)->name,
                                d->uid, a, &there, &none);

    *how = rc == PACS_OK ? PACS_STORED_SAME : PACS_STORED_NEW;

    if (rc == PACS_E_NOT_FOUND) {
        rc = place(svc, c, err);
        return rc != PACS_OK ? rc
               : pacs_documents_commit(svc, subject, d, 1, NULL, 0, a, err);
    }
    if (rc != PACS_OK) {
        return pacs_fail(err, rc, "%s", none.text);
    }
    if (pacs_str_eq(there.state, d->state)) {
        return place(svc, c, err);
    }

    rc = same_content(svc, c, there.state, &same, err);
    return rc != PACS_OK || same ? rc
           : pacs_fail(err, PACS_E_CONFLICT, "SOP Instance %.*s is known with "
                       "other content; the first stays", pacs_fmt(d->uid));
}


int
pacs_npi_commit(pacs_service_t *svc, const pacs_subject_t *subject,
    pacs_commit_t *c, const pacs_item_t *root, pacs_arena_t *a,
    pacs_stored_e *how, pacs_err_t *err)
{
    const pacs_npi_t  *npi = pacs_npi_of_class(c->record.class_uid);
    pacs_document_t    d = { .kind = pacs_cstr(npi->name), .root = root,
                             .uid = c->record.instance };
    int                lock, rc;

    pacs_key_series(&c->key, d.kind);
    d.state = pacs_sprintf(a, "%s/%s", c->key.series, c->key.digest);
    if (d.state.data == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    if ((rc = pacs_documents_lock(svc, &lock, err)) == PACS_OK) {
        rc = settle(svc, subject, c, &d, a, how, err);
        pacs_documents_unlock(lock);
    }
    return rc;
}


/* --- as it is again --- */

static int
adopt(pacs_service_t *svc, const pacs_key_t *key, int fd, pacs_arena_t *a,
    pacs_err_t *err)
{
    const pacs_subject_t  subject = { .door = pacs_lit("reindex"),
                                      .address = pacs_lit("found") };
    pacs_record_t         r = { 0 };
    pacs_document_t       there, d = { 0 };
    pacs_source_t         file;
    pacs_err_t            none = { 0 };
    int                   rc;

    if ((rc = pacs_source_fd(&file, fd, err)) != PACS_OK
        || (rc = pacs_npi_scan(svc, &file, a, &r, &d.root, err)) != PACS_OK)
    {
        return rc;
    }

    d.kind = pacs_cstr(pacs_npi_of_class(r.class_uid)->name);
    d.uid = r.instance;
    d.state = pacs_sprintf(a, "%s/%s", key->series, key->digest);

    rc = svc->index->vt->document_get(svc->index, d.kind.data, d.uid, a,
                                      &there, &none);
    return rc == PACS_OK
           ? pacs_fail(err, PACS_E_CONFLICT, "its SOP Instance has another "
                       "content")
           : rc != PACS_E_NOT_FOUND ? pacs_fail(err, rc, "%s", none.text)
           : pacs_documents_commit(svc, &subject, &d, 1, NULL, 0, a, err);
}


int
pacs_npi_adopt(pacs_service_t *svc, const pacs_key_t *key, pacs_err_t *err)
{
    pacs_arena_t *a = pacs_arena_create((size_t) svc->options.limits.dataset);
    int           fd, rc = a == NULL
                           ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                           : svc->blobs->vt->open(svc->blobs, key, &fd, err);

    if (rc == PACS_OK) {
        rc = adopt(svc, key, fd, a, err);
        close(fd);
    }
    pacs_arena_destroy(a);
    return rc;
}


typedef struct {
    int   (*fn)(void *ctx, const pacs_document_t *d, const pacs_key_t *key);
    void   *ctx;
} each_t;


static int
pass_on(void *ctx, const pacs_document_t *d)
{
    const each_t *e = ctx;
    pacs_key_t    key;

    return e->fn(e->ctx, d, pacs_key_parse(d->state, &key) ? &key : NULL);
}


int
pacs_npi_each(pacs_service_t *svc, int (*fn)(void *ctx,
    const pacs_document_t *d, const pacs_key_t *key), void *ctx,
    pacs_err_t *err)
{
    each_t  e = { fn, ctx };
    int     rc = PACS_OK;

    for (const pacs_npi_t *n = pacs_npi_table;
         n->name != NULL && rc == PACS_OK; n++)
    {
        pacs_document_query_t   q = { .kind = n->name };
        pacs_arena_t           *a = pacs_arena_create(0);
        bool                    more;

        rc = a == NULL ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
             : svc->index->vt->documents_find(svc->index, &q,
                   pacs_service_limits(svc), a, pass_on, &e, &more, err);
        pacs_arena_destroy(a);
    }
    return rc;
}
