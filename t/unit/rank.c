/* SPDX-License-Identifier: BSD-2-Clause */

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "index/rank.h"

enum { STEPS = 400, STUDIES = 12 };

static pacs_index_t  *ix;
static pacs_arena_t  *arena;
static pacs_err_t     err;

static const char *const  names[] = {
    "Müller^Anna", "Meyer^Hans=", "Yamada^Tarou=山田^太郎=やまだ^たろう", "",
    "O'Neil^\"Bob\"", "Li"
};
static const char *const  dates[] = { "20200101", "20200102", "", "2020.01.01",
                                      "19991231" };
static const char *const  modalities[] = { "CT", "MR", "", "SR" };

#define ANY(list)  list[rand() % (int) (sizeof(list) / sizeof(list[0]))]


static void
test_order(void)
{
    static const char *const  texts[] = {
        "", " ", "-", "0", "19991231", "2", "20", "2020", "2020.01.01",
        "20200101", "20200101x", "20200102", "2020a", "20210101", "99999999",
        "9x", "x", "\xc3\xa4"
    };

    for (size_t i = 1; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ok(pacs_rank(pacs_cstr(texts[i - 1])) >= pacs_rank(pacs_cstr(texts[i])),
           "'%s' does not come before '%s'", texts[i - 1], texts[i]);
    }
    ok(pacs_rank(pacs_lit("20200102")) + (int64_t) PACS_RANK_IDS
       < pacs_rank(pacs_lit("20200101")), "days do not overlap");
}


static void
set(pacs_str_t *values, uint32_t tag, const char *value)
{
    values[pacs_attr_find(tag, 0)] = pacs_cstr(value);
}


static int
put(unsigned study, unsigned series, unsigned instance)
{
    pacs_put_e     how;
    pacs_record_t  r = {
        .study = pacs_sprintf(arena, "1.%u", study),
        .series = pacs_sprintf(arena, "1.%u.%u", study, series),
        .instance = pacs_sprintf(arena, "1.%u.%u.%u", study, series, instance),
        .class_uid = pacs_lit("1"), .syntax_uid = pacs_lit("1"),
        .key = pacs_sprintf(arena, "k%u", instance), .size = 1,
        .values = pacs_calloc(arena, pacs_nattrs, sizeof(pacs_str_t))
    };

    set(r.values, 0x00100010, ANY(names));
    set(r.values, 0x00080020, ANY(dates));
    set(r.values, 0x00080060, ANY(modalities));
    return ix->vt->put(ix, &r, &how, 1, &err);
}


static int
correct(pacs_str_t study, pacs_str_t series)
{
    static const struct { uint32_t tag; bool series; } what[] = {
        { 0x00100010, false }, { 0x00080020, false }, { 0x00080060, true }
    };
    int          k = rand() % 3;
    const char  *value = k == 0 ? ANY(names) : k == 1 ? ANY(dates)
                                                      : ANY(modalities);

    return ix->vt->correct(ix, study, what[k].series ? series : pacs_null,
                           pacs_null, pacs_attr_find(what[k].tag, 0),
                           pacs_cstr(value), NULL);
}


/* 0: did what it should, or found nothing to do it with */
static int
step(void)
{
    unsigned    study = 1 + (unsigned) rand() % STUDIES;
    unsigned    series = 1 + (unsigned) rand() % 3;
    pacs_str_t  s = pacs_sprintf(arena, "1.%u", study);
    pacs_str_t  e = pacs_sprintf(arena, "1.%u.%u", study, series);
    uint64_t    n;
    int         code = PACS_OK;

    switch (rand() % 6) {
    case 0:
        code = ix->vt->remove(ix, s, rand() % 2 ? e : pacs_null, pacs_null,
                              &n, NULL);
        break;
    case 1:
    case 2:
        code = correct(s, e);
        break;
    default:
        code = put(study, series, 1 + (unsigned) rand() % 4);
    }
    return code == PACS_E_NOT_FOUND ? PACS_OK : code;
}


static int64_t
number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt  *st = NULL;
    int64_t        n = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK
        && sqlite3_step(st) == SQLITE_ROW)
    {
        n = sqlite3_column_int64(st, 0);
    } else {
        printf("# %s\n", sqlite3_errmsg(db));
    }
    sqlite3_finalize(st);
    return n;
}


/* what a table holds against what one holds that is made of the studies */
static void
compare(sqlite3 *db, const char *table, const char *options,
    const char *text, const char *when)
{
    char *sql = sqlite3_mprintf(
        "DROP TABLE IF EXISTS temp.a; DROP TABLE IF EXISTS temp.b;"
        "DROP TABLE IF EXISTS temp.anew;"
        "CREATE VIRTUAL TABLE temp.anew USING fts5 (x, tokenize = %s);"
        "INSERT INTO anew (rowid, x) SELECT " PACS_RANK("s") ", %s"
        " FROM study s;"
        "CREATE VIRTUAL TABLE temp.a USING fts5vocab (main, %s, instance);"
        "CREATE VIRTUAL TABLE temp.b USING fts5vocab (temp, anew, instance)",
        options, text, table);

    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        printf("# %s\n", sqlite3_errmsg(db));
    }
    sqlite3_free(sql);

    ok(number(db, "SELECT count(*) FROM b") > 0, "%s: %s has some", when,
       table);
    ok(number(db, "SELECT count(*) FROM (SELECT term, doc, offset FROM a"
              " EXCEPT SELECT term, doc, offset FROM b)") == 0,
       "%s: nothing too many", when);
    ok(number(db, "SELECT count(*) FROM (SELECT term, doc, offset FROM b"
              " EXCEPT SELECT term, doc, offset FROM a)") == 0,
       "%s: nothing is missing", when);
}


static void
check(const char *path, const char *when)
{
    sqlite3     *db;
    pacs_str_t   result = pacs_null;

    sqlite3_open(path, &db);
    sqlite3_create_function(db, "pacs_rank", 2, SQLITE_UTF8, NULL,
                            pacs_rank_sql, NULL, NULL);
    compare(db, "study_name", "'trigram case_sensitive 1'",
            PACS_RANK_TEXT("s"), when);
    compare(db, "study_word", "\"ascii tokenchars '#'\"",
            "s.patient_name_w", when);
    sqlite3_close(db);

    ix->vt->check(ix, arena, &result, &err);
    is_str(result, "ok", "modalities, and all else");
}


int
main(void)
{
    char  home[] = "/tmp/pacs-rank-XXXXXX", path[64];

    arena = pacs_arena_create(0);
    test_order();

    if (mkdtemp(home) == NULL
        || pacs_index_open_sqlite(home, &pacs_env_default, false, &ix, &err)
           != PACS_OK)
    {
        printf("Bail out! %s\n", err.text);
        return 1;
    }
    snprintf(path, sizeof(path), "%s/index/pacs.db", home);
    srand(7);

    unsigned  failed = 0;

    for (int i = 0; i < STEPS; i++) {
        failed += step() != PACS_OK;
    }
    ok(failed == 0, "%d changes in any order", STEPS);
    check(path, "after them");

    ix->vt->clear(ix, &err);
    for (unsigned i = 1; i <= STUDIES; i++) {
        put(i, 1, 1);
    }
    check(path, "after all was cleared");

    ix->vt->close(ix);
    pacs_arena_destroy(arena);

    char  rm[80];

    snprintf(rm, sizeof(rm), "rm -r '%s'", home);
    return system(rm) != 0 || done();
}
