/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * index: records of patients, studies, series and instances; DICOM matching
 * (PS3.4 C.2.2.2) as a neutral predicate tree; SQL.  A database behind a
 * vtable: sqlite.c now, pgsql.c later; one schema, one query builder.
 * Any thread: an index is shared, and hands out its connections inside.
 */

#ifndef PACS_INDEX_H
#define PACS_INDEX_H

#include "core/core.h"
#include "dicom/dicom.h"

typedef enum {
    PACS_LEVEL_PATIENT, PACS_LEVEL_STUDY, PACS_LEVEL_SERIES,
    PACS_LEVEL_INSTANCE
} pacs_level_e;

/* how a key matches, PS3.4 C.2.2.2 */
typedef enum {
    PACS_MATCH_TEXT,        /* single value and wildcard, case sensitive */
    PACS_MATCH_NAME,        /* PN: case- and accent-insensitive, wildcard */
    PACS_MATCH_UID,         /* one or a list */
    PACS_MATCH_DATE, PACS_MATCH_TIME,   /* single, a-b, a-, -b */
    PACS_MATCH_NUMBER,
    PACS_MATCH_LIST,        /* Modalities in Study: any of the values */
    PACS_MATCH_NONE,        /* answered, not matched (counts) */
    PACS_MATCH_MULTI,       /* as TEXT; one of the values of the attribute */
    PACS_MATCH_WHEN         /* DT: single, a-b, a-, -b */
} pacs_match_e;

/* where an answer comes from */
typedef enum {
    PACS_COMPUTED_NOT,      /* a column, filled from a record's values */
    PACS_COMPUTED_SQL,      /* UIDs, counts, ModalitiesInStudy */
    PACS_COMPUTED_COUNT,    /* column is an expression; only in rows of its
                               own level */
    PACS_COMPUTED_SERVICE   /* RetrieveURL …: null in rows; service's job */
} pacs_computed_e;

/* all attributes of PS3.18 tables 10.6.1-5, 10.6.3-3, -4, -5: X-macro list
 * in index/attrs.h; each is a column of its level, or computed */
typedef struct {
    const char    *keyword;
    uint32_t       path[2];     /* tag, or sequence and tag; 0 ends */
    uint16_t       vr;
    uint8_t        level;       /* pacs_level_e it is stored at */
    uint8_t        match;       /* pacs_match_e */
    uint8_t        computed;    /* pacs_computed_e */
    uint8_t        required;    /* always in an answer of its level */
    const char    *column;
} pacs_attr_t;

extern const pacs_attr_t  pacs_attrs[];
extern const unsigned     pacs_nattrs;

/* is its column read for a row of that level */
bool pacs_attr_read(const pacs_attr_t *attr, pacs_level_e level);

/* index into pacs_attrs by path (second may be 0), or -1 */
int pacs_attr_find(uint32_t tag, uint32_t second);

/* one instance to put in, and what comes out */
typedef struct {
    pacs_str_t      study, series, instance;    /* UIDs */
    pacs_str_t      class_uid, syntax_uid;
    pacs_str_t      key;        /* of the blob: "series/digest" */
    uint64_t        size;       /* bytes of the file */
    uint64_t        start;      /* of the data set in the file */
    int64_t         received_us;
    pacs_str_t      source;
    pacs_pixels_t   pixels;     /* frames 0: no picture */
    pacs_str_t      frames;     /* pacs_frames_pack */
    pacs_str_t      look;       /* pacs_look_pack of render */
    pacs_str_t      metadata;   /* pacs_metadata_pack of web */
    pacs_str_t     *values;     /* [pacs_nattrs], UTF-8; pacs_null: absent */
    int64_t         revision;   /* out: of the study */
} pacs_record_t;

typedef enum { PACS_PUT_NEW, PACS_PUT_SAME, PACS_PUT_KNOWN } pacs_put_e;


/* --- a query: neutral, both dialects build SQL from it --- */

