/* SPDX-License-Identifier: BSD-2-Clause */

/* the events of a model as a data set's tree, Explicit VR Little Endian */

#include <math.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dicom/level.h"
#include "dicom/model.h"
#include "dicom/number.h"

#define CHARSET_TAG  0x00080005u
#define UTF8         "ISO_IR 192"

enum { BLOCKS_MAX = 1000 };


/* a private creator that was met or made */
typedef struct block_s  block_t;

struct block_s {
    block_t     *next;
    uint32_t     tag;               /* gggg00bb */
    pacs_str_t   creator;
};

/* an open data set: the root, or an item of the level above's element */
typedef struct {
    pacs_item_t      *item;
    pacs_elem_t      *last;
    pacs_elem_t      *elem;         /* the open one */
    pacs_item_t     **items;        /* where its next item goes */
    const pacs_vr_t  *vr;
    block_t          *blocks;
    unsigned          nblocks;
    bool              unsorted;
} level_t;

struct pacs_tree_s {
    const pacs_bulk_find_t  *find;
    const pacs_limits_t     *limits;
    pacs_arena_t            *a;
    pacs_dataset_t          *sets;
    unsigned                 n, room;
    level_t                 *level;     /* [0, limits->nesting] */
    int64_t                  depth;
    level_t                  meta;      /* group 2 */
    pacs_buf_t               value;
    unsigned                 count;     /* values of the open element */
    bool                     blank;     /* one of them was empty */
    bool                     unicode;   /* some text is not ASCII */
};


static int
no_memory(pacs_err_t *err)
{
    return pacs_fail(err, PACS_E_NOMEM, "no memory for a data set");
}


pacs_tree_t *
pacs_tree_create(const pacs_bulk_find_t *find, const pacs_limits_t *limits,
    pacs_arena_t *a)
{
    pacs_tree_t *t = pacs_calloc(a, 1, sizeof(*t));

    if (t == NULL) {
        return NULL;
    }

    t->find = find;
    t->limits = limits;
    t->a = a;
    t->value.max = (size_t) limits->dataset;
    t->level = pacs_calloc(a, (size_t) limits->nesting + 1,
                           sizeof(*t->level));
    return t->level != NULL ? t : NULL;
}


void
pacs_tree_sets(const pacs_tree_t *t, pacs_dataset_t **sets, unsigned *n)
{
    *sets = t->sets;
    *n = t->n;
}


void
pacs_tree_free(pacs_tree_t *t)
{
    pacs_buf_free(&t->value);
}


/* --- values --- */

static int
add_text(pacs_tree_t *t, const pacs_vr_t *vr, pacs_value_e kind,
    pacs_str_t text, pacs_err_t *err)
{
    if (t->count > 1 && !vr->multi) {
        return pacs_fail(err, PACS_E_ARG, "several values, this VR has one");
    }
    if (kind == PACS_V_NUMBER && vr->vr != PACS_DS && vr->vr != PACS_IS) {
        return pacs_fail(err, PACS_E_ARG, "a number, this VR is text");
    }
    if (text.len != 0 && memchr(text.data, '\0', text.len) != NULL) {
        return pacs_fail(err, PACS_E_ARG, "a NUL in a text");
    }
    if (vr->multi && text.len != 0 && memchr(text.data, '\\', text.len)) {
        return pacs_fail(err, PACS_E_ARG, "a backslash inside of one value");
    }

    for (size_t i = 0; i < text.len && (!t->unicode || !vr->charset); i++) {
        if ((text.data[i] & 0x80) != 0 && !vr->charset) {
            return pacs_fail(err, PACS_E_ARG, "VR %c%c has ASCII only",
                             vr->vr >> 8, vr->vr & 0xff);
        }
        t->unicode |= (text.data[i] & 0x80) != 0;
    }

    if (t->count > 1) {
        pacs_buf_char(&t->value, '\\');
    }
    pacs_buf_str(&t->value, text);
    return PACS_OK;
}


static void
add_bits(pacs_tree_t *t, uint64_t bits, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        pacs_buf_char(&t->value, (char) (bits >> 8 * i));
    }
}


static bool
only(pacs_str_t text, const char *chars)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\0' || strchr(chars, text.data[i]) == NULL) {
            return false;
        }
    }
    return true;
}


