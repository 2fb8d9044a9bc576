/* SPDX-License-Identifier: BSD-2-Clause */

#include <stdio.h>
#include <string.h>

#include "index/sqlite.h"

const char  pacs_sqlite_record[] =
    "s.uid, e.uid, i.uid, i.class_uid, i.syntax_uid, i.key, i.size, i.start,"
    " i.received_us, i.source, i.px_rows, i.px_columns, i.px_frames,"
    " i.px_samples, i.px_allocated, i.px_stored, i.px_high_bit, i.px_signed,"
    " i.px_planar, i.px_float, i.px_photometric, s.revision, d.frames, d.look,"
    " ";

static const char *const  plain[PACS_Q_FIXED] = {
    [PACS_Q_BEGIN] = "BEGIN IMMEDIATE",
    [PACS_Q_COMMIT] = "COMMIT",
    [PACS_Q_ROLLBACK] = "ROLLBACK",
    [PACS_Q_REVISION_NEXT] =
        "UPDATE meta SET value = max(value + 1, ?) WHERE name = 'revision'"
        " RETURNING value",
    [PACS_Q_TOTALS] =
        "UPDATE totals SET patients = patients + ?, studies = studies + ?,"
        " series = series + ?, instances = instances + ?, bytes = bytes + ?",
    [PACS_Q_INSTANCE_KNOWN] =
        "SELECT i.key, e.uid, s.uid, s.revision FROM instance i"
        " JOIN series e ON e.id = i.series JOIN study s ON s.id = e.study"
        " WHERE i.uid = ?",
    [PACS_Q_DATA_INSERT] =
        "INSERT INTO instance_data (id, frames, look, metadata)"
        " VALUES (?, ?, ?, ?)",
    [PACS_Q_STUDY_COUNT] =
        "UPDATE study SET revision = ?, received_us = ?,"
        " ninstances = ninstances + 1, nseries = nseries + ? WHERE id = ?",
    [PACS_Q_SERIES_COUNT] =
        "UPDATE series SET ninstances = ninstances + 1 WHERE id = ?",
    /* a study without any modality says OT: OHIF's list of studies ends at
     * one that has none */
    [PACS_Q_STUDY_MODALITIES] =
        "UPDATE study SET modalities = (SELECT coalesce(group_concat("
        "modality, '\\'), 'OT') FROM (SELECT DISTINCT modality FROM series"
        " WHERE study = ?1 AND modality > '' ORDER BY modality))"
        " WHERE id = ?1",
    [PACS_Q_UNDELETE] = "DELETE FROM deleted WHERE uid IN (?, ?, ?)",
    [PACS_Q_CORRECTED] =
        "SELECT 1 FROM corrected WHERE study = ? AND series = ?"
        " AND instance = '' AND keyword = ?",
    [PACS_Q_REVISION_STUDY] = "SELECT revision FROM study WHERE uid = ?",
    [PACS_Q_REVISION_SERIES] =
        "SELECT s.revision FROM study s JOIN series e ON e.study = s.id"
        " WHERE s.uid = ? AND e.uid = ?",
    [PACS_Q_REVISION_INSTANCE] =
        "SELECT s.revision FROM instance i JOIN series e ON e.id = i.series"
        " JOIN study s ON s.id = e.study"
        " WHERE i.uid = ?3 AND s.uid = ?1 AND (?2 = '' OR e.uid = ?2)",
    [PACS_Q_REVISION_ALL] = "SELECT value FROM meta WHERE name = 'revision'",
    [PACS_Q_LATEST] =
        "SELECT (SELECT max(id) FROM patient), (SELECT max(id) FROM study),"
        " (SELECT max(id) FROM series), (SELECT max(id) FROM instance)",
    [PACS_Q_SPEAKER] =
        "SELECT d.metadata FROM study s CROSS JOIN series e ON e.study = s.id"
        " CROSS JOIN instance i ON i.series = e.id"
        " CROSS JOIN instance_data d ON d.id = i.id"
        " WHERE s.uid = ?1 AND (?2 = '' OR e.uid = ?2)"
        " ORDER BY e.uid, i.uid LIMIT 1",
    [PACS_Q_IS_DELETED] = "SELECT 1 FROM deleted WHERE uid IN (?, ?, ?)"
};

/* the rest is made of the columns that are filled from values */
static const struct {
    const char  *table;
    const char  *own;           /* columns before them, on insert and select */
    const char  *where;
    uint8_t      insert, select;
} tables[] = {
    [PACS_LEVEL_PATIENT] = { "patient", "pkey", "pkey = ?",
        PACS_Q_PATIENT_INSERT, PACS_Q_PATIENT },
    [PACS_LEVEL_STUDY] = { "study",
        "uid, patient, revision, received_us, corrected, nseries, ninstances,"
        " modalities", "uid = ?", PACS_Q_STUDY_INSERT, PACS_Q_STUDY },
    [PACS_LEVEL_SERIES] = { "series", "uid, study, corrected, ninstances",
        "study = ? AND uid = ?", PACS_Q_SERIES_INSERT, PACS_Q_SERIES },
    [PACS_LEVEL_INSTANCE] = { "instance",
        "uid, series, class_uid, syntax_uid, key, size, start, received_us,"
        " source, px_rows, px_columns, px_frames, px_samples, px_allocated,"
        " px_stored, px_high_bit, px_signed, px_planar, px_float,"
        " px_photometric", NULL, PACS_Q_INSTANCE_INSERT, 0 }
};


