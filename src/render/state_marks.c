/* SPDX-License-Identifier: BSD-2-Clause */

/* Graphic Layers and Graphic Annotations (PS3.3 C.10.7, C.10.5), as lines,
 * points, texts.  Curves are made lines of many pieces here. */

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "render/state_parts.h"

enum {
    ANNOTATION_SEQ = 0x00700001, LAYER = 0x00700002, BOX_UNITS = 0x00700003,
    ANCHOR_UNITS = 0x00700004, UNITS = 0x00700005, TEXT = 0x00700006,
    TEXT_SEQ = 0x00700008, GRAPHIC_SEQ = 0x00700009, BOX_FROM = 0x00700010,
    BOX_TO = 0x00700011, JUSTIFICATION = 0x00700012, ANCHOR = 0x00700014,
    ANCHOR_VISIBLE = 0x00700015, DIMENSIONS = 0x00700020,
    POINTS = 0x00700021, DATA = 0x00700022, TYPE = 0x00700023,
    FILLED = 0x00700024, LAYER_SEQ = 0x00700060, ORDER = 0x00700062,
    LAYER_GREY = 0x00700066, COMPOUND_SEQ = 0x00700209,
    COMPOUND_ID = 0x00700226, TEXT_STYLE = 0x00700231,
    LINE_STYLE = 0x00700232, FILL_STYLE = 0x00700233,
    HORIZONTAL = 0x00700242, VERTICAL = 0x00700243, SHADOW = 0x00700244,
    UNDERLINED = 0x00700248, BOLD = 0x00700249, ITALIC = 0x00700250,
    PATTERN_COLOUR = 0x00700251, THICKNESS = 0x00700253,
    DASHES = 0x00700254, FILL_MODE = 0x00700257, OPACITY = 0x00700284,
    LAYER_LAB = 0x00700401, TEXT_COLOUR = 0x00700241
};

/* pieces of a circle, of a stretch between two points */
enum { PIECES = 720, SPLINE = 16, LINE_MAX = 160, LAYERS_MAX = 1000,
       COMPOUND_COST = 100 };


static int
refuse(pacs_err_t *err, const char *what)
{
    return pacs_fail(err, PACS_E_UNSHOWABLE, "an annotation of the "
                     "presentation state has %s", what);
}


int
pacs_state_count(pacs_state_view_t *v, uint64_t n, pacs_err_t *err)
{
    int64_t  most = v->state->limits->state_points;

    v->points += n;
    return v->points <= (uint64_t) most
           ? PACS_OK
           : pacs_fail(err, PACS_E_LIMIT, "the graphics of the presentation "
                       "state have more points than the limit state_points "
                       "%" PRId64, most);
}


/* --- layers --- */

static int
by_order(const void *a, const void *b)
{
    const pacs_layer_t  *x = a, *y = b;

    return (x->order > y->order) - (x->order < y->order);
}


/* a grey one by its P-Value, a colour one by its CIELab value, if it has
 * both; white where it has none */
static pacs_tint_t
layer_tint(const pacs_item_t *item, unsigned kind)
{
    int64_t      grey = UINT16_MAX;
    bool         has_grey = pacs_elem_int(item, LAYER_GREY, 0, &grey);
    bool         has_lab;
    pacs_tint_t  lab = pacs_tint_lab(item, LAYER_LAB, &has_lab);

    return has_lab && (kind != PACS_STATE_GREY || !has_grey)
           ? lab : pacs_tint_grey(grey);
}


int
pacs_state_layers(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err)
{
    const pacs_item_t  *first = pacs_elem_item(v->state->ds->root, LAYER_SEQ);
    unsigned            n = 0;

    for (const pacs_item_t *i = first; i != NULL; i = i->next) {
        n++;
    }
    if (n > LAYERS_MAX) {
        return pacs_fail(err, PACS_E_LIMIT, "the presentation state has %u "
                         "graphic layers, at most %d are drawn", n,
                         LAYERS_MAX);
    }

    v->ink.layers = pacs_calloc(a, n + 1, sizeof(*v->ink.layers));
    if (v->ink.layers == NULL) {
        return PACS_E_NOMEM;
    }

    for (const pacs_item_t *i = first; i != NULL; i = i->next) {
        pacs_layer_t  *layer = &v->ink.layers[v->ink.n++];

        layer->name = pacs_elem_raw(i, LAYER);
        layer->tint = layer_tint(i, v->state->kind);
        (void) pacs_elem_int(i, ORDER, 0, &layer->order);
    }
    qsort(v->ink.layers, n, sizeof(*v->ink.layers), by_order);
    for (unsigned i = 0; i < n; i++) {
        v->ink.layers[i].last = &v->ink.layers[i].marks;
    }
    return PACS_OK;
}


