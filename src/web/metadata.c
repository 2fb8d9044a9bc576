/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Metadata answers from stored pieces.  Packed: "PM1\0", u32 pieces, then a
 * u32 triple a piece (bytes of text, bytes deflated, CRC-32 of the text),
 * then the deflated bytes; little endian.  Each piece ends in a full flush
 * (RFC 1951: an empty stored block), so pieces stand on byte boundaries and
 * refer to nothing before them: a gzip member (RFC 1952) is their
 * concatenation, with stored blocks for the URLs and commas between them and
 * a CRC that is combined, not computed.
 */

#include <string.h>
#include <zlib.h>

#include "web/web.h"

enum { HEAD = 8, ENTRY = 12, STORED_MAX = 65535, CHUNK = 64 * 1024 };

/* a full flush clears the tables: small ones, an instance is a few kB */
enum { WINDOW_BITS = 13, MEMORY_LEVEL = 6 };

struct pacs_joiner_s {
    pacs_buf_t  *out;
    bool         gzip;
    bool         first;
    uint32_t     crc;           /* gzip: of the text so far */
    uint32_t     size;          /* and its length, mod 2^32 */
    z_stream     z;             /* not gzip: inflates */
    pacs_buf_t   url;
};


static void
put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t) (v >> 8 * i);
    }
}


static uint32_t
get_u32(const uint8_t *p)
{
    return p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16
           | (uint32_t) p[3] << 24;
}


static bool
deflate_piece(z_stream *z, const char *text, size_t len, pacs_buf_t *b)
{
    z->next_in = (Bytef *) text;
    z->avail_in = (uInt) len;

    do {
        size_t  room = len / 4 + 256 < CHUNK ? len / 4 + 256 : CHUNK;
        char   *p = pacs_buf_reserve(b, room);

        if (p == NULL) {
            return false;
        }

        z->next_out = (Bytef *) p;
        z->avail_out = (uInt) room;
        if (deflate(z, Z_FULL_FLUSH) == Z_STREAM_ERROR) {
            return false;
        }
        b->len += room - z->avail_out;
    } while (z->avail_out == 0);

    return true;
}


