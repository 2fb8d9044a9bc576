/* SPDX-License-Identifier: BSD-2-Clause */

/* the Part 10 writer, and equality of what it wrote with what it read */

#include <stdlib.h>

#include "dicom/dicom.h"
#include "tap.h"

#define EXPLICIT  "1.2.840.10008.1.2.1"
#define IMPLICIT  "1.2.840.10008.1.2"
#define BIG       "1.2.840.10008.1.2.2"
#define JPEG      "1.2.840.10008.1.2.4.50"
#define ADD(b, s)  pacs_buf_add(b, s, sizeof(s) - 1)

static const pacs_limits_t  *limits = &pacs_limits_default;


static void
begin(pacs_buf_t *b, const char *syntax)
{
    pacs_buf_free(b);
    *b = (pacs_buf_t) { 0 };
    pacs_write_meta(b, pacs_lit("1.2.840.10008.5.1.4.1.1.7"),
                    pacs_lit("1.2.3"), pacs_cstr(syntax), pacs_lit("MODALITY"));
}


/* the file again in another encoding */
static int
rewrite(pacs_source_t *file, bool implicit, pacs_buf_t *to, pacs_err_t *err)
{
    pacs_arena_t    *a = pacs_arena_create(0);
    pacs_dataset_t   ds;
    int              rc = pacs_dicom_read(file, limits, 4096, a, &ds, err);
    pacs_source_t   *stream = rc == PACS_OK
                     ? pacs_dicom_stream(file, &ds, limits, a, err) : NULL;

    if (stream != NULL) {
        begin(to, implicit ? IMPLICIT : ds.syntax->encapsulated
                  ? ds.syntax_uid : EXPLICIT);
        rc = pacs_write_dataset(to, stream, &ds, implicit, err);
    }

    pacs_arena_destroy(a);
    return rc;
}


static void
is_equal(const pacs_buf_t *a, const pacs_buf_t *b, bool want,
    const char *name)
{
    pacs_source_t  x = pacs_source_mem(a->data, a->len);
    pacs_source_t  y = pacs_source_mem(b->data, b->len);
    pacs_err_t     err = { 0 };
    bool           equal = !want;
    int            rc = pacs_dicom_equal(&x, &y, limits, &equal, &err);

    if (!ok(rc == PACS_OK && equal == want, "%s", name)) {
        printf("# got %d '%s'\n", equal, err.text);
    }
    pacs_dicom_equal(&y, &x, limits, &equal, &err);
    ok(equal == want, "and the other way round");
}


static void
test_meta(void)
{
    pacs_buf_t       b = { 0 };
    pacs_arena_t    *a = pacs_arena_create(0);
    pacs_dataset_t   ds;
    int64_t          n = 0;

    begin(&b, JPEG);
    size_t  len = b.len;
    ADD(&b, "\10\0\140\0CS\2\0CT");
    pacs_source_t  s = pacs_source_mem(b.data, b.len);

    ok(pacs_dicom_read_meta(&s, limits, a, &ds, NULL) == PACS_OK, "meta");
    ok(ds.root == NULL && ds.start == len, "no more than that");
    is_str(pacs_cstr(ds.syntax_uid), JPEG, "transfer syntax");
    is_int(ds.syntax->coding, PACS_CODING_JPEG, "its coding");
    is_str(pacs_cstr(ds.instance_uid), "1.2.3", "instance");
    is_str(pacs_elem_raw(ds.meta, 0x00020016), "MODALITY", "source AE");
    ok(pacs_uid_ok(pacs_elem_raw(ds.meta, 0x00020012)), "implementation");
    ok(pacs_elem_raw(ds.meta, 0x00020013).len <= 16, "its version name");
    ok(pacs_elem_int(ds.meta, 0x00020000, 0, &n)
       && n == (int64_t) (len - 144), "group length");
    pacs_arena_destroy(a);
    pacs_buf_free(&b);
}


static void
is_bytes(pacs_buf_t *b, const char *want, size_t len, const char *name)
{
    ok(!b->failed && b->len == len && memcmp(b->data, want, len) == 0, "%s",
       name);
    pacs_buf_free(b);
    *b = (pacs_buf_t) { 0 };
}

#define IS_BYTES(b, s, name)  is_bytes(b, s, sizeof(s) - 1, name)


