/* SPDX-License-Identifier: BSD-2-Clause */

/* JPEG baseline (PS3.5 A.4.1, process 1) by libjpeg-turbo */

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include "codec/encoder.h"

enum { QUALITY = 95 };

typedef struct {
    struct jpeg_error_mgr  mgr;
    jmp_buf                jump;
    char                   text[JMSG_LENGTH_MAX];
} trouble_t;


static void
give_up(j_common_ptr c)
{
    trouble_t  *t = (trouble_t *) c->err;

    c->err->format_message(c, t->text);
    longjmp(t->jump, 1);
}


static void
describe(j_compress_ptr c, const encode_job_t *job)
{
    c->image_width = job->px.columns;
    c->image_height = job->px.rows;
    c->input_components = job->px.samples;
    c->in_color_space = job->px.samples == 1 ? JCS_GRAYSCALE
                        : job->px.photometric == PACS_PI_RGB ? JCS_RGB
                                                             : JCS_YCbCr;
    jpeg_set_defaults(c);
    jpeg_set_quality(c, QUALITY, TRUE);

    /* chroma of half the columns, as YBR_FULL_422 says */
    if (job->px.samples == 3) {
        c->comp_info[0].h_samp_factor = 2;
        c->comp_info[0].v_samp_factor = 1;
    }
}


int
pacs_encode_turbo(encode_job_t *job, pacs_err_t *err)
{
    struct jpeg_compress_struct  c;
    trouble_t                    t;
    unsigned char               *out = NULL;
    unsigned long                len = 0;
    int                          rc;

    c.err = jpeg_std_error(&t.mgr);
    t.mgr.error_exit = give_up;
    jpeg_create_compress(&c);

    if (setjmp(t.jump) == 0) {
        jpeg_mem_dest(&c, &out, &len);
        describe(&c, job);
        jpeg_start_compress(&c, TRUE);

        while (c.next_scanline < c.image_height) {
            JSAMPROW  row = (JSAMPROW) job->samples + (size_t) c.next_scanline
                            * job->px.columns * job->px.samples;

            (void) jpeg_write_scanlines(&c, &row, 1);
        }

        jpeg_finish_compress(&c);
        rc = pacs_encode_put(job, out, len, err);

    } else {
        rc = pacs_fail(err, PACS_E_CODEC, "JPEG: %s", t.text);
    }

    if (job->px.samples == 3) {
        job->photometric = PACS_PI_YBR_FULL_422;
    }
    jpeg_destroy_compress(&c);
    free(out);
    return rc;
}
