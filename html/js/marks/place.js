// SPDX-License-Identifier: BSD-2-Clause
//
// Where a mark lies: on a frame, or in the patient, if it was drawn on a
// plane through a volume.

import { cross, dot, length, scaled, sum } from '../math/vector.js';

/**
 * @typedef {import('../dicom/stack.js').Frame} Frame
 * @typedef {import('../math/view.js').Point} Point
 * @typedef {import('../math/vector.js').Vector} Vector
 * @typedef {import('./mark.js').Mark} Mark
 * @typedef {import('./mark.js').PatientPlace} PatientPlace
 */

/** A mark is on a plane if no point is farther from it. mm */
const NEAR = 0.5;


/**
 * @param {Mark} mark
 * @param {Frame} f
 * @returns {Point[] | null} in pixels of the frame; null: it is not there
 */
export function pointsOn(mark, f) {
    if (mark.image !== null) {
        return mark.image.instance === f.instance && mark.image.frame === f.frame
            ? mark.points : null;
    }

    return mark.patient === null ? null : fromPatient(mark.patient, f);
}


/**
 * @param {Point} p
 * @param {Frame} f that has a place in the patient
 * @returns {Vector} mm; 32-bit floats, as DICOM stores them
 */
export function inPatient(p, f) {
    if (f.orientation === null || f.position === null || f.spacing === null) {
        throw new Error('the frame has no place in the patient');
    }

    const at = sum(f.position, sum(
        scaled(f.orientation.row, (p.x - 0.5) * f.spacing.column),
        scaled(f.orientation.column, (p.y - 0.5) * f.spacing.row)));

    return [Math.fround(at[0]), Math.fround(at[1]), Math.fround(at[2])];
}


/**
 * @param {PatientPlace} place
 * @param {Frame} f
 * @returns {Point[] | null}
 */
function fromPatient(place, f) {
    const { orientation, position, spacing } = f;

    if (orientation === null || position === null || spacing === null
        || f.frameOfReference !== place.frameOfReference)
    {
        return null;
    }

    const normal = cross(orientation.row, orientation.column);
    const away = place.points.map((p) => sum(p, scaled(position, -1)));

    return away.some((v) => Math.abs(dot(v, normal)) > NEAR) ? null
        : away.map((v) => ({
            x: dot(v, orientation.row) / spacing.column + 0.5,
            y: dot(v, orientation.column) / spacing.row + 0.5,
        }));
}


/**
 * A plane of its own for what lies in the patient: 1 mm a pixel, the first
 * two points along its rows.
 * @param {PatientPlace} place
 * @returns {{frame: Frame, points: Point[]}}
 */
export function flat(place) {
    const [a, b = a] = place.points;
    const to = (/** @type {Vector} */ p) => sum(p, scaled(a, -1));
    const row = unit(to(b)) ?? [1, 0, 0];
    const column = place.points.map((p) => unit(square(to(p), row))).find(Boolean)
        ?? unit(square(row[2] < 0.9 ? [0, 0, 1] : [0, 1, 0], row)) ?? [0, 1, 0];
    const frame = /** @type {Frame} */ (/** @type {unknown} */ ({
        orientation: { row, column }, position: a, aspect: 1, frames: 1,
        spacing: { row: 1, column: 1, source: 'plane' },
        frameOfReference: place.frameOfReference, ds: {},
    }));

    return {
        frame,
        points: place.points.map(to).map((v) =>
            ({ x: dot(v, row) + 0.5, y: dot(v, column) + 0.5 })),
    };
}


/** @param {Vector} v @param {Vector} axis @returns {Vector} what is square to it */
function square(v, axis) {
    return sum(v, scaled(axis, -dot(v, axis)));
}


/** @param {Vector} v @returns {Vector | null} */
function unit(v) {
    const size = length(v);

    return size > 1e-6 ? scaled(v, 1 / size) : null;
}
