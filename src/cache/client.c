/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The blocking client.  hiredis formats commands and reads answers; the
 * socket is ours, so that every call keeps to one deadline and no SIGPIPE
 * is raised.
 */

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cache/cache.h"

enum { FAILURES = 3, PAUSE_MS = 1000, OWED_MAX = 64 };

struct pacs_cache_s {
    pthread_mutex_t           lock;
    struct sockaddr_storage   addr;
    socklen_t                 addr_len;
    int                       timeout_ms;
    int                       fd;               /* or -1 */
    redisReader              *reader;
    redisReplyObjectFunctions  fn;              /* of the reader */
    unsigned                  owed;             /* answers nobody waits for */
    int                       failures;         /* in a row */
    int64_t                   not_before_ms;    /* no connect until then */
};


static int64_t
now_ms(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


static int
set_unix(pacs_cache_t *c, const char *path, pacs_err_t *err)
{
    struct sockaddr_un *un = (struct sockaddr_un *) &c->addr;

    if (path[0] != '/' || strlen(path) >= sizeof(un->sun_path)) {
        return pacs_fail(err, PACS_E_ARG, "redis: unix:%s is no absolute path "
                         "of at most %zu bytes", path,
                         sizeof(un->sun_path) - 1);
    }

    un->sun_family = AF_UNIX;
    strcpy(un->sun_path, path);
    c->addr_len = sizeof(*un);
    return PACS_OK;
}


static int
set_host(pacs_cache_t *c, const char *url, pacs_err_t *err)
{
    struct addrinfo  hints = { .ai_socktype = SOCK_STREAM }, *res;
    const char      *colon = strrchr(url, ':');
    char             host[256];
    int64_t          port;

    if (colon == NULL || colon == url
        || (size_t) (colon - url) >= sizeof(host)
        || !pacs_str_int(pacs_cstr(colon + 1), 1, 65535, &port))
    {
        return pacs_fail(err, PACS_E_ARG,
                         "redis: %s is neither unix:/path nor host:port", url);
    }

    memcpy(host, url, (size_t) (colon - url));
    host[colon - url] = '\0';

    char *name = host;

    if (host[0] == '[' && colon[-1] == ']') {
        host[colon - url - 1] = '\0';
        name++;
    }

    int  rc = getaddrinfo(name, colon + 1, &hints, &res);

    if (rc != 0) {
        return pacs_fail(err, PACS_E_ARG, "redis: %s: %s", url,
                         gai_strerror(rc));
    }

    memcpy(&c->addr, res->ai_addr, res->ai_addrlen);
    c->addr_len = res->ai_addrlen;
    freeaddrinfo(res);
    return PACS_OK;
}


int
pacs_cache_create(const char *url, int timeout_ms, pacs_cache_t **cp,
    pacs_err_t *err)
{
    pacs_cache_t *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a cache client");
    }

    pthread_mutex_init(&c->lock, NULL);
    c->fd = -1;
    c->timeout_ms = timeout_ms;

    int  rc = strncmp(url, "unix:", 5) == 0 ? set_unix(c, url + 5, err)
                                            : set_host(c, url, err);

    if (rc != PACS_OK) {
        pacs_cache_destroy(c);
        return rc;
    }

    *cp = c;
    return PACS_OK;
}


static void
hang_up(pacs_cache_t *c)
{
    if (c->fd != -1) {
        close(c->fd);
        c->fd = -1;
    }
    if (c->reader != NULL) {
        redisReaderFree(c->reader);
        c->reader = NULL;
    }
    c->owed = 0;
}


void
pacs_cache_destroy(pacs_cache_t *c)
{
    if (c != NULL) {
        hang_up(c);
        pthread_mutex_destroy(&c->lock);
        free(c);
    }
}


static bool
wait_for(pacs_cache_t *c, short events, int64_t deadline)
{
    struct pollfd  p = { .fd = c->fd, .events = events };
    int64_t        left;
    int            n = -1;

    do {
        left = deadline - now_ms();
        if (left <= 0) {
            return false;
        }
        n = poll(&p, 1, (int) left);
    } while (n < 0 && errno == EINTR);

    return n > 0;
}


/* nothing asked here is answered by an array; hiredis would allocate as many
 * elements as a liar says */
static void *
#if HIREDIS_MAJOR >= 1
no_array(const redisReadTask *task, size_t elements)
#else
no_array(const redisReadTask *task, int elements)
#endif
{
    return NULL;
}


static bool
make_reader(pacs_cache_t *c)
{
    c->reader = redisReaderCreate();
    if (c->reader == NULL) {
        return false;
    }

    c->fn = *c->reader->fn;
    c->fn.createArray = no_array;
    c->reader->fn = &c->fn;
    return true;
}


static bool
dial(pacs_cache_t *c, int64_t deadline)
{
    socklen_t  len = sizeof(int);
    int        errnum = 0;

    c->fd = socket(c->addr.ss_family,
                   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd == -1 || !make_reader(c)) {
        return false;
    }

    if (connect(c->fd, (struct sockaddr *) &c->addr, c->addr_len) == 0) {
        return true;
    }

    return errno == EINPROGRESS && wait_for(c, POLLOUT, deadline)
           && getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &errnum, &len) == 0
           && errnum == 0;
}


