/* SPDX-License-Identifier: BSD-2-Clause */

#include <ftw.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "index/index.h"
#include "index/match.h"
#include "index/migrations.h"

static char           home[64];
static pacs_index_t  *ix;
static pacs_arena_t  *arena;
static pacs_err_t     err;


/* --- records --- */

typedef struct { uint32_t tag; const char *value; } attr_t;

enum { PN = 0x00100010, PID = 0x00100020, BIRTH = 0x00100030,
       DATE = 0x00080020, TIME = 0x00080030, ACC = 0x00080050,
       MODS = 0x00080061, REF = 0x00080090, DESC = 0x00081030,
       STUDY = 0x0020000D, SERIES = 0x0020000E, INST = 0x00080018,
       MOD = 0x00080060, NUM = 0x00200013, TYPE = 0x00080008,
       SNUM = 0x00200011, CLS = 0x00080016, STEPS = 0x00400275,
       WHEN = 0x0008002A };


static void
set(pacs_record_t *r, uint32_t tag, const char *value)
{
    r->values[pacs_attr_find(tag, 0)] = pacs_cstr(value);
}


static pacs_record_t
record(const char *study, const char *series, const char *instance)
{
    pacs_record_t  r = {
        .study = pacs_cstr(study), .series = pacs_cstr(series),
        .instance = pacs_cstr(instance), .class_uid = pacs_lit("1.2.840.1"),
        .syntax_uid = pacs_lit("1.2.840.10008.1.2.1"),
        .key = pacs_sprintf(arena, "key-of-%s", instance), .size = 1000,
        .start = 132, .received_us = 17, .source = pacs_lit("CT1"),
        .pixels = { .rows = 512, .columns = 256, .frames = 1, .samples = 1,
                    .allocated = 16, .stored = 12, .high_bit = 11,
                    .photometric = PACS_PI_MONO2 },
        .frames = { "a\0b", 3 }, .look = pacs_lit("look"),
        .metadata = pacs_lit("{}"),
        .values = pacs_calloc(arena, pacs_nattrs, sizeof(pacs_str_t))
    };

    return r;
}


static int
put(pacs_record_t *r)
{
    pacs_put_e  how = PACS_PUT_KNOWN;

    err = (pacs_err_t) { 0 };

    int  code = ix->vt->put(ix, r, &how, 1, &err);

    if (code != PACS_OK) {
        printf("# put: %s\n", err.text);
    }
    return code == PACS_OK ? (int) how : -code;
}


/* --- queries --- */

typedef struct { pacs_buf_t uids; int rows, attr; } found_t;
typedef struct { uint32_t tag, second; const char *value; } two_t;


static int
found_row(void *ctx, const pacs_row_t *row)
{
    found_t    *f = ctx;
    pacs_str_t  uid = row->instance.data != NULL ? row->instance
                      : row->series.data != NULL ? row->series : row->study;

    if (f->attr >= 0) {
        uid = row->values[f->attr];
    }
    pacs_buf_text(&f->uids, f->rows++ != 0 ? " " : "");
    pacs_buf_str(&f->uids, uid);
    return PACS_OK;
}


static pacs_str_t
search(pacs_level_e level, uint32_t tag, uint32_t second, const char *value,
    unsigned how, int attr)
{
    int64_t       upto[4] = { -1 };
    pacs_query_t  q = { .level = level, .upto = upto };
    found_t       f = { .attr = attr };
    bool          more;

    err = (pacs_err_t) { 0 };

    int  code = tag == 0 ? PACS_OK
                : pacs_query_key(&q, tag, second, pacs_cstr(value), how,
                                 &pacs_limits_default, arena, &err);

    if (code == PACS_OK) {
        code = ix->vt->query(ix, &q, &pacs_limits_default, arena, found_row,
                             &f, &more, &err);
    }
    return code == PACS_OK ? pacs_buf_take(&f.uids, arena)
                           : pacs_cstr(pacs_codes[code].name);
}


/* two keys together; order: attribute and '-' for down, as "-PatientName" */
static pacs_str_t
search_two(pacs_level_e level, const two_t *k, unsigned how,
    const char *order)
{
    pacs_query_t  q = { .level = level };
    found_t       f = { .attr = -1 };
    int           code = PACS_OK;

    err = (pacs_err_t) { 0 };
    for (int i = 0; i < 2 && k[i].tag != 0 && code == PACS_OK; i++) {
        code = pacs_query_key(&q, k[i].tag, k[i].second,
                              pacs_cstr(k[i].value), how,
                              &pacs_limits_default, arena, &err);
    }
    if (order != NULL) {
        uint32_t  tag = 0;

        pacs_tag_parse(pacs_cstr(order + (*order == '-')), &tag);
        q.norder = 1;
        q.order[0] = (pacs_order_t) { pacs_attr_find(tag, 0), *order == '-' };
    }
    if (code == PACS_OK) {
        code = ix->vt->query(ix, &q, &pacs_limits_default, arena, found_row,
                             &f, NULL, &err);
    }
    return code == PACS_OK ? pacs_buf_take(&f.uids, arena)
                           : pacs_cstr(pacs_codes[code].name);
}


static pacs_str_t
value_of(pacs_level_e level, uint32_t tag, const char *study)
{
    return search(level, STUDY, 0, study, false, pacs_attr_find(tag, 0));
}


/* --- fixtures --- */

