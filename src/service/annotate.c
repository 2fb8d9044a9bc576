/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What is burnt into a picture, PS3.18 8.3.5.1.1: a table of attributes, by
 * corner and line, each from the instance's own data set, of multi-frame
 * images from the frame's functional groups (PS3.3 C.7.6.16), unless it was
 * corrected.  The index is not asked for the rest: its study says what the
 * first instance did, and a picture must not bear another's name.
 */

#include <stdio.h>
#include <string.h>

#include "service/internal.h"

typedef struct {
    pacs_dataset_t   ds;
    pacs_str_t      *corrected;             /* by attribute of the index */
    uint32_t         frame;                 /* from 0 */
    pacs_str_t       what;                  /* of the series, or null */
    pacs_arena_t    *arena;
    pacs_buf_t       text[PACS_CORNERS];
    int              line[PACS_CORNERS];    /* of the table, the last */
    bool             said;                  /* the last row was */
} notes_t;

/* one value, as it comes from the index or a data set */
typedef void (*put_pt)(pacs_buf_t *b, pacs_str_t value);

typedef struct {
    uint8_t      kind, corner, line;
    const char  *label;
    uint32_t     tag;
    uint32_t     group;         /* functional group it may lie in, or 0 */
    bool         instead;       /* only if the row before has no value */
    put_pt       put;
    const char  *unit;
} row_t;

#define FIELD  "\x1f"           /* see pacs_annotation_t */

enum { GROUPS = 3, NUMBERS = 6 };


static void
put_text(pacs_buf_t *b, pacs_str_t value)
{
    pacs_annotation_add(b, value);
}


/* "Family^Given^Middle^Prefix^Suffix" as the viewer writes it:
 * "Family, Prefix Given Middle, Suffix" */
static void
put_group(pacs_buf_t *b, pacs_str_t group)
{
    static const struct { unsigned at; const char *by; } order[] = {
        { 0, "" }, { 3, ", " }, { 1, " " }, { 2, " " }, { 4, ", " }
    };
    pacs_str_t  part[5] = { { NULL, 0 } };
    bool        given = false;
    size_t      start = b->len;

    for (unsigned i = 0; i < 5; i++) {
        if (!pacs_str_split(&group, '^', &part[i])) {
            break;
        }
        part[i] = pacs_str_trim(part[i]);
    }
    for (unsigned i = 0; i < 5; i++) {
        const char  *by = order[i].by;

        if (part[order[i].at].len == 0) {
            continue;
        }
        if (i > 0 && i < 4) {
            by = given ? " " : ", ";
            given = true;
        }
        pacs_buf_text(b, b->len == start ? "" : by);
        pacs_annotation_add(b, part[order[i].at]);
    }
}


/* all groups, a line each: alphabetic, ideographic, phonetic */
static void
put_name(pacs_buf_t *b, pacs_str_t value)
{
    size_t      start = b->len;
    pacs_str_t  group;

    for (unsigned i = 0; i < GROUPS && pacs_str_split(&value, '=', &group);
         i++)
    {
        if (b->len != start && b->data[b->len - 1] != '\n') {
            pacs_buf_char(b, '\n');
        }
        put_group(b, group);
    }
}


static bool
digits(pacs_str_t s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i >= s.len || s.data[i] < '0' || s.data[i] > '9') {
            return false;
        }
    }
    return true;
}


static void
put_date(pacs_buf_t *b, pacs_str_t v)
{
    if (v.len == 8 && digits(v, 8)) {
        pacs_buf_printf(b, "%.4s-%.2s-%.2s", v.data, v.data + 4, v.data + 6);
    } else {
        pacs_annotation_add(b, v);
    }
}


static void
put_time(pacs_buf_t *b, pacs_str_t v)
{
    if (!digits(v, 4)) {
        pacs_annotation_add(b, v);
        return;
    }
    pacs_buf_printf(b, "%.2s:%.2s", v.data, v.data + 2);
    if (digits(v, 6)) {
        pacs_buf_printf(b, ":%.2s", v.data + 4);
    }
}


