/* SPDX-License-Identifier: BSD-2-Clause */

/* SHA-256 by OpenSSL's functions that fetch and allocate nothing: they cannot
 * fail, and OpenSSL 3 crashes when memory runs out in its own start */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "core/core.h"

enum { HMAC_BLOCK = 64 };

_Static_assert(sizeof(SHA256_CTX) <= sizeof(pacs_sha256_t),
               "pacs_sha256_t holds a SHA256_CTX");


int
pacs_sha256_init(pacs_sha256_t *h, pacs_err_t *err)
{
    return SHA256_Init((SHA256_CTX *) h->state) == 1
           ? PACS_OK : pacs_fail(err, PACS_E_INTERNAL, "SHA-256");
}


void
pacs_sha256_update(pacs_sha256_t *h, const void *data, size_t len)
{
    SHA256_Update((SHA256_CTX *) h->state, data, len);
}


void
pacs_sha256_final(pacs_sha256_t *h, uint8_t out[PACS_SHA256_LEN])
{
    if (out != NULL) {
        SHA256_Final(out, (SHA256_CTX *) h->state);
    }
    OPENSSL_cleanse(h, sizeof(*h));
}


void
pacs_sha256(const void *data, size_t len, uint8_t out[PACS_SHA256_LEN])
{
    pacs_sha256_t  h;

    pacs_sha256_init(&h, NULL);
    pacs_sha256_update(&h, data, len);
    pacs_sha256_final(&h, out);
}


/* RFC 2104 */
void
pacs_hmac(pacs_str_t key, pacs_str_t data, uint8_t out[PACS_SHA256_LEN])
{
    uint8_t        inner[HMAC_BLOCK] = { 0 }, outer[HMAC_BLOCK];
    pacs_sha256_t  h;

    if (key.len > HMAC_BLOCK) {
        pacs_sha256(key.data, key.len, inner);
    } else if (key.len != 0) {
        memcpy(inner, key.data, key.len);
    }

    for (int i = 0; i < HMAC_BLOCK; i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] ^= 0x36;
    }

    pacs_sha256_init(&h, NULL);
    pacs_sha256_update(&h, inner, sizeof(inner));
    pacs_sha256_update(&h, data.data, data.len);
    pacs_sha256_final(&h, out);

    pacs_sha256_init(&h, NULL);
    pacs_sha256_update(&h, outer, sizeof(outer));
    pacs_sha256_update(&h, out, PACS_SHA256_LEN);
    pacs_sha256_final(&h, out);

    OPENSSL_cleanse(inner, sizeof(inner));
    OPENSSL_cleanse(outer, sizeof(outer));
}


bool
pacs_mem_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}


void
pacs_hex(const void *data, size_t len, char *out)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < len; i++) {
        *out++ = "0123456789abcdef"[p[i] >> 4];
        *out++ = "0123456789abcdef"[p[i] & 15];
    }
    *out = '\0';
}


void
pacs_random(void *out, size_t len)
{
    uint8_t *p = out;

    while (len != 0) {
        ssize_t  n = getrandom(p, len, 0);

        if (n < 0 && errno != EINTR) {
            abort();
        }
        if (n > 0) {
            p += n;
            len -= (size_t) n;
        }
    }
}
