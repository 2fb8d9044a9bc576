// SPDX-License-Identifier: BSD-2-Clause
//
// The lock between the banner and the pictures: what is shown belongs to the
// patient and study that the page was opened for.

import { TAG, first } from '../dicom/dataset.js';
import { text } from '../ui/text.js';

/** @typedef {import('../dicom/dataset.js').Dataset} Dataset */

/** The URL of a picture of an instance, or of a series' volume. */
const ONE = /\/studies\/([0-9.]+)\/series\/([0-9.]+)\/(?:instances\/([0-9.]+)\/)?/;


/**
 * A picture's URL and the server's word of what it made the picture of.
 * @param {string} url
 * @param {string | null} said Pacs-Instance: study/series/instance
 * @returns {string} '' when they agree, else what does not
 */
export function otherInstance(url, said) {
    const [study, ...rest] = (url.match(ONE) ?? []).slice(1).filter(Boolean);

    if (study === undefined) {
        return '';
    }

    return `${said}/`.startsWith(`${[study, ...rest].join('/')}/`) ? ''
        : said === null ? text('A picture came without its identity.')
            : said.startsWith(`${study}/`) ? text('A picture of another image was sent.')
                : text('A picture of another study was sent.');
}


/**
 * @param {Dataset} study as the banner shows it
 * @param {Dataset} ds what came for it
 * @returns {string} '' when they agree, else what does not
 */
export function mismatch(study, ds) {
    if (first(ds, TAG.StudyInstanceUID) !== first(study, TAG.StudyInstanceUID)) {
        return text('Images of another study were sent.');
    }

    const differs = (/** @type {string} */ tag) => {
        const a = first(study, tag);
        const b = first(ds, tag);
        return a !== '' && b !== '' && a !== b;
    };

    if (differs(TAG.PatientID)) {
        return text('Images carry another patient ID than the study.');
    }

    return differs(TAG.PatientBirthDate)
        ? text('Images carry another birth date than the study.') : '';
}
