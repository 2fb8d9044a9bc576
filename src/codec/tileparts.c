/* SPDX-License-Identifier: BSD-2-Clause */

#include "codec/decoder.h"

enum { SOT = 0x90, EOC = 0xd9, MIN_TILE_PART = 14 };


int64_t
pacs_j2k_lacks(const uint8_t *p, size_t len)
{
    size_t  at = 2;

    while (at + 12 <= len && p[at] == 0xff) {
        uint32_t  n = (uint32_t) p[at + 2] << 8 | p[at + 3];

        if (p[at + 1] == EOC) {
            return 0;
        }

        if (p[at + 1] == SOT) {
            n = (uint32_t) p[at + 6] << 24 | (uint32_t) p[at + 7] << 16
                | (uint32_t) p[at + 8] << 8 | p[at + 9];
            if (n == 0) {
                return 0;               /* up to the end, wherever it is */
            }
            if (n < MIN_TILE_PART) {
                return -1;
            }
        } else {
            n += 2;
        }

        if (n > len - at) {
            return n - (len - at);
        }
        at += n;
    }

    return at + 2 > len || (p[at] == 0xff && p[at + 1] == EOC) ? 0 : -1;
}
