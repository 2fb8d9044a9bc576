/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What a decoder may still do: read from descriptors it is given, map and
 * free memory, talk on its one socket.  Not: open, create, truncate, run,
 * connect, or make memory executable.  Anything else kills it.
 */

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#ifndef PACS_ASAN
#include <seccomp.h>
#endif

#include "codec/child.h"


static int
limit(int what, rlim_t value)
{
    struct rlimit  r = { value, value };

    return setrlimit(what, &r);
}


#ifdef PACS_ASAN

/* the sanitizers need system calls and address space of their own */
static int
filter(int fd)
{
    return 0;
}

#else

static const int  plain[] = {
    SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(close), SCMP_SYS(fstat),
    SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
    SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(sysinfo), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(tgkill),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(exit), SCMP_SYS(exit_group)
};


static int
filter(int fd)
{
    const struct scmp_arg_cmp  no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ,
                                                 PROT_EXEC, 0);
    const struct scmp_arg_cmp  ours = SCMP_A0(SCMP_CMP_EQ, (unsigned) fd,
                                              0);
    const struct scmp_arg_cmp  std = SCMP_A0(SCMP_CMP_LE, 2, 0);
    scmp_filter_ctx            ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int                        rc = ctx == NULL;

    for (size_t i = 0; rc == 0 && i < sizeof(plain) / sizeof(*plain); i++) {
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, plain[i], 0);
    }

    if (rc == 0) {
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_exec)
             || seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                 no_exec)
             || seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, std)
             || seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(writev), 1,
                                 std)
             || seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(recvmsg), 1,
                                 ours)
             || seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1,
                                 ours)
             || seccomp_load(ctx);
    }

    seccomp_release(ctx);
    return rc == 0 ? 0 : -1;
}

#endif


int
pacs_sandbox(const pacs_limits_t *limits, int fd)
{
    if (limit(RLIMIT_CORE, 0) != 0 || limit(RLIMIT_NOFILE, 16) != 0
#ifndef PACS_ASAN
        || limit(RLIMIT_FSIZE, 0) != 0
        || limit(RLIMIT_AS, (rlim_t) limits->decode_memory) != 0
        || prctl(PR_SET_DUMPABLE, 0) != 0
#endif
        || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    {
        return -1;
    }

    return filter(fd);
}
