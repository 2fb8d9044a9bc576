/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * put: what the first instance of a study, series or patient says stays; a
 * value that was empty is filled in by a later instance.
 */

#include <stdio.h>
#include <string.h>

#include "index/attrs.h"
#include "index/sqlite.h"

enum { VALUE_MAX = 4096 };      /* bytes of a column */

enum {
#define X(keyword, ...)  A_##keyword,
    PACS_ATTRS(X)
#undef X
    ATTRS
};

/* a row as it was before: id, whom it belongs to, its values */
typedef struct {
    int64_t     id, patient;
    bool        corrected;
    bool        empty[ATTRS];   /* by attribute: the column is '' */
} parent_t;


/* long values are cut between characters; no NUL gets in */
static pacs_str_t
clamp(pacs_str_t s)
{
    const char  *nul = s.len != 0 ? memchr(s.data, '\0', s.len) : NULL;

    if (nul != NULL) {
        s.len = (size_t) (nul - s.data);
    }
    if (s.len > VALUE_MAX) {
        s.len = VALUE_MAX;
        while (s.len != 0 && ((unsigned char) s.data[s.len] & 0xc0) == 0x80) {
            s.len--;
        }
    }
    return s;
}


static pacs_str_t
value_of(const pacs_str_t *values, int attr)
{
    return values != NULL ? clamp(values[attr]) : pacs_null;
}


/* SQLite takes a copy: the folded text is short-lived */
static int
bind_column(sqlite3_stmt *st, int at, const pacs_column_t *c,
    const pacs_str_t *values, pacs_arena_t *a)
{
    pacs_str_t  value = value_of(values, c->attr), first, rest;

    if (c->part == PACS_C_VALUE || value.len == 0) {
        pacs_sqlite_bind(st, at, value);
        return PACS_OK;
    }

    value = pacs_name_fold(value, a);
    if (value.data == NULL) {
        return PACS_E_NOMEM;
    }

    pacs_name_groups(value, &first, &rest);
    if (c->part == PACS_C_REST) {
        first = rest;
    }
    sqlite3_bind_text64(st, at, first.data, first.len, SQLITE_TRANSIENT,
                        SQLITE_UTF8);
    return PACS_OK;
}


static int
bind_columns(sqlite3_stmt *st, int at, const pacs_columns_t *cs,
    const bool *set, const pacs_str_t *values, int *next, pacs_err_t *err)
{
    pacs_arena_t  *a = pacs_arena_create(0);
    int            code = a == NULL ? PACS_E_NOMEM : PACS_OK;

    for (unsigned i = 0; code == PACS_OK && i < cs->n; i++) {
        if (set == NULL || set[cs->c[i].attr]) {
            code = bind_column(st, at++, &cs->c[i], values, a);
        }
    }

    pacs_arena_destroy(a);
    *next = at;
    return code == PACS_OK ? PACS_OK : pacs_fail(err, code, "out of memory");
}


int
pacs_sqlite_update(pacs_sqlite_t *ix, const char *table,
    const pacs_columns_t *cs, const bool *set, const pacs_str_t *values,
    int64_t id, pacs_err_t *err)
{
    pacs_buf_t  sql = { 0 };
    bool        any = false;
    int         at;

    pacs_buf_printf(&sql, "UPDATE %s SET ", table);
    for (unsigned i = 0; i < cs->n; i++) {
        if (set[cs->c[i].attr]) {
            pacs_buf_printf(&sql, "%s%s = ?", any ? ", " : "", cs->c[i].name);
            any = true;
        }
    }
    pacs_buf_text(&sql, " WHERE id = ?");

    sqlite3_stmt  *st = !any || sql.failed ? NULL
        : pacs_sqlite_text(&ix->writer, (pacs_str_t) { sql.data, sql.len },
                           err);
    int            code = !any ? PACS_OK : st == NULL
        ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
        : bind_columns(st, 1, cs, set, values, &at, err);

    if (any && code == PACS_OK) {
        sqlite3_bind_int64(st, at, id);
        code = pacs_sqlite_run(&ix->writer, st, err);
    }

    pacs_buf_free(&sql);
    return code;
}


