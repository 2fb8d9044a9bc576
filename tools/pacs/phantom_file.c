/* SPDX-License-Identifier: BSD-2-Clause */

/* One DICOM file: elements are noted as they come and sorted at the end. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <errno.h>

#include "phantom.h"

static const char  syntax[] = "1.2.840.10008.1.2.1";


void
file_mark(file_t *f, uint32_t tag)
{
    if (f->n == FILE_ELEMENTS) {
        f->body.failed = true;
        return;
    }
    f->at[f->n].tag = tag;
    f->at[f->n++].off = f->body.len;
}


static void
text(file_t *f, uint32_t tag, uint16_t vr, const char *fmt, va_list ap)
{
    char  value[1024];
    int   n = vsnprintf(value, sizeof(value), fmt, ap);

    if (n < 0 || (size_t) n >= sizeof(value)) {
        f->body.failed = true;
        return;
    }
    pacs_write_text(&f->body, tag, vr, pacs_cstr(value));
}


void
file_text(file_t *f, uint32_t tag, uint16_t vr, const char *fmt, ...)
{
    va_list  ap;

    file_mark(f, tag);
    va_start(ap, fmt);
    text(f, tag, vr, fmt, ap);
    va_end(ap);
}


void
file_us(file_t *f, uint32_t tag, int64_t value)
{
    file_mark(f, tag);
    pacs_write_ints(&f->body, tag, PACS_US, &value, 1);
}


void
file_begin(file_t *f, uint32_t tag)
{
    file_mark(f, tag);
    pacs_write_sq(&f->body, tag);
    pacs_write_item(&f->body);
}


void
file_end(file_t *f)
{
    pacs_write_item_end(&f->body);
    pacs_write_sq_end(&f->body);
}


void
file_code(file_t *f, uint32_t tag, const char *value, const char *scheme,
    const char *meaning)
{
    file_begin(f, tag);
    pacs_write_text(&f->body, 0x00080100, PACS_SH, pacs_cstr(value));
    pacs_write_text(&f->body, 0x00080102, PACS_SH, pacs_cstr(scheme));
    pacs_write_text(&f->body, 0x00080104, PACS_LO, pacs_cstr(meaning));
    file_end(f);
}


typedef struct { uint32_t tag; size_t off, len; }  piece_t;


static int
by_tag(const void *a, const void *b)
{
    uint32_t  x = ((const piece_t *) a)->tag, y = ((const piece_t *) b)->tag;

    return x < y ? -1 : x > y;
}


static int
write_pieces(file_t *f, int fd, pacs_buf_t *head, pacs_err_t *err)
{
    piece_t  pieces[FILE_ELEMENTS];

    for (unsigned i = 0; i < f->n; i++) {
        size_t  end = i + 1 < f->n ? f->at[i + 1].off : f->body.len;

        pieces[i] = (piece_t) { f->at[i].tag, f->at[i].off,
                                end - f->at[i].off };
    }
    qsort(pieces, f->n, sizeof(pieces[0]), by_tag);

    /* pixel data is last and goes out as it lies */
    unsigned  last = f->n - 1;
    for (unsigned i = 0; i < last; i++) {
        pacs_buf_add(head, f->body.data + pieces[i].off, pieces[i].len);
    }
    if (head->failed) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    int  rc = pacs_write_all(fd, head->data, head->len, err);

    return rc == PACS_OK ? pacs_write_all(fd, f->body.data + pieces[last].off,
                                          pieces[last].len, err) : rc;
}


int
file_save(file_t *f, const char *path, const char *class_uid,
    const char *instance_uid, pacs_err_t *err)
{
    pacs_buf_t  head = { .data = NULL };
    int         rc, fd;

    file_text(f, 0x00080016, PACS_UI, "%s", class_uid);
    file_text(f, 0x00080018, PACS_UI, "%s", instance_uid);
    pacs_write_meta(&head, pacs_cstr(class_uid), pacs_cstr(instance_uid),
                    pacs_cstr(syntax), pacs_lit("PHANTOM"));

    if (f->body.failed) {
        rc = pacs_fail(err, PACS_E_NOMEM, "%s: out of memory", path);
        fd = -1;
        goto done;
    }

    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        rc = pacs_fail_errno(err, errno, "%s", path);
        goto done;
    }
    rc = write_pieces(f, fd, &head, err);

done:
    if (fd >= 0 && close(fd) != 0 && rc == PACS_OK) {
        rc = pacs_fail_errno(err, errno, "%s", path);
    }
    pacs_buf_free(&head);
    pacs_buf_free(&f->body);
    *f = (file_t) { .n = 0 };
    return rc;
}


/* PS3.5 B.2: 2.25. and a UUID as a decimal number */
void
file_uid(char uid[65], const char *fmt, ...)
{
    char               name[256], digits[64];
    uint8_t            hash[PACS_SHA256_LEN];
    unsigned __int128  v = 0;
    int                n = 0;
    va_list            ap;

    va_start(ap, fmt);
    vsnprintf(name, sizeof(name), fmt, ap);
    va_end(ap);
    pacs_sha256(name, strlen(name), hash);

    /* the bits that a UUID made of a name has, RFC 4122 4.3 */
    hash[6] = (hash[6] & 0x0f) | 0x50;
    hash[8] = (hash[8] & 0x3f) | 0x80;
    for (int i = 0; i < 16; i++) {
        v = v << 8 | hash[i];
    }
    do {
        digits[n++] = (char) ('0' + (int) (v % 10));
        v /= 10;
    } while (v != 0);

    char  *p = uid + sprintf(uid, "2.25.");
    while (n > 0) {
        *p++ = digits[--n];
    }
    *p = '\0';
}
