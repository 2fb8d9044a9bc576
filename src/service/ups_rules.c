/* SPDX-License-Identifier: BSD-2-Clause */

/* PS3.4 table CC.2.5-3: what a workitem must, may and must not have when it
 * is created, changed and finished.  Attributes that are optional
 * everywhere have no row. */

#include "service/ups.h"

static const pacs_rule_t  rules[] = {
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

const pacs_rules_t  pacs_ups_rules = { rules,
                                       sizeof(rules) / sizeof(rules[0]) };
