/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libFuzzer: the first line as a Content-Type, and the rest as a body of
 * boundary b: the same whole and byte by byte.
 */

#include <stdlib.h>
#include <string.h>

#include "web/web.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static pacs_limits_t  limits;


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
    return PACS_OK;
}


static int
on_end(void *ctx, pacs_err_t *err)
{
    pacs_buf_text(ctx, "<end>");
    return PACS_OK;
}


static int
feed(pacs_str_t s, size_t step, pacs_arena_t *a, pacs_buf_t *out)
{
    static const pacs_multipart_cb_t  cb = { on_begin, on_data, on_end };
    pacs_multipart_t                 *mp;
    pacs_err_t                        err = { 0 };
    int                               rc;

    rc = pacs_multipart_create(pacs_lit("multipart/related; boundary=b"), &cb,
                               out, &limits, a, &mp, &err);

    for (size_t i = 0; rc == PACS_OK && i < s.len; i += step) {
        rc = pacs_multipart_feed(mp, s.data + i,
                                 s.len - i < step ? s.len - i : step, &err);
    }
    return rc == PACS_OK ? pacs_multipart_finish(mp, &err) : rc;
}


static void
multipart(pacs_str_t s, pacs_arena_t *a)
{
    pacs_buf_t  whole = { .max = 0 }, bytes = { .max = 0 };

    if (feed(s, s.len + 1, a, &whole) != feed(s, 1, a, &bytes)
        || whole.len != bytes.len
        || (whole.len != 0 && memcmp(whole.data, bytes.data, whole.len) != 0))
    {
        abort();
    }
    pacs_buf_free(&whole);
    pacs_buf_free(&bytes);
}


static void
content_type(pacs_str_t s, pacs_arena_t *a)
{
    static const pacs_multipart_cb_t  cb = { on_begin, on_data, on_end };
    pacs_multipart_t                 *mp;
    pacs_err_t                        err = { 0 };

    pacs_multipart_create(s, &cb, NULL, &limits, a, &mp, &err);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pacs_arena_t *a = pacs_arena_create(64 << 20);
    const char   *text = (const char *) data;
    const char   *end = len == 0 ? NULL : memchr(text, '\n', len);
    size_t        first = end == NULL ? 0 : (size_t) (end - text) + 1;

    limits = pacs_limits_default;
    limits.part_header = 64;
    limits.parts = 20;

    content_type((pacs_str_t) { text, first == 0 ? 0 : first - 1 }, a);
    multipart((pacs_str_t) { text + first, len - first }, a);

    pacs_arena_destroy(a);
    return 0;
}
