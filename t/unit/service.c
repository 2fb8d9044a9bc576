/* SPDX-License-Identifier: BSD-2-Clause */

/* Requests without nginx: store, search, metadata, frames, pictures of one
 * made-up instance, driven as a front door does it. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "service/service.h"
#include "dicom/dicom.h"
#include "tap.h"

enum { SIDE = 32 };      /* pixel data over the inline limit */

static char             home[] = "/tmp/pacs-unit-XXXXXX";
static pacs_service_t  *svc;
static int64_t          ahead_us, step_us;      /* of the clock; per look */


static int64_t
now_us(void *ctx)
{
    return pacs_env_default.now_us(ctx) + (ahead_us += step_us);
}


static void
make_instance(pacs_buf_t *b, const char *uid, const char *name)
{
    static const int64_t  side = SIDE, one = 1, bits = 16, high = 15, no = 0;
    uint8_t               pixels[SIDE * SIDE * 2];

    for (int i = 0; i < SIDE * SIDE; i++) {
        pixels[2 * i] = (uint8_t) i;
        pixels[2 * i + 1] = (uint8_t) (i >> 8);
    }

    pacs_write_meta(b, pacs_lit("1.2.840.10008.5.1.4.1.1.7"), pacs_cstr(uid),
                    pacs_lit("1.2.840.10008.1.2.1"), pacs_lit("UNIT"));
    pacs_write_text(b, 0x00080016, PACS_UI,
                    pacs_lit("1.2.840.10008.5.1.4.1.1.7"));
    pacs_write_text(b, 0x00080018, PACS_UI, pacs_cstr(uid));
    pacs_write_text(b, 0x00080020, PACS_DA, pacs_lit("20200102"));
    pacs_write_text(b, 0x00080060, PACS_CS, pacs_lit("OT"));
    pacs_write_text(b, 0x00100010, PACS_PN, pacs_cstr(name));
    pacs_write_text(b, 0x00100020, PACS_LO, pacs_lit("UNIT-1"));
    pacs_write_text(b, 0x0020000D, PACS_UI, pacs_lit("1.2.3.1"));
    pacs_write_text(b, 0x0020000E, PACS_UI, pacs_lit("1.2.3.2"));
    pacs_write_ints(b, 0x00280002, PACS_US, &one, 1);
    pacs_write_text(b, 0x00280004, PACS_CS, pacs_lit("MONOCHROME2"));
    pacs_write_ints(b, 0x00280010, PACS_US, &side, 1);
    pacs_write_ints(b, 0x00280011, PACS_US, &side, 1);
    pacs_write_ints(b, 0x00280100, PACS_US, &bits, 1);
    pacs_write_ints(b, 0x00280101, PACS_US, &bits, 1);
    pacs_write_ints(b, 0x00280102, PACS_US, &high, 1);
    pacs_write_ints(b, 0x00280103, PACS_US, &no, 1);
    pacs_write_bytes(b, 0x7FE00010, PACS_OW, pixels, sizeof(pixels));
}


static int
store(const char *uid, const char *name, pacs_stored_t *out, pacs_err_t *err)
{
    pacs_subject_t   who = { .address = pacs_lit("local"),
                             .door = pacs_lit("cli") };
    pacs_buf_t       b = { 0 };
    pacs_store_t    *st;

    make_instance(&b, uid, name);

    int  rc = pacs_store_begin(svc, &who, pacs_null, &st, err);

    if (rc == PACS_OK) {
        /* in two pieces, cut within the file meta */
        rc = pacs_store_write(st, b.data, 140, err);
        if (rc == PACS_OK) {
            rc = pacs_store_write(st, b.data + 140, b.len - 140, err);
        }
        rc = pacs_store_finish(st, out, err);
    }

    pacs_buf_free(&b);
    return rc;
}


/* answers no wish: neither cache nor codec are there */
static pacs_arena_t *
ask(const char *path, const char *args, const char *accept, pacs_op_t *op)
{
    pacs_arena_t *a = pacs_arena_create(0);

    *op = (pacs_op_t) {
        .svc = svc, .arena = a,
        .request = {
            .method = PACS_GET, .prefix = pacs_lit("/dicom-web"),
            .path = pacs_cstr(path), .args = pacs_cstr(args),
            .origin = pacs_lit("http://unit"), .accept = pacs_cstr(accept),
            .subject = { .address = pacs_lit("local"),
                         .door = pacs_lit("web") }
        }
    };

    while (pacs_op_run(op) == PACS_AGAIN) {
        if (op->want == PACS_WANT_CODEC) {
            op->codec_reply = (pacs_codec_reply_t) {
                .code = PACS_E_CODEC, .text = "no codec in this test"
            };
        }
    }

    return a;
}


