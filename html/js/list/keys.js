// SPDX-License-Identifier: BSD-2-Clause
//
// Keys of the list.  Up and down go from row to row, from the search field
// into the rows and back; right opens the details of a row, left closes them.

import { find } from '../ui/dom.js';
import { isMirrored } from '../ui/text.js';

/** @typedef {import('./rows.js').Rows} Rows */

const PAGE = 10;

/** @type {Record<string, number>} rows on */
const MOVES = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE,
    Home: -Infinity, End: Infinity };


/** @param {Rows} rows */
export function listenKeys(rows) {
    document.addEventListener('keydown', (e) => {
        if (!e.ctrlKey && !e.metaKey && !e.altKey && press(rows, e.key)) {
            e.preventDefault();
        }
    });
    rows.body.addEventListener('focusin', () => rows.rove(rows.focused()));
}


/**
 * @param {Rows} rows
 * @param {string} key
 * @returns {boolean} whether it was for the list
 */
function press(rows, key) {
    const on = document.activeElement;

    if (on instanceof HTMLSelectElement) {
        return false;
    }

    const name = find('.filters input[name="name"]', HTMLInputElement);
    const isField = on instanceof HTMLInputElement;
    const row = rows.focused();

    if (key === '/' && !isField) {
        name.focus();
        name.select();
        return true;
    }

    if (isField && (on.type === 'date' || on.closest('.filters') === null
        || (key !== 'ArrowDown')))
    {
        return false;
    }

    if (key in MOVES) {
        return move(rows, MOVES[key], name);
    }

    if (row !== undefined && document.activeElement === row.link
        && (key === 'ArrowRight' || key === 'ArrowLeft')
        && (key === 'ArrowRight') === (row.detail === null) !== isMirrored())
    {
        rows.toggle(row);
        return true;
    }

    if (key === 'Escape' && row !== undefined && row.detail !== null) {
        row.link.focus();
        rows.toggle(row);
        return true;
    }

    return false;
}


/** @param {Rows} rows @param {number} by @param {HTMLElement} field */
function move(rows, by, field) {
    const row = rows.focused();
    const n = rows.all.size;
    const at = row === undefined ? -1 : [...rows.all.values()].indexOf(row);

    if (row === undefined && (Math.abs(by) !== 1 || isElsewhere())) {
        return false;
    }
    if (at === 0 && by === -1) {
        field.focus();
        return true;
    }

    return rows.move(at === -1 ? by
        : Math.max(0, Math.min(n - 1, at + by)) - at);
}


/** @returns {boolean} whether the keys are for another part of the page */
function isElsewhere() {
    return document.activeElement?.closest('.upload, .searches, dialog') !== null
        && document.activeElement !== document.body;
}
