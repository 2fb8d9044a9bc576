/* SPDX-License-Identifier: BSD-2-Clause */

#include <stdio.h>
#include <string.h>

#include "index/rank.h"

/* what is asked to be removed; uids: of study, series, instance */
typedef struct {
    pacs_sqlite_t  *ix;
    pacs_str_t      uids[3];
    int64_t         study, patient;
    int64_t         count, bytes;
    pacs_err_t     *err;
} removal_t;

/* the instances: %s holds conditions on series and instance */
#define IDS                                                                   \
    "(SELECT i.id FROM instance i JOIN series e ON e.id = i.series"           \
    " JOIN study s ON s.id = e.study WHERE s.uid = ?1%s%s)"


/* a statement with ?1..?3 the UIDs and ?4 the study's id */
static sqlite3_stmt *
statement(const removal_t *r, const char *fmt)
{
    char  text[512];
    int   n = snprintf(text, sizeof(text), "%s", fmt);

    /* fmt is one of our own, with IDS's two %s or none */
    if (strstr(fmt, "%s") != NULL) {
        const char  *at = strstr(fmt, "%s%s");

        n = snprintf(text, sizeof(text), "%.*s%s%s%s", (int) (at - fmt), fmt,
                     r->uids[1].len != 0 ? " AND e.uid = ?2" : "",
                     r->uids[2].len != 0 ? " AND i.uid = ?3" : "",
                     at + 4);
    }

    sqlite3_stmt  *st = pacs_sqlite_text(&r->ix->writer,
        (pacs_str_t) { text, (size_t) n }, r->err);

    for (int i = 1; st != NULL && i <= sqlite3_bind_parameter_count(st); i++) {
        if (i == 4) {
            sqlite3_bind_int64(st, i, r->study);
        } else if (i < 4) {
            pacs_sqlite_bind(st, i, r->uids[i - 1]);
        }
    }
    return st;
}


static int
run(const removal_t *r, const char *fmt, int64_t *changes)
{
    sqlite3_stmt  *st = statement(r, fmt);
    int            code = st == NULL ? PACS_E_IO
                          : pacs_sqlite_run(&r->ix->writer, st, r->err);

    if (changes != NULL) {
        *changes = sqlite3_changes(r->ix->writer.db);
    }
    return code;
}


/* two numbers of one row; PACS_E_NOT_FOUND: no row */
static int
numbers(const removal_t *r, const char *fmt, int64_t *a, int64_t *b)
{
    sqlite3_stmt  *st = statement(r, fmt);

    if (st == NULL) {
        return PACS_E_IO;
    }

    int  rc = sqlite3_step(st);

    if (rc == SQLITE_ROW) {
        *a = sqlite3_column_int64(st, 0);
        *b = sqlite3_column_int64(st, 1);
    }
    sqlite3_reset(st);
    return rc == SQLITE_ROW ? PACS_OK : rc == SQLITE_DONE ? PACS_E_NOT_FOUND
           : pacs_sqlite_fail(&r->ix->writer, r->err);
}


static int
run_all(const removal_t *r, const char *const *sql)
{
    int  code = PACS_OK;

    for (; code == PACS_OK && *sql != NULL; sql++) {
        code = run(r, *sql, NULL);
    }
    return code;
}


static int
remove_instances(removal_t *r)
{
    static const char *const  steps[] = {
        "INSERT OR IGNORE INTO deleted SELECT uid FROM instance"
        " WHERE id IN " IDS,
        "DELETE FROM instance_data WHERE id IN " IDS,
        "DELETE FROM instance WHERE id IN " IDS,
        "UPDATE series SET ninstances = (SELECT count(*) FROM instance i"
        " WHERE i.series = series.id) WHERE study = ?4",
        "INSERT OR IGNORE INTO deleted SELECT uid FROM series"
        " WHERE study = ?4 AND ninstances = 0",
        NULL
    };
    int64_t  gone = 0;
    int      code = run_all(r, steps);

    if (code == PACS_OK) {
        code = run(r, "DELETE FROM series WHERE study = ?4"
                   " AND ninstances = 0", &gone);
    }

    r->ix->tx.instances -= r->count;
    r->ix->tx.bytes -= r->bytes;
    r->ix->tx.series -= gone;
    return code;
}


static int
forget_corrections(removal_t *r)
{
    return r->uids[2].len != 0
           ? run(r, "DELETE FROM corrected WHERE study = ?1"
                 " AND instance = ?3", NULL)
           : r->uids[1].len != 0
           ? run(r, "DELETE FROM corrected WHERE study = ?1 AND series = ?2",
                 NULL)
           : run(r, "DELETE FROM corrected WHERE study = ?1", NULL);
}


