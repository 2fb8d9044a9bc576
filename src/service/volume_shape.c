/* SPDX-License-Identifier: BSD-2-Clause */

/* Which slices make a volume, and its geometry: the rules are in volume.h;
 * PS3.3 C.7.6.2.1.1, C.11.23.1. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/volume.h"

enum { GROUPS = 64 };

#define SAME_PLACE  0.01        /* mm */
#define GAP         1.5         /* of the median distance */


static double
dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}


static PACS_PRINTF(2, 3) void
add_warning(pacs_plan_t *plan, const char *fmt, ...)
{
    size_t   used = strlen(plan->warning);
    va_list  ap;

    if (used != 0 && used < sizeof(plan->warning) - 3) {
        strcpy(plan->warning + used, "; ");
        used += 2;
    }

    va_start(ap, fmt);
    vsnprintf(plan->warning + used, sizeof(plan->warning) - used, fmt, ap);
    va_end(ap);
}


/* --- groups --- */

static bool
same_format(const pacs_pixels_t *a, const pacs_pixels_t *b)
{
    return a->rows == b->rows && a->columns == b->columns
           && a->allocated == b->allocated && a->stored == b->stored
           && a->high_bit == b->high_bit && a->is_signed == b->is_signed
           && a->photometric == b->photometric;
}


static int
compare_text(pacs_str_t a, pacs_str_t b)
{
    int  c = strncmp(a.data, b.data, a.len < b.len ? a.len : b.len);

    return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}


static int
by_reference(const void *pa, const void *pb)
{
    const pacs_slice_t *a = *(pacs_slice_t *const *) pa;
    const pacs_slice_t *b = *(pacs_slice_t *const *) pb;
    int                 c = compare_text(a->record->series,
                                         b->record->series);

    return c != 0 ? c : strcmp(a->reference, b->reference);
}


/* sets alone; s: room for in->n */
static void
find_alone(pacs_input_t *in, pacs_slice_t **s)
{
    for (uint32_t i = 0; i < in->n; i++) {
        s[i] = &in->slices[i];
        s[i]->alone = s[i]->reference[0] != '\0';
    }

    qsort(s, in->n, sizeof(*s), by_reference);

    for (uint32_t i = 1; i < in->n; i++) {
        if (by_reference(&s[i - 1], &s[i]) == 0) {
            s[i - 1]->alone = s[i]->alone = false;
        }
    }
}


static bool
same_space(const pacs_slice_t *a, const pacs_slice_t *b)
{
    return strcmp(a->reference, b->reference) == 0
           || (a->alone && b->alone
               && pacs_str_eq(a->record->series, b->record->series));
}


static bool
same_group(const pacs_slice_t *a, const pacs_slice_t *b)
{
    return same_space(a, b)
           && same_format(&a->record->pixels, &b->record->pixels)
           && dot(a->row, b->row) > 0.9999
           && dot(a->column, b->column) > 0.9999
           && fabs(a->spacing[0] / b->spacing[0] - 1) < 0.001
           && fabs(a->spacing[1] / b->spacing[1] - 1) < 0.001;
}


/* the largest one, or that of the slice named: its first slice */
static const pacs_slice_t *
choose_group(const pacs_input_t *in)
{
    const pacs_slice_t *heads[GROUPS];
    uint32_t            sizes[GROUPS];
    unsigned            n = 0, best = 0;

    if (in->wanted >= 0) {
        return &in->slices[in->wanted];
    }

    for (uint32_t i = 0; i < in->n; i++) {
        unsigned  g = 0;

        while (g < n && !same_group(heads[g], &in->slices[i])) {
            g++;
        }
        if (g == GROUPS) {
            continue;
        }
        if (g == n) {
            heads[n] = &in->slices[i];
            sizes[n++] = 0;
        }
        sizes[g]++;
    }

    for (unsigned g = 1; g < n; g++) {
        if (sizes[g] > sizes[best]) {
            best = g;
        }
    }

    return n == 0 ? NULL : heads[best];
}


static int
check_format(const pacs_pixels_t *px, pacs_err_t *err)
{
    if (px->samples == 1 && (px->photometric == PACS_PI_MONO2
                             || px->photometric == PACS_PI_MONO1)
        && !px->is_float && (px->allocated == 8 || px->allocated == 16))
    {
        return PACS_OK;
    }
    return pacs_fail(err, PACS_E_UNSHOWABLE, "a volume is made of grey "
                     "images of 8 or 16 bit integers, not of these");
}


/* --- order --- */

static int
compare(double a, double b)
{
    return (a > b) - (a < b);
}


static int
by_place(const void *pa, const void *pb)
{
    const pacs_slice_t *a = *(pacs_slice_t *const *) pa;
    const pacs_slice_t *b = *(pacs_slice_t *const *) pb;
    int                 c = compare(a->place, b->place);

    for (int i = 0; c == 0 && i < PACS_PHASES; i++) {
        c = compare(a->phase[i], b->phase[i]);
    }
    if (c == 0) {
        c = (a->number > b->number) - (a->number < b->number);
    }
    return c != 0 ? c : compare_text(a->record->instance,
                                     b->record->instance);
}


