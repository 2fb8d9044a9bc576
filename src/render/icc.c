/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * ICC profiles of colour pictures, PS3.18 8.3.5.1.5.  A data set's profile
 * (PS3.3 C.11.15) came from outside and is never given to the library: its
 * matrix and curves are read here, bounded, and the library converts with a
 * profile that is made of these numbers.  Profiles of tables only (A2B0)
 * can be embedded, not converted.
 */

#include <math.h>
#include <string.h>
#include <lcms2.h>

#include "render/pipeline.h"

enum { HEADER = 128, STEPS = 4096 };

#define TAG(a, b, c, d)  ((uint32_t) (a) << 24 | (uint32_t) (b) << 16         \
                          | (uint32_t) (c) << 8 | (uint32_t) (d))

typedef struct {
    pacs_rows_t     rows;           /* first: what the encoder knows */
    pacs_rows_t    *of;
    cmsHTRANSFORM   transform;
} converted_t;


/* --- the data set's --- */

static uint32_t
be(pacs_str_t s, size_t at, unsigned bytes)
{
    uint32_t  v = 0;

    for (unsigned i = 0; i < bytes; i++) {
        v = v << 8 | (at + i < s.len ? (uint8_t) s.data[at + i] : 0u);
    }
    return v;
}


/* s15Fixed16 */
static double
fixed(pacs_str_t s, size_t at)
{
    return (double) (int32_t) be(s, at, 4) / 65536;
}


static bool
is_rgb(pacs_str_t p)
{
    return p.len >= HEADER + 4 && be(p, 0, 4) <= p.len
           && be(p, 0, 4) >= HEADER + 4
           && be(p, 36, 4) == TAG('a', 'c', 's', 'p')
           && be(p, 16, 4) == TAG('R', 'G', 'B', ' ');
}


static pacs_str_t
find_tag(pacs_str_t p, uint32_t tag)
{
    uint32_t  n = be(p, HEADER, 4);

    for (uint32_t i = 0; i < n && i < 100; i++) {
        size_t    at = HEADER + 4 + 12 * (size_t) i;
        uint32_t  offset = be(p, at + 4, 4), len = be(p, at + 8, 4);

        if (be(p, at, 4) == tag && offset <= p.len && len <= p.len - offset) {
            return (pacs_str_t) { p.data + offset, len };
        }
    }
    return pacs_null;
}


/* ICC.1 10.18, parametricCurveType; v in 0..1 */
static double
parametric(pacs_str_t t, double v)
{
    unsigned  kind = be(t, 8, 2);
    double    g = fixed(t, 12), a = fixed(t, 16), b = fixed(t, 20);
    double    c = fixed(t, 24), d = fixed(t, 28);
    double    e = kind == 4 ? fixed(t, 32) : 0, f = fixed(t, 36);

    switch (kind) {
    case 0:
        return pow(v, g);
    case 1:
        return a * v + b >= 0 ? pow(a * v + b, g) : 0;
    case 2:
        return a * v + b >= 0 ? pow(a * v + b, g) + c : c;
    case 3:
        return v >= d ? pow(a * v + b, g) : c * v;
    default:
        return v >= d ? pow(a * v + b, g) + e : c * v + f;
    }
}


/* ICC.1 10.6, curveType: n entries over 0..1 */
static double
tabulated(pacs_str_t t, double v)
{
    uint32_t  n = be(t, 8, 4);

    if (n == 0) {
        return v;
    }
    if (n == 1) {
        return pow(v, be(t, 12, 2) / 256.0);
    }

    double    x = v * (n - 1);
    uint32_t  i = (uint32_t) x;
    double    low = be(t, 12 + 2 * (size_t) i, 2);
    double    high = i + 1 < n ? be(t, 14 + 2 * (size_t) i, 2) : low;

    return (low + (high - low) * (x - i)) / 65535;
}


