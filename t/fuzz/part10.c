/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libFuzzer: any bytes as a Part 10 file; what can be read is walked, its
 * frames are located, and what is written of it must read as the same.
 * make build/t/fuzz/part10 && build/t/fuzz/part10 -max_len=12000 CORPUS
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dicom/dicom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* lengths and offsets lie in the stream; numbers may be asked for */
static void
check_item(const pacs_dataset_t *ds, const pacs_item_t *item)
{
    uint32_t  last = 0;

    for (const pacs_elem_t *e = item->elems; e != NULL; e = e->next) {
        int64_t  i;
        double   d;

        if (e->tag < last || e->offset > ds->size
            || e->length > ds->size - e->offset)
        {
            abort();
        }
        last = e->tag;
        pacs_elem_int(item, e->tag, 1, &i);
        pacs_elem_double(item, e->tag, 0, &d);
        pacs_elem_raw(item, e->tag);

        if (e->vr == PACS_SQ && e->items != NULL) {
            check_item(ds, e->items);
        }
    }
}


static void
check_frames(pacs_source_t *stream, const pacs_dataset_t *ds,
    const pacs_limits_t *limits, pacs_arena_t *a)
{
    pacs_pixels_t  px;
    pacs_frames_t  f, g;

    if (pacs_dicom_pixels(ds, limits, &px, NULL) != PACS_OK
        || pacs_frames_locate(stream, ds, &px, limits, a, &f, NULL) != PACS_OK)
    {
        return;
    }

    if (pacs_frames_unpack(pacs_frames_pack(&f, a), a, &g, NULL) != PACS_OK
        || f.count != g.count)
    {
        abort();
    }

    for (uint32_t i = 0; !g.native && i < g.first[g.count]; i++) {
        if (g.ranges[i].offset + g.ranges[i].length > ds->size) {
            abort();
        }
    }
}


/* what was read is written and must read as the same */
static void
check_write(pacs_source_t *file, pacs_source_t *stream,
    const pacs_dataset_t *ds, const pacs_limits_t *limits, bool implicit)
{
    pacs_buf_t  b = { .max = 64 << 20 };
    bool        equal = false;
    pacs_err_t  err = { 0 };

    pacs_write_meta(&b, pacs_cstr(ds->class_uid),
                    pacs_cstr(ds->instance_uid),
                    pacs_cstr(implicit ? "1.2.840.10008.1.2"
                              : ds->syntax->encapsulated ? ds->syntax_uid
                              : "1.2.840.10008.1.2.1"), pacs_null);

    if (pacs_write_dataset(&b, stream, ds, implicit, NULL) == PACS_OK) {
        pacs_source_t  again = pacs_source_mem(b.data, b.len);

        int  rc = pacs_dicom_equal(file, &again, limits, &equal, &err);

        /* a first group such as 0800 is taken for big endian when explicit */
        if (!implicit && !equal && rc != PACS_E_LIMIT
            && strstr(err.text, "byte order is not") == NULL)
        {
            fprintf(stderr, "written as something else: %s\n", err.text);
            abort();
        }
    }
    pacs_buf_free(&b);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pacs_limits_t    limits = pacs_limits_default;
    pacs_arena_t    *a = pacs_arena_create(0);
    pacs_source_t    file = pacs_source_mem(data, size);
    pacs_dataset_t   ds;
    pacs_err_t       err = { 0 };

    limits.dataset = 64 << 20;

    if (pacs_dicom_read(&file, &limits, 1024, a, &ds, &err) == PACS_OK) {
        pacs_source_t *stream = pacs_dicom_stream(&file, &ds, &limits, a,
                                                  NULL);

        check_item(&ds, ds.root);
        check_frames(stream, &ds, &limits, a);
        check_write(&file, stream, &ds, &limits, false);
        check_write(&file, stream, &ds, &limits, true);

    } else if (err.code == PACS_OK || err.text[0] == '\0') {
        abort();
    }

    pacs_frames_t  f;

    pacs_frames_unpack((pacs_str_t) { (const char *) data, size }, a, &f,
                       NULL);
    pacs_arena_destroy(a);
    return 0;
}
