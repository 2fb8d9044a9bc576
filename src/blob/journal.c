/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The journal: files NNNNNNNN.log, each of about 64 MiB, only ever appended
 * to.  Writers of all processes take turns on a flock of journal/lock.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob/entry.h"

enum { FILE_BYTES = 64 << 20, CHUNK = 1 << 20 };

struct pacs_journal_s {
    int              dir, gate, fd;     /* fd: of file `number`, or -1 */
    unsigned         number;            /* of the newest file known */
    bool             broken;            /* an fsync failed */
    pthread_mutex_t  lock;
    char             path[];            /* <home>/journal */
};


static void
log_name(unsigned number, char name[16])
{
    snprintf(name, 16, "%08u.log", number % 100000000);
}


void
pacs_journal_close(pacs_journal_t *j)
{
    if (j == NULL) {
        return;
    }

    int  fds[] = { j->fd, j->gate, j->dir };

    for (int i = 0; i < 3; i++) {
        if (fds[i] != -1) {
            close(fds[i]);
        }
    }
    pthread_mutex_destroy(&j->lock);
    free(j);
}


static int
open_all(const char *home, pacs_journal_t *j, pacs_err_t *err)
{
    int  top = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (top == -1) {
        return pacs_fail_errno(err, errno, "%s", home);
    }

    int  rc = mkdirat(top, "journal", 0700);

    if ((rc == 0 || errno == EEXIST) && fsync(top) == 0) {
        j->dir = openat(top, "journal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (j->dir != -1) {
        j->gate = openat(j->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    }

    rc = j->gate != -1 ? PACS_OK : pacs_fail_errno(err, errno, "%s", j->path);
    close(top);
    return rc;
}


int
pacs_journal_open(const char *home, pacs_journal_t **out, pacs_err_t *err)
{
    size_t           size = strlen(home) + sizeof("/journal");
    pacs_journal_t  *j = calloc(1, sizeof(*j) + size);

    *out = NULL;
    if (j == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    j->dir = j->gate = j->fd = -1;
    j->number = 1;
    pthread_mutex_init(&j->lock, NULL);
    snprintf(j->path, size, "%s/journal", home);

    int  code = open_all(home, j, err);

    if (code != PACS_OK) {
        pacs_journal_close(j);
        return code;
    }

    *out = j;
    return PACS_OK;
}


static int
gate_take(pacs_journal_t *j, pacs_err_t *err)
{
    pthread_mutex_lock(&j->lock);

    int  rc;

    do {
        rc = flock(j->gate, LOCK_EX);
    } while (rc != 0 && errno == EINTR);

    if (rc != 0) {
        int  error = errno;

        pthread_mutex_unlock(&j->lock);
        return pacs_fail_errno(err, error, "flock of %s/lock", j->path);
    }
    return PACS_OK;
}


static void
gate_leave(pacs_journal_t *j)
{
    flock(j->gate, LOCK_UN);
    pthread_mutex_unlock(&j->lock);
}


/* moves j->number to the newest file; other processes rotate too */
static void
find_newest(pacs_journal_t *j)
{
    char      name[16];
    unsigned  number = j->number;

    for (log_name(number + 1, name);
         faccessat(j->dir, name, F_OK, 0) == 0;
         log_name(number + 1, name))
    {
        number++;
    }

    if (number != j->number && j->fd != -1) {
        close(j->fd);
        j->fd = -1;
    }
    j->number = number;
}


/* a new file's name is made durable before anything is written to it */
static int
open_newest(pacs_journal_t *j, pacs_err_t *err)
{
    char  name[16];

    log_name(j->number, name);
    j->fd = openat(j->dir, name, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC,
                   0600);

    if (j->fd == -1) {
        return pacs_fail_errno(err, errno, "%s/%s", j->path, name);
    }
    if (fsync(j->dir) != 0) {
        j->broken = true;
        return pacs_fail_errno(err, errno, "fsync of %s", j->path);
    }
    return PACS_OK;
}


/* the file to append to, and its size */
static int
ready(pacs_journal_t *j, off_t *size, pacs_err_t *err)
{
    struct stat  st;

    find_newest(j);

    for ( ;; ) {
        int  code = j->fd == -1 ? open_newest(j, err) : PACS_OK;

        if (code != PACS_OK) {
            return code;
        }
        if (fstat(j->fd, &st) != 0) {
            return pacs_fail_errno(err, errno, "%s", j->path);
        }
        if (st.st_size < FILE_BYTES) {
            *size = st.st_size;
            return PACS_OK;
        }

        close(j->fd);
        j->fd = -1;
        j->number++;
    }
}


/* a crash in the middle of a write leaves a line without its end */
static bool
is_torn(pacs_journal_t *j, off_t size)
{
    char  last = '\n';

    return size != 0 && pread(j->fd, &last, 1, size - 1) == 1 && last != '\n';
}


static int
append(pacs_journal_t *j, const pacs_buf_t *text, pacs_err_t *err)
{
    off_t  size = 0;
    int    code = ready(j, &size, err);

    if (code != PACS_OK) {
        return code;
    }
    if (j->broken) {
        return pacs_fail(err, PACS_E_IO, "%s: an earlier fsync failed",
                         j->path);
    }

    /* text begins with a newline for this case only */
    size_t  skip = is_torn(j, size) ? 0 : 1;

    code = pacs_write_all(j->fd, text->data + skip, text->len - skip, err);
    if (code != PACS_OK) {
        j->broken = ftruncate(j->fd, size) != 0;
        return code;
    }
    if (fdatasync(j->fd) != 0) {
        j->broken = true;
        return pacs_fail_errno(err, errno, "fsync of %s", j->path);
    }
    return PACS_OK;
}


int
pacs_journal_append(pacs_journal_t *j, const pacs_entry_t *entries,
    unsigned n, pacs_err_t *err)
{
    pacs_buf_t  text = { 0 };
    int         code = PACS_OK;

    pacs_buf_char(&text, '\n');
    for (unsigned i = 0; i < n; i++) {
        size_t  start = text.len;

        pacs_entry_write(&text, &entries[i]);
        if (text.len - start > PACS_ENTRY_MAX) {
            code = pacs_fail(err, PACS_E_LIMIT, "a journal entry is over %d"
                             " bytes", PACS_ENTRY_MAX);
        }
    }
    if (text.failed) {
        code = pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    if (code == PACS_OK && n != 0) {
        code = gate_take(j, err);
        if (code == PACS_OK) {
            code = append(j, &text, err);
            gate_leave(j);
        }
    }

    pacs_buf_free(&text);
    return code;
}


typedef struct {
    pacs_journal_t  *j;
    char             name[16];
    int              fd;
    off_t            left;      /* bytes of the file still to be read */
    char            *buf;       /* CHUNK + PACS_ENTRY_MAX */
    size_t           fill;
    unsigned         line;
    bool             skipping;  /* inside a line that is too long */
    int            (*fn)(void *ctx, const pacs_entry_t *e);
    void           (*bad)(void *ctx, const char *file, unsigned line);
    void            *ctx;
} reader_t;


static void
report(reader_t *r)
{
    if (r->bad != NULL) {
        r->bad(r->ctx, r->name, r->line);
    }
}


static int
take_line(reader_t *r, char *line, size_t len)
{
    pacs_entry_t  e;

    r->line++;
    if (r->skipping) {
        r->skipping = false;
        report(r);
        return PACS_OK;
    }
    if (!pacs_entry_read(line, len, &e)) {
        report(r);
        return PACS_OK;
    }
    return r->fn(r->ctx, &e);
}


/* all whole lines of the buffer; what is left moves to its front */
static int
take_lines(reader_t *r)
{
    char  *p = r->buf, *end = r->buf + r->fill, *nl;
    int    code = PACS_OK;

    while (code == PACS_OK
           && (nl = memchr(p, '\n', (size_t) (end - p))) != NULL)
    {
        code = take_line(r, p, (size_t) (nl - p));
        p = nl + 1;
    }

    r->fill = (size_t) (end - p);
    memmove(r->buf, p, r->fill);

    if (r->fill > PACS_ENTRY_MAX) {
        r->skipping = true;
        r->fill = 0;
    }
    return code;
}


static int
read_log(reader_t *r, pacs_err_t *err)
{
    r->fill = 0;
    r->line = 0;
    r->skipping = false;

    while (r->left > 0) {
        size_t   want = r->left < CHUNK ? (size_t) r->left : CHUNK;
        ssize_t  n = read(r->fd, r->buf + r->fill, want);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return pacs_fail_errno(err, errno, "%s/%s", r->j->path, r->name);
        }
        if (n == 0) {
            break;
        }

        r->left -= n;
        r->fill += (size_t) n;

        int  code = take_lines(r);

        if (code != PACS_OK) {
            return code;
        }
    }

    /* without a newline: torn, or all of it but the newline was written */
    return r->fill != 0 || r->skipping ? take_line(r, r->buf, r->fill)
                                       : PACS_OK;
}


/* opens file n; bytes up to the end that it has now, between two appends */
static int
open_log(reader_t *r, unsigned n, off_t from, bool *none, pacs_err_t *err)
{
    struct stat  st;
    int          code = gate_take(r->j, err);

    if (code != PACS_OK) {
        return code;
    }

    log_name(n, r->name);
    r->fd = openat(r->j->dir, r->name, O_RDONLY | O_CLOEXEC);
    *none = r->fd == -1 && errno == ENOENT;

    if (!*none && (r->fd == -1 || fstat(r->fd, &st) != 0
                   || lseek(r->fd, from, SEEK_SET) == -1))
    {
        code = pacs_fail_errno(err, errno, "%s/%s", r->j->path, r->name);
    }
    gate_leave(r->j);

    r->left = *none || code != PACS_OK ? 0 : st.st_size - from;
    return code;
}


int
pacs_journal_end(pacs_journal_t *j, pacs_journal_at_t *at, pacs_err_t *err)
{
    off_t  size = 0;
    int    code = gate_take(j, err);

    if (code == PACS_OK) {
        code = ready(j, &size, err);
        *at = (pacs_journal_at_t) { j->number, size };
        gate_leave(j);
    }
    return code;
}


int
pacs_journal_since(pacs_journal_t *j, const pacs_journal_at_t *at,
    int (*fn)(void *ctx, const pacs_entry_t *e),
    void (*bad)(void *ctx, const char *file, unsigned line), void *ctx,
    pacs_err_t *err)
{
    reader_t  r = { .j = j, .fn = fn, .bad = bad, .ctx = ctx,
                    .buf = malloc(CHUNK + PACS_ENTRY_MAX) };
    int       code = PACS_OK;
    bool      none = false;

    if (r.buf == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    for (unsigned n = at->file; code == PACS_OK; n++) {
        code = open_log(&r, n, n == at->file ? at->offset : 0, &none, err);
        if (none) {
            break;
        }
        if (code == PACS_OK) {
            code = read_log(&r, err);
        }
        if (r.fd != -1) {
            close(r.fd);
        }
    }

    free(r.buf);
    return code;
}


int
pacs_journal_each(pacs_journal_t *j,
    int (*fn)(void *ctx, const pacs_entry_t *e),
    void (*bad)(void *ctx, const char *file, unsigned line), void *ctx,
    pacs_err_t *err)
{
    return pacs_journal_since(j, &(pacs_journal_at_t) { 1, 0 }, fn, bad, ctx,
                              err);
}
