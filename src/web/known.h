/* SPDX-License-Identifier: BSD-2-Clause */

/* Which parameters each of the parsers takes: the i-th, or NULL. */

#ifndef PACS_WEB_KNOWN_H
#define PACS_WEB_KNOWN_H

#include "web/web.h"

const char *pacs_web_rendered_name(unsigned i);
const char *pacs_web_values_name(unsigned i);
const char *pacs_web_volume_name(unsigned i, bool solid);
const char *pacs_web_search_name(unsigned i);

#endif
