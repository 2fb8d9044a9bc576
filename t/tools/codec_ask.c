/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * codec_ask HOME
 * A client of pacs-codec for tests.  Commands on stdin, one a line, fields
 * by tabs; an answer a line, fields by tabs.
 *
 *   info FILE                     frames, transfer syntax, rows, columns,
 *                                 samples, allocated, stored, signed
 *   call FILE FRAME SALT FAULTS   by pacs_codec_call
 *   open NAME                     a connection
 *   send NAME FILE FRAME SALT FAULTS BACKGROUND
 *   recv NAME
 *   close NAME
 *
 * FRAME from 1.  SALT makes another key of the same frame.  call and recv
 * answer: code, decoded, key (or id), text.  A file that cannot be read:
 * "!", code, text.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/codec.h"
#include "dicom/dicom.h"

enum { MAX_CONNECTIONS = 256, TIMEOUT_MS = 60000, MAX_FIELDS = 8 };

typedef struct {
    int             fd;
    pacs_arena_t   *arena;
    pacs_dataset_t  ds;
    pacs_pixels_t   px;
    pacs_frames_t   frames;
} image_t;

static struct {
    char  name[32];
    int   fd;
}                    connections[MAX_CONNECTIONS];
static const char   *home;
static uint64_t      next_id = 1;


static void
image_close(image_t *im)
{
    if (im->fd != -1) {
        close(im->fd);
    }
    pacs_arena_destroy(im->arena);
}


static int
image_open(image_t *im, const char *path, pacs_err_t *err)
{
    pacs_source_t  file;

    im->arena = pacs_arena_create(0);
    im->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (im->fd == -1) {
        return pacs_fail_errno(err, errno, "%s", path);
    }

    int  rc = pacs_source_fd(&file, im->fd, err);

    if (rc == PACS_OK) {
        rc = pacs_dicom_read(&file, &pacs_limits_default, 4096, im->arena,
                             &im->ds, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_dicom_pixels(&im->ds, &pacs_limits_default, &im->px, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_frames_locate(&file, &im->ds, &im->px, &pacs_limits_default,
                                im->arena, &im->frames, err);
    }
    if (rc == PACS_OK && im->frames.native) {
        rc = pacs_fail(err, PACS_E_ARG, "native frames");
    }
    return rc;
}


static void
make_key(pacs_codec_request_t *req, const char *file, unsigned frame,
    const char *salt)
{
    char     text[4096];
    uint8_t  sum[PACS_SHA256_LEN];
    int      n = snprintf(text, sizeof(text), "%s %u %s", file, frame, salt);

    pacs_sha256(text, (size_t) n, sum);
    pacs_hex(sum, sizeof(sum), req->key);
}


static int
make_output(const pacs_codec_request_t *req, pacs_err_t *err)
{
    char      path[4096];
    uint64_t  bytes;

    if (pacs_frame_bytes(&req->pixels, &pacs_limits_default, &bytes, err)
        != PACS_OK)
    {
        return -1;
    }

    snprintf(path, sizeof(path), "%s/cache/frames", home);

    int  fd = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd == -1 || posix_fallocate(fd, 0, (off_t) pacs_frame_file(bytes)))
    {
        pacs_fail_errno(err, errno, "%s", path);
        if (fd != -1) {
            close(fd);
        }
        return -1;
    }
    return fd;
}


/* returns the output's descriptor or -1 */
static int
make_request(pacs_codec_request_t *req, const image_t *im, char **f,
    pacs_err_t *err)
{
    unsigned  frame = (unsigned) atoi(f[1]);

    memset(req, 0, sizeof(*req));

    if (frame == 0 || frame > im->frames.count) {
        pacs_fail(err, PACS_E_NOT_FOUND, "no frame %u", frame);
        return -1;
    }

    uint32_t  first = im->frames.first[frame - 1];

    req->magic = PACS_CODEC_MAGIC;
    req->version = PACS_CODEC_VERSION;
    req->id = next_id++;
    req->nranges = im->frames.first[frame] - first;
    req->pixels = im->px;
    req->faults = (uint16_t) atoi(f[3]);
    make_key(req, f[0], frame, f[2]);
    snprintf(req->syntax, sizeof(req->syntax), "%s", im->ds.syntax_uid);

    if (req->nranges > PACS_CODEC_RANGES) {
        pacs_fail(err, PACS_E_LIMIT, "%u ranges", req->nranges);
        return -1;
    }

    memcpy(req->ranges, im->frames.ranges + first,
           req->nranges * sizeof(pacs_range_t));
    return make_output(req, err);
}


static void
do_info(char **f)
{
    image_t     im = { .fd = -1 };
    pacs_err_t  err = { 0 };

    if (image_open(&im, f[0], &err) != PACS_OK) {
        printf("!\t%d\t%s\n", err.code, err.text);
    } else {
        printf("%u\t%s\t%u\t%u\t%u\t%u\t%u\t%u\n", im.frames.count,
               im.ds.syntax_uid, im.px.rows, im.px.columns, im.px.samples,
               im.px.allocated, im.px.stored, im.px.is_signed);
    }
    image_close(&im);
}


static void
do_call(char **f)
{
    static pacs_codec_request_t  req;
    image_t                      im = { .fd = -1 };
    pacs_err_t                   err = { 0 };
    pacs_codec_reply_t           reply = { 0 };
    char                         path[4096];

    snprintf(path, sizeof(path), "%s/%s", home, PACS_CODEC_SOCKET);

    int  out = image_open(&im, f[0], &err) == PACS_OK
               ? make_request(&req, &im, f, &err) : -1;

    if (out == -1) {
        printf("!\t%d\t%s\n", err.code, err.text);

    } else {
        int  rc = pacs_codec_call(path, &req, im.fd, out, TIMEOUT_MS, &reply,
                                  &err);

        printf("%d\t%d\t%s\t%s\n", rc, reply.decoded, req.key, err.text);
        close(out);
    }
    image_close(&im);
}


static int *
connection(const char *name)
{
    int  *unused = NULL;

    for (int i = 0; i < MAX_CONNECTIONS; i++) {
        if (strcmp(connections[i].name, name) == 0) {
            return &connections[i].fd;
        }
        if (connections[i].name[0] == '\0' && unused == NULL) {
            unused = &connections[i].fd;
            snprintf(connections[i].name, sizeof(connections[i].name), "%s",
                     name);
            break;
        }
    }

    if (unused == NULL) {
        fprintf(stderr, "codec_ask: too many connections\n");
        exit(1);
    }
    *unused = -1;
    return unused;
}


static void
do_open(char **f)
{
    struct sockaddr_un  sun = { .sun_family = AF_UNIX };
    int                *fd = connection(f[0]);

    *fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%s", home,
             PACS_CODEC_SOCKET);

    printf("%s\n", connect(*fd, (struct sockaddr *) &sun, sizeof(sun)) == 0
                   ? "ok" : strerror(errno));
}


