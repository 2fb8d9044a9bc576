/* SPDX-License-Identifier: BSD-2-Clause */

/* the smallest TAP there is: ok(), is_*(), done() */

#ifndef PACS_TAP_H
#define PACS_TAP_H

#include <stdio.h>
#include <string.h>
#include <inttypes.h>
#include "core/core.h"

static int  tap_run, tap_failed;

__attribute__((format(printf, 2, 3), unused))
static bool
ok(bool cond, const char *fmt, ...)
{
    va_list  ap;

    tap_run++;
    tap_failed += !cond;
    printf("%sok %d - ", cond ? "" : "not ", tap_run);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    fflush(stdout);
    return cond;
}

__attribute__((unused))
static bool
is_int(int64_t got, int64_t want, const char *name)
{
    bool  good = ok(got == want, "%s", name);

    if (!good) {
        printf("# got %" PRId64 ", want %" PRId64 "\n", got, want);
    }
    return good;
}

__attribute__((unused))
static bool
is_str(pacs_str_t got, const char *want, const char *name)
{
    bool  good = ok(pacs_str_is(got, want), "%s", name);

    if (!good) {
        printf("# got  '%.*s'\n# want '%s'\n", pacs_fmt(got), want);
    }
    return good;
}

__attribute__((unused))
static int
done(void)
{
    printf("1..%d\n", tap_run);
    return tap_failed != 0;
}

#endif
