/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Pictures that are kept: <home>/cache/pictures.  The name ends in the
 * picture's ETag, which tells content, look, frame, wishes and PACS_PIPELINE:
 * who asks has the record, and an old record's picture is never found.
 * pacs-codec evicts them together with decoded frames.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "service/internal.h"

#define MAGIC  UINT32_C(0x50434150)

enum { KEPT_MAX = 64 << 20 };       /* bytes of one */

typedef struct {
    uint32_t  magic;
    uint32_t  crc;                  /* of what follows it, to the file's end */
    uint64_t  bytes;                /* of the picture */
    char      type[48];
} head_t;


static bool
path_of(const pacs_op_t *op, pacs_str_t key, bool thumbnail, char path[4096])
{
    char              owner[PACS_CACHE_OWNER + 1];
    const pacs_str_t  tag = op->reply.etag;     /* with quotes */

    pacs_cache_owner(key, owner);

    return tag.len > 2
           && snprintf(path, 4096, "%s/cache/pictures/%s%.*s%s",
                       op->svc->home, owner, (int) tag.len - 2, tag.data + 1,
                       thumbnail ? "t" : "") < 4096;
}


static uint32_t
sum(const head_t *head, const void *data)
{
    size_t  skip = offsetof(head_t, bytes);
    uLong   crc = crc32_z(0, (const Bytef *) head + skip,
                          sizeof(*head) - skip);

    return (uint32_t) crc32_z(crc, data, head->bytes);
}


static int
read_kept(pacs_op_t *op, int fd, int64_t size)
{
    pacs_source_t  file;
    pacs_err_t     err = { 0 };
    head_t         head;

    if (size < (int64_t) sizeof(head) || size > KEPT_MAX
        || pacs_source_fd(&file, fd, &err) != PACS_OK
        || pacs_source_exact(&file, 0, &head, sizeof(head), &err) != PACS_OK
        || head.magic != MAGIC
        || head.bytes != (uint64_t) size - sizeof(head))
    {
        return PACS_E_PARSE;
    }

    char *data = pacs_alloc(op->arena, head.bytes + 1);

    if (data == NULL) {
        return PACS_E_NOMEM;
    }

    if (pacs_source_exact(&file, sizeof(head), data, head.bytes, &err)
            != PACS_OK
        || sum(&head, data) != head.crc)
    {
        return PACS_E_PARSE;
    }

    head.type[sizeof(head.type) - 1] = '\0';
    op->reply.content_type = pacs_str_copy(op->arena, pacs_cstr(head.type));

    return pacs_reply_memory(op, (pacs_str_t) { data, head.bytes });
}


int
pacs_kept_get(pacs_op_t *op, pacs_str_t key, bool thumbnail)
{
    char         path[4096];
    struct stat  st;
    int          fd = path_of(op, key, thumbnail, path)
                      ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0) {
        return PACS_E_NOT_FOUND;
    }

    int  rc = fstat(fd, &st) == 0 ? read_kept(op, fd, st.st_size)
                                  : PACS_E_PARSE;

    if (rc == PACS_OK) {
        pacs_cached_touch(fd, &st);
    }
    close(fd);

    if (rc == PACS_E_PARSE) {
        unlink(path);
    }
    return rc;
}


void
pacs_kept_put(pacs_op_t *op, pacs_str_t key, bool thumbnail)
{
    const pacs_reply_t *r = &op->reply;
    pacs_err_t          err = { 0 };
    head_t              head = { .magic = MAGIC, .bytes = r->length };
    char                path[4096], self[32];

    if (r->nparts != 1 || r->content_type.len >= sizeof(head.type)
        || r->length > KEPT_MAX - sizeof(head)
        || !path_of(op, key, thumbnail, path))
    {
        return;
    }

    memcpy(head.type, r->content_type.data, r->content_type.len);
    head.crc = sum(&head, r->parts[0].data);

    char *slash = strrchr(path, '/');

    *slash = '\0';

    int  fd = open(path, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

    *slash = '/';

    if (fd < 0) {
        return;
    }

    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);

    if (pacs_cache_room(fd, r->length, pacs_service_limits(op->svc), &err)
            == PACS_OK
        && pacs_write_all(fd, &head, sizeof(head), &err) == PACS_OK
        && pacs_write_all(fd, r->parts[0].data, r->length, &err) == PACS_OK
        && linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0
        && errno != EEXIST)
    {
        pacs_log(&op->svc->options.env, PACS_LOG_WARN, "cannot keep %s: %s",
                 path, strerror(errno));
    }

    close(fd);
}
