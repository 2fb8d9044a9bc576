/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Pictures that our encoders made, taken out of their files and put into one
 * that plays: GIF89a (0.01 s a step) or animated WebP (RFC 9649 2.7.1.1).
 */

#include <string.h>

#include "render/render.h"
#include "render/riff.h"

enum { GIF_HEAD = 13, GIF_TABLE = 768, GIF_TRAILER = 0x3b, LOCAL_256 = 0x87,
       DESCRIPTOR = 10, LONGEST_MS = 600000 };


static int
add_gif(pacs_animation_t *an, pacs_str_t p, uint32_t delay_ms,
    pacs_buf_t *out)
{
    const char  *table = p.data + GIF_HEAD;
    const char  *image = table + GIF_TABLE;
    const char  *end = p.data + p.len - 1;
    uint32_t     steps = (delay_ms + 5) / 10;

    if (p.len < GIF_HEAD + GIF_TABLE + DESCRIPTOR + 1
        || *end != GIF_TRAILER)
    {
        return PACS_E_INTERNAL;
    }

    if (an->pictures == 0) {
        pacs_buf_text(out, "GIF89a");
        pacs_buf_add(out, p.data + 6, GIF_HEAD - 6 + GIF_TABLE);
        pacs_buf_add(out, "!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0", 19);
        memcpy(an->colours, table, GIF_TABLE);
    }

    /* browsers take less than 2 steps for 10 */
    pacs_buf_add(out, "!\xf9\x04\x04", 4);
    pacs_riff_int(out, steps < 2 ? 2 : steps, 2);
    pacs_buf_add(out, "\0\0", 2);

    pacs_buf_add(out, image, DESCRIPTOR - 1);
    if (memcmp(an->colours, table, GIF_TABLE) == 0) {
        pacs_buf_char(out, 0);
    } else {
        pacs_buf_char(out, (char) LOCAL_256);
        pacs_buf_add(out, table, GIF_TABLE);
    }
    pacs_buf_add(out, image + DESCRIPTOR, (size_t) (end - image) - DESCRIPTOR);
    return PACS_OK;
}


/* the payload of the chunk `name` (3 or 4 letters, the fourth is any) */
static pacs_str_t
find_chunk(pacs_str_t p, const char *name, pacs_str_t *whole)
{
    size_t  at = PACS_RIFF_HEAD;

    while (at + 8 <= p.len) {
        uint32_t  n;

        memcpy(&n, p.data + at + 4, 4);
        if (n > p.len - at - 8) {
            break;
        }
        if (memcmp(p.data + at, name, strlen(name)) == 0
            && p.data[at + 3] != 'X')
        {
            *whole = (pacs_str_t) { p.data + at, 8 + n + (n & 1) };
            return (pacs_str_t) { p.data + at + 8, n };
        }
        at += 8 + (size_t) n + (n & 1);
    }
    return pacs_null;
}


static int
add_webp(pacs_animation_t *an, pacs_str_t p, uint32_t delay_ms,
    pacs_buf_t *out)
{
    pacs_str_t  image = pacs_null, profile = pacs_null;
    pacs_str_t  icc = find_chunk(p, "ICCP", &profile);

    if (find_chunk(p, "VP8", &image).data == NULL) {
        return PACS_E_INTERNAL;
    }

    if (an->pictures == 0) {
        pacs_riff_open(out, an->width, an->height, PACS_RIFF_ANIMATION
                       | (icc.data != NULL ? PACS_RIFF_ICC : 0));
        pacs_buf_str(out, profile);
        /* background, and 0: for ever */
        pacs_riff_chunk(out, "ANIM", (pacs_str_t) { "\0\0\0\xff\0\0", 6 });
    }

    pacs_buf_text(out, "ANMF");
    pacs_riff_int(out, (uint32_t) image.len + 16, 4);
    pacs_riff_int(out, 0, 3);
    pacs_riff_int(out, 0, 3);
    pacs_riff_int(out, an->width - 1, 3);
    pacs_riff_int(out, an->height - 1, 3);
    pacs_riff_int(out, delay_ms, 3);
    pacs_buf_char(out, 0x02);       /* not blended */
    pacs_buf_str(out, image);
    return PACS_OK;
}


int
pacs_animation_add(pacs_animation_t *an, pacs_str_t picture,
    uint32_t delay_ms, pacs_buf_t *out, pacs_err_t *err)
{
    uint32_t  delay = delay_ms > LONGEST_MS ? LONGEST_MS : delay_ms;
    int       rc = an->format == PACS_PICTURE_GIF
                   ? add_gif(an, picture, delay, out)
                   : add_webp(an, picture, delay, out);

    an->pictures++;
    return rc == PACS_OK ? rc : pacs_fail(err, rc, "animation: not a picture "
                                          "of ours");
}


void
pacs_animation_end(const pacs_animation_t *an, pacs_buf_t *out)
{
    if (an->format == PACS_PICTURE_GIF) {
        pacs_buf_char(out, GIF_TRAILER);
    }
}


int
pacs_animation_head(const pacs_animation_t *an, uint64_t len,
    char head[PACS_ANIMATION_HEAD], pacs_err_t *err)
{
    if (an->format == PACS_PICTURE_GIF) {
        memcpy(head, "GIF89a", 6);
        head[6] = (char) an->width;
        head[7] = (char) (an->width >> 8);
        return PACS_OK;
    }

    memcpy(head, "RIFF", 4);
    pacs_riff_size(head, len);
    return len < UINT32_MAX ? PACS_OK
                            : pacs_fail(err, PACS_E_LIMIT, "WebP: more than "
                                        "4 GB");
}
