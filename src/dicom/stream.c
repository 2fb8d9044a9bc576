/* SPDX-License-Identifier: BSD-2-Clause */

/* a deflated data set (PS3.5 A.5) as a source: streaming raw inflate */

#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#include "dicom/reader.h"

enum { CHUNK = 16384, SLACK = 16 << 20 };

typedef struct {
    pacs_source_t   src;        /* first: what callers see */
    pacs_source_t  *file;
    pacs_limits_t   limits;
    z_stream        z;
    uint64_t        start;      /* of the deflated bytes in the file */
    uint64_t        in_pos;     /* next byte to read from the file */
    uint64_t        out_pos;    /* next byte to come out */
    uint64_t        before;     /* bytes that came out before a restart */
    bool            ended;
    uint8_t         in[CHUNK];
    uint8_t         waste[CHUNK];
} inflater_t;


static int
check_budget(const inflater_t *s, pacs_err_t *err)
{
    uint64_t  out = s->z.total_out, in = s->z.total_in, fair;

    /* a restart is work again: reading backward all the time has an end */
    if (out > (uint64_t) s->limits.inflated
        || s->before > (uint64_t) s->limits.inflated - out)
    {
        return pacs_fail(err, PACS_E_LIMIT, "deflated data set: more than "
                         "limit inflated (%" PRId64 " bytes)",
                         s->limits.inflated);
    }

    if (__builtin_mul_overflow(in, (uint64_t) s->limits.inflate_ratio, &fair)
        || out <= SLACK || out - SLACK <= fair)
    {
        return PACS_OK;
    }

    return pacs_fail(err, PACS_E_LIMIT, "deflated data set: %" PRIu64
                     " bytes from %" PRIu64 ", more than limit inflate_ratio "
                     "(%" PRId64 ")", out, in, s->limits.inflate_ratio);
}


static int
refill(inflater_t *s, pacs_err_t *err)
{
    size_t  got;
    int     rc = s->file->read(s->file, s->in_pos, s->in, CHUNK, &got, err);

    if (rc != PACS_OK) {
        return rc;
    }
    if (got == 0) {
        return pacs_fail(err, PACS_E_PARSE, "deflated data set is cut off at "
                         "offset %" PRIu64 " of the file", s->in_pos);
    }

    s->in_pos += got;
    s->z.next_in = s->in;
    s->z.avail_in = (uInt) got;
    return PACS_OK;
}


/* a gzip trailer (RFC 1952), which real files have: CRC-32 and length */
static bool
is_trailer(const inflater_t *s)
{
    return s->z.avail_in == 8
           && pacs_get32(s->z.next_in + 4, false) == (uint32_t) s->z.total_out;
}


/* PS3.5 A.5 pads with one zero byte, real files with more */
static int
check_tail(inflater_t *s, pacs_err_t *err)
{
    for ( ;; ) {
        for (uInt i = 0; i < s->z.avail_in && !is_trailer(s); i++) {
            if (s->z.next_in[i] != 0) {
                return pacs_fail(err, PACS_E_PARSE, "garbage behind the "
                                 "deflated data set at offset %" PRIu64
                                 " of the file",
                                 s->in_pos - s->z.avail_in + i);
            }
        }

        s->z.avail_in = 0;
        if (s->in_pos >= s->file->size) {
            return PACS_OK;
        }

        int  rc = refill(s, err);

        if (rc != PACS_OK) {
            return rc;
        }
    }
}


static int
corrupt(inflater_t *s, pacs_err_t *err)
{
    uint64_t  at = s->in_pos - s->z.avail_in;
    uint8_t   head[2];

    if (s->z.total_out == 0
        && pacs_source_exact(s->file, s->start, head, 2, NULL) == PACS_OK
        && head[0] == 0x78 && (head[0] << 8 | head[1]) % 31 == 0)
    {
        return pacs_fail(err, PACS_E_PARSE, "deflated data set at offset %"
                         PRIu64 " has a zlib header (RFC 1950), PS3.5 A.5 "
                         "asks for RFC 1951", s->start);
    }

    return pacs_fail(err, PACS_E_PARSE, "deflated data set: %s at offset %"
                     PRIu64 " of the file",
                     s->z.msg != NULL ? s->z.msg : "broken", at);
}


/* up to len (< 4 GiB) bytes into buf; *got 0: the end */
static int
inflate_some(inflater_t *s, uint8_t *buf, size_t len, size_t *got,
    pacs_err_t *err)
{
    s->z.next_out = buf;
    s->z.avail_out = (uInt) len;

    while (!s->ended && s->z.avail_out == len) {
        int  rc = s->z.avail_in != 0 ? PACS_OK : refill(s, err);

        if (rc != PACS_OK) {
            return rc;
        }

        int  zrc = inflate(&s->z, Z_NO_FLUSH);

        if (zrc != Z_OK && zrc != Z_STREAM_END && zrc != Z_BUF_ERROR) {
            return zrc == Z_MEM_ERROR
                   ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                   : corrupt(s, err);
        }

        rc = check_budget(s, err);
        if (rc != PACS_OK) {
            return rc;
        }

        if (zrc == Z_STREAM_END) {
            s->ended = true;
            rc = check_tail(s, err);
            if (rc != PACS_OK) {
                return rc;
            }
        }
    }

    *got = len - s->z.avail_out;
    s->out_pos += *got;
    return PACS_OK;
}


static int
inflater_read(pacs_source_t *src, uint64_t off, void *buf, size_t len,
    size_t *got, pacs_err_t *err)
{
    inflater_t  *s = (inflater_t *) src;
    size_t       n = 1;

    *got = 0;

    if (off < s->out_pos) {
        s->before += s->z.total_out;
        inflateReset(&s->z);
        s->z.avail_in = 0;
        s->in_pos = s->start;
        s->out_pos = 0;
        s->ended = false;
    }

    while (n != 0 && s->out_pos < off) {
        uint64_t  left = off - s->out_pos;
        int       rc = inflate_some(s, s->waste,
                                    left < CHUNK ? (size_t) left : CHUNK, &n,
                                    err);

        if (rc != PACS_OK) {
            return rc;
        }
    }

    while (n != 0 && *got < len) {
        size_t  want = len - *got < CHUNK ? len - *got : CHUNK;
        int     rc = inflate_some(s, (uint8_t *) buf + *got, want, &n, err);

        if (rc != PACS_OK) {
            return rc;
        }
        *got += n;
    }

    return PACS_OK;
}


static void
inflater_end(void *data)
{
    inflateEnd(&((inflater_t *) data)->z);
}


pacs_source_t *
pacs_dicom_stream(pacs_source_t *file, const pacs_dataset_t *ds,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_err_t *err)
{
    if (!ds->syntax->deflated) {
        return file;
    }

    inflater_t *s = pacs_alloc(a, sizeof(*s));

    if (s == NULL) {
        pacs_fail(err, PACS_E_NOMEM, "out of memory");
        return NULL;
    }

    memset(&s->z, 0, sizeof(s->z));
    /* unknown where only group 2 was read */
    s->src = (pacs_source_t) { .read = inflater_read, .fd = -1,
                               .size = ds->size != 0 ? ds->size
                                       : PACS_NO_END };
    s->file = file;
    s->limits = *limits;
    s->start = s->in_pos = ds->start;
    s->out_pos = s->before = 0;
    s->ended = false;

    if (inflateInit2(&s->z, -15) != Z_OK
        || !pacs_arena_cleanup(a, inflater_end, s))
    {
        pacs_fail(err, PACS_E_NOMEM, "out of memory");
        return NULL;
    }

    return &s->src;
}