pacs_layer_t *
pacs_state_layer(pacs_state_view_t *v, pacs_str_t name)
{
    for (unsigned i = 0; i < v->ink.n; i++) {
        if (pacs_str_eq(v->ink.layers[i].name, name)) {
            return &v->ink.layers[i];
        }
    }
    return NULL;
}


void
pacs_state_mark(pacs_layer_t *layer, pacs_mark_t *mark)
{
    *layer->last = mark;
    layer->last = &mark->next;
}


/* --- styles --- */

/* what is not drawn: a value that is neither absent nor this one */
static const struct { uint32_t sequence, tag; const char *plain, *what; }
    styles[] = {
    { TEXT_STYLE, SHADOW, "OFF", "a text with a shadow" },
    { TEXT_STYLE, UNDERLINED, "N", "an underlined text" },
    { TEXT_STYLE, BOLD, "N", "a bold text" },
    { TEXT_STYLE, ITALIC, "N", "an italic text" },
    { LINE_STYLE, SHADOW, "OFF", "a line with a shadow" },
    { LINE_STYLE, DASHES, "SOLID", "a dashed line" },
    { FILL_STYLE, FILL_MODE, "SOLID", "a pattern that fills" },
};


static int
check_styles(const pacs_item_t *object, pacs_err_t *err)
{
    for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
        const pacs_item_t  *style = pacs_elem_item(object,
                                                   styles[i].sequence);
        pacs_str_t          value = pacs_elem_raw(style, styles[i].tag);

        if (value.len != 0 && !pacs_str_is(value, styles[i].plain)) {
            return refuse(err, styles[i].what);
        }
    }
    return PACS_OK;
}


static void
colour(const pacs_state_view_t *v, const pacs_item_t *style, uint32_t tag,
    pacs_tint_t *tint, uint8_t *opacity)
{
    bool         given;
    double       part;
    pacs_tint_t  lab = pacs_tint_lab(style, tag, &given);

    *tint = given ? lab : *tint;
    if (pacs_elem_double(style, OPACITY, 0, &part) && part >= 0 && part <= 1) {
        *opacity = (uint8_t) (part * 255 + 0.5);
    }
}


static bool
read_units(const pacs_item_t *item, uint32_t tag, uint8_t *units)
{
    pacs_str_t  s = pacs_elem_raw(item, tag);

    *units = pacs_str_is(s, "DISPLAY") ? PACS_AT_DISPLAY : PACS_AT_PIXEL;
    return *units == PACS_AT_DISPLAY || pacs_str_is(s, "PIXEL");
}


/* --- graphics --- */

static bool
make_ellipse(const pacs_place_t *p, pacs_mark_t *m, pacs_arena_t *a)
{
    double  cx = (p[0].x + p[1].x) / 2, cy = (p[0].y + p[1].y) / 2;
    double  ux = (p[1].x - p[0].x) / 2, uy = (p[1].y - p[0].y) / 2;
    double  vx = (p[3].x - p[2].x) / 2, vy = (p[3].y - p[2].y) / 2;

    m->npoints = PIECES + 1;
    m->points = pacs_calloc(a, m->npoints, sizeof(*m->points));
    for (unsigned i = 0; m->points != NULL && i <= PIECES; i++) {
        double  t = 2 * acos(-1) * (i % PIECES) / PIECES;

        m->points[i].x = cx + ux * cos(t) + vx * sin(t);
        m->points[i].y = cy + uy * cos(t) + vy * sin(t);
    }
    return m->points != NULL;
}