static void
open_index(bool rebuild)
{
    err = (pacs_err_t) { 0 };
    if (pacs_index_open_sqlite(home, &pacs_env_default, rebuild, &ix, &err)
        != PACS_OK)
    {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
}


static int
rm(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    return remove(path);
}


static void
fresh_home(void)
{
    if (home[0] != '\0') {
        ix->vt->close(ix);
        nftw(home, rm, 16, FTW_DEPTH | FTW_PHYS);
    }
    strcpy(home, "/tmp/pacs-index-XXXXXX");
    if (mkdtemp(home) == NULL) {
        exit(1);
    }
    open_index(false);
}


static void
fill(void)
{
    static const struct {
        const char *study, *series, *instance, *name, *id, *date, *time,
                   *modality, *accession, *number, *type;
    } t[] = {
        { "1.1", "1.1.1", "1.1.1.1", "Müller^Jürgen^^Dr.", "P1", "20200101",
          "1030", "CT", "A1", "2", "ORIGINAL\\PRIMARY\\AXIAL" },
        { "1.1", "1.1.1", "1.1.1.2", "Müller^Jürgen^^Dr.", "P1", "20200101",
          "1030", "CT", "A1", "10", "DERIVED\\SECONDARY" },
        { "1.1", "1.1.2", "1.1.2.1", "Müller^Jürgen^^Dr.", "P1", "20200101",
          "1030", "SR", "A1", "1", "" },
        { "1.2", "1.2.1", "1.2.1.1", "MULLER^ANNA", "P2", "20210615",
          "235959.5", "MR", "A_2", "1", "ORIGINAL\\PRIMARY" },
        { "1.3", "1.3.1", "1.3.1.1", "Yamada^Tarou=山田^太郎=やまだ^たろう",
          "p1", "20210615", "", "CT", "", "1", "" },
        { "1.4", "1.4.1", "1.4.1.1", "", "", "", "", "US", "A%3", "", "" },
        { "1.5", "1.5.1", "1.5.1.1", "Иванов^Пётр", "P5*", "19991231",
          "000000", "MG", "A!4", "7", "" }
    };

    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        pacs_record_t  r = record(t[i].study, t[i].series, t[i].instance);

        set(&r, PN, t[i].name);
        set(&r, PID, t[i].id);
        set(&r, DATE, t[i].date);
        set(&r, TIME, t[i].time);
        set(&r, MOD, t[i].modality);
        set(&r, ACC, t[i].accession);
        set(&r, NUM, t[i].number);
        set(&r, TYPE, t[i].type);
        set(&r, REF, "Doe^Jane");
        set(&r, WHEN, i == 0 ? "20200101103000" : i == 1
                      ? "20200101113000.5+0000" : "");
        r.values[pacs_attr_find(STEPS, 0x00401001)] = i == 0
            ? pacs_lit("RP 1\\RP 2") : pacs_lit("RP 1");
        r.values[pacs_attr_find(STEPS, 0x00400009)] = i == 0
            ? pacs_lit("S 1\\S 2") : pacs_null;
        put(&r);
    }
}


/* --- tests --- */

static void
test_attrs(void)
{
    unsigned  bad = 0;

    for (unsigned i = 0; i < pacs_nattrs; i++) {
        const pacs_attr_t  *a = &pacs_attrs[i];
        const pacs_tag_t   *t = pacs_tag(a->path[a->path[1] != 0]);

        if (t == NULL || strcmp(t->keyword, a->keyword) != 0
            || t->vr != a->vr
            || pacs_attr_find(a->path[0], a->path[1]) != (int) i)
        {
            printf("# %s\n", a->keyword);
            bad++;
        }
    }
    is_int(bad, 0, "tag, VR and keyword are the dictionary's");
    is_int(pacs_attr_find(STEPS, 0), -1, "a sequence is no attribute");
}


/* keys that are matched together; the order that is asked for */
static void
test_together(void)
{
    static const struct {
        pacs_level_e level; two_t key[2]; unsigned how; const char *order,
        *want;
    } t[] = {
        { PACS_LEVEL_STUDY, { { DATE, 0, "20200101-20210615" },
          { TIME, 0, "1031-2200" } }, 0, NULL, "" },
        { PACS_LEVEL_STUDY, { { DATE, 0, "20200101-20210615" },
          { TIME, 0, "1031-2200" } }, PACS_HOW_MOMENT, NULL, "1.3" },
        { PACS_LEVEL_STUDY, { { TIME, 0, "1030-2200" },
          { DATE, 0, "20200101-20210615" } }, PACS_HOW_MOMENT, NULL,
          "1.3 1.1" },
        { PACS_LEVEL_STUDY, { { DATE, 0, "20200101-20210615" },
          { TIME, 0, "1031-235959" } }, PACS_HOW_MOMENT, NULL, "1.2 1.3" },
        { PACS_LEVEL_STUDY, { { DATE, 0, "20200101-" },
          { TIME, 0, "1031-" } }, PACS_HOW_MOMENT, NULL, "1.2 1.3" },
        { PACS_LEVEL_STUDY, { { DATE, 0, "-20200101" },
          { TIME, 0, "-1029" } }, PACS_HOW_MOMENT, NULL, "1.5" },
        /* not of one form: each for itself */
        { PACS_LEVEL_STUDY, { { DATE, 0, "20200101-" },
          { TIME, 0, "-1031" } }, PACS_HOW_MOMENT, NULL, "1.1" },
        { PACS_LEVEL_STUDY, { { DATE, 0, "20200101" },
          { TIME, 0, "1030" } }, PACS_HOW_MOMENT, NULL, "1.1" },
        /* in one item */
        { PACS_LEVEL_SERIES, { { STEPS, 0x00401001, "RP 2" } }, 0, NULL,
          "1.1.1" },
        { PACS_LEVEL_SERIES, { { STEPS, 0x00401001, "RP 1" },
          { STEPS, 0x00400009, "S 1" } }, 0, NULL, "1.1.1" },
        { PACS_LEVEL_SERIES, { { STEPS, 0x00401001, "RP 2" },
          { STEPS, 0x00400009, "S 1" } }, 0, NULL, "" },
        { PACS_LEVEL_SERIES, { { STEPS, 0x00401001, "RP*" },
          { STEPS, 0x00400009, "?*" } }, 0, NULL, "1.1.1" },
        /* order */
        { PACS_LEVEL_STUDY, { { 0 } }, 0, "StudyDate",
          "1.4 1.5 1.1 1.2 1.3" },
        { PACS_LEVEL_STUDY, { { 0 } }, 0, "PatientName",
          "1.4 1.2 1.1 1.3 1.5" },
        { PACS_LEVEL_STUDY, { { 0 } }, 0, "-PatientName",
          "1.5 1.3 1.1 1.2 1.4" },
        { PACS_LEVEL_STUDY, { { 0 } }, 0, "-PatientID",
          "1.3 1.5 1.2 1.1 1.4" },
        { PACS_LEVEL_STUDY, { { 0 } }, 0, "AccessionNumber",
          "1.3 1.5 1.4 1.1 1.2" },
        { PACS_LEVEL_STUDY, { { 0 } }, 0, "StudyTime", "1.3 1.4 1.5 1.1 1.2" },
        { PACS_LEVEL_STUDY, { { PN, 0, "mul*" } }, 0, "PatientName",
          "1.2 1.1" },
        { PACS_LEVEL_INSTANCE, { { SERIES, 0, "1.1.1" } }, 0,
          "-InstanceNumber", "1.1.1.2 1.1.1.1" },
        { PACS_LEVEL_INSTANCE, { { STUDY, 0, "1.1" } }, 0,
          "InstanceNumber", "1.1.2.1 1.1.1.1 1.1.1.2" },
        { PACS_LEVEL_SERIES, { { 0 } }, 0, "PatientID",
          "1.4.1 1.1.1 1.1.2 1.2.1 1.5.1 1.3.1" },
        { PACS_LEVEL_PATIENT, { { 0 } }, 0, "-PatientID", "" }
    };

    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        char        name[200];
        pacs_str_t  got = search_two(t[i].level, t[i].key, t[i].how,
                                     t[i].order);

        snprintf(name, sizeof(name), "level %d, %08x=%s and %08x=%s, order"
                 " %s", t[i].level, t[i].key[0].tag, t[i].key[0].value
                 ? t[i].key[0].value : "", t[i].key[1].tag, t[i].key[1].value
                 ? t[i].key[1].value : "", t[i].order ? t[i].order : "");
        is_str(pacs_str_trim(got), t[i].want, name);
    }
}


