/* SPDX-License-Identifier: BSD-2-Clause */

/* ICC profiles from outside: whatever they hold, a picture or a refusal, and
 * the same each time. */

#include <stdlib.h>
#include <string.h>

#include "render/render.h"
#include "tap.h"

enum { SIDE = 8, ROUNDS = 600 };

static uint8_t  rgb[SIDE * SIDE * 3];


static int
render(pacs_icc_e icc, pacs_str_t own, pacs_buf_t *out, pacs_err_t *err)
{
    pacs_picture_t  want = { .format = PACS_PICTURE_JPEG, .icc = (uint8_t) icc,
                             .profile = own };

    *out = (pacs_buf_t) { 0 };
    *err = (pacs_err_t) { 0 };
    return pacs_render_rgb(rgb, SIDE, SIDE, &want, out, err);
}


/* the bytes behind APP2's "ICC_PROFILE\0" 1 1 */
static pacs_str_t
embedded(const pacs_buf_t *jpeg)
{
    const char  *p = memmem(jpeg->data, jpeg->len, "ICC_PROFILE", 12);

    if (p == NULL) {
        return pacs_null;
    }

    size_t  len = (size_t) (uint8_t) p[-2] << 8 | (uint8_t) p[-1];

    return (pacs_str_t) { p + 14, len - 16 };
}


static bool
equal(const pacs_buf_t *a, const pacs_buf_t *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}


static void
test_good(pacs_str_t own)
{
    pacs_buf_t  plain, same, converted;
    pacs_err_t  err;

    is_int(render(PACS_ICC_NO, own, &plain, &err), PACS_OK, "no profile");
    is_int((int) embedded(&plain).len, 0, "... is embedded");
    is_int(render(PACS_ICC_YES, own, &same, &err), PACS_OK, "the own one");
    ok(pacs_str_eq(embedded(&same), own), "... is embedded as it is");
    is_int(render(PACS_ICC_SRGB, own, &converted, &err), PACS_OK, "sRGB");
    ok(!pacs_str_eq(embedded(&converted), own), "... is another");

    pacs_buf_free(&plain);
    pacs_buf_free(&same);
    pacs_buf_free(&converted);
}


/* of several bytes, mostly in the header and the table of tags */
static void
spoil(char *copy, size_t len, unsigned seed)
{
    srandom(seed);

    for (unsigned n = 1 + seed % 4; n != 0; n--) {
        size_t  range = random() % 2 ? 260 : len;

        copy[(size_t) random() % range] = (char) random();
    }
}


static void
test_spoiled(pacs_str_t own)
{
    unsigned  good = 0, refused = 0, other = 0, differ = 0;

    for (unsigned seed = 0; seed < ROUNDS; seed++) {
        /* of its own length: a read beyond is seen by ASan */
        size_t      len = seed % 3 == 0 ? seed % own.len : own.len;
        char       *copy = malloc(len + 1);
        pacs_buf_t  first, second;
        pacs_err_t  err;

        memcpy(copy, own.data, len);
        if (len > 260) {
            spoil(copy, len, seed);
        }

        int  rc = render(PACS_ICC_SRGB, (pacs_str_t) { copy, len }, &first,
                         &err);

        good += rc == PACS_OK;
        refused += rc == PACS_E_UNSHOWABLE;
        other += rc != PACS_OK && rc != PACS_E_UNSHOWABLE;

        render(PACS_ICC_SRGB, (pacs_str_t) { copy, len }, &second, &err);
        differ += !equal(&first, &second);

        pacs_buf_free(&first);
        pacs_buf_free(&second);
        free(copy);
    }

    ok(good != 0 && refused != 0, "spoiled ones: %u converted, %u refused",
       good, refused);
    is_int((int) other, 0, "... nothing else");
    is_int((int) differ, 0, "... twice the same bytes");
}


int
main(void)
{
    pacs_buf_t  jpeg;
    pacs_err_t  err;

    for (unsigned i = 0; i < sizeof(rgb); i++) {
        rgb[i] = (uint8_t) (i * 37);
    }

    is_int(render(PACS_ICC_ADOBE_RGB, pacs_null, &jpeg, &err), PACS_OK,
           "ours, to begin with");

    pacs_str_t  own = embedded(&jpeg);

    if (ok(own.len > 260, "... is embedded")) {
        test_good(own);
        test_spoiled(own);
    }
    pacs_buf_free(&jpeg);
    return done();
}
