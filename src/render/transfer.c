/* SPDX-License-Identifier: BSD-2-Clause */

/* a preset as a table: colour and opacity of a voxel, for one step of a ray */

#include <math.h>
#include <stdlib.h>

#include "render/voxel.h"

enum { SIZE = PACS_TRANSFER_SIZE };


/* red, green, blue, opacity a mm */
static void
look_up(const pacs_preset_t *p, double value, float out[4])
{
    const pacs_stop_t  *s = p->stops, *last = p->stops + p->nstops - 1;
    double              t;

    while (s < last && value > s[1].value) {
        s++;
    }
    if (s == last) {
        s--;
    }
    t = (value - s->value) / (s[1].value - s->value);
    t = t > 0 ? fmin(t, 1) : 0;

    for (int c = 0; c < 3; c++) {
        out[c] = (float) (s->rgb[c] + t * (s[1].rgb[c] - s->rgb[c]));
    }
    out[3] = (float) (s->opacity + t * (s[1].opacity - s->opacity));
}


int
pacs_transfer_open(const pacs_volume_t *v, const pacs_preset_t *preset,
    double step_mm, pacs_transfer_t *t, pacs_err_t *err)
{
    double  low = preset->nstops > 1 ? preset->stops[0].value : 0;
    double  high = preset->nstops > 1
                   ? preset->stops[preset->nstops - 1].value : 0;
    double  unit = preset->relative ? v->max - v->min : 1;
    double  zero = preset->relative ? v->min : 0;
    double  entry = (high - low) / (SIZE - 1);

    if (!(high > low)) {
        return pacs_fail(err, PACS_E_ARG, "a preset without a range");
    }
    if (!(unit > 0 && unit < 1e12)) {
        return pacs_fail(err, PACS_E_ARG, "the volume is of one value");
    }

    /* entry i is of the value low + i * entry, of the preset's units */
    t->scale = (float) (v->slope / unit / entry);
    t->offset = (float) (((v->intercept - zero) / unit - low) / entry + 0.5);
    t->entry = malloc(SIZE * sizeof(*t->entry)
                      + (SIZE + 1) * sizeof(*t->seen));
    if (t->entry == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a preset");
    }
    t->seen = (uint16_t *) (t->entry + SIZE);

    t->seen[0] = 0;
    for (int i = 0; i < SIZE; i++) {
        look_up(preset, low + i * entry, t->entry[i]);
        t->entry[i][3] = 1 - powf(1 - t->entry[i][3], (float) step_mm);
        t->seen[i + 1] = t->seen[i] + (t->entry[i][3] > 0);
    }
    return PACS_OK;
}


void
pacs_transfer_close(pacs_transfer_t *t)
{
    free(t->entry);
}


bool
pacs_transfer_shows(const pacs_transfer_t *t, pacs_brick_t range)
{
    float  a = range.min * t->scale + t->offset;
    float  b = range.max * t->scale + t->offset;
    float  low = fminf(a, b), high = fmaxf(a, b);

    if (range.min > range.max) {
        return false;
    }
    low = fminf(fmaxf(low, 0), SIZE - 1);
    high = fminf(fmaxf(high, 0), SIZE - 1);
    return t->seen[(int) high + 1] > t->seen[(int) low];
}
