/* SPDX-License-Identifier: BSD-2-Clause */

#include <string.h>

#include "index/match.h"

enum { MAX_STARS = 16 };    /* of one pattern: matching stays cheap */


static bool
has_wildcard(pacs_str_t s)
{
    return s.len != 0 && (memchr(s.data, '*', s.len) != NULL
                          || memchr(s.data, '?', s.len) != NULL);
}


/* runs of '*' become one */
static int
pattern(pacs_str_t s, pacs_arena_t *a, pacs_wanted_t *w, pacs_err_t *err)
{
    char      *out = pacs_alloc(a, s.len + 1);
    size_t     n = 0;
    unsigned   stars = 0;

    if (out == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] == '*') {
            if (n != 0 && out[n - 1] == '*') {
                continue;
            }
            stars++;
        }
        out[n++] = s.data[i];
    }
    if (stars > MAX_STARS) {
        return pacs_fail(err, PACS_E_LIMIT, "more than %d '*' in a value",
                         MAX_STARS);
    }

    w->text = (pacs_str_t) { out, n };
    w->wild = has_wildcard(s);
    return PACS_OK;
}


static int
want_text(pacs_str_t part, pacs_arena_t *a, pacs_wanted_t *w, pacs_err_t *err)
{
    return pattern(pacs_str_trim(part), a, w, err);
}


static int
want_name(pacs_str_t part, pacs_arena_t *a, pacs_wanted_t *w, pacs_err_t *err)
{
    return pattern(pacs_name_fold(part, a), a, w, err);
}


static int
want_uid(pacs_str_t part, pacs_arena_t *a, pacs_wanted_t *w, pacs_err_t *err)
{
    w->text = pacs_str_trim(part);
    return pacs_uid_ok(w->text) ? PACS_OK
           : pacs_fail(err, PACS_E_ARG, "'%.80s' is not a UID",
                       pacs_str_copy(a, part).data);
}


static int
want_number(pacs_str_t part, pacs_arena_t *a, pacs_wanted_t *w,
    pacs_err_t *err)
{
    return pacs_str_double(pacs_str_trim(part), &w->number) ? PACS_OK
           : pacs_fail(err, PACS_E_ARG, "'%.80s' is not a number",
                       pacs_str_copy(a, part).data);
}


/* n decimal digits of s from `at` within [min, max] */
static bool
digits(pacs_str_t s, size_t at, size_t n, int min, int max)
{
    int  v = 0;

    if (at + n > s.len) {
        return false;
    }
    for (size_t i = at; i < at + n; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return false;
        }
        v = v * 10 + s.data[i] - '0';
        v = v > 1000000 ? 1000000 : v;
    }
    return v >= min && v <= max;
}


static bool
date_ok(pacs_str_t s)
{
    return s.len == 8 && digits(s, 0, 4, 0, 9999) && digits(s, 4, 2, 1, 12)
           && digits(s, 6, 2, 1, 31);
}


/* HH[MM[SS[.F…]]], PS3.5 6.2 TM; a leap second is 60 */
static bool
time_ok(pacs_str_t s)
{
    if (!digits(s, 0, 2, 0, 23)
        || (s.len > 2 && !digits(s, 2, 2, 0, 59))
        || (s.len > 4 && !digits(s, 4, 2, 0, 60)))
    {
        return false;
    }
    return s.len <= 6 || (s.len > 7 && s.len <= 13 && s.data[6] == '.'
                          && digits(s, 7, s.len - 7, 0, 1000000));
}


/* to all 13 characters: the first or last moment that s may mean */
static pacs_str_t
time_pad(pacs_str_t s, const char *pad, pacs_arena_t *a)
{
    if (s.len == 0) {
        return s;
    }

    char *out = pacs_strdup(a, pacs_cstr(pad));

    if (out == NULL) {
        return pacs_null;
    }
    memcpy(out, s.data, s.len);
    return (pacs_str_t) { out, 13 };
}


/* a single value, a-b, a- or -b */
static int
want_range(pacs_str_t part, bool (*valid)(pacs_str_t), const char *what,
    pacs_arena_t *a, pacs_wanted_t *w, pacs_err_t *err)
{
    pacs_str_t   s = pacs_str_trim(part);
    const char  *dash = s.len != 0 ? memchr(s.data, '-', s.len) : NULL;

    w->low = w->high = s;
    if (dash != NULL) {
        w->range = true;
        w->low.len = (size_t) (dash - s.data);
        w->high.data = dash + 1;
        w->high.len = s.len - w->low.len - 1;
    }

    w->low = pacs_str_trim(w->low);
    w->high = pacs_str_trim(w->high);

    if ((w->low.len != 0 && !valid(w->low))
        || (w->high.len != 0 && !valid(w->high))
        || (w->low.len == 0 && w->high.len == 0))
    {
        return pacs_fail(err, PACS_E_ARG, "'%.80s' is not a %s or a range of"
                         " them", pacs_str_copy(a, part).data, what);
    }
    return PACS_OK;
}


