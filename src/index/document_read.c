/* SPDX-License-Identifier: BSD-2-Clause */

/* Documents, read: one, those that match, and what was said of them. */

#include <stdio.h>

#include "index/cond.h"
#include "index/sqlite.h"

/* --- get --- */

#define COLUMNS  "d.kind, d.uid, d.state, d.revision, d.created_us,"     \
                 " d.time_us, d.json"


static pacs_document_t
read_row(sqlite3_stmt *st)
{
    return (pacs_document_t) {
        .kind = pacs_sqlite_column(st, 0), .uid = pacs_sqlite_column(st, 1),
        .state = pacs_sqlite_column(st, 2),
        .revision = sqlite3_column_int64(st, 3),
        .created_us = sqlite3_column_int64(st, 4),
        .time_us = sqlite3_column_int64(st, 5),
        .json = pacs_sqlite_column(st, 6)
    };
}


static int
copy_row(sqlite3_stmt *st, pacs_arena_t *a, pacs_document_t *d,
    pacs_err_t *err)
{
    *d = read_row(st);
    d->kind = pacs_str_copy(a, d->kind);
    d->uid = pacs_str_copy(a, d->uid);
    d->state = pacs_str_copy(a, d->state);
    d->json = pacs_str_copy(a, d->json);

    return d->json.data != NULL ? PACS_OK
           : pacs_fail(err, PACS_E_NOMEM, "out of memory");
}


int
pacs_sqlite_document_get(pacs_index_t *base, const char *kind,
    pacs_str_t uid, pacs_arena_t *a, pacs_document_t *d, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    pacs_conn_t    *c;
    int             code = pacs_sqlite_enter(ix, &c, err);

    if (code != PACS_OK) {
        return code;
    }

    sqlite3_stmt  *st = pacs_sqlite_text(c, pacs_lit("SELECT " COLUMNS
        " FROM document d WHERE d.kind = ? AND d.uid = ?"), err);
    int            rc = SQLITE_ERROR;

    if (st != NULL) {
        pacs_sqlite_bind(st, 1, pacs_cstr(kind));
        pacs_sqlite_bind(st, 2, uid);
        rc = sqlite3_step(st);
    }

    code = rc == SQLITE_ROW ? copy_row(st, a, d, err)
           : rc == SQLITE_DONE
           ? pacs_fail(err, PACS_E_NOT_FOUND, "%s %.*s is not known", kind,
                       uid.len > 80 ? 80 : (int) uid.len, uid.data)
           : pacs_sqlite_fail(c, err);

    sqlite3_reset(st);
    pacs_sqlite_leave(ix, c);
    return code;
}


/* --- find --- */

static uint8_t
match_of(uint16_t vr)
{
    static const struct { uint16_t vr; uint8_t match; } kinds[] = {
        { PACS_PN, PACS_MATCH_NAME }, { PACS_UI, PACS_MATCH_UID },
        { PACS_DA, PACS_MATCH_DATE }, { PACS_TM, PACS_MATCH_TIME },
        { PACS_DT, PACS_MATCH_WHEN },
        { PACS_DS, PACS_MATCH_NUMBER }, { PACS_IS, PACS_MATCH_NUMBER },
        { PACS_FL, PACS_MATCH_NUMBER }, { PACS_FD, PACS_MATCH_NUMBER },
        { PACS_SS, PACS_MATCH_NUMBER }, { PACS_US, PACS_MATCH_NUMBER },
        { PACS_SL, PACS_MATCH_NUMBER }, { PACS_UL, PACS_MATCH_NUMBER },
        { PACS_SV, PACS_MATCH_NUMBER }, { PACS_UV, PACS_MATCH_NUMBER }
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].vr == vr) {
            return kinds[i].match;
        }
    }
    return PACS_MATCH_TEXT;
}


typedef struct {
    const pacs_document_key_t  *key;
    pacs_attr_t                 attr;       /* for the conditions */
    pacs_matching_t             m;
    char                        path[PACS_KEY_DEPTH * 9];
    bool                        done, joined;
} term_t;


static int
parse_term(pacs_sql_t *sql, const pacs_document_key_t *key, unsigned how,
    term_t *t)
{
    const pacs_tag_t  *tag = pacs_tag(key->path[key->depth - 1]);

    t->key = key;
    pacs_document_path(t->path, key->path, key->depth);

    t->attr = (pacs_attr_t) {
        .keyword = tag != NULL ? tag->keyword : t->path,
        .path = { key->path[key->depth - 1] },
        .vr = tag != NULL ? tag->vr : PACS_LO, .column = "value"
    };
    t->attr.match = match_of(t->attr.vr);

    int  code = pacs_matching_parse(&t->attr, key->value, how, sql->limits,
                                    sql->arena, &t->m, sql->err);

    t->done = t->m.universal;
    return code;
}


