/* SPDX-License-Identifier: BSD-2-Clause */

/* One instance as a Part 10 file in a transfer syntax: as it lies in its
 * blob; or rewritten, where only what is before and behind the pixel data
 * goes through memory; or transcoded, into a file.  The preamble goes out
 * zeroed: it may be foreign, and nobody needs it. */

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/send.h"

enum { PREAMBLE = 128 };

static const char  zeros[PREAMBLE];


/* the blob's file, if it is there and whole */
static int
blob_path(pacs_op_t *op, const pacs_record_t *r, char **name, pacs_err_t *err)
{
    pacs_service_t *svc = op->svc;
    pacs_key_t      key;
    char            path[4096];
    struct stat     st;

    if (!pacs_key_parse(r->key, &key)
        || !svc->blobs->vt->path(svc->blobs, &key, path, sizeof(path)))
    {
        return pacs_fail(err, PACS_E_INTERNAL, "the blob is not local");
    }

    if (stat(path, &st) != 0 || st.st_size < PREAMBLE
        || (uint64_t) st.st_size < r->size)
    {
        return pacs_fail(err, PACS_E_IO, "the file of instance %.*s cannot "
                         "be read", pacs_fmt(r->instance));
    }

    *name = pacs_strdup(op->arena, pacs_cstr(path));
    return *name == NULL ? PACS_E_NOMEM : PACS_OK;
}


static int
add_stored(pacs_op_t *op, const pacs_record_t *r, pacs_parts_t *list,
    pacs_err_t *err)
{
    char *name;
    int   rc = blob_path(op, r, &name, err);

    if (rc != PACS_OK) {
        return rc;
    }

    rc = pacs_parts_add(op, list, (pacs_part_t) { .data = zeros,
                                                  .length = PREAMBLE });
    return rc != PACS_OK
           ? rc
           : pacs_parts_add(op, list, (pacs_part_t) {
                                 .path = name, .offset = PREAMBLE,
                                 .length = r->size - PREAMBLE });
}


typedef struct {
    pacs_arena_t    *arena;         /* of the data set */
    int              fd;
    pacs_source_t    file;
    pacs_source_t   *stream;
    pacs_dataset_t   ds;
} open_t;


int
pacs_anonymize(pacs_op_t *op, pacs_dataset_t *ds, pacs_arena_t *a,
    pacs_err_t *err)
{
    uint8_t  secret[32];
    int      rc = !op->anonymize ? PACS_OK
                  : pacs_cache_secret(op->svc->home, secret, err);

    return rc != PACS_OK || !op->anonymize ? rc
           : pacs_deidentify(ds, (pacs_str_t) { (char *) secret,
                                                sizeof(secret) }, a, err);
}


static int
open_dataset(pacs_op_t *op, const pacs_record_t *r, open_t *o,
    pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    int                  rc;

    *o = (open_t) { .fd = -1 };
    o->arena = pacs_arena_create((size_t) limits->dataset);
    if (o->arena == NULL) {
        return PACS_E_NOMEM;
    }

    if ((rc = pacs_blob_of(op->svc, r->key, &o->fd, err)) != PACS_OK
        || (rc = pacs_source_fd(&o->file, o->fd, err)) != PACS_OK
        || (rc = pacs_dicom_read(&o->file, limits, PACS_KEEP, o->arena,
                                 &o->ds, err)) != PACS_OK)
    {
        return rc;
    }

    o->stream = pacs_dicom_stream(&o->file, &o->ds, limits, o->arena, err);
    return o->stream == NULL ? PACS_E_NOMEM
           : pacs_anonymize(op, &o->ds, o->arena, err);
}


static void
close_dataset(open_t *o)
{
    if (o->fd >= 0) {
        close(o->fd);
    }
    if (o->arena != NULL) {
        pacs_arena_destroy(o->arena);
    }
}


/* b in two, and the pixel data of the blob between them */
static int
add_around(pacs_op_t *op, const pacs_record_t *r, const open_t *o,
    pacs_buf_t *b, size_t cut, pacs_parts_t *list, pacs_err_t *err)
{
    pacs_str_t  text = pacs_buf_take(b, op->arena);
    char       *name;
    int         rc;

    if (text.data == NULL) {
        return PACS_E_NOMEM;
    }
    if (cut == SIZE_MAX) {
        return pacs_parts_text(op, list, text);
    }

    if ((rc = blob_path(op, r, &name, err)) != PACS_OK
        || (rc = pacs_parts_text(op, list, (pacs_str_t) { text.data, cut }))
        || (rc = pacs_parts_add(op, list, (pacs_part_t) {
                                    .path = name,
                                    .offset = o->ds.pixels->offset,
                                    .length = o->ds.pixels->length })))
    {
        return rc;
    }
    return pacs_parts_text(op, list, (pacs_str_t) { text.data + cut,
                                                    text.len - cut });
}