static void
put_date_time(pacs_buf_t *b, pacs_str_t v)
{
    if (v.len <= 8 || !digits(v, 8)) {
        put_date(b, v);
        return;
    }
    put_date(b, (pacs_str_t) { v.data, 8 });
    pacs_buf_char(b, ' ');
    put_time(b, (pacs_str_t) { v.data + 8, v.len - 8 });
}


/* each as a number without its trailing digits of noise */
static void
put_numbers(pacs_buf_t *b, pacs_str_t value)
{
    pacs_str_t   part;
    double       v;

    for (unsigned i = 0; i < NUMBERS && pacs_str_split(&value, '\\', &part);
         i++)
    {
        pacs_buf_text(b, i == 0 ? "" : ", ");
        if (pacs_str_double(pacs_str_trim(part), &v)) {
            pacs_buf_printf(b, "%.5g", v);
        } else {
            pacs_annotation_add(b, part);
        }
    }
}


enum {
    P = PACS_NOTE_PATIENT, T = PACS_NOTE_TECHNIQUE,
    I = 4,                      /* technique of one image, not of a volume */
    TL = PACS_TOP_LEFT, TR = PACS_TOP_RIGHT,
    BL = PACS_BOTTOM_LEFT, BR = PACS_BOTTOM_RIGHT
};

static const row_t  rows[] = {
    { P, TL, 0, "", 0x00100010, 0, 0, put_name, "" },
    { P, TL, 1, "ID ", 0x00100020, 0, 0, put_text, "" },
    { P, TL, 2, "born ", 0x00100030, 0, 0, put_date, "" },
    { P, TL, 2, "", 0x00100040, 0, 0, put_text, "" },
    { P, TL, 2, "", 0x00101010, 0, 0, put_text, "" },

    { T, TR, 0, "", 0x00080080, 0, 0, put_text, "" },
    { T, TR, 1, "", 0x00081030, 0, 0, put_text, "" },
    { T, TR, 2, "Study ", 0x00080020, 0, 0, put_date, "" },
    { T, TR, 2, "", 0x00080030, 0, 0, put_time, "" },
    { T, TR, 3, "Study ID ", 0x00200010, 0, 0, put_text, "" },
    { T, TR, 4, "Acc. ", 0x00080050, 0, 0, put_text, "" },
    { T, TR, 5, "Acquired ", 0x00080022, 0, 0, put_date, "" },
    { I, TR, 5, "Acquired ", 0x0008002A, 0, 1, put_date_time, "" },
    { I, TR, 5, "", 0x00080032, 0, 0, put_time, "" },

    { T, BR, 0, "", 0x0008103E, 0, 0, put_text, "" },
    { T, BR, 1, "Series ", 0x00200011, 0, 0, put_text, "" },
    { I, BR, 1, "Image ", 0x00200013, 0, 0, put_text, "" },
    { I, BR, 3, "", 0x00185101, 0, 0, put_text, "" },
    { T, BR, 3, "Side ", 0x00209072, 0x00209071, 0, put_text, "" },
    { T, BR, 3, "Side ", 0x00200062, 0, 1, put_text, "" },
    { T, BR, 3, "Side ", 0x00200060, 0, 1, put_text, "" },
    { I, BR, 4, "Slice ", 0x00180050, 0x00289110, 0, put_numbers, " mm" },
    { I, BR, 4, "Gap ", 0x00180088, 0x00289110, 0, put_numbers, " mm" },
    { I, BR, 5, "Location ", 0x00201041, 0, 0, put_numbers, " mm" },
    { I, BR, 6, "Position ", 0x00200032, 0x00209113, 0, put_numbers, " mm" },
    { I, BR, 7, "Pixel ", 0x00280030, 0x00289110, 0, put_numbers, " mm" },

    { T, BL, 0, "", 0x00080060, 0, 0, put_text, "" },
    { T, BL, 0, "", 0x00180010, 0, 0, put_text, "" },
    { T, BL, 1, "", 0x00180060, 0x00189325, 0, put_numbers, " kV" },
    { T, BL, 1, "", 0x00189330, 0x00189321, 0, put_numbers, " mA" },
    { T, BL, 1, "", 0x00181151, 0, 1, put_numbers, " mA" },
    { T, BL, 1, "", 0x00189332, 0x00189321, 0, put_numbers, " mAs" },
    { T, BL, 1, "", 0x00181152, 0, 1, put_numbers, " mAs" },
    { T, BL, 1, "", 0x00181210, 0x00189314, 0, put_text, "" },
    { T, BL, 2, "TR ", 0x00180080, 0x00189112, 0, put_numbers, " ms" },
    { T, BL, 2, "TE ", 0x00189082, 0x00189114, 0, put_numbers, " ms" },
    { T, BL, 2, "TE ", 0x00180081, 0, 1, put_numbers, " ms" },
    { T, BL, 2, "TI ", 0x00180082, 0, 0, put_numbers, " ms" },
    { T, BL, 2, "FA ", 0x00181314, 0x00189112, 0, put_numbers, "°" },
    { T, BL, 2, "", 0x00180087, 0, 0, put_numbers, " T" }
};


