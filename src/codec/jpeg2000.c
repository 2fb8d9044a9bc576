/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * JPEG 2000 (PS3.5 A.4.4) by OpenJPEG: bare codestreams and, since real
 * files have them, JP2 files.
 */

#include <stdio.h>
#include <string.h>

#include <openjpeg-2.5/openjpeg.h>

#include "codec/decoder.h"

typedef struct {
    const uint8_t  *data;
    size_t          len, pos;
} input_t;

typedef struct {
    decode_job_t  *job;
    input_t        input;
    opj_stream_t  *stream;
    opj_codec_t   *codec;
    opj_image_t   *image;
    char           why[200];        /* the library's first complaint */
} j2k_t;


static OPJ_SIZE_T
input_read(void *buf, OPJ_SIZE_T n, void *data)
{
    input_t  *in = data;
    size_t    left = in->len - in->pos;

    if (left == 0) {
        return (OPJ_SIZE_T) -1;
    }

    n = n < left ? n : left;
    memcpy(buf, in->data + in->pos, n);
    in->pos += n;
    return n;
}


static OPJ_BOOL
input_seek(OPJ_OFF_T to, void *data)
{
    input_t  *in = data;

    if (to < 0 || (uint64_t) to > in->len) {
        return OPJ_FALSE;
    }
    in->pos = (size_t) to;
    return OPJ_TRUE;
}


static OPJ_OFF_T
input_skip(OPJ_OFF_T n, void *data)
{
    input_t  *in = data;
    size_t    left = in->len - in->pos;

    if (n < 0) {
        return -1;
    }

    n = (uint64_t) n < left ? n : (OPJ_OFF_T) left;
    in->pos += (size_t) n;
    return n;
}


static void
complain(const char *msg, void *data)
{
    j2k_t  *j = data;

    if (j->why[0] == '\0') {
        snprintf(j->why, sizeof(j->why), ": %.*s", (int) strcspn(msg, "\n"),
                 msg);
    }
}


static int
open_stream(j2k_t *j, OPJ_CODEC_FORMAT format, bool strict, pacs_err_t *err)
{
    j->codec = opj_create_decompress(format);
    j->stream = opj_stream_create(64 * 1024, OPJ_TRUE);
    if (j->codec == NULL || j->stream == NULL) {
        return pacs_fail(err, PACS_E_CODEC, "out of memory for JPEG 2000");
    }

    opj_stream_set_user_data(j->stream, &j->input, NULL);
    opj_stream_set_user_data_length(j->stream, j->input.len);
    opj_stream_set_read_function(j->stream, input_read);
    opj_stream_set_skip_function(j->stream, input_skip);
    opj_stream_set_seek_function(j->stream, input_seek);
    opj_set_error_handler(j->codec, complain, j);

    opj_dparameters_t  params;

    opj_set_default_decoder_parameters(&params);
    if (!opj_setup_decoder(j->codec, &params)
        || !opj_decoder_set_strict_mode(j->codec, strict))
    {
        return pacs_fail(err, PACS_E_CODEC, "out of memory for JPEG 2000");
    }

    return PACS_OK;
}


static int
check_image(j2k_t *j, pacs_err_t *err)
{
    opj_image_t  *im = j->image;

    if (im->numcomps == 0 || im->x1 < im->x0 || im->y1 < im->y0) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "the JPEG 2000 stream describes no image");
    }

    for (unsigned c = 0; c < im->numcomps; c++) {
        opj_image_comp_t  *comp = &im->comps[c];

        if (comp->dx != 1 || comp->dy != 1 || comp->prec > 32) {
            return pacs_fail(err, PACS_E_UNSHOWABLE,
                             "JPEG 2000 component %u is subsampled by %u x %u "
                             "or of %u bits", c, comp->dx, comp->dy,
                             comp->prec);
        }
        if (comp->prec != im->comps[0].prec) {
            return pacs_fail(err, PACS_E_UNSHOWABLE,
                             "JPEG 2000 components differ in their bits");
        }
    }

    return pacs_decode_check(j->job, "JPEG 2000", im->x1 - im->x0,
                             im->y1 - im->y0, im->numcomps,
                             im->comps[0].prec, err);
}


