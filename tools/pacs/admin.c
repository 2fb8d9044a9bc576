/* SPDX-License-Identifier: BSD-2-Clause */

/* reindex, verify, delete, conflicts: thin around service. */

#include <inttypes.h>
#include <stdio.h>

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


int
pacs_cmd_reindex(const pacs_cli_t *cli, int argc, char **argv)
{
    pacs_progress_t  total = { 0 };
    pacs_err_t       err = { 0 };

    if (no_arguments(argc, argv)) {
        return 2;
    }

    pacs_service_t *svc = pacs_cli_open(cli, false, true);

    if (svc == NULL) {
        return 1;
    }

    int rc = pacs_reindex(svc, pacs_cli_progress, (void *) cli, pacs_cli_say,
                          &total, &err);

    pacs_service_close(svc);
    pacs_cli_progress_end();
    printf("%" PRIu64 " instances indexed, %" PRIu64 " left out\n",
           total.done, total.refused);

    return rc != PACS_OK ? pacs_cli_fail(&err) : total.refused != 0;
}


int
pacs_cmd_verify(const pacs_cli_t *cli, int argc, char **argv)
{
    pacs_progress_t  total = { 0 };
    pacs_err_t       err = { 0 };

    if (no_arguments(argc, argv)) {
        return 2;
    }

    pacs_service_t *svc = pacs_cli_open(cli, false, false);

    if (svc == NULL) {
        return 1;
    }

    int rc = pacs_verify(svc, pacs_cli_progress, (void *) cli, pacs_cli_say,
                         &total, &err);

    pacs_service_close(svc);
    pacs_cli_progress_end();
    printf("%" PRIu64 " instances, %" PRIu64 " bytes checked, %" PRIu64
           " findings\n", total.done, total.bytes, total.refused);

    return rc != PACS_OK ? pacs_cli_fail(&err) : 0;
}


int
pacs_cmd_delete(const pacs_cli_t *cli, int argc, char **argv)
{
    pacs_str_t   uids[3] = { { NULL, 0 } };
    uint64_t     removed;
    pacs_err_t   err = { 0 };

    if (argc < 2 || argc > 4) {
        fprintf(stderr, "Usage: pacs delete STUDY [SERIES [INSTANCE]]\n");
        return 2;
    }

    for (int i = 1; i < argc; i++) {
        uids[i - 1] = pacs_cstr(argv[i]);

        if (!pacs_uid_ok(uids[i - 1])) {
            fprintf(stderr, "pacs delete: '%s' is no UID\n", argv[i]);
            return 2;
        }
    }

    pacs_service_t *svc = pacs_cli_open(cli, false, false);

    if (svc == NULL) {
        return 1;
    }

    int rc = pacs_delete(svc, &pacs_cli_subject, uids[0], uids[1], uids[2],
                         &removed, &err);

    pacs_service_close(svc);
    if (rc != PACS_OK) {
        return pacs_cli_fail(&err);
    }

    printf("%" PRIu64 " instances deleted\n", removed);
    return 0;
}


int
pacs_cmd_conflicts(const pacs_cli_t *cli, int argc, char **argv)
{
    pacs_err_t  err = { 0 };

    if (no_arguments(argc, argv)) {
        return 2;
    }

    pacs_service_t *svc = pacs_cli_open(cli, false, false);

    if (svc == NULL) {
        return 1;
    }

    int rc = pacs_conflicts(svc, pacs_cli_say, NULL, &err);

    pacs_service_close(svc);
    return rc != PACS_OK ? pacs_cli_fail(&err) : 0;
}
