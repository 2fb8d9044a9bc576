/* SPDX-License-Identifier: BSD-2-Clause */

/* multipart bodies, cut at every position */

#include <stdlib.h>

#include "tap.h"
#include "web/web.h"

#define TYPE      "multipart/related; type=\"application/dicom\"; boundary="
#define DICOM     "Content-Type: application/dicom\r\n"

static pacs_limits_t  limits;
static int            stop_at;      /* the data call that says no */


static int
on_begin(void *ctx, const pacs_part_head_t *head, pacs_err_t *err)
{
    pacs_buf_printf(ctx, "<%.*s|%.*s>", pacs_fmt(head->type),
                    pacs_fmt(head->location));
    return PACS_OK;
}


static int
on_data(void *ctx, const char *data, size_t len, pacs_err_t *err)
{
    pacs_buf_add(ctx, data, len);
    return stop_at ? PACS_E_FULL : PACS_OK;
}


static int
on_end(void *ctx, pacs_err_t *err)
{
    pacs_buf_text(ctx, ".");
    return PACS_OK;
}


static const pacs_multipart_cb_t  cb = { on_begin, on_data, on_end };


/* feeds in pieces that end at the cuts; each piece is an own allocation, so
 * that ASan sees any read beyond it */
static int
parse(const char *type, const char *body, size_t len, const size_t *cuts,
    pacs_buf_t *out, pacs_err_t *err)
{
    pacs_arena_t      *a = pacs_arena_create(0);
    pacs_multipart_t  *mp;
    size_t             from = 0;
    int                rc = pacs_multipart_create(pacs_cstr(type), &cb, out,
                                                  &limits, a, &mp, err);

    for (size_t i = 0; rc == PACS_OK && from < len; i++) {
        size_t  to = cuts != NULL && cuts[i] != 0 ? cuts[i] : len;
        char   *piece = malloc(to - from);

        memcpy(piece, body + from, to - from);
        rc = pacs_multipart_feed(mp, piece, to - from, err);
        free(piece);
        from = to;
    }

    if (rc == PACS_OK) {
        rc = pacs_multipart_finish(mp, err);
    }
    pacs_arena_destroy(a);
    pacs_buf_char(out, '\0');
    return rc;
}


static bool
gives(const char *type, const char *body, size_t len, const size_t *cuts,
    int code, const char *want)
{
    pacs_buf_t  out = { 0 };
    pacs_err_t  err = { 0 };
    int         rc = parse(type, body, len, cuts, &out, &err);
    bool        good = rc == code && err.code == code
                       && (want == NULL || strcmp(out.data, want) == 0);

    if (!good) {
        printf("# %d '%s', got '%s'\n", rc, err.text, out.data);
    }
    pacs_buf_free(&out);
    return good;
}


static const struct {
    const char  *name, *boundary, *body;
    int          code;
    const char  *want;
} bodies[] = {
    { "two parts", "b",
      "--b\r\n" DICOM "\r\nhello\r\n--b\r\nContent-Location: /x\r\n"
      "content-TYPE:  APPLICATION/dicom ;a=b\r\n\r\nworld\r\n--b--",
      PACS_OK, "<application/dicom|>hello.<application/dicom|/x>world." },
    { "preamble, epilogue, padding", "b",
      "pre\r\namble\r\n--b \t\r\n" DICOM "\r\nx\r\n--b-- \r\nepi\r\n--b\r\n",
      PACS_OK, "<application/dicom|>x." },
    { "empty parts", "b",
      "--b\r\n\r\n--b\r\n" DICOM "\r\n\r\n--b\r\n" DICOM "\r\n--b--",
      PACS_OK, "<|>.<application/dicom|>.<application/dicom|>." },
    { "data that looks like it", "abc",
      "--abc\r\n\r\n\r\r\n\r\n-\r\n--ab\r\n--abcd\r\n--abc-\r\n--abc \rx"
      "\r\n--abc--z--abc--\r\n--ab\r\n--abc--",
      PACS_OK, "<|>\r\r\n\r\n-\r\n--ab\r\n--abcd\r\n--abc-\r\n--abc \rx"
      "\r\n--abc--z--abc--\r\n--ab." },
    { "another boundary that ours begins", "abc",
      "--abc\r\n\r\n--abcdef\r\ninner\r\n--abcdef--\r\n--abc--",
      PACS_OK, "<|>--abcdef\r\ninner\r\n--abcdef--." },
    { "CR before the delimiter", "b",
      "--b\r\n\r\nx\r\r\n--b--", PACS_OK, "<|>x\r." },
    { "a folded line", "b",
      "--b\r\nContent-Type:\r\n application/dicom\r\n\r\nx\r\n--b--",
      PACS_OK, "<application/dicom|>x." },
    { "quoted boundary with a colon", "\"a:b c\"",
      "--a:b c\r\n\r\nx\r\n--a:b c--\r\n", PACS_OK, "<|>x." },
    { "no final boundary", "b", "--b\r\n" DICOM "\r\nhello\r\n--b",
      PACS_E_ARG, NULL },
    { "a cut final boundary", "b", "--b\r\n" DICOM "\r\nhello\r\n--b-",
      PACS_E_ARG, NULL },
    { "ends in a header", "b", "--b\r\nContent-Type: x", PACS_E_ARG, NULL },
    { "no part", "b", "--b--\r\n", PACS_E_ARG, NULL },
    { "other boundary", "c", "--b\r\n\r\nx\r\n--b--", PACS_E_ARG, NULL },
    { "empty", "b", "", PACS_E_ARG, NULL },
    { "LF only", "b", "--b\n\nx\n--b--\n", PACS_E_ARG, NULL },
    { "LF in a header", "b", "--b\r\nContent-Type: x\n\r\nx\r\n--b--",
      PACS_E_ARG, NULL },
    { "no colon", "b", "--b\r\nhello\r\n\r\nx\r\n--b--", PACS_E_ARG, NULL },
    { "base64 costs that part only", "b",
      "--b\r\nContent-Transfer-Encoding: base64\r\n" DICOM "\r\nx\r\n--b\r\n"
      DICOM "\r\ny\r\n--b--", PACS_OK,
      "<application/dicom in base64|>x.<application/dicom|>y." }
};


