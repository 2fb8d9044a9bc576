/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Person names folded for matching.  Latin letters lose case and accents;
 * Greek and Cyrillic ones lose case; other scripts stay as they are.
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

    for (unsigned i = 0; i < sizeof(capitals) / sizeof(capitals[0]); i++) {
        if (c >= capitals[i].first && c <= capitals[i].last) {
            c += capitals[i].add;
            break;
        }
    }

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