static int
remove_study(removal_t *r)
{
    static const char *const  steps[] = {
        "INSERT OR IGNORE INTO deleted VALUES (?1)",
        "DELETE FROM corrected WHERE study = ?1",
        "DELETE FROM study WHERE id = ?4",
        NULL
    };
    int64_t  revision;
    int      code = pacs_sqlite_revise(r->ix, &revision, r->err);

    if (code == PACS_OK) {
        code = run_all(r, steps);
    }

    r->ix->tx.studies--;
    return code == PACS_OK
           ? pacs_sqlite_drop_patient(r->ix, r->patient, r->err) : code;
}


static int
touch_study(removal_t *r)
{
    int64_t  revision;
    int      code = pacs_sqlite_revise(r->ix, &revision, r->err);

    if (code == PACS_OK) {
        code = run(r, "UPDATE study SET revision = (SELECT value FROM meta"
                   " WHERE name = 'revision'),"
                   " nseries = (SELECT count(*) FROM series WHERE study = ?4),"
                   " ninstances = (SELECT coalesce(sum(ninstances), 0)"
                   " FROM series WHERE study = ?4) WHERE id = ?4", NULL);
    }
    return code == PACS_OK
           ? pacs_sqlite_modalities(r->ix, r->study, r->err) : code;
}


/* a rebuild reads of deletions whose instances it never put in: the marks
 * of what does not live must be there again */
static int
mark_only(removal_t *r)
{
    static const char *const  steps[] = {
        "INSERT OR IGNORE INTO deleted SELECT ?1 WHERE ?1 <> '' AND NOT EXISTS"
        " (SELECT 1 FROM study WHERE uid = ?1)",
        "INSERT OR IGNORE INTO deleted SELECT ?2 WHERE ?2 <> '' AND NOT EXISTS"
        " (SELECT 1 FROM series WHERE uid = ?2)",
        "INSERT OR IGNORE INTO deleted SELECT ?3 WHERE ?3 <> '' AND NOT EXISTS"
        " (SELECT 1 FROM instance WHERE uid = ?3)",
        NULL
    };

    return run_all(r, steps);
}


static int
remove_all(removal_t *r)
{
    int64_t  left = 0, unused = 0;
    int      code = numbers(r, "SELECT count(*), coalesce(sum(size), 0)"
                            " FROM instance WHERE id IN " IDS, &r->count,
                            &r->bytes);

    if (code != PACS_OK) {
        return code;
    }
    if (r->count == 0) {
        return r->ix->rebuild ? mark_only(r)
               : pacs_fail(r->err, PACS_E_NOT_FOUND, "study %.*s: nothing to"
                           " delete", pacs_fmt(r->uids[0]));
    }

    code = numbers(r, "SELECT id, patient FROM study WHERE uid = ?1",
                   &r->study, &r->patient);
    if (code == PACS_OK) {
        code = remove_instances(r);
    }
    if (code == PACS_OK) {
        code = forget_corrections(r);
    }
    if (code == PACS_OK) {
        code = numbers(r, "SELECT count(*), 0 FROM series WHERE study = ?4",
                       &left, &unused);
    }
    return code != PACS_OK ? code : left == 0 ? remove_study(r)
                                              : touch_study(r);
}


int
pacs_sqlite_remove(pacs_index_t *base, pacs_str_t study, pacs_str_t series,
    pacs_str_t instance, uint64_t *removed, pacs_err_t *err)
{
    removal_t  r = { .ix = (pacs_sqlite_t *) base, .err = err,
                     .uids = { study, series, instance } };
    int        code = pacs_sqlite_begin(r.ix, err);

    if (code != PACS_OK) {
        return code;
    }

    code = pacs_sqlite_end(r.ix, remove_all(&r), err);
    if (removed != NULL) {
        *removed = code == PACS_OK ? (uint64_t) r.count : 0;
    }
    return code;
}


/* --- corrections --- */

/* by level: the table, and the id of the row that UIDs name */
static const struct { const char *table, *find, *mark; } rows[] = {
    [PACS_LEVEL_STUDY] = { "study", "SELECT id, patient FROM study"
        " WHERE uid = ?1", "UPDATE study SET corrected = 1 WHERE id = ?4" },
    [PACS_LEVEL_SERIES] = { "series", "SELECT e.id, s.patient FROM series e"
        " JOIN study s ON s.id = e.study WHERE s.uid = ?1 AND e.uid = ?2",
        "UPDATE series SET corrected = 1 WHERE id = ?4" },
    [PACS_LEVEL_INSTANCE] = { "instance", "SELECT i.id, s.patient"
        " FROM instance i JOIN series e ON e.id = i.series"
        " JOIN study s ON s.id = e.study WHERE s.uid = ?1 AND i.uid = ?3",
        "SELECT 1" }
};


