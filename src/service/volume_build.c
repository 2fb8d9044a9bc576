/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Threads that fill a volume: native slices straight from the files, coded
 * ones through pacs-codec, a request a thread in flight.  The builder's lock
 * lies on the file: where its process dies another one goes on, with the
 * slices that are missing.
 */

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/volume.h"

enum { THREADS = 4, ALL_THREADS = 32, CODEC_MS = 60000 };

typedef struct {
    pacs_service_t      *svc;
    pacs_arena_t        *a;
    const pacs_plan_t   *plan;
    int                  fd;
    char                 name[PACS_VOLUME_NAME + 1];
    pacs_layout_t        layout;
    pacs_slot_t         *slots;         /* as they were at the start */
    uint32_t             focus;
    atomic_uint          next;          /* of the order below */
    atomic_uint          running;
    atomic_int           failed;
} build_t;


/* the i-th slice by distance from the focus */
static uint32_t
in_order(uint32_t i, uint32_t n, uint32_t focus)
{
    uint32_t  both = focus < n - 1 - focus ? focus : n - 1 - focus;

    if (i <= 2 * both) {
        return i % 2 ? focus + (i + 1) / 2 : focus - i / 2;
    }
    return focus < n - 1 - focus ? i : n - 1 - i;
}


/* --- samples -> voxels --- */

static inline int32_t
stored_at(const uint8_t *p, size_t i, const pacs_pixels_t *px)
{
    unsigned  up = 32 - (px->high_bit + 1u);
    unsigned  down = 32 - px->stored;
    uint32_t  v = px->allocated == 8
                  ? p[i] : (uint32_t) (p[2 * i] | p[2 * i + 1] << 8);

    return px->is_signed ? (int32_t) (v << up) >> down
                         : (int32_t) (v << up >> down);
}


/* the common case: whole 16-bit integers */
static void
copy_whole(const uint8_t *p, size_t n, int32_t zero, int16_t *out)
{
    if (zero == 0) {
        memcpy(out, p, n * sizeof(*out));
        return;
    }

    for (size_t i = 0; i < n; i++) {
        out[i] = (int16_t) ((p[2 * i] | p[2 * i + 1] << 8) - zero);
    }
}


static void
convert(const pacs_plan_t *plan, const pacs_slice_t *s,
    const pacs_samples_t *in, size_t n, int16_t *out)
{
    const pacs_pixels_t *px = &in->px;
    const uint8_t       *p = in->data;

    if (plan->exact && px->stored == 16 && px->allocated == 16) {
        copy_whole(p, n, plan->zero, out);
        return;
    }

    if (plan->exact) {
        for (size_t i = 0; i < n; i++) {
            out[i] = (int16_t) (stored_at(p, i, px) - plan->zero);
        }
        return;
    }

    double  slope = s->slope / plan->shape.slope;
    double  base = (s->intercept - plan->shape.intercept)
                   / plan->shape.slope;

    for (size_t i = 0; i < n; i++) {
        double  v = stored_at(p, i, px) * slope + base;

        out[i] = (int16_t) lrint(fmax(INT16_MIN, fmin(INT16_MAX, v)));
    }
}


/* --- a slice --- */

static int
ask_codec(pacs_op_t *op, pacs_err_t *err)
{
    char        path[4096];
    pacs_err_t  why = { 0 };

    if (snprintf(path, sizeof(path), "%s/" PACS_CODEC_SOCKET, op->svc->home)
        >= (int) sizeof(path))
    {
        return pacs_fail(err, PACS_E_CODEC, "pacs-codec is out of reach");
    }

    int  rc = pacs_codec_call(path, op->codec, op->codec_in, op->codec_out,
                              CODEC_MS, &op->codec_reply, &why);

    if (rc != PACS_OK) {
        op->codec_reply.code = rc;
        snprintf(op->codec_reply.text, sizeof(op->codec_reply.text), "%.255s",
                 why.text);
    }
    return PACS_OK;
}


static int
get_samples(pacs_op_t *op, const pacs_slice_t *s, pacs_samples_t *samples,
    pacs_err_t *err)
{
    pacs_picture_t  whole = { .format = 0 };
    pacs_image_t   *image;
    int             rc = pacs_image_of(op, s->record, &image, err);

    while (rc == PACS_OK) {
        rc = pacs_samples_get(op, image, s->frame, &whole, samples, err);

        if (rc != PACS_AGAIN) {
            break;
        }
        rc = ask_codec(op, err);
    }

    pacs_op_close(op);
    return rc;
}


