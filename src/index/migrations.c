/* SPDX-License-Identifier: BSD-2-Clause */

#include "index/migrations.h"
#include "index/rank.h"

/*
 * Values are text as DICOM writes it, in UTF-8; '' is absent or empty.
 * <name>_n: first component group of a person name, folded for matching;
 * <name>_m: its other groups; <name>_w: see pacs_name_words.
 */

/* again, as names are folded now */
#define FOLD(table, name)                                                     \
    "UPDATE " table " SET " name " = pacs_fold(" name ")"                     \
    "    WHERE " name " != pacs_fold(" name ");"

const char *const  pacs_migrations[] = {

    /* 1: the first schema */
    "CREATE TABLE meta ("
    "    name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO meta VALUES ('revision', 0);"

    "CREATE TABLE totals ("
    "    id INTEGER PRIMARY KEY,"
    "    patients INTEGER NOT NULL, studies INTEGER NOT NULL,"
    "    series INTEGER NOT NULL, instances INTEGER NOT NULL,"
    "    bytes INTEGER NOT NULL);"
    "INSERT INTO totals VALUES (1, 0, 0, 0, 0, 0);"

    /* pkey: PatientID \ issuer; without PatientID: \ Study Instance UID */
    "CREATE TABLE patient ("
    "    id INTEGER PRIMARY KEY, pkey TEXT NOT NULL UNIQUE,"
    "    patient_name TEXT NOT NULL, patient_name_n TEXT NOT NULL,"
    "    patient_name_m TEXT NOT NULL, patient_id TEXT NOT NULL,"
    "    patient_id_issuer TEXT NOT NULL, patient_birth_date TEXT NOT NULL,"
    "    patient_sex TEXT NOT NULL);"
    "CREATE INDEX patient_order ON patient (patient_name_n, id);"

    "CREATE TABLE study ("
    "    id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE,"
    "    patient INTEGER NOT NULL, revision INTEGER NOT NULL,"
    "    received_us INTEGER NOT NULL, corrected INTEGER NOT NULL,"
    "    nseries INTEGER NOT NULL, ninstances INTEGER NOT NULL,"
    "    modalities TEXT NOT NULL,"
    "    patient_name TEXT NOT NULL, patient_name_n TEXT NOT NULL,"
    "    patient_name_m TEXT NOT NULL, patient_id TEXT NOT NULL,"
    "    patient_id_issuer TEXT NOT NULL, patient_birth_date TEXT NOT NULL,"
    "    patient_sex TEXT NOT NULL,"
    "    study_date TEXT NOT NULL, study_time TEXT NOT NULL,"
    "    accession_number TEXT NOT NULL, institution_name TEXT NOT NULL,"
    "    referring_physician TEXT NOT NULL,"
    "    referring_physician_n TEXT NOT NULL,"
    "    referring_physician_m TEXT NOT NULL,"
    "    timezone_offset TEXT NOT NULL, study_description TEXT NOT NULL,"
    "    patient_age TEXT NOT NULL, study_id TEXT NOT NULL);"
    "CREATE UNIQUE INDEX study_order ON study (study_date DESC, uid);"
    /* the same with what people search for: a walk that reads no rows */
    "CREATE INDEX study_walk ON study (study_date DESC, uid, patient_name_n,"
    "    patient_name_m, patient_id, accession_number, study_description);"
    "CREATE INDEX study_patient ON study (patient);"
    "CREATE INDEX study_patient_id ON study (patient_id);"
    "CREATE INDEX study_patient_name ON study (patient_name_n);"
    "CREATE INDEX study_patient_name_m ON study (patient_name_m)"
    "    WHERE patient_name_m > '';"
    "CREATE INDEX study_birth_date ON study (patient_birth_date);"
    "CREATE INDEX study_accession ON study (accession_number);"
    "CREATE INDEX study_referring ON study (referring_physician_n);"
    "CREATE INDEX study_referring_m ON study (referring_physician_m)"
    "    WHERE referring_physician_m > '';"

    "CREATE TABLE series ("
    "    id INTEGER PRIMARY KEY, study INTEGER NOT NULL, uid TEXT NOT NULL,"
    "    corrected INTEGER NOT NULL, ninstances INTEGER NOT NULL,"
    "    series_date TEXT NOT NULL, series_time TEXT NOT NULL,"
    "    modality TEXT NOT NULL, manufacturer TEXT NOT NULL,"
    "    station_name TEXT NOT NULL, series_description TEXT NOT NULL,"
    "    performing_physician TEXT NOT NULL,"
    "    performing_physician_n TEXT NOT NULL,"
    "    performing_physician_m TEXT NOT NULL,"
    "    manufacturer_model TEXT NOT NULL, body_part TEXT NOT NULL,"
    "    protocol_name TEXT NOT NULL, series_number TEXT NOT NULL,"
    "    frame_of_reference TEXT NOT NULL, laterality TEXT NOT NULL,"
    "    step_start_date TEXT NOT NULL, step_start_time TEXT NOT NULL,"
    "    scheduled_step_id TEXT NOT NULL,"
    "    requested_procedure_id TEXT NOT NULL);"
    "CREATE UNIQUE INDEX series_order ON series (study, uid);"
    "CREATE INDEX series_uid ON series (uid);"
    "CREATE INDEX series_modality ON series (modality, study);"

    "CREATE TABLE instance ("
    "    id INTEGER PRIMARY KEY, series INTEGER NOT NULL,"
    "    uid TEXT NOT NULL UNIQUE, class_uid TEXT NOT NULL,"
    "    syntax_uid TEXT NOT NULL, key TEXT NOT NULL, size INTEGER NOT NULL,"
    "    start INTEGER NOT NULL, received_us INTEGER NOT NULL,"
    "    source TEXT NOT NULL,"
    "    px_rows INTEGER NOT NULL, px_columns INTEGER NOT NULL,"
    "    px_frames INTEGER NOT NULL, px_samples INTEGER NOT NULL,"
    "    px_allocated INTEGER NOT NULL, px_stored INTEGER NOT NULL,"
    "    px_high_bit INTEGER NOT NULL, px_signed INTEGER NOT NULL,"
    "    px_planar INTEGER NOT NULL, px_float INTEGER NOT NULL,"
    "    px_photometric INTEGER NOT NULL,"
    "    image_type TEXT NOT NULL, content_date TEXT NOT NULL,"
    "    content_time TEXT NOT NULL, acquisition_number TEXT NOT NULL,"
    "    instance_number TEXT NOT NULL, number_of_frames TEXT NOT NULL,"
    "    rows TEXT NOT NULL, columns TEXT NOT NULL,"
    "    bits_allocated TEXT NOT NULL);"
    "CREATE UNIQUE INDEX instance_order ON instance (series, uid);"

    /* apart, so that a walk over instance rows stays short */
    "CREATE TABLE instance_data ("
    "    id INTEGER PRIMARY KEY, frames BLOB NOT NULL, look BLOB NOT NULL,"
    "    metadata BLOB NOT NULL);"

    "CREATE TABLE deleted (uid TEXT PRIMARY KEY) WITHOUT ROWID;"

    "CREATE TABLE corrected ("
    "    study TEXT NOT NULL, series TEXT NOT NULL, instance TEXT NOT NULL,"
    "    keyword TEXT NOT NULL, value TEXT NOT NULL,"
    "    PRIMARY KEY (study, series, instance, keyword)) WITHOUT ROWID;"

    "CREATE TABLE conflict ("
    "    id INTEGER PRIMARY KEY, study TEXT NOT NULL, series TEXT NOT NULL,"
    "    instance TEXT NOT NULL, kept TEXT NOT NULL, other TEXT NOT NULL,"
    "    time_us INTEGER NOT NULL, source TEXT NOT NULL);"
    "CREATE UNIQUE INDEX conflict_keys ON conflict (instance, other);",

    /* 2: what changed lately */
    "CREATE INDEX study_revision ON study (revision);",

    /* 3: data sets that are no instances.  document_key: every value in them,
     * to be matched; path: tags without item numbers; item: of the sequence
     * that the path begins with, from 1; names folded as above */
    "CREATE TABLE document ("
    "    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, uid TEXT NOT NULL,"
    "    state TEXT NOT NULL, revision INTEGER NOT NULL,"
    "    created_us INTEGER NOT NULL, time_us INTEGER NOT NULL,"
    "    json TEXT NOT NULL);"
    "CREATE UNIQUE INDEX document_uid ON document (kind, uid);"
    "CREATE INDEX document_order ON document (kind, id);"

    "CREATE TABLE document_key ("
    "    document INTEGER NOT NULL, path TEXT NOT NULL,"
    "    item INTEGER NOT NULL, value TEXT NOT NULL, value_n TEXT NOT NULL,"
    "    value_m TEXT NOT NULL);"
    "CREATE INDEX document_key_owner ON document_key (document, path);"
    "CREATE INDEX document_key_value ON document_key (path, value);"
    "CREATE INDEX document_key_name ON document_key (path, value_n)"
    "    WHERE value_n > '';"

    /* what is said to whoever listens now; kept for minutes */
    "CREATE TABLE event ("
    "    id INTEGER PRIMARY KEY AUTOINCREMENT, time_us INTEGER NOT NULL,"
    "    receiver TEXT NOT NULL, json TEXT NOT NULL);"
    "CREATE INDEX event_time ON event (time_us);",

    /* 4: <name>_w, the words of a name and how they sound;
     * instances' date and time */
    "ALTER TABLE patient ADD COLUMN patient_name_w TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE study ADD COLUMN patient_name_w TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE study ADD COLUMN referring_physician_w TEXT NOT NULL"
    "    DEFAULT '';"
    "ALTER TABLE series ADD COLUMN performing_physician_w TEXT NOT NULL"
    "    DEFAULT '';"
    "ALTER TABLE instance ADD COLUMN acquisition_datetime TEXT NOT NULL"
    "    DEFAULT '';"

    FOLD("patient", "patient_name_n") FOLD("patient", "patient_name_m")
    FOLD("study", "patient_name_n") FOLD("study", "patient_name_m")
    FOLD("study", "referring_physician_n")
    FOLD("study", "referring_physician_m")
    FOLD("series", "performing_physician_n")
    FOLD("series", "performing_physician_m")
    "UPDATE patient SET patient_name_w ="
    "    pacs_words(patient_name_n || '=' || patient_name_m)"
    "    WHERE patient_name_n || patient_name_m > '';"
    "UPDATE study SET patient_name_w ="
    "    pacs_words(patient_name_n || '=' || patient_name_m),"
    "    referring_physician_w ="
    "    pacs_words(referring_physician_n || '=' || referring_physician_m)"
    "    WHERE patient_name_n || patient_name_m || referring_physician_n"
    "    || referring_physician_m > '';"
    "UPDATE series SET performing_physician_w ="
    "    pacs_words(performing_physician_n || '=' || performing_physician_m)"
    "    WHERE performing_physician_n || performing_physician_m > '';",

    /* 5: was 7 with other tables */
    "SELECT 1;",

    /* 6: words as in 4, of names in documents */
    "ALTER TABLE document_key ADD COLUMN value_w TEXT NOT NULL DEFAULT '';",

    /* 7: studies of a name, a word or a modality, newest first */
    PACS_RANK_DROP
    PACS_RANK_TABLES
    PACS_RANK_FILL
    PACS_RANK_TRIGGERS,

    /* 8: beginnings of words are found as words are */
    PACS_RANK_WORD_TABLE
    PACS_RANK_WORD_FILL
};

const unsigned  pacs_nmigrations = sizeof(pacs_migrations)
                                   / sizeof(pacs_migrations[0]);
