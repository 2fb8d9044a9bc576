// SPDX-License-Identifier: BSD-2-Clause
//
// The tap test: on each ground one faint disc after the other, at a random
// place; whoever looks says in which of nine sectors.

const SECTORS = 9;

/** Grey values of the grounds. */
export const GROUNDS = { dark: 20, middle: 128, light: 235 };

/** How much the discs differ from their ground, in 8-bit steps. */
export const STEPS = [5, 3, 2];

/** What has to be seen; less is good, but not asked for. */
export const NEEDED = 3;

/**
 * @typedef {keyof typeof GROUNDS} Ground
 * @typedef {object} Trial
 * @property {Ground} ground
 * @property {number} value of the disc
 * @property {number} step
 * @property {number} sector 0..8, rows first
 * @property {number} x of its centre, within the sector, 0..1
 * @property {number} y
 * @property {boolean | null} seen null before the answer
 * @typedef {{trials: Trial[], at: number}} Test
 */

/**
 * @param {() => number} random in [0, 1)
 * @returns {Test}
 */
export function newTest(random) {
    const trials = /** @type {Ground[]} */ (Object.keys(GROUNDS))
        .flatMap((ground) => STEPS.map((step) => trialOf(ground, step, random)));

    return { trials, at: 0 };
}


/**
 * @param {Ground} ground
 * @param {number} step
 * @param {() => number} random
 * @returns {Trial}
 */
function trialOf(ground, step, random) {
    const sign = ground === 'light' ? -1 : 1;

    return {
        ground, step,
        value: GROUNDS[ground] + sign * step,
        sector: Math.floor(random() * SECTORS),
        x: .3 + .4 * random(),
        y: .35 + .3 * random(),
        seen: null,
    };
}


/**
 * @param {Test} test
 * @param {number} sector -1: none is seen
 * @returns {Test}
 */
export function answered(test, sector) {
    const trials = test.trials.map((t, i) =>
        i === test.at ? { ...t, seen: t.sector === sector } : t);

    return { trials, at: Math.min(test.at + 1, trials.length) };
}


/** @param {Test} test */
export function isDone(test) {
    return test.at >= test.trials.length;
}


/**
 * The least step that was seen on a ground, with all above it; 0: none.
 * @param {Test} test
 * @param {Ground} ground
 */
export function leastSeen(test, ground) {
    let least = 0;

    for (const t of test.trials.filter((t) => t.ground === ground)) {
        if (t.seen !== true) {
            break;
        }

        least = t.step;
    }

    return least;
}


/** @param {Test} test */
export function isPassed(test) {
    return isDone(test)
        && test.trials.every((t) => t.step < NEEDED || t.seen === true);
}


/**
 * @param {number} x 0..1 of the field
 * @param {number} y
 */
export function sectorAt(x, y) {
    const third = (/** @type {number} */ v) => Math.max(0, Math.min(2, Math.floor(v * 3)));

    return third(y) * 3 + third(x);
}
