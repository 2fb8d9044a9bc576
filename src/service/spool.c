/* SPDX-License-Identifier: BSD-2-Clause */

/* An answer that is made piece by piece, and begins when it is whole: a file
 * in the home's tmp/, gone with the request. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "service/internal.h"


void
pacs_spool_close(pacs_spool_t *s)
{
    if (s->fd >= 0) {
        close(s->fd);
        s->fd = -1;
    }
}


static void
drop(void *data)
{
    pacs_spool_t *s = data;

    pacs_spool_close(s);
    unlink(s->path);
}


static pacs_str_t
new_path(pacs_op_t *op)
{
    uint8_t  random[16];
    char     hex[2 * sizeof(random) + 1];

    pacs_random(random, sizeof(random));
    pacs_hex(random, sizeof(random), hex);

    return pacs_sprintf(op->arena, "%s/tmp/%s.tmp", op->svc->home, hex);
}


int
pacs_spool_open(pacs_op_t *op, pacs_spool_t *s, pacs_err_t *err)
{
    pacs_str_t  path = new_path(op);

    if (path.data == NULL) {
        return PACS_E_NOMEM;
    }

    *s = (pacs_spool_t) { .path = path.data };
    s->fd = open(s->path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (s->fd < 0) {
        return pacs_fail_errno(err, errno, "%s", s->path);
    }
    return pacs_arena_cleanup(op->arena, drop, s) ? PACS_OK : PACS_E_NOMEM;
}


int
pacs_spool_add(pacs_op_t *op, pacs_spool_t *s, pacs_str_t bytes,
    pacs_err_t *err)
{
    const pacs_limits_t *limits = pacs_service_limits(op->svc);
    int                  rc;

    if (bytes.len > (uint64_t) limits->render_bytes - s->len) {
        return pacs_fail(err, PACS_E_LIMIT, "more than %" PRId64 " bytes of "
                         "pictures in one answer (limit render_bytes)",
                         limits->render_bytes);
    }

    rc = pacs_cache_room(s->fd, bytes.len, limits, err);
    if (rc == PACS_OK) {
        rc = pacs_write_all(s->fd, bytes.data, bytes.len, err);
    }
    s->len += bytes.len;
    return rc;
}


int
pacs_spool_begin(const pacs_spool_t *s, const char *head, size_t len,
    pacs_err_t *err)
{
    return pwrite(s->fd, head, len, 0) == (ssize_t) len
           ? PACS_OK : pacs_fail_errno(err, errno, "%s", s->path);
}


int
pacs_spool_reply(pacs_op_t *op, const pacs_spool_t *s)
{
    pacs_part_t *part = pacs_reply_parts(op, 1);

    if (part == NULL) {
        return PACS_E_NOMEM;
    }

    *part = (pacs_part_t) { .path = s->path, .length = s->len };
    pacs_reply_length(op);
    return PACS_OK;
}


static void
unlink_it(void *data)
{
    unlink(data);
}


int
pacs_spool_keep(pacs_op_t *op, const char *path, const char **kept,
    pacs_err_t *err)
{
    pacs_str_t  to = new_path(op);

    if (to.data == NULL) {
        return PACS_E_NOMEM;
    }
    if (rename(path, to.data) != 0) {
        return pacs_fail_errno(err, errno, "%s", path);
    }

    *kept = to.data;
    return pacs_arena_cleanup(op->arena, unlink_it, (void *) to.data)
           ? PACS_OK : PACS_E_NOMEM;
}
