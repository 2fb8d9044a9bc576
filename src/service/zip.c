/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A ZIP archive (APPNOTE 6.3.9) of instances, stored without compression:
 * all sizes are known before, so any range of it can be sent.  A member's
 * CRC-32 is read out of its file when its header is due, just before the
 * file itself.  ZIP64 fields are there where a number needs them.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "service/send.h"

#define FULL32  UINT32_C(0xffffffff)

enum { LOCAL = 30, CENTRAL = 46, END = 22, END64 = 56, LOCATOR = 20,
       CHUNK = 65536 };

typedef struct {
    pacs_crcs_t        *crcs;
    pacs_str_t          name;
    const pacs_part_t  *parts;
    unsigned            nparts;
    uint64_t            size, at;   /* at: of the local header */
    uint64_t            crc_name;
    uint32_t            crc;
    bool                has_crc;
    uint16_t            date, time;
} member_t;

typedef struct {
    pacs_op_t  *op;
    member_t   *members;
    unsigned    n;
    uint64_t    central, end;       /* where the directory is */
} zip_t;

/* a record that is written from its start */
typedef struct {
    uint8_t  *p;
} pen_t;


static void
put(pen_t *pen, uint64_t v, unsigned bytes)
{
    for (; bytes != 0; bytes--, v >>= 8) {
        *pen->p++ = (uint8_t) v;
    }
}


static uint64_t
clip(uint64_t v)
{
    return v < FULL32 ? v : FULL32;
}


/* --- CRC --- */

