/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Character sets, PS3.5 6.1: an ISO 2022 segmenter of our own.  A set is a
 * table of UTF-16 units that iconv fills when it is first needed: iconv knows
 * the characters, but neither DICOM's way to switch between sets nor all of
 * its sets by name (JIS X 0201, JIS X 0212 and KS X 1001 in G1 are reached
 * through the EUC encodings that contain them).
 *
 * Tolerated: any escape sequence of PS3.3 C.12.1.1.2 once (0008,0005) has
 * declared code extensions, also of a set that is missing in its list; the
 * ISO 2022 IR 149 or 58 as only value, which stands in G1 from the start.
 */

#include <ctype.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "dicom/charset.h"

enum { ESC = 0x1b, BAD = PACS_CHARSET_BAD };
enum { WHOLE_NONE, WHOLE_UTF8, WHOLE_GBK, WHOLE_GB18030 };


/* --- (0008,0005) --- */

static const pacs_charset_set_t *
set_of_ir(unsigned ir)
{
    for (size_t i = 0; i < PACS_SET_GBK && ir != 0; i++) {
        if (pacs_charset_sets[i].ir == ir) {
            return &pacs_charset_sets[i];
        }
    }
    return NULL;
}


/* letters and digits of a defined term, in upper case: real files write
 * ISO_IR 100, ISO-IR 100, ISO IR 100 and ISO2022 IR 100 */
static void
term_squeeze(pacs_str_t term, char out[24])
{
    size_t  n = 0;

    for (size_t i = 0; i < term.len && n < 23; i++) {
        if (isalnum((unsigned char) term.data[i])) {
            out[n++] = (char) toupper((unsigned char) term.data[i]);
        }
    }
    out[n] = '\0';
}


static unsigned
term_whole(const char *term)
{
    static const struct { const char *term; unsigned whole; }  t[] = {
        { "ISOIR192", WHOLE_UTF8 }, { "ISO2022IR192", WHOLE_UTF8 },
        { "UTF8", WHOLE_UTF8 },
        { "GB18030", WHOLE_GB18030 }, { "ISO2022GB18030", WHOLE_GB18030 },
        { "GBK", WHOLE_GBK }, { "ISO2022GBK", WHOLE_GBK }
    };

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        if (strcmp(t[i].term, term) == 0) {
            return t[i].whole;
        }
    }
    return WHOLE_NONE;
}


void
pacs_charset_parse(pacs_str_t charset, pacs_charset_t *cs)
{
    pacs_str_t  term;

    *cs = (pacs_charset_t) { .g0 = &pacs_charset_sets[PACS_SET_ASCII] };

    for (unsigned i = 0; pacs_str_split(&charset, '\\', &term); i++) {
        char  name[24];

        term_squeeze(term, name);

        unsigned     whole = i == 0 ? term_whole(name) : WHOLE_NONE;
        const char  *ir = strstr(name, "IR");

        if (whole != WHOLE_NONE) {
            cs->whole = (uint8_t) whole;
            return;
        }

        const pacs_charset_set_t *set = ir == NULL ? NULL
            : set_of_ir((unsigned) strtoul(ir + 2, NULL, 10));

        cs->extended |= i > 0 || strncmp(name, "ISO2022", 7) == 0
                        || (set != NULL && set->bytes == 2);

        if (i > 0 || set == NULL) {
            continue;
        }

        if (set->g == 1) {
            cs->g1 = set;
        }
        if (set->ir == 13) {
            cs->g0 = &pacs_charset_sets[PACS_SET_ROMAN];
        }
    }
}


bool
pacs_charset_plain(const pacs_charset_t *cs, pacs_str_t raw)
{
    if (cs->g0 != &pacs_charset_sets[PACS_SET_ASCII]) {
        return false;
    }

    unsigned char  high = 0;
    bool           esc = false;

    for (size_t i = 0; i < raw.len; i++) {
        high |= (unsigned char) raw.data[i];
        esc |= raw.data[i] == ESC;
    }
    return high < 0x80 && !esc;
}


