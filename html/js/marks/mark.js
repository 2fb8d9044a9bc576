// SPDX-License-Identifier: BSD-2-Clause
//
// A mark on a picture, and how it is drawn and changed: pure functions that
// give the next mark.

import { text } from '../ui/text.js';
import {
    carried, crossLine, pulled, pulledEllipse, thinned,
} from './geometry.js';

/**
 * @typedef {import('../math/view.js').Point} Point
 * @typedef {import('../math/vector.js').Vector} Vector
 *
 * @typedef {'length' | 'bidirectional' | 'angle' | 'cobb' | 'ellipse'
 *     | 'rectangle' | 'freehand' | 'arrow' | 'text' | 'probe'
 *     | 'polyline'} Kind polyline: only read, of other programs
 *
 * @typedef {{study: string, series: string, instance: string, frame: number,
 *            sopClass: string}} ImagePlace frame from 1
 * @typedef {{frameOfReference: string, points: Vector[]}} PatientPlace of
 *     what was drawn on a plane through a volume: mm
 *
 * @typedef {{name: string, value: number, unit: string}} Figure as another
 *     program has stored it
 *
 * @typedef {Object} Mark
 * @property {string} uid
 * @property {Kind} kind
 * @property {Point[]} points in stored pixels; of a PatientPlace: none
 * @property {ImagePlace | null} image
 * @property {PatientPlace | null} patient
 * @property {string} label
 * @property {string} author as it is to be read, '' when not known
 * @property {string} time ISO 8601 of the last change
 * @property {boolean} own can be changed here
 * @property {string} program that wrote it, '' when not known
 * @property {{row: number, column: number} | null} calibrated mm, by the
 *     user, when it was measured
 * @property {Figure[] | null} figures of another program, shown as they are
 * @property {import('./values.js').Statistics | null} statistics
 */

/**
 * clicks: points that the user places; drag: a press, a move and a release
 * place two of them; region: has statistics; named: a text is asked for.
 * @type {Record<Kind, {name: string, clicks: number, region: boolean,
 *                      named: boolean}>}
 */
export const KINDS = Object.freeze({
    length: { name: text('Length'), clicks: 2, region: false, named: false },
    bidirectional: { name: text('Long and short axis'), clicks: 2, region: false,
        named: false },
    angle: { name: text('Angle'), clicks: 3, region: false, named: false },
    cobb: { name: text('Cobb angle'), clicks: 4, region: false, named: false },
    ellipse: { name: text('Ellipse'), clicks: 2, region: true, named: false },
    rectangle: { name: text('Rectangle'), clicks: 2, region: true, named: false },
    freehand: { name: text('Freehand'), clicks: Infinity, region: true, named: false },
    arrow: { name: text('Arrow'), clicks: 2, region: false, named: true },
    text: { name: text('Text'), clicks: 1, region: false, named: true },
    probe: { name: text('Probe'), clicks: 1, region: true, named: false },
    polyline: { name: text('Line'), clicks: Infinity, region: false, named: false },
});

/** A freehand line may move so much when it is thinned. Stored pixels */
const THIN = 0.2;

/** What a mark may hold at most. */
export const MOST = Object.freeze({ points: 4000, label: 200 });


/**
 * DICOM stores coordinates as 32-bit floats (FL): what is drawn is what will
 * be read.
 * @param {Point} p
 * @returns {Point}
 */
export function stored(p) {
    return { x: Math.fround(p.x), y: Math.fround(p.y) };
}


/**
 * The points of a mark from those that the user has placed.
 * @param {Kind} kind
 * @param {Point[]} placed
 * @param {number} aspect height of a pixel / its width
 * @returns {Point[]}
 */
export function shaped(kind, placed, aspect) {
    const [a, b] = placed;

    if (kind === 'bidirectional' && placed.length === 2) {
        return [a, b, ...crossLine(a, b, aspect)].map(stored);
    }

    if (kind === 'ellipse' && placed.length === 2) {
        const [cx, cy] = [(a.x + b.x) / 2, (a.y + b.y) / 2];

        return [{ x: a.x, y: cy }, { x: b.x, y: cy }, { x: cx, y: a.y },
            { x: cx, y: b.y }].map(stored);
    }

    const points = kind === 'freehand'
        ? thinned(placed, THIN).slice(0, MOST.points) : placed;

    return points.map(stored);
}


