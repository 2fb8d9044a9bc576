/* SPDX-License-Identifier: BSD-2-Clause */

/* A look as bytes of the record: little endian, first byte the version. */

#include <string.h>

#include "render/pipeline.h"

/* 1 ended with the frames, whose numbers were floats; it is still read */
enum { VERSION = 2, MAX_WINDOWS = 1024, MAX_ENTRIES = 65536 };


static void
put(pacs_buf_t *b, uint64_t v, unsigned bytes)
{
    uint8_t  p[8];

    for (unsigned i = 0; i < bytes; i++) {
        p[i] = (uint8_t) (v >> (8 * i));
    }
    pacs_buf_add(b, p, bytes);
}


static void
put_double(pacs_buf_t *b, double d)
{
    uint64_t  v;

    memcpy(&v, &d, sizeof(v));
    put(b, v, 8);
}


static void
put_lut(pacs_buf_t *b, const pacs_lut_t *lut)
{
    put(b, lut->entries, 4);
    if (lut->entries == 0) {
        return;
    }

    put(b, (uint32_t) lut->first, 4);
    put(b, lut->bits, 2);
    for (uint32_t i = 0; i < lut->entries; i++) {
        put(b, lut->data[i], 2);
    }
}


pacs_str_t
pacs_look_pack(const pacs_look_t *look, pacs_arena_t *a)
{
    pacs_buf_t  b = { .data = NULL };

    put(&b, VERSION, 1);
    put_double(&b, look->slope);
    put_double(&b, look->intercept);
    put_double(&b, look->aspect);
    put(&b, look->voi, 1);
    put(&b, look->inverse, 1);
    put(&b, look->has_padding, 1);
    put(&b, 0, 8);          /* padding of version 1 */

    put(&b, look->nwindows, 2);
    for (unsigned i = 0; i < look->nwindows; i++) {
        const pacs_window_t  *w = &look->windows[i];
        size_t                n = strnlen(w->explanation,
                                          sizeof(w->explanation));
        put_double(&b, w->center);
        put_double(&b, w->width);
        put(&b, n, 1);
        pacs_buf_add(&b, w->explanation, n);
    }

    put_lut(&b, &look->modality);
    put_lut(&b, &look->voi_lut);
    for (unsigned k = 0; k < 3; k++) {
        put_lut(&b, &look->palette[k]);
    }

    put(&b, look->nframes, 4);
    for (uint32_t i = 0; i < look->nframes; i++) {
        put_double(&b, look->frames[i].slope);
        put_double(&b, look->frames[i].intercept);
        put_double(&b, look->frames[i].center);
        put_double(&b, look->frames[i].width);
        put(&b, look->frames[i].voi, 1);
    }

    size_t  n = strnlen(look->unit, sizeof(look->unit) - 1);

    put_double(&b, look->padding[0]);
    put_double(&b, look->padding[1]);
    put(&b, look->stored_voi, 1);
    put(&b, look->one_scale, 1);
    put(&b, look->has_range, 1);
    put_double(&b, look->range[0]);
    put_double(&b, look->range[1]);
    put_double(&b, look->suv);
    put(&b, n, 1);
    pacs_buf_add(&b, look->unit, n);
    return pacs_buf_take(&b, a);
}


/* reading past the end gives zeros and sets bad */
typedef struct {
    const uint8_t  *p;
    size_t          len;
    pacs_arena_t   *arena;
    bool            bad;
} in_t;


static uint64_t
get(in_t *in, unsigned bytes)
{
    uint64_t  v = 0;

    if (in->len < bytes) {
        in->bad = true;
        in->len = 0;
        return 0;
    }
    for (unsigned i = 0; i < bytes; i++) {
        v |= (uint64_t) in->p[i] << (8 * i);
    }
    in->p += bytes;
    in->len -= bytes;
    return v;
}


static double
get_double(in_t *in)
{
    uint64_t  v = get(in, 8);
    double    d;

    memcpy(&d, &v, sizeof(d));
    return d;
}


static double
get_float(in_t *in)
{
    uint32_t  v = (uint32_t) get(in, 4);
    float     f;

    memcpy(&f, &v, sizeof(f));
    return f;
}


/* n rows of `size` that take `bytes` each in the input; NULL: bad */
static void *
get_rows(in_t *in, uint64_t n, size_t size, size_t bytes)
{
    void  *p = n > in->len / bytes ? NULL : pacs_calloc(in->arena, n, size);

    in->bad = in->bad || p == NULL;
    return in->bad ? NULL : p;
}


