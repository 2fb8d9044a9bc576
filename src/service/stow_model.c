/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Instances as metadata and bulk data, PS3.18 10.5.2 and 8.7.3.  Metadata
 * is held, bulk data lies in one temporary file; when all is there, each
 * data set is written through the one ingest path.  The text of a part is a
 * data set that ends with the request: its order is free.
 */

#include <inttypes.h>
#include <string.h>

#include "service/stow.h"

/* a fragment has 32 bits of length; only video is longer */
enum { FRAGMENT = 1 << 30 };

typedef struct part_s  part_t;

struct part_s {
    part_t      *next;
    pacs_str_t   type, location, syntax;
    pacs_buf_t   text;              /* metadata */
    uint64_t     offset, length;    /* bulk data, in the spool */
    pacs_err_t   err;               /* it cannot be taken */
    bool         used;
};

struct pacs_models_s {
    pacs_results_t   *results;
    pacs_service_t   *svc;
    pacs_arena_t     *a;
    pacs_blob_tmp_t   spool;
    pacs_source_t     source;
    uint64_t          size;         /* of the spool */
    size_t            held;         /* of all metadata */
    part_t           *meta, **meta_tail;
    part_t           *bulk, **bulk_tail;
    part_t           *open;         /* the part that is coming in */
    /* of the data set that is being read */
    pacs_arena_t     *set;
    pacs_medium_t    *pixels, *document;
};


bool
pacs_models_takes(pacs_str_t type)
{
    return pacs_str_is(type, "application/dicom+json")
           || pacs_str_is(type, "application/dicom+xml");
}


int
pacs_models_create(pacs_results_t *results, pacs_models_t **out,
    pacs_err_t *err)
{
    pacs_models_t *m = pacs_calloc(results->op->arena, 1, sizeof(*m));

    if (m == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for metadata");
    }

    m->results = results;
    m->svc = results->op->svc;
    m->a = results->op->arena;
    m->spool.fd = -1;
    m->meta_tail = &m->meta;
    m->bulk_tail = &m->bulk;
    *out = m;
    return PACS_OK;
}


void
pacs_models_close(pacs_models_t *m)
{
    for (part_t *p = m->meta; p != NULL; p = p->next) {
        pacs_buf_free(&p->text);
    }
    if (m->spool.fd >= 0) {
        m->svc->blobs->vt->discard(m->svc->blobs, &m->spool);
        m->spool.fd = -1;
    }
}


int
pacs_models_begin(pacs_models_t *m, const pacs_part_head_t *head,
    pacs_err_t *err)
{
    pacs_blobs_t  *blobs = m->svc->blobs;
    part_t        *p = pacs_calloc(m->a, 1, sizeof(*p));
    int            rc = PACS_OK;

    m->open = p;
    if (p == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a part");
    }

    p->type = pacs_str_copy(m->a, head->type);
    p->location = pacs_str_copy(m->a, head->location);
    p->syntax = pacs_str_copy(m->a, head->syntax);
    p->offset = m->size;

    if (pacs_models_takes(p->type)) {
        *m->meta_tail = p;
        m->meta_tail = &p->next;
        return PACS_OK;
    }

    *m->bulk_tail = p;
    m->bulk_tail = &p->next;

    if (!pacs_media_known(p->type)) {
        pacs_fail(&p->err, PACS_E_MEDIA, "bulk data of type %.*s: "
                  "there is no way to store it", pacs_fmt(p->type));
        return PACS_OK;
    }

    if (m->spool.fd < 0) {
        rc = pacs_store_room(m->svc, &p->err);
    }
    if (rc == PACS_OK && m->spool.fd < 0) {
        (void) blobs->vt->create(blobs, &m->spool, &p->err);
    }
    return PACS_OK;
}


int
pacs_models_data(pacs_models_t *m, const char *data, size_t len,
    pacs_err_t *err)
{
    const pacs_limits_t  *limits = pacs_service_limits(m->svc);
    part_t               *p = m->open;

    if (pacs_models_takes(p->type)) {
        m->held += len;
        if (m->held > (size_t) limits->dataset) {
            return pacs_fail(err, PACS_E_LIMIT, "metadata of more than %"
                             PRId64 " bytes (limit dataset)",
                             limits->dataset);
        }
        pacs_buf_add(&p->text, data, len);
        return !p->text.failed ? PACS_OK
               : pacs_fail(err, PACS_E_NOMEM, "no memory for metadata");
    }

    if (p->err.code != PACS_OK) {
        return PACS_OK;
    }
    if (m->size + len > (uint64_t) limits->instance) {
        pacs_fail(&p->err, PACS_E_LIMIT, "bulk data of more than %" PRId64
                  " bytes (limit instance)", limits->instance);
        return PACS_OK;
    }

    p->length += len;
    m->size += len;
    (void) pacs_write_all(m->spool.fd, data, len, &p->err);
    return PACS_OK;
}


