/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libFuzzer: any bytes as a Part 10 file, to JSON twice (with values held
 * and with values left in the stream), and every BulkDataURI found again.
 */

#include <stdlib.h>
#include <string.h>

#include "dicom/dicom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);


/* the URI's path leads to an element */
static void
check_bulk(const pacs_dataset_t *ds, const pacs_json_t *json)
{
    for (uint32_t i = 0; i < json->nsplice; i++) {
        const char *path = json->text.data + json->splice[i] + 10;
        const char *end = memchr(path, '"', json->text.len);
        pacs_str_t  s = { path, (size_t) (end - path) };

        if (memcmp(path - 10, "/bulkdata/", 10) != 0
            || pacs_bulk_find(ds, s) == NULL)
        {
            abort();
        }
    }
}


/* the reader always holds a (0008,0005) of up to 256 bytes, not more */
static bool
charsets_held(const pacs_item_t *item)
{
    for ( ; item != NULL; item = item->next) {
        if (item->charset.len > 256) {
            return false;
        }
        for (const pacs_elem_t *e = item->elems; e != NULL; e = e->next) {
            if (!charsets_held(e->items)) {
                return false;
            }
        }
    }
    return true;
}


/* false: what is held makes a difference */
static bool
run(const uint8_t *data, size_t len, size_t keep, size_t inline_max,
    pacs_json_t *json, pacs_arena_t *a)
{
    pacs_limits_t   limits = pacs_limits_default;
    pacs_source_t   file = pacs_source_mem(data, len), *stream;
    pacs_dataset_t  ds;
    pacs_err_t      err = { 0 };

    limits.inflated = 1 << 22;

    if (pacs_dicom_read(&file, &limits, keep, a, &ds, &err) != PACS_OK) {
        return true;
    }

    stream = pacs_dicom_stream(&file, &ds, &limits, a, &err);
    if (stream == NULL) {
        return true;
    }

    if (pacs_json_write(stream, &ds, inline_max, a, json, &err) == PACS_OK) {
        check_bulk(&ds, json);
    }

    for (const pacs_elem_t *e = ds.root->elems; e != NULL; e = e->next) {
        pacs_elem_text(ds.root, e, a);
    }
    return charsets_held(ds.root);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pacs_arena_t  *a = pacs_arena_create(256 << 20);
    pacs_json_t    held = { 0 }, left = { 0 };

    bool  comparable = run(data, len, 4096, 64, &held, a)
                       && run(data, len, 0, 64, &left, a);

    if (comparable
        && (held.text.len != left.text.len
            || (held.text.len != 0
                && memcmp(held.text.data, left.text.data, held.text.len)
                   != 0)))
    {
        abort();
    }

    pacs_buf_free(&held.text);
    pacs_buf_free(&left.text);
    pacs_arena_destroy(a);
    return 0;
}
