/* SPDX-License-Identifier: BSD-2-Clause */

/* Parameters of rendered resources, PS3.18 8.3.5.1. */

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "web/known.h"


/* 8.3.5.1.3; negative sw, sh mirror */
static int
set_viewport(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_rendered_t *r, pacs_err_t *err)
{
    double *v = r->viewport;
    int     n = pacs_web_decimals(p->value, v, 6);

    if (n != 2 && n != 6) {
        return pacs_web_bad(err, p, "must be vw,vh or vw,vh,sx,sy,sw,sh");
    }
    if (v[0] != floor(v[0]) || v[1] != floor(v[1])) {
        return pacs_web_bad(err, p, "vw, vh must be whole numbers");
    }
    if (v[0] < 1 || v[1] < 1 || v[0] > (double) limits->render_side
        || v[1] > (double) limits->render_side)
    {
        return pacs_fail(err, PACS_E_ARG, "parameter viewport: width and "
                         "height must be from 1 to render_side %" PRId64,
                         limits->render_side);
    }
    if (v[0] * v[1] > (double) limits->render_area) {
        return pacs_fail(err, PACS_E_ARG, "parameter viewport: more pixels "
                         "than render_area %" PRId64, limits->render_area);
    }
    if (n == 6 && (v[2] < 0 || v[3] < 0 || v[4] == 0 || v[5] == 0)) {
        return pacs_web_bad(err, p,
                            "sx, sy must not be negative, sw, sh not 0");
    }

    r->has_viewport = true;
    r->has_region = n == 6;
    return PACS_OK;
}


/* 8.3.5.1.4; PS3.3 C.11.2.1.2 and C.11.2.1.3 for the widths */
static int
set_window(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_rendered_t *r, pacs_err_t *err)
{
    static const char *const  names[] = { "linear", "linear-exact",
                                          "sigmoid" };
    pacs_str_t  rest = p->value, part;

    if (!pacs_str_split(&rest, ',', &part)
        || !pacs_str_double(part, &r->center)
        || !pacs_str_split(&rest, ',', &part)
        || !pacs_str_double(part, &r->width)
        || !pacs_str_split(&rest, ',', &part) || rest.data != NULL)
    {
        return pacs_web_bad(err, p, "must be center,width,function");
    }

    while (r->function < 3
           && (strlen(names[r->function]) != part.len
               || strncasecmp(names[r->function], part.data, part.len) != 0))
    {
        r->function++;
    }
    if (r->function == 3) {
        return pacs_web_bad(err, p,
                            "function must be linear, linear-exact or sigmoid");
    }

    if (r->function == 0 ? r->width < 1 : r->width <= 0) {
        return pacs_web_bad(err, p, r->function == 0
                            ? "width must be at least 1"
                            : "width must be above 0");
    }

    r->has_window = true;
    return PACS_OK;
}


static int
set_quality(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_rendered_t *r, pacs_err_t *err)
{
    int64_t  v;

    if (!pacs_str_int(p->value, 1, 100, &v)) {
        return pacs_web_bad(err, p, "must be a number from 1 to 100");
    }
    r->quality = (unsigned) v;
    return PACS_OK;
}


/* ours: the standard has no parameter for it */
static int
set_bits(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_rendered_t *r, pacs_err_t *err)
{
    if (!pacs_str_is(p->value, "8") && !pacs_str_is(p->value, "16")) {
        return pacs_web_bad(err, p, "must be 8 or 16");
    }
    r->bits = pacs_str_is(p->value, "16") ? 16 : 0;
    return PACS_OK;
}


/* not of the standard: after the region was cut out */
static int
set_flip(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_rendered_t *r, pacs_err_t *err)
{
    r->flip_x = pacs_str_is(p->value, "horizontal");
    r->flip_y = pacs_str_is(p->value, "vertical");

    return r->flip_x || r->flip_y
           ? PACS_OK : pacs_web_bad(err, p, "must be horizontal or vertical");
}


/* not of the standard: clockwise, after flip */
static int
set_rotate(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_rendered_t *r, pacs_err_t *err)
{
    static const char *const  turns[] = { "0", "90", "180", "270" };

    while (r->rotate < 4 && !pacs_str_is(p->value, turns[r->rotate])) {
        r->rotate++;
    }
    return r->rotate < 4 ? PACS_OK
                         : pacs_web_bad(err, p, "must be 0, 90, 180 or 270");
}


