/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Rows -> WebP (libwebp): quality 1..99 is lossy (the format has 4:2:0 only;
 * chroma is sampled down sharply), 100 or none lossless.  A profile makes the
 * file an extended one, whose chunks are put around the library's.
 */

#include <string.h>
#include <webp/encode.h>

#include "render/pipeline.h"
#include "render/riff.h"


static int
to_buf(const uint8_t *data, size_t len, const WebPPicture *p)
{
    pacs_buf_t  *out = p->custom_ptr;

    pacs_buf_add(out, data, len);
    return !out->failed;
}


static int
configure(WebPConfig *c, const pacs_picture_t *want, bool colour)
{
    if (want->quality == 0 || want->quality == 100) {
        if (!WebPConfigInit(c)) {
            return 0;
        }
        /* a CT of 512 x 512: method 0 10 ms and 89 kB, more than PNG's 73;
         * 1 40 ms and 62 kB, 2 no less.  Of colour 1 saves only a tenth */
        c->lossless = 1;
        c->method = colour ? 0 : 1;
        c->quality = 0;
        return 1;
    }

    int  ok = WebPConfigPreset(c, WEBP_PRESET_DEFAULT, want->quality);

    c->method = 2;
    c->use_sharp_yuv = colour;
    return ok;
}


static bool
fill(WebPPicture *p, pacs_rows_t *rows, pacs_arena_t *a)
{
    uint8_t  *line = pacs_calloc(a, rows->width, rows->channels);

    if (line == NULL || !WebPPictureAlloc(p)) {
        return false;
    }

    for (uint32_t y = 0; y < rows->height; y++) {
        uint32_t  *argb = p->argb + (size_t) y * (size_t) p->argb_stride;

        rows->row(rows, y, line);
        for (uint32_t x = 0; x < rows->width; x++) {
            const uint8_t  *s = line + (size_t) x * rows->channels;
            bool            grey = rows->channels == 1;

            argb[x] = 0xff000000 | (uint32_t) s[0] << 16
                      | (uint32_t) s[grey ? 0 : 1] << 8 | s[grey ? 0 : 2];
        }
    }
    return true;
}


static void
extend(pacs_rows_t *rows, pacs_str_t icc, const pacs_buf_t *plain,
    pacs_buf_t *out)
{
    size_t  start = out->len;

    pacs_riff_open(out, rows->width, rows->height, PACS_RIFF_ICC);
    pacs_riff_chunk(out, "ICCP", icc);
    pacs_buf_add(out, plain->data + PACS_RIFF_HEAD,
                 plain->len - PACS_RIFF_HEAD);
    if (!out->failed) {
        pacs_riff_size(out->data + start, out->len - start);
    }
}


int
pacs_encode_webp(pacs_rows_t *rows, const pacs_picture_t *want, pacs_str_t icc,
    pacs_arena_t *a, pacs_buf_t *out, pacs_err_t *err)
{
    WebPConfig   config;
    WebPPicture  p;
    pacs_buf_t   plain = { 0 };
    const char  *failed = NULL;

    if (!configure(&config, want, rows->channels == 3)
        || !WebPPictureInit(&p))
    {
        return pacs_fail(err, PACS_E_INTERNAL, "WebP: another libwebp");
    }

    p.use_argb = 1;
    p.width = (int) rows->width;
    p.height = (int) rows->height;
    p.writer = to_buf;
    p.custom_ptr = &plain;

    if (!fill(&p, rows, a)) {
        failed = "memory";
    } else if (!WebPEncode(&config, &p)) {
        failed = "encoder";
    } else if (icc.len == 0) {
        pacs_buf_add(out, plain.data, plain.len);
    } else {
        extend(rows, icc, &plain, out);
    }

    WebPPictureFree(&p);
    pacs_buf_free(&plain);

    return failed == NULL && !out->failed
           ? PACS_OK
           : pacs_fail(err, PACS_E_NOMEM, "WebP: %s %d",
                       failed != NULL ? failed : "memory", p.error_code);
}