static void
every_split(void)
{
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        char         type[256];
        const char  *body = bodies[i].body;
        size_t       len = strlen(body), bad = 0, ones[512] = { 0 };

        snprintf(type, sizeof(type), TYPE "%s", bodies[i].boundary);
        ok(gives(type, body, len, NULL, bodies[i].code, bodies[i].want),
           "%s", bodies[i].name);

        for (size_t c = 1; c < len; c++) {
            size_t  cuts[2] = { c, 0 };

            bad += !gives(type, body, len, cuts, bodies[i].code,
                          bodies[i].want);
            ones[c - 1] = c;
        }
        is_int((int64_t) bad, 0, "  cut at every position");
        ok(gives(type, body, len, ones, bodies[i].code, bodies[i].want),
           "  byte by byte");
    }
}


static void
types(void)
{
    static const struct { const char *type; int code; } t[] = {
        { "", PACS_E_MEDIA }, { "text/plain", PACS_E_MEDIA },
        { "multipart/form-data; boundary=b", PACS_E_MEDIA },
        { "multipart/related; type=\"application/dicom\"", PACS_E_ARG },
        { TYPE, PACS_E_ARG }, { TYPE "\"\"", PACS_E_ARG },
        { TYPE "\"a \"", PACS_E_ARG }, { TYPE "a@b", PACS_E_ARG },
        { "multipart/related; type=\"application/json\"; boundary=b",
          PACS_E_MEDIA },
        { "multipart/related; type=\"application/dicom+json\"; boundary=b",
          PACS_OK },
        { TYPE "12345678901234567890123456789012345678901234567890"
          "123456789012345678901", PACS_E_ARG },
        { "multipart/related; boundary=b", PACS_OK },
        { "Multipart/Related; TYPE=application/DICOM; Boundary=b", PACS_OK }
    };
    const char *body = "--b\r\n\r\nx\r\n--b--";

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        ok(gives(t[i].type, body, strlen(body), NULL, t[i].code, NULL),
           "Content-Type '%s'", t[i].type);
    }

    char        longest[300], many[400];
    const char *b70 = "1234567890123456789012345678901234567890123456789012345"
                      "678901234567890";

    snprintf(longest, sizeof(longest), TYPE "%s", b70);
    snprintf(many, sizeof(many), "--%s\r\n\r\nx\r\n--%s--", b70, b70);
    ok(gives(longest, many, strlen(many), NULL, PACS_OK, "<|>x."),
       "70 characters");
    ok(gives("application/dicom", "x\r\n--b", 6, NULL, PACS_OK,
             "<application/dicom|>x\r\n--b."), "one part as it is");
    ok(gives("application/dicom", "", 0, NULL, PACS_E_ARG, NULL),
       "an empty one is no part");
}


static void
bounds(void)
{
    char         body[300];
    const char  *three = "--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b\r\n\r\n3"
                         "\r\n--b--";

    limits.parts = 3;
    ok(gives(TYPE "b", three, strlen(three), NULL, PACS_OK, "<|>1.<|>2.<|>3."),
       "as many parts as allowed");
    limits.parts = 2;
    ok(gives(TYPE "b", three, strlen(three), NULL, PACS_E_LIMIT,
             "<|>1.<|>2."), "one more");
    limits = pacs_limits_default;

    /* the header is "X:" ten x, CRLF, CRLF */
    snprintf(body, sizeof(body), "--b\r\nX:xxxxxxxxxx\r\n\r\nx\r\n--b--");
    limits.part_header = 16;
    ok(gives(TYPE "b", body, strlen(body), NULL, PACS_OK, "<|>x."),
       "a header as long as allowed");
    limits.part_header = 15;
    ok(gives(TYPE "b", body, strlen(body), NULL, PACS_E_LIMIT, ""),
       "one byte more");
    limits = pacs_limits_default;

    /* blanks behind the boundary: at some length it is no delimiter */
    char  pad[2000];
    int   n = snprintf(pad, sizeof(pad), "--b\r\n\r\nx\r\n--b%*s\r\n--b--",
                       1500, "");

    ok(gives(TYPE "b", pad, (size_t) n, NULL, PACS_OK, NULL),
       "a line of blanks behind the boundary");

    stop_at = 1;
    pacs_buf_t  out = { 0 };
    pacs_err_t  err = { 0 };

    is_int(parse(TYPE "b", three, strlen(three), NULL, &out, &err),
           PACS_E_FULL, "a callback's no stops the parse");
    is_str(pacs_cstr(out.data), "<|>1", "at once");
    pacs_buf_free(&out);
    stop_at = 0;
}


int
main(void)
{
    limits = pacs_limits_default;

    every_split();
    types();
    bounds();
    return done();
}
