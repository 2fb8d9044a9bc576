/* SPDX-License-Identifier: BSD-2-Clause */

/* Parameters of rendered volumes, PS3.18 8.3.5.3, and a few of our own. */

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "web/known.h"

enum { POINTS = 1000 };             /* of one line */

typedef struct {
    pacs_web_volume_t    *v;
    const pacs_limits_t  *limits;
    pacs_arena_t         *a;
    unsigned              nparams;
    bool                  solid;    /* rendered3d */
} ctx_t;


/* exactly n decimals between commas, none too large to compute with */
static bool
decimals(pacs_str_t text, double *v, unsigned n)
{
    if (pacs_web_decimals(text, v, (int) n) != (int) n) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        if (fabs(v[i]) > 1e6) {
            return false;
        }
    }
    return true;
}


static int
set_reference(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    int64_t  frame;

    if (pacs_str_int(p->value, 1, UINT32_MAX, &frame)) {
        c->v->frame = (uint32_t) frame;
        return PACS_OK;
    }

    if (!pacs_uid_ok(p->value)) {
        return pacs_web_bad(err, p, "must be a UID or a frame");
    }
    c->v->reference = p->value;
    return PACS_OK;
}


static int
add_match(const ctx_t *c, uint32_t tag, pacs_str_t value, pacs_err_t *err)
{
    pacs_web_volume_t *v = c->v;

    if (v->nmatches == c->limits->query_keys) {
        return pacs_fail(err, PACS_E_LIMIT, "more attributes to match than "
                         "query_keys %" PRId64, c->limits->query_keys);
    }
    if (v->matches == NULL
        && (v->matches = pacs_calloc(c->a, c->nparams, sizeof(*v->matches)))
           == NULL)
    {
        return PACS_E_NOMEM;
    }

    v->matches[v->nmatches++] = (pacs_match_t) { tag, value };
    return PACS_OK;
}


/* match=AcquisitionNumber=2 is the same as AcquisitionNumber=2 */
static int
set_match(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    pacs_str_t  rest = p->value, name;
    uint32_t    tag;

    if (!pacs_str_split(&rest, '=', &name) || !pacs_tag_parse(name, &tag)
        || rest.len == 0)
    {
        return pacs_web_bad(err, p, "must be attribute=value");
    }
    return add_match(c, tag, rest, err);
}


static int
set_method(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    static const char *const  names[] = {
        [PACS_METHOD_VOLUME] = "volume_rendered",
        [PACS_METHOD_MAX] = "maximum_ip", [PACS_METHOD_MIN] = "minimum_ip",
        [PACS_METHOD_MEAN] = "average_ip"
    };

    for (uint8_t i = c->solid ? PACS_METHOD_VOLUME : PACS_METHOD_MAX;
         i <= PACS_METHOD_MEAN; i++)
    {
        if (pacs_str_is(p->value, names[i])) {
            c->v->method = i;
            return PACS_OK;
        }
    }

    return pacs_web_bad(err, p, c->solid
                        ? "must be volume_rendered, maximum_ip, minimum_ip or "
                          "average_ip"
                        : "must be maximum_ip, minimum_ip or average_ip");
}


static int
set_orientation(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    static const struct { const char *name; char letter; } names[] = {
        { "a", 'a' }, { "p", 'p' }, { "r", 'r' }, { "l", 'l' }, { "h", 'h' },
        { "f", 'f' }, { "axial", 'f' }, { "coronal", 'a' },
        { "sagittal", 'l' }
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (pacs_str_is(p->value, names[i].name)) {
            c->v->orientation = names[i].letter;
            return PACS_OK;
        }
    }

    return pacs_web_bad(err, p, "must be a, p, r, l, h, f, axial, coronal or "
                        "sagittal");
}


static int
set_position(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    c->v->has_position = decimals(p->value, c->v->position, 3);
    return c->v->has_position ? PACS_OK : pacs_web_bad(err, p, "must be x,y,z");
}


static int
set_lookat(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    c->v->has_lookat = decimals(p->value, c->v->lookat, 3);
    return c->v->has_lookat ? PACS_OK : pacs_web_bad(err, p, "must be x,y,z");
}


static int
set_up(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    c->v->has_up = decimals(p->value, c->v->up, 3);
    return c->v->has_up ? PACS_OK : pacs_web_bad(err, p, "must be x,y,z");
}


static int
set_slab(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    return decimals(p->value, &c->v->slab, 1) && c->v->slab > 0
           && c->v->slab <= 10000
           ? PACS_OK : pacs_web_bad(err, p,
                                    "must be above 0 and at most 10000 mm");
}


