/* SPDX-License-Identifier: BSD-2-Clause */

/* One scale for all pictures of a PET series, from the records of its
 * instances. */

#include <math.h>

#include "service/internal.h"

typedef struct {
    double    range[2];         /* of real values, in all instances */
    uint32_t  images;
    bool      differ;           /* slopes or windows do */
} scale_t;

_Static_assert(sizeof(scale_t) <= PACS_MEMO, "a scale is no memo");


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
    scale_t               s = { 0 };

    if (!im->look.one_scale) {
        return PACS_OK;
    }

    if (!pacs_memo_get(op->svc->memos, "scale", r->series, r->revision, &s,
                       sizeof(s)))
    {
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
        pacs_memo_put(op->svc->memos, "scale", r->series, r->revision, &s,
                      sizeof(s));
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
