/* SPDX-License-Identifier: BSD-2-Clause */

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "blob/blob.h"

static char             home[64] = "/tmp/pacs-journal-XXXXXX";
static pacs_journal_t  *j;
static pacs_err_t       err;

typedef struct {
    unsigned      n, bad, bad_line;
    pacs_entry_t  last;
    char          text[2048];       /* of last's strings */
} seen_t;


static int
rm(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    return remove(path);
}


static int
see(void *ctx, const pacs_entry_t *e)
{
    seen_t  *s = ctx;

    s->n++;
    s->last = *e;
    snprintf(s->text, sizeof(s->text), "%.*s|%.*s|%.*s|%.*s|%.*s|%.*s|%.*s"
             "|%.*s", pacs_fmt(e->study), pacs_fmt(e->series),
             pacs_fmt(e->instance), pacs_fmt(e->source), pacs_fmt(e->door),
             pacs_fmt(e->subject), pacs_fmt(e->tag), pacs_fmt(e->value));
    return PACS_OK;
}


static void
see_bad(void *ctx, const char *file, unsigned line)
{
    seen_t  *s = ctx;

    s->bad++;
    s->bad_line = line;
}


static seen_t
all(void)
{
    seen_t  s = { 0 };

    err = (pacs_err_t) { 0 };
    if (pacs_journal_each(j, see, see_bad, &s, &err) != PACS_OK) {
        printf("# %s\n", err.text);
        s.n = 0;
    }
    return s;
}


static pacs_entry_t
entry(const char *instance)
{
    pacs_entry_t  e = {
        .op = PACS_J_STORE, .time_us = 1700000000000000, .study =
        pacs_lit("1.2"), .series = pacs_lit("1.2.3"),
        .instance = pacs_cstr(instance), .source = pacs_lit("AE1"),
        .door = pacs_lit("dimse")
    };

    pacs_key_series(&e.key, e.series);
    memset(e.key.digest, 'a', 64);
    return e;
}


static int
append(const char *instance)
{
    pacs_entry_t  e = entry(instance);

    return pacs_journal_append(j, &e, 1, &err);
}


static void
test_round_trip(void)
{
    pacs_entry_t  e = entry("1.2.3.4");
    seen_t        s = all();

    is_int(s.n, 0, "empty");
    is_int(append("1.2.3.4"), PACS_OK, "append");
    s = all();
    is_int(s.n, 1, "one entry");
    ok(s.last.op == PACS_J_STORE && s.last.time_us == e.time_us
       && strcmp(s.last.key.series, e.key.series) == 0
       && strcmp(s.last.key.digest, e.key.digest) == 0, "op, time, key");
    is_str(pacs_cstr(s.text), "1.2|1.2.3|1.2.3.4|AE1|dimse|||", "strings");

    e.op = PACS_J_CORRECT;
    e.source = pacs_lit("a \"quoted\" \\ path\n\t\x01 of");
    e.tag = pacs_lit("PatientName");
    e.value = pacs_lit("M\xc3\xbcller^J=\xe5\xb1\xb1");
    pacs_journal_append(j, &e, 1, &err);
    s = all();
    is_str(pacs_cstr(s.text), "1.2|1.2.3|1.2.3.4|a \"quoted\" \\ path\n\t\x01"
           " of|dimse||PatientName|M\xc3\xbcller^J=\xe5\xb1\xb1",
           "all characters come back");

    e.value = pacs_lit("");
    pacs_journal_append(j, &e, 1, &err);
    s = all();
    ok(s.last.value.data != NULL && s.last.value.len == 0
       && s.last.subject.data == NULL, "an empty value is not an absent one");
    is_int(s.n, 3, "three entries");

    char          *long_text = calloc(1, 17 << 20);

    memset(long_text, 'x', (17 << 20) - 1);
    e.source = pacs_cstr(long_text);
    is_int(pacs_journal_append(j, &e, 1, &err), PACS_E_LIMIT,
           "an entry that is too long");
    free(long_text);
    is_int(all().n, 3, "is not written");
}


static int
log_file(int flags)
{
    char  path[128];

    snprintf(path, sizeof(path), "%s/journal/00000001.log", home);
    return open(path, flags);
}