static void
add_column(pacs_columns_t *cs, int attr, const char *suffix, unsigned part)
{
    pacs_column_t  *c = &cs->c[cs->n++];

    c->attr = attr;
    c->part = part;
    snprintf(c->name, sizeof(c->name), "%s%s", pacs_attrs[attr].column,
             suffix);
}


static void
add_columns(pacs_columns_t *cs, unsigned level)
{
    for (unsigned i = 0; i < pacs_nattrs && cs->n + 4 <= PACS_COLUMNS; i++) {
        const pacs_attr_t  *attr = &pacs_attrs[i];

        if (attr->level != level || attr->computed != PACS_COMPUTED_NOT) {
            continue;
        }
        add_column(cs, (int) i, "", PACS_C_VALUE);
        if (attr->match == PACS_MATCH_NAME) {
            add_column(cs, (int) i, "_n", PACS_C_FIRST);
            add_column(cs, (int) i, "_m", PACS_C_REST);
            add_column(cs, (int) i, "_w", PACS_C_WORDS);
        }
    }
}


static unsigned
commas(const char *s)
{
    unsigned  n = 0;

    for (; *s != '\0'; s++) {
        n += *s == ',';
    }
    return n;
}


static char *
insert_text(unsigned level, const pacs_columns_t *cs)
{
    pacs_buf_t  b = { 0 };

    pacs_buf_printf(&b, "INSERT INTO %s (%s", tables[level].table,
                    tables[level].own);
    for (unsigned i = 0; i < cs->n; i++) {
        pacs_buf_printf(&b, ", %s", cs->c[i].name);
    }
    pacs_buf_text(&b, ") VALUES (?");
    for (unsigned i = commas(tables[level].own) + cs->n; i > 0; i--) {
        pacs_buf_text(&b, ", ?");
    }
    pacs_buf_add(&b, ")", 2);
    return b.data;
}


/* id, then for a study patient and corrected, for a series corrected, then
 * the values themselves */
static char *
select_text(unsigned level, const pacs_columns_t *cs)
{
    static const char *const  first[] = {
        [PACS_LEVEL_PATIENT] = "id, 0, 0", [PACS_LEVEL_STUDY] =
        "id, patient, corrected", [PACS_LEVEL_SERIES] = "id, 0, corrected"
    };
    pacs_buf_t  b = { 0 };

    pacs_buf_printf(&b, "SELECT %s", first[level]);
    for (unsigned i = 0; i < cs->n; i++) {
        pacs_buf_printf(&b, ", %s", cs->c[i].name);
    }
    pacs_buf_printf(&b, " FROM %s WHERE %s", tables[level].table,
                    tables[level].where);
    pacs_buf_add(&b, "", 1);
    return b.data;
}


/* a record, its metadata or '', and all attributes that are not service's */
static char *
get_text(const char *metadata)
{
    static const char *const  alias[] = { "s", "s", "e", "i" };
    pacs_buf_t                b = { 0 };

    pacs_buf_printf(&b, "SELECT %s%s", pacs_sqlite_record, metadata);
    for (unsigned i = 0; i < pacs_nattrs; i++) {
        if (pacs_attr_read(&pacs_attrs[i], PACS_LEVEL_INSTANCE)) {
            pacs_buf_printf(&b, ", %s.%s", alias[pacs_attrs[i].level],
                            pacs_attrs[i].column);
        }
    }
    pacs_buf_text(&b, " FROM instance i JOIN series e ON e.id = i.series"
                  " JOIN study s ON s.id = e.study"
                  " JOIN instance_data d ON d.id = i.id WHERE i.uid = ?");
    pacs_buf_add(&b, "", 1);
    return b.data;
}


int
pacs_sqlite_statements(pacs_sqlite_t *ix, pacs_err_t *err)
{
    add_columns(&ix->columns[PACS_LEVEL_STUDY], PACS_LEVEL_PATIENT);

    for (unsigned level = 0; level < 4; level++) {
        pacs_columns_t  *cs = &ix->columns[level];

        add_columns(cs, level);
        ix->fixed[tables[level].insert] = insert_text(level, cs);
        if (tables[level].where != NULL) {
            ix->fixed[tables[level].select] = select_text(level, cs);
        }
    }

    ix->fixed[PACS_Q_GET] = get_text("''");
    ix->fixed[PACS_Q_GET_METADATA] = get_text("d.metadata");

    for (unsigned q = 0; q < PACS_Q_FIXED; q++) {
        if (plain[q] != NULL) {
            ix->fixed[q] = strdup(plain[q]);
        }
        if (ix->fixed[q] == NULL) {
            return pacs_fail(err, PACS_E_NOMEM, "out of memory");
        }
    }
    return PACS_OK;
}
