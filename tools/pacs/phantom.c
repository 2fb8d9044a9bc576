/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * pacs phantom DIR [--small]: demo studies of patients who never lived.
 * DIR/<study>/<series>/<instance>.dcm; equal bytes at each run.
 */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "phantom.h"

/* names in the bytes of their character set */
const patient_t  patients[] = {
    { "ISO_IR 100", "Lindqvist^\xc5sa", "DEMO-1001", "19580412", "F" },
    { "ISO_IR 192",
      "Yamada^Hanako=\xe5\xb1\xb1\xe7\x94\xb0^\xe8\x8a\xb1\xe5\xad\x90="
      "\xe3\x82\x84\xe3\x81\xbe\xe3\x81\xa0^\xe3\x81\xaf\xe3\x81\xaa"
      "\xe3\x81\x93", "DEMO-1002", "19710923", "F" },
    { "ISO_IR 192", "Nov\xc3\xa1kov\xc3\xa1^Bo\xc5\xbe" "ena", "DEMO-1003",
      "19660130", "F" },
    { "ISO_IR 100", "Fontaine^Ren\xe9", "DEMO-1004", "19490718", "M" },
};

static const study_t  studies[] = {
    { 0, "20240918", "093512", "CT Chest with contrast", "D240918-03" },
    { 0, "20260602", "101544", "CT Chest with contrast, follow-up",
      "D260602-11" },
    { 0, "20260601", "164003", "Chest PA", "D260601-27" },
    { 1, "20260608", "220718", "CT Head", "D260608-41" },
    { 1, "20260610", "140226", "MRI Brain", "D260610-09" },
    { 2, "20260511", "083009", "Screening mammography", "D260511-02" },
    { 3, "20260519", "112550", "Echocardiography", "D260519-06" },
};

#define CT  "1.2.840.10008.5.1.4.1.1.2"
#define MR  "1.2.840.10008.5.1.4.1.1.4"
#define DX  "1.2.840.10008.5.1.4.1.1.1.1"
#define MG  "1.2.840.10008.5.1.4.1.1.1.2"
#define US  "1.2.840.10008.5.1.4.1.1.3.1"

static const series_t  all[] = {
    { 2, 1, "DX", "Chest PA", DX, make_dx, { 0, 14, 0, 0 } },
    { 0, 1, "CT", "Chest 2.5 mm", CT, make_ct, { 0, 7, 2.5f, 14 } },
    { 1, 1, "CT", "Chest 2 mm", CT, make_ct, { 0, 14, 2, 0 } },
    { 3, 1, "CT", "Head 1.25 mm", CT, make_ct, { 1, 0, 1.25f, 0 } },
    { 5, 1, "MG", "R CC", MG, make_mg, { 0 } },
    { 5, 2, "MG", "L CC", MG, make_mg, { 1 } },
    { 5, 3, "MG", "R MLO", MG, make_mg, { 2 } },
    { 5, 4, "MG", "L MLO", MG, make_mg, { 3 } },
    { 4, 1, "MR", "T2 axial", MR, make_mr, { 0 } },
    { 4, 2, "MR", "T1 sagittal", MR, make_mr, { 1 } },
    { 4, 3, "MR", "FLAIR coronal", MR, make_mr, { 2 } },
    { 6, 1, "US", "Apical four chamber", US, make_us, { 0 } },
};

enum { SERIES = sizeof(all) / sizeof(all[0]), THREADS = 4 };

typedef struct {
    const char   *dir;
    bool          small;
    atomic_uint   next;
    atomic_int    code;
    pacs_err_t    err[SERIES];
} work_t;


PACS_PRINTF(2, 3)
static int
make_dir(pacs_err_t *err, const char *fmt, ...)
{
    char     path[4096];
    va_list  ap;

    va_start(ap, fmt);
    int  n = vsnprintf(path, sizeof(path), fmt, ap);
    va_end(ap);

    if (n < 0 || (size_t) n >= sizeof(path)) {
        return pacs_fail(err, PACS_E_ARG, "path is too long");
    }
    return mkdir(path, 0755) == 0 || errno == EEXIST ? PACS_OK
           : pacs_fail_errno(err, errno, "%s", path);
}


static int
make_series(const work_t *w, const series_t *se, pacs_err_t *err)
{
    job_t  job = { se, &studies[se->study], w->dir, w->small };
    int    rc = make_dir(err, "%s/%u", w->dir, se->study + 1);

    if (rc == PACS_OK) {
        rc = make_dir(err, "%s/%u/%u", w->dir, se->study + 1, se->number);
    }
    return rc == PACS_OK ? se->make(&job, err) : rc;
}


static void *
work(void *data)
{
    work_t    *w = data;
    unsigned   i;

    while ((i = atomic_fetch_add(&w->next, 1)) < SERIES) {
        int  rc = make_series(w, &all[i], &w->err[i]);

        if (rc != PACS_OK) {
            atomic_store(&w->code, rc);
        }
    }
    return NULL;
}


static void
run(work_t *w)
{
    pthread_t  threads[THREADS];
    long       cores = sysconf(_SC_NPROCESSORS_ONLN);
    int        n = 0;

    while (n < THREADS && n + 1 < cores
           && pthread_create(&threads[n], NULL, work, w) == 0)
    {
        n++;
    }
    work(w);
    while (n > 0) {
        pthread_join(threads[--n], NULL);
    }
}


int
pacs_cmd_phantom(int argc, char **argv)
{
    work_t      w = { .dir = NULL };
    pacs_err_t  err = { 0, "" };

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--small") == 0) {
            w.small = true;

        } else if (w.dir == NULL && argv[i][0] != '-' && argv[i][0] != '\0') {
            w.dir = argv[i];

        } else {
            w.dir = NULL;
            break;
        }
    }

    if (w.dir == NULL) {
        fprintf(stderr, "Usage: pacs phantom DIR [--small]\n");
        return 2;
    }

    if (make_dir(&err, "%s", w.dir) != PACS_OK) {
        fprintf(stderr, "pacs: %s\n", err.text);
        return 1;
    }

    run(&w);
    for (unsigned i = 0; i < SERIES; i++) {
        if (w.err[i].code != PACS_OK) {
            fprintf(stderr, "pacs: %s\n", w.err[i].text);
        }
    }
    return atomic_load(&w.code) == PACS_OK ? 0 : 1;
}
