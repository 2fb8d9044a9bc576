/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libFuzzer: any bytes as DICOM JSON and as XML of the Native DICOM Model.
 * What is taken must encode to a file that the reader takes, whose JSON is
 * taken again and gives the same, and XML that is taken too.
 */

#include <stdlib.h>
#include <string.h>

#include "dicom/dicom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char  spool[64] = "bulk data";


static int
find(void *ctx, pacs_str_t uri, pacs_bulk_t *bulk, pacs_err_t *err)
{
    static pacs_range_t  fragments[] = { { 0, 3 }, { 4, 20 } };

    if (uri.len % 3 == 0) {
        return pacs_fail(err, PACS_E_NOT_FOUND, "none");
    }
    if (uri.len % 3 == 1) {
        bulk->offset = 8;
        bulk->length = 16;
    } else {
        bulk->fragments = fragments;
        bulk->nfragments = 2;
    }
    return PACS_OK;
}


static int
take_xml(void *ctx, pacs_str_t xml, pacs_err_t *err)
{
    pacs_dataset_t  *sets;
    pacs_err_t       own = { 0 };
    unsigned         n;
    int              rc = pacs_xml_read(xml, NULL, &pacs_limits_default, ctx,
                                        &sets, &n, &own);

    /* characters that XML has not are U+FFFD, which some VRs have not */
    if (rc != PACS_OK && rc != PACS_E_LIMIT && rc != PACS_E_NOT_FOUND
        && strstr(own.text, "ASCII only") == NULL)
    {
        abort();
    }
    return PACS_OK;
}


/* a set as a file, and its JSON; false: it refers to bulk data */
static bool
encode(pacs_source_t *stream, const pacs_dataset_t *set, pacs_arena_t *a,
    pacs_str_t *text)
{
    pacs_buf_t      b = { 0 };
    pacs_json_t     json = { 0 };
    pacs_source_t   file;
    pacs_dataset_t  ds;
    pacs_err_t      err = { 0 };

    pacs_write_meta(&b, pacs_lit("1.2"), pacs_lit("1.3"),
                    pacs_cstr(set->fragments == NULL ? "1.2.840.10008.1.2.1"
                              : "1.2.840.10008.1.2.4.50"), pacs_null);
    if (pacs_write_dataset(&b, stream, set, false, &err) != PACS_OK) {
        abort();
    }

    pacs_str_t  bytes = pacs_buf_take(&b, a);

    file = pacs_source_mem(bytes.data, bytes.len);
    if (pacs_dicom_read(&file, &pacs_limits_default, 1 << 20, a, &ds, &err)
        != PACS_OK
        || pacs_json_write(&file, &ds, 1 << 20, a, &json, &err) != PACS_OK)
    {
        abort();
    }

    bool  whole = json.nsplice == 0;

    *text = pacs_buf_take(&json.text, a);
    return whole;
}


static void
check(pacs_str_t in, pacs_arena_t *a,
    int (*reader)(pacs_str_t, const pacs_bulk_find_t *, const pacs_limits_t *,
                  pacs_arena_t *, pacs_dataset_t **, unsigned *,
                  pacs_err_t *))
{
    pacs_bulk_find_t   bulk = { find, NULL };
    pacs_source_t      stream = pacs_source_mem(spool, sizeof(spool));
    pacs_dataset_t    *sets, *again;
    pacs_err_t         err = { 0 };
    pacs_str_t         one, two;
    unsigned           n, m;

    if (reader(in, &bulk, &pacs_limits_default, a, &sets, &n, &err)
        != PACS_OK)
    {
        return;
    }

    for (unsigned i = 0; i < n; i++) {
        if (!encode(&stream, &sets[i], a, &one)) {
            continue;
        }
        if (pacs_json_read(one, NULL, &pacs_limits_default, a, &again, &m,
                           &err) != PACS_OK
            || m != 1 || !encode(&stream, again, a, &two)
            || !pacs_str_eq(one, two)
            || pacs_xml_from_json(one, &pacs_limits_default, take_xml, a,
                                  &err) != PACS_OK)
        {
            abort();
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pacs_arena_t  *a = pacs_arena_create(1 << 28);
    pacs_str_t     text = { (const char *) data, len }, rest = text, one;
    pacs_err_t     err = { 0 };

    check(text, a, pacs_json_read);
    check(text, a, pacs_xml_read);

    while (pacs_json_next(&rest, &one, &err) == PACS_OK && one.data != NULL) {
        if (one.len < 2) {
            abort();
        }
    }

    pacs_arena_destroy(a);
    return 0;
}
