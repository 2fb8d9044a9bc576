/* SPDX-License-Identifier: BSD-2-Clause */

/* lossless JPEG of 2 to 16 bits and lossy of 12 by DCMTK's IJG copies */

#include "dcmtk/config/osconfig.h"
#include "dcmtk/oflog/oflog.h"
#include "dcmtk/dcmdata/dcerror.h"
#include "dcmtk/dcmjpeg/djcparam.h"
#include "dcmtk/dcmjpeg/djdijg8.h"
#include "dcmtk/dcmjpeg/djdijg12.h"
#include "dcmtk/dcmjpeg/djdijg16.h"

#include <memory>
#include <new>
#include <vector>

#include "codec/child.h"
#include "codec/jpeg.h"


/* DCMTK's logger starts with a look at files and the environment */
void
pacs_ijg_prepare(void)
{
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
}


namespace {

/* a library that goes on over broken data, with a warning only */
template <class T>
class watched : public T {
public:
    explicit watched(const DJCodecParameter &param, int *warnings)
        : T(param, OFFalse), warnings_(warnings) { }

    void emitMessage(int level) const override
    {
        if (level < 0) {
            ++*warnings_;
        }
    }

private:
    int *warnings_;
};

}


static std::unique_ptr<DJDecoder>
create(const DJCodecParameter &param, const jpeg_frame_t *frame, int *warnings)
{
    DJDecoder  *d;

    if (frame->precision > 12) {
        d = new watched<DJDecompressIJG16Bit>(param, warnings);
    } else if (frame->precision > 8) {
        d = new watched<DJDecompressIJG12Bit>(param, warnings);
    } else {
        d = new watched<DJDecompressIJG8Bit>(param, warnings);
    }

    return std::unique_ptr<DJDecoder>(d);
}


static int
decode(decode_job_t *job, const jpeg_frame_t *frame, pacs_err_t *err)
{
    /* components as they are: the colour is ours to convert */
    const DJCodecParameter      param(ECC_lossyYCbCr, EDC_never, EUC_never,
                                      EPC_colorByPixel);
    int                         warnings = 0;
    std::unique_ptr<DJDecoder>  d = create(param, frame, &warnings);
    size_t                      n = (size_t) job->px.rows * job->px.columns;
    unsigned                    cell = d->bytesPerSample();
    std::vector<uint16_t>       samples((n * job->px.samples * cell + 1) / 2);

    if (job->len > UINT32_MAX - DECODE_EOI || samples.size() > UINT32_MAX / 2) {
        return pacs_fail(err, PACS_E_LIMIT, "the frame exceeds 4 GiB");
    }

    OFCondition  c = d->init();

    if (c.good()) {
        c = d->decode((Uint8 *) job->data,
                      (Uint32) job->len + DECODE_EOI,
                      (Uint8 *) samples.data(), (Uint32) samples.size() * 2,
                      job->px.is_signed ? OFTrue : OFFalse);
    }
    if (c.bad()) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "the JPEG stream is wrong: %s", c.text());
    }

    /* the one that is harmless: scan parameters that it does not use */
    if (warnings > (frame->sof <= 1 && frame->odd_scan)) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "the JPEG stream is wrong: data missing or corrupt");
    }

    decode_run_t  run = { NULL, cell, job->px.samples, frame->precision };

    for (unsigned s = 0; s < job->px.samples; s++) {
        run.data = (const char *) samples.data() + s * cell;
        pacs_decode_put(job, s, 0, n, &run);
    }

    return pacs_decode_colour(job, "this JPEG process", err);
}


int
pacs_decode_ijg(decode_job_t *job, const jpeg_frame_t *frame, pacs_err_t *err)
{
    try {
        return decode(job, frame, err);
    } catch (const std::bad_alloc &) {
        return pacs_fail(err, PACS_E_CODEC, "out of memory for JPEG");
    } catch (...) {
        return pacs_fail(err, PACS_E_CODEC, "the JPEG decoder gave up");
    }
}
