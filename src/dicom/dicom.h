/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * dicom: DICOM data sets in C: bounded iterative Part 10 reader, frame
 * locator, Part 10 writer, DICOM JSON (PS3.18 Annex F) and the Native
 * DICOM Model (PS3.19 A.1) in and out, character sets (PS3.5 6.1) and the
 * generated tables of tags and UIDs (PS3.6).
 * Includes core only.  Any thread; nothing here recurses on input, and all
 * memory of a call comes from the arena it is given.
 */

#ifndef PACS_DICOM_H
#define PACS_DICOM_H

#include "core/core.h"
#include "core/codec.h"

/* --- dictionary: generated from Debian's dictionary by tools/gen-dict --- */

#define PACS_VR(a, b)  ((uint16_t) ((a) << 8 | (b)))

enum {
    PACS_AE = PACS_VR('A','E'), PACS_AS = PACS_VR('A','S'),
    PACS_AT = PACS_VR('A','T'), PACS_CS = PACS_VR('C','S'),
    PACS_DA = PACS_VR('D','A'), PACS_DS = PACS_VR('D','S'),
    PACS_DT = PACS_VR('D','T'), PACS_FD = PACS_VR('F','D'),
    PACS_FL = PACS_VR('F','L'), PACS_IS = PACS_VR('I','S'),
    PACS_LO = PACS_VR('L','O'), PACS_LT = PACS_VR('L','T'),
    PACS_OB = PACS_VR('O','B'), PACS_OD = PACS_VR('O','D'),
    PACS_OF = PACS_VR('O','F'), PACS_OL = PACS_VR('O','L'),
    PACS_OV = PACS_VR('O','V'), PACS_OW = PACS_VR('O','W'),
    PACS_PN = PACS_VR('P','N'), PACS_SH = PACS_VR('S','H'),
    PACS_SL = PACS_VR('S','L'), PACS_SQ = PACS_VR('S','Q'),
    PACS_SS = PACS_VR('S','S'), PACS_ST = PACS_VR('S','T'),
    PACS_SV = PACS_VR('S','V'), PACS_TM = PACS_VR('T','M'),
    PACS_UC = PACS_VR('U','C'), PACS_UI = PACS_VR('U','I'),
    PACS_UL = PACS_VR('U','L'), PACS_UN = PACS_VR('U','N'),
    PACS_UR = PACS_VR('U','R'), PACS_US = PACS_VR('U','S'),
    PACS_UT = PACS_VR('U','T'), PACS_UV = PACS_VR('U','V')
};

/* one row a VR, PS3.5 6.2; NULL: not a VR of the standard */
typedef struct {
    uint16_t  vr;
    uint8_t   size;         /* bytes of a binary value, 0: text or opaque */
    uint8_t   long_length;  /* explicit VR: 2 reserved bytes, 32-bit length */
    uint8_t   text;         /* a character string */
    uint8_t   charset;      /* affected by Specific Character Set */
    uint8_t   multi;        /* backslash delimits values */
    uint8_t   pad;          /* the padding byte */
} pacs_vr_t;

const pacs_vr_t *pacs_vr(uint16_t vr);

typedef struct {
    uint32_t     tag;       /* ggggeeee; x's of repeating groups are 0 */
    uint16_t     vr;        /* the first of "US or SS" */
    uint16_t     vr_alt;    /* the second of them, or 0 */
    uint16_t     vm_max;    /* 0: n */
    const char  *keyword;
} pacs_tag_t;

/* repeating groups (50xx, 60xx) and group lengths included; private: NULL */
const pacs_tag_t *pacs_tag(uint32_t tag);
const pacs_tag_t *pacs_tag_keyword(pacs_str_t keyword);
/* "00100010" or "PatientName"; false: neither */
bool pacs_tag_parse(pacs_str_t text, uint32_t *tag);

typedef struct {
    const char  *uid;
    const char  *name;
    char         kind;      /* 'T' transfer syntax, 'S' SOP class, 'O' other */
} pacs_uid_t;

const pacs_uid_t *pacs_uid(pacs_str_t uid);
extern const pacs_uid_t  pacs_uid_table[];          /* ends with uid NULL */
/* a class that no table knows is taken for one, unless its UID lies outside
 * the storage branch of the DICOM root */
