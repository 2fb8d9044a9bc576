/* SPDX-License-Identifier: BSD-2-Clause */

/* joined metadata is exactly the text that the pieces were made of */

#include <stdlib.h>

#include "tap.h"
#include "web/web.h"

static pacs_arena_t  *a;


/* '@' marks a splice */
static pacs_str_t
pack(const char *text)
{
    uint32_t     splice[16];
    pacs_json_t  json = { .splice = splice };
    pacs_str_t   packed;

    for (; *text; text++) {
        if (*text == '@') {
            splice[json.nsplice++] = (uint32_t) json.text.len;
        } else {
            pacs_buf_char(&json.text, *text);
        }
    }

    packed = pacs_metadata_pack(&json, a);
    pacs_buf_free(&json.text);
    return packed;
}


static int
join(bool gzip, const char *const *texts, size_t max, pacs_buf_t *out,
    pacs_err_t *err)
{
    pacs_joiner_t *j;
    int            rc;

    out->max = max;
    rc = pacs_joiner_create(gzip, out, a, &j, err);

    for (; rc == PACS_OK && *texts != NULL; texts++) {
        rc = pacs_joiner_add(j, pack(*texts), pacs_lit("http://h/\"i"), err);
    }
    return rc == PACS_OK ? pacs_joiner_finish(j, err) : rc;
}


static void
is_joined(const char *name, const char *const *texts, const char *want)
{
    pacs_err_t  err = { 0 };
    pacs_buf_t  plain = { 0 }, gz = { 0 }, again = { 0 };

    join(false, texts, 0, &plain, &err);
    join(true, texts, 0, &gz, &err);
    is_int(pacs_gunzip((pacs_str_t) { gz.data, gz.len }, 1 << 24, &again,
                       &err), PACS_OK, name);
    ok(plain.len == strlen(want) && memcmp(plain.data, want, plain.len) == 0,
       "  plain");
    ok(again.len == strlen(want) && memcmp(again.data, want, again.len) == 0,
       "  gunzipped");
    pacs_buf_free(&plain);
    pacs_buf_free(&gz);
    pacs_buf_free(&again);
}


static void
joins(void)
{
    is_joined("none", (const char *const []) { 0 }, "[]");
    is_joined("one without a splice", (const char *const []) { "{}", NULL },
              "[{}]");
    is_joined("an empty piece", (const char *const []) { "@@", NULL },
              "[http://h/\\\"ihttp://h/\\\"i]");
    is_joined("three", (const char *const []) {
                  "{\"a\":\"@/bulk\",\"b\":\"@/c\"}", "{\"x\":1}", "@", NULL },
              "[{\"a\":\"http://h/\\\"i/bulk\",\"b\":\"http://h/\\\"i/c\"},"
              "{\"x\":1},http://h/\\\"i]");

    /* more than deflate's window and chunk: 300 kB that do not pack well */
    size_t  len = 300 * 1024;
    char   *big = malloc(len + 1), *want = malloc(2 * len + 64);

    for (size_t i = 0; i < len; i++) {
        big[i] = (char) ('A' + (uint32_t) (i * 2654435761u) % 57 % 26
                         + (i % 7 == 0 ? 32 : 0));
    }
    big[len] = '\0';
    big[100000] = '@';
    sprintf(want, "[%.100000shttp://h/\\\"i%s,%.100000shttp://h/\\\"i%s]",
            big, big + 100001, big, big + 100001);
    is_joined("big", (const char *const []) { big, big, NULL }, want);
    free(big);
    free(want);
}


static void
damaged(void)
{
    pacs_err_t      err = { 0 };
    pacs_str_t      p = pack("{\"a\":\"@/x\"}");
    pacs_buf_t      out = { 0 };
    pacs_joiner_t  *j;
    size_t          survived = 0;

    pacs_joiner_create(false, &out, a, &j, &err);
    for (size_t len = 0; len < p.len; len++) {
        char *cut = malloc(len + 1);

        memcpy(cut, p.data, len);
        err.code = 0;
        survived += pacs_joiner_add(j, (pacs_str_t) { cut, len },
                                    pacs_lit("u"), &err) == PACS_OK;
        free(cut);
    }
    is_int((int64_t) survived, 0, "cut anywhere: refused");

    pacs_str_t  none = pacs_null;

    err.code = 0;
    is_int(pacs_joiner_add(j, none, none, &err), PACS_E_INTERNAL, "nothing");

    char *bad = pacs_strdup(a, p);

    memset(bad + 4, 0xff, 4);
    err.code = 0;
    is_int(pacs_joiner_add(j, (pacs_str_t) { bad, p.len }, none, &err),
           PACS_E_INTERNAL, "2^32 pieces");
    pacs_buf_free(&out);
}


static void
limits(void)
{
    static const char *const  one[] = { "{\"a\":\"aaaaaaaaaa\"}", NULL };
    pacs_err_t                err = { 0 };
    pacs_buf_t                out = { 0 }, gz = { 0 }, in = { 0 };

    is_int(join(false, one, 20, &out, &err), PACS_OK, "as long as allowed");
    pacs_buf_free(&out);
    out = (pacs_buf_t) { 0 };
    is_int(join(false, one, 19, &out, &err), PACS_E_LIMIT, "one byte more");
    pacs_buf_free(&out);

    err.code = 0;
    join(true, one, 0, &gz, &err);
    pacs_str_t  s = { gz.data, gz.len };

    is_int(pacs_gunzip(s, 19, &in, &err), PACS_E_LIMIT, "gunzip over max");
    pacs_buf_free(&in);
    err.code = 0;
    is_int(pacs_gunzip(s, 20, &in, &err), PACS_OK, "gunzip at max");
    pacs_buf_free(&in);
    s.len--;
    is_int(pacs_gunzip(s, 20, &in, &err), PACS_E_PARSE, "gunzip cut");
    pacs_buf_free(&in);
    pacs_buf_char(&gz, 'x');
    s = (pacs_str_t) { gz.data, gz.len };
    err.code = 0;
    is_int(pacs_gunzip(s, 20, &in, &err), PACS_E_PARSE, "gunzip with a tail");
    pacs_buf_free(&in);
    gz.data[gz.len - 6] ^= 1;
    s.len--;
    err.code = 0;
    is_int(pacs_gunzip(s, 20, &in, &err), PACS_E_PARSE, "gunzip, wrong CRC");
    pacs_buf_free(&in);
    pacs_buf_free(&gz);
}


int
main(void)
{
    a = pacs_arena_create(0);

    joins();
    damaged();
    limits();

    pacs_arena_destroy(a);
    return done();
}