/* after the decode: what the headers promised must be there */
static int
check_planes(j2k_t *j, pacs_err_t *err)
{
    opj_image_t  *im = j->image;

    for (unsigned c = 0; c < im->numcomps; c++) {
        if (im->comps[c].data == NULL || im->comps[c].w != j->job->px.columns
            || im->comps[c].h != j->job->px.rows)
        {
            return pacs_fail(err, PACS_E_UNSHOWABLE,
                             "JPEG 2000 component %u was not decoded", c);
        }
    }

    return PACS_OK;
}


/* YBR_RCT and YBR_ICT are undone by the library if the stream says that the
 * transform was used; else the components are what the attribute says */
static bool
left_ybr(j2k_t *j)
{
    opj_codestream_info_v2_t  *info = opj_get_cstr_info(j->codec);
    bool                       mct = false;
    unsigned                   pi = j->job->px.photometric;

    if (info != NULL) {
        mct = info->m_default_tile_info.mct != 0;
        opj_destroy_cstr_info(&info);
    }

    return j->job->px.samples == 3 && !mct
           && (pi == PACS_PI_YBR_FULL || pi == PACS_PI_YBR_FULL_422);
}


static int
run(j2k_t *j, pacs_err_t *err)
{
    if (!opj_read_header(j->stream, j->codec, &j->image)) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "the JPEG 2000 header is wrong%s", j->why);
    }

    int  rc = check_image(j, err);
    if (rc != PACS_OK) {
        return rc;
    }

    /* a missing end of codestream alone is nothing */
    if (!opj_decode(j->codec, j->stream, j->image)) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "the JPEG 2000 stream is wrong%s", j->why);
    }

    rc = check_image(j, err);
    if (rc == PACS_OK) {
        rc = check_planes(j, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    size_t  n = (size_t) j->job->px.rows * j->job->px.columns;

    for (unsigned c = 0; c < j->image->numcomps; c++) {
        decode_run_t  r = { j->image->comps[c].data, 4, 1,
                            j->image->comps[c].prec };

        pacs_decode_put(j->job, c, 0, n, &r);
    }

    j->job->ybr = left_ybr(j);
    return PACS_OK;
}


static int
attempt(decode_job_t *job, OPJ_CODEC_FORMAT format, bool strict,
    pacs_err_t *err)
{
    j2k_t  j = { .job = job, .input = { .data = job->data,
                                        .len = job->len } };

    int  rc = open_stream(&j, format, strict, err);

    if (rc == PACS_OK) {
        rc = run(&j, err);
    }

    opj_image_destroy(j.image);
    opj_destroy_codec(j.codec);
    opj_stream_destroy(j.stream);
    return rc;
}


/* real files exist whose last tile-part ends a few bytes early: up to one per
 * cent may lack, more is not a picture any more */
static bool
lacks_little(const decode_job_t *job)
{
    int64_t  n = pacs_j2k_lacks(job->data, job->len);

    return n > 0 && (uint64_t) n <= job->len / 100;
}


int
pacs_decode_jpeg2000(decode_job_t *job, pacs_err_t *err)
{
    static const uint8_t  jp2[] = { 0, 0, 0, 12, 'j', 'P', ' ', ' ' };
    static const uint8_t  soc[] = { 0xff, 0x4f, 0xff, 0x51 };

    pacs_err_t  first = { 0 };

    if (job->len > sizeof(jp2) && memcmp(job->data, jp2, sizeof(jp2)) == 0) {
        return attempt(job, OPJ_CODEC_JP2, true, err);
    }

    if (job->len < sizeof(soc) || memcmp(job->data, soc, sizeof(soc)) != 0) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "the frame is no JPEG 2000 codestream");
    }

    int  rc = attempt(job, OPJ_CODEC_J2K, true, &first);

    if (rc == PACS_E_UNSHOWABLE && lacks_little(job)) {
        return attempt(job, OPJ_CODEC_J2K, false, err);
    }

    return rc == PACS_OK ? rc : pacs_fail(err, rc, "%s", first.text);
}
