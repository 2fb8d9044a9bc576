/* SPDX-License-Identifier: BSD-2-Clause */

/* The attributes that change with the transfer syntax of the pixels. */

#include <string.h>

#include "service/transcode.h"

enum {
    DERIVATION = 0x00082111, DERIVATION_CODES = 0x00089215,
    PHOTOMETRIC = 0x00280004, PLANAR = 0x00280006, ALLOCATED = 0x00280100,
    HIGH_BIT = 0x00280102, LOSSY = 0x00282110, METHOD = 0x00282114,
    OVERLAY_BITS = 0x60000100, OVERLAY_DATA = 0x60003000,
    OFFSETS = 0x7fe00001, PIXEL_DATA = 0x7fe00010,
    DESCRIPTION_MAX = 1024
};


/* where the tag is, or belongs */
static pacs_elem_t **
place_of(pacs_item_t *item, uint32_t tag)
{
    pacs_elem_t **p = &item->elems;

    while (*p != NULL && (*p)->tag < tag) {
        p = &(*p)->next;
    }
    return p;
}


static void
take_out(pacs_item_t *item, uint32_t tag)
{
    pacs_elem_t **p = place_of(item, tag);

    while (*p != NULL && (*p)->tag == tag) {
        *p = (*p)->next;
    }
}


/* a new element in the place of what was there; NULL: out of memory */
static pacs_elem_t *
put_in(pacs_item_t *item, uint32_t tag, uint16_t vr, pacs_str_t value,
    pacs_arena_t *a)
{
    pacs_elem_t *e = pacs_calloc(a, 1, sizeof(*e));

    if (e == NULL || value.data == NULL) {
        return NULL;
    }

    take_out(item, tag);

    pacs_elem_t **p = place_of(item, tag);

    *e = (pacs_elem_t) { .tag = tag, .vr = vr, .length = value.len,
                         .value = (const uint8_t *) value.data, .next = *p };
    *p = e;
    return e;
}


static bool
put_us(pacs_item_t *item, uint32_t tag, unsigned v, pacs_arena_t *a)
{
    char  bytes[2] = { (char) v, (char) (v >> 8) };

    if (item->big_endian) {
        bytes[0] = (char) (v >> 8);
        bytes[1] = (char) v;
    }
    return put_in(item, tag, PACS_US,
                  pacs_str_copy(a, (pacs_str_t) { bytes, 2 }), a) != NULL;
}


/* one more value behind those that are there */
static bool
add_value(pacs_item_t *item, uint32_t tag, uint16_t vr, const char *between,
    pacs_str_t value, pacs_arena_t *a)
{
    pacs_str_t  old = pacs_elem_raw(item, tag);
    pacs_str_t  parts[] = { old, pacs_cstr(between), value };

    return put_in(item, tag, vr,
                  old.len == 0 ? value : pacs_str_join(a, parts, 3), a)
           != NULL;
}


static bool
put_colour(pacs_item_t *root, const pacs_pixels_t *px, pacs_arena_t *a)
{
    static const char *const  names[PACS_PI_COUNT] = {
        [PACS_PI_RGB] = "RGB", [PACS_PI_YBR_FULL] = "YBR_FULL",
        [PACS_PI_YBR_FULL_422] = "YBR_FULL_422",
        [PACS_PI_YBR_ICT] = "YBR_ICT", [PACS_PI_YBR_RCT] = "YBR_RCT"
    };

    return px->samples != 3
           || (put_in(root, PHOTOMETRIC, PACS_CS,
                      pacs_cstr(names[px->photometric]), a) != NULL
               && put_us(root, PLANAR, 0, a));
}


/* CID 7203 */
static bool
add_derivation_code(pacs_item_t *root, pacs_arena_t *a)
{
    const pacs_elem_t *old = pacs_elem(root, DERIVATION_CODES);
    pacs_item_t       *item = pacs_calloc(a, 1, sizeof(*item));
    pacs_elem_t       *e;

    if (item == NULL) {
        return false;
    }

    *item = (pacs_item_t) { .parent = root, .charset = root->charset,
                            .big_endian = root->big_endian,
                            .implicit = root->implicit };

    if (put_in(item, 0x00080100, PACS_SH, pacs_lit("113040"), a) == NULL
        || put_in(item, 0x00080102, PACS_SH, pacs_lit("DCM"), a) == NULL
        || put_in(item, 0x00080104, PACS_LO, pacs_lit("Lossy Compression"), a)
           == NULL)
    {
        return false;
    }

    if (old != NULL) {
        item->next = old->items;
    }

    e = put_in(root, DERIVATION_CODES, PACS_SQ, pacs_lit(""), a);
    if (e != NULL) {
        e->items = item;
    }
    return e != NULL;
}


