/* SPDX-License-Identifier: BSD-2-Clause */

/* look-ups in the generated tables */

#include <string.h>

#include "dicom/dict.h"


static const pacs_tag_t *
table_find(uint32_t tag)
{
    unsigned  lo = 0, hi = pacs_ntags;

    while (lo < hi) {
        unsigned  mid = lo + (hi - lo) / 2;

        if (pacs_tag_table[mid].tag < tag) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }

    return lo < pacs_ntags && pacs_tag_table[lo].tag == tag
           ? &pacs_tag_table[lo] : NULL;
}


static const pacs_tag_t *
repeats_find(uint32_t tag)
{
    for (unsigned i = 0; i < pacs_ntag_repeats; i++) {
        const pacs_tag_repeat_t *r = &pacs_tag_repeats[i];

        if ((tag & r->mask) == r->tag.tag) {
            return &r->tag;
        }
    }

    return NULL;
}


const pacs_tag_t *
pacs_tag(uint32_t tag)
{
    static const pacs_tag_t  group_length = { 0, PACS_UL, 0, 1, "" };

    if (tag & 0x00010000) {
        return NULL;
    }

    const pacs_tag_t *t = table_find(tag);

    if (t == NULL && (tag & 0xffff) == 0) {
        t = &group_length;
    }
    return t != NULL ? t : repeats_find(tag);
}


static int
compare(const char *name, pacs_str_t s)
{
    size_t  n = strlen(name);
    int     c = s.len == 0 ? 0 : memcmp(name, s.data, n < s.len ? n : s.len);

    return c != 0 ? c : (n > s.len) - (n < s.len);
}


const pacs_tag_t *
pacs_tag_keyword(pacs_str_t keyword)
{
    unsigned  lo = 0, hi = pacs_ntag_keywords;

    while (lo < hi) {
        unsigned           mid = lo + (hi - lo) / 2;
        const pacs_tag_t  *t = &pacs_tag_table[pacs_tag_keywords[mid]];
        int                c = compare(t->keyword, keyword);

        if (c == 0) {
            return t;
        }
        if (c < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }

    return NULL;
}


static int
hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}


bool
pacs_tag_parse(pacs_str_t text, uint32_t *tag)
{
    uint32_t  v = 0;
    size_t    i = 0;

    while (text.len == 8 && i < 8) {
        int  d = hex_digit(text.data[i]);

        if (d < 0) {
            break;
        }
        v = v << 4 | (uint32_t) d;
        i++;
    }

    if (i == 8) {
        *tag = v;
        return true;
    }

    const pacs_tag_t *t = pacs_tag_keyword(text);

    if (t == NULL) {
        return false;
    }
    *tag = t->tag;
    return true;
}


const pacs_uid_t *
pacs_uid(pacs_str_t uid)
{
    unsigned  lo = 0, hi = pacs_nuids;

    while (lo < hi) {
        unsigned  mid = lo + (hi - lo) / 2;
        int       c = compare(pacs_uid_table[mid].uid, uid);

        if (c == 0) {
            return &pacs_uid_table[mid];
        }
        if (c < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }

    return NULL;
}
