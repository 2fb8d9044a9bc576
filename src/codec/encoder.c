/* SPDX-License-Identifier: BSD-2-Clause */

#include <string.h>

#include "codec/encoder.h"


int
pacs_encode_put(encode_job_t *job, const void *data, size_t len,
    pacs_err_t *err)
{
    if (len > job->room - job->len) {
        return pacs_fail(err, PACS_E_LIMIT, "the coded frame would be longer "
                         "than %zu bytes", job->room);
    }

    memcpy(job->out + job->len, data, len);
    job->len += len;
    return PACS_OK;
}


void
pacs_encode_get(const encode_job_t *job, size_t first, size_t n, size_t step,
    int32_t *to)
{
    const uint8_t  *p = job->samples + first * job->cell;
    bool            is_signed = job->px.is_signed;

    for (size_t i = 0; i < n; i++, p += step * job->cell) {
        uint16_t  v16;

        switch (job->cell) {
        case 1:
            to[i] = is_signed ? (int8_t) *p : *p;
            break;
        case 2:
            memcpy(&v16, p, 2);
            to[i] = is_signed ? (int16_t) v16 : v16;
            break;
        default:
            memcpy(&to[i], p, 4);
        }
    }
}
