/* SPDX-License-Identifier: BSD-2-Clause */

/* lossless JPEG (processes 14, and 14 with first-order prediction) and lossy
 * of 12 bits (process 4) by DCMTK's IJG copies, PS3.5 A.4.1 */

#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmdata/dcerror.h"
#include "dcmtk/dcmjpeg/djcparam.h"
#include "dcmtk/dcmjpeg/djeijg8.h"
#include "dcmtk/dcmjpeg/djeijg12.h"
#include "dcmtk/dcmjpeg/djeijg16.h"

#include <cstdlib>
#include <memory>
#include <new>

#include "codec/encoder.h"

enum { QUALITY = 95, PREDICTOR = 1, NO_TRANSFORM = 0 };


static std::unique_ptr<DJEncoder>
create(const DJCodecParameter &param, unsigned bits, bool lossy)
{
    DJEncoder  *e;

    if (lossy) {
        e = new DJCompressIJG12Bit(param, EJM_sequential, (Uint8) QUALITY);
    } else if (bits <= 8) {
        e = new DJCompressIJG8Bit(param, EJM_lossless, PREDICTOR,
                                  NO_TRANSFORM);
    } else if (bits <= 12) {
        e = new DJCompressIJG12Bit(param, EJM_lossless, PREDICTOR,
                                   NO_TRANSFORM);
    } else {
        e = new DJCompressIJG16Bit(param, EJM_lossless, PREDICTOR,
                                   NO_TRANSFORM);
    }
    return std::unique_ptr<DJEncoder>(e);
}


static int
encode(encode_job_t *job, void *bits, bool lossy, pacs_err_t *err)
{
    /* components as they are: colours are not converted */
    const DJCodecParameter      param(ECC_lossyYCbCr, EDC_never, EUC_never,
                                      EPC_colorByPixel);
    std::unique_ptr<DJEncoder>  e = create(param, job->px.stored, lossy);
    EP_Interpretation           colour = job->px.samples == 1
                                         ? EPI_Monochrome2
                                         : job->px.photometric == PACS_PI_RGB
                                         ? EPI_RGB : EPI_YBR_Full;
    Uint16                      columns = (Uint16) job->px.columns;
    Uint16                      rows = (Uint16) job->px.rows;
    Uint8                      *to = NULL;
    Uint32                      len = 0;

    OFCondition  c = e->bytesPerSample() == 1
                     ? e->encode(columns, rows, colour, job->px.samples,
                                 (Uint8 *) bits, to, len)
                     : e->encode(columns, rows, colour, job->px.samples,
                                 (Uint16 *) bits, to, len);

    std::unique_ptr<Uint8[]>  keep(to);

    return c.bad() ? pacs_fail(err, PACS_E_CODEC, "JPEG: %s", c.text())
                   : pacs_encode_put(job, to, len, err);
}


static int
guarded(encode_job_t *job, bool lossy, pacs_err_t *err)
{
    void  *bits = pacs_encode_bits(job);
    int    rc;

    try {
        rc = bits == NULL ? PACS_E_CODEC : encode(job, bits, lossy, err);
    } catch (...) {
        rc = PACS_E_CODEC;
    }

    free(bits);
    return rc == PACS_OK ? rc : pacs_fail(err, rc, "no memory for JPEG");
}


int
pacs_encode_jpeg12(encode_job_t *job, pacs_err_t *err)
{
    return guarded(job, true, err);
}


int
pacs_encode_jpeg_lossless(encode_job_t *job, pacs_err_t *err)
{
    return guarded(job, false, err);
}
