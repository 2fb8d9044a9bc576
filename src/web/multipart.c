/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Multipart in, RFC 2046 5.1 and RFC 2387, from pieces cut anywhere.  What
 * may be a delimiter (CRLF "--" boundary, blanks, CRLF) is held back until
 * it is one or is not; then it is data like the rest.  A line that only
 * begins with the boundary is data, and so is one that ends in a bare LF.
 */

#include <inttypes.h>
#include <string.h>

#include "web/media.h"
#include "web/web.h"

enum { BOUNDARY_MAX = 70, PADDING_MAX = 128,
       HOLD = 4 + BOUNDARY_MAX + PADDING_MAX + 4 };

typedef enum { M_PREAMBLE, M_HEADER, M_BODY, M_EPILOGUE, M_WHOLE } state_e;

typedef enum { T_NONE, T_PADDING, T_CR, T_DASH, T_FINAL } tail_e;

struct pacs_multipart_s {
    const pacs_multipart_cb_t  *cb;
    void                       *ctx;
    const pacs_limits_t        *limits;
    pacs_arena_t               *arena;
    state_e                     state;
    int                         failed;     /* the code, for good */
    int64_t                     parts;
    bool                        open;       /* begin was called, end not */

    char                        delim[4 + BOUNDARY_MAX];
    size_t                      delim_len;
    char                        hold[HOLD]; /* may be a delimiter */
    size_t                      held;
    size_t                      borrowed;   /* of hold: not of the body */
    tail_e                      tail;       /* behind the boundary */

    char                       *header;     /* limits->part_header bytes */
    size_t                      header_len;
};


/* RFC 2046 5.1.1 bchars; the last one is no blank */
static bool
boundary_ok(pacs_str_t b)
{
    if (b.len == 0 || b.len > BOUNDARY_MAX || b.data[b.len - 1] == ' ') {
        return false;
    }

    for (size_t i = 0; i < b.len; i++) {
        char  c = b.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
              || (c >= 'a' && c <= 'z')
              || (c != '\0' && strchr("'()+_,-./:=? ", c) != NULL)))
        {
            return false;
        }
    }
    return true;
}


void
pacs_web_content_type(pacs_str_t header, pacs_arena_t *a, pacs_str_t *type,
    pacs_str_t *part)
{
    pacs_media_t  m;
    pacs_str_t    value;

    *type = *part = pacs_null;

    if (pacs_media_next(&header, a, &m)) {
        *type = m.type;
        if (pacs_media_param(&m, "type", a, &value)) {
            *part = pacs_media_lower(value, a);
        }
    }
}


static bool
dicom_type(pacs_str_t type)
{
    return pacs_str_is(type, "application/dicom")
           || pacs_str_is(type, "application/dicom+json")
           || pacs_str_is(type, "application/dicom+xml");
}


int
pacs_multipart_create(pacs_str_t content_type, const pacs_multipart_cb_t *cb,
    void *ctx, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_multipart_t **mp, pacs_err_t *err)
{
    pacs_media_t       m;
    pacs_str_t         value, rest = content_type;
    pacs_multipart_t  *p = pacs_calloc(a, 1, sizeof(*p));

    if (p == NULL
        || (p->header = pacs_alloc(a, (size_t) limits->part_header)) == NULL)
    {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a multipart body");
    }

    p->cb = cb;
    p->ctx = ctx;
    p->limits = limits;
    p->arena = a;
    *mp = p;

    if (!pacs_media_next(&rest, a, &m) || rest.data != NULL) {
        return pacs_fail(err, PACS_E_MEDIA, "a Content-Type is needed: "
                         "multipart/related; type=\"application/dicom\"; "
                         "boundary=...");
    }

    if (pacs_str_is(m.type, "application/dicom")) {
        p->state = M_WHOLE;
        return PACS_OK;
    }

    if (!pacs_str_is(m.type, "multipart/related")) {
        return pacs_fail(err, PACS_E_MEDIA, "Content-Type %.*s: must be "
                         "multipart/related or application/dicom",
                         content_type.len > 80 ? 80 : (int) content_type.len,
                         content_type.data);
    }

    if (pacs_media_param(&m, "type", a, &value)
        && !dicom_type(pacs_media_lower(value, a)))
    {
        return pacs_fail(err, PACS_E_MEDIA, "multipart/related of type %.*s: "
                         "must be application/dicom, application/dicom+json "
                         "or application/dicom+xml",
                         value.len > 80 ? 80 : (int) value.len, value.data);
    }

    if (!pacs_media_param(&m, "boundary", a, &value)) {
        return pacs_fail(err, PACS_E_ARG, "Content-Type has no boundary");
    }
    if (!boundary_ok(value)) {
        return pacs_fail(err, PACS_E_ARG, "the boundary must be 1 to %d "
                         "characters of RFC 2046 5.1.1", BOUNDARY_MAX);
    }

    memcpy(p->delim, "\r\n--", 4);
    memcpy(p->delim + 4, value.data, value.len);
    p->delim_len = 4 + value.len;

    /* the first delimiter may stand at the very beginning */
    memcpy(p->hold, "\r\n", 2);
    p->held = p->borrowed = 2;
    return PACS_OK;
}


