/* SPDX-License-Identifier: BSD-2-Clause */

/* are two files the same instance in another encoding? */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dicom/walk.h"

enum { CHUNK = PACS_WINDOW };

typedef struct {
    pacs_source_t        *stream;
    const pacs_limits_t  *limits;
    pacs_arena_t         *a;
    pacs_dataset_t        ds;
    pacs_walk_t           walk;
    uint8_t               chunk[CHUNK];
} side_t;


/* part of an element's value into the chunk, in little endian */
static int
load(side_t *s, const pacs_elem_t *e, uint64_t off, size_t n, pacs_err_t *err)
{
    int  rc = PACS_OK;

    if (e->value != NULL) {
        memcpy(s->chunk, e->value + off, n);
    } else {
        rc = pacs_source_exact(s->stream, e->offset + off, s->chunk, n, err);
    }

    if (rc == PACS_OK && s->walk.item->big_endian) {
        pacs_swap(e->vr, s->chunk, n);
    }
    return rc;
}


static bool
all_padding(const uint8_t *p, size_t n, bool text)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != 0 && !(text && p[i] == ' ')) {
            return false;
        }
    }
    return true;
}


/* the rest of the longer value must be padding */
static int
rest_equal(side_t *s, const pacs_elem_t *e, uint64_t from, bool text,
    bool *equal, pacs_err_t *err)
{
    uint64_t  n = e->length - from;
    int       rc;

    *equal = n <= (text ? CHUNK : 1);
    if (!*equal || n == 0) {
        return PACS_OK;
    }

    /* not swapped: the value has no odd byte where it has words */
    rc = e->value != NULL
         ? (memcpy(s->chunk, e->value + from, (size_t) n), PACS_OK)
         : pacs_source_exact(s->stream, e->offset + from, s->chunk,
                             (size_t) n, err);
    *equal = rc == PACS_OK && all_padding(s->chunk, (size_t) n, text);
    return rc;
}


static size_t
trimmed(const uint8_t *p, size_t n)
{
    while (n != 0 && (p[n - 1] == ' ' || p[n - 1] == 0)) {
        n--;
    }
    return n;
}


static bool
is_text(const pacs_elem_t *e)
{
    return pacs_vr(e->vr)->text;
}


