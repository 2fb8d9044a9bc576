/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * model_round OUTDIR <names: each file as DICOM JSON, read again, written as
 * OUTDIR/<n>.dcm, and its JSON compared; the JSON as XML in OUTDIR/<n>.xml,
 * read again, and the XML of that compared.  A line each: name, tab, "same",
 * or what differs, or "!code: text".
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dicom/dicom.h"

typedef struct {
    pacs_source_t   *stream;
    pacs_dataset_t   ds;
    pacs_arena_t    *a;
} file_t;


/* "./bulkdata/…" of the file */
static int
find(void *ctx, pacs_str_t uri, pacs_bulk_t *bulk, pacs_err_t *err)
{
    file_t             *f = ctx;
    const pacs_elem_t  *e = NULL;

    if (pacs_str_starts(uri, "./bulkdata/")) {
        e = pacs_bulk_find(&f->ds, (pacs_str_t) { uri.data + 11,
                                                  uri.len - 11 });
    }
    if (e == NULL || e->vr == PACS_SQ) {
        return pacs_fail(err, PACS_E_NOT_FOUND, "no bulk data");
    }

    if (e->undefined) {
        bulk->fragments = f->ds.fragments;
        bulk->nfragments = f->ds.nfragments;
        return bulk->fragments != NULL ? PACS_OK
               : pacs_fail(err, PACS_E_NOT_FOUND, "no fragments");
    }

    char *p = pacs_alloc(f->a, (size_t) e->length + 1);

    if (!f->ds.syntax->big_endian) {
        bulk->offset = e->offset;
        bulk->length = e->length;
        return PACS_OK;
    }

    int  rc = pacs_source_exact(f->stream, e->offset, p, (size_t) e->length,
                                err);
    const pacs_vr_t *vr = pacs_vr(e->vr);

    for (uint64_t i = 0; vr->size > 1 && i + vr->size <= e->length;
         i += vr->size)
    {
        for (unsigned k = 0; k < vr->size / 2u; k++) {
            char  c = p[i + k];

            p[i + k] = p[i + vr->size - 1 - k];
            p[i + vr->size - 1 - k] = c;
        }
    }
    bulk->value = p;
    bulk->length = e->length;
    return rc;
}


static int
json_of(file_t *f, pacs_str_t *text, pacs_err_t *err)
{
    pacs_json_t  json = { 0 };
    pacs_buf_t   b = { 0 };
    size_t       at = 0;
    int          rc = pacs_json_write(f->stream, &f->ds, 1 << 10, f->a, &json,
                                      err);

    for (uint32_t i = 0; rc == PACS_OK && i < json.nsplice; i++) {
        pacs_buf_add(&b, json.text.data + at, json.splice[i] - at);
        pacs_buf_char(&b, '.');
        at = json.splice[i];
    }
    if (rc == PACS_OK) {
        pacs_buf_add(&b, json.text.data + at, json.text.len - at);
    }
    pacs_buf_free(&json.text);
    *text = pacs_buf_take(&b, f->a);
    return rc;
}


static int
keep_xml(void *ctx, pacs_str_t xml, pacs_err_t *err)
{
    pacs_buf_str(ctx, xml);
    return PACS_OK;
}


static int
read_file(file_t *f, pacs_source_t *source, pacs_err_t *err)
{
    int  rc = pacs_dicom_read(source, &pacs_limits_default, 4096, f->a,
                              &f->ds, err);

    if (rc == PACS_OK) {
        f->stream = pacs_dicom_stream(source, &f->ds, &pacs_limits_default,
                                      f->a, err);
        rc = f->stream == NULL ? err->code : rc;
    }
    return rc;
}


static void
save(const char *dir, unsigned n, const char *ending, pacs_str_t data)
{
    char  name[4096];

    snprintf(name, sizeof(name), "%s/%u.%s", dir, n, ending);
    FILE *f = fopen(name, "w");
    fwrite(data.data, 1, data.len, f);
    fclose(f);
}


