/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Where the frames lie, PS3.5 8.1.1 (native) and A.4 (encapsulated).  An
 * offset table is a claim: each of its offsets must be that of a fragment.
 */

#include <inttypes.h>
#include <string.h>

#include "dicom/reader.h"

#define EXTENDED_TABLE    0x7FE00001u
#define EXTENDED_LENGTHS  0x7FE00002u

typedef struct {
    pacs_source_t         *stream;
    const pacs_dataset_t  *ds;
    const pacs_limits_t   *limits;
    pacs_arena_t          *a;
    pacs_frames_t         *frames;
    pacs_err_t            *err;
} locator_t;


/* bits a pixel takes in native pixel data; PS3.3 C.7.6.3.1.2.  What says
 * 4:2:2 and is as long as 4:4:4 was decompressed by one who left the word */
static unsigned
native_bits(const pacs_pixels_t *px, uint64_t length)
{
    double  pixels = (double) px->rows * px->columns * px->frames;

    switch (px->photometric) {
    case PACS_PI_YBR_FULL_422:
        if (pixels * px->samples * px->allocated <= (double) length * 8) {
            break;
        }
        return px->allocated * 2u;
    case PACS_PI_YBR_PARTIAL_422:
        return px->allocated * 2u;
    case PACS_PI_YBR_PARTIAL_420:
        return px->allocated * 3u / 2u;
    }
    return (unsigned) px->allocated * px->samples;
}


static int
locate_native(const locator_t *l, const pacs_pixels_t *px)
{
    const pacs_elem_t  *e = l->ds->pixels;
    uint64_t            stride, bits;

    if (__builtin_mul_overflow((uint64_t) px->rows * px->columns,
                               (uint64_t) native_bits(px, e->length),
                               &stride)
        || __builtin_mul_overflow(stride, (uint64_t) px->frames, &bits)
        || bits / 8 + (bits % 8 != 0) > e->length)
    {
        return pacs_fail(l->err, PACS_E_UNSHOWABLE, PACS_TAG_FMT ": pixel "
                         "data of %" PRIu64 " bytes is too short for %" PRIu32
                         " frames of %" PRIu32 " x %" PRIu32 " pixels",
                         pacs_tag_args(e->tag), e->length, px->frames,
                         px->rows, px->columns);
    }

    bool  pairs = l->ds->syntax->big_endian && e->vr == PACS_OW
                  && px->allocated <= 8;

    *l->frames = (pacs_frames_t) { .count = px->frames,
                                   .native = pairs ? 2 : 1,
                                   .offset = e->offset,
                                   .stride_bits = stride };
    return PACS_OK;
}


/* index of the fragment whose item begins at off behind the first one's */
static bool
fragment_at(const pacs_dataset_t *ds, uint64_t off, uint32_t *index)
{
    uint32_t  lo = 0, hi = ds->nfragments;

    if (off > UINT64_MAX - ds->fragments[0].offset) {
        return false;
    }
    off += ds->fragments[0].offset;

    while (lo < hi) {
        uint32_t  mid = lo + (hi - lo) / 2;

        if (ds->fragments[mid].offset < off) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }

    *index = lo;
    return lo < ds->nfragments && ds->fragments[lo].offset == off;
}


/* PACS_OK with first[] filled, or PACS_AGAIN: the table is not true */
static int
use_table(const locator_t *l, pacs_range_t table, unsigned size)
{
    uint32_t  n = l->frames->count, *first = l->frames->first;
    uint8_t   chunk[4096];

    if (table.length != (uint64_t) n * size) {
        return PACS_AGAIN;
    }

    for (uint32_t i = 0; i < n; i++) {
        size_t  at = (size_t) ((uint64_t) i * size % sizeof(chunk));

        if (at == 0) {
            uint64_t  done = (uint64_t) i * size;
            uint64_t  left = table.length - done;
            int       rc = pacs_source_exact(l->stream, table.offset + done,
                                             chunk, left < sizeof(chunk)
                                             ? (size_t) left : sizeof(chunk),
                                             l->err);

            if (rc != PACS_OK) {
                return rc;
            }
        }

        uint64_t  off = size == 8 ? pacs_get64(chunk + at, false)
                                  : pacs_get32(chunk + at, false);

        if (!fragment_at(l->ds, off, &first[i])
            || (i == 0 ? first[i] != 0 : first[i] <= first[i - 1]))
        {
            return PACS_AGAIN;
        }
    }

    return PACS_OK;
}


/* does a codestream start here? */
static bool
is_start(uint8_t coding, const uint8_t *p, size_t n)
{
    static const uint8_t  jp2[8] = { 0, 0, 0, 12, 'j', 'P', ' ', ' ' };

    switch (coding) {
    case PACS_CODING_JPEG:
    case PACS_CODING_JPEGLS:
        return n >= 3 && p[0] == 0xff && p[1] == 0xd8 && p[2] == 0xff;
    case PACS_CODING_J2K:
    case PACS_CODING_HTJ2K:
        return (n >= 4 && p[0] == 0xff && p[1] == 0x4f && p[2] == 0xff
                && p[3] == 0x51)
               || (n >= 8 && memcmp(p, jp2, 8) == 0);
    default:
        return false;
    }
}


