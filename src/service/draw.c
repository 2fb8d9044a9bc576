/* SPDX-License-Identifier: BSD-2-Clause */

/* One frame as a picture, and what is to be said of its annotation. */

#include <stdatomic.h>

#include "service/presented.h"

static const char *const  types[PACS_PICTURES] = {
    [PACS_PICTURE_JPEG] = "image/jpeg", [PACS_PICTURE_PNG] = "image/png",
    [PACS_PICTURE_WEBP] = "image/webp", [PACS_PICTURE_GIF] = "image/gif"
};


uint8_t
pacs_picture_format(pacs_str_t type)
{
    uint8_t  i = 0;

    while (i < PACS_PICTURES - 1 && !pacs_str_is(type, types[i])) {
        i++;
    }
    return i;
}


const char *
pacs_picture_type(uint8_t format)
{
    return types[format];
}


int
pacs_draw(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    const pacs_picture_t *want, pacs_drawn_t *drawn, pacs_buf_t *out,
    uint32_t *width, uint32_t *height, pacs_err_t *err)
{
    pacs_samples_t  samples;

    if (im->presented != NULL) {
        return pacs_presented_draw(op, im, frame, want, drawn, out, width,
                                   height, err);
    }

    int  rc = pacs_samples_get(op, im, frame, want, &samples, err);

    if (rc != PACS_OK) {
        return rc;
    }

    rc = pacs_render(&samples, &im->look, want, pacs_service_limits(op->svc),
                     out, width, height, err);

    if (want->annotation != NULL) {
        drawn->missing += want->annotation->drawn->missing;
        drawn->hidden += want->annotation->drawn->hidden;
    }
    return rc;
}


int
pacs_draw_tell(pacs_op_t *op, const pacs_drawn_t *drawn)
{
    static atomic_bool  told;

    if (drawn->missing != 0) {
        /* with another font it is another picture */
        op->reply.etag = pacs_null;
        if (!atomic_exchange(&told, true)) {
            pacs_log(&op->svc->options.env, PACS_LOG_WARN, "annotation: %u "
                     "characters have no font and are boxes: see README, "
                     "Fonts", drawn->missing);
        }
    }

    return drawn->hidden == 0
           ? PACS_OK
           : pacs_reply_warning(op, "%u lines of the annotation have no room "
                                "in a picture of this size", drawn->hidden);
}
