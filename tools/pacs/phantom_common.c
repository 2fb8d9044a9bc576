/* SPDX-License-Identifier: BSD-2-Clause */

/* What every instance of the demo studies has. */

#include <stdio.h>
#include <stdlib.h>

#include "phantom.h"


static void
put_age(file_t *f, const patient_t *p, const study_t *st)
{
    int  born = atoi(p->birth), seen = atoi(st->date);

    file_text(f, 0x00101010, PACS_AS, "%03dY", (seen - born) / 10000);
}


void
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


void
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


int
save_instance(file_t *f, const job_t *job, unsigned instance, const char *uid,
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
