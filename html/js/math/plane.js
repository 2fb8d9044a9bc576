// SPDX-License-Identifier: BSD-2-Clause
//
// Pictures as planes in the patient: from a point of the picture to the point
// in space and back, and where two pictures cut each other.
//
// Image space is that of view.js: x along rows, y down columns, in units of a
// pixel's width; (0, 0) is the outer corner of the first pixel.

import { cross, difference, dot, length, scaled, sum } from './vector.js';

/**
 * @typedef {import('./vector.js').Vector} Vector
 * @typedef {import('./view.js').Point} Point
 * @typedef {import('./view.js').Size} Size
 *
 * @typedef {Object} Plane
 * @property {Vector} origin the centre of the first pixel, mm
 * @property {Vector} row unit vector along a row
 * @property {Vector} column unit vector down a column
 * @property {Vector} normal row x column: into the picture
 * @property {number} pixel mm, width of one
 * @property {number} aspect height of a pixel / its width
 * @property {Size} size of the picture
 *
 * @typedef {import('../dicom/stack.js').Frame} Frame
 */

/** Planes that meet at less than this angle have no line. 2 degrees */
const PARALLEL = Math.sin(2 * Math.PI / 180);


/**
 * @param {Frame | null} f
 * @returns {Plane | null} null: it has no place in the patient
 */
export function planeOf(f) {
    if (f === null || f.position === null || f.orientation === null
        || f.spacing === null)
    {
        return null;
    }

    const { row, column } = f.orientation;

    return {
        origin: f.position,
        row,
        column,
        normal: cross(row, column),
        pixel: f.spacing.column,
        aspect: f.aspect,
        size: { width: f.columns, height: f.rows * f.aspect },
    };
}


/**
 * @param {Plane} p
 * @param {Point} at of the picture
 * @returns {Vector} of the patient
 */
export function toPatient(p, at) {
    const across = scaled(p.row, (at.x - 0.5) * p.pixel);
    const down = scaled(p.column, (at.y - 0.5 * p.aspect) * p.pixel);

    return sum(p.origin, sum(across, down));
}


/**
 * @param {Plane} p
 * @param {Vector} at of the patient
 * @returns {Point & {off: number}} off: mm from the plane, along its normal
 */
export function toImage(p, at) {
    const d = difference(at, p.origin);

    return {
        x: dot(d, p.row) / p.pixel + 0.5,
        y: dot(d, p.column) / p.pixel + 0.5 * p.aspect,
        off: dot(d, p.normal),
    };
}


/** @param {Plane} p @returns {Vector} the middle of the picture */
export function middleOf(p) {
    return toPatient(p, { x: p.size.width / 2, y: p.size.height / 2 });
}


/**
 * Where the picture `b` cuts the picture `a`: the line within both.
 * @param {Plane} a
 * @param {Plane} b
 * @returns {[Point, Point] | null} in the picture `a`; null: it does not
 */
export function cutOf(a, b) {
    const along = cross(a.normal, b.normal);
    const size = length(along);

    if (size < PARALLEL) {
        return null;
    }

    const from = onBoth(a, b, along);
    const way = scaled(along, 1 / size);
    const part = within(b, from, way, within(a, from, way, [-Infinity, Infinity]));

    return part === null ? null
        : [toImage(a, sum(from, scaled(way, part[0]))),
            toImage(a, sum(from, scaled(way, part[1])))];
}


/**
 * @param {Plane} a
 * @param {Plane} b
 * @param {Plane} c
 * @returns {Vector | null} the point of all three; null: there is not just one
 */
export function meetingOf(a, b, c) {
    const bc = cross(b.normal, c.normal);
    const volume = dot(a.normal, bc);

    if (Math.abs(volume) < PARALLEL * PARALLEL) {
        return null;
    }

    const ways = [
        scaled(bc, dot(a.normal, a.origin)),
        scaled(cross(c.normal, a.normal), dot(b.normal, b.origin)),
        scaled(cross(a.normal, b.normal), dot(c.normal, c.origin)),
    ];

    return scaled(ways.reduce(sum), 1 / volume);
}


/**
 * The frame whose plane is nearest to a point.
 * @param {Frame[]} frames
 * @param {Vector} at
 * @returns {{index: number, off: number} | null} off: mm; null: no frame has
 *     a place
 */
export function nearest(frames, at) {
    /** @type {{index: number, off: number} | null} */
    let best = null;

    frames.forEach((f, index) => {
        if (f.position !== null && f.orientation !== null) {
            const normal = cross(f.orientation.row, f.orientation.column);
            const off = Math.abs(dot(difference(at, f.position), normal));

            if (best === null || off < best.off) {
                best = { index, off };
            }
        }
    });

    return best;
}


/**
 * A point on both planes, for which `along` is normal to both normals.
 * @param {Plane} a
 * @param {Plane} b
 * @param {Vector} along
 * @returns {Vector}
 */
function onBoth(a, b, along) {
    const ha = dot(a.normal, a.origin);
    const hb = dot(b.normal, b.origin);
    const point = sum(scaled(cross(b.normal, along), ha),
        scaled(cross(along, a.normal), hb));

    return scaled(point, 1 / dot(along, along));
}


/**
 * The part of a line in the plane that is within the picture.
 * @param {Plane} p
 * @param {Vector} from
 * @param {Vector} way unit vector
 * @param {[number, number] | null} part mm along `way`
 * @returns {[number, number] | null}
 */
function within(p, from, way, part) {
    const at = toImage(p, from);
    const x = clipped(at.x, dot(way, p.row) / p.pixel, p.size.width, part);

    return clipped(at.y, dot(way, p.column) / p.pixel, p.size.height, x);
}


/**
 * Where 0 <= at + t by <= most.
 * @param {number} at
 * @param {number} by
 * @param {number} most
 * @param {[number, number] | null} part of t
 * @returns {[number, number] | null}
 */
function clipped(at, by, most, part) {
    if (part === null || Math.abs(by) < 1e-9) {
        return at >= 0 && at <= most ? part : null;
    }

    const ends = [-at / by, (most - at) / by].sort((a, b) => a - b);
    const low = Math.max(part[0], ends[0]);
    const high = Math.min(part[1], ends[1]);

    return low < high ? [low, high] : null;
}
