/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/core.h"


const pacs_limit_t  pacs_limit_table[] = {
#define X(name, value, doc)                                                   \
    { #name, offsetof(pacs_limits_t, name), value, doc, 'D' },
    PACS_LIMITS_DATA(X)
#undef X
#define X(name, value, doc)                                                   \
    { #name, offsetof(pacs_limits_t, name), value, doc, 'W' },
    PACS_LIMITS_WEB(X)
#undef X
#define X(name, value, doc)                                                   \
    { #name, offsetof(pacs_limits_t, name), value, doc, 'N' },
    PACS_LIMITS_NODE(X)
#undef X
    { NULL, 0, 0, NULL, 0 }
};

const pacs_limits_t  pacs_limits_default = {
#define X(name, value, doc)  .name = value,
    PACS_LIMITS(X)
#undef X
};