static int
want_date(pacs_str_t part, pacs_arena_t *a, pacs_wanted_t *w, pacs_err_t *err)
{
    return want_range(part, date_ok, "date (YYYYMMDD)", a, w, err);
}


static int
want_time(pacs_str_t part, pacs_arena_t *a, pacs_wanted_t *w, pacs_err_t *err)
{
    int  code = want_range(part, time_ok, "time (HHMMSS.FFFFFF)", a, w, err);

    if (code == PACS_OK) {
        w->low = time_pad(w->low, "000000.000000", a);
        w->high = time_pad(w->high, "235959.999999", a);
    }
    return code;
}


static char *
moment(pacs_str_t s, bool last, pacs_arena_t *a)
{
    char *out = pacs_alloc(a, PACS_WHEN);

    return out != NULL && pacs_when(pacs_str_trim(s), last, out) ? out : NULL;
}


/* a '-' may begin an offset, or divide a range: what is a value as it stands
 * is no range */
static int
want_when(pacs_str_t part, pacs_arena_t *a, pacs_wanted_t *w, pacs_err_t *err)
{
    pacs_str_t  s = pacs_str_trim(part);

    w->low = pacs_cstr(moment(s, false, a));
    w->high = pacs_cstr(moment(s, true, a));

    for (size_t i = 0; i < s.len && s.len > 1 && w->high.len == 0; i++) {
        pacs_str_t  low = { s.data, i };
        pacs_str_t  high = { s.data + i + 1, s.len - i - 1 };

        if (s.data[i] != '-') {
            continue;
        }
        w->low = pacs_cstr(moment(low, false, a));
        w->high = pacs_cstr(moment(high, true, a));
        w->range = (w->low.len != 0 || low.len == 0)
                   && (w->high.len != 0 || high.len == 0);
        if (w->range) {
            return PACS_OK;
        }
        w->high = pacs_null;
    }

    return w->high.len != 0 ? PACS_OK
           : pacs_fail(err, PACS_E_ARG, "'%.80s' is not a date and time"
                       " (YYYYMMDDHHMMSS.FFFFFF+ZZXX) or a range of them",
                       pacs_str_copy(a, part).data);
}


static const struct {
    int       (*parse)(pacs_str_t part, pacs_arena_t *a, pacs_wanted_t *w,
                       pacs_err_t *err);
    char        also;       /* delimits values, beside '\' */
} kinds[] = {
    [PACS_MATCH_TEXT]   = { want_text,   '\\' },
    [PACS_MATCH_NAME]   = { want_name,   '\\' },
    [PACS_MATCH_UID]    = { want_uid,    ',' },
    [PACS_MATCH_DATE]   = { want_date,   '\\' },
    [PACS_MATCH_TIME]   = { want_time,   '\\' },
    [PACS_MATCH_NUMBER] = { want_number, '\\' },
    [PACS_MATCH_LIST]   = { want_text,   ',' },
    [PACS_MATCH_NONE]   = { NULL,        0 },
    [PACS_MATCH_MULTI]  = { want_text,   '\\' },
    [PACS_MATCH_WHEN]   = { want_when,   '\\' }
};


static bool
split_either(pacs_str_t *rest, char also, pacs_str_t *part)
{
    if (rest->data == NULL) {
        return false;
    }

    for (size_t i = 0; i < rest->len; i++) {
        if (rest->data[i] == '\\' || rest->data[i] == also) {
            return pacs_str_split(rest, rest->data[i], part);
        }
    }

    *part = *rest;
    *rest = pacs_null;
    return true;
}


static unsigned
count_parts(pacs_str_t s, char also)
{
    unsigned    n = 0;
    pacs_str_t  part;

    while (split_either(&s, also, &part)) {
        n++;
    }
    return n;
}


static bool
only_stars(pacs_str_t s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] != '*') {
            return false;
        }
    }
    return true;
}


