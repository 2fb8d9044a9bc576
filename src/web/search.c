/* SPDX-License-Identifier: BSD-2-Clause */

/* Search parameters, PS3.18 8.3.4: keys, includefield, paging. */

#include <inttypes.h>

#include "web/web.h"


/* "PatientName", "00100010", or "RequestAttributesSequence.00400009" */
static bool
parse_path(pacs_str_t text, uint32_t *tag, uint32_t *second)
{
    pacs_str_t  part;

    *second = 0;

    return pacs_str_split(&text, '.', &part)
           && pacs_tag_parse(part, tag)
           && (text.data == NULL || pacs_tag_parse(text, second));
}


static int
add_include(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_search_t *s, pacs_err_t *err)
{
    pacs_str_t  rest = p->value, part;
    uint32_t    tag, second;
    size_t      n = s->ninclude + 1;

    for (size_t i = 0; i < p->value.len; i++) {
        n += p->value.data[i] == ',';
    }
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

        } else if (parse_path(part, &tag, &second)) {
            s->include[s->ninclude++] = tag;

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
    if (s->limit != 0) {
        return pacs_web_bad(err, p, "is given twice");
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
set_fuzzy(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_search_t *s, pacs_err_t *err)
{
    s->fuzzy = pacs_str_is(p->value, "true");

    return s->fuzzy || pacs_str_is(p->value, "false")
           ? PACS_OK : pacs_web_bad(err, p, "must be true or false");
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
} named[] = {
    { "includefield",  add_include },
    { "limit",         set_limit },
    { "offset",        set_offset },
    { "fuzzymatching", set_fuzzy },
    { "accept",        skip },
    { "charset",       skip }
};


static int
check_uids(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_err_t *err)
{
    int64_t  n = 1;

    for (size_t i = 0; i < p->value.len; i++) {
        n += p->value.data[i] == ',' || p->value.data[i] == '\\';
    }

    return n <= limits->query_uids ? PACS_OK
           : pacs_fail(err, PACS_E_LIMIT, "%" PRId64 " UIDs in one list, the "
                       "limit query_uids is %" PRId64, n, limits->query_uids);
}


static int
add_key(const pacs_param_t *p, const pacs_limits_t *limits, pacs_search_t *s,
    pacs_err_t *err)
{
    pacs_key_param_t  key = { .value = p->value };

    if (!parse_path(p->name, &key.tag, &key.second)) {
        return pacs_web_bad(err, p,
                            "names no attribute and no known parameter");
    }

    if (s->nkeys == limits->query_keys) {
        return pacs_fail(err, PACS_E_LIMIT, "more keys than query_keys %"
                         PRId64, limits->query_keys);
    }
    for (unsigned i = 0; i < s->nkeys; i++) {
        if (s->keys[i].tag == key.tag && s->keys[i].second == key.second) {
            return pacs_web_bad(err, p, "is given twice");
        }
    }

    const pacs_tag_t *t = pacs_tag(key.second != 0 ? key.second : key.tag);

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
    *s = (pacs_search_t) { .keys = pacs_calloc(a, n, sizeof(s->keys[0])) };

    if (s->keys == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for keys");
    }

    for (unsigned i = 0; i < n; i++) {
        const pacs_param_t *p = &params[i];
        size_t              k = 0, end = sizeof(named) / sizeof(named[0]);

        while (k < end && !pacs_str_is(p->name, named[k].name)) {
            k++;
        }

        int  rc = k < end ? named[k].set(p, limits, a, s, err)
                          : add_key(p, limits, s, err);

        if (rc != PACS_OK) {
            return rc;
        }
    }

    return PACS_OK;
}
