/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Rows -> GIF (giflib): all 256 greys as they are; of colour the 256 that a
 * median cut finds, every picture its own.
 */

#include <pthread.h>
#include <gif_lib.h>

#include "render/pipeline.h"

enum { COLOURS = 256 };

/* the library's median cut keeps its axis in a static variable */
static pthread_mutex_t  cutting = PTHREAD_MUTEX_INITIALIZER;


static int
to_buf(GifFileType *gif, const GifByteType *data, int len)
{
    pacs_buf_t  *out = gif->UserData;

    pacs_buf_add(out, data, (size_t) len);
    return out->failed ? 0 : len;
}


static bool
put_head(GifFileType *gif, const pacs_rows_t *rows, ColorMapObject *map)
{
    int  w = (int) rows->width, h = (int) rows->height;

    return EGifPutScreenDesc(gif, w, h, 8, 0, map) == GIF_OK
           && EGifPutImageDesc(gif, 0, 0, w, h, false, NULL) == GIF_OK;
}


static bool
put_grey(GifFileType *gif, pacs_rows_t *rows, ColorMapObject *map,
    pacs_arena_t *a)
{
    uint8_t  *line = pacs_calloc(a, rows->width, 1);

    for (int i = 0; i < COLOURS; i++) {
        GifByteType  v = (GifByteType) i;

        map->Colors[i] = (GifColorType) { v, v, v };
    }

    bool  good = line != NULL && put_head(gif, rows, map);

    for (uint32_t y = 0; good && y < rows->height; y++) {
        rows->row(rows, y, line);
        good = EGifPutLine(gif, line, (int) rows->width) == GIF_OK;
    }
    return good;
}


/* the library wants a plane a colour */
static bool
put_colour(GifFileType *gif, pacs_rows_t *rows, ColorMapObject *map,
    pacs_arena_t *a)
{
    size_t    n = (size_t) rows->width * rows->height;
    uint8_t  *planes = pacs_calloc(a, n, 4);
    uint8_t  *line = pacs_calloc(a, rows->width, 3);
    int       colours = COLOURS;

    if (planes == NULL || line == NULL) {
        return false;
    }

    for (uint32_t y = 0; y < rows->height; y++) {
        uint8_t  *p = planes + (size_t) y * rows->width;

        rows->row(rows, y, line);
        for (uint32_t x = 0; x < rows->width; x++, p++) {
            p[0] = line[3 * x];
            p[n] = line[3 * x + 1];
            p[2 * n] = line[3 * x + 2];
        }
    }

    pthread_mutex_lock(&cutting);
    bool  good = GifQuantizeBuffer(rows->width, rows->height, &colours,
                                   planes, planes + n, planes + 2 * n,
                                   planes + 3 * n, map->Colors) == GIF_OK;
    pthread_mutex_unlock(&cutting);

    good = good && put_head(gif, rows, map);

    for (uint32_t y = 0; good && y < rows->height; y++) {
        good = EGifPutLine(gif, planes + 3 * n + (size_t) y * rows->width,
                           (int) rows->width) == GIF_OK;
    }
    return good;
}


int
pacs_encode_gif(pacs_rows_t *rows, const pacs_picture_t *want, pacs_str_t icc,
    pacs_arena_t *a, pacs_buf_t *out, pacs_err_t *err)
{
    int              why = 0;
    ColorMapObject  *map = GifMakeMapObject(COLOURS, NULL);
    GifFileType     *gif = map == NULL ? NULL : EGifOpen(out, to_buf, &why);
    bool             good = false;

    if (gif != NULL) {
        good = rows->channels == 1 ? put_grey(gif, rows, map, a)
                                   : put_colour(gif, rows, map, a);
        good = EGifCloseFile(gif, &why) == GIF_OK && good;
    }
    GifFreeMapObject(map);

    return good && !out->failed
           ? PACS_OK : pacs_fail(err, PACS_E_NOMEM, "GIF: error %d", why);
}
