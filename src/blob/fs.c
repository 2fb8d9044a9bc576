/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The blob store in a folder.  A blob is durable after: fsync of the file,
 * link to its final name, fsync of the folder that got the name and of the
 * folders above that are new.  Folders are never removed again, so that
 * "its parents are synced" can be remembered by every process on its own.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "blob/blob.h"

enum { SYNCED = 4096, TMP_AGE_S = 3600 };

typedef struct {
    pacs_blobs_t      base;
    pacs_env_t        env;
    char             *home;             /* absolute */
    int               blobs, tmp;       /* folders */
    pthread_mutex_t   lock;
    char              synced[SYNCED][33];   /* series whose folder's name is
                                               durable; by hash, forgetful */
} fs_t;


static int
open_folder(int at, const char *name)
{
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}


static char *
synced_slot(fs_t *fs, const char *series)
{
    unsigned  n = 0;

    for (int i = 0; i < 8; i++) {
        n = n * 16 + (unsigned) (series[i] <= '9' ? series[i] - '0'
                                                  : series[i] - 'a' + 10);
    }
    return fs->synced[n % SYNCED];
}


static bool
is_synced(fs_t *fs, const char *series)
{
    pthread_mutex_lock(&fs->lock);
    bool  yes = strcmp(synced_slot(fs, series), series) == 0;
    pthread_mutex_unlock(&fs->lock);
    return yes;
}


static void
set_synced(fs_t *fs, const char *series)
{
    pthread_mutex_lock(&fs->lock);
    memcpy(synced_slot(fs, series), series, 33);
    pthread_mutex_unlock(&fs->lock);
}


static void
folder_name(const pacs_key_t *key, char name[40])
{
    snprintf(name, 40, "%.2s/%s", key->series, key->series);
}


static void
file_name(const pacs_key_t *key, char name[112])
{
    snprintf(name, 112, "%.2s/%s/%s.dcm", key->series, key->series,
             key->digest);
}


static int
fs_create(pacs_blobs_t *b, pacs_blob_tmp_t *tmp, pacs_err_t *err)
{
    fs_t  *fs = (fs_t *) b;

    tmp->name[0] = '\0';
    tmp->fd = openat(fs->tmp, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    /* what file systems and kernels without O_TMPFILE answer */
    if (tmp->fd == -1
        && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL
            || errno == ENOENT))
    {
        uint8_t  salt[16];

        pacs_random(salt, sizeof(salt));
        pacs_hex(salt, sizeof(salt), tmp->name);
        strcat(tmp->name, ".tmp");
        tmp->fd = openat(fs->tmp, tmp->name,
                         O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    }

    if (tmp->fd == -1) {
        tmp->name[0] = '\0';
        return pacs_fail_errno(err, errno, "temporary file in %s/tmp",
                               fs->home);
    }
    return PACS_OK;
}


static void
fs_discard(pacs_blobs_t *b, pacs_blob_tmp_t *tmp)
{
    fs_t  *fs = (fs_t *) b;

    if (tmp->fd != -1) {
        close(tmp->fd);
        tmp->fd = -1;
    }
    if (tmp->name[0] != '\0') {
        unlinkat(fs->tmp, tmp->name, 0);
        tmp->name[0] = '\0';
    }
}


static int
fs_sync(pacs_blobs_t *b, pacs_blob_tmp_t *tmp, pacs_err_t *err)
{
    return fsync(tmp->fd) == 0 ? PACS_OK
                               : pacs_fail_errno(err, errno, "fsync of a blob");
}


/* makes the two folders of a key; a new one is not durable yet */
static int
make_folders(fs_t *fs, const pacs_key_t *key, pacs_err_t *err)
{
    char  upper[3] = { key->series[0], key->series[1], '\0' };
    char  name[40];

    folder_name(key, name);

    if (mkdirat(fs->blobs, name, 0700) == 0 || errno == EEXIST) {
        return PACS_OK;
    }
    if (errno != ENOENT
        || (mkdirat(fs->blobs, upper, 0700) != 0 && errno != EEXIST)
        || (mkdirat(fs->blobs, name, 0700) != 0 && errno != EEXIST))
    {
        return pacs_fail_errno(err, errno, "folder blobs/%s", name);
    }
    return PACS_OK;
}


static int
link_tmp(fs_t *fs, const pacs_blob_tmp_t *tmp, const char *name)
{
    char  path[64];

    if (tmp->name[0] != '\0') {
        return linkat(fs->tmp, tmp->name, fs->blobs, name, 0);
    }

    snprintf(path, sizeof(path), "/proc/self/fd/%d", tmp->fd);
    return linkat(AT_FDCWD, path, fs->blobs, name, AT_SYMLINK_FOLLOW);
}


static int
fs_link(pacs_blobs_t *b, pacs_blob_tmp_t *tmp, const pacs_key_t *key,
    bool *existed, pacs_err_t *err)
{
    fs_t  *fs = (fs_t *) b;
    char   name[112];

    *existed = false;
    file_name(key, name);

    int  rc = link_tmp(fs, tmp, name);

    if (rc != 0 && errno == ENOENT) {
        int  code = make_folders(fs, key, err);

        if (code != PACS_OK) {
            return code;
        }
        rc = link_tmp(fs, tmp, name);
    }

    if (rc == 0) {
        return PACS_OK;
    }
    if (errno != EEXIST) {
        return pacs_fail_errno(err, errno, "link to blobs/%s", name);
    }

    *existed = true;
    return PACS_OK;
}


static int
sync_folder(fs_t *fs, const char *name, pacs_err_t *err)
{
    int  fd = open_folder(fs->blobs, name);
    int  rc = fd == -1 ? -1 : fsync(fd);
    int  error = errno;

    if (fd != -1) {
        close(fd);
    }
    return rc == 0 ? PACS_OK
                   : pacs_fail_errno(err, error, "fsync of blobs/%s", name);
}


static int
sync_key(fs_t *fs, const pacs_key_t *key, pacs_err_t *err)
{
    char  upper[3] = { key->series[0], key->series[1], '\0' };
    char  name[40];

    folder_name(key, name);

    int  code = sync_folder(fs, name, err);

    if (code != PACS_OK || is_synced(fs, key->series)) {
        return code;
    }

    code = sync_folder(fs, upper, err);
    if (code == PACS_OK) {
        code = sync_folder(fs, ".", err);
    }
    if (code == PACS_OK) {
        set_synced(fs, key->series);
    }
    return code;
}


static bool
series_seen(const pacs_key_t *keys, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(keys[i].series, keys[n].series) == 0) {
            return true;
        }
    }
    return false;
}


