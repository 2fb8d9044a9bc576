/* SPDX-License-Identifier: BSD-2-Clause */

#include "index/cond.h"
#include "index/rank.h"

/* main alias and the one inside EXISTS, by level */
static const char *const  alias[] = { "p", "s", "e", "i" };
static const char *const  inner[] = { "p2", "s2", "e2", "i2" };

/* FROM of an EXISTS: rows of a lower level that lie in a row of a higher */
static const char *const  below[4][4] = {
    [PACS_LEVEL_PATIENT] = {
        [PACS_LEVEL_STUDY] = "study s2 WHERE s2.patient = p.id",
        [PACS_LEVEL_SERIES] = "study s2 JOIN series e2 ON e2.study = s2.id"
                              " WHERE s2.patient = p.id",
        [PACS_LEVEL_INSTANCE] = "study s2 JOIN series e2 ON e2.study = s2.id"
                                " JOIN instance i2 ON i2.series = e2.id"
                                " WHERE s2.patient = p.id" },
    [PACS_LEVEL_STUDY] = {
        [PACS_LEVEL_SERIES] = "series e2 WHERE e2.study = s.id",
        [PACS_LEVEL_INSTANCE] = "series e2 JOIN instance i2"
                                " ON i2.series = e2.id"
                                " WHERE e2.study = s.id" },
    [PACS_LEVEL_SERIES] = {
        [PACS_LEVEL_INSTANCE] = "instance i2 WHERE i2.series = e.id" }
};

/* attributes with an index, and whether their values are unique */
static const struct { uint32_t tag; bool unique; } indexed[] = {
    { 0x0020000d, true },  { 0x0020000e, true },  { 0x00080018, true },
    { 0x00100020, false }, { 0x00100010, false }, { 0x00080050, false },
    { 0x00100030, false }, { 0x00080090, false }, { 0x00080060, false },
    { 0x00080061, false }
};

enum { TAG_MODALITY = 0x00080060 };


void
pacs_sql_init(pacs_sql_t *sql, const pacs_dialect_t *dialect,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_err_t *err)
{
    *sql = (pacs_sql_t) { .dialect = dialect, .limits = limits, .arena = a,
                          .err = err };
}


void
pacs_sql_free(pacs_sql_t *sql)
{
    pacs_buf_free(&sql->text);
}


/* Modalities in Study is matched where it comes from */
static const pacs_attr_t *
matched_attr(int attr)
{
    if (pacs_attrs[attr].match == PACS_MATCH_LIST) {
        attr = pacs_attr_find(TAG_MODALITY, 0);
    }
    return &pacs_attrs[attr];
}


/* p's two keys: a date and its time, or in one item */
static void
put_pair(pacs_sql_t *sql, const char *a, const pacs_pred_t *p,
    const pacs_wanted_t *w)
{
    const pacs_attr_t  *attr = &pacs_attrs[p->attr];
    const pacs_attr_t  *with = &pacs_attrs[p->with];
    pacs_matching_t     m;
    int                 code = pacs_matching_parse(with, p->with_value,
                                                   p->how, sql->limits,
                                                   sql->arena, &m, sql->err);

    if (code != PACS_OK) {
        sql->code = code;

    } else if (attr->match == PACS_MATCH_DATE) {
        pacs_sql_moment(sql, a, attr->column, w, with->column, &m.wanted[0]);

    } else {
        pacs_buf_printf(&sql->text, "%s(", sql->dialect->item);
        pacs_sql_value(sql, w->text);
        pacs_sql_put(sql, ", ");
        pacs_sql_column(sql, a, attr->column, ", ");
        pacs_sql_value(sql, m.wanted[0].text);
        pacs_sql_put(sql, ", ");
        pacs_sql_column(sql, a, with->column, ")");
    }
}


/* one condition on a row of the term's own or a lower level */
static void
put_cond(pacs_sql_t *sql, const pacs_pred_t *p, const pacs_matching_t *m,
    pacs_level_e level)
{
    const pacs_attr_t  *said = &pacs_attrs[p->attr];
    const pacs_attr_t  *attr = m->empty ? said : matched_attr(p->attr);

    /* a row's own attributes; a study has a copy of its patient's */
    pacs_level_e  own = level < said->level ? level : said->level;

    if (own == PACS_LEVEL_PATIENT && level != PACS_LEVEL_PATIENT) {
        own = PACS_LEVEL_STUDY;
    }

    bool         down = own < attr->level;
    const char  *a = down ? inner[attr->level] : alias[own];

    pacs_sql_put(sql, "(");
    if (down) {
        pacs_sql_put(sql, "EXISTS (SELECT 1 FROM ");
        pacs_sql_put(sql, below[own][attr->level]);
        pacs_sql_put(sql, " AND (");
    }
    if (m->empty) {
        pacs_sql_column(sql, a, attr->column, " = ''");
    } else if (p->with != 0) {
        put_pair(sql, a, p, &m->wanted[0]);
    } else {
        pacs_sql_conds[attr->match](sql, a, attr, m, p->how & PACS_HOW_FUZZY);
    }
    pacs_sql_put(sql, down ? ")))" : ")");
}


