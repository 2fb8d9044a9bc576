// SPDX-License-Identifier: BSD-2-Clause
//
// The lock between the banner and the pictures: what is shown belongs to the
// patient and study that the page was opened for.

import { TAG, first } from '../dicom/dataset.js';
import { text } from '../ui/text.js';

/** @typedef {import('../dicom/dataset.js').Dataset} Dataset */

/** @typedef {import('./page.js').Page} Page */

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


/**
 * Without an ID nobody is known to be the same.
 * @param {Dataset} a
 * @param {Dataset} b
 * @returns {boolean}
 */
export function isSamePatient(a, b) {
    const same = (/** @type {string} */ tag) => first(a, tag) === first(b, tag);

    return same(TAG.StudyInstanceUID) || first(a, TAG.PatientID) !== ''
        && [TAG.PatientID, TAG.IssuerOfPatientID, TAG.PatientBirthDate].every(same);
}


/**
 * @param {Page} page
 * @param {string} uid of a study that is open in it
 * @returns {Dataset | null}
 */
export function studyOf(page, uid) {
    return page.priors.find((ds) => first(ds, TAG.StudyInstanceUID) === uid)
        ?? page.study;
}


/**
 * @param {Page} page
 * @param {string} uid of a study
 * @returns {boolean} it is of another patient than the page
 */
export function isStranger(page, uid) {
    const ds = studyOf(page, uid);

    return ds !== null && page.study !== null && !isSamePatient(ds, page.study);
}


/**
 * Whose pictures are on the screen (S2): a study of each, the page's own
 * patient first.
 * @param {Page} page
 * @returns {Dataset[]}
 */
export function patientsOn(page) {
    const studies = new Set(page.ports.flatMap((s) =>
        s.stack?.frames[0].study ?? s.papers[0]?.study ?? []));
    const other = page.priors.find((ds) => studies.has(first(ds, TAG.StudyInstanceUID))
        && isStranger(page, first(ds, TAG.StudyInstanceUID)));

    return [page.study, other ?? null].filter((ds) => ds !== null);
}


/**
 * When the last picture of another patient is gone from the screen, so are
 * that one's series from the strip.
 * @param {Page} page
 * @returns {Page}
 */
export function withoutStrangers(page) {
    const isShown = (/** @type {import('./series.js').Series} */ x) =>
        page.ports.some((s) => s.entry.startsWith(`${x.uid}/`));
    const strangers = page.series.filter((x) => isStranger(page, x.study));

    return strangers.length === 0 || strangers.some(isShown) ? page : {
        ...page,
        series: page.series.filter((x) => !strangers.includes(x)),
        priors: page.priors.filter((ds) =>
            !isStranger(page, first(ds, TAG.StudyInstanceUID))),
    };
}
