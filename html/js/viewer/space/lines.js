// SPDX-License-Identifier: BSD-2-Clause
//
// Draws where other pictures cut this one, and the cross-hair.

import { toImage } from '../../math/plane.js';
import { apply, matrix } from '../../math/view.js';
import { svg } from '../../ui/dom.js';
import { text } from '../../ui/text.js';
import { frameOf, imageSize, shownFrame } from '../state.js';
import { halfSlice, linesIn, planeShown, referenceOf, siblings } from './cross.js';

/**
 * @typedef {import('../state.js').Viewport} Viewport
 * @typedef {import('../page.js').Page} Page
 * @typedef {import('../../math/view.js').Point} Point
 * @typedef {[Point, Point]} Ends
 */

/** Around the point nothing is drawn: it is what is looked at. CSS px */
export const GAP = 14;

/** Arms of the cross-hair. CSS px */
const ARM = 34;


/** @type {import('../layers.js').Layer} */
export const lines = {
    name: 'lines',
    draw(g, s, page) {
        const at = page.ports.indexOf(s);
        // planes of one volume have lines of their own
        const others = siblings(page, at);

        g.replaceChildren(
            ...(page.lines ? references(page, at, others) : []),
            ...(others.length === 0 ? crossHair(s, page) : []));
    },
};


/**
 * @param {Page} page
 * @param {number} at
 * @param {number[]} without viewports whose lines are drawn otherwise
 */
function references(page, at, without) {
    const s = page.ports[at];
    const m = matrixOf(s);

    return linesIn(page, at).filter((l) => !without.includes(l.of))
        .map(({ of, ends }) => line(/** @type {Ends} */ (ends.map((p) => apply(m, p))),
            of === page.active ? 'line-reference is-active' : 'line-reference'));
}


/** @param {Viewport} s @param {Page} page */
function crossHair(s, page) {
    const own = planeShown(s);

    if (page.tool !== 'cross' || page.cross === null || own === null
        || referenceOf(s) !== page.cross.reference)
    {
        return [];
    }

    const place = toImage(own, page.cross.at);
    const p = apply(matrixOf(s), place);
    const isHere = Math.abs(place.off) <= halfSlice(s) * 1.01;
    const name = isHere ? 'line-cross' : 'line-cross is-off';
    const arm = (/** @type {number} */ x, /** @type {number} */ y) => line([
        { x: p.x + x * GAP / 2, y: p.y + y * GAP / 2 },
        { x: p.x + x * ARM, y: p.y + y * ARM },
    ], name);
    const label = svg('text', {
        class: 'line-text', x: String(p.x + GAP), y: String(p.y - GAP),
    });

    label.textContent = isHere ? '' : text('{distance} off', { distance: `${Math.abs(place.off).toFixed(0)} mm` });

    return [arm(-1, 0), arm(1, 0), arm(0, -1), arm(0, 1), label];
}


/** @param {Viewport} s @returns {import('../../math/view.js').Matrix} */
export function matrixOf(s) {
    const f = /** @type {import('../state.js').Frame} */ (shownFrame(s) ?? frameOf(s));

    return matrix(s.view, imageSize(f), s.size);
}


/** @param {Ends} ends @param {string} name @returns {SVGElement} */
export function line([a, b], name) {
    return svg('line', {
        class: name, x1: String(a.x), y1: String(a.y), x2: String(b.x), y2: String(b.y),
    });
}