static void
test_elements(void)
{
    pacs_buf_t   b = { 0 };
    char        *text = calloc(1, 65536);

    pacs_write_text(&b, 0x00080060, PACS_CS, pacs_lit("CT"));
    IS_BYTES(&b, "\10\0\140\0CS\2\0CT", "text");
    pacs_write_text(&b, 0x00100020, PACS_LO, pacs_lit("abc"));
    IS_BYTES(&b, "\20\0\40\0LO\4\0abc ", "odd text");
    pacs_write_text(&b, 0x00080018, PACS_UI, pacs_lit("1.2"));
    IS_BYTES(&b, "\10\0\30\0UI\4\0001.2\0", "odd UID");
    pacs_write_text(&b, 0x00100020, PACS_LO, pacs_null);
    IS_BYTES(&b, "\20\0\40\0LO\0\0", "empty");
    pacs_write_text(&b, 0x00081190, PACS_UR, pacs_lit("a:b"));
    IS_BYTES(&b, "\10\0\220\21UR\0\0\4\0\0\0a:b ", "long form");
    pacs_write_bytes(&b, 0x00420011, PACS_OB, "%", 1);
    IS_BYTES(&b, "\102\0\21\0OB\0\0\2\0\0\0%\0", "odd bytes");
    pacs_write_ints(&b, 0x00280106, PACS_SS, (int64_t []) { -2, 3 }, 2);
    IS_BYTES(&b, "\50\0\6\1SS\4\0\376\377\3\0", "numbers");
    pacs_write_ints(&b, 0x00280009, PACS_AT, (int64_t []) { 0x00181063 }, 1);
    IS_BYTES(&b, "\50\0\11\0AT\4\0\30\0\143\20", "a tag");
    pacs_write_ints(&b, 0x7FE00001, PACS_OV, (int64_t []) { 1 }, 1);
    IS_BYTES(&b, "\340\177\1\0OV\0\0\10\0\0\0\1\0\0\0\0\0\0\0", "64 bits");

    pacs_write_bytes(&b, 0x00100020, PACS_LO, text, 65534);
    ok(b.len == 8 + 65534 && memcmp(b.data + 4, "LO\376\377", 4) == 0,
       "the longest text of a 16-bit length");
    pacs_buf_free(&b);
    b = (pacs_buf_t) { 0 };
    pacs_write_bytes(&b, 0x00100020, PACS_LO, text, 65535);
    ok(b.len == 12 + 65536 && memcmp(b.data + 4, "UN\0\0\0\0\1\0", 8) == 0,
       "a longer one is UN");
    pacs_buf_free(&b);
    b = (pacs_buf_t) { 0 };

    pacs_write_ints(&b, 0x00080060, PACS_CS, (int64_t []) { 1 }, 1);
    ok(b.failed, "no numbers in a text");
    pacs_buf_free(&b);
    free(text);
}


static void
build(pacs_buf_t *b, const char *name, const char *uid)
{
    pacs_write_text(b, 0x00080005, PACS_CS, pacs_lit("ISO_IR 100"));
    pacs_write_sq(b, 0x00081140);
    pacs_write_item(b);
    pacs_write_text(b, 0x00081155, PACS_UI, pacs_cstr(uid));
    pacs_write_item_end(b);
    pacs_write_item(b);
    pacs_write_item_end(b);
    pacs_write_sq_end(b);
    pacs_write_text(b, 0x00090010, PACS_LO, pacs_lit("ACME"));
    pacs_write_sq(b, 0x00091001);
    pacs_write_item(b);
    pacs_write_text(b, 0x00090010, PACS_LO, pacs_lit("ACME"));
    pacs_write_ints(b, 0x00091002, PACS_US, (int64_t []) { 7 }, 1);
    pacs_write_item_end(b);
    pacs_write_sq_end(b);
    pacs_write_text(b, 0x00100010, PACS_PN, pacs_cstr(name));
    pacs_write_ints(b, 0x00280010, PACS_US, (int64_t []) { 1 }, 1);
}


static void
test_equal(void)
{
    pacs_buf_t     a = { 0 }, b = { 0 };
    pacs_err_t     err = { 0 };
    pacs_source_t  s;

    begin(&a, EXPLICIT);
    build(&a, "Doe^Jane", "1.2.3");
    pacs_write_bytes(&a, 0x7FE00010, PACS_OB, "\1\2\3", 3);

    s = pacs_source_mem(a.data, a.len);
    ok(rewrite(&s, false, &b, &err) == PACS_OK, "written again");
    is_equal(&a, &b, true, "explicit VR again");
    ok(rewrite(&s, true, &b, &err) == PACS_OK, "written as implicit VR");
    is_equal(&a, &b, true, "implicit VR, private VRs lost");
    ADD(&b, "\374\377\374\377\2\0\0\0\0\0");
    is_equal(&a, &b, true, "trailing padding");
    b.data[b.len - 12]++;
    is_equal(&a, &b, false, "a pixel");

    begin(&b, EXPLICIT);
    build(&b, "Doe^Jane  ", "1.2.3");
    pacs_write_bytes(&b, 0x7FE00010, PACS_OB, "\1\2\3", 3);
    is_equal(&a, &b, true, "padding of a text");

    begin(&b, EXPLICIT);
    ADD(&b, "\10\0\0\0UL\4\0\1\2\3\4");
    build(&b, "Doe^Jane", "1.2.3");
    is_equal(&a, &b, false, "pixel data is missing");
    pacs_write_bytes(&b, 0x7FE00010, PACS_OB, "\1\2\3", 3);
    is_equal(&a, &b, true, "group length");

    begin(&b, EXPLICIT);
    build(&b, "Doe^John", "1.2.3");
    pacs_write_bytes(&b, 0x7FE00010, PACS_OB, "\1\2\3", 3);
    is_equal(&a, &b, false, "another name");

    begin(&b, EXPLICIT);
    build(&b, "Doe^Jane", "1.2.4");
    pacs_write_bytes(&b, 0x7FE00010, PACS_OB, "\1\2\3", 3);
    is_equal(&a, &b, false, "another UID in an item");

    begin(&b, EXPLICIT);
    build(&b, "Doe^Jane", "1.2.3");
    pacs_write_bytes(&b, 0x7FE00010, PACS_OB, "\1\2\3\4\5\6", 6);
    is_equal(&a, &b, false, "more pixels");
    pacs_write_text(&b, 0x7FE10010, PACS_LO, pacs_lit("X"));
    is_equal(&a, &b, false, "one element more");

    pacs_buf_free(&a);
    pacs_buf_free(&b);
}


