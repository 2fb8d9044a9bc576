/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Ranks: what finds studies in the order of an answer, newest first, without
 * sorting.  A study's rank is how long ago its date is above its id: the lowest
 * one is the newest.
 *
 *   study_name      trigrams of patients' names: "=" first group "=" other
 *                   groups "="
 *   study_word      words of patients' names, and sounds: pacs_name_words();
 *                   and their beginnings, or "a" would read a tenth of it
 *   study_modality  (modality, rank): once for each modality of a study
 *
 * Triggers keep both right.
 */

#ifndef PACS_INDEX_RANK_H
#define PACS_INDEX_RANK_H

#include "index/sqlite.h"

#define PACS_RANK(row)  "pacs_rank(" row ".study_date, " row ".id)"

#define PACS_RANK_DROP                                                        \
    "DROP TRIGGER IF EXISTS rank_study_new;"                                  \
    "DROP TRIGGER IF EXISTS rank_study_gone;"                                 \
    "DROP TRIGGER IF EXISTS rank_study_name;"                                 \
    "DROP TRIGGER IF EXISTS rank_study_date;"                                 \
    "DROP TRIGGER IF EXISTS rank_series_new;"                                 \
    "DROP TRIGGER IF EXISTS rank_series_gone;"                                \
    "DROP TRIGGER IF EXISTS rank_series_modality;"

#define PACS_RANK_WORD_TABLE                                                  \
    "DROP TABLE IF EXISTS study_word;"                                        \
    "CREATE VIRTUAL TABLE study_word USING fts5 (words,"                      \
    "    content = '', columnsize = 0, prefix = '1 2 3 4 5',"                 \
    "    tokenize = \"ascii tokenchars '#'\");"

#define PACS_RANK_WORD_FILL                                                   \
    "INSERT INTO study_word (rowid, words)"                                   \
    "    SELECT " PACS_RANK("s") " AS r, s.patient_name_w"                    \
    "    FROM study s ORDER BY r;"                                            \
    "INSERT INTO study_word (study_word) VALUES ('optimize');"

#define PACS_RANK_TABLES                                                      \
    PACS_RANK_WORD_TABLE                                                      \
    "DROP TABLE IF EXISTS study_name; DROP TABLE IF EXISTS study_modality;"   \
    "CREATE VIRTUAL TABLE study_name USING fts5 (name,"                       \
    "    content = '', columnsize = 0,"                                       \
    "    tokenize = 'trigram case_sensitive 1');"                             \
    "CREATE TABLE study_modality (modality TEXT NOT NULL,"                    \
    "    rank INTEGER NOT NULL, PRIMARY KEY (modality, rank)) WITHOUT ROWID;"

#define PACS_RANK_TEXT(row)                                                   \
    "'=' || " row ".patient_name_n || '=' || " row ".patient_name_m || '='"

#define PACS_RANK_MODALITIES                                                  \
    "SELECT DISTINCT e.modality, " PACS_RANK("s") " FROM series e"            \
    " JOIN study s ON s.id = e.study WHERE e.modality > ''"

/* from what the tables hold */
#define PACS_RANK_FILL                                                        \
    "INSERT INTO study_name (rowid, name)"                                    \
    "    SELECT " PACS_RANK("s") " AS r, " PACS_RANK_TEXT("s")                \
    "    FROM study s ORDER BY r;"                                            \
    "INSERT INTO study_name (study_name) VALUES ('optimize');"                \
    PACS_RANK_WORD_FILL                                                       \
    "INSERT INTO study_modality " PACS_RANK_MODALITIES " ORDER BY 1, 2;"

#define PACS_RANK_OLD_NAME                                                    \
    "INSERT INTO study_name (study_name, rowid, name) VALUES ('delete', "     \
    PACS_RANK("old") ", " PACS_RANK_TEXT("old") ");"                          \
    "INSERT INTO study_word (study_word, rowid, words) VALUES ('delete', "    \
    PACS_RANK("old") ", old.patient_name_w);"
#define PACS_RANK_NEW_NAME                                                    \
    "INSERT INTO study_name (rowid, name) VALUES ("                           \
    PACS_RANK("new") ", " PACS_RANK_TEXT("new") ");"                          \
    "INSERT INTO study_word (rowid, words) VALUES ("                          \
    PACS_RANK("new") ", new.patient_name_w);"
#define PACS_RANK_NEW_MODALITY                                                \
    "INSERT OR IGNORE INTO study_modality SELECT new.modality, "              \
    PACS_RANK("s") " FROM study s WHERE s.id = new.study"                     \
    " AND new.modality > '';"
#define PACS_RANK_OLD_MODALITY                                                \
    "DELETE FROM study_modality WHERE modality = old.modality"                \
    " AND rank = (SELECT " PACS_RANK("s") " FROM study s"                     \
    "    WHERE s.id = old.study)"                                             \
    " AND NOT EXISTS (SELECT 1 FROM series e WHERE e.study = old.study"       \
    "    AND e.modality = old.modality);"

/* a study goes after its series, so that the last one finds its date */
#define PACS_RANK_TRIGGERS                                                    \
    "CREATE TRIGGER rank_study_new AFTER INSERT ON study BEGIN "              \
    PACS_RANK_NEW_NAME " END;"                                                \
    "CREATE TRIGGER rank_study_gone AFTER DELETE ON study BEGIN "             \
    PACS_RANK_OLD_NAME " END;"                                                \
    "CREATE TRIGGER rank_study_name AFTER UPDATE OF patient_name_n,"          \
    " patient_name_m, patient_name_w, study_date ON study BEGIN "             \
    PACS_RANK_OLD_NAME PACS_RANK_NEW_NAME " END;"                             \
    "CREATE TRIGGER rank_study_date AFTER UPDATE OF study_date ON study"      \
    " WHEN old.study_date <> new.study_date BEGIN"                            \
    " UPDATE study_modality SET rank = " PACS_RANK("new")                     \
    " WHERE rank = " PACS_RANK("old") " AND modality IN"                      \
    " (SELECT modality FROM series WHERE study = new.id); END;"               \
    "CREATE TRIGGER rank_series_new AFTER INSERT ON series BEGIN "            \
    PACS_RANK_NEW_MODALITY " END;"                                            \
    "CREATE TRIGGER rank_series_gone AFTER DELETE ON series BEGIN "           \
    PACS_RANK_OLD_MODALITY " END;"                                            \
    "CREATE TRIGGER rank_series_modality AFTER UPDATE OF modality ON series"  \
    " BEGIN " PACS_RANK_OLD_MODALITY PACS_RANK_NEW_MODALITY " END;"

/* of a rank: the id */
#define PACS_RANK_IDS  INT64_C(0xfffffffff)

/* the lowest rank of a date, against the order of its text */
int64_t pacs_rank(pacs_str_t date);
/* pacs_rank(date, id) in SQL */
void pacs_rank_sql(sqlite3_context *ctx, int n, sqlite3_value **v);

/* empties the tables of studies and series, and those that follow them */
int pacs_rank_clear(pacs_conn_t *c, pacs_err_t *err);

#endif
