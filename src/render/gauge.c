/* SPDX-License-Identifier: BSD-2-Clause */

/* Attributes -> what a stored value stands for, how large a pixel is. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render/measure.h"
#include "render/pipeline.h"

enum { MAX_REGIONS = 64, MAX_TABLE = 65536 };

enum {
    CODE_VALUE = 0x00080100,
    SPACING_IMAGER = 0x00181164, SPACING_NOMINAL = 0x00182010,
    US_SEQ = 0x00186011, US_LEFT = 0x00186018, US_UNITS_X = 0x00186024,
    US_UNITS_Y = 0x00186026, US_DELTA_X = 0x0018602c,
    US_DELTA_Y = 0x0018602e, ROWS = 0x00280010, COLUMNS = 0x00280011,
    SPACING_PATIENT = 0x00280030, CALIBRATION = 0x00280a02,
    MODALITY_SEQ = 0x00283000, MODALITY_TYPE = 0x00283004,
    MEASURES_SEQ = 0x00289110,
    RWV_UNITS = 0x004008ea, RWV_SEQ = 0x00409096, RWV_LAST = 0x00409211,
    RWV_TABLE = 0x00409212, RWV_LAST_FLOAT = 0x00409213,
    RWV_FIRST_FLOAT = 0x00409214, RWV_FIRST = 0x00409216,
    RWV_INTERCEPT = 0x00409224, RWV_SLOPE = 0x00409225,
    SHARED = 0x52009229, PER_FRAME = 0x52009230
};


/* the first item of `tag` in the frame's functional group, or the shared one
 * (PS3.3 C.7.6.16.2); NULL: neither has it */
static const pacs_item_t *
grouped(const pacs_dataset_t *ds, uint32_t frame, uint32_t tag)
{
    const pacs_item_t *g = pacs_elem_item(ds->root, PER_FRAME);

    for (; g != NULL && frame > 0; frame--) {
        g = g->next;
    }

    const pacs_item_t *item = g == NULL ? NULL : pacs_elem_item(g, tag);

    if (item == NULL && (g = pacs_elem_item(ds->root, SHARED)) != NULL) {
        item = pacs_elem_item(g, tag);
    }
    return item;
}


/* --- values --- */

double
pacs_scale_value(const pacs_scale_t *s, double stored)
{
    if (s->look != NULL) {
        return pacs_look_value(s->look, s->frame, stored) * s->factor;
    }
    if (!(stored >= s->first && stored <= s->last)) {
        return NAN;
    }
    return s->table != NULL ? s->table[(size_t) (stored - s->first)]
                            : stored * s->slope + s->intercept;
}


/* defined terms that are not UCUM (PS3.3 C.11.1.1.2, C.8.9.1.1.3), and
 * UCUM's way to say HU */
static const struct { const char *term, *unit; }  units[] = {
    { "US", "" }, { "OD", "0.001 OD" }, { "MGML", "mg/ml" }, { "PCT", "%" },
    { "[hnsf'U]", "HU" }, { "GY", "Gy" }, { "BQML", "Bq/ml" },
    { "CNTS", "counts" }, { "NONE", "" }, { "CM2", "cm2" },
    { "PCNT", "%" }, { "CPS", "counts/s" }, { "MGMINML", "mg/min/ml" },
    { "UMOLMINML", "umol/min/ml" }, { "MLMING", "ml/min/g" },
    { "MLG", "ml/g" }, { "1CM", "1/cm" }, { "UMOLML", "umol/ml" },
    { "PROPCNTS", "proportional to counts" },
    { "PROPCPS", "proportional to counts/s" }, { "MLMINML", "ml/min/ml" },
    { "MLML", "ml/ml" }, { "GML", "g/ml" }, { "STDDEV", "SD" }
};


static void
set_unit(pacs_scale_t *s, pacs_str_t term)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (pacs_str_is(term, units[i].term)) {
            term = pacs_cstr(units[i].unit);
        }
    }
    snprintf(s->unit, sizeof(s->unit), "%.*s", pacs_fmt(term));
}


