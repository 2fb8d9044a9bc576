/* SPDX-License-Identifier: BSD-2-Clause */

/* value representations, PS3.5 6.2; explicit headers PS3.5 7.1.2 */

#include "dicom/dicom.h"

#define SLOT(vr)  ((((vr) >> 8) - 'A') * 26 + ((vr) & 0xff) - 'A')
#define ROW(vr, ...)  [SLOT(vr)] = { vr, __VA_ARGS__ }

/* size, long_length, text, charset, multi, pad */
static const pacs_vr_t  rows[26 * 26] = {
    ROW(PACS_AE, 0, 0, 1, 0, 1, ' '),
    ROW(PACS_AS, 0, 0, 1, 0, 1, ' '),
    ROW(PACS_AT, 4, 0, 0, 0, 0, 0),
    ROW(PACS_CS, 0, 0, 1, 0, 1, ' '),
    ROW(PACS_DA, 0, 0, 1, 0, 1, ' '),
    ROW(PACS_DS, 0, 0, 1, 0, 1, ' '),
    ROW(PACS_DT, 0, 0, 1, 0, 1, ' '),
    ROW(PACS_FD, 8, 0, 0, 0, 0, 0),
    ROW(PACS_FL, 4, 0, 0, 0, 0, 0),
    ROW(PACS_IS, 0, 0, 1, 0, 1, ' '),
    ROW(PACS_LO, 0, 0, 1, 1, 1, ' '),
    ROW(PACS_LT, 0, 0, 1, 1, 0, ' '),
    ROW(PACS_OB, 1, 1, 0, 0, 0, 0),
    ROW(PACS_OD, 8, 1, 0, 0, 0, 0),
    ROW(PACS_OF, 4, 1, 0, 0, 0, 0),
    ROW(PACS_OL, 4, 1, 0, 0, 0, 0),
    ROW(PACS_OV, 8, 1, 0, 0, 0, 0),
    ROW(PACS_OW, 2, 1, 0, 0, 0, 0),
    ROW(PACS_PN, 0, 0, 1, 1, 1, ' '),
    ROW(PACS_SH, 0, 0, 1, 1, 1, ' '),
    ROW(PACS_SL, 4, 0, 0, 0, 0, 0),
    ROW(PACS_SQ, 0, 1, 0, 0, 0, 0),
    ROW(PACS_SS, 2, 0, 0, 0, 0, 0),
    ROW(PACS_ST, 0, 0, 1, 1, 0, ' '),
    ROW(PACS_SV, 8, 1, 0, 0, 0, 0),
    ROW(PACS_TM, 0, 0, 1, 0, 1, ' '),
    ROW(PACS_UC, 0, 1, 1, 1, 1, ' '),
    ROW(PACS_UI, 0, 0, 1, 0, 1, 0),
    ROW(PACS_UL, 4, 0, 0, 0, 0, 0),
    ROW(PACS_UN, 0, 1, 0, 0, 0, 0),
    ROW(PACS_UR, 0, 1, 1, 0, 0, ' '),
    ROW(PACS_US, 2, 0, 0, 0, 0, 0),
    ROW(PACS_UT, 0, 1, 1, 1, 0, ' '),
    ROW(PACS_UV, 8, 1, 0, 0, 0, 0)
};


const pacs_vr_t *
pacs_vr(uint16_t vr)
{
    unsigned  a = (unsigned) (vr >> 8) - 'A', b = (vr & 0xffu) - 'A';

    if (a > 25 || b > 25) {
        return NULL;
    }

    const pacs_vr_t *row = &rows[a * 26 + b];

    return row->vr == vr ? row : NULL;
}
