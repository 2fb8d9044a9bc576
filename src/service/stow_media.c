/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What media say of the data set they belong to, PS3.18 10.5.2: the Image
 * Pixel Description of coded pictures (PS3.3 C.7.6.3, C.7.6.1.1.5) and the
 * Encapsulated Document (C.24.2).  What the metadata say stays; where the
 * picture says otherwise, the instance is refused.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "service/stow.h"

#define SYNTAX(rest)  "1.2.840.10008.1.2" rest

enum { DOCUMENT = 0x00420011 };

typedef struct {
    pacs_dataset_t  *ds;
    pacs_arena_t    *a;
    pacs_err_t      *err;
} fill_t;


/* SOP class and modality that a medium has, if the metadata name none */
static const struct {
    const char  *type;
    const char  *class_uid;
    const char  *modality;
} documents[] = {
    { "application/pdf", "1.2.840.10008.5.1.4.1.1.104.1", "DOC" },
    { "text/xml",        "1.2.840.10008.5.1.4.1.1.104.2", "DOC" },
    { "model/stl",       "1.2.840.10008.5.1.4.1.1.104.3", "M3D" },
    { "application/sla", "1.2.840.10008.5.1.4.1.1.104.3", "M3D" },
    { "model/obj",       "1.2.840.10008.5.1.4.1.1.104.4", "M3D" },
    { "model/mtl",       "1.2.840.10008.5.1.4.1.1.104.5", "M3D" }
};


bool
pacs_media_coded(pacs_str_t type)
{
    return pacs_str_starts(type, "image/") || pacs_str_starts(type, "video/");
}


bool
pacs_media_known(pacs_str_t type)
{
    static const char *const  files[] = { "image/jp2", "image/jpx",
        "image/j2k", "image/jph", "image/png", "image/gif" };

    if (!pacs_media_coded(type)) {
        return memmem(type.data, type.len, " in ", 4) == NULL;
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (pacs_str_is(type, files[i])) {
            return true;
        }
    }
    for (const pacs_syntax_t *s = pacs_syntax_table; s->uid != NULL; s++) {
        if (pacs_str_is(type, s->media_type)) {
            return true;
        }
    }
    return false;
}


/* --- attributes that are not there, or empty --- */

static int
add(fill_t *f, uint32_t tag, uint16_t vr, pacs_str_t value)
{
    pacs_elem_t  **at = &f->ds->root->elems;

    while (*at != NULL && (*at)->tag < tag) {
        at = &(*at)->next;
    }

    pacs_elem_t *there = *at != NULL && (*at)->tag == tag ? *at : NULL;

    if (there != NULL && there->length != 0) {
        return PACS_OK;
    }

    pacs_elem_t *e = pacs_calloc(f->a, 1, sizeof(*e));

    value = pacs_str_copy(f->a, value);
    if (e == NULL || (value.data == NULL && value.len != 0)) {
        return pacs_fail(f->err, PACS_E_NOMEM, "no memory for an attribute");
    }

    *e = (pacs_elem_t) { .tag = tag, .vr = vr,
                         .next = there != NULL ? there->next : *at,
                         .value = (const uint8_t *) value.data,
                         .length = value.len };
    *at = e;
    return PACS_OK;
}


static int
add_text(fill_t *f, uint32_t tag, uint16_t vr, const char *text)
{
    return add(f, tag, vr, pacs_cstr(text));
}


/* a number of 16 bits, or of 32 (UL); one that is there must be the same */
static int
add_number(fill_t *f, uint32_t tag, uint16_t vr, uint64_t v, bool must)
{
    char     raw[4] = { (char) v, (char) (v >> 8), (char) (v >> 16),
                        (char) (v >> 24) };
    int64_t  there;

    if (must && pacs_elem_int(f->ds->root, tag, 0, &there)
        && there != (int64_t) v)
    {
        const pacs_tag_t *known = pacs_tag(tag);

        return pacs_fail(f->err, PACS_E_PARSE, "%s is %" PRId64 " in the "
                         "metadata, %" PRIu64 " in the bulk data",
                         known != NULL ? known->keyword : "an attribute",
                         there, v);
    }
    return add(f, tag, vr, (pacs_str_t) { raw, vr == PACS_US ? 2 : 4 });
}


/* --- coded pictures --- */

