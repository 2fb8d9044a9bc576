/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * listener: pacs-listener, the DIMSE daemon (PS3.7, PS3.8).  The parent
 * accepts, forks one child per association, reaps, and keeps pacs-codec and
 * the maker of pictures running; it parses nothing that a peer sent.  A child
 * negotiates and receives with DCMTK's upper layer (network.cc, the only C++)
 * and stores with the service.  A program: nothing here is for other rooms.
 */

#ifndef PACS_LISTENER_H
#define PACS_LISTENER_H

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "core/core.h"
#include "dicom/dicom.h"
#include "service/service.h"

#define PACS_AE_LEN  16


/* --- options.c: the command line --- */

typedef struct {
    pacs_options_t           service;
    struct sockaddr_storage  address;       /* to listen on */
    socklen_t                address_len;
    char                     listen[80];    /* the same as text */
    char                     aetitle[PACS_AE_LEN + 1];
    bool                     strict;        /* no other called AE title */
    bool                     insecure_open;
    bool                     no_warm;       /* no pictures in advance */
    char                     codec[4096];   /* the program */
} pacs_listener_t;

/* exit code, or -1: go on.  Text goes to stdout (help) or stderr */
int pacs_options_parse(int argc, char **argv, pacs_listener_t *l);
/* "127.0.0.1", "::1" */
void pacs_address_text(const struct sockaddr_storage *a, char text[64]);


/* --- log.c: nginx-like lines on stderr, one write each --- */

extern const pacs_env_t  pacs_listener_env;


/* --- supervise.c: the parent --- */

extern const int  pacs_stop_signals[];      /* ends with 0 */

/* fd: the listening socket.  Comes back when all is over: the exit code */
int pacs_supervise(const pacs_listener_t *l, int fd);


/* --- helper.c: keeps pacs-codec, and the maker of pictures, running --- */

typedef struct {
    const char  *name;
    /* all that the child does; comes not back */
    void       (*run)(const pacs_listener_t *l);
    pid_t        pid;           /* 0: not running */
    int64_t      started_us;
    int64_t      due_us;        /* not started again before that */
    int64_t      backoff_us;
} pacs_helper_t;

/* starts it when it is due; *wait_us is lowered to when it will be */
void pacs_helper_tend(pacs_helper_t *h, const pacs_listener_t *l,
    int64_t now_us, int64_t *wait_us);
void pacs_codec_run(const pacs_listener_t *l);
/* warm.c */
void pacs_warm_run(const pacs_listener_t *l);
/* true: pid was the helper */
bool pacs_helper_reaped(pacs_helper_t *h, const pacs_listener_t *l,
    pid_t pid, int status, int64_t now_us);


/* --- refuse.c: associations over the limit, by the parent --- */

enum { PACS_REFUSE_MAX = 64 };

/* sockets that were sent an A-ASSOCIATE-RJ and wait for the peer to close */
typedef struct {
    struct { int fd; int64_t until_us; }  peers[PACS_REFUSE_MAX];
    unsigned  n;
} pacs_refuse_t;

/* takes fd over */
void pacs_refuse_add(pacs_refuse_t *r, int fd, int64_t now_us);
/* drops what came, closes who is done or late */
void pacs_refuse_tend(pacs_refuse_t *r, int64_t now_us, int64_t *wait_us);
void pacs_refuse_close(pacs_refuse_t *r);


/* --- negotiate.c: which presentation contexts are accepted --- */

/* storage and Verification SOP Classes */
bool pacs_class_is_served(pacs_str_t uid);
/* -1: not a UID, 0: unknown, 1: Implicit VR LE, 2: known.  Of those a context
 * proposes the first one of the highest rank is taken */
int pacs_syntax_rank(pacs_str_t uid);


/* --- network.cc: one association on DCMTK's upper layer, PS3.8 --- */

typedef struct pacs_link_s  pacs_link_t;

