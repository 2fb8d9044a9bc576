// SPDX-License-Identifier: BSD-2-Clause
//
// What is kept on this device until the server has it, by study; and the
// author's name.  A browser that keeps nothing (private mode) still works.

import { KEPT } from './due.js';

/**
 * @typedef {import('./mark.js').Mark} Mark
 * @typedef {import('./keys.js').Key} Key
 * @typedef {import('./composite.js').Reference} Reference
 *
 * @typedef {Object} Kept of one study
 * @property {Mark[]} marks own
 * @property {Key[]} keys own
 * @property {string} saved signature of the marks that the server has
 * @property {string} savedKeys
 * @property {string} series of our reports in this study
 * @property {string} keySeries
 * @property {number} number of the last report
 * @property {number} keyNumber
 * @property {Reference[]} heads reports that the next one replaces
 * @property {Reference | null} keyHead
 * @property {Record<string, {row: number, column: number}>} calibrations
 */

const AUTHOR = 'pacs.author';
const DEVICE = 'pacs.device';


/**
 * What of marks is saved; figures are measured again.
 * @param {Mark[]} marks
 * @returns {string}
 */
export function signature(marks) {
    return JSON.stringify(marks.map(({ statistics, author, program, ...rest }) => rest));
}


/** @param {Pick<Key, 'instance' | 'frame'>[]} keys @returns {string} */
export function keySignature(keys) {
    return JSON.stringify(keys.map((k) => `${k.instance}/${k.frame}`).sort());
}


/** @param {() => string} newUid @returns {Kept} */
export function nothingKept(newUid) {
    return {
        marks: [], keys: [], saved: signature([]), savedKeys: keySignature([]),
        series: newUid(), keySeries: newUid(), number: 0, keyNumber: 0, heads: [],
        keyHead: null, calibrations: {},
    };
}


/** @param {Kept} k @returns {boolean} all of it is on the server */
export function isSaved(k) {
    return k.saved === signature(k.marks) && k.savedKeys === keySignature(k.keys);
}


/**
 * What the server has is not kept here, too: others use this browser.
 * @param {Storage | null} storage
 * @param {string} study
 * @param {Kept} kept
 */
export function keep(storage, study, kept) {
    try {
        if (isSaved(kept) && Object.keys(kept.calibrations).length === 0) {
            storage?.removeItem(KEPT + study);
        } else {
            storage?.setItem(KEPT + study, JSON.stringify(kept));
        }
    } catch {
        // full, or forbidden: the server is the other place
    }
}


/**
 * @param {Storage | null} storage
 * @param {string} study
 * @returns {Kept | null}
 */
export function keptOf(storage, study) {
    try {
        const kept = JSON.parse(storage?.getItem(KEPT + study) ?? 'null');

        return Array.isArray(kept?.marks) && Array.isArray(kept.keys)
            && Array.isArray(kept.heads) ? kept : null;
    } catch {
        return null;
    }
}


/**
 * @param {Storage | null} storage
 * @param {() => string} newUid
 * @returns {{name: string, device: string}}
 */
export function authorOn(storage, newUid) {
    try {
        const device = storage?.getItem(DEVICE) ?? newUid();

        storage?.setItem(DEVICE, device);

        return { name: storage?.getItem(AUTHOR) ?? '', device };
    } catch {
        return { name: '', device: newUid() };
    }
}


/** @param {Storage | null} storage @param {string} name */
export function keepAuthor(storage, name) {
    try {
        storage?.setItem(AUTHOR, name);
    } catch {
        // asked for again next time
    }
}
