/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * fill HOME STUDIES: puts invented studies of 5 series and 20 instances each
 * on average into the empty index of a home (no files), for queries over a
 * large archive.  Three studies a patient, fifteen years, names of several
 * scripts.  Each number of studies is the beginning of any larger one, but
 * for the dates.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bulk.h"

enum { SERIES = 9, INSTANCES = 7, YEARS = 15 };

#define UID  "1.2.826.0.1.3680043.10.999"
#define COUNT(list)  (sizeof(list) / sizeof((list)[0]))

/* "*": a name made of two parts follows */
static const char *const  latin[] = {
    "Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner",
    "Becker", "Schulz", "Hoffmann", "Smith", "Jones", "Williams", "Taylor",
    "O'Connor", "McDonald", "Martin", "Dubois", "Lefèvre", "García",
    "Fernández", "Núñez", "Rossi", "Esposito", "Nowak", "Wiśniewski",
    "Łukaszewicz", "Novák", "Dvořáková", "Jørgensen", "Åkesson", "Yılmaz",
    "van der Berg", "de la Cruz", "Nguyễn", "Li", "Wu", "Kim"
};
static const char *const  first_part[] = {
    "Berg", "Stein", "Wald", "Hof", "Kirch", "Acker", "Linden", "Buch",
    "Brunn", "Eich", "Feld", "Gold", "Heid", "Kalt", "Lang", "Neu", "Ober",
    "Rosen", "Silber", "Tann", "Unter", "Vogel", "Winter", "Zimmer", "Ash",
    "Black", "Cole", "Green", "Hard", "King", "North", "Wood"
};
static const char *const  last_part[] = {
    "mann", "er", "bauer", "meier", "hofer", "huber", "müller", "berger",
    "stein", "feld", "bach", "berg", "ström", "qvist", "son", "sen", "ford",
    "ley", "ton", "well", "worth", "ham", "ski", "dahl", "gren", "thal"
};
static const char *const  given[] = {
    "Anna", "Peter", "Maria", "Hans", "Ursula", "Thomas", "José", "Zoë",
    "Jürgen", "Elisabeth", "John", "Mary", "Ahmed", "Olga", "François",
    "Søren", "Çağla", "Wojciech", "Anna Maria", "Karl-Heinz", "Lucia",
    "David", "Emma", "Noah"
};
static const char *const  others[] = {
    "Иванов^Иван^Иванович", "Петрова^Анна", "Кузнецов^Сергей",
    "Παπαδόπουλος^Γεώργιος", "Νικολάου^Ελένη", "محمد^أحمد", "حسن^فاطمة",
    "כהן^דוד", "สมชาย^ใจดี", "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "Suzuki^Hanako=鈴木^花子=すずき^はなこ", "Satou^Ken=佐藤^健=さとう^けん",
    "Hong^Gildong=洪^吉洞=홍^길동", "Gim^Minsu=金^民秀=김^민수",
    "Wang^XiaoDong=王^小东", "Zhang^Wei=张^伟", "Lǐ^Nà=李^娜"
};

/* of 10,000 studies, and what else lies in one */
static const struct { const char *name, *class, *also; unsigned share; }
modalities[] = {
    { "CT", "1.2.840.10008.5.1.4.1.1.2", "SR", 2300 },
    { "MR", "1.2.840.10008.5.1.4.1.1.4", "PR", 1800 },
    { "DX", "1.2.840.10008.5.1.4.1.1.1.1", NULL, 2600 },
    { "US", "1.2.840.10008.5.1.4.1.1.6.1", NULL, 1300 },
    { "CR", "1.2.840.10008.5.1.4.1.1.1", NULL, 800 },
    { "MG", "1.2.840.10008.5.1.4.1.1.1.2", "PR", 500 },
    { "XA", "1.2.840.10008.5.1.4.1.1.12.1", NULL, 250 },
    { "NM", "1.2.840.10008.5.1.4.1.1.20", NULL, 200 },
    { "PT", "1.2.840.10008.5.1.4.1.1.128", "CT", 150 },
    { "OT", "1.2.840.10008.5.1.4.1.1.7", NULL, 50 },
    { "ES", "1.2.840.10008.5.1.4.1.1.77.1.1", NULL, 30 },
    { "SM", "1.2.840.10008.5.1.4.1.1.77.1.6", NULL, 18 },
    { "IVUS", "1.2.840.10008.5.1.4.1.1.6.1", NULL, 2 }
};

