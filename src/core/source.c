/* SPDX-License-Identifier: BSD-2-Clause */

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/core.h"


static int
mem_read(pacs_source_t *s, uint64_t off, void *buf, size_t len, size_t *got,
    pacs_err_t *err)
{
    *got = 0;

    if (off < s->size) {
        *got = len < s->size - off ? len : (size_t) (s->size - off);
        memcpy(buf, (const char *) s->mem + off, *got);
    }

    return PACS_OK;
}


pacs_source_t
pacs_source_mem(const void *data, size_t len)
{
    return (pacs_source_t) { .read = mem_read, .size = len, .mem = data,
                             .fd = -1 };
}


static int
fd_read(pacs_source_t *s, uint64_t off, void *buf, size_t len, size_t *got,
    pacs_err_t *err)
{
    *got = 0;

    while (*got < len && off + *got < s->size) {
        ssize_t  n = pread(s->fd, (char *) buf + *got, len - *got,
                           (off_t) (off + *got));

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return pacs_fail_errno(err, errno, "read at offset %" PRIu64, off);
        }
        if (n == 0) {
            break;
        }
        *got += (size_t) n;
    }

    return PACS_OK;
}


int
pacs_source_fd(pacs_source_t *s, int fd, pacs_err_t *err)
{
    struct stat  st;

    if (fstat(fd, &st) != 0) {
        return pacs_fail_errno(err, errno, "stat");
    }

    *s = (pacs_source_t) { .read = fd_read, .size = (uint64_t) st.st_size,
                           .fd = fd };
    return PACS_OK;
}


int
pacs_source_exact(pacs_source_t *s, uint64_t off, void *buf, size_t len,
    pacs_err_t *err)
{
    size_t  got;
    int     rc = s->read(s, off, buf, len, &got, err);

    if (rc == PACS_OK && got < len) {
        rc = pacs_fail(err, PACS_E_PARSE, "ends at offset %" PRIu64
                       ", %zu bytes are missing", off + got, len - got);
    }
    return rc;
}


int
pacs_write_all(int fd, const void *data, size_t len, pacs_err_t *err)
{
    const char *p = data;

    while (len != 0) {
        ssize_t  n = write(fd, p, len);

        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            return pacs_fail_errno(err, errno, "write");
        }
        p += n;
        len -= (size_t) n;
    }

    return PACS_OK;
}