typedef enum {
    PACS_LINK_OK,
    PACS_LINK_RELEASED,         /* the peer asked for the release */
    PACS_LINK_ABORTED,          /* the peer aborted */
    PACS_LINK_CLOSED,           /* the connection is gone */
    PACS_LINK_TIMEOUT,
    PACS_LINK_DRAINED,          /* SIGTERM, and no message in progress */
    PACS_LINK_REJECTED,         /* we refused the association */
    PACS_LINK_PROTOCOL,         /* what came is not PS3.8 or PS3.7 */
    PACS_LINK_COUNT
} pacs_link_e;

extern const char *const  pacs_link_text[PACS_LINK_COUNT];

typedef struct {
    uint8_t         context;    /* presentation context ID */
    bool            command;    /* or a part of a data set */
    bool            last;
    const uint8_t  *data;       /* until the next read */
    size_t          len;
} pacs_pdv_t;

typedef struct {
    char  class_uid[65];        /* abstract syntax */
    char  syntax_uid[65];       /* accepted transfer syntax */
} pacs_context_t;

/* waits for the A-ASSOCIATE-RQ, negotiates and answers.  *link is set
 * unless memory is short; fd is taken over */
pacs_link_e pacs_link_accept(int fd, const pacs_listener_t *l,
    pacs_link_t **link, pacs_err_t *err);
/* AE titles, trimmed; "" before a request came */
const char *pacs_link_calling(const pacs_link_t *link);
const char *pacs_link_called(const pacs_link_t *link);
/* NULL: not an accepted one */
const pacs_context_t *pacs_link_context(const pacs_link_t *link, uint8_t id);
/* between: no message is in progress, SIGTERM may end the association */
pacs_link_e pacs_link_read(pacs_link_t *link, bool between, pacs_pdv_t *pdv,
    pacs_err_t *err);
/* one whole command set */
pacs_link_e pacs_link_write(pacs_link_t *link, uint8_t context,
    const void *data, size_t len, pacs_err_t *err);
/* release response, abort or nothing, by how it ended; frees */
void pacs_link_close(pacs_link_t *link, pacs_link_e how);


/* --- command.c: DIMSE command sets, PS3.7 6.3.1 and Annex E --- */

enum {
    PACS_C_STORE_RQ = 0x0001, PACS_C_ECHO_RQ = 0x0030,
    PACS_C_CANCEL_RQ = 0x0fff, PACS_DIMSE_RSP = 0x8000,
    PACS_DIMSE_NO_DATASET = 0x0101
};

typedef struct {
    uint16_t  field;            /* (0000,0100) */
    uint16_t  message;          /* (0000,0110), or (0000,0120) of a cancel */
    bool      dataset;          /* one follows */
    bool      bad_uid;          /* one of these is malformed */
    char      class_uid[65];    /* (0000,0002), or (0000,0003) */
    char      instance_uid[65]; /* (0000,1000), or (0000,1001) */
} pacs_command_t;

int pacs_command_parse(const uint8_t *data, size_t len, pacs_command_t *c,
    pacs_err_t *err);
/* the response to c; comment: (0000,0902), cut to what it may hold */
void pacs_command_respond(pacs_buf_t *b, const pacs_command_t *c,
    uint16_t status, const char *comment);


/* --- serve.c, store.c: the child --- */

typedef struct {
    const pacs_listener_t  *listener;
    pacs_link_t            *link;
    pacs_service_t         *service;    /* opened by the first C-STORE */
    pacs_subject_t          subject;
    uint64_t                stored, same, refused, echoes, bytes;
    pacs_err_t              err;        /* why the association ended */
} pacs_serve_t;

/* SIGTERM came: finish what is going on */
extern volatile sig_atomic_t  pacs_draining;

/* ends a forked child; nothing of the parent's is flushed or destroyed */
void pacs_child_end(int code);
/* the whole life of a child; fd is taken over */
void pacs_serve(const pacs_listener_t *l, int fd, const char *address);
/* answers with status; the comment goes along and into the log */
pacs_link_e pacs_serve_respond(pacs_serve_t *s, uint8_t context,
    const pacs_command_t *c, uint16_t status, const char *comment);
/* C-STORE, PS3.7 9.3.1, PS3.4 B */
pacs_link_e pacs_serve_store(pacs_serve_t *s, uint8_t context,
    const pacs_command_t *c);

#ifdef __cplusplus
}
#endif

#endif
