/* SPDX-License-Identifier: BSD-2-Clause */

/* changing a data set's tree, in UTF-8 and little endian */

#include "dicom/walk.h"


/* where the first element of tag, or of a later one, hangs */
static pacs_elem_t **
place(pacs_item_t *item, uint32_t tag)
{
    pacs_elem_t **at = &item->elems;

    while (*at != NULL && (*at)->tag < tag) {
        at = &(*at)->next;
    }
    return at;
}


void
pacs_item_drop(pacs_item_t *item, uint32_t tag)
{
    pacs_elem_t **at = place(item, tag);

    while (*at != NULL && (*at)->tag == tag) {
        *at = (*at)->next;
    }
}


bool
pacs_item_put(pacs_item_t *item, const pacs_elem_t *elem, pacs_arena_t *a)
{
    pacs_elem_t *own = pacs_alloc(a, sizeof(*own));

    if (own == NULL) {
        return false;
    }

    pacs_item_drop(item, elem->tag);

    pacs_elem_t **at = place(item, elem->tag);

    *own = *elem;
    own->next = *at;
    *at = own;

    for (pacs_item_t *i = own->items; i != NULL; i = i->next) {
        i->parent = item;
    }
    return true;
}


static uint16_t
vr_of(uint32_t tag)
{
    const pacs_tag_t *t = pacs_tag(tag);

    return t != NULL ? t->vr : PACS_LO;
}


bool
pacs_item_text(pacs_item_t *item, uint32_t tag, pacs_str_t text,
    pacs_arena_t *a)
{
    pacs_elem_t  elem = { .tag = tag, .vr = vr_of(tag), .length = text.len };

    if (text.len != 0
        && (elem.value = (void *) pacs_strdup(a, text)) == NULL)
    {
        return false;
    }
    return pacs_item_put(item, &elem, a);
}


bool
pacs_item_us(pacs_item_t *item, uint32_t tag, uint16_t value, pacs_arena_t *a)
{
    uint8_t     *bytes = pacs_alloc(a, 2);
    pacs_elem_t  elem = { .tag = tag, .vr = PACS_US, .length = 2,
                          .value = bytes };

    if (bytes == NULL) {
        return false;
    }
    bytes[0] = (uint8_t) value;
    bytes[1] = (uint8_t) (value >> 8);
    return pacs_item_put(item, &elem, a);
}


pacs_item_t *
pacs_item_sequence(pacs_item_t *item, uint32_t tag, bool empty,
    pacs_arena_t *a)
{
    pacs_elem_t  elem = { .tag = tag, .vr = PACS_SQ };
    pacs_item_t *first = pacs_calloc(a, 1, sizeof(*first));

    if (first == NULL) {
        return NULL;
    }

    first->charset = item->charset;
    elem.items = empty ? NULL : first;
    return pacs_item_put(item, &elem, a) ? first : NULL;
}


bool
pacs_item_sift(pacs_item_t *root,
    bool (*keep)(void *ctx, const pacs_elem_t *e), void *ctx)
{
    pacs_walk_t  w;
    bool         good;

    pacs_walk_init(&w, root);
    while (pacs_walk_next(&w)) {
        if ((w.event == PACS_WALK_ELEM || w.event == PACS_WALK_SQ)
            && !keep(ctx, w.elem))
        {
            pacs_item_drop((pacs_item_t *) w.item, w.elem->tag);
        }
    }

    good = !w.stack.failed;
    pacs_walk_end(&w);
    return good;
}
