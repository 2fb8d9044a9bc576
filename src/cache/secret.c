/* SPDX-License-Identifier: BSD-2-Clause */

/* The key of all HMACs of a home. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/cache.h"

enum { SECRET = 32, TRIES = 3 };


/* ENOENT: there is none yet; any other errno, or 0 */
static int
load(const char *path, uint8_t *secret, pacs_err_t *err)
{
    struct stat  st;
    int          fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0) {
        return errno;
    }

    bool  good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode)
                 && st.st_uid == geteuid() && (st.st_mode & 077) == 0
                 && st.st_size == SECRET
                 && pread(fd, secret, SECRET, 0) == SECRET;

    close(fd);

    if (!good) {
        pacs_fail(err, PACS_E_IO, "%s: must be a file of %d bytes that is "
                  "ours alone (mode 0600)", path, SECRET);
        return EPERM;
    }
    return 0;
}


/* whole or not at all: written aside, then linked; 0, EEXIST or an errno */
static int
make(const char *path, const char *temp)
{
    uint8_t  bytes[SECRET];
    int      errnum = 0;
    int      fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0) {
        return errno;
    }

    pacs_random(bytes, sizeof(bytes));

    if (write(fd, bytes, SECRET) != SECRET || fsync(fd) != 0
        || link(temp, path) != 0)
    {
        errnum = errno != 0 ? errno : EIO;
    }

    close(fd);
    unlink(temp);
    return errnum;
}


int
pacs_cache_secret(const char *home, uint8_t secret[32], pacs_err_t *err)
{
    char     path[4096], temp[4096 + 32], random[17];
    uint8_t  bytes[8];
    int      errnum = 0;

    if (snprintf(path, sizeof(path), "%s/run", home) > 4000) {
        return pacs_fail(err, PACS_E_ARG, "the home's path is too long");
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return pacs_fail_errno(err, errno, "%s", path);
    }
    snprintf(path, sizeof(path), "%s/run/secret", home);

    for (int i = 0; i < TRIES; i++) {
        errnum = load(path, secret, err);
        if (errnum == 0) {
            return PACS_OK;
        }
        if (errnum != ENOENT) {
            break;
        }

        pacs_random(bytes, sizeof(bytes));
        pacs_hex(bytes, sizeof(bytes), random);
        snprintf(temp, sizeof(temp), "%s.%s", path, random);

        errnum = make(path, temp);
        if (errnum != 0 && errnum != EEXIST) {
            break;
        }
    }

    return pacs_fail_errno(err, errnum, "%s", path);
}