pacs_str_t
pacs_metadata_pack(const pacs_json_t *json, pacs_arena_t *a)
{
    uint32_t    n = json->nsplice + 1;
    z_stream    z = { .zalloc = Z_NULL };
    pacs_buf_t  b = { .max = 0 };
    size_t      head = HEAD + (size_t) n * ENTRY, from = 0;
    bool        good = json->text.len <= UINT32_MAX && !json->text.failed;

    if (!good || pacs_buf_reserve(&b, head) == NULL
        || deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -WINDOW_BITS,
                        MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
    {
        pacs_buf_free(&b);
        return pacs_null;
    }

    b.len = head;
    memcpy(b.data, "PM1", 4);
    put_u32((uint8_t *) b.data + 4, n);

    for (uint32_t i = 0; i < n && good; i++) {
        size_t       to = i < json->nsplice ? json->splice[i]
                                            : json->text.len;
        size_t       before = b.len;
        const char  *text = json->text.data + from;

        if (to < from || to > json->text.len) {
            good = false;
            break;
        }

        good = deflate_piece(&z, text, to - from, &b);
        if (good) {
            uint8_t *e = (uint8_t *) b.data + HEAD + (size_t) i * ENTRY;

            put_u32(e, (uint32_t) (to - from));
            put_u32(e + 4, (uint32_t) (b.len - before));
            put_u32(e + 8, (uint32_t) crc32(0, (const Bytef *) text,
                                            (uInt) (to - from)));
        }
        from = to;
    }

    deflateEnd(&z);

    pacs_str_t  packed = good ? pacs_str_copy(a, (pacs_str_t) { b.data,
                                                                b.len })
                              : pacs_null;
    pacs_buf_free(&b);
    return packed;
}


static void
joiner_free(void *data)
{
    pacs_joiner_t *j = data;

    if (!j->gzip) {
        inflateEnd(&j->z);
    }
    pacs_buf_free(&j->url);
}


/* text as it is; into a gzip member as stored blocks */
static void
add_text(pacs_joiner_t *j, pacs_str_t s)
{
    if (!j->gzip) {
        pacs_buf_str(j->out, s);
        return;
    }

    j->crc = (uint32_t) crc32(j->crc, (const Bytef *) s.data, (uInt) s.len);
    j->size += (uint32_t) s.len;

    while (s.len != 0) {
        size_t   n = s.len < STORED_MAX ? s.len : STORED_MAX;
        uint8_t  head[5] = { 0, (uint8_t) n, (uint8_t) (n >> 8),
                             (uint8_t) ~n, (uint8_t) (~n >> 8) };

        pacs_buf_add(j->out, head, sizeof(head));
        pacs_buf_add(j->out, s.data, n);
        s.data += n;
        s.len -= n;
    }
}


/* text that must be of raw bytes */
static int
inflate_piece(pacs_joiner_t *j, const uint8_t *data, uint32_t len,
    uint32_t raw, pacs_err_t *err)
{
    char *p = pacs_buf_reserve(j->out, raw);

    if (p == NULL) {
        return PACS_OK;         /* is said at the end */
    }

    inflateReset(&j->z);
    j->z.next_in = (Bytef *) data;
    j->z.avail_in = len;
    j->z.next_out = (Bytef *) p;
    j->z.avail_out = raw;

    int  rc = inflate(&j->z, Z_SYNC_FLUSH);

    if ((rc != Z_OK && rc != Z_BUF_ERROR) || j->z.avail_out != 0) {
        return pacs_fail(err, PACS_E_INTERNAL,
                         "stored metadata does not inflate");
    }

    j->out->len += raw;
    return PACS_OK;
}


static int
add_piece(pacs_joiner_t *j, const uint8_t *entry, const uint8_t *data,
    pacs_err_t *err)
{
    uint32_t  raw = get_u32(entry), len = get_u32(entry + 4);

    if (!j->gzip) {
        return inflate_piece(j, data, len, raw, err);
    }

    pacs_buf_add(j->out, data, len);
    j->crc = (uint32_t) crc32_combine(j->crc, get_u32(entry + 8),
                                      (z_off_t) raw);
    j->size += raw;
    return PACS_OK;
}


int
pacs_joiner_create(bool gzip, pacs_buf_t *out, pacs_arena_t *a,
    pacs_joiner_t **jp, pacs_err_t *err)
{
    /* deflate, no flags, no time, Unix */
    static const uint8_t  head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
    pacs_joiner_t        *j = pacs_calloc(a, 1, sizeof(*j));

    if (j == NULL || (!gzip && inflateInit2(&j->z, -MAX_WBITS) != Z_OK)) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory to join metadata");
    }

    j->out = out;
    j->gzip = gzip;
    j->first = true;

    if (!pacs_arena_cleanup(a, joiner_free, j)) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory to join metadata");
    }

    if (gzip) {
        pacs_buf_add(out, head, sizeof(head));
    }
    add_text(j, pacs_lit("["));

    *jp = j;
    return PACS_OK;
}


/* the URL comes from the client's Host: it must not leave its string */
static pacs_str_t
escaped(pacs_joiner_t *j, pacs_str_t base)
{
    j->url.len = 0;
    pacs_buf_json(&j->url, base);

    return j->url.failed ? pacs_null
                         : (pacs_str_t) { j->url.data + 1, j->url.len - 2 };
}


int
pacs_joiner_add(pacs_joiner_t *j, pacs_str_t packed, pacs_str_t base,
    pacs_err_t *err)
{
    const uint8_t *p = (const uint8_t *) packed.data;
    size_t         left = packed.len;
    uint32_t       n = left >= HEAD ? get_u32(p + 4) : 0;
    pacs_str_t     url = escaped(j, base);

    if (n == 0 || memcmp(p, "PM1", 4) != 0 || n > (left - HEAD) / ENTRY) {
        return pacs_fail(err, PACS_E_INTERNAL, "stored metadata is damaged");
    }
    if (url.data == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory to join metadata");
    }

    const uint8_t *entry = p + HEAD, *data = entry + (size_t) n * ENTRY;

    left -= HEAD + (size_t) n * ENTRY;
    if (!j->first) {
        add_text(j, pacs_lit(","));
    }
    j->first = false;

    for (uint32_t i = 0; i < n; i++, entry += ENTRY) {
        uint32_t  len = get_u32(entry + 4);

        if (len > left) {
            return pacs_fail(err, PACS_E_INTERNAL,
                             "stored metadata is cut short");
        }
        if (i != 0) {
            add_text(j, url);
        }

        int  rc = add_piece(j, entry, data, err);

        if (rc != PACS_OK) {
            return rc;
        }
        data += len;
        left -= len;
    }

    return PACS_OK;
}


