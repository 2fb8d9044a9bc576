/* SPDX-License-Identifier: BSD-2-Clause */

/* DICOM JSON, PS3.18 Annex F, of data sets made here byte by byte */

#include <math.h>

#include "dicom/number.h"
#include "tap.h"

#define BULK  "/bulkdata/"

static pacs_arena_t  *arena;
static bool           big;


static void
put(pacs_buf_t *b, uint64_t v, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        pacs_buf_char(b, (char) (v >> 8 * (big ? size - 1 - i : i)));
    }
}


/* explicit VR, short length unless the VR is one of the long ones */
static void
head(pacs_buf_t *b, uint32_t tag, const char *vr, uint32_t len)
{
    bool  wide = pacs_vr(PACS_VR(vr[0], vr[1]))->long_length;

    put(b, tag >> 16, 2);
    put(b, tag & 0xffff, 2);
    pacs_buf_text(b, vr);
    if (wide) {
        put(b, 0, 2);
    }
    put(b, len, wide ? 4 : 2);
}


static void
text(pacs_buf_t *b, uint32_t tag, const char *vr, const char *value)
{
    head(b, tag, vr, (uint32_t) strlen(value));
    pacs_buf_text(b, value);
}


static void
item(pacs_buf_t *b, uint32_t tag)
{
    put(b, 0xfffe, 2);
    put(b, tag, 2);
    put(b, tag == 0xe000 ? PACS_UNDEFINED : 0, 4);
}


/* the JSON of the elements, with "@" at each splice; frees b */
static pacs_str_t
json_of(pacs_buf_t *b, size_t inline_max, size_t keep)
{
    const char      *uid = big ? "1.2.840.10008.1.2.2" : "1.2.840.10008.1.2.1";
    pacs_buf_t       file = { 0 }, out = { 0 };
    pacs_dataset_t   ds;
    pacs_json_t      json;
    pacs_err_t       err = { 0 };
    bool             order = big;

    for (int i = 0; i < 128; i++) {
        pacs_buf_char(&file, 0);
    }
    pacs_buf_text(&file, "DICM");
    big = false;
    head(&file, 0x00020010, "UI", 20);
    pacs_buf_add(&file, uid, 20);
    big = order;
    pacs_buf_add(&file, b->data, b->len);
    pacs_buf_free(b);

    pacs_str_t     bytes = pacs_buf_take(&file, arena);
    pacs_source_t  source = pacs_source_mem(bytes.data, bytes.len);

    if (pacs_dicom_read(&source, &pacs_limits_default, keep, arena, &ds, &err)
        != PACS_OK
        || pacs_json_write(&source, &ds, inline_max, arena, &json, &err)
        != PACS_OK)
    {
        return pacs_sprintf(arena, "%s", err.text);
    }

    size_t  at = 0;

    for (uint32_t i = 0; i < json.nsplice; i++) {
        pacs_buf_add(&out, json.text.data + at, json.splice[i] - at);
        pacs_buf_char(&out, '@');
        at = json.splice[i];
    }
    pacs_buf_add(&out, json.text.data + at, json.text.len - at);
    pacs_buf_free(&json.text);
    return pacs_buf_take(&out, arena);
}


static void
is_json(pacs_buf_t *b, const char *want, const char *name)
{
    is_str(json_of(b, 8, 4096), want, name);
}


/* a single text element; value: what stands behind its "vr" */
static void
is_text(const char *vr, const char *value, const char *want)
{
    pacs_buf_t  b = { 0 };
    pacs_str_t  whole = pacs_sprintf(arena, "{\"00091010\":{\"vr\":\"%s\"%s}}",
                                     vr, want);

    text(&b, 0x00091010, vr, value);
    is_json(&b, whole.data, whole.data);
}