int
pacs_sqlite_revise(pacs_sqlite_t *ix, int64_t *revision, pacs_err_t *err)
{
    if (ix->tx.revision == 0) {
        sqlite3_stmt  *st = pacs_sqlite_fixed(ix, &ix->writer,
                                              PACS_Q_REVISION_NEXT, err);

        if (st == NULL) {
            return PACS_E_IO;
        }

        /* milliseconds: also a lost database does not repeat a revision */
        sqlite3_bind_int64(st, 1, ix->env.now_us(ix->env.ctx) / 1000);
        if (sqlite3_step(st) != SQLITE_ROW) {
            sqlite3_reset(st);
            return pacs_sqlite_fail(&ix->writer, err);
        }
        ix->tx.revision = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
    }

    *revision = ix->tx.revision;
    return PACS_OK;
}


/* a row found by a select of statements.c; PACS_E_NOT_FOUND */
static int
read_parent(pacs_sqlite_t *ix, sqlite3_stmt *st, const pacs_columns_t *cs,
    parent_t *p, pacs_err_t *err)
{
    int  rc = sqlite3_step(st);

    if (rc == SQLITE_ROW) {
        *p = (parent_t) { .id = sqlite3_column_int64(st, 0),
                          .patient = sqlite3_column_int64(st, 1),
                          .corrected = sqlite3_column_int(st, 2) != 0 };
        for (unsigned i = 0; i < cs->n; i++) {
            if (cs->c[i].part == PACS_C_VALUE) {
                p->empty[cs->c[i].attr] =
                    sqlite3_column_bytes(st, 3 + (int) i) == 0;
            }
        }
    }

    int  code = rc == SQLITE_ROW ? PACS_OK : rc == SQLITE_DONE
                ? PACS_E_NOT_FOUND : pacs_sqlite_fail(&ix->writer, err);

    sqlite3_reset(st);
    return code;
}


/* which columns of a row that was there are to be filled in */
static bool
to_fill(const pacs_columns_t *cs, const parent_t *p, const pacs_str_t *values,
    bool *set)
{
    bool  any = false;

    memset(set, 0, sizeof(p->empty));
    for (unsigned i = 0; i < cs->n; i++) {
        int  attr = cs->c[i].attr;

        if (p->empty[attr] && value_of(values, attr).len != 0) {
            set[attr] = any = true;
        }
    }
    return any;
}


/* what was corrected to be empty stays so */
static int
keep_corrected(pacs_sqlite_t *ix, const pacs_columns_t *cs, bool *set,
    pacs_str_t study, pacs_str_t series, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, &ix->writer, PACS_Q_CORRECTED,
                                          err);

    if (st == NULL) {
        return PACS_E_IO;
    }

    for (unsigned i = 0; i < cs->n; i++) {
        int  attr = cs->c[i].attr;

        if (!set[attr]) {
            continue;
        }
        pacs_sqlite_bind(st, 1, study);
        pacs_sqlite_bind(st, 2, series);
        pacs_sqlite_bind(st, 3, pacs_cstr(pacs_attrs[attr].keyword));

        int  rc = sqlite3_step(st);

        sqlite3_reset(st);
        if (rc == SQLITE_ROW) {
            set[attr] = false;
        } else if (rc != SQLITE_DONE) {
            return pacs_sqlite_fail(&ix->writer, err);
        }
    }
    return PACS_OK;
}


static int
fill_in(pacs_sqlite_t *ix, const char *table, const pacs_columns_t *cs,
    const parent_t *p, const pacs_record_t *r, bool is_series, bool *set,
    pacs_err_t *err)
{
    if (!to_fill(cs, p, r->values, set)) {
        return PACS_OK;
    }

    int  code = !p->corrected ? PACS_OK
                : keep_corrected(ix, cs, set, r->study,
                                 is_series ? r->series : pacs_null, err);

    return code != PACS_OK ? code
           : pacs_sqlite_update(ix, table, cs, set, r->values, p->id, err);
}


static int64_t
last_id(pacs_sqlite_t *ix)
{
    return sqlite3_last_insert_rowid(ix->writer.db);
}


