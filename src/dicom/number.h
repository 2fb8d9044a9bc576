/* SPDX-License-Identifier: BSD-2-Clause */

/* number: binary and decimal numbers as text; for this room only */

#ifndef PACS_DICOM_NUMBER_H
#define PACS_DICOM_NUMBER_H

#include "dicom/dicom.h"

#define PACS_NUMBER_MAX  32     /* bytes of a binary number as text */
#define PACS_DECIMAL_MAX 64     /* bytes of a text taken as a number */

/* one binary value at p, of the VR's size, as decimals (AT: ggggeeee; FL and
 * FD: the shortest that give the same value again, or NaN, Infinity,
 * -Infinity); bytes written */
size_t pacs_number_binary(const pacs_vr_t *vr, const uint8_t *p, bool big,
    char out[PACS_NUMBER_MAX]);

/* a decimal string as a JSON number of exactly that value: "+01.50" gives
 * 1.50, ".5" gives 0.5; bytes written, 0: no number, or none that a double
 * can come near to */
size_t pacs_number_json(pacs_str_t text, char out[PACS_DECIMAL_MAX + 2]);

/* NaN, Infinity, -Infinity, inf, INF, … of FL and FD */
bool pacs_number_infinite(pacs_str_t text, double *v);

/* neighbours can be told apart in a double, which JSON readers use */
bool pacs_number_safe(pacs_str_t integer);

#endif
