/* SPDX-License-Identifier: BSD-2-Clause */

/* Which instance stands for a study or a series: the one in the middle. */

#include "service/internal.h"

typedef struct {
    pacs_arena_t  *a;
    pacs_str_t     pick;
    uint32_t       count, middle;   /* count 0: the first pass */
    uint32_t       seen;
} pick_t;


static int
count_pictures(void *ctx, const pacs_record_t *r)
{
    pick_t *p = ctx;

    p->count += r->pixels.frames != 0;
    return PACS_OK;
}


static int
pick_middle(void *ctx, const pacs_record_t *r)
{
    pick_t *p = ctx;

    if (r->pixels.frames != 0 && p->seen++ == p->middle) {
        p->pick = pacs_str_copy(p->a, r->instance);
    }
    return PACS_OK;
}


int
pacs_representative(pacs_op_t *op, const pacs_route_t *route, pacs_str_t *uid,
    pacs_err_t *err)
{
    pacs_index_t *ix = op->svc->index;
    pick_t        p = { .a = op->arena };
    int64_t       revision;
    int           rc;

    rc = ix->vt->revision(ix, route->study, route->series, pacs_null,
                          &revision, err);
    if (rc == PACS_OK) {
        rc = ix->vt->each(ix, route->study, route->series, false, op->arena,
                          count_pictures, &p, err);
    }
    if (rc == PACS_OK) {
        p.middle = p.count / 2;
        rc = ix->vt->each(ix, route->study, route->series, false, op->arena,
                          pick_middle, &p, err);
    }
    if (rc == PACS_OK && p.pick.len == 0) {
        rc = pacs_fail(err, PACS_E_UNSHOWABLE, "nothing in it can be shown "
                       "as a picture");
    }

    *uid = p.pick;
    return rc;
}