static void
put_term(pacs_sql_t *sql, const pacs_pred_t *p, pacs_level_e level)
{
    pacs_matching_t  m;
    int              code = pacs_matching_parse(&pacs_attrs[p->attr],
                                                p->value, p->how, sql->limits,
                                                sql->arena, &m, sql->err);

    if (code != PACS_OK) {
        sql->code = code;

    } else if (m.universal) {
        pacs_sql_put(sql, "1 = 1");

    } else if (m.every) {
        pacs_matching_t  one = m;

        for (one.n = 1; m.n > 0; m.n--, one.wanted++) {
            put_cond(sql, p, &one, level);
            pacs_sql_put(sql, m.n > 1 ? " AND " : "");
        }

    } else {
        put_cond(sql, p, &m, level);
    }
}


/* a tree without recursion would need a stack of its own; the tree is made
 * by our code from a flat list of keys, and its depth is bounded here */
static void
put_pred(pacs_sql_t *sql, const pacs_pred_t *p, pacs_level_e level,
    unsigned depth)
{
    if (p->kind == PACS_P_TERM) {
        put_term(sql, p, level);
        return;
    }
    if (depth > 16) {
        sql->code = pacs_fail(sql->err, PACS_E_LIMIT, "query nested too deep");
        return;
    }

    pacs_sql_put(sql, p->kind == PACS_P_NOT ? "NOT (" : "(");
    pacs_sql_put(sql, p->kind == PACS_P_OR ? "1 = 0" : "1 = 1");
    for (const pacs_pred_t *c = p->child; c != NULL; c = c->next) {
        pacs_sql_put(sql, p->kind == PACS_P_OR ? " OR " : " AND ");
        put_pred(sql, c, level, depth + 1);
    }
    pacs_sql_put(sql, ")");
}


/* --- drivers --- */


static bool
has_prefixes(const pacs_matching_t *m)
{
    for (unsigned k = 0; k < m->n; k++) {
        const pacs_wanted_t  *w = &m->wanted[k];

        if (w->wild && pacs_sql_literal(w->text) == 0) {
            return false;
        }
    }
    return true;
}


static bool
can_drive(const pacs_pred_t *p, const pacs_limits_t *limits, pacs_arena_t *a,
    bool *unique)
{
    const pacs_attr_t  *attr = &pacs_attrs[p->attr];
    pacs_matching_t     m;

    if (p->kind != PACS_P_TERM || attr->path[1] != 0
        || (attr->match == PACS_MATCH_NAME && (p->how & PACS_HOW_FUZZY))
        || pacs_matching_parse(attr, p->value, p->how, limits, a, &m, NULL)
           != PACS_OK
        || m.universal || m.empty || m.grouped || !has_prefixes(&m))
    {
        return false;
    }

    for (unsigned i = 0; i < sizeof(indexed) / sizeof(indexed[0]); i++) {
        if (indexed[i].tag == attr->path[0]) {
            *unique = indexed[i].unique;
            return true;
        }
    }
    return false;
}


unsigned
pacs_sql_drivers(const pacs_query_t *q, pacs_driver_t *drivers,
    const pacs_limits_t *limits, pacs_arena_t *a)
{
    unsigned  n = 0;

    if (q->level == PACS_LEVEL_PATIENT || q->where == NULL
        || q->where->kind != PACS_P_AND)
    {
        return 0;
    }

    for (const pacs_pred_t *p = q->where->child;
         p != NULL && n < PACS_DRIVERS;
         p = p->next)
    {
        bool  unique;

        if (can_drive(p, limits, a, &unique)) {
            drivers[n++] = (pacs_driver_t) { .term = p, .unique = unique };
        }
    }
    return n;
}


