/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The index again, from files and journal.  The journal is replayed in its
 * order, in batches: instances of a batch are scanned by one thread a core
 * and put in one transaction; a deletion or correction ends a batch.  Files
 * that no entry names come last (an archive whose journal was lost).
 *
 * Two contents of one SOP instance are in the journal as stored if the first
 * was never acknowledged (a crash came before its row), or if they raced:
 * then the loser is put into quarantine later.  So the later one wins until
 * that is read.  Losers that are still there at the end become conflicts.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/deleted.h"
#include "service/npi.h"
#include "service/rebuild.h"


static int
replay_delete(pacs_rebuild_t *b, const pacs_entry_t *e)
{
    uint64_t    removed;
    pacs_err_t  err = { 0 };

    /* its row went before, and another content may have one since */
    if (pacs_str_is(e->state, PACS_DELETED_PURGED)) {
        return PACS_OK;
    }

    int  rc = b->svc->index->vt->remove(b->svc->index, e->study, e->series,
                                        e->instance, &removed, &err);

    if (rc != PACS_OK && rc != PACS_E_NOT_FOUND && rc != PACS_E_GONE) {
        return pacs_fail(b->err, rc, "%s", err.text);
    }

    /* bytes that a cut left behind: see end_deletion */
    return PACS_OK;
}


static int
replay_correct(pacs_rebuild_t *b, const pacs_entry_t *e)
{
    const pacs_tag_t *tag = pacs_tag_keyword(e->tag);
    int               attr = tag == NULL ? -1 : pacs_attr_find(tag->tag, 0);

    if (attr < 0) {
        pacs_rebuild_say(b, "ignored correction of", &e->key,
                         "unknown attribute");
        return PACS_OK;
    }

    pacs_err_t  err = { 0 };
    int         rc = b->svc->index->vt->correct(b->svc->index, e->study,
                                                e->series, e->instance, attr,
                                                e->value, &err);

    /* what it corrected may have lost its file, or was deleted since */
    if (rc == PACS_E_NOT_FOUND) {
        pacs_rebuild_say(b, "ignored correction of", &e->key, err.text);
        return PACS_OK;
    }
    return rc == PACS_OK ? PACS_OK : pacs_fail(b->err, rc, "%s", err.text);
}


static bool
is_there(pacs_rebuild_t *b, const pacs_key_t *key)
{
    int  fd;

    if (pacs_keyset_marked(b->seen, key)
        || b->svc->blobs->vt->open(b->svc->blobs, key, &fd, NULL) != PACS_OK)
    {
        return false;
    }

    close(fd);
    return true;
}


/* the row is of what is put aside now: it goes to the one that it raced */
static int
give_back(pacs_rebuild_t *b, const pacs_entry_t *e)
{
    uint64_t  removed;

    for (pacs_rival_t **at = &b->rivals; *at != NULL; at = &(*at)->next) {
        pacs_rival_t *r = *at;

        if (!pacs_str_eq(r->entry.instance, e->instance)
            || !is_there(b, &r->entry.key))
        {
            continue;
        }

        int rc = b->svc->index->vt->remove(b->svc->index, e->study,
                                           e->series, e->instance, &removed,
                                           b->err);

        if (rc == PACS_OK
            && (rc = pacs_rebuild_add(b, &r->entry, false)) == PACS_OK)
        {
            *at = r->next;
            rc = pacs_rebuild_flush(b);
        }
        return rc;
    }

    return PACS_OK;
}


static int
add_conflict(pacs_rebuild_t *b, const pacs_entry_t *e, pacs_arena_t *a,
    const pacs_record_t *known)
{
    pacs_conflict_t  c = {
        e->study, e->series, e->instance, known->key,
        pacs_sprintf(a, "%s/%s", e->key.series, e->key.digest), e->time_us,
        e->source
    };

    return pacs_str_eq(c.kept, c.other)
           ? PACS_OK
           : b->svc->index->vt->add_conflict(b->svc->index, &c, b->err);
}


static bool
is_row_of(const pacs_record_t *known, const pacs_entry_t *e)
{
    pacs_key_t  key;

    return pacs_key_parse(known->key, &key)
           && strcmp(key.digest, e->key.digest) == 0;
}


