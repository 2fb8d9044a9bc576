// SPDX-License-Identifier: BSD-2-Clause
//
// What the list says in words.

/**
 * @typedef {import('./query.js').Query} Query
 * @typedef {import('./search.js').Found} Found
 */

export const TEXTS = Object.freeze({
    failed: 'The search failed.',
    anyDate: 'Any date',
    all: 'All',
    live: 'Live',
    dead: 'Not live',
    changed: 'The list has changed',
});


/** @param {number} n */
const digits = (n) => n.toLocaleString('en');


/** @param {number} n */
const studies = (n) => (n === 1 ? '1 study' : `${digits(n)} studies`);


/** @param {Found} f @returns {string} for those who listen */
export function foundText(f) {
    if (f.total === null) {
        return `More than ${studies(f.rows.length)} found`;
    }

    return f.total === 0 ? 'No study found' : `${studies(f.total)} found`;
}


/**
 * @param {number} before
 * @param {Found} f
 * @returns {string} "1–50 of 1,234"
 */
export function placeText(before, f) {
    const shown = f.rows.length;
    const place = `${digits(before + 1)}–${digits(before + shown)}`;

    if (shown === 0) {
        return '';
    }
    if (f.total === null) {
        return f.more ? `${place} and more` : place;
    }

    return f.total === shown ? studies(shown) : `${place} of ${digits(f.total)}`;
}


/** @param {Query} q @param {boolean} all nothing narrows the list */
export function emptyText(q, all) {
    if (q.page > 0) {
        return 'There is nothing on this page.';
    }

    return all && q.studies === '' ? 'The archive is empty.'
        : 'No study matches.';
}


/** @param {number} n @param {boolean} below they are on later pages */
export function arrivedText(n, below) {
    const text = n === 1 ? '1 new study' : `${digits(n)} new studies`;

    return below ? `${text} further down` : text;
}
