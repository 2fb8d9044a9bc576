/* SPDX-License-Identifier: BSD-2-Clause */

/* Requirement types of normalized SOP classes, PS3.4 5.4.2, by tables. */

#include "service/document.h"


static bool
has_value(const pacs_elem_t *e)
{
    return e != NULL && (e->vr == PACS_SQ ? e->items != NULL
                                          : e->length != 0);
}


static int
say(pacs_err_t *err, int code, const pacs_rule_t *rule, const char *what)
{
    const pacs_tag_t *t = pacs_tag(rule->tag);
    const pacs_tag_t *sq = rule->sequence == 0 ? NULL
                           : pacs_tag(rule->sequence);

    return pacs_fail(err, code, "%s%s%s (%04X,%04X) %s",
                     sq != NULL ? sq->keyword : "", sq != NULL ? "." : "",
                     t != NULL ? t->keyword : "attribute",
                     (unsigned) (rule->tag >> 16),
                     (unsigned) (rule->tag & 0xffff), what);
}


static bool
listed(const char *values, pacs_str_t value)
{
    pacs_str_t  rest = pacs_cstr(values), one;

    while (pacs_str_split(&rest, '\\', &one)) {
        if (pacs_str_eq(one, value)) {
            return true;
        }
    }
    return false;
}


/* --- requests --- */

typedef struct {
    pacs_arena_t *arena;
    bool          create;           /* else: set */
    bool          modified;
    pacs_err_t   *err;
} request_t;


static int
add_empty(request_t *q, pacs_item_t *item, uint32_t tag)
{
    const pacs_tag_t *t = pacs_tag(tag);
    bool              good = t->vr == PACS_SQ
                             ? pacs_item_sequence(item, tag, true, q->arena)
                               != NULL
                             : pacs_item_text(item, tag, pacs_null, q->arena);

    q->modified = true;
    return good ? PACS_OK : pacs_fail(q->err, PACS_E_NOMEM, "out of memory");
}


/* one attribute against its letter */
static int
check(request_t *q, const pacs_rule_t *rule, pacs_item_t *item)
{
    const pacs_elem_t *e = pacs_elem(item, rule->tag);
    char               letter = q->create ? rule->create : rule->set;
    bool               value = has_value(e);

    if (letter == '2' && e == NULL) {
        return add_empty(q, item, rule->tag);
    }
    if ((letter == '1' || (letter == 'V' && e != NULL)) && !value) {
        return say(q->err, PACS_E_ARG, rule, "must have a value");
    }
    if (letter == 'E' && value) {
        return say(q->err, PACS_E_ARG, rule, "must be empty");
    }
    if (letter == 'X' && e != NULL) {
        return say(q->err, PACS_E_ARG, rule, "is not allowed");
    }

    if (value && rule->values != NULL
        && !listed(rule->values, pacs_elem_raw(item, rule->tag)))
    {
        return say(q->err, PACS_E_ARG, rule, "has a value that it cannot "
                   "have");
    }
    return PACS_OK;
}


/* in each item that the rule speaks of */
static int
check_items(request_t *q, const pacs_rule_t *rule, pacs_item_t *root)
{
    pacs_item_t *outer = rule->within == 0 ? root
                         : (pacs_item_t *) pacs_elem_item(root, rule->within);
    int          rc = PACS_OK;

    if (rule->sequence == 0) {
        return check(q, rule, root);
    }

    for (; rc == PACS_OK && outer != NULL;
         outer = rule->within == 0 ? NULL : outer->next)
    {
        for (pacs_item_t *i = (pacs_item_t *) pacs_elem_item(outer,
                                                             rule->sequence);
             rc == PACS_OK && i != NULL;
             i = i->next)
        {
            rc = check(q, rule, i);
        }
    }
    return rc;
}


static int
check_all(request_t *q, const pacs_rules_t *r, pacs_item_t *root)
{
    int  rc = PACS_OK;

    for (unsigned i = 0; rc == PACS_OK && i < r->n; i++) {
        rc = check_items(q, &r->rules[i], root);
    }
    return rc;
}


int
pacs_rules_create(const pacs_rules_t *r, pacs_item_t *root, pacs_arena_t *a,
    bool *modified, pacs_err_t *err)
{
    request_t  q = { .arena = a, .create = true, .err = err };
    int        rc = check_all(&q, r, root);

    *modified = q.modified;
    return rc;
}


int
pacs_rules_set(const pacs_rules_t *r, pacs_item_t *changes, pacs_arena_t *a,
    pacs_err_t *err)
{
    request_t  q = { .arena = a, .err = err };

    return check_all(&q, r, changes);
}


/* --- the final state --- */

static bool
is_met(const pacs_rule_t *rule, const pacs_item_t *item, bool completed)
{
    const pacs_elem_t *e = pacs_elem(item, rule->tag);

    switch (rule->final) {
    case 'R':
        return has_value(e);
    case 'P':
        return !completed || has_value(e);
    case 'Q':
        return !completed || e != NULL;
    case 'C':
        return completed || has_value(e);
    default:
        return true;
    }
}


int
pacs_rules_final(const pacs_rules_t *r, const pacs_item_t *root,
    bool completed, pacs_err_t *err)
{
    for (unsigned i = 0; i < r->n; i++) {
        const pacs_rule_t  *rule = &r->rules[i];
        const pacs_item_t  *item = rule->sequence == 0 ? root
                                   : pacs_elem_item(root, rule->sequence);

        for (; item != NULL && rule->final != '-';
             item = rule->sequence == 0 ? NULL : item->next)
        {
            if (!is_met(rule, item, completed)) {
                return say(err, PACS_E_CONFLICT, rule, completed
                           ? "is needed before a step ends"
                           : "is needed before a step is CANCELED");
            }
        }
    }
    return PACS_OK;
}
