// SPDX-License-Identifier: BSD-2-Clause
//
// A study of the list: what is said of it, and its row.

import { TAG, first, number, values } from '../dicom/dataset.js';
import { age, formatDate, formatTime } from '../dicom/dates.js';
import { personName } from '../dicom/names.js';
import { el, icon, setText } from '../ui/dom.js';
import { text } from '../ui/text.js';

/**
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {import('../net/status.js').Status} Status
 * @typedef {{uid: string, ds: Dataset, node: HTMLTableRowElement,
 *            link: HTMLAnchorElement, button: HTMLButtonElement,
 *            cells: Record<string, Element>,
 *            detail: HTMLTableRowElement | null}} Row
 */

/** Characters of a text that are shown; longer ones end in an ellipsis. */
const MOST_TEXT = 200;

/** @type {Record<Status, string>} */
const STATUS = { '': '', arriving: text('Arriving'), complete: text('Complete') };

const CELLS = ['id', 'born', 'sex', 'date', 'modality', 'description',
    'accession', 'count', 'status'];


/** @param {string} s @returns {string} */
export function clip(s) {
    return s.length > MOST_TEXT ? `${s.slice(0, MOST_TEXT)}…` : s;
}


/** @param {Dataset} ds @returns {string} */
export function uidOf(ds) {
    return first(ds, TAG.StudyInstanceUID);
}


/** @param {string} study @param {string} [series] @returns {string} */
export function viewerUrl(study, series = '') {
    return `viewer.html?study=${encodeURIComponent(study)}`
        + (series === '' ? '' : `&series=${encodeURIComponent(series)}`);
}


/** @param {Dataset} ds @returns {string[]} */
export function modalities(ds) {
    return values(ds, TAG.ModalitiesInStudy)
        .flatMap((m) => String(m ?? '').split('\\'))
        .filter((m) => m !== '')
        .map(clip)
        .sort();
}


/**
 * @param {Dataset} ds
 * @param {(row: Row) => void} toggle the details
 * @returns {Row}
 */
export function makeRow(ds, toggle) {
    const uid = uidOf(ds);
    const link = el('a', { class: 'row-name', href: viewerUrl(uid), tabindex: '-1' });
    const button = el('button', {
        class: 'row-open', type: 'button', tabindex: '-1', 'aria-expanded': 'false',
    }, icon('chevron'));
    const other = el('span', { class: 'row-others' });
    const cells = Object.fromEntries(CELLS.map((name) =>
        [name, el('td', { class: `cell-${name}` })]));
    const node = el('tr', { class: 'row' }, el('td', { class: 'cell-open' }, button),
        el('td', { class: 'cell-name' }, link, other),
        ...CELLS.map((name) => cells[name]));
    /** @type {Row} */
    const row = { uid, ds, node, link, button, cells: { ...cells, other },
        detail: null };

    node.dataset.study = uid;
    button.addEventListener('click', () => toggle(row));

    // the whole row is the link's target; keys and middle click are its own
    node.addEventListener('click', (e) => {
        if (e.target instanceof Element && e.target.closest('a, button') === null
            && String(getSelection()) === '')
        {
            link.click();
        }
    });
    updateRow(row, ds);

    return row;
}


/**
 * In place: what did not change is not touched.
 * @param {Row} row
 * @param {Dataset} ds
 * @returns {boolean} whether there is more of it, or less
 */
export function updateRow(row, ds) {
    const { cells } = row;
    const name = personName(ds, TAG.PatientName);
    const main = clip(name.main) || text('No name');
    const born = first(ds, TAG.PatientBirthDate);
    const date = first(ds, TAG.StudyDate);

    row.ds = ds;
    setParts(row.link, [['bdi', '', main]]);
    setParts(cells.other, name.other.map((n) => ['bdi', 'row-other', clip(n)]));
    row.button.setAttribute('aria-label', text('Details of {name}', { name: main }));
    setParts(cells.id, [['bdi', '', clip(first(ds, TAG.PatientID))]]);
    setParts(cells.born, [['span', '', clip(formatDate(born))],
        ['span', 'row-age', age(born, date)]]);
    setParts(cells.sex, [['bdi', '', clip(first(ds, TAG.PatientSex))]]);
    setParts(cells.date, [['span', '', clip(formatDate(date))],
        ['span', 'row-time', clip(formatTime(first(ds, TAG.StudyTime)))]]);
    setParts(cells.modality, modalities(ds).map((m) => ['bdi', 'modality', m]));
    setParts(cells.description,
        [['bdi', '', clip(first(ds, TAG.StudyDescription))]]);
    setParts(cells.accession, [['bdi', '', clip(first(ds, TAG.AccessionNumber))]]);

    const before = cells.count.textContent;

    setParts(cells.count, [['span', '', counts(ds)]]);

    return before !== cells.count.textContent;
}


/** @param {Row} row @param {Status} status */
export function showStatus(row, status) {
    setParts(row.cells.status, [['span', `status status-${status || 'unknown'}`,
        STATUS[status]]]);
}


/**
 * Elements with a text each; the same ones stay.
 * @param {Element} parent
 * @param {string[][]} parts name, class, text
 */
function setParts(parent, parts) {
    while (parent.children.length > parts.length) {
        parent.lastElementChild?.remove();
    }

    parts.forEach(([name, of, text], i) => {
        if (parent.children.length <= i) {
            parent.append(el(/** @type {'bdi'} */ (name), {}));
        }

        const node = parent.children[i];

        if (node.className !== of) {
            node.className = of;
        }
        setText(node, text);
    });
}


/** @param {Dataset} ds @returns {string} */
function counts(ds) {
    const series = number(ds, TAG.NumberOfStudyRelatedSeries);
    const images = number(ds, TAG.NumberOfStudyRelatedInstances);

    return [series, images].filter((n) => n !== null).join(' / ');
}
