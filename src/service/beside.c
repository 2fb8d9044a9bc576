/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Instances of one request that are scanned and made durable while the next
 * ones are read: a crew of threads does it, and meets in the group commit.
 * The last one is the request's own thread's, so that a single one costs no
 * other.  Two of the same SOP instance are committed as they came.
 */

#include <stdlib.h>
#include <string.h>

#include "service/internal.h"

enum { WAYS = 32, OPEN = 64, STACK = 1 << 20, HEAVY = 1 << 20 };

struct pacs_beside_s {
    pacs_crew_t  *crew;
    pacs_late_t  *first, **last;    /* as they came */
    pacs_late_t  *oldest;           /* those before are done */
    pacs_late_t  *held;             /* of no thread yet */
    unsigned      open;
    bool          left;             /* by the request */
};

struct pacs_crew_s {
    pthread_mutex_t   lock;
    pthread_cond_t    work, done;
    pacs_late_t      *first, **last;    /* by ->queued */
    pthread_t         threads[WAYS];
    unsigned          n, idle;
    bool              closing;
};


pacs_crew_t *
pacs_crew_create(void)
{
    pacs_crew_t *crew = calloc(1, sizeof(*crew));

    if (crew != NULL) {
        crew->last = &crew->first;
        pthread_mutex_init(&crew->lock, NULL);
        pthread_cond_init(&crew->work, NULL);
        pthread_cond_init(&crew->done, NULL);
    }
    return crew;
}


void
pacs_crew_destroy(pacs_crew_t *crew)
{
    pthread_mutex_lock(&crew->lock);
    crew->closing = true;
    pthread_cond_broadcast(&crew->work);
    pthread_mutex_unlock(&crew->lock);

    for (unsigned i = 0; i < crew->n; i++) {
        pthread_join(crew->threads[i], NULL);
    }

    pthread_cond_destroy(&crew->work);
    pthread_cond_destroy(&crew->done);
    pthread_mutex_destroy(&crew->lock);
    free(crew);
}


static void
beside_free(pacs_beside_t *b)
{
    for (pacs_late_t *j = b->first, *next; j != NULL; j = next) {
        next = j->next;
        free(j);
    }
    free(b);
}


/* of the same SOP instance as one before, or who knows */
static bool
is_early(pacs_beside_t *b, const pacs_late_t *j)
{
    while (b->oldest->done) {
        b->oldest = b->oldest->next;
    }

    for (const pacs_late_t *e = b->oldest; e != j; e = e->next) {
        if (!e->scanned
            || (!e->done && j->stored.instance[0] != '\0'
                && strcmp(e->stored.instance, j->stored.instance) == 0))
        {
            return true;
        }
    }
    return false;
}


/* the crew's lock is held, and is not meanwhile.  Those before j are never
 * behind it: they were begun, here or by others */
static void
run(pacs_crew_t *crew, pacs_late_t *j)
{
    pacs_beside_t *b = j->of;

    if (!j->scanned) {
        pthread_mutex_unlock(&crew->lock);
        pacs_store_scan(j->store, &j->stored);
        pthread_mutex_lock(&crew->lock);
        j->scanned = true;
        pthread_cond_broadcast(&crew->done);
    }
    while (is_early(b, j)) {
        pthread_cond_wait(&crew->done, &crew->lock);
    }

    pthread_mutex_unlock(&crew->lock);
    pacs_store_commit(j->store, &j->stored, &j->err);
    pthread_mutex_lock(&crew->lock);

    j->done = true;
    b->open--;
    pthread_cond_broadcast(&crew->done);
    if (b->left && b->open == 0) {
        beside_free(b);
    }
}


static void *
work(void *data)
{
    pacs_crew_t *crew = data;

    pthread_mutex_lock(&crew->lock);

    for ( ;; ) {
        pacs_late_t *j = crew->first;

        if (j != NULL) {
            crew->first = j->queued;
            if (crew->first == NULL) {
                crew->last = &crew->first;
            }
            run(crew, j);

        } else if (crew->closing) {
            break;

        } else {
            crew->idle++;
            pthread_cond_wait(&crew->work, &crew->lock);
            crew->idle--;
        }
    }

    pthread_mutex_unlock(&crew->lock);
    return NULL;
}


/* false: there is nobody at all */
static bool
hire(pacs_crew_t *crew)
{
    pthread_attr_t  attr;

    if (crew->idle == 0 && crew->n < WAYS) {
        pthread_attr_init(&attr);
        pthread_attr_setstacksize(&attr, STACK);
        if (pthread_create(&crew->threads[crew->n], &attr, work, crew) == 0) {
            crew->n++;
        }
        pthread_attr_destroy(&attr);
    }
    return crew->n != 0;
}


/* the lock is held; own: by this thread */
static void
hand_over(pacs_beside_t *b, bool own)
{
    pacs_crew_t *crew = b->crew;
    pacs_late_t *j = b->held;

    b->held = NULL;
    b->open++;

    if (own || pacs_store_memory(j->store) > HEAVY || !hire(crew)) {
        run(crew, j);
    } else {
        *crew->last = j;
        crew->last = &j->queued;
        pthread_cond_signal(&crew->work);
    }
}


static void
pass_on(pacs_beside_t *b, bool own)
{
    if (b->held == NULL) {
        return;
    }

    pthread_mutex_lock(&b->crew->lock);
    while (b->open == OPEN) {
        pthread_cond_wait(&b->crew->done, &b->crew->lock);
    }
    hand_over(b, own);
    pthread_mutex_unlock(&b->crew->lock);
}


pacs_late_t *
pacs_beside_add(pacs_service_t *svc, pacs_beside_t **beside,
    pacs_store_t *st)
{
    pacs_beside_t  *b = *beside;
    pacs_late_t    *j = calloc(1, sizeof(*j));

    if (b == NULL && (b = *beside = calloc(1, sizeof(*b))) != NULL) {
        b->crew = svc->crew;
        b->last = &b->first;
    }
    if (b == NULL || j == NULL) {
        pacs_store_abort(st);
        free(j);
        return NULL;
    }

    pass_on(b, false);

    j->of = b;
    j->store = st;
    if (!pacs_store_whole(st)) {
        pacs_store_scan(st, &j->stored);
        j->scanned = true;
    }

    /* others go along the list */
    pthread_mutex_lock(&b->crew->lock);
    *b->last = j;
    b->last = &j->next;
    b->oldest = b->oldest == NULL ? j : b->oldest;
    pthread_mutex_unlock(&b->crew->lock);
    b->held = j;
    return j;
}


void
pacs_beside_wait(pacs_beside_t *b)
{
    if (b == NULL) {
        return;
    }

    pass_on(b, true);
    pthread_mutex_lock(&b->crew->lock);
    while (b->open != 0) {
        pthread_cond_wait(&b->crew->done, &b->crew->lock);
    }
    pthread_mutex_unlock(&b->crew->lock);
}


void
pacs_beside_leave(pacs_beside_t *b)
{
    if (b == NULL) {
        return;
    }

    pacs_crew_t *crew = b->crew;

    pthread_mutex_lock(&crew->lock);
    if (b->held != NULL && b->open < OPEN
        && pacs_store_memory(b->held->store) <= HEAVY && crew->n != 0)
    {
        hand_over(b, false);
    }
    if (b->held != NULL) {
        pacs_store_abort(b->held->store);
    }
    b->left = true;
    if (b->open == 0) {
        beside_free(b);
    }
    pthread_mutex_unlock(&crew->lock);
}
