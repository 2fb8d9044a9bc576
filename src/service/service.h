/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * service: one function an operation; the only room that knows all others.
 * Front doors (nginx, DIMSE, CLI) turn what came in into a call here and the
 * answer back into their protocol.  Every call takes a subject (who asks).
 * A pacs_service_t is shared by all threads of a process; open it after
 * fork.  Calls may block on disk and SQL: in nginx, thread pools only.
 */

#ifndef PACS_SERVICE_H
#define PACS_SERVICE_H

#include "core/core.h"
#include "core/codec.h"
#include "auth/auth.h"
#include "web/web.h"

typedef struct pacs_service_s  pacs_service_t;

typedef enum { PACS_DUPLICATES_REJECT, PACS_DUPLICATES_QUARANTINE }
    pacs_duplicates_e;

typedef struct {
    const char         *home;
    pacs_duplicates_e   duplicates;
    pacs_limits_t       limits;
    pacs_env_t          env;
    bool                rebuild;        /* `pacs reindex` only */
    bool                deletes;        /* over the network, too */
    const char         *redis;          /* for hints, or NULL: none */
} pacs_options_t;

void pacs_options_default(pacs_options_t *o);
/* makes what is missing below home (which must exist) and migrates */
int pacs_service_open(const pacs_options_t *o, pacs_service_t **svc,
    pacs_err_t *err);
void pacs_service_close(pacs_service_t *svc);
const pacs_limits_t *pacs_service_limits(const pacs_service_t *svc);


/* --- store: STOW part, C-STORE, import --- */

typedef struct pacs_store_s  pacs_store_t;

typedef enum { PACS_STORED_NEW, PACS_STORED_SAME } pacs_stored_e;

typedef struct {
    pacs_stored_e  how;
    char           study[65], series[65], instance[65], class_uid[65];
} pacs_stored_t;

/* a temporary file and a running digest.  PACS_E_FULL when the disk is
 * nearly full, PACS_E_FORBIDDEN, PACS_E_IO.  want_study: the study that the
 * instance must belong to, or pacs_null */
int pacs_store_begin(pacs_service_t *svc, const pacs_subject_t *subject,
    pacs_str_t want_study, pacs_store_t **st, pacs_err_t *err);
/* the file meta says what a C-STORE command says: the data set must be that
 * instance.  A file's own meta may be wrong, which is logged */
void pacs_store_commanded(pacs_store_t *st);
/* bytes of a Part 10 file in order, any split */
int pacs_store_write(pacs_store_t *st, const void *data, size_t len,
    pacs_err_t *err);
/* scans, commits (batched with other threads' stores) and frees st.
 * PACS_OK: durable and findable.  *out is filled as far as it was read, also
 * on errors: PACS_E_PARSE, IDENT, LIMIT, CONFLICT, FULL, IO, FORBIDDEN */
int pacs_store_finish(pacs_store_t *st, pacs_stored_t *out, pacs_err_t *err);
void pacs_store_abort(pacs_store_t *st);


/* --- requests: everything that is answered over HTTP ---
 *
 * An operation is a small state machine that never waits: run() answers
 * PACS_OK (reply is ready, whatever its status), or PACS_AGAIN with
 * op->want: the front door gets that (Redis, pacs-codec, time) by its own means
 * and calls run() again.  run() itself uses disk and SQL: a pool thread. */

typedef struct {
    unsigned        method;         /* PACS_GET … of web.h */
    pacs_str_t      prefix;         /* of the location: "/dicom-web" */
    pacs_str_t      path;           /* below it, percent-decoded */
    pacs_str_t      args;           /* query string, raw */
    pacs_str_t      origin;         /* "https://host:port", for absolute URLs */
    pacs_str_t      accept;         /* all Accept headers, joined by "," */
    bool            must_accept;    /* without that: 406, PS3.18 8.7.8.1 */
    pacs_str_t      if_none_match;
    pacs_str_t      content_type;
    pacs_str_t      content_encoding;
    pacs_str_t      tus_resumable;      /* headers of tus, see upload.c */
    pacs_str_t      upload_length, upload_offset, upload_metadata;
    pacs_str_t      method_override;
    pacs_str_t      body;           /* whole; null where it is streamed */
    bool            gzip;           /* client takes Content-Encoding: gzip */
    pacs_subject_t  subject;
} pacs_request_t;

