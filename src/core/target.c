/* SPDX-License-Identifier: BSD-2-Clause */

/* What frames can be put into, PS3.5 8.2 and A.4: limits of the coding, and
 * of the libraries that pacs-codec has */

#include "core/codec.h"

#define UID(rest)  "1.2.840.10008.1.2" rest

enum { GREY, COLOUR };

const pacs_target_t  pacs_targets[] = {
    /* lossy, native, bits, cell, colour, what it takes */
    { UID(".1"),     0, 1, 1, 64, 8, COLOUR, PACS_TAKES_ALL },
    { UID(".5"),     0, 0, 1, 32, 4, COLOUR, PACS_TAKES_ALL },
    { UID(".4.50"),  1, 0, 8,  8, 1, COLOUR, PACS_TAKES_UNSIGNED },
    { UID(".4.51"),  1, 0, 9, 12, 2, GREY,   PACS_TAKES_UNSIGNED },
    { UID(".4.57"),  0, 0, 2, 16, 2, COLOUR, PACS_TAKES_ALL },
    { UID(".4.70"),  0, 0, 2, 16, 2, COLOUR, PACS_TAKES_ALL },
    { UID(".4.80"),  0, 0, 2, 16, 2, COLOUR, PACS_TAKES_ALL },
    { UID(".4.81"),  1, 0, 2, 16, 2, COLOUR, PACS_TAKES_UNSIGNED },
    { UID(".4.90"),  0, 0, 1, 16, 2, COLOUR, PACS_TAKES_ALL },
    { UID(".4.91"),  1, 0, 8, 16, 2, COLOUR, PACS_TAKES_SIGNED },
    { UID(".4.201"), 0, 0, 1, 16, 2, COLOUR, PACS_TAKES_ALL },
    { UID(".4.202"), 0, 0, 1, 16, 2, COLOUR, PACS_TAKES_ALL },
    { UID(".4.203"), 1, 0, 8, 16, 2, COLOUR, PACS_TAKES_SIGNED },
    { NULL, 0, 0, 0, 0, 0, 0, 0 }
};


const pacs_target_t *
pacs_target(pacs_str_t syntax)
{
    for (const pacs_target_t *t = pacs_targets; t->syntax != NULL; t++) {
        if (pacs_str_is(syntax, t->syntax)) {
            return t;
        }
    }
    return NULL;
}


bool
pacs_target_takes(const pacs_target_t *t, const pacs_pixels_t *px)
{
    bool  palette = px->photometric == PACS_PI_PALETTE;

    if (px->allocated % 8 != 0 || px->is_float
        || px->photometric == PACS_PI_UNKNOWN)
    {
        return false;
    }

    return px->stored >= t->min && px->stored <= t->max
           && px->allocated <= t->cell * 8
           && (px->samples == 1 || (px->samples == 3 && t->colour))
           && (!palette || t->takes == PACS_TAKES_ALL)
           && (!px->is_signed || t->takes != PACS_TAKES_UNSIGNED);
}


uint64_t
pacs_target_room(const pacs_target_t *t, uint64_t bytes)
{
    /* noise becomes a little longer in each of them */
    return t->native ? bytes : bytes + bytes / 2 + 65536;
}
