/* SPDX-License-Identifier: BSD-2-Clause */

/* Which parameters each of the parsers takes. */

#ifndef PACS_WEB_KNOWN_H
#define PACS_WEB_KNOWN_H

#include "web/web.h"

bool pacs_web_knows_rendered(pacs_str_t name);
bool pacs_web_knows_values(pacs_str_t name);
bool pacs_web_knows_volume(pacs_str_t name);

#endif