static int
set_swivel(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    return decimals(p->value, &c->v->swivel, 1) && c->v->swivel > 0
           && c->v->swivel <= 360
           ? PACS_OK : pacs_web_bad(err, p, "must be above 0 and at most 360");
}


static int
set_step(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    int64_t  v;

    if (!pacs_str_int(p->value, 1, 10000, &v)) {
        return pacs_web_bad(err, p, "must be a whole number from 1 to 10000");
    }
    c->v->step = (double) v;
    return PACS_OK;
}


static int
set_rate(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    int64_t  v;

    if (!pacs_str_int(p->value, 1, 1000, &v)) {
        return pacs_web_bad(err, p, "must be a whole number from 1 to 1000");
    }
    c->v->rate = (unsigned) v;
    return PACS_OK;
}


/* comes once a point */
static int
set_track(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    pacs_web_volume_t *v = c->v;

    if (v->track == NULL
        && (v->track = pacs_calloc(c->a, c->nparams, sizeof(*v->track)))
           == NULL)
    {
        return PACS_E_NOMEM;
    }

    return decimals(p->value, v->track[v->ntrack++], 3)
           ? PACS_OK : pacs_web_bad(err, p, "must be x,y,z");
}


static int
set_line(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    pacs_web_volume_t *v = c->v;
    unsigned           n = 1;

    for (size_t i = 0; i < p->value.len; i++) {
        n += p->value.data[i] == ',';
    }

    if (n % 3 != 0 || n < 6 || n > 3 * POINTS) {
        return pacs_web_bad(err, p, "must be x,y,z of 2 to 1000 points");
    }

    v->nline = n / 3;
    v->line = pacs_calloc(c->a, v->nline, sizeof(*v->line));
    if (v->line == NULL) {
        return PACS_E_NOMEM;
    }

    return decimals(p->value, v->line[0], n)
           ? PACS_OK : pacs_web_bad(err, p,
                                    "must be x,y,z of 2 to 1000 points");
}


static int
set_metadata(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    c->v->metadata = pacs_str_is(p->value, "yes");
    return c->v->metadata ? PACS_OK : pacs_web_bad(err, p, "must be yes");
}


static int
set_offset(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    return decimals(p->value, &c->v->offset, 1)
           ? PACS_OK : pacs_web_bad(err, p, "must be a number of mm");
}


static int
set_plane(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    int64_t  v;

    if (!pacs_str_int(p->value, 1, 1000000, &v)) {
        return pacs_web_bad(err, p, "must be the number of a plane, from 1");
    }
    c->v->plane = (uint32_t) v;
    return PACS_OK;
}


static int
set_grid(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    pacs_web_volume_t *v = c->v;
    double            *g = v->grid;

    v->has_grid = decimals(p->value, g, 3) && g[0] >= 1 && g[1] >= 1
                  && g[0] == floor(g[0]) && g[1] == floor(g[1])
                  && g[2] >= 1e-3 && g[2] <= 1e3;

    return v->has_grid
           ? PACS_OK
           : pacs_web_bad(err, p, "must be columns,rows,mm: whole numbers, "
                          "and 0.001 to 1000");
}


static int
set_preset(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    c->v->preset = p->value;
    return p->value.len != 0 ? PACS_OK : pacs_web_bad(err, p, "must be a name");
}


static int
set_shading(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    c->v->unshaded = pacs_str_is(p->value, "no");
    return c->v->unshaded || pacs_str_is(p->value, "yes")
           ? PACS_OK : pacs_web_bad(err, p, "must be yes or no");
}


static int
set_cut(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err)
{
    double (*v)[3] = c->v->cut;

    c->v->has_cut = decimals(p->value, v[0], 6) && v[0][0] < v[1][0]
                    && v[0][1] < v[1][1] && v[0][2] < v[1][2];

    return c->v->has_cut
           ? PACS_OK
           : pacs_web_bad(err, p, "must be x,y,z,x,y,z: the corner of the "
                          "least, then that of the greatest");
}


enum { MPR = 1, SOLID = 2, BOTH = 3, MANY = 4 };

