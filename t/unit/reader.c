/* SPDX-License-Identifier: BSD-2-Clause */

/* the Part 10 reader: encodings, tolerated oddities, hostile files */

#include <stdlib.h>
#include <zlib.h>

#include "dicom/dicom.h"
#include "tap.h"
#include "used.h"

#define EXPLICIT  "1.2.840.10008.1.2.1"
#define IMPLICIT  "1.2.840.10008.1.2"
#define BIG       "1.2.840.10008.1.2.2"
#define DEFLATED  "1.2.840.10008.1.2.1.99"
#define JPEG      "1.2.840.10008.1.2.4.50"

/* bytes of a literal, NULs inside included */
#define ADD(b, s)  pacs_buf_add(b, s, sizeof(s) - 1)

static pacs_arena_t    *arena;
static pacs_dataset_t   ds;
static pacs_err_t       err;
static pacs_limits_t    limits;


static void
begin(pacs_buf_t *b, const char *syntax)
{
    pacs_buf_free(b);
    *b = (pacs_buf_t) { 0 };
    pacs_write_meta(b, pacs_lit("1.2.840.10008.5.1.4.1.1.7"),
                    pacs_lit("1.2.3"), pacs_cstr(syntax), pacs_null);
}


static int
parse_mem(const void *data, size_t len)
{
    pacs_source_t  s = pacs_source_mem(data, len);

    pacs_arena_destroy(arena);
    arena = pacs_arena_create(0);
    err = (pacs_err_t) { 0 };
    return pacs_dicom_read(&s, &limits, 4096, arena, &ds, &err);
}


static int
parse(const pacs_buf_t *b)
{
    return parse_mem(b->data, b->len);
}


static void
is_error(const pacs_buf_t *b, int code, const char *text, const char *name)
{
    int  rc = parse(b);

    if (!ok(rc == code && strstr(err.text, text) != NULL, "%s", name)) {
        printf("# got %d '%s'\n", rc, err.text);
    }
}


static void
is_read(const pacs_buf_t *b, const char *name)
{
    if (!ok(parse(b) == PACS_OK, "%s", name)) {
        printf("# got '%s'\n", err.text);
    }
}


/* --- values --- */

static void
test_values(const char *name)
{
    int64_t  i = 0;
    double   d = 0;

    printf("# %s\n", name);
    is_str(pacs_elem_raw(ds.root, 0x00080060), "CT", "Modality");
    is_str(pacs_elem_raw(ds.root, 0x00100010), "Doe^Jane", "Patient's Name");
    ok(pacs_elem_int(ds.root, 0x00280010, 0, &i) && i == 512, "US");
    ok(pacs_elem_int(ds.root, 0x00280106, 0, &i) && i == -2, "US or SS");
    ok(pacs_elem_int(ds.root, 0x00200013, 0, &i) && i == 7, "IS");
    ok(pacs_elem_double(ds.root, 0x00280030, 1, &d) && d == 0.25, "DS");
    ok(!pacs_elem_double(ds.root, 0x00280030, 2, &d), "DS, no third value");
    ok(pacs_elem_double(ds.root, 0x00189073, 0, &d) && d == 1.5, "FD");
    ok(pacs_elem_int(ds.root, 0x00280009, 0, &i) && i == 0x00181063, "AT");

    const pacs_item_t *item = pacs_elem_item(ds.root, 0x00081140);

    is_str(pacs_elem_raw(item, 0x00081155), "1.2.3.4", "UI of an item");
    ok(item != NULL && item->next != NULL && item->next->elems == NULL
       && item->next->next == NULL, "second item is empty");
    is_str(item == NULL ? pacs_null : pacs_str_trim(item->charset),
           "ISO_IR 100", "character set of the data set is the item's");
    ok(ds.pixels != NULL && ds.pixels->length == 4
       && ds.pixels->value == NULL, "pixel data is bulk");
}


