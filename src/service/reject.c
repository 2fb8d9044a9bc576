/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Rejection notes, IHE RAD TF-2 4.66 (IOCM): key objects whose title says
 * that what they name is not to be used.  It is deleted, and kept until a
 * purge.  A note that was cut in the middle is done when it is sent again:
 * it was not acknowledged.
 */

#include "service/internal.h"

enum { EVIDENCE = 0x0040A375, TITLE = 0x0040A043, CODE = 0x00080100,
       SCHEME = 0x00080102, SERIES_LIST = 0x00081115,
       INSTANCE_LIST = 0x00081199, STUDY_UID = 0x0020000D,
       SERIES_UID = 0x0020000E, INSTANCE_UID = 0x00081155 };

static const char  key_object[] = "1.2.840.10008.5.1.4.1.1.88.59";

/* CID 7011; hidden: the note, too */
static const struct { const char *code; bool hidden; } titles[] = {
    { "113001", false },    /* Rejected for Quality Reasons */
    { "113037", true },     /* Rejected for Patient Safety Reasons */
    { "113038", true },     /* Incorrect Modality Worklist Entry */
    { "113039", true }      /* Data Retention Policy Expired */
};


static int
find_title(const pacs_item_t *root)
{
    const pacs_item_t *title = pacs_elem_item(root, TITLE);

    if (title == NULL
        || !pacs_str_is(pacs_elem_raw(title, SCHEME), "DCM"))
    {
        return -1;
    }
    for (int i = 0; i < (int) (sizeof(titles) / sizeof(titles[0])); i++) {
        if (pacs_str_is(pacs_elem_raw(title, CODE), titles[i].code)) {
            return i;
        }
    }
    return -1;
}


/* names: NULL, only their number */
static size_t
list_names(const pacs_item_t *study, pacs_named_t *names)
{
    const pacs_item_t *series = pacs_elem_item(study, SERIES_LIST);
    size_t             n = 0;

    for (; series != NULL; series = series->next) {
        pacs_str_t         uid = pacs_elem_raw(series, SERIES_UID);
        const pacs_item_t *i = pacs_elem_item(series, INSTANCE_LIST);

        for (; i != NULL; i = i->next) {
            pacs_str_t  instance = pacs_elem_raw(i, INSTANCE_UID);

            /* an empty one would be all of the series */
            if (!pacs_uid_ok(uid) || !pacs_uid_ok(instance)) {
                continue;
            }
            if (names != NULL) {
                names[n] = (pacs_named_t) { uid, instance };
            }
            n++;
        }
    }
    return n;
}


static int
reject_of(pacs_service_t *svc, const pacs_subject_t *subject,
    const pacs_item_t *study, pacs_str_t note, pacs_arena_t *a,
    pacs_err_t *err)
{
    pacs_str_t     uid = pacs_elem_raw(study, STUDY_UID);
    size_t         n = pacs_uid_ok(uid) ? list_names(study, NULL) : 0;
    pacs_named_t  *names = pacs_calloc(a, n, sizeof(*names));

    if (n == 0) {
        return PACS_OK;
    }
    if (names == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }
    list_names(study, names);
    return pacs_delete_named(svc, subject, uid, names, n, note, err);
}


static int
reject_all(pacs_service_t *svc, const pacs_subject_t *subject,
    const pacs_dataset_t *ds, const pacs_record_t *note, pacs_arena_t *a,
    pacs_err_t *err)
{
    const pacs_item_t *study = pacs_elem_item(ds->root, EVIDENCE);
    pacs_named_t       self = { note->series, note->instance };
    int                title = find_title(ds->root), rc = PACS_OK;

    if (title < 0) {
        return PACS_OK;
    }
    for (; rc == PACS_OK && study != NULL; study = study->next) {
        rc = reject_of(svc, subject, study, note->instance, a, err);
    }
    return rc == PACS_OK && titles[title].hidden
           ? pacs_delete_named(svc, subject, note->study, &self, 1,
                               note->instance, err)
           : rc;
}


int
pacs_reject(pacs_service_t *svc, const pacs_subject_t *subject, int fd,
    const pacs_record_t *note, pacs_err_t *err)
{
    const pacs_limits_t *limits = &svc->options.limits;
    pacs_dataset_t       ds = { 0 };
    pacs_source_t        file;
    pacs_arena_t        *a;
    int                  rc;

    if (!svc->options.deletes || !pacs_str_is(note->class_uid, key_object)) {
        return PACS_OK;
    }
    if ((a = pacs_arena_create((size_t) limits->dataset)) == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    if ((rc = pacs_source_fd(&file, fd, err)) == PACS_OK
        && (rc = pacs_dicom_read(&file, limits, PACS_KEEP, a, &ds, err))
            == PACS_OK)
    {
        rc = reject_all(svc, subject, &ds, note, a, err);
    }

    pacs_arena_destroy(a);
    return rc;
}
