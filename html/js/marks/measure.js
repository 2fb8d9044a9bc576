// SPDX-License-Identifier: BSD-2-Clause
//
// What a mark says: figures with their units, and the lines of its label.

import { text } from '../ui/text.js';
import {
    angle, cobb, distance, ellipseOf, pathLength, polygonArea,
} from './geometry.js';
import { axesAt, inPixels, isLength, regionAt, scaleAt } from './scale.js';
import { lines } from './mark.js';

/**
 * @typedef {import('../dicom/stack.js').Frame} Frame
 * @typedef {import('../math/view.js').Point} Point
 * @typedef {import('./mark.js').Mark} Mark
 * @typedef {import('./scale.js').Scale} Scale
 * @typedef {'length' | 'long' | 'short' | 'angle' | 'cobb' | 'area' | 'across'
 *     | 'down'} Concept
 * @typedef {{concept: Concept, value: number, unit: string}} Measure
 */

/** What stands before a figure where a mark has several. */
const BEFORE = /** @type {Record<string, string>} */ ({
    long: 'L', short: 'S', area: text('Area'), across: '→', down: '↓',
});

/** How many digits stay behind the point. */
const DIGITS = /** @type {Record<string, number>} */ ({
    mm: 1, 'mm²': 1, px: 1, 'px²': 0, '°': 1, s: 3, 'cm/s': 1,
});

/** Where nothing more is to come. */
const STATISTICS = Object.freeze({
    waits: text('Measuring …'),
    unreachable: text('Values come when the server answers'),
    refused: text('No values'),
});


/**
 * @param {Mark} mark
 * @param {Point[]} points as they lie in this frame
 * @param {Frame} f
 * @returns {Scale}
 */
export function scaleOf(mark, points, f) {
    return scaleAt(f, points, mark.calibrated);
}


/**
 * @param {Mark} mark
 * @param {Point[]} points
 * @param {Frame} f
 * @returns {Measure[]}
 */
export function measures(mark, points, f) {
    const scale = scaleOf(mark, points, f);
    const unit = scale.columnUnit;
    const [a, b, c, d] = points;
    const one = (/** @type {Concept} */ concept, /** @type {number} */ value,
        of = unit) => [{ concept, value, unit: of }];
    const square = isLength(scale) || unit === 'px' ? scale : inPixels(f.aspect);

    switch (mark.kind) {
    case 'length':
        return isLength(scale) || unit === 'px'
            ? one('length', distance(a, b, scale)) : apart(a, b, scale);
    case 'bidirectional':
        return d === undefined ? one('long', distance(a, b, square), unitOf(square))
            : axes(distance(a, b, square), distance(c, d, square), unitOf(square));
    case 'angle':
        return c === undefined ? [] : one('angle', angle(a, b, c, square), '°');
    case 'cobb':
        return d === undefined ? [] : one('cobb', cobb(a, b, c, d, square), '°');
    case 'polyline':
        return one('length', pathLength(points, square), unitOf(square));
    case 'ellipse':
    case 'rectangle':
    case 'freehand':
        return one('area', areaOf(mark.kind, points, square), `${unitOf(square)}²`);
    default:
        return [];
    }
}


/** @param {Scale} s */
function unitOf(s) {
    return s.columnUnit;
}


/**
 * The longer axis is the long one, whichever was drawn first.
 * @param {number} a
 * @param {number} b
 * @param {string} unit
 * @returns {Measure[]}
 */
function axes(a, b, unit) {
    return [{ concept: 'long', value: Math.max(a, b), unit },
        { concept: 'short', value: Math.min(a, b), unit }];
}


/**
 * Axes of different kinds, a time and a velocity: each for itself.
 * @param {Point} a
 * @param {Point} b
 * @param {Scale} s
 * @returns {Measure[]}
 */
function apart(a, b, s) {
    return [
        { concept: 'across', value: Math.abs((b.x - a.x) * s.column), unit: s.columnUnit },
        { concept: 'down', value: Math.abs((b.y - a.y) * s.row), unit: s.rowUnit },
    ];
}


/**
 * @param {import('./mark.js').Kind} kind
 * @param {Point[]} points
 * @param {Scale} s
 * @returns {number}
 */
function areaOf(kind, points, s) {
    const pixel = Math.abs(s.row * s.column);

    if (kind === 'ellipse') {
        const e = ellipseOf(points);
        return Math.PI * e.rx * e.ry * pixel;
    }

    const [outline] = lines(kind, points);

    return polygonArea(outline?.points ?? [], { row: 1, column: 1 }) * pixel;
}


/**
 * @param {number} value
 * @param {string} unit
 * @returns {string} "34.5 mm"
 */
export function figure(value, unit) {
    const digits = DIGITS[unit] ?? 1;
    const small = Math.abs(value) < 1 && unit === 'mm' ? 2 : digits;

    return `${value.toFixed(small)}${unit === '°' ? '' : ' '}${unit}`;
}


/** @param {number} x @returns {string} a pixel value, short */
export function plain(x) {
    const a = Math.abs(x);

    return a !== 0 && a < 0.01 ? x.toExponential(2)
        : String(Number(x.toFixed(a >= 100 ? 1 : 2)));
}


/**
 * @param {Mark} mark
 * @param {Point[]} points
 * @param {Frame} f
 * @returns {{lines: string[], source: string}} source of the millimetres,
 *     '' where there are none
 */
export function labelOf(mark, points, f) {
    if (mark.figures !== null) {
        return { lines: [mark.label, ...mark.figures.map(foreign)].filter(Boolean),
            source: '' };
    }

    const all = measures(mark, points, f);
    const texts = all.map((m) =>
        [BEFORE[m.concept] ?? '', figure(m.value, m.unit)].filter(Boolean).join(' '));
    const isMm = all.some((m) => m.unit.startsWith('mm'));

    return {
        lines: [mark.label, ...texts, ...axesText(mark, points, f),
            ...statisticsText(mark)].filter(Boolean),
        source: isMm ? text(scaleOf(mark, points, f).source) : '',
    };
}


/** @param {import('./mark.js').Figure} m */
function foreign(m) {
    return `${m.name} ${plain(m.value)}${m.unit === '°' ? '' : ' '}${m.unit}`.trim();
}


/**
 * @param {Mark} mark
 * @param {Point[]} points
 * @param {Frame} f
 * @returns {string[]} a probe's time and velocity
 */
function axesText(mark, points, f) {
    const region = mark.kind === 'probe' ? regionAt(f, points) : null;

    return region === null ? []
        : axesAt(region, points[0]).map((a) => figure(a.value, a.unit));
}


/** @param {Mark} mark @returns {string[]} */
function statisticsText(mark) {
    const s = mark.statistics;

    if (s === null) {
        return [];
    }

    if (s.state !== 'here') {
        return [STATISTICS[s.state]];
    }

    const unit = s.unit === '' ? '' : ` ${s.unit}`;
    const list = (/** @type {number[]} */ v) => v.map(plain).join(' / ');

    if (s.mean.length === 0) {
        return [STATISTICS.refused];
    }

    return mark.kind === 'probe' ? [`${list(s.mean)}${unit}`] : [
        text('Mean {mean}  SD {sd}', { mean: `${list(s.mean)}${unit}`, sd: list(s.sd) }),
        text('Min {min}  Max {max}', { min: list(s.min), max: list(s.max) }),
    ];
}
