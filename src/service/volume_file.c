/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A volume's voxels: one file a node, which all processes map and one at a
 * time fills.  It lies among the decoded frames and leaves with them (the
 * oldest first): unlinked, never cut, so nobody who has it mapped is hurt.
 * What a slice's CRC does not confirm is not shown.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "service/volume.h"

enum {
    VERSION = 2,
    PAGE = 4096,
    KEPT = 8,               /* volumes a process keeps mapped */
    SIDE_MAX = 65535,
    SECOND = 1000000000, CLOSE_NS = 500000000
};

#define MAGIC  UINT32_C(0x56434150)


void
pacs_voxels_path(const pacs_service_t *svc, const char *name,
    char path[4096])
{
    snprintf(path, 4096, "%s/cache/frames/%s", svc->home, name);
}


bool
pacs_voxels_layout(const uint32_t n[3], const pacs_limits_t *limits,
    pacs_layout_t *l)
{
    if (n[0] < 2 || n[1] < 2 || n[2] < 1 || n[0] > SIDE_MAX
        || n[1] > SIDE_MAX || n[2] > SIDE_MAX)
    {
        return false;
    }

    uint64_t  slice = (uint64_t) n[0] * n[1] * sizeof(int16_t);

    if (slice > (uint64_t) limits->volume / n[2]) {
        return false;
    }

    uint64_t  at = (sizeof(pacs_volume_head_t) + 15) / 16 * 16;

    l->slots = (at + n[2] * sizeof(float) + 15) / 16 * 16;
    l->bricks = (l->slots + n[2] * sizeof(pacs_slot_t) + 15) / 16 * 16;
    l->voxels = (l->bricks + (uint64_t) n[2] * pacs_brick_count(n)
                             * sizeof(pacs_brick_t) + PAGE - 1) / PAGE * PAGE;
    l->bytes = l->voxels + slice * n[2];
    return true;
}


uint32_t
pacs_voxels_crc(const uint32_t n[3], const int16_t *voxels,
    const pacs_brick_t *bricks)
{
    uLong  crc = crc32_z(0, (const void *) bricks,
                         pacs_brick_count(n) * sizeof(*bricks));

    return (uint32_t) crc32_z(crc, (const void *) voxels,
                              (size_t) n[0] * n[1] * sizeof(*voxels));
}


static const float *
places_of(const pacs_volume_head_t *h)
{
    return (const float *) (const void *)
           ((const char *) h + (sizeof(*h) + 15) / 16 * 16);
}


static uint32_t
head_crc(const pacs_volume_head_t *h, const float *at)
{
    uLong  crc = crc32_z(0, (const void *) h,
                         offsetof(pacs_volume_head_t, crc));

    return (uint32_t) crc32_z(crc, (const void *) at,
                              h->n[2] * sizeof(float));
}


/* --- what a process has open --- */

int
pacs_volumes_open(pacs_volumes_t **out, pacs_err_t *err)
{
    pacs_volumes_t *vs = *out = calloc(1, sizeof(*vs));

    if (vs == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for volumes");
    }

    pthread_mutex_init(&vs->lock, NULL);
    pthread_cond_init(&vs->idle, NULL);
    return PACS_OK;
}


static void
unmap(pacs_voxels_t *v)
{
    munmap((void *) v->head, v->bytes);
    close(v->fd);
    free(v->checked);
    free(v);
}


bool
pacs_volumes_close(pacs_volumes_t *vs)
{
    struct timespec  until;
    int              rc = 0;

    if (vs == NULL) {
        return true;
    }

    atomic_store(&vs->stop, true);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += CLOSE_NS;
    until.tv_sec += until.tv_nsec / SECOND;
    until.tv_nsec %= SECOND;

    pthread_mutex_lock(&vs->lock);
    while (vs->builders != 0 && rc == 0) {
        rc = pthread_cond_timedwait(&vs->idle, &vs->lock, &until);
    }
    pthread_mutex_unlock(&vs->lock);

    if (rc != 0) {
        return false;
    }

    while (vs->open != NULL) {
        pacs_voxels_t *v = vs->open;

        vs->open = v->next;
        unmap(v);
    }

    pthread_cond_destroy(&vs->idle);
    pthread_mutex_destroy(&vs->lock);
    free(vs);
    return true;
}


