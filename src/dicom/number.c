/* SPDX-License-Identifier: BSD-2-Clause */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dicom/number.h"


static size_t
put_unsigned(char *out, uint64_t v)
{
    char    digits[20];
    size_t  n = 0;

    do {
        digits[n++] = (char) ('0' + v % 10);
        v /= 10;
    } while (v != 0);

    for (size_t i = 0; i < n; i++) {
        out[i] = digits[n - 1 - i];
    }
    return n;
}


static size_t
put_signed(char *out, int64_t v)
{
    if (v >= 0) {
        return put_unsigned(out, (uint64_t) v);
    }

    *out = '-';
    return 1 + put_unsigned(out + 1, 0 - (uint64_t) v);
}


static bool
same(double a, double b, bool single)
{
    return single ? (float) a == (float) b : a == b;
}


/* m / 10^k with both exact in a double is rounded once, so it is the double
 * nearest to that decimal; the smallest k that gives v is the shortest */
static size_t
put_short(char *out, double v, bool single)
{
    static const double  powers[] = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12
    };
    double  size = fabs(v), limit = single ? 16777216 : 9007199254740992;

    if (v == 0) {
        /* as an integer, -0 would lose its sign in many a reader */
        size_t  len = signbit(v) ? 4 : 1;

        memcpy(out, signbit(v) ? "-0.0" : "0", len);
        return len;
    }

    for (unsigned k = 0; k < sizeof(powers) / sizeof(powers[0]); k++) {
        double  m = nearbyint(size * powers[k]);

        if (!(m <= limit)) {
            return 0;
        }
        if (!same(m / powers[k], size, single)) {
            continue;
        }

        char    digits[24];
        size_t  n = put_unsigned(digits, (uint64_t) m), len = 0;

        if (signbit(v)) {
            out[len++] = '-';
        }
        for (size_t i = n; i <= k; i++) {
            out[len++] = '0';
            if (i == n && k != 0) {
                out[len++] = '.';
            }
        }
        for (size_t i = 0; i < n; i++) {
            if (i + k == n && i != 0) {
                out[len++] = '.';
            }
            out[len++] = digits[i];
        }
        return len;
    }

    return 0;
}


static size_t
put_float(char *out, double v, bool single)
{
    if (!isfinite(v)) {
        return (size_t) sprintf(out, "%s", isnan(v) ? "NaN" : v < 0
                                ? "-Infinity" : "Infinity");
    }

    size_t  len = put_short(out, v, single);

    for (int digits = single ? 6 : 15; len == 0; digits++) {
        int  n = snprintf(out, PACS_NUMBER_MAX, "%.*g", digits, v);

        if (digits == 17
            || same(single ? (double) strtof(out, NULL) : strtod(out, NULL),
                    v, single))
        {
            len = (size_t) n;
        }
    }
    return len;
}


static size_t
put_bits(char *out, uint64_t bits, unsigned size)
{
    uint32_t  low = (uint32_t) bits;
    float     f;
    double    d;

    memcpy(&f, &low, sizeof(f));
    memcpy(&d, &bits, sizeof(d));

    return put_float(out, size == 4 ? (double) f : d, size == 4);
}


static size_t
put_tag(char *out, uint64_t bits, bool big)
{
    static const char  hex[] = "0123456789ABCDEF";

    if (!big) {
        bits = (bits & 0xffff) << 16 | bits >> 16;
    }
    for (unsigned i = 0; i < 8; i++) {
        out[i] = hex[bits >> (28 - 4 * i) & 15];
    }
    return 8;
}


size_t
pacs_number_binary(const pacs_vr_t *vr, const uint8_t *p, bool big,
    char out[PACS_NUMBER_MAX])
{
    uint64_t  bits = 0;
    unsigned  shift = 64 - 8 * vr->size;

    for (unsigned i = 0; i < vr->size; i++) {
        bits = bits << 8 | p[big ? i : vr->size - 1u - i];
    }

    switch (vr->vr) {
    case PACS_AT:
        return put_tag(out, bits, big);
    case PACS_FL: case PACS_FD:
        return put_bits(out, bits, vr->size);
    case PACS_SS: case PACS_SL: case PACS_SV:
        return put_signed(out, (int64_t) (bits << shift) >> shift);
    default:
        return put_unsigned(out, bits);
    }
}


static size_t
digits_at(pacs_str_t s, size_t at)
{
    size_t  n = 0;

    while (at + n < s.len && s.data[at + n] >= '0' && s.data[at + n] <= '9') {
        n++;
    }
    return n;
}


/* bytes of the exponent at `at`; 0: none, or not a sane one */
static size_t
exponent_at(pacs_str_t s, size_t at)
{
    size_t  i = at + 1;

    if (at >= s.len || (s.data[at] != 'e' && s.data[at] != 'E')) {
        return 0;
    }
    if (i < s.len && (s.data[i] == '+' || s.data[i] == '-')) {
        i++;
    }

    size_t  n = digits_at(s, i);
    int     value = 0;

    for (size_t k = 0; k < n; k++) {
        value = value > 999 ? value : value * 10 + (s.data[i + k] - '0');
    }
    return n == 0 || value > 240 ? 0 : i + n - at;
}


size_t
pacs_number_json(pacs_str_t s, char out[PACS_DECIMAL_MAX + 2])
{
    size_t  i = 0, len = 0;

    if (s.len == 0 || s.len > PACS_DECIMAL_MAX) {
        return 0;
    }

    if (s.data[0] == '-' || s.data[0] == '+') {
        i++;
        if (s.data[0] == '-') {
            out[len++] = '-';
        }
    }

    size_t  whole = digits_at(s, i), at = i + whole;
    size_t  part = at < s.len && s.data[at] == '.' ? 1 : 0;
    size_t  fraction = part != 0 ? digits_at(s, at + 1) : 0;
    size_t  end = at + part + fraction;

    if (whole + fraction == 0 || end + exponent_at(s, end) != s.len) {
        return 0;
    }

    while (whole > 1 && s.data[i] == '0') {
        i++;
        whole--;
    }

    if (whole == 0) {
        out[len++] = '0';
    }
    memcpy(out + len, s.data + i, whole);
    len += whole;

    if (fraction != 0) {
        memcpy(out + len, s.data + at, fraction + 1);
        len += fraction + 1;
    }

    memcpy(out + len, s.data + end, s.len - end);
    return len + (s.len - end);
}


bool
pacs_number_infinite(pacs_str_t text, double *v)
{
    static const struct { const char *word; double value; } words[] = {
        { "inf", INFINITY }, { "infinity", INFINITY }, { "nan", NAN }
    };
    bool  minus = text.len > 1 && text.data[0] == '-';

    if (minus) {
        text = (pacs_str_t) { text.data + 1, text.len - 1 };
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (text.len == strlen(words[i].word)
            && strncasecmp(text.data, words[i].word, text.len) == 0)
        {
            *v = minus ? -words[i].value : words[i].value;
            return true;
        }
    }
    return false;
}


bool
pacs_number_safe(pacs_str_t integer)
{
    static const int64_t  limit = INT64_C(1) << 53;
    int64_t               v;

    return pacs_str_int(integer, -limit, limit, &v);
}
