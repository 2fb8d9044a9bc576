/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The messages between pacs-codec and those who ask it (nginx workers, the
 * CLI).  A SOCK_SEQPACKET UNIX socket in the home; one packet a message;
 * the request carries two descriptors by SCM_RIGHTS: the file to read from
 * and the output.  All integers in host order: both ends are one machine.
 *
 * The output is a file that who asks has made in the frame cache's folder
 * (O_TMPFILE) and sized by posix_fallocate to pacs_frame_file(frame bytes).
 * On success pacs-codec has written head, samples and sums into it and linked
 * it as <home>/cache/frames/<key>, then it answers.  Jobs with equal
 * keys are joined: one decode, every one who waits gets an answer; the
 * output of the ones that came later stays unused.
 *
 * Where the request names a target, the frame is put into that transfer
 * syntax: the output has room for pacs_target_room(), is cut to what the
 * coded frame needs, and is linked as <home>/cache/coded/<key>.  Frames that
 * are not coded are asked for in PACS_ENCAPSULATED_LE.
 */

#ifndef PACS_CORE_CODEC_H
#define PACS_CORE_CODEC_H

#include "core/core.h"

#define PACS_CODEC_SOCKET   "run/codec.sock"        /* below the home */
#define PACS_CODEC_MAGIC    UINT32_C(0x43434150)
#define PACS_CODEC_VERSION  2
#define PACS_CODEC_RANGES   2048
#define PACS_FRAME_MAGIC    UINT32_C(0x46434150)
#define PACS_CODED_MAGIC    UINT32_C(0x4b434150)    /* in cache/coded */
#define PACS_FRAME_HEAD     64
#define PACS_FRAME_BLOCK    1024                    /* bytes a sum is of */
#define PACS_FRAME_KEY      64                      /* hex digits */
#define PACS_CACHE_BOUND    "run/cache_bound"       /* below the home */

typedef struct {
    uint64_t  offset;       /* bytes from the start of the file */
    uint64_t  length;
} pacs_range_t;

/* PS3.3 C.7.6.3.1.2 */
typedef enum {
    PACS_PI_UNKNOWN, PACS_PI_MONO1, PACS_PI_MONO2, PACS_PI_PALETTE,
    PACS_PI_RGB, PACS_PI_YBR_FULL, PACS_PI_YBR_FULL_422,
    PACS_PI_YBR_PARTIAL_420, PACS_PI_YBR_PARTIAL_422, PACS_PI_YBR_ICT,
    PACS_PI_YBR_RCT, PACS_PI_COUNT
} pacs_photometric_e;

/* one image's pixel description, PS3.3 C.7.6.3 */
typedef struct {
    uint32_t  rows;
    uint32_t  columns;
    uint32_t  frames;
    uint16_t  samples;      /* per pixel */
    uint16_t  allocated;    /* bits: 1, 8, 16, 32, 64 */
    uint16_t  stored;       /* bits */
    uint16_t  high_bit;
    uint8_t   is_signed;
    uint8_t   planar;       /* 0: by pixel, 1: by plane */
    uint8_t   is_float;     /* Float or Double Float Pixel Data */
    uint8_t   photometric;  /* pacs_photometric_e */
} pacs_pixels_t;

/* bytes of one decoded frame; 1-bit frames count 1 byte a pixel.
 * PACS_E_LIMIT where rows x columns x samples x bits overflows or exceeds
 * limits->frame, PACS_E_UNSHOWABLE where a number is impossible */
int pacs_frame_bytes(const pacs_pixels_t *px, const pacs_limits_t *limits,
    uint64_t *bytes, pacs_err_t *err);

/* values: not below 0; any; also palette indices, which must stay exact */
typedef enum { PACS_TAKES_UNSIGNED, PACS_TAKES_SIGNED, PACS_TAKES_ALL }
    pacs_takes_e;

/* a transfer syntax that frames can be put into */
typedef struct {
    const char  *syntax;
    uint8_t      lossy;
    uint8_t      native;        /* samples as they are, by pixel */
    uint8_t      min, max;      /* bits stored */
    uint8_t      cell;          /* bytes of a sample at most */
    uint8_t      colour;        /* 3 samples a pixel as well */
    uint8_t      takes;         /* pacs_takes_e */
} pacs_target_t;

extern const pacs_target_t  pacs_targets[];         /* ends with syntax NULL */

#define PACS_EXPLICIT_LE      "1.2.840.10008.1.2.1"
#define PACS_ENCAPSULATED_LE  "1.2.840.10008.1.2.1.98"

