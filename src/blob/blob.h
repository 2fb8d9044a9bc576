/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * blob: the archive itself: one Part 10 file an instance, and the journal
 * of everything that files cannot say (when, from whom, deleted, corrected,
 * in conflict).  A store behind a vtable: fs.c now, s3.c later.  Any thread.
 *
 * <home>/blobs/<2 hex>/<series hash, 32 hex>/<key, 64 hex>.dcm
 * <home>/tmp/            (same file system; emptied of what is older than
 *                         an hour when a store opens)
 * <home>/journal/NNNNNNNN.log   lines: crc32 hex, blank, JSON object
 */

#ifndef PACS_BLOB_H
#define PACS_BLOB_H

#include "core/core.h"

typedef struct pacs_blobs_s  pacs_blobs_t;

/* names one blob: never a string from outside */
typedef struct {
    char  series[33];       /* first 32 hex digits of SHA-256(Series UID) */
    char  digest[65];       /* SHA-256(syntax UID, data set bytes) */
} pacs_key_t;

bool pacs_key_parse(pacs_str_t text, pacs_key_t *key);  /* "series/digest" */
void pacs_key_series(pacs_key_t *key, pacs_str_t series_uid);

typedef struct {
    int   fd;               /* O_TMPFILE, or a named file in tmp/ */
    char  name[64];         /* "" for O_TMPFILE */
} pacs_blob_tmp_t;

typedef struct {
    const char  *name;      /* "fs" */
    void  (*close)(pacs_blobs_t *b);
    int   (*create)(pacs_blobs_t *b, pacs_blob_tmp_t *tmp, pacs_err_t *err);
    void  (*discard)(pacs_blobs_t *b, pacs_blob_tmp_t *tmp);
    /* fsync of the file; an error is final: the blob is refused */
    int   (*sync)(pacs_blobs_t *b, pacs_blob_tmp_t *tmp, pacs_err_t *err);
    /* final name; *existed: it was there already and stays as it is (the
     * same data set if it is whole, perhaps behind another file meta).  Not
     * durable before sync_names() */
    int   (*link)(pacs_blobs_t *b, pacs_blob_tmp_t *tmp,
                  const pacs_key_t *key, bool *existed, pacs_err_t *err);
    /* fsync of the folders of n keys (new parents included), each once */
    int   (*sync_names)(pacs_blobs_t *b, const pacs_key_t *keys, unsigned n,
                        pacs_err_t *err);
    /* a read-only descriptor of its own; PACS_E_NOT_FOUND */
    int   (*open)(pacs_blobs_t *b, const pacs_key_t *key, int *fd,
                  pacs_err_t *err);
    /* path of a local file for sendfile; false: not local */
    bool  (*path)(pacs_blobs_t *b, const pacs_key_t *key, char *path,
                  size_t size);
    int   (*remove)(pacs_blobs_t *b, const pacs_key_t *key, pacs_err_t *err);
    /* every blob; stops when fn returns non-zero and returns that */
    int   (*each)(pacs_blobs_t *b, int (*fn)(void *ctx, const pacs_key_t *key,
                  const char *path), void *ctx, pacs_err_t *err);
    /* free and total bytes of the disk; PACS_E_IO: nothing can be written */
    int   (*space)(pacs_blobs_t *b, uint64_t *free, uint64_t *total,
                   pacs_err_t *err);
} pacs_blobs_vt_t;

struct pacs_blobs_s {
    const pacs_blobs_vt_t  *vt;
};

/* makes the folders (0700) if home exists.  PACS_E_IO */
int pacs_blobs_open_fs(const char *home, const pacs_env_t *env,
    pacs_blobs_t **b, pacs_err_t *err);


/* --- the journal --- */

typedef struct pacs_journal_s  pacs_journal_t;

typedef enum {
    PACS_J_STORE,           /* an instance was taken in */
    PACS_J_QUARANTINE,      /* a copy with other content was put aside */
    PACS_J_DELETE,          /* an instance was deleted (one line each) */
    PACS_J_CORRECT,         /* an attribute is to be answered otherwise */
    PACS_J_DOCUMENT         /* a data set that is no instance is so now */
} pacs_journal_e;

typedef struct {
    pacs_journal_e  op;
    int64_t         time_us;
    pacs_key_t      key;
    pacs_str_t      study, series, instance;    /* UIDs */
    pacs_str_t      source;     /* AE title, address or path it came from */
    pacs_str_t      door;       /* "stow", "dimse", "import", "cli" */
    pacs_str_t      subject;    /* who asked */
    pacs_str_t      tag, value; /* CORRECT: keyword and UTF-8 text;
                                   DOCUMENT: value is DICOM JSON, null: gone;
                                   instance its UID */
    pacs_str_t      kind;               /* DOCUMENT */
    pacs_str_t      state;      /* DOCUMENT; DELETE: "kept", its bytes are
                                   still there, or "purged", they went */
    int64_t         revision;           /* DOCUMENT: from 1 */
} pacs_entry_t;

int pacs_journal_open(const char *home, pacs_journal_t **j, pacs_err_t *err);
void pacs_journal_close(pacs_journal_t *j);
/* appends all in one write and fsyncs; several processes may (flock).
 * A torn last line of a crash is closed off first */
int pacs_journal_append(pacs_journal_t *j, const pacs_entry_t *entries,
    unsigned n, pacs_err_t *err);
/* all entries, oldest first; a line with a wrong CRC is reported to bad
 * (may be NULL) and skipped */
int pacs_journal_each(pacs_journal_t *j,
    int (*fn)(void *ctx, const pacs_entry_t *e),
    void (*bad)(void *ctx, const char *file, unsigned line), void *ctx,
    pacs_err_t *err);

typedef struct {
    unsigned  file;             /* from 1 */
    int64_t   offset;
} pacs_journal_at_t;

/* where the next entry will be, or behind it */
int pacs_journal_end(pacs_journal_t *j, pacs_journal_at_t *at,
    pacs_err_t *err);
/* pacs_journal_each() from there; bad's line is counted from there, too */
int pacs_journal_since(pacs_journal_t *j, const pacs_journal_at_t *at,
    int (*fn)(void *ctx, const pacs_entry_t *e),
    void (*bad)(void *ctx, const char *file, unsigned line), void *ctx,
    pacs_err_t *err);

#endif