static bool
is_keyword(pacs_str_t s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!isalnum((unsigned char) s.data[i]) && s.data[i] != '-'
            && s.data[i] != '_')
        {
            return false;
        }
    }
    return s.len != 0;
}


/* 8.3.5.1.1: what is not supported is ignored with a warning, what is no
 * keyword is refused */
static int
set_annotation(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_rendered_t *r, pacs_err_t *err)
{
    static const struct { const char *name; unsigned bit; } known[] = {
        { "patient", PACS_NOTE_PATIENT }, { "technique", PACS_NOTE_TECHNIQUE }
    };
    pacs_str_t  rest = p->value, word;

    while (pacs_str_split(&rest, ',', &word)) {
        size_t  used = strlen(r->unsupported), i = 0;

        word = pacs_str_trim(word);
        if (!is_keyword(word)) {
            return pacs_web_bad(err, p, "must be patient, technique or both, "
                                "joined by a comma");
        }
        while (i < 2 && !pacs_str_is(word, known[i].name)) {
            i++;
        }
        if (i < 2) {
            r->annotation |= known[i].bit;
            continue;
        }
        snprintf(r->unsupported + used, sizeof(r->unsupported) - used,
                 "%s%.*s", used ? "," : "", pacs_fmt(word));
    }

    return PACS_OK;
}


/* 8.3.5.1.5; in the order of pacs_icc_e */
static int
set_icc(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_rendered_t *r, pacs_err_t *err)
{
    static const char *const  names[] = { "no", "yes", "srgb", "adobergb",
                                          "rommrgb" };
    enum { NAMES = sizeof(names) / sizeof(names[0]) };

    while (r->icc < NAMES && !pacs_str_is(p->value, names[r->icc])) {
        r->icc++;
    }
    return r->icc < NAMES
           ? PACS_OK
           : pacs_web_bad(err, p, "must be no, yes, srgb, adobergb or rommrgb");
}


/* of the URI service, 9.5.1.2.5: shares of the picture's sides */
static int
set_region(const pacs_param_t *p, const pacs_limits_t *limits,
    pacs_rendered_t *r, pacs_err_t *err)
{
    double *v = r->share;

    if (pacs_web_decimals(p->value, v, 4) != 4 || v[0] < 0 || v[1] < 0
        || v[2] > 1 || v[3] > 1 || v[0] >= v[2] || v[1] >= v[3])
    {
        return pacs_web_bad(err, p, "must be xmin,ymin,xmax,ymax from 0 to 1");
    }
    r->has_share = true;
    return PACS_OK;
}


static const struct {
    const char  *name;
    int        (*set)(const pacs_param_t *p, const pacs_limits_t *limits,
                      pacs_rendered_t *r, pacs_err_t *err);
} named[] = {
    { "viewport", set_viewport },
    { "region",   set_region },
    { "window",   set_window },
    { "quality",  set_quality },
    { "bits",     set_bits },
    { "iccprofile", set_icc },
    { "flip",     set_flip },
    { "rotate",   set_rotate },
    { "annotation", set_annotation }
};

enum { NAMED = sizeof(named) / sizeof(named[0]) };


const char *
pacs_web_rendered_name(unsigned i)
{
    return i < NAMED ? named[i].name : NULL;
}


int
pacs_web_rendered(const pacs_param_t *params, unsigned n,
    const pacs_limits_t *limits, pacs_rendered_t *r, pacs_err_t *err)
{
    unsigned  seen = 0;

    *r = (pacs_rendered_t) { .function = 0 };

    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = 0; k < NAMED; k++) {
            if (!pacs_str_is(params[i].name, named[k].name)) {
                continue;
            }
            if (seen & 1u << k) {
                return pacs_web_bad(err, &params[i], "is given twice");
            }
            seen |= 1u << k;

            int  rc = named[k].set(&params[i], limits, r, err);

            if (rc != PACS_OK) {
                return rc;
            }
        }
    }

    return r->has_region && r->has_share
           ? pacs_fail(err, PACS_E_ARG, "a region is given in viewport and "
                       "in region")
           : PACS_OK;
}
