/* SPDX-License-Identifier: BSD-2-Clause */

/* DT values (PS3.5 6.2): YYYY[MM[DD[HH[MM[SS[.F…]]]]]][+ZZXX], as the first
 * or last moment that they may mean, in UTC where they tell the offset. */

#include <stdio.h>

#include "index/match.h"

typedef struct { int  year, month, day, minute, offset; } when_t;


static bool
number(pacs_str_t s, size_t at, size_t n, int min, int max, int *value)
{
    *value = 0;

    if (at + n > s.len) {
        return false;
    }
    for (size_t i = at; i < at + n; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return false;
        }
        *value = *value * 10 + s.data[i] - '0';
    }
    return *value >= min && *value <= max;
}


/* takes the offset off, in minutes; true: none, or a good one */
static bool
take_offset(pacs_str_t *s, int *minutes)
{
    int  hour, minute;

    *minutes = 0;

    if (s->len < 9 || (s->data[s->len - 5] != '+'
                       && s->data[s->len - 5] != '-'))
    {
        return true;
    }
    if (!number(*s, s->len - 4, 2, 0, 14, &hour)
        || !number(*s, s->len - 2, 2, 0, 59, &minute))
    {
        return false;
    }

    *minutes = hour * 60 + minute;
    *minutes = s->data[s->len - 5] == '-' ? -*minutes : *minutes;
    s->len -= 5;
    return *minutes >= -12 * 60 && *minutes <= 14 * 60;
}


static int
month_days(int year, int month)
{
    static const int  days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
                                 31 };

    return days[month - 1]
           + (month == 2 && year % 4 == 0
              && (year % 100 != 0 || year % 400 == 0));
}


/* into UTC: less than a day either way */
static void
shift(when_t *w)
{
    w->minute -= w->offset;

    if (w->minute < 0) {
        w->minute += 1440;
        w->day--;
    } else if (w->minute >= 1440) {
        w->minute -= 1440;
        w->day++;
    }

    if (w->day == 0) {
        w->month--;
        w->year -= w->month == 0;
        w->month = w->month == 0 ? 12 : w->month;
        w->day = month_days(w->year, w->month);

    } else if (w->day > month_days(w->year, w->month)) {
        w->day = 1;
        w->month++;
        w->year += w->month == 13;
        w->month = w->month == 13 ? 1 : w->month;
    }
}


bool
pacs_when(pacs_str_t s, bool last, char out[PACS_WHEN])
{
    static const struct { int len, min, max; } parts[] = {
        { 4, 1, 9999 }, { 2, 1, 12 }, { 2, 1, 31 }, { 2, 0, 23 },
        { 2, 0, 59 }, { 2, 0, 60 }
    };
    int     v[6] = { 0, 1, 1, 0, 0, 0 }, micro = last ? 999999 : 0;
    size_t  at = 0, n = 0;
    when_t  w;

    if (!take_offset(&s, &w.offset)) {
        return false;
    }

    for (; n < 6 && at < s.len; at += (size_t) parts[n++].len) {
        if (!number(s, at, (size_t) parts[n].len, parts[n].min, parts[n].max,
                    &v[n]))
        {
            return false;
        }
    }

    if (n == 0 || (at < s.len && (s.data[at] != '.' || s.len - at > 7
                                  || s.len - at < 2)))
    {
        return false;
    }
    for (int unit = 100000; ++at < s.len; unit /= 10) {
        int  digit;

        if (!number(s, at, 1, 0, 9, &digit)) {
            return false;
        }
        /* what the digits do not say stays 9 or 0 */
        micro += (digit - (last ? 9 : 0)) * unit;
    }

    if (last) {
        v[1] = n > 1 ? v[1] : 12;
        v[2] = n > 2 ? v[2] : month_days(v[0], v[1]);
        v[3] = n > 3 ? v[3] : 23;
        v[4] = n > 4 ? v[4] : 59;
        v[5] = n > 5 ? v[5] : 59;
    }
    if (v[2] > month_days(v[0], v[1])) {
        return false;
    }

    w.year = v[0];
    w.month = v[1];
    w.day = v[2];
    w.minute = v[3] * 60 + v[4];
    shift(&w);
    snprintf(out, PACS_WHEN, "%04u%02u%02u%02u%02u%02u.%06u",
             (unsigned) w.year % 10000, (unsigned) w.month % 100,
             (unsigned) w.day % 100, (unsigned) w.minute / 60 % 100,
             (unsigned) w.minute % 60, (unsigned) v[5] % 100,
             (unsigned) micro % 1000000);
    return true;
}