static int
fs_sync_names(pacs_blobs_t *b, const pacs_key_t *keys, unsigned n,
    pacs_err_t *err)
{
    for (unsigned i = 0; i < n; i++) {
        if (series_seen(keys, i)) {
            continue;
        }

        int  code = sync_key((fs_t *) b, &keys[i], err);

        if (code != PACS_OK) {
            return code;
        }
    }
    return PACS_OK;
}


static int
fs_open(pacs_blobs_t *b, const pacs_key_t *key, int *fd, pacs_err_t *err)
{
    char  name[112];

    file_name(key, name);
    *fd = openat(((fs_t *) b)->blobs, name,
                 O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (*fd != -1) {
        return PACS_OK;
    }
    if (errno == ENOENT) {
        return pacs_fail(err, PACS_E_NOT_FOUND, "no blob %s", name);
    }
    return pacs_fail_errno(err, errno, "blobs/%s", name);
}


static bool
fs_path(pacs_blobs_t *b, const pacs_key_t *key, char *path, size_t size)
{
    char  name[112];

    file_name(key, name);

    int  n = snprintf(path, size, "%s/blobs/%s", ((fs_t *) b)->home, name);

    return n > 0 && (size_t) n < size;
}


static int
fs_remove(pacs_blobs_t *b, const pacs_key_t *key, pacs_err_t *err)
{
    char  name[112];

    file_name(key, name);

    if (unlinkat(((fs_t *) b)->blobs, name, 0) == 0) {
        return PACS_OK;
    }
    if (errno == ENOENT) {
        return pacs_fail(err, PACS_E_NOT_FOUND, "no blob %s", name);
    }
    return pacs_fail_errno(err, errno, "removing blobs/%s", name);
}


typedef struct {
    fs_t        *fs;
    int        (*fn)(void *ctx, const pacs_key_t *key, const char *path);
    void        *ctx;
    pacs_err_t  *err;
} walk_t;


static DIR *
walk_open(walk_t *w, const char *name, int *code)
{
    int   fd = open_folder(w->fs->blobs, name);
    DIR  *d = fd == -1 ? NULL : fdopendir(fd);

    if (d == NULL) {
        *code = pacs_fail_errno(w->err, errno, "reading blobs/%s", name);
        if (fd != -1) {
            close(fd);
        }
    }
    return d;
}


/* "<series>/<digest>.dcm", or it is no blob of ours */
static bool
walk_key(const char *series, const char *file, pacs_key_t *key)
{
    char  text[104];
    int   n = snprintf(text, sizeof(text), "%s/%s", series, file);

    return n == 32 + 1 + 64 + 4 && strcmp(text + n - 4, ".dcm") == 0
           && pacs_key_parse((pacs_str_t) { text, (size_t) n - 4 }, key);
}


static int
walk_series(walk_t *w, const char *upper, const char *series)
{
    char        name[64], path[4096];
    pacs_key_t  key;
    int         code = PACS_OK;

    snprintf(name, sizeof(name), "%.2s/%.32s", upper, series);

    DIR  *d = walk_open(w, name, &code);

    if (d == NULL) {
        return code;
    }

    for (struct dirent *e; code == PACS_OK && (e = readdir(d)) != NULL; ) {
        if (walk_key(series, e->d_name, &key)
            && strncmp(series, upper, 2) == 0
            && fs_path(&w->fs->base, &key, path, sizeof(path)))
        {
            code = w->fn(w->ctx, &key, path);
        }
    }

    closedir(d);
    return code;
}


static int
walk_upper(walk_t *w, const char *upper)
{
    int   code = PACS_OK;
    DIR  *d = walk_open(w, upper, &code);

    if (d == NULL) {
        return code;
    }

    for (struct dirent *e; code == PACS_OK && (e = readdir(d)) != NULL; ) {
        if (strlen(e->d_name) == 32) {
            code = walk_series(w, upper, e->d_name);
        }
    }

    closedir(d);
    return code;
}


static int
fs_each(pacs_blobs_t *b, int (*fn)(void *ctx, const pacs_key_t *key,
    const char *path), void *ctx, pacs_err_t *err)
{
    walk_t  w = { (fs_t *) b, fn, ctx, err };
    int     code = PACS_OK;
    DIR    *d = walk_open(&w, ".", &code);

    if (d == NULL) {
        return code;
    }

    for (struct dirent *e; code == PACS_OK && (e = readdir(d)) != NULL; ) {
        if (strlen(e->d_name) == 2 && e->d_name[0] != '.') {
            code = walk_upper(&w, e->d_name);
        }
    }

    closedir(d);
    return code;
}


static int
fs_space(pacs_blobs_t *b, uint64_t *free_bytes, uint64_t *total,
    pacs_err_t *err)
{
    fs_t           *fs = (fs_t *) b;
    struct statvfs  st;

    if (fstatvfs(fs->blobs, &st) != 0) {
        return pacs_fail_errno(err, errno, "statvfs of the blobs");
    }

    *free_bytes = (uint64_t) st.f_bavail * st.f_frsize;
    *total = (uint64_t) st.f_blocks * st.f_frsize;

    return faccessat(fs->blobs, ".", W_OK | X_OK, 0) == 0
           ? PACS_OK
           : pacs_fail_errno(err, errno, "%s/blobs cannot be written",
                             fs->home);
}


static void
fs_close(pacs_blobs_t *b)
{
    fs_t  *fs = (fs_t *) b;

    if (fs == NULL) {
        return;
    }
    if (fs->blobs != -1) {
        close(fs->blobs);
    }
    if (fs->tmp != -1) {
        close(fs->tmp);
    }
    pthread_mutex_destroy(&fs->lock);
    free(fs->home);
    free(fs);
}


static const pacs_blobs_vt_t  fs_vt = {
    .name = "fs", .close = fs_close, .create = fs_create,
    .discard = fs_discard, .sync = fs_sync, .link = fs_link,
    .sync_names = fs_sync_names, .open = fs_open, .path = fs_path,
    .remove = fs_remove, .each = fs_each, .space = fs_space
};


/* what a crash left; a file that is being written is younger */
static void
clean_tmp(fs_t *fs)
{
    int      fd = open_folder(fs->tmp, ".");
    DIR     *d = fd == -1 ? NULL : fdopendir(fd);
    int64_t  now_s = fs->env.now_us(fs->env.ctx) / 1000000;

    if (d == NULL) {
        if (fd != -1) {
            close(fd);
        }
        return;
    }

    for (struct dirent *e; (e = readdir(d)) != NULL; ) {
        struct stat  st;

        if (fstatat(fs->tmp, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0
            && S_ISREG(st.st_mode) && st.st_mtime < now_s - TMP_AGE_S)
        {
            unlinkat(fs->tmp, e->d_name, 0);
        }
    }
    closedir(d);
}


static int
make_folder(int home, const char *path, const char *name, int *fd,
    pacs_err_t *err)
{
    if (mkdirat(home, name, 0700) != 0 && errno != EEXIST) {
        return pacs_fail_errno(err, errno, "making %s/%s", path, name);
    }
    /* also when it was there: who made it may have crashed before this */
    if (fsync(home) != 0) {
        return pacs_fail_errno(err, errno, "fsync of %s", path);
    }

    *fd = open_folder(home, name);
    return *fd != -1 ? PACS_OK
                     : pacs_fail_errno(err, errno, "%s/%s", path, name);
}


int
pacs_blobs_open_fs(const char *home, const pacs_env_t *env, pacs_blobs_t **b,
    pacs_err_t *err)
{
    fs_t  *fs = calloc(1, sizeof(*fs));

    *b = NULL;
    if (fs == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    fs->base.vt = &fs_vt;
    fs->env = *env;
    fs->blobs = fs->tmp = -1;
    pthread_mutex_init(&fs->lock, NULL);
    fs->home = realpath(home, NULL);

    int  dir = fs->home == NULL ? -1 : open_folder(AT_FDCWD, fs->home);
    int  code = dir != -1 ? PACS_OK : pacs_fail_errno(err, errno, "%s", home);

    if (code == PACS_OK) {
        code = make_folder(dir, fs->home, "blobs", &fs->blobs, err);
    }
    if (code == PACS_OK) {
        code = make_folder(dir, fs->home, "tmp", &fs->tmp, err);
    }
    if (dir != -1) {
        close(dir);
    }
    if (code != PACS_OK) {
        fs_close(&fs->base);
        return code;
    }

    clean_tmp(fs);
    *b = &fs->base;
    return PACS_OK;
}
