/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * bare_decode j2k|jls|htj2k FILE CENTER WIDTH QUALITY COUNT: the least that
 * a coded 16-bit grey frame costs: the library's own decoder, a table look-up
 * and libjpeg-turbo, in a loop.  Prints microseconds a picture: by the clock,
 * and of them the decoder's.
 */

#include <charls/charls.h>
#include <jpeglib.h>
#include <openjpeg.h>
#include <openjph/ojph_arch.h>
#include <openjph/ojph_codestream.h>
#include <openjph/ojph_file.h>
#include <openjph/ojph_mem.h>
#include <openjph/ojph_params.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

struct frame {
    unsigned              columns, rows;
    std::vector<uint16_t> samples;
};

struct input {
    const std::vector<uint8_t>  *data;
    size_t                       at;
};


static OPJ_SIZE_T
read_input(void *to, OPJ_SIZE_T n, void *from)
{
    input  *in = static_cast<input *>(from);
    size_t  left = in->data->size() - in->at;

    if (left == 0) {
        return (OPJ_SIZE_T) -1;
    }
    n = n < left ? n : left;
    memcpy(to, in->data->data() + in->at, n);
    in->at += n;
    return n;
}


static void
decode_j2k(const std::vector<uint8_t> &data, frame &f)
{
    input              in = { &data, 0 };
    opj_dparameters_t  params;
    opj_image_t       *image = nullptr;
    opj_codec_t       *codec = opj_create_decompress(OPJ_CODEC_J2K);
    opj_stream_t      *stream = opj_stream_create(64 * 1024, OPJ_TRUE);

    opj_stream_set_user_data(stream, &in, nullptr);
    opj_stream_set_user_data_length(stream, data.size());
    opj_stream_set_read_function(stream, read_input);
    opj_set_default_decoder_parameters(&params);

    if (!opj_setup_decoder(codec, &params)
        || !opj_read_header(stream, codec, &image)
        || !opj_decode(codec, stream, image))
    {
        exit(1);
    }

    f.columns = image->comps[0].w;
    f.rows = image->comps[0].h;
    f.samples.resize((size_t) f.columns * f.rows);
    for (size_t i = 0; i < f.samples.size(); i++) {
        f.samples[i] = (uint16_t) image->comps[0].data[i];
    }

    opj_image_destroy(image);
    opj_stream_destroy(stream);
    opj_destroy_codec(codec);
}


static void
decode_jls(const std::vector<uint8_t> &data, frame &f)
{
    charls::jpegls_decoder  decoder(data, true);

    f.columns = decoder.frame_info().width;
    f.rows = decoder.frame_info().height;
    f.samples.resize((size_t) f.columns * f.rows);
    decoder.decode(f.samples);
}


static void
decode_htj2k(const std::vector<uint8_t> &data, frame &f)
{
    ojph::codestream  stream;
    ojph::mem_infile  in;

    in.open(data.data(), data.size());
    stream.read_headers(&in);

    ojph::point  to = stream.access_siz().get_image_extent();

    f.columns = to.x;
    f.rows = to.y;
    f.samples.resize((size_t) f.columns * f.rows);
    stream.create();

    for (unsigned y = 0; y < f.rows; y++) {
        ojph::ui32       c = 0;
        ojph::line_buf  *line = stream.pull(c);

        for (unsigned x = 0; x < f.columns; x++) {
            f.samples[(size_t) y * f.columns + x] = (uint16_t) line->i32[x];
        }
    }
}


static void
show(const frame &f, double c, double w, int quality)
{
    static unsigned char  lut[65536];

    for (int i = 0; i < 65536; i++) {
        double  y = ((i - (c - 0.5)) / (w - 1) + 0.5) * 255;

        lut[i] = (unsigned char) (y < 0 ? 0 : y > 255 ? 255 : y);
    }

    std::vector<unsigned char>   row(f.columns);
    struct jpeg_compress_struct  j;
    struct jpeg_error_mgr        e;
    unsigned char               *out = nullptr;
    unsigned long                len = 0;

    j.err = jpeg_std_error(&e);
    jpeg_create_compress(&j);
    jpeg_mem_dest(&j, &out, &len);
    j.image_width = f.columns;
    j.image_height = f.rows;
    j.input_components = 1;
    j.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&j);
    jpeg_set_quality(&j, quality, TRUE);
    jpeg_start_compress(&j, TRUE);

    while (j.next_scanline < j.image_height) {
        const uint16_t  *from = &f.samples[(size_t) j.next_scanline
                                           * f.columns];
        JSAMPROW         p = row.data();

        for (unsigned x = 0; x < f.columns; x++) {
            row[x] = lut[from[x]];
        }
        jpeg_write_scanlines(&j, &p, 1);
    }

    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    free(out);
}


int
main(int argc, char **argv)
{
    static const struct {
        const char  *name;
        void       (*decode)(const std::vector<uint8_t> &data, frame &f);
    } kinds[] = {
        { "j2k", decode_j2k }, { "jls", decode_jls }, { "htj2k", decode_htj2k }
    };

    if (argc != 7) {
        fprintf(stderr, "usage: bare_decode j2k|jls|htj2k FILE CENTER WIDTH "
                "QUALITY COUNT\n");
        return 2;
    }

    std::ifstream         file(argv[2], std::ios::binary);
    std::vector<uint8_t>  data{std::istreambuf_iterator<char>(file), {}};
    int                   count = atoi(argv[6]);

    for (const auto &k : kinds) {
        if (strcmp(k.name, argv[1]) != 0) {
            continue;
        }

        using clock = std::chrono::steady_clock;
        std::chrono::duration<double, std::micro>  all{}, decoding{};

        for (int i = 0; i < count; i++) {
            frame  f;
            auto   start = clock::now();

            k.decode(data, f);
            decoding += clock::now() - start;
            show(f, atof(argv[3]), atof(argv[4]), atoi(argv[5]));
            all += clock::now() - start;
        }
        printf("%.1f %.1f\n", all.count() / count, decoding.count() / count);
        return 0;
    }
    return 2;
}
