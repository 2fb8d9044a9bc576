/* SPDX-License-Identifier: BSD-2-Clause */

/* DICOM JSON and XML in: what becomes of them, told by DICOM JSON again */

#include <math.h>
#include <stdlib.h>

#include "dicom/dicom.h"
#include "tap.h"

static pacs_arena_t  *arena;
static const char     spool[] = "0123456789";


static int
find(void *ctx, pacs_str_t uri, pacs_bulk_t *bulk, pacs_err_t *err)
{
    static pacs_range_t  fragments[] = { { 0, 3 }, { 4, 2 } };

    if (pacs_str_is(uri, "text")) {
        bulk->value = "words";
        bulk->length = 5;

    } else if (pacs_str_is(uri, "file")) {
        bulk->offset = 2;
        bulk->length = 4;

    } else if (pacs_str_is(uri, "coded")) {
        bulk->fragments = fragments;
        bulk->nfragments = 2;

    } else {
        return pacs_fail(err, PACS_E_NOT_FOUND, "no part of this name");
    }
    return PACS_OK;
}


/* read, encoded, read as a file, and JSON of that; or the error's text */
static pacs_str_t
again(pacs_str_t text, bool xml)
{
    pacs_bulk_find_t   bulk = { find, NULL };
    pacs_source_t      stream = pacs_source_mem(spool, 10), file;
    pacs_dataset_t    *sets, ds;
    pacs_buf_t         b = { 0 }, out = { 0 };
    pacs_err_t         err = { 0 };
    unsigned           n;
    int                rc;

    rc = (xml ? pacs_xml_read : pacs_json_read)(text, &bulk,
            &pacs_limits_default, arena, &sets, &n, &err);

    for (unsigned i = 0; rc == PACS_OK && i < n; i++) {
        pacs_json_t  json = { 0 };

        b.len = 0;
        pacs_write_meta(&b, pacs_lit("1.2"), pacs_lit("1.3"),
                        pacs_cstr(sets[i].fragments == NULL
                                  ? "1.2.840.10008.1.2.1"
                                  : "1.2.840.10008.1.2.4.50"), pacs_null);
        rc = pacs_write_dataset(&b, &stream, &sets[i], false, &err);
        file = pacs_source_mem(b.data, b.len);

        if (rc == PACS_OK
            && (rc = pacs_dicom_read(&file, &pacs_limits_default, 4096, arena,
                                     &ds, &err)) == PACS_OK
            && (rc = pacs_json_write(&file, &ds, 100, arena, &json, &err))
                == PACS_OK)
        {
            pacs_buf_add(&out, json.text.data, json.text.len);
        }
        pacs_buf_free(&json.text);
    }

    if (rc != PACS_OK) {
        out.len = 0;
        pacs_buf_printf(&out, "%s: %s", pacs_codes[rc].name, err.text);
    }
    pacs_buf_free(&b);
    return pacs_buf_take(&out, arena);
}


/* want NULL: the same */
static void
json(const char *text, const char *want)
{
    is_str(again(pacs_cstr(text), false), want == NULL ? text : want, text);
}


/* the value of one attribute */
static void
value(const char *vr, const char *text, const char *want)
{
    const char *tag = strcmp(vr, "OB") == 0 ? "00420011" : "00091010";
    pacs_str_t  in = pacs_sprintf(arena, "{\"%s\":{\"vr\":\"%s\",%s}}", tag,
                                  vr, text);
    pacs_str_t  out = want == NULL ? in
                      : want[0] != '\0' && !pacs_str_starts(pacs_cstr(want),
                                                            "\"Value")
                        && !pacs_str_starts(pacs_cstr(want), "\"Inline")
                      ? pacs_sprintf(arena, "bad-request: %s: %s", tag, want)
                      : pacs_sprintf(arena, "{\"%s\":{\"vr\":\"%s\"%s%s}}",
                                     tag, vr, want[0] == '"' ? "," : "", want);

    is_str(again(in, false), out.data, in.data);
}


