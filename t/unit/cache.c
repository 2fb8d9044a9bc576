/* SPDX-License-Identifier: BSD-2-Clause */

/* sealed values, the secret, and the client against a real redis-server */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include "cache/cache.h"

static char           dir[] = "/tmp/pacs-cache-XXXXXX";
static pacs_arena_t  *a;


static void
sealed(void)
{
    pacs_str_t  secret = pacs_lit("0123456789abcdef"), got;
    pacs_str_t  name = pacs_lit("metadata/1.2/1.3/7");
    pacs_str_t  payload = pacs_lit("some bytes\0more");
    pacs_str_t  v = pacs_cache_seal(secret, name, payload, a);
    pacs_str_t  key = pacs_cache_key(secret, name, a);
    size_t      opened = 0;

    ok(pacs_cache_open(secret, name, v, &got) && pacs_str_eq(got, payload),
       "what was sealed opens");
    ok(!pacs_cache_open(secret, pacs_lit("metadata/1.2/1.3/8"), v, &got),
       "not for another name");
    ok(!pacs_cache_open(pacs_lit("0123456789abcdeF"), name, v, &got),
       "not with another secret");
    ok(got.data == NULL, "nothing is handed out");

    for (size_t i = 0; i < v.len; i++) {
        char *bad = pacs_strdup(a, v);

        bad[i] ^= 1;
        opened += pacs_cache_open(secret, name, (pacs_str_t) { bad, v.len },
                                  &got);
        opened += pacs_cache_open(secret, name, (pacs_str_t) { v.data, i },
                                  &got);
    }
    is_int((int64_t) opened, 0, "no bit changed, no byte missing");

    pacs_str_t  empty = pacs_cache_seal(secret, name, pacs_null, a);

    ok(pacs_cache_open(secret, name, empty, &got) && got.len == 0,
       "an empty payload");
    ok(key.len == 7 + 64 && pacs_str_starts(key, "pacs:1:"), "key %.*s",
       pacs_fmt(key));
    ok(!pacs_str_eq(key, pacs_cache_key(secret, pacs_lit("x"), a)),
       "another name, another key");
}


static void
secrets(void)
{
    uint8_t      one[32] = { 0 }, two[32] = { 0 };
    char         path[256];
    struct stat  st;
    pacs_err_t   err = { 0 };
    int          status, bad = 0;

    snprintf(path, sizeof(path), "%s/run/secret", dir);

    /* eight at once must agree */
    for (int i = 0; i < 8; i++) {
        if (fork() == 0) {
            uint8_t  again[32];

            _exit(pacs_cache_secret(dir, one, NULL) != PACS_OK
                  || pacs_cache_secret(dir, again, NULL) != PACS_OK
                  || memcmp(one, again, 32) != 0);
        }
    }
    while (wait(&status) > 0) {
        bad += status != 0;
    }
    is_int(bad, 0, "eight processes make one secret");

    is_int(pacs_cache_secret(dir, one, &err), PACS_OK, "it is there");
    pacs_cache_secret(dir, two, &err);
    ok(memcmp(one, two, 32) == 0, "and stays");
    ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600, "mode 0600");

    chmod(path, 0644);
    is_int(pacs_cache_secret(dir, one, &err), PACS_E_IO, "readable by others");
    printf("# %s\n", err.text);
    chmod(path, 0600);
    is_int(truncate(path, 31), 0, "cut");
    err.code = 0;
    is_int(pacs_cache_secret(dir, one, &err), PACS_E_IO, "is refused");
    err.code = 0;
    is_int(pacs_cache_secret("/nonexistent", one, &err), PACS_E_IO, "no home");
}


static void
urls(void)
{
    static const char *const  wrong[] = { "", "unix:x", "host", ":1", "h:0",
                                          "h:99999", "127.0.0.1:1x" };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        pacs_err_t     err = { 0 };
        pacs_cache_t  *c;

        ok(pacs_cache_create(wrong[i], 50, &c, &err) == PACS_E_ARG,
           "'%s': %s", wrong[i], err.text);
    }
}


/* a quarter of max a value at most; the least recently used goes */
static void
memory(void)
{
    static char     big[1051];
    pacs_memory_t  *m = pacs_memory_create(4200);
    pacs_arena_t   *mine = pacs_arena_create(0);
    pacs_str_t      got, held, v = { big, 1000 };

    ok(!pacs_memory_get(m, pacs_lit("a"), mine, &got), "nothing there");
    pacs_memory_put(m, pacs_lit("a"), pacs_lit("one"));
    ok(pacs_memory_get(m, pacs_lit("a"), mine, &held), "there");
    is_str(held, "one", "as it was put");
    pacs_memory_put(m, pacs_lit("a"), pacs_lit("two"));
    pacs_memory_get(m, pacs_lit("a"), mine, &got);
    is_str(got, "two", "put again");
    is_str(held, "one", "who holds the old one keeps it");

    pacs_memory_put(m, pacs_lit("b"), v);
    pacs_memory_put(m, pacs_lit("c"), v);
    pacs_memory_get(m, pacs_lit("a"), mine, &got);
    pacs_memory_put(m, pacs_lit("d"), v);
    pacs_memory_put(m, pacs_lit("e"), v);
    ok(!pacs_memory_get(m, pacs_lit("b"), mine, &got), "the oldest is gone");
    ok(pacs_memory_get(m, pacs_lit("a"), mine, &got), "the used one is not");
    ok(pacs_memory_get(m, pacs_lit("e"), mine, &got) && got.len == 1000,
       "the newest is there");
    pacs_memory_put(m, pacs_lit("f"), (pacs_str_t) { big, 1051 });
    ok(!pacs_memory_get(m, pacs_lit("f"), mine, &got), "too big for it");

    for (int i = 0; i < 5000; i++) {
        char  name[16];

        snprintf(name, sizeof(name), "%d", i);
        pacs_memory_put(m, pacs_cstr(name), pacs_lit(""));
    }
    ok(pacs_memory_get(m, pacs_lit("4999"), mine, &got), "many");
    is_str(held, "one", "still held");

    pacs_arena_destroy(mine);
    pacs_memory_destroy(m);
}