static bool
add_float(pacs_tree_t *t, unsigned size, pacs_str_t text)
{
    char      number[PACS_DECIMAL_MAX + 1], *end;
    uint32_t  low;
    uint64_t  bits;
    double    d = NAN;
    float     f = NAN;
    bool      good = true;

    if (text.len != 0 && pacs_number_infinite(text, &d)) {
        f = (float) d;

    } else if (text.len != 0) {
        if (text.len > PACS_DECIMAL_MAX
            || !only(text, "+-.0123456789eE"))
        {
            return false;
        }
        memcpy(number, text.data, text.len);
        number[text.len] = '\0';

        /* straight to the size it will have: rounding twice is not the same */
        f = strtof(number, &end);
        d = strtod(number, &end);
        good = *end == '\0' && end != number
               && isfinite(size == 4 ? (double) f : d);
    }

    memcpy(&low, &f, sizeof(low));
    memcpy(&bits, &d, sizeof(bits));
    add_bits(t, size == 4 ? low : bits, size);
    return good;
}


/* also 1.0 and 1e3, as some writers have all numbers */
static bool
add_integer(pacs_tree_t *t, const pacs_vr_t *vr, pacs_str_t text)
{
    bool     is_signed = vr->vr == PACS_SS || vr->vr == PACS_SL
                         || vr->vr == PACS_SV;
    int64_t  top = vr->size == 8 ? INT64_MAX
                   : (INT64_C(1) << (8 * vr->size - (is_signed ? 1 : 0))) - 1;
    int64_t  v, low = is_signed ? -top - 1 : 0;
    double   d;

    if (!pacs_str_int(text, low, top, &v)) {
        if (vr->vr == PACS_UV && text.len > 1 && text.len <= 20
            && pacs_str_int((pacs_str_t) { text.data, text.len - 1 }, 0,
                            UINT64_MAX / 10, &v)
            && text.data[text.len - 1] >= '0'
            && text.data[text.len - 1] <= '9')
        {
            unsigned  digit = (unsigned) (text.data[text.len - 1] - '0');

            if ((uint64_t) v == UINT64_MAX / 10 && digit > UINT64_MAX % 10) {
                return false;
            }
            add_bits(t, (uint64_t) v * 10 + digit, 8);
            return true;
        }

        if (!pacs_str_double(text, &d) || d != floor(d)
            || fabs(d) > 9007199254740992.0 || d < (double) low
            || d > (double) top)
        {
            return false;
        }
        v = (int64_t) d;
    }

    add_bits(t, (uint64_t) v, vr->size);
    return true;
}


static int
add_number(pacs_tree_t *t, const pacs_vr_t *vr, pacs_str_t text,
    pacs_err_t *err)
{
    bool      good;
    uint32_t  tag;

    if (vr->vr == PACS_FL || vr->vr == PACS_FD) {
        good = add_float(t, vr->size, text);

    } else if (text.len == 0) {
        add_bits(t, 0, vr->size);
        good = true;

    } else if (vr->vr == PACS_AT) {
        good = pacs_model_tag(text, &tag);
        add_bits(t, good ? tag >> 16 | (uint64_t) (tag & 0xffff) << 16 : 0, 4);

    } else {
        good = add_integer(t, vr, text);
    }

    return good ? PACS_OK
           : pacs_fail(err, PACS_E_ARG, "\"%.*s\" is no value of VR %c%c",
                       text.len > 40 ? 40 : (int) text.len, text.data,
                       vr->vr >> 8, vr->vr & 0xff);
}


static int
tree_value(void *ctx, pacs_value_e kind, pacs_str_t text, pacs_err_t *err)
{
    pacs_tree_t      *t = ctx;
    const pacs_vr_t  *vr = t->level[t->depth].vr;
    int               rc;

    t->count++;
    t->blank |= text.len == 0;

    rc = vr->text ? add_text(t, vr, kind, text, err)
                  : add_number(t, vr, text, err);

    if (rc == PACS_OK && t->value.failed) {
        rc = pacs_fail(err, PACS_E_LIMIT, "a value of more than %" PRId64
                       " bytes (limit dataset)", t->limits->dataset);
    }
    return rc;
}


