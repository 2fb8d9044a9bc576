/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Byte strings and their UTF-8: PS3.5 annexes H, I, J and K, Python's codecs
 * for the others, and bytes that mean nothing.
 */

#include <pthread.h>

#include "dicom/dicom.h"
#include "tap.h"

#define E    "\x1b"
#define BAD  "\xef\xbf\xbd"

typedef struct {
    const char  *name, *charset;
    pacs_str_t   raw;
    const char  *want;
    bool         multi, pn;
} row_t;

#define R(s)  { s, sizeof(s) - 1 }

static const row_t  rows[] = {
    { "ASCII", "", R("Doe^John"), "Doe^John", 1, 1 },
    { "IR 6", "ISO_IR 6", R("Doe"), "Doe", 1, 1 },
    { "undeclared high bytes", "", R("a\xe4z"), "a" BAD "z", 1, 0 },
    { "undeclared escape", "", R("a" E "$B;3"), "a" BAD "$B;3", 1, 0 },
    { "unknown term", "KLINGON", R("a\xe4"), "a" BAD, 1, 0 },
    { "Latin-1", "ISO_IR 100", R("Buc^J\xe9r\xf4me"), "Buc^Jérôme", 1, 1 },
    { "C1 is in no set", "ISO_IR 100", R("a\x85z"), "a" BAD "z", 1, 0 },
    { "Latin-2", "ISO_IR 101", R("Wa\xb3\xeasa"), "Wałęsa", 1, 1 },
    { "Latin-3", "ISO_IR 109", R("\xa1\xb1"), "Ħħ", 1, 1 },
    { "Latin-4", "ISO_IR 110", R("\xa3\xb3"), "Ŗŗ", 1, 1 },
    { "Cyrillic", "ISO_IR 144", R("\xbb\xee\xda\x63\x65\xdc\xd1"),
      "Люкceмб", 1, 1 },
    { "Arabic", "ISO_IR 127", R("\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1"),
      "قباني^لنزار", 1, 1 },
    { "Greek", "ISO_IR 126", R("\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2"),
      "Διονυσιος", 1, 1 },
    { "Greek, no character", "ISO_IR 126", R("\xd2"), BAD, 1, 1 },
    { "Hebrew", "ISO_IR 138", R("\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4"),
      "שרון^דבורה", 1, 1 },
    { "Latin-5", "ISO_IR 148", R("\xd0\xdd\xde"), "ĞİŞ", 1, 1 },
    { "Latin-9", "ISO_IR 203", R("\xa4\xbd"), "€œ", 1, 1 },
    { "Thai", "ISO_IR 166", R("\xca\xc1\xaa\xd2\xc2"), "สมชาย", 1, 1 },
    { "sloppy term", "iso-ir 100", R("\xe4"), "ä", 1, 1 },
    { "sloppy term with 2022", "ISO2022 IR 100", R("\xe4"), "ä", 1, 1 },
    { "blanks round the term", " ISO_IR 100 ", R("\xe4"), "ä", 1, 1 },

    { "IR 13", "ISO_IR 13", R("\xd4\xcf\xc0\xde^\xc0\xdb\xb3"),
      "ﾔﾏﾀﾞ^ﾀﾛｳ", 1, 1 },
    { "IR 13: 5C delimits", "ISO_IR 13", R("a\\\xb1~"), "a\\ｱ‾", 1, 0 },
    { "IR 13: 5C is a yen in one text", "ISO_IR 13", R("\\100"),
      "¥100", 0, 0 },

    { "H.3.1", "\\ISO 2022 IR 87",
      R("Yamada^Tarou=" E "$B;3ED" E "(B^" E "$BB@O:" E "(B="
        E "$B$d$^$@" E "(B^" E "$B$?$m$&" E "(B"),
      "Yamada^Tarou=山田^太郎=やまだ^たろう", 1, 1 },
    { "H.3.2", "ISO 2022 IR 13\\ISO 2022 IR 87",
      R("\xd4\xcf\xc0\xde^\xc0\xdb\xb3=" E "$B;3ED" E "(J^" E "$BB@O:"
        E "(J=" E "$B$d$^$@" E "(J^" E "$B$?$m$&" E "(J"),
      "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう", 1, 1 },
    { "IR 87: 5C and 5E inside characters", "\\ISO 2022 IR 87",
      R(E "$B\\\\^^=\\" E "(B\\b"), "樛湎旬\\b", 1, 1 },
    { "IR 159", "\\ISO 2022 IR 87\\ISO 2022 IR 159",
      R(E "$(D0!" E "$B0!" E "(B"), "丂亜", 1, 1 },
    { "no escape back before a new line", "\\ISO 2022 IR 87",
      R(E "$B;3\r\nabcd"), "山\r\nabcd", 0, 0 },
    { "lone half before a delimiter", "\\ISO 2022 IR 87",
      R(E "$B;3;" E "(B^x"), "山" BAD "^x", 1, 1 },
    { "a delimiter instead of a half", "\\ISO 2022 IR 87",
      R(E "$B;3^" E "$B;3"), "山^山", 1, 1 },
    { "no character there", "\\ISO 2022 IR 87", R(E "$B)!" E "(Bz"),
      BAD "z", 1, 1 },
    { "JIS C 6226", "\\ISO 2022 IR 87", R(E "$@;3" E "(B"), "山", 1, 1 },

    { "I.2", "\\ISO 2022 IR 149",
      R("Hong^Gildong=" E "$)C\xfb\xf3^" E "$)C\xd1\xce\xd4\xd7="
        E "$)C\xc8\xab^" E "$)C\xb1\xe6\xb5\xbf"),
      "Hong^Gildong=洪^吉洞=홍^길동", 1, 1 },
    { "G1 is lost at ^", "\\ISO 2022 IR 149", R(E "$)C\xc8\xab^\xc8"),
      "홍^" BAD, 1, 1 },
    { "^ is text in LO", "\\ISO 2022 IR 149", R(E "$)C\xc8\xab^\xc8\xab"),
      "홍^홍", 1, 0 },
    { "G1 is lost at a backslash", "\\ISO 2022 IR 149",
      R(E "$)C\xc8\xab\\\xc8"), "홍\\" BAD, 1, 0 },
    { "backslash is text in LT", "\\ISO 2022 IR 149",
      R(E "$)C\xc8\xab\\\xc8\xab"), "홍\\홍", 0, 0 },
    { "G1 is lost at a line's end", "\\ISO 2022 IR 149",
      R(E "$)C\xc8\xab\r\n\xc8"), "홍\r\n" BAD, 0, 0 },
    { "IR 149 as only value", "ISO 2022 IR 149", R("\xc8\xab^\xb1\xe6"),
      "홍^길", 1, 1 },

    { "K.2", "\\ISO 2022 IR 58",
      R("Zhang^XiaoDong=" E "$)A\xd5\xc5^" E "$)A\xd0\xa1\xb6\xab="),
      "Zhang^XiaoDong=张^小东=", 1, 1 },
    { "K.3", "\\ISO 2022 IR 58",
      R("1. " E "$)A\xb5\xda\xd2\xbb\xd0\xd0\r\n2. " E "$)A\xb5\xda\r\n"),
      "1. 第一行\r\n2. 第\r\n", 0, 0 },

    { "value 1 again after a delimiter", "ISO 2022 IR 100\\ISO 2022 IR 144",
      R("\xe4" E "-L\xbb\\\xe4"), "äЛ\\ä", 1, 0 },
    { "a set that is not in the list", "ISO 2022 IR 100\\ISO 2022 IR 144",
      R(E "-F\xc4"), "Δ", 1, 0 },
    { "Latin-9 by escape", "\\ISO 2022 IR 203", R(E "-b\xa4"), "€", 1, 0 },
    { "unknown escape", "\\ISO 2022 IR 87", R("a" E "%Gz"), "a" BAD "%Gz",
      1, 0 },
    { "escape at the end", "\\ISO 2022 IR 87", R("a" E), "a" BAD, 1, 0 },
    { "half an escape", "\\ISO 2022 IR 87", R("a" E "$"), "a" BAD "$", 1, 0 },

    { "J.1", "ISO_IR 192", R("Wang^XiaoDong=王^小東="),
      "Wang^XiaoDong=王^小東=", 1, 1 },
    { "UTF-8, four bytes", "ISO_IR 192", R("😀"), "😀", 1, 1 },
    { "UTF-8 wins over a list", "ISO_IR 192\\ISO 2022 IR 87", R("é"), "é",
      1, 1 },
    { "UTF-8, cut", "ISO_IR 192", R("a\xe7\x8e"), "a" BAD, 1, 1 },
    { "UTF-8, overlong", "ISO_IR 192", R("\xc0\xaf"), BAD BAD, 1, 1 },
    { "UTF-8, surrogate", "ISO_IR 192", R("\xed\xa0\x80"), BAD BAD BAD,
      1, 1 },
    { "UTF-8, too high", "ISO_IR 192", R("\xf4\x90\x80\x80"),
      BAD BAD BAD BAD, 1, 1 },
    { "UTF-8, lead before text", "ISO_IR 192", R("\xe7z"), BAD "z", 1, 1 },

    { "J.2", "GB18030",
      R("Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab="),
      "Wang^XiaoDong=王^小东=", 1, 1 },
    { "GB18030, 5C as second byte", "GB18030", R("\x81\x5c\\a"),
      "乗\\a", 1, 0 },
    { "GB18030, four bytes", "GB18030", R("\x95\x32\x82\x36"), "𠀀", 1, 1 },
    { "GB18030, four bytes of the BMP", "GB18030", R("\x81\x30\x81\x30"),
      "\xc2\x80", 1, 1 },
    { "GB18030, two bytes beyond the BMP", "GB18030", R("\xfe\x51"), "𠂇",
      1, 1 },
    { "GB18030, cut", "GB18030", R("a\x81\x30\x81"), "a" BAD "0" BAD, 1, 1 },
    { "GBK", "GBK", R("\xcd\xf5\x81\x40"), "王丂", 1, 1 },
    { "GBK, lead alone", "GBK", R("\x81 z"), BAD " z", 1, 1 }
};


