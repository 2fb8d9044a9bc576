/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The parent of pacs-codec: one thread, one epoll loop, which never looks
 * into an image.  Clients' requests become jobs, jobs with equal keys one
 * job; decoders (child.h) take them one at a time.
 *
 *   client.c   connections: requests in, answers out
 *   job.c      what is waited for: checked, joined, queued, answered
 *   result.c   frames that were made, into the cache
 *   pool.c     the decoders: fork, hand out, watch, kill
 *   evict.c    what of the cache was used longest ago out of it
 */

#ifndef PACS_CODEC_SERVER_H
#define PACS_CODEC_SERVER_H

#include <sys/queue.h>
#include <sys/types.h>

#include "core/codec.h"

typedef struct server_s  server_t;
typedef struct client_s  client_t;
typedef struct job_s     job_t;
typedef struct worker_s  worker_t;

/* first member of whatever an epoll event points to */
typedef struct {
    void  (*ready)(server_t *s, void *self, uint32_t events);
} handler_t;

typedef struct waiter_s  waiter_t;

struct waiter_s {
    TAILQ_ENTRY(waiter_s)  link;
    client_t              *client;
    uint64_t               id;
};

typedef enum { JOB_QUEUED, JOB_RUNNING, JOB_COPYING } job_state_e;

struct job_s {
    TAILQ_ENTRY(job_s)        link;
    TAILQ_HEAD(, waiter_s)    waiters;      /* the first one's job it is */
    job_state_e               state;
    pacs_codec_request_t     *req;
    int                       in, out, mem;
    const pacs_target_t      *target;       /* NULL: decoded */
    uint64_t                  room;         /* of mem and out, for a frame */
    uint64_t                  bytes;        /* of the frame that was made */
    uint8_t                   photometric;
    uint64_t                  copied;
    uint32_t                 *sums;         /* of its blocks */
    bool                      first_gone;   /* the first waiter has left */
};

struct worker_s {
    handler_t  handler;
    pid_t      pid;                         /* 0: none runs */
    int        fd;
    job_t     *job;
    int64_t    started_ms, cpu_ms;          /* when it got the job */
    bool       spent;                       /* decodes no further frame */
};

/* what the process that walks over the cache finds and removes */
typedef struct {
    handler_t  handler;
    pid_t      pid;                         /* 0: none runs */
    int        fd;                          /* it says how much is left */
    int64_t    started_ms, ended_ms, looked_ms;
    uint64_t   folders;                     /* state of them, last time */
} sweeper_t;

struct server_s {
    const char               *home;
    pacs_limits_t             limits;
    unsigned                  queue_max;
    unsigned                  nworkers;
    bool                      stop;
    int                       epoll, listen, lock, run, cache;
    int                       frames, coded;    /* folders of the cache */
    handler_t                 accept, signal;
    TAILQ_HEAD(, client_s)    clients;
    unsigned                  nclients;
    TAILQ_HEAD(, job_s)       jobs;         /* by arrival */
    unsigned                  nqueued, nrunning, ncopying;
    worker_t                 *workers;
    unsigned                  nspent;
    int                       spare;        /* output of a job to come, -1 */
    uint64_t                  spare_bytes;
    int64_t                   ticked_ms;
    uint64_t                  cached;       /* bytes in the cache, about */
    uint64_t                  added;        /* not in cached yet */
    sweeper_t                 sweeper;
};

int pacs_server_watch(server_t *s, int op, int fd, uint32_t events,
    void *handler);
/* of one that was watched: a process that was forked meanwhile may have a
 * copy, so that closing alone would not end its events */
void pacs_server_close(server_t *s, int fd);
int64_t pacs_server_ms(void);

void pacs_client_accept(server_t *s, void *self, uint32_t events);
void pacs_client_close(server_t *s, client_t *c);
void pacs_client_answer(server_t *s, client_t *c, uint64_t id, int code,
    bool decoded, const char *text);

/* takes the descriptors in any case; answers at once or later */
void pacs_job_request(server_t *s, client_t *c,
    const pacs_codec_request_t *req, size_t len, int fds[2]);
void pacs_job_abandon(server_t *s, client_t *c);
job_t *pacs_job_next(server_t *s);
void pacs_job_done(server_t *s, job_t *j, int code, const char *text);

/* samples are in j->mem, which nobody can change any more */
void pacs_job_decoded(server_t *s, job_t *j);
void pacs_job_copy(server_t *s);            /* one piece of one job */

void pacs_evict(server_t *s);               /* if there is too much */
void pacs_evict_stop(server_t *s);

int pacs_pool_start(server_t *s, pacs_err_t *err);
void pacs_pool_pump(server_t *s);           /* queued jobs to idle decoders */
/* a background job that a user waits for now */
void pacs_pool_promote(server_t *s, job_t *j);
/* spent decoders make room for fresh ones, while one decodes or it is quiet:
 * nothing has come for a while */
bool pacs_pool_worn(const server_t *s);
void pacs_pool_renew(server_t *s, bool quiet);
void pacs_pool_tick(server_t *s);           /* time and memory limits */
void pacs_pool_stop(server_t *s);

#endif
