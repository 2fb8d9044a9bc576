/* SPDX-License-Identifier: BSD-2-Clause */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "codec/child.h"
#include "codec/server.h"

enum { MAX_CLIENTS = 512, MAX_ANSWERS = 8192 };

struct client_s {
    handler_t               handler;
    TAILQ_ENTRY(client_s)   link;
    int                     fd;
    bool                    closing;
    pacs_codec_reply_t     *answers;        /* that the socket did not take */
    unsigned                nanswers, cap;
};


static void
flush_answers(server_t *s, client_t *c)
{
    unsigned  n = 0;

    while (n < c->nanswers
           && send(c->fd, &c->answers[n], sizeof(*c->answers),
                   MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
    {
        n++;
    }

    memmove(c->answers, c->answers + n,
            (c->nanswers - n) * sizeof(*c->answers));
    c->nanswers -= n;

    if (c->nanswers == 0) {
        pacs_server_watch(s, EPOLL_CTL_MOD, c->fd, EPOLLIN, c);
    }
}


static void
keep_answer(server_t *s, client_t *c, const pacs_codec_reply_t *reply)
{
    if (c->nanswers == c->cap) {
        unsigned  cap = c->cap == 0 ? 64 : c->cap * 2;
        void     *p = cap > MAX_ANSWERS
                      ? NULL : realloc(c->answers, cap * sizeof(*reply));

        if (p == NULL) {
            c->closing = true;          /* it asks and does not listen */
            return;
        }
        c->answers = p;
        c->cap = cap;
    }

    c->answers[c->nanswers++] = *reply;
    pacs_server_watch(s, EPOLL_CTL_MOD, c->fd, EPOLLIN | EPOLLOUT, c);
}


void
pacs_client_answer(server_t *s, client_t *c, uint64_t id, int code,
    bool decoded, const char *text)
{
    pacs_codec_reply_t  reply = { .magic = PACS_CODEC_MAGIC, .code = code,
                                  .id = id, .decoded = decoded };

    snprintf(reply.text, sizeof(reply.text), "%s", text);

    if (c->nanswers == 0) {
        if (send(c->fd, &reply, sizeof(reply), MSG_DONTWAIT | MSG_NOSIGNAL)
            > 0)
        {
            return;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS) {
            return;                     /* its end shows in a read */
        }
    }

    keep_answer(s, c, &reply);
}


void
pacs_client_close(server_t *s, client_t *c)
{
    pacs_job_abandon(s, c);
    TAILQ_REMOVE(&s->clients, c, link);
    s->nclients--;
    pacs_server_close(s, c->fd);
    free(c->answers);
    free(c);
}


/* one message a turn, so that clients take turns and decoders start */
static void
client_ready(server_t *s, void *self, uint32_t events)
{
    static pacs_codec_request_t  req;
    client_t                    *c = self;
    int                          fds[2];

    if (events & EPOLLOUT) {
        flush_answers(s, c);
    }

    ssize_t  n = pacs_fd_receive(c->fd, &req, sizeof(req), fds);

    if (n > 0) {
        pacs_job_request(s, c, &req, (size_t) n, fds);

    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        c->closing = true;
    }

    if (c->closing) {
        pacs_client_close(s, c);
    }
}


/* only the archive's own user, and root, who may become it, may ask */
static bool
is_welcome(int fd)
{
    struct ucred  peer;
    socklen_t     len = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0
           && (peer.uid == geteuid() || peer.uid == 0);
}


void
pacs_client_accept(server_t *s, void *self, uint32_t events)
{
    int  fd = accept4(s->listen, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd == -1) {
        return;
    }

    client_t  *c = s->nclients < MAX_CLIENTS && is_welcome(fd)
                   ? calloc(1, sizeof(*c)) : NULL;

    if (c == NULL) {
        close(fd);
        return;
    }

    c->handler.ready = client_ready;
    c->fd = fd;
    TAILQ_INSERT_TAIL(&s->clients, c, link);
    s->nclients++;

    if (pacs_server_watch(s, EPOLL_CTL_ADD, fd, EPOLLIN, c) != 0) {
        pacs_client_close(s, c);
    }
}