static int
scan_starts(const locator_t *l)
{
    uint32_t  found = 0;

    for (uint32_t i = 0; i < l->ds->nfragments; i++) {
        const pacs_range_t  *f = &l->ds->fragments[i];
        uint8_t              p[8];
        size_t               n;
        int                  rc = l->stream->read(l->stream, f->offset, p,
                                                  f->length < 8
                                                  ? (size_t) f->length : 8,
                                                  &n, l->err);

        if (rc != PACS_OK) {
            return rc;
        }

        if (!is_start(l->ds->syntax->coding, p, n)) {
            if (i == 0) {
                break;
            }
            continue;
        }
        if (found < l->frames->count) {
            l->frames->first[found] = i;
        }
        found++;
    }

    if (found == l->frames->count) {
        return PACS_OK;
    }

    return pacs_fail(l->err, PACS_E_UNSHOWABLE, "(7FE0,0010): no way to tell "
                     "%" PRIu32 " frames in %" PRIu32 " fragments with %"
                     PRIu32 " starts of a picture and no true offset table",
                     l->frames->count, l->ds->nfragments, found);
}


/* Extended Offset Table Lengths, PS3.3 C.7.6.3.1.9: fragments are of even
 * length, the codestream in them need not be */
static int
trim(const locator_t *l)
{
    const pacs_elem_t  *e = pacs_elem(l->ds->root, EXTENDED_LENGTHS);
    pacs_frames_t      *f = l->frames;
    uint32_t            n = f->count, last = f->first[n];

    if (e == NULL || e->undefined || e->length != (uint64_t) n * 8) {
        return PACS_OK;
    }

    pacs_range_t  *ranges = pacs_calloc(l->a, last, sizeof(*ranges));
    uint8_t       *lengths = pacs_alloc(l->a, e->length);

    if (ranges == NULL || lengths == NULL) {
        return pacs_fail(l->err, PACS_E_NOMEM, "out of memory");
    }

    int  rc = pacs_source_exact(l->stream, e->offset, lengths, e->length,
                                l->err);
    if (rc != PACS_OK) {
        return rc;
    }

    memcpy(ranges, f->ranges, last * sizeof(*ranges));
    f->ranges = ranges;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t  have = 0;

        for (uint32_t k = f->first[i]; k < f->first[i + 1]; k++) {
            have += ranges[k].length;
        }
        if (have - 1 == pacs_get64(lengths + 8 * (size_t) i, false)
            && ranges[f->first[i + 1] - 1].length > 0)
        {
            ranges[f->first[i + 1] - 1].length--;
        }
    }
    return PACS_OK;
}


static int
locate_starts(const locator_t *l)
{
    const pacs_elem_t  *e = pacs_elem(l->ds->root, EXTENDED_TABLE);
    uint32_t            n = l->frames->count;
    int                 rc = PACS_AGAIN;

    if (e != NULL && !e->undefined) {
        rc = use_table(l, (pacs_range_t) { e->offset, e->length }, 8);
        if (rc == PACS_OK) {
            return trim(l);
        }
    }
    if (rc == PACS_AGAIN) {
        rc = use_table(l, l->ds->offset_table, 4);
    }
    if (rc != PACS_AGAIN) {
        return rc;
    }

    if (n == 1 || n == l->ds->nfragments) {
        for (uint32_t i = 0; i < n; i++) {
            l->frames->first[i] = i;
        }
        return PACS_OK;
    }

    return scan_starts(l);
}


static int
locate_coded(const locator_t *l, const pacs_pixels_t *px)
{
    uint32_t  n = px->frames, nfragments = l->ds->nfragments;

    if (nfragments < n) {
        return pacs_fail(l->err, PACS_E_UNSHOWABLE, "(7FE0,0010): %" PRIu32
                         " %sfragments cannot hold %" PRIu32 " frames",
                         nfragments,
                         l->ds->syntax->coding == PACS_CODING_VIDEO
                         ? "video " : "", n);
    }

    uint32_t *first = pacs_calloc(l->a, (size_t) n + 1, sizeof(*first));

    if (first == NULL) {
        return pacs_fail(l->err, PACS_E_NOMEM, "out of memory");
    }

    *l->frames = (pacs_frames_t) { .count = n, .first = first,
                                   .ranges = l->ds->fragments };
    first[n] = nfragments;
    return locate_starts(l);
}


int
pacs_frames_locate(pacs_source_t *stream, const pacs_dataset_t *ds,
    const pacs_pixels_t *px, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_frames_t *frames, pacs_err_t *err)
{
    locator_t  l = { stream, ds, limits, a, frames, err };

    memset(frames, 0, sizeof(*frames));

    if (ds->pixels == NULL) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "no Pixel Data (7FE0,0010)");
    }
    if (px->frames == 0 || px->frames > limits->frames) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "%" PRIu32 " frames, limit "
                         "frames is %" PRId64, px->frames, limits->frames);
    }
    if (ds->pixels->undefined != ds->syntax->encapsulated) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "(7FE0,0010): pixel data is "
                         "%s, transfer syntax %s says otherwise",
                         ds->pixels->undefined ? "encapsulated" : "native",
                         ds->syntax_uid);
    }

    return ds->pixels->undefined ? locate_coded(&l, px)
                                 : locate_native(&l, px);
}


