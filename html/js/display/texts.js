// SPDX-License-Identifier: BSD-2-Clause
//
// What the page of the display check says.

/** @typedef {import('./contrast.js').Ground} Ground */

/** What has to be true of the pattern. */
export const QUESTIONS = [
    'All 18 grey steps at the top can be told apart.',
    'The 5 % square in the black one and the 95 % square in the white one are seen.',
    'The fine lines are seen as lines, not as one grey.',
    'The gradient at the bottom runs from black to white without bands or colours.',
];

/** @type {Record<Ground, string>} */
const GROUND_NAMES = { dark: 'dark', middle: 'middle', light: 'light' };

export const TEXTS = {
    start: 'Start the test',
    again: 'Test again',
    idle: 'Nine faint discs, one after the other. Tap each, or press the number of its sector.',
    stopped: 'Stopped. Nothing was kept.',
    passed: 'Passed',
    failed: 'Not passed',
    none: 'none',
};


/**
 * @param {number} at from 0
 * @param {number} count
 * @param {Ground} ground
 */
export function placeText(at, count, ground) {
    return `Disc ${at + 1} of ${count}, ${GROUND_NAMES[ground]} ground`;
}


/**
 * @param {Ground} ground
 * @param {number} step
 */
export function seenText(ground, step) {
    const seen = step === 0 ? TEXTS.none : `${step} of 255`;

    return `Least step seen on ${GROUND_NAMES[ground]} ground: ${seen}`;
}


/** @param {number} count of the questions that are not ticked */
export function openText(count) {
    return count === 1 ? '1 point of the pattern is not ticked'
        : `${count} points of the pattern are not ticked`;
}
