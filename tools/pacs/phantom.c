/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * pacs phantom DIR [--small]: demo studies of patients who never lived.
 * DIR/<study>/<series>/<instance>.dcm; equal bytes at each run.
 */

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "phantom.h"

typedef struct {
    const char  *charset, *name, *id, *birth, *sex;
} patient_t;

/* names in the bytes of their character set */
static const patient_t  patients[] = {
    { "ISO_IR 100", "Lindqvist^\xc5sa", "DEMO-1001", "19580412", "F" },
    { "ISO_IR 192",
      "Yamada^Hanako=\xe5\xb1\xb1\xe7\x94\xb0^\xe8\x8a\xb1\xe5\xad\x90="
      "\xe3\x82\x84\xe3\x81\xbe\xe3\x81\xa0^\xe3\x81\xaf\xe3\x81\xaa"
      "\xe3\x81\x93", "DEMO-1002", "19710923", "F" },
    { "ISO_IR 192", "Nov\xc3\xa1kov\xc3\xa1^Bo\xc5\xbe" "ena", "DEMO-1003",
      "19660130", "F" },
    { "ISO_IR 100", "Fontaine^Ren\xe9", "DEMO-1004", "19490718", "M" },
};

typedef struct {
    unsigned     patient;
    const char  *date, *time, *description, *accession;
} study_t;

static const study_t  studies[] = {
    { 0, "20240918", "093512", "CT Chest with contrast", "D240918-03" },
    { 0, "20260602", "101544", "CT Chest with contrast, follow-up",
      "D260602-11" },
    { 0, "20260601", "164003", "Chest PA", "D260601-27" },
    { 1, "20260608", "220718", "CT Head", "D260608-41" },
    { 1, "20260610", "140226", "MRI Brain", "D260610-09" },
    { 2, "20260511", "083009", "Screening mammography", "D260511-02" },
    { 3, "20260519", "112550", "Echocardiography", "D260519-06" },
};

struct job_s;

typedef struct {
    unsigned     study;         /* in studies */
    unsigned     number;        /* of the series */
    const char  *modality, *description, *class_uid;
    int        (*make)(const struct job_s *job, pacs_err_t *err);
    float        option[4];     /* for make */
} series_t;

typedef struct job_s {
    const series_t  *series;
    const study_t   *study;
    const char      *dir;
    bool             small;
} job_t;


/* --- what every instance has: PS3.3 C.7.1 to C.7.5, C.12.1 --- */

static void
put_age(file_t *f, const patient_t *p, const study_t *st)
{
    int  born = atoi(p->birth), seen = atoi(st->date);

    file_text(f, 0x00101010, PACS_AS, "%03dY", (seen - born) / 10000);
}


static void
put_common(file_t *f, const job_t *job, unsigned instance, char uid[65])
{
    const series_t   *se = job->series;
    const study_t    *st = job->study;
    const patient_t  *p = &patients[st->patient];
    unsigned          study = se->study + 1;
    const char       *size = job->small ? "small" : "full";
    char              study_uid[65], series_uid[65];

    file_uid(study_uid, "ngx_pacs phantom 1 %s %u", size, study);
    file_uid(series_uid, "ngx_pacs phantom 1 %s %u.%u", size, study,
             se->number);
    file_uid(uid, "ngx_pacs phantom 1 %s %u.%u.%u", size, study, se->number,
             instance);

    const struct { uint32_t tag; uint16_t vr; const char *value; }  texts[] = {
        { 0x00080005, PACS_CS, p->charset },
        { 0x00080012, PACS_DA, st->date }, { 0x00080013, PACS_TM, st->time },
        { 0x00080020, PACS_DA, st->date }, { 0x00080021, PACS_DA, st->date },
        { 0x00080022, PACS_DA, st->date }, { 0x00080023, PACS_DA, st->date },
        { 0x00080030, PACS_TM, st->time }, { 0x00080031, PACS_TM, st->time },
        { 0x00080032, PACS_TM, st->time }, { 0x00080033, PACS_TM, st->time },
        { 0x00080050, PACS_SH, st->accession },
        { 0x00080060, PACS_CS, se->modality },
        { 0x00080070, PACS_LO, "ngx_pacs" },
        { 0x00080080, PACS_LO, "Demo Hospital" },
        { 0x00080090, PACS_PN, "Referrer^Rita" },
        { 0x00081010, PACS_SH, "PHANTOM" },
        { 0x00081030, PACS_LO, st->description },
        { 0x0008103e, PACS_LO, se->description },
        { 0x00081090, PACS_LO, "Phantom" },
        { 0x00100010, PACS_PN, p->name }, { 0x00100020, PACS_LO, p->id },
        { 0x00100030, PACS_DA, p->birth }, { 0x00100040, PACS_CS, p->sex },
        { 0x00181000, PACS_LO, "1" },
        { 0x00181020, PACS_LO, PACS_VERSION },
        { 0x0020000d, PACS_UI, study_uid },
        { 0x0020000e, PACS_UI, series_uid },
        { 0x00200010, PACS_SH, st->accession },
        { 0x00280301, PACS_CS, "NO" },
        { 0x00282110, PACS_CS, "00" },
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        file_text(f, texts[i].tag, texts[i].vr, "%s", texts[i].value);
    }
    put_age(f, p, st);
    file_text(f, 0x00200011, PACS_IS, "%u", se->number);
    file_text(f, 0x00200012, PACS_IS, "1");
    file_text(f, 0x00200013, PACS_IS, "%u", instance);
}


