// SPDX-License-Identifier: BSD-2-Clause
//
// Whether a study has marks, before what draws them is loaded.

import { TAG, first } from '../dicom/dataset.js';

/** Before the UID of a study, in what this device keeps. */
export const KEPT = 'pacs.marks.';


/**
 * @param {import('../viewer/series.js').Series[]} series
 * @param {string} study
 * @returns {boolean} on the server or on this device
 */
export function hasMarks(series, study) {
    return series.some((x) => ['SR', 'KO'].includes(first(x.ds, TAG.Modality)))
        || isKept(study);
}


/** @param {string} study */
function isKept(study) {
    try {
        return localStorage.getItem(KEPT + study) !== null;
    } catch {
        return false;
    }
}