/* a part of the answer's body: memory, or bytes of a file */
typedef struct {
    const char  *data;              /* or NULL: file */
    const char  *path;              /* local path, opened when it is due */
    uint64_t     offset;
    uint64_t     length;            /* bytes, of either */
    /* data has room, and is made by the door's call of this when it is due,
     * in a thread; or NULL */
    int        (*fill)(void *ctx, char *data, pacs_err_t *err);
    void        *ctx;
} pacs_part_t;

typedef struct { pacs_str_t name, value; } pacs_header_t;

typedef struct {
    unsigned        status;         /* of HTTP */
    pacs_str_t      content_type;
    bool            gzipped;        /* the body is: set Content-Encoding */
    pacs_str_t      etag;           /* with quotes, or null */
    bool            weak;           /* it is to be: parts have a boundary of
                                       their own in each answer */
    pacs_header_t   headers[8];     /* further ones */
    unsigned        nheaders;
    pacs_part_t    *parts;
    unsigned        nparts;
    uint64_t        length;         /* bytes of all parts */
    bool            ranges;         /* Range may take a piece of it */
} pacs_reply_t;

typedef enum { PACS_WANT_NONE, PACS_WANT_CACHE, PACS_WANT_CODEC,
               PACS_WANT_TIME } pacs_want_e;

typedef struct {
    /* in */
    pacs_service_t       *svc;
    pacs_arena_t         *arena;        /* owns everything below */
    pacs_request_t        request;
    bool                  background;   /* no user waits: pacs_warm_step */
    bool                  anonymize;    /* the URI service says so */
    bool                  presented;    /* by a presentation state: rev says
                                           nothing of what it refers to */
    /* out */
    pacs_reply_t          reply;
    int                   code;         /* of the error replied, or PACS_OK */
    /* PACS_AGAIN: what is needed */
    pacs_want_e           want;
    pacs_str_t            cache_name;   /* WANT_CACHE: see cache.h */
    pacs_codec_request_t *codec;        /* WANT_CODEC, with descriptors that */
    int                   codec_in;     /* the door sends and the op closes */
    int                   codec_out;
    unsigned              wait_ms;      /* WANT_TIME: run() again then */
    /* given back by the door before it calls run() again */
    pacs_str_t            cache_value;  /* opened payload, or pacs_null */
    pacs_codec_reply_t    codec_reply;
    /* PACS_OK: if not null, to be sealed and put under cache_put_name */
    pacs_str_t            cache_put;
    pacs_str_t            cache_put_name;
    int                   stage;        /* the op's own */
    void                 *state, *parsed;
} pacs_op_t;

/* request filled in, the rest zero but svc and arena; an error of the
 * request becomes a reply with its status and a JSON reason.  Only
 * PACS_OK and PACS_AGAIN come back */
int pacs_op_run(pacs_op_t *op);
/* before the arena goes, also when run() was never finished */
void pacs_op_close(pacs_op_t *op);
/* fills op->reply for a code: status, {"error":…,"status":…} */
void pacs_op_fail(pacs_op_t *op, const pacs_err_t *err);


/* --- events of workitems, PS3.18 8.10: for whoever holds a WebSocket --- */

/* of GET /subscribers/{ae}: who listens, and the newest event so far; else
 * op->reply is filled */
int pacs_events_open(pacs_op_t *op, pacs_str_t *ae, int64_t *last);
/* SCP Status Change, PS3.4 CC.2.4.3: to whom it is the first since a start,
 * and to all before an end; data NULL: out of memory.  Both lists are kept in
 * the journal: a start is always warm */
pacs_str_t pacs_events_status(bool restarted, pacs_arena_t *a);
/* all after event `after`, the slices live until fn returns; *last: the
 * newest that there is */
int pacs_events_read(pacs_service_t *svc, int64_t after,
    int (*fn)(void *ctx, int64_t id, pacs_str_t receiver, pacs_str_t json),
    void *ctx, int64_t *last, pacs_err_t *err);


/* --- changes of the archive, as server-sent events (conf/events.md): for
 * whoever holds a stream --- */

/* of a stream's request: what is to be said first to who heard all up to
 * revision `since`, -1: nothing; *last: the newest revision in it.  Else
 * op->reply is filled */
int pacs_changes_open(pacs_op_t *op, int64_t since, pacs_buf_t *out,
    int64_t *last);
/* what changed after revision `after`; nothing is added if nothing did */
int pacs_changes_read(pacs_service_t *svc, int64_t after, pacs_buf_t *out,
    int64_t *last, pacs_err_t *err);


