/* SPDX-License-Identifier: BSD-2-Clause */

/* What a monitor wants to know, and the list of conflicts. */

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "service/internal.h"


int
pacs_health(pacs_service_t *svc, pacs_buf_t *out, bool *ok, pacs_err_t *err)
{
    pacs_index_stats_t  s = { 0 };
    uint64_t            free = 0, total = 0;
    pacs_err_t          disk = { 0 }, index = { 0 };
    int64_t             keep = svc->options.limits.free_percent;

    bool  disk_ok = svc->blobs->vt->space(svc->blobs, &free, &total, &disk)
                    == PACS_OK;
    bool  full = disk_ok && (double) free
                            < (double) total * (double) keep / 100.0;
    bool  index_ok = svc->index->vt->stats(svc->index, &s, &index) == PACS_OK;

    *ok = disk_ok && !full && index_ok && !svc->degraded;

    pacs_buf_printf(out, "\"disk\":{\"ok\":%s,\"free\":%" PRIu64
                    ",\"total\":%" PRIu64 ",\"keep_percent\":%" PRId64
                    ",\"ingest\":\"%s\"",
                    disk_ok && !full && !svc->degraded ? "true" : "false",
                    free, total, keep,
                    svc->degraded || !disk_ok ? "degraded" : full ? "full"
                                                          : "open");
    if (!disk_ok) {
        pacs_buf_text(out, ",\"reason\":");
        pacs_buf_json(out, pacs_cstr(disk.text));
    }

    pacs_buf_printf(out, "},\"index\":{\"ok\":%s,\"kind\":\"%s\"",
                    index_ok ? "true" : "false", svc->index->vt->name);
    if (index_ok) {
        pacs_buf_printf(out, ",\"schema\":%" PRId64 ",\"patients\":%" PRIu64
                        ",\"studies\":%" PRIu64 ",\"series\":%" PRIu64
                        ",\"instances\":%" PRIu64 ",\"bytes\":%" PRIu64
                        ",\"conflicts\":%" PRIu64, s.schema, s.patients,
                        s.studies, s.series, s.instances, s.bytes,
                        s.conflicts);
    } else {
        pacs_buf_text(out, ",\"reason\":");
        pacs_buf_json(out, pacs_cstr(index.text));
    }
    pacs_buf_text(out, "},");
    pacs_warm_write(svc, out);

    return out->failed ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                       : PACS_OK;
}


typedef struct {
    void  (*say)(void *ctx, const char *line);
    void   *ctx;
} listener_t;


static int
say_conflict(void *ctx, const pacs_conflict_t *c)
{
    listener_t *l = ctx;
    time_t      t = (time_t) (c->time_us / 1000000);
    struct tm   tm;
    char        when[32], line[1024];

    gmtime_r(&t, &tm);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    snprintf(line, sizeof(line), "%s  instance %.*s  from %.*s  kept %.*s  "
             "other %.*s", when, pacs_fmt(c->instance), pacs_fmt(c->source),
             pacs_fmt(c->kept), pacs_fmt(c->other));
    l->say(l->ctx, line);
    return PACS_OK;
}


int
pacs_conflicts(pacs_service_t *svc, void (*say)(void *ctx, const char *line),
    void *ctx, pacs_err_t *err)
{
    listener_t     l = { say, ctx };
    pacs_arena_t  *a = pacs_arena_create(0);
    int            rc = a == NULL
                        ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                        : svc->index->vt->conflicts(svc->index, a,
                                                    say_conflict, &l, err);

    pacs_arena_destroy(a);
    return rc;
}
