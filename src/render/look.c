/* SPDX-License-Identifier: BSD-2-Clause */

/* Attributes -> pacs_look_t: PS3.3 C.11.1, C.11.2, C.7.6.3, C.7.6.16.2. */

#include <math.h>
#include <string.h>

#include "render/pipeline.h"

enum { MAX_WINDOWS = 16, MAX_ENTRIES = 65536 };

#define PET  "1.2.840.10008.5.1.4.1.1.128"

enum {
    SPACING_PATIENT = 0x00280030, ASPECT_RATIO = 0x00280034,
    PADDING_VALUE = 0x00280120, PADDING_LIMIT = 0x00280121,
    WINDOW_CENTER = 0x00281050, WINDOW_WIDTH = 0x00281051,
    INTERCEPT = 0x00281052, SLOPE = 0x00281053,
    EXPLANATION = 0x00281055, VOI_FUNCTION = 0x00281056,
    PALETTE_DESCRIPTOR = 0x00281101, PALETTE_DATA = 0x00281201,
    PALETTE_SEGMENTED = 0x00281221,
    MODALITY_SEQ = 0x00283000, LUT_DESCRIPTOR = 0x00283002,
    LUT_DATA = 0x00283006, VOI_SEQ = 0x00283010,
    CLASS = 0x00080016, PRESENTATION = 0x00089205,
    FLOAT_PADDING = 0x00280122, DOUBLE_PADDING = 0x00280123,
    MEASURES_SEQ = 0x00289110, FRAME_VOI_SEQ = 0x00289132,
    TRANSFORM_SEQ = 0x00289145,
    SHAPE = 0x20500020, SHARED = 0x52009229, PER_FRAME = 0x52009230,
    SPACING_IMAGER = 0x00181164, SPACING_NOMINAL = 0x00182010
};

typedef struct {
    pacs_source_t         *stream;
    const pacs_dataset_t  *ds;
    const pacs_pixels_t   *px;
    pacs_arena_t          *arena;
    pacs_look_t           *look;
} ctx_t;


static uint16_t
get16(const uint8_t *p, bool big)
{
    return big ? (uint16_t) (p[0] << 8 | p[1]) : (uint16_t) (p[1] << 8 | p[0]);
}


/* the value, from memory or the stream; NULL: absent, too long, unreadable */
static const uint8_t *
value_of(const ctx_t *c, const pacs_elem_t *e, size_t max)
{
    if (e == NULL || e->length == 0 || e->length > max) {
        return NULL;
    }
    if (e->value != NULL) {
        return e->value;
    }
    if (e->vr == PACS_SQ || e->undefined) {
        return NULL;
    }

    uint8_t  *p = pacs_alloc(c->arena, e->length);

    return p != NULL && pacs_source_exact(c->stream, e->offset, p, e->length,
                                          NULL) == PACS_OK ? p : NULL;
}


/* US or SS: what an implicit VR does not say, the caller knows */
static int32_t
signed_or_not(const pacs_item_t *item, const pacs_elem_t *e, const uint8_t *p,
    bool is_signed)
{
    uint16_t  v = get16(p, item->big_endian);

    if (!item->implicit && e->vr != PACS_UN) {
        is_signed = e->vr == PACS_SS;
    }
    return is_signed ? (int16_t) v : v;
}


/* entries, first value, bits; false: absent or impossible */
static bool
descriptor(const ctx_t *c, const pacs_item_t *item, uint32_t tag,
    bool is_signed, pacs_lut_t *lut)
{
    const pacs_elem_t  *e = pacs_elem(item, tag);
    const uint8_t      *p = value_of(c, e, 64);

    if (p == NULL || e->length < 6) {
        return false;
    }

    lut->entries = get16(p, item->big_endian);
    if (lut->entries == 0) {
        lut->entries = MAX_ENTRIES;
    }
    lut->first = signed_or_not(item, e, p + 2, is_signed);
    lut->bits = get16(p + 4, item->big_endian);
    return lut->bits >= 1 && lut->bits <= 16;
}


static uint16_t
most(const uint16_t *v, size_t n)
{
    uint16_t  m = 0;

    for (size_t i = 0; i < n; i++) {
        m = v[i] > m ? v[i] : m;
    }
    return m;
}


