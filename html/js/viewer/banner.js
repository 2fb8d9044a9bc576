// SPDX-License-Identifier: BSD-2-Clause
//
// Who and what is looked at: the one place that is always right, or red.

import { TAG, first } from '../dicom/dataset.js';
import { formatDate, formatTime } from '../dicom/dates.js';
import { personName } from '../dicom/names.js';
import { find, setText } from '../ui/dom.js';
import { ageOf } from './text.js';

/** @typedef {import('../dicom/dataset.js').Dataset} Dataset */

/**
 * @param {Dataset | null} study of the study's own record
 * @param {string} alarm why the picture was taken away, or ''
 */
export function renderBanner(study, alarm) {
    const ds = study ?? {};
    const name = personName(ds, TAG.PatientName);
    const description = first(ds, TAG.StudyDescription);
    const when = [formatDate(first(ds, TAG.StudyDate)),
        formatTime(first(ds, TAG.StudyTime))].filter(Boolean).join('  ');

    put('.banner-name', name.main || (study === null ? '' : 'No name'));
    put('.banner-other', name.other.join('  '));
    put('.banner-birth', birth(ds));
    put('.banner-sex', first(ds, TAG.PatientSex));
    put('.banner-id', first(ds, TAG.PatientID));
    put('.banner-description', description || (study === null ? '' : 'Study'));
    put('.banner-date', when);
    put('.banner-accession', first(ds, TAG.AccessionNumber));
    put('.banner-alarm', alarm);
    find('.banner', HTMLElement).classList.toggle('is-alarm', alarm !== '');

    document.title = [name.main, description].filter(Boolean).join(' · ')
        || 'Images';
}


/** @param {Dataset} ds @returns {string} */
function birth(ds) {
    const date = formatDate(first(ds, TAG.PatientBirthDate));
    const age = ageOf(ds);

    return [date, age === '' ? '' : `(${age})`].filter(Boolean).join(' ');
}


/** @param {string} selector @param {string} text */
function put(selector, text) {
    const node = find(selector, HTMLElement);

    setText(node, text);
    node.hidden = text === '';
    // the label before it, where there is one
    if (node.parentElement?.classList.contains('fact')) {
        node.parentElement.hidden = text === '';
    }
}
