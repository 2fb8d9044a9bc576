/* SPDX-License-Identifier: BSD-2-Clause */

/* json: attributes and values as DICOM JSON; for this room only */

#ifndef PACS_DICOM_JSON_H
#define PACS_DICOM_JSON_H

#include "dicom/dicom.h"

/* 8 hexadecimal digits, without a NUL */
void pacs_json_tag(char *out, uint32_t tag);
/* `"00100010":{"vr":"PN"`; the caller closes */
void pacs_json_open(pacs_buf_t *b, uint32_t tag, uint16_t vr);
/* `,"Value":[…]` of UTF-8 text, or nothing for nothing */
void pacs_json_texts(pacs_buf_t *b, const pacs_vr_t *vr, pacs_str_t text);
/* the same of binary numbers in the byte order of the stream */
void pacs_json_numbers(pacs_buf_t *b, const pacs_vr_t *vr, pacs_str_t raw,
    bool big);
void pacs_json_base64(pacs_buf_t *b, const uint8_t *p, size_t len);

#endif
