/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * json_dump [-i INLINE_MAX] [-k KEEP] [-n TIMES]
 * Reads file names, one a line, and writes a line for each: name, tab and
 * DICOM JSON (BulkDataURI relative to "."), or name, tab and "!code: text".
 * -n: reads and writes each file so often and gives the microseconds of CPU
 * that reading and writing took, to stderr.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dicom/dicom.h"

static size_t  inline_max = 1 << 16, keep = 4096;
static long    times = 1;


static double
now_us(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}


static int
once(int fd, pacs_arena_t *a, pacs_json_t *json, double us[2],
    pacs_err_t *err)
{
    pacs_source_t   file, *stream = NULL;
    pacs_dataset_t  ds;
    double          start = now_us();
    int             rc = pacs_source_fd(&file, fd, err);

    if (rc == PACS_OK) {
        rc = pacs_dicom_read(&file, &pacs_limits_default, keep, a, &ds, err);
    }

    double  read = now_us();

    if (rc == PACS_OK) {
        stream = pacs_dicom_stream(&file, &ds, &pacs_limits_default, a, err);
        rc = stream == NULL ? err->code
             : pacs_json_write(stream, &ds, inline_max, a, json, err);
    }

    us[0] += read - start;
    us[1] += now_us() - read;
    return rc;
}


static void
print(const pacs_json_t *json)
{
    size_t  at = 0;

    for (uint32_t i = 0; i < json->nsplice; i++) {
        fwrite(json->text.data + at, 1, json->splice[i] - at, stdout);
        putchar('.');
        at = json->splice[i];
    }
    fwrite(json->text.data + at, 1, json->text.len - at, stdout);
}


static void
dump(const char *name)
{
    int     fd = open(name, O_RDONLY | O_CLOEXEC);
    double  us[2] = { 0 };

    printf("%s\t", name);

    for (long i = 0; i < times; i++) {
        pacs_arena_t  *a = pacs_arena_create(0);
        pacs_json_t    json = { 0 };
        pacs_err_t     err = { 0 };
        int            rc = once(fd, a, &json, us, &err);

        if (i + 1 == times && rc != PACS_OK) {
            printf("!%s: %s", pacs_codes[rc].name, err.text);
        } else if (i + 1 == times) {
            print(&json);
        }
        pacs_buf_free(&json.text);
        pacs_arena_destroy(a);
    }

    putchar('\n');
    if (times > 1) {
        fprintf(stderr, "%s: read %.1f us, json %.1f us\n", name,
                us[0] / (double) times, us[1] / (double) times);
    }
    if (fd != -1) {
        close(fd);
    }
}


int
main(int argc, char **argv)
{
    char  *line = NULL;
    size_t room = 0;

    for (int c; (c = getopt(argc, argv, "i:k:n:")) != -1; ) {
        long  v = c == '?' ? 0 : atol(optarg);

        if (c == 'i') {
            inline_max = (size_t) v;
        } else if (c == 'k') {
            keep = (size_t) v;
        } else if (c == 'n') {
            times = v;
        } else {
            return 2;
        }
    }

    for (ssize_t n; (n = getline(&line, &room, stdin)) > 0; ) {
        line[n - (line[n - 1] == '\n')] = '\0';
        dump(line);
    }

    free(line);
    return 0;
}
