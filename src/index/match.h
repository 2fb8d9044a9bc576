/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * DICOM matching, PS3.4 C.2.2.2: what a key's value asks for, checked and
 * taken apart, the same for every database.
 */

#ifndef PACS_INDEX_MATCH_H
#define PACS_INDEX_MATCH_H

#include "index/index.h"

typedef struct {
    pacs_str_t  text;       /* TEXT, NAME, UID, MULTI: value or pattern */
    bool        wild;       /* text has '*' or '?' */
    pacs_str_t  low, high;  /* DATE, TIME, WHEN: inclusive; len 0: open */
    bool        range;      /* the same: it has a '-' */
    double      number;     /* NUMBER */
} pacs_wanted_t;

typedef struct {
    bool            universal;
    bool            empty;      /* no value is asked for */
    bool            every;      /* all of wanted must match, else one of them */
    bool            grouped;    /* NAME: the key has '=': all groups given */
    unsigned        n;          /* values */
    pacs_wanted_t  *wanted;
} pacs_matching_t;

/* how: PACS_HOW_… */
int pacs_matching_parse(const pacs_attr_t *attr, pacs_str_t value,
    unsigned how, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_matching_t *m, pacs_err_t *err);

/* lower case, without accents; components trimmed, empty ones at the end of
 * a group left out; groups and wildcards stay */
pacs_str_t pacs_name_fold(pacs_str_t name, pacs_arena_t *a);
/* a folded name's first group, and the others: len 0 if all are empty */
void pacs_name_groups(pacs_str_t folded, pacs_str_t *first, pacs_str_t *rest);

/* words of a folded name, each followed by '#' and how it sounds, if it has a
 * sound, between single blanks: "meyer #67 anna #06" */
pacs_str_t pacs_name_words(pacs_str_t folded, pacs_arena_t *a);
/* takes a word and its sound ("#67", or len 0) off them; false: no more */
bool pacs_name_word(pacs_str_t *words, pacs_str_t *word, pacs_str_t *sound);

enum { PACS_WHEN = 22 };        /* "YYYYMMDDHHMMSS.FFFFFF" */

/* the first or last moment that a DT value may mean; false: not one */
bool pacs_when(pacs_str_t s, bool last, char out[PACS_WHEN]);

/* does one of the '\'-delimited values match a pattern of '*' and '?' */
bool pacs_any_match(pacs_str_t pattern, pacs_str_t values);
/* is there a place where both do */
bool pacs_item_match(const pacs_str_t patterns[2],
    const pacs_str_t values[2]);

#endif