static cmsToneCurve *
read_curve(pacs_str_t p, uint32_t tag)
{
    pacs_str_t  t = find_tag(p, tag);
    uint32_t    type = be(t, 0, 4);
    uint16_t    steps[STEPS];

    if (t.len < 12 || (type != TAG('c', 'u', 'r', 'v')
                       && type != TAG('p', 'a', 'r', 'a'))
        || (type == TAG('c', 'u', 'r', 'v')
            && be(t, 8, 4) > (t.len - 12) / 2)
        || (type == TAG('p', 'a', 'r', 'a') && be(t, 8, 2) > 4))
    {
        return NULL;
    }

    for (unsigned i = 0; i < STEPS; i++) {
        double  v = (double) i / (STEPS - 1);
        double  y = type == TAG('p', 'a', 'r', 'a') ? parametric(t, v)
                                                    : tabulated(t, v);
        /* NaN too */
        steps[i] = y > 0 ? (uint16_t) (fmin(y, 1) * 65535 + 0.5) : 0;
    }
    return cmsBuildTabulatedToneCurve16(NULL, STEPS, steps);
}


static bool
read_channel(pacs_str_t p, cmsHPROFILE out, char letter, cmsTagSignature xyz,
    cmsTagSignature trc)
{
    pacs_str_t     t = find_tag(p, TAG(letter, 'X', 'Y', 'Z'));
    cmsCIEXYZ      v = { fixed(t, 8), fixed(t, 12), fixed(t, 16) };
    cmsToneCurve  *curve = read_curve(p, TAG(letter, 'T', 'R', 'C'));
    bool           good = t.len >= 20 && curve != NULL
                          && be(t, 0, 4) == TAG('X', 'Y', 'Z', ' ')
                          && cmsWriteTag(out, xyz, &v)
                          && cmsWriteTag(out, trc, curve);

    cmsFreeToneCurve(curve);
    return good;
}


/* NULL: not made of a matrix and curves */
static cmsHPROFILE
read_profile(pacs_str_t p)
{
    cmsHPROFILE  out = cmsCreateProfilePlaceholder(NULL);

    if (out == NULL) {
        return NULL;
    }

    cmsSetProfileVersion(out, 4.3);
    cmsSetDeviceClass(out, cmsSigDisplayClass);
    cmsSetColorSpace(out, cmsSigRgbData);
    cmsSetPCS(out, cmsSigXYZData);

    if (be(p, 20, 4) == TAG('X', 'Y', 'Z', ' ')
        && read_channel(p, out, 'r', cmsSigRedColorantTag, cmsSigRedTRCTag)
        && read_channel(p, out, 'g', cmsSigGreenColorantTag,
                        cmsSigGreenTRCTag)
        && read_channel(p, out, 'b', cmsSigBlueColorantTag, cmsSigBlueTRCTag))
    {
        return out;
    }

    cmsCloseProfile(out);
    return NULL;
}


/* --- ours --- */

static const struct {
    const char     *name;
    cmsCIExyY       white;
    cmsCIExyYTRIPLE primaries;
    int             curve;          /* parametric, of the library's types */
    double          params[5];
} spaces[] = {
    [PACS_ICC_SRGB] = {
        "sRGB", { 0.3127, 0.3290, 1 },
        { { 0.64, 0.33, 1 }, { 0.30, 0.60, 1 }, { 0.15, 0.06, 1 } },
        4, { 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045 } },
    [PACS_ICC_ADOBE_RGB] = {
        "Adobe RGB (1998)", { 0.3127, 0.3290, 1 },
        { { 0.64, 0.33, 1 }, { 0.21, 0.71, 1 }, { 0.15, 0.06, 1 } },
        1, { 563 / 256.0 } },
    [PACS_ICC_ROMM_RGB] = {
        "ROMM RGB", { 0.3457, 0.3585, 1 },
        { { 0.7347, 0.2653, 1 }, { 0.1596, 0.8404, 1 },
          { 0.0366, 0.0001, 1 } },
        4, { 1.8, 1, 0, 1 / 16.0, 16 / 512.0 } }
};


