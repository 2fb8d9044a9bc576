/* SPDX-License-Identifier: BSD-2-Clause */

#include <string.h>

#include "blob/blob.h"

enum { SERIES_HEX = 32, DIGEST_HEX = 64 };


static bool
hex_ok(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f'))) {
            return false;
        }
    }
    return true;
}


bool
pacs_key_parse(pacs_str_t text, pacs_key_t *key)
{
    if (text.len != SERIES_HEX + 1 + DIGEST_HEX
        || text.data[SERIES_HEX] != '/'
        || !hex_ok(text.data, SERIES_HEX)
        || !hex_ok(text.data + SERIES_HEX + 1, DIGEST_HEX))
    {
        return false;
    }

    memcpy(key->series, text.data, SERIES_HEX);
    key->series[SERIES_HEX] = '\0';
    memcpy(key->digest, text.data + SERIES_HEX + 1, DIGEST_HEX);
    key->digest[DIGEST_HEX] = '\0';
    return true;
}


void
pacs_key_series(pacs_key_t *key, pacs_str_t series_uid)
{
    uint8_t  hash[PACS_SHA256_LEN];

    pacs_sha256(series_uid.data, series_uid.len, hash);
    pacs_hex(hash, SERIES_HEX / 2, key->series);
}