/* a Part 10 file of `set`, whose bulk data lies in f's stream */
static int
encode(file_t *f, const pacs_dataset_t *set, pacs_buf_t *b, pacs_err_t *err)
{
    pacs_write_meta(b, pacs_cstr(set->class_uid),
                    pacs_cstr(set->instance_uid),
                    pacs_cstr(set->fragments != NULL ? f->ds.syntax_uid
                              : "1.2.840.10008.1.2.1"), pacs_null);
    return pacs_write_dataset(b, f->stream, set, false, err);
}


static int
round_trip(file_t *f, const char *dir, unsigned n, const char **what,
    pacs_err_t *err)
{
    pacs_bulk_find_t  bulk = { find, f };
    pacs_dataset_t   *sets;
    pacs_str_t        json, again;
    pacs_buf_t        b = { 0 }, xml = { 0 }, xml2 = { 0 };
    pacs_source_t     mem;
    file_t            copy = { .a = f->a };
    unsigned          count;
    int               rc = json_of(f, &json, err);

    if (rc != PACS_OK
        || (rc = pacs_json_read(json, &bulk, &pacs_limits_default, f->a,
                                &sets, &count, err)) != PACS_OK
        || (rc = encode(f, sets, &b, err)) != PACS_OK)
    {
        pacs_buf_free(&b);
        return rc;
    }

    pacs_str_t  file = pacs_buf_take(&b, f->a);

    save(dir, n, "dcm", file);
    mem = pacs_source_mem(file.data, file.len);
    if ((rc = read_file(&copy, &mem, err)) != PACS_OK
        || (rc = json_of(&copy, &again, err)) != PACS_OK)
    {
        return rc;
    }
    *what = pacs_str_eq(json, again) ? *what : "JSON";

    if ((rc = pacs_xml_from_json(json, &pacs_limits_default, keep_xml, &xml,
                                 err)) != PACS_OK)
    {
        return rc;
    }

    pacs_str_t  text = pacs_buf_take(&xml, f->a);

    save(dir, n, "xml", text);
    if ((rc = pacs_xml_read(text, &bulk, &pacs_limits_default, f->a, &sets,
                            &count, err)) != PACS_OK
        || (rc = encode(f, sets, &b, err)) != PACS_OK)
    {
        return rc;
    }

    file = pacs_buf_take(&b, f->a);
    mem = pacs_source_mem(file.data, file.len);
    if ((rc = read_file(&copy, &mem, err)) != PACS_OK
        || (rc = json_of(&copy, &again, err)) != PACS_OK
        || (rc = pacs_xml_from_json(again, &pacs_limits_default, keep_xml,
                                    &xml2, err)) != PACS_OK)
    {
        return rc;
    }

    again = pacs_buf_take(&xml2, f->a);
    if (!pacs_str_eq(text, again)) {
        save(dir, n, "again.xml", again);
        *what = "XML";
    }
    return rc;
}


int
main(int argc, char **argv)
{
    char      *line = NULL;
    size_t     room = 0;
    unsigned   n = 0;

    for (ssize_t got; (got = getline(&line, &room, stdin)) > 0; ) {
        pacs_arena_t   *a = pacs_arena_create(0);
        file_t          f = { .a = a };
        pacs_source_t   source;
        pacs_err_t      err = { 0 };
        const char     *what = "same";

        line[got - (line[got - 1] == '\n')] = '\0';

        int  fd = open(line, O_RDONLY | O_CLOEXEC);
        int  rc = pacs_source_fd(&source, fd, &err);

        if (rc == PACS_OK) {
            rc = read_file(&f, &source, &err);
        }
        if (rc == PACS_OK) {
            rc = round_trip(&f, argv[argc - 1], n, &what, &err);
        }

        printf("%u\t%s\t", n++, line);
        if (rc == PACS_OK) {
            printf("%s\n", what);
        } else {
            printf("!%s: %s\n", pacs_codes[rc].name, err.text);
        }
        if (fd != -1) {
            close(fd);
        }
        pacs_arena_destroy(a);
    }

    free(line);
    return 0;
}
