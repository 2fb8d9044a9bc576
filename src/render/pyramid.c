/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The levels of a pyramid, built while rows of the frame come, one sum and
 * count a pixel and level in the making: each mean is of the frame's own
 * pixels and rounded once.
 */

#include <math.h>
#include <string.h>

#include "render/pipeline.h"

enum {
    LARGE = 3 << 19,            /* pixels; below, a pyramid saves little */
    SMALLEST = 512,             /* no level above one of this side */
};

/* one row of a level in the making; of RGB three values a pixel */
typedef struct {
    uint32_t   columns, rows;
    int32_t   *sum;             /* 2^14 pixels of 16 bits fit */
    int32_t   *count;
} floor_t;

struct pacs_mason_s {
    const pacs_pyramid_t  *shape;
    const pacs_look_t     *look;
    uint8_t               *out;
    floor_t                floors[PACS_PYRAMID_LEVELS + 1];
    unsigned               channels;
    uint32_t               next;            /* row of the frame */
    int32_t                padding[2];      /* first > second: none */
    int32_t                least, most;     /* stored values of the frame */
    uint8_t               *rgb;             /* one row */
    uint8_t               *row;             /* one of a level */
};


uint32_t
pacs_pyramid_side(uint32_t side, unsigned level)
{
    return (uint32_t) (((uint64_t) side + (1u << level) - 1) >> level);
}


unsigned
pacs_pyramid_pixel(const pacs_pyramid_t *p)
{
    return p->px.samples * (p->px.allocated / 8u);
}


uint64_t
pacs_pyramid_strip(const pacs_pyramid_t *p, unsigned level, uint32_t i,
    uint32_t *columns)
{
    uint32_t  x = i * PACS_PYRAMID_STRIP;
    uint32_t  rest = pacs_pyramid_side(p->px.columns, level) - x;

    *columns = rest < PACS_PYRAMID_STRIP ? rest : PACS_PYRAMID_STRIP;
    return p->offset[level] + (uint64_t) x
                              * pacs_pyramid_side(p->px.rows, level)
                              * pacs_pyramid_pixel(p);
}


static bool
is_grey(const pacs_pixels_t *px)
{
    return px->photometric == PACS_PI_MONO1
           || px->photometric == PACS_PI_MONO2;
}


static bool
can_have_one(const pacs_pixels_t *px, const pacs_look_t *look)
{
    /* a supplemental palette colours grey values */
    bool  good = is_grey(px) ? px->stored <= 16 && look->palette[0].entries == 0
                             : px->photometric != PACS_PI_UNKNOWN;

    return good && px->allocated > 1 && !px->is_float
           && (uint64_t) px->rows * px->columns >= LARGE;
}


void
pacs_pyramid_shape(const pacs_pixels_t *px, const pacs_look_t *look,
    pacs_pyramid_t *p)
{
    *p = (pacs_pyramid_t) { .px = *px };
    p->px.planar = 0;

    if (is_grey(px)) {
        p->px.allocated = px->allocated == 8 ? 8 : 16;
        p->px.high_bit = px->stored - 1;
    } else {
        p->px.photometric = PACS_PI_RGB;
        p->px.samples = 3;
        p->px.allocated = p->px.stored = 8;
        p->px.high_bit = 7;
        p->px.is_signed = 0;
    }

    while (can_have_one(px, look) && p->levels < PACS_PYRAMID_LEVELS
           && (pacs_pyramid_side(px->columns, p->levels) > SMALLEST
               || pacs_pyramid_side(px->rows, p->levels) > SMALLEST))
    {
        uint64_t  n = pacs_pyramid_side(px->columns, ++p->levels);

        p->offset[p->levels + 1] = p->offset[p->levels]
            + n * pacs_pyramid_side(px->rows, p->levels)
              * pacs_pyramid_pixel(p);
    }
}


/* the padding as far as it can be stored */
static void
set_padding(pacs_mason_t *m, const pacs_look_t *look)
{
    double  least = m->shape->px.is_signed
                    ? -ldexp(1, m->shape->px.stored - 1) : 0;
    double  most = least + ldexp(1, m->shape->px.stored) - 1;
    double  lo = fmax(ceil(look->padding[0]), least);
    double  hi = fmin(floor(look->padding[1]), most);

    m->padding[0] = 1;
    if (m->channels == 1 && look->has_padding && lo <= hi) {
        m->padding[0] = (int32_t) lo;
        m->padding[1] = (int32_t) hi;
    }
}