static void
build_values(pacs_buf_t *b)
{
    double  fd = 1.5;

    pacs_write_text(b, 0x00080005, PACS_CS, pacs_lit("ISO_IR 100"));
    pacs_write_text(b, 0x00080060, PACS_CS, pacs_lit("CT"));
    pacs_write_sq(b, 0x00081140);
    pacs_write_item(b);
    pacs_write_text(b, 0x00081155, PACS_UI, pacs_lit("1.2.3.4"));
    pacs_write_item_end(b);
    pacs_write_item(b);
    pacs_write_item_end(b);
    pacs_write_sq_end(b);
    pacs_write_text(b, 0x00100010, PACS_PN, pacs_lit("Doe^Jane"));
    pacs_write_bytes(b, 0x00189073, PACS_FD, &fd, sizeof(fd));
    pacs_write_text(b, 0x00200013, PACS_IS, pacs_lit("7.0"));
    pacs_write_ints(b, 0x00280009, PACS_AT, (int64_t []) { 0x00181063 }, 1);
    pacs_write_ints(b, 0x00280010, PACS_US, (int64_t []) { 512 }, 1);
    pacs_write_text(b, 0x00280030, PACS_DS, pacs_lit("0.5\\0.25"));
    pacs_write_ints(b, 0x00280103, PACS_US, (int64_t []) { 1 }, 1);
    pacs_write_ints(b, 0x00280106, PACS_SS, (int64_t []) { -2 }, 1);
    pacs_write_bytes(b, 0x7FE00010, PACS_OW, "\1\2\3\4", 4);
}


/* raw deflate of what is behind `from`, PS3.5 A.5 */
static void
deflate_tail(pacs_buf_t *b, size_t from, int bits)
{
    z_stream   z = { 0 };
    size_t     len = b->len - from, cap = compressBound(len) + 64;
    uint8_t   *out = malloc(cap);

    deflateInit2(&z, 9, Z_DEFLATED, bits, 9, Z_DEFAULT_STRATEGY);
    z.next_in = (uint8_t *) b->data + from;
    z.avail_in = (uInt) len;
    z.next_out = out;
    z.avail_out = (uInt) cap;
    deflate(&z, Z_FINISH);
    b->len = from;
    pacs_buf_add(b, out, z.total_out);
    deflateEnd(&z);
    free(out);
}


static void
test_encodings(void)
{
    pacs_buf_t  b = { 0 }, plain = { 0 };

    begin(&b, EXPLICIT);
    build_values(&b);
    is_read(&b, "Explicit VR Little Endian");
    test_values("explicit");
    ok(ds.start + 12 + 4 < ds.size && ds.size == b.len, "start and size");

    /* the same tree as implicit VR */
    pacs_source_t  s = pacs_source_mem(b.data, b.len);

    begin(&plain, IMPLICIT);
    ok(pacs_write_dataset(&plain, &s, &ds, true, &err) == PACS_OK,
       "written as implicit VR");
    is_read(&plain, "Implicit VR Little Endian");
    test_values("implicit");
    is_int(ds.pixels->vr, PACS_OW, "implicit pixel data is OW");

    pacs_buf_free(&b);
    begin(&b, DEFLATED);
    size_t  from = b.len;
    build_values(&b);
    size_t  size = b.len - from;
    deflate_tail(&b, from, -15);
    is_read(&b, "Deflated Explicit VR Little Endian");
    test_values("deflated");
    is_int((int64_t) ds.size, (int64_t) size, "size of the inflated stream");

    s = pacs_source_mem(b.data, b.len);
    pacs_source_t *stream = pacs_dicom_stream(&s, &ds, &limits, arena, &err);
    uint8_t        px[4] = { 0 }, again[2] = { 0 };

    ok(pacs_source_exact(stream, ds.pixels->offset, px, 4, &err) == PACS_OK
       && memcmp(px, "\1\2\3\4", 4) == 0, "bulk from the inflating stream");
    ok(pacs_source_exact(stream, 0, again, 2, &err) == PACS_OK
       && memcmp(again, "\10\0", 2) == 0, "and back to its beginning");

    /* each step backward inflates again from the start */
    limits.inflated = 10000;
    stream = pacs_dicom_stream(&s, &ds, &limits, arena, &err);
    int  rounds = 0;
    while (rounds < 1000 && pacs_source_exact(stream, ds.pixels->offset, px,
                                              4, &err) == PACS_OK
           && pacs_source_exact(stream, 0, again, 2, &err) == PACS_OK)
    {
        rounds++;
    }
    ok(rounds > 2 && rounds < 1000 && err.code == PACS_E_LIMIT,
       "reading backward is bounded");
    limits = pacs_limits_default;

    pacs_buf_char(&b, 0);
    is_read(&b, "deflated, padded");
    pacs_buf_char(&b, 'x');
    is_error(&b, PACS_E_PARSE, "garbage behind", "deflated, with garbage");

    begin(&b, DEFLATED);
    from = b.len;
    build_values(&b);
    deflate_tail(&b, from, 15);
    is_error(&b, PACS_E_PARSE, "zlib header", "zlib instead of raw deflate");

    pacs_buf_free(&b);
    pacs_buf_free(&plain);
}


