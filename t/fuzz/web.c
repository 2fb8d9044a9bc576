/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libFuzzer: the first byte chooses a parser of web, the rest is its text.
 * A multipart body must give the same whole and byte by byte.
 */

#include <stdlib.h>
#include <string.h>

#include "web/web.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static pacs_limits_t  limits;


static void
route(pacs_str_t s, pacs_arena_t *a)
{
    pacs_err_t    err = { 0 };
    pacs_route_t  r;

    if (pacs_web_route(s, &limits, a, &r, &err) == PACS_OK
        && ((r.study.data != NULL && !pacs_uid_ok(r.study))
            || (r.series.data != NULL && !pacs_uid_ok(r.series))
            || (r.instance.data != NULL && !pacs_uid_ok(r.instance))))
    {
        abort();
    }
}


static void
params(pacs_str_t s, pacs_arena_t *a)
{
    pacs_err_t       err = { 0 };
    pacs_param_t    *p;
    unsigned         n;
    pacs_search_t    search;
    pacs_rendered_t  r;
    pacs_values_t    v;
    pacs_web_volume_t  volume;
    pacs_wado_t      wado;

    if (pacs_web_params(s, &limits, a, &p, &n, &err) == PACS_OK) {
        pacs_web_search(p, n, &limits, a, &search, &err);
        err.code = 0;
        if (pacs_web_rendered(p, n, &limits, &r, &err) == PACS_OK
            && r.has_viewport
            && !(r.viewport[0] * r.viewport[1] <= (double) limits.render_area))
        {
            abort();
        }
        err.code = 0;
        pacs_web_wado(p, n, s, &limits, a, &wado, &err);
        err.code = 0;
        pacs_web_values(p, n, &limits, a, &v, &err);
        for (int solid = 0; solid < 2; solid++) {
            err.code = 0;
            if (pacs_web_volume(p, n, solid, &limits, a, &volume, &err)
                    == PACS_OK
                && (volume.nmatches > n || volume.ntrack > n
                    || !(volume.slab >= 0 && volume.swivel >= 0)))
            {
                abort();
            }
        }
    }
}


static void
accept(pacs_str_t s, pacs_arena_t *a)
{
    pacs_accept_t  c[8];
    unsigned       n;

    for (int r = PACS_R_STUDIES; r <= PACS_R_VOLUME; r++) {
        pacs_err_t  err = { 0 };

        if ((pacs_web_accept((pacs_resource_e) r, s, pacs_null, a, c, 8, &n,
                             &err) == PACS_OK) != (n != 0))
        {
            abort();
        }
    }
}


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


static void
join(pacs_str_t s, pacs_arena_t *a)
{
    for (int gzip = 0; gzip < 2; gzip++) {
        pacs_buf_t      out = { .max = 1 << 20 };
        pacs_err_t      err = { 0 };
        pacs_joiner_t  *j;

        if (pacs_joiner_create(gzip, &out, a, &j, &err) == PACS_OK
            && pacs_joiner_add(j, s, pacs_lit("/u"), &err) == PACS_OK)
        {
            pacs_joiner_finish(j, &err);
        }
        pacs_buf_free(&out);
    }
}


static void
gunzip(pacs_str_t s, pacs_arena_t *a)
{
    pacs_buf_t  out = { .max = 0 };
    pacs_err_t  err = { 0 };

    pacs_gunzip(s, 1 << 20, &out, &err);
    pacs_buf_free(&out);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const  parse[])(pacs_str_t s, pacs_arena_t *a) = {
        route, params, accept, multipart, content_type, join, gunzip
    };

    if (len == 0) {
        return 0;
    }

    limits = pacs_limits_default;
    limits.part_header = 64;
    limits.parts = 20;

    pacs_arena_t *a = pacs_arena_create(64 << 20);
    pacs_str_t    s = { (const char *) data + 1, len - 1 };

    parse[data[0] % (sizeof(parse) / sizeof(parse[0]))](s, a);
    pacs_arena_destroy(a);
    return 0;
}
