/* SPDX-License-Identifier: BSD-2-Clause */

#include <stdio.h>
#include <time.h>

#include "core/core.h"


static int64_t
now_us(void *ctx)
{
    struct timespec  ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


static void
log_stderr(void *ctx, pacs_log_e level, const char *text)
{
    static const char *const  names[] = { "error", "warn", "info" };

    fprintf(stderr, "[%s] %s\n", names[level], text);
}


const pacs_env_t  pacs_env_default = { now_us, log_stderr, NULL };


void
pacs_log(const pacs_env_t *env, pacs_log_e level, const char *fmt, ...)
{
    char     text[1024];
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);

    env->log(env->ctx, level, text);
}
