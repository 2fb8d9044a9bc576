/* SPDX-License-Identifier: BSD-2-Clause */

/* Part 10 files, PS3.10 7.1: preamble, group 2, then the data set */

#include <stdlib.h>
#include <string.h>

#include "dicom/reader.h"


static void
copy_uid(const pacs_item_t *meta, uint32_t tag, char to[65])
{
    pacs_str_t  s = pacs_elem_raw(meta, tag);
    size_t      n = s.len < 64 ? s.len : 64;

    if (n != 0) {
        memcpy(to, s.data, n);
    }
    to[n] = '\0';
}


static int
read_head(pacs_window_t *w, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_dataset_t *ds, pacs_err_t *err)
{
    size_t          got;
    const uint8_t  *p = pacs_window_at(w, 0, 132, &got, err);

    memset(ds, 0, sizeof(*ds));
    ds->syntax = pacs_syntax(pacs_null);

    if (p == NULL) {
        return err->code;
    }
    if (got < 132 || memcmp(p + 128, "DICM", 4) != 0) {
        return pacs_fail(err, PACS_E_PARSE, "no \"DICM\" at offset 128: not a "
                         "DICOM file of PS3.10 with preamble");
    }

    int  rc = pacs_reader_meta(w, limits, a, ds, err);

    if (rc != PACS_OK) {
        return rc;
    }

    pacs_str_t  uid = pacs_elem_raw(ds->meta, 0x00020010);

    if (!pacs_uid_ok(uid)) {
        return pacs_fail(err, PACS_E_PARSE, "Transfer Syntax UID (0002,0010) "
                         "%s", uid.len == 0 ? "is missing" : "is not a UID");
    }

    ds->syntax = pacs_syntax(uid);
    copy_uid(ds->meta, 0x00020010, ds->syntax_uid);
    copy_uid(ds->meta, 0x00020002, ds->class_uid);
    copy_uid(ds->meta, 0x00020003, ds->instance_uid);
    return PACS_OK;
}


static int
read_all(pacs_window_t *w, uint8_t *buf, const pacs_limits_t *limits,
    size_t keep, pacs_arena_t *a, pacs_dataset_t *ds, pacs_err_t *err)
{
    int  rc = read_head(w, limits, a, ds, err);

    if (rc != PACS_OK) {
        return rc;
    }
    if (!ds->syntax->deflated) {
        return pacs_reader_dataset(w, ds->start, limits, keep, a, ds, err);
    }

    ds->size = PACS_NO_END;

    pacs_source_t *stream = pacs_dicom_stream(w->src, ds, limits, a, err);

    if (stream == NULL) {
        return err->code;
    }

    pacs_window_init(w, stream, buf);
    rc = pacs_reader_dataset(w, 0, limits, keep, a, ds, err);
    return rc;
}


int
pacs_dicom_read(pacs_source_t *file, const pacs_limits_t *limits,
    size_t keep, pacs_arena_t *a, pacs_dataset_t *ds, pacs_err_t *err)
{
    pacs_window_t   w;
    pacs_err_t      own = { 0 };
    uint8_t        *buf = malloc(PACS_WINDOW);

    if (buf == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    pacs_window_init(&w, file, buf);
    int  rc = read_all(&w, buf, limits, keep, a, ds, &own);

    free(buf);
    return rc == PACS_OK ? rc : pacs_fail(err, rc, "%s", own.text);
}


int
pacs_dicom_read_meta(pacs_source_t *file, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_dataset_t *ds, pacs_err_t *err)
{
    pacs_window_t   w;
    pacs_err_t      own = { 0 };
    uint8_t        *buf = malloc(PACS_WINDOW);

    if (buf == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    pacs_window_init(&w, file, buf);
    int  rc = read_head(&w, limits, a, ds, &own);

    free(buf);
    return rc == PACS_OK ? rc : pacs_fail(err, rc, "%s", own.text);
}
