/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * fill HOME STUDIES: puts invented studies of one instance each into the
 * index of a home (no files), for queries over a large archive.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/index.h"

enum { BATCH = 500 };

static const char *const  families[] = {
    "Adler", "Berger", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia",
    "Haddad", "Ivanov", "Jansen", "Keller", "Lopez", "Meyer", "Novak"
};
static const char *const  modalities[] = { "CT", "MR", "CR", "US", "MG" };


static void
set(pacs_record_t *r, uint32_t tag, pacs_str_t value)
{
    int  i = pacs_attr_find(tag, 0);

    if (i >= 0) {
        r->values[i] = value;
    }
}


static void
make(pacs_arena_t *a, pacs_record_t *r, unsigned n)
{
    *r = (pacs_record_t) {
        .study = pacs_sprintf(a, "1.2.826.0.1.3680043.10.999.1.%u", n),
        .series = pacs_sprintf(a, "1.2.826.0.1.3680043.10.999.2.%u", n),
        .instance = pacs_sprintf(a, "1.2.826.0.1.3680043.10.999.3.%u", n),
        .class_uid = pacs_lit("1.2.840.10008.5.1.4.1.1.2"),
        .syntax_uid = pacs_lit("1.2.840.10008.1.2.1"),
        .key = pacs_sprintf(a, "%032x/%064x", n, n),
        .size = 500000, .received_us = 1700000000000000 + n,
        .source = pacs_lit("fill"),
        .values = pacs_calloc(a, pacs_nattrs, sizeof(pacs_str_t))
    };

    set(r, 0x0020000D, r->study);
    set(r, 0x0020000E, r->series);
    set(r, 0x00080018, r->instance);
    set(r, 0x00080016, r->class_uid);
    set(r, 0x00100020, pacs_sprintf(a, "P%06u", n / 3));
    set(r, 0x00100010, pacs_sprintf(a, "%s^Test%u", families[n / 3 % 14],
                                    n / 3));
    set(r, 0x00080020, pacs_sprintf(a, "20%02u%02u%02u", n % 25, 1 + n % 12,
                                    1 + n % 28));
    set(r, 0x00080030, pacs_sprintf(a, "%02u%02u00", n % 24, n % 60));
    set(r, 0x00080050, pacs_sprintf(a, "A%08u", n));
    set(r, 0x00080060, pacs_cstr(modalities[n % 5]));
    set(r, 0x00081030, pacs_lit("Invented study"));
    set(r, 0x00280010, pacs_lit("512"));
    set(r, 0x00280011, pacs_lit("512"));
}


int
main(int argc, char **argv)
{
    pacs_record_t  records[BATCH];
    pacs_put_e     put[BATCH];
    pacs_index_t  *ix;
    pacs_err_t     err = { 0 };

    if (argc != 3) {
        fprintf(stderr, "usage: fill HOME STUDIES\n");
        return 2;
    }

    unsigned  studies = (unsigned) atol(argv[2]);
    int       rc = pacs_index_open_sqlite(argv[1], &pacs_env_default, true,
                                          &ix, &err);

    for (unsigned n = 0; rc == PACS_OK && n < studies; n += BATCH) {
        pacs_arena_t *a = pacs_arena_create(0);

        for (unsigned i = 0; i < BATCH; i++) {
            make(a, &records[i], n + i);
        }
        rc = ix->vt->put(ix, records, put, BATCH, &err);
        pacs_arena_destroy(a);
    }

    if (rc == PACS_OK) {
        rc = ix->vt->rebuilt(ix, &err);
    }

    if (rc != PACS_OK) {
        fprintf(stderr, "fill: %s\n", err.text);
        return 1;
    }

    ix->vt->close(ix);
    return 0;
}