/* item `at` of a sequence of the root, or NULL */
static const pacs_item_t *
item_at(const pacs_item_t *root, uint32_t tag, uint32_t at)
{
    const pacs_item_t  *item = pacs_elem_item(root, tag);

    while (item != NULL && at-- > 0) {
        item = item->next;
    }
    return item;
}


/* in the functional group: the frame's own, else the one shared by all */
static const pacs_item_t *
group_of(const notes_t *n, uint32_t group)
{
    const pacs_item_t  *root = n->ds.root;
    const pacs_item_t  *own = item_at(root, 0x52009230, n->frame);
    const pacs_item_t  *all = item_at(root, 0x52009229, 0);
    const pacs_item_t  *item = own ? pacs_elem_item(own, group) : NULL;

    return item != NULL || all == NULL ? item : pacs_elem_item(all, group);
}


static pacs_str_t
text_in(const notes_t *n, const pacs_item_t *item, uint32_t tag)
{
    const pacs_elem_t  *e = item != NULL ? pacs_elem(item, tag) : NULL;

    return e == NULL ? pacs_null
           : e->value == NULL && e->length != 0 ? pacs_lit("…")   /* bulk */
           : pacs_elem_text(item, e, n->arena);
}


static pacs_str_t
value_of(const notes_t *n, uint32_t tag, uint32_t group)
{
    int         attr = pacs_attr_find(tag, 0);
    pacs_str_t  v = attr < 0 ? pacs_null : n->corrected[attr];

    if (v.data != NULL) {
        return v;
    }
    if (group != 0) {
        v = text_in(n, group_of(n, group), tag);
    }
    return v.len != 0 ? v : text_in(n, n->ds.root, tag);
}


/* a further field of that line of the corner's */
static pacs_buf_t *
begin_field(notes_t *n, unsigned corner, int line)
{
    pacs_buf_t  *b = &n->text[corner];

    if (b->len != 0) {
        pacs_buf_text(b, n->line[corner] == line ? FIELD "  " FIELD : "\n");
    }
    n->line[corner] = line;
    return b;
}


static void
add_row(notes_t *n, const row_t *r)
{
    pacs_str_t  v = value_of(n, r->tag, r->group);

    if (r->instead && n->said) {
        return;
    }
    n->said = v.len != 0;
    if (!n->said) {
        return;
    }

    pacs_buf_t  *b = begin_field(n, r->corner, r->line);

    pacs_buf_printf(b, "%s" FIELD, r->label);
    r->put(b, v);
    pacs_buf_printf(b, FIELD "%s", r->unit);
}


/* as FDA's guidance of 27 July 2000 wants it: said, with ratio and method */
static void
add_lossy(notes_t *n)
{
    pacs_str_t  flag = text_in(n, n->ds.root, 0x00282110);

    if (flag.len != 0 ? !pacs_str_is(flag, "01") : !n->ds.syntax->lossy) {
        return;
    }

    pacs_buf_t  *b = begin_field(n, PACS_BOTTOM_LEFT, 3);

    pacs_buf_text(b, "LOSSY" FIELD " ");
    put_numbers(b, text_in(n, n->ds.root, 0x00282112));
    pacs_buf_text(b, FIELD " ");
    put_text(b, text_in(n, n->ds.root, 0x00282114));
}


