/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Rows -> JPEG (libjpeg-turbo, 4:4:4, grey as one component) or PNG (8 bits
 * a channel).  Both libraries leave by longjmp: whatever must survive lies
 * in a struct whose address is known outside of setjmp's frame.
 */

#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <jpeglib.h>
#include <png.h>

#include "render/pipeline.h"

enum { BAND = 16, CHUNK = 64 * 1024 };

typedef struct {
    struct jpeg_compress_struct     jpeg;
    struct jpeg_error_mgr           errors;
    struct jpeg_destination_mgr     sink;
    jmp_buf                         fail;
    pacs_buf_t                     *out;
    uint8_t                        *band;
    char                            text[JMSG_LENGTH_MAX];
} jpeg_t;


static void
jpeg_error(j_common_ptr info)
{
    jpeg_t  *j = info->client_data;

    info->err->format_message(info, j->text);
    longjmp(j->fail, 1);
}


static void
jpeg_message(j_common_ptr info)
{
}


static void
sink_more(jpeg_t *j)
{
    char  *p = pacs_buf_reserve(j->out, CHUNK);

    if (p == NULL) {
        snprintf(j->text, sizeof(j->text), "out of memory");
        longjmp(j->fail, 1);
    }
    j->sink.next_output_byte = (JOCTET *) p;
    j->sink.free_in_buffer = CHUNK;
}


static void
sink_start(j_compress_ptr info)
{
    sink_more(info->client_data);
}


static boolean
sink_full(j_compress_ptr info)
{
    jpeg_t  *j = info->client_data;

    j->out->len += CHUNK;
    sink_more(j);
    return TRUE;
}


static void
sink_end(j_compress_ptr info)
{
    jpeg_t  *j = info->client_data;

    j->out->len += CHUNK - j->sink.free_in_buffer;
}


static void
jpeg_open(jpeg_t *j, const pacs_rows_t *rows, int quality)
{
    struct jpeg_compress_struct  *c = &j->jpeg;

    jpeg_create_compress(c);
    j->sink = (struct jpeg_destination_mgr) {
        .init_destination = sink_start,
        .empty_output_buffer = sink_full,
        .term_destination = sink_end,
    };
    c->dest = &j->sink;
    c->image_width = rows->width;
    c->image_height = rows->height;
    c->input_components = rows->channels;
    c->in_color_space = rows->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(c);
    jpeg_set_quality(c, quality, TRUE);
    for (int i = 0; i < c->num_components; i++) {
        c->comp_info[i].h_samp_factor = 1;
        c->comp_info[i].v_samp_factor = 1;
    }
    j->band = c->mem->alloc_large((j_common_ptr) c, JPOOL_IMAGE,
                                  (size_t) rows->width * rows->channels
                                  * BAND);
    jpeg_start_compress(c, TRUE);
}


static void
jpeg_rows(jpeg_t *j, pacs_rows_t *rows)
{
    size_t    pitch = (size_t) rows->width * rows->channels;
    JSAMPROW  line[BAND];

    for (uint32_t y = 0; y < rows->height; ) {
        uint32_t  n = 0;

        for (; n < BAND && y < rows->height; n++, y++) {
            line[n] = j->band + n * pitch;
            rows->row(rows, y, line[n]);
        }
        jpeg_write_scanlines(&j->jpeg, line, n);
    }
}


static int
encode_jpeg(pacs_rows_t *rows, int quality, pacs_buf_t *out, pacs_err_t *err)
{
    jpeg_t  j;

    memset(&j, 0, sizeof(j));
    j.out = out;
    j.jpeg.err = jpeg_std_error(&j.errors);
    j.jpeg.client_data = &j;
    j.errors.error_exit = jpeg_error;
    j.errors.output_message = jpeg_message;

    if (setjmp(j.fail) != 0) {
        jpeg_destroy_compress(&j.jpeg);
        return pacs_fail(err, out->failed ? PACS_E_NOMEM : PACS_E_INTERNAL,
                         "JPEG: %s", j.text);
    }

    jpeg_open(&j, rows, quality);
    jpeg_rows(&j, rows);
    jpeg_finish_compress(&j.jpeg);
    jpeg_destroy_compress(&j.jpeg);
    return PACS_OK;
}


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
png_all(png_t *p, pacs_rows_t *rows, uint8_t *line)
{
    png_set_write_fn(p->png, p, png_put, png_done);
    png_set_user_limits(p->png, rows->width, rows->height);
    /* fast and within 1 % of the default's size on radiographs */
    png_set_compression_level(p->png, 3);
    png_set_filter(p->png, 0, PNG_FILTER_UP);
    png_set_IHDR(p->png, p->info, rows->width, rows->height, 8,
                 rows->channels == 1 ? PNG_COLOR_TYPE_GRAY
                                     : PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(p->png, p->info);
    for (uint32_t y = 0; y < rows->height; y++) {
        rows->row(rows, y, line);
        png_write_row(p->png, line);
    }
    png_write_end(p->png, NULL);
}


static int
encode_png(pacs_rows_t *rows, uint8_t *line, pacs_buf_t *out, pacs_err_t *err)
{
    png_t  p = { .out = out };

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

    png_all(&p, rows, line);
    png_destroy_write_struct(&p.png, &p.info);
    return PACS_OK;
}


int
pacs_encode(pacs_rows_t *rows, const pacs_picture_t *want, pacs_arena_t *a,
    pacs_buf_t *out, pacs_err_t *err)
{
    int  rc = pacs_overlay(&rows, want, a, err);

    if (rc != PACS_OK) {
        return rc;
    }

    if (want->format == PACS_PICTURE_JPEG) {
        return encode_jpeg(rows, want->quality == 0 ? 90
                           : want->quality > 100 ? 100 : want->quality,
                           out, err);
    }

    uint8_t  *line = pacs_calloc(a, rows->width, rows->channels);

    return line != NULL ? encode_png(rows, line, out, err)
                        : pacs_fail(err, PACS_E_NOMEM, "PNG");
}