/* --- a data set and what it refers to --- */

/* a part of this name, or a frame of it: …/frames/1 */
static bool
named(const part_t *p, pacs_str_t uri)
{
    return p->location.len >= uri.len && uri.len != 0
           && memcmp(p->location.data, uri.data, uri.len) == 0
           && (p->location.len == uri.len
               || pacs_str_starts((pacs_str_t) { p->location.data + uri.len,
                                                 p->location.len - uri.len },
                                  "/frames/"));
}


static uint32_t
pieces(const part_t *p)
{
    return p->length == 0 ? 1 : (uint32_t) ((p->length - 1) / FRAGMENT + 1);
}


static pacs_medium_t *
medium_of(pacs_models_t *m, part_t *first, pacs_str_t uri)
{
    pacs_medium_t  *medium = pacs_calloc(m->set, 1, sizeof(*medium));
    uint32_t        n = 0;

    for (const part_t *p = first; p != NULL; p = p->next) {
        n += named(p, uri) || p == first ? pieces(p) : 0;
    }
    if (medium == NULL
        || (medium->ranges = pacs_calloc(m->set, n,
                                         sizeof(pacs_range_t))) == NULL)
    {
        return NULL;
    }

    medium->type = first->type;
    medium->syntax = first->syntax;

    for (part_t *p = first; p != NULL; p = p->next) {
        if (p != first && !named(p, uri)) {
            continue;
        }
        p->used = true;
        for (uint32_t i = 0, k = pieces(p); i < k; i++) {
            uint64_t  from = (uint64_t) i * FRAGMENT;
            uint64_t  left = p->length - from;

            medium->ranges[medium->nranges++] = (pacs_range_t) {
                p->offset + from, left < FRAGMENT ? left : FRAGMENT };
        }
    }
    return medium;
}


static int
find(void *ctx, pacs_str_t uri, pacs_bulk_t *bulk, pacs_err_t *err)
{
    pacs_models_t  *m = ctx;
    part_t         *p = m->bulk;
    int             rc;

    while (p != NULL && !named(p, uri)) {
        p = p->next;
    }
    if (p == NULL) {
        return pacs_fail(err, PACS_E_PARSE, "no part of the request has the "
                         "Content-Location %.*s",
                         uri.len > 100 ? 100 : (int) uri.len, uri.data);
    }

    for (part_t *q = p; q != NULL; q = q->next) {
        if (q->err.code != PACS_OK && named(q, uri)) {
            q->used = true;
            return pacs_fail(err, q->err.code, "%s", q->err.text);
        }
        if (q != p && !pacs_media_coded(p->type)
            && pacs_str_eq(q->location, p->location))
        {
            p->used = q->used = true;
            return pacs_fail(err, PACS_E_PARSE, "several parts of the request"
                             " have the Content-Location %.*s",
                             uri.len > 100 ? 100 : (int) uri.len, uri.data);
        }
    }

    pacs_medium_t *medium = medium_of(m, p, uri);

    if (medium == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for bulk data");
    }

    if (pacs_picture_foreign(p->type)) {
        m->pixels = medium;
        rc = pacs_picture_native(m->svc, m->spool.fd, &m->size, &m->source,
                                 medium, err);
        bulk->offset = medium->ranges[0].offset;
        bulk->length = medium->ranges[0].length;
        return rc;
    }
    if (pacs_media_coded(p->type)) {
        m->pixels = medium;
        bulk->fragments = medium->ranges;
        bulk->nfragments = medium->nranges;
        return PACS_OK;
    }

    for (uint32_t i = 1; i < medium->nranges; i++) {
        if (medium->ranges[i].offset != medium->ranges[i - 1].offset
                                        + medium->ranges[i - 1].length)
        {
            return pacs_fail(err, PACS_E_PARSE, "several parts of one "
                             "uncompressed value, not in a row");
        }
    }

    if (!pacs_str_is(p->type, "application/octet-stream")) {
        m->document = medium;
    }
    bulk->offset = p->offset;
    for (uint32_t i = 0; i < medium->nranges; i++) {
        bulk->length += medium->ranges[i].length;
    }
    return PACS_OK;
}


static int
write_store(void *ctx, const void *data, size_t len, pacs_err_t *err)
{
    return pacs_store_write(ctx, data, len, err);
}