/* PS3.3 C.7.6.1.1.5.1 */
static const char *
method_of(const pacs_syntax_t *s)
{
    switch (s->coding) {
    case PACS_CODING_JPEGLS:
        return "ISO_14495_1";
    case PACS_CODING_J2K:
        return "ISO_15444_1";
    case PACS_CODING_HTJ2K:
        return "ISO_15444_15";
    default:
        return "ISO_10918_1";
    }
}


static bool
add_loss(pacs_item_t *root, const pacs_syntax_t *to, pacs_arena_t *a,
    pacs_str_t *ratios)
{
    pacs_str_t  text = pacs_sprintf(a, "lossy compression to transfer syntax "
                                    "%s", to->uid);
    pacs_str_t  old = pacs_elem_raw(root, PACS_TAG_RATIO);

    *ratios = old.len == 0 ? pacs_lit("") : old;
    take_out(root, PACS_TAG_RATIO);

    return put_in(root, LOSSY, PACS_CS, pacs_lit("01"), a) != NULL
           && add_value(root, METHOD, PACS_CS, "\\", pacs_cstr(method_of(to)),
                        a)
           && add_derivation_code(root, a)
           && (pacs_elem_raw(root, DERIVATION).len + text.len + 2
               > DESCRIPTION_MAX
               || add_value(root, DERIVATION, PACS_ST, "; ", text, a));
}


/* retired, but in old files: an overlay in bits that a sample leaves free */
static bool
has_overlay_in_pixels(const pacs_item_t *root)
{
    for (uint32_t group = 0; group < 0x20; group += 2) {
        int64_t  bits;

        if (pacs_elem_int(root, OVERLAY_BITS + (group << 16), 0, &bits)
            && bits > 1
            && pacs_elem(root, OVERLAY_DATA + (group << 16)) == NULL)
        {
            return true;
        }
    }
    return false;
}


static bool
has_coded(const pacs_elem_t *sequence)
{
    for (const pacs_item_t *i = sequence->items; i != NULL; i = i->next) {
        const pacs_elem_t *e = pacs_elem(i, PIXEL_DATA);

        if (e != NULL && e->undefined) {
            return true;
        }
    }
    return false;
}


/* icons that are coded in the syntax that the data set had, at any depth */
static bool
drop_coded_icons(pacs_item_t *root)
{
    pacs_buf_t  stack = { 0 };

    pacs_buf_add(&stack, &root, sizeof(root));

    while (stack.len != 0 && !stack.failed) {
        pacs_item_t  *item;

        stack.len -= sizeof(item);
        memcpy(&item, stack.data + stack.len, sizeof(item));

        for (pacs_elem_t **p = &item->elems; *p != NULL; ) {
            if (has_coded(*p)) {
                *p = (*p)->next;
                continue;
            }
            for (pacs_item_t *i = (*p)->items; i != NULL; i = i->next) {
                pacs_buf_add(&stack, &i, sizeof(i));
            }
            p = &(*p)->next;
        }
    }

    pacs_buf_free(&stack);
    return !stack.failed;
}


int
pacs_transcode_attributes(pacs_dataset_t *ds, const pacs_pixels_t *px,
    pacs_str_t target, pacs_arena_t *a, pacs_str_t *ratios, pacs_err_t *err)
{
    const pacs_syntax_t *to = pacs_syntax(target);
    pacs_item_t         *root = ds->root;
    bool                 done;

    *ratios = pacs_null;

    if (has_overlay_in_pixels(root)) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "an overlay lies in bits of "
                         "the pixel data, and would be lost in another "
                         "transfer syntax");
    }

    take_out(root, OFFSETS);
    take_out(root, OFFSETS + 1);
    take_out(root, OFFSETS + 2);

    done = drop_coded_icons(root) && put_colour(root, px, a)
           && put_us(root, ALLOCATED, px->allocated, a)
           && put_us(root, HIGH_BIT, px->high_bit, a);

    if (done && to->lossy) {
        done = add_loss(root, to, a, ratios);
    } else if (done && ds->syntax->lossy
               && pacs_elem_raw(root, LOSSY).len == 0)
    {
        done = put_in(root, LOSSY, PACS_CS, pacs_lit("01"), a) != NULL;
    }
    return done ? PACS_OK : PACS_E_NOMEM;
}
