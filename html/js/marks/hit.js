// SPDX-License-Identifier: BSD-2-Clause
//
// What is under the pointer: a handle, a line, a label.  Points are CSS px.

import { distanceToSegment, ellipseOf, ellipsePoints } from './geometry.js';
import { handles, lines } from './mark.js';

/**
 * @typedef {import('../math/view.js').Point} Point
 * @typedef {import('./mark.js').Kind} Kind
 * @typedef {{x: number, y: number, width: number, height: number}} Rect
 * @typedef {{uid: string, kind: Kind, points: Point[], label: Rect | null,
 *            own: boolean}} Drawn a mark as it lies on the screen; points:
 *     those of the mark, in CSS px
 * @typedef {{uid: string, handle: number | null}} Hit handle null: the body
 */

/** How near is near enough. CSS px: a finger's target is 44 px wide */
export const REACH = Object.freeze({ mouse: 8, pen: 10, touch: 22 });


/**
 * @param {Point} at
 * @param {Drawn[]} all the topmost last
 * @param {number} reach
 * @param {string} selected its handles come first
 * @returns {Hit | null}
 */
export function hit(at, all, reach, selected) {
    const above = [...all].reverse()
        .sort((a, b) => Number(b.uid === selected) - Number(a.uid === selected));
    const handle = nearestHandle(at, above.filter((d) => d.own), reach);

    if (handle !== null) {
        return handle;
    }

    const near = above.find((d) => distanceTo(at, d) <= reach
        || (d.label !== null && isIn(at, d.label)));

    return near === undefined ? null : { uid: near.uid, handle: null };
}


/**
 * @param {Point} at
 * @param {Drawn[]} all
 * @param {number} reach
 * @returns {Hit | null}
 */
function nearestHandle(at, all, reach) {
    let best = null;
    let least = reach;

    for (const d of all) {
        handles(d.kind, d.points).forEach((p, handle) => {
            const far = Math.hypot(p.x - at.x, p.y - at.y);

            // of a stroke of hundreds of points, none is a handle
            if (far < least && (d.kind !== 'freehand' || d.points.length < 40)) {
                least = far;
                best = { uid: d.uid, handle };
            }
        });
    }

    return best;
}


/** @param {Point} at @param {Drawn} d @returns {number} CSS px */
function distanceTo(at, d) {
    const all = d.kind === 'ellipse'
        ? [{ points: ellipsePoints(ellipseOf(d.points)), closed: true }]
        : lines(d.kind, d.points);
    const far = all.flatMap(({ points, closed }) => points
        .slice(closed ? 0 : 1)
        .map((p, i) => distanceToSegment(at,
            closed ? points[(i + points.length - 1) % points.length] : points[i], p)));
    const single = all.length > 0 ? []
        : d.points.map((p) => Math.hypot(p.x - at.x, p.y - at.y));

    return Math.min(Infinity, ...far, ...single);
}


/** @param {Point} p @param {Rect} r @returns {boolean} */
function isIn(p, r) {
    return p.x >= r.x && p.x <= r.x + r.width && p.y >= r.y && p.y <= r.y + r.height;
}