/* PS3.4 C.2.2.2.8: these VRs, and more than one value */
static bool
takes_every(const pacs_attr_t *attr)
{
    static const uint16_t  vrs[] = { PACS_AE, PACS_AS, PACS_AT, PACS_CS,
                                     PACS_LO, PACS_PN, PACS_SH, PACS_UC };
    const pacs_tag_t      *tag = pacs_tag(attr->path[0]);

    for (unsigned i = 0; i < sizeof(vrs) / sizeof(vrs[0]); i++) {
        if (vrs[i] == attr->vr) {
            return attr->path[1] == 0 && tag != NULL && tag->vm_max != 1;
        }
    }
    return false;
}


int
pacs_matching_parse(const pacs_attr_t *attr, pacs_str_t value,
    unsigned how, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_matching_t *m, pacs_err_t *err)
{
    char        also = kinds[attr->match].also;
    pacs_str_t  part;

    *m = (pacs_matching_t) { 0 };

    if (attr->match == PACS_MATCH_NONE) {
        return pacs_fail(err, PACS_E_NOT_FOUND, "%s cannot be matched",
                         attr->keyword);
    }

    value = pacs_str_trim(value);
    if (only_stars(value)) {
        m->universal = true;
        return PACS_OK;
    }
    if ((how & PACS_HOW_EMPTY) && pacs_str_is(value, "\"\"")) {
        m->empty = true;
        return PACS_OK;
    }

    unsigned  n = count_parts(value, also);

    if (n > limits->query_uids) {
        return pacs_fail(err, PACS_E_LIMIT, "%s: %u values, the limit is"
                         " %lld (query_uids)", attr->keyword, n,
                         (long long) limits->query_uids);
    }

    m->wanted = pacs_calloc(a, n, sizeof(*m->wanted));
    m->grouped = attr->match == PACS_MATCH_NAME
                 && memchr(value.data, '=', value.len) != NULL;

    while (m->wanted != NULL && split_either(&value, also, &part)) {
        pacs_err_t  why = { 0 };

        if (only_stars(pacs_str_trim(part))) {
            continue;       /* an empty value among others says nothing */
        }

        int  code = kinds[attr->match].parse(part, a, &m->wanted[m->n], &why);

        if (code != PACS_OK) {
            return pacs_fail(err, code, "%s: %s", attr->keyword, why.text);
        }
        m->n++;
    }

    m->universal = m->n == 0;
    m->every = m->n > 1 && (how & PACS_HOW_EVERY) && takes_every(attr);

    for (unsigned i = 0; m->every && i < m->n; i++) {
        if (m->wanted[i].wild) {
            return pacs_fail(err, PACS_E_ARG, "%s: no wildcards where each of"
                             " several values must match", attr->keyword);
        }
    }
    return m->wanted != NULL ? PACS_OK
                             : pacs_fail(err, PACS_E_NOMEM, "out of memory");
}


/* '*' any run, '?' one UTF-8 character; greedy with one point to go back to:
 * no recursion, at most len(pattern) * len(text) steps */
static bool
glob(pacs_str_t p, pacs_str_t t)
{
    size_t  i = 0, k = 0, star = SIZE_MAX, from = 0;

    while (k < t.len) {
        if (i < p.len && p.data[i] == '*') {
            star = i++;
            from = k;

        } else if (i < p.len && p.data[i] == '?') {
            i++;
            do {
                k++;
            } while (k < t.len && ((unsigned char) t.data[k] & 0xc0) == 0x80);

        } else if (i < p.len && p.data[i] == t.data[k]) {
            i++;
            k++;

        } else if (star != SIZE_MAX) {
            i = star + 1;
            k = ++from;

        } else {
            return false;
        }
    }

    while (i < p.len && p.data[i] == '*') {
        i++;
    }
    return i == p.len;
}


bool
pacs_any_match(pacs_str_t pattern_, pacs_str_t values)
{
    pacs_str_t  value;

    while (pacs_str_split(&values, '\\', &value)) {
        if (glob(pattern_, pacs_str_trim(value))) {
            return true;
        }
    }
    return false;
}


bool
pacs_item_match(const pacs_str_t patterns[2], const pacs_str_t values[2])
{
    pacs_str_t  rest[2] = { values[0], values[1] }, v[2];

    while (pacs_str_split(&rest[0], '\\', &v[0])
           && pacs_str_split(&rest[1], '\\', &v[1]))
    {
        if (glob(patterns[0], pacs_str_trim(v[0]))
            && glob(patterns[1], pacs_str_trim(v[1])))
        {
            return true;
        }
    }
    return false;
}


