/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A journal entry as text: "crc32 hex, blank, flat JSON object, newline".
 */

#ifndef PACS_BLOB_ENTRY_H
#define PACS_BLOB_ENTRY_H

#include "blob/blob.h"

enum { PACS_ENTRY_MAX = 16 << 20 }; /* bytes of a line */

void pacs_entry_write(pacs_buf_t *b, const pacs_entry_t *e);
/* a line without its newline; strings of *e lie in the line, which is
 * changed (escapes).  false: wrong CRC, or not an entry */
bool pacs_entry_read(char *line, size_t len, pacs_entry_t *e);

#endif
