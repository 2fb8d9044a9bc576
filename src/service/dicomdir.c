/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The Basic Directory of a file-set (PS3.3 F, PS3.10 8.6): a tree of records
 * patient, study, series and instance, each of which says by an offset into
 * the file where the next one and the first one below lie.
 */

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "service/send.h"

#define DIRECTORY_CLASS  "1.2.840.10008.1.3.10"

enum { KEYS = 12 };

/* of the instances of a SOP class, PS3.3 table F.4-1 and F.5 */
static const struct {
    const char  *class_uid;     /* with a '.' at its end: how it begins */
    const char  *type;
    uint32_t     keys[KEYS];
} kinds[] = {
    { "1.2.840.10008.5.1.4.1.1.88.59", "KEY OBJECT DOC",
      { 0x00080023, 0x00080033, 0x00200013, 0x0040A043, 0x0040A730 } },
    { "1.2.840.10008.5.1.4.1.1.88.", "SR DOCUMENT",
      { 0x00080023, 0x00080033, 0x00200013, 0x0040A043, 0x0040A491,
        0x0040A493 } },
    { "1.2.840.10008.5.1.4.1.1.11.", "PRESENTATION",
      { 0x00081115, 0x00200013, 0x00700080, 0x00700081, 0x00700082,
        0x00700083, 0x00700084 } },
    { "1.2.840.10008.5.1.4.1.1.9.", "WAVEFORM",
      { 0x00080023, 0x00080033, 0x00200013 } },
    { "1.2.840.10008.5.1.4.1.1.104.", "ENCAP DOC",
      { 0x00080023, 0x00080033, 0x00200013, 0x00420010, 0x00420012,
        0x0040A043 } },
    { "1.2.840.10008.5.1.4.1.1.66.1", "REGISTRATION",
      { 0x00080023, 0x00080033, 0x00200013, 0x00700080, 0x00700081,
        0x00700084 } },
    { "1.2.840.10008.5.1.4.1.1.66.2", "FIDUCIAL",
      { 0x00080023, 0x00080033, 0x00200013, 0x00700080, 0x00700081,
        0x00700084 } },
    { "1.2.840.10008.5.1.4.1.1.66.5", "SURFACE",
      { 0x00080023, 0x00080033, 0x00200013, 0x00700080, 0x00700081,
        0x00700084 } },
    { "1.2.840.10008.5.1.4.1.1.67", "VALUE MAP",
      { 0x00080023, 0x00080033, 0x00200013, 0x00700080, 0x00700081,
        0x00700084 } },
    { "1.2.840.10008.5.1.4.1.1.4.2", "SPECTROSCOPY",
      { 0x00080008, 0x00080023, 0x00080033, 0x00200013, 0x00280008,
        0x00280010, 0x00280011, 0x00289001, 0x00289002 } },
    { "1.2.840.10008.5.1.4.1.1.481.2", "RT DOSE",
      { 0x00200013, 0x30040006, 0x3004000A } },
    { "1.2.840.10008.5.1.4.1.1.481.3", "RT STRUCTURE SET",
      { 0x00200013, 0x30060002, 0x30060008, 0x30060009 } },
    { "1.2.840.10008.5.1.4.1.1.481.5", "RT PLAN",
      { 0x00200013, 0x300A0002, 0x300A0006, 0x300A0007 } },
    { "1.2.840.10008.5.1.4.1.1.39.", "PALETTE",
      { 0x00200013, 0x00700080, 0x00700081 } },
    { "1.2.840.10008.5.1.4.1.1.66", "RAW DATA",
      { 0x00080023, 0x00080033, 0x00200013 } },
    { NULL, "IMAGE", { 0x00080008, 0x00200013, 0x00280008, 0x00280010,
                     0x00280011 } }
};

static const uint32_t  patient_keys[KEYS] = { 0x00100010, 0x00100020 };
static const uint32_t  study_keys[KEYS] = {
    0x00080020, 0x00080030, 0x00080050, 0x00081030, 0x0020000D, 0x00200010
};
static const uint32_t  series_keys[KEYS] = { 0x00080060, 0x0020000E,
                                             0x00200011 };

/* the last record of each level, whose "next" is to be filled in */
typedef struct {
    size_t  next;               /* places of the values in the file; 0: none */
    size_t  lower;
} place_t;

typedef struct {
    pacs_op_t   *op;
    pacs_buf_t   b;
    place_t      last[4];
    size_t       first, tail;   /* places of the root's first, last offset */
} dir_t;


static void
set32(dir_t *d, size_t at, size_t value)
{
    for (unsigned i = 0; at != 0 && !d->b.failed && i < 4; i++) {
        d->b.data[at + i] = (char) (value >> 8 * i);
    }
}


static void
put_uint(dir_t *d, uint32_t tag, uint16_t vr, int64_t value)
{
    pacs_write_ints(&d->b, tag, vr, &value, 1);
}


