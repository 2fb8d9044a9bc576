/* SPDX-License-Identifier: BSD-2-Clause */

/* regions and statistics on pictures whose figures are known */

#include <math.h>
#include <stdlib.h>

#include "tap.h"
#include "render/measure.h"

static const pacs_histogram_t  none = { .bins = 0 };
static const pacs_look_t       plain = { .slope = 1 };
static const pacs_scale_t      same = { .look = &plain, .factor = 1 };


static unsigned
pixels(const pacs_roi_t *roi, uint32_t width, uint32_t height)
{
    pacs_box_t  b = pacs_roi_box(roi, width, height);
    uint8_t    *in = malloc(width + 1);
    unsigned    n = 0;

    for (uint32_t y = b.y0; y < b.y1; y++) {
        pacs_roi_row(roi, y, b.x0, b.x1 - b.x0, in);
        for (uint32_t x = b.x0; x < b.x1; x++) {
            n += in[x - b.x0];
        }
    }
    free(in);
    return n;
}


#define count(shape, width, height, ...)                                      \
    pixels(&(pacs_roi_t) { shape, (const double[]) { __VA_ARGS__ },           \
                           sizeof((double[]) { __VA_ARGS__ })                 \
                           / sizeof(double) }, width, height)

static void
regions(void)
{
    is_int(count(PACS_ROI_POINT, 8, 8, 7.99, 0), 1, "a point is a pixel");
    is_int(count(PACS_ROI_POINT, 8, 8, 8, 0), 0, "or outside");
    is_int(count(PACS_ROI_POINT, 8, 8, -0.01, 3), 0, "to the left too");
    is_int(count(PACS_ROI_RECTANGLE, 8, 8, 0, 0, 8, 8), 64, "all");
    is_int(count(PACS_ROI_RECTANGLE, 8, 8, -5, -5, 100, 100), 64, "clipped");
    is_int(count(PACS_ROI_RECTANGLE, 8, 8, 0.5, 0.5, 1, 1), 1,
           "a centre on the left edge belongs");
    is_int(count(PACS_ROI_RECTANGLE, 8, 8, 0.6, 0.6, 0.8, 0.8), 0,
           "between the centres there is nothing");
    is_int(count(PACS_ROI_RECTANGLE, 8, 8, 20, 0, 5, 5), 0, "beyond");

    unsigned  n = count(PACS_ROI_ELLIPSE, 300, 300, 150, 150, 100, 50, 0);
    ok(fabs(n - M_PI * 5000) < 40, "an ellipse: %u pixels", n);
    for (int angle = 15; angle < 180; angle += 15) {
        unsigned  m = count(PACS_ROI_ELLIPSE, 300, 300, 150, 150, 100, 50,
                            angle);
        ok(fabs(m - M_PI * 5000) < 40, "turned by %d: %u", angle, m);
    }
    is_int(count(PACS_ROI_ELLIPSE, 300, 300, 150, 150, 10, 140, 90),
           count(PACS_ROI_ELLIPSE, 300, 300, 150, 150, 140, 10, 0),
           "turned by 90");
    is_int(count(PACS_ROI_ELLIPSE, 9, 9, 4.5, 4.5, 1e-300, 1e-300, 0), 1,
           "a tiny one around a centre");

    is_int(count(PACS_ROI_POLYGON, 8, 8, 0, 0, 8, 0, 8, 8, 0, 8), 64,
           "a square polygon");
    is_int(count(PACS_ROI_POLYGON, 8, 8, 0, 0, 8, 8, 0, 8)
           + count(PACS_ROI_POLYGON, 8, 8, 0, 0, 8, 0, 8, 8), 64,
           "two triangles share no pixel and leave none out");
    is_int(count(PACS_ROI_POLYGON, 8, 8, -1e6, -1e6, 1e6, -1e6, 1e6, 1e6,
                 -1e6, 1e6), 64, "a far polygon");
    /* the middle of a pentagram is outside by the even-odd rule */
    is_int(count(PACS_ROI_POLYGON, 100, 100, 0, 0, 100, 0, 100, 100, 0, 100,
                 0, 0, 25, 25, 75, 25, 75, 75, 25, 75, 25, 25), 7500,
           "a frame with a hole");
    is_int(count(PACS_ROI_POLYGON, 8, 8, 1, 1, 5, 5, 7, 7), 0, "a line");
}


