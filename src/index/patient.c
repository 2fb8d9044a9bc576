/* SPDX-License-Identifier: BSD-2-Clause */

#include "index/row.h"


/* what makes a patient one: PatientID and its issuer; a study without
 * PatientID is a patient of its own */
static pacs_str_t
patient_key(pacs_arena_t *a, pacs_str_t uid, const pacs_str_t *values)
{
    pacs_str_t  id = pacs_row_value(values, PACS_A_PatientID);
    pacs_str_t  issuer = pacs_row_value(values, PACS_A_IssuerOfPatientID);

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

    int  code = pacs_row_insert(ix, st, 2, PACS_LEVEL_PATIENT, values, err);

    *id = pacs_row_id(ix);
    ix->tx.patients++;
    return code;
}


int
pacs_sqlite_patient(pacs_sqlite_t *ix, pacs_str_t uid, const pacs_str_t *values,
    int64_t *id, pacs_err_t *err)
{
    pacs_columns_t  *cs = &ix->columns[PACS_LEVEL_PATIENT];
    pacs_arena_t    *a = pacs_arena_create(0);
    sqlite3_stmt    *st = pacs_sqlite_fixed(ix, &ix->writer, PACS_Q_PATIENT,
                                            err);
    pacs_parent_t         p;
    bool             set[sizeof(p.empty)];

    if (a == NULL || st == NULL) {
        pacs_arena_destroy(a);
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    pacs_str_t  key = patient_key(a, uid, values);

    pacs_sqlite_bind(st, 1, key);

    int  code = pacs_row_read(ix, st, cs, &p, err);

    if (code == PACS_E_NOT_FOUND) {
        code = insert_patient(ix, key, values, id, err);

    } else if (code == PACS_OK) {
        *id = p.id;
        if (pacs_row_to_fill(cs, &p, values, set)) {
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
        code = pacs_sqlite_patient(ix, uid, values, patient, err);
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
