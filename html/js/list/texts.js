// SPDX-License-Identifier: BSD-2-Clause
//
// What the list says in words.

import { digits, text } from '../ui/text.js';

/**
 * @typedef {import('./query.js').Query} Query
 * @typedef {import('./search.js').Found} Found
 */

export const TEXTS = Object.freeze({
    failed: text('The search failed.'),
    anyDate: text('Any date'),
    all: text('All'),
    live: text('Live'),
    dead: text('Not live'),
    changed: text('The list has changed'),
});


/** @param {number} n */
const studies = (n) => text('{n} study|{n} studies', { n });


/** @param {Found} f @returns {string} for those who listen */
export function foundText(f) {
    if (f.total === null) {
        return text('More than {n} study found|More than {n} studies found',
            { n: f.rows.length });
    }

    return f.total === 0 ? text('No study found')
        : text('{n} study found|{n} studies found', { n: f.total });
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
        return f.more ? text('{place} and more', { place }) : place;
    }

    return f.total === shown ? studies(shown)
        : text('{place} of {all}', { place, all: f.total });
}


/** @param {Query} q @param {boolean} all nothing narrows the list */
export function emptyText(q, all) {
    if (q.page > 0) {
        return text('There is nothing on this page.');
    }

    return all && q.studies === '' ? text('The archive is empty.')
        : text('No study matches.');
}


/** @param {number} n @param {boolean} below they are on later pages */
export function arrivedText(n, below) {
    return below
        ? text('{n} new study further down|{n} new studies further down', { n })
        : text('{n} new study|{n} new studies', { n });
}
