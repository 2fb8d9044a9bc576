/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * index_query HOME LEVEL LIMIT OFFSET [KEYWORD=VALUE ...]: a query of the
 * index; LEVEL 1 to 3.  Prints the UID of each row, "more" if there are more,
 * and for each statement lines that begin with '#': milliseconds, steps of
 * SQLite's machine, its text, its plan.
 */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/index.h"


static void
print_plan(sqlite3 *db, const char *sql)
{
    char          *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
    sqlite3_stmt  *st = NULL;

    if (sqlite3_prepare_v2(db, explain, -1, &st, NULL) == SQLITE_OK) {
        while (sqlite3_step(st) == SQLITE_ROW) {
            printf("#   %s\n", (const char *) sqlite3_column_text(st, 3));
        }
    }
    sqlite3_finalize(st);
    sqlite3_free(explain);
}


static int
profile(unsigned what, void *ctx, void *st, void *ns)
{
    const char *sql = sqlite3_sql(st);

    if (sql != NULL && strncmp(sql, "SELECT", 6) == 0
        && strstr(sql, "study ") != NULL)
    {
        printf("# %.2f ms, %d steps: %.3000s\n",
               (double) *(int64_t *) ns / 1e6,
               sqlite3_stmt_status(st, SQLITE_STMTSTATUS_VM_STEP, 0), sql);
        print_plan(sqlite3_db_handle(st), sql);
    }
    return 0;
}


static int
watch(sqlite3 *db, char **error, const struct sqlite3_api_routines *api)
{
    return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, profile, NULL);
}


static int
print_row(void *ctx, const pacs_row_t *row)
{
    pacs_str_t  uid = *(unsigned *) ctx == PACS_LEVEL_STUDY ? row->study
                      : *(unsigned *) ctx == PACS_LEVEL_SERIES ? row->series
                                                             : row->instance;

    printf("%.*s\n", pacs_fmt(uid));
    return PACS_OK;
}


static int
add_key(pacs_query_t *q, char *text, pacs_arena_t *a, pacs_err_t *err)
{
    char *value = strchr(text, '=');
    bool  fuzzy = text[0] == '~';

    if (value == NULL) {
        return PACS_E_ARG;
    }
    *value++ = '\0';

    for (unsigned i = 0; i < pacs_nattrs; i++) {
        if (strcmp(pacs_attrs[i].keyword, text + fuzzy) == 0) {
            return pacs_query_key(q, pacs_attrs[i].path[0],
                                  pacs_attrs[i].path[1], pacs_cstr(value),
                                  fuzzy ? PACS_HOW_FUZZY : 0,
                                  &pacs_limits_default, a, err);
        }
    }
    return PACS_E_ARG;
}


int
main(int argc, char **argv)
{
    pacs_arena_t  *a = pacs_arena_create(0);
    pacs_index_t  *ix = NULL;
    pacs_err_t     err = { 0 };
    bool           more = false;

    if (argc < 5 || a == NULL) {
        fprintf(stderr, "usage: index_query HOME LEVEL LIMIT OFFSET"
                " [[~]KEYWORD=VALUE ...]\n");
        return 2;
    }

    unsigned      level = (unsigned) atoi(argv[2]);
    pacs_query_t  q = { .level = (pacs_level_e) level,
                        .limit = (uint32_t) atol(argv[3]),
                        .offset = (uint32_t) atol(argv[4]) };

    sqlite3_auto_extension((void (*)(void)) watch);

    int  code = pacs_index_open_sqlite(argv[1], &pacs_env_default, false, &ix,
                                       &err);

    for (int i = 5; code == PACS_OK && i < argc; i++) {
        code = add_key(&q, argv[i], a, &err);
    }
    if (code == PACS_OK) {
        code = ix->vt->query(ix, &q, &pacs_limits_default, a, print_row,
                             &level, &more, &err);
    }
    if (code != PACS_OK) {
        fprintf(stderr, "index_query: %d %s\n", code, err.text);
    }
    if (more) {
        printf("more\n");
    }
    if (ix != NULL) {
        ix->vt->close(ix);
    }
    pacs_arena_destroy(a);
    return code != PACS_OK;
}
