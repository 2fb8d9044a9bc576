/* SPDX-License-Identifier: BSD-2-Clause */

/* The one bounded scan of an instance, at ingest and for a rebuild. */

#include "service/internal.h"

enum { SOP_CLASS = 0x00080016, SOP_INSTANCE = 0x00080018,
       STUDY = 0x0020000D, SERIES = 0x0020000E };


static int
identify(const pacs_dataset_t *ds, pacs_record_t *r, pacs_err_t *err)
{
    const struct { uint32_t tag; const char *name; pacs_str_t *out; } ids[] = {
        { SOP_CLASS,    "SOP Class UID",       &r->class_uid },
        { SOP_INSTANCE, "SOP Instance UID",    &r->instance },
        { STUDY,        "Study Instance UID",  &r->study },
        { SERIES,       "Series Instance UID", &r->series }
    };
    bool  good = true;

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        pacs_str_t  uid = pacs_elem_raw(ds->root, ids[i].tag);

        if (pacs_uid_ok(uid)) {
            *ids[i].out = uid;

        } else {
            good = false;
            pacs_fail(err, PACS_E_IDENT, "%s (%04X,%04X) is %s%.*s%s",
                      ids[i].name, ids[i].tag >> 16, ids[i].tag & 0xffff,
                      uid.len == 0 ? "missing" : "no UID: '",
                      uid.len > 80 ? 80 : (int) uid.len, uid.data,
                      uid.len == 0 ? "" : "'");
        }
    }

    if (!good) {
        return PACS_E_IDENT;
    }

    return PACS_OK;
}


/* the file meta is the sender's: the data set is what counts */
static void
look_at_meta(const pacs_dataset_t *ds, const pacs_record_t *r,
    pacs_err_t *foreign)
{
    const struct { const char *meta, *name; pacs_str_t is; } ids[] = {
        { ds->instance_uid, "Instance", r->instance },
        { ds->class_uid, "Class", r->class_uid }
    };

    for (unsigned i = 0; i < 2; i++) {
        if (ids[i].meta[0] != '\0' && !pacs_str_is(ids[i].is, ids[i].meta)) {
            pacs_fail(foreign, PACS_E_IDENT, "foreign file meta: it names SOP "
                      "%s %s, the data set is %.*s", ids[i].name, ids[i].meta,
                      pacs_fmt(ids[i].is));
        }
    }
}


static pacs_str_t
element_text(const pacs_item_t *item, uint32_t tag, pacs_arena_t *a)
{
    const pacs_elem_t *e = pacs_elem(item, tag);

    return e != NULL ? pacs_elem_text(item, e, a) : pacs_null;
}


/* of each item, with '\' between */
static pacs_str_t
item_texts(const pacs_item_t *item, uint32_t tag, pacs_arena_t *a)
{
    pacs_buf_t  b = { 0 };
    bool        any = false;

    for (const pacs_item_t *first = item; item != NULL; item = item->next) {
        pacs_str_t  text = element_text(item, tag, a);

        pacs_buf_text(&b, item != first ? "\\" : "");
        pacs_buf_str(&b, text);
        any |= text.len != 0;
    }

    if (!any) {
        pacs_buf_free(&b);
        return pacs_null;
    }
    return pacs_buf_take(&b, a);
}


static int
attributes(const pacs_dataset_t *ds, pacs_arena_t *a, pacs_record_t *r,
    pacs_err_t *err)
{
    r->values = pacs_calloc(a, pacs_nattrs, sizeof(pacs_str_t));
    if (r->values == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for attributes");
    }

    for (unsigned i = 0; i < pacs_nattrs; i++) {
        const pacs_attr_t *at = &pacs_attrs[i];

        if (at->computed) {
            continue;
        }
        r->values[i] = at->path[1] == 0
            ? element_text(ds->root, at->path[0], a)
            : item_texts(pacs_elem_item(ds->root, at->path[0]), at->path[1],
                         a);
    }

    return PACS_OK;
}


/* what cannot be shown is kept as it came: frames 0 */
static int
picture(const pacs_limits_t *limits, pacs_source_t *stream,
    const pacs_dataset_t *ds, pacs_arena_t *a, pacs_record_t *r,
    pacs_err_t *err)
{
    pacs_err_t     why = { 0 };
    pacs_frames_t  frames;
    pacs_look_t    look;
    int            rc = pacs_dicom_pixels(ds, limits, &r->pixels, &why);

    if (rc == PACS_OK) {
        rc = pacs_frames_locate(stream, ds, &r->pixels, limits, a, &frames,
                                &why);
    }
    if (rc == PACS_OK) {
        rc = pacs_look_read(stream, ds, &r->pixels, a, &look, &why);
    }
    if (rc == PACS_OK) {
        rc = pacs_look_measure(stream, &frames, ds, &r->pixels, &look, &why);
    }

    if (rc == PACS_E_NOMEM || rc == PACS_E_IO) {
        return pacs_fail(err, rc, "%s", why.text);
    }

    if (rc != PACS_OK) {
        r->pixels = (pacs_pixels_t) { 0 };
        return PACS_OK;
    }

    r->frames = pacs_frames_pack(&frames, a);
    r->look = pacs_look_pack(&look, a);

    return r->frames.data == NULL || r->look.data == NULL
           ? pacs_fail(err, PACS_E_NOMEM, "no memory for the frame table")
           : PACS_OK;
}


static int
metadata(pacs_source_t *stream, const pacs_dataset_t *ds, pacs_arena_t *a,
    pacs_record_t *r, pacs_err_t *err)
{
    pacs_json_t  json = { 0 };
    int          rc = pacs_json_write(stream, ds, PACS_INLINE, a, &json, err);

    if (rc == PACS_OK) {
        r->metadata = pacs_metadata_pack(&json, a);

        if (r->metadata.data == NULL) {
            rc = pacs_fail(err, PACS_E_NOMEM, "no memory for metadata");
        }
    }

    pacs_buf_free(&json.text);
    return rc;
}


int
pacs_scan(pacs_service_t *svc, pacs_source_t *file, pacs_arena_t *a,
    pacs_record_t *r, pacs_key_t *key, pacs_err_t *foreign,
    pacs_err_t *err)
{
    const pacs_limits_t  *limits = &svc->options.limits;
    pacs_dataset_t       *ds = pacs_calloc(a, 1, sizeof(*ds));
    int                   rc;

    if (ds == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a data set");
    }

    if ((rc = pacs_dicom_read(file, limits, PACS_KEEP, a, ds, err)) != PACS_OK
        || (rc = identify(ds, r, err)) != PACS_OK)
    {
        return rc;
    }

    look_at_meta(ds, r, foreign);

    pacs_source_t *stream = pacs_dicom_stream(file, ds, limits, a, err);

    if (stream == NULL) {
        return err->code != PACS_OK ? err->code : PACS_E_NOMEM;
    }

    r->syntax_uid = pacs_str_copy(a, pacs_cstr(ds->syntax_uid));
    r->size = file->size;
    r->start = ds->start;
    pacs_key_series(key, r->series);
    r->key = pacs_sprintf(a, "%s/%s", key->series, key->digest);

    if ((rc = attributes(ds, a, r, err)) != PACS_OK
        || (rc = metadata(stream, ds, a, r, err)) != PACS_OK)
    {
        return rc;
    }

    return picture(limits, stream, ds, a, r, err);
}