static void
test_big_endian(void)
{
    pacs_buf_t  b = { 0 };
    int64_t     i = 0;
    double      d = 0;

    begin(&b, BIG);
    ADD(&b, "\0\10\0\140CS\0\2CT" "\0\10\21\100SQ\0\0\0\0\0\24"
            "\377\376\340\0\0\0\0\14" "\0\10\21\125UI\0\4" "1.2\0"
            "\0\40\0\23IS\0\2" "7 " "\0\50\0\20US\0\2\2\0"
            "\0\50\0\11AT\0\4\0\30\20\143"
            "\0\140\60\2FD\0\10\77\370\0\0\0\0\0\0");
    is_read(&b, "Explicit VR Big Endian");
    ok(pacs_elem_int(ds.root, 0x00280010, 0, &i) && i == 512, "US");
    ok(pacs_elem_int(ds.root, 0x00280009, 0, &i) && i == 0x00181063, "AT");
    ok(pacs_elem_double(ds.root, 0x00603002, 0, &d) && d == 1.5, "FD");
    is_str(pacs_elem_raw(pacs_elem_item(ds.root, 0x00081140), 0x00081155),
           "1.2", "UI of an item");

    ADD(&b, "\0\10\21\100SQ\0\0\377\377\377\377"
            "\377\376\340\0\377\377\377\377"
            "\377\376\340\15\0\0\0\0" "\377\376\340\335\0\0\0\0");
    is_read(&b, "big endian delimiters");
    pacs_buf_free(&b);
}


static void
test_un(void)
{
    pacs_buf_t          b = { 0 };
    const pacs_elem_t  *e;
    int64_t             i = 0;

    begin(&b, EXPLICIT);
    ADD(&b, "\10\0\140\0UN\0\0\2\0\0\0CT");
    /* implicit content, as PS3.5 6.2.2 has it */
    ADD(&b, "\10\0\100\21UN\0\0\24\0\0\0" "\376\377\0\340\14\0\0\0"
            "\10\0\125\21\4\0\0\0" "1.2\0");
    /* explicit content, as some writers have it */
    ADD(&b, "\10\0\105\21UN\0\0\24\0\0\0" "\376\377\0\340\14\0\0\0"
            "\10\0\125\21UI\4\0" "1.3\0");
    ADD(&b, "\11\0\20\0UN\0\0\4\0\0\0ACME");
    ADD(&b, "\11\0\1\20UN\0\0\4\0\0\0\1\2\3\4");
    /* undefined length: a sequence in implicit VR */
    ADD(&b, "\11\0\2\20UN\0\0\377\377\377\377"
            "\376\377\0\340\377\377\377\377" "\50\0\20\0\2\0\0\0\7\0"
            "\376\377\15\340\0\0\0\0" "\376\377\335\340\0\0\0\0");
    ADD(&b, "\50\0\20\0UN\0\0\2\0\0\0\0\2");
    is_read(&b, "elements of VR UN");

    is_str(pacs_elem_raw(ds.root, 0x00080060), "CT", "UN text");
    is_int(pacs_elem(ds.root, 0x00080060)->vr, PACS_CS, "takes the VR");
    ok(pacs_elem_int(ds.root, 0x00280010, 0, &i) && i == 512, "UN number");
    is_str(pacs_elem_raw(pacs_elem_item(ds.root, 0x00081140), 0x00081155),
           "1.2", "UN sequence, implicit");
    is_str(pacs_elem_raw(pacs_elem_item(ds.root, 0x00081145), 0x00081155),
           "1.3", "UN sequence, explicit");
    is_int(pacs_elem(ds.root, 0x00090010)->vr, PACS_LO, "private creator");
    e = pacs_elem(ds.root, 0x00091001);
    ok(e->vr == PACS_UN && e->length == 4, "private UN stays as it is");
    e = pacs_elem(ds.root, 0x00091002);
    ok(e->vr == PACS_SQ && e->undefined && e->length == 34,
       "private UN of undefined length is a sequence");
    ok(pacs_elem_int(e->items, 0x00280010, 0, &i) && i == 7, "and its value");
    pacs_buf_free(&b);
}


