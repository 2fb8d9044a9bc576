/* SPDX-License-Identifier: BSD-2-Clause */

/* The process that makes pictures before somebody asks for them.  It runs
 * while nothing else wants processor and disk. */

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "listener/listener.h"

/* linux/ioprio.h is not everywhere */
enum { IOPRIO_WHO_PROCESS = 1, IOPRIO_CLASS_IDLE = 3, IOPRIO_SHIFT = 13 };


static void
give_way(void)
{
    struct sched_param  none = { 0 };

    (void) sched_setscheduler(0, SCHED_IDLE, &none);
    (void) setpriority(PRIO_PROCESS, 0, 19);
    (void) syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
                   IOPRIO_CLASS_IDLE << IOPRIO_SHIFT);
}


static void
pause_ms(int64_t ms)
{
    struct timespec  t = { ms / 1000, ms % 1000 * 1000000 };

    nanosleep(&t, NULL);
}


static void
work(const pacs_listener_t *l, pacs_warm_t *w)
{
    int64_t     wait_ms;
    bool        said = false;
    pacs_err_t  err;

    for ( ;; ) {
        err = (pacs_err_t) { 0 };

        int  rc = pacs_warm_step(w, &wait_ms, &err);

        if (rc != PACS_OK && !said) {
            pacs_log(&l->service.env, PACS_LOG_WARN, "pictures wait: %s",
                     err.text);
        }
        said = rc != PACS_OK;
        pause_ms(wait_ms);
    }
}


void
pacs_warm_run(const pacs_listener_t *l)
{
    pacs_options_t   options = l->service;
    pacs_service_t  *svc;
    pacs_warm_t     *w;
    pacs_err_t       err = { 0 };

    prctl(PR_SET_NAME, "pacs-warm");
    give_way();
    options.redis = NULL;

    if (pacs_service_open(&options, &svc, &err) == PACS_OK
        && pacs_warm_open(svc, &w, &err) == PACS_OK)
    {
        work(l, w);
    }

    pacs_log(&l->service.env, PACS_LOG_ERROR, "no pictures in advance: %s",
             err.text);
    pacs_child_end(1);
}
