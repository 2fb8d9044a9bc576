/* SPDX-License-Identifier: BSD-2-Clause */

#include <string.h>

#include "dicom/charset.h"
#include "dicom/number.h"
#include "dicom/text.h"


static bool
padding(char c)
{
    return c == ' ' || c == '\0';
}


/* in LT, ST, UT, UC and dates a blank in front counts */
static bool
pads_in_front(uint16_t vr)
{
    return vr == PACS_AE || vr == PACS_CS || vr == PACS_DS || vr == PACS_IS
           || vr == PACS_LO || vr == PACS_SH || vr == PACS_PN;
}


pacs_str_t
pacs_text_trim(const pacs_vr_t *vr, pacs_str_t s)
{
    while (s.len != 0 && padding(s.data[s.len - 1])) {
        s.len--;
    }
    while (s.len != 0 && padding(s.data[0]) && pads_in_front(vr->vr)) {
        s.data++;
        s.len--;
    }
    return s;
}


/* each value trimmed; the text is moved together in place */
static size_t
trim_values(const pacs_vr_t *vr, char *text, size_t len)
{
    pacs_str_t  rest = { text, len }, part;
    char       *out = text;

    if (!vr->multi) {
        return pacs_text_trim(vr, rest).len;
    }

    for (bool first = true; pacs_str_split(&rest, '\\', &part);
         first = false)
    {
        if (!first) {
            *out++ = '\\';
        }
        part = pacs_text_trim(vr, part);
        memmove(out, part.data, part.len);
        out += part.len;
    }
    return (size_t) (out - text);
}


static pacs_str_t
characters(const pacs_vr_t *vr, const pacs_item_t *item, pacs_str_t raw,
    pacs_arena_t *a)
{
    pacs_charset_t  cs;
    size_t          room;

    pacs_charset_parse(vr->charset ? item->charset : pacs_null, &cs);

    bool  plain = pacs_charset_plain(&cs, raw);

    if (__builtin_mul_overflow(raw.len, plain ? 1 : PACS_CHARSET_GROW, &room)
        || room == SIZE_MAX)
    {
        return pacs_null;
    }

    char *text = pacs_alloc(a, room + 1);

    if (text == NULL) {
        return pacs_null;
    }

    size_t  len = raw.len;

    if (plain) {
        memcpy(text, raw.data, raw.len);
    } else {
        len = pacs_charset_decode(&cs, raw, vr->multi, vr->vr == PACS_PN,
                                  text);
    }

    len = trim_values(vr, text, len);
    text[len] = '\0';

    return len == 0 ? pacs_null : (pacs_str_t) { text, len };
}


static pacs_str_t
numbers(const pacs_vr_t *vr, const pacs_item_t *item,
    const pacs_elem_t *elem, pacs_arena_t *a)
{
    uint64_t  n = elem->length / vr->size;
    size_t    room, len = 0;

    if (n == 0 || __builtin_mul_overflow(n, PACS_NUMBER_MAX + 1, &room)) {
        return pacs_null;
    }

    char *text = pacs_alloc(a, room);

    if (text == NULL) {
        return pacs_null;
    }

    for (uint64_t i = 0; i < n; i++) {
        if (i != 0) {
            text[len++] = '\\';
        }
        len += pacs_number_binary(vr, elem->value + i * vr->size,
                                  item->big_endian, text + len);
    }

    return len == 0 ? pacs_null : (pacs_str_t) { text, len };
}


pacs_str_t
pacs_elem_text(const pacs_item_t *item, const pacs_elem_t *elem,
    pacs_arena_t *a)
{
    const pacs_vr_t *vr = elem == NULL ? NULL : pacs_vr(elem->vr);

    if (vr == NULL || elem->value == NULL || elem->length == 0) {
        return pacs_null;
    }

    if (vr->text) {
        return characters(vr, item, (pacs_str_t) {
            (const char *) elem->value, (size_t) elem->length }, a);
    }

    return pacs_vr_number(vr) ? numbers(vr, item, elem, a) : pacs_null;
}