static int
tree_binary(void *ctx, pacs_str_t base64, pacs_err_t *err)
{
    pacs_tree_t *t = ctx;

    if (!pacs_buf_unbase64(&t->value, base64)) {
        return pacs_fail(err, PACS_E_ARG, "InlineBinary is no base64");
    }
    return t->value.failed ? no_memory(err) : PACS_OK;
}


static int
tree_bulk(void *ctx, pacs_str_t uri, pacs_err_t *err)
{
    pacs_tree_t     *t = ctx;
    level_t         *l = &t->level[t->depth];
    pacs_dataset_t  *ds = &t->sets[t->n - 1];
    pacs_bulk_t      bulk = { 0 };
    int              rc;

    if (t->find == NULL) {
        return pacs_fail(err, PACS_E_NOT_FOUND, "bulk data by URI");
    }

    rc = t->find->find(t->find->ctx, uri, &bulk, err);
    if (rc != PACS_OK) {
        return rc;
    }

    if (bulk.fragments == NULL) {
        l->elem->value = bulk.value;
        l->elem->offset = bulk.offset;
        l->elem->length = bulk.length;
        return PACS_OK;
    }

    if (t->depth != 0 || l->elem->tag != PACS_TAG_PIXELS) {
        return pacs_fail(err, PACS_E_ARG, "compressed bulk data is for the "
                         "Pixel Data (7FE00010) of the data set only");
    }

    l->elem->undefined = 1;
    l->elem->vr = PACS_OB;
    ds->fragments = bulk.fragments;
    ds->nfragments = bulk.nfragments;
    return PACS_OK;
}


/* --- elements --- */

static void
append(level_t *l, pacs_elem_t *e)
{
    l->unsorted |= l->last != NULL && l->last->tag >= e->tag;
    *(l->last == NULL ? &l->item->elems : &l->last->next) = e;
    l->last = e;
}


static int
add_block(pacs_tree_t *t, level_t *l, uint32_t tag, pacs_str_t creator,
    pacs_err_t *err)
{
    block_t *b = pacs_calloc(t->a, 1, sizeof(*b));

    if (b == NULL) {
        return no_memory(err);
    }
    if (++l->nblocks > BLOCKS_MAX) {
        return pacs_fail(err, PACS_E_LIMIT, "more than %d private creators "
                         "in one data set or item", BLOCKS_MAX);
    }

    *b = (block_t) { .next = l->blocks, .tag = tag, .creator = creator };
    l->blocks = b;
    return PACS_OK;
}


/* PS3.5 7.8.1: the block that the creator has in this item, or the next one
 * of the group; then the creator's element is added */
static int
private_tag(pacs_tree_t *t, level_t *l, uint32_t *tag, pacs_str_t creator,
    pacs_err_t *err)
{
    uint32_t  block = (*tag & 0xffff0000) | 0x10;

    for (const block_t *b = l->blocks; b != NULL; b = b->next) {
        if (b->tag >> 16 != *tag >> 16) {
            continue;
        }
        if (pacs_str_eq(b->creator, creator)) {
            *tag = (*tag & 0xffff00ff) | (b->tag & 0xff) << 8;
            return PACS_OK;
        }
        block = b->tag >= block ? b->tag + 1 : block;
    }

    if ((block & 0xff00) != 0 || (*tag >> 16 & 1) == 0) {
        return pacs_fail(err, PACS_E_ARG, "no block for a private attribute");
    }

    pacs_elem_t *e = pacs_calloc(t->a, 1, sizeof(*e));

    creator = pacs_str_copy(t->a, creator);
    if (e == NULL || creator.data == NULL) {
        return no_memory(err);
    }

    e->tag = block;
    e->vr = PACS_LO;
    e->length = creator.len;
    e->value = (const uint8_t *) creator.data;
    append(l, e);
    *tag = (*tag & 0xffff00ff) | (block & 0xff) << 8;
    return add_block(t, l, block, creator, err);
}