static int
crc_of_file(const pacs_part_t *part, uint32_t *crc, pacs_err_t *err)
{
    uint8_t  buf[CHUNK];
    int      fd = open(part->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int      rc = fd < 0 ? pacs_fail_errno(err, errno, "%s", part->path)
                         : PACS_OK;

    for (uint64_t done = 0; rc == PACS_OK && done < part->length; ) {
        uint64_t  left = part->length - done;
        ssize_t   got = pread(fd, buf, left < CHUNK ? (size_t) left : CHUNK,
                              (off_t) (part->offset + done));

        if (got > 0) {
            *crc = (uint32_t) crc32_z(*crc, buf, (size_t) got);
            done += (uint64_t) got;
        } else if (got == 0 || errno != EINTR) {
            rc = pacs_fail(err, PACS_E_IO, "%s: cannot be read",
                           part->path);
        }
    }

    if (fd >= 0) {
        close(fd);
    }
    return rc;
}


static int
find_crc(member_t *m, pacs_err_t *err)
{
    int  rc = PACS_OK;

    if (m->has_crc || pacs_crcs_get(m->crcs, m->crc_name, &m->crc)) {
        m->has_crc = true;
        return PACS_OK;
    }

    m->crc = 0;
    for (unsigned i = 0; rc == PACS_OK && i < m->nparts; i++) {
        const pacs_part_t *part = &m->parts[i];

        if (part->data != NULL) {
            m->crc = (uint32_t) crc32_z(m->crc, (const uint8_t *) part->data,
                                        part->length);
        } else {
            rc = crc_of_file(part, &m->crc, err);
        }
    }

    if (rc == PACS_OK) {
        m->has_crc = true;
        pacs_crcs_put(m->crcs, m->crc_name, m->crc);
    }
    return rc;
}


/* --- the records, 4.3 --- */

static bool
is_big(const member_t *m)
{
    return m->size >= FULL32;
}


/* method, time, CRC and sizes, which both headers have alike */
static void
put_common(pen_t *pen, const member_t *m)
{
    put(pen, 0, 2);
    put(pen, 0, 2);
    put(pen, m->time, 2);
    put(pen, m->date, 2);
    put(pen, m->crc, 4);
    put(pen, clip(m->size), 4);
    put(pen, clip(m->size), 4);
    put(pen, m->name.len, 2);
}


static size_t
local_size(const member_t *m)
{
    return LOCAL + m->name.len + (is_big(m) ? 20 : 0);
}


static int
fill_local(void *ctx, char *data, pacs_err_t *err)
{
    member_t *m = ctx;
    pen_t     pen = { (uint8_t *) data };
    int       rc = find_crc(m, err);

    put(&pen, 0x04034b50, 4);
    put(&pen, is_big(m) ? 45 : 20, 2);
    put_common(&pen, m);
    put(&pen, is_big(m) ? 20 : 0, 2);
    memcpy(pen.p, m->name.data, m->name.len);
    pen.p += m->name.len;

    if (is_big(m)) {
        put(&pen, 1, 2);
        put(&pen, 16, 2);
        put(&pen, m->size, 8);
        put(&pen, m->size, 8);
    }
    return rc;
}


static size_t
extra_size(const member_t *m)
{
    size_t  n = (is_big(m) ? 16 : 0) + (m->at >= FULL32 ? 8 : 0);

    return n == 0 ? 0 : n + 4;
}


static void
put_central(pen_t *pen, const member_t *m)
{
    enum { UNIX = 3 << 8, FILE_0644 = 0100644 };
    size_t  extra = extra_size(m);

    put(pen, 0x02014b50, 4);
    put(pen, UNIX | 45, 2);
    put(pen, extra != 0 ? 45 : 20, 2);
    put_common(pen, m);
    put(pen, extra, 2);
    put(pen, 0, 2);                         /* comment */
    put(pen, 0, 2);                         /* disk */
    put(pen, 0, 2);                         /* internal attributes */
    put(pen, (uint64_t) FILE_0644 << 16, 4);
    put(pen, clip(m->at), 4);
    memcpy(pen->p, m->name.data, m->name.len);
    pen->p += m->name.len;

    if (extra != 0) {
        put(pen, 1, 2);
        put(pen, extra - 4, 2);
    }
    if (is_big(m)) {
        put(pen, m->size, 8);
        put(pen, m->size, 8);
    }
    if (m->at >= FULL32) {
        put(pen, m->at, 8);
    }
}


static bool
needs_end64(const zip_t *z)
{
    return z->n >= 0xffff || z->end >= FULL32;
}


static void
put_end(pen_t *pen, const zip_t *z)
{
    uint64_t  length = z->end - z->central;

    if (needs_end64(z)) {
        put(pen, 0x06064b50, 4);
        put(pen, END64 - 12, 8);
        put(pen, 45, 2);
        put(pen, 45, 2);
        put(pen, 0, 8);                     /* disks */
        put(pen, z->n, 8);
        put(pen, z->n, 8);
        put(pen, length, 8);
        put(pen, z->central, 8);
        put(pen, 0x07064b50, 4);
        put(pen, 0, 4);
        put(pen, z->end, 8);
        put(pen, 1, 4);
    }

    put(pen, 0x06054b50, 4);
    put(pen, 0, 4);
    put(pen, z->n < 0xffff ? z->n : 0xffff, 2);
    put(pen, z->n < 0xffff ? z->n : 0xffff, 2);
    put(pen, clip(length), 4);
    put(pen, clip(z->central), 4);
    put(pen, 0, 2);
}


static int
fill_directory(void *ctx, char *data, pacs_err_t *err)
{
    zip_t *z = ctx;
    pen_t  pen = { (uint8_t *) data };
    int    rc = PACS_OK;

    for (unsigned i = 0; rc == PACS_OK && i < z->n; i++) {
        rc = find_crc(&z->members[i], err);
        put_central(&pen, &z->members[i]);
    }

    put_end(&pen, z);
    return rc;
}


/* --- laid out --- */

/* 4.4.6: MS-DOS, two seconds; of the time when it was received, in UTC */
static void
set_time(member_t *m, int64_t us)
{
    time_t     seconds = (time_t) (us / 1000000);
    struct tm  tm;

    if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < 80
        || tm.tm_year > 207)
    {
        m->date = 1 << 5 | 1;
        return;
    }

    m->date = (uint16_t) ((tm.tm_year - 80) << 9 | (tm.tm_mon + 1) << 5
                          | tm.tm_mday);
    m->time = (uint16_t) (tm.tm_hour << 11 | tm.tm_min << 5 | tm.tm_sec / 2);
}


/* names its bytes: what is stored, and how that is given */
static uint64_t
crc_name(const pacs_given_t *g)
{
    uint8_t   digest[PACS_SHA256_LEN];
    uint64_t  name;
    char      text[256];
    int       n = snprintf(text, sizeof(text), "%.*s %d %.*s " PACS_PIPELINE,
                           pacs_fmt(g->record.key), g->give,
                           pacs_fmt(g->syntax));

    pacs_sha256(text, (size_t) n, digest);
    memcpy(&name, digest, sizeof(name));
    return name;
}


static void
set_member(zip_t *z, member_t *m, const pacs_given_t *g,
    const pacs_parts_t *from)
{
    m->crcs = z->op->svc->crcs;
    m->parts = from->parts + g->first;
    m->nparts = g->n;
    m->size = g->length;
    m->crc_name = crc_name(g);
    set_time(m, g->record.received_us);
}


