/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What a coded picture says of itself: PNG (ISO 15948), GIF 89a, markers of JPEG (ISO 10918-1 B.1),
 * JPEG-LS (ISO 14495-1 C) and JPEG 2000 (ISO 15444-1 A), the boxes around
 * the latter (I).  Only heads are read, nothing is decoded.
 */

#include <string.h>

#include "dicom/reader.h"

enum { SEGMENTS = 4096, SEGMENT_MAX = 64, BOXES = 64, FRAMES = 65535 };

#define UID(rest)  "1.2.840.10008.1.2.4." rest

typedef struct {
    pacs_source_t  *src;
    uint64_t        at, end;
    pacs_coded_t   *c;
    pacs_err_t     *err;
} scan_t;


static int
damaged(scan_t *s, const char *what)
{
    return pacs_fail(s->err, PACS_E_PARSE, "%s: %s", s->c->name, what);
}


/* n bytes at s->at, which stays */
static bool
peek(scan_t *s, uint8_t *p, size_t n)
{
    return n <= s->end - s->at
           && pacs_source_exact(s->src, s->at, p, n, NULL) == PACS_OK;
}


/* a frame header: SOFn, or SOF55 of JPEG-LS */
static int
frame_header(scan_t *s, uint8_t marker, const uint8_t *p, size_t len)
{
    pacs_coded_t *c = s->c;

    if (len < 6 + 3u * (len > 5 ? p[5] : 0)) {
        return damaged(s, "a frame header is cut short");
    }

    c->bits = p[0];
    c->rows = pacs_get16(p + 1, true);
    c->columns = pacs_get16(p + 3, true);
    c->samples = p[5];
    c->subsampled = c->samples == 3 && p[7] != p[10];
    c->syntax = marker == 0xc0 ? UID("50") : marker == 0xc1 ? UID("51")
                : marker == 0xc2 ? UID("55") : marker == 0xc3 ? UID("57")
                : marker == 0xf7 ? UID("80") : NULL;

    return c->syntax != NULL ? PACS_OK
           : damaged(s, "a coding process that DICOM has no syntax for");
}


/* of lossless JPEG the predictor, of JPEG-LS the error allowed */
static void
scan_header(pacs_coded_t *c, const uint8_t *p, size_t len)
{
    uint8_t  value = len >= 4 && len >= 1u + 2u * p[0] + 3u
                     ? p[1 + 2 * p[0]] : 0;

    if (strcmp(c->syntax, UID("57")) == 0 && value == 1) {
        c->syntax = UID("70");
    }
    if (strcmp(c->syntax, UID("80")) == 0 && value != 0) {
        c->syntax = UID("81");
    }
}


static int
jpeg(scan_t *s)
{
    uint8_t  head[4], p[SEGMENT_MAX];
    bool     rgb = false;

    s->at += 2;

    for (unsigned n = 0; n < SEGMENTS; n++) {
        if (!peek(s, head, 4) || head[0] != 0xff) {
            return damaged(s, "no marker where one is due");
        }
        if (head[1] == 0xff) {              /* a fill byte */
            s->at++;
            continue;
        }

        size_t  len = pacs_get16(head + 2, true);
        size_t  have = len < sizeof(p) + 2 ? len : sizeof(p) + 2;

        s->at += 4;
        if (len < 2 || !peek(s, p, have - 2)) {
            return damaged(s, "a segment is cut short");
        }
        have -= 2;

        uint8_t  m = head[1];
        bool     sof = (m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8
                        && m != 0xcc) || m == 0xf7;
        int      rc = sof ? frame_header(s, m, p, have) : PACS_OK;

        if (rc != PACS_OK) {
            return rc;
        }
        if (m == 0xee && have >= 12 && memcmp(p, "Adobe", 5) == 0) {
            rgb = p[11] == 0;
        }
        if (m == 0xda) {
            if (s->c->syntax == NULL) {
                return damaged(s, "a scan before a frame header");
            }
            scan_header(s->c, p, have);
            s->c->colour = s->c->samples != 3 || rgb
                           || strcmp(s->c->syntax, UID("55")) > 0
                           ? PACS_CODED_RGB : PACS_CODED_YBR;
            return PACS_OK;
        }
        s->at += len - 2;
    }

    return damaged(s, "too many segments");
}


/* SIZ, A.5.1; then COD, A.6.1 */
static int
j2k(scan_t *s)
{
    pacs_coded_t  *c = s->c;
    uint8_t        p[SEGMENT_MAX];
    bool           high = false;        /* CAP, ISO 15444-15 A.3 */

    s->at += 2;

    for (unsigned n = 0; n < SEGMENTS; n++) {
        if (!peek(s, p, 4) || p[0] != 0xff) {
            return damaged(s, "no marker where one is due");
        }

        uint8_t   marker = p[1];
        size_t    len = pacs_get16(p + 2, true);
        size_t    have = len < sizeof(p) - 2 ? len + 2 : sizeof(p);

        if (len < 2 || !peek(s, p, have)) {
            return damaged(s, "a segment is cut short");
        }

        if (marker == 0x51 && len >= 41) {
            uint32_t  w = pacs_get32(p + 6, true) - pacs_get32(p + 14, true);
            uint32_t  h = pacs_get32(p + 10, true) - pacs_get32(p + 18, true);

            if (w > 65535 || h > 65535) {
                return damaged(s, "more than 65535 rows or columns");
            }
            c->columns = (uint16_t) w;
            c->rows = (uint16_t) h;
            c->samples = pacs_get16(p + 38, true);
            c->bits = (p[40] & 0x7f) + 1;
            c->is_signed = p[40] >> 7;

        } else if (marker == 0x50 && len >= 6) {
            high = pacs_get32(p + 4, true) & UINT32_C(0x20000);

        } else if (marker == 0x52 && len >= 12) {
            c->syntax = high ? p[13] == 1 ? UID("201") : UID("203")
                        : p[13] == 1 ? UID("90") : UID("91");
            c->colour = c->samples != 3 || p[8] == 0 ? PACS_CODED_RGB
                        : p[13] == 1 ? PACS_CODED_RCT : PACS_CODED_ICT;
            return c->rows != 0 ? PACS_OK : damaged(s, "COD before SIZ");

        } else if (marker == 0x90) {
            break;
        }
        s->at += len + 2;
    }

    return damaged(s, "no COD marker");
}


