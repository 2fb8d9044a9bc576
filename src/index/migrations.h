/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The schema's history: migration n (from 1) leads from user_version n - 1
 * to n.  What was released is never edited; a change is a new entry.
 */

#ifndef PACS_INDEX_MIGRATIONS_H
#define PACS_INDEX_MIGRATIONS_H

extern const char *const  pacs_migrations[];
extern const unsigned     pacs_nmigrations;

#endif