static int
insert_columns(pacs_sqlite_t *ix, sqlite3_stmt *st, int at,
    pacs_level_e level, const pacs_str_t *values, pacs_err_t *err)
{
    int  code = bind_columns(st, at, &ix->columns[level], NULL, values, &at,
                             err);

    if (code == PACS_OK) {
        code = pacs_sqlite_run(&ix->writer, st, err);
    }
    sqlite3_clear_bindings(st);
    return code;
}


/* --- patients --- */


/* what makes a patient one: PatientID and its issuer; a study without
 * PatientID is a patient of its own */
static pacs_str_t
patient_key(pacs_arena_t *a, pacs_str_t uid, const pacs_str_t *values)
{
    pacs_str_t  id = value_of(values, A_PatientID);
    pacs_str_t  issuer = value_of(values, A_IssuerOfPatientID);

    return id.len != 0
           ? pacs_sprintf(a, "%.*s\\%.*s", pacs_fmt(id), pacs_fmt(issuer))
           : pacs_sprintf(a, "\\%.*s", pacs_fmt(uid));
}


static int
insert_patient(pacs_sqlite_t *ix, pacs_str_t key, const pacs_str_t *values,
    int64_t *id, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, &ix->writer,
                                          PACS_Q_PATIENT_INSERT, err);

    if (st == NULL) {
        return PACS_E_IO;
    }

    pacs_sqlite_bind(st, 1, key);

    int  code = insert_columns(ix, st, 2, PACS_LEVEL_PATIENT, values, err);

    *id = last_id(ix);
    ix->tx.patients++;
    return code;
}