/* 16-bit entries, or 8-bit ones packed in words (PS3.3 C.7.6.3.1.6) */
static void
table(const ctx_t *c, const pacs_item_t *item, const pacs_elem_t *e,
    const pacs_lut_t *head, pacs_lut_t *lut)
{
    uint32_t        n = head->entries;
    const uint8_t  *p = value_of(c, e, 2 * MAX_ENTRIES);

    if (p == NULL || e->length < n) {
        return;
    }

    bool       words = e->length >= 2 * (uint64_t) n;
    bool       big = item->big_endian;
    uint16_t  *out = pacs_calloc(c->arena, n, sizeof(*out));

    if (out == NULL || (!words && head->bits > 8)) {
        return;
    }

    for (uint32_t i = 0; i < n; i++) {
        uint32_t  at = big && e->vr == PACS_OW && (i ^ 1) < e->length
                       ? i ^ 1 : i;
        out[i] = words ? get16(p + 2 * (size_t) i, big) : p[at];
    }

    *lut = *head;
    lut->data = out;
    /* many files say 16 and hold 8 */
    if (lut->bits > 8 && most(out, n) < 256) {
        lut->bits = 8;
    }
}


static void
read_lut(const ctx_t *c, const pacs_item_t *item, bool is_signed,
    pacs_lut_t *lut)
{
    pacs_lut_t  head;

    if (item != NULL && descriptor(c, item, LUT_DESCRIPTOR, is_signed, &head))
    {
        table(c, item, pacs_elem(item, LUT_DATA), &head, lut);
    }
}


/* --- segmented palettes, PS3.3 C.7.9.2 --- */

typedef struct {
    const uint8_t  *p;
    size_t          n;          /* words, or bytes */
    bool            wide;       /* words */
    bool            big;
    unsigned        swap;       /* bytes that lie in swapped pairs: 1 */
    uint16_t       *out;
    uint32_t        made, entries;
} segments_t;


static uint32_t
word(const segments_t *s, size_t at)
{
    if (!s->wide) {
        at ^= s->swap;
        return at < s->n ? s->p[at] : 0;
    }
    return at < s->n ? get16(s->p + 2 * at, s->big) : 0;
}


static void
emit(segments_t *s, uint32_t v)
{
    if (s->made < s->entries) {
        s->out[s->made++] = (uint16_t) v;
    }
}


/* a discrete or a linear segment at `at`; returns the words it took, or 0 */
static size_t
segment(segments_t *s, size_t at)
{
    uint32_t  kind = word(s, at), count = word(s, at + 1);

    if (kind == 0) {
        for (uint32_t i = 0; i < count; i++) {
            emit(s, word(s, at + 2 + i));
        }
        return 2 + (size_t) count;
    }
    if (kind == 1 && s->made > 0) {
        int64_t  from = s->out[s->made - 1], to = word(s, at + 2);

        for (uint32_t i = 1; i <= count; i++) {
            /* rounded, as from + n / 2 is not negative */
            emit(s, (uint32_t) ((2 * (from * (count - i) + to * i) + count)
                                / (2 * count)));
        }
        return 3;
    }
    return 0;
}


/* an indirect segment copies `count` segments at a byte offset; they may not
 * be indirect themselves, so this ends */
static size_t
indirect(segments_t *s, size_t at)
{
    uint32_t  count = word(s, at + 1);
    size_t    from = 0;

    /* two words or four bytes, the lowest first */
    for (unsigned i = s->wide ? 2 : 4; i > 0; i--) {
        from = from << (s->wide ? 16 : 8) | word(s, at + 1 + i);
    }
    from /= s->wide ? 2 : 1;

    for (uint32_t i = 0; i < count && s->made < s->entries; i++) {
        size_t  took = from < s->n ? segment(s, from) : 0;

        if (took == 0) {
            return 0;
        }
        from += took;
    }
    return s->wide ? 4 : 6;
}