/* PS3.3 C.7.6.3.1.2 and PS3.5 8.2: what the syntax has it called */
static const char *
photometric(const pacs_coded_t *c)
{
    static const char *const  names[] = {
        [PACS_CODED_RGB] = "RGB", [PACS_CODED_YBR] = "YBR_FULL_422",
        [PACS_CODED_RCT] = "YBR_RCT", [PACS_CODED_ICT] = "YBR_ICT"
    };

    return c->samples == 1 ? "MONOCHROME2"
           : c->colour == PACS_CODED_YBR && !c->subsampled ? "YBR_FULL"
           : names[c->colour];
}


static int
fill_pixels(fill_t *f, const pacs_coded_t *c, bool native)
{
    const struct { uint32_t tag; uint16_t v; bool must; } numbers[] = {
        { 0x00280002, c->samples, true },
        { 0x00280010, c->rows, true },
        { 0x00280011, c->columns, true },
        { 0x00280100, c->bits > 8 ? 16 : 8, native },
        { 0x00280101, c->bits, false },
        { 0x00280102, (uint16_t) (c->bits - 1), false },
        { 0x00280103, c->is_signed, native }
    };
    int  rc = add_text(f, 0x00280004, PACS_CS, photometric(c));

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0])
                       && rc == PACS_OK; i++)
    {
        rc = add_number(f, numbers[i].tag, PACS_US, numbers[i].v,
                        numbers[i].must);
    }
    if (rc == PACS_OK && c->samples > 1) {
        rc = add_number(f, 0x00280006, PACS_US, 0, native);
    }
    return rc;
}


/* C.7.6.1.1.5: what is lost stays lost, and is told */
static int
fill_lossy(fill_t *f, const pacs_medium_t *medium, const pacs_coded_t *c)
{
    const pacs_syntax_t  *syntax = pacs_syntax(pacs_cstr(f->ds->syntax_uid));
    uint64_t              coded = 0;
    char                  ratio[17];
    double                native;

    if (!syntax->lossy) {
        return PACS_OK;
    }

    for (uint32_t i = 0; i < medium->nranges; i++) {
        coded += medium->ranges[i].length;
    }

    int  rc = add_text(f, 0x00282110, PACS_CS, "01");

    if (rc != PACS_OK || c == NULL || coded == 0) {
        return rc;
    }

    native = (double) c->rows * c->columns * c->samples
             * (c->bits > 8 ? 2 : 1) * medium->nranges;
    snprintf(ratio, sizeof(ratio), "%.4g", native / (double) coded);
    rc = add_text(f, 0x00282112, PACS_DS, ratio);

    return rc != PACS_OK ? rc
           : add_text(f, 0x00282114, PACS_CS,
                      syntax->coding == PACS_CODING_JPEG ? "ISO_10918_1"
                      : syntax->coding == PACS_CODING_JPEGLS
                      ? "ISO_14495_1" : "ISO_15444_1");
}


/* PS3.18 table 8.7.3-5: a medium without a syntax of its own has this one,
 * and one that is named must be of the medium */
static int
choose_syntax(fill_t *f, const pacs_medium_t *medium, const char *found)
{
    static const struct { const char *type, *uid; }  defaults[] = {
        { "image/dicom-rle", SYNTAX(".5") },
        { "image/jphc",      SYNTAX(".4.201") },
        { "image/jxl",       SYNTAX(".4.112") },
        { "video/mpeg",      SYNTAX(".4.100") },
        { "video/mp4",       SYNTAX(".4.102") },
        { "video/h265",      SYNTAX(".4.107") }
    };
    pacs_str_t  uid = medium->syntax.len != 0 ? medium->syntax
                      : pacs_cstr(found);

    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        if (uid.len == 0 && pacs_str_is(medium->type, defaults[i].type)) {
            uid = pacs_cstr(defaults[i].uid);
        }
    }

    const pacs_syntax_t *syntax = pacs_syntax(uid);

    if (syntax->uid == NULL || !syntax->encapsulated) {
        return pacs_fail(f->err, PACS_E_MEDIA, "bulk data of type %.*s: no "
                         "encapsulated transfer syntax%s%.*s",
                         pacs_fmt(medium->type), uid.len != 0 ? " " : "",
                         uid.len > 64 ? 64 : (int) uid.len, uid.data);
    }

    /* image/jp2, image/jpx and image/j2k are one codestream */
    if (!pacs_str_is(medium->type, syntax->media_type)
        && !(syntax->coding == PACS_CODING_J2K
             && pacs_str_starts(medium->type, "image/j"))
        && !(syntax->coding == PACS_CODING_HTJ2K
             && pacs_str_is(medium->type, "image/jph"))
        && !(syntax->coding == PACS_CODING_JPEGLS
             && pacs_str_is(medium->type, "image/jpeg")))
    {
        return pacs_fail(f->err, PACS_E_MEDIA, "bulk data of type %.*s in "
                         "transfer syntax %.*s, whose type is %s",
                         pacs_fmt(medium->type), pacs_fmt(uid),
                         syntax->media_type);
    }

    memcpy(f->ds->syntax_uid, syntax->uid, strlen(syntax->uid) + 1);
    return PACS_OK;
}


