/* SPDX-License-Identifier: BSD-2-Clause */

/* the sets of PS3.5 6.1 as tables of UTF-16 units, filled by iconv when they
 * are first needed and kept for the life of the process */

#include <iconv.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "dicom/charset.h"


const pacs_charset_set_t  pacs_charset_sets[PACS_SET_COUNT] = {
    [PACS_SET_ASCII] = { 6, 0, 1, "(B", NULL, 0, 0, 0, 0, 0 },
    [PACS_SET_ROMAN] = { 14, 0, 1, "(J", NULL, 0, 0, 0, 0, 0 },
    {  13, 1, 1, ")I",  "EUC-JP",      0x8e, 0xa1, 63, 0, 0 },
    {  13, 0, 1, "(I",  "EUC-JP",      0x8e, 0xa1, 63, 0, 0 },
    { 100, 1, 1, "-A",  "ISO-8859-1",  0, 0xa0, 96, 0, 0 },
    { 101, 1, 1, "-B",  "ISO-8859-2",  0, 0xa0, 96, 0, 0 },
    { 109, 1, 1, "-C",  "ISO-8859-3",  0, 0xa0, 96, 0, 0 },
    { 110, 1, 1, "-D",  "ISO-8859-4",  0, 0xa0, 96, 0, 0 },
    { 144, 1, 1, "-L",  "ISO-8859-5",  0, 0xa0, 96, 0, 0 },
    { 127, 1, 1, "-G",  "ISO-8859-6",  0, 0xa0, 96, 0, 0 },
    { 126, 1, 1, "-F",  "ISO-8859-7",  0, 0xa0, 96, 0, 0 },
    { 138, 1, 1, "-H",  "ISO-8859-8",  0, 0xa0, 96, 0, 0 },
    { 148, 1, 1, "-M",  "ISO-8859-9",  0, 0xa0, 96, 0, 0 },
    { 203, 1, 1, "-b",  "ISO-8859-15", 0, 0xa0, 96, 0, 0 },
    { 166, 1, 1, "-T",  "TIS-620",     0, 0xa0, 96, 0, 0 },
    {  87, 0, 2, "$B",  "EUC-JP",      0,    0xa1, 94, 0xa1, 94 },
    { 159, 0, 2, "$(D", "EUC-JP",      0x8f, 0xa1, 94, 0xa1, 94 },
    { 149, 1, 2, "$)C", "EUC-KR",      0,    0xa1, 94, 0xa1, 94 },
    {  58, 1, 2, "$)A", "EUC-CN",      0,    0xa1, 94, 0xa1, 94 },
    /* the JIS of 1978, a few characters apart from that of 1983 */
    {   0, 0, 2, "$@",  "EUC-JP",      0,    0xa1, 94, 0xa1, 94 },
    [PACS_SET_GBK] = { 0, 1, 2, NULL, "GBK", 0, 0x81, 126, 0x40, 191 },
    [PACS_SET_GB18030] = { 0, 1, 2, NULL, "GB18030", 0, 0x81, 126, 0x40, 191 }
};

/* filled once and kept for the life of the process; 0: no character */
static _Atomic(uint16_t *)  maps[PACS_SET_COUNT];
static pthread_mutex_t      maps_lock = PTHREAD_MUTEX_INITIALIZER;


static uint16_t
bmp_of(iconv_t cd, const uint8_t *bytes, size_t n)
{
    uint8_t  out[8];
    char    *src = (char *) bytes, *dst = (char *) out;
    size_t   room = sizeof(out);

    iconv(cd, NULL, NULL, NULL, NULL);

    if (iconv(cd, &src, &n, &dst, &room) == (size_t) -1
        || room != sizeof(out) - 2)
    {
        return 0;
    }

    uint16_t  unit = (uint16_t) (out[0] | out[1] << 8);

    /* a delimiter must come from one byte only */
    return unit == '\\' ? 0xff3c : unit < 0x80 ? 0 : unit;
}


static void
map_fill(const pacs_charset_set_t *set, uint16_t *map)
{
    unsigned  columns = set->ntrail == 0 ? 1 : set->ntrail;
    iconv_t   cd = iconv_open("UTF-16LE", set->iconv);

    if (cd == (iconv_t) -1) {
        return;
    }

    for (unsigned i = 0; i < set->nlead * columns; i++) {
        uint8_t  bytes[3];
        size_t   n = 0;

        if (set->prefix != 0) {
            bytes[n++] = set->prefix;
        }
        bytes[n++] = (uint8_t) (set->lead + i / columns);
        if (set->ntrail != 0) {
            bytes[n++] = (uint8_t) (set->trail + i % columns);
        }
        map[i] = bmp_of(cd, bytes, n);
    }

    iconv_close(cd);
}


/* nginx unloads the module in a worker that ends */
__attribute__((destructor))
static void
maps_free(void)
{
    for (unsigned i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
        free(atomic_exchange(&maps[i], NULL));
    }
}


/* NULL: out of memory */
static const uint16_t *
map_of(const pacs_charset_set_t *set)
{
    _Atomic(uint16_t *)  *slot = &maps[set - pacs_charset_sets];
    uint16_t             *map = atomic_load_explicit(slot,
                                                     memory_order_acquire);
    size_t                size = (size_t) set->nlead
                                 * (set->ntrail == 0 ? 1 : set->ntrail);

    if (map != NULL) {
        return map;
    }

    pthread_mutex_lock(&maps_lock);

    map = atomic_load_explicit(slot, memory_order_relaxed);
    if (map == NULL) {
        map = calloc(size, sizeof(*map));
        if (map != NULL) {
            map_fill(set, map);
            atomic_store_explicit(slot, map, memory_order_release);
        }
    }

    pthread_mutex_unlock(&maps_lock);

    return map;
}


uint32_t
pacs_charset_two(const pacs_charset_set_t *set, uint8_t b1, uint8_t b2)
{
    unsigned         row = (unsigned) b1 - set->lead;
    unsigned         col = (unsigned) b2 - set->trail;
    const uint16_t  *map;

    if (row >= set->nlead || col >= set->ntrail) {
        return 0;
    }
    map = map_of(set);
    return map == NULL ? 0 : map[row * set->ntrail + col];
}


uint32_t
pacs_charset_one(const pacs_charset_set_t *set, uint8_t b)
{
    unsigned         i = (unsigned) b - set->lead;
    const uint16_t  *map = i < set->nlead ? map_of(set) : NULL;

    return map == NULL || map[i] == 0 ? PACS_CHARSET_BAD : map[i];
}
