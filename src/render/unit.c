/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What real values are of: Rescale Type (PS3.3 C.11.1.1.2), Units and SUV of
 * PET (C.8.9.1, C.8.9.2), Dose Grid Scaling (C.8.8.3).
 */

#include <math.h>
#include <string.h>
#include <time.h>

#include "render/pipeline.h"

enum {
    CLASS = 0x00080016, SERIES_DATE = 0x00080021, ACQUIRED_DATE = 0x00080022,
    SERIES_TIME = 0x00080031, ACQUIRED_TIME = 0x00080032,
    WEIGHT = 0x00101030,
    START_TIME = 0x00181072, TOTAL_DOSE = 0x00181074, HALF_LIFE = 0x00181075,
    START_DATETIME = 0x00181078, CORRECTED = 0x00280051,
    RESCALE_TYPE = 0x00281054, TRANSFORM_SEQ = 0x00289145,
    NUCLIDE_SEQ = 0x00540016, UNITS = 0x00541001, SUV_TYPE = 0x00541006,
    DECAY = 0x00541102, DOSE_UNITS = 0x30040002, DOSE_SCALING = 0x3004000e,
    SHARED = 0x52009229, PER_FRAME = 0x52009230,
    PHILIPS = 0x70530010, PHILIPS_SUV = 0x70531000
};

#define CT       "1.2.840.10008.5.1.4.1.1.2"
#define RT_DOSE  "1.2.840.10008.5.1.4.1.1.481.2"


static void
set_unit(pacs_look_t *look, pacs_str_t s)
{
    size_t  n = s.len < sizeof(look->unit) ? s.len : 0;

    for (size_t i = 0; i < n; i++) {
        n = s.data[i] > ' ' && s.data[i] < 127 ? n : 0;
    }

    memset(look->unit, 0, sizeof(look->unit));
    if (n > 0) {
        memcpy(look->unit, s.data, n);
    }
}


static int
digits(pacs_str_t s, size_t at, size_t n)
{
    int  v = 0;

    for (size_t i = at; i < at + n; i++) {
        if (i >= s.len || s.data[i] < '0' || s.data[i] > '9') {
            return -1;
        }
        v = v * 10 + (s.data[i] - '0');
    }
    return v;
}


/* seconds since 1970 of DA and TM, as if it were UTC; NaN: not both */
static double
seconds(pacs_str_t date, pacs_str_t time)
{
    struct tm  tm = {
        .tm_year = digits(date, 0, 4) - 1900,
        .tm_mon = digits(date, 4, 2) - 1, .tm_mday = digits(date, 6, 2),
        .tm_hour = digits(time, 0, 2), .tm_min = digits(time, 2, 2),
        .tm_sec = digits(time, 4, 2),
    };

    if (tm.tm_year < 0 || tm.tm_mon < 0 || tm.tm_mday < 1 || tm.tm_hour < 0
        || tm.tm_min < 0 || tm.tm_sec < 0)
    {
        return NAN;
    }
    return (double) timegm(&tm);
}


/* from the injection to the time that the values are corrected to, DECY
 * START: the start of the series, unless that is of a later processing */
static double
decay_seconds(const pacs_item_t *root, const pacs_item_t *nuclide)
{
    pacs_str_t  date = pacs_elem_raw(root, SERIES_DATE);
    pacs_str_t  both = pacs_elem_raw(nuclide, START_DATETIME);
    double      series = seconds(date, pacs_elem_raw(root, SERIES_TIME));
    double      acquired = seconds(pacs_elem_raw(root, ACQUIRED_DATE),
                                   pacs_elem_raw(root, ACQUIRED_TIME));
    double      start;

    if (both.len >= 14) {
        start = seconds((pacs_str_t) { both.data, 8 },
                        (pacs_str_t) { both.data + 8, both.len - 8 });
    } else {
        start = seconds(date, pacs_elem_raw(nuclide, START_TIME));
        /* before midnight */
        start -= start > series ? 86400 : 0;
    }

    return acquired < series ? NAN : series - start;
}


