/* SPDX-License-Identifier: BSD-2-Clause */

/* What is answered: pictures, PS3.18 Annex K metadata, numbers. */

#include <math.h>
#include <stdio.h>

#include "service/figures.h"
#include "service/volume_op.h"


const char *
pacs_volume_type(const pacs_volume_op_t *s)
{
    return pacs_picture_type(s->picture.format);
}


static int
add_part(pacs_op_t *op, pacs_volume_op_t *s, pacs_str_t bytes)
{
    pacs_part_t *p = &s->parts[2 * s->done];
    pacs_str_t   head = pacs_sprintf(op->arena,
        "%s--%s\r\nContent-Type: %s\r\n\r\n", s->done == 0 ? "" : "\r\n",
        s->boundary, pacs_volume_type(s));

    p[0] = (pacs_part_t) { .data = head.data, .length = head.len };
    p[1] = (pacs_part_t) { .data = bytes.data, .length = bytes.len };
    s->done++;
    return head.data == NULL ? PACS_E_NOMEM : PACS_OK;
}


static int
finish_parts(pacs_op_t *op, pacs_volume_op_t *s)
{
    pacs_str_t  end = pacs_sprintf(op->arena, "\r\n--%s--\r\n", s->boundary);

    s->parts[2 * s->done] = (pacs_part_t) { .data = end.data,
                                            .length = end.len };
    op->reply.content_type = pacs_sprintf(op->arena, "multipart/related; "
        "type=\"%s\"; boundary=%s", pacs_volume_type(s), s->boundary);
    op->reply.parts = s->parts;
    op->reply.nparts = 2 * s->done + 1;
    pacs_reply_length(op);
    return end.data == NULL ? PACS_E_NOMEM : PACS_OK;
}


int
pacs_volume_pictures(pacs_op_t *op, const pacs_route_t *route,
    pacs_volume_op_t *s, pacs_err_t *err)
{
    pacs_str_t  bytes;
    int         rc = pacs_volume_draw(op, route, s, &bytes, err);

    if (rc != PACS_OK) {
        return rc;
    }

    if (!s->multipart) {
        op->reply.content_type = pacs_cstr(pacs_volume_type(s));
        return pacs_reply_memory(op, bytes);
    }

    if ((rc = add_part(op, s, bytes)) != PACS_OK) {
        return rc;
    }

    /* between two pictures others have their turn */
    return s->done == s->pictures ? finish_parts(op, s)
                                  : pacs_volume_wait(op, s, 0, err);
}


static void
triple(pacs_buf_t *b, uint32_t tag, uint16_t vr, const double v[3])
{
    char  text[128];

    snprintf(text, sizeof(text), "%.9g\\%.9g\\%.9g", v[0], v[1], v[2]);
    pacs_json_attr(b, tag, vr, pacs_cstr(text));
    pacs_buf_char(b, ',');
}


static void
number(pacs_buf_t *b, uint32_t tag, uint16_t vr, double v)
{
    char  text[64];

    snprintf(text, sizeof(text), "%.9g", v);
    pacs_json_attr(b, tag, vr, pacs_cstr(text));
    pacs_buf_char(b, ',');
}


/* where the picture lies: not of Annex K, but needed to point into it */
static void
write_plane(pacs_buf_t *b, const pacs_volume_op_t *s, const pacs_view_t *w)
{
    pacs_plane_t       p;
    char               text[256];

    pacs_view_plane(w, &p);
    number(b, 0x00180088, PACS_DS, w->distance);
    triple(b, 0x00200032, PACS_DS, p.origin);
    snprintf(text, sizeof(text), "%.9g\\%.9g\\%.9g\\%.9g\\%.9g\\%.9g",
             w->right[0], w->right[1], w->right[2], w->down[0], w->down[1],
             w->down[2]);
    pacs_json_attr(b, 0x00200037, PACS_DS, pacs_cstr(text));
    pacs_buf_char(b, ',');
    if (s->voxels->head->reference[0] != '\0') {
        pacs_json_attr(b, 0x00200052, PACS_UI,
                       pacs_cstr(s->voxels->head->reference));
        pacs_buf_char(b, ',');
    }
    number(b, 0x00280008, PACS_IS, s->animated ? s->pictures : w->planes);
    number(b, 0x00280010, PACS_US, w->rows);
    number(b, 0x00280011, PACS_US, w->columns);
    snprintf(text, sizeof(text), "%.9g\\%.9g", w->pixel * w->h / w->rows,
             w->pixel * w->w / w->columns);
    pacs_json_attr(b, 0x00280030, PACS_DS, pacs_cstr(text));
    pacs_buf_char(b, ',');
}


