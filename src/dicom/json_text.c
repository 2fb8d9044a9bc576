/* SPDX-License-Identifier: BSD-2-Clause */

/* The tokens of RFC 8259, and any value gone over without recursion. */

#include <string.h>

#include "dicom/json_text.h"
#include "dicom/model.h"

enum { SKIP_DEPTH = 8 };


int
pacs_jtext_malformed(pacs_jtext_t *t, const char *what)
{
    return pacs_fail(t->err, PACS_E_ARG, "JSON at byte %zu: %s",
                     (size_t) (t->p - t->start), what);
}


char
pacs_jtext_peek(pacs_jtext_t *t)
{
    while (t->p < t->end && (*t->p == ' ' || *t->p == '\n' || *t->p == '\r'
                             || *t->p == '\t'))
    {
        t->p++;
    }
    return t->p < t->end ? *t->p : '\0';
}


int
pacs_jtext_expect(pacs_jtext_t *t, char c)
{
    char  what[] = "'x' is missing";

    if (pacs_jtext_peek(t) != c) {
        what[1] = c;
        return pacs_jtext_malformed(t, what);
    }
    t->p++;
    return PACS_OK;
}


int
pacs_jtext_more(pacs_jtext_t *t, char close, bool *more)
{
    char  c = pacs_jtext_peek(t);
    bool  fresh = t->fresh;

    t->fresh = false;
    *more = c != close;

    if (c == close) {
        t->p++;
        return PACS_OK;
    }
    return fresh ? PACS_OK : pacs_jtext_expect(t, ',');
}


static bool
hex4(pacs_jtext_t *t, uint32_t *v)
{
    uint32_t    bits;
    char        digits[8] = "0000";

    if (t->end - t->p < 4) {
        return false;
    }
    memcpy(digits + 4, t->p, 4);
    t->p += 4;

    if (!pacs_model_tag((pacs_str_t) { digits, 8 }, &bits)) {
        return false;
    }
    *v = bits;
    return true;
}


static void
put_utf8(pacs_buf_t *b, uint32_t c)
{
    if (c < 0x80) {
        pacs_buf_char(b, (char) c);
        return;
    }

    unsigned  n = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

    pacs_buf_char(b, (char) (0xff00 >> (n + 1) | c >> 6 * n));
    while (n-- != 0) {
        pacs_buf_char(b, (char) (0x80 | (c >> 6 * n & 0x3f)));
    }
}


/* behind "\u" */
static int
unicode(pacs_jtext_t *t)
{
    uint32_t  c, low;

    if (!hex4(t, &c)) {
        return pacs_jtext_malformed(t, "\\u without four hexadecimal digits");
    }

    if (c >= 0xd800 && c < 0xe000) {
        bool  pair = c < 0xdc00 && t->end - t->p >= 6 && t->p[0] == '\\'
                     && t->p[1] == 'u';

        t->p += pair ? 2 : 0;
        if (!pair || !hex4(t, &low) || low < 0xdc00 || low >= 0xe000) {
            return pacs_jtext_malformed(t, "half of a surrogate pair");
        }
        c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
    }

    put_utf8(&t->string, c);
    return PACS_OK;
}


/* at a backslash */
static int
escape(pacs_jtext_t *t)
{
    static const char  names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    char               c = t->end - t->p > 1 ? t->p[1] : '\0';
    const char        *name = c != '\0' ? strchr(names, c) : NULL;

    if (name == NULL && c != 'u') {
        return pacs_jtext_malformed(t, "an unknown escape");
    }

    t->p += 2;
    if (name == NULL) {
        return unicode(t);
    }
    pacs_buf_char(&t->string, bytes[name - names]);
    return PACS_OK;
}


/* bytes that stand for themselves */
static int
plain_run(pacs_jtext_t *t, const char **run)
{
    *run = t->p;

    while (t->p < t->end && *t->p != '"' && *t->p != '\\') {
        const unsigned char *p = (const unsigned char *) t->p;

        if (*p < 0x20) {
            return pacs_jtext_malformed(t, "a control character in a string");
        }

        size_t  n = *p < 0x80 ? 1
                    : pacs_utf8_len(p, (size_t) (t->end - t->p));

        if (n == 0) {
            return pacs_jtext_malformed(t, "no UTF-8");
        }
        t->p += n;
    }

    return t->p < t->end ? PACS_OK
           : pacs_jtext_malformed(t, "a string is cut short");
}


