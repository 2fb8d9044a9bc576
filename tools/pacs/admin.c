/* SPDX-License-Identifier: BSD-2-Clause */

/* reindex, verify, delete, restore, purge, conflicts: thin around service. */

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "cmd.h"


static int
no_arguments(int argc, char **argv)
{
    if (argc > 1) {
        fprintf(stderr, "pacs %s takes no argument '%s'\n", argv[0], argv[1]);
        return 2;
    }
    return 0;
}


/* opens, runs what takes no arguments, closes; 2: usage, 1: not opened */
static int
run(const pacs_cli_t *cli, int argc, char **argv, bool rebuild,
    int (*work)(pacs_service_t *svc, const pacs_cli_t *cli,
                pacs_progress_t *total, pacs_err_t *err),
    pacs_progress_t *total, pacs_err_t *err)
{
    if (no_arguments(argc, argv)) {
        return 2;
    }

    pacs_service_t *svc = pacs_cli_open(cli, false, rebuild);

    if (svc == NULL) {
        return 1;
    }

    work(svc, cli, total, err);
    pacs_service_close(svc);
    pacs_cli_progress_end();
    return 0;
}


static int
reindex(pacs_service_t *svc, const pacs_cli_t *cli, pacs_progress_t *total,
    pacs_err_t *err)
{
    return pacs_reindex(svc, pacs_cli_progress, (void *) cli, pacs_cli_say,
                        total, err);
}


int
pacs_cmd_reindex(const pacs_cli_t *cli, int argc, char **argv)
{
    pacs_progress_t  total = { 0 };
    pacs_err_t       err = { 0 };
    int              rc = run(cli, argc, argv, true, reindex, &total, &err);

    if (rc != 0) {
        return rc;
    }

    printf("%" PRIu64 " instances indexed, %" PRIu64 " left out\n",
           total.done, total.refused);
    return err.code != PACS_OK ? pacs_cli_fail(&err) : total.refused != 0;
}


static int
verify(pacs_service_t *svc, const pacs_cli_t *cli, pacs_progress_t *total,
    pacs_err_t *err)
{
    return pacs_verify(svc, pacs_cli_progress, (void *) cli, pacs_cli_say,
                       total, err);
}


int
pacs_cmd_verify(const pacs_cli_t *cli, int argc, char **argv)
{
    pacs_progress_t  total = { 0 };
    pacs_err_t       err = { 0 };
    int              rc = run(cli, argc, argv, false, verify, &total, &err);

    if (rc != 0) {
        return rc;
    }

    printf("%" PRIu64 " instances, %" PRIu64 " bytes checked, %" PRIu64
           " findings\n", total.done, total.bytes, total.refused);
    return err.code != PACS_OK ? pacs_cli_fail(&err) : 0;
}


static int
conflicts(pacs_service_t *svc, const pacs_cli_t *cli, pacs_progress_t *total,
    pacs_err_t *err)
{
    return pacs_conflicts(svc, pacs_cli_say, NULL, err);
}


int
pacs_cmd_conflicts(const pacs_cli_t *cli, int argc, char **argv)
{
    pacs_err_t  err = { 0 };
    int         rc = run(cli, argc, argv, false, conflicts, NULL, &err);

    return rc != 0 ? rc : err.code != PACS_OK ? pacs_cli_fail(&err) : 0;
}


/* of delete and restore; 2: usage */
static int
take_uids(int argc, char **argv, const char *more, pacs_str_t uids[3])
{
    if (argc < 2 || argc > 4) {
        fprintf(stderr, "Usage: pacs %s STUDY [SERIES [INSTANCE]]%s\n",
                argv[0], more);
        return 2;
    }

    for (int i = 1; i < argc; i++) {
        uids[i - 1] = pacs_cstr(argv[i]);
        if (!pacs_uid_ok(uids[i - 1])) {
            fprintf(stderr, "pacs %s: '%s' is no UID\n", argv[0], argv[i]);
            return 2;
        }
    }
    return 0;
}


int
pacs_cmd_delete(const pacs_cli_t *cli, int argc, char **argv)
{
    pacs_str_t   uids[3] = { { NULL, 0 } };
    uint64_t     removed;
    pacs_err_t   err = { 0 };

    if (take_uids(argc, argv, " [--now]", uids)) {
        return 2;
    }

    pacs_service_t *svc = pacs_cli_open(cli, false, false);

    if (svc == NULL) {
        return 1;
    }

    int rc = pacs_delete(svc, &pacs_cli_subject, uids[0], uids[1], uids[2],
                         cli->now, &removed, &err);

    pacs_service_close(svc);

    if (rc != PACS_OK) {
        return pacs_cli_fail(&err);
    }

    printf("%" PRIu64 " instances deleted\n", removed);
    return 0;
}


int
pacs_cmd_restore(const pacs_cli_t *cli, int argc, char **argv)
{
    pacs_str_t       uids[3] = { { NULL, 0 } };
    pacs_progress_t  total;
    pacs_err_t       err = { 0 };

    if (take_uids(argc, argv, "", uids)) {
        return 2;
    }

    pacs_service_t *svc = pacs_cli_open(cli, false, false);

    if (svc == NULL) {
        return 1;
    }

    int rc = pacs_restore(svc, &pacs_cli_subject, uids[0], uids[1], uids[2],
                          pacs_cli_say, NULL, &total, &err);

    pacs_service_close(svc);

    if (rc != PACS_OK) {
        return pacs_cli_fail(&err);
    }

    printf("%" PRIu64 " instances restored, %" PRIu64 " not\n", total.done,
           total.refused);
    return total.refused != 0;
}


int
pacs_cmd_purge(const pacs_cli_t *cli, int argc, char **argv)
{
    const int64_t  day = 24 * 60 * 60;
    uint64_t       purged;
    pacs_err_t     err = { 0 };

    if (no_arguments(argc, argv)) {
        return 2;
    }

    pacs_service_t *svc = pacs_cli_open(cli, false, false);

    if (svc == NULL) {
        return 1;
    }

    int rc = pacs_purge(svc, &pacs_cli_subject,
                        (time(NULL) - cli->days * day + 1) * 1000000, &purged,
                        &err);

    pacs_service_close(svc);
    printf("%" PRIu64 " deleted instances purged\n", purged);
    return rc != PACS_OK ? pacs_cli_fail(&err) : 0;
}
