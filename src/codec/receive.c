/* SPDX-License-Identifier: BSD-2-Clause */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "codec/child.h"

enum { MAX_FDS = 8 };


/* the first two are given out, more are closed */
static void
take_fds(struct msghdr *msg, int fds[2])
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
         c = CMSG_NXTHDR(msg, c))
    {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }

        size_t  n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        for (size_t i = 0; i < n; i++) {
            int  fd;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));

            if (fds[0] == -1) {
                fds[0] = fd;
            } else if (fds[1] == -1) {
                fds[1] = fd;
            } else {
                close(fd);
            }
        }
    }
}


ssize_t
pacs_fd_receive(int fd, void *buf, size_t len, int fds[2])
{
    _Alignas(struct cmsghdr) char  control[CMSG_SPACE(MAX_FDS * sizeof(int))];
    struct iovec   iov = { buf, len };
    struct msghdr  msg = { .msg_iov = &iov, .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof(control) };

    fds[0] = fds[1] = -1;

    ssize_t  n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);

    if (n <= 0) {
        return n;
    }

    take_fds(&msg, fds);

    if (msg.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) {
        for (int i = 0; i < 2; i++) {
            if (fds[i] != -1) {
                close(fds[i]);
                fds[i] = -1;
            }
        }
    }

    return n;
}
