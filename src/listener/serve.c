/* SPDX-License-Identifier: BSD-2-Clause */

/* One association, in a process of its own: commands come in, handlers
 * answer, one line goes to the log. */

#include <string.h>
#include <unistd.h>

#ifdef PACS_ASAN
#include <sanitizer/lsan_interface.h>
#endif

#include "listener/listener.h"

enum { COMMAND_MAX = 65536, STATUS_UNRECOGNIZED = 0x0211 };

typedef pacs_link_e (*handler_pt)(pacs_serve_t *s, uint8_t context,
    const pacs_command_t *c);

volatile sig_atomic_t  pacs_draining;


static void
drain(int signo)
{
    pacs_draining = 1;
}


pacs_link_e
pacs_serve_respond(pacs_serve_t *s, uint8_t context, const pacs_command_t *c,
    uint16_t status, const char *comment)
{
    pacs_buf_t   b = { 0 };
    pacs_link_e  rc = PACS_LINK_PROTOCOL;

    pacs_command_respond(&b, c, status, comment);

    if (b.failed) {
        pacs_fail(&s->err, PACS_E_NOMEM, "no memory for a response");
    } else {
        rc = pacs_link_write(s->link, context, b.data, b.len, &s->err);
    }

    pacs_buf_free(&b);
    return rc;
}


static pacs_link_e
echo(pacs_serve_t *s, uint8_t context, const pacs_command_t *c)
{
    s->echoes++;
    return pacs_serve_respond(s, context, c, 0, NULL);
}


/* PS3.7 9.3.2.3: for operations that send several responses; there are
 * none here, and a cancel that comes too late has no answer */
static pacs_link_e
cancel(pacs_serve_t *s, uint8_t context, const pacs_command_t *c)
{
    return PACS_LINK_OK;
}


static pacs_link_e
unrecognized(pacs_serve_t *s, uint8_t context, const pacs_command_t *c)
{
    pacs_pdv_t  pdv = { .last = !c->dataset };

    while (!pdv.last) {
        pacs_link_e  rc = pacs_link_read(s->link, false, &pdv, &s->err);

        if (rc != PACS_LINK_OK) {
            return rc;
        }
    }

    return pacs_serve_respond(s, context, c, STATUS_UNRECOGNIZED, NULL);
}


static const struct {
    uint16_t    field;
    handler_pt  handle;
    bool        dataset;            /* must one follow */
} handlers[] = {
    { PACS_C_STORE_RQ,  pacs_serve_store, true },
    { PACS_C_ECHO_RQ,   echo,             false },
    { PACS_C_CANCEL_RQ, cancel,           false },
};


static pacs_link_e
dispatch(pacs_serve_t *s, uint8_t context, const pacs_command_t *c)
{
    if (c->field & PACS_DIMSE_RSP) {
        pacs_fail(&s->err, PACS_E_PARSE, "a response (%04X) that nobody "
                  "waits for", c->field);
        return PACS_LINK_PROTOCOL;
    }

    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (handlers[i].field != c->field) {
            continue;
        }

        if (handlers[i].dataset != c->dataset) {
            pacs_fail(&s->err, PACS_E_PARSE, "command %04X with%s a data set",
                      c->field, c->dataset ? "" : "out");
            return PACS_LINK_PROTOCOL;
        }

        return handlers[i].handle(s, context, c);
    }

    return unrecognized(s, context, c);
}


/* a command set, which may come in several PDVs */
static pacs_link_e
read_command(pacs_serve_t *s, uint8_t *context, pacs_command_t *c)
{
    uint8_t     set[COMMAND_MAX];
    size_t      len = 0;
    pacs_pdv_t  pdv = { 0 };

    while (!pdv.last) {
        bool         first = len == 0;
        pacs_link_e  rc = pacs_link_read(s->link, first, &pdv, &s->err);

        if (rc != PACS_LINK_OK) {
            return rc;
        }

        if (!pdv.command || pacs_link_context(s->link, pdv.context) == NULL
            || (!first && pdv.context != *context)
            || pdv.len > sizeof(set) - len)
        {
            pacs_fail(&s->err, PACS_E_PARSE, "%s where a command is due, "
                      "presentation context %d, %zu bytes",
                      pdv.command ? "a command" : "a data set", pdv.context,
                      pdv.len);
            return PACS_LINK_PROTOCOL;
        }

        *context = pdv.context;
        memcpy(set + len, pdv.data, pdv.len);
        len += pdv.len;
    }

    return pacs_command_parse(set, len, c, &s->err) == PACS_OK
           ? PACS_LINK_OK : PACS_LINK_PROTOCOL;
}


static pacs_link_e
converse(pacs_serve_t *s)
{
    pacs_command_t  c;
    uint8_t         context = 0;
    pacs_link_e     rc;

    do {
        rc = read_command(s, &context, &c);

        if (rc == PACS_LINK_OK) {
            rc = dispatch(s, context, &c);
        }
    } while (rc == PACS_LINK_OK);

    return rc;
}


static void
log_end(const pacs_serve_t *s, pacs_link_e how, int64_t started_us)
{
    const pacs_env_t *env = &s->listener->service.env;
    int64_t           ms = (env->now_us(env->ctx) - started_us) / 1000;
    bool              came = s->link != NULL
                             && *pacs_link_calling(s->link) != '\0';
    /* who only connects and closes looks whether the port is open */
    bool              fine = how == PACS_LINK_RELEASED
                             || how == PACS_LINK_DRAINED
                             || (how == PACS_LINK_CLOSED && !came);

    pacs_log(env, fine ? PACS_LOG_INFO : PACS_LOG_WARN,
             "association %s%s%s: %llu stored, %llu known, %llu refused, "
             "%llu echo, %llu bytes, %lld.%03lld s, \"%s\" to \"%s\", "
             "client: %.*s", pacs_link_text[how],
             s->err.code != PACS_OK ? ", " : "", s->err.text,
             (unsigned long long) s->stored, (unsigned long long) s->same,
             (unsigned long long) s->refused, (unsigned long long) s->echoes,
             (unsigned long long) s->bytes, (long long) ms / 1000,
             (long long) ms % 1000,
             came ? pacs_link_calling(s->link) : "",
             came ? pacs_link_called(s->link) : "",
             pacs_fmt(s->subject.address));
}


_Noreturn void
pacs_child_end(int code)
{
#ifdef PACS_ASAN
    __lsan_do_leak_check();         /* _exit() does none */
#endif
    _exit(code);
}


void
pacs_serve(const pacs_listener_t *l, int fd, const char *address)
{
    pacs_serve_t      s = { .listener = l };
    int64_t           started_us = l->service.env.now_us(l->service.env.ctx);
    struct sigaction  sa = { .sa_handler = drain };
    pacs_link_e       how;

    for (const int *stop = pacs_stop_signals; *stop != 0; stop++) {
        sigaction(*stop, &sa, NULL);
    }

    s.subject.address = pacs_cstr(address);
    s.subject.door = pacs_lit("dimse");
    s.subject.user = pacs_lit("");

    how = pacs_link_accept(fd, l, &s.link, &s.err);

    if (how == PACS_LINK_OK) {
        s.subject.ae = pacs_cstr(pacs_link_calling(s.link));
        how = converse(&s);
    }

    log_end(&s, how, started_us);

    pacs_link_close(s.link, how);
    if (s.service != NULL) {
        pacs_service_close(s.service);
    }
}
