/* SPDX-License-Identifier: BSD-2-Clause */

/* Which parameters a resource has, and those that nobody looks at: PS3.18
 * 8.3.1 has them ignored. */

#include <string.h>

#include "web/known.h"

/* a thumbnail has no annotation */
static const char *
thumbnail_name(unsigned i)
{
    for (unsigned k = 0; ; k++) {
        const char *name = pacs_web_rendered_name(k);

        if (name == NULL || (strcmp(name, "annotation") != 0 && i-- == 0)) {
            return name;
        }
    }
}


static const char *
mpr_name(unsigned i)
{
    return pacs_web_volume_name(i, false);
}


static const char *
solid_name(unsigned i)
{
    return pacs_web_volume_name(i, true);
}


enum { LISTS = 3 };

static const struct {
    pacs_resource_e  resource;
    const char    *(*names[LISTS])(unsigned i);
} table[] = {
    { PACS_R_PATIENTS,  { pacs_web_search_name } },
    { PACS_R_STUDIES,   { pacs_web_search_name } },
    { PACS_R_SERIES,    { pacs_web_search_name } },
    { PACS_R_INSTANCES, { pacs_web_search_name } },
    { PACS_R_WORKITEMS, { pacs_web_search_name } },
    { PACS_R_SCHEDULED, { pacs_web_search_name } },
    { PACS_R_NPIS,      { pacs_web_search_name } },
    { PACS_R_RENDERED,  { pacs_web_rendered_name } },
    { PACS_R_THUMBNAIL, { thumbnail_name } },
    { PACS_R_VALUES,    { pacs_web_values_name } },
    { PACS_R_MPR,       { pacs_web_rendered_name, mpr_name } },
    { PACS_R_VOLUME,    { pacs_web_rendered_name, solid_name } },
    { PACS_R_PLANE,     { pacs_web_rendered_name, mpr_name,
                          pacs_web_values_name } }
};


const char *
pacs_web_parameter(pacs_resource_e resource, unsigned i)
{
    for (size_t t = 0; t < sizeof(table) / sizeof(table[0]); t++) {
        for (unsigned l = 0; table[t].resource == resource && l < LISTS
             && table[t].names[l] != NULL; l++)
        {
            for (unsigned k = 0; table[t].names[l](k) != NULL; k++) {
                if (i-- == 0) {
                    return table[t].names[l](k);
                }
            }
        }
    }

    return NULL;
}


static bool
is_known(pacs_resource_e resource, pacs_str_t name)
{
    bool         volume = resource == PACS_R_MPR || resource == PACS_R_VOLUME
                          || resource == PACS_R_PLANE;
    const char  *known;
    uint32_t     tag;

    for (unsigned i = 0; (known = pacs_web_parameter(resource, i)) != NULL;
         i++)
    {
        if (pacs_str_is(name, known)) {
            return true;
        }
    }

    return pacs_str_is(name, "accept") || pacs_str_is(name, "charset")
           || pacs_str_is(name, "rev")
           || (volume && pacs_tag_parse(name, &tag));
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
