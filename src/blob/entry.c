/* SPDX-License-Identifier: BSD-2-Clause */

#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#include "blob/entry.h"

static const char *const  ops[] = {
    [PACS_J_STORE] = "store", [PACS_J_QUARANTINE] = "quarantine",
    [PACS_J_DELETE] = "delete", [PACS_J_CORRECT] = "correct",
    [PACS_J_DOCUMENT] = "document"
};

enum { OPS = sizeof(ops) / sizeof(ops[0]), CRC_HEX = 8 };

/* members that are strings */
static const struct { const char *name; size_t offset; } texts[] = {
    { "study",    offsetof(pacs_entry_t, study) },
    { "series",   offsetof(pacs_entry_t, series) },
    { "instance", offsetof(pacs_entry_t, instance) },
    { "source",   offsetof(pacs_entry_t, source) },
    { "door",     offsetof(pacs_entry_t, door) },
    { "subject",  offsetof(pacs_entry_t, subject) },
    { "tag",      offsetof(pacs_entry_t, tag) },
    { "value",    offsetof(pacs_entry_t, value) },
    { "kind",     offsetof(pacs_entry_t, kind) },
    { "state",    offsetof(pacs_entry_t, state) }
};

enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };


static uint32_t
crc(const char *data, size_t len)
{
    return (uint32_t) crc32(0, (const unsigned char *) data, (uInt) len);
}


void
pacs_entry_write(pacs_buf_t *b, const pacs_entry_t *e)
{
    static const char  digits[] = "0123456789abcdef";
    size_t             start = b->len;

    pacs_buf_printf(b, "00000000 {\"op\":\"%s\",\"t\":%" PRId64, ops[e->op],
                    e->time_us);
    if (e->key.digest[0] != '\0') {
        pacs_buf_printf(b, ",\"key\":\"%s/%s\"", e->key.series, e->key.digest);
    }
    if (e->revision != 0) {
        pacs_buf_printf(b, ",\"revision\":%" PRId64, e->revision);
    }

    for (unsigned i = 0; i < TEXTS; i++) {
        const pacs_str_t *s = (const void *)
                              ((const char *) e + texts[i].offset);

        /* an empty value says something only in a correction */
        if (s->data != NULL
            && (s->len != 0 || texts[i].offset
                               == offsetof(pacs_entry_t, value)))
        {
            pacs_buf_printf(b, ",\"%s\":", texts[i].name);
            pacs_buf_json(b, *s);
        }
    }

    pacs_buf_char(b, '}');
    if (b->failed) {
        return;
    }

    uint32_t  sum = crc(b->data + start + CRC_HEX + 1,
                        b->len - start - CRC_HEX - 1);

    for (int i = CRC_HEX - 1; i >= 0; i--, sum >>= 4) {
        b->data[start + (size_t) i] = digits[sum & 15];
    }
    pacs_buf_char(b, '\n');
}


/* --- reading: only what the writer above writes --- */

typedef struct { char *p, *end; } scan_t;


static int
hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


static bool
scan_char(scan_t *s, char c)
{
    if (s->p < s->end && *s->p == c) {
        s->p++;
        return true;
    }
    return false;
}


/* \" \\ \n \r \t and \u00XX are all that pacs_buf_json writes */
static bool
scan_escape(scan_t *s, char *out)
{
    static const char  from[] = "\"\\nrt", to[] = "\"\\\n\r\t";

    if (s->p == s->end) {
        return false;
    }

    char         c = *s->p++;
    const char  *hit = c != '\0' ? strchr(from, c) : NULL;

    if (hit != NULL) {
        *out = to[hit - from];
        return true;
    }
    if (c != 'u' || s->end - s->p < 4 || s->p[0] != '0' || s->p[1] != '0') {
        return false;
    }

    int  hi = hex_digit(s->p[2]), lo = hex_digit(s->p[3]);

    s->p += 4;
    *out = (char) (hi * 16 + lo);
    return hi >= 0 && hi < 8 && lo >= 0;
}


static bool
scan_string(scan_t *s, pacs_str_t *text)
{
    if (!scan_char(s, '"')) {
        return false;
    }

    char  *start = s->p, *out = s->p;

    while (s->p < s->end && *s->p != '"') {
        if (*s->p == '\\') {
            s->p++;
            if (!scan_escape(s, out++)) {
                return false;
            }
        } else {
            *out++ = *s->p++;
        }
    }

    *text = (pacs_str_t) { start, (size_t) (out - start) };
    return scan_char(s, '"');
}


static bool
scan_number(scan_t *s, int64_t *n)
{
    char  *start = s->p;

    while (s->p < s->end && (*s->p == '-' || (*s->p >= '0' && *s->p <= '9'))) {
        s->p++;
    }
    return pacs_str_int((pacs_str_t) { start, (size_t) (s->p - start) },
                        INT64_MIN, INT64_MAX, n);
}


static bool
take_op(pacs_entry_t *e, pacs_str_t value)
{
    for (unsigned i = 0; i < OPS; i++) {
        if (pacs_str_is(value, ops[i])) {
            e->op = (pacs_journal_e) i;
            return true;
        }
    }
    return false;
}


/* unknown members are a later version's: skipped */
static bool
take_text(pacs_entry_t *e, pacs_str_t name, pacs_str_t value, bool *has_op)
{
    if (pacs_str_is(name, "op")) {
        *has_op = true;
        return take_op(e, value);
    }
    if (pacs_str_is(name, "key")) {
        return pacs_key_parse(value, &e->key);
    }

    for (unsigned i = 0; i < TEXTS; i++) {
        if (pacs_str_is(name, texts[i].name)) {
            *(pacs_str_t *) (void *) ((char *) e + texts[i].offset) = value;
            break;
        }
    }
    return true;
}


static bool
scan_member(scan_t *s, pacs_entry_t *e, bool *has_op)
{
    pacs_str_t  name, value;
    int64_t     n;

    if (!scan_string(s, &name) || !scan_char(s, ':')) {
        return false;
    }
    if (s->p < s->end && *s->p == '"') {
        return scan_string(s, &value) && take_text(e, name, value, has_op);
    }
    if (!scan_number(s, &n)) {
        return false;
    }
    if (pacs_str_is(name, "t")) {
        e->time_us = n;
    } else if (pacs_str_is(name, "revision")) {
        e->revision = n;
    }
    return true;
}


static bool
crc_ok(const char *line, size_t len)
{
    uint32_t  want = 0;

    if (len < CRC_HEX + 3 || line[CRC_HEX] != ' ') {
        return false;
    }
    for (int i = 0; i < CRC_HEX; i++) {
        int  d = hex_digit(line[i]);

        if (d < 0) {
            return false;
        }
        want = want << 4 | (uint32_t) d;
    }
    return crc(line + CRC_HEX + 1, len - CRC_HEX - 1) == want;
}


bool
pacs_entry_read(char *line, size_t len, pacs_entry_t *e)
{
    scan_t  s = { line + CRC_HEX + 1, line + len };
    bool    has_op = false;

    *e = (pacs_entry_t) { 0 };

    if (!crc_ok(line, len) || !scan_char(&s, '{')) {
        return false;
    }

    do {
        if (!scan_member(&s, e, &has_op)) {
            return false;
        }
    } while (scan_char(&s, ','));

    return has_op && scan_char(&s, '}') && s.p == s.end;
}
