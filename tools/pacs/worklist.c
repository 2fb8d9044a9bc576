/* SPDX-License-Identifier: BSD-2-Clause */

/* add, list and remove items of the modality worklist. */

#include <stdio.h>
#include <string.h>

#include "cmd.h"


static int
usage(const char *why)
{
    fprintf(stderr, "pacs worklist %s: it is add FILE..., list, or remove "
            "STUDY STEP\n", why);
    return 2;
}


static int
add(pacs_service_t *svc, int argc, char **argv)
{
    int  failed = 0;

    for (int i = 0; i < argc; i++) {
        pacs_err_t  err = { 0 };

        if (pacs_worklist_add(svc, &pacs_cli_subject, argv[i], pacs_cli_say,
                              NULL, &err) != PACS_OK)
        {
            fprintf(stderr, "pacs: %s: %s\n", argv[i], err.text);
            failed = 1;
        }
    }
    return failed;
}


static int
list(pacs_service_t *svc, int argc, char **argv)
{
    pacs_err_t  err = { 0 };

    return pacs_worklist_list(svc, pacs_cli_say, NULL, &err) == PACS_OK
           ? 0 : pacs_cli_fail(&err);
}


static int
take_away(pacs_service_t *svc, int argc, char **argv)
{
    pacs_err_t  err = { 0 };

    return pacs_worklist_remove(svc, &pacs_cli_subject, pacs_cstr(argv[0]),
                                pacs_cstr(argv[1]), &err) == PACS_OK
           ? 0 : pacs_cli_fail(&err);
}


static const struct {
    const char  *name;
    int          least, most;
    int        (*run)(pacs_service_t *svc, int argc, char **argv);
} actions[] = {
    { "add", 1, 1 << 20, add }, { "list", 0, 0, list },
    { "remove", 2, 2, take_away }
};


int
pacs_cmd_worklist(const pacs_cli_t *cli, int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (argc < 2 || strcmp(argv[1], actions[i].name) != 0) {
            continue;
        }
        if (argc - 2 < actions[i].least || argc - 2 > actions[i].most) {
            return usage(argv[1]);
        }

        pacs_service_t *svc = pacs_cli_open(cli, false, false);

        if (svc == NULL) {
            return 1;
        }

        int  rc = actions[i].run(svc, argc - 2, argv + 2);

        pacs_service_close(svc);
        return rc;
    }

    return usage(argc < 2 ? "" : argv[1]);
}
