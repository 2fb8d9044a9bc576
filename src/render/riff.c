/* SPDX-License-Identifier: BSD-2-Clause */

#include "render/riff.h"


void
pacs_riff_int(pacs_buf_t *b, uint32_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        pacs_buf_char(b, (char) (v >> (8 * i)));
    }
}


void
pacs_riff_open(pacs_buf_t *b, uint32_t width, uint32_t height, uint32_t flags)
{
    pacs_buf_add(b, "RIFF\0\0\0\0WEBPVP8X", 16);
    pacs_riff_int(b, 10, 4);
    pacs_riff_int(b, flags, 4);
    pacs_riff_int(b, width - 1, 3);
    pacs_riff_int(b, height - 1, 3);
}


void
pacs_riff_chunk(pacs_buf_t *b, const char *name, pacs_str_t payload)
{
    pacs_buf_add(b, name, 4);
    pacs_riff_int(b, (uint32_t) payload.len, 4);
    pacs_buf_str(b, payload);
    if (payload.len % 2 != 0) {
        pacs_buf_char(b, 0);
    }
}


void
pacs_riff_size(char *file, uint64_t len)
{
    for (unsigned i = 0; i < 4; i++) {
        file[4 + i] = (char) ((len - 8) >> (8 * i));
    }
}
