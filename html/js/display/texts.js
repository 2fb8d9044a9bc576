// SPDX-License-Identifier: BSD-2-Clause
//
// What the page of the display check says.

import { text } from '../ui/text.js';

/** @typedef {import('./contrast.js').Ground} Ground */

/** What has to be true of the pattern. */
export const QUESTIONS = [
    text('All 18 grey steps at the top can be told apart.'),
    text('The 5 % square in the black one and the 95 % square in the white one are seen.'),
    text('The fine lines are seen as lines, not as one grey.'),
    text('The gradient at the bottom runs from black to white without bands or colours.'),
];

/** @type {Record<Ground, string>} */
const GROUND_NAMES = { dark: 'dark', middle: 'middle', light: 'light' };

export const TEXTS = {
    start: text('Start the test'),
    again: text('Test again'),
    idle: text('Nine faint discs, one after the other. Tap each, or press the number of its sector.'),
    stopped: text('Stopped. Nothing was kept.'),
    passed: text('Passed'),
    failed: text('Not passed'),
    none: text('none'),
};


/**
 * @param {number} at from 0
 * @param {number} count
 * @param {Ground} ground
 */
export function placeText(at, count, ground) {
    const place = { n: at + 1, all: count };

    return {
        dark: text('Disc {n} of {all}, dark ground', place),
        middle: text('Disc {n} of {all}, middle ground', place),
        light: text('Disc {n} of {all}, light ground', place),
    }[ground];
}


/**
 * @param {Ground} ground
 * @param {number} step
 */
export function seenText(ground, step) {
    const seen = step === 0 ? TEXTS.none : text('{n} of {all}', { n: step, all: 255 });

    return {
        dark: text('Least step seen on dark ground: {seen}', { seen }),
        middle: text('Least step seen on middle ground: {seen}', { seen }),
        light: text('Least step seen on light ground: {seen}', { seen }),
    }[ground];
}


/** @param {number} count of the questions that are not ticked */
export function openText(count) {
    return text('{n} point of the pattern is not ticked|'
        + '{n} points of the pattern are not ticked', { n: count });
}
