/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * core: the vocabulary every other room speaks: slices, errors, arena,
 * buffers, sources, limits, digests, log sink.  libc and OpenSSL only.
 * All functions may be called from any thread; an object belongs to one
 * thread at a time.
 */

#ifndef PACS_CORE_H
#define PACS_CORE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACS_VERSION  "0.1.0"

#define PACS_PRINTF(f, a)  __attribute__((format(printf, f, a)))

/* of a function whose loops are simple */
#if defined(__GNUC__) && !defined(__clang__)
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(PACS_ASAN)
/* chosen when the program is loaded; both compute the same */
#define PACS_VECTORIZE  __attribute__((optimize("O3"),                       \
                                       target_clones("avx2", "default")))
#else
#define PACS_VECTORIZE  __attribute__((optimize("O3")))
#endif
#else
#define PACS_VECTORIZE
#endif


/* --- slices: not NUL-terminated, not owned --- */

typedef struct {
    const char  *data;
    size_t       len;
} pacs_str_t;

#define pacs_lit(s)   ((pacs_str_t) { (s), sizeof(s) - 1 })
#define pacs_null     ((pacs_str_t) { NULL, 0 })
/* for printf's "%.*s" */
#define pacs_fmt(s)   (int) (s).len, (s).data

pacs_str_t pacs_cstr(const char *s);                /* NULL gives pacs_null */
bool pacs_str_eq(pacs_str_t a, pacs_str_t b);
bool pacs_str_is(pacs_str_t a, const char *s);
bool pacs_str_starts(pacs_str_t a, const char *prefix);
pacs_str_t pacs_str_trim(pacs_str_t s);             /* blanks and NULs */
/* takes the text before the next sep off *rest; false: none is left */
bool pacs_str_split(pacs_str_t *rest, char sep, pacs_str_t *part);
/* whole text as a decimal number; false: not one, or outside [min, max] */
bool pacs_str_int(pacs_str_t s, int64_t min, int64_t max, int64_t *value);
bool pacs_str_double(pacs_str_t s, double *value);  /* finite only */
/* bytes of the valid UTF-8 sequence at p (RFC 3629), 0: none */
size_t pacs_utf8_len(const unsigned char *p, size_t left);
/* PS3.5 9.1: digits and dots, 1..64, no empty component */
bool pacs_uid_ok(pacs_str_t uid);


/* --- errors: an int code and a text that the caller owns --- */

typedef enum {
    PACS_OK = 0,
    PACS_AGAIN,             /* not an error: see pacs_op_t in service.h */
    PACS_E_ARG,             /* what the client asked for is malformed */
    PACS_E_PARSE,           /* a data set cannot be read to its end */
    PACS_E_IDENT,           /* no usable UIDs, or foreign to the request */
    PACS_E_LIMIT,           /* a limit of pacs_limits_t is exceeded */
    PACS_E_NOT_FOUND,
    PACS_E_GONE,            /* was deleted */
    PACS_E_METHOD,
    PACS_E_ACCEPT,          /* no acceptable representation */
    PACS_E_MEDIA,           /* unsupported type of a request's body */
    PACS_E_CONFLICT,        /* known UID with other content */
    PACS_E_LOCKED,          /* another request has it */
    PACS_E_VERSION,         /* a protocol's version that is not spoken */
    PACS_E_FORBIDDEN,
    PACS_E_UNSHOWABLE,      /* kept as it came, but no picture can be made */
    PACS_E_CODEC,           /* the decoder crashed, hung or is absent */
    PACS_E_BUSY,            /* try again later */
    PACS_E_FULL,            /* the disk is nearly full */
    PACS_E_IO,
    PACS_E_NOMEM,
    PACS_E_INTERNAL,
    PACS_E_COUNT
} pacs_code_e;

typedef struct {
    int   code;
    char  text[512];        /* what, where, which limit; UTF-8, printable */
} pacs_err_t;

typedef struct {
    const char  *name;      /* "not-found" */
    uint16_t     http;      /* status of an HTTP answer */
    uint16_t     dimse;     /* status of a C-STORE answer, PS3.4 B.2.3 */
    uint16_t     failure;   /* STOW Failure Reason (0008,1197) */
} pacs_code_t;

extern const pacs_code_t  pacs_codes[PACS_E_COUNT];

/* sets *err unless it holds an earlier error (first wins); returns code.
 * err may be NULL.  Control characters in the text become '?'. */
int pacs_fail(pacs_err_t *err, int code, const char *fmt, ...)
    PACS_PRINTF(3, 4);
/* PACS_E_IO (or FULL for ENOSPC/EDQUOT, NOMEM for ENOMEM): "what: strerror" */
int pacs_fail_errno(pacs_err_t *err, int errnum, const char *fmt, ...)
    PACS_PRINTF(3, 4);


/* --- arena: memory of one request; freed at once --- */

typedef struct pacs_arena_s  pacs_arena_t;