/* --- pictures made before somebody asks for them ---
 *
 * Of each series that arrived and has been quiet for limits->warm_quiet_ms:
 * thumbnail, first, middle and last image as the viewer asks for them, in
 * the order in which the series began to arrive.  For one process of a home,
 * which ought to run when nothing else does. */

typedef struct pacs_warm_s  pacs_warm_t;

/* waits until no other process does this; what was done is remembered */
int pacs_warm_open(pacs_service_t *svc, pacs_warm_t **w, pacs_err_t *err);
/* all that is due; *wait_ms: until it is worth the next call.  An error is
 * of this call: the next one may be better */
int pacs_warm_step(pacs_warm_t *w, int64_t *wait_ms, pacs_err_t *err);


/* --- STOW-RS, PS3.18 10.5: the body comes in pieces --- */

typedef struct pacs_stow_s  pacs_stow_t;

/* op as for pacs_op_run (method POST); PACS_OK, else op->reply is filled */
int pacs_stow_begin(pacs_op_t *op, pacs_stow_t **stow);
/* PACS_OK, else op->reply is filled and the rest need not be sent */
int pacs_stow_feed(pacs_stow_t *stow, const char *data, size_t len);
/* op->reply: 200, 202, 409, 400 … */
void pacs_stow_finish(pacs_stow_t *stow);
/* the client went away */
void pacs_stow_abort(pacs_stow_t *stow);


/* --- administration: the CLI --- */

typedef struct {
    uint64_t  done, refused, bytes;
} pacs_progress_t;

/* said from time to time while long work runs; false stops it */
typedef bool (*pacs_progress_pt)(void *ctx, const pacs_progress_t *p);

int pacs_reindex(pacs_service_t *svc, pacs_progress_pt progress, void *ctx,
    void (*say)(void *ctx, const char *line), pacs_progress_t *total,
    pacs_err_t *err);
/* re-hashes files and compares files, rows and journal both ways; each
 * finding is said; PACS_E_IO when there was one */
int pacs_verify(pacs_service_t *svc, pacs_progress_pt progress, void *ctx,
    void (*say)(void *ctx, const char *line), pacs_progress_t *total,
    pacs_err_t *err);
/* series, instance may be null; journal entry first, then row; the bytes at
 * once (now), or by a purge */
int pacs_delete(pacs_service_t *svc, const pacs_subject_t *subject,
    pacs_str_t study, pacs_str_t series, pacs_str_t instance, bool now,
    uint64_t *removed, pacs_err_t *err);
/* bytes of what was deleted before that time; PACS_E_IO in a damaged
 * journal, which does not say what came again */
int pacs_purge(pacs_service_t *svc, const pacs_subject_t *subject,
    int64_t before_us, uint64_t *purged, pacs_err_t *err);
/* into the index again what was deleted and is not purged; refused: another
 * content came meanwhile, or the file is damaged; each is said.
 * PACS_E_NOT_FOUND: there is none */
int pacs_restore(pacs_service_t *svc, const pacs_subject_t *subject,
    pacs_str_t study, pacs_str_t series, pacs_str_t instance,
    void (*say)(void *ctx, const char *line), void *ctx,
    pacs_progress_t *total, pacs_err_t *err);
int pacs_conflicts(pacs_service_t *svc, void (*say)(void *ctx,
    const char *line), void *ctx, pacs_err_t *err);

/* --- the modality worklist, PS3.18 chapter 14: who orders --- */

/* items of a file: DICOM JSON, Native DICOM Model XML or Part 10; each
 * replaces the one of its study and step, and is said.  PACS_E_ARG,
 * PACS_E_PARSE … */
int pacs_worklist_add(pacs_service_t *svc, const pacs_subject_t *subject,
    const char *path, void (*say)(void *ctx, const char *line), void *ctx,
    pacs_err_t *err);
/* by Study Instance UID and Scheduled Procedure Step ID; PACS_E_NOT_FOUND */
int pacs_worklist_remove(pacs_service_t *svc, const pacs_subject_t *subject,
    pacs_str_t study, pacs_str_t step, pacs_err_t *err);
int pacs_worklist_list(pacs_service_t *svc,
    void (*say)(void *ctx, const char *line), void *ctx, pacs_err_t *err);

/* disk, index, ingest as JSON members `"disk":{…},"index":{…}` without
 * braces around; *ok false: something is wrong */
int pacs_health(pacs_service_t *svc, pacs_buf_t *out, bool *ok,
    pacs_err_t *err);

#endif