static int
add_rewritten(pacs_op_t *op, pacs_maker_t *m, pacs_given_t *g,
    pacs_parts_t *list, pacs_err_t *err)
{
    const pacs_record_t *r = &g->record;
    int64_t              budget = pacs_service_limits(op->svc)->metadata;
    bool                 implicit = g->give == PACS_GIVE_IMPLICIT;
    pacs_buf_t           b = { .max = (size_t) budget };
    open_t               o;
    size_t               cut = 0;
    int                  rc = open_dataset(op, r, &o, err);

    if (rc == PACS_OK) {
        pacs_write_meta(&b, r->class_uid, pacs_elem_raw(o.ds.root, 0x00080018),
                        g->syntax, pacs_null);
        rc = pacs_write_dataset_cut(&b, o.stream, &o.ds, implicit, &cut, err);
    }

    m->memory += b.len;

    if (rc == PACS_OK && m->memory > (uint64_t) budget) {
        rc = pacs_fail(err, PACS_E_LIMIT, "more than %" PRId64 " bytes to "
                       "rewrite in one answer (limit metadata): ask with "
                       "transfer-syntax=*, or instance by instance", budget);
    }
    if (rc == PACS_OK) {
        rc = add_around(op, r, &o, &b, cut, list, err);
    }

    pacs_buf_free(&b);
    close_dataset(&o);
    return rc;
}


/* --- transcoded --- */

void
pacs_maker_close(void *maker)
{
    pacs_maker_t *m = maker;

    if (m->arena != NULL) {
        pacs_arena_destroy(m->arena);
    }
    m->arena = NULL;
    m->transcode = NULL;
}


/* in an arena of its own: what it needs goes, and its file stays */
static int
transcode(pacs_op_t *op, pacs_maker_t *m, const pacs_given_t *g,
    pacs_part_t *part, pacs_err_t *err)
{
    pacs_arena_t *of_op = op->arena;
    int           rc = PACS_OK;

    if (m->arena == NULL) {
        m->arena = op->arena = pacs_arena_create(0);
        rc = m->arena == NULL
             ? PACS_E_NOMEM
             : pacs_transcode_open(op, &g->record, g->syntax, &m->transcode,
                                   err);
    }

    op->arena = m->arena;
    if (rc == PACS_OK) {
        rc = pacs_transcode_run(op, m->transcode, part, err);
    }
    op->arena = of_op;

    if (rc == PACS_OK) {
        rc = pacs_spool_keep(op, part->path, &part->path, err);
    }
    if (rc != PACS_AGAIN) {
        pacs_maker_close(m);
    }
    return rc;
}


static int
add_coded(pacs_op_t *op, pacs_maker_t *m, pacs_given_t *g,
    pacs_parts_t *list, pacs_err_t *err)
{
    pacs_err_t   own = { 0 };
    pacs_part_t  part;
    int          rc = transcode(op, m, g, &part, &own);

    if (rc == PACS_E_UNSHOWABLE && !g->by_name && !op->anonymize) {
        g->give = PACS_GIVE_STORED;
        g->syntax = g->record.syntax_uid;
        return add_stored(op, &g->record, list, err);
    }

    return rc == PACS_OK ? pacs_parts_add(op, list, part)
           : rc == PACS_AGAIN ? rc : pacs_fail(err, rc, "%s", own.text);
}


/* what is never given as it is stored: coded pixel data stay coded */
static void
rewrite(pacs_given_t *g)
{
    g->give = PACS_GIVE_EXPLICIT;
    if (!pacs_syntax(g->syntax)->encapsulated) {
        g->syntax = pacs_lit(PACS_EXPLICIT_LE);
    }
}


int
pacs_instance_parts(pacs_op_t *op, pacs_maker_t *m, pacs_given_t *g,
    pacs_parts_t *list, pacs_err_t *err)
{
    int  rc;

    g->first = list->n;
    if (op->anonymize && g->give == PACS_GIVE_STORED) {
        rewrite(g);
    }
    rc = g->give == PACS_GIVE_STORED ? add_stored(op, &g->record, list, err)
         : g->give == PACS_GIVE_CODED ? add_coded(op, m, g, list, err)
         : add_rewritten(op, m, g, list, err);

    g->n = list->n - g->first;
    g->length = 0;
    for (unsigned i = g->first; i < list->n; i++) {
        g->length += list->parts[i].length;
    }
    return rc;
}
