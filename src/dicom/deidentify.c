/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The Basic Application Level Confidentiality Profile, PS3.15 E.1, of an
 * image whose pixel data show nobody's name.  More goes than the profile
 * asks for: overlays, what no dictionary knows, names of persons wherever
 * they are, UIDs that are not DICOM's own, and each text that has a word of
 * what named the patient.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dicom/deidentify.h"

enum {
    SOP_CLASS = 0x00080016, IMAGE_TYPE = 0x00080008, BURNED_IN = 0x00280301,
    OVERLAY_DATA = 0x3000, OVERLAY_BIT = 0x0102, WORDS = 64, WORD_MIN = 3
};

typedef struct {
    pacs_str_t     secret;
    pacs_arena_t  *a;
    pacs_str_t     words[WORDS];        /* of patient, physicians, place */
    unsigned       nwords;
    bool           failed;
} clean_t;


/* --- what may be made anonymous --- */

/* acquired, and nothing but that: PS3.3 C.7.6.1.1.2 */
static bool
is_acquired(const pacs_item_t *root)
{
    static const char *const  classes[] = {
        "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1",
        "1.2.840.10008.5.1.4.1.1.2.2", "1.2.840.10008.5.1.4.1.1.4",
        "1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.4.4",
        "1.2.840.10008.5.1.4.1.1.128", "1.2.840.10008.5.1.4.1.1.130",
        "1.2.840.10008.5.1.4.1.1.128.1"
    };
    pacs_str_t  type = pacs_elem_raw(root, IMAGE_TYPE);
    bool        known = false;

    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        known = known || pacs_str_is(pacs_elem_raw(root, SOP_CLASS),
                                     classes[i]);
    }
    return known && pacs_str_starts(type, "ORIGINAL\\PRIMARY");
}


/* bits of the pixel data that are no sample's */
static bool
has_overlay_in_pixels(const pacs_item_t *root)
{
    for (const pacs_elem_t *e = root->elems; e != NULL; e = e->next) {
        int64_t  bit;

        if ((e->tag & 0xff00ffff) == (0x60000000 | OVERLAY_BIT)
            && ((pacs_elem_int(root, e->tag, 0, &bit) && bit != 0)
                || pacs_elem(root, (e->tag & 0xffff0000) | OVERLAY_DATA)
                   == NULL))
        {
            return true;
        }
    }
    return false;
}


static int
check(const pacs_dataset_t *ds, pacs_err_t *err)
{
    pacs_str_t  burned = pacs_elem_raw(ds->root, BURNED_IN);

    if (ds->pixels == NULL) {
        return pacs_fail(err, PACS_E_ACCEPT, "only images are made "
                         "anonymous: others tell of the patient in texts");
    }
    if (!pacs_str_is(burned, "NO")
        && (burned.len != 0 || !is_acquired(ds->root)))
    {
        return pacs_fail(err, PACS_E_ACCEPT, "it cannot be made anonymous: "
                         "Burned In Annotation (0028,0301) is %s, names may "
                         "stand in the picture", burned.len == 0
                         ? "missing" : "not NO");
    }
    return !has_overlay_in_pixels(ds->root) ? PACS_OK
           : pacs_fail(err, PACS_E_ACCEPT, "it cannot be made anonymous: there "
                       "is an overlay among the bits of the pixel data");
}


/* --- words that must not be left --- */

static void
add_words(clean_t *c, pacs_str_t text)
{
    size_t  begin = 0;

    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && strchr("^=\\ ,", text.data[i]) == NULL) {
            continue;
        }
        if (i - begin >= WORD_MIN && c->nwords < WORDS) {
            c->words[c->nwords++] = pacs_str_copy(c->a, (pacs_str_t) {
                text.data + begin, i - begin });
        }
        begin = i + 1;
    }
}


static void
collect_words(clean_t *c, const pacs_item_t *root)
{
    static const uint32_t  tags[] = {
        0x00100010, 0x00100020, 0x00101000, 0x00101001, 0x00101005,
        0x00101060, 0x00080050, 0x00080080, 0x00080090, 0x00081010,
        0x00081048, 0x00081050, 0x00081060, 0x00081070
    };

    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        add_words(c, pacs_elem_raw(root, tags[i]));
    }
}