/* *st: with all of the instance in it */
static int
write_set(pacs_models_t *m, pacs_dataset_t *ds, pacs_store_t **st,
    pacs_err_t *err)
{
    pacs_buf_t  b = { 0 };
    int         rc;

    rc = pacs_media_complete(ds, &m->source, m->pixels, m->document, m->set,
                             err);
    if (rc == PACS_OK) {
        rc = pacs_store_begin(m->svc, &m->results->op->request.subject,
                              m->results->study, st, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }
    if (m->results->npi.len != 0) {
        pacs_store_npi(*st, m->results->npi, m->results->npi_uid);
    }

    pacs_write_meta(&b, pacs_elem_raw(ds->root, 0x00080016),
                    pacs_elem_raw(ds->root, 0x00080018),
                    pacs_cstr(ds->syntax_uid), pacs_null);
    rc = pacs_write_through(&b, &m->source, ds, false, write_store, *st, err);
    pacs_buf_free(&b);

    if (rc != PACS_OK) {
        pacs_store_abort(*st);
        *st = NULL;
    }
    return rc;
}


static void
who(const pacs_dataset_t *ds, pacs_stored_t *stored)
{
    const struct { uint32_t tag; char *to; } ids[] = {
        { 0x00080016, stored->class_uid }, { 0x00080018, stored->instance },
        { 0x0020000d, stored->study }, { 0x0020000e, stored->series }
    };

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        pacs_str_t  uid = pacs_elem_raw(ds->root, ids[i].tag);

        if (pacs_uid_ok(uid) && ids[i].to[0] == '\0') {
            memcpy(ids[i].to, uid.data, uid.len);
        }
    }
}


/* one data set's text: its result, whatever it is */
static int
store_text(pacs_models_t *m, const part_t *p, pacs_str_t text,
    pacs_err_t *err)
{
    const pacs_limits_t  *limits = pacs_service_limits(m->svc);
    pacs_bulk_find_t      bulk = { find, m };
    pacs_stored_t         stored = { 0 };
    pacs_store_t         *st = NULL;
    pacs_err_t            own = { 0 };
    pacs_dataset_t       *sets = NULL;
    unsigned              n = 0;
    int                   rc;

    m->set = pacs_arena_create((size_t) limits->dataset);
    m->pixels = m->document = NULL;

    if (m->set == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a data set");
    }

    rc = (pacs_str_is(p->type, "application/dicom+json") ? pacs_json_read
          : pacs_xml_read)(text, &bulk, limits, m->set, &sets, &n, &own);

    if (rc == PACS_OK) {
        rc = write_set(m, &sets[0], &st, &own);
    }
    if (rc != PACS_OK) {
        pacs_fail(&own, rc, "out of memory");
        if (n != 0) {
            who(&sets[0], &stored);
        }
    }

    pacs_arena_destroy(m->set);
    return pacs_results_add(m->results, st, &stored, &own, err);
}


/* what cannot be told from the next one costs the rest of the part */
static int
store_json(pacs_models_t *m, const part_t *p, pacs_err_t *err)
{
    pacs_str_t     rest = { p->text.data, p->text.len }, one;
    pacs_stored_t  nobody = { 0 };
    pacs_err_t     own = { 0 };
    int            rc;

    while ((rc = pacs_json_next(&rest, &one, &own)) == PACS_OK
           && one.data != NULL)
    {
        rc = store_text(m, p, one, err);
        if (rc != PACS_OK) {
            return rc;
        }
    }
    return rc == PACS_OK ? rc
           : pacs_results_add(m->results, NULL, &nobody, &own, err);
}


int
pacs_models_store(pacs_models_t *m, pacs_err_t *err)
{
    unsigned  unused = 0;
    int       rc = m->spool.fd < 0 ? PACS_OK
                   : pacs_source_fd(&m->source, m->spool.fd, err);

    if (m->spool.fd < 0) {
        m->source = pacs_source_mem("", 0);
    }

    for (const part_t *p = m->meta; p != NULL && rc == PACS_OK; p = p->next) {
        rc = pacs_str_is(p->type, "application/dicom+json")
             ? store_json(m, p, err)
             : store_text(m, p, (pacs_str_t) { p->text.data, p->text.len },
                          err);
    }

    for (const part_t *p = m->bulk; p != NULL; p = p->next) {
        unused += !p->used;
    }

    if (rc == PACS_OK && m->results->first == NULL) {
        return pacs_fail(err, PACS_E_ARG, m->meta == NULL
                         ? "bulk data without metadata"
                         : "the metadata are of no instance");
    }
    m->results->unused = unused;
    return rc;
}
