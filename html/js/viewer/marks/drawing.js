// SPDX-License-Identifier: BSD-2-Clause
//
// The marks of a viewport as lines, points and texts in CSS px: what the
// layer writes as SVG and the print and the capture draw on a canvas.

import { ellipseOf, ellipsePoints } from '../../marks/geometry.js';
import { handles, lines } from '../../marks/mark.js';
import { labelOf } from '../../marks/measure.js';
import { placed } from '../../marks/label.js';
import { apply, matrix } from '../../math/view.js';
import { imageSize, shownFrame } from '../state.js';
import { calibrationOf, draftPoints, kindOf, marksOn } from './state.js';

/**
 * @typedef {import('../state.js').Viewport} Viewport
 * @typedef {import('./state.js').Marks} Marks
 * @typedef {import('../../math/view.js').Point} Point
 * @typedef {import('../../marks/hit.js').Rect} Rect
 * @typedef {import('../../marks/mark.js').Kind} Kind
 * @typedef {import('../../marks/mark.js').Mark} Mark
 * @typedef {import('../../dicom/stack.js').Frame} Frame
 * @typedef {(line: string) => number} TextWidth CSS px
 *
 * @typedef {Object} Drawing
 * @property {string} uid '': it is being drawn
 * @property {Kind} kind
 * @property {Point[]} points of the mark
 * @property {{points: Point[], closed: boolean}[]} paths
 * @property {Point[]} handles that are shown
 * @property {number} handle that the keys move, -1: none
 * @property {{rect: Rect, lines: string[], source: string}} label
 * @property {Point | null} anchor where its leader meets the mark
 * @property {number} colour 0: own, else by author
 * @property {boolean} selected
 * @property {boolean} own
 */

/** Height of a label's line, and room around. CSS px */
export const LINE = 16;
const PAD = 4;

/** Colours of other authors. */
const AUTHORS = 5;

/** Length of an arrow's head, and of the arms of a probe's cross. CSS px */
const HEAD = 12;
const ARM = 7;


/**
 * @param {Viewport} s
 * @param {Marks} m
 * @param {number} port index
 * @param {TextWidth} widthOf
 * @param {(r: Rect) => number} tissue
 * @param {Rect[]} taken by other texts
 * @returns {Drawing[]}
 */
export function drawings(s, m, port, widthOf, tissue, taken) {
    const frame = shownFrame(s);

    if (frame === null) {
        return [];
    }

    const to = matrix(s.view, imageSize(frame), s.size);
    const onScreen = (/** @type {Point} */ p) =>
        apply(to, { x: p.x, y: p.y * frame.aspect });
    const all = [...marksOn(s, m), ...drafted(m, frame, port)];
    const texts = all.map(({ mark, points }) => labelOf(mark, points, frame));
    const places = all.map(({ points }) => points.map(onScreen));
    const rects = placed(texts.map((t, i) => ({
        points: places[i], size: sizeOf(t, widthOf),
    })), s.size, tissue, taken);

    return all.map(({ mark, points }, i) => ({
        uid: mark.uid,
        kind: mark.kind,
        points: places[i],
        paths: pathsOf(mark.kind, points, places[i], onScreen),
        handles: mark.uid === m.selected && mark.own
            ? handles(mark.kind, points).map(onScreen) : [],
        handle: m.handle,
        label: { rect: rects[i], ...texts[i] },
        anchor: anchorOf(rects[i], places[i]),
        colour: mark.own ? 0 : colourOf(mark.author || mark.program),
        selected: mark.uid === m.selected,
        own: mark.own,
    }));
}


/**
 * @param {Marks} m
 * @param {Frame} frame
 * @param {number} port
 * @returns {{mark: Mark, points: Point[]}[]}
 */
function drafted(m, frame, port) {
    const d = m.draft;

    if (d === null || d.frame !== frame || d.port !== port) {
        return [];
    }

    const points = draftPoints(d);

    return points.length === 0 ? [] : [{
        mark: {
            uid: '', kind: points.length === 1 ? 'probe' : kindOf(d.pen), points,
            image: null, patient: null, label: '', author: '', time: '', own: true,
            program: '', calibrated: calibrationOf(m, frame),
            figures: points.length === 1 ? [] : null, statistics: null,
        },
        points,
    }];
}


/**
 * @param {{lines: string[], source: string}} label
 * @param {TextWidth} widthOf
 */
function sizeOf(label, widthOf) {
    const all = [...label.lines, ...(label.source === '' ? [] : [label.source])];

    return all.length === 0 ? { width: 0, height: 0 } : {
        width: Math.max(...all.map(widthOf)) + 2 * PAD,
        height: all.length * LINE + 2 * PAD,
    };
}


/**
 * @param {Kind} kind
 * @param {Point[]} points stored pixels
 * @param {Point[]} places CSS px
 * @param {(p: Point) => Point} onScreen
 * @returns {{points: Point[], closed: boolean}[]}
 */
function pathsOf(kind, points, places, onScreen) {
    if (kind === 'ellipse') {
        return points.length < 4 ? []
            : [{ points: ellipsePoints(ellipseOf(points), 96).map(onScreen), closed: true }];
    }

    if (kind === 'probe') {
        const [{ x, y }] = places;
        return [[{ x: x - ARM, y }, { x: x + ARM, y }], [{ x, y: y - ARM }, { x, y: y + ARM }]]
            .map((ends) => ({ points: ends, closed: false }));
    }

    const all = lines(kind, points).map((l) => ({
        points: l.points.map(onScreen), closed: l.closed,
    }));

    return kind === 'arrow' && places.length > 1 ? [...all, head(places[0], places[1])]
        : all;
}


/** @param {Point} tip @param {Point} tail */
function head(tip, tail) {
    const turn = Math.atan2(tail.y - tip.y, tail.x - tip.x);
    const side = (/** @type {number} */ by) => ({
        x: tip.x + HEAD * Math.cos(turn + by), y: tip.y + HEAD * Math.sin(turn + by),
    });

    return { points: [side(0.4), tip, side(-0.4)], closed: false };
}


/**
 * @param {Rect} r
 * @param {Point[]} points
 * @returns {Point | null} null: the label is near enough without a leader
 */
function anchorOf(r, points) {
    if (r.width === 0) {
        return null;
    }

    const far = (/** @type {Point} */ p) => Math.hypot(
        Math.max(0, r.x - p.x, p.x - r.x - r.width),
        Math.max(0, r.y - p.y, p.y - r.y - r.height));
    const [nearest] = [...points].sort((a, b) => far(a) - far(b));

    return nearest !== undefined && far(nearest) > 26 ? nearest : null;
}


/** @param {string} author @returns {number} the same each time, from 1 */
export function colourOf(author) {
    const sum = Array.from(author, (c) => c.codePointAt(0) ?? 0)
        .reduce((a, b) => (a * 31 + b) % 65521, 7);

    return 1 + sum % AUTHORS;
}
