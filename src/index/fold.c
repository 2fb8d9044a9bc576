/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Person names folded for matching.  Latin, Greek and Cyrillic letters lose
 * case and accents; other scripts stay as they are.
 */

#include <string.h>

#include "index/match.h"

/* U+00C0 … U+017F; "" : stays as it is */
static const char *const  latin[0x180 - 0xc0] = {
    "a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i",
    "i", "i", "d", "n", "o", "o", "o", "o", "o", "", "o", "u", "u", "u", "u",
    "y", "th", "ss",
    "a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i",
    "i", "i", "d", "n", "o", "o", "o", "o", "o", "", "o", "u", "u", "u", "u",
    "y", "th", "y",
    "a", "a", "a", "a", "a", "a", "c", "c", "c", "c", "c", "c", "c", "c",
    "d", "d", "d", "d", "e", "e", "e", "e", "e", "e", "e", "e", "e", "e",
    "g", "g", "g", "g", "g", "g", "g", "g", "h", "h", "h", "h", "i", "i",
    "i", "i", "i", "i", "i", "i", "i", "i", "ij", "ij", "j", "j", "k", "k",
    "k", "l", "l", "l", "l", "l", "l", "l", "l", "l", "l", "n", "n", "n",
    "n", "n", "n", "n", "n", "n", "o", "o", "o", "o", "o", "o", "oe", "oe",
    "r", "r", "r", "r", "r", "r", "s", "s", "s", "s", "s", "s", "s", "s",
    "t", "t", "t", "t", "t", "t", "u", "u", "u", "u", "u", "u", "u", "u",
    "u", "u", "u", "u", "w", "w", "y", "y", "y", "z", "z", "z", "z", "z",
    "z", "s"
};


/* capital letters of Greek and Cyrillic, and how far their small ones are */
static const struct { uint16_t first, last, add; } capitals[] = {
    { 0x0391, 0x03a9, 0x20 }, { 0x0400, 0x040f, 0x50 },
    { 0x0410, 0x042f, 0x20 }
};


/* Greek letters with an accent or at the end of a word; U+0451 */
static const struct { uint16_t c, plain; } accented[] = {
    { 0x0386, 0x03b1 }, { 0x0388, 0x03b5 }, { 0x0389, 0x03b7 },
    { 0x038a, 0x03b9 }, { 0x038c, 0x03bf }, { 0x038e, 0x03c5 },
    { 0x038f, 0x03c9 }, { 0x0390, 0x03b9 }, { 0x03aa, 0x03b9 },
    { 0x03ab, 0x03c5 }, { 0x03ac, 0x03b1 }, { 0x03ad, 0x03b5 },
    { 0x03ae, 0x03b7 }, { 0x03af, 0x03b9 }, { 0x03b0, 0x03c5 },
    { 0x03c2, 0x03c3 }, { 0x03ca, 0x03b9 }, { 0x03cb, 0x03c5 },
    { 0x03cc, 0x03bf }, { 0x03cd, 0x03c5 }, { 0x03ce, 0x03c9 },
    { 0x0401, 0x0435 }, { 0x0451, 0x0435 }
};


/* small, without accent */
static unsigned
plain_letter(unsigned c)
{
    for (unsigned i = 0; i < sizeof(accented) / sizeof(accented[0]); i++) {
        if (accented[i].c == c) {
            return accented[i].plain;
        }
    }
    for (unsigned i = 0; i < sizeof(capitals) / sizeof(capitals[0]); i++) {
        if (c >= capitals[i].first && c <= capitals[i].last) {
            return c + capitals[i].add;
        }
    }
    return c;
}


/* a character of two bytes, U+0080 … U+07FF; at most 3 bytes come out */
static size_t
fold_pair(unsigned c, char *out)
{
    if (c >= 0xc0 && c < 0x180 && latin[c - 0xc0][0] != '\0') {
        size_t  n = strlen(latin[c - 0xc0]);

        memcpy(out, latin[c - 0xc0], n);
        return n;
    }
    if (c >= 0x300 && c <= 0x36f) {     /* combining accents */
        return 0;
    }

    c = plain_letter(c);
    out[0] = (char) (0xc0 | c >> 6);
    out[1] = (char) (0x80 | (c & 0x3f));
    return 2;
}


/* bytes never become more */
static size_t
fold_text(pacs_str_t s, char *out)
{
    const unsigned char  *p = (const unsigned char *) s.data;
    size_t                n = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (p[i] >= 'A' && p[i] <= 'Z') {
            out[n++] = (char) (p[i] | 0x20);

        } else if (p[i] >= 0xc2 && p[i] < 0xe0 && i + 1 < s.len
                   && (p[i + 1] & 0xc0) == 0x80)
        {
            n += fold_pair((p[i] & 0x1fu) << 6 | (p[i + 1] & 0x3fu), out + n);
            i++;

        } else {
            out[n++] = (char) p[i];
        }
    }
    return n;
}


static size_t
fold_group(pacs_str_t group, char *out)
{
    pacs_str_t  part;
    size_t      n = 0, end = 0;

    while (pacs_str_split(&group, '^', &part)) {
        n += fold_text(pacs_str_trim(part), out + n);
        if (n != 0 && out[n - 1] != '^') {
            end = n;
        }
        out[n++] = '^';
    }
    return end;
}


pacs_str_t
pacs_name_fold(pacs_str_t name, pacs_arena_t *a)
{
    /* each split adds a delimiter at the end: one more than there was */
    char       *out = pacs_alloc(a, name.len + 2);
    size_t      n = 0, end = 0;
    pacs_str_t  group;

    if (out == NULL || name.data == NULL) {
        return pacs_null;
    }

    while (pacs_str_split(&name, '=', &group)) {
        size_t  len = fold_group(group, out + n);

        n += len;
        end = len != 0 ? n : end;
        out[n++] = '=';
    }
    return (pacs_str_t) { out, end };
}


void
pacs_name_groups(pacs_str_t folded, pacs_str_t *first, pacs_str_t *rest)
{
    *first = *rest = folded;

    if (!pacs_str_split(rest, '=', first) || rest->data == NULL) {
        *rest = pacs_lit("");
    }
}