static pacs_samples_t
grey16(const void *data, uint32_t columns, uint32_t rows)
{
    return (pacs_samples_t) {
        .px = { .rows = rows, .columns = columns, .frames = 1, .samples = 1,
                .allocated = 16, .stored = 16, .high_bit = 15,
                .is_signed = 1, .photometric = PACS_PI_MONO2 },
        .data = data, .len = (uint64_t) rows * columns * 2,
    };
}


static void
statistics(pacs_arena_t *a)
{
    static const double  v[] = { 0, 0, 4, 2 };
    int16_t              data[8] = { 1, 2, 3, 4, -2000, 6, 7, 8 };
    pacs_samples_t       s = grey16(data, 4, 2);
    pacs_look_t          look = { .slope = 1, .has_padding = 1,
                                  .padding = { -2000, -2000 } };
    pacs_scale_t         scale = { .look = &look, .factor = 1 };
    pacs_roi_t           roi = { PACS_ROI_RECTANGLE, v, 4 };
    pacs_histogram_t     h = { .bins = 4 };
    pacs_stats_t         out;
    pacs_field_t        *f;
    pacs_err_t           err = { 0, "" };

    look.slope = 2;
    look.intercept = -1;
    is_int(pacs_field_frame(&s, 0, 2, &look, &scale, a, &f, &err), PACS_OK,
           "a frame");
    is_int(pacs_measure(f, &roi, &h, a, &out, &err), PACS_OK, "measured");
    is_int((int64_t) out.count, 7, "pixels");
    is_int((int64_t) out.without, 1, "padding is left out");
    ok(fabs(out.mean - (2 * 31 / 7.0 - 1)) < 1e-12, "mean %g", out.mean);
    ok(fabs(out.sd - sqrt(599 / 7.0 - 3025 / 49.0)) < 1e-12, "SD %.17g", out.sd);
    ok(out.min == 1 && out.max == 15, "least and greatest");
    ok(out.bins[0] == 2 && out.bins[1] == 2 && out.bins[2] == 1
       && out.bins[3] == 2, "histogram: the last edge belongs");

    h = (pacs_histogram_t) { 2, true, 3, 11 };
    pacs_measure(f, &roi, &h, a, &out, &err);
    ok(out.below == 1 && out.above == 2 && out.bins[0] == 2
       && out.bins[1] == 2, "histogram with a range");

    /* rows 10 and 11 of a frame */
    static const double  w[] = { 3, 11, 1, 1 };
    roi.v = w;
    pacs_field_frame(&s, 10, 12, &look, &same, a, &f, &err);
    pacs_measure(f, &roi, &none, a, &out, &err);
    ok(out.count == 1 && out.mean == 8 && out.sd == 0, "only some rows");

    static const double  padding[] = { 0, 11, 1, 1 };
    roi.v = padding;
    h.has_range = false;
    pacs_measure(f, &roi, &h, a, &out, &err);
    ok(out.count == 0 && out.without == 1 && isnan(out.mean) && isnan(out.sd)
       && isnan(out.min) && out.low < out.high, "nothing but padding");
}