/* a record begins; those of the levels below are over */
static void
begin(dir_t *d, unsigned level, const char *type)
{
    size_t  at = d->b.len;

    set32(d, d->last[level].next, at);
    if (level == 0) {
        if (d->last[0].next == 0) {
            set32(d, d->first, at);
        }
        set32(d, d->tail, at);
    } else if (d->last[level].next == 0) {
        set32(d, d->last[level - 1].lower, at);
    }

    pacs_write_item(&d->b);
    put_uint(d, 0x00041400, PACS_UL, 0);
    d->last[level].next = d->b.len - 4;
    put_uint(d, 0x00041410, PACS_US, 0xffff);
    put_uint(d, 0x00041420, PACS_UL, 0);
    d->last[level].lower = d->b.len - 4;
    pacs_write_text(&d->b, 0x00041430, PACS_CS, pacs_cstr(type));

    for (unsigned i = level + 1; i < 4; i++) {
        d->last[i] = (place_t) { 0, 0 };
    }
}


/* of type 1 in a directory, but not in the instances, F.5 */
static const struct {
    uint32_t     tag;
    uint32_t     instead[3];
    const char  *last;          /* NULL: when the instance arrived */
} required[] = {
    { 0x00080020, { 0x00080021, 0x00080022, 0x00080023 }, NULL },
    { 0x00080030, { 0x00080031, 0x00080032, 0x00080033 }, NULL },
    { 0x00200010, { 0 }, "0" }, { 0x00200011, { 0 }, "0" },
    { 0x00200013, { 0 }, "0" }
};


static pacs_str_t
arrival(const pacs_given_t *g, uint32_t tag, char text[16])
{
    time_t     seconds = (time_t) (g->record.received_us / 1000000);
    struct tm  tm = { 0 };
    size_t     n;

    gmtime_r(&seconds, &tm);
    n = strftime(text, 16, tag == 0x00080020 ? "%Y%m%d" : "%H%M%S", &tm);
    return (pacs_str_t) { text, n };
}


/* e of tag, which the instance has not, or without a value; false: there is
 * no need for it */
static bool
instead_of(const pacs_given_t *g, const pacs_item_t *root, uint32_t tag,
    pacs_elem_t *e, char text[16])
{
    const pacs_tag_t *known = pacs_tag(tag);

    *e = (pacs_elem_t) { .tag = tag, .vr = known->vr,
                         .value = (const uint8_t *) "" };

    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        if (required[i].tag != tag) {
            continue;
        }

        pacs_str_t  value = pacs_null;

        for (unsigned k = 0; k < 3 && value.len == 0; k++) {
            value = pacs_elem_raw(root, required[i].instead[k]);
        }
        if (value.len == 0) {
            value = required[i].last != NULL ? pacs_cstr(required[i].last)
                                             : arrival(g, tag, text);
        }
        e->value = (const uint8_t *) value.data;
        e->length = value.len;
    }
    return known->vr != PACS_SQ;
}


/* the character set and keys of the instance as they stand in it; a key that
 * it has not comes without a value, as type 2 */
static int
put_keys(dir_t *d, const pacs_given_t *g, pacs_source_t *stream,
    const pacs_dataset_t *ds, const uint32_t *keys, pacs_err_t *err)
{
    pacs_elem_t     elems[KEYS + 1], **last;
    pacs_item_t     item = *ds->root;
    pacs_dataset_t  some = *ds;
    char            text[KEYS + 1][16];
    unsigned        n = 0;

    item.elems = NULL;
    last = &item.elems;

    for (unsigned i = 0; i <= KEYS; i++) {
        uint32_t           tag = i == 0 ? 0x00080005 : keys[i - 1];
        const pacs_elem_t *e = pacs_elem(ds->root, tag);

        if (tag == 0) {
            break;
        }
        if (e != NULL && e->length != 0) {
            elems[n] = *e;
        } else if (i == 0
                   || !instead_of(g, ds->root, tag, &elems[n], text[n]))
        {
            continue;
        }
        elems[n].next = NULL;
        *last = &elems[n];
        last = &elems[n++].next;
    }

    some.root = &item;
    return pacs_write_dataset(&d->b, stream, &some, false, err);
}


/* the last kind is any other */
static bool
is_kind(unsigned k, pacs_str_t class_uid)
{
    const char *uid = kinds[k].class_uid;

    return k == sizeof(kinds) / sizeof(kinds[0]) - 1
           || (uid[strlen(uid) - 1] == '.' ? pacs_str_starts(class_uid, uid)
                                           : pacs_str_is(class_uid, uid));
}


static int
put_instance(dir_t *d, const pacs_given_t *g, pacs_source_t *stream,
    const pacs_dataset_t *ds, pacs_str_t id, pacs_err_t *err)
{
    unsigned  k = 0;

    while (!is_kind(k, g->record.class_uid)) {
        k++;
    }

    begin(d, 3, kinds[k].type);
    pacs_write_text(&d->b, 0x00041500, PACS_CS, id);
    pacs_write_text(&d->b, 0x00041510, PACS_UI, g->record.class_uid);
    pacs_write_text(&d->b, 0x00041511, PACS_UI, g->record.instance);
    pacs_write_text(&d->b, 0x00041512, PACS_UI, g->syntax);

    int  rc = put_keys(d, g, stream, ds, kinds[k].keys, err);

    pacs_write_item_end(&d->b);
    return rc;
}


