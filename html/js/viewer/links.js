// SPDX-License-Identifier: BSD-2-Clause
//
// What linked viewports do when one of them changes (IHE BIR, B18, B19):
// cross-sectional series scroll to the same place in the patient, or, where
// their frames of reference differ, as far as the other from where they were
// linked; zoom and pan keep the same mm on the screen; the window is shared
// within a modality.

import { cross, dot, length, scaled, sum } from '../math/vector.js';
import { centerOf } from '../math/view.js';
import { withPort } from './page.js';
import { frameOf, imageSize, scrolledTo, withWindow } from './state.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./page.js').Page} Page
 * @typedef {import('../dicom/stack.js').Frame} Frame
 * @typedef {import('../math/vector.js').Vector} Vector
 */

/** Cosine above which planes scroll alike: 20 degrees. */
const ALIKE = Math.cos(Math.PI / 9);


/** @param {Page} page @returns {Page} all is linked from where it is now */
export function linkedFromHere(page) {
    const anchors = Object.fromEntries(page.ports.flatMap((s) =>
        s.stack === null ? [] : [[s.stack.id, s.index]]));

    return { ...page, anchors, links: { scroll: true, zoom: true, window: true } };
}


/** @param {Page} page @returns {Page} */
export function unlinked(page) {
    return {
        ...page, anchors: {}, links: { scroll: false, zoom: false, window: false },
    };
}


/**
 * The other viewports follow the one that has changed.
 * @param {Page} page after the change
 * @param {number} at index of the viewport that changed
 * @param {Viewport} before
 * @returns {Page}
 */
export function followed(page, at, before) {
    const s = page.ports[at];

    if (s.stack === null || s.stack !== before.stack || page.ports.length === 1) {
        return page;
    }

    const { scroll, zoom, window } = page.links;

    return page.ports.reduce((all, old, i) => {
        let next = old;

        if (i === at || old.stack === null) {
            return all;
        }

        next = scroll && s.index !== before.index ? placedAs(s, next, page) : next;
        next = zoom && s.view !== before.view ? zoomedAs(s, next) : next;
        next = window && s.window !== before.window ? windowedAs(s, next) : next;

        return withPort(all, i, next);
    }, page);
}


/**
 * How a viewport follows the active one when that scrolls.
 * @param {Page} page
 * @param {number} at
 * @returns {'' | 'position' | 'offset'} '' it does not
 */
export function linkOf(page, at) {
    const s = page.ports[page.active];
    const other = page.ports[at];

    if (!page.links.scroll || at === page.active) {
        return '';
    }

    const a = frameOf(s);
    const b = frameOf(other);

    return a === null || b === null || !areAlike(a, b) ? ''
        : isOnePlace(a, b) ? 'position' : 'offset';
}


/**
 * @param {Viewport} s
 * @param {Viewport} other
 * @param {Pick<Page, 'anchors'>} page
 * @returns {Viewport} the other one at the same place
 */
export function placedAs(s, other, page) {
    const a = frameOf(s);
    const b = frameOf(other);

    if (a === null || b === null || !areAlike(a, b)) {
        return other;
    }

    const normal = /** @type {Vector} */ (normalOf(b));
    const place = (/** @type {Frame} */ f) => dot(middleOf(f), normal);
    const anchor = (/** @type {Viewport} */ v) => {
        const stack = /** @type {import('./state.js').Stack} */ (v.stack);
        return place(stack.frames[page.anchors[stack.id] ?? 0]);
    };
    const to = isOnePlace(a, b) ? place(a)
        : anchor(other) + place(a) - anchor(s);

    return scrolledTo(other, nearest(other, to, place));
}


/**
 * @param {Viewport} s
 * @param {number} to
 * @param {(f: Frame) => number} place of a frame along the normal, mm
 * @returns {number} index
 */
function nearest(s, to, place) {
    const frames = s.stack?.frames ?? [];

    return frames.reduce((best, f, i) => f.position !== null
        && Math.abs(place(f) - to) < Math.abs(place(frames[best]) - to) ? i : best, 0);
}


/**
 * @param {Viewport} s
 * @param {Viewport} other
 * @returns {Viewport}
 */
function zoomedAs(s, other) {
    const a = frameOf(s);
    const b = frameOf(other);

    if (a === null || b === null) {
        return other;
    }

    const k = unitOf(b, a) / unitOf(a, b);
    const middle = (/** @type {Frame} */ f) => centerOf({ ...s.view, center: null },
        imageSize(f));
    const from = middle(a);
    const to = middle(b);
    const c = s.view.center;

    return {
        ...other,
        view: {
            ...other.view,
            scale: s.view.scale === null ? null : s.view.scale * k,
            center: c === null ? null
                : { x: to.x + (c.x - from.x) / k, y: to.y + (c.y - from.y) / k },
        },
    };
}


/**
 * @param {Frame} f
 * @param {Frame} other
 * @returns {number} mm of a pixel's width; as a part of the image where one
 *     of both has no mm
 */
function unitOf(f, other) {
    return f.spacing !== null && other.spacing !== null ? f.spacing.column
        : 1 / f.columns;
}


/**
 * @param {Viewport} s
 * @param {Viewport} other
 * @returns {Viewport}
 */
function windowedAs(s, other) {
    return frameOf(s)?.modality === frameOf(other)?.modality
        ? withWindow(other, s.window) : other;
}


/** @param {Frame} a @param {Frame} b @returns {boolean} */
function isOnePlace(a, b) {
    return a.reference !== '' && a.reference === b.reference;
}


/**
 * Cross-sections of nearly the same direction.
 * @param {Frame} a
 * @param {Frame} b
 * @returns {boolean}
 */
function areAlike(a, b) {
    const n = normalOf(a);
    const m = normalOf(b);

    return n !== null && m !== null && a.position !== null && b.position !== null
        && Math.abs(dot(n, m)) > ALIKE;
}


/** @param {Frame} f @returns {Vector | null} of length 1 */
function normalOf(f) {
    if (f.orientation === null) {
        return null;
    }

    const n = cross(f.orientation.row, f.orientation.column);

    return length(n) < 0.9 ? null : scaled(n, 1 / length(n));
}


/** @param {Frame} f with a place @returns {Vector} middle of its plane, mm */
function middleOf(f) {
    const { row, column } = /** @type {NonNullable<Frame['orientation']>} */ (
        f.orientation);
    const across = (f.spacing?.column ?? 1) * (f.columns - 1) / 2;
    const down = (f.spacing?.row ?? 1) * (f.rows - 1) / 2;

    return sum(/** @type {Vector} */ (f.position),
        sum(scaled(row, across), scaled(column, down)));
}
