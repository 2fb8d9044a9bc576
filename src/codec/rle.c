/* SPDX-License-Identifier: BSD-2-Clause */

/* RLE Lossless, PS3.5 Annex G: one PackBits segment a byte of the pixel */

#include <string.h>

#include "codec/decoder.h"

enum { HEADER = 64, MAX_SEGMENTS = 15 };


static uint32_t
get32(const uint8_t *p)
{
    return p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16
           | (uint32_t) p[3] << 24;
}


/* the n bytes of a plane go to out[0], out[step], ... */
static int
unpack(const uint8_t *p, const uint8_t *end, uint8_t *out, size_t step,
    size_t n, unsigned segment, pacs_err_t *err)
{
    size_t  done = 0;

    while (done < n) {
        if (p == end) {
            return pacs_fail(err, PACS_E_UNSHOWABLE, "RLE segment %u ends "
                             "after %zu of %zu bytes", segment, done, n);
        }

        int  c = (int8_t) *p++;

        if (c == -128) {
            continue;
        }

        size_t  run = c < 0 ? 1 - c : c + 1;
        size_t  need = c < 0 ? 1 : run;

        if (need > (size_t) (end - p)) {
            return pacs_fail(err, PACS_E_UNSHOWABLE, "a run of RLE segment "
                             "%u reaches past its end", segment);
        }
        if (run > n - done) {
            return pacs_fail(err, PACS_E_UNSHOWABLE, "RLE segment %u is "
                             "longer than the frame's %zu bytes", segment, n);
        }

        uint8_t  *to = out + done * step;

        if (c < 0 && step == 1) {
            memset(to, *p, run);

        } else {
            for (size_t i = 0; i < run; i++) {
                to[i * step] = c < 0 ? *p : p[i];
            }
        }

        p += need;
        done += run;
    }

    return PACS_OK;
}


/* where segment i of n lies: from its offset to the next one's */
static int
locate(const decode_job_t *job, unsigned i, unsigned n, const uint8_t **from,
    const uint8_t **to, pacs_err_t *err)
{
    uint32_t  start = get32(job->data + 4 + 4 * i);
    size_t    end = i + 1 < n ? get32(job->data + 8 + 4 * i) : job->len;

    if (start < HEADER || start > job->len || end < start || end > job->len) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "RLE segment %u lies at "
                         "%u to %zu of a frame of %zu bytes", i, start, end,
                         job->len);
    }

    *from = job->data + start;
    *to = job->data + end;
    return PACS_OK;
}


/* samples of up to 32 bits: bits above the stored ones are put right */
static void
tidy(decode_job_t *job)
{
    size_t        n = (size_t) job->px.rows * job->px.columns;
    decode_run_t  run = { NULL, job->cell, job->px.samples, job->cell * 8 };

    if (job->cell > 4 || job->px.stored == job->cell * 8 || job->px.is_float) {
        return;
    }

    for (unsigned s = 0; s < job->px.samples; s++) {
        run.data = job->out + s * job->cell;
        pacs_decode_put(job, s, 0, n, &run);
    }
}


int
pacs_decode_rle(decode_job_t *job, pacs_err_t *err)
{
    const pacs_pixels_t  *px = &job->px;
    unsigned              want = px->samples * job->cell;
    size_t                step = want;
    size_t                n = (size_t) px->rows * px->columns;

    if (px->allocated % 8 != 0) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "RLE of %u bits allocated", px->allocated);
    }
    if (job->len < HEADER) {
        return pacs_fail(err, PACS_E_UNSHOWABLE,
                         "RLE frame of %zu bytes has no header", job->len);
    }

    uint32_t  count = get32(job->data);

    if (count != want || count > MAX_SEGMENTS) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "RLE header states %u "
                         "segments, the attributes %u", count, want);
    }

    for (unsigned i = 0; i < count; i++) {
        const uint8_t  *from = NULL, *to = NULL;

        int  rc = locate(job, i, count, &from, &to, err);
        if (rc != PACS_OK) {
            return rc;
        }

        /* most significant byte first, stored little endian */
        unsigned  sample = i / job->cell;
        unsigned  byte = job->cell - 1 - i % job->cell;

        rc = unpack(from, to, job->out + sample * job->cell + byte, step, n, i,
                    err);
        if (rc != PACS_OK) {
            return rc;
        }
    }

    tidy(job);
    return pacs_decode_colour(job, "RLE", err);
}
