/* SPDX-License-Identifier: BSD-2-Clause */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dicom/model.h"
#include "dicom/text.h"


int
pacs_feed_init(pacs_feed_t *f, const pacs_model_t *to, void *ctx,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_err_t *err)
{
    *f = (pacs_feed_t) { .to = to, .ctx = ctx, .limits = limits,
                         .err = err };

    f->path = pacs_calloc(a, (size_t) limits->nesting + 1, sizeof(*f->path));

    return f->path != NULL ? PACS_OK
           : pacs_fail(err, PACS_E_NOMEM, "no memory for a data set");
}


int
pacs_feed_set(pacs_feed_t *f)
{
    f->nelems = 0;
    return f->to->set(f->ctx, f->err);
}


int
pacs_feed_set_end(pacs_feed_t *f)
{
    return f->to->set_end(f->ctx, f->err);
}


int
pacs_feed_attr(pacs_feed_t *f, uint32_t tag, uint16_t vr, pacs_str_t creator)
{
    const pacs_tag_t *known = vr == 0 ? pacs_tag(tag) : NULL;

    f->path[f->depth].tag = tag;
    f->path[f->depth].items = 0;
    f->path[f->depth].vr = pacs_vr(known != NULL ? known->vr : vr);

    if (f->path[f->depth].vr == NULL) {
        f->path[f->depth].vr = pacs_vr(PACS_UN);
        return pacs_fail(f->err, PACS_E_ARG, vr == 0 ? "no vr"
                         : "a vr that is none of PS3.5 6.2");
    }
    if (++f->nelems > f->limits->elements) {
        return pacs_fail(f->err, PACS_E_LIMIT, "more than %" PRId64
                         " attributes (limit elements)", f->limits->elements);
    }

    return f->to->attr(f->ctx, tag, f->path[f->depth].vr, creator, f->err);
}


int
pacs_feed_attr_end(pacs_feed_t *f)
{
    int  rc = f->to->attr_end(f->ctx, f->err);

    if (rc == PACS_OK) {
        f->path[f->depth].vr = NULL;
    }
    return rc;
}


static int
wrong(pacs_feed_t *f, const char *what)
{
    const pacs_vr_t *vr = f->path[f->depth].vr;

    return pacs_fail(f->err, PACS_E_ARG, "%s in an attribute of VR %c%c",
                     what, vr->vr >> 8, vr->vr & 0xff);
}


static bool
opaque(const pacs_vr_t *vr)
{
    return !vr->text && !pacs_vr_number(vr) && vr->vr != PACS_SQ;
}


int
pacs_feed_value(pacs_feed_t *f, pacs_value_e kind, pacs_str_t text)
{
    const pacs_vr_t *vr = f->path[f->depth].vr;

    return vr->vr == PACS_SQ || opaque(vr) ? wrong(f, "a value")
           : f->to->value(f->ctx, kind, text, f->err);
}


int
pacs_feed_binary(pacs_feed_t *f, pacs_str_t base64)
{
    return opaque(f->path[f->depth].vr)
           ? f->to->binary(f->ctx, base64, f->err)
           : wrong(f, "InlineBinary");
}


int
pacs_feed_bulk(pacs_feed_t *f, pacs_str_t uri)
{
    return f->path[f->depth].vr->vr != PACS_SQ
           ? f->to->bulk(f->ctx, uri, f->err) : wrong(f, "a URI");
}


int
pacs_feed_item(pacs_feed_t *f)
{
    if (f->path[f->depth].vr->vr != PACS_SQ) {
        return wrong(f, "an item");
    }
    if (f->depth >= f->limits->nesting) {
        return pacs_fail(f->err, PACS_E_LIMIT, "sequences nested deeper than "
                         "%" PRId64 " (limit nesting)", f->limits->nesting);
    }

    f->path[f->depth].items++;
    f->path[++f->depth].vr = NULL;

    return f->to->item(f->ctx, f->err);
}


int
pacs_feed_item_end(pacs_feed_t *f)
{
    f->depth--;
    return f->to->item_end(f->ctx, f->err);
}


int
pacs_feed_failed(const pacs_feed_t *f, pacs_err_t *err)
{
    char    path[100];
    size_t  len = 0;

    path[0] = '\0';

    for (int64_t d = 0; d <= f->depth && f->path[d].vr != NULL; d++) {
        char    part[32];
        size_t  n = (size_t) snprintf(part, sizeof(part), "%s%08" PRIX32,
                                      d == 0 ? "" : ".", f->path[d].tag);

        if (d < f->depth) {
            n += (size_t) snprintf(part + n, sizeof(part) - n, "[%" PRIu32 "]",
                                   f->path[d].items);
        }
        if (len + n + 4 > sizeof(path)) {
            memcpy(path + len, "...", 4);
            len += 3;
            break;
        }
        memcpy(path + len, part, n + 1);
        len += n;
    }

    return pacs_fail(err, f->err->code, "%s%s%s", path, len != 0 ? ": " : "",
                     f->err->text);
}


bool
pacs_model_tag(pacs_str_t text, uint32_t *tag)
{
    if (text.len != 8) {
        return false;
    }

    *tag = 0;

    for (size_t i = 0; i < 8; i++) {
        char      c = text.data[i];
        unsigned  digit = c >= '0' && c <= '9' ? (unsigned) (c - '0')
                          : c >= 'A' && c <= 'F' ? (unsigned) (c - 'A') + 10
                          : c >= 'a' && c <= 'f' ? (unsigned) (c - 'a') + 10
                          : 16;

        if (digit == 16) {
            return false;
        }
        *tag = *tag << 4 | digit;
    }
    return true;
}
