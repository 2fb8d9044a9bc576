/* SPDX-License-Identifier: BSD-2-Clause */

/* lossy JPEG of 8 bits by libjpeg-turbo */

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <jerror.h>

#include "codec/child.h"
#include "codec/jpeg.h"

enum { MAX_SCANS = 500 };

typedef struct {
    struct jpeg_error_mgr     mgr;
    struct jpeg_progress_mgr  progress;
    jmp_buf                   jump;
    int                       code;
    char                      text[JMSG_LENGTH_MAX];
} trouble_t;


static void
give_up(j_common_ptr c)
{
    trouble_t  *t = (trouble_t *) c->err;

    t->code = c->err->msg_code == JERR_OUT_OF_MEMORY ? PACS_E_CODEC
                                                     : PACS_E_UNSHOWABLE;
    c->err->format_message(c, t->text);
    longjmp(t->jump, 1);
}


/*
 * Data that is missing or broken is an error, not a picture in part.  The
 * end of image alone may be missing, as in real files; but between the scans
 * of one that has several, the end shows in nothing else.
 */
static void
warn(j_common_ptr c, int level)
{
    switch (level < 0 ? c->err->msg_code : 0) {
    case JWRN_JPEG_EOF:
        if (!jpeg_has_multiple_scans((j_decompress_ptr) c)) {
            break;
        }
        give_up(c);
        break;
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION:
        give_up(c);
    }
}


static void
limit_scans(j_common_ptr c)
{
    j_decompress_ptr  d = (j_decompress_ptr) c;

    if (d->input_scan_number > MAX_SCANS) {
        trouble_t  *t = (trouble_t *) c->err;

        t->code = PACS_E_UNSHOWABLE;
        snprintf(t->text, sizeof(t->text), "more than %d scans", MAX_SCANS);
        longjmp(t->jump, 1);
    }
}


/*
 * The stream's JFIF or Adobe marker or its component ids decide.  Where it
 * has none of them and full resolution in all components, libjpeg can but
 * guess YCbCr, and an attribute that says RGB is better.
 */
static void
choose_colour(j_decompress_ptr d, const decode_job_t *job,
    const jpeg_frame_t *frame)
{
    if (d->num_components == 1) {
        d->out_color_space = JCS_GRAYSCALE;
        return;
    }

    if (!frame->marked && !frame->subsampled
        && job->px.photometric == PACS_PI_RGB)
    {
        d->jpeg_color_space = JCS_RGB;
    }
    d->out_color_space = JCS_RGB;
}


static void
read_rows(j_decompress_ptr d, decode_job_t *job, uint8_t *row)
{
    decode_run_t  run = { NULL, 1, job->px.samples, 8 };

    while (d->output_scanline < d->output_height) {
        size_t  first = (size_t) d->output_scanline * d->output_width;

        (void) jpeg_read_scanlines(d, &row, 1);

        for (unsigned s = 0; s < job->px.samples; s++) {
            run.data = row + s;
            pacs_decode_put(job, s, first, d->output_width, &run);
        }
    }
}


int
pacs_decode_turbo(decode_job_t *job, const jpeg_frame_t *frame,
    pacs_err_t *err)
{
    struct jpeg_decompress_struct  d;
    trouble_t                      t = { .progress.progress_monitor
                                             = limit_scans };
    uint8_t *volatile              row = malloc((size_t) job->px.columns
                                                * job->px.samples);

    if (row == NULL) {
        return pacs_fail(err, PACS_E_CODEC, "out of memory for JPEG");
    }

    d.err = jpeg_std_error(&t.mgr);
    t.mgr.error_exit = give_up;
    t.mgr.emit_message = warn;
    jpeg_create_decompress(&d);
    d.progress = &t.progress;

    if (setjmp(t.jump) == 0) {
        jpeg_mem_src(&d, job->data, job->len);
        jpeg_read_header(&d, TRUE);
        choose_colour(&d, job, frame);
        jpeg_start_decompress(&d);

        if (d.output_width != job->px.columns
            || d.output_height != job->px.rows
            || d.output_components != job->px.samples)
        {
            t.code = pacs_fail(err, PACS_E_UNSHOWABLE,
                               "the JPEG stream has two frame headers");
        } else {
            read_rows(&d, job, row);
            jpeg_finish_decompress(&d);
        }

    } else {
        pacs_fail(err, t.code, "the JPEG stream is wrong: %s", t.text);
    }

    jpeg_destroy_decompress(&d);
    free(row);
    return t.code;
}


/* on some processors the library reads what they can do from a file, when
 * it is first used */
void
pacs_turbo_prepare(void)
{
    struct jpeg_compress_struct  c;
    struct jpeg_error_mgr        mgr;
    unsigned char               *out = NULL;
    unsigned long                len = 0;
    JSAMPLE                      pixel[1] = { 0 };
    JSAMPROW                     row = pixel;

    c.err = jpeg_std_error(&mgr);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &out, &len);
    c.image_width = c.image_height = 1;
    c.input_components = 1;
    c.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&c);
    jpeg_start_compress(&c, TRUE);
    (void) jpeg_write_scanlines(&c, &row, 1);
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    free(out);
}