/* rows of the driver's own table, as x; `what` of them */
static void
put_driver(pacs_sql_t *sql, const pacs_driver_t *driver, bool count)
{
    static const struct { const char *id, *from; } at[] = {
        [PACS_LEVEL_STUDY] = { "x.id", "study x" },
        [PACS_LEVEL_SERIES] = { "x.study", "series x" },
        [PACS_LEVEL_INSTANCE] = { "y.study", "instance x JOIN series y"
                                  " ON y.id = x.series" }
    };
    const pacs_attr_t  *attr = matched_attr(driver->term->attr);
    unsigned            level = attr->level == PACS_LEVEL_PATIENT
                                ? PACS_LEVEL_STUDY : attr->level;
    pacs_matching_t     m;
    int                 code = pacs_matching_parse(
                                   &pacs_attrs[driver->term->attr],
                                   driver->term->value, driver->term->how,
                                   sql->limits, sql->arena, &m, sql->err);

    if (code != PACS_OK) {
        sql->code = code;
        return;
    }

    /* once a study, not once a series */
    if (attr->path[0] == TAG_MODALITY && m.n == 1 && !m.wanted[0].wild) {
        pacs_buf_printf(&sql->text, "SELECT x.rank & %lld AS id"
                        " FROM study_modality x WHERE x.modality = ",
                        (long long) PACS_RANK_IDS);
        pacs_sql_value(sql, m.wanted[0].text);
        return;
    }

    pacs_buf_printf(&sql->text, "SELECT %s AS id FROM %s WHERE ",
                    count ? "1" : at[level].id, at[level].from);
    pacs_sql_conds[attr->match](sql, "x", attr, &m, false);
}


static int
finish(pacs_sql_t *sql)
{
    if (sql->code == PACS_OK && sql->text.failed) {
        sql->code = pacs_fail(sql->err, PACS_E_NOMEM, "out of memory");
    }
    return sql->code;
}


int
pacs_sql_probe(pacs_sql_t *sql, const pacs_driver_t *driver)
{
    pacs_sql_put(sql, "SELECT count(*) FROM (");
    put_driver(sql, driver, true);
    pacs_buf_printf(&sql->text, " LIMIT %d)", PACS_DRIVER_FEW + 1);
    return finish(sql);
}


static void
put_columns(pacs_sql_t *sql, pacs_level_e level)
{
    pacs_sql_put(sql, level == PACS_LEVEL_PATIENT ? "SELECT 0"
                                                  : "SELECT s.revision");

    for (unsigned i = 0; i < pacs_nattrs; i++) {
        const pacs_attr_t  *attr = &pacs_attrs[i];

        if (!pacs_attr_read(attr, level)) {
            continue;
        }
        if (attr->computed == PACS_COMPUTED_COUNT) {
            pacs_buf_printf(&sql->text, ", %s", attr->column);
            continue;
        }

        unsigned  own = attr->level == PACS_LEVEL_PATIENT
                        && level != PACS_LEVEL_PATIENT ? PACS_LEVEL_STUDY
                                                       : attr->level;

        pacs_sql_put(sql, ", ");
        pacs_sql_column(sql, alias[own], attr->column, "");
    }
}


/* the index that is in the order of a study's attribute */
static const char *
order_index(const pacs_query_t *q)
{
    static const struct { uint32_t tag; const char *name; } indexes[] = {
        { 0x00080020, "study_order" }, { 0x00100010, "study_patient_name" },
        { 0x00100020, "study_patient_id" }, { 0x00080050, "study_accession" },
        { 0x00100030, "study_birth_date" }, { 0x00080090, "study_referring" }
    };

    if (q->norder == 0) {
        return q->level == PACS_LEVEL_STUDY ? "study_walk" : "study_order";
    }
    for (unsigned i = 0; i < sizeof(indexes) / sizeof(indexes[0]); i++) {
        if (indexes[i].tag == pacs_attrs[q->order[0].attr].path[0]) {
            return indexes[i].name;
        }
    }
    return NULL;
}


static void
put_from(pacs_sql_t *sql, const pacs_query_t *q, const pacs_driver_t *driver,
    const pacs_ranked_t *ranked)
{
    const char  *index = order_index(q);

    if (driver != NULL) {
        pacs_sql_put(sql, " FROM (SELECT DISTINCT id FROM (");
        put_driver(sql, driver, false);
        pacs_sql_put(sql, ")) d CROSS JOIN study s ON s.id = d.id");

    } else if (ranked != NULL) {
        pacs_sql_put(sql, " FROM json_each(");
        pacs_sql_value(sql, ranked->ids);
        pacs_sql_put(sql, ") r CROSS JOIN study s ON s.id = r.value");

    } else {
        pacs_sql_put(sql, " FROM study s");
        if (sql->dialect->indexed != NULL && index != NULL) {
            pacs_sql_put(sql, sql->dialect->indexed);
            pacs_sql_put(sql, index);
        }
    }

}