static void
test_match(void)
{
    static const struct {
        pacs_level_e level; uint32_t tag, second; const char *value;
        unsigned how; const char *want;
    } t[] = {
        /* order: newest first, then UID; no date last */
        { PACS_LEVEL_STUDY, 0, 0, "", 0, "1.2 1.3 1.1 1.5 1.4" },
        { PACS_LEVEL_SERIES, 0, 0, "", 0,
          "1.2.1 1.3.1 1.1.1 1.1.2 1.5.1 1.4.1" },
        { PACS_LEVEL_STUDY, PID, 0, "*", 0, "1.2 1.3 1.1 1.5 1.4" },
        { PACS_LEVEL_STUDY, PID, 0, "**", 0, "1.2 1.3 1.1 1.5 1.4" },
        /* TEXT: case counts; wildcards; nothing of LIKE leaks */
        { PACS_LEVEL_STUDY, PID, 0, "P1", 0, "1.1" },
        { PACS_LEVEL_STUDY, PID, 0, " P1 ", 0, "1.1" },
        { PACS_LEVEL_STUDY, PID, 0, "P?", 0, "1.2 1.1" },
        { PACS_LEVEL_STUDY, PID, 0, "?1", 0, "1.3 1.1" },
        { PACS_LEVEL_STUDY, PID, 0, "P1\\P2", 0, "1.2 1.1" },
        { PACS_LEVEL_STUDY, PID, 0, "P%", 0, "" },
        { PACS_LEVEL_STUDY, PID, 0, "P[15]", 0, "" },
        { PACS_LEVEL_STUDY, PID, 0, "' OR 1=1 --", 0, "" },
        { PACS_LEVEL_STUDY, ACC, 0, "A_*", 0, "1.2" },
        { PACS_LEVEL_STUDY, ACC, 0, "*%*", 0, "1.4" },
        { PACS_LEVEL_STUDY, ACC, 0, "*!*", 0, "1.5" },
        { PACS_LEVEL_STUDY, ACC, 0, "A*", 0, "1.2 1.1 1.5 1.4" },
        /* NAME: case and accents do not count; groups */
        { PACS_LEVEL_STUDY, PN, 0, "müller^jürgen^^dr.", 0, "1.1" },
        { PACS_LEVEL_STUDY, PN, 0, "MULLER*", 0, "1.2 1.1" },
        { PACS_LEVEL_STUDY, PN, 0, "mu\xcc\x88ller^j*", 0, "1.1" },
        { PACS_LEVEL_STUDY, PN, 0, "muller", 0, "" },
        { PACS_LEVEL_STUDY, PN, 0, "*anna^^", 0, "1.2" },
        { PACS_LEVEL_STUDY, PN, 0, "m?ller^*", 0, "1.2 1.1" },
        { PACS_LEVEL_STUDY, PN, 0, "山田*", 0, "1.3" },
        { PACS_LEVEL_STUDY, PN, 0, "?田^太郎", 0, "1.3" },
        { PACS_LEVEL_STUDY, PN, 0, "やまだ^たろう", 0, "1.3" },
        { PACS_LEVEL_STUDY, PN, 0, "Yamada*=山田*", 0, "1.3" },
        { PACS_LEVEL_STUDY, PN, 0, "=山田^太郎", 0, "1.3" },
        { PACS_LEVEL_STUDY, PN, 0, "Yamada*=山本*", 0, "" },
        { PACS_LEVEL_STUDY, PN, 0, "==やまだ*", 0, "1.3" },
        { PACS_LEVEL_STUDY, PN, 0, "иванов^п*", 0, "1.5" },
        { PACS_LEVEL_STUDY, PN, 0, "jurg", 1, "1.1" },
        { PACS_LEVEL_STUDY, PN, 0, "jürgen mül", 1, "1.1" },
        { PACS_LEVEL_STUDY, PN, 0, "rgen", 1, "" },
        { PACS_LEVEL_STUDY, PN, 0, "ürgen", 1, "" },
        { PACS_LEVEL_STUDY, PN, 0, "Yürken", 1, "1.1" },
        { PACS_LEVEL_STUDY, PN, 0, "Miller", 1, "1.2 1.1" },
        { PACS_LEVEL_STUDY, PN, 0, "Mueler^*", 1, "1.2 1.1" },
        { PACS_LEVEL_STUDY, PN, 0, "Hanna Moeller", 1, "1.2" },
        { PACS_LEVEL_STUDY, PN, 0, "Yamada Taro", 1, "1.3" },
        { PACS_LEVEL_STUDY, PN, 0, "山 太郎", 1, "1.3" },
        { PACS_LEVEL_STUDY, PN, 0, "Ivanoff", 1, "1.5" },
        { PACS_LEVEL_STUDY, REF, 0, "jayne", 1, "1.2 1.3 1.1 1.5 1.4" },
        { PACS_LEVEL_STUDY, REF, 0, "doe*", 0, "1.2 1.3 1.1 1.5 1.4" },
        /* DATE, TIME */
        { PACS_LEVEL_STUDY, DATE, 0, "20200101", 0, "1.1" },
        { PACS_LEVEL_STUDY, DATE, 0, "20200101-20210615", 0, "1.2 1.3 1.1" },
        { PACS_LEVEL_STUDY, DATE, 0, "-20200101", 0, "1.1 1.5" },
        { PACS_LEVEL_STUDY, DATE, 0, "20200102-", 0, "1.2 1.3" },
        { PACS_LEVEL_STUDY, DATE, 0, "20201301", 0, "bad-request" },
        { PACS_LEVEL_STUDY, DATE, 0, "2020-01-01", 0, "bad-request" },
        { PACS_LEVEL_STUDY, DATE, 0, "-", 0, "bad-request" },
        { PACS_LEVEL_STUDY, DATE, 0, "yesterday", 0, "bad-request" },
        { PACS_LEVEL_STUDY, TIME, 0, "1030", 0, "1.1" },
        { PACS_LEVEL_STUDY, TIME, 0, "10", 0, "1.1" },
        { PACS_LEVEL_STUDY, TIME, 0, "103000", 0, "1.1" },
        { PACS_LEVEL_STUDY, TIME, 0, "103001", 0, "" },
        { PACS_LEVEL_STUDY, TIME, 0, "2359-", 0, "1.2" },
        { PACS_LEVEL_STUDY, TIME, 0, "-10", 0, "1.1 1.5" },
        { PACS_LEVEL_STUDY, TIME, 0, "235959.5", 0, "1.2" },
        { PACS_LEVEL_STUDY, TIME, 0, "25", 0, "bad-request" },
        /* UID */
        { PACS_LEVEL_STUDY, STUDY, 0, "1.1", 0, "1.1" },
        { PACS_LEVEL_STUDY, STUDY, 0, "1.1\\1.3", 0, "1.3 1.1" },
        { PACS_LEVEL_STUDY, STUDY, 0, "1.1,1.3,9.9", 0, "1.3 1.1" },
        { PACS_LEVEL_STUDY, STUDY, 0, "1.*", 0, "bad-request" },
        { PACS_LEVEL_SERIES, STUDY, 0, "1.1", 0, "1.1.1 1.1.2" },
        { PACS_LEVEL_STUDY, SERIES, 0, "1.1.2", 0, "1.1" },
        { PACS_LEVEL_STUDY, INST, 0, "1.1.2.1", 0, "1.1" },
        { PACS_LEVEL_INSTANCE, INST, 0, "1.1.2.1", 0, "1.1.2.1" },
        { PACS_LEVEL_INSTANCE, SERIES, 0, "1.1.1", 0, "1.1.1.1 1.1.1.2" },
        { PACS_LEVEL_STUDY, CLS, 0, "1.2.840.1", 0, "1.2 1.3 1.1 1.5 1.4" },
        /* levels below: there is one such series, instance */
        { PACS_LEVEL_STUDY, MODS, 0, "CT", 0, "1.3 1.1" },
        { PACS_LEVEL_STUDY, MODS, 0, "SR\\MR", 0, "1.2 1.1" },
        { PACS_LEVEL_STUDY, MODS, 0, "M*", 0, "1.2 1.5" },
        { PACS_LEVEL_STUDY, MOD, 0, "SR", 0, "1.1" },
        { PACS_LEVEL_SERIES, MOD, 0, "CT", 0, "1.3.1 1.1.1" },
        { PACS_LEVEL_SERIES, MODS, 0, "SR", 0, "1.1.1 1.1.2" },
        { PACS_LEVEL_INSTANCE, MOD, 0, "SR", 0, "1.1.2.1" },
        { PACS_LEVEL_STUDY, STEPS, 0x00401001, "RP 1", 0,
          "1.2 1.3 1.1 1.5 1.4" },
        { PACS_LEVEL_STUDY, STEPS, 0x00400009, "RP 1", 0, "" },
        /* NUMBER, MULTI */
        { PACS_LEVEL_INSTANCE, NUM, 0, "1", 0, "1.2.1.1 1.3.1.1 1.1.2.1" },
        { PACS_LEVEL_INSTANCE, NUM, 0, "010", 0, "1.1.1.2" },
        { PACS_LEVEL_INSTANCE, NUM, 0, "one", 0, "bad-request" },
        { PACS_LEVEL_INSTANCE, TYPE, 0, "PRIMARY", 0, "1.2.1.1 1.1.1.1" },
        { PACS_LEVEL_INSTANCE, TYPE, 0, "AX*", 0, "1.1.1.1" },
        { PACS_LEVEL_INSTANCE, TYPE, 0, "ORIGINAL*AXIAL", 0, "" },
        { PACS_LEVEL_STUDY, TYPE, 0, "DERIVED", 0, "1.1" },
        /* no value */
        { PACS_LEVEL_STUDY, PID, 0, "\"\"", 2, "1.4" },
        { PACS_LEVEL_STUDY, PID, 0, "\"\"", 0, "" },
        { PACS_LEVEL_STUDY, DATE, 0, "\"\"", 2, "1.4" },
        { PACS_LEVEL_STUDY, DATE, 0, "\"\"", 0, "bad-request" },
        { PACS_LEVEL_STUDY, MODS, 0, "\"\"", 2, "" },
        { PACS_LEVEL_STUDY, PN, 0, "\"\"", 2, "1.4" },
        { PACS_LEVEL_INSTANCE, NUM, 0, "\"\"", 2, "1.4.1.1" },
        /* each of several values */
        { PACS_LEVEL_STUDY, MODS, 0, "SR\\CT", 4, "1.1" },
        { PACS_LEVEL_STUDY, MODS, 0, "MR\\CT", 4, "" },
        { PACS_LEVEL_STUDY, MODS, 0, "S*\\CT", 4, "bad-request" },
        { PACS_LEVEL_INSTANCE, TYPE, 0, "AXIAL\\ORIGINAL", 4, "1.1.1.1" },
        { PACS_LEVEL_INSTANCE, TYPE, 0, "AXIAL\\DERIVED", 4, "" },
        { PACS_LEVEL_STUDY, PID, 0, "P1\\P2", 4, "1.2 1.1" },
        /* WHEN */
        { PACS_LEVEL_INSTANCE, WHEN, 0, "20200101", 0, "1.1.1.1 1.1.1.2" },
        { PACS_LEVEL_INSTANCE, WHEN, 0, "2020", 0, "1.1.1.1 1.1.1.2" },
        { PACS_LEVEL_INSTANCE, WHEN, 0, "202001011030", 0, "1.1.1.1" },
        { PACS_LEVEL_INSTANCE, WHEN, 0, "20200101113000+0100", 0, "1.1.1.1" },
        { PACS_LEVEL_INSTANCE, WHEN, 0, "20200101103000.5-", 0, "1.1.1.2" },
        { PACS_LEVEL_INSTANCE, WHEN, 0, "-20200101103000.5", 0, "1.1.1.1" },
        { PACS_LEVEL_INSTANCE, WHEN, 0, "202001011029-202001011031", 0,
          "1.1.1.1" },
        { PACS_LEVEL_INSTANCE, WHEN, 0,
          "20200101052900-0500-20200101053100-0500", 0, "1.1.1.1" },
        { PACS_LEVEL_INSTANCE, WHEN, 0, "20200132", 0, "bad-request" },
        { PACS_LEVEL_INSTANCE, WHEN, 0, "-", 0, "bad-request" },
        { PACS_LEVEL_INSTANCE, WHEN, 0, "20200230-", 0, "bad-request" },
        /* not to be matched */
        { PACS_LEVEL_STUDY, 0x00201208, 0, "3", 0, "not-found" },
        { PACS_LEVEL_STUDY, 0x00081190, 0, "x", 0, "not-found" },
        { PACS_LEVEL_STUDY, 0x00104000, 0, "x", 0, "not-found" },
        { PACS_LEVEL_STUDY, PID, 0, "a*b*c*d*e*f*g*h*i*j*k*l*m*n*o*p*q*r", 0,
          "over-limit" }
    };

    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        char        name[160];
        pacs_str_t  got = search(t[i].level, t[i].tag, t[i].second,
                                 t[i].value, t[i].how, -1);

        snprintf(name, sizeof(name), "level %d, %08x=%s, how %u", t[i].level,
                 t[i].tag, t[i].value, t[i].how);
        is_str(got, t[i].want, name);
    }
}