static void
texts(void)
{
    static const struct { const char *vr, *value, *want; }  rows[] = {
        { "LO", "", "" },
        { "LO", "    ", "" },
        { "LO", " a b ", ",\"Value\":[\"a b\"]" },
        { "LO", "a\\\\c", ",\"Value\":[\"a\",null,\"c\"]" },
        { "LO", "\\ ", ",\"Value\":[null,null]" },
        { "LO", "say \"x\" ", ",\"Value\":[\"say \\\"x\\\"\"]" },
        { "LT", "  a\\b\r\n  ", ",\"Value\":[\"  a\\\\b\\r\\n\"]" },
        { "UR", "http://x/y?z\\ ", ",\"Value\":[\"http://x/y?z\\\\\"]" },
        { "DA", "20200101", ",\"Value\":[\"20200101\"]" },
        { "PN", "Doe^Jane", ",\"Value\":[{\"Alphabetic\":\"Doe^Jane\"}]" },
        { "PN", "A=B=C ", ",\"Value\":[{\"Alphabetic\":\"A\","
          "\"Ideographic\":\"B\",\"Phonetic\":\"C\"}]" },
        { "PN", "==C ", ",\"Value\":[{\"Phonetic\":\"C\"}]" },
        { "PN", "A\\\\=B", ",\"Value\":[{\"Alphabetic\":\"A\"},null,"
          "{\"Ideographic\":\"B\"}]" },
        { "PN", "==", ",\"Value\":[null]" },
        { "DS", "1.50\\+.5\\-007\\1e3 ", ",\"Value\":[1.50,0.5,-7,1e3]" },
        { "DS", "1.\\-.5\\1.E-5\\  ", ",\"Value\":[1,-0.5,1E-5,null]" },
        { "DS", "NaN\\1,5\\1e999\\--1", ",\"Value\":[\"NaN\",\"1,5\","
          "\"1e999\",\"--1\"]" },
        { "IS", "12\\abc\\1.0\\-0 ", ",\"Value\":[12,\"abc\",1.0,-0]" },
        { "IS", "99999999999999999999",
          ",\"Value\":[99999999999999999999]" }
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        is_text(rows[i].vr, rows[i].value, rows[i].want);
    }
}


static void
binary(const char *order)
{
    static const uint64_t  us[] = { 1, 65535 }, ul[] = { 4294967295u },
                           ss[] = { 0x8000, 7 }, sl[] = { 0x80000000u },
                           uv[] = { 9007199254740992, 9007199254740993 },
                           sv[] = { (uint64_t) -5, (uint64_t) INT64_MIN };
    static const struct {
        const char  *vr;
        const uint64_t *v;
        unsigned     size, n;
        const char  *want;
    }  rows[] = {
        { "US", us, 2, 2, "1,65535" }, { "SS", ss, 2, 2, "-32768,7" },
        { "UL", ul, 4, 1, "4294967295" }, { "SL", sl, 4, 1, "-2147483648" },
        { "UV", uv, 8, 2, "9007199254740992,\"9007199254740993\"" },
        { "SV", sv, 8, 2, "-5,\"-9223372036854775808\"" }
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pacs_buf_t  b = { 0 };

        head(&b, 0x00091010, rows[i].vr, rows[i].n * rows[i].size);
        for (unsigned k = 0; k < rows[i].n; k++) {
            put(&b, rows[i].v[k], rows[i].size);
        }
        is_json(&b, pacs_sprintf(arena, "{\"00091010\":{\"vr\":\"%s\","
                "\"Value\":[%s]}}", rows[i].vr, rows[i].want).data,
                pacs_sprintf(arena, "%s, %s", rows[i].vr, order).data);
    }

    pacs_buf_t  b = { 0 };

    head(&b, 0x00091010, "AT", 8);
    put(&b, 0x0010, 2);
    put(&b, 0x00ab, 2);
    put(&b, 0x7fe0, 2);
    put(&b, 0x0010, 2);
    is_json(&b, "{\"00091010\":{\"vr\":\"AT\",\"Value\":[\"001000AB\","
            "\"7FE00010\"]}}", order);

    head(&b, 0x00091010, "OW", 4);
    put(&b, 0x0201, 2);
    put(&b, 0x0403, 2);
    head(&b, 0x00091011, "OD", 8);
    put(&b, 0x0807060504030201, 8);
    head(&b, 0x00091012, "OB", 2);
    pacs_buf_add(&b, "\1\2", 2);
    is_json(&b, "{\"00091010\":{\"vr\":\"OW\",\"InlineBinary\":\"AQIDBA==\"},"
            "\"00091011\":{\"vr\":\"OD\",\"InlineBinary\":\"AQIDBAUGBwg=\"},"
            "\"00091012\":{\"vr\":\"OB\",\"InlineBinary\":\"AQI=\"}}",
            "InlineBinary is little endian");
}