static bool
has_value(pacs_str_t list, const char *name)
{
    pacs_str_t  part;

    while (pacs_str_split(&list, '\\', &part)) {
        if (pacs_str_is(pacs_str_trim(part), name)) {
            return true;
        }
    }
    return false;
}


/* Bq/ml -> g/ml; 0: what is needed is not said */
static double
suv_of_activity(const pacs_item_t *root)
{
    const pacs_item_t  *nuclide = pacs_elem_item(root, NUCLIDE_SEQ);
    pacs_str_t          decay = pacs_elem_raw(root, DECAY);
    pacs_str_t          corrected = pacs_elem_raw(root, CORRECTED);
    double              weight, dose, half_life;

    if (nuclide == NULL || !has_value(corrected, "ATTN")
        || !has_value(corrected, "DECY")
        || !pacs_elem_double(root, WEIGHT, 0, &weight)
        || !pacs_elem_double(nuclide, TOTAL_DOSE, 0, &dose)
        || !pacs_elem_double(nuclide, HALF_LIFE, 0, &half_life)
        || !(weight > 0) || !(dose > 0) || !(half_life > 0))
    {
        return 0;
    }

    if (pacs_str_is(decay, "START")) {
        double  passed = decay_seconds(root, nuclide);

        /* what is not within a day and a half is a wrong clock */
        if (!(passed >= 0 && passed < 36 * 3600)) {
            return 0;
        }
        dose *= exp2(-passed / half_life);

    } else if (!pacs_str_is(decay, "ADMIN")) {
        return 0;
    }

    return weight * 1000 / dose;
}


static void
read_pet(const pacs_item_t *root, pacs_look_t *look)
{
    pacs_str_t  units = pacs_elem_raw(root, UNITS);
    pacs_str_t  type = pacs_elem_raw(root, SUV_TYPE);
    double      factor;

    set_unit(look, units);

    if (pacs_str_is(units, "BQML")) {
        look->suv = suv_of_activity(root);

    } else if (pacs_str_is(units, "GML")) {
        look->suv = type.len == 0 || pacs_str_is(type, "BW");

    } else if (pacs_str_is(units, "CNTS")
               && pacs_str_is(pacs_elem_raw(root, PHILIPS),
                              "Philips PET Private Group")
               && pacs_elem_double(root, PHILIPS_SUV, 0, &factor)
               && factor > 0)
    {
        look->suv = factor;
    }

    if (!isfinite(look->suv)) {
        look->suv = 0;
    }
}


void
pacs_look_read_unit(const pacs_item_t *root, pacs_look_t *look)
{
    const pacs_item_t  *shared = pacs_elem_item(root, SHARED);
    const pacs_item_t  *frame = pacs_elem_item(root, PER_FRAME);
    const pacs_item_t  *own = shared != NULL
                              ? pacs_elem_item(shared, TRANSFORM_SEQ) : NULL;
    pacs_str_t          class_uid = pacs_elem_raw(root, CLASS);
    double              scaling;

    if (own == NULL && frame != NULL) {
        own = pacs_elem_item(frame, TRANSFORM_SEQ);
    }

    if (look->one_scale) {
        read_pet(root, look);
        return;
    }

    if (pacs_str_is(class_uid, RT_DOSE)) {
        set_unit(look, pacs_elem_raw(root, DOSE_UNITS));
        if (pacs_elem_double(root, DOSE_SCALING, 0, &scaling)) {
            look->slope = scaling;
        }
        return;
    }

    set_unit(look, pacs_elem_raw(own != NULL ? own : root, RESCALE_TYPE));
    if (strcmp(look->unit, "US") == 0) {        /* unspecified */
        look->unit[0] = '\0';
    }
    if (look->unit[0] == '\0' && pacs_str_is(class_uid, CT)) {
        set_unit(look, pacs_lit("HU"));
    }
}