pacs_arena_t *pacs_arena_create(size_t limit);  /* bytes; 0: no limit */
void pacs_arena_destroy(pacs_arena_t *a);       /* runs the cleanups, LIFO */
size_t pacs_arena_size(const pacs_arena_t *a);  /* bytes of memory it holds */
/* aligned to 16, not zeroed / zeroed; NULL: out of memory or limit.
 * n * size is checked for overflow. */
void *pacs_alloc(pacs_arena_t *a, size_t size);
void *pacs_calloc(pacs_arena_t *a, size_t n, size_t size);
char *pacs_strdup(pacs_arena_t *a, pacs_str_t s);       /* NUL-terminated */
pacs_str_t pacs_str_copy(pacs_arena_t *a, pacs_str_t s);
/* parts one after the other */
pacs_str_t pacs_str_join(pacs_arena_t *a, const pacs_str_t *parts, unsigned n);
pacs_str_t pacs_sprintf(pacs_arena_t *a, const char *fmt, ...)
    PACS_PRINTF(2, 3);
/* false: out of memory, then fn was already called */
bool pacs_arena_cleanup(pacs_arena_t *a, void (*fn)(void *), void *data);


/* --- buffer: text that grows; a failure sticks, ask once at the end --- */

typedef struct {
    char    *data;          /* malloc'ed, freed by pacs_buf_free */
    size_t   len;
    size_t   cap;
    size_t   max;           /* 0: no limit */
    bool     failed;        /* out of memory or over max */
} pacs_buf_t;

void pacs_buf_free(pacs_buf_t *b);
void pacs_buf_add(pacs_buf_t *b, const void *data, size_t len);
void pacs_buf_str(pacs_buf_t *b, pacs_str_t s);
void pacs_buf_text(pacs_buf_t *b, const char *s);
void pacs_buf_char(pacs_buf_t *b, char c);
void pacs_buf_printf(pacs_buf_t *b, const char *fmt, ...) PACS_PRINTF(2, 3);
char *pacs_buf_grow(pacs_buf_t *b, size_t len);

/* room for len more bytes, or NULL; the caller then adds to b->len */
static inline char *
pacs_buf_reserve(pacs_buf_t *b, size_t len)
{
    size_t  room = b->cap - b->len;

    return len < room && (b->max == 0 || b->len + len <= b->max) && !b->failed
           ? b->data + b->len : pacs_buf_grow(b, len);
}

/* the text as a JSON string with its quotes; invalid UTF-8 becomes U+FFFD */
void pacs_buf_json(pacs_buf_t *b, pacs_str_t s);
/* text for HTML and XML content and attributes */
void pacs_buf_html(pacs_buf_t *b, pacs_str_t s);
/* the bytes of RFC 4648 base64, blanks and line ends left aside; false: it is
 * none */
bool pacs_buf_unbase64(pacs_buf_t *b, pacs_str_t s);
/* moves the bytes into the arena (cleanup); data NULL: failed before */
pacs_str_t pacs_buf_take(pacs_buf_t *b, pacs_arena_t *a);


/* --- source: bounded random reads from a file or memory --- */

typedef struct pacs_source_s  pacs_source_t;

struct pacs_source_s {
    /* reads up to len bytes at off; *got < len only at the end.
     * PACS_OK or PACS_E_IO */
    int       (*read)(pacs_source_t *s, uint64_t off, void *buf, size_t len,
                      size_t *got, pacs_err_t *err);
    uint64_t    size;       /* bytes */
    const void *mem;        /* the whole content, if it lies in memory */
    int         fd;         /* the file, or -1 */
};

pacs_source_t pacs_source_mem(const void *data, size_t len);
/* size by fstat; the caller keeps and closes fd */
int pacs_source_fd(pacs_source_t *s, int fd, pacs_err_t *err);
/* all of [off, off + len) or PACS_E_PARSE naming off and what is missing */
int pacs_source_exact(pacs_source_t *s, uint64_t off, void *buf, size_t len,
    pacs_err_t *err);
/* write all, through EINTR and short writes */
int pacs_write_all(int fd, const void *data, size_t len, pacs_err_t *err);


/* --- digests --- */

#define PACS_SHA256_LEN  32

typedef struct { uint64_t state[14]; } pacs_sha256_t;   /* nothing to free */

int pacs_sha256_init(pacs_sha256_t *h, pacs_err_t *err);
void pacs_sha256_update(pacs_sha256_t *h, const void *data, size_t len);
/* out may be NULL: only wipes */
void pacs_sha256_final(pacs_sha256_t *h, uint8_t out[PACS_SHA256_LEN]);
void pacs_sha256(const void *data, size_t len, uint8_t out[PACS_SHA256_LEN]);
void pacs_hmac(pacs_str_t key, pacs_str_t data, uint8_t out[PACS_SHA256_LEN]);
bool pacs_mem_equal(const void *a, const void *b, size_t len); /* const time */
void pacs_hex(const void *data, size_t len, char *out);   /* 2 * len + NUL */
void pacs_random(void *out, size_t len);
/* sum.c: a checksum against decay, not against malice, for files that only
 * this machine reads */
