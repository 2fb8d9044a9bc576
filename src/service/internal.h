/* SPDX-License-Identifier: BSD-2-Clause */

/* What the files of service share, and nobody else sees. */

#ifndef PACS_SERVICE_INTERNAL_H
#define PACS_SERVICE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "service/service.h"
#include "audit/audit.h"
#include "blob/blob.h"
#include "cache/cache.h"
#include "dicom/dicom.h"
#include "index/index.h"
#include "render/render.h"

/* goes into ETags and the keys of the frame cache: raise it when decoded
 * frames or pictures come out otherwise than before */
#define PACS_PIPELINE  "3"

/* values up to this many bytes are held while a data set is scanned, and
 * binary ones are answered inline */
enum { PACS_KEEP = 16384, PACS_INLINE = 1024 };

typedef struct pacs_commit_s  pacs_commit_t;
typedef struct pacs_share_s   pacs_share_t;
typedef struct pacs_memos_s   pacs_memos_t;
typedef struct pacs_crcs_s    pacs_crcs_t;
typedef struct pacs_crew_s    pacs_crew_t;
struct pacs_volumes_s;

struct pacs_service_s {
    pacs_options_t    options;
    char             *home;
    pacs_blobs_t     *blobs;
    pacs_journal_t   *journal;
    pacs_index_t     *index;
    pacs_audit_t     *audit;
    pacs_cache_t     *hints;        /* NULL: no Redis */
    pacs_share_t     *share;
    pacs_memos_t     *memos;
    struct pacs_volumes_s *volumes;     /* volume.h */
    /* group commit */
    pthread_mutex_t   lock;
    pacs_commit_t    *queue, *last; /* oldest first */
    bool              leading;
    pacs_crew_t      *crew;         /* see beside.c */
    atomic_uint       whole;        /* instances held in memory, store.c */
    atomic_bool       degraded;     /* an fsync failed: no more stores */
    pacs_crcs_t      *crcs;         /* crc.c */
};

/* one instance on its way to the disk */
struct pacs_commit_s {
    pacs_commit_t    *next;
    pacs_blob_tmp_t   tmp;
    pacs_key_t        key;
    pacs_record_t     record;
    pacs_entry_t      entry;
    bool              existed;      /* out: the name is there, and nothing
                                       was done: see pacs_commit_over */
    bool              kept;         /* out: the name stays, in quarantine */
    pacs_put_e        put;
    int               code;
    pacs_err_t        err;
    bool              finished;
    pthread_cond_t    turn;         /* finished, or to lead */
};

/* synced file in c->tmp -> final name, journal, index: durable on PACS_OK.
 * Joins what other threads bring at the same time into one transaction */
int pacs_commit(pacs_service_t *svc, pacs_commit_t *c, pacs_err_t *err);
/* the names' lock is held alone, and no row has c's name: what lies there
 * was left by a crash and is replaced */
int pacs_commit_over(pacs_service_t *svc, pacs_commit_t *c, pacs_err_t *err);
/* share.c: group commit between processes; one thread at a time.
 * true: this process leads; *n jobs in all, its own first, are to be made
 * durable (code, put, err, revision filled in), then pacs_share_leave().
 * false: another process did that for all of them */
int pacs_share_open(const char *home, pacs_share_t **out, pacs_err_t *err);
void pacs_share_close(pacs_share_t *s);
bool pacs_share_enter(pacs_share_t *s, pacs_commit_t **jobs, unsigned *n,
    unsigned max, pacs_arena_t *a);
void pacs_share_leave(pacs_share_t *s);
/* PACS_E_FULL, PACS_E_IO: nothing can be taken in */
int pacs_store_room(pacs_service_t *svc, pacs_err_t *err);
/* no more stores, if err is of the disk */
void pacs_degrade(pacs_service_t *svc, const pacs_err_t *err);

/* names.c: held from a name to its row, or alone to take names away; a
 * thread takes it once */
int pacs_names_lock(pacs_service_t *svc, bool alone, int *lock,
    pacs_err_t *err);
void pacs_names_unlock(int lock);
/* a deletion that was cut is ended.  Before what is there is answered for */
int pacs_names_settle(pacs_service_t *svc, pacs_err_t *err);
/* held alone, before a deletion's entries and after its rows: if it is cut
 * in between, who takes the lock next ends it */
