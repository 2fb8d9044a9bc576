/* SPDX-License-Identifier: BSD-2-Clause */

/* A thick slab costs a plane a millimetre: its rows are shared out. */

#include "service/volume.h"

enum { BANDS = 8, ROWS = 32 };

typedef struct {
    const pacs_volume_t  *v;
    const pacs_limits_t  *limits;
    pacs_plane_t          plane;
    float                *out;
    int                   rc;
    pacs_err_t            err;
    pthread_t             thread;
} band_t;


static void *
run(void *data)
{
    band_t *b = data;

    b->rc = pacs_volume_plane(b->v, &b->plane, b->limits, b->out, &b->err);
    return NULL;
}


static uint32_t
count(const pacs_plane_t *p, unsigned threads)
{
    uint32_t  n = p->slab > 0 ? p->height / ROWS : 1;

    n = n > threads ? threads : n;
    return n > BANDS ? BANDS : n < 1 ? 1 : n;
}


int
pacs_volume_bands(const pacs_volume_t *v, const pacs_plane_t *plane,
    unsigned threads, const pacs_limits_t *limits, float *out,
    pacs_err_t *err)
{
    band_t    bands[BANDS];
    bool      apart[BANDS] = { false };
    uint32_t  n = count(plane, threads);
    int       rc = PACS_OK;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t  first = (uint32_t) ((uint64_t) plane->height * i / n);
        uint32_t  end = (uint32_t) ((uint64_t) plane->height * (i + 1) / n);
        band_t   *b = &bands[i];

        *b = (band_t) { .v = v, .limits = limits, .plane = *plane,
                        .out = out + (size_t) first * plane->width };
        b->plane.height = end - first;
        for (int d = 0; d < 3; d++) {
            b->plane.origin[d] += plane->down[d] * first;
        }

        /* the last one, and those that get no thread, are done here */
        apart[i] = i + 1 < n
                   && pthread_create(&b->thread, NULL, run, b) == 0;
        if (!apart[i]) {
            run(b);
        }
    }

    for (uint32_t i = 0; i < n; i++) {
        if (apart[i]) {
            pthread_join(bands[i].thread, NULL);
        }
        if (rc == PACS_OK && bands[i].rc != PACS_OK) {
            rc = pacs_fail(err, bands[i].rc, "%s", bands[i].err.text);
        }
    }
    return rc;
}
