/* SPDX-License-Identifier: BSD-2-Clause */

#include "dicom/walk.h"

typedef struct {
    const pacs_item_t  *item;   /* open, or the next one to open */
    const pacs_elem_t  *next;   /* of the open item */
    bool                open;
} frame_t;


static frame_t *
top(pacs_walk_t *w)
{
    return (frame_t *) (void *) (w->stack.data + w->stack.len) - 1;
}


static void
push(pacs_walk_t *w, const pacs_item_t *item)
{
    frame_t  f = { item, item == NULL ? NULL : item->elems, false };

    pacs_buf_add(&w->stack, &f, sizeof(f));
}


void
pacs_walk_init(pacs_walk_t *w, const pacs_item_t *root)
{
    *w = (pacs_walk_t) { .item = root };
    push(w, root);

    if (!w->stack.failed) {
        top(w)->open = true;
    }
}


void
pacs_walk_end(pacs_walk_t *w)
{
    pacs_buf_free(&w->stack);
}


void
pacs_walk_into(pacs_walk_t *w)
{
    push(w, w->elem->items);
    w->event = PACS_WALK_SQ;
}


static const pacs_elem_t *
skip_ignored(const pacs_elem_t *e)
{
    while (e != NULL && ((e->tag & 0xffff) == 0 || e->tag == 0xFFFCFFFC)) {
        e = e->next;
    }
    return e;
}


static void
open_next(pacs_walk_t *w, frame_t *f)
{
    if (f->item == NULL) {
        w->stack.len -= sizeof(frame_t);
        w->event = PACS_WALK_SQ_END;
        return;
    }

    f->open = true;
    f->next = f->item->elems;
    w->event = PACS_WALK_ITEM;
}


bool
pacs_walk_next(pacs_walk_t *w)
{
    if (w->stack.failed || w->stack.len == 0) {
        return false;
    }

    frame_t *f = top(w);

    if (!f->open) {
        open_next(w, f);
        return true;
    }

    const pacs_elem_t *e = skip_ignored(f->next);

    if (e == NULL) {
        f->open = false;
        f->item = f->item->next;
        w->event = PACS_WALK_ITEM_END;
        return w->stack.len > sizeof(frame_t);
    }

    f->next = e->next;
    w->elem = e;
    w->item = f->item;
    w->event = PACS_WALK_ELEM;

    if (e->vr == PACS_SQ) {
        pacs_walk_into(w);
    }
    return !w->stack.failed;
}


void
pacs_swap(uint16_t vr, uint8_t *p, size_t len)
{
    const pacs_vr_t  *row = pacs_vr(vr);
    size_t            size = vr == PACS_AT ? 2 : row == NULL ? 1 : row->size;

    if (size < 2) {
        return;
    }

    for (size_t i = 0; i + size <= len; i += size) {
        for (size_t a = i, b = i + size - 1; a < b; a++, b--) {
            uint8_t  t = p[a];

            p[a] = p[b];
            p[b] = t;
        }
    }
}