static double
elapsed_ms(const struct timespec *t0)
{
    struct timespec  t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) (t.tv_sec - t0->tv_sec) * 1e3
           + (double) (t.tv_nsec - t0->tv_nsec) / 1e6;
}


static void
absent(const char *url, const char *what)
{
    pacs_err_t       err = { 0 };
    pacs_cache_t    *c;
    struct timespec  t0;

    pacs_cache_create(url, 50, &c, &err);
    clock_gettime(CLOCK_MONOTONIC, &t0);
    ok(!pacs_cache_ping(c), "%s: no answer", what);
    ok(elapsed_ms(&t0) < 500, "in time");
    pacs_cache_publish(c, pacs_lit("1.2"));
    pacs_cache_ping(c);
    clock_gettime(CLOCK_MONOTONIC, &t0);
    for (int i = 0; i < 20; i++) {
        pacs_cache_ping(c);
    }
    ok(elapsed_ms(&t0) < 100, "after three failures it does not try");
    pacs_cache_destroy(c);
}


/* one that accepts and says something silly, or nothing */
static void
silly(const char *says, const char *what)
{
    struct sockaddr_un  un = { .sun_family = AF_UNIX };
    char                url[300];
    int                 fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(un.sun_path, sizeof(un.sun_path), "%s/silly.sock", dir);
    snprintf(url, sizeof(url), "unix:%s", un.sun_path);
    unlink(un.sun_path);
    if (bind(fd, (struct sockaddr *) &un, sizeof(un)) != 0
        || listen(fd, 16) != 0)
    {
        ok(false, "a socket");
        return;
    }

    pid_t  pid = fork();

    if (pid == 0) {
        for ( ;; ) {
            int  s = accept(fd, NULL, NULL);

            if (write(s, says, strlen(says)) < 0) {
                _exit(1);
            }
        }
    }
    close(fd);
    absent(url, what);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}


static void *
ping_often(void *c)
{
    intptr_t  bad = 0;

    for (int i = 0; i < 200; i++) {
        pacs_cache_publish(c, pacs_lit("1.2.3"));
        bad += !pacs_cache_ping(c);
    }
    return (void *) bad;
}


static void
real_server(void)
{
    char           sock[256], url[300];
    pacs_err_t     err = { 0 };
    pacs_cache_t  *c;

    if (access("/usr/bin/redis-server", X_OK) != 0) {
        ok(true, "# SKIP no redis-server here");
        return;
    }

    snprintf(sock, sizeof(sock), "%s/redis.sock", dir);
    snprintf(url, sizeof(url), "unix:%s", sock);

    pid_t  pid = fork();

    if (pid == 0) {
        if (freopen("/dev/null", "w", stdout) != NULL) {
            execl("/usr/bin/redis-server", "redis-server", "--port", "0",
                  "--unixsocket", sock, "--save", "", "--dir", dir, NULL);
        }
        _exit(127);
    }

    for (int i = 0; i < 500 && access(sock, F_OK) != 0; i++) {
        usleep(10000);
    }

    pacs_cache_create(url, 2000, &c, &err);
    ok(pacs_cache_ping(c), "ping");
    pacs_cache_publish(c, pacs_lit("1.2.3"));
    ok(pacs_cache_ping(c), "and again on the same connection");

    pthread_t  threads[4];
    int64_t    bad = 0;

    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, ping_often, c);
    }
    for (int i = 0; i < 4; i++) {
        void *n;

        pthread_join(threads[i], &n);
        bad += (intptr_t) n;
    }
    is_int(bad, 0, "four threads at once");

    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    ok(!pacs_cache_ping(c), "the server is gone: no answer, no SIGPIPE");
    pacs_cache_destroy(c);
}


int
main(void)
{
    char  cmd[64];

    a = pacs_arena_create(0);
    if (mkdtemp(dir) == NULL) {
        return 1;
    }

    sealed();
    memory();
    secrets();
    urls();
    absent("unix:/nonexistent/redis.sock", "no socket");
    absent("127.0.0.1:1", "nobody listens");
    silly("", "silent");
    silly("HTTP/1.1 200 OK\r\n\r\n", "not Redis");
    silly("$99999999999999999999\r\n", "a bulk of 10^20 bytes");
    silly("*1000000000\r\n", "an array of 10^9");
    silly("$3\r\nab", "half an answer");
    real_server();

    snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
    pacs_arena_destroy(a);
    return system(cmd) != 0 || done();
}
