/* SPDX-License-Identifier: BSD-2-Clause */

/* PS3.4 table CC.2.5-3: what a workitem must, may and must not have when it
 * is created, changed and finished.  Attributes that are optional
 * everywhere have no row. */

#include <string.h>

#include "service/ups.h"

/*
 * create  1 a value, 2 is added empty, 3 optional, E empty if there, X none
 * set     3 optional, 1 a value if there, X not to be changed
 * final   R a value, P a value to be COMPLETED, C a value to be CANCELED,
 *         Q must be there to be COMPLETED, - nothing
 */
static const struct {
    uint32_t     sequence;      /* whose items have it; 0: the workitem */
    uint32_t     tag;
    char         create, set, final;
    const char  *values;        /* one of these */
} rules[] = {
    { 0, 0x00001000, 'X', 'X', '-', NULL },  /* Affected SOP Instance UID */
    { 0, 0x00080016, '3', 'X', 'R', PACS_UPS_CLASS },
    { 0, 0x00080018, '3', 'X', 'R', NULL },
    { 0, 0x00081195, 'E', '3', '-', NULL },  /* Transaction UID */

    /* scheduled procedure information */
    { 0, 0x00741200, '1', '1', 'R', "HIGH\\MEDIUM\\LOW" },
    { 0, 0x00404010, '3', '3', 'R', NULL },  /* Modification DateTime */
    { 0, 0x00741204, '1', '1', '-', NULL },  /* Procedure Step Label */
    { 0, 0x00741202, '2', '3', '-', NULL },  /* Worklist Label */
    { 0, 0x00741210, '2', '3', '-', NULL },  /* Processing Parameters */
    { 0, 0x00404025, '2', '3', '-', NULL },  /* Station Name Code */
    { 0, 0x00404026, '2', '3', '-', NULL },  /* Station Class Code */
    { 0, 0x00404027, '2', '3', '-', NULL },  /* Station Location Code */
    { 0x00404034, 0x00404009, '1', '1', '-', NULL },  /* Human Performer */
    { 0x00404034, 0x00404037, '1', '1', '-', NULL },
    { 0x00404034, 0x00404036, '1', '1', '-', NULL },
    { 0, 0x00404005, '1', '1', 'R', NULL },  /* Start DateTime */
    { 0, 0x00404018, '2', '3', '-', NULL },  /* Workitem Code */
    { 0, 0x00400400, '2', '3', '-', NULL },  /* Comments */
    { 0, 0x00404041, '1', '1', 'R', "INCOMPLETE\\UNAVAILABLE\\READY" },
    { 0, 0x00404021, '2', '3', '-', NULL },  /* Input Information */

    /* relationship */
    { 0, 0x00100010, '2', 'X', '-', NULL },
    { 0, 0x00100020, '2', 'X', '-', NULL },
    { 0, 0x00100021, '2', 'X', '-', NULL },
    { 0, 0x00100024, '2', 'X', '-', NULL },
    { 0, 0x00101002, '2', '3', '-', NULL },
    { 0, 0x00100030, '2', 'X', '-', NULL },
    { 0, 0x00100040, '2', 'X', '-', NULL },
    { 0, 0x00380010, '2', 'X', '-', NULL },
    { 0, 0x00380014, '2', 'X', '-', NULL },
    { 0, 0x00081080, '2', 'X', '-', NULL },
    { 0, 0x00081084, '2', 'X', '-', NULL },
    { 0, 0x0040A370, '2', 'X', '-', NULL },  /* Referenced Request */
    { 0x0040A370, 0x0020000D, '1', '1', '-', NULL },
    { 0, 0x00741224, '3', 'X', '-', NULL },  /* Replaced Procedure Step */
    { 0x00741224, 0x00081150, '1', '1', '-', NULL },
    { 0x00741224, 0x00081155, '1', '1', '-', NULL },

    /* codes: macro CC.2.5-2a */
    { 0x00404018, 0x00080104, '1', '1', '-', NULL },
    { 0x00404025, 0x00080104, '1', '1', '-', NULL },
    { 0x00404026, 0x00080104, '1', '1', '-', NULL },
    { 0x00404027, 0x00080104, '1', '1', '-', NULL },

    /* progress */
    { 0, 0x00741000, '1', 'X', 'R', "SCHEDULED\\IN PROGRESS\\COMPLETED"
                                    "\\CANCELED" },
    { 0, 0x00741002, 'E', '3', 'C', NULL },
    { 0x00741002, 0x00404052, '3', '3', 'C', NULL },
    { 0x00741002, 0x0074100E, '3', '3', 'C', NULL },

    /* performed procedure information */
    { 0, 0x00741216, 'E', '3', 'P', NULL },
    { 0x00741216, 0x00404028, '3', '3', 'P', NULL },
    { 0x00741216, 0x00404050, '3', '3', 'P', NULL },
    { 0x00741216, 0x00404051, '3', '3', 'P', NULL },
    { 0x00741216, 0x00404019, '3', '3', 'P', NULL },
    { 0x00741216, 0x00404033, '3', '3', 'Q', NULL }
};

