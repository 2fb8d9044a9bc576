/* SPDX-License-Identifier: BSD-2-Clause */

/* The modality worklist, PS3.4 Annex K: its items come from files of an
 * administrator, for PS3.18 chapter 14 can only search. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/document.h"

enum { STUDY = 0x0020000D, STEPS = 0x00400100, STEP_ID = 0x00400009,
       STATUS = 0x00400020, FILE_MAX = 16 << 20 };

/* table K.6-1: what must come back in every answer with a value */
static const pacs_rule_t  rules[] = {
    { 0, 0, STUDY, '1', '3', '-', NULL },
    { 0, 0, 0x00100010, '1', '3', '-', NULL },
    { 0, 0, 0x00100020, '1', '3', '-', NULL },
    { 0, 0, 0x00401001, '1', '3', '-', NULL },
    { 0, 0, STEPS, '1', '3', '-', NULL },
    { 0, STEPS, 0x00400001, '1', '3', '-', NULL },
    { 0, STEPS, 0x00400002, '1', '3', '-', NULL },
    { 0, STEPS, 0x00400003, '1', '3', '-', NULL },
    { 0, STEPS, 0x00080060, '1', '3', '-', NULL },
    { 0, STEPS, STEP_ID, '1', '3', '-', NULL },
    { 0, 0x00081110, 0x00081150, '1', '3', '-', NULL },
    { 0, 0x00081110, 0x00081155, '1', '3', '-', NULL },
    { 0, 0x00081120, 0x00081150, '1', '3', '-', NULL },
    { 0, 0x00081120, 0x00081155, '1', '3', '-', NULL },
    /* empty if it is not known */
    { 0, 0, 0x00080050, '2', '3', '-', NULL },
    { 0, 0, 0x00080090, '2', '3', '-', NULL },
    { 0, 0, 0x00081110, '2', '3', '-', NULL },
    { 0, 0, 0x00081120, '2', '3', '-', NULL },
    { 0, 0, 0x00100030, '2', '3', '-', NULL },
    { 0, 0, 0x00100040, '2', '3', '-', NULL },
    { 0, 0, 0x00101030, '2', '3', '-', NULL },
    { 0, 0, 0x00102000, '2', '3', '-', NULL },
    { 0, 0, 0x00102110, '2', '3', '-', NULL },
    { 0, 0, 0x001021C0, '2', '3', '-', NULL },
    { 0, 0, 0x00321032, '2', '3', '-', NULL },
    { 0, 0, 0x00321060, '2', '3', '-', NULL },
    { 0, 0, 0x00380010, '2', '3', '-', NULL },
    { 0, 0, 0x00380050, '2', '3', '-', NULL },
    { 0, 0, 0x00380300, '2', '3', '-', NULL },
    { 0, 0, 0x00380500, '2', '3', '-', NULL },
    { 0, 0, 0x00401003, '2', '3', '-', NULL },
    { 0, 0, 0x00401004, '2', '3', '-', NULL },
    { 0, 0, 0x00403001, '2', '3', '-', NULL },
    { 0, STEPS, 0x00400006, '2', '3', '-', NULL },
    { 0, STEPS, 0x00400010, '2', '3', '-', NULL },
    { 0, STEPS, 0x00400011, '2', '3', '-', NULL }
};

static const pacs_rules_t  worklist_rules = {
    rules, sizeof(rules) / sizeof(rules[0])
};

typedef struct {
    pacs_service_t        *svc;
    const pacs_subject_t  *subject;
    pacs_arena_t          *a;
    void                 (*say)(void *ctx, const char *line);
    void                  *ctx;
    pacs_err_t            *err;
} work_t;


static pacs_str_t
name_of(work_t *w, pacs_str_t study, pacs_str_t step)
{
    return pacs_sprintf(w->a, "%.*s\\%.*s", pacs_fmt(study), pacs_fmt(step));
}


/* --- files --- */

/* any data set as the tree that its JSON gives */
static int
read_part10(work_t *w, int fd, pacs_dataset_t **sets, unsigned *n)
{
    const pacs_limits_t  *limits = pacs_service_limits(w->svc);
    pacs_source_t         file, *stream;
    pacs_dataset_t        ds;
    pacs_json_t           json;
    int                   rc;

    if ((rc = pacs_source_fd(&file, fd, w->err)) != PACS_OK
        || (rc = pacs_dicom_read(&file, limits, PACS_KEEP, w->a, &ds, w->err))
            != PACS_OK
        || (stream = pacs_dicom_stream(&file, &ds, limits, w->a, w->err))
            == NULL)
    {
        return rc != PACS_OK ? rc : w->err->code;
    }

    rc = pacs_json_write(stream, &ds, FILE_MAX, w->a, &json, w->err);
    if (rc == PACS_OK) {
        rc = pacs_json_read(pacs_buf_take(&json.text, w->a), NULL, limits,
                            w->a, sets, n, w->err);
    }
    return rc;
}


