// SPDX-License-Identifier: BSD-2-Clause
//
// What the pointer takes hold of where planes cut: a line moves the plane it
// is of, the crossing moves both, a handle turns both.  No DOM.

import { toImage } from '../../math/plane.js';
import { apply, matrix } from '../../math/view.js';
import { frameOf, imageSize, shownFrame } from '../state.js';
import { linesIn, planeShown, pointIn, pointedAt, siblings } from './cross.js';
import { crossing, turnedPlanes } from './mpr.js';

/**
 * @typedef {import('../page.js').Page} Page
 * @typedef {import('../../math/view.js').Point} Point
 * @typedef {import('../tools/tool.js').Tool} Tool
 * @typedef {import('../tools/tool.js').At} At
 * @typedef {import('../host.js').Host} Host
 *
 * @typedef {Object} Cut where planes cut a picture, in CSS px
 * @property {Point | null} crossing of all
 * @property {{of: number, ends: [Point, Point], handles: Point[]}[]} lines
 */

/** How near the pointer must be. CSS px */
const REACH = { mouse: 6, touch: 18 };

/** Handles stand so far from the crossing, of the shorter side of the port. */
const ARM = 0.36;

/** Angles go by whole degrees: what was seen once comes again at once. */
const DEGREE = Math.PI / 180;


/**
 * @param {Page} page
 * @param {number} at
 * @returns {Cut}
 */
export function cutsIn(page, at) {
    const s = page.ports[at];
    const own = planeShown(s);
    const f = shownFrame(s) ?? frameOf(s);
    const others = siblings(page, at);

    if (own === null || f === null || others.length === 0) {
        return { crossing: null, lines: [] };
    }

    const m = matrix(s.view, imageSize(f), s.size);
    const point = crossing(page, at);
    const middle = point === null ? null : apply(m, toImage(own, point));
    const arm = ARM * Math.min(s.size.width, s.size.height);
    const lines = linesIn(page, at).filter((l) => others.includes(l.of))
        .map(({ of, ends }) => {
            const on = /** @type {[Point, Point]} */ (ends.map((p) => apply(m, p)));

            return { of, ends: on,
                handles: middle === null ? [] : handles(on, middle, arm) };
        });

    return { crossing: middle, lines };
}


/**
 * @param {[Point, Point]} ends
 * @param {Point} middle
 * @param {number} arm
 * @returns {Point[]} those that lie on the line
 */
function handles([a, b], middle, arm) {
    const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
    const way = { x: (b.x - a.x) / length, y: (b.y - a.y) / length };

    return [-arm, arm]
        .map((d) => ({ x: middle.x + way.x * d, y: middle.y + way.y * d }))
        .filter((p) => toLine(p, a, b) < 1);
}


/**
 * @param {Host} host
 * @param {At} here
 * @returns {Tool | null} that the pointer has taken hold of
 */
export function grip(host, here) {
    const at = host.at();
    const start = host.page();
    const reach = here.event.pointerType === 'touch' ? REACH.touch : REACH.mouse;
    const { crossing: middle, lines } = cutsIn(start, at);
    const near = (/** @type {Point} */ p) =>
        Math.hypot(p.x - here.point.x, p.y - here.point.y) < reach;

    if (middle !== null && lines.length > 1 && near(middle)) {
        return holding('move', (now) => moved(host, at, now, lines.map((l) => l.of)));
    }

    if (middle !== null && lines.some((l) => l.handles.some(near))) {
        const from = angleOf(here.point, middle);

        return holding('turn', (now) => {
            const angle = angleOf(now.point, middle) - from;
            host.updatePage((page) => turnedPlanes(page, start, at,
                Math.round(angle / DEGREE) * DEGREE));
        });
    }

    const line = lines.find((l) => toLine(here.point, ...l.ends) < reach);

    return line === undefined ? null
        : holding('move', (now) => moved(host, at, now, [line.of]));
}


/**
 * @param {'move' | 'turn'} name
 * @param {(now: At) => void} move
 * @returns {Tool}
 */
function holding(name, move) {
    return {
        name: 'select', label: name, key: '', busy: '',
        down: () => true,
        move: (_, now) => move(now),
    };
}


/**
 * @param {Host} host
 * @param {number} at
 * @param {At} now
 * @param {number[]} which viewports go to the point
 */
function moved(host, at, now, which) {
    const s = host.port();
    const f = shownFrame(s) ?? frameOf(s);
    const point = now.image === null || f === null ? null
        : pointIn(s, { x: now.image.x, y: now.image.y * f.aspect });

    if (point !== null) {
        host.updatePage((page) => {
            const next = pointedAt(page, at, point);

            return { ...next, ports: next.ports.map((p, i) =>
                which.includes(i) ? p : page.ports[i]) };
        });
    }
}


/** @param {Point} p @param {Point} about @returns {number} radians */
function angleOf(p, about) {
    return Math.atan2(p.y - about.y, p.x - about.x);
}


/**
 * @param {Point} p
 * @param {Point} a
 * @param {Point} b
 * @returns {number} how far p is from the line from a to b
 */
function toLine(p, a, b) {
    const dx = b.x - a.x;
    const dy = b.y - a.y;
    const t = ((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy || 1);
    const u = Math.max(0, Math.min(1, t));

    return Math.hypot(p.x - a.x - u * dx, p.y - a.y - u * dy);
}