/* --- text --- */

static char *
put(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char) c;

    } else if (c < 0x800) {
        *out++ = (char) (0xc0 | c >> 6);
        *out++ = (char) (0x80 | (c & 0x3f));

    } else {
        *out++ = (char) (0xe0 | c >> 12);
        *out++ = (char) (0x80 | (c >> 6 & 0x3f));
        *out++ = (char) (0x80 | (c & 0x3f));
    }
    return out;
}


/* bytes at p that are, or begin, one UTF-8 sequence; *whole: it is one */
static size_t
utf8_span(const uint8_t *p, size_t left, bool *whole)
{
    size_t   n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2
                 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    uint8_t  lo = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t  hi = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    size_t   i = 1;

    while (i < n && i < left && p[i] >= lo && p[i] <= hi) {
        lo = 0x80;
        hi = 0xbf;
        i++;
    }

    *whole = n != 0 && i == n;
    return i;
}


static char *
decode_utf8(pacs_str_t raw, char *out)
{
    const uint8_t  *p = (const uint8_t *) raw.data;

    for (size_t i = 0, n; i < raw.len; i += n) {
        bool  whole;

        n = utf8_span(p + i, raw.len - i, &whole);

        if (whole) {
            memcpy(out, p + i, n);
            out += n;
        } else {
            out = put(out, BAD);
        }
    }
    return out;
}


static bool
gb_four(const uint8_t *p, size_t left)
{
    return left >= 4 && p[0] >= 0x81 && p[0] <= 0xfe
           && p[1] >= 0x30 && p[1] <= 0x39 && p[2] >= 0x81 && p[2] <= 0xfe
           && p[3] >= 0x30 && p[3] <= 0x39;
}


/* one character outside the table; an iconv_t is opened once a text, if at
 * all; NULL: it is none */
static char *
gb_rare(iconv_t *cd, const uint8_t *p, size_t n, char *out)
{
    char    *src = (char *) p;
    size_t   room = 4;

    if (*cd == (iconv_t) -1) {
        *cd = iconv_open("UTF-8", "GB18030");
    }
    if (*cd == (iconv_t) -1
        || iconv(*cd, &src, &n, &out, &room) == (size_t) -1 || n != 0)
    {
        return NULL;
    }
    return out;
}


static char *
decode_gb(const pacs_charset_set_t *set, pacs_str_t raw, char *out)
{
    const uint8_t  *p = (const uint8_t *) raw.data;
    iconv_t         cd = (iconv_t) -1;
    bool            four = set == &pacs_charset_sets[PACS_SET_GB18030];

    for (size_t i = 0, n; i < raw.len; i += n) {
        size_t    left = raw.len - i;
        uint32_t  c = p[i];
        char     *rare = NULL;

        n = c < 0x80 ? 1 : four && gb_four(p + i, left) ? 4
            : left >= 2 && p[i + 1] >= set->trail ? 2 : 1;

        if (n == 2) {
            c = pacs_charset_two(set, p[i], p[i + 1]);
        }
        if (n == 4 || c == 0) {
            rare = four ? gb_rare(&cd, p + i, n, out) : NULL;
            n = rare == NULL ? 1 : n;
        }

        out = rare != NULL ? rare : put(out, n == 1 && p[i] >= 0x80 ? BAD : c);
    }

    if (cd != (iconv_t) -1) {
        iconv_close(cd);
    }
    return out;
}


/* bytes of the escape sequence behind ESC; 0: not one of DICOM's */
static size_t
escape(pacs_charset_t *state, const uint8_t *p, size_t left)
{
    for (size_t i = 0; i < PACS_SET_GBK; i++) {
        size_t  n = strlen(pacs_charset_sets[i].escape);

        if (n > left || memcmp(pacs_charset_sets[i].escape, p, n) != 0) {
            continue;
        }
        if (pacs_charset_sets[i].g == 0) {
            state->g0 = &pacs_charset_sets[i];
        } else {
            state->g1 = &pacs_charset_sets[i];
        }
        return n;
    }
    return 0;
}


