/* SPDX-License-Identifier: BSD-2-Clause */

/* a decoder: a forked child that has given up its rights */

#ifndef PACS_CODEC_CHILD_H
#define PACS_CODEC_CHILD_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "core/codec.h"

enum { CHILD_NO_SANDBOX = 78 };     /* exit code */

/* parent to child: a pacs_codec_request_t with the file and the output,
 * which has room for the frame; child to parent: */
typedef struct {
    uint32_t  magic;
    int32_t   code;                 /* pacs_code_e */
    uint64_t  bytes;                /* of the frame */
    uint8_t   photometric;          /* pacs_photometric_e of it */
    char      text[256];
} child_reply_t;

/* never returns; fd: the decoder's end of a SOCK_SEQPACKET pair */
void pacs_child_main(int fd, const pacs_limits_t *limits);

/* no way back: from here on only fd, memory and time */
int pacs_sandbox(const pacs_limits_t *limits, int fd);

/* before its first job */
void pacs_warm_decoder(int fd);

/* libraries that want a word with the system first */
void pacs_ijg_prepare(void);
void pacs_turbo_prepare(void);

/* one message with up to two descriptors (-1: none); its bytes, 0: closed,
 * -1: errno */
ssize_t pacs_fd_receive(int fd, void *buf, size_t len, int fds[2]);

#ifdef __cplusplus
}
#endif

#endif