static void
values(void)
{
    static const struct { const char *vr, *in, *out; }  rows[] = {
        { "LO", "\"Value\":[\"a\",null,\"c\"]", NULL },
        { "LO", "\"Value\":[null,null]", NULL },
        { "LO", "\"Value\":[]", "" },
        { "LO", "\"Value\":[null]", "" },
        { "LO", "\"Value\":null", "" },
        { "LO", "\"Value\":[1]", "a number, this VR is text" },
        { "LO", "\"Value\":[\"a\\\\b\"]", "a backslash inside of one value" },
        { "LO", "\"InlineBinary\":\"AAAA\"",
          "InlineBinary in an attribute of VR LO" },
        { "LO", "\"BulkDataURI\":\"text\"", "\"Value\":[\"words\"]" },
        { "LO", "\"Value\":[true]", "JSON at byte 32: no value of JSON" },
        { "LO", "\"Value\":[\"a\"],\"Value\":[\"b\"]",
          "JSON at byte 45: a second Value, InlineBinary or BulkDataURI" },
        { "LT", "\"Value\":[\"  a\\\\b\\r\\n\\t\"]", NULL },
        { "LT", "\"Value\":[\"a\",\"b\"]",
          "several values, this VR has one" },
        { "CS", "\"Value\":[\"\xc3\xa4\"]", "VR CS has ASCII only" },
        { "XX", "\"Value\":[\"a\"]", "a vr that is none of PS3.5 6.2" },
        { "DS", "\"Value\":[1.50,-0.5,1E-5,\"1,5\"]", NULL },
        { "DS", "\"Value\":[0.30000000000000004,0.1000000000000000055511]",
          NULL },
        { "DS", "\"Value\":[12345678901234567890]", NULL },
        { "DS", "\"Value\":[01]", "JSON at byte 33: ',' is missing" },
        { "DS", "\"Value\":[1.]", "JSON at byte 34: no value of JSON" },
        { "DS", "\"Value\":[-]", "JSON at byte 33: no value of JSON" },
        { "DS", "\"Value\":[NaN]", "JSON at byte 32: no value of JSON" },
        { "DS", "\"Value\":[\"1.50\"]", "\"Value\":[1.50]" },
        { "IS", "\"Value\":[7,null,-9]", NULL },
        { "US", "\"Value\":[0,65535]", NULL },
        { "US", "\"Value\":[3.0,1e3]", "\"Value\":[3,1000]" },
        { "US", "\"Value\":[65536]", "\"65536\" is no value of VR US" },
        { "US", "\"Value\":[-1]", "\"-1\" is no value of VR US" },
        { "US", "\"Value\":[1.5]", "\"1.5\" is no value of VR US" },
        { "US", "\"Value\":[1,null]", "an empty value among numbers" },
        { "US", "\"Value\":[null]", "" },
        { "SS", "\"Value\":[-32768,32767]", NULL },
        { "SL", "\"Value\":[-2147483648,2147483647]", NULL },
        { "UL", "\"Value\":[4294967295]", NULL },
        { "SV", "\"Value\":[\"-9223372036854775808\",-5]", NULL },
        { "UV", "\"Value\":[\"18446744073709551615\",7]", NULL },
        { "UV", "\"Value\":[18446744073709551615]",
          "\"Value\":[\"18446744073709551615\"]" },
        { "UV", "\"Value\":[18446744073709551616]",
          "\"18446744073709551616\" is no value of VR UV" },
        { "FL", "\"Value\":[0.1,3.4028235e+38,null,-0.0]", NULL },
        { "FL", "\"Value\":[1e39]", "\"1e39\" is no value of VR FL" },
        { "FL", "\"Value\":[\"Infinity\",\"-Infinity\",null]", NULL },
        { "FD", "\"Value\":[\"-inf\",\"INF\",\"NaN\",\"-nan\"]",
          "\"Value\":[\"-Infinity\",\"Infinity\",null,null]" },
        { "FD", "\"Value\":[\"infinit\"]",
          "\"infinit\" is no value of VR FD" },
        { "FD", "\"Value\":[0.1,0.30000000000000004,5e-324]",
          "\"Value\":[0.1,0.30000000000000004,4.94065645841247e-324]" },
        { "FD", "\"Value\":[1.2e-200,1e+300]", NULL },
        { "AT", "\"Value\":[\"00100020\",\"7FE00010\"]", NULL },
        { "AT", "\"Value\":[\"PatientID\"]",
          "\"PatientID\" is no value of VR AT" },
        { "PN", "\"Value\":[{\"Alphabetic\":\"A^B\",\"Ideographic\":\"C\","
          "\"Phonetic\":\"D\"}]", NULL },
        { "PN", "\"Value\":[{\"Phonetic\":\"D\"},null,{\"Ideographic\":"
          "\"C\"}]", NULL },
        { "PN", "\"Value\":[{\"Phonetic\":\"D\",\"Alphabetic\":\"A\"}]",
          "\"Value\":[{\"Alphabetic\":\"A\",\"Phonetic\":\"D\"}]" },
        { "PN", "\"Value\":[\"A^B=C\"]", "\"Value\":[{\"Alphabetic\":"
          "\"A^B\",\"Ideographic\":\"C\"}]" },
        { "PN", "\"Value\":[{}]", "" },
        { "PN", "\"Value\":[{\"Alphabetic\":\"A=B\"}]",
          "JSON at byte 51: a '=' inside of a component group" },
        { "OB", "\"InlineBinary\":\"AAEC\"", "\"InlineBinary\":\"AAECAA==\"" },
        { "OB", "\"InlineBinary\":\"AAE=\"", NULL },
        { "OB", "\"InlineBinary\":\"AAE\"", "InlineBinary is no base64" },
        { "OB", "\"InlineBinary\":\"A===\"", "InlineBinary is no base64" },
        { "OB", "\"InlineBinary\":\"AA*=\"", "InlineBinary is no base64" },
        { "OB", "\"Value\":[1]", "a value in an attribute of VR OB" },
        { "OB", "\"BulkDataURI\":\"file\"",
          "\"InlineBinary\":\"MjM0NQ==\"" },
        { "OD", "\"BulkDataURI\":\"file\"",
          "4 bytes: VR OD has words of 8" },
        { "SQ", "\"Value\":[\"a\"]", "JSON at byte 32: '{' is missing" },
        { "SQ", "\"Value\":[null,{},{\"00080060\":{\"vr\":\"CS\","
          "\"Value\":[\"CT\"]}}]", "\"Value\":[{},{},{\"00080060\":{\"vr\":"
          "\"CS\",\"Value\":[\"CT\"]}}]" },
        { "SQ", "\"Value\":[]", "" },
        { "SQ", "\"BulkDataURI\":\"file\"",
          "a URI in an attribute of VR SQ" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        value(rows[i].vr, rows[i].in, rows[i].out);
    }
}


static void
documents(void)
{
    json("{}", NULL);
    json("[]", "");
    json(" [ {} , {} ] ", "{}{}");
    json("", "bad-request: JSON at byte 0: '{' is missing");
    json("{} x", "bad-request: JSON at byte 3: text behind the end");
    json("{,}", "bad-request: JSON at byte 1: '\"' is missing");
    json("{\"0010\":{}}", "bad-request: JSON at byte 7: a name that is not "
         "of 8 hexadecimal digits");
    json("{\"00100020\":{\"vr\":\"LO\",}}",
         "bad-request: JSON at byte 23: '\"' is missing");
    json("{\"00100020\":{\"vr\":\"LO\"", "bad-request: "
         "JSON at byte 22: ',' is missing");

    /* the dictionary's VR; any order of keys and tags */
    json("{\"00100020\":{\"Value\":[\"x\"]},\"00080060\":{\"vr\":\"CS\"}}",
         "{\"00080060\":{\"vr\":\"CS\"},\"00100020\":{\"vr\":\"LO\","
         "\"Value\":[\"x\"]}}");
    json("{\"00091010\":{\"Value\":[\"x\"]}}", "bad-request: 00091010: no vr");
    json("{\"00091010\":{\"Value\":[1.50],\"vr\":\"DS\"}}",
         "{\"00091010\":{\"vr\":\"DS\",\"Value\":[1.50]}}");
    json("{\"00091010\":{\"Value\":[{\"Alphabetic\":\"x\"}],\"vr\":\"PN\"}}",
         "{\"00091010\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":\"x\"}]}}");
    json("{\"00400275\":{\"Value\":[null,{\"00400007\":{\"Value\":[\"x\"],"
         "\"vr\":\"LO\"}}],\"vr\":\"SQ\"}}",
         "{\"00400275\":{\"vr\":\"SQ\",\"Value\":[{},{\"00400007\":{\"vr\":"
         "\"LO\",\"Value\":[\"x\"]}}]}}");
    json("{\"00400275\":{\"Value\":[null],\"vr\":\"SQ\"}}",
         "{\"00400275\":{\"vr\":\"SQ\",\"Value\":[{}]}}");
    json("{\"00400275\":{\"Value\":[{}],\"vr\":\"LO\"}}",
         "bad-request: 00400275: JSON at byte 35: items, and a vr that is not "
         "SQ");
    json("{\"00400275\":{\"vr\":\"SQ\",\"Value\":[{},{\"00400007\":{\"vr\":"
         "\"US\",\"Value\":[-1]}}]}}", "bad-request: 00400275[2].00400007: "
         "\"-1\" is no value of VR US");
    json("{\"00100020\":{\"vr\":\"LO\"},\"00080060\":{\"vr\":\"CS\"},"
         "\"00100020\":{\"vr\":\"LO\"}}",
         "bad-request: 00100020 is there twice");

    /* group 2 and group lengths are no part of it; others are refused */
    json("{\"00020010\":{\"vr\":\"UI\",\"Value\":[\"1.2\"]},\"00080000\":"
         "{\"vr\":\"UL\",\"Value\":[4]}}", "{}");
    json("{\"00000900\":{\"vr\":\"US\"}}",
         "bad-request: 00000900: no attribute of a data set");

    /* characters */
    json("{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"\\u00e4\\ud83d\\ude00"
         "\\/\"]}}", "{\"00080005\":{\"vr\":\"CS\",\"Value\":[\"ISO_IR 192\"]}"
         ",\"00100020\":{\"vr\":\"LO\",\"Value\":[\"\xc3\xa4\xf0\x9f\x98\x80/"
         "\"]}}");
    json("{\"00080005\":{\"vr\":\"CS\",\"Value\":[\"ISO_IR 100\"]}}",
         "{\"00080005\":{\"vr\":\"CS\",\"Value\":[\"ISO_IR 192\"]}}");
    json("{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"\xff\"]}}",
         "bad-request: 00100020: JSON at byte 33: no UTF-8");
    json("{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"\\ud800x\"]}}",
         "bad-request: 00100020: JSON at byte 39: half of a surrogate pair");
    json("{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"\\u0000\"]}}",
         "bad-request: 00100020: a NUL in a text");
    json("{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"a\nb\"]}}",
         "bad-request: 00100020: JSON at byte 34: a control character in a "
         "string");

    /* bulk data */
    json("{\"7FE00010\":{\"vr\":\"OW\",\"BulkDataURI\":\"other\"}}",
         "not-found: 7FE00010: no part of this name");
    json("{\"7FE00010\":{\"vr\":\"OW\",\"BulkDataURI\":\"coded\"}}",
         "{\"7FE00010\":{\"vr\":\"OB\",\"BulkDataURI\":\""
         "/bulkdata/7FE00010\"}}");
    json("{\"00880200\":{\"vr\":\"SQ\",\"Value\":[{\"7FE00010\":{\"vr\":"
         "\"OB\",\"BulkDataURI\":\"coded\"}}]}}",
         "bad-request: 00880200[1].7FE00010: compressed bulk data is for the "
         "Pixel Data (7FE00010) of the data set only");
}


/* n times open, then close */
static pacs_str_t
nested(const char *open, const char *middle, const char *close, unsigned n)
{
    pacs_buf_t  b = { 0 };
    pacs_str_t  s;

    for (unsigned i = 0; i < n; i++) {
        pacs_buf_text(&b, open);
    }
    pacs_buf_text(&b, middle);
    for (unsigned i = 0; i < n; i++) {
        pacs_buf_text(&b, close);
    }
    s = pacs_buf_take(&b, arena);
    return (pacs_str_t) { pacs_strdup(arena, s), s.len };
}


static void
depths(void)
{
    pacs_str_t  s = nested("{\"00400275\":{\"vr\":\"SQ\",\"Value\":[", "{}",
                           "]}}", 64);

    is_str(again(s, false), s.data,
           "64 sequences deep");

    s = again(nested("{\"00400275\":{\"vr\":\"SQ\",\"Value\":[", "{}", "]}}",
                     65), false);
    ok(strstr(s.data, "sequences nested deeper than 64 (limit nesting)")
       != NULL, "65: %.*s", pacs_fmt(s));

    s = again(nested("{\"00400275\":{\"Value\":[", "{}", "]}}", 1000000),
              false);
    ok(pacs_str_starts(s, "over-limit"), "a million: %.*s", pacs_fmt(s));

    s = again(nested("[", "", "]", 1000000), false);
    ok(pacs_str_starts(s, "bad-request"), "a million of [: %.*s",
       pacs_fmt(s));

    s = again(pacs_sprintf(arena, "{\"00091010\":{\"Value\":%s",
                           nested("[", "", "]", 1000).data), false);
    ok(pacs_str_starts(s, "bad-request"), "values before vr: %.*s",
       pacs_fmt(s));

    s = again(nested("<a>", "", "</a>", 1000000), true);
    ok(pacs_str_starts(s, "bad-request"), "XML: %.*s", pacs_fmt(s));

    s = again(pacs_sprintf(arena, "<NativeDicomModel>%s</NativeDicomModel>",
        nested("<DicomAttribute tag=\"00400275\" vr=\"SQ\"><Item>", "",
               "</Item></DicomAttribute>", 65).data), true);
    ok(strstr(s.data, "limit nesting") != NULL, "65 items: %.*s",
       pacs_fmt(s));
}


#define MODEL(s)  "<NativeDicomModel>" s "</NativeDicomModel>"
#define ATTR(tag, vr, s)                                                      \
    "<DicomAttribute tag=\"" tag "\" vr=\"" vr "\">" s "</DicomAttribute>"

static void
xml(void)
{
    static const struct { const char *in, *out; }  rows[] = {
        { "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<NativeDicomModel "
          "xmlns=\"http://dicom.nema.org/PS3.19/models/NativeDICOM\"/>",
          "{}" },
        { MODEL(ATTR("00100020", "LO", "<Value number=\"1\"> a&amp;b</Value>"
                     "\n<Value number=\"3\"><![CDATA[<]]></Value>")
                "<!-- c --><DicomAttribute tag=\"00080060\"/>"),
          "{\"00080060\":{\"vr\":\"CS\"},\"00100020\":{\"vr\":\"LO\","
          "\"Value\":[\"a&b\",null,\"<\"]}}" },
        { MODEL(ATTR("00100010", "PN", "<PersonName number=\"1\"><Alphabetic>"
                     "<FamilyName>A</FamilyName><NameSuffix>E</NameSuffix>"
                     "</Alphabetic><Phonetic><GivenName>B</GivenName>"
                     "</Phonetic></PersonName>")),
          "{\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":"
          "\"A^^^^E\",\"Phonetic\":\"^B\"}]}}" },
        { MODEL(ATTR("00400275", "SQ", "<Item number=\"2\">"
                     ATTR("00400007", "LO", "<Value>x</Value>") "</Item>")),
          "{\"00400275\":{\"vr\":\"SQ\",\"Value\":[{},{\"00400007\":{\"vr\":"
          "\"LO\",\"Value\":[\"x\"]}}]}}" },
        { MODEL(ATTR("00420011", "OB", "<InlineBinary>AA\nE=</InlineBinary>")
                ATTR("7FE00010", "OW", "<BulkData uri=\"file\"/>")),
          "{\"00420011\":{\"vr\":\"OB\",\"InlineBinary\":\"AAE=\"},"
          "\"7FE00010\":{\"vr\":\"OW\",\"InlineBinary\":"
          "\"MjM0NQ==\"}}" },
        { MODEL("<DicomAttribute tag=\"00090001\" vr=\"LO\" "
                "privateCreator=\"A\"><Value>1</Value></DicomAttribute>"
                "<DicomAttribute tag=\"00090001\" vr=\"LO\" "
                "privateCreator=\"B\"><Value>2</Value></DicomAttribute>"
                "<DicomAttribute tag=\"00090002\" vr=\"LO\" "
                "privateCreator=\"A\"/>"),
          "{\"00090010\":{\"vr\":\"LO\",\"Value\":[\"A\"]},"
          "\"00090011\":{\"vr\":\"LO\",\"Value\":[\"B\"]},"
          "\"00091001\":{\"vr\":\"LO\",\"Value\":[\"1\"]},"
          "\"00091002\":{\"vr\":\"LO\"},"
          "\"00091101\":{\"vr\":\"LO\",\"Value\":[\"2\"]}}" },
        { MODEL(ATTR("00091010", "US", "<Value>70000</Value>")),
          "bad-request: 00091010: \"70000\" is no value of VR US" },
        { MODEL(ATTR("0010", "LO", "")), "bad-request: XML line 1: tag is "
          "not of 8 hexadecimal digits" },
        { MODEL("x"), "bad-request: XML line 1: text where none is expected" },
        { MODEL("<Value>x</Value>"),
          "bad-request: XML line 1: unexpected element Value" },
        { MODEL(ATTR("00100020", "LO", "<Value number=\"0\">x</Value>")),
          "bad-request: 00100020: XML line 1: a number that is none, or not "
          "the next" },
        { MODEL(ATTR("00100020", "LO", "<Value number=\"2000000\"/>")),
          "bad-request: 00100020: XML line 1: a number that is none, or not "
          "the next" },
        { MODEL(ATTR("00420011", "OB", "<BulkData uuid=\"1\"/>")),
          "bad-request: 00420011: XML line 1: BulkData without uri" },
        { MODEL(ATTR("00420011", "OB", "<BulkData uri=\"file\"/>"
                     "<BulkData uri=\"file\"/>")),
          "bad-request: 00420011: XML line 1: an attribute with two kinds of "
          "value" },
        { "<!DOCTYPE NativeDicomModel [<!ENTITY a \"b\">]>" MODEL("&a;"),
          "bad-request: XML line 1: a document type (DOCTYPE) is not taken" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        is_str(again(pacs_cstr(rows[i].in), true), rows[i].out, rows[i].in);
    }

    static const char *const  broken[] = {
        "", "<", "<NativeDicomModel>", MODEL("&a;"), MODEL("") "x",
        MODEL("") MODEL(""), MODEL("\xff"), MODEL("<DicomAttribute tag=1/>")
    };

    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        pacs_str_t  s = again(pacs_cstr(broken[i]), true);

        ok(pacs_str_starts(s, "bad-request: XML line "), "%s: %.*s",
           broken[i], pacs_fmt(s));
    }
}


static int
keep(void *ctx, pacs_str_t s, pacs_err_t *err)
{
    pacs_buf_str(ctx, s);
    return PACS_OK;
}


static void
xml_out(void)
{
    static const char  head[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<NativeDicomModel xmlns=\"http://dicom.nema.org/PS3.19/models/"
        "NativeDICOM\" xml:space=\"preserve\">\n";
    pacs_buf_t  b = { 0 };
    pacs_err_t  err = { 0 };
    int         rc = pacs_xml_from_json(pacs_lit(
        "[{},{\"00090010\":{\"vr\":\"LO\",\"Value\":[\"A\\\"\"]},\"00091001\":"
        "{\"vr\":\"DS\",\"Value\":[1.50,null,2]},\"00100010\":{\"vr\":\"PN\","
        "\"Value\":[{\"Alphabetic\":\"A^B<\",\"Phonetic\":\"C\"}]},"
        "\"00091101\":{\"vr\":\"LT\",\"Value\":[\"\\r\\n\\u001b\"]},"
        "\"7FE00010\":{\"vr\":\"OW\",\"BulkDataURI\":\"/x?a&b\"},"
        "\"00400275\":{\"vr\":\"SQ\",\"Value\":[{},{\"00420011\":{\"vr\":"
        "\"OB\",\"InlineBinary\":\"AAE=\"}}]}}]"),
        &pacs_limits_default, keep, &b, &err);

    is_int(rc, PACS_OK, "JSON to XML");
    is_str(pacs_buf_take(&b, arena), pacs_sprintf(arena, "%s"
        "</NativeDicomModel>\n%s"
        "<DicomAttribute tag=\"00090010\" vr=\"LO\">\n<Value number=\"1\">"
        "A&quot;</Value>\n</DicomAttribute>\n"
        "<DicomAttribute tag=\"00090001\" vr=\"DS\" privateCreator=\"A&quot;"
        "\">\n<Value number=\"1\">1.50</Value>\n<Value number=\"3\">2</Value>"
        "\n</DicomAttribute>\n"
        "<DicomAttribute tag=\"00100010\" vr=\"PN\" keyword=\"PatientName\">\n"
        "<PersonName number=\"1\"><Alphabetic><FamilyName>A</FamilyName>"
        "<GivenName>B&lt;</GivenName></Alphabetic><Phonetic><FamilyName>C"
        "</FamilyName></Phonetic></PersonName>\n</DicomAttribute>\n"
        "<DicomAttribute tag=\"00091101\" vr=\"LT\">\n<Value number=\"1\">"
        "&#13;\n\xef\xbf\xbd</Value>\n</DicomAttribute>\n"
        "<DicomAttribute tag=\"7FE00010\" vr=\"OW\" keyword=\"PixelData\">\n"
        "<BulkData uri=\"/x?a&amp;b\"/>\n</DicomAttribute>\n"
        "<DicomAttribute tag=\"00400275\" vr=\"SQ\" "
        "keyword=\"RequestAttributesSequence\">\n<Item number=\"1\">\n</Item>"
        "\n<Item number=\"2\">\n<DicomAttribute tag=\"00420011\" vr=\"OB\" "
        "keyword=\"EncapsulatedDocument\">\n<InlineBinary>AAE=</InlineBinary>"
        "\n</DicomAttribute>\n</Item>\n</DicomAttribute>\n"
        "</NativeDicomModel>\n", head, head).data, "... as the standard says");
}


int
main(void)
{
    arena = pacs_arena_create(0);

    values();
    documents();
    depths();
    xml();
    xml_out();

    pacs_arena_destroy(arena);
    return done();
}