static void
test_tree(void)
{
    pacs_pred_t   ct = { .kind = PACS_P_TERM, .value = pacs_lit("CT"),
                         .attr = pacs_attr_find(MODS, 0) };
    pacs_pred_t   not_ct = { .kind = PACS_P_NOT, .child = &ct };
    pacs_pred_t   p5 = { .kind = PACS_P_TERM, .value = pacs_lit("P5*"),
                         .attr = pacs_attr_find(PID, 0) };
    pacs_pred_t   p2 = { .kind = PACS_P_TERM, .value = pacs_lit("P2"),
                         .attr = pacs_attr_find(PID, 0), .next = &p5 };
    pacs_pred_t   either = { .kind = PACS_P_OR, .child = &p2,
                             .next = &not_ct };
    pacs_pred_t   all = { .kind = PACS_P_AND, .child = &either };
    pacs_query_t  q = { .level = PACS_LEVEL_STUDY, .where = &all };
    found_t       f = { .attr = -1 };
    bool          more = true;

    is_int(ix->vt->query(ix, &q, &pacs_limits_default, arena, found_row, &f,
                         &more, &err), PACS_OK, "a tree of AND, OR, NOT");
    is_str(pacs_buf_take(&f.uids, arena), "1.2 1.5", "finds the right two");
    ok(!more, "there are no more");

    found_t  g = { .attr = -1 };

    q = (pacs_query_t) { .level = PACS_LEVEL_STUDY, .limit = 2, .offset = 1 };
    ix->vt->query(ix, &q, &pacs_limits_default, arena, found_row, &g, &more,
                  &err);
    is_str(pacs_buf_take(&g.uids, arena), "1.3 1.1", "limit and offset");
    ok(more, "there are more");
}


