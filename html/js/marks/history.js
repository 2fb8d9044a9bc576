// SPDX-License-Identifier: BSD-2-Clause
//
// Undo and redo: the lists of marks as they were, and what was calibrated then.

/**
 * @typedef {import('./mark.js').Mark} Mark
 * @typedef {Record<string, {row: number, column: number}>} Scales calibrated
 *     by the user, mm
 * @typedef {{past: Mark[][], now: Mark[], future: Mark[][],
 *     scales: {past: Scales[], now: Scales, future: Scales[]}}} History
 */

/** How many steps back. */
const STEPS = 100;


/** @param {Mark[]} marks @param {Scales} [scales] @returns {History} */
export function begun(marks, scales = {}) {
    return { past: [], now: marks, future: [], scales: { past: [], now: scales, future: [] } };
}


/**
 * @param {History} h
 * @param {Mark[]} next
 * @param {Scales} [scales]
 * @returns {History}
 */
export function changed(h, next, scales = h.scales.now) {
    return { ...stepped(h, next), scales: stepped(h.scales, scales) };
}


/**
 * What is no step of the user's: figures that came, marks that were read.
 * @param {History} h
 * @param {(m: Mark[]) => Mark[]} change of the lists of all times
 * @returns {History}
 */
export function amended(h, change) {
    return { ...h, past: h.past.map(change), now: change(h.now),
        future: h.future.map(change) };
}


/** @param {History} h @returns {History} */
export function undone(h) {
    return h.past.length === 0 ? h : { ...back(h), scales: back(h.scales) };
}


/**
 * What was begun and not wanted: neither a step back nor one forth has it.
 * @param {History} h
 * @param {string} uid of the mark that the last step added, unless marks were
 *     read meanwhile
 * @returns {History}
 */
export function withoutStep(h, uid) {
    const { scales, ...lists } = amended(undone(h), (m) => m.filter((x) => x.uid !== uid));

    return { ...lists, future: [], scales: { ...scales, future: [] } };
}


/** @param {History} h @returns {History} */
export function redone(h) {
    return h.future.length === 0 ? h : { ...forth(h), scales: forth(h.scales) };
}


/**
 * @template T
 * @typedef {{past: T[], now: T, future: T[]}} Track
 */

/**
 * @template T
 * @param {Track<T>} track
 * @param {T} next
 * @returns {Track<T>}
 */
function stepped({ past, now }, next) {
    return { past: [...past, now].slice(-STEPS), now: next, future: [] };
}


/**
 * @template T
 * @param {Track<T>} track with a past
 * @returns {Track<T>}
 */
function back({ past, now, future }) {
    return { past: past.slice(0, -1), now: past[past.length - 1], future: [now, ...future] };
}


/**
 * @template T
 * @param {Track<T>} track with a future
 * @returns {Track<T>}
 */
function forth({ past, now, future }) {
    return { past: [...past, now], now: future[0], future: future.slice(1) };
}
