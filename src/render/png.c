/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Rows -> PNG, 8 bits a channel or 16 bits of grey.  The library leaves by
 * longjmp: what must survive lies in a struct whose address is known outside
 * of setjmp's frame.
 */

#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <png.h>

#include "render/pipeline.h"


typedef struct {
    png_structp   png;
    png_infop     info;
    jmp_buf       fail;
    pacs_buf_t   *out;
    char          text[128];
} png_t;


static void
png_fail(png_structp png, png_const_charp text)
{
    png_t  *p = png_get_error_ptr(png);

    snprintf(p->text, sizeof(p->text), "%s", text);
    longjmp(p->fail, 1);
}


static void
png_ignore(png_structp png, png_const_charp text)
{
}


static void
png_put(png_structp png, png_bytep data, size_t len)
{
    png_t  *p = png_get_io_ptr(png);

    pacs_buf_add(p->out, data, len);
    if (p->out->failed) {
        png_error(png, "out of memory");
    }
}


static void
png_done(png_structp png)
{
}


static void
png_all(png_t *p, pacs_rows_t *rows, pacs_str_t icc, uint8_t *line)
{
    png_set_write_fn(p->png, p, png_put, png_done);
    png_set_user_limits(p->png, rows->width, rows->height);
    /* fast and within 1 % of the default's size on radiographs */
    png_set_compression_level(p->png, 3);
    png_set_filter(p->png, 0, PNG_FILTER_UP);
    png_set_IHDR(p->png, p->info, rows->width, rows->height, (int) rows->depth,
                 rows->channels == 1 ? PNG_COLOR_TYPE_GRAY
                                     : PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (icc.len != 0) {
        /* one that libpng finds fault with is left out */
        png_set_benign_errors(p->png, 1);
        png_set_iCCP(p->png, p->info, "ICC", PNG_COMPRESSION_TYPE_BASE,
                     (png_const_bytep) icc.data, (png_uint_32) icc.len);
    }
    png_write_info(p->png, p->info);
    if (rows->depth == 16) {
        png_set_swap(p->png);
    }
    for (uint32_t y = 0; y < rows->height; y++) {
        rows->row(rows, y, line);
        png_write_row(p->png, line);
    }
    png_write_end(p->png, NULL);
}


int
pacs_encode_png(pacs_rows_t *rows, const pacs_picture_t *want, pacs_str_t icc,
    pacs_arena_t *a, pacs_buf_t *out, pacs_err_t *err)
{
    png_t     p = { .out = out };
    uint8_t  *line = pacs_calloc(a, rows->width,
                                 rows->channels * (rows->depth / 8));

    if (line == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "PNG");
    }

    p.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &p, png_fail,
                                    png_ignore);
    p.info = p.png != NULL ? png_create_info_struct(p.png) : NULL;
    if (p.info == NULL) {
        png_destroy_write_struct(&p.png, NULL);
        return pacs_fail(err, PACS_E_NOMEM, "PNG");
    }

    if (setjmp(p.fail) != 0) {
        png_destroy_write_struct(&p.png, &p.info);
        return pacs_fail(err, out->failed ? PACS_E_NOMEM : PACS_E_INTERNAL,
                         "PNG: %s", p.text);
    }

    png_all(&p, rows, icc, line);
    png_destroy_write_struct(&p.png, &p.info);
    return PACS_OK;
}