uint32_t pacs_sum(uint32_t seed, const void *data, size_t len);
/* of `rows` runs of len bytes, each stride bytes after the one before */
uint32_t pacs_sum_rows(uint32_t seed, const void *data, size_t len,
    size_t stride, size_t rows);


/* --- limits: one table.  A directive pacs_limit_<name> of nginx (DATA and
 * WEB), an option --limit-<name> of pacs-listener (DATA and NODE) --- */

#define PACS_LIMITS_DATA(X)                                                   \
    X(nesting,          64,  "depth of nested sequences")                     \
    X(elements,    4000000,  "elements in one data set")                      \
    X(value,     (16 << 20), "bytes of a value held in memory")               \
    X(dataset,  (256 << 20), "bytes of memory for one data set")              \
    X(inflate_ratio,   200,  "inflated bytes per deflated byte")              \
    X(inflated,  (INT64_C(4) << 30), "bytes of an inflated data set")         \
    X(fragments,   1000000,  "fragments of encapsulated pixel data")          \
    X(frames,      1000000,  "frames of one instance")                        \
    X(frame,     (512 << 20), "bytes of one decoded frame")                   \
    X(instance,  (INT64_C(64) << 30), "bytes of one stored instance")         \
    X(free_percent,      2,  "per cent of the disk kept free")

#define PACS_LIMITS_WEB(X)                                                    \
    X(metadata,  (256 << 20), "bytes of one metadata answer")                 \
    X(opening,     (8 << 20), "bytes of metadata in the session of a study")  \
    X(request_body, (4 << 20), "bytes of a body that is no instance")         \
    X(parts,         10000,  "parts of a multipart body")                     \
    X(uploads,        1000,  "resumable uploads open at once")                \
    X(upload_seconds, 86400, "an upload that nothing came to is kept so long") \
    X(part_header,    8192,  "bytes of the header of one part")               \
    X(query_rows,     1000,  "rows of one query page")                        \
    X(query_ms,      10000,  "milliseconds of one search of the index")       \
    X(query_keys,      100,  "keys of one query")                             \
    X(query_uids,     1000,  "UIDs in one list")                              \
    X(frame_list,     1000,  "frames in one request")                         \
    X(render_side,   16384,  "pixels of a rendered picture's side")           \
    X(render_area, (64 << 20), "pixels of a rendered picture")                \
    X(render_pictures,  4096,  "rendered pictures of one answer")             \
    X(render_bytes, (1 << 30), "bytes of several pictures in one answer")     \
    X(roi_points,      10000,  "points of a polygon to measure in")           \
    X(state_points, 100000,  "points of a presentation state's graphics")     \
    X(volume, (INT64_C(2) << 30), "bytes of the voxels of a volume")          \
    X(event_streams,   1000,  "event streams of a worker at once")            \
    X(arriving_ms,    30000,  "milliseconds that a study counts as arriving")

#define PACS_LIMITS_NODE(X)                                                   \
    X(decode_memory, (1 << 30), "bytes of memory of a decoder")               \
    X(decode_seconds,   10,  "CPU seconds for one frame")                     \
    X(frame_cache, (INT64_C(4) << 30), "bytes of cache/, unless nginx says so")     \
    X(warm_quiet_ms,  2000,  "a series waits so long for more of it")         \
    X(associations,    100,  "DIMSE associations at once")                    \
    X(peer_associations, 64, "DIMSE associations of one address at once")     \
    X(artim_seconds,    10,  "seconds for a whole A-ASSOCIATE-RQ to come")    \
    X(idle_seconds,     60,  "seconds an association may be silent")          \
    X(pdu,          131072,  "bytes of a DIMSE PDU")

#define PACS_LIMITS(X)                                                        \
    PACS_LIMITS_DATA(X) PACS_LIMITS_WEB(X) PACS_LIMITS_NODE(X)

typedef struct {
#define X(name, value, doc)  int64_t  name;
    PACS_LIMITS(X)
#undef X
} pacs_limits_t;

typedef struct {
    const char  *name;
    size_t       offset;    /* in pacs_limits_t */
    int64_t      value;     /* the default */
    const char  *doc;
    char         scope;     /* 'D'ATA, 'W'EB, 'N'ODE */
} pacs_limit_t;

extern const pacs_limit_t   pacs_limit_table[];     /* ends with name NULL */
extern const pacs_limits_t  pacs_limits_default;


/* --- the world outside: tests set the clock and read the log --- */

typedef enum { PACS_LOG_ERROR, PACS_LOG_WARN, PACS_LOG_INFO } pacs_log_e;

typedef struct {
    int64_t  (*now_us)(void *ctx);      /* since 1970, UTC */
    void     (*log)(void *ctx, pacs_log_e level, const char *text);
    void      *ctx;
} pacs_env_t;

extern const pacs_env_t  pacs_env_default;          /* real clock, stderr */

void pacs_log(const pacs_env_t *env, pacs_log_e level, const char *fmt, ...)
    PACS_PRINTF(3, 4);

#endif
