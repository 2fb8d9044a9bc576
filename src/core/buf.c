/* SPDX-License-Identifier: BSD-2-Clause */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"


void
pacs_buf_free(pacs_buf_t *b)
{
    free(b->data);
    b->data = NULL;
    b->len = b->cap = 0;
}


char *
pacs_buf_grow(pacs_buf_t *b, size_t len)
{
    size_t  need;

    if (b->failed) {
        return NULL;
    }

    if (__builtin_add_overflow(b->len, len, &need)
        || (b->max != 0 && need > b->max))
    {
        b->failed = true;
        return NULL;
    }

    if (need > b->cap || b->data == NULL) {
        size_t  cap = need < 256 ? 256 : need + need / 2;
        char   *p = realloc(b->data, cap);

        if (p == NULL) {
            b->failed = true;
            return NULL;
        }
        b->data = p;
        b->cap = cap;
    }

    return b->data + b->len;
}


void
pacs_buf_add(pacs_buf_t *b, const void *data, size_t len)
{
    char *p = pacs_buf_reserve(b, len);

    if (p != NULL && len != 0) {
        memcpy(p, data, len);
        b->len += len;
    }
}


void
pacs_buf_str(pacs_buf_t *b, pacs_str_t s)
{
    pacs_buf_add(b, s.data, s.len);
}


void
pacs_buf_text(pacs_buf_t *b, const char *s)
{
    pacs_buf_add(b, s, strlen(s));
}


void
pacs_buf_char(pacs_buf_t *b, char c)
{
    char *p = pacs_buf_reserve(b, 1);

    if (p != NULL) {
        *p = c;
        b->len++;
    }
}


void
pacs_buf_printf(pacs_buf_t *b, const char *fmt, ...)
{
    size_t   room = b->data == NULL ? 0 : b->cap - b->len;
    char    *p = room == 0 ? NULL : b->data + b->len;
    va_list  ap, again;

    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(p, room, fmt, ap);
    va_end(ap);

    bool  fits = n >= 0 && (size_t) n < room;

    p = n < 0 ? NULL : pacs_buf_reserve(b, (size_t) n + 1);

    if (p != NULL) {
        if (!fits) {
            vsnprintf(p, (size_t) n + 1, fmt, again);
        }
        b->len += (size_t) n;
    }
    va_end(again);
}


size_t
pacs_utf8_len(const unsigned char *p, size_t left)
{
    static const struct { unsigned char lo, hi, min2, max2; size_t n; } t[] = {
        { 0x00, 0x7f, 0,    0,    1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
        { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
        { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
        { 0xf4, 0xf4, 0x80, 0x8f, 4 }
    };

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        if (p[0] < t[i].lo || p[0] > t[i].hi) {
            continue;
        }
        if (left < t[i].n
            || (t[i].n > 1 && (p[1] < t[i].min2 || p[1] > t[i].max2)))
        {
            return 0;
        }
        for (size_t k = 2; k < t[i].n; k++) {
            if ((p[k] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return t[i].n;
    }

    return 0;
}


/* bytes a JSON string holds as they are */
static const bool  plain[256] = {
    [' '] = true, ['!'] = true, ['#' ... '['] = true, [']' ... '~'] = true
};


void
pacs_buf_json(pacs_buf_t *b, pacs_str_t s)
{
    const unsigned char  *p = (const unsigned char *) s.data;
    size_t                i = 0;

    pacs_buf_char(b, '"');

    while (i < s.len) {
        size_t  run = i;

        while (run < s.len && plain[p[run]]) {
            run++;
        }
        if (run > i) {
            pacs_buf_add(b, p + i, run - i);
            i = run;
            continue;
        }

        size_t  n = pacs_utf8_len(p + i, s.len - i);

        if (n == 0) {
            pacs_buf_text(b, "\xef\xbf\xbd");
            i++;

        } else if (n > 1) {
            pacs_buf_add(b, p + i, n);
            i += n;

        } else {
            if (p[i] == '"' || p[i] == '\\') {
                pacs_buf_char(b, '\\');
                pacs_buf_char(b, (char) p[i]);
            } else if (p[i] == '\n') {
                pacs_buf_text(b, "\\n");
            } else if (p[i] == '\r') {
                pacs_buf_text(b, "\\r");
            } else if (p[i] == '\t') {
                pacs_buf_text(b, "\\t");
            } else {
                pacs_buf_printf(b, "\\u%04x", p[i]);
            }
            i++;
        }
    }

    pacs_buf_char(b, '"');
}


void
pacs_buf_html(pacs_buf_t *b, pacs_str_t s)
{
    static const char *const  named[128] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;",
        ['\''] = "&#39;"
    };

    for (size_t i = 0; i < s.len; i++) {
        unsigned char  c = (unsigned char) s.data[i];

        if (c < 128 && named[c] != NULL) {
            pacs_buf_text(b, named[c]);
        } else {
            pacs_buf_char(b, (char) c);
        }
    }
}


/* 64: padding, 65: no digit */
static unsigned
digit64(char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned) (c - 'A')
           : c >= 'a' && c <= 'z' ? (unsigned) (c - 'a') + 26
           : c >= '0' && c <= '9' ? (unsigned) (c - '0') + 52
           : c == '+' ? 62 : c == '/' ? 63 : c == '=' ? 64 : 65;
}


bool
pacs_buf_unbase64(pacs_buf_t *b, pacs_str_t s)
{
    uint32_t  bits = 0;
    unsigned  n = 0, padding = 0;

    for (size_t i = 0; i < s.len; i++) {
        char      c = s.data[i];
        unsigned  digit = digit64(c);

        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            continue;
        }
        if (digit == 65 || (digit != 64 && padding != 0)) {
            return false;
        }

        padding += digit == 64;
        bits = bits << 6 | (digit & 63);

        if (++n == 4) {
            if (padding > 2) {
                return false;
            }
            for (unsigned k = 0; k < 3 - padding; k++) {
                pacs_buf_char(b, (char) (bits >> (16 - 8 * k)));
            }
            n = 0;
        }
    }

    return n == 0;
}


pacs_str_t
pacs_buf_take(pacs_buf_t *b, pacs_arena_t *a)
{
    pacs_str_t  s = { b->data, b->len };

    if (b->failed || b->data == NULL) {
        bool  empty = !b->failed;

        pacs_buf_free(b);
        return empty ? pacs_lit("") : pacs_null;
    }

    *b = (pacs_buf_t) { .max = b->max };

    return pacs_arena_cleanup(a, free, (void *) s.data) ? s : pacs_null;
}