static const char *const  regions[] = {
    "Chest", "Abdomen", "Head", "Knee", "Spine", "Pelvis", "Neck", "Hand"
};


/* the k-th number of n, always the same; splitmix64 */
static uint32_t
number(uint64_t n, unsigned k, uint32_t below)
{
    uint64_t  x = (n * 64 + k + 1) * UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t) ((x ^ x >> 31) % below);
}


static void
set(pacs_str_t *values, uint32_t tag, pacs_str_t value)
{
    int  i = pacs_attr_find(tag, 0);

    if (i >= 0) {
        values[i] = value;
    }
}


static pacs_str_t
person(pacs_arena_t *a, uint64_t n)
{
    unsigned     kind = number(n, 0, 100);
    const char  *g = given[number(n, 1, COUNT(given))];

    if (kind < 15) {
        return pacs_cstr(others[number(n, 2, COUNT(others))]);
    }
    if (kind < 55) {
        return pacs_sprintf(a, "%s^%s", latin[number(n, 2, COUNT(latin))], g);
    }
    return pacs_sprintf(a, "%s%s^%s^%c",
                        first_part[number(n, 2, COUNT(first_part))],
                        last_part[number(n, 3, COUNT(last_part))], g,
                        'A' + (int) number(n, 4, 26));
}


/* YYYYMMDD, the days in turn; one in thirty came from elsewhere, late */
static pacs_str_t
date(pacs_arena_t *a, uint64_t n, uint64_t studies)
{
    uint64_t   late = number(n, 5, 30) == 0 ? number(n, 6, 1 << 20) : 1 << 20;
    time_t     t = 1262304000 + (time_t) (n * late / (1 << 20) * YEARS * 365
                                          / studies) * 86400;
    struct tm  tm;
    char       text[9];

    gmtime_r(&t, &tm);
    strftime(text, sizeof(text), "%Y%m%d", &tm);
    return pacs_sprintf(a, "%s", text);
}


static void
fill_study(pacs_arena_t *a, pacs_str_t *v, uint64_t n, uint64_t studies,
    unsigned kind)
{
    /* three a patient, the last ones long after the first */
    uint64_t  who = number(n, 7, 3) == 0 ? n : number(n, 8, (uint32_t) n + 1);

    set(v, 0x00100010, person(a, who));
    set(v, 0x00100020, pacs_sprintf(a, "P%07u", (unsigned) who));
    set(v, 0x00100030, pacs_sprintf(a, "%u%02u%02u",
                                    1930 + number(who, 9, 90),
                                    1 + number(who, 10, 12),
                                    1 + number(who, 11, 28)));
    set(v, 0x00100040, pacs_cstr(number(who, 12, 2) ? "F" : "M"));
    set(v, 0x00080020, date(a, n, studies));
    set(v, 0x00080030, pacs_sprintf(a, "%02u%02u%02u", number(n, 13, 24),
                                    number(n, 14, 60), number(n, 15, 60)));
    set(v, 0x00080050, pacs_sprintf(a, "A%08u", (unsigned) n));
    set(v, 0x00080090, person(a, 5000000000 + number(n, 16, 2000)));
    set(v, 0x00081030, pacs_sprintf(a, "%s %s", modalities[kind].name,
                                    regions[number(n, 17, COUNT(regions))]));
    set(v, 0x00200010, pacs_sprintf(a, "%u", (unsigned) n));
}


static void
fill_record(pacs_arena_t *a, pacs_record_t *r, uint64_t n, unsigned series,
    unsigned i, unsigned kind)
{
    unsigned  un = 100000000 + (unsigned) n;

    *r = (pacs_record_t) {
        .study = pacs_sprintf(a, UID ".1.%u", un),
        .series = pacs_sprintf(a, UID ".2.%u.%u", un, series + 1),
        .instance = pacs_sprintf(a, UID ".3.%u.%u.%u", un, series + 1, i + 1),
        .class_uid = pacs_cstr(modalities[kind].class),
        .syntax_uid = pacs_lit("1.2.840.10008.1.2.1"),
        .key = pacs_sprintf(a, "%016x%016x/%08x%056x", un, series, i, un),
        .size = 526000, .start = 400,
        .received_us = 1262304000000000 + (int64_t) n * 1000000,
        .source = pacs_lit("fill"),
        .pixels = { .rows = 512, .columns = 512, .frames = 1, .samples = 1,
                    .allocated = 16, .stored = 12, .high_bit = 11 },
    };
}