int
pacs_mason_begin(const pacs_pyramid_t *p, const pacs_look_t *look,
    uint8_t *out, pacs_arena_t *a, pacs_mason_t **mason, pacs_err_t *err)
{
    pacs_mason_t *m = *mason = pacs_calloc(a, 1, sizeof(*m));
    bool          ok = m != NULL;

    for (unsigned l = 0; ok && l <= p->levels; l++) {
        floor_t *f = &m->floors[l];

        f->columns = pacs_pyramid_side(p->px.columns, l);
        f->rows = pacs_pyramid_side(p->px.rows, l);
        f->sum = pacs_calloc(a, (size_t) f->columns * p->px.samples,
                             sizeof(*f->sum));
        f->count = pacs_calloc(a, f->columns, sizeof(*f->count));
        ok = f->sum != NULL && f->count != NULL;
    }
    if (ok) {
        m->rgb = pacs_alloc(a, (size_t) p->px.columns * 3);
        m->row = pacs_alloc(a, (size_t) p->px.columns * 3);
        ok = m->rgb != NULL && m->row != NULL;
    }
    if (!ok) {
        return pacs_fail(err, PACS_E_NOMEM, "pyramid");
    }

    m->shape = p;
    m->look = look;
    m->out = out;
    m->channels = p->px.samples;
    m->least = INT32_MAX;
    m->most = INT32_MIN;
    set_padding(m, look);
    return PACS_OK;
}


/* --- a row of the frame --- */

PACS_VECTORIZE
static void
take_grey(pacs_mason_t *m, const int32_t *value)
{
    const floor_t *f = &m->floors[0];
    int32_t        lo = m->padding[0], hi = m->padding[1];
    int32_t        least = m->least, most = m->most;

    for (uint32_t i = 0; i < f->columns; i++) {
        int32_t  v = value[i];
        bool     good = (v < lo) | (v > hi);
        int32_t  low = good ? v : INT32_MAX, high = good ? v : INT32_MIN;

        f->sum[i] = good ? v : 0;
        f->count[i] = good;
        least = low < least ? low : least;
        most = high > most ? high : most;
    }
    m->least = least;
    m->most = most;
}


static void
grey_row(pacs_mason_t *m, const pacs_raster_t *r, uint32_t y)
{
    floor_t *f = &m->floors[0];
    size_t   at = (size_t) y * r->columns;

    /* where they are narrow, floats hold them exactly */
    float   *row = (float *) (void *) f->count;

    memset(row, 0, f->columns * sizeof(*row));
    pacs_raster_add(r, at, f->columns, 1, row);
    for (uint32_t i = 0; i < f->columns; i++) {
        f->sum[i] = (int32_t) row[i];
    }
    take_grey(m, f->sum);
}


static void
colour_row(pacs_mason_t *m, const pacs_colour_t *c, uint32_t y)
{
    floor_t *f = &m->floors[0];

    pacs_colour_row(c, y, 0, f->columns, m->rgb);
    for (uint32_t i = 0; i < f->columns; i++) {
        f->count[i] = 1;
    }
    for (size_t i = 0; i < (size_t) f->columns * 3; i++) {
        f->sum[i] = m->rgb[i];
    }
}


/* --- from level to level --- */

static void
fold_counts(const floor_t *from, floor_t *to)
{
    uint32_t  pairs = from->columns / 2;

    for (uint32_t i = 0; i < pairs; i++) {
        to->count[i] += from->count[2 * i] + from->count[2 * i + 1];
    }
    if (from->columns & 1) {
        to->count[pairs] += from->count[2 * pairs];
    }
}


static void
fold_sums(const floor_t *from, floor_t *to, unsigned channels)
{
    uint32_t  pairs = from->columns / 2;

    for (uint32_t i = 0; i < pairs; i++) {
        for (unsigned k = 0; k < channels; k++) {
            to->sum[i * channels + k] += from->sum[2 * i * channels + k]
                                    + from->sum[(2 * i + 1) * channels + k];
        }
    }
    for (unsigned k = 0; from->columns & 1 && k < channels; k++) {
        to->sum[pairs * channels + k] += from->sum[2 * pairs * channels + k];
    }
}


/* a mean must not pass for padding; there are pixels on both sides of it,
 * since those of one side have none in between */
