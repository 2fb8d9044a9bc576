/* SPDX-License-Identifier: BSD-2-Clause */

#include "index/index.h"
#include "index/attrs.h"

const pacs_attr_t  pacs_attrs[] = {
#define X(keyword, tag, second, vr, level, match, computed, required, column) \
    { #keyword, { tag, second }, PACS_##vr, PACS_LEVEL_##level,               \
      PACS_MATCH_##match, COMPUTED_##computed, required, column },
#define COMPUTED_0        PACS_COMPUTED_NOT
#define COMPUTED_SQL      PACS_COMPUTED_SQL
#define COMPUTED_COUNT    PACS_COMPUTED_COUNT
#define COMPUTED_SERVICE  PACS_COMPUTED_SERVICE
    PACS_ATTRS(X)
#undef X
};

const unsigned  pacs_nattrs = sizeof(pacs_attrs) / sizeof(pacs_attrs[0]);


int
pacs_attr_find(uint32_t tag, uint32_t second)
{
    for (unsigned i = 0; i < pacs_nattrs; i++) {
        if (pacs_attrs[i].path[0] == tag && pacs_attrs[i].path[1] == second) {
            return (int) i;
        }
    }
    return -1;
}


bool
pacs_attr_read(const pacs_attr_t *attr, pacs_level_e level)
{
    return attr->level <= level && attr->computed != PACS_COMPUTED_SERVICE
           && (attr->computed != PACS_COMPUTED_COUNT || attr->level == level);
}