/* CRLF and a blank continue a line, RFC 5322 2.2.3 */
static void
unfold(char *p, size_t len)
{
    for (size_t i = 0; i + 2 < len; i++) {
        if (p[i] == '\r' && (p[i + 2] == ' ' || p[i + 2] == '\t')) {
            p[i] = p[i + 1] = ' ';
        }
    }
}


static bool
as_it_is(pacs_str_t coding)
{
    return pacs_str_is(coding, "binary") || pacs_str_is(coding, "8bit")
           || pacs_str_is(coding, "7bit") || pacs_str_is(coding, "identity");
}


typedef struct {
    pacs_part_head_t  part;
    pacs_str_t        coding;       /* what we do not undo, or null */
} head_t;


static int
header_line(pacs_str_t line, head_t *head, pacs_arena_t *a, pacs_err_t *err)
{
    pacs_str_t    name;
    pacs_media_t  m;

    if (memchr(line.data, ':', line.len) == NULL
        || memchr(line.data, '\0', line.len) != NULL
        || memchr(line.data, '\r', line.len) != NULL)
    {
        return pacs_fail(err, PACS_E_ARG, "a line of a part's header is none: "
                         "%.*s", line.len > 80 ? 80 : (int) line.len,
                         line.data);
    }

    pacs_str_split(&line, ':', &name);
    name = pacs_media_lower(pacs_str_trim(name), a);
    line = pacs_str_trim(line);

    if (pacs_str_is(name, "content-type")) {
        if (pacs_media_next(&line, a, &m) && m.type.data != NULL) {
            head->part.type = m.type;
            (void) pacs_media_param(&m, "transfer-syntax", a,
                                    &head->part.syntax);
        }

    } else if (pacs_str_is(name, "content-location")) {
        head->part.location = line;

    } else if (pacs_str_is(name, "content-transfer-encoding")
               || pacs_str_is(name, "content-encoding"))
    {
        line = pacs_media_lower(line, a);
        if (!as_it_is(line)) {
            head->coding = line;
        }
    }

    return PACS_OK;
}


/* the header is complete: its lines, each with CRLF, then an empty one */
static int
part_begin(pacs_multipart_t *p, pacs_err_t *err)
{
    head_t         head = { .part.type = pacs_lit("") };
    pacs_arena_t  *a = pacs_arena_create(0);
    char          *s = p->header, *end = s + p->header_len - 2;
    int            rc = PACS_OK;

    if (a == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for a part's header");
    }

    unfold(s, p->header_len);

    while (s < end && rc == PACS_OK) {
        char *eol = memmem(s, (size_t) (end - s), "\r\n", 2);

        rc = header_line((pacs_str_t) { s, (size_t) (eol - s) }, &head, a,
                         err);
        s = eol + 2;
    }

    if (rc == PACS_OK && head.coding.data != NULL) {
        head.part.type = pacs_sprintf(a, "%.*s in %.*s",
                                      pacs_fmt(head.part.type),
                                      pacs_fmt(head.coding));
    }

    if (rc == PACS_OK) {
        p->open = true;
        p->parts++;
        rc = p->cb->begin(p->ctx, &head.part, err);
    }

    pacs_arena_destroy(a);
    return rc;
}


static int
part_end(pacs_multipart_t *p, pacs_err_t *err)
{
    if (!p->open) {
        return PACS_OK;
    }

    p->open = false;
    return p->cb->end(p->ctx, err);
}


static int
emit(pacs_multipart_t *p, const char *data, size_t len, pacs_err_t *err)
{
    return p->open && len != 0 ? p->cb->data(p->ctx, data, len, err)
                               : PACS_OK;
}


/* what was held is no delimiter */
static int
release(pacs_multipart_t *p, pacs_err_t *err)
{
    size_t  skip = p->borrowed, n = p->held - skip;

    p->held = p->borrowed = 0;
    p->tail = T_NONE;

    return emit(p, p->hold + skip, n, err);
}


static int
delimiter(pacs_multipart_t *p, state_e next, pacs_err_t *err)
{
    p->held = p->borrowed = 0;
    p->tail = T_NONE;
    p->header_len = 0;
    p->state = next;

    int  rc = part_end(p, err);

    if (rc == PACS_OK && next == M_HEADER
        && p->parts == p->limits->parts)
    {
        rc = pacs_fail(err, PACS_E_LIMIT, "more parts than the limit parts "
                       "%" PRId64, p->limits->parts);
    }
    return rc;
}


/* whether c goes on with what is held; the tail follows */
static bool
goes_on(pacs_multipart_t *p, char c)
{
    if (p->held < p->delim_len) {
        return c == p->delim[p->held];
    }
    if (p->held + 1 >= HOLD) {
        return false;
    }

    switch (p->tail) {
    case T_NONE:
        p->tail = c == '-' ? T_DASH : c == '\r' ? T_CR : T_PADDING;
        return c == '-' || c == '\r' || c == ' ' || c == '\t';

    case T_PADDING:
        p->tail = c == '\r' ? T_CR : T_PADDING;
        return c == '\r' || c == ' ' || c == '\t';

    case T_DASH:
        p->tail = T_FINAL;
        return c == '-';

    default:
        return false;
    }
}