static void
segmented(const ctx_t *c, const pacs_item_t *item, const pacs_elem_t *e,
    const pacs_lut_t *head, pacs_lut_t *lut)
{
    segments_t  s = {
        .p = value_of(c, e, 2 * MAX_ENTRIES),
        .big = item->big_endian,
        .wide = head->bits > 8,
        .swap = item->big_endian && head->bits <= 8 && e != NULL
                && e->vr == PACS_OW,
        .entries = head->entries,
    };

    if (s.p == NULL) {
        return;
    }
    s.n = e->length / (s.wide ? 2 : 1);
    s.out = pacs_calloc(c->arena, s.entries, sizeof(*s.out));
    if (s.out == NULL) {
        return;
    }

    for (size_t at = 0; at < s.n && s.made < s.entries; ) {
        size_t  took = word(&s, at) == 2 ? indirect(&s, at) : segment(&s, at);

        if (took == 0) {
            break;
        }
        at += took;
    }

    if (s.made == s.entries) {
        *lut = *head;
        lut->data = s.out;
    }
}


static void
read_palette(const ctx_t *c, const pacs_item_t *root, bool is_signed,
    pacs_lut_t palette[3])
{
    for (unsigned k = 0; k < 3; k++) {
        const pacs_elem_t  *e = pacs_elem(root, PALETTE_DATA + k);
        pacs_lut_t          head;

        if (!descriptor(c, root, PALETTE_DESCRIPTOR + k, is_signed, &head)) {
            continue;
        }
        if (e != NULL && e->length > 0) {
            table(c, root, e, &head, &palette[k]);
        } else {
            segmented(c, root, pacs_elem(root, PALETTE_SEGMENTED + k), &head,
                      &palette[k]);
        }
    }
}


bool
pacs_lut_read(pacs_source_t *stream, const pacs_item_t *item, bool is_signed,
    pacs_arena_t *a, pacs_lut_t *lut)
{
    ctx_t  c = { .stream = stream, .arena = a };

    read_lut(&c, item, is_signed, lut);
    return lut->entries != 0;
}


bool
pacs_palette_read(pacs_source_t *stream, const pacs_item_t *item,
    pacs_arena_t *a, pacs_lut_t palette[3])
{
    ctx_t  c = { .stream = stream, .arena = a };

    read_palette(&c, item, false, palette);
    return palette[0].entries != 0 && palette[1].entries != 0
           && palette[2].entries != 0;
}


/* --- windows, slopes, padding, shape --- */

static const struct { const char *name; uint8_t voi; }  functions[] = {
    { "LINEAR", PACS_VOI_LINEAR },
    { "LINEAR_EXACT", PACS_VOI_LINEAR_EXACT },
    { "SIGMOID", PACS_VOI_SIGMOID },
};


bool
pacs_voi_function(const pacs_item_t *item, uint8_t *voi)
{
    pacs_str_t  s = pacs_elem_raw(item, VOI_FUNCTION);

    *voi = PACS_VOI_LINEAR;
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (pacs_str_is(s, functions[i].name)) {
            *voi = functions[i].voi;
            return true;
        }
    }
    return s.len == 0;
}


static void
explain(pacs_window_t *w, pacs_str_t text)
{
    size_t  n = text.len < sizeof(w->explanation) ? text.len
                                                  : sizeof(w->explanation) - 1;

    /* not within a character */
    while (n < text.len && n > 0 && ((uint8_t) text.data[n] & 0xc0) == 0x80) {
        n--;
    }
    if (n > 0) {
        memcpy(w->explanation, text.data, n);
    }
}


static int
read_windows(const ctx_t *c, const pacs_item_t *item, pacs_err_t *err)
{
    pacs_look_t        *look = c->look;
    const pacs_elem_t  *names = pacs_elem(item, EXPLANATION);
    pacs_str_t          rest = pacs_null, name;
    double              center, width;

    look->nwindows = 0;
    look->windows = pacs_calloc(c->arena, MAX_WINDOWS, sizeof(pacs_window_t));
    if (look->windows == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "windows");
    }
    if (names != NULL) {
        rest = pacs_elem_text(item, names, c->arena);
    }

    for (unsigned i = 0; i < MAX_WINDOWS
                         && pacs_elem_double(item, WINDOW_CENTER, i, &center)
                         && pacs_elem_double(item, WINDOW_WIDTH, i, &width);
         i++)
    {
        bool  named = pacs_str_split(&rest, '\\', &name);

        if (!(width > 0)) {
            continue;
        }
        pacs_window_t  *w = &look->windows[look->nwindows++];
        w->center = center;
        w->width = width;
        if (named) {
            explain(w, pacs_str_trim(name));
        }
    }
    (void) pacs_voi_function(item, &look->voi);
    return PACS_OK;
}