static bool
one_item(const term_t *t, const term_t *other)
{
    return t->key->depth > 1 && other->key->depth > 1
           && t->key->path[0] == other->key->path[0]
           && !other->m.empty && !other->m.every;
}


static void
put_term(pacs_sql_t *sql, const term_t *t, unsigned i, bool fuzzy)
{
    char  alias[16];

    snprintf(alias, sizeof(alias), "k%u", i);
    pacs_buf_printf(&sql->text, "%s.path = '%s' AND (", alias, t->path);
    pacs_sql_conds[t->attr.match](sql, alias, &t->attr, &t->m, fuzzy);
    pacs_sql_put(sql, ")");
}


enum { JOINED_MAX = 32 };       /* SQLite joins 64 tables at most */


/* term i, and those that must match in the same item */
static void
put_group(pacs_sql_t *sql, term_t *terms, unsigned i, unsigned n, bool fuzzy)
{
    pacs_buf_printf(&sql->text, " AND d.id IN (SELECT k%u.document"
                    " FROM document_key k%u", i, i);
    for (unsigned j = i + 1, joined = 0; j < n; j++) {
        terms[j].joined = !terms[j].done && one_item(&terms[i], &terms[j]);
        if (terms[j].joined) {
            pacs_buf_printf(&sql->text, ", document_key k%u", j);
            if (++joined == JOINED_MAX) {
                sql->code = pacs_fail(sql->err, PACS_E_LIMIT, "more than %d "
                                      "keys in one sequence", JOINED_MAX);
            }
        }
    }

    pacs_sql_put(sql, " WHERE ");
    put_term(sql, &terms[i], i, fuzzy);

    for (unsigned j = i + 1; j < n; j++) {
        if (terms[j].joined) {
            pacs_buf_printf(&sql->text, " AND k%u.document = k%u.document"
                            " AND k%u.item = k%u.item AND ", j, i, j, i);
            put_term(sql, &terms[j], j, fuzzy);
            terms[j].done = true;
        }
    }
    pacs_sql_put(sql, ")");
}


static void
put_key(pacs_sql_t *sql, term_t *terms, unsigned i, unsigned n, bool fuzzy)
{
    term_t  one = terms[i];

    if (one.m.empty) {
        pacs_buf_printf(&sql->text, " AND d.id NOT IN (SELECT k.document"
                        " FROM document_key k WHERE k.path = '%s')",
                        one.path);

    } else if (one.m.every) {
        for (one.m.n = 1; terms[i].m.n > 0; terms[i].m.n--) {
            put_group(sql, &one, 0, 1, fuzzy);
            one.m.wanted++;
        }

    } else {
        put_group(sql, terms, i, n, fuzzy);
    }
}


static int
build(pacs_sql_t *sql, const pacs_document_query_t *q)
{
    term_t  *terms = pacs_calloc(sql->arena, q->nkeys + 1, sizeof(*terms));
    int      code = PACS_OK;

    if (terms == NULL) {
        return pacs_fail(sql->err, PACS_E_NOMEM, "out of memory");
    }
    if (q->nkeys > sql->limits->query_keys) {
        return pacs_fail(sql->err, PACS_E_LIMIT, "more than %lld keys"
                         " (query_keys)",
                         (long long) sql->limits->query_keys);
    }
    for (unsigned i = 0; code == PACS_OK && i < q->nkeys; i++) {
        code = parse_term(sql, &q->keys[i], q->how, &terms[i]);
    }
    if (code != PACS_OK) {
        return code;
    }

    pacs_buf_printf(&sql->text, "SELECT " COLUMNS " FROM document d"
                    " WHERE d.kind = '%s'", q->kind);
    for (unsigned i = 0; i < q->nkeys; i++) {
        if (!terms[i].done) {
            put_key(sql, terms, i, q->nkeys, q->how & PACS_HOW_FUZZY);
        }
    }
    pacs_buf_printf(&sql->text, " ORDER BY d.id LIMIT %lld OFFSET %lld",
                    q->limit != 0 ? (long long) q->limit + 1 : -1LL,
                    (long long) q->offset);

    if (sql->text.failed) {
        return pacs_fail(sql->err, PACS_E_NOMEM, "out of memory");
    }
    return sql->code;
}


