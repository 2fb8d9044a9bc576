/* SPDX-License-Identifier: BSD-2-Clause */

/* Documents of the journal against those of the index, both ways. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/npi.h"

static const char *const  kinds[] = {
    PACS_DOC_UPS, PACS_DOC_SUBSCRIPTION, PACS_DOC_COMMITMENT, PACS_DOC_MWL,
    PACS_DOC_MPPS
};

typedef struct {
    char      *name;                    /* "kind UID"; NULL: free */
    uint8_t    digest[PACS_SHA256_LEN];
    bool       gone, seen;
} slot_t;

/* open addressing, at most half full */
typedef struct {
    slot_t       *slots;
    size_t        n, room;
    void        (*finding)(void *ctx, const char *name, const char *what);
    void         *ctx;
    pacs_err_t   *err;
} table_t;


static size_t
hash(const char *name)
{
    uint64_t  h = UINT64_C(14695981039346656037);

    for (; *name != '\0'; name++) {
        h = (h ^ (unsigned char) *name) * UINT64_C(1099511628211);
    }
    return (size_t) h;
}


static slot_t *
find(table_t *t, const char *name)
{
    size_t  i = hash(name) & (t->room - 1);

    while (t->slots[i].name != NULL && strcmp(t->slots[i].name, name) != 0) {
        i = (i + 1) & (t->room - 1);
    }
    return &t->slots[i];
}


static bool
grow(table_t *t)
{
    table_t  wider = { .room = t->room == 0 ? 1024 : t->room * 2 };

    if (t->n * 2 < t->room) {
        return true;
    }

    wider.slots = calloc(wider.room, sizeof(slot_t));
    if (wider.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < t->room; i++) {
        if (t->slots[i].name != NULL) {
            *find(&wider, t->slots[i].name) = t->slots[i];
        }
    }

    free(t->slots);
    t->slots = wider.slots;
    t->room = wider.room;
    return true;
}


static char *
name_of(pacs_str_t kind, pacs_str_t uid)
{
    char *name;

    return asprintf(&name, "%.*s %.*s", pacs_fmt(kind), pacs_fmt(uid)) < 0
           ? NULL : name;
}


static void
digest_of(pacs_str_t state, int64_t revision, pacs_str_t json,
    uint8_t digest[PACS_SHA256_LEN])
{
    pacs_sha256_t  h;
    char           number[32];

    snprintf(number, sizeof(number), "%" PRId64 " ", revision);
    pacs_sha256_init(&h, NULL);
    pacs_sha256_update(&h, number, strlen(number));
    pacs_sha256_update(&h, state.data, state.len);
    pacs_sha256_update(&h, "\n", 1);
    pacs_sha256_update(&h, json.data, json.len);
    pacs_sha256_final(&h, digest);
}


static int
note_entry(void *ctx, const pacs_entry_t *e)
{
    table_t *t = ctx;
    char    *name;
    slot_t  *s;

    if (e->op != PACS_J_DOCUMENT) {
        return PACS_OK;
    }

    name = name_of(e->kind, e->instance);
    if (name == NULL || !grow(t)) {
        free(name);
        return pacs_fail(t->err, PACS_E_NOMEM, "out of memory");
    }

    s = find(t, name);
    if (s->name == NULL) {
        s->name = name;
        t->n++;
    } else {
        free(name);
    }

    s->gone = e->value.data == NULL;
    digest_of(e->state, e->revision, e->value, s->digest);
    return PACS_OK;
}


static int
check_row(void *ctx, const pacs_document_t *d)
{
    table_t *t = ctx;
    char    *name = name_of(d->kind, d->uid);
    slot_t  *s = name == NULL || t->room == 0 ? NULL : find(t, name);
    uint8_t  digest[PACS_SHA256_LEN];

    if (name == NULL) {
        return pacs_fail(t->err, PACS_E_NOMEM, "out of memory");
    }

    digest_of(d->state, d->revision, d->json, digest);
    if (s == NULL || s->name == NULL || s->gone) {
        t->finding(t->ctx, name, "in the index, but not in the journal: run "
                   "pacs reindex");
    } else if (memcmp(digest, s->digest, sizeof(digest)) != 0) {
        t->finding(t->ctx, name, "the journal has it otherwise: run pacs "
                   "reindex");
    }
    if (s != NULL && s->name != NULL) {
        s->seen = true;
    }

    free(name);
    return PACS_OK;
}


static int
check_kind(pacs_service_t *svc, table_t *t, const char *kind)
{
    pacs_document_query_t   q = { .kind = kind };
    pacs_arena_t           *a = pacs_arena_create(0);
    bool                    more;
    int                     rc = a == NULL
                                 ? pacs_fail(t->err, PACS_E_NOMEM,
                                             "out of memory")
                                 : svc->index->vt->documents_find(svc->index,
                                       &q, pacs_service_limits(svc), a,
                                       check_row, t, &more, t->err);

    pacs_arena_destroy(a);
    return rc;
}


int
pacs_documents_verify(pacs_service_t *svc,
    void (*finding)(void *ctx, const char *name, const char *what), void *ctx,
    pacs_err_t *err)
{
    table_t  t = { .finding = finding, .ctx = ctx, .err = err };
    int      lock, rc = pacs_documents_lock(svc, &lock, err);

    if (rc != PACS_OK) {
        return rc;
    }

    rc = pacs_journal_each(svc->journal, note_entry, NULL, &t, err);
    for (size_t i = 0;
         rc == PACS_OK && i < sizeof(kinds) / sizeof(kinds[0]);
         i++)
    {
        rc = check_kind(svc, &t, kinds[i]);
    }
    for (const pacs_npi_t *npi = pacs_npi_table;
         rc == PACS_OK && npi->name != NULL; npi++)
    {
        rc = check_kind(svc, &t, npi->name);
    }
    pacs_documents_unlock(lock);

    for (size_t i = 0; i < t.room; i++) {
        slot_t *s = &t.slots[i];

        if (rc == PACS_OK && s->name != NULL && !s->gone && !s->seen) {
            finding(ctx, s->name, "in the journal, but not in the index: run "
                    "pacs reindex");
        }
        free(s->name);
    }
    free(t.slots);
    return rc;
}
