// SPDX-License-Identifier: BSD-2-Clause
//
// A stack as a volume: what lies where, as far as the page must know it to
// lay planes through it.  The voxels are the server's (conf/volumes.md).

import { cross, difference, dot, length, scaled, sum } from '../math/vector.js';
import { text } from '../ui/text.js';

/**
 * @typedef {import('../math/vector.js').Vector} Vector
 * @typedef {import('./stack.js').Frame} Frame
 * @typedef {import('./stack.js').Stack} Stack
 *
 * @typedef {Object} Volume
 * @property {string} id of its stack
 * @property {Vector} origin the centre of the first voxel, mm
 * @property {[Vector, Vector, Vector]} step mm to the next column, row, slice
 * @property {[number, number, number]} count columns, rows, slices
 * @property {Frame} middle one of its frames
 * @property {boolean} mixed the stack has frames that are not of it
 * @property {boolean} single it is one multi-frame instance
 */

/** Why there is none. */
export const NO_VOLUME = Object.freeze({
    colour: text('Colour images are no volume'),
    place: text('The images have no place in the patient'),
    few: text('Fewer than two parallel slices are no volume'),
});

/** No slab. @type {import('./planes.js').Slab} */
export const PLANE = Object.freeze({ mode: '', mm: 0 });

/** Frames of one group: as the server has it, 0.8 degrees and 0.1 %. */
const PARALLEL = Math.cos(0.8 * Math.PI / 180);
const ALIKE = 1e-3;

/** Slices nearer than this lie in one place. mm */
const SAME_PLACE = 1e-3;


/** @typedef {{volume: Volume, reason: ''} | {volume: null, reason: string}} Answer */

/** @type {WeakMap<Stack, Answer>} */
const known = new WeakMap();


/**
 * @param {Stack | null} stack
 * @returns {Answer}
 */
export function volumeOf(stack) {
    if (stack === null) {
        return { volume: null, reason: NO_VOLUME.place };
    }

    const answer = known.get(stack) ?? (stack.made === undefined
        ? found(stack) : { volume: stack.made.volume, reason: '' });

    known.set(stack, answer);

    return answer;
}


/** @param {Stack} stack @returns {Answer} */
function found(stack) {
    const all = stack.frames;
    const grey = all.filter((f) => !f.colour);
    const placed = grey.filter((f) => f.position !== null
        && f.orientation !== null && f.spacing !== null);

    if (placed.length === 0) {
        return { volume: null, reason: all.length > 0 && grey.length === 0
            ? NO_VOLUME.colour : NO_VOLUME.place };
    }

    const group = largest(placed);
    const slices = inPlaces(group);

    if (slices.length < 2) {
        return { volume: null, reason: NO_VOLUME.few };
    }

    return { volume: ofSlices(stack, slices, group.length < all.length),
        reason: '' };
}


/**
 * The outer corners of the voxels.
 * @param {Volume} v
 * @returns {Vector[]} eight
 */
export function cornersOf(v) {
    return [0, 1, 2, 3, 4, 5, 6, 7].map((c) => v.step.reduce((at, step, axis) =>
        sum(at, scaled(step, c >> axis & 1 ? v.count[axis] - 0.5 : -0.5)),
    v.origin));
}


/** @param {Volume} v @returns {Vector} the centre of the voxel in the middle */
export function middleVoxel(v) {
    return v.step.reduce((at, step, axis) =>
        sum(at, scaled(step, Math.floor(v.count[axis] / 2))), v.origin);
}


/** @param {Volume} v @returns {number} mm, the smaller side of a pixel */
export function pixelOf(v) {
    return Math.min(length(v.step[0]), length(v.step[1]));
}


/**
 * @param {Volume} v
 * @param {Vector} along unit vector
 * @returns {[number, number]} of the whole volume, mm along it
 */
export function extentOf(v, along) {
    const all = cornersOf(v).map((p) => dot(p, along));

    return [Math.min(...all), Math.max(...all)];
}


/** @param {Frame[]} frames @returns {Frame[]} those that are most alike */
function largest(frames) {
    /** @type {Frame[][]} */
    const groups = [];

    for (const f of frames) {
        const group = groups.find(([g]) => isAlike(f, g));

        if (group === undefined) {
            groups.push([f]);
        } else {
            group.push(f);
        }
    }

    return groups.reduce((a, b) => b.length > a.length ? b : a);
}


/** @param {Frame} a @param {Frame} b @returns {boolean} */
function isAlike(a, b) {
    const near = (/** @type {number} */ x, /** @type {number} */ y) =>
        Math.abs(x - y) <= ALIKE * y;

    return a.reference === b.reference && a.columns === b.columns
        && a.rows === b.rows && a.spacing !== null && b.spacing !== null
        && a.orientation !== null && b.orientation !== null
        && near(a.spacing.row, b.spacing.row)
        && near(a.spacing.column, b.spacing.column)
        && dot(a.orientation.row, b.orientation.row) > PARALLEL
        && dot(a.orientation.column, b.orientation.column) > PARALLEL;
}


/**
 * One frame a place, along the normal row x column.
 * @param {Frame[]} frames
 * @returns {{f: Frame, at: number}[]}
 */
function inPlaces(frames) {
    const o = /** @type {import('../math/orientation.js').Orientation} */ (
        frames[0].orientation);
    const normal = cross(o.row, o.column);

    return frames
        .map((f) => ({ f, at: dot(/** @type {Vector} */ (f.position), normal) }))
        .sort((a, b) => a.at - b.at)
        .filter((s, i, all) => i === 0 || s.at - all[i - 1].at > SAME_PLACE);
}


/**
 * @param {Stack} stack
 * @param {{f: Frame, at: number}[]} slices in order, two at least
 * @param {boolean} mixed
 * @returns {Volume}
 */
function ofSlices(stack, slices, mixed) {
    const first = slices[0].f;
    const last = slices[slices.length - 1].f;
    const { row, column } = /** @type {import('../math/orientation.js').Orientation} */ (
        first.orientation);
    const spacing = /** @type {import('../math/scale.js').Spacing} */ (first.spacing);
    const way = difference(/** @type {Vector} */ (last.position),
        /** @type {Vector} */ (first.position));

    return {
        id: stack.id,
        origin: /** @type {Vector} */ (first.position),
        step: [scaled(row, spacing.column), scaled(column, spacing.row),
            scaled(way, 1 / (slices.length - 1))],
        count: [first.columns, first.rows, slices.length],
        middle: slices[slices.length >> 1].f,
        mixed,
        single: first.frames > 1,
    };
}
