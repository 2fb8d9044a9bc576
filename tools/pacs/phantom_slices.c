/* SPDX-License-Identifier: BSD-2-Clause */

/* CT and MR: slices through a body. */

#include <stdlib.h>

#include "phantom.h"


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
int
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
        rc = save_instance(&f, job, i + 1, uid, err);
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
int
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
        rc = save_instance(&f, job, i + 1, uid, err);
    }
    slice_free(&s);
    return rc;
}
