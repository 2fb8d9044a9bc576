// SPDX-License-Identifier: BSD-2-Clause
//
// Which side of the patient is at which edge of the picture.  The letters
// come from the matrix that also places the pixels (see view.js), so that a
// rotated or flipped picture cannot carry the letters of another one.

import { length, scaled, sum } from './vector.js';

/**
 * @typedef {import('./vector.js').Vector} Vector
 * @typedef {{row: Vector, column: Vector}} Orientation row: the patient
 *     direction of increasing column index (along a row), unit length
 * @typedef {{left: string, right: string, top: string, bottom: string}}
 *     Letters
 */

const OPPOSITE = Object.freeze(/** @type {Record<string, string>} */ ({
    L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H',
}));


/**
 * Image Orientation (Patient), six cosines.
 * @param {number[]} iop
 * @returns {Orientation | null} null: absent, not of unit length, not square
 */
export function orientation(iop) {
    if (iop.length !== 6 || !iop.every(Number.isFinite)) {
        return null;
    }

    const row = /** @type {Vector} */ (iop.slice(0, 3));
    const column = /** @type {Vector} */ (iop.slice(3));
    const angle = row[0] * column[0] + row[1] * column[1] + row[2] * column[2];
    const off = (/** @type {Vector} */ v) => Math.abs(length(v) - 1) > 0.01;

    return off(row) || off(column) || Math.abs(angle) > 0.01
        ? null
        : { row, column };
}


/**
 * The letters of a direction, strongest first; weaker than a tenth (6
 * degrees) is left out.
 * @param {Vector} v
 * @returns {string}
 */
export function letters(v) {
    return [
        { size: Math.abs(v[0]), letter: v[0] > 0 ? 'L' : 'R' },
        { size: Math.abs(v[1]), letter: v[1] > 0 ? 'P' : 'A' },
        { size: Math.abs(v[2]), letter: v[2] > 0 ? 'H' : 'F' },
    ].filter((a) => a.size > 0.1)
        .sort((a, b) => b.size - a.size)
        .map((a) => a.letter)
        .join('');
}


/**
 * The letters at the edges of the shown picture.
 * @param {Orientation | null} o
 * @param {[number, number, number, number]} m linear part a, b, c, d of the
 *     matrix image -> screen: x' = a x + c y, y' = b x + d y
 * @returns {Letters | null}
 */
export function edgeLetters(o, m) {
    if (o === null) {
        return null;
    }

    const [a, b, c, d] = m;
    const size = Math.hypot(a, b);

    if (!(size > 0)) {
        return null;
    }

    // the rows of the (orthogonal) matrix are the screen's axes in the image
    const right = sum(scaled(o.row, a / size), scaled(o.column, c / size));
    const down = sum(scaled(o.row, b / size), scaled(o.column, d / size));

    return {
        left: letters(scaled(right, -1)),
        right: letters(right),
        top: letters(scaled(down, -1)),
        bottom: letters(down),
    };
}


/**
 * The same for projections, which have Patient Orientation (0020,0020): the
 * letters of the row's and of the column's direction.
 * @param {string[]} po
 * @param {[number, number, number, number]} m as above
 * @returns {Letters | null}
 */
export function edgeLettersOfPatientOrientation(po, m) {
    if (po.length !== 2 || !po.every((s) => /^[LRAPHF]{1,3}$/.test(s))) {
        return null;
    }

    const axis = (/** @type {number} */ x, /** @type {number} */ y) => {
        const [k, s] = Math.abs(x) > Math.abs(y) ? [x, po[0]] : [y, po[1]];
        return k > 0 ? s : opposite(s);
    };
    const [a, b, c, d] = m;
    const right = axis(a, c);
    const down = axis(b, d);

    return {
        left: opposite(right), right, top: opposite(down), bottom: down,
    };
}


/** @param {string} s @returns {string} */
export function opposite(s) {
    return Array.from(s, (c) => OPPOSITE[c] ?? '').join('');
}
