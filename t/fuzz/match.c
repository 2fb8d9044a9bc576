/* link: src/index/match.c src/index/fold.c src/index/sound.c src/index/when.c src/index/attrs.c */
/* SPDX-License-Identifier: BSD-2-Clause */

/* libFuzzer: any text as the value of each key of a search, in all ways; and
 * as a name, and as a pattern of itself. */

#include <stdlib.h>

#include "index/attrs.h"
#include "index/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);


/* what the door lets in: UTF-8 without NUL */
static bool
is_text(pacs_str_t s)
{
    for (size_t i = 0; i < s.len; ) {
        size_t  n = pacs_utf8_len((const unsigned char *) s.data + i,
                                  s.len - i);

        if (n == 0 || s.data[i] == '\0') {
            return false;
        }
        i += n;
    }
    return true;
}


static void
parse(pacs_str_t value, pacs_arena_t *a)
{
    for (unsigned i = 0; i < pacs_nattrs; i++) {
        for (unsigned how = 0; how < 16; how++) {
            pacs_matching_t  m = { 0 };
            pacs_err_t       err = { 0 };
            int              rc = pacs_matching_parse(&pacs_attrs[i], value,
                                      how, &pacs_limits_default, a, &m, &err);

            if (rc != PACS_OK && rc != PACS_E_NOMEM && err.text[0] == '\0') {
                abort();
            }
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pacs_arena_t *a = pacs_arena_create(64 << 20);
    pacs_str_t    value = { (const char *) data, len };
    pacs_str_t    words, word, sound, first, rest, folded;

    if (is_text(value)) {
        parse(value, a);

        folded = pacs_name_fold(value, a);
        pacs_name_groups(folded, &first, &rest);
        words = pacs_name_words(folded, a);
        while (pacs_name_word(&words, &word, &sound)) { }
        (void) pacs_any_match(value, value);
    }

    pacs_arena_destroy(a);
    return 0;
}