static int32_t
beside(const pacs_mason_t *m, double mean, int32_t v)
{
    int32_t  lo = m->padding[0], hi = m->padding[1];

    return v < lo || v > hi ? v : mean - lo > hi - mean ? hi + 1 : lo - 1;
}


static void
put_grey(const pacs_mason_t *m, const floor_t *f, uint8_t *out)
{
    bool  wide = m->shape->px.allocated == 16;

    for (uint32_t i = 0; i < f->columns; i++) {
        int32_t  v = m->padding[0];

        if (f->count[i] != 0) {
            double  mean = f->sum[i] / (double) f->count[i];

            v = beside(m, mean, (int32_t) floor(mean + 0.5));
        }

        if (wide) {
            int16_t  sample = (int16_t) v;

            memcpy(out + 2 * i, &sample, sizeof(sample));
        } else {
            out[i] = (uint8_t) v;
        }
    }
}


static void
put_colour(const floor_t *f, uint8_t *out)
{
    for (uint32_t i = 0; i < f->columns; i++) {
        int32_t  n = f->count[i];

        for (unsigned k = 0; k < 3; k++) {
            out[3 * i + k] = (uint8_t) ((f->sum[3 * i + k] + n / 2) / n);
        }
    }
}


static void
put_row(const pacs_mason_t *m, unsigned level, uint32_t y)
{
    const floor_t *f = &m->floors[level];
    const uint8_t *from = m->row;
    uint32_t       columns, pixel = pacs_pyramid_pixel(m->shape);

    if (m->channels == 1) {
        put_grey(m, f, m->row);
    } else {
        put_colour(f, m->row);
    }

    for (uint32_t i = 0; i * PACS_PYRAMID_STRIP < f->columns; i++) {
        uint64_t  at = pacs_pyramid_strip(m->shape, level, i, &columns);

        memcpy(m->out + at + (uint64_t) y * columns * pixel, from,
               columns * pixel);
        from += columns * pixel;
    }
}


static void
clear(const pacs_mason_t *m, unsigned level)
{
    const floor_t *f = &m->floors[level];

    memset(f->sum, 0, (size_t) f->columns * m->channels * sizeof(*f->sum));
    memset(f->count, 0, f->columns * sizeof(*f->count));
}


/* row y of the frame lies in floors[0] */
static void
raise_floors(pacs_mason_t *m, uint32_t y)
{
    for (unsigned l = 1; l <= m->shape->levels; l++) {
        fold_sums(&m->floors[l - 1], &m->floors[l], m->channels);
        fold_counts(&m->floors[l - 1], &m->floors[l]);
        clear(m, l - 1);

        if (y % 2 == 0 && y + 1 < m->floors[l - 1].rows) {
            return;
        }
        y /= 2;
        put_row(m, l, y);
    }
    clear(m, m->shape->levels);
}


int
pacs_mason_add(pacs_mason_t *m, const pacs_samples_t *rows, pacs_err_t *err)
{
    pacs_samples_t  held = *rows;
    pacs_raster_t   r;
    pacs_colour_t   c;
    pacs_picture_t  want = { 0 };
    uint32_t        top = rows->area.columns != 0 ? rows->area.y : 0;

    if (rows->area.columns != 0) {
        held.px.rows = rows->area.rows;
    }
    if (held.px.columns != m->floors[0].columns || top > m->next
        || rows->area.x != 0 || rows->area.level != 0
        || held.px.rows > m->floors[0].rows - top)
    {
        return pacs_fail(err, PACS_E_INTERNAL, "rows for a pyramid");
    }

    pacs_arena_t *a = pacs_arena_create(0);
    int           rc = a == NULL ? pacs_fail(err, PACS_E_NOMEM, "pyramid")
                                 : pacs_raster_open(&held, a, &r, err);

    if (rc == PACS_OK && m->channels == 3) {
        rc = pacs_colour_open(&r, m->look, 0, &want, a, &c, err);
    }

    while (rc == PACS_OK && m->next < top + held.px.rows) {
        if (m->channels == 3) {
            colour_row(m, &c, m->next - top);
        } else {
            grey_row(m, &r, m->next - top);
        }
        raise_floors(m, m->next++);
    }

    pacs_arena_destroy(a);
    return rc;
}


int
pacs_mason_finish(pacs_mason_t *m, double range[2], pacs_err_t *err)
{
    range[0] = m->least;
    range[1] = m->most;

    return m->next == m->floors[0].rows
           ? PACS_OK : pacs_fail(err, PACS_E_INTERNAL, "half a pyramid");
}