/* VRs that other elements decide on */
static void
test_ambiguous(void)
{
    pacs_buf_t  b = { 0 };
    int64_t     i = 0;

    for (int is_signed = 0; is_signed < 2; is_signed++) {
        begin(&b, IMPLICIT);
        /* an item that comes before Pixel Representation, and one with its
         * own */
        ADD(&b, "\10\0\100\21\56\0\0\0"
                "\376\377\0\340\12\0\0\0" "\50\0\6\1\2\0\0\0\376\377"
                "\376\377\0\340\24\0\0\0" "\50\0\3\1\2\0\0\0\0\0"
                "\50\0\6\1\2\0\0\0\376\377");
        ADD(&b, "\50\0\3\1\2\0\0\0");
        pacs_buf_add(&b, is_signed ? "\1\0" : "\0\0", 2);
        ADD(&b, "\50\0\6\1\2\0\0\0\376\377");
        ADD(&b, "\50\0\2\60\6\0\0\0\1\0\0\0\20\0"
                "\50\0\6\60\2\0\0\0\5\0");
        is_read(&b, is_signed ? "signed pixels" : "unsigned pixels");

        const pacs_item_t *item = pacs_elem_item(ds.root, 0x00081140);
        int64_t            want = is_signed ? -2 : 65534;

        ok(pacs_elem_int(ds.root, 0x00280106, 0, &i) && i == want,
           "US or SS");
        ok(pacs_elem_int(item, 0x00280106, 0, &i) && i == want,
           "in an item");
        ok(item != NULL && pacs_elem_int(item->next, 0x00280106, 0, &i)
           && i == 65534, "in an item with Pixel Representation");
        is_int(pacs_elem(ds.root, 0x00283006)->vr, PACS_US,
               "LUT Data of one entry");
    }

    begin(&b, IMPLICIT);
    ADD(&b, "\50\0\2\60\6\0\0\0\2\0\0\0\20\0"
            "\50\0\6\60\4\0\0\0\5\0\6\0");
    parse(&b);
    is_int(pacs_elem(ds.root, 0x00283006)->vr, PACS_OW, "LUT Data of two");
    pacs_buf_free(&b);
}


static void
test_charset(void)
{
    pacs_buf_t  b = { 0 };

    begin(&b, EXPLICIT);
    pacs_write_text(&b, 0x00080005, PACS_CS, pacs_lit("ISO_IR 144"));
    pacs_write_sq(&b, 0x00081140);
    pacs_write_item(&b);
    pacs_write_text(&b, 0x00080005, PACS_CS, pacs_lit("ISO_IR 192"));
    pacs_write_sq(&b, 0x00081140);
    pacs_write_item(&b);
    pacs_write_item_end(&b);
    pacs_write_sq_end(&b);
    pacs_write_item_end(&b);
    pacs_write_sq_end(&b);
    is_read(&b, "nested character sets");

    const pacs_item_t *outer = pacs_elem_item(ds.root, 0x00081140);
    const pacs_item_t *inner = pacs_elem_item(outer, 0x00081140);

    is_str(ds.root->charset, "ISO_IR 144", "of the data set");
    is_str(outer->charset, "ISO_IR 192", "of the item");
    is_str(inner->charset, "ISO_IR 192", "of the item's item");
    ok(inner->parent == outer && outer->parent == ds.root, "parents");
    pacs_buf_free(&b);
}


/* --- what real files have --- */