/* PS3.3 C.7.6.16.2.11: the range that is mapped, then a line or a table */
static bool
read_real_world(const pacs_item_t *item, pacs_arena_t *a, pacs_scale_t *out)
{
    pacs_scale_t         s = { .slope = 1 };
    const pacs_item_t   *code = pacs_elem_item(item, RWV_UNITS);
    const pacs_elem_t   *table = pacs_elem(item, RWV_TABLE);

    if (code == NULL
        || !((pacs_elem_double(item, RWV_FIRST, 0, &s.first)
              && pacs_elem_double(item, RWV_LAST, 0, &s.last))
             || (pacs_elem_double(item, RWV_FIRST_FLOAT, 0, &s.first)
                 && pacs_elem_double(item, RWV_LAST_FLOAT, 0, &s.last)))
        || s.first > s.last)
    {
        return false;
    }

    set_unit(&s, pacs_elem_raw(code, CODE_VALUE));

    if (pacs_elem_double(item, RWV_SLOPE, 0, &s.slope)
        && pacs_elem_double(item, RWV_INTERCEPT, 0, &s.intercept))
    {
        *out = s;
        return true;
    }

    double   n = s.last - s.first + 1;
    double  *v = n <= MAX_TABLE ? pacs_calloc(a, (size_t) n, sizeof(*v))
                                : NULL;

    if (v == NULL || table == NULL || table->length < n * sizeof(*v)) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        if (!pacs_elem_double(item, RWV_TABLE, i, &v[i])) {
            return false;
        }
    }
    s.table = v;
    *out = s;
    return true;
}


static void
read_scale(const pacs_dataset_t *ds, const pacs_look_t *look, uint32_t frame,
    pacs_arena_t *a, pacs_scale_t *s)
{
    const pacs_item_t *item = grouped(ds, frame, RWV_SEQ);

    if (item == NULL) {
        item = pacs_elem_item(ds->root, RWV_SEQ);
    }
    if (item != NULL && read_real_world(item, a, s)) {
        return;
    }

    *s = (pacs_scale_t) { .look = look, .frame = frame, .factor = 1 };

    if (look->suv > 0) {
        s->factor = s->suv = look->suv;
        set_unit(s, pacs_lit("SUVbw"));
        return;
    }

    item = pacs_elem_item(ds->root, MODALITY_SEQ);
    set_unit(s, look->modality.entries > 0 && item != NULL
                ? pacs_elem_raw(item, MODALITY_TYPE)
                : pacs_cstr(look->unit));
}


/* --- millimetres --- */

static bool
spacing(const pacs_item_t *item, uint32_t tag, const char *source,
    pacs_spacing_t *s)
{
    double  row, column;

    if (item == NULL || !pacs_elem_double(item, tag, 0, &row)
        || !pacs_elem_double(item, tag, 1, &column)
        || !(row > 0) || !(column > 0))
    {
        return false;
    }

    *s = (pacs_spacing_t) { .row = row, .column = column, .source = source };
    return true;
}


/* PS3.3 10.7.1.3: what is in the patient before what is on a detector */
static void
read_spacing(const pacs_dataset_t *ds, uint32_t frame, pacs_spacing_t *s)
{
    const pacs_item_t *root = ds->root;

    if (spacing(grouped(ds, frame, MEASURES_SEQ), SPACING_PATIENT,
                "PixelSpacing", s))
    {
        return;
    }
    if (spacing(root, SPACING_PATIENT, "PixelSpacing", s)) {
        snprintf(s->calibration, sizeof(s->calibration), "%.*s",
                 pacs_fmt(pacs_elem_raw(root, CALIBRATION)));
        return;
    }
    if (!spacing(root, SPACING_IMAGER, "ImagerPixelSpacing", s)
        && !spacing(root, SPACING_NOMINAL, "NominalScannedPixelSpacing", s))
    {
        *s = (pacs_spacing_t) { .source = "none" };
    }
}


