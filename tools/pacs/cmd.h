/* SPDX-License-Identifier: BSD-2-Clause */

/* The commands of `pacs`, one file each; main.c has their table. */

#ifndef PACS_CMD_H
#define PACS_CMD_H

#include "service/service.h"

/* options that all commands share, already taken out of argv */
typedef struct {
    const char         *home;
    pacs_duplicates_e   duplicates;
    const char         *redis;
    bool                quiet;
    bool                now;        /* delete: bytes go at once */
    int64_t             days;       /* purge: those deleted before them */
} pacs_cli_t;

/* argv[0] is the command; the exit code: 0 good, 1 refused or found, 2 usage */
int pacs_cmd_import(const pacs_cli_t *cli, int argc, char **argv);
int pacs_cmd_reindex(const pacs_cli_t *cli, int argc, char **argv);
int pacs_cmd_verify(const pacs_cli_t *cli, int argc, char **argv);
int pacs_cmd_delete(const pacs_cli_t *cli, int argc, char **argv);
int pacs_cmd_restore(const pacs_cli_t *cli, int argc, char **argv);
int pacs_cmd_purge(const pacs_cli_t *cli, int argc, char **argv);
int pacs_cmd_conflicts(const pacs_cli_t *cli, int argc, char **argv);
int pacs_cmd_worklist(const pacs_cli_t *cli, int argc, char **argv);
int pacs_cmd_phantom(int argc, char **argv);

/* opens the home as its owner (drops root); says why not and gives NULL;
 * fresh: an empty folder becomes an archive */
pacs_service_t *pacs_cli_open(const pacs_cli_t *cli, bool fresh,
    bool rebuild);
/* for the administration calls of service */
void pacs_cli_say(void *ctx, const char *line);
bool pacs_cli_progress(void *ctx, const pacs_progress_t *p);
/* how many there will be: progress is drawn as a bar from now on */
void pacs_cli_expect(uint64_t files);
/* ends a progress line, if one was drawn */
void pacs_cli_progress_end(void);
int pacs_cli_fail(const pacs_err_t *err);
extern const pacs_subject_t  pacs_cli_subject;

#endif