static int
check_samples(const pacs_slice_t *s, const pacs_samples_t *in,
    pacs_err_t *err)
{
    const pacs_pixels_t *a = &in->px, *b = &s->record->pixels;

    if (a->rows == b->rows && a->columns == b->columns && a->samples == 1
        && (a->allocated == 8 || a->allocated == 16) && !a->is_float
        && a->stored >= 1 && a->stored <= a->high_bit + 1
        && a->high_bit < a->allocated && a->is_signed == b->is_signed
        && a->stored <= b->stored
        && in->len / (a->allocated / 8) >= (uint64_t) a->rows * a->columns)
    {
        return PACS_OK;
    }

    return pacs_fail(err, PACS_E_UNSHOWABLE, "frame %u of %.*s decodes to "
                     "another format than its attributes say", s->frame + 1,
                     pacs_fmt(s->record->instance));
}


/* the slot says `ready` when all else is there */
static int
publish(build_t *b, uint32_t k, const int16_t *voxels, pacs_arena_t *a,
    pacs_err_t *err)
{
    const uint32_t      *n = b->plan->shape.n;
    const pacs_layout_t *l = &b->layout;
    size_t               count = pacs_brick_count(n);
    size_t               tiles = pacs_voxels_tiles(n);
    size_t               slice = (size_t) n[0] * n[1] * sizeof(*voxels);
    pacs_brick_t        *bricks = pacs_alloc(a, count * sizeof(*bricks));
    uint32_t            *sums = pacs_alloc(a, tiles * sizeof(*sums));
    pacs_slot_t          slot = { .min = INT16_MAX, .max = INT16_MIN };
    int                  rc = PACS_OK;

    if (bricks == NULL || sums == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a slice");
    }

    pacs_brick_slice(n, voxels, bricks);
    pacs_voxels_sums(n, k, voxels, sums);

    for (size_t i = 0; i < count; i++) {
        slot.min = bricks[i].min < slot.min ? bricks[i].min : slot.min;
        slot.max = bricks[i].max > slot.max ? bricks[i].max : slot.max;
    }
    slot.sum = pacs_voxels_slot(n, k, &slot, bricks, sums);

    const struct {
        const void  *data;
        size_t       len;
        uint64_t     base;
    } parts[] = {
        { voxels, slice, l->voxels },
        { bricks, count * sizeof(*bricks), l->bricks },
        { sums, tiles * sizeof(*sums), l->sums },
        { &slot, sizeof(slot), l->slots }
    };

    for (unsigned i = 0; rc == PACS_OK && i < 4; i++) {
        rc = pacs_voxels_write(b->fd, parts[i].data, parts[i].len,
                               parts[i].base + k * parts[i].len, err);
    }

    atomic_init(&slot.ready, 1);
    return rc != PACS_OK
           ? rc : pacs_voxels_write(b->fd, &slot.ready, sizeof(slot.ready),
                                    l->slots + k * sizeof(slot), err);
}


static int
fill_slice(build_t *b, uint32_t k, pacs_err_t *err)
{
    const pacs_slice_t *s = b->plan->slices[k];
    const uint32_t     *n = b->plan->shape.n;
    size_t              count = (size_t) n[0] * n[1];
    pacs_op_t           op = { .svc = b->svc, .arena = pacs_arena_create(0) };
    int16_t            *voxels = op.arena == NULL
                                 ? NULL : pacs_alloc(op.arena, count
                                                     * sizeof(*voxels));
    pacs_samples_t      samples;

    if (voxels == NULL) {
        pacs_arena_destroy(op.arena);
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a slice");
    }

    int  rc = get_samples(&op, s, &samples, err);

    if (rc == PACS_OK) {
        rc = check_samples(s, &samples, err);
    }
    if (rc == PACS_OK) {
        convert(b->plan, s, &samples, count, voxels);
        rc = publish(b, k, voxels, op.arena, err);
    }

    pacs_arena_destroy(op.arena);
    return rc;
}


/* --- threads --- */