/* a text that fits the chunk, however it is padded */
static int
text_equal(side_t *x, side_t *y, const pacs_elem_t *ex, const pacs_elem_t *ey,
    bool *equal, pacs_err_t *err)
{
    int  rc = load(x, ex, 0, (size_t) ex->length, err);

    if (rc == PACS_OK) {
        rc = load(y, ey, 0, (size_t) ey->length, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    size_t  n = trimmed(x->chunk, (size_t) ex->length);

    *equal = n == trimmed(y->chunk, (size_t) ey->length)
             && memcmp(x->chunk, y->chunk, n) == 0;
    return PACS_OK;
}


static int
value_equal(side_t *x, side_t *y, const pacs_elem_t *ex,
    const pacs_elem_t *ey, bool *equal, pacs_err_t *err)
{
    bool      text = is_text(ex) || is_text(ey);
    uint64_t  both = ex->length < ey->length ? ex->length : ey->length;

    if (text && ex->length <= CHUNK && ey->length <= CHUNK) {
        return text_equal(x, y, ex, ey, equal, err);
    }

    for (uint64_t done = 0; done < both; ) {
        size_t  n = both - done < CHUNK ? (size_t) (both - done) : CHUNK;
        int     rc = load(x, ex, done, n, err);

        if (rc == PACS_OK) {
            rc = load(y, ey, done, n, err);
        }
        if (rc != PACS_OK) {
            return rc;
        }

        *equal = memcmp(x->chunk, y->chunk, n) == 0;
        if (!*equal) {
            return PACS_OK;
        }
        done += n;
    }

    return ex->length > both ? rest_equal(x, ex, both, text, equal, err)
                             : rest_equal(y, ey, both, text, equal, err);
}


/* encapsulated: fragment by fragment, whatever the offset table says */
static int
fragments_equal(side_t *x, side_t *y, bool *equal, pacs_err_t *err)
{
    *equal = x->ds.nfragments == y->ds.nfragments;

    for (uint32_t i = 0; *equal && i < x->ds.nfragments; i++) {
        pacs_range_t  fx = x->ds.fragments[i], fy = y->ds.fragments[i];
        pacs_elem_t   ex = { .vr = PACS_OB, .length = fx.length,
                             .offset = fx.offset };
        pacs_elem_t   ey = { .vr = PACS_OB, .length = fy.length,
                             .offset = fy.offset };
        int           rc = value_equal(x, y, &ex, &ey, equal, err);

        if (rc != PACS_OK) {
            return rc;
        }
    }

    return PACS_OK;
}


/* VRs count where both files state them */
static bool
vr_equal(const side_t *x, const side_t *y)
{
    uint16_t  vx = x->walk.elem->vr, vy = y->walk.elem->vr;

    return vx == vy || vx == PACS_UN || vy == PACS_UN
           || x->walk.item->implicit || y->walk.item->implicit
           || (vx >> 8 == 'O' && vy >> 8 == 'O');
}


static int
elem_equal(side_t *x, side_t *y, bool *equal, pacs_err_t *err)
{
    const pacs_elem_t  *ex = x->walk.elem, *ey = y->walk.elem;

    *equal = ex->undefined == ey->undefined && vr_equal(x, y)
             && (!ex->undefined
                 || strcmp(x->ds.syntax_uid, y->ds.syntax_uid) == 0);

    if (!*equal) {
        return PACS_OK;
    }
    if (ex->undefined && ex == x->ds.pixels && ey == y->ds.pixels) {
        return fragments_equal(x, y, equal, err);
    }
    return value_equal(x, y, ex, ey, equal, err);
}


/* UN whose bytes are items: go into it as a sequence; false: it is none */
static bool
into_items(side_t *s, uint8_t *buf)
{
    pacs_window_t   w;
    pacs_err_t      err = { 0 };
    pacs_elem_t    *e = (pacs_elem_t *) s->walk.elem;

    if (s->walk.event == PACS_WALK_SQ) {
        return true;
    }
    if (e->vr != PACS_UN || e->undefined) {
        return false;
    }

    pacs_window_init(&w, s->stream, buf);

    if (e->length != 0
        && pacs_reader_items(&w, s->limits, CHUNK, s->a, &s->ds,
                             (pacs_item_t *) s->walk.item, e, &err)
           != PACS_OK)
    {
        return false;
    }

    pacs_walk_into(&s->walk);
    return true;
}


/* one step of both walks that gave an element each */
static int
step_equal(side_t *x, side_t *y, uint8_t *buf, bool *equal, pacs_err_t *err)
{
    bool  plain = x->walk.event == PACS_WALK_ELEM
                  && y->walk.event == PACS_WALK_ELEM;
    int   rc = PACS_OK;

    *equal = x->walk.elem->tag == y->walk.elem->tag;

    if (*equal && plain) {
        rc = elem_equal(x, y, equal, err);

        if (rc != PACS_OK || *equal || x->walk.elem->vr != PACS_UN
            || y->walk.elem->vr != PACS_UN)
        {
            return rc;
        }
        *equal = true;
    }

    *equal = *equal && into_items(x, buf) && into_items(y, buf);
    return rc;
}


static bool
gives_elem(const pacs_walk_t *w)
{
    return w->event == PACS_WALK_ELEM || w->event == PACS_WALK_SQ;
}


static int
walk_equal(side_t *x, side_t *y, uint8_t *buf, bool *equal, pacs_err_t *err)
{
    for ( ;; ) {
        bool  more = pacs_walk_next(&x->walk);
        int   rc = PACS_OK;

        *equal = more == pacs_walk_next(&y->walk);

        if (x->walk.stack.failed || y->walk.stack.failed) {
            return pacs_fail(err, PACS_E_NOMEM, "out of memory");
        }
        if (!*equal || !more) {
            return PACS_OK;
        }

        if (gives_elem(&x->walk) && gives_elem(&y->walk)) {
            rc = step_equal(x, y, buf, equal, err);
        } else {
            *equal = x->walk.event == y->walk.event;
        }
        if (rc != PACS_OK || !*equal) {
            return rc;
        }
    }
}


static int
side_open(side_t *s, pacs_source_t *file, const pacs_limits_t *limits,
    pacs_err_t *err)
{
    s->limits = limits;
    s->a = pacs_arena_create(0);
    s->walk = (pacs_walk_t) { 0 };

    if (s->a == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    int  rc = pacs_dicom_read(file, limits, CHUNK, s->a, &s->ds, err);

    if (rc != PACS_OK) {
        return rc;
    }

    s->stream = pacs_dicom_stream(file, &s->ds, limits, s->a, err);
    if (s->stream == NULL) {
        return PACS_E_NOMEM;
    }

    pacs_walk_init(&s->walk, s->ds.root);
    return PACS_OK;
}


static void
side_close(side_t *s)
{
    pacs_walk_end(&s->walk);
    pacs_arena_destroy(s->a);
}


int
pacs_dicom_equal(pacs_source_t *a, pacs_source_t *b,
    const pacs_limits_t *limits, bool *equal, pacs_err_t *err)
{
    side_t   *sides = calloc(2, sizeof(*sides));
    uint8_t  *buf = malloc(PACS_WINDOW);
    int       rc;

    *equal = false;

    if (sides == NULL || buf == NULL) {
        free(sides);
        free(buf);
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    rc = side_open(&sides[0], a, limits, err);
    if (rc == PACS_OK) {
        rc = side_open(&sides[1], b, limits, err);
    }
    if (rc == PACS_OK) {
        rc = walk_equal(&sides[0], &sides[1], buf, equal, err);
    }

    *equal = rc == PACS_OK && *equal;
    side_close(&sides[0]);
    side_close(&sides[1]);
    free(sides);
    free(buf);
    return rc;
}
