/* SPDX-License-Identifier: BSD-2-Clause */

#include <stdlib.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "core/core.h"


int
pacs_sha256_init(pacs_sha256_t *h, pacs_err_t *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        h->md = NULL;
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a digest");
    }

    h->md = ctx;
    return PACS_OK;
}


void
pacs_sha256_update(pacs_sha256_t *h, const void *data, size_t len)
{
    EVP_DigestUpdate(h->md, data, len);
}


void
pacs_sha256_final(pacs_sha256_t *h, uint8_t out[PACS_SHA256_LEN])
{
    if (out != NULL && h->md != NULL) {
        EVP_DigestFinal_ex(h->md, out, NULL);
    }
    EVP_MD_CTX_free(h->md);
    h->md = NULL;
}


void
pacs_sha256(const void *data, size_t len, uint8_t out[PACS_SHA256_LEN])
{
    if (EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) != 1) {
        abort();
    }
}


void
pacs_hmac(pacs_str_t key, pacs_str_t data, uint8_t out[PACS_SHA256_LEN])
{
    if (HMAC(EVP_sha256(), key.data, (int) key.len,
             (const unsigned char *) data.data, data.len, out, NULL) == NULL)
    {
        abort();
    }
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
    if (RAND_bytes(out, (int) len) != 1) {
        abort();
    }
}