static int
tree_attr(void *ctx, uint32_t tag, const pacs_vr_t *vr, pacs_str_t creator,
    pacs_err_t *err)
{
    pacs_tree_t  *t = ctx;
    level_t      *l = &t->level[t->depth];

    if (tag < 0x00040000 && (tag >> 16 != 2 || t->depth != 0)) {
        return pacs_fail(err, PACS_E_ARG, "no attribute of a data set");
    }

    if (creator.len != 0) {
        int  rc = private_tag(t, l, &tag, creator, err);

        if (rc != PACS_OK) {
            return rc;
        }
    }

    l->vr = vr;
    l->elem = pacs_calloc(t->a, 1, sizeof(*l->elem));
    if (l->elem == NULL) {
        return no_memory(err);
    }

    l->elem->tag = tag;
    l->elem->vr = vr->vr;
    l->items = &l->elem->items;
    t->value.len = 0;
    t->count = 0;
    t->blank = false;
    return PACS_OK;
}


static int
hold_value(pacs_tree_t *t, level_t *l, pacs_err_t *err)
{
    pacs_str_t  s = { t->value.data, t->value.len };

    /* nothing but null: no value.  Numbers have no other empty ones */
    if (t->blank && !l->vr->text) {
        if (t->count == 1) {
            s.len = 0;
        } else if (l->vr->vr != PACS_FL && l->vr->vr != PACS_FD) {
            return pacs_fail(err, PACS_E_ARG, "an empty value among numbers");
        }
    }

    if (l->elem->tag == CHARSET_TAG) {
        s = pacs_lit(UTF8);
    }
    if (s.len == 0) {
        s = pacs_lit("");
    } else {
        s = pacs_str_copy(t->a, s);
    }
    if (s.data == NULL) {
        return no_memory(err);
    }

    l->elem->value = (const uint8_t *) s.data;
    l->elem->length = s.len;
    return PACS_OK;
}


static int
tree_attr_end(void *ctx, pacs_err_t *err)
{
    pacs_tree_t     *t = ctx;
    level_t         *l = &t->level[t->depth];
    pacs_dataset_t  *ds = &t->sets[t->n - 1];
    pacs_elem_t     *e = l->elem;
    bool             bulk = e->value != NULL || e->length != 0 || e->undefined;

    if (e->vr != PACS_SQ && !bulk) {
        int  rc = hold_value(t, l, err);

        if (rc != PACS_OK) {
            return rc;
        }
    }

    if (e->length % (l->vr->size != 0 && !e->undefined ? l->vr->size : 1)
        != 0)
    {
        return pacs_fail(err, PACS_E_ARG, "%" PRIu64 " bytes: VR %c%c has "
                         "words of %u", e->length, e->vr >> 8, e->vr & 0xff,
                         l->vr->size);
    }

    if ((e->tag & 0xffff) == 0) {
        return PACS_OK;             /* a group length */
    }

    if (e->tag >> 16 == 2) {
        append(&t->meta, e);
        return PACS_OK;
    }
    if (t->depth == 0 && pacs_is_pixels(e->tag)) {
        ds->pixels = e;
    }

    append(l, e);

    return e->vr == PACS_LO && (e->tag >> 16 & 1) != 0
           && (e->tag & 0xffff) >= 0x10 && (e->tag & 0xff00) == 0
           ? add_block(t, l, e->tag, pacs_str_trim((pacs_str_t) {
                (const char *) e->value, (size_t) e->length }), err)
           : PACS_OK;
}


/* --- items and data sets --- */

static pacs_elem_t *
merge(pacs_elem_t *a, pacs_elem_t *b)
{
    pacs_elem_t  *first = NULL, **tail = &first;

    while (a != NULL && b != NULL) {
        pacs_elem_t **least = b->tag < a->tag ? &b : &a;

        *tail = *least;
        tail = &(*least)->next;
        *least = *tail;
    }
    *tail = a != NULL ? a : b;
    return first;
}


/* bottom up: run[i] is sorted and of 2^i elements */
static pacs_elem_t *
sorted(pacs_elem_t *list)
{
    pacs_elem_t  *run[64] = { NULL }, *all = NULL;

    while (list != NULL) {
        pacs_elem_t  *e = list;
        unsigned      i = 0;

        list = e->next;
        e->next = NULL;

        for (; run[i] != NULL; i++) {
            e = merge(run[i], e);
            run[i] = NULL;
        }
        run[i] = e;
    }

    for (unsigned i = 0; i < 64; i++) {
        all = merge(run[i], all);
    }
    return all;
}