static pacs_str_t
text_of(const pacs_op_t *op)
{
    return op->reply.nparts == 1 && op->reply.parts[0].data != NULL
           ? (pacs_str_t) { op->reply.parts[0].data, op->reply.length }
           : pacs_null;
}


static bool
contains(pacs_str_t s, const char *what)
{
    return s.len != 0 && memmem(s.data, s.len, what, strlen(what)) != NULL;
}


static void
status(const char *path, const char *args, const char *accept, unsigned want)
{
    pacs_op_t      op;
    pacs_arena_t  *a = ask(path, args, accept, &op);

    if (!ok(op.reply.status == want, "%s?%s is %u", path, args, want)) {
        printf("# got %u: %.*s\n", op.reply.status, pacs_fmt(text_of(&op)));
    }

    pacs_op_close(&op);
    pacs_arena_destroy(a);
}


static void
body(const char *path, const char *args, const char *accept, const char *want)
{
    pacs_op_t      op;
    pacs_arena_t  *a = ask(path, args, accept, &op);

    if (!ok(contains(text_of(&op), want), "%s?%s says %s", path, args, want)) {
        printf("# got %u: %.*s\n", op.reply.status, pacs_fmt(text_of(&op)));
    }

    pacs_op_close(&op);
    pacs_arena_destroy(a);
}


static void
test_store(void)
{
    pacs_stored_t  out;
    pacs_err_t     err = { 0 };

    is_int(store("1.2.3.3.1", "Unit^Test", &out, &err), PACS_OK, "store");
    is_int(out.how, PACS_STORED_NEW, "... a new one");
    is_str(pacs_cstr(out.study), "1.2.3.1", "... of the study");
    is_int(store("1.2.3.3.1", "Unit^Test", &out, &err), PACS_OK, "again");
    is_int(out.how, PACS_STORED_SAME, "... the same");
    is_int(store("1.2.3.3.1", "Other^Test", &out, &err), PACS_E_CONFLICT,
           "other content under the UID");
    err = (pacs_err_t) { 0 };
    is_int(store("1.2.3.x", "Unit^Test", &out, &err), PACS_E_IDENT,
           "no UID");
    ok(contains(pacs_cstr(err.text), "(0008,0018)"), "... says which");
    err = (pacs_err_t) { 0 };
    is_int(store("1.2.3.3.2", "Unit^Test", &out, &err), PACS_OK, "a second");
}


static void
test_requests(void)
{
    const char *const  i = "/studies/1.2.3.1/series/1.2.3.2/instances/1.2.3.3.1";
    char               path[256];

    body("/studies", "PatientName=unit*", "", "\"00201208\"");
    body("/studies", "PatientName=nobody", "", "[]");
    body("/studies", "includefield=StudyDescription", "", "http://unit/dicom-web/studies/1.2.3.1");
    body("/studies/1.2.3.1/series", "", "", "1.2.3.2");
    body("/instances", "", "", "1.2.3.3.2");
    body("/studies/1.2.3.1/metadata", "", "",
         "/dicom-web/studies/1.2.3.1/series/1.2.3.2/instances/1.2.3.3.1/bulkdata/7FE00010");
    status("/studies/1.2.3.1/series/9.9/metadata", "", "", 404);
    status("/studies/9.9", "", "", 404);
    status(i, "", "text/plain", 406);
    status(i, "", "multipart/related; type=\"application/dicom\"; "
           "transfer-syntax=1.2.840.10008.1.2.4.103", 406);
    status(i, "", "application/dicom; transfer-syntax=1.2.840.10008.1.2", 200);

    snprintf(path, sizeof(path), "%s/frames/1", i);
    status(path, "", "", 200);
    snprintf(path, sizeof(path), "%s/frames/2", i);
    status(path, "", "", 404);
    snprintf(path, sizeof(path), "%s/bulkdata/7FE00010", i);
    status(path, "", "application/octet-stream", 200);
    snprintf(path, sizeof(path), "%s/bulkdata/00100010", i);
    status(path, "", "", 200);
    snprintf(path, sizeof(path), "%s/bulkdata/00420011", i);
    status(path, "", "", 404);
    snprintf(path, sizeof(path), "%s/rendered", i);
    body(path, "", "", "JFIF");
    body(path, "viewport=8,8&window=100,200,linear", "image/png", "PNG");
    status(path, "window=1", "", 400);
    status("/studies/1.2.3.1/rendered", "", "image/jpeg", 406);
    status("/studies/1.2.3.1/rendered", "", "", 200);
    body("/studies/1.2.3.1/thumbnail", "", "", "JFIF");
}