/* PS3.3 C.7.6.3; grey of 16 bits allocated */
static void
put_grey(file_t *f, uint32_t columns, uint32_t rows, unsigned stored,
    bool is_signed, const void *pixels)
{
    file_us(f, 0x00280002, 1);
    file_text(f, 0x00280004, PACS_CS, "MONOCHROME2");
    file_us(f, 0x00280010, rows);
    file_us(f, 0x00280011, columns);
    file_us(f, 0x00280100, 16);
    file_us(f, 0x00280101, stored);
    file_us(f, 0x00280102, stored - 1);
    file_us(f, 0x00280103, is_signed);
    file_mark(f, 0x7fe00010);
    pacs_write_bytes(&f->body, 0x7fe00010, PACS_OW, pixels,
                     (size_t) rows * columns * 2);
}


/* PS3.3 C.7.6.2; pixel (0, 0) at p, the patient shifted against the body */
static void
put_plane(file_t *f, const plane_t *p, const float shift[3], float thick)
{
    float  row[3] = { 0 }, down[3] = { 0 };

    row[p->across] = 1;
    down[p->down] = p->sign;
    file_text(f, 0x00200032, PACS_DS, "%.6g\\%.6g\\%.6g",
              (double) (p->origin[0] + shift[0]),
              (double) (p->origin[1] + shift[1]),
              (double) (p->origin[2] + shift[2]));
    file_text(f, 0x00200037, PACS_DS, "%g\\%g\\%g\\%g\\%g\\%g",
              (double) row[0], (double) row[1], (double) row[2],
              (double) down[0], (double) down[1], (double) down[2]);
    file_text(f, 0x00280030, PACS_DS, "%.6g\\%.6g", (double) p->step[1],
              (double) p->step[0]);
    file_text(f, 0x00180050, PACS_DS, "%.6g", (double) thick);
    file_text(f, 0x00201041, PACS_DS, "%.6g",
              (double) (p->origin[3 - p->across - p->down]
                        + shift[3 - p->across - p->down]));
}


static void
put_frame_of_reference(file_t *f, const job_t *job)
{
    char  uid[65];

    file_uid(uid, "ngx_pacs phantom 1 %s frame %u",
             job->small ? "small" : "full", job->series->study + 1);
    file_text(f, 0x00200052, PACS_UI, "%s", uid);
    file_text(f, 0x00201040, PACS_LO, "%s", "");
    file_text(f, 0x00185100, PACS_CS, "HFS");
}


static int
save(file_t *f, const job_t *job, unsigned instance, const char *uid,
    pacs_err_t *err)
{
    char  path[4096];
    int   n = snprintf(path, sizeof(path), "%s/%u/%u/%u.dcm", job->dir,
                       job->series->study + 1, job->series->number, instance);

    if (n < 0 || (size_t) n >= sizeof(path)) {
        pacs_buf_free(&f->body);
        return pacs_fail(err, PACS_E_ARG, "%s: too long", job->dir);
    }
    return file_save(f, path, job->series->class_uid, uid, err);
}


/* --- slices of bodies: CT and MR --- */

typedef struct {
    scene_t    scene;
    uint8_t   *material;
    float     *value, *line;
    uint16_t  *pixels;
} slice_t;


static void
slice_free(slice_t *s)
{
    scene_free(&s->scene);
    free(s->material);
    free(s->value);
    free(s->line);
    free(s->pixels);
}