static void
put_below(pacs_sql_t *sql, pacs_level_e level)
{
    pacs_sql_put(sql, level >= PACS_LEVEL_SERIES
                      ? " CROSS JOIN series e ON e.study = s.id" : "");
    pacs_sql_put(sql, level >= PACS_LEVEL_INSTANCE
                      ? " CROSS JOIN instance i ON i.series = e.id" : "");
}


static void
put_order(pacs_sql_t *sql, const pacs_query_t *q)
{
    static const char *const  newest = "s.study_date DESC, ";
    static const char *const  uids[] = {
        "p.patient_name_n, p.id", "s.uid", "s.uid, e.uid",
        "s.uid, e.uid, i.uid"
    };

    pacs_sql_put(sql, " ORDER BY ");
    if (q->norder == 0 && q->level != PACS_LEVEL_PATIENT) {
        pacs_sql_put(sql, newest);
    }

    for (unsigned i = 0; i < q->norder; i++) {
        const pacs_attr_t  *attr = &pacs_attrs[q->order[i].attr];
        const char         *a = alias[attr->level == PACS_LEVEL_PATIENT
                                      && q->level != PACS_LEVEL_PATIENT
                                      ? PACS_LEVEL_STUDY : attr->level];
        bool                number = attr->match == PACS_MATCH_NUMBER;

        pacs_sql_put(sql, number ? "CAST(" : "");
        pacs_sql_column(sql, a, attr->column,
                        number ? " AS REAL)"
                        : attr->match == PACS_MATCH_NAME ? "_n" : "");
        pacs_sql_put(sql, q->order[i].down ? " DESC, " : ", ");
    }
    pacs_sql_put(sql, uids[q->level]);
}


/* what came later does not count */
static void
put_upto(pacs_sql_t *sql, const pacs_query_t *q)
{
    unsigned  first = q->level == PACS_LEVEL_PATIENT ? PACS_LEVEL_PATIENT
                                                     : PACS_LEVEL_STUDY;

    for (unsigned l = first; q->upto != NULL && l <= q->level; l++) {
        pacs_sql_put(sql, " AND ");
        pacs_sql_column(sql, alias[l], "id", " <= ");
        pacs_sql_number(sql, (double) q->upto[l]);
    }
}


int
pacs_sql_ranks(pacs_sql_t *sql, const pacs_query_t *q,
    const pacs_ranked_t *r)
{
    static const struct { const char *from, *rank, *is; } tables[] = {
        [PACS_RANKED_NAME] = { "study_name", "r.rowid",
                               "r.study_name MATCH " },
        [PACS_RANKED_WORD] = { "study_word", "r.rowid",
                               "r.study_word MATCH " },
        [PACS_RANKED_MODALITY] = { "study_modality", "r.rank",
                                   "r.modality = " }
    };
    const char  *rank = tables[r->kind].rank;

    pacs_buf_printf(&sql->text, "SELECT %s FROM %s r CROSS JOIN study s"
                    " ON s.id = %s & %lld", rank, tables[r->kind].from, rank,
                    (long long) PACS_RANK_IDS);
    put_below(sql, q->level);
    pacs_buf_printf(&sql->text, " WHERE %s", tables[r->kind].is);
    pacs_sql_value(sql, r->wanted);
    pacs_buf_printf(&sql->text, " AND %s >= ", rank);
    pacs_sql_rank(sql, r->low);
    pacs_buf_printf(&sql->text, " AND %s <= ", rank);
    pacs_sql_rank(sql, r->high);
    pacs_sql_put(sql, " AND ");
    put_pred(sql, q->where, q->level, 0);
    put_upto(sql, q);
    pacs_buf_printf(&sql->text, " ORDER BY %s", rank);
    return finish(sql);
}


int
pacs_sql_query(pacs_sql_t *sql, const pacs_query_t *q,
    const pacs_driver_t *driver, const pacs_ranked_t *ranked, uint32_t limit)
{
    put_columns(sql, q->level);
    if (q->level == PACS_LEVEL_PATIENT) {
        pacs_sql_put(sql, " FROM patient p");
    } else {
        put_from(sql, q, driver, ranked);
        put_below(sql, q->level);
    }
    pacs_sql_put(sql, " WHERE ");
    if (q->where != NULL) {
        put_pred(sql, q->where, q->level, 0);
    } else {
        pacs_sql_put(sql, "1 = 1");
    }
    put_upto(sql, q);
    put_order(sql, q);
    pacs_sql_put(sql, " LIMIT ");
    pacs_sql_number(sql, limit);
    pacs_sql_put(sql, " OFFSET ");
    pacs_sql_number(sql, q->offset);
    return finish(sql);
}
