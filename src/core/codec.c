/* SPDX-License-Identifier: BSD-2-Clause */

/* the client's side of codec.h */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/codec.h"


int
pacs_codec_send(int fd, const pacs_codec_request_t *req, int in_fd,
    int out_fd, pacs_err_t *err)
{
    int                   fds[2] = { in_fd, out_fd };
    _Alignas(struct cmsghdr) char  control[CMSG_SPACE(sizeof(fds))];
    struct iovec          iov;
    struct msghdr         msg = { .msg_iov = &iov, .msg_iovlen = 1,
                                  .msg_control = control,
                                  .msg_controllen = sizeof(control) };
    struct cmsghdr       *c = CMSG_FIRSTHDR(&msg);

    if (req->nranges > PACS_CODEC_RANGES) {
        return pacs_fail(err, PACS_E_LIMIT, "a frame of %u fragments, "
                         "pacs-codec takes %d", req->nranges,
                         PACS_CODEC_RANGES);
    }

    memset(control, 0, sizeof(control));
    iov.iov_base = (void *) req;
    iov.iov_len = pacs_codec_request_len(req->nranges);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(fds));
    memcpy(CMSG_DATA(c), fds, sizeof(fds));

    for ( ;; ) {
        if (sendmsg(fd, &msg, MSG_NOSIGNAL) >= 0) {
            return PACS_OK;
        }
        if (errno == EAGAIN || errno == ETOOMANYREFS) {
            return PACS_AGAIN;
        }
        if (errno != EINTR) {
            return pacs_fail(err, PACS_E_CODEC, "cannot ask pacs-codec: %s",
                             strerror(errno));
        }
    }
}


/* a path longer than sockaddr_un is reached through its folder */
static int
connect_to(const char *path, pacs_err_t *err)
{
    struct sockaddr_un  sun = { .sun_family = AF_UNIX };
    int                 dir = -1;

    if (strlen(path) < sizeof(sun.sun_path)) {
        strcpy(sun.sun_path, path);

    } else {
        const char  *slash = strrchr(path, '/');
        char         folder[4096];

        if (slash != NULL
            && snprintf(folder, sizeof(folder), "%.*s", (int) (slash - path),
                        path) < (int) sizeof(folder))
        {
            dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        }

        if (dir == -1
            || snprintf(sun.sun_path, sizeof(sun.sun_path),
                        "/proc/self/fd/%d%s", dir, slash)
               >= (int) sizeof(sun.sun_path))
        {
            if (dir != -1) {
                close(dir);
            }
            return pacs_fail(err, PACS_E_CODEC,
                             "pacs-codec is not there: %s", path), -1;
        }
    }

    int  fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd != -1
        && connect(fd, (struct sockaddr *) &sun, sizeof(sun)) != 0)
    {
        pacs_fail(err, PACS_E_CODEC, "pacs-codec is not there: %s: %s", path,
                  strerror(errno));
        close(fd);
        fd = -1;
    }

    if (dir != -1) {
        close(dir);
    }
    return fd;
}


int
pacs_cache_bound(const char *home, int64_t bytes, pacs_err_t *err)
{
    char  path[4096], temporary[4096 + 16];

    snprintf(path, sizeof(path), "%s/" PACS_CACHE_BOUND, home);

    if (bytes == 0) {
        return unlink(path) == 0 || errno == ENOENT
               ? PACS_OK : pacs_fail_errno(err, errno, "%s", path);
    }

    snprintf(temporary, sizeof(temporary), "%s.%d", path, (int) getpid());

    FILE *f = fopen(temporary, "we");

    if (f == NULL) {
        return pacs_fail_errno(err, errno, "%s", temporary);
    }

    bool  written = fprintf(f, "%lld\n", (long long) bytes) > 0;

    if ((fclose(f) != 0) | !written || rename(temporary, path) != 0) {
        pacs_fail_errno(err, errno, "%s", path);
        unlink(temporary);
        return PACS_E_IO;
    }
    return PACS_OK;
}


static int64_t
now_ms(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}


static int
receive(int fd, int64_t until, uint64_t id, pacs_codec_reply_t *reply,
    pacs_err_t *err)
{
    for ( ;; ) {
        int64_t        left = until - now_ms();
        struct pollfd  p = { .fd = fd, .events = POLLIN };

        int  n = poll(&p, 1, left < 0 ? 0 : (int) left);

        if (n == 0) {
            return pacs_fail(err, PACS_E_CODEC, "pacs-codec does not answer");
        }
        if (n < 0 && errno == EINTR) {
            continue;
        }

        ssize_t  got = recv(fd, reply, sizeof(*reply), 0);

        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (got != (ssize_t) sizeof(*reply)
            || reply->magic != PACS_CODEC_MAGIC)
        {
            return pacs_fail(err, PACS_E_CODEC,
                             "pacs-codec has closed the connection");
        }

        if (reply->id == id) {
            reply->text[sizeof(reply->text) - 1] = '\0';
            return reply->code == PACS_OK
                   ? PACS_OK
                   : pacs_fail(err, reply->code, "%s", reply->text);
        }
    }
}


int
pacs_codec_call(const char *socket_path, const pacs_codec_request_t *req,
    int in_fd, int out_fd, int timeout_ms, pacs_codec_reply_t *reply,
    pacs_err_t *err)
{
    int64_t  until = now_ms() + timeout_ms;
    int      fd = connect_to(socket_path, err);

    if (fd == -1) {
        return pacs_fail(err, PACS_E_CODEC, "no socket for pacs-codec");
    }

    int  rc = pacs_codec_send(fd, req, in_fd, out_fd, err);

    if (rc == PACS_AGAIN) {
        rc = pacs_fail(err, PACS_E_BUSY, "too many open files");
    }
    if (rc == PACS_OK) {
        rc = receive(fd, until, req->id, reply, err);
    }

    close(fd);
    return rc;
}
