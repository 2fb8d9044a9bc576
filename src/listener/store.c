/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * C-STORE: every fragment goes as it came into the store, behind a file
 * meta made of what the command and the presentation context say.  That
 * meta makes the scan compare the command's UIDs with the data set's before
 * anything is committed.
 */

#include <string.h>

#include "listener/listener.h"

enum { STATUS_CLASS_REFUSED = 0x0122, STATUS_MISMATCH = 0xa900 };


/* shared by all instances of the association */
static int
open_service(pacs_serve_t *s, pacs_err_t *err)
{
    return s->service != NULL
           ? PACS_OK
           : pacs_service_open(&s->listener->service, &s->service, err);
}


static int
write_meta(pacs_serve_t *s, const pacs_context_t *pc, const pacs_command_t *c,
    pacs_store_t *st, pacs_err_t *err)
{
    pacs_buf_t  b = { 0 };
    int         rc;

    pacs_write_meta(&b, pacs_cstr(c->class_uid), pacs_cstr(c->instance_uid),
                    pacs_cstr(pc->syntax_uid), s->subject.ae);

    rc = b.failed
         ? pacs_fail(err, PACS_E_NOMEM, "no memory for a file meta")
         : pacs_store_write(st, b.data, b.len, err);

    pacs_buf_free(&b);
    return rc;
}


static int
begin(pacs_serve_t *s, const pacs_context_t *pc, const pacs_command_t *c,
    pacs_store_t **st, pacs_err_t *err)
{
    int  rc;

    if (c->instance_uid[0] == '\0' || c->class_uid[0] == '\0') {
        return pacs_fail(err, PACS_E_IDENT, "the command names no SOP %s",
                         c->class_uid[0] == '\0' ? "Class" : "Instance");
    }

    if (c->bad_uid) {
        return pacs_fail(err, PACS_E_IDENT, "the command's SOP Class or "
                         "Instance UID is no UID");
    }

    if ((rc = open_service(s, err)) != PACS_OK
        || (rc = pacs_store_begin(s->service, &s->subject, pacs_null, st,
                                  err)) != PACS_OK)
    {
        return rc;
    }

    pacs_store_commanded(*st);

    if ((rc = write_meta(s, pc, c, *st, err)) != PACS_OK) {
        pacs_store_abort(*st);
        *st = NULL;
    }

    return rc;
}


/* the whole data set is read, also when it is not (or no more) wanted */
static pacs_link_e
receive(pacs_serve_t *s, uint8_t context, pacs_store_t **st, pacs_err_t *err)
{
    pacs_pdv_t  pdv = { 0 };

    while (!pdv.last) {
        pacs_link_e  rc = pacs_link_read(s->link, false, &pdv, &s->err);

        if (rc != PACS_LINK_OK) {
            return rc;
        }

        if (pdv.command || pdv.context != context) {
            pacs_fail(&s->err, PACS_E_PARSE, "%s of presentation context %d "
                      "within a data set of %d",
                      pdv.command ? "a command" : "a fragment", pdv.context,
                      context);
            return PACS_LINK_PROTOCOL;
        }

        s->bytes += pdv.len;

        if (*st != NULL
            && pacs_store_write(*st, pdv.data, pdv.len, err) != PACS_OK)
        {
            pacs_store_abort(*st);
            *st = NULL;
        }
    }

    return PACS_LINK_OK;
}


static bool
mismatch(const pacs_command_t *c, const pacs_stored_t *out)
{
    return (out->instance[0] != '\0'
            && strcmp(out->instance, c->instance_uid) != 0)
           || (out->class_uid[0] != '\0'
               && strcmp(out->class_uid, c->class_uid) != 0);
}


static pacs_link_e
refuse(pacs_serve_t *s, uint8_t context, const pacs_command_t *c,
    uint16_t status, const char *reason)
{
    s->refused++;

    pacs_log(&s->listener->service.env, PACS_LOG_WARN,
             "C-STORE refused %04X: %s, instance: %s, \"%.*s\", client: %.*s",
             status, reason, c->instance_uid, pacs_fmt(s->subject.ae),
             pacs_fmt(s->subject.address));

    return pacs_serve_respond(s, context, c, status, reason);
}


pacs_link_e
pacs_serve_store(pacs_serve_t *s, uint8_t context, const pacs_command_t *c)
{
    const pacs_context_t *pc = pacs_link_context(s->link, context);
    pacs_store_t         *st = NULL;
    pacs_stored_t         out = { 0 };
    pacs_err_t            err = { 0 };
    bool                  served = strcmp(pc->class_uid, c->class_uid) == 0
                                   && pacs_class_is_storage(
                                          pacs_cstr(c->class_uid));

    if (served) {
        begin(s, pc, c, &st, &err);
    }

    pacs_link_e  rc = receive(s, context, &st, &err);

    if (rc != PACS_LINK_OK) {
        if (st != NULL) {
            pacs_store_abort(st);
        }
        return rc;
    }

    if (!served) {
        return refuse(s, context, c, STATUS_CLASS_REFUSED,
                      "SOP Class is not the one of the presentation context");
    }

    if (st != NULL) {
        pacs_store_finish(st, &out, &err);
    }

    if (err.code != PACS_OK) {
        return refuse(s, context, c,
                      err.code == PACS_E_IDENT && mismatch(c, &out)
                      ? STATUS_MISMATCH : pacs_codes[err.code].dimse,
                      err.text);
    }

    s->stored += out.how == PACS_STORED_NEW;
    s->same += out.how == PACS_STORED_SAME;

    return pacs_serve_respond(s, context, c, 0, NULL);
}
