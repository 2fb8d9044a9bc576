/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A query by ranks: studies of a name or a modality come newest first, so
 * that a page ends the search however many there are.  Ranks do not have the
 * order of an answer within a day: a first statement finds the studies down
 * to the day on which the page ends, a second one reads and sorts them.
 */

#include "index/cond.h"
#include "index/rank.h"

enum { TRIGRAM = 3 };

enum {
    TAG_STUDY_DATE = 0x00080020, TAG_MODALITY = 0x00080060,
    TAG_MODALITIES = 0x00080061, TAG_NAME = 0x00100010
};


static size_t
characters(pacs_str_t s)
{
    size_t  n = 0;

    for (size_t i = 0; i < s.len; i++) {
        n += ((unsigned char) s.data[i] & 0xc0) != 0x80;
    }
    return n;
}


/* a string of FTS5 */
static void
put_string(pacs_buf_t *b, pacs_str_t s)
{
    pacs_buf_char(b, '"');
    for (size_t i = 0; i < s.len; i++) {
        pacs_buf_add(b, s.data + i, 1);
        if (s.data[i] == '"') {
            pacs_buf_char(b, '"');
        }
    }
    pacs_buf_char(b, '"');
}


/* a phrase for each run of a pattern that has a trigram */
static bool
put_runs(pacs_buf_t *b, pacs_str_t pattern, bool any)
{
    for (size_t i = 0; i < pattern.len; i++) {
        pacs_str_t  run = { pattern.data + i, 0 };

        run.len = pacs_sql_literal((pacs_str_t) { run.data,
                                                  pattern.len - i });
        i += run.len;
        if (characters(run) >= TRIGRAM) {
            pacs_buf_text(b, any ? " AND " : "");
            put_string(b, run);
            any = true;
        }
    }
    return any;
}


/* what must be in the name: "=" divides its groups, and ends them */
static bool
put_name(pacs_buf_t *b, pacs_str_t wanted, pacs_arena_t *a)
{
    pacs_str_t  group;
    bool        any = false;

    while (pacs_str_split(&wanted, '=', &group)) {
        any = group.len == 0 ? any
              : put_runs(b, pacs_sprintf(a, "=%.*s=", pacs_fmt(group)), any);
    }
    return any;
}


/* the tokenizer divides a word at what is neither */
static bool
has_token(pacs_str_t word)
{
    for (size_t i = 0; i < word.len; i++) {
        unsigned char  c = (unsigned char) word.data[i];

        if (c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')) {
            return true;
        }
    }
    return false;
}


/* each word begins one of the name's, or sounds like it */
static bool
put_words(pacs_buf_t *b, pacs_str_t wanted, pacs_arena_t *a)
{
    pacs_str_t  words = pacs_name_words(wanted, a), word, sound;
    bool        any = false;

    while (pacs_name_word(&words, &word, &sound)) {
        if (!has_token(word)) {
            continue;
        }
        pacs_buf_text(b, any ? " AND (" : "(");
        put_string(b, word);
        pacs_buf_text(b, " *");
        if (sound.len != 0) {
            pacs_buf_text(b, " OR ");
            put_string(b, sound);
        }
        pacs_buf_text(b, ")");
        any = true;
    }
    return any;
}


static bool
of_names(const pacs_matching_t *m, bool fuzzy, pacs_arena_t *a,
    pacs_ranked_t *r)
{
    pacs_buf_t  b = { 0 };
    bool        all = true;

    for (unsigned k = 0; k < m->n && all; k++) {
        pacs_buf_text(&b, k != 0 ? ") OR (" : "(");
        all = (fuzzy ? put_words : put_name)(&b, m->wanted[k].text, a);
    }
    pacs_buf_text(&b, ")");

    r->wanted = pacs_buf_take(&b, a);
    r->kind = fuzzy ? PACS_RANKED_WORD : PACS_RANKED_NAME;
    return all && r->wanted.data != NULL;
}


static void
within_dates(const pacs_matching_t *m, pacs_ranked_t *r)
{
    if (m->wanted[0].low.len != 0) {
        r->high = pacs_rank(m->wanted[0].low) | PACS_RANK_IDS;
    }
    if (m->wanted[0].high.len != 0) {
        r->low = pacs_rank(m->wanted[0].high);
    }
}


/* names before modalities: they are fewer */
static void
take_term(const pacs_pred_t *p, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_ranked_t *r)
{
    const pacs_attr_t  *attr = &pacs_attrs[p->attr];
    pacs_ranked_t       name = *r;
    pacs_matching_t     m;

    if (attr->path[1] != 0
        || pacs_matching_parse(attr, p->value, p->how, limits, a, &m, NULL)
           != PACS_OK
        || m.universal || m.empty)
    {
        return;
    }

    switch (attr->path[0]) {
    case TAG_STUDY_DATE:
        if (m.n == 1) {
            within_dates(&m, r);
        }
        return;

    case TAG_MODALITY:
    case TAG_MODALITIES:
        if (m.n == 1 && !m.wanted[0].wild && r->kind == PACS_RANKED_NOT) {
            r->kind = PACS_RANKED_MODALITY;
            r->term = p;
            r->wanted = m.wanted[0].text;
        }
        return;

    case TAG_NAME:
        if (r->kind <= PACS_RANKED_MODALITY
            && of_names(&m, p->how & PACS_HOW_FUZZY, a, &name))
        {
            *r = name;
            r->term = p;
        }
        return;
    }
}


bool
pacs_sql_ranked(const pacs_query_t *q, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_ranked_t *r)
{
    *r = (pacs_ranked_t) { .high = INT64_MAX };

    if (q->level == PACS_LEVEL_PATIENT || q->norder != 0 || q->where == NULL
        || q->where->kind != PACS_P_AND)
    {
        return false;
    }

    for (const pacs_pred_t *p = q->where->child; p != NULL; p = p->next) {
        if (p->kind == PACS_P_TERM) {
            take_term(p, limits, a, r);
        }
    }
    return r->kind != PACS_RANKED_NOT;
}
