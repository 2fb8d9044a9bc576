// SPDX-License-Identifier: BSD-2-Clause
//
// What is kept of a check, how long it holds, and how it is told.

/** @typedef {import('../ui/storage.js').Store} Store */

export const KEY = 'pacs.display';

const DAY = 86_400_000;

/** A check holds so long. ms */
export const VALID = 30 * DAY;

/**
 * @typedef {{time: number, passed: boolean}} Check
 * @typedef {'none' | 'passed' | 'failed' | 'expired'} State
 */

/** @param {Store} store @param {Check} check */
export function writeCheck(store, check) {
    store.setItem(KEY, JSON.stringify(check));
}


/**
 * @param {Store} store
 * @returns {Check | null} null: none, or what is kept is none
 */
export function readCheck(store) {
    try {
        const { time, passed } = JSON.parse(store.getItem(KEY) ?? '');

        return Number.isFinite(new Date(time).getTime()) && typeof time === 'number'
            && typeof passed === 'boolean' ? { time, passed } : null;
    } catch {
        return null;
    }
}


/**
 * @param {Check | null} check
 * @param {number} now ms
 * @returns {State}
 */
export function stateOf(check, now) {
    // one of the future was made by a clock that was wrong
    if (check === null || check.time > now + DAY) {
        return 'none';
    }

    if (!check.passed) {
        return 'failed';
    }

    return now - check.time > VALID ? 'expired' : 'passed';
}


/** @param {Check} check */
export function expiryOf(check) {
    return dayOf(check.time + VALID);
}


/**
 * @param {number} time ms
 * @returns {string} "2026-11-22", of the reader's own day
 */
export function dayOf(time) {
    const d = new Date(time);
    const two = (/** @type {number} */ n) => String(n).padStart(2, '0');

    return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}


/**
 * @param {Check | null} check
 * @param {number} now ms
 */
export function stateText(check, now) {
    const day = check === null ? '' : dayOf(check.time);

    return {
        none: 'Display not checked',
        passed: `Display checked ${day}`,
        failed: `Display failed ${day}`,
        expired: `Display not checked since ${day}`,
    }[stateOf(check, now)];
}
