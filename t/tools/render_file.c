/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * render_file FILE FRAME OUT.png [key=value]...: a frame as PNG; or without
 * arguments, lines of such, delimited by tabs, on stdin: "ok" or the error
 * for each.  Coded frames are decoded here, without pacs-codec's processes.
 * keys: center, width, voi (0..2), view (w,h), region (x,y,w,h);
 * square=1: square pixels; bare=1: and no padding, as DCMTK by default
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/decoder.h"
#include "render/render.h"


static int
native(pacs_source_t *s, const pacs_dataset_t *ds, const pacs_pixels_t *px,
    const pacs_frames_t *f, uint32_t frame, pacs_arena_t *a,
    pacs_samples_t *out, pacs_err_t *err)
{
    uint64_t  bit = frame * f->stride_bits;
    uint64_t  bytes = (bit % 8 + f->stride_bits + 7) / 8;
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
    return pacs_source_exact(s, f->offset + bit / 8, data, bytes, err);
}


static int
coded(pacs_source_t *s, const pacs_dataset_t *ds, const pacs_pixels_t *px,
    const pacs_frames_t *f, uint32_t frame, pacs_arena_t *a,
    pacs_samples_t *out, pacs_err_t *err)
{
    const decoder_t  *d = pacs_decoder(ds->syntax_uid);
    decode_job_t      job = { .px = *px };
    uint64_t          bytes, len = 0;
    int               rc = pacs_frame_bytes(px, &pacs_limits_default, &bytes,
                                            err);

    if (rc != PACS_OK) {
        return rc;
    }
    if (d == NULL) {
        return pacs_fail(err, PACS_E_UNSHOWABLE, "no decoder");
    }

    for (uint32_t i = f->first[frame]; i < f->first[frame + 1]; i++) {
        len += f->ranges[i].length;
    }

    uint8_t  *data = pacs_calloc(a, 1, len + DECODE_SLACK);

    job.out = pacs_calloc(a, 1, bytes);
    job.out_len = bytes;
    job.data = data;
    if (data == NULL || job.out == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "frame");
    }

    for (uint32_t i = f->first[frame]; i < f->first[frame + 1]; i++) {
        rc = pacs_source_exact(s, f->ranges[i].offset, data + job.len,
                               f->ranges[i].length, err);
        if (rc != PACS_OK) {
            return rc;
        }
        job.len += f->ranges[i].length;
    }
    memcpy(data + len, "\xff\xd9", DECODE_EOI);

    rc = pacs_decode(d, &job, err);

    *out = (pacs_samples_t) { .px = *px, .data = job.out, .len = bytes,
                              .index = frame };
    out->px.planar = 0;
    out->px.high_bit = px->stored - 1;
    if (px->allocated == 1) {
        out->px.allocated = 8;
    }
    if (px->samples == 3) {
        out->px.photometric = PACS_PI_RGB;
    }
    return rc;
}


static bool  bare, square;


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
    square = bare || square || strcmp(arg, "square=1") == 0;
    sscanf(arg, "view=%u,%u", &want->view_width, &want->view_height);
}


static int
render(int fd, uint32_t frame, const char *to, const pacs_picture_t *want,
    pacs_arena_t *a, pacs_err_t *err)
{
    pacs_source_t   file;
    pacs_dataset_t  ds;
    pacs_pixels_t   px;
    pacs_frames_t   f;
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
        rc = pacs_frames_locate(stream, &ds, &px, &pacs_limits_default, a,
                                &f, err);
    }
    if (rc == PACS_OK && frame >= f.count) {
        rc = pacs_fail(err, PACS_E_NOT_FOUND, "no such frame");
    }
    if (rc == PACS_OK) {
        rc = (f.native ? native : coded)(stream, &ds, &px, &f, frame, a, &s,
                                         err);
    }
    if (rc == PACS_OK) {
        rc = pacs_look_read(stream, &ds, &px, a, &look, err);
    }
    if (rc == PACS_OK) {
        rc = pacs_look_measure(stream, &f, &ds, &px, &look, err);
    }
    /* by way of the record, as a server does */
    if (rc == PACS_OK) {
        rc = pacs_look_unpack(pacs_look_pack(&look, a), a, &again, err);
    }
    if (rc == PACS_OK && square) {
        again.aspect = 1;
    }
    if (rc == PACS_OK && bare) {
        again.has_padding = 0;
    }
    if (rc == PACS_OK) {
        rc = pacs_render(&s, &again, want, &pacs_limits_default, &out, &w,
                         &h, err);
    }

    FILE  *file_out = rc == PACS_OK ? fopen(to, "wb") : NULL;
    if (rc == PACS_OK
        && (file_out == NULL
            || fwrite(out.data, 1, out.len, file_out) != out.len))
    {
        rc = pacs_fail(err, PACS_E_IO, "%s", to);
    }
    if (file_out != NULL) {
        fclose(file_out);
    }
    pacs_buf_free(&out);
    return rc;
}


static int
one(int argc, char **argv, pacs_err_t *err)
{
    pacs_picture_t  want = { .format = PACS_PICTURE_PNG };
    pacs_arena_t   *a = pacs_arena_create(0);

    bare = square = false;
    for (int i = 3; i < argc; i++) {
        option(argv[i], &want);
    }

    int  fd = open(argv[0], O_RDONLY);
    int  rc = fd < 0 ? pacs_fail_errno(err, 2, "%s", argv[0])
              : render(fd, (uint32_t) atoi(argv[1]), argv[2], &want, a, err);

    if (fd >= 0) {
        close(fd);
    }
    pacs_arena_destroy(a);
    return rc;
}


static void
batch(void)
{
    char  line[8192];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        char        *words[16], *rest = line;
        int          n = 0;
        pacs_err_t   err = { 0, "" };

        line[strcspn(line, "\n")] = '\0';
        while (n < 16 && (words[n] = strsep(&rest, "\t")) != NULL) {
            n++;
        }

        int  rc = n < 3 ? PACS_E_ARG : one(n, words, &err);

        printf("%s%s%s\n", rc == PACS_OK ? "ok" : pacs_codes[rc].name,
               rc == PACS_OK ? "" : ": ", err.text);
        fflush(stdout);
    }
}


int
main(int argc, char **argv)
{
    pacs_err_t  err = { 0, "" };

    if (argc == 1) {
        batch();
        return 0;
    }
    if (argc < 4) {
        fprintf(stderr, "usage: render_file [FILE FRAME OUT [key=value]...]\n");
        return 2;
    }

    int  rc = one(argc - 1, argv + 1, &err);

    if (rc != PACS_OK) {
        printf("%s: %s\n", pacs_codes[rc].name, err.text);
    }
    return rc == PACS_OK ? 0 : 1;
}
