/* SPDX-License-Identifier: BSD-2-Clause */

/* Instances on their way to a client: retrieve.c collects them, instance.c
 * makes the bytes of each, zip.c puts them into an archive. */

#ifndef PACS_SERVICE_SEND_H
#define PACS_SERVICE_SEND_H

#include "service/internal.h"

#define PACS_EXPLICIT_LE  "1.2.840.10008.1.2.1"
#define PACS_IMPLICIT_LE  "1.2.840.10008.1.2"

typedef enum {
    PACS_GIVE_NOT, PACS_GIVE_STORED, PACS_GIVE_EXPLICIT, PACS_GIVE_IMPLICIT
} pacs_give_e;

/* one instance; strings in op's arena */
typedef struct {
    pacs_record_t  record;
    pacs_give_e    give;
    pacs_str_t     syntax;      /* that it is given in */
    bool           only;        /* that one or none: it was asked for by UID */
    unsigned       first, n;    /* its parts in the list */
    uint64_t       length;
} pacs_given_t;

/* adds the parts of a Part 10 file to list and fills g's first, n, length,
 * and syntax where another is given than was meant.  memory counts the bytes
 * that are held, PACS_E_LIMIT if they are too many */
int pacs_instance_parts(pacs_op_t *op, pacs_given_t *g, pacs_parts_t *list,
    uint64_t *memory, pacs_err_t *err);

/* the whole archive of n instances, whose parts are in from; its bytes are
 * the same each time.  dir: with a DICOMDIR, and names as that needs them */
int pacs_zip_parts(pacs_op_t *op, pacs_given_t *given, unsigned n,
    const pacs_parts_t *from, bool dir, pacs_parts_t *list, pacs_err_t *err);
/* PS3.10 8.6, PS3.3 F: a file of a file-set; ids[i]: "DICOM\\S0001\\I0001" */
int pacs_dicomdir_write(pacs_op_t *op, const pacs_given_t *given, unsigned n,
    const pacs_str_t *ids, pacs_str_t *file, pacs_err_t *err);


/* --- frames.c, for the bulk data too --- */

typedef enum {
    PACS_FRAMES_NOT, PACS_FRAMES_NATIVE, PACS_FRAMES_STORED,
    PACS_FRAMES_DECODED
} pacs_frames_e;

/* application/octet-stream is as good as any */
bool pacs_octets_ok(const pacs_accept_t *c);
pacs_frames_e pacs_frames_choose(const pacs_accept_t *c,
    const pacs_syntax_t *syntax, pacs_str_t stored);
const char *pacs_frames_type(const pacs_image_t *im, pacs_frames_e give);
/* frame i (from 0), with a part's head in front of it unless boundary is
 * NULL; PACS_AGAIN */
int pacs_frames_add(pacs_op_t *op, pacs_image_t *im, pacs_frames_e give,
    uint32_t i, const char *boundary, pacs_parts_t *list, pacs_err_t *err);
/* bulkdata.c: the value of e in little endian: of the blob at path, or in
 * memory where it has to be inflated or swapped */
int pacs_bulk_value(pacs_op_t *op, pacs_source_t *file,
    const pacs_dataset_t *ds, const pacs_elem_t *e, const char *path,
    pacs_part_t *part, pacs_err_t *err);

#endif
