/* SPDX-License-Identifier: BSD-2-Clause */

/* charset: private to the room; see pacs_charset_utf8() in dicom.h */

#ifndef PACS_DICOM_CHARSET_H
#define PACS_DICOM_CHARSET_H

#include "dicom/dicom.h"

/* one coded character set */
typedef struct {
    uint16_t     ir;            /* ISO-IR number */
    uint8_t      g;             /* 0: in G0, 1: in G1 */
    uint8_t      bytes;         /* of a character */
    const char  *escape;        /* what follows ESC */
    const char  *iconv;         /* NULL: ASCII or nearly so */
    uint8_t      prefix;        /* byte before the character for iconv, or 0 */
    uint8_t      lead, nlead;   /* values of the first byte, GR form */
    uint8_t      trail, ntrail; /* of the second */
} pacs_charset_set_t;

enum {
    PACS_SET_ASCII, PACS_SET_ROMAN, PACS_SET_GBK = 20, PACS_SET_GB18030,
    PACS_SET_COUNT
};

/* [0, PACS_SET_GBK): those that escape sequences choose */
extern const pacs_charset_set_t  pacs_charset_sets[PACS_SET_COUNT];

#define PACS_CHARSET_BAD  0xfffd

/* the character of a byte, U+FFFD: none */
uint32_t pacs_charset_one(const pacs_charset_set_t *set, uint8_t b);
/* the character of two bytes in GR form; 0: none */
uint32_t pacs_charset_two(const pacs_charset_set_t *set, uint8_t b1,
    uint8_t b2);

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