static void
read_rescale(const pacs_item_t *item, double *slope, double *intercept)
{
    double  v;

    if (pacs_elem_double(item, SLOPE, 0, &v)) {
        *slope = v;
    }
    if (pacs_elem_double(item, INTERCEPT, 0, &v)) {
        *intercept = v;
    }
}


/* Pixel Padding Value (k 0) or Range Limit (k 1) */
static bool
padding_value(const ctx_t *c, unsigned k, double *value)
{
    const pacs_item_t  *root = c->ds->root;

    if (c->px->is_float) {
        uint32_t  tag = c->px->allocated == 32 ? FLOAT_PADDING
                                               : DOUBLE_PADDING;
        return pacs_elem_double(root, tag + 2 * k, 0, value);
    }

    const pacs_elem_t  *e = pacs_elem(root, PADDING_VALUE + k);
    const uint8_t      *p = value_of(c, e, 64);

    if (p == NULL || e->length < 2) {
        return false;
    }

    /* files often give the wrong one of US and SS: as the pixels are */
    uint16_t  v = get16(p, root->big_endian);
    *value = c->px->is_signed ? (int16_t) v : v;
    return true;
}


static void
read_padding(const ctx_t *c)
{
    pacs_look_t  *look = c->look;
    double        value, limit;

    if (!padding_value(c, 0, &value)) {
        return;
    }
    if (!padding_value(c, 1, &limit)) {
        limit = value;
    }

    look->has_padding = 1;
    look->padding[0] = fmin(value, limit);
    look->padding[1] = fmax(value, limit);
}


/* row spacing / column spacing, PS3.3 10.7.1.3; or a ratio C.7.6.3.1.7 */
static void
read_aspect(const pacs_item_t *item, pacs_look_t *look)
{
    static const uint32_t  tags[] = { SPACING_PATIENT, SPACING_IMAGER,
                                      SPACING_NOMINAL, ASPECT_RATIO };
    double                 down, across;

    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        if (pacs_elem_double(item, tags[i], 0, &down)
            && pacs_elem_double(item, tags[i], 1, &across)
            && down > 0 && across > 0)
        {
            look->aspect = down / across;
            return;
        }
    }
}


/* --- functional groups, PS3.3 C.7.6.16.2 --- */

static int
read_shared(const ctx_t *c, const pacs_item_t *group, pacs_err_t *err)
{
    if (group == NULL) {
        return PACS_OK;
    }

    const pacs_item_t  *item = pacs_elem_item(group, MEASURES_SEQ);
    if (item != NULL) {
        read_aspect(item, c->look);
    }

    item = pacs_elem_item(group, TRANSFORM_SEQ);
    if (item != NULL) {
        read_rescale(item, &c->look->slope, &c->look->intercept);
    }

    item = pacs_elem_item(group, FRAME_VOI_SEQ);
    if (item == NULL) {
        return PACS_OK;
    }

    read_lut(c, pacs_elem_item(item, VOI_SEQ),
             c->px->is_signed || c->look->intercept < 0, &c->look->voi_lut);
    return read_windows(c, item, err);
}


static void
read_frame(const pacs_item_t *group, pacs_look_t *look,
    struct pacs_frame_look_s *f)
{
    double              center, width;
    const pacs_item_t  *item = pacs_elem_item(group, TRANSFORM_SEQ);

    f->slope = look->slope;
    f->intercept = look->intercept;
    if (item != NULL) {
        read_rescale(item, &f->slope, &f->intercept);
    }

    item = pacs_elem_item(group, FRAME_VOI_SEQ);
    if (item != NULL && pacs_elem_double(item, WINDOW_CENTER, 0, &center)
        && pacs_elem_double(item, WINDOW_WIDTH, 0, &width) && width > 0)
    {
        f->center = center;
        f->width = width;
        (void) pacs_voi_function(item, &f->voi);
    }
}