static bool
contains(const pacs_elem_t *e, pacs_str_t word)
{
    const char *text = (const char *) e->value;

    for (uint64_t i = 0; i + word.len <= e->length; i++) {
        if (strncasecmp(text + i, word.data, word.len) == 0) {
            return true;
        }
    }
    return false;
}


static bool
tells(const clean_t *c, const pacs_elem_t *e)
{
    static const uint16_t  texts[] = { PACS_LO, PACS_LT, PACS_SH, PACS_ST,
                                       PACS_UC, PACS_UT, PACS_UR, PACS_AE };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (e->vr != texts[i] || e->length == 0) {
            continue;
        }
        if (e->value == NULL) {
            return true;                /* too long to be looked through */
        }
        for (unsigned k = 0; k < c->nwords; k++) {
            if (contains(e, c->words[k])) {
                return true;
            }
        }
    }
    return false;
}


/* --- values --- */

static void
set(clean_t *c, pacs_elem_t *e, pacs_str_t value)
{
    pacs_str_t  own = value.len == 0 ? value : pacs_str_copy(c->a, value);

    c->failed = c->failed || (own.data == NULL && value.len != 0);
    e->value = (const uint8_t *) own.data;
    e->length = own.data == NULL ? 0 : own.len;
    e->items = NULL;
    e->undefined = 0;
}


static void
set_dummy(clean_t *c, pacs_elem_t *e)
{
    static const struct { uint16_t vr; const char *text; }  dummies[] = {
        { PACS_AS, "000Y" }, { PACS_CS, "ANONYMOUS" }, { PACS_DA, "19000101" },
        { PACS_DS, "0" }, { PACS_DT, "19000101000000" }, { PACS_IS, "0" },
        { PACS_TM, "000000" }, { PACS_UR, "urn:none" }
    };
    const pacs_vr_t  *vr = pacs_vr(e->vr);
    const char       *text = "ANONYMOUS";
    char             *zeros;

    if (vr == NULL || !vr->text) {
        zeros = e->length <= 64 ? pacs_calloc(c->a, 1, 64) : NULL;
        set(c, e, (pacs_str_t) { zeros, zeros == NULL ? 0
                                        : (size_t) e->length });
        return;
    }
    for (size_t i = 0; i < sizeof(dummies) / sizeof(dummies[0]); i++) {
        text = dummies[i].vr == e->vr ? dummies[i].text : text;
    }
    set(c, e, pacs_cstr(text));
}


/* PS3.5 B.2: of the same UID always the same one, which nobody without the
 * secret can tell from it */
static pacs_str_t
other_uid(clean_t *c, pacs_str_t uid)
{
    uint8_t             digest[PACS_SHA256_LEN];
    pacs_sha256_t       h;
    unsigned __int128   n = 0;
    char                text[48], *p = text + sizeof(text);

    if (pacs_sha256_init(&h, NULL) != PACS_OK) {
        c->failed = true;
        return pacs_null;
    }
    pacs_sha256_update(&h, c->secret.data, c->secret.len);
    pacs_sha256_update(&h, uid.data, uid.len);
    pacs_sha256_final(&h, digest);

    for (int i = 0; i < 16; i++) {
        n = n << 8 | digest[i];
    }
    *--p = '\0';
    do {
        *--p = (char) ('0' + (int) (n % 10));
        n /= 10;
    } while (n != 0);

    return pacs_sprintf(c->a, "2.25.%s", p);
}


static void
set_uids(clean_t *c, pacs_elem_t *e)
{
    pacs_str_t  rest = { (const char *) e->value, (size_t) e->length }, one;
    pacs_buf_t  b = { 0 };

    if (e->value == NULL) {
        set(c, e, pacs_null);
        return;
    }
    while (rest.len != 0 && rest.data[rest.len - 1] == '\0') {
        rest.len--;
    }
    while (pacs_str_split(&rest, '\\', &one)) {
        one = pacs_str_trim(one);
        pacs_buf_text(&b, b.len != 0 ? "\\" : "");
        pacs_buf_str(&b, one.len == 0 ? one : other_uid(c, one));
    }
    set(c, e, pacs_buf_take(&b, c->a));
}


