/* SPDX-License-Identifier: BSD-2-Clause */

/* lines "charset, tab, bytes in hex" become lines of UTF-8 in hex; the bytes
 * are one text without delimiters */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dicom/dicom.h"


static size_t
unhex(const char *hex, char *out, size_t room)
{
    size_t    n = 0;
    unsigned  byte;

    while (n < room && sscanf(hex + 2 * n, "%2x", &byte) == 1) {
        out[n++] = (char) byte;
    }
    return n;
}


int
main(void)
{
    char  line[256];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        pacs_arena_t *a = pacs_arena_create(0);
        char         *hex = strchr(line, '\t');
        char          raw[64], out[512];

        if (hex == NULL) {
            return 2;
        }
        *hex++ = '\0';

        pacs_str_t  text = { raw, unhex(hex, raw, sizeof(raw)) };

        text = pacs_charset_utf8(pacs_cstr(line), text, false, false, a);
        pacs_hex(text.data, text.len < 255 ? text.len : 255, out);
        puts(out);
        pacs_arena_destroy(a);
    }

    return 0;
}