/* characters of one whole set */
static unsigned
count(pacs_arena_t *a, const char *charset, const char *esc, unsigned high)
{
    unsigned  n = 0;

    for (unsigned i = 0; i < 94 * 94; i++) {
        char  raw[8];
        int   len = snprintf(raw, sizeof(raw), "%s%c%c", esc,
                             (int) (i / 94 + 0x21 + high),
                             (int) (i % 94 + 0x21 + high));
        pacs_str_t  s = pacs_charset_utf8(pacs_cstr(charset),
            (pacs_str_t) { raw, (size_t) len }, false, false, a);

        n += !pacs_str_is(s, BAD) && s.len >= 2;
    }
    return n;
}


static void *
thread(void *failures)
{
    pacs_arena_t *a = pacs_arena_create(0);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const row_t *r = &rows[i];

        *(int *) failures += !pacs_str_is(pacs_charset_utf8(
            pacs_cstr(r->charset), r->raw, r->multi, r->pn, a), r->want);
    }

    pacs_arena_destroy(a);
    return NULL;
}


int
main(void)
{
    enum { THREADS = 4 };

    pthread_t      threads[THREADS];
    int            failures[THREADS] = { 0 };
    pacs_arena_t  *a = pacs_arena_create(0);

    /* first, while no table is there yet */
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, thread, &failures[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        is_int(failures[i], 0, "from a thread");
    }

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const row_t *r = &rows[i];

        is_str(pacs_charset_utf8(pacs_cstr(r->charset), r->raw, r->multi,
                                 r->pn, a), r->want, r->name);
    }

    is_int(count(a, "\\ISO 2022 IR 87", E "$B", 0), 6879, "JIS X 0208");
    is_int(count(a, "\\ISO 2022 IR 159", E "$(D", 0), 6067, "JIS X 0212");
    is_int(count(a, "\\ISO 2022 IR 149", E "$)C", 128), 8227, "KS X 1001");
    is_int(count(a, "\\ISO 2022 IR 58", E "$)A", 128), 7445, "GB 2312");

    pacs_arena_t *small = pacs_arena_create(8192);
    char          big[4096];

    memset(big, 0xe4, sizeof(big));
    ok(pacs_charset_utf8(pacs_lit("ISO_IR 100"),
                         (pacs_str_t) { big, sizeof(big) }, 1, 0, small).data
       == NULL, "no memory: no text");
    ok(pacs_charset_utf8(pacs_null, pacs_null, 1, 0, a).data != NULL,
       "nothing is an empty text");

    pacs_arena_destroy(small);
    pacs_arena_destroy(a);
    return done();
}
