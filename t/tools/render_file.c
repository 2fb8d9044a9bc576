/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * render_file FILE FRAME OUT.png [key=value]...: one native frame as PNG.
 * keys: center, width, voi (0..2), view (w,h), region (x,y,w,h);
 * bare=1: square pixels, no padding, as DCMTK does by default
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "render/render.h"


static int
read_samples(pacs_source_t *s, const pacs_dataset_t *ds,
    const pacs_pixels_t *px, uint32_t frame, pacs_arena_t *a,
    pacs_samples_t *out, pacs_err_t *err)
{
    pacs_frames_t  f;
    int            rc = pacs_frames_locate(s, ds, px, &pacs_limits_default,
                                           a, &f, err);

    if (rc != PACS_OK) {
        return rc;
    }
    if (!f.native || frame >= f.count) {
        return pacs_fail(err, PACS_E_NOT_FOUND, "not a native frame");
    }

    uint64_t  bit = frame * f.stride_bits;
    uint64_t  bytes = (bit % 8 + f.stride_bits + 7) / 8;
    uint8_t  *data = pacs_alloc(a, bytes);

    if (data == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "frame");
    }
    *out = (pacs_samples_t) {
        .px = *px, .data = data, .len = bytes,
        .big_endian = ds->syntax->big_endian
                      && (px->allocated > 8 || ds->pixels->vr == PACS_OW),
        .bit_offset = (uint32_t) (bit % 8), .index = frame,
    };
    return pacs_source_exact(s, f.offset + bit / 8, data, bytes, err);
}


static bool  bare;


static void
option(const char *arg, pacs_picture_t *want)
{
    if (sscanf(arg, "center=%lf", &want->center) == 1
        || sscanf(arg, "width=%lf", &want->width) == 1)
    {
        want->has_window = 1;
    }
    if (strncmp(arg, "voi=", 4) == 0) {
        want->voi = (uint8_t) atoi(arg + 4);
    }
    if (sscanf(arg, "region=%lf,%lf,%lf,%lf", &want->sx, &want->sy,
               &want->sw, &want->sh) == 4)
    {
        want->has_region = 1;
    }
    bare = bare || strcmp(arg, "bare=1") == 0;
    sscanf(arg, "view=%u,%u", &want->view_width, &want->view_height);
}


static int
render(int fd, uint32_t frame, const char *to, const pacs_picture_t *want,
    pacs_arena_t *a, pacs_err_t *err)
{
    pacs_source_t   file;
    pacs_dataset_t  ds;
    pacs_pixels_t   px;
    pacs_samples_t  s;
    pacs_look_t     look, again;
    pacs_buf_t      out = { .data = NULL };
    pacs_source_t  *stream = NULL;
    uint32_t        w, h;
    int             rc = pacs_source_fd(&file, fd, err);

    if (rc == PACS_OK) {
        rc = pacs_dicom_read(&file, &pacs_limits_default, 4096, a, &ds, err);
    }
    if (rc == PACS_OK) {
        stream = pacs_dicom_stream(&file, &ds, &pacs_limits_default, a, err);
        rc = stream != NULL ? PACS_OK : PACS_E_INTERNAL;
    }
    if (rc == PACS_OK) {
        rc = pacs_dicom_pixels(&ds, &pacs_limits_default, &px, err);
    }
    if (rc == PACS_OK) {
        rc = read_samples(stream, &ds, &px, frame, a, &s, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_look_read(stream, &ds, &px, a, &look, err);
    }
    /* by way of the record, as a server does */
    if (rc == PACS_OK) {
        rc = pacs_look_unpack(pacs_look_pack(&look, a), a, &again, err);
    }
    if (rc == PACS_OK && bare) {
        again.aspect = 1;
        again.has_padding = 0;
    }
    if (rc == PACS_OK) {
        rc = pacs_render(&s, &again, want, &pacs_limits_default, &out, &w,
                         &h, err);
    }

    FILE  *f = rc == PACS_OK ? fopen(to, "wb") : NULL;
    if (rc == PACS_OK
        && (f == NULL || fwrite(out.data, 1, out.len, f) != out.len))
    {
        rc = pacs_fail(err, PACS_E_IO, "%s", to);
    }
    if (f != NULL) {
        fclose(f);
    }
    pacs_buf_free(&out);
    return rc;
}


int
main(int argc, char **argv)
{
    pacs_picture_t  want = { .format = PACS_PICTURE_PNG };
    pacs_err_t      err = { 0, "" };
    pacs_arena_t   *a = pacs_arena_create(0);

    if (argc < 4 || a == NULL) {
        fprintf(stderr, "usage: render_file FILE FRAME OUT [key=value]...\n");
        return 2;
    }
    for (int i = 4; i < argc; i++) {
        option(argv[i], &want);
    }

    int  fd = open(argv[1], O_RDONLY);
    int  rc = fd < 0 ? pacs_fail_errno(&err, 2, "%s", argv[1])
              : render(fd, (uint32_t) atoi(argv[2]), argv[3], &want, a, &err);

    if (rc != PACS_OK) {
        printf("%s: %s\n", pacs_codes[rc].name, err.text);
    }
    if (fd >= 0) {
        close(fd);
    }
    pacs_arena_destroy(a);
    return rc == PACS_OK ? 0 : 1;
}