static int
read_text(work_t *w, int fd, const char *path, size_t size, bool xml,
    pacs_dataset_t **sets, unsigned *n)
{
    const pacs_limits_t  *limits = pacs_service_limits(w->svc);
    char                 *text = pacs_alloc(w->a, size + 1);
    pacs_source_t         file;
    int                   rc = text != NULL ? pacs_source_fd(&file, fd, w->err)
                               : pacs_fail(w->err, PACS_E_NOMEM,
                                           "out of memory");

    if (rc == PACS_OK) {
        rc = pacs_source_exact(&file, 0, text, size, w->err);
    }
    return rc != PACS_OK ? rc
           : xml ? pacs_xml_read((pacs_str_t) { text, size }, NULL, limits,
                                 w->a, sets, n, w->err)
           : pacs_json_read((pacs_str_t) { text, size }, NULL, limits, w->a,
                            sets, n, w->err);
}


/* by its first character: Part 10 begins with a preamble, or as text does */
static int
read_file(work_t *w, const char *path, pacs_dataset_t **sets, unsigned *n)
{
    int          fd = open(path, O_RDONLY | O_CLOEXEC), rc;
    struct stat  st;
    char         first = '\0', mark[4] = "";

    if (fd == -1 || fstat(fd, &st) != 0) {
        rc = pacs_fail_errno(w->err, errno, "%s", path);

    } else if (st.st_size > FILE_MAX) {
        rc = pacs_fail(w->err, PACS_E_LIMIT, "more than %d bytes", FILE_MAX);

    } else if (pread(fd, mark, 4, 128) == 4 && mark[0] == 'D'
               && mark[1] == 'I' && mark[2] == 'C' && mark[3] == 'M')
    {
        rc = read_part10(w, fd, sets, n);

    } else {
        for (off_t at = 0; pread(fd, &first, 1, at) == 1
             && (first == ' ' || first == '\n' || first == '\r'
                 || first == '\t');
             at++)
        {
        }
        rc = read_text(w, fd, path, (size_t) st.st_size, first == '<', sets,
                       n);
    }

    if (fd != -1) {
        close(fd);
    }
    return rc;
}


/* --- add --- */

static int
check(work_t *w, pacs_item_t *root)
{
    const pacs_item_t  *step;
    bool                modified;
    int                 rc = pacs_rules_create(&worklist_rules, root, w->a,
                                               &modified, w->err);

    if (rc != PACS_OK) {
        return rc;
    }

    step = pacs_elem_item(root, STEPS);
    if (step->next != NULL) {
        return pacs_fail(w->err, PACS_E_ARG, "an item has one scheduled "
                         "step: ScheduledProcedureStepSequence (0040,0100) "
                         "has more");
    }
    if (!pacs_uid_ok(pacs_elem_raw(root, STUDY))) {
        return pacs_fail(w->err, PACS_E_ARG, "StudyInstanceUID (0020,000D) is"
                         " not a UID");
    }
    if (pacs_elem(step, STATUS) == NULL
        && !pacs_item_text((pacs_item_t *) step, STATUS,
                           pacs_lit("SCHEDULED"), w->a))
    {
        return pacs_fail(w->err, PACS_E_NOMEM, "out of memory");
    }
    return PACS_OK;
}


/* the lock is held */
static int
put(work_t *w, pacs_item_t *root)
{
    pacs_index_t        *ix = w->svc->index;
    const pacs_item_t   *step = pacs_elem_item(root, STEPS);
    pacs_str_t           study = pacs_elem_raw(root, STUDY);
    pacs_document_t      old = { 0 };
    pacs_err_t           none = { 0 };
    pacs_document_t      d = {
        .kind = pacs_lit(PACS_DOC_MWL),
        .uid = name_of(w, study, pacs_elem_raw(step, STEP_ID)),
        .state = pacs_elem_raw(step, STATUS), .root = root
    };
    char                 line[256];
    int                  rc = ix->vt->document_get(ix, PACS_DOC_MWL, d.uid,
                                                   w->a, &old, &none);

    if (rc != PACS_OK && rc != PACS_E_NOT_FOUND) {
        return pacs_fail(w->err, rc, "%s", none.text);
    }

    d.revision = rc == PACS_OK ? old.revision : 0;
    snprintf(line, sizeof(line), "%s %.*s %.*s",
             rc == PACS_OK ? "replaced" : "added", pacs_fmt(study),
             pacs_fmt(pacs_elem_raw(step, STEP_ID)));

    rc = pacs_documents_commit(w->svc, w->subject, &d, 1, NULL, 0, w->a,
                               w->err);
    if (rc == PACS_OK) {
        w->say(w->ctx, line);
    }
    return rc;
}


