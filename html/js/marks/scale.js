// SPDX-License-Identifier: BSD-2-Clause
//
// What a pixel measures where a mark lies: the spacing of the image, the
// ultrasound region of this frame, or what the user has calibrated; and
// where that is from (PS3.3 10.7, C.8.5.5).  Nothing is guessed: without one
// of them a mark is measured in pixels.

import { TAG, number } from '../dicom/dataset.js';
import { BY_USER, regionsOf } from '../math/scale.js';

/**
 * @typedef {import('../dicom/stack.js').Frame} Frame
 * @typedef {import('../math/view.js').Point} Point
 * @typedef {{row: number, column: number, rowUnit: string, columnUnit: string,
 *            source: string}} Scale units from row to row (down) and column
 *     to column (across); the units are 'mm', 's', 'cm/s', 'px' …
 * @typedef {{x0: number, y0: number, x1: number, y1: number, scale: Scale | null,
 *            zero: Point | null, at: Point}} Region of an ultrasound image;
 *     zero: the reference pixel; at: the values there
 */

/** Physical Units (0018,6024): name, and factor to it from that of DICOM. */
const UNITS = /** @type {Record<number, {unit: string, factor: number}>} */ ({
    1: { unit: '%', factor: 1 },
    2: { unit: 'dB', factor: 1 },
    3: { unit: 'mm', factor: 10 },
    4: { unit: 's', factor: 1 },
    5: { unit: 'Hz', factor: 1 },
    6: { unit: 'dB/s', factor: 1 },
    7: { unit: 'cm/s', factor: 1 },
    8: { unit: 'mm²', factor: 100 },
    9: { unit: 'cm²/s', factor: 1 },
    10: { unit: 'cm³', factor: 1 },
    11: { unit: 'cm³/s', factor: 1 },
    12: { unit: '°', factor: 1 },
});

/** Scales in both directions are the same length. @param {Scale} s */
export function isLength(s) {
    return s.rowUnit === 'mm' && s.columnUnit === 'mm';
}


/**
 * In pixels: of their true shape, so that angles and ratios are right.
 * @param {number} aspect height of a pixel / its width
 * @returns {Scale}
 */
export function inPixels(aspect) {
    return { row: aspect, column: 1, rowUnit: 'px', columnUnit: 'px', source: '' };
}


/**
 * @param {Frame} f
 * @param {Point[]} points of the mark
 * @param {{row: number, column: number} | null} calibrated by the user, mm
 * @returns {Scale}
 */
export function scaleAt(f, points, calibrated) {
    if (calibrated !== null) {
        return mm(calibrated, BY_USER);
    }

    const region = regionAt(f, points);

    if (region !== null) {
        return region.scale ?? inPixels(f.aspect);
    }

    return f.spacing === null || f.spacing.source === 'ultrasound region'
        ? inPixels(f.aspect) : mm(f.spacing, f.spacing.source);
}


/**
 * The smallest region that holds all points.
 * @param {Frame} f
 * @param {Point[]} points
 * @returns {Region | null}
 */
export function regionAt(f, points) {
    const area = (/** @type {Region} */ r) => (r.x1 - r.x0) * (r.y1 - r.y0);

    return regions(f)
        .filter((r) => points.every((p) => p.x >= r.x0 && p.x <= r.x1
            && p.y >= r.y0 && p.y <= r.y1))
        .sort((a, b) => area(a) - area(b))[0] ?? null;
}


/**
 * The value of each axis at a point: the velocity in a spectrum, the time.
 * @param {Region} r
 * @param {Point} p
 * @returns {{value: number, unit: string}[]} empty: a picture in space
 */
export function axesAt(r, p) {
    const s = r.scale;

    if (s === null || r.zero === null || isLength(s)) {
        return [];
    }

    // the reference pixel is counted from the region's corner
    return [
        { value: r.at.x + (p.x - 0.5 - r.x0 - r.zero.x) * s.column, unit: s.columnUnit },
        { value: r.at.y + (p.y - 0.5 - r.y0 - r.zero.y) * s.row, unit: s.rowUnit },
    ];
}


/**
 * A line whose length the user knows gives the scale of all of the image.
 * @param {Point} a
 * @param {Point} b
 * @param {number} aspect
 * @param {number} length mm
 * @returns {{row: number, column: number} | null} null: no such length
 */
export function calibration(a, b, aspect, length) {
    const px = Math.hypot(b.x - a.x, (b.y - a.y) * aspect);
    const column = length / px;

    return px > 0 && column > 1e-6 && column < 1e4
        ? { column, row: column * aspect } : null;
}


/**
 * @param {{row: number, column: number}} pitch
 * @param {string} source
 * @returns {Scale}
 */
function mm(pitch, source) {
    return { row: pitch.row, column: pitch.column, rowUnit: 'mm',
        columnUnit: 'mm', source };
}


/** @param {Frame} f @returns {Region[]} */
function regions(f) {
    return regionsOf(f.ds).map((ds) => {
        const of = (/** @type {string} */ tag) => number(ds, tag) ?? NaN;
        const x = direction(of(TAG.PhysicalUnitsXDirection), of(TAG.PhysicalDeltaX));
        const y = direction(of(TAG.PhysicalUnitsYDirection), of(TAG.PhysicalDeltaY));
        const zero = { x: of(TAG.ReferencePixelX0), y: of(TAG.ReferencePixelY0) };
        const value = (/** @type {number} */ n) => Number.isFinite(n) ? n : 0;

        return {
            x0: of(TAG.RegionLocationMinX0), y0: of(TAG.RegionLocationMinY0),
            x1: of(TAG.RegionLocationMaxX1) + 1, y1: of(TAG.RegionLocationMaxY1) + 1,
            scale: x === null || y === null ? null : {
                column: x.delta, columnUnit: x.unit, row: y.delta, rowUnit: y.unit,
                source: 'ultrasound region',
            },
            zero: Number.isFinite(zero.x) && Number.isFinite(zero.y) ? zero : null,
            at: {
                x: value(of(TAG.ReferencePixelPhysicalValueX)) * (x?.factor ?? 1),
                y: value(of(TAG.ReferencePixelPhysicalValueY)) * (y?.factor ?? 1),
            },
        };
    });
}


/**
 * @param {number} code Physical Units
 * @param {number} delta
 * @returns {{unit: string, delta: number, factor: number} | null}
 */
function direction(code, delta) {
    const known = UNITS[code];

    return known === undefined || !Number.isFinite(delta) || delta === 0 ? null
        : { unit: known.unit, delta: delta * known.factor, factor: known.factor };
}
