// SPDX-License-Identifier: BSD-2-Clause
//
// The patient's other studies, one before or after this one (IHE BIR, B06).
// Each is opened as a page of its own: nothing of one study stays for another.

import { TAG, first } from '../dicom/dataset.js';
import { getDatasets } from '../net/dicomweb.js';
import { text } from '../ui/text.js';
import { isSamePatient } from './identity.js';

/** @typedef {import('../dicom/dataset.js').Dataset} Dataset */

/** How long a note stays. ms */
const NOTE = 4000;


/**
 * @param {import('./host.js').Host} host
 * @param {1 | -1} by 1: newer
 */
export async function stepStudy(host, by) {
    const study = host.page().study;

    if (study === null) {
        return;
    }

    try {
        const next = besides(await studiesOf(host.root, study), study, by);

        if (next !== undefined) {
            location.assign(`?study=${first(next, TAG.StudyInstanceUID)}`);
            return;
        }

        say(host, by === 1 ? text('This is the newest study of the patient.')
            : text('This is the oldest study of the patient.'));
    } catch {
        say(host, text('The studies of the patient cannot be read.'));
    }
}


/**
 * @param {Dataset[]} all
 * @param {Dataset} study
 * @param {1 | -1} by
 * @returns {Dataset | undefined}
 */
export function besides(all, study, by) {
    const when = (/** @type {Dataset} */ ds) => [TAG.StudyDate, TAG.StudyTime,
        TAG.StudyInstanceUID].map((t) => first(ds, t)).join('/');
    const sorted = all.filter((ds) => isSamePatient(ds, study))
        .sort((a, b) => when(a) < when(b) ? -1 : 1);
    const at = sorted.findIndex((ds) =>
        first(ds, TAG.StudyInstanceUID) === first(study, TAG.StudyInstanceUID));

    return at < 0 ? undefined : sorted[at + by];
}


/** @param {string} root @param {Dataset} study @returns {Promise<Dataset[]>} */
export async function studiesOf(root, study) {
    const id = first(study, TAG.PatientID);

    return id === '' ? [] : getDatasets(`${root}/studies?PatientID=`
        + `${encodeURIComponent(id)}&includefield=`
        + [TAG.PatientBirthDate, TAG.IssuerOfPatientID, TAG.StudyDescription].join(','));
}


/** @param {import('./host.js').Host} host @param {string} note @param {number} [ms] */
export function say(host, note, ms = NOTE) {
    host.updatePage((page) => ({ ...page, note }));
    setTimeout(() => host.updatePage((page) =>
        page.note === note ? { ...page, note: '' } : page), ms);
}