static void
test_answers(void)
{
    is_str(value_of(PACS_LEVEL_STUDY, MODS, "1.1"), "CT\\SR",
           "ModalitiesInStudy");
    is_str(value_of(PACS_LEVEL_STUDY, 0x00201206, "1.1"), "2", "series");
    is_str(value_of(PACS_LEVEL_STUDY, 0x00201208, "1.1"), "3", "instances");
    is_str(value_of(PACS_LEVEL_SERIES, 0x00201209, "1.1"), "2 1",
           "instances of each series");
    is_str(value_of(PACS_LEVEL_STUDY, PN, "1.1"), "Müller^Jürgen^^Dr.",
           "a name as it came");
    is_str(value_of(PACS_LEVEL_SERIES, PN, "1.3"),
           "Yamada^Tarou=山田^太郎=やまだ^たろう",
           "attributes of the levels above, too");
    is_str(search(PACS_LEVEL_PATIENT, 0, 0, "", false,
                  pacs_attr_find(PID, 0)), " P2 P1 p1 P5*", "patients");
    is_str(search(PACS_LEVEL_PATIENT, MOD, 0, "SR", false,
                  pacs_attr_find(PID, 0)), "P1", "patients by modality");
    is_str(search(PACS_LEVEL_PATIENT, STUDY, 0, "1.2", false,
                  pacs_attr_find(PID, 0)), "P2", "a patient by study");
}


static int
collect(void *ctx, const pacs_record_t *r)
{
    pacs_buf_printf(ctx, "%.*s ", pacs_fmt(r->instance));
    return PACS_OK;
}


static void
test_get(void)
{
    pacs_record_t  r;
    pacs_buf_t     b = { 0 };

    is_int(ix->vt->get(ix, pacs_lit("1.1"), pacs_null, pacs_lit("1.1.1.1"),
                       true, arena, &r, &err), PACS_OK, "get");
    is_str(r.series, "1.1.1", "its series");
    is_str(r.key, "key-of-1.1.1.1", "its key");
    ok(r.frames.len == 3 && memcmp(r.frames.data, "a\0b", 3) == 0,
       "frames are bytes");
    is_str(r.metadata, "{}", "metadata");
    ok(r.pixels.rows == 512 && r.pixels.columns == 256
       && r.pixels.stored == 12 && r.pixels.photometric == PACS_PI_MONO2
       && r.size == 1000 && r.start == 132, "numbers");
    is_str(r.values[pacs_attr_find(NUM, 0)], "2", "values");
    is_int(ix->vt->get(ix, pacs_lit("1.2"), pacs_null, pacs_lit("1.1.1.1"),
                       false, arena, &r, NULL), PACS_E_NOT_FOUND,
           "not in another study");
    is_int(ix->vt->each(ix, pacs_lit("1.1"), pacs_null, false, arena, collect,
                        &b, &err), PACS_OK, "each");
    is_str(pacs_buf_take(&b, arena), "1.1.1.1 1.1.1.2 1.1.2.1 ",
           "by series and instance number");
    ix->vt->each(ix, pacs_null, pacs_null, false, arena, collect, &b, &err);
    is_int((int64_t) b.len, 7 * 8, "each of all");
    pacs_buf_free(&b);
    is_int(ix->vt->each(ix, pacs_lit("7.7"), pacs_null, false, arena, collect,
                        &b, NULL), PACS_E_NOT_FOUND, "each of nothing");
}


static int64_t
revision(const char *study, const char *series, const char *instance)
{
    int64_t  rev = 0;
    int      code = ix->vt->revision(ix, pacs_cstr(study), pacs_cstr(series),
                                     pacs_cstr(instance), &rev, NULL);

    return code == PACS_OK ? rev : -code;
}


