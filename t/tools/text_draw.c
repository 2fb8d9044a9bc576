/* SPDX-License-Identifier: BSD-2-Clause */

/* text_draw SIZE TEXT OUT.pgm: one line as coverage */

#include <stdio.h>
#include <stdlib.h>

#include "render/text.h"


int
main(int argc, char **argv)
{
    unsigned       size = argc == 4 ? (unsigned) atoi(argv[1]) : 0;
    pacs_fonts_t  *f = pacs_fonts_take(size);
    pacs_arena_t  *a = pacs_arena_create(0);
    pacs_line_t    line;
    pacs_cover_t   c = { .height = 2 * size };
    pacs_str_t     text = pacs_cstr(argc == 4 ? argv[2] : "");
    FILE          *out = size != 0 ? fopen(argv[3], "wb") : NULL;

    if (out == NULL || pacs_text_line(f, &text, NULL, size, 100000, a,
                                      &line, NULL) != PACS_OK)
    {
        return 2;
    }

    c.width = line.width;
    c.pitch = line.width;
    c.data = pacs_calloc(a, c.height, c.pitch);
    pacs_text_draw(&line, size, (int) size * 3 / 2, &c);

    fprintf(out, "P5 %u %u 255\n", c.width, c.height);
    fwrite(c.data, c.pitch, c.height, out);
    fclose(out);
    pacs_arena_destroy(a);
    pacs_fonts_give(f);
    return 0;
}
