/* SPDX-License-Identifier: BSD-2-Clause */

/* pacs: the archive's administration on the command line. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"


static int
phantom(const pacs_cli_t *cli, int argc, char **argv)
{
    return pacs_cmd_phantom(argc, argv);
}


static const struct {
    const char  *name, *args, *help;
    int        (*run)(const pacs_cli_t *cli, int argc, char **argv);
} commands[] = {
    { "import",    "PATH...", "store files and folders of DICOM files",
      pacs_cmd_import },
    { "reindex",   "", "rebuild the index from files and journal",
      pacs_cmd_reindex },
    { "verify",    "", "re-hash all files, compare files and index both ways",
      pacs_cmd_verify },
    { "delete",    "STUDY [SERIES [INSTANCE]]",
      "delete by UID; files stay until a purge", pacs_cmd_delete },
    { "restore",   "STUDY [SERIES [INSTANCE]]",
      "undo a deletion, until the purge", pacs_cmd_restore },
    { "purge",     "", "remove the files of what was deleted",
      pacs_cmd_purge },
    { "conflicts", "", "list copies with a known UID and other content",
      pacs_cmd_conflicts },
    { "worklist",  "add FILE... | list | remove STUDY STEP",
      "what modalities are to do", pacs_cmd_worklist },
    { "phantom",   "DIR [--small]", "make demo studies with invented names",
      phantom }
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };


static void
usage(FILE *to)
{
    fprintf(to, "Usage: pacs COMMAND [--home DIR] [OPTION]... [ARG]...\n\n"
            "Commands:\n");

    for (int i = 0; i < COMMANDS; i++) {
        fprintf(to, "  %-10s%-27s %s\n", commands[i].name, commands[i].args,
                commands[i].help);
    }

    fprintf(to, "\nOptions:\n"
            "  --home DIR                the archive's folder (default: "
            "$PACS_HOME, else ./run)\n"
            "  --duplicates reject|quarantine\n"
            "                            a known UID with other content "
            "(default: reject)\n"
            "  --redis URL               tell others of new studies: "
            "unix:/path or host:port\n"
            "  --now                     delete: the files, too\n"
            "  --older-than DAYS         purge: what was deleted before that "
            "(default: 30)\n"
            "  --quiet                   no progress bar\n"
            "  --help, --version\n");
}


static int
bad_usage(const char *what, const char *arg)
{
    fprintf(stderr, "pacs: %s '%s'; see pacs --help\n", what, arg);
    return 2;
}


/* takes one shared option off; how many words it was, 0: none, -1: wrong */
static int
take_option(pacs_cli_t *cli, char **argv)
{
    const struct { const char *name; const char **to; } texts[] = {
        { "--home", &cli->home }, { "--redis", &cli->redis }
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(argv[0], texts[i].name) == 0) {
            *texts[i].to = argv[1];
            return argv[1] == NULL ? -1 : 2;
        }
    }

    if (strcmp(argv[0], "--quiet") == 0) {
        cli->quiet = true;
        return 1;
    }
    if (strcmp(argv[0], "--now") == 0) {
        cli->now = true;
        return 1;
    }
    if (strcmp(argv[0], "--older-than") == 0) {
        return argv[1] != NULL
               && pacs_str_int(pacs_cstr(argv[1]), 0, 36500, &cli->days)
               ? 2 : -1;
    }

    if (strcmp(argv[0], "--duplicates") == 0) {
        bool  aside = argv[1] != NULL && strcmp(argv[1], "quarantine") == 0;

        cli->duplicates = aside ? PACS_DUPLICATES_QUARANTINE
                                : PACS_DUPLICATES_REJECT;
        return aside || (argv[1] != NULL && strcmp(argv[1], "reject") == 0)
               ? 2 : -1;
    }

    return 0;
}


int
main(int argc, char **argv)
{
    const char  *home = getenv("PACS_HOME");
    pacs_cli_t   cli = { .home = home != NULL ? home : "run", .days = 30 };
    int          n = 0;

    for (int i = 1; i < argc; ) {
        int  words = take_option(&cli, argv + i);

        if (words < 0) {
            return bad_usage("wrong or missing value of", argv[i]);
        }
        if (strcmp(argv[i], "--help") == 0) {
            usage(stdout);
            return 0;
        }
        if (strcmp(argv[i], "--version") == 0) {
            printf("pacs " PACS_VERSION "\n");
            return 0;
        }
        if (words == 0) {
            if (argv[i][0] == '-' && strcmp(argv[i], "--small") != 0) {
                return bad_usage("unknown option", argv[i]);
            }
            argv[n++] = argv[i++];
        } else {
            i += words;
        }
    }

    argv[n] = NULL;

    if (n == 0) {
        usage(stderr);
        return 2;
    }

    if (cli.now && strcmp(argv[0], "delete") != 0) {
        return bad_usage("--now is of delete, not of", argv[0]);
    }

    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[0], commands[i].name) == 0) {
            return commands[i].run(&cli, n, argv);
        }
    }

    return bad_usage("unknown command", argv[0]);
}
