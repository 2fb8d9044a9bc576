/* SPDX-License-Identifier: BSD-2-Clause */

/* Instances on their way to a client: retrieve.c collects them, instance.c
 * makes the bytes of each, zip.c puts them into an archive. */

#ifndef PACS_SERVICE_SEND_H
#define PACS_SERVICE_SEND_H

#include "service/internal.h"

#define PACS_EXPLICIT_LE  "1.2.840.10008.1.2.1"
#define PACS_IMPLICIT_LE  "1.2.840.10008.1.2"

typedef enum {
    PACS_GIVE_NOT, PACS_GIVE_STORED, PACS_GIVE_EXPLICIT, PACS_GIVE_IMPLICIT,
    PACS_GIVE_CODED                 /* through pacs-codec */
} pacs_give_e;

/* one instance; strings in op's arena */
typedef struct {
    pacs_record_t  record;
    pacs_give_e    give;
    pacs_str_t     syntax;      /* that it is given in */
    bool           by_name;     /* which was asked for; else what cannot be
                                   decoded is given as it is stored */
    unsigned       first, n;    /* its parts in the list */
    uint64_t       length;
} pacs_given_t;

/* retrieve.c: g's give and syntax in the one that is asked for: null, a UID
 * or "*" */
void pacs_given_as(pacs_given_t *g, pacs_str_t asked);

/* what one instance after the other is made with */
typedef struct {
    pacs_arena_t      *arena;       /* of the instance under way, or NULL */
    pacs_transcode_t  *transcode;
    uint64_t           memory;      /* bytes that are held, of all */
} pacs_maker_t;

/* as op's arena goes: a pacs_arena_cleanup */
void pacs_maker_close(void *maker);
/* adds the parts of a Part 10 file to list and fills g's first, n, length,
 * and give and syntax where another is given than was meant.  PACS_AGAIN:
 * nothing is added yet; PACS_E_LIMIT: too many bytes to be held */
int pacs_instance_parts(pacs_op_t *op, pacs_maker_t *m, pacs_given_t *g,
    pacs_parts_t *list, pacs_err_t *err);

/* the whole archive of n instances, whose parts are in from; its bytes are
 * the same each time.  dir: with a DICOMDIR, and names as that needs them */
int pacs_zip_parts(pacs_op_t *op, pacs_given_t *given, unsigned n,
    const pacs_parts_t *from, bool dir, pacs_parts_t *list, pacs_err_t *err);
/* PS3.10 8.6, PS3.3 F: a file of a file-set; ids[i]: "DICOM\\S0001\\I0001" */
int pacs_dicomdir_write(pacs_op_t *op, const pacs_given_t *given, unsigned n,
    const pacs_str_t *ids, pacs_str_t *file, pacs_err_t *err);


/* instance.c: if op says so, with the home's secret; a is ds's arena */
int pacs_anonymize(pacs_op_t *op, pacs_dataset_t *ds, pacs_arena_t *a,
    pacs_err_t *err);


/* --- frames.c, for the bulk data too --- */

typedef enum {
    PACS_FRAMES_NOT, PACS_FRAMES_NATIVE, PACS_FRAMES_STORED,
    PACS_FRAMES_DECODED, PACS_FRAMES_CODED      /* in another syntax */
} pacs_frames_e;

typedef struct {
    pacs_frames_e  how;
    pacs_str_t     syntax;      /* of what is given */
} pacs_frames_give_t;

/* application/octet-stream is as good as any */
bool pacs_octets_ok(const pacs_accept_t *c);
pacs_frames_give_t pacs_frames_choose(const pacs_accept_t *c,
    const pacs_record_t *record);
const char *pacs_frames_type(const pacs_frames_give_t *give);
/* frame i (from 0), with a part's head in front of it unless boundary is
 * NULL; PACS_AGAIN */
int pacs_frames_add(pacs_op_t *op, pacs_image_t *im,
    const pacs_frames_give_t *give, uint32_t i, const char *boundary,
    pacs_parts_t *list, pacs_err_t *err);
/* the reply is what list holds: parts whose heads begin with CRLF */
int pacs_parts_multipart(pacs_op_t *op, pacs_parts_t *list, const char *type,
    const char *boundary);
/* bulkdata.c: the value of e in little endian: of the blob at path, or in
 * memory where it has to be inflated or swapped */
int pacs_bulk_value(pacs_op_t *op, pacs_source_t *file,
    const pacs_dataset_t *ds, const pacs_elem_t *e, const char *path,
    pacs_part_t *part, pacs_err_t *err);

#endif
