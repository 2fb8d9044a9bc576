/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Resumable uploads: tus 1.0.0 (tus.io/protocols/resumable-upload), core,
 * creation, expiration and termination.  <home>/uploads/<id> grows by PATCH,
 * <id>.info holds length, study, Content-Type and metadata, a line each; what
 * is whole goes the way of a STOW request with that Content-Type.  A lock on
 * the file keeps writers apart, and who removes it; it is gone with its
 * process.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "service/stow.h"

enum { CHUNK = 1 << 18, METADATA_MAX = 4096, INFO_MAX = 8192 };

struct pacs_upload_s {
    pacs_op_t   *op;
    int          fd;
    uint64_t     offset, length;
    pacs_str_t   study, type, metadata;
    char         path[4096], info[4096 + 8];
};


static void
paths(pacs_upload_t *u, pacs_str_t id)
{
    const char *home = u->op->svc->home;

    snprintf(u->path, sizeof(u->path), "%s/uploads/%.*s", home, pacs_fmt(id));
    snprintf(u->info, sizeof(u->info), "%s.info", u->path);
}


static bool
id_ok(pacs_str_t id)
{
    for (size_t i = 0; i < id.len; i++) {
        if (id.data[i] == '\0'
            || strchr("0123456789abcdef", id.data[i]) == NULL)
        {
            return false;
        }
    }
    return id.len == 32;
}


/* every answer has it, see pacs_op_fail() */
static int
common_headers(pacs_op_t *op, pacs_upload_t *u)
{
    int  rc = pacs_reply_header(op, "Tus-Resumable", pacs_lit("1.0.0"));

    if (rc == PACS_OK && u != NULL) {
        rc = pacs_reply_header(op, "Upload-Offset",
                               pacs_sprintf(op->arena, "%" PRIu64,
                                            u->offset));
    }
    return rc;
}


static int
check_version(const pacs_op_t *op, pacs_err_t *err)
{
    return pacs_str_is(op->request.tus_resumable, "1.0.0")
           ? PACS_OK
           : pacs_fail(err, PACS_E_VERSION, "Tus-Resumable must be 1.0.0");
}


/* --- the file --- */

static int
read_info(pacs_upload_t *u, pacs_err_t *err)
{
    char        text[INFO_MAX];
    int         fd = open(u->info, O_RDONLY | O_CLOEXEC);
    ssize_t     n = fd < 0 ? -1 : read(fd, text, sizeof(text));
    int64_t     length;
    pacs_str_t  rest, line;

    if (fd >= 0) {
        close(fd);
    }

    rest = pacs_str_copy(u->op->arena, (pacs_str_t) { text, n < 0 ? 0
                                                      : (size_t) n });
    if (rest.data == NULL || !pacs_str_split(&rest, '\n', &line)
        || !pacs_str_int(line, 0, INT64_MAX, &length)
        || !pacs_str_split(&rest, '\n', &u->study)
        || !pacs_str_split(&rest, '\n', &u->type))
    {
        return pacs_fail(err, PACS_E_NOT_FOUND, "no such upload");
    }

    (void) pacs_str_split(&rest, '\n', &u->metadata);
    u->length = (uint64_t) length;
    return PACS_OK;
}


