/* SPDX-License-Identifier: BSD-2-Clause */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"


pacs_str_t
pacs_cstr(const char *s)
{
    return s == NULL ? pacs_null : (pacs_str_t) { s, strlen(s) };
}


bool
pacs_str_eq(pacs_str_t a, pacs_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


bool
pacs_str_is(pacs_str_t a, const char *s)
{
    return pacs_str_eq(a, pacs_cstr(s));
}


bool
pacs_str_starts(pacs_str_t a, const char *prefix)
{
    size_t  n = strlen(prefix);

    return a.len >= n && memcmp(a.data, prefix, n) == 0;
}


static bool
blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}


pacs_str_t
pacs_str_trim(pacs_str_t s)
{
    while (s.len != 0 && blank(s.data[s.len - 1])) {
        s.len--;
    }
    while (s.len != 0 && blank(s.data[0])) {
        s.data++;
        s.len--;
    }
    return s;
}


/* data NULL marks a rest that was used up: an empty last part counts */
bool
pacs_str_split(pacs_str_t *rest, char sep, pacs_str_t *part)
{
    if (rest->data == NULL) {
        return false;
    }

    const char *p = rest->len != 0 ? memchr(rest->data, sep, rest->len) : NULL;

    *part = *rest;

    if (p == NULL) {
        *rest = pacs_null;

    } else {
        part->len = (size_t) (p - rest->data);
        rest->data += part->len + 1;
        rest->len -= part->len + 1;
    }

    return true;
}


bool
pacs_str_int(pacs_str_t s, int64_t min, int64_t max, int64_t *value)
{
    bool     minus = false;
    int64_t  v = 0;

    if (s.len != 0 && (s.data[0] == '-' || s.data[0] == '+')) {
        minus = s.data[0] == '-';
        s.data++;
        s.len--;
    }

    if (s.len == 0) {
        return false;
    }

    for (size_t i = 0; i < s.len; i++) {
        int  d = s.data[i] - '0';

        if (d < 0 || d > 9
            || __builtin_mul_overflow(v, 10, &v)
            || __builtin_add_overflow(v, minus ? -d : d, &v))
        {
            return false;
        }
    }

    if (v < min || v > max) {
        return false;
    }

    *value = v;
    return true;
}


bool
pacs_str_double(pacs_str_t s, double *value)
{
    char   text[64], *end;

    if (s.len == 0 || s.len >= sizeof(text)) {
        return false;
    }

    for (size_t i = 0; i < s.len; i++) {
        if (strchr("0123456789+-.eE", s.data[i]) == NULL || s.data[i] == 0) {
            return false;
        }
    }

    memcpy(text, s.data, s.len);
    text[s.len] = '\0';
    double v = strtod(text, &end);

    if (*end != '\0' || !isfinite(v)) {
        return false;
    }

    *value = v;
    return true;
}


bool
pacs_uid_ok(pacs_str_t uid)
{
    if (uid.len == 0 || uid.len > 64) {
        return false;
    }

    char  last = '.';

    for (size_t i = 0; i < uid.len; i++) {
        char  c = uid.data[i];

        if (c == '.' ? last == '.' : (c < '0' || c > '9')) {
            return false;
        }
        last = c;
    }

    return last != '.';
}