static void
test_put(void)
{
    pacs_record_t  a = record("2.1", "2.1.1", "2.1.1.1");
    pacs_record_t  b = record("2.1", "2.1.1", "2.1.1.2");
    pacs_record_t  again = record("2.1", "2.1.1", "2.1.1.1");
    pacs_record_t  other = record("2.1", "2.1.1", "2.1.1.1");
    pacs_record_t  moved = record("2.2", "2.2.1", "2.1.1.1");

    set(&a, PN, "First^One");
    set(&b, PN, "Second^Two");
    set(&b, DESC, "filled in");
    set(&b, PID, "LATE");
    other.key = pacs_lit("another");

    is_int(put(&a), PACS_PUT_NEW, "new");
    is_int(revision("2.1", NULL, NULL), a.revision, "its revision");
    is_int(put(&again), PACS_PUT_SAME, "the same again");
    is_int(again.revision, a.revision, "the revision stays");
    is_int(put(&other), PACS_PUT_KNOWN, "known, with another key");
    is_int(put(&moved), PACS_PUT_KNOWN, "known, in another study");
    is_int(revision("2.2", NULL, NULL), -PACS_E_NOT_FOUND,
           "that study was not made");
    is_int(put(&b), PACS_PUT_NEW, "a second instance");
    ok(b.revision > a.revision, "the revision grows");
    is_str(value_of(PACS_LEVEL_STUDY, PN, "2.1"), "First^One",
           "the first name stays");
    is_str(value_of(PACS_LEVEL_STUDY, DESC, "2.1"), "filled in",
           "an empty value is filled in");
    is_str(search(PACS_LEVEL_PATIENT, PID, 0, "LATE", false,
                  pacs_attr_find(PID, 0)), "LATE",
           "a patient found out later");

    ok(revision("2.1", "2.1.1", NULL) == b.revision
       && revision("2.1", "2.1.1", "2.1.1.2") == b.revision
       && revision("2.1", NULL, "2.1.1.2") == b.revision,
       "revision with series and instance");
    is_int(revision("2.1", "1.1.1", NULL), -PACS_E_NOT_FOUND,
           "not of another study's series");
}


/* values that no DICOM file should have */
static void
test_hostile(void)
{
    pacs_record_t  r = record("6.1", "6.1.1", "6.1.1.1");
    char           name[9001];
    uint64_t       n;

    name[0] = 'x';
    for (int i = 1; i < 9000; i += 2) {
        memcpy(name + i, "\xc3\xa9", 2);
    }
    r.values[pacs_attr_find(PN, 0)] = (pacs_str_t) { name, 8999 };
    r.values[pacs_attr_find(DESC, 0)] = (pacs_str_t) { "ab\0cd", 5 };
    r.values[pacs_attr_find(PID, 0)] = pacs_lit("x\xff\xfe'; DROP TABLE x");
    is_int(put(&r), PACS_PUT_NEW, "put odd values");

    pacs_str_t  got = value_of(PACS_LEVEL_STUDY, PN, "6.1");

    is_int((int64_t) got.len, 4095, "a long value is cut at a character");
    is_str(value_of(PACS_LEVEL_STUDY, DESC, "6.1"), "ab", "or at a NUL");
    is_str(search(PACS_LEVEL_STUDY, PN, 0, "xee*", false, -1), "6.1",
           "and found");
    is_str(search(PACS_LEVEL_STUDY, PID, 0, "x\xff\xfe'; DROP TABLE x",
                  false, -1), "6.1", "bytes that are not UTF-8, too");
    ix->vt->remove(ix, pacs_lit("6.1"), pacs_null, pacs_null, &n, &err);
}


static pacs_str_t
check(void)
{
    pacs_str_t  result = pacs_null;

    ix->vt->check(ix, arena, &result, &err);
    return result;
}


static void
test_remove(void)
{
    pacs_index_stats_t  st;
    pacs_record_t       back = record("2.1", "2.1.1", "2.1.1.1");
    uint64_t            n = 0;
    int64_t             before = revision("2.1", NULL, NULL);

    is_int(ix->vt->remove(ix, pacs_lit("2.1"), pacs_lit("2.1.1"),
                          pacs_lit("2.1.1.2"), &n, &err), PACS_OK,
           "an instance is removed");
    is_int((int64_t) n, 1, "one");
    ok(revision("2.1", NULL, NULL) > before, "the revision grows");
    is_int(revision("2.1", NULL, "2.1.1.2"), -PACS_E_GONE, "it is gone");
    is_str(value_of(PACS_LEVEL_STUDY, 0x00201208, "2.1"), "1", "one is left");
    is_int(ix->vt->remove(ix, pacs_lit("2.1"), pacs_null, pacs_null, &n,
                          &err), PACS_OK, "the study is removed");
    is_int(revision("2.1", NULL, NULL), -PACS_E_GONE, "it is gone, too");
    is_int(revision("2.1", "2.1.1", "2.1.1.1"), -PACS_E_GONE,
           "and all of it");
    is_int(ix->vt->remove(ix, pacs_lit("2.1"), pacs_null, pacs_null, &n,
                          NULL), PACS_E_NOT_FOUND, "not twice");
    ix->vt->stats(ix, &st, &err);
    ok(st.studies == 5 && st.series == 6 && st.instances == 7
       && st.patients == 5 && st.bytes == 7000 && st.schema >= 1,
       "totals: %d %d %d %d", (int) st.patients, (int) st.studies,
       (int) st.series, (int) st.instances);
    is_str(check(), "ok", "check");

    is_int(put(&back), PACS_PUT_NEW, "sent again after deletion");
    ok(back.revision > before + 1, "with a revision never used");
    is_int(revision("2.1", NULL, NULL), back.revision, "it is there");
    ix->vt->remove(ix, pacs_lit("2.1"), pacs_null, pacs_null, &n, &err);
}