enum { RULES = sizeof(rules) / sizeof(rules[0]) };


static bool
has_value(const pacs_elem_t *e)
{
    return e != NULL && (e->vr == PACS_SQ ? e->items != NULL
                                          : e->length != 0);
}


static int
say(pacs_err_t *err, int code, unsigned rule, const char *what)
{
    const pacs_tag_t *t = pacs_tag(rules[rule].tag);
    const pacs_tag_t *sq = pacs_tag(rules[rule].sequence);

    return pacs_fail(err, code, "%s%s%s (%04X,%04X) %s",
                     sq != NULL ? sq->keyword : "", sq != NULL ? "." : "",
                     t != NULL ? t->keyword : "attribute",
                     (unsigned) (rules[rule].tag >> 16),
                     (unsigned) (rules[rule].tag & 0xffff), what);
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
check(unsigned rule, const pacs_item_t *item, char letter, pacs_err_t *err)
{
    const pacs_elem_t *e = pacs_elem(item, rules[rule].tag);
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

    if (value && rules[rule].values != NULL
        && !listed(rules[rule].values, pacs_elem_raw(item, rules[rule].tag)))
    {
        return say(err, PACS_E_ARG, rule, "has a value that it cannot have");
    }
    return PACS_OK;
}


/* the items that a rule speaks of: the workitem itself, or a sequence's */
static const pacs_item_t *
first_item(unsigned rule, const pacs_item_t *root)
{
    return rules[rule].sequence == 0
           ? root : pacs_elem_item(root, rules[rule].sequence);
}


static const pacs_item_t *
next_item(unsigned rule, const pacs_item_t *item)
{
    return rules[rule].sequence == 0 ? NULL : item->next;
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
pacs_ups_check_create(pacs_item_t *root, pacs_arena_t *a, bool *modified,
    pacs_err_t *err)
{
    int  rc = PACS_OK;

    *modified = false;

    for (unsigned i = 0; rc == PACS_OK && i < RULES; i++) {
        for (const pacs_item_t *item = first_item(i, root);
             rc == PACS_OK && item != NULL;
             item = next_item(i, item))
        {
            rc = check(i, item, rules[i].create, err);
        }

        if (rc == PACS_OK && rules[i].create == '2'
            && pacs_elem(root, rules[i].tag) == NULL)
        {
            *modified = true;
            rc = add_empty(root, rules[i].tag, a, err);
        }
    }

    if (rc == PACS_OK
        && !pacs_str_is(pacs_elem_raw(root, PACS_UPS_STATE), "SCHEDULED"))
    {
        rc = pacs_fail(err, PACS_E_ARG, "ProcedureStepState (0074,1000) of a "
                       "new workitem must be SCHEDULED");
    }
    return rc;
}


int
pacs_ups_check_set(const pacs_item_t *changes, pacs_err_t *err)
{
    int  rc = PACS_OK;

    for (unsigned i = 0; rc == PACS_OK && i < RULES; i++) {
        for (const pacs_item_t *item = first_item(i, changes);
             rc == PACS_OK && item != NULL;
             item = next_item(i, item))
        {
            /* what is not there is not changed; an item is replaced whole */
            if (rules[i].sequence != 0
                || pacs_elem(item, rules[i].tag) != NULL)
            {
                rc = check(i, item, rules[i].set, err);
            }
        }
    }
    return rc;
}


static bool
is_met(unsigned rule, const pacs_item_t *item, bool completed)
{
    const pacs_elem_t *e = pacs_elem(item, rules[rule].tag);

    switch (rules[rule].final) {
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
pacs_ups_check_final(const pacs_item_t *root, bool completed, pacs_err_t *err)
{
    for (unsigned i = 0; i < RULES; i++) {
        for (const pacs_item_t *item = first_item(i, root);
             item != NULL;
             item = next_item(i, item))
        {
            if (!is_met(i, item, completed)) {
                return say(err, PACS_E_CONFLICT, i, completed
                           ? "is needed before a workitem is COMPLETED"
                           : "is needed before a workitem is CANCELED");
            }
        }
    }
    return PACS_OK;
}