static const struct {
    const char  *name;
    unsigned     flags;             /* where it means something; MANY: more
                                       than once */
    int        (*set)(const ctx_t *c, const pacs_param_t *p, pacs_err_t *err);
} named[] = {
    { "volumeinputreference",       BOTH,        set_reference },
    { "match",                      BOTH | MANY, set_match },
    { "renderingmethod",            BOTH,        set_method },
    { "orientation",                BOTH,        set_orientation },
    { "viewpointposition",          BOTH,        set_position },
    { "viewpointlookat",            BOTH,        set_lookat },
    { "viewpointup",                BOTH,        set_up },
    { "mprslab",                    MPR,         set_slab },
    { "swivelrange",                SOLID,       set_swivel },
    { "volumetriccurvepoint",       MPR | MANY,  set_track },
    { "animationstepsize",          BOTH,        set_step },
    { "animationrate",              BOTH,        set_rate },
    { "renderedvolumetricmetadata", BOTH,        set_metadata },
    { "mprcurve",                   MPR,         set_line },
    { "mproffset",                  MPR,         set_offset },
    { "mprplane",                   MPR,         set_plane },
    { "grid",                       BOTH,        set_grid },
    { "preset",                     SOLID,       set_preset },
    { "shading",                    SOLID,       set_shading },
    { "crop",                       SOLID,       set_cut }
};

enum { NAMED = sizeof(named) / sizeof(named[0]) };


const char *
pacs_web_volume_name(unsigned i, bool solid)
{
    for (unsigned k = 0; k < NAMED; k++) {
        if ((named[k].flags & (solid ? SOLID : MPR)) && i-- == 0) {
            return named[k].name;
        }
    }
    return NULL;
}


static int
set_one(const ctx_t *c, const pacs_param_t *p, unsigned *seen,
    pacs_err_t *err)
{
    uint32_t  tag;

    for (unsigned k = 0; k < NAMED; k++) {
        if (!pacs_str_is(p->name, named[k].name)) {
            continue;
        }
        if (*seen & 1u << k && !(named[k].flags & MANY)) {
            return pacs_web_bad(err, p, "is given twice");
        }
        if (!(named[k].flags & (c->solid ? SOLID : MPR))) {
            return pacs_web_bad(err, p, c->solid ? "is of renderedmpr"
                                        : "is of rendered3d");
        }
        *seen |= 1u << k;
        return named[k].set(c, p, err);
    }

    return pacs_tag_parse(p->name, &tag) && p->value.len != 0
           ? add_match(c, tag, p->value, err) : PACS_OK;
}


/* what goes together */
static int
check(const ctx_t *c, pacs_err_t *err)
{
    const pacs_web_volume_t *v = c->v;
    bool  camera = v->has_position || v->has_lookat || v->has_up;
    bool  solid = c->solid && v->method <= PACS_METHOD_VOLUME;
    const struct { bool wrong; const char *why; } rules[] = {
        { camera && v->orientation,
          "orientation and viewpoint… exclude each other" },
        { camera && !(v->has_position && v->has_lookat),
          "viewpointposition and viewpointlookat go together" },
        { v->plane != 0 && v->offset != 0,
          "mprplane and mproffset exclude each other" },
        { (v->nline != 0) + (v->ntrack != 0) + (v->plane != 0) > 1,
          "mprcurve, mprplane and volumetriccurvepoint exclude each other" },
        { v->ntrack == 1, "volumetriccurvepoint: two points at least" },
        { (v->step != 0 || v->rate != 0) && v->swivel == 0 && v->ntrack == 0,
          "animationstepsize and animationrate need swivelrange or "
          "volumetriccurvepoint" },
        { solid && v->rendered.has_window,
          "window does not go with volume_rendered: see preset" },
        { c->solid && !solid && (v->preset.len != 0 || v->unshaded),
          "preset and shading need renderingmethod=volume_rendered" },
        { v->nline != 0 && (v->rendered.flip_x || v->rendered.flip_y
                            || v->rendered.rotate != 0),
          "flip and rotate do not go with mprcurve" },
        { v->rendered.has_region && (v->rendered.viewport[4] < 0
                                     || v->rendered.viewport[5] < 0),
          "viewport: a volume is mirrored by flip, not by its region" }
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].wrong) {
            return pacs_fail(err, PACS_E_ARG, "%s", rules[i].why);
        }
    }
    return PACS_OK;
}


int
pacs_web_volume(const pacs_param_t *params, unsigned n, bool solid,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_web_volume_t *v,
    pacs_err_t *err)
{
    const ctx_t  c = { v, limits, a, n, solid };
    unsigned     seen = 0;

    *v = (pacs_web_volume_t) { .method = PACS_METHOD_NONE };

    int  rc = pacs_web_rendered(params, n, limits, &v->rendered, err);

    if (rc == PACS_OK && v->rendered.has_share) {
        return pacs_fail(err, PACS_E_ARG, "parameter region: is of images, "
                         "not of volumes");
    }

    for (unsigned i = 0; rc == PACS_OK && i < n; i++) {
        rc = set_one(&c, &params[i], &seen, err);
    }
    if (rc == PACS_OK) {
        rc = check(&c, err);
    }

    return rc == PACS_E_NOMEM
           ? pacs_fail(err, rc, "no memory for parameters") : rc;
}