/* a patient's attribute: perhaps another patient, and his row too */
static int
correct_patient(removal_t *r, const bool *set, const pacs_str_t *values)
{
    int  code = pacs_sqlite_relink(r->ix, r->uids[0], r->study, &r->patient,
                                   r->err);

    return code != PACS_OK ? code
           : pacs_sqlite_update(r->ix, "patient",
                                &r->ix->columns[PACS_LEVEL_PATIENT], set,
                                values, r->patient, r->err);
}


static int
remember(removal_t *r, unsigned level, int attr, pacs_str_t value)
{
    sqlite3_stmt  *st = pacs_sqlite_text(&r->ix->writer, pacs_lit(
        "INSERT OR REPLACE INTO corrected VALUES (?, ?, ?, ?, ?)"), r->err);

    if (st == NULL) {
        return PACS_E_IO;
    }

    pacs_sqlite_bind(st, 1, r->uids[0]);
    pacs_sqlite_bind(st, 2, level >= PACS_LEVEL_SERIES ? r->uids[1]
                                                       : pacs_null);
    pacs_sqlite_bind(st, 3, level >= PACS_LEVEL_INSTANCE ? r->uids[2]
                                                         : pacs_null);
    pacs_sqlite_bind(st, 4, pacs_cstr(pacs_attrs[attr].keyword));
    pacs_sqlite_bind(st, 5, value);
    return pacs_sqlite_run(&r->ix->writer, st, r->err);
}


static int
correct(removal_t *r, int attr, pacs_str_t value, pacs_arena_t *a)
{
    unsigned     level = pacs_attrs[attr].level == PACS_LEVEL_PATIENT
                         ? PACS_LEVEL_STUDY : pacs_attrs[attr].level;
    pacs_str_t  *values = pacs_calloc(a, pacs_nattrs, sizeof(*values));
    bool        *set = pacs_calloc(a, pacs_nattrs, sizeof(*set));
    int64_t      row = 0;

    if (values == NULL || set == NULL) {
        return pacs_fail(r->err, PACS_E_NOMEM, "out of memory");
    }

    int  code = numbers(r, rows[level].find, &row, &r->patient);

    if (code == PACS_E_NOT_FOUND) {
        return pacs_fail(r->err, code, "study %.*s: nothing to correct",
                         pacs_fmt(r->uids[0]));
    }

    values[attr] = value;
    set[attr] = true;
    if (code == PACS_OK) {
        code = pacs_sqlite_update(r->ix, rows[level].table,
                                  &r->ix->columns[level], set, values, row,
                                  r->err);
    }
    if (code == PACS_OK) {
        code = remember(r, level, attr, value);
    }
    r->study = row;
    if (code == PACS_OK) {
        code = run(r, rows[level].mark, NULL);
    }
    if (code == PACS_OK) {
        code = numbers(r, rows[PACS_LEVEL_STUDY].find, &r->study,
                       &r->patient);
    }
    if (code == PACS_OK && pacs_attrs[attr].level == PACS_LEVEL_PATIENT) {
        code = correct_patient(r, set, values);
    }
    return code == PACS_OK ? touch_study(r) : code;
}


int
pacs_sqlite_correct(pacs_index_t *base, pacs_str_t study, pacs_str_t series,
    pacs_str_t instance, int attr, pacs_str_t value, pacs_err_t *err)
{
    removal_t  r = { .ix = (pacs_sqlite_t *) base, .err = err,
                     .uids = { study, series, instance } };

    if (attr < 0 || attr >= (int) pacs_nattrs
        || pacs_attrs[attr].computed != PACS_COMPUTED_NOT
        || (pacs_attrs[attr].level == PACS_LEVEL_SERIES
            && series.len == 0)
        || (pacs_attrs[attr].level == PACS_LEVEL_INSTANCE
            && instance.len == 0))
    {
        return pacs_fail(err, PACS_E_ARG, "not an attribute that can be"
                         " corrected there");
    }

    pacs_arena_t  *a = pacs_arena_create(0);
    int            code = a == NULL
                          ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                          : pacs_sqlite_begin(r.ix, err);

    if (code == PACS_OK) {
        code = pacs_sqlite_end(r.ix, correct(&r, attr, value, a), err);
    }
    pacs_arena_destroy(a);
    return code;
}


/* one row of `corrected` into its place; the narrower level comes later */
static int
take_corrected(sqlite3_stmt *st, pacs_arena_t *a, pacs_str_t *values)
{
    pacs_str_t  keyword = pacs_sqlite_column(st, 0);

    for (unsigned i = 0; i < pacs_nattrs; i++) {
        if (pacs_str_is(keyword, pacs_attrs[i].keyword)) {
            values[i] = pacs_cstr(pacs_strdup(a, pacs_sqlite_column(st, 1)));
            return values[i].data == NULL ? PACS_E_NOMEM : PACS_OK;
        }
    }
    return PACS_OK;
}


