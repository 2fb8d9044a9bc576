/* SPDX-License-Identifier: BSD-2-Clause */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef PACS_ASAN
#include <sanitizer/lsan_interface.h>
#endif

#include "codec/child.h"
#include "codec/decoder.h"
#include "codec/encoder.h"

enum { SOCKET = 3 };                /* the one descriptor that stays */


#ifdef PACS_CODEC_FAULTS

/* on demand of a test, what a decoder under attack may do */
static void
misbehave(unsigned faults)
{
    if (faults & PACS_CODEC_CRASH) {
        raise(SIGSEGV);
        abort();
    }

    if (faults & PACS_CODEC_OPEN) {
        int  fd = open("/etc/passwd", O_RDONLY);

        if (fd != -1) {
            close(fd);
        }
    }

    while (faults & PACS_CODEC_SPIN) {
        __asm__ volatile ("");
    }

    while (faults & PACS_CODEC_EAT) {
        char  *p = malloc(1 << 20);

        if (p == NULL) {
            abort();
        }
        memset(p, 1, 1 << 20);
        __asm__ volatile ("" : : "r" (p) : "memory");
    }
}

#else

static void
misbehave(unsigned faults)
{
}

#endif


static int
read_frame(const pacs_codec_request_t *req, int in, decode_job_t *job,
    pacs_err_t *err)
{
    uint64_t  total = 0;

    for (uint32_t i = 0; i < req->nranges; i++) {
        if (__builtin_add_overflow(total, req->ranges[i].length, &total)) {
            return pacs_fail(err, PACS_E_LIMIT, "the frame is too long");
        }
    }

    uint8_t  *data = total > SIZE_MAX - DECODE_SLACK
                     ? NULL : malloc(total + DECODE_SLACK);
    if (data == NULL) {
        return pacs_fail(err, PACS_E_CODEC, "no memory for %llu bytes of a "
                         "coded frame", (unsigned long long) total);
    }

    job->data = data;

    for (uint32_t i = 0; i < req->nranges; i++) {
        uint64_t  off = req->ranges[i].offset, left = req->ranges[i].length;

        while (left != 0) {
            ssize_t  n = pread(in, data + job->len, left, (off_t) off);

            if (n < 0 && errno == EINTR) {
                continue;
            }
            if (n <= 0) {
                return pacs_fail(err, PACS_E_IO, "cannot read the coded "
                                 "frame: %s", n < 0 ? strerror(errno)
                                                    : "end of file");
            }
            job->len += (size_t) n;
            off += (uint64_t) n;
            left -= (uint64_t) n;
        }
    }

    memset(data + job->len, 0, DECODE_SLACK);
    memcpy(data + job->len, "\xff\xd9", DECODE_EOI);
    return PACS_OK;
}


static int
decode(const pacs_codec_request_t *req, int in, decode_job_t *job,
    pacs_err_t *err)
{
    const decoder_t  *d = pacs_decoder(req->syntax);
    int               rc = read_frame(req, in, job, err);

    if (rc == PACS_OK) {
        rc = d == NULL ? pacs_fail(err, PACS_E_UNSHOWABLE, "no decoder")
                       : pacs_decode(d, job, err);
    }

    free((void *) job->data);
    return rc;
}


/* decodes into memory of its own, and encodes that */
static int
transcode(const pacs_codec_request_t *req, int in, decode_job_t *from,
    encode_job_t *to, pacs_err_t *err)
{
    const encoder_t  *e = pacs_encoder(req->target);
    int               rc = PACS_E_CODEC;

    from->out = calloc(1, from->out_len);
    from->keep_ybr = true;

    if (from->out != NULL && e != NULL) {
        rc = decode(req, in, from, err);
    }

    if (rc == PACS_OK) {
        to->samples = from->out;
        to->px = pacs_pixels_decoded(&from->px);
        if (from->ybr) {
            to->px.photometric = PACS_PI_YBR_FULL;
        }
        rc = pacs_encode_run(e, to, err);
    }

    free(from->out);
    return rc == PACS_OK ? rc : pacs_fail(err, rc, "no memory for a frame of "
                                          "%zu bytes", from->out_len);
}