/* those who wait are told, those who come later begin anew */
static void
give_up(build_t *b, const pacs_err_t *err)
{
    char             path[4096];
    int              none = PACS_OK;
    pacs_given_up_t  given_up = { .code = err->code };

    if (!atomic_compare_exchange_strong(&b->failed, &none, err->code)) {
        return;
    }

    snprintf(given_up.why, sizeof(given_up.why), "%.255s", err->text);
    (void) pacs_voxels_write(b->fd, &given_up, sizeof(given_up),
                             b->layout.given_up, NULL);
    pacs_voxels_path(b->svc, b->name, path);
    pacs_cached_remove(path, b->fd);
}


static void
end(build_t *b)
{
    close(b->fd);
    pacs_arena_destroy(b->a);
    free(b->slots);
    free(b);
}


static void *
run(void *data)
{
    build_t        *b = data;
    pacs_volumes_t *vs = b->svc->volumes;
    uint32_t        n = b->plan->shape.n[2], i;

    while (!atomic_load(&vs->stop) && atomic_load(&b->failed) == PACS_OK
           && (i = atomic_fetch_add(&b->next, 1)) < n)
    {
        uint32_t    k = in_order(i, n, b->focus);
        pacs_err_t  err = { 0 };

        if (atomic_load(&b->slots[k].ready)) {
            continue;
        }

        int  rc = fill_slice(b, k, &err);

        if (rc != PACS_OK) {
            pacs_fail(&err, rc, "a slice cannot be read");
            give_up(b, &err);
        }
    }

    if (atomic_fetch_sub(&b->running, 1) == 1) {
        end(b);
    }

    pthread_mutex_lock(&vs->lock);
    if (--vs->builders == 0) {
        pthread_cond_broadcast(&vs->idle);
    }
    pthread_mutex_unlock(&vs->lock);
    return NULL;
}


/* with no signals: those are nginx's own */
static bool
start_thread(build_t *b)
{
    pthread_attr_t  attr;
    pthread_t       thread;
    sigset_t        all, before;

    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_BLOCK, &all, &before);

    bool  ok = pthread_create(&thread, &attr, run, b) == 0;

    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return ok;
}


static unsigned
threads_for(const pacs_plan_t *plan)
{
    long      cores = sysconf(_SC_NPROCESSORS_ONLN);
    pacs_str_t syntax = plan->slices[0]->record->syntax_uid;

    /* coded ones wait for pacs-codec, which has a decoder a core */
    return pacs_syntax(syntax)->encapsulated || cores > THREADS
           ? THREADS : cores < 1 ? 1 : (unsigned) cores;
}


static int
start(build_t *b, unsigned n, pacs_err_t *err)
{
    pacs_volumes_t *vs = b->svc->volumes;
    unsigned        started = 0;

    atomic_init(&b->running, n);

    pthread_mutex_lock(&vs->lock);

    if (vs->builders + n > ALL_THREADS) {
        pthread_mutex_unlock(&vs->lock);
        end(b);
        return pacs_fail(err, PACS_E_BUSY, "too many volumes are being made");
    }
    vs->builders += n;

    while (started < n && start_thread(b)) {
        started++;
    }

    vs->builders -= n - started;
    pthread_mutex_unlock(&vs->lock);

    if (started == n
        || atomic_fetch_sub(&b->running, n - started) != n - started)
    {
        return PACS_OK;
    }

    /* none runs (any more) */
    end(b);
    return started != 0
           ? PACS_OK : pacs_fail(err, PACS_E_BUSY, "no thread for a volume");
}


int
pacs_volume_build(pacs_service_t *svc, const char *name,
    const pacs_plan_t *plan, uint32_t focus, pacs_arena_t *a, int fd,
    pacs_err_t *err)
{
    uint32_t  n = plan->shape.n[2];
    build_t  *b = calloc(1, sizeof(*b));

    if (b == NULL
        || (b->slots = calloc(n, sizeof(*b->slots))) == NULL
        || !pacs_voxels_layout(plan->shape.n, pacs_service_limits(svc),
                               &b->layout)
        || !pacs_cached_read(fd, b->slots, n * sizeof(*b->slots),
                             b->layout.slots))
    {
        if (b != NULL) {
            free(b->slots);
        }
        free(b);
        close(fd);
        pacs_arena_destroy(a);
        return pacs_fail(err, PACS_E_BUSY, "a volume cannot be made now");
    }

    b->svc = svc;
    b->a = a;
    b->plan = plan;
    b->fd = fd;
    b->focus = focus < n ? focus : n / 2;
    snprintf(b->name, sizeof(b->name), "%s", name);

    return start(b, threads_for(plan), err);
}