int
pacs_joiner_finish(pacs_joiner_t *j, pacs_err_t *err)
{
    add_text(j, pacs_lit("]"));

    if (j->gzip) {
        /* an empty last block with fixed codes, then CRC-32 and size */
        uint8_t  tail[10] = { 0x03, 0x00 };

        put_u32(tail + 2, j->crc);
        put_u32(tail + 6, j->size);
        pacs_buf_add(j->out, tail, sizeof(tail));
    }

    if (!j->out->failed) {
        return PACS_OK;
    }
    return j->out->max != 0
           ? pacs_fail(err, PACS_E_LIMIT, "metadata is longer than the limit "
                       "metadata, %zu bytes", j->out->max)
           : pacs_fail(err, PACS_E_NOMEM, "no memory to join metadata");
}


int
pacs_gunzip(pacs_str_t gz, size_t max, pacs_buf_t *out, pacs_err_t *err)
{
    z_stream  z = { .next_in = (Bytef *) gz.data, .avail_in = (uInt) gz.len };
    size_t    total = 0;
    int       rc = Z_OK;

    if (gz.len > UINT32_MAX) {
        return pacs_fail(err, PACS_E_LIMIT, "a gzip member over 4 GB");
    }
    if (inflateInit2(&z, MAX_WBITS + 16) != Z_OK) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory to gunzip");
    }

    while (rc == Z_OK && total <= max) {
        char *p = pacs_buf_reserve(out, CHUNK);

        if (p == NULL) {
            rc = Z_MEM_ERROR;
            break;
        }

        z.next_out = (Bytef *) p;
        z.avail_out = CHUNK;
        rc = inflate(&z, Z_NO_FLUSH);
        out->len += CHUNK - z.avail_out;
        total += CHUNK - z.avail_out;
    }

    bool  rest = z.avail_in != 0;

    inflateEnd(&z);

    if (total > max) {
        return pacs_fail(err, PACS_E_LIMIT, "inflates to more than %zu bytes",
                         max);
    }
    if (rc == Z_MEM_ERROR) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory to gunzip");
    }
    return rc == Z_STREAM_END && !rest ? PACS_OK
           : pacs_fail(err, PACS_E_PARSE, "not one whole gzip member");
}


int
pacs_regzip(pacs_str_t gz, pacs_buf_t *out, pacs_err_t *err)
{
    z_stream  from = { .next_in = (Bytef *) gz.data,
                       .avail_in = (uInt) gz.len };
    z_stream  to = { 0 };
    Bytef     text[CHUNK];
    int       rc = Z_MEM_ERROR;

    if (gz.len > UINT32_MAX) {
        return pacs_fail(err, PACS_E_LIMIT, "a gzip member over 4 GB");
    }
    if (inflateInit2(&from, MAX_WBITS + 16) == Z_OK
        && deflateInit2(&to, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                        MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK)
    {
        rc = Z_OK;
    }

    while (rc == Z_OK) {
        from.next_out = text;
        from.avail_out = CHUNK;
        rc = inflate(&from, Z_NO_FLUSH);

        to.next_in = text;
        to.avail_in = CHUNK - from.avail_out;
        to.avail_out = 0;

        while (to.avail_out == 0 && (rc == Z_OK || rc == Z_STREAM_END)) {
            to.next_out = (Bytef *) pacs_buf_reserve(out, CHUNK);
            if (to.next_out == NULL) {
                rc = Z_MEM_ERROR;
                break;
            }
            to.avail_out = CHUNK;
            deflate(&to, rc == Z_STREAM_END ? Z_FINISH : Z_NO_FLUSH);
            out->len += CHUNK - to.avail_out;
        }
    }

    inflateEnd(&from);
    deflateEnd(&to);
    return rc == Z_STREAM_END ? PACS_OK
           : rc == Z_MEM_ERROR
           ? pacs_fail(err, PACS_E_NOMEM, "no memory to gzip")
           : pacs_fail(err, PACS_E_PARSE, "not one whole gzip member");
}
