// SPDX-License-Identifier: BSD-2-Clause
//
// What is kept of a check, how long it holds, and how it is told.

import { dateText, text } from '../ui/text.js';

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
 * @returns {string} "22 Nov 2026", of the reader's own day
 */
export function dayOf(time) {
    return dateText(new Date(time), {});
}


/**
 * @param {Check | null} check
 * @param {number} now ms
 */
export function stateText(check, now) {
    const day = check === null ? '' : dayOf(check.time);

    return {
        none: text('Display not checked'),
        passed: text('Display checked {day}', { day }),
        failed: text('Display failed {day}', { day }),
        expired: text('Display not checked since {day}', { day }),
    }[stateOf(check, now)];
}