static void
floats(void)
{
    static const struct { double v; const char *fl, *fd; }  rows[] = {
        { 0, "0", "0" }, { -0.0, "-0.0", "-0.0" }, { 1, "1", "1" },
        { 0.1, "0.1", "0.1" }, { -2.5, "-2.5", "-2.5" },
        { 1e-7, "0.0000001", "0.0000001" }, { 1e22, "1e+22", "1e+22" },
        { 123456.789, "123456.79", "123456.789" },
        { 0.1 + 0.2, "0.3", "0.30000000000000004" },
        { 1.0 / 3, "0.33333334", "0.3333333333333333" },
        { 5e-324, "0", "4.94065645841247e-324" },
        { 1.7976931348623157e308, "Infinity",
          "1.7976931348623157e+308" },
        { INFINITY, "Infinity", "Infinity" },
        { -INFINITY, "-Infinity", "-Infinity" }, { NAN, "NaN", "NaN" }
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char   out[PACS_NUMBER_MAX];
        float  f = (float) rows[i].v;
        pacs_str_t  fl = { out, pacs_number_binary(pacs_vr(PACS_FL),
            (const uint8_t *) &f, false, out) };

        is_str(fl, rows[i].fl, "FL");

        pacs_str_t  fd = { out, pacs_number_binary(pacs_vr(PACS_FD),
            (const uint8_t *) &rows[i].v, false, out) };

        is_str(fd, rows[i].fd, "FD");
    }

    pacs_buf_t  b = { 0 };
    double      nan = NAN, one = 1;

    head(&b, 0x00091010, "FD", 16);
    pacs_buf_add(&b, &nan, 8);
    pacs_buf_add(&b, &one, 8);
    is_json(&b, "{\"00091010\":{\"vr\":\"FD\",\"Value\":[null,1]}}",
            "NaN is null");
}


static void
tree(void)
{
    pacs_buf_t  b = { 0 };

    text(&b, 0x00080005, "CS", "ISO_IR 100");
    text(&b, 0x00081030, "LO", "\xe4 ");
    head(&b, 0x00081115, "SQ", PACS_UNDEFINED);
    item(&b, 0xe000);
    text(&b, 0x00080005, "CS", "ISO_IR 144");
    head(&b, 0x00081199, "SQ", PACS_UNDEFINED);
    item(&b, 0xe000);
    text(&b, 0x00081030, "LO", "\xbb ");
    head(&b, 0x00091010, "OB", 10);
    pacs_buf_add(&b, "0123456789", 10);
    item(&b, 0xe00d);
    item(&b, 0xe0dd);
    text(&b, 0x00091010, "LO", "x ");
    item(&b, 0xe00d);
    item(&b, 0xe000);
    item(&b, 0xe00d);
    item(&b, 0xe000);
    text(&b, 0x00081030, "LO", "\xe4 ");
    head(&b, 0x00091011, "UN", 12);
    pacs_buf_add(&b, "0123456789ab", 12);
    item(&b, 0xe00d);
    item(&b, 0xe0dd);
    head(&b, 0x00081140, "SQ", 0);
    head(&b, 0x00091012, "OB", 9);
    pacs_buf_add(&b, "012345678", 9);
    text(&b, 0x00100000, "UL", "abcd");
    text(&b, 0x00200010, "SH", "1 ");
    text(&b, 0xfffcfffc, "OB", "zz");

    is_json(&b, "{\"00080005\":{\"vr\":\"CS\",\"Value\":[\"ISO_IR 192\"]},"
        "\"00081030\":{\"vr\":\"LO\",\"Value\":[\"ä\"]},"
        "\"00081115\":{\"vr\":\"SQ\",\"Value\":[{"
        "\"00080005\":{\"vr\":\"CS\",\"Value\":[\"ISO_IR 192\"]},"
        "\"00081199\":{\"vr\":\"SQ\",\"Value\":[{"
        "\"00081030\":{\"vr\":\"LO\",\"Value\":[\"Л\"]},"
        "\"00091010\":{\"vr\":\"OB\",\"BulkDataURI\":"
        "\"@" BULK "00081115/1/00081199/1/00091010\"}}]},"
        "\"00091010\":{\"vr\":\"LO\",\"Value\":[\"x\"]}},"
        "{},{\"00081030\":{\"vr\":\"LO\",\"Value\":[\"ä\"]},"
        "\"00091011\":{\"vr\":\"UN\",\"BulkDataURI\":"
        "\"@" BULK "00081115/3/00091011\"}}]},"
        "\"00081140\":{\"vr\":\"SQ\"},"
        "\"00091012\":{\"vr\":\"OB\",\"BulkDataURI\":\"@" BULK "00091012\"},"
        "\"00200010\":{\"vr\":\"SH\",\"Value\":[\"1\"]}}",
        "nested: charsets, bulk paths, what is left out");

    text(&b, 0x00200010, "SH", "2 ");
    text(&b, 0x00100010, "PN", "B^");
    text(&b, 0x00100010, "PN", "C^");
    is_json(&b, "{\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":"
            "\"B^\"}]},\"00200010\":{\"vr\":\"SH\",\"Value\":[\"2\"]}}",
            "out of order, and one tag twice");

    is_json(&b, "{}", "no elements");
}