/* its name is gone: evicted, or given up by its builder; or somebody cut it,
 * and a look behind its end would be a SIGBUS */
static bool
is_gone(const pacs_voxels_t *v)
{
    struct stat  st;

    return fstat(v->fd, &st) != 0 || st.st_nlink == 0
           || (uint64_t) st.st_size != v->bytes;
}


static unsigned
used_later(const pacs_volumes_t *vs, const pacs_voxels_t *than)
{
    unsigned  n = 0;

    for (const pacs_voxels_t *v = vs->open; v != NULL; v = v->next) {
        n += v->used > than->used;
    }
    return n;
}


/* idle ones that are gone, and of the others all but the last used */
static void
tidy(pacs_volumes_t *vs)
{
    for (pacs_voxels_t **p = &vs->open; *p != NULL; ) {
        pacs_voxels_t *v = *p;

        if (v->refs == 0 && (is_gone(v) || used_later(vs, v) >= KEPT)) {
            *p = v->next;
            unmap(v);

        } else {
            p = &v->next;
        }
    }
}


static void
touch(int fd)
{
    struct stat  st;

    if (fstat(fd, &st) == 0) {
        pacs_cached_touch(fd, &st);
    }
}


pacs_voxels_t *
pacs_voxels_find(pacs_service_t *svc, const char *id)
{
    pacs_volumes_t *vs = svc->volumes;
    pacs_voxels_t  *v;

    pthread_mutex_lock(&vs->lock);
    tidy(vs);

    for (v = vs->open; v != NULL; v = v->next) {
        if (strcmp(v->id, id) == 0 && !is_gone(v)) {
            v->refs++;
            touch(v->fd);
            break;
        }
    }

    pthread_mutex_unlock(&vs->lock);
    return v;
}


void
pacs_voxels_release(pacs_service_t *svc, pacs_voxels_t *v)
{
    pthread_mutex_lock(&svc->volumes->lock);
    v->refs--;
    v->used = ++svc->volumes->count;
    pthread_mutex_unlock(&svc->volumes->lock);
}


/* --- a file --- */

static bool
is_right(const pacs_volume_head_t *h, uint64_t size, const char *name,
    const pacs_limits_t *limits)
{
    pacs_layout_t  l;

    return h->magic == MAGIC && h->version == VERSION && h->bytes == size
           && memcmp(h->name, name, PACS_VOLUME_NAME + 1) == 0
           && pacs_voxels_layout(h->n, limits, &l) && l.bytes == size
           && head_crc(h, places_of(h)) == h->crc;
}


static void *
map_file(int fd, const char *name, int prot, const pacs_limits_t *limits)
{
    struct stat  st;
    void        *p;

    if (fstat(fd, &st) != 0
        || (uint64_t) st.st_size < sizeof(pacs_volume_head_t))
    {
        return NULL;
    }

    p = mmap(NULL, (size_t) st.st_size, prot, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        return NULL;
    }

    if (!is_right(p, (uint64_t) st.st_size, name, limits)) {
        munmap(p, (size_t) st.st_size);
        return NULL;
    }
    return p;
}