bool pacs_class_is_storage(pacs_str_t uid);

/* how a data set in this transfer syntax is written and its pixels coded */
typedef enum {
    PACS_CODING_NATIVE, PACS_CODING_RLE, PACS_CODING_JPEG,
    PACS_CODING_JPEGLS, PACS_CODING_J2K, PACS_CODING_HTJ2K,
    PACS_CODING_VIDEO, PACS_CODING_OTHER
} pacs_coding_e;

typedef struct {
    const char  *uid;
    uint8_t      explicit_vr;
    uint8_t      big_endian;
    uint8_t      deflated;
    uint8_t      encapsulated;
    uint8_t      coding;        /* pacs_coding_e */
    uint8_t      lossy;
    const char  *media_type;    /* of a frame, PS3.18 table 8.7.3-5 */
} pacs_syntax_t;

/* unknown ones are Explicit LE encapsulated, coding OTHER; never NULL */
const pacs_syntax_t *pacs_syntax(pacs_str_t uid);
extern const pacs_syntax_t  pacs_syntax_table[];    /* ends with uid NULL */


/* --- the data set: a tree whose bulk values stay in the file --- */

#define PACS_UNDEFINED  UINT32_C(0xffffffff)

typedef struct pacs_elem_s  pacs_elem_t;
typedef struct pacs_item_s  pacs_item_t;

struct pacs_elem_s {
    uint32_t        tag;
    uint16_t        vr;         /* UN of a known tag: the dictionary's;
                                   implicit: the dictionary's */
    uint16_t        undefined;  /* 1: length was undefined in the file */
    uint64_t        length;     /* bytes of the value; SQ and encapsulated:
                                   of its extent, delimiter included */
    uint64_t        offset;     /* of the value in the stream */
    const uint8_t  *value;      /* byte order of the stream; NULL: bulk (or
                                   SQ): read it from the stream */
    pacs_item_t    *items;      /* SQ: the first item, or NULL */
    pacs_elem_t    *next;
};

struct pacs_item_s {
    pacs_elem_t   *elems;       /* ascending by tag; of several with equal
                                   tags the first counts */
    pacs_item_t   *next;
    pacs_item_t   *parent;      /* of the sequence it lies in; root: NULL */
    pacs_str_t     charset;     /* (0008,0005) in force here, raw */
    uint8_t        big_endian;
    uint8_t        implicit;
};

typedef struct {
    const pacs_syntax_t  *syntax;
    char                  syntax_uid[65];   /* (0002,0010) */
    char                  class_uid[65];    /* (0002,0002) or "" */
    char                  instance_uid[65]; /* (0002,0003) or "" */
    uint64_t              start;    /* in the file: first byte after group 2 */
    uint64_t              size;     /* bytes of the stream (inflated) */
    pacs_item_t          *root;
    pacs_item_t          *meta;     /* group 2 */
    pacs_elem_t          *pixels;   /* (7FE0,0010/0008/0009) of the root */
    pacs_range_t         *fragments;    /* encapsulated, without the BOT */
    uint32_t              nfragments;
    pacs_range_t          offset_table; /* value of the basic one */
} pacs_dataset_t;

/*
 * Reads a Part 10 file (PS3.10 7) to its end.  "Stream" is the file itself,
 * or, for a deflated syntax, what pacs_dicom_stream() gives: its offset 0 is
 * the first inflated byte.  Values of up to `keep` bytes (256 at least, never
 * more than limits->value) are held, longer ones and pixel data are bulk.  Errors: PACS_E_PARSE (with tag and offset),
 * PACS_E_LIMIT (with the limit), PACS_E_IO, PACS_E_NOMEM.
 * Tolerated, as real files have it: missing preamble is not; odd lengths
 * are; a wrong group length of group 2 is; zero padding behind the end is.
 */
int pacs_dicom_read(pacs_source_t *file, const pacs_limits_t *limits,
    size_t keep, pacs_arena_t *a, pacs_dataset_t *ds, pacs_err_t *err);

/* only group 2: syntax, UIDs, start */
int pacs_dicom_read_meta(pacs_source_t *file, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_dataset_t *ds, pacs_err_t *err);

/* the source that offsets of ds point into: `file`, or one that inflates
 * (reads forward are cheap, backward starts again); lives in the arena */