static int
find_patient(pacs_sqlite_t *ix, pacs_str_t uid, const pacs_str_t *values,
    int64_t *id, pacs_err_t *err)
{
    pacs_columns_t  *cs = &ix->columns[PACS_LEVEL_PATIENT];
    pacs_arena_t    *a = pacs_arena_create(0);
    sqlite3_stmt    *st = pacs_sqlite_fixed(ix, &ix->writer, PACS_Q_PATIENT,
                                            err);
    parent_t         p;
    bool             set[sizeof(p.empty)];

    if (a == NULL || st == NULL) {
        pacs_arena_destroy(a);
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    pacs_str_t  key = patient_key(a, uid, values);

    pacs_sqlite_bind(st, 1, key);

    int  code = read_parent(ix, st, cs, &p, err);

    if (code == PACS_E_NOT_FOUND) {
        code = insert_patient(ix, key, values, id, err);

    } else if (code == PACS_OK) {
        *id = p.id;
        if (to_fill(cs, &p, values, set)) {
            code = pacs_sqlite_update(ix, "patient", cs, set, values, p.id,
                                      err);
        }
    }

    sqlite3_clear_bindings(st);
    pacs_arena_destroy(a);
    return code;
}


int
pacs_sqlite_drop_patient(pacs_sqlite_t *ix, int64_t patient, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_text(&ix->writer, pacs_lit(
        "DELETE FROM patient WHERE id = ?1 AND NOT EXISTS"
        " (SELECT 1 FROM study WHERE patient = ?1)"), err);

    if (st == NULL) {
        return PACS_E_IO;
    }

    sqlite3_bind_int64(st, 1, patient);

    int  code = pacs_sqlite_run(&ix->writer, st, err);

    if (code == PACS_OK) {
        ix->tx.patients -= sqlite3_changes(ix->writer.db);
    }
    return code;
}


/* the patient's attributes as the study's row has them now */
static int
study_patient(pacs_sqlite_t *ix, pacs_str_t uid, pacs_str_t *values,
    pacs_arena_t *a, pacs_err_t *err)
{
    pacs_columns_t  *cs = &ix->columns[PACS_LEVEL_STUDY];
    sqlite3_stmt    *st = pacs_sqlite_fixed(ix, &ix->writer, PACS_Q_STUDY,
                                            err);

    if (st == NULL) {
        return PACS_E_IO;
    }

    pacs_sqlite_bind(st, 1, uid);

    int  rc = sqlite3_step(st);

    for (unsigned i = 0; rc == SQLITE_ROW && i < cs->n; i++) {
        if (cs->c[i].part == PACS_C_VALUE) {
            values[cs->c[i].attr] = pacs_str_copy(a,
                pacs_sqlite_column(st, 3 + (int) i));
        }
    }

    int  code = rc == SQLITE_ROW ? PACS_OK
                                 : pacs_sqlite_fail(&ix->writer, err);

    sqlite3_reset(st);
    return code;
}


static int
set_patient(pacs_sqlite_t *ix, int64_t study, int64_t patient,
    pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_text(&ix->writer, pacs_lit(
        "UPDATE study SET patient = ? WHERE id = ?"), err);

    if (st == NULL) {
        return PACS_E_IO;
    }
    sqlite3_bind_int64(st, 1, patient);
    sqlite3_bind_int64(st, 2, study);
    return pacs_sqlite_run(&ix->writer, st, err);
}


int
pacs_sqlite_relink(pacs_sqlite_t *ix, pacs_str_t uid, int64_t study,
    int64_t *patient, pacs_err_t *err)
{
    pacs_arena_t  *a = pacs_arena_create(0);
    pacs_str_t    *values = a == NULL ? NULL
                            : pacs_calloc(a, pacs_nattrs, sizeof(*values));
    int64_t        old = *patient;
    int            code = values == NULL
                          ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                          : study_patient(ix, uid, values, a, err);

    if (code == PACS_OK) {
        code = find_patient(ix, uid, values, patient, err);
    }
    if (code == PACS_OK && *patient != old) {
        code = set_patient(ix, study, *patient, err);
        if (code == PACS_OK) {
            code = pacs_sqlite_drop_patient(ix, old, err);
        }
    }

    pacs_arena_destroy(a);
    return code;
}


/* --- studies and series --- */


static int
insert_study(pacs_sqlite_t *ix, const pacs_record_t *r, parent_t *study,
    pacs_err_t *err)
{
    int64_t        patient = 0;
    int            code = find_patient(ix, r->study, r->values, &patient, err);
    sqlite3_stmt  *st = code != PACS_OK ? NULL
        : pacs_sqlite_fixed(ix, &ix->writer, PACS_Q_STUDY_INSERT, err);

    if (st == NULL) {
        return code != PACS_OK ? code : PACS_E_IO;
    }

    pacs_sqlite_bind(st, 1, r->study);
    sqlite3_bind_int64(st, 2, patient);
    sqlite3_bind_int64(st, 3, ix->tx.revision);
    sqlite3_bind_int64(st, 4, r->received_us);
    for (int i = 5; i <= 7; i++) {
        sqlite3_bind_int(st, i, 0);
    }
    pacs_sqlite_bind(st, 8, pacs_null);

    code = insert_columns(ix, st, 9, PACS_LEVEL_STUDY, r->values, err);
    *study = (parent_t) { .id = last_id(ix), .patient = patient };
    ix->tx.studies++;
    return code;
}


/* a patient's attribute that was filled in may tell who the patient is */
static int
fill_study(pacs_sqlite_t *ix, const pacs_record_t *r, parent_t *study,
    pacs_err_t *err)
{
    bool  set[sizeof(study->empty)], of_patient = false;
    int   code = fill_in(ix, "study", &ix->columns[PACS_LEVEL_STUDY], study,
                         r, false, set, err);

    for (unsigned i = 0; code == PACS_OK && i < pacs_nattrs; i++) {
        of_patient |= set[i] && pacs_attrs[i].level == PACS_LEVEL_PATIENT;
    }
    return of_patient ? pacs_sqlite_relink(ix, r->study, study->id,
                                           &study->patient, err)
                      : code;
}


static int
find_study(pacs_sqlite_t *ix, const pacs_record_t *r, parent_t *study,
    pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, &ix->writer, PACS_Q_STUDY, err);

    if (st == NULL) {
        return PACS_E_IO;
    }

    pacs_sqlite_bind(st, 1, r->study);

    int  code = read_parent(ix, st, &ix->columns[PACS_LEVEL_STUDY], study,
                            err);

    return code == PACS_OK ? fill_study(ix, r, study, err)
           : code == PACS_E_NOT_FOUND ? insert_study(ix, r, study, err)
           : code;
}


