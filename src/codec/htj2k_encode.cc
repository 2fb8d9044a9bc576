/* SPDX-License-Identifier: BSD-2-Clause */

/* High-Throughput JPEG 2000 (PS3.5 A.4.8) by OpenJPH: .201 lossless, .202
 * lossless by resolution first, .203 as good as half a grey level is seen */

#include <openjph/ojph_arch.h>
#include <openjph/ojph_file.h>
#include <openjph/ojph_mem.h>
#include <openjph/ojph_params.h>
#include <openjph/ojph_codestream.h>

#include <cstring>
#include <exception>
#include <vector>

#include "codec/encoder.h"


/* five levels at most, and none of less than 64 pixels: PS3.5 A.4.8 wants
 * that of .202 */
static unsigned
levels(const pacs_pixels_t &px)
{
    uint32_t  side = px.rows < px.columns ? px.rows : px.columns;
    unsigned  n = 0;

    while (n < 5 && side >> n > 64) {
        n++;
    }
    return n;
}


static void
describe(ojph::codestream &stream, const encode_job_t *job)
{
    const pacs_pixels_t  &px = job->px;
    ojph::param_siz       siz = stream.access_siz();
    ojph::param_cod       cod = stream.access_cod();
    bool                  lossy = strcmp(job->syntax + strlen(job->syntax) - 3,
                                         "203") == 0;

    siz.set_image_extent(ojph::point(px.columns, px.rows));
    siz.set_num_components(px.samples);
    for (unsigned c = 0; c < px.samples; c++) {
        siz.set_component(c, ojph::point(1, 1), px.stored, px.is_signed);
    }

    cod.set_num_decomposition(levels(px));
    cod.set_block_dims(64, 64);
    cod.set_progression_order("RPCL");
    cod.set_color_transform(px.samples == 3
                            && px.photometric == PACS_PI_RGB);
    cod.set_reversible(!lossy);
    if (lossy) {
        stream.access_qcd().set_irrev_quant(1.0f / (float) (1u << px.stored));
    }
    stream.set_planar(false);
}


static int
encode(encode_job_t *job, pacs_err_t *err)
{
    ojph::codestream   stream;
    ojph::mem_outfile  out;
    ojph::ui32         c;
    const size_t       n = job->px.columns, step = job->px.samples;

    describe(stream, job);
    out.open(1 << 16);
    stream.write_headers(&out);

    ojph::line_buf  *line = stream.exchange(NULL, c);

    for (size_t y = 0; y < job->px.rows; y++) {
        for (size_t i = 0; i < step; i++) {
            pacs_encode_get(job, y * n * step + c, n, step, line->i32);
            line = stream.exchange(line, c);
        }
    }
    stream.flush();

    int  rc = pacs_encode_put(job, out.get_data(), (size_t) out.tell(), err);

    stream.close();
    return rc;
}


int
pacs_encode_htj2k(encode_job_t *job, pacs_err_t *err)
{
    try {
        return encode(job, err);
    } catch (const std::exception &e) {
        return pacs_fail(err, PACS_E_CODEC, "HTJ2K: %s", e.what());
    } catch (...) {
        return pacs_fail(err, PACS_E_CODEC, "the HTJ2K encoder gave up");
    }
}