pacs_source_t *pacs_dicom_stream(pacs_source_t *file,
    const pacs_dataset_t *ds, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_err_t *err);

/*
 * Equal element by element: group lengths, data set trailing padding, value
 * padding, defined or undefined lengths, implicit, explicit, big endian and
 * deflate left aside; encapsulated pixel data only within one transfer
 * syntax, fragment by fragment.  *equal is set.
 */
int pacs_dicom_equal(pacs_source_t *a, pacs_source_t *b,
    const pacs_limits_t *limits, bool *equal, pacs_err_t *err);

const pacs_elem_t *pacs_elem(const pacs_item_t *item, uint32_t tag);
/* the first item of the sequence `tag`, or NULL */
const pacs_item_t *pacs_elem_item(const pacs_item_t *item, uint32_t tag);

/* values by index from 0; false: absent, empty, bulk or not a number.
 * IS, DS and binary VRs; IS also with a decimal point that real files have */
bool pacs_elem_int(const pacs_item_t *item, uint32_t tag, unsigned index,
    int64_t *value);
bool pacs_elem_double(const pacs_item_t *item, uint32_t tag, unsigned index,
    double *value);
/* raw bytes of a text, padding trimmed, not decoded; e.g. UI, CS */
pacs_str_t pacs_elem_raw(const pacs_item_t *item, uint32_t tag);
/* whole text as valid UTF-8, values still delimited by '\', each trimmed;
 * binary numbers as decimals, AT as ggggeeee; PN groups still delimited by
 * '='.  pacs_null: absent, empty, bulk, opaque (OB, UN, …).  Undecodable
 * bytes become U+FFFD */
pacs_str_t pacs_elem_text(const pacs_item_t *item, const pacs_elem_t *elem,
    pacs_arena_t *a);

/* changing a tree whose items and values lie in the arena: elem, its items
 * included, in place of what has its tag; false: out of memory */
bool pacs_item_put(pacs_item_t *item, const pacs_elem_t *elem,
    pacs_arena_t *a);
bool pacs_item_text(pacs_item_t *item, uint32_t tag, pacs_str_t text,
    pacs_arena_t *a);
bool pacs_item_us(pacs_item_t *item, uint32_t tag, uint16_t value,
    pacs_arena_t *a);
/* a sequence of one item, or (empty) of none; NULL: out of memory */
pacs_item_t *pacs_item_sequence(pacs_item_t *item, uint32_t tag, bool empty,
    pacs_arena_t *a);
void pacs_item_drop(pacs_item_t *item, uint32_t tag);
/* drops what keep() does not want, at any depth; false: out of memory */
bool pacs_item_sift(pacs_item_t *root,
    bool (*keep)(void *ctx, const pacs_elem_t *e), void *ctx);

/* PS3.15 E.1, Basic Profile: what is left of an image's tree when it is
 * anonymous; pixel data stay.  secret: who has another one makes other UIDs.
 * PACS_E_ACCEPT: it cannot be, and says why */
int pacs_deidentify(pacs_dataset_t *ds, pacs_str_t secret, pacs_arena_t *a,
    pacs_err_t *err);

/* PS3.5 6.1, 6.2: charset is the raw (0008,0005); multi: text that is
 * delimited by '\' (else a '\' is text); pn: '^' and '=' reset the code
 * extensions.  Never fails but for memory (data NULL) */
pacs_str_t pacs_charset_utf8(pacs_str_t charset, pacs_str_t raw, bool multi,
    bool pn, pacs_arena_t *a);


/* --- pixels and frames --- */

/* PS3.3 C.7.6.3; PACS_E_UNSHOWABLE names the attribute that is missing or
 * impossible; frames is 1 where Number of Frames is absent */
int pacs_dicom_pixels(const pacs_dataset_t *ds, const pacs_limits_t *limits,
    pacs_pixels_t *px, pacs_err_t *err);

/* where each frame lies in the stream */
typedef struct {
    uint32_t       count;
    uint32_t       native;      /* 1: frame i is at offset + i * stride;
                                   2: so, but bytes lie in swapped pairs (8
                                   bits in big endian OW, PS3.5 8.1.2) */
    uint64_t       offset;      /* native: in bytes */
    uint64_t       stride_bits; /* native: bits, for 1-bit images */
    uint32_t      *first;       /* coded: frame i is ranges[first[i]] ..
                                   ranges[first[i + 1] - 1] */
    pacs_range_t  *ranges;
} pacs_frames_t;