static void
test_tolerated(void)
{
    pacs_buf_t  b = { 0 };
    uint32_t    last = 0;
    bool        sorted = true;

    begin(&b, EXPLICIT);
    build_values(&b);
    for (int i = 0; i < 5000; i++) {
        pacs_buf_char(&b, 0);
    }
    is_read(&b, "zeros behind the data set");
    pacs_buf_char(&b, 1);
    is_error(&b, PACS_E_PARSE, "garbage", "garbage behind the zeros");

    begin(&b, EXPLICIT);
    b.data[140] = 99;
    build_values(&b);
    is_read(&b, "wrong group length of group 2");

    begin(&b, EXPLICIT);
    ADD(&b, "\10\0\140\0CS\3\0CT ");
    is_read(&b, "odd length");
    is_str(pacs_elem_raw(ds.root, 0x00080060), "CT", "and its value");

    begin(&b, EXPLICIT);
    pacs_write_text(&b, 0x00200013, PACS_IS, pacs_lit("1"));
    pacs_write_text(&b, 0x00100020, PACS_LO, pacs_lit("first"));
    pacs_write_text(&b, 0x00080060, PACS_CS, pacs_lit("MR"));
    pacs_write_text(&b, 0x00100020, PACS_LO, pacs_lit("second"));
    is_read(&b, "unsorted and twice");
    is_str(pacs_elem_raw(ds.root, 0x00100020), "first", "first wins");

    for (const pacs_elem_t *e = ds.root->elems; e != NULL; e = e->next) {
        sorted &= e->tag >= last;
        last = e->tag;
    }
    ok(sorted && last == 0x00200013, "elements come sorted");

    begin(&b, EXPLICIT);
    pacs_write_text(&b, 0x00080018, PACS_UI, pacs_lit("1.2.3"));
    is_read(&b, "no pixel data");
    is_str(pacs_elem_raw(ds.root, 0x00080018), "1.2.3", "UID without padding");
    is_str(pacs_cstr(ds.class_uid), "1.2.840.10008.5.1.4.1.1.7",
           "Media Storage SOP Class UID");
    is_str(pacs_cstr(ds.instance_uid), "1.2.3",
           "Media Storage SOP Instance UID");
    pacs_buf_free(&b);
}


static void
test_held(void)
{
    pacs_buf_t  b = { 0 };
    char        text[6000];

    memset(text, 'x', sizeof(text));
    begin(&b, EXPLICIT);
    pacs_write_bytes(&b, 0x00104000, PACS_LT, text, 4096);
    pacs_write_bytes(&b, 0x00204000, PACS_LT, text, 4098);
    is_read(&b, "long values");
    ok(pacs_elem(ds.root, 0x00104000)->value != NULL, "held up to `keep`");

    const pacs_elem_t *e = pacs_elem(ds.root, 0x00204000);

    ok(e->value == NULL && e->length == 4098 && b.data[e->offset] == 'x'
       && e->offset + e->length == b.len, "longer ones are bulk");
    ok(pacs_bulk_find(&ds, pacs_lit("00204000")) == e, "found by its path");
    ok(pacs_bulk_find(&ds, pacs_lit("00204000/")) == NULL
       && pacs_bulk_find(&ds, pacs_lit("0020400")) == NULL
       && pacs_bulk_find(&ds, pacs_lit("")) == NULL
       && pacs_bulk_find(&ds, pacs_lit("00204000/1/00080060")) == NULL,
       "wrong paths find nothing");

    begin(&b, EXPLICIT);
    build_values(&b);
    parse(&b);
    e = pacs_bulk_find(&ds, pacs_lit("00081140/1/00081155"));
    ok(e != NULL && e->tag == 0x00081155, "found in an item");
    ok(pacs_bulk_find(&ds, pacs_lit("00081140/0/00081155")) == NULL
       && pacs_bulk_find(&ds, pacs_lit("00081140/3/00081155")) == NULL
       && pacs_bulk_find(&ds, pacs_lit("00081140/1")) == NULL,
       "items are counted from 1");
    pacs_buf_free(&b);
}


/* --- what must be refused --- */

static void
refused(const char *syntax, const char *data, size_t len, const char *text,
    const char *name)
{
    pacs_buf_t  b = { 0 };

    begin(&b, syntax);
    pacs_buf_add(&b, data, len);
    is_error(&b, PACS_E_PARSE, text, name);
    pacs_buf_free(&b);
}

#define REFUSED(syntax, data, text, name)                                     \
    refused(syntax, data, sizeof(data) - 1, text, name)


