/* SPDX-License-Identifier: BSD-2-Clause */

/* JSON as text, RFC 8259; where it is wrong: t->err, and PACS_E_ARG */

#ifndef PACS_DICOM_JSON_TEXT_H
#define PACS_DICOM_JSON_TEXT_H

#include "dicom/dicom.h"

typedef struct {
    const char  *start, *p, *end;
    bool         fresh;             /* behind a '{' or '[' */
    pacs_buf_t   string;            /* one with escapes, decoded */
    pacs_err_t  *err;
} pacs_jtext_t;

int pacs_jtext_malformed(pacs_jtext_t *t, const char *what);
/* what comes behind the blanks; '\0': the end */
char pacs_jtext_peek(pacs_jtext_t *t);
int pacs_jtext_expect(pacs_jtext_t *t, char c);
/* *more: another element of what `close` ends */
int pacs_jtext_more(pacs_jtext_t *t, char close, bool *more);
/* valid until the next one */
int pacs_jtext_string(pacs_jtext_t *t, pacs_str_t *s);
/* the digits as they are written */
int pacs_jtext_number(pacs_jtext_t *t, pacs_str_t *s);
bool pacs_jtext_null(pacs_jtext_t *t);
/* one of these characters */
bool pacs_jtext_take(pacs_jtext_t *t, const char *any);
/* any value: one that is not for us, or whose VR comes later */
int pacs_jtext_skip(pacs_jtext_t *t);

#endif