static int
run(pacs_conn_t *c, const pacs_sql_t *sql, const pacs_document_query_t *q,
    int (*fn)(void *ctx, const pacs_document_t *d), void *ctx, bool *more)
{
    sqlite3_stmt  *st = pacs_sqlite_text(c, (pacs_str_t) {
        sql->text.data, sql->text.len }, sql->err);
    int            rc = SQLITE_ERROR, code = PACS_OK;
    uint32_t       rows = 0;

    for (unsigned i = 0; st != NULL && i < sql->n; i++) {
        if (sql->params[i].text.data != NULL) {
            pacs_sqlite_bind(st, (int) i + 1, sql->params[i].text);
        } else {
            sqlite3_bind_double(st, (int) i + 1, sql->params[i].number);
        }
    }

    while (st != NULL && code == PACS_OK
           && (rc = sqlite3_step(st)) == SQLITE_ROW)
    {
        pacs_document_t  d = read_row(st);

        if (q->limit != 0 && rows++ == q->limit) {
            *more = true;
            rc = SQLITE_DONE;
            break;
        }
        code = fn(ctx, &d);
    }
    if (code == PACS_OK && rc != SQLITE_DONE) {
        code = pacs_sqlite_fail(c, sql->err);
    }

    sqlite3_reset(st);
    return code;
}


int
pacs_sqlite_documents_find(pacs_index_t *base,
    const pacs_document_query_t *q, const pacs_limits_t *limits,
    pacs_arena_t *a, int (*fn)(void *ctx, const pacs_document_t *d),
    void *ctx, bool *more, pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    pacs_conn_t    *c;
    pacs_sql_t      sql;
    pacs_err_t      first = { 0 };
    pacs_deadline_t deadline;

    *more = false;
    pacs_sql_init(&sql, &pacs_sqlite_dialect, limits, a, &first);

    int  code = build(&sql, q);

    if (code == PACS_OK
        && (code = pacs_sqlite_enter(ix, &c, &first)) == PACS_OK)
    {
        /* pages are for clients; who reads all takes the time it needs */
        if (q->limit != 0) {
            pacs_sqlite_bound(ix, c, limits, &deadline);
        }
        code = run(c, &sql, q, fn, ctx, more);
        if (q->limit != 0) {
            code = pacs_sqlite_unbound(c, limits, &deadline, code, &first);
        }
        pacs_sqlite_leave(ix, c);
    }

    pacs_sql_free(&sql);
    return first.code == PACS_OK ? code
                                 : pacs_fail(err, code, "%s", first.text);
}


/* --- events --- */

static int
newest(pacs_conn_t *c, int64_t *last, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_text(c, pacs_lit(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence"
        " WHERE name = 'event'), 0)"), err);
    int            rc = st != NULL ? sqlite3_step(st) : SQLITE_ERROR;

    if (rc == SQLITE_ROW) {
        *last = sqlite3_column_int64(st, 0);
    }
    sqlite3_reset(st);
    return rc == SQLITE_ROW ? PACS_OK : pacs_sqlite_fail(c, err);
}


static int
read_events(pacs_conn_t *c, int64_t after, int64_t last,
    int (*fn)(void *ctx, const pacs_event_t *e), void *ctx, pacs_err_t *err)
{
    sqlite3_stmt  *st = pacs_sqlite_text(c, pacs_lit(
        "SELECT receiver, json, id FROM event WHERE id > ? AND id <= ?"
        " ORDER BY id"), err);
    int            rc = SQLITE_ERROR, code = PACS_OK;

    if (st != NULL) {
        sqlite3_bind_int64(st, 1, after);
        sqlite3_bind_int64(st, 2, last);
    }
    while (st != NULL && code == PACS_OK
           && (rc = sqlite3_step(st)) == SQLITE_ROW)
    {
        code = fn(ctx, &(pacs_event_t) { pacs_sqlite_column(st, 0),
                                         pacs_sqlite_column(st, 1),
                                         sqlite3_column_int64(st, 2) });
    }
    if (code == PACS_OK && rc != SQLITE_DONE) {
        code = pacs_sqlite_fail(c, err);
    }

    sqlite3_reset(st);
    return code;
}


int
pacs_sqlite_events(pacs_index_t *base, int64_t after,
    int (*fn)(void *ctx, const pacs_event_t *e), void *ctx, int64_t *last,
    pacs_err_t *err)
{
    pacs_sqlite_t  *ix = (pacs_sqlite_t *) base;
    pacs_conn_t    *c;
    int             code = pacs_sqlite_enter(ix, &c, err);

    if (code != PACS_OK) {
        return code;
    }

    if ((code = newest(c, last, err)) == PACS_OK && *last > after) {
        code = read_events(c, after, *last, fn, ctx, err);
    }

    pacs_sqlite_leave(ix, c);
    return code;
}
