/* SPDX-License-Identifier: BSD-2-Clause */

/* Documents, written: a row, and one for every value that can be matched. */

#include <stdio.h>

#include "dicom/walk.h"
#include "index/sqlite.h"

enum {
    VALUE_MAX = 1024,           /* longer values cannot be matched */
    EVENT_KEEP_US = 600 * 1000000
};


/* --- keys --- */

void
pacs_document_path(char text[PACS_KEY_DEPTH * 9], const uint32_t *path,
    unsigned depth)
{
    char  *p = text;

    *p = '\0';
    for (unsigned i = 0; i < depth; i++) {
        p += sprintf(p, "%s%08X", i != 0 ? "." : "", (unsigned) path[i]);
    }
}


typedef struct {
    pacs_sqlite_t  *ix;
    pacs_arena_t   *arena;
    int64_t         document;
    uint32_t        path[PACS_KEY_DEPTH];
    unsigned        depth;
    int64_t         item;
    pacs_err_t     *err;
} keys_t;


static int
put_key(const keys_t *k, const char *path, bool is_name, pacs_str_t value)
{
    sqlite3_stmt  *st = pacs_sqlite_text(&k->ix->writer, pacs_lit(
        "INSERT INTO document_key (document, path, item, value, value_n,"
        " value_m, value_w) VALUES (?, ?, ?, ?, ?, ?, ?)"), k->err);
    pacs_str_t     folded, first = pacs_null, rest = pacs_null;
    pacs_str_t     words = pacs_null;

    if (st == NULL) {
        return PACS_E_IO;
    }
    if (is_name) {
        folded = pacs_name_fold(value, k->arena);
        pacs_name_groups(folded, &first, &rest);
        words = pacs_name_words(folded, k->arena);
    }

    sqlite3_bind_int64(st, 1, k->document);
    pacs_sqlite_bind(st, 2, pacs_cstr(path));
    sqlite3_bind_int64(st, 3, k->item);
    pacs_sqlite_bind(st, 4, value);
    pacs_sqlite_bind(st, 5, first);
    pacs_sqlite_bind(st, 6, rest);
    pacs_sqlite_bind(st, 7, words);
    return pacs_sqlite_run(&k->ix->writer, st, k->err);
}


static int
put_values(keys_t *k, const pacs_item_t *item, const pacs_elem_t *elem)
{
    const pacs_vr_t  *vr = pacs_vr(elem->vr);
    pacs_str_t        rest = pacs_elem_text(item, elem, k->arena), value;
    char              path[PACS_KEY_DEPTH * 9];
    int               code = PACS_OK;

    if (rest.len == 0 || vr == NULL || k->depth == PACS_KEY_DEPTH) {
        return PACS_OK;
    }

    k->path[k->depth] = elem->tag;
    pacs_document_path(path, k->path, k->depth + 1);

    while (code == PACS_OK && rest.data != NULL) {
        if (vr->multi) {
            pacs_str_split(&rest, '\\', &value);
        } else {
            value = rest;
            rest = pacs_null;
        }
        if (value.len != 0 && value.len <= VALUE_MAX) {
            code = put_key(k, path, elem->vr == PACS_PN, value);
        }
    }
    return code;
}


static void
enter(keys_t *k, uint32_t tag)
{
    if (k->depth < PACS_KEY_DEPTH) {
        k->path[k->depth] = tag;
    }
    if (k->depth++ == 0) {
        k->item = 0;
    }
}


static int
put_keys(keys_t *k, const pacs_item_t *root)
{
    pacs_walk_t  w;
    int          code = PACS_OK;

    pacs_walk_init(&w, root);
    while (code == PACS_OK && pacs_walk_next(&w)) {
        switch (w.event) {
        case PACS_WALK_SQ:
            enter(k, w.elem->tag);
            break;
        case PACS_WALK_ITEM:
            k->item += k->depth == 1;
            break;
        case PACS_WALK_SQ_END:
            k->depth--;
            k->item = k->depth != 0 ? k->item : 0;
            break;
        case PACS_WALK_ELEM:
            code = k->depth < PACS_KEY_DEPTH ? put_values(k, w.item, w.elem)
                                             : PACS_OK;
            break;
        default:
            break;
        }
    }

    if (w.stack.failed) {
        code = pacs_fail(k->err, PACS_E_NOMEM, "out of memory");
    }
    pacs_walk_end(&w);
    return code;
}


/* --- put --- */

static int
run_on(pacs_sqlite_t *ix, pacs_str_t sql, int64_t document, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_text(&ix->writer, sql, err);

    if (st == NULL) {
        return PACS_E_IO;
    }
    sqlite3_bind_int64(st, 1, document);
    return pacs_sqlite_run(&ix->writer, st, err);
}


