/* SPDX-License-Identifier: BSD-2-Clause */

/* a preset as a table: colour and opacity of a voxel, for one step of a ray */

#include <math.h>
#include <stdlib.h>

#include "render/voxel.h"

enum { SIZE = PACS_TRANSFER_SIZE };

/* opacity of a step up to which two steps may be taken as one, or four */
#define THIN   0.06f
#define FAINT  0.015f


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
                      + 3 * (SIZE + 1) * sizeof(*t->seen));
    if (t->entry == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a preset");
    }
    t->seen = (uint16_t *) (t->entry + SIZE);
    t->dense = t->seen + SIZE + 1;
    t->thick = t->dense + SIZE + 1;

    t->seen[0] = t->dense[0] = t->thick[0] = 0;
    for (int i = 0; i < SIZE; i++) {
        look_up(preset, low + i * entry, t->entry[i]);
        t->entry[i][3] = 1 - powf(1 - t->entry[i][3], (float) step_mm);
        t->seen[i + 1] = t->seen[i] + (t->entry[i][3] > 0);
        t->dense[i + 1] = t->dense[i] + (t->entry[i][3] > THIN);
        t->thick[i + 1] = t->thick[i] + (t->entry[i][3] > FAINT);
    }
    return PACS_OK;
}


void
pacs_transfer_close(pacs_transfer_t *t)
{
    free(t->entry);
}


pacs_sight_e
pacs_transfer_sight(const pacs_transfer_t *t, pacs_brick_t range)
{
    float  a = range.min * t->scale + t->offset;
    float  b = range.max * t->scale + t->offset;
    int    low = (int) fminf(fmaxf(fminf(a, b), 0), SIZE - 1);
    int    high = (int) fminf(fmaxf(fmaxf(a, b), 0), SIZE - 1);

    if (range.min > range.max || t->seen[high + 1] == t->seen[low]) {
        return PACS_CLEAR;
    }
    return t->dense[high + 1] > t->dense[low] ? PACS_DENSE
           : t->thick[high + 1] > t->thick[low] ? PACS_THIN : PACS_FAINT;
}