/* PS3.5 A.4: extended, then basic offset table, each checked against the
 * fragments; else one fragment a frame; else JPEG, JPEG-LS and J2K starts.
 * PACS_E_UNSHOWABLE: pixel data shorter than stated, or no way to tell */
int pacs_frames_locate(pacs_source_t *stream, const pacs_dataset_t *ds,
    const pacs_pixels_t *px, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_frames_t *frames, pacs_err_t *err);
/* compact bytes for the index, and back (checked) */
pacs_str_t pacs_frames_pack(const pacs_frames_t *frames, pacs_arena_t *a);
int pacs_frames_unpack(pacs_str_t packed, pacs_arena_t *a,
    pacs_frames_t *frames, pacs_err_t *err);


typedef enum { PACS_CODED_RGB, PACS_CODED_YBR, PACS_CODED_RCT,
               PACS_CODED_ICT } pacs_coded_e;

/* what a JPEG, JPEG-LS or JPEG 2000 picture (also in a JP2 file), a PNG or a
 * GIF says of itself; all from outside, nothing of it is decoded */
typedef struct {
    const char    *name;        /* for texts */
    const char    *syntax;      /* transfer syntax UID; PNG, GIF: media type */
    pacs_range_t   range;       /* without what is around the codestream */
    uint16_t       rows, columns, samples;
    uint32_t       frames;
    uint8_t        bits;        /* of a sample; PNG, GIF: decoded */
    uint8_t        is_signed;
    uint8_t        colour;      /* pacs_coded_e */
    uint8_t        subsampled;
} pacs_coded_t;

/* PACS_E_PARSE: damaged, or none of them */
int pacs_coded_read(pacs_source_t *src, pacs_range_t range, pacs_coded_t *c,
    pacs_err_t *err);


/* --- DICOM JSON, PS3.18 Annex F --- */

/* `splice` holds ascending offsets into `text` where the absolute or
 * relative URL of the instance must be put in: text at a splice reads
 * /bulkdata/7FE00010 (or /bulkdata/<tag>/<item, from 1>/<tag> in items) */
typedef struct {
    pacs_buf_t   text;
    uint32_t    *splice;
    uint32_t     nsplice;
} pacs_json_t;

/* one object {"00080005": …}; binary values of up to `inline_max` bytes as
 * InlineBinary (little endian), longer ones as BulkDataURI; group 2, group
 * lengths and trailing padding left out; SpecificCharacterSet ISO_IR 192.
 * The caller frees json->text by pacs_buf_free (empty after an error) */
int pacs_json_write(pacs_source_t *stream, const pacs_dataset_t *ds,
    size_t inline_max, pacs_arena_t *a, pacs_json_t *json, pacs_err_t *err);
/* one attribute `"00100010":{"vr":"PN",…}` from UTF-8 text as
 * pacs_elem_text gives it; empty text: no Value */
void pacs_json_attr(pacs_buf_t *b, uint32_t tag, uint16_t vr,
    pacs_str_t text);
/* finds the element of a bulkdata path "7FE00010" or "00081140/1/…" */
const pacs_elem_t *pacs_bulk_find(const pacs_dataset_t *ds, pacs_str_t path);


/* --- models in: DICOM JSON, and XML (Native DICOM Model, PS3.19 A.1) --- */

/* what a URI of bulk data leads to: bytes in memory, a range of the stream
 * that pacs_write_dataset() is given, or fragments in it of Pixel Data */
typedef struct {
    const void    *value;       /* NULL: from the stream */
    uint64_t       offset;
    uint64_t       length;      /* bytes */
    pacs_range_t  *fragments;   /* NULL: not encapsulated */
    uint32_t       nfragments;
} pacs_bulk_t;

typedef struct {
    int   (*find)(void *ctx, pacs_str_t uri, pacs_bulk_t *bulk,
                  pacs_err_t *err);
    void   *ctx;
} pacs_bulk_find_t;