static bool
slice_alloc(slice_t *s, uint32_t side)
{
    size_t  n = (size_t) side * side;

    s->material = malloc(n);
    s->value = malloc(n * sizeof(*s->value));
    s->line = malloc(side * sizeof(*s->line));
    s->pixels = malloc(n * sizeof(*s->pixels));
    return s->material != NULL && s->value != NULL && s->line != NULL
           && s->pixels != NULL;
}


/* values of all pixels into s->value; weighting 0: CT */
static void
slice_paint(slice_t *s, const plane_t *p, bool head, char weighting,
    float noise, uint32_t seed)
{
    const uint8_t  *m = s->material;
    float          *v = s->value;

    paint(&s->scene, p, s->material);
    for (uint32_t j = 0; j < p->rows; j++) {
        float  at[3] = { p->origin[0], p->origin[1], p->origin[2] };
        float  from = at[p->across];

        at[p->down] += j * p->step[1] * p->sign;
        for (uint32_t i = 0; i < p->columns; i++) {
            at[p->across] = from + i * p->step[0];
            *v = weighting != 0 ? head_mr(*m, at, weighting)
                 : head ? head_ct(*m, at) : chest_ct(*m, at);
            *v++ += noise * grain(&seed);
            m++;
        }
    }
    soften(s->value, p->columns, p->rows, s->line);
}


static void
slice_pixels(slice_t *s, size_t n, float offset, float max)
{
    for (size_t i = 0; i < n; i++) {
        float  v = s->value[i] + offset;

        s->pixels[i] = (uint16_t) (v < 0 ? 0 : v > max ? max : v + 0.5f);
    }
}


/* PS3.3 A.3 */
static void
put_ct(file_t *f, bool head)
{
    file_text(f, 0x00080008, PACS_CS, "ORIGINAL\\PRIMARY\\AXIAL");
    file_text(f, 0x00180015, PACS_CS, head ? "HEAD" : "CHEST");
    file_text(f, 0x00180060, PACS_DS, "120");
    file_text(f, 0x00181120, PACS_DS, "0");
    file_text(f, 0x00181151, PACS_IS, head ? "280" : "190");
    file_text(f, 0x00181210, PACS_SH, head ? "H31" : "B31");
    file_text(f, 0x00281050, PACS_DS, head ? "40\\500" : "40\\-600");
    file_text(f, 0x00281051, PACS_DS, head ? "80\\2200" : "400\\1500");
    file_text(f, 0x00281052, PACS_DS, "-1024");
    file_text(f, 0x00281053, PACS_DS, "1");
    file_text(f, 0x00281054, PACS_LO, "HU");
    file_text(f, 0x00281055, PACS_LO, head ? "BRAIN\\BONE"
                                           : "SOFT TISSUE\\LUNG");
    if (!head) {
        file_text(f, 0x00180010, PACS_LO, "Demo contrast");
    }
}