static int
sort_item(level_t *l, pacs_err_t *err)
{
    if (!l->unsorted) {
        return PACS_OK;
    }

    l->item->elems = sorted(l->item->elems);

    for (const pacs_elem_t *e = l->item->elems; e->next != NULL; e = e->next) {
        if (e->tag == e->next->tag) {
            return pacs_fail(err, PACS_E_ARG, "%08" PRIX32 " is there twice",
                             e->tag);
        }
    }
    return PACS_OK;
}


static pacs_item_t *
item_new(pacs_tree_t *t, pacs_item_t *parent)
{
    pacs_item_t *item = pacs_calloc(t->a, 1, sizeof(*item));

    if (item != NULL) {
        item->parent = parent;
        item->charset = pacs_lit(UTF8);
    }
    return item;
}


static int
tree_item(void *ctx, pacs_err_t *err)
{
    pacs_tree_t  *t = ctx;
    level_t      *l = &t->level[t->depth];
    pacs_item_t  *item = item_new(t, l->item);

    if (item == NULL) {
        return no_memory(err);
    }

    *l->items = item;
    l->items = &item->next;
    t->level[++t->depth] = (level_t) { .item = item };
    return PACS_OK;
}


static int
tree_item_end(void *ctx, pacs_err_t *err)
{
    pacs_tree_t *t = ctx;

    return sort_item(&t->level[t->depth--], err);
}


static int
tree_set(void *ctx, pacs_err_t *err)
{
    pacs_tree_t *t = ctx;

    if (t->n == t->room) {
        unsigned         room = t->room == 0 ? 4 : t->room * 2;
        pacs_dataset_t  *sets = pacs_calloc(t->a, room, sizeof(*sets));

        if (sets == NULL) {
            return no_memory(err);
        }
        if (t->n != 0) {
            memcpy(sets, t->sets, t->n * sizeof(*sets));
        }
        t->sets = sets;
        t->room = room;
    }

    pacs_dataset_t *ds = &t->sets[t->n++];

    *ds = (pacs_dataset_t) {
        .syntax = pacs_syntax(pacs_lit("1.2.840.10008.1.2.1")),
        .root = item_new(t, NULL),
        .meta = item_new(t, NULL)
    };

    t->depth = 0;
    t->level[0] = (level_t) { .item = ds->root };
    t->meta = (level_t) { .item = ds->meta };
    t->unicode = false;
    return ds->root != NULL && ds->meta != NULL ? PACS_OK : no_memory(err);
}


static void
copy_uid(const pacs_item_t *item, uint32_t tag, char to[65])
{
    pacs_str_t  s = pacs_elem_raw(item, tag);

    if (pacs_uid_ok(s)) {
        memcpy(to, s.data, s.len);
    }
}


/* Specific Character Set, where it is needed and was not said */
static int
add_charset(pacs_tree_t *t, level_t *l, pacs_err_t *err)
{
    static const uint8_t   utf8[] = UTF8;
    pacs_elem_t          **at = &l->item->elems;

    while (*at != NULL && (*at)->tag < CHARSET_TAG) {
        at = &(*at)->next;
    }
    if (!t->unicode || (*at != NULL && (*at)->tag == CHARSET_TAG)) {
        return PACS_OK;
    }

    pacs_elem_t *e = pacs_calloc(t->a, 1, sizeof(*e));

    if (e == NULL) {
        return no_memory(err);
    }

    *e = (pacs_elem_t) { .tag = CHARSET_TAG, .vr = PACS_CS, .value = utf8,
                         .length = sizeof(utf8) - 1, .next = *at };
    *at = e;
    return PACS_OK;
}


static int
tree_set_end(void *ctx, pacs_err_t *err)
{
    pacs_tree_t     *t = ctx;
    pacs_dataset_t  *ds = &t->sets[t->n - 1];
    int              rc = sort_item(&t->level[0], err);

    if (rc == PACS_OK) {
        rc = sort_item(&t->meta, err);
    }
    if (rc == PACS_OK) {
        rc = add_charset(t, &t->level[0], err);
    }

    copy_uid(ds->meta, 0x00020010, ds->syntax_uid);
    copy_uid(ds->root, 0x00080016, ds->class_uid);
    copy_uid(ds->root, 0x00080018, ds->instance_uid);
    return rc;
}


const pacs_model_t  pacs_tree_model = {
    tree_set, tree_set_end, tree_attr, tree_value, tree_binary, tree_bulk,
    tree_item, tree_item_end, tree_attr_end
};
