/* SPDX-License-Identifier: BSD-2-Clause */

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "tap.h"
#include "blob/blob.h"

static char           home[64] = "/tmp/pacs-blob-XXXXXX";
static pacs_blobs_t  *blobs;
static pacs_err_t     err;


static int
rm(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    return remove(path);
}


static pacs_key_t
key_of(const char *series, const char *content)
{
    pacs_key_t  key;
    uint8_t     hash[PACS_SHA256_LEN];

    pacs_key_series(&key, pacs_cstr(series));
    pacs_sha256(content, strlen(content), hash);
    pacs_hex(hash, sizeof(hash), key.digest);
    return key;
}


/* all of a blob's way; the code of the step that failed */
static int
store(const pacs_key_t *key, const char *content, bool *existed)
{
    pacs_blob_tmp_t  tmp;
    int              code;

    err = (pacs_err_t) { 0 };
    code = blobs->vt->create(blobs, &tmp, &err);
    if (code == PACS_OK) {
        code = pacs_write_all(tmp.fd, content, strlen(content), &err);
    }
    if (code == PACS_OK) {
        code = blobs->vt->sync(blobs, &tmp, &err);
    }
    if (code == PACS_OK) {
        code = blobs->vt->link(blobs, &tmp, key, existed, &err);
    }
    if (code == PACS_OK) {
        code = blobs->vt->sync_names(blobs, key, 1, &err);
    }
    blobs->vt->discard(blobs, &tmp);
    if (code != PACS_OK) {
        printf("# %s\n", err.text);
    }
    return code;
}


static pacs_str_t
content_of(const pacs_key_t *key, char *buf, size_t size)
{
    int  fd, code = blobs->vt->open(blobs, key, &fd, NULL);

    if (code != PACS_OK) {
        return pacs_cstr(pacs_codes[code].name);
    }

    ssize_t  n = read(fd, buf, size);

    close(fd);
    return (pacs_str_t) { buf, n < 0 ? 0 : (size_t) n };
}


static int
mode_of(const char *name)
{
    char         path[256];
    struct stat  st;

    snprintf(path, sizeof(path), "%s/%s", home, name);
    return stat(path, &st) != 0 ? -1 : (int) (st.st_mode & 07777);
}


static void
test_key(void)
{
    pacs_key_t  a = key_of("1.2.3", "x"), b;
    char        text[98];

    snprintf(text, sizeof(text), "%s/%s", a.series, a.digest);
    ok(pacs_key_parse(pacs_cstr(text), &b)
       && memcmp(&a, &b, sizeof(a)) == 0, "a key, to text and back");
    is_str(pacs_cstr(a.series), "c47f5b18b8a430e698b9fe15e51f6119",
           "half of SHA-256 of the series");
    text[5] = 'G';
    ok(!pacs_key_parse(pacs_cstr(text), &b), "not hexadecimal");
    text[5] = 'A';
    ok(!pacs_key_parse(pacs_cstr(text), &b), "not capital");
    ok(!pacs_key_parse(pacs_lit("../../etc/passwd"), &b), "not a path");
    ok(!pacs_key_parse(pacs_null, &b), "not nothing");
}


static void
test_store(void)
{
    pacs_key_t   key = key_of("1.2.3", "hello");
    pacs_key_t   none = key_of("1.2.3", "none");
    bool         existed = true;
    char         buf[64], path[256], name[256];
    struct stat  st;

    is_int(store(&key, "hello", &existed), PACS_OK, "a blob is stored");
    ok(!existed, "it is new");
    is_str(content_of(&key, buf, sizeof(buf)), "hello", "and read");

    ok(blobs->vt->path(blobs, &key, path, sizeof(path))
       && stat(path, &st) == 0 && st.st_size == 5, "its path");
    ok(path[0] == '/' && strstr(path, "/blobs/") != NULL, "is absolute");
    is_int(st.st_mode & 07777, 0600, "only its owner reads it");
    ok(!blobs->vt->path(blobs, &key, path, 20), "a path that does not fit");
    is_int(mode_of("blobs"), 0700, "blobs is the owner's");
    snprintf(name, sizeof(name), "blobs/%.2s/%s", key.series, key.series);
    is_int(mode_of(name), 0700, "a series' folder, too");

    is_int(store(&key, "hello", &existed), PACS_OK, "the same again");
    ok(existed, "existed");
    is_int(store(&key, "hello!", &existed), PACS_OK, "and with another size");
    ok(existed, "existed, too");
    is_str(content_of(&key, buf, sizeof(buf)), "hello", "the first stays");
    is_str(content_of(&none, buf, sizeof(buf)), "not-found", "not there");
}


