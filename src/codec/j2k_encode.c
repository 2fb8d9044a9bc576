/* SPDX-License-Identifier: BSD-2-Clause */

/* JPEG 2000 (PS3.5 A.4.4) by OpenJPEG */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <openjpeg-2.5/openjpeg.h>

#include "codec/encoder.h"

enum { MAX_LEVELS = 6, SMALLEST = 32 };

/* of a lossy frame, decibels below the range that its values have: half a
 * level of 256, two of 4096 */
static const double  psnr = 58;

typedef struct {
    encode_job_t  *job;
    size_t         pos;             /* the library goes back to put lengths */
    pacs_err_t    *err;
} output_t;


static OPJ_SIZE_T
output_write(void *data, OPJ_SIZE_T n, void *ctx)
{
    output_t      *o = ctx;
    encode_job_t  *job = o->job;

    if (o->pos > job->room || n > job->room - o->pos) {
        pacs_fail(o->err, PACS_E_LIMIT, "the coded frame would be longer than "
                  "%zu bytes", job->room);
        return (OPJ_SIZE_T) -1;
    }

    memcpy(job->out + o->pos, data, n);
    o->pos += n;
    job->len = o->pos > job->len ? o->pos : job->len;
    return n;
}


static OPJ_OFF_T
output_skip(OPJ_OFF_T n, void *ctx)
{
    output_t  *o = ctx;

    o->pos += (size_t) n;
    return n;
}


static OPJ_BOOL
output_seek(OPJ_OFF_T to, void *ctx)
{
    output_t  *o = ctx;

    o->pos = (size_t) to;
    return OPJ_TRUE;
}


static void
complain(const char *text, void *ctx)
{
    output_t  *o = ctx;

    pacs_fail(o->err, PACS_E_CODEC, "JPEG 2000: %s", text);
}


static opj_image_t *
image_of(const encode_job_t *job)
{
    const pacs_pixels_t   *px = &job->px;
    opj_image_cmptparm_t   parts[3] = { { 0 } };

    for (unsigned c = 0; c < px->samples; c++) {
        parts[c] = (opj_image_cmptparm_t) {
            .dx = 1, .dy = 1, .w = px->columns, .h = px->rows,
            .prec = px->stored, .sgnd = px->is_signed
        };
    }

    opj_image_t  *im = opj_image_create(px->samples, parts,
                                        px->samples == 3 ? OPJ_CLRSPC_SRGB
                                                         : OPJ_CLRSPC_GRAY);

    if (im == NULL) {
        return NULL;
    }

    im->x1 = px->columns;
    im->y1 = px->rows;
    for (unsigned c = 0; c < px->samples; c++) {
        pacs_encode_get(job, c, (size_t) px->rows * px->columns, px->samples,
                        im->comps[c].data);
    }
    return im;
}


static int
levels(const pacs_pixels_t *px)
{
    uint32_t  side = px->rows < px->columns ? px->rows : px->columns;
    int       n = 1;

    while (n < MAX_LEVELS && side >> n >= SMALLEST) {
        n++;
    }
    return n;
}


/* the library takes the bits stored for the peak, of which a CT in 16 bits
 * uses a few hundredths */
static float
quality(const opj_image_t *im)
{
    double  range = 0;

    for (unsigned c = 0; c < im->numcomps; c++) {
        const opj_image_comp_t *part = &im->comps[c];
        int32_t                 least = INT32_MAX, most = INT32_MIN;

        for (size_t i = 0; i < (size_t) part->w * part->h; i++) {
            least = part->data[i] < least ? part->data[i] : least;
            most = part->data[i] > most ? part->data[i] : most;
        }
        range = fmax(range, (double) most - least);
    }

    return (float) (psnr + 20 * log10((ldexp(1, (int) im->comps[0].prec) - 1)
                                      / fmax(range, 1)));
}


static bool
run(output_t *o, opj_codec_t *codec, opj_stream_t *stream, opj_image_t *im,
    bool lossy)
{
    opj_cparameters_t  p;

    opj_set_default_encoder_parameters(&p);
    p.numresolution = levels(&o->job->px);
    p.tcp_numlayers = 1;
    p.irreversible = lossy;
    p.cp_fixed_quality = lossy;
    p.cp_disto_alloc = !lossy;
    p.tcp_distoratio[0] = lossy ? quality(im) : 0;
    p.tcp_mct = o->job->px.samples == 3
                && o->job->px.photometric == PACS_PI_RGB;

    opj_set_error_handler(codec, complain, o);
    opj_stream_set_user_data(stream, o, NULL);
    opj_stream_set_write_function(stream, output_write);
    opj_stream_set_skip_function(stream, output_skip);
    opj_stream_set_seek_function(stream, output_seek);

    return opj_setup_encoder(codec, &p, im)
           && opj_start_compress(codec, im, stream)
           && opj_encode(codec, stream) && opj_end_compress(codec, stream);
}


static int
encode(encode_job_t *job, bool lossy, pacs_err_t *err)
{
    output_t       o = { .job = job, .err = err };
    opj_image_t   *im = image_of(job);
    opj_codec_t   *codec = opj_create_compress(OPJ_CODEC_J2K);
    opj_stream_t  *stream = opj_stream_default_create(OPJ_FALSE);
    bool           done = im != NULL && codec != NULL && stream != NULL
                          && run(&o, codec, stream, im, lossy);

    opj_stream_destroy(stream);
    opj_destroy_codec(codec);
    opj_image_destroy(im);

    if (!done) {
        return pacs_fail(err, PACS_E_CODEC, "no memory for JPEG 2000");
    }
    if (job->px.samples == 3 && job->px.photometric == PACS_PI_RGB) {
        job->photometric = lossy ? PACS_PI_YBR_ICT : PACS_PI_YBR_RCT;
    }
    return PACS_OK;
}


int
pacs_encode_j2k(encode_job_t *job, pacs_err_t *err)
{
    return encode(job, false, err);
}


int
pacs_encode_j2k_lossy(encode_job_t *job, pacs_err_t *err)
{
    return encode(job, true, err);
}
