/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * How the words of a name sound: Cologne phonetics (H. J. Postel, Die Kölner
 * Phonetik, IBM-Nachrichten 19, 1969), of what Latin letters write; Greek and
 * Cyrillic ones are put into Latin letters first.  Other scripts have none.
 * J and Y before the first vowel are 9, not 0 as the vowels are: the
 * beginning of a name is what people type.
 */

#include <string.h>

#include "index/match.h"

enum { WORD_MAX = 64, WORDS = 32 };     /* bytes, and words of a name */

/* U+03B1 … U+03C9, U+0430 … U+044F, folded */
static const char *const  greek[] = {
    "a", "v", "g", "d", "e", "z", "i", "th", "i", "k", "l", "m", "n", "x",
    "o", "p", "r", "s", "s", "t", "y", "f", "ch", "ps", "o"
};

static const char *const  cyrillic[] = {
    "a", "b", "v", "g", "d", "e", "zh", "z", "i", "j", "k", "l", "m", "n",
    "o", "p", "r", "s", "t", "u", "f", "kh", "ts", "ch", "sh", "shch", "",
    "y", "", "e", "yu", "ya"
};

/* letters outside of the two rows */
static const struct { uint16_t c; const char *latin; } others[] = {
    { 0x0450, "e" }, { 0x0452, "d" }, { 0x0453, "g" }, { 0x0454, "ye" },
    { 0x0455, "z" }, { 0x0456, "i" }, { 0x0457, "i" }, { 0x0458, "j" },
    { 0x0459, "l" }, { 0x045a, "n" }, { 0x045b, "c" }, { 0x045c, "k" },
    { 0x045e, "u" }, { 0x045f, "z" }, { 0x0491, "g" }
};


static const char *
latin_of(unsigned c)
{
    if (c >= 0x3b1 && c <= 0x3c9) {
        return greek[c - 0x3b1];
    }
    if (c >= 0x430 && c <= 0x44f) {
        return cyrillic[c - 0x430];
    }

    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (others[i].c == c) {
            return others[i].latin;
        }
    }
    return NULL;
}


/* a folded word in a … z; 0: it has letters that cannot be written so */
static size_t
to_latin(pacs_str_t word, char *out)
{
    const unsigned char  *p = (const unsigned char *) word.data;
    size_t                n = 0;

    for (size_t i = 0; i < word.len; i++) {
        if (p[i] < 0x80) {
            if (p[i] >= 'a' && p[i] <= 'z') {
                out[n++] = (char) p[i];
            }
            continue;
        }

        const char  *latin = p[i] < 0xe0 && i + 1 < word.len
                             ? latin_of((p[i] & 0x1fu) << 6
                                        | (p[i + 1] & 0x3fu)) : NULL;

        if (latin == NULL) {
            return 0;
        }
        memcpy(out + n, latin, strlen(latin));
        n += strlen(latin);
        i++;
    }
    return n;
}


static bool
one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}


/* NULL: the letters beside it decide */
static const char *const  codes[26] = {
    "0", "1", NULL, NULL, "0", "3", "4", "", "0", NULL, "4", "5", "6", "6",
    "0", NULL, "4", "7", "8", NULL, "0", "3", "3", NULL, NULL, "8"
};


/* before, after: NUL at the ends */
static const char *
code_of(char before, char c, char after)
{
    switch (c) {
    case 'j':
    case 'y':
        return before == '\0' && one_of(after, "aeiou") ? "9" : "0";
    case 'p':
        return after == 'h' ? "3" : "1";
    case 'd':
    case 't':
        return one_of(after, "csz") ? "8" : "2";
    case 'x':
        return one_of(before, "ckq") ? "8" : "48";
    case 'c':
        return (before == '\0' ? one_of(after, "ahkloqrux")
                : one_of(after, "ahkoqux") && !one_of(before, "sz"))
               ? "4" : "8";
    default:
        return codes[c - 'a'];
    }
}


/* runs of a digit become one, and 0 stays only in front */
static size_t
sound_of(const char *word, size_t len, char *out)
{
    size_t  n = 0;
    char    last = '\0';

    for (size_t i = 0; i < len; i++) {
        for (const char *d = code_of(i != 0 ? word[i - 1] : '\0', word[i],
                                     i + 1 < len ? word[i + 1] : '\0');
             *d != '\0';
             d++)
        {
            if (*d != last && (*d != '0' || n == 0)) {
                out[n++] = *d;
            }
            last = *d;
        }
    }
    return n;
}


static bool
is_letter(unsigned char c)
{
    return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}


/* letters and digits up to what is neither; an apostrophe joins */
static bool
next_word(pacs_str_t *rest, char *word, size_t *len)
{
    size_t  i = 0;

    for (*len = 0; i < rest->len; i++) {
        char  c = rest->data[i];

        if (is_letter((unsigned char) c)) {
            word[*len] = c;
            *len += *len < WORD_MAX;
        } else if (c != '\'' && *len != 0) {
            break;
        }
    }

    *rest = (pacs_str_t) { rest->data + i, rest->len - i };
    return *len != 0;
}


/* at most half a character can be at the end */
static size_t
whole(const char *word, size_t len)
{
    if (len < WORD_MAX) {
        return len;
    }
    while (len != 0 && ((unsigned char) word[len - 1] & 0xc0) == 0x80) {
        len--;
    }
    return len != 0 && (unsigned char) word[len - 1] >= 0xc0 ? len - 1 : len;
}


pacs_str_t
pacs_name_words(pacs_str_t folded, pacs_arena_t *a)
{
    char        word[WORD_MAX + 1], latin[4 * WORD_MAX];
    char        sound[8 * WORD_MAX];
    pacs_buf_t  out = { 0 };
    size_t      len;

    for (int n = 0; n < WORDS && next_word(&folded, word, &len); n++) {
        len = whole(word, len);

        pacs_buf_printf(&out, "%s%.*s", out.len != 0 ? " " : "", (int) len,
                        word);

        len = sound_of(latin, to_latin((pacs_str_t) { word, len }, latin),
                       sound);
        if (len != 0) {
            pacs_buf_printf(&out, " #%.*s", (int) len, sound);
        }
    }

    if (out.len == 0 && !out.failed) {
        return pacs_lit("");
    }
    return pacs_buf_take(&out, a);
}


bool
pacs_name_word(pacs_str_t *words, pacs_str_t *word, pacs_str_t *sound)
{
    *sound = pacs_null;

    if (words->len == 0 || !pacs_str_split(words, ' ', word)) {
        return false;
    }
    if (words->len != 0 && words->data[0] == '#') {
        pacs_str_split(words, ' ', sound);
    }
    return true;
}
