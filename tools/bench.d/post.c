/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * post PORT PATH FILE UID CONNECTIONS SECONDS: STOW of one fresh instance a
 * request to 127.0.0.1: the file, its SOP Instance UID (which ends in nine
 * digits) counted up where it stands.  A client that costs little, for it
 * shares the machine with the server.  Prints instances a second.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { DIGITS = 9, PLACES = 8 };

static const char   head[] = "--bench\r\nContent-Type: application/dicom\r\n\r\n";
static const char   tail[] = "\r\n--bench--\r\n";
static char        *file;
static size_t       file_len;
static size_t       places[PLACES];
static int          nplaces, port;
static const char  *path;
static double       until;
static atomic_long  total, number = 100000000, refused;


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static void
fail(const char *what)
{
    perror(what);
    exit(1);
}


static int
dial(void)
{
    struct sockaddr_in  to = { .sin_family = AF_INET,
                               .sin_port = htons((uint16_t) port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int                 one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *) &to, sizeof(to)) != 0) {
        fail("connect");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}


static void
send_all(int fd, struct iovec *v, int n)
{
    while (n > 0) {
        ssize_t  sent = writev(fd, v, n);

        if (sent < 0) {
            fail("send");
        }
        while (n > 0 && (size_t) sent >= v->iov_len) {
            sent -= (ssize_t) v->iov_len;
            v++;
            n--;
        }
        if (n > 0) {
            v->iov_base = (char *) v->iov_base + sent;
            v->iov_len -= (size_t) sent;
        }
    }
}


/* the answer is complete when its head and Content-Length, or the last
 * chunk, are there; its status, and whether the server closes now */
static int
answer(int fd, int *closes)
{
    static _Thread_local char  buf[65536];
    size_t                     len = 0;

    for ( ;; ) {
        ssize_t  n = recv(fd, buf + len, sizeof(buf) - 1 - len, 0);

        if (n <= 0) {
            fail("recv");
        }
        len += (size_t) n;
        buf[len] = '\0';

        char *end = strstr(buf, "\r\n\r\n");
        char *length = end == NULL ? NULL
                                   : strcasestr(buf, "\r\nContent-Length:");

        if (length != NULL && length < end
            ? buf + len >= end + 4 + atol(length + 17)
            : end != NULL && strcmp(buf + len - 5, "0\r\n\r\n") == 0)
        {
            *closes = strcasestr(buf, "\r\nConnection: close") != NULL;
            return atoi(buf + 9);
        }
    }
}


static void *
work(void *data)
{
    char    request[512];
    char   *mine = malloc(file_len);
    int     closes = 0, fd = dial();

    if (mine == NULL) {
        fail("malloc");
    }
    memcpy(mine, file, file_len);

    int  n = snprintf(request, sizeof(request), "POST %s HTTP/1.1\r\n"
                      "Host: 127.0.0.1\r\nAccept: application/dicom+json\r\n"
                      "Content-Type: multipart/related; "
                      "type=\"application/dicom\"; boundary=bench\r\n"
                      "Content-Length: %zu\r\n\r\n", path,
                      sizeof(head) - 1 + file_len + sizeof(tail) - 1);

    while (now() < until) {
        char  digits[DIGITS + 1];

        snprintf(digits, sizeof(digits), "%09ld", atomic_fetch_add(&number, 1));
        for (int i = 0; i < nplaces; i++) {
            memcpy(mine + places[i], digits, DIGITS);
        }

        struct iovec  v[] = { { request, (size_t) n },
                              { (char *) head, sizeof(head) - 1 },
                              { mine, file_len },
                              { (char *) tail, sizeof(tail) - 1 } };

        send_all(fd, v, 4);
        if (answer(fd, &closes) == 200) {
            total++;
        } else {
            refused++;
        }
        if (closes) {
            close(fd);
            fd = dial();
        }
    }

    free(mine);
    close(fd);
    return data;
}


int
main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: post PORT PATH FILE UID CONNECTIONS SECONDS\n");
        return 2;
    }

    const char *uid = argv[4];
    int         n = atoi(argv[5]);
    FILE       *f = fopen(argv[3], "rb");
    pthread_t   threads[64];

    if (f == NULL || fseek(f, 0, SEEK_END) != 0
        || (file = malloc(file_len = (size_t) ftell(f))) == NULL
        || fseek(f, 0, SEEK_SET) != 0 || fread(file, 1, file_len, f) != file_len)
    {
        fail(argv[3]);
    }

    for (char *p = file; nplaces < PLACES; p++) {
        p = memmem(p, (size_t) (file + file_len - p), uid, strlen(uid));
        if (p == NULL) {
            break;
        }
        places[nplaces++] = (size_t) (p - file) + strlen(uid) - DIGITS;
    }

    port = atoi(argv[1]);
    path = argv[2];

    double  start = now();

    until = start + atof(argv[6]);
    for (int i = 0; i < n && i < 64; i++) {
        pthread_create(&threads[i], NULL, work, NULL);
    }
    for (int i = 0; i < n && i < 64; i++) {
        pthread_join(threads[i], NULL);
    }

    printf("%.1f\n", (double) total / (now() - start));
    if (refused != 0) {
        fprintf(stderr, "%ld were refused\n", (long) refused);
    }
    return refused != 0;
}
