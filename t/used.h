/* SPDX-License-Identifier: BSD-2-Clause */

/* what a test has used so far: CPU time, memory */

#ifndef PACS_USED_H
#define PACS_USED_H

#include <sys/resource.h>
#include <time.h>

/* s of CPU time: the machine may be busy with other things */
static double
cpu_seconds(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}


/* 0 under ASan, which needs its own */
static long
peak_mib(void)
{
#ifdef PACS_ASAN
    return 0;
#else
    struct rusage  u;

    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss / 1024;
#endif
}

#endif