/*
 * The data sets of a text, one object or an array of them, as trees whose
 * values all lie in the arena, in Explicit VR Little Endian and UTF-8
 * (ISO_IR 192), elements sorted: what pacs_dicom_read() would give of them,
 * and pacs_write_dataset() takes.  Group 2 goes to ds->meta, and to
 * ds->syntax_uid; group lengths are dropped.  find NULL: no URI is known.
 * DS and IS are kept to the digit, also beyond their 16 and 12 characters;
 * null among FL and FD is NaN.  Errors: PACS_E_ARG, PACS_E_LIMIT,
 * PACS_E_NOMEM or what find returned, naming the path of the attribute as
 * 00400275[2].00400007.
 */
int pacs_json_read(pacs_str_t text, const pacs_bulk_find_t *find,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_dataset_t **sets,
    unsigned *n, pacs_err_t *err);
/* takes the text of the next data set off *rest, which begins as one object
 * or an array; *one.data NULL: none is left.  PACS_E_ARG: no such text */
int pacs_json_next(pacs_str_t *rest, pacs_str_t *one, pacs_err_t *err);
/* an array as pacs_json_write and commas make it: to out
 * {"shared":{…},"instances":[{…},…]}, where shared is what all data sets say,
 * and instances what each says besides; links to bulk data are left out, but
 * for those in sequences.  PACS_E_ARG: no such array */
int pacs_json_share(pacs_str_t array, pacs_arena_t *a, pacs_buf_t *out,
    pacs_err_t *err);
/* one NativeDicomModel, UTF-8 without DOCTYPE; *n is 1 */
int pacs_xml_read(pacs_str_t text, const pacs_bulk_find_t *find,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_dataset_t **sets,
    unsigned *n, pacs_err_t *err);

/* the data sets of DICOM JSON (one object or an array) as one XML document
 * each, in this order; fn's code ends it unless PACS_OK */
int pacs_xml_from_json(pacs_str_t json, const pacs_limits_t *limits,
    int (*fn)(void *ctx, pacs_str_t xml, pacs_err_t *err), void *ctx,
    pacs_err_t *err);


/* --- Part 10 writer: explicit or implicit VR little endian --- */

/* the preamble, "DICM" and group 2 for a data set to come, PS3.10 7.1 */
void pacs_write_meta(pacs_buf_t *b, pacs_str_t class_uid,
    pacs_str_t instance_uid, pacs_str_t syntax_uid, pacs_str_t source_ae);
/* Explicit VR LE element; text is padded, numbers by pacs_write_ints */
void pacs_write_text(pacs_buf_t *b, uint32_t tag, uint16_t vr,
    pacs_str_t value);
/* US SS UL SL AT by their size */
void pacs_write_ints(pacs_buf_t *b, uint32_t tag, uint16_t vr,
    const int64_t *values, unsigned n);
void pacs_write_bytes(pacs_buf_t *b, uint32_t tag, uint16_t vr,
    const void *value, size_t len);
/* undefined lengths: sequence, item, item end, sequence end */
void pacs_write_sq(pacs_buf_t *b, uint32_t tag);
void pacs_write_item(pacs_buf_t *b);
void pacs_write_item_end(pacs_buf_t *b);
void pacs_write_sq_end(pacs_buf_t *b);
/* a data set tree again (behind a pacs_write_meta of the caller's), in
 * Explicit VR LE or (implicit) Implicit VR LE, bulk values from the stream;
 * used to re-encode for a client */
int pacs_write_dataset(pacs_buf_t *b, pacs_source_t *stream,
    const pacs_dataset_t *ds, bool implicit, pacs_err_t *err);
/* … without the value of ds->pixels, which belongs at *cut of b, byte by byte
 * as it is stored; *cut is SIZE_MAX where there is no such value, or it was
 * written here, otherwise than it is stored */
int pacs_write_dataset_cut(pacs_buf_t *b, pacs_source_t *stream,
    const pacs_dataset_t *ds, bool implicit, size_t *cut, pacs_err_t *err);
/* the same of any size: what b holds goes to sink in pieces of 64 kB or so,
 * and is gone then */
typedef int (*pacs_sink_pt)(void *ctx, const void *data, size_t len,
    pacs_err_t *err);
int pacs_write_through(pacs_buf_t *b, pacs_source_t *stream,
    const pacs_dataset_t *ds, bool implicit, pacs_sink_pt sink, void *ctx,
    pacs_err_t *err);

#endif
