/* SPDX-License-Identifier: BSD-2-Clause */

/* Search parameters, PS3.18 8.3.4: keys, includefield, paging. */

#include <inttypes.h>

#include "web/known.h"


enum { ORDERS = 8 };


/* "PatientName", "00100010", or "RequestAttributesSequence.00400009" */
static bool
parse_path(pacs_str_t text, pacs_key_param_t *key)
{
    pacs_str_t  part;

    *key = (pacs_key_param_t) { .name = text };

    while (pacs_str_split(&text, '.', &part)) {
        if (key->depth == PACS_KEY_PATH
            || !pacs_tag_parse(part, &key->path[key->depth++]))
        {
            return false;
        }
    }

    key->tag = key->path[0];
    key->second = key->path[1];
    return key->depth != 0;
}


/* unless the dictionary does not know */
static bool
of_sequences(const pacs_key_param_t *key)
{
    for (unsigned i = 0; i + 1 < key->depth; i++) {
        const pacs_tag_t *t = pacs_tag(key->path[i]);

        if (t != NULL && t->vr != PACS_SQ) {
            return false;
        }
    }
    return true;
}


static size_t
count_commas(pacs_str_t s)
{
    size_t  n = 0;

    for (size_t i = 0; i < s.len; i++) {
        n += s.data[i] == ',';
    }
    return n;
}


static int
add_include(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_search_t *s, pacs_err_t *err)
{
    pacs_str_t        rest = p->value, part;
    pacs_key_param_t  key;
    size_t            n = s->ninclude + 1 + count_commas(p->value);

    if (n > (size_t) limits->query_uids) {
        return pacs_fail(err, PACS_E_LIMIT, "%zu fields to include, the limit "
                         "query_uids is %" PRId64, n, limits->query_uids);
    }

    uint32_t *tags = pacs_calloc(a, n, sizeof(uint32_t));

    if (tags == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for includefield");
    }
    for (unsigned i = 0; i < s->ninclude; i++) {
        tags[i] = s->include[i];
    }
    s->include = tags;

    while (pacs_str_split(&rest, ',', &part)) {
        if (pacs_str_is(part, "all")) {
            s->include_all = true;

        } else if (parse_path(part, &key)) {
            if (!of_sequences(&key)) {
                return pacs_web_bad(err, p, "leads through what is no "
                                    "sequence");
            }
            s->include[s->ninclude++] = key.tag;

        } else {
            return pacs_web_bad(err, p, "names no attribute");
        }
    }

    return PACS_OK;
}


static int
set_limit(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_search_t *s, pacs_err_t *err)
{
    int64_t  v;

    if (!pacs_str_int(p->value, 1, INT32_MAX, &v)) {
        return pacs_web_bad(err, p, "must be a number from 1");
    }
    s->limit = (uint32_t) v;
    return PACS_OK;
}


static int
set_offset(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_search_t *s, pacs_err_t *err)
{
    int64_t  v;

    if (!pacs_str_int(p->value, 0, INT32_MAX, &v)) {
        return pacs_web_bad(err, p, "must be a number from 0");
    }
    s->offset = (uint32_t) v;
    return PACS_OK;
}


static int
add_order(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_search_t *s, pacs_err_t *err)
{
    pacs_str_t  rest = p->value, part;

    s->order = pacs_calloc(a, ORDERS, sizeof(s->order[0]));
    if (s->order == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for orderby");
    }
    if (count_commas(p->value) >= ORDERS) {
        return pacs_web_bad(err, p, "names too many attributes");
    }

    while (pacs_str_split(&rest, ',', &part)) {
        pacs_order_param_t *o = &s->order[s->norder++];

        o->down = pacs_str_starts(part, "-");
        part.data += o->down;
        part.len -= o->down;

        if (!parse_path(part, &o->key)) {
            return pacs_web_bad(err, p, "names no attribute");
        }
    }

    return PACS_OK;
}


static int
set_flag(const pacs_param_t *p, bool *flag, pacs_err_t *err)
{
    *flag = pacs_str_is(p->value, "true");

    return *flag || pacs_str_is(p->value, "false")
           ? PACS_OK : pacs_web_bad(err, p, "must be true or false");
}


