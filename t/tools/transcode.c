/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * transcode HOME
 * Instances of a home in other transfer syntaxes, for tests: a line on stdin
 * is STUDY, SERIES, INSTANCE, SYNTAX, OUTPUT by blanks; a line on stdout is
 * "ok", "cannot" (pacs_transcode_can says so), or the error.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service/internal.h"

enum { TIMEOUT_MS = 60000 };


static bool
call_codec(pacs_op_t *op, const char *home, pacs_err_t *err)
{
    char  path[4096];

    snprintf(path, sizeof(path), "%s/%s", home, PACS_CODEC_SOCKET);
    op->codec_reply = (pacs_codec_reply_t) { 0 };

    int  rc = pacs_codec_call(path, op->codec, op->codec_in, op->codec_out,
                              TIMEOUT_MS, &op->codec_reply, err);

    return rc == PACS_OK;
}


static int
copy(const pacs_part_t *part, const char *to)
{
    char  buf[65536];
    int   in = open(part->path, O_RDONLY | O_CLOEXEC);
    FILE *f = fopen(to, "we");

    for (ssize_t n; f != NULL && (n = read(in, buf, sizeof(buf))) > 0; ) {
        fwrite(buf, 1, (size_t) n, f);
    }
    close(in);
    return f == NULL || fclose(f) != 0 ? PACS_E_IO : PACS_OK;
}


static int
transcode(pacs_op_t *op, char **f, const char *home, pacs_err_t *err)
{
    pacs_record_t      r = { 0 };
    pacs_transcode_t  *t;
    pacs_part_t        part;
    int                rc = pacs_op_record(op, pacs_cstr(f[0]),
                                           pacs_cstr(f[1]), pacs_cstr(f[2]),
                                           &r, err);

    if (rc == PACS_OK && !pacs_transcode_can(&r, pacs_cstr(f[3]))) {
        return PACS_E_ACCEPT;
    }
    if (rc == PACS_OK) {
        rc = pacs_transcode_open(op, &r, pacs_cstr(f[3]), &t, err);
    }

    while (rc == PACS_OK
           && (rc = pacs_transcode_run(op, t, &part, err)) == PACS_AGAIN)
    {
        rc = call_codec(op, home, err) ? PACS_OK : err->code;
    }
    return rc == PACS_OK ? copy(&part, f[4]) : rc;
}


static void
run_line(pacs_service_t *svc, const char *home, char *line)
{
    char        *f[5], *save = NULL;
    pacs_err_t   err = { 0 };
    pacs_op_t    op = { .svc = svc, .arena = pacs_arena_create(0) };

    for (int i = 0; i < 5; i++) {
        f[i] = strtok_r(i == 0 ? line : NULL, " \n", &save);
        if (f[i] == NULL) {
            f[i] = (char []) { "" };
        }
    }

    int  rc = transcode(&op, f, home, &err);

    printf("%s\n", rc == PACS_OK ? "ok" : rc == PACS_E_ACCEPT ? "cannot"
                   : err.text);
    fflush(stdout);
    pacs_op_close(&op);
    pacs_arena_destroy(op.arena);
}


int
main(int argc, char **argv)
{
    pacs_options_t   o;
    pacs_service_t  *svc = NULL;
    pacs_err_t       err = { 0 };
    char             line[4096];

    pacs_options_default(&o);
    o.home = argc == 2 ? argv[1] : "";

    if (pacs_service_open(&o, &svc, &err) != PACS_OK) {
        fprintf(stderr, "transcode: %s\n", err.text);
        return 1;
    }

    while (fgets(line, sizeof(line), stdin) != NULL) {
        run_line(svc, o.home, line);
    }
    pacs_service_close(svc);
    return 0;
}