static int
replay_conflict(pacs_rebuild_t *b, const pacs_entry_t *e)
{
    pacs_record_t   known = { 0 };
    pacs_arena_t   *a = pacs_arena_create(0);

    if (a == NULL) {
        return pacs_fail(b->err, PACS_E_NOMEM, "out of memory");
    }

    int rc = pacs_rebuild_row(b, e->instance, a, &known);

    if (rc == PACS_OK && is_row_of(&known, e)
        && (rc = give_back(b, e)) == PACS_OK)
    {
        rc = pacs_rebuild_row(b, e->instance, a, &known);
    }

    if (rc == PACS_OK || rc == PACS_E_NOT_FOUND || rc == PACS_E_GONE) {
        rc = add_conflict(b, e, a, &known);
    }

    pacs_arena_destroy(a);
    return rc;
}


/* sent again in another encoding, after a crash */
static bool
is_same(pacs_rebuild_t *b, const pacs_key_t *key, const pacs_record_t *known)
{
    pacs_service_t  *svc = b->svc;
    pacs_source_t    mine, other;
    pacs_err_t       err = { 0 };
    bool             same = false;
    int              fd, fd2;

    if (svc->blobs->vt->open(svc->blobs, key, &fd, &err) != PACS_OK) {
        return false;
    }
    if (pacs_blob_of(svc, known->key, &fd2, &err) == PACS_OK) {
        if (pacs_source_fd(&mine, fd, &err) != PACS_OK
            || pacs_source_fd(&other, fd2, &err) != PACS_OK
            || pacs_dicom_equal(&mine, &other, &svc->options.limits, &same,
                                &err) != PACS_OK)
        {
            same = false;
        }
        close(fd2);
    }

    close(fd);
    return same;
}


static int
list_rival(pacs_rebuild_t *b, const pacs_rival_t *r)
{
    pacs_record_t      known = { 0 };
    const pacs_key_t  *key = &r->entry.key;

    if (!is_there(b, key)) {
        return PACS_OK;
    }

    int  rc = pacs_rebuild_row(b, r->entry.instance, b->arena, &known);

    if (rc == PACS_OK && is_row_of(&known, &r->entry)) {
        return PACS_OK;         /* it came again, later */
    }

    if (rc != PACS_OK && rc != PACS_E_NOT_FOUND && rc != PACS_E_GONE) {
        return rc;
    }

    if (rc == PACS_OK
        && pacs_str_eq(known.study, r->entry.study)
        && pacs_str_eq(known.series, r->entry.series)
        && is_same(b, key, &known))
    {
        pacs_rebuild_say(b, "removed", key, "the same, encoded otherwise, is "
                         "in the index");
        return b->svc->blobs->vt->remove(b->svc->blobs, key, b->err);
    }

    pacs_rebuild_say(b, "in conflict", key, "another content of its SOP "
                     "instance was stored later");
    return add_conflict(b, &r->entry, b->arena, &known);
}


/* both were stored and are there, and nothing says what to do */
static int
list_rivals(pacs_rebuild_t *b)
{
    int  rc = PACS_OK;

    for (pacs_rival_t *r = b->rivals; rc == PACS_OK && r != NULL; r = r->next)
    {
        rc = list_rival(b, r);
    }
    return rc;
}


static int
replay_document(pacs_rebuild_t *b, const pacs_entry_t *e)
{
    pacs_err_t  err = { 0 };
    pacs_key_t  key;
    int         rc = pacs_document_replay(b->svc, e, &err);

    if (pacs_npi_named(e->kind) != NULL && pacs_key_parse(e->state, &key)
        && !pacs_keyset_add(b->seen, &key))
    {
        return pacs_fail(b->err, PACS_E_NOMEM, "out of memory");
    }

    if (rc == PACS_E_ARG || rc == PACS_E_LIMIT || rc == PACS_E_INTERNAL) {
        char  line[1024];

        snprintf(line, sizeof(line), "ignored %.*s %.*s: %s",
                 pacs_fmt(e->kind), pacs_fmt(e->instance), err.text);
        b->total.refused++;
        b->say(b->ctx, line);
        return PACS_OK;
    }
    return rc == PACS_OK ? PACS_OK : pacs_fail(b->err, rc, "%s", err.text);
}


