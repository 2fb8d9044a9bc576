/* SPDX-License-Identifier: BSD-2-Clause */

/* What the commands share: the home, progress, messages. */

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"

const pacs_subject_t  pacs_cli_subject = {
    .address = { "local", 5 }, .door = { "cli", 3 }
};

enum { BAR = 30 };

static bool      drawn;
static uint64_t  expected;      /* files in all; 0: not known */


int
pacs_cli_fail(const pacs_err_t *err)
{
    pacs_cli_progress_end();
    fprintf(stderr, "pacs: %s\n", err->text);
    return 1;
}


/* files must belong to whom nginx and the listener run as */
static bool
become_owner(const char *home)
{
    struct stat  st;

    if (stat(home, &st) != 0) {
        fprintf(stderr, "pacs: the home %s: %s (give --home DIR)\n", home,
                strerror(errno));
        return false;
    }

    if (geteuid() != 0 || st.st_uid == 0) {
        return true;
    }

    if (setgroups(0, NULL) != 0 || setgid(st.st_gid) != 0
        || setuid(st.st_uid) != 0)
    {
        fprintf(stderr, "pacs: become the owner of %s: %s\n", home,
                strerror(errno));
        return false;
    }
    return true;
}


/* a mistyped --home must not become an archive */
static bool
is_archive(const char *home)
{
    static const char *const  names[] = { "journal", "blobs" };
    char                      path[4096];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((size_t) snprintf(path, sizeof(path), "%s/%s", home, names[i])
            < sizeof(path) && access(path, F_OK) == 0)
        {
            return true;
        }
    }

    fprintf(stderr, "pacs: %s is no archive: it has no journal and no blobs "
            "(give --home DIR)\n", home);
    return false;
}


pacs_service_t *
pacs_cli_open(const pacs_cli_t *cli, bool fresh, bool rebuild)
{
    pacs_service_t *svc;
    pacs_options_t  o;
    pacs_err_t      err = { 0 };

    if (!become_owner(cli->home) || (!fresh && !is_archive(cli->home))) {
        return NULL;
    }

    umask(0077);
    pacs_options_default(&o);
    o.home = cli->home;
    o.duplicates = cli->duplicates;
    o.redis = cli->redis;
    o.deletes = true;
    o.rebuild = rebuild;

    if (pacs_service_open(&o, &svc, &err) != PACS_OK) {
        pacs_cli_fail(&err);
        return NULL;
    }
    return svc;
}


void
pacs_cli_say(void *ctx, const char *line)
{
    pacs_cli_progress_end();
    printf("%s\n", line);
}


static int64_t
now_ms(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


void
pacs_cli_expect(uint64_t files)
{
    expected = files;
}


/* [#####-----]  50 %, where it is known how much there is */
static void
draw_bar(const pacs_progress_t *p)
{
    char      bar[BAR + 1];
    uint64_t  seen = p->done + p->refused;
    unsigned  full = seen >= expected ? BAR : (unsigned) (seen * BAR
                                                          / expected);

    memset(bar, '-', BAR);
    memset(bar, '#', full);
    bar[BAR] = '\0';
    fprintf(stderr, "[%s] %3u %%  ", bar,
            seen >= expected ? 100 : (unsigned) (seen * 100 / expected));
}


static void
draw(const pacs_progress_t *p, int64_t ms)
{
    fprintf(stderr, "\r");
    if (expected != 0) {
        draw_bar(p);
    }
    fprintf(stderr, "%" PRIu64 " instances, %" PRIu64 " MB, %" PRIu64
            " refused, %.0f/s   ", p->done, p->bytes / 1000000, p->refused,
            (double) p->done * 1000.0 / (double) (ms + 1));
    drawn = true;
}


bool
pacs_cli_progress(void *ctx, const pacs_progress_t *p)
{
    static int64_t      first, last;
    const pacs_cli_t   *cli = ctx;
    int64_t             now = now_ms();
    bool                whole = expected != 0
                                && p->done + p->refused == expected;

    first = first == 0 ? now : first;

    if (!cli->quiet && isatty(2) && (now - last >= 100 || whole)) {
        last = now;
        draw(p, now - first);
    }
    return true;
}


void
pacs_cli_progress_end(void)
{
    if (drawn) {
        fprintf(stderr, "\n");
        drawn = false;
    }
}
