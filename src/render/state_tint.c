/* SPDX-License-Identifier: BSD-2-Clause */

/* Colours of a state: P-Values and CIELab (PS3.3 C.10.7.1.1), D50, as sRGB. */

#include <math.h>

#include "render/state_parts.h"


pacs_tint_t
pacs_tint_grey(int64_t p_value)
{
    uint16_t  v = (uint16_t) (p_value < 0 ? 0
                              : p_value > UINT16_MAX ? UINT16_MAX : p_value);
    uint8_t   byte = (uint8_t) ((v + 128) / 257);

    return (pacs_tint_t) { v, { byte, byte, byte } };
}


/* CIE 15: the inverse of its cube root with a foot */
static double
cube(double t)
{
    return t > 6.0 / 29 ? t * t * t : 3 * 36.0 / 841 * (t - 4.0 / 29);
}


static uint8_t
gamma_byte(double linear)
{
    double  v = linear <= 0.0031308 ? 12.92 * linear
                : 1.055 * pow(linear, 1 / 2.4) - 0.055;

    return (uint8_t) (fmin(fmax(v, 0), 1) * 255 + 0.5);
}


pacs_tint_t
pacs_tint_lab(const pacs_item_t *item, uint32_t tag, bool *given)
{
    /* XYZ of D50 to linear sRGB, Bradford adapted */
    static const double  to_rgb[3][3] = {
        {  3.1338561, -1.6168667, -0.4906146 },
        { -0.9787684,  1.9161415,  0.0334540 },
        {  0.0719453, -0.2289914,  1.4052427 }
    };
    int64_t      v[3];
    pacs_tint_t  tint = { 0, { 0 } };

    *given = pacs_elem_int(item, tag, 0, &v[0])
             && pacs_elem_int(item, tag, 1, &v[1])
             && pacs_elem_int(item, tag, 2, &v[2]);
    if (!*given) {
        return tint;
    }

    double  l = (double) v[0] * 100 / 65535;
    double  y = (l + 16) / 116;
    double  xyz[3] = {
        0.9642 * cube(y + ((double) v[1] - 0x8080) / 257 / 500), cube(y),
        0.8249 * cube(y - ((double) v[2] - 0x8080) / 257 / 200)
    };

    tint.grey = (uint16_t) (fmin(fmax(l / 100, 0), 1) * 65535 + 0.5);
    for (unsigned i = 0; i < 3; i++) {
        tint.rgb[i] = gamma_byte(to_rgb[i][0] * xyz[0] + to_rgb[i][1] * xyz[1]
                                 + to_rgb[i][2] * xyz[2]);
    }
    return tint;
}
