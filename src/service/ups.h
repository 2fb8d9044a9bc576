/* SPDX-License-Identifier: BSD-2-Clause */

/* Unified Procedure Steps, PS3.4 Annex CC: what their files share. */

#ifndef PACS_SERVICE_UPS_H
#define PACS_SERVICE_UPS_H

#include "service/document.h"

#define PACS_UPS_CLASS     "1.2.840.10008.5.1.4.34.6.1"     /* Push */
#define PACS_UPS_GLOBAL    "1.2.840.10008.5.1.4.34.5"
#define PACS_UPS_FILTERED  "1.2.840.10008.5.1.4.34.5.1"

enum {
    PACS_UPS_TRANSACTION = 0x00081195, PACS_UPS_STATE = 0x00741000,
    PACS_UPS_READINESS = 0x00404041, PACS_UPS_PROGRESS = 0x00741002,
    PACS_UPS_CANCELED = 0x00404052, PACS_UPS_REASON = 0x00741238,
    PACS_UPS_REASON_CODE = 0x0074100E, PACS_UPS_CONTACT = 0x0074100A,
    PACS_UPS_CONTACT_NAME = 0x0074100C, PACS_UPS_STATIONS = 0x00404025,
    PACS_UPS_WORKLIST = 0x00741202, PACS_UPS_PERFORMERS = 0x00404034,
    PACS_UPS_REQUESTER = 0x00741236
};

extern const pacs_rules_t  pacs_ups_rules;     /* table CC.2.5-3 */

/* --- ups_events.c --- */

typedef enum {
    PACS_UPS_EVENT_STATE = 1, PACS_UPS_EVENT_CANCEL, PACS_UPS_EVENT_PROGRESS,
    PACS_UPS_EVENT_ASSIGNED = 5
} pacs_ups_event_e;

typedef struct {
    pacs_op_t     *op;
    pacs_str_t    *receivers;       /* AE titles */
    unsigned       n;
    pacs_event_t  *events;
    unsigned       nevents, room;
} pacs_ups_said_t;

/* who is to hear of workitem d, which was made at created_us */
int pacs_ups_receivers(pacs_ups_said_t *s, pacs_str_t uid,
    int64_t created_us, pacs_err_t *err);
/* to all receivers; attributes are taken from `of` */
int pacs_ups_say(pacs_ups_said_t *s, pacs_ups_event_e type, pacs_str_t uid,
    const pacs_item_t *of, pacs_err_t *err);
/* filtered subscriptions that a new workitem matches, each made one of its
 * own; what is to be said to them */
int pacs_ups_subscribe_new(pacs_op_t *op, const pacs_document_t *d,
    pacs_err_t *err);

#endif