/* option: head?, nodule mm, spacing of the slices, shift of the patient */
static int
make_ct(const job_t *job, pacs_err_t *err)
{
    bool      head = job->series->option[0] != 0;
    float     thick = job->series->option[2] * (job->small ? 16 : 1);
    float     away = job->series->option[3];
    float     field = head ? 230 : 368, top = head ? 99 : 150;
    float     shift[3] = { away / 3, -away / 4, away };
    uint32_t  side = job->small ? 128 : 512;
    uint32_t  count = (uint32_t) ((head ? 158 : 300) / thick);
    float     step = field / side;
    slice_t   s = { .material = NULL };
    int       rc = PACS_OK;

    if (!slice_alloc(&s, side)
        || !(head ? head_scene(&s.scene)
                  : chest_scene(&s.scene, job->series->option[1], false)))
    {
        rc = pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    for (uint32_t i = 0; rc == PACS_OK && i < count; i++) {
        plane_t  p = { .origin = { -field / 2 + step / 2,
                                   -field / 2 + step / 2 + (head ? -6 : 8),
                                   top - i * thick },
                       .step = { step, step }, .across = 0, .down = 1,
                       .sign = 1, .columns = side, .rows = side };
        file_t   f = { .n = 0 };
        char     uid[65];

        slice_paint(&s, &p, head, 0, head ? 9 : 21, i * 7919 + 1);
        slice_pixels(&s, (size_t) side * side, 1024, 4095);
        put_common(&f, job, i + 1, uid);
        put_ct(&f, head);
        put_plane(&f, &p, shift, thick);
        put_frame_of_reference(&f, job);
        put_grey(&f, side, side, 16, true, s.pixels);
        rc = save(&f, job, i + 1, uid, err);
    }
    slice_free(&s);
    return rc;
}


static const struct {
    char         weighting;
    const char  *sequence, *variant, *options, *tr, *te, *ti, *etl;
    int          across, down, sign, center, width;
} mr_kinds[] = {
    { '2', "SE", "SK", "FC", "4200", "96", NULL, "15", 0, 1, 1, 480, 960 },
    { '1', "SE", "NONE", "", "520", "9", NULL, "1", 1, 2, -1, 400, 800 },
    { 'F', "SE\\IR", "SK", "", "8600", "118", "2500", "21", 0, 2, -1, 400,
      800 },
};


/* PS3.3 C.8.3.1 */
static void
put_mr(file_t *f, unsigned kind)
{
    file_text(f, 0x00080008, PACS_CS, "ORIGINAL\\PRIMARY\\OTHER");
    file_text(f, 0x00180015, PACS_CS, "HEAD");
    file_text(f, 0x00180020, PACS_CS, "%s", mr_kinds[kind].sequence);
    file_text(f, 0x00180021, PACS_CS, "%s", mr_kinds[kind].variant);
    file_text(f, 0x00180022, PACS_CS, "%s", mr_kinds[kind].options);
    file_text(f, 0x00180023, PACS_CS, "2D");
    file_text(f, 0x00180080, PACS_DS, "%s", mr_kinds[kind].tr);
    file_text(f, 0x00180081, PACS_DS, "%s", mr_kinds[kind].te);
    if (mr_kinds[kind].ti != NULL) {
        file_text(f, 0x00180082, PACS_DS, "%s", mr_kinds[kind].ti);
    }
    file_text(f, 0x00180087, PACS_DS, "1.5");
    file_text(f, 0x00180091, PACS_IS, "%s", mr_kinds[kind].etl);
    file_text(f, 0x00281050, PACS_DS, "%d", mr_kinds[kind].center);
    file_text(f, 0x00281051, PACS_DS, "%d", mr_kinds[kind].width);
}


/* option: the kind */
static int
make_mr(const job_t *job, pacs_err_t *err)
{
    enum { COUNT = 24 };
    unsigned  kind = (unsigned) job->series->option[0];
    float     field = kind == 1 ? 250 : 240, gap = kind == 0 ? 5.6f : 6;
    float     shift[3] = { 2, 6, -11 };
    uint32_t  side = job->small ? 64 : 256, count = job->small ? 4 : COUNT;
    float     step = field / side;
    slice_t   s = { .material = NULL };
    int       rc = PACS_OK;

    if (!slice_alloc(&s, side) || !head_scene(&s.scene)) {
        rc = pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    for (uint32_t i = 0; rc == PACS_OK && i < count; i++) {
        float    at = (i + 0.5f - count / 2.f) * gap * COUNT / count;
        plane_t  p = { .origin = { -field / 2, -field / 2 - 4,
                                   field / 2 - 14 },
                       .step = { step, step },
                       .across = mr_kinds[kind].across,
                       .down = mr_kinds[kind].down,
                       .sign = mr_kinds[kind].sign,
                       .columns = side, .rows = side };
        file_t   f = { .n = 0 };
        char     uid[65];

        /* axial from below, sagittal from the right, coronal from behind */
        p.origin[3 - p.across - p.down] = kind == 0 ? 30 + at
                                          : kind == 1 ? at : 4 - at;
        slice_paint(&s, &p, true, mr_kinds[kind].weighting, 24,
                    i * 104729 + kind + 1);
        slice_pixels(&s, (size_t) side * side, 0, 4095);
        put_common(&f, job, i + 1, uid);
        put_mr(&f, kind);
        put_plane(&f, &p, shift, gap * 0.9f);
        file_text(&f, 0x00180088, PACS_DS, "%.6g",
                  (double) (gap * COUNT / count));
        put_frame_of_reference(&f, job);
        put_grey(&f, side, side, 12, false, s.pixels);
        rc = save(&f, job, i + 1, uid, err);
    }
    slice_free(&s);
    return rc;
}


/* --- projections: DX and MG --- */

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


static int
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
        rc = save(&f, job, 1, uid, err);
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


static int
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
        rc = save(&f, job, 1, uid, err);
    }
    free(pixels);
    return rc;
}


/* --- ultrasound --- */

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


static int
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
    int  rc = save(&f, job, 1, uid, err);

    free(rgb);
    return rc;
}


/* --- all of it --- */

