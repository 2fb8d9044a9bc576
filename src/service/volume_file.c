/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A volume's voxels: one file a node, which all processes map and one at a
 * time fills.  It lies among the decoded frames and leaves with them (the
 * oldest first): unlinked, never cut, so nobody who has it mapped is hurt.
 * Its head is copied, and compared at each use; see volume_check.c for the
 * rest.
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

#include "service/volume.h"

enum {
    VERSION = 4,
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


static uint64_t
align(uint64_t at)
{
    return (at + 15) / 16 * 16;
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

    l->at = align(sizeof(pacs_volume_head_t));
    l->given_up = align(l->at + n[2] * sizeof(float));
    l->slots = align(l->given_up + sizeof(pacs_given_up_t));
    l->bricks = align(l->slots + n[2] * sizeof(pacs_slot_t));
    l->sums = align(l->bricks + (uint64_t) n[2] * pacs_brick_count(n)
                                * sizeof(pacs_brick_t));
    l->voxels = (l->sums + (uint64_t) n[2] * pacs_voxels_tiles(n)
                           * sizeof(uint32_t) + PAGE - 1) / PAGE * PAGE;
    l->bytes = l->voxels + slice * n[2];
    return true;
}


static uint32_t
head_sum(const pacs_volume_head_t *h, const float *at)
{
    return pacs_sum(pacs_sum(0, h, offsetof(pacs_volume_head_t, sum)), at,
                    h->n[2] * sizeof(float));
}


static const float *
places_of(const pacs_volume_head_t *h)
{
    return (const float *) (const void *)
           ((const char *) h + align(sizeof(*h)));
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
    munmap((void *) v->map, v->bytes);
    close(v->fd);
    free((void *) v->head);
    free(v->there);
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


/* unlinked: evicted, damaged, or given up by its builder; cut by somebody: a
 * look behind its end would be a SIGBUS */
typedef enum { FILE_THERE, FILE_UNLINKED, FILE_CUT } state_e;

static state_e
state_of(const pacs_voxels_t *v)
{
    struct stat  st;

    return fstat(v->fd, &st) != 0 || (uint64_t) st.st_size != v->bytes
           ? FILE_CUT : st.st_nlink == 0 ? FILE_UNLINKED : FILE_THERE;
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

        if (v->refs == 0
            && (state_of(v) != FILE_THERE || used_later(vs, v) >= KEPT))
        {
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


static void
remove_file(const pacs_service_t *svc, const pacs_voxels_t *v)
{
    char  path[4096];

    pacs_voxels_path(svc, v->head->name, path);
    pacs_cached_remove(path, v->fd);
}


/* there, and its head is what it was when it was opened */
static bool
is_usable(const pacs_service_t *svc, const pacs_voxels_t *v)
{
    pacs_layout_t  l;

    if (state_of(v) != FILE_THERE
        || !pacs_voxels_layout(v->head->n, pacs_service_limits(svc), &l))
    {
        return false;
    }
    if (memcmp(v->map, v->head, l.given_up) == 0) {
        return true;
    }

    remove_file(svc, v);
    return false;
}


pacs_voxels_t *
pacs_voxels_find(pacs_service_t *svc, const char *id)
{
    pacs_volumes_t *vs = svc->volumes;
    pacs_voxels_t  *v;

    pthread_mutex_lock(&vs->lock);
    tidy(vs);

    for (v = vs->open; v != NULL; v = v->next) {
        if (strcmp(v->id, id) == 0 && is_usable(svc, v)) {
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

/* a copy of the head and at[], to be freed; NULL: not what was written */
static pacs_volume_head_t *
read_head(int fd, const char *name, const pacs_limits_t *limits,
    pacs_layout_t *l)
{
    pacs_volume_head_t  h, *copy;
    struct stat         st;

    if (fstat(fd, &st) != 0 || !pacs_cached_read(fd, &h, sizeof(h), 0)
        || h.magic != MAGIC || h.version != VERSION
        || memcmp(h.name, name, PACS_VOLUME_NAME + 1) != 0
        || !pacs_voxels_layout(h.n, limits, l) || l->bytes != h.bytes
        || l->bytes != (uint64_t) st.st_size
        || (copy = malloc(l->given_up)) == NULL)
    {
        return NULL;
    }

    if (pacs_cached_read(fd, copy, l->given_up, 0)
        && memcmp(copy, &h, sizeof(h)) == 0
        && head_sum(copy, places_of(copy)) == copy->sum)
    {
        return copy;
    }

    free(copy);
    return NULL;
}


static void
describe(pacs_voxels_t *v, const pacs_layout_t *l)
{
    const pacs_volume_head_t *h = v->head;

    v->bytes = l->bytes;
    v->refs = 1;
    v->given_up = (const void *) (v->map + l->given_up);
    v->slots = (const void *) (v->map + l->slots);
    v->sums = (const void *) (v->map + l->sums);

    v->volume = (pacs_volume_t) {
        .n = { h->n[0], h->n[1], h->n[2] },
        .at = h->regular ? NULL : places_of(h),
        .voxels = (const void *) (v->map + l->voxels),
        .bricks = (const void *) (v->map + l->bricks),
        .slope = h->slope, .intercept = h->intercept,
        .ready = v->there
    };
    memcpy(v->volume.origin, h->origin, sizeof(h->origin));
    memcpy(v->volume.step, h->step, sizeof(h->step));
    memcpy(v->volume.unit, h->unit, sizeof(h->unit));
}


/* PACS_E_NOT_FOUND: not what was written */
static int
open_file(int fd, const char *name, const char *id,
    const pacs_limits_t *limits, pacs_voxels_t **out, pacs_err_t *err)
{
    pacs_layout_t       l;
    pacs_volume_head_t *head = read_head(fd, name, limits, &l);
    pacs_voxels_t      *v;
    void               *map = MAP_FAILED;

    if (head == NULL) {
        return PACS_E_NOT_FOUND;
    }

    v = *out = calloc(1, sizeof(*v));

    if (v != NULL
        && (v->there = calloc(head->n[2], sizeof(*v->there))) != NULL)
    {
        map = mmap(NULL, l.bytes, PROT_READ, MAP_SHARED, fd, 0);
    }

    if (map == MAP_FAILED) {
        if (v != NULL) {
            free(v->there);
        }
        free(v);
        free(head);
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a volume");
    }

    v->fd = fd;
    v->head = head;
    v->map = map;
    snprintf(v->id, sizeof(v->id), "%s", id);
    describe(v, &l);
    return PACS_OK;
}


int
pacs_voxels_open(pacs_service_t *svc, const char *name, const char *id,
    pacs_voxels_t **v, pacs_err_t *err)
{
    char  path[4096];
    int   fd, rc;

    pacs_voxels_path(svc, name, path);

    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? PACS_E_NOT_FOUND
                               : pacs_fail_errno(err, errno, "%s", path);
    }

    rc = open_file(fd, name, id, pacs_service_limits(svc), v, err);
    if (rc != PACS_OK) {
        if (rc == PACS_E_NOT_FOUND) {
            pacs_cached_remove(path, fd);
        }
        close(fd);
        return rc;
    }

    touch(fd);

    pthread_mutex_lock(&svc->volumes->lock);
    (*v)->next = svc->volumes->open;
    svc->volumes->open = *v;
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
    h->inverse = in->inverse;
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
    h->sum = head_sum(h, at);
}


/* not by a mapping: where somebody cuts the file that would be a SIGBUS */
int
pacs_voxels_write(int fd, const void *data, size_t len, uint64_t at,
    pacs_err_t *err)
{
    const char *p = data;

    while (len != 0) {
        ssize_t  n = pwrite(fd, p, len, (off_t) at);

        if (n < 0 && errno != EINTR) {
            return pacs_fail_errno(err, errno, "write a volume");
        }
        if (n > 0) {
            p += n;
            at += (uint64_t) n;
            len -= (size_t) n;
        }
    }
    return PACS_OK;
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
write_head(int fd, const pacs_layout_t *l, const char *name,
    const pacs_input_t *in, const pacs_plan_t *plan, pacs_err_t *err)
{
    int  rc = posix_fallocate(fd, 0, (off_t) l->bytes);

    if (rc != 0) {
        return pacs_fail_errno(err, rc, "a volume of %" PRIu64 " bytes",
                               l->bytes);
    }

    pacs_volume_head_t *h = calloc(1, l->given_up);

    if (h == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a volume");
    }

    fill_head(h, l->bytes, name, in, plan);
    rc = pacs_voxels_write(fd, h, l->given_up, 0, err);
    free(h);
    return rc;
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
        rc = write_head(*fd, &l, name, in, plan, err);
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

static int
gave_up(const pacs_voxels_t *v, pacs_err_t *err)
{
    int  code = atomic_load(&v->given_up->code);

    return code > PACS_AGAIN && code < PACS_E_COUNT
           ? pacs_fail(err, code, "%.*s", (int) sizeof(v->given_up->why) - 1,
                       v->given_up->why) : PACS_OK;
}


static bool
are_there(const pacs_voxels_t *v, uint32_t first, uint32_t last)
{
    bool  all = true;

    for (uint32_t k = first; k <= last; k++) {
        if (!atomic_load(&v->there[k])
            && atomic_load_explicit(&v->slots[k].ready, memory_order_acquire))
        {
            atomic_store(&v->there[k], 1);
        }
        all = all && atomic_load(&v->there[k]);
    }
    return all;
}


static unsigned
cores(void)
{
    long  n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : (unsigned) n;
}


int
pacs_voxels_need(pacs_service_t *svc, pacs_voxels_t *v, uint32_t first,
    uint32_t last, const pacs_plane_t *plane, bool *orphan, pacs_err_t *err)
{
    state_e  state = state_of(v);
    int      rc;

    *orphan = false;

    if (state != FILE_CUT && are_there(v, first, last)) {
        if (pacs_voxels_right(v, first, last, plane, cores())) {
            return PACS_OK;
        }
        state = FILE_CUT;
    }

    if (state == FILE_CUT) {
        remove_file(svc, v);
        return PACS_E_NOT_FOUND;
    }

    if (state_of(v) != FILE_THERE) {
        state = FILE_UNLINKED;
        if ((rc = gave_up(v, err)) != PACS_OK) {
            return rc;
        }
    }
    if (is_locked(v->fd) || are_there(v, first, last)) {
        return PACS_AGAIN;
    }

    /* an unlinked file that nobody fills will never be whole */
    *orphan = state == FILE_THERE;
    return *orphan ? PACS_AGAIN : PACS_E_NOT_FOUND;
}


uint32_t
pacs_voxels_ready(const pacs_voxels_t *v)
{
    uint32_t  last = v->head->n[2] - 1, ready = 0;

    if (state_of(v) != FILE_CUT) {
        (void) are_there(v, 0, last);
    }
    for (uint32_t k = 0; k <= last; k++) {
        ready += atomic_load(&v->there[k]);
    }
    return ready;
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