static bool
all_alike(const struct pacs_frame_look_s *f, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        if (f[i].slope != f[0].slope || f[i].intercept != f[0].intercept
            || f[i].center != f[0].center || f[i].width != f[0].width
            || f[i].voi != f[0].voi)
        {
            return false;
        }
    }
    return true;
}


static int
read_frames(const ctx_t *c, pacs_err_t *err)
{
    pacs_look_t         *look = c->look;
    const pacs_item_t   *first = pacs_elem_item(c->ds->root, PER_FRAME);
    uint32_t             n = 0;

    for (const pacs_item_t *g = first; g != NULL && n < c->px->frames;
         g = g->next)
    {
        n++;
    }
    if (n == 0) {
        return PACS_OK;
    }

    struct pacs_frame_look_s  *f = pacs_calloc(c->arena, n, sizeof(*f));
    if (f == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "looks of %u frames", n);
    }
    for (uint32_t i = 0; i < n; i++, first = first->next) {
        read_frame(first, look, &f[i]);
    }

    /* only what differs is kept by frame */
    first = pacs_elem_item(c->ds->root, PER_FRAME);
    if (!all_alike(f, n)) {
        look->nframes = n;
        look->frames = f;
    }
    return read_shared(c, first, err);
}


/* PS3.3 C.7.6.23, C.8.13.3.1.1: values from the palette's first on are of
 * colour, those below are grey */
static bool
is_supplemental(const pacs_item_t *root, const pacs_pixels_t *px)
{
    pacs_str_t  s = pacs_elem_raw(root, PRESENTATION);

    return px->photometric == PACS_PI_MONO2
           && (pacs_str_is(s, "COLOR") || pacs_str_is(s, "MIXED"));
}


/* SOP classes whose windows are not of rescaled values: see lut.c */
static void
read_kind(const pacs_item_t *root, pacs_look_t *look)
{
    static const char *const  stored[] = {
        "1.2.840.10008.5.1.4.1.1.4",            /* MR */
        "1.2.840.10008.5.1.4.1.1.12.1",         /* XA */
        "1.2.840.10008.5.1.4.1.1.12.1.1",       /* Enhanced XA */
        "1.2.840.10008.5.1.4.1.1.12.2",         /* XRF */
        "1.2.840.10008.5.1.4.1.1.12.2.1",       /* Enhanced XRF */
        "1.2.840.10008.5.1.4.1.1.12.3",         /* XA, biplane */
        "1.2.840.10008.5.1.4.1.1.481.2",        /* RT Dose */
    };
    pacs_str_t                class_uid = pacs_elem_raw(root, CLASS);

    look->one_scale = pacs_str_is(class_uid, PET);

    for (size_t i = 0; i < sizeof(stored) / sizeof(stored[0]); i++) {
        if (pacs_str_is(class_uid, stored[i])) {
            look->stored_voi = 1;
        }
    }
}


int
pacs_look_read(pacs_source_t *stream, const pacs_dataset_t *ds,
    const pacs_pixels_t *px, pacs_arena_t *a, pacs_look_t *look,
    pacs_err_t *err)
{
    const pacs_item_t  *root = ds->root;
    ctx_t               c = { stream, ds, px, a, look };

    *look = (pacs_look_t) { .slope = 1, .aspect = 1 };

    read_rescale(root, &look->slope, &look->intercept);
    read_aspect(root, look);
    read_padding(&c);
    look->inverse = px->photometric == PACS_PI_MONO1
                    || pacs_str_is(pacs_elem_raw(root, SHAPE), "INVERSE");

    read_lut(&c, pacs_elem_item(root, MODALITY_SEQ), px->is_signed,
             &look->modality);
    read_lut(&c, pacs_elem_item(root, VOI_SEQ),
             px->is_signed || look->intercept < 0, &look->voi_lut);
    if (px->photometric == PACS_PI_PALETTE || is_supplemental(root, px)) {
        read_palette(&c, root, px->is_signed, look->palette);
    }
    read_kind(root, look);
    pacs_look_read_unit(root, look);

    int  rc = read_windows(&c, root, err);
    if (rc == PACS_OK) {
        rc = read_shared(&c, pacs_elem_item(root, SHARED), err);
    }
    return rc == PACS_OK ? read_frames(&c, err) : rc;
}
