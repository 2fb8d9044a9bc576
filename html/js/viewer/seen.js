// SPDX-License-Identifier: BSD-2-Clause
//
// Which frames were seen on this page, in whatever viewport (S5, S8): a
// series that is opened again keeps what was seen of it.

import { MARK } from './state.js';

/**
 * @typedef {import('./page.js').Page} Page
 * @typedef {import('../dicom/stack.js').Stack} Stack
 *
 * @typedef {Object} Seen
 * @property {Uint8Array} marks of each frame: seen, failed, or none
 * @property {number} shown how many were seen
 * @property {number} failed how many cannot be
 */

/** @type {WeakSet<Uint8Array>} marks that are in what was seen */
const noted = new WeakSet();


/**
 * @param {Page} page
 * @returns {Page} with what its viewports show now
 */
export function withSeen(page) {
    return page.ports.reduce((all, { stack, marks }) => {
        if (stack === null || stack.made !== undefined || noted.has(marks)) {
            return all;
        }

        noted.add(marks);

        const old = all.seen[stack.id]?.marks;
        const now = marks.map((m, i) => m === MARK.seen || old?.[i] === MARK.seen
            ? MARK.seen : m === MARK.failed ? MARK.failed : MARK.none);

        return old !== undefined && now.every((m, i) => m === old[i]) ? all
            : { ...all, seen: { ...all.seen, [stack.id]: counted(now) } };
    }, page);
}


/** @param {Page} page @returns {boolean} a series was opened and not seen all */
export function isUnseen(page) {
    return Object.values(page.seen).some((x) =>
        x.shown > 0 && x.shown + x.failed < x.marks.length);
}


/** @param {Uint8Array} marks @returns {Seen} */
function counted(marks) {
    const count = (/** @type {number} */ mark) =>
        marks.reduce((n, m) => n + Number(m === mark), 0);

    return { marks, shown: count(MARK.seen), failed: count(MARK.failed) };
}
