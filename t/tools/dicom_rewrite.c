/* SPDX-License-Identifier: BSD-2-Clause */

/* usage: dicom_rewrite explicit|implicit IN OUT */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dicom/dicom.h"


static int
rewrite(int in, int out, bool implicit, pacs_arena_t *a, pacs_buf_t *b,
    pacs_err_t *err)
{
    pacs_source_t         file;
    pacs_dataset_t        ds;
    const pacs_limits_t  *limits = &pacs_limits_default;
    int                   rc = pacs_source_fd(&file, in, err);

    if (rc == PACS_OK) {
        rc = pacs_dicom_read(&file, limits, 4096, a, &ds, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    pacs_source_t *stream = pacs_dicom_stream(&file, &ds, limits, a, err);
    const char    *syntax = implicit ? "1.2.840.10008.1.2"
                            : ds.syntax->encapsulated ? ds.syntax_uid
                            : "1.2.840.10008.1.2.1";

    if (stream == NULL) {
        return err->code;
    }

    pacs_write_meta(b, pacs_cstr(ds.class_uid), pacs_cstr(ds.instance_uid),
                    pacs_cstr(syntax), pacs_null);
    rc = pacs_write_dataset(b, stream, &ds, implicit, err);

    return rc == PACS_OK ? pacs_write_all(out, b->data, b->len, err) : rc;
}


int
main(int argc, char **argv)
{
    pacs_err_t     err = { 0 };
    pacs_buf_t     b = { 0 };
    pacs_arena_t  *a = pacs_arena_create(0);
    int            rc = PACS_E_ARG;

    if (argc == 4) {
        int  in = open(argv[2], O_RDONLY | O_CLOEXEC);
        int  out = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                        0666);

        rc = rewrite(in, out, strcmp(argv[1], "implicit") == 0, a, &b, &err);
        close(in);
        close(out);
    }
    if (rc != PACS_OK) {
        fprintf(stderr, "dicom_rewrite: %s\n", err.text);
    }

    pacs_buf_free(&b);
    pacs_arena_destroy(a);
    return rc != PACS_OK;
}
