/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The transfer syntax says JPEG; which process, the stream's frame header
 * says, and it is believed: files with the wrong one of the four exist.
 */

#include "codec/jpeg.h"


int
pacs_decode_jpeg(decode_job_t *job, pacs_err_t *err)
{
    jpeg_frame_t  frame;

    int  rc = pacs_jpeg_scan(job->data, job->len, &frame, err);

    if (rc == PACS_OK) {
        rc = pacs_decode_check(job, "JPEG", frame.columns, frame.rows,
                               frame.samples, frame.precision, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    if (frame.sof <= 2 && frame.precision == 8) {
        return pacs_decode_turbo(job, &frame, err);
    }
    if (frame.sof == 3 || (frame.sof <= 2 && frame.precision == 12)) {
        return pacs_decode_ijg(job, &frame, err);
    }

    return pacs_fail(err, PACS_E_UNSHOWABLE, "JPEG process SOF%u of %u bits is "
                     "not supported", frame.sof, frame.precision);
}