static void
test_correct(void)
{
    pacs_record_t  late = record("1.4", "1.4.1", "1.4.1.2");
    int            pn = pacs_attr_find(PN, 0), pid = pacs_attr_find(PID, 0);
    int64_t        before = revision("1.2", NULL, NULL);

    is_int(ix->vt->correct(ix, pacs_lit("1.2"), pacs_null, pacs_null, pn,
                           pacs_lit("Weiß^Anna"), &err), PACS_OK,
           "a name is corrected");
    is_str(search(PACS_LEVEL_STUDY, PN, 0, "weiss*", false, -1), "1.2",
           "found by the new name");
    is_str(search(PACS_LEVEL_STUDY, PN, 0, "muller^anna", false, -1), "",
           "not by the old one");
    ok(revision("1.2", NULL, NULL) > before, "the revision grows");

    is_int(ix->vt->correct(ix, pacs_lit("1.2"), pacs_null, pacs_null, pid,
                           pacs_lit("P1"), &err), PACS_OK,
           "a PatientID is corrected");
    is_str(search(PACS_LEVEL_PATIENT, STUDY, 0, "1.2", false, pid), "P1",
           "the study is the other patient's");
    is_int(ix->vt->correct(ix, pacs_lit("1.4"), pacs_null, pacs_null,
                           pacs_attr_find(DESC, 0), pacs_lit(""), &err),
           PACS_OK, "a value is corrected to be empty");
    set(&late, DESC, "from a file");
    put(&late);
    is_str(value_of(PACS_LEVEL_STUDY, DESC, "1.4"), "",
           "it is not filled in again");
    is_int(ix->vt->correct(ix, pacs_lit("1.1"), pacs_lit("1.1.2"), pacs_null,
                           pacs_attr_find(MOD, 0), pacs_lit("KO"), &err),
           PACS_OK, "a modality is corrected");
    is_str(value_of(PACS_LEVEL_STUDY, MODS, "1.1"), "CT\\KO",
           "ModalitiesInStudy follows");

    pacs_str_t  *v = pacs_calloc(arena, pacs_nattrs, sizeof(*v));

    is_int(ix->vt->corrected(ix, pacs_lit("1.4"), pacs_lit("1.4.1"),
                             pacs_lit("1.4.1.2"), arena, v, &err), PACS_OK,
           "what was corrected of an instance");
    ok(v[pacs_attr_find(DESC, 0)].data != NULL
       && v[pacs_attr_find(DESC, 0)].len == 0 && v[pn].data == NULL,
       "to be empty, and what was not");
    ix->vt->corrected(ix, pacs_lit("1.1"), pacs_lit("1.1.2"), pacs_lit("x"),
                      arena, v, &err);
    is_str(v[pacs_attr_find(MOD, 0)], "KO", "of a series");
    is_int(ix->vt->correct(ix, pacs_lit("9.9"), pacs_null, pacs_null, pn,
                           pacs_lit("x"), NULL), PACS_E_NOT_FOUND,
           "no such study");
    is_int(ix->vt->correct(ix, pacs_lit("1.1"), pacs_null, pacs_null,
                           pacs_attr_find(MOD, 0), pacs_lit("x"), NULL),
           PACS_E_ARG, "a series attribute needs a series");
    is_str(check(), "ok", "check");
}


static int
one_conflict(void *ctx, const pacs_conflict_t *c)
{
    pacs_buf_printf(ctx, "%.*s:%.*s/%.*s ", pacs_fmt(c->instance),
                    pacs_fmt(c->kept), pacs_fmt(c->other));
    return PACS_OK;
}


static void
test_conflicts(void)
{
    pacs_conflict_t  c = { pacs_lit("1.1"), pacs_lit("1.1.1"),
                           pacs_lit("1.1.1.1"), pacs_lit("k"), pacs_lit("o"),
                           5, pacs_lit("AE") };
    pacs_buf_t       b = { 0 };

    ix->vt->add_conflict(ix, &c, &err);
    ix->vt->add_conflict(ix, &c, &err);
    ix->vt->conflicts(ix, arena, one_conflict, &b, &err);
    is_str(pacs_buf_take(&b, arena), "1.1.1.1:k/o ", "a conflict, once");
}


/* --- at once --- */

typedef struct { pacs_record_t r; pacs_put_e how; } same_t;


static void *
put_same(void *ctx)
{
    same_t  *same = ctx;

    if (ix->vt->put(ix, &same->r, &same->how, 1, NULL) != PACS_OK) {
        same->how = PACS_PUT_KNOWN;
    }
    return NULL;
}


static void
test_threads(void)
{
    pthread_t  th[8];
    same_t     same[8];
    int        n[3] = { 0, 0, 0 };

    for (int i = 0; i < 8; i++) {
        same[i].r = record("3.1", "3.1.1", "3.1.1.1");
        pthread_create(&th[i], NULL, put_same, &same[i]);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(th[i], NULL);
        n[same[i].how]++;
    }
    ok(n[PACS_PUT_NEW] == 1 && n[PACS_PUT_SAME] == 7,
       "8 threads put one instance: 1 new, 7 the same");
}


static void
put_many(int who, int n)
{
    for (int i = 0; i < n; i++) {
        char           uid[32];
        pacs_record_t  r;

        snprintf(uid, sizeof(uid), "4.1.1.%d.%d", who, i);
        r = record("4.1", "4.1.1", uid);
        if (put(&r) != PACS_PUT_NEW) {
            _exit(1);
        }
    }
}


static void
test_processes(void)
{
    pid_t  pid[2];
    int    status[2];

    ix->vt->close(ix);
    fflush(stdout);

    for (int i = 0; i < 2; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            open_index(false);
            put_many(i, 50);
            ix->vt->close(ix);
            _exit(0);
        }
    }
    for (int i = 0; i < 2; i++) {
        waitpid(pid[i], &status[i], 0);
    }

    open_index(false);
    ok(status[0] == 0 && status[1] == 0, "two processes write at once");
    is_str(value_of(PACS_LEVEL_STUDY, 0x00201208, "4.1"), "100",
           "all of both is there");
    is_str(check(), "ok", "check");
}


/* many processes make a new database at once: one schema */
static void
test_creation(void)
{
    pid_t  pid[6];
    int    bad = 0, status;

    fresh_home();
    ix->vt->close(ix);
    nftw(home, rm, 16, FTW_DEPTH | FTW_PHYS);
    mkdir(home, 0700);
    fflush(stdout);

    for (int i = 0; i < 6; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            pacs_index_t  *mine;

            _exit(pacs_index_open_sqlite(home, &pacs_env_default, false,
                                         &mine, NULL) != PACS_OK);
        }
    }
    for (int i = 0; i < 6; i++) {
        waitpid(pid[i], &status, 0);
        bad += status != 0;
    }
    is_int(bad, 0, "six processes open a new index at once");
    open_index(false);
}


static int
try_open(pacs_err_t *why)
{
    pacs_index_t  *second = NULL;
    int            code;

    *why = (pacs_err_t) { 0 };
    code = pacs_index_open_sqlite(home, &pacs_env_default, false, &second,
                                  why);
    if (code == PACS_OK) {
        second->vt->close(second);
    }
    return code;
}