static void
do_send(char **f)
{
    static pacs_codec_request_t  req;
    image_t                      im = { .fd = -1 };
    pacs_err_t                   err = { 0 };

    int  out = image_open(&im, f[1], &err) == PACS_OK
               ? make_request(&req, &im, f + 1, &err) : -1;

    if (out == -1) {
        printf("!\t%d\t%s\n", err.code, err.text);

    } else {
        req.background = (uint16_t) atoi(f[5]);

        int  rc = pacs_codec_send(*connection(f[0]), &req, im.fd, out, &err);

        printf("%d\t%" PRIu64 "\t%s\t%s\n", rc, req.id, req.key, err.text);
        close(out);
    }
    image_close(&im);
}


static void
do_recv(char **f)
{
    pacs_codec_reply_t  reply = { 0 };
    struct pollfd       p = { .fd = *connection(f[0]), .events = POLLIN };

    if (poll(&p, 1, TIMEOUT_MS) != 1
        || recv(p.fd, &reply, sizeof(reply), 0) != (ssize_t) sizeof(reply))
    {
        printf("!\t%d\tno answer\n", PACS_E_CODEC);
        return;
    }

    printf("%d\t%d\t%" PRIu64 "\t%.255s\n", reply.code, reply.decoded,
           reply.id, reply.text);
}


static void
do_close(char **f)
{
    int  *fd = connection(f[0]);

    close(*fd);
    *fd = -1;
    printf("ok\n");
}


static const struct {
    const char  *name;
    int          fields;
    void       (*run)(char **f);
} commands[] = {
    { "info", 1, do_info },
    { "call", 4, do_call },
    { "open", 1, do_open },
    { "send", 6, do_send },
    { "recv", 1, do_recv },
    { "close", 1, do_close },
    { NULL, 0, NULL }
};


static void
run_line(char *line)
{
    char  *f[MAX_FIELDS];
    int    n = 0;

    for (char *p = strtok(line, "\t\n"); p != NULL && n < MAX_FIELDS;
         p = strtok(NULL, "\t\n"))
    {
        f[n++] = p;
    }

    for (int i = 0; n > 0 && commands[i].name != NULL; i++) {
        if (strcmp(commands[i].name, f[0]) == 0
            && commands[i].fields == n - 1)
        {
            commands[i].run(f + 1);
            return;
        }
    }
    printf("?\n");
}


int
main(int argc, char **argv)
{
    static char  line[8192];

    if (argc != 2) {
        fprintf(stderr, "usage: codec_ask HOME\n");
        return 2;
    }

    home = argv[1];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        run_line(line);
        fflush(stdout);
    }
    return 0;
}