static bool
make_circle(const pacs_place_t *p, pacs_mark_t *m, pacs_arena_t *a)
{
    double        r = hypot(p[1].x - p[0].x, p[1].y - p[0].y);
    pacs_place_t  axes[4] = {
        { p[0].x - r, p[0].y }, { p[0].x + r, p[0].y },
        { p[0].x, p[0].y - r }, { p[0].x, p[0].y + r }
    };

    return make_ellipse(axes, m, a);
}


static double
between(double a, double b, double c, double d, double t)
{
    return b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d
                                     + t * (3 * (b - c) + d - a)));
}


/* through the points (Catmull-Rom); closed where the last is the first */
static bool
make_spline(const pacs_place_t *p, uint32_t n, pacs_mark_t *m,
    pacs_arena_t *a)
{
    bool  closed = n > 2 && p[0].x == p[n - 1].x && p[0].y == p[n - 1].y;

    m->points = pacs_calloc(a, (size_t) n * SPLINE, sizeof(*m->points));
    for (uint32_t i = 0; m->points != NULL && i + 1 < n; i++) {
        const pacs_place_t  *before = i > 0 ? &p[i - 1]
                                      : closed ? &p[n - 2] : &p[0];
        const pacs_place_t  *after = i + 2 < n ? &p[i + 2]
                                     : closed ? &p[1] : &p[n - 1];

        for (unsigned k = 0; k < SPLINE; k++) {
            double  t = (double) k / SPLINE;

            m->points[m->npoints++] = (pacs_place_t) {
                between(before->x, p[i].x, p[i + 1].x, after->x, t),
                between(before->y, p[i].y, p[i + 1].y, after->y, t)
            };
        }
    }
    if (m->points != NULL) {
        m->points[m->npoints++] = p[n - 1];
    }
    return m->points != NULL;
}


typedef enum { POINT, POLYLINE, INTERPOLATED, CIRCLE, ELLIPSE, TYPES } type_e;

static const struct { const char *name; uint32_t least, most; }
    types[TYPES] = {
    [POINT]        = { "POINT", 1, 1 },
    [POLYLINE]     = { "POLYLINE", 2, UINT32_MAX },
    [INTERPOLATED] = { "INTERPOLATED", 2, UINT32_MAX },
    [CIRCLE]       = { "CIRCLE", 2, 2 },
    [ELLIPSE]      = { "ELLIPSE", 4, 4 }
};


static bool
make(unsigned type, pacs_place_t *p, uint32_t n, pacs_mark_t *m,
    pacs_arena_t *a)
{
    m->kind = type == POINT ? PACS_MARK_POINT : PACS_MARK_LINE;

    switch (type) {
    case INTERPOLATED:
        return make_spline(p, n, m, a);
    case CIRCLE:
        return make_circle(p, m, a);
    case ELLIPSE:
        return make_ellipse(p, m, a);
    default:
        m->points = p;
        m->npoints = n;
        return true;
    }
}


static int
read_points(const pacs_item_t *item, unsigned *type, uint32_t *n,
    pacs_place_t **points, pacs_arena_t *a, pacs_state_view_t *v,
    pacs_err_t *err)
{
    pacs_str_t  name = pacs_elem_raw(item, TYPE);
    int64_t     dimensions, count;

    for (*type = 0; *type < TYPES && !pacs_str_is(name, types[*type].name);
         ++*type)
    {
    }
    if (*type == TYPES) {
        return refuse(err, "a Graphic Type that is not known");
    }

    const pacs_elem_t  *e = pacs_elem(item, DATA);

    if (!pacs_elem_int(item, DIMENSIONS, 0, &dimensions) || dimensions != 2
        || !pacs_elem_int(item, POINTS, 0, &count)
        || count < types[*type].least || count > types[*type].most
        || e == NULL || e->length != (uint64_t) count * 8)
    {
        return refuse(err, "points that its Graphic Type does not have");
    }

    int  rc = pacs_state_count(v, (uint64_t) count, err);

    if (rc != PACS_OK) {
        return rc;
    }

    *n = (uint32_t) count;
    *points = pacs_calloc(a, *n, sizeof(**points));
    return *points == NULL ? PACS_E_NOMEM
           : pacs_state_floats(v->state, item, DATA, 2 * (size_t) *n,
                               &(*points)->x, a)
           ? PACS_OK : refuse(err, "points that are no numbers");
}


