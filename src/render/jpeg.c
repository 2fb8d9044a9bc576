/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Rows -> JPEG (libjpeg-turbo, 4:4:4, grey as one component).  The library
 * leaves by longjmp: what must survive lies in a struct whose address is
 * known outside of setjmp's frame.
 */

#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <jpeglib.h>

#include "render/pipeline.h"

enum {
    BAND = 8,                               /* rows of a block */
    CHUNK = 64 * 1024,
    /* to this quality a picture serves until a better one comes: a sixth fewer
     * bytes on a slow net are worth half its time more */
    QUICK = 60,
    QUICK_SAMPLES = 8 * 1024 * 1024         /* two bytes each are kept then */
};

typedef struct {
    struct jpeg_compress_struct     jpeg;
    struct jpeg_error_mgr           errors;
    struct jpeg_destination_mgr     sink;
    jmp_buf                         fail;
    pacs_buf_t                     *out;
    uint8_t                        *band;
    size_t                          pitch;
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
    /* Huffman tables of its own: two passes (T.81 K.2) */
    c->optimize_coding = quality <= QUICK
        && (uint64_t) rows->width * rows->height * rows->channels
           <= QUICK_SAMPLES;
    j->pitch = ((size_t) rows->width + 7) / 8 * 8 * rows->channels;
    j->band = c->mem->alloc_large((j_common_ptr) c, JPOOL_IMAGE,
                                  j->pitch * BAND);
    c->raw_data_in = rows->channels == 1;
    jpeg_start_compress(c, TRUE);
}


/* whole blocks of grey go in as they are: libjpeg would copy each pixel twice
 * more, a sixth of all it does.  Its edges are repeated as it does it */
static void
pad_grey(const jpeg_t *j, uint32_t width, JSAMPROW *line, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        memset(line[i] + width, line[i][width - 1], j->pitch - width);
    }
    for (uint32_t i = n; i < BAND; i++) {
        line[i] = line[n - 1];
    }
}


static void
jpeg_rows(jpeg_t *j, pacs_rows_t *rows)
{
    JSAMPROW    line[BAND];
    JSAMPARRAY  plane[] = { line };

    for (uint32_t y = 0; y < rows->height; ) {
        uint32_t  n = 0;

        for (; n < BAND && y < rows->height; n++, y++) {
            line[n] = j->band + n * j->pitch;
            rows->row(rows, y, line[n]);
        }

        if (rows->channels == 1) {
            pad_grey(j, rows->width, line, n);
            jpeg_write_raw_data(&j->jpeg, plane, BAND);
        } else {
            jpeg_write_scanlines(&j->jpeg, line, n);
        }
    }
}


int
pacs_encode_jpeg(pacs_rows_t *rows, const pacs_picture_t *want, pacs_str_t icc,
    pacs_arena_t *a, pacs_buf_t *out, pacs_err_t *err)
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

    jpeg_open(&j, rows, want->quality == 0 ? 90 : want->quality);
    if (icc.len != 0) {
        jpeg_write_icc_profile(&j.jpeg, (const JOCTET *) icc.data,
                               (unsigned) icc.len);
    }
    jpeg_rows(&j, rows);
    jpeg_finish_compress(&j.jpeg);
    jpeg_destroy_compress(&j.jpeg);
    return PACS_OK;
}
