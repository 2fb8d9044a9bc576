// SPDX-License-Identifier: BSD-2-Clause
//
// Draws the lines of planes of one volume: the line of each other plane in
// its colour, the faces of its slab, and handles to turn it by.

import { cutOf, planeOf } from '../../math/plane.js';
import { scaled, sum } from '../../math/vector.js';
import { apply } from '../../math/view.js';
import { svg } from '../../ui/dom.js';
import { frameOf } from '../state.js';
import { planeShown, planesOf } from './cross.js';
import { cutsIn } from './grip.js';
import { GAP, line, matrixOf } from './lines.js';

/**
 * @typedef {import('../page.js').Page} Page
 * @typedef {import('../../math/view.js').Point} Point
 * @typedef {[Point, Point]} Ends
 */

/** Ports smaller than this have no handles. CSS px */
const LEAST = 220;


/** @type {import('../layers.js').Layer} */
export const planeLines = {
    name: 'planes',
    draw(g, s, page) {
        const at = page.ports.indexOf(s);
        const { crossing, lines } = cutsIn(page, at);

        g.replaceChildren(...lines.flatMap((l) => planeLine(page, at, l, crossing)));
    },
};


/**
 * @param {Page} page
 * @param {number} at
 * @param {import('./grip.js').Cut['lines'][0]} l
 * @param {Point | null} crossing
 */
function planeLine(page, at, { of, ends: [a, b], handles }, crossing) {
    const made = planesOf(page.ports[of]);
    const name = `line-plane axis-${made?.axis}`;
    const s = page.ports[at];
    const hasHandles = Math.min(s.size.width, s.size.height) >= LEAST;

    return [
        ...edges(page, at, of).map((ends) => line(ends, `${name} is-edge`)),
        ...(crossing === null ? [line([a, b], name)]
            : [line([a, shortened(crossing, a)], name),
                line([b, shortened(crossing, b)], name)]),
        ...(hasHandles ? handles : []).map((p) => svg('circle', {
            class: `line-handle axis-${made?.axis}`, r: '5',
            cx: String(p.x), cy: String(p.y),
        })),
    ];
}


/**
 * The two faces of a slab.
 * @param {Page} page
 * @param {number} at
 * @param {number} of
 * @returns {Ends[]}
 */
function edges(page, at, of) {
    const own = planeShown(page.ports[at]);
    const plane = planeOf(frameOf(page.ports[of]));
    const slab = planesOf(page.ports[of])?.slab;

    if (own === null || plane === null || slab === undefined || slab.mode === '') {
        return [];
    }

    const m = matrixOf(page.ports[at]);

    return [-0.5, 0.5].flatMap((k) => {
        const origin = sum(plane.origin, scaled(plane.normal, k * slab.mm));
        const ends = cutOf(own, { ...plane, origin });

        return ends === null ? []
            : [/** @type {Ends} */ (ends.map((p) => apply(m, p)))];
    });
}


/**
 * @param {Point} from the crossing
 * @param {Point} to end of a line
 * @returns {Point} the line's point at the gap
 */
function shortened(from, to) {
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    const k = length > GAP ? GAP / length : 1;

    return { x: from.x + (to.x - from.x) * k, y: from.y + (to.y - from.y) * k };
}