static void
test_refused(void)
{
    pacs_buf_t  b = { 0 };

    ok(parse_mem("", 0) == PACS_E_PARSE, "empty file");
    pacs_buf_add(&b, (char [200]) { 0 }, 200);
    is_error(&b, PACS_E_PARSE, "DICM", "no preamble");
    pacs_buf_free(&b);

    begin(&b, "1.2..3");
    is_error(&b, PACS_E_PARSE, "(0002,0010) is not a UID", "syntax, no UID");
    begin(&b, "");
    is_error(&b, PACS_E_PARSE, "(0002,0010) is missing", "no syntax");
    begin(&b, EXPLICIT);
    b.len = 150;
    is_error(&b, PACS_E_PARSE, "cut off", "cut in group 2");
    pacs_buf_free(&b);

    REFUSED(EXPLICIT, "\0\0\0\1US\2\0\0\0", "group 0000", "command element");
    REFUSED(EXPLICIT, "\2\0\20\0UI\2\0001\0" "\10\0\140\0CS\2\0CT"
            "\2\0\20\0UI\2\0001\0", "group 0002", "group 2 in the data set");
    REFUSED(EXPLICIT, "\376\377\0\340\0\0\0\0", "(FFFE,E000)", "item on top");
    REFUSED(EXPLICIT, "\376\377\15\340\0\0\0\0", "(FFFE,E00D)",
            "item delimiter on top");
    REFUSED(EXPLICIT, "\376\377\335\340\0\0\0\0", "(FFFE,E0DD)",
            "sequence delimiter on top");
    REFUSED(EXPLICIT, "\10\0\140\0CS\4\0CT", "(0008,0060)", "cut value");
    REFUSED(EXPLICIT, "\10\0\140\0CS\4", "offset", "cut header");
    REFUSED(EXPLICIT, "\10\0\140\0ZZ\2\0CT", "5A 5A", "unknown VR");
    REFUSED(EXPLICIT, "\10\0\140\0\2\0\0\0CT", "02 00",
            "implicit where explicit is declared");
    REFUSED(IMPLICIT, "\10\0\140\0CS\2\0CT", "explicit VR CS",
            "explicit where implicit is declared");
    REFUSED(IMPLICIT, "\10\0\100\21\32\0\0\0\376\377\0\340\22\0\0\0"
            "\10\0\125\21UI\12\0001.2.3.4.5\0", "explicit VR UI",
            "explicit in an item of implicit VR");
    REFUSED(BIG, "\10\0\140\0CS\2\0CT", "byte order", "little, not big");
    REFUSED(EXPLICIT, "\0\10\0\140CS\0\2CT", "byte order", "big, not little");
    REFUSED(DEFLATED, "\10\0\140\0CS\2\0CT", "deflated", "plain, not deflated");
    REFUSED(EXPLICIT, "\10\0\100\21SQ\0\0\20\0\0\0\376\377\0\340\0\0\0\0",
            "past the end", "sequence past the end");
    REFUSED(EXPLICIT, "\10\0\100\21SQ\0\0\10\0\0\0\376\377\0\340\2\0\0\0\0\0",
            "past the end", "item past its sequence");
    REFUSED(EXPLICIT, "\10\0\100\21SQ\0\0\22\0\0\0\376\377\0\340\12\0\0\0"
            "\10\0\140\0CS\4\0CT  ", "past the end", "value past its item");
    REFUSED(EXPLICIT, "\10\0\100\21SQ\0\0\4\0\0\0\376\377\0\340\0\0\0\0",
            "ends at", "sequence of half an item");
    REFUSED(EXPLICIT, "\10\0\100\21SQ\0\0\377\377\377\377"
            "\376\377\0\340\0\0\0\0", "ends at", "no sequence delimiter");
    REFUSED(EXPLICIT, "\10\0\100\21SQ\0\0\377\377\377\377"
            "\376\377\0\340\377\377\377\377" "\376\377\335\340\0\0\0\0",
            "(FFFE,E0DD)", "no item delimiter");
    REFUSED(EXPLICIT, "\10\0\100\21SQ\0\0\377\377\377\377"
            "\10\0\140\0CS\2\0CT", "where an item", "no item");
    REFUSED(EXPLICIT, "\10\0\60\20UT\0\0\377\377\377\377"
            "\376\377\335\340\0\0\0\0", "undefined length", "endless text");
    REFUSED(JPEG, "\340\177\20\0OB\0\0\377\377\377\377"
            "\376\377\0\340\0\0\0\0", "without a sequence delimiter",
            "fragments without end");
    REFUSED(JPEG, "\340\177\20\0OB\0\0\377\377\377\377"
            "\376\377\0\340\0\0\0\0" "\376\377\0\340\10\0\0\0\1\2\3",
            "fragment of length 8 goes past", "fragment past the end");
    REFUSED(JPEG, "\340\177\20\0OB\0\0\377\377\377\377"
            "\376\377\0\340\377\377\377\377" "\376\377\335\340\0\0\0\0",
            "fragment", "fragment without length");
}


