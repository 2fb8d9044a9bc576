/* SPDX-License-Identifier: BSD-2-Clause */

/* files of the frame cache: see codec.h */

#include "core/codec.h"

_Static_assert(sizeof(pacs_frame_head_t) == PACS_FRAME_HEAD, "frame head");


uint64_t
pacs_frame_blocks(uint64_t bytes)
{
    return (bytes + PACS_FRAME_BLOCK - 1) / PACS_FRAME_BLOCK;
}


uint64_t
pacs_frame_file(uint64_t bytes)
{
    return PACS_FRAME_HEAD + bytes
           + pacs_frame_blocks(bytes) * sizeof(uint32_t);
}


void
pacs_frame_sums(const void *data, size_t len, uint64_t first, uint32_t *sums)
{
    const uint8_t *p = data;

    for (size_t at = 0; at < len; at += PACS_FRAME_BLOCK) {
        size_t  left = len - at;

        *sums++ = pacs_sum((uint32_t) first++, p + at,
                           left < PACS_FRAME_BLOCK ? left : PACS_FRAME_BLOCK);
    }
}


static uint32_t
head_sum(const pacs_frame_head_t *head)
{
    pacs_frame_head_t  h = *head;

    h.sum = 0;
    return pacs_sum(0, &h, sizeof(h));
}


void
pacs_frame_seal(pacs_frame_head_t *head, const uint32_t *sums)
{
    head->sums = pacs_sum(0, sums,
                          pacs_frame_blocks(head->bytes) * sizeof(*sums));
    head->sum = head_sum(head);
}


bool
pacs_frame_good(const pacs_frame_head_t *head, uint32_t magic,
    int64_t file_size)
{
    return head->magic == magic && head->version == PACS_CODEC_VERSION
           && head->sum == head_sum(head)
           && head->bytes < (uint64_t) file_size
           && pacs_frame_file(head->bytes) == (uint64_t) file_size;
}