static int
work(const pacs_codec_request_t *req, const pacs_limits_t *limits, int in,
    int mem, child_reply_t *reply, pacs_err_t *err)
{
    const pacs_target_t  *t = pacs_target(pacs_cstr(req->target));
    decode_job_t          from = { .px = req->pixels };
    encode_job_t          to = { .room = 0 };
    uint64_t              bytes;

    int  rc = pacs_frame_bytes(&from.px, limits, &bytes, err);
    if (rc != PACS_OK) {
        return rc;
    }

    from.out_len = bytes;
    to.room = t == NULL ? bytes : pacs_target_room(t, bytes);

    uint8_t  *out = mmap(NULL, to.room, PROT_READ | PROT_WRITE,
                         MAP_SHARED | (t == NULL ? MAP_POPULATE : 0), mem, 0);

    if (out == MAP_FAILED) {
        return pacs_fail(err, PACS_E_CODEC, "no memory for a frame of %llu "
                         "bytes", (unsigned long long) bytes);
    }

    if (t == NULL) {
        from.out = out;
        rc = decode(req, in, &from, err);
        reply->bytes = bytes;
        reply->photometric = pacs_pixels_decoded(&from.px).photometric;
    } else {
        to.out = out;
        rc = transcode(req, in, &from, &to, err);
        reply->bytes = to.len;
        reply->photometric = to.photometric;
    }

    if (!(req->faults & PACS_CODEC_HOLD)) {
        munmap(out, to.room);
    }
    return rc;
}


/* after a failure the parent ends this process: what is left does not matter */
static void
check_leaks(int code)
{
#ifdef PACS_ASAN
    if (code == PACS_OK && __lsan_do_recoverable_leak_check() != 0) {
        abort();
    }
#endif
}


static void
serve(int fd, const pacs_limits_t *limits)
{
    static pacs_codec_request_t  req;

    for ( ;; ) {
        int            fds[2];
        pacs_err_t     err = { 0 };
        child_reply_t  reply = { .magic = PACS_CODEC_MAGIC };

        ssize_t  n = pacs_fd_receive(fd, &req, sizeof(req), fds);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return;
        }

        misbehave(req.faults);
        reply.code = work(&req, limits, fds[0], fds[1], &reply, &err);
        snprintf(reply.text, sizeof(reply.text), "%.255s", err.text);
        close(fds[0]);
        close(fds[1]);
        check_leaks(reply.code);

        if (send(fd, &reply, sizeof(reply), MSG_NOSIGNAL) < 0) {
            return;
        }
    }
}


/* no descriptor of the parent stays but ours; a sanitizer's report does */
static int
leave_parent(int fd)
{
    int  null = open("/dev/null", O_RDWR);

    if (null == -1 || dup2(null, 0) == -1 || dup2(null, 1) == -1) {
        return -1;
    }
#ifndef PACS_ASAN
    if (dup2(null, 2) == -1) {
        return -1;
    }
#endif

    if (fd != SOCKET && dup2(fd, SOCKET) == -1) {
        return -1;
    }
    return close_range(SOCKET + 1, ~0U, 0);
}


_Noreturn void
pacs_child_main(int fd, const pacs_limits_t *limits)
{
    static char  words[BUFSIZ];     /* of a library: else stdio asks fstat */
    sigset_t     none;

    sigemptyset(&none);
    signal(SIGTERM, SIG_IGN);           /* the parent kills, or hangs up */
    signal(SIGINT, SIG_IGN);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_NAME, "pacs-decoder");

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || leave_parent(fd) != 0) {
        _exit(CHILD_NO_SANDBOX);
    }

    setvbuf(stdout, words, _IOFBF, sizeof(words));
    pacs_ijg_prepare();
    pacs_turbo_prepare();

    if (pacs_sandbox(limits, SOCKET) != 0) {
        _exit(CHILD_NO_SANDBOX);
    }

    pacs_warm_decoder(SOCKET);
    serve(SOCKET, limits);
    _exit(0);
}