static bool
same_phase(const pacs_slice_t *a, const pacs_slice_t *b)
{
    /* not the Trigger Time, which differs from slice to slice */
    return memcmp(a->phase, b->phase, (PACS_PHASES - 1) * sizeof(double))
           == 0;
}


/* places that differ less than the tolerance become one, so that phases
 * decide on the order there */
static void
join_places(pacs_slice_t **s, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        if (s[i]->place - s[i - 1]->place < SAME_PLACE) {
            s[i]->place = s[i - 1]->place;
        }
    }
}


/* one slice a place; how many others there were */
static uint32_t
drop_doubles(pacs_slice_t **s, uint32_t *n)
{
    uint32_t  kept = 0;

    for (uint32_t i = 0; i < *n; i++) {
        if (kept == 0 || s[i]->place != s[kept - 1]->place) {
            s[kept++] = s[i];
        }
    }

    uint32_t  dropped = *n - kept;

    *n = kept;
    return dropped;
}


static uint32_t
gather(pacs_input_t *in, const pacs_slice_t *first, const double normal[3],
    pacs_slice_t **out)
{
    uint32_t  n = 0;

    for (uint32_t i = 0; i < in->n; i++) {
        pacs_slice_t *s = &in->slices[i];

        if (same_group(first, s)) {
            s->place = dot(s->position, normal);
            out[n++] = s;
        }
    }

    qsort(out, n, sizeof(*out), by_place);
    join_places(out, n);
    qsort(out, n, sizeof(*out), by_place);
    return n;
}


/* only the phase of the slice that is named, if there are several */
static void
choose_phase(const pacs_slice_t *named, pacs_slice_t **s, uint32_t *n)
{
    uint32_t  kept = 0;

    for (uint32_t i = 0; i < *n; i++) {
        if (same_phase(s[i], named)) {
            s[kept++] = s[i];
        }
    }
    *n = kept;
}


static bool
has_doubles(pacs_slice_t *const *s, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        if (s[i]->place == s[i - 1]->place) {
            return true;
        }
    }
    return false;
}


/* --- geometry --- */

static int
compare_doubles(const void *a, const void *b)
{
    return compare(*(const double *) a, *(const double *) b);
}


static double
median_gap(pacs_slice_t *const *s, uint32_t n, double *gaps)
{
    for (uint32_t i = 0; i + 1 < n; i++) {
        gaps[i] = s[i + 1]->place - s[i]->place;
    }
    qsort(gaps, n - 1, sizeof(*gaps), compare_doubles);
    return gaps[(n - 1) / 2];
}


static void
warn_of_gaps(pacs_plan_t *plan, double median)
{
    uint32_t  n = 0, widest = 0;
    double    most = 0;

    for (uint32_t i = 0; i + 1 < plan->shape.n[2]; i++) {
        double  gap = plan->slices[i + 1]->place - plan->slices[i]->place;

        n += gap > GAP * median;
        if (gap > most) {
            most = gap;
            widest = i;
        }
    }

    if (n != 0) {
        add_warning(plan, "slices are missing: %u gaps, the widest %.6g mm "
                    "behind slice %u where %.6g mm is usual; values there "
                    "are interpolated", n, most, widest + 1, median);
    }
}


/* the line through the first pixels: mm of it for 1 mm along the normal */
static int
find_line(const pacs_plan_t *plan, double along[3], pacs_err_t *err)
{
    uint32_t             n = plan->shape.n[2];
    const pacs_slice_t  *a = plan->slices[0], *b = plan->slices[n - 1];
    double               tolerance = fmin(a->spacing[0], a->spacing[1]) / 2;

    for (int i = 0; i < 3; i++) {
        along[i] = (b->position[i] - a->position[i]) / (b->place - a->place);
    }

    for (uint32_t k = 1; k + 1 < n; k++) {
        const pacs_slice_t *s = plan->slices[k];
        double              d = 0;

        for (int i = 0; i < 3; i++) {
            double  e = s->position[i] - a->position[i]
                        - along[i] * (s->place - a->place);

            d += e * e;
        }

        if (sqrt(d) > tolerance) {
            return pacs_fail(err, PACS_E_UNSHOWABLE, "slice %u lies %.3g mm "
                             "off the line of the others: no volume", k + 1,
                             sqrt(d));
        }
    }

    return PACS_OK;
}