/* PS3.18 Annex K */
int
pacs_volume_metadata(pacs_op_t *op, const pacs_route_t *route,
    pacs_volume_op_t *s, pacs_err_t *err)
{
    static const char *const  functions[] = { "LINEAR", "LINEAR_EXACT",
                                              "SIGMOID" };
    const pacs_volume_head_t *h = s->voxels->head;
    const pacs_view_t         w = pacs_volume_shown(s, &s->view);
    pacs_buf_t                b = { 0 };
    double                    eye[3], up[3];
    int                       rc = PACS_OK;

    if (s->preset == NULL && !pacs_volume_window(s, false)) {
        rc = pacs_volume_need(op, route, s, 0, h->n[2] - 1, NULL, err);
        if (rc != PACS_OK) {
            return rc;
        }
        (void) pacs_volume_window(s, true);
    }

    for (int i = 0; i < 3; i++) {
        eye[i] = w.center[i] - 1000 * w.view[i];
        up[i] = -w.down[i];
    }

    pacs_buf_text(&b, "[{");
    write_plane(&b, s, &w);
    if (s->preset == NULL) {
        number(&b, 0x00281050, PACS_DS,
               (s->picture.center - h->window_intercept) / h->window_slope);
        number(&b, 0x00281051, PACS_DS,
               s->picture.width / fabs(h->window_slope));
        pacs_json_attr(&b, 0x00281056, PACS_CS,
                       pacs_cstr(functions[s->picture.voi]));
        pacs_buf_char(&b, ',');
    }
    pacs_json_attr(&b, 0x0070120D, PACS_CS,
                   pacs_cstr(pacs_volume_methods[s->want.method]));
    pacs_buf_char(&b, ',');
    if (s->want.slab > 0) {
        number(&b, 0x00701503, PACS_FD, s->want.slab);
    }
    triple(&b, 0x00701603, PACS_FD, eye);
    triple(&b, 0x00701604, PACS_FD, w.center);
    triple(&b, 0x00701605, PACS_FD, up);
    if (s->animated) {
        number(&b, 0x00701A03, PACS_FD, s->want.rate);
        number(&b, 0x00701A05, PACS_FD, s->want.step);
        if (s->want.swivel > 0) {
            number(&b, 0x00701A06, PACS_FD, s->want.swivel);
        }
    }
    pacs_json_attr(&b, 0x00720510, PACS_CS,
                   s->solid ? pacs_lit("3D_RENDERING") : pacs_lit("MPR"));
    pacs_buf_text(&b, "}]\n");

    op->reply.content_type = pacs_lit("application/dicom+json");
    rc = pacs_reply_memory(op, pacs_buf_take(&b, op->arena));
    return rc != PACS_OK
           ? rc : pacs_reply_header(op, "Volume-Slices",
                                    pacs_sprintf(op->arena, "%u/%u",
                                    pacs_voxels_ready(s->voxels), h->n[2]));
}


/* numbers of the picture that renderedmpr would be */
int
pacs_volume_numbers(pacs_op_t *op, const pacs_route_t *route,
    pacs_volume_op_t *s, pacs_err_t *err)
{
    pacs_view_t    view = pacs_volume_shown(s, &s->view);
    pacs_plane_t   plane = pacs_volume_plane_of(s, &view);
    pacs_gauge_t   gauge = { .spacing.source = "plane" };
    pacs_field_t  *field;
    pacs_area_t    rows;
    pacs_buf_t     b = { 0 };
    float         *values = NULL;
    uint32_t       width, height;
    int            rc;

    if ((rc = pacs_volume_need_plane(op, route, s, &plane,
                                     s->want.nline != 0, err)) != PACS_OK
        || (rc = pacs_volume_values(op, s, &plane, &values, &width, &height,
                                    err)) != PACS_OK
        || (rc = pacs_figures_begin(op, &s->figures, width, height, &rows,
                                    err)) != PACS_OK
        || (rc = pacs_field_plane(values, width, height, op->arena, &field,
                                  err)) != PACS_OK)
    {
        return rc;
    }

    snprintf(gauge.scale.unit, sizeof(gauge.scale.unit), "%s",
             s->voxels->volume.unit);
    gauge.spacing.row = hypot(hypot(plane.down[0], plane.down[1]),
                              plane.down[2]);
    gauge.spacing.column = s->want.nline != 0
                           ? gauge.spacing.row
                           : hypot(hypot(plane.right[0], plane.right[1]),
                                   plane.right[2]);

    pacs_buf_printf(&b, "{\"columns\":%u,\"rows\":%u,", width, height);
    rc = pacs_figures_write(op, &s->figures, &gauge, field, &b, err);
    if (rc != PACS_OK) {
        pacs_buf_free(&b);
        return rc;
    }

    op->reply.content_type = pacs_lit("application/json");
    return pacs_reply_memory(op, pacs_buf_take(&b, op->arena));
}