#define CT  "1.2.840.10008.5.1.4.1.1.2"
#define MR  "1.2.840.10008.5.1.4.1.1.4"
#define DX  "1.2.840.10008.5.1.4.1.1.1.1"
#define MG  "1.2.840.10008.5.1.4.1.1.1.2"
#define US  "1.2.840.10008.5.1.4.1.1.3.1"

static const series_t  all[] = {
    { 2, 1, "DX", "Chest PA", DX, make_dx, { 0, 14, 0, 0 } },
    { 0, 1, "CT", "Chest 2.5 mm", CT, make_ct, { 0, 7, 2.5f, 14 } },
    { 1, 1, "CT", "Chest 2 mm", CT, make_ct, { 0, 14, 2, 0 } },
    { 3, 1, "CT", "Head 1.25 mm", CT, make_ct, { 1, 0, 1.25f, 0 } },
    { 5, 1, "MG", "R CC", MG, make_mg, { 0 } },
    { 5, 2, "MG", "L CC", MG, make_mg, { 1 } },
    { 5, 3, "MG", "R MLO", MG, make_mg, { 2 } },
    { 5, 4, "MG", "L MLO", MG, make_mg, { 3 } },
    { 4, 1, "MR", "T2 axial", MR, make_mr, { 0 } },
    { 4, 2, "MR", "T1 sagittal", MR, make_mr, { 1 } },
    { 4, 3, "MR", "FLAIR coronal", MR, make_mr, { 2 } },
    { 6, 1, "US", "Apical four chamber", US, make_us, { 0 } },
};

enum { SERIES = sizeof(all) / sizeof(all[0]), THREADS = 4 };

typedef struct {
    const char   *dir;
    bool          small;
    atomic_uint   next;
    atomic_int    code;
    pacs_err_t    err[SERIES];
} work_t;


PACS_PRINTF(2, 3)
static int
make_dir(pacs_err_t *err, const char *fmt, ...)
{
    char     path[4096];
    va_list  ap;

    va_start(ap, fmt);
    int  n = vsnprintf(path, sizeof(path), fmt, ap);
    va_end(ap);

    if (n < 0 || (size_t) n >= sizeof(path)) {
        return pacs_fail(err, PACS_E_ARG, "path is too long");
    }
    return mkdir(path, 0755) == 0 || errno == EEXIST ? PACS_OK
           : pacs_fail_errno(err, errno, "%s", path);
}


static int
make_series(const work_t *w, const series_t *se, pacs_err_t *err)
{
    job_t  job = { se, &studies[se->study], w->dir, w->small };
    int    rc = make_dir(err, "%s/%u", w->dir, se->study + 1);

    if (rc == PACS_OK) {
        rc = make_dir(err, "%s/%u/%u", w->dir, se->study + 1, se->number);
    }
    return rc == PACS_OK ? se->make(&job, err) : rc;
}


static void *
work(void *data)
{
    work_t    *w = data;
    unsigned   i;

    while ((i = atomic_fetch_add(&w->next, 1)) < SERIES) {
        int  rc = make_series(w, &all[i], &w->err[i]);

        if (rc != PACS_OK) {
            atomic_store(&w->code, rc);
        }
    }
    return NULL;
}


static void
run(work_t *w)
{
    pthread_t  threads[THREADS];
    long       cores = sysconf(_SC_NPROCESSORS_ONLN);
    int        n = 0;

    while (n < THREADS && n + 1 < cores
           && pthread_create(&threads[n], NULL, work, w) == 0)
    {
        n++;
    }
    work(w);
    while (n > 0) {
        pthread_join(threads[--n], NULL);
    }
}


int
pacs_cmd_phantom(int argc, char **argv)
{
    work_t      w = { .dir = NULL };
    pacs_err_t  err = { 0, "" };

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--small") == 0) {
            w.small = true;

        } else if (w.dir == NULL && argv[i][0] != '-' && argv[i][0] != '\0') {
            w.dir = argv[i];

        } else {
            w.dir = NULL;
            break;
        }
    }

    if (w.dir == NULL) {
        fprintf(stderr, "Usage: pacs phantom DIR [--small]\n");
        return 2;
    }

    if (make_dir(&err, "%s", w.dir) != PACS_OK) {
        fprintf(stderr, "pacs: %s\n", err.text);
        return 1;
    }

    run(&w);
    for (unsigned i = 0; i < SERIES; i++) {
        if (w.err[i].code != PACS_OK) {
            fprintf(stderr, "pacs: %s\n", w.err[i].text);
        }
    }
    return atomic_load(&w.code) == PACS_OK ? 0 : 1;
}