static int
add_graphic(const pacs_item_t *item, pacs_layer_t *layer, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err)
{
    pacs_mark_t   *m = pacs_calloc(a, 1, sizeof(*m));
    pacs_place_t  *points = NULL;
    unsigned       type = 0;
    uint32_t       n = 0;
    int            rc = check_styles(item, err);

    if (rc == PACS_OK) {
        rc = read_points(item, &type, &n, &points, a, v, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }
    if (m == NULL || !make(type, points, n, m, a)) {
        return PACS_E_NOMEM;
    }
    if (!read_units(item, UNITS, &m->units)) {
        return refuse(err, "units that are neither PIXEL nor DISPLAY");
    }

    const pacs_item_t  *line = pacs_elem_item(item, LINE_STYLE);

    m->tint = m->fill = layer->tint;
    m->opacity = m->fill_opacity = 255;
    m->filled = pacs_str_is(pacs_elem_raw(item, FILLED), "Y");
    colour(v, line, PATTERN_COLOUR, &m->tint, &m->opacity);
    colour(v, pacs_elem_item(item, FILL_STYLE), PATTERN_COLOUR, &m->fill,
           &m->fill_opacity);
    if (pacs_elem_double(line, THICKNESS, 0, &m->thickness)
        && !(m->thickness > 0 && m->thickness < 1e4))
    {
        return refuse(err, "an impossible Line Thickness");
    }
    pacs_state_mark(layer, m);
    return PACS_OK;
}


/* --- texts --- */

/* 0, 1, 2; false: something else */
static bool
read_align(const pacs_item_t *item, uint32_t tag, const char *const names[3],
    uint8_t *align)
{
    pacs_str_t  s = pacs_elem_raw(item, tag);

    for (uint8_t i = 0; i < 3; i++) {
        if (pacs_str_is(s, names[i])) {
            *align = i;
            return true;
        }
    }
    return s.len == 0;
}


/* lines as they may be drawn: see pacs_annotation_add */
static int
read_text(const pacs_item_t *item, pacs_mark_t *m, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err)
{
    const pacs_elem_t  *e = pacs_elem(item, TEXT);
    pacs_str_t          rest, line;
    pacs_buf_t          b = { 0 };
    int                 rc;

    if (e == NULL || e->value == NULL) {
        return refuse(err, "a text without characters");
    }
    rc = pacs_state_count(v, e->length, err);
    if (rc != PACS_OK) {
        return rc;
    }

    rest = pacs_charset_utf8(item->charset, pacs_str_trim((pacs_str_t) {
                                 (const char *) e->value,
                                 (size_t) e->length }), false, false, a);
    while (rest.len != 0 && pacs_str_split(&rest, '\n', &line)) {
        size_t  characters = 0;

        line = pacs_str_trim(line);
        while (line.len != 0 && line.data[line.len - 1] == '\r') {
            line.len--;
        }
        for (size_t i = 0; i < line.len; i++) {
            characters += ((uint8_t) line.data[i] & 0xc0) != 0x80;
        }
        if (characters > LINE_MAX) {
            pacs_buf_free(&b);
            return refuse(err, "a line of text of more than 160 characters");
        }
        pacs_buf_text(&b, b.len != 0 ? "\n" : "");
        pacs_annotation_add(&b, line);
    }

    m->text = b.len != 0 ? pacs_buf_take(&b, a) : pacs_null;
    return b.failed ? PACS_E_NOMEM : PACS_OK;
}


static int
read_place(const pacs_item_t *item, pacs_mark_t *m, pacs_arena_t *a,
    const pacs_state_t *s, pacs_err_t *err)
{
    m->has_box = pacs_elem(item, BOX_FROM) != NULL
                 || pacs_elem(item, BOX_TO) != NULL;
    m->has_anchor = pacs_elem(item, ANCHOR) != NULL;
    m->shows_anchor = pacs_str_is(pacs_elem_raw(item, ANCHOR_VISIBLE), "Y");

    if (!m->has_box && !m->has_anchor) {
        return refuse(err, "a text without a place");
    }
    if (m->has_box
        && (!pacs_state_floats(s, item, BOX_FROM, 2, &m->box[0].x, a)
            || !pacs_state_floats(s, item, BOX_TO, 2, &m->box[1].x, a)
            || !read_units(item, BOX_UNITS, &m->units)))
    {
        return refuse(err, "an impossible Bounding Box");
    }
    return !m->has_anchor
           || (pacs_state_floats(s, item, ANCHOR, 2, &m->anchor.x, a)
               && read_units(item, ANCHOR_UNITS, &m->anchor_units))
           ? PACS_OK : refuse(err, "an impossible Anchor Point");
}


static int
add_text(const pacs_item_t *item, pacs_layer_t *layer, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err)
{
    static const char *const  across[] = { "LEFT", "CENTER", "RIGHT" };
    static const char *const  down[] = { "TOP", "CENTER", "BOTTOM" };
    const pacs_item_t        *style = pacs_elem_item(item, TEXT_STYLE);
    pacs_mark_t              *m = pacs_calloc(a, 1, sizeof(*m));
    int                       rc = m == NULL ? PACS_E_NOMEM
                                   : check_styles(item, err);

    if (rc != PACS_OK || (rc = read_text(item, m, a, v, err)) != PACS_OK
        || (rc = read_place(item, m, a, v->state, err)) != PACS_OK)
    {
        return rc;
    }
    if (!read_align(item, JUSTIFICATION, across, &m->align)
        || !read_align(style, HORIZONTAL, across, &m->align)
        || !read_align(style, VERTICAL, down, &m->valign))
    {
        return refuse(err, "an impossible justification");
    }

    m->kind = PACS_MARK_TEXT;
    m->plain = pacs_elem_raw(style, SHADOW).len != 0;
    m->tint = layer->tint;
    m->opacity = 255;
    colour(v, style, TEXT_COLOUR, &m->tint, &m->opacity);
    pacs_state_mark(layer, m);
    return PACS_OK;
}


/* --- annotations --- */

static bool
has_instead(const pacs_item_t *annotation, int64_t id)
{
    static const uint32_t  sequences[] = { GRAPHIC_SEQ, TEXT_SEQ };

    for (unsigned k = 0; k < 2; k++) {
        int64_t  other;

        for (const pacs_item_t *i = pacs_elem_item(annotation, sequences[k]);
             i != NULL; i = i->next)
        {
            if (pacs_elem_int(i, COMPOUND_ID, 0, &other) && other == id) {
                return true;
            }
        }
    }
    return false;
}


/* C.10.5.1.2: each is there as simple graphics too, which are drawn */
static int
check_compound(const pacs_item_t *annotation, pacs_state_view_t *v,
    pacs_err_t *err)
{
    for (const pacs_item_t *i = pacs_elem_item(annotation, COMPOUND_SEQ);
         i != NULL; i = i->next)
    {
        int64_t  id;
        int      rc = pacs_state_count(v, COMPOUND_COST, err);

        if (rc != PACS_OK) {
            return rc;
        }
        if (!pacs_elem_int(i, COMPOUND_ID, 0, &id)
            || !has_instead(annotation, id))
        {
            return refuse(err, "a compound graphic without its simple ones");
        }
    }
    return PACS_OK;
}


int
pacs_state_marks(const pacs_state_image_t *image, pacs_arena_t *a,
    pacs_state_view_t *v, pacs_err_t *err)
{
    int  rc = PACS_OK;

    for (const pacs_item_t *i = pacs_elem_item(v->state->ds->root,
                                               ANNOTATION_SEQ);
         rc == PACS_OK && i != NULL; i = i->next)
    {
        if (!pacs_state_applies(i, image)) {
            continue;
        }

        pacs_layer_t  *layer = pacs_state_layer(v, pacs_elem_raw(i, LAYER));

        if (layer == NULL) {
            return refuse(err, "a layer that there is not");
        }
        rc = pacs_state_count(v, 1, err);
        for (const pacs_item_t *k = pacs_elem_item(i, GRAPHIC_SEQ);
             rc == PACS_OK && k != NULL; k = k->next)
        {
            rc = add_graphic(k, layer, a, v, err);
        }
        for (const pacs_item_t *k = pacs_elem_item(i, TEXT_SEQ);
             rc == PACS_OK && k != NULL; k = k->next)
        {
            rc = add_text(k, layer, a, v, err);
        }
        if (rc == PACS_OK) {
            rc = check_compound(i, v, err);
        }
    }
    return rc;
}
