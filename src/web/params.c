/* SPDX-License-Identifier: BSD-2-Clause */

/* Query strings: RFC 3986 3.4, split at '&' and '=', percent-decoded. */

#include <string.h>

#include "web/web.h"


static int
hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
           : -1;
}


/* RFC 3629: shortest form, no surrogates, up to U+10FFFF; no NUL either */
static bool
utf8_ok(const unsigned char *p, size_t len)
{
    size_t  n;

    for (size_t i = 0; i < len; i += n) {
        uint32_t  c = p[i];

        n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3
            : c < 0xf5 ? 4 : 0;
        if (n == 0 || n > len - i || c == 0) {
            return false;
        }

        c = n == 1 ? c : c & (0x7fu >> n);
        for (size_t k = 1; k < n; k++) {
            if ((p[i + k] & 0xc0) != 0x80) {
                return false;
            }
            c = c << 6 | (p[i + k] & 0x3f);
        }

        if ((n == 3 && (c < 0x800 || (c >= 0xd800 && c < 0xe000)))
            || (n == 4 && (c < 0x10000 || c > 0x10ffff)))
        {
            return false;
        }
    }

    return true;
}


static int
decode(pacs_str_t in, pacs_arena_t *a, pacs_str_t *out, pacs_err_t *err)
{
    char   *p = pacs_alloc(a, in.len + 1);
    size_t  n = 0;

    if (p == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a parameter");
    }

    for (size_t i = 0; i < in.len; i++) {
        if (in.data[i] != '%') {
            p[n++] = in.data[i];
            continue;
        }

        int  high = in.len - i > 2 ? hex_digit(in.data[i + 1]) : -1;
        int  low = in.len - i > 2 ? hex_digit(in.data[i + 2]) : -1;

        if (high < 0 || low < 0) {
            return pacs_fail(err, PACS_E_ARG,
                             "bad %% escape in the query string");
        }
        p[n++] = (char) (high << 4 | low);
        i += 2;
    }

    p[n] = '\0';
    *out = (pacs_str_t) { p, n };

    if (!utf8_ok((unsigned char *) p, n)) {
        return pacs_fail(err, PACS_E_ARG,
                         "a parameter of the query string is not UTF-8 text");
    }
    return PACS_OK;
}


int
pacs_web_params(pacs_str_t args, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_param_t **params, unsigned *n, pacs_err_t *err)
{
    pacs_str_t  rest = args, part, name;
    size_t      room = 1;

    *n = 0;
    *params = NULL;

    for (size_t i = 0; i < args.len; i++) {
        room += args.data[i] == '&';
    }

    *params = pacs_calloc(a, room, sizeof(pacs_param_t));
    if (*params == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for parameters");
    }

    while (pacs_str_split(&rest, '&', &part)) {
        pacs_param_t *p = &(*params)[*n];

        if (part.len == 0) {
            continue;
        }

        pacs_str_split(&part, '=', &name);
        int  rc = decode(name, a, &p->name, err);

        if (rc == PACS_OK) {
            rc = decode(part, a, &p->value, err);
        }
        if (rc != PACS_OK) {
            return rc;
        }
        (*n)++;
    }

    return PACS_OK;
}


int
pacs_web_bad(pacs_err_t *err, const pacs_param_t *p, const char *why)
{
    enum { SHOWN = 80 };    /* bytes */

    return pacs_fail(err, PACS_E_ARG, "parameter %.*s=%.*s: %s",
                     p->name.len > SHOWN ? SHOWN : (int) p->name.len,
                     p->name.data,
                     p->value.len > SHOWN ? SHOWN : (int) p->value.len,
                     p->value.data, why);
}


int
pacs_web_decimals(pacs_str_t text, double *v, int max)
{
    pacs_str_t  part;
    int         n = 0;

    while (pacs_str_split(&text, ',', &part)) {
        if (n == max || !pacs_str_double(part, &v[n++])) {
            return -1;
        }
    }

    return n;
}