/* every cut of a good file is read or refused, never taken for whole */
static void
test_cuts(void)
{
    pacs_buf_t  b = { 0 };
    int         bad = 0, good = 0;

    begin(&b, EXPLICIT);
    size_t  start = b.len;
    build_values(&b);
    size_t  whole = b.len;

    for (size_t n = 0; n < whole; n++) {
        /* in its own block, so that ASan sees a byte too far */
        char *copy = malloc(n + 1);

        memcpy(copy, b.data, n);
        copy = realloc(copy, n != 0 ? n : 1);
        int  rc = parse_mem(copy, n);
        free(copy);

        good += rc == PACS_OK;
        bad += rc != PACS_OK && rc != PACS_E_PARSE;
    }

    is_int(bad, 0, "cuts end in PACS_E_PARSE");
    /* 12 in the data set, 2 in group 2 behind the Transfer Syntax UID */
    is_int(good, 14, "but for those between two elements");
    ok(start < whole, "there is a data set");
    pacs_buf_free(&b);
}


static void
is_limit(const pacs_buf_t *b, const char *limit, const char *name)
{
    double  start = cpu_seconds();

    is_error(b, PACS_E_LIMIT, limit, name);
    ok(cpu_seconds() - start < 0.1, "%s: within 100 ms", name);
}


static void
test_limits(void)
{
    pacs_buf_t  b = { 0 };

    begin(&b, EXPLICIT);
    for (int i = 0; i < 100000; i++) {
        pacs_write_sq(&b, 0x00081140);
        pacs_write_item(&b);
    }
    is_limit(&b, "nesting (64)", "sequences nested 100,000 deep");

    begin(&b, IMPLICIT);
    for (uint32_t i = 0; i < 100000; i++) {
        uint32_t  left = (99999 - i) * 16 + 8;

        ADD(&b, "\10\0\100\21");
        pacs_buf_add(&b, &left, 4);
        left -= 8;
        ADD(&b, "\376\377\0\340");
        pacs_buf_add(&b, &left, 4);
    }
    is_limit(&b, "nesting (64)", "the same with lengths, implicit");

    begin(&b, EXPLICIT);
    for (int i = 0; i < 64; i++) {
        pacs_write_sq(&b, 0x00081140);
        pacs_write_item(&b);
    }
    for (int i = 0; i < 64; i++) {
        pacs_write_item_end(&b);
        pacs_write_sq_end(&b);
    }
    is_read(&b, "64 deep is within the limit");

    begin(&b, EXPLICIT);
    limits.elements = 1000;
    for (int i = 0; i < 1001; i++) {
        pacs_write_text(&b, 0x00100020, PACS_LO, pacs_lit("x"));
    }
    is_limit(&b, "elements (1000)", "too many elements");

    begin(&b, EXPLICIT);
    pacs_write_sq(&b, 0x00081140);
    for (int i = 0; i < 1001; i++) {
        ADD(&b, "\376\377\0\340\0\0\0\0");
    }
    pacs_write_sq_end(&b);
    is_limit(&b, "elements (1000)", "too many items");
    limits = pacs_limits_default;

    limits.dataset = 32768;
    is_limit(&b, "dataset (32768", "too much memory");
    limits = pacs_limits_default;

    begin(&b, JPEG);
    ADD(&b, "\340\177\20\0OB\0\0\377\377\377\377");
    for (int i = 0; i < 12; i++) {
        ADD(&b, "\376\377\0\340\0\0\0\0");
    }
    limits.fragments = 10;
    is_limit(&b, "fragments (10)", "too many fragments");
    limits = pacs_limits_default;

    ok(peak_mib() < 32, "within 32 MiB");
    pacs_buf_free(&b);
}


/* 1 GiB of zeros in one value, deflated to 1 MB, never held in memory */
static void
add_bomb(pacs_buf_t *b, const char *head, size_t len)
{
    static uint8_t  zeros[65536], out[65536];
    z_stream        z = { 0 };

    deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY);

    for (int i = 0; i <= 16384; i++) {
        z.next_in = i == 0 ? (uint8_t *) (uintptr_t) head : zeros;
        z.avail_in = i == 0 ? (uInt) len : sizeof(zeros);

        do {
            z.next_out = out;
            z.avail_out = sizeof(out);
            deflate(&z, i == 16384 ? Z_FINISH : Z_NO_FLUSH);
            pacs_buf_add(b, out, sizeof(out) - z.avail_out);
        } while (z.avail_out == 0);
    }

    deflateEnd(&z);
}


