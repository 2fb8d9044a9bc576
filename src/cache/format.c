/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Keys and values.  A value: "PACSC", version 1, two zero bytes, u64 length
 * of the payload (little endian), 32 bytes HMAC, payload.  The HMAC is over
 * SHA-256(u64 length of the name, name, payload): nothing has to be copied
 * together.
 */

#include <string.h>

#include "core/core.h"
#include "cache/cache.h"

enum { MAC_AT = 16, HEAD = MAC_AT + PACS_SHA256_LEN };

static const char  magic[8] = { 'P', 'A', 'C', 'S', 'C', 1, 0, 0 };


static void
put_u64(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++) {
        p[i] = (uint8_t) (v >> 8 * i);
    }
}


static bool
mac(pacs_str_t secret, pacs_str_t name, pacs_str_t payload, uint8_t *out)
{
    pacs_sha256_t  h;
    uint8_t        len[8], digest[PACS_SHA256_LEN];

    if (pacs_sha256_init(&h, NULL) != PACS_OK) {
        return false;
    }

    put_u64(len, name.len);
    pacs_sha256_update(&h, len, sizeof(len));
    pacs_sha256_update(&h, name.data, name.len);
    pacs_sha256_update(&h, payload.data, payload.len);
    pacs_sha256_final(&h, digest);

    pacs_hmac(secret, (pacs_str_t) { (char *) digest, sizeof(digest) }, out);
    return true;
}


pacs_str_t
pacs_cache_key(pacs_str_t secret, pacs_str_t name, pacs_arena_t *a)
{
    uint8_t  out[PACS_SHA256_LEN];
    char     hex[2 * PACS_SHA256_LEN + 1];

    pacs_hmac(secret, name, out);
    pacs_hex(out, sizeof(out), hex);

    return pacs_sprintf(a, "pacs:1:%s", hex);
}


pacs_str_t
pacs_cache_seal(pacs_str_t secret, pacs_str_t name, pacs_str_t payload,
    pacs_arena_t *a)
{
    char *p = payload.len > SIZE_MAX - HEAD
              ? NULL : pacs_alloc(a, HEAD + payload.len);

    if (p == NULL || !mac(secret, name, payload, (uint8_t *) p + MAC_AT)) {
        return pacs_null;
    }

    memcpy(p, magic, sizeof(magic));
    put_u64((uint8_t *) p + sizeof(magic), payload.len);
    if (payload.len != 0) {
        memcpy(p + HEAD, payload.data, payload.len);
    }

    return (pacs_str_t) { p, HEAD + payload.len };
}


bool
pacs_cache_open(pacs_str_t secret, pacs_str_t name, pacs_str_t value,
    pacs_str_t *payload)
{
    uint8_t     len[8], want[PACS_SHA256_LEN];
    pacs_str_t  inner;

    *payload = pacs_null;

    if (value.len < HEAD || memcmp(value.data, magic, sizeof(magic)) != 0) {
        return false;
    }

    inner = (pacs_str_t) { value.data + HEAD, value.len - HEAD };
    put_u64(len, inner.len);

    if (memcmp(value.data + sizeof(magic), len, sizeof(len)) != 0
        || !mac(secret, name, inner, want)
        || !pacs_mem_equal(want, value.data + MAC_AT, sizeof(want)))
    {
        return false;
    }

    *payload = inner;
    return true;
}