static int
count(void *ctx, const pacs_key_t *key, const char *path)
{
    int  *n = ctx;

    (*n)++;
    return access(path, R_OK) == 0 ? PACS_OK : PACS_E_IO;
}


static int
stop(void *ctx, const pacs_key_t *key, const char *path)
{
    return 77;
}


static void
test_each(void)
{
    bool  existed;
    int   n = 0;

    for (int i = 0; i < 10; i++) {
        char        series[32], content[32];
        pacs_key_t  key;

        snprintf(series, sizeof(series), "1.%d", i % 3);
        snprintf(content, sizeof(content), "blob %d", i);
        key = key_of(series, content);
        store(&key, content, &existed);
    }

    is_int(blobs->vt->each(blobs, count, &n, &err), PACS_OK, "each");
    is_int(n, 11, "every blob");
    is_int(blobs->vt->each(blobs, stop, &n, &err), 77, "stops when told");

    pacs_key_t  key = key_of("1.0", "blob 0");

    is_int(blobs->vt->remove(blobs, &key, &err), PACS_OK, "remove");
    is_int(blobs->vt->remove(blobs, &key, NULL), PACS_E_NOT_FOUND, "once");
    n = 0;
    blobs->vt->each(blobs, count, &n, &err);
    is_int(n, 10, "one less");

    uint64_t  free_bytes, total;

    ok(blobs->vt->space(blobs, &free_bytes, &total, &err) == PACS_OK
       && free_bytes > 0 && free_bytes <= total, "space");
}


typedef struct { int code; bool existed; } stored_t;


static void *
store_same(void *ctx)
{
    stored_t         *s = ctx;
    pacs_key_t        key = key_of("1.9", "at once");
    pacs_blob_tmp_t   tmp;

    s->code = blobs->vt->create(blobs, &tmp, NULL);
    pacs_write_all(tmp.fd, "at once", 7, NULL);
    if (s->code == PACS_OK) {
        s->code = blobs->vt->link(blobs, &tmp, &key, &s->existed, NULL);
    }
    if (s->code == PACS_OK) {
        s->code = blobs->vt->sync_names(blobs, &key, 1, NULL);
    }
    blobs->vt->discard(blobs, &tmp);
    return NULL;
}


static void
test_threads(void)
{
    pthread_t  th[8];
    stored_t   s[8];
    int        fresh = 0, bad = 0;

    for (int i = 0; i < 8; i++) {
        pthread_create(&th[i], NULL, store_same, &s[i]);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(th[i], NULL);
        fresh += s[i].code == PACS_OK && !s[i].existed;
        bad += s[i].code != PACS_OK;
    }
    ok(fresh == 1 && bad == 0, "8 threads, one key: 1 new, 7 existed");
}


static void
touch(const char *name, time_t at)
{
    char            path[256];
    struct utimbuf  t = { at, at };

    snprintf(path, sizeof(path), "%s/tmp/%s", home, name);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    utime(path, &t);
}


static void
test_open(void)
{
    pacs_blobs_t  *b;

    touch("old", time(NULL) - 3700);
    touch("young", time(NULL) - 10);
    blobs->vt->close(blobs);
    pacs_blobs_open_fs(home, &pacs_env_default, &blobs, &err);
    is_int(mode_of("tmp/old"), -1, "what a crash left is removed");
    is_int(mode_of("tmp/young"), 0600, "what may be in use is not");
    err = (pacs_err_t) { 0 };
    is_int(pacs_blobs_open_fs("/nowhere/at/all", &pacs_env_default, &b, &err),
           PACS_E_IO, "no home");
}


int
main(void)
{
    if (mkdtemp(home) == NULL
        || pacs_blobs_open_fs(home, &pacs_env_default, &blobs, &err))
    {
        printf("Bail out! %s\n", err.text);
        return 1;
    }

    test_key();
    test_store();
    test_each();
    test_threads();
    test_open();
    blobs->vt->close(blobs);
    nftw(home, rm, 16, FTW_DEPTH | FTW_PHYS);
    return done();
}