const pacs_target_t *pacs_target(pacs_str_t syntax);    /* NULL: is none */
bool pacs_target_takes(const pacs_target_t *t, const pacs_pixels_t *px);
/* bytes of one frame at most, of `bytes` decoded ones */
uint64_t pacs_target_room(const pacs_target_t *t, uint64_t bytes);

/* of the samples that a decoder leaves: see pacs_frame_head_t */
pacs_pixels_t pacs_pixels_decoded(const pacs_pixels_t *px);

/* request; flags of a build with -DPACS_CODEC_FAULTS only, else refused */
enum {
    PACS_CODEC_CRASH = 1, PACS_CODEC_SPIN = 2, PACS_CODEC_EAT = 4,
    PACS_CODEC_OPEN = 8,        /* a system call that is forbidden */
    PACS_CODEC_HOLD = 16        /* says done, keeps the output mapped */
};

typedef struct {
    uint32_t       magic;
    uint16_t       version;
    uint16_t       background;              /* 1: after all users' jobs */
    uint64_t       id;                      /* comes back in the answer */
    char           key[PACS_FRAME_KEY + 1]; /* of the frame: hex, lower case */
    char           syntax[65];              /* transfer syntax UID */
    char           target[65];              /* "": decode only */
    uint16_t       faults;
    uint32_t       nranges;
    pacs_pixels_t  pixels;                  /* what the attributes say */
    pacs_range_t   ranges[PACS_CODEC_RANGES];   /* only nranges are sent */
} pacs_codec_request_t;

#define pacs_codec_request_len(n)                                             \
    (offsetof(pacs_codec_request_t, ranges) + (n) * sizeof(pacs_range_t))

typedef struct {
    uint32_t  magic;
    int32_t   code;                         /* pacs_code_e */
    uint64_t  id;
    uint8_t   decoded;      /* 1: this job was run; 0: joined, or was there */
    char      text[256];                    /* the reason, if code */
} pacs_codec_reply_t;

/* A file of the frame cache: this head in PACS_FRAME_HEAD bytes; the coded
 * frame (cache/coded; pixels say what its attributes are), or samples,
 * little endian, by pixel (planar 0), native integers of the bits allocated,
 * sign-extended above the bits stored, colour as RGB or grey or palette
 * index, never subsampled: photometric says which; then of each
 * PACS_FRAME_BLOCK bytes, and of what is left at the end, its pacs_sum
 * with the block's number as seed.  Who reads some samples can tell that they
 * are as they were written. */
typedef struct {
    uint32_t       magic;
    uint32_t       version;
    uint64_t       bytes;                   /* behind the head */
    pacs_pixels_t  pixels;                  /* of the decoded frame */
    uint32_t       sums;                    /* pacs_sum of the sums */
    uint32_t       sum;                     /* of this head, with sum 0 */
    double         range[2];                /* pyramids: stored values */
} pacs_frame_head_t;

uint64_t pacs_frame_file(uint64_t bytes);   /* of the whole file */
uint64_t pacs_frame_blocks(uint64_t bytes);
/* sums of the blocks that data, which begins with block `first`, has */
void pacs_frame_sums(const void *data, size_t len, uint64_t first,
    uint32_t *sums);
/* head->sums and sum, when all else is set */
void pacs_frame_seal(pacs_frame_head_t *head, const uint32_t *sums);
/* a head that was sealed, in a file of that size */
bool pacs_frame_good(const pacs_frame_head_t *head, uint32_t magic,
    int64_t file_size);

/* Bytes that all of <home>/cache may have, as nginx's configuration says:
 * pacs-codec, which evicts, reads it from <home>/PACS_CACHE_BOUND; 0: it says
 * nothing, and pacs-codec's own --limit-cache is what counts.  Any file below
 * a folder of <home>/cache is evicted, what was modified longest ago first:
 * who uses one sets its time.  Files are unlinked, never truncated. */
int pacs_cache_bound(const char *home, int64_t bytes, pacs_err_t *err);

/* the blocking client, for the CLI and tests: one connection, one job.
 * timeout in ms.  Errors: the answer's own; PACS_E_CODEC when absent */
int pacs_codec_call(const char *socket_path, const pacs_codec_request_t *req,
    int in_fd, int out_fd, int timeout_ms, pacs_codec_reply_t *reply,
    pacs_err_t *err);
/* one packet with its descriptors; PACS_OK, PACS_AGAIN (would block), or
 * PACS_E_CODEC.  fd: a connected socket */
int pacs_codec_send(int fd, const pacs_codec_request_t *req, int in_fd,
    int out_fd, pacs_err_t *err);

#endif
