/* SPDX-License-Identifier: BSD-2-Clause */

/* all sample files: what must be read is read, within time and memory; it
 * is written again, in explicit and implicit VR, and is equal */

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "dicom/dicom.h"
#include "tap.h"
#include "used.h"

static const pacs_limits_t  *limits = &pacs_limits_default;
static int                   nread, nhostile, nimplicit, nwrong;
static double                slowest, total;


static int
rewrite(pacs_source_t *file, bool implicit, pacs_buf_t *to, pacs_err_t *err)
{
    pacs_arena_t    *a = pacs_arena_create(0);
    pacs_dataset_t   ds;
    int              rc = pacs_dicom_read(file, limits, 4096, a, &ds, err);
    pacs_source_t   *stream = rc == PACS_OK
                     ? pacs_dicom_stream(file, &ds, limits, a, err) : NULL;

    if (stream != NULL) {
        pacs_write_meta(to, pacs_cstr(ds.class_uid),
                        pacs_cstr(ds.instance_uid),
                        pacs_cstr(implicit ? "1.2.840.10008.1.2"
                                  : ds.syntax->encapsulated ? ds.syntax_uid
                                  : "1.2.840.10008.1.2.1"), pacs_null);
        rc = pacs_write_dataset(to, stream, &ds, implicit, err);
    }

    pacs_arena_destroy(a);
    return rc;
}


static void
check_write(const char *path, pacs_source_t *s, bool implicit)
{
    pacs_buf_t  b = { 0 };
    pacs_err_t  err = { 0 };
    bool        equal = false;
    int         rc = rewrite(s, implicit, &b, &err);

    if (rc == PACS_OK) {
        pacs_source_t  again = pacs_source_mem(b.data, b.len);

        rc = pacs_dicom_equal(s, &again, limits, &equal, &err);
        nimplicit += implicit;
    }

    /* encapsulated pixel data cannot be implicit */
    if (!equal && !(implicit && rc == PACS_E_ARG)) {
        nwrong++;
        printf("# %s: %s VR: %s\n", path, implicit ? "implicit" : "explicit",
               err.text);
    }
    pacs_buf_free(&b);
}


static int
read_file(int fd, pacs_source_t *s, pacs_err_t *err)
{
    pacs_arena_t    *a = pacs_arena_create(0);
    pacs_dataset_t   ds;
    double           start = cpu_seconds();
    int              rc = pacs_source_fd(s, fd, err);

    if (rc == PACS_OK) {
        rc = pacs_dicom_read(s, limits, 4096, a, &ds, err);
    }

    pacs_arena_destroy(a);
    start = cpu_seconds() - start;
    total += start;
    slowest = start > slowest ? start : slowest;
    return rc;
}


static bool
is_sample(const char *path, int type)
{
    size_t  n = strlen(path);

    return type == FTW_F && n > 4 && strcmp(path + n - 4, ".dcm") == 0;
}


static int
visit_read(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    pacs_source_t  s;
    pacs_err_t     err = { 0 };

    if (!is_sample(path, type)) {
        return 0;
    }

    int  fd = open(path, O_RDONLY | O_CLOEXEC);
    int  rc = read_file(fd, &s, &err);

    if (strstr(path, "/hostile/") != NULL) {
        nhostile++;
        if (rc != PACS_OK && rc != PACS_E_PARSE && rc != PACS_E_LIMIT) {
            ok(false, "%s: %s", path, err.text);
        }

    } else if (strstr(path, "jpegls-rgb-ilv") != NULL) {
        /* two files without preamble, which pydicom refuses too */
        ok(rc == PACS_E_PARSE && strstr(err.text, "DICM") != NULL,
           "%s: no preamble", path);

    } else if (rc != PACS_OK) {
        ok(false, "%s: %s", path, err.text);

    } else {
        nread++;
    }

    close(fd);
    return 0;
}


static int
visit_write(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
    pacs_source_t  s;

    if (!is_sample(path, type) || strstr(path, "/hostile/") != NULL
        || strstr(path, "jpegls-rgb-ilv") != NULL)
    {
        return 0;
    }

    int  fd = open(path, O_RDONLY | O_CLOEXEC);

    pacs_source_fd(&s, fd, NULL);
    check_write(path, &s, false);
    check_write(path, &s, true);
    close(fd);
    return 0;
}


int
main(void)
{
    const char *folder = getenv("PACS_SAMPLES");

    if (folder == NULL) {
        folder = "../shared/samples";
    }
    if (access(folder, R_OK) != 0) {
        printf("1..0 # skip no sample files: %s is not there\n", folder);
        return 0;
    }

    nftw(folder, visit_read, 16, FTW_PHYS);
    ok(nread > 500, "%d samples were read", nread);
    ok(nhostile > 100, "%d hostile ones were read or refused", nhostile);
    ok(slowest < 0.1, "slowest %.2f ms", slowest * 1000);
    ok(total / (nread + nhostile) < 0.0005, "mean %.3f ms",
       total / (nread + nhostile) * 1000);
    ok(peak_mib() < 32, "within 32 MiB (%ld)", peak_mib());

    nftw(folder, visit_write, 16, FTW_PHYS);
    is_int(nwrong, 0, "each is equal when written again");
    ok(nimplicit > 200, "%d as implicit VR too", nimplicit);

    return done();
}