/**
 * Large enough to mean something: a slip of the hand is no mark.
 * @param {Kind} kind
 * @param {Point[]} points
 * @returns {boolean}
 */
export function isWhole(kind, points) {
    const least = { bidirectional: 4, ellipse: 4, freehand: 3, polyline: 2 };
    const due = /** @type {Record<string, number>} */ (least)[kind]
        ?? KINDS[kind].clicks;

    if (points.length < due) {
        return false;
    }

    const size = (/** @type {'x' | 'y'} */ k) => {
        const all = points.map((p) => p[k]);
        return Math.max(...all) - Math.min(...all);
    };
    const [w, h] = [size('x'), size('y')];
    const isArea = ['ellipse', 'rectangle', 'freehand'].includes(kind);

    return due === 1 || (isArea ? w > 0.5 && h > 0.5 : Math.max(w, h) > 0.5);
}


/**
 * @param {Kind} kind
 * @param {Point[]} points
 * @returns {Point[]} that can be taken hold of
 */
export function handles(kind, points) {
    if (kind === 'rectangle') {
        const [a, b] = points;
        return [a, b, { x: b.x, y: a.y }, { x: a.x, y: b.y }];
    }

    return points;
}


/**
 * A handle goes somewhere; what hangs on it goes along.
 * @param {Kind} kind
 * @param {Point[]} points
 * @param {number} handle
 * @param {Point} to
 * @param {number} aspect
 * @returns {Point[]}
 */
export function withHandle(kind, points, handle, to, aspect) {
    return moved(kind, points, handle, to, aspect).map(stored);
}


/**
 * @param {Kind} kind
 * @param {Point[]} points
 * @param {number} handle
 * @param {Point} to
 * @param {number} aspect
 * @returns {Point[]}
 */
function moved(kind, points, handle, to, aspect) {
    if (kind === 'ellipse') {
        return pulledEllipse(points, handle, to);
    }

    if (kind === 'rectangle') {
        const [a, b] = points;
        return [[to, b], [a, to], [{ x: a.x, y: to.y }, { x: to.x, y: b.y }],
            [{ x: to.x, y: a.y }, { x: b.x, y: to.y }]][handle];
    }

    const next = points.map((p, i) => i === handle ? to : p);

    if (kind !== 'bidirectional') {
        return next;
    }

    const long = /** @type {[Point, Point]} */ (points.slice(0, 2));
    const short = /** @type {[Point, Point]} */ (points.slice(2));

    return handle < 2
        ? [next[0], next[1], ...carried(long, [next[0], next[1]], short, aspect)]
        : [...long, ...pulled(long, short, /** @type {0 | 1} */ (handle - 2), to, aspect)];
}


/**
 * @param {Point[]} points
 * @param {number} dx stored pixels
 * @param {number} dy
 * @returns {Point[]}
 */
export function shifted(points, dx, dy) {
    return points.map((p) => stored({ x: p.x + dx, y: p.y + dy }));
}


/**
 * The lines that a mark is made of, for drawing and for hitting.
 * @param {Kind} kind
 * @param {Point[]} points
 * @returns {{points: Point[], closed: boolean}[]} without an ellipse's own,
 *     which is no polygon
 */
export function lines(kind, points) {
    const pair = (/** @type {number} */ i) =>
        ({ points: points.slice(i, i + 2), closed: false });

    switch (kind) {
    case 'bidirectional':
    case 'cobb':
        return points.length < 3 ? [pair(0)] : [pair(0), pair(2)];
    case 'rectangle':
        return points.length < 2 ? [] : [{
            points: [points[0], { x: points[1].x, y: points[0].y }, points[1],
                { x: points[0].x, y: points[1].y }],
            closed: true,
        }];
    case 'ellipse':
    case 'text':
    case 'probe':
        return [];
    default:
        return [{ points, closed: kind === 'freehand' }];
    }
}
