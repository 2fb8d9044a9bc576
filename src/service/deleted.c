/* SPDX-License-Identifier: BSD-2-Clause */

#include <stdlib.h>
#include <string.h>

#include "service/deleted.h"

typedef struct {
    pacs_keyset_t  *kept;
    bool            damaged;
    pacs_str_t      uids[3];
    pacs_entry_t   *entries;
    size_t          n, room;
    pacs_arena_t   *arena;
    pacs_err_t     *err;
} reading_t;


static bool
is_kept(const pacs_entry_t *e)
{
    return e->op == PACS_J_DELETE && pacs_str_is(e->state, PACS_DELETED_KEPT);
}


bool
pacs_deleted_note(pacs_keyset_t *kept, const pacs_entry_t *e)
{
    if (e->op == PACS_J_CORRECT || e->op == PACS_J_DOCUMENT
        || (!is_kept(e) && !pacs_keyset_has(kept, &e->key)))
    {
        return true;
    }
    return pacs_keyset_mark(kept, &e->key, is_kept(e));
}


static int
note(void *ctx, const pacs_entry_t *e)
{
    reading_t *r = ctx;

    return pacs_deleted_note(r->kept, e)
           ? PACS_OK : pacs_fail(r->err, PACS_E_NOMEM, "out of memory");
}


static void
bad_line(void *ctx, const char *file, unsigned line)
{
    ((reading_t *) ctx)->damaged = true;
}


int
pacs_deleted_keys(pacs_service_t *svc, pacs_keyset_t *kept, pacs_err_t *err)
{
    reading_t  r = { .kept = kept, .err = err };

    return pacs_journal_each(svc->journal, note, NULL, &r, err);
}


static bool
is_asked(const reading_t *r, const pacs_entry_t *e)
{
    const pacs_str_t  of[3] = { e->study, e->series, e->instance };

    for (int i = 0; i < 3; i++) {
        if (r->uids[i].len != 0 && !pacs_str_eq(r->uids[i], of[i])) {
            return false;
        }
    }
    return true;
}


static bool
make_room(reading_t *r)
{
    size_t         room = r->room == 0 ? 256 : r->room * 2;
    pacs_entry_t  *p = realloc(r->entries, room * sizeof(*p));

    if (p != NULL) {
        r->entries = p;
        r->room = room;
    }
    return p != NULL;
}


static int
collect(void *ctx, const pacs_entry_t *e)
{
    reading_t *r = ctx;

    if (!is_kept(e) || !pacs_keyset_marked(r->kept, &e->key)
        || !is_asked(r, e))
    {
        return PACS_OK;
    }
    if (r->n == r->room && !make_room(r)) {
        return pacs_fail(r->err, PACS_E_NOMEM, "out of memory");
    }

    r->entries[r->n++] = (pacs_entry_t) {
        .op = e->op, .time_us = e->time_us, .key = e->key,
        .study = pacs_str_copy(r->arena, e->study),
        .series = pacs_str_copy(r->arena, e->series),
        .instance = pacs_str_copy(r->arena, e->instance)
    };
    return PACS_OK;
}


static int
by_time(const void *a, const void *b)
{
    const pacs_entry_t *x = a, *y = b;

    return (x->time_us < y->time_us) - (x->time_us > y->time_us);
}


static int
by_key(const void *a, const void *b)
{
    int  order = strcmp(((const pacs_entry_t *) a)->key.digest,
                        ((const pacs_entry_t *) b)->key.digest);

    return order != 0 ? order : by_time(a, b);
}


/* it may have been deleted, restored and deleted */
static void
last_of_each(reading_t *r)
{
    size_t  n = 1;

    qsort(r->entries, r->n, sizeof(*r->entries), by_key);
    for (size_t i = 1; i < r->n; i++) {
        if (strcmp(r->entries[n - 1].key.digest, r->entries[i].key.digest)
            != 0)
        {
            r->entries[n++] = r->entries[i];
        }
    }
    r->n = n;
    qsort(r->entries, n, sizeof(*r->entries), by_time);
}


int
pacs_deleted_list(pacs_service_t *svc, pacs_str_t study, pacs_str_t series,
    pacs_str_t instance, pacs_arena_t *a, pacs_entry_t **entries, size_t *n,
    pacs_err_t *err)
{
    reading_t  r = {
        .kept = pacs_keyset_create(), .arena = a, .err = err,
        .uids = { study, series, instance }
    };
    int        rc = r.kept == NULL
                    ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                    : pacs_journal_each(svc->journal, note, bad_line, &r,
                                        err);

    if (rc == PACS_OK && r.damaged) {
        rc = pacs_fail(err, PACS_E_IO, "the journal is damaged: it does not "
                       "say what came again since");
    }
    if (rc == PACS_OK) {
        rc = pacs_journal_each(svc->journal, collect, NULL, &r, err);
    }
    if (rc == PACS_OK && r.n != 0) {
        last_of_each(&r);
    }

    *entries = r.entries;
    *n = r.n;
    pacs_keyset_destroy(r.kept);
    return rc;
}
