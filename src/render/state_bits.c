/* SPDX-License-Identifier: BSD-2-Clause */

/* Overlay planes (PS3.3 C.9.2): of the state, or else of the image. */

#include <stdlib.h>
#include <string.h>

#include "render/state_parts.h"

enum {
    ROWS = 0x60000010, COLUMNS = 0x60000011, FRAMES = 0x60000015,
    ORIGIN = 0x60000050, FRAME_ORIGIN = 0x60000051, ALLOCATED = 0x60000100,
    POSITION = 0x60000102, ACTIVATION = 0x60001001, DATA = 0x60003000
};


bool
pacs_plane_bit(const pacs_plane_bits_t *p, int64_t x, int64_t y)
{
    x -= p->x;
    y -= p->y;
    if (x < 0 || y < 0 || x >= p->columns || y >= p->rows) {
        return false;
    }

    uint64_t  at = p->first + (uint64_t) y * p->columns + (uint64_t) x;

    return p->bits[at / 8] >> at % 8 & 1;
}


/* of OW words that are big endian, the bytes as they would be otherwise */
static const uint8_t *
in_order(const pacs_item_t *root, const pacs_elem_t *e, const uint8_t *p,
    pacs_arena_t *a)
{
    if (!root->big_endian || e->vr != PACS_OW || p == NULL) {
        return p;
    }

    size_t    n = (size_t) e->length & ~(size_t) 1;
    uint8_t  *out = pacs_alloc(a, n + 1);

    for (size_t i = 0; out != NULL && i < n; i++) {
        out[i] = p[i ^ 1];
    }
    return out;
}


static int
broken(pacs_err_t *err, uint32_t group, const char *why)
{
    return pacs_fail(err, PACS_E_UNSHOWABLE, "overlay %04X of the presentation "
                     "state %s", group, why);
}


/* which of its frames; false: none is for this one of the image */
static bool
choose_frame(const pacs_item_t *root, uint32_t add, uint32_t frame,
    uint64_t *index)
{
    int64_t  n = 1, first = 1;
    bool     placed = pacs_elem_int(root, FRAME_ORIGIN + add, 0, &first);

    (void) pacs_elem_int(root, FRAMES + add, 0, &n);
    *index = 0;
    if (n <= 1 && !placed) {
        return true;
    }
    if (first < 1 || (int64_t) frame + 1 < first
        || (int64_t) frame + 1 - first >= (n < 1 ? 1 : n))
    {
        return false;
    }
    *index = (uint64_t) ((int64_t) frame + 1 - first);
    return true;
}


int
pacs_state_bits(const pacs_state_image_t *image, pacs_arena_t *a,
    const pacs_state_t *s, uint32_t group, pacs_plane_bits_t *bits,
    pacs_err_t *err)
{
    uint32_t             add = (group - 0x6000) << 16;
    pacs_state_t         from = *s;
    const pacs_item_t   *root = s->ds->root;
    const pacs_elem_t   *e = pacs_elem(root, DATA + add);
    int64_t              rows, columns, y = 1, x = 1, one = 1, low = 0;
    uint64_t             index;

    if (e == NULL && image->ds != NULL) {
        from.stream = image->stream;
        root = image->ds->root;
        e = pacs_elem(root, DATA + add);
    }
    if (e == NULL) {
        return broken(err, group, "is neither in it nor, by itself, in the "
                      "image");
    }

    (void) pacs_elem_int(root, ALLOCATED + add, 0, &one);
    (void) pacs_elem_int(root, POSITION + add, 0, &low);
    (void) pacs_elem_int(root, ORIGIN + add, 0, &y);
    (void) pacs_elem_int(root, ORIGIN + add, 1, &x);
    if (!pacs_elem_int(root, ROWS + add, 0, &rows)
        || !pacs_elem_int(root, COLUMNS + add, 0, &columns) || rows < 1
        || columns < 1 || rows > UINT16_MAX || columns > UINT16_MAX
        || one != 1 || low != 0 || llabs(x) > UINT16_MAX
        || llabs(y) > UINT16_MAX)
    {
        return broken(err, group, "is impossible");
    }

    *bits = (pacs_plane_bits_t) { .rows = (uint32_t) rows,
                                  .columns = (uint32_t) columns,
                                  .x = (int32_t) x - 1,
                                  .y = (int32_t) y - 1 };
    if (!choose_frame(root, add, image->frame, &index)) {
        return PACS_OK;
    }

    uint64_t        n = (uint64_t) rows * (uint64_t) columns;
    const uint8_t  *p = in_order(root, e, pacs_state_value(&from, e, a), a);

    if (p == NULL || index >= UINT32_MAX
        || (n * (index + 1) + 7) / 8 > e->length)
    {
        return broken(err, group, "is shorter than its rows and columns");
    }
    bits->first = n * index;
    bits->bits = p;
    return PACS_OK;
}


int
pacs_state_overlays(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err)
{
    for (uint32_t group = 0x6000; group < 0x6020; group += 2) {
        pacs_str_t    name = pacs_elem_raw(v->state->ds->root, ACTIVATION
                                           + ((group - 0x6000) << 16));
        pacs_mark_t  *mark = pacs_calloc(a, 1, sizeof(*mark));

        if (name.len == 0) {
            continue;
        }

        pacs_layer_t  *layer = pacs_state_layer(v, name);

        if (mark == NULL) {
            return PACS_E_NOMEM;
        }
        if (layer == NULL) {
            return broken(err, group, "is in a layer that there is not");
        }

        int  rc = pacs_state_bits(image, a, v->state, group, &mark->bits,
                                  err);
        if (rc != PACS_OK) {
            return rc;
        }

        *mark = (pacs_mark_t) { .kind = PACS_MARK_BITS, .bits = mark->bits,
                                .tint = layer->tint, .opacity = 255 };
        if (mark->bits.bits != NULL) {
            pacs_state_mark(layer, mark);
        }
    }
    return PACS_OK;
}