/* --- attributes --- */

static int
compare(const void *key, const void *row)
{
    uint32_t  tag = *(const uint32_t *) key;
    uint32_t  of = ((const pacs_confidential_t *) row)->tag;

    return tag < of ? -1 : tag > of;
}


/* 0: nothing is to be done */
static char
action_of(const clean_t *c, const pacs_elem_t *e)
{
    static const uint32_t       classes[] = { SOP_CLASS, 0x00081150,
                                              0x0008010C, 0x0008001A };
    unsigned                    group = e->tag >> 16;
    const pacs_confidential_t  *row = bsearch(&e->tag, pacs_confidential,
                                              pacs_nconfidential,
                                              sizeof(*row), compare);

    if (group % 2 != 0 || (group & 0xff00) == 0x5000
        || (group & 0xff00) == 0x6000 || pacs_tag(e->tag) == NULL
        || e->vr == PACS_UN)
    {
        return 'X';
    }
    if (row != NULL) {
        return row->action;
    }
    if (e->vr == PACS_PN) {
        return 'Z';
    }
    if (tells(c, e)) {
        return 'D';
    }
    if (e->vr != PACS_UI
        || (e->value != NULL && e->length > 14
            && memcmp(e->value, "1.2.840.10008.", 14) == 0))
    {
        return 0;
    }
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (e->tag == classes[i]) {
            return 0;
        }
    }
    return 'U';
}


static void
clean_elem(clean_t *c, pacs_item_t *item, pacs_elem_t *e)
{
    switch (action_of(c, e)) {
    case 'X':
        pacs_item_drop(item, e->tag);
        break;
    case 'Z':
        set(c, e, pacs_null);
        break;
    case 'D':
        if (e->vr == PACS_UI) {
            set_uids(c, e);
        } else if (e->vr == PACS_SQ) {
            set(c, e, pacs_null);
        } else {
            set_dummy(c, e);
        }
        break;
    case 'U':
        if (e->vr != PACS_SQ) {
            set_uids(c, e);
        }
        break;
    default:
        break;
    }
}


/* PS3.15 E.1.1, CID 7050 */
static bool
say_so(pacs_item_t *root, pacs_arena_t *a)
{
    pacs_item_t *code = pacs_item_sequence(root, 0x00120064, false, a);

    return code != NULL
           && pacs_item_text(code, 0x00080100, pacs_lit("113100"), a)
           && pacs_item_text(code, 0x00080102, pacs_lit("DCM"), a)
           && pacs_item_text(code, 0x00080104, pacs_lit("Basic Application "
                             "Confidentiality Profile"), a)
           && pacs_item_text(root, 0x00120062, pacs_lit("YES"), a)
           && pacs_item_text(root, 0x00120063, pacs_lit("ngx_pacs"), a)
           && pacs_item_text(root, 0x00280303, pacs_lit("REMOVED"), a);
}


int
pacs_deidentify(pacs_dataset_t *ds, pacs_str_t secret, pacs_arena_t *a,
    pacs_err_t *err)
{
    clean_t      c = { .secret = secret, .a = a };
    pacs_walk_t  w;
    int          rc = check(ds, err);

    if (rc != PACS_OK) {
        return rc;
    }

    collect_words(&c, ds->root);
    pacs_walk_init(&w, ds->root);

    while (pacs_walk_next(&w)) {
        if (w.event == PACS_WALK_ELEM || w.event == PACS_WALK_SQ) {
            if (w.elem != ds->pixels) {
                clean_elem(&c, (pacs_item_t *) w.item,
                           (pacs_elem_t *) w.elem);
            }
        }
    }

    c.failed = c.failed || w.stack.failed;
    pacs_walk_end(&w);
    return !c.failed && say_so(ds->root, a) ? PACS_OK
           : pacs_fail(err, PACS_E_NOMEM, "out of memory");
}