static int
set_geometry(pacs_plan_t *plan, pacs_arena_t *a, pacs_err_t *err)
{
    pacs_volume_t       *v = &plan->shape;
    const pacs_slice_t  *first = plan->slices[0];
    uint32_t             n = v->n[2];
    double              *gaps = pacs_calloc(a, n, sizeof(*gaps));
    float               *at = pacs_calloc(a, n, sizeof(*at));
    double               along[3];

    if (gaps == NULL || at == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a volume");
    }

    int  rc = find_line(plan, along, err);

    if (rc != PACS_OK) {
        return rc;
    }

    double  median = median_gap(plan->slices, n, gaps);
    double  mean = (plan->slices[n - 1]->place - first->place) / (n - 1);
    double  off = 0;

    warn_of_gaps(plan, median);

    for (uint32_t k = 0; k < n; k++) {
        double  place = plan->slices[k]->place - first->place;

        at[k] = (float) (place / median);
        off = fmax(off, fabs(place / mean - k));
    }

    /* written with few decimals, regular places are a little off */
    bool  regular = off < 0.02;

    for (int i = 0; i < 3; i++) {
        v->origin[i] = first->position[i];
        v->step[0][i] = first->row[i] * first->spacing[0];
        v->step[1][i] = first->column[i] * first->spacing[1];
        v->step[2][i] = along[i] * (regular ? mean : median);
    }
    v->at = regular ? NULL : at;
    return PACS_OK;
}


/* --- one scale for all --- */

static void
stored_range(const pacs_pixels_t *px, double *min, double *max)
{
    *min = px->is_signed ? -ldexp(1, px->stored - 1) : 0;
    *max = ldexp(1, px->stored - px->is_signed) - 1;
}


static void
set_scale(pacs_plan_t *plan)
{
    pacs_volume_t        *v = &plan->shape;
    const pacs_slice_t   *first = plan->slices[0];
    const pacs_pixels_t  *px = &first->record->pixels;
    double                low, high, least = INFINITY, most = -INFINITY;

    stored_range(px, &low, &high);
    plan->exact = true;
    plan->zero = high > INT16_MAX ? 32768 : 0;
    v->slope = first->slope;
    v->intercept = first->intercept + first->slope * plan->zero;

    for (uint32_t k = 0; k < v->n[2]; k++) {
        const pacs_slice_t *s = plan->slices[k];
        double              a = low * s->slope + s->intercept;
        double              b = high * s->slope + s->intercept;

        plan->exact &= s->slope == first->slope
                       && s->intercept == first->intercept;
        least = fmin(least, fmin(a, b));
        most = fmax(most, fmax(a, b));
    }

    if (!plan->exact) {
        v->slope = (most - least) / UINT16_MAX;
        v->intercept = least - INT16_MIN * v->slope;
    }
}


static int
no_volume(const pacs_input_t *in, uint32_t n, pacs_err_t *err)
{
    return pacs_fail(err, PACS_E_UNSHOWABLE, "no volume: of %u images with a "
                     "position in space (and %u without) but %u of one frame "
                     "of reference, orientation, size and pixel spacing lie "
                     "in different places", in->n, in->unplaced, n);
}


int
pacs_volume_shape(pacs_input_t *in, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_plan_t *plan, pacs_err_t *err)
{
    const pacs_slice_t *first;
    pacs_slice_t      **s = pacs_calloc(a, in->n + 1, sizeof(*s));
    double              normal[3];
    uint32_t            n, group, doubles;
    int                 rc;

    *plan = (pacs_plan_t) { .slices = s };

    if (s == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a volume");
    }

    find_alone(in, s);
    first = choose_group(in);
    if (first == NULL) {
        return no_volume(in, 0, err);
    }
    if ((rc = check_format(&first->record->pixels, err)) != PACS_OK) {
        return rc;
    }

    for (int i = 0; i < 3; i++) {
        int  j = (i + 1) % 3, k = (i + 2) % 3;

        normal[i] = first->row[j] * first->column[k]
                    - first->row[k] * first->column[j];
    }

    n = group = gather(in, first, normal, s);
    if (in->wanted >= 0 && has_doubles(s, n)) {
        choose_phase(first, s, &n);
    }
    doubles = drop_doubles(s, &n);

    if (n < 2) {
        return no_volume(in, n, err);
    }
    if (first->alone && doubles != 0) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "no volume: each slice has "
                         "a frame of reference of its own, and %u lie where "
                         "others lie", doubles);
    }

    plan->shape.n[0] = first->record->pixels.columns;
    plan->shape.n[1] = first->record->pixels.rows;
    plan->shape.n[2] = n;
    memcpy(plan->shape.unit, in->unit, sizeof(in->unit));

    if (first->alone) {
        add_warning(plan, "each slice has a frame of reference of its own: "
                    "taken as one by their places");
    }
    if (group != in->n || in->unplaced != 0) {
        add_warning(plan, "%u images of another orientation, size or frame "
                    "of reference, or of none, are left out",
                    in->n - group + in->unplaced);
    }
    if (doubles != 0) {
        add_warning(plan, "%u slices lie where others lie: of several "
                    "phases the first is shown (volumeinputreference names "
                    "another)", doubles);
    }

    pacs_layout_t  layout;

    if (!pacs_voxels_layout(plan->shape.n, limits, &layout)) {
        return pacs_fail(err, PACS_E_LIMIT, "a volume of %u x %u x %u voxels "
                         "is over the limit volume (%lld bytes)",
                         plan->shape.n[0], plan->shape.n[1],
                         plan->shape.n[2], (long long) limits->volume);
    }

    set_scale(plan);
    return set_geometry(plan, a, err);
}