static pacs_voxels_t *
describe(const pacs_volume_head_t *h, int fd, const char *id,
    const pacs_limits_t *limits)
{
    pacs_voxels_t *v = calloc(1, sizeof(*v));
    pacs_layout_t  l;

    if (v == NULL
        || (v->checked = calloc(h->n[2], sizeof(*v->checked))) == NULL)
    {
        free(v);
        return NULL;
    }

    (void) pacs_voxels_layout(h->n, limits, &l);
    v->fd = fd;
    v->bytes = l.bytes;
    v->refs = 1;
    v->head = h;
    v->slots = (const void *) ((const char *) h + l.slots);
    snprintf(v->id, sizeof(v->id), "%s", id);

    v->volume = (pacs_volume_t) {
        .n = { h->n[0], h->n[1], h->n[2] },
        .at = h->regular ? NULL : places_of(h),
        .voxels = (const void *) ((const char *) h + l.voxels),
        .bricks = (const void *) ((const char *) h + l.bricks),
        .slope = h->slope, .intercept = h->intercept,
        .ready = v->checked
    };
    memcpy(v->volume.origin, h->origin, sizeof(h->origin));
    memcpy(v->volume.step, h->step, sizeof(h->step));
    memcpy(v->volume.unit, h->unit, sizeof(h->unit));
    return v;
}


int
pacs_voxels_open(pacs_service_t *svc, const char *name, const char *id,
    pacs_voxels_t **out, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(svc);
    char                 path[4096];

    pacs_voxels_path(svc, name, path);

    int  fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        return errno == ENOENT ? PACS_E_NOT_FOUND
                               : pacs_fail_errno(err, errno, "%s", path);
    }

    pacs_volume_head_t *h = map_file(fd, name, PROT_READ, limits);

    if (h == NULL) {
        close(fd);
        unlink(path);
        return PACS_E_NOT_FOUND;
    }

    pacs_voxels_t *v = *out = describe(h, fd, id, limits);

    if (v == NULL) {
        munmap(h, h->bytes);
        close(fd);
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a volume");
    }

    touch(fd);

    pthread_mutex_lock(&svc->volumes->lock);
    v->next = svc->volumes->open;
    svc->volumes->open = v;
    pthread_mutex_unlock(&svc->volumes->lock);
    return PACS_OK;
}


static void
fill_head(pacs_volume_head_t *h, uint64_t bytes, const char *name,
    const pacs_input_t *in, const pacs_plan_t *plan)
{
    const pacs_volume_t *v = &plan->shape;
    const pacs_record_t *middle = plan->slices[v->n[2] / 2]->record;
    float               *at = (float *) (uintptr_t) places_of(h);

    h->magic = MAGIC;
    h->version = VERSION;
    h->bytes = bytes;
    memcpy(h->name, name, sizeof(h->name));
    memcpy(h->n, v->n, sizeof(h->n));
    h->regular = v->at == NULL;
    memcpy(h->origin, v->origin, sizeof(h->origin));
    memcpy(h->step, v->step, sizeof(h->step));
    h->slope = v->slope;
    h->intercept = v->intercept;
    h->center = in->center;
    h->width = in->width;
    h->window_slope = in->window_slope;
    h->window_intercept = in->window_intercept;
    h->voi = in->voi;
    memcpy(h->unit, v->unit, sizeof(h->unit));
    memcpy(h->modality, in->modality, sizeof(h->modality));
    if (!plan->slices[0]->alone) {
        memcpy(h->reference, plan->slices[0]->reference,
               sizeof(h->reference));
    }
    memcpy(h->warning, plan->warning, sizeof(h->warning));
    snprintf(h->series, sizeof(h->series), "%.*s", pacs_fmt(middle->series));
    snprintf(h->instance, sizeof(h->instance), "%.*s",
             pacs_fmt(middle->instance));

    for (uint32_t k = 0; k < v->n[2]; k++) {
        at[k] = v->at == NULL ? (float) k : v->at[k];
    }
    h->crc = head_crc(h, at);
}


bool
pacs_voxels_lock(int fd)
{
    struct flock  lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}


static bool
is_locked(int fd)
{
    struct flock  lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}