static void
bulk(void)
{
    pacs_buf_t  b = { 0 };

    head(&b, 0x00091010, "UT", 3000);
    for (int i = 0; i < 3000; i++) {
        pacs_buf_char(&b, 'a');
    }
    head(&b, 0x00091011, "US", 6);
    pacs_buf_add(&b, "\1\0\2\0\3\0", 6);
    head(&b, 0x00091012, "OB", 6);
    pacs_buf_add(&b, "123456", 6);

    pacs_buf_t  copy = { 0 }, copy2 = { 0 };

    pacs_buf_add(&copy, b.data, b.len);
    pacs_buf_add(&copy2, b.data, b.len);

    pacs_str_t  kept = json_of(&b, 8, 4096), left = json_of(&copy, 8, 0);

    ok(kept.len > 3000 && pacs_str_eq(kept, left),
       "values that the reader left in the stream");

    pacs_str_t  less = json_of(&copy2, 5, 0);

    ok(memmem(less.data, less.len, "@" BULK "00091012", 19) != NULL
       && memmem(kept.data, kept.len, "MTIzNDU2", 8) != NULL,
       "six bytes: bulk for inline_max 5, inline for 8");

    head(&b, 0x00091010, "UT", 1 << 21);
    for (int i = 0; i < 1 << 21; i++) {
        pacs_buf_char(&b, 'a');
    }
    is_json(&b, "{\"00091010\":{\"vr\":\"UT\",\"BulkDataURI\":\"@" BULK
            "00091010\"}}", "text of 2 MB is bulk");

    head(&b, 0x7fe00010, "OB", 0);
    is_json(&b, "{\"7FE00010\":{\"vr\":\"OB\"}}", "empty pixel data");
}


static void
attributes(void)
{
    static const struct {
        uint16_t     vr;
        const char  *text, *want;
    }  rows[] = {
        { PACS_PN, "A^B=字", ",\"Value\":[{\"Alphabetic\":\"A^B\","
          "\"Ideographic\":\"字\"}]" },
        { PACS_IS, "3", ",\"Value\":[3]" },
        { PACS_US, "3\\4", ",\"Value\":[3,4]" },
        { PACS_CS, "CT\\MR", ",\"Value\":[\"CT\",\"MR\"]" },
        { PACS_AT, "00100020", ",\"Value\":[\"00100020\"]" },
        { PACS_FD, "NaN", ",\"Value\":[null]" },
        { PACS_FD, "-Infinity\\1", ",\"Value\":[\"-Infinity\",1]" },
        { PACS_LO, "", "" }, { PACS_OB, "x", "" }, { PACS_SQ, "", "" }
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pacs_buf_t  b = { 0 };

        pacs_json_attr(&b, 0x00091010, rows[i].vr, pacs_cstr(rows[i].text));
        is_str((pacs_str_t) { b.data, b.len }, pacs_sprintf(arena,
            "\"00091010\":{\"vr\":\"%c%c\"%s}", rows[i].vr >> 8,
            rows[i].vr & 255, rows[i].want).data, "pacs_json_attr");
        pacs_buf_free(&b);
    }
}


static void
elem_text(void)
{
    static const struct {
        uint16_t     vr;
        pacs_str_t   raw;
        const char  *want;      /* NULL: pacs_null */
    }  rows[] = {
        { PACS_PN, { "\xc4^B = ", 6 }, "Ä^B =" },
        { PACS_UI, { "1.2\0", 4 }, "1.2" },
        { PACS_CS, { " CT \\ MR", 8 }, "CT\\MR" },
        { PACS_LO, { "a\\\\ b ", 6 }, "a\\\\b" },
        { PACS_LT, { " a\\ ", 4 }, " a\\" },
        { PACS_SH, { "  ", 2 }, NULL },
        { PACS_CS, { "\xc4", 1 }, "\xef\xbf\xbd" },
        { PACS_US, { "\1\0\2\1", 4 }, "1\\258" },
        { PACS_SS, { "\xff\xff\7", 3 }, "-1" },
        { PACS_US, { "\7", 1 }, NULL },
        { PACS_AT, { "\x10\0\x20\0", 4 }, "00100020" },
        { PACS_FL, { "\0\0\x20\x40", 4 }, "2.5" },
        { PACS_FL, { "\0\0\x80\x7f", 4 }, "Infinity" },
        { PACS_OB, { "ab", 2 }, NULL }, { PACS_UN, { "ab", 2 }, NULL }
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pacs_item_t  root = { .charset = pacs_lit("ISO_IR 100") };
        pacs_elem_t  elem = {
            .vr = rows[i].vr, .length = rows[i].raw.len,
            .value = (const uint8_t *) rows[i].raw.data
        };
        pacs_str_t   got = pacs_elem_text(&root, &elem, arena);

        if (rows[i].want == NULL) {
            ok(got.data == NULL && got.len == 0, "no text");
        } else {
            is_str(got, rows[i].want, "pacs_elem_text");
        }
    }

    pacs_item_t  root = { .big_endian = 1 };
    pacs_elem_t  elem = { .vr = PACS_UL, .length = 4,
                          .value = (const uint8_t *) "\0\0\1\2" };

    is_str(pacs_elem_text(&root, &elem, arena), "258", "big endian");
    ok(pacs_elem_text(&root, NULL, arena).data == NULL, "absent");
}


