/* SPDX-License-Identifier: BSD-2-Clause */

/* charset: private to the room; see pacs_charset_utf8() in dicom.h */

#ifndef PACS_DICOM_CHARSET_H
#define PACS_DICOM_CHARSET_H

#include "dicom/dicom.h"

typedef struct pacs_charset_set_s  pacs_charset_set_t;

/* what (0008,0005) says, read once for many values */
typedef struct {
    const pacs_charset_set_t  *g0, *g1;     /* at the start of a value */
    uint8_t                    extended;    /* escape sequences may occur */
    uint8_t                    whole;       /* UTF-8, GBK, GB18030: no G0, G1 */
} pacs_charset_t;

#define PACS_CHARSET_GROW  3    /* UTF-8 bytes, at most, of a byte of text */

void pacs_charset_parse(pacs_str_t charset, pacs_charset_t *cs);
/* the text is its own UTF-8 */
bool pacs_charset_plain(const pacs_charset_t *cs, pacs_str_t raw);
/* bytes written to out, which has room for PACS_CHARSET_GROW * raw.len */
size_t pacs_charset_decode(const pacs_charset_t *cs, pacs_str_t raw,
    bool multi, bool pn, char *out);

#endif
