/* SPDX-License-Identifier: BSD-2-Clause */

/* values of a data set that was read */

#include <math.h>
#include <string.h>

#include "dicom/dicom.h"


const pacs_elem_t *
pacs_elem(const pacs_item_t *item, uint32_t tag)
{
    const pacs_elem_t *e = item == NULL ? NULL : item->elems;

    while (e != NULL && e->tag < tag) {
        e = e->next;
    }
    return e != NULL && e->tag == tag ? e : NULL;
}


const pacs_item_t *
pacs_elem_item(const pacs_item_t *item, uint32_t tag)
{
    const pacs_elem_t *e = pacs_elem(item, tag);

    return e == NULL ? NULL : e->items;
}


pacs_str_t
pacs_elem_raw(const pacs_item_t *item, uint32_t tag)
{
    const pacs_elem_t *e = pacs_elem(item, tag);

    if (e == NULL || e->value == NULL) {
        return pacs_null;
    }
    return pacs_str_trim((pacs_str_t) { (const char *) e->value,
                                        (size_t) e->length });
}


/* one value of a text, trimmed */
static bool
text_value(const pacs_elem_t *e, unsigned index, pacs_str_t *part)
{
    pacs_str_t  rest = { (const char *) e->value, (size_t) e->length };

    do {
        if (!pacs_str_split(&rest, '\\', part)) {
            return false;
        }
    } while (index-- != 0);

    *part = pacs_str_trim(*part);
    return part->len != 0;
}


/* one binary value as an unsigned number of its size */
static bool
binary_value(const pacs_item_t *item, const pacs_elem_t *e, unsigned size,
    unsigned index, uint64_t *value)
{
    if (e->length / size <= index) {
        return false;
    }

    const uint8_t  *p = e->value + (size_t) index * size;
    uint64_t        v = 0;

    for (unsigned i = 0; i < size; i++) {
        v = v << 8 | p[item->big_endian ? i : size - 1 - i];
    }

    if (e->vr == PACS_AT && !item->big_endian) {
        v = (v & 0xffff) << 16 | v >> 16;
    }

    *value = v;
    return true;
}


static bool
is_signed(uint16_t vr)
{
    return vr == PACS_SS || vr == PACS_SL || vr == PACS_SV;
}


static bool
is_float(uint16_t vr)
{
    return vr == PACS_FL || vr == PACS_FD || vr == PACS_OF || vr == PACS_OD;
}


static double
as_float(uint64_t bits, unsigned size)
{
    float     f;
    double    d;
    uint32_t  b = (uint32_t) bits;

    memcpy(&f, &b, sizeof(f));
    memcpy(&d, &bits, sizeof(d));

    return size == 4 ? (double) f : d;
}


static int64_t
sign_extend(uint64_t v, unsigned size)
{
    unsigned  shift = 64 - 8 * size;

    return (int64_t) (v << shift) >> shift;
}


static bool
whole(double d, int64_t *value)
{
    if (!(d >= -9007199254740992.0 && d <= 9007199254740992.0)
        || d != floor(d))
    {
        return false;
    }

    *value = (int64_t) d;
    return true;
}


/* an element that holds numbers, and its VR's row */
static const pacs_elem_t *
number_elem(const pacs_item_t *item, uint32_t tag, const pacs_vr_t **vr)
{
    const pacs_elem_t *e = pacs_elem(item, tag);

    *vr = e == NULL ? NULL : pacs_vr(e->vr);

    return *vr == NULL || e->value == NULL || e->length == 0
           || ((*vr)->size == 0 && !(*vr)->text) ? NULL : e;
}


bool
pacs_elem_int(const pacs_item_t *item, uint32_t tag, unsigned index,
    int64_t *value)
{
    const pacs_vr_t    *vr;
    const pacs_elem_t  *e = number_elem(item, tag, &vr);
    uint64_t            bits;
    double              d;
    pacs_str_t          s;

    if (e == NULL) {
        return false;
    }

    if (vr->text) {
        return text_value(e, index, &s)
               && (pacs_str_int(s, INT64_MIN, INT64_MAX, value)
                   || (pacs_str_double(s, &d) && whole(d, value)));
    }

    if (!binary_value(item, e, vr->size, index, &bits)) {
        return false;
    }
    if (is_float(e->vr)) {
        return whole(as_float(bits, vr->size), value);
    }
    if (is_signed(e->vr)) {
        *value = sign_extend(bits, vr->size);
        return true;
    }

    *value = (int64_t) bits;
    return bits <= INT64_MAX;
}


bool
pacs_elem_double(const pacs_item_t *item, uint32_t tag, unsigned index,
    double *value)
{
    const pacs_vr_t    *vr;
    const pacs_elem_t  *e = number_elem(item, tag, &vr);
    uint64_t            bits;
    pacs_str_t          s;

    if (e == NULL) {
        return false;
    }

    if (vr->text) {
        return text_value(e, index, &s) && pacs_str_double(s, value);
    }

    if (!binary_value(item, e, vr->size, index, &bits)) {
        return false;
    }

    *value = is_float(e->vr) ? as_float(bits, vr->size)
             : is_signed(e->vr) ? (double) sign_extend(bits, vr->size)
             : (double) bits;
    return isfinite(*value);
}


/* takes the path's next part; false: none */
static bool
path_part(pacs_str_t *path, pacs_str_t *part)
{
    return path->len != 0 && pacs_str_split(path, '/', part);
}


const pacs_elem_t *
pacs_bulk_find(const pacs_dataset_t *ds, pacs_str_t path)
{
    const pacs_item_t  *item = ds->root;
    pacs_str_t          part;

    while (path_part(&path, &part)) {
        uint32_t            tag;
        int64_t             n;
        const pacs_elem_t  *e;

        if (part.len != 8 || !pacs_tag_parse(part, &tag)) {
            return NULL;
        }

        e = pacs_elem(item, tag);
        if (e == NULL || path.data == NULL) {
            return e;
        }

        if (!path_part(&path, &part)
            || !pacs_str_int(part, 1, UINT32_MAX, &n) || path.data == NULL)
        {
            return NULL;
        }

        item = e->items;
        while (item != NULL && --n > 0) {
            item = item->next;
        }
        if (item == NULL) {
            return NULL;
        }
    }

    return NULL;
}