int pacs_names_deleting(pacs_service_t *svc, int lock, pacs_err_t *err);
int pacs_names_deleted(pacs_service_t *svc, int lock, pacs_err_t *err);
/* held alone: is it the name of that SOP instance's row */
int pacs_names_used(pacs_service_t *svc, const pacs_key_t *key,
    pacs_str_t instance, pacs_arena_t *a, bool *used, pacs_err_t *err);
/* held alone; an error is logged */
void pacs_names_remove(pacs_service_t *svc, const pacs_key_t *key);
/* removes the blobs of n entries, but those that a row has (again) */
void pacs_names_drop(pacs_service_t *svc, const pacs_entry_t *entries,
    size_t n);

/* delete.c: instances of a study, those of them that are there, for the
 * purge; why: for the audit */
typedef struct { pacs_str_t series, instance; } pacs_named_t;

int pacs_delete_named(pacs_service_t *svc, const pacs_subject_t *subject,
    pacs_str_t study, const pacs_named_t *names, size_t n, pacs_str_t why,
    pacs_err_t *err);
/* names are held alone, and nothing was stored since the journal ended there:
 * rows of what it says to be deleted go */
int pacs_delete_end(pacs_service_t *svc, const pacs_journal_at_t *at,
    pacs_err_t *err);
/* reject.c: what the file says if it is a rejection note of IHE IOCM */
int pacs_reject(pacs_service_t *svc, const pacs_subject_t *subject, int fd,
    const pacs_record_t *note, pacs_err_t *err);

/* only a non-patient instance of that category; instance: of that UID, or
 * null */
void pacs_store_npi(pacs_store_t *st, pacs_str_t category,
    pacs_str_t instance);
/* pacs_store_finish() in two steps: what is read and computed; what waits
 * for the disk.  An error of the first one is the second one's */
void pacs_store_scan(pacs_store_t *st, pacs_stored_t *out);
int pacs_store_commit(pacs_store_t *st, pacs_stored_t *out, pacs_err_t *err);
/* in memory as it came: nothing but the scan is to be done for it */
bool pacs_store_whole(const pacs_store_t *st);
size_t pacs_store_memory(const pacs_store_t *st);

/* beside.c */
typedef struct pacs_beside_s  pacs_beside_t;
typedef struct pacs_late_s    pacs_late_t;

/* an instance of a request; stored and err count after the wait */
struct pacs_late_s {
    pacs_late_t    *next, *queued;
    pacs_beside_t  *of;
    pacs_store_t   *store;
    pacs_stored_t   stored;
    pacs_err_t      err;
    bool            scanned, done;
};

pacs_crew_t *pacs_crew_create(void);
void pacs_crew_destroy(pacs_crew_t *crew);
/* owns st; waits while too many are under way.  *b: NULL before
 * the first one.  NULL: out of memory, st is gone */
pacs_late_t *pacs_beside_add(pacs_service_t *svc, pacs_beside_t **b,
    pacs_store_t *st);
void pacs_beside_wait(pacs_beside_t *b);        /* for all; b may be NULL */
/* frees b and its pacs_late_t, when all are done: waits for nobody */
void pacs_beside_leave(pacs_beside_t *b);

/* known.c: the row of c's SOP instance; PACS_E_NOT_FOUND */
int pacs_known_find(pacs_service_t *svc, const pacs_commit_t *c,
    pacs_arena_t *a, pacs_record_t *known, pacs_err_t *err);
/* what is to be said to c when its SOP instance is there: PACS_OK, the same
 * (and its blob is really there), PACS_E_CONFLICT (listed, c->kept), …
 * linked: c has its final name */
int pacs_known_settle(pacs_service_t *svc, pacs_commit_t *c,
    const pacs_record_t *known, bool linked, pacs_err_t *err);
/* PACS_E_BUSY: deleted meanwhile */
int pacs_known_gone(const pacs_commit_t *c, pacs_err_t *err);

/* the one scan of an instance: identifiers, attributes, metadata, frames,
 * look.  file is open, key->digest and size are set by the caller; foreign
 * (or NULL): where the file meta names another instance or class */
int pacs_scan(pacs_service_t *svc, pacs_source_t *file, pacs_arena_t *a,
    pacs_record_t *record, pacs_key_t *key, pacs_err_t *foreign,
    pacs_err_t *err);