static cmsHPROFILE
make_profile(unsigned space)
{
    cmsToneCurve  *curve = cmsBuildParametricToneCurve(NULL,
                               spaces[space].curve, spaces[space].params);
    cmsToneCurve  *curves[3] = { curve, curve, curve };
    cmsHPROFILE    p = curve == NULL
                       ? NULL : cmsCreateRGBProfile(&spaces[space].white,
                                    &spaces[space].primaries, curves);
    cmsMLU        *name = cmsMLUalloc(NULL, 1);

    if (p != NULL && name != NULL
        && cmsMLUsetASCII(name, "en", "US", spaces[space].name))
    {
        cmsWriteTag(p, cmsSigProfileDescriptionTag, name);
    }

    cmsMLUfree(name);
    cmsFreeToneCurve(curve);
    return p;
}


/* the same bytes each time: no date */
static pacs_str_t
write_profile(cmsHPROFILE p, pacs_arena_t *a)
{
    static const uint8_t  date[12] = { 0x07, 0xea, 0, 1, 0, 1 };
    cmsUInt32Number       len = 0;
    char                 *data;

    if (p == NULL || !cmsSaveProfileToMem(p, NULL, &len)
        || (data = pacs_alloc(a, len)) == NULL
        || !cmsSaveProfileToMem(p, data, &len) || len < HEADER)
    {
        return pacs_null;
    }

    memcpy(data + 24, date, sizeof(date));
    return (pacs_str_t) { data, len };
}


/* --- rows --- */

static void
row_converted(pacs_rows_t *rows, uint32_t y, uint8_t *out)
{
    converted_t  *c = (converted_t *) rows;

    c->of->row(c->of, y, out);
    cmsDoTransform(c->transform, out, out, rows->width);
}


static void
drop_transform(void *data)
{
    cmsDeleteTransform(data);
}


static int
convert(cmsHPROFILE from, cmsHPROFILE to, pacs_arena_t *a, pacs_rows_t **rows)
{
    converted_t  *c = pacs_calloc(a, 1, sizeof(*c));

    if (c == NULL || to == NULL) {
        return PACS_E_NOMEM;
    }

    c->transform = cmsCreateTransform(from, TYPE_RGB_8, to, TYPE_RGB_8,
                                      INTENT_RELATIVE_COLORIMETRIC,
                                      cmsFLAGS_NOCACHE);
    if (c->transform == NULL
        || !pacs_arena_cleanup(a, drop_transform, c->transform))
    {
        return PACS_E_NOMEM;
    }

    c->rows = **rows;
    c->rows.row = row_converted;
    c->of = *rows;
    *rows = &c->rows;
    return PACS_OK;
}


int
pacs_icc_open(const pacs_picture_t *want, pacs_arena_t *a,
    pacs_rows_t **rows, pacs_str_t *icc, pacs_err_t *err)
{
    pacs_str_t  own = want->profile;
    unsigned    space = want->icc == PACS_ICC_YES ? PACS_ICC_SRGB : want->icc;

    if (own.len != 0 && !is_rgb(own)) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "iccprofile: the instance's "
                         "own ICC profile is damaged, or not one of RGB");
    }

    if (own.len != 0 && want->icc == PACS_ICC_YES) {
        *icc = (pacs_str_t) { own.data, be(own, 0, 4) };
        return PACS_OK;
    }

    cmsHPROFILE  to = make_profile(space);
    cmsHPROFILE  from = own.len != 0 ? read_profile(own)
                        : space != PACS_ICC_SRGB ? make_profile(PACS_ICC_SRGB)
                        : NULL;
    int          rc = PACS_OK;

    *icc = write_profile(to, a);

    if (icc->len == 0) {
        rc = PACS_E_NOMEM;
    } else if (from != NULL) {
        rc = convert(from, to, a, rows);
    } else if (own.len != 0) {
        rc = pacs_fail(err, PACS_E_UNSHOWABLE, "iccprofile: the instance's "
                       "own ICC profile has tables; only iccprofile=yes and "
                       "no can be had");
    }

    if (from != NULL) {
        cmsCloseProfile(from);
    }
    if (to != NULL) {
        cmsCloseProfile(to);
    }
    return rc == PACS_E_NOMEM ? pacs_fail(err, rc, "iccprofile") : rc;
}
