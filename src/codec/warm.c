/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * HTJ2K decoders decode once, and a fresh process takes a page fault for
 * each page of its heap.  So one that has no job yet takes them first, all
 * at once.
 */

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "codec/child.h"

/* 512 x 512 in 16 bits needs 3.4 MB */
enum { MMAP_FROM = 32 << 20, TRIM_FROM = 64 << 20, HUGE = 2 << 20,
       HEAP = 2 * HUGE };


static bool
has_job(int fd)
{
    char           byte;
    struct iovec   iov = { &byte, 1 };
    struct msghdr  msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    return recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT) > 0;
}


void
pacs_warm_decoder(int fd)
{
    /* what is freed stays, and is not given back page by page */
    mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
    mallopt(M_TRIM_THRESHOLD, TRIM_FROM);

    char  *heap = has_job(fd) ? NULL : malloc(HEAP + HUGE);

    if (heap != NULL) {
        char  *huge = heap + HUGE - (uintptr_t) heap % HUGE;

        (void) madvise(huge, HEAP, MADV_HUGEPAGE);
        (void) madvise(huge, HEAP, MADV_POPULATE_WRITE);
    }
    free(heap);
}