static int
open_upload(pacs_op_t *op, pacs_str_t id, bool write, pacs_upload_t **out,
    pacs_err_t *err)
{
    pacs_upload_t *u = pacs_calloc(op->arena, 1, sizeof(*u));
    struct stat    st;
    int            rc;

    *out = u;
    if (u == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for an upload");
    }
    u->op = op;
    u->fd = -1;

    if (!id_ok(id)) {
        return pacs_fail(err, PACS_E_NOT_FOUND, "no such upload");
    }

    paths(u, id);
    if ((rc = read_info(u, err)) != PACS_OK) {
        return rc;
    }

    u->fd = open(u->path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (u->fd < 0 || fstat(u->fd, &st) != 0) {
        return pacs_fail(err, PACS_E_NOT_FOUND, "no such upload");
    }
    u->offset = (uint64_t) st.st_size;
    return pacs_auth_check(&op->request.subject, PACS_MAY_STORE, u->study,
                           err);
}


/* against other requests; then the upload is as it will be */
static int
lock_upload(pacs_upload_t *u, pacs_err_t *err)
{
    struct stat  st;

    if (flock(u->fd, LOCK_EX | LOCK_NB) != 0) {
        return pacs_fail(err, PACS_E_LOCKED, "another request writes to it");
    }
    if (fstat(u->fd, &st) != 0 || st.st_nlink == 0) {
        return pacs_fail(err, PACS_E_NOT_FOUND, "no such upload");
    }
    u->offset = (uint64_t) st.st_size;
    return PACS_OK;
}


void
pacs_upload_close(pacs_upload_t *u)
{
    if (u != NULL && u->fd >= 0) {
        close(u->fd);
        u->fd = -1;
    }
}


static void
remove_upload(pacs_upload_t *u)
{
    unlink(u->path);
    unlink(u->info);
}


/* --- creation --- */

static int64_t
now_s(pacs_service_t *svc)
{
    return svc->options.env.now_us(svc->options.env.ctx) / 1000000;
}


/* what nobody wrote to for so long goes; *n: those that are left */
static void
expire(pacs_service_t *svc, unsigned *n)
{
    char            path[4096];
    struct dirent  *e;
    struct stat     st;
    int64_t         oldest = now_s(svc) - svc->options.limits.upload_seconds;

    snprintf(path, sizeof(path), "%s/uploads", svc->home);
    *n = 0;

    DIR *dir = opendir(path);

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        if (!id_ok((pacs_str_t) { e->d_name, strlen(e->d_name) })) {
            continue;
        }
        if (fstatat(dirfd(dir), e->d_name, &st, 0) != 0
            || st.st_mtime >= oldest)
        {
            (*n)++;
            continue;
        }

        snprintf(path, sizeof(path), "%.64s.info", e->d_name);
        unlinkat(dirfd(dir), path, 0);
        unlinkat(dirfd(dir), e->d_name, 0);
    }
    if (dir != NULL) {
        closedir(dir);
    }
}


/* of Upload-Metadata "key base64,key base64": the value, plain text */
static bool
metadata(pacs_op_t *op, const char *key, pacs_str_t *value)
{
    pacs_str_t  rest = op->request.upload_metadata, pair, name;

    *value = pacs_lit("");

    while (pacs_str_split(&rest, ',', &pair)) {
        pair = pacs_str_trim(pair);
        if (!pacs_str_split(&pair, ' ', &name) || !pacs_str_is(name, key)
            || pair.data == NULL)
        {
            continue;
        }

        pacs_buf_t  text = { .max = 256 };
        bool        good = pacs_buf_unbase64(&text, pair);

        *value = pacs_buf_take(&text, op->arena);
        for (size_t i = 0; i < value->len && good; i++) {
            if (value->data[i] < 0x20 || value->data[i] == 0x7f) {
                good = false;
            }
        }
        return good && value->data != NULL;
    }
    return true;
}


static int
check_new(pacs_op_t *op, int64_t *length, pacs_str_t *study, pacs_str_t *type,
    pacs_err_t *err)
{
    pacs_service_t  *svc = op->svc;
    uint64_t         free, total;
    unsigned         n;
    int              rc;

    if (!pacs_str_int(op->request.upload_length, 1, INT64_MAX, length)) {
        return pacs_fail(err, PACS_E_ARG, "Upload-Length is needed, a number "
                         "of bytes, and none is of no instance");
    }
    if (op->request.upload_metadata.len > METADATA_MAX) {
        return pacs_fail(err, PACS_E_ARG, "Upload-Metadata of more than %d "
                         "bytes", METADATA_MAX);
    }
    if (!metadata(op, "filetype", type) || !metadata(op, "study", study)
        || (study->len != 0 && !pacs_uid_ok(*study)))
    {
        return pacs_fail(err, PACS_E_ARG, "Upload-Metadata: filetype and "
                         "study are text in base64, study a UID");
    }
    if (*length > svc->options.limits.instance) {
        return pacs_fail(err, PACS_E_LIMIT, "an upload of more than %" PRId64
                         " bytes (limit instance)",
                         svc->options.limits.instance);
    }

    if ((rc = pacs_auth_check(&op->request.subject, PACS_MAY_STORE, *study,
                              err)) != PACS_OK
        || (rc = pacs_store_room(svc, err)) != PACS_OK
        || (rc = svc->blobs->vt->space(svc->blobs, &free, &total, err))
            != PACS_OK)
    {
        return rc;
    }
    if ((uint64_t) *length > free) {
        return pacs_fail(err, PACS_E_FULL, "the disk has no room for it");
    }

    expire(svc, &n);
    return n < svc->options.limits.uploads ? PACS_OK
           : pacs_fail(err, PACS_E_BUSY, "%u uploads are open already (limit "
                       "uploads)", n);
}


