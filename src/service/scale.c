/* SPDX-License-Identifier: BSD-2-Clause */

/* One scale for all pictures of a PET series, from the records of its
 * instances; the latest are kept, by revision of the study. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/internal.h"

enum { KEPT = 64 };

typedef struct {
    char      series[65];
    int64_t   revision;
    double    range[2];         /* of real values, in all instances */
    uint32_t  images;
    bool      differ;           /* slopes or windows do */
} scale_t;

struct pacs_scales_s {
    pthread_mutex_t  lock;
    unsigned         next;
    scale_t          kept[KEPT];
};


pacs_scales_t *
pacs_scales_create(void)
{
    pacs_scales_t  *s = calloc(1, sizeof(*s));

    if (s != NULL) {
        pthread_mutex_init(&s->lock, NULL);
    }
    return s;
}


void
pacs_scales_destroy(pacs_scales_t *s)
{
    if (s != NULL) {
        pthread_mutex_destroy(&s->lock);
        free(s);
    }
}


static bool
recall(pacs_scales_t *s, scale_t *scale)
{
    bool  found = false;

    pthread_mutex_lock(&s->lock);
    for (unsigned i = 0; !found && i < KEPT; i++) {
        if (s->kept[i].revision == scale->revision
            && strcmp(s->kept[i].series, scale->series) == 0)
        {
            *scale = s->kept[i];
            found = true;
        }
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}


static void
keep(pacs_scales_t *s, const scale_t *scale)
{
    pthread_mutex_lock(&s->lock);
    s->kept[s->next++ % KEPT] = *scale;
    pthread_mutex_unlock(&s->lock);
}


typedef struct {
    scale_t            *scale;
    const pacs_look_t  *one;        /* that others are compared with */
    pacs_arena_t       *arena;
} gather_t;


static bool
same_windows(const pacs_look_t *a, const pacs_look_t *b)
{
    return a->slope == b->slope && a->intercept == b->intercept
           && a->nwindows > 0 && b->nwindows > 0
           && a->windows[0].center == b->windows[0].center
           && a->windows[0].width == b->windows[0].width
           && a->voi == b->voi;
}


static int
gather(void *ctx, const pacs_record_t *r)
{
    gather_t     *g = ctx;
    scale_t      *s = g->scale;
    pacs_look_t   look;

    if (r->pixels.frames == 0
        || pacs_look_unpack(r->look, g->arena, &look, NULL) != PACS_OK
        || !look.one_scale)
    {
        return PACS_OK;
    }

    if (look.has_range) {
        s->range[0] = s->images == 0 ? look.range[0]
                                     : fmin(s->range[0], look.range[0]);
        s->range[1] = s->images == 0 ? look.range[1]
                                     : fmax(s->range[1], look.range[1]);
        s->images++;
    }
    s->differ = s->differ || !same_windows(g->one, &look);
    return PACS_OK;
}


int
pacs_scale_set(pacs_op_t *op, pacs_image_t *im, pacs_err_t *err)
{
    pacs_index_t         *ix = op->svc->index;
    const pacs_record_t  *r = &im->record;
    scale_t               s = { .revision = r->revision };

    if (!im->look.one_scale) {
        return PACS_OK;
    }

    snprintf(s.series, sizeof(s.series), "%.*s", pacs_fmt(r->series));

    if (!recall(op->svc->scales, &s)) {
        pacs_arena_t  *a = pacs_arena_create(0);
        gather_t       g = { &s, &im->look, a };

        if (a == NULL) {
            return pacs_fail(err, PACS_E_NOMEM, "scale of a series");
        }

        int  rc = ix->vt->each(ix, r->study, r->series, false, a, gather, &g,
                               err);
        pacs_arena_destroy(a);
        if (rc != PACS_OK) {
            return rc;
        }
        keep(op->svc->scales, &s);
    }

    if (s.images == 0) {
        return PACS_OK;
    }

    /* what of the series the window shows, not of this slice */
    im->look.has_range = 1;
    im->look.range[0] = s.range[0];
    im->look.range[1] = s.range[1];

    if (s.differ) {
        im->look.scale[0] = fmax(s.range[0], 0) < s.range[1]
                            ? fmax(s.range[0], 0) : s.range[0];
        im->look.scale[1] = s.range[1];
    }
    return PACS_OK;
}