/* the row of a kind and UID; 0: none */
static int
find_row(pacs_sqlite_t *ix, const pacs_document_t *d, int64_t *row,
    pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_text(&ix->writer, pacs_lit(
        "SELECT id FROM document WHERE kind = ? AND uid = ?"), err);

    if (st == NULL) {
        return PACS_E_IO;
    }
    pacs_sqlite_bind(st, 1, d->kind);
    pacs_sqlite_bind(st, 2, d->uid);

    int  rc = sqlite3_step(st);

    *row = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_reset(st);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
           ? PACS_OK : pacs_sqlite_fail(&ix->writer, err);
}


/* the row stays the same one: it keeps its place in the order */
static int
write_row(pacs_sqlite_t *ix, const pacs_document_t *d, int64_t *row,
    pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_text(&ix->writer, *row != 0
        ? pacs_lit("UPDATE document SET kind = ?, uid = ?, state = ?,"
                   " revision = ?, time_us = ?, json = ? WHERE id = ?")
        : pacs_lit("INSERT INTO document (kind, uid, state, revision,"
                   " time_us, json, created_us)"
                   " VALUES (?, ?, ?, ?, ?, ?, ?)"), err);

    if (st == NULL) {
        return PACS_E_IO;
    }

    pacs_sqlite_bind(st, 1, d->kind);
    pacs_sqlite_bind(st, 2, d->uid);
    pacs_sqlite_bind(st, 3, d->state);
    sqlite3_bind_int64(st, 4, d->revision);
    sqlite3_bind_int64(st, 5, d->time_us);
    pacs_sqlite_bind(st, 6, d->json);
    sqlite3_bind_int64(st, 7, *row != 0 ? *row : d->time_us);

    int  code = pacs_sqlite_run(&ix->writer, st, err);

    if (*row == 0) {
        *row = sqlite3_last_insert_rowid(ix->writer.db);
    }
    return code;
}


static int
put_document(pacs_sqlite_t *ix, const pacs_document_t *d, pacs_err_t *err)
{
    int64_t  row;
    int      code = find_row(ix, d, &row, err);

    if (code == PACS_OK && row != 0) {
        code = run_on(ix, pacs_lit("DELETE FROM document_key"
                                   " WHERE document = ?"), row, err);
    }
    if (code != PACS_OK || d->json.data == NULL) {
        return code != PACS_OK || row == 0 ? code
               : run_on(ix, pacs_lit("DELETE FROM document WHERE id = ?"),
                        row, err);
    }

    if ((code = write_row(ix, d, &row, err)) != PACS_OK || d->root == NULL) {
        return code;
    }

    keys_t  k = { .ix = ix, .arena = pacs_arena_create(0), .document = row,
                  .err = err };

    code = k.arena != NULL ? put_keys(&k, d->root)
                           : pacs_fail(err, PACS_E_NOMEM, "out of memory");
    pacs_arena_destroy(k.arena);
    return code;
}


static int
put_event(pacs_sqlite_t *ix, const pacs_event_t *e, int64_t now,
    pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_text(&ix->writer, pacs_lit(
        "INSERT INTO event (time_us, receiver, json) VALUES (?, ?, ?)"), err);

    if (st == NULL) {
        return PACS_E_IO;
    }
    sqlite3_bind_int64(st, 1, now);
    pacs_sqlite_bind(st, 2, e->receiver);
    pacs_sqlite_bind(st, 3, e->json);
    return pacs_sqlite_run(&ix->writer, st, err);
}


static int
put_events(pacs_sqlite_t *ix, const pacs_event_t *events, unsigned n,
    pacs_err_t *err)
{
    int64_t  now = ix->env.now_us(ix->env.ctx);
    int      code = n == 0 ? PACS_OK
                    : run_on(ix, pacs_lit("DELETE FROM event"
                                          " WHERE time_us < ?"),
                             now - EVENT_KEEP_US, err);

    for (unsigned i = 0; code == PACS_OK && i < n; i++) {
        code = put_event(ix, &events[i], now, err);
    }
    return code;
}


int
pacs_sqlite_documents_put(pacs_index_t *base, const pacs_document_t *docs,
    unsigned n, const pacs_event_t *events, unsigned nevents, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    int             code = pacs_sqlite_begin(ix, err);

    if (code != PACS_OK) {
        return code;
    }

    for (unsigned i = 0; code == PACS_OK && i < n; i++) {
        code = put_document(ix, &docs[i], err);
    }
    if (code == PACS_OK) {
        code = put_events(ix, events, nevents, err);
    }
    return pacs_sqlite_end(ix, code, err);
}