/* --- compact form: 'N' offset stride count, or 'C' count, then for each
 * frame the number of its ranges and of each the gap from the one before
 * and the length; all numbers as LEB128 --- */

static void
put_number(pacs_buf_t *b, uint64_t v)
{
    while (v >= 0x80) {
        pacs_buf_char(b, (char) (v | 0x80));
        v >>= 7;
    }
    pacs_buf_char(b, (char) v);
}


pacs_str_t
pacs_frames_pack(const pacs_frames_t *frames, pacs_arena_t *a)
{
    pacs_buf_t  b = { 0 };
    uint64_t    end = 0;

    if (frames->native) {
        pacs_buf_char(&b, frames->native == 2 ? 'W' : 'N');
        put_number(&b, frames->offset);
        put_number(&b, frames->stride_bits);
        put_number(&b, frames->count);
        return pacs_buf_take(&b, a);
    }

    pacs_buf_char(&b, 'C');
    put_number(&b, frames->count);
    put_number(&b, frames->count == 0 ? 0 : frames->first[frames->count]);

    for (uint32_t i = 0; i < frames->count; i++) {
        put_number(&b, frames->first[i + 1] - frames->first[i]);

        for (uint32_t k = frames->first[i]; k < frames->first[i + 1]; k++) {
            put_number(&b, frames->ranges[k].offset - end);
            put_number(&b, frames->ranges[k].length);
            end = frames->ranges[k].offset + frames->ranges[k].length;
        }
    }

    return pacs_buf_take(&b, a);
}


/* takes a number off *s; false: none, or over max */
static bool
take_number(pacs_str_t *s, uint64_t max, uint64_t *value)
{
    uint64_t  v = 0;

    for (unsigned shift = 0; s->len != 0 && shift < 64; shift += 7) {
        uint8_t  c = (uint8_t) *s->data++;

        s->len--;
        if (shift == 63 && c > 1) {
            return false;
        }
        v |= (uint64_t) (c & 0x7f) << shift;

        if (c < 0x80) {
            *value = v;
            return v <= max;
        }
    }

    return false;
}


static bool
unpack_native(char kind, pacs_str_t *s, pacs_frames_t *frames)
{
    uint64_t  count, bits;

    if (!take_number(s, INT64_MAX, &frames->offset)
        || !take_number(s, UINT64_MAX, &frames->stride_bits)
        || !take_number(s, UINT32_MAX, &count)
        || __builtin_mul_overflow(frames->stride_bits, count, &bits))
    {
        return false;
    }

    frames->native = kind == 'W' ? 2 : 1;
    frames->count = (uint32_t) count;
    return true;
}


static bool
unpack_range(pacs_str_t *s, uint64_t *end, pacs_range_t *range)
{
    uint64_t  gap;

    if (!take_number(s, INT64_MAX, &gap)
        || !take_number(s, INT64_MAX, &range->length)
        || __builtin_add_overflow(*end, gap, &range->offset)
        || __builtin_add_overflow(range->offset, range->length, end))
    {
        return false;
    }
    return true;
}


static bool
unpack_coded(pacs_str_t *s, pacs_arena_t *a, pacs_frames_t *frames)
{
    uint64_t  count, total, n, end = 0;
    uint32_t  at = 0;

    /* a frame takes a byte and a range two at least */
    if (!take_number(s, s->len, &count) || !take_number(s, s->len / 2, &total)
        || count > UINT32_MAX || total > UINT32_MAX)
    {
        return false;
    }

    frames->count = (uint32_t) count;
    frames->first = pacs_calloc(a, (size_t) count + 1, sizeof(uint32_t));
    frames->ranges = pacs_calloc(a, (size_t) total + 1, sizeof(pacs_range_t));

    if (frames->first == NULL || frames->ranges == NULL) {
        return false;
    }

    for (uint32_t i = 0; i < frames->count; i++) {
        if (!take_number(s, total - at, &n)) {
            return false;
        }
        while (n-- != 0) {
            if (!unpack_range(s, &end, &frames->ranges[at++])) {
                return false;
            }
        }
        frames->first[i + 1] = at;
    }

    return at == total;
}


int
pacs_frames_unpack(pacs_str_t packed, pacs_arena_t *a, pacs_frames_t *frames,
    pacs_err_t *err)
{
    pacs_str_t  s = packed;
    char        kind = '?';

    memset(frames, 0, sizeof(*frames));

    if (s.len != 0) {
        kind = *s.data++;
        s.len--;
    }

    if (((kind == 'N' || kind == 'W') && unpack_native(kind, &s, frames)
         && s.len == 0)
        || (kind == 'C' && unpack_coded(&s, a, frames) && s.len == 0))
    {
        return PACS_OK;
    }

    return pacs_fail(err, PACS_E_INTERNAL, "frame table of the index is "
                     "damaged");
}