typedef struct pacs_pred_s  pacs_pred_t;

/* how a key is matched beyond PS3.4's base: bits */
enum {
    PACS_HOW_FUZZY = 1,         /* names by sound and by their words */
    PACS_HOW_EMPTY = 2,         /* "": no value, C.2.2.2.7 */
    PACS_HOW_EVERY = 4,         /* each of several values, C.2.2.2.8 */
    PACS_HOW_MOMENT = 8         /* ranges of a date and its time are one,
                                   C.2.2.2.5 */
};

struct pacs_pred_s {
    enum { PACS_P_AND, PACS_P_OR, PACS_P_NOT, PACS_P_TERM } kind;
    pacs_pred_t    *child;      /* first, for AND, OR, NOT */
    pacs_pred_t    *next;       /* sibling */
    int             attr;       /* TERM: index into pacs_attrs */
    pacs_str_t      value;      /* TERM: as DICOM writes it */
    unsigned        how;
    int             with;       /* TERM: matched with it, a date's time or of
                                   the same item; 0: none */
    pacs_str_t      with_value;
};

enum { PACS_ORDERS = 8 };

typedef struct { int attr; bool down; } pacs_order_t;

typedef struct {
    pacs_level_e    level;      /* of the rows */
    pacs_pred_t    *where;      /* NULL: all */
    uint32_t        limit;      /* rows; 0: limits->query_rows */
    uint32_t        offset;
    /* norder 0: newest study date first; then in both cases by UID */
    pacs_order_t    order[PACS_ORDERS];
    unsigned        norder;
    /* NULL, or by level: rows that came later do not count; upto[0] -1: the
     * query says what is the latest now */
    int64_t        *upto;
} pacs_query_t;

/* adds a matching key to the AND of q->where: a universal match (empty,
 * "*") adds nothing; PACS_E_ARG says what is wrong with the value;
 * PACS_E_NOT_FOUND: not an attribute that can be matched (nothing added).
 * how: PACS_HOW_… */
int pacs_query_key(pacs_query_t *q, uint32_t tag, uint32_t second,
    pacs_str_t value, unsigned how, const pacs_limits_t *limits,
    pacs_arena_t *a, pacs_err_t *err);

/* one row; values[i] for every attribute of q->level and above; its strings
 * live until the callback returns */
typedef struct {
    pacs_str_t          study, series, instance;    /* UIDs down to level */
    const pacs_str_t   *values;     /* [pacs_nattrs] */
    int64_t             revision;   /* of the study */
} pacs_row_t;


/* --- the index --- */

typedef struct pacs_index_s  pacs_index_t;

/* a conflict: the journal's quarantine, as listed by `pacs conflicts` */
typedef struct {
    pacs_str_t  study, series, instance;
    pacs_str_t  kept, other;        /* keys of the blobs */
    int64_t     time_us;
    pacs_str_t  source;
} pacs_conflict_t;

/* --- documents: data sets that are no instances --- */

typedef struct {
    pacs_str_t          kind, uid, state;
    int64_t             revision;       /* from 1 */
    int64_t             created_us, time_us;    /* first, last change */
    pacs_str_t          json;           /* one object; null: none any more */
    const pacs_item_t  *root;           /* put: what can be matched */
} pacs_document_t;

/* said to whoever listens under that name when it is put */
typedef struct {
    pacs_str_t  receiver, json;
    int64_t     id;             /* when it is read: ascending */
} pacs_event_t;

enum { PACS_KEY_DEPTH = 8 };

/* matched by the rules of its VR; keys in one sequence are matched in one
 * item of it */
typedef struct {
    uint32_t    path[PACS_KEY_DEPTH];   /* sequences, then the attribute */
    unsigned    depth;
    pacs_str_t  value;
} pacs_document_key_t;

