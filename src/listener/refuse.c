/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Over the limit: the parent answers A-ASSOCIATE-RJ (PS3.8 9.3.4) without
 * reading the request.  Closing at once, with the request unread, would
 * reset the connection and the peer could lose the answer; so the socket
 * stays for a moment and what comes is dropped.
 */

#include <unistd.h>

#include "listener/listener.h"

enum { LINGER_US = 2000000 };


static const uint8_t  reject[] = {
    3, 0, 0, 0, 0, 4,       /* A-ASSOCIATE-RJ, 4 bytes */
    0,
    2,                      /* result: rejected-transient */
    3,                      /* source: provider, presentation related */
    2                       /* reason: local-limit-exceeded */
};


static void
drop(pacs_refuse_t *r, unsigned i)
{
    close(r->peers[i].fd);
    r->peers[i] = r->peers[--r->n];
}


void
pacs_refuse_add(pacs_refuse_t *r, int fd, int64_t now_us)
{
    if (send(fd, reject, sizeof(reject), MSG_NOSIGNAL | MSG_DONTWAIT)
            != (ssize_t) sizeof(reject)
        || shutdown(fd, SHUT_WR) != 0)
    {
        close(fd);
        return;
    }

    if (r->n == PACS_REFUSE_MAX) {
        drop(r, 0);
    }

    r->peers[r->n].fd = fd;
    r->peers[r->n].until_us = now_us + LINGER_US;
    r->n++;
}


void
pacs_refuse_tend(pacs_refuse_t *r, int64_t now_us, int64_t *wait_us)
{
    char  sink[16384];

    for (unsigned i = r->n; i-- > 0; ) {
        ssize_t  n = recv(r->peers[i].fd, sink, sizeof(sink), MSG_DONTWAIT);
        int64_t  left = r->peers[i].until_us - now_us;

        /* an error other than "nothing yet" comes again at the deadline */
        if (n == 0 || left <= 0) {
            drop(r, i);
        } else if (left < *wait_us) {
            *wait_us = left;
        }
    }
}


void
pacs_refuse_close(pacs_refuse_t *r)
{
    while (r->n != 0) {
        drop(r, r->n - 1);
    }
}
