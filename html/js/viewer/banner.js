// SPDX-License-Identifier: BSD-2-Clause
//
// Who and what is looked at: the one place that is always right, or red.

import { TAG, first } from '../dicom/dataset.js';
import { formatDate, formatTime } from '../dicom/dates.js';
import { personName } from '../dicom/names.js';
import { el, find, setText } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { ageOf, whoText } from './text.js';

/** @typedef {import('../dicom/dataset.js').Dataset} Dataset */

/** What is said on a line of its own. */
const SAID = '.banner-names, .banner-description, .fact:not([hidden])';


/**
 * @param {Dataset | null} study of the study's own record
 * @param {string} alarm why the picture was taken away, or ''
 * @param {Dataset[]} patients whose pictures are on the screen
 */
export function renderBanner(study, alarm, patients) {
    const ds = study ?? {};
    const name = personName(ds, TAG.PatientName);
    const years = ageOf(ds);
    const description = first(ds, TAG.StudyDescription);

    put('.banner-name', name.main || (study === null ? '' : text('No name')));
    put('.banner-other', name.other.join('  '));
    put('.banner-birth', formatDate(first(ds, TAG.PatientBirthDate)));
    put('.banner-age', years === '' ? '' : `(${years})`);
    put('.banner-sex', first(ds, TAG.PatientSex));
    put('.banner-id', first(ds, TAG.PatientID));
    put('.banner-description', description || (study === null ? '' : text('Study')));
    put('.banner-date', formatDate(first(ds, TAG.StudyDate)));
    put('.banner-time', formatTime(first(ds, TAG.StudyTime)));
    put('.banner-accession', first(ds, TAG.AccessionNumber));
    put('.banner-alarm', alarm);
    find('.banner', HTMLElement).classList.toggle('is-alarm', alarm !== '');

    // all of it, also where there is room for less
    for (const part of ['.banner-patient', '.banner-study']) {
        const node = find(part, HTMLElement);

        node.title = [...node.querySelectorAll(SAID)].map((n) => n.textContent?.trim())
            .filter(Boolean).join('\n');
    }

    // the browser's history keeps it, on whosever computer: nobody is named
    document.title = [description, formatDate(first(ds, TAG.StudyDate))]
        .filter(Boolean).join(' · ') || text('Images');
    renderTwo(patients.length > 1 && alarm === '' ? patients : []);
}


/** @param {Dataset[]} patients of two nobody's facts are those of the page */
function renderTwo(patients) {
    const node = find('.banner-two', HTMLElement);
    const isTwo = patients.length > 1;

    find('.banner', HTMLElement).classList.toggle('is-two', isTwo);
    node.hidden = !isTwo;
    node.replaceChildren(...(isTwo ? [el('strong', {}, text('2 patients'))] : []),
        ...patients.map((ds, i) => el('bdi', { 'class': 'banner-who',
            'data-patient': String(i + 1) }, whoText(ds))));

    if (isTwo) {
        document.title = text('2 patients');
    }
}


/** @param {string} selector @param {string} text */
function put(selector, text) {
    const node = find(selector, HTMLElement);

    setText(node, text);
    node.hidden = text === '';
    // with its label, where it is all that is said there
    if (node.parentElement?.firstElementChild?.className === 'fact-label'
        && node.previousElementSibling?.className === 'fact-label')
    {
        node.parentElement.hidden = text === '';
    }
}