/* a private sequence of defined length is UN in implicit VR, and big endian
 * numbers are others' little endian ones */
static void
test_encodings(void)
{
    pacs_buf_t  a = { 0 }, b = { 0 };

    begin(&a, EXPLICIT);
    ADD(&a, "\11\0\20\0LO\4\0ACME" "\11\0\1\20SQ\0\0\22\0\0\0"
            "\376\377\0\340\12\0\0\0" "\50\0\20\0US\2\0\7\0");
    begin(&b, IMPLICIT);
    ADD(&b, "\11\0\20\0\4\0\0\0ACME" "\11\0\1\20\22\0\0\0"
            "\376\377\0\340\12\0\0\0" "\50\0\20\0\2\0\0\0\7\0");
    is_equal(&a, &b, true, "private sequence that implicit VR made UN");
    b.data[b.len - 2]++;
    is_equal(&a, &b, false, "with another value in it");

    begin(&a, IMPLICIT);
    ADD(&a, "\11\0\20\0\4\0\0\0ACME" "\11\0\1\20\32\0\0\0"
            "\376\377\0\340\377\377\377\377" "\50\0\20\0\2\0\0\0\10\0"
            "\376\377\15\340\0\0\0\0");
    is_equal(&a, &b, true, "two of UN with items of other lengths");

    begin(&a, BIG);
    ADD(&a, "\0\50\0\20US\0\2\2\1" "\0\50\0\11AT\0\4\0\30\20\143"
            "\177\340\0\20OW\0\0\0\0\0\4\1\2\3\4");
    begin(&b, EXPLICIT);
    pacs_write_ints(&b, 0x00280010, PACS_US, (int64_t []) { 0x201 }, 1);
    ADD(&b, "\50\0\11\0AT\4\0\30\0\143\20");
    pacs_write_bytes(&b, 0x7FE00010, PACS_OW, "\2\1\4\3", 4);
    is_equal(&a, &b, true, "big and little endian");
    b.data[b.len - 1]++;
    is_equal(&a, &b, false, "but for a byte");
    pacs_buf_free(&a);
    pacs_buf_free(&b);
}


static void
test_fragments(void)
{
    pacs_buf_t  a = { 0 }, b = { 0 };

#define HEAD  "\340\177\20\0OB\0\0\377\377\377\377"
#define TAIL  "\376\377\335\340\0\0\0\0"
#define FRAG  "\376\377\0\340\4\0\0\0"
#define NONE  "\376\377\0\340\0\0\0\0"

    begin(&a, JPEG);
    ADD(&a, HEAD NONE FRAG "abcd" FRAG "efgh" TAIL);
    begin(&b, JPEG);
    ADD(&b, HEAD FRAG "\0\0\0\0" FRAG "abcd" FRAG "efgh" TAIL);
    is_equal(&a, &b, true, "an offset table more");
    begin(&b, JPEG);
    ADD(&b, HEAD NONE FRAG "abcd" FRAG "efgi" TAIL);
    is_equal(&a, &b, false, "another fragment");
    begin(&b, JPEG);
    ADD(&b, HEAD NONE FRAG "abcd" TAIL);
    is_equal(&a, &b, false, "a fragment less");
    begin(&b, "1.2.840.10008.1.2.4.70");
    ADD(&b, HEAD NONE FRAG "abcd" FRAG "efgh" TAIL);
    is_equal(&a, &b, false, "another transfer syntax");

    pacs_source_t  s = pacs_source_mem(a.data, a.len);
    pacs_err_t     err = { 0 };

    ok(rewrite(&s, false, &b, &err) == PACS_OK, "written again");
    is_equal(&a, &b, true, "encapsulated pixel data");
    ok(rewrite(&s, true, &b, &err) == PACS_E_ARG
       && strstr(err.text, "(7FE0,0010)") != NULL,
       "not as implicit VR");

    pacs_buf_free(&a);
    pacs_buf_free(&b);
}


int
main(void)
{
    test_meta();
    test_elements();
    test_equal();
    test_encodings();
    test_fragments();

    return done();
}
