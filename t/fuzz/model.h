/* SPDX-License-Identifier: BSD-2-Clause */

/* A model (JSON, XML) that is read is a data set that can be written, read
 * as a file, and said in JSON, which reads again. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dicom/dicom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

typedef int (*reader_pt)(pacs_str_t text, const pacs_bulk_find_t *find,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_dataset_t **sets,
    unsigned *n, pacs_err_t *err);

static const char  spool[] = "0123456789";


static int
find(void *ctx, pacs_str_t uri, pacs_bulk_t *bulk, pacs_err_t *err)
{
    (void) ctx;
    *bulk = uri.len % 2 ? (pacs_bulk_t) { .offset = 2, .length = 4 }
                        : (pacs_bulk_t) { .value = "words", .length = 5 };
    return uri.len != 0 ? PACS_OK
                        : pacs_fail(err, PACS_E_NOT_FOUND, "no such part");
}


static void
must(bool kept, const char *what, const pacs_err_t *err)
{
    if (!kept) {
        fprintf(stderr, "%s: %s\n", what, err->text);
        abort();
    }
}


static bool
excused(int rc)
{
    return rc == PACS_OK || rc == PACS_E_LIMIT || rc == PACS_E_NOMEM;
}


static void
check_set(const pacs_dataset_t *set, pacs_arena_t *a)
{
    pacs_source_t    stream = pacs_source_mem(spool, 10), file;
    pacs_buf_t       b = { 0 };
    pacs_json_t      json = { 0 };
    pacs_dataset_t   ds, *again;
    pacs_err_t       err = { 0 };
    unsigned         n;

    pacs_write_meta(&b, pacs_lit("1.2"), pacs_lit("1.3"),
                    pacs_cstr(set->fragments == NULL
                              ? "1.2.840.10008.1.2.1"
                              : "1.2.840.10008.1.2.4.50"), pacs_null);

    int  rc = pacs_write_dataset(&b, &stream, set, false, &err);

    must(rc == PACS_OK || err.text[0] != '\0', "written", &err);

    if (rc == PACS_OK) {
        file = pacs_source_mem(b.data, b.len);
        rc = pacs_dicom_read(&file, &pacs_limits_default, 16384, a, &ds,
                             &err);
        must(excused(rc), "read as a file", &err);
    }
    if (rc == PACS_OK) {
        rc = pacs_json_write(&file, &ds, 1024, a, &json, &err);
        must(excused(rc), "said in JSON", &err);
    }
    if (rc == PACS_OK) {
        pacs_bulk_find_t  bulk = { find, NULL };

        rc = pacs_json_read((pacs_str_t) { json.text.data, json.text.len },
                            &bulk, &pacs_limits_default, a, &again, &n,
                            &err);
        must(excused(rc), "read again", &err);
    }

    pacs_buf_free(&json.text);
    pacs_buf_free(&b);
}


static void
check(reader_pt reader, const uint8_t *data, size_t len)
{
    pacs_arena_t     *a = pacs_arena_create(256 << 20);
    pacs_bulk_find_t  bulk = { find, NULL };
    pacs_dataset_t   *sets;
    pacs_err_t        err = { 0 };
    unsigned          n;
    int               rc = reader((pacs_str_t) { (const char *) data, len },
                                  &bulk, &pacs_limits_default, a, &sets, &n,
                                  &err);

    must(rc == PACS_OK || err.text[0] != '\0', "a reason", &err);

    for (unsigned i = 0; rc == PACS_OK && i < n; i++) {
        check_set(&sets[i], a);
    }
    pacs_arena_destroy(a);
}
