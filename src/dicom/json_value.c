/* SPDX-License-Identifier: BSD-2-Clause */

#include <math.h>
#include <string.h>

#include "dicom/json.h"
#include "dicom/number.h"
#include "dicom/text.h"


void
pacs_json_tag(char *out, uint32_t tag)
{
    for (unsigned i = 0; i < 8; i++) {
        out[i] = "0123456789ABCDEF"[tag >> (28 - 4 * i) & 15];
    }
}


void
pacs_json_open(pacs_buf_t *b, uint32_t tag, uint16_t vr)
{
    static const char  form[] = "\"00000000\":{\"vr\":\"..\"";
    char              *p = pacs_buf_reserve(b, sizeof(form) - 1);

    if (p == NULL) {
        return;
    }

    memcpy(p, form, sizeof(form) - 1);
    pacs_json_tag(p + 1, tag);
    p[18] = (char) (vr >> 8);
    p[19] = (char) vr;
    b->len += sizeof(form) - 1;
}


/* PS3.18 F.2.2: component groups that are not empty */
static void
value_name(pacs_buf_t *b, const pacs_vr_t *vr, pacs_str_t value)
{
    static const char *const  groups[] = {
        "\"Alphabetic\":", "\"Ideographic\":", "\"Phonetic\":"
    };
    pacs_str_t  group;
    size_t      start = b->len;

    for (unsigned i = 0; i < 3 && pacs_str_split(&value, '=', &group); i++) {
        group = pacs_text_trim(vr, group);
        if (group.len != 0) {
            pacs_buf_char(b, b->len == start ? '{' : ',');
            pacs_buf_text(b, groups[i]);
            pacs_buf_json(b, group);
        }
    }

    pacs_buf_text(b, b->len == start ? "null" : "}");
}


/* JSON has no infinities: they are the strings that JavaScript takes for
 * numbers, NaN is null */
static void
value_decimal(pacs_buf_t *b, const pacs_vr_t *vr, pacs_str_t value)
{
    char    number[PACS_DECIMAL_MAX + 2];
    size_t  n = pacs_number_json(value, number);
    bool    big = (vr->vr == PACS_SV || vr->vr == PACS_UV)
                  && !pacs_number_safe(value);
    double  v;

    if (n != 0 && !big) {
        pacs_buf_add(b, number, n);

    } else if ((vr->vr == PACS_FL || vr->vr == PACS_FD)
               && (!pacs_number_infinite(value, &v) || isnan(v)))
    {
        pacs_buf_add(b, "null", 4);

    } else {
        pacs_buf_json(b, value);
    }
}


static bool
is_decimal(const pacs_vr_t *vr)
{
    return vr->vr == PACS_DS || vr->vr == PACS_IS
           || (pacs_vr_number(vr) && vr->vr != PACS_AT);
}


/* one value in UTF-8; F.2.5: null where it is empty */
static void
value_text(pacs_buf_t *b, const pacs_vr_t *vr, pacs_str_t value)
{
    value = pacs_text_trim(vr, value);

    if (value.len == 0) {
        pacs_buf_add(b, "null", 4);

    } else if (vr->vr == PACS_PN) {
        value_name(b, vr, value);

    } else if (is_decimal(vr)) {
        value_decimal(b, vr, value);

    } else {
        pacs_buf_json(b, value);
    }
}


void
pacs_json_texts(pacs_buf_t *b, const pacs_vr_t *vr, pacs_str_t text)
{
    pacs_str_t  value;
    bool        multi = vr->multi || pacs_vr_number(vr);

    if (pacs_text_trim(vr, text).len == 0) {
        return;
    }

    pacs_buf_text(b, ",\"Value\":[");

    if (!multi) {
        value_text(b, vr, text);
        text = pacs_null;
    }

    for (bool first = true; pacs_str_split(&text, '\\', &value);
         first = false)
    {
        if (!first) {
            pacs_buf_char(b, ',');
        }
        value_text(b, vr, value);
    }

    pacs_buf_char(b, ']');
}


void
pacs_json_numbers(pacs_buf_t *b, const pacs_vr_t *vr, pacs_str_t raw, bool big)
{
    const uint8_t  *p = (const uint8_t *) raw.data;
    size_t          n = raw.len / vr->size;
    bool            direct = is_decimal(vr) && vr->vr != PACS_SV
                             && vr->vr != PACS_UV;

    if (n == 0) {
        return;
    }

    pacs_buf_text(b, ",\"Value\":[");

    for (size_t i = 0; i < n; i++) {
        char       *out = pacs_buf_reserve(b, PACS_NUMBER_MAX + 1);
        pacs_str_t  value = { out, 0 };

        if (out == NULL) {
            return;
        }
        if (i != 0) {
            *out++ = ',';
            b->len++;
            value.data = out;
        }

        value.len = pacs_number_binary(vr, p + i * vr->size, big, out);

        if (direct && value.data[value.len - 1] <= '9') {
            b->len += value.len;
            continue;
        }

        /* aside, for the writers below put their own text here */
        char  text[PACS_NUMBER_MAX];

        memcpy(text, value.data, value.len);
        value.data = text;

        value_text(b, vr, value);
    }

    pacs_buf_char(b, ']');
}


void
pacs_json_base64(pacs_buf_t *b, const uint8_t *p, size_t len)
{
    static const char  digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789+/";
    char              *out = pacs_buf_reserve(b, (len + 2) / 3 * 4);

    if (out == NULL) {
        return;
    }

    for (size_t i = 0; i < len; i += 3) {
        size_t    left = len - i;
        uint32_t  v = (uint32_t) p[i] << 16
                      | (left > 1 ? (uint32_t) p[i + 1] << 8 : 0)
                      | (left > 2 ? p[i + 2] : 0);

        *out++ = digits[v >> 18];
        *out++ = digits[v >> 12 & 63];
        *out++ = left > 1 ? digits[v >> 6 & 63] : '=';
        *out++ = left > 2 ? digits[v & 63] : '=';
    }
    b->len += (len + 2) / 3 * 4;
}


void
pacs_json_attr(pacs_buf_t *b, uint32_t tag, uint16_t vr, pacs_str_t text)
{
    const pacs_vr_t *row = pacs_vr(vr);

    if (row == NULL) {
        row = pacs_vr(PACS_UN);
    }

    pacs_json_open(b, tag, row->vr);

    if (row->text || pacs_vr_number(row)) {
        pacs_json_texts(b, row, text);
    }

    pacs_buf_char(b, '}');
}