static bool
delimiter(uint8_t c, bool multi, bool pn)
{
    return c < 0x20 || (c == '\\' && multi) || ((c == '^' || c == '=') && pn);
}


/* one byte of G0 where that has a byte a character */
static uint32_t
g0_one(const pacs_charset_set_t *set, uint8_t c)
{
    if (set == &pacs_charset_sets[PACS_SET_ROMAN]) {
        return c == '\\' ? 0xa5 : c == '~' ? 0x203e : c;
    }
    return set->iconv == NULL || c == ' ' ? c : pacs_charset_one(set, c | 0x80);
}


/* the character at p; returns its bytes */
static size_t
segment(const pacs_charset_t *s, const uint8_t *p, size_t left, uint32_t *c)
{
    const pacs_charset_set_t  *set = p[0] < 0x80 ? s->g0 : s->g1;

    if (set == NULL) {
        *c = BAD;
        return 1;
    }

    if (set->bytes == 1) {
        *c = p[0] < 0x80 ? g0_one(set, p[0]) : pacs_charset_one(set, p[0]);
        return 1;
    }

    if (p[0] <= ' ' || p[0] == 0x7f) {
        *c = p[0];
        return 1;
    }

    /* a lone half leaves the byte behind it alone */
    if (left < 2 || ((p[0] ^ p[1]) & 0x80) != 0 || (p[1] | 0x80) < set->trail
        || (p[1] | 0x80) == 0xff)
    {
        *c = BAD;
        return 1;
    }

    *c = pacs_charset_two(set, p[0] | 0x80, p[1] | 0x80);
    *c = *c == 0 ? BAD : *c;
    return 2;
}


size_t
pacs_charset_decode(const pacs_charset_t *cs, pacs_str_t raw, bool multi,
    bool pn, char *out)
{
    const uint8_t   *p = (const uint8_t *) raw.data;
    pacs_charset_t   state = *cs;
    char            *start = out;

    if (cs->whole == WHOLE_UTF8) {
        return (size_t) (decode_utf8(raw, out) - start);
    }

    if (cs->whole != WHOLE_NONE) {
        size_t  set = cs->whole == WHOLE_GBK ? PACS_SET_GBK : PACS_SET_GB18030;

        return (size_t) (decode_gb(&pacs_charset_sets[set], raw, out) - start);
    }

    for (size_t i = 0; i < raw.len; ) {
        size_t    left = raw.len - i, n;
        uint32_t  c = BAD;

        if (p[i] == ESC && cs->extended
            && (n = escape(&state, p + i + 1, left - 1)) != 0)
        {
            i += n + 1;
            continue;
        }

        n = p[i] == ESC ? 1 : segment(&state, p + i, left, &c);

        if (p[i] != ESC && n == 1 && delimiter(p[i], multi, pn)) {
            /* PS3.5 6.1.2.5.3: the sets of the start again */
            state = *cs;
            c = p[i];
        }

        out = put(out, c);
        i += n;
    }

    return (size_t) (out - start);
}


pacs_str_t
pacs_charset_utf8(pacs_str_t charset, pacs_str_t raw, bool multi, bool pn,
    pacs_arena_t *a)
{
    pacs_charset_t  cs;
    size_t          room;

    pacs_charset_parse(charset, &cs);

    if (pacs_charset_plain(&cs, raw)) {
        return pacs_str_copy(a, raw.data == NULL ? pacs_lit("") : raw);
    }

    if (__builtin_mul_overflow(raw.len, (size_t) PACS_CHARSET_GROW, &room)) {
        return pacs_null;
    }

    char *out = pacs_alloc(a, room + 1);

    if (out == NULL) {
        return pacs_null;
    }

    size_t  n = pacs_charset_decode(&cs, raw, multi, pn, out);

    out[n] = '\0';
    return (pacs_str_t) { out, n };
}