static pacs_pred_t *
and_of(pacs_query_t *q, pacs_arena_t *a)
{
    if (q->where != NULL && q->where->kind == PACS_P_AND) {
        return q->where;
    }

    pacs_pred_t  *all = pacs_calloc(a, 1, sizeof(*all));

    if (all != NULL) {
        all->kind = PACS_P_AND;
        all->child = q->where;
        q->where = all;
    }
    return all;
}


/* the time of a date, or -1 */
static int
time_of(const pacs_attr_t *date)
{
    static const struct { uint32_t date, time; } pairs[] = {
        { 0x00080020, 0x00080030 }, { 0x00080021, 0x00080031 },
        { 0x00080023, 0x00080033 }, { 0x00400244, 0x00400245 }
    };

    for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (pairs[i].date == date->path[0]) {
            return pacs_attr_find(pairs[i].time, 0);
        }
    }
    return -1;
}


/* a range each, open at the same end or at none */
static bool
same_form(const pacs_matching_t *a, const pacs_matching_t *b)
{
    return a->n == 1 && b->n == 1 && a->wanted[0].range && b->wanted[0].range
           && (a->wanted[0].low.len == 0) == (b->wanted[0].low.len == 0)
           && (a->wanted[0].high.len == 0) == (b->wanted[0].high.len == 0);
}


/* whether term, which says m, is to be matched together with p */
static bool
belong(const pacs_pred_t *p, const pacs_pred_t *term,
    const pacs_matching_t *m, const pacs_limits_t *limits, pacs_arena_t *a)
{
    const pacs_attr_t  *x = &pacs_attrs[p->attr], *y = &pacs_attrs[term->attr];
    pacs_matching_t     other;

    if (p->kind != PACS_P_TERM || p->with != 0
        || pacs_matching_parse(x, p->value, p->how, limits, a, &other, NULL)
           != PACS_OK
        || other.empty || m->empty || other.n != 1 || m->n != 1)
    {
        return false;
    }

    return (x->path[1] != 0 && x->path[0] == y->path[0])
           || ((term->how & PACS_HOW_MOMENT)
               && (time_of(x) == term->attr || time_of(y) == p->attr)
               && same_form(&other, m));
}


/* into the one that it belongs to; a date comes first */
static bool
join(pacs_pred_t *all, const pacs_pred_t *term, const pacs_matching_t *m,
    const pacs_limits_t *limits, pacs_arena_t *a)
{
    pacs_pred_t  *p = all->child;

    while (p != NULL && !belong(p, term, m, limits, a)) {
        p = p->next;
    }
    if (p == NULL) {
        return false;
    }

    if (pacs_attrs[p->attr].match == PACS_MATCH_TIME) {
        p->with = p->attr;
        p->with_value = p->value;
        p->attr = term->attr;
        p->value = term->value;
    } else {
        p->with = term->attr;
        p->with_value = term->value;
    }
    return true;
}


static int64_t
count_keys(const pacs_pred_t *all)
{
    int64_t  n = 0;

    for (const pacs_pred_t *p = all->child; p != NULL; p = p->next) {
        n += 1 + (p->with != 0);
    }
    return n;
}


int
pacs_query_key(pacs_query_t *q, uint32_t tag, uint32_t second,
    pacs_str_t value, unsigned how, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_err_t *err)
{
    int              attr = pacs_attr_find(tag, second);
    pacs_matching_t  m;

    if (attr == -1) {
        return pacs_fail(err, PACS_E_NOT_FOUND, "(%04X,%04X) is not indexed",
                         (unsigned) (tag >> 16), (unsigned) (tag & 0xffff));
    }

    int  code = pacs_matching_parse(&pacs_attrs[attr], value, how, limits, a,
                                    &m, err);

    if (code != PACS_OK || m.universal) {
        return code;
    }

    pacs_pred_t  *all = and_of(q, a);
    pacs_pred_t  *term = pacs_calloc(a, 1, sizeof(*term));

    if (all == NULL || term == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }
    if (count_keys(all) >= limits->query_keys) {
        return pacs_fail(err, PACS_E_LIMIT, "more than %lld keys (query_keys)",
                         (long long) limits->query_keys);
    }

    *term = (pacs_pred_t) { .kind = PACS_P_TERM, .next = all->child,
                            .attr = attr, .how = how,
                            .value = pacs_str_copy(a, value) };
    if (!join(all, term, &m, limits, a)) {
        all->child = term;
    }
    return PACS_OK;
}
