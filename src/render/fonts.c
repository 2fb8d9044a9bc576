/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Which font draws a character: a fixed order, so that every node draws the
 * same picture.  A font is looked for when its first character comes, below
 * the folders where distributions keep them; one that is absent is passed
 * over.
 */

#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "render/text.h"

/* the first three cover DICOM's character sets but the ideographic ones; of
 * those Noto knows the regional forms, Droid is small, and has no Hangul */
static const char *const  names[] = {
    "DejaVuSans.ttf", "Loma.ttf", "NotoSansThai-Regular.ttf",
    "NotoSansCJK-Regular.ttc", "DroidSansFallbackFull.ttf",
    "NanumGothic.ttf", "NotoSans-Regular.ttf", "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf", "NotoSansDevanagari-Regular.ttf",
    "NotoSansBengali-Regular.ttf", "NotoSansGurmukhi-Regular.ttf",
    "NotoSansGujarati-Regular.ttf", "NotoSansTamil-Regular.ttf",
    "NotoSansTelugu-Regular.ttf", "NotoSansKannada-Regular.ttf",
    "NotoSansMalayalam-Regular.ttf", "NotoSansSinhala-Regular.ttf",
    "NotoSansKhmer-Regular.ttf", "NotoSansLao-Regular.ttf",
    "NotoSansMyanmar-Regular.ttf", "NotoSansGeorgian-Regular.ttf",
    "NotoSansArmenian-Regular.ttf", "NotoSansEthiopic-Regular.ttf"
};

enum { FONTS = sizeof(names) / sizeof(names[0]) };

struct pacs_fonts_s {
    pacs_fonts_t  *next;            /* in the pool */
    FT_Library     library;
    unsigned       size;
    bool           sought[FONTS];
    FT_Face        faces[FONTS];    /* NULL: not sought, or absent */
};

/* as many as there were ever threads at once */
static pacs_fonts_t     *pool;
static pthread_mutex_t   lock = PTHREAD_MUTEX_INITIALIZER;


static pacs_fonts_t *
fonts_new(void)
{
    pacs_fonts_t  *f = calloc(1, sizeof(*f));

    if (f != NULL && FT_Init_FreeType(&f->library) != 0) {
        free(f);
        return NULL;
    }
    return f;
}


pacs_fonts_t *
pacs_fonts_take(unsigned size)
{
    pthread_mutex_lock(&lock);
    pacs_fonts_t  *f = pool;
    if (f != NULL) {
        pool = f->next;
    }
    pthread_mutex_unlock(&lock);

    if (f == NULL) {
        f = fonts_new();
    }
    if (f == NULL) {
        return NULL;
    }

    f->size = size;
    for (unsigned i = 0; i < FONTS; i++) {
        if (f->faces[i] != NULL) {
            FT_Set_Pixel_Sizes(f->faces[i], 0, size);
        }
    }
    return f;
}


void
pacs_fonts_give(pacs_fonts_t *f)
{
    pthread_mutex_lock(&lock);
    f->next = pool;
    pool = f;
    pthread_mutex_unlock(&lock);
}


void
pacs_annotation_end(void)
{
    pthread_mutex_lock(&lock);
    pacs_fonts_t  *f = pool;
    pool = NULL;
    pthread_mutex_unlock(&lock);

    while (f != NULL) {
        pacs_fonts_t  *next = f->next;

        FT_Done_FreeType(f->library);       /* and its faces */
        free(f);
        f = next;
    }
}


static FT_Face
face_open(pacs_fonts_t *f, const char *name)
{
    char     pattern[128];
    glob_t   found;
    FT_Face  face = NULL;

    snprintf(pattern, sizeof(pattern),
             "/usr/{local/,}share/fonts/{,*/,*/*/}%s", name);

    if (glob(pattern, GLOB_BRACE, NULL, &found) != 0) {
        return NULL;
    }
    for (size_t i = 0; face == NULL && i < found.gl_pathc; i++) {
        if (FT_New_Face(f->library, found.gl_pathv[i], 0, &face) != 0) {
            face = NULL;
        }
    }
    globfree(&found);

    if (face != NULL && FT_Set_Pixel_Sizes(face, 0, f->size) != 0) {
        FT_Done_Face(face);
        face = NULL;
    }
    return face;
}


static FT_Face
face_at(pacs_fonts_t *f, unsigned i)
{
    if (!f->sought[i]) {
        f->sought[i] = true;
        f->faces[i] = face_open(f, names[i]);
    }
    return f->faces[i];
}


FT_Face
pacs_fonts_find(pacs_fonts_t *f, uint32_t character)
{
    for (unsigned i = 0; i < FONTS; i++) {
        FT_Face  face = face_at(f, i);

        if (face != NULL && FT_Get_Char_Index(face, character) != 0) {
            return face;
        }
    }
    return NULL;
}


FT_Face
pacs_fonts_any(pacs_fonts_t *f)
{
    FT_Face  face = NULL;

    for (unsigned i = 0; face == NULL && i < FONTS; i++) {
        face = face_at(f, i);
    }
    return face;
}