static int
replay(void *ctx, const pacs_entry_t *e)
{
    static int (*const  others[])(pacs_rebuild_t *, const pacs_entry_t *) = {
        [PACS_J_QUARANTINE] = replay_conflict,
        [PACS_J_DELETE]     = replay_delete,
        [PACS_J_CORRECT]    = replay_correct
    };
    pacs_rebuild_t *b = ctx;

    if (e->op == PACS_J_DOCUMENT) {
        return replay_document(b, e);
    }

    if (!pacs_deleted_note(b->kept, e)
        || (e->op != PACS_J_CORRECT
            && !pacs_keyset_mark(b->seen, &e->key, e->op == PACS_J_DELETE)))
    {
        return pacs_fail(b->err, PACS_E_NOMEM, "out of memory");
    }

    if (e->op == PACS_J_STORE) {
        return pacs_rebuild_add(b, e, false);
    }

    int rc = pacs_rebuild_flush(b);

    return rc == PACS_OK ? others[e->op](b, e) : rc;
}


static void
bad_line(void *ctx, const char *file, unsigned line)
{
    pacs_rebuild_t *b = ctx;
    char       text[512];

    snprintf(text, sizeof(text), "journal %s, line %u is damaged and skipped",
             file, line);
    b->total.refused++;
    b->damaged = true;
    b->say(b->ctx, text);
}


/* a deletion was cut before the bytes were gone.  In a damaged journal the
 * entry that brought them again may be what is missing */
static int
end_deletion(pacs_rebuild_t *b, const pacs_key_t *key)
{
    if (b->damaged) {
        pacs_rebuild_say(b, "left", key, "deleted, as far as the journal can "
                         "be read");
        return PACS_OK;
    }

    int rc = b->svc->blobs->vt->remove(b->svc->blobs, key, b->err);

    if (rc == PACS_OK) {
        pacs_rebuild_say(b, "removed", key, "it was deleted");
    }
    return rc;
}


/* files without any entry */
static int
adopt(void *ctx, const pacs_key_t *key, const char *path)
{
    pacs_rebuild_t *b = ctx;

    if (pacs_keyset_marked(b->kept, key)) {
        return PACS_OK;
    }
    if (pacs_keyset_marked(b->seen, key)) {
        return end_deletion(b, key);
    }
    if (pacs_keyset_has(b->seen, key)) {
        return PACS_OK;
    }

    return pacs_rebuild_add(b, &(pacs_entry_t) {
        .key = *key, .source = pacs_lit("found"),
        .time_us = b->svc->options.env.now_us(b->svc->options.env.ctx)
    }, true);
}


/* what came, went and came again is one */
static int
count_all(pacs_rebuild_t *b)
{
    pacs_index_stats_t  s;
    int                 rc = b->svc->index->vt->stats(b->svc->index, &s,
                                                      b->err);

    if (rc == PACS_OK) {
        b->total.done = s.instances;
        b->total.bytes = s.bytes;
    }
    return rc;
}


int
pacs_reindex(pacs_service_t *svc, pacs_progress_pt progress, void *ctx,
    void (*say_line)(void *ctx, const char *line), pacs_progress_t *total,
    pacs_err_t *err)
{
    pacs_rebuild_t *b = calloc(1, sizeof(*b));
    int             rc;

    if (b == NULL || (b->seen = pacs_keyset_create()) == NULL
        || (b->kept = pacs_keyset_create()) == NULL
        || (b->arena = pacs_arena_create(0)) == NULL)
    {
        if (b != NULL) {
            pacs_keyset_destroy(b->seen);
            pacs_keyset_destroy(b->kept);
        }
        free(b);
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    b->svc = svc;
    b->progress = progress;
    b->say = say_line;
    b->ctx = ctx;
    b->err = err;

    if ((rc = svc->index->vt->clear(svc->index, err)) == PACS_OK
        && (rc = pacs_journal_each(svc->journal, replay, bad_line, b, err))
            == PACS_OK
        && (rc = pacs_rebuild_flush(b)) == PACS_OK
        && (rc = svc->blobs->vt->each(svc->blobs, adopt, b, err)) == PACS_OK
        && (rc = pacs_rebuild_flush(b)) == PACS_OK)
    {
        rc = list_rivals(b);
    }

    /* what was cut or failed stays marked, and refuses to open */
    if (rc == PACS_OK) {
        rc = svc->index->vt->rebuilt(svc->index, err);
    }
    if (rc == PACS_OK) {
        rc = count_all(b);
    }

    for (unsigned i = 0; i < b->n; i++) {
        pacs_arena_destroy(b->jobs[i].arena);
    }

    *total = b->total;
    pacs_keyset_destroy(b->seen);
    pacs_keyset_destroy(b->kept);
    pacs_arena_destroy(b->arena);
    free(b);
    return rc;
}
