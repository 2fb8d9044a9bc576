/* SPDX-License-Identifier: BSD-2-Clause */

#include <string.h>
#include <strings.h>

#include "web/media.h"


pacs_str_t
pacs_media_lower(pacs_str_t s, pacs_arena_t *a)
{
    char *p = pacs_strdup(a, s);

    if (p == NULL) {
        return pacs_null;
    }

    for (size_t i = 0; i < s.len; i++) {
        if (p[i] >= 'A' && p[i] <= 'Z') {
            p[i] |= 0x20;
        }
    }
    return (pacs_str_t) { p, s.len };
}


/* as pacs_str_split, but a separator in a quoted string is none */
static bool
split_quoted(pacs_str_t *rest, char sep, pacs_str_t *part)
{
    bool    quoted = false;
    size_t  i;

    if (rest->data == NULL) {
        return false;
    }

    for (i = 0; i < rest->len; i++) {
        char  c = rest->data[i];

        if (quoted && c == '\\') {
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (c == sep && !quoted) {
            break;
        }
    }

    if (i >= rest->len) {
        *part = *rest;
        *rest = pacs_null;

    } else {
        *part = (pacs_str_t) { rest->data, i };
        rest->data += i + 1;
        rest->len -= i + 1;
    }
    return true;
}


/* one '/' with something on either side, no blanks */
static bool
type_ok(pacs_str_t s)
{
    const char *slash = s.len == 0 ? NULL : memchr(s.data, '/', s.len);

    if (slash == NULL || slash == s.data || slash == s.data + s.len - 1) {
        return false;
    }

    for (size_t i = 0; i < s.len; i++) {
        char  c = s.data[i];

        if (c <= ' ' || c == 0x7f || c == '"'
            || (c == '/' && s.data + i != slash))
        {
            return false;
        }
    }
    return true;
}


bool
pacs_media_next(pacs_str_t *list, pacs_arena_t *a, pacs_media_t *m)
{
    pacs_str_t  element, type;

    if (!split_quoted(list, ',', &element)) {
        return false;
    }

    split_quoted(&element, ';', &type);
    type = pacs_str_trim(type);

    m->type = type_ok(type) ? pacs_media_lower(type, a) : pacs_null;
    m->params = element;
    return true;
}


static pacs_str_t
unquote(pacs_str_t s, pacs_arena_t *a)
{
    if (s.len < 2 || s.data[0] != '"' || s.data[s.len - 1] != '"') {
        return pacs_str_copy(a, s);
    }

    char   *p = pacs_alloc(a, s.len);
    size_t  n = 0;

    if (p == NULL) {
        return pacs_null;
    }

    for (size_t i = 1; i < s.len - 1; i++) {
        if (s.data[i] == '\\' && i + 1 < s.len - 1) {
            i++;
        }
        p[n++] = s.data[i];
    }
    p[n] = '\0';
    return (pacs_str_t) { p, n };
}


bool
pacs_media_param(const pacs_media_t *m, const char *name, pacs_arena_t *a,
    pacs_str_t *value)
{
    pacs_str_t  rest = m->params, param, key;

    while (split_quoted(&rest, ';', &param)) {
        if (!pacs_str_split(&param, '=', &key) || param.data == NULL) {
            continue;
        }

        key = pacs_str_trim(key);
        if (key.len == strlen(name)
            && strncasecmp(key.data, name, key.len) == 0)
        {
            *value = unquote(pacs_str_trim(param), a);
            return value->data != NULL;
        }
    }

    return false;
}
