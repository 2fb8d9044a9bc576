/* SPDX-License-Identifier: BSD-2-Clause */

/* Radiographs, mammograms, ultrasound. */

#include <stdlib.h>

#include "phantom.h"


/* PS3.3 C.8.11.1 to C.8.11.5, for presentation */
static void
put_projection(file_t *f, double step_mm, const char *body,
    const char *orientation, const char *kv)
{
    /* bright is where fewer rays came through */
    int64_t  sign = -1;

    file_text(f, 0x00080008, PACS_CS, "ORIGINAL\\PRIMARY");
    file_text(f, 0x00080068, PACS_CS, "FOR PRESENTATION");
    file_text(f, 0x00180015, PACS_CS, "%s", body);
    file_text(f, 0x00180060, PACS_DS, "%s", kv);
    file_text(f, 0x00181164, PACS_DS, "%g\\%g", step_mm, step_mm);
    file_text(f, 0x00187004, PACS_CS, "DIRECT");
    file_text(f, 0x00200020, PACS_CS, "%s", orientation);
    file_text(f, 0x00281040, PACS_CS, "LOG");
    file_mark(f, 0x00281041);
    pacs_write_ints(&f->body, 0x00281041, PACS_SS, &sign, 1);
    file_text(f, 0x00281052, PACS_DS, "0");
    file_text(f, 0x00281053, PACS_DS, "1");
    file_text(f, 0x00281054, PACS_LO, "US");
    file_text(f, 0x20500020, PACS_CS, "IDENTITY");
    file_mark(f, 0x00400555);
    pacs_write_sq(&f->body, 0x00400555);
    pacs_write_sq_end(&f->body);
}