int
pacs_jtext_string(pacs_jtext_t *t, pacs_str_t *s)
{
    const char  *run;
    bool         copied = false;
    int          rc;

    if ((rc = pacs_jtext_expect(t, '"')) != PACS_OK) {
        return rc;
    }
    t->string.len = 0;

    for ( ;; ) {
        if ((rc = plain_run(t, &run)) != PACS_OK) {
            return rc;
        }

        if (*t->p == '"' && !copied) {
            *s = (pacs_str_t) { run, (size_t) (t->p++ - run) };
            return PACS_OK;
        }

        pacs_buf_add(&t->string, run, (size_t) (t->p - run));
        copied = true;

        if (*t->p == '"') {
            t->p++;
            break;
        }
        if ((rc = escape(t)) != PACS_OK) {
            return rc;
        }
    }

    *s = (pacs_str_t) { t->string.data, t->string.len };
    return t->string.failed
           ? pacs_fail(t->err, PACS_E_NOMEM, "no memory for a string")
           : PACS_OK;
}


static size_t
digits(pacs_jtext_t *t)
{
    const char *from = t->p;

    while (t->p < t->end && *t->p >= '0' && *t->p <= '9') {
        t->p++;
    }
    return (size_t) (t->p - from);
}


bool
pacs_jtext_take(pacs_jtext_t *t, const char *any)
{
    if (t->p == t->end || *t->p == '\0' || strchr(any, *t->p) == NULL) {
        return false;
    }
    t->p++;
    return true;
}


int
pacs_jtext_number(pacs_jtext_t *t, pacs_str_t *s)
{
    const char *from = t->p;

    pacs_jtext_take(t, "-");

    bool  zero = t->p < t->end && *t->p == '0';
    bool  good = zero ? pacs_jtext_take(t, "0") : digits(t) != 0;

    if (good && pacs_jtext_take(t, ".")) {
        good = digits(t) != 0;
    }
    if (good && pacs_jtext_take(t, "eE")) {
        pacs_jtext_take(t, "+-");
        good = digits(t) != 0;
    }

    *s = (pacs_str_t) { from, (size_t) (t->p - from) };
    return good ? PACS_OK : pacs_jtext_malformed(t, "no value of JSON");
}


static bool
literal(pacs_jtext_t *t, const char *word)
{
    size_t  n = strlen(word);

    if ((size_t) (t->end - t->p) < n || memcmp(t->p, word, n) != 0) {
        return false;
    }
    t->p += n;
    return true;
}


bool
pacs_jtext_null(pacs_jtext_t *t)
{
    return pacs_jtext_peek(t) == 'n' && literal(t, "null");
}


static int
scalar(pacs_jtext_t *t)
{
    pacs_str_t  s;

    if (pacs_jtext_peek(t) == '"') {
        return pacs_jtext_string(t, &s);
    }
    return literal(t, "null") || literal(t, "true") || literal(t, "false")
           ? PACS_OK : pacs_jtext_number(t, &s);
}


int
pacs_jtext_skip(pacs_jtext_t *t)
{
    char      close[SKIP_DEPTH];
    unsigned  depth = 0;
    bool      fresh = false;

    do {
        char  c = pacs_jtext_peek(t);

        if (depth != 0 && c == close[depth - 1]) {
            t->p++;
            depth--;
            fresh = false;
            continue;
        }
        if (depth != 0 && !fresh) {
            int  rc = pacs_jtext_expect(t, ',');

            if (rc != PACS_OK) {
                return rc;
            }
            c = pacs_jtext_peek(t);
        }

        fresh = false;

        if (depth != 0 && close[depth - 1] == '}') {
            pacs_str_t  name;
            int         rc = pacs_jtext_string(t, &name);

            if (rc == PACS_OK) {
                rc = pacs_jtext_expect(t, ':');
            }
            if (rc != PACS_OK) {
                return rc;
            }
            c = pacs_jtext_peek(t);
        }

        if (c == '{' || c == '[') {
            if (depth == SKIP_DEPTH) {
                return pacs_jtext_malformed(t, "nested where no items are");
            }
            close[depth++] = c == '{' ? '}' : ']';
            fresh = true;
            t->p++;
            continue;
        }

        int  rc = scalar(t);

        if (rc != PACS_OK) {
            return rc;
        }
    } while (depth != 0);

    return PACS_OK;
}
