/* SPDX-License-Identifier: BSD-2-Clause */

/* libFuzzer: any text as a query string, through all that reads one.  What
 * comes out must keep the promises of web.h. */

#include <math.h>
#include <stdlib.h>

#include "web/web.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static pacs_limits_t  limits;


static void
must(bool kept)
{
    if (!kept) {
        abort();
    }
}


/* an error says why */
static bool
good(int rc, pacs_err_t *err)
{
    must(rc == PACS_OK || rc == PACS_E_NOMEM
         || (err->code == rc && err->text[0] != '\0'));
    *err = (pacs_err_t) { 0 };
    return rc == PACS_OK;
}


static void
search(const pacs_param_t *p, unsigned n, pacs_arena_t *a)
{
    pacs_search_t  s;
    pacs_err_t     err = { 0 };

    if (good(pacs_web_search(p, n, &limits, a, &s, &err), &err)) {
        must(s.nkeys <= n);
        for (unsigned i = 0; i < s.nkeys; i++) {
            must(s.keys[i].depth >= 1 && s.keys[i].depth <= PACS_KEY_PATH);
        }
    }
}


static void
pictures(const pacs_param_t *p, unsigned n, pacs_arena_t *a)
{
    pacs_rendered_t  r;
    pacs_values_t    v;
    pacs_wado_t      wado;
    pacs_err_t       err = { 0 };

    if (good(pacs_web_rendered(p, n, &limits, &r, &err), &err)) {
        must(!r.has_viewport || r.viewport[0] * r.viewport[1]
                                <= (double) limits.render_area);
        must(!r.has_window || (isfinite(r.center) && isfinite(r.width)));
        must(r.quality <= 100 && r.rotate < 4);
    }

    good(pacs_web_wado(p, n, pacs_null, &limits, a, &wado, &err), &err);

    if (good(pacs_web_values(p, n, &limits, a, &v, &err), &err)) {
        must(v.nshapes != 0);
        for (unsigned i = 0; i < v.nshapes; i++) {
            for (unsigned k = 0; k < v.shapes[i].n; k++) {
                must(isfinite(v.shapes[i].v[k]));
            }
        }
    }
}


static void
volumes(const pacs_param_t *p, unsigned n, pacs_arena_t *a)
{
    pacs_web_volume_t  v;
    pacs_err_t         err = { 0 };

    for (int solid = 0; solid < 2; solid++) {
        if (good(pacs_web_volume(p, n, solid, &limits, a, &v, &err), &err)) {
            must(v.nmatches <= n && v.ntrack <= n && v.slab >= 0
                 && isfinite(v.slab) && v.swivel >= 0 && isfinite(v.swivel)
                 && isfinite(v.offset));
        }
    }
}


static void
uri_service(const pacs_param_t *p, unsigned n, pacs_arena_t *a)
{
    pacs_wado_t  w;
    pacs_err_t   err = { 0 };

    if (good(pacs_web_wado(p, n, pacs_lit("image/jpeg"), &limits, a, &w,
                           &err), &err))
    {
        must(pacs_uid_ok(w.route.study) && pacs_uid_ok(w.route.series)
             && pacs_uid_ok(w.route.instance));
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pacs_arena_t  *a = pacs_arena_create(64 << 20);
    pacs_param_t  *p;
    pacs_err_t     err = { 0 };
    pacs_str_t     text = { (const char *) data, len };
    unsigned       n;

    limits = pacs_limits_default;

    if (good(pacs_web_params(text, &limits, a, &p, &n, &err), &err)) {
        search(p, n, a);
        pictures(p, n, a);
        volumes(p, n, a);
        uri_service(p, n, a);
        for (int r = PACS_R_STUDIES; r <= PACS_R_VOLUME; r++) {
            (void) pacs_web_unknown((pacs_resource_e) r, p, n, a);
        }
    }

    pacs_arena_destroy(a);
    return 0;
}