/* each part is a picture of the same kind; a box around it goes */
static int
read_pictures(pacs_source_t *spool, pacs_medium_t *medium, pacs_coded_t *c,
    pacs_err_t *err)
{
    for (uint32_t i = 0; i < medium->nranges; i++) {
        pacs_coded_t  one;
        int           rc = pacs_coded_read(spool, medium->ranges[i], &one,
                                           err);

        if (rc != PACS_OK) {
            return rc;
        }
        if (i == 0) {
            *c = one;
        }
        if (one.rows != c->rows || one.columns != c->columns
            || one.samples != c->samples || one.bits != c->bits)
        {
            return pacs_fail(err, PACS_E_PARSE, "frame %" PRIu32 " is not of "
                             "the first one's size", i + 1);
        }
        medium->ranges[i] = one.range;
    }
    return PACS_OK;
}


/* if the metadata name none: a photograph, or what can hold more than that:
 * secondary captures, PS3.3 A.8 */
static int
fill_class(fill_t *f, const pacs_coded_t *c)
{
    bool        plain = c->bits == 8 && c->frames == 1;
    const char *uid = plain ? "1.2.840.10008.5.1.4.1.1.77.1.4"
                      : c->frames == 1 ? "1.2.840.10008.5.1.4.1.1.7"
                      : c->samples == 3 ? "1.2.840.10008.5.1.4.1.1.7.4"
                      : c->bits == 8 ? "1.2.840.10008.5.1.4.1.1.7.2"
                      : "1.2.840.10008.5.1.4.1.1.7.3";
    int         rc = add_text(f, 0x00080016, PACS_UI, uid);

    return rc != PACS_OK ? rc
           : add_text(f, 0x00080060, PACS_CS, plain ? "XC" : "OT");
}


static int
complete_pictures(fill_t *f, pacs_source_t *spool, pacs_medium_t *medium)
{
    pacs_coded_t   c = { 0 };
    char           frames[12];
    int            rc;

    rc = read_pictures(spool, medium, &c, f->err);
    if (rc == PACS_OK) {
        rc = choose_syntax(f, medium, c.syntax);
    }
    if (rc == PACS_OK) {
        rc = fill_pixels(f, &c, false);
    }
    if (rc == PACS_OK && medium->nranges > 1) {
        snprintf(frames, sizeof(frames), "%" PRIu32, medium->nranges);
        rc = add_text(f, 0x00280008, PACS_IS, frames);
    }
    if (rc == PACS_OK) {
        rc = fill_lossy(f, medium, &c);
    }
    return rc == PACS_OK ? fill_class(f, &c) : rc;
}


/* PNG, GIF: RGB or grey by pixel, and nothing lost */
static int
complete_native(fill_t *f, const pacs_coded_t *c)
{
    pacs_elem_t *e = (pacs_elem_t *) pacs_elem(f->ds->root, 0x7FE00010);
    pacs_str_t   says = pacs_elem_raw(f->ds->root, 0x00280004);
    char         frames[12];
    int64_t      n;
    int          rc;

    if (c->samples == 3 && says.len != 0 && !pacs_str_is(says, "RGB")) {
        return pacs_fail(f->err, PACS_E_PARSE, "PhotometricInterpretation is "
                         "%.*s in the metadata, RGB in the bulk data",
                         says.len > 20 ? 20 : (int) says.len, says.data);
    }
    if (pacs_elem_int(f->ds->root, 0x00280008, 0, &n)
        && n != (int64_t) c->frames)
    {
        return pacs_fail(f->err, PACS_E_PARSE, "NumberOfFrames is %" PRId64
                         " in the metadata, %" PRIu32 " in the bulk data", n,
                         c->frames);
    }
    if (e != NULL) {
        e->vr = c->bits > 8 ? PACS_OW : PACS_OB;
    }

    rc = fill_pixels(f, c, true);
    if (rc == PACS_OK && c->frames > 1) {
        snprintf(frames, sizeof(frames), "%" PRIu32, c->frames);
        rc = add_text(f, 0x00280008, PACS_IS, frames);
    }
    return rc == PACS_OK ? fill_class(f, c) : rc;
}