static void
test_rebuild(void)
{
    pacs_index_t   *server;
    pacs_err_t      why;
    pacs_record_t   r = record("5.1", "5.1.1", "5.1.1.1"), got;
    pacs_record_t   late = record("5.2", "5.2.1", "5.2.1.1");
    uint64_t        n;
    int64_t         before, rev;

    put(&r);
    before = r.revision;
    server = ix;

    open_index(true);
    is_int(server->vt->revision(server, pacs_lit("5.1"), pacs_null, pacs_null,
                                &rev, NULL), PACS_E_BUSY,
           "while a rebuild runs others do not read");
    is_int(try_open(&why), PACS_E_BUSY, "nor open");
    ix->vt->clear(ix, &err);
    is_int(put(&r), PACS_PUT_NEW, "put again");
    is_int(ix->vt->get(ix, pacs_null, pacs_null, r.instance, false, arena,
                       &got, NULL), PACS_OK, "a rebuild sees what it put");
    ix->vt->close(ix);

    is_int(try_open(&why), PACS_E_IO, "a cut rebuild is told");
    ok(strstr(why.text, "reindex") != NULL, "with what to do: %s", why.text);

    open_index(true);
    ix->vt->clear(ix, &err);
    put(&r);
    ix->vt->remove(ix, pacs_lit("5.3"), pacs_lit("5.3.1"),
                   pacs_lit("5.3.1.1"), &n, &err);
    is_int(ix->vt->rebuilt(ix, &err), PACS_OK, "a rebuild ends");
    ok(r.revision > before, "revisions go on");
    ix->vt->close(ix);

    ix = server;
    is_int(revision("5.1", NULL, NULL), r.revision,
           "the server reads the new index");
    is_int(revision("5.3", NULL, NULL), -PACS_E_GONE,
           "what was deleted before stays so");
    is_int(put(&late), PACS_PUT_NEW, "and writes to it");
    is_str(check(), "ok", "check");
    ix->vt->close(ix);

    /* not a database at all */
    char  path[128];

    snprintf(path, sizeof(path), "%s/index/pacs.db", home);

    FILE  *f = fopen(path, "w");

    for (int i = 0; i < 4096; i++) {
        fputs("garbage", f);
    }
    fclose(f);
    is_int(try_open(&why), PACS_E_IO, "garbage is refused");
    printf("# %s\n", why.text);
    open_index(true);
    ix->vt->clear(ix, &err);
    put(&r);
    is_int(ix->vt->rebuilt(ix, &err), PACS_OK, "and rebuilt");
    ix->vt->close(ix);
    open_index(false);
    is_int(revision("5.1", NULL, NULL), r.revision, "to a good index");
}


/* --- an index that an earlier version made --- */

/* studies of somebody whose name has a word that sounds like Anna */
static int
annas(sqlite3 *db)
{
    sqlite3_stmt  *st = NULL;
    int            n = -1;

    if (sqlite3_prepare_v2(db, "SELECT count(*) FROM study_word WHERE"
                           " study_word MATCH '\"#06\"'", -1, &st,
                           NULL) == SQLITE_OK
        && sqlite3_step(st) == SQLITE_ROW)
    {
        n = sqlite3_column_int(st, 0);
    }
    sqlite3_finalize(st);
    return n;
}


static void
test_migration(void)
{
    static const char  rows[] =
        "INSERT INTO patient VALUES (1, 'K', 'Ψαράς^Anna',"
        " 'ψαράς^anna', '', 'P', '', '', '');"
        "INSERT INTO study VALUES (1, '9.1', 1, 1, 1, 0, 1, 1, 'CT',"
        " 'Ψαράς^Anna', 'ψαράς^anna', '', 'P', '', '', '', '20200101', '',"
        " '', '', 'Doe^Jane', 'doe^jane', '', '', '', '', '');"
        "PRAGMA user_version = 2;";
    char               path[128];
    sqlite3           *db = NULL;
    uint64_t           removed;

    ix->vt->close(ix);
    nftw(home, rm, 16, FTW_DEPTH | FTW_PHYS);
    mkdir(home, 0700);
    snprintf(path, sizeof(path), "%s/index", home);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/index/pacs.db", home);

    ok(sqlite3_open(path, &db) == SQLITE_OK
       && sqlite3_exec(db, pacs_migrations[0], NULL, NULL, NULL) == SQLITE_OK
       && sqlite3_exec(db, pacs_migrations[1], NULL, NULL, NULL) == SQLITE_OK
       && sqlite3_exec(db, rows, NULL, NULL, NULL) == SQLITE_OK,
       "an index of schema 2: %s", sqlite3_errmsg(db));

    open_index(false);
    is_str(search(PACS_LEVEL_STUDY, PN, 0, "hana", 1, -1), "9.1",
           "a name is found by sound");
    is_str(search(PACS_LEVEL_STUDY, PN, 0, "psaras", 1, -1), "9.1",
           "... of another script");
    is_str(search(PACS_LEVEL_STUDY, PN, 0, "ΨΑΡΑΣ*", 0, -1), "9.1",
           "... and as names are folded now");
    is_str(search(PACS_LEVEL_STUDY, REF, 0, "jayn doh", 1, -1), "9.1",
           "another name of it");
    is_int(annas(db), 1, "the patient's words, and how they sound");

    is_int(ix->vt->correct(ix, pacs_lit("9.1"), pacs_null, pacs_null,
                           pacs_attr_find(PN, 0), pacs_lit("Smith^Anna"),
                           &err), PACS_OK, "the name is corrected");
    is_str(search(PACS_LEVEL_STUDY, PN, 0, "psaras", 1, -1), "",
           "the old one is not found any more");
    is_str(search(PACS_LEVEL_STUDY, PN, 0, "smit", 1, -1), "9.1",
           "the new one is");
    is_int(annas(db), 1, "its words are");

    pacs_record_t  r = record("9.1", "9.1.1", "9.1.1.1");

    put(&r);
    is_int(ix->vt->remove(ix, pacs_lit("9.1"), pacs_null, pacs_null, &removed,
                          &err), PACS_OK, "the study is removed");
    is_int(annas(db), 0, "... with its words");
    sqlite3_close(db);
}


int
main(void)
{
    arena = pacs_arena_create(0);
    fresh_home();
    fill();
    test_attrs();
    test_match();
    test_together();
    test_tree();
    test_answers();
    test_get();
    test_hostile();
    test_put();
    test_remove();
    test_correct();
    test_conflicts();
    test_threads();
    test_processes();
    test_creation();
    test_rebuild();
    test_migration();
    ix->vt->close(ix);
    nftw(home, rm, 16, FTW_DEPTH | FTW_PHYS);
    pacs_arena_destroy(arena);
    return done();
}