/* takes one byte when something is held; *taken false: it is to be read
 * again, now as any other */
static int
hold_byte(pacs_multipart_t *p, char c, bool *taken, pacs_err_t *err)
{
    *taken = true;

    if (p->tail == T_CR && c == '\n') {
        return delimiter(p, M_HEADER, err);
    }
    if (p->tail == T_FINAL && (c == '\r' || c == ' ' || c == '\t')) {
        return delimiter(p, M_EPILOGUE, err);
    }
    if (goes_on(p, c)) {
        p->hold[p->held++] = c;
        return PACS_OK;
    }

    *taken = false;
    return release(p, err);
}


/* bytes before what may be a delimiter: pixels are full of CRs, and each
 * that is held costs */
static size_t
candidate(const char *data, size_t len)
{
    const char *p = data, *end = data + len;

    while ((p = memchr(p, '\r', (size_t) (end - p))) != NULL) {
        if ((end - p < 2 || p[1] == '\n') && (end - p < 3 || p[2] == '-')) {
            return (size_t) (p - data);
        }
        p++;
    }

    return len;
}


/* returns how many bytes were used */
static size_t
scan_body(pacs_multipart_t *p, const char *data, size_t len, int *rc,
    pacs_err_t *err)
{
    size_t  used = 0;

    while (used < len && p->held != 0) {
        bool  taken;

        *rc = hold_byte(p, data[used], &taken, err);
        used += taken;

        if (*rc != PACS_OK || p->state == M_HEADER || p->state == M_EPILOGUE)
        {
            return used;
        }
    }

    if (used == len) {
        return used;
    }

    size_t  n = candidate(data + used, len - used);

    *rc = emit(p, data + used, n, err);
    used += n;

    if (*rc == PACS_OK && used < len) {
        p->hold[p->held++] = '\r';
        used++;
    }
    return used;
}


/* up to the empty line */
static size_t
scan_header(pacs_multipart_t *p, const char *data, size_t len, int *rc,
    pacs_err_t *err)
{
    for (size_t i = 0; i < len; i++) {
        if (p->header_len == (size_t) p->limits->part_header) {
            *rc = pacs_fail(err, PACS_E_LIMIT, "the header of part %" PRId64
                            " is longer than the limit part_header %" PRId64,
                            p->parts + 1, p->limits->part_header);
            return i;
        }

        char   *h = p->header;
        size_t  n = p->header_len;

        h[p->header_len++] = data[i];

        if (data[i] != '\n') {
            continue;
        }
        if (n == 0 || h[n - 1] != '\r') {
            *rc = pacs_fail(err, PACS_E_ARG, "a line of the header of part %"
                            PRId64 " ends without CR", p->parts + 1);
            return i;
        }
        if (n == 1 || (n >= 3 && h[n - 2] == '\n' && h[n - 3] == '\r')) {
            p->state = M_BODY;
            *rc = part_begin(p, err);

            /* the delimiter of an empty part may use the empty line's CRLF */
            memcpy(p->hold, "\r\n", 2);
            p->held = p->borrowed = 2;
            return i + 1;
        }
    }

    return len;
}


static int
feed_whole(pacs_multipart_t *p, const char *data, size_t len, pacs_err_t *err)
{
    if (!p->open) {
        p->open = true;
        p->parts++;
        pacs_part_head_t  head = { .type = pacs_lit("application/dicom") };
        int               rc = p->cb->begin(p->ctx, &head, err);

        if (rc != PACS_OK) {
            return rc;
        }
    }

    return emit(p, data, len, err);
}


int
pacs_multipart_feed(pacs_multipart_t *p, const char *data, size_t len,
    pacs_err_t *err)
{
    int  rc = p->failed;

    while (len != 0 && rc == PACS_OK && p->state != M_EPILOGUE) {
        size_t  used = len;

        if (p->state == M_WHOLE) {
            rc = feed_whole(p, data, len, err);
        } else if (p->state == M_HEADER) {
            used = scan_header(p, data, len, &rc, err);
        } else {
            used = scan_body(p, data, len, &rc, err);
        }
        data += used;
        len -= used;
    }

    return p->failed = rc;
}


int
pacs_multipart_finish(pacs_multipart_t *p, pacs_err_t *err)
{
    if (p->failed != PACS_OK) {
        return p->failed;
    }

    int  rc = p->tail == T_FINAL ? delimiter(p, M_EPILOGUE, err)
              : p->state == M_WHOLE ? part_end(p, err) : PACS_OK;

    if (rc == PACS_OK && p->parts == 0) {
        rc = pacs_fail(err, PACS_E_ARG, "the body holds no part%s",
                       p->state == M_PREAMBLE ? " with the boundary of "
                       "Content-Type" : "");
    }
    if (rc == PACS_OK && p->state != M_EPILOGUE && p->state != M_WHOLE) {
        rc = pacs_fail(err, PACS_E_ARG, "the body ends without the final "
                       "boundary, in part %" PRId64, p->parts);
    }

    return p->failed = rc;
}