static int
write_head(int fd, uint64_t bytes, const char *name, const pacs_input_t *in,
    const pacs_plan_t *plan, pacs_err_t *err)
{
    int  rc = posix_fallocate(fd, 0, (off_t) bytes);

    if (rc != 0) {
        return pacs_fail_errno(err, rc, "a volume of %" PRIu64 " bytes",
                               bytes);
    }

    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (p == MAP_FAILED) {
        return pacs_fail_errno(err, errno, "map a volume");
    }

    fill_head(p, bytes, name, in, plan);
    munmap(p, bytes);
    return PACS_OK;
}


int
pacs_voxels_create(pacs_service_t *svc, const char *name,
    const pacs_input_t *in, const pacs_plan_t *plan, int *fd,
    pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(svc);
    char                 path[4096], self[64];
    pacs_layout_t        l;
    int                  rc;

    (void) pacs_voxels_layout(plan->shape.n, limits, &l);

    pacs_voxels_path(svc, "", path);

    *fd = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd < 0) {
        return pacs_fail_errno(err, errno, "frame cache %s", path);
    }

    rc = pacs_cache_room(*fd, l.bytes, limits, err);
    if (rc == PACS_OK) {
        rc = write_head(*fd, l.bytes, name, in, plan, err);
    }
    if (rc == PACS_OK && !pacs_voxels_lock(*fd)) {
        rc = pacs_fail_errno(err, errno, "lock a volume");
    }

    pacs_voxels_path(svc, name, path);
    snprintf(self, sizeof(self), "/proc/self/fd/%d", *fd);

    if (rc == PACS_OK
        && linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
    {
        return PACS_OK;
    }

    if (rc == PACS_OK && errno != EEXIST) {
        rc = pacs_fail_errno(err, errno, "frame cache %s", path);
    }
    close(*fd);
    *fd = -1;
    return rc;
}


/* --- slices --- */

static bool
slice_is_right(const pacs_voxels_t *v, uint32_t k)
{
    const uint32_t *n = v->head->n;

    return pacs_voxels_crc(n, v->volume.voxels + (size_t) k * n[0] * n[1],
                           v->volume.bricks + k * pacs_brick_count(n))
           == v->slots[k].crc;
}


static int
gave_up(const pacs_voxels_t *v, pacs_err_t *err)
{
    int  code = atomic_load(&v->head->failed);

    return code > PACS_AGAIN && code < PACS_E_COUNT
           ? pacs_fail(err, code, "%.*s", (int) sizeof(v->head->why) - 1,
                       v->head->why) : PACS_OK;
}


int
pacs_voxels_need(pacs_service_t *svc, pacs_voxels_t *v, uint32_t first,
    uint32_t last, bool *orphan, pacs_err_t *err)
{
    bool  there = true;

    *orphan = false;

    for (uint32_t k = first; k <= last; k++) {
        if (atomic_load(&v->checked[k])) {
            continue;
        }
        if (!atomic_load_explicit(&v->slots[k].ready, memory_order_acquire)) {
            there = false;
            continue;
        }
        if (!slice_is_right(v, k)) {
            char  path[4096];

            pacs_voxels_path(svc, v->head->name, path);
            unlink(path);
            return PACS_E_NOT_FOUND;
        }
        atomic_store(&v->checked[k], 1);
    }

    if (there) {
        return PACS_OK;
    }

    int  rc = gave_up(v, err);

    if (rc != PACS_OK) {
        return rc;
    }
    *orphan = !is_locked(v->fd);
    return PACS_AGAIN;
}


void
pacs_voxels_range(const pacs_voxels_t *v, double *min, double *max)
{
    int     least = INT16_MAX, most = INT16_MIN;
    double  a, b;

    for (uint32_t k = 0; k < v->head->n[2]; k++) {
        least = v->slots[k].min < least ? v->slots[k].min : least;
        most = v->slots[k].max > most ? v->slots[k].max : most;
    }

    a = least * v->head->slope + v->head->intercept;
    b = most * v->head->slope + v->head->intercept;
    *min = fmin(a, b);
    *max = fmax(a, b);
}