static int
set_fuzzy(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_search_t *s, pacs_err_t *err)
{
    return set_flag(p, &s->fuzzy, err);
}


static int
set_empty(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_search_t *s, pacs_err_t *err)
{
    return set_flag(p, &s->empty, err);
}


static int
set_every(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_search_t *s, pacs_err_t *err)
{
    return set_flag(p, &s->every, err);
}


/* negotiated elsewhere */
static int
skip(const pacs_param_t *p, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_search_t *s, pacs_err_t *err)
{
    return PACS_OK;
}


static const struct {
    const char  *name;
    int        (*set)(const pacs_param_t *p, const pacs_limits_t *limits,
                      pacs_arena_t *a, pacs_search_t *s, pacs_err_t *err);
    bool         often;
} named[] = {
    { "includefield",          add_include, true },
    { "limit",                 set_limit,   false },
    { "offset",                set_offset,  false },
    { "orderby",               add_order,   false },
    { "fuzzymatching",         set_fuzzy,   false },
    { "emptyvaluematching",    set_empty,   false },
    { "multiplevaluematching", set_every,   false },
    { "accept",                skip,        true },
    { "charset",               skip,        true }
};

enum { NAMED = sizeof(named) / sizeof(named[0]) };


const char *
pacs_web_search_name(unsigned i)
{
    return i < NAMED ? named[i].name : NULL;
}


static int
check_uids(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_err_t *err)
{
    int64_t  n = 1 + (int64_t) count_commas(p->value);

    for (size_t i = 0; i < p->value.len; i++) {
        n += p->value.data[i] == '\\';
    }

    return n <= limits->query_uids ? PACS_OK
           : pacs_fail(err, PACS_E_LIMIT, "%" PRId64 " UIDs in one list, the "
                       "limit query_uids is %" PRId64, n, limits->query_uids);
}


static bool
same_path(const pacs_key_param_t *a, const pacs_key_param_t *b)
{
    for (unsigned i = 0; i < PACS_KEY_PATH; i++) {
        if (a->path[i] != b->path[i]) {
            return false;
        }
    }
    return true;
}


static int
add_key(const pacs_param_t *p, const pacs_limits_t *limits, pacs_search_t *s,
    pacs_err_t *err)
{
    pacs_key_param_t  key;

    if (!parse_path(p->name, &key)) {
        return pacs_web_bad(err, p,
                            "names no attribute and no known parameter");
    }
    key.value = p->value;

    if (s->nkeys == limits->query_keys) {
        return pacs_fail(err, PACS_E_LIMIT, "more keys than query_keys %"
                         PRId64, limits->query_keys);
    }
    for (unsigned i = 0; i < s->nkeys; i++) {
        if (same_path(&s->keys[i], &key)) {
            return pacs_web_bad(err, p, "is given twice");
        }
    }

    const pacs_tag_t *t = pacs_tag(key.path[key.depth - 1]);

    if (t != NULL && t->vr == PACS_UI) {
        int  rc = check_uids(p, limits, err);

        if (rc != PACS_OK) {
            return rc;
        }
    }

    s->keys[s->nkeys++] = key;
    return PACS_OK;
}


int
pacs_web_search(const pacs_param_t *params, unsigned n,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_search_t *s,
    pacs_err_t *err)
{
    unsigned  seen = 0;

    *s = (pacs_search_t) { .keys = pacs_calloc(a, n, sizeof(s->keys[0])) };

    if (s->keys == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for keys");
    }

    for (unsigned i = 0; i < n; i++) {
        const pacs_param_t *p = &params[i];
        size_t              k = 0, end = NAMED;

        while (k < end && !pacs_str_is(p->name, named[k].name)) {
            k++;
        }

        if (k < end && (seen & 1u << k) && !named[k].often) {
            return pacs_web_bad(err, p, "is given twice");
        }
        seen |= k < end ? 1u << k : 0;

        int  rc = k < end ? named[k].set(p, limits, a, s, err)
                          : add_key(p, limits, s, err);

        if (rc != PACS_OK) {
            return rc;
        }
    }

    return PACS_OK;
}