typedef struct {
    const char                 *kind;
    const pacs_document_key_t  *keys;
    unsigned                    nkeys;
    unsigned                    how;        /* PACS_HOW_… but MOMENT */
    uint32_t                    limit;      /* rows; 0: all */
    uint32_t                    offset;     /* in order of their making */
} pacs_document_query_t;

/* a series of a study that changed */
typedef struct {
    pacs_str_t  study, series;      /* UIDs; live until the callback returns */
    pacs_str_t  modality;
    int64_t     revision;           /* of the study */
    int64_t     first_us, last_us;  /* its instances arrived */
    int64_t     instances;
} pacs_arrival_t;

/* a study that changed; uid lives until the callback returns */
typedef struct {
    pacs_str_t  uid;
    int64_t     revision;
    int64_t     received_us;        /* when its last instance came */
    int64_t     series, instances;
} pacs_change_t;

typedef struct {
    uint64_t  patients, studies, series, instances, bytes, conflicts;
    int64_t   schema;               /* number of the last migration */
} pacs_index_stats_t;

typedef struct {
    const char  *name;              /* "sqlite" */
    void  (*close)(pacs_index_t *ix);
    /* one transaction for all n: known[i] says what became of record i;
     * KNOWN: that SOP instance is there with another key, nothing changed,
     * and records[i].key is not touched.  Durable on return */
    int   (*put)(pacs_index_t *ix, pacs_record_t *records, pacs_put_e *known,
                 unsigned n, pacs_err_t *err);
    /* by SOP Instance UID (unique in the archive); PACS_E_NOT_FOUND;
     * strings in the arena; study and series may be pacs_null: not checked.
     * want_metadata 0 leaves metadata out */
    int   (*get)(pacs_index_t *ix, pacs_str_t study, pacs_str_t series,
                 pacs_str_t instance, bool want_metadata, pacs_arena_t *a,
                 pacs_record_t *record, pacs_err_t *err);
    /* every instance of a study or series (series may be pacs_null), in
     * order of series UID, instance number, UID; values are not filled;
     * PACS_E_NOT_FOUND: there is none.  fn's other than 0 ends it and comes
     * back.  study pacs_null: all there are, in no order, and a record's
     * strings live until fn returns */
    int   (*each)(pacs_index_t *ix, pacs_str_t study, pacs_str_t series,
                  bool want_metadata, pacs_arena_t *a,
                  int (*fn)(void *ctx, const pacs_record_t *r), void *ctx,
                  pacs_err_t *err);
    /* PACS_E_LIMIT: it took longer than limits->query_ms */
    int   (*query)(pacs_index_t *ix, const pacs_query_t *q,
                   const pacs_limits_t *limits, pacs_arena_t *a,
                   int (*fn)(void *ctx, const pacs_row_t *row), void *ctx,
                   bool *more, pacs_err_t *err);
    /* revision of a study, PACS_E_NOT_FOUND, PACS_E_GONE if deleted; with
     * series and instance: that they exist in it too.  study pacs_null: of
     * the whole archive */
    int   (*revision)(pacs_index_t *ix, pacs_str_t study, pacs_str_t series,
                      pacs_str_t instance, int64_t *revision,
                      pacs_err_t *err);
    /* packed metadata of the one instance that speaks for a study or series
     * (series may be pacs_null): the least UIDs.  PACS_E_NOT_FOUND */
    int   (*speaker)(pacs_index_t *ix, pacs_str_t study, pacs_str_t series,
                     pacs_arena_t *a, pacs_str_t *metadata, pacs_err_t *err);
    /* one transaction; remembers the UIDs as deleted; counts removed.
     * series, instance may be pacs_null: all below */
    int   (*remove)(pacs_index_t *ix, pacs_str_t study, pacs_str_t series,
                    pacs_str_t instance, uint64_t *removed, pacs_err_t *err);
    /* sets an attribute of a study, series or instance (CORRECT) */
    int   (*correct)(pacs_index_t *ix, pacs_str_t study, pacs_str_t series,
                     pacs_str_t instance, int attr, pacs_str_t value,
                     pacs_err_t *err);
    /* values[pacs_nattrs] of what was corrected of an instance, its series
     * and its study; corrected to be empty: "", not corrected: pacs_null */
    int   (*corrected)(pacs_index_t *ix, pacs_str_t study, pacs_str_t series,
                       pacs_str_t instance, pacs_arena_t *a,
                       pacs_str_t *values, pacs_err_t *err);
    int   (*add_conflict)(pacs_index_t *ix, const pacs_conflict_t *c,
                          pacs_err_t *err);
    int   (*conflicts)(pacs_index_t *ix, pacs_arena_t *a,
                       int (*fn)(void *ctx, const pacs_conflict_t *c),
                       void *ctx, pacs_err_t *err);
    /* the series of at most `studies` studies of a higher revision than
     * `since` to which something came after received_us, those changed
     * longest ago; in the order in which the series began to arrive */
    int   (*arrivals)(pacs_index_t *ix, int64_t since, int64_t received_us,
                      unsigned studies,
                      int (*fn)(void *ctx, const pacs_arrival_t *a),
                      void *ctx, pacs_err_t *err);
    /* at most n studies of a higher revision than `since`, in the order of
     * their revisions; since -1: the n that changed last, backwards */
    int   (*changes)(pacs_index_t *ix, int64_t since, unsigned n,
                     int (*fn)(void *ctx, const pacs_change_t *c), void *ctx,
                     pacs_err_t *err);
    /* one transaction: each replaces the one of its kind and UID; events
     * are said.  Durable on return */
    int   (*documents_put)(pacs_index_t *ix, const pacs_document_t *docs,
                           unsigned n, const pacs_event_t *events,
                           unsigned nevents, pacs_err_t *err);
    /* PACS_E_NOT_FOUND; strings in the arena */
    int   (*document_get)(pacs_index_t *ix, const char *kind, pacs_str_t uid,
                          pacs_arena_t *a, pacs_document_t *d,
                          pacs_err_t *err);
    /* d's strings live until fn returns; *more: there are others behind */
    int   (*documents_find)(pacs_index_t *ix, const pacs_document_query_t *q,
                            const pacs_limits_t *limits, pacs_arena_t *a,
                            int (*fn)(void *ctx, const pacs_document_t *d),
                            void *ctx, bool *more, pacs_err_t *err);
    /* what was said after event `after`; *last: the newest there is */
    int   (*events)(pacs_index_t *ix, int64_t after,
                    int (*fn)(void *ctx, const pacs_event_t *e), void *ctx,
                    int64_t *last, pacs_err_t *err);
    int   (*stats)(pacs_index_t *ix, pacs_index_stats_t *stats,
                   pacs_err_t *err);
    /* empties all tables, before a rebuild */
    int   (*clear)(pacs_index_t *ix, pacs_err_t *err);
    /* the end of a rebuild: durable, and usable by all.  An index whose
     * rebuild is closed without this refuses to open until the next one.
     * Does nothing when none is under way */
    int   (*rebuilt)(pacs_index_t *ix, pacs_err_t *err);
    /* "ok", or what the database's own check found */
    int   (*check)(pacs_index_t *ix, pacs_arena_t *a, pacs_str_t *result,
                   pacs_err_t *err);
} pacs_index_vt_t;

struct pacs_index_s {
    const pacs_index_vt_t  *vt;
};

/* <home>/index/pacs.db; refuses a network file system by name; migrates.
 * rebuild: fewer syncs while a rebuild fills it; from open until rebuilt()
 * all other processes answer PACS_E_BUSY.  PACS_E_BUSY: a rebuild runs.
 * PACS_E_IO: …, or a rebuild was cut: `pacs reindex` is due */
int pacs_index_open_sqlite(const char *home, const pacs_env_t *env,
    bool rebuild, pacs_index_t **ix, pacs_err_t *err);

#endif
