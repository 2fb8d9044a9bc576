/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * High-Throughput JPEG 2000 (PS3.5 A.4.8) by OpenJPH.  All are made as the
 * RPCL transfer syntax wants them (PS3.5 10.18): by resolution, the smallest
 * of at most 64 pixels, with tile-part lengths in the main header.
 */

#include <openjph/ojph_arch.h>
#include <openjph/ojph_file.h>
#include <openjph/ojph_mem.h>
#include <openjph/ojph_params.h>
#include <openjph/ojph_codestream.h>

#include <exception>

#include "codec/encoder.h"

enum { SMALLEST = 64, BLOCK = 64, SOT = 0xff90 };


static unsigned
levels(const pacs_pixels_t &px)
{
    uint32_t  side = px.rows > px.columns ? px.rows : px.columns;
    unsigned  n = 0;

    while (side > SMALLEST) {
        side = (side + 1) / 2;
        n++;
    }
    return n;
}


static bool
transforms_colour(const encode_job_t *job)
{
    return job->px.samples == 3 && job->px.photometric == PACS_PI_RGB;
}


static void
describe(ojph::codestream &stream, const encode_job_t *job, bool lossy)
{
    const pacs_pixels_t  &px = job->px;
    ojph::param_siz       siz = stream.access_siz();
    ojph::param_cod       cod = stream.access_cod();

    siz.set_image_extent(ojph::point(px.columns, px.rows));
    siz.set_num_components(px.samples);
    for (unsigned c = 0; c < px.samples; c++) {
        siz.set_component(c, ojph::point(1, 1), px.stored, px.is_signed);
    }

    cod.set_num_decomposition(levels(px));
    cod.set_block_dims(BLOCK, BLOCK);
    cod.set_progression_order("RPCL");
    cod.set_color_transform(transforms_colour(job));
    cod.set_reversible(!lossy);
    if (lossy) {
        /* a step of one value */
        stream.access_qcd().set_irrev_quant(1.0f / (float) (1u << px.stored));
    }
    stream.set_planar(false);
}


static unsigned
get16(const uint8_t *p)
{
    return (unsigned) p[0] << 8 | p[1];
}


/* the first tile-part: behind the segments of the main header */
static size_t
main_header(const uint8_t *p, size_t len)
{
    size_t  at = 2;

    while (at + 12 <= len && get16(p + at) != SOT) {
        at += 2 + get16(p + at + 2);
    }
    return at;
}


/* ISO 15444-1 A.7.1, which this version of the library does not write: of
 * one tile in one tile-part, Stlm says no index and 32 bits */
static int
put_with_lengths(encode_job_t *job, const uint8_t *p, size_t len,
    pacs_err_t *err)
{
    size_t   head = main_header(p, len);
    uint8_t  tlm[10] = { 0xff, 0x55, 0, 8, 0, 0x40 };

    if (head + 12 > len) {
        return pacs_fail(err, PACS_E_CODEC, "HTJ2K: no tile-part was made");
    }
    for (unsigned i = 0; i < 4; i++) {
        tlm[6 + i] = p[head + 6 + i];
    }

    int  rc = pacs_encode_put(job, p, head, err);

    if (rc == PACS_OK) {
        rc = pacs_encode_put(job, tlm, sizeof(tlm), err);
    }
    return rc == PACS_OK ? pacs_encode_put(job, p + head, len - head, err)
                         : rc;
}


static int
encode(encode_job_t *job, bool lossy, pacs_err_t *err)
{
    ojph::codestream   stream;
    ojph::mem_outfile  out;
    ojph::ui32         c;
    const size_t       n = job->px.columns, step = job->px.samples;

    describe(stream, job, lossy);
    out.open();
    stream.write_headers(&out);

    ojph::line_buf  *line = stream.exchange(NULL, c);

    for (size_t y = 0; y < job->px.rows; y++) {
        for (size_t i = 0; i < step; i++) {
            pacs_encode_get(job, y * n * step + c, n, step, line->i32);
            line = stream.exchange(line, c);
        }
    }
    stream.flush();

    int  rc = put_with_lengths(job, out.get_data(), (size_t) out.tell(), err);

    stream.close();
    if (transforms_colour(job)) {
        job->photometric = lossy ? PACS_PI_YBR_ICT : PACS_PI_YBR_RCT;
    }
    return rc;
}


static int
guarded(encode_job_t *job, bool lossy, pacs_err_t *err)
{
    try {
        return encode(job, lossy, err);
    } catch (const std::exception &e) {
        return pacs_fail(err, PACS_E_CODEC, "HTJ2K: %s", e.what());
    } catch (...) {
        return pacs_fail(err, PACS_E_CODEC, "the HTJ2K encoder gave up");
    }
}


int
pacs_encode_htj2k(encode_job_t *job, pacs_err_t *err)
{
    return guarded(job, false, err);
}


int
pacs_encode_htj2k_lossy(encode_job_t *job, pacs_err_t *err)
{
    return guarded(job, true, err);
}