static int
add_late(pacs_op_t *op, pacs_parts_t *list, size_t len,
    int (*fill)(void *ctx, char *data, pacs_err_t *err), void *ctx)
{
    char *room = pacs_alloc(op->arena, len);

    return room == NULL
           ? PACS_E_NOMEM
           : pacs_parts_add(op, list, (pacs_part_t) {
                                .data = room, .length = len, .fill = fill,
                                .ctx = ctx });
}


static int
add_member(zip_t *z, member_t *m, pacs_parts_t *list)
{
    int  rc;

    m->at = z->central;
    z->central += local_size(m) + m->size;
    z->end += CENTRAL + m->name.len + extra_size(m);

    rc = add_late(z->op, list, local_size(m), fill_local, m);
    for (unsigned i = 0; rc == PACS_OK && i < m->nparts; i++) {
        rc = pacs_parts_add(z->op, list, m->parts[i]);
    }
    return rc;
}


/* --- names --- */

/* "<series UID>/<instance UID>.dcm" */
static pacs_str_t
long_name(pacs_op_t *op, const pacs_given_t *g)
{
    return pacs_sprintf(op->arena, "%.*s/%.*s.dcm",
                        pacs_fmt(g->record.series),
                        pacs_fmt(g->record.instance));
}


/* "DICOM/S0000001/I0000001": PS3.10 8.2, ISO 9660 level 1 */
static void
short_names(pacs_op_t *op, const pacs_given_t *given, unsigned n,
    member_t *members, pacs_str_t *ids)
{
    unsigned  series = 0, instance = 0;

    for (unsigned i = 0; i < n; i++) {
        bool  next = i == 0 || !pacs_str_eq(given[i].record.series,
                                            given[i - 1].record.series);

        series += next;
        instance = next ? 1 : instance + 1;
        members[i].name = pacs_sprintf(op->arena, "DICOM/S%07u/I%07u",
                                       series % 10000000,
                                       instance % 10000000);
        ids[i] = pacs_sprintf(op->arena, "DICOM\\S%07u\\I%07u",
                              series % 10000000, instance % 10000000);
    }
}


/* the first member */
static int
set_dir(zip_t *z, const pacs_given_t *given, unsigned n, pacs_err_t *err)
{
    member_t    *m = z->members;
    pacs_str_t  *ids = pacs_calloc(z->op->arena, n, sizeof(*ids));
    pacs_part_t *part = pacs_calloc(z->op->arena, 1, sizeof(*part));
    pacs_str_t   file;
    int          rc;

    if (ids == NULL || part == NULL) {
        return PACS_E_NOMEM;
    }

    short_names(z->op, given, n, z->members + 1, ids);
    rc = pacs_dicomdir_write(z->op, given, n, ids, &file, err);
    if (rc != PACS_OK) {
        return rc;
    }

    *part = (pacs_part_t) { .data = file.data, .length = file.len };
    *m = (member_t) {
        .crcs = z->op->svc->crcs, .name = pacs_lit("DICOMDIR"),
        .parts = part, .nparts = 1, .size = file.len
    };
    set_time(m, given[0].record.received_us);
    return PACS_OK;
}


int
pacs_zip_parts(pacs_op_t *op, pacs_given_t *given, unsigned n,
    const pacs_parts_t *from, bool dir, pacs_parts_t *list, pacs_err_t *err)
{
    zip_t *z = pacs_calloc(op->arena, 1, sizeof(*z));
    int    rc = PACS_OK;

    if (z == NULL || (z->members = pacs_calloc(op->arena, n + 1u,
                                               sizeof(member_t))) == NULL)
    {
        return PACS_E_NOMEM;
    }

    z->op = op;
    z->n = n + dir;

    if (dir && (rc = set_dir(z, given, n, err)) != PACS_OK) {
        return rc;
    }

    for (unsigned i = 0; i < n; i++) {
        member_t *m = &z->members[i + dir];

        set_member(z, m, &given[i], from);
        m->name = dir ? m->name : long_name(op, &given[i]);
    }

    for (unsigned i = 0; rc == PACS_OK && i < z->n; i++) {
        rc = z->members[i].name.data == NULL
             ? PACS_E_NOMEM : add_member(z, &z->members[i], list);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    z->end += z->central;

    return add_late(op, list, (size_t) (z->end - z->central) + END
                              + (needs_end64(z) ? END64 + LOCATOR : 0),
                    fill_directory, z);
}
