/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The demo patients' bodies and files.  Lengths in mm in the patient's
 * directions of PS3.3 C.7.6.2.1.1: x to the left, y to the back, z to the
 * head.  All is computed from constants: the same bytes each time.
 */

#ifndef PACS_PHANTOM_H
#define PACS_PHANTOM_H

#include "dicom/dicom.h"

/* --- scene.c: bodies as a list of simple shapes, the later one wins --- */

typedef struct {
    float     c[3];             /* centre */
    float     q[3][3];          /* (p - c)' q (p - c) <= 1 */
    float     r[3], power;      /* power > 0: sum |(p - c) / r|^power <= 1 */
    float     n[3], from, to;   /* and from <= n.(p - c) <= to; n 0: all */
    float     lo[3], hi[3];     /* the box it lies in */
    uint32_t  over;             /* bits of materials it may replace */
    uint8_t   material;
} shape_t;

typedef struct {
    shape_t  *shapes;
    size_t    n, cap;
    uint32_t  over;             /* for the shapes to come */
    bool      failed;           /* out of memory */
} scene_t;

#define ANYTHING  UINT32_MAX
#define ONLY(m)   (UINT32_C(1) << (m))

void scene_free(scene_t *s);
shape_t *add_ball(scene_t *s, int m, float x, float y, float z, float rx,
    float ry, float rz);
/* both sides: at x and at -x */
void add_balls(scene_t *s, int m, float x, float y, float z, float rx,
    float ry, float rz);
/* rounder or squarer than an ellipsoid (power 2) */
shape_t *add_block(scene_t *s, int m, float x, float y, float z, float rx,
    float ry, float rz, float power);
/* turned about the z axis, from x towards y */
void turn_z(shape_t *s, float degrees);
/* with round ends */
void add_rod(scene_t *s, int m, const float a[3], const float b[3], float r);
#define ROD(s, m, x0, y0, z0, x1, y1, z1, r)                                  \
    add_rod(s, m, (const float[3]) { x0, y0, z0 },                            \
            (const float[3]) { x1, y1, z1 }, r)
#define RODS(s, m, x0, y0, z0, x1, y1, z1, r)                                 \
    do {                                                                      \
        ROD(s, m, x0, y0, z0, x1, y1, z1, r);                                 \
        ROD(s, m, -(x0), y0, z0, -(x1), y1, z1, r);                           \
    } while (0)
/* keeps of the shape what lies at z >= bottom */
void cut_below(shape_t *s, float bottom);

/* a plane along two axes: pixel (i, j) at
 * origin + i * step[0] * e[across] + j * step[1] * sign * e[down] */
typedef struct {
    float     origin[3], step[2];
    int       across, down, sign;
    uint32_t  columns, rows;
} plane_t;

/* materials of all pixels, 0 where no shape is */
void paint(const scene_t *s, const plane_t *p, uint8_t *out);

/* smooth noise, -1..1, lumps of about 1 */
float noise3(float x, float y, float z, uint32_t seed);
/* several octaves of it */
float lumps(float x, float y, float z, uint32_t seed, int octaves);
/* one of a bell curve, deviation 1; moves *state */
float grain(uint32_t *state);
float chance(uint32_t *state);                  /* 0..1 */
float blend(float a, float b, float at);        /* at clamped to 0..1 */
/* (1 2 1) / 4 in both directions */
void soften(float *image, uint32_t columns, uint32_t rows, float *line);
/* bilinear; beyond the edges the edge */
float sample(const float *im, uint32_t columns, uint32_t rows, float x,
    float y);


/* --- bodies --- */

bool head_scene(scene_t *s);
/* the lesion is on the patient's left */
float head_ct(int material, const float p[3]);
float head_mr(int material, const float p[3], char weighting);

/* nodule_mm in the right upper lobe */
bool chest_scene(scene_t *s, float nodule_mm, bool standing);
float chest_ct(int material, const float p[3]);
bool chest_xray(const scene_t *s, uint32_t columns, uint32_t rows,
    float step_mm, uint16_t *out);

/* for presentation: 12 bits, air is 0; the picture as it hangs */
bool breast_xray(uint32_t columns, uint32_t rows, float step_mm, bool left,
    bool oblique, uint16_t *out);
/* frame i of n of one heart beat: RGB by pixel */
bool heart_ultrasound(uint32_t columns, uint32_t rows, uint32_t i, uint32_t n,
    uint8_t *out);


/* --- file.c: one instance; elements in any order --- */

enum { FILE_ELEMENTS = 160 };

typedef struct {
    pacs_buf_t  body;
    struct {
        uint32_t  tag;
        size_t    off;          /* in body, to the next one's */
    }           at[FILE_ELEMENTS];
    unsigned    n;
} file_t;

void file_text(file_t *f, uint32_t tag, uint16_t vr, const char *fmt, ...)
    PACS_PRINTF(4, 5);
void file_us(file_t *f, uint32_t tag, int64_t value);
/* a sequence of one code; what begin and end enclose lies in its item */
void file_code(file_t *f, uint32_t tag, const char *value,
    const char *scheme, const char *meaning);
void file_begin(file_t *f, uint32_t tag);
void file_end(file_t *f);
/* an element begins: pacs_write_* to f->body */
void file_mark(file_t *f, uint32_t tag);
/* sorted, with group 2, into path; empties f */
int file_save(file_t *f, const char *path, const char *class_uid,
    const char *instance_uid, pacs_err_t *err);
/* 2.25.: the same for the same text */
void file_uid(char uid[65], const char *fmt, ...) PACS_PRINTF(2, 3);


/* --- phantom.c, phantom_common.c: patients, studies, series --- */

typedef struct {
    const char  *charset, *name, *id, *birth, *sex;
} patient_t;

typedef struct {
    unsigned     patient;
    const char  *date, *time, *description, *accession;
} study_t;

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

extern const patient_t  patients[];

/* PS3.3 C.7.1 to C.7.5, C.12.1; the instance's UID */
void put_common(file_t *f, const job_t *job, unsigned instance, char uid[65]);
/* PS3.3 C.7.6.3; grey of 16 bits allocated */
void put_grey(file_t *f, uint32_t columns, uint32_t rows, unsigned stored,
    bool is_signed, const void *pixels);
int save_instance(file_t *f, const job_t *job, unsigned instance,
    const char *uid, pacs_err_t *err);

/* slices.c: CT (option: head?, nodule mm, spacing, shift of the patient),
 * MR (option: 0 T2 axial, 1 T1 sagittal, 2 FLAIR coronal) */
int make_ct(const job_t *job, pacs_err_t *err);
int make_mr(const job_t *job, pacs_err_t *err);
/* flat.c: DX (option: -, nodule mm), MG (option: RCC LCC RMLO LMLO), US */
int make_dx(const job_t *job, pacs_err_t *err);
int make_mg(const job_t *job, pacs_err_t *err);
int make_us(const job_t *job, pacs_err_t *err);

#endif