static void
scales(void)
{
    pacs_look_t   look = { .slope = 3, .intercept = -2 };
    double        table[3] = { 0.5, 1.5, 2.5 };
    pacs_scale_t  s = { .look = &look, .factor = 0.5 };

    ok(pacs_scale_value(&s, 4) == 5, "the look's value times a factor");

    s = (pacs_scale_t) { .slope = 2, .intercept = 1, .first = 0, .last = 9 };
    ok(pacs_scale_value(&s, 9) == 19 && isnan(pacs_scale_value(&s, 10)),
       "a line of real world values");

    s = (pacs_scale_t) { .table = table, .first = -1, .last = 1 };
    ok(pacs_scale_value(&s, -1) == 0.5 && pacs_scale_value(&s, 1) == 2.5,
       "a table of real world values");
    ok(isnan(pacs_scale_value(&s, 2)) && isnan(pacs_scale_value(&s, -2))
       && isnan(pacs_scale_value(&s, NAN)), "and what it does not map");
}


static void
others(pacs_arena_t *a)
{
    static const double  v[] = { 0, 0, 2, 2 };
    const float          plane[4] = { 1, NAN, 3, INFINITY };
    const uint8_t        rgb[12] = { 1, 10, 100, 2, 20, 200, 3, 30, 255,
                                     4, 40, 0 };
    pacs_samples_t       s = {
        .px = { .rows = 2, .columns = 2, .frames = 1, .samples = 3,
                .allocated = 8, .stored = 8, .high_bit = 7,
                .photometric = PACS_PI_RGB },
        .data = rgb, .len = sizeof(rgb)
    };
    pacs_roi_t           roi = { PACS_ROI_RECTANGLE, v, 4 };
    pacs_stats_t         out[3];
    pacs_field_t        *f;
    pacs_err_t           err = { 0, "" };

    pacs_field_plane(plane, 2, 2, a, &f, &err);
    pacs_measure(f, &roi, &none, a, out, &err);
    ok(out->count == 2 && out->without == 2 && out->mean == 2 && out->sd == 1,
       "a plane of a volume, NaN left out");

    pacs_field_frame(&s, 0, 2, &plain, &same, a, &f, &err);
    is_int(f->channels, 3, "colour has three channels");
    pacs_measure(f, &roi, &none, a, out, &err);
    ok(out[0].mean == 2.5 && out[1].mean == 25 && out[2].mean == 138.75,
       "each measured for itself");

    s.px.planar = 1;
    pacs_field_frame(&s, 0, 2, &plain, &same, a, &f, &err);
    pacs_measure(f, &roi, &none, a, out, &err);
    ok(out[0].mean == 28.25 && out[2].mean == 74.75, "by plane as well");

    s.px.planar = 0;
    s.px.photometric = PACS_PI_YBR_FULL;
    pacs_field_frame(&s, 0, 2, &plain, &same, a, &f, &err);
    pacs_measure(f, &roi, &none, a, out, &err);
    ok(out[0].max == 181, "YBR is measured as RGB (%g)", out[0].max);

    s.len--;
    is_int(pacs_field_frame(&s, 0, 2, &plain, &same, a, &f, &err),
           PACS_E_UNSHOWABLE, "too few bytes");
}


static void
gauges(void)
{
    pacs_us_region_t  regions[] = { { 10, 10, 99, 99, 0.2, 0.1 },
                                    { 10, 60, 99, 99, 0, 0 } };
    pacs_gauge_t      g = { .spacing = { .row = 1, .column = 1,
                                         .source = "PixelSpacing" },
                            .regions = regions, .nregions = 2 };
    pacs_box_t        box = { 10, 10, 100, 50 };

    ok(pacs_gauge_spacing(&g, &box).row == 0.2, "within a region");
    box.y0 = 60;
    box.y1 = 70;
    ok(pacs_gauge_spacing(&g, &box).row == 0, "one that has no lengths");
    box.x0 = 9;
    ok(pacs_gauge_spacing(&g, &box).row == 1, "outside: the whole picture's");
}


int
main(void)
{
    pacs_arena_t *a = pacs_arena_create(0);

    regions();
    statistics(a);
    scales();
    others(a);
    gauges();
    pacs_arena_destroy(a);
    return done();
}