static void
test_bombs(void)
{
    pacs_buf_t  b = { 0 };

    begin(&b, DEFLATED);
    add_bomb(&b, "\340\177\20\0OB\0\0\0\0\0\100", 12);
    is_limit(&b, "inflate_ratio (200)", "deflate bomb, pixel data");

    begin(&b, DEFLATED);
    add_bomb(&b, "\20\0\0\100UT\0\0\0\0\0\1", 12);
    is_error(&b, PACS_E_PARSE, "zeros behind", "deflate bomb, padding");

    limits.inflated = 1 << 20;
    is_limit(&b, "inflated (1048576", "limit of the inflated size");
    limits = pacs_limits_default;

    /* a value's length is no reason to allocate */
    begin(&b, EXPLICIT);
    ADD(&b, "\20\0\0\100UT\0\0\0\0\0\100x");
    is_error(&b, PACS_E_PARSE, "1073741824", "a length of 1 GiB");

    ok(peak_mib() < 32, "within 32 MiB");
    pacs_buf_free(&b);
}


/* --- dictionary --- */

static void
test_dictionary(void)
{
    uint32_t  tag = 0;

    is_str(pacs_cstr(pacs_tag(0x00100010)->keyword), "PatientName", "tag");
    is_str(pacs_cstr(pacs_tag(0x60020010)->keyword), "OverlayRows",
           "repeating group");
    ok(pacs_tag(0x60020010)->vr == PACS_US, "and its VR");
    ok(pacs_tag(0x00280106)->vr == PACS_US
       && pacs_tag(0x00280106)->vr_alt == PACS_SS, "US or SS");
    ok(pacs_tag(0x00091001) == NULL && pacs_tag(0x60010010) == NULL,
       "private tags");
    ok(pacs_tag(0x00280030)->vm_max == 2 && pacs_tag(0x00281050)->vm_max == 0,
       "value multiplicity");
    ok(pacs_tag_keyword(pacs_lit("StudyInstanceUID"))->tag == 0x0020000D
       && pacs_tag_keyword(pacs_lit("StudyInstanceUI")) == NULL
       && pacs_tag_keyword(pacs_null) == NULL, "keywords");
    ok(pacs_tag_parse(pacs_lit("0020000d"), &tag) && tag == 0x0020000D
       && pacs_tag_parse(pacs_lit("PatientID"), &tag) && tag == 0x00100020
       && !pacs_tag_parse(pacs_lit("0020000"), &tag)
       && !pacs_tag_parse(pacs_lit("0020000G"), &tag), "tags as text");

    is_str(pacs_cstr(pacs_uid(pacs_lit("1.2.840.10008.5.1.4.1.1.2"))->name),
           "CT Image Storage", "UID");
    is_int(pacs_uid(pacs_lit("1.2.840.10008.5.1.4.1.1.2"))->kind, 'S',
           "of a SOP class");
    ok(pacs_uid(pacs_lit("1.2.840.10008.5.1.4.1.1")) == NULL
       && pacs_uid(pacs_null) == NULL, "unknown UID");

    for (const pacs_syntax_t *s = pacs_syntax_table; s->uid != NULL; s++) {
        const pacs_uid_t *u = pacs_uid(pacs_cstr(s->uid));

        if (u == NULL || u->kind != 'T' || pacs_syntax(pacs_cstr(s->uid)) != s)
        {
            ok(false, "transfer syntax %s", s->uid);
        }
    }
    ok(pacs_syntax(pacs_lit("1.2.3"))->coding == PACS_CODING_OTHER,
       "unknown transfer syntax");
    ok(pacs_vr(PACS_UT)->long_length && !pacs_vr(PACS_LO)->long_length
       && pacs_vr(PACS_VR('Z', 'Z')) == NULL && pacs_vr(0) == NULL
       && pacs_vr(0xffff) == NULL, "value representations");
}


int
main(void)
{
    limits = pacs_limits_default;

    /* before anything large: these look at the peak of memory */
    test_limits();
    test_bombs();
    test_encodings();
    test_big_endian();
    test_un();
    test_ambiguous();
    test_charset();
    test_tolerated();
    test_held();
    test_refused();
    test_cuts();
    test_dictionary();

    pacs_arena_destroy(arena);
    return done();
}
