/* SPDX-License-Identifier: BSD-2-Clause */

/* prints "path <tab> frames <tab> sha256 of each frame's bytes …" for each
 * file with encapsulated pixel data, "path <tab> error" where it fails */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "dicom/dicom.h"


static int
hash_frame(pacs_source_t *s, const pacs_frames_t *f, uint32_t i,
    pacs_err_t *err)
{
    pacs_sha256_t  h;
    uint8_t        chunk[65536], sum[PACS_SHA256_LEN];
    char           hex[2 * PACS_SHA256_LEN + 1];
    int            rc = pacs_sha256_init(&h, err);

    for (uint32_t k = f->first[i]; rc == PACS_OK && k < f->first[i + 1]; k++) {
        uint64_t  off = f->ranges[k].offset, left = f->ranges[k].length;

        while (rc == PACS_OK && left != 0) {
            size_t  n = left < sizeof(chunk) ? (size_t) left : sizeof(chunk);

            rc = pacs_source_exact(s, off, chunk, n, err);
            pacs_sha256_update(&h, chunk, n);
            off += n;
            left -= n;
        }
    }

    pacs_sha256_final(&h, sum);
    pacs_hex(sum, sizeof(sum), hex);
    printf("\t%s", hex);
    return rc;
}


static int
dump(const char *path, int fd, pacs_arena_t *a, pacs_err_t *err)
{
    pacs_source_t         file;
    pacs_dataset_t        ds;
    pacs_pixels_t         px;
    pacs_frames_t         f, g;
    const pacs_limits_t  *limits = &pacs_limits_default;
    int                   rc = pacs_source_fd(&file, fd, err);

    if (rc == PACS_OK) {
        rc = pacs_dicom_read(&file, limits, 4096, a, &ds, err);
    }
    if (rc != PACS_OK || ds.pixels == NULL || !ds.pixels->undefined) {
        return rc;
    }

    rc = pacs_dicom_pixels(&ds, limits, &px, err);
    if (rc == PACS_OK) {
        rc = pacs_frames_locate(&file, &ds, &px, limits, a, &f, err);
    }
    /* by way of the index's form, as the server does */
    if (rc == PACS_OK) {
        rc = pacs_frames_unpack(pacs_frames_pack(&f, a), a, &g, err);
    }
    if (rc != PACS_OK) {
        return rc;
    }

    printf("%s\t%" PRIu32, path, g.count);
    for (uint32_t i = 0; rc == PACS_OK && i < g.count; i++) {
        rc = hash_frame(&file, &g, i, err);
    }
    printf("\n");
    return rc;
}


int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        pacs_arena_t  *a = pacs_arena_create(0);
        pacs_err_t     err = { 0 };
        int            fd = open(argv[i], O_RDONLY | O_CLOEXEC);

        if (fd < 0 || dump(argv[i], fd, a, &err) != PACS_OK) {
            printf("%s\terror %s\n", argv[i], err.text);
        }

        close(fd);
        pacs_arena_destroy(a);
    }

    return 0;
}