int
make_dx(const job_t *job, pacs_err_t *err)
{
    uint32_t   part = job->small ? 8 : 1;
    uint32_t   columns = 2500 / part / 4 * 4, rows = 3000 / part / 4 * 4;
    float      step = 0.143f * part;
    scene_t    scene = { .shapes = NULL };
    uint16_t  *pixels = malloc((size_t) columns * rows * 2);
    file_t     f = { .n = 0 };
    char       uid[65];
    int        rc = PACS_OK;

    if (pixels == NULL || !chest_scene(&scene, job->series->option[1], true)
        || !chest_xray(&scene, columns, rows, step, pixels))
    {
        rc = pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    if (rc == PACS_OK) {
        put_common(&f, job, 1, uid);
        put_projection(&f, 0.143 * part, "CHEST", "L\\F", "125");
        file_text(&f, 0x00181508, PACS_CS, "%s", "");
        file_text(&f, 0x00185101, PACS_CS, "PA");
        file_text(&f, 0x00200062, PACS_CS, "U");
        file_text(&f, 0x00281050, PACS_DS, "33000");
        file_text(&f, 0x00281051, PACS_DS, "60000");
        file_text(&f, 0x00281055, PACS_LO, "NORMAL");
        file_code(&f, 0x00082218, "51185008", "SCT", "Chest");
        file_code(&f, 0x00540220, "399348003", "SCT", "postero-anterior");
        put_grey(&f, columns, rows, 16, false, pixels);
        rc = save_instance(&f, job, 1, uid, err);
    }
    scene_free(&scene);
    free(pixels);
    return rc;
}


static const struct {
    bool         left, oblique;
    const char  *orientation, *view, *code, *meaning;
} mg_views[] = {
    { false, false, "P\\L",  "CC",  "399162004", "cranio-caudal" },
    { true,  false, "A\\R",  "CC",  "399162004", "cranio-caudal" },
    { false, true,  "P\\FL", "MLO", "399368009", "medio-lateral oblique" },
    { true,  true,  "A\\FR", "MLO", "399368009", "medio-lateral oblique" },
};


/* PS3.3 C.8.11.7 */
static void
put_mg(file_t *f, unsigned view)
{
    const char  *side = mg_views[view].left ? "L" : "R";

    file_text(f, 0x00181110, PACS_DS, "650");
    file_text(f, 0x00181111, PACS_DS, "610");
    file_text(f, 0x00181147, PACS_CS, "RECTANGLE");
    file_text(f, 0x001811a0, PACS_DS, "54");
    file_text(f, 0x001811a2, PACS_DS, "90");
    file_text(f, 0x00181191, PACS_CS, "TUNGSTEN");
    file_text(f, 0x00181508, PACS_CS, "MAMMOGRAPHIC");
    file_text(f, 0x00181510, PACS_DS, mg_views[view].oblique ? "45" : "0");
    file_text(f, 0x00185101, PACS_CS, "%s", mg_views[view].view);
    file_text(f, 0x00200062, PACS_CS, "%s", side);
    file_text(f, 0x00281050, PACS_DS, "1950");
    file_text(f, 0x00281051, PACS_DS, "3100");
    file_text(f, 0x00281055, PACS_LO, "NORMAL");
    file_text(f, 0x00281300, PACS_CS, "NO");
    file_text(f, 0x00281350, PACS_CS, "NO");
    file_text(f, 0x00400318, PACS_CS, "BREAST");
    file_code(f, 0x00082218, "76752008", "SCT", "Breast");

    file_begin(f, 0x00540220);
    pacs_write_text(&f->body, 0x00080100, PACS_SH,
                    pacs_cstr(mg_views[view].code));
    pacs_write_text(&f->body, 0x00080102, PACS_SH, pacs_lit("SCT"));
    pacs_write_text(&f->body, 0x00080104, PACS_LO,
                    pacs_cstr(mg_views[view].meaning));
    pacs_write_sq(&f->body, 0x00540222);
    pacs_write_sq_end(&f->body);
    file_end(f);
}


int
make_mg(const job_t *job, pacs_err_t *err)
{
    uint32_t   part = job->small ? 8 : 1;
    uint32_t   columns = 2048 / part, rows = 2664 / part / 4 * 4;
    float      step = 0.085f * part;
    uint16_t  *pixels = malloc((size_t) columns * rows * 2);
    unsigned   view = (unsigned) job->series->option[0];
    file_t     f = { .n = 0 };
    char       uid[65];
    int        rc = PACS_OK;

    if (pixels == NULL
        || !breast_xray(columns, rows, step, mg_views[view].left,
                        mg_views[view].oblique, pixels))
    {
        rc = pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    if (rc == PACS_OK) {
        put_common(&f, job, 1, uid);
        put_projection(&f, 0.085 * part, "BREAST",
                       mg_views[view].orientation, "29");
        put_mg(&f, view);
        put_grey(&f, columns, rows, 12, false, pixels);
        rc = save_instance(&f, job, 1, uid, err);
    }
    free(pixels);
    return rc;
}


static void
put_float(pacs_buf_t *b, uint32_t tag, double v)
{
    pacs_write_bytes(b, tag, PACS_FD, &v, sizeof(v));
}


static void
put_long(pacs_buf_t *b, uint32_t tag, int64_t v)
{
    pacs_write_ints(b, tag, PACS_UL, &v, 1);
}


/* PS3.3 C.8.5.5: the sector is 2.62 pixels a mm at 640 columns */
static void
put_region(file_t *f, uint32_t columns, uint32_t rows)
{
    static const uint32_t  borders[4] = { 0x00186018, 0x0018601a, 0x0018601c,
                                          0x0018601e };
    const int64_t          at[4] = { 0, 0, columns - 1, rows - 1 };
    double                 cm = 1 / (26.2 * columns / 640);
    int64_t                kind[3] = { 1, 1, 0 }, unit = 3;

    file_begin(f, 0x00186011);
    pacs_write_ints(&f->body, 0x00186012, PACS_US, &kind[0], 1);
    pacs_write_ints(&f->body, 0x00186014, PACS_US, &kind[1], 1);
    put_long(&f->body, 0x00186016, kind[2]);
    for (int i = 0; i < 4; i++) {
        put_long(&f->body, borders[i], at[i]);
    }
    pacs_write_ints(&f->body, 0x00186024, PACS_US, &unit, 1);
    pacs_write_ints(&f->body, 0x00186026, PACS_US, &unit, 1);
    put_float(&f->body, 0x0018602c, cm);
    put_float(&f->body, 0x0018602e, cm);
    file_end(f);
}


/* PS3.3 A.7 */
static void
put_us(file_t *f, uint32_t columns, uint32_t rows, uint32_t frames,
    const uint8_t *rgb)
{
    int64_t  pointer = 0x00181063;

    file_text(f, 0x00080008, PACS_CS, "ORIGINAL\\PRIMARY\\TTE\\0011");
    file_text(f, 0x00082144, PACS_IS, "30");
    file_text(f, 0x00180040, PACS_IS, "30");
    file_text(f, 0x00181063, PACS_DS, "33.333");
    file_text(f, 0x00200020, PACS_CS, "%s", "");
    file_text(f, 0x00200062, PACS_CS, "%s", "");
    put_region(f, columns, rows);
    file_us(f, 0x00280002, 3);
    file_text(f, 0x00280004, PACS_CS, "RGB");
    file_us(f, 0x00280006, 0);
    file_text(f, 0x00280008, PACS_IS, "%u", frames);
    file_mark(f, 0x00280009);
    pacs_write_ints(&f->body, 0x00280009, PACS_AT, &pointer, 1);
    file_us(f, 0x00280010, rows);
    file_us(f, 0x00280011, columns);
    file_us(f, 0x00280014, 1);
    file_us(f, 0x00280100, 8);
    file_us(f, 0x00280101, 8);
    file_us(f, 0x00280102, 7);
    file_us(f, 0x00280103, 0);
    file_mark(f, 0x7fe00010);
    pacs_write_bytes(&f->body, 0x7fe00010, PACS_OB, rgb,
                     (size_t) columns * rows * 3 * frames);
}


int
make_us(const job_t *job, pacs_err_t *err)
{
    uint32_t   columns = job->small ? 160 : 640, rows = columns * 3 / 4;
    uint32_t   frames = job->small ? 4 : 30;
    size_t     size = (size_t) columns * rows * 3;
    uint8_t   *rgb = malloc(size * frames);
    file_t     f = { .n = 0 };
    char       uid[65];

    if (rgb == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    for (uint32_t i = 0; i < frames; i++) {
        heart_ultrasound(columns, rows, i, frames, rgb + i * size);
    }
    put_common(&f, job, 1, uid);
    put_us(&f, columns, rows, frames, rgb);
    int  rc = save_instance(&f, job, 1, uid, err);

    free(rgb);
    return rc;
}