static int
create_files(pacs_upload_t *u, int64_t length, pacs_str_t study,
    pacs_str_t type, pacs_err_t *err)
{
    pacs_buf_t  b = { 0 };
    int         rc = PACS_OK;

    pacs_buf_printf(&b, "%" PRId64 "\n%.*s\n%.*s\n%.*s\n", length,
                    pacs_fmt(study), pacs_fmt(type),
                    pacs_fmt(u->op->request.upload_metadata));

    int  info = open(u->info, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int  data = open(u->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (info < 0 || data < 0 || b.failed) {
        rc = pacs_fail_errno(err, errno, "%s", u->path);
    } else {
        rc = pacs_write_all(info, b.data, b.len, err);
    }
    if (rc == PACS_OK && fsync(info) != 0) {
        rc = pacs_fail_errno(err, errno, "%s", u->info);
    }

    if (info >= 0) {
        close(info);
    }
    if (data >= 0) {
        close(data);
    }
    pacs_buf_free(&b);
    if (rc != PACS_OK) {
        remove_upload(u);
    }
    return rc;
}


static pacs_str_t
expires(pacs_op_t *op)
{
    time_t     at = (time_t) (now_s(op->svc)
                              + op->svc->options.limits.upload_seconds);
    struct tm  tm;
    char       text[40];

    gmtime_r(&at, &tm);
    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    return pacs_sprintf(op->arena, "%s", text);
}


int
pacs_op_upload_new(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    pacs_upload_t  *u = pacs_calloc(op->arena, 1, sizeof(*u));
    pacs_str_t      study, type;
    int64_t         length;
    uint8_t         salt[16];
    char            id[33];
    int             rc;

    if (u == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for an upload");
    }
    if ((rc = check_version(op, err)) != PACS_OK
        || (rc = check_new(op, &length, &study, &type, err)) != PACS_OK)
    {
        return rc;
    }

    u->op = op;
    pacs_random(salt, sizeof(salt));
    pacs_hex(salt, sizeof(salt), id);
    paths(u, pacs_cstr(id));

    if ((rc = create_files(u, length, study, type, err)) != PACS_OK) {
        return rc;
    }

    op->reply = (pacs_reply_t) { .status = 201 };
    rc = pacs_reply_header(op, "Location", pacs_sprintf(op->arena,
                           "%.*s%.*s/uploads/%s", pacs_fmt(op->request.origin),
                           pacs_fmt(op->request.prefix), id));
    if (rc == PACS_OK) {
        rc = pacs_reply_header(op, "Upload-Expires", expires(op));
    }
    return rc != PACS_OK ? rc : common_headers(op, NULL);
}


/* --- HEAD and DELETE --- */

static int
tell_upload(pacs_upload_t *u)
{
    pacs_op_t *op = u->op;

    op->reply = (pacs_reply_t) { .status = 200 };

    int  rc = common_headers(op, u);

    if (rc == PACS_OK) {
        rc = pacs_reply_header(op, "Upload-Length",
                               pacs_sprintf(op->arena, "%" PRIu64,
                                            u->length));
    }
    return rc != PACS_OK || u->metadata.len == 0
           ? rc : pacs_reply_header(op, "Upload-Metadata", u->metadata);
}


static int
end_upload(pacs_upload_t *u, pacs_err_t *err)
{
    int  rc = lock_upload(u, err);

    if (rc != PACS_OK) {
        return rc;
    }
    remove_upload(u);
    u->op->reply = (pacs_reply_t) { .status = 204 };
    return common_headers(u->op, NULL);
}


int
pacs_op_upload(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err)
{
    pacs_upload_t  *u = NULL;
    bool            ends = op->request.method == PACS_DELETE;
    int             rc = check_version(op, err);

    if (rc == PACS_OK) {
        rc = open_upload(op, route->upload, ends, &u, err);
    }
    if (rc == PACS_OK) {
        rc = ends ? end_upload(u, err) : tell_upload(u);
    }
    pacs_upload_close(u);
    return rc;
}


/* --- PATCH --- */

int
pacs_upload_begin(pacs_op_t *op, pacs_str_t id, pacs_upload_t **out,
    pacs_err_t *err)
{
    pacs_upload_t  *u = NULL;
    int64_t         offset;
    int             rc;

    *out = NULL;

    if ((rc = check_version(op, err)) != PACS_OK) {
        return rc;
    }
    if (!pacs_str_is(op->request.content_type,
                     "application/offset+octet-stream"))
    {
        return pacs_fail(err, PACS_E_MEDIA,
                         "PATCH is of application/offset+octet-stream");
    }
    if (!pacs_str_int(op->request.upload_offset, 0, INT64_MAX, &offset)) {
        return pacs_fail(err, PACS_E_ARG, "Upload-Offset is needed, a number "
                         "of bytes");
    }

    rc = open_upload(op, id, true, &u, err);
    if (rc == PACS_OK) {
        rc = lock_upload(u, err);
    }
    if (rc == PACS_OK && ((uint64_t) offset != u->offset
                          || lseek(u->fd, (off_t) offset, SEEK_SET) == -1))
    {
        rc = pacs_fail(err, PACS_E_CONFLICT,
                       "Upload-Offset is not where the upload ends");
    }

    if (rc != PACS_OK) {
        pacs_upload_close(u);
        return rc;
    }
    *out = u;
    return PACS_OK;
}


int
pacs_upload_write(pacs_upload_t *u, const char *data, size_t len,
    pacs_err_t *err)
{
    if (len > u->length - u->offset) {
        return pacs_fail(err, PACS_E_LIMIT, "more than the %" PRIu64 " bytes "
                         "of Upload-Length", u->length);
    }

    u->offset += len;
    return pacs_write_all(u->fd, data, len, err);
}


/* the whole of it as a request's body */
static int
store(pacs_upload_t *u, pacs_err_t *err)
{
    pacs_op_t    *op = u->op;
    pacs_stow_t  *s;
    char         *chunk = pacs_alloc(op->arena, CHUNK);
    int           rc = PACS_OK;

    op->request.path = u->study.len == 0 ? pacs_lit("/studies")
                       : pacs_sprintf(op->arena, "/studies/%.*s",
                                      pacs_fmt(u->study));
    op->request.content_type = u->type.len != 0 ? u->type
                               : pacs_lit("application/dicom");
    op->request.content_encoding = pacs_null;

    if (chunk == NULL || op->request.path.data == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "no memory for an upload");
    }
    if (pacs_stow_begin(op, &s) != PACS_OK) {
        return PACS_OK;                 /* the reply stands */
    }

    for (uint64_t at = 0; at < u->length && rc == PACS_OK; ) {
        ssize_t  n = pread(u->fd, chunk, CHUNK, (off_t) at);

        if (n <= 0) {
            pacs_stow_abort(s);
            return pacs_fail_errno(err, n < 0 ? errno : EIO, "%s", u->path);
        }
        rc = pacs_stow_feed(s, chunk, (size_t) n);
        at += (uint64_t) n;
    }

    if (rc == PACS_OK) {
        pacs_stow_finish(s);
    } else {
        pacs_stow_abort(s);             /* replied already */
    }
    return PACS_OK;
}


int
pacs_upload_finish(pacs_upload_t *u, pacs_err_t *err)
{
    pacs_op_t  *op = u->op;
    int         rc = PACS_OK;

    if (fdatasync(u->fd) != 0) {
        rc = pacs_fail_errno(err, errno, "%s", u->path);
    }

    if (rc == PACS_OK && u->offset < u->length) {
        op->reply = (pacs_reply_t) { .status = 204 };
        rc = pacs_reply_header(op, "Upload-Expires", expires(op));

    } else if (rc == PACS_OK) {
        rc = store(u, err);

        /* what the server could not do may be tried again by an empty
         * PATCH; else it is done, and 4xx would mean another offset */
        if (rc == PACS_OK && op->reply.status < 500) {
            remove_upload(u);
            op->reply.status = op->reply.status == 200 ? 200 : 202;
        }
    }

    if (rc == PACS_OK) {
        rc = common_headers(op, u);
    }
    pacs_upload_close(u);
    return rc;
}