/* the record of op's instance, with access checked, into *record */
int pacs_op_record(pacs_op_t *op, pacs_str_t study, pacs_str_t series,
    pacs_str_t instance, pacs_record_t *record, pacs_err_t *err);
int pacs_blob_of(pacs_service_t *svc, pacs_str_t key, int *fd,
    pacs_err_t *err);

/* verify.c: the file is there, with this digest and size (UINT64_MAX: any);
 * *read: bytes */
int pacs_blob_check(pacs_service_t *svc, const pacs_key_t *key, uint64_t size,
    uint64_t *read, pacs_err_t *err);

typedef struct {
    pacs_key_t  key;
    char        path[4096];
    int         fd;
} pacs_open_t;

/* a record's blob, open until op ends; blob is in op's arena */
int pacs_op_blob(pacs_op_t *op, pacs_str_t key, pacs_open_t *blob,
    pacs_err_t *err);

/* reply helpers; false or PACS_E_NOMEM when the arena is used up */
int pacs_reply_header(pacs_op_t *op, const char *name, pacs_str_t value);
int pacs_reply_memory(pacs_op_t *op, pacs_str_t body);
/* takes text as the body, gzip'ed (zlib's level) for who takes it */
int pacs_reply_text(pacs_op_t *op, pacs_buf_t *text, int level);
/* xml.c: the data sets of a JSON array as parts of multipart/related, or
 * (single) the one that there is alone; gzip'ed for who takes it */
int pacs_reply_xml(pacs_op_t *op, pacs_str_t json, bool single,
    pacs_err_t *err);
pacs_part_t *pacs_reply_parts(pacs_op_t *op, unsigned n);
void pacs_reply_length(pacs_op_t *op);
/* parts that are added one by one, and become the reply's */
typedef struct {
    pacs_part_t  *parts;
    unsigned      n, room;
} pacs_parts_t;

int pacs_parts_add(pacs_op_t *op, pacs_parts_t *list, pacs_part_t part);
int pacs_parts_text(pacs_op_t *op, pacs_parts_t *list, pacs_str_t text);
void pacs_parts_reply(pacs_op_t *op, const pacs_parts_t *list);
/* 299, PS3.18 8.5: adds a Warning header */
int pacs_reply_warning(pacs_op_t *op, const char *fmt, ...)
    PACS_PRINTF(2, 3);
/* "abc" from the texts given (NULL ends), reply.weak before; true: If-None-Match has it, and
 * the reply is a 304 */
bool pacs_reply_etag(pacs_op_t *op, ...);
/* "prefix/studies/S/series/X/instances/I", series and instance may be null */
pacs_str_t pacs_op_url(pacs_op_t *op, bool absolute, pacs_str_t study,
    pacs_str_t series, pacs_str_t instance);

/* of a resource's methods those that are allowed */
unsigned pacs_op_methods(const pacs_op_t *op, pacs_resource_e resource,
    unsigned methods);
/* PS3.18 8.7: what is acceptable for the route, best first */
int pacs_op_accept(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_accept_t *choices,
    unsigned max, unsigned *n, pacs_err_t *err);

/* Content-Encoding of a body */
int pacs_op_coding(pacs_str_t coding, pacs_err_t *err);

/* a fresh one: 32 hex digits of randomness never occur in a payload */
void pacs_boundary(char boundary[33]);

/* the operations, by file; PACS_OK (reply filled), PACS_AGAIN, or an error */
typedef int (*pacs_op_pt)(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);

