/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * PNG as it comes with metadata to be stored (PS3.18 table 10.5.2-1):
 * palettes become RGB, 1, 2 and 4 bits of grey 8; transparency is left
 * aside, as are all chunks that tell of more than samples.  The library
 * leaves by longjmp: see render/png.c.
 */

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <png.h>

#include "codec/decoder.h"

typedef struct {
    decode_job_t *job;
    png_structp   png;
    png_infop     info;
    jmp_buf       fail;
    size_t        at;
    uint8_t      *samples;
    png_bytep    *rows;
    char          text[128];
} read_t;


static void
fail(png_structp png, png_const_charp text)
{
    read_t  *r = png_get_error_ptr(png);

    snprintf(r->text, sizeof(r->text), "%s", text);
    longjmp(r->fail, 1);
}


static void
ignore(png_structp png, png_const_charp text)
{
}


static void
get(png_structp png, png_bytep to, size_t len)
{
    read_t  *r = png_get_io_ptr(png);

    if (len > r->job->len - r->at) {
        png_error(png, "it is cut short");
    }
    memcpy(to, r->job->data + r->at, len);
    r->at += len;
}


/* critical ones and tRNS only: the others are read by nobody */
static void
leave_chunks_aside(png_structp png)
{
    static const png_byte  names[] =
        "bKGD\0cHRM\0eXIf\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0sBIT\0"
        "sCAL\0sPLT\0sRGB\0sTER\0tEXt\0tIME\0zTXt";

    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, names,
                                sizeof(names) / 5);
}


static bool
check(read_t *r, pacs_err_t *err)
{
    int       type = png_get_color_type(r->png, r->info);
    unsigned  depth = png_get_bit_depth(r->png, r->info);

    return pacs_decode_check(r->job, "PNG",
                             png_get_image_width(r->png, r->info),
                             png_get_image_height(r->png, r->info),
                             type & PNG_COLOR_MASK_COLOR ? 3 : 1,
                             depth < 8 ? 8 : depth, err) == PACS_OK;
}


static void
set_form(png_structp png, png_infop info)
{
    int  type = png_get_color_type(png, info);

    if (type == PNG_COLOR_TYPE_PALETTE) {
        png_set_palette_to_rgb(png);
    } else if (type == PNG_COLOR_TYPE_GRAY) {
        png_set_expand_gray_1_2_4_to_8(png);
    }
    if (type & PNG_COLOR_MASK_ALPHA) {
        png_set_strip_alpha(png);
    }
    png_set_swap(png);
    (void) png_set_interlace_handling(png);
    png_read_update_info(png, info);
}


static bool
read_all(read_t *r, pacs_err_t *err)
{
    const pacs_pixels_t  *px = &r->job->px;
    size_t                row;

    png_set_user_limits(r->png, px->columns, px->rows);
    leave_chunks_aside(r->png);
    png_set_read_fn(r->png, r, get);
    png_read_info(r->png, r->info);

    if (!check(r, err)) {
        return false;
    }
    set_form(r->png, r->info);

    row = png_get_rowbytes(r->png, r->info);
    if (row != (size_t) px->columns * px->samples * r->job->cell) {
        png_error(r->png, "its rows have another length");
    }

    r->samples = calloc(px->rows, row);
    r->rows = calloc(px->rows, sizeof(*r->rows));
    if (r->samples == NULL || r->rows == NULL) {
        (void) pacs_fail(err, PACS_E_CODEC, "out of memory for PNG");
        return false;
    }
    for (size_t i = 0; i < px->rows; i++) {
        r->rows[i] = r->samples + i * row;
    }

    png_read_image(r->png, r->rows);
    png_read_end(r->png, NULL);
    return true;
}


static int
run(read_t *r, pacs_err_t *err)
{
    if (setjmp(r->fail) != 0) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "the PNG is wrong: %s",
                         r->text);
    }
    return read_all(r, err) ? PACS_OK : err->code;
}


int
pacs_decode_png(decode_job_t *job, pacs_err_t *err)
{
    read_t  r = { .job = job };
    int     rc;

    r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, fail, ignore);
    r.info = r.png == NULL ? NULL : png_create_info_struct(r.png);

    if (r.info == NULL) {
        png_destroy_read_struct(&r.png, NULL, NULL);
        return pacs_fail(err, PACS_E_CODEC, "out of memory for PNG");
    }

    rc = run(&r, err);
    for (unsigned s = 0; rc == PACS_OK && s < job->px.samples; s++) {
        decode_run_t  run = { r.samples + s * job->cell, job->cell,
                              job->px.samples, job->cell * 8 };

        pacs_decode_put(job, s, 0, (size_t) job->px.rows * job->px.columns,
                        &run);
    }

    png_destroy_read_struct(&r.png, &r.info, NULL);
    free(r.samples);
    free(r.rows);
    return rc;
}