static int
add(work_t *w, const char *path)
{
    pacs_dataset_t *sets;
    unsigned        n;
    int             lock, rc = read_file(w, path, &sets, &n);

    for (unsigned i = 0; rc == PACS_OK && i < n; i++) {
        sets[i].root->charset = pacs_lit(PACS_UTF8);
        rc = check(w, sets[i].root);
    }
    if (rc != PACS_OK
        || (rc = pacs_documents_lock(w->svc, &lock, w->err)) != PACS_OK)
    {
        return rc;
    }

    for (unsigned i = 0; rc == PACS_OK && i < n; i++) {
        rc = put(w, sets[i].root);
    }
    pacs_documents_unlock(lock);
    return rc;
}


int
pacs_worklist_add(pacs_service_t *svc, const pacs_subject_t *subject,
    const char *path, void (*say)(void *ctx, const char *line), void *ctx,
    pacs_err_t *err)
{
    work_t  w = { .svc = svc, .subject = subject, .say = say, .ctx = ctx,
                  .a = pacs_arena_create(0), .err = err };
    int     rc = w.a == NULL ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                 : pacs_auth_check(subject, PACS_MAY_ADMIN, pacs_null, err);

    if (rc == PACS_OK) {
        rc = add(&w, path);
    }
    pacs_arena_destroy(w.a);
    return rc;
}


/* --- remove, list --- */

static int
take_away(work_t *w, pacs_str_t study, pacs_str_t step)
{
    pacs_index_t     *ix = w->svc->index;
    pacs_document_t   d;
    int               lock, rc = pacs_documents_lock(w->svc, &lock, w->err);

    if (rc != PACS_OK) {
        return rc;
    }

    rc = ix->vt->document_get(ix, PACS_DOC_MWL, name_of(w, study, step), w->a,
                              &d, w->err);
    if (rc == PACS_OK) {
        d.root = NULL;
        rc = pacs_documents_commit(w->svc, w->subject, &d, 1, NULL, 0, w->a,
                                   w->err);
    }

    pacs_documents_unlock(lock);
    return rc;
}


int
pacs_worklist_remove(pacs_service_t *svc, const pacs_subject_t *subject,
    pacs_str_t study, pacs_str_t step, pacs_err_t *err)
{
    work_t  w = { .svc = svc, .subject = subject,
                  .a = pacs_arena_create(0), .err = err };
    int     rc = w.a == NULL ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                 : pacs_auth_check(subject, PACS_MAY_ADMIN, pacs_null, err);

    if (rc == PACS_OK) {
        rc = take_away(&w, study, step);
    }
    pacs_arena_destroy(w.a);
    return rc;
}


static int
show(void *ctx, const pacs_document_t *d)
{
    work_t       *w = ctx;
    pacs_item_t  *root;
    char          line[512];
    int           rc = pacs_document_tree(w->svc, d->json, w->a, &root,
                                          w->err);

    if (rc != PACS_OK) {
        return rc;
    }

    const pacs_item_t *step = pacs_elem_item(root, STEPS);

    snprintf(line, sizeof(line), "%.*s %.*s %.*s %.*s %.*s %.*s %.*s",
             pacs_fmt(pacs_elem_raw(root, STUDY)),
             pacs_fmt(pacs_elem_raw(step, STEP_ID)),
             pacs_fmt(pacs_elem_raw(step, 0x00400002)),
             pacs_fmt(pacs_elem_raw(step, 0x00400001)),
             pacs_fmt(pacs_elem_raw(step, 0x00080060)),
             pacs_fmt(pacs_elem_raw(step, STATUS)),
             pacs_fmt(pacs_item_value(root, 0x00100010, w->a)));
    w->say(w->ctx, line);
    return PACS_OK;
}


int
pacs_worklist_list(pacs_service_t *svc,
    void (*say)(void *ctx, const char *line), void *ctx, pacs_err_t *err)
{
    work_t                 w = { .svc = svc, .say = say, .ctx = ctx,
                                 .a = pacs_arena_create(0), .err = err };
    pacs_document_query_t  q = { .kind = PACS_DOC_MWL };
    bool                   more;
    int                    rc = w.a == NULL
                                ? pacs_fail(err, PACS_E_NOMEM, "out of memory")
                                : svc->index->vt->documents_find(svc->index,
                                      &q, pacs_service_limits(svc), w.a,
                                      show, &w, &more, err);

    pacs_arena_destroy(w.a);
    return rc;
}
