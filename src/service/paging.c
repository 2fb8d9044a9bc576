/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Pages of one search hold together although studies arrive meanwhile: what
 * came after the first page does not count for the next ones (PS3.18
 * 8.3.4.4.1).  The first page's latest rows are remembered for a while, in
 * run/pages, by who asked and what: a table of records that any process of the
 * home may overwrite.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service/search.h"

enum { SLOTS = 4096, KEY = 16 };

static const int64_t  kept_us = 10 * 60 * INT64_C(1000000);

typedef struct {
    uint8_t  key[KEY];
    int64_t  upto[4];
    int64_t  used_us;
    uint8_t  sum[8];            /* of what is above */
} slot_t;


static void
sum_of(const slot_t *s, uint8_t sum[8])
{
    uint8_t  digest[PACS_SHA256_LEN];

    pacs_sha256(s, offsetof(slot_t, sum), digest);
    memcpy(sum, digest, 8);
}


/* all but which page it is and how it is written */
static void
key_of(const pacs_op_t *op, const pacs_param_t *params, unsigned n,
    uint8_t key[KEY])
{
    static const char *const  aside[] = { "offset", "limit", "accept",
                                          "charset" };
    const pacs_request_t     *r = &op->request;
    const pacs_str_t          who[] = { r->subject.user, r->subject.address,
                                        r->path };
    uint8_t                   digest[PACS_SHA256_LEN];
    pacs_buf_t                b = { 0 };

    for (unsigned i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
        pacs_buf_str(&b, who[i]);
        pacs_buf_char(&b, '\0');
    }
    for (unsigned i = 0; i < n; i++) {
        unsigned  k = 0;

        while (k < sizeof(aside) / sizeof(aside[0])
               && !pacs_str_is(params[i].name, aside[k]))
        {
            k++;
        }
        if (k == sizeof(aside) / sizeof(aside[0])) {
            pacs_buf_str(&b, params[i].name);
            pacs_buf_char(&b, '=');
            pacs_buf_str(&b, params[i].value);
            pacs_buf_char(&b, '\0');
        }
    }

    pacs_sha256(b.data, b.failed ? 0 : b.len, digest);
    memcpy(key, digest, KEY);
    pacs_buf_free(&b);
}


static int
open_pages(const pacs_op_t *op)
{
    char  path[4096];

    snprintf(path, sizeof(path), "%s/run/pages", op->svc->home);
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}


static off_t
place_of(const uint8_t key[KEY])
{
    return (off_t) ((key[0] | key[1] << 8) % SLOTS * (int) sizeof(slot_t));
}


static int64_t
now_us(const pacs_op_t *op)
{
    const pacs_env_t  *env = &op->svc->options.env;

    return env->now_us(env->ctx);
}


bool
pacs_paging_get(pacs_op_t *op, const pacs_param_t *params, unsigned n,
    int64_t upto[4])
{
    slot_t   slot;
    uint8_t  key[KEY], sum[8];
    int      fd = open_pages(op);

    if (fd == -1) {
        return false;
    }

    key_of(op, params, n, key);

    bool  found = pread(fd, &slot, sizeof(slot), place_of(key))
                  == (ssize_t) sizeof(slot);

    close(fd);
    if (!found) {
        return false;
    }

    sum_of(&slot, sum);
    if (memcmp(slot.key, key, KEY) != 0
        || memcmp(slot.sum, sum, sizeof(sum)) != 0
        || now_us(op) - slot.used_us > kept_us)
    {
        return false;
    }

    memcpy(upto, slot.upto, sizeof(slot.upto));
    return true;
}


/* what cannot be remembered costs a page's neighbourhood, no more */
void
pacs_paging_put(pacs_op_t *op, const pacs_param_t *params, unsigned n,
    const int64_t upto[4])
{
    slot_t  slot = { .used_us = now_us(op) };
    int     fd = open_pages(op);

    if (fd == -1) {
        return;
    }

    key_of(op, params, n, slot.key);
    memcpy(slot.upto, upto, sizeof(slot.upto));
    sum_of(&slot, slot.sum);

    if (pwrite(fd, &slot, sizeof(slot), place_of(slot.key)) == -1) {
        pacs_log(&op->svc->options.env, PACS_LOG_WARN, "run/pages cannot be "
                 "written");
    }
    close(fd);
}
