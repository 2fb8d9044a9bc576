/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * bare_store DIR SIZE THREADS SECONDS [BATCH]: instances a second that the
 * disk allows: each thread writes a file, fsyncs it, links it, fsyncs the
 * folder, appends a line to a journal and fsyncs that, commits a row to SQLite
 * with synchronous=FULL.  BATCH: folder, journal and commit once for so many,
 * as one answer to all of them allows.  Prints instances a second.
 */

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sqlite3.h>

static const char       *dir;
static size_t            size;
static double            until;
static int               journal;
static sqlite3          *db;
static long              total;
static int               batch = 1, waiting;
static pthread_mutex_t   lock = PTHREAD_MUTEX_INITIALIZER;


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static void
fail(const char *what)
{
    perror(what);
    exit(1);
}


static void
sync_folder(void)
{
    char  name[256];

    snprintf(name, sizeof(name), "%s/blobs", dir);

    int  fd = open(name, O_RDONLY | O_DIRECTORY);

    if (fd < 0 || fsync(fd) != 0) {
        fail(name);
    }
    close(fd);
}


static void
run(const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fail(sql);
    }
}


/* the lock is held */
static void
commit(void)
{
    if (batch > 1) {
        sync_folder();
    }
    if (fsync(journal) != 0) {
        fail("journal");
    }
    run("commit");
    total += waiting;
    waiting = 0;
}


static void
store(const char *bytes, long id)
{
    char  tmp[256], name[256], sql[256], line[256];

    snprintf(tmp, sizeof(tmp), "%s/tmp-%ld", dir, id);
    snprintf(name, sizeof(name), "%s/blobs/%ld", dir, id);
    snprintf(line, sizeof(line), "%0200ld\n", id);
    snprintf(sql, sizeof(sql), "insert into t values(%ld, '%0200ld')", id, id);

    int  fd = open(tmp, O_CREAT | O_WRONLY | O_TRUNC, 0600);

    if (fd < 0 || write(fd, bytes, size) != (ssize_t) size || fsync(fd) != 0) {
        fail(tmp);
    }
    close(fd);

    if (rename(tmp, name) != 0) {
        fail(name);
    }
    if (batch == 1) {
        sync_folder();
    }

    pthread_mutex_lock(&lock);
    if (waiting++ == 0) {
        run("begin");
    }
    run(sql);
    if (write(journal, line, strlen(line)) < 0) {
        fail("journal");
    }
    if (waiting == batch) {
        commit();
    }
    pthread_mutex_unlock(&lock);
}


static void *
work(void *data)
{
    char *bytes = malloc(size);

    if (bytes == NULL) {
        fail("malloc");
    }
    memset(bytes, 'x', size);

    for (long id = (long) (size_t) data * 1000000; now() < until; id++) {
        store(bytes, id);
    }
    return NULL;
}


int
main(int argc, char **argv)
{
    char       path[256];
    pthread_t  threads[64];

    if (argc != 5 && argc != 6) {
        fprintf(stderr, "usage: bare_store DIR SIZE THREADS SECONDS"
                " [BATCH]\n");
        return 2;
    }
    batch = argc == 6 ? atoi(argv[5]) : 1;

    dir = argv[1];
    size = (size_t) atol(argv[2]);
    int     n = atoi(argv[3]) > 64 ? 64 : atoi(argv[3]);
    double  seconds = atof(argv[4]);

    snprintf(path, sizeof(path), "%s/blobs", dir);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/journal", dir);
    journal = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
    snprintf(path, sizeof(path), "%s/db", dir);

    if (journal < 0 || sqlite3_open(path, &db) != SQLITE_OK
        || sqlite3_exec(db, "pragma journal_mode=wal; pragma synchronous=full;"
                        "create table t(id integer primary key, x text)",
                        NULL, NULL, NULL) != SQLITE_OK)
    {
        fail(path);
    }

    double  start = now();

    until = start + seconds;
    for (int i = 0; i < n; i++) {
        pthread_create(&threads[i], NULL, work, (void *) (size_t) (i + 1));
    }
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
    }
    if (waiting != 0) {
        commit();
    }

    printf("%.1f\n", (double) total / (now() - start));
    return 0;
}
