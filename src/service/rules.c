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


/* one attribute of a request against its letter */
static int
check(const pacs_rule_t *rule, const pacs_item_t *item, char letter,
    pacs_err_t *err)
{
    const pacs_elem_t *e = pacs_elem(item, rule->tag);
    bool               value = has_value(e);

    if (letter == '1' && !value) {
        return say(err, PACS_E_ARG, rule, "must have a value");
    }
    if (letter == 'E' && value) {
        return say(err, PACS_E_ARG, rule, "must be empty");
    }
    if (letter == 'X' && e != NULL) {
        return say(err, PACS_E_ARG, rule, "is not allowed");
    }

    if (value && rule->values != NULL
        && !listed(rule->values, pacs_elem_raw(item, rule->tag)))
    {
        return say(err, PACS_E_ARG, rule, "has a value that it cannot have");
    }
    return PACS_OK;
}


/* the items that a rule speaks of: the workitem itself, or a sequence's */
static const pacs_item_t *
first_item(const pacs_rule_t *rule, const pacs_item_t *root)
{
    return rule->sequence == 0
           ? root : pacs_elem_item(root, rule->sequence);
}


static const pacs_item_t *
next_item(const pacs_rule_t *rule, const pacs_item_t *item)
{
    return rule->sequence == 0 ? NULL : item->next;
}


static int
add_empty(pacs_item_t *root, uint32_t tag, pacs_arena_t *a, pacs_err_t *err)
{
    const pacs_tag_t *t = pacs_tag(tag);
    bool              good = t->vr == PACS_SQ
                             ? pacs_item_sequence(root, tag, true, a) != NULL
                             : pacs_item_text(root, tag, pacs_null, a);

    return good ? PACS_OK : pacs_fail(err, PACS_E_NOMEM, "out of memory");
}


int
pacs_rules_create(const pacs_rules_t *r, pacs_item_t *root, pacs_arena_t *a,
    bool *modified, pacs_err_t *err)
{
    int  rc = PACS_OK;

    *modified = false;

    for (unsigned i = 0; rc == PACS_OK && i < r->n; i++) {
        for (const pacs_item_t *item = first_item(&r->rules[i], root);
             rc == PACS_OK && item != NULL;
             item = next_item(&r->rules[i], item))
        {
            rc = check(&r->rules[i], item, r->rules[i].create, err);
        }

        if (rc == PACS_OK && r->rules[i].create == '2'
            && r->rules[i].sequence == 0
            && pacs_elem(root, r->rules[i].tag) == NULL)
        {
            *modified = true;
            rc = add_empty(root, r->rules[i].tag, a, err);
        }
    }
    return rc;
}


int
pacs_rules_set(const pacs_rules_t *r, const pacs_item_t *changes,
    pacs_err_t *err)
{
    int  rc = PACS_OK;

    for (unsigned i = 0; rc == PACS_OK && i < r->n; i++) {
        for (const pacs_item_t *item = first_item(&r->rules[i], changes);
             rc == PACS_OK && item != NULL;
             item = next_item(&r->rules[i], item))
        {
            /* what is not there is not changed; an item is replaced whole */
            if (r->rules[i].sequence != 0
                || pacs_elem(item, r->rules[i].tag) != NULL)
            {
                rc = check(&r->rules[i], item, r->rules[i].set, err);
            }
        }
    }
    return rc;
}


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
        for (const pacs_item_t *item = first_item(&r->rules[i], root);
             item != NULL;
             item = next_item(&r->rules[i], item))
        {
            if (!is_met(&r->rules[i], item, completed)) {
                return say(err, PACS_E_CONFLICT, &r->rules[i], completed
                           ? "is needed before a step ends"
                           : "is needed before a step is CANCELED");
            }
        }
    }
    return PACS_OK;
}