/* one instance, and the records above it where it is the first of them */
static int
put_all(dir_t *d, const pacs_given_t *g, const pacs_given_t *before,
    pacs_source_t *stream, const pacs_dataset_t *ds, pacs_str_t id,
    pacs_err_t *err)
{
    static const struct {
        const char      *type;
        const uint32_t  *keys;
    } above[] = { { "PATIENT", patient_keys }, { "STUDY", study_keys },
                  { "SERIES", series_keys } };
    unsigned  from = before == NULL ? 0
                     : pacs_str_eq(before->record.series, g->record.series)
                     ? 3 : 2;

    for (unsigned level = from; level < 3; level++) {
        begin(d, level, above[level].type);

        int  rc = put_keys(d, g, stream, ds, above[level].keys, err);

        if (rc != PACS_OK) {
            return rc;
        }
        pacs_write_item_end(&d->b);
    }

    return put_instance(d, g, stream, ds, id, err);
}


static int
add(dir_t *d, const pacs_given_t *g, const pacs_given_t *before,
    pacs_str_t id, pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(d->op->svc);
    pacs_arena_t        *a = pacs_arena_create((size_t) limits->dataset);
    pacs_dataset_t       ds = { 0 };
    pacs_source_t        file, *stream = NULL;
    int                  fd = -1, rc = a == NULL ? PACS_E_NOMEM : PACS_OK;

    if (rc == PACS_OK
        && (rc = pacs_blob_of(d->op->svc, g->record.key, &fd, err)) == PACS_OK
        && (rc = pacs_source_fd(&file, fd, err)) == PACS_OK
        && (rc = pacs_dicom_read(&file, limits, PACS_KEEP, a, &ds, err))
            == PACS_OK)
    {
        stream = pacs_dicom_stream(&file, &ds, limits, a, err);
        rc = stream == NULL ? PACS_E_NOMEM
                            : put_all(d, g, before, stream, &ds, id, err);
    }

    if (fd >= 0) {
        close(fd);
    }
    if (a != NULL) {
        pacs_arena_destroy(a);
    }
    return rc;
}


/* a UID of its own, the same for the same content: PS3.5 B.2 asks for a UUID
 * as a decimal, of which 63 bits are enough here */
static pacs_str_t
directory_uid(pacs_op_t *op, const pacs_given_t *given, unsigned n)
{
    pacs_sha256_t  h;
    uint8_t        digest[PACS_SHA256_LEN];
    uint64_t       v;

    if (pacs_sha256_init(&h, NULL) != PACS_OK) {
        return pacs_null;
    }
    for (unsigned i = 0; i < n; i++) {
        pacs_sha256_update(&h, given[i].record.instance.data,
                           given[i].record.instance.len);
        pacs_sha256_update(&h, given[i].syntax.data, given[i].syntax.len);
    }
    pacs_sha256_final(&h, digest);
    memcpy(&v, digest, sizeof(v));
    return pacs_sprintf(op->arena, "2.25.%llu",
                        (unsigned long long) (v >> 1));
}


int
pacs_dicomdir_write(pacs_op_t *op, const pacs_given_t *given, unsigned n,
    const pacs_str_t *ids, pacs_str_t *file, pacs_err_t *err)
{
    dir_t       d = { .op = op };
    pacs_str_t  uid = directory_uid(op, given, n);
    int         rc = uid.data == NULL ? PACS_E_NOMEM : PACS_OK;

    d.b.max = (size_t) pacs_service_limits(op->svc)->metadata;

    pacs_write_meta(&d.b, pacs_lit(DIRECTORY_CLASS), uid,
                    pacs_lit(PACS_EXPLICIT_LE), pacs_null);
    pacs_write_text(&d.b, 0x00041130, PACS_CS, pacs_lit("NGX_PACS"));
    put_uint(&d, 0x00041200, PACS_UL, 0);
    d.first = d.b.len - 4;
    put_uint(&d, 0x00041202, PACS_UL, 0);
    d.tail = d.b.len - 4;
    put_uint(&d, 0x00041212, PACS_US, 0);
    pacs_write_sq(&d.b, 0x00041220);

    for (unsigned i = 0; rc == PACS_OK && i < n; i++) {
        rc = add(&d, &given[i], i != 0 ? &given[i - 1] : NULL, ids[i], err);
    }

    pacs_write_sq_end(&d.b);

    if (rc == PACS_OK && d.b.failed) {
        rc = pacs_fail(err, PACS_E_LIMIT, "the DICOMDIR is too large (limit "
                       "metadata)");
    }

    *file = pacs_buf_take(&d.b, op->arena);
    return rc != PACS_OK ? rc : file->data == NULL ? PACS_E_NOMEM : PACS_OK;
}