static bool
read_corners(const pacs_item_t *item, pacs_us_region_t *r)
{
    double  v[4];

    for (unsigned i = 0; i < 4; i++) {
        if (!pacs_elem_double(item, US_LEFT + 2 * i, 0, &v[i])) {
            return false;
        }
    }

    *r = (pacs_us_region_t) { v[0], v[1], v[2], v[3], 0, 0 };
    return true;
}


/* does the region have a scale, or axes that are none of length? */
static bool
read_units(const pacs_item_t *item, pacs_us_region_t *r)
{
    double   dx, dy;
    int64_t  x, y;

    /* 0: none, says nothing; 3: cm; others are time, velocity, … */
    if (!pacs_elem_int(item, US_UNITS_X, 0, &x)
        || !pacs_elem_int(item, US_UNITS_Y, 0, &y) || (x == 0 && y == 0))
    {
        return false;
    }

    if (x == 3 && y == 3 && pacs_elem_double(item, US_DELTA_X, 0, &dx)
        && dx != 0 && pacs_elem_double(item, US_DELTA_Y, 0, &dy) && dy != 0)
    {
        r->column = fabs(dx) * 10;
        r->row = fabs(dy) * 10;
    }
    return true;
}


/* a region that reaches out of the image is of another one, which this was
 * cut or shrunk from: nothing of its scales is this one's; some name the
 * corner after the last pixel */
static bool
is_inside(const pacs_us_region_t *r, double columns, double rows)
{
    return r->left >= 0 && r->top >= 0 && r->left <= r->right
           && r->top <= r->bottom && r->right <= columns
           && r->bottom <= rows;
}


static int
read_regions(const pacs_dataset_t *ds, pacs_arena_t *a, pacs_gauge_t *g,
    pacs_err_t *err)
{
    double              columns = 0, rows = 0;
    const pacs_item_t  *item = pacs_elem_item(ds->root, US_SEQ);

    if (item == NULL) {
        return PACS_OK;
    }

    pacs_elem_double(ds->root, COLUMNS, 0, &columns);
    pacs_elem_double(ds->root, ROWS, 0, &rows);

    g->regions = pacs_calloc(a, MAX_REGIONS, sizeof(*g->regions));
    if (g->regions == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "ultrasound regions");
    }

    for (; item != NULL && g->nregions < MAX_REGIONS; item = item->next) {
        pacs_us_region_t *r = &g->regions[g->nregions];

        if (!read_corners(item, r)) {
            continue;
        }
        if (!is_inside(r, columns, rows)) {
            g->nregions = 0;
            g->spacing = (pacs_spacing_t) { .source = "none" };
            return PACS_OK;
        }
        g->nregions += read_units(item, r);
    }
    return PACS_OK;
}


static bool
holds(const pacs_us_region_t *r, const pacs_box_t *b)
{
    return b->x0 >= r->left && b->y0 >= r->top && b->x1 <= r->right + 1
           && b->y1 <= r->bottom + 1;
}


static double
size(const pacs_us_region_t *r)
{
    return (r->right - r->left) * (r->bottom - r->top);
}


pacs_spacing_t
pacs_gauge_spacing(const pacs_gauge_t *g, const pacs_box_t *box)
{
    const pacs_us_region_t *best = NULL;

    for (unsigned i = 0; i < g->nregions; i++) {
        const pacs_us_region_t *r = &g->regions[i];

        if (holds(r, box) && (best == NULL || size(r) < size(best))) {
            best = r;
        }
    }

    if (best == NULL) {
        return g->spacing;
    }
    return best->row > 0
           ? (pacs_spacing_t) { .row = best->row, .column = best->column,
                                .source = "SequenceOfUltrasoundRegions" }
           : (pacs_spacing_t) { .source = "none" };
}


int
pacs_gauge_read(const pacs_dataset_t *ds, const pacs_look_t *look,
    uint32_t frame, pacs_arena_t *a, pacs_gauge_t *g, pacs_err_t *err)
{
    *g = (pacs_gauge_t) { .nregions = 0 };
    read_scale(ds, look, frame, a, &g->scale);
    read_spacing(ds, frame, &g->spacing);

    return read_regions(ds, a, g, err);
}