#define TAG(n)  "\"000800" n "\":{\"vr\":\"DA\""
#define V(n, v)  TAG(n) ",\"Value\":[\"" v "\"]}"
#define LINK  "\"7FE00010\":{\"vr\":\"OW\",\"BulkDataURI\":\"/b\"}"

static void
shared(void)
{
    static const struct { const char *array, *want; }  rows[] = {
        { "[]", "{\"shared\":{},\"instances\":[]}" },
        { "[{}]", "{\"shared\":{},\"instances\":[{}]}" },
        { "[{" V("20", "1") "}]",
          "{\"shared\":{" V("20", "1") "},\"instances\":[{}]}" },
        { "[{" V("20", "1") "," V("21", "x}\\\"{") "},"
          "{" V("20", "2") "," V("21", "x}\\\"{") "}]",
          "{\"shared\":{" V("21", "x}\\\"{") "},\"instances\":["
          "{" V("20", "1") "},{" V("20", "2") "}]}" },
        /* one without it, one with another, one with more */
        { "[{" V("20", "1") "," V("21", "2") "," V("22", "3") "},"
          "{" V("20", "1") "," V("22", "3") "},"
          "{" V("19", "0") "," V("20", "1") "," V("21", "4") ","
          V("22", "3") "," V("23", "5") "}]",
          "{\"shared\":{" V("20", "1") "," V("22", "3") "},\"instances\":["
          "{" V("21", "2") "},{},{" V("19", "0") "," V("21", "4") ","
          V("23", "5") "}]}" },
        /* nothing is the beginning of something else */
        { "[{" TAG("20") "}},{" TAG("20") ",\"Value\":[]}}]",
          "{\"shared\":{},\"instances\":[{" TAG("20") "}},{" TAG("20")
          ",\"Value\":[]}}]}" },
        { "[{" V("20", "1") "," LINK "},{" V("20", "1") "," LINK "}]",
          "{\"shared\":{" V("20", "1") "},\"instances\":[{},{}]}" },
        { "[{" LINK "},{}]", "{\"shared\":{},\"instances\":[{},{}]}" },
    };
    static const char *const  wrong[] = {
        "", "[", "{}", "[{}", "[{},", "[{},]", "[{}]x", "[7]", "[{\"a\":1}]",
        "[{" TAG("20") "]", "[{" V("20", "1") "},{" TAG("20"),
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pacs_buf_t  out = { 0 };
        pacs_err_t  err = { 0 };

        ok(pacs_json_share((pacs_str_t) { rows[i].array,
                           strlen(rows[i].array) }, arena, &out, &err)
           == PACS_OK, err.text);
        is_str(pacs_buf_take(&out, arena), rows[i].want, rows[i].array);
    }

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        pacs_buf_t  out = { 0 };
        pacs_err_t  err = { 0 };
        size_t      len = strlen(wrong[i]);
        char       *exact = pacs_alloc(arena, len + 1);

        memcpy(exact, wrong[i], len);
        ok(pacs_json_share((pacs_str_t) { exact, len }, arena, &out, &err)
           == PACS_E_ARG, wrong[i]);
        pacs_buf_free(&out);
    }
}


int
main(void)
{
    arena = pacs_arena_create(0);

    texts();
    binary("little endian");
    big = true;
    binary("big endian");
    big = false;
    floats();
    tree();
    bulk();
    attributes();
    elem_text();
    shared();

    pacs_arena_destroy(arena);
    return done();
}
