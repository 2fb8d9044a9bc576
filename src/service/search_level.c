/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Attributes that say something of a whole study or series: the modules
 * Patient, Clinical Trial Subject, General Study, Patient Study, Clinical
 * Trial Study (PS3.3 C.7.1, C.7.2); General Series, Clinical Trial Series,
 * General Equipment (C.7.3.1, C.7.3.2, C.7.5.1).  What an image says of
 * itself is no attribute of its series.
 */

#include <stdlib.h>

#include "service/search.h"

static const uint32_t  of_study[] = {
    0x00080051, 0x00080096, 0x0008009C, 0x0008009D, 0x00081032, 0x00081048,
    0x00081049, 0x00081060, 0x00081062, 0x00081080, 0x00081084, 0x00081110,
    0x00081120, 0x00100022, 0x00100024, 0x00100026, 0x00100027, 0x00100032,
    0x00100033, 0x00100034, 0x00100035, 0x00100200, 0x00100212, 0x00100213,
    0x00100216, 0x00100218, 0x00100219, 0x00100221, 0x00101000, 0x00101001,
    0x00101002, 0x00101020, 0x00101021, 0x00101022, 0x00101023, 0x00101024,
    0x00101030, 0x00101040, 0x00101100, 0x00102000, 0x00102110, 0x00102154,
    0x00102160, 0x00102180, 0x001021A0, 0x001021B0, 0x001021C0, 0x001021D0,
    0x001021F0, 0x00102201, 0x00102202, 0x00102203, 0x00102292, 0x00102293,
    0x00102294, 0x00102297, 0x00102298, 0x00102299, 0x00104000, 0x00120010,
    0x00120020, 0x00120021, 0x00120030, 0x00120031, 0x00120040, 0x00120042,
    0x00120050, 0x00120051, 0x00120062, 0x00120063, 0x00120064, 0x00120081,
    0x00120082, 0x00120083, 0x00321033, 0x00321034, 0x00321060, 0x00321064,
    0x00321066, 0x00321067, 0x00380010, 0x00380014, 0x00380060, 0x00380062,
    0x00380064, 0x00380500, 0x00401012
};

static const uint32_t  of_series[] = {
    0x00080068, 0x00080081, 0x0008103F, 0x00081040, 0x00081041, 0x00081052,
    0x00081070, 0x00081072, 0x00081111, 0x00081250, 0x00102210, 0x00120060,
    0x00120071, 0x00120072, 0x00181000, 0x00181002, 0x00181008, 0x00181020,
    0x00181050, 0x00181200, 0x00181201, 0x00185100, 0x00201040, 0x00280120,
    0x00400250, 0x00400251, 0x00400253, 0x00400254, 0x00400260, 0x00400275,
    0x00400280
};


static int
compare(const void *a, const void *b)
{
    const uint32_t  x = *(const uint32_t *) a, y = *(const uint32_t *) b;

    return x < y ? -1 : x > y;
}


static bool
within(uint32_t tag, const uint32_t *tags, size_t n)
{
    return bsearch(&tag, tags, n, sizeof(*tags), compare) != NULL;
}


bool
pacs_search_level(uint32_t tag, pacs_level_e level)
{
    if (level == PACS_LEVEL_INSTANCE) {
        return tag >= 0x00080000;
    }

    return (level >= PACS_LEVEL_STUDY
            && within(tag, of_study, sizeof(of_study) / sizeof(of_study[0])))
           || (level == PACS_LEVEL_SERIES
               && within(tag, of_series,
                         sizeof(of_series) / sizeof(of_series[0])));
}
