/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Command sets are group 0000 in Implicit VR Little Endian, PS3.7 6.3.1: a
 * flat list of short elements.  Reading them here needs no dictionary file
 * and allocates nothing.
 */

#include <stdio.h>
#include <string.h>

#include "listener/listener.h"

enum {
    TAG_LENGTH = 0x0000, TAG_CLASS = 0x0002, TAG_REQUESTED_CLASS = 0x0003,
    TAG_FIELD = 0x0100, TAG_MESSAGE = 0x0110, TAG_RESPONDED = 0x0120,
    TAG_DATASET = 0x0800, TAG_STATUS = 0x0900, TAG_COMMENT = 0x0902,
    TAG_INSTANCE = 0x1000, TAG_REQUESTED_INSTANCE = 0x1001
};

enum { COMMENT_MAX = 64, HEAD_LEN = 8 };


static uint16_t
get16(const uint8_t *p)
{
    return (uint16_t) (p[0] | p[1] << 8);
}


static uint32_t
get32(const uint8_t *p)
{
    return get16(p) | (uint32_t) get16(p + 2) << 16;
}


static int
read_number(unsigned element, const uint8_t *value, size_t len,
    uint16_t *number, pacs_err_t *err)
{
    if (len != 2) {
        return pacs_fail(err, PACS_E_PARSE, "command element (0000,%04X) has "
                         "%zu bytes, not 2", element, len);
    }

    *number = get16(value);
    return PACS_OK;
}


/* padded by NUL, or, against the standard, by a blank.  What is no UID is
 * kept as far as it fits: the response names it, the store refuses it */
static int
read_uid(pacs_command_t *c, const uint8_t *value, size_t len, char uid[65])
{
    pacs_str_t  s = pacs_str_trim((pacs_str_t) { (const char *) value, len });
    size_t      n = s.len < 64 ? s.len : 64;

    c->bad_uid = c->bad_uid || (s.len != 0 && !pacs_uid_ok(s));

    if (n != 0) {
        memcpy(uid, s.data, n);
    }
    uid[n] = '\0';
    return PACS_OK;
}


static int
take(pacs_command_t *c, unsigned element, const uint8_t *value, size_t len,
    pacs_err_t *err)
{
    uint16_t  n = 0;
    int       rc;

    switch (element) {

    case TAG_CLASS:
    case TAG_REQUESTED_CLASS:
        return read_uid(c, value, len, c->class_uid);

    case TAG_INSTANCE:
    case TAG_REQUESTED_INSTANCE:
        return read_uid(c, value, len, c->instance_uid);

    case TAG_FIELD:
        return read_number(element, value, len, &c->field, err);

    case TAG_MESSAGE:
    case TAG_RESPONDED:
        return read_number(element, value, len, &c->message, err);

    case TAG_DATASET:
        rc = read_number(element, value, len, &n, err);
        c->dataset = n != PACS_DIMSE_NO_DATASET;
        return rc;

    default:
        return PACS_OK;
    }
}


int
pacs_command_parse(const uint8_t *data, size_t len, pacs_command_t *c,
    pacs_err_t *err)
{
    size_t  at = 0;

    memset(c, 0, sizeof(*c));

    while (len - at >= HEAD_LEN) {
        const uint8_t *p = data + at;
        unsigned       group = get16(p), element = get16(p + 2);
        uint32_t       n = get32(p + 4);

        at += HEAD_LEN;

        if (group != 0) {
            return pacs_fail(err, PACS_E_PARSE, "element (%04X,%04X) in a "
                             "command set", group, element);
        }

        if (n > len - at) {
            return pacs_fail(err, PACS_E_PARSE, "command element (0000,%04X) "
                             "of %u bytes, %zu are left", element, n,
                             len - at);
        }

        int  rc = take(c, element, data + at, n, err);

        if (rc != PACS_OK) {
            return rc;
        }

        at += n;
    }

    if (at != len) {
        return pacs_fail(err, PACS_E_PARSE, "%zu stray bytes behind a command "
                         "set", len - at);
    }

    if (c->field == 0) {
        return pacs_fail(err, PACS_E_PARSE, "a command set without Command "
                         "Field (0000,0100)");
    }

    return PACS_OK;
}


static void
put_head(pacs_buf_t *b, unsigned element, size_t len)
{
    const uint8_t  head[HEAD_LEN] = {
        0, 0, (uint8_t) element, (uint8_t) (element >> 8),
        (uint8_t) len, (uint8_t) (len >> 8), 0, 0
    };

    pacs_buf_add(b, head, sizeof(head));
}


static void
put_number(pacs_buf_t *b, unsigned element, uint16_t n)
{
    const uint8_t  value[2] = { (uint8_t) n, (uint8_t) (n >> 8) };

    put_head(b, element, sizeof(value));
    pacs_buf_add(b, value, sizeof(value));
}


static void
put_text(pacs_buf_t *b, unsigned element, const char *text, char pad)
{
    size_t  len = strlen(text);

    if (len == 0) {
        return;
    }

    put_head(b, element, len + len % 2);
    pacs_buf_add(b, text, len);
    if (len % 2 != 0) {
        pacs_buf_char(b, pad);
    }
}


/* LO: one value of the default repertoire */
static void
put_comment(pacs_buf_t *b, const char *comment)
{
    char    text[COMMENT_MAX + 1];
    size_t  n = 0;

    for (; comment[n] != '\0' && n < COMMENT_MAX; n++) {
        unsigned char  c = (unsigned char) comment[n];

        text[n] = c == '\\' ? '/' : c < 0x20 || c > 0x7e ? '?' : (char) c;
    }
    text[n] = '\0';

    put_text(b, TAG_COMMENT, text, ' ');
}


void
pacs_command_respond(pacs_buf_t *b, const pacs_command_t *c, uint16_t status,
    const char *comment)
{
    size_t  start = b->len;

    put_head(b, TAG_LENGTH, 4);
    pacs_buf_add(b, "\0\0\0", 4);
    put_text(b, TAG_CLASS, c->class_uid, '\0');
    put_number(b, TAG_FIELD, (uint16_t) (c->field | PACS_DIMSE_RSP));
    put_number(b, TAG_RESPONDED, c->message);
    put_number(b, TAG_DATASET, PACS_DIMSE_NO_DATASET);
    put_number(b, TAG_STATUS, status);
    if (comment != NULL) {
        put_comment(b, comment);
    }
    put_text(b, TAG_INSTANCE, c->instance_uid, '\0');

    if (!b->failed) {
        size_t    len = b->len - start - HEAD_LEN - 4;
        uint8_t  *p = (uint8_t *) b->data + start + HEAD_LEN;

        p[0] = (uint8_t) len;
        p[1] = (uint8_t) (len >> 8);
    }
}
