// SPDX-License-Identifier: BSD-2-Clause
//
// A study of the list: what is said of it, and its row.

import { TAG, first, number, values } from '../dicom/dataset.js';
import { age, formatDate, formatTime } from '../dicom/dates.js';
import { personName } from '../dicom/names.js';
import { el } from '../ui/dom.js';

/** @typedef {import('../dicom/dataset.js').Dataset} Dataset */

/** @param {Dataset} ds @returns {HTMLTableRowElement} */
export function row(ds) {
    const name = personName(ds, TAG.PatientName);
    const study = first(ds, TAG.StudyInstanceUID);
    const link = el('a', {
        class: 'row-name', href: `viewer.html?study=${encodeURIComponent(study)}`,
    }, name.main || 'No name');
    const born = first(ds, TAG.PatientBirthDate);
    const years = age(born, first(ds, TAG.StudyDate));
    const tr = el('tr', { class: 'row' },
        cell('name', link, ...name.other.map((n) =>
            el('span', { class: 'row-other' }, n))),
        cell('id', first(ds, TAG.PatientID)),
        cell('born', formatDate(born), el('span', { class: 'row-age' }, years)),
        cell('sex', first(ds, TAG.PatientSex)),
        cell('date', formatDate(first(ds, TAG.StudyDate)),
            el('span', { class: 'row-time' }, formatTime(first(ds, TAG.StudyTime)))),
        cell('modality', ...modalities(ds).map((m) =>
            el('span', { class: 'modality' }, m))),
        cell('description', first(ds, TAG.StudyDescription)),
        cell('accession', first(ds, TAG.AccessionNumber)),
        cell('count', counts(ds)));

    // the whole row is the link's target; keys and middle click are its own
    tr.addEventListener('click', (e) => {
        if (!(e.target instanceof HTMLAnchorElement)
            && String(getSelection()) === '')
        {
            link.click();
        }
    });

    return tr;
}


/** @param {string} name @param {...(Node | string)} children */
function cell(name, ...children) {
    return el('td', { class: `cell-${name}` }, ...children);
}


/** @param {Dataset} ds @returns {string[]} */
function modalities(ds) {
    return values(ds, TAG.ModalitiesInStudy)
        .flatMap((m) => String(m ?? '').split('\\'))
        .filter((m) => m !== '')
        .sort();
}


/** @param {Dataset} ds @returns {string} */
function counts(ds) {
    const series = number(ds, TAG.NumberOfStudyRelatedSeries);
    const images = number(ds, TAG.NumberOfStudyRelatedInstances);

    return [series, images].filter((n) => n !== null).join(' / ');
}