static bool
send_all(pacs_cache_t *c, const char *data, size_t len, int64_t deadline)
{
    while (len != 0) {
        ssize_t  n = send(c->fd, data, len, MSG_NOSIGNAL);

        if (n > 0) {
            data += n;
            len -= (size_t) n;

        } else if ((errno != EAGAIN && errno != EINTR)
                   || !wait_for(c, POLLOUT, deadline))
        {
            return false;
        }
    }

    return true;
}


static redisReply *
receive(pacs_cache_t *c, int64_t deadline)
{
    char   buf[4096];
    void  *reply = NULL;

    while (redisReaderGetReply(c->reader, &reply) == REDIS_OK
           && reply == NULL && wait_for(c, POLLIN, deadline))
    {
        ssize_t  n = recv(c->fd, buf, sizeof(buf), 0);

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)
            || (n > 0 && redisReaderFeed(c->reader, buf, (size_t) n)
                         != REDIS_OK))
        {
            break;
        }
    }

    return reply;
}


/* takes what came of the answers owed; false: a liar, or it hangs */
static bool
drain(pacs_cache_t *c)
{
    char     buf[4096];
    void    *reply = NULL;
    ssize_t  n = c->owed == 0 ? 0 : recv(c->fd, buf, sizeof(buf),
                                         MSG_DONTWAIT);

    if (c->owed == 0 || (n < 0 && (errno == EAGAIN || errno == EINTR))) {
        return c->owed < OWED_MAX;
    }

    if (n <= 0 || redisReaderFeed(c->reader, buf, (size_t) n) != REDIS_OK) {
        return false;
    }

    while (c->owed != 0) {
        if (redisReaderGetReply(c->reader, &reply) != REDIS_OK) {
            return false;
        }
        if (reply == NULL) {
            break;
        }
        freeReplyObject(reply);
        c->owed--;
    }

    return c->owed < OWED_MAX;
}


static bool
wait_owed(pacs_cache_t *c, int64_t deadline)
{
    redisReply *r = NULL;

    while (c->owed != 0 && (r = receive(c, deadline)) != NULL) {
        freeReplyObject(r);
        c->owed--;
    }

    return c->owed == 0;
}


static void
failed(pacs_cache_t *c)
{
    hang_up(c);
    if (++c->failures >= FAILURES) {
        c->not_before_ms = now_ms() + PAUSE_MS;
        c->failures = 0;
    }
}


/* connected, or it is time to try; false: not now */
static bool
ready(pacs_cache_t *c, int64_t now)
{
    return c->fd != -1 || now >= c->not_before_ms;
}


/* NULL: no answer; then the connection is closed and a failure is counted */
static redisReply *
call_locked(pacs_cache_t *c, const char *cmd, int len)
{
    int64_t      now = now_ms(), deadline = now + c->timeout_ms;
    redisReply  *r = NULL;

    if (len < 0 || !ready(c, now)) {
        return NULL;
    }

    if ((c->fd != -1 || dial(c, deadline)) && wait_owed(c, deadline)
        && send_all(c, cmd, (size_t) len, deadline))
    {
        r = receive(c, deadline);
    }

    if (r == NULL) {
        failed(c);
    } else {
        c->failures = 0;
    }
    return r;
}


/* does not wait for the answer: who publishes has better to do */
static void
tell_locked(pacs_cache_t *c, const char *cmd, int len)
{
    int64_t  now = now_ms(), deadline = now + c->timeout_ms;

    if (len < 0 || !ready(c, now)) {
        return;
    }

    if ((c->fd != -1 || dial(c, deadline)) && drain(c)
        && send_all(c, cmd, (size_t) len, deadline))
    {
        c->owed++;
    } else {
        failed(c);
    }
}


static redisReply *
call(pacs_cache_t *c, const char *cmd, int len)
{
    pthread_mutex_lock(&c->lock);
    redisReply *r = call_locked(c, cmd, len);
    pthread_mutex_unlock(&c->lock);

    return r;
}


void
pacs_cache_publish(pacs_cache_t *c, pacs_str_t study_uid)
{
    char *cmd = NULL;
    int   len = redisFormatCommand(&cmd, "PUBLISH %s %b", PACS_CACHE_CHANNEL,
                                   study_uid.data, study_uid.len);

    pthread_mutex_lock(&c->lock);
    tell_locked(c, cmd, len);
    pthread_mutex_unlock(&c->lock);
    redisFreeCommand(cmd);
}


bool
pacs_cache_ping(pacs_cache_t *c)
{
    char        *cmd = NULL;
    int          len = redisFormatCommand(&cmd, "PING");
    redisReply  *r = call(c, cmd, len);
    bool         good = r != NULL && r->type == REDIS_REPLY_STATUS
                        && strcmp(r->str, "PONG") == 0;

    if (r != NULL) {
        freeReplyObject(r);
    }
    redisFreeCommand(cmd);
    return good;
}