static void
get_lut(in_t *in, pacs_lut_t *lut)
{
    uint32_t  n = (uint32_t) get(in, 4);

    if (n == 0) {
        return;
    }

    lut->first = (int32_t) get(in, 4);
    lut->bits = (uint16_t) get(in, 2);
    in->bad = in->bad || n > MAX_ENTRIES || lut->bits < 1 || lut->bits > 16;

    uint16_t  *data = get_rows(in, n, sizeof(*data), 2);
    for (uint32_t i = 0; data != NULL && i < n; i++) {
        data[i] = (uint16_t) get(in, 2);
    }
    lut->data = data;
    lut->entries = data != NULL ? n : 0;
}


static void
get_windows(in_t *in, pacs_look_t *look)
{
    uint16_t  n = (uint16_t) get(in, 2);

    in->bad = in->bad || n > MAX_WINDOWS;
    look->windows = get_rows(in, n, sizeof(pacs_window_t), 17);
    look->nwindows = look->windows != NULL ? n : 0;

    for (unsigned i = 0; i < look->nwindows; i++) {
        pacs_window_t  *w = &look->windows[i];

        w->center = get_double(in);
        w->width = get_double(in);
        size_t  len = get(in, 1);

        if (len >= sizeof(w->explanation) || len > in->len) {
            in->bad = true;
            return;
        }
        memcpy(w->explanation, in->p, len);
        in->p += len;
        in->len -= len;
    }
}


static void
get_frames(in_t *in, unsigned version, pacs_look_t *look)
{
    double  (*number)(in_t *in) = version == 1 ? get_float : get_double;
    size_t    bytes = version == 1 ? 16 : 33;
    uint32_t  n = (uint32_t) get(in, 4);

    if (n == 0) {
        return;
    }

    look->frames = get_rows(in, n, sizeof(*look->frames), bytes);
    look->nframes = look->frames != NULL ? n : 0;
    for (uint32_t i = 0; i < look->nframes; i++) {
        look->frames[i].slope = number(in);
        look->frames[i].intercept = number(in);
        look->frames[i].center = number(in);
        look->frames[i].width = number(in);
        look->frames[i].voi = version == 1 ? look->voi : (uint8_t) get(in, 1);
    }
}


static void
get_rest(in_t *in, pacs_look_t *look)
{
    look->padding[0] = get_double(in);
    look->padding[1] = get_double(in);
    look->stored_voi = (uint8_t) get(in, 1);
    look->one_scale = (uint8_t) get(in, 1);
    look->has_range = (uint8_t) get(in, 1);
    look->range[0] = get_double(in);
    look->range[1] = get_double(in);
    look->suv = get_double(in);

    size_t  n = get(in, 1);

    if (n >= sizeof(look->unit) || n > in->len) {
        in->bad = true;
        return;
    }
    memcpy(look->unit, in->p, n);
    in->p += n;
    in->len -= n;
}


int
pacs_look_unpack(pacs_str_t packed, pacs_arena_t *a, pacs_look_t *look,
    pacs_err_t *err)
{
    in_t  in = { (const uint8_t *) packed.data, packed.len, a, false };

    *look = (pacs_look_t) { .slope = 1, .aspect = 1 };

    unsigned  version = (unsigned) get(&in, 1);

    in.bad = version < 1 || version > VERSION;

    look->slope = get_double(&in);
    look->intercept = get_double(&in);
    look->aspect = get_double(&in);
    look->voi = (uint8_t) get(&in, 1);
    look->inverse = (uint8_t) get(&in, 1);
    look->has_padding = (uint8_t) get(&in, 1);
    look->padding[0] = (int32_t) get(&in, 4);
    look->padding[1] = (int32_t) get(&in, 4);
    get_windows(&in, look);
    get_lut(&in, &look->modality);
    get_lut(&in, &look->voi_lut);
    for (unsigned k = 0; k < 3; k++) {
        get_lut(&in, &look->palette[k]);
    }
    get_frames(&in, version, look);
    if (version > 1) {
        get_rest(&in, look);
    }

    if (in.bad || in.len != 0) {
        *look = (pacs_look_t) { .slope = 1, .aspect = 1 };
        return pacs_fail(err, PACS_E_PARSE, "packed look of %zu bytes is "
                         "damaged", packed.len);
    }
    return PACS_OK;
}
