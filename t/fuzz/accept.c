/* SPDX-License-Identifier: BSD-2-Clause */

/* libFuzzer: a line of any text as Accept, what follows as the `accept`
 * parameter, for every resource: an answer, or a reason. */

#include <stdlib.h>
#include <string.h>

#include "web/web.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pacs_arena_t *a = pacs_arena_create(64 << 20);
    const char   *text = (const char *) data;
    const char   *end = len == 0 ? NULL : memchr(text, '\n', len);
    size_t        first = end == NULL ? len : (size_t) (end - text);
    pacs_str_t    header = { text, first };
    pacs_str_t    param = end == NULL ? pacs_null
                                      : (pacs_str_t) { end + 1,
                                                       len - first - 1 };

    for (int r = PACS_R_STUDIES; r <= PACS_R_VOLUME; r++) {
        pacs_err_t     err = { 0 };
        pacs_accept_t  c[8];
        unsigned       n = 0;
        int            rc = pacs_web_accept((pacs_resource_e) r, header,
                                            param, a, c, 8, &n, &err);

        if ((rc == PACS_OK) != (n != 0) || n > 8
            || (rc != PACS_OK && rc != PACS_E_NOMEM && err.text[0] == '\0'))
        {
            abort();
        }
    }

    pacs_arena_destroy(a);
    return 0;
}