int pacs_op_capabilities(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_conformance(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_session(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_opening(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_search(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_delete(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_object(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_frames(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_bulkdata(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_bulk(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_metadata(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_volume(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_documents(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_ups_create(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_ups_get(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_ups_update(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_ups_state(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_ups_cancel(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_subscribe(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_unsubscribe(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_suspend(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_commit_request(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_commit_result(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_mpps_post(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_mpps_get(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_npi(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_notifications(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_picture(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_upload_new(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_upload(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);
int pacs_op_values(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams, pacs_err_t *err);

/* --- checked.c: a file of the cache, read through its checksums --- */

enum { PACS_DAMAGED_MAX = 4 };  /* files in turn, then it is an error */

typedef struct {
    const char  *path;
    int          fd;
    uint64_t     bytes;         /* of the samples, which begin at 0 */
    uint32_t    *sums;
} pacs_checked_t;

/* PACS_E_NOT_FOUND: there is none (any more: it was damaged); path and a
 * outlive c */
int pacs_checked_open(const char *path, uint32_t magic, pacs_arena_t *a,
    pacs_checked_t *c, pacs_frame_head_t *head);
/* false: not as it was written: pacs_checked_damaged, and anew */
bool pacs_checked_read(const pacs_checked_t *c, void *out, size_t len,
    uint64_t offset);
bool pacs_checked_whole(const pacs_checked_t *c);
void pacs_checked_close(pacs_checked_t *c);
/* removes and closes it */
void pacs_checked_damaged(pacs_checked_t *c);
/* all of it, of any file; false: an error, or its end */
bool pacs_cached_read(int fd, void *out, size_t len, uint64_t offset);
/* unless another file has that name now */
void pacs_cached_remove(const char *path, int fd);
/* used now, as far as eviction goes */
void pacs_cached_touch(int fd, const struct stat *st);


/* --- frames --- */

typedef struct pacs_presented_s  pacs_presented_t;      /* presented.h */

/* one instance, opened for reading its frames; all in op's arena */
typedef struct {
    pacs_record_t   record;
    pacs_frames_t   frames;
    pacs_look_t     look;
    const pacs_syntax_t *syntax;
    pacs_open_t     blob;
    pacs_source_t  *file;
    pacs_source_t  *stream;
    pacs_presented_t  *presented;   /* state that it is drawn with, or NULL */
    uint32_t        asked_for;      /* frame, and how often pacs-codec was */
    unsigned        asked;
} pacs_image_t;

/* PACS_E_UNSHOWABLE with the reason where there is no picture in it */
int pacs_image_open(pacs_op_t *op, pacs_str_t study, pacs_str_t series,
    pacs_str_t instance, pacs_image_t **image, pacs_err_t *err);
/* … of a record that is at hand, whose strings outlive op's arena */
int pacs_image_of(pacs_op_t *op, const pacs_record_t *record,
    pacs_image_t **image, pacs_err_t *err);
/* its descriptor, before op ends: no more frames are read of it */
void pacs_image_close(pacs_image_t *im);
/* native frame i (from 0): true: byte range of the blob that can be sent as
 * it is (little endian, whole bytes) */
bool pacs_image_range(const pacs_image_t *im, uint32_t i,
    pacs_range_t *range);
/* rows [row, row + rows) of native frame i (rows 0: all), read and put into
 * little endian, 1-bit ones from bit 0 */
int pacs_image_native(pacs_image_t *im, uint32_t i, uint32_t row,
    uint32_t rows, const pacs_limits_t *limits, pacs_arena_t *a,
    pacs_str_t *bytes, pacs_err_t *err);
/* coded frame i, decoded: open in the frame cache, its sums in a, or
 * PACS_AGAIN with op->want, also where what lay there was damaged */
int pacs_image_decoded(pacs_op_t *op, pacs_image_t *im, uint32_t i,
    pacs_arena_t *a, pacs_checked_t *file, pacs_frame_head_t *head,
    pacs_err_t *err);
/* what pacs-codec said, if it was asked */
int pacs_image_answer(pacs_op_t *op, pacs_err_t *err);
/* PACS_AGAIN: frame i, which is not in the cache under that key, decoded or
 * (target) put into another transfer syntax */
int pacs_image_ask(pacs_op_t *op, pacs_image_t *im, uint32_t i,
    const char *key, const pacs_target_t *target, pacs_err_t *err);
/* an unnamed file for pacs-codec's answer, that many bytes behind its head */
int pacs_codec_output(pacs_service_t *svc, uint64_t bytes, int *fd,
    pacs_err_t *err);
/* PACS_E_BUSY: the disk of fd has no room for that many in the cache */
int pacs_cache_room(int fd, uint64_t bytes, const pacs_limits_t *limits,
    pacs_err_t *err);
/* forget.c: what the names of frames, pyramids and pictures begin with, by
 * the key of their record, and those of volumes behind PACS_VOLUME_PREFIX */
enum { PACS_CACHE_OWNER = 16 };

#define PACS_VOLUME_PREFIX  "volume-"

void pacs_cache_owner(pacs_str_t key, char owner[PACS_CACHE_OWNER + 1]);
void pacs_cache_study(pacs_str_t study, char owner[PACS_CACHE_OWNER + 1]);
/* removes what is made of these instances of a study, and its volumes */
void pacs_cache_forget(pacs_service_t *svc, pacs_str_t study,
    const pacs_entry_t *entries, size_t n);
/* kept.c: the whole picture of op->reply.etag into op->reply;
 * PACS_E_NOT_FOUND, PACS_E_PARSE: it was corrupt, and is removed */
int pacs_kept_get(pacs_op_t *op, pacs_str_t key, bool thumbnail);
/* the reply; without it nothing is wrong */
void pacs_kept_put(pacs_op_t *op, pacs_str_t key, bool thumbnail);
/* warm.c: for health, `"warm":{…}` */
void pacs_warm_write(pacs_service_t *svc, pacs_buf_t *out);
/* annotate.c: what a picture of the frame (from 0) says; kinds: PACS_NOTE_…,
 * 0 gives NULL */
int pacs_annotate(pacs_op_t *op, pacs_image_t *im, unsigned kinds,
    uint32_t frame, const pacs_annotation_t **out, pacs_err_t *err);
/* of a volume, what its slice im says of them all, and what it is */
int pacs_annotate_volume(pacs_op_t *op, pacs_image_t *im, unsigned kinds,
    pacs_str_t what, const pacs_annotation_t **out, pacs_err_t *err);
/* samples.c: of frame (from 0), as much as want shows.  PACS_AGAIN: not
 * decoded yet, see op->want */
int pacs_samples_get(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    const pacs_picture_t *want, pacs_samples_t *samples, pacs_err_t *err);
/* area (level 0) of a frame, or more: see samples->area */
int pacs_samples_read(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    const pacs_area_t *area, pacs_arena_t *a, pacs_samples_t *samples,
    pacs_err_t *err);
/* pyramid.c: the levels of a frame.  range: of its stored values.
 * PACS_AGAIN as above */
int pacs_pyramid_open(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    const pacs_pyramid_t *shape, pacs_checked_t *file, double range[2],
    pacs_err_t *err);
/* crc.c: CRC-32 of what was sent, by a name of its bytes */
pacs_crcs_t *pacs_crcs_create(void);
void pacs_crcs_destroy(pacs_crcs_t *c);
bool pacs_crcs_get(pacs_crcs_t *c, uint64_t name, uint32_t *crc);
void pacs_crcs_put(pacs_crcs_t *c, uint64_t name, uint32_t crc);
/* draw.c: pacs_picture_e of a media type as Accept offers it, and back */
uint8_t pacs_picture_format(pacs_str_t type);
const char *pacs_picture_type(uint8_t format);
/* frame (from 0) as a picture, added to out; what was drawn of its
 * annotation is added to drawn.  PACS_AGAIN */
int pacs_draw(pacs_op_t *op, pacs_image_t *im, uint32_t frame,
    const pacs_picture_t *want, pacs_drawn_t *drawn, pacs_buf_t *out,
    uint32_t *width, uint32_t *height, pacs_err_t *err);
/* warns, and takes the ETag away where the fonts decide */
int pacs_draw_tell(pacs_op_t *op, const pacs_drawn_t *drawn);
/* profile.c: want->profile, where want->icc needs it */
int pacs_image_profile(pacs_op_t *op, pacs_image_t *im, pacs_picture_t *want,
    pacs_err_t *err);
/* cine.c: how long each of n frames (from 0) stays */
int pacs_cine_delays(pacs_op_t *op, pacs_image_t *im, const uint32_t *frames,
    uint32_t n, uint32_t *delays_ms, pacs_err_t *err);
/* report.c: a report or an encapsulated document; fills the reply */
bool pacs_report_is(pacs_str_t class_uid);
int pacs_report(pacs_op_t *op, const pacs_image_t *im,
    const pacs_accept_t *choices, unsigned n, pacs_err_t *err);
/* video.c: a stored video fills the reply */
int pacs_video(pacs_op_t *op, const pacs_image_t *im,
    const pacs_accept_t *choices, unsigned n, pacs_err_t *err);

/* memo.c: what was reckoned of a series in a revision of its study */
enum { PACS_MEMO = 40 };            /* bytes of it, at most */

pacs_memos_t *pacs_memos_create(void);
void pacs_memos_destroy(pacs_memos_t *m);
bool pacs_memo_get(pacs_memos_t *m, const char *what, pacs_str_t series,
    int64_t revision, void *value, size_t size);
void pacs_memo_put(pacs_memos_t *m, const char *what, pacs_str_t series,
    int64_t revision, const void *value, size_t size);

/* session.c: the reply is a picture of the rev that was asked for, and that
 * is the one of the series: it will never be another */
bool pacs_session_is_current(pacs_op_t *op, const pacs_route_t *route,
    const pacs_param_t *params, unsigned nparams);

/* what tells pictures apart: by rev none is another */
pacs_str_t pacs_session_without_rev(pacs_op_t *op, pacs_str_t args);

/* scale.c: im->look.scale and range, where its series has one scale */
int pacs_scale_set(pacs_op_t *op, pacs_image_t *im, pacs_err_t *err);

/* representative.c: the instance with pictures that stands for a study or
 * series; PACS_E_UNSHOWABLE: there is none.  uid is in op's arena */
int pacs_representative(pacs_op_t *op, const pacs_route_t *route,
    pacs_str_t *uid, pacs_err_t *err);

/* --- spool.c: an answer made piece by piece --- */

typedef struct {
    int          fd;
    const char  *path;
    uint64_t     len;
} pacs_spool_t;

int pacs_spool_open(pacs_op_t *op, pacs_spool_t *s, pacs_err_t *err);
/* nothing more is added; the file stays as long as op */
void pacs_spool_close(pacs_spool_t *s);
int pacs_spool_add(pacs_op_t *op, pacs_spool_t *s, pacs_str_t bytes,
    pacs_err_t *err);
/* over the first bytes */
int pacs_spool_begin(const pacs_spool_t *s, const char *head, size_t len,
    pacs_err_t *err);
int pacs_spool_reply(pacs_op_t *op, const pacs_spool_t *s);
/* a finished one, made in an arena that goes before op's: its file moves to
 * *kept, and is gone with op's */
int pacs_spool_keep(pacs_op_t *op, const char *path, const char **kept,
    pacs_err_t *err);


/* --- transcode.c: an instance in another transfer syntax, PS3.5 A --- */

typedef struct pacs_transcode_s  pacs_transcode_t;

/* a record whose frames can be put into `target`, by pacs-codec: not its own
 * syntax, nor one native syntax for another.  What is lossy
 * (pacs_syntax(target)->lossy) is for who names it, never a default */
bool pacs_transcode_can(const pacs_record_t *record, pacs_str_t target);
/* of some record at least */
bool pacs_transcode_makes(pacs_str_t target);
/* frame i (from 0): its bytes, coded or native, as a part without a head;
 * px: what its attributes are now.  PACS_AGAIN with op->want;
 * PACS_E_UNSHOWABLE: it cannot be decoded */
int pacs_transcode_frame(pacs_op_t *op, pacs_image_t *im, uint32_t i,
    pacs_str_t target, pacs_part_t *part, pacs_pixels_t *px,
    pacs_err_t *err);
/* the whole instance as a Part 10 file: a part of a file that is gone with
 * op's arena.  record lives as long as op; run again after PACS_AGAIN */
int pacs_transcode_open(pacs_op_t *op, const pacs_record_t *record,
    pacs_str_t target, pacs_transcode_t **t, pacs_err_t *err);
int pacs_transcode_run(pacs_op_t *op, pacs_transcode_t *t,
    pacs_part_t *part, pacs_err_t *err);


/* --- pictures.c: several in one answer --- */

typedef struct pacs_pictures_s  pacs_pictures_t;

/* image: its frames (those of the route, or all); NULL: all that the state
 * refers to, or (presented NULL) that the route's study or series has.  type: of a picture, or of the animation; notes:
 * PACS_NOTE_… */
int pacs_pictures_open(pacs_op_t *op, const pacs_route_t *route,
    pacs_image_t *image, pacs_presented_t *presented, const pacs_picture_t *want, unsigned notes,
    pacs_str_t type, bool animated, pacs_pictures_t **pictures,
    pacs_err_t *err);
/* makes the next one; PACS_OK: the reply is filled */
int pacs_pictures_run(pacs_op_t *op, pacs_pictures_t *p, pacs_err_t *err);

#endif
