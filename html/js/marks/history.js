// SPDX-License-Identifier: BSD-2-Clause
//
// Undo and redo: the lists of marks as they were.

/**
 * @typedef {import('./mark.js').Mark} Mark
 * @typedef {{past: Mark[][], now: Mark[], future: Mark[][]}} History
 */

/** How many steps back. */
const STEPS = 100;


/** @param {Mark[]} marks @returns {History} */
export function begun(marks) {
    return { past: [], now: marks, future: [] };
}


/**
 * @param {History} h
 * @param {Mark[]} next
 * @returns {History}
 */
export function changed(h, next) {
    return { past: [...h.past, h.now].slice(-STEPS), now: next, future: [] };
}


/**
 * What is no step of the user's: figures that came, marks that were read.
 * @param {History} h
 * @param {(m: Mark[]) => Mark[]} change of the lists of all times
 * @returns {History}
 */
export function amended(h, change) {
    return { past: h.past.map(change), now: change(h.now),
        future: h.future.map(change) };
}


/** @param {History} h @returns {History} */
export function undone(h) {
    const last = h.past[h.past.length - 1];

    return last === undefined ? h
        : { past: h.past.slice(0, -1), now: last, future: [h.now, ...h.future] };
}


/** @param {History} h @returns {History} */
export function redone(h) {
    const [next, ...rest] = h.future;

    return next === undefined ? h
        : { past: [...h.past, h.now], now: next, future: rest };
}
