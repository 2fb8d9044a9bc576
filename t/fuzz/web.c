/* SPDX-License-Identifier: BSD-2-Clause */

/* libFuzzer: the first byte chooses a parser of web that has no target of
 * its own, the rest is its text. */

#include <stdlib.h>
#include <string.h>

#include "web/web.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static pacs_limits_t  limits;


static void
route(pacs_str_t s, pacs_arena_t *a)
{
    pacs_err_t    err = { 0 };
    pacs_route_t  r;

    if (pacs_web_route(s, &limits, a, &r, &err) == PACS_OK
        && ((r.study.data != NULL && !pacs_uid_ok(r.study))
            || (r.series.data != NULL && !pacs_uid_ok(r.series))
            || (r.instance.data != NULL && !pacs_uid_ok(r.instance))))
    {
        abort();
    }
}


static void
join(pacs_str_t s, pacs_arena_t *a)
{
    for (int gzip = 0; gzip < 2; gzip++) {
        pacs_buf_t      out = { .max = 1 << 20 };
        pacs_err_t      err = { 0 };
        pacs_joiner_t  *j;

        if (pacs_joiner_create(gzip, &out, a, &j, &err) == PACS_OK
            && pacs_joiner_add(j, s, pacs_lit("/u"), &err) == PACS_OK)
        {
            pacs_joiner_finish(j, &err);
        }
        pacs_buf_free(&out);
    }
}


static void
gunzip(pacs_str_t s, pacs_arena_t *a)
{
    pacs_buf_t  out = { .max = 0 };
    pacs_err_t  err = { 0 };

    pacs_gunzip(s, 1 << 20, &out, &err);
    pacs_buf_free(&out);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const  parse[])(pacs_str_t s, pacs_arena_t *a) = {
        route, join, gunzip
    };

    if (len == 0) {
        return 0;
    }

    limits = pacs_limits_default;

    pacs_arena_t *a = pacs_arena_create(64 << 20);
    pacs_str_t    s = { (const char *) data + 1, len - 1 };

    parse[data[0] % (sizeof(parse) / sizeof(parse[0]))](s, a);
    pacs_arena_destroy(a);
    return 0;
}
