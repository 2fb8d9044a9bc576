/* SPDX-License-Identifier: BSD-2-Clause */

/* Parameters that nobody looks at: PS3.18 8.3.1 has them ignored. */

#include "web/known.h"


static bool
is_known(pacs_resource_e resource, pacs_str_t name)
{
    bool  volume = resource == PACS_R_MPR || resource == PACS_R_VOLUME
                   || resource == PACS_R_PLANE;

    if (pacs_str_is(name, "accept") || pacs_str_is(name, "charset")) {
        return true;
    }
    if (resource == PACS_R_THUMBNAIL && pacs_str_is(name, "annotation")) {
        return false;
    }

    return (resource != PACS_R_VALUES && pacs_web_knows_rendered(name))
           || (volume && pacs_web_knows_volume(name))
           || ((resource == PACS_R_VALUES || resource == PACS_R_PLANE)
               && pacs_web_knows_values(name));
}


pacs_str_t
pacs_web_unknown(pacs_resource_e resource, const pacs_param_t *params,
    unsigned n, pacs_arena_t *a)
{
    pacs_buf_t  b = { 0 };

    for (unsigned i = 0; i < n; i++) {
        if (!is_known(resource, params[i].name)) {
            pacs_buf_printf(&b, "%s%.*s", b.len != 0 ? ", " : "",
                            pacs_fmt(params[i].name));
        }
    }
    return pacs_buf_take(&b, a);
}