static int
insert_series(pacs_sqlite_t *ix, const pacs_record_t *r, int64_t study,
    parent_t *series, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, &ix->writer,
                                          PACS_Q_SERIES_INSERT, err);

    if (st == NULL) {
        return PACS_E_IO;
    }

    pacs_sqlite_bind(st, 1, r->series);
    sqlite3_bind_int64(st, 2, study);
    sqlite3_bind_int(st, 3, 0);
    sqlite3_bind_int(st, 4, 0);

    int  code = insert_columns(ix, st, 5, PACS_LEVEL_SERIES, r->values, err);

    *series = (parent_t) { .id = last_id(ix) };
    ix->tx.series++;
    return code;
}


int
pacs_sqlite_modalities(pacs_sqlite_t *ix, int64_t study, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, &ix->writer,
                                          PACS_Q_STUDY_MODALITIES, err);

    if (st == NULL) {
        return PACS_E_IO;
    }
    sqlite3_bind_int64(st, 1, study);
    return pacs_sqlite_run(&ix->writer, st, err);
}


/* *changed: the modalities of the study may have */
static int
find_series(pacs_sqlite_t *ix, const pacs_record_t *r, int64_t study,
    parent_t *series, bool *is_new, bool *changed, pacs_err_t *err)
{
    pacs_columns_t  *cs = &ix->columns[PACS_LEVEL_SERIES];
    bool             set[sizeof(series->empty)];
    sqlite3_stmt    *st = pacs_sqlite_fixed(ix, &ix->writer, PACS_Q_SERIES,
                                            err);

    *is_new = *changed = false;
    if (st == NULL) {
        return PACS_E_IO;
    }

    sqlite3_bind_int64(st, 1, study);
    pacs_sqlite_bind(st, 2, r->series);

    int  code = read_parent(ix, st, cs, series, err);

    if (code == PACS_E_NOT_FOUND) {
        *is_new = *changed = true;
        return insert_series(ix, r, study, series, err);
    }
    if (code == PACS_OK) {
        code = fill_in(ix, "series", cs, series, r, true, set, err);
        *changed = series->empty[A_Modality];
    }
    return code;
}


/* --- instances --- */


static int
insert_instance(pacs_sqlite_t *ix, const pacs_record_t *r, int64_t series,
    pacs_err_t *err)
{
    const pacs_pixels_t  *px = &r->pixels;
    const int64_t         numbers[] = {
        px->rows, px->columns, px->frames, px->samples, px->allocated,
        px->stored, px->high_bit, px->is_signed, px->planar, px->is_float,
        px->photometric
    };
    sqlite3_stmt         *st = pacs_sqlite_fixed(ix, &ix->writer,
                                                 PACS_Q_INSTANCE_INSERT, err);

    if (st == NULL) {
        return PACS_E_IO;
    }

    pacs_sqlite_bind(st, 1, r->instance);
    sqlite3_bind_int64(st, 2, series);
    pacs_sqlite_bind(st, 3, r->class_uid);
    pacs_sqlite_bind(st, 4, r->syntax_uid);
    pacs_sqlite_bind(st, 5, r->key);
    sqlite3_bind_int64(st, 6, (int64_t) r->size);
    sqlite3_bind_int64(st, 7, (int64_t) r->start);
    sqlite3_bind_int64(st, 8, r->received_us);
    pacs_sqlite_bind(st, 9, clamp(r->source));
    for (int i = 0; i < 11; i++) {
        sqlite3_bind_int64(st, 10 + i, numbers[i]);
    }

    ix->tx.instances++;
    ix->tx.bytes += (int64_t) r->size;
    return insert_columns(ix, st, 21, PACS_LEVEL_INSTANCE, r->values, err);
}


static void
bind_blob(sqlite3_stmt *st, int at, pacs_str_t s)
{
    sqlite3_bind_blob64(st, at, s.len != 0 ? s.data : "", s.len,
                        SQLITE_STATIC);
}


static int
insert_data(pacs_sqlite_t *ix, const pacs_record_t *r, int64_t id,
    pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, &ix->writer,
                                          PACS_Q_DATA_INSERT, err);

    if (st == NULL) {
        return PACS_E_IO;
    }

    sqlite3_bind_int64(st, 1, id);
    bind_blob(st, 2, r->frames);
    bind_blob(st, 3, r->look);
    bind_blob(st, 4, r->metadata);

    int  code = pacs_sqlite_run(&ix->writer, st, err);

    sqlite3_clear_bindings(st);
    return code;
}


