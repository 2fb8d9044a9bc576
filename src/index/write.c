/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * put: what the first instance of a study, series or patient says stays; a
 * value that was empty is filled in by a later instance.
 */

#include "index/row.h"


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


static int
insert_study(pacs_sqlite_t *ix, const pacs_record_t *r, pacs_parent_t *study,
    pacs_err_t *err)
{
    int64_t        patient = 0;
    int            code = pacs_sqlite_patient(ix, r->study, r->values,
                                              &patient, err);
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

    code = pacs_row_insert(ix, st, 9, PACS_LEVEL_STUDY, r->values, err);
    *study = (pacs_parent_t) { .id = pacs_row_id(ix), .patient = patient };
    ix->tx.studies++;
    return code;
}


/* a patient's attribute that was filled in may tell who the patient is */
static int
fill_study(pacs_sqlite_t *ix, const pacs_record_t *r, pacs_parent_t *study,
    pacs_err_t *err)
{
    bool  set[sizeof(study->empty)], of_patient = false;
    int   code = pacs_row_fill_in(ix, "study", &ix->columns[PACS_LEVEL_STUDY],
                                  study, r, false, set, err);

    for (unsigned i = 0; code == PACS_OK && i < pacs_nattrs; i++) {
        of_patient |= set[i] && pacs_attrs[i].level == PACS_LEVEL_PATIENT;
    }
    return of_patient ? pacs_sqlite_relink(ix, r->study, study->id,
                                           &study->patient, err)
                      : code;
}


static int
find_study(pacs_sqlite_t *ix, const pacs_record_t *r, pacs_parent_t *study,
    pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, &ix->writer, PACS_Q_STUDY, err);

    if (st == NULL) {
        return PACS_E_IO;
    }

    pacs_sqlite_bind(st, 1, r->study);

    int  code = pacs_row_read(ix, st, &ix->columns[PACS_LEVEL_STUDY], study,
                              err);

    return code == PACS_OK ? fill_study(ix, r, study, err)
           : code == PACS_E_NOT_FOUND ? insert_study(ix, r, study, err)
           : code;
}


int
pacs_sqlite_insert_series(pacs_sqlite_t *ix, const pacs_record_t *r,
    int64_t study, unsigned n, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_fixed(ix, &ix->writer,
                                          PACS_Q_SERIES_INSERT, err);

    if (st == NULL) {
        return PACS_E_IO;
    }

    pacs_sqlite_bind(st, 1, r->series);
    sqlite3_bind_int64(st, 2, study);
    sqlite3_bind_int(st, 3, 0);
    sqlite3_bind_int64(st, 4, n);
    ix->tx.series++;
    return pacs_row_insert(ix, st, 5, PACS_LEVEL_SERIES, r->values, err);
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
    pacs_parent_t *series, bool *is_new, bool *changed, pacs_err_t *err)
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

    int  code = pacs_row_read(ix, st, cs, series, err);

    if (code == PACS_E_NOT_FOUND) {
        *is_new = *changed = true;
        code = pacs_sqlite_insert_series(ix, r, study, 0, err);
        *series = (pacs_parent_t) { .id = pacs_row_id(ix) };
        return code;
    }
    if (code == PACS_OK) {
        code = pacs_row_fill_in(ix, "series", cs, series, r, true, set, err);
        *changed = series->empty[PACS_A_Modality];
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
    pacs_sqlite_bind(st, 9, pacs_row_clamp(r->source));
    for (int i = 0; i < 11; i++) {
        sqlite3_bind_int64(st, 10 + i, numbers[i]);
    }

    ix->tx.instances++;
    ix->tx.bytes += (int64_t) r->size;
    return pacs_row_insert(ix, st, 21, PACS_LEVEL_INSTANCE, r->values, err);
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


int
pacs_sqlite_put_instance(pacs_sqlite_t *ix, const pacs_record_t *r,
    int64_t series, pacs_err_t *err)
{
    int  code = insert_instance(ix, r, series, err);

    return code != PACS_OK ? code
           : insert_data(ix, r, pacs_row_id(ix), err);
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
    pacs_parent_t  study, series;
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
        code = pacs_sqlite_put_instance(ix, r, series.id, err);
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