static void
fill_values(pacs_arena_t *a, pacs_record_t *r, unsigned series, unsigned i,
    const char *modality)
{
    set(r->values, 0x00080060, pacs_cstr(modality));
    set(r->values, 0x00200011, pacs_sprintf(a, "%u", series + 1));
    set(r->values, 0x0008103E, pacs_sprintf(a, "%s %u", modality, series));
    set(r->values, 0x00080070, pacs_lit("Invented Medical"));
    set(r->values, 0x00200013, pacs_sprintf(a, "%u", i + 1));
    set(r->values, 0x00280010, pacs_lit("512"));
    set(r->values, 0x00280011, pacs_lit("512"));
    set(r->values, 0x00280100, pacs_lit("16"));
    set(r->values, 0x00080008, pacs_lit("ORIGINAL\\PRIMARY\\AXIAL"));
}


static int
put_study(pacs_index_t *ix, uint64_t n, uint64_t studies, pacs_err_t *err)
{
    pacs_record_t   records[SERIES * INSTANCES];
    pacs_arena_t   *a = pacs_arena_create(0);
    pacs_str_t     *study = pacs_calloc(a, pacs_nattrs, sizeof(*study));
    unsigned        kind = 0, at = 0, share = number(n, 18, 10000);
    unsigned        series = 1 + number(n, 19, SERIES);

    while (share >= modalities[kind].share) {
        share -= modalities[kind++].share;
    }
    fill_study(a, study, n, studies, kind);

    const char  *name = modalities[kind].name, *also = modalities[kind].also;

    also = series > 1 ? also : NULL;
    for (unsigned e = 0; e < series; e++) {
        pacs_str_t  *values = pacs_calloc(a, pacs_nattrs, sizeof(*values));

        memcpy(values, study, pacs_nattrs * sizeof(*values));
        for (unsigned i = 0; i <= number(n, 20 + e, INSTANCES); i++, at++) {
            fill_record(a, &records[at], n, e, i, kind);
            records[at].values = pacs_calloc(a, pacs_nattrs,
                                             sizeof(*values));
            memcpy(records[at].values, values,
                   pacs_nattrs * sizeof(*values));
            fill_values(a, &records[at], e, i,
                        also != NULL && e + 1 == series ? also : name);
        }
    }

    int  order = also == NULL ? 0 : strcmp(name, also);
    int  rc = pacs_bulk_study(ix, records, at,
        also == NULL ? pacs_cstr(name)
        : pacs_sprintf(a, "%s\\%s", order < 0 ? name : also,
                       order < 0 ? also : name), err);

    pacs_arena_destroy(a);
    return rc;
}


int
main(int argc, char **argv)
{
    pacs_index_t  *ix;
    pacs_err_t     err = { 0 };

    if (argc != 3) {
        fprintf(stderr, "usage: fill HOME STUDIES\n");
        return 2;
    }

    uint64_t  studies = strtoull(argv[2], NULL, 10);
    int       rc = pacs_index_open_sqlite(argv[1], &pacs_env_default, true,
                                          &ix, &err);

    if (rc == PACS_OK) {
        rc = pacs_bulk_begin(ix, &err);
    }
    for (uint64_t n = 0; rc == PACS_OK && n < studies; n++) {
        rc = put_study(ix, n, studies, &err);
    }
    if (rc == PACS_OK) {
        rc = pacs_bulk_end(ix, &err);
    }
    if (rc == PACS_OK) {
        rc = ix->vt->rebuilt(ix, &err);
    }
    if (rc != PACS_OK) {
        fprintf(stderr, "fill: %s\n", err.text);
        return 1;
    }

    ix->vt->close(ix);
    return 0;
}
