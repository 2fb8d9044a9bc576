/* SPDX-License-Identifier: BSD-2-Clause */

/* WebP's container (RFC 9649 2.7): what webp.c and animation.c share. */

#ifndef PACS_RENDER_RIFF_H
#define PACS_RENDER_RIFF_H

#include "core/core.h"

enum { PACS_RIFF_HEAD = 12, PACS_RIFF_ICC = 0x20, PACS_RIFF_ANIMATION = 0x02 };

void pacs_riff_int(pacs_buf_t *b, uint32_t v, unsigned bytes);
/* RIFF, its size still 0, and VP8X with the flags given */
void pacs_riff_open(pacs_buf_t *b, uint32_t width, uint32_t height,
    uint32_t flags);
void pacs_riff_chunk(pacs_buf_t *b, const char *name, pacs_str_t payload);
/* sets the size in the first 8 bytes of a file of len bytes */
void pacs_riff_size(char *file, uint64_t len);

#endif