/* which regional forms of ideographs: PS3.3 C.12.1.1.2 */
static const char *
language(const pacs_item_t *root)
{
    static const struct { const char *set, *language; } known[] = {
        { "GB", "zh-hans" }, { "IR 58", "zh-hans" }, { "IR 149", "ko" },
        { "IR 87", "ja" }, { "IR 159", "ja" }, { "IR 13", "ja" }
    };
    char  charset[128];

    snprintf(charset, sizeof(charset), "%.*s", pacs_fmt(root->charset));
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strstr(charset, known[i].set) != NULL) {
            return known[i].language;
        }
    }
    return NULL;
}


static void
add_all(notes_t *n, unsigned kinds)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].kind & kinds) {
            add_row(n, &rows[i]);
        }
        /* behind the image's number */
        if (rows[i].tag == 0x00200013 && kinds & T && n->what.len != 0) {
            pacs_buf_str(begin_field(n, BR, 1), n->what);
        }
    }
    if (kinds & PACS_NOTE_TECHNIQUE) {
        add_lossy(n);
    }
}


/* the data set, and what was corrected of it */
static int
read_values(pacs_op_t *op, pacs_image_t *im, notes_t *n, pacs_err_t *err)
{
    pacs_index_t         *ix = op->svc->index;
    const pacs_record_t  *r = &im->record;
    int                   rc = pacs_dicom_read(im->file,
                                               pacs_service_limits(op->svc),
                                               PACS_KEEP, op->arena, &n->ds,
                                               err);

    n->corrected = pacs_calloc(op->arena, pacs_nattrs, sizeof(*n->corrected));

    return rc != PACS_OK ? rc
           : n->corrected == NULL ? PACS_E_NOMEM
           : ix->vt->corrected(ix, r->study, r->series, r->instance,
                               op->arena, n->corrected, err);
}


static int
annotate(pacs_op_t *op, pacs_image_t *im, unsigned kinds, notes_t *n,
    const pacs_annotation_t **out, pacs_err_t *err)
{
    pacs_annotation_t  *note = pacs_calloc(op->arena, 1, sizeof(*note));
    int                 rc;

    *out = note;
    if (note == NULL) {
        return PACS_E_NOMEM;
    }

    n->arena = op->arena;
    if ((rc = read_values(op, im, n, err)) != PACS_OK) {
        return rc;
    }

    add_all(n, kinds);
    note->language = language(n->ds.root);
    note->window = kinds & PACS_NOTE_TECHNIQUE;
    note->drawn = pacs_calloc(op->arena, 1, sizeof(*note->drawn));

    for (unsigned i = 0; i < PACS_CORNERS; i++) {
        note->lines[i] = pacs_buf_take(&n->text[i], op->arena);
        if (note->lines[i].data == NULL) {
            rc = PACS_E_NOMEM;
        }
    }
    return note->drawn == NULL ? PACS_E_NOMEM : rc;
}


int
pacs_annotate(pacs_op_t *op, pacs_image_t *im, unsigned kinds,
    uint32_t frame, const pacs_annotation_t **out, pacs_err_t *err)
{
    notes_t   n = { .frame = frame };
    uint32_t  frames = im->record.pixels.frames;

    *out = NULL;
    if (kinds == 0) {
        return PACS_OK;
    }
    if (frames > 1) {
        n.what = pacs_sprintf(op->arena, "Frame %u/%u", frame + 1, frames);
    }
    return annotate(op, im, kinds & T ? kinds | I : kinds, &n, out, err);
}


int
pacs_annotate_volume(pacs_op_t *op, pacs_image_t *im, unsigned kinds,
    pacs_str_t what, const pacs_annotation_t **out, pacs_err_t *err)
{
    notes_t  n = { .what = what };

    return annotate(op, im, kinds, &n, out, err);
}
