/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Pictures made before somebody asks: what changed in the index since the
 * revision that <home>/cache/warm remembers, asked for as a browser does, so
 * that what is kept is what a browser finds.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "service/internal.h"

enum {
    STUDIES = 64,               /* looked at together */
    DONE = 4096,                /* series, remembered while others are due */
    TRIES = 3,                  /* of a series that ends the process */
    POLL_MS = 500, RETRY_MS = 2000,
    CODEC_MS = 600000,          /* users come first, however long */
    STATE_LEN = 256
};

/* what html/js/viewer/plan.js asks first: images of up to so many pixels as
 * they are, larger ones fitted into a box */
enum { WHOLE = 1280 * 1024 };

#define BOX      "viewport=1024,1024"
#define AS_IMG   "image/avif,image/webp,image/apng,image/svg+xml,image/*," \
                 "*/*;q=0.8"

/* older arrivals are not made up for */
#define BACK_US  INT64_C(86400000000)

typedef struct {
    uint64_t  series;           /* of the UID */
    int64_t   last_us, instances;
} done_t;

struct pacs_warm_s {
    pacs_service_t  *svc;
    int              state;     /* the file, locked */
    int64_t          revision;  /* all up to it is done */
    uint64_t         made;      /* pictures */
    unsigned         tries;     /* of series */
    char             series[65];
    done_t           done[DONE];
    unsigned         next;      /* in done */
};

typedef struct {
    pacs_arena_t    *arena;
    pacs_arrival_t  *rows;
    unsigned         n, room;
} batch_t;

/* an image of a series */
typedef struct {
    pacs_str_t  instance;
    uint32_t    frames;
    bool        large;
} item_t;

typedef struct {
    pacs_arena_t  *arena;
    item_t        *items;
    unsigned       n, room;
    uint64_t       frames;
} images_t;


/* --- what is remembered --- */

static void
save(const pacs_warm_t *w, unsigned waiting)
{
    char  text[STATE_LEN] = "";

    snprintf(text, sizeof(text), "warm 1 %" PRId64 " %" PRIu64 " %u %u %s\n",
             w->revision, w->made, waiting, w->tries,
             w->series[0] ? w->series : "-");

    if (pwrite(w->state, text, sizeof(text), 0) != (ssize_t) sizeof(text)) {
        pacs_log(&w->svc->options.env, PACS_LOG_WARN, "cannot write to %s"
                 "/cache/warm: %s", w->svc->home, strerror(errno));
    }
}


static bool
load(int fd, pacs_warm_t *w, unsigned *waiting)
{
    char  text[STATE_LEN + 1] = "";

    return pread(fd, text, STATE_LEN, 0) > 0
           && sscanf(text, "warm 1 %" SCNd64 " %" SCNu64 " %u %u %64s",
                     &w->revision, &w->made, waiting, &w->tries, w->series)
              == 5;
}


static int
open_state(const pacs_service_t *svc, int flags)
{
    char  path[4096];

    snprintf(path, sizeof(path), "%s/cache/warm", svc->home);
    return open(path, flags | O_CLOEXEC, 0600);
}


