/* SPDX-License-Identifier: BSD-2-Clause */

/* High-Throughput JPEG 2000 (PS3.5 A.4.8) by OpenJPH */

#include <openjph/ojph_arch.h>
#include <openjph/ojph_file.h>
#include <openjph/ojph_mem.h>
#include <openjph/ojph_params.h>
#include <openjph/ojph_codestream.h>
#include <openjph/ojph_message.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>
#include <vector>

#include "codec/decoder.h"


namespace {

class thrower : public ojph::message_error {
public:
    void operator()(int, const char *, int, const char *fmt, ...) override
    {
        char     text[160];
        va_list  ap;

        va_start(ap, fmt);
        vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        throw std::runtime_error(text);
    }
};


class mute_warning : public ojph::message_warning {
public:
    void operator()(int, const char *, int, const char *, ...) override { }
};


class mute_info : public ojph::message_info {
public:
    void operator()(int, const char *, int, const char *, ...) override { }
};

thrower       complain;
mute_warning  no_warning;
mute_info     no_info;

}


static int
check(const decode_job_t *job, const ojph::param_siz &siz, pacs_err_t *err)
{
    ojph::point  to = siz.get_image_extent(), from = siz.get_image_offset();
    unsigned     n = siz.get_num_components();

    if (n == 0 || n > 3 || to.x < from.x || to.y < from.y) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "the HTJ2K stream describes no image");
    }

    for (unsigned c = 0; c < n; c++) {
        ojph::point  d = siz.get_downsampling(c);

        if (d.x != 1 || d.y != 1
            || siz.get_bit_depth(c) != siz.get_bit_depth(0))
        {
            return pacs_fail(err, PACS_E_UNSHOWABLE, "HTJ2K component %u is "
                             "subsampled or of other bits than the first", c);
        }
    }

    return pacs_decode_check(job, "HTJ2K", to.x - from.x, to.y - from.y, n,
                             siz.get_bit_depth(0), err);
}


/* the inverse transform overshoots where the coding is lossy */
PACS_VECTORIZE static void
clamp_line(int32_t *v, size_t n, unsigned bits, bool is_signed)
{
    int64_t  span = INT64_C(1) << bits, least = is_signed ? -span / 2 : 0;
    int32_t  min = (int32_t) std::max<int64_t>(least, INT32_MIN);
    int32_t  max = (int32_t) std::min<int64_t>(least + span - 1, INT32_MAX);

    for (size_t i = 0; i < n; i++) {
        v[i] = v[i] < min ? min : v[i] > max ? max : v[i];
    }
}


static int
decode(decode_job_t *job, pacs_err_t *err)
{
    ojph::codestream  stream;
    ojph::mem_infile  in;

    in.open(job->data, job->len);
    stream.read_headers(&in);

    ojph::param_siz  siz = stream.access_siz();

    int  rc = check(job, siz, err);
    if (rc != PACS_OK) {
        return rc;
    }

    bool      mct = stream.access_cod().is_using_color_transform();
    uint32_t  rows[3] = { 0, 0, 0 };

    stream.set_planar(false);
    stream.create();

    for (uint64_t i = 0; i < (uint64_t) job->px.rows * job->px.samples; i++) {
        ojph::ui32       c = 0;
        ojph::line_buf  *line = stream.pull(c);

        if (line == NULL || c >= job->px.samples || rows[c] >= job->px.rows
            || line->size < job->px.columns)
        {
            return pacs_fail(err, PACS_E_UNSHOWABLE,
                             "the HTJ2K stream ends early");
        }

        clamp_line(line->i32, job->px.columns, siz.get_bit_depth(c),
                   siz.is_signed(c));

        decode_run_t  run = { line->i32, 4, 1, siz.get_bit_depth(c) };

        pacs_decode_put(job, c, (size_t) rows[c]++ * job->px.columns,
                        job->px.columns, &run);
    }

    job->ybr = job->px.samples == 3 && !mct
               && (job->px.photometric == PACS_PI_YBR_FULL
                   || job->px.photometric == PACS_PI_YBR_FULL_422);
    return PACS_OK;
}


int
pacs_decode_htj2k(decode_job_t *job, pacs_err_t *err)
{
    static const uint8_t  soc[] = { 0xff, 0x4f, 0xff, 0x51 };

    if (job->len < sizeof(soc) || memcmp(job->data, soc, sizeof(soc)) != 0) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "the frame is no HTJ2K codestream");
    }

    /* the library does not bear a cut stream */
    if (pacs_j2k_lacks(job->data, job->len) != 0) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "the HTJ2K stream is cut or has no tile-parts");
    }

    try {
        ojph::configure_error(&complain);
        ojph::configure_warning(&no_warning);
        ojph::configure_info(&no_info);
        return decode(job, err);
    } catch (const std::bad_alloc &) {
        return pacs_fail(err, PACS_E_CODEC, "out of memory for HTJ2K");
    } catch (const std::exception &e) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "the HTJ2K stream is wrong: %s", e.what());
    } catch (...) {
        return pacs_fail(err, PACS_E_CODEC, "the HTJ2K decoder gave up");
    }
}