/* 8 bits in three planes that the codec keeps: PS3.5 8.2.5 to 8.2.8.  Rows,
 * Columns and the number of frames are the client's to say */
static int
complete_video(fill_t *f, const pacs_medium_t *medium)
{
    static const struct { uint32_t tag; uint16_t v; }  numbers[] = {
        { 0x00280002, 3 }, { 0x00280006, 0 }, { 0x00280100, 8 },
        { 0x00280101, 8 }, { 0x00280102, 7 }, { 0x00280103, 0 }
    };
    int64_t  v;
    int      rc = choose_syntax(f, medium, NULL);

    if (rc == PACS_OK && (!pacs_elem_int(f->ds->root, 0x00280010, 0, &v)
                          || !pacs_elem_int(f->ds->root, 0x00280011, 0, &v)
                          || !pacs_elem_int(f->ds->root, 0x00280008, 0, &v)))
    {
        return pacs_fail(f->err, PACS_E_PARSE, "the metadata of a video need "
                         "Rows, Columns and NumberOfFrames");
    }
    if (rc == PACS_OK) {
        rc = add_text(f, 0x00280004, PACS_CS, "YBR_PARTIAL_420");
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0])
                       && rc == PACS_OK; i++)
    {
        rc = add_number(f, numbers[i].tag, PACS_US, numbers[i].v, false);
    }
    if (rc == PACS_OK) {
        rc = fill_lossy(f, medium, NULL);
    }
    if (rc == PACS_OK) {
        rc = add_text(f, 0x00080016, PACS_UI,
                      "1.2.840.10008.5.1.4.1.1.77.1.4.1");
    }
    return rc != PACS_OK ? rc : add_text(f, 0x00080060, PACS_CS, "XC");
}


/* --- encapsulated documents --- */

static int
complete_document(fill_t *f, const pacs_medium_t *medium)
{
    const pacs_elem_t  *e = pacs_elem(f->ds->root, DOCUMENT);
    int                 rc = PACS_OK;

    if (e == NULL) {
        return PACS_OK;
    }

    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        if (rc == PACS_OK && pacs_str_is(medium->type, documents[i].type)) {
            rc = add_text(f, 0x00080016, PACS_UI, documents[i].class_uid);
            if (rc == PACS_OK) {
                rc = add_text(f, 0x00080060, PACS_CS, documents[i].modality);
            }
        }
    }

    if (rc == PACS_OK) {
        rc = add(f, 0x00420012, PACS_LO, medium->type);
    }
    if (rc == PACS_OK) {
        rc = add_text(f, 0x00420010, PACS_ST, "");
    }
    if (rc == PACS_OK && e->length <= UINT32_MAX) {
        rc = add_number(f, 0x00420015, PACS_UL, e->length, true);
    }
    return rc;
}


int
pacs_media_complete(pacs_dataset_t *ds, pacs_source_t *spool,
    pacs_medium_t *pixels, const pacs_medium_t *document, pacs_arena_t *a,
    pacs_err_t *err)
{
    fill_t  f = { ds, a, err };
    int     rc = PACS_OK;

    memcpy(ds->syntax_uid, SYNTAX(".1"), sizeof(SYNTAX(".1")));

    if (pixels != NULL && pixels->native.frames != 0) {
        rc = complete_native(&f, &pixels->native);

    } else if (pixels != NULL && ds->fragments == pixels->ranges) {
        rc = pacs_str_starts(pixels->type, "video/")
             ? complete_video(&f, pixels)
             : pacs_str_is(pixels->type, "image/dicom-rle")
               || pacs_str_is(pixels->type, "image/jphc")
               || pacs_str_is(pixels->type, "image/jxl")
             ? choose_syntax(&f, pixels, NULL)
             : complete_pictures(&f, spool, pixels);
    }
    if (rc == PACS_OK && document != NULL) {
        rc = complete_document(&f, document);
    }
    return rc;
}