int
pacs_warm_open(pacs_service_t *svc, pacs_warm_t **out, pacs_err_t *err)
{
    pacs_warm_t *w = calloc(1, sizeof(*w));
    unsigned     waiting;
    int          rc;

    *out = w;

    if (w == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    w->svc = svc;
    w->state = open_state(svc, O_RDWR | O_CREAT);

    do {
        rc = w->state < 0 ? -1 : flock(w->state, LOCK_EX);
    } while (rc != 0 && errno == EINTR);

    if (rc != 0) {
        rc = pacs_fail_errno(err, errno, "%s/cache/warm", svc->home);
        if (w->state >= 0) {
            close(w->state);
        }
        free(w);
        *out = NULL;
        return rc;
    }

    if (!load(w->state, w, &waiting)) {
        w->revision = 0;
        w->made = w->tries = 0;
        w->series[0] = '\0';
    }
    save(w, 0);
    return PACS_OK;
}


void
pacs_warm_write(pacs_service_t *svc, pacs_buf_t *out)
{
    pacs_warm_t  w = { 0 };
    unsigned     waiting = 0;
    int          fd = open_state(svc, O_RDWR);
    bool         known = fd >= 0 && load(fd, &w, &waiting);
    bool         runs = known && flock(fd, LOCK_SH | LOCK_NB) != 0;

    if (fd >= 0) {
        close(fd);
    }

    pacs_buf_printf(out, "\"warm\":{\"state\":\"%s\",\"made\":%" PRIu64
                    ",\"waiting\":%u}", runs ? "up" : "off", w.made, waiting);
}


static uint64_t
hash(pacs_str_t s)
{
    uint8_t   digest[PACS_SHA256_LEN];
    uint64_t  h;

    pacs_sha256(s.data, s.len, digest);
    memcpy(&h, digest, sizeof(h));
    return h;
}


static bool
is_done(const pacs_warm_t *w, const pacs_arrival_t *a)
{
    uint64_t  h = hash(a->series);

    for (unsigned i = 0; i < DONE; i++) {
        if (w->done[i].series == h && w->done[i].last_us == a->last_us
            && w->done[i].instances == a->instances)
        {
            return true;
        }
    }
    return false;
}


static void
set_done(pacs_warm_t *w, const pacs_arrival_t *a)
{
    w->done[w->next] = (done_t) { hash(a->series), a->last_us, a->instances };
    w->next = (w->next + 1) % DONE;
}


/* --- one picture --- */

/* false: pacs-codec is not there */
static bool
call_codec(pacs_op_t *op, pacs_err_t *err)
{
    char                path[4096];
    pacs_codec_reply_t  reply = { 0 };

    snprintf(path, sizeof(path), "%s/" PACS_CODEC_SOCKET, op->svc->home);

    int  rc = pacs_codec_call(path, op->codec, op->codec_in, op->codec_out,
                              CODEC_MS, &reply, err);

    if (reply.magic != PACS_CODEC_MAGIC) {
        return false;
    }

    reply.code = rc;
    op->codec_reply = reply;
    *err = (pacs_err_t) { 0 };
    return true;
}


/* PACS_OK: made, or nothing to be made of it */
static int
make(pacs_warm_t *w, const char *path, const char *args, const char *accept,
    pacs_err_t *err)
{
    pacs_arena_t *a = pacs_arena_create(0);

    if (a == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    pacs_op_t  op = {
        .svc = w->svc, .arena = a, .background = true,
        .request = {
            .method = PACS_GET, .path = pacs_cstr(path),
            .args = pacs_cstr(args), .accept = pacs_cstr(accept),
            .subject = { .address = pacs_lit("local"),
                         .door = pacs_lit("warm") }
        }
    };
    int        rc;

    while ((rc = pacs_op_run(&op)) == PACS_AGAIN) {
        if (op.want == PACS_WANT_CODEC && !call_codec(&op, err)) {
            break;
        }
    }

    if (rc == PACS_OK && op.code == PACS_OK) {
        w->made++;

    } else if (rc == PACS_OK && op.code == PACS_E_BUSY) {
        rc = pacs_fail(err, PACS_E_BUSY, "%s: busy", path);
    }

    pacs_op_close(&op);
    pacs_arena_destroy(a);
    return rc;
}


/* --- a series --- */

static int
add_item(void *ctx, const pacs_record_t *r)
{
    images_t *s = ctx;

    if (r->pixels.frames == 0) {
        return PACS_OK;
    }

    if (s->n == s->room) {
        unsigned  room = s->room == 0 ? 64 : s->room * 2;
        item_t   *p = pacs_calloc(s->arena, room, sizeof(*p));

        if (p == NULL) {
            return PACS_E_NOMEM;
        }
        if (s->n != 0) {
            memcpy(p, s->items, s->n * sizeof(*p));
        }
        s->items = p;
        s->room = room;
    }

    s->items[s->n++] = (item_t) {
        .instance = r->instance, .frames = r->pixels.frames,
        .large = (uint64_t) r->pixels.rows * r->pixels.columns > WHOLE
    };
    s->frames += r->pixels.frames;
    return PACS_OK;
}


/* number k of all frames of the series, from 0 */
static int
make_frame(pacs_warm_t *w, const pacs_arrival_t *a, const images_t *s,
    uint64_t k, pacs_err_t *err)
{
    const item_t *i = s->items;
    bool          lossless = pacs_str_is(a->modality, "MG");
    char          path[512];

    while (k >= i->frames) {
        k -= i++->frames;
    }

    snprintf(path, sizeof(path), "/studies/%.*s/series/%.*s/instances/%.*s"
             "/frames/%" PRIu64 "/rendered", pacs_fmt(a->study),
             pacs_fmt(a->series), pacs_fmt(i->instance), k + 1);

    return make(w, path, lossless ? (i->large ? BOX : "")
                         : i->large ? BOX "&quality=90" : "quality=90",
                lossless ? "image/png" : "image/jpeg", err);
}


static int
make_series(pacs_warm_t *w, const pacs_arrival_t *a, pacs_arena_t *arena,
    pacs_err_t *err)
{
    pacs_index_t *ix = w->svc->index;
    images_t      s = { .arena = arena };
    char          path[512];
    int           rc = ix->vt->each(ix, a->study, a->series, false, arena,
                                    add_item, &s, err);

    if (rc == PACS_E_NOT_FOUND || (rc == PACS_OK && s.frames == 0)) {
        return PACS_OK;
    }

    if (rc == PACS_OK) {
        snprintf(path, sizeof(path), "/studies/%.*s/series/%.*s/thumbnail",
                 pacs_fmt(a->study), pacs_fmt(a->series));
        rc = make(w, path, "", AS_IMG, err);
    }

    const uint64_t  wanted[] = { 0, s.frames / 2, s.frames - 1 };

    for (unsigned i = 0; rc == PACS_OK && i < 3; i++) {
        if (i == 0 || wanted[i] != wanted[i - 1]) {
            rc = make_frame(w, a, &s, wanted[i], err);
        }
    }
    return rc;
}


/* a series that ends the process each time is left out at last */
static int
do_series(pacs_warm_t *w, const pacs_arrival_t *a, unsigned waiting,
    pacs_err_t *err)
{
    char  uid[65];

    snprintf(uid, sizeof(uid), "%.*s", pacs_fmt(a->series));
    w->tries = strcmp(uid, w->series) == 0 ? w->tries + 1 : 1;
    strcpy(w->series, uid);
    save(w, waiting);

    pacs_arena_t *arena = pacs_arena_create(0);
    int           rc = arena == NULL ? pacs_fail(err, PACS_E_NOMEM, "no memory")
                       : w->tries > TRIES ? PACS_OK
                       : make_series(w, a, arena, err);

    pacs_arena_destroy(arena);

    if (rc == PACS_AGAIN) {
        w->tries--;             /* pacs-codec's absence is nobody's fault */
        return pacs_fail(err, PACS_E_CODEC, "pacs-codec is not there");
    }

    if (rc == PACS_OK) {
        w->tries = 0;
        w->series[0] = '\0';
        set_done(w, a);
    }
    return rc;
}


/* --- all of them --- */

static int
add_arrival(void *ctx, const pacs_arrival_t *a)
{
    batch_t *b = ctx;

    if (b->n == b->room) {
        unsigned         room = b->room == 0 ? 256 : b->room * 2;
        pacs_arrival_t  *p = pacs_calloc(b->arena, room, sizeof(*p));

        if (p == NULL) {
            return PACS_E_NOMEM;
        }
        if (b->n != 0) {
            memcpy(p, b->rows, b->n * sizeof(*p));
        }
        b->rows = p;
        b->room = room;
    }

    pacs_arrival_t *copy = &b->rows[b->n++];

    *copy = *a;
    copy->study = pacs_str_copy(b->arena, a->study);
    copy->series = pacs_str_copy(b->arena, a->series);
    copy->modality = pacs_str_copy(b->arena, a->modality);
    return PACS_OK;
}


static int
do_batch(pacs_warm_t *w, const batch_t *b, int64_t now_us, int64_t *wait_ms,
    pacs_err_t *err)
{
    int64_t  quiet_us = w->svc->options.limits.warm_quiet_ms * 1000;
    int64_t  highest = w->revision, lowest = INT64_MAX;
    int      rc = PACS_OK;

    for (unsigned i = 0; i < b->n; i++) {
        const pacs_arrival_t *a = &b->rows[i];
        int64_t               left_us = a->last_us + quiet_us - now_us;

        highest = a->revision > highest ? a->revision : highest;

        /* a clock that was set back must not hold it up for long */
        if (left_us > 0 && left_us <= quiet_us) {
            lowest = a->revision < lowest ? a->revision : lowest;
            *wait_ms = left_us / 1000 < *wait_ms ? left_us / 1000 + 1
                                                 : *wait_ms;
            continue;
        }

        if (!is_done(w, a)
            && (rc = do_series(w, a, b->n - i, err)) != PACS_OK)
        {
            break;
        }
    }

    if (rc == PACS_OK) {
        w->revision = lowest <= highest ? lowest - 1 : highest;
    }
    save(w, 0);
    return rc;
}


int
pacs_warm_step(pacs_warm_t *w, int64_t *wait_ms, pacs_err_t *err)
{
    const pacs_env_t *env = &w->svc->options.env;
    pacs_index_t     *ix = w->svc->index;
    batch_t           b = { .arena = pacs_arena_create(0) };
    int64_t           now_us = env->now_us(env->ctx), before = w->revision;
    int               rc;

    *wait_ms = POLL_MS;

    if (b.arena == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    rc = ix->vt->arrivals(ix, w->revision, now_us - BACK_US, STUDIES,
                          add_arrival, &b, err);

    if (rc == PACS_OK && b.n != 0) {
        rc = do_batch(w, &b, now_us, wait_ms, err);
    }

    if (rc != PACS_OK) {
        *wait_ms = RETRY_MS;
    } else if (w->revision != before) {
        *wait_ms = 0;           /* there may be more */
    }

    pacs_arena_destroy(b.arena);
    return rc;
}