int
pacs_sqlite_corrected(pacs_index_t *base, pacs_str_t study,
    pacs_str_t series, pacs_str_t instance, pacs_arena_t *a,
    pacs_str_t *values, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    pacs_conn_t    *c;
    int             rc = SQLITE_ERROR, code = pacs_sqlite_enter(ix, &c, err);

    if (code != PACS_OK) {
        return code;
    }

    sqlite3_stmt  *st = pacs_sqlite_text(c, pacs_lit(
        "SELECT keyword, value FROM corrected WHERE study = ?1"
        " AND series IN ('', ?2) AND instance IN ('', ?3)"
        " ORDER BY series, instance"), err);

    if (st != NULL) {
        pacs_sqlite_bind(st, 1, study);
        pacs_sqlite_bind(st, 2, series);
        pacs_sqlite_bind(st, 3, instance);
    }
    while (st != NULL && code == PACS_OK
           && (rc = sqlite3_step(st)) == SQLITE_ROW)
    {
        code = take_corrected(st, a, values);
    }
    if (code == PACS_OK && rc != SQLITE_DONE) {
        code = pacs_sqlite_fail(c, err);
    }

    sqlite3_reset(st);
    pacs_sqlite_leave(ix, c);
    return code;
}


/* --- conflicts, and all --- */


static int
insert_conflict(pacs_sqlite_t *ix, const pacs_conflict_t *c, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_text(&ix->writer, pacs_lit(
        "INSERT OR IGNORE INTO conflict"
        " (study, series, instance, kept, other, time_us, source)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"), err);

    if (st == NULL) {
        return PACS_E_IO;
    }

    pacs_sqlite_bind(st, 1, c->study);
    pacs_sqlite_bind(st, 2, c->series);
    pacs_sqlite_bind(st, 3, c->instance);
    pacs_sqlite_bind(st, 4, c->kept);
    pacs_sqlite_bind(st, 5, c->other);
    sqlite3_bind_int64(st, 6, c->time_us);
    pacs_sqlite_bind(st, 7, c->source);
    return pacs_sqlite_run(&ix->writer, st, err);
}


int
pacs_sqlite_add_conflict(pacs_index_t *base, const pacs_conflict_t *c,
    pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    int             code = pacs_sqlite_begin(ix, err);

    return code != PACS_OK ? code
           : pacs_sqlite_end(ix, insert_conflict(ix, c, err), err);
}


static int
clear(pacs_sqlite_t *ix, pacs_err_t *err)
{
    int  code = pacs_sqlite_begin(ix, err);

    if (code != PACS_OK) {
        return code;
    }

    /* meta stays: revisions go on */
    code = pacs_sqlite_exec(&ix->writer,
        "DELETE FROM instance_data; DELETE FROM instance; DELETE FROM patient;"
        "DELETE FROM deleted; DELETE FROM corrected; DELETE FROM conflict;"
        "DELETE FROM document; DELETE FROM document_key;"
        "UPDATE totals SET patients = 0, studies = 0, series = 0,"
        " instances = 0, bytes = 0", err);
    if (code == PACS_OK) {
        code = pacs_rank_clear(&ix->writer, err);
    }
    code = pacs_sqlite_end(ix, code, err);
    return code == PACS_OK && ix->rebuild ? pacs_sqlite_flush(ix, err) : code;
}


/* what is left of the file when it is empty must be sound */
static int
check_empty(pacs_sqlite_t *ix, pacs_err_t *err)
{
    pacs_arena_t  *a = pacs_arena_create(0);
    pacs_str_t     result;

    if (a == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    int  code = pacs_sqlite_check(&ix->base, a, &result, err);

    if (code == PACS_OK && !pacs_str_is(result, "ok")) {
        code = pacs_fail(err, PACS_E_IO, "%.*s",
                         result.len > 200 ? 200 : (int) result.len,
                         result.data);
    }

    pacs_arena_destroy(a);
    return code;
}


int
pacs_sqlite_clear(pacs_index_t *base, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    pacs_err_t      first = { 0 };
    int             code = clear(ix, &first);

    if (code == PACS_OK && ix->rebuild) {
        code = check_empty(ix, &first);
    }
    if (code == PACS_E_IO && ix->rebuild) {
        return pacs_sqlite_remake(ix, first.text, err);
    }
    return code == PACS_OK ? code : pacs_fail(err, code, "%s", first.text);
}