/* JP2, I.4: the codestream box */
static int
jp2(scan_t *s)
{
    uint8_t  p[16];

    for (unsigned n = 0; n < BOXES && peek(s, p, 8); n++) {
        uint64_t  len = pacs_get32(p, true);
        unsigned  head = 8;

        if (len == 1 && peek(s, p, 16)) {
            len = (uint64_t) pacs_get32(p + 8, true) << 32
                  | pacs_get32(p + 12, true);
            head = 16;
        }
        if (len == 0) {
            len = s->end - s->at;
        }
        if (len < head || len > s->end - s->at) {
            return damaged(s, "a box goes past the end");
        }
        if (memcmp(p + 4, "jp2c", 4) == 0) {
            s->end = s->at + len;
            s->at += head;
            s->c->range = (pacs_range_t) { s->at, s->end - s->at };
            return peek(s, p, 2) && p[0] == 0xff && p[1] == 0x4f ? j2k(s)
                   : damaged(s, "no codestream in its box");
        }
        s->at += len;
    }

    return damaged(s, "no codestream box");
}


/* IHDR, 11.2.2: palettes are colour, few bits are made eight */
static int
png(scan_t *s)
{
    pacs_coded_t *c = s->c;
    uint8_t       p[33];

    if (!peek(s, p, sizeof(p)) || memcmp(p + 12, "IHDR", 4) != 0) {
        return damaged(s, "no header");
    }

    uint32_t  w = pacs_get32(p + 16, true), h = pacs_get32(p + 20, true);

    if (w == 0 || h == 0 || w > 65535 || h > 65535) {
        return damaged(s, "0 or more than 65535 rows or columns");
    }
    c->syntax = "image/png";
    c->columns = (uint16_t) w;
    c->rows = (uint16_t) h;
    c->bits = p[24] == 16 ? 16 : 8;
    c->samples = p[25] & 2 ? 3 : 1;
    return PACS_OK;
}


/* data sub-blocks, GIF 89a 15; s->at is behind them */
static bool
skip_blocks(scan_t *s)
{
    uint8_t  len;

    do {
        if (!peek(s, &len, 1)) {
            return false;
        }
        s->at += 1u + len;
    } while (len != 0 && s->at <= s->end);

    return s->at <= s->end;
}


static size_t
colours(uint8_t flags)
{
    return flags & 0x80 ? (size_t) 3 << ((flags & 7) + 1) : 0;
}


static int
gif(scan_t *s)
{
    pacs_coded_t *c = s->c;
    uint8_t       p[13];

    if (!peek(s, p, sizeof(p))) {
        return damaged(s, "too short");
    }

    c->syntax = "image/gif";
    c->columns = pacs_get16(p + 6, false);
    c->rows = pacs_get16(p + 8, false);
    c->bits = 8;
    c->samples = 3;
    c->frames = 0;
    s->at += sizeof(p) + colours(p[10]);

    while (s->at < s->end && peek(s, p, 1) && p[0] != 0x3b) {
        if (p[0] == 0x2c && peek(s, p, 10)) {
            s->at += 11 + colours(p[9]);
            c->frames++;
        } else if (p[0] == 0x21) {
            s->at += 2;
        } else {
            return damaged(s, "no block where one is due");
        }
        if (s->at >= s->end || !skip_blocks(s)) {
            return damaged(s, "it is cut short");
        }
        if (c->frames > FRAMES) {
            return damaged(s, "more than 65535 pictures");
        }
    }

    return c->frames != 0 && c->rows != 0 && c->columns != 0 ? PACS_OK
           : damaged(s, "no picture in it");
}


int
pacs_coded_read(pacs_source_t *src, pacs_range_t range, pacs_coded_t *c,
    pacs_err_t *err)
{
    static const uint8_t  signature[] = { 0x89, 'P', 'N', 'G', 13, 10, 26,
                                          10 };
    static const uint8_t  box[] = { 0, 0, 0, 12, 'j', 'P', ' ', ' ' };
    scan_t                s = { src, range.offset,
                                range.offset + range.length, c, err };
    uint8_t               p[8] = { 0 };

    *c = (pacs_coded_t) { .name = "a picture", .range = range, .frames = 1 };

    if (!peek(&s, p, 8)) {
        return damaged(&s, "too short");
    }
    if (p[0] == 0xff && p[1] == 0xd8) {
        c->name = "JPEG";
        return jpeg(&s);
    }
    if (p[0] == 0xff && p[1] == 0x4f) {
        c->name = "JPEG 2000";
        return j2k(&s);
    }
    if (memcmp(p, box, sizeof(box)) == 0) {
        c->name = "JP2";
        return jp2(&s);
    }
    if (memcmp(p, signature, sizeof(signature)) == 0) {
        c->name = "PNG";
        return png(&s);
    }
    if (memcmp(p, "GIF8", 4) == 0) {
        c->name = "GIF";
        return gif(&s);
    }
    return damaged(&s, "none of JPEG, JPEG-LS, JPEG 2000, PNG and GIF");
}