/* a disk so slow that few instances can be read in a turn, PS3.18 13.4.3 */
static void
test_slow_commitment(void)
{
    static const char  path[] = "/commitment-requests/1.2.3.77";
    pacs_buf_t         b = { 0 };
    pacs_op_t          op;
    pacs_arena_t      *a = pacs_arena_create(0);
    unsigned           looks = 0, last = 0;

    pacs_buf_text(&b, "{\"00081199\":{\"vr\":\"SQ\",\"Value\":[");
    for (int i = 0; i < 8; i++) {
        pacs_buf_printf(&b, "%s{\"00081150\":{\"vr\":\"UI\",\"Value\":["
                        "\"1.2.840.10008.5.1.4.1.1.7\"]},\"00081155\":{"
                        "\"vr\":\"UI\",\"Value\":[\"1.2.3.9%d\"]}}",
                        i != 0 ? "," : "", i);
    }
    pacs_buf_text(&b, "]}}");

    op = (pacs_op_t) {
        .svc = svc, .arena = a,
        .request = {
            .method = PACS_POST, .prefix = pacs_lit("/dicom-web"),
            .path = pacs_cstr(path), .body = pacs_buf_take(&b, a),
            .content_type = pacs_lit("application/dicom+json")
        }
    };
    step_us = 2000000;
    is_int(pacs_op_run(&op), PACS_OK, "commitment of eight, slowly");
    is_int(op.reply.status, 202, "... is 202: not done yet");
    ok(op.reply.nparts == 0, "... without a result");
    ok(pacs_str_is(op.reply.headers[0].name, "Retry-After"), "... and says "
       "when to ask");
    pacs_op_close(&op);
    pacs_arena_destroy(a);

    while (looks++ < 10 && last != 200) {
        a = ask(path, "", "application/dicom+json", &op);
        last = op.reply.status;
        if (last != 200) {
            ok(last == 202, "look %u: not yet", looks);
        } else {
            ok(contains(text_of(&op), "1.2.3.97"), "look %u: all", looks);
        }
        pacs_op_close(&op);
        pacs_arena_destroy(a);
    }
    step_us = 0;
    ok(looks > 2 && looks < 8, "each look goes on where the last one ended");
    status(path, "", "", 200);
}


static void
test_delete(void)
{
    pacs_subject_t  who = { .door = pacs_lit("cli") };
    pacs_err_t      err = { 0 };
    uint64_t        removed;

    is_int(pacs_delete(svc, &who, pacs_lit("1.2.3.1"), pacs_null, pacs_null,
                       true, &removed, &err), PACS_OK, "delete the study");
    is_int((int64_t) removed, 2, "... both instances");
    status("/studies/1.2.3.1", "", "", 410);
    status("/studies/1.2.3.1/metadata", "", "", 410);
    body("/studies", "", "", "[]");
}


int
main(void)
{
    pacs_options_t  o;
    pacs_err_t      err = { 0 };
    char            command[64];

    if (mkdtemp(home) == NULL) {
        return 1;
    }

    pacs_options_default(&o);
    o.home = home;
    o.env.now_us = now_us;

    if (ok(pacs_service_open(&o, &svc, &err) == PACS_OK, "open: %s",
           err.text))
    {
        test_store();
        test_requests();
        test_slow_commitment();
        test_delete();
        pacs_service_close(svc);
    }

    snprintf(command, sizeof(command), "rm -rf %s", home);
    return system(command) == 0 ? done() : 1;
}