static int
count(pacs_sqlite_t *ix, const pacs_record_t *r, int64_t study,
    int64_t series, bool new_series, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, &ix->writer, PACS_Q_STUDY_COUNT,
                                          err);
    sqlite3_stmt  *se = pacs_sqlite_fixed(ix, &ix->writer,
                                          PACS_Q_SERIES_COUNT, err);

    if (st == NULL || se == NULL) {
        return PACS_E_IO;
    }

    sqlite3_bind_int64(st, 1, ix->tx.revision);
    sqlite3_bind_int64(st, 2, r->received_us);
    sqlite3_bind_int(st, 3, new_series);
    sqlite3_bind_int64(st, 4, study);
    sqlite3_bind_int64(se, 1, series);

    int  code = pacs_sqlite_run(&ix->writer, st, err);

    return code == PACS_OK ? pacs_sqlite_run(&ix->writer, se, err) : code;
}


static int
undelete(pacs_sqlite_t *ix, const pacs_record_t *r, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, &ix->writer, PACS_Q_UNDELETE,
                                          err);

    if (st == NULL) {
        return PACS_E_IO;
    }
    pacs_sqlite_bind(st, 1, r->study);
    pacs_sqlite_bind(st, 2, r->series);
    pacs_sqlite_bind(st, 3, r->instance);
    return pacs_sqlite_run(&ix->writer, st, err);
}


/* PACS_E_NOT_FOUND: nothing of this UID is there */
static int
find_instance(pacs_sqlite_t *ix, pacs_record_t *r, pacs_put_e *known,
    pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, &ix->writer,
                                          PACS_Q_INSTANCE_KNOWN, err);
    int            code = PACS_E_NOT_FOUND;

    if (st == NULL) {
        return PACS_E_IO;
    }

    pacs_sqlite_bind(st, 1, r->instance);

    int  rc = sqlite3_step(st);

    if (rc == SQLITE_ROW) {
        bool  same = pacs_str_eq(pacs_sqlite_column(st, 0), r->key)
                     && pacs_str_eq(pacs_sqlite_column(st, 1), r->series)
                     && pacs_str_eq(pacs_sqlite_column(st, 2), r->study);

        *known = same ? PACS_PUT_SAME : PACS_PUT_KNOWN;
        r->revision = sqlite3_column_int64(st, 3);
        code = PACS_OK;

    } else if (rc != SQLITE_DONE) {
        code = pacs_sqlite_fail(&ix->writer, err);
    }

    sqlite3_reset(st);
    return code;
}


static int
put_new(pacs_sqlite_t *ix, pacs_record_t *r, pacs_err_t *err)
{
    parent_t  study, series;
    bool      new_series, changed;
    int       code = pacs_sqlite_revise(ix, &r->revision, err);

    if (code == PACS_OK) {
        code = find_study(ix, r, &study, err);
    }
    if (code == PACS_OK) {
        code = find_series(ix, r, study.id, &series, &new_series, &changed,
                           err);
    }
    if (code == PACS_OK && changed) {
        code = pacs_sqlite_modalities(ix, study.id, err);
    }
    if (code == PACS_OK) {
        code = insert_instance(ix, r, series.id, err);
    }
    if (code == PACS_OK) {
        code = insert_data(ix, r, last_id(ix), err);
    }
    if (code == PACS_OK) {
        code = count(ix, r, study.id, series.id, new_series, err);
    }
    return code == PACS_OK ? undelete(ix, r, err) : code;
}


int
pacs_sqlite_put(pacs_index_t *base, pacs_record_t *records,
    pacs_put_e *known, unsigned n, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    int             code = pacs_sqlite_begin(ix, err);

    if (code != PACS_OK) {
        return code;
    }

    for (unsigned i = 0; code == PACS_OK && i < n; i++) {
        code = find_instance(ix, &records[i], &known[i], err);
        if (code == PACS_E_NOT_FOUND) {
            known[i] = PACS_PUT_NEW;
            code = put_new(ix, &records[i], err);
        }
    }

    return pacs_sqlite_end(ix, code, err);
}
