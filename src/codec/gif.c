/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * GIF as it comes with metadata to be stored (PS3.18 table 10.5.2-1): each
 * picture of an animation as it is seen, on black, one below the other: the
 * attributes have all their rows.
 */

#include <stdlib.h>
#include <string.h>
#include <gif_lib.h>

#include "codec/decoder.h"

typedef struct {
    decode_job_t  *job;
    size_t         at;
    GifFileType   *gif;
    uint8_t       *canvas, *before;     /* RGB; as it was before a picture */
    size_t         bytes;               /* of a canvas */
} read_t;


static int
get(GifFileType *gif, GifByteType *to, int len)
{
    read_t  *r = gif->UserData;
    size_t   n = (size_t) len;

    if (n > r->job->len - r->at) {
        n = r->job->len - r->at;
    }
    memcpy(to, r->job->data + r->at, n);
    r->at += n;
    return (int) n;
}


/* what lies outside of the canvas is not seen */
static void
draw(read_t *r, const SavedImage *image, int transparent)
{
    const GifImageDesc    *d = &image->ImageDesc;
    const ColorMapObject  *map = d->ColorMap != NULL ? d->ColorMap
                                                     : r->gif->SColorMap;

    for (int y = 0; map != NULL && y < d->Height; y++) {
        for (int x = 0; x < d->Width; x++) {
            int  index = image->RasterBits[(size_t) y * (size_t) d->Width
                                           + (size_t) x];

            if (index == transparent || index >= map->ColorCount
                || d->Left + x >= r->gif->SWidth
                || d->Top + y >= r->gif->SHeight)
            {
                continue;
            }
            memcpy(r->canvas + 3 * ((size_t) (d->Top + y)
                                    * (size_t) r->gif->SWidth
                                    + (size_t) (d->Left + x)),
                   &(uint8_t[3]) { map->Colors[index].Red,
                                   map->Colors[index].Green,
                                   map->Colors[index].Blue }, 3);
        }
    }
}


static void
clear(read_t *r, const GifImageDesc *d)
{
    for (int y = d->Top; y < d->Top + d->Height && y < r->gif->SHeight; y++) {
        int  end = d->Left + d->Width < r->gif->SWidth
                   ? d->Left + d->Width : r->gif->SWidth;

        if (d->Left < end) {
            memset(r->canvas + 3 * ((size_t) y * (size_t) r->gif->SWidth
                                    + (size_t) d->Left), 0,
                   3 * (size_t) (end - d->Left));
        }
    }
}


static void
show(read_t *r, int i)
{
    GraphicsControlBlock   g = { .TransparentColor = NO_TRANSPARENT_COLOR };
    const SavedImage      *image = &r->gif->SavedImages[i];
    size_t                 pixels = r->bytes / 3;

    (void) DGifSavedExtensionToGCB(r->gif, i, &g);
    memcpy(r->before, r->canvas, r->bytes);
    draw(r, image, g.TransparentColor);

    for (unsigned s = 0; s < 3; s++) {
        decode_run_t  run = { r->canvas + s, 1, 3, 8 };

        pacs_decode_put(r->job, s, (size_t) i * pixels, pixels, &run);
    }

    if (g.DisposalMode == DISPOSE_BACKGROUND) {
        clear(r, &image->ImageDesc);
    } else if (g.DisposalMode == DISPOSE_PREVIOUS) {
        memcpy(r->canvas, r->before, r->bytes);
    }
}


static int
show_all(read_t *r, pacs_err_t *err)
{
    GifFileType  *gif = r->gif;
    int           rc;

    if (DGifSlurp(gif) != GIF_OK || gif->ImageCount == 0) {
        const char *why = GifErrorString(gif->Error);

        return pacs_fail(err, PACS_E_UNSHOWABLE, "the GIF is wrong: %s",
                         why != NULL ? why : "it has no picture");
    }

    rc = pacs_decode_check(r->job, "GIF", (uint64_t) gif->SWidth,
                           (uint64_t) gif->SHeight
                           * (uint64_t) gif->ImageCount, 3, 8, err);
    if (rc != PACS_OK) {
        return rc;
    }

    r->bytes = (size_t) gif->SWidth * (size_t) gif->SHeight * 3;
    r->canvas = calloc(1, r->bytes);
    r->before = calloc(1, r->bytes);
    if (r->canvas == NULL || r->before == NULL) {
        return pacs_fail(err, PACS_E_CODEC, "out of memory for GIF");
    }

    for (int i = 0; i < gif->ImageCount; i++) {
        show(r, i);
    }
    return PACS_OK;
}


int
pacs_decode_gif(decode_job_t *job, pacs_err_t *err)
{
    read_t  r = { .job = job };
    int     rc, error = 0;

    r.gif = DGifOpen(&r, get, &error);
    if (r.gif == NULL) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "no GIF");
    }

    rc = show_all(&r, err);
    (void) DGifCloseFile(r.gif, &error);
    free(r.canvas);
    free(r.before);
    return rc;
}