static void
test_damage(void)
{
    int     fd = log_file(O_RDWR);
    off_t   size = lseek(fd, 0, SEEK_END);
    seen_t  s;

    /* a crash in the middle of a write */
    ok(ftruncate(fd, size - 30) == 0, "cut the last line");
    s = all();
    ok(s.n == 2 && s.bad == 1 && s.bad_line == 3, "the torn line is told");
    is_int(append("after"), PACS_OK, "append after it");
    s = all();
    ok(s.n == 3 && s.bad == 1, "the new entry is whole");
    ok(strstr(s.text, "|after|") != NULL, "and the last");

    /* a bit that fell over */
    char  c;

    ok(pread(fd, &c, 1, 40) == 1, "read a byte");
    c ^= 1;
    ok(pwrite(fd, &c, 1, 40) == 1, "turn a bit in it");
    s = all();
    ok(s.n == 2 && s.bad == 2, "that entry is told and skipped");

    /* garbage without an end of line */
    char  *junk = calloc(1, 300000);

    memset(junk, 'z', 300000);
    close(fd);
    fd = log_file(O_WRONLY | O_APPEND);
    ok(write(fd, junk, 300000) == 300000, "300 kB of garbage");
    free(junk);
    append("behind");
    s = all();
    ok(s.n == 3 && s.bad == 3 && strstr(s.text, "|behind|") != NULL,
       "is one bad line");
    close(fd);
}


static void
test_processes(void)
{
    unsigned  before = all().n;
    int       bad = 0, status;
    pid_t     pid[4];

    fflush(stdout);
    for (int i = 0; i < 4; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            pacs_journal_close(j);
            if (pacs_journal_open(home, &j, NULL) != PACS_OK) {
                _exit(1);
            }
            for (int k = 0; k < 50; k++) {
                if (append("many") != PACS_OK) {
                    _exit(1);
                }
            }
            _exit(0);
        }
    }
    for (int i = 0; i < 4; i++) {
        waitpid(pid[i], &status, 0);
        bad += status != 0;
    }

    seen_t  s = all();

    ok(bad == 0 && s.n == before + 200 && s.bad == 3,
       "four processes append at once");
}


/* makes a file long without writing: a hole is one bad line */
static void
test_rotation(void)
{
    int           fd = log_file(O_WRONLY);
    char          path[128];
    struct stat   st;
    unsigned      before = all().n;

    ok(ftruncate(fd, 64 << 20) == 0, "a full file");
    close(fd);
    append("in a new file");
    snprintf(path, sizeof(path), "%s/journal/00000002.log", home);
    ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600,
       "the next file is begun");

    pacs_journal_close(j);
    pacs_journal_open(home, &j, &err);
    append("again");

    seen_t  s = all();

    is_int(s.n, before + 2, "both files are read");
    ok(strstr(s.text, "|again|") != NULL, "in order");
}


static void
test_speed(void)
{
    enum { N = 100000 };
    pacs_entry_t     *e = calloc(1000, sizeof(*e));
    struct timespec   a, b;

    for (int i = 0; i < 1000; i++) {
        e[i] = entry("1.2.826.0.1.3680043.2.1125.1.7561234567890123.1");
    }
    for (int i = 0; i < N / 1000; i++) {
        pacs_journal_append(j, e, 1000, &err);
    }
    clock_gettime(CLOCK_MONOTONIC, &a);
    is_int(all().n >= N, 1, "100,000 entries");
    clock_gettime(CLOCK_MONOTONIC, &b);

    double  s = (double) (b.tv_sec - a.tv_sec)
                + (double) (b.tv_nsec - a.tv_nsec) / 1e9;

    printf("# %.0f entries/s read\n", N / s);
    free(e);
}


int
main(void)
{
    if (mkdtemp(home) == NULL || pacs_journal_open(home, &j, &err)) {
        printf("Bail out! %s\n", err.text);
        return 1;
    }

    test_round_trip();
    test_damage();
    test_processes();
    test_rotation();
    test_speed();
    pacs_journal_close(j);
    nftw(home, rm, 16, FTW_DEPTH | FTW_PHYS);
    return done();
}
