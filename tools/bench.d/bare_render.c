/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * bare_render RAW COLUMNS ROWS CENTER WIDTH QUALITY COUNT: the least that a
 * rendered 16-bit frame costs: a table look-up and libjpeg-turbo, in a loop.
 * Prints CPU microseconds a picture.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <jpeglib.h>


static double
cpu_us(void)
{
    struct rusage  u;

    getrusage(RUSAGE_SELF, &u);
    return (double) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6
           + (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}


static unsigned long
encode(const unsigned char *grey, int columns, int rows, int quality)
{
    struct jpeg_compress_struct  c;
    struct jpeg_error_mgr        e;
    unsigned char               *out = NULL;
    unsigned long                len = 0;

    c.err = jpeg_std_error(&e);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &out, &len);
    c.image_width = (JDIMENSION) columns;
    c.image_height = (JDIMENSION) rows;
    c.input_components = 1;
    c.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, quality, TRUE);
    jpeg_start_compress(&c, TRUE);

    while (c.next_scanline < c.image_height) {
        JSAMPROW  row = (JSAMPROW) grey + c.next_scanline * (size_t) columns;

        jpeg_write_scanlines(&c, &row, 1);
    }

    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    free(out);
    return len;
}


int
main(int argc, char **argv)
{
    static unsigned char  lut[65536];

    if (argc != 8) {
        fprintf(stderr, "usage: bare_render RAW COLUMNS ROWS CENTER WIDTH "
                "QUALITY COUNT\n");
        return 2;
    }

    int             columns = atoi(argv[2]), rows = atoi(argv[3]);
    double          c = atof(argv[4]), w = atof(argv[5]);
    int             quality = atoi(argv[6]), count = atoi(argv[7]);
    size_t          n = (size_t) columns * (size_t) rows;
    unsigned short *raw = malloc(n * 2);
    unsigned char  *grey = malloc(n);
    FILE           *f = fopen(argv[1], "rb");

    if (f == NULL || raw == NULL || grey == NULL || fread(raw, 2, n, f) != n) {
        perror(argv[1]);
        return 1;
    }

    double         start = cpu_us();
    unsigned long  bytes = 0;

    for (int k = 0; k < count; k++) {
        for (int i = 0; i < 65536; i++) {
            double  y = ((i - (c - 0.5)) / (w - 1) + 0.5) * 255;

            lut[i] = (unsigned char) (y < 0 ? 0 : y > 255 ? 255 : y);
        }
        for (size_t i = 0; i < n; i++) {
            grey[i] = lut[raw[i]];
        }
        bytes += encode(grey, columns, rows, quality);
    }

    printf("%.1f %lu\n", (cpu_us() - start) / count, bytes / (unsigned) count);
    return 0;
}
